//! Tighter limits that the history has earned.

use super::{Bench, Check, Judging, Outcome};
use crate::budget::{Headlines, Limit, Rule};
use crate::diag::SourceSpan;
use crate::model::Direction;
use crate::verdict::rules::{ALPHA, Contrast};
use crate::verdict::select::Pair;
use crate::verdict::{LimitVerdict, Verdict};

/// A tighter `max` must be at least this much tighter, as a fraction, unless values are exact.
const WORTH_WHILE: f64 = 0.02;

/// A `max` that can be tighter: its series have stood well below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tightening {
    /// The feature's name.
    pub feature: String,
    /// The limit's id.
    pub limit: String,
    /// As `max` is written.
    pub from: String,
    /// As it could be written, in the same unit.
    pub to: String,
    /// The level that it leaves room for, in the unit of the series: the worst of the limit's series.
    pub level: f64,
    /// How many measured commits that level has stood, the head included.
    pub stood: usize,
    /// Where `max` is written.
    pub at: SourceSpan,
}

/// What one series needs of a limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Need {
    feature: String,
    limit: String,
    series: usize,
    /// The tightest limit that leaves its noise room, in the unit of the series.
    value: f64,
    level: f64,
    stood: usize,
    exact: bool,
}

impl Judging<'_, '_> {
    /// The tightest `max` of a series whose level has stood for long enough and whose head belongs
    /// to it: θ + (t₁₋α/₂ + t₁₋α)·se, so that a commit that is no different is still proven within
    /// by itself, and no tighter than the worst of the newest `after` results.
    pub(super) fn need(&self, pair: &Pair<'_>, bench: &Bench<'_>) -> Option<Need> {
        let ratchet = pair.limit.ratchet.as_ref()?;
        let judged = self.base(pair, bench)?;
        let head = judged.head(bench)?;
        let base = &judged.base;
        let stood = base.m + 1;
        let contrast = Contrast::new(base, &head);
        let exact = judged.exact(pair.limit);
        if !judged.own || stood < ratchet.after || !contrast.agrees(base) {
            return None;
        }
        let room = if exact {
            0.0
        } else {
            (base.t(1.0 - ALPHA / 2.0) + base.t(1.0 - ALPHA)) * contrast.error()
        };
        let residuals = &base.noise.residuals;
        let newest = residuals.len().saturating_sub(ratchet.after.min(base.m));
        let worst = residuals[newest..]
            .iter()
            .map(|residual| base.level + residual)
            .chain(head.ys.iter().copied())
            .fold(f64::NEG_INFINITY, f64::max);
        Some(Need {
            feature: pair.budget.feature.clone(),
            limit: pair.limit.id.clone(),
            series: pair.series,
            value: base.value(worst.max(base.level + room)),
            level: base.value(base.level),
            stood,
            exact,
        })
    }
}

/// The limits that can be tighter: all that they select is within and has stood, and series that
/// were not judged here (of other environments) keep the room that their newest results need.
pub(super) fn tightenings(check: &Check<'_>, outcome: &Outcome, needs: &[Need]) -> Vec<Tightening> {
    let headlines = Headlines::new(check.series.iter().map(|row| &row.key));
    let mut found = Vec::new();
    for budget in check.budgets {
        for limit in &budget.limits {
            let own: Vec<&Need> = needs
                .iter()
                .filter(|need| need.feature == budget.feature && need.limit == limit.id)
                .collect();
            let judged: Vec<&LimitVerdict> = outcome
                .limits
                .iter()
                .filter(|v| v.feature == budget.feature && v.limit == limit.id)
                .filter(|v| matches!(v.rule, None | Some(Rule::Max | Rule::Guard)))
                .collect();
            let calm = |v: &&LimitVerdict| v.judgement.verdict == Verdict::Within;
            let of_max = judged.iter().filter(|v| v.rule == Some(Rule::Max)).count();
            if own.is_empty() || own.len() != of_max || !judged.iter().all(calm) {
                continue;
            }
            let elsewhere = newest_elsewhere(check, limit, &own, &headlines);
            let direction = judged[0].direction;
            if let Some(tighter) = tighter(limit, direction, &own, &elsewhere) {
                found.push(Tightening {
                    feature: budget.feature.clone(),
                    ..tighter
                });
            }
        }
    }
    found
}

/// The newest values of series that the limit selects and that were not judged.
fn newest_elsewhere(
    check: &Check<'_>,
    limit: &Limit,
    own: &[&Need],
    headlines: &Headlines,
) -> Vec<f64> {
    let after = limit.ratchet.as_ref().map_or(0, |ratchet| ratchet.after);
    let none = Headlines::default();
    let retired = |index: usize| {
        let key = &check.series[index].key;
        check
            .retired
            .iter()
            .any(|retired| retired.matches(key, &none))
    };
    (0..check.series.len())
        .filter(|&i| limit.select.matches(&check.series[i].key, headlines))
        .filter(|&i| own.iter().all(|need| need.series != i) && !retired(i))
        .flat_map(|i| {
            let values = check.columns[i].values();
            values[values.len().saturating_sub(after)..].iter().copied()
        })
        .collect()
}

fn tighter(
    limit: &Limit,
    direction: Direction,
    own: &[&Need],
    elsewhere: &[f64],
) -> Option<Tightening> {
    let (max, at) = (limit.max.as_ref()?, limit.max_at.as_ref()?);
    let sign = direction.worsening_sign();
    let worst = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(f64::NEG_INFINITY, |worst, value| worst.max(sign * value)) * sign
    };
    let exact = own.iter().all(|need| need.exact);
    let level = worst(&mut own.iter().map(|need| need.level));
    let for_noise = worst(&mut own.iter().map(|need| need.value));
    let needed = worst(&mut elsewhere.iter().copied().chain([for_noise]));
    let floor = limit.ratchet.as_ref().and_then(|r| r.floor.as_ref());
    let needed = floor.map_or(needed, |floor| {
        worst(&mut [needed, floor.value].into_iter())
    });
    let (to, value) = max.rewritten(needed, sign > 0.0, exact)?;
    let gain = sign * (max.value - value) / max.value.abs();
    // Less than half the room that noise needs would be proposed again and again.
    let room = sign * (for_noise - level) / max.value.abs();
    let enough = if exact {
        gain > 0.0
    } else {
        gain >= WORTH_WHILE.max(room / 2.0)
    };
    enough.then(|| Tightening {
        feature: String::new(),
        limit: limit.id.clone(),
        from: max.text.clone(),
        to,
        level,
        stood: own.iter().map(|need| need.stood).min().unwrap_or(0),
        at: at.clone(),
    })
}
