//! Two builds measured side by side for a number of rounds that is fixed beforehand.

use super::schedule::{runs_a_pair, turns};
use super::{Bench, Clock, LabError, Side, Turn};
use crate::model::{Direction, Measurement, SeriesKey, Tags, Unit};
use crate::stats::pairs_needed;
use crate::verdict::PairedSeries;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Fewest pairs that are worth running: 6 bound an effect on both sides.
const FEWEST: usize = 6;
/// Most pairs: more gain little and cost memory that grows with their square.
const MOST: usize = 300;

/// How a comparison is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Draws the order.
    pub seed: u64,
    /// Time for all executions after the first of each build.
    pub time: Duration,
    /// So many pairs, whatever the time.
    pub pairs: Option<usize>,
    /// Where the time does not suffice for the fewest pairs that say anything, they are run all the
    /// same if they are likely to end within this time. A fixed number of pairs is only begun where
    /// it is.
    pub at_most: Option<Duration>,
    /// Run the base against itself, too.
    pub control: bool,
    /// Unmeasured executions of each build at the start, at least 1.
    pub warm_ups: usize,
}

/// How far a comparison is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Something of unknown length began: a build, say.
    Stage(String),
    /// Executions done, of how many, and about how much time is left.
    Runs {
        /// Done.
        done: usize,
        /// Of how many.
        of: usize,
        /// About so long.
        left: Duration,
    },
    /// Nothing more to say.
    End,
}

/// Somebody who wants to know how far a comparison is.
pub trait Watch {
    /// Is told.
    fn see(&mut self, progress: Progress);
}

impl<F: FnMut(Progress)> Watch for F {
    fn see(&mut self, progress: Progress) {
        self(progress);
    }
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Every series, in order.
    pub series: Vec<PairedSeries>,
    /// Benchmarks that the head could not run.
    pub failed: Vec<crate::model::Failure>,
    /// Pairs that were run; 0 where the time does not suffice for the fewest that say anything.
    pub pairs: usize,
    /// Control pairs.
    pub controls: usize,
    /// One execution of base and head.
    pub cost: (Duration, Duration),
    /// The time that the fewest pairs that say anything would need, where it was too short.
    pub time_needed: Option<Duration>,
}

/// Runs both builds in the order that the seed draws. The number of rounds is fixed after the
/// warm-up and does not depend on any result: looking in between and stopping early would raise
/// false alarms.
///
/// # Errors
/// The first execution that fails, or an interruption: half a comparison is none.
pub fn sample(
    bench: &mut dyn Bench,
    clock: &dyn Clock,
    plan: &Plan,
    env: &str,
    watch: &mut dyn Watch,
) -> Result<Sampled, LabError> {
    let mut cost = [Duration::ZERO; 2];
    let mut number = 1;
    for round in 0..plan.warm_ups.max(1) {
        for (at, side) in [Side::Base, Side::Head].into_iter().enumerate() {
            watch.see(Progress::Stage(format!(
                "warm-up {} of {}: {}",
                round + 1,
                plan.warm_ups.max(1),
                side.as_str()
            )));
            let start = clock.now();
            number = bench.run(side)?.measurements.len().max(number);
            cost[at] = clock.now().saturating_sub(start);
        }
    }
    let (base_runs, head_runs) = runs_a_pair(plan.control);
    let pair_cost = cost[0].mul_f64(base_runs) + cost[1].mul_f64(head_runs);
    // The harness's headline figures, not every statistic of them, are what limits select.
    let least = FEWEST.max(pairs_needed(0.05, number.min(10)));
    let affordable = plan.time.as_secs_f64() / pair_cost.as_secs_f64().max(1e-9);
    let fewest = least.next_multiple_of(2);
    let stretched = plan
        .at_most
        .is_some_and(|most| pair_cost.mul_f64(fewest as f64) <= most);
    let too_many = |pairs: usize| {
        plan.at_most
            .is_some_and(|most| pair_cost.mul_f64(pairs as f64) > most)
    };
    let wanted = plan
        .pairs
        .map(|pairs| if too_many(pairs) { 0 } else { pairs });
    let pairs = wanted.unwrap_or_else(|| {
        let whole = (affordable as usize).min(MOST) / 2 * 2;
        match whole {
            whole if stretched => whole.max(fewest),
            whole if whole < FEWEST => 0,
            whole => whole,
        }
    });
    let mut gathered = Gathered::default();
    let order = turns(plan.seed, pairs, plan.control);
    let start = clock.now();
    for (done, turn) in order.iter().enumerate() {
        let spent = clock.now().saturating_sub(start);
        let left = if done == 0 {
            pair_cost.mul_f64(pairs as f64)
        } else {
            spent.mul_f64((order.len() - done) as f64 / done as f64)
        };
        watch.see(Progress::Runs {
            done,
            of: order.len(),
            left,
        });
        let taken = bench.run(turn.side())?;
        gathered.take(*turn, taken);
    }
    watch.see(Progress::End);
    Ok(Sampled {
        pairs,
        controls: order.len().saturating_sub(2 * pairs) / 2,
        cost: (cost[0], cost[1]),
        time_needed: (pairs == 0).then(|| pair_cost.mul_f64(plan.pairs.unwrap_or(least) as f64)),
        failed: gathered.failed(pairs),
        series: gathered.series(env),
    })
}

type Name = (String, String, Tags);

/// One series while it is gathered: value by pair.
#[derive(Default)]
struct Column {
    unit: Option<Unit>,
    direction: Option<Direction>,
    base: BTreeMap<usize, f64>,
    head: BTreeMap<usize, f64>,
    control: BTreeMap<usize, [Option<f64>; 2]>,
    least_samples: Option<u64>,
}

#[derive(Default)]
struct Gathered {
    columns: BTreeMap<Name, Column>,
    failed: BTreeMap<(String, Tags), String>,
    /// Pairs in which the head gave any result of a benchmark and slice.
    heard: BTreeMap<(String, Tags), BTreeSet<usize>>,
}

impl Gathered {
    fn take(&mut self, turn: Turn, taken: super::bench::Taken) {
        if turn.side() == Side::Head {
            for failure in taken.failures {
                self.failed
                    .insert((failure.benchmark, failure.tags), failure.reason);
            }
        }
        for one in taken.measurements {
            self.take_one(turn, one);
        }
    }

    fn take_one(&mut self, turn: Turn, one: Measurement) {
        if let Turn::Pair(pair, Side::Head) = turn {
            let name = (one.benchmark.clone(), one.tags.clone());
            self.heard.entry(name).or_default().insert(pair);
        }
        let slice = (one.benchmark.clone(), one.tags.clone());
        let name = (one.benchmark, one.metric, one.tags);
        let column = self.columns.entry(name.clone()).or_default();
        // Values of two units cannot be compared; taking those of one alone would hide the others.
        let unit = column.unit.get_or_insert_with(|| one.unit.clone());
        if *unit != one.unit {
            let reason = format!(
                "`{}` is measured in `{}` and in `{}`: give it one unit, or the new one another name",
                name.1,
                unit.as_str(),
                one.unit.as_str()
            );
            self.failed.entry(slice).or_insert(reason);
            return;
        }
        column.direction = column.direction.or(one.direction);
        column.least_samples = Some(column.least_samples.map_or(one.n, |n| n.min(one.n)));
        match turn {
            Turn::Pair(pair, Side::Base) => {
                column.base.insert(pair, one.value);
            }
            Turn::Pair(pair, Side::Head) => {
                column.head.insert(pair, one.value);
            }
            Turn::Control(pair, first) => {
                column.control.entry(pair).or_default()[usize::from(!first)] = Some(one.value);
            }
        }
    }

    /// What the head could not run, now and then or at all, in so many pairs.
    fn failed(&self, pairs: usize) -> Vec<crate::model::Failure> {
        let failure = |(benchmark, tags): &(String, Tags), reason: String| crate::model::Failure {
            benchmark: benchmark.clone(),
            reason,
            tags: tags.clone(),
        };
        let told = self.failed.iter();
        let mut all: Vec<_> = told
            .map(|(name, reason)| failure(name, reason.clone()))
            .collect();
        let silent = self
            .heard
            .iter()
            .filter(|(name, runs)| runs.len() < pairs && !self.failed.contains_key(*name));
        all.extend(silent.map(|(name, runs)| {
            let reason = format!("it gave a result in {} of {pairs} runs only", runs.len());
            failure(name, reason)
        }));
        all
    }

    fn series(self, env: &str) -> Vec<PairedSeries> {
        self.columns
            .into_iter()
            .map(|((benchmark, metric, tags), column)| {
                // A pair needs both; a side that has nothing at all stays empty.
                let both =
                    |pair: &usize| column.base.contains_key(pair) && column.head.contains_key(pair);
                let one_sided = column.base.is_empty() || column.head.is_empty();
                let pick = |from: &BTreeMap<usize, f64>| {
                    from.iter()
                        .filter(|(pair, _)| one_sided || both(pair))
                        .map(|(_, value)| *value)
                        .collect::<Vec<f64>>()
                };
                PairedSeries {
                    key: SeriesKey {
                        benchmark,
                        metric,
                        tags,
                        env: env.to_owned(),
                    },
                    unit: column.unit.clone().unwrap_or(Unit::Other(String::new())),
                    direction: column.direction,
                    base: pick(&column.base),
                    head: pick(&column.head),
                    control: column
                        .control
                        .values()
                        .filter_map(|[a, b]| Some(((*a)?, (*b)?)))
                        .collect(),
                    least_samples: column.least_samples.unwrap_or(1),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
