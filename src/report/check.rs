//! The frozen view of one check, which every sink reads: terminal, Markdown, JSON.

use super::ratchet::RatchetView;
use crate::diag::Diagnostic;
use crate::model::Commit;
use crate::verdict::{ChosenBase, Outcome, PairedSeries, Summary};

/// One check, ready to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckView {
    /// The commit that was judged.
    pub head: Commit,
    /// What it was judged against.
    pub base: Option<ChosenBase>,
    /// Every verdict, worst first, and what was found beside them.
    pub outcome: Outcome,
    /// One word for all.
    pub summary: Summary,
    /// Number of budget files.
    pub budgets: usize,
    /// Faults of budget files that do not keep them from being judged.
    pub warnings: Vec<Diagnostic>,
    /// Things a reader must know: whole sentences.
    pub notes: Vec<String>,
    /// Tighter limits that the history has earned.
    pub ratchet: RatchetView,
    /// Wall time of the check in seconds, where it is to be shown.
    pub seconds: Option<f64>,
    /// What was measured side by side; `None` for a check against the history.
    pub paired: Option<PairedView>,
}

/// Two builds that were measured side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedView {
    /// The command that measured: `compare` or `check`.
    pub command: &'static str,
    /// The base.
    pub base: Commit,
    /// Every series.
    pub series: Vec<PairedSeries>,
    /// How many pairs were run.
    pub pairs: usize,
    /// How many pairs of the base against itself.
    pub controls: usize,
    /// Wall time of all executions in seconds.
    pub seconds: f64,
    /// Whether base and head stood built from an earlier time.
    pub cached: [bool; 2],
}
