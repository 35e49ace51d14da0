//! fortio's `-json`, and Nighthawk's `--output-format fortio`.
//!
//! Versions seen: files of Nighthawk 0.3 and 0.4 in fortio's form; fortio 1.x from its source.
//! Producer: <https://github.com/fortio/fortio/blob/master/periodic/periodic.go> (`RunnerResults`)
//! and <https://github.com/fortio/fortio/blob/master/stats/stats.go> (`HistogramData`).
//!
//! Durations are seconds, which the file does not say. The benchmark is the URL (of gRPC the
//! destination), else the label. Threads and the rate that was asked for are tags. Failed is every
//! answer other than 1xx to 3xx, `OK` and `SERVING`. Percentiles are those that the file names;
//! of 50, 90, 95 and 99 what it does not name is interpolated inside its buckets, as fortio itself
//! does. Nighthawk writes counts as text.

use super::buckets::{self, Bucket};
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::{Load, METRICS, shape};
use super::parsed::{Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::units::{self, SECOND};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

pub(crate) const FORMAT: Format = Format {
    name: "fortio",
    aliases: &[],
    produced_by: "fortio load -json FILE URL (or nighthawk --output-format fortio)",
    known_by: "JSON with `DurationHistogram` and `ActualQPS`",
    versions: &["1.x", "nighthawk 0.3"],
    metrics: METRICS,
    samples: false,
    url: "https://github.com/fortio/fortio",
    sniff: |content| content.has("DurationHistogram") && content.has("ActualQPS"),
    reader: Reader::File(read),
};

/// A count as a number, or as text.
trait Count: DeserializeOwned {
    fn value(&self) -> Option<u64>;
}

impl Count for u64 {
    fn value(&self) -> Option<u64> {
        Some(*self)
    }
}

impl Count for String {
    fn value(&self) -> Option<u64> {
        super::requests::whole(self.as_bytes())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "C: Count")]
struct Report<C> {
    #[serde(default)]
    labels: String,
    #[serde(default, rename = "URL")]
    url: String,
    #[serde(default)]
    destination: String,
    #[serde(default)]
    version: String,
    #[serde(rename = "RequestedQPS")]
    requested: Option<Requested>,
    #[serde(rename = "ActualQPS")]
    actual: f64,
    num_threads: Option<u64>,
    duration_histogram: Histogram<C>,
    ret_codes: Option<UniqueMap<C>>,
}

/// fortio writes text (`8`, `max`), Nighthawk a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Requested {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "C: Count")]
struct Histogram<C> {
    count: C,
    min: Option<f64>,
    max: Option<f64>,
    avg: Option<f64>,
    data: Option<Vec<Piece<C>>>,
    percentiles: Option<Vec<Percentile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "C: Count")]
struct Piece<C> {
    start: f64,
    end: f64,
    count: C,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Percentile {
    percentile: f64,
    value: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Peek {
    duration_histogram: PeekCount,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PeekCount {
    count: serde_json::Value,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let peek: Peek = json::document(input.bytes)?;
    if peek.duration_histogram.count.is_string() {
        of::<String>(json::document(input.bytes)?, input.stem)
    } else {
        of::<u64>(json::document(input.bytes)?, input.stem)
    }
}

fn counted<C: Count>(count: &C, place: &str) -> Result<u64, Fault> {
    let whole = count.value();
    whole.ok_or_else(|| Fault::at(place, "it is not a whole number"))
}

fn works(code: &str) -> bool {
    matches!(code, "OK" | "SERVING")
        || code
            .parse()
            .is_ok_and(|code: u16| (100..400).contains(&code))
}

fn of<C: Count>(report: Report<C>, stem: &str) -> Result<Parsed, Fault> {
    let mut parsed = Parsed {
        version: Some(report.version).filter(|version| !version.is_empty()),
        ..Parsed::default()
    };
    let names = [&report.url, &report.destination, &report.labels];
    let name = names.into_iter().find(|name| !name.is_empty());
    let name = name.map_or(stem, String::as_str);
    let mut tags = shape([("connections", report.num_threads)]);
    let asked = match report.requested {
        Some(Requested::Number(rate)) => Some(rate),
        Some(Requested::Text(text)) => text.parse().ok(),
        None => None,
    };
    if let Some(rate) = asked.filter(|rate| *rate > 0.0) {
        tags.insert("rate".to_owned(), rate.to_string());
    }
    let histogram = &report.duration_histogram;
    let measured = counted(&histogram.count, "DurationHistogram.Count")?;
    let mut load = match &report.ret_codes {
        Some(codes) if !codes.0.is_empty() => {
            let (mut made, mut failed) = (0.0, 0.0);
            for (code, count) in &codes.0 {
                let count = counted(count, &format!("RetCodes.{code}"))? as f64;
                made += count;
                failed += if works(code) { 0.0 } else { count };
            }
            let source = ("RetCodes", "count");
            Load::new(name, tags, (made, source), (failed, source), &mut parsed)?
        }
        _ => {
            let made = (measured as f64, ("DurationHistogram.Count", "count"));
            Load::failures_unknown(name, tags, made, &mut parsed)?
        }
    };
    if let Some(load) = &mut load {
        load.requests(measured);
        latencies(load, histogram)?;
        load.value("rate", report.actual, RATE, ("ActualQPS", "1/s"))?;
    }
    Ok(parsed)
}

fn latencies<C: Count>(load: &mut Load<'_>, histogram: &Histogram<C>) -> Result<(), Fault> {
    let mut named = BTreeSet::new();
    for one in histogram.percentiles.iter().flatten() {
        let place = format!("DurationHistogram.Percentiles.{}", one.percentile);
        let name = units::percentile(&one.percentile.to_string())
            .ok_or_else(|| Fault::at(&place, "it is not a percentile"))?;
        if !named.insert(name.clone()) {
            return Err(Fault::at(&place, "the percentile is given twice"));
        }
        load.latency(&name, one.value, SECOND, (&place, "s"))?;
    }
    let pieces = histogram.data.iter().flatten().map(|piece| {
        let count = counted(&piece.count, "DurationHistogram.Data")?;
        if !(piece.start.is_finite() && piece.end >= piece.start && piece.start >= 0.0) {
            return Err(Fault::at(
                "DurationHistogram.Data",
                format!("a bucket from {} to {} cannot be", piece.start, piece.end),
            ));
        }
        Ok(Bucket {
            lower: Some(piece.start),
            upper: piece.end,
            count: count as f64,
        })
    });
    let pieces: Vec<Bucket> = pieces.collect::<Result<_, Fault>>()?;
    for (name, share) in buckets::PERCENTILES {
        if !named.contains(name)
            && let Some(value) = buckets::percentile(&pieces, share)
        {
            load.latency(name, value, SECOND, ("DurationHistogram.Data", "s"))?;
        }
    }
    for (statistic, field, value) in [
        ("mean", "DurationHistogram.Avg", histogram.avg),
        ("min", "DurationHistogram.Min", histogram.min),
        ("max", "DurationHistogram.Max", histogram.max),
    ] {
        if let Some(value) = value {
            load.latency(statistic, value, SECOND, (field, "s"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};

    #[test]
    fn a_report_and_its_shape() {
        let reading = read_fixture("fortio/handmade-load.json");
        let of = |metric| get(&reading, "http://127.0.0.1:8080/echo", metric);
        assert!(close(of("latency.p99.9").value, 0.0158e9) && of("latency.p50").n == 200);
        assert!(close(of("requests").value, 200.0) && close(of("error_rate").value, 0.05));
        assert!(close(of("rate").value, 49.96));
        assert_eq!(of("rate").tags["connections"], "4");
        assert_eq!(of("rate").tags["rate"], "50");
        // The file names 50, 75, 90, 99 and 99.9; the 95th percentile is in the bucket of 8 to 10 ms.
        assert!(
            close(of("latency.p95").value, 9e6),
            "{}",
            of("latency.p95").value
        );
    }

    #[test]
    fn counts_as_text_are_those_of_nighthawk() {
        let text = r#"{"URL": "u", "ActualQPS": 2, "RequestedQPS": 3, "NumThreads": 1,
            "RetCodes": {"200": "4"}, "DurationHistogram": {"Count": "4",
            "Data": [{"Start": 0.001, "End": 0.002, "Percent": 100, "Count": "4"}]}}"#;
        let reading = read_text("x", "fortio", text).unwrap();
        assert!(close(get(&reading, "u", "latency.p50").value, 1.5e6));
        for (from, to) in [
            ("\"4\"}, ", "4}, "),
            ("\"Count\": \"4\"}", "\"Count\": \"four\"}"),
            ("\"4\"}]", "\"-4\"}]"),
        ] {
            assert!(
                read_text("x", "fortio", &text.replace(from, to)).is_err(),
                "{to}"
            );
        }
    }

    #[test]
    fn failed_tests_and_mistakes() {
        let text = std::fs::read_to_string(fixture("fortio/handmade-load.json")).unwrap();
        for (from, to, reason) in [
            ("\"200\": 190", "\"404\": 190", "every request failed"),
            (
                "\"200\": 190,\n    \"503\": 10",
                "\"200\": 0",
                "no requests",
            ),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            let reading = read_text("x", "fortio", &changed).unwrap();
            assert!(reading.measurements.is_empty(), "{to}");
            assert!(reading.failures[0].reason.contains(reason), "{to}");
            assert_eq!(reading.failures[0].tags["connections"], "4");
        }
        for (from, to) in [
            ("\"Avg\": 0.004", "\"Avg\": -0.004"),
            ("\"Avg\": 0.004", "\"Avg\": NaN"),
            ("\"Avg\": 0.004", "\"Avg\": \"0,004\""),
            ("\"Percentile\": 75", "\"Percentile\": 175"),
            ("\"Percentile\": 75", "\"Percentile\": 50"),
            ("\"Start\": 0.008", "\"Start\": 0.018"),
            ("\"ActualQPS\": 49.96", "\"ActualQPS\": 1e999"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            assert!(read_text("x", "fortio", &changed).is_err(), "{to}");
        }
    }
}
