//! `plimsoll record` measuring commands and files itself.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, at};

/// What a dry run with these arguments measured: (benchmark, metric, value).
fn measured(project: &Project, args: &[&str]) -> Vec<(String, String, f64)> {
    let all = [&["record", "--dry-run", "--format", "json"], args].concat();
    let said = project.plimsoll(&all);
    assert_eq!(said.code, 0, "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let text = |m: &Value, key: &str| m[key].as_str().unwrap().to_owned();
    let list = at(&json, "measurements").as_array().unwrap();
    list.iter()
        .map(|m| {
            (
                text(m, "benchmark"),
                text(m, "metric"),
                m["value"].as_f64().unwrap(),
            )
        })
        .collect()
}

fn value_of(all: &[(String, String, f64)], metric: &str) -> f64 {
    all.iter().find(|m| m.1 == metric).unwrap().2
}

#[test]
fn a_command_without_results_is_measured_itself_and_that_is_said() {
    let mut project = Project::new();
    project.commit("Start");
    let said = project.plimsoll(&["record", "--runs", "3", "--", "echo", "hello"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("the command itself was measured")
            && said
                .out
                .contains("measured `echo hello` itself, 3 runs: time ")
            && said.out.contains("stored 3 runs"),
        "{}",
        said.out
    );
    assert!(
        said.err.contains("name their files before `--`"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), 3);
    let log = project.plimsoll(&["log"]);
    assert!(log.out.contains("echo hello:time@"), "{}", log.out);
}

#[test]
fn time_cpu_and_memory_are_those_of_the_command() {
    let project = Project::new();
    // 60 MB are held at once, a tenth of a second passes.
    let script = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 0.1; : ${#x}";
    let all = measured(&project, &["--", "sh", "-c", script]);
    let time = value_of(&all, "time");
    assert!(time > 0.1e9, "{time}");
    let cpu = value_of(&all, "cpu");
    let parts = value_of(&all, "cpu.user") + value_of(&all, "cpu.system");
    assert!(cpu > 0.0 && (cpu - parts).abs() < 1.0, "{cpu} {parts}");
    assert!(value_of(&all, "memory.peak") > 50e6, "{all:?}");
}

#[test]
fn the_memory_of_a_small_command_is_not_that_of_plimsoll() {
    let project = Project::new();
    if cfg!(target_os = "linux") {
        for _ in 0..5 {
            let all = measured(&project, &["--measure", "--", "true"]);
            assert!(all.iter().all(|m| m.1 != "memory.peak"), "{all:?}");
        }
    }
}

#[test]
fn known_results_are_taken_and_measure_adds_the_commands_own_figures() {
    let project = Project::new();
    project.write(
        "results/out.txt",
        "BenchmarkParse-8 \t 1000 \t 1200.5 ns/op\nPASS\n",
    );
    let names = |args: &[&str]| {
        let mut names: Vec<String> = measured(&project, args).into_iter().map(|m| m.0).collect();
        names.dedup();
        names
    };
    let cat = ["--", "cat", "results/out.txt"];
    assert_eq!(names(&cat), ["BenchmarkParse"]);
    let both = ["BenchmarkParse", "cat results/out.txt"];
    assert_eq!(names(&[&["--measure"], &cat[..]].concat()), both);
    assert_eq!(
        names(&[&["--name", "whole"], &cat[..]].concat()),
        ["BenchmarkParse", "whole"],
        "a name is a wish to measure"
    );
}

#[test]
fn results_that_are_known_and_broken_are_not_replaced_by_a_stopwatch() {
    let mut project = Project::new();
    project.commit("Start");
    project.write(
        "results/bad.json",
        "{\"results\": [{\"command\": \"x\", \"times\": [1.0, \"x\"]}]}",
    );
    let said = project.plimsoll(&["record", "--", "cat", "results/bad.json"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("results[0].times[1]"), "{}", said.err);
    let said = project.plimsoll(&["record", "--from", "go", "--", "echo", "hello"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn a_command_that_fails_is_recorded_as_failed_and_later_missing() {
    let mut project = Project::new();
    project.budget(
        "tool",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"tool\" }\nmax = \"10min\"\n",
    );
    project.write("tool.sh", "exit 0\n");
    for i in 0..6 {
        project.commit(&format!("Change {i}"));
        let said = project.plimsoll(&["record", "--name", "tool", "--", "sh", "tool.sh"]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!(project.plimsoll(&["check"]).code, 0);
    project.write("tool.sh", "exit 7\n");
    project.commit("Break it");
    let said = project.plimsoll(&[
        "record", "--runs", "3", "--name", "tool", "--", "sh", "tool.sh",
    ]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("exit status: 7") && said.err.contains("run 1 of 3"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), 7, "one run that says: failed");
    let check = project.plimsoll(&["check"]);
    assert_eq!(check.code, 2, "{}", check.out);
    assert!(
        check.out.contains("the benchmark failed at this commit"),
        "{}",
        check.out
    );
}

#[test]
fn an_interrupted_measurement_stores_nothing() {
    let mut project = Project::new();
    project.commit("Start");
    // The third of five runs ends plimsoll as a cancelled job does.
    let script = "echo x >> count; [ $(wc -l < count) -lt 3 ] || kill -TERM $PPID";
    project.write(".git/info/exclude", "count\n");
    let said = project.plimsoll(&["record", "--runs", "5", "--", "sh", "-c", script]);
    assert_ne!(said.code, 0);
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn warm_ups_and_preparations_are_run_and_not_recorded() {
    let mut project = Project::new();
    project.commit("Start");
    let args = [
        "record",
        "--runs",
        "2",
        "--warmup",
        "3",
        "--prepare",
        "echo p >> results/log",
        "--",
        "sh",
        "-c",
        "echo r >> results/log",
    ];
    project.write("results/log", "");
    let said = project.plimsoll(&args);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(project.stored_runs(), 2);
    let log = std::fs::read_to_string(project.path("results/log")).unwrap();
    assert_eq!(log, "p\nr\n".repeat(5));
    let said = project.plimsoll(&["record", "--prepare", "exit 3", "--", "true"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--prepare"), "{}", said.err);
}

#[test]
fn a_build_and_the_size_of_what_it_built() {
    let mut project = Project::new();
    project.commit("Start");
    let build = "printf 12345 > results/app; echo 'BenchmarkNo-8 10 5 ns/op'";
    project.write("results/x", "");
    let said = project.plimsoll(&[
        "record",
        "--build-time",
        "--file-size",
        "results/app",
        "--file-size",
        "shop=results/app",
        "--env",
        "ci",
        "--",
        "sh",
        "-c",
        build,
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("size of results/app: 5.00 B\n")
            && said.out.contains("size of results/app: 5.00 B as `shop`"),
        "{}",
        said.out
    );
    let log = project.plimsoll(&["log"]);
    for series in ["build:time@ci", "results/app:size@ci", "shop:size@ci"] {
        assert!(log.out.contains(series), "{series}: {}", log.out);
    }
    assert!(!log.out.contains("BenchmarkNo"), "{}", log.out);
}

#[test]
fn the_same_size_of_the_same_commit_is_stored_once() {
    let mut project = Project::new();
    project.commit("Start");
    project.write("results/app", "12345");
    for expected in ["stored 1 run", "nothing new"] {
        let said = project.plimsoll(&["record", "--file-size", "app=results/app"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(expected), "{}", said.out);
    }
    project.write("results/app", "123456");
    project.plimsoll(&["record", "--file-size", "app=results/app"]);
    assert_eq!(project.stored_runs(), 2);
}

#[test]
fn a_file_that_is_not_there_is_no_size() {
    let mut project = Project::new();
    project.commit("Start");
    project.write("results/app", "12345");
    for (wrong, why) in [
        ("results/none", "cannot be read"),
        ("results", "is no file"),
        ("=x", "NAME=PATH"),
    ] {
        let said = project.plimsoll(&["record", "--file-size", wrong]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains(why), "{}", said.err);
    }
    let app = "results/app";
    let twice = project.plimsoll(&["record", "--file-size", app, "--file-size", app]);
    assert_eq!(twice.code, 2, "{}", twice.out);
    assert_eq!(project.stored_runs(), 0);
}
