//! Acceptances beside verdicts: what one would have to cover, and which do not hold.

use super::judge::is_about;
use super::{LimitVerdict, Verdict};
use crate::budget::{Budget, Kind, Quantity, Rule};
use crate::diag::{Diagnostic, Severity};
use crate::model::{CommitId, Direction, SeriesKey, Unit};
use crate::verdict::Outcome;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What a change has put over its limit: one limit on one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Over {
    /// The feature's name.
    pub feature: String,
    /// The limit's id.
    pub limit: String,
    /// The rules that are over.
    pub rules: Vec<Rule>,
    /// The series.
    pub series: SeriesKey,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// Level before the change and now.
    pub levels: (f64, f64),
    /// The worst level that the present evidence allows (95 %).
    pub worst: f64,
}

/// Everything that is over because of a commit: it is among the suspects. Causes fail nothing and need
/// no acceptance where a symptom does.
#[must_use]
pub fn over_because_of(outcome: &Outcome, commit: &CommitId) -> Vec<Over> {
    let mut found: BTreeMap<(&str, &str, &SeriesKey), Over> = BTreeMap::new();
    let blamed = outcome
        .limits
        .iter()
        .filter(|v| v.judgement.verdict == Verdict::Over && v.suspects.contains(commit))
        .filter(|v| v.rule.is_some_and(Rule::has_level));
    let fails = blamed.clone().any(|v| v.kind == Kind::Symptom);
    for verdict in blamed.filter(|v| !fails || v.kind == Kind::Symptom) {
        let (Some(series), Some(rule)) = (&verdict.series, verdict.rule) else {
            continue;
        };
        let Some((before, now, worst)) = levels(outcome, verdict, commit) else {
            continue;
        };
        let own = found
            .entry((&verdict.feature, &verdict.limit, series))
            .or_insert_with(|| Over {
                feature: verdict.feature.clone(),
                limit: verdict.limit.clone(),
                rules: Vec::new(),
                series: series.clone(),
                unit: verdict.unit.clone(),
                direction: verdict.direction,
                levels: (before, now),
                worst,
            });
        own.rules.push(rule);
        let sign = verdict.direction.worsening_sign();
        if rule == Rule::Regress {
            own.levels.0 = before;
        }
        if sign * now > sign * own.levels.1 {
            own.levels.1 = now;
        }
        if sign * worst > sign * own.worst {
            own.worst = worst;
        }
    }
    found
        .into_values()
        .map(|mut over| {
            over.rules.sort();
            over
        })
        .collect()
}

/// Everything that is over because of a commit and that no acceptance can cover: what load steps say,
/// which has no level.
#[must_use]
pub fn unacceptable<'o>(outcome: &'o Outcome, commit: &CommitId) -> Vec<&'o LimitVerdict> {
    let over = outcome.limits.iter().filter(|v| {
        v.judgement.verdict == Verdict::Over
            && v.suspects.contains(commit)
            && v.rule.is_some_and(|rule| !rule.has_level())
    });
    over.collect()
}

/// Level before, now, and the worst that the interval allows.
fn levels(outcome: &Outcome, verdict: &LimitVerdict, commit: &CommitId) -> Option<(f64, f64, f64)> {
    let judged = &verdict.judgement;
    let now = judged.level.or(verdict.value)?;
    if let Some(before) = verdict.before {
        return Some((before, now, now));
    }
    let sign = verdict.direction.worsening_sign();
    let worse = |low: f64, high: f64| if sign > 0.0 { high } else { low };
    let change = outcome.changes.iter().find(|change| {
        Some(&change.series) == verdict.series.as_ref()
            && !change.improved
            && change.suspects.contains(commit)
    });
    let by_effect = judged
        .effect
        .filter(|(effect, _, _)| sign * effect > 0.0 && *effect > -1.0);
    match (verdict.rule, by_effect, change) {
        (Some(Rule::Regress), Some((effect, low, high)), _)
        | (_, Some((effect, low, high)), None) => {
            let before = now / (1.0 + effect);
            Some((before, now, before * (1.0 + worse(low, high))))
        }
        (_, _, Some(change)) => {
            let (before, after) = change.levels;
            let worst = change
                .effect
                .map_or(after, |(_, low, high)| before * (1.0 + worse(low, high)));
            let worst = if sign * now > sign * worst {
                now
            } else {
                worst
            };
            Some((before, now, worst))
        }
        // Nothing is known of the level before: the limit itself is the last that was right.
        _ => verdict.limit_value.map(|limit| (limit, now, now)),
    }
}

/// Acceptances of what is over that do not cover it: their ceiling is broken, or it is another
/// change.
#[must_use]
pub fn broken_acceptances(
    budgets: &[Budget],
    limits: &[LimitVerdict],
    today: Date,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for budget in budgets {
        for a in budget.accepted.iter().filter(|a| a.expires >= today) {
            let over = limits.iter().find(|v| {
                v.judgement.verdict == Verdict::Over
                    && v.feature == budget.feature
                    && is_about(a, &v.limit, v.rule, v.series.as_ref())
            });
            let Some(over) = over else {
                continue;
            };
            let covered = limits.iter().any(|v| {
                v.feature == budget.feature
                    && v.series == over.series
                    && v.accepted.as_ref().is_some_and(|by| by.id == a.id)
            });
            let Some(value) = over.judgement.level.or(over.value).filter(|_| !covered) else {
                continue;
            };
            let sign = over.direction.worsening_sign();
            let ceiling = a.ceiling_value(sign);
            let write = |value| Quantity::write(value, &over.unit).unwrap_or_default();
            let (code, message, help) = if a.level_before.fits(&over.unit).is_err() {
                (
                    "acceptance-misfit",
                    format!(
                        "acceptance `{}` has its level in another unit than `{}`",
                        a.id, a.limit
                    ),
                    "write level_before in the unit of the series",
                )
            } else if sign * value > sign * ceiling {
                (
                    "acceptance-exceeded",
                    format!(
                        "`{}` is at {}, beyond the ceiling {} of acceptance `{}`",
                        a.limit,
                        write(value),
                        write(ceiling),
                        a.id
                    ),
                    "mend what came on top, or accept that change, too (plimsoll accept COMMIT --reason …)",
                )
            } else {
                (
                    "acceptance-of-another-change",
                    format!(
                        "acceptance `{}` holds for an earlier change of `{}`, not for this one",
                        a.id, a.limit
                    ),
                    "mend this change, or accept it, too (plimsoll accept COMMIT --reason …)",
                )
            };
            found.push(Diagnostic {
                severity: Severity::Warning,
                code,
                message,
                help: help.to_owned(),
                source: Some(a.at.clone()),
            });
        }
    }
    found
}
