//! The state of a series at the tip, and the sentence that says why.

use crate::budget::{Limit, Rule};
use crate::report::view::{ChangeKind, ChangeView, SeriesView, State};
use crate::report::{tell, text};
use crate::verdict::{LimitVerdict, Reason, Verdict};
/// So many days ahead a forecast is worth a word.
const SOON_DAYS: f64 = 30.0;
/// From this share of its limit on a series is soon broken.
const SOON_USED: f64 = 0.9;
/// A change whose place is known to so many points is a step; one spread wider is part of a creep.
const ABRUPT_POINTS: usize = 5;
/// Drift that counts as creep where no limit of a change says otherwise.
const CREEP: f64 = 0.05;

/// The state of a series at the tip, and why.
pub(super) fn state(
    view: &SeriesView,
    limit: Option<&Limit>,
    verdicts: &[&LimitVerdict],
    sign: f64,
) -> (State, String) {
    let Some(limit) = limit else {
        return (State::Unbudgeted, unbudgeted_sentence(view));
    };
    let worst = verdicts.iter().max_by_key(|v| v.judgement.verdict);
    let said = |v: &LimitVerdict| sentence_case(&tell::sentence(v));
    if let Some(v) = worst.filter(|v| v.judgement.verdict == Verdict::Over) {
        let told = format!("{}{}", figures(view, limit, v, sign), tell::sentence(v));
        return (
            State::Broken,
            format!("{} {}", sentence_case(&told), remedy(v)),
        );
    }
    if let Some(v) = worst.filter(|v| v.judgement.verdict == Verdict::Missing) {
        return (State::NoData, said(v));
    }
    if view.silent_days.is_some() {
        return (
            State::NoData,
            "Not measured at the newest commits of its environment.".to_owned(),
        );
    }
    if let Some(v) = verdicts
        .iter()
        .find(|v| v.judgement.reason == Some(Reason::Learning))
    {
        return (State::Learning, said(v));
    }
    if let Some(v) = worst.filter(|v| v.judgement.verdict == Verdict::Accepted) {
        return (State::Accepted, said(v));
    }
    if view.used.is_some_and(|used| used > 1.0) {
        let why = verdicts.iter().find(|v| v.rule == Some(Rule::Max));
        return (State::Unproven, past_sentence(view, why.or(worst)));
    }
    let soon = view
        .breaks_in_days
        .is_some_and(|(days, _, _)| days <= SOON_DAYS);
    if soon || view.used.is_some_and(|used| used >= SOON_USED) {
        return (State::Soon, soon_sentence(view));
    }
    let allowed = limit.regress.map_or(CREEP, |regress| regress.limit);
    let drifted = view.drift.map_or(0.0, |drift| sign * drift.relative);
    let abrupt = |change: &&ChangeView| {
        change.kind == ChangeKind::Change
            && change.accepted.is_none()
            && change.range.1 - change.range.0 <= ABRUPT_POINTS
    };
    let largest = view
        .changes
        .iter()
        .filter(abrupt)
        .filter_map(|change| change.effect.map(|e| sign * e.0))
        .fold(0.0, f64::max);
    if drifted > allowed && largest <= allowed.max(drifted * 0.75) {
        return (
            State::Creeping,
            creeping_sentence(view, limit, drifted, sign),
        );
    }
    if let Some(v) = verdicts
        .iter()
        .find(|v| v.rule == Some(Rule::Regress) && hides(v, allowed))
    {
        let least = v.judgement.smallest_effect.unwrap_or(f64::NAN);
        let text = format!(
            "Noisy: changes under {} cannot be seen. More runs a commit help (`plimsoll record --runs 9 -- COMMAND`).",
            text::effect(least)
        );
        return (State::Noisy, text);
    }
    match worst {
        Some(v) if v.judgement.verdict == Verdict::Unproven => (State::Unproven, said(v)),
        Some(v) => (State::Ok, said(v)),
        None => (State::Ok, "Within its limits.".to_owned()),
    }
}

/// What is over which limit, before who brought it; empty where the sentence says so itself.
fn figures(view: &SeriesView, limit: &Limit, v: &LimitVerdict, sign: f64) -> String {
    let value = |value: f64| text::value(value, &view.unit);
    match (v.rule, view.level, view.budget) {
        (Some(Rule::Max), Some(level), Some(budget)) => {
            let bound = if sign > 0.0 { "at most" } else { "at least" };
            format!(
                "{} where {bound} {} is allowed: ",
                value(level),
                value(budget)
            )
        }
        (Some(Rule::Regress), ..) => match (v.judgement.effect, limit.regress.as_ref()) {
            (Some((effect, ..)), Some(regress)) => format!(
                "{} where {} is allowed: ",
                text::effect(effect),
                text::effect(sign * regress.limit)
            ),
            _ => String::new(),
        },
        (Some(Rule::Creep | Rule::Drift), ..) => {
            let allowed = match v.rule {
                Some(Rule::Creep) => limit.creep.as_ref().map(|creep| creep.limit.fraction),
                _ => limit.drift.as_ref().map(|drift| drift.limit.fraction),
            };
            match (v.judgement.effect, allowed) {
                (Some((effect, ..)), Some(allowed)) => format!(
                    "{}: {} where {} is allowed: ",
                    v.rule.map_or("", Rule::as_str),
                    text::effect(effect),
                    text::effect(sign * allowed)
                ),
                _ => String::new(),
            }
        }
        _ => String::new(),
    }
}

/// What somebody can do about a limit that is broken.
fn remedy(v: &LimitVerdict) -> String {
    match &v.introduced_by {
        Some(commit) => format!(
            "Undo it, make it faster, or accept it: `plimsoll accept {} --reason \"…\"`.",
            commit.short()
        ),
        None => {
            "The ledger says where it went: win some of it back, or change the limit in review."
                .to_owned()
        }
    }
}

/// A series without a limit; where its newest result left the level, that is said.
fn unbudgeted_sentence(view: &SeriesView) -> String {
    let newest = view.points.last().map(|point| point.value);
    let reach = view
        .noise
        .zip(view.level)
        .map(|(noise, level)| 4.0 * noise * level.abs());
    match (newest, view.level, reach) {
        (Some(newest), Some(level), Some(reach))
            if (newest - level).abs() > reach && reach > 0.0 =>
        {
            format!(
                "No limit selects this series. Its newest result, {}, is not yet part of the level.",
                text::value(newest, &view.unit)
            )
        }
        _ => "No limit selects this series.".to_owned(),
    }
}

fn hides(v: &LimitVerdict, allowed: f64) -> bool {
    v.judgement
        .smallest_effect
        .is_some_and(|least| least > 2.0 * allowed)
}

fn soon_sentence(view: &SeriesView) -> String {
    let used = view.used.map_or_else(String::new, text::percent_of);
    match view.breaks_in_days {
        Some((days, low, high)) => format!(
            "{used} of its limit is used; at the present rate it is reached in {} days ({} to {}).",
            days.round(),
            low.round(),
            high.round()
        ),
        None => format!("{used} of its limit is used."),
    }
}

/// A level past a limit of which no rule has the proof.
fn past_sentence(view: &SeriesView, why: Option<&&LimitVerdict>) -> String {
    let used = view.used.map_or_else(String::new, text::percent_of);
    let why = why.map_or_else(String::new, |v| format!(": {}", tell::sentence(v)));
    format!("{used} of its limit is used: past it, and not proven to be{why}.")
}

fn creeping_sentence(view: &SeriesView, limit: &Limit, drifted: f64, sign: f64) -> String {
    let ledger = view.ledger.iter().flat_map(|ledger| &ledger.entries);
    let steps: Vec<f64> = ledger
        .filter_map(|(at, _)| view.changes.get(*at))
        .filter(|change| change.accepted.is_none())
        .filter_map(|change| change.effect.map(|(effect, ..)| sign * effect))
        .filter(|effect| *effect > 0.0)
        .collect();
    let largest = text::effect(steps.iter().copied().fold(0.0, f64::max));
    let what = match steps.len() {
        0 => "spread over many commits, no single step".to_owned(),
        1 => format!("one step of {largest}, and the rest spread over many commits"),
        n => format!("{n} small steps, the largest {largest}"),
    };
    let since = view.drift.map_or_else(String::new, |drift| {
        format!(" in {}", text::days(drift.days))
    });
    let advice = if limit.creep.is_none() && limit.drift.is_none() {
        " A `creep` or `drift` rule in its budget would judge this."
    } else {
        ""
    };
    let drifted = text::effect(drifted);
    format!(
        "Worse by {}{since}: {what}.{advice}",
        drifted.trim_start_matches('+')
    )
}

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => String::new(),
    }
}
