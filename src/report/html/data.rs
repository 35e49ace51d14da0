//! The same figures for programs: JSON for the whole report, CSV for every series.

use super::ReportError;
use super::names::{Names, StateName};
use super::overview::scale;
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
    notes: &'a [String],
    series: Vec<Series<'a>>,
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
    points: usize,
    level: Option<f64>,
    budget: Option<f64>,
    used: Option<f64>,
    noise: Option<f64>,
    silent_days: Option<f64>,
    drift: Option<Drift>,
    breaks_in_days: Option<Forecast>,
    changes: Vec<Change<'a>>,
    ledger: Option<Ledger>,
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

/// `data/report.json`. `<` is written as an escape, so that the text is safe inside a page.
pub(super) fn json(view: &ReportView) -> Result<Vec<u8>, ReportError> {
    let report = Report {
        schema: SCHEMA,
        project: &view.project,
        branch: &view.branch,
        commit: view.commits.last().map(|tip| tip.id.as_str()),
        now: view.now.to_string(),
        notes: &view.notes,
        series: view.series.iter().map(|s| series(view, s)).collect(),
    };
    let mut text = serde_json::to_string(&report)?.replace('<', "\\u003c");
    text.push('\n');
    Ok(text.into_bytes())
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
        changes: series
            .changes
            .iter()
            .map(|c| change(view, series, c))
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

fn change<'a>(
    view: &'a ReportView,
    series: &'a SeriesView,
    change: &'a crate::report::view::ChangeView,
) -> Change<'a> {
    let id = |commit: usize| view.commits.get(commit).map(|commit| commit.id.as_str());
    Change {
        kind: match change.kind {
            ChangeKind::Change => "change",
            ChangeKind::Machine { .. } => "machine",
        },
        commit: series
            .points
            .get(change.point)
            .and_then(|point| id(point.commit)),
        suspects: change.suspects.iter().filter_map(|at| id(*at)).collect(),
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
        .map(|at| names.commit(view, at))
        .map(|commit| [commit.short, commit.date, commit.subject, commit.author])
        .collect();
    script("commits", &rows)
}

/// `data/<slug>.js`: commit, value, level and runs of every point, as they are shown.
pub(super) fn points(series: &SeriesView) -> Result<Vec<u8>, ReportError> {
    let scale = scale(series);
    let mut regimes = series.regimes.iter().peekable();
    let rows: Vec<(usize, String, String, String)> = series
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| {
            while regimes.next_if(|regime| regime.last < index).is_some() {}
            let level = regimes.peek().filter(|regime| regime.first <= index);
            let runs: Vec<String> = match point.runs.len() {
                0 | 1 => Vec::new(),
                _ => point
                    .runs
                    .iter()
                    .take(9)
                    .map(|run| scale.number(*run))
                    .collect(),
            };
            let level = level.map_or_else(String::new, |regime| scale.value(regime.level));
            (
                point.commit,
                scale.value(point.value),
                level,
                runs.join(" · "),
            )
        })
        .collect();
    script("points", &rows)
}

/// `data/<slug>.csv`: one row a run, oldest first, values in the canonical unit.
pub(super) fn csv(view: &ReportView, series: &SeriesView) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["commit", "time", "machine", "run", "value", "level", "unit"])?;
    let unit = guarded(series.unit.as_str());
    for (index, point) in series.points.iter().enumerate() {
        let commit = view.commits.get(point.commit);
        let level = series
            .regimes
            .iter()
            .find(|regime| regime.first <= index && index <= regime.last)
            .map_or_else(String::new, |regime| regime.level.to_string());
        let runs = if point.runs.is_empty() {
            std::slice::from_ref(&point.value)
        } else {
            &point.runs
        };
        for (run, value) in runs.iter().enumerate() {
            writer.write_record([
                guarded(commit.map_or("", |commit| commit.id.as_str())),
                commit.map_or_else(String::new, |commit| commit.time.to_string()),
                guarded(
                    series
                        .machines
                        .get(point.machine)
                        .map_or("", String::as_str),
                ),
                (run + 1).to_string(),
                value.to_string(),
                level.clone(),
                unit.clone(),
            ])?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|fault| csv::Error::from(fault.into_error()))?;
    Ok(bytes)
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
