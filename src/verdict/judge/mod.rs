//! One check: every limit of every budget on every series it selects.

mod acceptance;
mod blame;
mod family;
mod ratchet;
mod trend;

pub(crate) use acceptance::{accept, is_about};
pub use ratchet::Tightening;

use blame::Seen;

use super::select::{Pair, recent_runs, select};
use super::{
    Head, Judgement, KnownChange, LeftOut, LimitVerdict, Reason, Record, Tail, Verdict, judge_max,
    judge_regress,
};
use crate::analysis::{Analysis, Base, analyse, analyse_points, points_on_new_machine, suspects};
use crate::budget::{Anchor, Budget, Consequence, Headlines, Kind, Limit, Rule, Selector};
use crate::detect::{ChangePoint, Scale};
use crate::diag::Diagnostic;
use crate::history::{Placement, Point, Series, Timeline};
use crate::model::{CommitId, Direction, Failure, Unit};
use crate::stats::{benjamini_hochberg, holm, median};
use crate::store::{Columns, RunRow, SeriesRow};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// What a change is judged against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenBase {
    /// The commit.
    pub commit: CommitId,
    /// How it was chosen, in words.
    pub how: String,
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
    let mut outcome = Outcome::default();
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
        return outcome;
    };
    if clean.is_empty() {
        return outcome;
    }
    let selection = select(check, &labels);
    outcome.elsewhere = selection.elsewhere;
    for (budget, limit, finding) in selection.misfits {
        outcome.limits.push(unjudged(budget, limit, &finding));
        outcome.findings.push(finding);
    }
    let base_end = check
        .base
        .and_then(|base| check.timeline.place(&base.commit))
        .map_or(head_place, |place| (place + 1).min(head_place));
    let placement = Placement::new(check.runs, check.timeline);
    let groups: HashSet<(String, String)> = clean
        .iter()
        .map(|run| (run.environment.label.clone(), run.suite.clone()))
        .collect();
    let judging = Judging {
        check,
        placement: &placement,
        days: days(check),
        head_place,
        base_end,
        recent: recent_runs(check.runs, &placement, base_end, &groups),
        failed: failed_benchmarks(check, &clean),
        order_unknown: check.shallow && placement.left_out.off_line > 0,
        compared: selection.pairs.len(),
    };
    let families = judging.families(&selection.pairs);
    outcome.limits.extend(families.limits);
    outcome.findings.extend(families.findings);
    outcome.findings.extend(family::slices_without_series(
        &selection.pairs,
        check.series,
    ));
    let mut by_series: HashMap<usize, Vec<Pair<'_>>> = HashMap::new();
    for pair in selection.pairs {
        by_series.entry(pair.series).or_default().push(pair);
    }
    let mut work: Vec<(usize, Vec<Pair<'_>>)> = by_series.into_iter().collect();
    work.sort_by_key(|(series, _)| *series);
    let results = in_threads(&work, check.threads, |(series, pairs)| {
        judging.series(*series, pairs)
    });
    let mut record = Record::default();
    let mut needs = Vec::new();
    for judged in results {
        needs.extend(judged.needs);
        outcome.limits.extend(judged.limits);
        outcome.changes.extend(judged.changes);
        record.add(&judged.record);
    }
    outcome.limits.extend(judging.failed_and_never_seen());
    control_many(&mut outcome.limits, record, check);
    family::mark_slices(&mut outcome.limits, check.budgets);
    outcome.tightenings = ratchet::tightenings(check, &outcome, &needs);
    sort_worst_first(&mut outcome.limits);
    outcome.changes.sort_by(|a, b| {
        a.points_ago
            .cmp(&b.points_ago)
            .then_with(|| a.series.cmp(&b.series))
    });
    outcome
}

/// Runs `job` over `work` in a few threads; the results keep the order of the work.
fn in_threads<W: Sync, R: Send>(
    work: &[W],
    threads: usize,
    job: impl Fn(&W) -> R + Sync,
) -> Vec<R> {
    let size = work.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let handles: Vec<_> = work
            .chunks(size)
            .map(|chunk| scope.spawn(|| chunk.iter().map(&job).collect::<Vec<R>>()))
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| match handle.join() {
                Ok(results) => results,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

/// Asks the tail of all judged histories how rare each head is, then controls over all tests
/// (Benjamini–Hochberg): an over that does not survive is a suspect.
fn control_many(limits: &mut [LimitVerdict], record: Record, check: &Check<'_>) {
    let (alpha, control) = (check.stage.alpha(), check.control);
    let asked: HashSet<_> = limits
        .iter()
        .filter(|limit| limit.judgement.outlying.is_some())
        .filter_map(|limit| limit.series.as_ref())
        .collect();
    let tail = Tail::fit(record, asked.len());
    let mut tested = Vec::new();
    let (mut p, mut outlier) = (Vec::new(), Vec::new());
    for (index, limit) in limits.iter().enumerate() {
        let found = &limit.judgement;
        if let Some(own) = found.p {
            tested.push(index);
            p.push(found.outlying.map_or(own, |z| own.max(tail.p(z))));
            outlier.push(found.outlying.map_or(0.0, |z| tail.conformal_p(z)));
        }
    }
    let (p, outlier) = (control.adjusted(&p), control.adjusted(&outlier));
    for ((index, p), outlier) in tested.into_iter().zip(p).zip(outlier) {
        limits[index].p_adjusted = Some(p.max(outlier));
        let proven = p <= alpha && outlier <= super::rules::ALPHA;
        if limits[index].judgement.is_over_by_test() && !proven {
            limits[index].judgement.demote();
        }
    }
}

pub(super) fn sort_worst_first(limits: &mut [LimitVerdict]) {
    limits.sort_by(|a, b| {
        let suspect = |v: &LimitVerdict| v.judgement.reason == Some(Reason::Suspect);
        b.judgement
            .verdict
            .cmp(&a.judgement.verdict)
            .then_with(|| suspect(b).cmp(&suspect(a)))
            .then_with(|| b.used.unwrap_or(0.0).total_cmp(&a.used.unwrap_or(0.0)))
            .then_with(|| {
                (&a.feature, &a.limit, &a.series, a.rule)
                    .cmp(&(&b.feature, &b.limit, &b.series, b.rule))
            })
    });
}

pub(super) fn blank(budget: &Budget, limit: &Limit, judgement: Judgement) -> LimitVerdict {
    LimitVerdict {
        feature: budget.feature.clone(),
        limit: limit.id.clone(),
        rule: None,
        owner: budget.owner.clone(),
        kind: limit.kind,
        on_unproven: limit.unproven,
        on_missing: limit.missing,
        series: None,
        unit: Unit::Other(String::new()),
        direction: limit.direction.unwrap_or(Direction::Lower),
        judgement,
        p_adjusted: None,
        value: None,
        runs: 0,
        pairs: None,
        limit_value: None,
        allowed: None,
        used: None,
        new_machine: false,
        suspects: Vec::new(),
        introduced_by: None,
        introduced_subject: None,
        accepted: None,
        members: Vec::new(),
        against: None,
        interval: None,
        slice: None,
        exhausted: None,
        trend: Vec::new(),
    }
}

/// A limit that cannot be applied is no pass, whatever `missing` says.
pub(super) fn unjudged(budget: &Budget, limit: &Limit, finding: &Diagnostic) -> LimitVerdict {
    let reason = if finding.code == "matches-nothing" {
        Reason::MatchesNothing
    } else {
        Reason::Misfit
    };
    let verdict = blank(budget, limit, Judgement::bare(Verdict::Missing, reason));
    LimitVerdict {
        on_missing: Consequence::Fail,
        kind: Kind::Symptom,
        ..verdict
    }
}

/// Benchmarks whose newest word at the head is a failure, with what the tool said.
fn failed_benchmarks(check: &Check<'_>, clean: &[&RunRow]) -> HashMap<String, String> {
    let mut failed = HashMap::new();
    for run in clean {
        for failure in check.failures.get(&run.id).into_iter().flatten() {
            failed.insert(failure.benchmark.clone(), (run.id, failure.reason.clone()));
        }
    }
    let measured_since = |benchmark: &str, failed_in: i64| {
        let mut rows = check
            .series
            .iter()
            .zip(check.columns)
            .filter(|(row, _)| row.key.benchmark == benchmark);
        rows.any(|(_, columns)| {
            clean
                .iter()
                .any(|run| run.id > failed_in && columns.runs.binary_search(&run.id).is_ok())
        })
    };
    failed
        .into_iter()
        .filter(|(benchmark, (run, _))| !measured_since(benchmark, *run))
        .map(|(benchmark, (_, reason))| (benchmark, reason))
        .collect()
}

/// What one series gave.
#[derive(Default)]
struct JudgedSeries {
    limits: Vec<LimitVerdict>,
    changes: Vec<KnownChange>,
    record: Record,
    needs: Vec<ratchet::Need>,
}

fn days(check: &Check<'_>) -> Vec<f64> {
    let times = &check.commits.times;
    if times.is_empty() {
        return Vec::new();
    }
    let day = |commit: &CommitId| {
        times
            .get(commit)
            .map_or(f64::NAN, |time| time.as_second() as f64 / 86_400.0)
    };
    check.timeline.commits().iter().map(day).collect()
}

struct Judging<'a, 'c> {
    check: &'c Check<'a>,
    placement: &'c Placement,
    /// When the commit of each place was made, in days; NaN where that is not known.
    days: Vec<f64>,
    head_place: u32,
    /// Place after the base's commit; the head's own without a base.
    base_end: u32,
    recent: HashSet<i64>,
    failed: HashMap<String, String>,
    order_unknown: bool,
    /// Series that are judged in this check, as often as limits select them.
    compared: usize,
}

/// A series at the moment of judging.
struct Bench<'s> {
    series: &'s Series,
    base_points: &'s [Point],
    /// All points before the head: those of the base, and those between it and the head.
    earlier: &'s [Point],
    head_points: &'s [Point],
    analysis: Analysis,
}

impl Judging<'_, '_> {
    fn series(&self, index: usize, pairs: &[Pair<'_>]) -> JudgedSeries {
        let row = &self.check.series[index];
        let columns = &self.check.columns[index];
        let failed = self.failed.contains_key(&row.key.benchmark);
        let judged = self.with_bench(row, columns, |bench| {
            let limits = pairs
                .iter()
                .flat_map(|pair| self.pair(pair, bench))
                .collect();
            let direction = pairs
                .first()
                .map_or(Direction::Lower, |pair| pair.direction);
            JudgedSeries {
                limits,
                changes: self.changes(bench.series, direction),
                record: self.record(pairs, bench).unwrap_or_default(),
                needs: pairs
                    .iter()
                    .filter_map(|pair| self.need(pair, bench))
                    .collect(),
            }
        });
        if let Some(judged) = judged.filter(|_| !failed) {
            return judged;
        }
        let expected = !self.retired(index)
            && (failed || columns.runs.iter().any(|run| self.recent.contains(run)));
        if !expected {
            return JudgedSeries::default();
        }
        let series = self.placement.arrange(row.clone(), columns);
        let missing = |pair: &Pair<'_>| self.missing(pair, &series, failed);
        JudgedSeries {
            limits: pairs.iter().map(missing).collect(),
            ..JudgedSeries::default()
        }
    }

    /// Looks at a series as it stands at the head; `None` where the head has no result of it.
    fn with_bench<R>(
        &self,
        row: &SeriesRow,
        columns: &Columns,
        look: impl FnOnce(&Bench<'_>) -> R,
    ) -> Option<R> {
        let series = self.placement.arrange(row.clone(), columns);
        let base_points = series.before(self.base_end);
        let earlier = series.before(self.head_place);
        let head_points: Vec<Point> = series.points[base_points.len()..]
            .iter()
            .filter(|p| p.place == self.head_place)
            .copied()
            .collect();
        if head_points.is_empty() {
            return None;
        }
        let breaks: Vec<usize> = series
            .breaks()
            .into_iter()
            .filter(|at| *at < base_points.len())
            .collect();
        let analysis = analyse_points(&series, base_points, &breaks);
        Some(look(&Bench {
            series: &series,
            base_points,
            earlier,
            head_points: &head_points,
            analysis,
        }))
    }

    /// What the series' history shows of points far off, where the head is judged against it.
    fn record(&self, pairs: &[Pair<'_>], bench: &Bench<'_>) -> Option<Record> {
        let judged = self.base(pairs.first()?, bench, &bench.analysis)?;
        let head = judged.head(bench)?;
        let counts = judged.own && !judged.base.noise.exact;
        counts.then(|| Record::of(&judged.base.noise, head.ys.len()))
    }

    fn retired(&self, index: usize) -> bool {
        let key = &self.check.series[index].key;
        let none = Headlines::default();
        self.check
            .retired
            .iter()
            .any(|retired| retired.matches(key, &none))
    }

    fn missing(&self, pair: &Pair<'_>, series: &Series, failed: bool) -> LimitVerdict {
        let reason = if failed {
            Reason::BenchmarkFailed
        } else {
            Reason::NotMeasured
        };
        let mut found = blank(
            pair.budget,
            pair.limit,
            Judgement::bare(Verdict::Missing, reason),
        );
        found.series = Some(series.row.key.clone());
        found.unit = series.row.unit.clone();
        found.direction = pair.direction;
        found.trend = trend(&series.points);
        found
    }

    /// A benchmark that failed at its very first measurement has no series yet.
    fn failed_and_never_seen(&self) -> Vec<LimitVerdict> {
        let mut verdicts = Vec::new();
        let known: HashSet<&str> = self
            .check
            .series
            .iter()
            .map(|row| row.key.benchmark.as_str())
            .collect();
        let mut failed: Vec<&String> = self
            .failed
            .keys()
            .filter(|b| !known.contains(b.as_str()))
            .collect();
        failed.sort();
        for benchmark in failed {
            for budget in self.check.budgets {
                for limit in budget
                    .limits
                    .iter()
                    .filter(|l| l.select.benchmark.matches(benchmark))
                {
                    let judgement = Judgement::bare(Verdict::Missing, Reason::BenchmarkFailed);
                    verdicts.push(blank(budget, limit, judgement));
                }
            }
        }
        verdicts
    }

    fn pair(&self, pair: &Pair<'_>, bench: &Bench<'_>) -> Vec<LimitVerdict> {
        let mut verdicts = Vec::new();
        if let Some(max) = &pair.limit.max {
            verdicts.push(self.max(pair, bench, max.value));
        }
        match &pair.limit.versus {
            Some(slice) => verdicts.extend(self.versus(pair, bench, slice)),
            None => verdicts.extend(self.regress(pair, bench)),
        }
        if let Some(drift) = &pair.limit.drift {
            verdicts.push(self.drift(pair, bench, drift));
        }
        if let Some(creep) = pair.limit.creep {
            verdicts.push(self.creep(pair, bench, creep));
        }
        if let Some(guard) = &pair.limit.guard {
            self.guard(pair, bench, guard, &mut verdicts);
        }
        for verdict in &mut verdicts {
            if verdict.judgement.verdict == Verdict::Over {
                self.accept(pair, bench, verdict);
            }
            if self.order_unknown && verdict.judgement.reason == Some(Reason::Learning) {
                verdict.judgement.reason = Some(Reason::OrderUnknown);
            }
        }
        verdicts
    }

    fn describe(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        rule: Rule,
        judgement: Judgement,
    ) -> LimitVerdict {
        let runs: Vec<f64> = bench
            .head_points
            .iter()
            .flat_map(|point| bench.series.runs_of(point))
            .map(|run| run.value)
            .collect();
        let mut found = blank(pair.budget, pair.limit, judgement);
        found.rule = Some(rule);
        found.series = Some(bench.series.row.key.clone());
        found.unit = bench.series.row.unit.clone();
        found.direction = pair.direction;
        found.value = median(&runs);
        found.runs = runs.len();
        found.trend = trend(&bench.series.points);
        found
    }

    /// The base to judge with: that of the history where the head's machine is known there, else
    /// the head alone, which decides nothing by itself.
    fn base(&self, pair: &Pair<'_>, bench: &Bench<'_>, analysis: &Analysis) -> Option<JudgedBase> {
        let counter = is_counter(pair.limit, &bench.series.row.unit);
        let point = bench.head_points.last()?;
        let known = |p: &Point| p.stratum == point.stratum;
        let start = analysis.breaks.last().copied().unwrap_or(0);
        let since = bench.base_points.get(start..).unwrap_or_default();
        let offset = since
            .iter()
            .zip(analysis.offsets.get(start..).unwrap_or_default())
            .rev()
            .find(|(p, _)| known(p))
            .map(|(_, offset)| *offset);
        let new_machine =
            points_on_new_machine(bench.base_points, point.stratum).filter(|_| !since.is_empty());
        match (offset.filter(|offset| offset.is_finite()), new_machine) {
            (Some(offset), _) => {
                let base = Base::new(
                    bench.series,
                    bench.base_points,
                    analysis,
                    pair.direction,
                    counter,
                )?;
                let points = base.points;
                Some(JudgedBase {
                    base,
                    offset,
                    points,
                    own: true,
                })
            }
            (None, seen) => {
                let alone = analyse_points(bench.series, bench.head_points, &[]);
                let base = Base::new(
                    bench.series,
                    bench.head_points,
                    &alone,
                    pair.direction,
                    counter,
                )?;
                Some(JudgedBase {
                    base,
                    offset: 0.0,
                    points: seen.unwrap_or(0),
                    own: false,
                })
            }
        }
    }

    fn max(&self, pair: &Pair<'_>, bench: &Bench<'_>, limit: f64) -> LimitVerdict {
        let judged = self.base(pair, bench, &bench.analysis).and_then(|judged| {
            let head = judged.head(bench)?;
            Some((judged, head))
        });
        let Some((judged, head)) = judged else {
            return self.describe(
                pair,
                bench,
                Rule::Max,
                Judgement::bare(Verdict::Unproven, Reason::Learning),
            );
        };
        let exact = judged.exact(pair.limit);
        let points = judged.points + usize::from(self.check.base.is_none());
        let mut judgement = judge_max(&judged.base, &head, limit, &pair.limit.min, exact, points);
        judged.without_base(&mut judgement);
        let level = judgement.level;
        let inherited = self.check.base.is_some()
            && judged.own
            && judgement.verdict == Verdict::Over
            && judged.base.level > judged.base.working(limit)
            && !proven_worse(&judged.base, &head, exact);
        let mut found = self.describe(pair, bench, Rule::Max, judgement);
        found.new_machine = !judged.own && !bench.base_points.is_empty();
        found.limit_value = Some(limit);
        found.used = level.map(|level| used(level, limit, pair.direction));
        if inherited {
            found.judgement.verdict = Verdict::Inherited;
        } else if judged.own && found.judgement.verdict != Verdict::Over {
            let room = level.map(|level| judged.base.working(limit) - judged.base.working(level));
            found.exhausted =
                room.and_then(|room| self.forecast(pair, bench, &judged.base, &head, room));
        }
        if matches!(found.judgement.verdict, Verdict::Over | Verdict::Inherited) {
            let seen = Seen {
                bench,
                judged: &judged,
                head: &head,
            };
            let added = self.check.base.is_some()
                && found.judgement.verdict == Verdict::Over
                && judged.own
                && proven_worse(&judged.base, &head, exact);
            let places = if added {
                self.bringers(&seen, 0.0, exact).0
            } else {
                self.crossing(&seen, limit, pair.direction)
            };
            self.name(&mut found, places);
        }
        found
    }

    fn regress(&self, pair: &Pair<'_>, bench: &Bench<'_>) -> Option<LimitVerdict> {
        let rule = pair.limit.regress?;
        let judged = self.base(pair, bench, &bench.analysis)?;
        let head = judged.head(bench)?;
        let exact = judged.exact(pair.limit) && judged.own;
        let mut judgement = judge_regress(&judged.base, &head, rule, &pair.limit.min, exact);
        judgement.points.0 = if judged.own {
            judgement.points.0
        } else {
            judged.points
        };
        judged.without_base(&mut judgement);
        let margin = judged.base.margin(rule.limit).filter(|_| judged.own);
        let delta = head.centre - judged.base.level;
        let mut found = self.describe(pair, bench, Rule::Regress, judgement);
        found.new_machine = !judged.own && !bench.base_points.is_empty();
        found.limit_value = margin.map(|margin| judged.base.value(judged.base.level + margin));
        found.allowed = Some(pair.direction.worsening_sign() * rule.limit);
        found.used = margin.map(|margin| (delta / margin).max(0.0));
        let looks_over = found.judgement.verdict == Verdict::Over
            || found.judgement.reason == Some(Reason::Suspect);
        if looks_over {
            let seen = Seen {
                bench,
                judged: &judged,
                head: &head,
            };
            let (places, inherited) = self.bringers(&seen, margin.unwrap_or(0.0), exact);
            self.name(&mut found, places);
            if inherited && self.check.base.is_some() {
                found.judgement.verdict = Verdict::Inherited;
                found.judgement.reason = None;
            }
        }
        Some(found)
    }

    fn changes(&self, series: &Series, direction: Direction) -> Vec<KnownChange> {
        let analysis = analyse(series);
        let sign = direction.worsening_sign();
        let known = |change: &ChangePoint| KnownChange {
            series: series.row.key.clone(),
            unit: series.row.unit.clone(),
            suspects: suspects(change, &series.points)
                .iter()
                .take(20)
                .filter_map(|place| self.check.timeline.at(*place).cloned())
                .collect(),
            levels: (change.before, change.after),
            effect: (analysis.scale == Scale::Log).then_some((
                change.effect,
                change.effect_low,
                change.effect_high,
            )),
            p: change.p,
            improved: sign * (change.after - change.before) < 0.0,
            points_ago: series.points.len() - 1 - change.index,
        };
        analysis.changes.iter().map(known).collect()
    }
}

struct JudgedBase {
    base: Base,
    /// Offset of the head's machine.
    offset: f64,
    /// Points that count towards the least number.
    points: usize,
    /// The base is the history's; else it is the head itself.
    own: bool,
}

impl JudgedBase {
    fn head(&self, bench: &Bench<'_>) -> Option<Head> {
        Head::new(bench.series, bench.head_points, &self.base, self.offset)
    }

    /// A point on the scale of the base; `None` where its machine is not known there.
    fn y(&self, bench: &Bench<'_>, point: &Point) -> Option<f64> {
        let mut known = bench.base_points.iter().zip(&bench.analysis.offsets);
        let offset = known
            .rfind(|(other, _)| other.stratum == point.stratum)
            .map(|(_, offset)| *offset);
        let y = self.base.working(point.value) - self.base.sign * offset?;
        y.is_finite().then_some(y)
    }

    fn exact(&self, limit: &Limit) -> bool {
        limit.deterministic
            || (self.own && self.base.noise.exact && self.base.points >= limit.min.points)
    }

    /// A head compared with itself has no effect and no smallest one.
    fn without_base(&self, judgement: &mut Judgement) {
        if !self.own {
            judgement.effect = None;
            judgement.smallest_effect = None;
            judgement.improved = false;
        }
    }
}

fn proven_worse(base: &Base, head: &Head, exact: bool) -> bool {
    let any = crate::budget::Regress {
        limit: 0.0,
        warn: None,
        falls: false,
    };
    let min = crate::budget::Minimum::default();
    judge_regress(base, head, any, &min, exact).verdict == Verdict::Over
}

fn is_counter(limit: &Limit, unit: &Unit) -> bool {
    limit.deterministic || matches!(unit, Unit::Count | Unit::Bytes)
}

/// Share of an absolute limit that is used.
fn used(level: f64, limit: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Lower => level / limit,
        Direction::Higher => limit / level,
    }
}

/// How many values a sparkline shows.
const TREND: usize = 30;

fn trend(points: &[Point]) -> Vec<f64> {
    points[points.len().saturating_sub(TREND)..]
        .iter()
        .map(|point| point.value)
        .collect()
}
