//! Trends inside blocks: levels may differ from block to block for reasons that are known, so only
//! pairs of values of one block are compared.

use super::distribution::{normal_quantile, normal_sf};
use super::order::{ascending, median};
use super::trend::{autocorrelation_factor, kendall_variance};

/// Theil–Sen slope and Mann–Kendall test over blocks (Sen 1968; Mann 1945; blocks after Hirsch,
/// Slack & Smith, *Water Resources Research* 1982: S and its variance add up over blocks).
#[derive(Debug, Clone, PartialEq)]
pub struct BlockTrend {
    /// Median of the slopes of all pairs inside blocks.
    pub slope: f64,
    /// Variance of S was multiplied by this for autocorrelation, see [`autocorrelation_factor`].
    pub factor: f64,
    /// Median of y − slope·x of each block; NaN for an empty one.
    pub levels: Vec<f64>,
    /// Slopes of all pairs with different x, ascending.
    slopes: Vec<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    bounds: Vec<usize>,
}

/// Fits a common slope of `y` on `x` in blocks that begin at `starts` (ascending indices; 0 need not
/// be there). `None` when lengths differ, a value is not finite, or no pair has different x.
/// Quadratic in the size of the blocks.
#[must_use]
pub fn trend_in_blocks(x: &[f64], y: &[f64], starts: &[usize]) -> Option<BlockTrend> {
    if x.len() != y.len() || !x.iter().chain(y).all(|value| value.is_finite()) {
        return None;
    }
    let mut bounds = vec![0];
    bounds.extend(starts.iter().copied().filter(|at| *at > 0 && *at < x.len()));
    bounds.push(x.len());
    bounds.dedup();
    let mut slopes = Vec::new();
    for block in bounds.windows(2) {
        for i in block[0]..block[1] {
            for j in i + 1..block[1] {
                let apart = x[j] - x[i];
                if apart.abs() > 0.0 {
                    slopes.push((y[j] - y[i]) / apart);
                }
            }
        }
    }
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_unstable_by(ascending);
    let pairs = slopes.len();
    let slope = 0.5 * slopes[(pairs - 1) / 2] + 0.5 * slopes[pairs / 2];
    let mut levels = Vec::new();
    let mut residuals = Vec::with_capacity(x.len());
    for block in bounds.windows(2) {
        let rest: Vec<f64> = (block[0]..block[1]).map(|i| y[i] - slope * x[i]).collect();
        let level = median(&rest).unwrap_or(f64::NAN);
        residuals.extend(rest.iter().map(|r| r - level));
        levels.push(level);
    }
    let factor = autocorrelation_factor(&residuals);
    // Values so large that their squares or slopes are beyond all numbers have no trend.
    if !factor.is_finite() || !slopes.iter().all(|slope| slope.is_finite()) {
        return None;
    }
    Some(BlockTrend {
        slope,
        factor,
        levels,
        slopes,
        x: x.to_vec(),
        y: y.to_vec(),
        bounds,
    })
}

impl BlockTrend {
    /// One-sided p-value that the slope is above `slope`: Mann–Kendall's z of y − slope·x with
    /// continuity correction, its variance corrected for ties and autocorrelation. It falls as the
    /// asked slope falls, so a slope proven above a positive one is also a proven rise.
    #[must_use]
    pub fn p_above(&self, slope: f64) -> f64 {
        normal_sf(self.z(slope))
    }

    /// One-sided p-value that the slope is below `slope`.
    #[must_use]
    pub fn p_below(&self, slope: f64) -> f64 {
        normal_sf(-self.z(slope))
    }

    fn z(&self, slope: f64) -> f64 {
        let above = self.slopes.iter().filter(|own| **own > slope).count() as f64;
        let below = self.slopes.iter().filter(|own| **own < slope).count() as f64;
        let sd = self.sd(slope);
        let s = above - below;
        if sd > 0.0 && s.abs() > 0.5 {
            (s - s.signum()) / sd
        } else {
            0.0
        }
    }

    /// The least one-sided p-value that so many values can give: all pairs rise.
    #[must_use]
    pub fn least_p(&self) -> f64 {
        let sd = self.sd(self.slope);
        if sd > 0.0 {
            normal_sf((self.slopes.len() as f64 - 1.0) / sd)
        } else {
            0.5
        }
    }

    /// Bounds of the slope with the given two-sided confidence (Sen 1968).
    #[must_use]
    pub fn interval(&self, confidence: f64) -> (f64, f64) {
        let pairs = self.slopes.len();
        let reach = normal_quantile(0.5 + 0.5 * confidence) * self.sd(self.slope);
        let rank = |place: f64| place.round().clamp(1.0, pairs as f64) as usize;
        let rank = |place: f64| rank(place).saturating_sub(1);
        let low = rank((pairs as f64 - reach) / 2.0);
        let high = rank((pairs as f64 + reach) / 2.0 + 1.0);
        (self.slopes[low], self.slopes[high])
    }

    fn sd(&self, slope: f64) -> f64 {
        let variance: f64 = self
            .bounds
            .windows(2)
            .map(|block| {
                let rest: Vec<f64> = (block[0]..block[1])
                    .map(|i| self.y[i] - slope * self.x[i])
                    .collect();
                kendall_variance(&rest)
            })
            .sum();
        (self.factor * variance).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{mann_kendall, theil_sen};

    fn noise(i: usize) -> f64 {
        ((i * i * 37 + 11) % 53) as f64 / 53.0 - 0.5
    }

    #[test]
    fn one_block_is_the_plain_trend() {
        let x: Vec<f64> = (0..50).map(|i| f64::from(i) * 1.5).collect();
        let y: Vec<f64> = (0..50).map(|i| 0.01 * i as f64 + noise(i)).collect();
        let plain = theil_sen(&x, &y, 0.9, mann_kendall(&x, &y).unwrap().factor).unwrap();
        let blocks = trend_in_blocks(&x, &y, &[]).unwrap();
        assert!((plain.slope - blocks.slope).abs() < 1e-12);
        let (low, high) = blocks.interval(0.9);
        assert!((plain.low - low).abs() < 1e-12 && (plain.high - high).abs() < 1e-12);
        let test = mann_kendall(&x, &y).unwrap();
        assert!((2.0 * blocks.p_above(0.0).min(1.0 - blocks.p_above(0.0)) - test.p).abs() < 1e-3);
    }

    #[test]
    fn a_step_between_blocks_is_no_trend() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        let y: Vec<f64> = (0..40)
            .map(|i| noise(i) * 0.01 + if i < 20 { 0.0 } else { 1.0 })
            .collect();
        let plain = trend_in_blocks(&x, &y, &[]).unwrap();
        let apart = trend_in_blocks(&x, &y, &[20]).unwrap();
        assert!(apart.slope.abs() < 0.1 * plain.slope);
        assert!(apart.p_above(0.0) > 0.05);
        assert!((apart.levels[1] - apart.levels[0] - 1.0).abs() < 0.02);
    }

    #[test]
    fn the_p_value_falls_with_the_asked_slope() {
        let x: Vec<f64> = (0..30).map(f64::from).collect();
        let y: Vec<f64> = (0..30).map(|i| 0.1 * i as f64 + noise(i)).collect();
        let trend = trend_in_blocks(&x, &y, &[]).unwrap();
        assert!(trend.p_above(0.0) < trend.p_above(0.09));
        assert!(trend.p_above(0.2) > 0.95);
        assert!(trend.least_p() <= trend.p_above(-1.0));
    }

    #[test]
    fn too_little_and_nothing_that_moves() {
        assert_eq!(trend_in_blocks(&[], &[], &[]), None);
        assert_eq!(trend_in_blocks(&[1.0, 2.0], &[1.0], &[]), None);
        for odd in [f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
            assert_eq!(
                trend_in_blocks(&[1.0, 2.0, 3.0], &[1.0, 2.0, odd], &[]),
                None
            );
        }
        assert_eq!(trend_in_blocks(&[1.0, 2.0], &[1.0, 2.0], &[1]), None);
        let flat = trend_in_blocks(&[1.0, 2.0, 3.0], &[5.0; 3], &[]).unwrap();
        assert!((flat.p_above(0.0) - 0.5).abs() < 1e-12);
    }
}
