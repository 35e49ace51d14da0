//! Limits over load steps: what a sweep carries, its milestones, and what a change added to the law's
//! coefficients.

use super::{Judging, blank};
use crate::analysis::capacity::{Capacity, Sweep};
use crate::budget::{Anchor, CapacityRule, Coefficients, Kind, Rule};
use crate::model::{CommitId, Direction, SeriesKey, Unit};
use crate::store::{Columns, SeriesRow};
use crate::verdict::capacity::judge_least;
use crate::verdict::select::Steps;
use crate::verdict::{
    CapacityFound, Coefficient, Judgement, LimitVerdict, Reason, Verdict, judge_added,
    judge_milestone, question, recorded,
};
use std::collections::BTreeSet;

/// A commit and its sweeps.
type Older = (CommitId, Vec<Sweep>);

/// An older sweep is looked for so many commits back.
const BACK: u32 = 50;

impl Judging<'_, '_> {
    /// Every rule of a limit over load steps.
    pub(super) fn capacity(&self, steps: &Steps<'_>) -> Vec<LimitVerdict> {
        let Some(rule) = &steps.limit.capacity else {
            return Vec::new();
        };
        let labels: BTreeSet<&str> = steps
            .series
            .iter()
            .map(|i| self.check.series[*i].key.env.as_str())
            .collect();
        labels
            .into_iter()
            .flat_map(|env| self.capacity_in(steps, rule, env))
            .collect()
    }

    fn capacity_in(&self, steps: &Steps<'_>, rule: &CapacityRule, env: &str) -> Vec<LimitVerdict> {
        let head = self.check.head;
        let mut older = None;
        let mut found = self.sweeps_at(steps, rule, env, head);
        if found.is_empty() {
            let rows = steps.series.iter().map(|i| &self.check.columns[*i]);
            let expected = rows
                .flat_map(|columns| &columns.runs)
                .any(|run| self.recent.contains(run));
            if !expected
                && let Some((commit, sweeps)) = self.older_sweeps(steps, rule, env, self.head_place)
            {
                let back = self
                    .check
                    .timeline
                    .place(&commit)
                    .map_or(0, |p| self.head_place - p);
                older = Some((commit, back));
                found = sweeps;
            }
        }
        if found.is_empty() {
            let judgement = Judgement::bare(Verdict::Missing, Reason::NotMeasured);
            let mut missing = blank(steps.budget, steps.limit, judgement);
            missing.rule = Some(Rule::Capacity);
            missing.direction = Direction::Higher;
            missing.unit = Unit::PerSecond;
            missing.series = Some(SeriesKey {
                benchmark: steps.limit.select.benchmark.as_str().to_owned(),
                metric: "capacity".to_owned(),
                tags: crate::model::Tags::new(),
                env: env.to_owned(),
            });
            return vec![missing];
        }
        found
            .into_iter()
            .flat_map(|sweep| self.sweep(steps, rule, env, sweep, older.as_ref()))
            .collect()
    }

    fn sweep(
        &self,
        steps: &Steps<'_>,
        rule: &CapacityRule,
        env: &str,
        sweep: Sweep,
        older: Option<&(CommitId, u32)>,
    ) -> Vec<LimitVerdict> {
        let (asked, _) = question(rule);
        let capacity = Capacity::new(sweep, asked);
        let mut key = SeriesKey {
            benchmark: capacity.sweep.benchmark.clone(),
            metric: "capacity".to_owned(),
            tags: capacity.sweep.tags.clone(),
            env: env.to_owned(),
        };
        key.tags.insert(capacity.sweep.axis.clone(), "*".to_owned());
        // The throughput at the largest load stands for the sweep where series are listed.
        let carrier: Vec<SeriesKey> = steps
            .series
            .iter()
            .map(|i| &self.check.series[*i].key)
            .filter(|own| own.env == env && own.benchmark == capacity.sweep.benchmark)
            .filter(|own| own.metric == capacity.sweep.throughput)
            .filter(|own| {
                capacity
                    .sweep
                    .tags
                    .iter()
                    .all(|(k, v)| own.tags.get(k) == Some(v))
            })
            .filter(|own| {
                let loads = own
                    .tags
                    .values()
                    .filter_map(|text| text.parse::<f64>().ok());
                loads
                    .into_iter()
                    .any(|n| (n - capacity.tested_max).abs() < 1e-9)
            })
            .take(1)
            .cloned()
            .collect();
        let plain = CapacityFound {
            capacity: capacity.clone(),
            older: older.cloned(),
            milestone: None,
            added: None,
        };
        let describe = |which: Rule, judgement: Judgement, found: CapacityFound| {
            let mut verdict = blank(steps.budget, steps.limit, judgement);
            verdict.rule = Some(which);
            let mut key = key.clone();
            key.metric = match (&found.milestone, which) {
                (Some(milestone), _) => format!("capacity for {}", milestone.name),
                (None, Rule::Contention | Rule::Coherency) => which.as_str().to_owned(),
                (None, _) => key.metric,
            };
            verdict.series = Some(key);
            verdict.unit = Unit::PerSecond;
            verdict.direction = Direction::Higher;
            verdict.value = found.capacity.available.map(|a| a.value);
            verdict.runs = found.capacity.sweep.runs();
            verdict.members.clone_from(&carrier);
            verdict.capacity = Some(Box::new(found));
            verdict
        };
        let mut verdicts = Vec::new();
        let milestones = steps.budget.milestones.iter().filter(|milestone| {
            milestone.limit == steps.limit.id && milestone.date >= self.check.today
        });
        for milestone in milestones {
            let unit = steps.limit.scale_unit.as_ref();
            let demand = steps.budget.demand.as_ref();
            let found = judge_milestone(&capacity, milestone, demand, unit);
            let mut judgement = Judgement::bare(found.verdict, Reason::Unsound);
            judgement.reason = found.reason;
            judgement.level = found.capacity;
            let warns = !found.fails(self.check.today);
            let (value, needed) = (found.capacity, found.needed);
            let interval = found.low.zip(found.high);
            let mut verdict = describe(
                Rule::Milestone,
                judgement,
                CapacityFound {
                    milestone: Some(found),
                    ..plain.clone()
                },
            );
            if warns {
                // Before its day it is said and fails nothing.
                verdict.kind = Kind::Cause;
            }
            verdict.value = value;
            verdict.interval = interval;
            verdict.limit_value = Some(needed);
            verdict.used = value
                .map(|value| needed / value)
                .filter(|used| used.is_finite());
            verdicts.push(verdict);
        }
        let based = rule.regress.is_some() && self.check.base.is_some();
        let compared = based || rule.drift.is_some();
        if rule.min.is_some() || (verdicts.is_empty() && !compared) {
            let judgement = judge_least(&capacity, rule.min);
            let mut verdict = describe(Rule::Capacity, judgement, plain.clone());
            verdict.limit_value = rule.min;
            verdict.interval = capacity.available.and_then(|a| Some((a.low, a.high?)));
            verdict.used = rule
                .min
                .zip(verdict.value)
                .map(|(least, value)| least / value)
                .filter(|used| used.is_finite());
            verdicts.push(verdict);
        }
        let mut against: Vec<(Coefficients, Option<Older>, String)> = Vec::new();
        if let Some(limits) = rule.regress
            && let Some(base) = self.check.base
        {
            let found = self.older_sweeps(steps, rule, env, self.base_end);
            let words = format!("the base ({})", base.commit.short());
            against.push((limits, found, words));
        }
        if let Some((anchor, limits)) = &rule.drift {
            against.push((
                *limits,
                self.pinned_sweeps(steps, rule, env, anchor),
                anchor.describe(),
            ));
        }
        for (limits, found, words) in against {
            let own = |other: &&Sweep| {
                other.benchmark == capacity.sweep.benchmark && other.tags == capacity.sweep.tags
            };
            let base = found.as_ref().and_then(|(_, all)| all.iter().find(own));
            let base = base.map(|sweep| Capacity::new(sweep.clone(), capacity.question.clone()));
            for (which, rule, most) in [
                (Coefficient::Contention, Rule::Contention, limits.contention),
                (Coefficient::Coherency, Rule::Coherency, limits.coherency),
            ] {
                let Some(most) = most else { continue };
                let (judgement, added) = match &base {
                    Some(base) => judge_added(&capacity, base, which, most, &words),
                    None => (Judgement::bare(Verdict::Unproven, Reason::Learning), None),
                };
                let mut judgement = judgement;
                if base.is_none() {
                    judgement.points = (0, 1);
                }
                let mut verdict = describe(
                    rule,
                    judgement,
                    CapacityFound {
                        added: added.clone(),
                        ..plain.clone()
                    },
                );
                verdict.unit = Unit::Ratio;
                verdict.direction = Direction::Lower;
                verdict.value = added.as_ref().map(|added| added.after);
                verdict.limit_value = added.as_ref().map(|added| added.before + most);
                verdict.interval = None;
                verdict.used = added
                    .as_ref()
                    .map(|added| ((added.after - added.before) / most).max(0.0));
                if verdict.judgement.verdict == Verdict::Over {
                    verdict.suspects = self.since(found.as_ref().map(|(commit, _)| commit));
                    verdict.introduced_by = verdict.suspects.first().cloned();
                }
                verdicts.push(verdict);
            }
        }
        verdicts
    }

    /// The commits after one up to the head, newest first.
    fn since(&self, from: Option<&CommitId>) -> Vec<CommitId> {
        let Some(from) = from.and_then(|commit| self.check.timeline.place(commit)) else {
            return Vec::new();
        };
        let places = (from + 1..=self.head_place).rev();
        places
            .filter_map(|place| self.check.timeline.at(place).cloned())
            .collect()
    }

    fn sweeps_at(
        &self,
        steps: &Steps<'_>,
        rule: &CapacityRule,
        env: &str,
        commit: &CommitId,
    ) -> Vec<Sweep> {
        let rows: Vec<(&SeriesRow, &Columns)> = steps
            .series
            .iter()
            .map(|i| (&self.check.series[*i], &self.check.columns[*i]))
            .collect();
        let (_, options) = question(rule);
        let mut found = recorded(commit, env, &rows, self.check.runs, &options);
        // Steps under a fault have limits of their own.
        if !steps.limit.select.tags.contains_key("fault") {
            found.retain(|sweep| sweep.fault().is_none());
        }
        found
    }

    /// The newest sweeps before a place.
    fn older_sweeps(
        &self,
        steps: &Steps<'_>,
        rule: &CapacityRule,
        env: &str,
        before: u32,
    ) -> Option<Older> {
        let measured: BTreeSet<u32> = self
            .check
            .runs
            .iter()
            .enumerate()
            .filter(|(_, run)| run.environment.label == env)
            .filter_map(|(i, _)| self.placement.place(i))
            .filter(|place| *place < before && *place + BACK >= before)
            .collect();
        measured.into_iter().rev().find_map(|place| {
            let commit = self.check.timeline.at(place)?;
            let sweeps = self.sweeps_at(steps, rule, env, commit);
            (!sweeps.is_empty()).then(|| (commit.clone(), sweeps))
        })
    }

    fn pinned_sweeps(
        &self,
        steps: &Steps<'_>,
        rule: &CapacityRule,
        env: &str,
        anchor: &Anchor,
    ) -> Option<Older> {
        let pin = self.check.commits.pin(&steps.budget.file, anchor)?;
        let place = self.check.timeline.place(pin)?;
        self.older_sweeps(steps, rule, env, place + 1)
    }
}
