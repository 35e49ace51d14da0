//! Points that are less precise than the others count less.
//!
//! A point carries the scatter between runs, which its own samples say nothing of, and its own
//! standard error. A point is therefore never worth more for many samples; one whose error
//! exceeds the usual is drawn towards its neighbours in the proportion in which its variance
//! exceeds theirs.

use super::Scale;
use super::noise;
use crate::stats;

/// `y` with imprecise points drawn towards the running median: the distance is divided by
/// √(1 + (e² − ē²)/s²), e the point's standard error, ē the median one, s the scale of a point.
pub(super) fn soften(
    y: &mut [f64],
    precision: &[f64],
    scale: Scale,
    spread: f64,
    work: &mut noise::Workspace,
) {
    let error = |i: usize, y: f64| {
        let relative = precision[i];
        let error = match scale {
            Scale::Log => relative,
            Scale::Linear => relative * y.abs(),
        };
        if error.is_finite() && error > 0.0 {
            error
        } else {
            0.0
        }
    };
    let errors: Vec<f64> = y.iter().enumerate().map(|(i, y)| error(i, *y)).collect();
    let known: Vec<f64> = errors.iter().copied().filter(|e| *e > 0.0).collect();
    let Some(usual) = stats::median(&known) else {
        return;
    };
    if spread <= 0.0 || !noise::running_median(y, work) {
        return;
    }
    for ((value, error), middle) in y.iter_mut().zip(&errors).zip(work.medians()) {
        let excess = (error * error - usual * usual).max(0.0) / (spread * spread);
        *value = middle + (*value - middle) / (1.0 + excess).sqrt();
    }
}
