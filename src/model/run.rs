//! One collection of results at one commit in one environment.

use super::{CommitId, Failure, Measurement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

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
/// (benchmark, metric, tags), failures by benchmark, floats in their shortest exact form.
///
/// # Errors
/// Where a number is not finite: such a run was never made by a reader of this crate.
pub fn canonical_json(run: &Run) -> Result<String, serde_json::Error> {
    let mut sorted = run.clone();
    sorted.measurements.sort_by(|a, b| {
        (&a.benchmark, &a.metric, &a.tags).cmp(&(&b.benchmark, &b.metric, &b.tags))
    });
    sorted
        .failures
        .sort_by(|a, b| (&a.benchmark, &a.reason).cmp(&(&b.benchmark, &b.reason)));
    // serde_json's map keeps its keys sorted, so a detour through `Value` is canonical.
    serde_json::to_string(&serde_json::to_value(&sorted)?)
}

impl Run {
    /// The digest of the canonical form.
    ///
    /// # Errors
    /// As [`canonical_json`].
    pub fn id(&self) -> Result<RunId, serde_json::Error> {
        Ok(RunId(
            Sha256::digest(canonical_json(self)?.as_bytes()).into(),
        ))
    }
}
