//! Budget × two builds measured side by side → the same verdicts as for a history.
//!
//! A paired comparison needs no history: it judges from day one, on any machine. `regress` is
//! judged by the signed rank of the paired differences, `max` by binomial ranks of the head's
//! runs. Formulas and sources: `docs/local.md`.

mod carried;
mod causes;
mod left_out;
mod renamed;
mod rules;

pub use left_out::{LeftOut, LeftOutReason};
pub use renamed::renamed;
pub use rules::{Contrast, judge_paired_max, judge_paired_regress};

use super::judge::{accept, blank, not_deterministic, sort_worst_first, unjudged};
use super::rules::ALPHA;
use super::select::{fits, matches_nothing};
use super::{Judgement, LimitVerdict, Outcome, Reason, Verdict};
use crate::budget::{Budget, Headlines, Limit, Rule, Selector};
use crate::model::{Direction, Failure, SeriesKey, Unit};
use crate::stats::{benjamini_hochberg, median, pairs_needed};
use crate::store::SeriesRow;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// A control whose p-value is at most this, after division by the number of series, says that the
/// machine is not fit to compare anything.
const UNFIT: f64 = 0.005;

/// One series measured in two builds side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedSeries {
    /// What was measured; its environment is that of this machine.
    pub key: SeriesKey,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better, where the tool says it.
    pub direction: Option<Direction>,
    /// The base's values, pair by pair; empty where the base does not have it.
    pub base: Vec<f64>,
    /// The head's values, pair by pair; empty where the head does not have it.
    pub head: Vec<f64>,
    /// Pairs of the base against itself, in random order: the control.
    pub control: Vec<(f64, f64)>,
    /// Samples in the run that has fewest.
    pub least_samples: u64,
}

impl PairedSeries {
    /// How head and base differ, for a direction; `None` where one of them was not measured.
    #[must_use]
    pub fn contrast(&self, direction: Direction) -> Option<Contrast> {
        Contrast::new(&self.base, &self.head, direction)
    }

    /// How the base differs from itself.
    #[must_use]
    pub fn control(&self) -> Option<Contrast> {
        let (a, b): (Vec<f64>, Vec<f64>) = self.control.iter().copied().unzip();
        Contrast::new(&a, &b, Direction::Lower)
    }

    /// Which way is better: what the tool says, else lower.
    #[must_use]
    pub fn way(&self) -> Direction {
        self.direction.unwrap_or(Direction::Lower)
    }
}

/// What a paired check looks at.
#[derive(Clone, Copy)]
pub struct PairedCheck<'a> {
    /// What was measured.
    pub series: &'a [PairedSeries],
    /// Benchmarks that gave no result in the head.
    pub failed: &'a [Failure],
    /// The budgets.
    pub budgets: &'a [Budget],
    /// Series that are no longer measured on purpose.
    pub retired: &'a [Selector],
    /// What the history says of the base, for rules over time; empty where it is not asked.
    pub history: &'a [LimitVerdict],
    /// Label of this machine's environment.
    pub env: &'a str,
    /// Names of the machine.
    pub machine: &'a str,
    /// A limit that selects nothing of what was measured is missing; else it is only listed.
    pub all_expected: bool,
    /// Today, for acceptances that end.
    pub today: Date,
}

/// Judges a comparison. What was not judged because nothing of it was measured here is listed in
/// [`Outcome::elsewhere`] unless everything is expected; rules that pairs cannot judge are listed in
/// [`Outcome::left_out`].
#[must_use]
pub fn judge_pairs(check: &PairedCheck<'_>) -> Outcome {
    let mut outcome = Outcome {
        environments: vec![check.env.to_owned()],
        machines: Some(check.machine.to_owned())
            .filter(|name| !name.is_empty())
            .into_iter()
            .collect(),
        head_runs: check.series.iter().map(|s| s.head.len()).max().unwrap_or(0),
        ..Outcome::default()
    };
    let rows: Vec<SeriesRow> = check.series.iter().map(row).collect();
    let headlines = Headlines::new(rows.iter().map(|row| &row.key));
    let unfit = unfit_series(check.series);
    let mut left: BTreeSet<LeftOut> = BTreeSet::new();
    for budget in check.budgets {
        for limit in &budget.limits {
            // A relative change does not depend on the machine: any environment will do.
            let anywhere = Selector {
                env: None,
                ..limit.select.clone()
            };
            let mut found = false;
            for (series, row) in check.series.iter().zip(&rows) {
                if !anywhere.matches(&row.key, &headlines) {
                    continue;
                }
                found = true;
                match fits(limit, row) {
                    Ok(direction) => {
                        let one = One {
                            check,
                            budget,
                            limit,
                            series,
                            direction,
                            unfit: unfit.contains(&series.key),
                            failed: has_failed(check.failed, &series.key),
                        };
                        outcome.limits.extend(one.judge());
                        let carried = one.over_time();
                        let known = |rule: &LeftOut| {
                            let mut names = carried.iter().filter_map(|own| own.rule);
                            names.any(|own| own.as_str() == rule.rule)
                        };
                        left.extend(
                            left_out::left_out(budget, limit, series, check.env)
                                .filter(|rule| !known(rule)),
                        );
                        outcome.limits.extend(carried);
                    }
                    Err(finding) => {
                        outcome.limits.push(unjudged(budget, limit, &finding));
                        outcome.findings.push(*finding);
                    }
                }
            }
            if found {
                continue;
            }
            let name = format!("{}/{}", budget.feature, limit.id);
            if check
                .failed
                .iter()
                .any(|failure| limit.select.may_mean(failure))
            {
                let judgement = Judgement::bare(Verdict::Missing, Reason::BenchmarkFailed);
                outcome.limits.push(blank(budget, limit, judgement));
            } else if check.all_expected {
                let finding = matches_nothing(limit, &rows, &headlines);
                outcome.limits.push(unjudged(budget, limit, &finding));
                outcome.findings.push(finding);
            } else {
                outcome.elsewhere.push(name);
            }
        }
    }
    outcome.left_out = left.into_iter().collect();
    control_many(&mut outcome.limits);
    name_what_cannot_be_attained(&mut outcome.limits);
    sort_worst_first(&mut outcome.limits);
    causes::find(&mut outcome.limits, check.series);
    outcome
}

fn row(series: &PairedSeries) -> SeriesRow {
    SeriesRow {
        id: 0,
        key: series.key.clone(),
        unit: series.unit.clone(),
        direction: series.direction,
    }
}

/// Series whose control shows a difference where there is none.
fn unfit_series(series: &[PairedSeries]) -> BTreeSet<SeriesKey> {
    let controls: Vec<(&SeriesKey, Contrast)> = series
        .iter()
        .filter_map(|s| Some((&s.key, s.control()?)))
        .collect();
    let level = UNFIT / controls.len().max(1) as f64;
    controls
        .into_iter()
        .filter(|(_, control)| control.shift.p <= level)
        .map(|(key, _)| key.clone())
        .collect()
}

/// Benjamini–Hochberg over every test of the check: an over that does not survive is no proof.
fn control_many(limits: &mut [LimitVerdict]) {
    let tested: Vec<usize> = (0..limits.len())
        .filter(|&i| limits[i].judgement.p.is_some())
        .collect();
    let p: Vec<f64> = tested
        .iter()
        .filter_map(|&i| limits[i].judgement.p)
        .collect();
    for (&i, adjusted) in tested.iter().zip(benjamini_hochberg(&p)) {
        limits[i].p_adjusted = Some(adjusted);
        if limits[i].judgement.is_over_by_test() && adjusted > ALPHA {
            limits[i].judgement.demote();
        }
    }
}

/// Too few pairs to survive the control over so many series, however clear they are.
fn name_what_cannot_be_attained(limits: &mut [LimitVerdict]) {
    let tests = limits.iter().filter(|l| l.judgement.p.is_some()).count();
    let needed = pairs_needed(ALPHA, tests);
    for limit in limits {
        let demoted = limit.judgement.reason == Some(Reason::Suspect);
        if let Some(pairs) = limit.pairs.filter(|pairs| demoted && *pairs < needed) {
            limit.judgement.reason = Some(Reason::Unattainable);
            limit.judgement.runs_needed = Some(needed - pairs);
        }
    }
}

/// One limit on one series.
fn has_failed(failed: &[Failure], key: &SeriesKey) -> bool {
    failed
        .iter()
        .any(|failure| failure.covers(&key.benchmark, &key.tags))
}

struct One<'a, 'c> {
    check: &'c PairedCheck<'a>,
    budget: &'c Budget,
    limit: &'c Limit,
    series: &'c PairedSeries,
    direction: Direction,
    unfit: bool,
    failed: bool,
}

impl One<'_, '_> {
    fn judge(&self) -> Vec<LimitVerdict> {
        let none = Headlines::default();
        let retired = |s: &Selector| s.matches(&self.series.key, &none);
        if self.series.head.is_empty() || self.failed {
            if self.check.retired.iter().any(retired) && !self.failed {
                return Vec::new();
            }
            let reason = if self.failed {
                Reason::BenchmarkFailed
            } else {
                Reason::NotMeasured
            };
            return vec![self.describe(None, Judgement::bare(Verdict::Missing, reason))];
        }
        let mut verdicts = Vec::new();
        verdicts.extend(self.max());
        verdicts.extend(self.regress());
        self.guard(&mut verdicts);
        for verdict in &mut verdicts {
            if self.unfit && matches!(verdict.judgement.verdict, Verdict::Over | Verdict::Within) {
                verdict.judgement.verdict = Verdict::Unproven;
                verdict.judgement.reason = Some(Reason::UnfitRunner);
                verdict.judgement.p = None;
            }
            if verdict.judgement.verdict == Verdict::Over {
                accept(self.budget, self.limit, self.check.today, verdict);
            }
        }
        verdicts
    }

    /// Rules that need the history, as far as that knows the base.
    fn over_time(&self) -> Vec<LimitVerdict> {
        if self.series.head.is_empty() || self.failed || self.unfit {
            return Vec::new();
        }
        let contrast = self.series.contrast(self.direction);
        let of = |rule: Rule| {
            carried::carried(
                self.check.history,
                self.budget,
                self.limit,
                rule,
                self.series,
                contrast.as_ref(),
            )
        };
        let mut verdicts = of(Rule::Drift);
        verdicts.extend(of(Rule::Creep));
        for verdict in &mut verdicts {
            if verdict.judgement.verdict == Verdict::Over {
                accept(self.budget, self.limit, self.check.today, verdict);
            }
        }
        verdicts
    }

    fn describe(&self, rule: Option<Rule>, judgement: Judgement) -> LimitVerdict {
        let mut found = blank(self.budget, self.limit, judgement);
        found.rule = rule.or(found.rule);
        found.series = Some(self.series.key.clone());
        found.unit = self.series.unit.clone();
        found.direction = self.direction;
        found.value = median(&self.series.head);
        found.runs = self.series.head.len();
        found.pairs = Some(self.series.base.len().min(self.series.head.len()));
        found
    }

    fn regress(&self) -> Option<LimitVerdict> {
        // Against another slice of the same runs it is no matter of two builds.
        let rule = self.limit.regress.filter(|_| self.limit.versus.is_none())?;
        let contrast = self.series.contrast(self.direction)?;
        let exact = contrast.is_exact(self.limit.deterministic, &self.series.unit);
        let mut judgement = judge_paired_regress(&contrast, rule, exact);
        let margin = contrast.margin(rule.limit);
        let differing = self.differing(&mut judgement, |base, head| {
            contrast.all_beyond(base, head, margin.unwrap_or(0.0))
        });
        self.ask_for_evidence(&mut judgement);
        let mut found = self.describe(Some(Rule::Regress), judgement);
        found.against = differing;
        found.limit_value = margin.map(|margin| contrast.value_at(margin));
        found.allowed = Some(self.direction.worsening_sign() * rule.limit);
        found.used = margin.map(|margin| (contrast.shift.shift.value / margin).max(0.0));
        Some(found)
    }

    /// What its owner says is the same in every run and is not; the head's runs tell it, else the base's.
    fn differing(
        &self,
        judgement: &mut Judgement,
        all_over: impl Fn(&[f64], &[f64]) -> bool,
    ) -> Option<String> {
        if !self.limit.deterministic {
            return None;
        }
        let (base, head) = (&self.series.base, &self.series.head);
        let over = all_over(base, head);
        not_deterministic(head, judgement, over)
            .or_else(|| not_deterministic(base, judgement, over))
    }

    /// The guard of a series, by the head's runs: where it is missing or out of its bounds, nothing is
    /// within or better.
    fn guard(&self, verdicts: &mut Vec<LimitVerdict>) {
        let Some(guard) = &self.limit.guard else {
            return;
        };
        let own = &self.series.key;
        let found = self.check.series.iter().find(|other| {
            other.key.metric == guard.metric
                && other.key.benchmark == own.benchmark
                && other.key.tags == own.tags
        });
        let mut broken = true;
        let mut judged = Vec::new();
        if let Some(series) = found.filter(|series| !series.head.is_empty()) {
            broken = false;
            for (quantity, direction) in [
                (&guard.max, Direction::Lower),
                (&guard.min, Direction::Higher),
            ] {
                let Some(quantity) = quantity else { continue };
                let sign = direction.worsening_sign();
                let exact = series
                    .head
                    .windows(2)
                    .all(|w| w[0].total_cmp(&w[1]).is_eq());
                let judgement = judge_paired_max(&series.head, quantity.value, sign, exact);
                let Some(judgement) = judgement else { continue };
                broken |= judgement
                    .level
                    .is_none_or(|level| sign * level > sign * quantity.value);
                let mut verdict = self.describe(Some(Rule::Guard), judgement);
                verdict.series = Some(series.key.clone());
                verdict.unit = series.unit.clone();
                verdict.direction = direction;
                verdict.value = median(&series.head);
                verdict.limit_value = Some(quantity.value);
                judged.push(verdict);
            }
        }
        if judged.is_empty() {
            let judgement = Judgement::bare(Verdict::Missing, Reason::GuardMissing);
            judged.push(self.describe(Some(Rule::Guard), judgement));
        }
        for verdict in verdicts.iter_mut().filter(|_| broken) {
            verdict.judgement.improved = false;
            if verdict.judgement.verdict == Verdict::Within {
                verdict.judgement.verdict = Verdict::Unproven;
                verdict.judgement.reason = Some(Reason::GuardBroken);
            }
        }
        verdicts.extend(judged);
    }

    /// An absolute limit belongs to its environment: elsewhere the values say nothing about it.
    fn max(&self) -> Option<LimitVerdict> {
        let max = self.limit.max.as_ref()?;
        let env = self.limit.select.env.as_ref();
        if env.is_some_and(|env| !env.matches(self.check.env)) {
            return None;
        }
        let sign = self.direction.worsening_sign();
        let contrast = self.series.contrast(self.direction);
        let exact = contrast
            .as_ref()
            .is_some_and(|c| c.is_exact(self.limit.deterministic, &self.series.unit));
        let judge = |values: &[f64]| judge_paired_max(values, max.value, sign, exact);
        let mut judgement = judge(&self.series.head)?;
        if let Some(contrast) = &contrast {
            judgement.effect = contrast.effect();
            judgement.improved = contrast.is_improved();
            judgement.smallest_effect = contrast.smallest_effect();
            let base_over =
                judge(&self.series.base).is_some_and(|base| base.verdict == Verdict::Over);
            let inherited =
                judgement.verdict == Verdict::Over && base_over && !contrast.is_proven_worse(exact);
            if inherited {
                judgement.verdict = Verdict::Inherited;
            }
        }
        let head = &self.series.head;
        let differing = if self.limit.deterministic {
            let over = head.iter().all(|value| sign * value > sign * max.value);
            not_deterministic(head, &mut judgement, over)
        } else {
            None
        };
        self.ask_for_evidence(&mut judgement);
        let level = judgement.level;
        let mut found = self.describe(Some(Rule::Max), judgement);
        found.against = differing;
        found.limit_value = Some(max.value);
        found.used = level.map(|level| match self.direction {
            Direction::Lower => level / max.value,
            Direction::Higher => max.value / level,
        });
        Some(found)
    }

    fn ask_for_evidence(&self, judgement: &mut Judgement) {
        let min = &self.limit.min;
        let runs = self.series.head.len();
        let reason = if runs < min.runs {
            Reason::TooFewRuns
        } else if self.series.least_samples < min.samples {
            Reason::TooFewSamples
        } else {
            return;
        };
        judgement.verdict = Verdict::Unproven;
        judgement.reason = Some(reason);
        judgement.runs_needed = min.runs.checked_sub(runs).filter(|n| *n > 0);
        judgement.p = None;
    }
}

#[cfg(test)]
mod tests;
