//! Every single measurement of a run: `--out json` (NDJSON) and `--out csv`, read as streams.
//!
//! The whole run becomes what the summary of the same run would be, under the same names. Beside
//! it, requests are counted apart by the tags `name`, `scenario` and `group`.
//!
//! A line of NDJSON is read by a scanner that knows only the plain form in which k6 writes it.
//! Whatever looks different goes to `serde_json`, which has the last word.

mod clock;
mod line;
mod stages;

use super::{Contains, Fault, Kind, MILLISECOND, Metric, Values, shapes};
use crate::formats::delimited::{Header, Records, number};
use crate::formats::distribution::Distribution;
use crate::formats::moments::LoadMoment;
use crate::formats::parsed::{Parsed, not_negative};
use crate::formats::requests::{Failures, How, PERCENTILES, Requests, steps};
use crate::formats::source::Source;
use crate::model::Tags;
use clock::{Clock, NANOS};
use line::{Point, Said, plain, strict};
use stages::Stages;
use std::borrow::Cow;
use std::collections::HashMap;

/// Numbers of trends are counted in millionths: nanoseconds of milliseconds.
const STEPS: f64 = 1e6;
/// Where times are whole seconds, the length of a shorter run says too little for a rate.
const SHORTEST_IN_SECONDS: i64 = 10 * NANOS;

const HOW: How = How {
    step: MILLISECOND / STEPS,
    source: "http_req_duration",
    unit: "ms",
    failures: Failures::All,
};

/// What was counted of one metric.
struct Counted {
    name: String,
    kind: Kind,
    contains: Contains,
    role: Role,
    trend: Distribution,
    /// Sum of a counter, hits of a rate, last value of a gauge.
    sum: f64,
    n: u64,
    negative: bool,
}

/// What a metric says of requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Made,
    Failed,
    Took,
    Iterated,
    None,
    /// How many users there are.
    Users,
}

#[derive(Default)]
struct Counts {
    index: HashMap<String, usize>,
    metrics: Vec<Counted>,
    requests: Requests,
    key: Vec<u8>,
    clock: Clock,
    span: Option<(i64, i64)>,
    stages: Stages,
}

impl Counts {
    fn declare(&mut self, name: &str, kind: Kind, contains: Contains) -> Result<usize, String> {
        if let Some(at) = self.index.get(name) {
            return match self.metrics.get(*at) {
                Some(m) if m.kind == kind && m.contains == contains => Ok(*at),
                _ => Err(format!("`{name}` is declared twice, in different ways")),
            };
        }
        let at = self.metrics.len();
        self.index.insert(name.to_owned(), at);
        self.metrics.push(Counted {
            name: name.to_owned(),
            kind,
            contains,
            role: match (name, kind) {
                ("http_reqs", Kind::Counter) => Role::Made,
                ("http_req_failed", Kind::Rate) => Role::Failed,
                ("http_req_duration", Kind::Trend) => Role::Took,
                ("iterations", Kind::Counter) => Role::Iterated,
                ("vus", Kind::Gauge) => Role::Users,
                _ => Role::None,
            },
            trend: Distribution::default(),
            sum: 0.0,
            n: 0,
            negative: false,
        });
        Ok(at)
    }

    fn point(&mut self, point: &Point<'_>, place: impl Fn() -> String) -> Result<(), Fault> {
        let known = self.index.get(&*point.metric).copied();
        let metric = known.and_then(|at| self.metrics.get_mut(at));
        let Some(metric) = metric else {
            let reason = format!(
                "`{}` was not declared; the beginning of the file is missing",
                point.metric
            );
            return Err(Fault::at(place(), reason));
        };
        metric.n += 1;
        match metric.kind {
            Kind::Trend if point.value < 0.0 && metric.contains != Contains::Time => {
                metric.negative = true;
            }
            Kind::Trend => metric.trend.record(steps(point.value, STEPS, &place)?)?,
            Kind::Counter => metric.sum += not_negative(point.value, &place)?,
            Kind::Rate => {
                let hit = not_negative(point.value, &place)? != 0.0;
                metric.sum += f64::from(u8::from(hit));
            }
            Kind::Gauge => metric.sum = point.value,
        }
        let role = metric.role;
        if role == Role::None {
            return Ok(());
        }
        let mut span = None;
        if role == Role::Users {
            if let Some(time) = self.clock.read_any(&point.time) {
                self.stages.users(point.value, time)?;
            }
            return Ok(());
        }
        self.stages.request(role, point.value);
        if role == Role::Took {
            self.stages.took(steps(point.value, STEPS, &place)?)?;
        }
        if matches!(role, Role::Made | Role::Iterated) {
            let time = self.clock.read_any(&point.time).ok_or_else(|| {
                Fault::at(
                    place(),
                    format!("the time `{}` is not understood", point.time),
                )
            })?;
            span = Some((time, time));
            let (first, last) = self.span.get_or_insert((time, time));
            *first = (*first).min(time);
            *last = (*last).max(time);
        }
        if role == Role::Iterated || point.name.is_empty() {
            return Ok(());
        }
        self.key.clear();
        for tag in [&point.name, &point.scenario, &point.group] {
            self.key.extend_from_slice(tag.as_bytes());
            self.key.push(0);
        }
        let tally = self.requests.of(&self.key)?;
        match role {
            Role::Made => tally.count(span),
            Role::Failed if point.value != 0.0 => tally.fail(),
            Role::Took => tally.took(steps(point.value, STEPS, &place)?)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self, stem: &str) -> Result<Parsed, Fault> {
        let seconds = self
            .span
            .map(|(first, last)| last - first)
            .filter(|long| {
                *long
                    >= if self.clock.coarse {
                        SHORTEST_IN_SECONDS
                    } else {
                        1
                    }
            })
            .map(|long| long as f64 / NANOS as f64);
        let mut parsed = Parsed::default();
        let mut metrics = Vec::new();
        for metric in self.metrics {
            if metric.negative {
                parsed.fail(stem, format!("{} has negative numbers", metric.name));
            } else if let Some(values) = metric.values(seconds) {
                metrics.push(Metric {
                    place: metric.name.clone(),
                    name: metric.name,
                    values,
                    contains: metric.contains,
                });
            }
        }
        let whole = super::of_summary(stem, &metrics)?;
        parsed.measurements.extend(whole.measurements);
        parsed.failures.extend(whole.failures);
        self.stages.report(stem, &mut parsed)?;
        for (key, tally) in self.requests.by_name() {
            let mut parts = key.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            let mut part = || parts.next().unwrap_or_default().into_owned();
            let (name, scenario, group) = (part(), part(), part());
            let mut tags: Tags = [("name".to_owned(), name)].into();
            // What every script has says nothing.
            if !["", "default"].contains(&scenario.as_str()) {
                tags.insert("scenario".to_owned(), scenario);
            }
            let group = group.trim_start_matches("::");
            if !group.is_empty() {
                tags.insert("group".to_owned(), group.to_owned());
            }
            if tally.requests() == 0 {
                continue;
            }
            let mut tally = tally.clone();
            if self.clock.coarse {
                tally.only_spans_of(SHORTEST_IN_SECONDS);
            }
            tally.report(stem, tags, &HOW, &mut parsed)?;
        }
        Ok(parsed)
    }
}

impl Counted {
    fn values(&self, seconds: Option<f64>) -> Option<Values> {
        if self.n == 0 {
            return None;
        }
        Some(match self.kind {
            Kind::Trend => {
                let found = self
                    .trend
                    .percentiles(PERCENTILES.map(|(_, share)| share))?;
                let names = PERCENTILES.map(|(name, _)| name).into_iter();
                let mut all: Vec<(String, f64)> = names
                    .zip(found)
                    .map(|(name, value)| (name.to_owned(), value as f64 / STEPS))
                    .collect();
                all.push(("mean".to_owned(), self.trend.mean() / STEPS));
                all.push(("min".to_owned(), self.trend.min() as f64 / STEPS));
                all.push(("max".to_owned(), self.trend.max() as f64 / STEPS));
                Values::Trend(all, Some(self.n as f64))
            }
            Kind::Counter => Values::Counter(self.sum, seconds.map(|s| self.sum / s)),
            Kind::Rate => Values::Rate(self.sum / self.n as f64, Some(self.sum)),
            Kind::Gauge => Values::Gauge(self.sum),
        })
    }
}

/// Reads NDJSON.
pub(super) fn ndjson(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut counts = Counts::default();
    count_ndjson(source, &mut counts)?;
    counts.finish(stem)
}

/// Reads CSV. It does not say what custom metrics are, so these are left out.
pub(super) fn csv(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut counts = Counts::default();
    count_csv(source, &mut counts)?;
    counts.finish(stem)
}

/// What the service was like in every second of the run.
pub(super) fn moments(source: &mut Source<'_>, csv: bool) -> Result<Vec<LoadMoment>, Fault> {
    let mut counts = Counts::default();
    counts.stages.moments = Some(Vec::new());
    if csv {
        count_csv(source, &mut counts)?;
    } else {
        count_ndjson(source, &mut counts)?;
    }
    Ok(counts.stages.moments.unwrap_or_default())
}

fn count_ndjson(source: &mut Source<'_>, counts: &mut Counts) -> Result<(), Fault> {
    while source.advance()? {
        let number = source.number();
        let place = || format!("line {number}");
        let line = source.current();
        if line.is_empty() {
            continue;
        }
        if let Some(point) = plain(line) {
            counts.point(&point, place)?;
            continue;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match strict(line).map_err(|reason| Fault::at(place(), reason))? {
            Said::Point(point) => counts.point(&point, place)?,
            Said::Metric(name, kind, contains) => {
                counts
                    .declare(&name, kind, contains)
                    .map_err(|reason| Fault::at(place(), reason))?;
            }
        }
    }
    Ok(())
}

fn count_csv(source: &mut Source<'_>, counts: &mut Counts) -> Result<(), Fault> {
    let mut records = Records::new(b',');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let metric_column = header.need("metric_name")?;
    let time_column = header.need("timestamp")?;
    let value_column = header.need("metric_value")?;
    let tag_columns = ["name", "scenario", "group"].map(|tag| header.find(tag));
    let read: Vec<usize> = [metric_column, time_column, value_column]
        .into_iter()
        .chain(tag_columns.into_iter().flatten())
        .collect();
    loop {
        let cells = records.next(source)?;
        let Some(cells) = cells else { break };
        let place = || cells.place();
        header.fits(&cells, place)?;
        cells.whole(&read)?;
        let text = |at: usize| {
            std::str::from_utf8(cells.get(at))
                .ok()
                .ok_or_else(|| Fault::at(place(), "the text is not UTF-8"))
        };
        let metric = text(metric_column)?;
        if metric == "metric_name" {
            return Err(Fault::at(place(), "a second header; give each run a file"));
        }
        if !counts.index.contains_key(metric) {
            let Some((kind, contains)) = shapes::builtin(metric) else {
                continue;
            };
            counts
                .declare(metric, kind, contains)
                .map_err(|reason| Fault::at(place(), reason))?;
        }
        let tag = |at: usize| match tag_columns.get(at).copied().flatten() {
            Some(column) => text(column),
            None => Ok(""),
        };
        let point = Point {
            metric: Cow::Borrowed(metric),
            value: number(cells.get(value_column), place)?,
            time: Cow::Borrowed(text(time_column)?),
            name: Cow::Borrowed(tag(0)?),
            scenario: Cow::Borrowed(tag(1)?),
            group: Cow::Borrowed(tag(2)?),
        };
        counts.point(&point, place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
