//! pyperf's JSON (`-o FILE`).
//!
//! Versions seen: 2.10.0 and files of 2016 and 2018.
//! Producer: <https://pyperf.readthedocs.io/en/latest/api.html#pyperf-json-file-format>
//!
//! The values of all runs are the samples, of one loop each. Runs that calibrate have warmups and
//! no values. Name and unit stand with the benchmark, else, where there is only one, with the
//! file. The unit `byte` is the peak of memory that `--track-memory` measures.

use super::fault::Fault;
use super::json;
use super::parsed::{Bench, Input, Parsed, SIZE, TIME, ZERO_TIME, scaled_samples};
use super::registry::{Format, Reader};
use super::units::SECOND;
use crate::model::{Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "pyperf",
    aliases: &["perf"],
    produced_by: "python -m pyperf timeit -o FILE, or a pyperf script with -o FILE",
    known_by: "JSON with `benchmarks`, each with `runs`, and `version`",
    versions: &["2016", "2018", "2.10.0"],
    metrics: &["time", "memory.peak", "value"],
    samples: true,
    url: "https://pyperf.readthedocs.io/en/latest/api.html#pyperf-json-file-format",
    sniff: |content| content.has("benchmarks/[]/runs") && content.has("version"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    metadata: Metadata,
    benchmarks: Vec<Entry>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    name: Option<String>,
    unit: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    metadata: Metadata,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    values: Vec<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let suite: Suite = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    for (i, entry) in suite.benchmarks.iter().enumerate() {
        let place = format!("benchmarks[{i}]");
        let name = entry
            .metadata
            .name
            .as_ref()
            .or(suite.metadata.name.as_ref());
        let name = name.ok_or_else(|| Fault::at(&place, "the benchmark has no name"))?;
        let unit = entry
            .metadata
            .unit
            .as_ref()
            .or(suite.metadata.unit.as_ref());
        let unit = unit.map_or("second", String::as_str);
        let (metric, factor, kind) = match unit {
            "second" => ("time", SECOND, TIME),
            "byte" => ("memory.peak", 1.0, SIZE),
            "integer" => ("value", 1.0, (Unit::Other(String::new()), None)),
            other => {
                return Err(Fault::at(
                    place,
                    format!("the unit `{other}` is none of second, byte, integer"),
                ));
            }
        };
        let mut values = Vec::new();
        for (j, run) in entry.runs.iter().enumerate() {
            let place = || format!("{place}.runs[{j}].values");
            values.extend(scaled_samples(&run.values, factor, place)?.values);
        }
        let samples = crate::model::Samples {
            values,
            iterations: None,
        };
        let bench = Bench::new(name, Tags::new());
        match bench.samples(metric, samples, kind, ("values", unit)) {
            None => parsed.fail(name, "none of its runs has a value"),
            Some(made) if metric == "time" && made.value <= 0.0 => parsed.fail(name, ZERO_TIME),
            Some(made) => parsed.measurements.push(made),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn values_of_all_runs_are_samples() {
        let reading = read_fixture("pyperf/handmade-suite.json");
        let time = get(&reading, "sorted30", "time");
        assert_eq!(time.n, 4);
        assert!(close(time.value, 1_500.0), "{}", time.value);
        assert!(close(
            get(&reading, "peak", "memory.peak").value,
            7_360_512.0
        ));
        assert_eq!(reading.failures[0].benchmark, "calibrated only");
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |metadata: &str, values: &str| {
            format!(
                "{{\"version\": \"1.0\", \"metadata\": {{{metadata}}}, \"benchmarks\": [{{\"runs\": \
                 [{{\"values\": [{values}]}}]}}]}}"
            )
        };
        for (metadata, values, reason) in [
            ("", "1", "no name"),
            ("\"name\": \"x\", \"unit\": \"days\"", "1", "days"),
            ("\"name\": \"x\"", "1, -1", "values[1]"),
            ("\"name\": \"x\"", "NaN", "line 1"),
            ("\"name\": \"x\"", "\"1\"", "values[0]"),
        ] {
            let error = read_text("x.json", "pyperf", &with(metadata, values)).unwrap_err();
            assert!(error.to_string().contains(reason), "{metadata}: {error}");
        }
        let zero = read_text("x.json", "pyperf", &with("\"name\": \"x\"", "0")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    }
}
