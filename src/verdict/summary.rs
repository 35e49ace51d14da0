//! From many verdicts to one word and one exit code.

use super::{LeftOut, LeftOutReason, LimitVerdict, Reason, Verdict};
use crate::budget::{Budget, Consequence, Kind};
use crate::model::SeriesKey;
use std::collections::{BTreeMap, BTreeSet};

/// The exit codes of plimsoll, a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Within budget.
    Within = 0,
    /// Over budget.
    Over = 1,
    /// Trouble: usage, configuration, I/O, unreadable input, missing, nothing to judge.
    Trouble = 2,
}

/// How many series were judged, and why the others were not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    /// Series that a limit expects at this commit; of a paired check also rules that it left out.
    pub expected: usize,
    /// Series with an answer: within, over, accepted or inherited.
    pub judged: usize,
    /// Why the others have none.
    pub reasons: BTreeMap<&'static str, usize>,
}

/// One word for the whole check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The worst verdict.
    pub verdict: Verdict,
    /// The exit code.
    pub exit: Exit,
    /// How many series were judged.
    pub census: Census,
}

impl Summary {
    /// Sums verdicts up. `trouble`: something beside them could not be judged.
    #[must_use]
    pub fn new(limits: &[LimitVerdict], strict: bool, trouble: bool) -> Self {
        let mut exit = Exit::Within;
        let mut over = false;
        for limit in limits {
            let code = exit_of(limit, strict);
            over |= code == Exit::Over && limit.judgement.verdict == Verdict::Over;
            exit = exit.max(code);
        }
        if trouble || limits.is_empty() {
            exit = Exit::Trouble;
        }
        if over {
            exit = Exit::Over;
        }
        let failing = |limit: &&LimitVerdict| {
            limit.kind == Kind::Symptom || limit.judgement.verdict != Verdict::Over
        };
        let worst = limits
            .iter()
            .filter(failing)
            .map(|limit| limit.judgement.verdict)
            .max();
        let verdict = worst.unwrap_or(if limits.is_empty() {
            Verdict::Missing
        } else {
            Verdict::Within
        });
        Self {
            verdict,
            exit,
            census: census(limits),
        }
    }

    /// Adds the rules of a paired check that need what pairs do not have: nobody judged them, so they
    /// are unproven, and fail where their limit asks for proof or all is asked for it. A benchmark that
    /// the base lacks, or a limit of another environment, is as new or as foreign to any check.
    #[must_use]
    pub fn beside(mut self, left_out: &[LeftOut], budgets: &[Budget], strict: bool) -> Self {
        let limit = |rule: &LeftOut| {
            let mut own = budgets.iter().filter(|own| own.feature == rule.feature);
            own.find_map(|own| own.limits.iter().find(|limit| limit.id == rule.limit))
        };
        let unjudged = |rule: &&LeftOut| {
            use LeftOutReason::{NeedsHistory, NotByPairs};
            matches!(rule.reason, NeedsHistory | NotByPairs)
        };
        for rule in left_out.iter().filter(unjudged) {
            self.census.expected += 1;
            let word = rule.reason.as_str();
            *self.census.reasons.entry(word).or_default() += 1;
            self.verdict = self.verdict.max(Verdict::Unproven);
            let fails = limit(rule).is_some_and(|limit| {
                limit.kind == Kind::Symptom && (strict || limit.unproven == Consequence::Fail)
            });
            if fails && self.exit == Exit::Within {
                self.exit = Exit::Over;
            }
        }
        self
    }
}

fn exit_of(limit: &LimitVerdict, strict: bool) -> Exit {
    match limit.judgement.verdict {
        // A cause explains or warns; it fails nothing, whatever is found of it.
        _ if limit.kind == Kind::Cause => Exit::Within,
        Verdict::Within | Verdict::Accepted | Verdict::Inherited => Exit::Within,
        Verdict::Over => Exit::Over,
        Verdict::Unproven if limit.judgement.reason == Some(Reason::Learning) => Exit::Within,
        Verdict::Unproven if limit.on_unproven == Consequence::Fail => Exit::Over,
        Verdict::Unproven if strict => Exit::Over,
        Verdict::Unproven => Exit::Within,
        Verdict::Missing if limit.on_missing == Consequence::Warn && !strict => Exit::Within,
        Verdict::Missing => Exit::Trouble,
    }
}

fn census(limits: &[LimitVerdict]) -> Census {
    let mut worst: BTreeMap<Option<&SeriesKey>, (Verdict, Option<Reason>)> = BTreeMap::new();
    let mut nothing = BTreeSet::new();
    for limit in limits {
        let found = (limit.judgement.verdict, limit.judgement.reason);
        match &limit.series {
            Some(key) => {
                let entry = worst.entry(Some(key)).or_insert(found);
                *entry = (*entry).max(found);
            }
            None => {
                nothing.insert((&limit.feature, &limit.limit));
            }
        }
    }
    let mut census = Census {
        expected: worst.len() + nothing.len(),
        ..Census::default()
    };
    for (verdict, reason) in worst.values() {
        match verdict {
            Verdict::Unproven | Verdict::Missing => {
                let word = reason.map_or(verdict.as_str(), Reason::as_str);
                *census.reasons.entry(word).or_default() += 1;
            }
            _ => census.judged += 1,
        }
    }
    if !nothing.is_empty() {
        *census
            .reasons
            .entry(Reason::MatchesNothing.as_str())
            .or_default() += nothing.len();
    }
    census
}
