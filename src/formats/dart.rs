//! Dart's benchmark_harness: `NAME(RunTime): N us.`.
//!
//! Versions seen: lines of 1.x to 2.x.
//! Producer: <https://github.com/dart-lang/tools/blob/main/pkgs/benchmark_harness/lib/src/score_emitter.dart>
//! (`PrintEmitter`)
//!
//! The time of one run, in microseconds whatever its size. Lines of other metrics keep their names
//! and have no direction.

use super::fault::{Fault, UNENDED};
use super::parsed::{Bench, Input, Parsed, TIME, ZERO_TIME};
use super::registry::{Format, Reader};
use super::text::plain_number;
use super::units::MICROSECOND;
use crate::model::{Tags, Unit};

pub(crate) const FORMAT: Format = Format {
    name: "dart",
    aliases: &["benchmark_harness"],
    produced_by: "dart run with benchmark_harness > FILE",
    known_by: "lines `NAME(RunTime): N us.`",
    versions: &["1.x to 2.x"],
    metrics: &["time", "any other metric's own name"],
    samples: false,
    url: "https://github.com/dart-lang/tools/tree/main/pkgs/benchmark_harness",
    sniff: |content| {
        !content.is_json()
            && content.lines().any(|line| {
                split(line).is_some_and(|(_, metric, _)| metric == "RunTime")
                    && line.trim_end().ends_with("us.")
            })
    },
    reader: Reader::File(read),
};

/// `NAME(METRIC): REST`.
fn split(line: &str) -> Option<(&str, &str, &str)> {
    let (left, rest) = line.split_once("): ")?;
    let (name, metric) = left.rsplit_once('(')?;
    Some((name.trim(), metric, rest.trim()))
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let text = input.text()?;
    let lines = text.lines().count();
    for (i, line) in text.lines().enumerate() {
        let Some((name, metric, rest)) = split(line) else {
            continue;
        };
        let place = || format!("line {}", i + 1);
        if i + 1 == lines && !text.ends_with('\n') && !rest.ends_with('.') {
            return Err(Fault::at(place(), UNENDED));
        }
        let (number, unit) = rest.split_once(' ').ok_or_else(|| {
            Fault::at(
                place(),
                format!("the result of `{name}` is not `N us.`; it may be cut off"),
            )
        })?;
        let value = plain_number(number).map_err(|reason| Fault::at(place(), reason))?;
        let bench = Bench::new(name, Tags::new());
        if metric != "RunTime" {
            let unit = unit.trim_end_matches('.');
            if unit.chars().any(|c| c.is_ascii_digit()) {
                let reason = format!("`{rest}` of `{name}` is not one number and its unit");
                return Err(Fault::at(place(), reason));
            }
            let kind = (Unit::Other(unit.to_owned()), None);
            parsed
                .measurements
                .push(bench.value(metric, (value, 1), kind, (metric, unit)));
            continue;
        }
        if unit != "us." {
            return Err(Fault::at(
                place(),
                format!("the unit of `{name}` is `{unit}`, not `us.`"),
            ));
        }
        if value <= 0.0 {
            parsed.fail(name, ZERO_TIME);
            continue;
        }
        let made = bench.value("time", (value * MICROSECOND, 1), TIME, (metric, "us"));
        parsed.measurements.push(made);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn lines() {
        let reading = read_fixture("dart/handmade-lines.txt");
        assert!(close(get(&reading, "Template", "time").value, 162.5));
        assert!(close(
            get(&reading, "For (inner) loop", "time").value,
            2_000_000.0
        ));
        assert_eq!(get(&reading, "Template", "Size").direction, None);
        assert_eq!(reading.failures[0].benchmark, "Nothing");
    }

    #[test]
    fn mistakes_name_their_line() {
        for rest in [
            "1,5 us.",
            "-1 us.",
            "NaN us.",
            "Infinity us.",
            "1.5 ms.",
            "1.5",
        ] {
            let text = format!("\nA(RunTime): {rest}\n");
            let error = read_text("x.txt", "dart", &text).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{rest}: {error}");
        }
        let twice = "A(RunTime): 1 us.\n".repeat(2);
        let error = read_text("x.txt", "dart", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
    }
}
