//! One collection of results at one commit in one environment.

use super::{CommitId, Direction, Failure, Measurement, Tags, Unit};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter};

/// Where a run was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The label that ties runs into series, by default `<os>-<arch>`.
    pub label: String,
    /// What is known of the machine: `os`, `arch`, `cpu`, `cores`, … Never a clock speed, which
    /// changes from minute to minute.
    pub facts: BTreeMap<String, String>,
}

impl Environment {
    /// The stratum of this environment under its label: its CPU model, empty where unknown.
    #[must_use]
    pub fn stratum(&self) -> &str {
        self.facts.get("cpu").map_or("", String::as_str)
    }
}

/// Where the results of a run came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// SHA-256 of the files that were read, lower-case hexadecimal; empty for a command.
    pub digest: String,
    /// When the command that produced the results was started (RFC 3339), for `record -- COMMAND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// Which repetition of the command this was, from 1; 0 for files.
    #[serde(default)]
    pub attempt: u32,
}

/// One collection of results at one commit in one environment. Immutable; its id is the digest
/// of its canonical form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of this form, 1.
    pub schema: u32,
    /// The commit that was measured.
    pub commit: CommitId,
    /// Where it was measured.
    pub environment: Environment,
    /// Prefix of a group of benchmarks that are recorded together; empty by default.
    #[serde(default)]
    pub suite: String,
    /// Which part of a build matrix this is; empty by default.
    #[serde(default)]
    pub part: String,
    /// Tracked files differed from the commit. A dirty run is kept out of history and base.
    #[serde(default)]
    pub dirty: bool,
    /// Where its results came from.
    pub source: Source,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// What was run and gave no result.
    #[serde(default)]
    pub failures: Vec<Failure>,
}

/// The id of a run: SHA-256 of its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub [u8; 32]);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The canonical form of a run: compact JSON, object keys sorted, measurements sorted by
/// (benchmark, metric, tags, unit), failures by (benchmark, reason, tags), floats in their shortest exact
/// form. A value of −0 is written as 0: the two are equal, and the store keeps only one of them.
///
/// # Errors
/// Where a number is not finite: such a run was never made by a reader of this crate.
pub fn canonical_json(run: &Run) -> Result<String, serde_json::Error> {
    serde_json::to_string(&canonical(run))
}

fn canonical(run: &Run) -> CanonicalRun<'_> {
    let mut measurements: Vec<_> = run
        .measurements
        .iter()
        .map(CanonicalMeasurement::new)
        .collect();
    measurements.sort_by(|a, b| {
        (a.benchmark, a.metric, a.tags, a.unit).cmp(&(b.benchmark, b.metric, b.tags, b.unit))
    });
    let mut failures: Vec<_> = run
        .failures
        .iter()
        .map(|failure| CanonicalFailure {
            benchmark: &failure.benchmark,
            reason: &failure.reason,
            tags: &failure.tags,
        })
        .collect();
    failures.sort_by(|a, b| (a.benchmark, a.reason, a.tags).cmp(&(b.benchmark, b.reason, b.tags)));
    CanonicalRun {
        commit: &run.commit,
        dirty: run.dirty,
        environment: CanonicalEnvironment {
            facts: &run.environment.facts,
            label: &run.environment.label,
        },
        failures,
        measurements,
        part: &run.part,
        schema: run.schema,
        source: CanonicalSource {
            attempt: run.source.attempt,
            digest: &run.source.digest,
            started: run.source.started.as_deref(),
        },
        suite: &run.suite,
    }
}

// The canonical form, field by field in the order of their names.

#[derive(Serialize)]
struct CanonicalRun<'a> {
    commit: &'a CommitId,
    dirty: bool,
    environment: CanonicalEnvironment<'a>,
    failures: Vec<CanonicalFailure<'a>>,
    measurements: Vec<CanonicalMeasurement<'a>>,
    part: &'a str,
    schema: u32,
    source: CanonicalSource<'a>,
    suite: &'a str,
}

#[derive(Serialize)]
struct CanonicalEnvironment<'a> {
    facts: &'a BTreeMap<String, String>,
    label: &'a str,
}

#[derive(Serialize)]
struct CanonicalFailure<'a> {
    benchmark: &'a str,
    reason: &'a str,
    // Left out where there are none, as runs of before have it: their digests stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a Tags,
}

#[derive(Serialize)]
struct CanonicalSource<'a> {
    attempt: u32,
    digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<&'a str>,
}

#[derive(Serialize)]
struct CanonicalMeasurement<'a> {
    benchmark: &'a str,
    direction: Option<Direction>,
    metric: &'a str,
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<CanonicalSamples<'a>>,
    source_metric: &'a str,
    source_unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    spread: Option<CanonicalSpread>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a Tags,
    unit: &'a Unit,
    value: f64,
}

#[derive(Serialize)]
struct CanonicalSamples<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iterations: Option<&'a [f64]>,
    values: &'a [f64],
}

#[derive(Serialize)]
struct CanonicalSpread {
    above: u32,
    below: u32,
}

impl<'a> CanonicalMeasurement<'a> {
    fn new(m: &'a Measurement) -> Self {
        Self {
            benchmark: &m.benchmark,
            direction: m.direction,
            metric: &m.metric,
            n: m.n,
            samples: m.samples.as_ref().map(|samples| CanonicalSamples {
                iterations: samples.iterations.as_deref(),
                values: &samples.values,
            }),
            source_metric: &m.source_metric,
            source_unit: &m.source_unit,
            spread: m.spread.map(|spread| CanonicalSpread {
                above: spread.above,
                below: spread.below,
            }),
            tags: &m.tags,
            unit: &m.unit,
            value: m.value + 0.0,
        }
    }
}

impl RunId {
    /// Reads 64 hexadecimal digits back; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(id))
    }

    /// The first 64 bits: what a run file's name carries.
    #[must_use]
    pub fn short(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first)
    }
}

impl Run {
    /// The digest of the canonical form.
    ///
    /// # Errors
    /// As [`canonical_json`].
    pub fn id(&self) -> Result<RunId, serde_json::Error> {
        // Bit by bit: the whole text of a large run is megabytes that nobody reads.
        let mut out = BufWriter::with_capacity(1 << 14, Digesting(Sha256::new()));
        serde_json::to_writer(&mut out, &canonical(self))?;
        let digesting = out
            .into_inner()
            .map_err(|e| serde_json::Error::io(e.into_error()))?;
        Ok(RunId(digesting.0.finalize().into()))
    }
}

/// What is written to it is digested.
struct Digesting(Sha256);

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Samples, Spread};

    #[test]
    fn the_canonical_form_is_what_sorting_every_key_gives() {
        let mut measurement = Measurement::from_samples(
            "b",
            "time",
            Unit::Nanoseconds,
            Some(Direction::Lower),
            Samples {
                values: vec![0.1, 2.0, 1e-300],
                iterations: Some(vec![1.0, 2.0, 3.0]),
            },
        )
        .unwrap();
        measurement.tags.insert("z".into(), "1".into());
        measurement.tags.insert("a".into(), "2".into());
        measurement.spread = Spread::between(0.05, 0.1, 0.3);
        let run = Run {
            schema: 1,
            commit: CommitId::new("ab".repeat(20)).unwrap(),
            environment: Environment {
                label: "ci".into(),
                facts: [("cpu".to_owned(), "x".to_owned())].into(),
            },
            suite: "s".into(),
            part: "p".into(),
            dirty: false,
            source: Source {
                digest: "d".into(),
                started: Some("t".into()),
                attempt: 2,
            },
            measurements: vec![measurement],
            failures: vec![Failure {
                benchmark: "f".into(),
                reason: "r".into(),
                tags: [("users".into(), "5".into())].into(),
            }],
        };
        // serde_json's own map keeps its keys sorted.
        let sorted = serde_json::to_string(&serde_json::to_value(&run).unwrap()).unwrap();
        assert_eq!(canonical_json(&run).unwrap(), sorted);
        let digest: [u8; 32] = Sha256::digest(&sorted).into();
        assert_eq!(run.id().unwrap(), RunId(digest));
        let back: Run = serde_json::from_str(&sorted).unwrap();
        assert_eq!(back, run);
    }
}
