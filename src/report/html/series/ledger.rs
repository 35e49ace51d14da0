//! The ledger of a series, by commit and by release, as waterfall and table.

use super::anchor;
use crate::model::Direction;
use crate::report::chart::step;
use crate::report::html::compare::hash;
use crate::report::html::names::{CommitName, Names};
use crate::report::html::overview::blamed;
use crate::report::since::segments;
use crate::report::text::{Column, effect, effect_interval, percent_of, plain_up_to};
use crate::report::view::{ChangeKind, LedgerView, ReportView, SeriesView};
use serde::Serialize;

/// Newest releases that are listed.
const SHOWN_RELEASES: usize = 30;

/// The ledger as it is shown: every amount a whole number of the last digit, so that it adds up.
#[derive(Debug, Serialize)]
pub(super) struct Ledger {
    opening: String,
    since: String,
    entries: Vec<LedgerRow>,
    unattributed: String,
    unattributed_share: String,
    /// Step of what no commit explains, in the waterfall.
    unattributed_step: String,
    now: String,
    drift: String,
    budget: Option<String>,
    headroom: Option<String>,
    over: bool,
}

#[derive(Debug, Serialize)]
struct LedgerRow {
    anchor: String,
    commit: CommitName,
    amount: String,
    level: String,
    share: String,
    /// Its step in the waterfall.
    step: String,
    effect: String,
    confidence: &'static str,
    /// Other commits that may have brought it.
    others: usize,
    accepted: Option<String>,
    worse: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Release {
    name: String,
    date: String,
    level: String,
    change: String,
    relative: String,
    /// Its step in the waterfall.
    step: String,
    /// What its steps add up to, and how many there are.
    steps: String,
    /// What is too small for steps.
    small: String,
    compare: String,
    worse: bool,
}

pub(super) fn ledger(
    view: &ReportView,
    names: &Names,
    series: &SeriesView,
    ledger: &LedgerView,
) -> Ledger {
    let column = Column::fitting(&series.unit, ledger.now.abs().max(ledger.opening.abs()));
    let (opening, now) = (column.ticks(ledger.opening), column.ticks(ledger.now));
    let drift = now - opening;
    let share = |ticks: i128| {
        if drift == 0 {
            String::new()
        } else {
            percent_of(ticks as f64 / drift as f64)
        }
    };
    let worsening = worsening(series);
    let budget = series.budget.map(|budget| column.ticks(budget));
    let span = Span::new(opening, now, budget, &column, ledger);
    let mut level = opening;
    let mut entries = Vec::new();
    for (at, amount) in &ledger.entries {
        let Some(change) = series.changes.get(*at) else {
            continue;
        };
        let ticks = column.ticks(*amount);
        level += ticks;
        entries.push(LedgerRow {
            anchor: anchor(view, change),
            commit: names.commit(blamed(change)),
            amount: column.difference(ticks),
            level: column.value(level),
            share: share(ticks),
            step: span.step(level - ticks, level, *amount * worsening > 0.0),
            effect: change
                .effect
                .map_or_else(String::new, |(e, low, high)| effect_interval(e, low, high)),
            confidence: change.confidence,
            others: change.suspects.len().saturating_sub(1),
            accepted: change.accepted.as_ref().map(|a| plain_up_to(&a.by, 40)),
            worse: *amount * worsening > 0.0,
        });
    }
    // What is left is what the shown figures leave: rounding is no commit's fault either.
    let unattributed = now - level;
    let headroom = budget.map(|budget| match series.direction {
        Some(Direction::Higher) => now - budget,
        _ => budget - now,
    });
    let machine = series
        .changes
        .iter()
        .rev()
        .find(|change| change.kind != ChangeKind::Change);
    let first = machine.map_or(0, |change| change.point);
    let since = series
        .points
        .get(first)
        .and_then(|point| view.commits.get(point.commit));
    Ledger {
        opening: column.value(opening),
        since: since.map_or_else(String::new, |commit| crate::report::text::date(commit.time)),
        unattributed: column.difference(unattributed),
        unattributed_share: share(unattributed),
        unattributed_step: span.step(level, now, unattributed as f64 * worsening > 0.0),
        now: column.value(now),
        drift: column.difference(drift),
        budget: budget.map(|budget| column.value(budget)),
        headroom: headroom.map(|headroom| column.difference(headroom)),
        over: headroom.is_some_and(|headroom| headroom < 0),
        entries,
    }
}

/// What the waterfall of a ledger spans, in ticks: all levels on the way, and the budget.
struct Span {
    low: i128,
    high: i128,
    budget: Option<i128>,
}

impl Span {
    fn new(
        opening: i128,
        now: i128,
        budget: Option<i128>,
        column: &Column,
        ledger: &LedgerView,
    ) -> Self {
        let mut level = opening;
        let steps = ledger.entries.iter().map(|(_, amount)| {
            level += column.ticks(*amount);
            level
        });
        let levels: Vec<i128> = steps.chain([opening, now]).chain(budget).collect();
        Self {
            low: levels.iter().copied().min().unwrap_or(0),
            high: levels.iter().copied().max().unwrap_or(0),
            budget,
        }
    }

    fn step(&self, from: i128, to: i128, worse: bool) -> String {
        let width = (self.high - self.low).max(1) as f64;
        let share = |ticks: i128| (ticks - self.low) as f64 / width;
        if from == to {
            return String::new();
        }
        step(share(from), share(to), self.budget.map(share), worse)
    }
}

/// What each release spent, newest first, with what is not released yet: whoever brought it, every
/// amount a whole number of the last digit. There is none across a change of machine.
pub(super) fn releases(view: &ReportView, series: &SeriesView) -> Vec<Release> {
    let segments = segments(view, series);
    let levels = segments.iter().flat_map(|s| [s.spent.opening, s.spent.now]);
    let largest = levels.map(f64::abs).fold(0.0, f64::max);
    if segments.iter().all(|segment| segment.release.is_none()) || largest <= 0.0 {
        return Vec::new();
    }
    let column = Column::fitting(&series.unit, largest);
    let budget = series.budget.map(|budget| column.ticks(budget));
    let ticks = segments.iter().flat_map(|s| [s.spent.opening, s.spent.now]);
    let ticks: Vec<i128> = ticks
        .map(|level| column.ticks(level))
        .chain(budget)
        .collect();
    let span = Span {
        low: ticks.iter().copied().min().unwrap_or(0),
        high: ticks.iter().copied().max().unwrap_or(0),
        budget,
    };
    let sign = worsening(series);
    let mut releases: Vec<Release> = Vec::with_capacity(segments.len());
    for segment in &segments {
        let (opening, now) = (
            column.ticks(segment.spent.opening),
            column.ticks(segment.spent.now),
        );
        let amount = |at: &usize| {
            let change = series.changes.get(*at);
            change.map_or(0, |change| column.ticks(change.after - change.before))
        };
        let steps: i128 = segment.spent.steps.iter().map(amount).sum();
        let date = view.commits.get(segment.commits.1);
        let compared = !segment.new_machine;
        let if_compared = |text: String| if compared { text } else { String::new() };
        let relative = if segment.spent.opening > 0.0 {
            effect(segment.spent.total() / segment.spent.opening)
        } else {
            String::new()
        };
        releases.push(Release {
            name: match &segment.release {
                Some(name) => plain_up_to(name, 40),
                None => "not released".to_owned(),
            },
            date: date.map_or_else(String::new, |commit| crate::report::text::date(commit.time)),
            level: column.value(now),
            change: if compared {
                column.difference(now - opening)
            } else {
                "new machine".to_owned()
            },
            relative: if_compared(relative),
            step: if_compared(span.step(opening, now, (now - opening) as f64 * sign > 0.0)),
            steps: if_compared(match segment.spent.steps.len() {
                0 => String::new(),
                n => format!("{} in {n}", column.difference(steps)),
            }),
            small: if_compared(column.difference(now - opening - steps)),
            compare: hash(view, segment.commits.0, segment.commits.1),
            worse: compared && (now - opening) as f64 * sign > 0.0,
        });
    }
    releases.reverse();
    releases.truncate(SHOWN_RELEASES);
    releases
}

/// Sign that makes worse positive.
fn worsening(series: &SeriesView) -> f64 {
    let direction = series.direction.unwrap_or(Direction::Lower);
    direction.worsening_sign()
}
