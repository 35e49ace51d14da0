//! The chart of a sweep: every run, the fitted law with its interval, what broke, and what milestones
//! ask for. Nothing is drawn beyond the loads that were tested.

use super::ChartError;
use super::canvas::{Canvas, Drawing, Ink, drawable, escape};
use super::history::{style, ticks};
use crate::analysis::capacity::whole;
use crate::model::Unit;
use crate::report::capacity::CapacityView;
use crate::report::text::{Scale, plain_up_to};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

const SIZE: (u32, u32) = (2000, 800);
const MARGINS: (u32, u32) = (56, 60);
/// Places at which the interval of the law is drawn.
const PLACES: u32 = 16;
/// Milestones further above what was measured than this are named at the edge.
const MOST: f64 = 2.5;

/// Draws a sweep as an `<svg>` element; `None` without a step that can be drawn.
///
/// # Errors
/// Where plotters refuses to draw.
pub fn capacity(view: &CapacityView) -> Result<Option<String>, ChartError> {
    let of = &view.capacity;
    let steps = &of.sweep.steps;
    let runs: Vec<(f64, f64)> = steps
        .iter()
        .flat_map(|step| step.throughput.iter().map(|x| (step.n, *x)))
        .filter(|(n, x)| drawable(*n) && drawable(*x) && *x > 1e-100)
        .collect();
    let top = runs.iter().map(|(_, x)| *x).fold(0.0, f64::max);
    if runs.is_empty() || top <= 0.0 {
        return Ok(None);
    }
    // What was tested is one part of what is planned: lines are drawn in its measure.
    let lines: Vec<(f64, String)> = view
        .milestones
        .iter()
        .filter_map(|found| {
            let own = of.available?.value;
            let each = found.capacity? / own;
            let at = found.needed / each;
            drawable(at).then(|| (at, plain_up_to(&found.name, 30)))
        })
        .collect();
    let asked = lines
        .iter()
        .map(|(at, _)| *at)
        .filter(|at| *at <= MOST * top);
    let high = asked.fold(top, f64::max) * 1.1;
    let width = of.tested_max * 1.04;
    let scale = Scale::fitting(&Unit::PerSecond, top);
    let mut drawing = Drawing::default();
    {
        let root = Canvas::new(&mut drawing, SIZE).into_drawing_area();
        let chart = ChartBuilder::on(&root)
            .margin_top(MARGINS.0)
            .margin_bottom(MARGINS.1)
            .build_cartesian_2d(0.0..width, 0.0..high)?;
        let area = chart.plotting_area();
        let word = |text: &str, at: (i32, i32), ink: Ink, anchor: (HPos, VPos)| {
            let ink = ink.color();
            root.draw(&Text::new(text.to_owned(), at, style(&ink, anchor)))
        };
        if let Some(peak) = &of.peak {
            let end = peak.bounds.high.unwrap_or(width).min(width);
            let corners = [(peak.bounds.low.min(end), high), (end, 0.0)];
            area.draw(&Rectangle::new(corners, Ink::Range.color().filled()))?;
        }
        for tick in ticks(0.0, high) {
            let ends = vec![(0.0, tick), (width, tick)];
            area.draw(&PathElement::new(ends, Ink::Grid.color()))?;
            let (_, y) = area.map_coordinate(&(0.0, tick));
            if y > MARGINS.0 as i32 + 30 {
                word(
                    &scale.value(tick),
                    (8, y),
                    Ink::Tick,
                    (HPos::Left, VPos::Bottom),
                )?;
            }
        }
        let bottom = SIZE.1 as i32 - 12;
        let marks = ticks(0.0, of.tested_max);
        for (i, tick) in marks.iter().enumerate() {
            let (x, _) = area.map_coordinate(&(*tick, 0.0));
            let (x, side) = if i == 0 {
                (8, HPos::Left)
            } else {
                (x, HPos::Center)
            };
            let text = if i == 0 {
                format!("0 {}", plain_up_to(&of.sweep.axis, 20))
            } else {
                whole(*tick)
            };
            let ink = if i % 2 == 0 { Ink::Label } else { Ink::Extra };
            word(&text, (x, bottom), ink, (side, VPos::Bottom))?;
        }
        if let Some(law) = &of.law {
            let first = steps.first().map_or(1.0, |step| step.n).max(1.0);
            let place = |i: u32| first + (of.tested_max - first) * f64::from(i) / f64::from(PLACES);
            let bounds: Vec<(f64, f64, f64)> = (0..=PLACES)
                .filter_map(|i| {
                    let n = place(i);
                    let found = law.throughput_bounds(n, of.question.confidence)?;
                    Some((n, found.low, found.high?.min(high)))
                })
                .collect();
            let mut corners: Vec<(f64, f64)> =
                bounds.iter().map(|(n, low, _)| (*n, *low)).collect();
            corners.extend(bounds.iter().rev().map(|(n, _, high)| (*n, *high)));
            if corners.len() > 2 {
                area.draw(&Polygon::new(corners, Ink::Band.color().filled()))?;
            }
            let curve: Vec<(f64, f64)> = (0..=120_u32)
                .map(|i| {
                    let n = first + (of.tested_max - first) * f64::from(i) / 120.0;
                    (n, law.throughput(n))
                })
                .collect();
            area.draw(&PathElement::new(curve, Ink::Level.color()))?;
        }
        for run in &runs {
            area.draw(&Circle::new(*run, 2, Ink::Step.color().filled()))?;
        }
        let broken = of.at_latency.and_then(|at| at.first_broken.map(|_| at.n));
        for (n, text) in [
            (broken, "tail over its budget"),
            (of.first_failing, "errors"),
        ] {
            let Some(n) = n else { continue };
            area.draw(&PathElement::new(
                vec![(n, 0.0), (n, high)],
                Ink::Machine.color(),
            ))?;
            // At the foot of the plot: names of milestones stand at its top.
            let (x, foot) = area.map_coordinate(&(n, 0.0));
            let (x, side) = if n > 0.6 * width {
                (x - 8, HPos::Right)
            } else {
                (x + 8, HPos::Left)
            };
            word(text, (x, foot - 8), Ink::Label, (side, VPos::Bottom))?;
        }
        for (at, name) in &lines {
            let beyond = *at > high;
            let y = at.min(high);
            area.draw(&PathElement::new(
                vec![(0.0, y), (width, y)],
                Ink::Budget.color(),
            ))?;
            let (_, place) = area.map_coordinate(&(0.0, y));
            let text = if beyond {
                format!("{name}: {} (beyond)", scale.value(*at))
            } else {
                format!("{name}: {}", scale.value(*at))
            };
            let place = (SIZE.0 as i32 - 8, place);
            word(&text, place, Ink::Label, (HPos::Right, VPos::Bottom))?;
        }
    }
    let title = escape(&format!(
        "Throughput of {} from {} to {} {}",
        view.name,
        steps.first().map_or_else(String::new, |step| whole(step.n)),
        whole(of.tested_max),
        of.sweep.axis
    ));
    Ok(Some(format!(
        concat!(
            r#"<svg class="chart" role="img" aria-label="{}">"#,
            r#"<svg viewBox="0 0 {} {}" width="100%" height="100%" preserveAspectRatio="none">{}</svg>{}</svg>"#
        ),
        title,
        SIZE.0,
        SIZE.1,
        drawing.paths(),
        drawing.texts()
    )))
}
