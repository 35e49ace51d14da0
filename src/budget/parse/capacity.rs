//! `capacity`, `scale_unit`, `[[milestone]]` and `[demand]`.

use super::super::format::BUDGET;
use super::rules::limit_section;
use crate::budget::capacity::DAYS_A_MONTH;
use crate::budget::reader::{Faults, Table};
use crate::budget::{
    CapacityRule, Coefficients, Demand, Dimension, Limit, Milestone, Quantity, ScaleUnit, Wanted,
    parse_percent,
};
use crate::diag::Severity;
use crate::model::Unit;
use jiff::civil::Date;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// What a limit over load steps cannot be joined with: these judge one series.
const ALONE: [&str; 13] = [
    "max",
    "regress",
    "drift",
    "creep",
    "growth",
    "complexity",
    "scaling",
    "slices",
    "guard",
    "ratchet",
    "min",
    "deterministic",
    "direction",
];

/// Reads the rule, with what `select` says of its axes.
pub(super) fn rule(
    limit: &Table<'_, '_>,
    select: Option<&Table<'_, '_>>,
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<CapacityRule> {
    let given = limit.value("capacity").is_some();
    if !given {
        for key in ["x", "y", "latency"] {
            if let Some(value) = select.and_then(|select| select.value(key)) {
                faults.error(
                    "capacity-missing",
                    value.span(),
                    format!("`{key}` belongs to a limit with `capacity`"),
                    "write capacity = { at_latency = \"300ms\" }, or remove it",
                );
            }
        }
    }
    let table = limit.table("capacity", faults)?;
    table.only(limit_section().inner("capacity"), faults);
    for key in ALONE {
        if let Some(value) = limit.value(key) {
            faults.error(
                "capacity-alone",
                value.span(),
                format!("`{key}` judges one series, and `capacity` a whole sweep of load steps"),
                "write a [[limit]] of its own for it; `capacity` itself takes min, regress and drift",
            );
        }
    }
    for key in ["metric", "by"] {
        if let Some(value) = select.and_then(|select| select.value(key)) {
            faults.error(
                "capacity-alone",
                value.span(),
                format!("`{key}` names one series, and `capacity` needs all of a benchmark"),
                "name the axes: x = \"connections\", y = \"rate\", latency = \"p95\"",
            );
        }
    }
    if let Some((model, span)) = table.text("model", faults)
        && model != "usl"
    {
        faults.error(
            "unknown-word",
            span,
            format!("`model` is \"{model}\""),
            "it takes \"usl\", the universal scalability law",
        );
    }
    let mut axis = |key: &str| {
        let select = select?;
        select.text(key, faults).map(|(text, _)| text.to_owned())
    };
    let (x, y, latency) = (axis("x"), axis("y"), axis("latency"));
    let at_latency = positive(&table, "at_latency", &Unit::Nanoseconds, faults);
    let think = amount(&table, "think", &Unit::Nanoseconds, faults).map(|(value, _)| value);
    let min = positive(&table, "min", &Unit::PerSecond, faults);
    let max_errors = share(&table, "max_errors", |s| (0.0..1.0).contains(&s), faults);
    let confidence = match table.number("confidence", false, faults) {
        Some((c, span)) if !(0.5..1.0).contains(&c) => {
            faults.error(
                "out-of-range",
                span,
                format!("`confidence` = {c}"),
                "write a share such as 0.95, at least 0.5 and below 1",
            );
            None
        }
        other => other.map(|(c, _)| c),
    };
    let regress = table
        .table("regress", faults)
        .and_then(|t| coefficients(&t, "regress", faults));
    let drift = table.table("drift", faults).and_then(|t| {
        let vs = t.required("vs", "write vs = \"tag:v2.0.0\"", faults);
        let anchor = vs.and_then(|(text, span)| super::rules::anchor(text, span, today, faults));
        Some((anchor?, coefficients(&t, "drift", faults)?))
    });
    Some(CapacityRule {
        x,
        y,
        latency,
        at_latency,
        max_errors: max_errors.unwrap_or(0.01),
        confidence: confidence.unwrap_or(0.95),
        min,
        think,
        regress,
        drift,
    })
}

fn coefficients(
    table: &Table<'_, '_>,
    name: &str,
    faults: &mut Faults<'_>,
) -> Option<Coefficients> {
    table.only(limit_section().inner("capacity").inner(name), faults);
    let contention = share(table, "contention", |s| s > 0.0 && s < 1.0, faults);
    let coherency = share(table, "coherency", |s| s > 0.0 && s < 1.0, faults);
    if table.value("contention").is_none() && table.value("coherency").is_none() {
        faults.error(
            "no-rule",
            table.span.clone(),
            format!("`{name}` limits nothing"),
            format!("write {name} = {{ contention = \"+1%\" }}: at most one hundredth more"),
        );
    }
    (contention.is_some() || coherency.is_some()).then_some(Coefficients {
        contention,
        coherency,
    })
}

fn share(
    table: &Table<'_, '_>,
    key: &str,
    fits: impl Fn(f64) -> bool,
    faults: &mut Faults<'_>,
) -> Option<f64> {
    let (value, span) = table.percent(key, faults)?;
    if fits(value) {
        return Some(value);
    }
    faults.error(
        "out-of-range",
        span,
        format!("`{key}` = {}%", value * 100.0),
        format!("write a share of less than 100 %, such as {key} = \"1%\""),
    );
    None
}

/// An amount in a unit, not below zero.
fn amount(
    table: &Table<'_, '_>,
    key: &str,
    unit: &Unit,
    faults: &mut Faults<'_>,
) -> Option<(f64, Range<usize>)> {
    let (quantity, span) = table.quantity(key, faults)?;
    let wrong = if quantity.dimension != Dimension::Known(unit.clone()) {
        Some(format!("`{key}` = {} has another unit", quantity.text))
    } else if quantity.value < 0.0 {
        Some(format!("`{key}` = {} is below zero", quantity.text))
    } else {
        None
    };
    match wrong {
        None => Some((quantity.value, span)),
        Some(message) => {
            let example = match unit {
                Unit::Nanoseconds => "a time such as \"300ms\"",
                _ => "a rate such as \"1400 req/s\"",
            };
            faults.error("unit-misfit", span, message, format!("write {example}"));
            None
        }
    }
}

fn positive(table: &Table<'_, '_>, key: &str, unit: &Unit, faults: &mut Faults<'_>) -> Option<f64> {
    let (value, span) = amount(table, key, unit, faults)?;
    if value > 0.0 {
        return Some(value);
    }
    faults.error(
        "out-of-range",
        span,
        format!("`{key}` is 0"),
        "write an amount above 0",
    );
    None
}

/// Reads `scale_unit`.
pub(super) fn scale_unit(limit: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<ScaleUnit> {
    let table = limit.table("scale_unit", faults)?;
    table.only(limit_section().inner("scale_unit"), faults);
    if limit.value("capacity").is_none() {
        faults.error(
            "capacity-missing",
            table.span.clone(),
            "`scale_unit` belongs to a limit with `capacity`",
            "write capacity = { at_latency = \"300ms\" } beside it",
        );
    }
    let name = table.required("name", "write name = \"pod\"", faults);
    let mut count = |key: &str| {
        let (n, span) = table.number(key, false, faults)?;
        if n >= 1.0 && n.fract().abs() < 1e-9 {
            return Some(n);
        }
        faults.error(
            "out-of-range",
            span,
            format!("`{key}` = {n}"),
            "write a whole number of at least 1",
        );
        None
    };
    let (planned, tested) = (count("planned"), count("tested"));
    if table.value("planned").is_none() {
        faults.error(
            "key-missing",
            table.span.clone(),
            "`scale_unit` has no `planned`",
            "write planned = 24: how many there will be",
        );
    }
    let efficiency = match table.number("efficiency", false, faults) {
        Some((e, span)) if !(e > 0.0 && e <= 1.0) => {
            faults.error(
                "out-of-range",
                span,
                format!("`efficiency` = {e}"),
                "write the share that each further unit adds, above 0 and at most 1",
            );
            None
        }
        other => other.map(|(e, _)| e),
    };
    Some(ScaleUnit {
        name: name?.0.to_owned(),
        planned: planned?,
        tested: tested.unwrap_or(1.0),
        efficiency: efficiency.unwrap_or(1.0),
    })
}

/// Reads `[demand]`.
pub(super) fn demand(root: &Table<'_, '_>, today: Date, faults: &mut Faults<'_>) -> Option<Demand> {
    let table = root.table("demand", faults)?;
    table.only(BUDGET.inner("demand"), faults);
    if table.value("current").is_none() {
        faults.error(
            "key-missing",
            table.span.clone(),
            "[demand] has no `current`",
            "write current = \"1400 req/s\"",
        );
    }
    let current = positive(&table, "current", &Unit::PerSecond, faults);
    let measured = table.date("measured", faults);
    if table.value("measured").is_none() {
        faults.error(
            "key-missing",
            table.span.clone(),
            "[demand] has no `measured`",
            "write the day of that figure: measured = 2026-11-15",
        );
    }
    if let Some((date, span)) = &measured
        && *date > today
    {
        faults.error(
            "date-in-future",
            span.clone(),
            format!("{date} is yet to come"),
            "write the day on which the demand was measured",
        );
    }
    let growth = table.text("growth", faults).and_then(|(text, span)| {
        let read = growth(text);
        if read.is_none() {
            faults.error(
                "bad-growth",
                span,
                format!("`growth` is \"{text}\""),
                "write growth = \"4%/month\" (or /week, /year), not below 0",
            );
        }
        read
    });
    Some(Demand {
        current: current?,
        measured: measured?.0,
        growth: growth.unwrap_or(1.0),
    })
}

/// The factor of one day of `4%/month`.
fn growth(text: &str) -> Option<f64> {
    let (share, per) = text.split_once('/')?;
    let days = match per.trim() {
        "week" => 7.0,
        "month" => DAYS_A_MONTH,
        "year" => 12.0 * DAYS_A_MONTH,
        _ => return None,
    };
    let share = parse_percent(share)
        .ok()
        .filter(|s| (0.0..=10.0).contains(s))?;
    Some((share.ln_1p() / days).exp())
}

/// Where the first of these sections says `key = "text"`.
fn named(root: &Table<'_, '_>, section: &str, key: &str, text: &str) -> Option<Range<usize>> {
    let DeValue::Array(all) = root.value(section)?.get_ref() else {
        return None;
    };
    let says = |table: &&Spanned<DeValue<'_>>| match table.get_ref() {
        DeValue::Table(table) => table
            .get(key)
            .is_some_and(|value| value.get_ref().as_str() == Some(text)),
        _ => false,
    };
    all.iter().find(says).map(Spanned::span)
}

/// Reads every `[[milestone]]`.
pub(super) fn milestones(
    root: &Table<'_, '_>,
    limits: &[Limit],
    demand: Option<&Demand>,
    today: Date,
    faults: &mut Faults<'_>,
) -> Vec<Milestone> {
    let tables = root.tables("milestone", faults);
    let mut all: Vec<Milestone> = Vec::new();
    for table in &tables {
        let Some(own) = milestone(root, table, limits, demand, today, faults) else {
            continue;
        };
        let same = |other: &Milestone| (&other.limit, &other.name) == (&own.limit, &own.name);
        if all.iter().any(same) {
            faults.error(
                "duplicate-milestone",
                table.span.clone(),
                format!("limit `{}` has two milestones `{}`", own.limit, own.name),
                "give each a name of its own",
            );
        }
        let wanted = match own.demand {
            Wanted::Rate(rate) => rate,
            Wanted::Times(times) => times * demand.map_or(1.0, |own| own.current),
            Wanted::Grown => 1.0,
        };
        let grown = demand.map_or(1.0, |demand| demand.on(own.date));
        if !(wanted * own.safety).is_finite() || !(grown * own.safety).is_finite() {
            faults.error(
                "out-of-range",
                table.span.clone(),
                format!("what milestone `{}` asks for is no finite number", own.name),
                "write a demand and a growth that can be met",
            );
        }
        all.push(own);
    }
    for limit in limits {
        let bare = limit.capacity.as_ref().is_some_and(|rule| {
            rule.min.is_none() && rule.regress.is_none() && rule.drift.is_none()
        });
        if bare && named(root, "milestone", "limit", &limit.id).is_none() {
            faults.error(
                "asks-for-nothing",
                named(root, "limit", "id", &limit.id).unwrap_or(0..0),
                format!("`capacity` of limit `{}` asks for nothing", limit.id),
                "write min = \"1000 req/s\" in it, or a [[milestone]] for it, or regress or drift",
            );
        }
    }
    all
}

fn milestone(
    root: &Table<'_, '_>,
    table: &Table<'_, '_>,
    limits: &[Limit],
    present: Option<&Demand>,
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<Milestone> {
    table.only(BUDGET.inner("milestone"), faults);
    let limit = table.required(
        "limit",
        "write limit = \"black-friday\", the id of a limit",
        faults,
    );
    if let Some((id, span)) = &limit
        && !limits
            .iter()
            .any(|own| own.id == *id && own.capacity.is_some())
    {
        faults.error(
            "unknown-limit",
            span.clone(),
            format!("no limit `{id}` with `capacity` is in this file"),
            "name a [[limit]] that has capacity = { … }",
        );
    }
    let name = table.required("name", "write name = \"Black Friday\"", faults);
    let date = table.date("date", faults);
    if table.value("date").is_none() {
        faults.error(
            "key-missing",
            table.span.clone(),
            "[[milestone]] has no `date`",
            "write date = 2027-11-01",
        );
    }
    if let Some((day, span)) = &date
        && *day < today
    {
        faults.push(
            Severity::Warning,
            "milestone-past",
            span.clone(),
            format!("{day} has passed; what it asked for is asked for still"),
            "remove it when it no longer holds, or write the next date",
        );
    }
    let fail_from = table.date("fail_from", faults);
    if let (Some((from, span)), Some((day, _))) = (&fail_from, &date)
        && from > day
    {
        faults.error(
            "fail-after-date",
            span.clone(),
            "`fail_from` is after `date`: it would only ever warn",
            "write a day on which there is still time to act",
        );
    }
    let safety = match table.number("safety", false, faults) {
        Some((s, span)) if !(1.0..=100.0).contains(&s) => {
            faults.error(
                "out-of-range",
                span,
                format!("`safety` = {s}"),
                "write a factor of at least 1, such as 1.3",
            );
            None
        }
        other => other.map(|(s, _)| s),
    };
    let wanted = match table.text("demand", faults) {
        Some((text, span)) => Some((wanted(text, &span, faults)?, span)),
        None if table.value("demand").is_none() => Some((Wanted::Grown, table.span.clone())),
        None => None,
    };
    if let Some((Wanted::Times(_) | Wanted::Grown, span)) = &wanted
        && present.is_none()
        && root.value("demand").is_none()
    {
        faults.error(
            "demand-missing",
            span.clone(),
            "the demand is counted from [demand], which is not there",
            "write [demand] with current and measured, or demand = \"4200 req/s\" here",
        );
    }
    Some(Milestone {
        limit: limit?.0.to_owned(),
        name: name?.0.to_owned(),
        date: date?.0,
        demand: wanted?.0,
        safety: safety.unwrap_or(1.0),
        fail_from: fail_from.map(|(from, _)| from),
        at: faults.span(table.span.clone()),
    })
}

fn wanted(text: &str, span: &Range<usize>, faults: &mut Faults<'_>) -> Option<Wanted> {
    let times = text.trim().strip_suffix(['x', '×']).map(str::trim);
    let times = times.and_then(|number| number.parse::<f64>().ok());
    if let Some(times) = times {
        if times.is_finite() && times > 0.0 {
            return Some(Wanted::Times(times));
        }
    } else if let Ok(quantity) = Quantity::parse(text)
        && quantity.dimension == Dimension::Known(Unit::PerSecond)
        && quantity.value > 0.0
    {
        return Some(Wanted::Rate(quantity.value));
    }
    faults.error(
        "bad-demand",
        span.clone(),
        format!("`demand` = \"{text}\" is neither a multiple nor a rate"),
        "write demand = \"3x\", of [demand].current, or demand = \"4200 req/s\"",
    );
    None
}

/// The place of a key of `[[limit]]`, for rules that need others.
pub(super) fn is_given(limit: &Table<'_, '_>) -> bool {
    limit.value("capacity").map(Spanned::get_ref).is_some()
}

#[cfg(test)]
#[path = "capacity_tests.rs"]
mod tests;
