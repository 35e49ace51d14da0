//! Amounts as people write them: `250ms`, `+5%`, `6 queries`.

use crate::model::Unit;

/// A number with what it counts, in the canonical unit of its dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// In [`Quantity::dimension`]'s canonical unit.
    pub value: f64,
    /// What it counts.
    pub dimension: Dimension,
    /// As it was written.
    pub text: String,
}

/// What an amount counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// A physical unit that plimsoll knows.
    Known(Unit),
    /// A word of the owner's, such as `queries`.
    Word(String),
    /// A bare number.
    Bare,
}

const UNITS: &[(&str, f64, Unit)] = &[
    ("ps", 1e-3, Unit::Nanoseconds),
    ("ns", 1.0, Unit::Nanoseconds),
    ("us", 1e3, Unit::Nanoseconds),
    ("µs", 1e3, Unit::Nanoseconds),
    ("μs", 1e3, Unit::Nanoseconds),
    ("ms", 1e6, Unit::Nanoseconds),
    ("s", 1e9, Unit::Nanoseconds),
    ("m", 60e9, Unit::Nanoseconds),
    ("min", 60e9, Unit::Nanoseconds),
    ("h", 3600e9, Unit::Nanoseconds),
    ("B", 1.0, Unit::Bytes),
    ("kB", 1e3, Unit::Bytes),
    ("MB", 1e6, Unit::Bytes),
    ("GB", 1e9, Unit::Bytes),
    ("KiB", 1024.0, Unit::Bytes),
    ("MiB", 1_048_576.0, Unit::Bytes),
    ("GiB", 1_073_741_824.0, Unit::Bytes),
    ("1/s", 1.0, Unit::PerSecond),
    ("/s", 1.0, Unit::PerSecond),
    ("req/s", 1.0, Unit::PerSecond),
    ("ops/s", 1.0, Unit::PerSecond),
    ("elem/s", 1.0, Unit::PerSecond),
    ("B/s", 1.0, Unit::BytesPerSecond),
    ("kB/s", 1e3, Unit::BytesPerSecond),
    ("MB/s", 1e6, Unit::BytesPerSecond),
    ("GB/s", 1e9, Unit::BytesPerSecond),
    ("KiB/s", 1024.0, Unit::BytesPerSecond),
    ("MiB/s", 1_048_576.0, Unit::BytesPerSecond),
    ("GiB/s", 1_073_741_824.0, Unit::BytesPerSecond),
    ("%", 1e-2, Unit::Ratio),
];

/// Where the number ends that an amount begins with.
fn end_of_number(text: &str) -> usize {
    text.char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[i + 1..].starts_with(|d: char| d.is_ascii_digit() || d == '-' || d == '+');
            !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | '_') || exponent)
        })
        .map_or(text.len(), |(i, _)| i)
}

impl Quantity {
    /// Reads an amount.
    ///
    /// # Errors
    /// A sentence fragment that says what is wrong and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let split = end_of_number(trimmed);
        let (number, unit) = trimmed.split_at(split);
        let unit = unit.trim();
        if unit.starts_with(',') {
            return Err(format!(
                "`{text}` holds a comma: write decimals with a point"
            ));
        }
        let value: f64 =
            number
                .replace('_', "")
                .parse()
                .map_err(|_ignored: std::num::ParseFloatError| {
                    format!("`{text}` does not begin with a number")
                })?;
        if !value.is_finite() {
            return Err(format!("`{text}` is not a finite number"));
        }
        let known = UNITS.iter().find(|(name, _, _)| *name == unit);
        let (factor, dimension) = match known {
            Some((_, factor, unit)) => (*factor, Dimension::Known(unit.clone())),
            None if unit.is_empty() => (1.0, Dimension::Bare),
            None => {
                let slip = UNITS
                    .iter()
                    .find(|(name, _, _)| name.eq_ignore_ascii_case(unit));
                if let Some((name, _, _)) = slip {
                    return Err(format!("unknown unit `{unit}`: did you mean `{name}`?"));
                }
                if !unit
                    .chars()
                    .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '_'))
                {
                    return Err(format!(
                        "unknown unit `{unit}`: write for example ms, MiB, req/s, % or a word"
                    ));
                }
                (1.0, Dimension::Word(unit.to_owned()))
            }
        };
        Ok(Self {
            value: value * factor,
            dimension,
            text: trimmed.to_owned(),
        })
    }

    /// An amount of a series in `unit` as a budget file says it, four digits or more: read back, it
    /// is within 0.05 % and fits the series. Not finite: `None`.
    #[must_use]
    pub fn write(value: f64, unit: &Unit) -> Option<String> {
        if !value.is_finite() {
            return None;
        }
        let steps: &[(f64, &str)] = match unit {
            Unit::Nanoseconds => &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")],
            Unit::Bytes => &[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")],
            Unit::PerSecond => &[(1.0, "/s")],
            Unit::BytesPerSecond => &[(1.0, "B/s"), (1e3, "kB/s"), (1e6, "MB/s"), (1e9, "GB/s")],
            Unit::Ratio => &[(1e-2, "%")],
            Unit::Count | Unit::Other(_) => &[(1.0, "")],
        };
        let fits = steps
            .iter()
            .rev()
            .find(|(factor, _)| value.abs() >= *factor);
        let (factor, name) = fits.or(steps.first())?;
        let scaled = value / factor;
        let whole = 1 + scaled.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
        let decimals = if scaled.fract() == 0.0 {
            0
        } else {
            (4 - whole).clamp(0, 17)
        };
        let mut number = format!("{scaled:.*}", usize::try_from(decimals).unwrap_or(0));
        if number.contains('.') {
            number.truncate(number.trim_end_matches('0').trim_end_matches('.').len());
        }
        let space = if matches!(*name, "" | "%") { "" } else { " " };
        Some(format!("{number}{space}{name}"))
    }

    /// Another amount, written in the unit that this one is written in: three digits, rounded up
    /// where `up`, else down; all digits of a whole number where `exact`. The text, and the amount
    /// that it stands for. `None` where this amount is 0 or the other is not finite.
    #[must_use]
    pub fn rewritten(&self, value: f64, up: bool, exact: bool) -> Option<(String, f64)> {
        let gap = end_of_number(&self.text);
        let written: f64 = self.text[..gap].replace('_', "").parse().ok()?;
        let factor = self.value / written;
        let wanted = value / factor;
        if !(wanted.is_finite() && factor.is_finite() && factor > 0.0) {
            return None;
        }
        let whole = exact && (wanted - wanted.round()).abs() < 1e-9 * wanted.abs().max(1.0);
        let digits = if whole || wanted == 0.0 {
            0
        } else {
            2 - wanted.abs().log10().floor() as i32
        };
        let step = 10_f64.powi(digits);
        // A value that already has three digits must not move because of its last bit.
        let scaled = wanted * step;
        let near = scaled.round();
        let scaled = if (scaled - near).abs() < 1e-6 {
            near
        } else if up {
            scaled.ceil()
        } else {
            scaled.floor()
        };
        let number = scaled / step;
        let mut text = format!("{number:.*}", usize::try_from(digits).unwrap_or(0));
        if text.contains('.') {
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        text.push_str(&self.text[gap..]);
        Some((text, number * factor))
    }

    /// Whether this amount can limit a series of `unit`; else what to write.
    ///
    /// # Errors
    /// A sentence fragment with the unit that fits.
    pub fn fits(&self, unit: &Unit) -> Result<(), String> {
        let wanted = match unit {
            Unit::Nanoseconds => "a time such as `250ms`",
            Unit::Bytes => "a size such as `12MiB`",
            Unit::PerSecond => "a rate such as `900 req/s`",
            Unit::BytesPerSecond => "a bandwidth such as `40MB/s`",
            Unit::Ratio => "a share such as `0.5%`",
            Unit::Count | Unit::Other(_) => "a number such as `6` or `6 queries`",
        };
        let fits = match (&self.dimension, unit) {
            (Dimension::Known(own), unit) => own == unit,
            (Dimension::Word(word), Unit::Other(text)) => word == text || !text.contains('/'),
            (Dimension::Word(_), Unit::Count) => true,
            (Dimension::Word(_), _) => false,
            (Dimension::Bare, unit) => matches!(unit, Unit::Count | Unit::Ratio | Unit::Other(_)),
        };
        if fits {
            Ok(())
        } else {
            Err(format!(
                "`{}` does not fit a series in {unit}: write {wanted}",
                self.text
            ))
        }
    }
}

/// Reads a relative limit such as `+5%` as a fraction (0.05).
///
/// # Errors
/// A sentence fragment that says what to write.
pub fn parse_percent(text: &str) -> Result<f64, String> {
    match Quantity::parse(text) {
        Ok(Quantity {
            value,
            dimension: Dimension::Known(Unit::Ratio),
            ..
        }) => Ok(value),
        Ok(_) => Err(format!(
            "`{text}` is not a percentage: write for example `+5%`"
        )),
        Err(reason) => Err(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_reach_their_canonical_unit() {
        let read = |text| Quantity::parse(text).map(|q| (q.value, q.dimension));
        assert_eq!(
            read("250ms"),
            Ok((250e6, Dimension::Known(Unit::Nanoseconds)))
        );
        assert_eq!(
            read("1.5 s"),
            Ok((1.5e9, Dimension::Known(Unit::Nanoseconds)))
        );
        assert_eq!(read("2e3 B"), Ok((2000.0, Dimension::Known(Unit::Bytes))));
        assert_eq!(
            read("6 queries"),
            Ok((6.0, Dimension::Word("queries".into())))
        );
        assert_eq!(read("1_000"), Ok((1000.0, Dimension::Bare)));
    }

    #[test]
    fn an_amount_is_rewritten_in_its_own_unit() {
        let rewritten = |text: &str, value, up, exact| {
            let (text, again) = Quantity::parse(text).unwrap().rewritten(value, up, exact)?;
            let read = Quantity::parse(&text).unwrap().value;
            assert!(
                (read - again).abs() <= 1e-9 * read.abs(),
                "{text}: {read} {again}"
            );
            Some(text)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            rewritten("250ms", 212_340_000.0, true, false),
            some("213ms")
        );
        assert_eq!(rewritten("1.5 s", 0.81234e9, true, false), some("0.813 s"));
        assert_eq!(rewritten("2e3 µs", 80_000.0, true, false), some("80 µs"));
        assert_eq!(
            rewritten("900 req/s", 1234.0, false, false),
            some("1230 req/s")
        );
        assert_eq!(rewritten("0.5%", 0.001_234, true, false), some("0.124%"));
        assert_eq!(rewritten("6 queries", 5.0, true, true), some("5 queries"));
        assert_eq!(rewritten("20_000", 12_345.0, true, true), some("12345"));
        assert_eq!(rewritten("20_000", 12_345.0, true, false), some("12400"));
        assert_eq!(rewritten("9 eggs", 7.2, true, false), some("7.2 eggs"));
        assert_eq!(rewritten("6", 0.0, true, true), some("0"));
        assert_eq!(rewritten("0", 5.0, true, true), None);
        assert_eq!(rewritten("6", f64::NAN, true, true), None);
    }

    #[test]
    fn slips_are_named() {
        assert!(
            Quantity::parse("5 MS")
                .unwrap_err()
                .contains("did you mean `ms`")
        );
        assert!(Quantity::parse("1,5s").unwrap_err().contains("comma"));
        assert!(Quantity::parse("fast").unwrap_err().contains("number"));
        assert!(Quantity::parse("1e999 s").unwrap_err().contains("finite"));
    }

    #[test]
    fn a_time_needs_its_unit() {
        let bare = Quantity::parse("250").unwrap();
        assert!(bare.fits(&Unit::Nanoseconds).unwrap_err().contains("250ms"));
        assert!(bare.fits(&Unit::Count).is_ok());
        assert!(
            Quantity::parse("2kB")
                .unwrap()
                .fits(&Unit::Nanoseconds)
                .is_err()
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back_and_fits(
            value in proptest::prop_oneof![-1e12..1e12f64, 1e-9..1.0f64, 0.0..1e4f64],
            unit in 0..7usize,
        ) {
            let unit = [
                Unit::Nanoseconds, Unit::Bytes, Unit::PerSecond, Unit::BytesPerSecond, Unit::Count,
                Unit::Ratio, Unit::Other("widgets/day".into()),
            ][unit].clone();
            let text = Quantity::write(value, &unit).unwrap();
            let back = Quantity::parse(&text).unwrap();
            back.fits(&unit).unwrap();
            proptest::prop_assert!((back.value - value).abs() <= 5.1e-4 * value.abs(), "{}", text);
        }
    }

    #[test]
    fn levels_are_written_as_people_do() {
        let write = |value, unit| Quantity::write(value, &unit).unwrap();
        assert_eq!(write(102.04e6, Unit::Nanoseconds), "102 ms");
        assert_eq!(write(0.0, Unit::Nanoseconds), "0 ns");
        assert_eq!(write(6.0, Unit::Count), "6");
        assert_eq!(write(0.005, Unit::Ratio), "0.5%");
        assert!(Quantity::write(f64::NAN, &Unit::Count).is_none());
    }

    #[test]
    fn percentages() {
        assert_eq!(parse_percent("+5%").map(|x| (x * 1e9).round()), Ok(5e7));
        assert!(parse_percent("5").is_err());
    }
}
