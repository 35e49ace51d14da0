//! For programs.

use super::CapacityView;
use crate::stats::{Bounds, Residuals};
use crate::verdict::{MilestoneFound, Reason};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    name: &'a str,
    benchmark: &'a str,
    tags: &'a crate::model::Tags,
    axis: &'a str,
    fit: &'static str,
    confidence: f64,
    n: usize,
    tested_max: f64,
    alpha: Option<f64>,
    alpha_low: Option<f64>,
    alpha_high: Option<f64>,
    beta: Option<f64>,
    beta_low: Option<f64>,
    beta_high: Option<f64>,
    gamma: Option<f64>,
    gamma_low: Option<f64>,
    gamma_high: Option<f64>,
    sigma: Option<f64>,
    peak: Option<PeakJson>,
    peak_status: String,
    knee: Option<f64>,
    roof: Option<f64>,
    capacity: Option<AvailableJson>,
    capacity_at_latency: Option<AtLatencyJson<'a>>,
    steps: Vec<StepJson>,
    checks: Vec<CheckJson<'a>>,
    recovery: Option<RecoveryJson>,
    milestones: Vec<MilestoneJson<'a>>,
}

#[derive(Serialize)]
struct PeakJson {
    n: f64,
    low: f64,
    high: Option<f64>,
    throughput: f64,
}

#[derive(Serialize)]
struct AvailableJson {
    n: f64,
    throughput: f64,
    low: f64,
    high: Option<f64>,
    limited_by: &'static str,
}

#[derive(Serialize)]
struct AtLatencyJson<'a> {
    metric: &'a str,
    latency: f64,
    n: f64,
    throughput: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    first_broken: Option<f64>,
}

#[derive(Serialize)]
struct StepJson {
    n: f64,
    throughput: Option<f64>,
    efficiency: f64,
    latency: Option<f64>,
    error_rate: Option<f64>,
    runs: usize,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    name: &'a str,
    ok: Option<bool>,
    detail: &'a str,
}

#[derive(Serialize)]
struct RecoveryJson {
    overload: f64,
    after: f64,
    seconds: Option<f64>,
}

/// A milestone, for programs.
#[derive(Debug, Serialize)]
pub(in crate::report) struct MilestoneJson<'a> {
    name: &'a str,
    date: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    demand: f64,
    needed: f64,
    capacity: Option<f64>,
    capacity_low: Option<f64>,
    capacity_high: Option<f64>,
    headroom: Option<f64>,
    headroom_low: Option<f64>,
    headroom_high: Option<f64>,
    units: Option<f64>,
    units_low: Option<f64>,
    units_high: Option<f64>,
    units_planned: Option<f64>,
    runs_out: Option<String>,
    runs_out_low: Option<String>,
    runs_out_high: Option<String>,
    test_up_to: Option<f64>,
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

pub(in crate::report) fn milestone_json(found: &MilestoneFound) -> MilestoneJson<'_> {
    let headroom = found.headroom();
    let units = found.units.as_ref();
    let (out, out_low, out_high) = found
        .runs_out
        .map_or((None, None, None), |(a, b, c)| (Some(a), b, c));
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
    MilestoneJson {
        name: &found.name,
        date: found.date.to_string(),
        verdict: found.verdict.as_str(),
        reason: found.reason.map(Reason::as_str),
        demand: found.demand,
        needed: found.needed,
        capacity: found.capacity,
        capacity_low: found.low,
        capacity_high: found.high.and_then(finite),
        headroom: headroom.and_then(|h| finite(h.0)),
        headroom_low: headroom.and_then(|h| finite(h.1)),
        headroom_high: headroom.and_then(|h| finite(h.2?)),
        units: units.and_then(|u| finite(u.needed)),
        units_low: units.and_then(|u| u.least),
        units_high: units.and_then(|u| u.most),
        units_planned: units.map(|u| u.planned),
        runs_out: day(out),
        runs_out_low: day(out_low),
        runs_out_high: day(out_high),
        test_up_to: found.test_up_to,
    }
}

/// One line of JSON, `plimsoll.capacity/1`.
///
/// # Errors
/// Where serde refuses, which it does for no view.
pub fn json(view: &CapacityView) -> Result<String, serde_json::Error> {
    let of = &view.capacity;
    let law = of.law.as_ref();
    let confidence = of.question.confidence;
    let bounds = |b: Option<Bounds>| (b.map(|b| b.low), b.and_then(|b| b.high));
    let (alpha_low, alpha_high) = bounds(law.and_then(|l| l.alpha_bounds(confidence)));
    let (beta_low, beta_high) = bounds(law.and_then(|l| l.beta_bounds(confidence)));
    let (gamma_low, gamma_high) = bounds(law.and_then(|l| l.throughput_bounds(1.0, confidence)));
    let middle = |values: &[f64]| crate::stats::median(values);
    serde_json::to_string(&Document {
        schema: "plimsoll.capacity/1",
        name: &view.name,
        benchmark: &of.sweep.benchmark,
        tags: &of.sweep.tags,
        axis: &of.sweep.axis,
        fit: match of.question.fit {
            Residuals::Log => "log",
            Residuals::Absolute => "absolute",
        },
        confidence,
        n: of.sweep.runs(),
        tested_max: of.tested_max,
        alpha: law.map(|l| l.alpha),
        alpha_low,
        alpha_high,
        beta: law.map(|l| l.beta),
        beta_low,
        beta_high,
        gamma: law.map(|l| l.gamma),
        gamma_low,
        gamma_high,
        sigma: law.and_then(crate::stats::Scalability::sigma),
        peak: of.peak.map(|peak| PeakJson {
            n: peak.n,
            low: peak.bounds.low,
            high: peak.bounds.high,
            throughput: peak.throughput,
        }),
        peak_status: of.peak_status(),
        knee: law.and_then(crate::stats::Scalability::knee),
        roof: of.roof(),
        capacity: of.available.map(|a| AvailableJson {
            n: a.n,
            throughput: a.value,
            low: a.low,
            high: a.high.and_then(finite),
            limited_by: a.limited_by.as_str(),
        }),
        capacity_at_latency: of.at_latency.map(|at| AtLatencyJson {
            metric: &of.sweep.tail,
            latency: at.budget,
            n: at.n,
            throughput: at.throughput.map(|t| t.0),
            low: at.throughput.map(|t| t.1),
            high: at.throughput.and_then(|t| finite(t.2)),
            first_broken: at.first_broken,
        }),
        steps: of
            .sweep
            .steps
            .iter()
            .zip(of.efficiencies())
            .map(|(step, (n, efficiency))| StepJson {
                n,
                throughput: middle(&step.throughput),
                efficiency,
                latency: middle(&step.tail),
                error_rate: step.errors(),
                runs: step.throughput.len(),
            })
            .collect(),
        checks: of
            .checks
            .iter()
            .map(|check| CheckJson {
                name: check.name,
                ok: check.ok,
                detail: &check.detail,
            })
            .collect(),
        recovery: view.recovery.map(|r| RecoveryJson {
            overload: r.overload,
            after: r.after,
            seconds: r.seconds,
        }),
        milestones: view.milestones.iter().map(milestone_json).collect(),
    })
}
