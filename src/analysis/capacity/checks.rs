//! What makes a sweep trustworthy or not. Each that fails blocks a pass; one that could not be made is
//! said.

use super::{Capacity, Step, whole};
use crate::stats::{Residuals, median};

/// Fewer different loads than this pass nothing.
pub const LEAST_LEVELS: usize = 6;
/// The lowest load may be at most this share of the largest.
const LOWEST: f64 = 0.125;
/// How far a number of things at work may be from throughput × time (Little 1961).
const LITTLE: f64 = 0.05;
/// More than this is more than one does alone.
const EFFICIENCY: f64 = 1.05;
/// The generator itself is the limit beyond this.
const GENERATOR: f64 = 0.8;
/// Runs of one step further apart than this were not in a steady state.
const STEADY: f64 = 0.2;
/// A tail that falls by more than this from a load that breaks its budget to a larger one that does not
/// is no noise.
const FALL: f64 = 0.2;
/// Residuals larger than this say that the law is not the service's.
const MISFIT: f64 = 0.1;

/// One check of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityCheck {
    /// Its stable name.
    pub name: &'static str,
    /// Whether it holds; `None` where it could not be made.
    pub ok: Option<bool>,
    /// What was found, in words.
    pub detail: String,
}

fn check(name: &'static str, ok: Option<bool>, detail: String) -> CapacityCheck {
    CapacityCheck { name, ok, detail }
}

pub(super) fn checks(of: &Capacity) -> Vec<CapacityCheck> {
    let mut all = vec![
        levels(of),
        lowest(of),
        little(of),
        efficiency(of),
        errors(of),
        generator(of),
        steady(of),
        order(of),
        fits(of),
    ];
    if of.question.at_latency.is_some() {
        all.push(tails(of));
    }
    if of.sweep.pruned {
        let why =
            "its single runs were pruned, and a median hides those that failed: measure it again";
        all.push(check("runs", Some(false), why.to_owned()));
    }
    all
}

/// A tail budget holds where tails were measured, and at no other load. Where a larger load than one that
/// breaks it is well, neither is what the load does.
fn tails(of: &Capacity) -> CapacityCheck {
    let budget = of.question.at_latency.unwrap_or(f64::INFINITY);
    let steps = &of.sweep.steps;
    let tail = |step: &Step| median(&step.tail);
    let broken = steps
        .iter()
        .find(|step| tail(step).is_some_and(|tail| tail > budget));
    let end = broken.or(steps.last()).map_or(0.0, |step| step.n);
    let failing = |step: &Step| step.errors().is_some_and(|e| e > of.question.max_errors);
    let unknown = steps
        .iter()
        .filter(|step| step.n <= end && !failing(step))
        .find(|step| step.tail.len() < step.throughput.len());
    let fallen = broken.and_then(|bad| {
        let well = |step: &&Step| {
            let own = tail(step).unwrap_or(f64::INFINITY);
            step.n > bad.n
                && !failing(step)
                && own <= budget
                && tail(bad).is_some_and(|tail| tail > (1.0 + FALL) * own)
        };
        Some((bad.n, steps.iter().find(well)?.n))
    });
    let detail = match (unknown, fallen) {
        (None, None) => "measured at every load up to the first that breaks its budget".to_owned(),
        (None, Some((bad, well))) => format!(
            "over its budget at N = {} and well within it at N = {}: measure these loads again",
            whole(bad),
            whole(well)
        ),
        (Some(_), _) if steps.iter().all(|step| step.tail.is_empty()) => of.sweep.no_tail(),
        (Some(step), _) => format!(
            "the tail was not measured in every run of N = {}, so its budget (at_latency) cannot be judged there",
            whole(step.n)
        ),
    };
    check("tail", Some(unknown.is_none() && fallen.is_none()), detail)
}

fn levels(of: &Capacity) -> CapacityCheck {
    let levels = of.sweep.steps.iter().filter(|step| step.n >= 1.0).count();
    check(
        "levels",
        Some(levels >= LEAST_LEVELS),
        format!("{levels} different loads; at least {LEAST_LEVELS} are needed"),
    )
}

fn lowest(of: &Capacity) -> CapacityCheck {
    let low = of.sweep.steps.first().map_or(0.0, |step| step.n);
    check(
        "lowest",
        Some(low <= (LOWEST * of.tested_max).max(1.0)),
        format!(
            "tested from {} to {}; the lowest must be at most an eighth of the largest",
            whole(low),
            whole(of.tested_max)
        ),
    )
}

fn little(of: &Capacity) -> CapacityCheck {
    let name = "little";
    let sweep = &of.sweep;
    if sweep.by_little {
        let why = "the loads themselves are throughput × mean latency";
        return check(name, None, why.to_owned());
    }
    let think = match of.question.think {
        Some(think) => think,
        None if sweep.without_thinking() => 0.0,
        None => {
            let why = "how long users wait between requests is not known (think)".to_owned();
            return check(name, None, why);
        }
    };
    let off = |step: &Step| {
        let at_work = median(&step.throughput)? * (median(&step.mean)? + think) * 1e-9;
        Some((step.n, at_work / step.n - 1.0))
    };
    // Requests that fail at once are no work.
    let well = |step: &&Step| step.errors().is_none_or(|e| e <= of.question.max_errors);
    let all: Vec<(f64, f64)> = sweep.steps.iter().filter(well).filter_map(off).collect();
    let worst = all.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let Some((n, worst)) = worst else {
        return check(name, None, "no mean latency was measured".to_owned());
    };
    check(
        name,
        Some(worst.abs() <= LITTLE),
        format!(
            "throughput × mean time differs from the load by {:.1} % at N = {}; 5 % are allowed",
            100.0 * worst.abs(),
            whole(*n)
        ),
    )
}

fn efficiency(of: &Capacity) -> CapacityCheck {
    let all = of.efficiencies();
    let over = all.iter().find(|(_, e)| *e > EFFICIENCY);
    let rises = all
        .windows(2)
        .find(|pair| pair[1].1 > EFFICIENCY * pair[0].1);
    let detail = match (over, rises) {
        (Some((n, e)), _) => format!(
            "at N = {} each does {:.0} % of what one does alone: the lowest step is too slow",
            whole(*n),
            100.0 * e
        ),
        (None, Some(pair)) => format!(
            "efficiency rises from {:.0} % at N = {} to {:.0} % at N = {}",
            100.0 * pair[0].1,
            whole(pair[0].0),
            100.0 * pair[1].1,
            whole(pair[1].0)
        ),
        (None, None) => all.last().map_or_else(String::new, |(n, e)| {
            format!("falls to {:.0} % at N = {}", 100.0 * e, whole(*n))
        }),
    };
    check(
        "efficiency",
        Some(over.is_none() && rises.is_none()),
        detail,
    )
}

fn errors(of: &Capacity) -> CapacityCheck {
    let allowed = of.question.max_errors;
    let name = "errors";
    let steps = &of.sweep.steps;
    if steps.iter().all(|step| step.error_rate.is_empty()) {
        return check(name, Some(false), "no error rate was measured".to_owned());
    }
    let known = steps
        .iter()
        .all(|step| step.error_rate.len() >= step.throughput.len());
    // Some runs of a load fail and some do not: neither is what the load does.
    let torn = steps.iter().find(|step| {
        let failing = step.failing_runs(allowed);
        failing > 0 && failing < step.error_rate.len()
    });
    let failing: Vec<&Step> = steps
        .iter()
        .filter(|step| step.errors().is_some_and(|e| e > allowed))
        .collect();
    let first = failing.first().map(|step| step.n);
    let after = steps
        .iter()
        .filter(|step| first.is_some_and(|n| step.n > n))
        .any(|step| step.errors().is_none_or(|e| e <= allowed));
    let detail = match first {
        _ if !known => "not measured in every run of every step".to_owned(),
        _ if torn.is_some() => torn.map_or_else(String::new, |step| {
            format!(
                "at N = {} {} of {} runs fail more than {} %: measure that load again",
                whole(step.n),
                step.failing_runs(allowed),
                step.error_rate.len(),
                percent(allowed)
            )
        }),
        None => format!("at most {} % at every step", percent(allowed)),
        Some(n) => format!(
            "more than {} % from N = {} on: left out of the fit, and the end of what is carried",
            percent(allowed),
            whole(n)
        ),
    };
    check(name, Some(known && torn.is_none() && !after), detail)
}

fn percent(share: f64) -> String {
    let text = format!("{:.3}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn generator(of: &Capacity) -> CapacityCheck {
    let used = of
        .sweep
        .steps
        .iter()
        .filter_map(|step| Some((step.n, median(&step.generator_cpu)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let last = of.sweep.steps.last();
    let unknown = last.is_some_and(|step| step.generator_cpu.is_empty());
    match used.filter(|(_, used)| !unknown || *used >= GENERATOR) {
        None if unknown && used.is_some() => check(
            "generator",
            None,
            "the generator's own CPU was not recorded at the largest load".to_owned(),
        ),
        None => check(
            "generator",
            None,
            "the generator's own CPU was not recorded (metric generator.cpu)".to_owned(),
        ),
        Some((n, used)) => check(
            "generator",
            Some(used < GENERATOR),
            format!(
                "the generator used {:.0} % of its CPU at N = {}; 80 % are too much",
                100.0 * used,
                whole(n)
            ),
        ),
    }
}

fn steady(of: &Capacity) -> CapacityCheck {
    let spread = |step: &Step| {
        let low = step
            .throughput
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let high = step.throughput.iter().copied().fold(0.0, f64::max);
        (step.throughput.len() > 1 && low > 0.0).then_some((step.n, high / low - 1.0))
    };
    let all = of.sweep.steps.iter().filter_map(spread);
    match all.max_by(|a, b| a.1.total_cmp(&b.1)) {
        None => check(
            "steady",
            None,
            "one run a step tells nothing of its steadiness".to_owned(),
        ),
        Some((n, spread)) => check(
            "steady",
            Some(spread <= STEADY),
            format!(
                "runs of one step differ by {:.1} % at the most (N = {}); 20 % are allowed",
                100.0 * spread,
                whole(n)
            ),
        ),
    }
}

fn order(of: &Capacity) -> CapacityCheck {
    let mut times: Vec<(f64, f64)> = of
        .sweep
        .steps
        .iter()
        .flat_map(|step| step.order.iter().map(|at| (*at, step.n)))
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    if times.len() < of.sweep.runs() {
        let why = "in which order the steps were run is not known (column order)";
        return check("order", None, why.to_owned());
    }
    let one_way = |rising: bool| {
        times
            .windows(2)
            .all(|pair| (pair[1].1 >= pair[0].1) == rising || (pair[1].1 - pair[0].1).abs() < 1e-9)
    };
    let sorted = times.len() > 2 && (one_way(true) || one_way(false));
    let detail = if sorted {
        "the steps were run in order of load: what drifts meanwhile looks like scaling"
    } else {
        "the steps were run in mixed order"
    };
    check("order", Some(!sorted), detail.to_owned())
}

fn fits(of: &Capacity) -> CapacityCheck {
    let name = "law";
    let Some(law) = &of.law else {
        return check(name, Some(false), "too few steps for a law".to_owned());
    };
    let Some(sigma) = law.sigma() else {
        return check(
            name,
            Some(false),
            "too few sound steps for an interval".to_owned(),
        );
    };
    let share = match of.question.fit {
        Residuals::Log => sigma,
        Residuals::Absolute => {
            let all: Vec<f64> = of
                .sweep
                .steps
                .iter()
                .flat_map(|step| step.throughput.iter().copied())
                .collect();
            sigma / median(&all).unwrap_or(f64::INFINITY).max(f64::MIN_POSITIVE)
        }
    };
    check(
        name,
        Some(share <= MISFIT),
        format!(
            "runs lie {:.1} % off the law; beyond 10 % it is not the service's",
            100.0 * share
        ),
    )
}
