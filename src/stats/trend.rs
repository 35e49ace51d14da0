//! Monotone trends: Theil–Sen slope and the Mann–Kendall test.

use super::distribution::{normal_quantile, normal_sf};
use super::order::{ascending, median, median_in_place};

/// Slope of Theil (1950) and Sen (1968).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TheilSen {
    /// Median of the slopes of all pairs, in units of y per unit of x.
    pub slope: f64,
    /// Median of y − slope·x.
    pub intercept: f64,
    /// Lower bound of the slope.
    pub low: f64,
    /// Upper bound of the slope.
    pub high: f64,
}

/// Mann–Kendall test (Mann 1945; Kendall 1975), corrected for lag-1 autocorrelation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    /// Concordant minus discordant pairs.
    pub s: f64,
    /// Variance of `s` under independence, ties accounted for.
    pub variance: f64,
    /// What the variance was multiplied by for autocorrelation; 1 for independent values.
    pub factor: f64,
    /// The statistic, with continuity correction, against the standard normal.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// Slopes of all pairs with different x, in no order.
fn pair_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mut slopes = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    for i in 0..n {
        for j in i + 1..n {
            let apart = x[j] - x[i];
            if apart.abs() > 0.0 {
                slopes.push((y[j] - y[i]) / apart);
            }
        }
    }
    slopes
}

/// Sum over tied groups of t(t−1)(2t+5).
fn tie_term(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(ascending);
    sorted
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .map(|group| {
            let t = group.len() as f64;
            t * (t - 1.0) * (2.0 * t + 5.0)
        })
        .sum()
}

pub(super) fn kendall_variance(y: &[f64]) -> f64 {
    let n = y.len() as f64;
    (n * (n - 1.0) * (2.0 * n + 5.0) - tie_term(y)) / 18.0
}

/// Theil–Sen slope of `y` on `x` (real time, say) with an interval of the given two-sided
/// confidence from the variance of Kendall's S (Sen 1968), that variance multiplied by `factor`
/// for autocorrelated values (1: independent; see [`mann_kendall`]). `None` when the lengths
/// differ or fewer than 2 values of x differ. Quadratic in time and memory.
#[must_use]
pub fn theil_sen(x: &[f64], y: &[f64], confidence: f64, factor: f64) -> Option<TheilSen> {
    if x.len() != y.len() {
        return None;
    }
    let mut slopes = pair_slopes(x, y);
    if slopes.is_empty() {
        return None;
    }
    slopes.sort_unstable_by(ascending);
    let pairs = slopes.len();
    let slope = if pairs % 2 == 1 {
        slopes[pairs / 2]
    } else {
        0.5 * (slopes[pairs / 2 - 1] + slopes[pairs / 2])
    };
    let reach =
        normal_quantile(0.5 + 0.5 * confidence) * (factor.max(1.0) * kendall_variance(y)).sqrt();
    let rank = |place: f64| place.round().clamp(1.0, pairs as f64) as usize - 1;
    let low = slopes[rank((pairs as f64 - reach) / 2.0)];
    let high = slopes[rank((pairs as f64 + reach) / 2.0 + 1.0)];
    let mut rest: Vec<f64> = x.iter().zip(y).map(|(x, y)| y - slope * x).collect();
    Some(TheilSen {
        slope,
        intercept: median_in_place(&mut rest)?,
        low,
        high,
    })
}

/// Factor by which lag-1 autocorrelation widens the variance of Kendall's S: with r₁ of the
/// residuals, r* = clamp((n r₁ + 2)/(n − 4), 0, 0.95) and f = 1 + 2 Σ (1 − k/n) r*ᵏ, after
/// Yue & Wang (2004). 1 for fewer than 5 residuals.
#[must_use]
pub fn autocorrelation_factor(residuals: &[f64]) -> f64 {
    let count = residuals.len();
    if count < 5 {
        return 1.0;
    }
    let n = count as f64;
    let mean = residuals.iter().sum::<f64>() / n;
    let total: f64 = residuals.iter().map(|e| (e - mean) * (e - mean)).sum();
    if total <= 0.0 {
        return 1.0;
    }
    let lagged: f64 = residuals
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    let r = ((n * lagged / total + 2.0) / (n - 4.0)).clamp(0.0, 0.95);
    let mut power = 1.0;
    let mut factor = 1.0;
    for k in 1..count {
        power *= r;
        factor += 2.0 * (1.0 - k as f64 / n) * power;
    }
    factor
}

/// Mann–Kendall test of `y` against a monotone trend in `x`, the variance of S multiplied by
/// [`autocorrelation_factor`] of the residuals from the Theil–Sen line. `None` where
/// [`theil_sen`] is.
///
/// The correction of Hamed & Rao (1998) is not used: at 20 to 100 points it gives 10–27 % false
/// trends.
#[must_use]
pub fn mann_kendall(x: &[f64], y: &[f64]) -> Option<MannKendall> {
    if x.len() != y.len() {
        return None;
    }
    let mut slopes = pair_slopes(x, y);
    // Kendall's S counts signs of slopes: equal x or equal y count as nothing.
    let s: f64 = slopes
        .iter()
        .map(|slope| {
            if *slope > 0.0 {
                1.0
            } else if *slope < 0.0 {
                -1.0
            } else {
                0.0
            }
        })
        .sum();
    let slope = median_in_place(&mut slopes)?;
    let start = median(x)?;
    let residuals: Vec<f64> = x
        .iter()
        .zip(y)
        .map(|(x, y)| y - slope * (x - start))
        .collect();
    let variance = kendall_variance(y);
    let factor = autocorrelation_factor(&residuals);
    let sd = (factor * variance).sqrt();
    let z = if sd > 0.0 && s.abs() > 0.5 {
        (s - s.signum()) / sd
    } else {
        0.0
    };
    Some(MannKendall {
        s,
        variance,
        factor,
        z,
        p: (2.0 * normal_sf(z.abs())).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact results are expected")]

    use super::*;

    /// Annual flow of the Nile at Aswan, 1871–1970 (R `datasets::Nile`).
    const NILE: [f64; 100] = [
        1120., 1160., 963., 1210., 1160., 1160., 813., 1230., 1370., 1140., 995., 935., 1110.,
        994., 1020., 960., 1180., 799., 958., 1140., 1100., 1210., 1150., 1250., 1260., 1220.,
        1030., 1100., 774., 840., 874., 694., 940., 833., 701., 916., 692., 1020., 1050., 969.,
        831., 726., 456., 824., 702., 1120., 1100., 832., 764., 821., 768., 845., 864., 862., 698.,
        845., 744., 796., 1040., 759., 781., 865., 845., 944., 984., 897., 822., 1010., 771., 676.,
        649., 846., 812., 742., 801., 1040., 860., 874., 848., 890., 744., 749., 838., 1050., 918.,
        986., 797., 923., 975., 815., 1020., 906., 901., 1170., 912., 746., 919., 718., 714., 740.,
    ];

    fn years() -> Vec<f64> {
        (0..100).map(f64::from).collect()
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    #[test]
    fn sen_slope_of_the_nile_as_r_gives_it() {
        let fit = theil_sen(&years(), &NILE, 0.95, 1.0).unwrap();
        close(fit.slope, -2.6, 1e-9);
        close(fit.low, -3.627_907, 1e-6);
        close(fit.high, -1.428_571, 1e-6);
    }

    #[test]
    fn mann_kendall_of_the_nile() {
        let test = mann_kendall(&years(), &NILE).unwrap();
        close(test.s, -1387.0, 0.0);
        close(test.variance, 112_728.333_3, 1e-3);
        close((test.s + 1.0) / test.variance.sqrt(), -4.128_066_5, 1e-7);
        close(test.factor, 2.374_141_040, 1e-6);
        close(test.z, -2.679_127_792, 1e-6);
        close(test.p, 0.007_381_421_689, 1e-8);
    }

    #[test]
    fn a_constant_series_has_no_trend() {
        let x = years();
        let test = mann_kendall(&x, &[3.0; 100]).unwrap();
        assert_eq!((test.s, test.z, test.p), (0.0, 0.0, 1.0));
        assert_eq!(theil_sen(&x, &[3.0; 100], 0.95, 1.0).unwrap().slope, 0.0);
    }

    #[test]
    fn too_little_to_tell() {
        assert_eq!(theil_sen(&[], &[], 0.95, 1.0), None);
        assert_eq!(theil_sen(&[1.0], &[2.0], 0.95, 1.0), None);
        assert_eq!(theil_sen(&[1.0, 1.0], &[2.0, 3.0], 0.95, 1.0), None);
        assert_eq!(mann_kendall(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(autocorrelation_factor(&[1.0, 2.0]), 1.0);
    }

    #[test]
    fn one_outlier_does_not_turn_the_slope() {
        let x: Vec<f64> = (0..20).map(f64::from).collect();
        let mut y: Vec<f64> = x.iter().map(|x| 2.0 * x).collect();
        y[19] = -1000.0;
        close(theil_sen(&x, &y, 0.95, 1.0).unwrap().slope, 2.0, 1e-12);
    }
}
