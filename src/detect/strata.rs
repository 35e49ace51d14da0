//! Offsets between machines that take turns under one label.

use super::describe::centre;
use crate::stats;

/// Fewest points from which the offset of a stratum is estimated.
const STRATUM_POINTS: usize = 5;
/// Rounds in which first offsets are passed on from stratum to stratum.
const NEIGHBOUR_ROUNDS: usize = 10;
/// Largest name that gets a place in the answer, so that a stray one cannot ask for gigabytes.
const LARGEST_NAME: u32 = 65_535;

/// Strata as dense indices, in the order of the caller's own.
#[derive(Debug)]
pub(super) struct Strata {
    /// Of each point; empty where not given.
    pub(super) index: Vec<u32>,
    /// What the caller calls each, ascending.
    names: Vec<u32>,
}

impl Strata {
    pub(super) fn new(named: Vec<u32>) -> Self {
        let mut names = named.clone();
        names.sort_unstable();
        names.dedup();
        let index = named
            .iter()
            .filter_map(|stratum| names.binary_search(stratum).ok())
            .map(|dense| dense as u32)
            .collect();
        Self { index, names }
    }

    pub(super) fn kinds(&self) -> usize {
        self.names.len()
    }

    fn places(&self) -> usize {
        self.names
            .iter()
            .rfind(|name| **name <= LARGEST_NAME)
            .map_or(0, |name| *name as usize + 1)
    }

    /// Offsets by the caller's names, of at most one stratum.
    pub(super) fn alone(&self) -> Vec<f64> {
        let mut out = vec![f64::NAN; self.places()];
        if let Some(last) = out.last_mut() {
            *last = 0.0;
        }
        out
    }

    pub(super) fn in_callers_order(&self, offsets: &Offsets) -> Vec<f64> {
        let mut out = vec![f64::NAN; self.places()];
        for (dense, &name) in self.names.iter().enumerate() {
            if let Some(slot) = out.get_mut(name as usize) {
                *slot = offsets.offset[dense];
            }
        }
        out
    }
}

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
    pub(super) fn from_neighbours(y: &[f64], strata: &[u32], kinds: usize) -> Self {
        let mut count = vec![0; kinds];
        for &stratum in strata {
            count[stratum as usize] += 1;
        }
        // The first of the commonest, so that the answer does not depend on their number.
        let commonest = (0..kinds).rev().max_by_key(|&k| count[k]).unwrap_or(0);
        let fewest = STRATUM_POINTS.min(count.get(commonest).copied().unwrap_or(0));
        let mut offsets = Self {
            offset: count
                .iter()
                .map(|n| if *n < fewest { f64::NAN } else { 0.0 })
                .collect(),
            count,
            commonest,
        };
        for _ in 0..NEIGHBOUR_ROUNDS {
            let mut residuals = vec![Vec::new(); kinds];
            for i in 1..y.len() {
                let (a, b) = (strata[i - 1] as usize, strata[i] as usize);
                let (from, to) = (offsets.offset[a], offsets.offset[b]);
                let difference = y[i] - y[i - 1];
                if a != b && from.is_finite() && to.is_finite() {
                    residuals[b].push(difference + from);
                    residuals[a].push(to - difference);
                }
            }
            for (offset, values) in offsets.offset.iter_mut().zip(&mut residuals) {
                if offset.is_finite()
                    && let Some(median) = stats::median_in_place(values)
                {
                    *offset = median;
                }
            }
            offsets.anchor();
        }
        offsets
    }

    /// Again, from residuals around the levels of a segmentation.
    pub(super) fn refine(&mut self, y: &[f64], strata: &[u32], levels: &[f64], scale: f64) {
        let mut residuals = vec![Vec::new(); self.offset.len()];
        for ((value, level), &stratum) in y.iter().zip(levels).zip(strata) {
            residuals[stratum as usize].push(value - level);
        }
        for (offset, values) in self.offset.iter_mut().zip(&residuals) {
            if offset.is_finite() && !values.is_empty() {
                *offset = centre(values, scale);
            }
        }
        self.anchor();
    }

    /// Puts the commonest at 0.
    fn anchor(&mut self) {
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
