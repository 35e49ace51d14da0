//! Scores of points: what is summed on either side of a split.
//!
//! A score is a function of the point and of the unordered values of its stretch alone, so that
//! under "nothing changed" every order of the scores is equally likely, whatever the noise.

use std::sync::LazyLock;

use crate::stats;

/// Above this many points ranks come from counting in equal bins instead of sorting.
const SORTED_POINTS: usize = 512;
/// Bins of the count.
const BINS: usize = 4096;
/// Beyond this many standard deviations from the centre the bins end; farther points tie.
const BIN_REACH: f64 = 8.0;
/// Entries of the table of normal scores.
const TABLE: usize = 1024;

/// Finest difference that is told apart when sorting, as a share of the noise: 2⁻²⁰.
const GRAIN: f64 = 1_048_576.0;
/// Bits of the index beside the value in a sorting key.
const INDEX_BITS: u32 = 10;

/// Scores by Tukey's lambda distribution (λ = 0.1349), which is within 1 % of the normal quantile
/// over its middle 99 %; the ends are taken half an entry inside, so that it is bounded.
static TABLE_OF_SCORES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    const LAMBDA: f64 = 0.1349;
    (0..=TABLE)
        .map(|i| {
            let u = (i as f64).clamp(0.5, TABLE as f64 - 0.5) / TABLE as f64;
            u.powf(LAMBDA) - (1.0 - u).powf(LAMBDA)
        })
        .collect()
});

/// Normal scores of the points of a stretch, and the buffers for them.
#[derive(Debug, Default)]
pub(super) struct Scores {
    order: Vec<u64>,
    bins: Vec<u32>,
    bin_of: Vec<u16>,
    by_bin: Vec<f64>,
    score: Vec<f64>,
    ranked: stats::Ranked,
}

/// Normal quantile of the share `u` of the points below.
fn look(table: &[f64], u: f64) -> f64 {
    let place = u * TABLE as f64;
    let i = (place as usize).min(TABLE - 1);
    table[i] + (place - i as f64) * (table[i + 1] - table[i])
}

impl Scores {
    /// Normal scores (van der Waerden) of `z`, ties sharing theirs. `z` is in units of the noise.
    pub(super) fn normal(&mut self, z: &[f64]) -> &[f64] {
        self.score.clear();
        self.score.resize(z.len(), 0.0);
        if z.len() <= SORTED_POINTS {
            self.by_sorting(z);
        } else {
            let stride = z.len() / SORTED_POINTS;
            self.ranked.load(z.iter().step_by(stride).copied());
            let centre = self.ranked.median().unwrap_or(0.0);
            self.by_counting(z, centre);
        }
        &self.score
    }

    fn by_sorting(&mut self, z: &[f64]) {
        // One whole number per point, value above index: sorting those is several times faster
        // than sorting floats by a comparison.
        let half = 1_i64 << (62 - INDEX_BITS);
        self.order.clear();
        self.order.extend(z.iter().enumerate().map(|(i, z)| {
            let whole = (z * GRAIN) as i64;
            let shifted = whole.clamp(1 - half, half - 1) + half;
            ((shifted as u64) << INDEX_BITS) | i as u64
        }));
        self.order.sort_unstable();
        let table = TABLE_OF_SCORES.as_slice();
        let per_point = 0.5 / z.len() as f64;
        let mask = (1_u64 << INDEX_BITS) - 1;
        let mut start = 0;
        while start < self.order.len() {
            let value = self.order[start] >> INDEX_BITS;
            let mut end = start + 1;
            while end < self.order.len() && self.order[end] >> INDEX_BITS == value {
                end += 1;
            }
            let score = look(table, (start + end) as f64 * per_point);
            for key in &self.order[start..end] {
                self.score[(key & mask) as usize] = score;
            }
            start = end;
        }
    }

    fn by_counting(&mut self, z: &[f64], centre: f64) {
        self.bins.clear();
        self.bins.resize(BINS, 0);
        self.bin_of.clear();
        let per_unit = BINS as f64 / (2.0 * BIN_REACH);
        let low = centre - BIN_REACH;
        self.bin_of.extend(
            z.iter()
                .map(|z| ((z - low) * per_unit).clamp(0.0, (BINS - 1) as f64) as u16),
        );
        for &bin in &self.bin_of {
            self.bins[bin as usize] += 1;
        }
        let per_point = 0.5 / z.len() as f64;
        let table = TABLE_OF_SCORES.as_slice();
        let mut below = 0_u32;
        self.by_bin.resize(BINS, 0.0);
        // Most bins are empty, and their scores never asked for.
        let some = self.bins.chunks(8).zip(self.by_bin.chunks_mut(8));
        for (counts, scores) in some.filter(|(counts, _)| counts.iter().any(|count| *count > 0)) {
            for (&count, score) in counts.iter().zip(scores) {
                *score = look(table, f64::from(2 * below + count) * per_point);
                below += count;
            }
        }
        for (score, &bin) in self.score.iter_mut().zip(&self.bin_of) {
            *score = self.by_bin[usize::from(bin)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_the_order_and_ties_share() {
        let mut scores = Scores::default();
        let score = scores.normal(&[3.0, 1.0, 3.0, 2.0]);
        assert!(score[1] < score[3] && score[3] < score[0]);
        assert!((score[0] - score[2]).abs() < 1e-12);
    }

    #[test]
    fn scores_are_centred() {
        let z: Vec<f64> = (0..101).map(|i| f64::from(i * 37 % 101)).collect();
        let sum: f64 = Scores::default().normal(&z).iter().sum();
        assert!(sum.abs() < 1e-9, "{sum}");
    }

    #[test]
    fn counting_agrees_with_sorting() {
        let z: Vec<f64> = (0..500)
            .map(|i| f64::from(i * 7919 % 503) / 125.0 - 2.0)
            .collect();
        let mut scores = Scores::default();
        let sorted = scores.normal(&z).to_vec();
        scores.by_counting(&z, 0.0);
        let worst = sorted
            .iter()
            .zip(&scores.score)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(worst < 0.05, "{worst}");
    }

    #[test]
    fn extremes_keep_their_order() {
        let mut scores = Scores::default();
        let score = scores.normal(&[f64::MAX, 0.0, -f64::MAX, 1e12]);
        assert!(score[2] < score[1] && score[1] < score[3] && score[3] <= score[0]);
    }
}
