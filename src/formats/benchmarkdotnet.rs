//! BenchmarkDotNet's `--exporters json`, brief and full, compressed or not.
//!
//! Versions seen: 0.9.9, 0.15.8.
//! Producer: <https://github.com/dotnet/BenchmarkDotNet/blob/master/src/BenchmarkDotNet/Exporters/Json/JsonExporterBase.cs>
//!
//! Everything is in nanoseconds. A benchmark is namespace, type and method, and its parameters
//! become tags. Where one is measured in several jobs, such as two runtimes, the job becomes a tag
//! as well. `OriginalValues` are the samples. A benchmark that failed has no statistics.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{Bench, Input, Parsed, SIZE, not_negative};
use super::registry::{Format, Reader};
use super::timed::Timed;
use super::units;
use crate::model::Tags;
use serde::Deserialize;
use std::collections::BTreeMap;

pub(crate) const FORMAT: Format = Format {
    name: "benchmarkdotnet",
    aliases: &["bdn"],
    produced_by: "dotnet run -c Release -- --exporters json → BenchmarkDotNet.Artifacts/results/*-report-*.json",
    known_by: "JSON with `HostEnvironmentInfo` and `Benchmarks`",
    versions: &["0.9.9", "0.15.8"],
    metrics: &[
        "time",
        "time.mean",
        "time.median",
        "time.min",
        "time.max",
        "time.p95",
        "alloc.bytes",
    ],
    samples: true,
    url: "https://benchmarkdotnet.org/articles/configs/exporters.html",
    sniff: |content| content.has("HostEnvironmentInfo") && content.has("Benchmarks"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    host_environment_info: Host,
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Host {
    benchmark_dot_net_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    display_info: Option<String>,
    namespace: Option<String>,
    #[serde(rename = "Type")]
    class: Option<String>,
    method: String,
    #[serde(default)]
    parameters: String,
    statistics: Option<Statistics>,
    memory: Option<Memory>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    original_values: Option<Vec<f64>>,
    n: Option<u64>,
    min: Option<f64>,
    q1: Option<f64>,
    median: f64,
    mean: f64,
    q3: Option<f64>,
    max: Option<f64>,
    #[serde(default)]
    percentiles: UniqueMap<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Memory {
    bytes_allocated_per_operation: Option<f64>,
}

impl Entry {
    fn name(&self) -> String {
        let parts = [
            self.namespace.as_deref(),
            self.class.as_deref(),
            Some(&self.method),
        ];
        let parts: Vec<&str> = parts
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(".")
    }

    /// `N=10&Kind=a` as tags.
    fn tags(&self) -> Tags {
        let mut tags = Tags::new();
        for part in self.parameters.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or(("parameters", part));
            tags.insert(key.trim().to_owned(), value.trim().to_owned());
        }
        tags
    }

    /// What stands behind `Type.Method: ` without the parameters behind it.
    fn job(&self) -> Option<&str> {
        let (_, job) = self.display_info.as_deref()?.split_once(": ")?;
        Some(job.split(" [").next().unwrap_or(job))
    }
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed {
        version: report.host_environment_info.benchmark_dot_net_version,
        ..Parsed::default()
    };
    let mut times: BTreeMap<(String, Tags), u32> = BTreeMap::new();
    for entry in &report.benchmarks {
        *times.entry((entry.name(), entry.tags())).or_default() += 1;
    }
    for (i, entry) in report.benchmarks.iter().enumerate() {
        let (name, mut tags) = (entry.name(), entry.tags());
        if times
            .get(&(name.clone(), tags.clone()))
            .is_some_and(|n| *n > 1)
            && let Some(job) = entry.job()
        {
            tags.insert("job".to_owned(), job.to_owned());
        }
        let bench = Bench::new(&name, tags);
        one(&bench, entry, &format!("Benchmarks[{i}]"), &mut parsed)?;
    }
    Ok(parsed)
}

fn one(bench: &Bench, entry: &Entry, place: &str, parsed: &mut Parsed) -> Result<(), Fault> {
    let Some(statistics) = &entry.statistics else {
        let failed = bench.failed("it has no statistics: it failed");
        parsed.failures.push(failed);
        return Ok(());
    };
    let values = statistics
        .original_values
        .as_deref()
        .filter(|values| !values.is_empty());
    let counted = statistics.n.unwrap_or(1);
    let inner = format!("{place}.Statistics");
    let timed = Timed {
        bench,
        n: values.map_or(counted, |values| values.len() as u64),
        factor: 1.0,
        unit: "ns",
        place: &inner,
    };
    let headline = match (values, statistics.q1, statistics.q3) {
        (Some(values), ..) => timed.samples(values, "OriginalValues")?,
        (None, Some(q1), Some(q3)) => {
            timed.with_ends(timed.headline(statistics.median, "Median")?, q1, q3)
        }
        _ => timed.headline(statistics.median, "Median")?,
    };
    if !timed.keep(headline, parsed) {
        return Ok(());
    }
    timed.others(
        &[
            ("time.mean", "Mean", Some(statistics.mean)),
            ("time.median", "Median", Some(statistics.median)),
            ("time.min", "Min", statistics.min),
            ("time.max", "Max", statistics.max),
        ],
        parsed,
    )?;
    for (key, value) in &statistics.percentiles.0 {
        // The quartiles and ends are there under other names.
        let Some(percentile) = key.strip_prefix('P').and_then(units::percentile) else {
            continue;
        };
        if !matches!(percentile.as_str(), "p0" | "p50" | "p100") {
            let field = format!("Percentiles.{key}");
            timed.others(
                &[(&format!("time.{percentile}"), &field, Some(*value))],
                parsed,
            )?;
        }
    }
    let bytes = entry
        .memory
        .as_ref()
        .and_then(|m| m.bytes_allocated_per_operation);
    if let Some(bytes) = bytes {
        let field = "Memory.BytesAllocatedPerOperation";
        let bytes = not_negative(bytes, || format!("{place}.{field}"))?;
        let made = bench.value(
            "alloc.bytes",
            (bytes, 1),
            SIZE,
            ("BytesAllocatedPerOperation", "B"),
        );
        parsed.measurements.push(made);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn samples_parameters_jobs_and_failures() {
        let reading = read_fixture("benchmarkdotnet/handmade-report.json");
        assert_eq!(reading.version.as_deref(), Some("0.15.8"));
        let sort = get(&reading, "Demo.Sorting.Sort", "time");
        assert_eq!(
            (sort.value, sort.n, sort.tags["N"].as_str()),
            (200.0, 3, "100")
        );
        assert!(sort.samples.is_some());
        assert!(close(
            get(&reading, "Demo.Sorting.Sort", "alloc.bytes").value,
            368.0
        ));
        assert!(close(
            get(&reading, "Demo.Sorting.Sort", "time.p95").value,
            290.0
        ));
        let jobs: Vec<&str> = reading
            .measurements
            .iter()
            .filter(|m| m.benchmark == "Demo.Sorting.Twice" && m.metric == "time")
            .map(|m| m.tags["job"].as_str())
            .collect();
        assert_eq!(
            jobs,
            [".NET 9.0(Runtime=.NET 9.0)", ".NET 10.0(Runtime=.NET 10.0)"]
        );
        let failed: Vec<&str> = reading
            .failures
            .iter()
            .map(|f| f.benchmark.as_str())
            .collect();
        assert_eq!(failed, ["Demo.Sorting.Throws"]);
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |median: &str, values: &str| {
            format!(
                "{{\"HostEnvironmentInfo\": {{}}, \"Benchmarks\": [{{\"Method\": \"a\", \
                 \"Statistics\": {{\"OriginalValues\": {values}, \"Median\": {median}, \"Mean\": \
                 1}}}}]}}"
            )
        };
        for (median, values, place) in [
            ("-1", "null", "Benchmarks[0].Statistics.Median"),
            ("\"1\"", "null", "Benchmarks[0].Statistics.Median"),
            ("null", "null", "Benchmarks[0].Statistics.Median"),
            ("NaN", "null", "line 1"),
            ("1e999", "null", "Benchmarks[0].Statistics.Median"),
            ("1", "[1, -1]", "Benchmarks[0].Statistics.OriginalValues[1]"),
        ] {
            let error = read_text("x.json", "benchmarkdotnet", &with(median, values)).unwrap_err();
            assert!(
                error.to_string().contains(place),
                "{median} {values}: {error}"
            );
        }
        let zero = read_text("x.json", "benchmarkdotnet", &with("0", "null")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    }
}
