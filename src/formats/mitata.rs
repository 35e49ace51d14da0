//! mitata's `run({ format: { json: { … } } })`.
//!
//! Versions seen: 1.0.34.
//! Producer: <https://github.com/evanwashere/mitata/blob/master/src/main.mjs>
//!
//! Everything is in nanoseconds. Arguments are in the run's own name and become tags as well. A
//! group's name stands before those of its benchmarks. Samples are in the file with
//! `json: { samples: true }`. A run that threw has `error` and no statistics.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{Bench, Input, Parsed};
use super::registry::{Format, Reader};
use super::timed::Timed;
use crate::model::Tags;
use serde::Deserialize;
use serde_json::Value;

pub(crate) const FORMAT: Format = Format {
    name: "mitata",
    aliases: &[],
    produced_by: "mitata, `run({ format: { json: { debug: false } } })` > FILE",
    known_by: "JSON with `layout`, `context` and `benchmarks`, each with `alias` and `runs`",
    versions: &["1.0.34"],
    metrics: &[
        "time",
        "time.mean",
        "time.min",
        "time.max",
        "time.p75",
        "time.p99",
    ],
    samples: true,
    url: "https://github.com/evanwashere/mitata",
    sniff: |content| {
        content.has("layout")
            && content.has("benchmarks/[]/alias")
            && content.has("benchmarks/[]/runs")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    layout: Vec<Layout>,
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Layout {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Benchmark {
    group: Option<usize>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    name: String,
    #[serde(default)]
    args: UniqueMap<Value>,
    stats: Option<Stats>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Stats {
    samples: Option<Vec<f64>>,
    avg: f64,
    min: f64,
    max: f64,
    p25: f64,
    p50: f64,
    p75: f64,
    p99: f64,
    p999: f64,
    ticks: u64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let document: Document = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    for (i, benchmark) in document.benchmarks.iter().enumerate() {
        let group = benchmark.group.and_then(|group| document.layout.get(group));
        let group = group.and_then(|group| group.name.as_deref());
        for (j, run) in benchmark.runs.iter().enumerate() {
            let name = match group {
                Some(group) => format!("{group}/{}", run.name),
                None => run.name.clone(),
            };
            one(
                &name,
                run,
                &format!("benchmarks[{i}].runs[{j}].stats"),
                &mut parsed,
            )?;
        }
    }
    Ok(parsed)
}

fn one(name: &str, run: &Run, place: &str, parsed: &mut Parsed) -> Result<(), Fault> {
    let Some(stats) = run.stats.as_ref().filter(|_| run.error.is_none()) else {
        let message = run
            .error
            .as_ref()
            .and_then(|error| error["message"].as_str());
        let reason = message.map_or_else(
            || "it has no statistics".to_owned(),
            |message| format!("it threw an error: {message}"),
        );
        parsed.fail(name, reason);
        return Ok(());
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let tags: Tags = run
        .args
        .0
        .iter()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect();
    let bench = Bench::new(name, tags);
    // Without samples only the number of calls is known.
    let behind = (stats.samples.as_deref(), stats.ticks);
    let (timed, samples) = Timed::behind(&bench, behind, (1.0, "ns"), place);
    let headline = match samples {
        Some(samples) => timed.samples(samples, "samples")?,
        None => timed.with_ends(timed.headline(stats.p50, "p50")?, stats.p25, stats.p75),
    };
    if timed.keep(headline, parsed) {
        timed.others(
            &[
                ("time.mean", "avg", Some(stats.avg)),
                ("time.min", "min", Some(stats.min)),
                ("time.max", "max", Some(stats.max)),
                ("time.p75", "p75", Some(stats.p75)),
                ("time.p99", "p99", Some(stats.p99)),
                ("time.p99.9", "p999", Some(stats.p999)),
            ],
            parsed,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn runs_groups_and_errors() {
        let reading = read_fixture("mitata/report.json");
        let sort = get(&reading, "sort 16", "time");
        assert!(close(sort.value, 705.776_855_468_75));
        assert_eq!(sort.tags["n"], "16");
        assert_eq!((sort.n, sort.samples.is_none()), (757_760, true));
        assert!(close(
            get(&reading, "sort 16", "time.mean").value,
            903.834_950_380_067_5
        ));
        assert!(close(
            get(&reading, "grouped/inner", "time").value,
            0.078_125
        ));
        assert_eq!(reading.failures.len(), 1);
        assert_eq!(reading.failures[0].reason, "it threw an error: no");
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |p50: &str, samples: &str| {
            format!(
                "{{\"layout\": [], \"benchmarks\": [{{\"group\": 0, \"runs\": [{{\"name\": \"a\", \
                 \"stats\": {{\"samples\": {samples}, \"avg\": 1, \"min\": 1, \"max\": 2, \"p25\": \
                 1, \"p50\": {p50}, \"p75\": 1, \"p99\": 2, \"p999\": 2, \"ticks\": 3}}}}]}}]}}"
            )
        };
        for (p50, samples, place) in [
            ("-1", "null", "runs[0].stats.p50"),
            ("\"1\"", "null", "runs[0].stats.p50"),
            ("null", "null", "runs[0].stats.p50"),
            ("NaN", "null", "line 1"),
            ("1e999", "null", "runs[0].stats.p50"),
            ("1", "[1, -1]", "runs[0].stats.samples[1]"),
        ] {
            let error = read_text("x.json", "mitata", &with(p50, samples))
                .unwrap_err()
                .to_string();
            assert!(error.contains(place), "{p50} {samples}: {error}");
        }
        let reading = read_text("x.json", "mitata", &with("9", "[3, 1, 2]")).unwrap();
        let time = get(&reading, "a", "time");
        assert!(close(time.value, 2.0) && time.n == 3 && time.samples.is_some());
        let zero = read_text("x.json", "mitata", &with("0", "null")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    }
}
