//! Two sets of runs without a history: `regress = { vs = "tags:NAME=VALUE" }`.

use super::{ALPHA, Judgement};
use crate::budget::Regress;
use crate::stats::{brunner_munzel, hodges_lehmann, mann_whitney, quantile};
use crate::verdict::{Reason, Verdict};

/// Two sets of runs, one number a run, on a scale where worse is larger.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoSets {
    /// The runs that are judged.
    pub head: Vec<f64>,
    /// The runs they are compared with.
    pub base: Vec<f64>,
}

/// The least one-sided p-value that so many runs can give, whatever they say: 1 / C(n + m, n).
#[must_use]
pub fn least_p(n: usize, m: usize) -> f64 {
    (1..=n).fold(1.0, |p, i| p * i as f64 / (m + i) as f64)
}

/// Whether so many runs can decide at all among so many series; 1/20 is 5 %, rounding aside.
#[must_use]
pub fn attains(n: usize, m: usize, series: usize) -> bool {
    least_p(n, m) <= ALPHA / series.max(1) as f64 * (1.0 + 1e-9)
}

/// How many runs a side one regression among `series` needs: the least n with 1 / C(2n, n) ≤ α / M.
#[must_use]
pub fn runs_a_side(series: usize) -> usize {
    (1..=64).find(|n| attains(*n, *n, series)).unwrap_or(64)
}

/// Whether the head is worse than the base by more than `margin`: shift of Hodges & Lehmann (1963) with
/// the exact interval of Moses, p from Mann & Whitney (1947) of head − margin. Where the quartiles lie
/// more than twice as far apart on one side, Brunner & Munzel (2000) must agree, which does not
/// suppose equal shapes. `series` are all series of the check: too few runs to reach α among so many
/// are said before anything else.
#[must_use]
pub fn judge_two_sets(sets: &TwoSets, margin: f64, warn: Option<f64>, series: usize) -> Judgement {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::Unattainable);
    let (n, m) = (sets.head.len(), sets.base.len());
    found.points = (m, 1);
    if n == 0 || m == 0 {
        found.reason = Some(Reason::NotMeasured);
        found.verdict = Verdict::Missing;
        return found;
    }
    let needed = runs_a_side(series);
    if !attains(n, m, series) {
        found.runs_needed = Some(needed.saturating_sub(n.min(m)).max(1));
        return found;
    }
    let shifted: Vec<f64> = sets.head.iter().map(|y| y - margin).collect();
    let (Some(shift), Some(test)) = (
        hodges_lehmann(&sets.head, &sets.base, 1.0 - 2.0 * ALPHA),
        mann_whitney(&shifted, &sets.base),
    ) else {
        return found;
    };
    let mut p = test.p_greater;
    if unequal(&sets.head, &sets.base)
        && let Some(other) = brunner_munzel(&sets.base, &shifted)
    {
        // Two-sided there; probability > ½ means that the head tends to be larger.
        let one_sided = if other.probability > 0.5 {
            other.p / 2.0
        } else {
            1.0 - other.p / 2.0
        };
        p = p.max(one_sided);
    }
    found.p = Some(p);
    found.improved = shift.high < 0.0;
    (found.verdict, found.reason) = if p <= ALPHA && shift.low > margin {
        (Verdict::Over, None)
    } else if shift.high < margin {
        let warned = warn.is_some_and(|warn| shift.value > warn);
        (Verdict::Within, warned.then_some(Reason::Warned))
    } else {
        (Verdict::Unproven, Some(Reason::BothSides))
    };
    if found.reason == Some(Reason::BothSides) {
        let reach = (shift.high - shift.low) / 2.0;
        let factor = (reach / (shift.value - margin).abs().max(1e-12)).powi(2);
        let more = (n.min(m) as f64 * factor).ceil() - n.min(m) as f64;
        found.runs_needed = (more < 100.0).then_some((more.max(1.0)) as usize);
    }
    found
}

/// Whether one set scatters more than twice as far as the other.
fn unequal(a: &[f64], b: &[f64]) -> bool {
    let spread = |values: &[f64]| Some(quantile(values, 0.75)? - quantile(values, 0.25)?);
    match (spread(a), spread(b)) {
        (Some(a), Some(b)) => a.max(b) > 2.0 * a.min(b),
        _ => false,
    }
}

/// The same for a rule of a budget; `None` where the level is 0 and a change has no size.
#[must_use]
pub(crate) fn margins(rule: Regress) -> (f64, Option<f64>) {
    (rule.limit.ln_1p(), rule.warn.map(f64::ln_1p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(values: &[f64]) -> Vec<f64> {
        values.iter().map(|v| v.ln()).collect()
    }

    fn judge(head: &[f64], base: &[f64], series: usize) -> Judgement {
        let sets = TwoSets {
            head: logs(head),
            base: logs(base),
        };
        judge_two_sets(&sets, 0.05_f64.ln_1p(), Some(0.02_f64.ln_1p()), series)
    }

    const SAME: [f64; 6] = [100.0, 101.0, 99.5, 100.4, 99.8, 100.9];
    const SLOW: [f64; 6] = [120.0, 121.0, 119.5, 120.4, 119.8, 122.9];

    #[test]
    fn clear_cases() {
        assert_eq!(judge(&SLOW, &SAME, 1).verdict, Verdict::Over);
        assert_eq!(judge(&SAME, &SAME, 1).verdict, Verdict::Within);
        let better = judge(&SAME, &SLOW, 1);
        assert!(better.improved && better.verdict == Verdict::Within);
        assert_eq!(
            judge(&SAME.map(|v| v * 1.03), &SAME, 1).reason,
            Some(Reason::Warned)
        );
    }

    #[test]
    fn too_few_runs_are_said_with_how_many_are_needed() {
        assert_eq!(runs_a_side(1), 3);
        assert_eq!(runs_a_side(10), 5);
        assert_eq!(runs_a_side(100), 7);
        assert_eq!(runs_a_side(1000), 9);
        let found = judge(&SLOW[..2], &SAME[..2], 1);
        assert_eq!(
            (found.verdict, found.reason, found.runs_needed),
            (Verdict::Unproven, Some(Reason::Unattainable), Some(1))
        );
        assert_eq!(judge(&SLOW, &SAME, 1000).runs_needed, Some(3));
        assert_eq!(judge(&SLOW, &[], 1).verdict, Verdict::Missing);
    }

    #[test]
    fn one_outlier_among_the_runs_is_no_regression() {
        let mut spiky = SAME;
        spiky[3] = 190.0;
        assert_ne!(judge(&spiky, &SAME, 1).verdict, Verdict::Over);
    }
}
