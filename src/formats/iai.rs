//! The text of iai, the forerunner of iai-callgrind.
//!
//! Versions seen: 0.1.1.
//! Producer: <https://github.com/bheisler/iai/blob/0.1.1/src/lib.rs>
//!
//! A line with the benchmark's name, then indented lines `LABEL: COUNT`, from the second run on
//! with the change in brackets. Events keep iai's own labels, but for instructions and cycles.

use super::fault::{Fault, UNENDED};
use super::parsed::{Bench, Input, Parsed};
use super::registry::{Format, Reader};
use super::text::plain_number;
use crate::model::{Direction, Tags, Unit};

pub(crate) const FORMAT: Format = Format {
    name: "iai",
    aliases: &[],
    produced_by: "cargo bench > FILE with iai",
    known_by: "lines `Instructions: N` and `L1 Accesses: N` below a benchmark",
    versions: &["0.1.1"],
    metrics: &[
        "instructions",
        "cycles",
        "L1 Accesses",
        "L2 Accesses",
        "RAM Accesses",
    ],
    samples: false,
    url: "https://github.com/bheisler/iai",
    sniff: |content| {
        !content.is_json()
            && content
                .lines()
                .any(|line| event(line).is_some_and(|(label, _)| label == "L1 Accesses"))
    },
    reader: Reader::File(read),
};

/// `  LABEL:    COUNT (…)`.
fn event(line: &str) -> Option<(&str, &str)> {
    let (label, rest) = line.strip_prefix("  ")?.split_once(':')?;
    let known = [
        "Instructions",
        "L1 Accesses",
        "L2 Accesses",
        "RAM Accesses",
        "Estimated Cycles",
    ];
    let count = rest.split_once('(').map_or(rest, |(count, _)| count);
    known.contains(&label).then(|| (label, count.trim()))
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut name = "";
    let text = input.text()?;
    let lines = text.lines().count();
    for (i, line) in text.lines().enumerate() {
        let place = || format!("line {}", i + 1);
        let Some((label, count)) = event(line) else {
            if !line.trim().is_empty() && !line.starts_with(' ') {
                name = line.trim();
            }
            continue;
        };
        if name.is_empty() {
            return Err(Fault::at(
                place(),
                format!("no benchmark stands above `{label}`"),
            ));
        }
        if i + 1 == lines && !text.ends_with('\n') && !line.ends_with(')') {
            return Err(Fault::at(place(), UNENDED));
        }
        let value = plain_number(count).map_err(|reason| Fault::at(place(), reason))?;
        let metric = match label {
            "Instructions" if value <= 0.0 => {
                parsed.fail(name, "it executed no instructions");
                continue;
            }
            "Instructions" => "instructions",
            "Estimated Cycles" => "cycles",
            other => other,
        };
        // Accesses that move from one level to another are neither better nor worse by themselves.
        let direction = match metric {
            "instructions" | "cycles" | "RAM Accesses" => Some(Direction::Lower),
            _ => None,
        };
        let bench = Bench::new(name, Tags::new());
        let made = bench.value(metric, (value, 1), (Unit::Count, direction), (label, ""));
        parsed.measurements.push(made);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn first_and_second_run_give_the_same_series() {
        let first = read_fixture("iai/first.txt");
        let second = read_fixture("iai/second.txt");
        assert_eq!(first.measurements.len(), 10);
        for m in &first.measurements {
            assert!(
                close(get(&second, &m.benchmark, &m.metric).value, m.value),
                "{m:?}"
            );
        }
        assert!(close(
            get(&first, "bench_fib_short", "instructions").value,
            1_791.0
        ));
        assert!(close(
            get(&first, "bench_fib_long", "cycles").value,
            28_550.0
        ));
    }

    #[test]
    fn mistakes_name_their_line() {
        for count in ["1,791", "-1", "NaN", "", "1e3", "1791 (+1"] {
            let text = format!("a\n  Instructions:   {count}\n");
            let result = read_text("x.txt", "iai", &text);
            if count.ends_with("(+1") {
                assert!(result.is_ok(), "{count}");
                continue;
            }
            assert_eq!(
                result.unwrap_err().place.as_deref(),
                Some("line 2"),
                "{count}"
            );
        }
        let error = read_text("x.txt", "iai", "  Instructions:  1\n").unwrap_err();
        assert!(error.reason.contains("no benchmark"), "{error}");
        let twice = "a\n  Instructions:  1\n".repeat(2);
        let error = read_text("x.txt", "iai", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let zero = read_text("x.txt", "iai", "a\n  Instructions:  0\n").unwrap();
        assert_eq!(zero.failures.len(), 1);
    }
}
