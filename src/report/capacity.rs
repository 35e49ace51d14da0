//! Capacity in words, the same in every output: what is carried, how sure that is, how many units are
//! needed, and until when it lasts.

use super::text;
use crate::analysis::capacity::{AtLatency, Available, Capacity, LimitedBy, Recovery, whole};
use crate::model::Unit;
use crate::stats::{Bounds, Residuals};
use crate::verdict::{
    Added, CapacityFound, Coefficient, LimitVerdict, MilestoneFound, Reason, Verdict,
};
use serde::Serialize;
use std::fmt::Write;

/// One sweep, with the milestones that it was held against.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityView {
    /// What it is called: a limit of a feature, or a benchmark.
    pub name: String,
    /// Where it was measured: a commit, in words; empty for files.
    pub place: String,
    /// The sweep with its law.
    pub capacity: Capacity,
    /// Milestones, soonest first.
    pub milestones: Vec<MilestoneFound>,
    /// How long the service needed to recover from an overload, where the results hold a time series.
    pub recovery: Option<Recovery>,
}

fn rate(value: f64) -> String {
    text::value(value, &Unit::PerSecond)
}

fn time(value: f64) -> String {
    text::value(value, &Unit::Nanoseconds)
}

/// A rate with its interval: `1,650 /s (1,620 … 1,720)`.
fn interval(value: f64, low: f64, high: Option<f64>) -> String {
    let scale = text::Scale::fitting(&Unit::PerSecond, value);
    let high = high.filter(|high| high.is_finite());
    let high = high.map_or_else(|| "not reached".to_owned(), |high| scale.number(high));
    format!("{} ({} … {high})", scale.value(value), scale.number(low))
}

/// A coefficient in percent, three digits.
fn share(value: f64) -> String {
    text::value(value, &Unit::Ratio)
}

fn share_of(value: f64, bounds: Option<Bounds>) -> String {
    match bounds {
        Some(Bounds { low, high }) => format!(
            "{} ({} … {})",
            share(value),
            share(low),
            high.map_or_else(|| text::NOTHING.to_owned(), share)
        ),
        None => share(value),
    }
}

/// Headroom as a signed share: `−25 % (−29 … −21)`.
fn headroom(found: &MilestoneFound) -> String {
    match found.headroom() {
        Some((value, low, Some(high))) => text::effect_interval(value, low, high),
        Some((value, low, None)) => {
            format!("{} (at least {})", text::effect(value), text::effect(low))
        }
        None => "not known".to_owned(),
    }
}

/// `32 pods (31 … 34)`.
fn units(found: &MilestoneFound) -> Option<String> {
    let units = found.units.as_ref()?;
    let n = |n: f64| {
        if n.is_finite() {
            format!("{n:.0}")
        } else {
            "no number of".to_owned()
        }
    };
    let range = match (units.least, units.most) {
        (Some(least), Some(most)) if (most - least).abs() >= 0.5 => {
            format!(" ({} … {})", n(least), n(most))
        }
        (None, Some(most)) => format!(" (at most {})", n(most)),
        _ => String::new(),
    };
    let name = text::plain(&units.name);
    Some(format!(
        "{} {name}{}{range}; {} are planned",
        n(units.needed),
        if (units.needed - 1.0).abs() < 0.5 {
            ""
        } else {
            "s"
        },
        n(units.planned)
    ))
}

/// The day on which what is carried is used up.
fn until(found: &MilestoneFound) -> Option<String> {
    let (day, low, high) = found.runs_out?;
    let range = match (low, high) {
        (Some(low), Some(high)) if low != high => format!(" ({low} … {high})"),
        (Some(low), None) if low != day => format!(" (not before {low})"),
        _ => String::new(),
    };
    Some(format!("lasts until {day}{range} at the present growth"))
}

/// Why a milestone is judged as it is, what it needs and until when what is planned lasts: one line.
#[must_use]
pub fn milestone(found: &MilestoneFound, of: &Capacity) -> String {
    let mut parts = Vec::new();
    parts.push(match (found.verdict, found.reason) {
        (Verdict::Over, _) => "what is carried is too little".to_owned(),
        (Verdict::Within, _) => "carried, with its safety".to_owned(),
        (_, Some(Reason::NotTested)) => format!(
            "not tested: test up to N = {}",
            whole(found.test_up_to.unwrap_or(2.0 * of.tested_max))
        ),
        (_, Some(Reason::ScaleAssumed)) => {
            let (tested, planned, efficiency) = found
                .units
                .as_ref()
                .map_or((1.0, 1.0, 1.0), |u| (u.tested, u.planned, u.efficiency));
            format!(
                "carried only if each further unit adds {}: {tested:.0} tested of {planned:.0} planned; test {:.0} together",
                text::percent_of(efficiency),
                (planned / 2.0).ceil()
            )
        }
        (_, Some(Reason::Unsound)) => unsound(of),
        _ => "evidence on both sides: more runs of the steps decide".to_owned(),
    });
    if found.capacity.is_some() {
        parts.push(format!("headroom {}", headroom(found)));
    }
    parts.extend(units(found).map(|units| format!("needs {units}")));
    parts.extend(until(found));
    if let Some(from) = found.fail_from
        && found.verdict == Verdict::Over
    {
        parts.push(format!("fails a check from {from}"));
    }
    parts.join("; ")
}

/// The first check of a sweep that fails.
fn unsound(of: &Capacity) -> String {
    let failed = of.checks.iter().find(|check| check.ok == Some(false));
    failed.map_or_else(
        || "too few steps for a law".to_owned(),
        |check| {
            format!(
                "the sweep cannot be relied on ({}): {}",
                check.name,
                text::plain(&check.detail)
            )
        },
    )
}

fn added(found: &Added) -> String {
    let what = match found.coefficient {
        Coefficient::Contention => "contention",
        Coefficient::Coherency => "coherency",
    };
    let delta = found.after - found.before;
    let verb = if delta > 0.0 { "raised" } else { "lowered" };
    format!(
        "{verb} {what} from {} to {} against {} ({} … {} hundredths); {} may be added",
        share(found.before),
        share(found.after),
        text::plain(&found.versus),
        signed(found.bounds.0),
        signed(found.bounds.1),
        share(found.most)
    )
}

fn signed(share: f64) -> String {
    let scale = text::Scale::fitting(&Unit::Ratio, share);
    let text = scale.difference(share);
    text.trim_end_matches(" pp").to_owned()
}

/// The sentence of a verdict about a sweep; `None` for any other verdict.
#[must_use]
pub fn sentence(verdict: &LimitVerdict) -> Option<String> {
    let found: &CapacityFound = verdict.capacity.as_deref()?;
    let of = &found.capacity;
    let mut said = if let Some(own) = &found.milestone {
        format!(
            "{} on {}: {}",
            text::plain(&own.name),
            own.date,
            milestone(own, of)
        )
    } else if let Some(own) = &found.added {
        let lead = match (verdict.judgement.verdict, verdict.judgement.reason) {
            (Verdict::Over, _) => "this change ",
            (_, Some(Reason::Unsound)) => "not proven, as a sweep cannot be relied on: ",
            (Verdict::Unproven, _) => "evidence on both sides of the limit: ",
            _ => "",
        };
        format!("{lead}{}", added(own))
    } else if verdict.judgement.reason == Some(Reason::Learning) {
        "no sweep of load steps to compare with within 50 commits".to_owned()
    } else {
        match verdict.judgement.reason {
            Some(Reason::Unsound) => unsound(of),
            Some(Reason::NotTested) => format!(
                "not tested: test up to N = {}",
                whole(of.test_up_to(verdict.limit_value.unwrap_or(0.0)))
            ),
            _ => of.available.map_or_else(String::new, |a| carried(of, &a)),
        }
    };
    if let Some((commit, back)) = &found.older {
        let _ = write!(
            said,
            "; newest sweep is of {}, {back} commit{} before",
            commit.short(),
            if *back == 1 { "" } else { "s" }
        );
    }
    Some(said)
}

/// What is carried, and what gives way first.
fn carried(of: &Capacity, a: &Available) -> String {
    let value = interval(a.value, a.low, a.high);
    let end = match a.limited_by {
        LimitedBy::Latency => {
            let budget = of.question.at_latency.unwrap_or(0.0);
            let first = of.at_latency.and_then(|at: AtLatency| at.first_broken);
            format!(
                "within {} ≤ {} up to N = {}; first broken at N = {}",
                tail(of),
                time(budget),
                whole(a.n),
                first.map_or_else(String::new, whole)
            )
        }
        LimitedBy::Errors => format!(
            "up to N = {}; at N = {} more than {} of the requests fail",
            whole(a.n),
            of.first_failing.map_or_else(String::new, whole),
            share(of.question.max_errors)
        ),
        LimitedBy::Peak => format!("at its peak, N = {}", whole(a.n.round())),
        LimitedBy::Tested => format!(
            "at N = {}, where the test ended: nothing gave way",
            whole(a.n)
        ),
    };
    format!("carries {value} {end}")
}

pub(super) fn tail(of: &Capacity) -> String {
    text::plain(of.sweep.tail.trim_start_matches("latency."))
}

fn peak(of: &Capacity) -> String {
    match &of.peak {
        Some(peak) => format!(
            "peak at N = {} ({} … {}): {}",
            whole(peak.n.round()),
            whole(peak.bounds.low.round()),
            peak.bounds
                .high
                .map_or_else(|| "no upper end".to_owned(), |high| whole(high.round())),
            rate(peak.throughput)
        ),
        None if of.law.is_some() => of.peak_status(),
        None => "no law: too few steps".to_owned(),
    }
}

/// Lines that say what the law, the limits and the time series say.
#[must_use]
pub fn lines(view: &CapacityView) -> Vec<(&'static str, String)> {
    let of = &view.capacity;
    let confidence = of.question.confidence;
    let mut all = Vec::new();
    if let Some(a) = &of.available {
        all.push((
            "carries",
            carried(of, a).trim_start_matches("carries ").to_owned(),
        ));
    }
    if of.question.at_latency.is_some() && of.at_latency.is_none() {
        all.push((
            "latency",
            "no tail was measured, so its budget is not judged".to_owned(),
        ));
    }
    all.push(("peak", peak(of)));
    if let Some(law) = &of.law {
        all.push((
            "contention",
            format!(
                "{} of the work waits in line{}",
                share_of(law.alpha, law.alpha_bounds(confidence)),
                law.knee()
                    .filter(|k| *k < 1e6)
                    .map_or_else(String::new, |knee| format!(
                        "; the line begins to bend about N = {}",
                        whole(knee.round())
                    ))
            ),
        ));
        all.push((
            "coherency",
            format!(
                "{} to agree with each other",
                share_of(law.beta, law.beta_bounds(confidence))
            ),
        ));
        if let Some(roof) = of.roof() {
            all.push(("roof", format!("{}, if nothing else gives way", rate(roof))));
        }
    }
    if let Some(found) = &view.recovery {
        let words = match found.seconds {
            Some(seconds) => format!(
                "{} after the overload of N = {} (back at N = {})",
                time(seconds * 1e9),
                whole(found.overload),
                whole(found.after)
            ),
            None => format!(
                "not within the time that was recorded after the overload of N = {}",
                whole(found.overload)
            ),
        };
        all.push(("recovers", words));
    }
    all
}

/// Rows of the steps: load, throughput, efficiency, tail, errors.
#[must_use]
pub fn rows(of: &Capacity) -> Vec<[String; 5]> {
    let middle = |values: &[f64]| crate::stats::median(values);
    let efficiencies = of.efficiencies();
    of.sweep
        .steps
        .iter()
        .zip(efficiencies)
        .map(|(step, (_, efficiency))| {
            let x = middle(&step.throughput).unwrap_or(f64::NAN);
            let over = |bad: bool| if bad { " !" } else { "" };
            let tail = middle(&step.tail);
            let errors = step.errors();
            [
                whole(step.n),
                rate(x),
                text::percent_of(efficiency),
                tail.map_or_else(String::new, |tail| {
                    let bad = of.question.at_latency.is_some_and(|budget| tail > budget);
                    format!("{}{}", time(tail), over(bad))
                }),
                errors.map_or_else(String::new, |e| {
                    format!("{}{}", share(e), over(e > of.question.max_errors))
                }),
            ]
        })
        .collect()
}

/// What a reader of a closed-loop tool must know.
fn flag(of: &Capacity) -> Option<&'static str> {
    of.sweep.is_closed().then_some(
        "the tool waits for answers before it sends more (closed loop): its tails leave out requests that would have waited (coordinated omission)",
    )
}

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Over => "OVER",
        Verdict::Missing => "MISSING",
        other => other.as_str(),
    }
}

/// On a terminal.
#[must_use]
pub fn terminal(views: &[CapacityView]) -> String {
    let mut out = String::new();
    for (i, view) in views.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        one(&mut out, view);
    }
    out
}

pub(super) fn heading(view: &CapacityView) -> String {
    let sweep = &view.capacity.sweep;
    let fault = sweep.fault().map_or_else(String::new, |fault| {
        format!(" under fault {}", text::plain(fault))
    });
    let place = if view.place.is_empty() {
        String::new()
    } else {
        format!(" · {}", text::plain(&view.place))
    };
    let low = sweep.steps.first().map_or(0.0, |step| step.n);
    format!(
        "{}{fault} · {} loads from {} to {} ({}), {} runs{place}",
        text::plain(&view.name),
        sweep.steps.len(),
        whole(low),
        whole(view.capacity.tested_max),
        text::plain(if sweep.by_little {
            "throughput × mean latency"
        } else {
            &sweep.axis
        }),
        sweep.runs()
    )
}

fn one(out: &mut String, view: &CapacityView) {
    let of = &view.capacity;
    let _ = writeln!(out, "{}\n", heading(view));
    for found in &view.milestones {
        let _ = writeln!(
            out,
            "  {:<9} {} on {}: needs {}, carries {}",
            word(found.verdict),
            text::plain(&found.name),
            found.date,
            rate(found.needed),
            found.capacity.map_or_else(
                || "nothing known".to_owned(),
                |value| interval(value, found.low.unwrap_or(0.0), found.high)
            )
        );
        let _ = writeln!(out, "            {}", milestone(found, of));
    }
    if !view.milestones.is_empty() {
        out.push('\n');
    }
    for (name, words) in lines(view) {
        let _ = writeln!(out, "  {name:<11} {words}");
    }
    let rows = rows(of);
    let most = of
        .sweep
        .steps
        .iter()
        .filter_map(|step| crate::stats::median(&step.throughput))
        .fold(0.0, f64::max);
    let head = ["load", "throughput", "efficiency", &tail(of), "errors"];
    let widths: Vec<usize> = (0..5)
        .map(|i| {
            let cells = rows.iter().map(|row| row[i].chars().count());
            cells.chain([head[i].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[&str], bar: &str| {
        let mut text = String::from(" ");
        for (i, cell) in cells.iter().enumerate() {
            if widths[i] > 0 {
                let _ = write!(text, " {cell:>width$} ", width = widths[i]);
            }
            if i == 1 {
                let _ = write!(text, " {bar} ");
            }
        }
        text.trim_end().to_owned()
    };
    let _ = writeln!(out, "\n{}", line(&head, &" ".repeat(20)));
    for (row, step) in rows.iter().zip(&of.sweep.steps) {
        let x = crate::stats::median(&step.throughput).unwrap_or(0.0);
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        let _ = writeln!(out, "{}", line(&cells, &text::bar(x / most, 20)));
    }
    out.push('\n');
    for check in &of.checks {
        let sign = match check.ok {
            Some(true) => "ok",
            Some(false) => "FAILS",
            None => "skipped",
        };
        let _ = writeln!(
            out,
            "  {sign:<8} {:<10} {}",
            check.name,
            text::plain(&check.detail)
        );
    }
    if let Some(flag) = flag(of) {
        let _ = writeln!(out, "  note     {flag}");
    }
}

/// As Markdown, for a comment or a document.
#[must_use]
pub fn markdown(views: &[CapacityView]) -> String {
    let mut out = String::new();
    for view in views {
        let of = &view.capacity;
        let _ = writeln!(out, "**{}**\n", escape(&heading(view)));
        for found in &view.milestones {
            let _ = writeln!(
                out,
                "- **{}** {} on {}: needs {}, carries {}; {}",
                word(found.verdict),
                escape(&found.name),
                found.date,
                rate(found.needed),
                found.capacity.map_or_else(
                    || "nothing known".to_owned(),
                    |value| interval(value, found.low.unwrap_or(0.0), found.high)
                ),
                escape(&milestone(found, of))
            );
        }
        for (name, words) in lines(view) {
            let _ = writeln!(out, "- {name}: {}", escape(&words));
        }
        let _ = writeln!(
            out,
            "\n| load | throughput | efficiency | {} | errors |\n|---:|---:|---:|---:|---:|",
            escape(&tail(of))
        );
        for row in rows(of) {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push('\n');
        for check in of.checks.iter().filter(|check| check.ok == Some(false)) {
            let _ = writeln!(out, "- **fails** {}: {}", check.name, escape(&check.detail));
        }
        out.push('\n');
    }
    out
}

fn escape(text: &str) -> String {
    super::markdown::escape::prose(&text::plain(text))
}

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
pub(super) struct MilestoneJson<'a> {
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

pub(super) fn milestone_json(found: &MilestoneFound) -> MilestoneJson<'_> {
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
