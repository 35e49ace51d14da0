//! Changes that one cause may explain: those whose ranges of commits share a place.

use super::overview::blamed;
use crate::report::view::{ChangeView, SeriesView};
use std::collections::BTreeMap;

/// A change and whose it is.
pub(super) type Found<'a> = (&'a SeriesView, &'a ChangeView);

/// Changes with one cause.
#[derive(Debug, Clone)]
pub(super) struct Cause<'a> {
    /// Commits at which all of them may have begun, as indices into those of the report.
    pub(super) range: (usize, usize),
    /// The commit that most of them are put down to.
    pub(super) commit: usize,
    pub(super) found: Vec<Found<'a>>,
}

/// The commits at which a change may have begun.
fn range(change: &ChangeView) -> (usize, usize) {
    let suspects = || change.suspects.iter().copied();
    let own = blamed(change);
    (
        suspects().min().unwrap_or(own),
        suspects().max().unwrap_or(own),
    )
}

/// One cause for all changes that may have begun at the same commit, in order of the commits. The
/// changes whose place is best known come first; each other one joins the cause nearest to its own
/// most likely commit, if that lies within its range.
pub(super) fn causes<'a>(found: impl IntoIterator<Item = Found<'a>>) -> Vec<Cause<'a>> {
    let mut all: Vec<((usize, usize), Found<'a>)> = found
        .into_iter()
        .map(|found| (range(found.1), found))
        .collect();
    all.sort_by(|(a, (s, x)), (b, (t, y))| {
        (a.1 - a.0)
            .cmp(&(b.1 - b.0))
            .then(blamed(x).cmp(&blamed(y)))
            .then_with(|| s.key.cmp(&t.key))
    });
    let mut causes: Vec<Cause<'a>> = Vec::new();
    for ((first, last), found) in all {
        let own = blamed(found.1);
        let distance = |cause: &Cause<'_>| {
            let (low, high) = cause.range;
            low.saturating_sub(own).max(own.saturating_sub(high))
        };
        let shared = |cause: &&mut Cause<'_>| cause.range.0 <= last && first <= cause.range.1;
        let nearest = causes.iter_mut().filter(shared).min_by_key(|c| distance(c));
        match nearest {
            Some(cause) => {
                cause.range = (cause.range.0.max(first), cause.range.1.min(last));
                cause.found.push(found);
            }
            None => causes.push(Cause {
                range: (first, last),
                commit: own,
                found: vec![found],
            }),
        }
    }
    for cause in &mut causes {
        cause.commit = most_blamed(cause);
    }
    by_commit(causes)
}

/// The commit of the range that most changes are put down to; the earliest of several.
fn most_blamed(cause: &Cause<'_>) -> usize {
    let (low, high) = cause.range;
    let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, change) in &cause.found {
        *votes.entry(blamed(change).clamp(low, high)).or_default() += 1;
    }
    let most = votes
        .into_iter()
        .max_by_key(|(at, votes)| (*votes, usize::MAX - at));
    most.map_or(cause.commit, |(at, _)| at)
}

/// Causes with the same commit are one; it lies in the ranges of both.
fn by_commit(causes: Vec<Cause<'_>>) -> Vec<Cause<'_>> {
    let mut named: BTreeMap<usize, Cause<'_>> = BTreeMap::new();
    for cause in causes {
        match named.entry(cause.commit) {
            std::collections::btree_map::Entry::Vacant(own) => {
                own.insert(cause);
            }
            std::collections::btree_map::Entry::Occupied(mut own) => {
                let own = own.get_mut();
                own.range = (
                    own.range.0.max(cause.range.0),
                    own.range.1.min(cause.range.1),
                );
                own.found.extend(cause.found);
            }
        }
    }
    named.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SeriesKey, Tags, Unit};
    use crate::report::view::{ChangeKind, State};
    use proptest::prelude::*;

    fn series(name: usize, changes: &[(usize, usize, usize)]) -> SeriesView {
        let change = |&(first, blamed, last): &(usize, usize, usize)| ChangeView {
            kind: ChangeKind::Change,
            point: blamed,
            commit: blamed,
            range: (first, last),
            suspects: std::iter::once(blamed)
                .chain((first..=last).filter(|at| *at != blamed))
                .collect(),
            before: 1.0,
            after: 1.1,
            effect: None,
            confidence: "likely",
            p: 0.001,
            accepted: None,
            improved: false,
        };
        SeriesView {
            slug: format!("s{name}"),
            key: SeriesKey {
                benchmark: format!("b{name}"),
                metric: "time".to_owned(),
                tags: Tags::new(),
                env: "ci".to_owned(),
            },
            unit: Unit::Nanoseconds,
            direction: None,
            feature: None,
            limit: None,
            limits: Vec::new(),
            state: State::Ok,
            sentence: String::new(),
            broken: Vec::new(),
            level: None,
            budget: None,
            used: None,
            regress: None,
            drift: None,
            breaks_in_days: None,
            noise: None,
            silent_days: None,
            machines: Vec::new(),
            points: Vec::new(),
            regimes: Vec::new(),
            changes: changes.iter().map(change).collect(),
            excursions: Vec::new(),
            ledger: None,
        }
    }

    fn all(series: &[SeriesView]) -> Vec<Cause<'_>> {
        causes(
            series
                .iter()
                .flat_map(|s| s.changes.iter().map(move |c| (s, c))),
        )
    }

    fn told(causes: &[Cause<'_>]) -> Vec<(usize, (usize, usize), usize)> {
        let one = |c: &Cause<'_>| (c.commit, c.range, c.found.len());
        causes.iter().map(one).collect()
    }

    #[test]
    fn what_may_have_begun_together_is_one_cause() {
        // One commit, seen sharply by one series and blurred by two.
        let blurred = [
            series(0, &[(10, 10, 10)]),
            series(1, &[(8, 11, 13)]),
            series(2, &[(10, 12, 14)]),
        ];
        assert_eq!(told(&all(&blurred)), [(10, (10, 10), 3)]);
        // Two sharp ones stay two; a wide one goes to the nearer.
        let two = [
            series(0, &[(10, 10, 10), (20, 20, 20)]),
            series(1, &[(5, 19, 25)]),
        ];
        assert_eq!(told(&all(&two)), [(10, (10, 10), 1), (20, (20, 20), 2)]);
        // Ranges that do not meet are two causes.
        let apart = [series(0, &[(3, 4, 5)]), series(1, &[(6, 7, 8)])];
        assert_eq!(told(&all(&apart)), [(4, (3, 5), 1), (7, (6, 8), 1)]);
        assert!(all(&[]).is_empty());
    }

    proptest! {
        /// Every change is in one cause, all of a cause may share a commit, and no two causes have
        /// the same commit, whatever the order of the series.
        #[test]
        fn causes_part_the_changes(
            ranges in prop::collection::vec((0_usize..60, 0_usize..12, 0_usize..12), 0..40),
        ) {
            let series: Vec<SeriesView> = ranges
                .iter()
                .enumerate()
                .map(|(name, &(first, blamed, more))| series(name, &[(first, first + blamed, first + blamed + more)]))
                .collect();
            let found = all(&series);
            let turned: Vec<SeriesView> = series.iter().rev().cloned().collect();
            prop_assert_eq!(told(&found), told(&all(&turned)));
            prop_assert_eq!(found.iter().map(|c| c.found.len()).sum::<usize>(), ranges.len());
            let mut before = None;
            for cause in &found {
                prop_assert!(before < Some(cause.commit));
                before = Some(cause.commit);
                for (_, change) in &cause.found {
                    let (first, last) = range(change);
                    prop_assert!(first <= cause.range.0 && cause.range.1 <= last);
                }
            }
        }
    }
}
