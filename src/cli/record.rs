//! `plimsoll record`: read everything, then store it; what is not understood stores nothing.

use super::args::{Format, Record};
use super::world::{Target, World, target};
use super::{answer, say};
use anyhow::{Context, Result, bail};
use plimsoll::formats::{self, Options, Readings};
use plimsoll::git::Git;
use plimsoll::model::{CommitId, Environment, Run, Source};
use plimsoll::report::{json, text};
use plimsoll::store::{Appended, NewRun, Store};
use plimsoll::verdict::Exit;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

pub(crate) fn run(world: &World, args: &Record) -> Result<Exit> {
    if args.dry_run {
        return dry_run(world, args);
    }
    let target = target(world, args.commit.as_deref())?;
    let environment = world.environment(args.env.as_deref());
    let attempts = collect(world, args, &target)?;
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
    Ok(Exit::Within)
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
    let attempt = Attempt {
        readings,
        started: None,
        number: 0,
    };
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

fn dry_run(world: &World, args: &Record) -> Result<Exit> {
    let attempt = read(&inputs(world, args)?, &options(args, None, None))?;
    let attempt = Attempt {
        readings: attempt,
        started: None,
        number: 0,
    };
    match args.format {
        Format::Json => answer(&json::measurements(&attempt.readings.readings))?,
        Format::Table | Format::Markdown => {
            let mut out = String::new();
            understood(&mut out, &attempt);
            out.push_str("nothing was stored: --dry-run\n");
            answer(&out)?;
        }
    }
    Ok(Exit::Within)
}

/// The results of one repetition.
struct Attempt {
    readings: Readings,
    started: Option<jiff::Timestamp>,
    number: u32,
}

impl Attempt {
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
                digest: self.readings.digest(),
                started: self.started.map(|started| started.to_string()),
                attempt: self.number,
            },
            measurements,
            failures,
        }
    }
}

fn collect(world: &World, args: &Record, target: &Target) -> Result<Vec<Attempt>> {
    if args.command.is_empty() {
        if args.runs > 1 {
            bail!(
                "--runs repeats a command: write it after `--`, as in `plimsoll record --runs 3 -- cargo bench`"
            );
        }
        let head_time = target
            .commit
            .as_ref()
            .map(|commit| SystemTime::from(commit.time));
        let readings = read(&inputs(world, args)?, &options(args, None, head_time))?;
        return Ok(vec![Attempt {
            readings,
            started: None,
            number: 0,
        }]);
    }
    (1..=args.runs)
        .map(|number| measure(world, args, number))
        .collect()
}

fn options(args: &Record, since: Option<SystemTime>, head_time: Option<SystemTime>) -> Options {
    Options {
        from: args.from.clone(),
        modified_since: since,
        head_time,
        include_stale: args.include_stale,
    }
}

/// The files that were named, else criterion's own folder.
fn inputs(world: &World, args: &Record) -> Result<Vec<PathBuf>> {
    if !args.paths.is_empty() {
        return Ok(args
            .paths
            .iter()
            .map(|path| {
                if path == Path::new("-") {
                    path.clone()
                } else {
                    world.folder.join(path)
                }
            })
            .collect());
    }
    match criterion_folder(world) {
        Some(folder) => Ok(vec![folder]),
        None => bail!(
            "no result files named and no target/criterion here: name files or folders, or a command after `--`"
        ),
    }
}

fn criterion_folder(world: &World) -> Option<PathBuf> {
    let target = world
        .var("CARGO_TARGET_DIR")
        .map_or_else(|| world.root().join("target"), PathBuf::from);
    let here = [
        target.join("criterion"),
        world.folder.join("target").join("criterion"),
    ];
    here.into_iter().find(|folder| folder.is_dir())
}

fn read(inputs: &[PathBuf], options: &Options) -> Result<Readings> {
    let mut all = Readings::default();
    let (standard, files): (Vec<&PathBuf>, Vec<&PathBuf>) = inputs
        .iter()
        .partition(|path| path.as_path() == Path::new("-"));
    if !standard.is_empty() {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
            .context("standard input cannot be read")?;
        all.readings
            .push(formats::read_bytes(Path::new("-"), &bytes, options)?);
    }
    if !files.is_empty() {
        let paths: Vec<&Path> = files.iter().map(|path| path.as_path()).collect();
        let read = formats::read(&paths, options).map_err(|errors| {
            let lines: Vec<String> = errors
                .iter()
                .map(|error| text::plain_up_to(&error.to_string(), 2000))
                .collect();
            anyhow::anyhow!("{}\nnothing was stored", lines.join("\n"))
        })?;
        all.readings.extend(read.readings);
        all.stale.extend(read.stale);
        all.skipped.extend(read.skipped);
    }
    Ok(all)
}

/// Runs the command once and takes what it made: named files, criterion's folder, or what it
/// printed.
#[expect(
    clippy::disallowed_methods,
    reason = "a command's start is what tells its results from older ones"
)]
fn measure(world: &World, args: &Record, number: u32) -> Result<Attempt> {
    let started = SystemTime::now();
    let Some((program, rest)) = args.command.split_first() else {
        bail!("no command after `--`")
    };
    if args.runs > 1 {
        say(&format!(
            "run {number} of {}: {}",
            args.runs,
            text::plain(&args.command.join(" "))
        ));
    }
    let mut child = Command::new(program)
        .args(rest)
        .current_dir(&world.folder)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{program}`"))?;
    let printed = pass_on(&mut child)?;
    let status = child
        .wait()
        .with_context(|| format!("`{program}` was lost"))?;
    if !status.success() {
        bail!(
            "`{}` failed ({status}) in run {number} of {}: nothing was stored",
            args.command.join(" "),
            args.runs
        );
    }
    let options = options(args, Some(started), None);
    let readings = results_of(world, args, &printed, &options)?;
    Ok(Attempt {
        readings,
        started: jiff::Timestamp::try_from(started).ok(),
        number,
    })
}

/// Copies what the command prints to standard error, where people watch it, and keeps it.
fn pass_on(child: &mut std::process::Child) -> Result<Vec<u8>> {
    let mut printed = Vec::new();
    if let Some(mut out) = child.stdout.take() {
        let mut buffer = [0; 8192];
        loop {
            let n = std::io::Read::read(&mut out, &mut buffer)
                .context("the command's output cannot be read")?;
            if n == 0 {
                break;
            }
            printed.extend_from_slice(&buffer[..n]);
            let _ = std::io::stderr().write_all(&buffer[..n]);
        }
    }
    Ok(printed)
}

fn results_of(world: &World, args: &Record, printed: &[u8], options: &Options) -> Result<Readings> {
    if !args.paths.is_empty() {
        return read(&inputs(world, args)?, options);
    }
    if let Some(folder) = criterion_folder(world)
        .filter(|_| args.from.as_deref().is_none_or(|from| from == "criterion"))
    {
        let found = formats::read(&[&folder], options);
        if let Ok(found) = &found {
            if !found.readings.is_empty() {
                return Ok(found.clone());
            }
        } else if args.from.is_some() || printed.is_empty() {
            return read(&[folder], options);
        }
    }
    let since = Options {
        modified_since: None,
        ..options.clone()
    };
    let reading = formats::read_bytes(Path::new("-"), printed, &since).with_context(|| {
        "the command left no result file behind and printed nothing that is understood: name its result files before `--`; nothing was stored"
    })?;
    Ok(Readings {
        readings: vec![reading],
        ..Readings::default()
    })
}

fn nothing_found(attempts: &[Attempt], args: &Record) -> String {
    let stale: Vec<&PathBuf> = attempts
        .iter()
        .flat_map(|attempt| &attempt.readings.stale)
        .collect();
    match stale.first() {
        Some(first) => format!(
            "all {} results are older than the commit they should measure ({}, …): run the benchmarks again, or take them with --include-stale; nothing was stored",
            stale.len(),
            first.display()
        ),
        None if !args.command.is_empty() => {
            "the command left no result that is newer than its start; nothing was stored".to_owned()
        }
        None => "no results were found; nothing was stored".to_owned(),
    }
}

fn all_readings(attempts: &[Attempt]) -> Vec<formats::Reading> {
    attempts
        .iter()
        .flat_map(|attempt| attempt.readings.readings.iter().cloned())
        .collect()
}

/// One line per format and file: what was taken for what.
fn understood(out: &mut String, attempt: &Attempt) {
    let readings = &attempt.readings.readings;
    let formats: BTreeSet<&str> = readings.iter().map(|reading| reading.format).collect();
    for format in formats {
        let of: Vec<_> = readings
            .iter()
            .filter(|reading| reading.format == format)
            .collect();
        let benchmarks: BTreeSet<&str> = of
            .iter()
            .flat_map(|r| r.measurements.iter().map(|m| m.benchmark.as_str()))
            .collect();
        let metrics: BTreeSet<&str> = of
            .iter()
            .flat_map(|r| r.measurements.iter().map(|m| m.metric.as_str()))
            .collect();
        let _ = writeln!(
            out,
            "read {} as {format}: {} with {}",
            if of.len() == 1 {
                of[0].path.display().to_string()
            } else {
                format!("{} results", of.len())
            },
            count(benchmarks.len(), "benchmark"),
            count(metrics.len(), "metric"),
        );
        for failure in of.iter().flat_map(|reading| &reading.failures) {
            let _ = writeln!(
                out,
                "  failed: {}: {}",
                text::plain(&failure.benchmark),
                text::plain(&failure.reason)
            );
        }
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn told(attempts: &[Attempt], runs: &[Run], target: &Target, appended: Appended) -> String {
    let mut out = String::new();
    if let Some(attempt) = attempts.last() {
        understood(&mut out, attempt);
    }
    let subject = target.commit.as_ref().map_or_else(String::new, |c| {
        format!(" \"{}\"", text::plain_up_to(&c.subject, 60))
    });
    let env = runs
        .first()
        .map_or("", |run| run.environment.label.as_str());
    let what = match (appended.stored, appended.already) {
        (0, _) => "nothing new: these results were recorded before".to_owned(),
        (stored, 0) => format!("stored {}", count(stored, "run")),
        (stored, already) => format!(
            "stored {}, {already} were there before",
            count(stored, "run")
        ),
    };
    let _ = writeln!(
        out,
        "{what} · {}{subject} · env {}",
        target.id.short(),
        text::plain(env)
    );
    out
}

fn warn(attempts: &[Attempt], target: &Target, args: &Record) {
    let stale: Vec<_> = attempts
        .iter()
        .flat_map(|attempt| &attempt.readings.stale)
        .collect();
    if !stale.is_empty() {
        say(&format!(
            "left alone {} stale results (older than the commit or than their neighbours):",
            stale.len()
        ));
        for path in stale.iter().take(10) {
            say(&format!("  {}", path.display()));
        }
        say("take them with --include-stale, or delete the folders of removed benchmarks");
    }
    if target.dirty {
        say(
            "tracked files differ from the commit: this run is stored as dirty and kept out of history and base; commit, then record again",
        );
    }
    if target.commit.is_none() {
        say(&format!(
            "{} is not in this repository: its results are kept, and drawn once git knows it",
            target.id.short()
        ));
    }
    if args.command.is_empty()
        && attempts
            .iter()
            .any(|a| a.readings.readings.iter().any(|r| !r.failures.is_empty()))
    {
        say("some benchmarks gave no result: `plimsoll check` will call them missing");
    }
}
