//! Artillery's report (`run -o`), version 2 and version 1.
//!
//! Versions seen: 2.0.21; the layout of 1.x from its documentation.
//! Producer: <https://www.artillery.io/docs/reference/cli/run>
//!
//! Times are milliseconds. The benchmark is the stem of the file; what the plugin
//! `metrics-by-endpoint` counts has the tag `endpoint`. `http.request_rate` is a mean of windows
//! and says too little of short runs: the rate is the number of requests over the time between the
//! first and the last count. Answers from 400 and every error count as failed.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::{Load, METRICS};
use super::parsed::{Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::units::{self, MILLISECOND};
use crate::model::Tags;
use serde::Deserialize;
use std::collections::BTreeMap;

pub(crate) const FORMAT: Format = Format {
    name: "artillery",
    aliases: &[],
    produced_by: "artillery run -o FILE SCRIPT",
    known_by: "JSON with `aggregate.counters` and `aggregate.summaries`, or `aggregate.requestsCompleted`",
    versions: &["1.x", "2.0.21"],
    metrics: METRICS,
    samples: false,
    url: "https://www.artillery.io/docs/reference/cli/run",
    sniff: |content| {
        content.has("aggregate/counters") && content.has("aggregate/summaries")
            || content.has("aggregate/requestsCompleted")
    },
    reader: Reader::File(read),
};

type Statistics = UniqueMap<Option<f64>>;

#[derive(Deserialize)]
struct Report {
    aggregate: Aggregate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aggregate {
    #[serde(default)]
    counters: UniqueMap<u64>,
    #[serde(default)]
    summaries: UniqueMap<Statistics>,
    first_counter_at: Option<f64>,
    last_counter_at: Option<f64>,
    // Version 1.
    requests_completed: Option<u64>,
    latency: Option<Statistics>,
    rps: Option<Rps>,
    #[serde(default)]
    codes: UniqueMap<u64>,
    #[serde(default)]
    errors: UniqueMap<u64>,
}

#[derive(Deserialize)]
struct Rps {
    mean: f64,
}

const ENDPOINT_CODES: &str = "plugins.metrics-by-endpoint.";
const ENDPOINT_TIMES: &str = "plugins.metrics-by-endpoint.response_time.";

/// How many answers from 400 there are.
fn bad(code: &str, count: u64) -> Result<u64, Fault> {
    let status: Option<u16> = code.parse().ok();
    let status =
        status.ok_or_else(|| Fault::at("aggregate", format!("`{code}` is not a status code")))?;
    Ok(if (100..400).contains(&status) {
        0
    } else {
        count
    })
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let Report { aggregate } = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    if let Some(requests) = aggregate.requests_completed {
        let mut failed = aggregate
            .errors
            .0
            .values()
            .fold(0, |sum: u64, n| sum.saturating_add(*n));
        // Without an answer a request is not completed.
        let made = requests.saturating_add(failed);
        for (code, count) in &aggregate.codes.0 {
            failed = failed.saturating_add(bad(code, *count)?);
        }
        let rate = aggregate.rps.map(|rps| rps.mean);
        let latency = aggregate.latency.unwrap_or_default();
        test(
            input.stem,
            Tags::new(),
            (made, failed.min(made)),
            &latency,
            rate,
            &mut parsed,
        )?;
        return Ok(parsed);
    }
    let count = |name: &str| aggregate.counters.0.get(name).copied().unwrap_or(0);
    let requests = count("http.requests");
    let mut failed = 0_u64;
    let mut endpoints: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (name, count) in &aggregate.counters.0 {
        if let Some(code) = name.strip_prefix("http.codes.") {
            failed = failed.saturating_add(bad(code, *count)?);
        } else if name.starts_with("errors.") {
            failed = failed.saturating_add(*count);
        } else if let Some(rest) = name.strip_prefix(ENDPOINT_CODES) {
            let (made, bad) = if let Some((endpoint, code)) = rest.rsplit_once(".codes.") {
                (endpoint, bad(code, *count)?)
            } else if let Some((endpoint, _)) = rest.split_once(".errors.") {
                (endpoint, *count)
            } else {
                continue;
            };
            let entry = endpoints.entry(made).or_default();
            entry.0 = entry.0.saturating_add(*count);
            entry.1 = entry.1.saturating_add(bad);
        }
    }
    let seconds = aggregate
        .first_counter_at
        .zip(aggregate.last_counter_at)
        .map(|(first, last)| (last - first) / 1e3);
    let rate = seconds.filter(|s| *s > 0.0).map(|s| requests as f64 / s);
    let none = Statistics::default();
    let times = aggregate
        .summaries
        .0
        .get("http.response_time")
        .unwrap_or(&none);
    let counts = (requests, failed.min(requests));
    test(input.stem, Tags::new(), counts, times, rate, &mut parsed)?;
    for (name, times) in &aggregate.summaries.0 {
        if let Some(endpoint) = name.strip_prefix(ENDPOINT_TIMES)
            && let Some(counts) = endpoints.get(endpoint)
        {
            let tags = [("endpoint".to_owned(), endpoint.to_owned())].into();
            test(input.stem, tags, *counts, times, None, &mut parsed)?;
        }
    }
    Ok(parsed)
}

fn test(
    name: &str,
    tags: Tags,
    (requests, failed): (u64, u64),
    times: &Statistics,
    rate: Option<f64>,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let made = (requests as f64, ("http.requests", "count"));
    let failed = (failed as f64, ("http.codes, errors", "count"));
    let null = times.0.iter().find(|(_, value)| value.is_none());
    if let (Some((statistic, _)), true) = (null, requests > 0) {
        parsed.fail_slice(
            name,
            tags,
            format!("`{statistic}` of its response times is null"),
        );
        return Ok(());
    }
    let Some(mut load) = Load::new(name, tags, made, failed, parsed)? else {
        return Ok(());
    };
    for (key, value) in &times.0 {
        let statistic = match key.as_str() {
            "min" | "max" | "mean" => Some(key.clone()),
            "count" => continue,
            // It repeats p50, where there is one.
            "median" if times.0.contains_key("p50") => continue,
            "median" => Some("p50".to_owned()),
            "p999" => Some("p99.9".to_owned()),
            other => other.strip_prefix('p').and_then(units::percentile),
        };
        let statistic = statistic.ok_or_else(|| {
            Fault::at(
                "aggregate",
                format!("`{key}` is not a statistic of response times"),
            )
        })?;
        load.latency(
            &statistic,
            value.unwrap_or(0.0),
            MILLISECOND,
            ("http.response_time", "ms"),
        )?;
    }
    if let Some(rate) = rate {
        load.value("rate", rate, RATE, ("http.requests", "1/s"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn a_counter_that_is_given_twice_is_an_error() {
        let path = crate::formats::testing::fixture("artillery/run.json");
        let text = std::fs::read_to_string(path).unwrap();
        let twice = text.replacen(
            "\"http.requests\":",
            "\"http.requests\": 1, \"http.requests\":",
            1,
        );
        let error = read_text("x", "artillery", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
    }

    #[test]
    fn a_report_and_its_endpoints() {
        let reading = read_fixture("artillery/run.json");
        let of = |metric| get(&reading, "run", metric).value;
        assert!(close(of("requests"), 160.0) && close(of("failures"), 9.0));
        assert!(close(of("latency.p95"), 1e6) && close(of("latency.p99"), 4e6));
        // Forty requests a second were sent for four seconds.
        assert!((of("rate") - 40.0).abs() < 3.0, "{}", of("rate"));
        let err = reading.measurements.iter().find(|m| {
            m.metric == "failures" && m.tags.get("endpoint").is_some_and(|e| e == "/err")
        });
        assert!(close(err.unwrap().value, 9.0));
    }

    const V1: &str = r#"{"aggregate": {"requestsCompleted": 9, "latency": {"min": 1, "max": 9, "median": 2,
        "p95": 5, "p99": 8}, "rps": {"count": 9, "mean": 3.5}, "codes": {"200": 8, "500": 1},
        "errors": {"ETIMEDOUT": 1}}, "intermediate": []}"#;

    #[test]
    fn version_one_failed_and_damaged_reports() {
        let reading = read_text("x", "artillery", V1).unwrap();
        let of = |metric| get(&reading, "x", metric).value;
        assert!(
            close(of("error_rate"), 0.2) && close(of("latency.p50"), 2e6) && close(of("rate"), 3.5)
        );
        for (from, to, reason) in [
            ("\"p95\": 5", "\"p95\": null", "is null"),
            (
                "\"requestsCompleted\": 9",
                "\"requestsCompleted\": 0",
                "every request failed",
            ),
        ] {
            let failed = read_text("x", "artillery", &V1.replace(from, to)).unwrap();
            assert!(failed.measurements.is_empty() && failed.failures[0].reason.contains(reason));
        }
        for (from, to) in [
            ("\"p95\": 5", "\"p95\": -5"),
            ("\"p95\": 5", "\"p95\": \"5\""),
            ("\"p95\": 5", "\"p95\": NaN"),
            ("\"p95\": 5", "\"p95\": 1e999"),
            ("\"200\": 8", "\"OK\": 8"),
            ("\"p95\"", "\"p195\""),
        ] {
            assert!(
                read_text("x", "artillery", &V1.replace(from, to)).is_err(),
                "{to}"
            );
        }
    }
}
