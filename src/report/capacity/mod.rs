//! Capacity in words, the same in every output: what is carried, how sure that is, how many units are
//! needed, and until when it lasts.

mod json;
mod markdown;
mod terminal;
mod words;

pub use json::json;
pub(super) use json::{MilestoneJson, milestone_json};
pub use markdown::markdown;
pub use terminal::terminal;
pub(super) use words::{heading, tail, word};
pub use words::{lines, milestone, rows, sentence};

use crate::analysis::capacity::{Capacity, Recovery};
use crate::verdict::MilestoneFound;

/// One sweep, with the milestones that it was held against.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityView {
    /// What it is called: a limit of a feature, or a benchmark.
    pub name: String,
    /// Where it was measured: a commit, in words; empty for files.
    pub place: String,
    /// The sweep with its law.
    pub capacity: Capacity,
    /// Milestones, soonest first.
    pub milestones: Vec<MilestoneFound>,
    /// How long the service needed to recover from an overload, where the results hold a time series.
    pub recovery: Option<Recovery>,
}
