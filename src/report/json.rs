//! Machine JSON: versioned contracts with structs of their own. Fractions, not percent;
//! canonical units; indices from 0.

use super::check::CheckView;
use super::explain::Gate;
use crate::detect::{Detection, Scale};
use crate::diag::{Diagnostic, Severity};
use crate::formats::Reading;
use crate::model::{Commit, Direction, Measurement, Tags};
use crate::verdict::{Cause, Exit, KnownChange, LimitVerdict, Reason, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

fn to_text(value: &impl Serialize) -> String {
    // Structs of this file hold only strings, numbers, options, lists and maps keyed by strings:
    // serialising them cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    exit: u8,
    verdict: &'static str,
    commit: &'a str,
    subject: &'a str,
    base: Option<BaseJson<'a>>,
    environment: String,
    machines: &'a [String],
    mode: &'static str,
    census: CensusJson<'a>,
    limits: Vec<LimitJson<'a>>,
    changes: Vec<ChangeJson<'a>>,
    findings: Vec<FindingJson>,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOutJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paired: Option<PairedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratchet: Option<RatchetJson<'a>>,
}

#[derive(Serialize)]
struct PairedJson<'a> {
    pairs: usize,
    controls: usize,
    seconds: f64,
    cached: CachedJson,
    series: Vec<PairJson<'a>>,
}

#[derive(Serialize)]
struct LeftOutJson<'a> {
    feature: &'a str,
    limit: &'a str,
    rule: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct CachedJson {
    base: bool,
    head: bool,
}

#[derive(Serialize)]
struct PairJson<'a> {
    series: SeriesJson<'a>,
    unit: &'a str,
    direction: Option<Direction>,
    n: usize,
    base: Option<f64>,
    head: Option<f64>,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    p: Option<f64>,
    p_adjusted: Option<f64>,
    smallest_effect: Option<f64>,
    noise_floor: Option<f64>,
    change: &'static str,
    base_values: &'a [f64],
    head_values: &'a [f64],
}

#[derive(Serialize)]
struct RatchetJson<'a> {
    proposals: Vec<ProposalJson<'a>>,
    patch: &'a str,
}

#[derive(Serialize)]
struct ProposalJson<'a> {
    feature: &'a str,
    limit: &'a str,
    from: &'a str,
    to: &'a str,
    level: f64,
    stood: usize,
    why: &'a str,
}

#[derive(Serialize)]
struct BaseJson<'a> {
    commit: &'a str,
    how: &'a str,
}

#[derive(Serialize)]
struct CensusJson<'a> {
    expected: usize,
    judged: usize,
    reasons: &'a BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct SeriesJson<'a> {
    id: String,
    benchmark: &'a str,
    metric: &'a str,
    tags: &'a Tags,
    env: &'a str,
}

#[derive(Serialize)]
struct LimitJson<'a> {
    feature: &'a str,
    limit: &'a str,
    rule: Option<&'static str>,
    owner: &'a str,
    kind: &'static str,
    series: Option<SeriesJson<'a>>,
    verdict: &'static str,
    improved: bool,
    reason: Option<&'static str>,
    why: String,
    value: Option<f64>,
    unit: &'a str,
    direction: Direction,
    runs: usize,
    limit_value: Option<f64>,
    allowed: Option<f64>,
    used: Option<f64>,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    level: Option<f64>,
    p: Option<f64>,
    p_adjusted: Option<f64>,
    smallest_effect: Option<f64>,
    runs_needed: Option<usize>,
    points: usize,
    points_needed: usize,
    suspects: Vec<&'a str>,
    introduced_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introduced_subject: Option<&'a str>,
    trend: &'a [f64],
    accepted: Option<AcceptedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exhausted: Option<ExhaustedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slice: Option<SliceJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_high: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone: Option<super::capacity::MilestoneJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<CauseJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<GateJson>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    series: SeriesJson<'a>,
    unit: &'a str,
    watched: bool,
    before: f64,
    after: f64,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    ratio: Option<f64>,
    why: String,
}

#[derive(Serialize)]
struct GateJson {
    gate: &'static str,
    asked: String,
    found: String,
    decided: String,
}

#[derive(Serialize)]
struct SliceJson<'a> {
    tag: &'a str,
    value: &'a str,
    of: usize,
    over: usize,
    worst: bool,
    hidden_in_whole: bool,
}

#[derive(Serialize)]
struct ExhaustedJson {
    date: String,
    earliest: String,
    latest: Option<String>,
    days: f64,
}

#[derive(Serialize)]
struct AcceptedJson<'a> {
    id: &'a str,
    by: &'a str,
    reason: &'a str,
    expires: &'a str,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    series: SeriesJson<'a>,
    suspects: Vec<&'a str>,
    before: f64,
    after: f64,
    unit: &'a str,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    p: f64,
    improved: bool,
    points_ago: usize,
}

#[derive(Serialize)]
struct FindingJson {
    code: &'static str,
    severity: &'static str,
    message: String,
    help: String,
    place: Option<String>,
}

/// `plimsoll.check/1`.
#[must_use]
pub fn check(view: &CheckView) -> String {
    let findings = view.outcome.findings.iter().chain(&view.warnings);
    to_text(&CheckJson {
        schema: "plimsoll.check/1",
        exit: view.summary.exit as u8,
        verdict: view.summary.verdict.as_str(),
        commit: view.head.id.as_str(),
        subject: &view.head.subject,
        base: view.base.as_ref().map(|base| BaseJson {
            commit: base.commit.as_str(),
            how: &base.how,
        }),
        environment: view.outcome.environments.join(", "),
        machines: &view.outcome.machines,
        mode: if view.paired.is_some() {
            "paired"
        } else {
            "history"
        },
        census: CensusJson {
            expected: view.summary.census.expected,
            judged: view.summary.census.judged,
            reasons: &view.summary.census.reasons,
        },
        limits: view.outcome.limits.iter().map(limit).collect(),
        changes: view.outcome.changes.iter().map(change).collect(),
        findings: findings.map(finding).collect(),
        notes: &view.notes,
        left_out: view.outcome.left_out.iter().map(left_out).collect(),
        paired: view.paired.as_ref().map(paired),
        ratchet: ratchet(view),
    })
}

/// A check that came to no answer.
#[derive(Debug, Clone, Default)]
pub struct Trouble<'a> {
    /// The commit that was to be judged, where it is known.
    pub head: Option<&'a Commit>,
    /// Two builds were to be compared.
    pub paired: bool,
    /// Faults of the budget files.
    pub findings: &'a [Diagnostic],
    /// What is the matter and what to do.
    pub note: String,
}

/// `plimsoll.check/1` of a check that came to no answer: `missing`, exit code 2, no limits, and why.
#[must_use]
pub fn trouble(trouble: &Trouble<'_>) -> String {
    let head = trouble.head;
    to_text(&CheckJson {
        schema: "plimsoll.check/1",
        exit: Exit::Trouble as u8,
        verdict: Verdict::Missing.as_str(),
        commit: head.map_or("", |head| head.id.as_str()),
        subject: head.map_or("", |head| head.subject.as_str()),
        base: None,
        environment: String::new(),
        machines: &[],
        mode: if trouble.paired { "paired" } else { "history" },
        census: CensusJson {
            expected: 0,
            judged: 0,
            reasons: &BTreeMap::new(),
        },
        limits: Vec::new(),
        changes: Vec::new(),
        findings: trouble.findings.iter().map(finding).collect(),
        notes: std::slice::from_ref(&trouble.note),
        left_out: Vec::new(),
        paired: None,
        ratchet: None,
    })
}

#[derive(Serialize)]
struct LintJson {
    schema: &'static str,
    exit: u8,
    findings: Vec<FindingJson>,
}

/// `plimsoll.lint/1`: what is wrong with the budget files.
#[must_use]
pub fn lint(exit: Exit, findings: &[Diagnostic]) -> String {
    to_text(&LintJson {
        schema: "plimsoll.lint/1",
        exit: exit as u8,
        findings: findings.iter().map(finding).collect(),
    })
}

fn finding(finding: &Diagnostic) -> FindingJson {
    let at = finding.source.as_ref();
    FindingJson {
        code: finding.code,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: finding.message.clone(),
        help: finding.help.clone(),
        place: at.map(|at| format!("{}:{}:{}", at.file.display(), at.line, at.column)),
    }
}

fn left_out(rule: &crate::verdict::LeftOut) -> LeftOutJson<'_> {
    LeftOutJson {
        feature: &rule.feature,
        limit: &rule.limit,
        rule: rule.rule,
        reason: rule.reason.as_str(),
    }
}

fn ratchet(view: &CheckView) -> Option<RatchetJson<'_>> {
    let proposals: Vec<ProposalJson<'_>> = view
        .outcome
        .tightenings
        .iter()
        .zip(&view.ratchet.sentences)
        .map(|(tighter, why)| ProposalJson {
            feature: &tighter.feature,
            limit: &tighter.limit,
            from: &tighter.from,
            to: &tighter.to,
            level: tighter.level,
            stood: tighter.stood,
            why,
        })
        .collect();
    (!proposals.is_empty()).then(|| RatchetJson {
        proposals,
        patch: &view.ratchet.patch,
    })
}

fn paired(view: &super::check::PairedView) -> PairedJson<'_> {
    let rows = super::paired::rows(view);
    let one = |row: &super::paired::Row<'_>| {
        let contrast = row.contrast.as_ref();
        let effect = contrast.and_then(crate::verdict::Contrast::effect);
        let kept = view.series.iter().find(|s| s.key == row.series.key)?;
        Some(PairJson {
            series: series(&kept.key),
            unit: kept.unit.as_str(),
            direction: kept.direction,
            n: contrast.map_or(0, |c| c.shift.n),
            base: crate::stats::median(&kept.base),
            head: crate::stats::median(&kept.head),
            effect: effect.map(|e| e.0),
            effect_low: effect.map(|e| e.1),
            effect_high: effect.map(|e| e.2),
            p: contrast.map(|c| c.shift.p),
            p_adjusted: row.p_adjusted,
            smallest_effect: contrast.and_then(crate::verdict::Contrast::smallest_effect),
            noise_floor: row.noise_floor,
            change: row.word(),
            base_values: &kept.base,
            head_values: &kept.head,
        })
    };
    PairedJson {
        pairs: view.pairs,
        controls: view.controls,
        seconds: view.seconds,
        cached: CachedJson {
            base: view.cached[0],
            head: view.cached[1],
        },
        series: rows.iter().filter_map(one).collect(),
    }
}

fn series(key: &crate::model::SeriesKey) -> SeriesJson<'_> {
    SeriesJson {
        id: key.to_string(),
        benchmark: &key.benchmark,
        metric: &key.metric,
        tags: &key.tags,
        env: &key.env,
    }
}

fn limit(verdict: &LimitVerdict) -> LimitJson<'_> {
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
        why: super::tell::sentence(verdict),
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
            .map(super::capacity::milestone_json),
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
        why: super::tell::cause(verdict, cause),
    }
}

#[derive(Serialize)]
struct ExplainJson<'a> {
    schema: &'static str,
    commit: &'a str,
    subject: &'a str,
    limits: Vec<LimitJson<'a>>,
}

/// `plimsoll.explain/1`: limits as in `plimsoll.check/1`, each with the gates it passed.
#[must_use]
pub(super) fn explain(commit: &Commit, limits: Vec<(&LimitVerdict, Vec<Gate>)>) -> String {
    let gate = |gate: Gate| GateJson {
        gate: gate.name,
        asked: gate.asked,
        found: gate.found,
        decided: gate.decided,
    };
    to_text(&ExplainJson {
        schema: "plimsoll.explain/1",
        commit: commit.id.as_str(),
        subject: &commit.subject,
        limits: limits
            .into_iter()
            .map(|(verdict, gates)| LimitJson {
                gates: gates.into_iter().map(gate).collect(),
                ..limit(verdict)
            })
            .collect(),
    })
}

fn change(change: &KnownChange) -> ChangeJson<'_> {
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

#[derive(Serialize)]
struct MeasurementsJson<'a> {
    schema: &'static str,
    files: Vec<FileJson<'a>>,
    measurements: Vec<MeasurementJson<'a>>,
    failures: Vec<FailureJson<'a>>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: String,
    format: &'static str,
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct MeasurementJson<'a> {
    benchmark: &'a str,
    metric: &'a str,
    value: f64,
    unit: &'a str,
    direction: Option<Direction>,
    tags: &'a Tags,
    n: u64,
    samples: Option<&'a [f64]>,
    source_metric: &'a str,
    source_unit: &'a str,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    benchmark: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: &'a Tags,
}

/// `plimsoll.measurements/1`: what was understood of result files.
#[must_use]
pub fn measurements(readings: &[Reading]) -> String {
    let each = |m| measurement(m);
    to_text(&MeasurementsJson {
        schema: "plimsoll.measurements/1",
        files: readings
            .iter()
            .map(|reading| FileJson {
                path: reading.path.display().to_string(),
                format: reading.format,
                version: reading.version.as_deref(),
            })
            .collect(),
        measurements: readings
            .iter()
            .flat_map(|reading| reading.measurements.iter().map(each))
            .collect(),
        failures: readings
            .iter()
            .flat_map(|reading| &reading.failures)
            .map(|failure| FailureJson {
                benchmark: &failure.benchmark,
                reason: &failure.reason,
                tags: &failure.tags,
            })
            .collect(),
    })
}

fn measurement(m: &Measurement) -> MeasurementJson<'_> {
    MeasurementJson {
        benchmark: &m.benchmark,
        metric: &m.metric,
        value: m.value,
        unit: m.unit.as_str(),
        direction: m.direction,
        tags: &m.tags,
        n: m.n,
        samples: m.samples.as_ref().map(|samples| samples.values.as_slice()),
        source_metric: &m.source_metric,
        source_unit: &m.source_unit,
    }
}

#[derive(Serialize)]
struct DetectJson<'a> {
    schema: &'static str,
    name: &'a str,
    n: usize,
    scale: &'static str,
    change_points: Vec<DetectedJson>,
}

#[derive(Serialize)]
struct DetectedJson {
    index: usize,
    from: usize,
    to: usize,
    before: f64,
    after: f64,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_high: Option<f64>,
    p: f64,
}

/// `plimsoll.detect/1`: one line for one series, also when nothing changed.
#[must_use]
pub fn detection(name: &str, n: usize, found: &Detection) -> String {
    let log = found.scale == Scale::Log;
    let only = |wanted: bool, value: f64| wanted.then_some(value);
    let change_points = found.change_points.iter().map(|change| DetectedJson {
        index: change.index,
        from: change.from,
        to: change.to,
        before: change.before,
        after: change.after,
        effect: only(log, change.effect),
        effect_low: only(log, change.effect_low),
        effect_high: only(log, change.effect_high),
        diff: only(!log, change.effect),
        diff_low: only(!log, change.effect_low),
        diff_high: only(!log, change.effect_high),
        p: change.p,
    });
    let line = DetectJson {
        schema: "plimsoll.detect/1",
        name,
        n,
        scale: if log { "log" } else { "linear" },
        change_points: change_points.collect(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}
