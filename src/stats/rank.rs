//! Rank tests and the shifts that belong to them.

use super::distribution::{normal_quantile, normal_sf, student_t_quantile, student_t_sf};
use super::order::ascending;

/// An estimate with an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower bound; −∞ where so few values cannot bound it with the confidence that was asked.
    pub low: f64,
    /// Upper bound; ∞ likewise.
    pub high: f64,
}

/// Test of Mann & Whitney (1947), also known as Wilcoxon's rank sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which x exceeds y, ties counting one half.
    pub u: f64,
    /// p-value against "x tends to be greater".
    pub p_greater: f64,
    /// p-value against "x tends to be less".
    pub p_less: f64,
    /// Two-sided p-value: twice the smaller of both, at most 1.
    pub p: f64,
    /// Whether the null distribution was enumerated (ties included) or approximated.
    pub exact: bool,
}

/// Signed rank test of Wilcoxon (1945).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sum of the ranks of positive differences; zeros are left out.
    pub v: f64,
    /// p-value against "differences tend to be positive".
    pub p_greater: f64,
    /// p-value against "differences tend to be negative".
    pub p_less: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Whether the null distribution was enumerated (ties included) or approximated.
    pub exact: bool,
}

/// Test of Brunner & Munzel (2000): as Mann & Whitney, without assuming equal spreads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrunnerMunzel {
    /// The statistic.
    pub w: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// P(x < y) + ½ P(x = y).
    pub probability: f64,
    /// Lower 95 % bound of `probability`.
    pub low: f64,
    /// Upper 95 % bound of `probability`.
    pub high: f64,
}

/// Above this many values in both samples together the null distribution is approximated.
const EXACT_UNPAIRED: usize = 60;
/// Most values whose maximal rank sum is enumerated.
const EXACT_MAXIMAL: usize = 24;
/// Above this many pairs the null distribution is approximated.
const EXACT_PAIRED: usize = 60;

/// Ranks from 1, ties sharing the mean of theirs, in the order of the input.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] <= values[order[start]] {
            end += 1;
        }
        let shared = 0.5 * (start + 1 + end) as f64;
        for &index in &order[start..end] {
            ranks[index] = shared;
        }
        start = end;
    }
    ranks
}

/// Twice the ranks, which are whole numbers even with ties.
fn doubled(ranks: &[f64]) -> Vec<usize> {
    ranks.iter().map(|r| (2.0 * r).round() as usize).collect()
}

/// Number of the subsets of each size, up to `most`, of `ranks` that have each sum.
fn subset_counts(ranks: &[usize], most: usize) -> Vec<Vec<f64>> {
    let total: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0_f64; total + 1]; most + 1];
    ways[0][0] = 1.0;
    let mut reached = 0;
    for (done, &rank) in ranks.iter().enumerate() {
        reached += rank;
        for size in (1..=most.min(done + 1)).rev() {
            let (smaller, larger) = ways.split_at_mut(size);
            let from = &smaller[size - 1][..=reached - rank];
            for (to, from) in larger[0][rank..=reached].iter_mut().zip(from) {
                *to += from;
            }
        }
    }
    ways
}

/// Share of the subsets of `take` of `ranks` (doubled) that have each sum.
fn subset_sums(ranks: &[usize], take: usize) -> Vec<f64> {
    let mut shares = subset_counts(ranks, take).swap_remove(take);
    let all: f64 = shares.iter().sum();
    for share in &mut shares {
        *share /= all;
    }
    shares
}

/// Share of the sign patterns over `ranks` (doubled) whose positive part has each sum.
fn sign_sums(ranks: &[usize]) -> Vec<f64> {
    let mut shares = vec![0.0_f64; ranks.iter().sum::<usize>() + 1];
    shares[0] = 1.0;
    let mut reached = 0;
    for &rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let without = shares[sum];
            let with = if sum >= rank { shares[sum - rank] } else { 0.0 };
            shares[sum] = 0.5 * (without + with);
        }
    }
    shares
}

/// (P(S ≥ at), P(S ≤ at)).
fn tails(shares: &[f64], at: usize) -> (f64, f64) {
    let at = at.min(shares.len() - 1);
    let at_least: f64 = shares[at..].iter().sum();
    let at_most: f64 = shares[..=at].iter().sum();
    (at_least.min(1.0), at_most.min(1.0))
}

fn tie_cubes(ranks: &[f64]) -> f64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_unstable_by(ascending);
    sorted
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .map(|group| (group.len() as f64).powi(3) - group.len() as f64)
        .sum()
}

/// Upper and lower normal tail of a statistic, with continuity correction of ½.
fn normal_tails(distance: f64, sd: f64) -> (f64, f64) {
    if sd > 0.0 {
        (
            normal_sf((distance - 0.5) / sd),
            normal_sf((-distance - 0.5) / sd),
        )
    } else {
        (1.0, 1.0)
    }
}

/// Mann–Whitney test of `x` against `y`. Exact, by enumerating the sums of (mid-)ranks, up to 60
/// values in all; beyond that normal with tie and continuity correction. `None` when a sample is
/// empty.
#[must_use]
pub fn mann_whitney(x: &[f64], y: &[f64]) -> Option<MannWhitney> {
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let (n, m) = (x.len() as f64, y.len() as f64);
    let all: Vec<f64> = x.iter().chain(y).copied().collect();
    let ranks = ranks(&all);
    let rank_sum: f64 = ranks[..x.len()].iter().sum();
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let exact = all.len() <= EXACT_UNPAIRED;
    let (p_greater, p_less) = if exact {
        let shares = subset_sums(&doubled(&ranks), x.len());
        tails(&shares, (2.0 * rank_sum).round() as usize)
    } else {
        let total = n + m;
        let variance = n * m / 12.0 * (total + 1.0 - tie_cubes(&ranks) / (total * (total - 1.0)));
        normal_tails(u - n * m / 2.0, variance.max(0.0).sqrt())
    };
    Some(MannWhitney {
        u,
        p_greater,
        p_less,
        p: (2.0 * p_greater.min(p_less)).min(1.0),
        exact,
    })
}

/// The largest standardised rank sum over all splits of an ordered series in two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaximalRankSum {
    /// Number of values before the best split.
    pub at: usize,
    /// Upper bound of the p-value: the sum, over all splits, of the exact chance of a rank sum
    /// so far from its mean. Nearly attained where it is small.
    pub p: f64,
}

/// Test of a change of level at an unknown place, exact for short series: Wilcoxon's rank sum at
/// every split, standardised, its null distribution enumerated (ties included) and added over
/// the splits. `None` for fewer than 2 values or more than 24, or where all are equal.
#[must_use]
pub fn maximal_rank_sum(values: &[f64]) -> Option<MaximalRankSum> {
    let m = values.len();
    if !(2..=EXACT_MAXIMAL).contains(&m) {
        return None;
    }
    let mut ranks = doubled(&ranks(values));
    let mut mean = (m + 1) as f64;
    if ranks.iter().all(|rank| rank.is_multiple_of(2)) {
        for rank in &mut ranks {
            *rank /= 2;
        }
        mean *= 0.5;
    }
    let spread: f64 = ranks.iter().map(|r| (*r as f64 - mean).powi(2)).sum();
    if spread <= 0.0 {
        return None;
    }
    let standardised = |sum: usize, k: usize| {
        let distance = sum as f64 - k as f64 * mean;
        distance * distance / (k * (m - k)) as f64
    };
    let (mut sum, mut best, mut at) = (0, 0.0, 0);
    for (k, rank) in ranks[..m - 1].iter().enumerate() {
        sum += rank;
        let statistic = standardised(sum, k + 1);
        if statistic > best {
            (best, at) = (statistic, k + 1);
        }
    }
    // The statistic is a square of whole numbers over one: equality up to rounding counts.
    let reached = best * (1.0 - 1e-9);
    // A subset and what it leaves are equally far from their means: half the sizes suffice.
    let half = m / 2;
    let p: f64 = subset_counts(&ranks, half)
        .iter()
        .enumerate()
        .skip(1)
        .map(|(k, ways)| {
            let all: f64 = ways.iter().sum();
            let extreme: f64 = ways
                .iter()
                .enumerate()
                .filter(|(sum, _)| standardised(*sum, k) >= reached)
                .map(|(_, ways)| ways)
                .sum();
            let twins = if 2 * k == m { 1.0 } else { 2.0 };
            twins * extreme / all
        })
        .sum();
    Some(MaximalRankSum { at, p: p.min(1.0) })
}

/// Rank (from 1, counted from either end) of the order statistic that bounds a shift: the largest
/// r with P(S ≤ r − 1) ≤ tail, S being the statistic without ties, given as shares. `None` where
/// even the extreme bounds it with less confidence.
fn bound_rank(shares: impl Iterator<Item = f64>, tail: f64) -> Option<usize> {
    let mut total = 0.0;
    for (q, share) in shares.enumerate() {
        total += share;
        // The sums are exact up to rounding; R guards its quantiles in the same way.
        let attained = total <= tail * (1.0 + 1e-12);
        if total >= tail * (1.0 - 1e-12) {
            // Where the share is the tail itself the next order statistic keeps it, too: else the
            // interval of three values a side would be open while their p is 0.05.
            let rank = q + usize::from(attained);
            return (rank > 0).then_some(rank);
        }
    }
    None
}

/// Median of sorted values and the order statistics `rank` from either end.
fn estimate(sorted: &[f64], rank: Option<usize>) -> Estimate {
    let n = sorted.len();
    let value = 0.5 * sorted[(n - 1) / 2] + 0.5 * sorted[n / 2];
    let (low, high) = match rank {
        Some(rank) if rank <= n => (sorted[rank - 1], sorted[n - rank]),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    Estimate { value, low, high }
}

/// Shift of `x` over `y` of Hodges & Lehmann (1963): the median of all differences xᵢ − yⱼ, with
/// the exact interval of Moses (order statistics of the differences from the null distribution of
/// Mann & Whitney's U; normal beyond 60 values). `None` when a sample is empty. Needs
/// memory for every pair.
///
/// On logarithms the exponential of the shift is a ratio.
#[must_use]
pub fn hodges_lehmann(x: &[f64], y: &[f64], confidence: f64) -> Option<Estimate> {
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let mut differences: Vec<f64> = x
        .iter()
        .flat_map(|x| y.iter().map(move |y| x - y))
        .collect();
    differences.sort_unstable_by(ascending);
    let tail = 0.5 * (1.0 - confidence);
    let (n, m) = (x.len(), y.len());
    let rank = if n + m <= EXACT_UNPAIRED {
        let untied: Vec<usize> = (1..=n + m).collect();
        bound_rank(
            subset_sums(&untied, n).into_iter().skip(n * (n + 1) / 2),
            tail,
        )
    } else {
        let (n, m) = (n as f64, m as f64);
        let reach = normal_quantile(1.0 - tail) * (n * m * (n + m + 1.0) / 12.0).sqrt();
        normal_rank(n * m / 2.0 - reach)
    };
    Some(estimate(&differences, rank))
}

fn normal_rank(place: f64) -> Option<usize> {
    (place >= 1.0).then_some(place.floor() as usize)
}

/// Signed rank test of paired differences. Zeros are left out, as Wilcoxon did; exact up to 60
/// pairs, ties included, beyond that normal with tie and continuity correction. `None` when no
/// difference is other than 0.
#[must_use]
pub fn signed_rank(differences: &[f64]) -> Option<SignedRank> {
    let kept: Vec<f64> = differences
        .iter()
        .copied()
        .filter(|d| d.abs() > 0.0)
        .collect();
    if kept.is_empty() {
        return None;
    }
    let sizes: Vec<f64> = kept.iter().map(|d| d.abs()).collect();
    let ranks = ranks(&sizes);
    let v: f64 = ranks
        .iter()
        .zip(&kept)
        .filter(|(_, d)| **d > 0.0)
        .map(|(rank, _)| rank)
        .sum();
    let n = kept.len() as f64;
    let exact = kept.len() <= EXACT_PAIRED;
    let (p_greater, p_less) = if exact {
        tails(&sign_sums(&doubled(&ranks)), (2.0 * v).round() as usize)
    } else {
        let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tie_cubes(&ranks) / 48.0;
        normal_tails(v - n * (n + 1.0) / 4.0, variance.max(0.0).sqrt())
    };
    Some(SignedRank {
        v,
        p_greater,
        p_less,
        p: (2.0 * p_greater.min(p_less)).min(1.0),
        exact,
    })
}

/// Centre of paired differences of Hodges & Lehmann (1963): the median of the Walsh averages
/// (dᵢ + dⱼ)/2, i ≤ j, with the exact interval of Tukey (order statistics of the averages from
/// the null distribution of the signed rank; normal beyond 60 pairs). `None` without differences.
/// Needs memory for every pair.
#[must_use]
pub fn walsh(differences: &[f64], confidence: f64) -> Option<Estimate> {
    let n = differences.len();
    if n == 0 {
        return None;
    }
    let mut averages = Vec::with_capacity(n * (n + 1) / 2);
    for (i, a) in differences.iter().enumerate() {
        averages.extend(differences[i..].iter().map(|b| 0.5 * a + 0.5 * b));
    }
    averages.sort_unstable_by(ascending);
    let tail = 0.5 * (1.0 - confidence);
    let rank = if n <= EXACT_PAIRED {
        let untied: Vec<usize> = (1..=n).collect();
        bound_rank(sign_sums(&untied).into_iter(), tail)
    } else {
        let n = n as f64;
        let reach = normal_quantile(1.0 - tail) * (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
        normal_rank(n * (n + 1.0) / 4.0 - reach)
    };
    Some(estimate(&averages, rank))
}

/// Brunner–Munzel test of `x` against `y`, with the t approximation. `None` when a sample has
/// fewer than 2 values or the samples do not overlap at all (no variance to judge by).
#[must_use]
pub fn brunner_munzel(x: &[f64], y: &[f64]) -> Option<BrunnerMunzel> {
    if x.len() < 2 || y.len() < 2 {
        return None;
    }
    let (n, m) = (x.len() as f64, y.len() as f64);
    let all: Vec<f64> = x.iter().chain(y).copied().collect();
    let joint = ranks(&all);
    let (joint_x, joint_y) = joint.split_at(x.len());
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(joint_x), mean(joint_y));
    let spread = |joint: &[f64], own: &[f64], centre: f64| {
        let count = own.len() as f64;
        let sum: f64 = joint
            .iter()
            .zip(own)
            .map(|(j, o)| (j - o - centre + (count + 1.0) / 2.0).powi(2))
            .sum();
        sum / (count - 1.0)
    };
    let (spread_x, spread_y) = (
        spread(joint_x, &ranks(x), mean_x),
        spread(joint_y, &ranks(y), mean_y),
    );
    let pooled = n * spread_x + m * spread_y;
    if pooled <= 0.0 {
        return None;
    }
    let w = n * m * (mean_y - mean_x) / (n + m) / pooled.sqrt();
    let df =
        pooled.powi(2) / ((n * spread_x).powi(2) / (n - 1.0) + (m * spread_y).powi(2) / (m - 1.0));
    let probability = (mean_y - mean_x) / (n + m) + 0.5;
    let reach =
        student_t_quantile(0.975, df) * (spread_x / (n * m * m) + spread_y / (m * n * n)).sqrt();
    Some(BrunnerMunzel {
        w,
        df,
        p: (2.0 * student_t_sf(w.abs(), df)).min(1.0),
        probability,
        low: probability - reach,
        high: probability + reach,
    })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::float_cmp,
        clippy::approx_constant,
        reason = "exact results are expected; 3.14 is a published measurement"
    )]

    use super::*;

    /// Hollander & Wolfe, permeability of human chorioamnion.
    const X: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const Y: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];
    /// Hollander & Wolfe, depression scale before and after.
    const BEFORE: [f64; 9] = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
    const AFTER: [f64; 9] = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    fn logs(x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| x.ln()).collect()
    }

    #[test]
    fn mann_whitney_as_r_and_scipy_give_it() {
        let test = mann_whitney(&X, &Y).unwrap();
        assert!(test.exact);
        close(test.u, 35.0, 1e-12);
        close(test.p_greater, 0.127_206_1, 1e-7);
        close(test.p, 0.254_412_3, 1e-7);
        let other = mann_whitney(&[19., 22., 16., 29., 24.], &[20., 11., 17., 12.]).unwrap();
        close(other.u, 17.0, 1e-12);
        close(other.p, 0.111_111_1, 1e-7);
    }

    #[test]
    fn mann_whitney_against_a_ratio_of_two() {
        // Is x at least twice y? On logarithms: x shifted down by ln 2 tends to be less.
        let shifted: Vec<f64> = logs(&X).iter().map(|x| x - 2.0_f64.ln()).collect();
        let test = mann_whitney(&shifted, &logs(&Y)).unwrap();
        close(test.p_less, 0.013_986_01, 1e-7);
    }

    #[test]
    fn hodges_lehmann_as_r_gives_it() {
        let wide = hodges_lehmann(&X, &Y, 0.95).unwrap();
        close(wide.value, 0.305, 1e-9);
        close(wide.low, -0.15, 1e-9);
        close(wide.high, 0.76, 1e-9);
        let narrow = hodges_lehmann(&X, &Y, 0.90).unwrap();
        close(narrow.low, -0.08, 1e-9);
        close(narrow.high, 0.72, 1e-9);
        let ratio = hodges_lehmann(&logs(&X), &logs(&Y), 0.95).unwrap();
        close(ratio.value.exp(), 1.311_767_1, 1e-6);
        close(ratio.low.exp(), 0.859_504_1, 1e-6);
        close(ratio.high.exp(), 1.959_459_5, 1e-6);
    }

    #[test]
    fn signed_rank_as_r_gives_it() {
        let d: Vec<f64> = BEFORE.iter().zip(&AFTER).map(|(b, a)| b - a).collect();
        let test = signed_rank(&d).unwrap();
        close(test.v, 40.0, 1e-12);
        close(test.p_greater, 0.019_531_25, 1e-9);
        close(test.p, 0.039_062_5, 1e-9);
        let centre = walsh(&d, 0.95).unwrap();
        close(centre.value, 0.46, 1e-9);
        close(centre.low, 0.010, 1e-9);
        close(centre.high, 0.786, 1e-9);
        let ratios: Vec<f64> = logs(&BEFORE)
            .iter()
            .zip(logs(&AFTER))
            .map(|(b, a)| b - a)
            .collect();
        let centre = walsh(&ratios, 0.90).unwrap();
        close(centre.value.exp(), 1.384_684, 1e-6);
        close(centre.low.exp(), 1.063_031, 1e-6);
        close(centre.high.exp(), 1.745_787, 1e-6);
        close(signed_rank(&ratios).unwrap().p, 0.054_687_5, 1e-9);
    }

    #[test]
    fn brunner_munzel_as_scipy_gives_it() {
        let x = [1., 2., 1., 1., 1., 1., 1., 1., 1., 1., 2., 4., 1., 1.];
        let y = [3., 3., 4., 3., 1., 2., 3., 1., 1., 5., 4.];
        let test = brunner_munzel(&x, &y).unwrap();
        close(test.w, 3.137_467_482_3, 1e-9);
        close(test.df, 17.682_841_979_5, 1e-9);
        close(test.p, 0.005_786_208_7, 1e-7);
        close(test.probability, 0.788_961_039, 1e-9);
        close(test.low, 0.595_216_864, 1e-6);
        close(test.high, 0.982_705_214, 1e-6);
        assert_eq!(brunner_munzel(&[1.0, 2.0], &[3.0, 4.0]), None);
    }

    #[test]
    fn too_few_values_give_infinite_bounds() {
        let shift = hodges_lehmann(&[1.0, 2.0], &[5.0, 6.0], 0.95).unwrap();
        close(shift.value, -4.0, 1e-12);
        assert_eq!((shift.low, shift.high), (f64::NEG_INFINITY, f64::INFINITY));
        let centre = walsh(&[1.0, 2.0, 3.0], 0.95).unwrap();
        assert_eq!(centre.high, f64::INFINITY);
        assert_eq!(hodges_lehmann(&[], &[1.0], 0.95), None);
        assert_eq!(walsh(&[], 0.95), None);
        assert_eq!(mann_whitney(&[], &[1.0]), None);
    }

    #[test]
    fn all_ties_prove_nothing() {
        assert_eq!(mann_whitney(&[1.0; 6], &[1.0; 6]).unwrap().p, 1.0);
        assert_eq!(mann_whitney(&[1.0; 60], &[1.0; 60]).unwrap().p, 1.0);
        assert_eq!(signed_rank(&[0.0; 6]), None);
    }

    #[test]
    fn smallest_attainable_p() {
        // 1/C(7, 3) one-sided unpaired, 2⁻⁵ paired.
        let test = mann_whitney(&[8., 9., 10.], &[1., 2., 3., 4.]).unwrap();
        close(test.p_greater, 1.0 / 35.0, 1e-12);
        let paired = signed_rank(&[1., 2., 3., 4., 5.]).unwrap();
        close(paired.p_greater, 1.0 / 32.0, 1e-12);
    }

    #[test]
    fn approximation_continues_the_exact_test() {
        let x: Vec<f64> = (0..31).map(|i| f64::from(i * 37 % 61) + 6.0).collect();
        let y: Vec<f64> = (0..29).map(|i| f64::from(i * 23 % 59)).collect();
        let exact = mann_whitney(&x, &y).unwrap();
        let mut longer = y.clone();
        longer.push(29.5);
        let approximate = mann_whitney(&x, &longer).unwrap();
        assert!(exact.exact && !approximate.exact);
        close(exact.p, approximate.p, 0.02);
    }

    #[test]
    fn rank_sum_at_an_unknown_place() {
        // Of the 4! orders of four values, the two ordered ones and the two with the halves
        // swapped inside are as extreme at the middle: 8 of 24 with both directions; the ends
        // are less extreme.
        let test = maximal_rank_sum(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(test.at, 2);
        close(test.p, 8.0 / 24.0, 1e-12);
        let long: Vec<f64> = (0..20).map(|i| f64::from(i + 100 * (i / 10))).collect();
        let test = maximal_rank_sum(&long).unwrap();
        assert_eq!(test.at, 10);
        assert!(test.p < 2e-5, "{}", test.p);
        assert_eq!(maximal_rank_sum(&[2.0; 8]), None);
        assert_eq!(maximal_rank_sum(&[2.0]), None);
    }

    #[test]
    fn ties_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), vec![3.5, 1.0, 3.5, 2.0]);
        assert!(ranks(&[]).is_empty());
    }
}
