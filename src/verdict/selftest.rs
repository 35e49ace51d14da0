//! What a budget's `regress` would do: the real rule on pull requests drawn from the history.
//!
//! Commits of one regime differ by noise alone. Any of them can stand in for a head that changed
//! nothing; made worse by a known amount, for one that did.

use super::{Check, ChosenBase, LimitVerdict, Outcome, Reason, Verdict, judge};
use crate::analysis::analyse;
use crate::budget::{Budget, Headlines, Rule};
use crate::history::{Placement, Point, Series, Timeline};
use crate::model::{CommitId, Direction};
use crate::store::{Cell, Columns, RunRow};
use std::collections::BTreeMap;

/// So many of the newest commits of a regime are used.
const NEWEST: usize = 60;
/// A regime with fewer commits can draw nothing: five must be left as a base.
const LEAST: usize = 8;

/// What was drawn for one limit.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfTest {
    /// The feature.
    pub feature: String,
    /// The limit.
    pub limit: String,
    /// What is allowed, as a fraction of worsening.
    pub allowed: f64,
    /// Series that a regime of at least eight commits made testable.
    pub series: usize,
    /// Series whose history is too short.
    pub too_short: usize,
    /// Pull requests drawn for each figure.
    pub draws: usize,
    /// Share of unchanged heads that were over.
    pub false_red: f64,
    /// Share of heads that were over when made worse by 1, 1.5 and 2 times the limit.
    pub caught: [f64; 3],
    /// Why a breach of twice the limit was not seen where there was no evidence to judge by: the
    /// commonest reason, and its share of all draws. `None` where noise alone hid it.
    pub not_judged: Option<(Reason, f64)>,
}

impl SelfTest {
    /// A breach of twice the limit goes unseen as often as not.
    #[must_use]
    pub fn unenforceable(&self) -> bool {
        self.series > 0 && self.caught[2] < 0.5
    }
}

/// Draws `draws` pull requests a series for every limit with `regress`, each judged by itself.
/// Every commit of the regime takes its turn as head; nothing is random.
#[must_use]
pub fn self_test(check: &Check<'_>, draws: usize) -> Vec<SelfTest> {
    let headlines = Headlines::new(check.series.iter().map(|row| &row.key));
    // The change that is judged is no part of the history that heads are drawn from.
    let base = check
        .base
        .and_then(|base| check.timeline.place(&base.commit));
    let commits = check.timeline.commits();
    let end = base.map_or(commits.len(), |place| place as usize + 1);
    let history = Timeline::new(commits[..end.min(commits.len())].to_vec());
    let placement = Placement::new(check.runs, &history);
    let mut tests = Vec::new();
    for budget in check.budgets {
        for limit in &budget.limits {
            let Some(allowed) = limit.regress.as_ref().map(|regress| regress.limit) else {
                continue;
            };
            let mut test = SelfTest {
                feature: budget.feature.clone(),
                limit: limit.id.clone(),
                allowed,
                series: 0,
                too_short: 0,
                draws: 0,
                false_red: 0.0,
                caught: [0.0; 3],
                not_judged: None,
            };
            let mut unseen = BTreeMap::new();
            let alone = Budget {
                limits: vec![limit.clone()],
                accepted: Vec::new(),
                ..budget.clone()
            };
            let chosen = check.series.iter().zip(check.columns).filter(|(row, _)| {
                limit.select.matches(&row.key, &headlines)
                    && check.env.is_none_or(|env| env == row.key.env)
            });
            for (row, columns) in chosen {
                let series = placement.arrange(row.clone(), columns);
                match Draw::new(check, &alone, series, limit.direction) {
                    Some(draw) => test.add(&draw, draws, &mut unseen),
                    None => test.too_short += 1,
                }
            }
            test.finish(&unseen);
            tests.push(test);
        }
    }
    tests
}

impl SelfTest {
    fn add(&mut self, draw: &Draw<'_, '_>, draws: usize, unseen: &mut BTreeMap<Reason, usize>) {
        self.series += 1;
        let count = draws.min(draw.points.len()).max(1);
        for turn in 0..count {
            let at = turn * draw.points.len() / count;
            let found = |times: f64| draw.judged_at(at, times * self.allowed);
            let is_over = |found: &Found| f64::from(u8::from(found.over));
            self.false_red += is_over(&found(0.0));
            let caught = [1.0, 1.5, 2.0].map(found);
            for (sum, found) in self.caught.iter_mut().zip(&caught) {
                *sum += is_over(found);
            }
            let [.., twice] = caught;
            if let Some(reason) = twice.not_judged {
                *unseen.entry(reason).or_default() += 1;
            }
        }
        self.draws += count;
    }

    fn finish(&mut self, unseen: &BTreeMap<Reason, usize>) {
        let draws = self.draws.max(1) as f64;
        self.not_judged = unseen
            .iter()
            .max_by_key(|(_, count)| **count)
            .map(|(reason, count)| (*reason, *count as f64 / draws));
        self.false_red /= draws;
        self.caught.iter_mut().for_each(|share| *share /= draws);
    }
}

/// What the check said of one drawn head.
struct Found {
    over: bool,
    /// Why there was no evidence to judge by, whatever the noise.
    not_judged: Option<Reason>,
}

/// One series from whose regime heads are drawn.
struct Draw<'c, 'a> {
    check: &'c Check<'a>,
    budget: &'c Budget,
    series: Series,
    points: Vec<Point>,
    direction: Direction,
}

impl<'c, 'a> Draw<'c, 'a> {
    fn new(
        check: &'c Check<'a>,
        budget: &'c Budget,
        series: Series,
        direction: Option<Direction>,
    ) -> Option<Self> {
        let regime = *analyse(&series).regimes.last()?;
        let all = series.points.get(regime.first..=regime.last)?;
        let stratum = all.last()?.stratum;
        let own: Vec<Point> = all
            .iter()
            .filter(|point| point.stratum == stratum)
            .copied()
            .collect();
        let points = own[own.len().saturating_sub(NEWEST)..].to_vec();
        let direction = direction.or(series.row.direction)?;
        (points.len() >= LEAST).then_some(Self {
            check,
            budget,
            series,
            points,
            direction,
        })
    }

    /// What the check would say of the commit at `at`, made worse by a fraction, with all other
    /// commits of the regime as its base.
    fn judged_at(&self, at: usize, worse: f64) -> Found {
        let order: Vec<usize> = (0..self.points.len())
            .filter(|&i| i != at)
            .chain([at])
            .collect();
        let Some(line) = self.line(&order) else {
            return Found {
                over: false,
                not_judged: None,
            };
        };
        let mut runs: Vec<RunRow> = Vec::new();
        let mut cells: Vec<Cell> = Vec::new();
        for (place, &i) in order.iter().enumerate() {
            let head = place + 1 == order.len();
            let factor = match (head, self.direction) {
                (false, _) => 1.0,
                (true, Direction::Lower) => 1.0 + worse,
                (true, Direction::Higher) => (1.0 - worse).max(0.0),
            };
            for run in self.series.runs_of(&self.points[i]) {
                let id = runs.len() as i64 + 1;
                let mut row = self.check.runs[run.run as usize].clone();
                row.id = id;
                row.commit = line[place].clone();
                row.dirty = false;
                row.source.attempt = u32::try_from(id).unwrap_or(u32::MAX);
                runs.push(row);
                cells.push(Cell {
                    run: id,
                    value: run.value * factor,
                    spread: None,
                    n: run.n,
                });
            }
        }
        let outcome = self.judged(&line, &runs, cells.into_iter().collect());
        let over = |verdict| matches!(verdict, Verdict::Over | Verdict::Inherited);
        let own = |found: &&LimitVerdict| found.rule == Some(Rule::Regress);
        let mut judgements = outcome.limits.iter().filter(own).map(|own| &own.judgement);
        let no_evidence = |reason: &Reason| {
            matches!(
                reason,
                Reason::Learning
                    | Reason::TooFewRuns
                    | Reason::TooFewSamples
                    | Reason::NoRelativeSize
                    | Reason::NotDeterministic
                    | Reason::Unattainable
            )
        };
        Found {
            over: judgements.clone().any(|found| over(found.verdict)),
            not_judged: judgements.find_map(|found| found.reason.filter(no_evidence)),
        }
    }

    /// Commits to place the draws on: any that the store knows, as long as they differ.
    fn line(&self, order: &[usize]) -> Option<Vec<CommitId>> {
        let commits = self.check.timeline.commits();
        let places = order.iter().map(|&i| self.points[i].place as usize);
        let mut sorted: Vec<usize> = places.collect();
        sorted.sort_unstable();
        sorted
            .into_iter()
            .map(|place| commits.get(place).cloned())
            .collect()
    }

    fn judged(&self, line: &[CommitId], runs: &[RunRow], columns: Columns) -> Outcome {
        let Some((head, before)) = line.split_last() else {
            return Outcome::default();
        };
        let base = before.last().map(|commit| ChosenBase {
            commit: commit.clone(),
            how: "drawn".to_owned(),
            measured: true,
        });
        judge(&Check {
            head,
            base: base.as_ref(),
            timeline: &Timeline::new(line.to_vec()),
            runs,
            series: std::slice::from_ref(&self.series.row),
            columns: &[columns],
            budgets: std::slice::from_ref(self.budget),
            failures: &std::collections::HashMap::new(),
            threads: 1,
            // Draws never come again.
            memo: None,
            ..*self.check
        })
    }
}
