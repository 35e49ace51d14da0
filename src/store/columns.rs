//! The points of one series, column by column, as small as they can be and still be read at once.

use crate::model::Spread;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One measurement of a series in one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Row of the run.
    pub run: i64,
    /// Value.
    pub value: f64,
    /// Spread, where known.
    pub spread: Option<Spread>,
    /// Sample count.
    pub n: u64,
}

/// The points of one series in order of run row.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    runs: Arc<[i64]>,
    values: Box<[f64]>,
    spreads: Spreads,
    counts: Counts,
    /// Raw samples by run row, where they were asked for.
    samples: Option<Arc<BTreeMap<i64, Vec<f64>>>>,
}

/// Spreads, no wider than they need to be.
#[derive(Debug, Clone, Default)]
enum Spreads {
    #[default]
    Unknown,
    Narrow(Box<[(u16, u16)]>),
    Wide(Box<[Option<Spread>]>),
}

/// Sample counts. Whoever measures changes them seldom.
#[derive(Debug, Clone)]
enum Counts {
    Same(u64),
    /// The first point of each stretch with the same count, and the count.
    Stretches(Box<[(u32, u64)]>),
    Each(Box<[u64]>),
}

impl Default for Counts {
    fn default() -> Self {
        Self::Same(1)
    }
}

impl Columns {
    /// How many points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Run rows, ascending.
    #[must_use]
    pub fn runs(&self) -> &[i64] {
        &self.runs
    }

    /// Values, as long as [`Columns::runs`].
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The spread of the point at `index`, where known.
    #[inline]
    #[must_use]
    pub fn spread(&self, index: usize) -> Option<Spread> {
        match &self.spreads {
            Spreads::Unknown => None,
            Spreads::Narrow(all) => all.get(index).map(|(below, above)| Spread {
                below: u32::from(*below),
                above: u32::from(*above),
            }),
            Spreads::Wide(all) => all.get(index).copied().flatten(),
        }
    }

    /// The sample count of the point at `index`; 0 beyond the last.
    #[must_use]
    pub fn n(&self, index: usize) -> u64 {
        match &self.counts {
            _ if index >= self.len() => 0,
            Counts::Same(n) => *n,
            Counts::Stretches(all) => {
                let next = all.partition_point(|(first, _)| *first as usize <= index);
                next.checked_sub(1).map_or(0, |own| all[own].1)
            }
            Counts::Each(all) => all.get(index).copied().unwrap_or(0),
        }
    }

    /// Adds the raw samples of runs, by run row, empty where they were dropped on purpose; those of
    /// other runs do no harm.
    #[must_use]
    pub fn with_samples(self, samples: BTreeMap<i64, Vec<f64>>) -> Self {
        Self {
            samples: (!samples.is_empty()).then(|| Arc::new(samples)),
            ..self
        }
    }

    /// The raw samples of a run in the order in which they were taken, where they were added
    /// ([`Self::with_samples`]); none where they were dropped on purpose.
    #[must_use]
    pub fn samples(&self, run: i64) -> Option<&[f64]> {
        self.samples.as_ref()?.get(&run).map(Vec::as_slice)
    }

    /// The point at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Cell> {
        Some(Cell {
            run: *self.runs.get(index)?,
            value: self.values[index],
            spread: self.spread(index),
            n: self.n(index),
        })
    }

    /// All points in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Cell> + '_ {
        let mut stretches: &[(u32, u64)] = match &self.counts {
            Counts::Stretches(all) => all,
            _ => &[],
        };
        let mut last = 0;
        let points = self.runs.iter().zip(&self.values).enumerate();
        points.map(move |(index, (&run, &value))| {
            let n = match &self.counts {
                Counts::Same(n) => *n,
                Counts::Stretches(_) => {
                    while let Some(((first, n), rest)) = stretches.split_first()
                        && *first as usize <= index
                    {
                        (last, stretches) = (*n, rest);
                    }
                    last
                }
                Counts::Each(all) => all.get(index).copied().unwrap_or(0),
            };
            let spread = self.spread(index);
            Cell {
                run,
                value,
                spread,
                n,
            }
        })
    }
}

impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl FromIterator<Cell> for Columns {
    /// Points in order of run row.
    fn from_iter<I: IntoIterator<Item = Cell>>(points: I) -> Self {
        let points: Vec<Cell> = points.into_iter().collect();
        let runs: Arc<[i64]> = points.iter().map(|point| point.run).collect();
        let mut builder = Builder::default();
        for (at, point) in points.iter().enumerate() {
            builder.push(&runs, at, point.value, point.spread, point.n);
        }
        builder.finish(&runs)
    }
}

/// Collects points; the buffers inside are used again for the next series.
#[derive(Default)]
pub(super) struct Builder {
    /// Empty as long as the series is in every run so far.
    runs: Vec<i64>,
    values: Vec<f64>,
    /// `u32::MAX` twice where unknown, as long as no spread is as large.
    spreads: Vec<(u32, u32)>,
    /// The first point of each stretch with the same sample count, and the count.
    counts: Vec<(u32, u64)>,
    unknown: usize,
    widest: u32,
}

const UNKNOWN: (u32, u32) = (u32::MAX, u32::MAX);

impl Builder {
    /// Makes room for so many points, and no more.
    pub(super) fn reserve(&mut self, points: usize) {
        self.values.reserve_exact(points);
        self.spreads.reserve_exact(points);
    }

    /// Adds the point of `all[at]`, a run later than those before.
    #[inline]
    pub(super) fn push(
        &mut self,
        all: &[i64],
        at: usize,
        value: f64,
        spread: Option<Spread>,
        n: u64,
    ) {
        let len = self.values.len();
        if len < at && self.runs.is_empty() {
            self.runs.extend_from_slice(&all[..len]);
        }
        if len < at || !self.runs.is_empty() {
            self.runs.push(all[at]);
        }
        self.values.push(value);
        match spread {
            Some(spread) => {
                // A spread of four thousand times the value is as good as the next smaller one.
                let own = (
                    spread.below.min(u32::MAX - 1),
                    spread.above.min(u32::MAX - 1),
                );
                self.widest = self.widest.max(own.0).max(own.1);
                self.spreads.push(own);
            }
            None => {
                self.unknown += 1;
                self.spreads.push(UNKNOWN);
            }
        }
        if self.counts.last().is_none_or(|(_, last)| *last != n) {
            self.counts.push((len as u32, n));
        }
    }

    /// The points that were pushed; their runs are shared with `all` where they are the same.
    pub(super) fn finish(&mut self, all: &Arc<[i64]>) -> Columns {
        let len = self.values.len();
        let runs = if !self.runs.is_empty() {
            self.runs.as_slice().into()
        } else if len == all.len() {
            Arc::clone(all)
        } else {
            all[..len].into()
        };
        let known = |own: &(u32, u32)| {
            (*own != UNKNOWN).then_some(Spread {
                below: own.0,
                above: own.1,
            })
        };
        let spreads = if self.unknown == len {
            Spreads::Unknown
        } else if self.unknown == 0 && self.widest <= u32::from(u16::MAX) {
            let narrow = |own: &(u32, u32)| (own.0 as u16, own.1 as u16);
            Spreads::Narrow(self.spreads.iter().map(narrow).collect())
        } else {
            Spreads::Wide(self.spreads.iter().map(known).collect())
        };
        let counts = match self.counts.as_slice() {
            [] => Counts::default(),
            [(_, n)] => Counts::Same(*n),
            some if some.len() * 2 <= len => Counts::Stretches(some.into()),
            some => {
                let ends = some.iter().skip(1).map(|(first, _)| *first as usize);
                let mut each = Vec::with_capacity(len);
                for (end, (_, n)) in ends.chain([len]).zip(some) {
                    each.resize(end, *n);
                }
                Counts::Each(each.into())
            }
        };
        // Made to measure by `reserve`, so that nothing is copied.
        let values = std::mem::take(&mut self.values).into_boxed_slice();
        self.runs.clear();
        self.spreads.clear();
        self.counts.clear();
        (self.unknown, self.widest) = (0, 0);
        Columns {
            runs,
            values,
            spreads,
            counts,
            samples: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn points_come_back(points in proptest::collection::vec(
            (any::<i64>(), -1e9_f64..1e9, proptest::option::of((0_u32..200_000, 0_u32..200_000)), 0_u64..4), 0..60))
        {
            let cells: Vec<Cell> = points
                .into_iter()
                .map(|(run, value, spread, n)| Cell {
                    run, value, n,
                    spread: spread.map(|(below, above)| Spread { below, above }),
                })
                .collect();
            let columns: Columns = cells.iter().copied().collect();
            prop_assert_eq!(columns.iter().collect::<Vec<_>>(), cells);
            prop_assert_eq!(columns.get(columns.len()), None);
        }
    }

    #[test]
    fn equal_runs_are_kept_once() {
        let all: Arc<[i64]> = [1, 2].into();
        let mut builder = Builder::default();
        builder.push(&all, 0, 1.0, None, 1);
        builder.push(&all, 1, 2.0, None, 1);
        let columns = builder.finish(&all);
        assert!(Arc::ptr_eq(&columns.runs, &all));
        assert!(builder.finish(&all).is_empty());
        // A gap at the beginning, in the middle and at the end.
        let all: Arc<[i64]> = (0..6).collect();
        for missing in 0..6 {
            for at in (0..6).filter(|at| *at != missing) {
                builder.push(&all, at, at as f64, None, 1 + (at == 3) as u64);
            }
            let columns = builder.finish(&all);
            let runs: Vec<i64> = (0..6).filter(|run| *run != missing as i64).collect();
            assert_eq!(columns.runs(), runs);
            for cell in columns.iter() {
                assert_eq!(cell.n, 1 + u64::from(cell.run == 3));
            }
        }
    }
}
