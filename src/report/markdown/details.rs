//! What stands below the rows that matter: why, what is wrong with budgets, and what is folded.

use super::escape::{self, code, prose};
use super::table::{self, Row, severity, short};
use super::{Extras, ROWS, Room, chart};
use crate::budget::says_loosened;
use crate::report::document::Part;
use std::collections::{BTreeMap, BTreeSet};

/// So many notes are told, and so many loosened limits.
const NOTES: usize = 10;
const LOOSENED: usize = 8;

/// Things that moved with one over, at the most.
const CAUSES: usize = 3;
/// Charts at the most.
const CHARTS: usize = 2;

/// A sentence, whom it is about, and what moved with them.
struct Told {
    why: String,
    names: Vec<String>,
    causes: Vec<String>,
}

pub(super) fn sentences(rows: &[Row<'_>]) -> String {
    let mut told: Vec<Told> = Vec::new();
    let mut explained = BTreeSet::new();
    for row in rows
        .iter()
        .filter(|row| !row.limit.why.is_empty())
        .take(ROWS)
    {
        let whose = match row.limit.verdict.as_str() {
            "over" if row.is_of_sweep() => "",
            "over" if row.check.base.is_some() => "this change, ",
            _ => "",
        };
        // What was measured is a merge of this change: its name tells nobody anything.
        let own = format!("brought by {}, ", short(&row.check.commit));
        let why = match row.limit.why.strip_prefix(&own) {
            Some(rest) if !whose.is_empty() => rest,
            _ => &row.limit.why,
        };
        let why = format!("{whose}{}", prose(why));
        let name = format!("**{}**{}", code(&row.name()), row.rule());
        // Several rules on one series have the same causes.
        let first = explained.insert(row.name());
        let causes = row.limit.causes.iter();
        let causes = causes.filter(|cause| first && !cause.why.is_empty());
        let causes = causes.take(CAUSES).map(|cause| prose(&cause.why));
        let causes: Vec<String> = causes.collect();
        // One sentence that fits several is said once.
        match told.iter_mut().find(|known| known.why == why) {
            Some(known) => {
                known.names.push(name);
                known.causes.extend(causes);
            }
            None => told.push(Told {
                why,
                names: vec![name],
                causes,
            }),
        }
    }
    let mut out = String::new();
    for one in told {
        out.push_str(&format!("- {}: {}.\n", one.names.join(", "), one.why));
        for cause in one.causes {
            out.push_str(&format!("  - moved too: {cause}\n"));
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

/// What the change takes from its own budgets: a reviewer sees it first.
pub(super) fn loosened(parts: &[Part], extras: &Extras) -> String {
    let all: Vec<&String> = told_notes(parts, extras)
        .into_iter()
        .filter(|note| says_loosened(note))
        .collect();
    let mut out = String::new();
    for note in all.iter().take(LOOSENED) {
        out.push_str(&format!("\n> ⚠️ {}\n", prose(note)));
    }
    if all.len() > LOOSENED {
        out.push_str(&format!("\n> and {} more\n", all.len() - LOOSENED));
    }
    out
}

pub(super) fn notes(parts: &[Part], extras: &Extras) -> String {
    let mut all = told_notes(parts, extras);
    all.retain(|note| !says_loosened(note));
    let shown = all.iter().take(NOTES);
    shown.map(|note| format!("\n> {}\n", prose(note))).collect()
}

/// Every note once.
fn told_notes<'a>(parts: &'a [Part], extras: &'a Extras) -> Vec<&'a String> {
    let checks = parts.iter().filter_map(|part| part.check.as_ref().ok());
    let mut seen = BTreeSet::new();
    let all = extras.notes.iter().chain(checks.flat_map(|c| &c.notes));
    all.filter(|note| !note.trim().is_empty() && seen.insert(*note))
        .collect()
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
                None if row.is_of_sweep() => "by the 95 % bounds of its capacity".to_owned(),
                None => "no test: exact".to_owned(),
            };
            format!("- {}: {}, {}\n", code(&row.name()), row.basis(), prose(&p))
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
