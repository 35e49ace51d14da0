//! autocannon's `--json`.
//!
//! Versions seen: 9.0.0 and an older file.
//! Producer: <https://github.com/mcollina/autocannon#autocannonopts-cb>
//!
//! Latencies are milliseconds from a histogram of whole milliseconds: percentiles of a fast
//! service are 0, which is left out, and the mean stays. The benchmark is the `title`, else the
//! stem of the file, or the address where there is no file; connections, and pipelining where there is any, are tags. `errors` holds the timeouts; an answer other than 2xx counts as failed.

use super::address::address;
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::{Load, shape};
use super::parsed::{BANDWIDTH, Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::units::{self, MILLISECOND};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "autocannon",
    aliases: &[],
    produced_by: "autocannon --json URL > FILE",
    known_by: "JSON with `latency.p97_5`, `requests` and `non2xx`",
    versions: &["9.0.0"],
    metrics: &[
        "latency.p97.5",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p50 … latency.p99.999",
        "requests",
        "failures",
        "error_rate",
        "rate",
        "bandwidth",
    ],
    samples: false,
    url: "https://github.com/mcollina/autocannon",
    sniff: |content| {
        content.has("latency/p97_5") && content.has("requests") && content.has("non2xx")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Report {
    title: Option<String>,
    url: Option<String>,
    connections: Option<u64>,
    pipelining: Option<u64>,
    errors: u64,
    non2xx: u64,
    latency: UniqueMap<f64>,
    requests: Requests,
    throughput: Average,
}

#[derive(Deserialize)]
struct Requests {
    average: f64,
    total: u64,
}

#[derive(Deserialize)]
struct Average {
    average: f64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let title = report.title.as_deref().filter(|title| !title.is_empty());
    let requests = report.requests.total as f64 + report.errors as f64;
    let failures = report.non2xx as f64 + report.errors as f64;
    // A file's name is what its series was called from the first; other sources have none.
    let url = report.url.as_deref().filter(|_| input.path.is_none());
    let url = url.and_then(address);
    // One request at a time on each connection is no pipelining.
    let pipelining = report.pipelining.filter(|requests| *requests > 1);
    let tags = shape([
        ("connections", report.connections),
        ("pipelining", pipelining),
    ]);
    let Some(mut load) = Load::new(
        title.or(url.as_deref()).unwrap_or(input.stem),
        tags,
        (requests, ("requests.total", "count")),
        (failures, ("non2xx", "count")),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    for (key, value) in &report.latency.0 {
        let place = format!("latency.{key}");
        let name = match key.as_str() {
            "average" | "min" | "max" => Some(key.replace("average", "mean")),
            // `mean` repeats `average`; the others say nothing of a time.
            "mean" | "stddev" | "totalCount" => continue,
            _ => key
                .strip_prefix('p')
                .and_then(|text| units::percentile(&text.replacen('_', ".", 1))),
        };
        let name = name.ok_or_else(|| Fault::at(&place, "it is not a statistic"))?;
        load.latency(&name, *value, MILLISECOND, (&place, "ms"))?;
    }
    load.value(
        "rate",
        report.requests.average,
        RATE,
        ("requests.average", "1/s"),
    )?;
    load.value(
        "bandwidth",
        report.throughput.average,
        BANDWIDTH,
        ("throughput.average", "B/s"),
    )?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn a_fast_service() {
        let reading = read_fixture("autocannon/handmade-fast.json");
        let of = |metric| get(&reading, "json endpoint", metric);
        assert!(close(of("latency.mean").value, 220_000.0));
        assert!(close(of("latency.p97.5").value, 1e6) && close(of("latency.p99.9").value, 28e6));
        assert!(close(of("failures").value, 12.0) && close(of("requests").value, 1002.0));
        assert!(close(of("rate").value, 15_670.0));
        assert!(
            reading
                .measurements
                .iter()
                .all(|m| m.metric != "latency.p50")
        );
    }

    #[test]
    fn a_percentile_that_is_given_twice_or_falls_is_an_error() {
        let path = crate::formats::testing::fixture("autocannon/err.json");
        let text = std::fs::read_to_string(path).unwrap();
        for (to, said) in [
            ("\"p99\":80,\"p99\"", "given twice"),
            ("\"p97_5\":80,\"p99\"", "given twice"),
        ] {
            let error = read_text("x", "autocannon", &text.replacen("\"p99\"", to, 1)).unwrap_err();
            assert!(error.reason.contains(said), "{error}");
        }
        let falls = text.replacen("\"p50\":0", "\"p50\":90000", 1);
        let error = read_text("x", "autocannon", &falls).unwrap_err();
        assert!(error.to_string().contains("p50"), "{error}");
    }

    #[test]
    fn connections_and_pipelining_are_tags() {
        let reading = read_fixture("autocannon/err.json");
        let rate = get(&reading, "GET /err", "rate");
        assert_eq!(
            rate.tags,
            [("connections".to_owned(), "4".to_owned())].into()
        );
    }

    #[test]
    fn failed_tests_and_mistakes() {
        let text = |errors: &str, non2xx: &str, total: &str| {
            format!(
                "{{\"errors\": {errors}, \"non2xx\": {non2xx}, \"latency\": {{\"p50\": 1, \"p97_5\": 2}}, \
                 \"requests\": {{\"average\": 1, \"total\": {total}}}, \"throughput\": {{\"average\": 1}}}}"
            )
        };
        for (errors, non2xx, total, reason) in [
            ("5", "0", "0", "every request failed"),
            ("0", "7", "7", "every request failed"),
            ("0", "0", "0", "no requests"),
        ] {
            let reading = read_text("x.json", "autocannon", &text(errors, non2xx, total)).unwrap();
            assert!(reading.measurements.is_empty());
            assert!(reading.failures[0].reason.contains(reason));
        }
        for (errors, non2xx) in [("-1", "0"), ("0", "9"), ("\"0\"", "0"), ("null", "0")] {
            assert!(read_text("x.json", "autocannon", &text(errors, non2xx, "7")).is_err());
        }
    }
}
