//! A check that is made to be looked into: by `accept`, `log --explain` and the self-test.

use super::args::Check as Args;
use super::check::{choose_base, timeline};
use super::load::{self, Loaded};
use super::world::World;
use anyhow::{Result, bail};
use plimsoll::budget::{Budget, Headlines, Settings};
use plimsoll::git::Git;
use plimsoll::model::CommitId;
use plimsoll::verdict::{Check, ChosenBase};
use std::collections::HashSet;
use std::path::PathBuf;

/// Budgets and results, read once, for any number of checks.
pub(crate) struct Judged<'w> {
    world: &'w World,
    pub(crate) git: &'w Git,
    settings: Settings,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) loaded: Loaded,
}

impl<'w> Judged<'w> {
    /// Reads everything that a check needs.
    pub(crate) fn open(world: &'w World, folder: Option<&PathBuf>) -> Result<Self> {
        let settings = load::settings(world)?;
        let Some((budgets, findings)) = load::budgets(world, folder)? else {
            let shown = world.shown(&world.budgets_folder(folder));
            bail!(
                "there is no budget in {}: write one, or let `plimsoll init` propose one",
                shown.display()
            );
        };
        if load::has_errors(&findings) {
            let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
            bail!("the budget files cannot be used\n\n{}", shown.join("\n\n"));
        }
        Self::by(world, settings, budgets)
    }

    /// Reads what was recorded, to be judged by these budgets and settings.
    pub(crate) fn by(world: &'w World, settings: Settings, budgets: Vec<Budget>) -> Result<Self> {
        Ok(Self {
            world,
            git: world.repository()?,
            loaded: Loaded::new(world, &settings)?,
            settings,
            budgets,
        })
    }

    /// Commits with clean results.
    pub(crate) fn measured(&self) -> HashSet<&CommitId> {
        let clean = self.loaded.runs.iter().filter(|run| !run.dirty);
        clean.map(|run| &run.commit).collect()
    }

    /// Looks at a commit as `check` does. `base`: as `check --base`; without it the default of a
    /// check of this commit. `also`: series whose values are wanted though no limit selects them.
    pub(crate) fn at<R>(
        &self,
        head: &CommitId,
        base: Option<&str>,
        env: Option<&str>,
        also: impl Fn(&plimsoll::model::SeriesKey) -> bool,
        look: impl FnOnce(&Check<'_>) -> R,
    ) -> Result<R> {
        let is_head = self.git.head().is_ok_and(|own| own == *head);
        let args = Args {
            base: base.map(str::to_owned),
            commit: (!is_head).then(|| head.as_str().to_owned()),
            ..Args::default()
        };
        let base: Option<ChosenBase> = choose_base(
            self.world,
            &self.loaded.store,
            &args,
            head,
            &self.measured(),
            &mut Vec::new(),
        )?;
        let store = &self.loaded.store;
        let (timeline, order) = timeline(self.world, store, head, base.as_ref(), false)?;
        let headlines = Headlines::new(self.loaded.series.iter().map(|row| &row.key));
        let mut columns = self.loaded.columns(|row| {
            let mut limits = self.budgets.iter().flat_map(|budget| &budget.limits);
            also(&row.key) || limits.any(|limit| limit.reads(&row.key, &headlines))
        })?;
        self.loaded.add_runs_of_steps(&mut columns, &self.budgets)?;
        let commits = load::commits(
            self.git,
            &order,
            &timeline,
            &self.loaded.runs,
            &self.budgets,
        )?;
        Ok(look(&Check {
            head,
            base: base.as_ref(),
            timeline: &timeline,
            runs: &self.loaded.runs,
            series: &self.loaded.series,
            columns: &columns,
            failures: &self.loaded.failures,
            commits: &commits,
            budgets: &self.budgets,
            retired: &self.settings.retired,
            env,
            shallow: order.gap.is_some(),
            today: load::today(self.world),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            control: plimsoll::verdict::Control::default(),
            stage: plimsoll::verdict::Stage::Only,
            memo: None,
        }))
    }
}
