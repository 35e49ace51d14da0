//! Any two commits side by side: what is on the page is the newest release against the tip, and a
//! script shows other commits from the levels of all series.

use super::names::Names;
use super::overview::{Row, scale};
use super::page::Frame;
use crate::model::Direction;
use crate::report::text::{effect, plain, plain_up_to};
use crate::report::view::{ChangeKind, ReportView, SeriesView, State};
use jiff::{Timestamp, ToSpan};
use serde::{Serialize, Serializer};

/// Rows that the page itself holds; the script can show all.
const ROWS: usize = 500;

/// A level holds for so many commits after the last result of what is no longer measured: not every
/// commit measures everything. The script says the same.
const HOLDS: usize = 10;

/// Without releases the page compares with so many days ago.
const DAYS: i64 = 30;

/// Newest releases that are offered.
const RELEASES: usize = 100;

/// One level of a series.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// First and last commit at which it was measured, as indices.
    first: usize,
    last: usize,
    level: f64,
    shown: String,
    /// How often the machine had changed by then.
    machine: usize,
}

/// All levels of a series, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    levels: Vec<Level>,
    higher: bool,
    /// It is no longer measured: after its last result it has no level.
    silent: bool,
    /// Its noise hides what it is to show.
    noisy: bool,
}

impl Levels {
    pub(super) fn new(series: &SeriesView) -> Self {
        let scale = scale(series);
        let commit = |point: usize| series.points.get(point).map(|point| point.commit);
        let machines = |point: usize| {
            let changes = series.changes.iter();
            changes
                .filter(|c| c.kind != ChangeKind::Change && c.point <= point)
                .count()
        };
        let levels = series.regimes.iter().filter_map(|regime| {
            Some(Level {
                first: commit(regime.first)?,
                last: commit(regime.last)?,
                level: regime.level,
                shown: scale.value(regime.level),
                machine: machines(regime.first),
            })
        });
        Self {
            levels: levels.collect(),
            higher: series.direction == Some(Direction::Higher),
            silent: series.silent_days.is_some(),
            noisy: series.state == State::Noisy,
        }
    }

    /// The level that held at a commit: that of the newest result at or before it. There is none
    /// before the first result, and soon after the last one of what is no longer measured.
    fn at(&self, commit: usize) -> Option<&Level> {
        let over = |last: &Level| self.silent && last.last + HOLDS < commit;
        if self.levels.last().is_some_and(over) {
            return None;
        }
        self.levels.iter().rev().find(|level| level.first <= commit)
    }
}

/// For the script: `[flags, [first, last, level, shown, machine], …]`; the flags are 1 for higher is
/// better, 2 for no longer measured, 4 for too noisy.
impl Serialize for Levels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let level = |l: &Level| {
            (
                l.first,
                l.last,
                super::data::digits(l.level),
                l.shown.clone(),
                l.machine,
            )
        };
        let levels: Vec<_> = self.levels.iter().map(level).collect();
        let flags = u8::from(self.higher) + 2 * u8::from(self.silent) + 4 * u8::from(self.noisy);
        (flags, levels).serialize(serializer)
    }
}

/// Everything on `compare.html`.
#[derive(Debug, Serialize)]
pub(super) struct Compare {
    frame: Frame,
    base: String,
    base_words: String,
    head: String,
    head_words: String,
    releases: Vec<(String, String)>,
    rows: Vec<CompareRow>,
    /// Series whose level is the same.
    same: usize,
    /// Those that cannot be compared, and why.
    apart: Vec<Apart>,
    /// Those of them that are not listed.
    more_apart: usize,
    /// The branch, which is a name for its newest commit.
    branch: String,
    /// Changed series that are not listed.
    more: usize,
}

#[derive(Debug, Serialize)]
struct CompareRow {
    href: Option<String>,
    name: String,
    under: String,
    before: String,
    after: String,
    effect: String,
    class: &'static str,
    word: &'static str,
}

/// A series that cannot be compared.
#[derive(Debug, Serialize)]
struct Apart {
    href: Option<String>,
    name: String,
    under: String,
    why: &'static str,
}

/// `#base..head` of two commits.
pub(super) fn hash(view: &ReportView, base: usize, head: usize) -> String {
    format!("#{}..{}", short(view, base), short(view, head))
}

fn short(view: &ReportView, commit: usize) -> String {
    let id = view.commits.get(commit).map_or("", |commit| &commit.id);
    let hex = id.chars().filter(char::is_ascii_alphanumeric);
    hex.take(7).collect()
}

impl Compare {
    pub(super) fn new(view: &ReportView, names: &Names, rows: &[Row], levels: &[Levels]) -> Self {
        let head = view.commits.len().saturating_sub(1);
        let (base, base_words) = base(view, head);
        let mut changed: Vec<(f64, CompareRow)> = Vec::new();
        let mut same = 0;
        let mut apart = Vec::new();
        for ((series, row), levels) in view.series.iter().zip(rows).zip(levels) {
            let why = match (levels.at(base), levels.at(head)) {
                _ if levels.levels.is_empty() => "too few results for a level",
                (None, None) => "no result at either",
                (None, _) => "no result at the first",
                (_, None) => "no result at the second",
                (Some(before), Some(after)) if before.machine != after.machine => "another machine",
                (Some(before), Some(after)) if before.first != after.first => {
                    changed.push(compared(names, series, row, levels, (before, after)));
                    continue;
                }
                _ if levels.noisy => "too noisy to tell",
                _ => {
                    same += 1;
                    continue;
                }
            };
            apart.push(Apart {
                href: names.series_link(series, ""),
                name: row.name.clone(),
                under: row.under.clone(),
                why,
            });
        }
        // The worst first.
        changed.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.name.cmp(&y.name)));
        let more = changed.len().saturating_sub(ROWS);
        let more_apart = apart.len().saturating_sub(ROWS);
        apart.truncate(ROWS);
        let tagged = view.commits.iter().enumerate().rev();
        let releases = tagged.filter_map(|(at, commit)| {
            let name = plain_up_to(commit.tags.first()?, 30);
            Some((short(view, at), name))
        });
        Self {
            frame: Frame::new(view, names, ""),
            base: short(view, base),
            base_words,
            head: short(view, head),
            head_words: view.commits.last().map_or_else(String::new, |tip| {
                tip.tags
                    .first()
                    .map_or_else(|| plain(&view.branch), |tag| plain_up_to(tag, 30))
            }),
            releases: releases.take(RELEASES).collect(),
            rows: changed.into_iter().take(ROWS).map(|(_, row)| row).collect(),
            same,
            apart,
            more_apart,
            branch: plain(&view.branch),
            more,
        }
    }
}

/// What the tip is compared with: the newest release before it, else 30 days ago.
fn base(view: &ReportView, head: usize) -> (usize, String) {
    let before = view.commits.get(..head).unwrap_or_default();
    let tagged = before.iter().rposition(|commit| !commit.tags.is_empty());
    if let Some(at) = tagged {
        let name = before[at]
            .tags
            .first()
            .map_or_else(String::new, |tag| plain_up_to(tag, 30));
        return (at, name);
    }
    let ago = view
        .now
        .checked_sub((DAYS * 24).hours())
        .unwrap_or(Timestamp::MIN);
    let at = before.partition_point(|commit| commit.time < ago);
    (at.saturating_sub(1), format!("{DAYS} days ago"))
}

/// The row of a series, and how much worse it became.
fn compared(
    names: &Names,
    series: &SeriesView,
    row: &Row,
    levels: &Levels,
    (before, after): (&Level, &Level),
) -> (f64, CompareRow) {
    let relative = after.level / before.level - 1.0;
    let worse = if levels.higher { -relative } else { relative };
    let (class, word) = match worse {
        worse if worse > 0.0 => ("worse", "worse"),
        worse if worse < 0.0 => ("improved", "better"),
        _ => ("accepted", "same"),
    };
    let row = CompareRow {
        href: names.series_link(series, ""),
        name: row.name.clone(),
        under: row.under.clone(),
        before: before.shown.clone(),
        after: after.shown.clone(),
        effect: effect(relative),
        class,
        word,
    };
    (if worse.is_finite() { worse } else { 0.0 }, row)
}
