//! A proof that no change pays, for a tenth of the price of the search for the best ones.
//!
//! Let x be the distances of the points from any one level, ρ the biweight loss and β what a change
//! costs. A segmentation with m changes is cheaper than none only if its m + 1 segments together gain
//! more than mβ over that level, so one in the middle gains more than β or one at an end more than
//! β/2. What a segment gains at a distance d is Σ ρ(x) − ρ(x − d). Between two distances of a grid,
//! h apart, −(x − d)² is concave and never more than h²/4 above the line through its ends, so
//!
//! Σ ρ(x) − ρ(x − d) ≤ max over both ends e of Σ ρ(x) + max(h²/4 − (x − e)², −K²).
//!
//! The right side is largest on one stretch of the points, which one pass finds for each distance of
//! the grid. Where all these bounds stay below, the best segmentation is a single segment.

use super::segment::Penalty;
use super::window::{larger, smaller};

/// Each distance of the grid is so many times the one before, while they are less than [`APART`] apart.
const RATIO: f64 = 1.5;
/// The grid is nowhere coarser than this.
const APART: f64 = 1.5;
/// Distances that are looked at in one pass.
const LANES: usize = 4;
/// Farther points make the search itself inexact in the digits that this proof counts on.
const FARTHEST: f64 = 1e4;
/// What is left for rounding, here and in the search, as a share of a change's cost.
const ROUNDING: f64 = 1e-3;

/// Whether the cheapest segmentation of `z` is certainly a single segment. `z` is in units of the
/// noise, around a level near most points. False where it may not be.
pub(super) fn no_change_pays(z: &[f64], penalty: &Penalty) -> bool {
    let near = z.iter().all(|x| x.abs() <= FARTHEST);
    let beta = penalty.change.min(penalty.late) * (1.0 - ROUNDING);
    if z.is_empty() || !near || beta.is_nan() || beta <= 0.0 {
        return false;
    }
    // Nearer than the first distance all points together gain no more than β/4 by the bound above.
    let mut level = (beta / z.len() as f64).sqrt();
    let mut below = level;
    let mut lanes = [(0.0, 0.0); LANES];
    let mut filled = 0;
    let last = penalty.clip + APART;
    loop {
        let above = (level * (RATIO - 1.0)).min(APART);
        let apart = above.max(below);
        for own in [level, -level] {
            lanes[filled] = (own, 0.25 * apart * apart);
            filled += 1;
        }
        if filled == LANES {
            if !gains_stay_below(z, &lanes, penalty.clip, beta) {
                return false;
            }
            filled = 0;
        }
        if level >= last {
            break;
        }
        level += above;
        below = above;
    }
    let (some, rest) = (lanes[0], filled);
    for lane in &mut lanes[rest..] {
        *lane = some;
    }
    (rest == 0 || gains_stay_below(z, &lanes, penalty.clip, beta))
        && far_gains_stay_below(z, level, penalty.clip, beta)
}

/// Whether no stretch of `z` gains β at any of these distances, and none at an end half of it; beside
/// each distance what the bound adds for those between.
fn gains_stay_below(z: &[f64], lanes: &[(f64, f64); LANES], clip: f64, beta: f64) -> bool {
    let ceiling = clip * clip;
    let (level, slack) = (lanes.map(|lane| lane.0), lanes.map(|lane| lane.1));
    let mut sum = [0.0_f64; LANES];
    let mut least = [0.0_f64; LANES];
    let mut most = [0.0_f64; LANES];
    let mut gain = [0.0_f64; LANES];
    for &x in z {
        let own = smaller(x * x, ceiling);
        for lane in 0..LANES {
            let off = x - level[lane];
            sum[lane] += own + larger(slack[lane] - off * off, -ceiling);
            least[lane] = smaller(least[lane], sum[lane]);
            most[lane] = larger(most[lane], sum[lane]);
            gain[lane] = larger(gain[lane], sum[lane] - least[lane]);
        }
    }
    (0..LANES).all(|lane| {
        let ends = larger(most[lane], sum[lane] - least[lane]);
        gain[lane] < beta && ends < 0.5 * beta
    })
}

/// The same for all distances from `level` on, to either side: points that lie on the near side of
/// `level` − K fit none of them, the others at best lose nothing.
fn far_gains_stay_below(z: &[f64], level: f64, clip: f64, beta: f64) -> bool {
    let ceiling = clip * clip;
    let near = level - clip;
    let mut above = Running::default();
    let mut beneath = Running::default();
    for &x in z {
        let own = smaller(x * x, ceiling);
        above.add(if x > near { own } else { own - ceiling });
        beneath.add(if x < -near { own } else { own - ceiling });
    }
    above.stays_below(beta) && beneath.stays_below(beta)
}

#[derive(Default)]
struct Running {
    sum: f64,
    least: f64,
    most: f64,
    gain: f64,
}

impl Running {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.least = smaller(self.least, self.sum);
        self.most = larger(self.most, self.sum);
        self.gain = larger(self.gain, self.sum - self.least);
    }

    fn stays_below(&self, beta: f64) -> bool {
        self.gain < beta && larger(self.most, self.sum - self.least) < 0.5 * beta
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::{Workspace, segment};
    use super::*;
    use proptest::prelude::*;

    fn penalty(run: f64, points: usize) -> Penalty {
        let clip = 3.0 * run.sqrt().min(1.2);
        let change = 4.0 * run * (points.clamp(3, 500) as f64).ln();
        Penalty {
            clip,
            change,
            late: change.max(1.5 * clip * clip),
            late_points: 3,
        }
    }

    fn mixed(seed: u64, i: usize) -> f64 {
        let z = (seed << 20 ^ i as u64).wrapping_add(1);
        let z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((z ^ (z >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal.
    fn normal(seed: u64, i: usize) -> f64 {
        let sum: f64 = (0..4).map(|k| mixed(seed + 7 * k, i)).sum();
        (sum - 2.0) * 3.0_f64.sqrt()
    }

    proptest! {
        #[test]
        fn what_is_proved_is_what_the_search_finds(
            seed in 0_u64..1_000_000, n in 1_usize..400, kind in 0_u8..6, size in 0.0_f64..4.0, run in 1.0_f64..5.0)
        {
            let mut level = 0.0;
            let z: Vec<f64> = (0..n)
                .map(|i| {
                    level = 0.8 * level + normal(seed + 99, i);
                    let own = normal(seed, i);
                    match kind {
                        0 => own,
                        1 => own + if i >= n / 3 { size } else { 0.0 },
                        2 => own + if (n / 3..n / 3 + 9).contains(&i) { 2.0 * size } else { 0.0 },
                        3 => own * if mixed(seed, i) > 0.95 { 12.0 } else { 1.0 },
                        4 => own + 0.5 * size * level,
                        _ => own + if i + 5 >= n { 2.0 * size } else { size },
                    }
                })
                .collect();
            let penalty = penalty(run, n);
            if no_change_pays(&z, &penalty) {
                prop_assert_eq!(segment(&z, &penalty, &mut Workspace::default()), Vec::<usize>::new());
            }
        }
    }

    #[test]
    fn noise_around_one_level_is_proved_quiet() {
        for (n, least) in [(30, 140), (200, 170), (1000, 180)] {
            let quiet = |seed: &u64| {
                let z: Vec<f64> = (0..n).map(|i| normal(*seed, i)).collect();
                no_change_pays(&z, &penalty(1.0, n))
            };
            let proved = (0..200).filter(quiet).count();
            assert!(proved >= least, "{proved} of 200 with {n} points");
        }
    }

    #[test]
    fn a_step_is_not() {
        let z: Vec<f64> = (0..100)
            .map(|i| normal(3, i) + if i < 60 { 0.0 } else { 3.0 })
            .collect();
        assert!(!no_change_pays(&z, &penalty(1.0, 100)));
    }

    #[test]
    fn nothing_is_proved_of_what_is_too_far_or_nothing() {
        assert!(!no_change_pays(&[], &penalty(1.0, 3)));
        assert!(!no_change_pays(&[0.0, 1e9, 0.0], &penalty(1.0, 3)));
        assert!(!no_change_pays(&[0.0, f64::NAN, 0.0], &penalty(1.0, 3)));
        assert!(no_change_pays(&[0.0], &penalty(1.0, 3)));
    }
}
