//! CSV of your own, with a header: one measurement a row.
//!
//! Columns `benchmark`, `metric` (`time` where it is missing), `value`, `unit`; optional
//! `direction` (`lower` or `higher`), `n`; every other column is a tag, empty cells are none. Units
//! that are known (`ms`, `MiB`, `1/s`, …) are brought to the canonical one, others are kept as they
//! are. Times and sizes are better when lower; of anything else only `direction` says.
//!
//! A decimal comma or a separator of thousands is an error.

use super::content::Content;
use super::delimited::{Header, Records, number};
use super::fault::Fault;
use super::parsed::{Bench, Parsed, not_negative};
use super::registry::{Format, Reader};
use super::requests::{shown, whole};
use super::source::Source;
use super::units;
use crate::model::{Direction, Tags, Unit};

pub(crate) const FORMAT: Format = Format {
    name: "csv",
    aliases: &[],
    produced_by: "anything: one measurement a row, with the columns benchmark, metric, value, unit",
    known_by: "CSV with the columns `benchmark`, `value` and `unit`",
    versions: &["1"],
    metrics: &["as given"],
    samples: false,
    url: "https://www.rfc-editor.org/rfc/rfc4180",
    sniff: is,
    reader: Reader::Rows(read),
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

fn read(source: &mut Source<'_>, _: &str) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let need = |name: &str| {
        header.need(name).map_err(|fault| Fault {
            reason: format!("{}: {LONG_FORM}", fault.reason),
            ..fault
        })
    };
    let (benchmark, value, unit) = (need("benchmark")?, need("value")?, need("unit")?);
    let (metric, direction, count) = (
        header.find("metric"),
        header.find("direction"),
        header.find("n"),
    );
    let own = [
        Some(benchmark),
        Some(value),
        Some(unit),
        metric,
        direction,
        count,
    ];
    let mut parsed = Parsed::default();
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        if parsed.measurements.len() >= ROWS {
            return Err(Fault::at(place(), format!("it has more than {ROWS} rows")));
        }
        let text = |at: usize| {
            let text = std::str::from_utf8(cells.get(at)).ok();
            text.map(str::trim)
                .ok_or_else(|| Fault::at(place(), "the text is not UTF-8"))
        };
        let optional = |at: Option<usize>| at.map_or(Ok(""), text);
        let given = number(cells.get(value), place)?;
        let source_unit = text(unit)?;
        let (unit, factor) = units::canonical(source_unit)
            .unwrap_or_else(|| (Unit::from_canonical(source_unit), 1.0));
        let scaled = match unit {
            Unit::Other(_) => given,
            _ => not_negative(given * factor, place)?,
        };
        let direction = match optional(direction)? {
            "" => units::direction(&unit),
            "lower" => Some(Direction::Lower),
            "higher" => Some(Direction::Higher),
            other => {
                let reason = format!(
                    "{} is neither `lower` nor `higher`",
                    shown(other.as_bytes())
                );
                return Err(Fault::at(place(), reason));
            }
        };
        let n = match optional(count)? {
            "" => 1,
            text => whole(text.as_bytes()).filter(|n| *n > 0).ok_or_else(|| {
                Fault::at(
                    place(),
                    format!("{} is not a number of samples", shown(text.as_bytes())),
                )
            })?,
        };
        let mut tags = Tags::new();
        for (at, name) in header.names().iter().enumerate() {
            let tag = text(at)?;
            if !own.contains(&Some(at)) && !tag.is_empty() {
                tags.insert(name.clone(), tag.to_owned());
            }
        }
        let name = text(benchmark)?;
        let metric = Some(optional(metric)?)
            .filter(|m| !m.is_empty())
            .unwrap_or("time");
        if name.is_empty() {
            return Err(Fault::at(place(), "the benchmark has no name"));
        }
        let bench = Bench::new(name, tags);
        parsed.measurements.push(bench.value(
            metric,
            (scaled, n),
            (unit, direction),
            (metric, source_unit),
        ));
    }
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
        let twice = read_text("x", "csv", "benchmark,value,unit\na,1,ms\na,2,ms\n").unwrap_err();
        assert!(twice.reason.contains("given twice"), "{twice}");
    }
}
