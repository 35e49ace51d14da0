//! plimsoll's own JSON, `plimsoll.measurements/1`: what `record --dry-run --format json` prints,
//! and what a tool without a reader of its own may write.
//!
//! Schema: `docs/schemas/measurements.json`. Values are in the unit that is given: `ns B 1/s B/s
//! count ratio`, or a text of your own.

use super::fault::Fault;
use super::json;
use super::parsed::{Input, Parsed, Rounding};
use super::registry::{Format, Reader};
use crate::model::{Direction, Measurement, Samples, Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "plimsoll",
    aliases: &["measurements"],
    produced_by: "plimsoll record --dry-run --format json, or anything that follows docs/schemas/measurements.json",
    known_by: "JSON with `schema` and `measurements`",
    versions: &["1"],
    metrics: &["as given"],
    samples: true,
    url: "https://json-schema.org/specification",
    sniff: |content| content.has("schema") && content.has("measurements"),
    reader: Reader::File(read),
};

const SCHEMA: &str = "plimsoll.measurements/1";

/// A value that was rounded to three digits is still the median of its samples.
const ROUNDING: f64 = 5e-3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    #[serde(default, rename = "files")]
    _files: Vec<serde::de::IgnoredAny>,
    measurements: Vec<Given>,
    #[serde(default)]
    failures: Vec<GivenFailure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    benchmark: String,
    metric: String,
    value: f64,
    unit: String,
    direction: Option<Direction>,
    #[serde(default)]
    tags: Tags,
    n: Option<u64>,
    samples: Option<Vec<f64>>,
    source_metric: Option<String>,
    source_unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenFailure {
    benchmark: String,
    reason: String,
    #[serde(default)]
    tags: Tags,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let document: Document = json::document(input.bytes)?;
    if document.schema != SCHEMA {
        let reason = format!("`{}` is not `{SCHEMA}`", document.schema);
        return Err(Fault::at("schema", reason));
    }
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    for (i, given) in document.measurements.into_iter().enumerate() {
        let wrong = |what: &str| Fault::at(format!("measurements[{i}]"), what);
        let unit = Unit::from_canonical(&given.unit);
        let samples = given.samples.iter().flatten();
        let negative = samples.chain([&given.value]).any(|value| *value < 0.0);
        if !matches!(unit, Unit::Other(_)) && negative {
            return Err(wrong("a value is negative, which its unit does not allow"));
        }
        let count = given.samples.as_ref().map(|samples| samples.len() as u64);
        let n = count.or(given.n).unwrap_or(1);
        if n == 0 || given.n.is_some_and(|own| own != n) {
            return Err(wrong("`n` is 0, or not the number of samples"));
        }
        let made = match given.samples {
            Some(values) => {
                let samples = Samples {
                    values,
                    iterations: None,
                };
                let made = Measurement::from_samples(
                    given.benchmark,
                    given.metric,
                    unit,
                    given.direction,
                    samples,
                );
                made.ok_or_else(|| wrong("its samples are not numbers"))?
            }
            None => Measurement {
                benchmark: given.benchmark,
                source_metric: given.metric.clone(),
                metric: given.metric,
                value: given.value,
                source_unit: given.unit.clone(),
                unit,
                direction: given.direction,
                tags: Tags::new(),
                n,
                spread: None,
                samples: None,
            },
        };
        let off = (made.value - given.value).abs();
        if off > ROUNDING * made.value.abs().max(given.value.abs()) {
            let place = format!("measurements[{i}].value");
            let reason = format!(
                "{} is not {}, the median of its samples; leave the samples out, or give their median",
                given.value, made.value
            );
            return Err(Fault::at(place, reason));
        }
        parsed.measurements.push(Measurement {
            tags: given.tags,
            value: given.value,
            source_metric: given.source_metric.unwrap_or(made.source_metric.clone()),
            source_unit: given.source_unit.unwrap_or(made.source_unit.clone()),
            ..made
        });
    }
    for (i, failure) in document.failures.into_iter().enumerate() {
        if failure.benchmark.is_empty() {
            return Err(Fault::at(format!("failures[{i}]"), "it names no benchmark"));
        }
        parsed.fail_slice(failure.benchmark, failure.tags, failure.reason);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_text};

    const TEXT: &str = r#"{"schema": "plimsoll.measurements/1", "measurements": [
        {"benchmark": "b", "metric": "time", "value": 2.5, "unit": "ns", "direction": "lower",
         "tags": {"size": "10"}, "samples": [1, 2.5, 4]}]}"#;

    #[test]
    fn samples_tags_and_mistakes() {
        let reading = read_text("x", "plimsoll", TEXT).unwrap();
        let m = get(&reading, "b", "time");
        assert!(close(m.value, 2.5) && m.n == 3 && m.tags["size"] == "10");
        let rounded = TEXT.replace("[1, 2.5, 4]", "[1, 2.504, 4]");
        assert!(read_text("x", "plimsoll", &rounded).is_ok());
        let other = TEXT.replace("[1, 2.5, 4]", "[1, 2.6, 4]");
        let error = read_text("x", "plimsoll", &other).unwrap_err();
        assert_eq!(error.place.as_deref(), Some("measurements[0].value"));
        for (from, to) in [
            ("ments/1", "ments/2"),
            ("2.5, \"unit\"", "-2.5, \"unit\""),
            ("\"ns\"", "1"),
            ("[1, 2.5, 4]", "[]"),
            ("[1, 2.5, 4]", "[-1, 2.5, 4]"),
            ("\"lower\"", "\"down\""),
            ("\"tags\"", "\"tag\""),
            ("2.5, \"unit\"", "1e999, \"unit\""),
            ("[1, 2.5, 4]", "[1], \"n\": 2"),
            ("\"b\"", "\"\""),
            ("[1, 2.5, 4]", "[1, 2.6, 4]"),
        ] {
            assert!(
                read_text("x", "plimsoll", &TEXT.replace(from, to)).is_err(),
                "{to}"
            );
        }
    }
}
