//! Slope and small steps in a window, apart from steps that alarm by themselves, and when they will
//! have used up what is left.

use super::centre;
use crate::stats::{BlockTrend, mad, median, trend_in_blocks};

/// Pairs of values are compared: beyond so many, neighbours are put together at their median.
const MOST_VALUES: usize = 150;
/// A value further off than this many standard deviations is an outlier and counts as one so far off.
const FAR: f64 = 3.0;
/// One-sided level of the bounds of a growth.
const BOUND: f64 = 0.05;
/// One-sided level at which a rate is believed for a forecast.
const RATE: f64 = 0.01;
/// A forecast needs so many values and days, and reaches no further than the last number of days.
const FORECAST: (usize, f64, f64) = (20, 21.0, 180.0);

/// A step that a detector found in the window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Index of the first value of the new level.
    pub at: usize,
    /// Its owner took it on purpose.
    pub accepted: bool,
}

/// What a series did in a window: one value a commit, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Windowed {
    /// When, in days or commits.
    pub x: Vec<f64>,
    /// Values on a scale where worse is larger.
    pub y: Vec<f64>,
    /// Steps that were found in it.
    pub steps: Vec<Step>,
}

/// The growth of a window that no step explains.
#[derive(Debug, Clone, PartialEq)]
pub struct CreepFound {
    /// The fit.
    pub trend: BlockTrend,
    /// From the first to the last value, on the axis of time.
    pub span: f64,
    /// Growth over the span with one-sided 95 % bounds.
    pub growth: (f64, f64, f64),
    /// Steps that were taken out: index and size.
    pub taken_out: Vec<(usize, f64)>,
}

impl CreepFound {
    /// The level of the newest stretch at a moment, by its slope.
    #[must_use]
    pub fn level_at(&self, x: f64) -> Option<f64> {
        let level = self.trend.levels.last()?;
        Some(level + self.trend.slope * x)
    }
}

/// Measures the creep. A step is taken out where its owner accepted it, or where it is larger than
/// `alarms` by itself, apart from the slope: those are the business of `regress`. Smaller ones are
/// what a creep is made of. `None` with fewer than two values at different times.
///
/// A slope looks like a step to a detector. So no step counts where a slope alone explains the window
/// best, and otherwise the size of a step is what is left after the slope inside the stretches
/// between all steps.
#[must_use]
pub fn measure_creep(window: &Windowed, alarms: f64) -> Option<CreepFound> {
    let steps: Vec<usize> = window.steps.iter().map(|step| step.at).collect();
    let mut taken_out = Vec::new();
    let all_accepted = window.steps.iter().all(|step| step.accepted);
    let only_accepted = all_accepted || is_slope_alone(window);
    if !steps.is_empty() {
        let apart = trend_in_blocks(&window.x, &window.y, &steps);
        let slope = apart.map_or(0.0, |trend| trend.slope);
        for (index, step) in window.steps.iter().enumerate() {
            let from = index.checked_sub(1).map_or(0, |before| steps[before]);
            let to = steps.get(index + 1).copied().unwrap_or(window.y.len());
            let level = |from: usize, to: usize| {
                let rest: Vec<f64> = (from..to)
                    .map(|i| window.y[i] - slope * window.x[i])
                    .collect();
                median(&rest)
            };
            if let (Some(before), Some(after)) = (level(from, step.at), level(step.at, to))
                && (step.accepted || (!only_accepted && (after - before).abs() > alarms))
            {
                taken_out.push((step.at, after - before));
            }
        }
    }
    let (x, y, starts) = thinned(window, &taken_out);
    let trend = trend_in_blocks(&x, &y, &starts)?;
    let span = window.x.last()? - window.x.first()?;
    let (low, high) = trend.interval(1.0 - 2.0 * BOUND);
    Some(CreepFound {
        growth: (trend.slope * span, low * span, high * span),
        trend,
        span,
        taken_out,
    })
}

/// Whether a slope explains a window better than the steps that were found in it, without a slope or
/// with one: by the Bayesian information criterion (Schwarz 1978), where a step costs two parameters,
/// its place and its size, and the noise is that of what is left after both. Steps that were accepted
/// are part of every explanation.
fn is_slope_alone(window: &Windowed) -> bool {
    let accepted = window.steps.iter().filter(|step| step.accepted);
    let accepted: Vec<usize> = accepted.map(|step| step.at).collect();
    let all: Vec<usize> = window.steps.iter().map(|step| step.at).collect();
    let (Some(line), Some(both)) = (slope_apart(window, &accepted), slope_apart(window, &all))
    else {
        return false;
    };
    let n = window.y.len() as f64;
    let free = (n - all.len() as f64 - 2.0).max(1.0);
    let both = left(window, &all, both);
    let reach = FAR * 1.4826 * mad(&both).unwrap_or(0.0);
    let squares = both.iter().map(|r| r.clamp(-reach, reach).powi(2));
    let s = (squares.sum::<f64>() / free).sqrt();
    if s <= 0.0 {
        return false;
    }
    let misfit = |left: &[f64]| {
        let square = |r: &f64| (r / s).powi(2).min(FAR * FAR);
        left.iter().map(square).sum::<f64>()
    };
    let steps = 2.0 * (all.len() - accepted.len()) as f64 * n.ln();
    let line = misfit(&left(window, &accepted, line)) + n.ln();
    let stairs = misfit(&left(window, &all, 0.0)) + steps;
    line < stairs && line < misfit(&both) + n.ln() + steps
}

/// The common slope of the stretches between these steps.
fn slope_apart(window: &Windowed, steps: &[usize]) -> Option<f64> {
    let taken_out: Vec<(usize, f64)> = steps.iter().map(|at| (*at, 0.0)).collect();
    let (x, y, starts) = thinned(window, &taken_out);
    trend_in_blocks(&x, &y, &starts).map(|trend| trend.slope)
}

/// What is left after a slope and the levels of the stretches between these steps.
fn left(window: &Windowed, steps: &[usize], slope: f64) -> Vec<f64> {
    let mut bounds = vec![0];
    bounds.extend(steps);
    bounds.push(window.y.len());
    let mut all = Vec::with_capacity(window.y.len());
    for block in bounds.windows(2) {
        let rest = (block[0]..block[1]).map(|i| window.y[i] - slope * window.x[i]);
        let rest: Vec<f64> = rest.collect();
        let level = centre(&rest);
        all.extend(rest.iter().map(|r| r - level));
    }
    all
}

/// At most [`MOST_VALUES`] values: neighbours inside a block are put together.
fn thinned(window: &Windowed, taken_out: &[(usize, f64)]) -> (Vec<f64>, Vec<f64>, Vec<usize>) {
    let n = window.x.len();
    let size = n.div_ceil(MOST_VALUES).max(1);
    let mut bounds = vec![0];
    bounds.extend(taken_out.iter().map(|(at, _)| *at));
    bounds.push(n);
    let (mut x, mut y, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for block in bounds.windows(2) {
        starts.push(x.len());
        for first in (block[0]..block[1]).step_by(size) {
            let last = (first + size).min(block[1]);
            x.extend(median(&window.x[first..last]));
            y.extend(median(&window.y[first..last]));
        }
    }
    (x, y, starts)
}

/// In how many days `room` is used up at the rate that is left when steps are taken out, x in days:
/// (estimate, earliest, latest) with a 95 % interval of the rate (Sen 1968). `None` unless the
/// evidence carries it: 20 values over 21 days, a rise proven at 1 % and bounded away from 0, and an
/// end within 180 days. A forecast beyond that is a guess.
#[must_use]
pub fn exhaustion(creep: &CreepFound, values: usize, room: f64) -> Option<(f64, f64, f64)> {
    let (least, least_days, furthest) = FORECAST;
    let (low, high) = creep.trend.interval(0.95);
    let slope = creep.trend.slope;
    let carried = values >= least
        && creep.span >= least_days
        && room > 0.0
        && low > 0.0
        && slope > 0.0
        && creep.trend.p_above(0.0) <= RATE
        && room / slope <= furthest;
    carried.then(|| (room / slope, room / high, room / low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> f64 {
        (((i * 37 + 11) % 53) as f64 / 53.0 - 0.5) * 0.02
    }

    fn window(n: usize, level: impl Fn(usize) -> f64, steps: &[usize]) -> Windowed {
        Windowed {
            x: (0..n).map(|i| i as f64).collect(),
            y: (0..n).map(|i| level(i) + noise(i)).collect(),
            steps: steps
                .iter()
                .map(|&at| Step {
                    at,
                    accepted: false,
                })
                .collect(),
        }
    }

    #[test]
    fn a_large_step_is_taken_out_and_a_slope_that_looks_like_one_is_not() {
        let step = window(40, |i| if i < 20 { 0.0 } else { 0.1 }, &[20]);
        let found = measure_creep(&step, 0.05).unwrap();
        assert_eq!(found.taken_out.len(), 1);
        assert!(
            found.growth.1 < 0.0 && found.growth.2 < 0.04,
            "{:?}",
            found.growth
        );
        let slope = window(40, |i| 0.003 * i as f64, &[20]);
        let found = measure_creep(&slope, 0.05).unwrap();
        assert!(found.taken_out.is_empty());
        assert!((found.growth.0 - 0.117).abs() < 0.02, "{:?}", found.growth);
    }

    #[test]
    fn small_steps_are_what_a_creep_is_made_of_unless_they_were_accepted() {
        let staircase = |i: usize| 0.03 * (i / 10) as f64;
        let mut window = window(40, staircase, &[10, 20, 30]);
        let found = measure_creep(&window, 0.05).unwrap();
        assert!(found.taken_out.is_empty() && found.growth.1 > 0.05);
        window
            .steps
            .iter_mut()
            .for_each(|step| step.accepted = true);
        let found = measure_creep(&window, 0.05).unwrap();
        assert!(found.taken_out.len() == 3 && found.growth.1 < 0.02);
    }

    #[test]
    fn many_values_are_put_together_and_none_is_no_creep() {
        let long = window(5000, |i| 0.0001 * i as f64, &[]);
        let found = measure_creep(&long, 0.05).unwrap();
        assert!((found.growth.0 - 0.5).abs() < 0.02);
        assert_eq!(measure_creep(&window(1, |_| 0.0, &[]), 0.05), None);
        assert_eq!(measure_creep(&window(0, |_| 0.0, &[]), 0.05), None);
    }

    #[test]
    fn what_is_left_ends_at_the_present_rate_or_nothing_is_said() {
        let found = measure_creep(&window(60, |i| 0.002 * i as f64, &[]), 0.05).unwrap();
        let (days, earliest, latest) = exhaustion(&found, 60, 0.1).unwrap();
        assert!((days - 50.0).abs() < 5.0 && earliest < days && days < latest);
        assert_eq!(
            exhaustion(&found, 60, 1.0),
            None,
            "500 days ahead is a guess"
        );
        assert_eq!(exhaustion(&found, 60, -0.1), None);
        let flat = measure_creep(&window(60, |_| 0.0, &[]), 0.05).unwrap();
        assert_eq!(exhaustion(&flat, 60, 0.1), None);
    }
}
