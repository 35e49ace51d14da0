//! What else moved with an over: candidate causes beside a symptom.

use super::{Bench, Check, Judging, Outcome, is_counter, with_judging};
use crate::analysis::suspects;
use crate::budget::{Kind, Minimum, Regress};
use crate::model::{Direction, SeriesKey, Unit};
use crate::verdict::select::Pair;
use crate::verdict::{LimitVerdict, Verdict, judge_regress};
use std::collections::{BTreeSet, HashMap};

/// Something else that moved at the same change.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Its series.
    pub series: SeriesKey,
    /// Its unit.
    pub unit: Unit,
    /// A limit of kind `cause` watches it.
    pub watched: bool,
    /// Level before and after.
    pub levels: (f64, f64),
    /// Relative change with 95 % bounds, where it has a size.
    pub effect: Option<(f64, f64, f64)>,
    /// Change of the symptom ÷ change of this: a factor where both have one unit, else so much of
    /// the symptom for each one of this. `None` where the symptom's change is not known, or where
    /// they moved in opposite directions.
    pub ratio: Option<f64>,
}

impl Cause {
    /// How much it moved, in its unit.
    #[must_use]
    pub fn change(&self) -> f64 {
        self.levels.1 - self.levels.0
    }

    /// With its share of a symptom; `None` where it got better, which explains nothing that got worse.
    pub(in crate::verdict) fn of(
        self,
        symptom: &LimitVerdict,
        direction: Option<Direction>,
    ) -> Option<Self> {
        let by = self.change();
        if direction.is_some_and(|d| d.worsening_sign() * by < 0.0) {
            return None;
        }
        let ratio = moved_by(symptom).map(|symptom| symptom / by);
        Some(Self {
            ratio: ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0),
            ..self
        })
    }
}

/// The causes that are named, what is nearest first: the same benchmark, then what somebody watches
/// as a cause. Then by how many times it grew, in steps of a tenth; of equals the one that moved
/// further. One slice or size of a metric stands for all of them.
pub(in crate::verdict) fn most_telling(mut found: Vec<Cause>, own: &SeriesKey) -> Vec<Cause> {
    let near = |cause: &Cause| (cause.series.benchmark == own.benchmark, cause.watched);
    let size = |cause: &Cause| {
        let (before, after) = cause.levels;
        let size = (10.0 * (after / before).ln().abs()).round();
        if size.is_nan() { f64::INFINITY } else { size }
    };
    found.sort_by(|a, b| {
        near(b)
            .cmp(&near(a))
            .then_with(|| size(b).total_cmp(&size(a)))
            .then_with(|| b.change().abs().total_cmp(&a.change().abs()))
            .then_with(|| a.series.cmp(&b.series))
    });
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    found.retain(|cause| {
        let key = &cause.series;
        told.insert((key.benchmark.clone(), key.metric.clone()))
    });
    found.truncate(CAUSES);
    found
}

/// At most so many causes are named.
const CAUSES: usize = 5;
/// So many overs, the worst first, have their causes looked for: who sees more at once looks for one
/// thing behind them all.
pub(in crate::verdict) const EXPLAINED: usize = 40;
/// So many series are looked at for one over.
const LOOKED_AT: usize = 400;

/// Notes beside every over of a check what else moved at the same commits: metrics of the same
/// benchmark, and everything that limits of the same feature select. Only series whose values the
/// check has are looked at.
pub fn find_causes(check: &Check<'_>, limits: &mut [LimitVerdict]) {
    if !limits.iter().any(has_causes) {
        return;
    }
    with_judging(check, &mut Outcome::default(), |judging, pairs| {
        let mut features: HashMap<&str, Selected<'_, '_>> = HashMap::new();
        for pair in pairs {
            let known = features.entry(pair.budget.feature.as_str()).or_default();
            let own = known.entry(pair.series).or_insert((pair, false));
            own.1 |= pair.limit.kind == Kind::Cause;
        }
        let none = Selected::new();
        let over = limits.iter_mut().filter(|verdict| has_causes(verdict));
        for verdict in over.take(EXPLAINED) {
            let selected = features.get(verdict.feature.as_str()).unwrap_or(&none);
            verdict.causes = judging.causes(verdict, selected);
        }
    });
}

/// The series that limits of one feature select, each with a limit, and whether one watches it as a
/// cause.
type Selected<'p, 'a> = HashMap<usize, (&'p Pair<'a>, bool)>;

fn has_causes(verdict: &LimitVerdict) -> bool {
    // A limit that explains needs no explanation.
    verdict.kind == Kind::Symptom
        && !verdict.suspects.is_empty()
        && matches!(verdict.judgement.verdict, Verdict::Over | Verdict::Accepted)
}

/// Level before and after, and the relative change with its bounds.
type Moved = ((f64, f64), Option<(f64, f64, f64)>);

impl Judging<'_, '_> {
    fn causes(&self, verdict: &LimitVerdict, selected: &Selected<'_, '_>) -> Vec<Cause> {
        let Some(own) = &verdict.series else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut looked = 0;
        for (index, (row, columns)) in self.check.series.iter().zip(self.check.columns).enumerate()
        {
            let itself = row.key == *own || verdict.members.contains(&row.key);
            if itself || row.key.env != own.env || columns.is_empty() {
                continue;
            }
            let known = selected.get(&index);
            let (pair, watched) = (
                known.map(|(pair, _)| *pair),
                known.is_some_and(|(_, watched)| *watched),
            );
            let same = row.key.benchmark == own.benchmark && row.key.tags == own.tags;
            if !watched && (!(same || pair.is_some()) || tells_the_same(&row.key, &row.unit, own)) {
                continue;
            }
            looked += 1;
            if looked > LOOKED_AT {
                break;
            }
            let moved = self
                .with_bench(row, columns, |bench| self.moved(bench, verdict, pair))
                .flatten();
            let direction = pair.map(|pair| pair.direction).or(row.direction);
            found.extend(moved.and_then(|(levels, effect)| {
                let cause = Cause {
                    series: row.key.clone(),
                    unit: row.unit.clone(),
                    watched,
                    levels,
                    effect,
                    ratio: None,
                };
                cause.of(verdict, direction)
            }));
        }
        most_telling(found, own)
    }

    /// Level before and after, where a series moved with a verdict (two-sided 95 %): at a change
    /// point that shares a suspect, or at the head against the base.
    fn moved(
        &self,
        bench: &Bench<'_>,
        verdict: &LimitVerdict,
        pair: Option<&Pair<'_>>,
    ) -> Option<Moved> {
        let known = bench.all().changes.iter().rev().find(|change| {
            let places = suspects(change, &bench.series.points);
            places
                .iter()
                .filter_map(|place| self.check.timeline.at(*place))
                .any(|id| verdict.suspects.contains(id))
        });
        if let Some(change) = known {
            let effect = (change.effect, change.effect_low, change.effect_high);
            let sized = change.before > 0.0 && change.after > 0.0;
            return Some((
                (tidy(change.before), tidy(change.after)),
                sized.then_some(effect),
            ));
        }
        let places = || {
            let known = verdict.suspects.iter();
            known.filter_map(|id| self.check.timeline.place(id))
        };
        // The head itself, or a commit so new that the base does not hold it yet.
        if !places().any(|place| place >= self.base_end || place == self.head_place) {
            return None;
        }
        let row = &bench.series.row;
        let direction = row.direction.unwrap_or(Direction::Lower);
        let counter = match pair {
            Some(pair) => is_counter(pair.limit, &row.unit),
            None => matches!(row.unit, Unit::Count | Unit::Bytes | Unit::Other(_)),
        };
        let judged = self.base_of(bench, direction, counter)?;
        let head = judged.head(bench).filter(|_| judged.own)?;
        let base = &judged.base;
        let exact = base.noise.exact;
        let any = Regress {
            limit: 0.0,
            warn: None,
            falls: false,
        };
        let effect = judge_regress(base, &head, any, &Minimum::default(), exact).effect;
        let moved = match effect {
            _ if exact => (head.centre - base.level).abs() > 1e-9 * base.level.abs().max(1.0),
            Some((_, low, high)) => low > 0.0 || high < 0.0,
            None => (head.centre - base.level).abs() > base.t(0.975) * base.noise.sd,
        };
        let level = |y: f64| tidy(base.value(y));
        moved.then(|| ((level(base.level), level(head.centre)), effect))
    }
}

/// What a logarithm and back leaves of six queries is six queries.
fn tidy(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// By how much the symptom moved, in its unit.
fn moved_by(verdict: &LimitVerdict) -> Option<f64> {
    let judged = &verdict.judgement;
    let now = judged.level.or(verdict.value)?;
    let (effect, _, _) = judged.effect.filter(|(effect, _, _)| *effect > -1.0)?;
    Some(now - now / (1.0 + effect))
}

/// Whether a series tells the same as another, so explains nothing of it: other statistics of the
/// same samples (`time.mean` of `time`), or rates, which follow from times.
pub(in crate::verdict) fn tells_the_same(key: &SeriesKey, unit: &Unit, own: &SeriesKey) -> bool {
    let timed = |metric: &str| {
        let family = metric.split('.').next();
        matches!(family, Some("time" | "latency"))
    };
    let rate = matches!(unit, Unit::PerSecond | Unit::BytesPerSecond);
    rate || key.metric == own.metric || (timed(&key.metric) && timed(&own.metric))
}
