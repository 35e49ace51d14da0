//! One run as a file: canonical JSON under a name that follows from it.
//!
//! ```json
//! {"commit":{"author":…,"parents":[…],"subject":…,"time":…},"digest":…,"run":{…},"schema":"plimsoll.run/1"}
//! ```
//! `run` is the canonical form whose SHA-256 is `digest`; `commit` is what git knew of the commit
//! (null where it was not known): its parents give the order where there is no repository to ask.

use crate::model::{Commit, CommitId, Run, RunId, canonical_json};
use crate::store::{Arrival, RunRow, Store, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// Version of the form.
pub const SCHEMA: &str = "plimsoll.run/1";
/// No run file is longer than this, in bytes; what is longer is not read.
pub const LARGEST: u64 = 256 << 20;
/// The month of runs whose commit's time is not known.
pub const UNKNOWN_MONTH: &str = "0000-00";

/// Why a run file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not a run file, or a damaged one.
    #[error("is damaged or not a run file: {0}")]
    Damaged(String),
    /// Of a later version.
    #[error("has the form {0}, which is newer than this plimsoll knows: upgrade plimsoll")]
    Newer(String),
}

/// A run on its way between machines.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFile {
    /// The run.
    pub run: Run,
    /// Digest of the whole run.
    pub digest: RunId,
    /// The raw samples were dropped on purpose before the file was written; `run` does not have
    /// `digest` any more.
    pub thinned: bool,
    /// What git knows of the commit.
    pub commit: Option<Commit>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitPart {
    author: String,
    parents: Vec<CommitId>,
    subject: String,
    time: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    commit: Option<CommitPart>,
    digest: String,
    run: Run,
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(default)]
    thinned: bool,
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// Why a stored run cannot be written as a file.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the database holds is not what was recorded.
    #[error(
        "run {0} of this database is damaged (its content has another digest): `plimsoll doctor --db` tells how to mend it"
    )]
    Damaged(RunId),
}

impl RunFile {
    /// A stored run as it was recorded.
    ///
    /// # Errors
    /// Where the database cannot be read, or holds something else than was recorded.
    pub fn of(
        store: &Store,
        row: &RunRow,
        thinned: bool,
        commits: &HashMap<CommitId, Commit>,
    ) -> Result<Self, WriteError> {
        let run = store.run(row)?;
        if !thinned && run.id().ok() != Some(row.digest) {
            return Err(WriteError::Damaged(row.digest));
        }
        Ok(Self {
            run,
            digest: row.digest,
            thinned,
            commit: commits.get(&row.commit).cloned(),
        })
    }

    /// Drops the raw samples; the values stay.
    pub fn thin(&mut self) {
        for measurement in &mut self.run.measurements {
            self.thinned |= measurement.samples.take().is_some();
        }
    }

    /// For the store.
    #[must_use]
    pub fn arrival(&self) -> Arrival<'_> {
        Arrival {
            run: &self.run,
            digest: self.digest,
            thinned: self.thinned,
            commit: self.commit.as_ref(),
        }
    }

    /// `yyyy-mm` of the commit's time (UTC), [`UNKNOWN_MONTH`] where it is not known.
    #[must_use]
    pub fn month(&self) -> String {
        let date = self
            .commit
            .as_ref()
            .map(|commit| commit.time.to_zoned(jiff::tz::TimeZone::UTC).date());
        match date {
            Some(date) if date.year() > 0 => format!("{:04}-{:02}", date.year(), date.month()),
            _ => UNKNOWN_MONTH.to_owned(),
        }
    }

    /// `runs/v1/<yyyy-mm>/<commit>-<first 16 hex of the digest>.json`.
    #[must_use]
    pub fn path(&self) -> String {
        format!(
            "runs/v1/{}/{}-{:016x}.json",
            self.month(),
            self.run.commit,
            self.digest.short()
        )
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Where a number is not finite.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        Ok(self.with_run(&canonical_json(&self.run)?))
    }

    fn with_run(&self, run: &str) -> String {
        let commit = self.commit.as_ref().map_or_else(
            || "null".to_owned(),
            |commit| {
                let parents: Vec<&str> = commit.parents.iter().map(CommitId::as_str).collect();
                format!(
                    r#"{{"author":{},"parents":{},"subject":{},"time":"{}"}}"#,
                    serde_json::json!(commit.author),
                    serde_json::json!(parents),
                    serde_json::json!(commit.subject),
                    commit.time
                )
            },
        );
        let thinned = if self.thinned {
            r#","thinned":true"#
        } else {
            ""
        };
        format!(
            r#"{{"commit":{commit},"digest":"{}","run":{run},"schema":"{SCHEMA}"{thinned}}}"#,
            self.digest
        )
    }

    /// Reads a file and proves it: the bytes are the canonical form of what they say, and the run
    /// has the digest.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let damaged = |e: serde_json::Error| FileError::Damaged(e.to_string());
        let text = std::str::from_utf8(bytes)
            .map_err(|e| FileError::Damaged(format!("it is not text: {e}")))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let whole: Whole = match serde_json::from_str(text) {
            Ok(whole) => whole,
            Err(e) => {
                return Err(match serde_json::from_str::<Head>(text) {
                    Ok(head) if head.schema != SCHEMA => newer(&head.schema),
                    _ => damaged(e),
                });
            }
        };
        if whole._schema != SCHEMA {
            return Err(newer(&whole._schema));
        }
        let digest = RunId::from_hex(&whole.digest)
            .ok_or_else(|| FileError::Damaged("its digest is not 64 digits".to_owned()))?;
        let id = whole.run.commit.clone();
        let file = Self {
            run: whole.run,
            digest,
            thinned: whole.thinned,
            commit: whole.commit.map(|part| Commit {
                id,
                parents: part.parents,
                author: part.author,
                subject: part.subject,
                time: part.time,
            }),
        };
        let canonical = canonical_json(&file.run).map_err(damaged)?;
        let own = RunId(Sha256::digest(canonical.as_bytes()).into());
        if !file.thinned && own != digest {
            return Err(FileError::Damaged(format!(
                "its run has the digest {own}, not {digest}"
            )));
        }
        if file.with_run(&canonical) != text {
            return Err(FileError::Damaged(
                "it is not in canonical form: it was edited or cut".to_owned(),
            ));
        }
        file.sound()?;
        Ok(file)
    }

    /// What canonical form and digest do not show.
    fn sound(&self) -> Result<(), FileError> {
        let fault = |text: String| Err(FileError::Damaged(text));
        if self.run.schema != 1 {
            return Err(newer(&format!("run {}", self.run.schema)));
        }
        let mut keys = BTreeSet::new();
        for m in &self.run.measurements {
            if !keys.insert((&m.benchmark, &m.metric, &m.unit, &m.tags)) {
                return fault(format!("`{}` {} occurs twice", m.benchmark, m.metric));
            }
            if i64::try_from(m.n).is_err() {
                return fault(format!("`{}` has too many samples", m.benchmark));
            }
            if let Some(samples) = &m.samples {
                let pairs = samples.iterations.as_ref().map(Vec::len);
                if self.thinned {
                    return fault("it says that it has no samples and has some".to_owned());
                }
                if pairs.is_some_and(|pairs| pairs != samples.values.len()) {
                    return fault(format!(
                        "`{}` has not as many iteration counts as samples",
                        m.benchmark
                    ));
                }
            }
        }
        Ok(())
    }
}

fn newer(schema: &str) -> FileError {
    if schema.starts_with("plimsoll.run/") || schema.starts_with("run ") {
        FileError::Newer(schema.chars().take(40).collect())
    } else {
        FileError::Damaged("it is some other JSON".to_owned())
    }
}

/// What the name of a run file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunName<'a> {
    /// `yyyy-mm`.
    pub month: &'a str,
    /// The commit.
    pub commit: &'a str,
    /// First 64 bits of the digest.
    pub digest: u64,
}

/// Reads the path of a run file; `None` for a file that is none.
#[must_use]
pub fn parse_path(path: &str) -> Option<RunName<'_>> {
    let (month, name) = path.strip_prefix("runs/v1/")?.split_once('/')?;
    let (commit, digest) = name.strip_suffix(".json")?.split_once('-')?;
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let sound = is_month(month)
        && hex(commit)
        && matches!(commit.len(), 40 | 64)
        && hex(digest)
        && digest.len() == 16;
    Some(RunName {
        month,
        commit,
        digest: u64::from_str_radix(digest, 16).ok().filter(|_| sound)?,
    })
}

/// Whether this is `yyyy-mm`.
#[must_use]
pub(crate) fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 7
        && bytes[4] == b'-'
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| i == 4 || b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
