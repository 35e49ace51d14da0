//! Rules that pairs cannot judge: named one by one, so that nobody takes silence for a pass.

use super::PairedSeries;
use crate::budget::{Budget, Limit};

/// Why a rule was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOutReason {
    /// It is about the course of a series: the check of the branch judges it.
    NeedsHistory,
    /// It compares series of one run with each other, not two builds.
    NotByPairs,
    /// Its values belong to another environment than this machine's.
    OtherEnvironment,
    /// The base does not have the benchmark.
    NoBase,
}

impl LeftOutReason {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsHistory => "needs-history",
            Self::NotByPairs => "not-by-pairs",
            Self::OtherEnvironment => "other-environment",
            Self::NoBase => "no-base",
        }
    }

    /// The same for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NeedsHistory => "needs the history",
            Self::NotByPairs => "compares series of one run, not two builds",
            Self::OtherEnvironment => "is about another environment",
            Self::NoBase => "the base does not have it",
        }
    }
}

/// A rule of a limit that a paired check left out although what it is about was measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Why.
    pub reason: LeftOutReason,
    /// The feature's name.
    pub feature: String,
    /// The limit's id.
    pub limit: String,
    /// Name of the rule, as a budget writes it.
    pub rule: &'static str,
}

/// The rules of a limit that are left out for a series that was measured.
pub(super) fn left_out(
    budget: &Budget,
    limit: &Limit,
    series: &PairedSeries,
    env: &str,
) -> impl Iterator<Item = LeftOut> {
    let measured = !series.head.is_empty();
    let sliced = limit.versus.is_some();
    let regress = limit.regress.is_some();
    let elsewhere = limit.select.env.as_ref().is_some_and(|e| !e.matches(env));
    use LeftOutReason::{NeedsHistory, NoBase, NotByPairs, OtherEnvironment};
    let rules = [
        ("drift", limit.drift.is_some(), NeedsHistory),
        ("creep", limit.creep.is_some(), NeedsHistory),
        ("growth", limit.growth.is_some(), NotByPairs),
        ("complexity", limit.complexity.is_some(), NotByPairs),
        ("scaling", limit.scaling.is_some(), NotByPairs),
        ("capacity", limit.capacity.is_some(), NotByPairs),
        ("regress", regress && sliced, NotByPairs),
        (
            "regress",
            regress && !sliced && measured && series.base.is_empty(),
            NoBase,
        ),
        ("max", limit.max.is_some() && elsewhere, OtherEnvironment),
    ];
    let (feature, id) = (budget.feature.clone(), limit.id.clone());
    rules
        .into_iter()
        .filter(|(_, left_out, _)| *left_out)
        .map(move |(rule, _, reason)| LeftOut {
            reason,
            feature: feature.clone(),
            limit: id.clone(),
            rule,
        })
}
