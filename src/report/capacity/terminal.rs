//! For people at a terminal.

use super::CapacityView;
use super::words::{flag, heading, interval, lines, milestone, rate, rows, tail, word};
use crate::report::text;
use std::fmt::Write;

/// On a terminal.
#[must_use]
pub fn terminal(views: &[CapacityView]) -> String {
    let mut out = String::new();
    for (i, view) in views.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        one(&mut out, view);
    }
    out
}

fn one(out: &mut String, view: &CapacityView) {
    let of = &view.capacity;
    let _ = writeln!(out, "{}\n", heading(view));
    for found in &view.milestones {
        let _ = writeln!(
            out,
            "  {:<9} {} on {}: needs {}, carries {}",
            word(found.verdict),
            text::plain(&found.name),
            found.date,
            rate(found.needed),
            found.capacity.map_or_else(
                || "nothing known".to_owned(),
                |value| interval(value, found.low.unwrap_or(0.0), found.high)
            )
        );
        let _ = writeln!(out, "            {}", milestone(found, of));
    }
    if !view.milestones.is_empty() {
        out.push('\n');
    }
    for (name, words) in lines(view) {
        let _ = writeln!(out, "  {name:<11} {words}");
    }
    let rows = rows(of);
    let most = of
        .sweep
        .steps
        .iter()
        .filter_map(|step| crate::stats::median(&step.throughput))
        .fold(0.0, f64::max);
    let head = ["load", "throughput", "efficiency", &tail(of), "errors"];
    let widths: Vec<usize> = (0..5)
        .map(|i| {
            let cells = rows.iter().map(|row| row[i].chars().count());
            cells.chain([head[i].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[&str], bar: &str| {
        let mut text = String::from(" ");
        for (i, cell) in cells.iter().enumerate() {
            if widths[i] > 0 {
                let _ = write!(text, " {cell:>width$} ", width = widths[i]);
            }
            if i == 1 {
                let _ = write!(text, " {bar} ");
            }
        }
        text.trim_end().to_owned()
    };
    let _ = writeln!(out, "\n{}", line(&head, &" ".repeat(20)));
    for (row, step) in rows.iter().zip(&of.sweep.steps) {
        let x = crate::stats::median(&step.throughput).unwrap_or(0.0);
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        let _ = writeln!(out, "{}", line(&cells, &text::bar(x / most, 20)));
    }
    out.push('\n');
    for check in &of.checks {
        let sign = match check.ok {
            Some(true) => "ok",
            Some(false) => "FAILS",
            None => "skipped",
        };
        let _ = writeln!(
            out,
            "  {sign:<8} {:<10} {}",
            check.name,
            text::plain(&check.detail)
        );
    }
    if let Some(flag) = flag(of) {
        let _ = writeln!(out, "  note     {flag}");
    }
}
