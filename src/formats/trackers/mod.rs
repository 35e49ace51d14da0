//! Whole histories of other trackers: bytes in, dated results out, each with the commit that the
//! tracker names.
//!
//! Nothing here knows a repository: abbreviated commits stay as they are, and the order of the
//! results means nothing.

mod asv;
mod bencher;
mod columns;
mod data_js;

use super::fault::Fault;
use super::{FormatError, hex};
use crate::model::{Failure, Measurement, Tags};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What one tracker wrote down of one measurement of one commit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dated {
    /// The commit as the tracker names it: a full or an abbreviated id.
    pub commit: String,
    /// When it was measured, where the tracker says so.
    pub time: Option<Timestamp>,
    /// The machine, where the tracker names one.
    pub machine: Option<String>,
    /// What is known of that machine.
    pub facts: BTreeMap<String, String>,
    /// The group that the results belong to; empty by default.
    pub suite: String,
    /// What tells this measurement from others of the same commit.
    pub identity: String,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// What was run and gave no result.
    pub failures: Vec<Failure>,
}

impl Dated {
    /// A digest of what identifies this measurement for its tracker. It does not depend on the rest
    /// of the file, so that a history that grew is stored once.
    #[must_use]
    pub fn digest(&self, tracker: &str) -> String {
        let mut all = Sha256::new();
        for part in [tracker, &self.commit, &self.suite, &self.identity] {
            all.update((part.len() as u64).to_be_bytes());
            all.update(part);
        }
        hex(&all.finalize())
    }
}

/// The history in one file or folder.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackerHistory {
    /// Where it stood.
    pub path: PathBuf,
    /// Name of the tracker, as `--from` takes it.
    pub tracker: &'static str,
    /// Its results.
    pub results: Vec<Dated>,
    /// What was left out, and how often: whole sentences' fragments by count.
    pub left_out: BTreeMap<&'static str, usize>,
}

impl TrackerHistory {
    fn new(path: &Path, tracker: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            tracker,
            results: Vec::new(),
            left_out: BTreeMap::new(),
        }
    }

    fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }

    /// Takes a result whose names are told apart; values that share one are left out.
    fn take(&mut self, mut dated: Dated) {
        let mut seen: HashMap<(String, String, Tags), usize> = HashMap::new();
        let key = |m: &Measurement| (m.benchmark.clone(), m.metric.clone(), m.tags.clone());
        for m in &dated.measurements {
            *seen.entry(key(m)).or_default() += 1;
        }
        dated.measurements.retain(|m| {
            let once = seen[&key(m)] == 1;
            if !once {
                *self.left_out.entry(TWICE).or_default() += 1;
            }
            once
        });
        if !dated.measurements.is_empty() || !dated.failures.is_empty() {
            self.results.push(dated);
        }
    }
}

const TWICE: &str = "values whose name stands several times in one measurement";
const NO_COMMIT: &str = "results without a commit";
const NOT_FINITE: &str = "values that are no finite number";

/// A tracker whose histories are read.
struct Tracker {
    name: &'static str,
    aliases: &'static [&'static str],
    known_by: &'static str,
    sniff: fn(&Path, &[u8]) -> bool,
    read: fn(&Path, &[u8]) -> Result<TrackerHistory, Fault>,
}

const TRACKERS: [Tracker; 3] = [data_js::TRACKER, bencher::TRACKER, columns::TRACKER];

/// The names that `--from` takes, asv's folder included.
#[must_use]
pub fn trackers() -> Vec<&'static str> {
    TRACKERS.iter().map(|t| t.name).chain([asv::NAME]).collect()
}

/// The tracker whose history a file is.
pub(super) fn of(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    let found = TRACKERS.iter().find(|t| (t.sniff)(path, bytes));
    found.map(|tracker| tracker.name)
}

/// Reads the histories in files and folders, found by content unless `from` names the tracker.
///
/// # Errors
/// Every input that could not be read, all at once.
pub fn read_histories(
    inputs: &[&Path],
    from: Option<&str>,
) -> Result<Vec<TrackerHistory>, Vec<FormatError>> {
    let named = |t: &&Tracker| from.is_some_and(|f| t.name == f || t.aliases.contains(&f));
    let tracker = TRACKERS.iter().find(named);
    if let Some(name) = from.filter(|name| tracker.is_none() && *name != asv::NAME) {
        let reason = format!(
            "`{name}` is not a tracker; known are {}",
            trackers().join(", ")
        );
        return Err(vec![Fault::whole(reason).of(Path::new("--from"))]);
    }
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for input in inputs {
        match one(input, tracker, from == Some(asv::NAME)) {
            Ok(histories) => found.extend(histories),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(found)
    } else {
        Err(errors)
    }
}

fn one(
    path: &Path,
    tracker: Option<&Tracker>,
    asv_only: bool,
) -> Result<Vec<TrackerHistory>, FormatError> {
    if path.is_dir() {
        if tracker.is_none()
            && let Some(folder) = asv::folder(path)
        {
            return asv::read(&folder).map(|history| vec![history]);
        }
        if asv_only {
            let reason =
                "it holds no asv results: looked for benchmarks.json in it and in results/";
            return Err(Fault::whole(reason).of(path));
        }
        return in_folder(path, tracker);
    }
    if asv_only {
        return Err(Fault::whole("asv's results are a folder; name it").of(path));
    }
    let bytes = bytes_of(path)?;
    match tracker.or(recognise(path, &bytes)?) {
        Some(tracker) => read_as(tracker, path, &bytes).map(|history| vec![history]),
        None => Err(unknown().of(path)),
    }
}

/// The files of a folder that are a history; the others are no business of an import.
fn in_folder(path: &Path, tracker: Option<&Tracker>) -> Result<Vec<TrackerHistory>, FormatError> {
    let mut found = Vec::new();
    for file in super::read::files_in(path)? {
        let bytes = bytes_of(&file)?;
        let own = match tracker {
            Some(tracker) => Some(tracker).filter(|t| (t.sniff)(&file, &bytes)),
            None => recognise(&file, &bytes)?,
        };
        if let Some(own) = own {
            found.push(read_as(own, &file, &bytes)?);
        }
    }
    if found.is_empty() {
        return Err(unknown().of(path));
    }
    Ok(found)
}

fn recognise(path: &Path, bytes: &[u8]) -> Result<Option<&'static Tracker>, FormatError> {
    static ALL: [Tracker; 3] = TRACKERS;
    let found: Vec<&Tracker> = ALL.iter().filter(|t| (t.sniff)(path, bytes)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => {
            let names: Vec<&str> = many.iter().map(|t| t.name).collect();
            let reason = format!(
                "it could be {}; say which with `--from`",
                names.join(" or ")
            );
            Err(Fault::whole(reason).of(path))
        }
    }
}

fn read_as(tracker: &Tracker, path: &Path, bytes: &[u8]) -> Result<TrackerHistory, FormatError> {
    let history = (tracker.read)(path, bytes).map_err(|fault| {
        Fault {
            reason: format!("read as {}: {}", tracker.name, fault.reason),
            ..fault
        }
        .of(path)
    })?;
    refuse_empty(history)
}

fn refuse_empty(history: TrackerHistory) -> Result<TrackerHistory, FormatError> {
    if history.results.is_empty() {
        let left: Vec<String> = history
            .left_out
            .iter()
            .map(|(why, n)| format!("{n} {why}"))
            .collect();
        let reason = match left.is_empty() {
            true => "it holds no results".to_owned(),
            false => format!("it holds no usable results: {}", left.join(", ")),
        };
        return Err(
            Fault::whole(format!("read as {}: {reason}", history.tracker)).of(&history.path),
        );
    }
    Ok(history)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, FormatError> {
    std::fs::read(path).map_err(|e| Fault::whole(format!("it cannot be read: {e}")).of(path))
}

fn unknown() -> Fault {
    let list: Vec<String> = TRACKERS
        .iter()
        .map(|t| format!("{} ({})", t.name, t.known_by))
        .chain([format!("{} (a folder with benchmarks.json)", asv::NAME)])
        .collect();
    Fault::whole(format!(
        "it is no history of a known tracker; looked for {}; results of one commit are read by `plimsoll record`",
        list.join("; ")
    ))
}

/// Whether this may be the id of a commit, full or abbreviated to at least 7 digits.
fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The text of a file.
fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        Fault::at(format!("line {line}"), "the text is not UTF-8")
    })
}

#[cfg(test)]
mod tests;
