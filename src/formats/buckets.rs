//! Histograms in buckets, as running services count what happened: their percentiles.

use super::fault::Fault;
use super::parsed::{Bench, Parsed, Source, not_negative};
use super::units;
use crate::model::{Tags, Unit};

/// One bucket: what is above `lower` and at most `upper`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// `None`: nobody knows where it begins.
    pub(crate) lower: Option<f64>,
    /// Infinite in the last bucket.
    pub(crate) upper: f64,
    pub(crate) count: f64,
}

/// The percentiles that are taken of buckets.
pub(crate) const PERCENTILES: [(&str, f64); 4] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];

/// The buckets between bounds, of which the last is infinite. The first begins at 0 where it ends
/// above 0: what is counted so is a time or a size.
pub(crate) fn between(bounds: &[f64], counts: &[f64]) -> Vec<Bucket> {
    let mut lower = None;
    bounds
        .iter()
        .zip(counts)
        .map(|(upper, count)| {
            let from = lower.or_else(|| (*upper > 0.0).then_some(0.0));
            lower = Some(*upper);
            Bucket {
                lower: from,
                upper: *upper,
                count: *count,
            }
        })
        .collect()
}

/// The value below which `share` of all lies, by linear interpolation inside its bucket: within a
/// bucket everything is taken to be spread evenly (as PromQL's `histogram_quantile`). `None` where
/// it lies in a bucket without an end: nobody knows how far.
pub(crate) fn percentile(buckets: &[Bucket], share: f64) -> Option<f64> {
    let total: f64 = buckets.iter().map(|b| b.count).sum();
    let rank = share * total;
    let mut below = 0.0;
    for bucket in buckets.iter().filter(|b| b.count > 0.0) {
        if below + bucket.count >= rank {
            let lower = bucket.lower?;
            let value = lower + (bucket.upper - lower) * ((rank - below) / bucket.count);
            return value.is_finite().then_some(value);
        }
        below += bucket.count;
    }
    None
}

/// What a unit's own text means. What is not known is kept as it is.
pub(crate) fn unit(text: &str) -> (Unit, f64) {
    // Codes of UCUM, in which `m` is a metre.
    let known = match text {
        "m" => None,
        "By" => Some((Unit::Bytes, 1.0)),
        "KiBy" => Some((Unit::Bytes, 1024.0)),
        "MiBy" => Some((Unit::Bytes, 1_048_576.0)),
        "By/s" => Some((Unit::BytesPerSecond, 1.0)),
        "1" => Some((Unit::Other("1".to_owned()), 1.0)),
        _ if text.starts_with('{') && text.ends_with('}') => Some((Unit::Count, 1.0)),
        _ => units::canonical(text),
    };
    known.unwrap_or_else(|| (Unit::Other(text.to_owned()), 1.0))
}

/// One named thing with its labels, whose numbers become measurements.
pub(crate) struct Observed<'p> {
    name: String,
    labels: String,
    bench: Bench,
    unit: (Unit, f64),
    source_unit: String,
    parsed: &'p mut Parsed,
}

impl<'p> Observed<'p> {
    pub(crate) fn new(name: &str, tags: Tags, source_unit: &str, parsed: &'p mut Parsed) -> Self {
        Self {
            name: name.to_owned(),
            labels: super::parsed::tags_in_words(&tags),
            bench: Bench::new(name, tags),
            unit: unit(source_unit),
            source_unit: source_unit.to_owned(),
            parsed,
        }
    }

    /// Something that is no number is told, and is no measurement.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        let failed = self.bench.failed(format!("{what}: {why}"));
        self.parsed.failures.push(failed);
    }

    /// A number as it is, in its unit.
    pub(crate) fn add(&mut self, metric: &str, value: f64, n: u64, source: &str) {
        let (unit, factor) = self.unit.clone();
        let scaled = value * factor;
        if value.is_nan() {
            self.skip(metric, "it is not a number (NaN)");
        } else if !scaled.is_finite() {
            self.skip(metric, "it is infinite or too large");
        } else if scaled < 0.0 && !matches!(unit, Unit::Other(_)) {
            self.skip(metric, "it is negative, which its unit does not allow");
        } else {
            let direction = units::direction(&unit);
            let source: Source<'_> = (source, &self.source_unit);
            let made = self
                .bench
                .value(metric, (scaled, n), (unit, direction), source);
            self.parsed.measurements.push(made);
        }
    }

    /// `latency.p95` of times, `p95` of anything else.
    pub(crate) fn statistic(&self, of: &str) -> String {
        match self.unit.0 {
            Unit::Nanoseconds => format!("latency.{of}"),
            _ => of.to_owned(),
        }
    }

    /// How many were counted, and their mean where the sum is known; false where there are none.
    pub(crate) fn counted(&mut self, count: f64, sum: Option<f64>) -> Result<bool, Fault> {
        not_negative(count, || format!("{}{}", self.name, self.labels))?;
        if count <= 0.0 {
            self.skip("count", "nothing was counted");
            return Ok(false);
        }
        let source: Source<'_> = (&self.name, "count");
        let made = self
            .bench
            .value("count", (count, 1), (Unit::Count, None), source);
        self.parsed.measurements.push(made);
        if let Some(sum) = sum {
            let (metric, name) = (self.statistic("mean"), self.name.clone());
            self.add(&metric, sum / count, count as u64, &name);
        }
        Ok(true)
    }

    /// The percentiles of buckets. One that lies above the last bound is left out.
    pub(crate) fn buckets(&mut self, buckets: &[Bucket], sum: Option<f64>) -> Result<(), Fault> {
        let count: f64 = buckets.iter().map(|b| b.count).sum();
        if !self.counted(count, sum)? {
            return Ok(());
        }
        let name = self.name.clone();
        for (statistic, share) in PERCENTILES {
            if let Some(value) = percentile(buckets, share) {
                let metric = self.statistic(statistic);
                self.add(&metric, value, count as u64, &name);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::close;

    #[test]
    fn percentiles_are_interpolated_inside_a_bucket() {
        let inf = f64::INFINITY;
        let buckets = between(&[0.1, 0.2, 0.4, inf], &[50.0, 40.0, 8.0, 2.0]);
        assert!(close(percentile(&buckets, 0.5).unwrap(), 0.1));
        assert!(close(percentile(&buckets, 0.25).unwrap(), 0.05));
        assert!(close(percentile(&buckets, 0.9).unwrap(), 0.2));
        assert!(close(
            percentile(&buckets, 0.95).unwrap(),
            0.2 + 0.2 * 5.0 / 8.0
        ));
        // Above the last bound nobody knows.
        assert_eq!(percentile(&buckets, 0.99), None);
        assert_eq!(percentile(&between(&[-1.0, inf], &[3.0, 0.0]), 0.5), None);
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn units_of_telemetry() {
        assert_eq!(unit("seconds"), (Unit::Nanoseconds, 1e9));
        assert_eq!(unit("By"), (Unit::Bytes, 1.0));
        assert_eq!(unit("{request}"), (Unit::Count, 1.0));
        assert_eq!(unit("m"), (Unit::Other("m".to_owned()), 1.0));
        assert_eq!(unit("furlongs"), (Unit::Other("furlongs".to_owned()), 1.0));
    }
}
