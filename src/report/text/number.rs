//! Numbers with units.

use super::{NOTHING, plain_up_to};
use crate::model::Unit;

/// The true minus sign.
const MINUS: char = '−';

/// From here on nobody counts digits: `1.00e308`.
const MANY: f64 = 1e15;

/// A unit chosen once, so that all values of a series or table read in the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// How many canonical units one shown unit is.
    factor: f64,
    /// The shown unit, `""` for none.
    unit: String,
    /// What stands before the unit in a difference, where that differs (percentage points).
    difference: Option<&'static str>,
    /// Things that come whole: a whole number of them has no decimals.
    whole: bool,
}

impl Scale {
    /// The scale in which `reference` reads best.
    #[must_use]
    pub fn fitting(unit: &Unit, reference: f64) -> Self {
        // Rounded first, so that 999.6 ms is 1.00 s and not 1,000 ms.
        let size = three_digits(reference.abs());
        let pick = |steps: &[(f64, &str)]| {
            let fits = steps.iter().rev().find(|(factor, _)| size >= *factor);
            let (factor, unit) = fits.or(steps.first()).copied().unwrap_or((1.0, ""));
            Self::new(factor, unit)
        };
        match unit {
            Unit::Nanoseconds => pick(&[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]),
            Unit::Bytes => pick(&[
                (1.0, "B"),
                (1e3, "kB"),
                (1e6, "MB"),
                (1e9, "GB"),
                (1e12, "TB"),
            ]),
            Unit::BytesPerSecond => pick(&[
                (1.0, "B/s"),
                (1e3, "kB/s"),
                (1e6, "MB/s"),
                (1e9, "GB/s"),
                (1e12, "TB/s"),
            ]),
            Unit::PerSecond if size >= 1e5 => pick(&[(1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")]),
            Unit::PerSecond => Self::new(1.0, "/s"),
            Unit::Count => Self {
                whole: true,
                ..Self::new(1.0, "")
            },
            Unit::Ratio => Self {
                difference: Some("pp"),
                ..Self::new(0.01, "%")
            },
            Unit::Other(text) => Self::new(1.0, &plain_up_to(text, 16)),
        }
    }

    /// The scale in which most of `values` read best: it fits their median size.
    #[must_use]
    pub fn shared(unit: &Unit, values: impl IntoIterator<Item = f64>) -> Self {
        let mut sizes: Vec<f64> = values
            .into_iter()
            .map(f64::abs)
            .filter(|size| size.is_finite() && *size > 0.0)
            .collect();
        sizes.sort_by(f64::total_cmp);
        let median = sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
        Self::fitting(unit, median)
    }

    fn new(factor: f64, unit: &str) -> Self {
        Self {
            factor,
            unit: unit.to_owned(),
            difference: None,
            whole: false,
        }
    }

    /// The shown unit, `""` for none.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// `value` in the shown unit, for axes and arithmetic.
    #[must_use]
    pub fn scaled(&self, value: f64) -> f64 {
        value / self.factor
    }

    /// Back from the shown unit.
    #[must_use]
    pub fn canonical(&self, scaled: f64) -> f64 {
        scaled * self.factor
    }

    /// Three significant digits without the unit; whole digits are never rounded away.
    #[must_use]
    pub fn number(&self, value: f64) -> String {
        let scaled = self.scaled(value);
        if !scaled.is_finite() {
            NOTHING.to_owned()
        } else if scaled.abs() >= MANY {
            signed(scaled, false)
        } else if self.whole && (scaled - scaled.round()).abs() <= 1e-9 * scaled.abs() {
            // A level may come back from a logarithm.
            sign(scaled < 0.0, false) + &thousands(&format!("{:.0}", scaled.abs()))
        } else {
            signed(scaled, false)
        }
    }

    /// Three significant digits and the unit: `118 ms`.
    #[must_use]
    pub fn value(&self, value: f64) -> String {
        with_unit(self.number(value), &self.unit)
    }

    /// A signed difference: `+12 ms`, `−1.5 pp`. Trailing zeros are dropped.
    #[must_use]
    pub fn difference(&self, difference: f64) -> String {
        let scaled = self.scaled(difference);
        if !scaled.is_finite() {
            return NOTHING.to_owned();
        }
        let mut number = signed(scaled, true);
        if number.contains('.') {
            number.truncate(number.trim_end_matches('0').trim_end_matches('.').len());
        }
        with_unit(number, self.difference.unwrap_or(&self.unit))
    }
}

/// A column of amounts that must add up as they are shown: one scale, one number of decimals.
/// Every amount becomes a whole number of the last shown digit.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    scale: Scale,
    decimals: usize,
}

impl Column {
    /// A column in which `reference` has four significant digits.
    #[must_use]
    pub fn fitting(unit: &Unit, reference: f64) -> Self {
        let scale = Scale::fitting(unit, reference);
        let size = scale.scaled(reference).abs();
        let digits = if size.is_finite() && size > 0.0 {
            size.log10().floor() as i64 + 1
        } else {
            1
        };
        let whole = *unit == Unit::Count && (reference.fract() == 0.0 || digits > 3);
        let decimals = if whole { 0 } else { (4 - digits).clamp(0, 9) };
        Self {
            scale,
            decimals: usize::try_from(decimals).unwrap_or(0),
        }
    }

    /// `amount` as a whole number of the last shown digit, rounded; 0 where it is not finite. Cut at
    /// ± 10³⁰, so that a million of them can be added.
    #[must_use]
    pub fn ticks(&self, amount: f64) -> i128 {
        let ticks = self.scale.scaled(amount) * 10f64.powi(self.decimals as i32);
        if ticks.is_finite() {
            ticks.round().clamp(-1e30, 1e30) as i128
        } else {
            0
        }
    }

    /// A whole number of the last shown digit as an amount in the canonical unit.
    #[must_use]
    pub fn amount(&self, ticks: i128) -> f64 {
        self.scale
            .canonical(ticks as f64 / 10f64.powi(self.decimals as i32))
    }

    /// A value of the column: `212.0 ms`.
    #[must_use]
    pub fn value(&self, ticks: i128) -> String {
        with_unit(self.digits(ticks, false), &self.scale.unit)
    }

    /// A difference of the column: `+47.2 ms`.
    #[must_use]
    pub fn difference(&self, ticks: i128) -> String {
        let unit = self.scale.difference.unwrap_or(&self.scale.unit);
        with_unit(self.digits(ticks, true), unit)
    }

    fn digits(&self, ticks: i128, plus: bool) -> String {
        let ten = 10u128.pow(self.decimals as u32);
        let size = ticks.unsigned_abs();
        let mut text = sign(ticks < 0, plus && ticks != 0);
        text.push_str(&thousands(&(size / ten).to_string()));
        if self.decimals > 0 {
            text.push_str(&format!(".{:0width$}", size % ten, width = self.decimals));
        }
        text
    }
}

/// A value with three significant digits in a unit that fits it: `41.9 µs`, `118 ms`, `2.50 s`,
/// `1.20 MB`, `1,234 /s`, `12,345`, `1.23 %`.
#[must_use]
pub fn value(value: f64, unit: &Unit) -> String {
    Scale::fitting(unit, value).value(value)
}

/// A signed difference in a unit that fits it: `+12 ms`.
#[must_use]
pub fn difference(difference: f64, unit: &Unit) -> String {
    Scale::fitting(unit, difference).difference(difference)
}

/// A relative change, given as a fraction: `+15.2 %`, `−6.0 %`, `+0.42 %`, `×2.4` from twice on.
#[must_use]
pub fn effect(fraction: f64) -> String {
    if !fraction.is_finite() {
        NOTHING.to_owned()
    } else if fraction >= 1.0 {
        format!("×{}", times(1.0 + fraction))
    } else {
        format!("{} %", percent(fraction))
    }
}

/// A relative change with its bounds, all as fractions: `+15.2 % (+11.8 … +18.9)`,
/// `×2.4 (2.1 … 2.8)`; without them where they leave no room, as those of exact counters.
#[must_use]
pub fn effect_interval(fraction: f64, low: f64, high: f64) -> String {
    let middle = effect(fraction);
    let exact = (high - low).abs() <= 1e-12 * fraction.abs();
    if exact || !(low.is_finite() && high.is_finite()) {
        return middle;
    }
    if fraction >= 1.0 {
        format!("{middle} ({} … {})", times(1.0 + low), times(1.0 + high))
    } else {
        format!("{middle} ({} … {})", percent(low), percent(high))
    }
}

/// A share in whole percent: `107 %`. Near the limit one digit more, so that `99.8 %` is not
/// mistaken for all of it, nor `100.2 %` for no more.
#[must_use]
pub fn percent_of(share: f64) -> String {
    if !share.is_finite() {
        return NOTHING.to_owned();
    }
    let percent = share * 100.0;
    let decimals = usize::from((percent - 100.0).abs() < 0.5 && (percent - 100.0).abs() > 0.05);
    let mut text = sign(percent <= -0.5, false);
    text.push_str(&thousands(&format!("{:.decimals$}", percent.abs())));
    text + " %"
}

fn with_unit(number: String, unit: &str) -> String {
    if unit.is_empty() || number == NOTHING {
        number
    } else {
        number + " " + unit
    }
}

fn sign(negative: bool, plus: bool) -> String {
    match (negative, plus) {
        (true, _) => MINUS.to_string(),
        (false, true) => "+".to_owned(),
        (false, false) => String::new(),
    }
}

/// `number` (finite) rounded to three significant digits.
fn three_digits(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}

/// Three significant digits with thousands separators; whole digits stay. Numbers under a
/// billionth are 0.
fn signed(number: f64, plus: bool) -> String {
    let size = number.abs();
    let rounded = three_digits(size);
    if rounded < 1e-9 {
        return "0".to_owned();
    }
    if size >= MANY {
        return sign(number < 0.0, plus) + &format!("{size:.2e}");
    }
    let decimals = (2 - rounded.log10().floor() as i64).clamp(0, 11);
    let decimals = usize::try_from(decimals).unwrap_or(0);
    let text = format!("{size:.decimals$}");
    sign(number < 0.0, plus) + &thousands(&text)
}

/// A signed percentage of a fraction, without the sign for percent: one decimal, two below 1 %.
fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let decimals = if percent.abs() < 0.995 { 2 } else { 1 };
    let text = format!("{:.decimals$}", percent.abs());
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    if zero {
        "0.0".to_owned()
    } else {
        sign(percent < 0.0, true) + &thousands(&text)
    }
}

/// A factor: `2.4`, `12`.
fn times(factor: f64) -> String {
    let decimals = match factor.abs() {
        size if size < 0.995 => 2,
        size if size < 9.95 => 1,
        _ => 0,
    };
    let size = factor.abs();
    let text = if size >= MANY {
        format!("{size:.2e}")
    } else {
        thousands(&format!("{size:.decimals$}"))
    };
    sign(factor < 0.0, false) + &text
}

/// Commas between groups of three whole digits of an unsigned decimal number.
fn thousands(digits: &str) -> String {
    let (whole, rest) = digits
        .split_once('.')
        .map_or((digits, ""), |(whole, _)| (whole, &digits[whole.len()..]));
    let mut text = String::with_capacity(digits.len() + whole.len() / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}
