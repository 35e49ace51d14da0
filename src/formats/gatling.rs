//! Gatling's `simulation.log`, as text and as the binary of today, and the statistics of its HTML
//! report.
//!
//! Versions seen: 2.1 to 3.12 (text), 3.12.1 and later (binary), statistics to 3.13.4.
//! Producer: <https://github.com/gatling/gatling> (`LogFileDataWriter`, `LogFileReader`).
//!
//! Times are milliseconds. A request in groups is called `Group / request`. All requests together
//! are `All Requests`, whatever the version calls them. Groups and users are not measured apart.
//!
//! A log that ends in the middle of a record belongs to a run that was stopped: what was read is
//! kept, and every benchmark in it counts as failed, so that a check calls it missing.
//!
//! The percentiles of the report's statistics are not named in it; they are taken for the default
//! ones, 50, 75, 95 and 99.

use super::content::Content;
use super::fault::Fault;
use super::parsed::Parsed;
use super::registry::{Format, Reader};
use super::requests::{Failures, How, METRICS, Requests};
use super::source::Source;
use super::units::MILLISECOND;
use std::collections::BTreeSet;
use std::path::Path;

mod binary;
mod statistics;
#[cfg(test)]
mod tests;
mod text;

pub(crate) const FORMAT: Format = Format {
    name: "gatling",
    aliases: &[],
    produced_by: "gatling: simulation.log, js/stats.json or js/global_stats.json of a run's folder",
    known_by: "lines that begin with `RUN` and a class, the binary log of 3.13, or JSON with `meanNumberOfRequestsPerSecond`",
    versions: &["2.1 … 3.13"],
    metrics: METRICS,
    samples: false,
    url: "https://docs.gatling.io/reference/stats/reports/oss/",
    sniff: |content| binary::is(content.bytes()) || text::is(content) || statistics::is(content),
    reader: Reader::Stream(read),
};

const HOW: How = How {
    step: MILLISECOND,
    source: "response time",
    unit: "ms",
    failures: Failures::All,
};
const TOTAL: &str = "All Requests";
const MILLI: i64 = 1_000_000;

fn read(source: &mut Source<'_>, _: &str) -> Result<Parsed, Fault> {
    let (head, _) = source.head(64 << 10)?;
    let content = Content::new(head);
    if binary::is(content.bytes()) {
        return binary::read(source);
    }
    if content.is_json() {
        return statistics::read(source.rest()?);
    }
    text::read(source)
}

/// What was counted, and whether the log is whole.
fn report(
    requests: &Requests,
    version: Option<String>,
    cut: Option<String>,
) -> Result<Parsed, Fault> {
    let mut parsed = Parsed {
        version,
        ..Parsed::default()
    };
    requests.report(TOTAL, &HOW, &mut parsed)?;
    if let Some(place) = cut {
        // The numbers of a run that was stopped are kept, and none of them counts as a result.
        let reason =
            format!("the log is cut off at {place}: the run was stopped; what was read is kept");
        let mut names: BTreeSet<String> = [TOTAL.to_owned()].into();
        names.extend(parsed.measurements.iter().map(|m| m.benchmark.clone()));
        let already = parsed.failures.iter().map(|failure| &failure.benchmark);
        let already: BTreeSet<String> = already.cloned().collect();
        for name in names.difference(&already) {
            parsed.fail(name, &reason);
        }
    }
    Ok(parsed)
}

/// `Group / request`.
fn full_name<'g>(groups: impl Iterator<Item = &'g [u8]>, name: &[u8], into: &mut Vec<u8>) {
    into.clear();
    for group in groups.filter(|group| !group.is_empty()) {
        into.extend_from_slice(group);
        into.extend_from_slice(b" / ");
    }
    into.extend_from_slice(name);
}

/// Start and end in nanoseconds, and the time between in milliseconds.
fn took(
    start: i64,
    end: i64,
    place: impl Fn() -> String,
) -> Result<(u64, Option<(i64, i64)>), Fault> {
    let long = end
        .checked_sub(start)
        .and_then(|long| u64::try_from(long).ok())
        .ok_or_else(|| {
            Fault::at(
                place(),
                format!("the request ends ({end}) before it starts ({start})"),
            )
        })?;
    let span = start.checked_mul(MILLI).zip(end.checked_mul(MILLI));
    Ok((long, span))
}

/// Whether another file of a run's folder says the same and more: the log before the report's
/// statistics, all of these before the global ones.
pub(crate) fn is_said_better(path: &Path, files: &[std::path::PathBuf]) -> bool {
    let Some(folder) = path.parent() else {
        return false;
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let in_js = folder.file_name().is_some_and(|name| name == "js");
    let beside = |name: &str| files.contains(&folder.join(name));
    let log = folder.parent().map(|run| run.join("simulation.log"));
    match name {
        Some("stats.json") if in_js => log.is_some_and(|log| files.contains(&log)),
        Some("global_stats.json") if in_js => {
            beside("stats.json") || log.is_some_and(|log| files.contains(&log))
        }
        _ => false,
    }
}
