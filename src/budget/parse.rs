//! From the text of a budget file to [`Budget`].

use super::reader::{Faults, Table};
use super::{
    Acceptance, Budget, Consequence, Dimension, Kind, Limit, Minimum, Pattern, Regress, Rule,
    Selector,
};
use crate::diag::{Diagnostic, Severity, SourceSpan};
use crate::model::Direction;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const LATER_LIMIT: &[&str] = &[
    "drift",
    "creep",
    "growth",
    "complexity",
    "scaling",
    "slices",
    "guard",
    "ratchet",
    "capacity",
    "scale_unit",
];

/// Reads every `*.toml` of a folder, in name order.
///
/// The findings hold every fault of every file; with an error among them nothing may be judged.
///
/// # Errors
/// Where the folder or a file in it cannot be read.
pub fn load_folder(folder: &Path, today: Date) -> std::io::Result<(Vec<Budget>, Vec<Diagnostic>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.sort();
    let mut budgets: Vec<Budget> = Vec::new();
    let mut findings = Vec::new();
    let mut features: HashMap<String, PathBuf> = HashMap::new();
    for file in files {
        let bytes = std::fs::read(&file)?;
        let text = String::from_utf8_lossy(&bytes);
        let (budget, mut faults) = parse(&file, &text, today);
        if let Some(budget) = budget {
            if let Some(first) = features.insert(budget.feature.clone(), file.clone()) {
                faults.push(Diagnostic {
                    severity: Severity::Error,
                    code: "duplicate-feature",
                    message: format!(
                        "feature `{}` is also budgeted in {}",
                        budget.feature,
                        first.display()
                    ),
                    help: "rename one, or move its limits into one file".to_owned(),
                    source: Some(SourceSpan::new(file.clone(), &text, 0..0)),
                });
            }
            budgets.push(budget);
        }
        findings.extend(faults);
    }
    Ok((budgets, findings))
}

/// Reads one budget file. The budget is there only where no fault makes it wrong.
#[must_use]
pub fn parse(file: &Path, text: &str, today: Date) -> (Option<Budget>, Vec<Diagnostic>) {
    let mut faults = Faults {
        file,
        text,
        found: Vec::new(),
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        faults.error(
            "not-toml",
            span,
            error.message().to_owned(),
            "mend the syntax (TOML 1.0)",
        );
    }
    let budget = read_file(&Table::root(root.get_ref()), today, &mut faults);
    let sound = faults
        .found
        .iter()
        .all(|finding| finding.severity != Severity::Error);
    (budget.filter(|_| sound), faults.found)
}

fn read_file(root: &Table<'_, '_>, today: Date, faults: &mut Faults<'_>) -> Option<Budget> {
    root.only(
        &["schema", "feature", "limit", "accepted"],
        &["milestone", "demand"],
        faults,
    );
    if let Some(value) = root.value("schema") {
        if root
            .whole("schema", 1, faults)
            .is_some_and(|version| version > 1)
        {
            faults.error(
                "newer-schema",
                value.span(),
                "this file is of a newer schema",
                "upgrade plimsoll, or write schema = 1",
            );
        }
    } else {
        faults.error(
            "key-missing",
            0..0,
            "the file has no `schema`",
            "write schema = 1 as its first line",
        );
    }
    let feature = root.table("feature", faults);
    if feature.is_none() && root.value("feature").is_none() {
        faults.error(
            "key-missing",
            0..0,
            "the file has no [feature]",
            "write [feature] with name and owner",
        );
    }
    let limits = read_limits(root, faults);
    let accepted: Vec<_> = root
        .tables("accepted", faults)
        .iter()
        .filter_map(|table| read_acceptance(table, &limits, today, faults))
        .collect();
    let feature = feature?;
    feature.only(&["name", "owner", "journey", "paths"], &[], faults);
    let name = feature.required("name", "write name = \"checkout\"", faults);
    let owner = feature.required(
        "owner",
        "write owner = \"@team\": somebody must answer for it",
        faults,
    );
    let journey = feature
        .text("journey", faults)
        .map(|(text, _)| text.to_owned());
    let paths = feature
        .texts("paths", faults)
        .into_iter()
        .filter_map(|(text, span)| pattern(text, span, faults))
        .collect();
    Some(Budget {
        file: faults.file.to_owned(),
        feature: name?.0.to_owned(),
        owner: owner?.0.to_owned(),
        journey,
        paths,
        limits,
        accepted,
    })
}

fn read_limits(root: &Table<'_, '_>, faults: &mut Faults<'_>) -> Vec<Limit> {
    let tables = root.tables("limit", faults);
    if tables.is_empty() && root.value("limit").is_none() {
        faults.error(
            "no-limit",
            0..0,
            "the file has no [[limit]]",
            "write at least one [[limit]] with id, select and max or regress",
        );
    }
    let mut limits: Vec<Limit> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    for table in &tables {
        if let Some(DeValue::String(id)) = table.value("id").map(Spanned::get_ref) {
            if ids.contains(&id.as_ref()) {
                let span = table.value("id").map_or(0..0, Spanned::span);
                faults.error(
                    "duplicate-id",
                    span,
                    format!("limit `{id}` is there twice"),
                    "give each limit an id of its own",
                );
            }
            ids.push(id.as_ref());
        }
        limits.extend(read_limit(table, faults));
    }
    limits
}

fn read_limit(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Limit> {
    table.only(
        &[
            "id",
            "kind",
            "select",
            "direction",
            "max",
            "regress",
            "min",
            "deterministic",
            "unproven",
            "missing",
        ],
        LATER_LIMIT,
        faults,
    );
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
    let regress = table
        .table("regress", faults)
        .and_then(|t| read_regress(&t, direction, faults));
    let min = table
        .table("min", faults)
        .map_or(Minimum::default(), |t| read_minimum(&t, faults));
    let deterministic = table.flag("deterministic", faults).unwrap_or(false);
    let consequence = [("warn", Consequence::Warn), ("fail", Consequence::Fail)];
    let unproven = table
        .choice("unproven", &consequence, faults)
        .unwrap_or(Consequence::Warn);
    let missing = table
        .choice("missing", &consequence, faults)
        .unwrap_or(Consequence::Fail);
    if table.value("max").is_none() && table.value("regress").is_none() {
        faults.error(
            "no-rule",
            table.span.clone(),
            "[[limit]] limits nothing",
            "write max = \"250ms\" or regress = { limit = \"+5%\" }",
        );
    }
    let select = select?;
    let select_at = faults.span(select.span.clone());
    let max_at = max.as_ref().map(|(_, span)| faults.span(span.clone()));
    Some(Limit {
        id: id?.0.to_owned(),
        kind: kind.unwrap_or_default(),
        select: read_selector(&select, faults)?,
        select_at,
        direction,
        max: max.map(|(quantity, _)| quantity),
        max_at,
        regress,
        min,
        deterministic,
        unproven,
        missing,
    })
}

fn read_selector(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Selector> {
    table.only(
        &["benchmark", "metric", "tags", "env"],
        &["by", "x", "y", "latency"],
        faults,
    );
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

pub(super) fn pattern(
    text: &str,
    span: std::ops::Range<usize>,
    faults: &mut Faults<'_>,
) -> Option<Pattern> {
    match Pattern::new(text) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            faults.error(
                "bad-pattern",
                span,
                reason,
                "escape a bracket with a backslash, or close it",
            );
            None
        }
    }
}

fn read_regress(
    table: &Table<'_, '_>,
    direction: Option<Direction>,
    faults: &mut Faults<'_>,
) -> Option<Regress> {
    table.only(&["vs", "limit", "warn"], &[], faults);
    if let Some((vs, span)) = table.text("vs", faults)
        && vs != "base"
    {
        let message = format!("vs = \"{vs}\" is not judged by this version of plimsoll");
        faults.error("rule-not-yet", span, message, "write vs = \"base\"");
    }
    table.required("limit", "write limit = \"+5%\"", faults)?;
    let mut worsening = |key: &str| {
        let (fraction, span) = table.percent(key, faults)?;
        // Written as the owner sees the metric: growth of a time, fall of a rate. Without a
        // direction here, the series tells which, and the sign is checked against it there.
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
        let signed = fraction;
        Some((signed, span))
    };
    let (limit, warn) = (worsening("limit"), worsening("warn"));
    let (limit, _) = limit?;
    if let Some((warn, span)) = &warn
        && warn.abs() > limit.abs()
    {
        faults.error(
            "warn-looser",
            span.clone(),
            "`warn` is looser than `limit`",
            "make it the smaller of the two",
        );
    }
    Some(Regress {
        limit: limit.abs(),
        warn: warn.map(|(warn, _)| warn.abs()),
        falls: limit < 0.0,
    })
}

/// More points or runs than this would leave a limit learning for ever.
const MOST_EVIDENCE: u64 = 1000;

fn read_minimum(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Minimum {
    table.only(&["points", "runs", "samples"], &[], faults);
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

/// The longest time that an acceptance may hold.
const LONGEST_DAYS: i32 = 180;

fn read_acceptance(
    table: &Table<'_, '_>,
    limits: &[Limit],
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<Acceptance> {
    table.only(
        &[
            "id",
            "limit",
            "rule",
            "commit",
            "level_before",
            "ceiling",
            "reason",
            "issue",
            "by",
            "created",
            "expires",
        ],
        &[],
        faults,
    );
    let id = table.required("id", "write id = \"a-7f3c\"", faults);
    let limit = table.required("limit", "write the id of the limit it is about", faults);
    if let Some((name, span)) = &limit
        && !limits.iter().any(|limit| limit.id == *name)
    {
        faults.error(
            "unknown-limit",
            span.clone(),
            format!("there is no limit `{name}` in this file"),
            "write the id of one of its [[limit]] tables",
        );
    }
    let rule = table.choice(
        "rule",
        &[("max", Rule::Max), ("regress", Rule::Regress)],
        faults,
    );
    let reason = table.required("reason", "say why: the next reader has only this", faults);
    let by = table.required("by", "write by = \"@name\"", faults);
    let mut needed = |key: &str, help: &str| {
        if table.value(key).is_none() {
            faults.error(
                "key-missing",
                table.span.clone(),
                format!("[[accepted]] has no `{key}`"),
                help,
            );
        }
    };
    needed(
        "level_before",
        "write the level before the change, such as \"102 ms\"",
    );
    needed(
        "ceiling",
        "write ceiling = \"+9%\": an acceptance is no blank cheque",
    );
    needed("expires", "write an end date at most 180 days ahead");
    let level_before = table.quantity("level_before", faults);
    let ceiling = table.percent("ceiling", faults);
    let created = table.date("created", faults);
    let expires = table.date("expires", faults);
    if let Some((date, span)) = &expires {
        let days = today.until(*date).map_or(0, |until| until.get_days());
        if days > LONGEST_DAYS {
            faults.error(
                "expires-too-late",
                span.clone(),
                format!("`expires` is {days} days ahead"),
                "an acceptance ends within 180 days: renew it then, or change the limit",
            );
        } else if days < 0 {
            faults.push(
                Severity::Warning,
                "acceptance-expired",
                span.clone(),
                "this acceptance has expired",
                "remove it, or renew it with a new end date",
            );
        }
    }
    let at = faults.span(table.span.clone());
    Some(Acceptance {
        id: id?.0.to_owned(),
        limit: limit?.0.to_owned(),
        rule,
        commit: table
            .text("commit", faults)
            .map(|(text, _)| text.to_owned()),
        level_before: level_before?.0,
        ceiling: ceiling?.0.abs(),
        reason: reason?.0.to_owned(),
        issue: table.text("issue", faults).map(|(text, _)| text.to_owned()),
        by: by?.0.to_owned(),
        created: created.map(|(date, _)| date),
        expires: expires?.0,
        at,
    })
}

#[cfg(test)]
mod tests;
