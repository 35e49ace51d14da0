//! Points that are less precise than the others count less.
//!
//! A point carries the scatter between runs, which its own samples say nothing of, and its own
//! standard error. A point is therefore never worth more for many samples; one whose error
//! exceeds the usual is drawn towards its neighbours in the proportion in which its variance
//! exceeds theirs.

use super::Scale;
use super::noise;

/// Draws imprecise points of `y` towards the running median: the distance is divided by
/// √(1 + (e² − ē²)/s²), e the point's standard error, ē the median one, s the scale of a point. False
/// where no point is less precise than the usual, so that `y` is as it was.
pub(super) fn soften(
    y: &mut [f64],
    precision: &[f64],
    scale: Scale,
    spread: f64,
    work: &mut noise::Workspace,
) -> bool {
    let error = |(relative, y): (&f64, &f64)| {
        let error = match scale {
            Scale::Log => *relative,
            Scale::Linear => relative * y.abs(),
        };
        if error.is_finite() && error > 0.0 {
            error
        } else {
            0.0
        }
    };
    let known = precision.iter().zip(&*y).map(error).filter(|e| *e > 0.0);
    let Some(usual) = work.median(known) else {
        return false;
    };
    let blurred = precision.iter().zip(&*y).any(|own| error(own) > usual);
    if !blurred || spread <= 0.0 {
        return false;
    }
    let Some(medians) = work.running_median(y) else {
        return false;
    };
    for ((value, relative), middle) in y.iter_mut().zip(precision).zip(medians) {
        let error = error((relative, &*value));
        let excess = (error * error - usual * usual).max(0.0) / (spread * spread);
        *value = middle + (*value - middle) / (1.0 + excess).sqrt();
    }
    true
}
