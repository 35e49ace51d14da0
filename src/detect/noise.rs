//! How much one point scatters around its level, and how the scatter of neighbours hangs
//! together. Both from differences, so that steps of the level do not enter.

use crate::stats;

/// The noise of one series on its working scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    /// Marginal standard deviation of one point.
    pub(super) sigma: f64,
    /// Lag-1 autocorrelation; 0 where too small or not estimated.
    pub(super) phi: f64,
}

/// Below this autocorrelation the estimate is indistinguishable from none.
const PHI_FLOOR: f64 = 0.2;
/// Fewest points on which autocorrelation is estimated.
const PHI_POINTS: usize = 30;

pub(super) fn estimate(y: &[f64]) -> Noise {
    let differences = stats::difference_scale(y);
    let raw = differences.max(resolution(y) / 12.0_f64.sqrt());
    // Where nine neighbours in ten are equal the differences are steps, not noise.
    let phi = if differences > 0.0 {
        autocorrelation(y, raw)
    } else {
        0.0
    };
    if phi > PHI_FLOOR && y.len() >= PHI_POINTS {
        let phi = phi.min(0.9);
        return Noise {
            sigma: raw / (1.0 - phi).sqrt(),
            phi,
        };
    }
    Noise {
        sigma: raw,
        phi: 0.0,
    }
}

/// Smallest difference between two different values: what the clock or counter can tell apart.
/// 0 for a constant series.
fn resolution(y: &[f64]) -> f64 {
    let mut sorted = y.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let least = sorted
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|gap| *gap > 0.0)
        .fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.0 }
}

/// φ from E[d₂²]/E[d₁²] − 1, differences clipped at three standard deviations (after Chakar et
/// al., Bernoulli 2017, who use medians).
fn autocorrelation(y: &[f64], scale: f64) -> f64 {
    if y.len() < 4 || scale <= 0.0 {
        return 0.0;
    }
    let limit = 3.0 * scale * std::f64::consts::SQRT_2;
    let power = |lag: usize| {
        let sum: f64 = (lag..y.len())
            .map(|i| (y[i] - y[i - lag]).abs().min(limit).powi(2))
            .sum();
        sum / (y.len() - lag) as f64
    };
    let first = power(1);
    if first <= 0.0 {
        return 0.0;
    }
    (power(2) / first - 1.0).clamp(-1.0, 1.0)
}
