//! `creep`: growth in a window that is made of slope and steps too small to alarm one by one.

use super::Judgement;
use crate::analysis::{CreepFound, Windowed, measure_creep};
use crate::verdict::{Reason, Verdict};

/// So many commits are needed before a trend is believed.
pub const CREEP_POINTS: usize = 20;
/// One-sided level at which a creep is proven, before control over many series.
pub(super) const CREEP_ALPHA: f64 = 0.01;

/// Judges a creep: over where the growth of the window is proven above `margin`. That also proves the
/// trend: one test, since Mann–Kendall's S of y − b·x falls as b grows. All on the working scale;
/// `alarms` is the size from which a step is the business of `regress`; `least` points are needed
/// besides the last `head` of the window, which are the change that is judged.
#[must_use]
pub fn judge_creep(
    window: &Windowed,
    margin: f64,
    alarms: f64,
    (least, head): (usize, usize),
) -> (Judgement, Option<CreepFound>) {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::Learning);
    found.points = (window.y.len().saturating_sub(head), least.max(CREEP_POINTS));
    if found.points.0 < found.points.1 {
        return (found, None);
    }
    let Some(creep) = measure_creep(window, alarms).filter(|creep| creep.span > 0.0) else {
        found.reason = Some(Reason::Unattainable);
        return (found, None);
    };
    let p = creep.trend.p_above(margin / creep.span);
    found.p = Some(p);
    found.reason = None;
    if p <= CREEP_ALPHA {
        found.verdict = Verdict::Over;
    } else if creep.growth.2 < margin {
        found.verdict = Verdict::Within;
    } else if creep.trend.least_p() > CREEP_ALPHA {
        found.reason = Some(Reason::Unattainable);
    } else {
        found.reason = Some(Reason::BothSides);
    }
    found.improved = found.verdict == Verdict::Within && creep.trend.p_below(0.0) <= CREEP_ALPHA;
    (found, Some(creep))
}
