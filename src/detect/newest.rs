//! The newest points: has the level just moved?
//!
//! A change among the last dozen points must be proved by these few. What helps is that the
//! stretch before is long, so the shape of its noise is known: the likelihood ratio under that
//! shape weighs a point by how rarely the noise itself goes there. A normal or rank test would
//! have to treat an outlying pair of points as the tails of some other noise.

use super::density::{Density, JUDGE_WIDTH};
use super::find::{WEAK, Workspace};
use super::noise::Noise;
use crate::stats;

/// Longest stretch that is judged here; longer ones the splits of all points see as well.
const MOST: usize = 12;
/// Shortest: one point alone may always be an outlier.
const FEWEST: usize = 2;
/// Fewest points before it whose noise is taken as known.
const BASE: usize = 16;
/// Most points before it that are looked at: what the noise was like of late.
const MOST_BASE: usize = 1000;
/// Share of the density that stands for outliers.
const FLOOR: f64 = 0.1;
/// Levels farther than this from the base, in units of the noise, are all equally far.
const FARTHEST: f64 = 40.0;

/// The best split of the last points of `z` and its p, where p is at most [`WEAK`].
///
/// For k = 2 to 12: Λ = Σ ln f(z − δ) − ln f(z) over the last k points, f the density of the
/// points before, δ the median of the k. 2Λ is compared with χ² of one degree of freedom, the
/// choice of k costs 1 + ln(12/2), and that f was estimated from m points 1 + 16/m. Correlation divides Λ by 1 + (R − 1)(1 − 1/k). A stretch of
/// the base that does as well, anywhere, refutes it.
pub(super) fn test(z: &[f64], noise: &Noise, work: &mut Workspace) -> Option<(usize, f64)> {
    let m = z.len();
    let most = MOST.min(m.checked_sub(BASE)?);
    if most < FEWEST {
        return None;
    }
    let base = &z[(m - most).saturating_sub(MOST_BASE)..m - most];
    let centre = work.median(base);
    work.residuals.clear();
    work.residuals.extend(base.iter().map(|z| z - centre));
    let tail = &z[m - most..];
    let span = tail
        .iter()
        .fold(0.0_f64, |far, z| far.max((z - centre).abs()))
        .min(FARTHEST);
    if !work.density.fit(&work.residuals, span, JUDGE_WIDTH, FLOOR) {
        return None;
    }
    let (mut best, mut ratio, mut length) = (0.0, 0.0, 0);
    for k in FEWEST..=most {
        let lambda = likelihood_ratio(&tail[most - k..], centre, &work.density);
        let widened = lambda / (1.0 + (noise.run - 1.0) * (1.0 - 1.0 / k as f64));
        if widened > best {
            (best, ratio, length) = (widened, lambda, k);
        }
    }
    let choices = 1.0 + (MOST as f64 / FEWEST as f64).ln();
    let estimated = 1.0 + BASE as f64 / base.len() as f64;
    let p = 2.0 * stats::normal_sf((2.0 * best).sqrt()) * choices * estimated;
    if length == 0 || p > WEAK {
        return None;
    }
    let seen_before = z[(m - length).saturating_sub(MOST_BASE)..m - length]
        .windows(length)
        .any(|stretch| likelihood_ratio(stretch, centre, &work.density) >= ratio);
    (!seen_before).then_some((m - length, p))
}

/// ln of how much likelier the points are around their own median than around `centre`.
fn likelihood_ratio(points: &[f64], centre: f64, density: &Density) -> f64 {
    let mut sorted = [0.0; MOST];
    let k = points.len();
    sorted[..k].copy_from_slice(points);
    sorted[..k].sort_unstable_by(f64::total_cmp);
    let own = 0.5 * (sorted[(k - 1) / 2] + sorted[k / 2]);
    points
        .iter()
        .map(|z| density.log(z - own) - density.log(z - centre))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEPENDENT: Noise = Noise {
        scale: 1.0,
        sigma: 1.0,
        phi: 0.0,
        run: 1.0,
    };

    fn noise(i: usize) -> f64 {
        ((i * 7919 + i * i * 31) % 1009) as f64 / 1009.0 * 3.4 - 1.7
    }

    fn with_end(end: &[f64]) -> Vec<f64> {
        let mut z: Vec<f64> = (0..100).map(noise).collect();
        z.extend_from_slice(end);
        z
    }

    #[test]
    fn two_points_far_off_are_a_change_one_is_not() {
        let mut work = Workspace::default();
        let found = test(&with_end(&[8.0, 8.5]), &INDEPENDENT, &mut work);
        assert_eq!(found.map(|(at, _)| at), Some(100));
        assert_eq!(test(&with_end(&[8.0]), &INDEPENDENT, &mut work), None);
    }

    #[test]
    fn what_was_seen_before_is_no_change() {
        let mut z = with_end(&[8.0, 8.5]);
        z[40] = 8.0;
        z[41] = 8.5;
        assert_eq!(test(&z, &INDEPENDENT, &mut Workspace::default()), None);
    }

    #[test]
    fn correlated_noise_needs_more() {
        let end: Vec<f64> = (0..6).map(|i| 2.2 + 0.3 * noise(i)).collect();
        let z = with_end(&end);
        let mut work = Workspace::default();
        assert!(test(&z, &INDEPENDENT, &mut work).is_some());
        let correlated = Noise {
            run: 8.0,
            ..INDEPENDENT
        };
        assert_eq!(test(&z, &correlated, &mut work), None);
    }

    #[test]
    fn short_series_are_left_alone() {
        let z: Vec<f64> = (0..17).map(noise).collect();
        assert_eq!(test(&z, &INDEPENDENT, &mut Workspace::default()), None);
    }
}
