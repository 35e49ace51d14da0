//! The frozen view of one check, which every sink reads: terminal, Markdown, JSON.

use crate::diag::Diagnostic;
use crate::model::Commit;
use crate::verdict::{ChosenBase, Outcome, Summary};

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
    /// Wall time of the check in seconds, where it is to be shown.
    pub seconds: Option<f64>,
}
