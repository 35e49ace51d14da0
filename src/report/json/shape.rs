//! What a check is as JSON: names and order of its fields are a contract.

use crate::model::{Direction, Tags};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct CheckJson<'a> {
    pub(super) schema: &'static str,
    pub(super) exit: u8,
    pub(super) verdict: &'static str,
    pub(super) commit: &'a str,
    pub(super) subject: &'a str,
    pub(super) base: Option<BaseJson<'a>>,
    pub(super) environment: String,
    pub(super) machines: &'a [String],
    pub(super) mode: &'static str,
    pub(super) census: CensusJson<'a>,
    pub(super) limits: Vec<LimitJson<'a>>,
    pub(super) changes: Vec<ChangeJson<'a>>,
    pub(super) findings: Vec<FindingJson>,
    pub(super) notes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<LeftOutJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) paired: Option<PairedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ratchet: Option<RatchetJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct PairedJson<'a> {
    pub(super) pairs: usize,
    pub(super) controls: usize,
    pub(super) seconds: f64,
    pub(super) cached: CachedJson,
    pub(super) series: Vec<PairJson<'a>>,
}

#[derive(Serialize)]
pub(super) struct LeftOutJson<'a> {
    pub(super) feature: &'a str,
    pub(super) limit: &'a str,
    pub(super) rule: &'static str,
    pub(super) reason: &'static str,
}

#[derive(Serialize)]
pub(super) struct CachedJson {
    pub(super) base: bool,
    pub(super) head: bool,
}

#[derive(Serialize)]
pub(super) struct PairJson<'a> {
    pub(super) series: SeriesJson<'a>,
    pub(super) unit: &'a str,
    pub(super) direction: Option<Direction>,
    pub(super) n: usize,
    pub(super) base: Option<f64>,
    pub(super) head: Option<f64>,
    pub(super) effect: Option<f64>,
    pub(super) effect_low: Option<f64>,
    pub(super) effect_high: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) p_adjusted: Option<f64>,
    pub(super) smallest_effect: Option<f64>,
    pub(super) noise_floor: Option<f64>,
    pub(super) change: &'static str,
    pub(super) base_values: &'a [f64],
    pub(super) head_values: &'a [f64],
}

#[derive(Serialize)]
pub(super) struct RatchetJson<'a> {
    pub(super) proposals: Vec<ProposalJson<'a>>,
    pub(super) patch: &'a str,
}

#[derive(Serialize)]
pub(super) struct ProposalJson<'a> {
    pub(super) feature: &'a str,
    pub(super) limit: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) level: f64,
    pub(super) stood: usize,
    pub(super) why: &'a str,
}

#[derive(Serialize)]
pub(super) struct BaseJson<'a> {
    pub(super) commit: &'a str,
    pub(super) how: &'a str,
}

#[derive(Serialize)]
pub(super) struct CensusJson<'a> {
    pub(super) expected: usize,
    pub(super) judged: usize,
    pub(super) reasons: &'a BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
pub(super) struct SeriesJson<'a> {
    pub(super) id: String,
    pub(super) benchmark: &'a str,
    pub(super) metric: &'a str,
    pub(super) tags: &'a Tags,
    pub(super) env: &'a str,
}

#[derive(Serialize)]
pub(super) struct LimitJson<'a> {
    pub(super) feature: &'a str,
    pub(super) limit: &'a str,
    pub(super) rule: Option<&'static str>,
    pub(super) owner: &'a str,
    pub(super) kind: &'static str,
    pub(super) series: Option<SeriesJson<'a>>,
    pub(super) verdict: &'static str,
    pub(super) improved: bool,
    pub(super) reason: Option<&'static str>,
    pub(super) why: String,
    pub(super) value: Option<f64>,
    pub(super) unit: &'a str,
    pub(super) direction: Direction,
    pub(super) runs: usize,
    pub(super) limit_value: Option<f64>,
    pub(super) allowed: Option<f64>,
    pub(super) used: Option<f64>,
    pub(super) effect: Option<f64>,
    pub(super) effect_low: Option<f64>,
    pub(super) effect_high: Option<f64>,
    pub(super) level: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) p_adjusted: Option<f64>,
    pub(super) smallest_effect: Option<f64>,
    pub(super) runs_needed: Option<usize>,
    pub(super) points: usize,
    pub(super) points_needed: usize,
    pub(super) suspects: Vec<&'a str>,
    pub(super) introduced_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) introduced_subject: Option<&'a str>,
    pub(super) trend: &'a [f64],
    pub(super) accepted: Option<AcceptedJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exhausted: Option<ExhaustedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) against: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slice: Option<SliceJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_high: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) milestone: Option<crate::report::capacity::MilestoneJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) causes: Vec<CauseJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) gates: Vec<GateJson>,
}

#[derive(Serialize)]
pub(super) struct CauseJson<'a> {
    pub(super) series: SeriesJson<'a>,
    pub(super) unit: &'a str,
    pub(super) watched: bool,
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) effect: Option<f64>,
    pub(super) effect_low: Option<f64>,
    pub(super) effect_high: Option<f64>,
    pub(super) ratio: Option<f64>,
    pub(super) why: String,
}

#[derive(Serialize)]
pub(super) struct GateJson {
    pub(super) gate: &'static str,
    pub(super) asked: String,
    pub(super) found: String,
    pub(super) decided: String,
}

#[derive(Serialize)]
pub(super) struct SliceJson<'a> {
    pub(super) tag: &'a str,
    pub(super) value: &'a str,
    pub(super) of: usize,
    pub(super) over: usize,
    pub(super) worst: bool,
    pub(super) hidden_in_whole: bool,
}

#[derive(Serialize)]
pub(super) struct ExhaustedJson {
    pub(super) date: String,
    pub(super) earliest: String,
    pub(super) latest: Option<String>,
    pub(super) days: f64,
}

#[derive(Serialize)]
pub(super) struct AcceptedJson<'a> {
    pub(super) id: &'a str,
    pub(super) by: &'a str,
    pub(super) reason: &'a str,
    pub(super) expires: &'a str,
}

#[derive(Serialize)]
pub(super) struct ChangeJson<'a> {
    pub(super) series: SeriesJson<'a>,
    pub(super) suspects: Vec<&'a str>,
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) unit: &'a str,
    pub(super) effect: Option<f64>,
    pub(super) effect_low: Option<f64>,
    pub(super) effect_high: Option<f64>,
    pub(super) p: f64,
    pub(super) improved: bool,
    pub(super) points_ago: usize,
}

#[derive(Serialize)]
pub(super) struct FindingJson {
    pub(super) code: &'static str,
    pub(super) severity: &'static str,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) place: Option<String>,
}
