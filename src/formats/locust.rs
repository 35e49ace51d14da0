//! Locust's CSV (`--csv`: `_stats.csv`, `_stats_history.csv`) and `--json`.
//!
//! Versions seen: 0.x to 2.47.0.
//! Producer: <https://github.com/locustio/locust/blob/master/locust/stats.py>
//!
//! Times are milliseconds. Every request is a benchmark, `GET /json`; all of them together are
//! `Aggregated`, which old versions called `Total`. Percentiles above 100 ms are rounded to two
//! digits by Locust itself, in both files, and may lie far above its own maximum; the CSV is up to some seconds behind the JSON. The
//! history is cut into its numbers of users, each a tag: what was requested and failed while so
//! many were there, and the mean time; its percentiles are those of the last seconds and are left
//! out.

use super::content::Content;
use super::delimited::{Header, Records, number};
use super::distribution::Distribution;
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::Load;
use super::parsed::{Parsed, RATE, Rounding, not_negative};
use super::registry::{Format, Reader};
use super::requests::{distribution, shown, steps};
use super::source::Source;
use super::units::{self, MILLISECOND};
use crate::model::Tags;
use serde::Deserialize;
use std::collections::BTreeMap;

pub(crate) const FORMAT: Format = Format {
    name: "locust",
    aliases: &[],
    produced_by: "locust --headless --csv PREFIX, or locust --headless --json > FILE",
    known_by: "CSV with `Request Count` and `Failures/s` (or `# requests`), JSON with `num_requests` and `response_times`",
    versions: &["0.x", "2.47.0"],
    metrics: &[
        "latency.p95",
        "latency.mean",
        "latency.min",
        "latency.max",
        "latency.p50 … latency.p99.99",
        "requests",
        "failures",
        "error_rate",
        "rate",
    ],
    samples: false,
    url: "https://docs.locust.io/en/stable/retrieving-stats.html",
    sniff: |content| {
        let first = header_line(content);
        is_stats(first)
            || is_history(first)
            || content.has("[]/num_requests") && content.has("[]/response_times")
    },
    reader: Reader::Stream(read),
};

const TOTAL: &str = "Aggregated";

/// Some files begin with an empty line.
fn header_line<'a>(content: &Content<'a>) -> &'a str {
    content
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
}

fn is_stats(first: &str) -> bool {
    let first = first.replace('"', "").to_ascii_lowercase();
    first.contains(",name,request count,failure count,")
        || first.contains(",name,# requests,# failures,")
}

fn is_history(first: &str) -> bool {
    first
        .replace('"', "")
        .starts_with("Timestamp,User Count,Type,Name,")
}

fn read(source: &mut Source<'_>, _: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    if content.is_json() {
        return document(source.rest()?);
    }
    let first = header_line(&content);
    if is_history(first) {
        history(source)
    } else if is_stats(first) {
        stats(source)
    } else {
        Err(Fault::at(
            "line 1",
            "the columns are not those of Locust's statistics",
        ))
    }
}

/// `GET /json`, or the name of all.
fn name(kind: &[u8], name: &[u8]) -> String {
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
    match (kind, name) {
        (b"" | b"None", b"Aggregated" | b"Total") => TOTAL.to_owned(),
        (b"" | b"None", name) => text(name),
        (kind, name) => format!("{} {}", text(kind), text(name)),
    }
}

fn header(source: &mut Source<'_>, records: &mut Records) -> Result<Header, Fault> {
    match records.next(source)? {
        Some(cells) => {
            let place = cells.place();
            Header::new(cells, place)
        }
        None => Err(Fault::whole("the file is empty")),
    }
}

/// The column of one of these names, in any case.
fn column(header: &Header, names: &[&str]) -> Result<usize, Fault> {
    let found = header
        .names()
        .iter()
        .position(|own| names.iter().any(|name| own.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| Fault::at("line 1", format!("the column `{}` is missing", names[0])))
}

fn stats(source: &mut Source<'_>) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    let header = header(source, &mut records)?;
    let at = |names: &[&str]| column(&header, names);
    let (kind, label) = (at(&["Type", "Method"])?, at(&["Name"])?);
    let requests = at(&["Request Count", "# requests"])?;
    let failures = at(&["Failure Count", "# failures"])?;
    let rate = at(&["Requests/s"])?;
    let mut statistics = vec![
        ("mean".to_owned(), at(&["Average Response Time"])?),
        ("min".to_owned(), at(&["Min Response Time"])?),
        ("max".to_owned(), at(&["Max Response Time"])?),
    ];
    for (i, column) in header.names().iter().enumerate() {
        // The 100th is the maximum, rounded.
        if let Some(share) = column.strip_suffix('%').filter(|share| *share != "100") {
            let name = units::percentile(share).ok_or_else(|| {
                Fault::at(
                    "line 1",
                    format!("the column `{column}` is not a percentile"),
                )
            })?;
            statistics.push((name, i));
        }
    }
    if !statistics.iter().any(|(name, _)| name == "p50") {
        statistics.push(("p50".to_owned(), at(&["Median Response Time"])?));
    }
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    // The sum of all is the last row.
    let mut last = String::new();
    let read: Vec<usize> = statistics.iter().map(|(_, at)| *at).collect();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        cells.whole(&read)?;
        let value = |at: usize| number(cells.get(at), place);
        let name = name(cells.get(kind), cells.get(label));
        let within = |fault: Fault| Fault {
            place: Some(place()),
            ..fault
        };
        let load = Load::new(
            &name,
            Tags::new(),
            (value(requests)?, ("Request Count", "count")),
            (value(failures)?, ("Failure Count", "count")),
            &mut parsed,
        );
        last.clone_from(&name);
        let Some(mut load) = load.map_err(within)? else {
            continue;
        };
        for (statistic, at) in &statistics {
            let source = header.names().get(*at).map_or("", String::as_str);
            load.latency(statistic, value(*at)?, MILLISECOND, (source, "ms"))
                .map_err(within)?;
        }
        load.value("rate", value(rate)?, RATE, ("Requests/s", "1/s"))
            .map_err(within)?;
    }
    if parsed.measurements.is_empty() && parsed.failures.is_empty() {
        parsed.fail(TOTAL, "no requests were made");
    } else if last != TOTAL {
        return Err(Fault::whole(format!(
            "its last row is not the sum of all, `{TOTAL}`: the file is cut off"
        )));
    }
    Ok(parsed)
}

/// What the history says at one moment of one request.
#[derive(Clone, Copy, Default)]
struct Moment {
    time: f64,
    requests: f64,
    failures: f64,
    /// The sum of all times.
    took: f64,
}

/// Seconds since 1970 in 2001: no history is older.
const EARLIEST: f64 = 1e9;

fn history(source: &mut Source<'_>) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    let header = header(source, &mut records)?;
    let at = |name: &str| column(&header, &[name]);
    let (time, users) = (at("Timestamp")?, at("User Count")?);
    let (kind, label) = (at("Type")?, at("Name")?);
    let requests = at("Total Request Count")?;
    let failures = at("Total Failure Count")?;
    let mean = at("Total Average Response Time")?;
    let read = [time, users, kind, label, requests, failures, mean];
    let mut last: BTreeMap<String, Moment> = BTreeMap::new();
    // By users and name: seconds, requests, failures, time.
    let mut stages: BTreeMap<(u64, String), Moment> = BTreeMap::new();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        let value = |at: usize| number(cells.get(at), place);
        cells.whole(&read)?;
        let value = |at: usize| not_negative(value(at)?, place);
        let made = value(requests)?;
        let now = Moment {
            time: value(time)?,
            requests: made,
            failures: value(failures)?,
            took: value(mean)? * made,
        };
        if now.time < EARLIEST {
            let reason = format!("{} is not a time since 1970", shown(cells.get(time)));
            return Err(Fault::at(place(), reason));
        }
        let users = super::requests::whole(cells.get(users)).ok_or_else(|| {
            Fault::at(
                place(),
                format!("{} is not a number of users", shown(cells.get(users))),
            )
        })?;
        let name = name(cells.get(kind), cells.get(label));
        let before = last.insert(name.clone(), now);
        let before = before.unwrap_or(Moment {
            time: now.time,
            ..Moment::default()
        });
        if now.requests < before.requests
            || now.failures < before.failures
            || now.time < before.time
        {
            return Err(Fault::at(
                place(),
                format!("the numbers of `{name}` go back"),
            ));
        }
        let stage = stages.entry((users, name)).or_default();
        stage.time += now.time - before.time;
        stage.requests += now.requests - before.requests;
        stage.failures += now.failures - before.failures;
        stage.took += now.took - before.took;
    }
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    for ((users, name), stage) in stages {
        if stage.requests <= 0.0 || users == 0 {
            continue;
        }
        let tags = [("users".to_owned(), users.to_string())].into();
        let requests = (stage.requests, ("Total Request Count", "count"));
        let failures = (stage.failures, ("Total Failure Count", "count"));
        let Some(mut load) = Load::new(&name, tags, requests, failures, &mut parsed)? else {
            continue;
        };
        let mean = (stage.took / stage.requests).max(0.0);
        load.latency(
            "mean",
            mean,
            MILLISECOND,
            ("Total Average Response Time", "ms"),
        )?;
        if stage.time > 0.0 {
            load.value(
                "rate",
                stage.requests / stage.time,
                RATE,
                ("Total Request Count", "1/s"),
            )?;
        }
    }
    if parsed.measurements.is_empty() && parsed.failures.is_empty() {
        parsed.fail(TOTAL, "no requests were made");
    }
    Ok(parsed)
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    method: Option<String>,
    last_request_timestamp: Option<f64>,
    start_time: f64,
    num_requests: u64,
    #[serde(rename = "num_none_requests", default)]
    _num_none_requests: u64,
    num_failures: u64,
    total_response_time: f64,
    max_response_time: f64,
    min_response_time: Option<f64>,
    #[serde(rename = "total_content_length")]
    _total_content_length: f64,
    response_times: UniqueMap<u64>,
    #[serde(rename = "num_reqs_per_sec", default)]
    _num_reqs_per_sec: UniqueMap<u64>,
    #[serde(rename = "num_fail_per_sec", default)]
    _num_fail_per_sec: UniqueMap<u64>,
}

#[derive(Default)]
struct Sum {
    requests: u64,
    failures: u64,
    took: f64,
    min: Option<f64>,
    max: f64,
    times: Distribution,
    start: f64,
    end: f64,
}

fn document(bytes: &[u8]) -> Result<Parsed, Fault> {
    let entries: Vec<Entry> = json::document(bytes)?;
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    let mut all = Sum {
        start: f64::INFINITY,
        ..Sum::default()
    };
    for (i, entry) in entries.iter().enumerate() {
        let place = format!("[{i}]");
        let mut times = Distribution::default();
        for (key, count) in &entry.response_times.0 {
            let place = || format!("{place}.response_times");
            let value = number(key.as_bytes(), place)?;
            times.record_n(steps(value, 1.0, place)?, *count)?;
        }
        let too_many = || Fault::at(&place, "its numbers are too large");
        all.requests = all
            .requests
            .checked_add(entry.num_requests)
            .ok_or_else(too_many)?;
        all.failures = all
            .failures
            .checked_add(entry.num_failures)
            .ok_or_else(too_many)?;
        all.took += entry.total_response_time;
        all.max = all.max.max(entry.max_response_time);
        if let Some(min) = entry.min_response_time {
            all.min = Some(all.min.map_or(min, |all| all.min(min)));
        }
        all.times.merge(&times)?;
        all.start = all.start.min(entry.start_time);
        all.end = all.end.max(entry.last_request_timestamp.unwrap_or(0.0));
        let one = Sum {
            requests: entry.num_requests,
            failures: entry.num_failures,
            took: entry.total_response_time,
            min: entry.min_response_time,
            max: entry.max_response_time,
            times,
            start: entry.start_time,
            end: entry.last_request_timestamp.unwrap_or(0.0),
        };
        let method = entry.method.as_deref().unwrap_or_default();
        one.report(&name(method.as_bytes(), entry.name.as_bytes()), &mut parsed)
            .map_err(|fault| Fault {
                place: Some(place),
                ..fault
            })?;
    }
    all.report(TOTAL, &mut parsed)?;
    Ok(parsed)
}

impl Sum {
    fn report(&self, name: &str, parsed: &mut Parsed) -> Result<(), Fault> {
        let requests = (self.requests as f64, ("num_requests", "count"));
        let failures = (self.failures as f64, ("num_failures", "count"));
        let Some(mut load) = Load::new(name, Tags::new(), requests, failures, parsed)? else {
            return Ok(());
        };
        let mean = self.took / self.requests as f64;
        load.latency("mean", mean, MILLISECOND, ("total_response_time", "ms"))?;
        if let Some(min) = self.min {
            load.latency("min", min, MILLISECOND, ("min_response_time", "ms"))?;
        }
        load.latency("max", self.max, MILLISECOND, ("max_response_time", "ms"))?;
        distribution(
            &mut load,
            &self.times,
            MILLISECOND,
            ("response_times", "ms"),
            false,
        )?;
        if self.end > self.start {
            let rate = self.requests as f64 / (self.end - self.start);
            load.value("rate", rate, RATE, ("num_requests", "1/s"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn statistics_and_json_of_one_run() {
        let csv = read_fixture("locust/run_stats.csv");
        let json = read_fixture("locust/run.json");
        for name in ["GET /json", "GET /slow [grouped]", "GET /err", "Aggregated"] {
            let value = |metric| {
                (
                    get(&csv, name, metric).value,
                    get(&json, name, metric).value,
                )
            };
            // The CSV is behind.
            let (early, late) = value("requests");
            assert!(early <= late && late < 1.3 * early, "{name}");
            assert!(get(&json, name, "latency.p99").value >= get(&json, name, "latency.p50").value);
        }
        assert!(get(&csv, "GET /err", "failures").value > 0.0);
    }

    #[test]
    fn the_history_by_users() {
        let reading = read_fixture("locust/run_stats_history.csv");
        let users: std::collections::BTreeSet<&str> = reading
            .measurements
            .iter()
            .map(|m| m.tags["users"].as_str())
            .collect();
        assert_eq!(users.into_iter().collect::<Vec<_>>(), ["2", "4"]);
        assert!(
            reading
                .measurements
                .iter()
                .any(|m| m.metric == "rate" && m.value > 1.0)
        );
    }

    const CSV: &str = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,50%,95%,100%\nGET,/a,10,1,5,6.5,1,20,3,2.5,0.1,5,18,20\n";
    const ALL: &str = ",Aggregated,10,1,5,6.5,1,20,3,2.5,0.1,5,18,20\n";

    #[test]
    fn old_names() {
        let old = CSV
            .replace("Request Count,Failure Count", "# requests,# failures")
            .replace("GET,/a", "None,Total");
        assert!(close(
            get(
                &read_text("x", "locust", &old).unwrap(),
                "Aggregated",
                "latency.p95"
            )
            .value,
            18e6
        ));
        let quoted = CSV.replace("GET,/a", "GET,\"/a,b\"");
        assert!(close(
            get(
                &read_text("x", "locust", &format!("{quoted}{ALL}")).unwrap(),
                "GET /a,b",
                "rate"
            )
            .value,
            2.5
        ));
    }

    #[test]
    fn failed_and_damaged_runs() {
        for (from, to, reason) in [
            ("10,1,5", "0,0,5", "no requests"),
            ("10,1,5", "10,10,5", "every request failed"),
        ] {
            let text = format!("{}{ALL}", CSV.replace(from, to));
            let reading = read_text("x", "locust", &text).unwrap();
            assert!(reading.failures[0].reason.contains(reason));
        }
        let empty = CSV.lines().next().unwrap();
        assert!(
            read_text("x", "locust", empty).unwrap().failures[0]
                .reason
                .contains("no requests")
        );
        for (from, to) in [
            (",18,20", ",N/A,20"),
            ("6.5", "-6.5"),
            ("6.5", "NaN"),
            ("6.5", "\"6,5\""),
            ("10,1", "\"1,010\",1"),
            ("10,1,5", "10,11,5"),
            (",18,20", ""),
            ("95%", "195%"),
            ("6.5", "1e999"),
        ] {
            assert!(
                read_text("x", "locust", &CSV.replace(from, to)).is_err(),
                "{to}"
            );
        }
        let twice = format!("{CSV}{}\n{ALL}", CSV.lines().nth(1).unwrap());
        assert!(
            read_text("x", "locust", &twice)
                .unwrap_err()
                .reason
                .contains("given twice")
        );
    }
}
