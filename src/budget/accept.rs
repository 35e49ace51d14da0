//! Writing an acceptance into the text of a budget file, beside those that are there.
//!
//! Comments, order and line ends stay as they were, which is proved of every text before it is
//! written: each of its lines is still there, in order, and the entry is read back.

use super::{Budget, Rule, parse};
use jiff::civil::Date;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

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
        let unfit = |reason: String| AcceptError::Unfit {
            file: file.display().to_string(),
            reason,
            entry: self.entry(id),
        };
        let added = self.inserted(text, id).map_err(unfit)?;
        let (budget, findings) = parse(file, &added, today);
        let read = |budget: Budget| budget.accepted.iter().any(|a| a.id == id);
        if budget.is_some_and(read) {
            return Ok(added);
        }
        let first = findings.first();
        Err(unfit(first.map_or_else(String::new, |finding| {
            finding.message.clone()
        })))
    }

    /// The entry after the last one of its kind, else at the end.
    fn inserted(&self, text: &str, id: &str) -> Result<String, String> {
        let reason = |fault: toml_edit::TomlError| fault.message().to_owned();
        let mut file: DocumentMut = text.parse().map_err(reason)?;
        let own: DocumentMut = self.entry(id).parse().map_err(reason)?;
        let entry = own
            .get("accepted")
            .and_then(Item::as_array_of_tables)
            .and_then(|entries| entries.get(0));
        let mut entry = entry.cloned().ok_or("the entry is no table")?;
        let place = |table: &Table| table.position().unwrap_or(isize::MAX);
        let last_own = file
            .get("accepted")
            .and_then(Item::as_array_of_tables)
            .and_then(|entries| entries.iter().map(place).max());
        // Beside its like, before what may stand after them; what ends the file stays before it
        // where it is the last.
        let is_last = last_own.is_none_or(|own| tables(&file).all(|table| place(table) <= own));
        let mut before = String::from("\n");
        if is_last {
            let rest = file.trailing().as_str().unwrap_or_default().to_owned();
            let rest = if rest.is_empty() || rest.ends_with('\n') {
                rest
            } else {
                rest + "\n"
            };
            before.insert_str(0, &rest);
            file.set_trailing("");
        }
        entry.decor_mut().set_prefix(before);
        entry.set_position(last_own);
        file.entry("accepted")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
            .as_array_of_tables_mut()
            .ok_or("`accepted` is no list of tables")?
            .push(entry);
        let mut added = file.to_string().replace("\r\n", "\n");
        if text.contains("\r\n") {
            added = added.replace('\n', "\r\n");
        }
        let mut now = added.lines();
        if text.lines().all(|line| now.any(|own| own == line)) {
            Ok(added)
        } else {
            Err("its lines would not stay as they are".to_owned())
        }
    }
}

/// Every table of a file that has a place of its own.
fn tables(file: &DocumentMut) -> impl Iterator<Item = &Table> {
    file.iter().flat_map(|(_, item)| match item {
        Item::Table(table) => vec![table],
        Item::ArrayOfTables(tables) => tables.iter().collect(),
        Item::None | Item::Value(_) => Vec::new(),
    })
}

/// Whether the text of a budget file holds an acceptance with this id.
#[must_use]
pub fn holds_acceptance(text: &str, id: &str) -> bool {
    let Ok(file) = text.parse::<toml::Table>() else {
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
        assert!(added.starts_with(FILE), "{added}");
        assert_eq!(added.matches('\n').count(), added.matches("\r\n").count());
        let (budget, _) = parse(Path::new("checkout.toml"), &added, today);
        let read = &budget.unwrap().accepted[0];
        assert_eq!(read.reason, new.reason);
        assert_eq!((read.rule, read.expires), (new.rule, new.expires));
        assert!(holds_acceptance(&added, &id) && !holds_acceptance(FILE, &id));
    }

    #[test]
    fn an_entry_stands_beside_its_like_whatever_comes_after() {
        let new = acceptance();
        let first = new
            .add_to(Path::new("c.toml"), FILE, "a-1", new.created)
            .unwrap();
        let later = "\r\n# another limit\r\n[[limit]]\r\nid = \"p50\"\r\n\
            select = { benchmark = \"b\" }\r\nmax = \"1ms\"\r\n# the very end\r\n";
        let text = format!("{first}{later}");
        let added = new
            .add_to(Path::new("c.toml"), &text, "a-2", new.created)
            .unwrap();
        assert!(added.starts_with(&first), "{added}");
        assert!(added.ends_with(later), "{added}");
        assert!(added.contains("id = \"a-2\""), "{added}");
    }

    proptest::proptest! {
        #[test]
        fn comments_and_order_are_kept_whatever_stands_in_the_file(
            comments in proptest::collection::vec("[ a-z#=\\[\\]\"'\\\\é]{0,20}", 6),
            crlf: bool,
            ended: bool,
        ) {
            let c = |i: usize| format!("# {}", comments[i]);
            let mut text = format!(
                "{}\nschema = 1 {}\n[feature] {}\nname = \"x\"\nowner = \"@y\"\n{}\n\n[[limit]]\nid = \"p99\"\n\
                 select = {{ benchmark = \"b\" }} {}\nmax = \"1ms\"\n{}",
                c(0), c(1), c(2), c(3), c(4), c(5)
            );
            if ended { text.push('\n'); }
            if crlf { text = text.replace('\n', "\r\n"); }
            let new = acceptance();
            let added = new.add_to(Path::new("c.toml"), &text, "a-1", new.created).unwrap();
            let twice = new.add_to(Path::new("c.toml"), &added, "a-2", new.created).unwrap();
            proptest::prop_assert!(added.starts_with(&text), "{added}");
            proptest::prop_assert!(twice.starts_with(&added), "{twice}");
        }
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
