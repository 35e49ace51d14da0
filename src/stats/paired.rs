//! Paired differences: how far apart two builds are that were measured side by side.

use super::distribution::student_t_quantile;
use super::rank::{Estimate, signed_rank, walsh};

/// What n paired differences say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedShift {
    /// Number of pairs.
    pub n: usize,
    /// Centre of the differences (Hodges & Lehmann 1963, the median of the Walsh averages) with the
    /// exact 95 % interval of the signed rank test. Bounds are infinite for fewer than 6 pairs.
    pub shift: Estimate,
    /// One-sided 95 % bounds, from the exact 90 % interval. Infinite for fewer than 5 pairs.
    pub bounds: (f64, f64),
    /// Two-sided p-value of "no shift" (Wilcoxon 1945); 1 where no pair differs.
    pub p: f64,
    /// The smallest shift that so many pairs of such noise would have shown: power 80 %, two-sided
    /// 5 %. (t₀.₉₇₅ + t₀.₈)·se with n − 1 degrees of freedom, se being half the width of the 95 %
    /// interval over t₀.₉₇₅. `None` for fewer than 6 pairs.
    pub smallest: Option<f64>,
}

/// Summary of paired differences. `None` without any.
#[must_use]
pub fn paired_shift(differences: &[f64]) -> Option<PairedShift> {
    let shift = walsh(differences, 0.95)?;
    let ninety = walsh(differences, 0.90)?;
    let half = 0.5 * (shift.high - shift.low);
    let df = differences.len() as f64 - 1.0;
    let smallest = half.is_finite().then(|| {
        let t = student_t_quantile(0.975, df);
        half * (t + student_t_quantile(0.8, df)) / t
    });
    Some(PairedShift {
        n: differences.len(),
        shift,
        bounds: (ninety.low, ninety.high),
        p: signed_rank(differences).map_or(1.0, |test| test.p),
        smallest,
    })
}

/// One-sided p-value that the centre of paired differences exceeds `margin`: the signed rank test
/// of dᵢ − margin. Its least value is 2⁻ⁿ, n being the pairs that are not equal to the margin. 1
/// without such a pair.
#[must_use]
pub fn p_above(differences: &[f64], margin: f64) -> f64 {
    let moved: Vec<f64> = differences.iter().map(|d| d - margin).collect();
    signed_rank(&moved).map_or(1.0, |test| test.p_greater)
}

/// The least number of pairs whose p-value 2⁻ⁿ can reach `alpha` after control over `series` tests
/// (Benjamini–Hochberg with one true regression): 5, 8, 11, 15 for 1, 10, 100, 1000 at 5 %.
#[must_use]
pub fn pairs_needed(alpha: f64, series: usize) -> usize {
    let level = alpha / series.max(1) as f64;
    (1..).find(|n| 0.5_f64.powi(*n) <= level).unwrap_or(1) as usize
}

#[cfg(test)]
mod tests {
    #![allow(clippy::approx_constant, reason = "3.14 is a published score")]

    use super::*;
    use proptest::prelude::*;

    /// Hollander & Wolfe's depression scores, as `?wilcox.test` of R has them.
    fn depression() -> Vec<f64> {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        before.iter().zip(after).map(|(b, a)| b - a).collect()
    }

    #[test]
    fn shift_and_bounds_as_r_gives_them() {
        let found = paired_shift(&depression()).unwrap();
        assert!((found.shift.value - 0.46).abs() < 1e-9);
        assert!((found.shift.low - 0.010).abs() < 1e-9);
        assert!((found.shift.high - 0.786).abs() < 1e-9);
        assert!((found.p - 0.039_062_5).abs() < 1e-12);
        assert!((found.bounds.0 - 0.175).abs() < 1e-9);
        assert!((p_above(&depression(), 0.0) - 0.019_531_25).abs() < 1e-12);
    }

    #[test]
    fn the_log_ratio_as_r_gives_it() {
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30_f64];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29_f64];
        let d: Vec<f64> = before
            .iter()
            .zip(after)
            .map(|(b, a)| b.ln() - a.ln())
            .collect();
        let found = paired_shift(&d).unwrap();
        assert!((found.shift.value.exp() - 1.384_684).abs() < 1e-6);
        assert!((found.bounds.0.exp() - 1.063_031).abs() < 1e-6);
        assert!((found.bounds.1.exp() - 1.745_787).abs() < 1e-6);
        assert!((found.p - 0.054_687_5).abs() < 1e-12);
    }

    #[test]
    fn how_many_pairs_can_decide() {
        let needed: Vec<usize> = [0, 1, 10, 100, 1000]
            .into_iter()
            .map(|m| pairs_needed(0.05, m))
            .collect();
        assert_eq!(needed, [5, 5, 8, 11, 15]);
    }

    #[test]
    fn five_pairs_are_bounded_on_one_side_and_four_are_not() {
        let five = paired_shift(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!(five.bounds.0.is_finite() && five.shift.low.is_infinite());
        assert_eq!(five.smallest, None);
        let four = paired_shift(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!(four.bounds.0.is_infinite());
        assert!((p_above(&[1.0, 2.0, 3.0, 4.0], 0.0) - 0.0625).abs() < 1e-12);
    }

    #[test]
    fn no_pairs_say_nothing_and_equal_pairs_say_no_shift() {
        assert_eq!(paired_shift(&[]), None);
        let same = paired_shift(&[0.0; 8]).unwrap();
        assert!(same.p >= 1.0 && same.shift.high.abs() < 1e-12);
        assert!(p_above(&[0.0; 8], 0.05) >= 1.0);
        assert!(p_above(&[0.05; 8], 0.05) >= 1.0);
    }

    proptest! {
        #[test]
        fn the_centre_lies_in_its_interval_and_moves_with_the_data(
            d in prop::collection::vec(-1.0_f64..1.0, 6..40),
            by in -2.0_f64..2.0,
        ) {
            let found = paired_shift(&d).unwrap();
            prop_assert!(found.shift.low <= found.shift.value && found.shift.value <= found.shift.high);
            prop_assert!(found.bounds.0 >= found.shift.low && found.bounds.1 <= found.shift.high);
            let moved: Vec<f64> = d.iter().map(|x| x + by).collect();
            let other = paired_shift(&moved).unwrap();
            prop_assert!((other.shift.value - found.shift.value - by).abs() < 1e-9);
        }

        #[test]
        fn a_p_value_at_a_bound_is_that_of_the_bound(d in prop::collection::vec(-1.0_f64..1.0, 5..30)) {
            let low = paired_shift(&d).unwrap().bounds.0;
            prop_assert!(p_above(&d, low - 1e-6) <= 0.05 + 1e-9);
        }
    }
}
