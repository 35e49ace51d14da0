//! How much load a service carries: one sweep of load steps, the law that fits it, the first step at
//! which it breaks, and what makes the whole untrustworthy.
//!
//! Nothing here looks beyond the largest load that was tested.

mod checks;
mod series;
mod sweep;

pub use checks::{CapacityCheck, LEAST_LEVELS};
pub use series::{Moment, Recovery, recovery};
pub use sweep::{AXES, Observed, Step, Sweep, SweepOptions, add_efficiencies, sweeps, tells_load};

use crate::stats::{Bounds, Residuals, Scalability, median, scalability};

/// What is asked of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What the fit makes smallest.
    pub fit: Residuals,
    /// Two-sided confidence of all intervals.
    pub confidence: f64,
    /// The tail budget, in nanoseconds: a step beyond it is broken.
    pub at_latency: Option<f64>,
    /// The greatest share of failed requests with which a step counts.
    pub max_errors: f64,
    /// How long a user waits between an answer and the next request, in nanoseconds, where that is
    /// known.
    pub think: Option<f64>,
}

/// Failed requests beyond this share break a step, where nothing else is said.
pub const MAX_ERRORS: f64 = 0.01;

impl Default for Question {
    fn default() -> Self {
        Self {
            fit: Residuals::Log,
            confidence: 0.95,
            at_latency: None,
            max_errors: MAX_ERRORS,
            think: None,
        }
    }
}

/// The load with the greatest throughput, within what was tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The load.
    pub n: f64,
    /// Its interval.
    pub bounds: Bounds,
    /// The throughput there.
    pub throughput: f64,
}

/// What keeps throughput from being more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// The tail budget.
    Latency,
    /// Failed requests.
    Errors,
    /// The law's own peak.
    Peak,
    /// Nothing was reached: the test ended first.
    Tested,
}

impl LimitedBy {
    /// As a sentence goes on.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Errors => "errors",
            Self::Peak => "peak",
            Self::Tested => "tested",
        }
    }
}

/// The throughput that can be had within the limits, from what was tested alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Available {
    /// The load that gives it.
    pub n: f64,
    /// Estimate.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound; `None` where the test ended before anything gave way.
    pub high: Option<f64>,
    /// What gives way first.
    pub limited_by: LimitedBy,
    /// The largest load that holds and the smallest that breaks, where a step that breaks ends what is
    /// carried.
    pub gap: Option<(f64, f64)>,
}

/// The capacity within a tail budget, from measured quantiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AtLatency {
    /// The budget, in nanoseconds.
    pub budget: f64,
    /// The load at which the tail reaches it; the largest tested where it never does.
    pub n: f64,
    /// The throughput there, with its bounds; `None` where it was broken from the first step.
    pub throughput: Option<(f64, f64, f64)>,
    /// The last step before the first that breaks it; `None` where that is the lowest.
    pub last_good: Option<f64>,
    /// The first step that breaks it.
    pub first_broken: Option<f64>,
}

/// All that one sweep says.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// The sweep.
    pub sweep: Sweep,
    /// What was asked.
    pub question: Question,
    /// The law, where there are enough steps.
    pub law: Option<Scalability>,
    /// The largest load that was tested, broken steps included.
    pub tested_max: f64,
    /// The peak, where it lies within the loads that were tested.
    pub peak: Option<Peak>,
    /// Capacity within the tail budget, where one was asked for and tails were measured.
    pub at_latency: Option<AtLatency>,
    /// First step with more failed requests than allowed.
    pub first_failing: Option<f64>,
    /// What can be had.
    pub available: Option<Available>,
    /// What makes the sweep trustworthy or not.
    pub checks: Vec<CapacityCheck>,
}

impl Capacity {
    /// Looks at a sweep.
    #[must_use]
    pub fn new(sweep: Sweep, question: Question) -> Self {
        let failing = |step: &Step| step.errors().is_some_and(|e| e > question.max_errors);
        let first_failing = sweep.steps.iter().find(|step| failing(step)).map(|s| s.n);
        let tested_max = sweep.steps.last().map_or(0.0, |step| step.n);
        // A fast failure is no throughput.
        let (n, x): (Vec<f64>, Vec<f64>) = sweep
            .steps
            .iter()
            .filter(|step| !failing(step) && step.n >= 1.0)
            .flat_map(|step| step.throughput.iter().map(|x| (step.n, *x)))
            .filter(|(_, x)| *x > 0.0)
            .unzip();
        let lowest = n.iter().copied().fold(f64::INFINITY, f64::min);
        let law = scalability(&n, &x, question.fit);
        let fitted_max = n.iter().copied().fold(0.0, f64::max);
        let peak = law.as_ref().and_then(|law| {
            // Where throughput falls from the first load on, that is where it is greatest.
            let n = law.peak().filter(|n| *n <= fitted_max)?.max(lowest);
            let bounds = law.peak_bounds(question.confidence)?;
            Some(Peak {
                n,
                bounds: Bounds {
                    low: bounds.low.max(lowest),
                    high: bounds.high.map(|high| high.max(lowest)),
                },
                throughput: law.throughput(n),
            })
        });
        let mut found = Self {
            law,
            tested_max,
            peak,
            at_latency: None,
            first_failing,
            available: None,
            checks: Vec::new(),
            sweep,
            question,
        };
        found.at_latency = found.within_latency();
        found.available = found.carried(fitted_max);
        found.checks = checks::checks(&found);
        found
    }

    /// Whether requests failed beyond the limit at every load: a broken test, which says nothing of
    /// what is carried.
    #[must_use]
    pub fn failed_whole(&self) -> bool {
        let allowed = self.question.max_errors;
        let failing = |step: &Step| step.errors().is_some_and(|e| e > allowed);
        !self.sweep.steps.is_empty() && self.sweep.steps.iter().all(failing)
    }

    /// Whether every check that could be made holds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.law.is_some() && self.checks.iter().all(|check| check.ok != Some(false))
    }

    /// The same of a sweep that another is compared with: what is left of it suffices after its single
    /// runs were pruned.
    #[must_use]
    pub fn is_sound_base(&self) -> bool {
        let mut checks = self.checks.iter();
        self.law.is_some() && checks.all(|check| check.ok != Some(false) || check.name == "runs")
    }

    /// What is known of the peak, in the words of the contract.
    #[must_use]
    pub fn peak_status(&self) -> String {
        match (&self.law, &self.peak) {
            (None, _) => "none".to_owned(),
            (_, Some(_)) => "within_tested".to_owned(),
            (_, None) => format!("no peak up to {}", whole(self.tested_max)),
        }
    }

    /// The roof γ/α, where no coherency bends the curve down.
    #[must_use]
    pub fn roof(&self) -> Option<f64> {
        self.law
            .as_ref()
            .filter(|law| law.beta <= 0.0)
            .and_then(Scalability::roof)
    }

    /// X(N) ÷ (N·X(1)) at each step, of medians, X(1) standing for the throughput of one at the
    /// lowest step.
    #[must_use]
    pub fn efficiencies(&self) -> Vec<(f64, f64)> {
        let of = |step: &Step| Some((step.n, median(&step.throughput)? / step.n));
        let all: Vec<(f64, f64)> = self.sweep.steps.iter().filter_map(of).collect();
        let one = all.first().map_or(1.0, |(_, one)| *one);
        all.into_iter().map(|(n, each)| (n, each / one)).collect()
    }

    /// The most that the law gives at any load, where it has an upper end: advice, and no forecast.
    #[must_use]
    pub fn ceiling(&self) -> Option<f64> {
        let law = self.law.as_ref()?;
        match law.peak() {
            Some(n) => Some(law.throughput(n)),
            None => self.roof(),
        }
    }

    /// The load to test next where a throughput lies between that of the last step that holds and that
    /// of the first that breaks, and these two: more runs of them would not tell. `None` where it does
    /// not lie there, or nothing lies between them.
    #[must_use]
    pub fn test_between(&self, throughput: f64) -> Option<(f64, f64, f64)> {
        let (good, bad) = self.available.as_ref()?.gap?;
        let law = self.law.as_ref()?;
        let at = |n: f64| law.throughput(n.min(law.peak().unwrap_or(f64::INFINITY)).max(1.0));
        let n = ((good + bad) / 2.0).round();
        let there = at(good) < throughput && throughput <= at(bad);
        (there && good < n && n < bad).then_some((good, n, bad))
    }

    /// The largest load to test next, so that a throughput is reached if the law goes on: advice, and
    /// no forecast.
    #[must_use]
    pub fn test_up_to(&self, throughput: f64) -> f64 {
        let twice = 2.0 * self.tested_max;
        let Some(law) = &self.law else {
            return twice;
        };
        let mut n = self.tested_max;
        while n < 64.0 * self.tested_max && law.throughput(n) < throughput {
            n *= 1.1;
        }
        if law.throughput(n) < throughput {
            twice
        } else {
            n.ceil()
        }
    }

    fn within_latency(&self) -> Option<AtLatency> {
        let budget = self.question.at_latency?;
        let tails: Vec<(f64, f64)> = self
            .sweep
            .steps
            .iter()
            .filter_map(|step| Some((step.n, median(&step.tail)?)))
            .collect();
        if tails.is_empty() {
            return None;
        }
        let first_broken = tails.iter().find(|(_, tail)| *tail > budget).map(|t| t.0);
        // Nothing beyond the first broken load is carried, whatever larger ones did.
        let upto =
            first_broken.map_or(tails.len(), |bad| tails.partition_point(|(n, _)| *n <= bad));
        let smooth = monotone(&tails[..upto]);
        let n = crossing(&smooth, budget);
        let good = tails.iter().take_while(|(_, tail)| *tail <= budget);
        let good = good.last().map(|(n, _)| *n);
        let throughput = n.and_then(|n| {
            let law = self.law.as_ref()?;
            let bad = first_broken.map_or(n, |bad| bad.max(n));
            Some(self.between(law, good.unwrap_or(n).min(n), n, bad))
        });
        Some(AtLatency {
            budget,
            n: n.unwrap_or(0.0),
            throughput,
            last_good: good,
            first_broken,
        })
    }

    /// Throughput at a load that lies somewhere between two steps: estimate, and bounds that hold
    /// wherever it lies.
    fn between(&self, law: &Scalability, low: f64, n: f64, high: f64) -> (f64, f64, f64) {
        let confidence = self.question.confidence;
        // Beyond the peak more load is less throughput.
        let top = law.peak().unwrap_or(f64::INFINITY).max(1.0);
        let value = law.throughput(n.min(top));
        let bounds = |n: f64| law.throughput_bounds(n.min(top).max(1.0), confidence);
        let lower = bounds(low).map_or(0.0, |b| b.low);
        let upper = bounds(high).and_then(|b| b.high).unwrap_or(f64::INFINITY);
        (value, lower.min(value), upper.max(value))
    }

    fn carried(&self, fitted_max: f64) -> Option<Available> {
        let law = self.law.as_ref()?;
        let broken_by_errors = self.first_failing.filter(|_| fitted_max > 0.0);
        let latency = self.at_latency.filter(|at| at.first_broken.is_some());
        let mut found: Option<Available> = None;
        let mut take = |other: Available| {
            if found.is_none_or(|own| other.value < own.value) {
                found = Some(other);
            }
        };
        if let Some(at) = latency {
            let (value, low, high) = at.throughput.unwrap_or_else(|| {
                let first = law.throughput_bounds(1.0, self.question.confidence);
                (
                    0.0,
                    0.0,
                    first.and_then(|b| b.high).unwrap_or(f64::INFINITY),
                )
            });
            take(Available {
                n: at.n,
                value,
                low,
                high: Some(high),
                limited_by: LimitedBy::Latency,
                gap: at.last_good.zip(at.first_broken),
            });
        }
        if let Some(bad) = broken_by_errors {
            let good = self.sweep.steps.iter().rev().find(|step| step.n < bad);
            if let Some(good) = good {
                let (value, low, high) = self.between(law, good.n, good.n, bad);
                take(Available {
                    n: good.n,
                    value,
                    low,
                    high: Some(high),
                    limited_by: LimitedBy::Errors,
                    gap: Some((good.n, bad)),
                });
            }
        }
        let surely = |peak: &Peak| peak.bounds.high.is_some_and(|high| high <= self.tested_max);
        if let Some(peak) = self.peak {
            let (value, low, high) = self.between(law, peak.n, peak.n, peak.n);
            take(Available {
                n: peak.n,
                value,
                low,
                high: surely(&peak).then_some(high),
                limited_by: LimitedBy::Peak,
                gap: None,
            });
        }
        let to_the_end = || {
            let (value, low, _) = self.between(law, fitted_max, fitted_max, fitted_max);
            Available {
                n: fitted_max,
                value,
                low,
                high: None,
                limited_by: LimitedBy::Tested,
                gap: None,
            }
        };
        Some(found.unwrap_or_else(to_the_end))
    }
}

/// A load as people write it: without decimals where it has none.
#[must_use]
pub fn whole(n: f64) -> String {
    if (n - n.round()).abs() < 1e-9 {
        format!("{n:.0}")
    } else {
        format!("{n:.1}")
    }
}

/// The nearest rising sequence (pool adjacent violators; Ayer et al. 1955).
fn monotone(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (_, value) in points {
        let mut block = (*value, 1);
        while let Some(last) = blocks.last().copied().filter(|last| last.0 > block.0) {
            blocks.pop();
            let count = last.1 + block.1;
            let sum = last.0 * last.1 as f64 + block.0 * block.1 as f64;
            block = (sum / count as f64, count);
        }
        blocks.push(block);
    }
    let values = blocks
        .into_iter()
        .flat_map(|(value, count)| std::iter::repeat_n(value, count));
    points.iter().map(|(n, _)| *n).zip(values).collect()
}

/// Where a rising line reaches a value: the last load where it never does, `None` where it starts
/// beyond.
fn crossing(points: &[(f64, f64)], value: f64) -> Option<f64> {
    let first = points.first()?;
    if first.1 > value {
        return None;
    }
    for pair in points.windows(2) {
        let ((n0, v0), (n1, v1)) = (pair[0], pair[1]);
        if v1 > value {
            return Some(n0 + (n1 - n0) * (value - v0) / (v1 - v0));
        }
    }
    points.last().map(|(n, _)| *n)
}

#[cfg(test)]
mod tests;
