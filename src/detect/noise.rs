//! How much one point scatters around its level, and how the scatter of neighbours hangs
//! together. All of it from differences, so that steps of the level do not enter.

use super::jumps::{AT_ONCE, clear_steps};
use super::window::{self, running_median, smaller};
use crate::stats;

/// The noise of one series on its working scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    /// Scale of a point from differences of neighbours: the unit of the search.
    pub(super) scale: f64,
    /// Standard deviation of a point around its level, wandering included.
    pub(super) sigma: f64,
    /// Lag-1 autocorrelation; 0 where too small to tell or not estimated.
    pub(super) phi: f64,
    /// Long-run variance over `scale²`, at least 1: by how much more the mean of many neighbours
    /// scatters than if they were independent.
    pub(super) run: f64,
}

/// Below this autocorrelation the estimate is indistinguishable from none.
const PHI_FLOOR: f64 = 0.2;
/// Largest autocorrelation that is believed.
const PHI_CEILING: f64 = 0.9;
/// Fewest points on which autocorrelation is estimated.
const PHI_POINTS: usize = 30;
/// Fewest points on which a long-run variance is estimated.
const RUN_POINTS: usize = 24;
/// Longest block whose means are compared. Longer ones see too few blocks in 200 points.
const LONGEST_BLOCK: usize = 8;
/// Above this the ratio grows at half the pace: it is then a level that moves.
const RUN_KNEE: f64 = 6.0;
/// Mean of the lowest 80 % of χ² with one degree of freedom.
const LOWER_CHI: f64 = 0.4373;

/// A level that moves by this many standard deviations and stays is a step, not wandering.
const STEP: f64 = 2.5;
/// How far before and after a step the running median is looked at.
const STEP_SIDE: usize = window::WINDOW / 2 + 1;

/// Most differences of block means that are looked at.
const MOST_BLOCKS: usize = 8192;
/// Fewest differences of block means that are worth an estimate.
const FEWEST_BLOCKS: usize = 12;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    steps: Vec<usize>,
    clipped: Vec<f64>,
    prefix: Vec<f64>,
    halves: window::Halves,
    ranked: stats::Ranked,
}

impl Workspace {
    /// The running median of `y`; `None` with fewer points than its window has.
    pub(super) fn running_median(&mut self, y: &[f64]) -> Option<&[f64]> {
        running_median(y, &mut self.halves, &mut self.clipped).then_some(&self.clipped)
    }

    /// The median of some values.
    pub(super) fn median(&mut self, values: impl Iterator<Item = f64>) -> Option<f64> {
        self.ranked.load(values);
        self.ranked.median()
    }
}

/// The scale of a point, and whether it comes from differences: where nine neighbours in ten are
/// equal, what differs are steps, not noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct PointScale {
    pub(super) scale: f64,
    varies: bool,
}

/// [`Noise::scale`] alone.
pub(super) fn scale(y: &[f64], work: &mut Workspace) -> PointScale {
    let differences = stats::difference_scale_with(y, &mut work.ranked);
    if differences <= 0.0 {
        return PointScale {
            scale: resolution(y) / 12.0_f64.sqrt(),
            varies: false,
        };
    }
    let ties = y.windows(2).any(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    let scale = if ties {
        differences.max(resolution(y) / 12.0_f64.sqrt())
    } else {
        differences
    };
    PointScale {
        scale,
        varies: true,
    }
}

pub(super) fn estimate(y: &[f64], work: &mut Workspace) -> Noise {
    let known = scale(y, work);
    around(y, known, work)
}

/// The noise of `y`, whose scale is known.
pub(super) fn around(y: &[f64], known: PointScale, work: &mut Workspace) -> Noise {
    let PointScale { scale, varies } = known;
    if !varies {
        return Noise {
            scale,
            sigma: scale,
            phi: 0.0,
            run: 1.0,
        };
    }
    let phi = autocorrelation(y, scale);
    let phi = if phi > PHI_FLOOR && y.len() >= PHI_POINTS {
        phi.min(PHI_CEILING)
    } else {
        0.0
    };
    Noise {
        scale,
        sigma: scale / (1.0 - phi).sqrt(),
        phi,
        run: long_run(y, scale, work),
    }
}

/// Long-run variance over scale². Means of adjacent blocks of L points differ with variance 2/L
/// times it; the largest over L = 2, 4, 8, each reduced for the largest of several noisy ratios,
/// so that independent noise comes out near 1.
fn long_run(y: &[f64], scale: f64, work: &mut Workspace) -> f64 {
    let n = y.len();
    if n < RUN_POINTS {
        return 1.0;
    }
    let levelled = without_clear_steps(y, scale);
    let y = levelled.as_deref().unwrap_or(y);
    running_median(y, &mut work.halves, &mut work.clipped);
    mark_steps(scale, work);
    clip_to_running_median(y, scale, work);
    work.prefix.clear();
    work.prefix.push(0.0);
    let mut total = 0.0;
    for value in &work.clipped {
        total += value;
        work.prefix.push(total);
    }
    let Some(first) = block_variance(1, work) else {
        return 1.0;
    };
    let mut most = 1.0_f64;
    let mut length = 2;
    while length <= LONGEST_BLOCK && n >= 6 * length {
        if let Some(variance) = block_variance(length, work) {
            // The square of its relative standard error: the largest of several noisy ratios
            // is too large by about that.
            let excess = 2.0 * length as f64 / n as f64;
            most = most.max(variance / first / (1.0 + excess));
        }
        length *= 2;
    }
    if most > RUN_KNEE {
        RUN_KNEE + 0.5 * (most - RUN_KNEE)
    } else {
        most
    }
}

/// y with its clear steps taken out; `None` where there is none.
fn without_clear_steps(y: &[f64], scale: f64) -> Option<Vec<f64>> {
    let mut levelled: Option<Vec<f64>> = None;
    let mut taken = 0.0;
    for (at, jump) in clear_steps(y, scale) {
        taken += jump;
        let rest = levelled.get_or_insert_with(|| y.to_vec());
        for (value, original) in rest[at..].iter_mut().zip(&y[at..]) {
            *value = original - taken;
        }
    }
    levelled
}

/// y within three deviations of its running median, in units of `scale` around its first value.
fn clip_to_running_median(y: &[f64], scale: f64, work: &mut Workspace) {
    let off = y.iter().zip(&work.clipped).map(|(y, m)| (y - m).abs());
    work.ranked.load(off);
    let deviation = work.ranked.median().unwrap_or(0.0);
    let reach = 3.0 * (stats::MAD_TO_SD * deviation).max(0.3 * scale);
    let origin = y[0];
    for (clipped, value) in work.clipped.iter_mut().zip(y) {
        let middle = *clipped;
        *clipped = (value.clamp(middle - reach, middle + reach) - origin) / scale;
    }
}

/// Places where the running median moves for good: by [`STEP`] deviations, and on either side for
/// as long again by less than half of that.
fn mark_steps(scale: f64, work: &mut Workspace) {
    let middle = &work.clipped;
    let n = middle.len();
    work.steps.clear();
    let at = |i: usize, offset: usize, ahead: bool| {
        if ahead {
            middle[(i + offset).min(n - 1)]
        } else {
            middle[i.saturating_sub(offset)]
        }
    };
    if n < 2 * STEP_SIDE {
        return;
    }
    // What the median is so far before and after each place from STEP_SIDE on.
    let (from, to) = (
        &middle[..n - 2 * STEP_SIDE + 1],
        &middle[2 * STEP_SIDE - 1..],
    );
    let moves = |(from, to): (&f64, &f64)| (to - from).abs() >= STEP * scale;
    for (block, (from, to)) in from.chunks(AT_ONCE).zip(to.chunks(AT_ONCE)).enumerate() {
        let pairs = || from.iter().zip(to);
        if !pairs().fold(false, |any, pair| any | moves(pair)) {
            continue;
        }
        for (k, pair) in pairs().enumerate().filter(|(_, pair)| moves(*pair)) {
            let i = STEP_SIDE + block * AT_ONCE + k;
            let size = (pair.1 - pair.0).abs();
            let after = at(i, 2 * STEP_SIDE, true) - at(i, STEP_SIDE - 1, true);
            let before = at(i, STEP_SIDE, false) - at(i, 2 * STEP_SIDE, false);
            if after.abs() <= 0.5 * size && before.abs() <= 0.5 * size {
                work.steps.push(i);
            }
        }
    }
}

/// Variance of one point as differences of the means of adjacent blocks show it, steps trimmed
/// away with the largest fifth. `None` where nothing varies.
fn block_variance(length: usize, work: &mut Workspace) -> Option<f64> {
    let Workspace {
        prefix,
        steps,
        ranked,
        ..
    } = work;
    let last = prefix.len() - 2 * length;
    let square = |i: usize| {
        let middle = prefix[i + length];
        let difference = prefix[i + 2 * length] - middle - (middle - prefix[i]);
        difference * difference
    };
    // Differences of overlapping blocks say little more than every few of them.
    let stride = last.div_ceil(MOST_BLOCKS).max(1);
    if steps.is_empty() && stride == 1 {
        let ends = prefix.iter().zip(&prefix[length..]);
        ranked.load(ends.zip(&prefix[2 * length..]).map(|((from, middle), to)| {
            let difference = to - middle - (middle - from);
            difference * difference
        }));
    } else {
        // Blocks that a step falls into say nothing of the noise.
        let mut step = 0;
        let apart = |i: &usize| {
            while step < steps.len() && steps[step] <= *i {
                step += 1;
            }
            steps.get(step).is_none_or(|at| *at >= i + 2 * length)
        };
        ranked.load((0..last).step_by(stride).filter(apart).map(square));
    }
    let kept = ranked.len() * 4 / 5;
    if kept < FEWEST_BLOCKS {
        return None;
    }
    let mean = ranked.sum_of_smallest(kept) / kept as f64;
    (mean > 0.0).then_some(mean / (2.0 * LOWER_CHI * length as f64))
}

/// Smallest difference between two different values: what the clock or counter can tell apart.
/// 0 for a constant series.
fn resolution(y: &[f64]) -> f64 {
    let mut sorted = y.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let least = sorted
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|gap| *gap > 0.0)
        .fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.0 }
}

/// φ from E[d₂²]/E[d₁²] − 1, differences clipped at three standard deviations (after Chakar et
/// al., Bernoulli 2017, who use medians).
fn autocorrelation(y: &[f64], scale: f64) -> f64 {
    if y.len() < 4 || scale <= 0.0 {
        return 0.0;
    }
    let limit = 3.0 * scale * std::f64::consts::SQRT_2;
    let power = |lag: usize| {
        let square = |a: f64, b: f64| {
            let off = smaller((a - b).abs(), limit);
            off * off
        };
        // Four sums at once: an addition need not wait for the one before.
        let (late, early) = (y[lag..].chunks_exact(4), y[..y.len() - lag].chunks_exact(4));
        let rest = late.remainder().iter().zip(early.remainder());
        let rest: f64 = rest.map(|(a, b)| square(*a, *b)).sum();
        let mut sums = [0.0; 4];
        for (late, early) in late.zip(early) {
            for i in 0..4 {
                sums[i] += square(late[i], early[i]);
            }
        }
        let sum = (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest;
        sum / (y.len() - lag) as f64
    };
    let first = power(1);
    if first <= 0.0 {
        return 0.0;
    }
    (power(2) / first - 1.0).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::window::tests::independent;
    use super::*;

    #[test]
    fn independent_noise_has_no_long_run() {
        let noise = estimate(&independent(2000), &mut Workspace::default());
        assert!(noise.run < 1.2, "{}", noise.run);
        assert!(noise.phi <= 0.0);
        assert!((noise.scale - 1.0 / 12.0_f64.sqrt()).abs() < 0.04);
    }

    #[test]
    fn wandering_noise_has_one() {
        let level = independent(200);
        let y: Vec<f64> = independent(2000)
            .iter()
            .enumerate()
            .map(|(i, z)| z + 2.0 * level[i / 10])
            .collect();
        assert!(estimate(&y, &mut Workspace::default()).run > 4.0);
    }

    #[test]
    fn steps_are_no_wandering() {
        let y: Vec<f64> = independent(300)
            .iter()
            .enumerate()
            .map(|(i, z)| z + if (i / 30) % 2 == 0 { 0.0 } else { 2.0 })
            .collect();
        assert!(estimate(&y, &mut Workspace::default()).run < 1.6);
    }

    #[test]
    fn autocorrelation_of_known_noise() {
        let mut state = 0.0;
        let y: Vec<f64> = independent(5000)
            .iter()
            .map(|z| {
                state = 0.5 * state + z - 0.5;
                state
            })
            .collect();
        let noise = estimate(&y, &mut Workspace::default());
        assert!((noise.phi - 0.5).abs() < 0.06, "{}", noise.phi);
    }

    #[test]
    fn steps_of_the_running_median_are_marked_wherever_they_lie() {
        for n in [30, 47, 64] {
            for at in STEP_SIDE..=n - STEP_SIDE {
                let mut work = Workspace {
                    clipped: (0..n).map(|i| if i < at { 0.0 } else { 4.0 }).collect(),
                    ..Workspace::default()
                };
                mark_steps(1.0, &mut work);
                assert!(work.steps.contains(&at), "{at} of {n}: {:?}", work.steps);
            }
        }
    }
}
