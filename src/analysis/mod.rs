//! From a series in git order to regimes, change points with suspects, and the noise between runs.

mod base;
pub mod capacity;
mod creep;
mod ledger;
mod memo;
mod runs;
mod spent;

pub(crate) use base::centre;
pub use base::{Base, Noise};
pub use creep::{CreepFound, Step, Windowed, exhaustion, measure_creep};
pub use ledger::{Course, Entry, Ledger};
pub use memo::Memo;
pub use runs::{RunSpread, centre_of_runs};
pub use spent::{Boundary, Spent, Stretch, level_around, spent};

use crate::detect::{ChangePoint, Input, Regime, Scale, Settings, detect};
use crate::history::{Point, STRATUM_POINTS, Series};

/// What is known of a series. Indices are those of the points that were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Whether levels were compared as ratios or differences.
    pub scale: Scale,
    /// Stretches with one level, in order.
    pub regimes: Vec<Regime>,
    /// Change points of the software, in order. A machine change is none: see `breaks`.
    pub changes: Vec<ChangePoint>,
    /// Indices at which the machine changed for good.
    pub breaks: Vec<usize>,
    /// Short stretches off a level that came back to it, in order; their points count in the
    /// regime around.
    pub excursions: Vec<Regime>,
    /// Offset of each point's machine on the working scale, NaN while it is not known.
    pub offsets: Vec<f64>,
    /// Standard deviation of one point around its level in the newest stretch, working scale.
    pub sigma: f64,
    /// Lag-1 autocorrelation of that noise.
    pub autocorrelation: f64,
}

/// Analyses all points of a series.
#[must_use]
pub fn analyse(series: &Series) -> Analysis {
    analyse_points(series, &series.points, &series.breaks())
}

/// Analyses some points of a series, each stretch between lasting machine changes by itself: across such a break
/// levels cannot be compared.
#[must_use]
pub fn analyse_points(series: &Series, points: &[Point], breaks: &[usize]) -> Analysis {
    let positive = points.iter().all(|point| point.value > 0.0);
    let mut analysis = Analysis {
        scale: if positive { Scale::Log } else { Scale::Linear },
        regimes: Vec::new(),
        changes: Vec::new(),
        breaks: breaks.to_vec(),
        excursions: Vec::new(),
        offsets: Vec::with_capacity(points.len()),
        sigma: 0.0,
        autocorrelation: 0.0,
    };
    let mut bounds = vec![0];
    bounds.extend(
        breaks
            .iter()
            .copied()
            .filter(|at| *at > 0 && *at < points.len()),
    );
    bounds.push(points.len());
    for pair in bounds.windows(2) {
        analysis.add_stretch(series, &points[pair[0]..pair[1]], pair[0]);
    }
    analysis
}

impl Analysis {
    fn add_stretch(&mut self, series: &Series, points: &[Point], start: usize) {
        let values: Vec<f64> = points.iter().map(|point| point.value).collect();
        let strata: Vec<u32> = points.iter().map(|point| point.stratum).collect();
        let precision: Vec<f64> = points.iter().map(|point| series.precision(point)).collect();
        let mixed = strata.windows(2).any(|pair| pair[0] != pair[1]);
        let input = Input {
            values: &values,
            strata: if mixed { &strata } else { &[] },
            precision: &precision,
            ..Input::default()
        };
        let found = detect(&input, &Settings::default());
        self.sigma = found.sigma;
        self.autocorrelation = found.autocorrelation;
        self.offsets.extend(strata.iter().map(|stratum| {
            if mixed {
                found
                    .offsets
                    .get(*stratum as usize)
                    .copied()
                    .unwrap_or(f64::NAN)
            } else {
                0.0
            }
        }));
        let shifted = |regime: &Regime| Regime {
            first: regime.first + start,
            last: regime.last + start,
            ..*regime
        };
        self.regimes.extend(found.regimes.iter().map(shifted));
        self.excursions.extend(found.excursions.iter().map(shifted));
        self.changes
            .extend(found.change_points.iter().map(|change| ChangePoint {
                index: change.index + start,
                from: change.from + start,
                to: change.to + start,
                ..*change
            }));
    }

    /// The level of the newest regime, in input units.
    #[must_use]
    pub fn level(&self) -> Option<f64> {
        self.regimes.last().map(|regime| regime.level)
    }
}

/// The commits that may have brought a change, as places on the timeline, most suspect first: all
/// after the last point that is surely of the old level, up to the last at which the new level may
/// have begun, commits that were never measured included.
#[must_use]
pub fn suspects(change: &ChangePoint, points: &[Point]) -> Vec<u32> {
    let place = |index: usize| points.get(index).map_or(0, |point| point.place);
    let after = |index: usize| if index == 0 { 0 } else { place(index - 1) + 1 };
    let likely = after(change.index)..=place(change.index);
    let mut suspects: Vec<u32> = likely.clone().rev().collect();
    let possible = after(change.from)..=place(change.to);
    suspects.extend(possible.filter(|place| !likely.contains(place)));
    suspects
}

/// How many points the machine of the last point has had since the machine changed, where that is
/// too few to judge by.
#[must_use]
pub fn points_on_new_machine(points: &[Point], stratum: u32) -> Option<usize> {
    let seen = points
        .iter()
        .filter(|point| point.stratum == stratum)
        .count();
    let others = points.iter().any(|point| point.stratum != stratum);
    (others && seen < STRATUM_POINTS).then_some(seen)
}

#[cfg(test)]
mod tests;
