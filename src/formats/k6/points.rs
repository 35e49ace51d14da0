//! Every single measurement of a run: `--out json` (NDJSON) and `--out csv`, read as streams.
//!
//! The whole run becomes what the summary of the same run would be, under the same names. Beside
//! it, requests are counted apart by the tags `name`, `scenario` and `group`.
//!
//! A line of NDJSON is read by a scanner that knows only the plain form in which k6 writes it.
//! Whatever looks different goes to `serde_json`, which has the last word.

use super::{Contains, Fault, Kind, MILLISECOND, Metric, Values, shapes};
use crate::formats::delimited::{Header, Records, number};
use crate::formats::distribution::Distribution;
use crate::formats::load::Load;
use crate::formats::parsed::{Parsed, RATE, not_negative};
use crate::formats::requests::{How, PERCENTILES, Requests, steps};
use crate::formats::source::Source;
use crate::model::Tags;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Numbers of trends are counted in millionths: nanoseconds of milliseconds.
const STEPS: f64 = 1e6;
/// Where times are whole seconds, the length of a shorter run says too little for a rate.
const SHORTEST_IN_SECONDS: i64 = 10 * NANOS;
const NANOS: i64 = 1_000_000_000;

const HOW: How = How {
    step: MILLISECOND / STEPS,
    source: "http_req_duration",
    unit: "ms",
    failures: true,
};

/// One number of a metric.
#[derive(Debug, PartialEq)]
pub(super) struct Point<'a> {
    metric: Cow<'a, str>,
    value: f64,
    time: Cow<'a, str>,
    name: Cow<'a, str>,
    scenario: Cow<'a, str>,
    group: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

/// What a metric's line and a point's line hold.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    time: Option<Cow<'a, str>>,
    value: Option<f64>,
    #[serde(borrow)]
    tags: Option<LineTags<'a>>,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    contains: Option<Contains>,
}

#[derive(Deserialize, Default)]
struct LineTags<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    scenario: Option<Cow<'a, str>>,
    #[serde(borrow)]
    group: Option<Cow<'a, str>>,
}

enum Said<'a> {
    Point(Point<'a>),
    Metric(Cow<'a, str>, Kind, Contains),
}

fn strict(line: &[u8]) -> Result<Said<'_>, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| {
        if error.is_eof() {
            format!("the line ends too early, the file is cut off ({error})")
        } else {
            format!("it is not a line of k6's JSON output: {error}")
        }
    })?;
    let missing = |what: &str| format!("`data.{what}` is missing");
    match &*line.kind {
        "Metric" => {
            let kind = line.data.kind.ok_or_else(|| missing("type"))?;
            let contains = line.data.contains.unwrap_or(Contains::Default);
            Ok(Said::Metric(line.metric, kind, contains))
        }
        "Point" => {
            let tags = line.data.tags.unwrap_or_default();
            Ok(Said::Point(Point {
                metric: line.metric,
                value: line.data.value.ok_or_else(|| missing("value"))?,
                time: line.data.time.ok_or_else(|| missing("time"))?,
                name: tags.name.unwrap_or_default(),
                scenario: tags.scenario.unwrap_or_default(),
                group: tags.group.unwrap_or_default(),
            }))
        }
        other => Err(format!("the type `{other}` is not known")),
    }
}

/// A point in the plain form; `None` for anything else, right or wrong.
fn plain(line: &[u8]) -> Option<Point<'_>> {
    // Once for the whole line, so that strings need not be looked at again.
    if line.iter().any(|byte| *byte < 0x20 || *byte == b'\\') {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    let mut scan = Scan { text, at: 0 };
    let (mut metric, mut kind, mut data) = (None, None, None);
    scan.byte(b'{')?;
    loop {
        let key = scan.key()?;
        match key {
            "metric" if metric.is_none() => metric = Some(scan.string()?),
            "type" if kind.is_none() => kind = Some(scan.string()?),
            "data" if data.is_none() => data = Some(scan.data()?),
            _ => return None,
        }
        if !scan.comma(b'}')? {
            break;
        }
    }
    if scan.at != line.len() || kind? != "Point" {
        return None;
    }
    let (time, value, [name, scenario, group]) = data?;
    Some(Point {
        metric: Cow::Borrowed(metric?),
        value,
        time: Cow::Borrowed(time),
        name: Cow::Borrowed(name),
        scenario: Cow::Borrowed(scenario),
        group: Cow::Borrowed(group),
    })
}

/// Walks over JSON without spaces and escapes.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// `,` and then more, or the end.
    fn comma(&mut self, end: u8) -> Option<bool> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            _ => (byte == end).then_some(false),
        }
    }

    fn string(&mut self) -> Option<&'a str> {
        self.byte(b'"')?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let end = self.at + memchr::memchr(b'"', rest)?;
        let found = self.text.get(self.at..end)?;
        self.at = end + 1;
        Some(found)
    }

    fn key(&mut self) -> Option<&'a str> {
        let key = self.string()?;
        self.byte(b':')?;
        Some(key)
    }

    /// A number as JSON allows it: `-0.5e+3`, not `.5`, `05` or `1.`.
    fn number(&mut self) -> Option<f64> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at - from
        };
        let mut at = start;
        if bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        let first = bytes.get(at);
        let whole = digits(&mut at);
        if whole == 0 || (whole > 1 && first == Some(&b'0')) {
            return None;
        }
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            if digits(&mut at) == 0 {
                return None;
            }
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            if digits(&mut at) == 0 {
                return None;
            }
        }
        self.at = at;
        let value: f64 = self.text.get(start..at)?.parse().ok()?;
        value.is_finite().then_some(value)
    }

    /// Time, value, and the tags `name`, `scenario` and `group`.
    fn data(&mut self) -> Option<(&'a str, f64, [&'a str; 3])> {
        let (mut time, mut value, mut tags) = (None, None, None);
        self.byte(b'{')?;
        loop {
            match self.key()? {
                "time" if time.is_none() => time = Some(self.string()?),
                "value" if value.is_none() => value = Some(self.number()?),
                "tags" if tags.is_none() => tags = Some(self.tags()?),
                _ => return None,
            }
            if !self.comma(b'}')? {
                break;
            }
        }
        Some((time?, value?, tags.unwrap_or_default()))
    }

    fn tags(&mut self) -> Option<[&'a str; 3]> {
        let mut found = [None; 3];
        self.byte(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some([""; 3]);
        }
        loop {
            let key = self.key()?;
            let value = self.string()?;
            let slot = match key {
                "name" => 0,
                "scenario" => 1,
                "group" => 2,
                _ => 3,
            };
            if let Some(slot) = found.get_mut(slot)
                && slot.replace(value).is_some()
            {
                return None;
            }
            if !self.comma(b'}')? {
                break;
            }
        }
        Some(found.map(Option::unwrap_or_default))
    }
}

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

/// What happened while so many users were at work. There is no distribution here: a ramp passes
/// through every number of them.
#[derive(Default)]
struct Stage {
    nanos: i64,
    requests: u64,
    failures: u64,
    took: f64,
}

/// Stages by number of users.
#[derive(Default)]
struct Stages {
    by_users: BTreeMap<u64, Stage>,
    now: Option<(u64, i64)>,
    /// Since the last word on users: how long that lasts is not known yet.
    pending: Stage,
}

/// Numbers of users that were kept for less are parts of a ramp.
const STAGE: i64 = 5 * NANOS;

impl Stages {
    /// k6 says every second how many users there are.
    fn users(&mut self, users: f64, time: i64) {
        if let Some((before, since)) = self.now {
            let stage = self.by_users.entry(before).or_default();
            stage.nanos = stage
                .nanos
                .saturating_add(time.saturating_sub(since).max(0));
            stage.requests += self.pending.requests;
            stage.failures += self.pending.failures;
            stage.took += self.pending.took;
        }
        self.pending = Stage::default();
        self.now = Some((users.max(0.0) as u64, time));
    }

    fn request(&mut self, role: Role, value: f64) {
        let stage = &mut self.pending;
        match role {
            Role::Made => stage.requests += 1,
            Role::Failed if value != 0.0 => stage.failures += 1,
            Role::Took => stage.took += value,
            _ => {}
        }
    }

    /// Each stage that was kept, where there are several: the tag `vus` tells them apart.
    fn report(self, name: &str, parsed: &mut Parsed) -> Result<(), Fault> {
        let kept: Vec<(u64, Stage)> = self
            .by_users
            .into_iter()
            .filter(|(users, stage)| *users > 0 && stage.nanos >= STAGE && stage.requests > 0)
            .collect();
        if kept.len() < 2 {
            return Ok(());
        }
        for (users, stage) in kept {
            let tags = [("vus".to_owned(), users.to_string())].into();
            let made = stage.requests as f64;
            let failed = stage.failures.min(stage.requests) as f64;
            let load = Load::new(
                name,
                tags,
                (made, ("http_reqs", "count")),
                (failed, ("http_req_failed", "count")),
                parsed,
            )?;
            let Some(mut load) = load else { continue };
            let mean = stage.took / made;
            load.latency("mean", mean, MILLISECOND, ("http_req_duration", "ms"))?;
            let rate = made / (stage.nanos as f64 / NANOS as f64);
            load.value("rate", rate, RATE, ("http_reqs", "1/s"))?;
        }
        Ok(())
    }
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
            Kind::Rate => metric.sum += f64::from(u8::from(point.value != 0.0)),
            Kind::Gauge => metric.sum = point.value,
        }
        let role = metric.role;
        if role == Role::None {
            return Ok(());
        }
        let mut span = None;
        if role == Role::Users {
            if let Some(time) = self.clock.read_any(&point.time) {
                self.stages.users(point.value, time);
            }
            return Ok(());
        }
        self.stages.request(role, point.value);
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

/// Reads times: RFC 3339, or seconds and their thousandths since 1970.
#[derive(Default)]
struct Clock {
    /// Up to the minute, what follows the seconds, and the nanoseconds at that minute.
    minute: Option<(String, String, i64)>,
    coarse: bool,
}

impl Clock {
    fn read(&mut self, text: &str) -> Option<i64> {
        let (minute, rest) = text.split_at_checked(17)?;
        let (second, rest) = rest.split_at_checked(2)?;
        let mut nanos = second.parse::<i64>().ok().filter(|s| *s < 60)? * NANOS;
        let mut zone = rest;
        if let Some(fraction) = rest.strip_prefix('.') {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = fraction.split_at_checked(digits)?;
            let scale = 10_i64.checked_pow(9_u32.checked_sub(digits as u32)?)?;
            nanos += fraction.parse::<i64>().ok()? * scale;
            zone = after;
        }
        if let Some((m, z, start)) = &self.minute
            && m == minute
            && z == zone
        {
            return Some(start + nanos);
        }
        let full: jiff::Timestamp = text.parse().ok()?;
        let full = i64::try_from(full.as_nanosecond()).ok()?;
        self.minute = Some((minute.to_owned(), zone.to_owned(), full.checked_sub(nanos)?));
        Some(full)
    }

    /// The same, or the times of k6's CSV: whole seconds, unless `K6_CSV_TIME_FORMAT` said
    /// otherwise.
    fn read_any(&mut self, text: &str) -> Option<i64> {
        if text.contains('T') {
            return self.read(text);
        }
        let number: i64 = text.parse().ok().filter(|n| *n > 0)?;
        let factor = match text.len() {
            ..=11 => {
                self.coarse = true;
                NANOS
            }
            12..=14 => 1_000_000,
            15..=17 => 1_000,
            _ => 1,
        };
        number.checked_mul(factor)
    }
}

/// Reads NDJSON.
pub(super) fn ndjson(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut counts = Counts::default();
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
    counts.finish(stem)
}

/// Reads CSV. It does not say what custom metrics are, so these are left out.
pub(super) fn csv(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let metric_column = header.need("metric_name")?;
    let time_column = header.need("timestamp")?;
    let value_column = header.need("metric_value")?;
    let tag_columns = ["name", "scenario", "group"].map(|tag| header.find(tag));
    let mut counts = Counts::default();
    loop {
        let cells = records.next(source)?;
        let Some(cells) = cells else { break };
        let place = || cells.place();
        header.fits(&cells, place)?;
        let text = |at: usize| {
            std::str::from_utf8(cells.get(at))
                .ok()
                .ok_or_else(|| Fault::at(place(), "the text is not UTF-8"))
        };
        let metric = text(metric_column)?;
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
    counts.finish(stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{close, get, read_text};
    use proptest::prelude::*;

    fn metric(name: &str, kind: &str, contains: &str) -> String {
        format!(
            "{{\"type\":\"Metric\",\"data\":{{\"name\":\"{name}\",\"type\":\"{kind}\",\"contains\":\"{contains}\"}},\"metric\":\"{name}\"}}\n"
        )
    }

    fn point(name: &str, second: u32, value: &str, tags: &str) -> String {
        format!(
            "{{\"metric\":\"{name}\",\"type\":\"Point\",\"data\":{{\"time\":\"2026-11-21T03:42:{second:02}.5Z\",\"value\":{value},\"tags\":{{{tags}}}}}}}\n"
        )
    }

    fn request(second: u32, duration: &str, failed: &str, tags: &str) -> String {
        point("http_reqs", second, "1", tags)
            + &point("http_req_duration", second, duration, tags)
            + &point("http_req_failed", second, failed, tags)
    }

    fn declared() -> String {
        metric("http_reqs", "counter", "default")
            + &metric("http_req_duration", "trend", "time")
            + &metric("http_req_failed", "rate", "default")
    }

    const A: &str = "\"name\":\"a\",\"scenario\":\"default\",\"group\":\"\"";
    const B: &str = "\"name\":\"b\",\"scenario\":\"peak\",\"group\":\"::buy\"";

    #[test]
    fn numbers_of_users_that_were_kept_are_steps() {
        let mut text = declared() + &metric("vus", "gauge", "default");
        for second in 0..24 {
            // Ten seconds of 5, a ramp, ten seconds of 20.
            let users = match second {
                0..10 => 5,
                10..13 => 5 + 5 * (second - 9),
                _ => 20,
            };
            text += &point("vus", second, &users.to_string(), "");
            for _ in 0..users {
                text += &request(second, "40", if second == 20 { "1" } else { "0" }, A);
            }
        }
        let reading = read_text("run.json", "k6", &text).unwrap();
        let of = |vus: &str, metric: &str| {
            let mut all = reading.measurements.iter();
            let own =
                all.find(|m| m.metric == metric && m.tags.get("vus").is_some_and(|v| v == vus));
            own.map(|m| m.value)
        };
        assert!(
            close(of("5", "rate").unwrap(), 5.0) && close(of("5", "latency.mean").unwrap(), 40e6)
        );
        assert!(of("20", "error_rate").unwrap() > 0.05 && of("20", "rate").unwrap() > 19.0);
        assert_eq!(of("10", "rate"), None);
        let still = text.replace("\"value\":20,", "\"value\":5,");
        let reading = read_text("run.json", "k6", &still).unwrap();
        let fast = reading
            .measurements
            .iter()
            .filter(|m| m.tags.contains_key("vus"));
        assert_eq!(fast.count(), 0);
    }

    #[test]
    fn the_whole_and_each_kind_of_request() {
        let mut text = declared() + &metric("sizes", "trend", "default");
        for second in 0..10 {
            text += &request(second, "1.5", "0", A);
            text += &request(second, "20", "1", B);
            text += &point("sizes", second, "0.25", "");
        }
        text += &request(11, "2.5", "0", B);
        let reading = read_text("run.json", "k6", &text).unwrap();
        let of = |metric: &str| get(&reading, "run", metric).value;
        assert!(close(of("latency.p50"), 2.5e6) && close(of("latency.min"), 1.5e6));
        assert!(close(of("requests"), 21.0) && close(of("failures"), 10.0));
        assert!(close(of("rate"), 21.0 / 11.0));
        assert!(close(of("sizes.p95"), 0.25));
        let slice = |name: &str, metric: &str| {
            let hit = reading
                .measurements
                .iter()
                .find(|m| m.metric == metric && m.tags.get("name").is_some_and(|n| n == name));
            hit.unwrap().clone()
        };
        assert!(close(slice("a", "latency.p95").value, 1.5e6));
        assert_eq!(slice("a", "requests").tags.len(), 1);
        let b = slice("b", "error_rate");
        assert!(close(b.value, 10.0 / 11.0));
        assert_eq!((&*b.tags["scenario"], &*b.tags["group"]), ("peak", "buy"));
        assert_eq!(get(&reading, "run", "latency.p95").n, 21);
    }

    #[test]
    fn csv_says_the_same() {
        let mut text = "metric_name,timestamp,metric_value,group,name,scenario\n".to_owned();
        for second in 0..20 {
            for (metric, value) in [
                ("http_reqs", "1"),
                ("http_req_duration", "7.25"),
                ("http_req_failed", "0"),
            ] {
                text += &format!(
                    "{metric},{},{value},::g,\"a,b\",default\n",
                    1_795_232_565 + second
                );
            }
            text += &format!("custom,{},1,,,\n", 1_795_232_565 + second);
        }
        let reading = read_text("run.csv", "k6", &text).unwrap();
        let of = |metric: &str| get(&reading, "run", metric).value;
        assert!(close(of("latency.p95"), 7.25e6) && close(of("requests"), 20.0));
        assert!(close(of("rate"), 20.0 / 19.0));
        assert!(
            reading
                .measurements
                .iter()
                .any(|m| m.tags.get("name").is_some_and(|n| n == "a,b"))
        );
        // Whole seconds say too little of a short run.
        let short: String = text.lines().take(20).map(|l| format!("{l}\n")).collect();
        let short = read_text("run.csv", "k6", &short).unwrap();
        assert!(short.measurements.iter().all(|m| m.metric != "rate"));
        for (from, to, reason) in [
            ("7.25", "\"7,25\"", "not a number"),
            ("7.25", "NaN", "not a number"),
            ("7.25", "-1", "negative"),
            (",default\n", "\n", "cells"),
        ] {
            let error = read_text("run.csv", "k6", &text.replace(from, to)).unwrap_err();
            assert!(error.reason.contains(reason), "{error}");
            assert!(
                error
                    .place
                    .as_deref()
                    .is_some_and(|p| p.starts_with("line")),
                "{error}"
            );
        }
    }

    #[test]
    fn failed_and_empty_runs_have_no_values() {
        let failed = read_text("x.json", "k6", &(declared() + &request(1, "3", "1", A))).unwrap();
        assert!(failed.measurements.is_empty());
        assert!(
            failed
                .failures
                .iter()
                .any(|f| f.reason == "every request failed")
        );
        let empty = read_text("x.json", "k6", &declared()).unwrap();
        assert!(empty.measurements.is_empty() && empty.failures[0].reason.contains("no requests"));
    }

    #[test]
    fn mistakes_are_placed() {
        let good = declared() + &request(1, "3", "0", A);
        for (line, reason) in [
            (point("http_req_duration", 2, "-1", A), "negative"),
            (point("http_req_duration", 2, "1e300", A), "too long"),
            (point("http_req_duration", 2, "1e999", A), "out of range"),
            (point("http_req_duration", 2, "NaN", A), "not a line"),
            (point("http_req_duration", 2, "\"3\"", A), "not a line"),
            (
                point("http_req_duration", 2, "null", A),
                "`data.value` is missing",
            ),
            (point("other", 2, "3", A), "was not declared"),
            (metric("http_reqs", "gauge", "default"), "declared twice"),
            (
                point("http_reqs", 2, "1", A).replace("2026", "soon"),
                "not understood",
            ),
            (point("http_reqs", 2, "1", A)[..60].to_owned(), "cut off"),
        ] {
            let error = read_text("x.json", "k6", &format!("{good}{line}")).unwrap_err();
            assert!(error.reason.contains(reason), "{line}: {error}");
            assert_eq!(error.place.as_deref(), Some("line 7"), "{line}");
        }
    }

    #[test]
    fn times() {
        let mut clock = Clock::default();
        let mut read = |text: &str| clock.read_any(text);
        assert_eq!(read("1970-01-01T00:00:01.000000002Z"), Some(NANOS + 2));
        assert_eq!(read("1970-01-01T00:00:59.5Z"), Some(59 * NANOS + NANOS / 2));
        assert_eq!(read("1970-01-01T01:00:03+01:00"), Some(3 * NANOS));
        assert_eq!(read("1795232565"), Some(1_795_232_565 * NANOS));
        assert_eq!(read("1795232565123"), Some(1_795_232_565_123 * 1_000_000));
        for text in [
            "",
            "-5",
            "1970-01-01T00:00:61Z",
            "1970-01-01T00:00:01.0000000001Z",
            "x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]
        #[test]
        fn the_scanner_says_what_serde_says_or_nothing(
            name in "[a-z/:. \u{e9}\\\\\"]{0,6}",
            value in prop_oneof![
                any::<f64>().prop_map(|v| v.to_string()), "[-+0-9.eE]{1,6}".prop_map(String::from), Just("null".to_owned()),
            ],
            swap in any::<bool>(),
            extra in prop_oneof![Just(""), Just(",\"metadata\":{}"), Just(",\"value\":1"), Just(" ")],
            twice in prop_oneof![Just(""), Just(",\"name\":\"z\""), Just(",\"status\":\"200\""), Just(",\"n\":1")],
            damage in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let data = format!("\"data\":{{\"time\":\"2026-11-21T03:42:45Z\",\"value\":{value},\"tags\":{{\"name\":\"{name}\"{twice}}}{extra}}}");
            let head = "\"metric\":\"m\",\"type\":\"Point\"";
            let line = if swap { format!("{{{data},{head}}}") } else { format!("{{{head},{data}}}") };
            let mut bytes = line.into_bytes();
            if let Some((at, byte)) = damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(point) = plain(&bytes) {
                match strict(&bytes) {
                    Ok(Said::Point(other)) => prop_assert_eq!(point, other),
                    _ => prop_assert!(false, "only the scanner read {}", String::from_utf8_lossy(&bytes)),
                }
            }
        }
    }
}
