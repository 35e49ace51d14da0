//! h2load's text, and its single requests (`--log-file`).
//!
//! Versions seen: nghttp2 1.52.0.
//! Producer: <https://nghttp2.org/documentation/h2load.1.html>
//!
//! Every time has its own unit; the log's are microseconds. The text has no percentiles but where
//! a version's columns name them. What did not succeed (status 200 to 399) failed. The log does not
//! hold requests that got no answer, so it gives no failures and no error rate. The benchmark is the
//! stem of the file; the number of clients is a tag.

use super::content::Content;
use super::delimited::{Records, number};
use super::fault::Fault;
use super::load::Load;
use super::parsed::{BANDWIDTH, Input, Parsed, RATE, Rounding, Rung, rising};
use super::registry::{Format, Reader};
use super::requests::{Failures, How, Request, Tally, shown, whole};
use super::source::Source;
use super::units::{self, MICROSECOND, MILLISECOND};
use super::wrk::binary_size;
use crate::model::Tags;
use std::collections::HashMap;

pub(crate) const FORMAT: Format = Format {
    name: "h2load",
    aliases: &[],
    produced_by: "h2load URL > FILE, or h2load --log-file=FILE URL",
    known_by: "text with `finished in …` and `time for request:`, or rows of time (µs), status and duration",
    versions: &["1.52.0"],
    metrics: &[
        "latency.p95 (log)",
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
    url: "https://nghttp2.org/documentation/h2load.1.html",
    sniff: |content| {
        is_log(content)
            || content.lines().any(|line| line.starts_with("finished in "))
                && content
                    .lines()
                    .any(|line| line.starts_with("time for request:"))
    },
    reader: Reader::Stream(read),
};

/// Rows of microseconds of 2001 to 2286, a status, a duration. The first of them may be damaged: the
/// reader says how.
fn is_log(content: &Content<'_>) -> bool {
    let mut rows = content
        .lines()
        .take(2)
        .map(|line| line.trim_end().split('\t').collect::<Vec<_>>());
    let like = |cells: &Vec<&str>| {
        let cells: Vec<&[u8]> = cells.iter().map(|cell| cell.as_bytes()).collect();
        matches!(cells[..], [time, status, long]
        if time.len() == 16 && whole(time).is_some() && whole(long).is_some() && code(status).is_some())
    };
    match (rows.next(), rows.next()) {
        (Some(first), _) if like(&first) => true,
        (Some(first), Some(second)) => first.len() == 3 && like(&second),
        _ => false,
    }
}

/// A status code; -1 where there was no answer.
fn code(cell: &[u8]) -> Option<u64> {
    if cell == b"-1" {
        Some(0)
    } else {
        whole(cell).filter(|code| *code < 1000)
    }
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    let rows = content
        .lines()
        .next()
        .is_some_and(|line| line.contains('\t'));
    if rows || is_log(&content) {
        return log(source, stem);
    }
    let bytes = source.rest()?;
    text(&Input::of(bytes, stem))
}

fn log(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut records = Records::without_quotes(b'\t');
    let mut tally = Tally::default();
    while let Some(cells) = records.next(source)? {
        let wrong = |at: usize, what: &str| {
            Fault::at(
                cells.place(),
                format!("{} is not a {what}", shown(cells.get(at))),
            )
        };
        if cells.len() != 3 {
            return Err(Fault::at(
                cells.place(),
                "it has not three cells; the file may be cut off",
            ));
        }
        cells.whole(&[0, 1, 2])?;
        let limit = |value: &u64| *value < 3_200_000_000_000_000;
        let start = whole(cells.get(0))
            .filter(limit)
            .ok_or_else(|| wrong(0, "time"))?;
        let status = code(cells.get(1)).ok_or_else(|| wrong(1, "status"))?;
        let long = whole(cells.get(2))
            .filter(limit)
            .ok_or_else(|| wrong(2, "duration"))?;
        let nanos = |micros: u64| i64::try_from(micros).ok()?.checked_mul(1000);
        tally.add(&Request {
            latency: Some(long),
            failed: !(200..400).contains(&status),
            span: nanos(start).zip(nanos(start + long)),
        })?;
    }
    let mut parsed = Parsed::default();
    let how = How {
        step: MICROSECOND,
        source: "duration",
        unit: "us",
        failures: Failures::OfAnswers,
    };
    tally.report(stem, Tags::new(), &how, &mut parsed)?;
    Ok(parsed)
}

fn text(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut clients = 0_u64;
    let mut counts: Option<(u64, u64, u64)> = None;
    let mut finished = None;
    let mut columns: Vec<String> = Vec::new();
    let mut times: Option<(Vec<String>, Vec<&str>, usize)> = None;
    for (number, line) in input.text()?.lines().enumerate() {
        let number = number + 1;
        let words: Vec<&str> = line.split_whitespace().collect();
        let wrong = |what: &str| {
            Fault::at(
                format!("line {number}"),
                format!("{what} is not understood: `{}`", line.trim()),
            )
        };
        if let ["spawning", "thread", _, n, "total", "client(s).", ..] = words[..] {
            clients += n
                .parse::<u32>()
                .ok()
                .ok_or_else(|| wrong("the number of clients"))
                .map(u64::from)?;
        } else if let Some(rest) = line.strip_prefix("requests:") {
            // `300 total, 300 started, 300 done, 300 succeeded, 0 failed, 0 errored, 0 timeout`
            let mut parts = HashMap::new();
            for part in rest.split(',') {
                let said = part.trim().split_once(' ');
                let said = said.and_then(|(n, name)| Some((name, n.parse::<u64>().ok()?)));
                let (name, n) = said.ok_or_else(|| wrong("the number of requests"))?;
                parts.insert(name, n);
            }
            let of = |name: &str| {
                let count = parts.get(name).copied();
                count.ok_or_else(|| wrong("the number of requests"))
            };
            let (total, succeeded) = (of("total")?, of("succeeded")?);
            let failed = total.checked_sub(succeeded);
            let failed = failed.ok_or_else(|| wrong("that more succeeded than were made"))?;
            // Those that got no answer have no time.
            let done = parts.get("done").copied().unwrap_or(total);
            counts = Some((total, failed, done));
        } else if let Some(rest) = line.strip_prefix("finished in ") {
            finished = Some((rest, number));
        } else if line.contains(" min ") && line.contains(" max ") {
            let names = words.iter().take_while(|word| **word != "+/-");
            columns = names.map(|word| (*word).to_owned()).collect();
        } else if let Some(rest) = line.strip_prefix("time for request:") {
            times = Some((columns.clone(), rest.split_whitespace().collect(), number));
        }
    }
    let (Some((requests, failed, done)), Some((finished, line)), Some((columns, cells, at))) =
        (counts, finished, times)
    else {
        return Err(Fault::whole(
            "`requests:`, `finished in` or `time for request:` is missing; the file may be cut off",
        ));
    };
    let tags: Tags = (clients > 0)
        .then(|| ("clients".to_owned(), clients.to_string()))
        .into_iter()
        .collect();
    let mut parsed = Parsed::default();
    let Some(mut load) = Load::new(
        input.stem,
        tags,
        (requests as f64, ("requests: total", "count")),
        (failed as f64, ("requests: succeeded", "count")),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    if columns.is_empty() {
        return Err(Fault::at(
            format!("line {at}"),
            "the line that names its columns is missing",
        ));
    }
    // Behind the columns stands the share within the deviation, whose heading is two words.
    if cells.len() != columns.len() + 1 {
        return Err(Fault::at(
            format!("line {at}"),
            "it has another number of cells than its heading; the file may be cut off",
        ));
    }
    load.requests(done);
    let mut rungs = Vec::new();
    for (column, cell) in columns.iter().zip(cells) {
        let statistic = match column.as_str() {
            "min" | "max" | "mean" => column.clone(),
            "median" => "p50".to_owned(),
            "sd" => continue,
            other => match other.strip_prefix('p').and_then(units::percentile) {
                Some(name) => name,
                None => {
                    return Err(Fault::at(
                        format!("line {at}"),
                        format!("the column `{other}` is not known"),
                    ));
                }
            },
        };
        let value = units::duration(cell).ok_or_else(|| {
            Fault::at(
                format!("line {at}"),
                format!("{} is not a duration", shown(cell.as_bytes())),
            )
        })?;
        rungs.extend(Rung::new(&statistic, value, Some(format!("line {at}"))));
        load.latency(
            &statistic,
            value / MILLISECOND,
            MILLISECOND,
            ("time for request", "ms"),
        )?;
    }
    rising(rungs, Rounding::default())?;
    // `187.84ms, 10647.13 req/s, 1.98MB/s`
    let parts: Vec<&str> = finished.split(',').map(str::trim).collect();
    if parts.len() != 3 {
        return Err(Fault::at(
            format!("line {line}"),
            "`finished in` does not say a time, a rate and a size",
        ));
    }
    for part in parts {
        if let Some(rate) = part.strip_suffix("req/s") {
            let rate = number(rate.trim().as_bytes(), || format!("line {line}"))?;
            load.value("rate", rate, RATE, ("finished in", "req/s"))?;
        } else if let Some(size) = part.strip_suffix("/s") {
            let value = binary_size(size).ok_or_else(|| {
                Fault::at(
                    format!("line {line}"),
                    format!("{} is not a size", shown(size.as_bytes())),
                )
            })?;
            load.value("bandwidth", value, BANDWIDTH, ("finished in", "B/s"))?;
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, fixture, get, read_fixture, read_text};

    #[test]
    fn text_and_log() {
        let text = read_fixture("h2load/json.txt");
        let of = |metric| get(&text, "json", metric);
        assert!(close(of("latency.mean").value, 279e3) && close(of("latency.max").value, 2.33e6));
        assert!(close(of("rate").value, 12569.13) && close(of("failures").value, 0.0));
        assert!(close(of("bandwidth").value, 2.18 * 1_048_576.0));
        assert_eq!(of("rate").tags["clients"], "4");
        let log = read_fixture("h2load/requests.log");
        assert!(close(get(&log, "requests", "requests").value, 60.0));
        assert!(
            get(&log, "requests", "latency.p95").value
                >= get(&log, "requests", "latency.p50").value
        );
    }

    #[test]
    fn the_log_does_not_know_what_failed() {
        let text = read_fixture("h2load/dropped.txt");
        assert!(close(get(&text, "dropped", "failures").value, 99.0));
        assert_eq!(get(&text, "dropped", "latency.mean").n, 1);
        let log = read_fixture("h2load/dropped.log");
        assert!(close(get(&log, "dropped", "requests").value, 1.0));
        let mut known = log.measurements.iter().map(|m| m.metric.as_str());
        assert!(known.all(|metric| !["failures", "error_rate"].contains(&metric)));
    }

    #[test]
    fn a_damaged_first_row_is_named() {
        let text = std::fs::read(fixture("h2load/requests.log")).unwrap();
        let text = [b"x".as_slice(), &text].concat();
        let path = std::path::Path::new("requests.log");
        let error = crate::formats::read_bytes(path, &text, &Default::default()).unwrap_err();
        assert_eq!(error.place.as_deref(), Some("line 1"), "{error}");
    }

    #[test]
    fn columns_that_are_percentiles() {
        let text = std::fs::read_to_string(fixture("h2load/json.txt")).unwrap();
        let text = text.replace(
            "min         max         mean         sd",
            "min         max         median         p95",
        );
        let reading = read_text("x", "h2load", &text).unwrap();
        assert!(close(get(&reading, "x", "latency.p95").value, 492e3));
    }

    #[test]
    fn failed_and_damaged_tests() {
        let text = std::fs::read_to_string(fixture("h2load/json.txt")).unwrap();
        let failed = text.replace("300 succeeded", "0 succeeded");
        assert_eq!(
            read_text("x", "h2load", &failed).unwrap().failures[0].reason,
            "every request failed"
        );
        for (from, to) in [
            ("300 succeeded", "301 succeeded"),
            ("300 total, 300 started", "-3 total, 300 started"),
            ("279us", "-279us"),
            ("279us", "0,279ms"),
            ("2.33ms", "33us"),
            ("12569.13", "12,569.13"),
            ("12569.13", "nan"),
            ("2.18MB", "2.18mb"),
            ("time for request", "time"),
        ] {
            assert!(
                read_text("x", "h2load", &text.replace(from, to)).is_err(),
                "{to}"
            );
        }
        let log = "1795250704458425\t200\t699\n1795250704458430\t-1\t716\n";
        let half = read_text("x", "h2load", log).unwrap();
        assert!(half.notes[0].contains("1 of 2 answers"), "{:?}", half.notes);
        for bad in [
            "1795250704458425\t200\n",
            "1795250704458425\t200\t-1\n",
            "x\t200\t1\n",
            "1795250704458425\tOK\t1\n",
        ] {
            let error = read_text("x", "h2load", &format!("{log}{bad}")).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 3"), "{bad}");
        }
    }
}
