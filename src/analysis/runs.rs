//! Several runs of one commit: their centre, and how far runs lie from each other.

use crate::stats::median;

/// Runs further than this many of their own standard deviations from their median are drawn in
/// before they are averaged.
const CLIP: f64 = 2.0;
/// Degrees of freedom of the belief that runs of one job agree. It weighs more than the two or
/// three runs of a head alone, and nothing against a history of repeated runs.
const PRIOR_DF: f64 = 2.0;

/// How far runs of one commit lie from each other, on the working scale.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSpread {
    /// Robust standard deviation of one run around its commit, 1.4826 · median |differences of
    /// runs of one commit| ÷ √2; `None` where no commit has two runs.
    pub scale: Option<f64>,
    /// Sum of squares around the commits' centres, runs far off drawn in.
    pub squares: f64,
    /// Degrees of freedom of that sum.
    pub df: f64,
    /// Runs that a commit usually has, at least 1.
    pub usual: f64,
}

impl RunSpread {
    /// From the runs of each commit.
    #[must_use]
    pub fn new(commits: &[Vec<f64>]) -> Self {
        let counts: Vec<f64> = commits.iter().map(|runs| runs.len() as f64).collect();
        let mut differences = Vec::new();
        for runs in commits {
            for (i, a) in runs.iter().enumerate() {
                differences.extend(runs[i + 1..].iter().map(|b| (a - b).abs()));
            }
        }
        let scale = median(&differences).map(|d| 1.4826 * d / std::f64::consts::SQRT_2);
        let (mut squares, mut df) = (0.0, 0.0);
        for runs in commits.iter().filter(|runs| runs.len() > 1) {
            let (own, free) = within(runs, scale.unwrap_or(f64::INFINITY));
            squares += own;
            df += free;
        }
        Self {
            scale,
            squares,
            df,
            usual: median(&counts).unwrap_or(1.0).max(1.0),
        }
    }

    /// What the variance of a commit's centre gains (or, where negative, loses) because it rests
    /// on these runs and not on the usual number: s_w² (1/k − 1/k_usual), where
    ///
    /// > s_w² = Σ squares ÷ (df + 2), at most `variance` · k_usual,
    ///
    /// `variance` being that of a usual commit's centre. The two degrees of freedom of agreement
    /// keep few runs from proving that they scatter by themselves. What remains is never less than
    /// if all of the variance were between runs.
    #[must_use]
    pub fn extra_variance(&self, head: &[f64], variance: f64) -> f64 {
        let k = head.len().max(1) as f64;
        let reach = self.scale.unwrap_or_else(|| variance.sqrt());
        let (squares, df) = within(head, reach);
        let one = (self.squares + squares) / (self.df + df + PRIOR_DF);
        let one = one.min(variance * self.usual);
        let extra = one * (1.0 / k - 1.0 / self.usual);
        extra.max(variance * (self.usual / k - 1.0).min(0.0))
    }
}

/// Squares around the centre, and their degrees of freedom.
fn within(runs: &[f64], scale: f64) -> (f64, f64) {
    let middle = centre_of_runs(runs, scale);
    let reach = 2.5 * scale;
    let square = |y: &f64| (y - middle).clamp(-reach, reach).powi(2);
    (runs.iter().map(square).sum(), runs.len() as f64 - 1.0)
}

/// The centre of the runs of one commit: their mean after drawing in those that lie further than
/// two standard deviations of a run (`scale`) from their median (Huber 1964, one step). As good as
/// the mean where runs are clean, where the median of three wastes a third of them; one outlier
/// moves it by at most 2 · `scale` ÷ k. NaN without runs.
#[must_use]
pub fn centre_of_runs(runs: &[f64], scale: f64) -> f64 {
    match runs {
        [] => f64::NAN,
        [one] => *one,
        [a, b] => (a + b) / 2.0,
        _ => {
            let middle = median(runs).unwrap_or(f64::NAN);
            let reach = if scale.is_finite() { CLIP * scale } else { 0.0 };
            let drawn = |y: &f64| middle + (y - middle).clamp(-reach, reach);
            runs.iter().map(drawn).sum::<f64>() / runs.len() as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_outlier_among_three_runs_moves_the_centre_a_little() {
        let clean = centre_of_runs(&[1.00, 1.01, 1.02], 0.01);
        assert!((clean - 1.01).abs() < 1e-12);
        let dirty = centre_of_runs(&[1.00, 1.01, 9.0], 0.01);
        assert!((dirty - clean).abs() < 2.0 * 0.01 / 3.0 + 1e-12);
    }

    #[test]
    fn more_runs_than_usual_earn_credit_only_as_far_as_runs_scatter() {
        let scattered: Vec<Vec<f64>> = (0..20)
            .map(|i| (0..3).map(|k| f64::from((i * 7 + k * 5) % 11)).collect())
            .collect();
        let spread = RunSpread::new(&scattered);
        assert!(spread.extra_variance(&[5.0; 9], 4.0) < 0.0);
        assert!(spread.extra_variance(&[5.0], 4.0) > 0.0);
        let agreeing: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i); 3]).collect();
        let spread = RunSpread::new(&agreeing);
        assert!(spread.extra_variance(&[5.0; 9], 4.0).abs() < 1e-12);
        assert!(spread.extra_variance(&[5.0], 4.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_variance_of_a_head_stays_above_nothing_and_its_fair_share(
            commits in prop::collection::vec(prop::collection::vec(-5.0..5.0f64, 1..6), 1..20),
            head in prop::collection::vec(-5.0..5.0f64, 1..9),
            variance in 0.01..10.0f64,
        ) {
            let spread = RunSpread::new(&commits);
            let left = variance + spread.extra_variance(&head, variance);
            let fair = variance * (spread.usual / head.len() as f64).min(1.0);
            prop_assert!(left >= fair - 1e-12);
        }

        #[test]
        fn the_centre_shifts_with_its_runs(
            runs in prop::collection::vec(-5.0..5.0f64, 1..9), shift in -3.0..3.0f64
        ) {
            let moved: Vec<f64> = runs.iter().map(|y| y + shift).collect();
            let difference = centre_of_runs(&moved, 0.7) - centre_of_runs(&runs, 0.7);
            prop_assert!((difference - shift).abs() < 1e-9);
        }
    }
}
