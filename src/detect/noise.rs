//! How much one point scatters around its level, and how the scatter of neighbours hangs
//! together. All of it from differences, so that steps of the level do not enter.

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
/// Points of the running median that outliers are clipped to.
const WINDOW: usize = 11;
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
const STEP_SIDE: usize = WINDOW / 2 + 1;

/// Most differences of block means that are looked at.
const MOST_BLOCKS: usize = 8192;
/// Deviations between neighbouring levels that no wandering reaches at once.
const CLEAR_STEP: f64 = 5.0;
/// Fewest differences of block means that are worth an estimate.
const FEWEST_BLOCKS: usize = 12;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    steps: Vec<usize>,
    clipped: Vec<f64>,
    prefix: Vec<f64>,
    squares: Vec<f64>,
}

impl Workspace {
    /// What [`running_median`] left.
    pub(super) fn medians(&self) -> &[f64] {
        &self.clipped
    }
}

/// The scale of a point, and whether it comes from differences: where nine neighbours in ten are
/// equal, what differs are steps, not noise.
fn scale_of(y: &[f64]) -> (f64, bool) {
    let differences = stats::difference_scale(y);
    if differences <= 0.0 {
        return (resolution(y) / 12.0_f64.sqrt(), false);
    }
    let ties = y.windows(2).any(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    let scale = if ties {
        differences.max(resolution(y) / 12.0_f64.sqrt())
    } else {
        differences
    };
    (scale, true)
}

/// [`Noise::scale`] alone.
pub(super) fn scale(y: &[f64]) -> f64 {
    scale_of(y).0
}

pub(super) fn estimate(y: &[f64], work: &mut Workspace) -> Noise {
    let (scale, varies) = scale_of(y);
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
    running_median(y, work);
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

/// Clear steps: where each begins, and its size. The medians of three points on either side lie
/// [`CLEAR_STEP`] deviations apart, the three points beyond stay within a third of that, and most of
/// it lies between two neighbours: noise that wanders gets as far only by and by.
pub(super) fn clear_steps(y: &[f64], scale: f64) -> impl Iterator<Item = (usize, f64)> {
    let middle = |at: usize| {
        let (a, b, c) = (y[at], y[at + 1], y[at + 2]);
        a.max(b).min(a.min(b).max(c))
    };
    let mut at = 6;
    // The three middles before `at`, each at its index modulo 3.
    let mut before = [f64::NAN; 3];
    let mut known = 0;
    std::iter::from_fn(move || {
        while at + 6 <= y.len() {
            let here = at;
            for index in known.max(here - 3)..here {
                before[index % 3] = middle(index);
            }
            known = here + 1;
            let (earlier, own) = (before[here % 3], middle(here));
            before[here % 3] = own;
            let jump = own - earlier;
            // Most places end here, after the cheapest of the questions.
            if jump.abs() >= CLEAR_STEP * scale {
                let still = (earlier - middle(here - 6))
                    .abs()
                    .max((middle(here + 3) - own).abs());
                let abrupt = (y[here] - y[here - 1]).abs() >= 0.6 * jump.abs();
                if still * 3.0 <= jump.abs() && abrupt {
                    at += 6;
                    return Some((here, jump));
                }
            }
            at += 1;
        }
        None
    })
}

/// Running median of [`WINDOW`] points, as many medians as points: the window slides while it is
/// centred and stays at the ends. False with fewer points than a window.
pub(super) fn running_median(y: &[f64], work: &mut Workspace) -> bool {
    let n = y.len();
    if n < WINDOW {
        return false;
    }
    let half = WINDOW / 2;
    let mut sorted = [0.0; WINDOW];
    sorted.copy_from_slice(&y[..WINDOW]);
    sorted.sort_unstable_by(f64::total_cmp);
    work.clipped.clear();
    for i in 0..n {
        if i > half && i + half < n {
            replace(&mut sorted, y[i - half - 1], y[i + half]);
        }
        work.clipped.push(sorted[half]);
    }
    true
}

/// y within three deviations of its running median, in units of `scale` around its first value.
fn clip_to_running_median(y: &[f64], scale: f64, work: &mut Workspace) {
    work.squares.clear();
    work.squares
        .extend(y.iter().zip(&work.clipped).map(|(y, m)| (y - m).abs()));
    let deviation = stats::median_in_place(&mut work.squares).unwrap_or(0.0);
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
    let mut i = STEP_SIDE;
    while i + STEP_SIDE <= n {
        let jump = at(i, STEP_SIDE - 1, true) - at(i, STEP_SIDE, false);
        let size = jump.abs();
        if size >= STEP * scale {
            let after = at(i, 2 * STEP_SIDE, true) - at(i, STEP_SIDE - 1, true);
            let before = at(i, STEP_SIDE, false) - at(i, 2 * STEP_SIDE, false);
            if after.abs() <= 0.5 * size && before.abs() <= 0.5 * size {
                work.steps.push(i);
            }
        }
        i += 1;
    }
}

/// Takes `old` out of sorted values and puts `new` in.
fn replace(sorted: &mut [f64; WINDOW], old: f64, new: f64) {
    let mut i = 0;
    while i + 1 < WINDOW && sorted[i] < old {
        i += 1;
    }
    while i + 1 < WINDOW && sorted[i + 1] < new {
        sorted[i] = sorted[i + 1];
        i += 1;
    }
    while i > 0 && sorted[i - 1] > new {
        sorted[i] = sorted[i - 1];
        i -= 1;
    }
    sorted[i] = new;
}

/// Variance of one point as differences of the means of adjacent blocks show it, steps trimmed
/// away with the largest fifth. `None` where nothing varies.
fn block_variance(length: usize, work: &mut Workspace) -> Option<f64> {
    let prefix = &work.prefix;
    let last = prefix.len() - 2 * length;
    work.squares.clear();
    let square = |i: usize| {
        let middle = prefix[i + length];
        let difference = prefix[i + 2 * length] - middle - (middle - prefix[i]);
        difference * difference
    };
    // Differences of overlapping blocks say little more than every few of them.
    let stride = last.div_ceil(MOST_BLOCKS).max(1);
    if work.steps.is_empty() {
        work.squares.extend((0..last).step_by(stride).map(square));
    } else {
        // Blocks that a step falls into say nothing of the noise.
        let mut step = 0;
        for i in (0..last).step_by(stride) {
            while step < work.steps.len() && work.steps[step] <= i {
                step += 1;
            }
            if work.steps.get(step).is_none_or(|at| *at >= i + 2 * length) {
                work.squares.push(square(i));
            }
        }
    }
    let kept = work.squares.len() * 4 / 5;
    if kept < FEWEST_BLOCKS {
        return None;
    }
    stats::select(&mut work.squares, kept);
    let mean = work.squares[..kept].iter().sum::<f64>() / kept as f64;
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
        let sum: f64 = y[lag..]
            .iter()
            .zip(y)
            .map(|(a, b)| (a - b).abs().min(limit).powi(2))
            .sum();
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
    use super::*;

    fn independent(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| {
                let whole = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mixed = (whole ^ (whole >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
            })
            .collect()
    }

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
    fn running_median_slides_with_its_window() {
        let y = independent(60);
        let mut work = Workspace::default();
        assert!(running_median(&y, &mut work));
        for i in 5..55 {
            let window = stats::median(&y[i - 5..=i + 5]).unwrap();
            assert!((work.medians()[i] - window).abs() < 1e-15, "{i}");
        }
        assert!(!running_median(&y[..10], &mut work));
    }
}
