//! What was spent since a pinned commit, and by which release.

use super::ledger::{owned, suspects};
use super::text;
use super::view::{ChangeKind, ChangeView, ReportView, SeriesView};
use crate::analysis::{Boundary, Spent, Stretch, spent};
use std::fmt::Write;

/// A pinned commit that was not measured is taken from the newest results so many commits before.
const NEAREST_WITHIN: usize = 50;

/// Where a ledger begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// As it is written: `tag:v2.0.0`.
    pub words: String,
    /// Index into [`ReportView::commits`].
    pub commit: usize,
    /// Results after it do as well, where there are none before.
    pub or_after: bool,
}

/// What was spent in one release, or since the newest one.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Names of the releases that end with it; `None` for what is not released.
    pub release: Option<String>,
    /// Measured commits at which it opens and closes, as indices into [`ReportView::commits`].
    pub commits: (usize, usize),
    /// Steps are indices into [`SeriesView::changes`].
    pub spent: Spent,
    /// The machine changed in between, so that its levels cannot be compared.
    pub new_machine: bool,
}

/// What was spent in each release since the first result, oldest first: the segments add up to
/// the whole. Empty without a level.
#[must_use]
pub fn segments(view: &ReportView, series: &SeriesView) -> Vec<Segment> {
    let Some(marks) = marks(view, series, None, true) else {
        return Vec::new();
    };
    let at: Vec<usize> = marks.iter().map(|mark| mark.point).collect();
    let (stretches, boundaries) = (stretches(series), boundaries(series));
    let parts = spent(&values(series), &stretches, &boundaries, &at).unwrap_or_default();
    let commit = |mark: &Mark| series.points.get(mark.point).map_or(0, |p| p.commit);
    let is_machine = |step: &usize| {
        let change = series.changes.get(*step);
        change.is_some_and(|change| change.kind != ChangeKind::Change)
    };
    parts
        .into_iter()
        .zip(marks.windows(2))
        .map(|(spent, ends)| Segment {
            release: Some(ends[1].name.clone()).filter(|name| !name.is_empty()),
            commits: (commit(&ends[0]), commit(&ends[1])),
            new_machine: spent.steps.iter().any(is_machine),
            spent,
        })
        .collect()
}

fn stretches(series: &SeriesView) -> Vec<Stretch> {
    let regimes = series.regimes.iter();
    regimes
        .map(|regime| Stretch {
            first: regime.first,
            last: regime.last,
        })
        .collect()
}

fn boundaries(series: &SeriesView) -> Vec<Boundary> {
    let changes = series.changes.iter();
    changes
        .map(|change| Boundary {
            at: change.point,
            amount: change.after - change.before,
        })
        .collect()
}

/// A commit at which an account is closed.
struct Mark {
    name: String,
    point: usize,
}

/// The ledgers of some series since a pinned commit (`None`: since the first result), with a line
/// for each release where `by_release`.
#[must_use]
pub fn since(
    view: &ReportView,
    series: &[&SeriesView],
    pinned: Option<&Pinned>,
    by_release: bool,
) -> String {
    let mut out = String::new();
    for one in series {
        let _ = writeln!(out, "{}", owned(view, one));
        match marks(view, one, pinned, by_release) {
            Some(marks) => account(&mut out, view, one, &marks, by_release),
            None => {
                let words = pinned.map_or("", |pinned| pinned.words.as_str());
                let _ = writeln!(
                    out,
                    "  not measured at {} or in the {NEAREST_WITHIN} commits before it: measure that commit with plimsoll record --commit, or pin another",
                    text::plain(words)
                );
            }
        }
        out.push('\n');
    }
    out
}

/// The measured commits that stand for the anchor, the releases after it, and now.
fn marks(
    view: &ReportView,
    series: &SeriesView,
    pinned: Option<&Pinned>,
    by_release: bool,
) -> Option<Vec<Mark>> {
    let last = series.points.len().checked_sub(1)?;
    let newest = |commit: usize| {
        series
            .points
            .partition_point(|point| point.commit <= commit)
            .checked_sub(1)
    };
    let first = match pinned {
        None => 0,
        Some(pinned) => newest(pinned.commit)
            .filter(|point| pinned.commit - series.points[*point].commit <= NEAREST_WITHIN)
            .or_else(|| {
                let after = series
                    .points
                    .partition_point(|point| point.commit <= pinned.commit);
                (pinned.or_after && after <= last).then_some(after)
            })?,
    };
    let name = pinned.map_or_else(|| "the first result".to_owned(), |p| p.words.clone());
    let mut marks = vec![Mark { name, point: first }];
    let releases = view
        .commits
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.tags.is_empty());
    for (commit, release) in releases.filter(|_| by_release) {
        let Some(point) = newest(commit).filter(|point| *point > first) else {
            continue;
        };
        let name = release.tags.join(", ");
        match marks.last_mut() {
            // Nothing was measured between two releases: what was spent belongs to both.
            Some(mark) if mark.point == point => mark.name = format!("{}, {name}", mark.name),
            _ => marks.push(Mark { name, point }),
        }
    }
    if marks.last().is_none_or(|mark| mark.point < last) {
        marks.push(Mark {
            name: String::new(),
            point: last,
        });
    }
    Some(marks)
}

/// Values without what machines that take turns add: the level of the regime stands for them.
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
    values
}

fn account(
    out: &mut String,
    view: &ReportView,
    series: &SeriesView,
    marks: &[Mark],
    by_release: bool,
) {
    let (stretches, boundaries) = (stretches(series), boundaries(series));
    let at: Vec<usize> = marks.iter().map(|mark| mark.point).collect();
    let ends = [at[0], at[at.len() - 1]];
    let values = values(series);
    let found = |marks: &[usize]| spent(&values, &stretches, &boundaries, marks);
    let (Some(whole), Some(parts)) = (found(&ends), found(&at)) else {
        out.push_str("  no level yet\n");
        return;
    };
    let Some(whole) = whole.first() else {
        return;
    };
    let unit = |value: f64| text::value(value, &series.unit);
    let amount = |value: f64| text::difference(value, &series.unit);
    let from = view.commits.get(series.points[ends[0]].commit);
    let relative = if whole.opening.abs() > 0.0 {
        format!(" ({})", text::effect(whole.total() / whole.opening.abs()))
    } else {
        String::new()
    };
    let _ = writeln!(
        out,
        "  since {}: {} → {}, {}{relative}\n",
        text::plain(&marks[0].name),
        unit(whole.opening),
        unit(whole.now),
        amount(whole.total())
    );
    let _ = writeln!(
        out,
        "  {:>12}  level at {}",
        unit(whole.opening),
        from.map_or("", |commit| commit.id.get(..7).unwrap_or(&commit.id))
    );
    for index in &whole.steps {
        let change = &series.changes[*index];
        let _ = writeln!(
            out,
            "  {:>12}  {}",
            amount(boundaries[*index].amount),
            step(view, change)
        );
    }
    let _ = writeln!(
        out,
        "  {:>12}  in amounts too small for a step of their own",
        amount(whole.unattributed)
    );
    let _ = writeln!(out, "  {:>12}  present level", unit(whole.now));
    if by_release {
        releases(out, series, marks, &parts, whole);
    }
}

fn step(view: &ReportView, change: &ChangeView) -> String {
    match &change.kind {
        ChangeKind::Machine { from, to } => format!(
            "the machine changed: {} → {}; no commit is blamed",
            text::plain(from),
            text::plain(to)
        ),
        ChangeKind::Change => {
            let effect = change.effect.map_or_else(String::new, |(e, low, high)| {
                format!("{}  ", text::effect_interval(e, low, high))
            });
            format!("{effect}{}  {}", change.confidence, suspects(view, change))
        }
    }
}

fn releases(out: &mut String, series: &SeriesView, marks: &[Mark], parts: &[Spent], whole: &Spent) {
    let amount = |value: f64| text::difference(value, &series.unit);
    out.push_str("\n  by release\n");
    for (part, ends) in parts.iter().zip(marks.windows(2)) {
        let words = if ends[1].name.is_empty() {
            format!("after {}", text::plain(&ends[0].name))
        } else {
            format!("in {}", text::plain(&ends[1].name))
        };
        let n = part.steps.len();
        let _ = writeln!(
            out,
            "  {:>12}  {words}: {n} step{} {}, small amounts {}",
            amount(part.total()),
            if n == 1 { "" } else { "s" },
            amount(part.total() - part.unattributed),
            amount(part.unattributed)
        );
    }
    let _ = writeln!(out, "  {:>12}  in all", amount(whole.total()));
}
