//! Ruby's `Benchmark.bm`, `Benchmark.bmbm` and `Benchmark.benchmark`.
//!
//! Versions seen: benchmark 0.2.0 (Ruby 3.1), and a table of an older one.
//! Producer: <https://github.com/ruby/benchmark/blob/master/lib/benchmark.rb>
//!
//! Below the caption `user system total real` stands a line a benchmark, in seconds: the label,
//! user, system and total CPU time, and the elapsed time in brackets. The rehearsal of `bmbm` is
//! not read: it only warms up. Labels lose their colon.

use super::fault::Fault;
use super::parsed::{Bench, Input, Parsed, TIME, ZERO_TIME};
use super::registry::{Format, Reader};
use super::text::plain_number;
use super::units::SECOND;
use crate::model::Tags;

pub(crate) const FORMAT: Format = Format {
    name: "ruby-benchmark",
    aliases: &["ruby"],
    produced_by: "ruby with Benchmark.bm or Benchmark.bmbm > FILE",
    known_by: "a table of text below `user system total real`",
    versions: &["0.2.0"],
    metrics: &["time", "cpu", "cpu.user", "cpu.system"],
    samples: false,
    url: "https://github.com/ruby/benchmark",
    sniff: |content| !content.is_json() && content.lines().any(is_caption),
    reader: Reader::File(read),
};

fn is_caption(line: &str) -> bool {
    line.split_whitespace()
        .eq(["user", "system", "total", "real"])
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut inside = false;
    for (i, line) in input.text()?.lines().enumerate() {
        if is_caption(line) {
            inside = true;
        } else if line.trim().is_empty() {
            inside = false;
        } else if inside {
            row(line, &mut parsed)
                .map_err(|reason| Fault::at(format!("line {}", i + 1), reason))?;
        }
    }
    Ok(parsed)
}

fn row(line: &str, parsed: &mut Parsed) -> Result<(), String> {
    let broken = || "the row is not `LABEL USER SYSTEM TOTAL (REAL)`; it may be cut off".to_owned();
    let (left, real) = line.trim_end().rsplit_once('(').ok_or_else(broken)?;
    let real = plain_number(real.strip_suffix(')').ok_or_else(broken)?)?;
    let mut rest = left.trim();
    let mut times = [0.0; 3];
    for time in &mut times {
        // Nothing stands before the times of a report without a label.
        let (before, last) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
        if last.is_empty() {
            return Err(broken());
        }
        // All have six decimals: a number without is a part of one with a space in it.
        if !last.contains('.') {
            return Err(format!("`{last}` is not a number of seconds with decimals"));
        }
        *time = plain_number(last)?;
        rest = before.trim_end();
    }
    let [total, system, user] = times;
    let label = rest.trim();
    let label = label.strip_suffix(':').unwrap_or(label);
    if label.is_empty() {
        return Err(
            "the row has no label: give each `report` one, `x.report(\"name\")`".to_owned(),
        );
    }
    if real <= 0.0 {
        parsed.fail(label, ZERO_TIME);
        return Ok(());
    }
    let bench = Bench::new(label, Tags::new());
    for (metric, field, value) in [
        ("time", "real", real),
        ("cpu", "total", total),
        ("cpu.user", "user", user),
        ("cpu.system", "system", system),
    ] {
        let made = bench.value(metric, (value * SECOND, 1), TIME, (field, "s"));
        parsed.measurements.push(made);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn rows_of_both_tables() {
        let table = read_fixture("ruby-benchmark/benchmark.txt");
        assert!(close(get(&table, "up to", "time").value, 20_622_000.0));
        assert!(close(get(&table, "up to", "cpu").value, 10_307_000.0));
        assert!(close(get(&table, "up to", "cpu.system").value, 381_000.0));
        assert!(close(get(&table, ">avg", "time").value, 23_889_000.0));
        let bmbm = read_fixture("ruby-benchmark/bmbm.txt");
        assert!(close(get(&bmbm, "sort by", "time").value, 8_132_000.0));
        assert_eq!(bmbm.measurements.len(), 8);
    }

    #[test]
    fn a_row_without_a_label_is_said_to_have_none() {
        for (file, line) in [("no-label", "line 2"), ("empty-label", "line 4")] {
            let path = crate::formats::testing::fixture(&format!("ruby-benchmark/{file}.txt"));
            let text = std::fs::read_to_string(path).unwrap();
            let error = read_text("x.txt", "ruby-benchmark", &text).unwrap_err();
            assert_eq!(error.place.as_deref(), Some(line));
            assert!(error.reason.contains("has no label"), "{error}");
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        let text = |row: &str| format!("       user     system      total        real\n{row}\n");
        for row in [
            "a:  0,950000   0.000000   0.950000 (  0.952039)",
            "a:  0.950000   0.000000   0.950000 ( -0.952039)",
            "a:  0.950000   0.000000   0.950000 (  NaN)",
            "a:  0.950000   0.000000   0.950000 (  0.95",
            "a:  0.950000   0.000000",
            "0.950000   0.000000   0.950000 (  0.952039)",
        ] {
            let error = read_text("x.txt", "ruby-benchmark", &text(row)).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{row}: {error}");
        }
        let row = "a  0.1  0.0  0.1 ( 0.1)";
        let twice = text(&format!("{row}\n{row}"));
        let error = read_text("x.txt", "ruby-benchmark", &twice).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
        let zero = read_text(
            "x.txt",
            "ruby-benchmark",
            &text("a  0.0  0.0  0.0 (  0.000000)"),
        );
        assert_eq!(zero.unwrap().failures.len(), 1);
    }
}
