//! Bencher Metric Format: `{"BENCHMARK": {"MEASURE": {"value": N}}}`.
//!
//! Versions seen: the format has none.
//! Producer: <https://bencher.dev/docs/reference/bencher-metric-format/>
//!
//! The unit is not in the file but follows from Bencher's own measures: `latency` is nanoseconds,
//! `throughput` operations a second, `build-time` seconds, `file-size` bytes. Any other measure
//! keeps its name; it has no unit and no direction. `lower_value` and `upper_value` are the spread.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{
    Bench, Input, Parsed, RATE, Rounding, SIZE, TIME, ZERO_TIME, scaled, with_ends,
};
use super::registry::{Format, Reader};
use super::units::SECOND;
use crate::model::{Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "bmf",
    aliases: &["bencher-json"],
    produced_by: "a harness of your own that writes Bencher Metric Format > FILE",
    known_by: "JSON that holds only `{\"BENCHMARK\": {\"MEASURE\": {\"value\": N}}}`",
    versions: &["2026"],
    metrics: &["time", "throughput", "any other measure's own name"],
    samples: false,
    url: "https://bencher.dev/docs/reference/bencher-metric-format/",
    sniff: |content| content.is_like::<UniqueMap<UniqueMap<Metric>>>(|all| !all.0.is_empty()),
    reader: Reader::File(read),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    value: f64,
    lower_value: Option<f64>,
    upper_value: Option<f64>,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let all: UniqueMap<UniqueMap<Metric>> = json::document(input.bytes)?;
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    for (name, measures) in &all.0 {
        let bench = Bench::new(name, Tags::new());
        for (measure, metric) in &measures.0 {
            let place = || format!("{name}.{measure}.value");
            let (name_of, factor, kind, unit) = match measure.as_str() {
                "latency" => ("time", 1.0, TIME, "ns"),
                "throughput" => ("throughput", 1.0, RATE, "operations/second"),
                "build-time" => ("build-time", SECOND, TIME, "s"),
                "file-size" => ("file-size", 1.0, SIZE, "B"),
                other => (other, 1.0, (Unit::Other(String::new()), None), ""),
            };
            let value = if unit.is_empty() {
                metric.value
            } else {
                scaled(metric.value, factor, place)?
            };
            if name_of == "time" && value <= 0.0 {
                parsed.fail(name, ZERO_TIME);
                continue;
            }
            let made = bench.value(name_of, (value, 1), kind, (measure, unit));
            let end = |end: Option<f64>| end.map_or(value, |end| end * factor);
            let (low, high) = (end(metric.lower_value), end(metric.upper_value));
            parsed
                .measurements
                .push(if metric.lower_value.or(metric.upper_value).is_some() {
                    with_ends(made, low, high)
                } else {
                    made
                });
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::{Direction, Unit};

    #[test]
    fn known_measures_have_units_and_others_keep_their_names() {
        let reading = read_fixture("bmf/handmade-measures.json");
        let time = get(&reading, "tests::a/b", "time");
        assert_eq!((time.value, &time.unit), (3247.0, &Unit::Nanoseconds));
        assert_eq!(time.spread.unwrap().below, 321_528);
        let rate = get(&reading, "tests::a/b", "throughput");
        assert_eq!(
            (&rate.unit, rate.direction),
            (&Unit::PerSecond, Some(Direction::Higher))
        );
        let own = get(&reading, "game", "Max Blocks");
        assert_eq!((own.value, own.direction), (0.0, None));
        assert!(close(get(&reading, "game", "build-time").value, 2.5e9));
    }

    #[test]
    fn other_json_is_not_taken_for_it() {
        for text in [
            "{}",
            "[]",
            "{\"a\": 1}",
            "{\"a\": {\"b\": {\"value\": 1, \"more\": 2}}}",
        ] {
            let options = crate::formats::Options::default();
            let path = std::path::Path::new("x.json");
            let error = crate::formats::read_bytes(path, text.as_bytes(), &options).unwrap_err();
            assert!(error.reason.contains("not known"), "{text}: {error}");
        }
    }

    #[test]
    fn mistakes_name_their_place() {
        for (metric, place) in [
            ("{\"value\": -1}", "a.latency.value"),
            ("{\"value\": \"1\"}", "a.latency.value"),
            ("{\"value\": null}", "a.latency.value"),
            ("{\"value\": NaN}", "line 1"),
            ("{\"value\": 1e999}", "a.latency.value"),
            ("{\"value\": 1, \"lower_bound\": 1}", "a.latency"),
        ] {
            let text = format!("{{\"a\": {{\"latency\": {metric}}}}}");
            let error = read_text("x.json", "bmf", &text).unwrap_err().to_string();
            assert!(error.contains(place), "{metric}: {error}");
        }
        let twice = "{\"a\": {\"x\": {\"value\": 1}}, \"a\": {\"x\": {\"value\": 1}}}";
        let error = read_text("x.json", "bmf", twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let zero = read_text("x.json", "bmf", "{\"a\": {\"latency\": {\"value\": 0}}}").unwrap();
        assert_eq!(zero.failures.len(), 1);
    }
}
