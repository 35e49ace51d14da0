//! Google Benchmark's `--benchmark_out_format=json`.
//!
//! Versions seen: 1.7.1; older files without `run_type`.
//! Producer: <https://github.com/google/benchmark/blob/main/src/json_reporter.cc>
//!
//! Repetitions (`run_type` iteration) of one `run_name` are its samples. Of the rows that are
//! computed from them, mean and median are kept, stddev is a spread where there are no
//! repetitions, cv, BigO and RMS are left alone. Real time is `time`, CPU time `cpu`, both in the
//! row's own unit. `bytes_per_second` and `items_per_second` are better when they are more; of any
//! other counter the file does not say whether it is a rate, so it has neither unit nor direction.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{
    BANDWIDTH, Bench, Input, Parsed, RATE, TIME, ZERO_TIME, any_zero, not_negative, scaled,
    with_ends,
};
use super::registry::{Format, Reader};
use super::units;
use crate::model::{Direction, Samples, Tags, Unit};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

pub(crate) const FORMAT: Format = Format {
    name: "google-benchmark",
    aliases: &["gbench", "googlecpp"],
    produced_by: "--benchmark_out=FILE --benchmark_out_format=json [--benchmark_repetitions=N]",
    known_by: "JSON with `benchmarks`, each with `name` and `real_time` or `run_type`",
    versions: &["1.7.1", "older files without run_type"],
    metrics: &[
        "time",
        "time.mean",
        "time.median",
        "cpu",
        "bandwidth",
        "throughput",
        "a counter's own name",
    ],
    samples: true,
    url: "https://github.com/google/benchmark/blob/main/src/json_reporter.cc",
    sniff: |content| {
        content.has("benchmarks/[]/name")
            && (content.has("benchmarks/[]/real_time") || content.has("benchmarks/[]/run_type"))
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Export {
    context: Option<Context>,
    benchmarks: Vec<UniqueMap<Value>>,
}

#[derive(Deserialize)]
struct Context {
    library_version: Option<String>,
}

/// Keys of a row that hold text.
const TEXTS: [&str; 10] = [
    "name",
    "run_name",
    "run_type",
    "label",
    "aggregate_name",
    "aggregate_unit",
    "time_unit",
    "error_message",
    "skip_message",
    "big_o",
];
/// Keys of a row whose numbers are no measurements.
const INDICES: [&str; 6] = [
    "family_index",
    "per_family_instance_index",
    "repetitions",
    "repetition_index",
    "threads",
    "iterations",
];

struct Row {
    texts: BTreeMap<String, String>,
    numbers: BTreeMap<String, f64>,
    skipped: bool,
    place: String,
}

impl Row {
    fn new(i: usize, fields: UniqueMap<Value>) -> Result<Self, Fault> {
        let mut row = Self {
            texts: BTreeMap::new(),
            numbers: BTreeMap::new(),
            skipped: false,
            place: format!("benchmarks[{i}]"),
        };
        for (key, value) in fields.0 {
            let place = format!("{}.{key}", row.place);
            match value {
                Value::String(text) if TEXTS.contains(&key.as_str()) => {
                    row.texts.insert(key, text);
                }
                Value::Number(number) if !TEXTS.contains(&key.as_str()) => {
                    let number = number
                        .as_f64()
                        .ok_or_else(|| Fault::at(&place, "the number is too large"))?;
                    row.numbers.insert(key, number);
                }
                Value::Bool(yes) if ["error_occurred", "skipped"].contains(&key.as_str()) => {
                    row.skipped |= yes;
                }
                other => {
                    return Err(Fault::at(place, format!("it has the wrong type: {other}")));
                }
            }
        }
        if row.text("name").is_empty() {
            return Err(Fault::at(&row.place, "the benchmark has no name"));
        }
        Ok(row)
    }

    fn text(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    fn name(&self) -> &str {
        match self.text("run_name") {
            "" => self.text("name"),
            name => name,
        }
    }

    /// A number of the user's, or of a rate.
    fn counter(&self, key: &str) -> Result<f64, Fault> {
        let missing = || {
            Fault::at(
                &self.place,
                format!("`{key}` is missing in this repetition"),
            )
        };
        self.numbers.get(key).copied().ok_or_else(missing)
    }

    /// Real or CPU time in nanoseconds.
    fn time(&self, key: &str) -> Result<f64, Fault> {
        let place = || format!("{}.{key}", self.place);
        let value = self.numbers.get(key);
        let value = *value.ok_or_else(|| Fault::at(place(), "it is missing"))?;
        let unit = match self.text("time_unit") {
            "" => "ns",
            unit => unit,
        };
        let factor = units::time(unit)
            .ok_or_else(|| Fault::at(place(), format!("its unit `{unit}` is not known")))?;
        scaled(value, factor, place)
    }
}

/// The rows of one benchmark.
#[derive(Default)]
struct Group {
    name: String,
    runs: Vec<Row>,
    aggregates: BTreeMap<String, Row>,
    failed: Option<String>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let export: Export = json::document(input.bytes)?;
    let mut groups: Vec<Group> = Vec::new();
    let mut rows = Vec::with_capacity(export.benchmarks.len());
    for (i, fields) in export.benchmarks.into_iter().enumerate() {
        rows.push(Row::new(i, fields)?);
    }
    let names: HashSet<String> = rows.iter().map(|r| r.text("name").to_owned()).collect();
    for row in rows {
        let (name, aggregate) = kind(&row, &names)?;
        let at = groups.iter().position(|group| group.name == name);
        let at = at.unwrap_or_else(|| {
            groups.push(Group {
                name,
                ..Group::default()
            });
            groups.len() - 1
        });
        let group = &mut groups[at];
        if row.skipped {
            let said = [row.text("error_message"), row.text("skip_message")].concat();
            group.failed = Some(format!("it was stopped: {said}"));
        } else if let Some(aggregate) = aggregate {
            let place = row.place.clone();
            if group.aggregates.insert(aggregate, row).is_some() {
                return Err(Fault::at(place, "the same aggregate is given twice"));
            }
        } else {
            let index = |row: &Row| row.numbers.get("repetition_index").copied();
            if let Some(own) = index(&row)
                && group.runs.iter().any(|other| index(other) == Some(own))
            {
                return Err(Fault::at(
                    row.place,
                    format!("repetition {own} of `{}` is given twice", group.name),
                ));
            }
            group.runs.push(row);
        }
    }
    let mut parsed = Parsed {
        version: export.context.and_then(|context| context.library_version),
        ..Parsed::default()
    };
    for group in groups {
        one(group, &mut parsed)?;
    }
    Ok(parsed)
}

/// The benchmark that a row belongs to, and which aggregate of it the row is.
fn kind(row: &Row, names: &HashSet<String>) -> Result<(String, Option<String>), Fault> {
    let name = row.name().to_owned();
    match row.text("run_type") {
        "iteration" => Ok((name, None)),
        "aggregate" => match row.text("aggregate_name") {
            "" => Err(Fault::at(
                &row.place,
                "it is an aggregate and does not say which",
            )),
            aggregate => Ok((name, Some(aggregate.to_owned()))),
        },
        // Before `run_type` only the ending told.
        "" => {
            for aggregate in ["mean", "median", "stddev", "BigO", "RMS"] {
                let base = name.strip_suffix(&format!("_{aggregate}"));
                let Some(base) = base else { continue };
                if names.contains(&format!("{base}_stddev"))
                    || ["cpu_coefficient", "rms"]
                        .iter()
                        .any(|key| row.numbers.contains_key(*key))
                {
                    return Ok((base.to_owned(), Some(aggregate.to_owned())));
                }
            }
            Ok((name, None))
        }
        other => Err(Fault::at(
            format!("{}.run_type", row.place),
            format!("`{other}` is neither iteration nor aggregate"),
        )),
    }
}

fn one(group: Group, parsed: &mut Parsed) -> Result<(), Fault> {
    let bench = Bench::new(&group.name, Tags::new());
    let mean = group.aggregates.get("mean");
    let median = group.aggregates.get("median");
    if let Some(reason) = group.failed {
        parsed.fail(group.name, reason);
        return Ok(());
    }
    // What stands behind an aggregate.
    let repetitions = median
        .or(mean)
        .and_then(|row| row.numbers.get("repetitions"))
        .map_or(1, |n| *n as u64);
    let mut made = Vec::new();
    if let Some(first) = group.runs.first() {
        for key in first.numbers.keys() {
            if INDICES.contains(&key.as_str()) {
                continue;
            }
            let (metric, unit) = metric(key);
            let mut samples = Samples::default();
            for row in &group.runs {
                let value = match unit {
                    Some(TIME) => row.time(key)?,
                    Some(_) => not_negative(row.counter(key)?, || format!("{}.{key}", row.place))?,
                    None => row.counter(key)?,
                };
                samples.values.push(value);
                if let (Some(TIME), Some(n)) = (&unit, row.numbers.get("iterations")) {
                    samples.iterations.get_or_insert_default().push(*n);
                }
            }
            samples.iterations = samples
                .iterations
                .filter(|list| list.len() == samples.values.len());
            let unit = unit.unwrap_or((Unit::Other(String::new()), None));
            let source = (key.as_str(), source_unit(key, first));
            made.extend(bench.samples(metric, samples, unit, source));
        }
        if !made.iter().any(|m| m.metric == "time") {
            first.time("real_time")?;
        }
    } else if let Some(row) = median.or(mean) {
        let deviation = group.aggregates.get("stddev");
        for key in row.numbers.keys() {
            if INDICES.contains(&key.as_str()) {
                continue;
            }
            let (metric, unit) = metric(key);
            let of = |row: &Row| match unit {
                Some(TIME) => row.time(key),
                Some(_) => not_negative(row.counter(key)?, || format!("{}.{key}", row.place)),
                None => row.counter(key),
            };
            let value = of(row)?;
            let source = (key.as_str(), source_unit(key, row));
            let kind = unit.clone().unwrap_or((Unit::Other(String::new()), None));
            let m = bench.value(metric, (value, repetitions), kind, source);
            made.push(match deviation {
                Some(deviation) => {
                    let deviation = of(deviation)?;
                    with_ends(m, value - deviation, value + deviation)
                }
                None => m,
            });
        }
        row.time("real_time")?;
        row.time("cpu_time")?;
    } else {
        // BigO and RMS stand beside the benchmarks that they are fitted to.
        return Ok(());
    }
    if made.iter().any(|m| m.metric == "time" && any_zero(m)) {
        parsed.fail(group.name, ZERO_TIME);
        return Ok(());
    }
    let n = match group.runs.len() {
        0 => repetitions,
        runs => runs as u64,
    };
    for (metric, row) in [("time.mean", mean), ("time.median", median)] {
        let Some(row) = row else { continue };
        let source = ("real_time", source_unit("real_time", row));
        made.push(bench.value(metric, (row.time("real_time")?, n), TIME, source));
    }
    parsed.measurements.extend(made);
    Ok(())
}

type Kind = Option<(Unit, Option<Direction>)>;

/// The metric of a key, with its unit where that is known.
fn metric(key: &str) -> (&str, Kind) {
    match key {
        "real_time" => ("time", Some(TIME)),
        "cpu_time" => ("cpu", Some(TIME)),
        "bytes_per_second" => ("bandwidth", Some(BANDWIDTH)),
        "items_per_second" => ("throughput", Some(RATE)),
        own => (own, None),
    }
}

fn source_unit<'r>(key: &str, row: &'r Row) -> &'r str {
    match key {
        "real_time" | "cpu_time" => row.text("time_unit"),
        "bytes_per_second" => "B/s",
        "items_per_second" => "1/s",
        _ => "",
    }
}

#[cfg(test)]
mod aggregates {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};

    #[test]
    fn counters_and_rates_of_aggregates_alone() {
        let reading = read_fixture("google-benchmark/1.7.1_counters_aggregates.json");
        let of = |metric| get(&reading, "BM_a/8", metric);
        assert!(close(of("time").value, 23.356_399_413_643_114));
        assert!(close(of("bandwidth").value, 2.230_961_924_784_920_7e9));
        assert!(close(of("throughput").value, 5.577_404_816_962_302e8));
        assert!(close(of("foo").value, 7.0));
        assert_eq!(
            (of("time").n, of("bandwidth").n, of("time.mean").n),
            (3, 3, 3)
        );
        assert!(of("bandwidth").spread.is_some());
    }

    #[test]
    fn zero_and_repeated_repetitions() {
        let path = fixture("google-benchmark/1.7.1_repetitions.json");
        let text = std::fs::read_to_string(path).unwrap();
        let twice = text.replacen("\"repetition_index\": 1", "\"repetition_index\": 0", 1);
        let error = read_text("x", "google-benchmark", &twice).unwrap_err();
        assert!(error.reason.contains("is given twice"), "{error}");
        let rows = |first: &str| {
            format!(
                "{{\"benchmarks\": [{{\"name\": \"a\", \"run_type\": \"iteration\", \"real_time\": {first}, \"cpu_time\": 1, \"time_unit\": \"ns\"}}, {{\"name\": \"a\", \"run_type\": \"iteration\", \"real_time\": 2, \"cpu_time\": 1, \"time_unit\": \"ns\"}}]}}"
            )
        };
        assert!(
            read_text("x", "google-benchmark", &rows("1.0"))
                .unwrap()
                .failures
                .is_empty()
        );
        let zero = read_text("x", "google-benchmark", &rows("0.0")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::Direction;

    #[test]
    fn repetitions_are_samples_and_aggregates_are_not() {
        let reading = read_fixture("google-benchmark/handmade-repetitions.json");
        let time = get(&reading, "BM_Sort/256", "time");
        assert_eq!(time.samples.as_ref().unwrap().values, [4200.0, 4400.0]);
        assert_eq!(
            time.samples.as_ref().unwrap().iterations,
            Some(vec![100.0, 120.0])
        );
        assert_eq!((time.value, time.n), (4300.0, 2));
        assert!(close(get(&reading, "BM_Sort/256", "cpu").value, 2000.0));
        let speed = get(&reading, "BM_Sort/256", "bandwidth");
        assert_eq!(speed.direction, Some(Direction::Higher));
        assert_eq!(get(&reading, "BM_Sort/256", "hits").direction, None);
        assert!(close(get(&reading, "BM_Str", "time").value, 48.5));
        assert_eq!(get(&reading, "BM_Str", "time").n, 1);
        let names: Vec<&str> = reading
            .measurements
            .iter()
            .map(|m| m.benchmark.as_str())
            .collect();
        assert!(names.iter().all(|n| ["BM_Sort/256", "BM_Str"].contains(n)));
        assert_eq!(reading.failures[0].benchmark, "BM_Err");
        assert!(reading.failures[0].reason.contains("no file"));
    }

    #[test]
    fn files_without_run_type() {
        let row = |name: &str, time: f64| {
            format!(
                "{{\"name\": \"{name}\", \"iterations\": 9, \"real_time\": {time}, \"cpu_time\": 1, \"time_unit\": \"us\"}}"
            )
        };
        let text = format!(
            "{{\"benchmarks\": [{}, {}, {}, {}]}}",
            row("a", 2.0),
            row("a", 4.0),
            row("a_mean", 3.0),
            row("a_stddev", 1.4)
        );
        let reading = read_text("x.json", "google-benchmark", &text).unwrap();
        assert!(close(get(&reading, "a", "time").value, 3000.0));
        assert!(reading.measurements.iter().all(|m| m.benchmark == "a"));
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |fields: &str| format!("{{\"benchmarks\": [{{\"name\": \"x\", {fields}}}]}}");
        for (fields, place, reason) in [
            (
                "\"run_type\": \"iteration\"",
                "benchmarks[0].real_time",
                "missing",
            ),
            ("\"run_type\": \"aggregate\"", "benchmarks[0]", "say which"),
            ("\"real_time\": -1", "benchmarks[0].real_time", "negative"),
            (
                "\"real_time\": 1, \"cpu_time\": 1, \"items_per_second\": -2",
                "benchmarks[0].items_per_second",
                "negative",
            ),
            (
                "\"real_time\": 1, \"time_unit\": \"days\"",
                "real_time",
                "days",
            ),
            (
                "\"real_time\": \"1\"",
                "benchmarks[0].real_time",
                "wrong type",
            ),
            ("\"real_time\": NaN", "line 1", "expected"),
            (
                "\"real_time\": 1, \"real_time\": 2",
                "line 1",
                "given twice",
            ),
        ] {
            let error = read_text("x.json", "google-benchmark", &with(fields)).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains(place) && text.contains(reason),
                "{fields}: {text}"
            );
        }
    }
}
