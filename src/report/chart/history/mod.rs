//! The chart of a series page: every run, the level, the budget, and what happened when.

mod layers;

use super::ChartError;
use super::canvas::{Canvas, DRAWABLE, Drawing, drawable, escape};
use crate::report::text::Scale;
use crate::report::view::{ReportView, SeriesView};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Units of the drawing, about two to a pixel of a wide screen.
const SIZE: (u32, u32) = (2000, 800);

/// Units above the plot for release tags, and below it for dates.
const MARGINS: (u32, u32) = (56, 60);

/// More runs than this are thinned to the least and the greatest of each column.
const RUNS: usize = 900;

/// Columns to which many runs are thinned.
const COLUMNS: f64 = 450.0;

/// Share of the width that the forecast takes.
const FUTURE: f64 = 0.22;

/// Days that a forecast shows at most.
const HORIZON_DAYS: f64 = 180.0;

/// Runs further from their level than this many scaled MADs lie beyond the axis.
const FENCE: f64 = 12.0;

/// A drawn chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The `<svg>` element, safe to embed. `data-first` is the commit at its left edge, as an index
    /// into the commits of the report, and `data-width` how many commits wide it is; the paths
    /// `cursor` and `select` are there for a script to move.
    pub svg: String,
    /// How many runs lie beyond the axis and are drawn at its edge.
    pub beyond: usize,
    /// Whether runs were thinned to what the screen can show.
    pub thinned: bool,
    /// Whether stretches without data are shaded.
    pub gaps: bool,
    /// Whether a forecast was drawn.
    pub forecast: bool,
}

type Area<'a> = DrawingArea<Canvas<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws a series against the commits of its report, from its first point to the tip. `None`
/// without a finite point.
///
/// # Errors
/// Where plotters refuses to draw.
pub fn history(
    view: &ReportView,
    series: &SeriesView,
    scale: &Scale,
) -> Result<Option<Chart>, ChartError> {
    let Some(plot) = Plot::new(view, series, scale) else {
        return Ok(None);
    };
    let mut drawing = Drawing::default();
    let beyond;
    {
        let root = Canvas::new(&mut drawing, SIZE).into_drawing_area();
        let chart = ChartBuilder::on(&root)
            .margin_top(MARGINS.0)
            .margin_bottom(MARGINS.1)
            .build_cartesian_2d(0.0..plot.width(), plot.low..plot.high)?;
        let area = chart.plotting_area();
        plot.backdrop(area)?;
        plot.axis(&root, area)?;
        plot.events(&root, area)?;
        beyond = plot.runs(area)?;
        plot.levels(area)?;
        plot.excursions(area)?;
        plot.budget(area)?;
        plot.forecast(&root, area)?;
    }
    let title = escape(&format!(
        "{} {} over {} commits",
        series.key.benchmark,
        series.key.metric,
        plot.commits + 1
    ));
    Ok(Some(Chart {
        svg: format!(
            concat!(
                r#"<svg class="chart" role="img" aria-label="{}" data-first="{}" data-width="{:.3}">"#,
                r#"<svg viewBox="0 0 {} {}" width="100%" height="100%" preserveAspectRatio="none">{}"#,
                r#"<path class="cursor" d="M0 {}V{}" visibility="hidden"/>"#,
                r#"<path class="select" d="" visibility="hidden"/></svg>{}</svg>"#
            ),
            title,
            plot.first,
            plot.width(),
            SIZE.0,
            SIZE.1,
            drawing.paths(),
            MARGINS.0,
            SIZE.1 - MARGINS.1,
            drawing.texts()
        ),
        beyond,
        thinned: plot.thinned(),
        gaps: !plot.gaps().is_empty(),
        forecast: plot.future.is_some(),
    }))
}

/// Where everything goes. x counts commits from the first point of the series.
struct Plot<'a> {
    view: &'a ReportView,
    series: &'a SeriesView,
    scale: &'a Scale,
    first: usize,
    commits: usize,
    low: f64,
    high: f64,
    future: Option<Future>,
}

/// The forecast, in days from the newest point.
struct Future {
    days: f64,
    estimate: f64,
    soonest: f64,
    latest: f64,
}

impl<'a> Plot<'a> {
    fn new(view: &'a ReportView, series: &'a SeriesView, scale: &'a Scale) -> Option<Self> {
        let first = series.points.first()?.commit;
        let newest = series.points.last()?.commit;
        let commits = view.commits.len().saturating_sub(1).max(newest) - first;
        let (low, high) = bounds(series, scale)?;
        let future = series
            .breaks_in_days
            .filter(|(estimate, ..)| (0.0..=HORIZON_DAYS).contains(estimate) && *estimate > 0.0)
            .filter(|_| series.budget.is_some_and(drawable) && series.level.is_some_and(drawable))
            .map(|(estimate, soonest, latest)| Future {
                days: (estimate * 1.5).max(latest).clamp(1.0, HORIZON_DAYS),
                estimate,
                soonest: soonest.max(0.1).min(estimate),
                latest: if latest.is_nan() {
                    f64::INFINITY
                } else {
                    latest.max(estimate)
                },
            });
        Some(Self {
            view,
            series,
            scale,
            first,
            commits,
            low,
            high,
            future,
        })
    }

    /// The last x of the past.
    fn past(&self) -> f64 {
        self.commits.max(1) as f64
    }

    fn width(&self) -> f64 {
        match self.future {
            Some(_) => self.past() / (1.0 - FUTURE),
            None => self.past() * 1.02,
        }
    }

    /// x of a point, by its index.
    fn x(&self, point: usize) -> f64 {
        let last = self.series.points.len().saturating_sub(1);
        self.series
            .points
            .get(point.min(last))
            .map_or(0.0, |point| self.at(point.commit))
    }

    /// x of a commit, by its index.
    fn at(&self, commit: usize) -> f64 {
        if self.commits == 0 {
            return 0.5;
        }
        commit.saturating_sub(self.first) as f64
    }
}

/// A text style that carries an ink; CSS sets font and size.
pub(in crate::report::chart) fn style(
    ink: &RGBColor,
    (across, upright): (HPos, VPos),
) -> TextStyle<'_> {
    TextStyle::from(("sans-serif", 12).into_font())
        .color(ink)
        .pos(Pos::new(across, upright))
}

/// The least and the greatest dot of each column; dots are sorted by x.
fn columns(dots: &[(f64, f64)], width: f64) -> Vec<(f64, f64)> {
    let column = |x: f64| (x / width) as usize;
    dots.chunk_by(|a, b| column(a.0) == column(b.0))
        .flat_map(|dots| {
            let order = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
            let least = dots.iter().min_by(order);
            let most = dots.iter().max_by(order).filter(|_| dots.len() > 1);
            least.into_iter().chain(most).copied()
        })
        .collect()
}

/// About five round numbers between two finite ones: steps of 1, 2 or 5 times a power of ten.
pub(in crate::report::chart) fn ticks(low: f64, high: f64) -> Vec<f64> {
    let raw = (high - low) / 5.0;
    let power = 10f64.powi(raw.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw)
        .unwrap_or(raw);
    let first = (low / step).ceil();
    (0..8)
        .map(|index| (first + f64::from(index)) * step)
        .filter(|tick| tick.is_finite() && *tick >= low && *tick <= high)
        .collect()
}

/// What the y axis spans: levels, their bounds, the budget, and every run that is not an outlier;
/// at least three times the noise and 2 % of the budget. `None` without a finite value.
fn bounds(series: &SeriesView, scale: &Scale) -> Option<(f64, f64)> {
    let level = |point: usize| {
        let regime = series
            .regimes
            .iter()
            .find(|r| r.first <= point && point <= r.last);
        regime.map(|regime| regime.level)
    };
    let mut residuals: Vec<f64> = Vec::new();
    for (index, point) in series.points.iter().enumerate() {
        if let Some(level) = level(index) {
            residuals.push((point.value - level).abs());
        }
    }
    residuals.retain(|residual| residual.is_finite());
    residuals.sort_by(f64::total_cmp);
    let usual = residuals.get(residuals.len() / 2).copied().unwrap_or(0.0) * 1.4826;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut include = |value: f64| {
        if drawable(value) {
            low = low.min(value);
            high = high.max(value);
        }
    };
    for (index, point) in series.points.iter().enumerate() {
        for value in std::iter::once(&point.value).chain(&point.runs) {
            let near = level(index).is_none_or(|level| {
                (value - level).abs() <= (FENCE * usual).max(level.abs() * 0.01)
            });
            if near {
                include(*value);
            }
        }
    }
    for regime in &series.regimes {
        for value in [regime.level, regime.low, regime.high] {
            include(value);
        }
    }
    if low > high {
        return None;
    }
    let noise = series.noise.unwrap_or(0.0) * series.level.unwrap_or(high).abs();
    let noise = if drawable(noise) { noise } else { 0.0 };
    let budget = series.budget.filter(|budget| drawable(*budget));
    if let Some(budget) = budget {
        low = low.min(budget);
        high = high.max(budget);
    }
    let least = (3.0 * noise)
        .max(budget.unwrap_or(0.0).abs() * 0.02)
        .max(high.abs().max(low.abs()) * 0.01);
    if low.abs().max(high.abs()) < DRAWABLE.start {
        return Some((0.0, scale.canonical(1.0)));
    }
    let missing = (least - (high - low)).max(0.0) / 2.0;
    let (low, high) = (low - missing, high + missing);
    let pad = (high - low) * 0.08;
    let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    Some(((low - pad).max(floor), high + pad))
}
