//! `plimsoll record` as its user runs it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, at};

#[test]
fn a_file_that_is_not_understood_stores_nothing_of_the_whole_invocation() {
    let mut project = Project::new();
    project.commit("Start");
    let good = project.hyperfine(&[("parse", 100.0)]);
    let bad = project.write(
        "results/bad.json",
        "{\"results\": [{\"command\": \"parse\", \"times\": [1.0, \"x\"]}]}",
    );
    let said = project.plimsoll(&["record", good.to_str().unwrap(), bad.to_str().unwrap()]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("bad.json") && said.err.contains("results[0].times[1]"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn a_cut_off_file_names_line_and_column() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &text[..text.len() / 2]).unwrap();
    let said = project.plimsoll(&["record", "--from", "hyperfine", file.to_str().unwrap()]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("line 1"), "{}", said.err);
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn the_same_file_twice_is_stored_once_and_said() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    for expected in ["stored 1 run", "nothing new"] {
        let said = project.plimsoll(&["record", file.to_str().unwrap()]);
        assert_eq!(said.code, 0);
        assert!(said.out.contains(expected), "{}", said.out);
    }
    assert_eq!(project.stored_runs(), 1);
}

#[test]
fn a_dry_run_needs_no_repository_and_opens_no_database() {
    let mut project = Project::new();
    let file = project.hyperfine(&[("parse", 100.0)]);
    std::fs::remove_dir_all(project.path(".git")).unwrap();
    let said = project.plimsoll(&[
        "record",
        "--dry-run",
        "--format",
        "json",
        file.to_str().unwrap(),
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(at(&json, "schema"), "plimsoll.measurements/1");
    assert_eq!(at(&json, "files/0/format"), "hyperfine");
    let time = at(&json, "measurements")
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["metric"] == "time")
        .unwrap();
    assert_eq!(
        (time["unit"].as_str(), time["direction"].as_str()),
        (Some("ns"), Some("lower"))
    );
    assert_eq!(time["samples"].as_array().unwrap().len(), 10);
    assert!(!project.path(".plimsoll").exists());
}

#[test]
fn outside_of_a_repository_the_commit_must_be_said() {
    let mut project = Project::new();
    let file = project.hyperfine(&[("parse", 100.0)]);
    std::fs::remove_dir_all(project.path(".git")).unwrap();
    let said = project.plimsoll(&["record", file.to_str().unwrap()]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--commit"), "{}", said.err);
    let sha = "ab".repeat(20);
    let said = project.plimsoll(&["record", "--commit", &sha, file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(
        std::fs::read_to_string(project.path(".plimsoll/.gitignore")).unwrap(),
        "*\n"
    );
    assert!(project.path(".plimsoll/history.db").exists());
}

#[test]
fn the_database_lies_in_gits_folder_and_linked_worktrees_share_it() {
    let mut project = Project::new();
    project.commit("Start");
    project.git(&["worktree", "add", "--quiet", "-b", "other", "linked"]);
    let file = project.hyperfine(&[("parse", 100.0)]);
    let linked = project.path("linked");
    let said = project.plimsoll(&[
        "-C",
        linked.to_str().unwrap(),
        "record",
        file.to_str().unwrap(),
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(project.stored_runs(), 1);
    assert_eq!(
        project.git(&["status", "--porcelain", "--untracked-files=no"]),
        ""
    );
}

#[test]
fn a_commit_that_git_does_not_know_is_kept_and_not_drawn() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    let said = project.plimsoll(&[
        "record",
        "--commit",
        &"cd".repeat(20),
        file.to_str().unwrap(),
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("not in this repository"), "{}", said.err);
    project.record(&[("parse", 100.0)]);
    let log = project.plimsoll(&["log"]);
    assert!(log.out.contains("1 runs belong to commits"), "{}", log.out);
}

#[cfg(unix)]
#[test]
fn a_command_is_run_as_often_as_asked_and_each_time_is_a_run() {
    let mut project = Project::new();
    project.commit("Start");
    let text = "pkg: shop\nBenchmarkParse-8 \t 1000 \t 1200.5 ns/op\nPASS\n";
    project.write("results/out.txt", text);
    let said = project.plimsoll(&["record", "--runs", "3", "--", "cat", "results/out.txt"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("stored 3 runs"),
        "three equal results are three runs: {}",
        said.out
    );
    assert_eq!(project.stored_runs(), 3);
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_stores_nothing() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    let said = project.plimsoll(&[
        "record",
        file.to_str().unwrap(),
        "--runs",
        "2",
        "--",
        "sh",
        "-c",
        "exit 7",
    ]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("failed") && said.err.contains("run 1 of 2"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), 0);
}

#[cfg(unix)]
#[test]
fn with_a_command_older_results_are_not_taken() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    let long_ago =
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let said = project.plimsoll(&["record", file.to_str().unwrap(), "--", "true"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn usage_faults_are_exit_2_and_help_is_0() {
    let project = Project::new();
    assert_eq!(project.plimsoll(&["check", "--nonsense"]).code, 2);
    assert_eq!(project.plimsoll(&[]).code, 2);
    assert_eq!(project.plimsoll(&["--help"]).code, 0);
    assert_eq!(project.plimsoll(&["--version"]).code, 0);
    let said = project.plimsoll(&["record", "--from", "nonsense", "x.json", "--dry-run"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("plimsoll formats"),
        "where the names are that --from takes: {}",
        said.err
    );
}

#[test]
fn many_processes_at_once_lose_nothing() {
    let mut project = Project::new();
    project.commit("Start");
    let files: Vec<_> = (0..8)
        .map(|_| project.hyperfine(&[("parse", 100.0), ("sort", 3.0)]))
        .collect();
    std::thread::scope(|scope| {
        for file in &files {
            let project = &project;
            scope.spawn(move || {
                let said = project.plimsoll(&["record", file.to_str().unwrap()]);
                assert_eq!(said.code, 0, "{}", said.err);
            });
        }
    });
    assert_eq!(project.stored_runs(), 8);
}

/// Puts criterion's folder of the fixtures into the project.
fn criterion_folder(project: &Project) -> std::path::PathBuf {
    fn copy(from: &std::path::Path, to: &std::path::Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                std::fs::write(&target, std::fs::read(entry.path()).unwrap()).unwrap();
            }
        }
    }
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats/criterion/0.8.2");
    let folder = project.path("target/criterion");
    copy(&fixtures, &folder);
    folder
}

#[test]
fn criterions_own_folder_is_found_without_a_word() {
    let mut project = Project::new();
    project.write(".gitignore", "target\n");
    project.commit("Start");
    criterion_folder(&project);
    let said = project.plimsoll(&["record"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("as criterion"), "{}", said.out);
    assert_eq!(project.stored_runs(), 1);
}

#[test]
fn results_older_than_the_commit_are_listed_and_not_stored() {
    let mut project = Project::new();
    project.write(".gitignore", "target\n");
    project.commit("Start");
    let folder = criterion_folder(&project);
    let long_ago =
        std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let file = folder.join("fib 10/new");
    for entry in std::fs::read_dir(&file).unwrap().flatten() {
        std::fs::File::options()
            .write(true)
            .open(entry.path())
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
    let said = project.plimsoll(&["record"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("left alone 1 stale result ") && said.err.contains("fib 10"),
        "{}",
        said.err
    );
    let all = project.plimsoll(&["record", "--include-stale", "--dry-run"]);
    assert!(all.out.contains("criterion"), "{}", all.out);
}

#[test]
fn a_corrupted_criterion_file_changes_nothing() {
    let mut project = Project::new();
    project.write(".gitignore", "target\n");
    project.commit("Start");
    let folder = criterion_folder(&project);
    std::fs::write(folder.join("fib 10/new/sample.json"), "{\"iters\": [1.0").unwrap();
    let said = project.plimsoll(&["record"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("sample.json") && said.err.contains("line 1"),
        "{}",
        said.err
    );
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn a_sha_256_repository_works_like_any_other() {
    let mut project = Project::new();
    std::fs::remove_dir_all(project.path(".git")).unwrap();
    project.git(&[
        "init",
        "--quiet",
        "--initial-branch=main",
        "--object-format=sha256",
    ]);
    project.budget("parser", support::PARSE);
    project.history(7, &[("parse", 100.0)]);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(project.plimsoll(&["log"]).out.contains("parse:time@ci"));
}

#[cfg(unix)]
#[test]
fn a_database_that_cannot_be_written_can_still_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let mut project = Project::new();
    project.budget("parser", support::PARSE);
    project.history(7, &[("parse", 100.0)]);
    let copy = project.path("frozen");
    std::fs::create_dir(&copy).unwrap();
    let db = copy.join("history.db");
    std::fs::copy(project.path(".git/plimsoll/history.db"), &db).unwrap();
    std::fs::set_permissions(&db, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o555)).unwrap();
    let said = project.plimsoll(&["--db", db.to_str().unwrap(), "check"]);
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn a_suite_prefixes_names_and_keeps_equal_names_apart() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"*/parse\" }\nmax = \"125ms\"\n",
    );
    for i in 0..6 {
        project.commit(&format!("Change {i}"));
        for suite in ["api", "web"] {
            let file = project.hyperfine(&[("parse", 100.0)]);
            let args = [
                "record",
                "--env",
                "ci",
                "--suite",
                suite,
                file.to_str().unwrap(),
            ];
            assert_eq!(project.plimsoll(&args).code, 0);
        }
    }
    let log = project.plimsoll(&["log"]);
    assert!(
        log.out.contains("api/parse:time@ci") && log.out.contains("web/parse:time@ci"),
        "{}",
        log.out
    );
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 0, "{}", said.out);
    // A suite that is not recorded at a commit is not expected there; one that is, is.
    project.commit("Only api");
    let file = project.hyperfine(&[("sort", 100.0)]);
    project.plimsoll(&[
        "record",
        "--env",
        "ci",
        "--suite",
        "api",
        file.to_str().unwrap(),
    ]);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.out.contains("api/parse") && !said.out.contains("web/parse"),
        "{}",
        said.out
    );
}

#[test]
fn a_load_test_without_a_name_is_called_after_its_file_and_that_is_said() {
    let project = Project::new();
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats/k6/handmade-summary-export.json");
    project.write(
        "results/checkout.json",
        &std::fs::read_to_string(fixture).unwrap(),
    );
    let said = project.plimsoll(&["record", "--dry-run", "results/checkout.json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("is called `checkout` after the file"),
        "{}",
        said.out
    );
}

#[cfg(unix)]
#[test]
fn a_load_test_that_came_from_a_command_is_called_by_the_url_that_it_tests() {
    let mut project = Project::new();
    project.commit("Start");
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/formats/hey/dropped.txt");
    project.write(
        "results/hey.txt",
        &std::fs::read_to_string(fixture).unwrap(),
    );
    let record = |word: &str| {
        let command = ["--", "sh", "-c", "cat results/hey.txt", word];
        project.plimsoll(&[&["record", "--dry-run"], &command[..]].concat())
    };
    let said = record("http://me:secret@127.0.0.1:8932/slow");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("is called `http://127.0.0.1:8932/slow`"),
        "{}",
        said.out
    );
    let said = record("nothing");
    assert!(
        said.out
            .contains("is called `hey`, as nothing else names it"),
        "{}",
        said.out
    );
}

#[test]
fn data_from_the_field_says_which_time_it_covers() {
    let mut project = Project::new();
    let sha = project.commit("Start");
    let file = project.write(
        "results/metrics.txt",
        "# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"1\"} 4\nwait_seconds_bucket{le=\"+Inf\"} 4\n",
    );
    let file = file.to_str().unwrap();
    let field = ["--env", "field", "--commit", &sha, "--format", "json"];
    let record = |window: &str| {
        let args = [
            &["record", file, "--from", "openmetrics", "--window", window],
            &field[..],
        ];
        project.plimsoll(&args.concat())
    };
    let said = record("24h");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("\"window\": \"24h\"") && said.out.contains("latency.p95"),
        "{}",
        said.out
    );
    assert_eq!(record("24h").code, 0);
    assert_eq!(project.stored_runs(), 1);
    assert_eq!(record("7d").code, 0);
    assert_eq!(project.stored_runs(), 2);
    for wrong in ["24", "h", "0h", "1.5h", "-1h", "1 h", "024h"] {
        assert_eq!(record(wrong).code, 2, "{wrong}");
    }
    let lab = project.plimsoll(&["record", file, "--window", "24h"]);
    assert_eq!(lab.code, 2);
}

#[test]
fn runs_of_which_some_left_no_result_are_refused() {
    let mut project = Project::new();
    project.commit("Start");
    let csv = "benchmark,value,unit\\nb,100.9,ns\\n";
    // The first run writes; the others leave its file, which is old by then.
    let once = format!(
        "if [ -e results/once ]; then touch -t 202001010000 results/out.csv; else mkdir -p results; \
         printf '{csv}' > results/out.csv; fi; touch results/once"
    );
    let said = project.plimsoll(&[
        "record",
        "--env",
        "ci",
        "results/out.csv",
        "--runs",
        "3",
        "--",
        "sh",
        "-c",
        &once,
    ]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.err.contains("run 2 of 3 left no result"),
        "{}",
        said.err
    );
    let all = project.plimsoll(&["export", "csv"]).out;
    assert!(!all.contains("100.9"), "{all}");
}

#[test]
fn a_result_in_a_folder_that_was_cut_off_is_not_passed_over() {
    let mut project = Project::new();
    project.commit("Start");
    project.write("results/a.csv", "benchmark,value,unit\nb,100.9,ns\n");
    project.write("results/b.json", "{\"benchmarks\": [{\"runs\": [{\"val");
    let said = project.plimsoll(&["record", "--env", "ci", "results"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("b.json: line 1, column"), "{}", said.err);
    // What is JSON of another kind is named, and the rest is taken.
    project.write("results/b.json", "{\"name\": \"something\"}");
    let said = project.plimsoll(&["record", "--env", "ci", "results"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("left alone 1 file"), "{}", said.err);
}
