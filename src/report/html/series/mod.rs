//! The page of a series: which commit spent the budget, and how sure that is.

mod ledger;

use super::ReportError;
use super::changed::excursion_levels;
use super::names::{CommitName, Names, StateName};
use super::overview::{blamed, breaks, drifted, scale};
use super::page::Frame;
use crate::model::Direction;
use crate::report::chart::{bar, history};
use crate::report::ledger::excursion_effect;
use crate::report::text::{
    NOTHING, Scale, days, days_left, effect, effect_interval, percent_of, plain, plain_up_to,
};
use crate::report::view::{ChangeKind, ChangeView, ReportView, SeriesView, State};
use ledger::{Ledger, Releases, ledger, releases};
use serde::Serialize;

/// Newest points that the table of runs shows; the CSV has all.
const SHOWN_POINTS: usize = 150;

/// The same in a large report.
const SHOWN_POINTS_OF_MANY: usize = 30;

/// Longest sentence about a series.
const SENTENCE: usize = 600;

/// Runs of one point that the table shows.
const SHOWN_RUNS: usize = 5;

/// Suspects that are listed by name.
const SHOWN_SUSPECTS: usize = 8;

/// Newest changes that are described; the ledger has all.
const SHOWN_CHANGES: usize = 40;

/// Everything on `s/<slug>.html`.
#[derive(Debug, Serialize)]
pub(super) struct SeriesPage {
    #[serde(skip)]
    pub(super) frame: Frame,
    slug: String,
    id: String,
    name: String,
    under: String,
    state: StateName,
    sentence: String,
    feature: Option<Feature>,
    bar: String,
    facts: Vec<(&'static str, String, String)>,
    chart: String,
    beyond: usize,
    thinned: bool,
    gaps: bool,
    forecast: bool,
    has_budget: bool,
    has_machines: bool,
    has_changes: bool,
    has_excursions: bool,
    ledger: Option<Ledger>,
    releases: Option<Releases>,
    excursions: Vec<Excursion>,
    changes: Vec<Change>,
    more_changes: usize,
    machines: Vec<String>,
    runs: Vec<RunRow>,
    has_table: bool,
    points: usize,
    several_machines: bool,
    noise: Option<String>,
}

#[derive(Debug, Serialize)]
struct Feature {
    slug: String,
    name: String,
    owner: String,
    file: String,
}

/// A stretch off a level that came back to it.
#[derive(Debug, Serialize)]
struct Excursion {
    effect: String,
    levels: String,
    results: usize,
    begun: CommitName,
    back: CommitName,
    improved: bool,
}

#[derive(Debug, Serialize)]
struct Change {
    anchor: String,
    machine: Option<(String, String)>,
    commit: CommitName,
    last_good: Option<CommitName>,
    /// The part of a link that compares the last good commit with it.
    compare: String,
    suspects: Vec<CommitName>,
    more: usize,
    levels: String,
    difference: String,
    effect: String,
    confidence: &'static str,
    p: String,
    accepted: Option<Accepted>,
    improved: bool,
}

#[derive(Debug, Serialize)]
struct Accepted {
    by: String,
    reason: String,
    expires: String,
}

#[derive(Debug, Serialize)]
struct RunRow {
    commit: String,
    date: String,
    subject: String,
    value: String,
    runs: String,
    count: usize,
    samples: String,
    machine: usize,
    level: String,
}

impl SeriesPage {
    pub(super) fn new(
        view: &ReportView,
        names: &Names,
        series: &SeriesView,
    ) -> Result<Self, ReportError> {
        let scale = scale(series);
        let chart = history(view, series, &scale)?;
        let is_machine = |change: &ChangeView| change.kind != ChangeKind::Change;
        let feature = series.feature.and_then(|at| {
            let feature = view.features.get(at)?;
            Some(Feature {
                slug: names.features[at].clone(),
                name: plain(&feature.name),
                owner: plain(&feature.owner),
                file: plain(&feature.file),
            })
        });
        Ok(Self {
            frame: Frame::new(view, names, "../"),
            slug: series.slug.clone(),
            id: plain(&series.key.to_string()),
            name: Names::title(series),
            under: names.slice(series),
            state: series.state.into(),
            sentence: plain_up_to(&series.sentence, SENTENCE),
            feature,
            bar: series.used.map(bar).unwrap_or_default(),
            facts: facts(series, &scale),
            beyond: chart.as_ref().map_or(0, |chart| chart.beyond),
            thinned: chart.as_ref().is_some_and(|chart| chart.thinned),
            gaps: chart.as_ref().is_some_and(|chart| chart.gaps),
            forecast: chart.as_ref().is_some_and(|chart| chart.forecast),
            chart: chart.map(|chart| chart.svg).unwrap_or_default(),
            has_budget: series.budget.is_some(),
            has_machines: series.changes.iter().any(is_machine),
            has_changes: !series.changes.iter().all(is_machine),
            has_excursions: !series.excursions.is_empty(),
            ledger: series
                .ledger
                .as_ref()
                .map(|l| ledger(view, names, series, l)),
            releases: releases(view, series),
            excursions: series
                .excursions
                .iter()
                .rev()
                .take(SHOWN_CHANGES)
                .map(|excursion| Excursion {
                    effect: excursion_effect(series, excursion),
                    levels: excursion_levels(series, excursion),
                    results: excursion.last + 1 - excursion.first,
                    begun: names.commit(excursion.begun),
                    back: names.commit(excursion.back),
                    improved: excursion.improved,
                })
                .collect(),
            changes: series
                .changes
                .iter()
                .rev()
                .take(SHOWN_CHANGES)
                .map(|change| Change::new(view, names, &scale, change))
                .collect(),
            more_changes: series.changes.len().saturating_sub(SHOWN_CHANGES),
            machines: series
                .machines
                .iter()
                .map(|machine| match plain_up_to(machine, 60) {
                    name if name.trim().is_empty() => "unknown".to_owned(),
                    name => name,
                })
                .collect(),
            has_table: names.has_table(series),
            runs: runs(names, series, &scale),
            points: series.points.len(),
            several_machines: series.machines.len() > 1,
            noise: series.noise.map(percent_text),
        })
    }
}

impl SeriesPage {
    /// Without the long tables, for a section of a larger page.
    pub(super) fn without_runs(self) -> Self {
        Self {
            runs: Vec::new(),
            changes: Vec::new(),
            ..self
        }
    }
}

/// An unsigned percentage: `±1.2 %` without the sign.
fn percent_text(fraction: f64) -> String {
    if !fraction.is_finite() {
        return NOTHING.to_owned();
    }
    let percent = fraction * 100.0;
    let decimals = if percent < 0.995 { 2 } else { 1 };
    format!("{percent:.decimals$} %")
}

/// Name, figure and remark.
fn facts(series: &SeriesView, scale: &Scale) -> Vec<(&'static str, String, String)> {
    let mut facts = Vec::new();
    let direction = series.direction.map_or("", Direction::in_words);
    if let Some(level) = series.level {
        let word = if series.silent_days.is_some() {
            "last level"
        } else {
            "now"
        };
        facts.push((word, scale.value(level), direction.to_owned()));
    }
    if let Some(budget) = series.budget {
        let word = match series.direction {
            Some(Direction::Higher) => "at least",
            _ => "at most",
        };
        facts.push(("budget", scale.value(budget), word.to_owned()));
    }
    if let Some(limit) = series.regress {
        facts.push(("limit of one change", effect(limit), String::new()));
    }
    if let Some(used) = series.used {
        let room = series.ledger.as_ref().and_then(|ledger| ledger.headroom);
        let note = room.map_or_else(String::new, |room| {
            let word = if room < 0.0 { "over" } else { "left" };
            format!("{} {word}", scale.value(room.abs()))
        });
        facts.push(("used", percent_of(used), note));
    }
    if let Some(drift) = series.drift {
        let text = drifted(series, scale).map(|(amount, share)| format!("{amount} {share}"));
        let text = text.unwrap_or_default();
        facts.push(("drift", text, format!("in {}", days(drift.days))));
    }
    let breaks = breaks(series);
    let ahead = series
        .breaks_in_days
        .filter(|_| series.used.is_some_and(|used| used < 1.0));
    if let Some((estimate, low, high)) = ahead {
        let when = days_left(estimate, low, high);
        facts.push(("budget breaks in", when, "if nothing changes".to_owned()));
    } else if !breaks.is_empty() && series.state != State::Broken {
        facts.push(("forecast", breaks, String::new()));
    }
    if let Some(noise) = series.noise {
        facts.push((
            "noise",
            format!("±{}", percent_text(noise)),
            "between runs".to_owned(),
        ));
    }
    if let Some(silent) = series.silent_days {
        facts.push(("last value", format!("{} old", days(silent)), String::new()));
    }
    facts
}

pub(super) fn anchor(view: &ReportView, change: &ChangeView) -> String {
    // Two changes never share their first point, so the place makes it unique.
    let id = view
        .commits
        .get(blamed(change))
        .map_or("", |commit| commit.id.as_str());
    let hex = id
        .bytes()
        .take(12)
        .filter(u8::is_ascii_alphanumeric)
        .map(char::from);
    format!("c{}-{}", change.point, hex.collect::<String>())
}

impl Change {
    fn new(view: &ReportView, names: &Names, scale: &Scale, change: &ChangeView) -> Self {
        let machine = match &change.kind {
            ChangeKind::Change => None,
            ChangeKind::Machine { from, to } => Some((plain_up_to(from, 60), plain_up_to(to, 60))),
        };
        let good = change
            .suspects
            .iter()
            .min()
            .and_then(|at| at.checked_sub(1));
        Self {
            anchor: anchor(view, change),
            machine,
            commit: names.commit(blamed(change)),
            last_good: good.map(|at| names.commit(at)),
            compare: super::compare::hash(
                view,
                good.unwrap_or(0),
                change
                    .suspects
                    .iter()
                    .copied()
                    .max()
                    .unwrap_or(change.commit),
            ),
            suspects: change
                .suspects
                .iter()
                .skip(1)
                .take(SHOWN_SUSPECTS)
                .map(|at| names.commit(*at))
                .collect(),
            more: change.suspects.len().saturating_sub(1 + SHOWN_SUSPECTS),
            levels: format!(
                "{} → {}",
                scale.value(change.before),
                scale.value(change.after)
            ),
            difference: scale.difference(change.after - change.before),
            effect: change
                .effect
                .map_or_else(String::new, |(e, low, high)| effect_interval(e, low, high)),
            confidence: change.confidence,
            p: probability(change.p),
            accepted: change.accepted.as_ref().map(|accepted| Accepted {
                by: plain_up_to(&accepted.by, 60),
                reason: plain(&accepted.reason),
                expires: plain_up_to(&accepted.expires, 30),
            }),
            improved: change.improved,
        }
    }
}

/// A p-value for people: never smaller than it is worth saying.
fn probability(p: f64) -> String {
    if p < 0.0001 {
        "p < 0.0001".to_owned()
    } else {
        format!("p = {p:.4}")
    }
}

/// The newest points, newest first.
fn runs(names: &Names, series: &SeriesView, scale: &Scale) -> Vec<RunRow> {
    let skipped = series.points.len().saturating_sub(if names.is_large() {
        SHOWN_POINTS_OF_MANY
    } else {
        SHOWN_POINTS
    });
    let mut rows = Vec::with_capacity(series.points.len() - skipped);
    for (index, point) in series.points.iter().enumerate().skip(skipped).rev() {
        let mut shown: Vec<String> = point
            .runs
            .iter()
            .take(SHOWN_RUNS)
            .map(|run| scale.number(*run))
            .collect();
        if point.runs.len() > SHOWN_RUNS {
            shown.push(format!("+{} more", point.runs.len() - SHOWN_RUNS));
        }
        let level = series
            .regimes
            .iter()
            .find(|r| r.first <= index && index <= r.last);
        let commit = names.commit(point.commit);
        rows.push(RunRow {
            commit: commit.short,
            date: commit.date,
            subject: plain_up_to(&commit.subject, 44),
            value: scale.value(point.value),
            runs: if point.runs.len() > 1 {
                shown.join(" · ")
            } else {
                String::new()
            },
            count: point.runs.len().max(1),
            samples: crate::report::text::value(point.samples as f64, &crate::model::Unit::Count),
            machine: point.machine + 1,
            level: level.map_or_else(String::new, |regime| scale.value(regime.level)),
        });
    }
    rows
}
