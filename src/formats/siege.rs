//! siege's JSON (`-j`).
//!
//! Versions seen: 4.0.7.
//! Producer: <https://github.com/JoeDog/siege/blob/master/src/main.c>
//!
//! Times are seconds, rounded to 0.01: of a fast service they are 0, which is left out. The file
//! names nothing, so the benchmark is its stem.

use super::fault::Fault;
use super::json;
use super::load::Load;
use super::parsed::{BANDWIDTH, Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::units::SECOND;
use crate::model::Tags;
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "siege",
    aliases: &[],
    produced_by: "siege -j URL > FILE",
    known_by: "JSON with `transactions`, `availability` and `transaction_rate`",
    versions: &["4.0.7"],
    metrics: &[
        "latency.mean",
        "latency.min",
        "latency.max",
        "requests",
        "failures",
        "error_rate",
        "rate",
        "bandwidth",
    ],
    samples: false,
    url: "https://github.com/JoeDog/siege",
    sniff: |content| {
        content.has("transactions")
            && content.has("availability")
            && content.has("transaction_rate")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Report {
    transactions: u64,
    #[serde(rename = "availability")]
    _availability: f64,
    #[serde(rename = "elapsed_time")]
    _elapsed_time: f64,
    #[serde(rename = "data_transferred")]
    _data_transferred: f64,
    response_time: f64,
    transaction_rate: f64,
    /// Megabytes a second.
    throughput: f64,
    #[serde(rename = "concurrency")]
    _concurrency: f64,
    #[serde(rename = "successful_transactions")]
    _successful_transactions: u64,
    failed_transactions: u64,
    longest_transaction: f64,
    shortest_transaction: f64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let requests = report.transactions as f64 + report.failed_transactions as f64;
    let Some(mut load) = Load::new(
        input.stem,
        Tags::new(),
        (requests, ("transactions", "count")),
        (
            report.failed_transactions as f64,
            ("failed_transactions", "count"),
        ),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    for (statistic, value, source) in [
        ("mean", report.response_time, "response_time"),
        ("min", report.shortest_transaction, "shortest_transaction"),
        ("max", report.longest_transaction, "longest_transaction"),
    ] {
        load.latency(statistic, value, SECOND, (source, "s"))?;
    }
    load.value(
        "rate",
        report.transaction_rate,
        RATE,
        ("transaction_rate", "1/s"),
    )?;
    load.value(
        "bandwidth",
        report.throughput * 1_048_576.0,
        BANDWIDTH,
        ("throughput", "MB/s"),
    )?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};

    #[test]
    fn rounded_times() {
        let reading = read_fixture("siege/json.json");
        let of = |metric| get(&reading, "json", metric).value;
        assert!(close(of("requests"), 4675.0) && close(of("rate"), 3116.67));
        assert!(close(of("latency.max"), 0.05e9));
        assert!(
            reading
                .measurements
                .iter()
                .all(|m| m.metric != "latency.mean")
        );
    }

    #[test]
    fn failed_and_damaged_tests() {
        let text = std::fs::read_to_string(fixture("siege/json.json")).unwrap();
        let none = text.replacen("4675", "0", 1);
        assert!(
            read_text("x", "siege", &none).unwrap().failures[0]
                .reason
                .contains("no requests")
        );
        for (from, to) in [
            ("4675", "-1"),
            ("3116.67", "null"),
            ("3116.67", "3,116.67"),
            ("0.05", "-0.05"),
            ("0.05", "NaN"),
        ] {
            assert!(
                read_text("x", "siege", &text.replacen(from, to, 1)).is_err(),
                "{to}"
            );
        }
    }
}
