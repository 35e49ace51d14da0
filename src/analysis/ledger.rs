//! Who spent the budget: opening level + entries + unattributed = present level, exactly.

use super::{Analysis, Step, Windowed, measure_creep};
use crate::detect::Scale;
use crate::stats::median;

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

    /// The same where a level moves inside its regimes: with a slope that is proven at 1 % the
    /// ends are measured where they are, the median of up to ten values each, and what the steps
    /// do not explain of their difference is unattributed. `values` are those of the analysed
    /// points, in input units.
    #[must_use]
    pub fn with_creep(mut self, analysis: &Analysis, values: &[f64]) -> Self {
        let start = analysis.breaks.last().copied().unwrap_or(0);
        let mut window = Windowed {
            x: Vec::new(),
            y: Vec::new(),
            steps: Vec::new(),
        };
        let known = values.iter().zip(&analysis.offsets).enumerate();
        let mut indices = Vec::new();
        for (index, (value, offset)) in known.skip(start) {
            let y = match analysis.scale {
                Scale::Log => value.ln() - offset,
                Scale::Linear => value - offset,
            };
            if y.is_finite() {
                window.x.push(index as f64);
                window.y.push(y);
                indices.push(index);
            }
        }
        for change in &analysis.changes {
            let at = indices.partition_point(|index| *index < change.index);
            if at > 0 && at < indices.len() && window.steps.last().is_none_or(|s| s.at < at) {
                window.steps.push(Step { at, accepted: true });
            }
        }
        let creeps = measure_creep(&window, f64::INFINITY).is_some_and(|creep| {
            let trend = &creep.trend;
            trend.p_above(0.0) <= PROVEN || trend.p_below(0.0) <= PROVEN
        });
        if window.y.len() < CREEP_VALUES || !creeps {
            return self;
        }
        let back = |y: f64| match analysis.scale {
            Scale::Log => y.exp(),
            Scale::Linear => y,
        };
        let first = window.steps.first().map_or(window.y.len(), |step| step.at);
        let last = window.steps.last().map_or(0, |step| step.at);
        let newest = last.max(window.y.len().saturating_sub(END));
        let opening = median(&window.y[..first.min(END)]);
        let now = median(&window.y[newest..]);
        if let (Some(opening), Some(now)) = (opening, now) {
            (self.opening, self.now) = (back(opening), back(now));
            let explained: f64 = self.entries.iter().map(|entry| entry.amount).sum();
            self.unattributed = self.now - self.opening - explained;
        }
        self
    }
}

/// The end of a series is so many values at the most.
const END: usize = 10;
/// Fewer values tell no slope.
const CREEP_VALUES: usize = 20;
/// One-sided level at which a slope is believed.
const PROVEN: f64 = 0.01;
