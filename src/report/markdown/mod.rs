//! A check as the body of a pull request comment, a check run or a step summary.
//!
//! Text is put together from blocks by priority: where room is scarce whole blocks are left out and
//! never cut, rows that fail the check go last of all, and what is left out is said. Everything
//! foreign passes [`escape`].

mod chart;
pub mod escape;
mod table;

use super::check::CheckView;
use super::document::{CheckDocument, LimitDocument, Part, Tally};
use super::text;
use escape::{code, prose};
use std::collections::{BTreeMap, BTreeSet};
use table::{Row, severity, short};

/// Rows shown at the most, worst first; those that fail the check are shown beyond it.
const ROWS: usize = 15;
/// Full rows shown at the most; failing rows beyond it become short ones.
const FULL_ROWS: usize = 60;
/// Charts at the most.
const CHARTS: usize = 2;

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The most UTF-16 units: at least as many as characters, however they are counted.
    pub units: usize,
    /// The most bytes.
    pub bytes: usize,
}

impl Room {
    /// A comment: GitHub takes 65,536 characters; a marker line and the form of counting need room.
    pub const COMMENT: Self = Self {
        units: 64_000,
        bytes: 200_000,
    };
    /// The summary of a check run: GitHub takes 65,535.
    pub const CHECK: Self = Self {
        units: 63_000,
        bytes: 65_000,
    };
    /// A step's summary: GitHub drops all of it beyond 1 MiB.
    pub const SUMMARY: Self = Self {
        units: 900_000,
        bytes: 900_000,
    };

    fn holds(self, text: &str) -> bool {
        text.len() <= self.bytes && text.encode_utf16().count() <= self.units
    }

    fn holds_both(self, a: &str, b: &str) -> bool {
        a.len() + b.len() <= self.bytes
            && a.encode_utf16().count() + b.encode_utf16().count() <= self.units
    }
}

/// What stands beside the checks in a comment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras {
    /// Address of the full report.
    pub report_url: Option<String>,
    /// Address of the run's log.
    pub run_url: Option<String>,
    /// Limits, as [`limit_key`] names them, whose owners are mentioned live: newly over.
    pub mention: BTreeSet<String>,
    /// The comment told of trouble before; this commit resolved it.
    pub resolved: bool,
    /// Measured on the runner of a fork, as its own sentence tells.
    pub foreign: Option<String>,
    /// Further sentences a reader must know; ours, may hold foreign words.
    pub notes: Vec<String>,
}

/// The comment's body without its marker line.
#[must_use]
pub fn check(view: &CheckView) -> String {
    let part = Part {
        name: "check".to_owned(),
        check: CheckDocument::of(view).map_err(|e| e.to_string()),
    };
    body(&[part], &Extras::default(), Room::COMMENT)
}

/// What a limit is called in a marker: feature, limit and series, whatever they are made of.
#[must_use]
pub fn limit_key(limit: &super::document::LimitDocument) -> String {
    let series = limit.series.as_ref().map_or_else(String::new, |series| {
        let tags: Vec<_> = series
            .tags
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        format!(
            "{}\n{}\n{}\n{}",
            series.benchmark,
            series.metric,
            tags.join("\n"),
            series.env
        )
    });
    let rule = limit.rule.as_deref().unwrap_or_default();
    format!("{}\n{}\n{rule}\n{series}", limit.feature, limit.limit)
}

/// One line without Markdown: the title of a check run, the description of a status.
#[must_use]
pub fn title(parts: &[Part]) -> String {
    let rows = rows(parts);
    let tally = Tally::of(parts);
    let (_, words) = verdict_words(&tally, &rows, None);
    let mut out = words;
    if let Some(worst) = rows.first().filter(|row| row.limit.fails()) {
        out.push_str(&format!(": {}", text::plain_up_to(&worst.name(), 80)));
        if let Some(effect) = worst.limit.effect.filter(|_| worst.limit.verdict == "over") {
            out.push_str(&format!(" {}", text::effect(effect)));
        }
    }
    text::plain_up_to(&out, 130)
}

/// One comment for all parts, without its marker line.
#[must_use]
pub fn body(parts: &[Part], extras: &Extras, room: Room) -> String {
    let rows = rows(parts);
    let tally = Tally::of(parts);
    let failing = rows.iter().filter(|row| row.limit.fails()).count();
    let loud = rows.iter().filter(|row| row.limit.matters()).count();
    let shown = loud.min(ROWS).max(failing);
    let mut out = heading(parts, &tally, &rows, extras);
    out.push_str(&mentions(&rows, extras));
    // The rest is worth less than the rows that fail; links and next steps must fit in any case.
    let next = next_steps(parts, &rows, &tally, extras);
    let reserved = Room {
        units: room.units.saturating_sub(next.encode_utf16().count() + 400),
        bytes: room.bytes.saturating_sub(next.len() + 1200),
    };
    out.push_str(&rows_within(&rows[..shown], reserved, &out));
    let mut left_out = 0;
    let mut add = |out: &mut String, block: String| {
        if reserved.holds_both(out, &block) {
            out.push_str(&block);
        } else {
            left_out += 1;
        }
    };
    for block in unreadable(parts) {
        add(&mut out, block);
    }
    add(&mut out, sentences(&rows[..shown]));
    if loud > shown {
        add(
            &mut out,
            format!(
                "\n{} more that matter less are folded below.\n",
                loud - shown
            ),
        );
    }
    add(&mut out, findings(parts));
    add(&mut out, notes(parts, extras));
    out.push_str(&next);
    add(&mut out, ratchet(parts));
    for chart in charts(&rows) {
        add(&mut out, chart);
    }
    add(&mut out, how(parts, &rows));
    let all = folded(&rows, shown, room, &out);
    out.push_str(&all);
    if left_out > 0 {
        let note = "\nSome parts were left out: a comment holds only so much. The whole is in the report and in the log of this run.\n";
        if room.holds_both(&out, note) {
            out.push_str(note);
        }
    }
    out
}

fn rows(parts: &[Part]) -> Vec<Row<'_>> {
    let checks = || parts.iter().filter_map(|part| part.check.as_ref().ok());
    let environments: BTreeSet<&str> = checks()
        .flat_map(|check| &check.limits)
        .filter_map(|limit| limit.series.as_ref())
        .map(|series| series.env.as_str())
        .collect();
    let show_env = environments.len() > 1;
    let mut rows: Vec<Row<'_>> = checks()
        .flat_map(|check| {
            let shown =
                |limit: &&LimitDocument| limit.slice.as_ref().is_none_or(|slice| slice.worst);
            check.limits.iter().filter(shown).map(move |limit| Row {
                check,
                limit,
                show_env,
            })
        })
        .collect();
    // Stable: within one severity the order of the check stands, worst first.
    rows.sort_by_key(|row| severity(row.limit));
    rows
}

fn verdict_words(
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
                "{} of {total} not proven, and proof is asked for",
                tally.unproven
            ),
        );
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
    if tally.unproven > 0 {
        let suspects = rows
            .iter()
            .filter(|row| row.limit.reason.as_deref() == Some("suspect"))
            .count();
        let words = if suspects > 0 {
            format!("{suspects} of {total} may be over, not proven{better}")
        } else {
            format!(
                "none proven over, {} of {total} not proven{better}",
                tally.unproven
            )
        };
        return ("❔", words);
    }
    if let Some(commit) = resolved {
        return ("✅", format!("within again, resolved in {commit}{better}"));
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
    if judged == tally.within {
        ("✅", format!("all {judged} within{better}{learning}"))
    } else {
        ("✅", format!("nothing new over{kept}{better}{learning}"))
    }
}

fn heading(parts: &[Part], tally: &Tally, rows: &[Row<'_>], extras: &Extras) -> String {
    let first = parts.iter().find_map(|part| part.check.as_ref().ok());
    let commit = first.map(|check| format!("`{}`", short(&check.commit)));
    let resolved = commit.as_deref().filter(|_| extras.resolved);
    let (symbol, words) = verdict_words(tally, rows, resolved);
    let mut out = format!("### {symbol} Performance budget: {words}");
    if let Some(worst) = rows.first().filter(|row| row.limit.fails()) {
        out.push_str(&format!(" — {}", code(&worst.name())));
        if worst.limit.verdict == "over" {
            if let Some(effect) = worst.limit.effect {
                out.push_str(&format!(" {}", text::effect(effect)));
            }
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
    let subject = if check.subject.is_empty() {
        String::new()
    } else {
        format!(" {}", code(&text::plain_up_to(&check.subject, 72)))
    };
    let against = check.base.as_ref().map_or_else(
        || "state of the branch".to_owned(),
        |base| format!("vs `{}` ({})", short(&base.commit), prose(&base.how)),
    );
    out.push_str(&format!("`{}`{subject} {against}", short(&check.commit)));
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

/// `**1 over**, 2 unproven, 11 within · judged 12 of 14 series`.
fn numbers(parts: &[Part], tally: &Tally) -> String {
    let words = [
        (tally.over, "over"),
        (tally.missing, "missing"),
        (tally.unproven, "unproven"),
        (tally.learning, "learning"),
        (tally.inherited, "inherited"),
        (tally.accepted, "accepted"),
        (tally.improved, "better"),
        (tally.within, "within"),
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
        let told = super::tell::reasons(reasons.into_iter());
        format!(" (the others: {})", prose(&told))
    } else {
        String::new()
    };
    told.push(format!("judged {judged} of {expected} series{why}"));
    told.join(", ")
}

/// The owners of what is newly over, where they look like a person or a team.
fn mentions(rows: &[Row<'_>], extras: &Extras) -> String {
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
    for (owner, names) in owed {
        let rest = if names.len() > 1 {
            format!(" and {} more are", names.len() - 1)
        } else {
            " is".to_owned()
        };
        out.push_str(&format!("{owner}: {}{rest} newly over.\n", code(&names[0])));
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

/// The rows as they fit: full, then short, and at the very worst as many as fit, which is said.
fn rows_within(rows: &[Row<'_>], room: Room, before: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let full: Vec<String> = rows.iter().take(FULL_ROWS).map(Row::full).collect();
    let rest: Vec<String> = rows.iter().skip(FULL_ROWS).map(Row::short).collect();
    let mut out = table::FULL.to_owned();
    out.extend(full);
    if !rest.is_empty() {
        out.push('\n');
        out.push_str(table::SHORT);
        out.extend(rest);
    }
    if room.holds_both(before, &out) {
        return out;
    }
    let mut out = table::SHORT.to_owned();
    let mut told = 0;
    for row in rows {
        let line = row.short();
        let note = 200;
        let fits = before.encode_utf16().count()
            + out.encode_utf16().count()
            + line.encode_utf16().count()
            + note
            <= room.units
            && before.len() + out.len() + line.len() + note <= room.bytes;
        if !fits {
            break;
        }
        out.push_str(&line);
        told += 1;
    }
    if told < rows.len() {
        out.push_str(&format!(
            "\n**{} more rows like these do not fit here**: they are in the report and in the log of this run.\n",
            rows.len() - told
        ));
    }
    out
}

fn sentences(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
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
    }
    if !out.is_empty() {
        out.insert(0, '\n');
    }
    out
}

fn unreadable(parts: &[Part]) -> Vec<String> {
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

fn findings(parts: &[Part]) -> String {
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

fn notes(parts: &[Part], extras: &Extras) -> String {
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

fn next_steps(parts: &[Part], rows: &[Row<'_>], tally: &Tally, extras: &Extras) -> String {
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
        steps.push(format!(
            "Accept on purpose: `plimsoll accept {} --reason \"…\"`",
            short(&check.commit)
        ));
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
fn ratchet(parts: &[Part]) -> String {
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

fn charts(rows: &[Row<'_>]) -> Vec<String> {
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

fn how(parts: &[Part], rows: &[Row<'_>]) -> String {
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
fn folded(rows: &[Row<'_>], shown: usize, room: Room, before: &str) -> String {
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

#[cfg(test)]
mod tests;
