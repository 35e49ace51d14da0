//! What a step says to its runner: commands on standard output, the files of outputs and summary.
//!
//! A line that starts with `::` is a command, and an output's end is a word: both are escaped or
//! made unguessable, since the text holds names from pull requests.

use crate::report::document::{LimitDocument, Part};
use crate::report::text;

/// A runner shows ten annotations of each kind a step.
const OF_EACH_KIND: usize = 10;
/// A step's summary beyond this is dropped as a whole.
pub const SUMMARY_LIMIT: usize = 1024 * 1024;

/// Annotations of what fails, what is not proven and what got better, as workflow commands: one a
/// line, at most ten of each kind, the last of which says how many more there are.
#[must_use]
pub fn annotations(parts: &[Part]) -> String {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut notices = Vec::new();
    for part in parts {
        let check = match &part.check {
            Ok(check) => check,
            Err(fault) => {
                errors.push(command("error", &part.name, fault, None));
                continue;
            }
        };
        for limit in &check.limits {
            let kind = match limit.verdict.as_str() {
                _ if limit.fails() => &mut errors,
                "unproven" if !limit.is_learning() => &mut warnings,
                "within" if limit.is_better() => &mut notices,
                _ => continue,
            };
            let word = match limit.verdict.as_str() {
                "within" => "better",
                other => other,
            };
            let name = name(limit);
            let level = match limit.verdict.as_str() {
                "within" => "notice",
                "unproven" => "warning",
                _ => "error",
            };
            kind.push(command(level, &format!("{word}: {name}"), &limit.why, None));
        }
        for finding in &check.findings {
            errors.push(command(
                "error",
                &finding.code,
                &format!("{}. {}", finding.message, finding.help),
                finding.place.as_deref(),
            ));
        }
    }
    let mut out = String::new();
    for (level, mut lines) in [
        ("error", errors),
        ("warning", warnings),
        ("notice", notices),
    ] {
        if lines.len() > OF_EACH_KIND {
            let more = lines.len() - (OF_EACH_KIND - 1);
            lines.truncate(OF_EACH_KIND - 1);
            lines.push(command(
                level,
                &format!("{more} more"),
                "they are in the step's summary",
                None,
            ));
        }
        for line in lines {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn name(limit: &LimitDocument) -> String {
    match &limit.series {
        Some(series) => format!("{} · {} {}", limit.feature, series.benchmark, series.metric),
        None => format!("{} · {}", limit.feature, limit.limit),
    }
}

/// One command. `place`: `file:line:column`.
fn command(level: &str, title: &str, message: &str, place: Option<&str>) -> String {
    let mut properties = String::new();
    if let Some(place) = place {
        let mut fields = place.rsplitn(3, ':');
        if let (Some(column), Some(line), Some(file)) =
            (fields.next(), fields.next(), fields.next())
            && line.parse::<u64>().is_ok()
            && column.parse::<u64>().is_ok()
        {
            properties = format!("file={},line={line},col={column},", property(file));
        }
    }
    format!(
        "::{level} {properties}title={}::{}",
        property(&text::plain_up_to(title, 200)),
        data(&text::plain_up_to(message, 1000))
    )
}

/// A command's message, as actions/toolkit escapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Foreign text on a line of a log: it cannot be a command, whatever it starts with.
#[must_use]
pub fn log_line(text: &str) -> String {
    let plain = text::plain_up_to(text, 2000);
    // The runner looks for `::` after white space, and for `##[` anywhere.
    plain
        .replace("::", ":\u{200b}:")
        .replace("##[", "#\u{200b}#[")
}

/// Lines for the file of outputs. `delimiter`: a word nobody can guess, of letters and digits;
/// values that hold it, which chance never makes, are left empty.
#[must_use]
pub fn outputs(values: &[(&str, String)], delimiter: &str) -> String {
    let mut out = String::new();
    for (name, value) in values {
        let value = value.replace('\0', "");
        let value = if value.contains(delimiter) {
            ""
        } else {
            &value
        };
        out.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::CheckDocument;

    fn part(names: &[&str], verdict: &str) -> Part {
        let limits: Vec<_> = names
            .iter()
            .map(|name| {
                serde_json::json!({
                    "feature": "f", "limit": "l", "verdict": verdict, "why": format!("why {name}"),
                    "series": { "benchmark": name, "metric": "time" }
                })
            })
            .collect();
        let json = serde_json::json!({
            "schema": "plimsoll.check/1", "exit": 1, "verdict": verdict, "commit": "aa", "limits": limits,
            "findings": [{ "code": "bad-max", "message": "m", "help": "h", "place": "budgets/a,b.toml:3:4" }]
        });
        Part {
            name: "check.json".into(),
            check: Ok(CheckDocument::parse(&json.to_string()).unwrap()),
        }
    }

    #[test]
    fn names_cannot_make_commands() {
        let text = annotations(&[part(
            &["a\n::set-output name=x::y", "100%0A::error::z"],
            "over",
        )]);
        for line in text.lines() {
            assert!(line.starts_with("::error "), "{line}");
        }
        assert_eq!(text.lines().count(), 3, "a line each");
        assert!(text.contains("100%250A"));
        assert!(text.contains("file=budgets/a%2Cb.toml,line=3,col=4,title=bad-max::m. h"));
    }

    #[test]
    fn ten_of_each_kind_and_the_rest_is_counted() {
        let names: Vec<String> = (0..40).map(|i| format!("b{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = annotations(&[part(&names, "over"), part(&names, "unproven")]);
        assert_eq!(
            text.lines().filter(|l| l.starts_with("::error")).count(),
            10
        );
        assert_eq!(
            text.lines().filter(|l| l.starts_with("::warning")).count(),
            10
        );
        assert!(text.contains("::warning title=31 more::"));
    }

    #[test]
    fn outputs_end_where_we_say() {
        let text = outputs(
            &[
                ("verdict", "over".into()),
                ("over", "1\nEOF\nexit-code<<EOF".into()),
            ],
            "d41d8cd9",
        );
        assert_eq!(
            text,
            "verdict<<d41d8cd9\nover\nd41d8cd9\nover<<d41d8cd9\n1\nEOF\nexit-code<<EOF\nd41d8cd9\n"
        );
        assert!(!outputs(&[("x", "a\nd41d8cd9\ny=1".into())], "d41d8cd9").contains("y=1"));
    }

    #[test]
    fn a_log_line_is_no_command() {
        assert!(!log_line("::error::x").contains("::"));
        assert!(!log_line("##[group]x").contains("##["));
    }
}
