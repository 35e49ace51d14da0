//! airspeed velocity's `results/`: `benchmarks.json`, and one file a machine, commit and environment.
//!
//! Producer: <https://asv.readthedocs.io/en/stable/dev.html#file-formats>, versions 1 and 2 of the
//! results. `NaN` is a benchmark that was skipped, `null` one that failed. Results of an earlier
//! version of a benchmark's own code are left out, as asv does: they measured something else.

use super::{Dated, NO_COMMIT, TrackerHistory, bytes_of, is_commit, refuse_empty};
use crate::formats::asv::{self, About, File};
use crate::formats::fault::Fault;
use crate::formats::parsed::Parsed;
use crate::formats::{FormatError, json};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "asv";

const OLD_CODE: &str = "results of an earlier version of a benchmark's code";
const UNKNOWN: &str = "results of benchmarks that benchmarks.json does not hold";
const SKIPPED: &str = "results that asv skipped";

/// The folder of results at a path.
pub(super) fn folder(path: &Path) -> Option<PathBuf> {
    [path.to_owned(), path.join("results")]
        .into_iter()
        .find(|folder| folder.join("benchmarks.json").is_file())
}

#[derive(Deserialize)]
struct Machine {
    #[serde(default)]
    machine: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    cpu: String,
    #[serde(default)]
    num_cpu: String,
    #[serde(default)]
    os: String,
}

pub(super) fn read(folder: &Path) -> Result<TrackerHistory, FormatError> {
    let path = folder.join("benchmarks.json");
    let described = asv::about(&bytes_of(&path)?).map_err(|fault| fault.of(&path))?;
    let mut history = TrackerHistory::new(folder, NAME);
    for machine in entries(folder)? {
        let facts = machine.join("machine.json");
        if !facts.is_file() {
            continue;
        }
        let facts: Machine =
            json::document(&bytes_of(&facts)?).map_err(|fault| fault.of(&facts))?;
        for file in entries(&machine)? {
            let results = file.extension().is_some_and(|e| e == "json")
                && file.file_name().is_some_and(|name| name != "machine.json");
            if results {
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                asv::file(&bytes_of(&file)?, &stem)
                    .and_then(|read| one(&mut history, &described, &facts, &read))
                    .map_err(|fault| fault.of(&file))?;
            }
        }
    }
    refuse_empty(history)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let unreadable = |e: std::io::Error| Fault::whole(format!("it cannot be read: {e}")).of(folder);
    let mut paths = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn one(
    history: &mut TrackerHistory,
    described: &BTreeMap<String, About>,
    machine: &Machine,
    file: &File,
) -> Result<(), Fault> {
    let Some(commit) = file.commit_hash.as_deref().filter(|hash| is_commit(hash)) else {
        history.leave_out(NO_COMMIT);
        return Ok(());
    };
    let mut parsed = Parsed::default();
    for (name, results) in &file.results {
        let Some(about) = described.get(name) else {
            history.leave_out(UNKNOWN);
            continue;
        };
        let versions = results.version.as_ref().zip(about.version.as_ref());
        if versions.is_some_and(|(measured, now)| measured != now) {
            history.leave_out(OLD_CODE);
            continue;
        }
        for _ in 0..asv::one(name, results, Some(about), &file.env, &mut parsed)? {
            history.leave_out(SKIPPED);
        }
    }
    history.take(Dated {
        commit: commit.to_ascii_lowercase(),
        time: file
            .date
            .and_then(|ms| Timestamp::from_millisecond(ms as i64).ok()),
        machine: Some(machine.machine.clone()).filter(|name| !name.is_empty()),
        facts: facts(machine),
        identity: file.env.clone(),
        measurements: parsed.measurements,
        failures: parsed.failures,
        ..Dated::default()
    });
    Ok(())
}

fn facts(machine: &Machine) -> BTreeMap<String, String> {
    let all = [
        ("arch", &machine.arch),
        ("cpu", &machine.cpu),
        ("cores", &machine.num_cpu),
        ("os", &machine.os),
    ];
    // Clock speeds are no fact of a model.
    let plain = |text: &str| text.split(" @ ").next().unwrap_or(text).trim().to_owned();
    all.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect()
}
