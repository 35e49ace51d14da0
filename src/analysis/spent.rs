//! What was spent between commits: steps and creep, which together are the whole drift.

use crate::stats::median;

/// A level is measured by so many values at the most.
const LEVEL_POINTS: usize = 10;

/// A stretch of values with one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Its first value.
    pub first: usize,
    /// Its last value, inclusive.
    pub last: usize,
}

/// A boundary between two stretches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boundary {
    /// First value of the new level.
    pub at: usize,
    /// What it added to the level.
    pub amount: f64,
}

/// What was spent from one value to a later one: opening + Σ steps + unattributed = now.
#[derive(Debug, Clone, PartialEq)]
pub struct Spent {
    /// Level at the first.
    pub opening: f64,
    /// Indices of the boundaries after the first value, up to the last one.
    pub steps: Vec<usize>,
    /// What no boundary explains: growth inside the stretches.
    pub unattributed: f64,
    /// Level at the last.
    pub now: f64,
}

impl Spent {
    /// now − opening.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.now - self.opening
    }
}

/// What was spent between each of `marks` (values, ascending) and the next one, where `levels` are
/// the levels at the marks: what one segment ends with the next one begins with, so that the
/// segments add up to the whole.
#[must_use]
pub fn spent(levels: &[f64], boundaries: &[Boundary], marks: &[usize]) -> Vec<Spent> {
    let segment = |(marks, levels): (&[usize], &[f64])| {
        let steps: Vec<usize> = (0..boundaries.len())
            .filter(|i| marks[0] < boundaries[*i].at && boundaries[*i].at <= marks[1])
            .collect();
        let explained: f64 = steps.iter().map(|i| boundaries[*i].amount).sum();
        Spent {
            opening: levels[0],
            unattributed: levels[1] - levels[0] - explained,
            now: levels[1],
            steps,
        }
    };
    marks
        .windows(2)
        .zip(levels.windows(2))
        .map(segment)
        .collect()
}

/// The level at a value of a stretch that creeps: the median of up to ten values around it, as many
/// before it as after where there are so many.
#[must_use]
pub fn level_around(values: &[f64], own: Stretch, mark: usize) -> Option<f64> {
    let low = mark.saturating_sub(LEVEL_POINTS / 2).max(own.first);
    let high = (low + LEVEL_POINTS).min(own.last + 1);
    let low = high.saturating_sub(LEVEL_POINTS).max(own.first);
    median(values.get(low..high)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the series, with machine breaks, falling, negative: steps and creep are the
        /// whole drift, every step is in exactly one segment, and segments add up.
        #[test]
        fn steps_and_creep_are_the_whole_drift(
            values in prop::collection::vec(-1e6_f64..1e6, 2..120),
            cuts in prop::collection::btree_set(1_usize..119, 0..8),
            amounts in prop::collection::vec(-1e5_f64..1e5, 8),
            marks in prop::collection::btree_set(0_usize..119, 0..6),
        ) {
            let last = values.len() - 1;
            let cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= last).collect();
            let mut firsts = vec![0];
            firsts.extend(&cuts);
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut - 1).collect();
            ends.push(last);
            let own = |mark: usize| {
                let at = firsts.partition_point(|first| *first <= mark) - 1;
                Stretch { first: firsts[at], last: ends[at] }
            };
            let level = |mark: &usize| level_around(&values, own(*mark), *mark).unwrap();
            let boundaries: Vec<Boundary> = cuts
                .iter()
                .zip(&amounts)
                .map(|(at, amount)| Boundary { at: *at, amount: *amount })
                .collect();
            let mut marks: Vec<usize> = marks.into_iter().filter(|mark| *mark < last).collect();
            marks.push(last);
            let levels: Vec<f64> = marks.iter().map(level).collect();
            let found = spent(&levels, &boundaries, &marks);
            prop_assert_eq!(found.len(), marks.len() - 1);
            let mut seen = Vec::new();
            for own in &found {
                let steps: f64 = own.steps.iter().map(|i| boundaries[*i].amount).sum();
                prop_assert!((own.opening + steps + own.unattributed - own.now).abs() < 1e-6);
                seen.extend(own.steps.clone());
            }
            let expected: Vec<usize> =
                (0..boundaries.len()).filter(|i| boundaries[*i].at > marks[0]).collect();
            prop_assert_eq!(seen, expected);
            if let (Some(first), Some(end)) = (found.first(), found.last()) {
                let ends = [levels[0], levels[levels.len() - 1]];
                let whole = spent(&ends, &boundaries, &[marks[0], last]);
                let total: f64 = found.iter().map(Spent::total).sum();
                prop_assert!((total - whole[0].total()).abs() < 1e-6);
                let parts: f64 = found.iter().map(|own| own.unattributed).sum();
                prop_assert!((parts - whole[0].unattributed).abs() < 1e-6);
                prop_assert!(first.opening.to_bits() == whole[0].opening.to_bits());
                prop_assert!(end.now.to_bits() == whole[0].now.to_bits());
            }
        }
    }

    #[test]
    fn a_ramp_is_creep_and_a_step_is_a_step() {
        let values: Vec<f64> = (0..40)
            .map(|i| f64::from(i) + if i < 20 { 0.0 } else { 100.0 })
            .collect();
        let stretches = [
            Stretch { first: 0, last: 19 },
            Stretch {
                first: 20,
                last: 39,
            },
        ];
        let steps = [Boundary {
            at: 20,
            amount: 100.0,
        }];
        let level = |own: usize, mark: usize| level_around(&values, stretches[own], mark).unwrap();
        let found = spent(&[level(0, 5), level(1, 39)], &steps, &[5, 39]);
        assert_eq!(found[0].steps, [0]);
        assert!((found[0].total() - 130.0).abs() < 1e-9, "{found:?}");
        assert!((found[0].unattributed - 30.0).abs() < 1e-9, "{found:?}");
        assert_eq!(spent(&[5.0], &steps, &[5]), Vec::new());
        assert_eq!(spent(&[], &[], &[]), Vec::new());
        let beyond = Stretch {
            first: 50,
            last: 60,
        };
        assert_eq!(level_around(&values, beyond, 55), None);
    }
}
