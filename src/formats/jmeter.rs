//! JMeter's results (JTL) as CSV and as XML, and the `statistics.json` of its HTML report.
//!
//! Versions seen: 2.4 to 5.6.
//! Producer: <https://jmeter.apache.org/usermanual/listeners.html#csvlogformat> and
//! <https://jmeter.apache.org/usermanual/generating-dashboard.html>.
//!
//! Times are milliseconds. Every label is a benchmark, all of them together are `Total`. The CSV is
//! read by the names of its columns; without a header it must have the order that JMeter writes
//! by default. The delimiter is `,`, `;`, `|` or a tab.
//!
//! What is counted twice in the file is counted once in `Total`: a transaction (tagged
//! `kind=transaction`) is not a request, and neither are the parts of a sample, such as redirects
//! and embedded resources (`Home-0`, `Home-1`; tagged `kind=part`). Parts of a transaction are
//! requests. In CSV, `X-0` is a part where there is `X`; in XML it stands inside.
//!
//! The percentiles of `statistics.json` are not named in it; they are taken for the default ones,
//! 90, 95 and 99.

use super::content::Content;
use super::delimited::{Cells, Header, Records};
use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::load::Load;
use super::parsed::{BANDWIDTH, Parsed, RATE};
use super::registry::{Format, Reader};
use super::requests::{Failures, How, METRICS, Request, Requests, name_of, shown, sum, whole};
use super::source::Source;
use super::units::MILLISECOND;
use crate::model::{Direction, Tags};
use serde::Deserialize;
use std::collections::HashSet;

mod xml;

#[cfg(test)]
mod tests;

pub(crate) const FORMAT: Format = Format {
    name: "jmeter",
    aliases: &["jtl"],
    produced_by: "jmeter -n -t PLAN -l FILE (CSV or XML), or the report's statistics.json",
    known_by: "CSV with the columns `timeStamp`, `elapsed` and `label` (or such rows without a header), XML in `<testResults>`, JSON with `Total.meanResTime`",
    versions: &["2.4 … 5.6"],
    metrics: METRICS,
    samples: false,
    url: "https://jmeter.apache.org/usermanual/listeners.html",
    sniff: |content| {
        layout(content.lines().next().unwrap_or_default().as_bytes()).is_some()
            || is_xml(content)
            || is_statistics(content)
    },
    reader: Reader::Stream(read),
};

const HOW: How = How {
    step: MILLISECOND,
    source: "elapsed",
    unit: "ms",
    failures: Failures::All,
};
const TOTAL: &str = "Total";
const MILLI: i64 = 1_000_000;

fn is_statistics(content: &Content<'_>) -> bool {
    content.has("Total/sampleCount") && content.has("Total/meanResTime")
}

fn is_xml(content: &Content<'_>) -> bool {
    let mut lines = content.lines().map(str::trim_start);
    lines
        .find(|line| !line.is_empty() && !line.starts_with("<?") && !line.starts_with("<!"))
        .is_some_and(|line| line.starts_with("<testResults"))
        || content
            .lines()
            .next()
            .is_some_and(|line| line.starts_with("<?xml") && line.contains("<testResults"))
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let _ = stem;
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    if content.is_json() {
        return statistics(source.rest()?);
    }
    if head
        .trim_ascii_start()
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start()
        .starts_with(b"<")
    {
        return xml::read(source);
    }
    csv(source)
}

/// Where the columns stand that are needed.
struct Layout {
    delimiter: u8,
    /// The first line is a header.
    header: bool,
    columns: usize,
    time: Option<usize>,
    elapsed: usize,
    label: usize,
    success: usize,
    message: Option<usize>,
}

/// What the first line of a CSV says; `None` where it is not one of JMeter's.
fn layout(line: &[u8]) -> Option<Layout> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    for delimiter in *b",;|\t" {
        let cells: Vec<&[u8]> = line.split(|byte| *byte == delimiter).collect();
        let find = |name: &str| cells.iter().position(|cell| *cell == name.as_bytes());
        if let (Some(elapsed), Some(label)) = (find("elapsed"), find("label")) {
            return Some(Layout {
                delimiter,
                header: true,
                columns: cells.len(),
                time: find("timeStamp"),
                elapsed,
                label,
                // Beyond the end: the reader says what is missing.
                success: find("success").unwrap_or(usize::MAX),
                message: find("responseMessage"),
            });
        }
        let truth =
            |cell: Option<&&[u8]>| cell.is_some_and(|cell| *cell == b"true" || *cell == b"false");
        let number = |cell: Option<&&[u8]>| cell.and_then(|cell| whole(cell)).is_some();
        if number(cells.first())
            && cells.first().is_some_and(|cell| cell.len() == 13)
            && number(cells.get(1))
            && truth(cells.get(7))
        {
            return Some(Layout {
                delimiter,
                header: false,
                columns: cells.len(),
                time: Some(0),
                elapsed: 1,
                label: 2,
                success: 7,
                message: Some(4),
            });
        }
    }
    None
}

/// Labels that were a transaction in some row.
type Transactions = HashSet<Vec<u8>>;

fn csv(source: &mut Source<'_>) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(layout) = layout(first) else {
        return Err(Fault::at(
            "line 1",
            "neither a header with `elapsed` and `label` nor a row in JMeter's default order",
        ));
    };
    if layout.success == usize::MAX {
        return Err(Fault::at(
            "line 1",
            "the column `success` is missing, so what failed is not known; save it with jmeter.save.saveservice.successful=true",
        ));
    }
    let mut records = Records::new(layout.delimiter);
    if layout.header
        && let Some(cells) = records.next(source)?
    {
        Header::new(cells, "line 1".to_owned())?;
    }
    let mut requests = Requests::default();
    let mut transactions = Transactions::new();
    let mut times = Times::default();
    let read = [
        Some(layout.elapsed),
        Some(layout.label),
        Some(layout.success),
        layout.time,
    ];
    let read: Vec<usize> = read.into_iter().flatten().collect();
    while let Some(cells) = records.next(source)? {
        if cells.len() != layout.columns {
            return Err(Fault::at(
                cells.place(),
                format!(
                    "it has {} cells where the first line has {}; the file may be cut off",
                    cells.len(),
                    layout.columns
                ),
            ));
        }
        cells.whole(&read)?;
        row(
            &layout,
            &cells,
            &mut times,
            &mut requests,
            &mut transactions,
        )?;
    }
    report(&requests, &transactions)
}

fn row(
    layout: &Layout,
    cells: &Cells<'_>,
    times: &mut Times,
    requests: &mut Requests,
    transactions: &mut Transactions,
) -> Result<(), Fault> {
    let place = || cells.place();
    let elapsed = milliseconds(cells.get(layout.elapsed), place)?;
    let label = cells.get(layout.label);
    if label.is_empty() {
        return Err(Fault::at(place(), "the label is empty"));
    }
    let time = match layout.time {
        Some(at) => times.read(cells.get(at), place)?,
        None => None,
    };
    let request = Request {
        latency: Some(elapsed),
        failed: !truth(cells.get(layout.success), place)?,
        span: span(time, elapsed),
    };
    if layout
        .message
        .is_some_and(|at| is_transaction(cells.get(at)))
        && !transactions.contains(label)
    {
        transactions.insert(label.to_owned());
    }
    requests.add(label, &request)
}

/// How JMeter says that a row is a transaction.
fn is_transaction(message: &[u8]) -> bool {
    message.starts_with(b"Number of samples in transaction")
}

fn milliseconds(cell: &[u8], place: impl Fn() -> String) -> Result<u64, Fault> {
    match whole(cell) {
        Some(value) if value <= MOST_MILLISECONDS => Ok(value),
        Some(_) => Err(Fault::at(
            place(),
            format!("{} is too long a time", shown(cell)),
        )),
        None => Err(Fault::at(
            place(),
            format!("{} is not a number of milliseconds", shown(cell)),
        )),
    }
}

/// A hundred years.
const MOST_MILLISECONDS: u64 = 3_200_000_000_000;

fn truth(cell: &[u8], place: impl Fn() -> String) -> Result<bool, Fault> {
    match cell {
        b"true" => Ok(true),
        b"false" => Ok(false),
        _ => Err(Fault::at(
            place(),
            format!("{} is neither `true` nor `false`", shown(cell)),
        )),
    }
}

fn span(start: Option<i64>, elapsed: u64) -> Option<(i64, i64)> {
    let start = start?;
    let long = i64::try_from(elapsed).ok()?.checked_mul(MILLI)?;
    Some((start, start.checked_add(long)?))
}

/// The time stamps of a file, which are all of one form. One that is not understood, as JMeter
/// writes any format that it is told, gives no rate; but then none of them is.
#[derive(Default)]
struct Times {
    understood: Option<bool>,
}

impl Times {
    fn read(&mut self, cell: &[u8], place: impl Fn() -> String) -> Result<Option<i64>, Fault> {
        let time = timestamp(cell);
        if *self.understood.get_or_insert(time.is_some()) == time.is_some() {
            return Ok(time);
        }
        let reason = format!("{} is not a time like those before it", shown(cell));
        Err(Fault::at(place(), reason))
    }
}

/// Nanoseconds of a time stamp: milliseconds since 1970, or a date and a time of day. Others give
/// no rate.
fn timestamp(cell: &[u8]) -> Option<i64> {
    if let Some(value) = whole(cell) {
        return i64::try_from(value).ok()?.checked_mul(MILLI);
    }
    let text: String = std::str::from_utf8(cell).ok()?.replace(['/', '.'], "-");
    let (date, time) = text.split_once([' ', 'T'])?;
    let (time, fraction) = time.split_once(['-', ',']).unwrap_or((time, "0"));
    let full: jiff::civil::DateTime = format!("{date}T{time}.{fraction}").parse().ok()?;
    let zoned = full.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    i64::try_from(zoned.timestamp().as_nanosecond()).ok()
}

/// The label of which `label` is a part: `Home` of `Home-0` and of `Home-0-1`.
fn parent(label: &[u8]) -> Option<&[u8]> {
    let dash = label.iter().rposition(|byte| *byte == b'-')?;
    let (parent, number) = (label.get(..dash)?, label.get(dash + 1..)?);
    (whole(number).is_some() && !parent.is_empty()).then_some(parent)
}

fn report(requests: &Requests, transactions: &Transactions) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let tallies = requests.by_name();
    let labels: HashSet<&[u8]> = tallies.iter().map(|(label, _)| *label).collect();
    let kind = |label: &[u8]| {
        if transactions.contains(label) {
            return Some("transaction");
        }
        // Parts are counted from 0, so without a first part a number belongs to the name.
        let parent = parent(label)?;
        let first = [parent, b"-0"].concat();
        let part = labels.contains(parent)
            && labels.contains(first.as_slice())
            && !transactions.contains(parent);
        part.then_some("part")
    };
    let all = tallies
        .iter()
        .filter(|(label, _)| kind(label).is_none())
        .map(|(_, tally)| *tally);
    sum(all)?.report(TOTAL, Tags::new(), &HOW, &mut parsed)?;
    for (label, tally) in &tallies {
        let tags = kind(label)
            .map(|kind| ("kind".to_owned(), kind.to_owned()))
            .into_iter()
            .collect();
        tally.report(name_of(label, TOTAL)?, tags, &HOW, &mut parsed)?;
    }
    Ok(parsed)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    sample_count: u64,
    error_count: u64,
    mean_res_time: f64,
    median_res_time: Option<f64>,
    min_res_time: f64,
    max_res_time: f64,
    #[serde(rename = "pct1ResTime")]
    pct1: f64,
    #[serde(rename = "pct2ResTime")]
    pct2: f64,
    #[serde(rename = "pct3ResTime")]
    pct3: f64,
    throughput: f64,
    #[serde(rename = "receivedKBytesPerSec")]
    received: Option<f64>,
    #[serde(rename = "sentKBytesPerSec")]
    _sent: Option<f64>,
    #[serde(rename = "errorPct")]
    _error_pct: Option<f64>,
}

fn statistics(bytes: &[u8]) -> Result<Parsed, Fault> {
    let file: UniqueMap<Statistics> = json::document(bytes)?;
    let mut parsed = Parsed::default();
    for (label, s) in &file.0 {
        let within = |fault: Fault| Fault {
            place: fault.place.map(|place| format!("{label}.{place}")),
            ..fault
        };
        let load = Load::new(
            label,
            Tags::new(),
            (s.sample_count as f64, ("sampleCount", "count")),
            (s.error_count as f64, ("errorCount", "count")),
            &mut parsed,
        );
        let Some(mut load) = load.map_err(within)? else {
            continue;
        };
        for (statistic, value, source) in [
            ("p95", Some(s.pct2), "pct2ResTime"),
            ("mean", Some(s.mean_res_time), "meanResTime"),
            ("min", Some(s.min_res_time), "minResTime"),
            ("max", Some(s.max_res_time), "maxResTime"),
            ("p50", s.median_res_time, "medianResTime"),
            ("p90", Some(s.pct1), "pct1ResTime"),
            ("p99", Some(s.pct3), "pct3ResTime"),
        ] {
            if let Some(value) = value {
                load.latency(statistic, value, MILLISECOND, (source, "ms"))
                    .map_err(within)?;
            }
        }
        load.value("rate", s.throughput, RATE, ("throughput", "1/s"))
            .map_err(within)?;
        if let Some(received) = s.received {
            load.value(
                "bandwidth",
                received * 1024.0,
                (BANDWIDTH.0, Some(Direction::Higher)),
                ("receivedKBytesPerSec", "KB/s"),
            )
            .map_err(within)?;
        }
    }
    Ok(parsed)
}
