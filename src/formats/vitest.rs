//! `vitest bench`: `--outputJson` up to version 4, `--reporter=json` from version 5 on.
//!
//! Versions seen: 3.2.4, 3.2.7, 4.1.12, 5.1.1, and files of older ones.
//! Producer: <https://github.com/vitest-dev/vitest/blob/v3.2.4/packages/vitest/src/node/reporters/benchmark/json-formatter.ts>,
//! <https://github.com/vitest-dev/vitest/blob/main/packages/vitest/src/node/reporters/json.ts>
//!
//! Times are in milliseconds, rates in operations a second. Up to version 4 a benchmark is the
//! group's full name (file and `describe` blocks) and its own, joined with ` > `. Version 5 gives
//! the absolute path of a file, of which only the last part is taken, then the blocks, the test
//! and the benchmark. Samples are only there with `benchmark.includeSamples`.

use super::fault::Fault;
use super::json;
use super::parsed::{Bench, Input, Parsed};
use super::registry::{Format, Reader};
use super::tinybench::{Statistics, flat, nested};
use crate::model::Tags;
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "vitest",
    aliases: &[],
    produced_by: "vitest bench --outputJson FILE (up to 4), or --reporter=json --outputFile FILE (5)",
    known_by: "JSON with `files` and `groups`, or with `testResults` and `assertionResults`",
    versions: &["3.2.4", "3.2.7", "4.1.12", "5.1.1"],
    metrics: super::tinybench::METRICS,
    samples: true,
    url: "https://vitest.dev/guide/features.html#benchmarking",
    sniff: |content| {
        content.has("files/[]/groups") || content.has("testResults/[]/assertionResults")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    files: Option<Vec<File>>,
    test_results: Option<Vec<Tests>>,
}

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    full_name: String,
    benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
struct Benchmark {
    name: String,
    #[serde(flatten)]
    result: Statistics,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tests {
    name: String,
    status: String,
    #[serde(default)]
    message: String,
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    ancestor_titles: Vec<String>,
    title: String,
    status: String,
    #[serde(default)]
    failure_messages: Vec<String>,
    #[serde(default)]
    benchmarks: Vec<Compared>,
}

#[derive(Deserialize)]
struct Compared {
    tasks: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    name: String,
    #[serde(flatten)]
    result: Statistics,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    for (i, file) in report.files.iter().flatten().enumerate() {
        for (j, group) in file.groups.iter().enumerate() {
            for (k, benchmark) in group.benchmarks.iter().enumerate() {
                let name = format!("{} > {}", group.full_name, benchmark.name);
                let place = format!("files[{i}].groups[{j}].benchmarks[{k}]");
                let bench = Bench::new(&name, Tags::new());
                flat(&name, &bench, &benchmark.result, &place, &mut parsed)?;
            }
        }
    }
    for (i, tests) in report.test_results.iter().flatten().enumerate() {
        let file = tests.name.rsplit(['/', '\\']).next().unwrap_or_default();
        if tests.status == "failed" && tests.assertion_results.is_empty() {
            parsed.fail(file, first_line(&tests.message));
        }
        for (j, test) in tests.assertion_results.iter().enumerate() {
            let mut path = vec![file];
            path.extend(test.ancestor_titles.iter().map(String::as_str));
            path.push(&test.title);
            let name = path.join(" > ");
            if test.status == "failed" {
                parsed.fail(
                    &name,
                    first_line(test.failure_messages.first().map_or("", |m| m)),
                );
            }
            for (k, compared) in test.benchmarks.iter().enumerate() {
                for (l, task) in compared.tasks.iter().enumerate() {
                    let name = format!("{name} > {}", task.name);
                    let place = format!(
                        "testResults[{i}].assertionResults[{j}].benchmarks[{k}].tasks[{l}]"
                    );
                    let bench = Bench::new(&name, Tags::new());
                    nested(&name, &bench, &task.result, &place, &mut parsed)?;
                }
            }
        }
    }
    Ok(parsed)
}

/// The first line of what was thrown: the rest is a stack of calls.
fn first_line(message: &str) -> String {
    match message.lines().next().map(str::trim) {
        None | Some("") => "it failed".to_owned(),
        Some(line) => format!("it failed: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn up_to_version_4() {
        let reading = read_fixture("vitest/3.2.7.json");
        let time = get(&reading, "a.bench.ts > sort > normal", "time");
        assert!(close(time.value, 249.999_999_994_088_3) && time.n == 1470);
        let rate = get(&reading, "a.bench.ts > parse > deep > json", "throughput");
        assert!(close(rate.value, 1_435_350.215_522_739_8));
        assert_eq!(reading.failures.len(), 1);
        assert_eq!(
            reading.failures[0].benchmark,
            "a.bench.ts > parse > deep > throws"
        );
    }

    #[test]
    fn version_5() {
        let reading = read_fixture("vitest/5.1.1.json");
        let time = get(&reading, "a.bench.ts > sort > two ways > reverse", "time");
        assert!(close(time.value, 189.999_999_747_669_8), "{}", time.value);
        let rate = get(&reading, "a.bench.ts > parse > json", "throughput");
        assert!(rate.value > 3e6);
        let failed: Vec<&str> = reading
            .failures
            .iter()
            .map(|f| f.benchmark.as_str())
            .collect();
        assert_eq!(failed, ["a.bench.ts > throws"]);
    }

    #[test]
    fn mistakes_name_their_place() {
        let with = |median: &str| {
            format!(
                "{{\"files\": [{{\"groups\": [{{\"fullName\": \"g\", \"benchmarks\": [{{\"name\": \
                 \"a\", \"hz\": 5, \"mean\": 1, \"median\": {median}, \"sampleCount\": 3}}]}}]}}]}}"
            )
        };
        for (median, place) in [
            ("-1", "benchmarks[0].median"),
            ("\"1\"", "benchmarks[0]"),
            ("NaN", "line 1"),
            ("1e999", "line 1"),
            ("1e305", "benchmarks[0].median"),
        ] {
            let error = read_text("x.json", "vitest", &with(median))
                .unwrap_err()
                .to_string();
            assert!(error.contains(place), "{median}: {error}");
        }
        let zero = read_text("x.json", "vitest", &with("0")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    }

    #[test]
    fn tests_without_benchmarks_are_no_results() {
        let text = "{\"testResults\": [{\"name\": \"/a.ts\", \"status\": \"passed\", \
                    \"assertionResults\": [{\"ancestorTitles\": [], \"title\": \"x\", \"status\": \
                    \"passed\"}]}]}";
        let error = read_text("x.json", "vitest", text).unwrap_err();
        assert!(error.reason.contains("no results"), "{error}");
    }
}
