//! The sentences and rows that every output shares.

use super::CapacityView;
use crate::analysis::capacity::{AtLatency, Available, Capacity, LimitedBy, whole};
use crate::model::Unit;
use crate::report::{tell, text};
use crate::stats::Bounds;
use crate::verdict::{
    Added, CapacityFound, Coefficient, LimitVerdict, MilestoneFound, Reason, Verdict,
};
use std::fmt::Write;

pub(super) fn rate(value: f64) -> String {
    text::value(value, &Unit::PerSecond)
}

fn time(value: f64) -> String {
    text::value(value, &Unit::Nanoseconds)
}

/// A rate with its interval: `1,650 /s (1,620 … 1,720)`.
pub(super) fn interval(value: f64, low: f64, high: Option<f64>) -> String {
    let scale = text::Scale::fitting(&Unit::PerSecond, value);
    let high = high.filter(|high| high.is_finite());
    let high = high.map_or_else(|| "not reached".to_owned(), |high| scale.number(high));
    format!("{} ({} … {high})", scale.value(value), scale.number(low))
}

/// A coefficient in percent, three digits.
fn share(value: f64) -> String {
    text::value(value, &Unit::Ratio)
}

fn share_of(value: f64, bounds: Option<Bounds>) -> String {
    match bounds {
        Some(Bounds { low, high }) => format!(
            "{} ({} … {})",
            share(value),
            share(low),
            high.map_or_else(|| text::NOTHING.to_owned(), share)
        ),
        None => share(value),
    }
}

/// Headroom as a signed share: `−25 % (−29 … −21)`.
fn headroom(found: &MilestoneFound) -> String {
    match found.headroom() {
        Some((value, low, Some(high))) => text::effect_interval(value, low, high),
        Some((value, low, None)) => {
            format!("{} (at least {})", text::effect(value), text::effect(low))
        }
        None => "not known".to_owned(),
    }
}

/// `32 pods (31 … 34)`.
fn units(found: &MilestoneFound) -> Option<String> {
    let units = found.units.as_ref()?;
    let n = |n: f64| {
        if n.is_finite() {
            text::value(n, &Unit::Count)
        } else {
            "no number of".to_owned()
        }
    };
    let range = match (units.least, units.most) {
        (Some(least), Some(most)) if (most - least).abs() >= 0.5 => {
            format!(" ({} … {})", n(least), n(most))
        }
        (None, Some(most)) => format!(" (at most {})", n(most)),
        _ => String::new(),
    };
    let name = text::plain(&units.name);
    Some(format!(
        "{} {name}{}{range}; {} are planned",
        n(units.needed),
        if (units.needed - 1.0).abs() < 0.5 {
            ""
        } else {
            "s"
        },
        n(units.planned)
    ))
}

/// The day on which what is carried is used up.
fn until(found: &MilestoneFound) -> Option<String> {
    let (day, low, high) = found.runs_out?;
    let range = match (low, high) {
        (Some(low), Some(high)) if low != high => format!(" ({low} … {high})"),
        (Some(low), None) if low != day => format!(" (not before {low})"),
        _ => String::new(),
    };
    Some(format!("lasts until {day}{range} at the present growth"))
}

/// Why a milestone is judged as it is, what it needs and until when what is planned lasts: one line.
#[must_use]
pub fn milestone(found: &MilestoneFound, of: &Capacity) -> String {
    let mut parts = Vec::new();
    parts.push(match (found.verdict, found.reason) {
        (Verdict::Over, _) => "what is carried is too little".to_owned(),
        (Verdict::Within, _) => "carried, with its safety".to_owned(),
        (_, Some(Reason::NotTested)) => not_tested(of, asked(found, of)),
        (_, Some(Reason::ScaleAssumed)) => {
            let (tested, planned, efficiency) = found
                .units
                .as_ref()
                .map_or((1.0, 1.0, 1.0), |u| (u.tested, u.planned, u.efficiency));
            format!(
                "carried only if each further unit adds {}: {tested:.0} tested of {planned:.0} planned; test {:.0} together",
                text::percent_of(efficiency),
                (planned / 2.0).ceil()
            )
        }
        (_, Some(Reason::Unsound)) => unsound(of),
        (_, Some(Reason::BenchmarkFailed)) => FAILED.to_owned(),
        _ => format!("evidence on both sides: {}", decides(found, of)),
    });
    if found.capacity.is_some() {
        parts.push(format!("headroom {}", headroom(found)));
    }
    parts.extend(units(found).map(|units| format!("needs {units}")));
    parts.extend(until(found));
    if let Some(from) = found.fail_from
        && found.verdict == Verdict::Over
    {
        parts.push(format!("fails a check from {from}"));
    }
    parts.join("; ")
}

/// What a milestone asks of what was tested, where all units carry as is assumed.
fn asked(found: &MilestoneFound, of: &Capacity) -> f64 {
    let carried = of.available.filter(|a| a.value > 0.0);
    carried
        .zip(found.capacity)
        .map_or(found.needed, |(a, all)| found.needed * a.value / all)
}

fn not_tested(of: &Capacity, asked: f64) -> String {
    let up_to = whole(of.test_up_to(asked));
    let most = of.ceiling().filter(|most| *most <= asked);
    let most = most.map_or_else(String::new, |most| {
        format!(", though by its law no load gives more than {}", rate(most))
    });
    format!("not tested: test up to N = {up_to}{most}")
}

/// What to measure where the demand lies within the interval of what is carried.
fn decides(found: &MilestoneFound, of: &Capacity) -> String {
    let asked = asked(found, of);
    let most = of.available.and_then(|a| a.high);
    if most.is_some_and(|high| asked > high) {
        return "a test of more units together decides".to_owned();
    }
    between(of, asked).unwrap_or_else(|| "more runs of the steps decide".to_owned())
}

/// Which load to test where more runs of the steps would tell nothing.
fn between(of: &Capacity, asked: f64) -> Option<String> {
    let (good, n, bad) = of.test_between(asked)?;
    Some(format!(
        "test N = {}, between N = {} that holds and N = {} that does not",
        whole(n),
        whole(good),
        whole(bad)
    ))
}

const FAILED: &str = "requests failed at every load: that is a broken test, and no result";

/// The first check of a sweep that fails.
fn unsound(of: &Capacity) -> String {
    let failed = of.checks.iter().find(|check| check.ok == Some(false));
    failed.map_or_else(
        || "too few steps for a law".to_owned(),
        |check| {
            format!(
                "the sweep cannot be relied on ({}): {}",
                check.name,
                text::plain(&check.detail)
            )
        },
    )
}

fn added(found: &Added) -> String {
    let what = match found.coefficient {
        Coefficient::Contention => "contention",
        Coefficient::Coherency => "coherency",
    };
    let delta = found.after - found.before;
    let verb = if delta > 0.0 { "raised" } else { "lowered" };
    format!(
        "{verb} {what} from {} to {} against {} ({} … {} pp); {} pp may be added",
        share(found.before),
        share(found.after),
        text::plain(&found.versus),
        signed(found.bounds.0),
        signed(found.bounds.1),
        signed(found.most).trim_start_matches('+')
    )
}

fn signed(share: f64) -> String {
    let scale = text::Scale::fitting(&Unit::Ratio, share);
    let text = scale.difference(share);
    text.trim_end_matches(" pp").to_owned()
}

/// The sentence of a verdict about a sweep; `None` for any other verdict.
#[must_use]
pub fn sentence(verdict: &LimitVerdict) -> Option<String> {
    let found: &CapacityFound = verdict.capacity.as_deref()?;
    let of = &found.capacity;
    let mut said = if let Some(own) = &found.milestone {
        format!(
            "{} on {}: {}",
            text::plain(&own.name),
            own.date,
            milestone(own, of)
        )
    } else if let Some(own) = &found.added {
        let lead = match (verdict.judgement.verdict, verdict.judgement.reason) {
            (Verdict::Over, _) if !own.pinned => "this change ",
            (_, Some(Reason::Unsound)) => "not proven, as a sweep cannot be relied on: ",
            (Verdict::Unproven, _) => "evidence on both sides of the limit: ",
            _ => "",
        };
        format!("{lead}{}", added(own))
    } else if verdict.judgement.reason == Some(Reason::Learning) {
        "no sweep of load steps to compare with within 50 commits".to_owned()
    } else {
        match verdict.judgement.reason {
            Some(Reason::Unsound) => unsound(of),
            Some(Reason::BenchmarkFailed) => FAILED.to_owned(),
            Some(Reason::NotTested) => not_tested(of, verdict.limit_value.unwrap_or(0.0)),
            reason => {
                let mut told = of.available.map_or_else(String::new, |a| carried(of, &a));
                let least = verdict.limit_value;
                let least = least.filter(|_| reason == Some(Reason::BothSides));
                if let Some(next) = least.and_then(|least| between(of, least)) {
                    let _ = write!(told, "; {next}");
                }
                told
            }
        }
    };
    if found.added.as_ref().is_none_or(|added| added.pinned) {
        said.push_str(&whose(verdict));
    }
    if let Some((commit, back)) = &found.older {
        let _ = write!(
            said,
            "; newest sweep is of {}, {back} commit{} before",
            commit.short(),
            if *back == 1 { "" } else { "s" }
        );
    }
    Some(said)
}

/// Since when it is too little, and whether this change brought that.
fn whose(verdict: &LimitVerdict) -> String {
    let lead = match verdict.judgement.verdict {
        Verdict::Over => "so",
        Verdict::Inherited => "already so at the base, not this change",
        _ => return String::new(),
    };
    match tell::blame(verdict) {
        since if since.is_empty() && lead == "so" => String::new(),
        since => format!("; {lead}{since}"),
    }
}

/// What is carried, and what gives way first.
fn carried(of: &Capacity, a: &Available) -> String {
    let value = interval(a.value, a.low, a.high);
    let end = match a.limited_by {
        LimitedBy::Latency if a.gap.is_none() => {
            return format!(
                "carries nothing within {} ≤ {}: the lowest load, N = {}, breaks it",
                tail(of),
                time(of.question.at_latency.unwrap_or(0.0)),
                of.at_latency
                    .and_then(|at| at.first_broken)
                    .map_or_else(String::new, whole)
            );
        }
        LimitedBy::Latency => {
            let budget = of.question.at_latency.unwrap_or(0.0);
            let first = of.at_latency.and_then(|at: AtLatency| at.first_broken);
            format!(
                "within {} ≤ {} up to N = {}; first broken at N = {}",
                tail(of),
                time(budget),
                whole(a.n),
                first.map_or_else(String::new, whole)
            )
        }
        LimitedBy::Errors => format!(
            "up to N = {}; at N = {} more than {} of the requests fail",
            whole(a.n),
            of.first_failing.map_or_else(String::new, whole),
            share(of.question.max_errors)
        ),
        LimitedBy::Peak => format!("at its peak, N = {}", whole(a.n.round())),
        LimitedBy::Tested => format!(
            "at N = {}, where the test ended: nothing gave way",
            whole(a.n)
        ),
    };
    format!("carries {value} {end}")
}

pub(in crate::report) fn tail(of: &Capacity) -> String {
    text::plain(of.sweep.tail.trim_start_matches("latency."))
}

fn peak(of: &Capacity) -> String {
    match &of.peak {
        Some(peak) => format!(
            "peak at N = {} ({} … {}): {}",
            whole(peak.n.round()),
            whole(peak.bounds.low.round()),
            peak.bounds
                .high
                .map_or_else(|| "no upper end".to_owned(), |high| whole(high.round())),
            rate(peak.throughput)
        ),
        None if of.law.is_some() => of.peak_status(),
        None => "no law: too few steps".to_owned(),
    }
}

/// Lines that say what the law, the limits and the time series say.
#[must_use]
pub fn lines(view: &CapacityView) -> Vec<(&'static str, String)> {
    let of = &view.capacity;
    let confidence = of.question.confidence;
    let mut all = Vec::new();
    if let Some(a) = &of.available {
        all.push((
            "carries",
            carried(of, a).trim_start_matches("carries ").to_owned(),
        ));
    }
    if of.question.at_latency.is_some() && of.at_latency.is_none() {
        all.push(("latency", of.sweep.no_tail()));
    }
    all.push(("peak", peak(of)));
    if let Some(law) = &of.law {
        all.push((
            "contention",
            format!(
                "{} of the work waits in line{}",
                share_of(law.alpha, law.alpha_bounds(confidence)),
                law.knee()
                    .filter(|k| *k < 1e6)
                    .map_or_else(String::new, |knee| format!(
                        "; the line begins to bend about N = {}",
                        whole(knee.round())
                    ))
            ),
        ));
        all.push((
            "coherency",
            format!(
                "{} to agree with each other",
                share_of(law.beta, law.beta_bounds(confidence))
            ),
        ));
        if let Some(roof) = of.roof() {
            all.push(("roof", format!("{}, if nothing else gives way", rate(roof))));
        }
    }
    if let Some(found) = &view.recovery {
        let words = match found.seconds {
            Some(seconds) => format!(
                "{} after the overload of N = {} (back at N = {})",
                time(seconds * 1e9),
                whole(found.overload),
                whole(found.after)
            ),
            None => format!(
                "not within the time that was recorded after the overload of N = {}",
                whole(found.overload)
            ),
        };
        all.push(("recovers", words));
    }
    all
}

/// Rows of the steps: load, throughput, efficiency, tail, errors.
#[must_use]
pub fn rows(of: &Capacity) -> Vec<[String; 5]> {
    let middle = |values: &[f64]| crate::stats::median(values);
    let efficiencies = of.efficiencies();
    of.sweep
        .steps
        .iter()
        .zip(efficiencies)
        .map(|(step, (_, efficiency))| {
            let x = middle(&step.throughput).unwrap_or(f64::NAN);
            let over = |bad: bool| if bad { " !" } else { "" };
            let tail = middle(&step.tail);
            let errors = step.errors();
            [
                whole(step.n),
                rate(x),
                text::percent_of(efficiency),
                tail.map_or_else(String::new, |tail| {
                    let bad = of.question.at_latency.is_some_and(|budget| tail > budget);
                    format!("{}{}", time(tail), over(bad))
                }),
                errors.map_or_else(String::new, |e| {
                    format!("{}{}", share(e), over(e > of.question.max_errors))
                }),
            ]
        })
        .collect()
}

/// What a reader of a closed-loop tool must know.
pub(super) fn flag(of: &Capacity) -> Option<&'static str> {
    of.sweep.is_closed().then_some(
        "the tool waits for answers before it sends more (closed loop): its tails leave out requests that would have waited (coordinated omission)",
    )
}

pub(in crate::report) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Over => "OVER",
        Verdict::Missing => "MISSING",
        other => other.as_str(),
    }
}

pub(in crate::report) fn heading(view: &CapacityView) -> String {
    let sweep = &view.capacity.sweep;
    let fault = sweep.fault().map_or_else(String::new, |fault| {
        format!(" under fault {}", text::plain(fault))
    });
    let place = if view.place.is_empty() {
        String::new()
    } else {
        format!(" · {}", text::plain(&view.place))
    };
    let low = sweep.steps.first().map_or(0.0, |step| step.n);
    format!(
        "{}{fault} · {} loads from {} to {} ({}), {} runs{place}",
        text::plain(&view.name),
        sweep.steps.len(),
        whole(low),
        whole(view.capacity.tested_max),
        text::plain(if sweep.by_little {
            "throughput × mean latency"
        } else {
            &sweep.axis
        }),
        sweep.runs()
    )
}
