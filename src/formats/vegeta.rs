//! vegeta's `report -type=json`.
//!
//! Versions seen: 12.8.4.
//! Producer: <https://github.com/tsenart/vegeta/blob/master/lib/metrics.go>
//!
//! Times are nanoseconds. The report does not name its targets, so the benchmark is the stem of
//! the file. `rate` is the rate of sending, `throughput` that of successes; `success` is the share
//! of status codes 200 to 399. 90th and min are missing in versions before 2020.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::Load;
use super::parsed::{Input, Parsed, RATE};
use super::registry::{Format, Reader};
use crate::model::{Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "vegeta",
    aliases: &[],
    produced_by: "vegeta report -type=json > FILE",
    known_by: "JSON with `latencies` (`50th`, `99th`), `requests` and `success`",
    versions: &["12.8.4"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p50",
        "latency.p90",
        "latency.p99",
        "requests",
        "failures",
        "error_rate",
        "rate",
        "throughput",
    ],
    samples: false,
    url: "https://github.com/tsenart/vegeta/blob/master/lib/metrics.go",
    sniff: |content| {
        content.has("latencies/99th") && content.has("success") && content.has("requests")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Report {
    latencies: Latencies,
    requests: u64,
    rate: f64,
    throughput: Option<f64>,
    success: f64,
    status_codes: UniqueMap<u64>,
}

#[derive(Deserialize)]
struct Latencies {
    mean: u64,
    #[serde(rename = "50th")]
    p50: u64,
    #[serde(rename = "90th")]
    p90: Option<u64>,
    #[serde(rename = "95th")]
    p95: u64,
    #[serde(rename = "99th")]
    p99: u64,
    max: u64,
    min: Option<u64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    if !(0.0..=1.0).contains(&report.success) {
        return Err(Fault::at("success", "it is not a share between 0 and 1"));
    }
    let counted = report
        .status_codes
        .0
        .values()
        .try_fold(0_u64, |sum, n| sum.checked_add(*n));
    if counted != Some(report.requests) {
        return Err(Fault::at(
            "status_codes",
            format!("they do not add up to the {} requests", report.requests),
        ));
    }
    let requests = report.requests as f64;
    let failures = (requests * (1.0 - report.success)).round();
    let Some(mut load) = Load::new(
        input.stem,
        Tags::new(),
        (requests, ("requests", "count")),
        (failures, ("success", "ratio")),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    let latencies = &report.latencies;
    for (statistic, value, source) in [
        ("p95", Some(latencies.p95), "latencies.95th"),
        ("mean", Some(latencies.mean), "latencies.mean"),
        ("min", latencies.min, "latencies.min"),
        ("max", Some(latencies.max), "latencies.max"),
        ("p50", Some(latencies.p50), "latencies.50th"),
        ("p90", latencies.p90, "latencies.90th"),
        ("p99", Some(latencies.p99), "latencies.99th"),
    ] {
        if let Some(value) = value {
            load.latency(statistic, value as f64, 1.0, (source, "ns"))?;
        }
    }
    // What was asked for, not what the service could do.
    load.value(
        "rate",
        report.rate,
        (Unit::PerSecond, None),
        ("rate", "1/s"),
    )?;
    if let Some(throughput) = report.throughput {
        load.value("throughput", throughput, RATE, ("throughput", "1/s"))?;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::Direction;

    #[test]
    fn a_report() {
        let reading = read_fixture("vegeta/handmade-report.json");
        let of = |metric| get(&reading, "handmade-report", metric);
        assert!(close(of("latency.p95").value, 2_742_954.0));
        assert_eq!(of("latency.p95").n, 1000);
        assert!(close(of("failures").value, 20.0) && close(of("error_rate").value, 0.02));
        assert_eq!(of("throughput").direction, Some(Direction::Higher));
        assert_eq!(of("rate").direction, None);
    }

    const TEXT: &str = r#"{"latencies": {"mean": 1, "50th": 1, "95th": 2, "99th": 3, "max": 4},
        "requests": N, "rate": 9, "success": S, "status_codes": {"200": N}, "errors": []}"#;

    #[test]
    fn old_empty_failed_and_wrong_reports() {
        let text = |n: &str, success: &str| TEXT.replace('N', n).replace('S', success);
        let old = read_text("x.json", "vegeta", &text("2", "1")).unwrap();
        assert!(old.measurements.iter().all(|m| m.metric != "latency.p90"));
        for (n, success, reason) in [
            ("0", "0", "no requests"),
            ("5", "0", "every request failed"),
        ] {
            let reading = read_text("x.json", "vegeta", &text(n, success)).unwrap();
            assert!(reading.measurements.is_empty());
            assert!(reading.failures[0].reason.contains(reason));
        }
        for (n, success) in [("5", "1.5"), ("-5", "1"), ("5", "null"), ("5", "\"1\"")] {
            assert!(read_text("x.json", "vegeta", &text(n, success)).is_err());
        }
    }
}
