//! One line of `--out json`: a metric, or a number of it.

use super::super::{Contains, Kind};
use serde::Deserialize;
use std::borrow::Cow;

/// One number of a metric.
#[derive(Debug, PartialEq)]
pub(super) struct Point<'a> {
    pub(super) metric: Cow<'a, str>,
    pub(super) value: f64,
    pub(super) time: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) scenario: Cow<'a, str>,
    pub(super) group: Cow<'a, str>,
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
pub(super) struct Data<'a> {
    #[serde(borrow)]
    pub(super) time: Option<Cow<'a, str>>,
    pub(super) value: Option<f64>,
    #[serde(borrow)]
    pub(super) tags: Option<LineTags<'a>>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
    pub(super) contains: Option<Contains>,
}

#[derive(Deserialize, Default)]
pub(super) struct LineTags<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    scenario: Option<Cow<'a, str>>,
    #[serde(borrow)]
    group: Option<Cow<'a, str>>,
}

pub(super) enum Said<'a> {
    Point(Point<'a>),
    Metric(Cow<'a, str>, Kind, Contains),
}

pub(super) fn strict(line: &[u8]) -> Result<Said<'_>, String> {
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
pub(super) fn plain(line: &[u8]) -> Option<Point<'_>> {
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
