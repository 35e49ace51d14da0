//! How sure one change is, the search over all its places accounted for.

use crate::stats;

/// ν of Siegmund (1985) in the closed approximation of Siegmund & Yakir (2007).
fn nu(x: f64) -> f64 {
    if x < 1e-6 {
        return 1.0;
    }
    let half = 0.5 * x;
    let cumulative = stats::normal_cdf(half);
    (2.0 / x) * (cumulative - 0.5) / (half * cumulative + stats::normal_pdf(half))
}

/// p-value of the largest standardised difference of means over all splits of `m` points, t²
/// being the square of the two-sample statistic at the best split (James, James & Siegmund,
/// Biometrika 1987), for noise whose long-run variance is `run` times its marginal one: t² is
/// already divided by it.
///
/// The sum over splits is taken term by term for the first few from either end, where the terms
/// change fast, and in blocks of growing width further in.
pub(super) fn maximal_p(t_squared: f64, m: usize, run: f64) -> f64 {
    let df = (m as f64 - 2.0) / run.sqrt();
    if df <= 0.0 || t_squared <= 0.0 || t_squared.is_nan() {
        return 1.0;
    }
    let b = (df * (t_squared / df).ln_1p()).sqrt() * (1.0 - 3.0 / (4.0 * df)).max(0.25);
    if b > 37.0 {
        return 0.0;
    }
    let total = m as f64;
    let term = |k: f64| {
        let share = total / (k * (total - k));
        share * nu(b * (share * run).sqrt())
    };
    let half = (m - 1) / 2;
    let mut sum = 0.0;
    let mut k = 1;
    while k <= half {
        let width = (k / 4).max(1).min(half + 1 - k);
        sum += width as f64 * term(k as f64 + 0.5 * (width - 1) as f64);
        k += width;
    }
    sum *= 2.0;
    if m.is_multiple_of(2) {
        sum += term(0.5 * total);
    }
    (b * stats::normal_pdf(b) * sum + 2.0 * stats::normal_sf(b)).min(1.0)
}

/// Square of the two-sample statistic of `scores` at the best split and that split. `None` where
/// nothing varies.
pub(super) fn best_split(scores: &[f64]) -> Option<(f64, usize)> {
    let m = scores.len();
    if m < 3 {
        return None;
    }
    let mean = scores.iter().sum::<f64>() / m as f64;
    let (mut running, mut total) = (0.0, 0.0);
    let mut best = (0.0, 0);
    for (k, value) in scores.iter().enumerate() {
        let centred = value - mean;
        running += centred;
        total += centred * centred;
        if k + 1 < m {
            let left = (k + 1) as f64;
            let statistic = running * running / (left * (m as f64 - left));
            if statistic > best.0 {
                best = (statistic, k + 1);
            }
        }
    }
    if total <= 0.0 {
        return None;
    }
    let share = (best.0 * m as f64 / total).min(1.0 - 1e-12);
    Some((share * (m as f64 - 2.0) / (1.0 - share), best.1))
}

/// The least p that splitting m points after k can have, whatever the values: two of the C(m, k)
/// arrangements are as extreme.
pub(super) fn attainable(m: usize, k: usize) -> f64 {
    let k = k.min(m - k);
    let mut ways = 1.0_f64;
    for i in 0..k {
        ways *= (m - i) as f64 / (i + 1) as f64;
        if ways > 1e12 {
            return 0.0;
        }
    }
    (2.0 / ways).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_statistics_are_surer() {
        let p: Vec<f64> = [1.0, 4.0, 9.0, 16.0, 25.0, 100.0]
            .iter()
            .map(|t| maximal_p(*t, 100, 1.0))
            .collect();
        assert!(p.windows(2).all(|pair| pair[1] <= pair[0]), "{p:?}");
        assert!(p[5] < 1e-10);
    }

    #[test]
    fn longer_series_need_more() {
        assert!(maximal_p(12.0, 1000, 1.0) > maximal_p(12.0, 50, 1.0));
    }

    #[test]
    fn blocks_of_terms_give_the_sum_of_all() {
        for m in [12, 13, 50, 201, 1000] {
            let (b, total) = (3.5_f64, m as f64);
            let sum: f64 = (1..m)
                .map(|k| {
                    let share = total / (k as f64 * (m - k) as f64);
                    share * nu(b * share.sqrt())
                })
                .sum();
            let all = b * stats::normal_pdf(b) * sum + 2.0 * stats::normal_sf(b);
            let df = total - 2.0;
            let t_squared = df * ((b / (1.0 - 3.0 / (4.0 * df))).powi(2) / df).exp_m1();
            let blocks = maximal_p(t_squared, m, 1.0);
            assert!((blocks / all - 1.0).abs() < 0.01, "{m}: {blocks} {all}");
        }
    }

    #[test]
    fn attainability_of_short_splits() {
        assert!((attainable(103, 1) - 2.0 / 103.0).abs() < 1e-12);
        assert!((attainable(10, 5) - 2.0 / 252.0).abs() < 1e-12);
        assert!(attainable(200, 50) < 1e-9);
    }
}
