//! The frozen read model of a whole project: everything the report shows, computed before
//! anything is drawn.
//!
//! Values are in the canonical unit of their series, effects are fractions, indices count from 0.
//! Text is untrusted: every sink escapes it.

use super::capacity::CapacityView;
use crate::model::{Direction, SeriesKey, Unit};
use jiff::Timestamp;

/// A whole project at one commit.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportView {
    /// Name of the project (folder or remote).
    pub project: String,
    /// Name of the branch, where known.
    pub branch: String,
    /// When the report was made; relative times count from here.
    pub now: Timestamp,
    /// All commits of the first-parent history from the first measured one to the tip, in order.
    pub commits: Vec<CommitView>,
    /// Features with their owner, in order of their files.
    pub features: Vec<FeatureView>,
    /// Every series, budgeted or not.
    pub series: Vec<SeriesView>,
    /// What stands before a commit id to make a link to its page
    /// (`https://host/owner/project/commit/`), where known. Only http and https become links.
    pub commit_url: Option<String>,
    /// Limits that fit no series, so that nothing judges them: `feature/limit`.
    pub unmatched: Vec<String>,
    /// Things a reader must know: shallow clone, unknown commits, dirty runs; whole sentences.
    pub notes: Vec<String>,
}

/// A commit as the report names it.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitView {
    /// Full id.
    pub id: String,
    /// First line of the message.
    pub subject: String,
    /// Author's name.
    pub author: String,
    /// Commit time.
    pub time: Timestamp,
    /// Release tags that point at it.
    pub tags: Vec<String>,
}

/// One feature: one budget file.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureView {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Path of its budget file, relative to the repository.
    pub file: String,
    /// What the user does, where the file says it.
    pub journey: Option<String>,
    /// Sweeps of load steps with their milestones.
    pub capacity: Vec<CapacityView>,
}

/// What state a series is in at the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Over a limit.
    Broken,
    /// Reaches its limit within 30 days if nothing changes, or has used 90 % of it.
    Soon,
    /// Drifts up in steps or slope too small to alarm one by one.
    Creeping,
    /// Not measured at the last commits although expected.
    NoData,
    /// Over a limit, under a ceiling that its owner accepted for a while.
    Accepted,
    /// Not enough evidence for within or over.
    Unproven,
    /// Too few points to judge.
    Learning,
    /// Its noise hides changes as large as its limit.
    Noisy,
    /// Within its budget.
    Ok,
    /// No limit selects it.
    Unbudgeted,
}

/// One series with everything drawn of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesView {
    /// File name of its page without extension: unique, safe in paths and URLs, stable.
    pub slug: String,
    /// Its identity.
    pub key: SeriesKey,
    /// Unit of all values.
    pub unit: Unit,
    /// Which way is better, where known.
    pub direction: Option<Direction>,
    /// Index into [`ReportView::features`] of the feature that budgets it.
    pub feature: Option<usize>,
    /// Id of the limit, where there is one.
    pub limit: Option<String>,
    /// Every limit that selects it: index of its feature, and its id.
    pub limits: Vec<(usize, String)>,
    /// Its state.
    pub state: State,
    /// One sentence: why this state, and what next.
    pub sentence: String,
    /// The rules that are over, by their names in a budget file: `max`, `creep`.
    pub broken: Vec<&'static str>,
    /// Present level, `None` without any point.
    pub level: Option<f64>,
    /// The absolute limit (`max`; for higher-is-better the least allowed value).
    pub budget: Option<f64>,
    /// Share of the budget that is used: level ÷ budget (budget ÷ level where higher is better).
    pub used: Option<f64>,
    /// Relative limit of one change, as a fraction.
    pub regress: Option<f64>,
    /// Change of the level since the anchor: absolute and as a fraction.
    pub drift: Option<Drift>,
    /// When the budget is used up if nothing changes, in days from now: estimate, low, high.
    pub breaks_in_days: Option<(f64, f64, f64)>,
    /// Between-run noise as a fraction of the level.
    pub noise: Option<f64>,
    /// Days since the last point, where it is no longer measured.
    pub silent_days: Option<f64>,
    /// Names of the machines (CPU models) seen, index = [`PointView::machine`].
    pub machines: Vec<String>,
    /// One point a commit, in order.
    pub points: Vec<PointView>,
    /// Stretches with one level, as indices into `points`.
    pub regimes: Vec<RegimeView>,
    /// Change points and machine changes, in order.
    pub changes: Vec<ChangeView>,
    /// Short stretches off a level that came back to it: no changes, in order.
    pub excursions: Vec<ExcursionView>,
    /// Who spent the budget.
    pub ledger: Option<LedgerView>,
}

/// How far the level has moved since the anchor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// In the unit of the series.
    pub absolute: f64,
    /// As a fraction of the opening level.
    pub relative: f64,
    /// Days from the anchor to the newest point.
    pub days: f64,
}

/// All measurements of a series at one commit.
#[derive(Debug, Clone, PartialEq)]
pub struct PointView {
    /// Index into [`ReportView::commits`].
    pub commit: usize,
    /// Median of its runs.
    pub value: f64,
    /// Value of every run.
    pub runs: Vec<f64>,
    /// Samples behind all runs.
    pub samples: u64,
    /// Lower end of the spread inside the runs, where known.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
    /// Index into [`SeriesView::machines`].
    pub machine: usize,
}

/// A stretch with one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegimeView {
    /// First point.
    pub first: usize,
    /// Last point, inclusive.
    pub last: usize,
    /// Its level with 95 % bounds.
    pub level: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// What kind of boundary stands between two regimes.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeKind {
    /// The software changed.
    Change,
    /// The machine changed for good: no commit is to blame.
    Machine {
        /// What the fact was before.
        from: String,
        /// What it is now.
        to: String,
    },
}

/// A boundary between two regimes.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeView {
    /// Software or machine.
    pub kind: ChangeKind,
    /// First point of the new level.
    pub point: usize,
    /// Its commit, as an index into [`ReportView::commits`].
    pub commit: usize,
    /// First and last point at which the new level may have begun.
    pub range: (usize, usize),
    /// Commits that may have caused it, most suspect first; indices into [`ReportView::commits`].
    pub suspects: Vec<usize>,
    /// Level before.
    pub before: f64,
    /// Level after.
    pub after: f64,
    /// after ÷ before − 1, with 95 % bounds; `None` on the linear scale.
    pub effect: Option<(f64, f64, f64)>,
    /// Confidence in fixed words: `very likely`, `likely`, `unsure`.
    pub confidence: &'static str,
    /// p-value, corrected for the search.
    pub p: f64,
    /// The acceptance that covers it.
    pub accepted: Option<AcceptedView>,
    /// It made things better.
    pub improved: bool,
}

/// A stretch of a few points off the level around it: a regression soon put right, or a burst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExcursionView {
    /// First point off the level.
    pub first: usize,
    /// Last point off it.
    pub last: usize,
    /// Commit of the first point, as an index into [`ReportView::commits`].
    pub begun: usize,
    /// Commit of the first point that is back.
    pub back: usize,
    /// The level that it left and came back to.
    pub around: f64,
    /// The level off it.
    pub level: f64,
    /// It was better than the level around it.
    pub improved: bool,
}

/// A change its owner took on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptedView {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when (a date).
    pub expires: String,
}

/// The double entry view of who spent the budget: opening + Σ entries + unattributed = now.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerView {
    /// Level of the first regime after the anchor.
    pub opening: f64,
    /// One entry a change point, in order: index into [`SeriesView::changes`] and the amount.
    pub entries: Vec<(usize, f64)>,
    /// Drift that no single commit explains.
    pub unattributed: f64,
    /// Present level.
    pub now: f64,
    /// limit − now, where there is a limit (sign so that positive = room left).
    pub headroom: Option<f64>,
}
