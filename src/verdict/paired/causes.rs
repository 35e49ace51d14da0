//! What else moved with an over where two builds were measured side by side.

use super::PairedSeries;
use crate::budget::Kind;
use crate::stats::median;
use crate::verdict::judge::{EXPLAINED, most_telling, tells_the_same};
use crate::verdict::{Cause, LimitVerdict, Verdict};

/// Notes beside every over what else differs between the two builds: other metrics of the same
/// benchmark, and whatever limits of the same feature select.
pub(super) fn find(limits: &mut [LimitVerdict], series: &[PairedSeries]) {
    let over = |limit: &&LimitVerdict| {
        limit.judgement.verdict == Verdict::Over && limit.kind == Kind::Symptom
    };
    let worst: Vec<Vec<Cause>> = limits
        .iter()
        .filter(over)
        .take(EXPLAINED)
        .map(|limit| causes(limit, limits, series))
        .collect();
    let explained = limits.iter_mut().filter(|limit| over(&&**limit));
    for (limit, causes) in explained.zip(worst) {
        limit.causes = causes;
    }
}

fn causes(over: &LimitVerdict, limits: &[LimitVerdict], series: &[PairedSeries]) -> Vec<Cause> {
    let Some(own) = &over.series else {
        return Vec::new();
    };
    let candidates = series.iter().filter(|other| other.key != *own);
    let found = candidates.filter_map(|other| {
        let mut selecting = limits.iter().filter(|limit| {
            limit.feature == over.feature && limit.series.as_ref() == Some(&other.key)
        });
        let first = selecting.next();
        let watched = first.is_some_and(|limit| limit.kind == Kind::Cause)
            || selecting.any(|limit| limit.kind == Kind::Cause);
        let same = other.key.benchmark == own.benchmark && other.key.tags == own.tags;
        let tells = (same || first.is_some()) && !tells_the_same(&other.key, &other.unit, own);
        if !(watched || tells) {
            return None;
        }
        let (before, after) = (median(&other.base)?, median(&other.head)?);
        let effect = other.contrast(other.way()).and_then(|c| c.effect());
        let steady =
            |values: &[f64], level: f64| values.iter().all(|value| value.total_cmp(&level).is_eq());
        let exact = steady(&other.base, before)
            && steady(&other.head, after)
            && after.total_cmp(&before).is_ne();
        if !(exact || effect.is_some_and(|(_, low, high)| low > 0.0 || high < 0.0)) {
            return None;
        }
        let cause = Cause {
            series: other.key.clone(),
            unit: other.unit.clone(),
            watched,
            levels: (before, after),
            effect,
            ratio: None,
        };
        cause.of(over, first.map(|limit| limit.direction).or(other.direction))
    });
    most_telling(found.collect(), own)
}
