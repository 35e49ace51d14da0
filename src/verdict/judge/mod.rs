//! One check: every limit of every budget on every series it selects.

mod acceptance;
mod bench;
mod blame;
mod capacity;
mod causes;
mod explain;
mod family;
mod guard;
mod level;
mod many;
mod ratchet;
mod series;
mod trend;

pub(crate) use acceptance::{accept, is_about};
pub(super) use bench::{blank, unjudged};
pub use causes::{Cause, find_causes};
pub(super) use causes::{EXPLAINED, most_telling, tells_the_same};
pub use explain::{BaseFacts, ContrastFacts, Explained, Pooled, explain};
pub(super) use family::{no_sizes, size_of, slices_without_series, too_few_sizes};
pub(super) use level::not_deterministic;
pub(super) use many::sort_worst_first;
pub use ratchet::Tightening;

use super::select::{EXPECTED_WITHIN, Pair, recent_runs, select};
use super::{KnownChange, LeftOut, LimitVerdict, Record};
use crate::analysis::Memo;
use crate::budget::{Anchor, Budget, Limit, Selector};
use crate::diag::Diagnostic;
use crate::history::{Placement, Timeline};
use crate::model::{CommitId, Failure, SeriesKey};
use crate::stats::{benjamini_hochberg, holm};
use crate::store::{Columns, RunRow, SeriesRow};
use bench::{Bench, JudgedBase, Judging, added, days, is_counter};
use jiff::Timestamp;
use jiff::civil::Date;
use many::{Controlling, control_many, in_threads};
use series::Failed;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What a change is judged against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenBase {
    /// The commit.
    pub commit: CommitId,
    /// How it was chosen, in words.
    pub how: String,
    /// Whether it has results. Without any there is nothing to compare with, and nothing is
    /// inherited: older results tell too little of it.
    pub measured: bool,
}

/// Everything that a check looks at.
#[derive(Clone, Copy)]
pub struct Check<'a> {
    /// The commit that is judged.
    pub head: &'a CommitId,
    /// What it is judged against; `None` judges the state of a branch.
    pub base: Option<&'a ChosenBase>,
    /// First-parent line that ends with the head and holds the base.
    pub timeline: &'a Timeline,
    /// All runs of the store.
    pub runs: &'a [RunRow],
    /// All series of the store.
    pub series: &'a [SeriesRow],
    /// Their points, as long as `series`; those that no limit selects may be empty.
    pub columns: &'a [Columns],
    /// Benchmarks that gave no result, by run row.
    pub failures: &'a HashMap<i64, Vec<Failure>>,
    /// What is known of the commits.
    pub commits: &'a Commits,
    /// The budgets.
    pub budgets: &'a [Budget],
    /// Series that are no longer measured on purpose.
    pub retired: &'a [Selector],
    /// Judge only this environment label.
    pub env: Option<&'a str>,
    /// The clone is shallow: history before its cut is not known.
    pub shallow: bool,
    /// Today, for acceptances that end.
    pub today: Date,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// How false alarms are held down over all rules.
    pub control: Control,
    /// Whether suspects are measured again.
    pub stage: Stage,
    /// What was analysed in earlier checks; it saves work and changes nothing.
    pub memo: Option<&'a Memo>,
}

/// Where a check stands in a two-stage confirmation. The level of 5 % is split between the stages,
/// so that looking twice does not make a false alarm likelier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// One look.
    #[default]
    Only,
    /// The first of two: over at 1 %, else a suspect.
    First,
    /// The second, after the suspects were measured again: over at 4 %.
    Confirmed,
}

impl Stage {
    /// The level at which over is decided, after control over many series.
    #[must_use]
    pub fn alpha(self) -> f64 {
        match self {
            Self::Only => super::rules::ALPHA,
            Self::First => 0.01,
            Self::Confirmed => super::rules::ALPHA - 0.01,
        }
    }
}

/// Control over all tests of a check, on the failing side; passing needs none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Control {
    /// The false discovery rate (Benjamini & Hochberg 1995).
    #[default]
    BenjaminiHochberg,
    /// The chance of any false alarm (Holm 1979).
    Holm,
}

impl Control {
    fn adjusted(self, p: &[f64]) -> Vec<f64> {
        match self {
            Self::BenjaminiHochberg => benjamini_hochberg(p),
            Self::Holm => holm(p),
        }
    }
}

/// What rules over time need to know of commits.
#[derive(Debug, Clone, Default)]
pub struct Commits {
    /// When each was committed; those of measured commits suffice.
    pub times: HashMap<CommitId, Timestamp>,
    /// The commits that anchors name, by budget file; those that name none are left out.
    pub pins: Vec<(PathBuf, Anchor, CommitId)>,
    /// The commits that added acceptances, by budget file and id; those that are not committed are
    /// left out.
    pub accepted: Vec<(PathBuf, String, CommitId)>,
    /// Tags and commits among them with no results at them or in the 50 commits before.
    pub bare: Vec<(PathBuf, Anchor)>,
}

impl Commits {
    /// The commit that an anchor of a budget file names.
    #[must_use]
    pub fn pin(&self, file: &Path, anchor: &Anchor) -> Option<&CommitId> {
        self.pins
            .iter()
            .find(|(own, pinned, _)| own == file && pinned == anchor)
            .map(|(_, _, commit)| commit)
    }

    /// The commit that added an acceptance to a budget file.
    #[must_use]
    pub fn accepted(&self, file: &Path, id: &str) -> Option<&CommitId> {
        self.accepted
            .iter()
            .find(|(own, known, _)| own == file && known == id)
            .map(|(_, _, commit)| commit)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Every rule of every limit on every series, worst first.
    pub limits: Vec<LimitVerdict>,
    /// Faults of budgets that only data shows.
    pub findings: Vec<Diagnostic>,
    /// Change points of judged series, newest first.
    pub changes: Vec<KnownChange>,
    /// Limits, as `FEATURE/LIMIT`, that were not judged because their series belong to other
    /// environments than the head's runs.
    pub elsewhere: Vec<String>,
    /// Rules that a paired check could not judge although their series were measured.
    pub left_out: Vec<LeftOut>,
    /// Labels of the head's runs.
    pub environments: Vec<String>,
    /// Names of the machines of the head's runs.
    pub machines: Vec<String>,
    /// Clean runs of the head.
    pub head_runs: usize,
    /// Runs of the head with uncommitted changes.
    pub dirty_head_runs: usize,
    /// Limits with a `ratchet` that can be tighter.
    pub tightenings: Vec<Tightening>,
}

/// Judges a commit. Deterministic: the same data give the same outcome whatever the threads.
#[must_use]
pub fn judge(check: &Check<'_>) -> Outcome {
    judge_controlled(check).0
}

/// The same with what the control over all rules used.
fn judge_controlled(check: &Check<'_>) -> (Outcome, Controlling) {
    let mut outcome = Outcome::default();
    let mut looked = None;
    with_judging(check, &mut outcome, |judging, pairs| {
        looked = Some(look(judging, pairs));
    });
    let looked = looked.unwrap_or_default();
    outcome.limits.extend(looked.limits);
    outcome.findings.extend(looked.findings);
    outcome.changes = looked.changes;
    let controlling = control_many(&mut outcome.limits, looked.record, check);
    guard::no_improvement_behind_broken_guards(&mut outcome.limits);
    family::mark_slices(&mut outcome.limits, check.budgets);
    outcome.tightenings = ratchet::tightenings(check, &outcome, &looked.needs);
    sort_worst_first(&mut outcome.limits);
    outcome.changes.sort_by(|a, b| {
        a.points_ago
            .cmp(&b.points_ago)
            .then_with(|| a.series.cmp(&b.series))
    });
    (outcome, controlling)
}

/// What the rules say one by one, before control over all of them.
#[derive(Default)]
struct Looked {
    limits: Vec<LimitVerdict>,
    findings: Vec<Diagnostic>,
    changes: Vec<KnownChange>,
    record: Record,
    needs: Vec<ratchet::Need>,
}

fn look(judging: &Judging<'_, '_>, pairs: &[Pair<'_>]) -> Looked {
    let check = judging.check;
    let families = judging.families(pairs);
    let mut looked = Looked {
        limits: families.limits,
        findings: families.findings,
        ..Looked::default()
    };
    let mut limits: Vec<&Limit> = Vec::new();
    for pair in pairs {
        if !limits.iter().any(|known| std::ptr::eq(*known, pair.limit)) {
            limits.push(pair.limit);
        }
    }
    for limit in limits.into_iter().filter(|limit| !limit.slices.is_empty()) {
        let own = pairs
            .iter()
            .filter(|pair| std::ptr::eq(pair.limit, limit))
            .map(|pair| &check.series[pair.series].key);
        let own: Vec<&SeriesKey> = own.collect();
        looked.findings.extend(slices_without_series(limit, &own));
    }
    let mut by_series: HashMap<usize, Vec<Pair<'_>>> = HashMap::new();
    for pair in pairs {
        by_series.entry(pair.series).or_default().push(*pair);
    }
    let mut work: Vec<(usize, Vec<Pair<'_>>)> = by_series.into_iter().collect();
    work.sort_by_key(|(series, _)| *series);
    let results = in_threads(&work, check.threads, |(series, pairs)| {
        judging.series(*series, pairs)
    });
    for judged in results {
        looked.needs.extend(judged.needs);
        looked.limits.extend(judged.limits);
        looked.changes.extend(judged.changes);
        looked.record.add(&judged.record);
    }
    looked.limits.extend(judging.failed_and_never_seen());
    looked.limits.extend(judging.silent(pairs));
    looked
}

/// Whether a limit judges a series, and does not only compare others with it.
fn is_compared(check: &Check<'_>, pair: &Pair<'_>) -> bool {
    let tags = &check.series[pair.series].key.tags;
    let versus = pair.limit.versus.as_ref();
    versus.is_none_or(|slice| tags.get(&slice.tag) != Some(&slice.value))
}

/// Prepares a check and hands it over with all pairs of limit and series, unless the head has no
/// clean results; what is known before any rule is put into `outcome`.
fn with_judging(
    check: &Check<'_>,
    outcome: &mut Outcome,
    judged: impl FnOnce(&Judging<'_, '_>, &[Pair<'_>]),
) {
    let at_head = |run: &&RunRow| {
        run.commit == *check.head && check.env.is_none_or(|env| env == run.environment.label)
    };
    let head_runs: Vec<&RunRow> = check.runs.iter().filter(at_head).collect();
    let (dirty, clean): (Vec<&RunRow>, Vec<&RunRow>) =
        head_runs.into_iter().partition(|run| run.dirty);
    outcome.head_runs = clean.len();
    outcome.dirty_head_runs = dirty.len();
    let labels: BTreeSet<&str> = clean
        .iter()
        .map(|run| run.environment.label.as_str())
        .collect();
    let machines: BTreeSet<&str> = clean.iter().map(|run| run.environment.stratum()).collect();
    outcome.environments = labels.iter().map(ToString::to_string).collect();
    outcome.machines = machines
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let Some(head_place) = check.timeline.place(check.head) else {
        return;
    };
    if clean.is_empty() {
        return;
    }
    let mut placement = Placement::new(check.runs, check.timeline);
    let selection = select(check, &labels, &placement);
    outcome.elsewhere = selection.elsewhere;
    for (budget, limit, finding) in selection.misfits {
        outcome.limits.push(unjudged(budget, limit, &finding));
        outcome.findings.push(finding);
    }
    let base_end = check
        .base
        .and_then(|base| check.timeline.place(&base.commit))
        .map_or(head_place, |place| (place + 1).min(head_place));
    let groups: HashSet<(String, String)> = clean
        .iter()
        .map(|run| (run.environment.label.clone(), run.suite.clone()))
        .collect();
    let before = |within| recent_runs(check.runs, &placement, base_end, &groups, within);
    let recent = before(EXPECTED_WITHIN);
    let ever = before(usize::MAX);
    if check.base.is_some_and(|base| !base.measured) {
        placement.leave_out_before(base_end);
    }
    let judging = Judging {
        check,
        placement: &placement,
        days: days(check),
        head_place,
        base_end,
        recent,
        ever,
        failed: Failed::of(check, &clean),
        order_unknown: check.shallow && placement.left_out.off_line > 0,
        compared: selection
            .pairs
            .iter()
            .filter(|pair| is_compared(check, pair))
            .count(),
        by_key: OnceLock::new(),
    };
    for sweep in &selection.sweeps {
        outcome.limits.extend(judging.capacity(sweep));
    }
    judged(&judging, &selection.pairs);
}

#[cfg(test)]
mod tests;
