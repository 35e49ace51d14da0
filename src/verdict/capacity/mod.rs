//! Whether a sweep of load steps carries what is asked for: on a dated milestone, and after a change.

use super::rules::ALPHA;
use super::{Judgement, Reason, Verdict};
use crate::analysis::capacity::{
    Capacity, LimitedBy, Observed, Question, Sweep, SweepOptions, sweeps,
};
use crate::budget::{CapacityRule, Demand, Milestone, ScaleUnit, Wanted};
use crate::model::CommitId;
use crate::stats::{Bounds, student_t_quantile, student_t_sf};
use crate::store::{Columns, RunRow, SeriesRow};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// What a limit asks of its sweep.
#[must_use]
pub fn question(rule: &CapacityRule) -> (Question, SweepOptions) {
    let asked = Question {
        confidence: rule.confidence,
        at_latency: rule.at_latency,
        max_errors: rule.max_errors,
        think: rule.think,
        ..Question::default()
    };
    let options = SweepOptions {
        x: rule.x.clone(),
        y: rule.y.clone(),
        latency: rule.latency.clone(),
    };
    (asked, options)
}

/// The sweeps that clean runs of a commit hold in one environment, made of these series. Where a recorded
/// run has samples, each is a run of its step.
#[must_use]
pub fn recorded(
    commit: &CommitId,
    env: &str,
    rows: &[(&SeriesRow, &Columns)],
    runs: &[RunRow],
    options: &SweepOptions,
) -> Vec<Sweep> {
    let own: Vec<i64> = runs
        .iter()
        .filter(|run| run.commit == *commit && !run.dirty && run.environment.label == env)
        .map(|run| run.id)
        .collect();
    let mut lost: BTreeSet<(&str, &str)> = BTreeSet::new();
    let observed: Vec<Observed<'_>> = rows
        .iter()
        .filter(|(row, _)| row.key.env == env)
        .filter_map(|(row, columns)| {
            let mut values = Vec::new();
            for id in &own {
                let Ok(at) = columns.runs().binary_search(id) else {
                    continue;
                };
                // The samples of a step are its runs: what failed in one of them is not in the median.
                match columns.samples(*id) {
                    Some(runs) if !runs.is_empty() => values.extend_from_slice(runs),
                    known => {
                        values.push(columns.values()[at]);
                        if known.is_some() {
                            lost.insert((&row.key.benchmark, &row.key.metric));
                        }
                    }
                }
            }
            (!values.is_empty()).then_some(Observed {
                benchmark: &row.key.benchmark,
                metric: &row.key.metric,
                tags: &row.key.tags,
                values,
            })
        })
        .collect();
    let mut found = sweeps(&observed, options, false);
    for sweep in &mut found {
        sweep.pruned = lost.contains(&(sweep.benchmark.as_str(), sweep.throughput.as_str()));
    }
    found
}

/// What a sweep said, and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityFound {
    /// The sweep with its law.
    pub capacity: Capacity,
    /// The commit it was measured at, where that is not the one that is judged, and how many commits
    /// before.
    pub older: Option<(CommitId, u32)>,
    /// The milestone, for the rule about one.
    pub milestone: Option<MilestoneFound>,
    /// What was added to a coefficient, for the rules about one.
    pub added: Option<Added>,
}

/// Units that a demand needs.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsFound {
    /// What one is called.
    pub name: String,
    /// How many are needed: by the estimate, and at the least and the most by its bounds. Without an
    /// upper end of the capacity there is no least.
    pub needed: f64,
    /// By the upper bound of the capacity.
    pub least: Option<f64>,
    /// By the lower bound of the capacity.
    pub most: Option<f64>,
    /// How many there will be.
    pub planned: f64,
    /// How many were tested together.
    pub tested: f64,
    /// Share that each further one adds, as its owner assumes.
    pub efficiency: f64,
}

/// One milestone against one sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct MilestoneFound {
    /// Its name.
    pub name: String,
    /// Its day.
    pub date: Date,
    /// Before this day it warns.
    pub fail_from: Option<Date>,
    /// The answer.
    pub verdict: Verdict,
    /// Why, where it is not plain.
    pub reason: Option<Reason>,
    /// The demand, per second.
    pub demand: f64,
    /// The demand with its safety.
    pub needed: f64,
    /// What all planned units carry, per second: estimate.
    pub capacity: Option<f64>,
    /// Lower bound of it.
    pub low: Option<f64>,
    /// Upper bound of it; `None` where the test ended before anything gave way.
    pub high: Option<f64>,
    /// Units.
    pub units: Option<UnitsFound>,
    /// When the present demand, grown, uses up what is carried: estimate, and by the bounds.
    pub runs_out: Option<(Date, Option<Date>, Option<Date>)>,
    /// The load to test up to, where too little was tested.
    pub test_up_to: Option<f64>,
}

impl MilestoneFound {
    /// Capacity ÷ what is needed − 1: estimate, lower and upper bound.
    #[must_use]
    pub fn headroom(&self) -> Option<(f64, f64, Option<f64>)> {
        let of = |capacity: f64| capacity / self.needed - 1.0;
        Some((of(self.capacity?), of(self.low?), self.high.map(of)))
    }

    /// Whether it fails a check on this day, or warns only.
    #[must_use]
    pub fn fails(&self, today: Date) -> bool {
        self.fail_from.is_none_or(|from| today >= from)
    }
}

/// A sweep in which every load failed is no result.
const FAILED: (Verdict, Option<Reason>) = (Verdict::Missing, Some(Reason::BenchmarkFailed));

/// Judges a milestone. Nothing beyond what was tested is ever within.
#[must_use]
pub fn judge_milestone(
    of: &Capacity,
    milestone: &Milestone,
    present: Option<&Demand>,
    unit: Option<&ScaleUnit>,
) -> MilestoneFound {
    let grown = present.map_or(0.0, |demand| demand.on(milestone.date));
    let demand = match milestone.demand {
        Wanted::Rate(rate) => rate,
        // What is asked for every day may outgrow what was foreseen.
        Wanted::Times(times) => grown.max(times * present.map_or(0.0, |demand| demand.current)),
        Wanted::Grown => grown,
    };
    let needed = demand * milestone.safety;
    let tested = unit.map_or(1.0, |unit| {
        let tagged = of.sweep.tags.get(&unit.name);
        let tagged = tagged.and_then(|text| text.parse::<f64>().ok());
        tagged.filter(|n| *n >= 1.0).unwrap_or(unit.tested)
    });
    // How many times what was tested all units carry: as assumed, and at the best.
    let (assumed, best) = unit.map_or((1.0, 1.0), |unit| {
        let more = (unit.planned - tested).max(0.0);
        let all = unit.planned / tested;
        let assumed = if more > 0.0 {
            (tested + more * unit.efficiency) / tested
        } else {
            all
        };
        (assumed, all)
    });
    let available = of.available.as_ref();
    let units = unit.zip(available).map(|(unit, a)| {
        let need = |capacity: f64| {
            let each = capacity / tested;
            let short = (needed - capacity) / (each * unit.efficiency);
            let n = if short > 0.0 {
                tested + short
            } else {
                needed / each
            };
            // A share of rounding is no further unit.
            let n = (n - 1e-9).ceil().max(1.0);
            n.is_finite().then_some(n)
        };
        UnitsFound {
            name: unit.name.clone(),
            needed: need(a.value).unwrap_or(f64::INFINITY),
            least: a.high.and_then(need),
            most: need(a.low),
            planned: unit.planned,
            tested,
            efficiency: unit.efficiency,
        }
    });
    let runs_out = available.zip(present).and_then(|(a, demand)| {
        let day = |capacity: f64| demand.reaches(capacity * assumed / milestone.safety);
        Some((day(a.value)?, day(a.low), a.high.and_then(day)))
    });
    let mut found = MilestoneFound {
        name: milestone.name.clone(),
        date: milestone.date,
        fail_from: milestone.fail_from,
        verdict: Verdict::Unproven,
        reason: Some(Reason::Unsound),
        demand,
        needed,
        capacity: available.map(|a| a.value * assumed),
        low: available.map(|a| a.low * assumed),
        high: available.and_then(|a| a.high).map(|high| high * best),
        units,
        runs_out,
        test_up_to: None,
    };
    if of.failed_whole() {
        (found.verdict, found.reason) = FAILED;
        return found;
    }
    let Some(a) = available else {
        return found;
    };
    let beyond = found.high.is_none() && needed > a.value * assumed;
    if beyond {
        found.test_up_to = Some(of.test_up_to(needed / assumed));
    }
    (found.verdict, found.reason) = if !of.is_sound() {
        (Verdict::Unproven, Some(Reason::Unsound))
    } else if found.high.is_some_and(|high| needed > high) {
        (Verdict::Over, None)
    } else if beyond {
        (Verdict::Unproven, Some(Reason::NotTested))
    } else if needed > a.low * assumed {
        (Verdict::Unproven, Some(Reason::BothSides))
    } else if needed > a.low && unit.is_some_and(|unit| unit.planned > 2.0 * tested) {
        // What was tested does not carry it by itself.
        (Verdict::Unproven, Some(Reason::ScaleAssumed))
    } else {
        (Verdict::Within, None)
    };
    found
}

/// Judges the least throughput that must be carried.
pub(super) fn judge_least(of: &Capacity, least: Option<f64>) -> Judgement {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::Unsound);
    if of.failed_whole() {
        (found.verdict, found.reason) = FAILED;
        return found;
    }
    let Some(available) = of.available.as_ref() else {
        return found;
    };
    found.level = Some(available.value);
    if !of.is_sound() {
        return found;
    }
    (found.verdict, found.reason) = match least {
        Some(least) if available.low >= least => (Verdict::Within, None),
        Some(least) if available.high.is_some_and(|high| high < least) => (Verdict::Over, None),
        Some(least) if available.high.is_none() && available.value < least => {
            (Verdict::Unproven, Some(Reason::NotTested))
        }
        Some(_) => (Verdict::Unproven, Some(Reason::BothSides)),
        // Nothing is asked for but to know what is carried.
        None if available.limited_by == LimitedBy::Latency && available.value <= 0.0 => {
            (Verdict::Over, None)
        }
        None => (Verdict::Within, None),
    };
    found
}

/// A coefficient of the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coefficient {
    /// α.
    Contention,
    /// β.
    Coherency,
}

/// What a change added to a coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// Which.
    pub coefficient: Coefficient,
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// 95 % bounds of the difference.
    pub bounds: (f64, f64),
    /// The most that may be added.
    pub most: f64,
    /// What it is compared with, in words.
    pub versus: String,
    /// That is a pinned commit, so that others than this change may have added to it.
    pub pinned: bool,
}

/// Judges what was added to a coefficient: a t-test of the difference, the standard error of each side
/// being half the width of its 95 % profile interval over its t.
#[must_use]
pub fn judge_added(
    head: &Capacity,
    base: &Capacity,
    coefficient: Coefficient,
    most: f64,
    versus: &str,
) -> (Judgement, Option<Added>) {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::Unsound);
    let side = |of: &Capacity| {
        let law = of.law.as_ref().filter(|law| law.df > 0.0)?;
        let (value, bounds) = match coefficient {
            Coefficient::Contention => (law.alpha, law.alpha_bounds(0.95)?),
            Coefficient::Coherency => (law.beta, law.beta_bounds(0.95)?),
        };
        let Bounds { low, high } = bounds;
        let t = student_t_quantile(0.975, law.df);
        Some((value, (high? - low) / 2.0 / t, law.df))
    };
    let (Some((after, se_after, df_after)), Some((before, se_before, df_before))) =
        (side(head), side(base))
    else {
        return (found, None);
    };
    let df = df_after + df_before;
    let se = se_after.hypot(se_before).max(f64::MIN_POSITIVE);
    let delta = after - before;
    let reach = student_t_quantile(0.975, df) * se;
    let added = Added {
        coefficient,
        before,
        after,
        bounds: (delta - reach, delta + reach),
        most,
        versus: versus.to_owned(),
        pinned: false,
    };
    found.level = Some(after);
    if head.is_sound() && base.is_sound_base() {
        let p = student_t_sf((delta - most) / se, df);
        let high = delta + student_t_quantile(1.0 - ALPHA, df) * se;
        found.p = Some(p);
        (found.verdict, found.reason) = if p <= ALPHA {
            (Verdict::Over, None)
        } else if high < most {
            (Verdict::Within, None)
        } else {
            (Verdict::Unproven, Some(Reason::BothSides))
        };
        found.improved = added.bounds.1 < 0.0;
    }
    (found, Some(added))
}

#[cfg(test)]
mod tests;
