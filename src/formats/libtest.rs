//! libtest's `#[bench]` lines, which criterion prints as well with `--output-format bencher`.
//!
//! Versions seen: rustc of 2019 to 2024 (integers, later decimals), criterion 0.3 to 0.8.2.
//! Producer: <https://github.com/rust-lang/rust/blob/master/library/test/src/bench.rs>
//! (`fmt_bench_samples`), <https://docs.rs/crate/criterion/0.8.2/source/src/report.rs>
//! (`BencherReport`).
//!
//! `test NAME ... bench:  1,288 ns/iter (+/- 551) = 41 MB/s`. The value is the median; what
//! stands behind `+/-` is the range in libtest and the standard deviation in criterion, here the
//! spread. Names may hold spaces. Commas group thousands by three, nothing else. `cycles/iter` of
//! other harnesses are cycles; any other unit keeps its name and has no direction: `MS/s` is
//! better when it is more, and no file says so.

use super::fault::Fault;
use super::parsed::{BANDWIDTH, Bench, Input, Parsed, TIME, ZERO_TIME, with_ends};
use super::registry::{Format, Reader};
use super::text::number;
use super::units;
use crate::model::{Direction, Tags, Unit};

pub(crate) const FORMAT: Format = Format {
    name: "libtest",
    aliases: &["bencher-text", "cargo"],
    produced_by: "cargo bench (#[bench]), or criterion with --output-format bencher > FILE",
    known_by: "lines `test NAME ... bench: N ns/iter (+/- N)`",
    versions: &["2019 to 2024", "criterion 0.3, 0.8.2"],
    metrics: &["time", "bandwidth", "cycles", "any other unit's own name"],
    samples: false,
    url: "https://github.com/rust-lang/rust/blob/master/library/test/src/bench.rs",
    sniff: |content| {
        !content.is_json()
            && content.lines().any(|line| {
                line.starts_with("test ")
                    && (line.contains(" ... bench:") || line.trim_end().ends_with(" ... FAILED"))
            })
    },
    reader: Reader::File(read),
};

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    // The line of `running N tests` whose `test result:` is still to come.
    let mut running = None;
    for (i, line) in input.text()?.lines().enumerate() {
        if line.starts_with("running ") && line.ends_with(" tests") && line != "running 0 tests" {
            running = Some(i + 1);
        } else if line.starts_with("test result:") {
            running = None;
        }
        let Some(rest) = line.strip_prefix("test ") else {
            continue;
        };
        if let Some((name, result)) = rest.split_once(" ... bench:") {
            one(name.trim(), result, &mut parsed)
                .map_err(|reason| Fault::at(format!("line {}", i + 1), reason))?;
        } else if let Some(name) = rest.trim_end().strip_suffix(" ... FAILED") {
            parsed.fail(name.trim(), "it failed");
        }
    }
    match running {
        None => Ok(parsed),
        Some(line) => Err(Fault::at(
            format!("line {line}"),
            "no `test result:` follows: the file is cut off, or the program crashed",
        )),
    }
}

/// One result, behind `bench:`; `Err` is what is wrong with it.
fn one(name: &str, result: &str, parsed: &mut Parsed) -> Result<(), String> {
    let broken = || format!("the result of `{name}` is not `N UNIT (+/- N)`; it may be cut off");
    let (value, rest) = result.trim().split_once(' ').ok_or_else(broken)?;
    let (unit, rest) = rest.trim_start().split_once(" (+/- ").ok_or_else(broken)?;
    let (width, rest) = rest.split_once(')').ok_or_else(broken)?;
    let (value, width) = (number(value)?, number(width)?);
    let (unit, rest) = (unit.trim(), rest.trim());
    if unit.is_empty() || unit.chars().any(|c| c.is_ascii_digit()) {
        return Err(format!(
            "the result of `{name}` is not one number and its unit"
        ));
    }
    let (metric, factor, kind) = match unit.strip_suffix("/iter") {
        Some("cycles") => ("cycles", 1.0, (Unit::Count, Some(Direction::Lower))),
        Some(time) => match units::time(time) {
            Some(factor) => ("time", factor, TIME),
            None => (unit, 1.0, (Unit::Other(unit.to_owned()), None)),
        },
        None => (unit, 1.0, (Unit::Other(unit.to_owned()), None)),
    };
    if metric == "time" && value <= 0.0 {
        parsed.fail(name, ZERO_TIME);
        return Ok(());
    }
    let bench = Bench::new(name, Tags::new());
    let made = bench.value(metric, (value * factor, 1), kind, (metric, unit));
    let (low, high) = ((value - width) * factor, (value + width) * factor);
    parsed.measurements.push(with_ends(made, low, high));
    if !rest.is_empty() {
        let speed = rest
            .strip_prefix("= ")
            .and_then(|rest| rest.strip_suffix(" MB/s"))
            .ok_or_else(broken)?;
        let speed = number(speed)? * 1e6;
        parsed
            .measurements
            .push(bench.value("bandwidth", (speed, 1), BANDWIDTH, ("MB/s", "MB/s")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::{Direction, Unit};

    #[test]
    fn lines_of_both_harnesses() {
        let reading = read_fixture("libtest/handmade-bench.txt");
        let time = get(&reading, "parse::small input", "time");
        assert_eq!(
            (time.value, time.direction),
            (1_288.5, Some(Direction::Lower))
        );
        assert_eq!(time.spread.unwrap().below, 427_629);
        assert!(close(get(&reading, "copy", "bandwidth").value, 41e6));
        assert!(close(get(&reading, "slow", "time").value, 13_967e3));
        assert_eq!(get(&reading, "mov", "cycles").unit, Unit::Count);
        assert_eq!(get(&reading, "upload", "MS/s").direction, None);
        let failed: Vec<&str> = reading
            .failures
            .iter()
            .map(|f| f.benchmark.as_str())
            .collect();
        assert_eq!(failed, ["broken", "empty"]);
        assert!(
            reading
                .measurements
                .iter()
                .all(|m| m.benchmark != "ignored")
        );
    }

    #[test]
    fn mistakes_name_their_line() {
        for (line, reason) in [
            ("1.288,5 ns/iter (+/- 1)", "commas"),
            ("1,28 ns/iter (+/- 1)", "commas"),
            ("1288 ns/iter (+/- -1)", "commas"),
            ("NaN ns/iter (+/- 1)", "commas"),
            ("1,288 ns/iter (+/- 5", "cut off"),
            ("1,288 ns/iter (+/- 5) = 1 MB", "cut off"),
            ("1,2", "cut off"),
        ] {
            let text = format!("\ntest a ... bench: {line}\n");
            let error = read_text("x.txt", "libtest", &text)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("line 2") && error.contains(reason),
                "{line}: {error}"
            );
        }
    }

    #[test]
    fn twice_the_same_name_and_no_results() {
        let twice = "test a ... bench: 1 ns/iter (+/- 0)\n".repeat(2);
        let error = read_text("x.txt", "libtest", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let none = read_text("x.txt", "libtest", "running 0 tests\n").unwrap_err();
        assert!(none.reason.contains("no results"), "{none}");
    }
}
