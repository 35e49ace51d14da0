//! `plimsoll.check/1`, and what a verdict rests on.

use super::limit::{change, limit, series};
use super::shape::*;
use super::{finding, to_text};
use crate::diag::Diagnostic;
use crate::model::Commit;
use crate::report::check::{CheckView, PairedView};
use crate::report::explain::Gate;
use crate::verdict::{Exit, LimitVerdict, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

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

fn paired(view: &PairedView) -> PairedJson<'_> {
    let rows = crate::report::paired::rows(view);
    let one = |row: &crate::report::paired::Row<'_>| {
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

#[derive(Serialize)]
struct ExplainJson<'a> {
    schema: &'static str,
    commit: &'a str,
    subject: &'a str,
    limits: Vec<LimitJson<'a>>,
}

/// `plimsoll.explain/1`: limits as in `plimsoll.check/1`, each with the gates it passed.
#[must_use]
pub(in crate::report) fn explain(
    commit: &Commit,
    limits: Vec<(&LimitVerdict, Vec<Gate>)>,
) -> String {
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
