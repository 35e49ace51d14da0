//! Gungraun and iai-callgrind: `--output-format=json`, `--save-summary=json` and the terminal's
//! text.
//!
//! Versions seen: summary schemas 3 (iai-callgrind 0.15.0), 4 (0.15.1), 5 (0.15.2), 6 (0.16.1) and 7
//! (gungraun 0.20.0); the text of 0.16.1 and 0.20.0.
//! Producer: <https://github.com/gungraun/gungraun/tree/main/gungraun-runner/schemas>
//!
//! One JSON object a benchmark; libtest's own lines may stand around them. A benchmark is its
//! module path and its id, in JSON and in text alike, and the text's labels mean the same metrics
//! as JSON's keys. Valgrind counts, so one run is enough. Callgrind and DHAT need no tag; what
//! another tool counted has the tag `tool`, for it counts the same things differently. Only the
//! new values are read. Rates come in percent and become shares.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{Bench, Input, Parsed, not_negative};
use super::registry::{Format, Reader};
use super::text::{plain_number, uncoloured};
use crate::model::{Direction, Tags, Unit};
use serde::Deserialize;
use serde::de::IgnoredAny;

pub(crate) const FORMAT: Format = Format {
    name: "gungraun",
    aliases: &["iai-callgrind"],
    produced_by: "cargo bench -- --output-format=json > FILE (or the text), or --save-summary=json → target/{gungraun,iai}/**/summary.json",
    known_by: "JSON with `module_path` and `profiles`, or lines `Instructions: N|N` below a benchmark",
    versions: &["schema 3", "4", "5", "6", "7 (gungraun 0.20.0)"],
    metrics: &[
        "instructions",
        "cycles",
        "alloc.bytes",
        "alloc.count",
        "memory.peak",
        "any other event's own name",
    ],
    samples: false,
    url: "https://github.com/gungraun/gungraun",
    sniff: |content| {
        let mut keys = (false, false);
        content.lines().any(|line| {
            keys.0 |= line.contains("\"module_path\"");
            keys.1 |= line.contains("\"profiles\"");
            keys == (true, true) || (!content.is_json() && is_event(&uncoloured(line)))
        })
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Summary {
    version: String,
    module_path: String,
    id: Option<String>,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    tool: String,
    /// Schemas 3 to 6.
    summaries: Option<Summaries>,
    /// Schema 7.
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Summaries {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    /// The tool's name, then its events; `None` for a tool without counts.
    summary: UniqueMap<Option<UniqueMap<Both>>>,
}

#[derive(Deserialize)]
struct Both {
    metrics: EitherOrBoth,
}

#[derive(Deserialize)]
enum EitherOrBoth {
    Left(Number),
    /// New and old.
    Both((Number, IgnoredAny)),
    Right(IgnoredAny),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(f64),
    Tagged(Tagged),
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Tagged {
    Int(f64),
    Float(f64),
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Self::Plain(value) | Self::Tagged(Tagged::Int(value) | Tagged::Float(value)) => value,
        }
    }
}

#[derive(Deserialize)]
struct Data {
    total: NewTotal,
}

#[derive(Deserialize)]
struct NewTotal {
    metrics: Option<UniqueMap<Event>>,
}

#[derive(Deserialize)]
struct Event {
    values: Values,
}

#[derive(Deserialize)]
struct Values {
    new: Option<f64>,
    #[serde(rename = "old")]
    _old: Option<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let text = input.text()?;
    if text.contains("\"module_path\"") {
        from_json(text)
    } else {
        from_text(text)
    }
}

fn from_json(text: &str) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    for (line, summary) in json::documents_among_lines::<Summary>(text)? {
        let place = format!("line {line}");
        let version = &summary.version;
        if !matches!(version.as_str(), "3" | "4" | "5" | "6" | "7") {
            let reason = format!("the schema {version} is not known; known are 3 to 7");
            return Err(Fault::at(place, reason));
        }
        parsed.version = Some(format!("schema {version}"));
        let id = summary.id.filter(|id| !id.is_empty());
        let name = match id {
            Some(id) => format!("{} {id}", summary.module_path),
            None => summary.module_path,
        };
        for profile in summary.profiles {
            let mut events: Vec<(String, f64)> = Vec::new();
            if let Some(summaries) = profile.summaries {
                for (key, both) in summaries
                    .total
                    .summary
                    .0
                    .into_values()
                    .flatten()
                    .flat_map(|m| m.0)
                {
                    // What only the old run had is no result of the new one.
                    if let EitherOrBoth::Left(new) | EitherOrBoth::Both((new, _)) = both.metrics {
                        events.push((key, new.value()));
                    }
                }
            } else if let Some(data) = profile.data {
                let all = data.total.metrics.unwrap_or_default().0;
                let new = |(key, event): (String, Event)| Some((key, event.values.new?));
                events.extend(all.into_iter().filter_map(new));
            } else {
                let reason = format!("a profile of `{name}` has neither `summaries` nor `data`");
                return Err(Fault::at(place, reason));
            }
            let bench = Bench::new(&name, tool_tags(&profile.tool));
            for (key, value) in &events {
                add(&name, &bench, key, *value, &place, &mut parsed)?;
            }
        }
    }
    Ok(parsed)
}

fn tool_tags(tool: &str) -> Tags {
    let tool = tool.to_lowercase();
    let mut tags = Tags::new();
    if tool != "callgrind" && tool != "dhat" {
        tags.insert("tool".to_owned(), tool);
    }
    tags
}

/// One event of one benchmark.
fn add(
    name: &str,
    bench: &Bench,
    key: &str,
    value: f64,
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let value = not_negative(value, || format!("{place}: {name}: {key}"))?;
    if key == "Ir" && value <= 0.0 {
        parsed.fail(name, "it executed no instructions");
        return Ok(());
    }
    let lower = Some(Direction::Lower);
    let (metric, factor, unit, direction) = match key {
        "Ir" => ("instructions", 1.0, Unit::Count, lower),
        "EstimatedCycles" => ("cycles", 1.0, Unit::Count, lower),
        "TotalBytes" => ("alloc.bytes", 1.0, Unit::Bytes, lower),
        "TotalBlocks" => ("alloc.count", 1.0, Unit::Count, lower),
        "AtTGmaxBytes" => ("memory.peak", 1.0, Unit::Bytes, lower),
        // More hits in a near cache are better, but so are fewer accesses.
        "L1hits" | "LLhits" => (key, 1.0, Unit::Count, None),
        "L1HitRate" | "LLHitRate" => (key, 0.01, Unit::Ratio, Some(Direction::Higher)),
        _ if key.ends_with("Rate") => (key, 0.01, Unit::Ratio, lower),
        _ if key.ends_with("Bytes") => (key, 1.0, Unit::Bytes, lower),
        _ => (key, 1.0, Unit::Count, lower),
    };
    let source_unit = match unit {
        Unit::Bytes => "B",
        Unit::Ratio => "%",
        _ => "",
    };
    let made = bench.value(
        metric,
        (value * factor, 1),
        (unit, direction),
        (key, source_unit),
    );
    parsed.measurements.push(made);
    Ok(())
}

/// The labels of the text and the keys of JSON.
const LABELS: &[(&str, &str)] = &[
    ("Instructions", "Ir"),
    ("Dr", "Dr"),
    ("Dw", "Dw"),
    ("I1mr", "I1mr"),
    ("D1mr", "D1mr"),
    ("D1mw", "D1mw"),
    ("ILmr", "ILmr"),
    ("DLmr", "DLmr"),
    ("DLmw", "DLmw"),
    ("I1 Miss Rate", "I1MissRate"),
    ("LLi Miss Rate", "LLiMissRate"),
    ("D1 Miss Rate", "D1MissRate"),
    ("LLd Miss Rate", "LLdMissRate"),
    ("LL Miss Rate", "LLMissRate"),
    ("L1 Hits", "L1hits"),
    ("L2 Hits", "LLhits"),
    ("LL Hits", "LLhits"),
    ("RAM Hits", "RamHits"),
    ("L1 Hit Rate", "L1HitRate"),
    ("LL Hit Rate", "LLHitRate"),
    ("RAM Hit Rate", "RamHitRate"),
    ("Total read+write", "TotalRW"),
    ("Estimated Cycles", "EstimatedCycles"),
    ("Total bytes", "TotalBytes"),
    ("Total blocks", "TotalBlocks"),
    ("At t-gmax bytes", "AtTGmaxBytes"),
    ("At t-gmax blocks", "AtTGmaxBlocks"),
    ("At t-end bytes", "AtTEndBytes"),
    ("At t-end blocks", "AtTEndBlocks"),
    ("Reads bytes", "ReadsBytes"),
    ("Writes bytes", "WritesBytes"),
];

/// `  LABEL:   NEW|OLD   (…)`: the label and the new value.
fn event(line: &str) -> Option<(&str, &str)> {
    let (label, rest) = line.strip_prefix("  ")?.split_once(':')?;
    let (new, _) = rest.split_once('|')?;
    let known = !label.starts_with(' ') && !label.contains('|');
    known.then(|| (label, new.trim()))
}

fn is_event(line: &str) -> bool {
    event(line).is_some_and(|(label, _)| LABELS.iter().any(|(known, _)| *known == label))
}

fn from_text(text: &str) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut header = String::new();
    let mut tool = String::from("callgrind");
    let mut comparing = false;
    for (i, line) in text.lines().enumerate() {
        let line = uncoloured(line);
        let place = format!("line {}", i + 1);
        if !line.starts_with(' ') {
            if !line.trim().is_empty() {
                line.trim().clone_into(&mut header);
                "callgrind".clone_into(&mut tool);
                comparing = false;
            }
            continue;
        }
        let body = line.trim();
        if let Some(name) = body.strip_prefix("======= ") {
            name.trim_end_matches('=').trim().clone_into(&mut tool);
        } else if body.starts_with("Comparison with") {
            // These lines repeat the values of two benchmarks side by side.
            comparing = true;
        } else if let Some((label, new)) = event(&line).filter(|_| !comparing) {
            if header.is_empty() {
                return Err(Fault::at(
                    place,
                    format!("no benchmark stands above `{label}`"),
                ));
            }
            if !line.trim_end().ends_with([')', ']']) {
                return Err(Fault::at(
                    place,
                    "the line ends too early; the file may be cut off",
                ));
            }
            if new == "N/A" {
                continue;
            }
            let name = name_of(&header);
            let key = LABELS.iter().find(|(text, _)| *text == label);
            let key = key.map_or(label, |(_, key)| key);
            let value = plain_number(new).map_err(|reason| Fault::at(&place, reason))?;
            let bench = Bench::new(&name, tool_tags(&tool));
            add(&name, &bench, key, value, &place, &mut parsed)?;
        }
    }
    Ok(parsed)
}

/// `module::path id:details` without the details.
fn name_of(header: &str) -> String {
    match header.split_once(' ') {
        Some((path, rest)) => {
            let id = rest.split(':').next().unwrap_or_default();
            format!("{path} {id}").trim_end().to_owned()
        }
        None => header.to_owned(),
    }
}

#[cfg(test)]
mod tests;
