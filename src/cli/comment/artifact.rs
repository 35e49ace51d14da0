//! `plimsoll comment --from-artifact`: a fork's numbers, judged here with our own budgets.

use super::super::args::{Check, Comment as Args};
use super::super::check::{Foreign, Judged, judged};
use super::super::say;
use super::super::world::World;
use super::{Real, Told, connect, tell};
use anyhow::{Context as _, Result};
use plimsoll::git::Git;
use plimsoll::github::api::{Api, Pull};
use plimsoll::github::artifact::{self, Found};
use plimsoll::github::client::Client;
use plimsoll::github::workflow;
use plimsoll::model::{Commit, CommitId, Run};
use plimsoll::report::document::{CheckDocument, Part};
use plimsoll::report::markdown::Extras;
use plimsoll::store::{NewRun, Store};
use plimsoll::verdict::Exit;
use std::path::Path;

pub(super) fn run(world: &World, args: &Args, folder: &Path) -> Result<Exit> {
    let context = super::context(world)?;
    let finished = artifact::trusted(&context, &args.expect_workflow)?;
    let connection = connect(world, &context)?;
    let clock = Real;
    let api = Api::new(
        Client::new(&connection.octocrab, &clock),
        &context.repository,
    );
    let pull = match artifact::find_pull(&api, finished)? {
        Found::One(pull) => pull,
        Found::None(why) => {
            say(&format!("no comment: {why}"));
            return Ok(Exit::Within);
        }
    };
    let mut extras = Extras {
        foreign: Some(
            "Measured on the runner of a fork, so the numbers are its own. Judged here, with the budgets of the base branch."
                .to_owned(),
        ),
        ..Extras::default()
    };
    match artifact::changed_budgets(&api, pull.number) {
        Ok(changed) if changed.is_empty() => {}
        Ok(changed) => extras.notes.push(format!(
            "this pull request changes budgets ({}): proposed, not applied here",
            changed.join(", ")
        )),
        Err(error) => extras.notes.push(format!(
            "whether this pull request changes budgets could not be found out: {error}"
        )),
    }
    let check = guarded(|| {
        let runs = artifact::read(&world.folder.join(folder))?;
        judge(world, args, &pull, &runs)
    });
    let parts = [Part {
        name: "the artifact".to_owned(),
        check: check.map_err(|error| format!("{error:#}")),
    }];
    if let Err(why) = &parts[0].check {
        say(&workflow::log_line(why));
    }
    tell(
        world,
        args,
        Told {
            parts: &parts,
            pull: Some((pull.number, pull.head.sha)),
            run: Some(finished.run),
            extras,
        },
    )
}

/// A stranger's numbers must not take away the answer: a fault of this program in judging them is
/// told like any other trouble.
fn guarded<T>(judge: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(judge)).unwrap_or_else(|_| {
        Err(anyhow::anyhow!(
            "judging the artifact failed inside plimsoll, which is a fault of plimsoll: see the log above, and please report it"
        ))
    })
}

/// Refuses runs that stand for a commit of ours: they would mix with what we measured of it.
fn claimed(git: &Git, store: &Store, pull: &Pull, base: &CommitId, runs: &[Run]) -> Result<()> {
    let own = git.head()?;
    for run in runs {
        let claim = &run.commit;
        let here = git.commit(claim).is_ok();
        let ours = here && (git.is_ancestor(claim, base)? || git.is_ancestor(claim, &own)?);
        let known = || -> Result<bool> { Ok(store.runs()?.iter().any(|run| run.commit == *claim)) };
        if ours || (claim.as_str() != pull.head.sha && known()?) {
            anyhow::bail!(
                "the artifact is refused: its runs claim the commit {}, which is one of this repository's own and not the head {} of the pull request",
                claim.short(),
                pull.head.sha.get(..7).unwrap_or(&pull.head.sha)
            );
        }
    }
    Ok(())
}

/// Judges the runs in a copy of the history, which is thrown away.
fn judge(world: &World, args: &Args, pull: &Pull, runs: &[Run]) -> Result<CheckDocument> {
    let git = world.repository()?;
    let scratch = world
        .db_path()
        .with_file_name(format!("{}.db", super::delimiter()));
    let parent = scratch.parent().context("the database has no folder")?;
    std::fs::create_dir_all(parent)
        .with_context(|| format!("cannot create {}", parent.display()))?;
    let _removed = Scratch(scratch.clone());
    if world.db_path().exists() {
        Store::open(&world.db_path())?.copy_to(&scratch)?;
    }
    let head = runs[0].commit.clone();
    let base = match git.resolve(&pull.base.sha) {
        Ok(base) if git.commit(&base).is_ok() => base,
        _ => git.head()?,
    };
    let commit = Commit {
        id: head,
        parents: vec![base.clone()],
        subject: String::new(),
        author: String::new(),
        time: world.now,
    };
    let mut store = Store::open(&scratch)?;
    claimed(git, &store, pull, &base, runs)?;
    let new: Vec<NewRun<'_>> = runs
        .iter()
        .map(|run| NewRun { run, commit: None })
        .collect();
    store.append(&new, world.now)?;
    drop(store);
    let other = World::new(Some(world.folder.clone()), Some(scratch), true)?;
    let foreign = Foreign {
        head: commit,
        base,
        how: "base branch".to_owned(),
    };
    let options = Check {
        budgets: args.budgets.clone(),
        ..Check::default()
    };
    match judged(&other, &options, Some(&foreign))? {
        Judged::View(view, _) => Ok(CheckDocument::of(&view)?),
        Judged::Known(_) => {
            anyhow::bail!("a check of another repository's commit is never remembered")
        }
        Judged::Faults(findings) => {
            let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
            anyhow::bail!(
                "the budget files of the base branch cannot be used: {}",
                shown.join(" ")
            )
        }
    }
}

/// A file that goes away with its owner, and what SQLite keeps beside it.
struct Scratch(std::path::PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = std::fs::remove_file(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_judging_is_an_answer_too() {
        let wrong = guarded(|| -> Result<()> { std::panic::panic_any("wrong") });
        assert!(wrong.is_err_and(|e| e.to_string().contains("fault of plimsoll")));
        assert!(matches!(guarded(|| Ok(1)), Ok(1)));
    }
}
