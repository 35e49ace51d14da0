//! github-action-benchmark's `data.js`: `window.BENCHMARK_DATA = {…}`.
//!
//! Producer: <https://github.com/benchmark-action/github-action-benchmark/blob/master/src/write.ts>.
//! Direction follows from `tool`, as its `biggerIsBetter` has it, but for JMH and Go, whose units
//! say it. Names and metrics are those that `record` gives to the tool's own files, as far as
//! they can be known.

use super::{Dated, NO_COMMIT, NOT_FINITE, Tracker, TrackerHistory, is_commit, text_of};
use crate::formats::fault::Fault;
use crate::formats::parsed::{BANDWIDTH, Bench, RATE, SIZE, TIME, with_ends};
use crate::formats::{json, units};
use crate::model::{Direction, Measurement, Tags, Unit};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const TRACKER: Tracker = Tracker {
    name: "github-action-benchmark",
    aliases: &["data.js"],
    known_by: "window.BENCHMARK_DATA = {…}",
    sniff: |_, bytes| body(bytes).is_some(),
    read,
};

#[derive(Deserialize)]
struct Data {
    entries: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    commit: Commit,
    /// Milliseconds since 1970.
    date: Option<f64>,
    tool: String,
    benches: Vec<Row>,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    value: Option<f64>,
    unit: String,
    range: Option<String>,
}

/// What stands behind `window.BENCHMARK_DATA =`.
fn body(bytes: &[u8]) -> Option<&str> {
    let text = text_of(bytes).ok()?.trim_start();
    let rest = text.strip_prefix("window.BENCHMARK_DATA")?.trim_start();
    Some(rest.strip_prefix('=')?.trim_end().trim_end_matches(';'))
}

fn read(path: &Path, bytes: &[u8]) -> Result<TrackerHistory, Fault> {
    let text = text_of(bytes)?;
    let data: Data = json::document(body(bytes).unwrap_or(text).as_bytes())?;
    let mut history = TrackerHistory::new(path, TRACKER.name);
    let several = data.entries.len() > 1;
    for (name, entries) in &data.entries {
        for entry in entries {
            if !is_commit(&entry.commit.id) {
                history.leave_out(NO_COMMIT);
                continue;
            }
            let suite = if several { name.clone() } else { String::new() };
            let mut dated = Dated {
                commit: entry.commit.id.to_ascii_lowercase(),
                time: entry
                    .date
                    .and_then(|ms| Timestamp::from_millisecond(ms as i64).ok()),
                identity: entry.date.map_or_else(String::new, |ms| ms.to_string()),
                suite: suite.clone(),
                ..Dated::default()
            };
            for row in &entry.benches {
                match measurement(&entry.tool, &suite, row) {
                    Some(made) => dated.measurements.push(made),
                    None => history.leave_out(NOT_FINITE),
                }
            }
            history.take(dated);
        }
    }
    Ok(history)
}

fn measurement(tool: &str, suite: &str, row: &Row) -> Option<Measurement> {
    let value = row.value.filter(|value| value.is_finite())?;
    let (metric, unit, factor, direction) = meaning(tool, row.unit.trim());
    let suffix = format!(" - {}", row.unit);
    let name = row.name.strip_suffix(&suffix).unwrap_or(&row.name).trim();
    let name = match suite {
        "" => name.to_owned(),
        suite => format!("{suite}/{name}"),
    };
    let scaled = value * factor;
    if name.is_empty() || !scaled.is_finite() {
        return None;
    }
    let made = Bench::new(name, Tags::new()).value(
        metric,
        (scaled, 1),
        (unit, direction),
        (tool, &row.unit),
    );
    let width = row.range.as_deref().and_then(|range| width(range, value));
    Some(match width {
        Some(width) => with_ends(made, scaled - width * factor, scaled + width * factor),
        None => made,
    })
}

/// Metric, unit, factor to it and direction of a unit that a tool of the action writes.
fn meaning(tool: &str, text: &str) -> (&'static str, Unit, f64, Option<Direction>) {
    let bigger = ["benchmarkjs", "pytest", "customBiggerIsBetter"].contains(&tool);
    let by_tool = if bigger {
        Direction::Higher
    } else {
        Direction::Lower
    };
    if tool.starts_with("custom") {
        let (unit, factor) =
            units::canonical(text).unwrap_or_else(|| (Unit::Other(text.to_owned()), 1.0));
        return ("value", unit, factor, Some(by_tool));
    }
    let known = |metric, (unit, direction), factor| (metric, unit, factor, direction);
    match text {
        "B/op" => return known("alloc.bytes", SIZE, 1.0),
        "allocs/op" => return known("alloc.count", (Unit::Count, Some(Direction::Lower)), 1.0),
        "iter/sec" | "ops/sec" | "ops/s" => return known("throughput", RATE, 1.0),
        "ops/ms" => return known("throughput", RATE, 1e3),
        "ops/us" => return known("throughput", RATE, 1e6),
        "ops/ns" => return known("throughput", RATE, 1e9),
        _ => {}
    }
    let one = text
        .strip_suffix("/iter")
        .or(text.strip_suffix("/op"))
        .unwrap_or(text);
    match units::canonical(one) {
        Some((Unit::Nanoseconds, factor)) => known("time", TIME, factor),
        Some((Unit::BytesPerSecond, factor)) => known("bandwidth", BANDWIDTH, factor),
        Some((Unit::PerSecond, factor)) => known("throughput", RATE, factor),
        Some((unit, factor)) => ("value", unit, factor, Some(by_tool)),
        None => ("value", Unit::Other(text.to_owned()), 1.0, Some(by_tool)),
    }
}

/// `± 5`, `±5%`, `+/- 5`: half the width of the spread, in the unit of the value.
fn width(range: &str, value: f64) -> Option<f64> {
    let text = range.trim();
    let text = text.strip_prefix('±').or(text.strip_prefix("+/-"))?.trim();
    let width = match text.strip_suffix('%') {
        Some(share) => share.trim().parse::<f64>().ok()? / 100.0 * value.abs(),
        None => text.parse::<f64>().ok()?,
    };
    (width.is_finite() && width >= 0.0).then_some(width)
}
