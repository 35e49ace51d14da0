//! One metric of one benchmark in one run.

use super::{Direction, Tags, Unit};
use serde::{Deserialize, Serialize};

/// One metric of one benchmark in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was exercised.
    pub benchmark: String,
    /// What was measured, under its canonical name (`time`, `latency.p95`, …).
    pub metric: String,
    /// Median of the samples; else the tool's median; else its mean. Finite, in [`Self::unit`].
    pub value: f64,
    /// The unit of value, spread and samples.
    pub unit: Unit,
    /// Which way is better, where the tool or the metric says so.
    pub direction: Option<Direction>,
    /// The slice.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// How many samples stand behind the value, at least 1.
    pub n: u64,
    /// How far the samples, or the tool's own interval, lie to both sides of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// The raw samples, where the tool gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Samples>,
    /// The tool's own name of the metric.
    pub source_metric: String,
    /// The tool's own name of the unit.
    pub source_unit: String,
}

/// The dispersion of one measurement: how far its low and its high end lie from its value.
///
/// The ends are the quartiles of the samples where there are samples, else the tool's own
/// interval or value ± its standard deviation. Distances are whole millionths of |value|, so that
/// a stored run gives back exactly what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// value − low end, in millionths of |value|.
    pub below: u32,
    /// high end − value, in millionths of |value|.
    pub above: u32,
}

impl Spread {
    /// The spread of `value` between `low` and `high`. `None` where value is 0 or anything is not
    /// finite; ends on the wrong side of the value count as distance 0.
    #[must_use]
    pub fn between(low: f64, value: f64, high: f64) -> Option<Self> {
        let scale = value.abs();
        if !(low.is_finite() && high.is_finite() && scale.is_finite() && scale > 0.0) {
            return None;
        }
        let millionths = |distance: f64| (distance.max(0.0) / scale * 1e6).round().min(4e9) as u32;
        Some(Self {
            below: millionths(value - low),
            above: millionths(high - value),
        })
    }

    /// The two ends around `value`.
    #[inline]
    #[must_use]
    pub fn ends(self, value: f64) -> (f64, f64) {
        let scale = value.abs() * 1e-6;
        (
            value - f64::from(self.below) * scale,
            value + f64::from(self.above) * scale,
        )
    }
}

/// The raw samples behind a value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Samples {
    /// One number per sample, in the measurement's unit, in the order in which they were taken.
    pub values: Vec<f64>,
    /// How many iterations each sample averages, where the tool says so; as long as `values`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<Vec<f64>>,
}

impl Measurement {
    /// A measurement from raw samples: value = their median, n = their number, spread = their
    /// quartiles (linear interpolation, type 7 of Hyndman & Fan 1996). `None` for no samples or a
    /// sample that is not finite.
    #[must_use]
    pub fn from_samples(
        benchmark: impl Into<String>,
        metric: impl Into<String>,
        unit: Unit,
        direction: Option<Direction>,
        samples: Samples,
    ) -> Option<Self> {
        if samples.values.is_empty() || samples.values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let mut sorted = samples.values.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |q: f64| {
            let place = q * (sorted.len() - 1) as f64;
            let (low, part) = (place.floor() as usize, place.fract());
            let high = (low + 1).min(sorted.len() - 1);
            sorted[low] + part * (sorted[high] - sorted[low])
        };
        let value = at(0.5);
        let metric = metric.into();
        Some(Self {
            benchmark: benchmark.into(),
            source_metric: metric.clone(),
            source_unit: unit.as_str().to_owned(),
            metric,
            value,
            unit,
            direction,
            tags: Tags::new(),
            n: sorted.len() as u64,
            spread: if sorted.len() > 1 {
                Spread::between(at(0.25), value, at(0.75))
            } else {
                None
            },
            samples: Some(samples),
        })
    }
}

/// A benchmark that was run and gave no usable result. It is stored with its run, so that a later
/// check can say `missing` and why; it is never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was exercised.
    pub benchmark: String,
    /// What the tool said, or what was wrong with its numbers.
    pub reason: String,
    /// The slice that failed; empty where the benchmark failed as a whole.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl Failure {
    /// Whether a series of this benchmark and slice has no result because of it: the slice has
    /// every tag that the failure has, and maybe more.
    #[must_use]
    pub fn covers(&self, benchmark: &str, tags: &Tags) -> bool {
        self.benchmark == benchmark && self.covers_tags(tags)
    }

    /// The same of a slice of its own benchmark.
    #[must_use]
    pub fn covers_tags(&self, tags: &Tags) -> bool {
        self.tags
            .iter()
            .all(|(name, value)| tags.get(name) == Some(value))
    }
}
