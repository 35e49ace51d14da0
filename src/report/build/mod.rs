//! Makes the read model of a whole project from what was recorded.

mod changes;
mod series;
mod state;

use super::capacity::CapacityView;
use super::view::{CommitView, FeatureView, ReportView, SeriesView};
use crate::budget::{Budget, Headlines, Selector};
use crate::history::{Placement, Timeline};
use crate::model::{Commit, CommitId, Failure, SeriesKey};
use crate::store::{Columns, RunRow, SeriesRow};
use crate::verdict::{Check, Commits, Control, LimitVerdict, Verdict, judge};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct Project<'a> {
    /// Its name.
    pub name: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// What stands before a commit id in a link to its page.
    pub commit_url: Option<&'a str>,
    /// The moment from which relative times count.
    pub now: Timestamp,
    /// First-parent line of the branch.
    pub timeline: &'a Timeline,
    /// What is known of its commits.
    pub commits: &'a HashMap<CommitId, Commit>,
    /// Times and pinned commits, for rules over time.
    pub known: &'a Commits,
    /// Release tags by commit.
    pub tags: &'a BTreeMap<CommitId, Vec<String>>,
    /// All runs.
    pub runs: &'a [RunRow],
    /// All series.
    pub series: &'a [SeriesRow],
    /// Their points.
    pub columns: &'a [Columns],
    /// Failures by run.
    pub failures: &'a HashMap<i64, Vec<Failure>>,
    /// The budgets.
    pub budgets: &'a [Budget],
    /// Series that are no longer measured on purpose.
    pub retired: &'a [Selector],
    /// The clone is shallow.
    pub shallow: bool,
    /// Threads to use.
    pub threads: usize,
}

/// The read model of a project, all of it in memory.
#[must_use]
pub fn build(project: &Project<'_>) -> ReportView {
    let builder = Builder::new(project);
    let mut view = builder.frame();
    let indices: Vec<usize> = (0..builder.len()).collect();
    let threads = project.threads.max(1);
    let part = indices.len().div_ceil(threads).max(1);
    view.series = std::thread::scope(|scope| {
        let parts: Vec<_> = indices
            .chunks(part)
            .map(|part| {
                let builder = &builder;
                let one = |index: &usize| builder.series(*index);
                scope.spawn(move || part.iter().filter_map(one).collect::<Vec<_>>())
            })
            .collect();
        let join = |part: std::thread::ScopedJoinHandle<'_, Vec<SeriesView>>| {
            part.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        parts.into_iter().flat_map(join).collect()
    });
    view.series.sort_by(by_state);
    view
}

/// The order of the series of a view: by state, then the share of the limit that is used.
pub(super) fn by_state(a: &SeriesView, b: &SeriesView) -> std::cmp::Ordering {
    let used = |s: &SeriesView| s.used.unwrap_or(0.0);
    a.state
        .cmp(&b.state)
        .then(used(b).total_cmp(&used(a)))
        .then_with(|| a.key.cmp(&b.key))
}

/// The sweeps that a feature's limits judged, each with its milestones, soonest first.
fn sweeps(budget: &Budget, verdicts: &[LimitVerdict]) -> Vec<CapacityView> {
    let mut views: Vec<CapacityView> = Vec::new();
    for verdict in verdicts.iter().filter(|v| v.feature == budget.feature) {
        let (Some(found), Some(key)) = (&verdict.capacity, &verdict.series) else {
            continue;
        };
        let name = format!("{} · {}", verdict.limit, found.capacity.sweep.name());
        let place = match &found.older {
            Some((commit, _)) => format!("{} on {}", commit.short(), key.env),
            None => format!("on {}", key.env),
        };
        let own = views
            .iter()
            .position(|view| view.name == name && view.place == place);
        let at = own.unwrap_or_else(|| {
            views.push(CapacityView {
                name,
                place,
                capacity: found.capacity.clone(),
                milestones: Vec::new(),
                recovery: None,
            });
            views.len() - 1
        });
        views[at].milestones.extend(found.milestone.clone());
    }
    for view in &mut views {
        view.milestones.sort_by_key(|milestone| milestone.date);
    }
    views.sort_by(|a, b| (&a.name, &a.place).cmp(&(&b.name, &b.place)));
    views
}

fn feature(budget: &Budget, verdicts: &[LimitVerdict]) -> FeatureView {
    FeatureView {
        name: budget.feature.clone(),
        owner: budget.owner.clone(),
        file: budget.file.display().to_string(),
        journey: budget.journey.clone(),
        capacity: sweeps(budget, verdicts),
    }
}

fn commits(project: &Project<'_>, first: u32) -> Vec<CommitView> {
    let line = project
        .timeline
        .commits()
        .get(first as usize..)
        .unwrap_or_default();
    line.iter()
        .map(|id| {
            let known = project.commits.get(id);
            CommitView {
                id: id.as_str().to_owned(),
                subject: known.map_or_else(String::new, |c| c.subject.clone()),
                author: known.map_or_else(String::new, |c| c.author.clone()),
                time: known.map_or(Timestamp::UNIX_EPOCH, |c| c.time),
                tags: project.tags.get(id).cloned().unwrap_or_default(),
            }
        })
        .collect()
}

/// Limits that are about no series anywhere.
fn unmatched(verdicts: &[LimitVerdict]) -> Vec<String> {
    let about = |v: &LimitVerdict| v.series.is_some() || !v.members.is_empty();
    let name = |v: &LimitVerdict| format!("{}/{}", v.feature, v.limit);
    let fits: BTreeSet<String> = verdicts.iter().filter(|v| about(v)).map(name).collect();
    let missing = |v: &&LimitVerdict| v.judgement.verdict == Verdict::Missing && !about(v);
    let none: BTreeSet<String> = verdicts.iter().filter(missing).map(name).collect();
    none.difference(&fits).cloned().collect()
}

fn notes(project: &Project<'_>, placement: &Placement) -> Vec<String> {
    let mut notes = Vec::new();
    let left = placement.left_out;
    if project.shallow {
        notes.push("This clone is shallow: older results cannot be put in order. Check out with fetch-depth: 0.".to_owned());
    }
    if left.off_line > 0 {
        notes.push(format!("{} runs belong to commits that are not on this branch's first-parent line; they are kept and not drawn.", left.off_line));
    }
    if left.dirty > 0 {
        notes.push(format!(
            "{} runs were recorded with uncommitted changes; they are kept and not drawn.",
            left.dirty
        ));
    }
    notes
}

/// The state of the branch: each environment judged at its newest measured commit.
fn judge_tips(project: &Project<'_>, placement: &Placement) -> Vec<LimitVerdict> {
    let mut tips: BTreeMap<&str, u32> = BTreeMap::new();
    for (index, run) in project.runs.iter().enumerate() {
        if let Some(place) = placement.place(index) {
            let tip = tips.entry(&run.environment.label).or_insert(place);
            *tip = (*tip).max(place);
        }
    }
    let today: Date = project.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut verdicts = Vec::new();
    for (label, place) in tips {
        let Some(head) = project.timeline.at(place) else {
            continue;
        };
        let until = project.timeline.commits()[..=place as usize].to_vec();
        let outcome = judge(&Check {
            head,
            base: None,
            timeline: &Timeline::new(until),
            runs: project.runs,
            series: project.series,
            columns: project.columns,
            failures: project.failures,
            commits: project.known,
            control: Control::default(),
            budgets: project.budgets,
            retired: project.retired,
            env: Some(label),
            shallow: project.shallow,
            today,
            threads: project.threads,
            stage: crate::verdict::Stage::Only,
            memo: None,
        });
        verdicts.extend(outcome.limits);
    }
    verdicts
}

/// How long ago each environment label was last measured.
struct Silence {
    newest: HashMap<String, u32>,
}

impl Silence {
    fn new(project: &Project<'_>, placement: &Placement) -> Self {
        let mut newest: HashMap<String, u32> = HashMap::new();
        for (index, run) in project.runs.iter().enumerate() {
            if let Some(place) = placement.place(index) {
                let entry = newest.entry(run.environment.label.clone()).or_insert(place);
                *entry = (*entry).max(place);
            }
        }
        Self { newest }
    }
}

/// Makes the read model of a project series by series, so that a large one need not be in memory
/// as a whole. Making it judges the state of the branch once.
pub struct Builder<'a> {
    project: Project<'a>,
    placement: Placement,
    headlines: Headlines,
    verdicts: Vec<LimitVerdict>,
    /// The verdicts on each series, as indices.
    about: HashMap<SeriesKey, Vec<usize>>,
    silent: Silence,
    /// Place of the first measured commit.
    first: u32,
    /// Series with a point on the line, as indices into those of the project.
    drawn: Vec<usize>,
}

impl<'a> Builder<'a> {
    /// Puts the runs in order and judges each environment at its newest commit.
    #[must_use]
    pub fn new(project: &Project<'a>) -> Self {
        let placement = Placement::new(project.runs, project.timeline);
        let first = (0..project.runs.len())
            .filter_map(|i| placement.place(i))
            .min()
            .unwrap_or(0);
        let verdicts = judge_tips(project, &placement);
        let mut about: HashMap<SeriesKey, Vec<usize>> = HashMap::new();
        for (index, verdict) in verdicts.iter().enumerate() {
            // Of a family it is the largest size that a rule over sizes speaks of.
            let members = verdict.members.last();
            let mut keys: Vec<&SeriesKey> = verdict.series.iter().chain(members).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                about.entry(key.clone()).or_default().push(index);
            }
        }
        let columns = project.columns.iter().enumerate();
        Self {
            project: *project,
            headlines: Headlines::new(project.series.iter().map(|row| &row.key)),
            silent: Silence::new(project, &placement),
            drawn: columns
                .filter(|(_, columns)| placement.holds(columns))
                .map(|(index, _)| index)
                .collect(),
            placement,
            verdicts,
            about,
            first,
        }
    }

    /// Threads to use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.project.threads.max(1)
    }

    /// How many series there are to draw.
    #[must_use]
    pub fn len(&self) -> usize {
        self.drawn.len()
    }

    /// Nothing was measured on the line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.drawn.is_empty()
    }

    /// The identities of the series, in the order of [`Builder::series`].
    pub fn keys(&self) -> impl Iterator<Item = &SeriesKey> {
        let rows = self
            .drawn
            .iter()
            .filter_map(|at| self.project.series.get(*at));
        rows.map(|row| &row.key)
    }

    /// The view without its series.
    #[must_use]
    pub fn frame(&self) -> ReportView {
        let project = &self.project;
        ReportView {
            project: project.name.to_owned(),
            branch: project.branch.to_owned(),
            now: project.now,
            commits: commits(project, self.first),
            features: project
                .budgets
                .iter()
                .map(|budget| feature(budget, &self.verdicts))
                .collect(),
            series: Vec::new(),
            commit_url: project.commit_url.map(str::to_owned),
            unmatched: unmatched(&self.verdicts),
            notes: notes(project, &self.placement),
        }
    }

    /// One series, by an index below [`Builder::len`].
    #[must_use]
    pub fn series(&self, index: usize) -> Option<SeriesView> {
        let at = *self.drawn.get(index)?;
        let (row, columns) = (self.project.series.get(at)?, self.project.columns.get(at)?);
        let arranged = self.placement.arrange(row.clone(), columns);
        Some(self.view(&arranged))
    }
}
