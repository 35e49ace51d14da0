//! The rules: pure functions of a base, a head and a limit.
//!
//! Formulas and their sources: `docs/method.md`. Bounds are one-sided 95 % each (from one 90 %
//! interval; equivalence logic, Schuirmann 1987): within needs U < δ, over needs L > δ.

use super::{Head, Reason, Verdict};
use crate::analysis::Base;
use crate::budget::{Minimum, Regress};
use crate::stats::student_t_sf;

/// Level of every test before control over many series.
pub(super) const ALPHA: f64 = 0.05;
/// Widens the interval for the median's lower efficiency at the head and the estimate of noise.
const WIDENING: f64 = 1.03;
/// So many runs of the head that all exceed `max` are over without any base.
const RUNS_THAT_DECIDE: usize = 3;

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
            effect: None,
            level: None,
            smallest_effect: None,
            runs_needed: None,
            points: (0, 0),
        }
    }

    /// Whether this is an over that still has to pass the control over many series.
    #[must_use]
    pub fn is_over_by_test(&self) -> bool {
        self.verdict == Verdict::Over && self.p.is_some()
    }

    /// An over whose p-value did not survive the control over many series.
    pub fn demote(&mut self) {
        self.verdict = Verdict::Unproven;
        self.reason = Some(Reason::Suspect);
        self.runs_needed = Some(self.runs_needed.unwrap_or(2));
    }
}

/// How the head differs from the base.
struct Contrast {
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
    fn new(base: &Base, head: &Head) -> Self {
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
        effect: contrast.effect(base),
        level: Some(base.value(head.centre)),
        smallest_effect: contrast.smallest(base),
        runs_needed: None,
        points: (points, min.points),
    }
}

/// The limit of one change: is the head worse than the base by more than the limit?
#[must_use]
pub fn judge_regress(
    base: &Base,
    head: &Head,
    rule: Regress,
    min: &Minimum,
    exact: bool,
) -> Judgement {
    let contrast = Contrast::new(base, head);
    let mut found = skeleton(base, head, &contrast, base.points, min);
    if exact {
        return judge_exact(base, head, rule, found, contrast.delta);
    }
    if let Some(reason) = no_evidence_yet(base, head, min, base.points) {
        found.reason = Some(reason);
        found.runs_needed = min.runs.checked_sub(head.ys.len()).filter(|n| *n > 0);
        return found;
    }
    let Some(margin) = base.margin(rule.limit) else {
        found.reason = Some(Reason::NoRelativeSize);
        return found;
    };
    found.improved = contrast.high < 0.0
        && (!head.is_lone() || mirrored_outlier_p(base, contrast.delta) <= ALPHA);
    let mut p = student_t_sf((contrast.delta - margin) / contrast.se, base.noise.df);
    p = p.max(outlier_p(base, head));
    found.p = Some(p);
    if contrast.high < margin {
        found.verdict = Verdict::Within;
        let warned = rule
            .warn
            .and_then(|warn| base.margin(warn))
            .is_some_and(|warn| contrast.delta > warn);
        found.reason = warned.then_some(Reason::Warned);
    } else if p <= ALPHA {
        found.verdict = Verdict::Over;
    } else if contrast.low > margin {
        found.reason = Some(Reason::Suspect);
        found.runs_needed = Some(2);
    } else {
        found.reason = Some(Reason::BothSides);
        found.runs_needed = jobs_that_decide(base, contrast.delta - margin);
    }
    found
}

/// Counters that never vary: the difference itself decides.
fn judge_exact(
    base: &Base,
    head: &Head,
    rule: Regress,
    mut found: Judgement,
    delta: f64,
) -> Judgement {
    found.effect = base.effect(delta).map(|effect| (effect, effect, effect));
    found.smallest_effect = Some(0.0);
    found.improved = delta < 0.0;
    let tolerance = 1e-9 * base.level.abs().max(1.0);
    let over = match base.margin(rule.limit) {
        Some(margin) => delta > margin + tolerance,
        None => head.centre > base.level,
    };
    found.verdict = if over { Verdict::Over } else { Verdict::Within };
    let warned = rule
        .warn
        .and_then(|warn| base.margin(warn))
        .is_some_and(|warn| delta > warn);
    found.reason = (!over && warned).then_some(Reason::Warned);
    found
}

/// The absolute limit: does the present level exceed it? `limit` in input units.
///
/// Where the head agrees with the base both give the level; else the head alone does.
#[must_use]
pub fn judge_max(
    base: &Base,
    head: &Head,
    limit: f64,
    min: &Minimum,
    exact: bool,
    points: usize,
) -> Judgement {
    let contrast = Contrast::new(base, head);
    let mut found = skeleton(base, head, &contrast, points, min);
    let top = base.working(limit);
    if !top.is_finite() {
        // A limit of 0 or less for values above 0: everything exceeds it, where lower is better.
        found.verdict = if base.sign > 0.0 {
            Verdict::Over
        } else {
            Verdict::Within
        };
        return found;
    }
    let exceeds = |y: f64| y > top;
    if exact {
        found.smallest_effect = Some(0.0);
        found.verdict = if exceeds(head.centre) {
            Verdict::Over
        } else {
            Verdict::Within
        };
        return found;
    }
    if let Some(reason) = no_evidence_yet(base, head, min, points) {
        return judge_max_by_ranks(head, exceeds, min, reason, found);
    }
    let agrees = contrast.delta.abs() <= base.t(1.0 - ALPHA / 2.0) * contrast.se;
    let weight = base.m as f64;
    let (level, variance) = if agrees {
        let level = (weight * base.level + head.centre) / (weight + 1.0);
        (
            level,
            base.noise.sd.powi(2) * base.noise.inflation / (weight + 1.0),
        )
    } else {
        (head.centre, base.noise.sd.powi(2) + head.extra_variance)
    };
    let se = WIDENING * variance.sqrt();
    let reach = base.t(1.0 - ALPHA) * se;
    found.level = Some(base.value(level));
    found.improved = contrast.high < 0.0 && !head.is_lone();
    let mut p = student_t_sf((level - top) / se, base.noise.df);
    if !agrees {
        p = p.max(outlier_p(base, head));
    }
    found.p = Some(p);
    if level + reach < top {
        found.verdict = Verdict::Within;
    } else if p <= ALPHA {
        found.verdict = Verdict::Over;
    } else if level - reach > top {
        found.reason = Some(Reason::Suspect);
        found.runs_needed = Some(2);
    } else {
        found.reason = Some(Reason::BothSides);
        found.runs_needed = jobs_that_decide(base, level - top);
    }
    found
}

/// Without a base to speak of, the runs themselves: three that all exceed are over; the centre is
/// proven below by binomial ranks, p = 2⁻ⁿ for n runs that are all below (so from the fifth).
fn judge_max_by_ranks(
    head: &Head,
    exceeds: impl Fn(f64) -> bool,
    min: &Minimum,
    reason: Reason,
    mut found: Judgement,
) -> Judgement {
    let (runs, over) = (
        head.ys.len(),
        head.ys.iter().filter(|y| exceeds(**y)).count(),
    );
    found.reason = Some(reason);
    if head.least_samples < min.samples || runs < min.runs {
        found.runs_needed = min.runs.checked_sub(runs).filter(|n| *n > 0);
    } else if over == runs && runs >= RUNS_THAT_DECIDE {
        found.verdict = Verdict::Over;
        found.reason = None;
    } else if over == 0 && 0.5_f64.powi(i32::try_from(runs).unwrap_or(i32::MAX)) <= ALPHA {
        found.verdict = Verdict::Within;
        found.reason = None;
    } else if over == runs {
        found.runs_needed = Some(RUNS_THAT_DECIDE - runs);
    }
    found
}

/// How likely the head is slow only because its runs are outliers. One run may be; of two, both
/// would have to be, the better one at least as far; the median of three or more is none.
fn outlier_p(base: &Base, head: &Head) -> f64 {
    let lone = |y: f64| base.noise.outlier_p(y - base.level);
    match head.ys.as_slice() {
        [one] => lone(*one),
        [a, b] => lone(a.min(*b)).powi(2).max(f64::MIN_POSITIVE),
        _ => 0.0,
    }
}

fn mirrored_outlier_p(base: &Base, delta: f64) -> f64 {
    let mut mirrored = base.noise.clone();
    mirrored.residuals.iter_mut().for_each(|r| *r = -*r);
    mirrored.outlier_p(-delta)
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
