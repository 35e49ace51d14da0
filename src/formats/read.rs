//! From paths to readings: files, folders, and what stands in them.

use super::content::Content;
use super::criterion;
use super::fault::Fault;
use super::parsed::{Input, tags_in_words};
use super::registry::{Format, Reader, by_name, formats};
use super::sniff::{sniff, unknown};
use super::{FormatError, Options, Reading, Readings, hex, is_before};
use crate::model::Tags;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Files in a folder with one of these endings are looked into.
const ENDINGS: [&str; 8] = ["json", "txt", "ndjson", "csv", "js", "xml", "jtl", "log"];

/// Reads files and folders. Nothing is guessed: a file that is not understood is an error.
///
/// A folder with criterion results gives these. Any other gives every file in it and below it
/// whose content is a known format; hidden folders and links to folders are not entered.
///
/// # Errors
/// Every file that could not be read, all at once; a folder in which there is nothing to read; a
/// measurement that two files give.
pub fn read(inputs: &[&Path], options: &Options) -> Result<Readings, Vec<FormatError>> {
    let mut reader = All {
        options,
        from: None,
        out: Readings::default(),
        errors: Vec::new(),
        seen: HashSet::new(),
    };
    if let Some(name) = &options.from {
        match by_name(name) {
            Some(format) => reader.from = Some(format),
            None => {
                let fault = unknown_name(name);
                let of = |path: &&Path| fault.clone().of(path);
                return Err(match inputs {
                    [] => vec![fault.of(Path::new("--from"))],
                    _ => inputs.iter().map(of).collect(),
                });
            }
        }
    }
    for input in inputs {
        if let Err(error) = reader.input(input) {
            reader.errors.push(error);
        }
    }
    if reader.errors.is_empty() {
        reader.errors.extend(given_twice(&reader.out));
    }
    if reader.errors.is_empty() {
        Ok(reader.out)
    } else {
        Err(reader.errors)
    }
}

/// Reads bytes that did not come from a file, such as standard input; `path` names them in errors,
/// and its stem names a load test whose format has no name for it.
///
/// # Errors
/// Where the bytes are not understood. Criterion's results are three files and cannot be read so.
pub fn read_bytes(path: &Path, bytes: &[u8], options: &Options) -> Result<Reading, FormatError> {
    let from = options
        .from
        .as_deref()
        .map(|name| by_name(name).ok_or_else(|| unknown_name(name).of(path)))
        .transpose()?;
    let format = match from {
        Some(format) => format,
        None => find(bytes)
            .and_then(|f| f.ok_or_else(unknown))
            .map_err(|f| f.of(path))?,
    };
    parse(format, path, bytes, options.from.as_deref(), false)
}

/// The name of the format that these bytes have; `None` where no format claims them.
///
/// # Errors
/// Where two formats claim them.
pub fn recognise(path: &Path, bytes: &[u8]) -> Result<Option<&'static str>, FormatError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let found = find(bytes).map_err(|fault| fault.of(path))?;
    Ok(found.map(|format| format.name))
}

/// Whether a folder holds results of criterion, readable or not.
#[must_use]
pub fn holds_criterion(folder: &Path) -> bool {
    criterion::find(folder).is_ok_and(|found| !found.is_empty())
}

fn unknown_name(name: &str) -> Fault {
    let names: Vec<&str> = formats().iter().map(|f| f.name).collect();
    Fault::whole(format!(
        "`{name}` is not a format; known are {}",
        names.join(", ")
    ))
}

fn find(bytes: &[u8]) -> Result<Option<&'static Format>, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::whole("the file is empty"));
    }
    sniff(&Content::new(bytes))
}

/// Reads `bytes` as `format`. `from`: the name that the user gave it. `is_file`: the bytes are those
/// of the file at `path`.
fn parse(
    format: &'static Format,
    path: &Path,
    bytes: &[u8],
    from: Option<&str>,
    is_file: bool,
) -> Result<Reading, FormatError> {
    let Reader::File(reader) = format.reader else {
        let reason = "criterion's results are three files; give the folder that holds them";
        return Err(Fault::whole(reason).of(path));
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::whole("the file is empty").of(path));
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy());
    let input = Input {
        bytes,
        stem: match stem.as_deref() {
            None | Some("" | "-") => format.name,
            Some(stem) => stem,
        },
        from,
        path: is_file.then_some(path),
    };
    let parsed = reader(&input)
        .and_then(super::parsed::Parsed::checked)
        .map_err(|fault| Fault {
            reason: format!("read as {}: {}", format.name, fault.reason),
            ..fault
        })
        .map_err(|fault| fault.of(path))?;
    Ok(Reading {
        path: path.to_owned(),
        format: format.name,
        version: parsed.version,
        measurements: parsed.measurements,
        failures: parsed.failures,
        digest: hex(&Sha256::digest(bytes)),
    })
}

struct All<'a> {
    options: &'a Options,
    from: Option<&'static Format>,
    out: Readings,
    errors: Vec<FormatError>,
    /// What was read, by its real path: overlapping inputs are read once.
    seen: HashSet<PathBuf>,
}

impl All<'_> {
    fn input(&mut self, path: &Path) -> Result<(), FormatError> {
        let meta = fs::metadata(path).map_err(|e| unreadable(path, &e))?;
        if meta.is_dir() {
            self.folder(path)
        } else {
            self.file(path, false)
        }
    }

    fn folder(&mut self, path: &Path) -> Result<(), FormatError> {
        let criterion_only = self
            .from
            .is_some_and(|format| matches!(format.reader, Reader::Criterion));
        if self.from.is_none() || criterion_only {
            let found = criterion::find(path)?;
            if !found.is_empty() {
                self.criterion(found);
                return Ok(());
            }
            if criterion_only {
                return Err(Fault::whole(
                    "it holds no criterion results; looked for **/new/estimates.json",
                )
                .of(path));
            }
        }
        let before = self.out.skipped.len();
        let files = files_in(path)?;
        for file in &files {
            if let Err(error) = self.file(file, true) {
                self.errors.push(error);
            }
        }
        if files.len() == self.out.skipped.len() - before {
            let mut fault = unknown();
            fault.reason = format!(
                "it holds no results: none of its {} files with the endings .{} is a known format; {}",
                files.len(),
                ENDINGS.join(" ."),
                fault.reason
            );
            return Err(fault.of(path));
        }
        Ok(())
    }

    fn criterion(&mut self, found: Vec<criterion::Found>) {
        let (fresh, stale) = criterion::fresh_and_stale(found, self.options);
        for folder in stale {
            if self.first_time(&folder) {
                self.out.stale.push(folder);
            }
        }
        for one in fresh {
            if self.first_time(&one.folder) {
                match criterion::read(&one) {
                    Ok(reading) => self.out.readings.push(reading),
                    Err(error) => self.errors.push(error),
                }
            }
        }
    }

    /// Reads one file. `searched`: it was found in a folder, so it may be something else.
    fn file(&mut self, path: &Path, searched: bool) -> Result<(), FormatError> {
        let of = |fault: Fault| fault.of(path);
        let modified = fs::metadata(path).and_then(|meta| meta.modified());
        let modified = modified.map_err(|e| unreadable(path, &e))?;
        if is_before(modified, self.options.modified_since) {
            return Ok(());
        }
        let bytes = fs::read(path).map_err(|e| unreadable(path, &e))?;
        let format = match self.from {
            Some(from) if searched => Some(from).filter(|f| (f.sniff)(&Content::new(&bytes))),
            Some(from) => Some(from),
            None => match find(&bytes).map_err(of)? {
                None if !searched => return Err(of(unknown())),
                found => found,
            },
        };
        let Some(format) = format else {
            self.out.skipped.push(path.to_owned());
            return Ok(());
        };
        if let Reader::Criterion = format.reader {
            let found = criterion::of_file(path)?;
            self.criterion(vec![found]);
        } else if self.first_time(path) {
            let from = self.options.from.as_deref();
            self.out
                .readings
                .push(parse(format, path, &bytes, from, true)?);
        }
        Ok(())
    }

    fn first_time(&mut self, path: &Path) -> bool {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.seen.insert(real)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> FormatError {
    Fault::whole(format!("it cannot be read: {error}")).of(path)
}

/// The files in and below a folder that may hold results, sorted.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let mut files = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
            let entry = entry.map_err(|e| unreadable(&folder, &e))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|e| unreadable(&path, &e))?;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if kind.is_dir() {
                if !hidden {
                    todo.push(path);
                }
            } else if !hidden
                && path.is_file()
                && path
                    .extension()
                    .is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Measurements that two readings give: one run can hold each only once.
fn given_twice(readings: &Readings) -> Vec<FormatError> {
    let mut first: HashMap<(&str, &str, &Tags), &Path> = HashMap::new();
    let mut errors = Vec::new();
    for reading in &readings.readings {
        for m in &reading.measurements {
            let key = (m.benchmark.as_str(), m.metric.as_str(), &m.tags);
            let earlier = first.insert(key, &reading.path);
            if let Some(earlier) = earlier.filter(|earlier| *earlier != reading.path) {
                let reason = format!(
                    "`{}`{} is also in {}; one run holds a benchmark once, so record them apart",
                    m.benchmark,
                    tags_in_words(&m.tags),
                    earlier.display()
                );
                errors.push(Fault::whole(reason).of(&reading.path));
                break;
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests;
