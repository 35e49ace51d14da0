//! One sweep of load steps, and all that its limit says of it.

use super::{Judging, Older, blank};
use crate::analysis::capacity::{Capacity, Sweep, whole};
use crate::budget::{CapacityRule, Coefficients, Kind, Milestone, Rule};
use crate::model::{CommitId, Direction, SeriesKey, Unit};
use crate::verdict::capacity::judge_least;
use crate::verdict::select::Steps;
use crate::verdict::{
    CapacityFound, Coefficient, Judgement, LimitVerdict, Reason, Verdict, judge_added,
    judge_milestone, question,
};

pub(super) struct Scene<'s, 'j, 'c> {
    judging: &'s Judging<'j, 'c>,
    steps: &'s Steps<'s>,
    rule: &'s CapacityRule,
    env: &'s str,
    capacity: Capacity,
    older: Option<(CommitId, u32)>,
}

/// Older sweeps that coefficients are compared with.
struct Against {
    limits: Coefficients,
    sweeps: Option<Older>,
    /// What they are called.
    words: String,
    /// They are of a pinned commit, so that others than this change may have added to them.
    pinned: bool,
}

impl<'s, 'j, 'c> Scene<'s, 'j, 'c> {
    /// `older`: the commit that the sweep is of and how many commits back, where it is not the head's.
    pub(super) fn new(
        judging: &'s Judging<'j, 'c>,
        steps: &'s Steps<'s>,
        rule: &'s CapacityRule,
        env: &'s str,
        sweep: Sweep,
        older: Option<(CommitId, u32)>,
    ) -> Self {
        let (asked, _) = question(rule);
        Self {
            judging,
            steps,
            rule,
            env,
            capacity: Capacity::new(sweep, asked),
            older,
        }
    }

    pub(super) fn verdicts(&self) -> Vec<LimitVerdict> {
        let mut verdicts: Vec<LimitVerdict> = self
            .milestones()
            .map(|milestone| self.milestone(milestone))
            .collect();
        let against = self.against();
        if self.rule.min.is_some() || (verdicts.is_empty() && against.is_empty()) {
            verdicts.push(self.least());
        }
        for one in &against {
            verdicts.extend(self.coefficients(one));
        }
        verdicts.extend(self.vanished());
        verdicts
    }

    /// Milestones of this limit; one whose day has passed holds on.
    fn milestones(&self) -> impl Iterator<Item = &'s Milestone> {
        let steps = self.steps;
        let own = steps.budget.milestones.iter();
        own.filter(move |own| own.limit == steps.limit.id)
    }

    /// Loads that the sweep before was measured at and this one was not.
    fn vanished(&self) -> Vec<LimitVerdict> {
        if self.older.is_some() || self.capacity.sweep.by_little {
            return Vec::new();
        }
        let judging = self.judging;
        let before = judging.older_sweeps(self.steps, self.rule, self.env, judging.head_place);
        let Some(before) = before.and_then(|(_, all)| self.same_of(&all)) else {
            return Vec::new();
        };
        let here = |n: f64| {
            let mut steps = self.capacity.sweep.steps.iter();
            steps.any(|step| (step.n - n).abs() < 1e-9)
        };
        let steps = before.sweep.steps.iter();
        let gone = steps.map(|step| step.n).filter(|n| !here(*n));
        gone.map(|n| {
            let judgement = Judgement::bare(Verdict::Missing, Reason::NotMeasured);
            let mut missing = blank(self.steps.budget, self.steps.limit, judgement);
            let mut tags = self.capacity.sweep.tags.clone();
            tags.insert(self.capacity.sweep.axis.clone(), whole(n));
            missing.rule = Some(Rule::Capacity);
            missing.series = Some(SeriesKey {
                benchmark: self.capacity.sweep.benchmark.clone(),
                metric: self.capacity.sweep.throughput.clone(),
                tags,
                env: self.env.to_owned(),
            });
            missing.unit = Unit::PerSecond;
            missing.direction = Direction::Higher;
            missing
        })
        .collect()
    }

    /// Before its day a milestone is said and fails nothing.
    fn milestone(&self, milestone: &Milestone) -> LimitVerdict {
        let unit = self.steps.limit.scale_unit.as_ref();
        let demand = self.steps.budget.demand.as_ref();
        let judge = |capacity: &Capacity| judge_milestone(capacity, milestone, demand, unit);
        let found = judge(&self.capacity);
        let mut judgement = Judgement::bare(found.verdict, Reason::Unsound);
        judgement.reason = found.reason;
        judgement.level = found.capacity;
        let warns = !found.fails(self.judging.check.today);
        let (value, needed) = (found.capacity, found.needed);
        let interval = found.low.zip(found.high);
        let mut verdict = self.describe(
            Rule::Milestone,
            judgement,
            CapacityFound {
                milestone: Some(found),
                ..self.plain()
            },
        );
        if warns {
            verdict.kind = Kind::Cause;
        }
        verdict.value = value;
        verdict.interval = interval;
        verdict.limit_value = Some(needed);
        verdict.used = value
            .map(|value| needed / value)
            .filter(|used| used.is_finite());
        self.blame(&mut verdict, |capacity| judge(capacity).verdict);
        verdict
    }

    /// The least that must be carried; without one, what is carried.
    fn least(&self) -> LimitVerdict {
        let min = self.rule.min;
        let judgement = judge_least(&self.capacity, min);
        let mut verdict = self.describe(Rule::Capacity, judgement, self.plain());
        verdict.limit_value = min;
        verdict.interval = self.capacity.available.and_then(|a| Some((a.low, a.high?)));
        verdict.used = min
            .zip(verdict.value)
            .map(|(least, value)| least / value)
            .filter(|used| used.is_finite());
        self.blame(&mut verdict, |capacity| judge_least(capacity, min).verdict);
        verdict
    }

    fn against(&self) -> Vec<Against> {
        let judging = self.judging;
        let mut against = Vec::new();
        if let Some((limits, base)) = self.rule.regress.zip(judging.check.base) {
            let found = judging.older_sweeps(self.steps, self.rule, self.env, judging.base_end);
            against.push(Against {
                limits,
                sweeps: found,
                words: format!("the base ({})", base.commit.short()),
                pinned: false,
            });
        }
        if let Some((anchor, limits)) = &self.rule.drift {
            let found = judging.pinned_sweeps(self.steps, self.rule, self.env, anchor);
            against.push(Against {
                limits: *limits,
                sweeps: found,
                words: anchor.describe(),
                pinned: true,
            });
        }
        against
    }

    fn coefficients(&self, against: &Against) -> Vec<LimitVerdict> {
        let found = against.sweeps.as_ref();
        let base = found.and_then(|(_, all)| self.same_of(all));
        let limits = &against.limits;
        let each = [
            (Coefficient::Contention, Rule::Contention, limits.contention),
            (Coefficient::Coherency, Rule::Coherency, limits.coherency),
        ];
        each.into_iter()
            .filter_map(|(which, rule, most)| {
                let most = most?;
                let base = base.as_ref();
                let mut verdict = self.coefficient(which, rule, most, base, against);
                if let (true, Some(base)) = (against.pinned, base) {
                    let judge = |of: &Capacity| judge_added(of, base, which, most, "").0.verdict;
                    self.blame(&mut verdict, judge);
                } else if verdict.judgement.verdict == Verdict::Over {
                    verdict.suspects = self.since(found.map(|(commit, _)| commit));
                    verdict.introduced_by = verdict.suspects.first().cloned();
                }
                Some(verdict)
            })
            .collect()
    }

    fn coefficient(
        &self,
        which: Coefficient,
        rule: Rule,
        most: f64,
        base: Option<&Capacity>,
        against: &Against,
    ) -> LimitVerdict {
        let (judgement, mut added) = match base {
            Some(base) => judge_added(&self.capacity, base, which, most, &against.words),
            None => {
                let mut learning = Judgement::bare(Verdict::Unproven, Reason::Learning);
                learning.points = (0, 1);
                (learning, None)
            }
        };
        if let Some(added) = &mut added {
            added.pinned = against.pinned;
        }
        let mut verdict = self.describe(
            rule,
            judgement,
            CapacityFound {
                added: added.clone(),
                ..self.plain()
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
        verdict
    }

    /// What is over already without this change is inherited; either way the commits are named since
    /// which it is so, where an older sweep was not over.
    fn blame(&self, verdict: &mut LimitVerdict, judge: impl Fn(&Capacity) -> Verdict) {
        if verdict.judgement.verdict != Verdict::Over {
            return;
        }
        let judging = self.judging;
        let place = |commit: &CommitId| judging.check.timeline.place(commit);
        let of_head = match &self.older {
            Some((commit, _)) => place(commit),
            None => Some(judging.head_place),
        };
        let Some(mut first_over) = of_head else {
            return;
        };
        let mut last_good = None;
        for (commit, sweeps) in
            judging.all_older_sweeps(self.steps, self.rule, self.env, first_over)
        {
            let Some(capacity) = self.same_of(&sweeps) else {
                continue;
            };
            let Some(place) = place(&commit) else {
                continue;
            };
            match judge(&capacity) {
                Verdict::Over => first_over = place,
                Verdict::Within => {
                    last_good = Some(place);
                    break;
                }
                // Neither: nobody is blamed for what was not known before.
                _ => {}
            }
        }
        if let Some(good) = last_good {
            verdict.suspects = self.between(good, first_over);
            verdict.introduced_by = verdict.suspects.first().cloned();
        }
        let base = judging.check.base.filter(|base| base.measured);
        if base.is_some() && first_over < judging.base_end {
            verdict.judgement.verdict = Verdict::Inherited;
            verdict.judgement.reason = None;
        }
    }

    /// The sweep of the same benchmark among others.
    fn same_of(&self, all: &[Sweep]) -> Option<Capacity> {
        let own = &self.capacity;
        let same =
            |other: &&Sweep| other.benchmark == own.sweep.benchmark && other.tags == own.sweep.tags;
        let found = all.iter().find(same)?.clone();
        Some(Capacity::new(found, own.question.clone()))
    }

    /// The commits after one up to the head, newest first.
    fn since(&self, from: Option<&CommitId>) -> Vec<CommitId> {
        let from = from.and_then(|commit| self.judging.check.timeline.place(commit));
        from.map_or_else(Vec::new, |from| self.between(from, self.judging.head_place))
    }

    /// The commits after one place up to another, newest first.
    fn between(&self, after: u32, to: u32) -> Vec<CommitId> {
        let timeline = self.judging.check.timeline;
        let places = (after + 1..=to).rev();
        places
            .filter_map(|place| timeline.at(place).cloned())
            .collect()
    }

    fn plain(&self) -> CapacityFound {
        CapacityFound {
            capacity: self.capacity.clone(),
            older: self.older.clone(),
            milestone: None,
            added: None,
        }
    }

    fn describe(&self, rule: Rule, judgement: Judgement, found: CapacityFound) -> LimitVerdict {
        let sweep = &self.capacity.sweep;
        let mut verdict = blank(self.steps.budget, self.steps.limit, judgement);
        let metric = match (&found.milestone, rule) {
            (Some(milestone), _) => format!("capacity for {}", milestone.name),
            (None, Rule::Contention | Rule::Coherency) => rule.as_str().to_owned(),
            (None, _) => "capacity".to_owned(),
        };
        let mut tags = sweep.tags.clone();
        tags.insert(sweep.axis.clone(), "*".to_owned());
        verdict.rule = Some(rule);
        verdict.series = Some(SeriesKey {
            benchmark: sweep.benchmark.clone(),
            metric,
            tags,
            env: self.env.to_owned(),
        });
        verdict.unit = Unit::PerSecond;
        verdict.direction = Direction::Higher;
        verdict.value = found.capacity.available.map(|a| a.value);
        verdict.runs = sweep.runs();
        verdict.members = self.carrier();
        verdict.capacity = Some(Box::new(found));
        verdict
    }

    /// The throughput at the largest load, which stands for the sweep where series are listed.
    fn carrier(&self) -> Vec<SeriesKey> {
        let sweep = &self.capacity.sweep;
        let largest = |own: &SeriesKey| {
            let mut loads = own.tags.values().filter_map(|t| t.parse::<f64>().ok());
            loads.any(|n| (n - self.capacity.tested_max).abs() < 1e-9)
        };
        let of_sweep = |own: &&SeriesKey| {
            own.env == self.env
                && own.benchmark == sweep.benchmark
                && own.metric == sweep.throughput
                && sweep.tags.iter().all(|(k, v)| own.tags.get(k) == Some(v))
                && largest(own)
        };
        let all = self.steps.series.iter();
        let keys = all.map(|i| &self.judging.check.series[*i].key);
        keys.filter(of_sweep).take(1).cloned().collect()
    }
}
