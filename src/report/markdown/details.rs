//! What stands below the rows that matter: why, what is wrong with budgets, next steps, and what is
//! folded.

use super::escape::{self, code, prose};
use super::table::{self, Row, severity, short};
use super::{Extras, ROWS, Room, chart};
use crate::budget::Rule;
use crate::report::document::{Part, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// Things that moved with one over, at the most.
const CAUSES: usize = 3;
/// Charts at the most.
const CHARTS: usize = 2;

pub(super) fn sentences(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    let mut told = BTreeSet::new();
    for row in rows
        .iter()
        .filter(|row| !row.limit.why.is_empty())
        .take(ROWS)
    {
        let whose = match row.limit.verdict.as_str() {
            "over" if row.check.base.is_some() => "this change, ",
            _ => "",
        };
        out.push_str(&format!(
            "- **{}**{}: {whose}{}.\n",
            code(&row.name()),
            row.rule(),
            prose(&row.limit.why)
        ));
        // Several rules on one series have the same causes.
        let first = told.insert(row.name());
        let causes = &row.limit.causes;
        let causes = causes.iter().filter(|cause| first && !cause.why.is_empty());
        for cause in causes.take(CAUSES) {
            out.push_str(&format!("  - moved too: {}\n", prose(&cause.why)));
        }
    }
    if !out.is_empty() {
        out.insert(0, '\n');
    }
    out
}

pub(super) fn unreadable(parts: &[Part]) -> Vec<String> {
    let bad = parts.iter().filter_map(|part| {
        let fault = part.check.as_ref().err()?;
        Some(format!(
            "\n⚠️ **{} gave no verdict**: {}.\n",
            code(&part.name),
            prose(fault)
        ))
    });
    bad.take(20).collect()
}

pub(super) fn findings(parts: &[Part]) -> String {
    let mut out = String::new();
    let checks = || parts.iter().filter_map(|part| part.check.as_ref().ok());
    let mut told = BTreeSet::new();
    for finding in checks().flat_map(|check| &check.findings) {
        if !told.insert((&finding.code, &finding.message)) || told.len() > ROWS {
            continue;
        }
        let place = finding
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!(" {}", code(place)));
        out.push_str(&format!(
            "\n⚠️ {}{place}: {}. {}.\n",
            code(&finding.code),
            prose(&finding.message),
            prose(&finding.help)
        ));
    }
    out
}

pub(super) fn notes(parts: &[Part], extras: &Extras) -> String {
    let checks = || parts.iter().filter_map(|part| part.check.as_ref().ok());
    let mut told = BTreeSet::new();
    let mut out = String::new();
    for note in extras
        .notes
        .iter()
        .chain(checks().flat_map(|check| &check.notes))
    {
        if !note.trim().is_empty() && told.insert(note) && told.len() <= 10 {
            out.push_str(&format!("\n> {}\n", prose(note)));
        }
    }
    out
}

pub(super) fn next_steps(
    parts: &[Part],
    rows: &[Row<'_>],
    tally: &Tally,
    extras: &Extras,
) -> String {
    let mut steps = Vec::new();
    let first = parts.iter().find_map(|part| part.check.as_ref().ok());
    if let (Some(check), true) = (first, tally.over > 0) {
        if let Some(row) = rows.first() {
            let name = format!("{}/{}", row.limit.feature, row.limit.limit);
            steps.push(format!(
                "Who spent it: {}",
                code(&format!("plimsoll log {}", quoted(&name)))
            ));
        }
        let has_level = |row: &Row<'_>| {
            let rule = row.limit.rule.as_deref();
            let known = Rule::ALL.into_iter().find(|own| Some(own.as_str()) == rule);
            row.limit.verdict == "over" && known.is_some_and(Rule::has_level)
        };
        if rows.iter().any(has_level) {
            steps.push(format!(
                "Accept on purpose: `plimsoll accept {} --reason \"…\"`",
                short(&check.commit)
            ));
        }
        if let Some(base) = &check.base {
            steps.push(format!(
                "Reproduce: `plimsoll compare {} -- YOUR-BENCHMARK`",
                short(&base.commit)
            ));
        }
    }
    let mut link = |words: &str, address: &Option<String>| {
        if let Some(url) = address.as_deref().and_then(escape::url) {
            steps.push(format!("[{words}]({url})"));
        }
    };
    link("full report", &extras.report_url);
    link("log of this run", &extras.run_url);
    if steps.is_empty() {
        return String::new();
    }
    format!("\n{}\n", steps.join(" · "))
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Tighter limits with their patch, folded.
pub(super) fn ratchet(parts: &[Part]) -> String {
    let checks = || parts.iter().filter_map(|part| part.check.as_ref().ok());
    let mut out = String::new();
    let mut told = BTreeSet::new();
    for proposed in checks().map(|check| &check.ratchet) {
        if proposed.proposals.is_empty() || !told.insert(&proposed.patch) {
            continue;
        }
        let n = proposed.proposals.len();
        out.push_str(&format!(
            "\n<details><summary>{n} limit{} can be tighter</summary>\n\n",
            if n == 1 { "" } else { "s" }
        ));
        for proposal in proposed.proposals.iter().take(ROWS) {
            out.push_str(&format!("- {}\n", prose(&proposal.why)));
        }
        out.push_str(&format!(
            "\n{}\nTake them over: `plimsoll check --ratchet | git apply`\n\n</details>\n",
            escape::block("diff", &proposed.patch)
        ));
    }
    out
}

pub(super) fn charts(rows: &[Row<'_>]) -> Vec<String> {
    let wanted = rows
        .iter()
        .filter(|row| matches!(severity(row.limit), 0 | 2..=4));
    let drawn = wanted.filter_map(|row| Some((row, chart::mermaid(row)?)));
    let mut seen = BTreeSet::new();
    drawn
        .filter(|(row, _)| seen.insert(row.name()))
        .take(CHARTS)
        .map(|(row, chart)| {
            format!(
                "\n<details><summary>Chart: {}</summary>\n\n{chart}\n</details>\n",
                escape::summary(&row.name())
            )
        })
        .collect()
}

pub(super) fn how(parts: &[Part], rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let paired = parts
        .iter()
        .filter_map(|part| part.check.as_ref().ok())
        .any(|check| check.mode == "paired");
    let mut out = String::from("\n<details><summary>How this was decided</summary>\n\n");
    out.push_str(if paired {
        "Base and head were measured in turns on one machine, and the differences of the pairs were judged.\n"
    } else {
        "Each series was judged against the noise between runs of its own history.\n"
    });
    out.push_str(
        "**Over** and **within** are both proven at 95 %, over after control over all series of this \
         check. Where neither is proven the answer is *unproven*, with what would decide; what was \
         expected and not measured is *missing*. Neither is green.\n",
    );
    let proofs: Vec<String> = rows
        .iter()
        .filter(|row| row.limit.verdict == "over")
        .take(ROWS)
        .map(|row| {
            let p = match row.limit.p_adjusted {
                Some(p) if p < 0.001 => "p < 0.001".to_owned(),
                Some(p) => format!("p = {p:.3}"),
                None => "no test: exact".to_owned(),
            };
            format!(
                "- {}: {} runs on {} base points, {}\n",
                code(&row.name()),
                row.limit.runs,
                row.limit.points,
                prose(&p)
            )
        })
        .collect();
    if !proofs.is_empty() {
        out.push('\n');
        out.extend(proofs);
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for check in parts.iter().filter_map(|part| part.check.as_ref().ok()) {
        for (reason, n) in &check.census.reasons {
            *reasons.entry(reason).or_default() += n;
        }
    }
    if !reasons.is_empty() {
        let told: Vec<String> = reasons
            .iter()
            .take(30)
            .map(|(reason, n)| format!("{n} {}", prose(reason)))
            .collect();
        out.push_str(&format!("\nNot judged: {}.\n", told.join(", ")));
    }
    out.push_str("\n</details>\n");
    out
}

/// All other rows, as many as fit in a few steps; rows are left out from the end.
pub(super) fn folded(rows: &[Row<'_>], shown: usize, room: Room, before: &str) -> String {
    let rest = &rows[shown..];
    if rest.is_empty() {
        return String::new();
    }
    for most in [rest.len(), 1000, 300, 100, 30] {
        if most > rest.len() {
            continue;
        }
        let mut block = format!(
            "\n<details><summary>{} other limit{}</summary>\n\n{}",
            rest.len(),
            if rest.len() == 1 { "" } else { "s" },
            table::EVIDENCE
        );
        block.extend(rest.iter().take(most).map(Row::evidence));
        if most < rest.len() {
            block.push_str(&format!(
                "\n{} more are in the report and in the log of this run.\n",
                rest.len() - most
            ));
        }
        block.push_str("\n</details>\n");
        if room.holds(&block) && room.holds_both(before, &block) {
            return block;
        }
    }
    format!(
        "\n{} other limits are in the report and in the log of this run.\n",
        rest.len()
    )
}
