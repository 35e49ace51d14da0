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
    let mut ranked = Ranked::default();
    ranked.load(values.iter().copied());
    ranked.median()
}

/// As [`median`], reordering `values` instead of copying them: linear time.
pub fn median_in_place(values: &mut [f64]) -> Option<f64> {
    median(values)
}

/// Values whose order statistics are asked for, as whole numbers in the same (total) order: those
/// compare in one instruction, floats in five. Linear time for each; the buffers serve many calls.
#[derive(Debug, Default)]
pub(crate) struct Ranked {
    keys: Vec<i64>,
    /// Places whose value is known to stand there, ascending: smaller ones lie before each, larger
    /// ones after it.
    settled: Vec<usize>,
}

impl Ranked {
    /// Takes these values in place of those before.
    pub(crate) fn load(&mut self, values: impl IntoIterator<Item = f64>) {
        self.keys.clear();
        self.keys.extend(values.into_iter().map(key));
        self.settled.clear();
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The value at place `k`, from 0, in ascending order; the largest beyond the last. NaN without
    /// any.
    pub(crate) fn at(&mut self, k: usize) -> f64 {
        let Some(last) = self.keys.len().checked_sub(1) else {
            return f64::NAN;
        };
        let k = k.min(last);
        let next = self.settled.partition_point(|place| *place < k);
        if self.settled.get(next) != Some(&k) {
            let start = next.checked_sub(1).map_or(0, |i| self.settled[i] + 1);
            let end = self.settled.get(next).copied().unwrap_or(last + 1);
            self.keys[start..end].select_nth_unstable(k - start);
            self.settled.insert(next, k);
        }
        value(self.keys[k])
    }

    /// The median; `None` without values.
    pub(crate) fn median(&mut self) -> Option<f64> {
        let n = self.keys.len();
        if n == 0 {
            return None;
        }
        let upper = self.at(n / 2);
        if n % 2 == 1 {
            return Some(upper);
        }
        let known = self.settled.partition_point(|place| *place < n / 2);
        let start = known.checked_sub(1).map_or(0, |i| self.settled[i]);
        let lower = self.keys[start..n / 2].iter().copied().max();
        // Half of each rather than half of the sum: two huge values must not overflow.
        lower.map(|lower| 0.5 * value(lower) + 0.5 * upper)
    }

    /// The sum of the `count` smallest values.
    pub(crate) fn sum_of_smallest(&mut self, count: usize) -> f64 {
        if count < self.keys.len() {
            self.at(count);
        }
        let kept = &self.keys[..count.min(self.keys.len())];
        // Four sums at once: an addition need not wait for the one before.
        let mut sums = [0.0; 4];
        let four = kept.chunks_exact(4);
        let rest: f64 = four.remainder().iter().map(|key| value(*key)).sum();
        for some in four {
            for (sum, key) in sums.iter_mut().zip(some) {
                *sum += value(*key);
            }
        }
        (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
    }
}

#[inline]
fn flip(bits: i64) -> i64 {
    bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed())
}

#[inline]
fn key(value: f64) -> i64 {
    flip(value.to_bits().cast_signed())
}

#[inline]
fn value(key: i64) -> f64 {
    f64::from_bits(flip(key).cast_unsigned())
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
    let mut ranked = Ranked::default();
    ranked.load(values.iter().copied());
    let centre = ranked.median()?;
    ranked.load(values.iter().map(|value| (value - centre).abs()));
    Some((centre, ranked.median()?))
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
    difference_scale_with(values, &mut Ranked::default())
}

/// As [`difference_scale`], with buffers that serve many calls.
pub(crate) fn difference_scale_with(values: &[f64], ranked: &mut Ranked) -> f64 {
    ranked.load(values.windows(2).map(|pair| (pair[1] - pair[0]).abs()));
    let Some(middle) = ranked.median() else {
        return 0.0;
    };
    let kept = (ranked.len() * 9).div_ceil(10);
    let trimmed = ranked.sum_of_smallest(kept) / kept as f64;
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
        fn order_statistics_are_those_of_sorted_values(
            bits in proptest::collection::vec(proptest::prelude::any::<u64>(), 0..80),
            asked in proptest::collection::vec(0_usize..90, 0..8))
        {
            // All there is: infinities, both zeros, both kinds of NaN.
            let mut values: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
            values.extend([0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, -f64::INFINITY]);
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let mut ranked = Ranked::default();
            ranked.load(values);
            for k in asked {
                proptest::prop_assert_eq!(ranked.at(k).to_bits(), sorted[k.min(sorted.len() - 1)].to_bits());
            }
        }

        #[test]
        fn medians_and_sums_are_those_of_sorted_values(
            values in proptest::collection::vec(-1e6_f64..1e6, 1..80),
            asked in proptest::collection::vec(0_usize..90, 0..4), count in 0_usize..90)
        {
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let n = sorted.len();
            let middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
            let sum: f64 = sorted.iter().take(count).sum();
            let mut ranked = Ranked::default();
            ranked.load(values);
            for k in asked {
                ranked.at(k);
            }
            proptest::prop_assert!((ranked.median().unwrap() - middle).abs() < 1e-9);
            proptest::prop_assert!((ranked.sum_of_smallest(count) - sum).abs() < 1e-6);
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
