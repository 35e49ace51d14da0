//! Every point of a project as CSV or NDJSON, for spreadsheets and programs.

use super::view::{ChangeKind, ChangeView, PointView, ReportView, SeriesView, State};
use crate::model::{Direction, Tags};
use serde::Serialize;
use std::io::{self, Write};

/// One point of one series. Values are in `unit`, effects are fractions, indices count from 0.
#[derive(Debug, Clone, Copy, Serialize)]
struct Row<'a> {
    schema: &'static str,
    commit: &'a str,
    /// Commit time, RFC 3339.
    date: jiff::Timestamp,
    env: &'a str,
    machine: &'a str,
    benchmark: &'a str,
    metric: &'a str,
    tags: &'a Tags,
    unit: &'a str,
    direction: Option<Direction>,
    /// Median of the runs.
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    /// Samples behind all runs.
    n: u64,
    runs: usize,
    regime: Option<usize>,
    /// Level of the regime.
    level: Option<f64>,
    /// This point begins a new level: `change` of the software, or `machine`.
    change: Option<&'static str>,
    effect: Option<f64>,
    feature: Option<&'a str>,
    limit: Option<&'a str>,
    /// The absolute limit that holds now.
    max: Option<f64>,
    /// `within` or `over` that limit, by this value alone.
    verdict: Option<&'static str>,
    /// State of the series now, on its newest point.
    state: Option<&'static str>,
}

const COLUMNS: [&str; 23] = [
    "commit",
    "date",
    "env",
    "machine",
    "benchmark",
    "metric",
    "tags",
    "unit",
    "direction",
    "value",
    "low",
    "high",
    "n",
    "runs",
    "regime",
    "level",
    "change",
    "effect",
    "feature",
    "limit",
    "max",
    "verdict",
    "state",
];

/// Writes the points of some series, ordered by series, then commit, as CSV with a header.
///
/// Names are untrusted: a cell of text that a spreadsheet would take for a formula (it begins with
/// `=`, `+`, `-`, `@`, a tab or a carriage return) gets an apostrophe in front, unless `raw`.
///
/// # Errors
/// Where `out` cannot be written.
pub fn csv(
    view: &ReportView,
    series: &[&SeriesView],
    raw: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS).map_err(io::Error::other)?;
    for row in rows(view, series) {
        let text = |text: &str| if raw { text.to_owned() } else { harmless(text) };
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        let word = |word: Option<&str>| word.unwrap_or_default().to_owned();
        let tags = if row.tags.is_empty() {
            String::new()
        } else {
            serde_json::to_string(row.tags)?
        };
        csv.write_record([
            row.commit.to_owned(),
            row.date.to_string(),
            text(row.env),
            text(row.machine),
            text(row.benchmark),
            text(row.metric),
            tags,
            text(row.unit),
            word(row.direction.map(direction)),
            row.value.to_string(),
            number(row.low),
            number(row.high),
            row.n.to_string(),
            row.runs.to_string(),
            row.regime.map_or_else(String::new, |r| r.to_string()),
            number(row.level),
            word(row.change),
            number(row.effect),
            text(row.feature.unwrap_or_default()),
            text(row.limit.unwrap_or_default()),
            number(row.max),
            word(row.verdict),
            word(row.state),
        ])
        .map_err(io::Error::other)?;
    }
    csv.flush()
}

/// Writes the same as NDJSON, `plimsoll.point/1` a line, with every name as it is.
///
/// # Errors
/// Where `out` cannot be written.
pub fn ndjson(view: &ReportView, series: &[&SeriesView], out: &mut impl Write) -> io::Result<()> {
    for row in rows(view, series) {
        serde_json::to_writer(&mut *out, &row)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn rows<'a>(view: &'a ReportView, series: &[&'a SeriesView]) -> impl Iterator<Item = Row<'a>> {
    let mut sorted = series.to_vec();
    sorted.sort_by(|a, b| (&a.key, a.unit.as_str()).cmp(&(&b.key, b.unit.as_str())));
    sorted.into_iter().flat_map(move |series| {
        let points = series.points.iter().enumerate();
        points.filter_map(move |(index, point)| row(view, series, index, point))
    })
}

fn row<'a>(
    view: &'a ReportView,
    series: &'a SeriesView,
    index: usize,
    point: &'a PointView,
) -> Option<Row<'a>> {
    let commit = view.commits.get(point.commit)?;
    let regime = series
        .regimes
        .iter()
        .position(|regime| (regime.first..=regime.last).contains(&index));
    let change = series.changes.iter().find(|change| change.point == index);
    let over = |max: f64| {
        let sign = series
            .direction
            .unwrap_or(Direction::Lower)
            .worsening_sign();
        if sign * point.value > sign * max {
            "over"
        } else {
            "within"
        }
    };
    Some(Row {
        schema: "plimsoll.point/1",
        commit: &commit.id,
        date: commit.time,
        env: &series.key.env,
        machine: series
            .machines
            .get(point.machine)
            .map_or("", String::as_str),
        benchmark: &series.key.benchmark,
        metric: &series.key.metric,
        tags: &series.key.tags,
        unit: series.unit.as_str(),
        direction: series.direction,
        value: point.value,
        low: point.low,
        high: point.high,
        n: point.samples,
        runs: point.runs.len(),
        regime,
        level: regime.map(|regime| series.regimes[regime].level),
        change: change.map(kind),
        effect: change
            .and_then(|change| change.effect)
            .map(|(effect, _, _)| effect),
        feature: series
            .feature
            .and_then(|f| view.features.get(f))
            .map(|f| f.name.as_str()),
        limit: series.limit.as_deref(),
        max: series.budget,
        verdict: series.budget.map(over),
        state: (index + 1 == series.points.len()).then(|| state(series.state)),
    })
}

fn kind(change: &ChangeView) -> &'static str {
    match change.kind {
        ChangeKind::Change => "change",
        ChangeKind::Machine { .. } => "machine",
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Lower => "lower",
        Direction::Higher => "higher",
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Broken => "broken",
        State::Soon => "soon",
        State::Creeping => "creeping",
        State::NoData => "no-data",
        State::Accepted => "accepted",
        State::Unproven => "unproven",
        State::Learning => "learning",
        State::Noisy => "noisy",
        State::Ok => "ok",
        State::Unbudgeted => "unbudgeted",
    }
}

/// Text that no spreadsheet takes for a formula
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        for (name, shown) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(harmless(name), shown);
        }
    }
}
