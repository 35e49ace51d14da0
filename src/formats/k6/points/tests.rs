use super::line::*;
use super::*;
use crate::formats::testing::{close, get, read_text};
use proptest::prelude::*;

fn metric(name: &str, kind: &str, contains: &str) -> String {
    format!(
        "{{\"type\":\"Metric\",\"data\":{{\"name\":\"{name}\",\"type\":\"{kind}\",\"contains\":\"{contains}\"}},\"metric\":\"{name}\"}}\n"
    )
}

fn point(name: &str, second: u32, value: &str, tags: &str) -> String {
    format!(
        "{{\"metric\":\"{name}\",\"type\":\"Point\",\"data\":{{\"time\":\"2026-11-21T03:42:{second:02}.5Z\",\"value\":{value},\"tags\":{{{tags}}}}}}}\n"
    )
}

fn request(second: u32, duration: &str, failed: &str, tags: &str) -> String {
    point("http_reqs", second, "1", tags)
        + &point("http_req_duration", second, duration, tags)
        + &point("http_req_failed", second, failed, tags)
}

fn declared() -> String {
    metric("http_reqs", "counter", "default")
        + &metric("http_req_duration", "trend", "time")
        + &metric("http_req_failed", "rate", "default")
}

const A: &str = "\"name\":\"a\",\"scenario\":\"default\",\"group\":\"\"";
const B: &str = "\"name\":\"b\",\"scenario\":\"peak\",\"group\":\"::buy\"";

#[test]
fn numbers_of_users_that_were_kept_are_steps() {
    let mut text = declared() + &metric("vus", "gauge", "default");
    for second in 0..24 {
        // Ten seconds of 5, a ramp, ten seconds of 20.
        let users = match second {
            0..10 => 5,
            10..13 => 5 + 5 * (second - 9),
            _ => 20,
        };
        text += &point("vus", second, &users.to_string(), "");
        for _ in 0..users {
            text += &request(second, "40", if second == 20 { "1" } else { "0" }, A);
        }
    }
    let reading = read_text("run.json", "k6", &text).unwrap();
    let of = |vus: &str, metric: &str| {
        let mut all = reading.measurements.iter();
        let own = all.find(|m| m.metric == metric && m.tags.get("vus").is_some_and(|v| v == vus));
        own.map(|m| m.value)
    };
    assert!(close(of("5", "rate").unwrap(), 5.0) && close(of("5", "latency.mean").unwrap(), 40e6));
    assert!(close(of("5", "latency.p95").unwrap(), 40e6));
    assert!(of("20", "error_rate").unwrap() > 0.05 && of("20", "rate").unwrap() > 19.0);
    assert_eq!(of("10", "rate"), None);
    let still = text.replace("\"value\":20,", "\"value\":5,");
    let reading = read_text("run.json", "k6", &still).unwrap();
    let fast = reading
        .measurements
        .iter()
        .filter(|m| m.tags.contains_key("vus"));
    assert_eq!(fast.count(), 0);
}

#[test]
fn every_second_has_its_tail() {
    let mut text = declared() + &metric("vus", "gauge", "default");
    for second in 0..9 {
        let slow = (3..6).contains(&second);
        let (users, took) = if slow { ("40", "900") } else { ("5", "20") };
        text += &point("vus", second, users, "");
        text += &request(second, took, if second == 4 { "1" } else { "0" }, A);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    std::fs::write(&file, &text).unwrap();
    let found = crate::formats::moments(&file, "k6").unwrap().unwrap();
    let all: Vec<(f64, f64, f64)> = found
        .iter()
        .map(|m| (m.n, m.tail.unwrap(), m.errors.unwrap()))
        .collect();
    let (calm, slow) = ((5.0, 20e6, 0.0), (40.0, 900e6, 0.0));
    let failed = (40.0, 900e6, 1.0);
    assert_eq!(all, [calm, calm, calm, slow, failed, slow, calm, calm]);
    std::fs::write(
        &file,
        r#"{"metrics": {"http_reqs": {"count": 1, "rate": 1}}}"#,
    )
    .unwrap();
    assert_eq!(crate::formats::moments(&file, "k6").unwrap(), None);
}

#[test]
fn the_whole_and_each_kind_of_request() {
    let mut text = declared() + &metric("sizes", "trend", "default");
    for second in 0..10 {
        text += &request(second, "1.5", "0", A);
        text += &request(second, "20", "1", B);
        text += &point("sizes", second, "0.25", "");
    }
    text += &request(11, "2.5", "0", B);
    let reading = read_text("run.json", "k6", &text).unwrap();
    let of = |metric: &str| get(&reading, "run", metric).value;
    assert!(close(of("latency.p50"), 2.5e6) && close(of("latency.min"), 1.5e6));
    assert!(close(of("requests"), 21.0) && close(of("failures"), 10.0));
    assert!(close(of("rate"), 21.0 / 11.0));
    assert!(close(of("sizes.p95"), 0.25));
    let slice = |name: &str, metric: &str| {
        let hit = reading
            .measurements
            .iter()
            .find(|m| m.metric == metric && m.tags.get("name").is_some_and(|n| n == name));
        hit.unwrap().clone()
    };
    assert!(close(slice("a", "latency.p95").value, 1.5e6));
    assert_eq!(slice("a", "requests").tags.len(), 1);
    let b = slice("b", "error_rate");
    assert!(close(b.value, 10.0 / 11.0));
    assert_eq!((&*b.tags["scenario"], &*b.tags["group"]), ("peak", "buy"));
    assert_eq!(get(&reading, "run", "latency.p95").n, 21);
}

#[test]
fn csv_says_the_same() {
    let mut text = "metric_name,timestamp,metric_value,group,name,scenario\n".to_owned();
    for second in 0..20 {
        for (metric, value) in [
            ("http_reqs", "1"),
            ("http_req_duration", "7.25"),
            ("http_req_failed", "0"),
        ] {
            text += &format!(
                "{metric},{},{value},::g,\"a,b\",default\n",
                1_795_232_565 + second
            );
        }
        text += &format!("custom,{},1,,,\n", 1_795_232_565 + second);
    }
    let reading = read_text("run.csv", "k6", &text).unwrap();
    let of = |metric: &str| get(&reading, "run", metric).value;
    assert!(close(of("latency.p95"), 7.25e6) && close(of("requests"), 20.0));
    assert!(close(of("rate"), 20.0 / 19.0));
    assert!(
        reading
            .measurements
            .iter()
            .any(|m| m.tags.get("name").is_some_and(|n| n == "a,b"))
    );
    // Whole seconds say too little of a short run.
    let short: String = text.lines().take(20).map(|l| format!("{l}\n")).collect();
    let short = read_text("run.csv", "k6", &short).unwrap();
    assert!(short.measurements.iter().all(|m| m.metric != "rate"));
    for (from, to, reason) in [
        ("7.25", "\"7,25\"", "not a number"),
        ("7.25", "NaN", "not a number"),
        ("7.25", "-1", "negative"),
        (",default\n", "\n", "cells"),
    ] {
        let error = read_text("run.csv", "k6", &text.replace(from, to)).unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        assert!(
            error
                .place
                .as_deref()
                .is_some_and(|p| p.starts_with("line")),
            "{error}"
        );
    }
}

#[test]
fn failed_and_empty_runs_have_no_values() {
    let failed = read_text("x.json", "k6", &(declared() + &request(1, "3", "1", A))).unwrap();
    assert!(failed.measurements.is_empty());
    assert!(
        failed
            .failures
            .iter()
            .any(|f| f.reason == "every request failed")
    );
    let empty = read_text("x.json", "k6", &declared()).unwrap();
    assert!(empty.measurements.is_empty() && empty.failures[0].reason.contains("no requests"));
}

#[test]
fn mistakes_are_placed() {
    let good = declared() + &request(1, "3", "0", A);
    for (line, reason) in [
        (point("http_req_duration", 2, "-1", A), "negative"),
        (point("http_req_duration", 2, "1e300", A), "too long"),
        (point("http_req_duration", 2, "1e999", A), "out of range"),
        (point("http_req_duration", 2, "NaN", A), "not a line"),
        (point("http_req_duration", 2, "\"3\"", A), "not a line"),
        (
            point("http_req_duration", 2, "null", A),
            "`data.value` is missing",
        ),
        (point("other", 2, "3", A), "was not declared"),
        (metric("http_reqs", "gauge", "default"), "declared twice"),
        (
            point("http_reqs", 2, "1", A).replace("2026", "soon"),
            "not understood",
        ),
        (point("http_reqs", 2, "1", A)[..60].to_owned(), "cut off"),
    ] {
        let error = read_text("x.json", "k6", &format!("{good}{line}")).unwrap_err();
        assert!(error.reason.contains(reason), "{line}: {error}");
        assert_eq!(error.place.as_deref(), Some("line 7"), "{line}");
    }
}

#[test]
fn times() {
    let mut clock = Clock::default();
    let mut read = |text: &str| clock.read_any(text);
    assert_eq!(read("1970-01-01T00:00:01.000000002Z"), Some(NANOS + 2));
    assert_eq!(read("1970-01-01T00:00:59.5Z"), Some(59 * NANOS + NANOS / 2));
    assert_eq!(read("1970-01-01T01:00:03+01:00"), Some(3 * NANOS));
    assert_eq!(read("1795232565"), Some(1_795_232_565 * NANOS));
    assert_eq!(read("1795232565123"), Some(1_795_232_565_123 * 1_000_000));
    for text in [
        "",
        "-5",
        "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:01.0000000001Z",
        "x",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]
    #[test]
    fn the_scanner_says_what_serde_says_or_nothing(
        name in "[a-z/:. \u{e9}\\\\\"]{0,6}",
        value in prop_oneof![
            any::<f64>().prop_map(|v| v.to_string()), "[-+0-9.eE]{1,6}".prop_map(String::from), Just("null".to_owned()),
        ],
        swap in any::<bool>(),
        extra in prop_oneof![Just(""), Just(",\"metadata\":{}"), Just(",\"value\":1"), Just(" ")],
        twice in prop_oneof![Just(""), Just(",\"name\":\"z\""), Just(",\"status\":\"200\""), Just(",\"n\":1")],
        damage in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let data = format!("\"data\":{{\"time\":\"2026-11-21T03:42:45Z\",\"value\":{value},\"tags\":{{\"name\":\"{name}\"{twice}}}{extra}}}");
        let head = "\"metric\":\"m\",\"type\":\"Point\"";
        let line = if swap { format!("{{{data},{head}}}") } else { format!("{{{head},{data}}}") };
        let mut bytes = line.into_bytes();
        if let Some((at, byte)) = damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(point) = plain(&bytes) {
            match strict(&bytes) {
                Ok(Said::Point(other)) => prop_assert_eq!(point, other),
                _ => prop_assert!(false, "only the scanner read {}", String::from_utf8_lossy(&bytes)),
            }
        }
    }
}
