//! ghz's `-O json` and `-O pretty`.
//!
//! Versions seen: 0.120, from its source.
//! Producer: <https://github.com/bojand/ghz/blob/master/runner/reporter.go> (`Report`)
//!
//! Durations are nanoseconds. The benchmark is the name that was given (`--name`), else the call.
//! Workers, connections and the rate that was asked for are tags, and so are the tags of the
//! report. Percentiles, fastest and slowest are those of calls that worked; the mean is that of all.
//! The 99.9th percentile comes from the single calls, which ghz keeps up to a million. A run that
//! was interrupted is no result.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::{Load, shape};
use super::parsed::{Input, Parsed, RATE, not_negative};
use super::registry::{Format, Reader};
use super::requests::whole;
use super::units;
use crate::model::Tags;
use serde::Deserialize;
use std::collections::BTreeSet;

pub(crate) const FORMAT: Format = Format {
    name: "ghz",
    aliases: &[],
    produced_by: "ghz -O json -o FILE … HOST",
    known_by: "JSON with `statusCodeDistribution` and `latencyDistribution`",
    versions: &["0.120"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p10",
        "latency.p25",
        "latency.p50",
        "latency.p75",
        "latency.p90",
        "latency.p99",
        "latency.p99.9",
        "requests",
        "failures",
        "error_rate",
        "rate",
    ],
    samples: false,
    url: "https://ghz.sh/docs/output",
    sniff: |content| {
        content.has("statusCodeDistribution")
            && content.has("latencyDistribution")
            && content.has("endReason")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(default)]
    name: String,
    end_reason: String,
    #[serde(default)]
    options: Shape,
    count: u64,
    average: i64,
    fastest: i64,
    slowest: i64,
    rps: f64,
    error_distribution: Option<UniqueMap<u64>>,
    status_code_distribution: Option<UniqueMap<u64>>,
    latency_distribution: Option<Vec<Percentile>>,
    details: Option<Vec<Detail>>,
    tags: Option<UniqueMap<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Shape {
    call: String,
    concurrency: Option<u64>,
    connections: Option<u64>,
    /// Called `qps` in old versions.
    #[serde(alias = "qps")]
    rps: Option<u64>,
}

#[derive(Deserialize)]
struct Percentile {
    percentage: u64,
    latency: i64,
}

#[derive(Deserialize)]
struct Detail {
    latency: i64,
    #[serde(default)]
    error: String,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let report: Report = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let names = [&report.name, &report.options.call];
    let name = names.into_iter().find(|name| !name.is_empty());
    let name = name.map_or(input.stem, String::as_str);
    let mut tags: Tags = report.tags.clone().unwrap_or_default().0;
    tags.extend(shape([
        ("concurrency", report.options.concurrency),
        ("connections", report.options.connections),
        ("rate", report.options.rps),
    ]));
    if report.end_reason == "cancel" {
        parsed.fail_slice(name, tags, "the run was interrupted");
        return Ok(parsed);
    }
    let sum = |of: &Option<UniqueMap<u64>>| -> f64 {
        of.iter()
            .flat_map(|map| map.0.values())
            .map(|n| *n as f64)
            .sum()
    };
    // A call may fail without a status; its message counts then.
    let good = report.status_code_distribution.as_ref();
    let good = good.and_then(|codes| codes.0.get("OK")).copied();
    let failed = match &report.status_code_distribution {
        Some(_) => report.count as f64 - good.unwrap_or(0) as f64,
        None => sum(&report.error_distribution),
    };
    let made = (report.count as f64, ("count", "count"));
    let failed = (
        not_negative(failed, || "statusCodeDistribution".to_owned())?,
        ("statusCodeDistribution", "count"),
    );
    let Some(mut load) = Load::new(name, tags, made, failed, &mut parsed)? else {
        return Ok(parsed);
    };
    latencies(&mut load, &report)?;
    load.value("rate", report.rps, RATE, ("rps", "1/s"))?;
    Ok(parsed)
}

fn latencies(load: &mut Load<'_>, report: &Report) -> Result<(), Fault> {
    let mut named = BTreeSet::new();
    for one in report.latency_distribution.iter().flatten() {
        // An entry of zeros stands for a percentile that ghz does not know.
        if one.percentage == 0 && one.latency == 0 {
            continue;
        }
        let place = format!("latencyDistribution.{}", one.percentage);
        let name = units::percentile(&one.percentage.to_string())
            .ok_or_else(|| Fault::at(&place, "it is not a percentile"))?;
        if !named.insert(name.clone()) {
            return Err(Fault::at(&place, "the percentile is given twice"));
        }
        load.latency(&name, one.latency as f64, 1.0, (&place, "ns"))?;
    }
    if named.is_empty() {
        return Err(Fault::at(
            "latencyDistribution",
            "it is empty though calls worked",
        ));
    }
    let all = report.details.as_deref().unwrap_or_default();
    if all.len() as u64 == report.count {
        let mut good = all
            .iter()
            .filter(|call| call.error.is_empty())
            .map(|call| whole(call.latency.to_string().as_bytes()))
            .collect::<Option<Vec<u64>>>()
            .ok_or_else(|| Fault::at("details", "a latency is negative"))?;
        good.sort_unstable();
        if !good.is_empty() {
            let at = super::distribution::rank(0.999, good.len());
            load.latency("p99.9", good[at] as f64, 1.0, ("details", "ns"))?;
        }
    }
    for (statistic, field, value) in [
        ("mean", "average", report.average),
        ("min", "fastest", report.fastest),
        ("max", "slowest", report.slowest),
    ] {
        load.latency(statistic, value as f64, 1.0, (field, "ns"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};

    #[test]
    fn a_report_and_its_shape() {
        let reading = read_fixture("ghz/handmade-report.json");
        let of = |metric| get(&reading, "helloworld.Greeter.SayHello", metric);
        assert!(close(of("latency.p95").value, 9e6) && close(of("latency.p99.9").value, 9.5e6));
        assert!(close(of("requests").value, 10.0) && close(of("error_rate").value, 0.1));
        assert!(close(of("rate").value, 1248.7));
        let tags = &of("rate").tags;
        assert_eq!(
            (tags["concurrency"].as_str(), tags["rate"].as_str()),
            ("2", "1300")
        );
        assert_eq!(tags["stage"], "canary");
    }

    #[test]
    fn failed_tests_and_mistakes() {
        let text = std::fs::read_to_string(fixture("ghz/handmade-report.json")).unwrap();
        let changed = |from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            changed
        };
        for (from, to, reason) in [
            ("\"OK\": 9", "\"Unavailable\": 9", "every request failed"),
            (
                "\"count\": 10,\n  \"total\"",
                "\"count\": 0,\n  \"total\"",
                "",
            ),
            (
                "\"endReason\": \"normal\"",
                "\"endReason\": \"cancel\"",
                "interrupted",
            ),
        ] {
            let changed = changed(from, to);
            match read_text("x", "ghz", &changed) {
                Ok(reading) => {
                    assert!(reading.measurements.is_empty(), "{to}");
                    assert!(reading.failures[0].reason.contains(reason), "{to}");
                }
                Err(_) => assert!(reason.is_empty(), "{to}"),
            }
        }
        for (from, to) in [
            ("\"average\": 4", "\"average\": -4"),
            ("\"average\": 4", "\"average\": \"4\", \"a\": 4"),
            ("\"percentage\": 95", "\"percentage\": 195"),
            ("\"percentage\": 95", "\"percentage\": 90"),
            ("\"rps\": 1248.7", "\"rps\": NaN"),
            ("\"rps\": 1248.7", "\"rps\": 1e999"),
            ("\"OK\": 9", "\"OK\": 11"),
        ] {
            assert!(read_text("x", "ghz", &changed(from, to)).is_err(), "{to}");
        }
        let no_details = changed("\"details\": [", "\"other\": [");
        let reading = read_text("x", "ghz", &no_details).unwrap();
        assert!(
            reading
                .measurements
                .iter()
                .all(|m| m.metric != "latency.p99.9")
        );
    }
}
