//! Dates and durations. Absolute times are UTC; relative ones count from a given moment.

use super::NOTHING;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Forecasts end here; what lies beyond is "> 180 d".
const HORIZON_DAYS: f64 = 180.0;

/// `2026-11-20`, in UTC.
#[must_use]
pub fn date(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d")
        .to_string()
}

/// `2026-11-20 14:02 UTC`.
#[must_use]
pub fn moment(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

/// How long `then` lies before `now`: `12 min ago`, `5 h ago`, `3 d ago`, `4 months ago`,
/// `2 years ago`; `in 3 d` where it lies ahead.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_second() - then.as_second()) as f64;
    let span = match seconds.abs() {
        s if s < 60.0 => return "now".to_owned(),
        s if s < 3_600.0 => format!("{} min", (s / 60.0).floor()),
        s if s < 2.0 * DAY => format!("{} h", (s / 3_600.0).floor()),
        s if s < 60.0 * DAY => format!("{} d", (s / DAY).floor()),
        s if s < 730.0 * DAY => format!("{} months", (s / (30.44 * DAY)).round()),
        s => format!("{} years", (s / (365.25 * DAY)).round()),
    };
    if seconds < 0.0 {
        format!("in {span}")
    } else {
        format!("{span} ago")
    }
}

/// A number of days: `6 d`, `0.5 d` under one and a half.
#[must_use]
pub fn days(days: f64) -> String {
    if !days.is_finite() {
        NOTHING.to_owned()
    } else if days.abs() < 1.5 {
        format!("{days:.1} d").replace('-', "−")
    } else {
        format!("{days:.0} d").replace('-', "−")
    }
}

/// When a budget is used up, in days from now, with bounds: `~26 d (17–48)`, `~90 d (40–180+)`,
/// `> 180 d`, `now` where it is used up already.
#[must_use]
pub fn days_left(estimate: f64, low: f64, high: f64) -> String {
    if estimate.is_nan() {
        return NOTHING.to_owned();
    }
    if estimate > HORIZON_DAYS {
        return format!("> {HORIZON_DAYS:.0} d");
    }
    if estimate <= 0.0 {
        return "now".to_owned();
    }
    let high = if high > HORIZON_DAYS || high.is_nan() {
        format!("{HORIZON_DAYS:.0}+")
    } else {
        format!("{high:.0}")
    };
    format!("~{estimate:.0} d ({:.0}–{high})", low.max(0.0))
}
