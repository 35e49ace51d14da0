use crate::formats::testing::{close, fixture, get, read_fixture, read_text};
use crate::formats::{FormatError, Reading};
use crate::model::{Direction, Measurement, Unit};

const SHAPES: [&str; 3] = [
    "k6/handmade-summary-export.json",
    "k6/handmade-handle-summary.json",
    "k6/handmade-machine-readable.json",
];

fn k6(text: &str) -> Result<Reading, FormatError> {
    read_text("load.json", "k6", text)
}

fn plain<'a>(reading: &'a Reading, metric: &str) -> &'a Measurement {
    let found: Vec<_> = reading
        .measurements
        .iter()
        .filter(|m| m.metric == metric && m.tags.is_empty())
        .collect();
    assert_eq!(found.len(), 1, "{metric} in {}", reading.path.display());
    found[0]
}

#[test]
fn three_shapes_tell_the_same_story() {
    for shape in SHAPES {
        let reading = read_fixture(shape);
        assert_eq!(
            (reading.format, reading.failures.len()),
            ("k6", 0),
            "{shape}"
        );
        for (metric, value, unit, direction) in [
            (
                "latency.p95",
                40.5e6,
                Unit::Nanoseconds,
                Some(Direction::Lower),
            ),
            (
                "latency.mean",
                12.5e6,
                Unit::Nanoseconds,
                Some(Direction::Lower),
            ),
            (
                "latency.min",
                1.25e6,
                Unit::Nanoseconds,
                Some(Direction::Lower),
            ),
            (
                "latency.p50",
                10e6,
                Unit::Nanoseconds,
                Some(Direction::Lower),
            ),
            (
                "latency.max",
                80e6,
                Unit::Nanoseconds,
                Some(Direction::Lower),
            ),
            ("requests", 200.0, Unit::Count, None),
            ("rate", 50.0, Unit::PerSecond, Some(Direction::Higher)),
            ("failures", 10.0, Unit::Count, Some(Direction::Lower)),
            ("error_rate", 0.05, Unit::Ratio, Some(Direction::Lower)),
            ("iterations", 100.0, Unit::Count, None),
            (
                "iterations.rate",
                25.0,
                Unit::PerSecond,
                Some(Direction::Higher),
            ),
            (
                "http_req_waiting.p95",
                36e6,
                Unit::Nanoseconds,
                Some(Direction::Lower),
            ),
            ("data_sent", 40_000.0, Unit::Bytes, None),
            (
                "data_sent.rate",
                10_000.0,
                Unit::BytesPerSecond,
                Some(Direction::Higher),
            ),
            ("vus", 3.0, Unit::Count, None),
        ] {
            let made = plain(&reading, metric);
            assert!(close(made.value, value), "{shape}: {metric} {}", made.value);
            assert_eq!(
                (&made.unit, made.direction),
                (&unit, direction),
                "{shape}: {metric}"
            );
        }
        assert_eq!(plain(&reading, "latency.p95").n, 200);
        let slow: Vec<_> = reading
            .measurements
            .iter()
            .filter(|m| {
                m.metric == "latency.p95" && m.tags.get("name").is_some_and(|v| v == "slow")
            })
            .collect();
        assert_eq!(slow.len(), 1, "{shape}");
        assert!(close(slow[0].value, 75e6));
    }
}

#[test]
fn the_benchmark_is_the_stem_of_the_file() {
    let text = std::fs::read_to_string(fixture(SHAPES[0])).unwrap();
    let reading = read_text("runs/checkout.json", "k6", &text).unwrap();
    assert!(
        reading
            .measurements
            .iter()
            .all(|m| m.benchmark == "checkout")
    );
}

#[test]
fn percentiles_of_every_shape_have_one_name() {
    let legacy = read_fixture(SHAPES[0]);
    assert!(close(plain(&legacy, "latency.p99.9").value, 75e6));
    assert!(close(plain(&legacy, "latency.p99").value, 60e6));
    let machine = read_fixture(SHAPES[2]);
    assert_eq!(machine.version.as_deref(), Some("2.2.0"));
    assert!(close(plain(&machine, "latency.p90").value, 20e6));
}

#[test]
fn a_custom_trend_has_a_unit_only_where_the_file_gives_one() {
    let handled = read_fixture(SHAPES[1]);
    let known = plain(&handled, "checkout_time.p95");
    assert_eq!((known.value, &known.unit), (24e6, &Unit::Nanoseconds));
    let legacy = read_fixture(SHAPES[0]);
    let unknown = plain(&legacy, "checkout_time.p95");
    assert_eq!(
        (unknown.value, unknown.unit.as_str(), unknown.direction),
        (24.0, "", None)
    );
}

#[test]
fn tests_without_a_result_are_failures() {
    let summary = |metrics: &str| format!("{{\"root_group\": {{}}, \"metrics\": {{{metrics}}}}}");
    let duration = |p95: &str| format!("\"http_req_duration\": {{\"avg\": 1, \"p(95)\": {p95}}}");
    let requests = "\"http_reqs\": {\"count\": 5, \"rate\": 1}";
    for (metrics, reason) in [
        (
            "\"http_reqs\": {\"count\": 0, \"rate\": 0}".to_owned(),
            "no requests",
        ),
        (
            "\"iterations\": {\"count\": 5, \"rate\": 1}".to_owned(),
            "no requests",
        ),
        (
            format!(
                "{requests}, {}, \"http_req_failed\": {{\"passes\": 5, \"fails\": 0, \"value\": 1}}",
                duration("2")
            ),
            "every request failed",
        ),
        (
            format!("{requests}, {}", duration("null")),
            "`p(95)` of http_req_duration is null",
        ),
        (
            format!("{requests}, \"http_req_duration\": {{}}"),
            "no request has a duration",
        ),
    ] {
        let reading = k6(&summary(&metrics)).unwrap();
        assert!(reading.measurements.is_empty(), "{metrics}");
        assert_eq!(reading.failures.len(), 1, "{metrics}");
        assert_eq!(reading.failures[0].benchmark, "load");
        assert!(
            reading.failures[0].reason.contains(reason),
            "{:?}",
            reading.failures
        );
    }
}

#[test]
fn a_slice_without_requests_is_a_failure_of_its_own() {
    let slice = |values: &str| {
        format!(
            "{{\"metrics\": {{\"http_reqs\": {{\"count\": 5, \"rate\": 1}},\
             \"http_req_duration\": {{\"avg\": 1, \"p(95)\": 2}},\
             \"http_req_duration{{name:x}}\": {values}}}}}"
        )
    };
    for (values, reason) in [
        (r#"{"avg": 0, "max": 0, "p(95)": 0}"#, "no request belongs"),
        (r#"{"avg": 0, "p(95)": null}"#, "is null"),
    ] {
        let reading = k6(&slice(values)).unwrap();
        assert!(close(plain(&reading, "latency.p95").value, 2e6));
        assert!(reading.measurements.iter().all(|m| m.tags.is_empty()));
        assert_eq!(reading.failures[0].benchmark, "load");
        assert!(reading.failures[0].reason.contains(reason));
    }
    let zero = r#"{"metrics": {"http_reqs": {"count": 5, "rate": 1}, "http_req_duration": {"avg": 0, "p(95)": 0}}}"#;
    assert!(k6(zero).unwrap().measurements.is_empty());
}

#[test]
fn unselected_statistics_are_not_missing_ones() {
    let machine = |p95: &str, avg: &str| {
        format!(
            "{{\"config\": {{\"duration\": 2}}, \"results\": {{\"metrics\": [\
             {{\"name\": \"http_reqs\", \"type\": \"counter\", \"contains\": \"default\", \"values\": {{\"count\": 4}}}},\
             {{\"name\": \"http_req_duration\", \"type\": \"trend\", \"contains\": \"time\", \"values\": {{\"avg\": {avg}, \"p95\": {p95}}}}}]}}}}"
        )
    };
    let reading = k6(&machine("null", "3")).unwrap();
    assert!(
        reading
            .measurements
            .iter()
            .all(|m| m.metric != "latency.p95")
    );
    assert!(close(plain(&reading, "rate").value, 2.0));
    assert_eq!(k6(&machine("null", "null")).unwrap().failures.len(), 1);
}

#[test]
fn other_protocols_are_read() {
    let text = r#"{"root_group": {}, "metrics": {
        "iterations": {"count": 5, "rate": 1},
        "grpc_req_duration": {"avg": 2, "p(95)": 4},
        "grpc_req_duration{method:Get, url:\"a:1\"}": {"avg": 2, "p(95)": 3}}}"#;
    let reading = k6(text).unwrap();
    assert!(close(plain(&reading, "grpc_req_duration.p95").value, 4e6));
    let tagged = get(&reading, "load", "grpc_req_duration.p95");
    assert_eq!(tagged.n, 1);
    let tags: Vec<_> = reading
        .measurements
        .iter()
        .map(|m| &m.tags)
        .filter(|t| t.len() == 2)
        .collect();
    assert_eq!(
        (tags[0]["method"].as_str(), tags[0]["url"].as_str()),
        ("Get", "a:1")
    );
}

#[test]
fn mistakes_name_their_place() {
    let with = |metric: &str| {
        format!("{{\"metrics\": {{\"http_reqs\": {{\"count\": 5, \"rate\": 1}}, {metric}}}}}")
    };
    for (metric, place, reason) in [
        (
            r#""http_req_duration": {"avg": -1}"#,
            "metrics.http_req_duration",
            "negative",
        ),
        (r#""http_req_duration": {"avg": 1e305}"#, "", "too large"),
        (
            r#""http_req_duration": {"avg": "x"}"#,
            "metrics.http_req_duration.avg",
            "a number was expected",
        ),
        (
            r#""http_req_duration": {"mode": 1}"#,
            "metrics.http_req_duration.mode",
            "not a statistic",
        ),
        (
            r#""http_req_failed": {"passes": 1, "fails": 1, "value": 2}"#,
            "metrics.http_req_failed",
            "between",
        ),
        (r#""http_reqs": {"count": 5, "rate": 1}"#, "", "given twice"),
        (
            r#""x": {"type": "trend", "contains": "time", "values": {"avg": 1}}"#,
            "metrics",
            "missing field",
        ),
    ] {
        let text = k6(&with(metric)).unwrap_err().to_string();
        assert!(
            text.contains(place) && text.contains(reason),
            "{metric}: {text}"
        );
    }
    let own = r#"{"metrics": {"p95": 3}, "results": {}}"#;
    assert!(
        k6(own)
            .unwrap_err()
            .reason
            .contains("not one of k6's summaries")
    );
}

/// One run of k6 1.1.0 in three forms, and the summary of another.
#[test]
fn real_runs_agree_in_all_their_forms() {
    for file in ["points.ndjson", "points.csv", "handle_summary.json"] {
        let reading = read_fixture(&format!("k6/1.1.0_{file}"));
        let name = format!("1.1.0_{}", file.split('.').next().unwrap());
        let of = |metric| get(&reading, &name, metric).value;
        assert!(close(of("failures"), 1.0), "{file}");
        assert!(
            (of("latency.max") / 64.992_984e6 - 1.0).abs() < 1e-6,
            "{file}"
        );
        assert!(
            (of("latency.mean") / 50.884_006_1e6 - 1.0).abs() < 1e-6,
            "{file}"
        );
    }
    let export = read_fixture("k6/1.1.0_summary_export.json");
    let of = |metric| get(&export, "1.1.0_summary_export", metric).value;
    assert!(close(of("failures"), 2.0) && close(of("error_rate"), 0.1));
    assert!((of("latency.p95") / 55.949_48e6 - 1.0).abs() < 1e-6);
}
