//! Results of benchmarks that failed: kept with their run, never a value.

use crate::model::{Failure, SeriesKey};
use crate::store::Columns;
use std::collections::{HashMap, HashSet};

/// Which runs say that a benchmark failed.
///
/// A load test that was cut off, or of which one part failed, leaves numbers beside its failure. They
/// stay in the run, and are no points: not at their own commit, and not in the history or the base of
/// another.
#[derive(Debug, Default)]
pub struct Failed<'a>(HashMap<&'a str, Vec<(i64, &'a Failure)>>);

impl<'a> Failed<'a> {
    /// The failures of every run row, under the names by which series are known now.
    #[must_use]
    pub fn new(failures: &'a HashMap<i64, Vec<Failure>>) -> Self {
        let mut by_benchmark: HashMap<&str, Vec<(i64, &Failure)>> = HashMap::new();
        for (run, failures) in failures {
            for failure in failures {
                let of = by_benchmark.entry(&failure.benchmark).or_default();
                of.push((*run, failure));
            }
        }
        Self(by_benchmark)
    }

    /// The points of a series without those of runs in which it failed.
    #[must_use]
    pub fn without(&self, key: &SeriesKey, points: Columns) -> Columns {
        let Some(failures) = self.0.get(key.benchmark.as_str()) else {
            return points;
        };
        let runs: HashSet<i64> = failures
            .iter()
            .filter(|(_, failure)| failure.covers(&key.benchmark, &key.tags))
            .map(|(run, _)| *run)
            .collect();
        if points.runs().iter().any(|run| runs.contains(run)) {
            points
                .iter()
                .filter(|point| !runs.contains(&point.run))
                .collect()
        } else {
            points
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tags;
    use crate::store::Cell;

    #[test]
    fn only_the_slice_that_failed_loses_the_points_of_that_run() {
        let failure = |tags: &[(&str, &str)]| Failure {
            benchmark: "api".to_owned(),
            reason: "it was stopped".to_owned(),
            tags: tagged(tags),
        };
        fn tagged(tags: &[(&str, &str)]) -> Tags {
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            tags.iter().map(owned).collect()
        }
        let failures = HashMap::from([
            (2, vec![failure(&[])]),
            (3, vec![failure(&[("users", "7")])]),
        ]);
        let failed = Failed::new(&failures);
        let left = |benchmark: &str, tags: &[(&str, &str)]| {
            let key = SeriesKey {
                benchmark: benchmark.to_owned(),
                metric: "latency.p95".to_owned(),
                tags: tagged(tags),
                env: "ci".to_owned(),
            };
            let cell = |run| Cell {
                run,
                value: 1.0,
                spread: None,
                n: 1,
            };
            failed
                .without(&key, (1..5).map(cell).collect())
                .runs()
                .to_vec()
        };
        assert_eq!(left("api", &[]), [1, 3, 4]);
        assert_eq!(left("api", &[("users", "7")]), [1, 4]);
        assert_eq!(left("api", &[("users", "8")]), [1, 3, 4]);
        assert_eq!(left("other", &[]), [1, 2, 3, 4]);
    }
}
