//! What is said beside the verdicts.

use crate::cli::confirm::Suspects;
use crate::cli::load::{self, Loaded};
use crate::cli::world::World;
use anyhow::Result;
use plimsoll::budget::loosened;
use plimsoll::git::Git;
use plimsoll::model::CommitId;
use plimsoll::report::text;
use plimsoll::verdict::Outcome;
use std::collections::HashSet;
use std::path::Path;

/// So many loosened limits are named.
const NAMED: usize = 20;

/// A change that also changes what judges it: nobody should have to find that out. What it loosens is
/// named one by one.
pub(crate) fn own_budgets(
    world: &World,
    git: &Git,
    base: &CommitId,
    head: &CommitId,
) -> Result<Vec<String>> {
    let folder = world.shown(&world.budgets_folder(None));
    let changed: Vec<String> = git
        .changed_paths(base, head)?
        .into_iter()
        .filter(|path| Path::new(path).starts_with(&folder) || path == "plimsoll.toml")
        .collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let (before, _) = load::budgets_in(world, git, base)?;
    let (after, _) = load::budgets_in(world, git, head)?;
    let mut said: Vec<String> = loosened(&before, &after)
        .iter()
        .map(|change| text::plain(change))
        .collect();
    let more = said.len().saturating_sub(NAMED);
    said.truncate(NAMED);
    if more > 0 {
        said.push(format!("budget changed: {more} more loosened"));
    }
    said.push(format!(
        "this change also changes what judges it: {}",
        changed.join(", ")
    ));
    Ok(said)
}

/// What was measured again, in words.
pub(super) fn confirmed(suspects: &Suspects, silent: &[String], runs: u32) -> String {
    let mut note = format!(
        "measured again, {runs} runs each, and judged together with the runs before: {}",
        suspects.listed()
    );
    if !silent.is_empty() {
        note.push_str(&format!(
            "; the command did not measure {}",
            text::plain(&silent.join(", "))
        ));
    }
    note
}

/// A label that nobody used before while others were: perhaps a slip.
fn strange_label(outcome: &Outcome, loaded: &Loaded) -> Option<String> {
    let commits = |label: &str| {
        let runs = loaded
            .runs
            .iter()
            .filter(|run| run.environment.label == label && !run.dirty);
        runs.map(|run| &run.commit).collect::<HashSet<_>>().len()
    };
    let [own] = outcome.environments.as_slice() else {
        return None;
    };
    let others: std::collections::BTreeSet<&str> = loaded
        .runs
        .iter()
        .map(|run| run.environment.label.as_str())
        .filter(|label| label != own)
        .collect();
    let busiest = others
        .into_iter()
        .max_by_key(|label| commits(label))
        .filter(|label| commits(label) > 1)?;
    (commits(own) == 1).then(|| {
        format!("this is the first commit with results of environment {own}; earlier ones are of {busiest} ({} commits): is the label right?", commits(busiest))
    })
}

/// What the reader may wonder about in the answer.
pub(super) fn of_outcome(outcome: &Outcome, loaded: &Loaded) -> Vec<String> {
    let elsewhere = (!outcome.elsewhere.is_empty()).then(|| {
        format!(
            "not judged here, since their series were measured in other environments: {}",
            outcome.elsewhere.join(", ")
        )
    });
    strange_label(outcome, loaded)
        .into_iter()
        .chain(elsewhere)
        .collect()
}

/// Runs of the commit that do not count.
pub(super) fn uncommitted(outcome: &Outcome) -> Option<String> {
    (outcome.dirty_head_runs > 0).then(|| {
        format!(
            "{} runs of this commit were recorded with uncommitted changes and are not judged",
            outcome.dirty_head_runs
        )
    })
}
