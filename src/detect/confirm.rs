//! Which changes are reported: those that are sure now, and those that were once sure and still
//! stand. A function of the data alone, so that an alarm does not come and go with every point.

use super::find::{self, Found, WEAK, Workspace};
use super::noise::{self, Noise};

/// How many points after a change it is looked at again as it was seen then.
const LOOKS: [usize; 5] = [3, 5, 10, 20, 40];
/// As seen then it may have stood this far off.
const NEAR: usize = 5;
/// Points of a look: the last ones up to its end.
const LOOK_POINTS: usize = 500;

/// Changes, and excursions as first and after the last point.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) found: Vec<Found>,
    pub(super) excursions: Vec<(usize, usize)>,
}

/// Changes of the stretches between `cuts`, levels on either side of a cut never compared.
pub(super) fn changes(
    y: &[f64],
    cuts: &[usize],
    noise: &Noise,
    limit: f64,
    work: &mut Workspace,
) -> Changes {
    let mut all = Changes::default();
    if noise.scale.is_nan() || noise.scale <= 0.0 {
        return all;
    }
    let mut bounds = vec![0];
    bounds.extend_from_slice(cuts);
    bounds.push(y.len());
    for pair in bounds.windows(2) {
        let first = pair[0];
        let own = in_stretch(&y[first..pair[1]], noise, limit, work);
        all.found.extend(own.found.iter().map(|change| Found {
            at: change.at + first,
            from: change.from + first,
            to: change.to + first,
            p: change.p,
        }));
        let there = own.excursions.iter().map(|(a, b)| (a + first, b + first));
        all.excursions.extend(there);
    }
    all
}

fn in_stretch(y: &[f64], noise: &Noise, limit: f64, work: &mut Workspace) -> Changes {
    let z = find::standardised(y, noise, work);
    let search = find::search(&z, noise, limit, work);
    let mut found = search.sure;
    for weak in search.weak {
        let taken = |change: &Found| change.at.abs_diff(weak.at) <= NEAR;
        if found.iter().any(taken) {
            continue;
        }
        let here = found.partition_point(|change| change.at < weak.at);
        let mut places: Vec<usize> = found.iter().map(|change| change.at).collect();
        places.insert(here, weak.at);
        let p = if weak.newest {
            weak.p
        } else {
            find::verify(&z, &places, here, noise, work)
        };
        if p > WEAK || !once_sure(y, weak.at, limit, work) {
            continue;
        }
        let mut all: Vec<f64> = found.iter().map(|change| change.p).collect();
        all.insert(here, p);
        found = find::place_all(&z, &mut places, &all, noise, work);
    }
    Changes {
        found,
        excursions: search.excursions,
    }
}

/// Whether a search that ended soon after `at` would have been sure of it.
fn once_sure(y: &[f64], at: usize, limit: f64, work: &mut Workspace) -> bool {
    LOOKS.iter().any(|look| {
        let end = at + look;
        if end >= y.len() {
            return false;
        }
        let first = end.saturating_sub(LOOK_POINTS);
        let seen = &y[first..end];
        let noise = noise::estimate(seen, &mut work.noise);
        if noise.scale.is_nan() || noise.scale <= 0.0 {
            return false;
        }
        let z = find::standardised(seen, &noise, work);
        find::search(&z, &noise, limit, work)
            .sure
            .iter()
            .any(|change| (change.at + first).abs_diff(at) <= NEAR)
    })
}
