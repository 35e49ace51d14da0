//! Verdicts in words: what was found, how sure, and what to do next. Shared by all sinks.

mod because;

use super::text;
use crate::budget::Kind;
use crate::budget::Rule;
use crate::model::{Direction, Unit};
use crate::verdict::{Cause, Census, LimitVerdict, Reason, Verdict};
use because::because;

/// The word for a verdict as people read it; never a bare colour or symbol.
#[must_use]
pub fn word(verdict: &LimitVerdict) -> &'static str {
    match (verdict.judgement.verdict, verdict.judgement.reason) {
        (Verdict::Over, _) if verdict.kind == Kind::Cause && verdict.is_milestone() => "warns",
        (Verdict::Over, _) if verdict.kind == Kind::Cause => "explains",
        (Verdict::Over, _) => "OVER",
        (Verdict::Missing, _) => "MISSING",
        (Verdict::Unproven, Some(Reason::Learning)) => "learning",
        (Verdict::Unproven, Some(Reason::Suspect)) => "suspect",
        (Verdict::Unproven, _) => "unproven",
        (Verdict::Inherited, _) => "inherited",
        (Verdict::Accepted, _) => "accepted",
        (Verdict::Within, _) => "within",
    }
}

/// Why series were not judged: `2 learning, 1 not measured`, most first.
#[must_use]
pub fn reasons<'w>(reasons: impl Iterator<Item = (&'w str, usize)>) -> String {
    let mut all: Vec<(&str, usize)> = reasons.collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let told: Vec<String> = all
        .iter()
        .map(|(word, n)| format!("{n} {}", word.replace('-', " ")))
        .collect();
    text::plain(&told.join(", "))
}

/// How many series were judged, and why the others were not.
#[must_use]
pub fn census(census: &Census) -> String {
    let others = if census.reasons.is_empty() {
        String::new()
    } else {
        let why = reasons(census.reasons.iter().map(|(word, n)| (*word, *n)));
        format!("; the others: {why}")
    };
    format!(
        "Judged {} of {} series{others}.",
        census.judged, census.expected
    )
}

/// Noise between runs with two significant digits: `±0.42 %`, `±12 %`.
#[must_use]
pub fn noise(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if !percent.is_finite() || percent <= 0.0 {
        return "±0 %".to_owned();
    }
    let decimals = (1 - percent.log10().floor() as i32).clamp(0, 6) as usize;
    format!("±{percent:.decimals$} %")
}

/// What is limited: the limit's id, and the series where the id alone does not tell it.
#[must_use]
pub fn subject(verdict: &LimitVerdict) -> String {
    match &verdict.series {
        Some(key) => {
            let tags: Vec<_> = key.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let tags = if tags.is_empty() {
                String::new()
            } else {
                format!(" {{{}}}", tags.join(","))
            };
            text::plain(&format!("{} {}{tags}", key.benchmark, key.metric))
        }
        None => text::plain(&verdict.limit),
    }
}

/// The judged value with its unit.
#[must_use]
pub fn now(verdict: &LimitVerdict) -> String {
    let max = verdict.rule == Some(Rule::Max);
    let value = present(max, verdict.judgement.level, verdict.value);
    value.map_or_else(|| "—".to_owned(), |value| text::value(value, &verdict.unit))
}

/// What "now" is, in every output: what was measured at this commit; for an absolute limit the level
/// that is judged by it.
#[must_use]
pub fn present(max: bool, level: Option<f64>, value: Option<f64>) -> Option<f64> {
    if max { level.or(value) } else { value }
}

/// Something that moved with an over: how much, and how much of the symptom goes with each part:
/// `queries 6 → 106 (+100); symptom +370 ms, 3.70 ms for each`.
#[must_use]
pub fn cause(verdict: &LimitVerdict, cause: &Cause) -> String {
    let (before, after) = cause.levels;
    let effect = cause
        .effect
        .map_or_else(String::new, |(effect, low, high)| {
            format!(", {}", text::effect_interval(effect, low, high))
        });
    let watched = if cause.watched {
        " (watched as a cause)"
    } else {
        ""
    };
    let ratio = cause.ratio.map_or_else(String::new, |ratio| {
        let symptom = text::difference(ratio * cause.change(), &verdict.unit);
        if cause.unit == verdict.unit {
            format!("; symptom {symptom}, ×{}", factor(ratio))
        } else if matches!(cause.unit, Unit::Count | Unit::Other(_)) {
            let each = text::value(ratio, &verdict.unit);
            format!("; symptom {symptom}, {each} for each")
        } else {
            format!("; symptom {symptom}")
        }
    });
    format!(
        "{}{watched} {} → {} ({}{effect}){ratio}",
        text::plain(&cause.name(verdict.series.as_ref())),
        text::value(before, &cause.unit),
        text::value(after, &cause.unit),
        text::difference(cause.change(), &cause.unit),
    )
}

/// A factor with two digits: `0.42`, `1.5`, `12`.
fn factor(ratio: f64) -> String {
    let decimals = match ratio.abs() {
        size if size < 0.995 => 2,
        size if size < 9.95 => 1,
        _ => 0,
    };
    format!("{ratio:.decimals$}")
}

/// The change against the base with its interval, where there is a base.
#[must_use]
pub fn effect(verdict: &LimitVerdict) -> String {
    match verdict.judgement.effect {
        Some((effect, low, high)) => text::effect_interval(effect, low, high),
        None => String::new(),
    }
}

/// The limit: `limit 110 ms`, `at least 900 /s`, or for a change `allowed +5.0 %`.
#[must_use]
pub fn limit(verdict: &LimitVerdict) -> String {
    if let Some(allowed) = verdict.allowed {
        // Runs that differ are no slice.
        let runs_differ = verdict.judgement.reason == Some(Reason::NotDeterministic);
        if let Some(slice) = verdict.against.as_ref().filter(|_| !runs_differ) {
            return format!(
                "allowed {} on {}",
                text::effect(allowed),
                text::plain(slice)
            );
        }
        let what = match verdict.rule {
            Some(Rule::Drift) => "drift",
            Some(Rule::Creep) => "creep",
            _ => "allowed",
        };
        return format!("{what} {}", text::effect(allowed));
    }
    let Some(limit) = verdict.limit_value else {
        return String::new();
    };
    let value = text::value(limit, &verdict.unit);
    match verdict.direction {
        Direction::Lower => format!("limit {value}"),
        Direction::Higher => format!("at least {value}"),
    }
}

/// Why this verdict, and what next: one line.
#[must_use]
pub fn sentence(verdict: &LimitVerdict) -> String {
    let found = &verdict.judgement;
    if let Some(said) = super::capacity::sentence(verdict) {
        return said;
    }
    let said = match (found.verdict, found.reason) {
        (Verdict::Over, _) => over(verdict),
        (Verdict::Inherited, _) => {
            format!("already so at the base{}: not this change", blame(verdict))
        }
        (Verdict::Accepted, _) => accepted(verdict),
        (Verdict::Within, None) => within(verdict),
        (Verdict::Missing, reason) => because(verdict, reason.unwrap_or(Reason::NotMeasured)),
        (Verdict::Unproven, None) => because(verdict, Reason::BothSides),
        (Verdict::Within | Verdict::Unproven, Some(reason)) => because(verdict, reason),
    };
    match &verdict.slice {
        Some(slice) if slice.worst => {
            let hidden = if slice.hidden_in_whole {
                ", and the whole is within: an average hides it"
            } else {
                ""
            };
            let over = if slice.over > 1 {
                format!(", {} of them over", slice.over)
            } else {
                String::new()
            };
            format!(
                "{said}; the worst of {} slices of {}{over}{hidden}",
                slice.of,
                text::plain(&slice.tag)
            )
        }
        _ => said,
    }
}

pub(super) fn blame(verdict: &LimitVerdict) -> String {
    match (bringer(verdict), verdict.suspects.len()) {
        (Some(commit), 1) => format!(" since {commit}"),
        (Some(commit), 2) => format!(" since {commit} or the commit before it"),
        (Some(commit), n) => format!(" since {commit} or one of {} commits before it", n - 1),
        (None, _) => String::new(),
    }
}

/// `9f8e7d6 "cache: drop LRU"`.
fn bringer(verdict: &LimitVerdict) -> Option<String> {
    let commit = verdict.introduced_by.as_ref()?.short();
    let subject = verdict.introduced_subject.as_deref().unwrap_or_default();
    Some(if subject.is_empty() {
        commit.to_owned()
    } else {
        format!("{commit} \"{}\"", text::plain_up_to(subject, 60))
    })
}

fn over(verdict: &LimitVerdict) -> String {
    if let (Some(pairs), Some(Rule::Drift)) = (verdict.pairs, verdict.rule) {
        return format!(
            "more than its limit since the pinned commit, by the history up to the base and {pairs} pairs"
        );
    }
    if let Some(pairs) = verdict.pairs {
        return format!("proven by {pairs} pairs{}", sure(verdict));
    }
    let by = match (bringer(verdict), verdict.suspects.len()) {
        (Some(commit), 1) => format!("brought by {commit}"),
        (Some(commit), 2) => format!("brought by {commit} or the unmeasured commit before it"),
        (Some(commit), n) => format!(
            "brought by {commit} or one of {} unmeasured commits before it",
            n - 1
        ),
        (None, _) => "no single commit brought it".to_owned(),
    };
    let what = match verdict.rule {
        Some(Rule::Drift) => "more than its limit since the pinned commit; ",
        Some(Rule::Creep) => "grew by slope and small steps inside its window; ",
        Some(Rule::Growth) => "grows with size; ",
        Some(Rule::Scaling) => "grows too fast from the small size to the large one; ",
        Some(Rule::Guard) => "what it guards means nothing; ",
        _ => "",
    };
    if verdict.rule == Some(Rule::Complexity) {
        let sure = sure(verdict);
        return format!("cost grows too fast with size{}{sure}", exponent(verdict));
    }
    if let Some(slice) = &verdict.against {
        let sure = sure(verdict);
        return format!(
            "worse than {}{sure}, {} run{}",
            text::plain(slice),
            verdict.runs,
            if verdict.runs == 1 { "" } else { "s" }
        );
    }
    format!(
        "{what}{by}{}, {} run{}",
        sure(verdict),
        verdict.runs,
        if verdict.runs == 1 { "" } else { "s" }
    )
}

/// The day on which the limit is reached at the present rate: `; reached on 2027-02-03 at the present
/// rate (2027-01-20 to 2027-03-01)`.
fn exhausted(verdict: &LimitVerdict) -> String {
    let Some(end) = &verdict.exhausted else {
        return String::new();
    };
    let (earliest, latest) = end.between;
    let latest = latest.map_or_else(|| "never".to_owned(), |date| date.to_string());
    format!(
        "; at the present rate its limit is reached on {} ({earliest} to {latest})",
        end.date
    )
}

/// ` (95 % interval 0.98 to 1.07)` of an exponent.
fn exponent(verdict: &LimitVerdict) -> String {
    verdict.interval.map_or_else(String::new, |(low, high)| {
        format!(" (95 % interval {low:.2} to {high:.2})")
    })
}

fn sure(verdict: &LimitVerdict) -> String {
    match verdict.p_adjusted {
        Some(p) if p < 0.001 => ", p < 0.001".to_owned(),
        Some(p) => format!(", p = {p:.3}"),
        None => String::new(),
    }
}

fn within(verdict: &LimitVerdict) -> String {
    if verdict.rule == Some(Rule::Complexity) {
        return format!(
            "cost grows no faster with size than allowed{}",
            exponent(verdict)
        );
    }
    if verdict.rule == Some(Rule::Growth) {
        return "exact".to_owned();
    }
    if verdict.against.is_some() {
        return "no worse than the slice it is compared with".to_owned();
    }
    let better = if verdict.judgement.improved {
        "improved; "
    } else {
        ""
    };
    match (verdict.rule, verdict.limit_value, verdict.judgement.level) {
        (Some(Rule::Max), Some(limit), Some(level)) => {
            let room = match verdict.direction {
                Direction::Lower => limit - level,
                Direction::Higher => level - limit,
            };
            format!(
                "{better}headroom {}{}",
                text::value(room, &verdict.unit),
                exhausted(verdict)
            )
        }
        (Some(Rule::Creep), _, _) => {
            let least = verdict.judgement.smallest_effect;
            let least = least.map_or_else(String::new, |least| {
                format!("; growth from {} on would be seen", text::effect(least))
            });
            format!(
                "{better}no creep over its limit{least}{}",
                exhausted(verdict)
            )
        }
        (Some(Rule::Drift), _, _) => {
            let least = verdict
                .judgement
                .smallest_effect
                .filter(|least| *least > 0.0);
            let least = least.map_or_else(String::new, |least| {
                format!("; drift from {} on would be seen", text::effect(least))
            });
            format!(
                "{better}within its limit since the pinned commit{least}{}",
                exhausted(verdict)
            )
        }
        _ => match verdict.judgement.smallest_effect {
            Some(least) if least > 0.0 => format!(
                "{better}changes from {} on would be seen",
                text::effect(least)
            ),
            _ => format!("{better}exact"),
        },
    }
}

fn accepted(verdict: &LimitVerdict) -> String {
    match &verdict.accepted {
        Some(a) => text::plain(&format!(
            "accepted by {} until {}: {}",
            a.by, a.expires, a.reason
        )),
        None => "accepted".to_owned(),
    }
}

fn leans_over(verdict: &LimitVerdict) -> bool {
    verdict.used.is_some_and(|used| used > 1.0)
}

fn headroom(verdict: &LimitVerdict) -> String {
    match (verdict.rule, verdict.limit_value, verdict.value) {
        (Some(Rule::Max), Some(limit), Some(value)) => {
            let room = match verdict.direction {
                Direction::Lower => limit - value,
                Direction::Higher => value - limit,
            };
            if room >= 0.0 {
                format!("; headroom {} so far", text::value(room, &verdict.unit))
            } else {
                match verdict.judgement.runs_needed {
                    Some(more) => format!("; above the limit so far, {more} more runs decide"),
                    None => "; above the limit so far".to_owned(),
                }
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
