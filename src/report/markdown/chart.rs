//! The newest values of a series as a mermaid chart, which GitHub draws.

use super::table::Row;
use crate::report::text::Scale;

/// The least number of points worth a picture.
const LEAST: usize = 5;
/// The most points of one chart.
const MOST: usize = 50;

/// A fenced `xychart-beta`, where there are enough values. No foreign text but what is left of a
/// name after everything but letters, digits and a few marks is taken out.
pub(super) fn mermaid(row: &Row<'_>) -> Option<String> {
    let limit = row.limit;
    let known: Vec<f64> = limit
        .trend
        .iter()
        .flatten()
        .copied()
        .filter(|v| v.is_finite())
        .collect();
    let values = &known[known.len().saturating_sub(MOST)..];
    if values.len() < LEAST {
        return None;
    }
    let scale = Scale::fitting(&limit.unit, *values.last()?);
    let line: Vec<f64> = values.iter().map(|v| scale.scaled(*v)).collect();
    let budget = limit
        .limit_value
        .map(|v| scale.scaled(v))
        .filter(|v| v.is_finite());
    let all = || line.iter().copied().chain(budget);
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    );
    let room = ((high - low) * 0.1).max(high.abs() * 0.01).max(1e-9);
    let unit = plain(scale.unit(), 12);
    let title = plain(&row.name(), 60);
    let limit = budget.map_or_else(String::new, |v| format!(", limit {}", number(v)));
    let axis = if unit.is_empty() { "value" } else { &unit };
    let numbers = |values: &[f64]| {
        let texts: Vec<String> = values.iter().map(|v| number(*v)).collect();
        texts.join(", ")
    };
    let mut out = format!(
        "```mermaid\nxychart-beta\n    title \"{title}{limit}\"\n    x-axis \"measured commits, the newest right\" 1 --> {}\n    y-axis \"{axis}\" {} --> {}\n    line [{}]\n",
        values.len(),
        number(low - room),
        number(high + room),
        numbers(&line),
    );
    if let Some(budget) = budget {
        out.push_str(&format!(
            "    line [{}]\n",
            numbers(&vec![budget; values.len()])
        ));
    }
    out.push_str("```\n");
    Some(out)
}

/// Four significant digits; mermaid reads no exponents.
fn number(value: f64) -> String {
    let size = value.abs();
    let digits = if size > 0.0 {
        (3.0 - size.log10().floor()).clamp(0.0, 9.0) as usize
    } else {
        0
    };
    format!("{value:.digits$}")
}

fn plain(text: &str, most: usize) -> String {
    let kept = |c: char| c.is_alphanumeric() || " ./-_%".contains(c);
    let kept: String = text
        .chars()
        .map(|c| if kept(c) { c } else { ' ' })
        .take(most)
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}
