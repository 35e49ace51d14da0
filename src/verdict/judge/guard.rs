//! A guard: another metric without which a value means nothing.

use super::{Bench, Judging, blank};
use crate::budget::{Guard, Rule};
use crate::model::{Direction, SeriesKey};
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Reason, Verdict};

impl Judging<'_, '_> {
    /// The guard of a series: missing, broken, or what `max` says of it. What a broken guard stands
    /// before is no improvement, and no pass.
    pub(super) fn guard(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        guard: &Guard,
        verdicts: &mut Vec<LimitVerdict>,
    ) {
        let mut key = bench.series.row.key.clone();
        key.metric.clone_from(&guard.metric);
        let index = self.index_of(&key);
        let mut judged = Vec::new();
        if let Some(index) = index {
            let row = &self.check.series[index];
            let sides = [
                (&guard.max, Direction::Lower),
                (&guard.min, Direction::Higher),
            ];
            for (quantity, direction) in sides {
                let Some(quantity) = quantity else {
                    continue;
                };
                if let Err(reason) = quantity.fits(&row.unit) {
                    let mut misfit = blank(
                        pair.budget,
                        pair.limit,
                        Judgement::bare(Verdict::Missing, Reason::Misfit),
                    );
                    misfit.rule = Some(Rule::Guard);
                    misfit.series = Some(key.clone());
                    misfit.against = Some(reason);
                    judged.push((misfit, true));
                    continue;
                }
                let pair = Pair { direction, ..*pair };
                let columns = &self.check.columns[index];
                let found = self.with_bench(row, columns, |bench| {
                    let mut found = self.max(&pair, bench, quantity.value);
                    found.rule = Some(Rule::Guard);
                    let sign = direction.worsening_sign();
                    let broken = found
                        .value
                        .is_none_or(|value| sign * value > sign * quantity.value);
                    (found, broken)
                });
                judged.extend(found);
            }
        }
        if judged.is_empty() {
            let judgement = Judgement::bare(Verdict::Missing, Reason::GuardMissing);
            let mut missing = blank(pair.budget, pair.limit, judgement);
            missing.rule = Some(Rule::Guard);
            missing.series = Some(key);
            judged.push((missing, true));
        }
        let broken = judged.iter().any(|(_, broken)| *broken);
        for verdict in verdicts.iter_mut().filter(|_| broken) {
            verdict.judgement.improved = false;
            if verdict.judgement.verdict == Verdict::Within {
                verdict.judgement.verdict = Verdict::Unproven;
                verdict.judgement.reason = Some(Reason::GuardBroken);
            }
        }
        verdicts.extend(judged.into_iter().map(|(verdict, _)| verdict));
    }
}

/// What a broken guard stands before is no improvement, whichever limit says so: the guard of one
/// limit tells of the benchmark, not of the limit.
pub(super) fn no_improvement_behind_broken_guards(limits: &mut [LimitVerdict]) {
    let is_broken = |guard: &&LimitVerdict| {
        let sign = guard.direction.worsening_sign();
        let beyond = guard.value.zip(guard.limit_value);
        guard.rule == Some(Rule::Guard)
            && (guard.judgement.verdict == Verdict::Missing
                || beyond.is_none_or(|(value, limit)| sign * value > sign * limit))
    };
    let broken: Vec<SeriesKey> = limits
        .iter()
        .filter(is_broken)
        .filter_map(|guard| guard.series.clone())
        .collect();
    for verdict in limits.iter_mut().filter(|v| v.judgement.improved) {
        let own = verdict.series.as_ref();
        let stands_before = |guard: &SeriesKey| {
            own.is_some_and(|own| {
                (&own.benchmark, &own.tags, &own.env) == (&guard.benchmark, &guard.tags, &guard.env)
            })
        };
        if broken.iter().any(stands_before) {
            verdict.judgement.improved = false;
        }
    }
}
