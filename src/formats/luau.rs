//! Luau's `bench/bench.py`: the table behind `RESULTS`.
//!
//! Versions seen: one table, of an unknown version.
//! Producer: <https://github.com/luau-lang/luau/blob/master/bench/bench.py>
//!
//! `Test | Min | Average | StdDev% | Driver`, every time with its unit. The driver becomes a tag.
//! The row `Total` adds the others up and is not read.

use super::fault::Fault;
use super::parsed::{Bench, Input, Parsed, with_ends};
use super::registry::{Format, Reader};
use super::text::plain_number;
use super::timed::Timed;
use super::units;
use crate::model::Tags;

pub(crate) const FORMAT: Format = Format {
    name: "benchmark-luau",
    aliases: &["benchmarkluau"],
    produced_by: "python3 bench/bench.py > FILE, of Luau",
    known_by: "a table of text below `Test | Min | Average | StdDev% | Driver`",
    versions: &["2021 or later"],
    metrics: &["time", "time.min"],
    samples: false,
    url: "https://github.com/luau-lang/luau/tree/master/bench",
    sniff: |content| !content.is_json() && content.lines().any(is_heading),
    reader: Reader::File(read),
};

fn cells(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).collect()
}

fn is_heading(line: &str) -> bool {
    cells(line) == ["Test", "Min", "Average", "StdDev%", "Driver"]
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let mut inside = false;
    for (i, line) in input.text()?.lines().enumerate() {
        let place = format!("line {}", i + 1);
        if is_heading(line) {
            inside = true;
            continue;
        }
        if !inside || line.contains("-+-") {
            continue;
        }
        let row = cells(line);
        let [name, min, mean, deviation, driver] = row[..] else {
            if row.len() > 1 {
                return Err(Fault::at(
                    place,
                    "the row has not five cells; it may be cut off",
                ));
            }
            inside = false;
            continue;
        };
        if name == "Total" {
            continue;
        }
        let time = |text: &str| {
            units::duration(text)
                .ok_or_else(|| Fault::at(&place, format!("`{text}` is not a time of `{name}`")))
        };
        let deviation = deviation
            .strip_suffix('%')
            .and_then(|number| plain_number(number).ok())
            .ok_or_else(|| Fault::at(&place, format!("`{deviation}` is not a share in percent")))?;
        let bench = Bench::new(name, Tags::from([("driver".to_owned(), driver.to_owned())]));
        let timed = Timed {
            bench: &bench,
            n: 1,
            factor: 1.0,
            unit: "ns",
            place: &place,
        };
        let (mean, width) = (time(mean)?, deviation / 100.0);
        let headline = timed.headline(mean, "Average")?;
        let headline = with_ends(headline, mean * (1.0 - width), mean * (1.0 + width));
        if timed.keep(headline, &mut parsed) {
            timed.others(&[("time.min", "Min", Some(time(min)?))], &mut parsed)?;
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};

    #[test]
    fn rows_and_no_total() {
        let reading = read_fixture("benchmark-luau/handmade-results.txt");
        let time = get(&reading, "base64", "time");
        assert!(close(time.value, 15.041e6) && time.tags["driver"] == "luau");
        assert_eq!(time.spread.unwrap().below, 6_360);
        assert!(close(get(&reading, "life", "time.min").value, 84.696e6));
        assert!(reading.measurements.iter().all(|m| m.benchmark != "Total"));
    }

    #[test]
    fn mistakes_name_their_line() {
        for row in [
            "a | 1,5ms | 1.5ms | 1% | x",
            "a | -1ms | 1.5ms | 1% | x",
            "a | 1ms | NaNms | 1% | x",
            "a | 1ms | 1.5 parsecs | 1% | x",
            "a | 1ms | 1.5ms | 1 | x",
            "a | 1ms | 1.5ms",
        ] {
            let text = format!("Test | Min | Average | StdDev% | Driver\n{row}\n");
            let error = read_text("x.txt", "benchmark-luau", &text).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 2"), "{row}: {error}");
        }
    }
}
