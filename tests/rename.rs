//! `[[rename]]`: history goes on under the new name, everywhere.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use support::{Project, at};

const BUDGET: &str = r#"
[[limit]]
id = "time"
select = { benchmark = "parse/json", metric = "time" }
max = "125ms"
regress = { vs = "base", limit = "+5%" }
"#;

/// Twelve commits as `parse`, two as `parse/json`, which got slower with its second commit.
fn renamed() -> Project {
    let mut project = Project::new();
    project.budget("parser", BUDGET);
    project.history(12, &[("parse", 100.0)]);
    project.history(1, &[("parse/json", 100.0)]);
    project.history(1, &[("parse/json", 120.0)]);
    for _ in 0..2 {
        project.record(&[("parse/json", 120.0)]);
    }
    project
}

const RENAME: &str =
    "[[rename]]\nfrom = { benchmark = \"parse\" }\nto = { benchmark = \"parse/json\" }\n";

#[test]
fn old_and_new_points_are_one_series() {
    let project = renamed();
    let before = project.plimsoll(&["check", "--format", "json"]);
    assert!(before.out.contains("learning"), "{}", before.out);
    let runs = project.stored_runs();
    project.write("plimsoll.toml", RENAME);
    let log = project.plimsoll(&["log"]);
    assert!(
        log.out.contains("parse/json:time@ci") && !log.out.contains("parse:time@ci"),
        "{}",
        log.out
    );
    let ledger = project.plimsoll(&["log", "parse/json:time"]);
    assert_eq!(ledger.code, 0, "{}", ledger.err);
    insta::assert_snapshot!(ledger.out);
    let json = project.plimsoll(&["check", "--format", "json"]);
    assert_eq!(json.code, 1, "{}{}", json.out, json.err);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(at(&json, "limits/0/series/benchmark"), "parse/json");
    assert_eq!(project.stored_runs(), runs, "nothing was rewritten");
    let report = project.plimsoll(&["report", "-o", "site", "--now", "2026-11-01T00:00:00Z"]);
    assert_eq!(report.code, 0, "{}", report.err);
}

#[test]
fn a_renamed_benchmark_is_expected_under_its_new_name() {
    let mut project = Project::new();
    project.budget("parser", BUDGET);
    project.history(8, &[("parse", 100.0), ("sort", 5.0)]);
    project.write("plimsoll.toml", RENAME);
    project.commit("Rename");
    project.record(&[("sort", 5.0)]);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.out.contains("MISSING"), "{}", said.out);
}

#[test]
fn a_label_is_renamed_with_its_runs() {
    let mut project = Project::new();
    project.budget("parser", support::PARSE);
    project.history(8, &[("parse", 100.0)]);
    project.commit("New runner name");
    let file = project.hyperfine(&[("parse", 100.0)]);
    project.plimsoll(&["record", "--env", "builder", file.to_str().unwrap()]);
    project.write(
        "plimsoll.toml",
        "[[rename]]\nfrom = { env = \"ci\" }\nto = { env = \"builder\" }\n",
    );
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(!said.out.contains("learning"), "{}", said.out);
    let log = project.plimsoll(&["log"]);
    assert!(
        log.out.contains("parse:time@builder") && !log.out.contains("@ci"),
        "{}",
        log.out
    );
}

#[test]
fn faults_and_names_that_fit_nothing_are_said() {
    let mut project = Project::new();
    project.budget("parser", support::PARSE);
    project.history(1, &[("parse", 100.0)]);
    project.write(
        "plimsoll.toml",
        "[[rename]]\nfrom = { benchmark = \"a\" }\nto = { benchmark = \"a\" }\n",
    );
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err);
    project.write(
        "plimsoll.toml",
        "[[rename]]\nfrom = { benchmark = \"prase\" }\nto = { benchmark = \"parse\" }\n",
    );
    let said = project.plimsoll(&["log"]);
    assert_eq!(said.code, 0);
    assert!(
        said.err
            .contains("plimsoll.toml:1: this [[rename]] fits nothing"),
        "{}",
        said.err
    );
}
