//! The search: segmentation and binary splits propose, verification disposes, the noise's own
//! shape places.

use super::density::{Density, LOCATE_WIDTH};
use super::evidence;
use super::jumps;
use super::newest;
use super::noise::{self, Noise};
use super::quiet;
use super::score::Scores;
use super::segment::{self, Penalty};
use crate::stats;

/// K of the biweight loss, in standard deviations.
const CLIP: f64 = 3.0;
/// K grows with the long-run variance up to this factor: a wandering level is no outlier.
const CLIP_GROWTH: f64 = 1.2;
/// β of a change over ln n and the long-run variance.
const PENALTY: f64 = 4.0;
/// β grows no further beyond this many points: proposals are verified anyway, and a smaller β
/// keeps fewer pieces.
const PENALTY_POINTS: usize = 500;
/// p below which a split is proposed.
const LOOSE: f64 = 0.03;
/// p at which a change that was once sure stays reported.
pub(super) const WEAK: f64 = 0.05;
/// The same for stretches of few points, whose p the approximation overstates.
const DOUBTFUL: f64 = 0.3;
/// p that needs no second opinion.
const SURE: f64 = 1e-6;
/// Levels this far apart share no value, outliers drawn in: how clear that is ranks cannot show.
const CLEAR: f64 = 2.0 * CLIP;
/// Fewer points may all be outliers.
const CLEAR_POINTS: usize = 5;
/// How many points are few.
const FEW_POINTS: usize = 24;
/// Long-run ratio up to which points count as independent, which enumeration presumes.
const INDEPENDENT: f64 = 1.2;
/// Fewest points that are split further.
const SPLIT_POINTS: usize = 12;
/// Fewest points that make a ramp.
const RAMP_POINTS: usize = 15;
/// Share of a ramp's variance that time explains.
const RAMP_SHARE: f64 = 0.5;
/// A stretch of fewer points between two equal levels is an excursion.
const EXCURSION_POINTS: usize = 15;
/// Levels before and after an excursion differ by less than this share of its size.
const EXCURSION_RETURN: f64 = 0.25;
/// Share of the density that stands for outliers when a change is placed.
const LOCATE_FLOOR: f64 = 0.05;
/// Most residuals that the density is estimated from.
const MOST_RESIDUALS: usize = 4096;
/// ln 20: a split whose likelihood is 20 times smaller lies out of the range.
const RANGE_CUT: f64 = 2.995_732_273_553_991;

/// Buffers that serve many calls.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) noise: noise::Workspace,
    segment: segment::Workspace,
    scores: Scores,
    pub(super) density: Density,
    pub(super) residuals: Vec<f64>,
    buffer: Vec<f64>,
    ranked: stats::Ranked,
}

impl Workspace {
    pub(super) fn median(&mut self, values: &[f64]) -> f64 {
        self.ranked.load(values.iter().copied());
        self.ranked.median().unwrap_or(0.0)
    }
}

/// A change between two points of a stretch without gaps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// First value of the new level.
    pub(super) at: usize,
    /// Range of `at`, inclusive.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) p: f64,
}

/// What a search gave: the changes that are sure by themselves, and those that were dropped with
/// a p that would keep a change once sure.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) sure: Vec<Found>,
    pub(super) weak: Vec<Weak>,
    /// Short stretches, first and after the last point, off a level that came back.
    pub(super) excursions: Vec<(usize, usize)>,
}

/// A change that was dropped though its p would keep a change once sure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weak {
    pub(super) at: usize,
    pub(super) p: f64,
    /// Whether the test of the newest points gave p.
    pub(super) newest: bool,
}

/// y as distances from its median in units of the noise.
pub(super) fn standardised(y: &[f64], noise: &Noise, work: &mut Workspace) -> Vec<f64> {
    let centre = work.median(y);
    let unit = 1.0 / noise.scale;
    if unit.is_finite() {
        y.iter().map(|y| (y - centre) * unit).collect()
    } else {
        y.iter().map(|y| (y - centre) / noise.scale).collect()
    }
}

/// Change points of `z`, a stretch without gaps in units of the noise, with p at most `limit`.
pub(super) fn search(z: &[f64], noise: &Noise, limit: f64, work: &mut Workspace) -> Search {
    let n = z.len();
    let mut found = Search::default();
    if n < 3 {
        return found;
    }
    let clip = CLIP * noise.run.sqrt().min(CLIP_GROWTH);
    let change = PENALTY * noise.run * (n.min(PENALTY_POINTS) as f64).ln();
    let penalty = Penalty {
        clip,
        change,
        late: change.max(1.5 * clip * clip),
        late_points: 3,
    };
    let mut places = if quiet::no_change_pays(z, &penalty) {
        Vec::new()
    } else {
        segment::segment(z, &penalty, &mut work.segment)
    };
    split_further(z, &mut places, noise, work);
    let mut p: Vec<f64> = (0..places.len())
        .map(|i| verify(z, &places, i, noise, work))
        .collect();
    while let Some(worst) = (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])) {
        if p[worst] <= limit {
            break;
        }
        if p[worst] <= WEAK {
            found.weak.push(Weak {
                at: places[worst],
                p: p[worst],
                newest: false,
            });
        }
        places.remove(worst);
        p.remove(worst);
        for i in [worst.checked_sub(1), Some(worst)].into_iter().flatten() {
            if i < places.len() {
                p[i] = verify(z, &places, i, noise, work);
            }
        }
    }
    let clear = add_clear_steps(z, &mut places, &mut p, limit, work);
    found.excursions = take_excursions(z, &mut places, &mut p, work);
    let last = places.last().copied().unwrap_or(0);
    if let Some((at, sure)) = newest::test(&z[last..], noise, work) {
        if sure <= limit {
            places.push(last + at);
            p.push(sure);
        } else if sure <= WEAK {
            found.weak.push(Weak {
                at: last + at,
                p: sure,
                newest: true,
            });
        }
    }
    found.sure = place_all(z, &mut places, &p, noise, work);
    // Where a clear step is does not depend on how the rest wanders.
    for (first, at, last) in clear {
        let own = |found: &&mut Found| found.from <= at && at <= found.to;
        if let Some(step) = found.sure.iter_mut().find(own) {
            let alone = Noise { run: 1.0, ..*noise };
            let (place, from, to) = locate(&z[first..last], at - first, &alone, work);
            (step.at, step.from, step.to) = (first + place, first + from, first + to);
        }
    }
    found
}

/// Adds steps back from a ramp, which anyone can see and the noise of the whole stretch hides: the
/// long-run variance is that of the ramp, and the middle of the ramp no level. Around a clear step
/// a few points on either side prove it by the order of their values alone. Returns what was added:
/// the first of these points, the step, and the end.
fn add_clear_steps(
    z: &[f64],
    places: &mut Vec<usize>,
    p: &mut Vec<f64>,
    limit: f64,
    work: &mut Workspace,
) -> Vec<(usize, usize, usize)> {
    let mut added = Vec::new();
    for (at, jump) in jumps::clear_steps(z, 1.0) {
        let next = places.partition_point(|place| *place < at);
        let first = next.checked_sub(1).map_or(0, |before| places[before]);
        let last = places.get(next).copied().unwrap_or(z.len());
        if at <= first || !undoes_a_ramp(&z[first..at], jump) {
            continue;
        }
        let first = first.max(at.saturating_sub(FEW_POINTS / 2));
        let last = last.min(at + FEW_POINTS / 2);
        if at <= first || last <= at {
            continue;
        }
        let (near, split) = (&z[first..last], at - first);
        if split < CLEAR_POINTS || near.len() < split + CLEAR_POINTS || !clear(near, split, work) {
            continue;
        }
        let sure = stats::maximal_rank_sum(near).map_or(1.0, |test| test.p);
        if sure <= limit {
            places.insert(next, at);
            p.insert(next, sure);
            added.push((first, at, last));
        }
    }
    added
}

/// Whether a step leads back from where a stretch went by and by: time explains half of its variance.
/// Steps off a level that wanders are as clear, and no change for that.
fn undoes_a_ramp(z: &[f64], jump: f64) -> bool {
    if z.len() < RAMP_POINTS {
        return false;
    }
    let n = z.len() as f64;
    let (x, y) = (0.5 * (n - 1.0), z.iter().sum::<f64>() / n);
    let (mut both, mut time, mut own) = (0.0, 0.0, 0.0);
    for (i, z) in z.iter().enumerate() {
        let (dx, dy) = (i as f64 - x, z - y);
        both += dx * dy;
        time += dx * dx;
        own += dy * dy;
    }
    both * jump < 0.0 && both * both >= RAMP_SHARE * time * own
}

/// Takes out pairs of changes that enclose fewer than [`EXCURSION_POINTS`] points and lead back to
/// where they came from: noise wanders for about ten points, and such a stretch is no new level.
fn take_excursions(
    z: &[f64],
    places: &mut Vec<usize>,
    p: &mut Vec<f64>,
    work: &mut Workspace,
) -> Vec<(usize, usize)> {
    let mut excursions = Vec::new();
    let mut i = 0;
    while i + 1 < places.len() {
        let (first, last) = (places[i], places[i + 1]);
        let start = if i == 0 { 0 } else { places[i - 1] };
        let end = places.get(i + 2).copied().unwrap_or(z.len());
        let flanks = (first - start).min(end - last);
        if last - first < EXCURSION_POINTS && flanks >= last - first {
            let before = work.median(&z[start..first]);
            let off = work.median(&z[first..last]);
            let after = work.median(&z[last..end]);
            let size = (off - before).abs().min((off - after).abs());
            if (after - before).abs() < EXCURSION_RETURN * size {
                excursions.push((first, last));
                places.drain(i..=i + 1);
                p.drain(i..=i + 1);
                continue;
            }
        }
        i += 1;
    }
    excursions
}

/// Places every change where the two levels and the shape of the noise make it likeliest.
pub(super) fn place_all(
    z: &[f64],
    places: &mut [usize],
    p: &[f64],
    noise: &Noise,
    work: &mut Workspace,
) -> Vec<Found> {
    let mut found = Vec::with_capacity(places.len());
    for i in 0..places.len() {
        let first = if i == 0 { 0 } else { places[i - 1] };
        let last = places.get(i + 1).copied().unwrap_or(z.len());
        let (at, from, to) = locate(&z[first..last], places[i] - first, noise, work);
        places[i] = first + at;
        found.push(Found {
            at: first + at,
            from: first + from,
            to: first + to,
            p: p[i],
        });
    }
    found
}

/// Splits each stretch at its best place, and the parts again, as long as p stays loose.
fn split_further(z: &[f64], places: &mut Vec<usize>, noise: &Noise, work: &mut Workspace) {
    let mut bounds = vec![0];
    bounds.extend_from_slice(places);
    bounds.push(z.len());
    let mut stretches: Vec<(usize, usize)> =
        bounds.windows(2).map(|pair| (pair[0], pair[1])).collect();
    while let Some((first, last)) = stretches.pop() {
        if last - first < SPLIT_POINTS {
            continue;
        }
        let (p, at) = split(&z[first..last], noise, work);
        let loose = if last - first <= FEW_POINTS {
            DOUBTFUL
        } else {
            LOOSE
        };
        if p > DOUBTFUL || at < 2 || last - first - at < 2 {
            continue;
        }
        if p <= loose || clear(&z[first..last], at, work) {
            places.push(first + at);
            stretches.push((first, first + at));
            stretches.push((first + at, last));
        }
    }
    places.sort_unstable();
}

/// p of the change at `places[i]` on the stretch between its neighbours.
pub(super) fn verify(
    z: &[f64],
    places: &[usize],
    i: usize,
    noise: &Noise,
    work: &mut Workspace,
) -> f64 {
    let first = if i == 0 { 0 } else { places[i - 1] };
    let last = places.get(i + 1).copied().unwrap_or(z.len());
    let stretch = &z[first..last];
    if stretch.len() < SPLIT_POINTS {
        return stats::maximal_rank_sum(stretch).map_or(1.0, |test| test.p);
    }
    let (p, _) = split(stretch, noise, work);
    let p = p.max(evidence::attainable(stretch.len(), places[i] - first));
    if p <= SURE || p > DOUBTFUL {
        return p;
    }
    if stretch.len() > FEW_POINTS {
        let at = places[i] - first;
        if !clear(stretch, at, work) {
            return p;
        }
        return p.min(verify_by_value(stretch, at, noise, work));
    }
    // Ranks of few points cannot show how clear a step is: their extremes are near. Enumeration
    // is exact in the middle; near the ends only the values themselves tell.
    let by_value = verify_by_value(stretch, places[i] - first, noise, work);
    if noise.run < INDEPENDENT
        && let Some(test) = stats::maximal_rank_sum(stretch)
    {
        return p.min(test.p).min(by_value);
    }
    p.min(by_value)
}

/// Whether two levels of several points share no value.
fn clear(z: &[f64], at: usize, work: &mut Workspace) -> bool {
    at.min(z.len() - at) >= CLEAR_POINTS
        && (work.median(&z[at..]) - work.median(&z[..at])).abs() >= CLEAR
}

/// As [`split`], from the values instead of their ranks, those beyond three standard deviations
/// or half the step outside both levels drawn in. Never less than twice what the arrangement
/// allows.
fn verify_by_value(z: &[f64], at: usize, noise: &Noise, work: &mut Workspace) -> f64 {
    let before = work.median(&z[..at]);
    let after = work.median(&z[at..]);
    let reach = CLIP.max(0.5 * (after - before).abs());
    let (low, high) = (before.min(after) - reach, before.max(after) + reach);
    work.residuals.clear();
    work.residuals.extend(z.iter().map(|z| z.clamp(low, high)));
    let p = match evidence::best_split(&work.residuals) {
        Some((t_squared, _)) => evidence::maximal_p(t_squared / noise.run, z.len(), noise.run),
        None => 1.0,
    };
    p.max(2.0 * evidence::attainable(z.len(), at))
}

/// p of the best split of a stretch, and the split.
fn split(z: &[f64], noise: &Noise, work: &mut Workspace) -> (f64, usize) {
    let scores = work.scores.normal(z);
    match evidence::best_split(scores) {
        Some((t_squared, at)) => (
            evidence::maximal_p(t_squared / noise.run, z.len(), noise.run),
            at,
        ),
        None => (1.0, 0),
    }
}

/// Where the change at `at` is likeliest between the levels on either side of it, and the range
/// of splits whose likelihood is within a factor 20 of that; first index of the new level each.
fn locate(z: &[f64], at: usize, noise: &Noise, work: &mut Workspace) -> (usize, usize, usize) {
    let before = work.median(&z[..at]);
    let after = work.median(&z[at..]);
    let stride = z.len().div_ceil(MOST_RESIDUALS).max(1);
    work.residuals.clear();
    work.residuals
        .extend(z[..at].iter().step_by(stride).map(|z| z - before));
    work.residuals
        .extend(z[at..].iter().step_by(stride).map(|z| z - after));
    let jump = (after - before).abs();
    if !work
        .density
        .fit(&work.residuals, jump, LOCATE_WIDTH, LOCATE_FLOOR)
    {
        return (at, at, at);
    }
    let path = &mut work.buffer;
    path.clear();
    let (mut sum, mut best, mut place) = (0.0, f64::NEG_INFINITY, at);
    for (k, z) in z[..z.len() - 1].iter().enumerate() {
        sum += work.density.log(z - before) - work.density.log(z - after);
        path.push(sum);
        if sum > best {
            best = sum;
            place = k + 1;
        }
    }
    let cut = best - RANGE_CUT * noise.run;
    let from = path.iter().position(|s| *s >= cut).map_or(place, |k| k + 1);
    let to = path
        .iter()
        .rposition(|s| *s >= cut)
        .map_or(place, |k| k + 1);
    (place, from, to)
}
