//! `[[limit]]`: a selection of series and its rules.

use super::{capacity, pattern, rules};
use crate::budget::reader::{Faults, Table};
use crate::budget::{Consequence, Dimension, Kind, Limit, Minimum, Pattern, Selector};
use crate::model::Direction;
use jiff::civil::Date;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;

/// Keys that judge something: one of them must be there.
const JUDGING: &[&str] = &[
    "max",
    "regress",
    "drift",
    "creep",
    "growth",
    "complexity",
    "scaling",
    "capacity",
];

pub(super) fn read(table: &Table<'_, '_>, today: Date, faults: &mut Faults<'_>) -> Option<Limit> {
    table.only(rules::limit_section(), faults);
    let id = table.required("id", "write id = \"p99-peak\"", faults);
    let kind = table.choice(
        "kind",
        &[("symptom", Kind::Symptom), ("cause", Kind::Cause)],
        faults,
    );
    let direction = table.choice(
        "direction",
        &[("lower", Direction::Lower), ("higher", Direction::Higher)],
        faults,
    );
    let select = table.table("select", faults);
    if table.value("select").is_none() {
        faults.error(
            "key-missing",
            table.span.clone(),
            "[[limit]] has no `select`",
            "write select = { benchmark = \"…\" }",
        );
    }
    let max = table.quantity("max", faults);
    if let Some((quantity, span)) = &max
        && matches!(quantity.dimension, Dimension::Known(_))
        && quantity.value < 0.0
    {
        let message = format!("`max` = {} is below zero", quantity.text);
        faults.error(
            "negative-limit",
            span.clone(),
            message,
            "write the greatest value that is allowed",
        );
    }
    let (regress, versus) = table
        .table("regress", faults)
        .map_or((None, None), |t| rules::regress(&t, direction, faults));
    let drift = table
        .table("drift", faults)
        .and_then(|t| rules::drift(&t, direction, today, faults));
    let creep = table
        .table("creep", faults)
        .and_then(|t| rules::creep(&t, direction, faults));
    let growth = table
        .table("growth", faults)
        .and_then(|t| rules::growth(&t, faults));
    let complexity = table
        .table("complexity", faults)
        .and_then(|t| rules::complexity(&t, faults));
    let scaling = table
        .table("scaling", faults)
        .and_then(|t| rules::scaling(&t, faults));
    let guard = table
        .table("guard", faults)
        .and_then(|t| rules::guard(&t, faults));
    let ratchet = table
        .table("ratchet", faults)
        .and_then(|t| rules::ratchet(&t, max.as_ref().map(|(max, _)| max), faults));
    let slices = table
        .texts("slices", faults)
        .into_iter()
        .map(|(text, _)| text.to_owned())
        .collect();
    let min = table
        .table("min", faults)
        .map_or(Minimum::default(), |t| rules::minimum(&t, faults));
    let deterministic = table.flag("deterministic", faults).unwrap_or(false);
    let consequence = [("warn", Consequence::Warn), ("fail", Consequence::Fail)];
    let unproven = table
        .choice("unproven", &consequence, faults)
        .unwrap_or(Consequence::Warn);
    let missing = table
        .choice("missing", &consequence, faults)
        .unwrap_or(Consequence::Fail);
    if kind == Some(Kind::Cause) {
        for key in ["unproven", "missing"] {
            cause_that_fails(table, key, faults);
        }
    }
    let capacity = capacity::rule(table, select.as_ref(), today, faults);
    let scale_unit = capacity::scale_unit(table, faults);
    if JUDGING.iter().all(|rule| table.value(rule).is_none()) {
        faults.error(
            "no-rule",
            table.span.clone(),
            "[[limit]] limits nothing",
            "write max = \"250ms\" or regress = { limit = \"+5%\" }",
        );
    }
    sizes(table, select.as_ref(), deterministic, faults);
    let select = select?;
    let mut selector = read_selector(&select, faults);
    if let Some(selector) = selector.as_mut().filter(|_| capacity::is_given(table)) {
        // A sweep is made of everything that was measured at its steps.
        selector.metric = Pattern::new("*").ok();
    }
    let select_at = faults.span(select.span.clone());
    let max_at = max.as_ref().map(|(_, span)| faults.span(span.clone()));
    let places = table
        .keys()
        .chain(select.keys())
        .map(|(key, value)| (key.to_owned(), faults.span(value.span())))
        .collect();
    Some(Limit {
        id: id?.0.to_owned(),
        kind: kind.unwrap_or_default(),
        select: selector?,
        select_at,
        direction,
        max: max.map(|(quantity, _)| quantity),
        max_at,
        regress,
        versus,
        drift,
        creep,
        by: by(&select),
        growth,
        complexity,
        scaling,
        slices,
        guard,
        ratchet,
        capacity,
        scale_unit,
        places,
        min,
        deterministic,
        unproven,
        missing,
    })
}

/// A cause explains or warns: where it is written to fail, somebody expects a red that never comes.
fn cause_that_fails(table: &Table<'_, '_>, key: &str, faults: &mut Faults<'_>) {
    let Some(value) = table.value(key) else {
        return;
    };
    if matches!(value.get_ref(), DeValue::String(text) if text == "fail") {
        faults.error(
            "cause-cannot-fail",
            value.span(),
            format!("`{key}` is \"fail\", and a cause fails nothing"),
            format!("remove `{key}`, or write kind = \"symptom\""),
        );
    }
}

fn read_selector(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Selector> {
    table.only(rules::limit_section().inner("select"), faults);
    let benchmark = table.required(
        "benchmark",
        "write benchmark = \"POST /checkout\", or \"*\" for all",
        faults,
    );
    let mut optional = |key: &str| {
        let (text, span) = table.text(key, faults)?;
        pattern(text, span, faults)
    };
    let (metric, env) = (optional("metric"), optional("env"));
    percentile(table, faults);
    let mut tags = BTreeMap::new();
    if let Some(wanted) = table.table("tags", faults) {
        for (name, value) in wanted.keys() {
            if let DeValue::String(text) = value.get_ref() {
                if let Some(pattern) = pattern(text, value.span(), faults) {
                    tags.insert(name.to_owned(), pattern);
                }
            } else {
                faults.error(
                    "wrong-type",
                    value.span(),
                    format!("tag `{name}` is not text"),
                    format!("write {name} = \"…\""),
                );
            }
        }
    }
    let (benchmark, span) = benchmark?;
    Some(Selector {
        benchmark: pattern(benchmark, span, faults)?,
        metric,
        tags,
        env,
    })
}

fn by(select: &Table<'_, '_>) -> Option<String> {
    match select.value("by").map(Spanned::get_ref) {
        Some(DeValue::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// Rules over sizes need the tag that holds the size, and an exact one an exact counter.
fn sizes(
    table: &Table<'_, '_>,
    select: Option<&Table<'_, '_>>,
    deterministic: bool,
    faults: &mut Faults<'_>,
) {
    let at = |key: &str| table.value(key).map(Spanned::span);
    let by = select
        .and_then(|select| select.text("by", faults))
        .is_some();
    for rule in ["growth", "complexity"] {
        if let Some(span) = at(rule).filter(|_| !by) {
            faults.error(
                "by-missing",
                span,
                format!("`{rule}` needs to know which tag holds the size"),
                "write select = { …, by = \"rows\" }",
            );
        }
    }
    if let Some(span) = at("growth").filter(|_| !deterministic) {
        faults.error(
            "growth-of-what-varies",
            span,
            "`growth` is exact, and this limit is not deterministic",
            "write deterministic = true for a counter, or use `complexity` for a time",
        );
    }
}

/// A percentile lies between 0 and 100.
fn percentile(table: &Table<'_, '_>, faults: &mut Faults<'_>) {
    let Some(value) = table.value("metric") else {
        return;
    };
    let DeValue::String(text) = value.get_ref() else {
        return;
    };
    let wanted = text
        .rsplit_once(".p")
        .and_then(|(_, digits)| digits.parse::<f64>().ok());
    if let Some(percentile) = wanted.filter(|p| !(*p > 0.0 && *p < 100.0)) {
        faults.error(
            "bad-percentile",
            value.span(),
            format!("there is no percentile {percentile}"),
            "a percentile lies between 0 and 100, both left out; the largest value is `latency.max`",
        );
    }
}
