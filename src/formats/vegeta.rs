//! vegeta's `report -type=json`, and its single results as `encode` writes them: CSV or NDJSON.
//!
//! Versions seen: 12.8.4.
//! Producer: <https://github.com/tsenart/vegeta/blob/master/lib/metrics.go>
//!
//! Times are nanoseconds. The report does not name its targets, so the benchmark is the stem of
//! the file. `rate` is the rate of sending, `throughput` that of successes; `success` is the share
//! of status codes 200 to 399. 90th and min are missing in versions before 2020. Of single results
//! every target is measured apart, too, with the tag `target`.

use super::content::Content;
use super::delimited::Records;
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::Load;
use super::parsed::{Input, Parsed, RATE};
use super::registry::{Format, Reader};
use super::requests::{Failures, How, Request, Requests, shown, whole};
use super::source::Source;
use crate::model::Tags;
use serde::Deserialize;
use std::borrow::Cow;

pub(crate) const FORMAT: Format = Format {
    name: "vegeta",
    aliases: &[],
    produced_by: "vegeta report -type=json > FILE, or vegeta encode -to csv|json > FILE",
    known_by: "JSON with `latencies` (`50th`, `99th`), `requests` and `success`, lines with `attack`, `seq` and `latency`, or rows of time (ns), code, latency and sizes",
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
            || is_ndjson(content)
            || is_csv(content)
    },
    reader: Reader::Stream(read),
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

fn is_ndjson(content: &Content<'_>) -> bool {
    content.has("attack") && content.has("seq") && content.has("latency") && content.has("code")
}

/// There is no header: a time in nanoseconds, a status code, a latency, two sizes, an error.
fn is_csv(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default();
    let cells: Vec<&[u8]> = first.trim_end().split(',').map(str::as_bytes).collect();
    let number = |at: usize| cells.get(at).is_some_and(|cell| whole(cell).is_some());
    cells.len() >= 6
        && cells.first().is_some_and(|cell| cell.len() == 19)
        && (0..5).all(number)
        && cells.get(1).is_some_and(|cell| cell.len() <= 3)
}

const HOW: How = How {
    step: 1.0,
    source: "latency",
    unit: "ns",
    failures: Failures::All,
};

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    let requests = if is_csv(&content) {
        csv(source)?
    } else if is_ndjson(&content) {
        ndjson(source)?
    } else {
        let bytes = source.rest()?;
        return report(&Input::of(bytes, stem));
    };
    let mut parsed = Parsed::default();
    requests
        .total()?
        .report(stem, Tags::new(), &HOW, &mut parsed)?;
    for (target, tally) in requests.by_name() {
        let target = String::from_utf8_lossy(target).into_owned();
        if !target.is_empty() {
            let tags = [("target".to_owned(), target)].into();
            tally.report(stem, tags, &HOW, &mut parsed)?;
        }
    }
    Ok(parsed)
}

fn request(start: i64, latency: u64, code: u64, error: bool) -> Request {
    let end = i64::try_from(latency)
        .ok()
        .and_then(|long| start.checked_add(long));
    Request {
        latency: Some(latency),
        failed: error || !(200..400).contains(&code),
        span: end.map(|end| (start, end)),
    }
}

/// Columns: timestamp, code, latency, bytes out, bytes in, error, body, attack, seq, and since
/// version 12 method, URL and headers.
fn csv(source: &mut Source<'_>) -> Result<Requests, Fault> {
    let mut records = Records::new(b',');
    let mut requests = Requests::default();
    let mut columns = None;
    let mut target = Vec::new();
    while let Some(cells) = records.next(source)? {
        if *columns.get_or_insert(cells.len()) != cells.len() {
            return Err(Fault::at(
                cells.place(),
                "it has another number of cells than the first line; the file may be cut off",
            ));
        }
        cells.whole(&[cells.len() - 1])?;
        let number = |at: usize, what: &str| {
            whole(cells.get(at)).ok_or_else(|| {
                let cell = shown(cells.get(at));
                Fault::at(cells.place(), format!("{cell} is not a {what}"))
            })
        };
        let start = i64::try_from(number(0, "time in nanoseconds")?).unwrap_or(i64::MAX);
        let (code, latency) = (
            number(1, "status code")?,
            number(2, "latency in nanoseconds")?,
        );
        target.clear();
        for at in [9, 10] {
            if !target.is_empty() {
                target.push(b' ');
            }
            target.extend_from_slice(cells.get(at));
        }
        let error = !cells.get(5).is_empty();
        requests.add(&target, &request(start, latency, code, error))?;
    }
    Ok(requests)
}

#[derive(Deserialize)]
struct Single<'a> {
    code: u64,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    latency: u64,
    #[serde(borrow)]
    error: Cow<'a, str>,
    #[serde(borrow, default)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
}

fn ndjson(source: &mut Source<'_>) -> Result<Requests, Fault> {
    let mut requests = Requests::default();
    while source.advance()? {
        let line = source.current();
        if line.is_empty() {
            continue;
        }
        let wrong = |reason: String| Fault::at(source.place(), reason);
        let one: Single<'_> = serde_json::from_slice(line).map_err(|error| {
            wrong(if error.is_eof() {
                "the line ends too early, the file is cut off".to_owned()
            } else {
                format!("it is not one of vegeta's results: {error}")
            })
        })?;
        let time: jiff::Timestamp =
            one.timestamp.parse().ok().ok_or_else(|| {
                wrong(format!("{} is not a time", shown(one.timestamp.as_bytes())))
            })?;
        let start = i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
        let target = format!("{} {}", one.method, one.url);
        let request = request(start, one.latency, one.code, !one.error.is_empty());
        requests.add(target.trim().as_bytes(), &request)?;
    }
    Ok(requests)
}

fn report(input: &Input<'_>) -> Result<Parsed, Fault> {
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
    // What was sent, which is less than what was asked for where the service is too slow.
    load.value("rate", report.rate, RATE, ("rate", "1/s"))?;
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
        assert_eq!(of("rate").direction, Some(Direction::Higher));
    }

    const TEXT: &str = r#"{"latencies": {"mean": 1, "50th": 1, "95th": 2, "99th": 3, "max": 4},
        "requests": N, "rate": 9, "success": S, "status_codes": {"200": N}, "errors": []}"#;

    #[test]
    fn single_results_in_both_forms() {
        let row = |start: u64, code: u16, latency: u64, error: &str, url: &str| {
            format!(
                "{},{code},{latency},0,4,{error},e30=,a,1,GET,{url},eA==\n",
                1_795_231_873_000_000_000_u64 + start
            )
        };
        let csv = row(0, 200, 1_000_000, "", "/a")
            + &row(1_000_000_000, 500, 3_000_000, "\"500, no\"", "/b")
            + &row(1_997_000_000, 204, 3_000_000, "", "/a");
        let line = |second: &str, code: u16, latency: u64, error: &str, url: &str| {
            format!(
                "{{\"attack\":\"a\",\"seq\":1,\"code\":{code},\"timestamp\":\"2026-11-21T03:31:{second}Z\",\"latency\":{latency},\"bytes_out\":0,\"bytes_in\":4,\"error\":\"{error}\",\"body\":null,\"method\":\"GET\",\"url\":\"{url}\",\"headers\":{{}}}}\n"
            )
        };
        let ndjson = line("13.000", 200, 1_000_000, "", "/a")
            + &line("14", 500, 3_000_000, "500 no", "/b")
            + &line("14.997", 204, 3_000_000, "", "/a");
        for text in [&csv, &ndjson] {
            let reading = read_text("run.x", "vegeta", text).unwrap();
            let of = |metric| get(&reading, "run", metric).value;
            assert!(close(of("requests"), 3.0) && close(of("failures"), 1.0));
            assert!(close(of("latency.p95"), 3e6) && close(of("rate"), 1.5));
            let a = reading
                .measurements
                .iter()
                .filter(|m| m.tags.get("target").is_some_and(|t| t == "GET /a"));
            assert!(a.count() > 5);
            assert_eq!(reading.failures[0].reason, "every request failed");
            for end in [text.len() / 2, text.len() - 10] {
                assert!(read_text("run.x", "vegeta", &text[..end]).is_err());
            }
        }
        for (from, to) in [
            ("1000000,0", "-1,0"),
            ("1000000,0", "1.5,0"),
            ("1000000,0", "NaN,0"),
            (",200,", ",OK,"),
        ] {
            let error = read_text(
                "run.x",
                "vegeta",
                &csv.replacen(from, to, 1)
                    .replace("1795231873000000000", "1795231873000000001"),
            )
            .unwrap_err();
            assert!(!error.reason.is_empty(), "{to}");
        }
    }

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
