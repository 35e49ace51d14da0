//! What `check`, `log` and `report` read: store, order of commits, budgets.

use super::say;
use super::world::World;
use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use plimsoll::budget::{self, Anchor, Budget, Settings};
use plimsoll::diag::{Diagnostic, Severity};
use plimsoll::git::{Git, Remote};
use plimsoll::history::failed::Failed;
use plimsoll::history::{Timeline, rename};
use plimsoll::ledger::order::{self, Order};
use plimsoll::model::{Commit, CommitId, Environment, Failure};
use plimsoll::report::build::{Project, build};
use plimsoll::report::view::{FeatureView, ReportView};
use plimsoll::store::{Columns, RunRow, SeriesRow, Store};
use plimsoll::verdict::{Audit, Commits};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The store's content, as far as a command needs it.
pub(crate) struct Loaded {
    pub(crate) store: Store,
    pub(crate) runs: Vec<RunRow>,
    pub(crate) series: Vec<SeriesRow>,
    pub(crate) failures: HashMap<i64, Vec<Failure>>,
    /// Rows of runs whose raw samples were dropped on purpose, ascending.
    pub(crate) thinned: Vec<i64>,
    /// The rows of the store behind each series: several where it was renamed.
    parts: Vec<Vec<i64>>,
    /// What was said while points were read.
    said: RefCell<Vec<String>>,
}

impl Loaded {
    /// Runs, series and failures, under the names by which they are known now.
    pub(crate) fn new(world: &World, settings: &Settings) -> Result<Self> {
        let store = Store::open_existing(&world.db_path())?;
        let (mut runs, series, mut failures) = (store.runs()?, store.series()?, store.failures()?);
        let thinned = store.thinned()?;
        let unused = settings.renames.unused(series.iter().map(|row| &row.key));
        for rename in unused.iter().filter(|_| !series.is_empty()) {
            say(&format!(
                "{}:{}: this [[rename]] fits nothing that was recorded: is its old name right?",
                rename.at.file.display(),
                rename.at.line
            ));
        }
        rename::runs(&mut runs, &mut failures, &settings.renames);
        let (series, parts) = rename::series(series, &settings.renames);
        Ok(Self {
            store,
            runs,
            series,
            failures,
            thinned,
            parts,
            said: RefCell::default(),
        })
    }

    /// The points of the series that are wanted, without what failed; the others stay empty.
    pub(crate) fn columns(&self, wanted: impl Fn(&SeriesRow) -> bool) -> Result<Vec<Columns>> {
        let indices: Vec<usize> = (0..self.series.len())
            .filter(|&i| wanted(&self.series[i]))
            .collect();
        let ids: Vec<i64> = indices
            .iter()
            .flat_map(|&i| self.parts[i].clone())
            .collect();
        let mut columns = vec![Columns::default(); self.series.len()];
        let mut read = self.store.columns(&ids)?.into_iter();
        let failed = Failed::new(&self.failures);
        let mut twice = 0;
        for index in indices {
            let parts: Vec<Columns> = read.by_ref().take(self.parts[index].len()).collect();
            let (joined, left) = rename::join(parts);
            columns[index] = failed.without(&self.series[index].key, joined);
            twice += left;
        }
        if twice > 0 {
            let text = format!(
                "{twice} values under an old name of a [[rename]] are not used: the same runs measured the new name"
            );
            say(&text);
            self.said.borrow_mut().push(text);
        }
        Ok(columns)
    }

    /// Adds the raw samples of these series to their points: of load steps, which have points and each
    /// of whose samples is a run.
    pub(crate) fn add_samples(
        &self,
        columns: &mut [Columns],
        wanted: impl Fn(&SeriesRow) -> bool,
    ) -> Result<()> {
        for (index, points) in columns.iter_mut().enumerate() {
            if points.is_empty() || !wanted(&self.series[index]) {
                continue;
            }
            let mut samples = BTreeMap::new();
            for part in &self.parts[index] {
                for (run, values) in self.store.samples_of(*part)? {
                    samples.entry(run).or_insert(values);
                }
            }
            let lost = points.iter().filter(|point| {
                // What a tool summed up by itself never had samples, nor has a spread as a rule.
                point.n > 1
                    && point.spread.is_some()
                    && self.thinned.binary_search(&point.run).is_ok()
            });
            for point in lost {
                samples.entry(point.run).or_insert_with(Vec::new);
            }
            *points = std::mem::take(points).with_samples(samples);
        }
        Ok(())
    }

    /// The same of all series that limits over load steps select.
    pub(crate) fn add_runs_of_steps(
        &self,
        columns: &mut [Columns],
        budgets: &[Budget],
    ) -> Result<()> {
        let limits = budgets.iter().flat_map(|budget| &budget.limits);
        let sweeps: Vec<_> = limits.filter(|limit| limit.capacity.is_some()).collect();
        let none = budget::Headlines::default();
        self.add_samples(columns, |row| {
            let mut sweeps = sweeps.iter();
            sweeps.any(|limit| limit.select.matches(&row.key, &none))
        })
    }

    /// What was said while points were read.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.borrow().clone()
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
        budget.rename(|file| world.shown(file));
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

/// The budgets of a commit, whatever the work tree holds, and the findings about them.
pub(crate) fn budgets_in(
    world: &World,
    git: &Git,
    commit: &CommitId,
) -> Result<(Vec<Budget>, Vec<Diagnostic>)> {
    let folder = world.shown(&world.budgets_folder(None));
    let files = git.files_in(commit, &folder)?;
    Ok(budget::load_files(files, today(world)))
}

/// The settings of a commit, or what is wrong with them; `None` where it has no `plimsoll.toml`.
pub(crate) fn settings_in(
    git: &Git,
    commit: &CommitId,
) -> Result<Option<Result<Settings, Vec<Diagnostic>>>> {
    let file = Path::new("plimsoll.toml");
    let Some(bytes) = git.file_in(commit, file)? else {
        return Ok(None);
    };
    let (settings, findings) = budget::parse_settings(file, &String::from_utf8_lossy(&bytes));
    Ok(Some(settings.ok_or(findings)))
}

/// Where CODEOWNERS may lie.
pub(crate) const OWNER_FILES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Everybody whom CODEOWNERS names, in lower case; `None` where there is no such file.
pub(crate) fn codeowners(world: &World) -> Option<BTreeSet<String>> {
    let text = OWNER_FILES
        .iter()
        .find_map(|place| std::fs::read_to_string(world.root().join(place)).ok())?;
    let named = |line: &str| -> Vec<String> {
        let line = line.split(" #").next().unwrap_or_default().trim();
        line.split_whitespace()
            .filter(|_| !line.starts_with('#'))
            .skip(1)
            .map(str::to_lowercase)
            .collect()
    };
    Some(text.lines().flat_map(named).collect())
}

/// Faults of the budgets that what was recorded shows, as far as there is a store and a repository, and
/// how many series they were held against.
pub(crate) fn audited(world: &World, budgets: &[Budget]) -> Result<(Vec<Diagnostic>, usize)> {
    let owners = codeowners(world);
    let settings = settings(world).ok();
    let loaded = settings.and_then(|settings| Loaded::new(world, &settings).ok());
    let headlines =
        |series: &[SeriesRow]| budget::Headlines::new(series.iter().map(|row| &row.key));
    let columns = match &loaded {
        Some(loaded) => {
            let headlines = headlines(&loaded.series);
            loaded.columns(|row| {
                let mut limits = budgets.iter().flat_map(|budget| &budget.limits);
                limits.any(|limit| limit.reads(&row.key, &headlines))
            })?
        }
        None => Vec::new(),
    };
    let commits = match (&world.git, &loaded) {
        (Some(git), Some(loaded)) => match git.head() {
            Ok(head) => {
                let timeline = Timeline::new(git.first_parents(&head)?);
                Some(self::commits(
                    git,
                    &Order::default(),
                    &timeline,
                    &loaded.runs,
                    budgets,
                )?)
            }
            Err(_) => None,
        },
        _ => None,
    };
    let series = loaded.as_ref().map_or(&[][..], |loaded| &loaded.series);
    let found = plimsoll::verdict::audit(&Audit {
        budgets,
        owners: owners.as_ref(),
        commits: commits.as_ref(),
        series,
        columns: &columns,
    });
    Ok((found, series.len()))
}

/// So many of the newest measured commits have their times read: enough for any window.
const TIMES: usize = 2_000;

/// What rules over time need to know of the commits of a line, and which anchors name none.
pub(crate) fn commits(
    git: &Git,
    order: &Order,
    timeline: &Timeline,
    runs: &[RunRow],
    budgets: &[Budget],
) -> Result<Commits> {
    let mut commits = Commits::default();
    let mut places: Vec<u32> = runs
        .iter()
        .filter(|run| !run.dirty)
        .filter_map(|run| timeline.place(&run.commit))
        .collect();
    places.sort_unstable();
    places.dedup();
    for place in places.iter().rev().take(TIMES) {
        if let Some(id) = timeline.at(*place) {
            commits.times.insert(id.clone(), order.time(git, id)?);
        }
    }
    for budget in budgets {
        for anchor in budget.limits.iter().flat_map(budget::Limit::anchors) {
            if commits.pin(&budget.file, anchor).is_some() {
                continue;
            }
            if let Some(commit) = pinned(git, timeline, &budget.file, anchor)? {
                if !places.is_empty() && is_bare(timeline, &places, anchor, &commit) {
                    let bare = (budget.file.clone(), anchor.clone());
                    commits.bare.push(bare);
                }
                let pin = (budget.file.clone(), anchor.clone(), commit);
                commits.pins.push(pin);
            }
        }
    }
    for budget in budgets {
        for own in &budget.accepted {
            let holds = |text: &str| budget::holds_acceptance(text, &own.id);
            let brought = git.brought(timeline.commits(), &budget.file, holds)?;
            let known = brought.map(|id| (budget.file.clone(), own.id.clone(), id));
            commits.accepted.extend(known);
        }
    }
    Ok(commits)
}

/// Whether nothing was measured at a tag or commit, or in the 50 commits before it.
fn is_bare(timeline: &Timeline, places: &[u32], anchor: &Anchor, commit: &CommitId) -> bool {
    let exact = matches!(anchor, Anchor::Tag(_) | Anchor::Commit(_));
    let Some(place) = timeline.place(commit).filter(|_| exact) else {
        return false;
    };
    let from = places.partition_point(|own| own + 50 < place);
    places.get(from).is_none_or(|own| *own > place)
}

/// The commit of the line that an anchor names: its own, or where its branch left the line.
pub(crate) fn pinned(
    git: &Git,
    timeline: &Timeline,
    file: &Path,
    anchor: &Anchor,
) -> Result<Option<CommitId>> {
    let line = timeline.commits();
    let named = match anchor {
        Anchor::Tag(name) => git.resolve(&format!("refs/tags/{name}")).ok(),
        Anchor::Commit(id) => git.resolve(id).ok(),
        Anchor::Date(date) => {
            let end = date.tomorrow().unwrap_or(*date);
            let end = end.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp();
            let mut fault = None;
            let at = line.partition_point(|id| match git.time(id) {
                Ok(time) => time < end,
                Err(e) => {
                    fault.get_or_insert(e);
                    false
                }
            });
            if let Some(fault) = fault {
                return Err(fault.into());
            }
            // Before the first commit: the history begins after that day.
            line.get(at.saturating_sub(1)).cloned()
        }
        Anchor::Start => git.first_with(line, file)?,
    };
    let Some(named) = named else {
        return Ok(None);
    };
    match line.last() {
        Some(tip) if timeline.place(&named).is_none() => Ok(git
            .merge_base(&named, tip)?
            .filter(|base| timeline.place(base).is_some())),
        _ => Ok(Some(named)),
    }
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
                "the settings cannot be used, so nothing was done\n\n{}",
                shown.join("\n\n")
            )
        }
    }
}

/// Label and facts of this machine: `--env`, else `[env] label` of the settings, else what the machine
/// tells.
pub(crate) fn environment(world: &World, label: Option<&str>) -> Result<Environment> {
    Ok(match label {
        Some(label) => world.environment(Some(label)),
        None => world.environment(settings(world)?.label.as_deref()),
    })
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

/// The first-parent history of a commit, beyond the end of a shallow clone; where there is no
/// repository as far as recorded commits tell it.
pub(crate) fn order_anywhere(world: &World, store: &Store, tip: &CommitId) -> Result<Order> {
    match &world.git {
        Some(git) => order(world, git, store, tip),
        None => Ok(order::without_repository(tip, store.commits()?)),
    }
}

/// The first-parent history of a commit, beyond the end of a shallow clone.
pub(crate) fn order(world: &World, git: &Git, store: &Store, tip: &CommitId) -> Result<Order> {
    let remote = if git.is_shallow() {
        Remote::named(git, "origin", &world.vars).ok()
    } else {
        None
    };
    let recorded = || store.commits().unwrap_or_default();
    let folder = git.common_dir().join("plimsoll").join("sync");
    Ok(order::first_parents(
        git,
        tip,
        remote.as_ref(),
        recorded,
        &folder,
    )?)
}

/// The read model of the whole project at HEAD.
pub(crate) fn project(
    world: &World,
    chosen: Option<&PathBuf>,
    now: jiff::Timestamp,
) -> Result<ReportView> {
    with_project(world, chosen, now, |project| Ok(build(project)))
}

/// The read model of a repository in which nothing was recorded yet; `None` where there is a database,
/// or where one was named.
pub(crate) fn nothing_measured(
    world: &World,
    chosen: Option<&PathBuf>,
    now: jiff::Timestamp,
) -> Result<Option<ReportView>> {
    let Some(git) = &world.git else {
        return Ok(None);
    };
    if world.names_database() || world.db_path().exists() {
        return Ok(None);
    }
    let budgets = usable_budgets(world, chosen)?;
    let feature = |budget: &Budget| FeatureView {
        name: budget.feature.clone(),
        owner: budget.owner.clone(),
        file: budget.file.display().to_string(),
        journey: budget.journey.clone(),
        capacity: Vec::new(),
    };
    Ok(Some(ReportView {
        project: project_name(world, git),
        branch: git.head_branch().unwrap_or_default(),
        now,
        commits: Vec::new(),
        features: budgets.iter().map(feature).collect(),
        series: Vec::new(),
        commit_url: git.commit_url(),
        unmatched: Vec::new(),
        notes: Vec::new(),
    }))
}

/// The budgets; a fault in them is an error.
fn usable_budgets(world: &World, chosen: Option<&PathBuf>) -> Result<Vec<Budget>> {
    let (budgets, findings) = budgets(world, chosen)?.unwrap_or_default();
    if has_errors(&findings) {
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        bail!("the budget files cannot be used\n\n{}", shown.join("\n\n"));
    }
    Ok(budgets)
}

fn project_name(world: &World, git: &Git) -> String {
    let folder = world.root();
    let folder = folder.file_name().map_or_else(
        || "project".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    git.project_name().unwrap_or(folder)
}

/// What the read model of the whole project at HEAD is made of.
pub(crate) fn with_project<T>(
    world: &World,
    chosen: Option<&PathBuf>,
    now: jiff::Timestamp,
    make: impl FnOnce(&Project<'_>) -> Result<T>,
) -> Result<T> {
    let settings = settings(world)?;
    let loaded = Loaded::new(world, &settings)?;
    let git = world.repository()?;
    let head = git.head()?;
    let budgets = usable_budgets(world, chosen)?;
    let order = order(world, git, &loaded.store, &head)?;
    let timeline = Timeline::new(order.commits.clone());
    let known = self::commits(git, &order, &timeline, &loaded.runs, &budgets)?;
    let mut commits: HashMap<CommitId, Commit> = HashMap::new();
    for id in timeline.commits() {
        commits.insert(id.clone(), order.commit(git, id)?);
    }
    let mut columns = loaded.columns(|_| true)?;
    loaded.add_runs_of_steps(&mut columns, &budgets)?;
    make(&Project {
        name: &project_name(world, git),
        branch: &git
            .head_branch()
            .unwrap_or_else(|| "detached HEAD".to_owned()),
        commit_url: git.commit_url().as_deref(),
        now,
        timeline: &timeline,
        commits: &commits,
        known: &known,
        tags: &git.tags()?,
        runs: &loaded.runs,
        series: &loaded.series,
        columns: &columns,
        failures: &loaded.failures,
        budgets: &budgets,
        retired: &settings.retired,
        shallow: order.gap.is_some(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    })
}
