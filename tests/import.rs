//! `plimsoll import` as its user runs it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::json;
use support::Project;

/// A `data.js` with one value a commit.
fn data_js(points: &[(&str, f64)]) -> String {
    let entries: Vec<_> = points
        .iter()
        .enumerate()
        .map(|(i, (id, value))| {
            json!({
                "commit": { "id": id, "message": "m", "timestamp": "2026-10-01T00:00:00Z" },
                "date": 1_790_000_000_000_u64 + 1000 * i as u64,
                "tool": "cargo",
                "benches": [{ "name": "parse", "value": value, "range": "± 1000", "unit": "ns/iter" }]
            })
        })
        .collect();
    let data = json!({ "lastUpdate": 1, "repoUrl": "https://example.invalid", "entries": { "Benchmark": entries } });
    format!("window.BENCHMARK_DATA = {data}")
}

/// Twenty commits, and a history of them in which the fifteenth got slower. The file's order is
/// not that of the commits.
fn tracked() -> (Project, Vec<String>, String) {
    let mut project = Project::new();
    let ids: Vec<String> = (0..20)
        .map(|i| project.commit(&format!("Change {i}")))
        .collect();
    let mut points: Vec<(&str, f64)> = ids
        .iter()
        .enumerate()
        .map(|(i, id)| {
            let noise = [0.3, -0.7, 0.9, -0.2, 0.5, -0.9, 0.1][i % 7];
            (
                id.as_str(),
                if i < 14 { 1e6 } else { 1.2e6 } * (1.0 + 0.005 * noise),
            )
        })
        .collect();
    points.reverse();
    let text = data_js(&points);
    (project, ids, text)
}

#[test]
fn every_result_lands_at_its_commit_whatever_the_order_of_the_file() {
    let (project, ids, text) = tracked();
    project.write("results/data.js", &text);
    let dry = project.plimsoll(&["import", "results/data.js", "--env", "ci", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert_eq!(project.stored_runs(), 0);
    insta::assert_snapshot!(dry.out);
    let said = project.plimsoll(&["import", "results/data.js", "--env", "ci"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.contains("stored 20 runs"), "{}", said.out);
    let log = project.plimsoll(&["log", "parse:time"]);
    assert!(log.out.contains(&ids[14][..7]), "{}", log.out);
    assert!(log.out.contains("+20."), "{}", log.out);
}

#[test]
fn the_same_history_again_is_stored_once_and_its_new_points_are_added() {
    let (project, ids, text) = tracked();
    project.write("results/data.js", &text);
    project.plimsoll(&["import", "results/data.js"]);
    let again = project.plimsoll(&["import", "results/data.js"]);
    assert!(again.out.contains("nothing new"), "{}", again.out);
    assert_eq!(project.stored_runs(), 20);
    // The tracker measured the newest commit once more.
    let mut data: serde_json::Value =
        serde_json::from_str(text.split_once('=').unwrap().1).unwrap();
    let entries = data["entries"]["Benchmark"].as_array_mut().unwrap();
    let mut more = entries[0].clone();
    assert_eq!(more["commit"]["id"], json!(ids[19]));
    more["date"] = json!(1_790_000_999_000_u64);
    entries.push(more);
    project.write(
        "results/data.js",
        &format!("window.BENCHMARK_DATA = {data}"),
    );
    let grown = project.plimsoll(&["import", "results/data.js"]);
    assert!(
        grown.out.contains("stored 1 run, 20 were there before"),
        "{}",
        grown.out
    );
}

#[test]
fn a_recorded_benchmark_goes_on_where_the_import_ended() {
    let (mut project, _, text) = tracked();
    project.write("results/data.js", &text);
    project.plimsoll(&["import", "results/data.js", "--env", "ci"]);
    project.commit("Next");
    project.write(
        "results/bench.txt",
        "running 1 test\ntest parse ... bench:   1,201,000 ns/iter (+/- 1,000)\n",
    );
    let said = project.plimsoll(&["record", "results/bench.txt", "--env", "ci"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let export = project.plimsoll(&["export", "ndjson"]);
    assert_eq!(export.out.lines().count(), 21, "{}", export.out);
}

#[test]
fn commits_that_git_does_not_know_are_kept_counted_and_not_drawn() {
    let mut project = Project::new();
    let known = project.commit("Start");
    let unknown = "cd".repeat(20);
    let text = data_js(&[
        (&known, 1e6),
        (&unknown, 2e6),
        (&known[..9], 3e6),
        ("abcdef012", 4e6),
    ]);
    project.write("results/data.js", &text);
    let said = project.plimsoll(&["import", "results/data.js"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("stored 3 runs") && said.out.contains("env imported"),
        "{}",
        said.out
    );
    assert!(
        said.err.contains("does not know 1 commit (1 run)")
            && said.err.contains("left out the results of 1 commit")
            && said.err.contains("abcdef012"),
        "{}",
        said.err
    );
    let export = project.plimsoll(&["export", "ndjson"]);
    assert_eq!(
        export.out.lines().count(),
        1,
        "two runs of one commit are one point"
    );
    let only = data_js(&[("abcdef012", 4e6)]);
    project.write("results/data.js", &only);
    assert_eq!(project.plimsoll(&["import", "results/data.js"]).code, 2);
}

#[test]
fn a_branch_that_is_called_like_a_commit_is_no_commit() {
    let mut project = Project::new();
    project.commit("Start");
    project.git(&["branch", "abcdef0"]);
    project.write("results/data.js", &data_js(&[("abcdef0", 1e6)]));
    let said = project.plimsoll(&["import", "results/data.js"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("branch or tag"), "{}", said.err);
}

#[test]
fn asv_results_of_this_repository() {
    let mut project = Project::new();
    let (one, two) = (project.commit("One"), project.commit("Two"));
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trackers/asv");
    let read = |name: &str| std::fs::read_to_string(from.join(name)).unwrap();
    project.write("results/benchmarks.json", &read("benchmarks.json"));
    project.write("results/demo/machine.json", &read("demo/machine.json"));
    for (old, new) in [("cf7bd0f9", &one), ("7da582a5", &two)] {
        let name = "existing-py_opt_venv_bin_python3.json";
        let mut text = read(&format!("demo/{old}-{name}"));
        let at = text.find(old).unwrap();
        text.replace_range(at..at + 40, new);
        project.write(&format!("results/demo/{}-{name}", &new[..8]), &text);
    }
    let said = project.plimsoll(&["import", "results"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    insta::assert_snapshot!(said.out);
    let log = project.plimsoll(&["log"]);
    assert!(
        log.out.contains("bench.Suite.time_total:time{asv_env=existing-py_opt_venv_bin_python3,kind=list,n=10}@demo"),
        "{}",
        log.out
    );
}

#[test]
fn what_is_no_history_is_refused_with_what_was_looked_for() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    let said = project.plimsoll(&["import", file.to_str().unwrap()]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("no history of a known tracker") && said.err.contains("plimsoll record"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), 0);
}
