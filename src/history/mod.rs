//! Series in git order.
//!
//! The store knows runs in order of arrival; git knows the order of commits. Here the two meet:
//! every clean run whose commit lies on the first-parent line becomes part of a point at its
//! place, whatever the order of recording. Runs of other commits are counted, kept and not drawn.

pub mod failed;
pub mod rename;

use crate::model::CommitId;
use crate::store::{Cell, Columns, RunRow, SeriesRow};
use std::collections::HashMap;

/// The first-parent line, oldest commit first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    commits: Vec<CommitId>,
    places: HashMap<CommitId, u32>,
}

impl Timeline {
    /// A line of commits, oldest first.
    #[must_use]
    pub fn new(commits: Vec<CommitId>) -> Self {
        let places = commits.iter().cloned().zip(0u32..).collect();
        Self { commits, places }
    }

    /// All commits, oldest first.
    #[must_use]
    pub fn commits(&self) -> &[CommitId] {
        &self.commits
    }

    /// The place of a commit, counted from the oldest; `None` when it is not on the line.
    #[must_use]
    pub fn place(&self, commit: &CommitId) -> Option<u32> {
        self.places.get(commit).copied()
    }

    /// The commit at a place.
    #[must_use]
    pub fn at(&self, place: u32) -> Option<&CommitId> {
        self.commits.get(place as usize)
    }
}

/// One run of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunValue {
    /// Index into the runs that the history was made from.
    pub run: u32,
    /// Its value.
    pub value: f64,
    /// Lower and upper end of its spread; the value itself where unknown.
    pub ends: (f64, f64),
    /// Samples behind it.
    pub n: u64,
}

/// All runs of a series at one commit on one kind of machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Place of the commit on the timeline.
    pub place: u32,
    /// Stratum: index into [`Series::strata`].
    pub stratum: u32,
    /// Median of its runs.
    pub value: f64,
    precision: f64,
    first: u32,
    count: u32,
}

/// A series in git order.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Identity, unit and direction.
    pub row: SeriesRow,
    /// Points by place, then stratum.
    pub points: Vec<Point>,
    /// Names of the machines (CPU models) that the points were measured on.
    pub strata: Vec<String>,
    runs: Vec<RunValue>,
}

impl Series {
    /// The runs behind a point.
    #[must_use]
    pub fn runs_of(&self, point: &Point) -> &[RunValue] {
        &self.runs[point.first as usize..(point.first + point.count) as usize]
    }

    /// Standard error of a point relative to its value, as far as the samples inside its runs tell:
    /// 1.2533·σ/√n of a median (Kenney & Keeping 1962), σ from the quartiles (÷ 1.349), the runs
    /// averaged. It says how blurred the point is, not how far runs lie from each other: samples
    /// are no replicates. 0 where unknown.
    #[must_use]
    #[inline]
    pub fn precision(&self, point: &Point) -> f64 {
        point.precision
    }

    /// The points at places below `end`.
    #[must_use]
    pub fn before(&self, end: u32) -> &[Point] {
        &self.points[..self.points.partition_point(|point| point.place < end)]
    }

    /// Indices of points at which the machine changed for good: no machine of the points before
    /// is seen again, and at least [`STRATUM_POINTS`] points follow.
    #[must_use]
    pub fn breaks(&self) -> Vec<usize> {
        lasting_changes(&self.points)
    }
}

/// A machine needs this many points before its offset, or a lasting change to it, is believed.
pub const STRATUM_POINTS: usize = 5;

fn lasting_changes(points: &[Point]) -> Vec<usize> {
    if points
        .windows(2)
        .all(|pair| pair[0].stratum == pair[1].stratum)
    {
        return Vec::new();
    }
    let mut last_seen: HashMap<u32, usize> = HashMap::new();
    for (i, point) in points.iter().enumerate() {
        last_seen.insert(point.stratum, i);
    }
    let mut reach = 0;
    let mut breaks = Vec::new();
    let mut start = 0;
    for (i, point) in points.iter().enumerate() {
        if i > 0 && reach < i {
            let established = i - start >= STRATUM_POINTS || breaks.is_empty();
            if established && points.len() - i >= STRATUM_POINTS {
                breaks.push(i);
                start = i;
            }
        }
        reach = reach.max(last_seen[&point.stratum]);
    }
    breaks
}

/// Why runs are not part of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Runs with uncommitted changes.
    pub dirty: usize,
    /// Runs of commits that are not on the first-parent line.
    pub off_line: usize,
}

/// The index of each run by its row. Rows are numbered in order of arrival, so a plain list from the
/// first to the last is short, and looked into for every point there is.
#[derive(Debug, Clone, PartialEq, Default)]
struct ByRow {
    first: i64,
    dense: Vec<u32>,
    sparse: HashMap<i64, u32>,
}

impl ByRow {
    const NONE: u32 = u32::MAX;

    fn new(runs: &[RunRow]) -> Self {
        let ids = || runs.iter().map(|run| run.id).zip(0u32..);
        let first = ids().map(|(id, _)| id).min().unwrap_or(0);
        let last = ids().map(|(id, _)| id).max().unwrap_or(0);
        let span = usize::try_from(last.saturating_sub(first)).unwrap_or(usize::MAX);
        let mut by_row = Self {
            first,
            ..Self::default()
        };
        if span < runs.len().saturating_mul(8) {
            by_row.dense.resize(span + 1, Self::NONE);
            for (id, index) in ids() {
                by_row.dense[usize::try_from(id - first).unwrap_or(0)] = index;
            }
        } else {
            by_row.sparse = ids().collect();
        }
        by_row
    }

    #[inline]
    fn get(&self, id: i64) -> Option<u32> {
        let place = usize::try_from(id.checked_sub(self.first)?).ok()?;
        match self.dense.get(place) {
            Some(&index) if index != Self::NONE => Some(index),
            _ => self.sparse.get(&id).copied(),
        }
    }
}

/// Where each run stands: `None` for dirty runs and commits off the line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Placement {
    places: Vec<Option<u32>>,
    strata: Vec<u32>,
    names: Vec<String>,
    /// Whether each run was read from files; else a command made it.
    from_files: Vec<bool>,
    by_row: ByRow,
    /// What was left out.
    pub left_out: LeftOut,
}

impl Placement {
    /// Places every run on the line.
    #[must_use]
    pub fn new(runs: &[RunRow], timeline: &Timeline) -> Self {
        let mut placement = Self::default();
        let mut strata: HashMap<&str, u32> = HashMap::new();
        for run in runs {
            let place = timeline.place(&run.commit).filter(|_| !run.dirty);
            if run.dirty {
                placement.left_out.dirty += 1;
            } else if place.is_none() {
                placement.left_out.off_line += 1;
            }
            let name = run.environment.stratum();
            let next = placement.names.len() as u32;
            let stratum = *strata.entry(name).or_insert_with(|| {
                placement.names.push(name.to_owned());
                next
            });
            placement.from_files.push(run.source.attempt == 0);
            placement.places.push(place);
            placement.strata.push(stratum);
        }
        placement.by_row = ByRow::new(runs);
        placement
    }

    /// Leaves out what was measured at places below `end`.
    pub fn leave_out_before(&mut self, end: u32) {
        for place in &mut self.places {
            *place = place.filter(|place| *place >= end);
        }
    }

    /// The place of the run with this index; `None` where it is not part of the history.
    #[must_use]
    pub fn place(&self, run: usize) -> Option<u32> {
        self.places.get(run).copied().flatten()
    }

    /// The place of the run of this row of the store; `None` where it is not part of the history.
    #[must_use]
    pub fn place_of(&self, row: i64) -> Option<u32> {
        self.place(self.by_row.get(row)? as usize)
    }

    /// Whether any of these points is part of the history.
    #[must_use]
    pub fn holds(&self, columns: &Columns) -> bool {
        columns.runs().iter().any(|id| self.place_of(*id).is_some())
    }

    /// Puts the columns of one series into git order.
    #[must_use]
    pub fn arrange(&self, row: SeriesRow, columns: &Columns) -> Series {
        if self.one_run_a_commit(columns) {
            return self.arrange_lone_runs(row, columns);
        }
        let mut placed = Vec::with_capacity(columns.len());
        placed.extend(columns.iter().filter_map(|cell| {
            let run = self.by_row.get(cell.run)?;
            let place = self.places[run as usize]?;
            Some((place, self.strata[run as usize], run_value(run, &cell)))
        }));
        let key = |(place, stratum, value): &(u32, u32, RunValue)| (*place, *stratum, value.run);
        if !placed.is_sorted_by_key(key) {
            placed.sort_unstable_by_key(key);
        }
        if placed
            .windows(2)
            .any(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1))
        {
            self.drop_repeats(&mut placed);
        }
        let mut names = Strata::default();
        let mut points = Vec::with_capacity(placed.len());
        let mut first = 0;
        for group in placed.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (place, stratum, _) = group[0];
            let stratum = names.own(stratum);
            let value = median_of(group.iter().map(|(_, _, run)| run.value));
            let count = group.len() as u32;
            points.push(Point {
                place,
                stratum,
                value,
                precision: precision_of(group.iter().map(|(_, _, run)| run)),
                first,
                count,
            });
            first += count;
        }
        Series {
            row,
            points,
            strata: names.names(&self.names),
            runs: placed.into_iter().map(|(_, _, run)| run).collect(),
        }
    }
}

impl Placement {
    /// Whether the runs of some points lie in git order already, with one of each commit.
    fn one_run_a_commit(&self, columns: &Columns) -> bool {
        let mut next = 0;
        columns.runs().iter().all(|id| match self.place_of(*id) {
            Some(place) => {
                let later = place >= next;
                next = place.saturating_add(1);
                later
            }
            None => true,
        })
    }

    /// [`Placement::arrange`] where [`Placement::one_run_a_commit`] holds, as for most series.
    fn arrange_lone_runs(&self, row: SeriesRow, columns: &Columns) -> Series {
        let mut names = Strata::default();
        let mut runs = Vec::with_capacity(columns.len());
        let mut points = Vec::with_capacity(columns.len());
        for cell in columns.iter() {
            let Some(run) = self.by_row.get(cell.run) else {
                continue;
            };
            let Some(place) = self.places[run as usize] else {
                continue;
            };
            let value = run_value(run, &cell);
            points.push(Point {
                place,
                stratum: names.own(self.strata[run as usize]),
                value: value.value,
                precision: precision_of(std::iter::once(&value)),
                first: runs.len() as u32,
                count: 1,
            });
            runs.push(value);
        }
        Series {
            row,
            points,
            strata: names.names(&self.names),
            runs,
        }
    }

    /// The same measurement read again from another file (results that lay beside new ones) is
    /// one run, not two. Runs of a command were measured each time, whatever their values.
    fn drop_repeats(&self, placed: &mut Vec<(u32, u32, RunValue)>) {
        let mut kept: Vec<(u32, u32, RunValue)> = Vec::with_capacity(placed.len());
        for entry in placed.drain(..) {
            let (place, stratum, new) = entry;
            let spread = new.ends.0 < new.ends.1;
            let repeats = |(p, s, old): &(u32, u32, RunValue)| {
                (*p, *s) == (place, stratum)
                    && self.from_files[old.run as usize]
                    && old.value.to_bits() == new.value.to_bits()
                    && old.ends == new.ends
                    && old.n == new.n
            };
            let again = spread
                && self.from_files[new.run as usize]
                && kept
                    .iter()
                    .rev()
                    .take_while(|(p, s, _)| (*p, *s) == (place, stratum))
                    .any(repeats);
            if !again {
                kept.push(entry);
            }
        }
        *placed = kept;
    }
}

#[inline]
fn run_value(run: u32, cell: &Cell) -> RunValue {
    let value = cell.value;
    let ends = cell
        .spread
        .map_or((value, value), |spread| spread.ends(value));
    RunValue {
        run,
        value,
        ends,
        n: cell.n,
    }
}

/// The machines of one series, numbered as they come.
#[derive(Default)]
struct Strata {
    known: Vec<u32>,
    last: usize,
}

impl Strata {
    /// The number of a machine in this series.
    fn own(&mut self, stratum: u32) -> u32 {
        if self.known.get(self.last) != Some(&stratum) {
            let found = self.known.iter().position(|known| *known == stratum);
            self.last = found.unwrap_or_else(|| {
                self.known.push(stratum);
                self.known.len() - 1
            });
        }
        self.last as u32
    }

    fn names(&self, all: &[String]) -> Vec<String> {
        let name = |known: &u32| all[*known as usize].clone();
        self.known.iter().map(name).collect()
    }
}

/// [`Series::precision`] of a point with these runs.
#[inline]
fn precision_of<'r>(runs: impl ExactSizeIterator<Item = &'r RunValue>) -> f64 {
    let count = runs.len().max(1) as f64;
    let square = |run: &RunValue| {
        let sigma = (run.ends.1 - run.ends.0) / 1.349;
        (1.2533 * sigma / run.value).powi(2) / run.n.max(1) as f64
    };
    let mean = runs.map(square).sum::<f64>() / count;
    let error = (mean / count).sqrt();
    if error.is_finite() { error } else { 0.0 }
}

fn median_of(mut values: impl ExactSizeIterator<Item = f64>) -> f64 {
    if values.len() == 1 {
        return values.next().unwrap_or(f64::NAN);
    }
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Environment, RunId, SeriesKey, Source, Spread, Tags, Unit};

    fn commit(i: usize) -> CommitId {
        CommitId::new(format!("{i:040x}")).unwrap()
    }

    fn run(id: i64, at: usize, cpu: &str, dirty: bool) -> RunRow {
        RunRow {
            id,
            digest: RunId([0; 32]),
            commit: commit(at),
            environment: Environment {
                label: "ci".into(),
                facts: [("cpu".to_owned(), cpu.to_owned())].into(),
            },
            suite: String::new(),
            part: String::new(),
            dirty,
            source: Source::default(),
        }
    }

    fn row() -> SeriesRow {
        let key = SeriesKey {
            benchmark: "b".into(),
            metric: "time".into(),
            tags: Tags::new(),
            env: "ci".into(),
        };
        SeriesRow {
            id: 1,
            key,
            unit: Unit::Nanoseconds,
            direction: None,
        }
    }

    fn columns(values: &[(i64, f64)]) -> Columns {
        with_spread(values, None, 1)
    }

    fn with_spread(values: &[(i64, f64)], spread: Option<Spread>, n: u64) -> Columns {
        let cell = |&(run, value): &(i64, f64)| Cell {
            run,
            value,
            spread,
            n,
        };
        values.iter().map(cell).collect()
    }

    fn series(runs: &[RunRow]) -> Series {
        let timeline = Timeline::new((0..40).map(commit).collect());
        let values: Vec<_> = runs.iter().map(|r| (r.id, r.id as f64)).collect();
        Placement::new(runs, &timeline).arrange(row(), &columns(&values))
    }

    #[test]
    fn a_backfilled_commit_lands_in_its_place() {
        let series = series(&[
            run(1, 5, "a", false),
            run(2, 3, "a", false),
            run(3, 4, "a", false),
        ]);
        let order: Vec<_> = series.points.iter().map(|p| (p.place, p.value)).collect();
        assert_eq!(order, [(3, 2.0), (4, 3.0), (5, 1.0)]);
    }

    #[test]
    fn runs_of_one_commit_are_one_point_at_their_median() {
        let series = series(&[
            run(1, 5, "a", false),
            run(9, 5, "a", false),
            run(2, 5, "a", false),
        ]);
        assert_eq!(series.points.len(), 1);
        assert_eq!(series.points[0].value.to_bits(), 2.0f64.to_bits());
        assert_eq!(series.runs_of(&series.points[0]).len(), 3);
    }

    #[test]
    fn precision_grows_with_samples_and_runs_and_is_unknown_without_a_spread() {
        let with = |n: u64, runs: usize, spread: Option<Spread>| {
            let rows: Vec<_> = (0..runs as i64).map(|id| run(id, 3, "a", false)).collect();
            let values: Vec<(i64, f64)> =
                rows.iter().map(|r| (r.id, 100.0 + r.id as f64)).collect();
            let columns = with_spread(&values, spread, n);
            let timeline = Timeline::new((0..40).map(commit).collect());
            let series = Placement::new(&rows, &timeline).arrange(row(), &columns);
            series.precision(&series.points[0])
        };
        let spread = Spread::between(98.0, 100.0, 102.0);
        let one = with(4, 1, spread);
        assert!((one - 1.2533 * (4.0 / 1.349) / 100.0 / 2.0).abs() < 1e-9);
        assert!((with(16, 1, spread) / one - 0.5).abs() < 1e-9);
        assert!((with(4, 4, spread) / one - 0.5).abs() < 0.02);
        assert_eq!(with(4, 1, None).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn dirty_runs_and_unknown_commits_are_counted_and_not_drawn() {
        let runs = [
            run(1, 5, "a", true),
            run(2, 99, "a", false),
            run(3, 6, "a", false),
        ];
        assert_eq!(series(&runs).points.len(), 1);
        let placement = Placement::new(&runs, &Timeline::new((0..40).map(commit).collect()));
        assert_eq!(
            placement.left_out,
            LeftOut {
                dirty: 1,
                off_line: 1
            }
        );
    }

    #[test]
    fn a_machine_that_is_gone_for_good_is_a_break() {
        let runs: Vec<_> = (0..14)
            .map(|i| run(i as i64, i, if i < 7 { "a" } else { "b" }, false))
            .collect();
        assert_eq!(series(&runs).breaks(), [7]);
    }

    #[test]
    fn machines_that_alternate_are_no_break() {
        let runs: Vec<_> = (0..14)
            .map(|i| run(i as i64, i, if i % 3 == 0 { "a" } else { "b" }, false))
            .collect();
        assert_eq!(series(&runs).breaks(), [] as [usize; 0]);
    }

    #[test]
    fn four_points_on_a_new_machine_are_not_yet_a_break() {
        let runs: Vec<_> = (0..11)
            .map(|i| run(i as i64, i, if i < 7 { "a" } else { "b" }, false))
            .collect();
        assert_eq!(series(&runs).breaks(), [] as [usize; 0]);
    }
}
