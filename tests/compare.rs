//! `plimsoll compare` and `check --mode paired` as their user runs them, on benchmarks that print
//! what a file of the commit says: nothing here depends on time.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, at, picture};

/// Prints what Go prints for a benchmark of so many ns.
const BENCH: &str =
    "printf 'goos: linux\\nBenchmarkParse-8 \\t 1000 \\t %s ns/op\\nPASS\\n' \"$(cat ns.txt)\"\n";

const LIMIT: &str = "[[limit]]\nid = \"time\"\nselect = { benchmark = \"*Parse*\" }\nregress = { limit = \"+5%\" }\n";

/// Two commits of a benchmark whose head takes so many ns instead of 1000.
fn project(head: &str) -> Project {
    let mut project = Project::new();
    project.write("bench.sh", BENCH);
    project.write("ns.txt", "1000\n");
    project.write(
        "plimsoll.toml",
        "[lab]\nbuild = \"mkdir -p target && cp ns.txt target/built\"\nbench = \"sh bench.sh\"\n",
    );
    project.budget("parser", LIMIT);
    project.commit("Base");
    project.write("ns.txt", &format!("{head}\n"));
    project.commit("Head");
    project
}

fn json(project: &Project, args: &[&str]) -> (i32, Value) {
    let mut all = vec!["compare", "--format", "json", "--pairs", "6"];
    all.extend(args);
    let said = project.plimsoll(&all);
    let json = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {}", said.err));
    (said.code, json)
}

#[test]
fn a_planted_slow_down_is_over_with_its_size_and_no_change_is_within() {
    let (code, found) = json(&project("1100"), &["HEAD^"]);
    assert_eq!(code, 1);
    assert_eq!(at(&found, "schema"), "plimsoll.check/1");
    assert_eq!(at(&found, "mode"), "paired");
    assert_eq!(at(&found, "verdict"), "over");
    let effect = at(&found, "limits/0/effect").as_f64().unwrap();
    assert!((effect - 0.1).abs() < 1e-9, "{effect}");
    assert_eq!(at(&found, "paired/pairs"), 6);
    assert_eq!(at(&found, "paired/series/0/change"), "worse");
    let (code, found) = json(&project("1001"), &["HEAD^"]);
    assert_eq!((code, at(&found, "verdict")), (0, &Value::from("within")));
}

#[test]
fn the_table_and_the_comment_say_what_was_found() {
    let project = project("1100");
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "6"]);
    assert_eq!(said.code, 1, "{}", said.err);
    for part in [
        "plimsoll compare",
        "6 pairs",
        "+10.0 %",
        "OVER",
        "proven by 6 pairs",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    assert!(
        !said.err.contains("warm-up"),
        "progress without a terminal: {}",
        said.err
    );
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "6", "--format", "markdown"]);
    assert!(said.out.contains("paired: base and head"), "{}", said.out);
    assert!(said.out.contains("| change (95 % CI) |"), "{}", said.out);
}

#[test]
fn two_pairs_prove_nothing_and_strict_fails() {
    let project = project("1100");
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "2"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("unproven"), "{}", said.out);
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "2", "--strict"]);
    assert_eq!(said.code, 1, "{}", said.out);
}

#[test]
fn the_users_repository_is_byte_for_byte_as_before() {
    let project = project("1100");
    project.write("src.txt", "stashed\n");
    project.git(&["stash", "push", "--quiet"]);
    project.write("ns.txt", "5000\n");
    project.write("staged.txt", "staged\n");
    project.git(&["add", "staged.txt"]);
    project.write("untracked.txt", "mine\n");
    // A hook of the user's that must not run, for nothing of his is checked out.
    project.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch hook-ran\n");
    let before = picture(&project);
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "6"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(
        said.out.contains("uncommitted changes were not measured"),
        "{}",
        said.out
    );
    assert_eq!(before, picture(&project));
}

#[test]
fn what_is_built_is_kept_and_the_head_of_one_is_the_base_of_the_next() {
    let mut project = project("1100");
    let cached = |project: &Project| {
        let (_, found) = json(project, &["HEAD^"]);
        let of = |side| {
            at(&found, &format!("paired/cached/{side}"))
                .as_bool()
                .unwrap()
        };
        (of("base"), of("head"))
    };
    assert_eq!(cached(&project), (false, false));
    assert_eq!(cached(&project), (true, true));
    project.write("ns.txt", "1200\n");
    project.commit("Next");
    assert_eq!(cached(&project), (true, false));
    project.write(
        "plimsoll.toml",
        "[lab]\nbuild = \"mkdir -p target\"\nbench = \"sh bench.sh\"\n",
    );
    assert_eq!(cached(&project), (false, false));
}

#[test]
fn what_does_not_build_or_run_is_trouble_with_the_reason() {
    let mut project = project("1100");
    let build = [
        "compare",
        "HEAD^",
        "--build",
        "echo no such luck >&2; false",
    ];
    let said = project.plimsoll(&build);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the build of the base"), "{}", said.err);
    assert!(said.err.contains("no such luck"), "{}", said.err);
    // What broke off is not taken for built.
    let said = project.plimsoll(&build);
    assert_eq!(said.code, 2);
    project.write("bench.sh", "exit 3\n");
    project.commit("Broken");
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "6"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the benchmark of the head failed"),
        "{}",
        said.err
    );
    let said = project.plimsoll(&["compare", "HEAD^", "--", "no-such-program-here"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("cannot start `no-such-program-here`"),
        "{}",
        said.err
    );
}

#[test]
fn a_command_without_results_is_measured_itself() {
    let project = project("1100");
    let said = project.plimsoll(&[
        "compare",
        "HEAD^",
        "--pairs",
        "1",
        "--format",
        "json",
        "--",
        "git",
        "--version",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let series = at(&found, "paired/series").as_array().unwrap();
    let names: Vec<_> = series
        .iter()
        .map(|s| s["series"]["metric"].as_str().unwrap())
        .collect();
    assert_eq!(names[..2], ["cpu", "time"]);
    assert_eq!(series[0]["series"]["benchmark"], "git --version");
}

#[test]
fn without_a_command_or_a_base_the_next_step_is_named() {
    let mut project = Project::new();
    project.commit("One");
    let said = project.plimsoll(&["compare", "HEAD"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("same commit"), "{}", said.err);
    project.commit("Two");
    let said = project.plimsoll(&["compare", "HEAD^"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("[lab]"), "{}", said.err);
    let said = project.plimsoll(&["compare"]);
    assert!(said.err.contains("plimsoll compare HEAD^"), "{}", said.err);
    let said = project.plimsoll(&["check", "--", "true"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--mode paired"), "{}", said.err);
}

#[test]
fn a_paired_check_judges_like_a_check_and_misses_what_is_not_measured() {
    let project = project("1100");
    let check = [
        "check", "--mode", "paired", "--base", "HEAD^", "--pairs", "6",
    ];
    let said = project.plimsoll(&check);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("plimsoll check"), "{}", said.out);
    project.budget(
        "other",
        "[[limit]]\nid = \"o\"\nselect = { benchmark = \"other\" }\nregress = { limit = \"+5%\" }\n",
    );
    let (code, found) = json(&project, &["HEAD^"]);
    assert_eq!(code, 1);
    assert_eq!(at(&found, "limits").as_array().unwrap().len(), 1);
    let said = project.plimsoll(&[&check[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let missing: Vec<_> = at(&found, "limits")
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| l["verdict"] == "missing")
        .collect();
    assert_eq!(
        (missing.len(), &missing[0]["feature"]),
        (1, &Value::from("other"))
    );
}

#[test]
fn rules_that_pairs_cannot_judge_are_named_and_are_no_pass() {
    let project = project("1001");
    let creep = "creep = { limit = \"+4%\", window = \"90d\" }\n";
    let command = [
        "check", "--mode", "paired", "--base", "HEAD^", "--pairs", "6",
    ];
    project.budget("parser", &format!("{LIMIT}{creep}"));
    let said = project.plimsoll(&command);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for part in [
        "1 within, 1 rule not judged by pairs.",
        "not judged by pairs: parser/time creep (needs the history)",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    // Nothing but such rules: unproven, and no pass under --strict.
    let alone = LIMIT.replace("regress = { limit = \"+5%\" }\n", creep);
    project.budget("parser", &alone);
    let said = project.plimsoll(&[&command[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (said.code, at(&found, "verdict")),
        (0, &Value::from("unproven"))
    );
    assert_eq!(at(&found, "left_out/0/reason"), "needs-history");
    let said = project.plimsoll(&command);
    assert!(said.out.contains("Not a verdict: no rule"), "{}", said.out);
    let said = project.plimsoll(&[&command[..], &["--strict"]].concat());
    assert_eq!(said.code, 1, "{}", said.out);
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_everything_and_leaves_the_repository_alone() {
    let mut project = project("1100");
    // The benchmark itself plays the user who presses Ctrl-C, and would go on for long.
    project.write("bench.sh", "kill -INT $PPID; exec sleep 300\n");
    project.commit("Interrupted");
    let before = picture(&project);
    let said = project.plimsoll(&["compare", "HEAD^^", "--pairs", "6", "--", "sh", "bench.sh"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("interrupted"), "{}", said.err);
    assert!(said.out.is_empty());
    assert_eq!(before, picture(&project));
    // The slots are free again.
    project.write("bench.sh", BENCH);
    project.commit("Mended");
    let said = project.plimsoll(&["compare", "HEAD^^", "--pairs", "6"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn a_repository_with_sha256_names_is_compared_too() {
    let mut project = Project::with_git(&[
        "init",
        "--quiet",
        "--initial-branch=main",
        "--object-format=sha256",
    ]);
    project.write("bench.sh", BENCH);
    project.write("ns.txt", "1000\n");
    project.commit("Base");
    project.write("ns.txt", "1100\n");
    project.commit("Head");
    project.budget("parser", LIMIT);
    let said = project.plimsoll(&["compare", "HEAD^", "--pairs", "6", "--", "sh", "bench.sh"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
}

#[test]
fn the_history_supplies_what_rules_over_time_ask_of_the_base() {
    let mut project = Project::new();
    project.write("bench.sh", BENCH);
    project.write(
        "plimsoll.toml",
        "[lab]\nbuild = \"mkdir -p target && cp ns.txt target/built\"\nbench = \"sh bench.sh\"\n",
    );
    project.budget(
        "parser",
        &format!("{LIMIT}drift = {{ limit = \"+10%\", vs = \"tag:v1\" }}\n"),
    );
    // Twelve commits at 1000 ns, twelve at 1070 ns.
    for i in 0..24_u32 {
        let ns = if i < 12 { 1000 } else { 1070 } + [0, 1, 2, 1][i as usize % 4];
        project.write("ns.txt", &format!("{ns}\n"));
        project.commit(&format!("Change {i}"));
        if i == 10 {
            project.git(&["tag", "v1"]);
        }
        let text = format!("goos: linux\nBenchmarkParse-8 \t 1000 \t {ns} ns/op\nPASS\n");
        let file = project.write("results/go.txt", &text);
        let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let mut judged = |ns: u32| {
        project.write("ns.txt", &format!("{ns}\n"));
        project.commit(&format!("Takes {ns}"));
        let said = project.plimsoll(&[
            "check", "--mode", "paired", "--base", "HEAD^", "--pairs", "8", "--format", "json",
        ]);
        let found: Value =
            serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e} {}", said.err));
        let limits = at(&found, "limits").as_array().unwrap().clone();
        let of = |rule: &str| {
            let own = limits.iter().find(|l| l["rule"] == rule);
            own.unwrap_or_else(|| panic!("no {rule} in {found:#} {}", said.err))
                .clone()
        };
        assert!(found["left_out"].as_array().is_none_or(Vec::is_empty));
        (of("regress")["verdict"].clone(), of("drift"), said.code)
    };
    let (regress, drift, code) = judged(1072);
    assert_eq!(
        (&regress, &drift["verdict"], code),
        (&"within".into(), &"within".into(), 0)
    );
    assert!(
        (drift["effect"].as_f64().unwrap() - 0.07).abs() < 0.01,
        "{drift:#}"
    );
    // +4.5 % is allowed of one change; with the +7 % of main it is more than +10 %.
    let (regress, drift, code) = judged(1120);
    assert_eq!(
        (&regress, &drift["verdict"], code),
        (&"within".into(), &"over".into(), 1)
    );
    assert!(
        drift["why"].as_str().unwrap().contains("8 pairs"),
        "{drift:#}"
    );
}
