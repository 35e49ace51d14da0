//! What a push brings, as git tells its pre-push hook, and what of it is worth measuring.

use crate::budget::Budget;
use crate::git::{Git, GitError, without_credentials};
use crate::model::CommitId;

/// One line of a pre-push hook's standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The reference that is pushed, `(delete)` for a deletion.
    pub local_ref: String,
    /// What it is now: a commit, or a tag; `None` for a deletion.
    pub local: Option<String>,
    /// The reference at the remote.
    pub remote_ref: String,
    /// What the remote had; `None` for a new reference.
    pub remote: Option<String>,
}

/// Reads `<local ref> <local object> <remote ref> <remote object>`, line by line; zeros (40, or 64
/// in a repository with SHA-256 names) stand for nothing.
///
/// # Errors
/// A sentence fragment about the first line that is not of this form.
pub fn parse_updates(input: &str) -> Result<Vec<Update>, String> {
    let object = |text: &str| -> Result<Option<String>, String> {
        let id = CommitId::new(text)?;
        let zero = id.as_str().bytes().all(|digit| digit == b'0');
        Ok((!zero).then(|| id.as_str().to_owned()))
    };
    input
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [local_ref, local, remote_ref, remote] = words.as_slice() else {
                return Err(format!(
                    "`{line}` is not a line of a pre-push hook: it has {} words and not 4",
                    words.len()
                ));
            };
            Ok(Update {
                local_ref: (*local_ref).to_owned(),
                local: object(local)?,
                remote_ref: (*remote_ref).to_owned(),
                remote: object(remote)?,
            })
        })
        .collect()
}

/// What is to be done about an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Nothing, for this reason.
    Skip(String),
    /// Compare these two commits.
    Measure {
        /// What the remote has, or where the pushed commits begin.
        base: CommitId,
        /// How it was chosen, in words.
        how: String,
        /// What is pushed.
        head: CommitId,
    },
}

/// The trailer by which a commit asks to be let through.
const TRAILER: &str = "Perf-Skip:";

/// Decides about an update to a remote of that name.
///
/// # Errors
/// Where the repository is damaged.
pub fn choose(git: &Git, update: &Update, remote: &str) -> Result<Choice, GitError> {
    let skip = |reason: String| Ok(Choice::Skip(reason));
    let Some(local) = &update.local else {
        return skip("a deletion".to_owned());
    };
    if update.remote_ref.starts_with("refs/tags/") {
        return skip("a tag".to_owned());
    }
    let Some(head) = git.peel(local)? else {
        return skip("it points at no commit".to_owned());
    };
    if let Some(reason) = asked_to_skip(&git.message(&head)?) {
        return skip(format!("{} says {TRAILER} {reason}", head.short()));
    }
    let (base, how) = match base_of(git, update, remote, &head)? {
        Base::Is(base, how) => (base, how),
        Base::None(why) => return skip(why),
    };
    if base == head {
        return skip("it brings no new commit".to_owned());
    }
    if git.tree_of(&base)? == git.tree_of(&head)? {
        return skip(format!("its files are those of {}", base.short()));
    }
    Ok(Choice::Measure { base, how, head })
}

/// The features among these budgets of which a path differs between two commits; a budget that
/// names no path is always among them.
///
/// # Errors
/// Where the repository is damaged.
pub fn touched(
    git: &Git,
    base: &CommitId,
    head: &CommitId,
    budgets: &[Budget],
) -> Result<Vec<String>, GitError> {
    let changed = git.changed_paths(base, head)?;
    let is_touched = |budget: &&Budget| {
        budget.paths.is_empty()
            || budget
                .paths
                .iter()
                .any(|glob| changed.iter().any(|path| glob.matches(path)))
    };
    Ok(budgets
        .iter()
        .filter(is_touched)
        .map(|budget| budget.feature.clone())
        .collect())
}

/// What a pushed commit is compared with.
enum Base {
    /// This commit, chosen in this way.
    Is(CommitId, String),
    /// Nothing, for this reason.
    None(String),
}

/// What the remote had, where the pushed commit builds on it; else, for a new branch or after a
/// rewrite, where it left the remote's default branch; else, where this clone never saw that (a new
/// fork, an address), where it left the default branch of another remote, `origin` before others.
fn base_of(git: &Git, update: &Update, remote: &str, head: &CommitId) -> Result<Base, GitError> {
    let shown = without_credentials(remote);
    if let Some(old) = &update.remote
        && let Some(old) = git.peel(old)?
        && git.is_ancestor(&old, head)?
    {
        return Ok(Base::Is(old, format!("what {shown} has")));
    }
    let own = git.remote_head(remote);
    if let Some(tip) = &own {
        return Ok(match git.merge_base(head, tip)? {
            Some(base) => Base::Is(base, format!("merge base with {shown}'s default branch")),
            None => Base::None(format!(
                "it has no commit in common with {shown}'s default branch"
            )),
        });
    }
    let remotes = git.remotes()?;
    for other in remotes.iter().filter(|name| *name != remote) {
        let Some(tip) = git.remote_head(other) else {
            continue;
        };
        if let Some(base) = git.merge_base(head, &tip)? {
            let how = format!(
                "merge base with {other}'s default branch, since that of {shown} is not known here"
            );
            return Ok(Base::Is(base, how));
        }
    }
    let fetch = if remotes.iter().any(|name| name == remote) {
        format!("git fetch {remote}")
    } else {
        format!("git remote add NAME {shown} && git fetch NAME")
    };
    Ok(Base::None(format!(
        "this clone does not know what {shown} has, so there is nothing to compare with; where it has a default branch: {fetch}"
    )))
}

/// The reason of the trailer, where the last paragraph of a message has one with a reason.
fn asked_to_skip(message: &str) -> Option<String> {
    let last = message.trim_end().rsplit("\n\n").next()?;
    let reason = last.lines().find_map(|line| {
        let (name, rest) = line.split_at_checked(TRAILER.len())?;
        name.eq_ignore_ascii_case(TRAILER).then(|| rest.trim())
    })?;
    (!reason.is_empty()).then(|| reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_object_formats_are_read() {
        for length in [40, 64] {
            let (zero, one) = ("0".repeat(length), "1".repeat(length));
            let input = format!(
                "refs/heads/a {one} refs/heads/a {zero}\n(delete) {zero} refs/heads/b {one}\n"
            );
            let found = parse_updates(&input).unwrap();
            assert_eq!(found[0].local.as_deref(), Some(one.as_str()));
            assert_eq!((&found[0].remote, &found[1].local), (&None, &None));
        }
        assert_eq!(parse_updates("\n"), Ok(Vec::new()));
    }

    #[test]
    fn other_lines_are_refused() {
        assert!(parse_updates("a b c").unwrap_err().contains("3 words"));
        assert!(parse_updates("a b c d").is_err());
    }

    #[test]
    fn the_trailer_needs_a_reason_and_its_place() {
        let reason = |m| asked_to_skip(m);
        assert_eq!(
            reason("Fix\n\nBody\n\nPerf-Skip: docs only\n").as_deref(),
            Some("docs only")
        );
        assert_eq!(
            reason("Fix\n\nSigned-off-by: A\nperf-skip: x").as_deref(),
            Some("x")
        );
        assert_eq!(reason("Fix\n\nPerf-Skip: early\n\nMore text"), None);
        assert_eq!(reason("Fix\n\nPerf-Skip:   "), None);
        assert_eq!(reason(""), None);
    }
}
