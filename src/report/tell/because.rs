//! Why a verdict is not a plain within or over, and what to do about it: every reason has both.

use super::{exhausted, exponent, headroom, leans_over};
use crate::budget::Rule;
use crate::report::text;
use crate::verdict::{LimitVerdict, Reason};

/// Why two builds side by side did not decide; `None` where the reason is the same for both ways.
fn of_pairs(verdict: &LimitVerdict, pairs: usize, reason: Reason) -> Option<String> {
    let all = verdict.judgement.runs_needed.map(|more| pairs + more);
    Some(match reason {
        Reason::UnfitRunner => {
            "the base differs from itself: this machine is not fit to compare now; `plimsoll doctor` looks for the reason".to_owned()
        }
        Reason::Unattainable if pairs == 0 => "nothing was compared: see the note".to_owned(),
        Reason::Unattainable => format!(
            "{pairs} pairs cannot prove it among so many rules: --pairs {}",
            all.unwrap_or(pairs + 6)
        ),
        Reason::Suspect => {
            "looks over by itself, but among all rules of this check such a result is no surprise: more pairs decide".to_owned()
        }
        Reason::BothSides => {
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
        Reason::Learning
        | Reason::TooFewRuns
        | Reason::TooFewSamples
        | Reason::OrderUnknown
        | Reason::NoRelativeSize
        | Reason::NotDeterministic
        | Reason::Warned
        | Reason::NotMeasured
        | Reason::BenchmarkFailed
        | Reason::MatchesNothing
        | Reason::Misfit
        | Reason::AnchorNotMeasured
        | Reason::MachineChanged
        | Reason::GuardMissing
        | Reason::GuardBroken
        | Reason::NotTested
        | Reason::Unsound
        | Reason::ScaleAssumed => return None,
    })
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// What a reason means here, and what to do: every reason has both.
pub(super) fn because(verdict: &LimitVerdict, reason: Reason) -> String {
    let found = &verdict.judgement;
    let (have, need) = found.points;
    let paired = verdict
        .pairs
        .and_then(|pairs| of_pairs(verdict, pairs, reason));
    if let Some(said) = paired {
        return said;
    }
    match reason {
        Reason::Learning => {
            let more = need.saturating_sub(have);
            let since = if verdict.new_machine {
                " since the machine changed"
            } else {
                ""
            };
            format!(
                "{have} of {need} points{since}, about {more} more commit{}{}",
                plural(more),
                headroom(verdict)
            )
        }
        Reason::Suspect if verdict.runs > 2 => {
            "looks over by itself, but among all rules of this check such a result is no surprise: another job of this commit decides".to_owned()
        }
        Reason::Suspect => match found.runs_needed {
            Some(n) => format!(
                "looks over, but a lone result may be an outlier: about {n} more run{} decide{}",
                plural(n),
                if n == 1 { "s" } else { "" }
            ),
            None => "looks over, not proven: more runs decide".to_owned(),
        },
        Reason::BothSides => both_sides(verdict),
        Reason::TooFewRuns => format!(
            "{} run{}, the limit asks for {}: record again with --runs",
            verdict.runs,
            plural(verdict.runs),
            verdict.runs + found.runs_needed.unwrap_or(0)
        ),
        Reason::TooFewSamples => {
            "too few samples inside a run: lengthen the benchmark".to_owned()
        }
        Reason::OrderUnknown => {
            "history before this shallow clone is not known: check out with fetch-depth: 0"
                .to_owned()
        }
        Reason::NotDeterministic => not_deterministic(verdict),
        Reason::NoRelativeSize => {
            "the base or a run is 0 or less, so a relative change has no size: mend the result, or limit it with max".to_owned()
        }
        Reason::Warned => {
            "within its limit, over its warning: the next change like this one is over".to_owned()
        }
        Reason::NotMeasured if verdict.pairs.is_some() => {
            "the base has it and the head does not: mend it, or name it under [[retired]] in plimsoll.toml".to_owned()
        }
        Reason::NotMeasured => {
            "measured before, not at this commit: record it, or name it under [[retired]] in plimsoll.toml"
                .to_owned()
        }
        Reason::BenchmarkFailed => {
            "the benchmark failed at this commit: mend it and record again".to_owned()
        }
        Reason::MatchesNothing => {
            "its selector matches no series: see the finding below".to_owned()
        }
        Reason::Misfit => match &verdict.against {
            Some(why) => format!("{}: mend it in the budget file", text::plain(why)),
            None => "the limit does not fit its series: see the finding below".to_owned(),
        },
        Reason::Unattainable => unattainable(verdict),
        Reason::AnchorNotMeasured => {
            "too few results at the pinned commit and around it: measure it with plimsoll record --commit, or pin another".to_owned()
        }
        Reason::MachineChanged => {
            "the machine changed since the pinned commit, and nothing was measured on both: measure the pinned commit once on the new one (plimsoll record --commit)".to_owned()
        }
        Reason::GuardMissing => {
            "its guard was not measured at this commit, and without it a fast failure looks like an improvement: record it, too".to_owned()
        }
        Reason::GuardBroken => {
            "its guard is out of bounds or was not measured, so what was measured may not be what was asked for: mend that first".to_owned()
        }
        Reason::UnfitRunner => {
            "this machine is not fit to compare now; `plimsoll doctor` looks for the reason".to_owned()
        }
        Reason::NotTested => {
            "no load step reached what is asked: test higher load".to_owned()
        }
        Reason::Unsound => {
            "the sweep of load steps cannot be relied on: `plimsoll capacity` says which check it fails".to_owned()
        }
        Reason::ScaleAssumed => {
            "it holds only as units are assumed to add up: set scale_unit.efficiency from a measurement".to_owned()
        }
    }
}

fn unattainable(verdict: &LimitVerdict) -> String {
    let (have, need) = verdict.judgement.points;
    match (verdict.rule, verdict.judgement.runs_needed) {
        (Some(Rule::Creep), _) if have < need => format!(
            "{have} commits were measured inside the window, {need} are needed: measure more often, or widen the window"
        ),
        (Some(Rule::Creep), _) => format!(
            "steps cut the {have} commits of the window into stretches too short to prove a slope: widen the window"
        ),
        (_, Some(n)) => format!(
            "no value of so few runs could decide among the series of this check: {n} more run{} a side",
            plural(n)
        ),
        _ => "too few results to decide, whatever they say: record more".to_owned(),
    }
}

fn both_sides(verdict: &LimitVerdict) -> String {
    let found = &verdict.judgement;
    let likely = if leans_over(verdict) {
        "likely over"
    } else {
        "likely within"
    };
    let least = |what: &str| {
        found.smallest_effect.map_or_else(String::new, |e| {
            format!("; only {what} from {} on can be seen", text::effect(e))
        })
    };
    let (next, least) = if matches!(verdict.rule, Some(Rule::Creep | Rule::Drift)) {
        ("more commits decide".to_owned(), least("growth"))
    } else if verdict.rule == Some(Rule::Complexity) {
        (
            "more sizes, or steadier ones, decide".to_owned(),
            exponent(verdict),
        )
    } else {
        let next = match found.runs_needed {
            Some(n) => format!(
                "about {n} more job{} of this commit decide{}",
                plural(n),
                if n == 1 { "s" } else { "" }
            ),
            None => "more runs cannot decide: the base has too few points".to_owned(),
        };
        (next, least("changes"))
    };
    format!(
        "evidence on both sides of the limit, {likely}: {next}{least}{}",
        exhausted(verdict)
    )
}

/// Runs that should be equal and are not.
fn not_deterministic(verdict: &LimitVerdict) -> String {
    let runs = verdict.against.as_deref().unwrap_or("see the values");
    format!(
        "the metric is not deterministic: runs of one commit differ: {}; mend it, or remove deterministic = true",
        text::plain(runs)
    )
}
