//! oha's `--output-format json` (older: `--json`).
//!
//! Versions seen: 1.16.0.
//! Producer: <https://github.com/hatoo/oha/blob/master/src/printer.rs>
//!
//! Times are seconds; the copy of some in milliseconds under `metrics` is not read. The file names
//! no URL, so the benchmark is the stem of the file. `successRate` is 1 when every response was a
//! status 500, so failures are counted from the status codes (400 and above) and the errors;
//! requests that were under way at the deadline count as neither made nor failed. The CSV has the
//! answers alone, so it gives no failures and no error rate.

use super::content::Content;
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::Load;
use super::parsed::{Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::requests::SecondsLog;
use super::source::Source;
use super::units::{self, SECOND};
use crate::model::Tags;
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "oha",
    aliases: &[],
    produced_by: "oha --no-tui --output-format json|csv URL > FILE",
    known_by: "JSON with `summary.requestsPerSec` and `latencyPercentiles`, or CSV with `request-start` and `request-duration`",
    versions: &["1.16.0"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p10 … latency.p99.99",
        "requests",
        "failures",
        "error_rate",
        "rate",
    ],
    samples: false,
    url: "https://github.com/hatoo/oha/blob/master/src/printer.rs",
    sniff: |content| {
        content.has("summary/requestsPerSec") && content.has("latencyPercentiles")
            || is_csv(content)
    },
    reader: Reader::Stream(read),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    latency_percentiles: UniqueMap<Option<f64>>,
    status_code_distribution: UniqueMap<u64>,
    error_distribution: UniqueMap<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    slowest: Option<f64>,
    fastest: Option<f64>,
    average: Option<f64>,
    requests_per_sec: Option<f64>,
}

/// How oha names what it stopped itself.
const DEADLINE: &str = "aborted due to deadline";

/// Columns: request-start, DNS, DNS+dialup, Response-delay, request-duration, bytes, status.
fn is_csv(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default();
    first.starts_with("request-start,") && first.contains(",request-duration,")
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    if !is_csv(&Content::new(head)) {
        let bytes = source.rest()?;
        return report(&Input::of(bytes, stem));
    }
    let columns = SecondsLog {
        start: "request-start",
        duration: "request-duration",
        status: "status",
        steps: SECOND,
    };
    columns.read(source, stem)
}

fn report(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let (mut requests, mut failures) = (0.0, 0.0);
    for (code, n) in &report.status_code_distribution.0 {
        let status: u16 = code.parse().ok().ok_or_else(|| {
            Fault::at(
                "statusCodeDistribution",
                format!("`{code}` is not a status code"),
            )
        })?;
        requests += *n as f64;
        if !(100..400).contains(&status) {
            failures += *n as f64;
        }
    }
    for (error, n) in &report.error_distribution.0 {
        if error != DEADLINE {
            requests += *n as f64;
            failures += *n as f64;
        }
    }
    let Some(mut load) = Load::new(
        input.stem,
        Tags::new(),
        (requests, ("statusCodeDistribution", "count")),
        (failures, ("statusCodeDistribution", "count")),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    for (key, value) in &report.latency_percentiles.0 {
        let place = format!("latencyPercentiles.{key}");
        let name = key.strip_prefix('p').and_then(units::percentile);
        let name = name.ok_or_else(|| Fault::at(&place, "it is not a percentile"))?;
        // Null where there were too few responses.
        if let Some(value) = value {
            load.latency(&name, *value, SECOND, (&place, "s"))?;
        }
    }
    let summary = &report.summary;
    for (statistic, value, source) in [
        ("mean", summary.average, "summary.average"),
        ("min", summary.fastest, "summary.fastest"),
        ("max", summary.slowest, "summary.slowest"),
    ] {
        if let Some(value) = value {
            load.latency(statistic, value, SECOND, (source, "s"))?;
        }
    }
    if let Some(rate) = summary.requests_per_sec {
        load.value("rate", rate, RATE, ("summary.requestsPerSec", "1/s"))?;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn statuses_tell_what_failed() {
        let reading = read_fixture("oha/handmade-statuses.json");
        let of = |metric| get(&reading, "handmade-statuses", metric);
        assert!(close(of("latency.p95").value, 2_737_923.0));
        assert!(close(of("latency.p99.9").value, 5_410_869.0));
        assert!(close(of("latency.mean").value, 828_409.0));
        assert!(close(of("requests").value, 500.0) && close(of("failures").value, 25.0));
        assert!(close(of("error_rate").value, 0.05) && close(of("rate").value, 9121.5));
    }

    #[test]
    fn a_run_with_errors_and_one_that_nothing_answered() {
        let json = read_fixture("oha/err.json");
        let of = |metric| get(&json, "err", metric).value;
        assert!(close(of("requests"), 300.0) && close(of("failures"), 33.0));
        assert!(close(of("latency.p95"), 48_066_654.0) && close(of("rate"), 89.976_775_042));
        let csv = read_fixture("oha/requests.csv");
        let of = |metric| get(&csv, "requests", metric).value;
        assert!(close(of("requests"), 120.0));
        assert!(csv.measurements.iter().all(|m| m.metric != "failures"));
        assert!(csv.notes[0].contains("13 of 120 answers"));
        assert!(of("latency.p95") >= of("latency.p50"));
        let refused = read_fixture("oha/refused.json");
        assert!(refused.measurements.is_empty());
        assert!(refused.failures[0].reason.contains("every request failed"));
    }

    #[test]
    fn single_requests() {
        let head = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n";
        let text = format!("{head}0.5,0,0,0.001,0.0015,40,200\n0.9,0,0,0.001,0.1,40,500\n");
        let reading = read_text("x.csv", "oha", &text).unwrap();
        let of = |metric| get(&reading, "x", metric).value;
        assert!(close(of("latency.min"), 1.5e6) && close(of("rate"), 4.0));
        assert!(reading.notes[0].contains("1 of 2 answers"));
        for (from, to) in [
            ("0.0015", "-1"),
            ("0.0015", "NaN"),
            ("0.0015", "1,5"),
            ("40,200", "40"),
            ("200", "OK"),
        ] {
            let error = read_text("x.csv", "oha", &text.replace(from, to)).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{to}");
        }
        let empty = read_text("x.csv", "oha", head).unwrap();
        assert!(empty.failures[0].reason.contains("no requests"));
    }

    #[test]
    fn failed_tests_have_no_values() {
        let text = |status: &str, errors: &str| {
            format!(
                "{{\"summary\": {{\"successRate\": 1.0, \"average\": 0.1}}, \"latencyPercentiles\": \
                 {{\"p50\": 0.1, \"p99\": null}}, \"statusCodeDistribution\": {{{status}}}, \
                 \"errorDistribution\": {{{errors}}}}}"
            )
        };
        for (status, errors, reason) in [
            ("\"500\": 10", "", "every request failed"),
            ("", "\"connection refused\": 3", "every request failed"),
            ("", "\"aborted due to deadline\": 3", "no requests"),
        ] {
            let reading = read_text("x.json", "oha", &text(status, errors)).unwrap();
            assert!(reading.measurements.is_empty(), "{status} {errors}");
            assert!(reading.failures[0].reason.contains(reason));
        }
        let some = read_text("x.json", "oha", &text("\"200\": 10", "")).unwrap();
        assert!(some.measurements.iter().all(|m| m.metric != "latency.p99"));
        for status in [
            "\"OK\": 1",
            "\"200\": -1",
            "\"200\": \"1\"",
            "\"200\": 1, \"200\": 1",
        ] {
            assert!(
                read_text("x.json", "oha", &text(status, "")).is_err(),
                "{status}"
            );
        }
    }
}
