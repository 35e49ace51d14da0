//! Nighthawk's `--output-format json`.
//!
//! Versions seen: the producer's own test data at 2a047ec (0.5).
//! Producer: <https://github.com/envoyproxy/nighthawk/blob/main/api/client/output.proto>
//!
//! JSON of Protocol Buffers: counts and durations (`0.000180007s`) are text. The results of all
//! workers together (`global`) are taken. The benchmark is the URI; connections and the rate that
//! was asked for are tags. The time from request to response is the latency; every other statistic
//! keeps its name: `sequencer.callback.p95`. Failed are answers other than 1xx to 3xx, and requests
//! without an answer.

use super::fault::Fault;
use super::json;
use super::load::{Load, METRICS, shape};
use super::parsed::{Bench, Input, Parsed, RATE, Source, TIME, not_negative};
use super::registry::{Format, Reader};
use super::requests::{PERCENTILES, whole};
use super::units::SECOND;
use crate::model::{Direction, Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "nighthawk",
    aliases: &[],
    produced_by: "nighthawk_client --output-format json URL > FILE",
    known_by: "JSON with `results[].statistics` and `options`",
    versions: &["0.5"],
    metrics: METRICS,
    samples: false,
    url: "https://github.com/envoyproxy/nighthawk",
    sniff: |content| content.has("options") && content.has("results/[]/statistics"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Output {
    options: Asked,
    results: Vec<Part>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    uri: String,
    connections: Option<u64>,
    requests_per_second: Option<u64>,
}

#[derive(Deserialize)]
struct Part {
    name: String,
    #[serde(default)]
    statistics: Vec<Statistic>,
    #[serde(default)]
    counters: Vec<Counter>,
    execution_duration: Option<Seconds>,
}

#[derive(Deserialize)]
struct Counter {
    name: String,
    value: Count,
}

/// A duration is in `mean`, anything else in `raw_mean`.
#[derive(Deserialize)]
struct Statistic {
    #[serde(default)]
    id: String,
    count: Count,
    #[serde(default)]
    percentiles: Vec<Percentile>,
    mean: Option<Seconds>,
    min: Option<Seconds>,
    max: Option<Seconds>,
    raw_mean: Option<f64>,
    raw_min: Option<Count>,
    raw_max: Option<Count>,
}

#[derive(Deserialize)]
struct Percentile {
    percentile: f64,
    duration: Option<Seconds>,
    raw_value: Option<f64>,
}

/// Text like `12`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Count(u64);

impl TryFrom<String> for Count {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let count = whole(text.as_bytes());
        count
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a whole number"))
    }
}

/// Text like `0.001s`, in seconds.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "String")]
struct Seconds(f64);

impl TryFrom<String> for Seconds {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = text.strip_suffix('s').and_then(|n| n.parse::<f64>().ok());
        number
            .filter(|seconds| seconds.is_finite())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a duration such as `0.001s`"))
    }
}

const LATENCY: &str = "benchmark_http_client.request_to_response";
/// Requests that never had an answer.
const LOST: [&str; 3] = [
    "benchmark.stream_resets",
    "benchmark.pool_connection_failure",
    "benchmark.pool_overflow",
];
const GOOD: [&str; 3] = [
    "benchmark.http_1xx",
    "benchmark.http_2xx",
    "benchmark.http_3xx",
];

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let output: Output = json::document(input.bytes)?;
    let mut parsed = Parsed::default();
    let name = match output.options.uri.as_str() {
        "" => input.stem,
        uri => uri,
    };
    let tags = shape([
        ("connections", output.options.connections),
        ("rate", output.options.requests_per_second),
    ]);
    // With one worker there may be no sum of all.
    let part = match output.results.as_slice() {
        [] => {
            parsed.fail_slice(name, tags, "it has no results");
            return Ok(parsed);
        }
        [one] => one,
        several => several
            .iter()
            .find(|part| part.name == "global")
            .ok_or_else(|| Fault::at("results", "none of them is called `global`"))?,
    };
    of_part(part, name, tags, &mut parsed)?;
    Ok(parsed)
}

fn of_part(part: &Part, name: &str, tags: Tags, parsed: &mut Parsed) -> Result<(), Fault> {
    let (mut made, mut failed, mut counted) = (0.0, 0.0, false);
    for counter in &part.counters {
        let count = counter.value.0 as f64;
        let good = GOOD.contains(&counter.name.as_str());
        if good
            || counter.name.starts_with("benchmark.http_")
            || LOST.contains(&counter.name.as_str())
        {
            counted = true;
            made += count;
            failed += if good { 0.0 } else { count };
        }
    }
    let latency = part.statistics.iter().find(|s| s.id == LATENCY);
    let source: Source<'_> = ("counters", "count");
    let load = if counted {
        Load::new(name, tags.clone(), (made, source), (failed, source), parsed)?
    } else if let Some(latency) = latency {
        Load::failures_unknown(name, tags.clone(), (latency.count.0 as f64, source), parsed)?
    } else {
        None
    };
    let sound = load.is_some();
    if let Some(mut load) = load {
        if let Some(latency) = latency {
            load.requests(latency.count.0);
            for (statistic, seconds) in durations(latency) {
                load.latency(&statistic, seconds, SECOND, (LATENCY, "s"))?;
            }
        }
        if let Some(Seconds(seconds)) = part.execution_duration.filter(|s| s.0 > 0.0)
            && counted
        {
            load.value("rate", made / seconds, RATE, ("counters", "1/s"))?;
        }
    }
    if sound || !(counted || latency.is_some()) {
        let bench = Bench::new(name, tags);
        for other in part.statistics.iter().filter(|s| s.id != LATENCY) {
            statistic(&bench, other, parsed)?;
        }
    }
    Ok(())
}

/// Mean, minimum, maximum and percentiles in seconds.
fn durations(of: &Statistic) -> Vec<(String, f64)> {
    let plain = [("mean", of.mean), ("min", of.min), ("max", of.max)];
    let plain = plain
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?.0)));
    let all = plain.chain(percentiles(of, |p| p.duration.map(|d| d.0)));
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The percentiles as every log has them: each the first that reaches its share.
fn percentiles<'s>(
    of: &'s Statistic,
    value: impl Fn(&Percentile) -> Option<f64> + 's,
) -> impl Iterator<Item = (&'static str, f64)> + 's {
    PERCENTILES.iter().filter_map(move |(name, share)| {
        let reached = of
            .percentiles
            .iter()
            .find(|p| p.percentile >= share - 1e-9)?;
        Some((*name, value(reached)?))
    })
}

/// A statistic of anything but the latency, under its own name.
fn statistic(bench: &Bench, of: &Statistic, parsed: &mut Parsed) -> Result<(), Fault> {
    if of.id.is_empty() || of.count.0 == 0 {
        return Ok(());
    }
    let counts = |count: &Option<Count>| count.as_ref().map(|count| count.0 as f64);
    let raw = [
        ("mean", of.raw_mean),
        ("min", counts(&of.raw_min)),
        ("max", counts(&of.raw_max)),
    ];
    let raw = raw
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let raw = raw.chain(percentiles(of, |p| p.raw_value));
    let raw = raw.map(|(name, value)| {
        (
            name.to_owned(),
            value,
            (Unit::Other(String::new()), None::<Direction>),
        )
    });
    let times = durations(of)
        .into_iter()
        .map(|(name, seconds)| (name, seconds * SECOND, TIME));
    for (name, value, kind) in raw.chain(times) {
        let value = not_negative(value, || of.id.clone())?;
        let unit = if kind == TIME { "s" } else { "" };
        let metric = format!("{}.{name}", of.id);
        let made = bench.value(metric, (value, of.count.0), kind, (&of.id, unit));
        parsed.measurements.push(made);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};

    #[test]
    fn a_report_and_its_shape() {
        let reading = read_fixture("nighthawk/handmade-output.json");
        let of = |metric| get(&reading, "http://127.0.0.1:10001/", metric);
        assert!(close(of("latency.p95").value, 250_000.0) && of("latency.p95").n == 190);
        assert!(close(of("requests").value, 200.0) && close(of("failures").value, 10.0));
        assert!(close(of("rate").value, 50.0) && of("rate").tags["connections"] == "1");
        assert!(close(of("sequencer.callback.p50").value, 210_000.0));
        assert!(close(
            of("benchmark_http_client.response_body_size.mean").value,
            10.0
        ));
    }

    #[test]
    fn failed_tests_and_mistakes() {
        let text = std::fs::read_to_string(fixture("nighthawk/handmade-output.json")).unwrap();
        let changed = |from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            changed
        };
        for (changed, reason) in [
            (
                changed("benchmark.http_2xx", "benchmark.http_4xx"),
                "every request failed",
            ),
            (
                changed("\"190\"", "\"0\"").replace("\"value\": \"10\"", "\"value\": \"0\""),
                "no requests",
            ),
        ] {
            let reading = read_text("x", "nighthawk", &changed).unwrap();
            assert!(reading.measurements.is_empty(), "{reason}");
            assert!(reading.failures[0].reason.contains(reason), "{reason}");
        }
        for (from, to) in [
            ("\"0.000250s\"", "\"-0.000250s\""),
            ("\"0.000250s\"", "\"0.000250\""),
            ("\"0.000250s\"", "\"0,000250s\""),
            ("\"0.000250s\"", "\"NaNs\""),
            ("\"0.000250s\"", "0.00025"),
            ("\"190\"", "190"),
            ("\"190\"", "\"-190\""),
            ("\"190\"", "\"99999999999999999999\""),
            ("\"raw_mean\": 10", "\"raw_mean\": 1e999"),
        ] {
            assert!(
                read_text("x", "nighthawk", &changed(from, to)).is_err(),
                "{to}"
            );
        }
        assert!(
            read_text("x", "nighthawk", "{\"options\": {}, \"results\": []}")
                .unwrap()
                .measurements
                .is_empty()
        );
    }
}
