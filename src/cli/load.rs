//! What `check`, `log` and `report` read: store, order of commits, budgets.

use super::world::World;
use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use plimsoll::budget::{self, Budget, Settings};
use plimsoll::diag::{Diagnostic, Severity};
use plimsoll::history::Timeline;
use plimsoll::model::{Commit, CommitId, Failure};
use plimsoll::report::build::{Project, build};
use plimsoll::report::view::ReportView;
use plimsoll::store::{Columns, RunRow, SeriesRow, Store};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The store's content, as far as a command needs it.
pub(crate) struct Loaded {
    pub(crate) store: Store,
    pub(crate) runs: Vec<RunRow>,
    pub(crate) series: Vec<SeriesRow>,
    pub(crate) failures: HashMap<i64, Vec<Failure>>,
}

impl Loaded {
    pub(crate) fn new(world: &World) -> Result<Self> {
        let store = Store::open_existing(&world.db_path())?;
        let (runs, series, failures) = (store.runs()?, store.series()?, store.failures()?);
        Ok(Self {
            store,
            runs,
            series,
            failures,
        })
    }

    /// The points of the series that are wanted; the others stay empty.
    pub(crate) fn columns(&self, wanted: impl Fn(&SeriesRow) -> bool) -> Result<Vec<Columns>> {
        let indices: Vec<usize> = (0..self.series.len())
            .filter(|&i| wanted(&self.series[i]))
            .collect();
        let ids: Vec<i64> = indices.iter().map(|&i| self.series[i].id).collect();
        let mut columns = vec![Columns::default(); self.series.len()];
        for (index, column) in indices.into_iter().zip(self.store.columns(&ids)?) {
            columns[index] = column;
        }
        Ok(columns)
    }
}

pub(crate) fn today(world: &World) -> Date {
    world.now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The budgets of a folder and the findings about them, their paths as the user knows them.
/// `None`: there is no such folder, or no file in it.
pub(crate) fn budgets(
    world: &World,
    chosen: Option<&PathBuf>,
) -> Result<Option<(Vec<Budget>, Vec<Diagnostic>)>> {
    let folder = world.budgets_folder(chosen);
    if !folder.is_dir() {
        if chosen.is_some() {
            bail!("there is no folder {}", folder.display());
        }
        return Ok(None);
    }
    let (mut budgets, mut findings) = budget::load_folder(&folder, today(world))
        .with_context(|| format!("the budgets in {} cannot be read", folder.display()))?;
    for budget in &mut budgets {
        budget.file = world.shown(&budget.file);
        for limit in &mut budget.limits {
            limit.select_at.file = world.shown(&limit.select_at.file);
            if let Some(at) = &mut limit.max_at {
                at.file = world.shown(&at.file);
            }
        }
    }
    for finding in &mut findings {
        if let Some(at) = &mut finding.source {
            at.file = world.shown(&at.file);
        }
    }
    if budgets.is_empty() && findings.is_empty() {
        return Ok(None);
    }
    Ok(Some((budgets, findings)))
}

/// The settings of the project; none where there is no `plimsoll.toml`.
pub(crate) fn settings(world: &World) -> Result<Settings> {
    let file = world.root().join("plimsoll.toml");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(e) => return Err(e).with_context(|| format!("{} cannot be read", file.display())),
    };
    let (settings, findings) = budget::parse_settings(&world.shown(&file), &text);
    match settings {
        Some(settings) => Ok(settings),
        None => {
            let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
            bail!(
                "the settings cannot be used, so nothing was judged\n\n{}",
                shown.join("\n\n")
            )
        }
    }
}

pub(crate) fn has_errors(findings: &[Diagnostic]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

/// What to write when there is no budget yet.
pub(crate) fn no_budgets(folder: &Path, series: &[SeriesRow]) -> String {
    let example = series
        .iter()
        .find(|row| row.key.metric == "time" || row.key.metric == "latency.p95")
        .or(series.first())
        .map_or_else(|| "parse".to_owned(), |row| row.key.benchmark.clone());
    let example = example.replace('\\', r"\\").replace('"', "\\\"");
    format!(
        "there is no budget in {}, so nothing can be judged; write {}/NAME.toml such as\n\n  \
         schema = 1\n  [feature]\n  name  = \"NAME\"\n  owner = \"@your-team\"\n\n  \
         [[limit]]\n  id      = \"time\"\n  select  = {{ benchmark = \"{example}\" }}\n  regress = {{ limit = \"+5%\" }}\n",
        folder.display(),
        folder.display(),
    )
}

/// The read model of the whole project at HEAD.
pub(crate) fn project(
    world: &World,
    chosen: Option<&PathBuf>,
    now: jiff::Timestamp,
) -> Result<ReportView> {
    let loaded = Loaded::new(world)?;
    let git = world.repository()?;
    let head = git.head()?;
    let (budgets, findings) = budgets(world, chosen)?.unwrap_or_default();
    if has_errors(&findings) {
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        bail!("the budget files cannot be used\n\n{}", shown.join("\n\n"));
    }
    let timeline = Timeline::new(git.first_parents(&head)?);
    let mut commits: HashMap<CommitId, Commit> = HashMap::new();
    for id in timeline.commits() {
        commits.insert(id.clone(), git.commit(id)?);
    }
    let folder = world.root();
    let folder = folder.file_name().map_or_else(
        || "project".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let columns = loaded.columns(|_| true)?;
    Ok(build(&Project {
        name: &git.project_name().unwrap_or(folder),
        branch: &git
            .head_branch()
            .unwrap_or_else(|| "detached HEAD".to_owned()),
        commit_url: git.commit_url().as_deref(),
        now,
        timeline: &timeline,
        commits: &commits,
        tags: &git.tags()?,
        runs: &loaded.runs,
        series: &loaded.series,
        columns: &columns,
        failures: &loaded.failures,
        budgets: &budgets,
        retired: &settings(world)?.retired,
        shallow: git.is_shallow(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    }))
}
