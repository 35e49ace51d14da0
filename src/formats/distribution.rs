//! Many numbers in little memory: a few as they are, many as a histogram of three digits.

use super::fault::Fault;
use hdrhistogram::Histogram;

/// So many numbers are kept as they are. A histogram takes as much memory as ten times as many.
const KEPT: usize = 4096;

/// Counts, in whole steps of whatever unit the owner chose.
///
/// Percentiles are nearest-rank: the smallest number at or below which that share of all lies.
/// They are exact up to 4,096 numbers and within 0.05 % above (HdrHistogram, 3 digits).
#[derive(Debug, Clone)]
pub(crate) struct Distribution {
    kept: Vec<u64>,
    histogram: Option<Histogram<u32>>,
    n: u64,
    /// The sum of a hundred million days in nanoseconds fits.
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            histogram: None,
            n: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        }
    }
}

impl Distribution {
    pub(crate) fn record(&mut self, value: u64) -> Result<(), Fault> {
        self.n += 1;
        self.sum += u128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        match &mut self.histogram {
            Some(histogram) => count(histogram, value, 1)?,
            None if self.kept.len() < KEPT => self.kept.push(value),
            None => {
                let mut histogram = new_histogram()?;
                for kept in std::mem::take(&mut self.kept) {
                    count(&mut histogram, kept, 1)?;
                }
                count(&mut histogram, value, 1)?;
                self.histogram = Some(histogram);
            }
        }
        Ok(())
    }

    /// Counts a number several times.
    pub(crate) fn record_n(&mut self, value: u64, times: u64) -> Result<(), Fault> {
        if times == 0 {
            return Ok(());
        }
        let mut other = Self {
            n: times,
            sum: u128::from(value) * u128::from(times),
            min: value,
            max: value,
            ..Self::default()
        };
        if times as usize <= KEPT {
            other.kept = vec![value; times as usize];
        } else {
            let mut histogram = new_histogram()?;
            let times = u32::try_from(times)
                .ok()
                .ok_or_else(|| Fault::whole(format!("{times} requests are too many")))?;
            count(&mut histogram, value, times)?;
            other.histogram = Some(histogram);
        }
        self.merge(&other)
    }

    /// Counts what another one counted.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), Fault> {
        self.n += other.n;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if self.histogram.is_none()
            && other.histogram.is_none()
            && self.kept.len() + other.kept.len() <= KEPT
        {
            self.kept.extend_from_slice(&other.kept);
            return Ok(());
        }
        let mut histogram = match self.histogram.take() {
            Some(histogram) => histogram,
            None => new_histogram()?,
        };
        for value in self.kept.drain(..).chain(other.kept.iter().copied()) {
            count(&mut histogram, value, 1)?;
        }
        if let Some(theirs) = &other.histogram {
            histogram
                .add(theirs)
                .map_err(|e| Fault::whole(e.to_string()))?;
        }
        self.kept = Vec::new();
        self.histogram = Some(histogram);
        Ok(())
    }

    pub(crate) fn n(&self) -> u64 {
        self.n
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum as f64 / self.n as f64
    }

    pub(crate) fn min(&self) -> u64 {
        self.min
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The percentiles at these shares (0…1), in their order; nothing where nothing was counted.
    pub(crate) fn percentiles<const N: usize>(&self, shares: [f64; N]) -> Option<[u64; N]> {
        if self.n == 0 {
            return None;
        }
        if let Some(histogram) = &self.histogram {
            // The middle of the histogram's step; its ends are one step off for half of all.
            return Some(shares.map(|share| {
                histogram
                    .median_equivalent(histogram.value_at_quantile(share))
                    .clamp(self.min, self.max)
            }));
        }
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        Some(shares.map(|share| sorted[rank(share, sorted.len())]))
    }
}

fn new_histogram() -> Result<Histogram<u32>, Fault> {
    let mut histogram = Histogram::new(3).map_err(|e| Fault::whole(e.to_string()))?;
    histogram.auto(true);
    Ok(histogram)
}

fn count(histogram: &mut Histogram<u32>, value: u64, times: u32) -> Result<(), Fault> {
    histogram
        .record_n(value, times)
        .map_err(|e| Fault::whole(format!("{value} is too large: {e}")))
}

/// The index of a percentile by nearest rank among `n` sorted numbers.
pub(crate) fn rank(share: f64, n: usize) -> usize {
    // 0.95 × 20 must not become 20 for the rounding of 0.95.
    let rank = (share * n as f64 - 1e-9 * n as f64).ceil().max(1.0) as usize;
    rank.min(n) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Distribution {
        let mut d = Distribution::default();
        values.into_iter().for_each(|v| d.record(v).unwrap());
        d
    }

    #[test]
    fn few_are_exact() {
        let d = of(1..=20);
        assert_eq!(
            d.percentiles([0.0, 0.5, 0.95, 0.99, 1.0]),
            Some([1, 10, 19, 20, 20])
        );
        assert!((d.mean() - 10.5).abs() < 1e-12);
        assert_eq!((d.min(), d.max(), d.n()), (1, 20, 20));
        assert_eq!(Distribution::default().percentiles([0.5]), None);
        assert_eq!(of([7]).percentiles([0.01, 0.99]), Some([7, 7]));
    }

    #[test]
    fn merging_and_counting_several_times_is_counting_all() {
        let mut d = of(1..=10);
        d.merge(&of(11..=20)).unwrap();
        d.merge(&Distribution::default()).unwrap();
        d.record_n(21, 3).unwrap();
        d.record_n(22, 0).unwrap();
        let all = of((1..=20).chain([21; 3]));
        assert_eq!(
            d.percentiles([0.1, 0.5, 0.95]),
            all.percentiles([0.1, 0.5, 0.95])
        );
        d.record_n(5, 1_000_000).unwrap();
        assert_eq!((d.n(), d.percentiles([0.5])), (1_000_023, Some([5])));
    }

    #[test]
    fn large_numbers_are_counted() {
        let d = of([u64::MAX, 0]);
        assert_eq!(d.percentiles([1.0]), Some([u64::MAX]));
        let many = of((0..5_000).map(|i| if i % 2 == 0 { 1 } else { u64::MAX / 2 }));
        assert_eq!(many.percentiles([0.25]), Some([1]));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(32) })]
        #[test]
        fn many_are_within_half_a_thousandth(seed in 1_u64..u64::MAX, n in 4_097_usize..20_000) {
            let mut state = seed;
            let values: Vec<u64> = (0..n).map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % 10_u64.pow((state % 12) as u32 + 1)
            }).collect();
            let mut d = of(values[..n / 2].iter().copied());
            d.merge(&of(values[n / 2..].iter().copied())).unwrap();
            proptest::prop_assert_eq!(d.n(), n as u64);
            let mut sorted = values;
            sorted.sort_unstable();
            let shares = [0.01, 0.5, 0.95, 0.999, 1.0];
            let found = d.percentiles(shares).unwrap();
            for (share, found) in shares.into_iter().zip(found) {
                let exact = sorted[rank(share, n)] as f64;
                proptest::prop_assert!((found as f64 - exact).abs() <= 0.0005 * exact + 0.5, "{share} {found} {exact}");
            }
        }
    }
}
