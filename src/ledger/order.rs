//! The order of commits where the clone does not hold them all.
//!
//! A shallow clone ends somewhere. What lies before is fetched into a bare repository of
//! plimsoll's own, commits only, and kept there; the user's clone is never deepened. Without
//! network the parents that run files carry lead on as far as they go.

use crate::git::{Bare, Fetch, Git, GitError, Remote};
use crate::model::{Commit, CommitId};
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// How long the network may take before a check goes on without it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first-parent history of a commit.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Oldest first.
    pub commits: Vec<CommitId>,
    /// What is known of commits that the clone does not hold.
    pub elsewhere: HashMap<CommitId, Commit>,
    /// Why it does not begin at the first commit; `None` where it does.
    pub gap: Option<String>,
}

impl Order {
    /// What is known of a commit, from the clone or from elsewhere.
    ///
    /// # Errors
    /// Where nobody knows it.
    pub fn commit(&self, git: &Git, id: &CommitId) -> Result<Commit, GitError> {
        match self.elsewhere.get(id) {
            Some(commit) => Ok(commit.clone()),
            None => git.commit(id),
        }
    }
}

impl Order {
    /// When a commit was made, from the clone or from elsewhere.
    ///
    /// # Errors
    /// Where nobody knows it.
    pub fn time(&self, git: &Git, id: &CommitId) -> Result<Timestamp, GitError> {
        match self.elsewhere.get(id) {
            Some(commit) => Ok(commit.time),
            None => git.time(id),
        }
    }
}

/// The first-parent history that ends at `tip`, beyond the end of a shallow clone where `remote` or
/// `recorded` know more. `folder` holds the fetched commits.
///
/// # Errors
/// Where the tip does not exist. A network in trouble is no error: it leaves a gap.
pub fn first_parents(
    git: &Git,
    tip: &CommitId,
    remote: Option<&Remote>,
    recorded: impl FnOnce() -> Vec<Commit>,
    folder: &Path,
) -> Result<Order, GitError> {
    let local = git.first_parents(tip)?;
    let Some(end) = local.first().cloned() else {
        return Ok(Order::default());
    };
    if !git.is_cut_at(&end) {
        return Ok(Order {
            commits: local,
            ..Order::default()
        });
    }
    let fetched = match remote {
        Some(remote) => fetched(git, &end, remote, folder).map_err(|e| e.to_string()),
        None => Err("there is no remote to ask".to_owned()),
    };
    let (before, gap) = match fetched {
        Ok(line) => (line, None),
        Err(reason) => {
            let (line, ends) = from_records(&end, recorded());
            let gap = ends.then(|| {
                format!(
                    "this clone is shallow and the order of older commits is not known ({reason}): check out with fetch-depth: 0 to see older results"
                )
            });
            (line, gap)
        }
    };
    let mut order = Order {
        gap,
        ..Order::default()
    };
    for commit in before {
        if commit.id != end {
            order.commits.push(commit.id.clone());
        }
        order.elsewhere.insert(commit.id.clone(), commit);
    }
    order.commits.extend(local);
    Ok(order)
}

/// The history of `end` from the remote, commits only. Fetched once; then it is here.
fn fetched(
    git: &Git,
    end: &CommitId,
    remote: &Remote,
    folder: &Path,
) -> Result<Vec<Commit>, GitError> {
    let path = folder.join(format!("order-{}.git", remote.key()));
    let bare = Bare::open_or_create(&path, git.naming())?;
    let name = format!("refs/plimsoll/order/{end}");
    if bare.reference(&name)?.as_ref() != Some(end) {
        let refspec = format!("+{end}:{name}");
        bare.fetch(remote, &[&refspec], Fetch::CommitsOnly, PATIENCE)
            .map_err(|e| GitError::Other(e.text))?;
    }
    bare.first_parents(end)
}

/// The first-parent history that ends at `tip` where there is no repository: as far as the parents of
/// measured commits lead.
#[must_use]
pub fn without_repository(tip: &CommitId, recorded: Vec<Commit>) -> Order {
    let (line, ends) = from_records(tip, recorded);
    let mut order = Order {
        gap: ends.then(|| {
            "there is no repository here, and the order of older commits is not known: judge inside the repository, with --db naming this database, to see older results".to_owned()
        }),
        ..Order::default()
    };
    for commit in line {
        order.commits.push(commit.id.clone());
        order.elsewhere.insert(commit.id.clone(), commit);
    }
    if order.commits.is_empty() {
        order.commits.push(tip.clone());
    }
    order
}

/// As far as the parents of measured commits lead, oldest first, and whether they end before the first
/// commit.
fn from_records(end: &CommitId, recorded: Vec<Commit>) -> (Vec<Commit>, bool) {
    let mut known: HashMap<CommitId, Commit> = recorded
        .into_iter()
        .map(|commit| (commit.id.clone(), commit))
        .collect();
    let mut line = Vec::new();
    let mut next = Some(end.clone());
    let mut ends = false;
    while let Some(id) = next {
        next = None;
        match known.remove(&id) {
            Some(commit) => {
                next = commit.parents.first().cloned();
                line.push(commit);
            }
            None => ends = true,
        }
    }
    line.reverse();
    (line, ends)
}
