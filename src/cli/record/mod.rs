//! `plimsoll record`: read everything, then store it; what is not understood stores nothing.

pub(super) mod command;
mod inputs;
mod sizes;
mod tell;

use super::answer;
use super::args::{Format, Record};
use super::load;
use super::world::{Target, World, target};
use anyhow::{Result, bail};
use inputs::{inputs, options, read, results_of};
use plimsoll::formats::{Options, Reading, Readings};
use plimsoll::git::Git;
use plimsoll::lab;
use plimsoll::model::{CommitId, Environment, Failure, Run, Source, Tags};
use plimsoll::report::{json, text};
use plimsoll::store::{Appended, NewRun, Store};
use plimsoll::verdict::Exit;
use sizes::Sizes;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tell::{left_alone, nothing_found, told, understood, warn};

pub(crate) fn run(world: &World, args: &Record) -> Result<Exit> {
    let sizes = Sizes::new(&args.file_size)?;
    if args.dry_run {
        return dry_run(world, args, &sizes);
    }
    let target = target(world, args.commit.as_deref())?;
    let environment = load::environment(world, args.env.as_deref())?;
    let head_time = target
        .commit
        .as_ref()
        .map(|commit| SystemTime::from(commit.time));
    let attempts = collect(world, args, &sizes, head_time)?;
    if attempts
        .iter()
        .all(|attempt| attempt.readings.readings.is_empty())
    {
        bail!(nothing_found(&attempts, args));
    }
    let target = if args.command.is_empty() {
        target
    } else {
        after_command(world, args, target)?
    };
    let runs: Vec<Run> = attempts
        .iter()
        .map(|attempt| attempt.to_run(&args.suite, &args.part, &target, &environment))
        .collect();
    world.prepare_db_folder()?;
    let mut store = Store::open(&world.db_path())?;
    let new: Vec<NewRun<'_>> = runs
        .iter()
        .map(|run| NewRun {
            run,
            commit: target.commit.as_ref(),
        })
        .collect();
    let appended = store.append(&new, world.now)?;
    match args.format {
        Format::Json => answer(&json::measurements(&all_readings(&attempts)))?,
        Format::Table | Format::Markdown => answer(&told(&attempts, &runs, &target, appended))?,
    }
    warn(&attempts, &target, args);
    refuse_failed(&attempts)?;
    Ok(Exit::Within)
}

/// A command that failed is stored as failed, and is trouble all the same.
fn refuse_failed(attempts: &[Attempt]) -> Result<()> {
    match attempts.iter().find_map(|attempt| attempt.failed.as_ref()) {
        Some(failed) => bail!("{failed}"),
        None => Ok(()),
    }
}

/// What result files say; nothing is stored.
pub(super) fn look(world: &World, args: &Record) -> Result<Vec<Reading>> {
    let read = read(&inputs(world, args)?, &options(args, None, None))?;
    if read.readings.is_empty() {
        bail!("no result was found in the files that were named");
    }
    Ok(read.readings)
}

/// Reads the files of a folder as one run of a commit and stores it: what `record FOLDER` does,
/// for a caller that knows commit and environment.
pub(crate) fn store_files(
    store: &mut Store,
    results: &Path,
    repository: &Path,
    commit: &CommitId,
    environment: &Environment,
    now: jiff::Timestamp,
) -> Result<Appended> {
    let readings = read(&[results.to_owned()], &Options::default())?;
    let attempt = Attempt::of_files(readings);
    let known = Git::discover(repository)?.commit(commit)?;
    let target = Target {
        id: commit.clone(),
        commit: Some(known),
        dirty: false,
    };
    let run = attempt.to_run("", "", &target, environment);
    let new = NewRun {
        run: &run,
        commit: target.commit.as_ref(),
    };
    Ok(store.append(&[new], now)?)
}

/// A command that measures some benchmarks of HEAD again.
pub(crate) struct Again {
    pub(crate) command: Vec<String>,
    pub(crate) runs: u32,
    pub(crate) suite: String,
    pub(crate) label: String,
    /// Name of the benchmark that the command itself is.
    pub(crate) name: Option<String>,
    /// Names of the benchmarks whose results are kept, without the suite.
    pub(crate) only: BTreeSet<String>,
}

impl Again {
    /// Runs it and stores what it says of these benchmarks; answers which they were.
    pub(crate) fn run(self, world: &World) -> Result<BTreeSet<String>> {
        let args = Record {
            runs: self.runs,
            env: Some(self.label),
            suite: self.suite,
            name: self.name,
            command: self.command,
            ..Record::default()
        };
        let before = target(world, None)?;
        let mut attempts = collect(world, &args, &Sizes::default(), None)?;
        if attempts.iter().any(|attempt| attempt.failed.is_some()) {
            bail!(
                "the command that was to confirm failed: nothing of it was stored, and what was suspect stays so"
            );
        }
        let mut measured = BTreeSet::new();
        for attempt in &mut attempts {
            for reading in &mut attempt.readings.readings {
                reading
                    .measurements
                    .retain(|m| self.only.contains(&m.benchmark));
                reading
                    .failures
                    .retain(|f| self.only.contains(&f.benchmark));
                measured.extend(reading.measurements.iter().map(|m| m.benchmark.clone()));
            }
        }
        let target = after_command(world, &args, before)?;
        let environment = load::environment(world, args.env.as_deref())?;
        let runs: Vec<Run> = attempts
            .iter()
            .map(|attempt| attempt.to_run(&args.suite, &args.part, &target, &environment))
            .filter(|run| !run.measurements.is_empty() || !run.failures.is_empty())
            .collect();
        let new: Vec<NewRun<'_>> = runs
            .iter()
            .map(|run| NewRun {
                run,
                commit: target.commit.as_ref(),
            })
            .collect();
        Store::open(&world.db_path())?.append(&new, world.now)?;
        Ok(measured)
    }
}

/// A command may have committed, or changed tracked files: what it measured is then another commit
/// or a dirty tree.
fn after_command(world: &World, args: &Record, before: Target) -> Result<Target> {
    let after = target(world, args.commit.as_deref())?;
    if after.id != before.id {
        bail!(
            "HEAD moved from {} to {} while the command ran: nothing was stored",
            before.id.short(),
            after.id.short()
        );
    }
    Ok(Target {
        dirty: before.dirty || after.dirty,
        ..after
    })
}

fn dry_run(world: &World, args: &Record, sizes: &Sizes) -> Result<Exit> {
    let attempts = collect(world, args, sizes, None)?;
    left_alone(&attempts);
    match args.format {
        Format::Json => answer(&json::measurements(&all_readings(&attempts)))?,
        Format::Table | Format::Markdown => {
            let mut out = String::new();
            understood(&mut out, &attempts);
            out.push_str("nothing was stored: --dry-run\n");
            answer(&out)?;
        }
    }
    refuse_failed(&attempts)?;
    Ok(Exit::Within)
}

/// The results of one repetition.
struct Attempt {
    readings: Readings,
    started: Option<jiff::Timestamp>,
    number: u32,
    /// How the command itself was measured.
    own: Own,
    /// What to say of a command that failed.
    failed: Option<String>,
}

/// Whether the command itself was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// No: its results were read.
    No,
    /// Yes, as asked for.
    Asked,
    /// Yes, since it left no results.
    Instead,
}

/// What the reading of a measured command is called.
const COMMAND: &str = "command";

impl Attempt {
    /// The digest of all that was read; empty where nothing but the command was measured.
    fn digest(&self) -> String {
        let read = |reading: &Reading| reading.format != COMMAND;
        if self.readings.readings.iter().any(read) {
            self.readings.digest()
        } else {
            String::new()
        }
    }

    /// Whether results of the command were read, or its failure is known; its own figures, taken
    /// instead of results, are none.
    fn has_results(&self) -> bool {
        let readings = &self.readings.readings;
        self.own != Own::Instead && readings.iter().any(|r| r.format != sizes::FILE_SIZE)
    }

    fn of_files(readings: Readings) -> Self {
        Self {
            readings,
            started: None,
            number: 0,
            own: Own::No,
            failed: None,
        }
    }

    fn to_run(&self, suite: &str, part: &str, target: &Target, environment: &Environment) -> Run {
        let readings = &self.readings.readings;
        let named = |name: &str| {
            if suite.is_empty() {
                name.to_owned()
            } else {
                format!("{suite}/{name}")
            }
        };
        let mut measurements: Vec<_> = readings
            .iter()
            .flat_map(|reading| reading.measurements.iter().cloned())
            .collect();
        let mut failures: Vec<_> = readings
            .iter()
            .flat_map(|reading| reading.failures.iter().cloned())
            .collect();
        measurements
            .iter_mut()
            .for_each(|m| m.benchmark = named(&m.benchmark));
        plimsoll::analysis::capacity::add_efficiencies(&mut measurements);
        failures
            .iter_mut()
            .for_each(|f| f.benchmark = named(&f.benchmark));
        Run {
            schema: 1,
            commit: target.id.clone(),
            environment: environment.clone(),
            suite: suite.to_owned(),
            part: part.to_owned(),
            dirty: target.dirty,
            source: Source {
                digest: self.digest(),
                started: self.started.map(|started| started.to_string()),
                attempt: self.number,
            },
            measurements,
            failures,
        }
    }
}

/// Tags everything: with the time that it covers, or what the user says.
fn tagged(readings: &mut Readings, (name, value): (&str, &str), option: &str) -> Result<()> {
    for reading in &mut readings.readings {
        let measured = reading.measurements.iter_mut();
        let measured = measured.map(|m| (&m.benchmark, &mut m.tags));
        let failed = reading.failures.iter_mut();
        let failed = failed.map(|f| (&f.benchmark, &mut f.tags));
        for (benchmark, tags) in measured.chain(failed) {
            if let Some(other) = tags.insert(name.to_owned(), value.to_owned())
                && other != value
            {
                bail!(
                    "`{}` already has the tag {}={}: leave {option} out",
                    text::plain(benchmark),
                    text::plain(name),
                    text::plain(&other)
                );
            }
        }
    }
    Ok(())
}

/// What was read or measured, with the tags of the command line.
fn collect(
    world: &World,
    args: &Record,
    sizes: &Sizes,
    head_time: Option<SystemTime>,
) -> Result<Vec<Attempt>> {
    let mut attempts = collected(world, args, sizes, head_time)?;
    for attempt in &mut attempts {
        for (name, value) in &args.tags {
            tagged(&mut attempt.readings, (name, value), "--tag")?;
        }
    }
    Ok(attempts)
}

fn collected(
    world: &World,
    args: &Record,
    sizes: &Sizes,
    head_time: Option<SystemTime>,
) -> Result<Vec<Attempt>> {
    if args.command.is_empty() {
        if args.runs > 1 {
            bail!(
                "--runs repeats a command: write it after `--`, as in `plimsoll record --runs 3 -- cargo bench`"
            );
        }
        let mut readings = if args.paths.is_empty() && !sizes.is_empty() {
            Readings::default()
        } else {
            read(&inputs(world, args)?, &options(args, None, head_time))?
        };
        readings.readings.extend(sizes.read(world)?);
        if let Some(window) = &args.window {
            tagged(&mut readings, ("window", window), "--window")?;
        }
        return Ok(vec![Attempt::of_files(readings)]);
    }
    let before = |kind, number, of| {
        if let Some(line) = &args.prepare {
            command::prepare(world, line)?;
        }
        command::announce(kind, number, of, &args.command);
        command::run(world, &args.command)
    };
    for number in 1..=args.warmup {
        let done = before("warm-up", number, args.warmup)?;
        if !done.status.success() {
            bail!(
                "`{}` failed ({}) in warm-up {number} of {}: nothing was stored",
                text::plain(&args.command.join(" ")),
                done.status,
                args.warmup
            );
        }
    }
    let mut attempts = Vec::new();
    for number in 1..=args.runs {
        let done = before("run", number, args.runs)?;
        let attempt = attempt(world, args, sizes, number, &done)?;
        let failed = attempt.failed.is_some();
        attempts.push(attempt);
        if failed {
            break;
        }
    }
    refuse_silent(&attempts, args)?;
    Ok(attempts)
}

/// Where some runs of a command left results and others none, the others are not runs without
/// benchmarks: something went wrong, and which figures they would have given is not known.
fn refuse_silent(attempts: &[Attempt], args: &Record) -> Result<()> {
    let silent = |attempt: &&Attempt| !attempt.has_results();
    let Some(first) = attempts.iter().find(silent) else {
        return Ok(());
    };
    let without = attempts.iter().filter(silent).count();
    if without < attempts.len() {
        bail!(
            "run {} of {} left no result that is newer than its start ({without} of {} runs): see why the command measures in some runs only; nothing was stored",
            first.number,
            args.runs,
            attempts.len()
        );
    }
    Ok(())
}

/// What one execution of the command gave: its results, its own figures, or both.
fn attempt(
    world: &World,
    args: &Record,
    sizes: &Sizes,
    number: u32,
    done: &command::Execution,
) -> Result<Attempt> {
    let asked = args.measure || args.build_time || args.name.is_some();
    let mut attempt = Attempt {
        started: jiff::Timestamp::try_from(done.started).ok(),
        number,
        ..Attempt::of_files(Readings::default())
    };
    if !done.status.success() {
        let of = text::plain(&args.command.join(" "));
        let which = format!(
            "`{of}` failed ({}) in run {number} of {}",
            done.status, args.runs
        );
        // Files that were named are results of benchmarks whose names are not known here.
        if !asked && (!args.paths.is_empty() || args.from.is_some()) {
            bail!("{which}: nothing was stored");
        }
        attempt.own = Own::Asked;
        let failure = Failure {
            benchmark: own_name(args),
            reason: format!("the command failed ({})", done.status),
            tags: Tags::new(),
        };
        attempt
            .readings
            .readings
            .push(own_reading(Vec::new(), vec![failure]));
        attempt.failed = Some(format!(
            "{which}: `{}` counts as failed at this commit",
            text::plain(&own_name(args))
        ));
        return Ok(attempt);
    }
    if !args.build_time {
        let options = options(args, Some(done.started), None);
        match results_of(world, args, &done.printed, &options)? {
            Some(readings) => attempt.readings = readings,
            None if asked => {}
            None => attempt.own = Own::Instead,
        }
    }
    if asked {
        attempt.own = Own::Asked;
    }
    if attempt.own != Own::No {
        let measured = done.usage.measurements(&own_name(args));
        attempt
            .readings
            .readings
            .push(own_reading(measured, Vec::new()));
    }
    attempt.readings.readings.extend(sizes.read(world)?);
    Ok(attempt)
}

/// The name of the command as a benchmark.
fn own_name(args: &Record) -> String {
    match &args.name {
        Some(name) => name.clone(),
        None if args.build_time => "build".to_owned(),
        None => lab::command_name(&args.command),
    }
}

fn own_reading(measurements: Vec<plimsoll::model::Measurement>, failures: Vec<Failure>) -> Reading {
    Reading {
        path: PathBuf::from(COMMAND),
        format: COMMAND,
        version: None,
        measurements,
        failures,
        notes: Vec::new(),
        // A measured command has no file; its start and attempt tell its runs apart.
        digest: String::new(),
    }
}

fn all_readings(attempts: &[Attempt]) -> Vec<Reading> {
    attempts
        .iter()
        .flat_map(|attempt| attempt.readings.readings.iter().cloned())
        .collect()
}
