//! What a reader made of one file, and the checks that hold for every format.

use super::fault::Fault;
use crate::model::{Direction, Failure, Measurement, Samples, Spread, Tags, Unit};
use std::collections::{HashMap, HashSet};
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
    /// What the file says and no measurement can: sentences for people.
    pub(crate) notes: Vec<String>,
    /// How far the tool's percentiles may lie beyond its own minimum and maximum.
    pub(crate) rounding: Rounding,
}

/// How coarsely a tool rounds its percentiles, but not its minimum and maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rounding {
    /// Share of the value.
    pub(crate) share: f64,
    /// In the unit of the measurement, nanoseconds for a time.
    pub(crate) step: f64,
}

impl Rounding {
    /// Minimum and maximum are of other requests than the percentiles, or from another source.
    pub(crate) const FREE: Self = Self {
        share: f64::INFINITY,
        step: 0.0,
    };
}

impl Default for Rounding {
    /// Histograms know a value to one or two hundredths.
    fn default() -> Self {
        Self {
            share: 0.02,
            step: 0.0,
        }
    }
}

/// Percentiles of one histogram, printed with different precision, may fall by so much.
const FALL: f64 = 0.01;

/// One of the values that must not fall as their rank rises.
pub(crate) struct Rung {
    /// 0 to 100; -1 for the minimum and 101 for the maximum.
    rank: f64,
    name: String,
    value: f64,
    /// Where it stands in the file, where that is known.
    place: Option<String>,
}

impl Rung {
    /// `None` where the statistic is no percentile, minimum or maximum.
    pub(crate) fn new(statistic: &str, value: f64, place: Option<String>) -> Option<Self> {
        Some(Self {
            rank: rank(statistic)?,
            name: statistic.to_owned(),
            value,
            place,
        })
    }
}

/// The rank of `p95`, `min` or `max`.
fn rank(statistic: &str) -> Option<f64> {
    match statistic {
        "min" => Some(-1.0),
        "max" => Some(101.0),
        _ => {
            let digits = statistic.strip_prefix('p')?;
            let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let rank: f64 = digits.parse().ok().filter(|_| plain)?;
            (rank <= 100.0).then_some(rank)
        }
    }
}

/// A percentile that is smaller than one of lower rank, or lies outside minimum and maximum, is a
/// mistake in the file: nothing tells which of the two is right.
pub(crate) fn rising(mut rungs: Vec<Rung>, rounding: Rounding) -> Result<(), Fault> {
    rungs.sort_by(|a, b| a.rank.total_cmp(&b.rank));
    let mut highest: Option<&Rung> = None;
    for rung in &rungs {
        if let Some(below) = highest {
            let end = below.rank < 0.0 || rung.rank > 100.0;
            let (share, step) = if end {
                (rounding.share, rounding.step)
            } else {
                (FALL, 0.0)
            };
            if below.value > rung.value * (1.0 + share) + step {
                let reason = format!(
                    "{} is {} and {} is {}, which is of a higher rank and cannot be smaller",
                    below.name,
                    brief(below.value),
                    rung.name,
                    brief(rung.value)
                );
                return Err(Fault {
                    place: rung.place.clone().or_else(|| below.place.clone()),
                    reason,
                });
            }
        }
        if highest.is_none_or(|below| below.value < rung.value) {
            highest = Some(rung);
        }
    }
    Ok(())
}

/// `latency.` and `p99.9` of `latency.p99.9`.
fn family(metric: &str) -> Option<(&str, &str)> {
    let mut starts = metric.match_indices('.').map(|(at, _)| at + 1);
    std::iter::once(0)
        .chain(starts.by_ref())
        .filter_map(|at| metric.split_at_checked(at))
        .find(|(_, statistic)| rank(statistic).is_some())
}

impl Parsed {
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

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
        let mut ladders: HashMap<(&str, &Tags, &str), Vec<Rung>> = HashMap::new();
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
            if let Some((family, statistic)) = family(&m.metric) {
                let ladder = ladders.entry((&m.benchmark, &m.tags, family)).or_default();
                ladder.extend(Rung::new(statistic, m.value, None));
            }
            if !seen.insert((&m.benchmark, &m.metric, &m.tags)) {
                return Err(Fault::whole(format!(
                    "{name}{} is given twice; give the benchmarks different names",
                    tags_in_words(&m.tags)
                )));
            }
        }
        for ((benchmark, tags, family), rungs) in ladders {
            let of = |fault: Fault| Fault {
                reason: format!(
                    "`{benchmark}`{}: of its {}, {}",
                    tags_in_words(tags),
                    match family.trim_end_matches('.') {
                        "" => "percentiles",
                        family => family,
                    },
                    fault.reason
                ),
                ..fault
            };
            rising(rungs, self.rounding).map_err(of)?;
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

/// A number in an error: what has more digits than a person reads is given as `1e300`.
pub(crate) fn brief(value: f64) -> String {
    if value == 0.0 || (1e-4..1e12).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
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
            format!(
                "{} is negative, which a duration, a size or a count cannot be",
                brief(value)
            ),
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

/// Whether a time, or one of the samples behind it, is 0: a mean or median of such samples is a time
/// that nobody measured.
pub(crate) fn any_zero(time: &Measurement) -> bool {
    let samples = time.samples.iter().flat_map(|s| &s.values);
    samples.chain([&time.value]).any(|value| *value <= 0.0)
}

/// Why a micro-benchmark whose time is 0 has no value.
pub(crate) const ZERO_TIME: &str =
    "its time is 0: the compiler may have removed what it measures, or the clock is too coarse";
