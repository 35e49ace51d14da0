//! What all measurements so far say of where the change is.

use crate::stats::{MAD_TO_SD, mad, median};

/// One measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Place of the commit on the line.
    pub commit: usize,
    /// The value.
    pub value: f64,
}

/// Degrees of freedom of the noise: heavy tails.
const DF: f64 = 4.0;
/// A spread below this share of the step cannot be told from none.
const LEAST_SPREAD: f64 = 1e-3;
/// Steps of the estimate of levels and spread; it settles long before.
const STEPS: usize = 30;

/// Probability of each commit to be the first of the new level.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    readings: Vec<Reading>,
    /// Index = commit; 0 is good and has none.
    p: Vec<f64>,
    levels: (f64, f64),
    spread: f64,
    log: bool,
}

impl Posterior {
    /// Nothing known about a line of so many commits, at least 2: any but the first may have
    /// brought the change.
    #[must_use]
    pub fn new(commits: usize) -> Self {
        let share = 1.0 / (commits.max(2) - 1) as f64;
        let mut p = vec![share; commits.max(2)];
        p[0] = 0.0;
        Self {
            readings: Vec::new(),
            p,
            levels: (f64::NAN, f64::NAN),
            spread: f64::NAN,
            log: true,
        }
    }

    /// Adds a measurement; [`Posterior::fit`] takes it in.
    pub fn add(&mut self, reading: Reading) {
        if reading.value.is_finite() {
            self.log &= reading.value > 0.0;
            self.readings.push(reading);
        }
    }

    /// All measurements.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// Place of the bad commit.
    #[must_use]
    pub fn last(&self) -> usize {
        self.p.len() - 1
    }

    /// Probability of one commit.
    #[must_use]
    pub fn of(&self, commit: usize) -> f64 {
        self.p.get(commit).copied().unwrap_or(0.0)
    }

    /// Levels before and after the change, in input units.
    #[must_use]
    pub fn levels(&self) -> (f64, f64) {
        let back = |y: f64| if self.log { y.exp() } else { y };
        (back(self.levels.0), back(self.levels.1))
    }

    /// The shortest run of commits that has at least this probability.
    #[must_use]
    pub fn range(&self, confidence: f64) -> (usize, usize) {
        let last = self.last();
        for length in 1..last {
            let mass = |first: usize| self.p[first..first + length].iter().sum::<f64>();
            let best = (1..=last + 1 - length).max_by(|a, b| mass(*a).total_cmp(&mass(*b)));
            if let Some(first) = best.filter(|first| mass(*first) >= confidence) {
                return (first, first + length - 1);
            }
        }
        (1, last)
    }

    /// Probabilities from all measurements, every commit being as likely before the first.
    ///
    /// Levels and spread are estimated together with the probabilities (expectation
    /// maximisation): each value counts for the level before and after by how likely the change
    /// lies after or before it, and for less the farther off it is (Lange, Little & Taylor 1989).
    /// The spread is widened for being estimated.
    pub fn fit(&mut self) {
        let ys: Vec<f64> = self
            .readings
            .iter()
            .map(|r| if self.log { r.value.ln() } else { r.value })
            .collect();
        let at = |commit: usize| -> Vec<f64> {
            let pairs = self.readings.iter().zip(&ys);
            pairs
                .filter(|(reading, _)| reading.commit == commit)
                .map(|(_, y)| *y)
                .collect()
        };
        let (good, bad) = (at(0), at(self.last()));
        let (Some(low), Some(high)) = (median(&good), median(&bad)) else {
            return;
        };
        let residuals: Vec<f64> = good
            .iter()
            .map(|y| y - low)
            .chain(bad.iter().map(|y| y - high))
            .collect();
        let floor = ((high - low).abs() * LEAST_SPREAD).max(f64::MIN_POSITIVE);
        self.levels = (low, high);
        self.spread = (mad(&residuals).unwrap_or(0.0) * MAD_TO_SD).max(floor);
        for _ in 0..STEPS {
            self.weigh(&ys);
            self.estimate(&ys, floor);
        }
        let n = ys.len() as f64;
        self.spread *= (1.0 + 1.0 / n).sqrt() * (n / (n - 3.0).max(1.0)).sqrt();
        self.weigh(&ys);
    }

    /// ln of the density of Student's t, up to a constant.
    fn ln_density(&self, y: f64, level: f64) -> f64 {
        let z = (y - level) / self.spread;
        -0.5 * (DF + 1.0) * (z * z / DF).ln_1p()
    }

    fn weigh(&mut self, ys: &[f64]) {
        let commits = self.p.len();
        // gain[c]: what a change right after commit c − 1 or later adds for the readings at c.
        let mut before = vec![0.0; commits];
        let mut after = vec![0.0; commits];
        for (reading, &y) in self.readings.iter().zip(ys) {
            before[reading.commit] += self.ln_density(y, self.levels.0);
            after[reading.commit] += self.ln_density(y, self.levels.1);
        }
        let mut total: f64 = after.iter().sum();
        let mut ln = vec![f64::NEG_INFINITY; commits];
        for first in 1..commits {
            total += before[first - 1] - after[first - 1];
            ln[first] = total;
        }
        let top = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = ln.iter().map(|l| (l - top).exp()).sum();
        for (p, l) in self.p.iter_mut().zip(ln) {
            *p = (l - top).exp() / sum;
        }
    }

    fn estimate(&mut self, ys: &[f64], floor: f64) {
        let mut reached = 0.0;
        let is_after: Vec<f64> = self
            .p
            .iter()
            .map(|p| {
                reached += p;
                f64::min(reached, 1.0)
            })
            .collect();
        let mut sums = [(0.0, 0.0); 2];
        let mut square = 0.0;
        for (reading, &y) in self.readings.iter().zip(ys) {
            let share = is_after[reading.commit];
            for (side, (weight, level)) in [(1.0 - share, self.levels.0), (share, self.levels.1)]
                .into_iter()
                .enumerate()
            {
                let z = (y - level) / self.spread;
                let trust = weight * (DF + 1.0) / (DF + z * z);
                sums[side].0 += trust * y;
                sums[side].1 += trust;
                square += trust * (y - level).powi(2);
            }
        }
        let level = |(sum, weight): (f64, f64), old: f64| {
            if weight > 0.0 { sum / weight } else { old }
        };
        self.levels = (level(sums[0], self.levels.0), level(sums[1], self.levels.1));
        self.spread = (square / ys.len() as f64).sqrt().max(floor);
    }
}
