//! Logs of requests, one record each: counted per request's name and together, in bounded memory.

use super::delimited::{Header, Records, number};
use super::distribution::Distribution;
use super::fault::Fault;
use super::load::Load;
use super::parsed::{Parsed, RATE, Source, brief, not_negative};
use super::source::Source as FileSource;
use super::units::SECOND;
use crate::model::Tags;
use std::collections::HashMap;

/// More different names than this are no names.
const NAMES: usize = 10_000;
/// Durations above are mistakes: more than a hundred years in nanoseconds.
const LONGEST: f64 = 3.2e18;

/// The percentiles of a log: the same whatever its length, so that a series never loses one.
pub(crate) const PERCENTILES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p75", 0.75),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99.9", 0.999),
];

/// What the registry says of a log's metrics.
pub(crate) const METRICS: &[&str] = &[
    "latency.p95",
    "latency.mean",
    "latency.min",
    "latency.max",
    "latency.p50",
    "latency.p75",
    "latency.p90",
    "latency.p99",
    "latency.p99.9",
    "requests",
    "failures",
    "error_rate",
    "rate",
];

/// The requests of one name, or of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    latency: Distribution,
    /// Requests that have no duration count as well.
    requests: u64,
    failures: u64,
    /// Start of the first and end of the last, in nanoseconds of any clock.
    span: Option<(i64, i64)>,
}

impl Tally {
    /// Counts a request, from its start to its end.
    pub(crate) fn count(&mut self, span: Option<(i64, i64)>) {
        self.requests += 1;
        if let Some((start, end)) = span {
            let (first, last) = self.span.get_or_insert((start, end));
            *first = (*first).min(start);
            *last = (*last).max(end);
        }
    }

    /// Leaves the rate out where the requests lie closer together than `shortest` nanoseconds.
    pub(crate) fn only_spans_of(&mut self, shortest: i64) {
        self.span = self
            .span
            .filter(|(first, last)| last.saturating_sub(*first) >= shortest);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// Counts one of the requests as failed.
    pub(crate) fn fail(&mut self) {
        self.failures += 1;
    }

    /// Counts the duration of one of the requests.
    pub(crate) fn took(&mut self, steps: u64) -> Result<(), Fault> {
        self.latency.record(steps)
    }

    pub(crate) fn add(&mut self, request: &Request) -> Result<(), Fault> {
        self.count(request.span);
        self.failures += u64::from(request.failed);
        request.latency.map_or(Ok(()), |steps| self.took(steps))
    }

    /// The tally as measurements of `name`, or as a failure.
    pub(crate) fn report(
        &self,
        name: &str,
        tags: Tags,
        how: &How,
        parsed: &mut Parsed,
    ) -> Result<(), Fault> {
        let count = (how.source, "count");
        let slice = super::parsed::tags_in_words(&tags);
        let made = (self.requests as f64, count);
        let failed = (self.failures as f64, count);
        let load = match how.failures {
            Failures::All => Load::new(name, tags, made, failed, parsed),
            Failures::OfAnswers if self.failures >= self.requests => {
                Load::new(name, tags, made, failed, parsed)
            }
            Failures::OfAnswers | Failures::Unknown => {
                Load::failures_unknown(name, tags, made, parsed)
            }
        };
        let Some(mut load) =
            load.map_err(|fault| Fault::whole(format!("{name}{slice}: {}", fault.reason)))?
        else {
            return Ok(());
        };
        if how.failures == Failures::OfAnswers && self.failures > 0 {
            load.note(format!(
                "{} of {} answers in {name}{slice} are failures; requests without an answer are not in this file, so it gives no error rate: record the tool's text as well",
                self.failures, self.requests
            ));
        }
        let source = (how.source, how.unit);
        distribution(&mut load, &self.latency, how.step, source, true)?;
        if let Some((first, last)) = self.span
            && last > first
        {
            let seconds = last.saturating_sub(first) as f64 / 1e9;
            load.value(
                "rate",
                self.requests as f64 / seconds,
                RATE,
                (how.source, "1/s"),
            )?;
        }
        Ok(())
    }
}

/// Adds a distribution's percentiles to a load test, and mean, minimum and maximum where `all` is
/// wanted; `step` brings it to nanoseconds.
pub(crate) fn distribution(
    load: &mut Load<'_>,
    latency: &Distribution,
    step: f64,
    source: Source<'_>,
    all: bool,
) -> Result<(), Fault> {
    let Some(found) = latency.percentiles(PERCENTILES.map(|(_, share)| share)) else {
        return Ok(());
    };
    load.requests(latency.n());
    for ((statistic, _), value) in PERCENTILES.iter().zip(found) {
        load.latency(statistic, value as f64, step, source)?;
    }
    if !all {
        return Ok(());
    }
    load.latency("mean", latency.mean(), step, source)?;
    load.latency("min", latency.min() as f64, step, source)?;
    load.latency("max", latency.max() as f64, step, source)
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// In steps of the log's resolution.
    pub(crate) latency: Option<u64>,
    pub(crate) failed: bool,
    /// Start and end, in nanoseconds.
    pub(crate) span: Option<(i64, i64)>,
}

/// How a log's numbers are to be taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Nanoseconds in one step of a latency.
    pub(crate) step: f64,
    /// The log's own name of a latency.
    pub(crate) source: &'static str,
    /// Its own unit.
    pub(crate) unit: &'static str,
    /// What the log says of failures.
    pub(crate) failures: Failures,
}

/// What a log says of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failures {
    /// Every request is in it, and whether it failed.
    All,
    /// The status of every answer; requests that got none are not in it.
    OfAnswers,
    /// Nothing.
    Unknown,
}

/// The requests of a log, by name. Those without a name count for the whole alone.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    index: HashMap<Vec<u8>, usize>,
    named: Vec<(Vec<u8>, Tally)>,
    /// The last name is often the next one.
    last: usize,
}

impl Requests {
    pub(crate) fn add(&mut self, name: &[u8], request: &Request) -> Result<(), Fault> {
        self.of(name)?.add(request)
    }

    /// The tally of one name.
    pub(crate) fn of(&mut self, name: &[u8]) -> Result<&mut Tally, Fault> {
        if self
            .named
            .get(self.last)
            .is_none_or(|(last, _)| last != name)
        {
            self.last = match self.index.get(name) {
                Some(at) => *at,
                None => self.new_name(name)?,
            };
        }
        let tally = self.named.get_mut(self.last).map(|(_, tally)| tally);
        tally.ok_or_else(|| Fault::whole("a name was lost"))
    }

    fn new_name(&mut self, name: &[u8]) -> Result<usize, Fault> {
        if self.named.len() >= NAMES {
            return Err(Fault::whole(format!(
                "its requests have more than {NAMES} different names; give requests of one kind one name"
            )));
        }
        let at = self.named.len();
        self.index.insert(name.to_owned(), at);
        self.named.push((name.to_owned(), Tally::default()));
        Ok(at)
    }

    /// The tallies by name, in the order of the names.
    pub(crate) fn by_name(&self) -> Vec<(&[u8], &Tally)> {
        let mut all: Vec<(&[u8], &Tally)> = self
            .named
            .iter()
            .map(|(name, tally)| (name.as_slice(), tally))
            .collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// All requests together.
    pub(crate) fn total(&self) -> Result<Tally, Fault> {
        sum(self.named.iter().map(|(_, tally)| tally))
    }

    /// The whole under `total`, then each name as a benchmark.
    pub(crate) fn report(&self, total: &str, how: &How, parsed: &mut Parsed) -> Result<(), Fault> {
        self.total()?.report(total, Tags::new(), how, parsed)?;
        for (name, tally) in self.by_name() {
            if !name.is_empty() {
                tally.report(name_of(name, total)?, Tags::new(), how, parsed)?;
            }
        }
        Ok(())
    }
}

/// Several tallies together.
pub(crate) fn sum<'t>(tallies: impl Iterator<Item = &'t Tally>) -> Result<Tally, Fault> {
    let mut all = Tally::default();
    for tally in tallies {
        all.requests += tally.requests;
        all.failures += tally.failures;
        all.latency.merge(&tally.latency)?;
        if let Some((start, end)) = tally.span {
            let (first, last) = all.span.get_or_insert((start, end));
            *first = (*first).min(start);
            *last = (*last).max(end);
        }
    }
    Ok(all)
}

/// The name of a request as text, which must not be that of the sum of all.
pub(crate) fn name_of<'n>(name: &'n [u8], total: &str) -> Result<&'n str, Fault> {
    let name = std::str::from_utf8(name)
        .ok()
        .ok_or_else(|| Fault::whole("the name of a request is not UTF-8"))?;
    if name == total {
        return Err(Fault::whole(format!(
            "a request is called `{total}`, as is the sum of all; give it another name"
        )));
    }
    Ok(name)
}

/// A CSV of requests with times in seconds, of which those without an answer are left out.
pub(crate) struct SecondsLog {
    /// Column of the time since the test began.
    pub(crate) start: &'static str,
    /// Column of the duration.
    pub(crate) duration: &'static str,
    /// Column of the status code.
    pub(crate) status: &'static str,
    /// Steps in a second: the resolution of the durations.
    pub(crate) steps: f64,
}

impl SecondsLog {
    pub(crate) fn read(&self, source: &mut FileSource<'_>, stem: &str) -> Result<Parsed, Fault> {
        let mut records = Records::new(b',');
        let header = match records.next(source)? {
            Some(cells) => Header::new(cells, "line 1".to_owned())?,
            None => return Err(Fault::whole("the file is empty")),
        };
        let start = header.need(self.start)?;
        let duration = header.need(self.duration)?;
        let status = header.need(self.status)?;
        let mut tally = Tally::default();
        while let Some(cells) = records.next(source)? {
            let place = || cells.place();
            header.fits(&cells, place)?;
            cells.whole(&[start, duration, status])?;
            let begun = steps(number(cells.get(start), place)?, SECOND, place)?;
            let long = number(cells.get(duration), place)?;
            let end = begun.saturating_add(steps(long, SECOND, place)?);
            let code = whole(cells.get(status)).ok_or_else(|| {
                let cell = shown(cells.get(status));
                Fault::at(place(), format!("{cell} is not a status code"))
            })?;
            tally.add(&Request {
                latency: Some(steps(long, self.steps, place)?),
                failed: !(100..400).contains(&code),
                span: i64::try_from(begun).ok().zip(i64::try_from(end).ok()),
            })?;
        }
        let mut parsed = Parsed::default();
        let how = How {
            step: SECOND / self.steps,
            source: self.duration,
            unit: "s",
            failures: Failures::OfAnswers,
        };
        tally.report(stem, Tags::new(), &how, &mut parsed)?;
        Ok(parsed)
    }
}

/// A duration as a whole number of steps, of which `per_unit` make one of its unit.
pub(crate) fn steps(value: f64, per_unit: f64, place: impl Fn() -> String) -> Result<u64, Fault> {
    let steps = not_negative(value, &place)? * per_unit;
    if steps > LONGEST {
        return Err(Fault::at(
            place(),
            format!("{} is too long a time", brief(value)),
        ));
    }
    Ok(steps.round() as u64)
}

/// A whole number that is not negative, from its digits alone.
pub(crate) fn whole(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| sum * 10 + u64::from(digit))
    })
}

/// A cell's text, as an error shows it.
pub(crate) fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(&cell[..cell.len().min(60)]);
    format!("`{}`", text.escape_debug())
}
