//! A check as the body of a pull request comment, a check run or a step summary.
//!
//! Text is put together from blocks by priority: where room is scarce whole blocks are left out and
//! never cut, rows that fail the check go last of all, and what is left out is said. Everything
//! foreign passes [`escape`].

mod chart;
mod details;
pub mod escape;
mod heading;
mod steps;
mod table;

use super::check::CheckView;
use super::document::{CheckDocument, LimitDocument, Part, Tally};
use super::text;
use details::{charts, findings, folded, how, loosened, notes, sentences, unreadable};
use heading::{by, heading, mentions, verdict_words};
use jiff::civil::Date;
use std::collections::BTreeSet;
use steps::{acceptances, next_steps, ratchet};
use table::{Row, severity};

/// Rows shown at the most, worst first; those that fail the check are shown beyond it.
const ROWS: usize = 15;
/// Full rows shown at the most; failing rows beyond it become short ones.
const FULL_ROWS: usize = 60;

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The most UTF-16 units: at least as many as characters, however they are counted.
    pub units: usize,
    /// The most bytes.
    pub bytes: usize,
}

impl Room {
    /// A comment with its marker line: GitHub takes 65,536 characters; the form of counting needs room.
    pub const COMMENT: Self = Self {
        units: 64_000,
        bytes: 200_000,
    };
    /// The summary of a check run with its marker line: GitHub takes 65,535.
    pub const CHECK: Self = Self {
        units: 63_000,
        bytes: 65_000,
    };
    /// A step's summary: GitHub drops all of it beyond 1 MiB.
    pub const SUMMARY: Self = Self {
        units: 900_000,
        bytes: 900_000,
    };

    /// What is left beside a text that must stand in any case, such as a marker line.
    #[must_use]
    pub fn beside(self, text: &str) -> Self {
        Self {
            units: self.units.saturating_sub(text.encode_utf16().count()),
            bytes: self.bytes.saturating_sub(text.len()),
        }
    }

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
    /// The commit that its author knows, where another one was measured: on a pull request the merge
    /// of it.
    pub head: Option<String>,
    /// The benchmark command, for the line that reproduces a result.
    pub bench: Option<String>,
    /// Today, for the dates of acceptances.
    pub today: Option<Date>,
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

/// The same of a check that came to no answer.
#[must_use]
pub fn trouble(trouble: &super::json::Trouble<'_>) -> String {
    let part = Part {
        name: "check".to_owned(),
        check: CheckDocument::parse(&super::json::trouble(trouble)).map_err(|e| e.to_string()),
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
        if worst.limit.verdict == "over" {
            out.push_str(&by(worst));
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
    out.push_str(&loosened(parts, extras));
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
    let more = if loud > shown {
        format!(
            "\n{} more that matter less are folded below.\n",
            loud - shown
        )
    } else {
        String::new()
    };
    if !more.is_empty() {
        add(&mut out, more.clone());
    }
    add(&mut out, findings(parts));
    add(&mut out, notes(parts, extras));
    out.push_str(&next);
    add(&mut out, acceptances(&rows, extras));
    add(&mut out, ratchet(parts));
    for chart in charts(&rows) {
        add(&mut out, chart);
    }
    add(&mut out, how(parts, &rows));
    let all = folded(&rows, shown, room, &out);
    if !more.is_empty() && !all.contains("<details>") {
        // Shorter than what it stands for.
        let instead = format!("\n{} more matter less.\n", loud - shown);
        out = out.replacen(&more, &instead, 1);
    }
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

/// The rows as they fit: full, then short, and at the very worst as many as fit, which is said.
fn rows_within(rows: &[Row<'_>], room: Room, before: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    // Measured side by side there is no history to draw.
    let drawn = rows.iter().any(|row| !row.limit.trend.is_empty());
    let full: Vec<String> = rows
        .iter()
        .take(FULL_ROWS)
        .map(|row| row.full(drawn))
        .collect();
    let rest: Vec<String> = rows.iter().skip(FULL_ROWS).map(Row::short).collect();
    let mut out = table::full_head(drawn);
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

#[cfg(test)]
mod tests;
