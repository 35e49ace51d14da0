//! Writing an acceptance into the text of a budget file.
//!
//! An array of tables may be continued at the end of a file, whatever stands before. So the entry
//! is added there and every byte of the file stays as it was: comments, order, line ends.

use super::{Budget, Rule, parse};
use jiff::civil::Date;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use toml::Table;

/// Why an acceptance was not written.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The file would not be understood any more.
    #[error(
        "{file} cannot take an [[accepted]] entry at its end ({reason}): write it by hand\n\n{entry}"
    )]
    Unfit {
        /// The file as the user knows it.
        file: String,
        /// What the parser would say.
        reason: String,
        /// The entry.
        entry: String,
    },
}

/// An acceptance that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAcceptance {
    /// Id of the limit.
    pub limit: String,
    /// The rule; `None`: any of the limit.
    pub rule: Option<Rule>,
    /// The series, where the limit selects several.
    pub series: Option<String>,
    /// The commit that brought the change, as it is to be written.
    pub commit: String,
    /// The level before the change, with its unit.
    pub level_before: String,
    /// How much worse than that it may get, such as `+9%`.
    pub ceiling: String,
    /// Why.
    pub reason: String,
    /// The issue that will undo it.
    pub issue: Option<String>,
    /// Who.
    pub by: String,
    /// Since when.
    pub created: Date,
    /// Until when, inclusive.
    pub expires: Date,
}

impl NewAcceptance {
    /// A name made from what the acceptance says (its dates apart), unlike those in `taken`: `a-` and the first hex
    /// digits of a SHA-256, four or as many as it takes.
    #[must_use]
    pub fn id(&self, taken: &[&str]) -> String {
        let mut digest = Sha256::new();
        let rule = self.rule.map_or("", Rule::as_str);
        for part in [
            &self.limit,
            rule,
            self.series.as_deref().unwrap_or_default(),
            &self.commit,
            &self.level_before,
            &self.ceiling,
            &self.reason,
            self.issue.as_deref().unwrap_or_default(),
            &self.by,
        ] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        let hex: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        (4..hex.len())
            .map(|length| format!("a-{}", &hex[..length]))
            .find(|id| !taken.contains(&id.as_str()))
            .unwrap_or_else(|| format!("a-{hex}"))
    }

    /// The entry as it stands in a file, under this id.
    #[must_use]
    pub fn entry(&self, id: &str) -> String {
        // A JSON string is a TOML string on one line, but for DEL, which TOML wants escaped.
        let text = |text: &str| Value::from(text).to_string().replace('\u{7f}', "\\u007F");
        let mut lines = vec![("id", text(id)), ("limit", text(&self.limit))];
        lines.extend(self.rule.map(|rule| ("rule", text(rule.as_str()))));
        lines.extend(self.series.as_deref().map(|key| ("series", text(key))));
        lines.extend([
            ("commit", text(&self.commit)),
            ("level_before", text(&self.level_before)),
            ("ceiling", text(&self.ceiling)),
            ("reason", text(&self.reason)),
        ]);
        lines.extend(self.issue.as_deref().map(|issue| ("issue", text(issue))));
        lines.extend([
            ("by", text(&self.by)),
            ("created", self.created.to_string()),
            ("expires", self.expires.to_string()),
        ]);
        let mut entry = "[[accepted]]\n".to_owned();
        for (key, value) in lines {
            entry.push_str(&format!("{key} = {value}\n"));
        }
        entry
    }

    /// The text of a budget file with this acceptance under this id at its end.
    ///
    /// # Errors
    /// Where the file would not be understood any more.
    pub fn add_to(
        &self,
        file: &Path,
        text: &str,
        id: &str,
        today: Date,
    ) -> Result<String, AcceptError> {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut added = text.to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            added.push_str(end);
        }
        added.push_str(end);
        added.push_str(&self.entry(id).replace('\n', end));
        let (budget, findings) = parse(file, &added, today);
        let read = |budget: Budget| budget.accepted.iter().any(|a| a.id == id);
        if budget.is_some_and(read) {
            return Ok(added);
        }
        Err(AcceptError::Unfit {
            file: file.display().to_string(),
            reason: findings
                .first()
                .map_or_else(String::new, |f| f.message.clone()),
            entry: self.entry(id),
        })
    }
}

/// Whether the text of a budget file holds an acceptance with this id.
#[must_use]
pub fn holds_acceptance(text: &str, id: &str) -> bool {
    let Ok(file) = text.parse::<Table>() else {
        return false;
    };
    let entries = file.get("accepted").and_then(toml::Value::as_array);
    let is = |entry: &toml::Value| entry.get("id").and_then(toml::Value::as_str) == Some(id);
    entries.is_some_and(|entries| entries.iter().any(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# who pays\r\nschema = 1\r\n[feature]\r\nname = \"checkout\" # the name\r\n\
        owner = \"@acme\"\r\n\r\n[[limit]]\r\nid = \"p99\"\r\nselect = { benchmark = \"b\" }\r\n\
        max = \"1ms\"   # tight\r\n# the end";

    fn acceptance() -> NewAcceptance {
        NewAcceptance {
            limit: "p99".into(),
            rule: Some(Rule::Max),
            series: None,
            commit: "9f3c2ab".into(),
            level_before: "102 ms".into(),
            ceiling: "+9%".into(),
            reason: "it's \"synchronous\"\nuntil PAY-812 \\ é \u{7f}\u{1}".into(),
            issue: None,
            by: "@lena".into(),
            created: jiff::civil::date(2026, 11, 20),
            expires: jiff::civil::date(2027, 1, 31),
        }
    }

    #[test]
    fn a_file_keeps_every_byte_and_the_entry_reads_back() {
        let new = acceptance();
        let id = new.id(&[]);
        let today = new.created;
        let added = new
            .add_to(Path::new("checkout.toml"), FILE, &id, today)
            .unwrap();
        assert!(added.starts_with(FILE));
        assert_eq!(added.matches('\n').count(), added.matches("\r\n").count());
        let (budget, _) = parse(Path::new("checkout.toml"), &added, today);
        let read = &budget.unwrap().accepted[0];
        assert_eq!(read.reason, new.reason);
        assert_eq!((read.rule, read.expires), (new.rule, new.expires));
        assert!(holds_acceptance(&added, &id) && !holds_acceptance(FILE, &id));
    }

    #[test]
    fn ids_follow_from_the_content_and_never_meet() {
        let new = acceptance();
        let id = new.id(&[]);
        assert_eq!(id, new.id(&[]));
        assert_eq!(id.len(), 6);
        let other = new.id(&[&id]);
        assert!(other.starts_with(&id) && other != id);
    }

    #[test]
    fn a_file_that_cannot_take_it_is_left_alone() {
        let new = acceptance();
        let text = FILE.replace("schema = 1\r\n", "schema = 1\r\naccepted = []\r\n");
        let said = new
            .add_to(Path::new("c.toml"), &text, "a-1", new.created)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("by hand") && said.contains("[[accepted]]"),
            "{said}"
        );
    }
}
