//! Rows that are samples: counted per series, in bounded memory.
//!
//! Up to 4,096 samples of a series are kept as they are. More are counted in buckets of 2⁻¹¹ of their
//! size, so a percentile is off by at most 0.025 %. HdrHistogram, which logs of requests use, counts
//! whole steps of a known size; the unit of a CSV may be anything, and its values negative.

use crate::formats::distribution::rank;
use crate::formats::fault::Fault;
use crate::formats::parsed::{Bench, Parsed};
use crate::formats::requests::PERCENTILES;
use crate::model::{Direction, Samples, Spread, Tags, Unit};
use std::collections::{BTreeMap, HashMap};

/// So many samples of one series are kept.
const KEPT: usize = 4096;
/// So many samples and buckets are held of all series together: about 60 MB.
const HELD: usize = 4_000_000;
/// More different series are no benchmark results.
const SERIES: usize = 200_000;

/// What tells series apart.
type Key = (String, String, Tags);

/// The unit of a series' rows, and how they are brought to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kind {
    pub(super) unit: Unit,
    pub(super) direction: Option<Direction>,
    pub(super) source_unit: String,
}

/// The numbers of one series.
#[derive(Debug, Default)]
struct Sketch {
    kept: Vec<f64>,
    /// How many lie in each bucket, by the order of their numbers.
    buckets: BTreeMap<i64, u64>,
    n: u64,
    sum: f64,
    min: f64,
    max: f64,
}

/// Bits of a number that are left out: 52 of the fraction, of which 11 say the bucket.
const DROPPED: u32 = 41;

/// The bucket of a number. Buckets lie as their numbers do, negative ones below.
fn bucket(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    let ordered = bits ^ ((bits >> 63) & i64::MAX);
    ordered >> DROPPED
}

/// The middle of a bucket.
fn middle(bucket: i64) -> f64 {
    let ordered = (bucket << DROPPED) | (1 << (DROPPED - 1));
    let bits = ordered ^ ((ordered >> 63) & i64::MAX);
    f64::from_bits(bits.cast_unsigned())
}

impl Sketch {
    /// Counts a number; how many more places that took.
    fn record(&mut self, value: f64) -> isize {
        let first = self.n == 0;
        self.n += 1;
        self.sum += value;
        self.min = if first { value } else { self.min.min(value) };
        self.max = if first { value } else { self.max.max(value) };
        if self.buckets.is_empty() && self.kept.len() < KEPT {
            self.kept.push(value);
            return 1;
        }
        let before = self.kept.len() + self.buckets.len();
        for value in std::mem::take(&mut self.kept).into_iter().chain([value]) {
            *self.buckets.entry(bucket(value)).or_default() += 1;
        }
        self.buckets.len().cast_signed() - before.cast_signed()
    }

    /// The number at a nearest-rank percentile.
    fn at(&self, share: f64) -> f64 {
        let wanted = rank(share, self.n as usize) as u64;
        if !self.kept.is_empty() {
            let mut sorted = self.kept.clone();
            sorted.sort_by(f64::total_cmp);
            return sorted.get(wanted as usize).copied().unwrap_or(self.max);
        }
        let mut below = 0;
        for (bucket, count) in &self.buckets {
            below += count;
            if below > wanted {
                return middle(*bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// All series of a file.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// The cells that name a series, as they stand in the file, and the factor of its unit.
    index: HashMap<Vec<u8>, (usize, f64)>,
    by_key: HashMap<Key, usize>,
    series: Vec<(Key, Kind, Sketch)>,
    held: usize,
}

impl Counted {
    /// The series of a row with these cells, where one like it was there before.
    pub(super) fn find(&self, cells: &[u8]) -> Option<(usize, f64)> {
        self.index.get(cells).copied()
    }

    /// The series of a row that is the first with its cells.
    pub(super) fn add(
        &mut self,
        cells: &[u8],
        key: Key,
        kind: Kind,
        factor: f64,
        place: impl Fn() -> String,
    ) -> Result<(usize, f64), Fault> {
        if self.index.len() >= SERIES {
            let reason = format!("it has more than {SERIES} different series");
            return Err(Fault::at(place(), reason));
        }
        let next = self.series.len();
        let at = *self.by_key.entry(key.clone()).or_insert(next);
        match self.series.get(at) {
            None => self.series.push((key, kind, Sketch::default())),
            Some((_, known, _)) if known.unit == kind.unit && known.direction == kind.direction => {
            }
            Some((_, known, _)) => {
                let reason = format!(
                    "`{}` {} was given before in `{}`, with another unit or direction",
                    key.0, key.1, known.source_unit
                );
                return Err(Fault::at(place(), reason));
            }
        }
        self.index.insert(cells.to_owned(), (at, factor));
        Ok((at, factor))
    }

    /// The unit of a series; without one its numbers are as they are.
    pub(super) fn unit(&self, at: usize) -> &Unit {
        self.series
            .get(at)
            .map_or(&Unit::Count, |(_, kind, _)| &kind.unit)
    }

    pub(super) fn record(
        &mut self,
        at: usize,
        value: f64,
        place: impl Fn() -> String,
    ) -> Result<(), Fault> {
        if let Some((_, _, sketch)) = self.series.get_mut(at) {
            self.held = self.held.saturating_add_signed(sketch.record(value));
        }
        if self.held > HELD {
            let reason = format!(
                "its {} series have too many different samples to be counted; record fewer series a file",
                self.series.len()
            );
            return Err(Fault::at(place(), reason));
        }
        Ok(())
    }

    /// The series as measurements: of a latency what a load test has, of anything else the median
    /// under its own name, and beside it mean, minimum, maximum and the high percentiles.
    pub(super) fn report(self, parsed: &mut Parsed) {
        for ((name, metric, tags), kind, sketch) in self.series {
            let bench = Bench::new(name, tags);
            let source = (metric.as_str(), kind.source_unit.as_str());
            let unit = || (kind.unit.clone(), kind.direction);
            let latency = metric == "latency" && kind.unit == Unit::Nanoseconds;
            let mut add = |statistic: &str, value: f64| {
                let metric = format!("{metric}.{statistic}");
                let made = bench.value(metric, (value, sketch.n), unit(), source);
                parsed.measurements.push(made);
            };
            add("mean", sketch.sum / sketch.n as f64);
            add("min", sketch.min);
            add("max", sketch.max);
            for (statistic, share) in PERCENTILES {
                if latency || share > 0.9 {
                    add(statistic, sketch.at(share));
                }
            }
            if latency {
                continue;
            }
            let samples = Samples {
                values: sketch.kept.clone(),
                iterations: None,
            };
            let (unit, direction) = unit();
            // Nothing was kept of a long series: the median is that of the buckets.
            let made = bench
                .samples(&metric, samples, (unit.clone(), direction), source)
                .unwrap_or_else(|| {
                    let median = sketch.at(0.5);
                    let mut made =
                        bench.value(&metric, (median, sketch.n), (unit, direction), source);
                    made.spread = Spread::between(sketch.at(0.25), median, sketch.at(0.75));
                    made
                });
            parsed.measurements.push(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(256) })]
        #[test]
        fn buckets_lie_as_their_numbers_and_are_narrow(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            proptest::prop_assert_eq!(a < b, bucket(a) < bucket(b) || bucket(a) == bucket(b) && a < b);
            proptest::prop_assert!(bucket(a) <= bucket(b) || a > b);
            let off = (middle(bucket(a)) - a).abs();
            proptest::prop_assert!(off <= 0.00025 * a.abs(), "{} {}", a, middle(bucket(a)));
        }
    }

    #[test]
    fn many_numbers_are_counted_and_few_are_kept() {
        let mut few = Sketch::default();
        let mut many = Sketch::default();
        for i in 1..=100_000_u32 {
            if i <= 20 {
                few.record(f64::from(i));
            }
            many.record(-f64::from(i));
        }
        assert_eq!((few.at(0.95), few.kept.len()), (19.0, 20));
        assert!(many.kept.is_empty() && many.buckets.len() < 40_000);
        let p95 = many.at(0.95);
        assert!((p95 + 5_001.0).abs() < 2.0, "{p95}");
        assert_eq!((many.min, many.max, many.n), (-100_000.0, -1.0, 100_000));
    }
}
