//! ab's text, its percentiles (`-e`) and its single requests (`-g`).
//!
//! Versions seen: 2.3 (Apache 2.4).
//! Producer: <https://github.com/apache/httpd/blob/trunk/support/ab.c>
//!
//! Times are milliseconds, whole ones in the text and in `-g`. Of the text the benchmark is the
//! URL and the concurrency a tag; the other two name nothing, so it is the stem of the file, and
//! they do not say what failed. `Failed requests` counts answers of another length than the first,
//! as dynamic pages give; only errors of connection and reading, and answers other than 2xx, count
//! here, and the others are said. A connection that the server closed without a word counts for ab
//! as an answer of no length; where nothing was transferred at all, the test failed.

use super::content::Content;
use super::delimited::{Header, Records, number};
use super::fault::Fault;
use super::load::Load;
use super::parsed::{BANDWIDTH, Bench, Input, Parsed, RATE, Rounding, Rung, TIME, rising, scaled};
use super::registry::{Format, Reader};
use super::requests::{Failures, How, Request, Tally, shown, whole};
use super::source::Source;
use super::units::{self, MILLISECOND};
use crate::model::Tags;
use std::collections::HashMap;

pub(crate) const FORMAT: Format = Format {
    name: "ab",
    aliases: &["apachebench"],
    produced_by: "ab URL > FILE, ab -e FILE URL, or ab -g FILE URL",
    known_by: "text with `This is ApacheBench`, CSV with `Percentage served`, or rows with `starttime`, `ctime` and `ttime`",
    versions: &["2.3"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p50 … latency.p99",
        "requests",
        "failures",
        "error_rate",
        "rate",
        "bandwidth",
    ],
    samples: false,
    url: "https://httpd.apache.org/docs/current/programs/ab.html",
    sniff: |content| {
        is_text(content)
            || first(content).starts_with(PERCENTILES)
            || first(content).starts_with(REQUESTS)
    },
    reader: Reader::Stream(read),
};

const PERCENTILES: &str = "Percentage served,Time in ms";
const REQUESTS: &str = "starttime\tseconds\tctime\tdtime\tttime\twait";
/// The percentiles that the text prints; `-e` has all of them from 0 to 99.
const PRINTED: [&str; 8] = ["50", "66", "75", "80", "90", "95", "98", "99"];

fn first<'a>(content: &Content<'a>) -> &'a str {
    content.lines().next().unwrap_or_default()
}

fn is_text(content: &Content<'_>) -> bool {
    content
        .lines()
        .take(20)
        .any(|line| line.starts_with("This is ApacheBench"))
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    if first(&content).starts_with(PERCENTILES) {
        return percentiles(source, stem);
    }
    if first(&content).starts_with(REQUESTS) {
        return requests(source, stem);
    }
    if !is_text(&content) {
        return Err(Fault::whole("it has none of the forms of ab"));
    }
    let bytes = source.rest()?;
    text(&Input::of(bytes, stem))
}

fn percentiles(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    records.next(source)?;
    // Share, nanoseconds, line.
    let mut rows: Vec<(u64, f64, String)> = Vec::new();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        if cells.len() != 2 {
            return Err(Fault::at(
                place(),
                "it has not two cells; the file may be cut off",
            ));
        }
        cells.whole(&[0, 1])?;
        let share = whole(cells.get(0))
            .filter(|share| *share <= 100)
            .ok_or_else(|| {
                Fault::at(
                    place(),
                    format!("{} is not a percentage", shown(cells.get(0))),
                )
            })?;
        if rows.last().is_some_and(|(last, ..)| *last >= share) {
            return Err(Fault::at(place(), "its percentage does not rise"));
        }
        let value = scaled(number(cells.get(1), place)?, MILLISECOND, place)?;
        rows.push((share, value, place()));
    }
    let mut parsed = Parsed::default();
    match rows.last() {
        None => parsed.fail(stem, "no requests were made"),
        Some((99 | 100, ..)) => {}
        Some((share, ..)) => {
            let reason = format!("it ends at {share} %, before 99 %: the file is cut off");
            return Err(Fault::whole(reason));
        }
    }
    if let Some(from) = beyond_the_requests(&mut rows) {
        parsed.note(format!(
            "p{from} and higher are left out: with 50 requests or fewer ab writes numbers there that are none of its times"
        ));
    }
    let rung = |(share, value, place): &(u64, f64, String)| {
        Rung::new(&format!("p{share}"), *value, Some(place.clone()))
    };
    rising(rows.iter().filter_map(rung).collect(), Rounding::default())?;
    let bench = Bench::new(stem, Tags::new());
    for (share, value, _) in rows {
        let statistic = match share {
            100 => "max".to_owned(),
            _ if PRINTED.contains(&share.to_string().as_str()) => format!("p{share}"),
            _ => continue,
        };
        if value > 0.0 {
            let metric = format!("latency.{statistic}");
            let made = bench.value(metric, (value, 1), TIME, ("Time in ms", "ms"));
            parsed.measurements.push(made);
        }
    }
    Ok(parsed)
}

/// Of few requests ab takes the highest percentiles from behind the end of its list: what stands
/// there is whatever was in that memory. The list's last time, which is the maximum, stands in the
/// row before, so such rows can be told. Takes them out and says with which share they begin.
fn beyond_the_requests(rows: &mut Vec<(u64, f64, String)>) -> Option<u64> {
    let (_, max, _) = *rows.last().filter(|(share, ..)| *share == 100)?;
    let same = |value: f64| (value - max).abs() <= 0.0;
    let ended = rows.iter().position(|(_, value, _)| same(*value))?;
    let wrong = rows
        .iter()
        .skip(ended)
        .find(|(_, value, _)| !same(*value))
        .map(|(share, ..)| *share)
        // 0.5 + requests × share / 100 does not reach beyond more than one request below 50 %.
        .filter(|share| *share >= 50)?;
    rows.retain(|(share, ..)| *share < wrong || *share == 100);
    Some(wrong)
}

fn requests(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut records = Records::without_quotes(b'\t');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let (seconds, total) = (header.need("seconds")?, header.need("ttime")?);
    let mut tally = Tally::default();
    while let Some(cells) = records.next(source)? {
        header.fits(&cells, || cells.place())?;
        cells.whole(&[seconds, total])?;
        let number = |at: usize| {
            whole(cells.get(at))
                .filter(|v| *v < 3_200_000_000_000)
                .ok_or_else(|| {
                    Fault::at(
                        cells.place(),
                        format!("{} is not a time", shown(cells.get(at))),
                    )
                })
        };
        number(seconds)?;
        tally.add(&Request {
            latency: Some(number(total)?),
            failed: false,
            span: None,
        })?;
    }
    let mut parsed = Parsed::default();
    let how = How {
        step: MILLISECOND,
        source: "ttime",
        unit: "ms",
        failures: Failures::Unknown,
    };
    tally.report(stem, Tags::new(), &how, &mut parsed)?;
    Ok(parsed)
}

/// What stands above the percentages of the text.
const PERCENTAGES: &str = "Percentage of the requests served within a certain time";

/// `  95%      2`, at the end `100%      3 (longest request)`.
fn percentile(line: &str) -> Option<(String, &str)> {
    let (share, value) = line.trim().split_once('%')?;
    let value = value.trim();
    let (statistic, value) = match share {
        "100" => ("max".to_owned(), value.strip_suffix(" (longest request)")?),
        _ => (units::percentile(share)?, value),
    };
    whole(value.as_bytes()).map(|_| (statistic, value))
}

fn text(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut fields: HashMap<&str, (&str, usize)> = HashMap::new();
    let mut failed_parts = None;
    let mut of_other_length = 0;
    let mut latencies: Vec<(String, &str, usize)> = Vec::new();
    // Between `Percentage of the requests` and the last of them.
    let mut inside = false;
    for (number, line) in input.text()?.lines().enumerate() {
        let number = number + 1;
        if line.starts_with(PERCENTAGES) {
            inside = true;
        } else if inside && !line.trim().is_empty() {
            let (statistic, value) = percentile(line).ok_or_else(|| {
                let reason =
                    "it is not a percentage and whole milliseconds; the file may be cut off";
                Fault::at(format!("line {number}"), reason)
            })?;
            inside = statistic != "max";
            latencies.push((statistic, value, number));
        } else if let Some(parts) = line.trim().strip_prefix("(Connect:") {
            failed_parts = Some((parts.trim_end_matches(')'), number));
        } else if let Some((name, value)) = line.split_once(':') {
            // Of the two times per request the first is that of a user.
            fields.entry(name.trim()).or_insert((value.trim(), number));
        }
    }
    let field = |name: &str| fields.get(name).copied();
    let count = |name: &str, text: &str, line: usize| {
        text.parse::<u64>().ok().ok_or_else(|| {
            Fault::at(
                format!("line {line}"),
                format!("`{text}` of `{name}` is not a count"),
            )
        })
    };
    let needed = |name: &str| {
        field(name).ok_or_else(|| {
            Fault::whole(format!(
                "`{name}` is missing; the file may be cut off, or the test was stopped"
            ))
        })
    };
    let (made, line) = needed("Complete requests")?;
    let made = count("Complete requests", made, line)?;
    let other_than_2xx = match field("Non-2xx responses") {
        Some((text, line)) => count("Non-2xx responses", text, line)?,
        None => 0,
    };
    let mut failed = other_than_2xx;
    let (said, said_line) = needed("Failed requests")?;
    let said = count("Failed requests", said, said_line)?;
    let mut parts_sum = 0_u64;
    if let Some((parts, line)) = failed_parts {
        // `0, Receive: 0, Length: 1872, Exceptions: 0`
        for part in format!("Connect: {parts}").split(',') {
            let (name, value) = part.split_once(':').unwrap_or((part, ""));
            let value = count("Failed requests", value.trim(), line)?;
            parts_sum = parts_sum.saturating_add(value);
            if name.trim() == "Length" {
                of_other_length = value;
            } else {
                failed = failed.saturating_add(value);
            }
        }
    }
    if parts_sum != said {
        let reason = format!(
            "{said} requests failed here, and {parts_sum} by the line `(Connect: …)` below it; the file may be damaged"
        );
        return Err(Fault::at(format!("line {said_line}"), reason));
    }
    let (transferred, line) = needed("Total transferred")?;
    let transferred = transferred.strip_suffix("bytes").unwrap_or("").trim_end();
    let transferred = count("Total transferred", transferred, line)?;
    let of = |name: &str| field(name).map_or("", |(text, _)| text);
    let scheme = if field("SSL/TLS Protocol").is_some() {
        "https"
    } else {
        "http"
    };
    let url = format!(
        "{scheme}://{}:{}{}",
        of("Server Hostname"),
        of("Server Port"),
        of("Document Path")
    );
    let tags: Tags = field("Concurrency Level")
        .map(|(text, _)| ("concurrency".to_owned(), text.to_owned()))
        .into_iter()
        .collect();
    let mut parsed = Parsed::default();
    let (rate, rate_line) = needed("Requests per second")?;
    if made > 0 && transferred == 0 {
        let reason = format!(
            "no answer came: {made} requests, of which ab counts {said} as failed, brought 0 bytes"
        );
        parsed.fail_slice(&url, tags, reason);
        return Ok(parsed);
    }
    if of_other_length > other_than_2xx {
        parsed.note(format!(
            "{of_other_length} answers of {url} had another length than the first and are not counted as failures: pages that change do that, and so does a server that hangs up"
        ));
    }
    let Some(mut load) = Load::new(
        &url,
        tags,
        (made as f64, ("Complete requests", "count")),
        (
            failed.min(made) as f64,
            ("Non-2xx responses, Failed requests", "count"),
        ),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    // `3.797 [ms] (mean)`
    let with_unit = |text: &str, line: usize, wanted: &str| {
        let (value, unit) = text.split_once(' ').unwrap_or((text, ""));
        if !unit.trim_start().starts_with(wanted) {
            let reason =
                format!("`{text}` is not a number and `{wanted}`; the file may be cut off");
            return Err(Fault::at(format!("line {line}"), reason));
        }
        number(value.as_bytes(), || format!("line {line}"))
    };
    if inside || latencies.is_empty() && made > 1 {
        return Err(Fault::whole(
            "its percentages do not go up to 100 %; the file may be cut off (`ab -d` leaves them out)",
        ));
    }
    let mut rungs = Vec::new();
    for (statistic, value, line) in &latencies {
        let value = number(value.as_bytes(), || format!("line {line}"))?;
        rungs.extend(Rung::new(statistic, value, Some(format!("line {line}"))));
        load.latency(
            statistic,
            value,
            MILLISECOND,
            ("Percentage of the requests", "ms"),
        )?;
    }
    rising(rungs, Rounding::default())?;
    if let Some((text, line)) = field("Time per request") {
        load.latency(
            "mean",
            with_unit(text, line, "[ms]")?,
            MILLISECOND,
            ("Time per request", "ms"),
        )?;
    }
    if let Some((text, line)) = field("Total") {
        let times: Vec<&str> = text.split_whitespace().collect();
        // Minimum, mean, deviation, median, maximum; with `-S` only three of them.
        if !matches!(times.len(), 3 | 5) {
            let reason = format!("`{text}` is not five times; the file may be cut off");
            return Err(Fault::at(format!("line {line}"), reason));
        }
        let min = number(times[0].as_bytes(), || format!("line {line}"))?;
        load.latency("min", min, MILLISECOND, ("Total", "ms"))?;
    }
    load.value(
        "rate",
        with_unit(rate, rate_line, "[#/sec]")?,
        RATE,
        ("Requests per second", "1/s"),
    )?;
    if let Some((text, line)) = field("Transfer rate") {
        let value = with_unit(text, line, "[Kbytes/sec]")? * 1024.0;
        load.value(
            "bandwidth",
            value,
            BANDWIDTH,
            ("Transfer rate", "Kbytes/sec"),
        )?;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn pages_of_other_lengths_did_not_fail() {
        let reading = read_fixture("ab/json.txt");
        let url = "http://127.0.0.1:18099/json";
        assert!(close(get(&reading, url, "failures").value, 0.0));
        assert_eq!(get(&reading, url, "rate").tags["concurrency"], "4");
        let reading = read_fixture("ab/err.txt");
        let url = "http://127.0.0.1:18099/err";
        assert!(close(get(&reading, url, "failures").value, 11.0));
        assert!(close(get(&reading, url, "latency.mean").value, 0.791e6));
    }

    #[test]
    fn a_server_that_hangs_up() {
        let all = read_fixture("ab/dropped.txt");
        assert!(all.measurements.is_empty());
        assert!(all.failures[0].reason.contains("no answer came"));
        let half = read_fixture("ab/half-dropped.txt");
        assert!(half.notes[0].contains("50 answers"), "{:?}", half.notes);
    }

    #[test]
    fn percentiles_of_few_requests_that_ab_does_not_know_are_left_out() {
        let reading = read_fixture("ab/percentiles-of-20.csv");
        let of = |metric| get(&reading, "percentiles-of-20", metric).value;
        assert!(close(of("latency.p95"), 1.407e6) && close(of("latency.max"), 1.407e6));
        let unknown = ["latency.p98", "latency.p99"];
        let mut metrics = reading.measurements.iter().map(|m| m.metric.as_str());
        assert!(metrics.all(|metric| !unknown.contains(&metric)));
        assert!(reading.notes[0].contains("p98 and higher"));
        let text =
            std::fs::read_to_string(crate::formats::testing::fixture("ab/percentiles-of-20.csv"))
                .unwrap();
        for (from, to, line) in [
            ("\n90,1.090", "\n90,0.1", "line 92"),
            ("\n90,1.090", "\n89,1.090", "line 92"),
            ("\n100,1.407", "\n100,1.2", "line 95"),
        ] {
            let error = read_text("x.csv", "ab", &text.replace(from, to)).unwrap_err();
            assert!(error.place.is_some(), "{to}: {error}");
            assert!(error.to_string().contains("line"), "{line} {to}: {error}");
        }
    }

    #[test]
    fn the_other_files() {
        let csv = read_fixture("ab/percentiles.csv");
        assert!(get(&csv, "percentiles", "latency.p95").value > 0.0);
        assert!(csv.measurements.iter().all(|m| m.metric != "failures"));
        let text = "starttime\tseconds\tctime\tdtime\tttime\twait\nSat\t1795230794\t0\t3\t3\t2\nSat\t1795230794\t1\t4\t5\t2\n";
        let tsv = read_text("x.tsv", "ab", text).unwrap();
        assert!(close(get(&tsv, "x", "latency.max").value, 5e6));
        assert!(tsv.measurements.iter().all(|m| m.metric != "error_rate"));
        for bad in [
            "Sat\t1795230794\t0\t3\n",
            "Sat\t1\t0\t3\t-3\t2\n",
            "Sat\t1\t0\t3\t1,5\t2\n",
        ] {
            let error = read_text("x.tsv", "ab", &format!("{text}{bad}")).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 4"), "{bad}");
        }
        let cut = "Percentage served,Time in ms\n0,1.0\n50,2.0\n";
        assert!(
            read_text("x.csv", "ab", cut)
                .unwrap_err()
                .reason
                .contains("cut off")
        );
    }

    #[test]
    fn failed_and_damaged_tests() {
        let text = std::fs::read_to_string(crate::formats::testing::fixture("ab/err.txt")).unwrap();
        let failed = text.replace("Non-2xx responses:      11", "Non-2xx responses:      100");
        assert_eq!(
            read_text("x", "ab", &failed).unwrap().failures[0].reason,
            "every request failed"
        );
        for (from, to) in [
            (
                "Complete requests:      100",
                "Complete requests:      1,100",
            ),
            ("Complete requests:      100\n", ""),
            ("Failed requests:        11\n", ""),
            ("Failed requests:        11", "Failed requests:        201"),
            ("  95%      3", "  95%      0"),
            ("Non-2xx responses:      11", "Non-2xx responses:      -11"),
            (
                "Requests per second:    2528.64",
                "Requests per second:    nan",
            ),
            (
                "Time per request:       0.791",
                "Time per request:       -0.791",
            ),
            (
                "Time per request:       0.791",
                "Time per request:       0,791",
            ),
        ] {
            assert!(
                read_text("x", "ab", &text.replace(from, to)).is_err(),
                "{to}"
            );
        }
        let cut = text.find("Requests per").unwrap();
        assert!(
            read_text("x", "ab", &text[..cut])
                .unwrap_err()
                .reason
                .contains("cut off")
        );
    }
}
