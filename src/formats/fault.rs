//! Where and why reading went wrong, before the path of the file is known.

use super::FormatError;
use std::path::Path;

/// Said of a last line that may be half a line: what follows it would be a line break.
pub(crate) const UNENDED: &str =
    "the file ends within this line, behind which there is no line break: it may be cut off";

/// A place in a document and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Option<String>,
    pub(crate) reason: String,
}

impl Fault {
    /// Something is wrong with the file as a whole.
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self {
            place: None,
            reason: reason.into(),
        }
    }

    /// Something is wrong at `place`: `line 3`, `results[1].times[0]`, …
    pub(crate) fn at(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            place: Some(place.into()),
            reason: reason.into(),
        }
    }

    /// The same, in the file at `path`.
    pub(crate) fn of(self, path: &Path) -> FormatError {
        FormatError {
            path: path.to_owned(),
            place: self.place,
            reason: self.reason,
        }
    }
}
