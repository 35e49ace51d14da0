//! Commits, as far as a history of measurements needs them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The full object name of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    /// Takes a full object name.
    ///
    /// # Errors
    /// A sentence fragment saying what is wrong where it is not 40 or 64 hexadecimal digits.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let mut text: String = text.into();
        text.make_ascii_lowercase();
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        if hex && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` is not a full commit id (40 or 64 hexadecimal digits)"
            ))
        }
    }

    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl TryFrom<String> for CommitId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::new(text)
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A commit and what people want to read of it. Subject and author come from whoever wrote the
/// commit: they are untrusted text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its object name.
    pub id: CommitId,
    /// Its parents, first parent first.
    pub parents: Vec<CommitId>,
    /// Name of its author.
    pub author: String,
    /// First line of its message.
    pub subject: String,
    /// When it was committed.
    pub time: Timestamp,
}
