//! Order statistics and robust scale.

use std::cmp::Ordering;

/// What the median absolute deviation is multiplied by to estimate the standard deviation of
/// normal data: 1 / Φ⁻¹(¾).
pub const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// The median of `values`; `None` without any. The mean of the two middle values where their
/// number is even.
///
/// ```
/// assert_eq!(plimsoll::stats::median(&[3.0, 1.0, 2.0, 10.0]), Some(2.5));
/// ```
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut copy = values.to_vec();
    median_in_place(&mut copy)
}

/// As [`median`], reordering `values` instead of copying them: linear time.
pub fn median_in_place(values: &mut [f64]) -> Option<f64> {
    let n = values.len();
    if n == 0 {
        return None;
    }
    let upper = select(values, n / 2);
    if n % 2 == 1 {
        return Some(upper);
    }
    let lower = values[..n / 2]
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    // Half of each rather than half of the sum: two huge values must not overflow.
    Some(0.5 * lower + 0.5 * upper)
}

/// The value at place `k` of the ascending (total) order of `values`, which are reordered: smaller
/// ones lie before that place, larger ones after it. Linear time.
///
/// Whole numbers in the same order are compared in one instruction, floats in five.
pub(crate) fn select(values: &mut [f64], k: usize) -> f64 {
    let flip = |bits: i64| bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed());
    let mut keys: Vec<i64> = values
        .iter()
        .map(|value| flip(value.to_bits().cast_signed()))
        .collect();
    let found = *keys.select_nth_unstable(k).1;
    for (value, key) in values.iter_mut().zip(keys) {
        *value = f64::from_bits(flip(key).cast_unsigned());
    }
    f64::from_bits(flip(found).cast_unsigned())
}

/// Median absolute deviation from the median, unscaled; `None` without values. Multiply by
/// [`MAD_TO_SD`] for a standard deviation.
#[must_use]
pub fn mad(values: &[f64]) -> Option<f64> {
    Some(median_and_mad(values)?.1)
}

/// [`median`] and [`mad`] at once, for the price of the second.
#[must_use]
pub fn median_and_mad(values: &[f64]) -> Option<(f64, f64)> {
    let mut copy = values.to_vec();
    let centre = median_in_place(&mut copy)?;
    for value in &mut copy {
        *value = (*value - centre).abs();
    }
    Some((centre, median_in_place(&mut copy)?))
}

/// The `q` quantile (0 ≤ q ≤ 1) by linear interpolation between order statistics, type 7 of
/// Hyndman & Fan (1996), the default of R and NumPy. `None` without values or with q outside.
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_sorted(&sorted, q)
}

/// As [`quantile`], of values in ascending order.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let weight = place - below as f64;
    Some(sorted[below] * (1.0 - weight) + sorted[above] * weight)
}

/// Standard deviation of the noise of an ordered series, from differences of neighbours, so that
/// steps of the level do not enter it. 0 where fewer than 2 values stand or none differs.
///
/// The larger of 1.4826·med|d|/√2 and the mean of the lower 90 % of |d| divided by 0.658·√2: the
/// first is the more robust, the second is not fooled by integers, where most differences are 0.
/// The factor 0.658 is the mean of the lower 90 % of |z| for standard normal z,
/// (2/0.9)(φ(0) − φ(1.645)) = 0.657.
#[must_use]
pub fn difference_scale(values: &[f64]) -> f64 {
    let mut differences: Vec<f64> = values
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .collect();
    let Some(middle) = median_in_place(&mut differences) else {
        return 0.0;
    };
    let kept = (differences.len() * 9).div_ceil(10);
    if kept < differences.len() {
        select(&mut differences, kept);
    }
    let trimmed = differences[..kept].iter().sum::<f64>() / kept as f64;
    let root_two = std::f64::consts::SQRT_2;
    (MAD_TO_SD * middle / root_two).max(trimmed / (0.658 * root_two))
}

/// Ascending order of two numbers, the total order of IEEE 754.
pub(super) fn ascending(a: &f64, b: &f64) -> Ordering {
    a.total_cmp(b)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "exact results are expected")]

    use super::*;

    #[test]
    fn median_of_none_one_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[1.0, 4.0]), Some(2.5));
    }

    proptest::proptest! {
        #[test]
        fn selecting_is_sorting(bits in proptest::collection::vec(proptest::prelude::any::<u64>(), 1..80), k in 0_usize..80) {
            // All there is: infinities, both zeros, both kinds of NaN.
            let mut values: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
            values.extend([0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, -f64::INFINITY]);
            let k = k % values.len();
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let found = select(&mut values, k);
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            proptest::prop_assert_eq!(found.to_bits(), sorted[k].to_bits());
            proptest::prop_assert!(values[..k].iter().all(|value| value.total_cmp(&found).is_le()));
            proptest::prop_assert!(values[k..].iter().all(|value| value.total_cmp(&found).is_ge()));
            values.sort_unstable_by(f64::total_cmp);
            proptest::prop_assert_eq!(bits(&values), bits(&sorted));
        }
    }

    #[test]
    fn median_of_huge_values_does_not_overflow() {
        assert_eq!(median(&[f64::MAX, f64::MAX]), Some(f64::MAX));
    }

    #[test]
    fn mad_ignores_one_outlier() {
        assert_eq!(mad(&[1.0, 2.0, 3.0, 4.0, 1000.0]), Some(1.0));
    }

    #[test]
    fn quantiles_as_r_gives_them() {
        let x = [1.0, 2.0, 3.0, 4.0, 10.0];
        assert_eq!(quantile(&x, 0.0), Some(1.0));
        assert_eq!(quantile(&x, 0.25), Some(2.0));
        assert!((quantile(&x, 0.9).unwrap() - 7.6).abs() < 1e-12);
        assert_eq!(quantile(&x, 1.0), Some(10.0));
        assert_eq!(quantile(&x, 1.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn scale_of_constant_and_of_short_series_is_zero() {
        assert_eq!(difference_scale(&[]), 0.0);
        assert_eq!(difference_scale(&[5.0]), 0.0);
        assert_eq!(difference_scale(&[5.0; 20]), 0.0);
    }

    #[test]
    fn scale_does_not_see_a_step() {
        let noise = |i: usize| ((i * 7919) % 101) as f64 / 101.0;
        let flat: Vec<f64> = (0..200).map(noise).collect();
        let step: Vec<f64> = (0..200)
            .map(|i| noise(i) + if i < 100 { 0.0 } else { 50.0 })
            .collect();
        let ratio = difference_scale(&step) / difference_scale(&flat);
        assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    }

    #[test]
    fn scale_of_integers_that_mostly_repeat_is_positive() {
        let x: Vec<f64> = (0..100).map(|i| f64::from(i % 5 == 0)).collect();
        assert!(difference_scale(&x) > 0.1);
    }
}
