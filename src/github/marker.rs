//! The first line of our comment: which run wrote it, and what it told of.

use super::context::RunNumber;
use crate::report::document::{LimitDocument, Part};
use crate::report::markdown::limit_key;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What stands in front of every marker.
const OPEN: &str = "<!-- plimsoll:v1 ";
/// How many limits a marker remembers.
const REMEMBERED: usize = 300;

/// An invisible line that says whose comment this is and how new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Which of several comments on one pull request.
    pub key: String,
    /// Which run wrote it.
    pub run: RunNumber,
    /// The commit it judges.
    pub sha: String,
    /// It tells of trouble: over, missing or unproven.
    pub trouble: bool,
    /// Digests of the limits whose owners were mentioned.
    pub mentioned: BTreeSet<String>,
}

/// A comment's key: letters, digits, dot, dash, underscore; at most 64 of them.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty() && text.len() <= 64 && text.chars().all(plain)
}

impl Marker {
    /// The line, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        let mentioned: Vec<&str> = self
            .mentioned
            .iter()
            .take(REMEMBERED)
            .map(String::as_str)
            .collect();
        format!(
            "{OPEN}key={} run={} sha={} state={} told={} -->",
            self.key,
            self.run,
            self.sha,
            if self.trouble { "trouble" } else { "fine" },
            mentioned.join(",")
        )
    }

    /// Reads the first line of a comment; `None` where it is no marker of this version.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let fields = line.strip_prefix(OPEN)?.strip_suffix(" -->")?;
        let field = |name: &str| {
            fields
                .split(' ')
                .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let (number, attempt) = field("run")?.split_once('.')?;
        Some(Self {
            key: field("key").filter(|key| is_key(key))?.to_owned(),
            run: RunNumber {
                number: number.parse().ok()?,
                attempt: attempt.parse().ok()?,
            },
            sha: field("sha")?.to_owned(),
            trouble: field("state") == Some("trouble"),
            mentioned: field("told")
                .unwrap_or_default()
                .split(',')
                .filter(|digest| !digest.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// What a marker calls a limit.
#[must_use]
pub fn digest(limit: &LimitDocument) -> String {
    let bytes = Sha256::digest(limit_key(limit).as_bytes());
    bytes.iter().take(4).map(|b| format!("{b:02x}")).collect()
}

/// The limits that fail, by digest and by key.
#[must_use]
pub fn failing(parts: &[Part]) -> Vec<(String, String)> {
    let checks = parts.iter().filter_map(|part| part.check.as_ref().ok());
    checks
        .flat_map(|check| &check.limits)
        .filter(|limit| limit.verdict == "over" && limit.fails())
        .map(|limit| (digest(limit), limit_key(limit)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let marker = Marker {
            key: "default".into(),
            run: RunNumber {
                number: 17,
                attempt: 2,
            },
            sha: "a".repeat(40),
            trouble: true,
            mentioned: ["0a0b0c0d".to_owned(), "ffffffff".to_owned()].into(),
        };
        let body = format!("{}\r\n### x\n", marker.line());
        assert_eq!(Marker::parse(&body), Some(marker.clone()));
        let none = Marker {
            mentioned: BTreeSet::new(),
            ..marker
        };
        assert_eq!(Marker::parse(&none.line()), Some(none.clone()));
        for other in [
            "",
            "text\n<!-- plimsoll:v1 key=a run=1.1 sha=x state=fine told= -->",
            "<!-- plimsoll:v2 key=a run=1.1 sha=x -->",
            "<!-- plimsoll:v1 key=a run=x.1 sha=x -->",
            "<!-- plimsoll:v1 key=a<b run=1.1 sha=x -->",
        ] {
            assert_eq!(Marker::parse(other), None, "{other}");
        }
    }

    #[test]
    fn runs_are_ordered_by_number_then_attempt() {
        let run = |number, attempt| RunNumber { number, attempt };
        assert!(run(10, 1) > run(9, 3) && run(9, 3) > run(9, 2));
    }
}
