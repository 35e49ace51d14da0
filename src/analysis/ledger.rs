//! Who spent the budget: opening level + entries + unattributed = present level, exactly.

use super::{Analysis, Step, Windowed, measure_creep};
use crate::detect::Scale;
use crate::stats::{difference_scale, median};

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

    /// The same where a level moves inside its regimes: the ends are measured where they are (see
    /// [`Course`]), and what the steps do not explain of their difference is unattributed. `values`
    /// are those of the analysed points, in input units.
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
        let Some(course) = Course::of(&window) else {
            return self;
        };
        let back = |y: f64| match analysis.scale {
            Scale::Log => y.exp(),
            Scale::Linear => y,
        };
        (self.opening, self.now) = (back(course.opening), back(course.now));
        let explained: f64 = self.entries.iter().map(|entry| entry.amount).sum();
        self.unattributed = self.now - self.opening - explained;
        self
    }
}

/// Where a level that moves inside its regimes began, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// The median of up to ten values at the beginning, before the first step.
    pub opening: f64,
    /// The median of up to ten of the newest values, after the last step.
    pub now: f64,
    /// So many values `now` rests on.
    pub newest: usize,
}

impl Course {
    /// The ends of a window with 20 values or more whose slope, all steps taken out, is proven at 1 %;
    /// else `None`, and the levels of the regimes say all. A look at the ends of the stretches between
    /// the steps tells in most windows without all pairs of values that there is none.
    #[must_use]
    pub fn of(window: &Windowed) -> Option<Self> {
        let n = window.y.len();
        if n < CREEP_VALUES || !moves(window) {
            return None;
        }
        let mut apart = window.clone();
        apart.steps.iter_mut().for_each(|step| step.accepted = true);
        let creep = measure_creep(&apart, f64::INFINITY)?;
        if creep.trend.p_above(0.0).min(creep.trend.p_below(0.0)) > PROVEN {
            return None;
        }
        let first = window.steps.first().map_or(n, |step| step.at);
        let last = window.steps.last().map_or(0, |step| step.at);
        let newest = last.max(n.saturating_sub(END));
        Some(Self {
            opening: median(&window.y[..first.min(END)])?,
            now: median(&window.y[newest..])?,
            newest: n - newest,
        })
    }
}

/// Whether the last thirds of the stretches between the steps lie off their first thirds by two
/// standard errors or more.
fn moves(window: &Windowed) -> bool {
    let mut bounds = vec![0];
    bounds.extend(window.steps.iter().map(|step| step.at));
    bounds.push(window.y.len());
    let (mut moved, mut thirds) = (0.0, 0.0);
    for stretch in bounds.windows(2) {
        let ys = &window.y[stretch[0]..stretch[1]];
        let third = ys.len() / 3;
        let ends = median(&ys[..third]).zip(median(&ys[ys.len() - third..]));
        if let Some((early, late)) = ends {
            moved += (late - early) * third as f64;
            thirds += third as f64;
        }
    }
    let s = difference_scale(&window.y);
    thirds > 0.0 && moved.abs() >= 2.0 * s * (std::f64::consts::PI * thirds).sqrt()
}

/// The end of a series is so many values at the most.
const END: usize = 10;
/// Fewer values tell no slope.
const CREEP_VALUES: usize = 20;
/// One-sided level at which a slope is believed.
const PROVEN: f64 = 0.01;
