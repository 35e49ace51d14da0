//! `plimsoll log SERIES --explain`, and what moved with an over in the outputs of `check`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user"
)]

mod support;

use support::{Project, at};

const LIMITS: &str = "[[limit]]\nid = \"time\"\nselect = { benchmark = \"GET /orders\", metric = \"time\" }\n\
    regress = { limit = \"+5%\" }\n\
    [[limit]]\nid = \"queries\"\nkind = \"cause\"\ndeterministic = true\ndirection = \"lower\"\n\
    select = { benchmark = \"GET /orders\", metric = \"queries\" }\nregress = { limit = \"+0%\" }\n";

/// One run: two times, a number of queries that is watched, one of rows that is not, a size that
/// stays, and tags.
fn record(project: &mut Project, run: usize, ms: f64, queries: f64) {
    let noise = [0.4, -0.8, 0.9, -0.3, 0.1, -1.1, 0.7, 0.3, -0.6, 0.8, -0.5][run * 3 % 11];
    let time = ms * 1e6 * (1.0 + 0.005 * noise);
    let one = |metric: &str, value: f64, unit: &str, direction: Option<&str>| {
        serde_json::json!({
            "benchmark": "GET /orders", "metric": metric, "value": value, "unit": unit,
            "direction": direction
        })
    };
    let text = serde_json::json!({ "schema": "plimsoll.measurements/1", "measurements": [
        one("time", time, "ns", Some("lower")),
        one("db.time", time * 0.081, "ns", Some("lower")),
        one("queries", queries, "count", None),
        one("rows", 50.0 * queries, "count", None),
        one("size", 512.0, "B", Some("lower")),
    ]});
    let file = project.write(&format!("results/{run}.json"), &text.to_string());
    let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
}

fn n_plus_one() -> Project {
    let mut project = Project::new();
    project.budget("orders", LIMITS);
    for run in 0..12 {
        project.commit(&format!("Change {run}"));
        record(&mut project, run, 40.0, 6.0);
    }
    project.git(&["checkout", "--quiet", "-b", "topic"]);
    project.commit("Load each customer");
    for run in 12..15 {
        record(&mut project, run, 410.0, 106.0);
    }
    project
}

/// Without the line of the machine, which differs from machine to machine.
fn stripped(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.contains(" machine      ") {
            lines.next();
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[test]
fn an_over_is_explained_gate_by_gate_and_by_what_moved_with_it() {
    let project = n_plus_one();
    let said = project.plimsoll(&["log", "orders/time", "--explain", "--base", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("queries (watched as a cause) 6 → 106"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("; symptom +371 ms, ×12"),
        "a cause in the same unit is a factor: {}",
        said.out
    );
    assert!(
        !said.out.contains("size 512"),
        "what did not move is no cause: {}",
        said.out
    );
    insta::assert_snapshot!("explain_over", stripped(&said.out));
    let said = project.plimsoll(&[
        "log",
        "orders/time",
        "--explain",
        "--base",
        "main",
        "--format",
        "markdown",
    ]);
    assert!(
        said.out.contains("| gate | asked | found | decided |"),
        "{}",
        said.out
    );
}

#[test]
fn a_change_within_its_limit_has_no_causes() {
    let project = n_plus_one();
    let said = project.plimsoll(&["log", "orders/time", "--explain", "--commit", "HEAD~1"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("moved too"), "{}", said.out);
    insta::assert_snapshot!("explain_within", stripped(&said.out));
}

#[test]
fn a_program_gets_the_same_gates() {
    let project = n_plus_one();
    let said = project.plimsoll(&[
        "log",
        "orders/time",
        "--explain",
        "--base",
        "main",
        "--format",
        "json",
    ]);
    let found: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(at(&found, "schema"), "plimsoll.explain/1");
    assert_eq!(at(&found, "limits/0/verdict"), "over");
    let gates: Vec<&str> = at(&found, "limits/0/gates")
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| gate["gate"].as_str().unwrap())
        .filter(|gate| *gate != "machine")
        .collect();
    assert_eq!(
        gates,
        [
            "measured",
            "evidence",
            "base",
            "attainable",
            "limit",
            "own record",
            "all records",
            "many tests",
            "whose",
            "accepted",
            "verdict"
        ]
    );
    assert_eq!(at(&found, "limits/0/causes/0/series/metric"), "queries");
}

#[test]
fn a_check_says_what_moved_with_an_over_in_every_output() {
    let project = n_plus_one();
    let table = project.plimsoll(&["check", "--base", "main"]);
    assert_eq!(table.code, 1, "{}", table.err);
    let cause = "queries (watched as a cause) 6 → 106";
    assert!(
        table.out.contains(&format!("moved too: {cause}")),
        "{}",
        table.out
    );
    let markdown = project.plimsoll(&["check", "--base", "main", "--format", "markdown"]);
    assert!(
        markdown.out.contains("moved too: queries"),
        "{}",
        markdown.out
    );
    let json = project.plimsoll(&["check", "--base", "main", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let limits = at(&found, "limits").as_array().unwrap();
    let time = limits
        .iter()
        .find(|limit| limit["limit"] == "time")
        .unwrap();
    let causes = at(time, "causes").as_array().unwrap();
    assert_eq!(causes[0]["series"]["metric"], "queries");
    assert_eq!(causes[0]["watched"], true);
    let each = causes[0]["ratio"].as_f64().unwrap();
    assert!(
        (3.6e6..3.8e6).contains(&each),
        "3.7 ms for each query: {each}"
    );
    let unread = causes
        .iter()
        .find(|cause| cause["series"]["metric"] == "rows");
    assert!(
        unread.is_some(),
        "a metric that no limit reads: {causes:#?}"
    );
}

#[test]
fn a_name_that_fits_nothing_lists_the_limits() {
    let project = n_plus_one();
    let said = project.plimsoll(&["log", "payments", "--explain"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("orders/queries, orders/time"),
        "{}",
        said.err
    );
}

#[test]
fn a_series_is_found_by_its_tags_without_its_metric() {
    let mut project = Project::new();
    project.commit("Start");
    let one = |tenant: &str, value: f64| {
        serde_json::json!({
            "benchmark": "pay", "metric": "latency.p95", "value": value, "unit": "ns",
            "direction": "lower", "tags": { "tenant": tenant }
        })
    };
    let text = serde_json::json!({
        "schema": "plimsoll.measurements/1", "measurements": [one("big", 5.0), one("small", 3.0)]
    });
    let file = project.write("results/a.json", &text.to_string());
    let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = project.plimsoll(&["log", "pay{tenant=big}"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("pay:latency.p95{tenant=big}@ci"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("tenant=small"), "{}", said.out);
    let said = project.plimsoll(&["log", "pay{tenant=none}"]);
    assert_eq!(said.code, 2);
}
