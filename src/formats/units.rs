//! Units as tools write them, and names that tools share: one table for all formats.

use crate::model::{Direction, Unit};

/// Nanoseconds in one second, millisecond and microsecond.
pub const SECOND: f64 = 1e9;
/// Nanoseconds in one millisecond.
pub const MILLISECOND: f64 = 1e6;
/// Nanoseconds in one microsecond.
pub const MICROSECOND: f64 = 1e3;

/// The canonical unit that a tool's unit text means, and the factor that brings its values there.
/// `None` where the text is not known: then values keep the tool's own unit, unscaled.
///
/// Sizes with an `i` are powers of 1,024, those without are powers of 1,000. Upper and lower case
/// matter: `B` is bytes, `b` is bits, `M` is a million, `m` is minutes.
#[must_use]
pub fn canonical(text: &str) -> Option<(Unit, f64)> {
    let text = text.trim();
    if let Some(factor) = time(text) {
        return Some((Unit::Nanoseconds, factor));
    }
    if let Some(factor) = size(text) {
        return Some((Unit::Bytes, factor));
    }
    if let Some(of) = text
        .strip_suffix("/s")
        .or_else(|| text.strip_suffix("/sec"))
    {
        if let Some(factor) = size(of) {
            return Some((Unit::BytesPerSecond, factor));
        }
        return match of {
            "1" | "op" | "ops" | "req" | "reqs" | "requests" | "elem" | "items" => {
                Some((Unit::PerSecond, 1.0))
            }
            "Kelem" => Some((Unit::PerSecond, 1e3)),
            "Melem" => Some((Unit::PerSecond, 1e6)),
            "Gelem" => Some((Unit::PerSecond, 1e9)),
            _ => None,
        };
    }
    match text {
        "%" | "percent" => Some((Unit::Ratio, 0.01)),
        "ratio" => Some((Unit::Ratio, 1.0)),
        "count" => Some((Unit::Count, 1.0)),
        _ => None,
    }
}

/// Nanoseconds in one of a unit of time; both code points of the micro sign are read.
#[must_use]
pub fn time(text: &str) -> Option<f64> {
    Some(match text {
        "ps" => 1e-3,
        "ns" | "nanosecond" | "nanoseconds" => 1.0,
        "us" | "\u{b5}s" | "\u{3bc}s" | "microsecond" | "microseconds" => MICROSECOND,
        "ms" | "millisecond" | "milliseconds" => MILLISECOND,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "minute" | "minutes" => 60.0 * SECOND,
        "h" | "hour" | "hours" => 3600.0 * SECOND,
        _ => return None,
    })
}

/// Bytes in one of a unit of size.
#[must_use]
pub fn size(text: &str) -> Option<f64> {
    Some(match text {
        "B" | "byte" | "bytes" => 1.0,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    })
}

/// Reads a duration with its unit attached or after a space (`414.00us`, `1.5 s`) into
/// nanoseconds. `None` where either part is not understood, the number is not finite or negative,
/// or a separator of thousands stands in it.
#[must_use]
pub fn duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let value = number * time(unit.trim())?;
    value.is_finite().then_some(value)
}

/// The canonical name of a percentile, `p95` or `p99.9`, from the tool's text of it (`95`,
/// `99.90`). `None` outside 0…100.
#[must_use]
pub fn percentile(text: &str) -> Option<String> {
    let value: f64 = text.trim().parse().ok()?;
    // Rust prints the shortest text that reads back as the same number: 99.90 becomes 99.9.
    (0.0..=100.0).contains(&value).then(|| format!("p{value}"))
}

/// Which way is better for what is counted in `unit`, where the unit alone says it: less time,
/// fewer bytes, more bytes a second. Counts, rates and shares may mean either.
#[must_use]
pub fn direction(unit: &Unit) -> Option<Direction> {
    match unit {
        Unit::Nanoseconds | Unit::Bytes => Some(Direction::Lower),
        Unit::BytesPerSecond => Some(Direction::Higher),
        Unit::PerSecond | Unit::Count | Unit::Ratio | Unit::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (text, unit, factor) in [
            ("ns", Unit::Nanoseconds, 1.0),
            ("us", Unit::Nanoseconds, 1e3),
            ("µs", Unit::Nanoseconds, 1e3),
            ("μs", Unit::Nanoseconds, 1e3),
            ("ms", Unit::Nanoseconds, 1e6),
            ("seconds", Unit::Nanoseconds, 1e9),
            ("MiB", Unit::Bytes, 1_048_576.0),
            ("MB", Unit::Bytes, 1e6),
            ("MB/s", Unit::BytesPerSecond, 1e6),
            ("GiB/s", Unit::BytesPerSecond, 1_073_741_824.0),
            ("ops/sec", Unit::PerSecond, 1.0),
            ("Melem/s", Unit::PerSecond, 1e6),
            ("%", Unit::Ratio, 0.01),
        ] {
            assert_eq!(canonical(text), Some((unit, factor)), "{text}");
        }
        for text in ["", "parsecs", "Mb/s", "NS", "x/s", "ns/op"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("414.00us"), Some(414_000.0));
        assert_eq!(duration("1.5 s"), Some(1.5e9));
        for text in ["", "12", "ms", "-1ms", "1,5ms", "1.2.3s", "nan s", "1e3s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn percentiles() {
        assert_eq!(percentile("95").as_deref(), Some("p95"));
        assert_eq!(percentile("99.90").as_deref(), Some("p99.9"));
        assert_eq!(percentile("50.000").as_deref(), Some("p50"));
        for text in ["101", "-1", "NaN", "", "x"] {
            assert_eq!(percentile(text), None, "{text}");
        }
    }
}
