//! How cost grows with size: t = c0 + c1·n^k.

use super::distribution::{student_t_quantile, student_t_sf};

/// The fit of t = c0 + c1·n^k on ln t (Goldsmith, Aiken & Wilkerson 2007, with an overhead c0: a plain
/// log-log slope reads linear cost with overhead as an exponent of 0.6).
#[derive(Debug, Clone, PartialEq)]
pub struct PowerLaw {
    /// Overhead, at least 0.
    pub c0: f64,
    /// Factor, above 0.
    pub c1: f64,
    /// Exponent.
    pub k: f64,
    /// Values less 3.
    pub df: f64,
    rss: f64,
    /// Exponents that were tried with the residual sum of squares and the growth over all sizes.
    profile: Vec<(f64, f64, f64)>,
}

/// Exponents that are tried.
const STEP: f64 = 0.02;
const MOST: f64 = 6.0;
/// Residuals smaller than this (as a share of the value) are rounding.
const LEAST_ERROR: f64 = 1e-4;

/// For one exponent: least residual sum of squares over overhead and factor.
struct Slice {
    rss: f64,
    /// c0 ÷ c1.
    overhead: f64,
    ln_c1: f64,
}

fn at_exponent(n: &[f64], ln_t: &[f64], k: f64) -> Slice {
    let powers: Vec<f64> = n.iter().map(|n| n.powf(k)).collect();
    let evaluate = |overhead: f64| {
        let rest: Vec<f64> = powers
            .iter()
            .zip(ln_t)
            .map(|(power, ln_t)| ln_t - (overhead + power).ln())
            .collect();
        let mean = rest.iter().sum::<f64>() / rest.len() as f64;
        let rss = rest.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
        Slice {
            rss,
            overhead,
            ln_c1: mean,
        }
    };
    let (low, high) = powers
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), p| {
            (low.min(*p), high.max(*p))
        });
    let (from, to) = (low.ln() - 7.0, high.ln() + 7.0);
    let places: u32 = 24;
    let place = |i: f64| (from + (to - from) * i / f64::from(places)).exp();
    let mut best = evaluate(0.0);
    let mut at = None;
    for i in 0..=places {
        let slice = evaluate(place(f64::from(i)));
        if slice.rss < best.rss {
            (best, at) = (slice, Some(f64::from(i)));
        }
    }
    // Golden section between the neighbours of the best place.
    if let Some(at) = at {
        let golden = 0.618_033_988_749_895;
        let (mut a, mut b) = (at - 1.0, at + 1.0);
        for _ in 0..24 {
            let (c, d) = (b - golden * (b - a), a + golden * (b - a));
            if evaluate(place(c)).rss < evaluate(place(d)).rss {
                b = d;
            } else {
                a = c;
            }
        }
        let slice = evaluate(place(0.5 * (a + b)));
        if slice.rss < best.rss {
            best = slice;
        }
    }
    best
}

/// Fits sizes and times, all above 0, with 0 ≤ k ≤ 6. `None` with fewer than 4 values, other lengths
/// or fewer than 4 different sizes.
#[must_use]
pub fn power_law(n: &[f64], t: &[f64]) -> Option<PowerLaw> {
    let positive = |values: &[f64]| values.iter().all(|v| *v > 0.0 && v.is_finite());
    let mut sizes = n.to_vec();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    if n.len() != t.len() || sizes.len() < 4 || !positive(n) || !positive(t) {
        return None;
    }
    // Sizes relative to the smallest keep powers near 1.
    let unit = sizes[0];
    let scaled: Vec<f64> = n.iter().map(|n| n / unit).collect();
    let span = sizes[sizes.len() - 1] / unit;
    let ln_t: Vec<f64> = t.iter().map(|t| t.ln()).collect();
    let mut profile = Vec::new();
    let mut best: Option<(f64, Slice)> = None;
    for i in 1..=(MOST / STEP).round() as u32 {
        let k = f64::from(i) * STEP;
        let slice = at_exponent(&scaled, &ln_t, k);
        let growth = (slice.overhead + span.powf(k)) / (slice.overhead + 1.0);
        profile.push((k, slice.rss, growth));
        if best.as_ref().is_none_or(|(_, b)| slice.rss < b.rss) {
            best = Some((k, slice));
        }
    }
    let (k, slice) = best?;
    let df = n.len() as f64 - 3.0;
    let c1 = slice.ln_c1.exp();
    Some(PowerLaw {
        c0: c1 * slice.overhead,
        c1: c1 / unit.powf(k),
        k,
        df,
        rss: slice.rss.max(n.len() as f64 * LEAST_ERROR.powi(2)),
        profile,
    })
}

impl PowerLaw {
    /// Bounds of k with the given two-sided confidence, by the profile: all exponents whose residual
    /// sum of squares is at most RSS·(1 + t²/df).
    #[must_use]
    pub fn interval(&self, confidence: f64) -> (f64, f64) {
        let inside = |rss: f64| rss <= self.bound(confidence);
        let mut kept = self.profile.iter().filter(|(_, rss, _)| inside(*rss));
        let low = kept.next().map_or(self.k, |(k, _, _)| *k);
        let high = kept.next_back().map_or(low.max(self.k), |(k, _, _)| *k);
        (low.min(self.k), high.max(self.k))
    }

    /// The largest growth from the smallest to the largest size, as a ratio, of all fits inside the
    /// interval. Near 1 cost does not depend on size, and no exponent can be known.
    #[must_use]
    pub fn most_growth(&self, confidence: f64) -> f64 {
        self.profile
            .iter()
            .filter(|(_, rss, _)| *rss <= self.bound(confidence))
            .map(|(_, _, growth)| *growth)
            .fold(1.0, f64::max)
    }

    /// One-sided p-value that the exponent is above `k`: t = √((RSS(k) − RSS) df / RSS).
    #[must_use]
    pub fn p_above(&self, k: f64) -> f64 {
        let rss = self
            .profile
            .iter()
            .min_by(|a, b| (a.0 - k).abs().total_cmp(&(b.0 - k).abs()))
            .map_or(self.rss, |(_, rss, _)| *rss);
        let t = ((rss - self.rss).max(0.0) * self.df / self.rss).sqrt();
        let signed = if self.k > k { t } else { -t };
        student_t_sf(signed, self.df)
    }

    fn bound(&self, confidence: f64) -> f64 {
        let t = student_t_quantile(0.5 + 0.5 * confidence, self.df);
        self.rss * (1.0 + t * t / self.df)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f64; 7] = [10., 30., 100., 300., 1000., 3000., 10_000.];
    const NOISE: [f64; 7] = [0.01, -0.008, 0.004, 0.009, -0.012, 0.003, -0.005];

    fn times(law: impl Fn(f64) -> f64) -> Vec<f64> {
        SIZES
            .iter()
            .zip(NOISE)
            .map(|(n, e)| law(*n) * (1.0 + e))
            .collect()
    }

    #[test]
    fn overhead_does_not_hide_a_linear_cost() {
        let t = times(|n| 5000.0 + 3.0 * n);
        let fit = power_law(&SIZES, &t).unwrap();
        assert!((fit.k - 1.0).abs() < 0.08, "{}", fit.k);
        assert!((fit.c0 / 5000.0 - 1.0).abs() < 0.05 && (fit.c1 / 3.0 - 1.0).abs() < 0.8);
        let (low, high) = fit.interval(0.9);
        assert!(low < 1.0 && 1.0 < high && high < 1.15, "{low} {high}");
    }

    #[test]
    fn a_quadratic_cost_is_proven_above_linear() {
        let fit = power_law(&SIZES, &times(|n| 100.0 + n * n)).unwrap();
        assert!(fit.p_above(1.15) < 1e-3 && fit.p_above(2.5) > 0.99);
    }

    #[test]
    fn a_constant_cost_has_no_exponent_and_no_growth() {
        let fit = power_law(&SIZES, &times(|_| 50.0)).unwrap();
        assert!(fit.most_growth(0.9) < 1.2, "{}", fit.most_growth(0.9));
    }

    #[test]
    fn too_few_sizes_or_impossible_times() {
        assert_eq!(power_law(&[1., 2., 3.], &[1., 2., 3.]), None);
        assert_eq!(power_law(&[1., 1., 2., 2., 3.], &[1.; 5]), None);
        assert_eq!(power_law(&SIZES, &[0.0; 7]), None);
        assert_eq!(power_law(&SIZES, &[1.0; 3]), None);
    }
}
