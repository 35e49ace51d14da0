//! Change points of a series of numbers.
//!
//! Works on `&[f64]` alone: no commits, no files, no store. The method and its sources are in
//! `docs/method.md`.

mod describe;
mod evidence;
mod find;
mod noise;
mod segment;
mod strata;
#[cfg(test)]
mod tests;

use describe::Points;
use find::Found;
use noise::Noise;
use segment::Workspace;
use strata::Offsets;

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

/// Times that offsets of strata and levels are estimated in turn. They settle in two or three.
const STRATA_ROUNDS: usize = 3;

/// Finds the change points of a series.
///
/// Deterministic, and total: any input gives an answer. Values that are NaN or infinite are
/// missing. Per-point slices (`strata`, `precision`) of another length than `values` are taken as
/// not known.
///
/// ```
/// use plimsoll::detect::{Input, Settings, detect};
/// let noise = |i: usize| ((i * 7919) % 101) as f64 / 101.0;
/// let values: Vec<f64> = (0..100)
///     .map(|i| noise(i) + if i < 60 { 100.0 } else { 104.0 })
///     .collect();
/// let found = detect(&Input { values: &values, ..Input::default() }, &Settings::default());
/// assert_eq!(found.change_points[0].index, 60);
/// assert!(found.change_points[0].p < 1e-6);
/// ```
#[must_use]
pub fn detect(input: &Input<'_>, settings: &Settings) -> Detection {
    let scale = working_scale(input.values);
    let with_strata = input.strata.len() == input.values.len() && !input.values.is_empty();
    let mut place = Vec::with_capacity(input.values.len());
    let mut raw = Vec::with_capacity(input.values.len());
    let mut strata = Vec::new();
    for (index, value) in input.values.iter().enumerate() {
        if value.is_finite() {
            place.push(index);
            raw.push(match scale {
                Scale::Log => value.ln(),
                Scale::Linear => *value,
            });
            if with_strata {
                strata.push(input.strata[index]);
            }
        }
    }
    let strata = Strata::renumbered(input.strata, with_strata, strata);
    let cuts = cuts(input.breaks, &place);
    let mut work = Workspace::default();
    if strata.index.is_empty() {
        let noise = noise::estimate(&raw);
        let found = in_blocks(&raw, &cuts, &noise, settings.p, &mut work);
        let points = Points {
            y: &raw,
            place: &place,
            offset_variance: 0.0,
        };
        return assemble(&points, &cuts, found, &noise, scale, settings, Vec::new());
    }
    with_offsets(&raw, &place, &strata, &cuts, scale, settings, &mut work)
}

/// Strata as dense indices, in the order of the caller's own.
struct Strata {
    index: Vec<u32>,
    /// The caller's largest stratum plus one, and where each of his strata stands here.
    names: Vec<u32>,
    given: usize,
}

impl Strata {
    /// A caller's index may be any number: the dense ones here bound the memory by the points.
    fn renumbered(all: &[u32], given: bool, present: Vec<u32>) -> Self {
        if !given {
            return Self {
                index: Vec::new(),
                names: Vec::new(),
                given: 0,
            };
        }
        let mut names = present.clone();
        names.sort_unstable();
        names.dedup();
        let index = present
            .iter()
            .filter_map(|stratum| names.binary_search(stratum).ok())
            .map(|dense| dense as u32)
            .collect();
        let most = all.iter().max().map_or(0, |most| *most as usize + 1);
        Self {
            index,
            names,
            given: most.min(all.len().max(1) * 64),
        }
    }

    fn in_callers_order(&self, offsets: &Offsets) -> Vec<f64> {
        let mut out = vec![f64::NAN; self.given];
        for (dense, &name) in self.names.iter().enumerate() {
            if let Some(slot) = out.get_mut(name as usize) {
                *slot = offsets.offset[dense];
            }
        }
        out
    }
}

fn working_scale(values: &[f64]) -> Scale {
    let mut finite = values.iter().filter(|value| value.is_finite()).peekable();
    if finite.peek().is_some() && finite.all(|value| *value > 0.0) {
        Scale::Log
    } else {
        Scale::Linear
    }
}

/// Breaks as compact indices, ascending, each with a point on either side.
fn cuts(breaks: &[usize], place: &[usize]) -> Vec<usize> {
    let mut cuts: Vec<usize> = breaks
        .iter()
        .map(|&at| place.partition_point(|&index| index < at))
        .filter(|&at| at > 0 && at < place.len())
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Changes between the cuts, each stretch by itself.
fn in_blocks(
    y: &[f64],
    cuts: &[usize],
    noise: &Noise,
    limit: f64,
    work: &mut Workspace,
) -> Vec<Found> {
    let mut bounds = vec![0];
    bounds.extend_from_slice(cuts);
    bounds.push(y.len());
    let mut found = Vec::new();
    for pair in bounds.windows(2) {
        for change in find::find(&y[pair[0]..pair[1]], noise, limit, work) {
            found.push(Found {
                at: change.at + pair[0],
                ..change
            });
        }
    }
    found
}

/// As without strata, in rounds: offsets give levels, levels give offsets. Points of a stratum
/// without an offset take no part.
fn with_offsets(
    raw: &[f64],
    place: &[usize],
    strata: &Strata,
    cuts_at: &[usize],
    scale: Scale,
    settings: &Settings,
    work: &mut Workspace,
) -> Detection {
    let mut offsets = Offsets::from_neighbours(raw, &strata.index);
    let mut round = 0;
    loop {
        round += 1;
        let known: Vec<usize> = (0..raw.len())
            .filter(|&i| offsets.of(strata.index[i]).is_finite())
            .collect();
        let y: Vec<f64> = known
            .iter()
            .map(|&i| raw[i] - offsets.of(strata.index[i]))
            .collect();
        let kept: Vec<usize> = known.iter().map(|&i| place[i]).collect();
        let breaks: Vec<usize> = cuts_at.iter().map(|&cut| place[cut]).collect();
        let cuts = cuts(&breaks, &kept);
        let noise = noise::estimate(&y);
        let found = in_blocks(&y, &cuts, &noise, settings.p, work);
        if round < STRATA_ROUNDS {
            let levels = levels(&y, &cuts, &found);
            let own: Vec<u32> = known.iter().map(|&i| strata.index[i]).collect();
            let values: Vec<f64> = known.iter().map(|&i| raw[i]).collect();
            offsets.refine(&values, &own, &levels);
            continue;
        }
        let fewest = offsets
            .count
            .iter()
            .filter(|n| **n >= strata::STRATUM_POINTS)
            .min()
            .copied()
            .unwrap_or(1);
        let several = offsets.offset.iter().filter(|o| o.is_finite()).count() > 1;
        let points = Points {
            y: &y,
            place: &kept,
            offset_variance: if several {
                noise.sigma.powi(2) / fewest as f64 / y.len().max(1) as f64
            } else {
                0.0
            },
        };
        let given = strata.in_callers_order(&offsets);
        return assemble(&points, &cuts, found, &noise, scale, settings, given);
    }
}

/// Level at every point: the median of its stretch.
fn levels(y: &[f64], cuts: &[usize], found: &[Found]) -> Vec<f64> {
    let mut levels = Vec::with_capacity(y.len());
    for pair in bounds(y.len(), cuts, found).windows(2) {
        let level = crate::stats::median(&y[pair[0]..pair[1]]).unwrap_or(0.0);
        levels.resize(pair[1], level);
    }
    levels
}

/// Where stretches begin, and the end: cuts and changes together.
fn bounds(n: usize, cuts: &[usize], found: &[Found]) -> Vec<usize> {
    let mut bounds = vec![0, n];
    bounds.extend_from_slice(cuts);
    bounds.extend(found.iter().map(|change| change.at));
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// Describes what was found; changes smaller than wanted are taken out, least first, and their
/// neighbours described again without them.
fn assemble(
    points: &Points<'_>,
    cuts: &[usize],
    mut found: Vec<Found>,
    noise: &Noise,
    scale: Scale,
    settings: &Settings,
    offsets: Vec<f64>,
) -> Detection {
    loop {
        let bounds = bounds(points.y.len(), cuts, &found);
        let change_points: Vec<ChangePoint> = found
            .iter()
            .map(|change| {
                let here = bounds.partition_point(|&bound| bound < change.at);
                describe::change(
                    points,
                    bounds[here - 1],
                    *change,
                    bounds[here + 1],
                    noise,
                    scale,
                )
            })
            .collect();
        let smallest = (0..change_points.len()).min_by(|&a, &b| {
            relative(&change_points[a], scale).total_cmp(&relative(&change_points[b], scale))
        });
        if let Some(least) = smallest
            && relative(&change_points[least], scale) < settings.min_effect
        {
            found.remove(least);
            continue;
        }
        return Detection {
            scale,
            change_points,
            regimes: describe::regimes(points, &bounds, noise, scale),
            sigma: noise.sigma,
            autocorrelation: noise.phi,
            offsets,
        };
    }
}

/// Size of a change relative to the level before it.
fn relative(change: &ChangePoint, scale: Scale) -> f64 {
    match scale {
        Scale::Log => change.effect.abs(),
        Scale::Linear => (change.effect / change.before).abs(),
    }
}
