//! hyperfine's `--export-json`.
//!
//! Versions seen: 1.15.0 and two older files; 1.20.0 (`memory_usage_byte`) by its source.
//! Producer: <https://github.com/sharkdp/hyperfine/blob/v1.20.0/src/benchmark/benchmark_result.rs>
//!
//! Everything is in seconds. The benchmark is the command as the file gives it (with `-n NAME`
//! the name); the parameters of a scan become tags, so `seq 100` with `n=100` keeps its name when
//! another parameter joins the scan. A command that failed in any run has no value: its times say
//! how fast it failed.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{
    Bench, Input, Parsed, SIZE, TIME, any_zero, not_negative, tags_in_words, with_ends,
};
use super::registry::{Format, Reader};
use super::units::SECOND;
use crate::model::{Samples, Tags};
use serde::Deserialize;
use std::collections::BTreeMap;

pub(crate) const FORMAT: Format = Format {
    name: "hyperfine",
    aliases: &[],
    produced_by: "hyperfine --export-json FILE",
    known_by: "JSON with `results`, each with `command` and `times` or `mean`",
    versions: &["1.15.0", "1.20.0 (source)"],
    metrics: &[
        "time",
        "time.mean",
        "time.median",
        "time.min",
        "time.max",
        "cpu.user",
        "cpu.system",
        "memory.peak",
    ],
    samples: true,
    url: "https://github.com/sharkdp/hyperfine/blob/v1.20.0/src/benchmark/benchmark_result.rs",
    sniff: |content| {
        content.has("results/[]/command")
            && (content.has("results/[]/times") || content.has("results/[]/mean"))
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Export {
    results: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    command: String,
    mean: Option<f64>,
    stddev: Option<f64>,
    median: Option<f64>,
    user: Option<f64>,
    system: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    times: Option<Vec<f64>>,
    memory_usage_byte: Option<Vec<u64>>,
    /// `null`: the command was ended by a signal.
    exit_codes: Option<Vec<Option<i64>>>,
    #[serde(default)]
    parameters: UniqueMap<String>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let export: Export = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let mut seen: BTreeMap<(String, Tags), usize> = BTreeMap::new();
    for (i, result) in export.results.into_iter().enumerate() {
        let key = (result.command.clone(), result.parameters.0.clone());
        if let Some(first) = seen.insert(key, i) {
            return Err(Fault::at(
                format!("results[{i}].command"),
                format!(
                    "`{}`{} is also results[{first}]; name one of them with `-n`",
                    result.command,
                    tags_in_words(&result.parameters.0)
                ),
            ));
        }
        one(i, result, &mut parsed)?;
    }
    Ok(parsed)
}

/// How far a mean may lie outside its samples: they are printed with other precision.
const ROUNDING: f64 = 0.005;

fn one(i: usize, result: Entry, parsed: &mut Parsed) -> Result<(), Fault> {
    let place = |field: &str| format!("results[{i}].{field}");
    let nanoseconds = |value: f64, field: &str| {
        not_negative(value, || place(field))?;
        not_negative(value * SECOND, || place(field))
    };
    if result.command.is_empty() {
        return Err(Fault::at(place("command"), "the command has no name"));
    }
    let times = result.times.unwrap_or_default();
    let mut samples = Vec::with_capacity(times.len());
    for (j, time) in times.into_iter().enumerate() {
        samples.push(nanoseconds(time, &format!("times[{j}]"))?);
    }
    let codes = result.exit_codes.unwrap_or_default();
    if !codes.is_empty() && !samples.is_empty() && codes.len() != samples.len() {
        return Err(Fault::at(
            place("exit_codes"),
            format!("{} exit codes for {} times", codes.len(), samples.len()),
        ));
    }
    let name = format!("{}{}", result.command, tags_in_words(&result.parameters.0));
    if let Some((run, code)) = codes.iter().enumerate().find(|(_, code)| **code != Some(0)) {
        let how = match code {
            Some(code) => format!("exited with code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        let failed = codes.iter().filter(|code| **code != Some(0)).count();
        parsed.fail_slice(
            result.command,
            result.parameters.0,
            format!(
                "`{name}` {how} in run {} ({failed} of {} runs failed)",
                run + 1,
                codes.len()
            ),
        );
        return Ok(());
    }
    let n = samples.len() as u64;
    let bench = Bench::new(&result.command, result.parameters.0);
    let headline = if samples.is_empty() {
        let (value, source) = match (result.median, result.mean) {
            (Some(median), _) => (nanoseconds(median, "median")?, "median"),
            (None, Some(mean)) => (nanoseconds(mean, "mean")?, "mean"),
            (None, None) => {
                return Err(Fault::at(
                    place("times"),
                    "neither times, median nor mean is given",
                ));
            }
        };
        let made = bench.value("time", (value, 1), TIME, (source, "s"));
        match result.stddev {
            Some(sd) => with_ends(made, value - sd * SECOND, value + sd * SECOND),
            None => made,
        }
    } else {
        let samples = Samples {
            values: samples,
            iterations: None,
        };
        bench
            .samples("time", samples, TIME, ("times", "s"))
            .ok_or_else(|| Fault::at(place("times"), "a time is too large"))?
    };
    if any_zero(&headline) {
        let reason = format!(
            "a time of `{name}` is 0: the start of the shell hides it, run hyperfine with `-N`"
        );
        parsed.failures.push(bench.failed(reason));
        return Ok(());
    }
    // Between the fastest and the slowest run, or the file contradicts itself.
    if let Some(samples) = &headline.samples
        && let Some(mean) = result.mean
    {
        let mean = nanoseconds(mean, "mean")?;
        let of = |pick: fn(f64, f64) -> f64| samples.values.iter().copied().reduce(pick);
        let low = of(f64::min).is_some_and(|min| mean < min * (1.0 - ROUNDING));
        let high = of(f64::max).is_some_and(|max| mean > max * (1.0 + ROUNDING));
        if low || high {
            return Err(Fault::at(
                place("mean"),
                "it does not lie between the smallest and the largest of `times`",
            ));
        }
    }
    parsed.measurements.push(headline);
    for (metric, field, value) in [
        ("time.mean", "mean", result.mean),
        ("time.median", "median", result.median),
        ("time.min", "min", result.min),
        ("time.max", "max", result.max),
        ("cpu.user", "user", result.user),
        ("cpu.system", "system", result.system),
    ] {
        let Some(value) = value else { continue };
        let value = nanoseconds(value, field)?;
        let made = bench.value(metric, (value, n), TIME, (field, "s"));
        let made = match result.stddev.filter(|_| field == "mean") {
            Some(sd) => with_ends(made, value - sd * SECOND, value + sd * SECOND),
            None => made,
        };
        parsed.measurements.push(made);
    }
    let memory: Vec<f64> = result
        .memory_usage_byte
        .unwrap_or_default()
        .into_iter()
        .map(|bytes| bytes as f64)
        .collect();
    // hyperfine writes zeros where the platform does not tell the memory of a child.
    if memory.iter().any(|bytes| *bytes > 0.0) {
        let samples = Samples {
            values: memory,
            iterations: None,
        };
        parsed.measurements.extend(bench.samples(
            "memory.peak",
            samples,
            SIZE,
            ("memory_usage_byte", "byte"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::{Direction, Unit};

    #[test]
    fn a_zero_among_the_times_and_a_mean_beside_them() {
        let text = |times: &str, mean: &str| {
            format!(
                "{{\"results\": [{{\"command\": \"a\", \"mean\": {mean}, \"times\": [{times}]}}]}}"
            )
        };
        let zero = read_text("x", "hyperfine", &text("0.0, 0.02", "0.01")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
        assert!(read_text("x", "hyperfine", &text("0.01, 0.02", "0.015")).is_ok());
        let far = read_text("x", "hyperfine", &text("0.01, 0.02", "10")).unwrap_err();
        assert_eq!(far.place.as_deref(), Some("results[0].mean"), "{far}");
    }

    #[test]
    fn a_scan_keeps_its_samples_and_parameters() {
        let reading = read_fixture("hyperfine/parameters.json");
        assert_eq!(reading.format, "hyperfine");
        let time = get(&reading, "seq 100", "time");
        assert_eq!(time.n, 6);
        assert_eq!(time.tags.get("n").map(String::as_str), Some("100"));
        assert_eq!(
            (&time.unit, time.direction),
            (&Unit::Nanoseconds, Some(Direction::Lower))
        );
        assert!(close(time.value, 767_184.5), "{}", time.value);
        let samples = time.samples.as_ref().unwrap();
        assert!(close(samples.values[0], 939_599.0), "{}", samples.values[0]);
        assert!(close(
            get(&reading, "seq 100", "time.mean").value,
            801_444.166_666_666_7
        ));
        assert!(close(
            get(&reading, "seq 100", "cpu.user").value,
            703_333.333_333_333_3
        ));
        assert!(
            reading
                .measurements
                .iter()
                .any(|m| m.benchmark == "seq 1000")
        );
        assert!(
            reading
                .measurements
                .iter()
                .all(|m| !m.metric.contains("stddev"))
        );
    }

    #[test]
    fn one_run_has_no_spread() {
        let reading = read_fixture("hyperfine/one_run_named.json");
        let time = get(&reading, "one run", "time");
        assert_eq!((time.n, time.spread), (1, None));
        assert!(close(time.value, 806_858.0));
    }

    #[test]
    fn failed_commands_are_failures_not_values() {
        let reading = read_fixture("hyperfine/exit_codes.json");
        let failed: Vec<&str> = reading
            .failures
            .iter()
            .map(|f| f.benchmark.as_str())
            .collect();
        // A time of `true` is 0.
        assert_eq!(failed, ["true", "exit 3", "kill -9 $$"]);
        assert!(
            reading.failures[1].reason.contains("code 3"),
            "{:?}",
            reading.failures
        );
        assert!(reading.measurements.is_empty());
    }

    #[test]
    fn memory_and_a_signal() {
        let reading = read_fixture("hyperfine/handmade-memory.json");
        let memory = get(&reading, "sort words", "memory.peak");
        assert_eq!((memory.value, &memory.unit), (2_097_152.0, &Unit::Bytes));
        assert_eq!(reading.failures.len(), 1);
        assert!(reading.failures[0].reason.contains("signal"));
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |fields: &str| format!("{{\"results\": [{{\"command\": \"x\", {fields}}}]}}");
        for (fields, place, reason) in [
            ("\"times\": [0.1, -0.2]", "results[0].times[1]", "negative"),
            ("\"times\": [1e305]", "results[0].times[0]", "too large"),
            (
                "\"times\": [0.1, \"a\"]",
                "results[0].times[1]",
                "invalid type",
            ),
            (
                "\"times\": [0.1], \"exit_codes\": [0, 0]",
                "results[0].exit_codes",
                "2 exit codes",
            ),
            (
                "\"times\": [], \"mean\": null",
                "results[0].times",
                "neither",
            ),
            ("\"times\": [NaN]", "line 1", "expected"),
        ] {
            let error = read_text("x.json", "hyperfine", &with(fields)).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains(place) && text.contains(reason),
                "{fields}: {text}"
            );
        }
    }

    #[test]
    fn the_same_command_twice_is_an_error() {
        let text =
            r#"{"results": [{"command": "x", "times": [1]}, {"command": "x", "times": [2]}]}"#;
        let error = read_text("x.json", "hyperfine", text)
            .unwrap_err()
            .to_string();
        assert!(error.contains("results[1].command"), "{error}");
    }

    #[test]
    fn no_results_and_zero_times() {
        let none = read_text("x.json", "hyperfine", r#"{"results": []}"#).unwrap_err();
        assert!(none.reason.contains("no results"), "{none}");
        let zero = r#"{"results": [{"command": "x", "times": [0, 0], "mean": 0}]}"#;
        let reading = read_text("x.json", "hyperfine", zero).unwrap();
        assert!(reading.measurements.is_empty());
        assert!(reading.failures[0].reason.contains("-N"));
    }
}
