//! Change points of a series of numbers.
//!
//! Works on `&[f64]` alone: no commits, no files, no store. The method and its sources are in
//! `docs/method.md`.

mod confirm;
mod density;
mod describe;
mod evidence;
mod find;
mod jumps;
mod newest;
mod noise;
mod precision;
mod quiet;
mod score;
mod segment;
mod series;
mod strata;
#[cfg(test)]
mod tests;
mod window;

pub use series::{detect, detect_all};

/// What to look at. All slices are as long as `values`, or empty where not known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Input<'a> {
    /// The series in order; NaN is a missing value, which keeps its place.
    pub values: &'a [f64],
    /// Which machine each value was measured on, as small indices from 0: values of different
    /// strata are comparable only after an offset per stratum has been estimated.
    pub strata: &'a [u32],
    /// Standard error of each value relative to the value, where known (0 or NaN: unknown).
    pub precision: &'a [f64],
    /// Indices at which the machine changed for good. Levels on the two sides are never compared.
    pub breaks: &'a [usize],
}

/// How sure a change point must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// A change point is reported when its p-value is at most this.
    pub p: f64,
    /// Smallest relative effect that is reported, as a fraction; 0 reports every proven one.
    pub min_effect: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            p: 0.005,
            min_effect: 0.0,
        }
    }
}

/// On which scale levels were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Natural logarithm: every value is positive, effects are ratios.
    Log,
    /// As given: some value is 0 or negative, effects are differences.
    Linear,
}

/// What was found in one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// On which scale.
    pub scale: Scale,
    /// In order of index.
    pub change_points: Vec<ChangePoint>,
    /// The stretches between change points and breaks, in order; empty only without any value.
    pub regimes: Vec<Regime>,
    /// Stretches of fewer than 15 points off a level that came back, in order: bursts of noise, or
    /// a regression soon put right. No change points; their points count in the regime around.
    pub excursions: Vec<Regime>,
    /// Standard deviation of one point around its level, on the working scale (so about the
    /// coefficient of variation on the log scale).
    pub sigma: f64,
    /// Lag-1 autocorrelation of the noise, 0 where not estimated.
    pub autocorrelation: f64,
    /// Offset of each stratum on the working scale, relative to the commonest, whose offset is 0;
    /// NaN where a stratum has too few values to tell. Empty where no strata were given.
    pub offsets: Vec<f64>,
}

/// Where one regime ends and the next begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value of the new level.
    pub index: usize,
    /// First index at which the new level may have begun (90 % range).
    pub from: usize,
    /// Last index at which the new level may have begun, inclusive.
    pub to: usize,
    /// Level before, in input units.
    pub before: f64,
    /// Level after, in input units.
    pub after: f64,
    /// The change: after ÷ before − 1 on the log scale, after − before on the linear one.
    pub effect: f64,
    /// Lower 95 % bound of the effect.
    pub effect_low: f64,
    /// Upper 95 % bound of the effect.
    pub effect_high: f64,
    /// p-value, corrected for the search over all places.
    pub p: f64,
}

/// A stretch with one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regime {
    /// First index.
    pub first: usize,
    /// Last index, inclusive.
    pub last: usize,
    /// How many values stand in it (missing ones not counted).
    pub n: usize,
    /// Robust centre, in input units, offsets of strata taken out.
    pub level: f64,
    /// Lower 95 % bound of the level.
    pub level_low: f64,
    /// Upper 95 % bound of the level.
    pub level_high: f64,
}
