//! Slices: two of the same runs compared, and each judged by itself with the worst shown.

use crate::budget::{Budget, Limit, Rule, Slice};
use crate::diag::{Diagnostic, Severity};
use crate::model::{Direction, SeriesKey};
use crate::stats::{hodges_lehmann, median};
use crate::verdict::judge::{Bench, Judging};
use crate::verdict::rules::{TwoSets, judge_two_sets, margins};
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Reason, SliceOf, Verdict};
use std::collections::BTreeMap;

impl Judging<'_, '_> {
    /// Two slices of the same runs. `None` where the series is the slice that others are compared
    /// with.
    pub(in crate::verdict::judge) fn versus(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        slice: &Slice,
    ) -> Option<LimitVerdict> {
        let rule = pair.limit.regress?;
        let key = &bench.series.row.key;
        if key.tags.get(&slice.tag) == Some(&slice.value) {
            return None;
        }
        let mut partner = key.clone();
        partner.tags.insert(slice.tag.clone(), slice.value.clone());
        let sign = pair.direction.worsening_sign();
        let head = bench.head_values();
        let base = self.values_of(&partner);
        let positive = head.iter().chain(&base).all(|value| *value > 0.0);
        let logs = |values: &[f64]| values.iter().map(|value| sign * value.ln()).collect();
        let judgement = if positive {
            let (margin, warn) = match pair.direction {
                Direction::Lower => margins(rule),
                Direction::Higher => (
                    -(-rule.limit).ln_1p(),
                    rule.warn.map(|warn| -(-warn).ln_1p()),
                ),
            };
            let sets = TwoSets {
                head: logs(&head),
                base: logs(&base),
            };
            judge_two_sets(&sets, margin, warn, self.compared)
        } else {
            Judgement::bare(Verdict::Unproven, Reason::NoRelativeSize)
        };
        let mut found = self.describe(pair, bench, Rule::Regress, judgement);
        if let (true, Some(a), Some(b)) = (positive, median(&head), median(&base)) {
            if found.judgement.effect.is_none() {
                let shift = hodges_lehmann(&logs(&head), &logs(&base), 0.95);
                found.judgement.effect = shift
                    .map(|s| {
                        (
                            (sign * s.value).exp_m1(),
                            (sign * s.low).exp_m1(),
                            (sign * s.high).exp_m1(),
                        )
                    })
                    .map(|(e, a, b)| (e, a.min(b), a.max(b)))
                    .filter(|(_, a, b)| a.is_finite() && b.is_finite());
            }
            found.judgement.level = Some(a);
            found.limit_value = Some(b * (1.0 + sign * rule.limit));
            found.used = Some((sign * (a / b - 1.0) / rule.limit).max(0.0));
        }
        found.allowed = Some(sign * rule.limit);
        found.against = Some(format!("{}={}", slice.tag, slice.value));
        Some(found)
    }

    fn values_of(&self, key: &SeriesKey) -> Vec<f64> {
        let index = self.index_of(key);
        index
            .and_then(|index| {
                let row = &self.check.series[index];
                self.with_bench(row, &self.check.columns[index], |bench| bench.head_values())
            })
            .unwrap_or_default()
    }
}

/// Marks the slices of limits that judge slices one by one: the worst of each tag, and those that are
/// over although the whole is within (Simpson 1951).
pub(in crate::verdict::judge) fn mark_slices(limits: &mut [LimitVerdict], budgets: &[Budget]) {
    let sliced: Vec<(&Budget, &Limit)> = budgets
        .iter()
        .flat_map(|budget| budget.limits.iter().map(move |limit| (budget, limit)))
        .filter(|(_, limit)| !limit.slices.is_empty())
        .collect();
    for (budget, limit) in sliced {
        for tag in &limit.slices {
            let mut groups: BTreeMap<(Option<Rule>, SeriesKey), Vec<usize>> = BTreeMap::new();
            for (index, verdict) in limits.iter().enumerate() {
                let own = verdict.feature == budget.feature && verdict.limit == limit.id;
                if let Some(key) = verdict.series.as_ref().filter(|_| own)
                    && key.tags.contains_key(tag)
                {
                    let mut whole = key.clone();
                    whole.tags.remove(tag);
                    groups.entry((verdict.rule, whole)).or_default().push(index);
                }
            }
            for ((rule, whole), slices) in groups {
                let aggregate = limits
                    .iter()
                    .find(|v| {
                        v.rule == rule && v.limit == limit.id && v.series.as_ref() == Some(&whole)
                    })
                    .map(|v| v.judgement.verdict);
                let worst = slices.iter().copied().max_by(|a, b| {
                    let rank =
                        |i: usize| (limits[i].judgement.verdict, limits[i].used.unwrap_or(0.0));
                    let (a, b) = (rank(*a), rank(*b));
                    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
                });
                let over = slices
                    .iter()
                    .filter(|&&i| limits[i].judgement.verdict == Verdict::Over);
                let over = over.count();
                for index in &slices {
                    let value = limits[*index]
                        .series
                        .as_ref()
                        .and_then(|key| key.tags.get(tag));
                    let value = value.cloned().unwrap_or_default();
                    let hidden = aggregate == Some(Verdict::Within)
                        && limits[*index].judgement.verdict == Verdict::Over;
                    limits[*index].slice = Some(SliceOf {
                        tag: tag.clone(),
                        value,
                        of: slices.len(),
                        over,
                        worst: worst == Some(*index),
                        hidden_in_whole: hidden,
                    });
                }
            }
        }
    }
}

/// Slices that no series of a limit has: the limit would look as if it judged them.
pub(in crate::verdict) fn slices_without_series(
    limit: &Limit,
    series: &[&SeriesKey],
) -> Vec<Diagnostic> {
    let unknown = |tag: &&String| !series.iter().any(|key| key.tags.contains_key(*tag));
    let told = |tag: &String| Diagnostic {
        severity: Severity::Error,
        code: "no-slices",
        message: format!(
            "no series of limit `{}` has the tag `{tag}`, so nothing is judged by it",
            limit.id
        ),
        help: format!("record results with the tag {tag}, or remove the slice"),
        source: Some(limit.place("slices").clone()),
    };
    limit.slices.iter().filter(unknown).map(told).collect()
}
