//! Which change an acceptance is about, and whether it covers a verdict.
//!
//! A commit's id does not survive squash, rebase or amend. What does is that the entry stands in
//! the budget file from some commit of the line on, and the level that it names. So an acceptance is
//! about the change of its `commit` where that commit is on the line; else about the step that led
//! from its `level_before` to the level at which the entry was added; else about the first change
//! at or after the commit that added it.

use super::{Bench, Judging};
use crate::analysis::suspects;
use crate::budget::{Acceptance, Budget, Limit, Rule};
use crate::model::SeriesKey;
use crate::verdict::select::Pair;
use crate::verdict::{AcceptedBy, LimitVerdict, Verdict};
use jiff::civil::Date;

/// A change whose place is not sure is looked for this many measured commits around a named one.
const NEAR: usize = 5;

/// Suspects that a verdict names at most; with so many the first is not known.
const NAMED: usize = 50;

/// One step of a series.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Places of the first and the last commit that may have brought it.
    places: (u32, u32),
    /// Level before; NaN where unknown.
    before: f64,
    worse: bool,
}

impl Step {
    fn meets(&self, other: &Self) -> bool {
        self.places.0 <= other.places.1 && other.places.0 <= self.places.1
    }
}

/// Whether an acceptance is about a rule of a limit on a series.
pub(crate) fn is_about(
    accepted: &Acceptance,
    limit: &str,
    rule: Option<Rule>,
    series: Option<&SeriesKey>,
) -> bool {
    accepted.limit == limit
        && accepted.rule.is_none_or(|own| Some(own) == rule)
        && accepted
            .series
            .as_ref()
            .is_none_or(|own| series.is_some_and(|key| key.to_string() == *own))
}

impl Acceptance {
    /// The value that it allows, in the unit of its level. `sign` is that of worsening.
    pub(crate) fn ceiling_value(&self, sign: f64) -> f64 {
        self.level_before.value * (1.0 + sign * self.ceiling)
    }

    /// Whether a level is the one before the change, within half of what it allows.
    fn begins_at(&self, level: f64) -> bool {
        let own = self.level_before.value;
        level.is_nan() || (level - own).abs() <= 0.5 * self.ceiling * own.abs()
    }
}

/// Whether an acceptance is about a verdict, unexpired, and its level no worse than the ceiling.
fn allows(a: &Acceptance, limit: &str, today: Date, found: &LimitVerdict) -> bool {
    let Some(value) = found.judgement.level.or(found.value) else {
        return false;
    };
    let sign = found.direction.worsening_sign();
    is_about(a, limit, found.rule, found.series.as_ref())
        && a.expires >= today
        && a.level_before.fits(&found.unit).is_ok()
        && sign * value <= sign * a.ceiling_value(sign)
}

fn mark(a: &Acceptance, found: &mut LimitVerdict) {
    found.judgement.verdict = Verdict::Accepted;
    found.accepted = Some(AcceptedBy {
        id: a.id.clone(),
        by: a.by.clone(),
        reason: a.reason.clone(),
        expires: a.expires.to_string(),
    });
}

/// Turns an over into accepted where an unexpired acceptance of its limit covers its level: where
/// two builds are compared there is one change, and no line to look for it on.
pub(crate) fn accept(budget: &Budget, limit: &Limit, today: Date, found: &mut LimitVerdict) {
    let covers = budget
        .accepted
        .iter()
        .find(|a| allows(a, &limit.id, today, found));
    if let Some(a) = covers {
        mark(a, found);
    }
}

impl Judging<'_, '_> {
    /// Turns an over into accepted where an unexpired acceptance of its change covers it.
    pub(super) fn accept(&self, pair: &Pair<'_>, bench: &Bench<'_>, found: &mut LimitVerdict) {
        let sign = pair.direction.worsening_sign();
        let covers = pair.budget.accepted.iter().find(|a| {
            allows(a, &pair.limit.id, self.check.today, found)
                && self.is_its_change(a, pair.budget, bench, found, sign)
        });
        if let Some(a) = covers {
            mark(a, found);
        }
    }

    /// Whether the change behind a verdict is the one that was accepted. Rules that judge no single
    /// change are bounded by the ceiling alone.
    fn is_its_change(
        &self,
        a: &Acceptance,
        budget: &Budget,
        bench: &Bench<'_>,
        found: &LimitVerdict,
        sign: f64,
    ) -> bool {
        let places = || {
            let known = found.suspects.iter();
            known.filter_map(|id| self.check.timeline.place(id))
        };
        let (Some(first), Some(last)) = (places().min(), places().max()) else {
            return true;
        };
        if !matches!(found.rule, Some(Rule::Max | Rule::Regress)) {
            return true;
        }
        let own = Step {
            places: (
                if found.suspects.len() < NAMED {
                    first
                } else {
                    0
                },
                last,
            ),
            before: self.level_before(found),
            worse: true,
        };
        let mut steps: Vec<Step> = self.steps(bench, sign);
        steps.retain(|step| !step.meets(&own));
        steps.push(own);
        steps.sort_by_key(|step| step.places);
        let line = self.check.timeline.commits();
        let added = self.check.commits.accepted(&budget.file, &a.id);
        let added = added
            .and_then(|id| self.check.timeline.place(id))
            .unwrap_or(self.head_place);
        let named = line.iter().rposition(|id| a.names(id));
        let its = match named.and_then(|at| u32::try_from(at).ok()) {
            Some(place) => nearest(&steps, place).filter(|step| {
                let between = bench.series.points.iter().filter(|point| {
                    let outside = |place| {
                        point.place < step.places.0 && point.place >= place
                            || point.place > step.places.1 && point.place <= place
                    };
                    outside(place)
                });
                between.count() <= NEAR
            }),
            None => {
                let earlier = steps.iter().rfind(|step| step.places.1 < added);
                let later = || steps.iter().find(|s| s.worse && s.places.1 >= added);
                earlier
                    .filter(|step| step.worse && a.begins_at(step.before))
                    .or_else(later)
            }
        };
        its.is_some_and(|step| step.meets(&own))
    }

    /// The level before the change of a verdict; NaN where it has no effect of its own.
    fn level_before(&self, found: &LimitVerdict) -> f64 {
        match (found.rule, found.judgement.effect, found.judgement.level) {
            (Some(Rule::Regress), Some((effect, _, _)), Some(level)) => level / (1.0 + effect),
            _ => f64::NAN,
        }
    }

    /// The steps that the detector finds in the whole series.
    fn steps(&self, bench: &Bench<'_>, sign: f64) -> Vec<Step> {
        let points = &bench.series.points;
        let step = |change: &crate::detect::ChangePoint| {
            let places = suspects(change, points);
            Step {
                places: (
                    places.iter().min().copied().unwrap_or(0),
                    places.iter().max().copied().unwrap_or(0),
                ),
                before: change.before,
                worse: sign * (change.after - change.before) > 0.0,
            }
        };
        bench.all().changes.iter().map(step).collect()
    }
}

/// The change for the worse that is nearest to a place; of two the earlier.
fn nearest(steps: &[Step], place: u32) -> Option<&Step> {
    let distance = |step: &&Step| {
        let (first, last) = step.places;
        first.saturating_sub(place).max(place.saturating_sub(last))
    };
    steps.iter().filter(|step| step.worse).min_by_key(distance)
}
