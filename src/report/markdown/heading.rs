//! What a reader sees first: the verdict, what was compared, in numbers, and who is asked.

use super::escape::{code, prose};
use super::table::{Row, short};
use super::{Extras, ROWS, limit_key};
use crate::report::document::{CheckDocument, Part, Tally};
use crate::report::text;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn verdict_words(
    tally: &Tally,
    rows: &[Row<'_>],
    resolved: Option<&str>,
) -> (&'static str, String) {
    let total = tally.limits;
    let not = tally.missing + tally.unreadable;
    let better = if tally.improved > 0 {
        format!(", {} better", tally.improved)
    } else {
        String::new()
    };
    if tally.over > 0 {
        return ("❌", format!("{} of {total} exceeded", tally.over));
    }
    if tally.exit == 1 {
        return (
            "❌",
            format!(
                "{} of {} not proven, and proof is asked for",
                tally.unproven + tally.left_out,
                total + tally.left_out
            ),
        );
    }
    let left = match tally.left_out {
        0 => String::new(),
        1 => ", 1 rule not judged by pairs".to_owned(),
        n => format!(", {n} rules not judged by pairs"),
    };
    if total == 0 && tally.exit == 0 {
        return ("➖", format!("nothing judged{left}"));
    }
    if tally.exit == 2 || tally.unreadable > 0 {
        let words = if total == 0 {
            "nothing could be judged".to_owned()
        } else if not == 0 {
            "not everything could be judged".to_owned()
        } else {
            format!("{not} of {total} could not be judged")
        };
        return ("⚠️", words);
    }
    let warns = rows
        .iter()
        .filter(|row| row.limit.verdict == "over" && !row.limit.fails())
        .count();
    if warns > 0 {
        let words = format!("{warns} of {total} over, which only warns{better}{left}");
        return ("⚠️", words);
    }
    if tally.unproven > 0 {
        let suspects = rows
            .iter()
            .filter(|row| row.limit.reason.as_deref() == Some("suspect"))
            .count();
        let words = if suspects > 0 {
            format!("{suspects} of {total} may be over, not proven{better}")
        } else {
            format!(
                "none proven over, {} of {total} not proven{better}{left}",
                tally.unproven
            )
        };
        return ("❔", words);
    }
    if tally.missing > 0 {
        let words = format!("{} of {total} not measured{better}{left}", tally.missing);
        return ("❔", words);
    }
    if let Some(commit) = resolved {
        return (
            "✅",
            format!("within again, resolved in {commit}{better}{left}"),
        );
    }
    if tally.learning == total && total > 0 {
        return (
            "➖",
            format!("learning, {total} of {total} need more history"),
        );
    }
    let learning = if tally.learning > 0 {
        format!(", {} still learning", tally.learning)
    } else {
        String::new()
    };
    let kept = if tally.inherited + tally.accepted > 0 {
        format!(
            ", {} over before or accepted",
            tally.inherited + tally.accepted
        )
    } else {
        String::new()
    };
    let judged = total - tally.learning;
    if judged == tally.within && tally.left_out > 0 {
        ("❔", format!("{judged} within{better}{learning}{left}"))
    } else if judged == tally.within {
        ("✅", format!("all {judged} within{better}{learning}{left}"))
    } else {
        (
            "✅",
            format!("nothing new over{kept}{better}{learning}{left}"),
        )
    }
}

pub(super) fn heading(parts: &[Part], tally: &Tally, rows: &[Row<'_>], extras: &Extras) -> String {
    let first = parts.iter().find_map(|part| part.check.as_ref().ok());
    let known = |check: &'_ CheckDocument| {
        short(extras.head.as_deref().unwrap_or(&check.commit)).to_owned()
    };
    let commit = first.map(|check| format!("`{}`", known(check)));
    let resolved = commit.as_deref().filter(|_| extras.resolved);
    let (symbol, words) = verdict_words(tally, rows, resolved);
    let mut out = format!("### {symbol} Performance budget: {words}");
    if let Some(worst) = rows.first().filter(|row| row.limit.fails()) {
        out.push_str(&format!(" — {}", code(&worst.name())));
        if worst.limit.verdict == "over" {
            out.push_str(&by(worst));
            out.push_str(", over its limit");
        } else {
            out.push_str(match worst.limit.reason.as_deref() {
                Some("benchmark-failed") => ", its benchmark failed",
                Some("matches-nothing" | "misfit") => ", its limit fits no series",
                _ => ", not measured",
            });
        }
    }
    out.push_str("\n\n");
    let Some(check) = first else {
        return out;
    };
    // The message of a merge that nobody wrote tells nothing.
    let merged = extras
        .head
        .as_ref()
        .is_some_and(|head| *head != check.commit);
    let subject = if check.subject.is_empty() || merged {
        String::new()
    } else {
        format!(" {}", code(&text::plain_up_to(&check.subject, 72)))
    };
    let against = check.base.as_ref().map_or_else(
        || "state of the branch".to_owned(),
        |base| format!("vs `{}` ({})", short(&base.commit), prose(&base.how)),
    );
    out.push_str(&format!("`{}`{subject} {against}", known(check)));
    if check.mode == "paired" {
        out.push_str(" · paired: base and head measured side by side");
    }
    let mut machines = BTreeSet::new();
    for check in parts.iter().filter_map(|part| part.check.as_ref().ok()) {
        let machine = [check.environment.clone(), check.machines.join(", ")].join(" / ");
        machines.insert(machine.trim_matches([' ', '/']).to_owned());
    }
    let (named, more): (Vec<_>, Vec<_>) = machines
        .iter()
        .filter(|name| !name.is_empty())
        .enumerate()
        .partition(|(i, _)| *i < 4);
    for (_, machine) in named {
        out.push_str(&format!(" · {}", code(machine)));
    }
    if !more.is_empty() {
        out.push_str(&format!(" and {} more", more.len()));
    }
    out.push_str(&format!(" · {}\n\n", numbers(parts, tally)));
    if let Some(foreign) = extras
        .foreign
        .as_ref()
        .filter(|text| !text.trim().is_empty())
    {
        out.push_str(&format!("> {}\n\n", prose(foreign)));
    }
    out
}

/// How far: of a change its size, of a state the share of the limit that it takes.
pub(super) fn by(row: &Row<'_>) -> String {
    let change = row.check.base.is_some() || row.limit.rule.as_deref() == Some("regress");
    match (row.limit.effect, row.limit.used) {
        (Some(effect), _) if change => format!(" {}", text::effect(effect)),
        (_, Some(used)) if used.is_finite() => format!(" at {}", text::percent_of(used)),
        _ => String::new(),
    }
}

/// `**1 over**, 2 unproven, 11 within · judged 12 of 14 series`.
fn numbers(parts: &[Part], tally: &Tally) -> String {
    // What is better is told apart from what is merely within, so that the numbers add up.
    let better_within = parts
        .iter()
        .filter_map(|part| part.check.as_ref().ok())
        .flat_map(|check| &check.limits)
        .filter(|limit| limit.improved && limit.verdict == "within")
        .count();
    let words = [
        (tally.over, "over"),
        (tally.missing, "missing"),
        (tally.unproven, "unproven"),
        (tally.learning, "learning"),
        (tally.inherited, "inherited"),
        (tally.accepted, "accepted"),
        (better_within, "better"),
        (tally.within.saturating_sub(better_within), "within"),
    ];
    let mut told: Vec<String> = words
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    if tally.over + tally.missing > 0
        && let Some(first) = told.first_mut()
    {
        *first = format!("**{first}**");
    }
    let (judged, expected) = parts
        .iter()
        .filter_map(|part| part.check.as_ref().ok())
        .fold((0, 0), |(judged, expected), check| {
            (
                judged + check.census.judged,
                expected + check.census.expected,
            )
        });
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for check in parts.iter().filter_map(|part| part.check.as_ref().ok()) {
        for (word, n) in check.census.reasons.iter().take(ROWS) {
            *reasons.entry(word).or_default() += n;
        }
    }
    let why = if judged < expected && expected > 1 && !reasons.is_empty() {
        let told = crate::report::tell::reasons(reasons.into_iter());
        format!(" (the others: {})", prose(&told))
    } else {
        String::new()
    };
    told.push(format!("judged {judged} of {expected} series{why}"));
    told.join(", ")
}

/// Owners mentioned by name at the most: GitHub itself notifies no more of one comment.
const MENTIONED: usize = 50;

/// The owners of what is newly over, where they look like a person or a team.
pub(super) fn mentions(rows: &[Row<'_>], extras: &Extras) -> String {
    let mut owed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.limit.fails()) {
        if extras.mention.contains(&limit_key(row.limit)) && is_handle(&row.limit.owner) {
            let names = owed.entry(&row.limit.owner).or_default();
            let name = row.name();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut out = String::new();
    let more = owed.len().saturating_sub(MENTIONED);
    for (owner, names) in owed.into_iter().take(MENTIONED) {
        let rest = if names.len() > 1 {
            format!(" and {} more are", names.len() - 1)
        } else {
            " is".to_owned()
        };
        out.push_str(&format!("{owner}: {}{rest} newly over.\n", code(&names[0])));
    }
    if more > 0 {
        out.push_str(&format!(
            "{more} more owners have limits that are newly over.\n"
        ));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// `@name` or `@organisation/team`, as GitHub forms them.
fn is_handle(owner: &str) -> bool {
    let Some(name) = owner.strip_prefix('@') else {
        return false;
    };
    let part = |text: &str, more: &[char]| {
        !text.is_empty()
            && text.len() <= 100
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || more.contains(&c))
    };
    match name.split_once('/') {
        Some((organisation, team)) => part(organisation, &[]) && part(team, &['_', '.']),
        None => part(name, &[]) && name.len() <= 39,
    }
}
