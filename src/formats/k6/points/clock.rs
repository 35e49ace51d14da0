//! The times of points, of which the minute is mostly that of the last one.

use crate::formats::requests::whole;

/// Nanoseconds in a second.
pub(super) const NANOS: i64 = 1_000_000_000;

/// Reads times: RFC 3339, or seconds and their thousandths since 1970.
#[derive(Default)]
pub(super) struct Clock {
    /// Up to the minute, what follows the seconds, and the nanoseconds at that minute.
    pub(super) minute: Option<(String, String, i64)>,
    pub(super) coarse: bool,
}

impl Clock {
    pub(super) fn read(&mut self, text: &str) -> Option<i64> {
        let (minute, rest) = text.split_at_checked(17)?;
        let (second, rest) = rest.split_at_checked(2)?;
        // A sign would parse as well.
        let second = whole(second.as_bytes()).filter(|second| *second < 60)?;
        let mut nanos = i64::try_from(second).ok()? * NANOS;
        let mut zone = rest;
        if let Some(fraction) = rest.strip_prefix('.') {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = fraction.split_at_checked(digits)?;
            let scale = 10_i64.checked_pow(9_u32.checked_sub(digits as u32)?)?;
            nanos += fraction.parse::<i64>().ok()? * scale;
            zone = after;
        }
        if let Some((m, z, start)) = &self.minute
            && m == minute
            && z == zone
        {
            return Some(start + nanos);
        }
        let full: jiff::Timestamp = text.parse().ok()?;
        let full = i64::try_from(full.as_nanosecond()).ok()?;
        self.minute = Some((minute.to_owned(), zone.to_owned(), full.checked_sub(nanos)?));
        Some(full)
    }

    /// The same, or the times of k6's CSV: whole seconds, unless `K6_CSV_TIME_FORMAT` said
    /// otherwise.
    pub(super) fn read_any(&mut self, text: &str) -> Option<i64> {
        if text.contains('T') {
            return self.read(text);
        }
        let number: i64 = text.parse().ok().filter(|n| *n > 0)?;
        let factor = match text.len() {
            ..=11 => {
                self.coarse = true;
                NANOS
            }
            12..=14 => 1_000_000,
            15..=17 => 1_000,
            _ => 1,
        };
        number.checked_mul(factor)
    }
}
