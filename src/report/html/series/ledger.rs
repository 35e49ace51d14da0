//! The ledger of a series, by commit and by release, as waterfall and table.

use super::anchor;
use crate::model::Direction;
use crate::report::account::{Part, in_digits, ledger_start, levels_after, segments};
use crate::report::chart::step;
use crate::report::html::compare::hash;
use crate::report::html::names::{CommitName, Names};
use crate::report::html::overview::blamed;
use crate::report::text::{Column, effect, effect_interval, percent_of, plain_up_to};
use crate::report::view::{LedgerView, ReportView, SeriesView};
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

/// What each release spent, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Releases {
    rows: Vec<Release>,
    /// How many older ones there are, and what they spent together.
    earlier: Option<(usize, Sum)>,
    /// All since the ledger opened.
    sum: Sum,
    since: String,
}

/// Several releases together.
#[derive(Debug, Serialize)]
struct Sum {
    change: String,
    steps: String,
    small: String,
}

#[derive(Debug, Default, Serialize)]
struct Release {
    name: String,
    /// What to know of it.
    note: &'static str,
    date: String,
    level: String,
    /// Empty for a new machine.
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
    let after = levels_after(&column, series, ledger);
    let levels = after.iter().map(|(_, level)| *level);
    let span = Span::new(levels.chain([opening, now]).chain(budget), budget);
    let mut level = opening;
    let mut entries = Vec::new();
    for (at, after) in &after {
        let Some(change) = series.changes.get(*at) else {
            continue;
        };
        let before = level;
        level = *after;
        let worse = (level - before) as f64 * worsening > 0.0;
        entries.push(LedgerRow {
            anchor: anchor(view, change),
            commit: names.commit(blamed(change)),
            amount: column.difference(level - before),
            level: column.value(level),
            share: share(level - before),
            step: span.step(before, level, worse),
            effect: change
                .effect
                .map_or_else(String::new, |(e, low, high)| effect_interval(e, low, high)),
            confidence: change.confidence,
            others: change.suspects.len().saturating_sub(1),
            accepted: change.accepted.as_ref().map(|a| plain_up_to(&a.by, 40)),
            worse,
        });
    }
    let unattributed = now - level;
    let headroom = budget.map(|budget| match series.direction {
        Some(Direction::Higher) => now - budget,
        _ => budget - now,
    });
    let since = series
        .points
        .get(ledger_start(series))
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
    fn new(levels: impl Iterator<Item = i128>, budget: Option<i128>) -> Self {
        let levels: Vec<i128> = levels.collect();
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

/// What each release spent, newest first, with what is not released yet: whoever brought it. What is
/// listed since the last new machine adds up to the drift of the ledger, in its digits.
pub(super) fn releases(view: &ReportView, series: &SeriesView) -> Option<Releases> {
    let segments = segments(view, series);
    let ledger = series.ledger.as_ref()?;
    if segments.iter().all(|segment| segment.release.is_none()) {
        return None;
    }
    let column = Column::fitting(&series.unit, ledger.now.abs().max(ledger.opening.abs()));
    let parts = in_digits(series, &segments, &column).parts;
    let budget = series.budget.map(|budget| column.ticks(budget));
    let levels = parts.iter().flat_map(|part| [part.opening, part.now]);
    let span = Span::new(levels.chain(budget), budget);
    let sign = worsening(series);
    let release = |index: usize| {
        let (segment, part) = (&segments[index], &parts[index]);
        let next = segments.get(index + 1);
        let name = match &segment.release {
            Some(name) => plain_up_to(name, 40),
            None => "not released".to_owned(),
        };
        let cut = next.is_some_and(|next| next.new_machine && next.release == segment.release);
        let date = view.commits.get(segment.commits.1);
        let date = date.map_or_else(String::new, |commit| crate::report::text::date(commit.time));
        if segment.new_machine {
            return Release {
                name,
                note: "new machine: nobody spent this",
                date,
                level: column.value(part.now),
                ..Release::default()
            };
        }
        let worse = part.total() as f64 * sign > 0.0;
        let relative = if segment.spent.opening > 0.0 {
            effect(segment.spent.total() / segment.spent.opening)
        } else {
            String::new()
        };
        Release {
            name,
            note: if cut { "before the new machine" } else { "" },
            date,
            level: column.value(part.now),
            change: column.difference(part.total()),
            relative,
            step: span.step(part.opening, part.now, worse),
            steps: in_steps(&column, part.stepped(), part.steps.len()),
            small: column.difference(part.small),
            compare: hash(view, segment.commits.0, segment.commits.1),
            worse,
        }
    };
    let since = segments.iter().rposition(|segment| segment.new_machine);
    let since = since.map_or(0, |at| at + 1);
    let first = segments.len().saturating_sub(SHOWN_RELEASES);
    let sum = |parts: &[Part]| Sum {
        change: column.difference(parts.iter().map(Part::total).sum()),
        steps: in_steps(
            &column,
            parts.iter().map(Part::stepped).sum(),
            parts.iter().map(|part| part.steps.len()).sum(),
        ),
        small: column.difference(parts.iter().map(|part| part.small).sum()),
    };
    Some(Releases {
        rows: (first..segments.len()).rev().map(release).collect(),
        earlier: (first > since).then(|| (first - since, sum(&parts[since..first]))),
        sum: sum(&parts[since..]),
        since: segments
            .get(since)
            .and_then(|segment| view.commits.get(segment.commits.0))
            .map_or_else(String::new, |c| crate::report::text::date(c.time)),
    })
}

fn in_steps(column: &Column, amount: i128, count: usize) -> String {
    match count {
        0 => String::new(),
        n => format!("{} in {n}", column.difference(amount)),
    }
}

/// Sign that makes worse positive.
fn worsening(series: &SeriesView) -> f64 {
    let direction = series.direction.unwrap_or(Direction::Lower);
    direction.worsening_sign()
}
