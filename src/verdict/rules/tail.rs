//! Whole jobs can be outliers: how far do they lie off, over all series of a check?
//!
//! Student's t believes in normal noise. Of a thousand series whose jobs are now and then far off
//! for no reason, some are at any commit. What the histories of *all* judged series show of such
//! points is a record long enough to judge by: points over a threshold (Balkema & de Haan 1974,
//! Pickands 1975), their excesses a generalised Pareto distribution.

use crate::analysis::Noise;

/// Standard deviations from which a point counts as far off.
const THRESHOLD: f64 = 2.0;
/// Shape that is believed before there is a record: a tail as heavy as Student's t with 4 degrees
/// of freedom. The record weighs as much as this belief when it holds [`BELIEF`] excesses.
const SHAPE: f64 = 0.25;
const BELIEF: f64 = 20.0;
/// Bounds of the shape: never as light as an exponential, never without a mean.
const SHAPES: (f64, f64) = (0.1, 0.8);
/// What is believed beside the record: one excess of one standard deviation in twenty points.
const POINTS: f64 = 20.0;
/// So many of the newest points of a series are asked.
const NEWEST: usize = 100;
/// A record that holds fewer points than this for every test counts as if it held as many: the
/// head must then stand out from all of it.
const POINTS_A_TEST: usize = 20;

/// What a history, or several, show of points far off on the worse side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    points: f64,
    excesses: Vec<f64>,
}

impl Record {
    /// The record of one series for a head of so many runs. One run is compared with single runs,
    /// more with commits. Where commits have but one run, an outlier is as likely the run's as the
    /// job's, and counts half against three runs or more that agree.
    #[must_use]
    pub fn of(noise: &Noise, head_runs: usize) -> Self {
        let lone = head_runs == 1;
        let (residuals, sd) = if lone {
            (&noise.run_residuals, noise.run_sd)
        } else {
            (&noise.residuals, noise.sd)
        };
        let first = residuals.len().saturating_sub(NEWEST);
        // Near the threshold or below it does not matter that a point is part of its own noise.
        let off = |index: usize| match residuals[index] / sd {
            z if z < THRESHOLD => z,
            _ => noise.deleted(index, lone),
        };
        Self {
            points: (residuals.len() - first) as f64 / noise.weight_of_outliers(head_runs),
            excesses: (first..residuals.len())
                .map(|index| off(index) - THRESHOLD)
                .filter(|excess| *excess > 0.0)
                .collect(),
        }
    }

    /// Both records in one.
    pub fn add(&mut self, other: &Self) {
        self.points += other.points;
        self.excesses.extend(&other.excesses);
    }
}

/// The tail of the noise of a check.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// Points of the record, at least 20 for every test; `None` where one series is judged, whose
    /// own record decides.
    points: Option<f64>,
    /// Points of the record as it was given.
    given: f64,
    /// Excesses, ascending.
    excesses: Vec<f64>,
    /// Share of points beyond the threshold.
    rate: f64,
    /// Scale of the excesses.
    scale: f64,
    /// Their shape.
    shape: f64,
}

impl Tail {
    /// Fits a record that so many tests ask: rate (n + 1) / (N + 20); shape by probability-weighted moments (Hosking &
    /// Wallis 1987), drawn to ¼ while the record is short; scale from the mean excess, which for a
    /// generalised Pareto distribution is scale ÷ (1 − shape).
    #[must_use]
    pub fn fit(record: Record, tests: usize) -> Self {
        let mut excesses = record.excesses;
        excesses.sort_by(f64::total_cmp);
        let n = excesses.len() as f64;
        let mean = (excesses.iter().sum::<f64>() + 1.0) / (n + 1.0);
        let own = shape_of(&excesses).unwrap_or(SHAPE);
        let shape = ((n * own + BELIEF * SHAPE) / (n + BELIEF)).clamp(SHAPES.0, SHAPES.1);
        Self {
            points: (tests > 1).then(|| record.points.max((POINTS_A_TEST * tests) as f64)),
            given: record.points,
            excesses,
            rate: (n + 1.0) / (record.points + POINTS),
            scale: mean * (1.0 - shape),
            shape,
        }
    }

    /// Points of all histories that it was fitted to.
    #[must_use]
    pub fn points(&self) -> f64 {
        self.given
    }

    /// How likely a point of an unchanged series lies at least so many standard deviations off, by
    /// the fitted rate · (1 + shape · excess ÷ scale)^(−1 ÷ shape); 1 below the threshold.
    #[must_use]
    pub fn p(&self, distance: f64) -> f64 {
        let excess = distance - THRESHOLD;
        if excess.is_nan() || excess <= 0.0 {
            return 1.0;
        }
        self.rate * (1.0 + self.shape * excess / self.scale).powf(-1.0 / self.shape)
    }

    /// The same by counting: (1 + #{as far in the record}) ÷ (1 + points) of Vovk et al. (2005).
    /// Over many series whose points are exchangeable this alone keeps any false alarm of a check
    /// at one in as many commits as the base has, whatever the noise and however series hang
    /// together. 0 where one series is judged: its own record decides.
    #[must_use]
    pub fn conformal_p(&self, distance: f64) -> f64 {
        let Some(points) = self.points else {
            return 0.0;
        };
        let excess = distance - THRESHOLD;
        if excess.is_nan() || excess <= 0.0 {
            return 1.0;
        }
        let as_far = self.excesses.len() - self.excesses.partition_point(|own| *own < excess);
        (1.0 + as_far as f64) / (1.0 + points)
    }
}

/// Shape by probability-weighted moments of ascending excesses; `None` for fewer than five.
fn shape_of(sorted: &[f64]) -> Option<f64> {
    if sorted.len() < 5 {
        return None;
    }
    let n = sorted.len() as f64;
    let first = sorted.iter().sum::<f64>() / n;
    let weighted = sorted.iter().enumerate().map(|(i, x)| {
        let plotting = (i as f64 + 0.65) / n;
        (1.0 - plotting) * x
    });
    let second = weighted.sum::<f64>() / n;
    let shape = 2.0 - first / (first - 2.0 * second);
    shape.is_finite().then(|| shape.clamp(SHAPES.0, SHAPES.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(points: f64, excesses: impl IntoIterator<Item = f64>) -> Record {
        Record {
            points,
            excesses: excesses.into_iter().collect(),
        }
    }

    /// Quantiles of a generalised Pareto distribution.
    fn pareto(n: usize, scale: f64, shape: f64) -> Vec<f64> {
        (0..n)
            .map(|i| {
                let p = (i as f64 + 0.5) / n as f64;
                scale / shape * ((1.0 - p).powf(-shape) - 1.0)
            })
            .collect()
    }

    #[test]
    fn a_known_tail_is_found_again() {
        let tail = Tail::fit(record(10_000.0, pareto(1000, 1.5, 0.4)), 1);
        assert!((tail.shape - 0.4).abs() < 0.05, "{tail:?}");
        assert!((tail.scale - 1.5).abs() < 0.2, "{tail:?}");
        let exact = 0.1 * (1.0 + 0.4 * 8.0 / 1.5_f64).powf(-2.5);
        assert!((tail.p(10.0) / exact).ln().abs() < 0.35, "{}", tail.p(10.0));
    }

    #[test]
    fn without_a_record_ten_standard_deviations_are_still_rare() {
        let tail = Tail::fit(Record::default(), 1);
        assert!(tail.p(10.0) < 0.001 && tail.p(3.0) > 0.01);
        assert!(tail.conformal_p(10.0).abs() < 1e-12);
        let many = Tail::fit(Record::default(), 100);
        assert!((many.conformal_p(100.0) - 1.0 / 2001.0).abs() < 1e-12);
        assert!((tail.p(1.0) - 1.0).abs() < 1e-12);
        assert!((tail.p(f64::NAN) - 1.0).abs() < 1e-12);
        assert!((many.conformal_p(f64::NAN) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_history_of_far_points_makes_them_likely() {
        let quiet = Tail::fit(record(3000.0, pareto(66, 0.4, 0.1)), 1);
        let wild = Tail::fit(record(3000.0, (0..90).map(|i| 1.0 + f64::from(i) / 8.0)), 1);
        assert!(quiet.p(10.0) < 1e-5);
        assert!(wild.p(10.0) > 5e-3);
    }
}
