//! One limit, one change, one series of a check.

use super::shape::*;
use crate::verdict::{Cause, KnownChange, LimitVerdict, Reason};

pub(super) fn series(key: &crate::model::SeriesKey) -> SeriesJson<'_> {
    SeriesJson {
        id: key.to_string(),
        benchmark: &key.benchmark,
        metric: &key.metric,
        tags: &key.tags,
        env: &key.env,
    }
}

pub(super) fn limit(verdict: &LimitVerdict) -> LimitJson<'_> {
    let found = &verdict.judgement;
    LimitJson {
        feature: &verdict.feature,
        limit: &verdict.limit,
        rule: verdict.rule.map(crate::budget::Rule::as_str),
        owner: &verdict.owner,
        kind: match verdict.kind {
            crate::budget::Kind::Symptom => "symptom",
            crate::budget::Kind::Cause => "cause",
        },
        series: verdict.series.as_ref().map(series),
        verdict: found.verdict.as_str(),
        improved: found.improved,
        reason: found.reason.map(Reason::as_str),
        why: crate::report::tell::sentence(verdict),
        value: verdict.value,
        unit: verdict.unit.as_str(),
        direction: verdict.direction,
        runs: verdict.runs,
        limit_value: verdict.limit_value,
        allowed: verdict.allowed,
        used: verdict.used,
        effect: found.effect.map(|e| e.0),
        effect_low: found.effect.map(|e| e.1),
        effect_high: found.effect.map(|e| e.2),
        level: found.level,
        p: found.p,
        p_adjusted: verdict.p_adjusted,
        smallest_effect: found.smallest_effect,
        runs_needed: found.runs_needed,
        points: found.points.0,
        points_needed: found.points.1,
        suspects: verdict.suspects.iter().map(|id| id.as_str()).collect(),
        introduced_by: verdict.introduced_by.as_ref().map(|id| id.as_str()),
        introduced_subject: verdict.introduced_subject.as_deref(),
        trend: &verdict.trend,
        accepted: verdict.accepted.as_ref().map(|a| AcceptedJson {
            id: &a.id,
            by: &a.by,
            reason: &a.reason,
            expires: &a.expires,
        }),
        exhausted: verdict.exhausted.map(|end| ExhaustedJson {
            date: end.date.to_string(),
            earliest: end.between.0.to_string(),
            latest: end.between.1.map(|date| date.to_string()),
            days: end.days.0,
        }),
        against: verdict.against.as_deref(),
        milestone: verdict
            .capacity
            .as_ref()
            .and_then(|found| found.milestone.as_ref())
            .map(crate::report::capacity::milestone_json),
        slice: verdict.slice.as_ref().map(|slice| SliceJson {
            tag: &slice.tag,
            value: &slice.value,
            of: slice.of,
            over: slice.over,
            worst: slice.worst,
            hidden_in_whole: slice.hidden_in_whole,
        }),
        members: verdict.members.iter().map(ToString::to_string).collect(),
        value_low: verdict.interval.map(|(low, _)| low),
        value_high: verdict.interval.map(|(_, high)| high),
        causes: verdict
            .causes
            .iter()
            .map(|own| cause(verdict, own))
            .collect(),
        gates: Vec::new(),
    }
}

fn cause<'a>(verdict: &LimitVerdict, cause: &'a Cause) -> CauseJson<'a> {
    CauseJson {
        series: series(&cause.series),
        unit: cause.unit.as_str(),
        watched: cause.watched,
        before: cause.levels.0,
        after: cause.levels.1,
        effect: cause.effect.map(|e| e.0),
        effect_low: cause.effect.map(|e| e.1),
        effect_high: cause.effect.map(|e| e.2),
        ratio: cause.ratio,
        why: crate::report::tell::cause(verdict, cause),
    }
}

pub(super) fn change(change: &KnownChange) -> ChangeJson<'_> {
    ChangeJson {
        series: series(&change.series),
        suspects: change.suspects.iter().map(|id| id.as_str()).collect(),
        before: change.levels.0,
        after: change.levels.1,
        unit: change.unit.as_str(),
        effect: change.effect.map(|e| e.0),
        effect_low: change.effect.map(|e| e.1),
        effect_high: change.effect.map(|e| e.2),
        p: change.p,
        improved: change.improved,
        points_ago: change.points_ago,
    }
}
