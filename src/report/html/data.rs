//! The same figures for programs: JSON for the whole report, CSV for every series.

use super::ReportError;
use super::names::{Names, StateName};
use super::overview::scale;
use super::stream::Brief;
use crate::report::account::{amount, segments};
use crate::report::text::plain;
use crate::report::view::{ChangeKind, ReportView, SeriesView};
use serde::Serialize;

/// Version of the form of `data/report.json`.
const SCHEMA: &str = "plimsoll.report/1";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    project: &'a str,
    branch: &'a str,
    commit: Option<&'a str>,
    now: String,
    /// Limits that fit no series: `feature/limit`.
    unmatched: &'a [String],
    notes: &'a [String],
}

/// Fractions, not percent; canonical units; commits by their full id.
#[derive(Serialize)]
struct Series<'a> {
    slug: &'a str,
    id: String,
    benchmark: &'a str,
    metric: &'a str,
    tags: &'a crate::model::Tags,
    env: &'a str,
    unit: &'a str,
    direction: Option<crate::model::Direction>,
    feature: Option<&'a str>,
    owner: Option<&'a str>,
    limit: Option<&'a str>,
    state: &'static str,
    sentence: &'a str,
    /// Rules that are over.
    broken: &'a [&'static str],
    points: usize,
    level: Option<f64>,
    budget: Option<f64>,
    used: Option<f64>,
    noise: Option<f64>,
    silent_days: Option<f64>,
    drift: Option<Drift>,
    breaks_in_days: Option<Forecast>,
    changes: Vec<Change<'a>>,
    excursions: Vec<Excursion<'a>>,
    ledger: Option<Ledger>,
    segments: Vec<Segment<'a>>,
}

/// A stretch off a level that came back: `level` against `around`, from the commit `begun` until
/// before the commit `back`.
#[derive(Serialize)]
struct Excursion<'a> {
    begun: Option<&'a str>,
    back: Option<&'a str>,
    results: usize,
    around: f64,
    level: f64,
    improved: bool,
}

/// The ledger of one release: opening + the amounts of its steps + unattributed = now.
#[derive(Serialize)]
struct Segment<'a> {
    release: Option<String>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    opening: f64,
    steps: Vec<Entry>,
    unattributed: f64,
    now: f64,
    new_machine: bool,
}

#[derive(Serialize)]
struct Drift {
    absolute: f64,
    relative: f64,
    days: f64,
}

#[derive(Serialize)]
struct Forecast {
    estimate: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct Change<'a> {
    kind: &'static str,
    commit: Option<&'a str>,
    suspects: Vec<&'a str>,
    before: f64,
    after: f64,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    confidence: &'static str,
    p: f64,
    improved: bool,
    accepted: Option<Accepted<'a>>,
}

#[derive(Serialize)]
struct Accepted<'a> {
    by: &'a str,
    reason: &'a str,
    expires: &'a str,
}

#[derive(Serialize)]
struct Ledger {
    opening: f64,
    entries: Vec<Entry>,
    unattributed: f64,
    now: f64,
    headroom: Option<f64>,
}

#[derive(Serialize)]
struct Entry {
    change: usize,
    amount: f64,
}

/// `data/report.json`. `<` is written as an escape, so that the text is safe inside a page. The parts
/// of the series are used up, so that a large report does not hold them twice.
pub(super) fn json(view: &ReportView, briefs: &mut [Brief]) -> Result<Vec<u8>, ReportError> {
    let report = Report {
        schema: SCHEMA,
        project: &view.project,
        branch: &view.branch,
        commit: view.commits.last().map(|tip| tip.id.as_str()),
        now: view.now.to_string(),
        unmatched: &view.unmatched,
        notes: &view.notes,
    };
    let mut text = serde_json::to_string(&report)?.replace('<', "\\u003c");
    // The series were written one by one; they go where the object ends.
    text.pop();
    text.push_str(",\"series\":[");
    let parts: usize = briefs.iter().map(|brief| brief.json.len() + 2).sum();
    text.reserve_exact(parts + 4);
    for (index, brief) in briefs.iter_mut().enumerate() {
        if index > 0 {
            text.push_str(",\n");
        }
        text.push_str(&std::mem::take(&mut brief.json));
    }
    text.push_str("]}\n");
    Ok(text.into_bytes())
}

/// One series of `data/report.json`.
pub(super) fn json_of(view: &ReportView, one: &SeriesView) -> Result<String, ReportError> {
    Ok(serde_json::to_string(&series(view, one))?.replace('<', "\\u003c"))
}

/// `data/levels.js`: name, page, unit and levels of every series, for a comparison.
pub(super) fn levels(briefs: &[Brief]) -> Result<Vec<u8>, ReportError> {
    let rows: Vec<_> = briefs
        .iter()
        .map(|brief| {
            (
                &brief.row.name,
                &brief.row.under,
                &brief.series.slug,
                &brief.levels,
            )
        })
        .collect();
    script("levels", &rows)
}

fn series<'a>(view: &'a ReportView, series: &'a SeriesView) -> Series<'a> {
    let feature = series.feature.and_then(|at| view.features.get(at));
    Series {
        slug: &series.slug,
        id: series.key.to_string(),
        benchmark: &series.key.benchmark,
        metric: &series.key.metric,
        tags: &series.key.tags,
        env: &series.key.env,
        unit: series.unit.as_str(),
        direction: series.direction,
        feature: feature.map(|feature| feature.name.as_str()),
        owner: feature.map(|feature| feature.owner.as_str()),
        limit: series.limit.as_deref(),
        state: StateName::from(series.state).word,
        sentence: &series.sentence,
        broken: &series.broken,
        points: series.points.len(),
        level: series.level,
        budget: series.budget,
        used: series.used,
        noise: series.noise,
        silent_days: series.silent_days,
        drift: series.drift.map(|drift| Drift {
            absolute: drift.absolute,
            relative: drift.relative,
            days: drift.days,
        }),
        breaks_in_days: series.breaks_in_days.map(|(estimate, low, high)| Forecast {
            estimate,
            low,
            high,
        }),
        changes: series.changes.iter().map(|c| change(view, c)).collect(),
        excursions: series
            .excursions
            .iter()
            .map(|excursion| Excursion {
                begun: id(view, excursion.begun),
                back: id(view, excursion.back),
                results: excursion.last + 1 - excursion.first,
                around: excursion.around,
                level: excursion.level,
                improved: excursion.improved,
            })
            .collect(),
        segments: segments(view, series)
            .into_iter()
            .map(|segment| Segment {
                release: segment.release,
                from: id(view, segment.commits.0),
                to: id(view, segment.commits.1),
                opening: segment.spent.opening,
                steps: segment
                    .spent
                    .steps
                    .iter()
                    .map(|at| Entry {
                        change: *at,
                        amount: if segment.new_machine {
                            segment.spent.total()
                        } else {
                            amount(series, *at)
                        },
                    })
                    .collect(),
                unattributed: segment.spent.unattributed,
                now: segment.spent.now,
                new_machine: segment.new_machine,
            })
            .collect(),
        ledger: series.ledger.as_ref().map(|ledger| Ledger {
            opening: ledger.opening,
            entries: ledger
                .entries
                .iter()
                .map(|(change, amount)| Entry {
                    change: *change,
                    amount: *amount,
                })
                .collect(),
            unattributed: ledger.unattributed,
            now: ledger.now,
            headroom: ledger.headroom,
        }),
    }
}

fn id(view: &ReportView, commit: usize) -> Option<&str> {
    view.commits.get(commit).map(|commit| commit.id.as_str())
}

fn change<'a>(view: &'a ReportView, change: &'a crate::report::view::ChangeView) -> Change<'a> {
    Change {
        kind: match change.kind {
            ChangeKind::Change => "change",
            ChangeKind::Machine { .. } => "machine",
        },
        commit: id(view, change.commit),
        suspects: change
            .suspects
            .iter()
            .filter_map(|at| id(view, *at))
            .collect(),
        before: change.before,
        after: change.after,
        effect: change.effect.map(|(middle, ..)| middle),
        effect_low: change.effect.map(|(_, low, _)| low),
        effect_high: change.effect.map(|(.., high)| high),
        confidence: change.confidence,
        p: change.p,
        improved: change.improved,
        accepted: change.accepted.as_ref().map(|accepted| Accepted {
            by: &accepted.by,
            reason: &accepted.reason,
            expires: &accepted.expires,
        }),
    }
}

/// What a script of the report is told: `plimsoll("kind", …)`, loaded by a `<script>`, since pages
/// on a disk may not read files.
fn script(kind: &str, content: &impl Serialize) -> Result<Vec<u8>, ReportError> {
    let content = serde_json::to_string(content)?.replace('<', "\\u003c");
    Ok(format!("plimsoll(\"{kind}\",{content})\n").into_bytes())
}

/// `data/commits.js`: short id, date, subject and author of every commit.
pub(super) fn commits(view: &ReportView, names: &Names) -> Result<Vec<u8>, ReportError> {
    let rows: Vec<[String; 4]> = (0..view.commits.len())
        .map(|at| names.commit(at))
        .map(|commit| [commit.short, commit.date, commit.subject, commit.author])
        .collect();
    script("commits", &rows)
}

/// Points of a series for the script, in few bytes: a value as it is shown is a word of `values`
/// without its unit, and its commit is `commits[i]` after the one before.
#[derive(Serialize)]
struct Points {
    unit: String,
    commits: Vec<usize>,
    values: String,
    /// The runs of each point, where one has several.
    runs: Vec<String>,
    /// First point and number of samples, wherever that number changes.
    samples: Vec<(usize, u64)>,
    /// First point and number of the machine, from 1, wherever it changes.
    machines: Vec<(usize, usize)>,
    /// First point of each level and the level as it is shown; empty where there is none.
    levels: Vec<(usize, String)>,
}

/// `data/<slug>.js`: commit, value, level and runs of every point, as they are shown.
pub(super) fn points(series: &SeriesView) -> Result<Vec<u8>, ReportError> {
    let scale = scale(series);
    let mut before = 0;
    let commits = series.points.iter().map(|point| {
        let step = point.commit.saturating_sub(before);
        before = point.commit;
        step
    });
    let commits = commits.collect();
    let values: Vec<String> = series
        .points
        .iter()
        .map(|p| scale.number(p.value))
        .collect();
    let several = series.points.iter().any(|point| point.runs.len() > 1);
    let runs = series.points.iter().filter(|_| several).map(|point| {
        let shown: Vec<String> = match point.runs.len() {
            0 | 1 => Vec::new(),
            _ => point
                .runs
                .iter()
                .take(9)
                .map(|run| scale.number(*run))
                .collect(),
        };
        shown.join(" · ")
    });
    let mut levels = Vec::new();
    let mut end = 0;
    for regime in &series.regimes {
        if regime.first > end {
            levels.push((end, String::new()));
        }
        levels.push((regime.first, scale.value(regime.level)));
        end = regime.last + 1;
    }
    if end < series.points.len() && end > 0 {
        levels.push((end, String::new()));
    }
    script(
        "points",
        &Points {
            unit: plain(scale.unit()),
            commits,
            values: values.join(" "),
            runs: runs.collect(),
            samples: turns(series.points.iter().map(|point| point.samples)),
            machines: turns(series.points.iter().map(|point| point.machine + 1)),
            levels,
        },
    )
}

/// Where a value changes: index and value.
fn turns<T: PartialEq + Copy>(values: impl Iterator<Item = T>) -> Vec<(usize, T)> {
    let mut turns: Vec<(usize, T)> = Vec::new();
    for (index, value) in values.enumerate() {
        if turns.last().is_none_or(|(_, last)| *last != value) {
            turns.push((index, value));
        }
    }
    turns
}

/// `data/<slug>.csv`: one row a run, oldest first, values in the canonical unit.
pub(super) fn csv(
    view: &ReportView,
    names: &Names,
    series: &SeriesView,
) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["commit", "time", "machine", "run", "value", "level", "unit"])?;
    let unit = guarded(series.unit.as_str());
    let machines: Vec<String> = series.machines.iter().map(|name| guarded(name)).collect();
    let mut regimes = series
        .regimes
        .iter()
        .map(|regime| (regime, digits(regime.level).to_string()))
        .peekable();
    for (index, point) in series.points.iter().enumerate() {
        let id = view.commits.get(point.commit).map_or("", |c| c.id.as_str());
        let id = guarded(id);
        while regimes.next_if(|(regime, _)| regime.last < index).is_some() {}
        let level = regimes.peek().filter(|(regime, _)| regime.first <= index);
        let level = level.map_or("", |(_, shown)| shown.as_str());
        let runs = if point.runs.is_empty() {
            std::slice::from_ref(&point.value)
        } else {
            &point.runs
        };
        for (run, value) in runs.iter().enumerate() {
            writer.write_record([
                id.as_str(),
                names.time(point.commit),
                machines.get(point.machine).map_or("", String::as_str),
                &(run + 1).to_string(),
                &value.to_string(),
                level,
                &unit,
            ])?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|fault| csv::Error::from(fault.into_error()))?;
    Ok(bytes)
}

/// An estimate to seven digits: more would be noise.
pub(super) fn digits(level: f64) -> f64 {
    format!("{level:.6e}").parse().unwrap_or(level)
}

/// Text that a spreadsheet cannot take for a formula.
fn guarded(text: &str) -> String {
    let text = plain(text);
    if text.trim_start().starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_see_text_not_formulas() {
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(guarded("-2"), "'-2");
        assert_eq!(guarded("\t=1"), "' =1");
        assert_eq!(guarded("AMD EPYC"), "AMD EPYC");
    }
}
