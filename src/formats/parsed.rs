//! What a reader made of one file, and the checks that hold for every format.

use super::fault::Fault;
use crate::model::{Direction, Failure, Measurement, Samples, Spread, Tags, Unit};
use std::collections::HashSet;
use std::path::Path;

/// What a reader is given.
pub(crate) struct Input<'a> {
    /// The whole file.
    pub(crate) bytes: &'a [u8],
    /// The name of a test whose file does not name it: the stem of the file, else the format's
    /// name.
    pub(crate) stem: &'a str,
    /// The format's name or alias, where the user gave it.
    pub(crate) from: Option<&'a str>,
    /// The file, where the bytes came from one: some results are explained by a file beside them.
    pub(crate) path: Option<&'a Path>,
}

impl<'a> Input<'a> {
    /// Bytes of which nothing else is known.
    pub(crate) fn of(bytes: &'a [u8], stem: &'a str) -> Self {
        Self {
            bytes,
            stem,
            from: None,
            path: None,
        }
    }

    /// The file as text.
    pub(crate) fn text(&self) -> Result<&'a str, Fault> {
        let bytes = self
            .bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(self.bytes);
        std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            Fault::at(format!("line {line}"), "the text is not UTF-8")
        })
    }
}

/// What a reader found.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) version: Option<String>,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) failures: Vec<Failure>,
}

impl Parsed {
    pub(crate) fn fail(&mut self, benchmark: impl Into<String>, reason: impl Into<String>) {
        self.fail_slice(benchmark, Tags::new(), reason);
    }

    /// One slice of a benchmark gave no result.
    pub(crate) fn fail_slice(
        &mut self,
        benchmark: impl Into<String>,
        tags: Tags,
        reason: impl Into<String>,
    ) {
        self.failures.push(Failure {
            benchmark: benchmark.into(),
            reason: reason.into(),
            tags,
        });
    }

    /// What must hold whatever the format. Readers find most of this earlier and say where; this
    /// is the net below them.
    pub(crate) fn checked(self) -> Result<Self, Fault> {
        if self.measurements.is_empty() && self.failures.is_empty() {
            return Err(Fault::whole("it holds no results"));
        }
        let mut seen = HashSet::new();
        for m in &self.measurements {
            let name = format!("`{}` {}", m.benchmark, m.metric);
            let samples = m.samples.iter().flat_map(|s| &s.values);
            if !m.value.is_finite() || samples.into_iter().any(|v| !v.is_finite()) {
                return Err(Fault::whole(format!("{name} is too large or not a number")));
            }
            let mut all = m.samples.iter().flat_map(|s| &s.values).chain([&m.value]);
            if !matches!(m.unit, Unit::Other(_)) && all.any(|v| *v < 0.0) {
                return Err(Fault::whole(format!(
                    "{name} is negative, which its unit does not allow"
                )));
            }
            if m.benchmark.is_empty() || m.metric.is_empty() {
                return Err(Fault::whole("a benchmark or a metric has no name"));
            }
            if !seen.insert((&m.benchmark, &m.metric, &m.tags)) {
                return Err(Fault::whole(format!(
                    "{name}{} is given twice; give the benchmarks different names",
                    tags_in_words(&m.tags)
                )));
            }
        }
        Ok(self)
    }
}

/// ` (n=10, pkg=x)`, or nothing.
pub(crate) fn tags_in_words(tags: &Tags) -> String {
    if tags.is_empty() {
        return String::new();
    }
    let list: Vec<String> = tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!(" ({})", list.join(", "))
}

/// Makes the measurements of one benchmark.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    name: String,
    tags: Tags,
}

/// The tool's own words for a metric: its name and its unit.
pub(crate) type Source<'a> = (&'a str, &'a str);

impl Bench {
    pub(crate) fn new(name: impl Into<String>, tags: Tags) -> Self {
        Self {
            name: name.into(),
            tags,
        }
    }

    /// It was run and gave no result.
    pub(crate) fn failed(&self, reason: impl Into<String>) -> Failure {
        Failure {
            benchmark: self.name.clone(),
            reason: reason.into(),
            tags: self.tags.clone(),
        }
    }

    /// One number that the tool computed from `n` samples.
    pub(crate) fn value(
        &self,
        metric: impl Into<String>,
        (value, n): (f64, u64),
        (unit, direction): (Unit, Option<Direction>),
        (source_metric, source_unit): Source<'_>,
    ) -> Measurement {
        Measurement {
            benchmark: self.name.clone(),
            metric: metric.into(),
            value,
            unit,
            direction,
            tags: self.tags.clone(),
            n: n.max(1),
            spread: None,
            samples: None,
            source_metric: source_metric.to_owned(),
            source_unit: source_unit.to_owned(),
        }
    }

    /// Raw samples; `None` where there are none or one is not finite.
    pub(crate) fn samples(
        &self,
        metric: &str,
        samples: Samples,
        (unit, direction): (Unit, Option<Direction>),
        (source_metric, source_unit): Source<'_>,
    ) -> Option<Measurement> {
        let mut made = Measurement::from_samples(&self.name, metric, unit, direction, samples)?;
        made.tags = self.tags.clone();
        source_metric.clone_into(&mut made.source_metric);
        source_unit.clone_into(&mut made.source_unit);
        Some(made)
    }
}

/// Time, less is better.
pub(crate) const TIME: (Unit, Option<Direction>) = (Unit::Nanoseconds, Some(Direction::Lower));
/// Bytes, less is better.
pub(crate) const SIZE: (Unit, Option<Direction>) = (Unit::Bytes, Some(Direction::Lower));
/// Things done in a second, more is better.
pub(crate) const RATE: (Unit, Option<Direction>) = (Unit::PerSecond, Some(Direction::Higher));
/// Bytes moved in a second, more is better.
pub(crate) const BANDWIDTH: (Unit, Option<Direction>) =
    (Unit::BytesPerSecond, Some(Direction::Higher));

/// Adds the distance to a low and a high end.
pub(crate) fn with_ends(mut measurement: Measurement, low: f64, high: f64) -> Measurement {
    measurement.spread = Spread::between(low, measurement.value, high);
    measurement
}

/// A duration or a size: finite and not negative.
pub(crate) fn not_negative(value: f64, place: impl FnOnce() -> String) -> Result<f64, Fault> {
    if !value.is_finite() {
        return Err(Fault::at(
            place(),
            "the number is too large or not a number",
        ));
    }
    if value < 0.0 {
        return Err(Fault::at(
            place(),
            format!("{value} is negative, which a duration, a size or a count cannot be"),
        ));
    }
    Ok(value)
}

/// A duration or a size in the canonical unit, both before and after scaling a sound number.
pub(crate) fn scaled(value: f64, factor: f64, place: impl Fn() -> String) -> Result<f64, Fault> {
    not_negative(value, &place)?;
    not_negative(value * factor, place)
}

/// The same of a list of samples, whose mistakes are at `place[i]`.
pub(crate) fn scaled_samples(
    values: &[f64],
    factor: f64,
    place: impl Fn() -> String,
) -> Result<Samples, Fault> {
    let values = values
        .iter()
        .enumerate()
        .map(|(i, value)| scaled(*value, factor, || format!("{}[{i}]", place())))
        .collect::<Result<_, _>>()?;
    Ok(Samples {
        values,
        iterations: None,
    })
}

/// Why a micro-benchmark whose time is 0 has no value.
pub(crate) const ZERO_TIME: &str =
    "its time is 0: the compiler may have removed what it measures, or the clock is too coarse";
