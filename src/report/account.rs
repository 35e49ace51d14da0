//! Who spent the budget between measured commits, cut by release: the same figures on the page, in the
//! data and on a terminal, and every part adds up to the ledger.

use super::text::Column;
use super::view::{ChangeKind, ChangeView, LedgerView, RegimeView, ReportView, SeriesView};
use crate::analysis::{Boundary, Spent, Stretch, level_around, spent};
use crate::stats::median;

/// A pinned commit that was not measured is taken from the newest results so many commits before.
pub(super) const NEAREST_WITHIN: usize = 50;

/// So many values on either side of a stretch off the level say what the level was.
const BESIDE: usize = 5;

/// Levels closer than this share of one are the same: sums of the same amounts in another order.
const SAME: f64 = 1e-9;

/// Where an account begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// As it is written: `tag:v2.0.0`.
    pub words: String,
    /// Index into [`ReportView::commits`].
    pub commit: usize,
    /// Results after it do as well, where there are none before.
    pub or_after: bool,
}

/// What was spent in one release, or since the newest one. A release in which the machine changed
/// has up to three: before that, the new machine, and after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Names of the releases that end with it; `None` for what is not released.
    pub release: Option<String>,
    /// Measured commits at which it opens and closes, as indices into [`ReportView::commits`].
    pub commits: (usize, usize),
    /// Steps are indices into [`SeriesView::changes`].
    pub spent: Spent,
    /// It is the change of the machine itself: nobody spent it, and the ledger opens after it.
    pub new_machine: bool,
}

/// What was spent in each release since the first result, oldest first. What is after the last new
/// machine adds up to the ledger: from its opening level to its present one. Empty without a level.
#[must_use]
pub fn segments(view: &ReportView, series: &SeriesView) -> Vec<Segment> {
    marks(view, series, 0, true)
        .and_then(|marks| between(series, &marks))
        .unwrap_or_default()
}

/// An account as it is shown: every amount a whole number of the last digit of a column, so that it
/// adds up in every row and every column.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries {
    /// Level at its begin.
    pub opening: i128,
    /// One for each segment, in order.
    pub parts: Vec<Part>,
}

/// One segment of an account: opening + Σ steps + small = now.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Level at its begin.
    pub opening: i128,
    /// Index into [`SeriesView::changes`] and amount of each step.
    pub steps: Vec<(usize, i128)>,
    /// What is too small for a step.
    pub small: i128,
    /// Level at its end.
    pub now: i128,
}

impl Part {
    /// now − opening.
    #[must_use]
    pub fn total(&self) -> i128 {
        self.now - self.opening
    }

    /// What its steps add up to.
    #[must_use]
    pub fn stepped(&self) -> i128 {
        self.steps.iter().map(|(_, amount)| amount).sum()
    }
}

/// Writes segments in whole digits of a column. What is rounded are levels, and an amount is the
/// difference of two, so that no rounding is left over for somebody to blame.
#[must_use]
pub fn in_digits(series: &SeriesView, segments: &[Segment], column: &Column) -> Entries {
    let opening = segments
        .first()
        .map_or(0, |segment| column.ticks(segment.spent.opening));
    let mut explained = segments
        .first()
        .map_or(0.0, |segment| segment.spent.opening);
    let part = |segment: &Segment| {
        let (opening, now) = (
            column.ticks(segment.spent.opening),
            column.ticks(segment.spent.now),
        );
        if segment.new_machine {
            explained = segment.spent.now;
            let steps = segment.spent.steps.iter();
            return Part {
                opening,
                steps: steps.map(|at| (*at, now - opening)).collect(),
                small: 0,
                now,
            };
        }
        let mut steps = Vec::with_capacity(segment.spent.steps.len());
        for at in &segment.spent.steps {
            let before = column.ticks(explained);
            explained += amount(series, *at);
            if let Some(change) = series.changes.get(*at) {
                explained = next_level(explained, change);
            }
            steps.push((*at, column.ticks(explained) - before));
        }
        let stepped: i128 = steps.iter().map(|(_, amount)| amount).sum();
        Part {
            opening,
            small: now - opening - stepped,
            steps,
            now,
        }
    };
    let parts = segments.iter().map(part).collect();
    Entries { opening, parts }
}

/// The level after each change of a ledger, in whole digits: levels are rounded, not amounts, so
/// that rounding is no commit's fault.
pub(super) fn levels_after(
    column: &Column,
    series: &SeriesView,
    ledger: &LedgerView,
) -> Vec<(usize, i128)> {
    let mut level = ledger.opening;
    let entries = ledger.entries.iter();
    entries
        .filter_map(|(at, amount)| {
            level = next_level(level + amount, series.changes.get(*at)?);
            Some((*at, column.ticks(level)))
        })
        .collect()
}

/// A level that amounts up to a change add up to: that of the change, where only the order of the sum
/// makes a difference.
fn next_level(sum: f64, change: &ChangeView) -> f64 {
    if (change.after - sum).abs() <= SAME * change.after.abs() {
        change.after
    } else {
        sum
    }
}

/// What a change added to the level: as the ledger has it, where it is in the ledger.
pub(super) fn amount(series: &SeriesView, change: usize) -> f64 {
    let ledger = series.ledger.iter().flat_map(|ledger| &ledger.entries);
    let own = ledger
        .filter(|(at, _)| *at == change)
        .map(|(_, amount)| *amount)
        .next();
    own.or_else(|| Some(series.changes.get(change)?).map(|c| c.after - c.before))
        .unwrap_or(0.0)
}

/// A measured commit at which an account is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Release that ends here or, where the machine changes before it, later; `None` after the newest.
    pub(super) release: Option<String>,
    /// Index into [`SeriesView::points`].
    pub(super) point: usize,
}

/// The first point of the account that the ledger keeps: the machine is the same from there on.
pub(super) fn ledger_start(series: &SeriesView) -> usize {
    let machines = series
        .changes
        .iter()
        .rev()
        .find(|change| change.kind != ChangeKind::Change);
    machines.map_or(0, |change| change.point)
}

/// The point that stands for a pinned commit.
pub(super) fn pinned_point(series: &SeriesView, pinned: &Pinned) -> Option<usize> {
    let after = series
        .points
        .partition_point(|point| point.commit <= pinned.commit);
    let before = after
        .checked_sub(1)
        .filter(|point| pinned.commit - series.points[*point].commit <= NEAREST_WITHIN);
    before.or_else(|| (pinned.or_after && after < series.points.len()).then_some(after))
}

/// The measured commits from point `first` on at which a release ends or the machine changes, and
/// the newest one. `None` without points.
pub(super) fn marks(
    view: &ReportView,
    series: &SeriesView,
    first: usize,
    by_release: bool,
) -> Option<Vec<Mark>> {
    let last = series.points.len().checked_sub(1)?;
    let newest = |commit: usize| {
        let after = series
            .points
            .partition_point(|point| point.commit <= commit);
        after.checked_sub(1)
    };
    let mut marks = vec![Mark {
        release: None,
        point: first,
    }];
    let releases = view.commits.iter().enumerate();
    for (commit, release) in releases.filter(|(_, c)| by_release && !c.tags.is_empty()) {
        let Some(point) = newest(commit).filter(|point| *point > first) else {
            continue;
        };
        let name = release.tags.join(", ");
        match marks.last_mut() {
            // Nothing was measured between two releases: what was spent belongs to both.
            Some(mark) if mark.point == point => {
                mark.release = mark.release.take().map(|own| format!("{own}, {name}"));
            }
            _ => marks.push(Mark {
                release: Some(name),
                point,
            }),
        }
    }
    if marks.last().is_some_and(|mark| mark.point < last) {
        marks.push(Mark {
            release: None,
            point: last,
        });
    }
    let machines = series.changes.iter();
    for change in machines.filter(|change| change.kind != ChangeKind::Change) {
        for point in [change.point.saturating_sub(1), change.point] {
            let at = marks.partition_point(|mark| mark.point < point);
            // Before the first mark and beyond the last there is no account.
            if let Some(next) = marks.get(at).filter(|next| at > 0 && next.point != point) {
                let release = next.release.clone();
                marks.insert(at, Mark { release, point });
            }
        }
    }
    Some(marks)
}

/// What was spent between each mark and the next one. `None` where a mark has no level.
pub(super) fn between(series: &SeriesView, marks: &[Mark]) -> Option<Vec<Segment>> {
    let at: Vec<usize> = marks.iter().map(|mark| mark.point).collect();
    let levels = levels(series, &at)?;
    let boundaries: Vec<Boundary> = (0..series.changes.len())
        .map(|change| Boundary {
            at: series.changes[change].point,
            amount: amount(series, change),
        })
        .collect();
    let commit = |mark: &Mark| series.points.get(mark.point).map_or(0, |p| p.commit);
    let machine = |ends: &[Mark]| {
        let mut machines = series.changes.iter();
        ends[0].point + 1 == ends[1].point
            && machines
                .any(|change| change.kind != ChangeKind::Change && change.point == ends[1].point)
    };
    let segment = |(mut spent, ends): (Spent, &[Mark])| {
        let new_machine = machine(ends);
        if new_machine {
            spent.unattributed = 0.0;
        }
        Segment {
            release: ends[1].release.clone(),
            commits: (commit(&ends[0]), commit(&ends[1])),
            new_machine,
            spent,
        }
    };
    let parts = spent(&levels, &boundaries, &at).into_iter();
    Some(parts.zip(marks.windows(2)).map(segment).collect())
}

/// The level at each of some points, ascending: that of its regime; where the ledger follows a creep
/// inside of them, what was measured around the point. The ledger's ends are the ledger's.
fn levels(series: &SeriesView, points: &[usize]) -> Option<Vec<f64>> {
    let start = ledger_start(series);
    let last = series.points.len().checked_sub(1)?;
    let ledger = series.ledger.as_ref()?;
    let own = |point: usize| {
        let mut regimes = series.regimes.iter();
        regimes.find(|regime| regime.first <= point && point <= regime.last)
    };
    let is = |level: f64, regime: Option<&RegimeView>| {
        regime.is_some_and(|regime| regime.level.total_cmp(&level).is_eq())
    };
    let creeps = !is(ledger.opening, own(start)) || !is(ledger.now, own(last));
    let values = creeps.then(|| values(series));
    let level = |point: &usize| {
        let regime = own(*point)?;
        match (&values, *point) {
            (_, point) if point == last => Some(ledger.now),
            (_, point) if point == start => Some(ledger.opening),
            (Some(values), point) if point > start => {
                let stretch = Stretch {
                    first: regime.first.max(start),
                    last: regime.last,
                };
                level_around(values, stretch, point)
            }
            _ => Some(regime.level),
        }
    };
    points.iter().map(level).collect()
}

/// Values without what machines that take turns add: the level of the regime stands for them. A stretch
/// off the level counts as what was measured on either side of it.
fn values(series: &SeriesView) -> Vec<f64> {
    let mut values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
    for regime in &series.regimes {
        let Some(points) = series.points.get(regime.first..=regime.last) else {
            continue;
        };
        if points
            .windows(2)
            .any(|pair| pair[0].machine != pair[1].machine)
        {
            values[regime.first..=regime.last].fill(regime.level);
        }
    }
    for excursion in &series.excursions {
        let (first, after) = (excursion.first, excursion.last + 1);
        let before = values.get(first.saturating_sub(BESIDE)..first);
        let beyond = values.get(after..values.len().min(after + BESIDE));
        let beside: Vec<f64> = [before, beyond]
            .into_iter()
            .flatten()
            .flatten()
            .copied()
            .collect();
        if let (Some(level), Some(own)) = (median(&beside), values.get_mut(first..after)) {
            own.fill(level);
        }
    }
    values
}
