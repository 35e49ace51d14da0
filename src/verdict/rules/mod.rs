//! The rules: pure functions of a base, a head and a limit.
//!
//! Formulas and their sources: `docs/method.md`. Bounds are one-sided 95 % each (from one 90 %
//! interval; equivalence logic, Schuirmann 1987): within needs U < δ, over needs L > δ.

mod creep;
mod drift;
mod max;
mod regress;
#[cfg(test)]
mod simulated;
mod tail;
mod two_sets;

pub use creep::{CREEP_POINTS, judge_creep};
pub use drift::{DRIFT_POINTS, Drifted, judge_drift};
pub use max::judge_max;
pub use regress::judge_regress;
pub use tail::{Record, Tail};
pub(crate) use two_sets::margins;
pub use two_sets::{TwoSets, attains, judge_two_sets, least_p, runs_a_side};

use super::{Head, Reason, Verdict};
use crate::analysis::Base;
use crate::budget::{Minimum, Rule};

/// Level of every test before control over many series.
pub(super) const ALPHA: f64 = 0.05;
/// The one-sided level of a rule's own test, before control over many: those that are asked of the
/// same history at every commit are stricter.
#[must_use]
pub fn own_level(rule: Option<Rule>) -> f64 {
    match rule {
        Some(Rule::Drift) => drift::DRIFT_ALPHA,
        Some(Rule::Creep) => creep::CREEP_ALPHA,
        _ => ALPHA,
    }
}

/// Widens the interval for the median's lower efficiency at the head and the estimate of noise.
const WIDENING: f64 = 1.03;

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// Why, where it is not plain.
    pub reason: Option<Reason>,
    /// The change made it better, proven.
    pub improved: bool,
    /// One-sided p-value that the limit is exceeded; `None` where no test was made.
    pub p: Option<f64>,
    /// How far the head lies from the base's level on the worse side, in standard deviations of
    /// one commit's noise, where outliers must be thought of; asked of the [`Tail`] of the check.
    pub outlying: Option<f64>,
    /// Relative change against the base with 95 % bounds, with the sign of the values.
    pub effect: Option<(f64, f64, f64)>,
    /// The judged level, in input units.
    pub level: Option<f64>,
    /// The smallest relative change that could have been seen (power 80 %).
    pub smallest_effect: Option<f64>,
    /// How many further runs are likely to decide; `None`: more runs of this job cannot.
    pub runs_needed: Option<usize>,
    /// Points that the base has and needs.
    pub points: (usize, usize),
    /// Where it is over without the change, too, and `p` is that of what the change adds: the places of
    /// the commits that brought the rest.
    pub carried: Option<Vec<u32>>,
}

impl Judgement {
    /// An answer without numbers.
    #[must_use]
    pub fn bare(verdict: Verdict, reason: Reason) -> Self {
        Self {
            verdict,
            reason: Some(reason),
            improved: false,
            p: None,
            outlying: None,
            effect: None,
            level: None,
            smallest_effect: None,
            runs_needed: None,
            points: (0, 0),
            carried: None,
        }
    }

    /// Whether this is an over that still has to pass the control over many series.
    #[must_use]
    pub fn is_over_by_test(&self) -> bool {
        self.verdict == Verdict::Over && self.p.is_some()
    }

    /// An over whose p-value did not survive the control over many series: a suspect, or what the base
    /// carries already.
    pub fn demote(&mut self) {
        if self.carried.is_some() {
            (self.verdict, self.reason) = (Verdict::Inherited, None);
            return;
        }
        self.verdict = Verdict::Unproven;
        self.reason = Some(Reason::Suspect);
        self.runs_needed = Some(self.runs_needed.unwrap_or(2));
    }
}

/// How the head differs from the base.
pub(super) struct Contrast {
    delta: f64,
    se: f64,
    /// One-sided 95 % bounds.
    low: f64,
    high: f64,
}

impl Contrast {
    /// δ̂ = θ_new − θ_base, se = 1.03 √(s_b² (VIF/m + 1/j) + extra), δ̂ ± t·se, j = 1: the runs of
    /// one commit are one cluster. Autocorrelation makes the mean of the base less certain; the
    /// head is one draw, whose variance s_b² is already that of the correlated noise.
    pub(super) fn new(base: &Base, head: &Head) -> Self {
        let noise = &base.noise;
        let variance = noise.sd.powi(2) * (noise.inflation / base.m as f64 + 1.0);
        let se = WIDENING * (variance + head.extra_variance).sqrt();
        let delta = head.centre - base.level;
        let reach = base.t(1.0 - ALPHA) * se;
        Self {
            delta,
            se,
            low: delta - reach,
            high: delta + reach,
        }
    }

    /// Standard error of the difference, on the working scale.
    pub(super) fn error(&self) -> f64 {
        self.se
    }

    /// One-sided 95 % bounds of the difference, on the working scale.
    pub(super) fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Whether the head may be one more point of the base.
    pub(super) fn agrees(&self, base: &Base) -> bool {
        self.delta.abs() <= base.t(1.0 - ALPHA / 2.0) * self.se
    }

    fn effect(&self, base: &Base) -> Option<(f64, f64, f64)> {
        let reach = base.t(1.0 - ALPHA / 2.0) * self.se;
        let (a, b) = (
            base.effect(self.delta - reach)?,
            base.effect(self.delta + reach)?,
        );
        Some((base.effect(self.delta)?, a.min(b), a.max(b)))
    }

    fn smallest(&self, base: &Base) -> Option<f64> {
        let reach = (base.t(1.0 - ALPHA / 2.0) + base.t(0.8)) * self.se;
        base.effect(reach).map(f64::abs)
    }
}

fn no_evidence_yet(base: &Base, head: &Head, min: &Minimum, points: usize) -> Option<Reason> {
    if points < min.points {
        Some(Reason::Learning)
    } else if head.ys.len() < min.runs {
        Some(Reason::TooFewRuns)
    } else if head.least_samples < min.samples {
        Some(Reason::TooFewSamples)
    } else if base.m == 0 {
        Some(Reason::Learning)
    } else {
        None
    }
}

fn skeleton(
    base: &Base,
    head: &Head,
    contrast: &Contrast,
    points: usize,
    min: &Minimum,
) -> Judgement {
    Judgement {
        verdict: Verdict::Unproven,
        reason: None,
        improved: false,
        p: None,
        outlying: None,
        effect: contrast.effect(base),
        level: Some(base.value(head.centre)),
        smallest_effect: contrast.smallest(base),
        runs_needed: None,
        points: (points, min.points),
        carried: None,
    }
}

/// What the series' own record says: how likely the head is slow only because it is an outlier.
/// One run may be; of two, both would have to be, the better one at least as far. The runs of one
/// job can be off together, so for more it is the share of commits that were as far off.
pub(super) fn own_record_p(base: &Base, head: &Head) -> f64 {
    let lone = |y: f64| base.noise.outlier_p(y - base.level);
    let weight = base.noise.weight_of_outliers(head.ys.len());
    let together = |y: f64| weight * base.noise.share_as_far(y - base.level);
    match head.ys.as_slice() {
        [one] => lone(*one),
        [a, b] => lone(a.min(*b)).powi(2).max(together(a.min(*b))),
        _ => together(head.centre),
    }
}

/// How far the head lies off in standard deviations of an unchanged head.
pub(super) fn outlying(base: &Base, head: &Head) -> f64 {
    let noise = &base.noise;
    let variance = noise.sd.powi(2) * (noise.inflation / base.m as f64 + 1.0);
    let centre = match head.ys.as_slice() {
        [a, b] => a.min(*b),
        _ => head.centre,
    };
    (centre - base.level) / (variance + head.extra_variance.max(0.0)).sqrt()
}

/// The least number of further jobs with t·se below the distance to the limit; `None` where even
/// a hundred could not, because the base has too few points.
fn jobs_that_decide(base: &Base, distance: f64) -> Option<usize> {
    let noise = &base.noise;
    (1..=100).find(|jobs| {
        let spread = noise.inflation / base.m as f64 + 1.0 / (1.0 + *jobs as f64);
        base.t(1.0 - ALPHA) * WIDENING * noise.sd * spread.sqrt() < distance.abs()
    })
}
