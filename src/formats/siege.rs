//! siege's JSON (`-j`).
//!
//! Versions seen: 4.0.7.
//! Producer: <https://github.com/JoeDog/siege/blob/master/src/main.c>
//!
//! Times are seconds, rounded to 0.01: of a fast service they are 0, which is left out. The file
//! names nothing, so the benchmark is its stem.
//!
//! An answer from 400 to 499 is a transaction that is not successful; one from 500, or none at all,
//! is a failed transaction and no transaction. `availability` is of the latter alone, so it is 100 %
//! where every answer was a 404.

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
    successful_transactions: u64,
    failed_transactions: u64,
    longest_transaction: f64,
    shortest_transaction: f64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let unsuccessful = report
        .transactions
        .checked_sub(report.successful_transactions)
        .ok_or_else(|| {
            Fault::at(
                "successful_transactions",
                format!(
                    "{} of {} transactions were successful, which cannot be",
                    report.successful_transactions, report.transactions
                ),
            )
        })?;
    let requests = report.transactions as f64 + report.failed_transactions as f64;
    let failures = unsuccessful as f64 + report.failed_transactions as f64;
    let Some(mut load) = Load::new(
        input.stem,
        Tags::new(),
        (requests, ("transactions", "count")),
        (
            failures,
            (
                "transactions, successful_transactions, failed_transactions",
                "count",
            ),
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
    fn answers_from_400_are_no_success() {
        let half = read_fixture("siege/half-404.json");
        assert!(close(get(&half, "half-404", "failures").value, 20.0));
        assert!(close(get(&half, "half-404", "error_rate").value, 0.5));
        let all = read_fixture("siege/all-404.json");
        assert!(all.measurements.is_empty());
        assert_eq!(all.failures[0].reason, "every request failed");
    }

    #[test]
    fn failed_and_damaged_tests() {
        let text = std::fs::read_to_string(fixture("siege/json.json")).unwrap();
        let none = text.replace("4675", "0");
        assert!(
            read_text("x", "siege", &none).unwrap().failures[0]
                .reason
                .contains("no requests")
        );
        for (from, to) in [
            ("4675", "-1"),
            ("4675", "4674"),
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
