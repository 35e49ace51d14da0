//! Bencher's JSON of `bencher perf --format json` (`GET …/projects/{project}/perf`).
//!
//! Producer: <https://github.com/bencherdev/bencher/blob/main/lib/bencher_json/src/project/perf.rs>.

use super::{Dated, NO_COMMIT, Tracker, TrackerHistory, is_commit};
use crate::formats::fault::Fault;
use crate::formats::parsed::{Bench, RATE, SIZE, TIME, with_ends};
use crate::formats::{json, units};
use crate::model::{Direction, Measurement, Tags, Unit};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const TRACKER: Tracker = Tracker {
    name: "bencher",
    aliases: &["bencher-perf"],
    known_by: "JSON with results[].metrics[].version",
    sniff: |_, bytes| {
        let content = crate::formats::content::Content::new(bytes);
        content.has("results/[]/measure")
            && content.has("results/[]/testbed")
            && content.has("results/[]/metrics")
    },
    read,
};

#[derive(Deserialize)]
struct Perf {
    results: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    branch: Named,
    testbed: Named,
    benchmark: Named,
    measure: Measure,
    metrics: Vec<Point>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Measure {
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    units: String,
}

#[derive(Deserialize)]
struct Point {
    report: String,
    #[serde(default)]
    iteration: u32,
    start_time: Option<Timestamp>,
    version: Version,
    metric: Metric,
}

#[derive(Deserialize)]
struct Version {
    hash: Option<String>,
}

#[derive(Deserialize)]
struct Metric {
    value: f64,
    lower_value: Option<f64>,
    upper_value: Option<f64>,
}

fn read(path: &Path, bytes: &[u8]) -> Result<TrackerHistory, Fault> {
    let perf: Perf = json::document(bytes)?;
    let mut history = TrackerHistory::new(path, TRACKER.name);
    let mut runs: BTreeMap<(String, String, u32, String, String), Dated> = BTreeMap::new();
    for series in &perf.results {
        for point in &series.metrics {
            let hash = point.version.hash.as_deref().filter(|hash| is_commit(hash));
            let Some(hash) = hash else {
                history.leave_out(NO_COMMIT);
                continue;
            };
            let (testbed, branch) = (&series.testbed.name, &series.branch.name);
            let key = (
                hash.to_owned(),
                point.report.clone(),
                point.iteration,
                testbed.clone(),
                branch.clone(),
            );
            let dated = runs.entry(key).or_insert_with(|| Dated {
                commit: hash.to_ascii_lowercase(),
                time: point.start_time,
                machine: Some(testbed.clone()),
                identity: format!("{} {} {testbed} {branch}", point.report, point.iteration),
                ..Dated::default()
            });
            dated.measurements.push(measurement(series, &point.metric));
        }
    }
    for dated in runs.into_values() {
        history.take(dated);
    }
    Ok(history)
}

fn measurement(series: &Series, metric: &Metric) -> Measurement {
    let measure = &series.measure;
    let (name, (unit, direction), factor) = meaning(measure);
    let value = metric.value * factor;
    let made = Bench::new(&series.benchmark.name, Tags::new()).value(
        name,
        (value, 1),
        (unit, direction),
        (&measure.name, &measure.units),
    );
    if metric.lower_value.is_none() && metric.upper_value.is_none() {
        return made;
    }
    let end = |end: Option<f64>| end.map_or(value, |end| end * factor);
    with_ends(made, end(metric.lower_value), end(metric.upper_value))
}

/// As `record` reads Bencher Metric Format, so that a history goes on.
fn meaning(measure: &Measure) -> (&str, (Unit, Option<Direction>), f64) {
    match measure.slug.as_str() {
        "latency" => return ("time", TIME, 1.0),
        "throughput" => return ("throughput", RATE, 1.0),
        "build-time" => return ("build-time", TIME, units::SECOND),
        "file-size" => return ("file-size", SIZE, 1.0),
        "instructions" => {
            return ("instructions", (Unit::Count, Some(Direction::Lower)), 1.0);
        }
        "estimated-cycles" => return ("cycles", (Unit::Count, Some(Direction::Lower)), 1.0),
        _ => {}
    }
    // `bytes (B)`: the short form is known more often.
    let short = measure
        .units
        .rsplit_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let known = short
        .and_then(units::canonical)
        .or(units::canonical(&measure.units));
    match known {
        Some((unit, factor)) => {
            let direction = units::direction(&unit);
            (&measure.name, (unit, direction), factor)
        }
        None => (
            &measure.name,
            (Unit::Other(measure.units.clone()), None),
            1.0,
        ),
    }
}
