//! Rules over time, carried from what the history says of the base to the head by the pairs.

use super::{Contrast, PairedSeries};
use crate::budget::{Budget, Limit, Rule};
use crate::model::SeriesKey;
use crate::verdict::{LimitVerdict, Reason, Verdict};

/// What the history up to the base says of one rule on one series, carried to the head; empty where it
/// says nothing, so that the rule is left out.
///
/// What is over at the base is inherited, unless the pairs prove that the head takes it back. A creep is a slope inside a window that one more commit does
/// not turn, so its answer stays. A drift multiplies: its 95 % bounds up to the base with those of the
/// pairs. Both hold together in at least 90 % of all cases, and each outer end alone in 95 %
/// (Bonferroni), so what decides is proven as anywhere else.
pub(super) fn carried(
    history: &[LimitVerdict],
    budget: &Budget,
    limit: &Limit,
    rule: Rule,
    series: &PairedSeries,
    contrast: Option<&Contrast>,
) -> Vec<LimitVerdict> {
    let about = |own: &&LimitVerdict| {
        own.rule == Some(rule)
            && own.feature == budget.feature
            && own.limit == limit.id
            && own.judgement.verdict != Verdict::Missing
            && own
                .series
                .as_ref()
                .is_some_and(|key| same(key, &series.key))
    };
    let mut all = Vec::new();
    for own in history.iter().filter(about) {
        let mut own = own.clone();
        let broken = own.judgement.verdict == Verdict::Over;
        if rule == Rule::Drift && !drifted(&mut own, series, contrast) && !broken {
            return Vec::new();
        }
        // A broken base is the base's: what the head adds to it is the business of `regress`.
        if broken && own.judgement.verdict != Verdict::Within {
            own.judgement.verdict = Verdict::Inherited;
            own.judgement.reason = None;
        }
        // No test of this check.
        own.judgement.p = None;
        own.p_adjusted = None;
        all.push(own);
    }
    all
}

/// The same series, in whatever environment its history was measured.
fn same(a: &SeriesKey, b: &SeriesKey) -> bool {
    (&a.benchmark, &a.metric, &a.tags) == (&b.benchmark, &b.metric, &b.tags)
}

/// Adds what the pairs found to a drift up to the base. Whether that could be done.
fn drifted(own: &mut LimitVerdict, series: &PairedSeries, contrast: Option<&Contrast>) -> bool {
    let at_base = own.judgement.verdict;
    let (Some(before), Some(allowed)) = (own.judgement.effect, own.allowed) else {
        // Too young to be judged, or without a pin: nothing to add to.
        return matches!(at_base, Verdict::Unproven | Verdict::Accepted);
    };
    let Some((contrast, change)) = contrast.and_then(|c| Some((c, c.effect()?))) else {
        return false;
    };
    let worse = contrast.is_proven_worse(contrast.is_exact(false, &series.unit));
    let times = |a: f64, b: f64| (1.0 + a) * (1.0 + b) - 1.0;
    let effect = (
        times(before.0, change.0),
        times(before.1, change.1),
        times(before.2, change.2),
    );
    let sign = own.direction.worsening_sign();
    let (a, b) = (sign * effect.1, sign * effect.2);
    let (least, most) = (a.min(b), a.max(b));
    let top = sign * allowed;
    let found = &mut own.judgement;
    found.effect = Some(effect);
    found.level = found.level.map(|level| level * (1.0 + change.0));
    own.value = own.value.map(|value| value * (1.0 + change.0));
    found.improved = most < 0.0;
    let over = least > top;
    (found.verdict, found.reason) = match at_base {
        _ if most <= top => (Verdict::Within, None),
        // Over because of the head: what was accepted is asked for its ceiling again.
        _ if over && worse => (Verdict::Over, None),
        // What the head does not add to stays what it is at the base.
        Verdict::Over => (Verdict::Inherited, None),
        Verdict::Accepted => (Verdict::Accepted, None),
        Verdict::Unproven if over => (Verdict::Unproven, found.reason),
        _ => (Verdict::Unproven, Some(Reason::BothSides)),
    };
    if found.verdict != Verdict::Accepted {
        own.accepted = None;
    }
    own.pairs = Some(series.base.len().min(series.head.len()));
    own.used = (top > 0.0).then(|| (sign * effect.0 / top).max(0.0));
    own.exhausted = None;
    if !matches!(
        own.judgement.verdict,
        Verdict::Inherited | Verdict::Accepted
    ) {
        own.suspects = Vec::new();
        own.introduced_by = None;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::{budget, slower};
    use super::*;
    use crate::model::Direction;
    use crate::verdict::judge::blank;
    use crate::verdict::{Judgement, PairedCheck, judge_pairs};

    /// The history's answer about a drift of at most +10 %.
    fn history(budget: &Budget, verdict: Verdict, effect: (f64, f64, f64)) -> LimitVerdict {
        let mut judgement = Judgement::bare(verdict, Reason::BothSides);
        judgement.reason = None;
        judgement.effect = Some(effect);
        judgement.level = Some(1e8);
        let mut own = blank(budget, &budget.limits[0], judgement);
        own.rule = Some(Rule::Drift);
        own.direction = Direction::Lower;
        own.allowed = Some(0.1);
        own.series = Some(SeriesKey {
            env: "ci".to_owned(),
            ..slower(0.0, 20).key
        });
        own
    }

    fn judged(change: f64, history: &[LimitVerdict], budget: &Budget) -> crate::verdict::Outcome {
        judge_pairs(&PairedCheck {
            series: &[slower(change, 20)],
            failed: &[],
            budgets: std::slice::from_ref(budget),
            retired: &[],
            history,
            env: "here",
            machine: "m",
            all_expected: true,
            today: jiff::civil::date(2026, 11, 1),
        })
    }

    #[test]
    fn a_drift_is_that_of_the_base_times_the_pairs() {
        let budget = budget(
            "[[limit]]\nid = \"t\"\nselect = { benchmark = \"app\" }\ndrift = { limit = \"+10%\", vs = \"tag:v1\" }\n",
        );
        let word = |verdict, effect, change| {
            let own = history(&budget, verdict, effect);
            let outcome = judged(change, &[own], &budget);
            assert!(outcome.left_out.is_empty(), "{:?}", outcome.left_out);
            let found = &outcome.limits[0];
            (found.judgement.verdict, found.judgement.reason)
        };
        let small = (0.02, 0.01, 0.03);
        let near = (0.08, 0.07, 0.09);
        assert_eq!(word(Verdict::Within, small, 0.0), (Verdict::Within, None));
        assert_eq!(word(Verdict::Within, small, 0.2), (Verdict::Over, None));
        assert_eq!(
            word(Verdict::Within, near, 0.02),
            (Verdict::Unproven, Some(Reason::BothSides))
        );
        let broken = (0.2, 0.18, 0.22);
        for (change, verdict) in [
            (0.0, Verdict::Inherited),
            (0.2, Verdict::Inherited),
            // Not far enough, and far enough.
            (-0.05, Verdict::Inherited),
            (-0.2, Verdict::Within),
        ] {
            assert_eq!(
                word(Verdict::Over, broken, change),
                (verdict, None),
                "{change}"
            );
        }
        // What was accepted is asked for its ceiling again where the head adds to it.
        assert_eq!(
            word(Verdict::Accepted, broken, 0.0),
            (Verdict::Accepted, None)
        );
        assert_eq!(word(Verdict::Accepted, broken, 0.2), (Verdict::Over, None));
        let head = judged(0.2, &[history(&budget, Verdict::Over, broken)], &budget);
        let level = head.limits[0].judgement.level.unwrap();
        assert!(
            (level / 1.2e8 - 1.0).abs() < 0.01,
            "the head's level, not the base's: {level}"
        );
        // A base that is suspect stays suspect where the head adds nothing.
        let suspect = |change| {
            let mut own = history(&budget, Verdict::Unproven, broken);
            own.judgement.reason = Some(Reason::Suspect);
            let found = judged(change, &[own], &budget).limits.remove(0).judgement;
            (found.verdict, found.reason)
        };
        assert_eq!(suspect(0.0), (Verdict::Unproven, Some(Reason::Suspect)));
        assert_eq!(suspect(0.2), (Verdict::Over, None));
        // A change that takes it back, far enough.
        assert_eq!(word(Verdict::Within, near, -0.2), (Verdict::Within, None));
        // Without a history it is left out, and said.
        let outcome = judged(0.0, &[], &budget);
        assert_eq!((outcome.limits.len(), outcome.left_out.len()), (0, 1));
        // A creep stays what it is.
        let mut creep = history(&budget, Verdict::Within, small);
        creep.rule = Some(Rule::Creep);
        let own = carried(
            &[creep.clone()],
            &budget,
            &budget.limits[0],
            Rule::Creep,
            &slower(0.2, 20),
            None,
        );
        assert_eq!(own, [creep]);
    }
}
