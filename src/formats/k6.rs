//! k6's end-of-test summaries, in the three shapes that it writes, and its single measurements.
//!
//! Versions seen: 0.4x and 0.5x (files of public repositories), 2.2.0.
//! Producer: <https://grafana.com/docs/k6/latest/results-output/end-of-test/custom-summary/> and
//! <https://github.com/grafana/k6/tree/master/internal/lib/summary>.
//!
//! - `--summary-export F`: flat values; neither types nor units are given. k6's own metrics are
//!   known by name; a custom trend may be a time or not, so its numbers stay unscaled, without
//!   unit and direction.
//! - `handleSummary(data)` written as it is: types, `contains`, `values`.
//! - `--new-machine-readable-summary --summary-export F` (1.5 and later): metrics in a list,
//!   counters without rates. A statistic that was not asked for is null.
//! - `--out json=F` and `--out csv=F`: every number of every request. The whole becomes what the
//!   summary would be; requests are also told apart by `name`, `scenario` and `group`. The CSV does
//!   not say what custom metrics are, so these are left out of it. Requests of `setup()` count, as
//!   they do in k6's own summary; they have the tag `group=setup`.
//!
//! Times are milliseconds. The file does not name the test, so the benchmark is the stem of the
//! file. `http_req_duration` becomes `latency.*`, `http_reqs` `requests` and `rate`,
//! `http_req_failed` `failures` and `error_rate`; any other metric keeps its name, a trend with its
//! statistics as endings (`checkout_time.p95`). A submetric's `{name:slow}` becomes tags. `vus` is
//! a measurement, no tag: with an arrival rate it differs from run to run. Thresholds are left
//! alone, since `true` means crossed in one shape and kept in another; budgets take their place.
//!
//! A test without requests, or in which all of them failed, has no numbers worth a name: it is a
//! failure.

use super::content::Content;
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::moments::LoadMoment;
use super::parsed::{Bench, Parsed, RATE, TIME, not_negative};
use super::registry::{Format, Reader};
use super::source::Source;
use super::units::{self, MILLISECOND};
use crate::model::{Direction, Measurement, Tags, Unit};
use serde::Deserialize;

mod points;
mod shapes;
#[cfg(test)]
mod tests;

pub(crate) const FORMAT: Format = Format {
    name: "k6",
    aliases: &[],
    produced_by: "k6 run --summary-export FILE, --out json=FILE, --out csv=FILE, or handleSummary writing JSON",
    known_by: "JSON with `metrics` (`http_reqs`, `iterations`, `vus`) or `results.metrics`, lines with `metric`, `type` and `data`, or CSV that begins with `metric_name,timestamp,metric_value`",
    versions: &["0.4x", "0.5x", "1.1.0", "2.2.0"],
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
        "any other metric's own name",
    ],
    samples: false,
    url: "https://grafana.com/docs/k6/latest/results-output/end-of-test/custom-summary/",
    sniff: |content| {
        let summary = [
            "http_reqs",
            "iterations",
            "vus",
            "http_req_duration",
            "iteration_duration",
        ]
        .iter()
        .any(|name| content.has(&format!("metrics/{name}")));
        summary
            || is_points(content)
            || is_csv(content)
            || (content.has("results/metrics/[]/values")
                && content.has("results/metrics/[]/contains"))
            || content.has("metadata/k6_version")
    },
    reader: Reader::Stream(read),
};

/// `--out json`: a line for every number, lines for every metric before its first.
fn is_points(content: &Content<'_>) -> bool {
    content.has("metric")
        && content.has("type")
        && (content.has("data/type") || content.has("data/time"))
}

/// `--out csv`.
fn is_csv(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default();
    first.starts_with("metric_name,timestamp,metric_value")
}

/// What kind of numbers a metric collects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Trend,
    Counter,
    Rate,
    Gauge,
}

/// A metric of any shape.
#[derive(Debug, PartialEq)]
struct Metric {
    /// With its submetric's tags still on it.
    name: String,
    /// Where it stands in the file.
    place: String,
    values: Values,
    contains: Contains,
}

/// What a metric's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Contains {
    Time,
    Data,
    Default,
    /// The file does not say.
    #[serde(skip)]
    Unknown,
}

#[derive(Debug, PartialEq)]
enum Values {
    /// Statistics by the name of their metric's ending, and the count of values if given.
    Trend(Vec<(String, f64)>, Option<f64>),
    /// Total, and per second.
    Counter(f64, Option<f64>),
    /// Share of hits, hits.
    Rate(f64, Option<f64>),
    /// Last value.
    Gauge(f64),
    /// A statistic is null where it must be a number.
    Null(String),
}

/// A summary of any shape.
struct Summary {
    version: Option<String>,
    metrics: Vec<Metric>,
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    if is_csv(&content) {
        return points::csv(source, stem);
    }
    if is_points(&content) {
        return points::ndjson(source, stem);
    }
    let summary = shapes::read(source.rest()?)?;
    Ok(Parsed {
        version: summary.version,
        ..of_summary(stem, &summary.metrics)?
    })
}

/// What the service was like in every second of the run; a summary does not say.
pub(super) fn moments(source: &mut Source<'_>) -> Result<Option<Vec<LoadMoment>>, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    let csv = is_csv(&content);
    if !csv && !is_points(&content) {
        return Ok(None);
    }
    points::moments(source, csv).map(Some)
}

/// The measurements of a whole test.
fn of_summary(stem: &str, metrics: &[Metric]) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    if let Some(reason) = no_result(metrics) {
        parsed.fail(stem, reason);
        return Ok(parsed);
    }
    let requests = metrics.iter().find_map(|m| match m.values {
        Values::Counter(count, _) if m.name == "http_reqs" => Some(count),
        _ => None,
    });
    for metric in metrics {
        let (name, tags) = tags(&metric.name);
        let empty = match &metric.values {
            Values::Null(what) => Some(format!("`{what}` of {} is null", metric.name)),
            _ if is_empty_duration(metric) => {
                Some(format!("no request belongs to {}", metric.name))
            }
            _ => None,
        };
        if let Some(reason) = empty {
            parsed.fail_slice(stem, tags, reason);
            continue;
        }
        let bench = Bench::new(stem, tags);
        let n = requests.filter(|_| metric.name == "http_req_duration");
        parsed
            .measurements
            .extend(measure(&bench, name, metric, n)?);
    }
    Ok(parsed)
}

/// Why a test has no result, if it has none.
fn no_result(metrics: &[Metric]) -> Option<String> {
    let find = |name: &str| metrics.iter().find(|m| m.name == name);
    for name in ["http_reqs", "http_req_duration", "http_req_failed"] {
        if let Some(Values::Null(what)) = find(name).map(|m| &m.values) {
            return Some(format!("`{what}` of {name} is null"));
        }
    }
    let done = |m: &Metric| match &m.values {
        Values::Counter(count, _) => *count > 0.0,
        Values::Trend(statistics, _) => !statistics.is_empty() && !is_empty_duration(m),
        _ => false,
    };
    if find("http_reqs").is_some_and(|m| !done(m)) {
        return Some("no requests were made".to_owned());
    }
    // Tests of other protocols make no HTTP requests; they have trends of their own.
    let own = |m: &Metric| {
        matches!(m.values, Values::Trend(..)) && !BOOKKEEPING.contains(&m.name.as_str())
    };
    if find("http_reqs").is_none() && !metrics.iter().any(own) {
        return Some("no requests were made".to_owned());
    }
    if find("http_req_duration").is_some_and(|m| !done(m)) {
        return Some("no request has a duration".to_owned());
    }
    if let Some(Values::Rate(rate, _)) = find("http_req_failed").map(|m| &m.values)
        && *rate >= 1.0
    {
        return Some("every request failed".to_owned());
    }
    None
}

/// Whether a trend of request durations, or a slice of it, has no requests: k6 writes zeros then,
/// as it does for a threshold on a tag that nothing carried.
fn is_empty_duration(metric: &Metric) -> bool {
    let Values::Trend(statistics, counted) = &metric.values else {
        return false;
    };
    metric.name.starts_with("http_req_duration")
        && (*counted == Some(0.0) || statistics.iter().all(|(_, value)| *value <= 0.0))
        && statistics.iter().all(|(_, value)| *value >= 0.0)
}

/// Trends that exist without a request.
const BOOKKEEPING: [&str; 2] = ["iteration_duration", "group_duration"];

/// `http_req_duration{name:slow,status:200}` as name and tags, cut as k6 itself does.
fn tags(name: &str) -> (&str, Tags) {
    let inner = name
        .split_once('{')
        .and_then(|(base, rest)| Some((base, rest.strip_suffix('}')?)));
    let Some((base, inner)) = inner else {
        return (name, Tags::new());
    };
    let clean = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
    let tags = inner
        .split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
            (clean(key), clean(value))
        })
        .collect();
    (base, tags)
}

/// The measurements of one metric; `requests` stand behind it where it does not count itself.
fn measure(
    bench: &Bench,
    name: &str,
    metric: &Metric,
    requests: Option<f64>,
) -> Result<Vec<Measurement>, Fault> {
    let count = |value: f64| not_negative(value, || metric.place.clone());
    let mut made = Vec::new();
    match &metric.values {
        Values::Trend(statistics, counted) => {
            let prefix = if name == "http_req_duration" {
                "latency"
            } else {
                name
            };
            let (unit, direction, factor, source_unit) = match metric.contains {
                Contains::Time => (TIME.0, TIME.1, MILLISECOND, "ms"),
                Contains::Data => (Unit::Bytes, None, 1.0, "B"),
                Contains::Default | Contains::Unknown => {
                    (Unit::Other(String::new()), None, 1.0, "")
                }
            };
            let n = count(counted.or(requests).unwrap_or(1.0))? as u64;
            for (ending, value) in statistics {
                let value = match metric.contains {
                    Contains::Time => count(*value)? * factor,
                    _ => *value,
                };
                made.push(bench.value(
                    format!("{prefix}.{ending}"),
                    (value, n),
                    (unit.clone(), direction),
                    (&metric.name, source_unit),
                ));
            }
        }
        Values::Counter(total, per_second) => {
            let data = metric.contains == Contains::Data;
            let (unit, rate_unit, text) = if data {
                (Unit::Bytes, Unit::BytesPerSecond, "B")
            } else {
                (Unit::Count, Unit::PerSecond, "count")
            };
            let known = ["http_reqs", "iterations", "data_sent", "data_received"].contains(&name);
            let (total_name, rate_name) = if name == "http_reqs" {
                ("requests".to_owned(), "rate".to_owned())
            } else {
                (name.to_owned(), format!("{name}.rate"))
            };
            made.push(bench.value(
                total_name,
                (count(*total)?, 1),
                (unit, None),
                (&metric.name, text),
            ));
            if let Some(per_second) = per_second {
                made.push(bench.value(
                    rate_name,
                    (count(*per_second)?, 1),
                    (rate_unit, RATE.1.filter(|_| known)),
                    (&metric.name, if data { "B/s" } else { "1/s" }),
                ));
            }
        }
        Values::Rate(share, hits) => {
            let failed = name == "http_req_failed";
            let (share_name, direction) = match name {
                "http_req_failed" => ("error_rate", Some(Direction::Lower)),
                "checks" => ("checks", Some(Direction::Higher)),
                own => (own, None),
            };
            made.push(bench.value(
                share_name,
                (*share, 1),
                (Unit::Ratio, direction),
                (&metric.name, "ratio"),
            ));
            if let Some(hits) = hits.filter(|_| failed) {
                made.push(bench.value(
                    "failures",
                    (count(hits)?, 1),
                    (Unit::Count, Some(Direction::Lower)),
                    (&metric.name, "count"),
                ));
            }
        }
        Values::Gauge(value) => {
            let (unit, text) = match (metric.contains, name) {
                (_, "vus" | "vus_max") => (Unit::Count, "count"),
                (Contains::Time, _) => (Unit::Nanoseconds, "ms"),
                (Contains::Data, _) => (Unit::Bytes, "B"),
                _ => (Unit::Other(String::new()), ""),
            };
            let factor = if text == "ms" { MILLISECOND } else { 1.0 };
            made.push(bench.value(
                name,
                (*value * factor, 1),
                (unit, None),
                (&metric.name, text),
            ));
        }
        Values::Null(_) => {}
    }
    Ok(made)
}

/// The ending that a trend's statistic gives its metric; `None` where the name is not known.
fn ending(statistic: &str) -> Option<String> {
    let percentile = |text: &str| units::percentile(text);
    match statistic {
        "avg" => Some("mean".to_owned()),
        "min" | "max" => Some(statistic.to_owned()),
        "med" => Some("p50".to_owned()),
        _ => match statistic.strip_prefix("p(") {
            Some(rest) => percentile(rest.strip_suffix(')')?),
            None => percentile(statistic.strip_prefix('p')?),
        },
    }
}
