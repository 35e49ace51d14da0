//! Binomial order statistics: intervals for quantiles and shares without a model.

use super::distribution::beta_quantile;
use super::order::ascending;

/// P(X ≤ k) of a binomial variable, k from 0 to `upto` inclusive.
fn cumulative(n: usize, p: f64, upto: usize) -> Vec<f64> {
    let mut total = 0.0;
    let (ln_p, ln_q) = (p.ln(), (-p).ln_1p());
    let mut ln_choose = 0.0;
    (0..=upto.min(n))
        .map(|k| {
            if k > 0 {
                ln_choose += ((n - k + 1) as f64 / k as f64).ln();
            }
            total += (ln_choose + k as f64 * ln_p + (n - k) as f64 * ln_q).exp();
            total.min(1.0)
        })
        .collect()
}

/// Rank (from 1) of the order statistic of `n` independent values that is an upper bound of their
/// `p` quantile with the given one-sided confidence: the least u with P(Bin(n, p) ≤ u − 1) ≥
/// confidence. `None` where even the largest value is no such bound: too few values (59 are
/// needed for p95, 299 for p99). Hahn & Meeker, *Statistical Intervals*, 1991.
///
/// ```
/// use plimsoll::stats::upper_bound_rank;
/// assert_eq!(upper_bound_rank(59, 0.95, 0.95), Some(59));
/// assert_eq!(upper_bound_rank(58, 0.95, 0.95), None);
/// ```
#[must_use]
pub fn upper_bound_rank(n: usize, p: f64, confidence: f64) -> Option<usize> {
    if n == 0 || !(p > 0.0 && p < 1.0) {
        return None;
    }
    cumulative(n, p, n - 1)
        .iter()
        .position(|&at_most| at_most >= confidence)
        .map(|k| k + 1)
}

/// Interval for the median of the distribution that independent `values` were drawn from, by
/// binomial ranks: (low, high) with at least the given two-sided confidence. A bound that so few
/// values cannot give is infinite; 6 values are the fewest that give 95 %.
#[must_use]
pub fn centre_interval(values: &[f64], confidence: f64) -> (f64, f64) {
    let n = values.len();
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(ascending);
    match upper_bound_rank(n, 0.5, 0.5 + 0.5 * confidence) {
        Some(rank) => (sorted[n - rank], sorted[rank - 1]),
        None => (f64::NEG_INFINITY, f64::INFINITY),
    }
}

/// Interval of Clopper & Pearson (1934) for the share behind `k` hits in `n` independent trials,
/// with at least the given two-sided confidence. (0, 1) without trials.
#[must_use]
pub fn clopper_pearson(k: usize, n: usize, confidence: f64) -> (f64, f64) {
    if n == 0 || k > n {
        return (0.0, 1.0);
    }
    let tail = 0.5 * (1.0 - confidence);
    let low = if k == 0 {
        0.0
    } else {
        beta_quantile(tail, k as f64, (n - k + 1) as f64)
    };
    let high = if k == n {
        1.0
    } else {
        beta_quantile(1.0 - tail, (k + 1) as f64, (n - k) as f64)
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact results are expected")]

    use super::*;

    #[test]
    fn ranks_as_r_gives_them() {
        assert_eq!(upper_bound_rank(59, 0.95, 0.95), Some(59));
        assert_eq!(upper_bound_rank(100, 0.95, 0.95), Some(99));
        assert_eq!(upper_bound_rank(300, 0.99, 0.95), Some(300));
        assert_eq!(upper_bound_rank(500, 0.95, 0.95), Some(484));
        assert_eq!(upper_bound_rank(500, 0.99, 0.95), Some(499));
        assert_eq!(upper_bound_rank(1000, 0.95, 0.95), Some(962));
        assert_eq!(upper_bound_rank(1000, 0.99, 0.95), Some(996));
    }

    #[test]
    fn too_few_values_give_no_bound() {
        assert_eq!(upper_bound_rank(298, 0.99, 0.95), None);
        assert_eq!(upper_bound_rank(0, 0.5, 0.95), None);
        assert_eq!(
            centre_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }

    #[test]
    fn six_values_bound_the_centre_by_their_extremes() {
        let six = [4.0, 2.0, 6.0, 1.0, 3.0, 5.0];
        assert_eq!(centre_interval(&six, 0.95), (1.0, 6.0));
    }

    #[test]
    fn large_samples_agree_with_the_normal_approximation() {
        let rank = upper_bound_rank(100_000, 0.5, 0.95).unwrap() as f64;
        assert!(
            (rank - (50_000.0 + 1.645 * 25_000_f64.sqrt())).abs() < 2.0,
            "{rank}"
        );
    }

    #[test]
    fn clopper_pearson_as_r_gives_it() {
        // binom.test(3, 10)$conf.int
        let (low, high) = clopper_pearson(3, 10, 0.95);
        assert!((low - 0.066_739_51).abs() < 1e-7, "{low}");
        assert!((high - 0.652_452_85).abs() < 1e-7, "{high}");
        // No exceedance in 59 runs: an upper 97.5 % bound of 1 − .025^(1/59).
        let (low, high) = clopper_pearson(0, 59, 0.95);
        assert_eq!(low, 0.0);
        assert!((high - (1.0 - 0.025_f64.powf(1.0 / 59.0))).abs() < 1e-9);
        assert_eq!(clopper_pearson(0, 0, 0.95), (0.0, 1.0));
    }
}
