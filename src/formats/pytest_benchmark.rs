//! pytest-benchmark's `--benchmark-json` and `.benchmarks/**/000N_*.json`.
//!
//! Versions seen: 3.2, 5.3.1.
//! Producer: <https://github.com/ionelmc/pytest-benchmark/blob/master/src/pytest_benchmark/stats.py>
//!
//! Everything is in seconds, of one call: rounds are divided by their iterations already. The
//! benchmark is `fullname`, file and test with its parameters. Raw times are there with
//! `--benchmark-json` or `--benchmark-save-data`. `ops` is 1/mean and says nothing more.

use super::fault::Fault;
use super::json;
use super::parsed::{Bench, Input, Parsed, TIME, ZERO_TIME, scaled, scaled_samples, with_ends};
use super::registry::{Format, Reader};
use super::units::SECOND;
use crate::model::Tags;
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "pytest-benchmark",
    aliases: &["pytest"],
    produced_by: "pytest --benchmark-json=FILE",
    known_by: "JSON with `benchmarks`, each with `fullname` and `stats`",
    versions: &["3.2", "5.3.1"],
    metrics: &["time", "time.mean", "time.median", "time.min", "time.max"],
    samples: true,
    url: "https://github.com/ionelmc/pytest-benchmark/blob/master/src/pytest_benchmark/stats.py",
    sniff: |content| content.has("benchmarks/[]/fullname") && content.has("benchmarks/[]/stats"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Export {
    version: Option<String>,
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    fullname: String,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    min: f64,
    max: f64,
    mean: f64,
    median: f64,
    q1: Option<f64>,
    q3: Option<f64>,
    rounds: u64,
    iterations: Option<u32>,
    #[serde(default)]
    data: Vec<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let export: Export = json::document(input.bytes)?;
    let mut parsed = Parsed {
        version: export.version,
        ..Parsed::default()
    };
    for (i, Entry { fullname, stats }) in export.benchmarks.into_iter().enumerate() {
        let place = |field: &str| format!("benchmarks[{i}].stats.{field}");
        let seconds = |value: f64, field: &str| scaled(value, SECOND, || place(field));
        let bench = Bench::new(&fullname, Tags::new());
        let median = seconds(stats.median, "median")?;
        let headline = if stats.data.is_empty() {
            let made = bench.value("time", (median, stats.rounds), TIME, ("median", "s"));
            match (stats.q1, stats.q3) {
                (Some(low), Some(high)) => with_ends(made, low * SECOND, high * SECOND),
                _ => made,
            }
        } else {
            let mut samples = scaled_samples(&stats.data, SECOND, || place("data"))?;
            let each = stats.iterations.filter(|n| *n > 0).map(f64::from);
            samples.iterations = each.map(|each| vec![each; samples.values.len()]);
            bench
                .samples("time", samples, TIME, ("data", "s"))
                .ok_or_else(|| Fault::at(place("data"), "a time is too large"))?
        };
        if headline.value <= 0.0 {
            parsed.fail(fullname, ZERO_TIME);
            continue;
        }
        parsed.measurements.push(headline);
        for (metric, field, value) in [
            ("time.mean", "mean", stats.mean),
            ("time.median", "median", stats.median),
            ("time.min", "min", stats.min),
            ("time.max", "max", stats.max),
        ] {
            let value = seconds(value, field)?;
            parsed.measurements.push(bench.value(
                metric,
                (value, stats.rounds),
                TIME,
                (field, "s"),
            ));
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn data_are_samples_and_summaries_are_read_without() {
        let reading = read_fixture("pytest-benchmark/handmade-data.json");
        let time = get(&reading, "bench.py::test_sort[100]", "time");
        assert_eq!(time.n, 3);
        assert!(close(time.value, 2_000.0));
        let samples = time.samples.as_ref().unwrap();
        assert_eq!(samples.iterations, Some(vec![5.0; 3]));
        let mean = get(&reading, "bench.py::test_sort[100]", "time.mean");
        assert!(close(mean.value, 2_333.333));
        let saved = get(&reading, "bench.py::test_saved", "time");
        assert!(saved.samples.is_none() && saved.spread.is_some());
        assert_eq!((saved.value, saved.n), (22_000.0, 38_523));
        assert_eq!(reading.version.as_deref(), Some("5.3.1"));
    }

    #[test]
    fn mistakes_name_their_place_and_zero_is_no_value() {
        let with = |median: &str, data: &str| {
            format!(
                "{{\"benchmarks\": [{{\"fullname\": \"x\", \"stats\": {{\"min\": 0, \"max\": 1, \
                 \"mean\": 1, \"median\": {median}, \"rounds\": 2, \"data\": [{data}]}}}}]}}"
            )
        };
        for (median, data, place) in [
            ("-1", "", "stats.median"),
            ("1", "1, -2", "data[1]"),
            ("1", "1e305", "data[0]"),
            ("\"1\"", "", "median"),
            ("null", "", "median"),
            ("NaN", "", "line 1"),
        ] {
            let error = read_text("x.json", "pytest-benchmark", &with(median, data)).unwrap_err();
            assert!(
                error.to_string().contains(place),
                "{median} {data}: {error}"
            );
        }
        let zero = read_text("x.json", "pytest-benchmark", &with("0", "")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    }
}
