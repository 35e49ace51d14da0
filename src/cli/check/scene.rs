//! The commit that is judged, what it is compared with and by which budgets; and the judging.

use super::base::{choose_base, nearest, resolved, timeline};
use super::judged::Foreign;
use super::notes;
use crate::cli::args::{Check as Args, Many};
use crate::cli::confirm::Suspects;
use crate::cli::load::{self, Loaded};
use crate::cli::remember::{Analyses, Asked, Place, Written};
use crate::cli::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::analysis::Memo;
use plimsoll::budget::{Budget, Headlines, Settings};
use plimsoll::git::Git;
use plimsoll::history::Timeline;
use plimsoll::ledger::order::Order;
use plimsoll::model::{Commit, CommitId};
use plimsoll::store::SeriesRow;
use plimsoll::verdict::{
    Check, ChosenBase, Commits, Control, Outcome, Stage, Verdict, find_causes, judge,
};
use std::collections::HashSet;

/// What is judged, apart from the results.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) args: &'a Args,
    pub(super) foreign: Option<&'a Foreign>,
    pub(super) budgets: Vec<Budget>,
    settings: Settings,
    pub(super) head: Commit,
    pub(super) base: Option<ChosenBase>,
    timeline: Timeline,
    pub(super) order: Order,
    /// What the anchors of the budgets name; none outside a repository.
    pub(super) anchors: Option<Commits>,
}

impl<'a> Scene<'a> {
    /// Finds the head, its base and their line of history; `notes` gets what is to be told of them.
    pub(super) fn new(
        world: &'a World,
        args: &'a Args,
        foreign: Option<&'a Foreign>,
        (budgets, settings): (Vec<Budget>, Settings),
        loaded: &Loaded,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let git = world.git.as_ref();
        let head = head(world, args, foreign)?;
        let store = &loaded.store;
        let clean = loaded.runs.iter().filter(|run| !run.dirty);
        let measured: HashSet<&CommitId> = clean.map(|run| &run.commit).collect();
        let base = match foreign {
            Some(foreign) => {
                let wanted = (foreign.base.clone(), foreign.how.clone());
                Some(nearest(world, store, wanted, &measured, notes)?)
            }
            None => choose_base(world, store, args, &head, &measured, notes)?,
        };
        let (timeline, order) = timeline(world, store, &head, base.as_ref(), foreign.is_some())?;
        let head = match (foreign, git) {
            (Some(foreign), _) => foreign.head.clone(),
            (None, Some(git)) => git.commit(&head).context("the commit cannot be read")?,
            (None, None) => {
                let recorded = order.elsewhere.get(&head).cloned();
                recorded.unwrap_or_else(|| unknown(&head))
            }
        };
        let pinned = |git| load::commits(git, &Order::default(), &timeline, &[], &budgets);
        Ok(Self {
            anchors: git.map(pinned).transpose()?,
            world,
            args,
            foreign,
            budgets,
            settings,
            head,
            base,
            timeline,
            order,
        })
    }

    fn git(&self) -> Option<&'a Git> {
        self.world.git.as_ref()
    }

    /// Where the answer to all this is kept; nowhere if not everything that it depends on is known.
    pub(super) fn place(
        &self,
        written: Written,
        loaded: &Loaded,
        notes: &[String],
    ) -> Option<(Place, Written)> {
        let whole = self.order.gap.is_none() && self.order.elsewhere.is_empty();
        let asked = Asked {
            world: self.world,
            args: self.args,
            written,
            loaded,
            head: &self.head,
            base: self.base.as_ref(),
            notes,
            timeline: &self.timeline,
            anchors: self.anchors.as_ref().filter(|_| whole)?,
        };
        Some((asked.place(), written))
    }

    /// Judges; with `--confirm` what is suspect is measured again and judged a second time.
    pub(super) fn judge(&self, loaded: &Loaded, notes: &mut Vec<String>) -> Result<Outcome> {
        let args = self.args;
        let analyses = Analyses::open(self.world, args.fresh);
        let (first, suspects);
        let outcome = if args.confirm {
            first = self.look(loaded, &analyses.memo, Stage::First)?;
            suspects = Suspects::of(&first, &loaded.runs, &self.head.id)?;
            match &suspects {
                None => first,
                Some(suspects) => {
                    let (command, name) = (&args.lab.command, args.lab.name.as_deref());
                    let silent = suspects.measure(self.world, command, name, args.runs)?;
                    let loaded = Loaded::new(self.world, &self.settings)?;
                    notes.push(notes::confirmed(suspects, &silent, args.runs));
                    self.look(&loaded, &analyses.memo, Stage::Confirmed)?
                }
            }
        } else {
            self.look(loaded, &analyses.memo, Stage::Only)?
        };
        if self.foreign.is_none() {
            analyses.keep();
        }
        Ok(outcome)
    }

    /// One look at the results that are there now.
    fn look(&self, loaded: &Loaded, memo: &Memo, stage: Stage) -> Result<Outcome> {
        let headlines = Headlines::new(loaded.series.iter().map(|row| &row.key));
        let read = |row: &SeriesRow| {
            self.budgets
                .iter()
                .flat_map(|budget| &budget.limits)
                .any(|limit| limit.reads(&row.key, &headlines))
        };
        let mut columns = loaded.columns(read)?;
        loaded.add_runs_of_steps(&mut columns, &self.budgets)?;
        let of = |git: &Git, line: &Timeline| {
            load::commits(git, &self.order, line, &loaded.runs, &self.budgets)
        };
        let commits = match (self.git(), self.foreign, &self.base) {
            (Some(git), Some(foreign), Some(_)) => {
                // This repository need not have the head.
                let line = Timeline::new(self.order.commits.clone());
                let mut commits = of(git, &line)?;
                commits
                    .times
                    .insert(self.head.id.clone(), foreign.head.time);
                commits
            }
            (Some(git), _, _) => of(git, &self.timeline)?,
            (None, _, _) => {
                let known = self.order.elsewhere.iter();
                Commits {
                    times: known
                        .map(|(id, commit)| (id.clone(), commit.time))
                        .collect(),
                    ..Commits::default()
                }
            }
        };
        let check = Check {
            head: &self.head.id,
            base: self.base.as_ref(),
            timeline: &self.timeline,
            runs: &loaded.runs,
            series: &loaded.series,
            columns: &columns,
            failures: &loaded.failures,
            commits: &commits,
            budgets: &self.budgets,
            retired: &self.settings.retired,
            env: self.args.env.as_deref(),
            shallow: self.order.gap.is_some(),
            today: load::today(self.world),
            stage,
            memo: Some(memo),
            control: match self.args.control {
                Many::Bh => Control::BenjaminiHochberg,
                Many::Holm => Control::Holm,
            },
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        };
        let mut outcome = judge(&check);
        let over: HashSet<(String, String)> = outcome
            .limits
            .iter()
            .filter(|limit| limit.judgement.verdict == Verdict::Over)
            .filter_map(|limit| limit.series.as_ref())
            .map(|key| (key.benchmark.clone(), key.env.clone()))
            .collect();
        if !over.is_empty() {
            // What moved with it may be a metric that no limit reads.
            let near =
                |row: &SeriesRow| over.contains(&(row.key.benchmark.clone(), row.key.env.clone()));
            let columns = loaded.columns(|row| read(row) || near(row))?;
            let check = Check {
                columns: &columns,
                ..check
            };
            find_causes(&check, &mut outcome.limits);
        }
        Ok(outcome)
    }

    /// A commit that git or a run file knows.
    pub(super) fn known(&self, id: &CommitId) -> Option<Commit> {
        match self.git() {
            Some(git) => self.order.commit(git, id).ok(),
            None => self.order.elsewhere.get(id).cloned(),
        }
    }

    /// That this change also changes what judges it.
    pub(super) fn own_budgets(&self) -> Result<Vec<String>> {
        let (Some(base), None, Some(git)) = (&self.base, self.foreign, self.git()) else {
            return Ok(Vec::new());
        };
        if git.commit(&base.commit).is_err() {
            return Ok(Vec::new());
        }
        notes::own_budgets(self.world, git, &base.commit, &self.head.id)
    }
}

fn head(world: &World, args: &Args, foreign: Option<&Foreign>) -> Result<CommitId> {
    match (foreign, &args.commit, &world.git) {
        (Some(foreign), _, _) => Ok(foreign.head.id.clone()),
        (None, Some(revision), git) => resolved(git.as_ref(), revision),
        (None, None, Some(git)) => Ok(git.head()?),
        (None, None, None) => bail!(
            "{} is not inside a git repository: run plimsoll inside one, or say which commit is to be judged with --commit",
            world.folder.display()
        ),
    }
}

/// A commit of which nothing but its id is known.
fn unknown(id: &CommitId) -> Commit {
    Commit {
        id: id.clone(),
        parents: Vec::new(),
        author: String::new(),
        subject: String::new(),
        time: jiff::Timestamp::UNIX_EPOCH,
    }
}
