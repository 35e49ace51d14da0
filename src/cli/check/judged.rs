//! From what was recorded to the verdicts.

use super::notes;
use super::scene::Scene;
use crate::cli::args::Check as Args;
use crate::cli::load::{self, Loaded};
use crate::cli::remember::{Answer, Place, Written};
use crate::cli::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::diag::Diagnostic;
use plimsoll::model::{Commit, CommitId};
use plimsoll::report::check::CheckView;
use plimsoll::report::ratchet::RatchetView;
use plimsoll::verdict::{self, Audit, Outcome, Summary};

/// A commit that this repository need not have, such as a fork's.
pub(crate) struct Foreign {
    pub(crate) head: Commit,
    pub(crate) base: CommitId,
    /// How the base was chosen.
    pub(crate) how: String,
}

/// What came of judging.
pub(crate) enum Judged {
    /// The budget files hold faults, so nothing was judged.
    Faults(Vec<Diagnostic>),
    /// What an earlier check of the same answered.
    Known(Answer),
    /// Everything.
    View(Box<CheckView>, Keep),
}

/// What is kept of an answer.
#[derive(Default)]
pub(crate) struct Keep {
    /// What was said beside it.
    pub(super) said: Vec<String>,
    /// Where it is kept, and the files as they were before anything was read.
    pub(super) place: Option<(Place, Written)>,
}

/// Judges one commit; what an earlier check of the very same answered is not judged again.
pub(crate) fn judged(world: &World, args: &Args, foreign: Option<&Foreign>) -> Result<Judged> {
    // Before anything is read, so that a file which changes meanwhile is noticed.
    let plain = foreign.is_none() && !args.confirm && !args.ratchet;
    let written = plain.then(|| Written::now(world, args)).flatten();
    let read = load::budgets(world, args.budgets.as_ref())?;
    if let Some((budgets, findings)) = &read
        && load::has_errors(findings)
    {
        let mut findings = findings.clone();
        findings.extend(load::audited(world, budgets)?.0);
        return Ok(Judged::Faults(findings));
    }
    let settings = load::settings(world)?;
    let loaded = Loaded::new(world, &settings);
    let Some((budgets, warnings)) = read else {
        let folder = world.shown(&world.budgets_folder(args.budgets.as_ref()));
        let series = loaded.as_ref().map(|loaded| loaded.series.as_slice());
        bail!(load::no_budgets(&folder, series.unwrap_or_default()));
    };
    let loaded = loaded?;
    let mut notes = Vec::new();
    let scene = Scene::new(
        world,
        args,
        foreign,
        (budgets, settings),
        &loaded,
        &mut notes,
    )?;
    let place = written.and_then(|written| scene.place(written, &loaded, &notes));
    if let Some((place, _)) = place.as_ref().filter(|_| !args.fresh)
        && let Some(known) = place.find()
    {
        return Ok(Judged::Known(known));
    }
    let outcome = scene.judge(&loaded, &mut notes)?;
    let view = view(scene, outcome, &loaded, (warnings, notes))?;
    let said = loaded.said();
    Ok(Judged::View(Box::new(view), Keep { said, place }))
}

/// The verdicts with everything that is told beside them.
fn view(
    scene: Scene<'_>,
    mut outcome: Outcome,
    loaded: &Loaded,
    (mut warnings, mut notes): (Vec<Diagnostic>, Vec<String>),
) -> Result<CheckView> {
    let (world, args, budgets) = (scene.world, scene.args, &scene.budgets);
    let owners = load::codeowners(world);
    let known = Audit {
        budgets,
        owners: owners.as_ref(),
        commits: scene.anchors.as_ref(),
        series: &loaded.series,
        columns: &[],
    };
    let today = load::today(world);
    warnings.extend(verdict::owners(&known));
    outcome.findings.extend(verdict::anchors(&known));
    warnings.extend(verdict::unused_acceptances(budgets, &outcome.limits, today));
    warnings.extend(verdict::broken_acceptances(budgets, &outcome.limits, today));
    refuse_without_results(&outcome, &scene.head.id, args)?;
    // The budgets of a fork's change are not files of this repository.
    let ratchet = match scene.foreign {
        None => proposed(world, &outcome)?,
        Some(_) => RatchetView::default(),
    };
    for limit in &mut outcome.limits {
        let commit = limit.introduced_by.as_ref();
        let commit = commit.filter(|id| **id != scene.head.id);
        limit.introduced_subject = commit
            .and_then(|id| scene.known(id))
            .map(|commit| commit.subject);
    }
    notes.splice(0..0, scene.own_budgets()?);
    notes.extend(notes::of_outcome(&outcome, loaded));
    notes.extend(scene.order.gap.clone());
    notes.extend(notes::uncommitted(&outcome));
    let summary = Summary::new(&outcome.limits, args.strict, !outcome.findings.is_empty());
    Ok(CheckView {
        budgets: budgets.len(),
        head: scene.head,
        base: scene.base,
        outcome,
        summary,
        warnings,
        notes,
        ratchet,
        seconds: None,
        paired: None,
    })
}

/// Tighter limits, as a patch of the budget files as they are now.
fn proposed(world: &World, outcome: &Outcome) -> Result<RatchetView> {
    let mut files = Vec::new();
    for tighter in &outcome.tightenings {
        let file = &tighter.at.file;
        let text = std::fs::read_to_string(world.root().join(file))
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let name = file.to_string_lossy().replace('\\', "/");
        files.push((tighter, name, text));
    }
    Ok(RatchetView::new(&outcome.tightenings, &files))
}

fn refuse_without_results(outcome: &Outcome, head: &CommitId, args: &Args) -> Result<()> {
    if outcome.head_runs == 0 {
        let env = args
            .env
            .as_ref()
            .map_or_else(String::new, |env| format!(" in environment {env}"));
        if outcome.dirty_head_runs > 0 {
            bail!(
                "{} has only results recorded with uncommitted changes{env}: commit, then record again",
                head.short()
            );
        }
        bail!(
            "no results for {}{env}: record some with `plimsoll record`",
            head.short()
        );
    }
    if outcome.limits.is_empty() {
        bail!(
            "nothing to judge: no limit selects a series of {} (environments {})",
            head.short(),
            outcome.environments.join(", ")
        );
    }
    Ok(())
}
