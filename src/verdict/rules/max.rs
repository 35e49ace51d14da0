//! `max`: the absolute limit.

use super::{
    ALPHA, Contrast, Judgement, WIDENING, jobs_that_decide, no_evidence_yet, outlying,
    own_record_p, skeleton,
};
use crate::analysis::{Base, Course};
use crate::budget::Minimum;
use crate::stats::student_t_sf;
use crate::verdict::{Head, Reason, Verdict};

/// So many runs of the head that all exceed `max` are over without any base.
const RUNS_THAT_DECIDE: usize = 3;

/// The absolute limit: does the present level exceed it? `limit` in input units.
///
/// Where the head agrees with the base both give the level; else the head alone does. Where the level
/// moves inside its regime the newest values alone, the head among them, say where it stands.
#[must_use]
pub fn judge_max(
    base: &Base,
    head: &Head,
    limit: f64,
    min: &Minimum,
    exact: bool,
    points: usize,
    course: Option<Course>,
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
        let effect = base.effect(contrast.delta);
        found.effect = effect.map(|effect| (effect, effect, effect));
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
    let one = base.noise.sd.powi(2);
    let (together, variance) = match course {
        // The variance of a median of normal values is π/2 times that of their mean.
        Some(course) => {
            let values = course.newest as f64 / std::f64::consts::FRAC_PI_2;
            (course.now, one * base.noise.inflation / values)
        }
        None => {
            let weight = base.m as f64;
            let level = (weight * base.level + head.centre) / (weight + 1.0);
            (level, one * base.noise.inflation / (weight + 1.0))
        }
    };
    let agrees = match course {
        Some(course) => {
            let se = WIDENING * (one + variance + head.extra_variance).max(0.0).sqrt();
            (head.centre - course.now).abs() <= base.t(1.0 - ALPHA / 2.0) * se
        }
        None => contrast.agrees(base),
    };
    let (level, variance) = if agrees {
        (together, variance)
    } else {
        (head.centre, one + head.extra_variance)
    };
    let se = WIDENING * variance.sqrt();
    let reach = base.t(1.0 - ALPHA) * se;
    found.level = Some(base.value(level));
    found.improved = contrast.high < 0.0 && !head.is_lone();
    let p = student_t_sf((level - top) / se, base.noise.df);
    found.p = Some(p);
    let stands = stands_over(base, top);
    found.outlying = (!agrees && !stands).then(|| outlying(base, head));
    let believed = agrees || stands || own_record_p(base, head) <= ALPHA;
    if level + reach < top {
        found.verdict = Verdict::Within;
    } else if p <= ALPHA && believed {
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

/// Whether the newest points of the base exceed the limit, too, so many in a row that with the head
/// they are no outliers: the share q of other points beyond it, to the power of their number, is at
/// most 5 %. They are too few for a level of their own, and must not count as outliers of the old one.
fn stands_over(base: &Base, top: f64) -> bool {
    let beyond = |r: &&f64| base.level + **r > top;
    let residuals = &base.noise.residuals;
    let newest = residuals.iter().rev().take_while(beyond).count();
    let others = &residuals[..residuals.len() - newest];
    let far = others.iter().filter(beyond).count();
    let share = (1.0 + far as f64) / (1.0 + others.len() as f64);
    let in_a_row = i32::try_from(newest + 1).unwrap_or(i32::MAX);
    newest > 0 && !others.is_empty() && share.powi(in_a_row) <= ALPHA
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
