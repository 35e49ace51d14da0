//! What was found, in the caller's units: levels and effects with their intervals.

use super::confirm::Changes;
use super::find::Found;
use super::noise::Noise;
use super::strata::Offsets;
use super::{ChangePoint, Detection, Regime, Scale, Settings};
use crate::stats;

/// A series ready to describe: the values that exist, offsets of strata taken out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points<'a> {
    /// Values on the working scale.
    pub(super) y: &'a [f64],
    /// Index of each in the input, ascending.
    pub(super) place: &'a [usize],
    /// Stratum of each and the offsets, where known.
    pub(super) strata: Option<(&'a [u32], &'a Offsets)>,
    pub(super) noise: Noise,
    pub(super) scale: Scale,
}

/// Residuals beyond this many standard deviations pull a level no more: Huber (1964), 96 % of the
/// efficiency of the mean on normal noise.
const HUBER: f64 = 1.5;
/// Most steps towards the Huber estimate.
const HUBER_STEPS: usize = 8;
/// A step this small, as a share of the clip, is the last.
const HUBER_CLOSE: f64 = 1e-5;

/// Where stretches begin, and the end: breaks and changes together.
pub(super) fn bounds(n: usize, cuts: &[usize], found: &[Found]) -> Vec<usize> {
    let mut bounds = vec![0, n];
    bounds.extend_from_slice(cuts);
    bounds.extend(found.iter().map(|change| change.at));
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// Robust centre of a stretch.
pub(super) fn centre(y: &[f64], scale: f64) -> f64 {
    let median = stats::median(y).unwrap_or(0.0);
    let reach = HUBER * scale;
    if reach <= 0.0 {
        return median;
    }
    let mut level = median;
    for _ in 0..HUBER_STEPS {
        let (mut pull, mut inside) = (0.0, 0.0);
        for value in y {
            let residual = value - level;
            pull += residual.clamp(-reach, reach);
            if residual.abs() <= reach {
                inside += 1.0;
            }
        }
        if inside <= 0.0 {
            return median;
        }
        level += pull / inside;
        if pull.abs() <= HUBER_CLOSE * reach * inside {
            break;
        }
    }
    level
}

impl Points<'_> {
    fn back(&self, level: f64) -> f64 {
        match self.scale {
            Scale::Log => level.exp(),
            Scale::Linear => level,
        }
    }

    fn effect(&self, shift: f64) -> f64 {
        match self.scale {
            Scale::Log => shift.exp_m1(),
            Scale::Linear => shift,
        }
    }

    /// Variance of one point as it enters a level: E ψ² / (E ψ′)² of Huber's ψ over the residuals
    /// of all stretches, times the long-run ratio; and the t quantile that goes with it.
    fn variance(&self, bounds: &[usize], levels: &[f64]) -> (f64, f64) {
        let reach = HUBER * self.noise.scale;
        let (mut squares, mut inside, mut n) = (0.0, 0.0, 0.0);
        for (pair, level) in bounds.windows(2).zip(levels) {
            for value in &self.y[pair[0]..pair[1]] {
                let residual = value - level;
                squares += residual.clamp(-reach, reach).powi(2);
                if residual.abs() <= reach {
                    inside += 1.0;
                }
                n += 1.0;
            }
        }
        let freedom = n - levels.len() as f64;
        if inside <= 0.0 || squares <= 0.0 {
            return (0.0, 0.0);
        }
        if freedom < 1.0 {
            return (1.0, f64::INFINITY);
        }
        let share: f64 = inside / n;
        let run = self.noise.run;
        let quantile = stats::student_t_quantile(0.975, (freedom / run.sqrt()).max(1.0));
        (squares / freedom / (share * share) * run, quantile)
    }

    /// Share of the points of a stretch that each stratum has.
    fn shares(&self, first: usize, last: usize) -> Vec<f64> {
        let Some((strata, offsets)) = self.strata else {
            return Vec::new();
        };
        let mut shares = vec![0.0; offsets.offset.len()];
        for &stratum in &strata[first..last] {
            shares[stratum as usize] += 1.0 / (last - first) as f64;
        }
        shares
    }

    /// What the errors of the offsets add to the variance of Σ shareₛ·offsetₛ.
    fn offset_variance(&self, shares: &[f64], variance: f64) -> f64 {
        let Some((_, offsets)) = self.strata else {
            return 0.0;
        };
        let commonest = offsets.commonest;
        let error = |stratum: usize| variance / offsets.count[stratum].max(1) as f64;
        let total: f64 = shares
            .iter()
            .enumerate()
            .filter(|(stratum, _)| *stratum != commonest)
            .map(|(stratum, share)| share * share * error(stratum))
            .sum();
        let common: f64 = shares
            .iter()
            .enumerate()
            .filter(|(stratum, _)| *stratum != commonest)
            .map(|(_, share)| share)
            .sum();
        total + common * common * error(commonest)
    }

    /// Everything said of the series. Changes smaller than wanted are taken out, least first, and
    /// their neighbours described again without them.
    pub(super) fn describe(
        &self,
        cuts: &[usize],
        changes: Changes,
        settings: &Settings,
        offsets: Vec<f64>,
    ) -> Detection {
        let mut found = changes.found;
        loop {
            let bounds = bounds(self.y.len(), cuts, &found);
            let levels: Vec<f64> = bounds
                .windows(2)
                .map(|pair| centre(&self.y[pair[0]..pair[1]], self.noise.scale))
                .collect();
            let spread = self.variance(&bounds, &levels);
            let change_points: Vec<ChangePoint> = found
                .iter()
                .map(|change| self.change(*change, &bounds, &levels, spread))
                .collect();
            let sizes: Vec<f64> = change_points.iter().map(|c| self.relative(c)).collect();
            let least = (0..sizes.len()).min_by(|&a, &b| sizes[a].total_cmp(&sizes[b]));
            if let Some(least) = least
                && sizes[least] < settings.min_effect
            {
                found.remove(least);
                continue;
            }
            return Detection {
                scale: self.scale,
                change_points,
                regimes: self.regimes(&bounds, &levels, spread),
                excursions: self.excursions(&changes.excursions, spread),
                sigma: self.noise.sigma,
                autocorrelation: self.noise.phi,
                offsets,
            };
        }
    }

    fn regimes(&self, bounds: &[usize], levels: &[f64], spread: (f64, f64)) -> Vec<Regime> {
        bounds
            .windows(2)
            .zip(levels)
            .filter(|(pair, _)| pair[0] < pair[1])
            .map(|(pair, level)| self.regime(pair[0], pair[1], *level, spread))
            .collect()
    }

    fn excursions(&self, stretches: &[(usize, usize)], spread: (f64, f64)) -> Vec<Regime> {
        stretches
            .iter()
            .map(|&(first, end)| {
                let level = centre(&self.y[first..end], self.noise.scale);
                self.regime(first, end, level, spread)
            })
            .collect()
    }

    fn regime(&self, first: usize, end: usize, level: f64, spread: (f64, f64)) -> Regime {
        let (variance, quantile) = spread;
        let n = end - first;
        let shares = self.shares(first, end);
        let error = (variance / n as f64 + self.offset_variance(&shares, variance)).sqrt();
        let reach = reach(quantile, error);
        Regime {
            first: self.place[first],
            last: self.place[end - 1],
            n,
            level: self.back(level),
            level_low: self.back(level - reach),
            level_high: self.back(level + reach),
        }
    }

    fn change(
        &self,
        found: Found,
        bounds: &[usize],
        levels: &[f64],
        spread: (f64, f64),
    ) -> ChangePoint {
        let (variance, quantile) = spread;
        let here = bounds.partition_point(|&bound| bound < found.at);
        let (first, last) = (bounds[here - 1], bounds[here + 1]);
        let (before, after) = (levels[here - 1], levels[here]);
        let points = 1.0 / (found.at - first) as f64 + 1.0 / (last - found.at) as f64;
        let mut moved = self.shares(found.at, last);
        for (after, before) in moved.iter_mut().zip(self.shares(first, found.at)) {
            *after -= before;
        }
        let error = (variance * points + self.offset_variance(&moved, variance)).sqrt();
        let reach = reach(quantile, error);
        let shift = after - before;
        let from = found.from.clamp(first + 1, found.at);
        let to = found.to.clamp(found.at, last - 1);
        ChangePoint {
            index: self.place[found.at],
            // What was never measured may hold the change too.
            from: self.place[from - 1] + 1,
            to: self.place[to],
            before: self.back(before),
            after: self.back(after),
            effect: self.effect(shift),
            effect_low: self.effect(shift - reach),
            effect_high: self.effect(shift + reach),
            p: found.p,
        }
    }

    /// Size of a change relative to the level before it.
    fn relative(&self, change: &ChangePoint) -> f64 {
        match self.scale {
            Scale::Log => change.effect.abs(),
            Scale::Linear => (change.effect / change.before).abs(),
        }
    }
}

/// Half the width of an interval; none without noise.
fn reach(quantile: f64, error: f64) -> f64 {
    if error > 0.0 { quantile * error } else { 0.0 }
}
