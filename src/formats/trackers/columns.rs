//! CSV as Apache Otava reads it: one row a commit, one column a metric.
//!
//! Producer: <https://otava.apache.org/docs/csv/>. A column `commit` (or `sha`, `revision`, `hash`,
//! `git_commit`) names the commit; without one there is no history that git could order. The
//! benchmark is called by the file's stem. A unit stands in brackets behind the name of a column:
//! `p99 [ms]`. Columns without any number are attributes and left alone.

use super::{Dated, NO_COMMIT, Tracker, TrackerHistory, is_commit, text_of};
use crate::formats::fault::Fault;
use crate::formats::parsed::Bench;
use crate::formats::units;
use crate::model::{Tags, Unit};
use jiff::Timestamp;
use std::path::Path;

pub(super) const TRACKER: Tracker = Tracker {
    name: "csv",
    aliases: &["otava"],
    known_by: "CSV with a column `commit`",
    sniff: |path, bytes| {
        let named = path.extension().is_some_and(|e| {
            ["csv", "tsv"]
                .iter()
                .any(|known| e.eq_ignore_ascii_case(known))
        });
        let header = text_of(bytes).ok().and_then(|text| text.lines().next());
        named
            && header.is_some_and(|header| {
                let mut cells = header.split(delimiter(header));
                cells.any(|cell| is_one_of(cell.trim_matches(['"', ' ', '\r']), COMMIT))
            })
    },
    read,
};

const COMMIT: &[&str] = &[
    "commit",
    "sha",
    "revision",
    "hash",
    "git_commit",
    "commit_hash",
];
const TIME: &[&str] = &["time", "timestamp", "date", "datetime"];
const LABELS: &[&str] = &["index"];

fn is_one_of(cell: &str, names: &[&str]) -> bool {
    names.iter().any(|name| cell.eq_ignore_ascii_case(name))
}

fn delimiter(header: &str) -> char {
    if header.contains('\t') { '\t' } else { ',' }
}

fn read(path: &Path, bytes: &[u8]) -> Result<TrackerHistory, Fault> {
    let text = text_of(bytes)?;
    let between = delimiter(text.lines().next().unwrap_or_default());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(between as u8)
        .from_reader(text.as_bytes());
    let bad = |e: csv::Error| {
        let line = e.position().map_or(1, csv::Position::line);
        Fault::at(format!("line {line}"), e.to_string())
    };
    let header: Vec<String> = reader
        .headers()
        .map_err(bad)?
        .iter()
        .map(|c| c.trim().to_owned())
        .collect();
    let Some(commit) = header.iter().position(|cell| is_one_of(cell, COMMIT)) else {
        return Err(Fault::whole(format!(
            "it has no column with the commit (one of {}): a time alone does not say what was measured",
            COMMIT.join(", ")
        )));
    };
    let time = header.iter().position(|cell| is_one_of(cell, TIME));
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().map_err(bad)?;
    let stem = path
        .file_stem()
        .map_or_else(|| "csv".to_owned(), |s| s.to_string_lossy().into_owned());
    let columns = metric_columns(&header, &rows, &[Some(commit), time])?;
    let mut history = TrackerHistory::new(path, TRACKER.name);
    for row in &rows {
        let id = row.get(commit).unwrap_or_default().trim();
        if !is_commit(id) {
            history.leave_out(NO_COMMIT);
            continue;
        }
        let stamp = time
            .and_then(|time| row.get(time))
            .unwrap_or_default()
            .trim();
        let mut dated = Dated {
            commit: id.to_ascii_lowercase(),
            time: moment(stamp),
            identity: stamp.to_owned(),
            ..Dated::default()
        };
        for column in &columns {
            let Some(value) = number(row.get(column.index).unwrap_or_default()) else {
                continue;
            };
            dated
                .measurements
                .push(Bench::new(&stem, Tags::new()).value(
                    column.metric.as_str(),
                    (value * column.factor, 1),
                    (column.unit.clone(), units::direction(&column.unit)),
                    (&column.metric, &column.source_unit),
                ));
        }
        history.take(dated);
    }
    Ok(history)
}

struct Column {
    index: usize,
    metric: String,
    unit: Unit,
    factor: f64,
    source_unit: String,
}

fn metric_columns(
    header: &[String],
    rows: &[csv::StringRecord],
    taken: &[Option<usize>],
) -> Result<Vec<Column>, Fault> {
    let mut columns = Vec::new();
    for (index, name) in header.iter().enumerate() {
        if taken.contains(&Some(index)) || is_one_of(name, LABELS) || name.is_empty() {
            continue;
        }
        let cell = |row: &csv::StringRecord| row.get(index).unwrap_or_default().trim().to_owned();
        let wrong = rows
            .iter()
            .find(|row| !is_missing(&cell(row)) && number(&cell(row)).is_none());
        let any = rows.iter().any(|row| number(&cell(row)).is_some());
        match (wrong, any) {
            (Some(row), true) => {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(Fault::at(
                    format!("line {line}, column {}", index + 1),
                    format!("`{}` is not a number", cell(row)),
                ));
            }
            (_, false) => continue,
            (None, true) => {}
        }
        let (metric, unit) = match name
            .strip_suffix(']')
            .and_then(|rest| rest.rsplit_once('['))
        {
            Some((metric, unit)) => (metric.trim(), unit.trim()),
            None => (name.as_str(), ""),
        };
        let known = units::canonical(unit);
        let (canonical, factor) = known.unwrap_or_else(|| (Unit::Other(unit.to_owned()), 1.0));
        columns.push(Column {
            index,
            metric: metric.to_owned(),
            unit: canonical,
            factor,
            source_unit: unit.to_owned(),
        });
    }
    Ok(columns)
}

fn is_missing(cell: &str) -> bool {
    ["", "nan", "null", "none", "na"]
        .iter()
        .any(|word| cell.eq_ignore_ascii_case(word))
}

fn number(cell: &str) -> Option<f64> {
    cell.trim()
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
}

/// Seconds since 1970, or RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).ok(),
        Err(_) => text.parse().ok(),
    }
}
