//! What criterion.rs prints for people: `NAME time: [LOW ESTIMATE HIGH]`.
//!
//! Versions seen: 0.3 to 0.8.2.
//! Producer: <https://docs.rs/crate/criterion/0.8.2/source/src/report.rs> (`CliReport`)
//!
//! The folder `target/criterion` holds the samples as well and is the better source. Here the value
//! is criterion's estimate, a slope or a mean, and the spread its confidence interval. A long name
//! stands on a line of its own. Lines below `change:` compare two runs and are not read, so a `time:`
//! there is never taken for a result.

use super::fault::Fault;
use super::parsed::{BANDWIDTH, Bench, Input, Parsed, RATE, with_ends};
use super::registry::{Format, Reader};
use super::text::{plain_number, uncoloured};
use super::timed::Timed;
use super::units;
use crate::model::{Tags, Unit};

pub(crate) const FORMAT: Format = Format {
    name: "criterion-text",
    aliases: &[],
    produced_by: "cargo bench > FILE with criterion (better: give the folder target/criterion)",
    known_by: "lines `NAME time: [LOW ESTIMATE HIGH]`",
    versions: &["0.3", "0.8.2"],
    metrics: &["time", "bandwidth", "throughput"],
    samples: false,
    url: "https://bheisler.github.io/criterion.rs/book/user_guide/command_line_output.html",
    sniff: |content| {
        !content.is_json()
            && content.lines().any(|line| {
                split(&uncoloured(line), "time:")
                    .is_some_and(|(_, cells)| cells.ends_with(']') && !cells.contains('%'))
            })
    },
    reader: Reader::File(read),
};

/// `LEFT   LABEL   [CELLS]`: left and `[CELLS]`.
fn split<'a>(line: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let (left, rest) = line.split_once(label)?;
    let apart = left.is_empty() || left.ends_with(' ');
    let rest = rest.trim();
    (apart && rest.starts_with('[')).then(|| (left.trim(), rest))
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut above = String::new();
    // The benchmark whose lines are being read.
    let mut bench: Option<Bench> = None;
    let mut comparing = false;
    // The benchmark that was begun last, and whether the program came to its end.
    let mut begun = String::new();
    let mut crashed = false;
    for (i, line) in input.text()?.lines().enumerate() {
        let line = uncoloured(line);
        let place = format!("line {}", i + 1);
        let indented = line.starts_with(' ');
        if let Some(rest) = line.strip_prefix("Benchmarking ") {
            begun = rest.split(": ").next().unwrap_or(rest).trim().to_owned();
        }
        crashed |= line.starts_with("error: bench failed") || is_panic(&line);
        if let Some(cells) =
            split(&line, "time:").filter(|(left, _)| !left.is_empty() || !comparing)
        {
            let (left, cells) = cells;
            let name = if left.is_empty() {
                above.as_str()
            } else {
                left
            };
            if name.is_empty() {
                return Err(Fault::at(place, "no name stands before or above this time"));
            }
            let [low, value, high] = three(cells, &place)?;
            let time = |(number, unit): (f64, &str)| {
                let factor = units::time(unit);
                let factor = factor.ok_or_else(|| unknown(unit, &place))?;
                Ok::<f64, Fault>(number * factor)
            };
            let made = Bench::new(name, Tags::new());
            let timed = Timed {
                bench: &made,
                n: 1,
                factor: 1.0,
                unit: "ns",
                place: &place,
            };
            let headline = timed.headline(time(value)?, "time")?;
            let headline = timed.with_ends(headline, time(low)?, time(high)?);
            let kept = timed.keep(headline, &mut parsed);
            bench = kept.then_some(made);
            comparing = false;
        } else if let Some((_, cells)) = split(&line, "thrpt:").filter(|_| indented && !comparing) {
            let [low, value, high] = three(cells, &place)?;
            let canonical = |(number, unit): (f64, &str)| {
                let (unit, factor) = units::canonical(unit).ok_or_else(|| unknown(unit, &place))?;
                Ok::<_, Fault>((number * factor, unit))
            };
            let ((low, _), (speed, unit), (high, _)) =
                (canonical(low)?, canonical(value)?, canonical(high)?);
            let (metric, kind) = match unit {
                Unit::BytesPerSecond => ("bandwidth", BANDWIDTH),
                Unit::PerSecond => ("throughput", RATE),
                other => return Err(unknown(other.as_str(), &place)),
            };
            if let Some(bench) = &bench {
                let made = bench.value(metric, (speed, 1), kind, ("thrpt", value.1));
                parsed.measurements.push(with_ends(made, low, high));
            }
        } else if line.trim_start().starts_with("change:") {
            comparing = true;
        } else if !indented {
            above = line.trim().to_owned();
            bench = None;
            comparing = false;
        }
    }
    let ours = !begun.is_empty() || !parsed.measurements.is_empty();
    if crashed && ours {
        let finished = |name: &str| parsed.measurements.iter().any(|m| m.benchmark == name);
        let name = if begun.is_empty() || finished(&begun) {
            CRASHED
        } else {
            &begun
        };
        parsed.fail(name, "the benchmark program crashed");
    }
    Ok(parsed)
}

/// What a crash is called when no benchmark was begun that did not end.
const CRASHED: &str = "cargo bench";

/// `thread 'main' panicked at …`, with or without a number.
fn is_panic(line: &str) -> bool {
    line.starts_with("thread '") && line.contains(" panicked at ")
}

fn unknown(unit: &str, place: &str) -> Fault {
    Fault::at(place, format!("the unit `{unit}` is not known"))
}

/// `[1.0 ns 2.0 ns 3.0 ns]`.
fn three<'a>(cells: &'a str, place: &str) -> Result<[(f64, &'a str); 3], Fault> {
    let broken = || {
        let reason = format!("`{cells}` is not three numbers with their units; it may be cut off");
        Fault::at(place, reason)
    };
    let inside = cells
        .strip_prefix('[')
        .and_then(|cells| cells.strip_suffix(']'));
    let words: Vec<&str> = inside.ok_or_else(broken)?.split_whitespace().collect();
    let [a, u, b, v, c, w] = words[..] else {
        return Err(broken());
    };
    let number = |text| plain_number(text).map_err(|reason| Fault::at(place, reason));
    Ok([(number(a)?, u), (number(b)?, v), (number(c)?, w)])
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn estimates_and_throughput() {
        let reading = read_fixture("criterion-text/stdout.txt");
        let time = get(&reading, "sort/bytes/std/1024", "time");
        assert!(close(time.value, 8_135.8));
        assert_eq!(time.spread.unwrap().below, 146_968);
        let speed = get(&reading, "sort/bytes/std/64", "bandwidth");
        assert!(close(speed.value, 1.106 * 1_073_741_824.0));
        assert!(close(
            get(&reading, "flat mode/fib: 20?", "throughput").value,
            826_160.0
        ));
        assert_eq!(reading.measurements.len(), 7);
    }

    #[test]
    fn long_names_stand_above_and_changes_are_not_results() {
        let text = "a/long/name\n                        time:   [1.0 ns 2.0 ns 3.0 ns]\n                        \
                    thrpt:  [1.0 Kelem/s 2.0 Kelem/s 3.0 Kelem/s]\n                        change:\n                        \
                    time:   [+1.0% +2.0% +3.0%] (p = 0.00 < 0.05)\n                        \
                    thrpt:  [+1.0% +2.0% +3.0%]\n                        Performance has regressed.\n\
                    b  time:   [1 us 2 us 3 us]\n   change: [+1% +2% +3%] (p = 0.5 > 0.05)\n";
        let reading = read_text("x.txt", "criterion-text", text).unwrap();
        assert!(close(get(&reading, "a/long/name", "time").value, 2.0));
        assert!(close(
            get(&reading, "a/long/name", "throughput").value,
            2_000.0
        ));
        assert!(close(get(&reading, "b", "time").value, 2_000.0));
        assert_eq!(reading.measurements.len(), 3);
    }

    #[test]
    fn a_crash_is_a_failure_of_what_was_begun_and_keeps_what_had_ended() {
        let end =
            "\nthread 'main' panicked at benches/x.rs:42:5:\nexplicit panic\nerror: bench failed\n";
        let ended = "Benchmarking a\na                       time:   [1.0 ns 2.0 ns 3.0 ns]\n";
        for (text, name) in [
            (
                format!("{ended}Benchmarking b: Warming up for 3.0000 s{end}"),
                "b",
            ),
            (format!("{ended}{end}"), "cargo bench"),
        ] {
            let reading = read_text("x.txt", "criterion-text", &text).unwrap();
            assert_eq!(reading.measurements.len(), 1, "{text}");
            assert_eq!(reading.failures.len(), 1, "{text}");
            assert_eq!(reading.failures[0].benchmark, name);
        }
        let whole = read_text("x.txt", "criterion-text", ended).unwrap();
        assert!(whole.failures.is_empty());
    }

    #[test]
    fn mistakes_name_their_line() {
        for cells in [
            "[1,0 ns 2.0 ns 3.0 ns]",
            "[-1.0 ns 2.0 ns 3.0 ns]",
            "[1.0 ns NaN ns 3.0 ns]",
            "[1.0 ns 2.0 eons 3.0 ns]",
            "[1.0 ns 2.0 ns]",
            "[1.0 ns 2.0 ns 3.0",
        ] {
            let text = format!("\na   time:   {cells}\n");
            let error = read_text("x.txt", "criterion-text", &text).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{cells}: {error}");
        }
        let twice = "a   time:   [1.0 ns 2.0 ns 3.0 ns]\n".repeat(2);
        let error = read_text("x.txt", "criterion-text", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let zero = read_text("x.txt", "criterion-text", "a time: [0.0 ns 0.0 ns 0.0 ns]");
        assert_eq!(zero.unwrap().failures.len(), 1);
    }
}
