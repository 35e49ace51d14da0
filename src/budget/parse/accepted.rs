//! `[[accepted]]`: changes that an owner took on purpose.

use crate::budget::format::ACCEPTED;
use crate::budget::reader::{Faults, Table};
use crate::budget::{Acceptance, Limit, Rule};
use crate::diag::Severity;
use jiff::civil::Date;

/// The longest time that an acceptance may hold.
const LONGEST_DAYS: i32 = 180;

pub(super) fn read(
    table: &Table<'_, '_>,
    limits: &[Limit],
    today: Date,
    faults: &mut Faults<'_>,
) -> Option<Acceptance> {
    table.only(&ACCEPTED, faults);
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
    let rule = table.choice("rule", &Rule::ALL.map(|rule| (rule.as_str(), rule)), faults);
    if let (Some(rule), Some(value)) = (rule.filter(|rule| !rule.has_level()), table.value("rule"))
    {
        faults.error(
            "rule-without-level",
            value.span(),
            format!(
                "what load steps say cannot be accepted: `{}` has no level that a ceiling could be counted from",
                rule.as_str()
            ),
            format!(
                "remove the entry and change `{}` of the limit, for review",
                rule.as_str()
            ),
        );
    }
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
        series: table
            .text("series", faults)
            .map(|(text, _)| text.to_owned()),
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
