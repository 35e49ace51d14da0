//! Budget × history → verdicts with their evidence.
//!
//! Three answers, never two: within, over, not enough evidence. What was expected and not
//! measured has a word of its own, and none of these words is a pass by accident.

mod accepted;
mod audit;
mod capacity;
mod evidence;
mod judge;
mod paired;
mod propose;
mod rules;
mod select;
mod selftest;
mod summary;

pub use accepted::{Over, broken_acceptances, over_because_of, unacceptable};
pub use audit::{Audit, anchors, audit, owners, unused_acceptances};
pub use capacity::{
    Added, CapacityFound, Coefficient, MilestoneFound, UnitsFound, judge_added, judge_milestone,
    question, recorded,
};
pub use evidence::Head;
pub use judge::{
    BaseFacts, Cause, Check, ChosenBase, Commits, ContrastFacts, Control, Explained, Outcome,
    Pooled, Stage, Tightening, explain, find_causes, judge,
};
pub use paired::{
    Contrast, LeftOut, LeftOutReason, PairedCheck, PairedSeries, judge_paired_max,
    judge_paired_regress, judge_pairs, renamed,
};
pub use propose::{Measured, propose};
pub use rules::{
    CREEP_POINTS, DRIFT_POINTS, Drifted, Judgement, Record, Tail, TwoSets, attains, judge_creep,
    judge_drift, judge_max, judge_regress, judge_two_sets, least_p, own_level, runs_a_side,
};
pub use selftest::{SelfTest, self_test};
pub use summary::{Census, Exit, Summary};

use crate::budget::{Consequence, Kind, Rule};
use crate::model::{CommitId, Direction, SeriesKey, Unit};
use jiff::civil::Date;

/// The one word for the result of a rule, a limit, a feature or a whole check.
///
/// The order is that of severity: the verdict of a whole is the greatest of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Proven within its limit.
    Within,
    /// Over, but under an unexpired ceiling that its owner wrote down.
    Accepted,
    /// The base is over already, and this change is not proven to make it worse.
    Inherited,
    /// Not enough evidence for either answer.
    Unproven,
    /// Expected and not measured, failed or unreadable.
    Missing,
    /// Proven over its limit.
    Over,
}

impl Verdict {
    /// `within over unproven missing accepted inherited`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Accepted => "accepted",
            Self::Inherited => "inherited",
            Self::Unproven => "unproven",
            Self::Missing => "missing",
            Self::Over => "over",
        }
    }
}

/// Why a verdict is not a plain within or over. Stable words for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Fewer points than the rule can decide with.
    Learning,
    /// A lone value that looks over: more runs decide.
    Suspect,
    /// Evidence on both sides of the limit.
    BothSides,
    /// Fewer runs than the limit asks for.
    TooFewRuns,
    /// Fewer samples in a run than the limit asks for.
    TooFewSamples,
    /// The order of the commits is not known here.
    OrderUnknown,
    /// The base level is 0: a relative change has no size.
    NoRelativeSize,
    /// Said to be the same in every run, and runs of one commit differ.
    NotDeterministic,
    /// Within the limit, over its warning.
    Warned,
    /// Not measured at this commit.
    NotMeasured,
    /// The benchmark gave no result.
    BenchmarkFailed,
    /// The limit's selector matches no series.
    MatchesNothing,
    /// The limit does not fit the series it selects.
    Misfit,
    /// So little evidence that no value of it could decide, whatever it said.
    Unattainable,
    /// Too few results around the pinned commit.
    AnchorNotMeasured,
    /// The machine changed, and no commit was measured on both.
    MachineChanged,
    /// The metric that guards it was not measured.
    GuardMissing,
    /// The metric that guards it is out of its bounds: a fast failure is no improvement.
    GuardBroken,
    /// The control, the base against itself, differs: this machine compares nothing.
    UnfitRunner,
    /// More load is asked for than was tested.
    NotTested,
    /// A check of the sweep fails: what it says cannot be relied on.
    Unsound,
    /// It holds only as its owner assumes that units add up.
    ScaleAssumed,
}

impl Reason {
    /// All reasons, in the order in which they are declared.
    pub const ALL: [Self; 22] = [
        Self::Learning,
        Self::Suspect,
        Self::BothSides,
        Self::TooFewRuns,
        Self::TooFewSamples,
        Self::OrderUnknown,
        Self::NoRelativeSize,
        Self::NotDeterministic,
        Self::Warned,
        Self::NotMeasured,
        Self::BenchmarkFailed,
        Self::MatchesNothing,
        Self::Misfit,
        Self::Unattainable,
        Self::AnchorNotMeasured,
        Self::MachineChanged,
        Self::GuardMissing,
        Self::GuardBroken,
        Self::UnfitRunner,
        Self::NotTested,
        Self::Unsound,
        Self::ScaleAssumed,
    ];

    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Learning => "learning",
            Self::Suspect => "suspect",
            Self::BothSides => "both-sides",
            Self::TooFewRuns => "too-few-runs",
            Self::TooFewSamples => "too-few-samples",
            Self::OrderUnknown => "order-unknown",
            Self::NoRelativeSize => "no-relative-size",
            Self::NotDeterministic => "not-deterministic",
            Self::Warned => "warned",
            Self::NotMeasured => "not-measured",
            Self::BenchmarkFailed => "benchmark-failed",
            Self::MatchesNothing => "matches-nothing",
            Self::Misfit => "misfit",
            Self::Unattainable => "unattainable",
            Self::AnchorNotMeasured => "anchor-not-measured",
            Self::MachineChanged => "machine-changed",
            Self::GuardMissing => "guard-missing",
            Self::GuardBroken => "guard-broken",
            Self::UnfitRunner => "unfit-runner",
            Self::NotTested => "not-tested",
            Self::Unsound => "unsound",
            Self::ScaleAssumed => "scale-assumed",
        }
    }
}

/// One rule of one limit on one series.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitVerdict {
    /// The feature's name.
    pub feature: String,
    /// The limit's id.
    pub limit: String,
    /// Which rule; the first of its limit where none could be applied, as of a missing series.
    pub rule: Option<Rule>,
    /// Who answers for it.
    pub owner: String,
    /// Symptom or cause.
    pub kind: Kind,
    /// What an unproven verdict does.
    pub on_unproven: Consequence,
    /// What a missing verdict does.
    pub on_missing: Consequence,
    /// The series; `None` where the selector matches nothing.
    pub series: Option<SeriesKey>,
    /// Unit of value, limit and level.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// What was found.
    pub judgement: Judgement,
    /// `judgement.p` after control over all rules of this check (Benjamini & Hochberg 1995).
    pub p_adjusted: Option<f64>,
    /// Median of the head's runs.
    pub value: Option<f64>,
    /// How many runs the head has.
    pub runs: usize,
    /// How many pairs of base and head, where they were measured side by side.
    pub pairs: Option<usize>,
    /// The limit in the unit of the series: for regress, the base's level and the limit's margin.
    pub limit_value: Option<f64>,
    /// The relative change that is allowed, with the sign of the values; for regress.
    pub allowed: Option<f64>,
    /// Share of the limit that is used.
    pub used: Option<f64>,
    /// The head was measured on a machine that the history does not know yet.
    pub new_machine: bool,
    /// Commits that may have brought it, most suspect first.
    pub suspects: Vec<CommitId>,
    /// The commit that most likely brought it, where it is known.
    pub introduced_by: Option<CommitId>,
    /// First line of that commit's message, where somebody looked it up.
    pub introduced_subject: Option<String>,
    /// Who accepted it, why, and until when.
    pub accepted: Option<AcceptedBy>,
    /// The series of a family that it is about, where it is about more than one.
    pub members: Vec<SeriesKey>,
    /// What it was compared with, where that is not the base; or why its guard does not fit; or the
    /// runs of a metric that is not as deterministic as its limit says.
    pub against: Option<String>,
    /// The level before, where it is an estimate of its own (an exponent, a slope) and known.
    pub before: Option<f64>,
    /// 95 % bounds of the value, where it is an estimate of its own (an exponent).
    pub interval: Option<(f64, f64)>,
    /// Which slice of its limit it is.
    pub slice: Option<SliceOf>,
    /// When what is left is used up at the present rate, where the evidence carries a forecast.
    pub exhausted: Option<Exhausted>,
    /// The newest values, oldest first, the head last: for a sparkline.
    pub trend: Vec<f64>,
    /// What else moved at the same change, most telling first; for an over, see [`find_causes`].
    pub causes: Vec<Cause>,
    /// What a sweep of load steps said, for the rules about one.
    pub capacity: Option<Box<CapacityFound>>,
}

impl LimitVerdict {
    /// Whether it is about a dated demand.
    #[must_use]
    pub fn is_milestone(&self) -> bool {
        self.rule == Some(Rule::Milestone)
    }

    /// Not proven over, but more likely over than not: worth measuring again.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.judgement.verdict == Verdict::Unproven
            && !matches!(self.rule, Some(Rule::Creep | Rule::Drift))
            && (self.judgement.reason == Some(Reason::Suspect)
                || (self.judgement.reason == Some(Reason::BothSides)
                    && self.used.is_some_and(|used| used > 1.0)))
    }
}

/// One slice of a limit that judges slices one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceOf {
    /// The tag.
    pub tag: String,
    /// Its value.
    pub value: String,
    /// How many slices there are.
    pub of: usize,
    /// How many of them are over.
    pub over: usize,
    /// It is the worst of them.
    pub worst: bool,
    /// It is over although the whole is within (Simpson's paradox).
    pub hidden_in_whole: bool,
}

/// The day on which a limit is reached at the present rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exhausted {
    /// Estimate.
    pub date: Date,
    /// Earliest and latest day, from the 95 % interval of the rate; the latest where it is within
    /// a lifetime.
    pub between: (Date, Option<Date>),
    /// Days from the judged commit: estimate, earliest, latest.
    pub days: (f64, f64, f64),
}

/// The acceptance that covers a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedBy {
    /// Id of the acceptance.
    pub id: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when, inclusive (a date).
    pub expires: String,
}

/// A change point in a judged series.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownChange {
    /// The series.
    pub series: SeriesKey,
    /// Its unit.
    pub unit: Unit,
    /// Commits that may have brought it, most suspect first.
    pub suspects: Vec<CommitId>,
    /// Level before and after.
    pub levels: (f64, f64),
    /// Relative change with 95 % bounds; `None` on the linear scale.
    pub effect: Option<(f64, f64, f64)>,
    /// p-value, corrected for the search.
    pub p: f64,
    /// It made things better.
    pub improved: bool,
    /// How many measured commits ago the new level began.
    pub points_ago: usize,
}

#[cfg(test)]
mod tests;
