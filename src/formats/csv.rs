//! CSV of your own, with a header: one measurement a row.
//!
//! Columns `benchmark`, `metric` (`time` where it is missing), `value`, `unit`; optional
//! `direction` (`lower` or `higher`), `n`; every other column is a tag, empty cells are none. Units
//! that are known (`ms`, `MiB`, `1/s`, …) are brought to the canonical one, others are kept as they
//! are. Times and sizes are better when lower; of anything else only `direction` says.
//!
//! With a column `sample` (its text is not read) every row is one sample, and rows alike but for value
//! and sample are one series: any number of them is counted in bounded memory. A `latency` becomes
//! `latency.p50 … latency.p99.9`, `latency.mean latency.min latency.max`; of any other metric the
//! median stands under its own name, the others beside it.
//!
//! A decimal comma or a separator of thousands is an error. The last row may be without a line
//! break, as RFC 4180 has it.

use super::content::Content;
use super::delimited::{Cells, Header, Records, number};
use super::fault::Fault;
use super::parsed::{Bench, Parsed, Rounding, scaled};
use super::registry::{Format, Reader};
use super::requests::{shown, whole};
use super::source::Source;
use super::units;
use crate::model::{Direction, Tags, Unit};
use samples::{Counted, Kind};
use std::collections::HashSet;

mod samples;

pub(crate) const FORMAT: Format = Format {
    name: "csv",
    aliases: &[],
    produced_by: "anything: one measurement a row, with the columns benchmark, metric, value, unit (and sample, where a row is one sample)",
    known_by: "CSV with the columns `benchmark`, `value` and `unit`",
    versions: &["1"],
    metrics: &["as given"],
    samples: false,
    url: "https://www.rfc-editor.org/rfc/rfc4180",
    sniff: is,
    reader: Reader::Samples(read),
};

/// Rows of one file: more are no benchmark results, and would all be held in memory.
const ROWS: usize = 200_000;

/// A table with a column for every metric does not say their units.
const LONG_FORM: &str = "every row is one measurement, as in `benchmark,metric,value,unit,tenant` and \
     `checkout,latency.p95,18.5,ms,big`; any other column is a tag";

fn is(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default().trim_end();
    let cells: Vec<&str> = first
        .split(',')
        .map(|cell| cell.trim().trim_matches('"'))
        .collect();
    ["benchmark", "value", "unit"]
        .iter()
        .all(|name| cells.contains(name))
}

/// Where the columns stand that have a meaning of their own.
struct Columns {
    benchmark: usize,
    value: usize,
    unit: usize,
    metric: Option<usize>,
    direction: Option<usize>,
    count: Option<usize>,
    sample: Option<usize>,
}

impl Columns {
    fn of(header: &Header) -> Result<Self, Fault> {
        let need = |name: &str| {
            header.need(name).map_err(|fault| Fault {
                reason: format!("{}: {LONG_FORM}", fault.reason),
                ..fault
            })
        };
        let columns = Self {
            benchmark: need("benchmark")?,
            value: need("value")?,
            unit: need("unit")?,
            metric: header.find("metric"),
            direction: header.find("direction"),
            count: header.find("n"),
            sample: header.find("sample"),
        };
        if columns.sample.is_some() && columns.count.is_some() {
            let reason = "it has both `sample`, with which a row is one sample, and `n`";
            return Err(Fault::at("line 1", reason));
        }
        Ok(columns)
    }

    /// Whether a column is a tag.
    fn is_tag(&self, at: usize) -> bool {
        let needed = [self.benchmark, self.value, self.unit].map(Some);
        let others = [self.metric, self.direction, self.count, self.sample];
        !needed.into_iter().chain(others).any(|own| own == Some(at))
    }
}

/// What a row says of its series.
struct Series {
    name: String,
    metric: String,
    tags: Tags,
    kind: Kind,
    factor: f64,
}

fn series(header: &Header, columns: &Columns, cells: &Cells<'_>) -> Result<Series, Fault> {
    let place = || cells.place();
    let text = |at: usize| {
        let text = std::str::from_utf8(cells.get(at)).ok();
        text.map(str::trim)
            .ok_or_else(|| Fault::at(place(), "the text is not UTF-8"))
    };
    let optional = |at: Option<usize>| at.map_or(Ok(""), text);
    let source_unit = text(columns.unit)?;
    if source_unit.trim().is_empty() {
        return Err(Fault::at(
            cells.place(),
            "it has no unit; `count` is one, and so is any word of your own",
        ));
    }
    let (unit, factor) =
        units::canonical(source_unit).unwrap_or_else(|| (Unit::from_canonical(source_unit), 1.0));
    let direction = match optional(columns.direction)? {
        "" => units::direction(&unit),
        "lower" => Some(Direction::Lower),
        "higher" => Some(Direction::Higher),
        other => {
            let other = shown(other.as_bytes());
            let reason = format!("{other} is neither `lower` nor `higher`");
            return Err(Fault::at(place(), reason));
        }
    };
    let mut tags = Tags::new();
    for (at, name) in header.names().iter().enumerate() {
        let tag = text(at)?;
        if columns.is_tag(at) && !tag.is_empty() {
            tags.insert(name.clone(), tag.to_owned());
        }
    }
    let name = text(columns.benchmark)?;
    if name.is_empty() {
        return Err(Fault::at(place(), "the benchmark has no name"));
    }
    let metric = optional(columns.metric)?;
    let metric = if metric.is_empty() { "time" } else { metric };
    Ok(Series {
        name: name.to_owned(),
        metric: metric.to_owned(),
        tags,
        kind: Kind {
            unit,
            direction,
            source_unit: source_unit.to_owned(),
        },
        factor,
    })
}

/// A number in the unit of its series.
fn value(
    cell: &[u8],
    (unit, factor): (&Unit, f64),
    place: impl Fn() -> String,
) -> Result<f64, Fault> {
    let given = number(cell, &place)?;
    match unit {
        Unit::Other(_) => Ok(given),
        _ => scaled(given, factor, place),
    }
}

fn read(source: &mut Source<'_>, _: &str) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let columns = Columns::of(&header)?;
    if columns.sample.is_some() {
        return samples(source, &mut records, &header, &columns);
    }
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    let mut seen = HashSet::new();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        if parsed.measurements.len() >= ROWS {
            let reason = format!(
                "it has more than {ROWS} rows; where they are samples, add a column `sample`"
            );
            return Err(Fault::at(place(), reason));
        }
        let Series {
            name,
            metric,
            tags,
            kind,
            factor,
        } = series(&header, &columns, &cells)?;
        let value = value(cells.get(columns.value), (&kind.unit, factor), place)?;
        let n = match columns
            .count
            .map_or(&b""[..], |at| cells.get(at).trim_ascii())
        {
            b"" => 1,
            text => whole(text).filter(|n| *n > 0).ok_or_else(|| {
                Fault::at(
                    place(),
                    format!("{} is not a number of samples", shown(text)),
                )
            })?,
        };
        if !seen.insert((name.clone(), metric.clone(), tags.clone())) {
            let reason = format!(
                "`{name}` {metric} is given twice; where the rows are samples, add a column `sample`"
            );
            return Err(Fault::at(place(), reason));
        }
        let bench = Bench::new(name, tags);
        parsed.measurements.push(bench.value(
            &metric,
            (value, n),
            (kind.unit, kind.direction),
            (&metric, &kind.source_unit),
        ));
    }
    Ok(parsed)
}

/// Rows that are samples.
fn samples(
    source: &mut Source<'_>,
    records: &mut Records,
    header: &Header,
    columns: &Columns,
) -> Result<Parsed, Fault> {
    let mut counted = Counted::default();
    let named: Vec<usize> = (0..header.names().len())
        .filter(|at| *at != columns.value && Some(*at) != columns.sample)
        .collect();
    let mut key = Vec::new();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        key.clear();
        for at in &named {
            key.extend_from_slice(cells.get(*at));
            key.push(0);
        }
        let (at, factor) = match counted.find(&key) {
            Some(found) => found,
            None => {
                let new = series(header, columns, &cells)?;
                let own = (new.name, new.metric, new.tags);
                counted.add(&key, own, new.kind, new.factor, place)?
            }
        };
        let value = value(cells.get(columns.value), (counted.unit(at), factor), place)?;
        counted.record(at, value, place)?;
    }
    let mut parsed = Parsed {
        rounding: Rounding::FREE,
        ..Parsed::default()
    };
    counted.report(&mut parsed);
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::Direction;

    #[test]
    fn units_tags_and_directions() {
        let reading = read_fixture("csv/handmade-long.csv");
        let p95 = get(&reading, "checkout", "latency.p95");
        assert!(close(p95.value, 18.5e6) && p95.n == 120 && p95.tags["tenant"] == "big");
        assert_eq!(p95.direction, Some(Direction::Lower));
        assert!(get(&reading, "checkout", "requests").tags.is_empty());
        assert_eq!(
            get(&reading, "index", "throughput").direction,
            Some(Direction::Higher)
        );
        let own = read_text("x", "csv", "benchmark,value,unit\na,-2.5,points\n").unwrap();
        assert!(close(get(&own, "a", "time").value, -2.5));
    }

    #[test]
    fn mistakes_are_placed() {
        let head = "benchmark,metric,value,unit,direction,n\n";
        for row in [
            "a,m,\"1,5\",ms,,",
            "a,m,1 000,ms,,",
            "a,m,NaN,ms,,",
            "a,m,,ms,,",
            "a,m,-1,ms,,",
            "a,m,1e999,ms,,",
            "a,m,1e308,s,,",
            "a,m,1,ms,down,",
            "a,m,1,ms,,0",
            "a,m,1,ms",
            ",m,1,ms,,",
            "a,m,1,ms,,,x",
        ] {
            let error =
                read_text("x", "csv", &format!("{head}a,first,1,ms,,\n{row}\n")).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 3"), "{row}: {error}");
        }
        assert!(
            read_text("x", "csv", head)
                .unwrap_err()
                .reason
                .contains("no results")
        );
        assert!(
            read_text("x", "csv", "benchmark,value\na,1\n")
                .unwrap_err()
                .reason
                .contains("`unit` is missing")
        );
        let unit = read_text("x", "csv", "benchmark,value,unit\na,1,ms\nb,2,\n").unwrap_err();
        assert_eq!(unit.place.as_deref(), Some("line 3"), "{unit}");
        let twice = read_text("x", "csv", "benchmark,value,unit\na,1,ms\na,2,ms\n").unwrap_err();
        assert!(twice.reason.contains("given twice"), "{twice}");
        assert_eq!(twice.place.as_deref(), Some("line 3"));
    }
    #[test]
    fn rows_that_are_samples_are_counted() {
        let text = "sample,benchmark,metric,value,unit,tenant\n1,a,time,1,ms,big\n2,a,time,3,ms,big\n\
                    1,a,time,7,ms,\n3,a,time,2000,us,big\n1,b,latency,10,ms,\n2,b,latency,30,ms,\n";
        let reading = read_text("x", "csv", text).unwrap();
        let time = get(&reading, "a", "time");
        assert!(close(time.value, 2e6) && time.n == 3 && time.tags["tenant"] == "big");
        assert_eq!(time.samples.as_ref().unwrap().values, [1e6, 3e6, 2e6]);
        assert!(close(get(&reading, "a", "time.mean").value, 2e6));
        assert!(close(get(&reading, "a", "time.p95").value, 3e6));
        assert!(close(get(&reading, "b", "latency.p50").value, 10e6));
        assert!(close(get(&reading, "b", "latency.p95").value, 30e6));
        assert!(reading.measurements.iter().all(|m| m.metric != "latency"));
    }

    #[test]
    fn a_million_samples_take_little_memory_and_keep_their_percentiles() {
        let mut text = String::from("benchmark,sample,metric,value,unit\n");
        for i in 0..300_000_u64 {
            let value = i * 7919 % 300_000 + 1;
            text.push_str(&format!("a,{i},latency,{value},us\n"));
        }
        let reading = read_text("x", "csv", &text).unwrap();
        for (metric, wanted) in [("p50", 150e6), ("p95", 285e6), ("p99.9", 299.7e6)] {
            let found = get(&reading, "a", &format!("latency.{metric}"));
            assert!(
                (found.value / wanted - 1.0).abs() < 0.0003,
                "{metric}: {found:?}"
            );
            assert_eq!(found.n, 300_000);
        }
        assert!(close(get(&reading, "a", "latency.max").value, 300e6));
        assert!(close(get(&reading, "a", "latency.mean").value, 150_000.5e3));
    }

    #[test]
    fn mistakes_in_samples_are_placed() {
        let head = "benchmark,metric,value,unit,direction,sample\na,m,1,ms,,1\n";
        for row in [
            "a,m,\"1,5\",ms,,2",
            "a,m,NaN,ms,,2",
            "a,m,-1,ms,,2",
            "a,m,1e999,ms,,2",
            "a,m,1e308,s,,2",
            "a,m,1,points,,2",
            "a,m,1,ms,higher,2",
            "a,m,1,ms,down,2",
            "a,m,1,ms,",
            ",m,1,ms,,2",
        ] {
            let error = read_text("x", "csv", &format!("{head}{row}\n")).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 3"), "{row}: {error}");
        }
        let both = read_text("x", "csv", "benchmark,value,unit,n,sample\na,1,ms,1,1\n");
        assert!(both.unwrap_err().reason.contains("both `sample`"));
    }
}
