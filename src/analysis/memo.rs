//! Analyses that were made before, found by the digest of exactly the numbers they were made from.
//!
//! A memo saves work and changes nothing: the key is the SHA-256 of every number that an analysis
//! depends on, so an entry can be absent, but never stale. Whoever keeps a memo in a file drops it
//! when the program changes.

use super::{Analysis, analyse_points};
use crate::detect::{ChangePoint, Regime, Scale};
use crate::history::{Point, Series};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;

/// Half of a SHA-256.
type Key = [u8; 16];

/// An entry that was of no use for so many checks is dropped.
const PATIENCE: u8 = 6;
/// Above this many machines offsets are not kept.
const MOST_OFFSETS: usize = 255;

/// What was analysed before, and what was analysed or used this time.
#[derive(Debug, Default)]
pub struct Memo {
    known: HashMap<Key, Kept>,
    used: Mutex<HashMap<Key, Option<Vec<u8>>>>,
}

#[derive(Debug)]
struct Kept {
    age: u8,
    body: Vec<u8>,
}

impl Memo {
    /// A memo as [`Memo::to_bytes`] left it; empty where the bytes are something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut known = HashMap::new();
        let mut rest = Reader(bytes);
        while !rest.0.is_empty() {
            let Some((key, kept)) = rest.entry() else {
                return Self::default();
            };
            known.insert(key, kept);
        }
        Self {
            known,
            used: Mutex::default(),
        }
    }

    /// Everything that is worth keeping for the next check.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let Ok(used) = self.used.lock() else {
            return out;
        };
        let mut push = |key: &Key, age: u8, body: &[u8]| {
            out.extend_from_slice(key);
            out.push(age);
            out.extend_from_slice(&(body.len() as u32).to_le_bytes());
            out.extend_from_slice(body);
        };
        for (key, made) in used.iter() {
            match (made, self.known.get(key)) {
                (Some(body), _) => push(key, 0, body),
                (None, Some(kept)) => push(key, 0, &kept.body),
                (None, None) => {}
            }
        }
        for (key, kept) in &self.known {
            if !used.contains_key(key) && kept.age < PATIENCE {
                push(key, kept.age + 1, &kept.body);
            }
        }
        out
    }

    /// Whether something was analysed that was not known before.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        self.used
            .lock()
            .is_ok_and(|used| used.values().any(Option::is_some))
    }

    /// [`super::analyse_points`] of the first `before` points with breaks at `breaks`, and, where
    /// `all` is wanted, [`super::analyse`] of the whole series.
    #[must_use]
    pub fn analyse(
        &self,
        series: &Series,
        before: usize,
        breaks: &[usize],
        all: bool,
    ) -> (Analysis, Option<Analysis>) {
        let (first, rest) = series.points.split_at(before);
        let mut state = Sha256::new();
        feed(&mut state, series, first);
        let key = finish(state.clone(), before, breaks);
        let of_first = self.look(key, before, || analyse_points(series, first, breaks));
        let of_all = all.then(|| {
            let points = series.points.len();
            let breaks = series.breaks();
            feed(&mut state, series, rest);
            let key = finish(state, points, &breaks);
            self.look(key, points, || {
                analyse_points(series, &series.points, &breaks)
            })
        });
        (of_first, of_all)
    }

    fn look(&self, key: Key, points: usize, make: impl FnOnce() -> Analysis) -> Analysis {
        let kept = self
            .known
            .get(&key)
            .and_then(|kept| Reader(&kept.body).analysis(points));
        let (analysis, body) = match kept {
            Some(analysis) => (analysis, None),
            None => {
                let analysis = make();
                let body = packed(&analysis);
                if body.is_none() {
                    return analysis;
                }
                (analysis, body)
            }
        };
        if let Ok(mut used) = self.used.lock() {
            used.insert(key, body);
        }
        analysis
    }
}

/// Everything of the points that an analysis reads.
fn feed(state: &mut Sha256, series: &Series, points: &[Point]) {
    let mut block = [[0_u8; 20]; 128];
    for some in points.chunks(block.len()) {
        for (place, point) in block.iter_mut().zip(some) {
            place[..8].copy_from_slice(&point.value.to_bits().to_le_bytes());
            place[8..16].copy_from_slice(&series.precision(point).to_bits().to_le_bytes());
            place[16..].copy_from_slice(&point.stratum.to_le_bytes());
        }
        state.update(block[..some.len()].as_flattened());
    }
}

fn finish(mut state: Sha256, points: usize, breaks: &[usize]) -> Key {
    for at in breaks {
        state.update((*at as u64).to_le_bytes());
    }
    // The lengths tell where points end and breaks begin.
    state.update((points as u64).to_le_bytes());
    state.update((breaks.len() as u64).to_le_bytes());
    let digest = state.finalize();
    std::array::from_fn(|i| digest[i])
}

/// An analysis as bytes; `None` where it would be too large to be worth it.
fn packed(analysis: &Analysis) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(128);
    out.push(u8::from(analysis.scale == Scale::Log));
    let whole = |out: &mut Vec<u8>, value: usize| {
        out.extend_from_slice(&(value as u32).to_le_bytes());
    };
    let real = |out: &mut Vec<u8>, value: f64| {
        out.extend_from_slice(&value.to_bits().to_le_bytes());
    };
    real(&mut out, analysis.sigma);
    real(&mut out, analysis.autocorrelation);
    for stretches in [&analysis.regimes, &analysis.excursions] {
        whole(&mut out, stretches.len());
        for regime in stretches {
            for value in [regime.first, regime.last, regime.n] {
                whole(&mut out, value);
            }
            for value in [regime.level, regime.level_low, regime.level_high] {
                real(&mut out, value);
            }
        }
    }
    whole(&mut out, analysis.changes.len());
    for change in &analysis.changes {
        for value in [change.index, change.from, change.to] {
            whole(&mut out, value);
        }
        for value in [
            change.before,
            change.after,
            change.effect,
            change.effect_low,
            change.effect_high,
            change.p,
        ] {
            real(&mut out, value);
        }
    }
    whole(&mut out, analysis.breaks.len());
    for at in &analysis.breaks {
        whole(&mut out, *at);
    }
    // Offsets are one number a machine.
    let mut kinds: Vec<u64> = Vec::new();
    let mut which: Vec<u8> = Vec::with_capacity(analysis.offsets.len());
    for offset in &analysis.offsets {
        let bits = offset.to_bits();
        let at = match kinds.iter().position(|kind| *kind == bits) {
            Some(at) => at,
            None => {
                kinds.push(bits);
                kinds.len() - 1
            }
        };
        if at >= MOST_OFFSETS {
            return None;
        }
        which.push(at as u8);
    }
    whole(&mut out, kinds.len());
    for bits in &kinds {
        out.extend_from_slice(&bits.to_le_bytes());
    }
    if kinds.len() > 1 {
        out.extend_from_slice(&which);
    }
    Some(out)
}

/// Reads what was written; `None` wherever it ends too early or says what cannot be.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn whole(&mut self) -> Option<usize> {
        self.take().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    /// How many things follow; no more than there are bytes left.
    fn count(&mut self) -> Option<usize> {
        self.whole().filter(|count| *count <= self.0.len())
    }

    fn real(&mut self) -> Option<f64> {
        self.take()
            .map(|bytes| f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn entry(&mut self) -> Option<(Key, Kept)> {
        let key = self.take()?;
        let [age] = self.take()?;
        let length = self.whole()?;
        let (body, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let body = body.to_vec();
        Some((key, Kept { age, body }))
    }

    fn stretches(&mut self) -> Option<Vec<Regime>> {
        let mut stretches = Vec::new();
        for _ in 0..self.count()? {
            stretches.push(Regime {
                first: self.whole()?,
                last: self.whole()?,
                n: self.whole()?,
                level: self.real()?,
                level_low: self.real()?,
                level_high: self.real()?,
            });
        }
        Some(stretches)
    }

    fn analysis(&mut self, points: usize) -> Option<Analysis> {
        let [scale] = self.take()?;
        let (sigma, autocorrelation) = (self.real()?, self.real()?);
        let (regimes, excursions) = (self.stretches()?, self.stretches()?);
        let mut changes = Vec::new();
        for _ in 0..self.count()? {
            changes.push(ChangePoint {
                index: self.whole()?,
                from: self.whole()?,
                to: self.whole()?,
                before: self.real()?,
                after: self.real()?,
                effect: self.real()?,
                effect_low: self.real()?,
                effect_high: self.real()?,
                p: self.real()?,
            });
        }
        let breaks = (0..self.count()?)
            .map(|_| self.whole())
            .collect::<Option<Vec<_>>>()?;
        let kinds = (0..self.count()?)
            .map(|_| self.real())
            .collect::<Option<Vec<_>>>()?;
        let offsets = match kinds.as_slice() {
            [] if points == 0 => Vec::new(),
            [] => return None,
            [one] => vec![*one; points],
            many => {
                let (which, rest) = self.0.split_at_checked(points)?;
                self.0 = rest;
                let offset = |at: &u8| many.get(usize::from(*at)).copied();
                which.iter().map(offset).collect::<Option<Vec<_>>>()?
            }
        };
        let within = |at: usize| at < points;
        let mut stretches = regimes.iter().chain(&excursions);
        let sound = stretches.all(|r| within(r.first) && within(r.last))
            && changes.iter().all(|c| within(c.index));
        (sound && self.0.is_empty()).then_some(Analysis {
            scale: if scale == 0 {
                Scale::Linear
            } else {
                Scale::Log
            },
            regimes,
            excursions,
            changes,
            breaks,
            offsets,
            sigma,
            autocorrelation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::noisy;
    use super::*;
    use crate::analysis::analyse;
    use proptest::prelude::*;

    /// Equal, NaN offsets included.
    fn same(a: &Analysis, b: &Analysis) -> bool {
        format!("{a:?}") == format!("{b:?}")
    }

    fn check(memo: &Memo, series: &Series, before: usize) {
        let breaks: Vec<usize> = series
            .breaks()
            .into_iter()
            .filter(|at| *at < before)
            .collect();
        let (first, all) = memo.analyse(series, before, &breaks, true);
        assert!(same(&all.unwrap(), &analyse(series)));
        assert!(same(
            &first,
            &analyse_points(series, &series.points[..before], &breaks)
        ));
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_is_computed(
            seed in 0_u64..1_000_000, n in 0_usize..120, step in -0.2_f64..0.2, machines in 1_u32..4, head in 0_usize..3)
        {
            let series = noisy(seed, n, step, machines);
            let points = series.points.len();
            let before = points.saturating_sub(head);
            let first = Memo::default();
            check(&first, &series, before);
            let second = Memo::from_bytes(&first.to_bytes());
            check(&second, &series, before);
            prop_assert!(!second.has_grown());
        }

        #[test]
        fn a_damaged_memo_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), points in 0_usize..50) {
            let _ = Memo::from_bytes(&bytes);
            let _ = Reader(&bytes).analysis(points);
        }
    }

    #[test]
    fn another_number_is_another_entry() {
        let (a, b) = (noisy(1, 60, 0.1, 1), noisy(2, 60, 0.1, 1));
        let memo = Memo::default();
        check(&memo, &a, 59);
        let next = Memo::from_bytes(&memo.to_bytes());
        check(&next, &b, 59);
        assert!(next.has_grown());
        let after = Memo::from_bytes(&next.to_bytes());
        check(&after, &a, 59);
        check(&after, &b, 59);
        assert!(!after.has_grown());
    }

    #[test]
    fn what_is_of_no_use_is_forgotten_in_time() {
        let memo = Memo::default();
        check(&memo, &noisy(1, 60, 0.1, 1), 59);
        let mut bytes = memo.to_bytes();
        for _ in 0..=PATIENCE {
            assert!(!bytes.is_empty());
            bytes = Memo::from_bytes(&bytes).to_bytes();
        }
        assert!(bytes.is_empty());
    }
}
