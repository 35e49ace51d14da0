//! Offsets between machines that take turns under one label.

use crate::stats;

/// Fewest points from which the offset of a stratum is estimated.
pub(super) const STRATUM_POINTS: usize = 5;

/// Offsets of strata on the working scale, relative to the commonest; NaN where a stratum has
/// fewer than [`STRATUM_POINTS`] points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offsets {
    pub(super) offset: Vec<f64>,
    /// Points of each stratum.
    pub(super) count: Vec<usize>,
    pub(super) commonest: usize,
}

impl Offsets {
    /// First guess, from neighbours of different strata: medians of their differences, so that
    /// no step of the level but the one it falls on enters.
    pub(super) fn from_neighbours(y: &[f64], strata: &[u32]) -> Self {
        let kinds = strata.iter().max().map_or(0, |most| *most as usize + 1);
        let mut count = vec![0; kinds];
        for &stratum in strata {
            count[stratum as usize] += 1;
        }
        // The first of the commonest, so that the answer does not depend on their number.
        let commonest = (0..kinds).rev().max_by_key(|&k| count[k]).unwrap_or(0);
        let mut offsets = Self {
            offset: count
                .iter()
                .map(|n| if *n < STRATUM_POINTS { f64::NAN } else { 0.0 })
                .collect(),
            count,
            commonest,
        };
        for _ in 0..10 {
            let mut residuals = vec![Vec::new(); offsets.offset.len()];
            for i in 1..y.len() {
                let (a, b) = (strata[i - 1] as usize, strata[i] as usize);
                let difference = y[i] - y[i - 1];
                if a != b && offsets.offset[a].is_finite() && offsets.offset[b].is_finite() {
                    residuals[b].push(difference + offsets.offset[a]);
                    residuals[a].push(offsets.offset[b] - difference);
                }
            }
            offsets.take_medians(residuals);
        }
        offsets
    }

    /// Again, from residuals around the levels of a segmentation.
    pub(super) fn refine(&mut self, y: &[f64], strata: &[u32], levels: &[f64]) {
        let mut residuals = vec![Vec::new(); self.offset.len()];
        for ((value, level), &stratum) in y.iter().zip(levels).zip(strata) {
            residuals[stratum as usize].push(value - level);
        }
        self.take_medians(residuals);
    }

    fn take_medians(&mut self, mut residuals: Vec<Vec<f64>>) {
        for (offset, values) in self.offset.iter_mut().zip(&mut residuals) {
            if offset.is_finite()
                && let Some(median) = stats::median_in_place(values)
            {
                *offset = median;
            }
        }
        let reference = self.offset[self.commonest];
        if reference.is_finite() {
            for offset in &mut self.offset {
                *offset -= reference;
            }
        }
    }

    /// Offset of a point's stratum; NaN where unknown.
    pub(super) fn of(&self, stratum: u32) -> f64 {
        self.offset[stratum as usize]
    }
}
