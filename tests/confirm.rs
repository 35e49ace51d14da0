//! `plimsoll check --confirm`: suspects are measured again.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user, clock included"
)]

mod support;

use support::{PARSE, Project};

/// Twenty-five commits at 100 ms and 50 ms, and a commit with one slow run of `parse`.
fn suspect() -> Project {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(12, &[("parse", 100.0), ("print", 50.0)]);
    project.commit("Perhaps slower");
    project.record(&[("parse", 125.0), ("print", 50.0)]);
    project
}

/// What one more measurement would print.
fn again(project: &mut Project, parse: f64) -> String {
    let file = project.hyperfine(&[("parse", parse), ("print", 50.0)]);
    format!("cat {}", file.display())
}

#[test]
fn a_slow_run_that_comes_back_is_over() {
    let mut project = suspect();
    let before = project.plimsoll(&["check"]);
    assert_eq!(before.code, 0, "{}", before.out);
    assert!(before.out.contains("suspect"), "{}", before.out);
    let runs = project.stored_runs();
    let command = again(&mut project, 124.0);
    let said = project.plimsoll(&["check", "--confirm", "--", "sh", "-c", &command]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert_eq!(project.stored_runs(), runs + 3, "{}", said.err);
    insta::assert_snapshot!("a_slow_run_that_comes_back", said.out);
    assert_eq!(runs_of(&project, "parse"), "4");
    assert_eq!(
        runs_of(&project, "print"),
        "1",
        "no suspect, not stored again"
    );
}

/// How many runs the newest point of a benchmark's time has.
fn runs_of(project: &Project, benchmark: &str) -> String {
    let listed = project.plimsoll(&["export", "csv"]).out;
    let mut reader = csv::Reader::from_reader(listed.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|own| own == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let newest = rows
        .iter()
        .rfind(|row| &row[column("benchmark")] == benchmark && &row[column("metric")] == "time");
    newest.unwrap()[column("runs")].to_owned()
}

#[test]
fn a_slow_run_that_stays_alone_is_not_over() {
    let mut project = suspect();
    let command = again(&mut project, 100.0);
    let said = project.plimsoll(&[
        "check",
        "--confirm",
        "--runs",
        "5",
        "--",
        "sh",
        "-c",
        &command,
    ]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(!said.out.contains("OVER"), "{}", said.out);
    assert!(
        said.out.contains("measured again, 5 runs each"),
        "{}",
        said.out
    );
}

#[test]
fn without_a_suspect_nothing_is_run() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(12, &[("parse", 100.0)]);
    let runs = project.stored_runs();
    let said = project.plimsoll(&["check", "--confirm", "--", "false"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(project.stored_runs(), runs);
}

#[test]
fn a_command_that_fails_or_measures_something_else_is_trouble() {
    let mut project = suspect();
    let runs = project.stored_runs();
    let said = project.plimsoll(&["check", "--confirm", "--", "false"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(
        said.err.contains("nothing of it was stored"),
        "{}",
        said.err
    );
    let file = project.hyperfine(&[("other", 9.0)]);
    let command = format!("cat {}", file.display());
    let said = project.plimsoll(&["check", "--confirm", "--", "sh", "-c", &command]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(
        said.err.contains("none of the suspects (parse)"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), runs);
    // The hint names the label: under another these would be runs of another series.
    let said = project.plimsoll(&["check"]);
    let hint = "plimsoll record --env ci --runs 3 -- ";
    assert!(said.out.contains(hint), "{}", said.out);
}

#[test]
fn a_command_is_needed() {
    let project = suspect();
    assert_eq!(project.plimsoll(&["check", "--confirm"]).code, 2);
}
