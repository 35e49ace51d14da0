//! What `plimsoll record` says: what was taken for what, what was stored, what to know about it.

use super::super::args::Record;
use super::super::say;
use super::super::world::Target;
use super::sizes::FILE_SIZE;
use super::{Attempt, COMMAND, Own};
use plimsoll::formats::Reading;
use plimsoll::model::{Failure, Measurement, Run, Unit};
use plimsoll::report::text;
use plimsoll::store::Appended;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(super) fn nothing_found(attempts: &[Attempt], args: &Record) -> String {
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

/// What was taken for what: one line per format and file of the newest attempt, then what was
/// measured here over all attempts.
pub(super) fn understood(out: &mut String, attempts: &[Attempt]) {
    let Some(attempt) = attempts.last() else {
        return;
    };
    read_as(out, &attempt.readings.readings);
    measured(out, attempts);
    for reading in attempt
        .readings
        .readings
        .iter()
        .filter(|r| r.format == FILE_SIZE)
    {
        for m in &reading.measurements {
            let _ = writeln!(
                out,
                "size of {}: {}{}",
                text::plain(&reading.path.display().to_string()),
                text::value(m.value, &m.unit),
                if reading.path == Path::new(&m.benchmark) {
                    String::new()
                } else {
                    format!(" as `{}`", text::plain(&m.benchmark))
                }
            );
        }
    }
}

/// The figures of the command itself: the median of its runs and how far they lie apart.
fn measured(out: &mut String, attempts: &[Attempt]) {
    let own = |attempt: &'_ Attempt| {
        let readings = attempt.readings.readings.iter();
        readings
            .filter(|r| r.format == COMMAND)
            .cloned()
            .collect::<Vec<_>>()
    };
    let readings: Vec<Reading> = attempts.iter().flat_map(own).collect();
    let all: Vec<&Measurement> = readings.iter().flat_map(|r| &r.measurements).collect();
    for failure in readings.iter().flat_map(|r| &r.failures) {
        failed(out, failure);
    }
    let Some(first) = all.first() else {
        return;
    };
    if attempts.iter().any(|attempt| attempt.own == Own::Instead) {
        out.push_str(
            "no known results came from the command, so the command itself was measured\n",
        );
    }
    let mut parts = Vec::new();
    for metric in ["time", "cpu", "memory.peak"] {
        let values: Vec<f64> = all
            .iter()
            .filter(|m| m.metric == metric)
            .map(|m| m.value)
            .collect();
        let Some(unit) = all.iter().find(|m| m.metric == metric).map(|m| &m.unit) else {
            continue;
        };
        parts.push(format!("{metric} {}", median_and_range(&values, unit)));
    }
    let runs = all.iter().filter(|m| m.metric == "time").count();
    let _ = writeln!(
        out,
        "measured `{}` itself, {}: {}",
        text::plain(&first.benchmark),
        count(runs, "run"),
        parts.join(" · ")
    );
    if all.iter().filter(|m| m.metric == "memory.peak").count() < runs {
        out.push_str("its peak memory is not told: it needs less than plimsoll itself, which the system counts in\n");
    }
}

fn median_and_range(values: &[f64], unit: &Unit) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return String::new();
    };
    let middle = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    if sorted.len() == 1 {
        text::value(middle, unit)
    } else {
        let (low, high) = (text::value(*low, unit), text::value(*high, unit));
        format!("{} ({low} … {high})", text::value(middle, unit))
    }
}

fn read_as(out: &mut String, readings: &[Reading]) {
    let formats: BTreeSet<&str> = readings
        .iter()
        .map(|reading| reading.format)
        .filter(|format| ![COMMAND, FILE_SIZE].contains(format))
        .collect();
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
        for name in of
            .iter()
            .filter_map(|reading| named_without_a_file(reading))
            .collect::<BTreeSet<_>>()
        {
            let hint = if name == format {
                ", as nothing else names it: tell such tests apart with --suite or --tag"
            } else {
                ""
            };
            let _ = writeln!(
                out,
                "  its benchmark is called `{}`{hint}",
                text::plain(name)
            );
        }
        for reading in &of {
            if let Some(name) = named_after_its_file(reading) {
                let _ = writeln!(
                    out,
                    "  its benchmark is called `{}` after the file: keep the file's name, and the history goes on",
                    text::plain(name)
                );
            }
        }
        for failure in of.iter().flat_map(|reading| &reading.failures) {
            failed(out, failure);
        }
        // Runs of one command say the same.
        let notes: BTreeSet<&String> = of.iter().flat_map(|reading| &reading.notes).collect();
        for note in notes {
            let _ = writeln!(out, "  note: {}", text::plain(note));
        }
    }
}

fn failed(out: &mut String, failure: &Failure) {
    let mut slice = String::new();
    for (key, value) in &failure.tags {
        let mark = if slice.is_empty() { '{' } else { ',' };
        let _ = write!(slice, "{mark}{}={}", text::plain(key), text::plain(value));
    }
    if !slice.is_empty() {
        slice.push('}');
    }
    let name = text::plain(&failure.benchmark);
    let _ = writeln!(
        out,
        "  failed: {name}{slice}: {}",
        text::plain(&failure.reason)
    );
}

pub(super) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

pub(super) fn told(
    attempts: &[Attempt],
    runs: &[Run],
    target: &Target,
    appended: Appended,
) -> String {
    let mut out = String::new();
    understood(&mut out, attempts);
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

/// Names the results that were found and not taken.
pub(super) fn left_alone(attempts: &[Attempt]) {
    let stale: BTreeSet<&PathBuf> = attempts
        .iter()
        .flat_map(|attempt| &attempt.readings.stale)
        .collect();
    if !stale.is_empty() {
        say(&format!(
            "left alone {} (older than the commit or than their neighbours):",
            count(stale.len(), "stale result")
        ));
        listed(&stale);
        say("take them with --include-stale, or delete the folders of removed benchmarks");
    }
    let unknown: BTreeSet<&PathBuf> = attempts
        .iter()
        .flat_map(|attempt| &attempt.readings.skipped)
        .collect();
    if !unknown.is_empty() {
        say(&format!(
            "left alone {} whose content is not a known format, or stands better in another:",
            count(unknown.len(), "file")
        ));
        listed(&unknown);
    }
}

fn listed(paths: &BTreeSet<&PathBuf>) {
    for path in paths.iter().take(10) {
        say(&format!("  {}", text::plain(&path.display().to_string())));
    }
    if paths.len() > 10 {
        say(&format!("  and {} more", paths.len() - 10));
    }
}

pub(super) fn warn(attempts: &[Attempt], target: &Target, args: &Record) {
    left_alone(attempts);
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
    if attempts.iter().any(|attempt| attempt.own == Own::Instead) {
        say(
            "if it does write results, name their files before `--`; `--measure` says that its own figures are meant",
        );
    }
    if args.build_time && args.runs + args.warmup > 1 && args.prepare.is_none() {
        say(
            "a second build of an unchanged tree has nothing to do: clean before each with --prepare, as in --prepare 'cargo clean'",
        );
    }
    if args.command.is_empty()
        && attempts
            .iter()
            .any(|a| a.readings.readings.iter().any(|r| !r.failures.is_empty()))
    {
        say("some benchmarks gave no result: `plimsoll check` will call them missing");
    }
}

/// The name that the only benchmark of a file has of the file, since the file does not say it.
/// The name of a test that came from standard input or a command, where it is an address or the
/// format.
fn named_without_a_file(reading: &Reading) -> Option<&str> {
    if reading.path != Path::new("-") {
        return None;
    }
    let all = reading.measurements.iter().map(|m| m.benchmark.as_str());
    let names: BTreeSet<&str> = all
        .chain(reading.failures.iter().map(|f| f.benchmark.as_str()))
        .collect();
    let name = names.first().filter(|_| names.len() == 1)?;
    (*name == reading.format || name.contains("://")).then_some(name)
}

fn named_after_its_file(reading: &Reading) -> Option<&str> {
    let names: BTreeSet<&str> = reading
        .measurements
        .iter()
        .map(|m| m.benchmark.as_str())
        .collect();
    let stem = reading.path.file_stem()?.to_str()?;
    let name = names
        .first()
        .filter(|name| names.len() == 1 && **name == stem)?;
    Some(name)
}
