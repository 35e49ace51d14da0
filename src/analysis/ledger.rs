//! Who spent the budget: opening level + entries + unattributed = present level, exactly.

use super::Analysis;

/// One change point as a line item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Index into [`Analysis::changes`].
    pub change: usize,
    /// What it added to the level, in input units; negative where it took some off.
    pub amount: f64,
}

/// The line items since the opening.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    /// Level of the first regime since the last machine change.
    pub opening: f64,
    /// Line items in order.
    pub entries: Vec<Entry>,
    /// Drift that no single commit explains.
    pub unattributed: f64,
    /// Present level.
    pub now: f64,
}

impl Ledger {
    /// The ledger of an analysis, from the first regime after the last break; `None` without any
    /// regime.
    #[must_use]
    pub fn new(analysis: &Analysis) -> Option<Self> {
        let start = analysis.breaks.last().copied().unwrap_or(0);
        let opening = analysis
            .regimes
            .iter()
            .find(|regime| regime.first >= start)?
            .level;
        let now = analysis.regimes.last()?.level;
        let entries: Vec<Entry> = analysis
            .changes
            .iter()
            .enumerate()
            .filter(|(_, change)| change.index > start)
            .map(|(index, change)| Entry {
                change: index,
                amount: change.after - change.before,
            })
            .collect();
        let explained: f64 = entries.iter().map(|entry| entry.amount).sum();
        Some(Self {
            opening,
            unattributed: now - opening - explained,
            now,
            entries,
        })
    }
}
