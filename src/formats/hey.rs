//! hey's text, and its single requests as `-o csv`.
//!
//! Versions seen: 0.1.4.
//! Producer: <https://github.com/rakyll/hey/blob/master/requester/print.go>
//!
//! Times are seconds with four decimals, so a latency is a multiple of 0.1 ms. Percentiles are
//! missing where there were few requests. Answers from 400 and requests without an answer count as
//! failed; the CSV does not hold the latter, so it gives no failures and no error rate. The benchmark is the stem of the file.

use super::content::Content;
use super::fault::Fault;
use super::load::Load;
use super::parsed::{Input, Parsed, RATE, Rounding, Rung, rising};
use super::registry::{Format, Reader};
use super::requests::SecondsLog;
use super::source::Source;
use super::units::{self, SECOND};
use crate::model::Tags;

pub(crate) const FORMAT: Format = Format {
    name: "hey",
    aliases: &[],
    produced_by: "hey URL > FILE, or hey -o csv URL > FILE",
    known_by: "text with `Requests/sec:` and `Slowest: … secs`, or CSV that begins with `response-time,DNS+dialup`",
    versions: &["0.1.4"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p10 … latency.p99",
        "requests",
        "failures",
        "error_rate",
        "rate",
    ],
    samples: false,
    url: "https://github.com/rakyll/hey",
    sniff: |content| {
        let has = |start: &str, end: &str| {
            content
                .lines()
                .take(50)
                .any(|line| line.trim_start().starts_with(start) && line.trim_end().ends_with(end))
        };
        is_csv(content)
            || has("Slowest:", "secs") && has("Requests/sec:", "") && !has("Success rate:", "")
    },
    reader: Reader::Stream(read),
};

fn is_csv(content: &Content<'_>) -> bool {
    content
        .lines()
        .next()
        .unwrap_or_default()
        .starts_with("response-time,DNS+dialup,")
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    if is_csv(&Content::new(head)) {
        let columns = SecondsLog {
            start: "offset",
            duration: "response-time",
            status: "status-code",
            steps: 1e4,
        };
        return columns.read(source, stem);
    }
    let bytes = source.rest()?;
    text(&Input::of(bytes, stem))
}

fn text(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let (mut requests, mut failed) = (0_u64, 0_u64);
    // Statistic, text, line: read only where the test gave results.
    let mut latencies: Vec<(String, &str, usize)> = Vec::new();
    let mut rate = None;
    let mut total = None;
    let mut errors = false;
    let mut whole = false;
    // The answers in the histogram, which are all that have a status.
    let (mut drawn, mut answers) = (None, 0_u64);
    for (number, line) in input.text()?.lines().enumerate() {
        let number = number + 1;
        let wrong = |what: &str| {
            Fault::at(
                format!("line {number}"),
                format!("{what} is not understood: `{}`", line.trim()),
            )
        };
        let text = line.trim();
        let seconds = |text: &'_ str| text.strip_suffix("secs").map(str::trim_end).map(str::len);
        if text.starts_with("Error distribution:") {
            errors = true;
            whole = true;
        } else if text.starts_with("Status code distribution:") {
            errors = false;
            whole = true;
        } else if let Some((statistic, value)) = [
            ("max", "Slowest:"),
            ("min", "Fastest:"),
            ("mean", "Average:"),
        ]
        .iter()
        .find_map(|(name, start)| text.strip_prefix(start).map(|rest| (*name, rest.trim())))
        {
            let value = seconds(value)
                .and_then(|n| value.get(..n))
                .ok_or_else(|| wrong("a time"))?;
            latencies.push((statistic.to_owned(), value, number));
        } else if let Some(value) = text.strip_prefix("Total:") {
            let value = seconds(value)
                .and_then(|n| value.get(..n))
                .ok_or_else(|| wrong("a time"))?;
            total = Some((value.trim(), number));
        } else if let Some(value) = text.strip_prefix("Requests/sec:") {
            rate = Some((value.trim(), number));
        } else if let Some((share, value)) = text.split_once("% in ") {
            let name = units::percentile(share).ok_or_else(|| wrong("a percentile"))?;
            let value = seconds(value)
                .and_then(|n| value.get(..n))
                .ok_or_else(|| wrong("a time"))?;
            latencies.push((name, value, number));
        } else if text.starts_with("Response time histogram:") {
            drawn = Some(0_u64);
        } else if let Some((_, rest)) = text.split_once(" [")
            && let Some(all) = &mut drawn
            && !whole
        {
            let count = rest.split(']').next().and_then(|n| n.parse::<u64>().ok());
            let sum = count.and_then(|n| all.checked_add(n));
            *all = sum.ok_or_else(|| wrong("a count"))?;
        } else if let Some(rest) = text.strip_prefix('[')
            && whole
            && let Some((code, rest)) = rest.split_once(']')
        {
            let count = if errors {
                code
            } else {
                rest.trim().strip_suffix(" responses").unwrap_or("")
            };
            let count: u64 = count.trim().parse().ok().ok_or_else(|| wrong("a count"))?;
            let bad = errors || {
                let code: u16 = code.parse().ok().ok_or_else(|| wrong("a status code"))?;
                !(100..400).contains(&code)
            };
            requests = requests
                .checked_add(count)
                .ok_or_else(|| wrong("a count"))?;
            failed += if bad { count } else { 0 };
            answers += if errors { 0 } else { count };
        }
    }
    if !whole {
        return Err(Fault::whole(
            "it has no distribution of status codes; the file may be cut off",
        ));
    }
    if drawn.is_some_and(|drawn| drawn != answers) {
        return Err(Fault::whole(format!(
            "{answers} answers have a status and {} are in the histogram; the file may be cut off",
            drawn.unwrap_or_default()
        )));
    }
    let number = |text: &str, line: usize| {
        super::delimited::number(text.as_bytes(), || format!("line {line}"))
    };
    if let (Some((total, total_line)), Some((rate, rate_line))) = (total, rate) {
        let (total, rate) = (number(total, total_line)?, number(rate, rate_line)?);
        // The time is rounded to four decimals; old versions count answers alone in the rate.
        let made = rate * total - (0.5 + rate * 0.000_06);
        if made > requests as f64 {
            return Err(Fault::whole(format!(
                "by its time and rate {:.0} requests were made, and {requests} are in its distributions; the file may be cut off",
                rate * total
            )));
        }
    }
    let Some(mut load) = Load::new(
        input.stem,
        Tags::new(),
        (requests as f64, ("Status code distribution", "count")),
        (failed as f64, ("Status code distribution", "count")),
        &mut parsed,
    )?
    else {
        return Ok(parsed);
    };
    load.requests(answers);
    let mut rungs = Vec::new();
    for (statistic, value, line) in latencies {
        let place = format!("line {line}");
        let value = number(value, line)?;
        load.latency(&statistic, value, SECOND, (&place, "secs"))?;
        // `0% in 0.0000 secs` is what it prints of a percentile for which there were too few.
        if statistic != "p0" || value > 0.0 {
            rungs.extend(Rung::new(&statistic, value, Some(place)));
        }
    }
    rising(rungs, Rounding::default())?;
    if let Some((value, line)) = rate {
        load.value("rate", number(value, line)?, RATE, ("Requests/sec", "1/s"))?;
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn text_and_csv() {
        let text = read_fixture("hey/err.txt");
        let of = |metric| get(&text, "err", metric).value;
        assert!(close(of("requests"), 300.0) && close(of("failures"), 33.0));
        assert!(close(of("latency.p95"), 0.8e6) && close(of("latency.p99"), 3.9e6));
        let csv = read_fixture("hey/err.csv");
        assert!(close(get(&csv, "err", "requests").value, 60.0));
        assert!(get(&csv, "err", "latency.p95").value > 0.0);
    }

    #[test]
    fn the_csv_does_not_know_what_failed() {
        let text = read_fixture("hey/dropped.txt");
        assert!(close(get(&text, "dropped", "error_rate").value, 0.13));
        assert_eq!(get(&text, "dropped", "latency.mean").n, 87);
        for (file, answers) in [("hey/dropped.csv", 80.0), ("hey/err.csv", 60.0)] {
            let csv = read_fixture(file);
            let mut known = csv.measurements.iter().map(|m| m.metric.as_str());
            assert!(known.all(|metric| !["failures", "error_rate"].contains(&metric)));
            let made = csv.measurements.iter().find(|m| m.metric == "requests");
            assert!(close(made.unwrap().value, answers), "{file}");
        }
        assert!(read_fixture("hey/err.csv").notes[0].contains("no error rate"));
        let path = crate::formats::testing::fixture("hey/dropped.txt");
        let whole = std::fs::read_to_string(path).unwrap();
        let cut = &whole[..whole.find("Error distribution").unwrap()];
        let error = read_text("x.txt", "hey", cut).unwrap_err();
        assert!(error.reason.contains("100 requests were made"), "{error}");
        let dead = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n0.1,0,0,0,0,0,500,0.1\n";
        let dead = read_text("x.csv", "hey", dead).unwrap();
        assert_eq!(dead.failures[0].reason, "every request failed");
    }

    const TEXT: &str = "Summary:\n  Total:\t1.0 secs\n  Slowest:\t0.4 secs\n  Fastest:\t0.1 secs\n  Average:\t0.2 secs\n  Requests/sec:\t10.0\n\nLatency distribution:\n  95% in 0.3000 secs\n\nStatus code distribution:\n  [200]\t9 responses\n\nError distribution:\n  [1]\tGet: dial tcp: refused\n";

    #[test]
    fn failed_and_damaged_tests() {
        let reading = read_text("x.txt", "hey", TEXT).unwrap();
        assert!(close(get(&reading, "x", "error_rate").value, 0.1));
        let dead = "Summary:\n  Total:\t1.0 secs\n  Slowest:\t0.0 secs\n  Average:\tNaN secs\n  Requests/sec:\t0\n\nStatus code distribution:\n\nError distribution:\n  [7]\trefused\n";
        assert_eq!(
            read_text("x.txt", "hey", dead).unwrap().failures[0].reason,
            "every request failed"
        );
        for (from, to) in [
            ("0.3000", "0,3000"),
            ("0.3000", "NaN"),
            ("0.2 secs", "-0.2 secs"),
            ("9 resp", "1,009 resp"),
            ("[200]", "[OK]"),
            ("0.2 secs", "0.2 ms"),
            ("0.4", "1e999"),
            ("95%", "195%"),
            ("0.3000", "0.5000"),
            ("Fastest:\t0.1", "Fastest:\t0.5"),
        ] {
            assert!(
                read_text("x.txt", "hey", &TEXT.replace(from, to)).is_err(),
                "{to}"
            );
        }
        let cut = TEXT.find("Status").unwrap();
        assert!(
            read_text("x.txt", "hey", &TEXT[..cut])
                .unwrap_err()
                .reason
                .contains("cut off")
        );
    }
}
