use super::*;
use crate::model::Unit;
use jiff::Timestamp;
use proptest::prelude::*;

#[test]
fn values_have_three_digits_and_a_fitting_unit() {
    let ns = |v| value(v, &Unit::Nanoseconds);
    assert_eq!(ns(41_900.0), "41.9 µs");
    assert_eq!(ns(118e6), "118 ms");
    assert_eq!(ns(2.5e9), "2.50 s");
    assert_eq!(ns(0.4123), "0.412 ns");
    assert_eq!(ns(999.6e6), "1.00 s");
    assert_eq!(ns(9.996e6), "10.0 ms");
    assert_eq!(ns(5_432e9), "5,432 s");
    assert_eq!(ns(0.0), "0 ns");
    assert_eq!(value(1.2e6, &Unit::Bytes), "1.20 MB");
    assert_eq!(value(512.0, &Unit::Bytes), "512 B");
    assert_eq!(value(1_234.0, &Unit::PerSecond), "1,234 /s");
    assert_eq!(value(1_234_567.0, &Unit::PerSecond), "1.23 M/s");
    assert_eq!(value(2.5e8, &Unit::BytesPerSecond), "250 MB/s");
    assert_eq!(value(1_234_567.0, &Unit::Count), "1,234,567");
    assert_eq!(value(7.0, &Unit::Count), "7");
    assert_eq!(value(2.5, &Unit::Count), "2.50");
    assert_eq!(value(0.0123, &Unit::Ratio), "1.23 %");
    assert_eq!(value(-3.0, &Unit::Other("dB".into())), "−3.00 dB");
    assert_eq!(value(12.0, &Unit::Other(String::new())), "12.0");
}

#[test]
fn what_is_no_number_is_a_dash() {
    for nothing in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(value(nothing, &Unit::Nanoseconds), NOTHING);
        assert_eq!(difference(nothing, &Unit::Bytes), NOTHING);
        assert_eq!(effect(nothing), NOTHING);
        assert_eq!(percent_of(nothing), NOTHING);
        assert_eq!(days(nothing), NOTHING);
    }
    assert_eq!(effect_interval(0.1, f64::NAN, 0.2), "+10.0 %");
    assert_eq!(days_left(f64::NAN, 1.0, 2.0), NOTHING);
}

#[test]
fn a_series_keeps_one_unit() {
    let scale = Scale::shared(&Unit::Nanoseconds, [0.9e6, 1.1e6, 950e6, f64::NAN]);
    assert_eq!(scale.unit(), "ms");
    assert_eq!(scale.value(0.9e6), "0.900 ms");
    assert_eq!(scale.value(1_250e6), "1,250 ms");
    assert!((scale.canonical(scale.scaled(7.0)) - 7.0).abs() < 1e-9);
    assert_eq!(Scale::shared(&Unit::Bytes, []).value(3.0), "3.00 B");
}

#[test]
fn effects_and_differences_are_signed() {
    assert_eq!(effect(0.152), "+15.2 %");
    assert_eq!(effect(-0.06), "−6.0 %");
    assert_eq!(effect(0.0042), "+0.42 %");
    assert_eq!(effect(0.0), "0.0 %");
    assert_eq!(effect(-0.0), "0.0 %");
    assert_eq!(effect(0.999), "+99.9 %");
    assert_eq!(effect(1.4), "×2.4");
    assert_eq!(effect(24.0), "×25");
    assert_eq!(
        effect_interval(0.152, 0.118, 0.189),
        "+15.2 % (+11.8 … +18.9)"
    );
    assert_eq!(effect_interval(1.4, 0.9, 1.8), "×2.4 (1.9 … 2.8)");
    assert_eq!(effect_interval(0.01, -0.01, 0.03), "+1.0 % (−1.0 … +3.0)");
    assert_eq!(difference(12e6, &Unit::Nanoseconds), "+12 ms");
    assert_eq!(difference(-1.234e6, &Unit::Nanoseconds), "−1.23 ms");
    assert_eq!(difference(0.0, &Unit::Nanoseconds), "0 ns");
    assert_eq!(difference(0.015, &Unit::Ratio), "+1.5 pp");
    assert_eq!(difference(100.0, &Unit::Count), "+100");
}

#[test]
fn shares_near_the_limit_show_on_which_side_they_are() {
    assert_eq!(percent_of(1.07), "107 %");
    assert_eq!(percent_of(0.936), "94 %");
    assert_eq!(percent_of(0.998), "99.8 %");
    assert_eq!(percent_of(1.002), "100.2 %");
    assert_eq!(percent_of(1.0), "100 %");
    assert_eq!(percent_of(25.0), "2,500 %");
    assert_eq!(bar(1.07, 10), "██████████");
    assert_eq!(bar(0.998, 10), "█████████░");
    assert_eq!(bar(0.0, 4), "░░░░");
    assert_eq!(bar(f64::NAN, 4), "░░░░");
    assert_eq!(bar(0.5, 0), "");
}

#[test]
fn sparklines_thin_by_maximum_and_end_with_the_last_value() {
    assert_eq!(sparkline(&[1.0, 1.0, 2.0, 8.0], 10), "▁▁▂█");
    assert_eq!(sparkline(&[1.0, f64::NAN, 8.0], 10), "▁·█");
    assert_eq!(sparkline(&[1.0, 9.0, 1.0, 1.0, 9.0, 1.0], 3), "█▁▁");
    assert_eq!(sparkline(&[100.0, 100.1, 99.9, 100.0], 4), "▁▁▁▁");
    assert_eq!(sparkline(&[f64::NAN; 3], 10), "···");
    assert_eq!(sparkline(&[], 10), "");
    assert_eq!(sparkline(&[1.0], 0), "");
    assert_eq!(sparkline(&[0.0, 0.0], 4), "▁▁");
}

#[test]
fn foreign_text_cannot_steer_the_terminal() {
    assert_eq!(plain("a\u{1b}[31mb"), "aU+001B[31mb");
    assert_eq!(plain("user\u{202e}nimda"), "userU+202Enimda");
    assert_eq!(plain("one\ntwo\r\tthree"), "one two  three");
    assert_eq!(plain("\u{feff}x\u{200b}"), "U+FEFFxU+200B");
    assert_eq!(plain("Grüße 👩‍💻 <b>"), "Grüße 👩‍💻 <b>");
    assert_eq!(plain_up_to("abcdef", 3), "abc…");
    assert_eq!(plain_up_to("abc", 3), "abc");
}

#[test]
fn times_are_utc_and_relative_to_the_report() {
    let now: Timestamp = "2026-11-20T14:02:00Z".parse().unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(date(at("2026-11-20T23:30:00-02:00")), "2026-11-21");
    assert_eq!(moment(now), "2026-11-20 14:02 UTC");
    assert_eq!(ago(at("2026-11-20T14:01:30Z"), now), "now");
    assert_eq!(ago(at("2026-11-20T13:30:00Z"), now), "32 min ago");
    assert_eq!(ago(at("2026-11-19T15:02:00Z"), now), "23 h ago");
    assert_eq!(ago(at("2026-11-17T14:00:00Z"), now), "3 d ago");
    assert_eq!(ago(at("2026-07-20T14:00:00Z"), now), "4 months ago");
    assert_eq!(ago(at("2023-11-20T14:00:00Z"), now), "3 years ago");
    assert_eq!(ago(at("2026-11-24T14:02:00Z"), now), "in 4 d");
    assert_eq!(days(6.2), "6 d");
    assert_eq!(days(0.5), "0.5 d");
    assert_eq!(days_left(26.0, 17.0, 48.0), "~26 d (17–48)");
    assert_eq!(days_left(90.0, 40.0, f64::INFINITY), "~90 d (40–180+)");
    assert_eq!(days_left(400.0, 200.0, 900.0), "> 180 d");
    assert_eq!(days_left(-3.0, -5.0, 1.0), "now");
}

proptest! {
    /// Whatever the amounts, what a column shows adds up: the parts are whole ticks.
    #[test]
    fn a_column_reads_back_to_its_ticks(reference in 1e-3..1e12f64, ticks in -10_000_000i64..10_000_000) {
        let column = Column::fitting(&Unit::Nanoseconds, reference);
        let shown = column.difference(i128::from(ticks));
        let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
        prop_assert_eq!(digits.parse::<i64>().unwrap(), ticks.abs());
        prop_assert_eq!(shown.starts_with('−'), ticks < 0);
        prop_assert_eq!(shown.starts_with('+'), ticks > 0);
    }

    #[test]
    fn no_number_shows_an_ascii_minus(v in proptest::num::f64::ANY) {
        for unit in [Unit::Nanoseconds, Unit::Bytes, Unit::PerSecond, Unit::Count, Unit::Ratio] {
            prop_assert!(!value(v, &unit).contains('-'));
            prop_assert!(!difference(v, &unit).contains('-'));
        }
        prop_assert!(!effect(v).contains('-') && !percent_of(v).contains('-'));
    }

    #[test]
    fn plain_text_has_no_control_characters(text in "\\PC*|[\\x00-\\x1f\u{202a}-\u{202e}]*") {
        let shown = plain(&text);
        prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)));
    }

    #[test]
    fn a_sparkline_fits(values in proptest::collection::vec(proptest::num::f64::ANY, 0..60), width in 0usize..30) {
        prop_assert_eq!(sparkline(&values, width).chars().count(), values.len().min(width));
    }
}
