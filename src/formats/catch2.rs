//! Catch2's benchmarks: `-r xml`, and the console's table.
//!
//! Versions seen: 2.13.10 (XML and console), consoles of 2.11, XML of 3 from its source.
//! Producer: <https://github.com/catchorg/Catch2/blob/devel/src/catch2/reporters/catch_reporter_xml.cpp>,
//! <https://github.com/catchorg/Catch2/blob/devel/src/catch2/reporters/catch_reporter_console.cpp>
//!
//! A benchmark is its test case, the sections inside and its own name, joined with `/`. The value
//! is the mean, the spread its confidence interval. XML is in nanoseconds; each cell of the console
//! has its own unit, and a name that is wider than its column goes on over several lines.

use super::fault::Fault;
use super::parsed::{Bench, Input, Parsed};
use super::registry::{Format, Reader};
use super::text::plain_number;
use super::timed::Timed;
use super::units;
use crate::model::Tags;
use quick_xml::Reader as Xml;
use quick_xml::events::{BytesStart, Event};

pub(crate) const FORMAT: Format = Format {
    name: "catch2",
    aliases: &[],
    produced_by: "a test program of Catch2 with -r xml, or its console > FILE",
    known_by: "XML with `Catch` or `Catch2TestRun`, or a table below `benchmark name samples iterations`",
    versions: &["2.11", "2.13.10", "3"],
    metrics: &["time"],
    samples: false,
    url: "https://github.com/catchorg/Catch2/blob/devel/docs/benchmarks.md",
    sniff: |content| {
        content.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("<Catch ") || line.starts_with("<Catch2TestRun ") || is_heading(line)
        })
    },
    reader: Reader::File(read),
};

fn is_heading(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    words == ["benchmark", "name", "samples", "iterations"]
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let text = input.text()?;
    if text.trim_start().starts_with('<') {
        from_xml(text)
    } else {
        from_console(text)
    }
}

/// The benchmark that is being read.
struct Open {
    name: String,
    samples: u64,
    seen: bool,
}

fn from_xml(text: &str) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut reader = Xml::from_str(text);
    // Test case and sections, from the outside in.
    let mut path: Vec<String> = Vec::new();
    let mut open: Option<Open> = None;
    let mut ended = false;
    loop {
        let event = reader.read_event();
        let offset = reader.buffer_position();
        let line = || line_of(text, offset);
        let event = event.map_err(|e| Fault::at(line(), format!("the XML is broken: {e}")))?;
        match event {
            Event::Start(tag) | Event::Empty(tag) if tag.name().0 == "mean" => {
                if let Some(open) = &mut open {
                    let place = line();
                    mean(&tag, open, &place, &mut parsed)?;
                }
            }
            Event::Start(tag) | Event::Empty(tag) if tag.name().0 == "failed" => {
                if let Some(open) = &mut open {
                    let message = attribute(&tag, "message").unwrap_or_default();
                    parsed.fail(&open.name, format!("it failed: {message}"));
                    open.seen = true;
                }
            }
            Event::Start(tag) | Event::Empty(tag)
                if tag.name().0 == "OverallResult"
                    && attribute(&tag, "success").as_deref() == Some("false") =>
            {
                parsed.fail(path.join("/"), "its test case failed");
            }
            Event::Start(tag) => match tag.name().0 {
                "TestCase" | "Section" => {
                    let name = attribute(&tag, "name").unwrap_or_default();
                    path.push(name.trim().to_owned());
                }
                "BenchmarkResults" => {
                    let place = line();
                    let missing = || Fault::at(&place, "a benchmark has no name");
                    let name = attribute(&tag, "name").ok_or_else(missing)?;
                    // A benchmark that failed has no samples.
                    let samples = attribute(&tag, "samples").unwrap_or_else(|| "0".to_owned());
                    let samples = plain_number(&samples);
                    let samples = samples.map_err(|reason| Fault::at(&place, reason))?;
                    path.push(name);
                    open = Some(Open {
                        name: path.join("/"),
                        samples: samples as u64,
                        seen: false,
                    });
                }
                _ => {}
            },
            Event::End(tag) => match tag.name().0 {
                "TestCase" | "Section" => {
                    path.pop();
                }
                "BenchmarkResults" => {
                    path.pop();
                    if let Some(open) = open.take().filter(|open| !open.seen) {
                        let reason = format!("`{}` has neither a mean nor a failure", open.name);
                        return Err(Fault::at(line(), reason));
                    }
                }
                "Catch" | "Catch2TestRun" => ended = true,
                _ => {}
            },
            Event::Eof if ended => return Ok(parsed),
            Event::Eof => return Err(Fault::at(line(), "the file ends too early, it is cut off")),
            _ => {}
        }
    }
}

/// The line in which the byte at `offset` stands.
fn line_of(text: &str, offset: u64) -> String {
    let before = text.get(..offset as usize).unwrap_or(text);
    format!("line {}", before.matches('\n').count() + 1)
}

/// An attribute without its escapes; `None` where it is missing or broken.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok()??;
    let text = quick_xml::escape::unescape(&found.value).ok()?;
    Some(text.into_owned())
}

fn mean(
    tag: &BytesStart<'_>,
    open: &mut Open,
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let number = |name: &str| {
        let text = attribute(tag, name)
            .ok_or_else(|| Fault::at(place, format!("`{}` has no `{name}`", open.name)))?;
        xml_number(&text).ok_or_else(|| Fault::at(place, format!("`{text}` is not a number")))
    };
    let (value, low, high) = (
        number("value")?,
        number("lowerBound")?,
        number("upperBound")?,
    );
    keep(&open.name, open.samples, (value, low, high), place, parsed)?;
    open.seen = true;
    Ok(())
}

/// A number as C++ streams it in the C locale: `299.555` or `1.7314e+06`.
fn xml_number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b".e+-".contains(&b));
    text.parse()
        .ok()
        .filter(|value: &f64| plain && value.is_finite())
}

fn keep(
    name: &str,
    samples: u64,
    (value, low, high): (f64, f64, f64),
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let bench = Bench::new(name, Tags::new());
    let timed = Timed {
        bench: &bench,
        n: samples,
        factor: 1.0,
        unit: "ns",
        place,
    };
    let headline = timed.headline(value, "mean")?;
    timed.keep(timed.with_ends(headline, low, high), parsed);
    Ok(())
}

/// Where the console is.
enum At {
    /// Outside of any block.
    Outside,
    /// Behind a line of dashes: the names of the test case and its sections.
    Names,
    /// Behind the names: the place in the source.
    Source,
    /// In a table, behind its heading: the part of a name so far, and the samples of the row.
    Table { name: String, samples: Option<u64> },
}

fn from_console(text: &str) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut path: Vec<String> = Vec::new();
    let mut at = At::Outside;
    let mut in_table = false;
    // Behind the last test stands a line of `=`.
    let mut ended = false;
    for (i, line) in text.lines().enumerate() {
        let place = || format!("line {}", i + 1);
        let rule = line.len() > 20 && line.bytes().all(|b| b == b'-');
        let body = line.trim();
        ended &= !rule;
        if line.len() > 20 && line.bytes().all(|b| b == b'=' || b == b'~') {
            at = At::Outside;
            in_table = false;
            ended = line.starts_with('=');
            continue;
        }
        if is_heading(body) {
            in_table = true;
            at = At::Outside;
            continue;
        }
        at = match at {
            At::Outside if rule && in_table => At::Table {
                name: String::new(),
                samples: None,
            },
            At::Outside if rule => {
                path.clear();
                At::Names
            }
            At::Names if rule => At::Source,
            At::Names => {
                if !body.is_empty() {
                    path.push(body.to_owned());
                }
                At::Names
            }
            At::Source => At::Outside,
            At::Outside => At::Outside,
            At::Table { .. } if rule => {
                in_table = false;
                path.clear();
                At::Names
            }
            At::Table { name, samples } => {
                let fault = |reason| Fault::at(place(), reason);
                let (name, samples) =
                    row(&path, name, samples, body, &mut parsed).map_err(fault)?;
                At::Table { name, samples }
            }
        };
    }
    if let At::Table { name, .. } = &at
        && !name.is_empty()
    {
        let name = name.trim_end_matches('\u{0}');
        let reason = format!("the table ends in the middle of `{name}`; it is cut off");
        return Err(Fault::at(format!("line {}", text.lines().count()), reason));
    }
    if in_table || !ended || !matches!(at, At::Outside) {
        return Err(Fault::at(
            format!("line {}", text.lines().count()),
            "no line of `=` with the results of all tests follows; the file is cut off",
        ));
    }
    Ok(parsed)
}

/// One line of a table. A benchmark is its name with samples, iterations and the estimated time;
/// a line with mean, low and high; one with the same of the standard deviation; the name may go
/// on before each.
fn row(
    path: &[String],
    mut name: String,
    samples: Option<u64>,
    body: &str,
    parsed: &mut Parsed,
) -> Result<(String, Option<u64>), String> {
    if body.is_empty() {
        return Ok((name, samples));
    }
    let full = |name: &str| {
        let mut path = path.to_vec();
        path.push(name.trim().to_owned());
        path.join("/")
    };
    let add = |name: &mut String, part: &str| {
        if !name.is_empty() && !part.is_empty() {
            name.push(' ');
        }
        name.push_str(part);
    };
    if let Some((part, message)) = body.split_once("Benchmark failed (") {
        add(&mut name, part.trim());
        let message = message.trim_end_matches(')');
        parsed.fail(full(&name), format!("it failed: {message}"));
        return Ok((String::new(), None));
    }
    let (before, times) = trailing_times(body);
    // Cells are at least two blanks apart: one blank is inside a number of another locale.
    let apart = |left: &str| left.is_empty() || body[left.len()..].starts_with("  ");
    if !times.is_empty() && !apart(before) {
        return Err(format!("`{body}` has a number with a space in it"));
    }
    match (samples, times.as_slice()) {
        (None, [_estimated]) => {
            let mut words = before.trim_end().rsplitn(3, char::is_whitespace);
            let counts = (words.next(), words.next());
            let (Some(iterations), Some(_)) = counts else {
                return Err(format!(
                    "the row of `{before}` has no samples and iterations"
                ));
            };
            plain_number(iterations)?;
            let rest = before.trim_end();
            let rest = rest[..rest.len() - iterations.len()].trim_end();
            let (part, count) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
            if !apart(rest) || !apart(part.trim_end()) {
                return Err(format!("`{body}` has a number with a space in it"));
            }
            let count = plain_number(count)?;
            add(&mut name, part.trim());
            if name.is_empty() {
                return Err("a benchmark has no name".to_owned());
            }
            Ok((name, Some(count as u64)))
        }
        (None, []) => {
            add(&mut name, body);
            Ok((name, None))
        }
        (Some(n), [mean, low, high]) if !name.ends_with('\u{0}') => {
            add(&mut name, before.trim());
            let fault = |fault: Fault| fault.reason;
            keep(&full(&name), n, (*mean, *low, *high), "the mean", parsed).map_err(fault)?;
            // The mark says that only the standard deviation is still to come.
            Ok((format!("{name}\u{0}"), Some(n)))
        }
        (Some(_), [_, _, _]) => Ok((String::new(), None)),
        _ => Err(format!(
            "`{body}` is not a row of the table; it may be cut off"
        )),
    }
}

/// The durations at the end of a line, and what stands before them.
fn trailing_times(body: &str) -> (&str, Vec<f64>) {
    let mut times = Vec::new();
    let mut rest = body.trim_end();
    while let Some((before, unit)) = rest.rsplit_once(char::is_whitespace) {
        let before = before.trim_end();
        let (left, number) = before
            .rsplit_once(char::is_whitespace)
            .unwrap_or(("", before));
        let (Some(factor), Ok(number)) = (units::time(unit), plain_number(number)) else {
            break;
        };
        times.push(number * factor);
        rest = left.trim_end();
        if times.len() == 3 {
            break;
        }
    }
    times.reverse();
    (rest, times)
}

#[cfg(test)]
mod tests;
