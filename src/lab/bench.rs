//! One execution of a benchmark, and what it measured.

use super::{Clock, Job, LabError, Runner, Side, command_name, line_name, shell_line};
use crate::formats::{self, Options, Readings};
use crate::model::{Failure, Measurement};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Something that can be run for either build.
pub trait Bench {
    /// Runs it once.
    ///
    /// # Errors
    /// Where it fails, or what it measured is not understood.
    fn run(&mut self, side: Side) -> Result<Taken, LabError>;
}

/// What one execution measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// Benchmarks that gave no result.
    pub failures: Vec<Failure>,
}

/// A command as the user gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// Program and arguments, started as they are.
    Words(Vec<String>),
    /// A line for the system's shell.
    Line(String),
}

impl Program {
    /// Program and arguments that start it.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Words(words) => words.clone(),
            Self::Line(line) => {
                let shell = if cfg!(windows) {
                    ["cmd", "/C"]
                } else {
                    ["sh", "-c"]
                };
                let mut words: Vec<String> = shell.iter().map(|w| (*w).to_owned()).collect();
                words.push(line.clone());
                words
            }
        }
    }

    /// As the user wrote it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Words(words) => words.join(" "),
            Self::Line(line) => line.clone(),
        }
    }

    /// Its name as a benchmark, the same as `record -- COMMAND` gives it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Words(words) => command_name(words),
            Self::Line(line) => line_name(line),
        }
    }

    /// What a shell is asked to run, where one is.
    #[must_use]
    pub fn line(&self) -> Option<&str> {
        match self {
            Self::Words(words) => shell_line(words),
            Self::Line(line) => Some(line),
        }
    }

    /// The program's own name, without folder.
    #[must_use]
    pub fn program(&self) -> String {
        let words = match self {
            Self::Words(words) => words.first().cloned().unwrap_or_default(),
            Self::Line(line) => line
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        command_name(&[words])
    }
}

/// The commands of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// Run before each build: what a fresh clone needs.
    pub setup: Option<Program>,
    /// Builds.
    pub build: Option<Program>,
    /// Measures.
    pub bench: Program,
    /// Result files that the benchmark writes, seen from the root of the project.
    pub results: Vec<PathBuf>,
    /// Read results as this format.
    pub from: Option<String>,
    /// The command itself is a benchmark of this name, beside the results that it makes. Without a
    /// name it is one where it makes none.
    pub name: Option<String>,
    /// Folder below the root of the project in which all of them run.
    pub inside: PathBuf,
}

/// A benchmark command run in two folders.
pub struct CommandBench<'a> {
    /// Starts it.
    pub runner: &'a dyn Runner,
    /// Tells new results from old ones.
    pub clock: &'a dyn Clock,
    /// The commands.
    pub commands: &'a Commands,
    /// Folder of the base and of the head.
    pub folders: [PathBuf; 2],
    /// Time left for one execution; `None` for as long as it takes.
    pub left: &'a dyn Fn() -> Option<Duration>,
}

impl CommandBench<'_> {
    fn folder(&self, side: Side) -> &Path {
        match side {
            Side::Base => &self.folders[0],
            Side::Head => &self.folders[1],
        }
    }
}

impl Bench for CommandBench<'_> {
    fn run(&mut self, side: Side) -> Result<Taken, LabError> {
        let what = format!("the benchmark of the {}", side.as_str());
        let place = Place {
            slot: self.folder(side),
            what: &what,
            most: (self.left)(),
        };
        run_once(self.runner, self.clock, self.commands, &place)
    }
}

/// The folder of build results inside a slot.
pub(super) fn target_of(slot: &Path) -> PathBuf {
    slot.join("target")
}

/// A job in a slot, with the variables that tell builds where to put their results.
pub(super) fn job(program: &Program, slot: &Path, inside: &Path) -> Job {
    let target = target_of(slot).to_string_lossy().into_owned();
    let folder = slot.join(inside);
    let mut command = program.words();
    // A program named by a relative path is the slot's, not the user's.
    if let Some(first) = command.first_mut()
        && matches!(program, Program::Words(_))
        && Path::new(first.as_str()).is_relative()
        && first.contains(std::path::is_separator)
    {
        *first = folder.join(&*first).to_string_lossy().into_owned();
    }
    Job {
        command,
        folder,
        vars: vec![
            ("CARGO_TARGET_DIR".to_owned(), target.clone()),
            ("PLIMSOLL_TARGET".to_owned(), target),
        ],
        most: None,
    }
}

/// Where a benchmark runs, and for how long.
pub(super) struct Place<'a> {
    /// The slot.
    pub(super) slot: &'a Path,
    /// What it is called in errors.
    pub(super) what: &'a str,
    /// When it is stopped.
    pub(super) most: Option<Duration>,
}

/// Runs the benchmark once in a slot and reads what it measured: result files that were named,
/// criterion's folder, what it printed in a known format, else what the command itself used.
pub(super) fn run_once(
    runner: &dyn Runner,
    clock: &dyn Clock,
    commands: &Commands,
    place: &Place<'_>,
) -> Result<Taken, LabError> {
    let (slot, what) = (place.slot, place.what);
    let started = clock.date();
    let mut job = job(&commands.bench, slot, &commands.inside);
    job.most = place.most;
    let done = runner.run(&job)?;
    if !done.success {
        return Err(LabError::Failed {
            what: what.to_owned(),
            command: commands.bench.shown(),
            status: done.status,
            complained: done.complained,
        });
    }
    let with_own = |readings| {
        let mut all = taken(readings);
        if let Some(name) = &commands.name {
            all.measurements.extend(done.usage.measurements(name));
        }
        all
    };
    let options = Options {
        from: commands.from.clone(),
        modified_since: Some(started),
        unnamed: formats::address_in(&commands.bench.words()),
        ..Options::default()
    };
    let read = |paths: &[PathBuf]| -> Result<Readings, LabError> {
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        formats::read(&paths, &options).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            LabError::Results(format!("{what}: {}", lines.join("\n")))
        })
    };
    if !commands.results.is_empty() {
        let paths: Vec<PathBuf> = commands
            .results
            .iter()
            .map(|path| slot.join(path))
            .collect();
        let readings = read(&paths)?;
        if readings.readings.is_empty() {
            return Err(LabError::Results(format!(
                "{what} left no result that is newer than its start: looked at {}",
                paths
                    .iter()
                    .map(|p| p.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            )));
        }
        return Ok(with_own(readings.readings));
    }
    let criterion = target_of(slot).join("criterion");
    if criterion.is_dir()
        && commands
            .from
            .as_deref()
            .is_none_or(|from| from == "criterion")
    {
        let readings = read(&[criterion])?;
        if !readings.readings.is_empty() {
            return Ok(with_own(readings.readings));
        }
    }
    let at = Path::new("standard output");
    let trouble = |e: formats::FormatError| LabError::Results(format!("{what}: {e}"));
    let known = match &commands.from {
        Some(_) => true,
        None => formats::recognise(at, &done.printed)
            .map_err(trouble)?
            .is_some(),
    };
    if known {
        let reading =
            formats::read_bytes(Path::new("-"), &done.printed, &options).map_err(trouble)?;
        return Ok(with_own(vec![reading]));
    }
    let name = commands.name.clone();
    let name = name.unwrap_or_else(|| commands.bench.name());
    Ok(Taken {
        measurements: done.usage.measurements(&name),
        failures: Vec::new(),
    })
}

fn taken(readings: Vec<formats::Reading>) -> Taken {
    let mut all = Taken::default();
    for reading in readings {
        all.measurements.extend(reading.measurements);
        all.failures.extend(reading.failures);
    }
    all
}
