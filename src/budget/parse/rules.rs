//! The rules of a `[[limit]]`.

use super::super::format::{BUDGET, Section};
use crate::budget::reader::{Faults, Table};
use crate::budget::{
    Anchor, Complexity, Creep, Dimension, Drift, Growth, Guard, Minimum, Quantity, Ratchet,
    Regress, Scaling, Slice, Window, Worsening,
};
use crate::diag::Severity;
use crate::model::Direction;
use jiff::civil::Date;
use std::ops::Range;
use toml::Spanned;

pub(super) fn limit_section() -> &'static Section {
    BUDGET.inner("limit")
}

fn rule_section(name: &str) -> &'static Section {
    limit_section().inner(name)
}

/// A relative limit as the owner sees the metric: growth of a time, fall of a rate. Without a
/// direction here the series tells which, and the sign is checked against it there.
fn worsening(
    table: &Table<'_, '_>,
    key: &str,
    direction: Option<Direction>,
    faults: &mut Faults<'_>,
) -> Option<(Worsening, Range<usize>)> {
    let (fraction, span) = table.percent(key, faults)?;
    let contradicts = match direction {
        Some(Direction::Higher) => fraction > 0.0,
        Some(Direction::Lower) => fraction < 0.0,
        None => false,
    };
    if contradicts {
        let message = format!("`{key}` = {}% would limit an improvement", fraction * 100.0);
        faults.error(
            "sign-contradicts-direction",
            span,
            message,
            "growth is written +5%, and -5% where direction = \"higher\"",
        );
        return None;
    }
    if fraction <= -1.0 {
        let message = format!("`{key}` = {}% leaves nothing", fraction * 100.0);
        faults.error(
            "bad-percentage",
            span,
            message,
            "write less than 100 % of fall",
        );
        return None;
    }
    let worsening = Worsening {
        fraction: fraction.abs(),
        falls: fraction < 0.0,
    };
    Some((worsening, span))
}

pub(super) fn regress(
    table: &Table<'_, '_>,
    direction: Option<Direction>,
    faults: &mut Faults<'_>,
) -> (Option<Regress>, Option<Slice>) {
    table.only(rule_section("regress"), faults);
    let mut versus = None;
    if let Some((vs, span)) = table.text("vs", faults)
        && vs != "base"
    {
        let slice = vs.strip_prefix("tags:").and_then(|rest| {
            let (tag, value) = rest.split_once('=')?;
            let (tag, value) = (tag.trim().to_owned(), value.trim().to_owned());
            (!tag.is_empty() && !value.is_empty()).then_some(Slice { tag, value })
        });
        if slice.is_none() {
            faults.error(
                "unknown-word",
                span,
                format!("`vs` is \"{vs}\""),
                "it takes \"base\" or \"tags:NAME=VALUE\"",
            );
        }
        versus = slice;
    }
    let limit = table
        .required("limit", "write limit = \"+5%\"", faults)
        .and_then(|_| worsening(table, "limit", direction, faults));
    let warn = worsening(table, "warn", direction, faults);
    let Some((limit, _)) = limit else {
        return (None, versus);
    };
    if let Some((warn, span)) = &warn
        && warn.fraction > limit.fraction
    {
        faults.error(
            "warn-looser",
            span.clone(),
            "`warn` is looser than `limit`",
            "make it the smaller of the two",
        );
    }
    let regress = Regress {
        limit: limit.fraction,
        warn: warn.map(|(warn, _)| warn.fraction),
        falls: limit.falls,
    };
    (Some(regress), versus)
}

pub(super) fn drift(
    table: &Table<'_, '_>,
    direction: Option<Direction>,
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<Drift> {
    table.only(rule_section("drift"), faults);
    let vs = table.required("vs", "write vs = \"tag:v2.0.0\"", faults);
    let anchor = vs.and_then(|(text, span)| anchor(text, span, today, faults));
    let limit = table
        .required("limit", "write limit = \"+8%\"", faults)
        .and_then(|_| worsening(table, "limit", direction, faults));
    let until = table.date("until", faults);
    if let Some((date, span)) = &until
        && *date < today
    {
        faults.push(
            Severity::Warning,
            "anchor-due",
            span.clone(),
            format!("this anchor was due to be moved on {date}"),
            "pin a newer release in `vs` and set a new `until`; the old one is still judged",
        );
    }
    Some(Drift {
        anchor: anchor?,
        limit: limit?.0,
        until: until.map(|(date, _)| date),
    })
}

pub(super) fn anchor(
    text: &str,
    span: Range<usize>,
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<Anchor> {
    let help = "it takes \"tag:NAME\", \"commit:ID\", \"date:2026-05-01\" or \"start\"";
    let found = Anchor::parse(text);
    match &found {
        None => faults.error("unknown-word", span, format!("`vs` is \"{text}\""), help),
        Some(Anchor::Date(date)) if *date > today => faults.error(
            "anchor-in-future",
            span,
            format!("{date} is yet to come"),
            "pin a day that has been",
        ),
        Some(_) => {}
    }
    found
}

pub(super) fn creep(
    table: &Table<'_, '_>,
    direction: Option<Direction>,
    faults: &mut Faults<'_>,
) -> Option<Creep> {
    table.only(rule_section("creep"), faults);
    let window = table
        .required("window", "write window = \"90d\"", faults)
        .and_then(|(text, span)| {
            let found = window(text);
            if found.is_none() {
                faults.error(
                    "bad-window",
                    span,
                    format!("`window` is \"{text}\""),
                    "write days, weeks or commits: \"90d\", \"12w\", \"40 commits\" (at least 20)",
                );
            }
            found
        });
    let limit = table
        .required("limit", "write limit = \"+4%\"", faults)
        .and_then(|_| worsening(table, "limit", direction, faults));
    Some(Creep {
        window: window?,
        limit: limit?.0,
    })
}

fn window(text: &str) -> Option<Window> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u32 = text[..digits].parse().ok()?;
    match text[digits..].trim() {
        "d" | "day" | "days" if number >= 1 => Some(Window::Days(f64::from(number))),
        "w" | "week" | "weeks" if number >= 1 => Some(Window::Days(7.0 * f64::from(number))),
        "commits" if number >= 20 => Some(Window::Commits(number)),
        _ => None,
    }
}

/// A number that must be in a range.
fn ranged(
    table: &Table<'_, '_>,
    key: &str,
    signed: bool,
    fits: impl Fn(f64) -> bool,
    says: &str,
    faults: &mut Faults<'_>,
) -> Option<f64> {
    let (number, span) = table.number(key, signed, faults)?;
    if fits(number) {
        return Some(number);
    }
    faults.error("out-of-range", span, format!("`{key}` = {number}"), says);
    None
}

fn present(table: &Table<'_, '_>, keys: &[&str], example: &str, faults: &mut Faults<'_>) {
    for key in keys {
        if table.value(key).is_none() {
            let message = format!("{} has no `{key}`", table.name);
            faults.error("key-missing", table.span.clone(), message, example);
        }
    }
}

pub(super) fn growth(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Growth> {
    table.only(rule_section("growth"), faults);
    present(
        table,
        &["max_slope"],
        "write growth = { max_slope = 0 }",
        faults,
    );
    let says = "write 0 for a number that must not grow, 1 for one more for each";
    let max_slope = ranged(table, "max_slope", false, |x| x >= 0.0, says, faults)?;
    Some(Growth { max_slope })
}

pub(super) fn complexity(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Complexity> {
    table.only(rule_section("complexity"), faults);
    let says = "an exponent lies between 0 and 10: 1 is linear, 2 quadratic";
    let fits = |x: f64| (0.0..=10.0).contains(&x);
    let exponent = ranged(table, "exponent", false, fits, says, faults);
    let says = "write for example regress = \"+0.1\"";
    let regress = ranged(
        table,
        "regress",
        true,
        |x| x > 0.0 && x <= 10.0,
        says,
        faults,
    );
    if table.value("exponent").is_none() && table.value("regress").is_none() {
        faults.error(
            "no-rule",
            table.span.clone(),
            "`complexity` limits nothing",
            "write complexity = { exponent = 1.15 }",
        );
    }
    (exponent.is_some() || regress.is_some()).then_some(Complexity { exponent, regress })
}

pub(super) fn scaling(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Scaling> {
    table.only(rule_section("scaling"), faults);
    let example = "write scaling = { by = \"users\", from = 50, to = 500, max_ratio = 2.0 }";
    let by = table.required("by", example, faults);
    present(table, &["from", "to", "max_ratio"], example, faults);
    let positive = |x: f64| x > 0.0;
    let from = ranged(table, "from", false, positive, "sizes are above 0", faults);
    let to = ranged(table, "to", false, positive, "sizes are above 0", faults);
    let max_ratio = ranged(
        table,
        "max_ratio",
        false,
        positive,
        "a ratio is above 0",
        faults,
    );
    let (from, to) = (from?, to?);
    if from >= to {
        let span = table.value("to").map_or(0..0, Spanned::span);
        faults.error(
            "out-of-range",
            span,
            "`to` is not larger than `from`",
            "`from` is the small size, `to` the large one",
        );
        return None;
    }
    Some(Scaling {
        by: by?.0.to_owned(),
        from,
        to,
        max_ratio: max_ratio?,
    })
}

pub(super) fn guard(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Guard> {
    table.only(rule_section("guard"), faults);
    let metric = table.required("metric", "write metric = \"error_rate\"", faults);
    let max = table.quantity("max", faults);
    let min = table.quantity("min", faults);
    if table.value("max").is_none() && table.value("min").is_none() {
        faults.error(
            "no-rule",
            table.span.clone(),
            "`guard` guards nothing",
            "write guard = { metric = \"error_rate\", max = \"0.5%\" }",
        );
    }
    if let (Some((max, _)), Some((min, span))) = (&max, &min)
        && min.value > max.value
    {
        faults.error(
            "out-of-range",
            span.clone(),
            "`min` is above `max`",
            "no value can pass: make `min` the smaller of the two",
        );
    }
    Some(Guard {
        metric: metric?.0.to_owned(),
        max: max.map(|(quantity, _)| quantity),
        min: min.map(|(quantity, _)| quantity),
    })
}

pub(super) fn ratchet(
    table: &Table<'_, '_>,
    max: Option<&Quantity>,
    faults: &mut Faults<'_>,
) -> Option<Ratchet> {
    table.only(rule_section("ratchet"), faults);
    let after = table.whole("after", 5, faults).unwrap_or(10);
    let floor = table.quantity("floor", faults);
    let Some(max) = max else {
        faults.error(
            "ratchet-without-max",
            table.span.clone(),
            "`ratchet` has no `max` to tighten",
            "write a `max` beside it",
        );
        return None;
    };
    if let Some((floor, span)) = &floor
        && floor.dimension != max.dimension
        && matches!(floor.dimension, Dimension::Known(_))
    {
        faults.error(
            "unit-misfit",
            span.clone(),
            format!(
                "`floor` = {} and `max` = {} count different things",
                floor.text, max.text
            ),
            "write both in one kind of unit",
        );
    }
    Some(Ratchet {
        after: usize::try_from(after).unwrap_or(usize::MAX),
        floor: floor.map(|(quantity, _)| quantity),
    })
}

/// More points or runs than this would leave a limit learning for ever.
const MOST_EVIDENCE: u64 = 1000;

pub(super) fn minimum(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Minimum {
    table.only(limit_section().inner("min"), faults);
    let default = Minimum::default();
    let mut whole = |key: &str, least: u64| {
        let number = table.whole(key, least, faults)?;
        if key != "samples" && number > MOST_EVIDENCE {
            let span = table.value(key).map_or(0..0, Spanned::span);
            let message = format!("`{key}` = {number} is more than anybody records");
            faults.error(
                "never-reached",
                span,
                message,
                format!("ask for at most {MOST_EVIDENCE}"),
            );
        }
        Some(number)
    };
    Minimum {
        points: whole("points", 2)
            .map_or(default.points, |n| usize::try_from(n).unwrap_or(usize::MAX)),
        runs: whole("runs", 1).map_or(default.runs, |n| usize::try_from(n).unwrap_or(usize::MAX)),
        samples: whole("samples", 1).unwrap_or(default.samples),
    }
}
