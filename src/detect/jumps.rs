//! Steps that anyone can see.

use super::window::{larger, smaller};

/// Deviations between neighbouring levels that no wandering reaches at once.
const CLEAR_STEP: f64 = 5.0;
/// Clear steps: where each begins, and its size. The medians of three points on either side lie
/// [`CLEAR_STEP`] deviations apart, the three points beyond stay within a third of that, and most of
/// it lies between two neighbours: noise that wanders gets as far only by and by.
pub(super) fn clear_steps(y: &[f64], scale: f64) -> impl Iterator<Item = (usize, f64)> {
    let middle = |at: usize| middle_of(y[at], y[at + 1], y[at + 2]);
    let mut at = 6;
    std::iter::from_fn(move || {
        while let Some(here) = next_jump(y, at, CLEAR_STEP * scale) {
            at = here + 1;
            let (earlier, own) = (middle(here - 3), middle(here));
            let jump = own - earlier;
            let still = (earlier - middle(here - 6))
                .abs()
                .max((middle(here + 3) - own).abs());
            let abrupt = (y[here] - y[here - 1]).abs() >= 0.6 * jump.abs();
            if still * 3.0 <= jump.abs() && abrupt {
                at = here + 6;
                return Some((here, jump));
            }
        }
        None
    })
}

#[inline]
fn middle_of(a: f64, b: f64, c: f64) -> f64 {
    larger(smaller(a, b), smaller(larger(a, b), c))
}

/// Places that are looked at in one go.
pub(super) const AT_ONCE: usize = 16;

/// The next place from `from` on at which the medians of three points on either side differ by
/// `least`, with six points on either side. Most series have none, and this is the whole price of
/// looking.
fn next_jump(y: &[f64], from: usize, least: f64) -> Option<usize> {
    let end = y.len().checked_sub(5)?;
    let mut at = from;
    while at < end {
        let next = (at + AT_ONCE).min(end);
        let around = &y[at - 3..next + 2];
        let jump = |i: usize| {
            let before = middle_of(around[i], around[i + 1], around[i + 2]);
            let after = middle_of(around[i + 3], around[i + 4], around[i + 5]);
            (after - before).abs() >= least
        };
        let count = next - at;
        let any = if around.len() == AT_ONCE + 5 {
            (0..AT_ONCE).fold(false, |any, i| any | jump(i))
        } else {
            true
        };
        if any && let Some(i) = (0..count).find(|i| jump(*i)) {
            return Some(at + i);
        }
        at = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::window::tests::independent;
    use super::*;
    use crate::stats;

    /// As [`clear_steps`], place by place.
    fn clear_steps_one_by_one(y: &[f64], scale: f64) -> Vec<(usize, f64)> {
        let middle = |at: usize| stats::median(&y[at..at + 3]).unwrap();
        let (mut found, mut at) = (Vec::new(), 6);
        while at + 6 <= y.len() {
            let jump = middle(at) - middle(at - 3);
            let still = (middle(at - 3) - middle(at - 6))
                .abs()
                .max((middle(at + 3) - middle(at)).abs());
            let abrupt = (y[at] - y[at - 1]).abs() >= 0.6 * jump.abs();
            if jump.abs() >= CLEAR_STEP * scale && still * 3.0 <= jump.abs() && abrupt {
                found.push((at, jump));
                at += 6;
            } else {
                at += 1;
            }
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn clear_steps_are_found_wherever_they_lie(
            n in 0_usize..90, steps in proptest::collection::vec((0_usize..90, -30.0_f64..30.0), 0..5))
        {
            let y: Vec<f64> = independent(n)
                .iter()
                .enumerate()
                .map(|(i, z)| {
                    let before = steps.iter().filter(|(at, _)| *at <= i);
                    z + before.map(|(_, size)| size).sum::<f64>()
                })
                .collect();
            let found: Vec<_> = clear_steps(&y, 0.3).collect();
            proptest::prop_assert_eq!(found, clear_steps_one_by_one(&y, 0.3));
        }
    }
}
