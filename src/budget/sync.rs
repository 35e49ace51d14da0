//! `[sync]` of `plimsoll.toml`: where the data branch is.

use super::reader::{Faults, Table};

/// Where the data branch is, as far as the settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncSettings {
    /// Name of the remote.
    pub remote: Option<String>,
    /// Name of the branch.
    pub branch: Option<String>,
    /// Full name of a reference that takes the branch's place, such as `refs/plimsoll/data`.
    pub reference: Option<String>,
    /// Address of a repository that takes the remote's place.
    pub repository: Option<String>,
    /// Months that stay one file a run; older ones become packs.
    pub loose_months: Option<u64>,
}

pub(super) fn read(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> SyncSettings {
    let mut word = |key: &str, rule: fn(&str) -> bool, help: &str| {
        let (text, span) = table.text(key, faults)?;
        if rule(text) {
            return Some(text.to_owned());
        }
        faults.error("bad-name", span, format!("`{key}` is \"{text}\""), help);
        None
    };
    let settings = SyncSettings {
        remote: word(
            "remote",
            is_ref_part,
            "write the name of a remote, such as \"origin\"",
        ),
        branch: word(
            "branch",
            is_ref_part,
            "write the name of a branch, such as \"plimsoll-data\"",
        ),
        reference: word(
            "ref",
            |text| text.starts_with("refs/") && is_ref_part(text),
            "write a full name, such as \"refs/heads/plimsoll-data\"",
        ),
        repository: word(
            "repository",
            |text| !text.starts_with('-') && !text.contains(['\n', '\0']),
            "write an address that git can fetch from",
        ),
        loose_months: table.whole("loose_months", 0, faults),
    };
    if settings.branch.is_some() && settings.reference.is_some() {
        faults.error(
            "both-given",
            table.span.clone(),
            "both `branch` and `ref` are given",
            "keep one of them",
        );
    }
    settings
}

/// Whether git takes this as (part of) the name of a reference (`git check-ref-format`).
#[must_use]
pub fn is_ref_part(text: &str) -> bool {
    let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    !text.is_empty()
        && !text.contains(forbidden)
        && !text.contains("..")
        && !text.contains("@{")
        && text != "@"
        && !text.starts_with('-')
        && !text.ends_with('.')
        && text
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}
