//! CSV of load steps, one run of one step a row: the form in which any tool's sweep can be written down.
//!
//! Columns: `concurrency` (or `users`, `connections`, `n`, `load`) and `throughput` (or `x`, `rps`),
//! per second. Optional: `latency_p95`, `latency_mean` and others of that form, in milliseconds, or with
//! a unit in the cell (`1.2s`); `errors`, the share of failed requests (`0.01` or `1%`); `cpu`, the share
//! of its CPU that the generator used; `order`, the place in the order of running; `fault`; `run`, which
//! tells repetitions apart for the reader. Rows of one load are its runs. The benchmark is the stem of
//! the file.

use super::content::Content;
use super::delimited::{Header, Records, number};
use super::fault::Fault;
use super::parsed::{Parsed, RATE, TIME, not_negative};
use super::registry::{Format, Reader};
use super::source::Source;
use super::units::{self, MILLISECOND};
use crate::model::{Direction, Measurement, Samples, Tags, Unit};
use std::collections::BTreeMap;

pub(crate) const FORMAT: Format = Format {
    name: "steps",
    aliases: &["capacity"],
    produced_by: "anything: one run of a load step a row, with the columns concurrency and throughput",
    known_by: "CSV with the columns `concurrency` (or `users`, `connections`, `n`, `load`) and `throughput` (or `x`, `rps`)",
    versions: &["1"],
    metrics: &["latency.p95", "rate", "error_rate", "generator.cpu"],
    samples: true,
    url: "https://www.rfc-editor.org/rfc/rfc4180",
    sniff: is,
    reader: Reader::Rows(read),
};

const LOADS: [&str; 5] = ["concurrency", "users", "connections", "n", "load"];
const THROUGHPUTS: [&str; 3] = ["throughput", "x", "rps"];
const ROWS: usize = 200_000;

fn column(names: &[String], wanted: &[&str]) -> Option<usize> {
    wanted.iter().find_map(|own| {
        let fits = |name: &String| name.trim().eq_ignore_ascii_case(own);
        names.iter().position(fits)
    })
}

fn is(content: &Content<'_>) -> bool {
    let first = content.lines().next().unwrap_or_default();
    let names: Vec<String> = first
        .trim_end()
        .split(',')
        .map(|cell| cell.trim().trim_matches('"').to_owned())
        .collect();
    column(&names, &LOADS).is_some()
        && column(&names, &THROUGHPUTS).is_some()
        // Rows that name a benchmark are measurements; with `avg_rt` they are Taurus's statistics.
        && column(&names, &["benchmark", "avg_rt"]).is_none()
}

/// What a column of a latency is called in the store: `latency_p95` is `latency.p95`.
fn latency(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    let statistic = name.strip_prefix("latency_")?;
    let known = matches!(statistic, "mean" | "min" | "max" | "median")
        || statistic
            .strip_prefix('p')
            .is_some_and(|digits| units::percentile(digits).is_some());
    known.then(|| match statistic {
        "median" => "latency.p50".to_owned(),
        other => format!("latency.{other}"),
    })
}

fn read(source: &mut Source<'_>, stem: &str) -> Result<Parsed, Fault> {
    let mut records = Records::new(b',');
    let header = match records.next(source)? {
        Some(cells) => Header::new(cells, "line 1".to_owned())?,
        None => return Err(Fault::whole("the file is empty")),
    };
    let need = |wanted: &[&str]| {
        column(header.names(), wanted)
            .ok_or_else(|| Fault::at("line 1", format!("the column `{}` is missing", wanted[0])))
    };
    let (load, throughput) = (need(&LOADS)?, need(&THROUGHPUTS)?);
    let axis = header.names().get(load).map_or("", |name| name.trim());
    let axis = axis.to_ascii_lowercase();
    let find = |wanted: &[&str]| column(header.names(), wanted);
    let (errors, cpu) = (
        find(&["errors", "error_rate"]),
        find(&["cpu", "generator_cpu"]),
    );
    let (order, fault, run) = (find(&["order"]), find(&["fault"]), find(&["run"]));
    let latencies: Vec<(usize, String)> = header
        .names()
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, latency(name)?)))
        .collect();
    let known = |at: usize| {
        [Some(load), Some(throughput), errors, cpu, order, fault, run].contains(&Some(at))
            || latencies.iter().any(|(own, _)| *own == at)
    };
    if let Some((_, name)) = header
        .names()
        .iter()
        .enumerate()
        .find(|(at, _)| !known(*at))
    {
        return Err(Fault::at(
            "line 1",
            format!(
                "the column {} is not known; name latencies as in latency_p95",
                super::requests::shown(name.as_bytes())
            ),
        ));
    }
    let mut steps: BTreeMap<(u64, Tags, String), Vec<f64>> = BTreeMap::new();
    let mut rows = 0;
    while let Some(cells) = records.next(source)? {
        let place = || cells.place();
        header.fits(&cells, place)?;
        rows += 1;
        if rows > ROWS {
            return Err(Fault::at(place(), format!("it has more than {ROWS} rows")));
        }
        let text = |at: usize| {
            let text = std::str::from_utf8(cells.get(at)).ok();
            text.map(str::trim)
                .ok_or_else(|| Fault::at(place(), "the text is not UTF-8"))
        };
        let n = not_negative(number(cells.get(load), place)?, place)?;
        if n <= 0.0 {
            return Err(Fault::at(place(), "the load is 0"));
        }
        let mut tags: Tags = [(axis.clone(), text(load)?.to_owned())].into();
        if let Some(fault) = fault.map(text).transpose()?.filter(|text| !text.is_empty()) {
            tags.insert("fault".to_owned(), fault.to_owned());
        }
        let mut take = |metric: &str, value: f64| {
            let key = (n.to_bits(), tags.clone(), metric.to_owned());
            steps.entry(key).or_default().push(value);
        };
        take(
            "rate",
            not_negative(number(cells.get(throughput), place)?, place)?,
        );
        for (at, metric) in &latencies {
            if !text(*at)?.is_empty() {
                let own = units::duration(text(*at)?);
                let value = match own {
                    Some(nanoseconds) => nanoseconds,
                    None => number(cells.get(*at), place)? * MILLISECOND,
                };
                take(metric, not_negative(value, place)?);
            }
        }
        for (at, metric) in [(errors, "error_rate"), (cpu, "generator.cpu")] {
            let Some(at) = at.filter(|at| !cells.get(*at).is_empty()) else {
                continue;
            };
            let (cell, unit) = match text(at)?.strip_suffix('%') {
                Some(rest) => (rest.trim(), 0.01),
                None => (text(at)?, 1.0),
            };
            let share = number(cell.as_bytes(), place)? * unit;
            if !(0.0..=1.0).contains(&share) {
                return Err(Fault::at(
                    place(),
                    format!("`{}` is not a share between 0 and 1", text(at)?),
                ));
            }
            take(metric, share);
        }
        if let Some(at) = order {
            take("order", number(cells.get(at), place)?);
        }
    }
    let mut parsed = Parsed::default();
    for ((_, tags, metric), values) in steps {
        let (unit, direction) = match metric.as_str() {
            "rate" => RATE,
            "error_rate" | "generator.cpu" => (Unit::Ratio, Some(Direction::Lower)),
            "order" => (Unit::Count, None),
            _ => TIME,
        };
        let samples = Samples {
            values,
            iterations: None,
        };
        let made = Measurement::from_samples(stem, &metric, unit, direction, samples);
        if let Some(mut made) = made {
            made.tags = tags;
            parsed.measurements.push(made);
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, read_text};

    #[test]
    fn rows_of_one_load_are_its_runs() {
        let text = "concurrency,run,throughput,latency_p95,errors\n1,1,98,12,0\n1,2,102,1.1s,0.5%\n8,1,700,,0\n";
        let reading = read_text("api.csv", "steps", text).unwrap();
        let of = |n: &str, metric: &str| {
            reading
                .measurements
                .iter()
                .find(|m| m.metric == metric && m.tags["concurrency"] == n)
        };
        let rate = of("1", "rate").unwrap();
        assert!(close(rate.value, 100.0) && rate.n == 2 && rate.benchmark == "api");
        let p95 = of("1", "latency.p95").unwrap();
        assert_eq!(p95.samples.as_ref().unwrap().values, [12e6, 1.1e9]);
        assert!(close(of("1", "error_rate").unwrap().value, 0.0025));
        assert!(of("8", "latency.p95").is_none());
    }

    #[test]
    fn other_names_and_faults() {
        let text = "users,fault,rps\n1,,98\n1,db-slow,40\n";
        let reading = read_text("x", "steps", text).unwrap();
        assert_eq!(reading.measurements.len(), 2);
        assert!(
            reading
                .measurements
                .iter()
                .any(|m| m.tags.get("fault").is_some_and(|f| f == "db-slow"))
        );
    }

    #[test]
    fn mistakes_are_placed() {
        let head = "n,x,latency_p95,errors\n1,9,1,0\n";
        for row in [
            "0,9,1,0",
            "1,-9,1,0",
            "1,NaN,1,0",
            "1,9,-1,0",
            "1,9,x,0",
            "1,9,1,40",
            "1,9,1",
            "a,9,1,0",
        ] {
            let error = read_text("x", "steps", &format!("{head}{row}\n")).unwrap_err();
            assert_eq!(error.place.as_deref(), Some("line 3"), "{row}: {error}");
        }
        let other = read_text("x", "steps", "n,x,colour\n1,2,3\n").unwrap_err();
        assert!(other.reason.contains("colour"), "{other}");
    }
}
