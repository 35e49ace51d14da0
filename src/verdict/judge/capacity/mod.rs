//! Limits over load steps: what a sweep carries, its milestones, and what a change added to the law's
//! coefficients.

mod scene;

use super::{Judging, blank};
use crate::analysis::capacity::Sweep;
use crate::budget::{Anchor, CapacityRule, Rule};
use crate::model::{CommitId, Direction, SeriesKey, Unit};
use crate::store::{Columns, SeriesRow};
use crate::verdict::select::Steps;
use crate::verdict::{Judgement, LimitVerdict, Reason, Verdict, question, recorded};
use scene::Scene;
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
                .flat_map(|columns| columns.runs())
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
            .flat_map(|sweep| Scene::new(self, steps, rule, env, sweep, older.clone()).verdicts())
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
        self.all_older_sweeps(steps, rule, env, before).next()
    }

    /// All sweeps before a place, newest first.
    fn all_older_sweeps<'s>(
        &'s self,
        steps: &'s Steps<'_>,
        rule: &'s CapacityRule,
        env: &'s str,
        before: u32,
    ) -> impl Iterator<Item = Older> + 's {
        let measured: BTreeSet<u32> = self
            .check
            .runs
            .iter()
            .enumerate()
            .filter(|(_, run)| run.environment.label == env)
            .filter_map(|(i, _)| self.placement.place(i))
            .filter(|place| *place < before && *place + BACK >= before)
            .collect();
        measured.into_iter().rev().filter_map(move |place| {
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
