//! Makes the read model of a whole project from what was recorded.

mod state;

use state::state;

use super::view::{
    AcceptedView, ChangeKind, ChangeView, CommitView, Drift, FeatureView, LedgerView, PointView,
    RegimeView, ReportView, SeriesView, State,
};
use crate::analysis::{Analysis, Ledger, analyse, suspects};
use crate::budget::{Budget, Headlines, Limit, Rule, Selector};
use crate::detect::{ChangePoint, Scale};
use crate::history::{Placement, Point, Series, Timeline};
use crate::model::{Commit, CommitId, Direction, Failure};
use crate::stats::{autocorrelation_factor, theil_sen};
use crate::store::{Columns, RunRow, SeriesRow};
use crate::verdict::{Check, Commits, Control, LimitVerdict, Verdict, judge};
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

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

/// A forecast needs so many points and days, and reaches no further than the last number.
const FORECAST: (usize, f64, f64) = (20, 21.0, 180.0);
/// The newest points that a forecast looks at.
const FORECAST_POINTS: usize = 300;

/// The read model of a project.
#[must_use]
pub fn build(project: &Project<'_>) -> ReportView {
    let placement = Placement::new(project.runs, project.timeline);
    let first = (0..project.runs.len())
        .filter_map(|i| placement.place(i))
        .min()
        .unwrap_or(0);
    let verdicts = judge_tips(project, &placement);
    let headlines = Headlines::new(project.series.iter().map(|row| &row.key));
    let silent = Silence::new(project, &placement);
    let mut series: Vec<SeriesView> = Vec::new();
    for (row, columns) in project.series.iter().zip(project.columns) {
        let arranged = placement.arrange(row.clone(), columns);
        if arranged.points.is_empty() {
            continue;
        }
        let builder = Builder {
            project,

            headlines: &headlines,
            verdicts: &verdicts,
            silent: &silent,
            first,
        };
        series.push(builder.series(&arranged, slug(&row.key.to_string())));
    }
    series.sort_by(|a, b| {
        let used = |s: &SeriesView| s.used.unwrap_or(0.0);
        a.state
            .cmp(&b.state)
            .then(used(b).total_cmp(&used(a)))
            .then_with(|| a.key.cmp(&b.key))
    });
    ReportView {
        project: project.name.to_owned(),
        branch: project.branch.to_owned(),
        now: project.now,
        commits: commits(project, first),
        features: project.budgets.iter().map(feature).collect(),
        series,
        commit_url: project.commit_url.map(str::to_owned),
        notes: notes(project, &placement),
    }
}

fn feature(budget: &Budget) -> FeatureView {
    FeatureView {
        name: budget.feature.clone(),
        owner: budget.owner.clone(),
        file: budget.file.display().to_string(),
        journey: budget.journey.clone(),
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

struct Builder<'a> {
    project: &'a Project<'a>,

    headlines: &'a Headlines,
    verdicts: &'a [LimitVerdict],
    silent: &'a Silence,
    first: u32,
}

impl Builder<'_> {
    fn series(&self, series: &Series, slug: String) -> SeriesView {
        let analysis = analyse(series);
        let key = &series.row.key;
        let chosen = self
            .project
            .budgets
            .iter()
            .enumerate()
            .find_map(|(feature, budget)| {
                let limit = budget
                    .limits
                    .iter()
                    .find(|limit| limit.select.matches(key, self.headlines))?;
                Some((feature, budget, limit))
            });
        let limit = chosen.map(|(_, _, limit)| limit);
        let direction = limit
            .and_then(|limit| limit.direction)
            .or(series.row.direction);
        let sign = direction.unwrap_or(Direction::Lower).worsening_sign();
        let level = analysis.level();
        let budget = limit
            .and_then(|limit| limit.max.as_ref())
            .map(|max| max.value);
        let used = level.zip(budget).map(|(level, budget)| {
            if sign > 0.0 {
                level / budget
            } else {
                budget / level
            }
        });
        let ledger = Ledger::new(&analysis);
        let drift = ledger
            .as_ref()
            .and_then(|ledger| self.drift(series, &analysis, ledger));
        let mut view = SeriesView {
            slug,
            key: key.clone(),
            unit: series.row.unit.clone(),
            direction,
            feature: chosen.map(|(feature, _, _)| feature),
            limit: limit.map(|limit| limit.id.clone()),
            state: State::Unbudgeted,
            sentence: String::new(),
            level,
            budget,
            used,
            regress: limit
                .and_then(|limit| limit.regress)
                .map(|regress| regress.limit),
            drift,
            breaks_in_days: budget
                .and_then(|budget| self.forecast(series, &analysis, budget, sign)),
            noise: self.noise(&analysis, level),
            silent_days: self.silent_days(series),
            machines: series.strata.clone(),
            points: series
                .points
                .iter()
                .map(|point| self.point(series, point))
                .collect(),
            regimes: regimes(&analysis),
            changes: self.changes(
                series,
                &analysis,
                chosen.map(|(_, budget, limit)| (budget, limit)),
                sign,
            ),
            ledger: None,
        };
        view.ledger =
            ledger.map(|ledger| ledger_view(&ledger, &view.changes, &analysis, budget, sign));
        let verdicts: Vec<_> = self
            .verdicts
            .iter()
            .filter(|v| v.series.as_ref() == Some(key) || v.members.contains(key))
            .collect();
        let fresh = verdicts.iter().find_map(|v| self.fresh_change(&view, v));
        if let Some(fresh) = fresh {
            take_in(&mut view, fresh, sign);
        }
        let (state, sentence) = state(&view, limit, &verdicts, sign);
        (view.state, view.sentence) = (state, sentence);
        view
    }

    /// A change that the newest commit's runs prove and that is too new to be a regime: one point
    /// is no level yet, but who brought it is known.
    fn fresh_change(&self, view: &SeriesView, verdict: &LimitVerdict) -> Option<ChangeView> {
        let proven =
            verdict.judgement.verdict == Verdict::Over && verdict.rule == Some(Rule::Regress);
        let (effect, before, after) = (
            verdict.judgement.effect?,
            view.level?,
            verdict.judgement.level?,
        );
        let suspects: Vec<usize> = verdict
            .suspects
            .iter()
            .filter_map(|id| self.project.timeline.place(id)?.checked_sub(self.first))
            .map(|place| place as usize)
            .collect();
        let point = view
            .points
            .iter()
            .position(|point| Some(&point.commit) == suspects.first())?;
        let own = view
            .regimes
            .last()
            .is_some_and(|regime| regime.first < point);
        let p = verdict.p_adjusted.unwrap_or(0.0);
        (proven && own).then(|| ChangeView {
            kind: ChangeKind::Change,
            point,
            range: (point, point),
            suspects,
            before,
            after,
            effect: Some(effect),
            confidence: confidence(p),
            p,
            accepted: None,
            improved: false,
        })
    }

    fn time(&self, place: u32) -> Option<Timestamp> {
        let id = self.project.timeline.at(place)?;
        self.project.commits.get(id).map(|commit| commit.time)
    }

    fn days(&self, from: u32, to: u32) -> Option<f64> {
        let seconds = self.time(to)?.as_second() - self.time(from)?.as_second();
        Some(seconds as f64 / 86_400.0)
    }

    fn drift(&self, series: &Series, analysis: &Analysis, ledger: &Ledger) -> Option<Drift> {
        let start = analysis.breaks.last().copied().unwrap_or(0);
        let days = self.days(series.points.get(start)?.place, series.points.last()?.place)?;
        let absolute = ledger.now - ledger.opening;
        let relative = if ledger.opening.abs() > 0.0 {
            absolute / ledger.opening.abs()
        } else {
            0.0
        };
        Some(Drift {
            absolute,
            relative,
            days,
        })
    }

    fn noise(&self, analysis: &Analysis, level: Option<f64>) -> Option<f64> {
        match analysis.scale {
            Scale::Log => Some(analysis.sigma),
            Scale::Linear => level
                .filter(|l| l.abs() > 0.0)
                .map(|l| analysis.sigma / l.abs()),
        }
    }

    fn silent_days(&self, series: &Series) -> Option<f64> {
        let last = series.points.last()?.place;
        let newest = *self.silent.newest.get(&series.row.key.env)?;
        (last < newest).then(|| self.days(last, newest)).flatten()
    }

    /// Days until the level reaches the budget: headroom over the Theil–Sen slope since the last
    /// break (Sen 1968), with the slope's interval. Only where that excludes 0.
    fn forecast(
        &self,
        series: &Series,
        analysis: &Analysis,
        budget: f64,
        sign: f64,
    ) -> Option<(f64, f64, f64)> {
        let (least_points, least_days, furthest) = FORECAST;
        let start = analysis.breaks.last().copied().unwrap_or(0);
        // Pairs of points are compared, so their number is bounded.
        let start = start.max(series.points.len().saturating_sub(FORECAST_POINTS));
        let points = &series.points[start..];
        let origin = points.first()?.place;
        let x: Vec<f64> = points
            .iter()
            .map(|p| self.days(origin, p.place))
            .collect::<Option<_>>()?;
        let y: Vec<f64> = points
            .iter()
            .zip(&analysis.offsets[start..])
            .filter(|(_, offset)| offset.is_finite())
            .map(|(p, _)| sign * p.value)
            .collect();
        let room = sign * (budget - analysis.level()?);
        if points.len() < least_points
            || y.len() != x.len()
            || x.last()? - x.first()? < least_days
            || room <= 0.0
        {
            return None;
        }
        let first = theil_sen(&x, &y, 0.95, 1.0)?;
        let residuals: Vec<f64> = x.iter().zip(&y).map(|(x, y)| y - first.slope * x).collect();
        let slope = theil_sen(&x, &y, 0.95, autocorrelation_factor(&residuals))?;
        if slope.low <= 0.0 {
            return None;
        }
        let days = |slope: f64| room / slope;
        (days(slope.slope) <= furthest)
            .then(|| (days(slope.slope), days(slope.high), days(slope.low)))
    }

    fn point(&self, series: &Series, point: &Point) -> PointView {
        let runs = series.runs_of(point);
        let low = runs
            .iter()
            .map(|run| run.ends.0)
            .fold(f64::INFINITY, f64::min);
        let high = runs
            .iter()
            .map(|run| run.ends.1)
            .fold(f64::NEG_INFINITY, f64::max);
        PointView {
            commit: (point.place - self.first) as usize,
            value: point.value,
            runs: runs.iter().map(|run| run.value).collect(),
            samples: runs.iter().map(|run| run.n).sum(),
            low: (low < high).then_some(low),
            high: (low < high).then_some(high),
            machine: point.stratum as usize,
        }
    }

    fn changes(
        &self,
        series: &Series,
        analysis: &Analysis,
        budget: Option<(&Budget, &Limit)>,
        sign: f64,
    ) -> Vec<ChangeView> {
        let mut changes: Vec<ChangeView> = analysis
            .changes
            .iter()
            .map(|change| self.change(series, analysis, change, budget, sign))
            .chain(
                analysis
                    .breaks
                    .iter()
                    .filter_map(|&at| machine_change(series, analysis, at)),
            )
            .collect();
        changes.sort_by_key(|change| change.point);
        changes
    }

    fn change(
        &self,
        series: &Series,
        analysis: &Analysis,
        change: &ChangePoint,
        budget: Option<(&Budget, &Limit)>,
        sign: f64,
    ) -> ChangeView {
        let suspects: Vec<usize> = suspects(change, &series.points)
            .into_iter()
            .filter(|place| *place >= self.first)
            .map(|place| (place - self.first) as usize)
            .collect();
        let accepted = budget.and_then(|(budget, limit)| {
            budget.accepted.iter().find(|accepted| {
                let added = self.project.known.accepted(&budget.file, &accepted.id);
                accepted.limit == limit.id
                    && suspects.iter().any(|&index| {
                        let place = u32::try_from(index).unwrap_or(0) + self.first;
                        let id = self.project.timeline.at(place);
                        id.is_some_and(|id| accepted.names(id) || added == Some(id))
                    })
            })
        });
        ChangeView {
            kind: ChangeKind::Change,
            point: change.index,
            range: (change.from, change.to),
            suspects,
            before: change.before,
            after: change.after,
            effect: (analysis.scale == Scale::Log).then_some((
                change.effect,
                change.effect_low,
                change.effect_high,
            )),
            confidence: confidence(change.p),
            p: change.p,
            accepted: accepted.map(|a| AcceptedView {
                by: a.by.clone(),
                reason: a.reason.clone(),
                expires: a.expires.to_string(),
            }),
            improved: sign * (change.after - change.before) < 0.0,
        }
    }
}

/// Confidence in fixed words.
fn confidence(p: f64) -> &'static str {
    match p {
        p if p <= 0.001 => "very likely",
        p if p <= 0.01 => "likely",
        _ => "unsure",
    }
}

/// Makes the newest points a regime of their own, and its change a line of the ledger.
fn take_in(view: &mut SeriesView, change: ChangeView, sign: f64) {
    let (before, after, first) = (change.before, change.after, change.point);
    let newest = view.points.len().saturating_sub(1);
    let (low, high) = change.effect.map_or((after, after), |(_, low, high)| {
        (before * (1.0 + low), before * (1.0 + high))
    });
    match view.regimes.last_mut() {
        Some(last) if last.first < first => last.last = first - 1,
        _ => return,
    }
    view.regimes.push(RegimeView {
        first,
        last: newest,
        level: after,
        low,
        high,
    });
    view.changes.push(change);
    view.level = Some(after);
    view.used = view.budget.map(|budget| {
        if sign > 0.0 {
            after / budget
        } else {
            budget / after
        }
    });
    if let Some(ledger) = &mut view.ledger {
        ledger
            .entries
            .push((view.changes.len() - 1, after - before));
        ledger.now = after;
        ledger.headroom = view.budget.map(|budget| sign * (budget - after));
        if let Some(drift) = &mut view.drift {
            drift.absolute = after - ledger.opening;
            drift.relative = drift.absolute / ledger.opening.abs().max(f64::MIN_POSITIVE);
        }
    }
}

fn machine_change(series: &Series, analysis: &Analysis, at: usize) -> Option<ChangeView> {
    let level = |index: usize| {
        analysis
            .regimes
            .iter()
            .find(|r| r.first <= index && index <= r.last)
            .map(|r| r.level)
    };
    let name = |index: usize| {
        series
            .points
            .get(index)
            .map(|p| series.strata[p.stratum as usize].clone())
    };
    let (before, after) = (level(at.checked_sub(1)?)?, level(at)?);
    Some(ChangeView {
        kind: ChangeKind::Machine {
            from: name(at - 1)?,
            to: name(at)?,
        },
        point: at,
        range: (at, at),
        suspects: Vec::new(),
        before,
        after,
        effect: None,
        confidence: "known",
        p: 0.0,
        accepted: None,
        improved: false,
    })
}

fn regimes(analysis: &Analysis) -> Vec<RegimeView> {
    let view = |r: &crate::detect::Regime| RegimeView {
        first: r.first,
        last: r.last,
        level: r.level,
        low: r.level_low,
        high: r.level_high,
    };
    analysis.regimes.iter().map(view).collect()
}

fn ledger_view(
    ledger: &Ledger,
    changes: &[ChangeView],
    analysis: &Analysis,
    budget: Option<f64>,
    sign: f64,
) -> LedgerView {
    let shown = |change: usize| {
        let index = analysis.changes[change].index;
        changes
            .iter()
            .position(|view| view.point == index && view.kind == ChangeKind::Change)
    };
    LedgerView {
        opening: ledger.opening,
        entries: ledger
            .entries
            .iter()
            .filter_map(|entry| Some((shown(entry.change)?, entry.amount)))
            .collect(),
        unattributed: ledger.unattributed,
        now: ledger.now,
        headroom: budget.map(|budget| sign * (budget - ledger.now)),
    }
}

/// A file name: letters and digits of the identity, and eight digits of its hash, so that names
/// which differ only in other characters stay apart.
fn slug(identity: &str) -> String {
    let mut words = String::new();
    for c in identity.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            words.push(c.to_ascii_lowercase());
        } else if !words.ends_with('-') && !words.is_empty() {
            words.push('-');
        }
    }
    let digest: String = Sha256::digest(identity.as_bytes())
        .iter()
        .take(4)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("{}-{digest}", words.trim_end_matches('-'))
}
