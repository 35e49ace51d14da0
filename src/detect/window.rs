//! The running median.

/// Points of the running median that outliers are clipped to.
pub(super) const WINDOW: usize = 11;

/// Values at even and at odd places, and the medians of windows that begin there.
pub(super) type Halves = [Vec<f64>; 4];

/// Running median of [`WINDOW`] points, as many medians as points: the window slides while it is
/// centred and stays at the ends. False with fewer points than a window.
pub(super) fn running_median(y: &[f64], halves: &mut Halves, medians: &mut Vec<f64>) -> bool {
    let n = y.len();
    if n < WINDOW {
        return false;
    }
    let half = WINDOW / 2;
    let clipped = medians;
    clipped.clear();
    clipped.resize(half, 0.0);
    medians_of_pairs(y, halves, clipped);
    if (n - WINDOW).is_multiple_of(2) {
        let mut last = [0.0; WINDOW];
        last.copy_from_slice(&y[n - WINDOW..]);
        last.sort_unstable_by(f64::total_cmp);
        clipped.push(last[half]);
    }
    let (first, last) = (clipped[half], clipped[n - half - 1]);
    clipped[..half].fill(first);
    clipped.resize(n, last);
    true
}

/// Adds the medians of all windows but an odd last one, two at a time: neighbours share ten points,
/// and the median of eleven is the one that is left over, drawn in between the middle two of these.
/// No step depends on the one before or on how the points compare, so many are made at once.
fn medians_of_pairs(y: &[f64], halves: &mut Halves, out: &mut Vec<f64>) {
    let pairs = (y.len() + 1 - WINDOW) / 2;
    let [even, odd, first, second] = halves;
    even.clear();
    odd.clear();
    even.extend(y.iter().step_by(2));
    odd.extend(y.iter().skip(1).step_by(2));
    first.clear();
    first.resize(pairs, 0.0);
    second.clear();
    second.resize(pairs, 0.0);
    // All as long as there are pairs, so that no index below has to be looked at.
    let even: [&[f64]; 6] = std::array::from_fn(|i| even.get(i..i + pairs).unwrap_or_default());
    let odd: [&[f64]; 6] = std::array::from_fn(|i| odd.get(i..i + pairs).unwrap_or_default());
    let long = even.iter().chain(&odd).all(|own| own.len() == pairs);
    if !long || first.len() != pairs || second.len() != pairs {
        return;
    }
    for k in 0..pairs {
        let low = sorted_five([odd[0][k], even[1][k], odd[1][k], even[2][k], odd[2][k]]);
        let high = sorted_five([even[3][k], odd[3][k], even[4][k], odd[4][k], even[5][k]]);
        let (below, above) = middle_two(&low, &high);
        first[k] = larger(below, smaller(above, even[0][k]));
        second[k] = larger(below, smaller(above, odd[5][k]));
    }
    let start = out.len();
    out.resize(start + 2 * pairs, 0.0);
    let places = out[start..].chunks_exact_mut(2);
    for (place, (a, b)) in places.zip(first.iter().zip(second)) {
        (place[0], place[1]) = (*a, *b);
    }
}

/// Five values in ascending order, by a network of nine comparisons.
fn sorted_five(mut v: [f64; 5]) -> [f64; 5] {
    for (a, b) in [
        (0, 3),
        (1, 4),
        (0, 2),
        (1, 3),
        (0, 1),
        (2, 4),
        (1, 2),
        (3, 4),
        (2, 3),
    ] {
        (v[a], v[b]) = (smaller(v[a], v[b]), larger(v[a], v[b]));
    }
    v
}

/// The fifth and the sixth of ten values: of each way to take five from the bottom of either half the
/// largest value, and of these the smallest; and the other way round.
fn middle_two(a: &[f64; 5], b: &[f64; 5]) -> (f64, f64) {
    let (mut fifth, mut sixth) = (smaller(a[4], b[4]), larger(a[0], b[0]));
    for i in 0..4 {
        fifth = smaller(fifth, larger(a[i], b[3 - i]));
        sixth = larger(sixth, smaller(a[i + 1], b[4 - i]));
    }
    (fifth, sixth)
}

// One instruction each; those of the standard library take several, for NaN, which there is none of.
#[inline]
pub(super) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline]
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::stats;

    /// Independent and even between 0 and 1.
    pub(in super::super) fn independent(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| {
                let whole = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mixed = (whole ^ (whole >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
            })
            .collect()
    }

    proptest::proptest! {
        #[test]
        fn running_medians_are_those_of_sorted_windows(
            y in proptest::collection::vec(-1e3_f64..1e3, WINDOW..70))
        {
            let mut medians = Vec::new();
            running_median(&y, &mut Halves::default(), &mut medians);
            let half = WINDOW / 2;
            for (i, median) in medians.iter().enumerate() {
                let middle = i.clamp(half, y.len() - 1 - half);
                let window = stats::median(&y[middle - half..=middle + half]).unwrap();
                proptest::prop_assert_eq!(median.to_bits(), window.to_bits());
            }
            proptest::prop_assert_eq!(medians.len(), y.len());
        }
    }

    #[test]
    fn running_median_slides_with_its_window() {
        let y = independent(60);
        let (mut halves, mut medians) = (Halves::default(), Vec::new());
        assert!(running_median(&y, &mut halves, &mut medians));
        for i in 5..55 {
            let window = stats::median(&y[i - 5..=i + 5]).unwrap();
            assert!((medians[i] - window).abs() < 1e-15, "{i}");
        }
        assert!(!running_median(&y[..10], &mut halves, &mut medians));
    }
}
