//! The chart of a series page: every run, the level, the budget, and what happened when.

use super::ChartError;
use super::canvas::{Canvas, DRAWABLE, Drawing, Ink, drawable, escape};
use crate::report::text::{Scale, date, plain_up_to};
use crate::report::view::{ChangeKind, RegimeView, ReportView, SeriesView};
use plotters::coord::Shift;
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

    /// Bands over the whole height: gaps and the ranges in which changes began.
    fn backdrop(&self, area: &Area<'_>) -> Result<(), ChartError> {
        let band = |from: f64, to: f64, ink: Ink| {
            let corners = [(from, self.high), (to, self.low)];
            area.draw(&Rectangle::new(corners, ink.color().filled()))
        };
        for (from, to) in self.gaps() {
            band(from, to, Ink::Gap)?;
        }
        let least = self.width() / 400.0;
        for change in &self.series.changes {
            if change.kind != ChangeKind::Change {
                continue;
            }
            let suspects = || change.suspects.iter().copied();
            let until = suspects()
                .max()
                .map_or(self.x(change.range.1), |c| self.at(c));
            let from = suspects().min().map_or(self.x(change.range.0), |commit| {
                self.at(commit.saturating_sub(1))
            });
            let ink = if change.improved {
                Ink::Better
            } else {
                Ink::Range
            };
            band(from, until.max(from + least), ink)?;
        }
        Ok(())
    }

    /// Stretches of commits without data that are long for this series, its end included.
    fn gaps(&self) -> Vec<(f64, f64)> {
        let places: Vec<f64> = (0..self.series.points.len()).map(|p| self.x(p)).collect();
        let mut steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        let usual = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
        let long = (usual * 5.0).max(self.past() * 0.03).max(2.0);
        let mut gaps: Vec<(f64, f64)> = places
            .windows(2)
            .filter(|pair| pair[1] - pair[0] > long)
            .map(|pair| (pair[0], pair[1]))
            .collect();
        if let (Some(last), Some(_)) = (places.last(), self.series.silent_days)
            && self.past() > *last
        {
            gaps.push((*last, self.past()));
        }
        gaps
    }

    fn axis(
        &self,
        root: &DrawingArea<Canvas<'_>, Shift>,
        area: &Area<'_>,
    ) -> Result<(), ChartError> {
        for tick in ticks(self.low, self.high) {
            let ends = vec![(0.0, tick), (self.width(), tick)];
            area.draw(&PathElement::new(ends, Ink::Grid.color()))?;
            let (_, y) = area.map_coordinate(&(0.0, tick));
            if y > MARGINS.0 as i32 + 30 {
                write(
                    root,
                    &self.scale.value(tick),
                    (8, y),
                    Ink::Tick,
                    (HPos::Left, VPos::Bottom),
                )?;
            }
        }
        let bottom = SIZE.1 as i32 - 12;
        let marks = [0, 1, 2, 3, 4];
        for mark in marks {
            let commit = self.first + self.commits * mark / 4;
            let Some(shown) = self.view.commits.get(commit) else {
                continue;
            };
            let (x, _) = area.map_coordinate(&(self.at(commit), self.low));
            let ink = if mark % 2 == 0 {
                Ink::Label
            } else {
                Ink::Extra
            };
            let (x, side) = match mark {
                0 => (8, HPos::Left),
                4 if self.future.is_none() => (SIZE.0 as i32 - 8, HPos::Right),
                _ => (x, HPos::Center),
            };
            if self.commits >= 4 || mark == 0 || (mark == 4 && self.commits > 0) {
                write(
                    root,
                    &date(shown.time),
                    (x, bottom),
                    ink,
                    (side, VPos::Bottom),
                )?;
            }
        }
        Ok(())
    }

    /// Release tags and machine changes: upright lines with a word on top.
    fn events(
        &self,
        root: &DrawingArea<Canvas<'_>, Shift>,
        area: &Area<'_>,
    ) -> Result<(), ChartError> {
        let top = MARGINS.0 as i32 - 10;
        let mut events: Vec<(f64, String, Ink)> = Vec::new();
        for change in &self.series.changes {
            if let ChangeKind::Machine { .. } = change.kind {
                events.push((
                    self.x(change.point) - 0.5,
                    "new machine".to_owned(),
                    Ink::Machine,
                ));
            }
        }
        for (commit, shown) in self.view.commits.iter().enumerate().skip(self.first) {
            if let Some(tag) = shown.tags.first() {
                events.push((self.at(commit), plain_up_to(tag, 14), Ink::Release));
            }
        }
        // Words need room; machine changes are named first.
        let (wide, narrow) = (self.width() * 0.075, self.width() * 0.2);
        let mut named: Vec<f64> = Vec::new();
        for (x, word, ink) in events {
            let ends = vec![(x, self.low), (x, self.high)];
            area.draw(&PathElement::new(ends, ink.color()))?;
            let nearest = named
                .iter()
                .map(|at| (at - x).abs())
                .fold(f64::INFINITY, f64::min);
            if nearest >= wide {
                let (place, _) = area.map_coordinate(&(x, self.high));
                let side = match x / self.width() {
                    share if share < 0.06 => HPos::Left,
                    share if share > 0.94 => HPos::Right,
                    _ => HPos::Center,
                };
                let ink = if nearest >= narrow {
                    Ink::Label
                } else {
                    Ink::Extra
                };
                write(root, &word, (place, top), ink, (side, VPos::Bottom))?;
                named.push(x);
            }
        }
        Ok(())
    }

    fn thinned(&self) -> bool {
        self.series
            .points
            .iter()
            .map(|p| p.runs.len())
            .sum::<usize>()
            > RUNS
    }

    /// Every run as a dot; many are thinned to the least and greatest of each column of the
    /// screen. Returns how many lie beyond the axis.
    fn runs(&self, area: &Area<'_>) -> Result<usize, ChartError> {
        let mut dots: Vec<(f64, f64)> = Vec::new();
        for (index, point) in self.series.points.iter().enumerate() {
            let runs = if point.runs.is_empty() {
                std::slice::from_ref(&point.value)
            } else {
                &point.runs
            };
            let finite = runs.iter().filter(|run| drawable(**run));
            dots.extend(finite.map(|run| (self.x(index), *run)));
        }
        let outside = |y: f64| y > self.high || y < self.low;
        let beyond = dots.iter().filter(|(_, y)| outside(*y)).count();
        if self.thinned() {
            dots = columns(&dots, self.width() / COLUMNS);
        }
        for (x, y) in dots {
            let ink = if outside(y) { Ink::Beyond } else { Ink::Run };
            let y = y.clamp(self.low, self.high);
            area.draw(&Circle::new((x, y), 1, ink.color().filled()))?;
        }
        Ok(beyond)
    }

    /// Levels as steps with their 95 % bounds; a machine change breaks the line.
    fn levels(&self, area: &Area<'_>) -> Result<(), ChartError> {
        let regimes: Vec<&RegimeView> = self
            .series
            .regimes
            .iter()
            .filter(|r| drawable(r.level))
            .collect();
        let machine = |point: usize| {
            self.series
                .changes
                .iter()
                .any(|c| c.point == point && c.kind != ChangeKind::Change)
        };
        let clamp = |y: f64| y.clamp(self.low, self.high);
        let mut line: Vec<(f64, f64)> = Vec::new();
        for (index, regime) in regimes.iter().enumerate() {
            let next = regimes.get(index + 1).filter(|next| !machine(next.first));
            let from = self.x(regime.first);
            let to = next.map_or(self.x(regime.last), |next| self.x(next.first));
            if drawable(regime.low) && drawable(regime.high) {
                let corners = [(from, clamp(regime.high)), (to, clamp(regime.low))];
                area.draw(&Rectangle::new(corners, Ink::Band.color().filled()))?;
            }
            line.extend([(from, clamp(regime.level)), (to, clamp(regime.level))]);
            if next.is_none() {
                area.draw(&PathElement::new(
                    std::mem::take(&mut line),
                    Ink::Level.color(),
                ))?;
            }
        }
        Ok(())
    }

    /// Short stretches off the level: out, along, and back.
    fn excursions(&self, area: &Area<'_>) -> Result<(), ChartError> {
        for excursion in &self.series.excursions {
            let (from, to) = (self.x(excursion.first), self.x(excursion.last));
            let clamp = |y: f64| y.clamp(self.low, self.high);
            let (around, off) = (clamp(excursion.around), clamp(excursion.level));
            if drawable(around) && drawable(off) {
                // One result is still a step that can be seen.
                let to = to.max(from + self.width() / 400.0);
                let path = vec![(from, around), (from, off), (to, off), (to, around)];
                area.draw(&PathElement::new(path, Ink::Brief.color()))?;
            }
        }
        Ok(())
    }

    fn budget(&self, area: &Area<'_>) -> Result<(), ChartError> {
        let Some(budget) = self.series.budget.filter(|budget| drawable(*budget)) else {
            return Ok(());
        };
        let ends = vec![(0.0, budget), (self.width(), budget)];
        area.draw(&PathElement::new(ends, Ink::Budget.color()))?;
        let label = format!("budget {}", self.scale.value(budget));
        let ink = Ink::Budget.color();
        let place = style(&ink, (HPos::Right, VPos::Bottom));
        area.draw(&Text::new(label, (self.width() * 0.995, budget), place))?;
        Ok(())
    }

    /// Where the level goes if nothing changes: a fan from the newest level to the budget, which it
    /// reaches between the soonest and the latest day.
    fn forecast(
        &self,
        root: &DrawingArea<Canvas<'_>, Shift>,
        area: &Area<'_>,
    ) -> Result<(), ChartError> {
        let (Some(future), Some(level), Some(budget)) =
            (&self.future, self.series.level, self.series.budget)
        else {
            return Ok(());
        };
        let start = self.past();
        let x = |days: f64| start + days / future.days * (self.width() - start);
        // The level after some days of the slope that reaches the budget in `reach` days.
        let y = |days: f64, reach: f64| {
            (level + (budget - level) * days / reach).clamp(self.low, self.high)
        };
        let days = future.days;
        let mut corners = vec![(start, level)];
        corners.extend([1, 2, 3, 4].map(|part| {
            let day = days * f64::from(part) / 4.0;
            (x(day), y(day, future.soonest))
        }));
        corners.extend([4, 3, 2, 1].map(|part| {
            let day = days * f64::from(part) / 4.0;
            (x(day), y(day, future.latest))
        }));
        area.draw(&Polygon::new(corners, Ink::Forecast.color().filled()))?;
        // Where it would leave the plot it ends, and does not bend.
        let rise = (budget - level) / future.estimate;
        let room = if rise > 0.0 { self.high } else { self.low } - level;
        let end = if rise.abs() > 0.0 {
            days.min((room / rise).max(0.0))
        } else {
            days
        };
        let course = vec![(start, level), (x(end), y(end, future.estimate))];
        area.draw(&PathElement::new(course, Ink::Course.color()))?;
        let word = format!("if nothing changes, +{days:.0} d");
        let bottom = (SIZE.0 as i32 - 8, SIZE.1 as i32 - 12);
        write(root, &word, bottom, Ink::Extra, (HPos::Right, VPos::Bottom))
    }
}

fn write(
    root: &DrawingArea<Canvas<'_>, Shift>,
    text: &str,
    place: (i32, i32),
    ink: Ink,
    anchor: (HPos, VPos),
) -> Result<(), ChartError> {
    let ink = ink.color();
    root.draw(&Text::new(text.to_owned(), place, style(&ink, anchor)))?;
    Ok(())
}

/// A text style that carries an ink; CSS sets font and size.
pub(super) fn style(ink: &RGBColor, (across, upright): (HPos, VPos)) -> TextStyle<'_> {
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
pub(super) fn ticks(low: f64, high: f64) -> Vec<f64> {
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
