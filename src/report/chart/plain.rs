//! A picture of a plain series that stands by itself: no style sheet, no page around it.

use super::ChartError;
use crate::detect::Detection;
use plotters::prelude::*;

const SIZE: (u32, u32) = (960, 360);
const RUN: RGBColor = RGBColor(95, 99, 104);
const LEVEL: RGBColor = RGBColor(0, 114, 178);
const RANGE: RGBColor = RGBColor(244, 212, 190);

/// An SVG document: values as dots, levels as steps, and where each change may have begun as a
/// band. x counts rows. `None` without a finite value.
///
/// # Errors
/// Where plotters refuses to draw.
pub fn plain(name: &str, values: &[f64], found: &Detection) -> Result<Option<String>, ChartError> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return Ok(None);
    }
    let room = ((high - low) * 0.05).max(low.abs().max(1.0) * 1e-3);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .caption(name, ("sans-serif", 16))
            .x_label_area_size(28)
            .y_label_area_size(72)
            .build_cartesian_2d(-0.5..values.len() as f64 - 0.5, low - room..high + room)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_desc("row")
            .light_line_style(WHITE)
            .draw()?;
        for change in &found.change_points {
            let (from, to) = (change.from as f64 - 0.5, change.to as f64 + 0.5);
            let band = Rectangle::new([(from, low - room), (to, high + room)], RANGE.filled());
            chart.draw_series(std::iter::once(band))?;
        }
        let dots = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .map(|(row, value)| Circle::new((row as f64, *value), 2, RUN.filled()));
        chart.draw_series(dots)?;
        let steps = found.regimes.iter().flat_map(|regime| {
            [
                (regime.first as f64 - 0.5, regime.level),
                (regime.last as f64 + 0.5, regime.level),
            ]
        });
        chart.draw_series(LineSeries::new(steps, LEVEL.stroke_width(2)))?;
        root.present()?;
    }
    Ok(Some(svg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Input, Settings, detect};

    #[test]
    fn a_hostile_name_stays_text() {
        let values: Vec<f64> = (0..40)
            .map(|i| f64::from(i % 3) + if i < 20 { 9.0 } else { 30.0 })
            .collect();
        let found = detect(
            &Input {
                values: &values,
                ..Input::default()
            },
            &Settings::default(),
        );
        let svg = plain("</svg><script>x</script>", &values, &found)
            .unwrap()
            .unwrap();
        assert!(!svg.contains("<script>"));
        assert!(svg.contains("circle"));
    }

    #[test]
    fn nothing_to_draw_is_no_picture() {
        let found = detect(
            &Input {
                values: &[f64::NAN],
                ..Input::default()
            },
            &Settings::default(),
        );
        assert_eq!(plain("x", &[f64::NAN], &found).unwrap(), None);
    }
}
