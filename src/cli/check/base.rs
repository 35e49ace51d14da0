//! What a commit is compared with, and the line of history that both stand on.

use crate::cli::args::Check as Args;
use crate::cli::load;
use crate::cli::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::git::Git;
use plimsoll::history::Timeline;
use plimsoll::ledger::order::Order;
use plimsoll::model::CommitId;
use plimsoll::store::Store;
use plimsoll::verdict::ChosenBase;
use std::collections::HashSet;

/// How far behind the base the nearest measured commit may lie.
const NEAREST_WITHIN: usize = 50;

/// A commit that a revision names; without a repository only a whole id does.
pub(super) fn resolved(git: Option<&Git>, revision: &str) -> Result<CommitId> {
    match git {
        Some(git) => Ok(git.resolve(revision)?),
        None => CommitId::new(revision).map_err(anyhow::Error::msg),
    }
}

/// The head's own line, where the base lies on it; else the base's line and then the head.
pub(crate) fn timeline(
    world: &World,
    store: &Store,
    head: &CommitId,
    base: Option<&ChosenBase>,
    foreign: bool,
) -> Result<(Timeline, Order)> {
    let own = if foreign {
        Order::default()
    } else {
        load::order_anywhere(world, store, head)?
    };
    let line = Timeline::new(own.commits.clone());
    match base {
        Some(base) if line.place(&base.commit).is_none() => {
            let order = load::order_anywhere(world, store, &base.commit)?;
            let mut line = order.commits.clone();
            line.push(head.clone());
            Ok((Timeline::new(line), order))
        }
        _ => Ok((line, own)),
    }
}

pub(crate) fn choose_base(
    world: &World,
    store: &Store,
    args: &Args,
    head: &CommitId,
    measured: &HashSet<&CommitId>,
    notes: &mut Vec<String>,
) -> Result<Option<ChosenBase>> {
    let wanted = match (&world.git, &args.base) {
        (Some(git), _) => wanted_base(world, git, args, head)?,
        (None, Some(id)) => Some((resolved(None, id)?, "--base".to_owned())),
        (None, None) => None,
    };
    let Some((wanted, how)) = wanted else {
        return Ok(None);
    };
    if wanted == *head {
        bail!(
            "the base is the commit that is judged ({}): name another with --base",
            head.short()
        );
    }
    nearest(world, store, (wanted, how), measured, notes).map(Some)
}

/// The nearest measured commit at or before the one that is wanted.
pub(crate) fn nearest(
    world: &World,
    store: &Store,
    (wanted, how): (CommitId, String),
    measured: &HashSet<&CommitId>,
    notes: &mut Vec<String>,
) -> Result<ChosenBase> {
    let line = load::order_anywhere(world, store, &wanted)?.commits;
    let nearest = line
        .iter()
        .rev()
        .take(NEAREST_WITHIN + 1)
        .position(|commit| measured.contains(commit));
    match nearest {
        Some(0) => Ok(ChosenBase {
            commit: wanted,
            how,
            measured: true,
        }),
        Some(back) => {
            let commit = line[line.len() - 1 - back].clone();
            let commits = if back == 1 { "commit" } else { "commits" };
            let how = format!("{back} {commits} before {}, {how}", wanted.short());
            Ok(ChosenBase {
                commit,
                how,
                measured: true,
            })
        }
        None => {
            notes.push(format!("no baseline: no results at the base {} or the {NEAREST_WITHIN} commits before it; record them to judge changes", wanted.short()));
            Ok(ChosenBase {
                commit: wanted,
                how,
                measured: false,
            })
        }
    }
}

/// `--base`; on a pull request the merge ref's first parent; on a branch the merge base with the
/// default branch; on the default branch none.
pub(crate) fn wanted_base(
    world: &World,
    git: &Git,
    args: &Args,
    head: &CommitId,
) -> Result<Option<(CommitId, String)>> {
    if let Some(revision) = &args.base {
        return Ok(Some((git.resolve(revision)?, "--base".to_owned())));
    }
    let pull_request = args.commit.is_none()
        && world
            .var("GITHUB_EVENT_NAME")
            .is_some_and(|event| event.starts_with("pull_request"));
    if pull_request {
        return pull_request_base(world, git, head).map(Some);
    }
    let Some(default) = git.default_branch() else {
        return Ok(None);
    };
    let own = default.name.rsplit('/').next().unwrap_or(&default.name);
    if args.commit.is_none() && git.head_branch().as_deref() == Some(own) {
        return Ok(None);
    }
    let base = git.merge_base(head, &default.tip)?;
    Ok(base
        .filter(|base| base != head)
        .map(|base| (base, format!("merge base with {}", default.name))))
}

/// Of the merge ref its first parent. Where something else is checked out, such as the pull request's
/// own newest commit, a first parent would be the pull request itself: there it is the merge base
/// with the branch that it goes to.
fn pull_request_base(world: &World, git: &Git, head: &CommitId) -> Result<(CommitId, String)> {
    let parents = git.commit(head)?.parents;
    let is_merge_ref = match world.var("GITHUB_SHA") {
        Some(sha) => sha == head.as_str() && parents.len() != 1,
        None => parents.len() > 1,
    };
    if is_merge_ref {
        let parent = parents
            .first()
            .context("the merge commit has no parent here: check out with fetch-depth: 2")?;
        git.commit(parent).context(
            "the merge commit's first parent is not in this clone: check out with fetch-depth: 2",
        )?;
        return Ok((parent.clone(), "merge parent".to_owned()));
    }
    let named = world.var("GITHUB_BASE_REF").unwrap_or_default();
    let branches = [format!("origin/{named}"), named.to_owned()];
    let named = branches
        .iter()
        .filter(|_| !named.is_empty())
        .find_map(|branch| Some((git.resolve(branch).ok()?, branch.clone())));
    let target = named.or_else(|| git.default_branch().map(|branch| (branch.tip, branch.name)));
    let base = match &target {
        Some((tip, _)) => git.merge_base(head, tip)?,
        None => None,
    };
    match (base, target) {
        (Some(base), Some((_, branch))) => Ok((base, format!("merge base with {branch}"))),
        _ => bail!(
            "this is a pull request, and where it leaves the branch it goes to is not in this clone: check out the merge ref with fetch-depth: 2, or fetch that branch, or name the base with --base"
        ),
    }
}
