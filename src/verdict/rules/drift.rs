//! `drift`: all changes since a pinned commit together.

use super::{ALPHA, Judgement, WIDENING};
use crate::analysis::{Base, centre};
use crate::stats::student_t_sf;
use crate::verdict::{Reason, Verdict};

/// So many points are needed before a drift is judged.
pub const DRIFT_POINTS: usize = 20;
/// So many points around the anchor are needed to know its level.
const ANCHOR_POINTS: usize = 3;
/// One-sided level at which a drift is proven, before control over many series: it is asked at every
/// commit, and the answer must not be wrong once in a while.
pub(super) const DRIFT_ALPHA: f64 = 0.001;

/// What a drift is judged by, on the working scale: one value a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifted {
    /// Values around the anchor.
    pub then: Vec<f64>,
    /// The newest values.
    pub now: Vec<f64>,
    /// Variance of the link between the machines of the two; 0 on one machine.
    pub link_variance: f64,
    /// Variance that the newest values have beyond that of the base, because they have fewer runs.
    pub extra_variance: f64,
    /// How likely the newest values are outliers of the kind that their own history shows.
    pub outlier_p: f64,
    /// Where the head stands alone: how far it lies off in standard deviations, to be asked of all
    /// histories.
    pub outlying: Option<f64>,
}

/// Whether the newest values are proven to lie more than `margin` above those around the anchor:
/// δ̂ = θ_now − θ_then, se = 1.03 √(s² (1+φ)/(1−φ) (1/n_then + 1/n_now) + link), δ̂ ± t·se. Over at
/// α = 0.001, within at the one-sided 95 % bound.
#[must_use]
pub fn judge_drift(
    base: &Base,
    drifted: &Drifted,
    margin: f64,
    points: (usize, usize),
) -> Judgement {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::Learning);
    found.points = (points.0, points.1.max(DRIFT_POINTS));
    if found.points.0 < found.points.1 {
        return found;
    }
    if drifted.then.len() < ANCHOR_POINTS || drifted.now.is_empty() {
        found.reason = Some(Reason::AnchorNotMeasured);
        return found;
    }
    let (then, now) = (centre(&drifted.then), centre(&drifted.now));
    let noise = &base.noise;
    let share = 1.0 / drifted.then.len() as f64 + 1.0 / drifted.now.len() as f64;
    let variance = noise.sd.powi(2) * noise.inflation * share;
    let se = WIDENING * (variance + drifted.link_variance + drifted.extra_variance).sqrt();
    let delta = now - then;
    let reach = base.t(1.0 - ALPHA) * se;
    let wide = base.t(1.0 - ALPHA / 2.0) * se;
    if let (Some(effect), Some(a), Some(b)) = (
        base.effect(delta),
        base.effect(delta - wide),
        base.effect(delta + wide),
    ) {
        found.effect = Some((effect, a.min(b), a.max(b)));
    }
    found.level = Some(base.value(now));
    found.smallest_effect = base
        .effect((base.t(1.0 - DRIFT_ALPHA) + base.t(0.8)) * se)
        .map(f64::abs);
    let p = student_t_sf((delta - margin) / se, noise.df);
    found.p = Some(p);
    found.outlying = drifted.outlying;
    found.improved = delta + reach < 0.0 && drifted.outlier_p <= ALPHA;
    (found.verdict, found.reason) = if delta + reach < margin {
        (Verdict::Within, None)
    } else if p <= DRIFT_ALPHA && drifted.outlier_p <= ALPHA {
        (Verdict::Over, None)
    } else if p <= DRIFT_ALPHA {
        found.runs_needed = Some(2);
        (Verdict::Unproven, Some(Reason::Suspect))
    } else {
        (Verdict::Unproven, Some(Reason::BothSides))
    };
    found
}
