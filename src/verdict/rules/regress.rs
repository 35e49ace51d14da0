//! `regress`: the limit of one change.

use super::{
    ALPHA, Contrast, Judgement, jobs_that_decide, no_evidence_yet, outlying, own_record_p, skeleton,
};
use crate::analysis::Base;
use crate::budget::{Minimum, Regress};
use crate::stats::student_t_sf;
use crate::verdict::{Head, Reason, Verdict};

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
    let p = student_t_sf((contrast.delta - margin) / contrast.se, base.noise.df);
    found.p = Some(p);
    found.outlying = Some(outlying(base, head));
    if contrast.high < margin {
        found.verdict = Verdict::Within;
        let warned = rule
            .warn
            .and_then(|warn| base.margin(warn))
            .is_some_and(|warn| contrast.delta > warn);
        found.reason = warned.then_some(Reason::Warned);
    } else if p <= ALPHA && own_record_p(base, head) <= ALPHA {
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

fn mirrored_outlier_p(base: &Base, delta: f64) -> f64 {
    let mut mirrored = base.noise.clone();
    mirrored.run_residuals.iter_mut().for_each(|r| *r = -*r);
    mirrored.outlier_p(-delta)
}
