//! Two builds side by side, as rows: every sink shows the same ones.

use super::check::PairedView;
use super::text;
use crate::budget::Headlines;
use crate::model::Direction;
use crate::stats::benjamini_hochberg;
use crate::verdict::{Contrast, LimitVerdict, PairedSeries};
use std::collections::BTreeSet;
use std::fmt::Write;

/// From this p-value on, after control over all series, a difference is called one.
const ALPHA: f64 = 0.05;

/// Metrics that are always shown: what a command used, most trustworthy first.
const OWN: [&str; 3] = ["cpu", "time", "memory.peak"];

/// What a comparison says of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The series.
    pub series: &'a PairedSeries,
    /// How head and base differ; `None` where one of them was not measured.
    pub contrast: Option<Contrast>,
    /// Two-sided p-value of "no difference", after control over all series of the comparison.
    pub p_adjusted: Option<f64>,
    /// How far the base lay from itself: the farther end of the control's 95 % interval.
    pub noise_floor: Option<f64>,
    /// Series of the comparison: so many are told apart from chance together.
    pub of: usize,
}

impl Row<'_> {
    /// `worse`, `better`, `no change seen`, `new`, `gone`, `too few pairs`; `higher` and `lower` where
    /// nobody says which way is better.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let Some(contrast) = &self.contrast else {
            return if self.series.base.is_empty() {
                "new"
            } else {
                "gone"
            };
        };
        if contrast.shift.shift.low.is_infinite() && !self.is_exact() {
            return "too few pairs";
        }
        let differs = self.p_adjusted.is_some_and(|p| p <= ALPHA) || self.is_exact();
        // The least two-sided p-value of n pairs is 2^(1 - n).
        let least = 0.5_f64.powi(contrast.shift.n as i32 - 1) * self.of as f64;
        if !differs && least > ALPHA {
            return "too few pairs";
        }
        match contrast.shift.shift.value {
            shift if !differs || shift.abs() <= 0.0 => "no change seen",
            shift if self.series.direction.is_none() && shift > 0.0 => "higher",
            _ if self.series.direction.is_none() => "lower",
            shift if shift > 0.0 => "worse",
            _ => "better",
        }
    }

    /// Whether it says that something changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        let same = ["no change seen", "too few pairs"];
        !same.contains(&self.word())
    }

    fn is_exact(&self) -> bool {
        self.contrast
            .as_ref()
            .is_some_and(|c| c.is_exact(false, &self.series.unit))
    }

    fn levels(&self) -> [String; 2] {
        let scale = text::Scale::shared(
            &self.series.unit,
            self.series.base.iter().chain(&self.series.head).copied(),
        );
        let level = |values: &[f64]| {
            crate::stats::median(values).map_or_else(|| "—".to_owned(), |m| scale.value(m))
        };
        [level(&self.series.base), level(&self.series.head)]
    }

    fn change(&self) -> String {
        let Some(contrast) = &self.contrast else {
            return String::new();
        };
        match contrast.effect() {
            Some((effect, low, high)) => text::effect_interval(effect, low, high),
            None => contrast
                .relative(contrast.shift.shift.value)
                .map_or_else(String::new, text::effect),
        }
    }

    fn least(&self) -> String {
        let least = self.contrast.as_ref().and_then(Contrast::smallest_effect);
        match least {
            Some(least) if least > 0.0 && !self.is_exact() => plus_minus(least),
            Some(_) => "exact".to_owned(),
            None => String::new(),
        }
    }
}

fn plus_minus(fraction: f64) -> String {
    super::tell::noise(fraction)
}

/// All series, benchmark by benchmark, what a command used first.
#[must_use]
pub fn rows(view: &PairedView) -> Vec<Row<'_>> {
    let contrasts: Vec<Option<Contrast>> = view
        .series
        .iter()
        .map(|series| series.contrast(series.way()))
        .collect();
    let p: Vec<f64> = contrasts.iter().flatten().map(|c| c.shift.p).collect();
    let of = p.len();
    let mut adjusted = benjamini_hochberg(&p).into_iter();
    let mut rows: Vec<Row<'_>> = view
        .series
        .iter()
        .zip(contrasts)
        .map(|(series, contrast)| Row {
            p_adjusted: contrast.as_ref().and_then(|_| adjusted.next()),
            noise_floor: floor(series),
            of,
            series,
            contrast,
        })
        .collect();
    let rank = |row: &Row<'_>| {
        let metric = row.series.key.metric.as_str();
        OWN.iter()
            .position(|own| *own == metric)
            .unwrap_or(OWN.len())
    };
    rows.sort_by(|a, b| {
        (
            &a.series.key.benchmark,
            &a.series.key.tags,
            rank(a),
            &a.series.key.metric,
        )
            .cmp(&(
                &b.series.key.benchmark,
                &b.series.key.tags,
                rank(b),
                &b.series.key.metric,
            ))
    });
    rows
}

fn floor(series: &PairedSeries) -> Option<f64> {
    let control = series.control()?;
    let (_, low, high) = control.effect()?;
    Some(low.abs().max(high.abs()))
}

/// The rows that a person wants to see: headline metrics, what a command used, what a limit is
/// about, and whatever else changed where none of these did. The rest is only counted.
#[must_use]
pub fn shown<'r, 'a>(rows: &'r [Row<'a>], limits: &[LimitVerdict]) -> Vec<&'r Row<'a>> {
    let headlines = Headlines::new(rows.iter().map(|row| &row.series.key));
    let limited: BTreeSet<_> = limits.iter().filter_map(|l| l.series.as_ref()).collect();
    let first = |row: &Row<'_>| {
        let key = &row.series.key;
        headlines.of(&key.benchmark) == Some(key.metric.as_str())
            || OWN.contains(&key.metric.as_str())
            || limited.contains(key)
    };
    let told: BTreeSet<&str> = rows
        .iter()
        .filter(|row| first(row) && row.is_changed())
        .map(|row| row.series.key.benchmark.as_str())
        .collect();
    rows.iter()
        .filter(|row| {
            let benchmark = row.series.key.benchmark.as_str();
            first(row) || (row.is_changed() && !told.contains(benchmark))
        })
        .collect()
}

const HEAD: [&str; 8] = [
    "benchmark",
    "metric",
    "base",
    "head",
    "change (95 %)",
    "seen from",
    "base vs base",
    "",
];

fn cells(row: &Row<'_>, name: bool) -> [String; 8] {
    let key = &row.series.key;
    let tags: Vec<String> = key.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let benchmark = match (name, tags.is_empty()) {
        (false, _) => String::new(),
        (true, true) => key.benchmark.clone(),
        (true, false) => format!("{} {{{}}}", key.benchmark, tags.join(",")),
    };
    let better = match row.series.way() {
        Direction::Higher if row.word() != "no change seen" => " (higher is better)",
        _ => "",
    };
    let [base, head] = row.levels();
    [
        text::plain_up_to(&benchmark, 40),
        text::plain_up_to(&key.metric, 24),
        base,
        head,
        row.change(),
        row.least(),
        row.noise_floor.map_or_else(String::new, plus_minus),
        format!("{}{better}", row.word()),
    ]
}

/// The comparison as a table for a terminal.
#[must_use]
pub fn table(view: &PairedView, limits: &[LimitVerdict]) -> String {
    let rows = rows(view);
    let shown = shown(&rows, limits);
    if shown.is_empty() {
        return String::new();
    }
    let mut lines = vec![HEAD.map(str::to_owned)];
    let mut last = None;
    for row in &shown {
        let name = (&row.series.key.benchmark, &row.series.key.tags);
        lines.push(cells(row, last != Some(name)));
        last = Some(name);
    }
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut out = String::new();
    for line in &lines {
        let mut written = String::from(" ");
        for (at, (cell, width)) in line.iter().zip(widths).enumerate() {
            let space = " ".repeat(width - cell.chars().count());
            // Amounts end at the same place.
            if (2..=3).contains(&at) {
                let _ = write!(written, " {space}{cell} ");
            } else {
                let _ = write!(written, " {cell}{space} ");
            }
        }
        out.push_str(written.trim_end());
        out.push('\n');
    }
    if let Some(rest) = rest(&rows, shown.len()) {
        let _ = writeln!(out, "  {rest}");
    }
    out
}

/// The comparison as rows of a Markdown table; `code` puts foreign words into code spans.
#[must_use]
pub fn markdown(view: &PairedView, limits: &[LimitVerdict], code: fn(&str) -> String) -> String {
    let rows = rows(view);
    let shown = shown(&rows, limits);
    if shown.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "| benchmark | metric | base | head | change (95 % CI) | seen from | base vs base | |\n|---|---|---:|---:|---|---|---|---|\n",
    );
    for row in &shown {
        let [benchmark, metric, rest @ ..] = cells(row, true);
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            code(&benchmark),
            code(&metric),
            rest.join(" | ")
        );
    }
    if let Some(rest) = self::rest(&rows, shown.len()) {
        let _ = writeln!(out, "\n{rest}");
    }
    out
}

fn rest(rows: &[Row<'_>], shown: usize) -> Option<String> {
    let more = rows.len() - shown;
    (more > 0).then(|| {
        format!(
            "{more} more series of the same benchmarks' other metrics: --format json holds them"
        )
    })
}
