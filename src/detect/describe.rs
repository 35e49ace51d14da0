//! What a change is worth and where it may lie: levels, effects with intervals, ranges.

use super::find::{CLIP, Found};
use super::noise::Noise;
use super::{ChangePoint, Regime, Scale};
use crate::stats;

/// A series ready to describe: the values that exist, offsets of strata taken out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points<'a> {
    /// Values on the working scale.
    pub(super) y: &'a [f64],
    /// Index of each in the input, ascending.
    pub(super) place: &'a [usize],
    /// Extra variance of each level from the offsets of strata.
    pub(super) offset_variance: f64,
}

/// Robust centre of a stretch with its standard error.
#[derive(Debug, Clone, Copy)]
struct Centre {
    level: f64,
    error: f64,
    n: usize,
}

/// ln 20: a split whose likelihood is 20 times smaller is out of a 90 % range.
const RANGE_CUT: f64 = 2.995_732_273_553_991;

fn centre(y: &[f64], noise: &Noise) -> Centre {
    let median = stats::median(y).unwrap_or(f64::NAN);
    let reach = CLIP * noise.sigma;
    let (mut sum, mut count) = (0.0, 0.0);
    for value in y.iter().filter(|value| (*value - median).abs() <= reach) {
        sum += value - median;
        count += 1.0;
    }
    let level = if count > 0.0 {
        median + sum / count
    } else {
        median
    };
    let widen = (1.0 + noise.phi) / (1.0 - noise.phi);
    Centre {
        level,
        error: noise.sigma * (widen / y.len() as f64).sqrt(),
        n: y.len(),
    }
}

fn back(scale: Scale, level: f64) -> f64 {
    match scale {
        Scale::Log => level.exp(),
        Scale::Linear => level,
    }
}

fn quantile(n: usize) -> f64 {
    if n < 2 {
        return f64::INFINITY;
    }
    stats::student_t_quantile(0.975, (n - 1) as f64)
}

/// The regimes between `bounds`, which are compact indices that begin with 0 and end with the
/// number of points.
pub(super) fn regimes(
    points: &Points<'_>,
    bounds: &[usize],
    noise: &Noise,
    scale: Scale,
) -> Vec<Regime> {
    let freedom = quantile(points.y.len());
    bounds
        .windows(2)
        .filter(|pair| pair[0] < pair[1])
        .map(|pair| {
            let centre = centre(&points.y[pair[0]..pair[1]], noise);
            let reach = reach(freedom, centre.error.hypot(points.offset_variance.sqrt()));
            Regime {
                first: points.place[pair[0]],
                last: points.place[pair[1] - 1],
                n: centre.n,
                level: back(scale, centre.level),
                level_low: back(scale, centre.level - reach),
                level_high: back(scale, centre.level + reach),
            }
        })
        .collect()
}

/// Half the width of an interval; unbounded with one point, exact without noise.
fn reach(quantile: f64, error: f64) -> f64 {
    if error > 0.0 { quantile * error } else { 0.0 }
}

/// One change between the stretches `first..at` and `at..last`.
pub(super) fn change(
    points: &Points<'_>,
    first: usize,
    found: Found,
    last: usize,
    noise: &Noise,
    scale: Scale,
) -> ChangePoint {
    let at = found.at;
    let before = centre(&points.y[first..at], noise);
    let after = centre(&points.y[at..last], noise);
    let shift = after.level - before.level;
    let error = (before.error.powi(2) + after.error.powi(2) + points.offset_variance).sqrt();
    let reach = reach(quantile(points.y.len()), error);
    let effect = |shift: f64| match scale {
        Scale::Log => shift.exp_m1(),
        Scale::Linear => shift,
    };
    let (earliest, latest) = range(&points.y[first..last], at - first, &before, &after, noise);
    ChangePoint {
        index: points.place[at],
        from: points.place[first + earliest - 1] + 1,
        to: points.place[first + latest],
        before: back(scale, before.level),
        after: back(scale, after.level),
        effect: effect(shift),
        effect_low: effect(shift - reach),
        effect_high: effect(shift + reach),
        p: found.p,
    }
}

/// Splits whose cost is within the cut of the best, given the two levels, as first and last
/// index of the new level; never empty, and never a side without a point.
fn range(y: &[f64], at: usize, before: &Centre, after: &Centre, noise: &Noise) -> (usize, usize) {
    if noise.sigma <= 0.0 {
        return (at, at);
    }
    let ceiling = CLIP * CLIP;
    let loss = |value: f64, level: f64| ((value - level) / noise.sigma).powi(2).min(ceiling);
    let mut running = 0.0;
    let mut costs = Vec::with_capacity(y.len());
    for value in &y[..y.len() - 1] {
        running += loss(*value, before.level) - loss(*value, after.level);
        costs.push(running);
    }
    let best = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let widen = (1.0 + noise.phi) / (1.0 - noise.phi);
    let cut = best + 2.0 * RANGE_CUT * widen;
    let earliest = costs.iter().position(|c| *c <= cut).map_or(at, |i| i + 1);
    let latest = costs.iter().rposition(|c| *c <= cut).map_or(at, |i| i + 1);
    (earliest.min(at), latest.max(at))
}
