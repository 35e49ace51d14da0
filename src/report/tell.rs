//! Verdicts in words: what was found, how sure, and what to do next. Shared by all sinks.

use super::text;
use crate::budget::Rule;
use crate::model::Direction;
use crate::verdict::{LimitVerdict, Reason, Verdict};

/// The word for a verdict as people read it; never a bare colour or symbol.
#[must_use]
pub fn word(verdict: &LimitVerdict) -> &'static str {
    match (verdict.judgement.verdict, verdict.judgement.reason) {
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
    let value = match verdict.rule {
        Some(Rule::Max | Rule::Drift | Rule::Creep) => verdict.judgement.level.or(verdict.value),
        _ => verdict.value,
    };
    value.map_or_else(|| "—".to_owned(), |value| text::value(value, &verdict.unit))
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
        if let Some(slice) = &verdict.against {
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
    let said = match (found.verdict, found.reason) {
        (Verdict::Over, _) => over(verdict),
        (Verdict::Inherited, _) => {
            format!("already so at the base{}: not this change", blame(verdict))
        }
        (Verdict::Accepted, _) => accepted(verdict),
        (Verdict::Missing, Some(Reason::Misfit)) if verdict.against.is_some() => {
            text::plain(verdict.against.as_deref().unwrap_or_default())
        }
        (Verdict::Missing, reason) => missing(reason, verdict.pairs.is_some()),
        (Verdict::Within, Some(Reason::Warned)) => "within its limit, over its warning".to_owned(),
        (Verdict::Within, _) => within(verdict),
        (Verdict::Unproven, reason) => unproven(verdict, reason),
    };
    match &verdict.slice {
        Some(slice) if slice.worst => {
            let hidden = if slice.hidden_in_whole {
                ", and the whole is within: an average hides it"
            } else {
                ""
            };
            format!(
                "{said}; the worst of {} slices of {}{hidden}",
                slice.of,
                text::plain(&slice.tag)
            )
        }
        _ => said,
    }
}

fn blame(verdict: &LimitVerdict) -> String {
    match (bringer(verdict), verdict.suspects.len()) {
        (Some(commit), 1) => format!(" since {commit}"),
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
    if let Some(pairs) = verdict.pairs {
        return format!("proven by {pairs} pairs{}", sure(verdict));
    }
    let by = match (bringer(verdict), verdict.suspects.len()) {
        (Some(commit), 1) => format!("brought by {commit}"),
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

/// Why two builds side by side did not decide.
fn unproven_pairs(verdict: &LimitVerdict, pairs: usize, reason: Option<Reason>) -> String {
    let found = &verdict.judgement;
    let all = found.runs_needed.map(|more| pairs + more);
    match reason {
        Some(Reason::UnfitRunner) => {
            "the base differs from itself: this machine is not fit to compare now; `plimsoll doctor` looks for the reason".to_owned()
        }
        Some(Reason::Unattainable) if pairs == 0 => "nothing was compared: see the note".to_owned(),
        Some(Reason::Unattainable) => format!(
            "{pairs} pairs cannot prove it among so many rules: --pairs {}",
            all.unwrap_or(pairs + 6)
        ),
        Some(Reason::Suspect) => {
            "looks over by itself, but among all rules of this check such a result is no surprise: more pairs decide".to_owned()
        }
        _ => {
            let likely = if leans_over(verdict) {
                "likely over"
            } else {
                "likely within"
            };
            let next = match all {
                Some(all) => format!("about {all} pairs decide: --pairs {all}"),
                None => "it is too close to the limit for any number of pairs".to_owned(),
            };
            format!("evidence on both sides of the limit, {likely}: {next}")
        }
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

fn missing(reason: Option<Reason>, paired: bool) -> String {
    match reason {
        Some(Reason::BenchmarkFailed) => {
            "the benchmark failed at this commit: mend it and record again".to_owned()
        }
        Some(Reason::GuardMissing) => {
            "its guard was not measured at this commit: without it a fast failure looks like an improvement".to_owned()
        }
        Some(Reason::MatchesNothing) => {
            "its selector matches no series: see the finding below".to_owned()
        }
        Some(Reason::Misfit) => {
            "the limit does not fit its series: see the finding below".to_owned()
        }
        _ if paired => "the base has it and the head does not: mend it, or name it under [[retired]] in plimsoll.toml".to_owned(),
        _ => "measured at the last commits, not at this one: record it, or name it under [[retired]] in plimsoll.toml"
            .to_owned(),
    }
}

fn unproven(verdict: &LimitVerdict, reason: Option<Reason>) -> String {
    let found = &verdict.judgement;
    let (have, need) = found.points;
    let asked = matches!(
        reason,
        Some(
            Reason::TooFewRuns
                | Reason::TooFewSamples
                | Reason::NoRelativeSize
                | Reason::GuardBroken
        )
    );
    if let Some(pairs) = verdict.pairs.filter(|_| !asked) {
        return unproven_pairs(verdict, pairs, reason);
    }
    match reason {
        Some(Reason::Learning) => {
            let more = need.saturating_sub(have);
            let since = if verdict.new_machine {
                " since the machine changed"
            } else {
                ""
            };
            let commits = if more == 1 { "commit" } else { "commits" };
            format!(
                "{have} of {need} points{since}, about {more} more {commits}{}",
                headroom(verdict)
            )
        }
        Some(Reason::OrderUnknown) => {
            "history before this shallow clone is not known: check out with fetch-depth: 0"
                .to_owned()
        }
        Some(Reason::TooFewRuns) => format!(
            "{} run{}, the limit asks for {}: record again with --runs",
            verdict.runs,
            if verdict.runs == 1 { "" } else { "s" },
            verdict.runs + found.runs_needed.unwrap_or(0)
        ),
        Some(Reason::TooFewSamples) => {
            "too few samples inside a run: lengthen the benchmark".to_owned()
        }
        Some(Reason::NoRelativeSize) => {
            "the base is 0, so a relative change has no size: limit it with max".to_owned()
        }
        Some(Reason::Suspect) if verdict.runs > 2 => {
            "looks over by itself, but among all rules of this check such a result is no surprise: another job of this commit decides".to_owned()
        }
        Some(Reason::Suspect) => match found.runs_needed {
            Some(n) => format!(
                "looks over, but a lone result may be an outlier: about {n} more runs decide"
            ),
            None => "looks over, not proven".to_owned(),
        },
        Some(Reason::Unattainable) => match verdict.rule {
            Some(Rule::Creep) => format!(
                "{have} commits were measured inside the window or between its steps, {need} are needed: measure more often, or widen the window"
            ),
            _ => match found.runs_needed {
                Some(n) => format!(
                    "no value of so few runs could decide among the series of this check: {n} more run{} a side",
                    if n == 1 { "" } else { "s" }
                ),
                None => "too few results to decide, whatever they say".to_owned(),
            },
        },
        Some(Reason::GuardBroken) => {
            "its guard is out of bounds or was not measured: what was measured may not be what was asked for".to_owned()
        }
        Some(Reason::AnchorNotMeasured) => {
            "too few results at the pinned commit and around it: measure it with plimsoll record --commit, or pin another".to_owned()
        }
        Some(Reason::MachineChanged) => {
            "the machine changed since the pinned commit, and nothing was measured on both: measure the pinned commit once on the new one (plimsoll record --commit)".to_owned()
        }
        _ if matches!(verdict.rule, Some(Rule::Creep | Rule::Drift)) => {
            let likely = if leans_over(verdict) { "likely over" } else { "likely within" };
            let least = found.smallest_effect.map_or_else(String::new, |e| {
                format!("; only growth from {} on can be seen", text::effect(e))
            });
            format!(
                "evidence on both sides of the limit, {likely}: more commits decide{least}{}",
                exhausted(verdict)
            )
        }
        _ => {
            let likely = if leans_over(verdict) {
                "likely over"
            } else {
                "likely within"
            };
            let next = match found.runs_needed {
                Some(n) => format!(
                    "about {n} more job{} of this commit decide{}",
                    if n == 1 { "" } else { "s" },
                    if n == 1 { "s" } else { "" }
                ),
                None => "more runs cannot decide: the base has too few points".to_owned(),
            };
            let least = found.smallest_effect.map_or_else(String::new, |e| {
                format!("; only changes from {} on can be seen", text::effect(e))
            });
            format!(
                "evidence on both sides of the limit, {likely}: {next}{least}{}",
                exhausted(verdict)
            )
        }
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
