//! How figures, dates and foreign text are written, the same in every output.
//!
//! Three significant digits, a unit that fits, a true minus (`−`), `×2.4` from twice on, `–` where
//! there is no number. Sizes are decimal: 1 kB = 1,000 B, 1 MB = 1,000 kB. All functions are pure.

mod number;
mod time;

pub use number::{Column, Scale, difference, effect, effect_interval, percent_of, value};
pub use time::{ago, date, days, days_left, moment};

/// What stands where a number is missing or not finite.
pub const NOTHING: &str = "–";

/// The longest text [`plain`] lets through, in characters.
pub const PLAIN_LIMIT: usize = 200;

/// A bullet bar of `width` cells, `█` used and `░` free. It is full from a share of 1 on and never
/// before; shares above 1 are cut, so the percentage belongs beside it.
#[must_use]
pub fn bar(used: f64, width: usize) -> String {
    let full = if used >= 1.0 {
        width
    } else if used > 0.0 {
        ((used * width as f64).round() as usize).min(width.saturating_sub(1))
    } else {
        0
    };
    let mut cells = "█".repeat(full);
    cells.push_str(&"░".repeat(width - full));
    cells
}

/// The least height of a sparkline, as a share of the median: flatter series look flat, so that
/// noise is not blown up into steps.
const FLAT: f64 = 0.02;

/// At most `width` cells from `▁` to `█`, oldest first. Where several values share a cell it shows
/// their maximum, the last cell the last value. Missing (not finite) values are gaps, `·`.
#[must_use]
pub fn sparkline(values: &[f64], width: usize) -> String {
    let cells = thin(values, width);
    let mut sorted: Vec<f64> = cells.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return "·".repeat(cells.len());
    };
    let median = sorted[sorted.len() / 2].abs();
    let span = (high - low).max(FLAT * median).max(f64::MIN_POSITIVE);
    cells
        .iter()
        .map(|cell| {
            if cell.is_finite() {
                let height = ((cell - low) / span * 8.0) as usize;
                ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][height.min(7)]
            } else {
                '·'
            }
        })
        .collect()
}

/// At most `width` values out of many: the maximum of each stretch, at the end the last one; NaN
/// for a stretch without any.
#[must_use]
pub fn thin(values: &[f64], width: usize) -> Vec<f64> {
    if values.len() <= width || width == 0 {
        return values[..values.len().min(width)].to_vec();
    }
    let bound = |cell: usize| cell * values.len() / width;
    (0..width)
        .map(|cell| {
            let stretch = &values[bound(cell)..bound(cell + 1)];
            if cell + 1 == width {
                stretch[stretch.len() - 1]
            } else {
                stretch.iter().copied().fold(f64::NAN, f64::max)
            }
        })
        .collect()
}

/// Foreign text for people: see [`plain_up_to`], cut at [`PLAIN_LIMIT`].
#[must_use]
pub fn plain(text: &str) -> String {
    plain_up_to(text, PLAIN_LIMIT)
}

/// Foreign text on one line, of at most `limit` characters and then `…`: line breaks and tabs
/// become spaces; other control characters, bidirectional controls and invisible characters are
/// shown as code points (`U+202E`), so that they can neither move a cursor nor reorder a line.
#[must_use]
pub fn plain_up_to(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * limit));
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                shown.push(' ');
            }
            c if c.is_control() || is_invisible(c) => {
                shown.push_str(&format!("U+{:04X}", u32::from(c)));
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Foreign text of several lines, each as [`plain_up_to`] shows it, at most 2,000 of them.
#[must_use]
pub fn plain_lines(text: &str) -> String {
    let lines = text.lines().take(2_000);
    lines.map(|line| plain_up_to(line, 1_000) + "\n").collect()
}

/// Bidirectional controls, and characters without width that can hide in a name. The joiners
/// U+200C and U+200D are left alone: words and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests;
