//! The search: segmentation proposes, verification disposes.

use super::evidence;
use super::noise::Noise;
use super::segment::{self, Penalty, Workspace};
use crate::stats;

/// K of the biweight loss, in standard deviations.
pub(super) const CLIP: f64 = 3.0;

/// A change: index of the first value of the new level, and its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) p: f64,
}

/// Change points of `y`, a stretch without gaps, with p at most `limit`.
pub(super) fn find(y: &[f64], noise: &Noise, limit: f64, work: &mut Workspace) -> Vec<Found> {
    let n = y.len();
    if n < 3 || noise.sigma <= 0.0 {
        return Vec::new();
    }
    let Some(centre) = stats::median(y) else {
        return Vec::new();
    };
    let z: Vec<f64> = y.iter().map(|y| (y - centre) / noise.sigma).collect();
    let widen = (1.0 + noise.phi) / (1.0 - noise.phi);
    let change = 2.0 * widen * (n as f64).ln();
    let penalty = Penalty {
        clip: CLIP,
        change,
        late: change.max(1.5 * CLIP * CLIP),
        late_points: 3,
    };
    let mut places = segment::segment(&z, &penalty, work);
    let mut p: Vec<f64> = (0..places.len())
        .map(|i| verify(&z, &places, i, noise.phi))
        .collect();
    while let Some(worst) = (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])) {
        if p[worst] <= limit {
            break;
        }
        places.remove(worst);
        p.remove(worst);
        for i in [worst.checked_sub(1), Some(worst)].into_iter().flatten() {
            if i < places.len() {
                p[i] = verify(&z, &places, i, noise.phi);
            }
        }
    }
    places
        .into_iter()
        .zip(p)
        .map(|(at, p)| Found { at, p })
        .collect()
}

/// p of the change at `places[i]` on the stretch between its neighbours.
fn verify(z: &[f64], places: &[usize], i: usize, phi: f64) -> f64 {
    let first = if i == 0 { 0 } else { places[i - 1] };
    let last = places.get(i + 1).copied().unwrap_or(z.len());
    let at = places[i];
    let (Some(before), Some(after)) = (stats::median(&z[first..at]), stats::median(&z[at..last]))
    else {
        return 1.0;
    };
    let (low, high) = (before.min(after) - CLIP, before.max(after) + CLIP);
    let clipped: Vec<f64> = z[first..last].iter().map(|z| z.clamp(low, high)).collect();
    let whitened: Vec<f64> = if phi > 0.0 {
        clipped
            .windows(2)
            .map(|pair| pair[1] - phi * pair[0])
            .collect()
    } else {
        clipped
    };
    let m = whitened.len();
    let Some((t_squared, _)) = evidence::best_split(&whitened) else {
        return 1.0;
    };
    evidence::maximal_p(t_squared, m).max(evidence::attainable(m, at - first))
}
