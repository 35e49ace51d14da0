//! A series at the moment of judging, and what it is judged with.

use super::Check;
use super::series::Failed;
use crate::analysis::{Analysis, Base, analyse, analyse_points, points_on_new_machine};
use crate::budget::{Budget, Consequence, Kind, Limit, Rule};
use crate::detect::Scale;
use crate::diag::Diagnostic;
use crate::history::{Placement, Point, Series};
use crate::model::{CommitId, Direction, SeriesKey, Unit};
use crate::stats::median;
use crate::store::{Columns, SeriesRow};
use crate::verdict::select::Pair;
use crate::verdict::{Head, Judgement, LimitVerdict, Reason, Verdict, judge_regress};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::OnceLock;

pub(super) struct Judging<'a, 'c> {
    pub(super) check: &'c Check<'a>,
    pub(super) placement: &'c Placement,
    /// When the commit of each place was made, in days; NaN where that is not known.
    pub(super) days: Vec<f64>,
    pub(super) head_place: u32,
    /// Place after the base's commit; the head's own without a base.
    pub(super) base_end: u32,
    pub(super) recent: HashSet<i64>,
    /// All runs before the base's end, of the labels and suites of the head's.
    pub(super) ever: HashSet<i64>,
    pub(super) failed: Failed,
    pub(super) order_unknown: bool,
    /// Series that are judged in this check, as often as limits select them.
    pub(super) compared: usize,
    /// Index of the first series of each identity, made when a rule first asks.
    pub(super) by_key: OnceLock<HashMap<&'a SeriesKey, usize>>,
}

/// A series at the moment of judging.
pub(super) struct Bench<'s> {
    pub(super) series: &'s Series,
    pub(super) base_points: &'s [Point],
    /// All points before the head: those of the base, and those between it and the head.
    pub(super) earlier: &'s [Point],
    pub(super) head_points: &'s [Point],
    /// Of the base's points.
    pub(super) analysis: Analysis,
    /// Of all points, made when it is first asked for.
    all: OnceCell<Analysis>,
    /// The bases that were made of the analysis, by direction and whether the unit counts things.
    bases: RefCell<Vec<MadeBase>>,
}

/// What a base was made for, and the base.
type MadeBase = ((Direction, bool), Option<Rc<JudgedBase>>);

impl Bench<'_> {
    /// The analysis of all points, those of the head and after it included.
    pub(super) fn all(&self) -> &Analysis {
        self.all.get_or_init(|| analyse(self.series))
    }

    /// The value of each run of the head.
    pub(super) fn head_values(&self) -> Vec<f64> {
        let points = self.head_points.iter();
        let runs = points.flat_map(|point| self.series.runs_of(point));
        runs.map(|run| run.value).collect()
    }

    /// Whether all runs of the head lie above 0.
    fn is_positive(&self) -> bool {
        let mut points = self.head_points.iter();
        points.all(|point| self.series.runs_of(point).iter().all(|run| run.value > 0.0))
    }
}

impl Judging<'_, '_> {
    /// The series with this identity.
    pub(super) fn index_of(&self, key: &SeriesKey) -> Option<usize> {
        let by_key = self.by_key.get_or_init(|| {
            let all = self.check.series.iter().enumerate();
            all.rev().map(|(index, row)| (&row.key, index)).collect()
        });
        by_key.get(key).copied()
    }

    /// Looks at a series as it stands at the head; `None` where the head has no result of it.
    pub(super) fn with_bench<R>(
        &self,
        row: &SeriesRow,
        columns: &Columns,
        look: impl FnOnce(&Bench<'_>) -> R,
    ) -> Option<R> {
        self.bench(row, columns, false, look)
    }

    /// The same for a look that asks for the changes of all points.
    pub(super) fn with_whole_bench<R>(
        &self,
        row: &SeriesRow,
        columns: &Columns,
        look: impl FnOnce(&Bench<'_>) -> R,
    ) -> Option<R> {
        self.bench(row, columns, true, look)
    }

    fn bench<R>(
        &self,
        row: &SeriesRow,
        columns: &Columns,
        whole: bool,
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
        let (analysis, all) = match self.check.memo {
            Some(memo) => memo.analyse(&series, base_points.len(), &breaks, whole),
            None => (analyse_points(&series, base_points, &breaks), None),
        };
        Some(look(&Bench {
            series: &series,
            base_points,
            earlier,
            head_points: &head_points,
            analysis,
            all: all.map_or_else(OnceCell::new, OnceCell::from),
            bases: RefCell::default(),
        }))
    }

    pub(super) fn describe(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        rule: Rule,
        judgement: Judgement,
    ) -> LimitVerdict {
        let runs = bench.head_values();
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

    /// A rule that found nothing to compare: no base yet, or a head that has no place on its scale.
    pub(super) fn not_comparable(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        rule: Rule,
    ) -> LimitVerdict {
        let reason = match self.base(pair, bench) {
            Some(judged) if judged.head(bench).is_none() => Reason::NoRelativeSize,
            _ => Reason::Learning,
        };
        self.describe(
            pair,
            bench,
            rule,
            Judgement::bare(Verdict::Unproven, reason),
        )
    }

    /// The base to judge with: that of the history where the head's machine is known there, else
    /// the head alone, which decides nothing by itself.
    pub(super) fn base(&self, pair: &Pair<'_>, bench: &Bench<'_>) -> Option<Rc<JudgedBase>> {
        let counter = is_counter(pair.limit, &bench.series.row.unit);
        self.base_of(bench, pair.direction, counter)
    }

    /// The same for a series that no limit need select.
    pub(super) fn base_of(
        &self,
        bench: &Bench<'_>,
        direction: Direction,
        counter: bool,
    ) -> Option<Rc<JudgedBase>> {
        // Every rule of a series asks for the same one.
        let kind = (direction, counter);
        let known = |bases: &Vec<MadeBase>| bases.iter().find(|own| own.0 == kind).cloned();
        if let Some((_, made)) = known(&bench.bases.borrow()) {
            return made;
        }
        let made = make_base(bench, direction, counter).map(Rc::new);
        bench.bases.borrow_mut().push((kind, made.clone()));
        made
    }
}

fn make_base(bench: &Bench<'_>, direction: Direction, counter: bool) -> Option<JudgedBase> {
    let analysis = &bench.analysis;
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
            let of = |analysis: &Analysis| {
                let points = bench.base_points;
                Base::new(bench.series, points, analysis, direction, counter)
            };
            // A counter that never varied is compared as it is, so that it may fall to 0.
            let counted = (counter && !bench.is_positive() && analysis.scale == Scale::Log)
                .then(|| Analysis {
                    scale: Scale::Linear,
                    ..analysis.clone()
                })
                .filter(|own| own.offsets.iter().all(|offset| offset.abs() <= 0.0))
                .and_then(|own| of(&own))
                .filter(|base| base.noise.exact);
            let base = match counted {
                Some(base) => base,
                None => of(analysis)?,
            };
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
            let base = Base::new(bench.series, bench.head_points, &alone, direction, counter)?;
            Some(JudgedBase {
                base,
                offset: 0.0,
                points: seen.unwrap_or(0),
                own: false,
            })
        }
    }
}

pub(super) struct JudgedBase {
    pub(super) base: Base,
    /// Offset of the head's machine.
    pub(super) offset: f64,
    /// Points that count towards the least number.
    pub(super) points: usize,
    /// The base is the history's; else it is the head itself.
    pub(super) own: bool,
}

impl JudgedBase {
    /// The head's runs on the scale of the base. `None` where one of them has no place there: beside
    /// values above 0, whose ratios are compared, 0 and less have no relative size.
    pub(super) fn head(&self, bench: &Bench<'_>) -> Option<Head> {
        Head::new(bench.series, bench.head_points, &self.base, self.offset)
            .filter(|head| head.centre.is_finite() && head.ys.iter().all(|y| y.is_finite()))
    }

    /// A point on the scale of the base; `None` where its machine is not known there.
    pub(super) fn y(&self, bench: &Bench<'_>, point: &Point) -> Option<f64> {
        let mut known = bench.base_points.iter().zip(&bench.analysis.offsets);
        let offset = known
            .rfind(|(other, _)| other.stratum == point.stratum)
            .map(|(_, offset)| *offset);
        let y = self.base.working(point.value) - self.base.sign * offset?;
        y.is_finite().then_some(y)
    }

    pub(super) fn exact(&self, limit: &Limit) -> bool {
        limit.deterministic
            || (self.own && self.base.noise.exact && self.base.points >= limit.min.points)
    }

    /// A head compared with itself has no effect and no smallest one.
    pub(super) fn without_base(&self, judgement: &mut Judgement) {
        if !self.own {
            judgement.effect = None;
            judgement.smallest_effect = None;
            judgement.improved = false;
        }
    }
}

pub(in crate::verdict) fn blank(
    budget: &Budget,
    limit: &Limit,
    judgement: Judgement,
) -> LimitVerdict {
    LimitVerdict {
        feature: budget.feature.clone(),
        limit: limit.id.clone(),
        rule: limit.rules().first().copied(),
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
        before: None,
        interval: None,
        slice: None,
        exhausted: None,
        trend: Vec::new(),
        capacity: None,
        causes: Vec::new(),
    }
}

/// A limit that cannot be applied is no pass, whatever `missing` says.
pub(in crate::verdict) fn unjudged(
    budget: &Budget,
    limit: &Limit,
    finding: &Diagnostic,
) -> LimitVerdict {
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

/// Whether the head is worse than its base at all.
pub(super) fn added(base: &Base, head: &Head, exact: bool) -> Judgement {
    let any = crate::budget::Regress {
        limit: 0.0,
        warn: None,
        falls: false,
    };
    let min = crate::budget::Minimum::default();
    judge_regress(base, head, any, &min, exact)
}

pub(super) fn is_counter(limit: &Limit, unit: &Unit) -> bool {
    limit.deterministic || matches!(unit, Unit::Count | Unit::Bytes)
}

pub(super) fn days(check: &Check<'_>) -> Vec<f64> {
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

/// How many values a sparkline shows.
const TREND: usize = 30;

pub(super) fn trend(points: &[Point]) -> Vec<f64> {
    points[points.len().saturating_sub(TREND)..]
        .iter()
        .map(|point| point.value)
        .collect()
}
