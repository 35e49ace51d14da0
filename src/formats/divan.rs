//! divan's tree of text, its only output.
//!
//! Versions seen: 0.1.21.
//! Producer: <https://github.com/nvzqz/divan/blob/v0.1.21/src/tree_painter.rs>
//!
//! A benchmark is its path in the tree, joined with `::` as divan's own filters write it; `t=2`
//! becomes the tag `threads`. Each cell has its own unit. Below a benchmark stand the medians of
//! its counters (`MB/s`, `Kitem/s`, …) and of its allocations: a line with a heading, the count,
//! the size. `(ignored)` was not run.

use super::fault::Fault;
use super::parsed::{BANDWIDTH, Bench, Input, Parsed, RATE, SIZE};
use super::registry::{Format, Reader};
use super::text::{plain_number, uncoloured};
use super::timed::Timed;
use super::units;
use crate::model::{Direction, Tags, Unit};

pub(crate) const FORMAT: Format = Format {
    name: "divan",
    aliases: &[],
    produced_by: "cargo bench > FILE with divan",
    known_by: "a tree of text below `fastest │ slowest │ median │ mean │ samples │ iters`",
    versions: &["0.1.21"],
    metrics: &[
        "time",
        "time.mean",
        "time.min",
        "time.max",
        "bandwidth",
        "throughput",
        "alloc.bytes",
        "alloc.count",
        "max alloc.bytes",
    ],
    samples: false,
    url: "https://github.com/nvzqz/divan",
    sniff: |content| !content.is_json() && content.lines().any(|line| header(line).is_some()),
    reader: Reader::File(read),
};

/// The name of the tree and the column, in characters, where the first value stands.
fn header(line: &str) -> Option<(&str, usize)> {
    let mut cells = line.split('│').map(str::trim);
    let first = cells.next()?;
    let name = first.strip_suffix("fastest")?.trim();
    if !cells.eq(["slowest", "median", "mean", "samples", "iters"]) {
        return None;
    }
    let column = line.find("fastest")?;
    Some((name, line.get(..column)?.chars().count()))
}

/// What is being read below a header.
struct Tree {
    column: usize,
    /// The names from the root to the last row.
    path: Vec<String>,
    /// The benchmark of the last row, if it has times.
    bench: Option<(Bench, u64)>,
    /// The heading of the allocations that are being read, and whether the count was.
    heading: Option<(String, bool)>,
    /// Whether the last row of each level was drawn as the last one.
    last: Vec<bool>,
    /// The last row is a group whose rows are still to come.
    group: bool,
}

impl Tree {
    /// An error unless the tree was drawn to its end.
    fn end(self, place: &str) -> Result<(), Fault> {
        let whole = !self.last.is_empty() && self.last.iter().all(|last| *last);
        if whole && !self.group && self.heading.is_none() {
            return Ok(());
        }
        Err(Fault::at(
            place,
            "the tree ends before its last branch (`╰─`); the file is cut off",
        ))
    }
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut tree: Option<Tree> = None;
    for (i, line) in input.text()?.lines().enumerate() {
        let line = uncoloured(line);
        let place = format!("line {}", i + 1);
        if let Some((name, column)) = header(&line) {
            tree = Some(Tree {
                column,
                path: vec![name.to_owned()],
                bench: None,
                heading: None,
                last: Vec::new(),
                group: false,
            });
        } else if line.trim().is_empty() {
            if let Some(tree) = tree.take() {
                tree.end(&place)?;
            }
        } else if let Some(tree) = &mut tree {
            row(tree, &line, &place, &mut parsed)?;
        }
    }
    if let Some(tree) = tree {
        tree.end("the end")?;
    }
    Ok(parsed)
}

fn row(tree: &mut Tree, line: &str, place: &str, parsed: &mut Parsed) -> Result<(), Fault> {
    let cut = || {
        Fault::at(
            place,
            "the row is not one of divan's table; it may be cut off",
        )
    };
    // Five bars part six cells; those further left belong to the tree.
    let mut cells: Vec<&str> = line.rsplitn(6, '│').map(str::trim).collect();
    cells.reverse();
    let [_, slowest, median, mean, samples, _] = cells[..] else {
        return Err(cut());
    };
    let left = line.rsplitn(6, '│').last().unwrap_or_default();
    let split = left
        .char_indices()
        .nth(tree.column)
        .map_or(left.len(), |(at, _)| at);
    let (branch, fastest) = (&left[..split], left[split..].trim());
    if !fastest.is_empty() && !branch.ends_with(' ') {
        return Err(cut());
    }
    let Some(at) = branch.find("─ ") else {
        return below(tree, fastest, median, place, parsed);
    };
    let name = branch[at + "─ ".len()..].trim();
    // Each level is three characters wide; the first of its own level is the branch.
    let depth = branch[..at].chars().count() / 3 + 1;
    if name.is_empty() || depth > tree.path.len() {
        return Err(cut());
    }
    tree.path.truncate(depth);
    tree.path.push(name.to_owned());
    tree.last.truncate(depth - 1);
    tree.last.push(branch[..at].ends_with('╰'));
    tree.bench = None;
    tree.heading = None;
    tree.group = samples.is_empty() && fastest.is_empty();
    if samples.is_empty() {
        return Ok(());
    }
    let n = plain_number(samples).map_err(|reason| Fault::at(place, reason))? as u64;
    let mut tags = Tags::new();
    let mut path = tree.path.as_slice();
    if let Some(threads) = name.strip_prefix("t=") {
        tags.insert("threads".to_owned(), threads.to_owned());
        path = &path[..path.len() - 1];
    }
    let name = path.join("::");
    let bench = Bench::new(&name, tags);
    let timed = Timed {
        bench: &bench,
        n,
        factor: 1.0,
        unit: "ns",
        place,
    };
    let time = |text: &str| {
        units::duration(text)
            .ok_or_else(|| Fault::at(place, format!("`{text}` is not a time of `{name}`")))
    };
    let headline = timed.headline(time(median)?, "median")?;
    if timed.keep(headline, parsed) {
        timed.others(
            &[
                ("time.mean", "mean", Some(time(mean)?)),
                ("time.min", "fastest", Some(time(fastest)?)),
                ("time.max", "slowest", Some(time(slowest)?)),
            ],
            parsed,
        )?;
        tree.bench = Some((bench, n));
    }
    Ok(())
}

/// A row without a branch: a counter or an allocation of the benchmark above.
fn below(
    tree: &mut Tree,
    fastest: &str,
    median: &str,
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let Some((bench, n)) = &tree.bench else {
        return Ok(());
    };
    if let Some(heading) = fastest.strip_suffix(':') {
        tree.heading = Some((heading.to_owned(), false));
        return Ok(());
    }
    let broken = || {
        Fault::at(
            place,
            format!("`{median}` is not a number with a unit that is known"),
        )
    };
    let number = |text: &str| plain_number(text).ok().ok_or_else(broken);
    if let Some((heading, counted)) = &mut tree.heading {
        let direction = match heading.as_str() {
            "alloc" | "max alloc" | "grow" => Some(Direction::Lower),
            _ => None,
        };
        let (value, metric, unit) = if *counted {
            let (digits, unit) = median.split_once(' ').ok_or_else(broken)?;
            let factor = units::size(unit).ok_or_else(broken)?;
            let value = number(digits)? * factor;
            (value, format!("{heading}.bytes"), (SIZE.0, direction))
        } else {
            let value = number(median)?;
            (value, format!("{heading}.count"), (Unit::Count, direction))
        };
        let source_unit = if *counted { "B" } else { "" };
        let made = bench.value(metric, (value, *n), unit, (heading, source_unit));
        parsed.measurements.push(made);
        if *counted {
            tree.heading = None;
        } else {
            *counted = true;
        }
        return Ok(());
    }
    let (digits, unit) = median.split_once(' ').ok_or_else(broken)?;
    let value = number(digits)?;
    let (metric, factor, kind) = counter(unit).ok_or_else(broken)?;
    let made = bench.value(metric, (value * factor, *n), kind, ("throughput", unit));
    parsed.measurements.push(made);
    Ok(())
}

/// A unit and which way is better in it.
type Kind = (Unit, Option<Direction>);

/// Metric, factor and kind of a counter's unit.
fn counter(unit: &str) -> Option<(&str, f64, Kind)> {
    if let Some(factor) = unit.strip_suffix("/s").and_then(units::size) {
        return Some(("bandwidth", factor, BANDWIDTH));
    }
    let (factor, of) = match unit.split_at_checked(1)? {
        ("K", of) => (1e3, of),
        ("M", of) => (1e6, of),
        ("G", of) => (1e9, of),
        ("T", of) => (1e12, of),
        _ => (1.0, unit),
    };
    match of {
        "item/s" => Some(("throughput", factor, RATE)),
        "char/s" | "Hz" => Some((
            of,
            factor,
            (Unit::Other(of.to_owned()), Some(Direction::Higher)),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::{Direction, Unit};

    #[test]
    fn the_tree_gives_names_and_every_cell_its_unit() {
        let reading = read_fixture("divan/tree.txt");
        let time = get(&reading, "shapes::sort::1024", "time");
        assert!(close(time.value, 6_244.0) && time.n == 10);
        assert!(close(
            get(&reading, "shapes::sort::1024", "time.max").value,
            9_162.0
        ));
        let speed = get(&reading, "shapes::sort::1024", "bandwidth");
        assert!(close(speed.value, 1.311e9));
        let two: Vec<_> = reading
            .measurements
            .iter()
            .filter(|m| m.benchmark == "shapes::nested::items" && m.metric == "throughput")
            .map(|m| (m.tags["threads"].as_str(), m.value / 1e6, &m.unit))
            .collect();
        assert!(
            matches!(two[..], [("1", a, Unit::PerSecond), ("2", b, _)]
            if close(a, 79.84) && close(b, 79.56)),
            "{two:?}"
        );
        let bytes = get(&reading, "shapes::alloc::1000", "alloc.bytes");
        assert!(close(bytes.value, 48_500.0) && bytes.direction == Some(Direction::Lower));
        assert!(close(
            get(&reading, "shapes::alloc::1000", "max alloc.count").value,
            981.0
        ));
        assert!(close(
            get(&reading, "shapes::nested::default::u32", "time").value,
            0.001
        ));
        assert!(
            !reading
                .measurements
                .iter()
                .any(|m| m.benchmark.contains("skipped"))
        );
    }

    #[test]
    fn mistakes_name_their_line() {
        let text = |row: &str| {
            format!("b    fastest │ slowest │ median │ mean │ samples │ iters\n╰─ a {row}\n")
        };
        let read = |row: &str| read_text("x.txt", "divan", &text(row));
        assert!(read("1 ns │ 2 ns │ 1.5 ns │ 1 ns │ 4 │ 8").is_ok());
        for row in [
            "1 ns │ 2 ns │ 1,5 ns │ 1 ns │ 4 │ 8",
            "1 ns │ 2 ns │ -1 ns │ 1 ns │ 4 │ 8",
            "1 ns │ 2 ns │ NaN │ 1 ns │ 4 │ 8",
            "1 ns │ 2 ns │ 1 parsecs │ 1 ns │ 4 │ 8",
            "1 ns │ 2 ns │ 1 ns │ 1 ns │ four │ 8",
            "1 ns │ 2 ns",
        ] {
            let error = read(row).unwrap_err().to_string();
            assert!(error.contains("line 2"), "{row}: {error}");
        }
        let zero = read("0 ns │ 0 ns │ 0 ns │ 0 ns │ 4 │ 8").unwrap();
        assert!(zero.measurements.is_empty() && zero.failures[0].benchmark == "b::a");
        let unit =
            text("1 ns │ 2 ns │ 1 ns │ 1 ns │ 4 │ 8") + "     1 x/s │ 1 x/s │ 1 x/s │ 1 x/s │ │\n";
        let error = read_text("x.txt", "divan", &unit).unwrap_err();
        assert_eq!(error.place.as_deref(), Some("line 3"));
    }

    #[test]
    fn twice_the_same_name() {
        let row = "╰─ a 1 ns │ 2 ns │ 1 ns │ 1 ns │ 4 │ 8\n";
        let text = format!("b    fastest │ slowest │ median │ mean │ samples │ iters\n{row}{row}");
        let error = read_text("x.txt", "divan", &text).unwrap_err();
        assert!(error.reason.contains("given twice"), "{error}");
    }
}
