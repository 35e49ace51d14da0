//! Mistakes in the formats that are not JSON: tables, logs, console text and XML.
//!
//! Whatever is done to a number, a unit, a name or the end of a fixture, the answer is an error with
//! file, place and reason, or the very same numbers. Each exception is a row with its reason.

use crate::{bytes_of, files, from};
use plimsoll::formats::{Reading, read_bytes};
use std::ops::Range;
use std::path::Path;

/// Fixtures that are text.
fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    files().filter(|(_, file)| !file.ends_with(".json") && *file != "gatling/handmade-3.14.log")
}

/// How thoroughly: all of it with `PLIMSOLL_DEEP`, else so many places of each fixture.
#[allow(
    clippy::disallowed_methods,
    reason = "a test reads its own environment"
)]
fn step(all: usize, places: usize) -> usize {
    match std::env::var_os("PLIMSOLL_DEEP") {
        Some(_) => 1 + all / 2_000,
        None => 1 + all / places,
    }
}

/// All that was measured, whatever it is called.
fn figures(reading: &Reading) -> Vec<String> {
    let mut all: Vec<String> = reading
        .measurements
        .iter()
        .map(|m| format!("{} {} {} {}", m.metric, m.value, m.unit.as_str(), m.n))
        .chain(reading.failures.iter().map(|_| FAILED.to_owned()))
        .collect();
    all.sort_unstable();
    all
}

const FAILED: &str = "failed";

fn failures(figures: &[String]) -> usize {
    figures.iter().filter(|figure| *figure == FAILED).count()
}

/// Where numbers stand.
fn numbers(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let begins = |before: u8| !before.is_ascii_alphanumeric() && before != b'.';
        if !text[at].is_ascii_digit() || at.checked_sub(1).is_some_and(|at| !begins(text[at])) {
            at += 1;
            continue;
        }
        let start = at;
        while text
            .get(at)
            .is_some_and(|b| b.is_ascii_digit() || *b == b'.')
        {
            at += 1;
        }
        let dots = text[start..at].iter().rev().take_while(|b| **b == b'.');
        found.push(start..at - dots.count());
    }
    found
}

/// The word around a place: what stands between blanks, commas and quotes.
fn word(text: &[u8], place: &Range<usize>) -> String {
    let parts = |b: &u8| b.is_ascii_whitespace() || b",\"'".contains(b);
    let start = text[..place.start].iter().rposition(parts);
    let end = text[place.end..].iter().position(parts);
    let (start, end) = (
        start.map_or(0, |at| at + 1),
        end.map_or(text.len(), |at| place.end + at),
    );
    String::from_utf8_lossy(&text[start..end]).into_owned()
}

fn line(text: &[u8], at: usize) -> usize {
    text[..at].iter().filter(|b| **b == b'\n').count() + 1
}

/// Wrong types, no numbers, overflow, negative, and separators of other locales.
const MISTAKES: [&str; 12] = [
    "x", "NaN", "-nan", "inf", "1e999", HUGE, "-7", "1 234", "1'234", "12,5", "1.234,5", "1.2.3",
];
const HUGE: &str = concat!(
    "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
    "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999"
);

/// Where a changed number may change what is read: file, part of the word, mistakes (none: all),
/// and why.
const OPEN: &[(&str, &str, &[&str], &str)] = &[
    ("ab/err.txt", "Non-2xx", &[], "a label, not a number"),
    ("wrk/", "xx", &[], "a label, not a number"),
    ("csv/", "1/s", &[], "the text of a unit"),
    (
        "go/",
        "Benchmark",
        &[],
        "a name: other samples belong together",
    ),
    (
        "go/",
        "0.1250",
        &["-7"],
        "a metric of one's own may be negative",
    ),
    (
        "go/cpu_1_2_bare.txt",
        ".",
        &["-7"],
        "a metric of one's own may be negative",
    ),
    (
        "jmeter/",
        "-",
        &[],
        "a label: a part of another one by its number",
    ),
    (
        "jmeter/",
        "127.0.0.1",
        &[],
        "a name: requests of it are counted together",
    ),
    (
        "k6/",
        "127.0.0.1",
        &[],
        "a name: requests of it are counted together",
    ),
    (
        "k6/",
        "T",
        &["12,5"],
        "a fraction of a second, as RFC 3339 has it",
    ),
    (
        "vegeta/",
        "127.0.0.1",
        &[],
        "a name: requests of it are counted together",
    ),
    (
        "vegeta/",
        "8080",
        &[],
        "a name: requests of it are counted together",
    ),
    (
        "vegeta/",
        "T",
        &["12,5"],
        "a fraction of a second, as RFC 3339 has it",
    ),
    ("openmetrics/", "", &["1 234"], "a value and the time of it"),
];

fn open(file: &str, word: &str, mistake: &str) -> bool {
    OPEN.iter().any(|(files, part, mistakes, _)| {
        file.starts_with(files)
            && word.contains(part)
            && (mistakes.is_empty() || mistakes.contains(&mistake))
    })
}

#[test]
fn a_number_that_is_none_is_an_error_with_its_place_or_says_nothing() {
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (format, file) in texts() {
        let bytes = bytes_of(file);
        let right = figures(&read_bytes(Path::new(file), &bytes, &from(format)).unwrap());
        let places = numbers(&bytes);
        let step = step(places.len(), 10);
        for place in places.into_iter().step_by(step) {
            let (line, word) = (line(&bytes, place.start), word(&bytes, &place));
            for mistake in MISTAKES {
                if open(file, &word, mistake) {
                    continue;
                }
                let changed = [
                    &bytes[..place.start],
                    mistake.as_bytes(),
                    &bytes[place.end..],
                ];
                let said = match read_bytes(Path::new(file), &changed.concat(), &from(format)) {
                    Ok(reading) => {
                        let now = figures(&reading);
                        if now == right || failures(&now) > failures(&right) {
                            continue;
                        }
                        "other numbers".to_owned()
                    }
                    Err(error) if error.place.is_some() && error.path == Path::new(file) => {
                        refused += 1;
                        continue;
                    }
                    Err(error) => error.to_string(),
                };
                let mistake = &mistake[..mistake.len().min(8)];
                wrong.push(format!("{file}:{line}: `{word}` with {mistake}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 1_500, "{refused}");
}

/// Files that may end behind any line: nothing at their end says that it is one. A log holds one
/// request a line; console text of these tools ends with its last result.
const WITHOUT_END: &[&str] = &[
    "ab/requests.tsv",
    "benchmark-luau/",
    "benchmarkjs/",
    "cargo-criterion/",
    "criterion-text/",
    "csv/",
    "dart/",
    "go/",
    "gungraun/",
    "h2load/requests.log",
    "gatling/handmade-3.9.log",
    "hdrhistogram/requests.hlog",
    "hey/dropped.csv",
    "hey/err.csv",
    "iai/",
    "jmeter/2.13",
    "jmeter/handmade-run.csv",
    "jmeter/taurus_",
    "k6/",
    "libtest/criterion_0.8.2.txt",
    "locust/run_stats_history.csv",
    "oha/",
    "openmetrics/",
    "ruby-benchmark/",
    "steps/",
    "taurus/",
    "vegeta/",
];

/// RFC 4180 lets the last record be without a line break, and people write these by hand.
const WITHOUT_LINE_BREAK: &[&str] = &["csv/", "steps/"];

#[test]
fn a_file_that_is_cut_off_never_gives_another_number() {
    let mut wrong = Vec::new();
    for (format, file) in texts() {
        let bytes = bytes_of(file);
        let read = |bytes: &[u8]| {
            let reading = read_bytes(Path::new(file), bytes, &from(format)).ok()?;
            Some(figures(&reading))
        };
        let right = read(&bytes).unwrap();
        let of = |list: &[&str]| list.iter().any(|start| file.starts_with(start));
        let end = bytes.trim_ascii_end().len();
        for cut in (1..end).step_by(step(end, 40)) {
            let Some(now) = read(&bytes[..cut]) else {
                continue;
            };
            // What was cut off is told as failed: a check calls it missing.
            if now == right || failures(&now) > failures(&right) {
                continue;
            }
            // Else it is what the whole lines say, with or without the last one.
            let before = bytes[..cut].iter().rposition(|b| *b == b'\n');
            let after = bytes[cut..].iter().position(|b| *b == b'\n');
            let ends = [before, after.map(|at| cut + at)].map(|at| at.map_or(0, |at| at + 1));
            let of_lines = ends
                .iter()
                .any(|end| read(&bytes[..*end]).as_ref() == Some(&now));
            if !(of(WITHOUT_END) && (of_lines || of(WITHOUT_LINE_BREAK))) {
                let line = line(&bytes, cut);
                wrong.push(format!("{file}: cut at byte {cut}, line {line}: {now:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A line that is there twice: file, its beginning, and a part of what is said.
const TWICE: &[(&str, &str, &str)] = &[
    ("ab/percentiles.csv", "50,", "does not rise"),
    (
        "benchmark-luau/handmade-results.txt",
        "base64",
        "given twice",
    ),
    ("benchmarkjs/cycle.txt", "RegExp#test", "given twice"),
    ("catch2/2.13.10.xml", "        <mean ", "given twice"),
    (
        "criterion-text/stdout.txt",
        "sort/bytes/std/64",
        "given twice",
    ),
    (
        "csv/handmade-long.csv",
        "checkout,latency.p95",
        "given twice",
    ),
    (
        "dart/handmade-lines.txt",
        "Template(RunTime)",
        "given twice",
    ),
    ("divan/tree.txt", "├─ fib12", "given twice"),
    ("gungraun/stdout.txt", "  Instructions", "given twice"),
    (
        "hdrhistogram/requests.hgrm",
        "       Value",
        "second distribution",
    ),
    ("hey/err.txt", "  50% in", "given twice"),
    ("iai/first.txt", "  Instructions", "given twice"),
    ("jmeter/handmade-run.jtl", "<testResults", "ends before"),
    ("k6/handmade-points.csv", "metric_name", "second header"),
    ("libtest/handmade-bench.txt", "test copy", "given twice"),
    ("locust/run_stats.csv", "GET,/json", "given twice"),
    ("locust/run_stats.csv", "Type,Name", "not a number"),
    (
        "openmetrics/handmade-service.prom",
        "http_request_duration_seconds_bucket",
        "twice",
    ),
    (
        "openmetrics/handmade-service.prom",
        "http_request_duration_seconds_sum",
        "twice",
    ),
    ("ruby-benchmark/benchmark.txt", "up to", "given twice"),
    ("taurus/stats.csv", "json,", "given twice"),
    ("taurus/stats.xml", "  <TestDuration", "given twice"),
    ("tinybench/table.txt", "│ 0 ", "given twice"),
    ("wrk/latency.txt", "     50%", "given twice"),
];

#[test]
fn what_is_there_twice_is_an_error() {
    let mut wrong = Vec::new();
    for (file, start, reason) in TWICE {
        let (format, _) = files().find(|(_, known)| known == file).unwrap();
        let text = String::from_utf8(bytes_of(file)).unwrap();
        let mut twice = String::new();
        let mut done = false;
        for line in text.split_inclusive('\n') {
            twice.push_str(line);
            if line.starts_with(start) && !done {
                twice.push_str(line);
                done = true;
            }
        }
        assert!(done, "{file} has no line that begins with {start}");
        match read_bytes(Path::new(file), twice.as_bytes(), &from(format)) {
            Ok(_) => wrong.push(format!("{file}: `{start}` twice was read")),
            Err(error) if error.reason.contains(reason) => {}
            Err(error) => wrong.push(format!("{file}: `{start}`: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Units that no tool writes there: file, the text, and another in its place.
const UNITS: &[(&str, &str, &str)] = &[
    ("ab/json.txt", "[ms] (mean)", "[s] (mean)"),
    ("ab/json.txt", "[Kbytes/sec]", "[Mbytes/sec]"),
    ("benchmark-luau/handmade-results.txt", "ms ", "eons "),
    ("benchmarkjs/cycle.txt", " ops/sec", " ops/min"),
    ("catch2/2.13.10.txt", " ns ", " eons "),
    ("criterion-text/stdout.txt", " µs ", " eons "),
    ("dart/handmade-lines.txt", " us.", " ms."),
    ("divan/tree.txt", " µs ", " eons "),
    ("divan/tree.txt", " GB/s", " Gb/s"),
    ("divan/tree.txt", " KB ", " kb "),
    ("h2load/json.txt", "us ", "eons "),
    ("h2load/json.txt", "MB/s", "Mb/s"),
    ("hey/err.txt", " secs", " ms"),
    ("libtest/handmade-bench.txt", " MB/s", " Mb/s"),
    ("locust/run_stats.csv", "95%", "late%"),
    ("taurus/stats.csv", "perc_95.0", "perc_late"),
    ("tinybench/table.txt", "(ns)", "(eons)"),
    ("wrk/latency.txt", "ms ", "eons "),
    ("wrk/latency.txt", "MB\n", "Mb\n"),
];

#[test]
fn a_unit_that_is_not_known_is_an_error_with_its_place() {
    let mut wrong = Vec::new();
    for (file, from_text, to) in UNITS {
        let (format, _) = files().find(|(_, known)| known == file).unwrap();
        let text = String::from_utf8(bytes_of(file)).unwrap();
        let changed = text.replace(from_text, to);
        assert_ne!(text, changed, "{file} has no {from_text}");
        match read_bytes(Path::new(file), changed.as_bytes(), &from(format)) {
            Ok(_) => wrong.push(format!("{file}: `{to}` was read")),
            Err(error) if error.place.is_some() => {}
            Err(error) => wrong.push(format!("{file}: `{to}`: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
