//! Series that go on under another name, joined while they are read.

use crate::budget::Renames;
use crate::model::{Failure, SeriesKey, Unit};
use crate::store::{Columns, RunRow, SeriesRow};
use std::collections::HashMap;

/// Gives runs their present label, and failures their present benchmark and slice.
pub fn runs(runs: &mut [RunRow], failures: &mut HashMap<i64, Vec<Failure>>, renames: &Renames) {
    if renames.is_empty() {
        return;
    }
    for run in runs {
        for failure in failures.get_mut(&run.id).into_iter().flatten() {
            *failure = renames.failure(failure, &run.environment.label);
        }
        run.environment.label = renames.label(&run.environment.label);
    }
}

/// Gives series their present identity. Rows that are one series now (same identity, same unit)
/// become one; beside them stand the store's rows behind each, that of the present name first.
#[must_use]
pub fn series(rows: Vec<SeriesRow>, renames: &Renames) -> (Vec<SeriesRow>, Vec<Vec<i64>>) {
    let mut places: HashMap<(SeriesKey, Unit), usize> = HashMap::new();
    let mut joined: Vec<SeriesRow> = Vec::with_capacity(rows.len());
    let mut parts: Vec<Vec<i64>> = Vec::with_capacity(rows.len());
    for row in rows {
        if renames.is_empty() {
            parts.push(vec![row.id]);
            joined.push(row);
            continue;
        }
        let key = renames.key(&row.key);
        let own = key == row.key;
        match places.get(&(key.clone(), row.unit.clone())) {
            Some(&at) if own => {
                // What the tool says of the present name counts.
                parts[at].insert(0, row.id);
                joined[at].id = row.id;
                joined[at].direction = row.direction.or(joined[at].direction);
            }
            Some(&at) => {
                parts[at].push(row.id);
                joined[at].direction = joined[at].direction.or(row.direction);
            }
            None => {
                places.insert((key.clone(), row.unit.clone()), joined.len());
                parts.push(vec![row.id]);
                joined.push(SeriesRow { key, ..row });
            }
        }
    }
    (joined, parts)
}

/// Joins the points of the rows behind one series, in order of run. Where a run holds a value under
/// several names the first part's counts; beside the points stands how many others there were.
#[must_use]
pub fn join(mut parts: Vec<Columns>) -> (Columns, usize) {
    if parts.len() < 2 {
        return (parts.pop().unwrap_or_default(), 0);
    }
    let mut order: Vec<(i64, usize, usize)> = Vec::new();
    for (part, columns) in parts.iter().enumerate() {
        order.extend(
            columns
                .runs()
                .iter()
                .enumerate()
                .map(|(at, run)| (*run, part, at)),
        );
    }
    order.sort_unstable();
    let all = order.len();
    order.dedup_by_key(|(run, _, _)| *run);
    let joined = order
        .iter()
        .filter_map(|&(_, part, at)| parts[part].get(at));
    (joined.collect(), all - order.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Cell;

    fn columns(points: &[(i64, f64)]) -> Columns {
        let cell = |&(run, value): &(i64, f64)| Cell {
            run,
            value,
            spread: None,
            n: 1,
        };
        points.iter().map(cell).collect()
    }

    #[test]
    fn the_present_name_counts_where_a_run_holds_both() {
        let new = columns(&[(3, 30.0), (4, 40.0)]);
        let old = columns(&[(1, 1.0), (3, 3.0)]);
        let (joined, twice) = join(vec![new, old]);
        assert_eq!(joined, columns(&[(1, 1.0), (3, 30.0), (4, 40.0)]));
        assert_eq!(twice, 1);
        assert_eq!(join(Vec::new()), (Columns::default(), 0));
    }

    proptest::proptest! {
        /// No run is lost, none comes twice, and they stay in order.
        #[test]
        fn joining_keeps_every_run_once(a in proptest::collection::btree_set(0i64..40, 0..20), b in proptest::collection::btree_set(0i64..40, 0..20)) {
            let of = |runs: &std::collections::BTreeSet<i64>| {
                columns(&runs.iter().map(|run| (*run, *run as f64)).collect::<Vec<_>>())
            };
            let (joined, twice) = join(vec![of(&a), of(&b)]);
            let expected: Vec<i64> = a.union(&b).copied().collect();
            proptest::prop_assert_eq!(joined.runs(), expected);
            proptest::prop_assert_eq!(twice, a.intersection(&b).count());
        }
    }
}
