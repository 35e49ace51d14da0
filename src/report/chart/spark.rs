//! The two small pictures of a table row.

use super::ChartError;
use super::canvas::{Canvas, Drawing, Ink, drawable};
use crate::report::text::thin;
use crate::report::view::{ChangeKind, ReportView, SeriesView};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Size of a sparkline in units; CSS sets its pixels.
const SIZE: (u32, u32) = (120, 24);

/// How many values a sparkline without levels shows.
const VALUES: usize = 40;

/// The course of a series: its fitted levels as steps, or its values while it has none; its end
/// stays blank where it is no longer measured. Empty without any point.
///
/// # Errors
/// Where plotters refuses to draw.
pub fn spark(view: &ReportView, series: &SeriesView) -> Result<String, ChartError> {
    let Some(first) = series.points.first().map(|point| point.commit) else {
        return Ok(String::new());
    };
    let span = (view.commits.len().saturating_sub(1).saturating_sub(first)).max(1) as f64;
    let x = |point: usize| {
        let commit = series.points.get(point).map_or(first, |p| p.commit);
        (commit - first) as f64 / span
    };
    let lines = lines(series, x);
    let values = || lines.iter().flatten().map(|(_, value)| *value);
    let (low, high) = bounds(values());
    let mut drawing = Drawing::default();
    {
        let area = Canvas::new(&mut drawing, SIZE).into_drawing_area();
        let (width, height) = (f64::from(SIZE.0 - 4), f64::from(SIZE.1 - 6));
        let place = |(x, value): &(f64, f64)| {
            let y = (value - low) / (high - low);
            (2 + (x * width) as i32, 3 + ((1.0 - y) * height) as i32)
        };
        for line in &lines {
            draw(&area, line.iter().map(place).collect())?;
        }
    }
    Ok(format!(
        r#"<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true">{}</svg>"#,
        SIZE.0,
        SIZE.1,
        drawing.paths()
    ))
}

/// The lines of the picture: one for each machine, since levels of two machines are not compared.
fn lines(series: &SeriesView, x: impl Fn(usize) -> f64) -> Vec<Vec<(f64, f64)>> {
    let new_machine = |point: usize| {
        let mut changes = series.changes.iter();
        changes.any(|c| c.point == point && c.kind != ChangeKind::Change)
    };
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    for regime in &series.regimes {
        if lines.is_empty() || new_machine(regime.first) {
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut() {
            let before = line.last().map(|(_, level)| (x(regime.first), *level));
            line.extend(before);
            line.extend([
                (x(regime.first), regime.level),
                (x(regime.last), regime.level),
            ]);
        }
    }
    if lines.is_empty() {
        let values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
        let last = x(series.points.len().saturating_sub(1));
        let shown = thin(&values, VALUES);
        let count = shown.len().saturating_sub(1).max(1) as f64;
        let at = |(i, v): (usize, &f64)| (i as f64 / count * last, *v);
        lines.push(shown.iter().enumerate().map(at).collect());
    }
    for line in &mut lines {
        line.retain(|(_, value)| drawable(*value));
    }
    lines.retain(|line| !line.is_empty());
    lines
}

fn draw(area: &DrawingArea<Canvas<'_>, Shift>, path: Vec<(i32, i32)>) -> Result<(), ChartError> {
    if let [only] = path[..] {
        area.draw(&Circle::new(only, 1, Ink::Run.color()))?;
    } else {
        area.draw(&PathElement::new(path, Ink::Level.color()))?;
    }
    Ok(())
}

/// The least and greatest of values, at least 2 % apart, so that noise does not fill the picture.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let least = (high.abs() * 0.02).max(f64::MIN_POSITIVE);
    (low, high.max(low + least))
}

/// A bullet bar of the used share of a budget: full is the whole budget, a tick marks it where
/// more is used.
#[must_use]
pub fn bar(used: f64) -> String {
    if !used.is_finite() {
        return String::new();
    }
    let (all, part) = if used > 1.0 {
        ((100.0 / used).round().max(4.0), 100.0)
    } else {
        (100.0, (used * 100.0).round().max(0.0))
    };
    let over = if used > 1.0 {
        format!(r#"<path class="over" d="M{all} 4H100"/>"#)
    } else {
        String::new()
    };
    let part = part.min(all);
    format!(
        r#"<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><path class="room" d="M0 4H100"/><path class="used" d="M0 4H{part}"/>{over}</svg>"#
    )
}

/// One step of a waterfall: where a level went from and to, and the budget, each as a share of the
/// width from 0 to 1.
#[must_use]
pub fn step(from: f64, to: f64, budget: Option<f64>, worse: bool) -> String {
    let place = |share: f64| (share.clamp(0.0, 1.0) * 100.0 * 10.0).round() / 10.0;
    let (left, right) = (place(from.min(to)), place(from.max(to)));
    // What is too small to see is still there.
    let right = right.max(left + 0.5);
    let class = if worse { "up" } else { "down" };
    let mark = budget.map_or_else(String::new, |budget| {
        format!(r#"<path class="budget" d="M{} 0V8"/>"#, place(budget))
    });
    format!(
        r#"<svg class="step" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><path class="{class}" d="M{left} 4H{right}"/>{mark}</svg>"#
    )
}
