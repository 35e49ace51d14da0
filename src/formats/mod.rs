//! Result files of benchmark and load-test tools: bytes in, measurements out.
//!
//! One file per tool holds its mirror structs and its reader; [`formats()`] lists them. A format is
//! found by content, never by the name of a file. Whatever is not understood is an error that
//! names the file, the place and the reason: a benchmark that gave no usable number becomes a
//! [`Failure`], never a zero.

mod ab;
mod address;
mod artillery;
mod asv;
mod autocannon;
mod benchmarkdotnet;
mod benchmarkjs;
mod bmf;
mod bombardier;
mod buckets;
mod cargo_criterion;
mod catch2;
mod content;
mod criterion;
mod criterion_text;
mod csv;
mod dart;
mod delimited;
mod distribution;
mod divan;
mod fault;
mod fortio;
mod gatling;
mod ghz;
mod github_action_benchmark;
mod go;
mod google_benchmark;
mod gungraun;
mod h2load;
mod hdrhistogram;
mod hey;
mod hyperfine;
mod iai;
mod jmeter;
mod jmh;
mod json;
mod julia;
mod k6;
mod libtest;
mod lighthouse;
mod load;
mod locust;
mod luau;
mod mitata;
mod moments;
mod nighthawk;
mod oha;
mod openmetrics;
mod otlp;
mod parsed;
mod plimsoll;
mod pyperf;
mod pytest_benchmark;
mod read;
mod registry;
mod requests;
mod ruby;
mod series;
mod siege;
mod sniff;
mod source;
mod steps;
mod taurus;
#[cfg(test)]
mod testing;
mod text;
mod timed;
mod tinybench;
mod trackers;
pub mod units;
mod vegeta;
mod vitest;
mod wrk;

pub use address::address_in;
pub use moments::{LoadMoment, moments};
pub use read::{holds_criterion, read, read_bytes, read_stream, recognise};
pub use registry::{Format, by_name, formats, table};
pub use series::{PlainSeries, read_series};
pub use trackers::{Dated, TrackerHistory, read_histories, trackers};

use crate::model::{Failure, Measurement};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// What was understood of one file (for criterion: of one benchmark's folder).
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The path as it was given or found; for criterion the folder `new/`.
    pub path: PathBuf,
    /// Short name of the format, as `--from` takes it.
    pub format: &'static str,
    /// The tool's or the format's version, where the file says it.
    pub version: Option<String>,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// What was run and gave no result.
    pub failures: Vec<Failure>,
    /// What the file says and no measurement can, in sentences for people: what was left out of it,
    /// and why.
    pub notes: Vec<String>,
    /// SHA-256 of the bytes that were read, lower-case hexadecimal. It does not depend on the
    /// path.
    pub digest: String,
}

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Read every input as this format instead of finding it by content.
    pub from: Option<String>,
    /// Skip results last modified before this (the start of the command that makes them).
    pub modified_since: Option<SystemTime>,
    /// Commit time of HEAD: older criterion results in a folder are stale.
    pub head_time: Option<SystemTime>,
    /// Take stale results all the same.
    pub include_stale: bool,
    /// What a test is called that came from no file and whose output does not name it; without this
    /// it is called after its format.
    pub unnamed: Option<String>,
}

/// What was read of all inputs.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// In order of input, then path.
    pub readings: Vec<Reading>,
    /// Results left alone because they are older than what they should measure.
    pub stale: Vec<PathBuf>,
    /// Files in a folder that was given, left alone because no format claims their content.
    pub skipped: Vec<PathBuf>,
}

impl Readings {
    /// One digest over all that was read, the same in whatever order the files were found: the
    /// digest of the run's source.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digests: Vec<&str> = self.readings.iter().map(|r| r.digest.as_str()).collect();
        digests.sort_unstable();
        let mut all = Sha256::new();
        for digest in digests {
            all.update(digest.as_bytes());
        }
        hex(&all.finalize())
    }
}

/// Why a file was not read: it names the file, the place and the reason.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), place.as_ref().map(|p| format!(": {p}")).unwrap_or_default())]
pub struct FormatError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, or the path inside the document; `None` for the file as a whole.
    pub place: Option<String>,
    /// What is wrong and what was looked for.
    pub reason: String,
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// File systems stamp files with a clock that lags behind by up to one tick of the kernel.
const TICK: Duration = Duration::from_millis(20);

/// Whether something was last modified before `since`.
fn is_before(modified: SystemTime, since: Option<SystemTime>) -> bool {
    since.is_some_and(|since| modified.checked_add(TICK).is_some_and(|end| end < since))
}
