//! For a comment or a document.

use super::CapacityView;
use super::words::{flag, heading, interval, lines, milestone, rate, rows, tail, word};
use crate::report::{markdown as comment, text};
use std::fmt::Write;

/// As Markdown, for a comment or a document.
#[must_use]
pub fn markdown(views: &[CapacityView]) -> String {
    let mut out = String::new();
    for view in views {
        let of = &view.capacity;
        let _ = writeln!(out, "**{}**\n", escape(&heading(view)));
        for found in &view.milestones {
            let _ = writeln!(
                out,
                "- **{}** {} on {}: needs {}, carries {}; {}",
                word(found.verdict),
                escape(&found.name),
                found.date,
                rate(found.needed),
                found.capacity.map_or_else(
                    || "nothing known".to_owned(),
                    |value| interval(value, found.low.unwrap_or(0.0), found.high)
                ),
                escape(&milestone(found, of))
            );
        }
        for (name, words) in lines(view) {
            let _ = writeln!(out, "- {name}: {}", escape(&words));
        }
        let _ = writeln!(
            out,
            "\n| load | throughput | efficiency | {} | errors |\n|---:|---:|---:|---:|---:|",
            escape(&tail(of))
        );
        for row in rows(of) {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push('\n');
        for check in of.checks.iter().filter(|check| check.ok != Some(true)) {
            let word = if check.ok.is_none() {
                "skipped"
            } else {
                "**fails**"
            };
            let _ = writeln!(out, "- {word} {}: {}", check.name, escape(&check.detail));
        }
        if let Some(flag) = flag(of) {
            let _ = writeln!(out, "- note: {}", escape(flag));
        }
        out.push('\n');
    }
    out
}

fn escape(text: &str) -> String {
    comment::escape::prose(&text::plain(text))
}
