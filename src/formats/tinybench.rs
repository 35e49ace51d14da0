//! tinybench: its tasks as JSON, or the table that `console.table(bench.table())` prints.
//!
//! Versions seen: 2.9.0, 3.1.1, 6.2.3.
//! Producer: <https://github.com/tinylibs/tinybench/blob/main/src/types.ts> (`TaskResult`),
//! <https://github.com/tinylibs/tinybench/blob/main/src/bench.ts> (`table`)
//!
//! JSON is a list of `{"name": …, "result": …}`; it says milliseconds, the table says
//! nanoseconds in its heading. Since version 3 the statistics of latency and throughput stand
//! apart, before they stood together and had no median. A task that threw has `error` or the
//! state `errored`, and empty cells in the table.

use super::fault::Fault;
use super::json;
use super::parsed::{Bench, Input, Parsed, RATE, scaled};
use super::registry::{Format, Reader};
use super::text::{number, plain_number};
use super::timed::Timed;
use super::units::{self, MILLISECOND};
use crate::model::Tags;
use serde::Deserialize;
use serde_json::Value;

pub(crate) const FORMAT: Format = Format {
    name: "tinybench",
    aliases: &[],
    produced_by: "tinybench, `JSON.stringify(bench.tasks.map(t => ({ name: t.name, result: t.result })))` or `console.table(bench.table())` > FILE",
    known_by: "a JSON list with `name` and `result`, or a table with `Task name` and `Latency avg (ns)`",
    versions: &["2.9.0", "3.1.1", "6.2.3"],
    metrics: METRICS,
    samples: true,
    url: "https://github.com/tinylibs/tinybench",
    sniff: |content| {
        let json = content.has("[]/name")
            && ["latency", "period", "error", "state"]
                .iter()
                .any(|key| content.has(&format!("[]/result/{key}")));
        json || (!content.is_json() && content.lines().any(|line| columns(line).is_some()))
    },
    reader: Reader::File(read),
};

/// What the registry says of its metrics, and of those of vitest.
pub(crate) const METRICS: &[&str] = &[
    "time",
    "time.mean",
    "time.min",
    "time.max",
    "time.p75",
    "time.p99",
    "throughput",
];

/// What tinybench computes of one task, in both of its shapes; vitest passes it on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statistics {
    latency: Option<Latency>,
    throughput: Option<Throughput>,
    hz: Option<f64>,
    mean: Option<f64>,
    median: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    p75: Option<f64>,
    p99: Option<f64>,
    p995: Option<f64>,
    p999: Option<f64>,
    sample_count: Option<u64>,
    samples: Option<Vec<f64>>,
    error: Option<Value>,
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Latency {
    mean: f64,
    p50: f64,
    min: f64,
    max: f64,
    p75: f64,
    p99: f64,
    p995: f64,
    p999: f64,
    samples_count: Option<u64>,
    samples: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct Throughput {
    mean: f64,
    p50: Option<f64>,
}

#[derive(Deserialize)]
struct Task {
    name: String,
    result: Statistics,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let text = input.text()?;
    if !text.trim_start().starts_with('[') {
        return table(text);
    }
    let tasks: Vec<Task> = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    for (i, task) in tasks.iter().enumerate() {
        let place = format!("[{i}].result");
        let bench = Bench::new(&task.name, Tags::new());
        let shape = if task.result.latency.is_some() {
            nested
        } else {
            flat
        };
        shape(&task.name, &bench, &task.result, &place, &mut parsed)?;
    }
    Ok(parsed)
}

/// Why a task has no statistics.
fn no_statistics(result: &Statistics) -> String {
    let message = result
        .error
        .as_ref()
        .and_then(|error| error.as_str().or_else(|| error["message"].as_str()));
    match (message, result.state.as_deref()) {
        (Some(message), _) => format!("it threw an error: {message}"),
        (None, Some("errored")) => "it threw an error".to_owned(),
        (None, Some(state)) => format!("it has no statistics, its state is `{state}`"),
        (None, None) => "it has no statistics; it may have thrown an error".to_owned(),
    }
}

/// The shape up to tinybench 2 and vitest 4: all statistics together.
pub(crate) fn flat(
    name: &str,
    bench: &Bench,
    result: &Statistics,
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let (Some(mean), true) = (result.mean, result.error.is_none()) else {
        parsed.fail(name, no_statistics(result));
        return Ok(());
    };
    let counted = result.sample_count.unwrap_or(1);
    let behind = (result.samples.as_deref(), counted);
    let (timed, samples) = Timed::behind(bench, behind, (MILLISECOND, "ms"), place);
    let headline = match (samples, result.median) {
        (Some(samples), _) => timed.samples(samples, "samples")?,
        (None, Some(median)) => timed.headline(median, "median")?,
        (None, None) => timed.headline(mean, "mean")?,
    };
    if !timed.keep(headline, parsed) {
        return Ok(());
    }
    timed.others(
        &[
            ("time.mean", "mean", Some(mean)),
            ("time.min", "min", result.min),
            ("time.max", "max", result.max),
            ("time.p75", "p75", result.p75),
            ("time.p99", "p99", result.p99),
            ("time.p99.5", "p995", result.p995),
            ("time.p99.9", "p999", result.p999),
        ],
        parsed,
    )?;
    rate(&timed, result.hz, "hz", parsed)
}

/// The shape since tinybench 3 and vitest 5: latency and throughput apart.
pub(crate) fn nested(
    name: &str,
    bench: &Bench,
    result: &Statistics,
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let (Some(latency), None) = (&result.latency, &result.error) else {
        parsed.fail(name, no_statistics(result));
        return Ok(());
    };
    let counted = latency.samples_count.unwrap_or(1);
    let behind = (latency.samples.as_deref(), counted);
    let (timed, samples) = Timed::behind(bench, behind, (MILLISECOND, "ms"), place);
    let headline = match samples {
        Some(samples) => timed.samples(samples, "latency.samples")?,
        None => timed.headline(latency.p50, "latency.p50")?,
    };
    if !timed.keep(headline, parsed) {
        return Ok(());
    }
    timed.others(
        &[
            ("time.mean", "latency.mean", Some(latency.mean)),
            ("time.min", "latency.min", Some(latency.min)),
            ("time.max", "latency.max", Some(latency.max)),
            ("time.p75", "latency.p75", Some(latency.p75)),
            ("time.p99", "latency.p99", Some(latency.p99)),
            ("time.p99.5", "latency.p995", Some(latency.p995)),
            ("time.p99.9", "latency.p999", Some(latency.p999)),
        ],
        parsed,
    )?;
    match &result.throughput {
        Some(Throughput { p50: Some(p50), .. }) => {
            rate(&timed, Some(*p50), "throughput.p50", parsed)
        }
        Some(Throughput { mean, .. }) => rate(&timed, Some(*mean), "throughput.mean", parsed),
        None => Ok(()),
    }
}

fn rate(
    timed: &Timed<'_>,
    value: Option<f64>,
    field: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    if let Some(value) = value {
        let value = scaled(value, 1.0, || timed.at(field))?;
        let made = timed
            .bench
            .value("throughput", (value, timed.n), RATE, (field, "ops/s"));
        parsed.measurements.push(made);
    }
    Ok(())
}

/// How the headings with a time begin; the unit follows.
const TIMES: [&str; 3] = ["Latency med (", "Latency avg (", "Average Time ("];

/// The headings of a table's columns, where the line is such a heading.
fn columns(line: &str) -> Option<Vec<&str>> {
    let cells: Vec<&str> = line
        .trim()
        .strip_prefix('│')?
        .split('│')
        .map(str::trim)
        .collect();
    let time = |cell: &&str| TIMES.iter().any(|start| cell.starts_with(start));
    let named = cells
        .iter()
        .any(|cell| cell.eq_ignore_ascii_case("task name"));
    (named && cells.iter().any(time)).then_some(cells)
}

fn table(text: &str) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut headings: Option<Vec<&str>> = None;
    for (i, line) in text.lines().enumerate() {
        if let Some(found) = columns(line) {
            headings = Some(found);
        } else if line.trim_start().starts_with('└') {
            headings = None;
        } else if let (Some(headings), Some(row)) = (&headings, line.trim().strip_prefix('│')) {
            let place = format!("line {}", i + 1);
            let cells: Vec<&str> = row.split('│').map(str::trim).collect();
            if cells.len() != headings.len() {
                return Err(Fault::at(
                    place,
                    "the row has not as many cells as the heading",
                ));
            }
            row_of(headings, &cells, &place, &mut parsed)?;
        }
    }
    if headings.is_some() {
        return Err(Fault::whole(
            "the table ends before its last line (`└──`); the file is cut off",
        ));
    }
    Ok(parsed)
}

fn row_of(
    headings: &[&str],
    cells: &[&str],
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let cell = |wanted: &str| {
        let at = headings
            .iter()
            .position(|heading| heading.eq_ignore_ascii_case(wanted))?;
        cells.get(at).map(|cell| unquoted(cell))
    };
    let name = cell("Task name").unwrap_or_default();
    let time = |start: &str| {
        let heading = headings.iter().find(|heading| heading.starts_with(start))?;
        let unit = heading.strip_prefix(start)?.strip_suffix(')')?;
        cell(heading)
            .filter(|text| !text.is_empty())
            .map(|text| (text, unit))
    };
    let [median, mean, old_mean] = TIMES.map(time);
    let mean = mean.or(old_mean);
    let Some((text, unit)) = median.or(mean) else {
        let error = cell("Error").filter(|error| !error.is_empty());
        let reason = error.map_or_else(
            || "its cells are empty".to_owned(),
            |error| format!("it threw an error: {error}"),
        );
        parsed.fail(name, reason);
        return Ok(());
    };
    let factor = units::time(unit).ok_or_else(|| {
        Fault::at(
            place,
            format!("the unit `{unit}` of the heading is not known"),
        )
    })?;
    let value = |text: &str| {
        let number = text.split('±').next().unwrap_or_default();
        plain_number(number).map_err(|reason| Fault::at(place, reason))
    };
    let n = match cell("Samples") {
        Some(text) => value(text)? as u64,
        None => 1,
    };
    let bench = Bench::new(name, Tags::new());
    let timed = Timed {
        bench: &bench,
        n,
        factor,
        unit,
        place,
    };
    let field = if median.is_some() {
        "Latency med"
    } else {
        "Latency avg"
    };
    if !timed.keep(timed.headline(value(text)?, field)?, parsed) {
        return Ok(());
    }
    let mean = mean.map(|(text, _)| value(text)).transpose()?;
    timed.others(&[("time.mean", "Latency avg", mean)], parsed)?;
    if let Some(text) = cell("ops/sec") {
        // Only this column of old tables groups its digits.
        let value = number(text).map_err(|reason| Fault::at(place, reason))?;
        return rate(&timed, Some(value), "ops/sec", parsed);
    }
    let throughput = cell("Throughput med (ops/s)").map(value).transpose()?;
    rate(&timed, throughput, "Throughput med", parsed)
}

/// A cell without the quotes in which JavaScript shows a string.
fn unquoted(cell: &str) -> &str {
    ['\'', '"', '`']
        .iter()
        .find_map(|quote| cell.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn all_shapes_give_the_same_series() {
        for name in [
            "tinybench/2.9.0.json",
            "tinybench/3.1.1.json",
            "tinybench/6.2.3.json",
        ] {
            let reading = read_fixture(name);
            for benchmark in ["sort", "parse 'quoted'", "a | b"] {
                let time = get(&reading, benchmark, "time");
                assert!(
                    time.value > 10.0 && time.value < 1e6,
                    "{name}: {}",
                    time.value
                );
                assert!(get(&reading, benchmark, "throughput").value > 1e3, "{name}");
            }
        }
        let old = read_fixture("tinybench/2.9.0.txt");
        assert!(close(
            get(&old, "a | b", "time").value,
            540.999_999_991_242_9
        ));
        assert!(close(get(&old, "a | b", "throughput").value, 1_848_428.0));
        let table = read_fixture("tinybench/table.txt");
        assert!(close(get(&table, "parse 'quoted'", "time").value, 170.0));
        assert!(close(get(&table, "a | b", "time.mean").value, 115.79));
        assert!(close(get(&table, "sort", "throughput").value, 8_333_333.0));
        assert_eq!(get(&table, "sort", "time").n, 7113);
    }

    #[test]
    fn a_task_that_threw_is_a_failure() {
        for name in ["tinybench/failed.json", "tinybench/failed.txt"] {
            let reading = read_fixture(name);
            assert_eq!(reading.failures.len(), 1, "{name}");
            assert_eq!(reading.failures[0].benchmark, "throws");
            assert!(
                reading.failures[0].reason.contains("threw an error"),
                "{name}"
            );
            assert!(reading.measurements.iter().all(|m| m.benchmark == "sort"));
        }
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |mean: &str| {
            format!(
                "[{{\"name\": \"a\", \"result\": {{\"period\": 1, \"hz\": 1, \"mean\": {mean}}}}}]"
            )
        };
        for (mean, place) in [
            ("-1", "[0].result.mean"),
            ("\"1\"", "[0].result"),
            ("NaN", "line 1"),
            ("1e999", "[0].result"),
        ] {
            let error = read_text("x.json", "tinybench", &with(mean))
                .unwrap_err()
                .to_string();
            assert!(error.contains(place), "{mean}: {error}");
        }
        let zero = read_text("x.json", "tinybench", &with("0")).unwrap();
        assert_eq!(zero.failures.len(), 1);
        let table = |cell: &str| {
            format!(
                "│ (index) │ Task name │ Latency med (ns) │ Samples │\n│ 0 │ 'a' │ {cell} │ 3 │\n"
            )
        };
        for cell in ["'1,5 ± 1'", "'-1 ± 1'", "'NaN ± 1'", "1 │ 2"] {
            let error = read_text("x.txt", "tinybench", &table(cell)).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{cell}: {error}");
        }
        let unit = table("'1 ± 1'").replace("(ns)", "(eons)");
        assert!(read_text("x.txt", "tinybench", &unit).is_err());
    }
}
