//! From paths to readings: files, folders, and what stands in them.

use super::content::Content;
use super::criterion;
use super::fault::Fault;
use super::gatling;
use super::parsed::{Input, Parsed, tags_in_words};
use super::registry::{Format, Reader, by_name, formats};
use super::sniff::{sniff, unknown};
use super::source::Source;
use super::trackers;
use super::{FormatError, Options, Reading, Readings, is_before};
use crate::model::Tags;
use flate2::read::MultiGzDecoder;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files in a folder with one of these endings are looked into.
const ENDINGS: [&str; 13] = [
    "json", "txt", "ndjson", "csv", "js", "xml", "jtl", "log", "tsv", "hgrm", "hlog", "prom", "gz",
];

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
    let mut bytes = bytes;
    read_stream(path, &mut bytes, options)
}

/// Reads what comes from a pipe, as [`read_bytes`]. Logs of requests are counted as they come and
/// may have any size.
///
/// # Errors
/// As [`read_bytes`], and where reading fails.
pub fn read_stream(
    path: &Path,
    input: &mut dyn Read,
    options: &Options,
) -> Result<Reading, FormatError> {
    let from = options
        .from
        .as_deref()
        .map(|name| by_name(name).ok_or_else(|| unknown_name(name).of(path)))
        .transpose()?;
    let mut unpacked = Unpacked::new(input).map_err(|e| unreadable(path, &e))?;
    let mut source = Source::new(unpacked.reader());
    let format = match from {
        Some(format) => format,
        None => match find(&mut source).map_err(|f| f.of(path))? {
            Some(found) => found,
            None => return Err(unclaimed(&mut source, path)),
        },
    };
    let name = options.unnamed.clone();
    let name = name.unwrap_or_else(|| stem(path, format));
    parse(
        format,
        (path, &name),
        source,
        options.from.as_deref(),
        false,
    )
}

/// Bytes, unpacked where they are packed with gzip.
pub(super) enum Unpacked<'a> {
    Plain(Whole<'a>),
    Gzip(Box<MultiGzDecoder<Whole<'a>>>),
}

/// The first bytes, which were looked at, and what follows.
pub(super) type Whole<'a> = io::Chain<io::Cursor<Vec<u8>>, &'a mut dyn Read>;

impl<'a> Unpacked<'a> {
    pub(super) fn new(input: &'a mut dyn Read) -> io::Result<Self> {
        let mut magic = Vec::new();
        Read::take(&mut *input, 2).read_to_end(&mut magic)?;
        let packed = magic == [0x1f, 0x8b];
        let whole = io::Cursor::new(magic).chain(input);
        Ok(if packed {
            Self::Gzip(Box::new(MultiGzDecoder::new(whole)))
        } else {
            Self::Plain(whole)
        })
    }

    pub(super) fn reader(&mut self) -> &mut dyn Read {
        match self {
            Self::Plain(reader) => reader,
            Self::Gzip(reader) => reader,
        }
    }
}

/// The name of the format that these bytes have; `None` where no format claims them.
///
/// # Errors
/// Where two formats claim them.
pub fn recognise(path: &Path, bytes: &[u8]) -> Result<Option<&'static str>, FormatError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let mut bytes = bytes;
    let mut unpacked = Unpacked::new(&mut bytes).map_err(|e| unreadable(path, &e))?;
    let found = find(&mut Source::new(unpacked.reader())).map_err(|fault| fault.of(path))?;
    Ok(found.map(|format| format.name))
}

/// Whether a folder holds results of criterion, readable or not.
#[must_use]
pub fn holds_criterion(folder: &Path) -> bool {
    criterion::find(folder).is_ok_and(|found| !found.is_empty())
}

fn unknown_name(name: &str) -> Fault {
    Fault::whole(format!(
        "`{name}` is not a format; `plimsoll formats` lists the {} that are read",
        formats().len()
    ))
}

/// The error for a file that no format claims: it may be a whole history, which is not recorded.
fn unclaimed(source: &mut Source<'_>, path: &Path) -> FormatError {
    let tracker = match source.head(HEADS[1]) {
        Ok((head, _)) if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") => {
            return Fault::whole(
                "it is UTF-16, as Windows PowerShell's `>` writes it: write it as UTF-8 (`| Out-File -Encoding utf8 FILE`)",
            )
            .of(path);
        }
        Ok((head, _)) => trackers::of(path, head),
        Err(_) => None,
    };
    match tracker {
        None => unknown().of(path),
        Some(name) => Fault::whole(format!(
            "it is a history of {name} and not the results of one commit; bring it in with `plimsoll import`"
        ))
        .of(path),
    }
}

/// So much of a file is looked at first, and so much where that did not suffice.
const HEADS: [usize; 2] = [256 << 10, 8 << 20];

fn find(source: &mut Source<'_>) -> Result<Option<&'static Format>, Fault> {
    for wanted in HEADS {
        let (head, whole) = source.head(wanted)?;
        if whole && head.iter().all(u8::is_ascii_whitespace) {
            return Err(Fault::whole("the file is empty"));
        }
        let found = sniff(&Content::new(head))?;
        if found.is_some() || whole {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The name of a test whose file does not name it: the stem of the file, else the format's name.
fn stem(path: &Path, format: &Format) -> String {
    let packed = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    let name = path.file_stem().map(Path::new);
    let name = name.and_then(|name| {
        if packed {
            name.file_stem()
        } else {
            Some(name.as_os_str())
        }
    });
    match name.map(|name| name.to_string_lossy()).as_deref() {
        None | Some("" | "-") => format.name.to_owned(),
        Some(stem) => stem.to_owned(),
    }
}

/// Reads a source as `format`. `from`: the name that the user gave it. `is_file`: it is the file at
/// `path`. `stem`: the name of a test that has none in the source.
fn parse(
    format: &'static Format,
    (path, stem): (&Path, &str),
    mut source: Source<'_>,
    from: Option<&str>,
    is_file: bool,
) -> Result<Reading, FormatError> {
    let parsed = read_as(format, stem, &mut source, from, is_file.then_some(path))
        .and_then(|parsed| Ok((parsed.checked()?, source.digest()?)));
    let (parsed, digest) = parsed
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
        notes: parsed.notes,
        digest,
    })
}

fn read_as(
    format: &Format,
    stem: &str,
    source: &mut Source<'_>,
    from: Option<&str>,
    path: Option<&Path>,
) -> Result<Parsed, Fault> {
    match format.reader {
        Reader::Criterion => Err(Fault::whole(
            "criterion's results are three files; give the folder that holds them",
        )),
        Reader::Stream(read) | Reader::Rows(read) | Reader::Samples(read) => {
            let (head, whole) = source.head(HEADS[0])?;
            if whole && head.iter().all(u8::is_ascii_whitespace) {
                return Err(Fault::whole("the file is empty"));
            }
            read(source, stem)
        }
        Reader::File(read) => {
            let bytes = source.rest()?;
            if bytes.iter().all(u8::is_ascii_whitespace) {
                return Err(Fault::whole("the file is empty"));
            }
            read(&Input {
                bytes,
                stem,
                from,
                path,
            })
        }
    }
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
        let (better, files): (Vec<PathBuf>, Vec<PathBuf>) = {
            let all = files_in(path)?;
            let said = |file: &PathBuf| gatling::is_said_better(file, &all);
            all.iter().cloned().partition(said)
        };
        self.out.skipped.extend(better);
        let before = self.out.skipped.len();
        for file in &files {
            if let Err(error) = self.file(file, true) {
                self.errors.push(error);
            }
        }
        if files.len() == self.out.skipped.len() - before {
            let fault = Fault::whole(format!(
                "it holds no results: none of its {} files with the endings .{} has a known format (`plimsoll formats` lists them)",
                files.len(),
                ENDINGS.join(" ."),
            ));
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
        let mut file = fs::File::open(path).map_err(|e| unreadable(path, &e))?;
        let mut unpacked = Unpacked::new(&mut file).map_err(|e| unreadable(path, &e))?;
        let mut source = Source::new(unpacked.reader());
        let format = match self.from {
            Some(from) if searched => {
                let (head, _) = source.head(HEADS[1]).map_err(of)?;
                Some(from).filter(|f| (f.sniff)(&Content::new(head)))
            }
            Some(from) => Some(from),
            None => match find(&mut source).map_err(of)? {
                None if !searched => return Err(unclaimed(&mut source, path)),
                found => found,
            },
        };
        let Some(format) = format else {
            if self.from.is_none() && is_json(path) {
                whole_json(source).map_err(of)?;
            }
            self.out.skipped.push(path.to_owned());
            return Ok(());
        };
        if let Reader::Criterion = format.reader {
            let found = criterion::of_file(path)?;
            self.criterion(vec![found]);
        } else if self.first_time(path) {
            let from = self.options.from.as_deref();
            let name = stem(path, format);
            let reading = parse(format, (path, &name), source, from, true)?;
            self.out.readings.push(reading);
        }
        Ok(())
    }

    fn first_time(&mut self, path: &Path) -> bool {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        self.seen.insert(real)
    }
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// A file of a folder that says it is JSON, is of no known format, and is not JSON at all: it may be
/// results that were cut off, which must not be passed over.
fn whole_json(mut source: Source<'_>) -> Result<(), Fault> {
    let documents = serde_json::Deserializer::from_slice(source.rest()?);
    for document in documents.into_iter::<serde::de::IgnoredAny>() {
        if let Err(error) = document {
            return Err(Fault::at(
                format!("line {}, column {}", error.line(), error.column()),
                "it is cut off or is not JSON, so it may be results that were lost: make it again, delete it, or name the files to read",
            ));
        }
    }
    Ok(())
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
