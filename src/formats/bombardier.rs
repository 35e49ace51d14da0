//! bombardier's `-o json -p r` (with `-l` for percentiles).
//!
//! Versions seen: 1.2.5.
//! Producer: <https://github.com/codesenberg/bombardier/blob/master/template/templates.go>
//!
//! Latencies are microseconds, which the file does not say. The benchmark is the URL; connections
//! and the rate that was asked for are tags. An answer
//! other than 2xx or 3xx counts as failed; `others` are requests without an answer.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::{Load, shape};
use super::parsed::{Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::units::{self, MICROSECOND};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "bombardier",
    aliases: &[],
    produced_by: "bombardier -l -o json -p r URL > FILE",
    known_by: "JSON with `spec.numberOfConnections` and `result.req2xx`",
    versions: &["1.2.5"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.max",
        "latency.p50",
        "latency.p75",
        "latency.p90",
        "latency.p99",
        "requests",
        "failures",
        "error_rate",
        "rate",
    ],
    samples: false,
    url: "https://github.com/codesenberg/bombardier",
    sniff: |content| content.has("spec/numberOfConnections") && content.has("result/req2xx"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Report {
    spec: Spec,
    result: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    url: String,
    number_of_connections: Option<u64>,
    /// Requests a second that were asked for.
    rate: Option<u64>,
}

#[derive(Deserialize)]
struct Outcome {
    req1xx: u64,
    req2xx: u64,
    req3xx: u64,
    req4xx: u64,
    req5xx: u64,
    others: u64,
    latency: Statistics,
    rps: Statistics,
}

#[derive(Deserialize)]
struct Statistics {
    mean: f64,
    max: f64,
    #[serde(default)]
    percentiles: UniqueMap<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let Report { spec, result } = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let sum = |parts: &[u64]| parts.iter().map(|n| *n as f64).sum::<f64>();
    let failures = sum(&[result.req1xx, result.req4xx, result.req5xx, result.others]);
    let requests = failures + sum(&[result.req2xx, result.req3xx]);
    let tags = shape([
        ("connections", spec.number_of_connections),
        ("rate", spec.rate),
    ]);
    let Some(mut load) = Load::new(
        &spec.url,
        tags,
        (requests, ("result.req1xx … others", "count")),
        (failures, ("result.req1xx, req4xx, req5xx, others", "count")),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    for (key, value) in &result.latency.percentiles.0 {
        let place = format!("result.latency.percentiles.{key}");
        let name =
            units::percentile(key).ok_or_else(|| Fault::at(&place, "it is not a percentile"))?;
        load.latency(&name, *value, MICROSECOND, (&place, "us"))?;
    }
    let latency = &result.latency;
    for (statistic, value, source) in [
        ("mean", latency.mean, "result.latency.mean"),
        ("max", latency.max, "result.latency.max"),
    ] {
        load.latency(statistic, value, MICROSECOND, (source, "us"))?;
    }
    load.value("rate", result.rps.mean, RATE, ("result.rps.mean", "1/s"))?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn a_report() {
        let reading = read_fixture("bombardier/handmade-report.json");
        let of = |metric| get(&reading, "http://127.0.0.1:8080/json", metric);
        assert!(close(of("latency.p95").value, 1_023_000.0));
        assert!(close(of("latency.mean").value, 613_500.0));
        assert!(close(of("requests").value, 1000.0) && close(of("error_rate").value, 0.02));
        assert!(close(of("rate").value, 16_508.5));
        assert_eq!(of("rate").tags["connections"], "10");
    }

    #[test]
    fn failed_tests_and_mistakes() {
        let text = |ok: &str, others: &str, mean: &str| {
            format!(
                "{{\"spec\": {{\"url\": \"u\"}}, \"result\": {{\"req1xx\": 0, \"req2xx\": {ok}, \"req3xx\": 0, \
                 \"req4xx\": 0, \"req5xx\": 0, \"others\": {others}, \"latency\": {{\"mean\": {mean}, \"max\": 2}}, \
                 \"rps\": {{\"mean\": 1, \"max\": 2}}}}}}"
            )
        };
        for (ok, others, reason) in [("0", "0", "no requests"), ("0", "5", "every request")] {
            let reading = read_text("x.json", "bombardier", &text(ok, others, "1")).unwrap();
            assert!(reading.measurements.is_empty());
            assert!(reading.failures[0].reason.contains(reason));
        }
        for (ok, mean) in [
            ("-1", "1"),
            ("1", "-1"),
            ("1", "NaN"),
            ("1", "\"1\""),
            ("null", "1"),
        ] {
            let result = read_text("x.json", "bombardier", &text(ok, "0", mean));
            assert!(result.is_err(), "{ok} {mean}");
        }
    }
}
