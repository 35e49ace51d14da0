//! wrk's and wrk2's text.
//!
//! Versions seen: wrk 4.1.0, wrk2 (giltene/wrk2 44a94c1).
//! Producer: <https://github.com/wg/wrk/blob/master/src/wrk.c> and
//! <https://github.com/giltene/wrk2/blob/master/src/wrk.c>.
//!
//! Every cell has its own unit. The benchmark is the URL; threads and connections are tags. A file
//! may hold several runs. Answers other than 2xx and 3xx, and errors of the socket, are failed
//! requests; their times are in the latencies all the same. Of wrk2 the corrected latencies are
//! taken, and the 95th percentile comes from its detailed spectrum.

use super::fault::Fault;
use super::load::Load;
use super::parsed::{BANDWIDTH, Input, Parsed, RATE, Rounding, Rung, rising};
use super::registry::{Format, Reader};
use super::units::{self, MILLISECOND};
use crate::model::Tags;

pub(crate) const FORMAT: Format = Format {
    name: "wrk",
    aliases: &["wrk2"],
    produced_by: "wrk --latency URL > FILE (or wrk2)",
    known_by: "text with `Running … test @ URL` and `Requests/sec:`",
    versions: &["wrk 4.1.0", "wrk2"],
    metrics: &[
        "latency.p99",
        "latency.p95 (wrk2)",
        "latency.mean",
        "latency.max",
        "latency.p50",
        "latency.p75",
        "latency.p90",
        "requests",
        "failures",
        "error_rate",
        "rate",
        "bandwidth",
    ],
    samples: false,
    url: "https://github.com/wg/wrk",
    sniff: |content| content.lines().any(|line| running(line).is_some()),
    reader: Reader::File(read),
};

/// The URL of `Running 5s test @ http://…`.
fn running(line: &str) -> Option<&str> {
    let (how, url) = line.strip_prefix("Running ")?.split_once(" test @ ")?;
    (units::duration(how).is_some() && !url.trim().is_empty()).then(|| url.trim())
}

#[derive(Default)]
struct Run {
    line: usize,
    url: String,
    threads: String,
    connections: String,
    /// Statistic, its text, its line.
    latencies: Vec<(String, String, usize)>,
    uncorrected: bool,
    spectrum: bool,
    requests: Option<u64>,
    /// The requests without those that the socket errors ended: these have no latency.
    answers: u64,
    failed: u64,
    rate: Option<f64>,
    bandwidth: Option<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut run: Option<Run> = None;
    for (number, line) in input.text()?.lines().enumerate() {
        // autocannon begins as wrk does, and goes on with a table.
        if run.is_some() && line.starts_with('┌') {
            let reason =
                "it is the table of autocannon, which is not read: run `autocannon --json`";
            return Err(Fault::at(format!("line {}", number + 1), reason));
        }
        if number == 0 && line.starts_with("Running ") && running(line).is_none() {
            let reason = format!("`{line}` is not `Running TIME test @ URL`");
            return Err(Fault::at("line 1", reason));
        }
        if let Some(url) = running(line) {
            if let Some(run) = run.take() {
                run.finish(&mut parsed)?;
            }
            run = Some(Run {
                line: number + 1,
                url: url.to_owned(),
                ..Run::default()
            });
        } else if let Some(run) = &mut run {
            run.line(line, number + 1)?;
        }
    }
    if let Some(run) = run {
        run.finish(&mut parsed)?;
    }
    Ok(parsed)
}

impl Run {
    fn line(&mut self, line: &str, number: usize) -> Result<(), Fault> {
        let wrong = |what: &str| {
            Fault::at(
                format!("line {number}"),
                format!("{what} is not understood: `{}`", line.trim()),
            )
        };
        let text = line.trim();
        let words: Vec<&str> = text.split_whitespace().collect();
        if text.starts_with("Detailed Percentile spectrum") {
            self.spectrum = true;
        } else if text.starts_with("-----") {
            self.spectrum = false;
        } else if self.spectrum {
            if let [value, "0.950000", _, _] = words[..]
                && !self.uncorrected
            {
                let value: f64 = value.parse().ok().ok_or_else(|| wrong("the spectrum"))?;
                self.latencies
                    .push(("p95".to_owned(), format!("{value}ms"), number));
            }
        } else if text.starts_with("Latency Distribution") {
            self.uncorrected = text.contains("Uncorrected");
        } else if let ["Latency", mean, _, max, _] = words[..] {
            self.latencies
                .push(("mean".to_owned(), mean.to_owned(), number));
            self.latencies
                .push(("max".to_owned(), max.to_owned(), number));
        } else if let ["Latency", _, ..] = words[..] {
            return Err(wrong("the row of the latency"));
        } else if let [percent, ref value @ ..] = words[..]
            && let Some(share) = percent.strip_suffix('%')
        {
            let [value] = value[..] else {
                return Err(wrong("a percentile"));
            };
            if !self.uncorrected {
                let name = units::percentile(share).ok_or_else(|| wrong("a percentile"))?;
                self.latencies.push((name, value.to_owned(), number));
            }
        } else if text.starts_with(|c: char| c.is_ascii_digit())
            && words.iter().any(|word| word.ends_with('%'))
        {
            return Err(wrong("a percentile"));
        } else if let [threads, "threads", "and", connections, "connections"] = words[..] {
            self.threads = threads.to_owned();
            self.connections = connections.to_owned();
        } else if let [count, "requests", "in", ..] = words[..] {
            self.answers = count
                .parse()
                .ok()
                .ok_or_else(|| wrong("the number of requests"))?;
            self.requests = Some(self.answers);
        } else if let Some(counts) = text.strip_prefix("Socket errors:") {
            for part in counts.split(',') {
                let count = part
                    .split_whitespace()
                    .last()
                    .and_then(|n| n.parse::<u64>().ok());
                let all = count.and_then(|n| self.failed.checked_add(n));
                self.failed = all.ok_or_else(|| wrong("the number of errors"))?;
                self.requests = self
                    .requests
                    .and_then(|r| r.checked_add(count.unwrap_or(0)));
            }
        } else if let Some(count) = text.strip_prefix("Non-2xx or 3xx responses:") {
            let count: Option<u64> = count.trim().parse().ok();
            let all = count.and_then(|n| self.failed.checked_add(n));
            self.failed = all.ok_or_else(|| wrong("the number of errors"))?;
        } else if let Some(rate) = text.strip_prefix("Requests/sec:") {
            let rate: Option<f64> = rate.trim().parse().ok().filter(|v: &f64| v.is_finite());
            self.rate = Some(rate.ok_or_else(|| wrong("the rate"))?);
        } else if let Some(size) = text.strip_prefix("Transfer/sec:") {
            self.bandwidth = Some(binary_size(size.trim()).ok_or_else(|| wrong("the bandwidth"))?);
        }
        Ok(())
    }

    fn finish(self, parsed: &mut Parsed) -> Result<(), Fault> {
        let (Some(requests), Some(rate), Some(bandwidth)) =
            (self.requests, self.rate, self.bandwidth)
        else {
            return Err(Fault::at(
                format!("line {}", self.line),
                "the run has no number of requests, no `Requests/sec` or no `Transfer/sec`; the file may be cut off",
            ));
        };
        let tags: Tags = [("connections", self.connections), ("threads", self.threads)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let load = Load::new(
            &self.url,
            tags,
            (requests as f64, ("requests", "count")),
            (
                self.failed as f64,
                ("Non-2xx or 3xx responses, Socket errors", "count"),
            ),
            parsed,
        );
        let place = format!("line {}", self.line);
        let Some(mut load) = load.map_err(|fault| Fault::at(place, fault.reason))? else {
            return Ok(());
        };
        load.requests(self.answers);
        let mut rungs = Vec::new();
        for (statistic, text, line) in &self.latencies {
            // The 100th percentile repeats the maximum.
            if statistic == "p100" {
                continue;
            }
            let value = units::duration(text).ok_or_else(|| {
                Fault::at(
                    format!("line {line}"),
                    format!("`{text}` is not a duration"),
                )
            })?;
            rungs.extend(Rung::new(statistic, value, Some(format!("line {line}"))));
            load.latency(
                statistic,
                value / MILLISECOND,
                MILLISECOND,
                ("Latency", "ms"),
            )?;
        }
        rising(rungs, Rounding::default())?;
        load.value("rate", rate, RATE, ("Requests/sec", "1/s"))?;
        load.value("bandwidth", bandwidth, BANDWIDTH, ("Transfer/sec", "B/s"))
    }
}

/// Bytes of `4.82MB`, whose letters are powers of 1,024.
pub(super) fn binary_size(text: &str) -> Option<f64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let power = match unit.trim() {
        "B" => 0,
        "KB" => 1,
        "MB" => 2,
        "GB" => 3,
        "TB" => 4,
        _ => return None,
    };
    Some(number * 1024_f64.powi(power))
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    const RUN: &str = "Running 5s test @ http://h/x\n  2 threads and 16 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency     2.22ms    6.29ms     1.52s   94.51%\n    Req/Sec    13.23k     9.65k   31.26k    63.27%\n  Latency Distribution\n     50%  414.00us\n     99%    1.50s\n  1000 requests in 5.03s, 24.22MB read\n  Socket errors: connect 1, read 2, write 0, timeout 7\n  Non-2xx or 3xx responses: 10\nRequests/sec:  25860.14\nTransfer/sec:      4.00KB\n";

    #[test]
    fn cells_have_their_own_units() {
        let reading = read_text("x.txt", "wrk", RUN).unwrap();
        let of = |metric| get(&reading, "http://h/x", metric);
        assert!(close(of("latency.p50").value, 414e3) && close(of("latency.p99").value, 1.5e9));
        assert!(close(of("latency.mean").value, 2.22e6) && close(of("bandwidth").value, 4096.0));
        assert!(close(of("requests").value, 1010.0) && close(of("failures").value, 20.0));
        assert_eq!(of("latency.mean").n, 1000);
        assert_eq!(of("rate").tags["connections"], "16");
    }

    #[test]
    fn the_table_of_autocannon_is_told() {
        let text = "Running 10s test @ http://localhost:3000\n10 connections\n\n┌─────────┐\n│ Stat    │\n";
        let error = read_text("x.txt", "wrk", text).unwrap_err();
        assert!(error.reason.contains("autocannon --json"), "{error}");
    }

    #[test]
    fn several_runs_in_one_file() {
        let text = format!(
            "# a comment\n$ wrk http://h/x\n{RUN}\n{}",
            RUN.replace("//h/x", "//h/y")
        );
        let reading = read_text("x.txt", "wrk", &text).unwrap();
        assert!(close(get(&reading, "http://h/y", "rate").value, 25860.14));
        let twice = read_text("x.txt", "wrk", &format!("{RUN}{RUN}")).unwrap_err();
        assert!(twice.reason.contains("given twice"), "{twice}");
    }

    #[test]
    fn wrk2_gives_the_95th_percentile_in_its_spectrum_and_keeps_the_corrected_one() {
        let text = RUN.replace("  1000 requests", "  Detailed Percentile spectrum:\n       Value   Percentile   TotalCount 1/(1-Percentile)\n\n       1.755     0.950000          949        20.00\n#[Mean    =        0.941, StdDeviation   =        0.728]\n----------\n  Latency Distribution (HdrHistogram - Uncorrected Latency (measured without taking delayed starts into account))\n 50.000%    0.01ms\n  Detailed Percentile spectrum:\n       0.1     0.950000          949        20.00\n----------\n  1000 requests").replace("13.23k     9.65k", "-nan      -nan");
        let reading = read_text("x.txt", "wrk2", &text).unwrap();
        assert!(close(
            get(&reading, "http://h/x", "latency.p95").value,
            1.755e6
        ));
        assert!(close(
            get(&reading, "http://h/x", "latency.p50").value,
            414e3
        ));
    }

    #[test]
    fn failed_and_damaged_runs() {
        for (from, to, reason) in [
            ("1000 requests", "0 requests", "every request failed"),
            ("responses: 10", "responses: 1000", "every request failed"),
        ] {
            let text = RUN
                .replace(from, to)
                .replace("responses: 10\n", "responses: 0\n");
            let reading = read_text("x.txt", "wrk", &text).unwrap();
            assert!(reading.measurements.is_empty(), "{to}");
            assert!(reading.failures[0].reason.contains(reason), "{to}");
        }
        for (from, to) in [
            ("414.00us", "414,00us"),
            ("414.00us", "-1us"),
            ("414.00us", "nan"),
            ("414.00us", "1.60s"),
            ("1000 req", "1,000 req"),
            ("25860.14", "nan"),
            ("Requests/sec:  25860.14\n", ""),
            ("4.00KB", "4.00kb"),
            ("2.22ms", "2.22parsecs"),
            ("1000 requests", "99999999999999999999 requests"),
        ] {
            assert!(
                read_text("x.txt", "wrk", &RUN.replace(from, to)).is_err(),
                "{to}"
            );
        }
    }

    #[test]
    fn a_percentile_that_falls_is_named_by_its_line() {
        let error = read_text("x.txt", "wrk", &RUN.replace("1.50s", "1.00us")).unwrap_err();
        assert_eq!(error.place.as_deref(), Some("line 8"), "{error}");
    }

    #[test]
    fn a_run_that_failed_altogether() {
        let reading = read_fixture("wrk/dropped.txt");
        assert!(reading.measurements.is_empty());
        assert_eq!(reading.failures[0].reason, "every request failed");
        let reading = read_fixture("wrk/fail.txt");
        assert!(reading.measurements.is_empty());
        assert_eq!(reading.failures[0].reason, "every request failed");
    }
}
