//! Result files of benchmark and load-test tools: bytes in, measurements out.

use crate::model::{Failure, Measurement};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What was understood of one file (for criterion: of one benchmark's folder).
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The path as it was given or found.
    pub path: PathBuf,
    /// Short name of the format, as `--from` takes it.
    pub format: &'static str,
    /// The tool's or the format's version, where the file says it.
    pub version: Option<String>,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// What was run and gave no result.
    pub failures: Vec<Failure>,
    /// SHA-256 of the bytes that were read, lower-case hexadecimal.
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
}

/// What was read of all inputs.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// In order of input, then path.
    pub readings: Vec<Reading>,
    /// Results left alone because they are older than what they should measure.
    pub stale: Vec<PathBuf>,
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

/// Reads files and folders. Nothing is guessed: a file that is not understood is an error.
///
/// # Errors
/// Every file that could not be read, all at once.
pub fn read(inputs: &[&Path], options: &Options) -> Result<Readings, Vec<FormatError>> {
    let _ = (inputs, options);
    Err(Vec::new())
}
