//! github-action-benchmark's custom JSON: `[{"name": …, "unit": …, "value": …}]`.
//!
//! Versions seen: 1.x.
//! Producer: <https://github.com/benchmark-action/github-action-benchmark#charts-with-custom-benchmark-results>
//!
//! Which way is better is not in the file but in the action's setting `tool`: give it as
//! `--from customSmallerIsBetter` or `--from customBiggerIsBetter`, else the measurements have no
//! direction. The metric is `value`, whatever its unit. `range` is the spread where it is a
//! number, with or without `±` and `%`; `extra` is not read.

use super::fault::Fault;
use super::json;
use super::parsed::{Bench, Input, Parsed, Rounding, scaled, with_ends};
use super::registry::{Format, Reader};
use super::text::plain_number;
use super::units;
use crate::model::{Direction, Tags, Unit};
use serde::Deserialize;
use serde_json::Value;

const SMALLER: &str = "customSmallerIsBetter";
const BIGGER: &str = "customBiggerIsBetter";

pub(crate) const FORMAT: Format = Format {
    name: "github-action-benchmark",
    aliases: &[SMALLER, BIGGER],
    produced_by: "a harness of your own that writes the custom JSON of github-action-benchmark > FILE",
    known_by: "a JSON list with `name`, `unit` and `value`",
    versions: &["1.x"],
    metrics: &["value"],
    samples: false,
    url: "https://github.com/benchmark-action/github-action-benchmark",
    sniff: |content| content.has("[]/name") && content.has("[]/unit") && content.has("[]/value"),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    range: Option<Value>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let entries: Vec<Entry> = json::document(input.bytes)?;
    let direction = match input.from {
        Some(SMALLER) => Some(Direction::Lower),
        Some(BIGGER) => Some(Direction::Higher),
        _ => None,
    };
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    for (i, entry) in entries.iter().enumerate() {
        let place = || format!("[{i}].value");
        let known = units::canonical(&entry.unit);
        let (unit, factor) = known.unwrap_or_else(|| (Unit::Other(entry.unit.clone()), 1.0));
        let value = if matches!(unit, Unit::Other(_)) {
            entry.value
        } else {
            scaled(entry.value, factor, place)?
        };
        let bench = Bench::new(&entry.name, Tags::new());
        let source = ("value", entry.unit.as_str());
        let made = bench.value("value", (value, 1), (unit, direction), source);
        let width = entry
            .range
            .as_ref()
            .and_then(|range| width(range, entry.value));
        parsed.measurements.push(match width {
            Some(width) => with_ends(made, value - width * factor, value + width * factor),
            None => made,
        });
    }
    Ok(parsed)
}

/// `5`, `"5"`, `"± 5"` or `"5%"`, in the unit of the value; any other text is for people.
fn width(range: &Value, value: f64) -> Option<f64> {
    match range {
        Value::Number(number) => number.as_f64().filter(|width| *width >= 0.0),
        Value::String(text) => {
            let text = text.trim();
            let text = text.strip_prefix('±').unwrap_or(text).trim();
            match text.strip_suffix('%') {
                Some(share) => Some(plain_number(share).ok()? / 100.0 * value.abs()),
                None => plain_number(text).ok(),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::{Direction, Unit};

    const FILE: &str = "github-action-benchmark/handmade-custom.json";

    #[test]
    fn the_direction_is_what_the_user_says() {
        let text = std::fs::read_to_string(crate::formats::testing::fixture(FILE)).unwrap();
        for (from, direction) in [
            ("github-action-benchmark", None),
            ("customSmallerIsBetter", Some(Direction::Lower)),
            ("customBiggerIsBetter", Some(Direction::Higher)),
        ] {
            let reading = read_text("x.json", from, &text).unwrap();
            assert_eq!(reading.format, "github-action-benchmark");
            assert!(
                reading
                    .measurements
                    .iter()
                    .all(|m| m.direction == direction),
                "{from}"
            );
        }
    }

    #[test]
    fn units_and_ranges() {
        let reading = read_fixture(FILE);
        let time = get(&reading, "parse", "value");
        assert_eq!((time.value, &time.unit), (1.5e6, &Unit::Nanoseconds));
        assert_eq!(time.spread.unwrap().below, 50_000);
        let load = get(&reading, "CPU load", "value");
        assert_eq!(load.unit, Unit::Other("Percent".to_owned()));
        assert_eq!(load.spread.unwrap().above, 100_000);
        assert_eq!(
            get(&reading, "memory", "value").spread.unwrap().above,
            30_000
        );
        assert!(close(get(&reading, "delta", "value").value, -3.0));
        assert!(get(&reading, "delta", "value").spread.is_none());
    }

    #[test]
    fn mistakes_name_their_place() {
        for (value, place) in [
            ("-1", "[0].value"),
            ("\"1\"", "[0].value"),
            ("null", "[0].value"),
            ("NaN", "line 1"),
            ("1e999", "[0].value"),
        ] {
            let text = format!("[{{\"name\": \"a\", \"unit\": \"ns\", \"value\": {value}}}]");
            let error = read_text("x.json", "github-action-benchmark", &text).unwrap_err();
            assert!(error.to_string().contains(place), "{value}: {error}");
        }
        let one = "{\"name\": \"a\", \"unit\": \"ns\", \"value\": 1}";
        let twice = format!("[{one}, {one}]");
        let error = read_text("x.json", "github-action-benchmark", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
    }
}
