//! A check as the body of a pull request comment. Everything foreign stands in code spans.

use super::check::CheckView;
use super::{tell, text};
use crate::verdict::{Exit, LimitVerdict, Reason, Verdict};
use std::fmt::Write;

/// Rows shown at the most, worst first; those that fail the check are never dropped.
const ROWS: usize = 15;
/// GitHub's limit of a comment, in characters, with room for a marker line.
const COMMENT_LIMIT: usize = 65_000;

/// The comment's body without its marker line.
#[must_use]
pub fn check(view: &CheckView) -> String {
    let mut out = String::new();
    heading(&mut out, view);
    let limits = &view.outcome.limits;
    let (loud, quiet): (Vec<_>, Vec<_>) = limits.iter().partition(|limit| matters(limit));
    let failing = |limit: &&&LimitVerdict| {
        matches!(limit.judgement.verdict, Verdict::Over | Verdict::Missing)
    };
    let shown = loud
        .iter()
        .filter(failing)
        .count()
        .max(ROWS)
        .min(loud.len());
    table(&mut out, &loud[..shown]);
    if shown < loud.len() {
        let _ = writeln!(
            out,
            "\n{} more rows are in the log of this check.",
            loud.len() - shown
        );
    }
    for limit in loud[..shown].iter().take(ROWS) {
        let _ = writeln!(
            out,
            "\n**{}**: {}.",
            code(&name(limit)),
            escape(&tell::sentence(limit))
        );
    }
    for finding in &view.outcome.findings {
        let at = finding
            .source
            .as_ref()
            .map(|at| format!("{}:{}:{}", at.file.display(), at.line, at.column));
        let _ = writeln!(
            out,
            "\n**{}** {}: {}. {}.",
            finding.code,
            at.map_or_else(String::new, |at| code(&at)),
            code(&finding.message),
            escape(&text::plain(&finding.help))
        );
    }
    for note in &view.notes {
        let _ = writeln!(out, "\n> {}", escape(&text::plain(note)));
    }
    let details = details(view, &quiet);
    if out.chars().count() + details.chars().count() <= COMMENT_LIMIT {
        out.push_str(&details);
    }
    out
}

fn heading(out: &mut String, view: &CheckView) {
    let limits = &view.outcome.limits;
    let number = |verdict| {
        limits
            .iter()
            .filter(|limit| limit.judgement.verdict == verdict)
            .count()
    };
    let over = number(Verdict::Over);
    let (symbol, words) = match view.summary.exit {
        Exit::Over if over > 0 => ("❌", format!("{over} of {} exceeded", limits.len())),
        Exit::Over => ("❌", "not proven within".to_owned()),
        Exit::Trouble => (
            "⚠️",
            format!("{} could not be judged", number(Verdict::Missing).max(1)),
        ),
        Exit::Within if number(Verdict::Unproven) > 0 => (
            "➖",
            format!(
                "{} within, {} not enough evidence",
                number(Verdict::Within),
                number(Verdict::Unproven)
            ),
        ),
        Exit::Within => ("✅", "within".to_owned()),
    };
    let worst = limits
        .first()
        .filter(|limit| limit.judgement.verdict == Verdict::Over);
    let headline = worst.map_or_else(String::new, |limit| {
        let effect = limit
            .judgement
            .effect
            .map_or_else(String::new, |(effect, _, _)| {
                format!(" {}", text::effect(effect))
            });
        format!(" — {}{effect}, over its limit", code(&name(limit)))
    });
    let _ = writeln!(out, "### {symbol} Performance budget: {words}{headline}\n");
    let against = view.base.as_ref().map_or_else(
        || "state of the branch".to_owned(),
        |base| {
            format!(
                "vs `{}` ({})",
                base.commit.short(),
                escape(&text::plain(&base.how))
            )
        },
    );
    let machine = [
        view.outcome.environments.join(", "),
        view.outcome.machines.join(", "),
    ]
    .join(" / ");
    let _ = writeln!(
        out,
        "`{}` {against} · {} · judged {} of {} series\n",
        view.head.id.short(),
        code(machine.trim_end_matches(" / ")),
        view.summary.census.judged,
        view.summary.census.expected
    );
}

fn matters(limit: &LimitVerdict) -> bool {
    limit.judgement.verdict != Verdict::Within
        || limit.judgement.improved
        || limit.judgement.reason.is_some()
}

fn name(limit: &LimitVerdict) -> String {
    format!("{} · {}", text::plain(&limit.feature), tell::subject(limit))
}

fn table(out: &mut String, rows: &[&LimitVerdict]) {
    if rows.is_empty() {
        return;
    }
    out.push_str(
        "| | feature · metric | now | change (95 % CI) | budget used | last 30 | owner |\n",
    );
    out.push_str("|---|---|---:|---|---|---|---|\n");
    for limit in rows {
        let used = limit.used.map_or_else(String::new, |used| {
            format!(
                "`{}` {} of {}",
                text::bar(used, 10),
                text::percent_of(used),
                tell::limit(limit)
                    .trim_start_matches("limit ")
                    .trim_start_matches("allowed ")
            )
        });
        let spark = text::sparkline(&limit.trend, 30);
        let spark = if spark.is_empty() {
            spark
        } else {
            format!("`{spark}`")
        };
        let _ = writeln!(
            out,
            "| {} {} | {} | {} | {} | {used} | {spark} | {} |",
            symbol(limit),
            tell::word(limit),
            code(&name(limit)),
            tell::now(limit),
            tell::effect(limit),
            code(&text::plain(&limit.owner)),
        );
    }
}

fn symbol(limit: &LimitVerdict) -> &'static str {
    match (limit.judgement.verdict, limit.judgement.reason) {
        (Verdict::Over, _) => "❌",
        (Verdict::Missing, _) => "⚠️",
        (Verdict::Unproven, Some(Reason::Suspect)) => "❔",
        (Verdict::Unproven, _) => "➖",
        (Verdict::Inherited, _) => "↩️",
        (Verdict::Accepted, _) => "☑️",
        (Verdict::Within, _) => "✅",
    }
}

fn details(view: &CheckView, quiet: &[&LimitVerdict]) -> String {
    let mut out = format!(
        "\n<details><summary>All {} rules, and how this was decided</summary>\n\n",
        view.outcome.limits.len()
    );
    table(&mut out, quiet);
    out.push_str(
        "\nEach series is judged against the noise between runs of its own history. Over and within are \
         both proven at 95 %, over after control over all series of this check; else the answer is \
         that the evidence does not suffice.\n",
    );
    let reasons: Vec<_> = view
        .summary
        .census
        .reasons
        .iter()
        .map(|(reason, n)| format!("{n} {reason}"))
        .collect();
    if !reasons.is_empty() {
        let _ = writeln!(out, "\nNot judged: {}.", reasons.join(", "));
    }
    out.push_str("\n</details>\n");
    out
}

/// A code span that nothing inside can leave: a fence longer than any run of backticks within,
/// pipes escaped for tables, no control characters.
fn code(foreign: &str) -> String {
    let plain = text::plain(foreign).replace('|', "\\|");
    let longest = plain.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if plain.starts_with('`') || plain.ends_with('`') || plain.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{plain}{space}{fence}")
}

/// Our own sentences hold foreign words too (names, reasons, owners): nothing in them may be
/// Markdown, HTML, a mention or a link.
fn escape(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    for c in sentence.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            ':' => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_code_span() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code("a|b\n</details>"), "`a\\|b </details>`");
    }

    #[test]
    fn sentences_mention_nobody_and_link_nowhere() {
        let escaped = escape("by @everyone: see https://x.y <b> [a](b) #12");
        assert!(!escaped.contains('@') && !escaped.contains("https:") && !escaped.contains("<b>"));
        assert!(!escaped.contains("#12"));
    }
}
