//! `plimsoll check` as its user runs it, in scripted repositories.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user, clock included"
)]

mod support;

use serde_json::Value;
use support::{PARSE, Project, at};

fn json(project: &Project, args: &[&str]) -> (i32, Value) {
    let mut all = vec!["check", "--format", "json"];
    all.extend(args);
    let said = project.plimsoll(&all);
    (
        said.code,
        serde_json::from_str(&said.out)
            .unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err)),
    )
}

/// The verdict and reason of a rule on a benchmark.
fn verdict(json: &Value, benchmark: &str, rule: &str) -> (String, Option<String>) {
    let limits = at(json, "limits").as_array().unwrap();
    let found = limits
        .iter()
        .find(|l| l["rule"] == rule && l["series"]["benchmark"] == benchmark)
        .unwrap_or_else(|| panic!("no {rule} of {benchmark} in {json:#}"));
    (
        found["verdict"].as_str().unwrap().to_owned(),
        found["reason"].as_str().map(str::to_owned),
    )
}

#[test]
fn the_first_week_with_0_1_3_and_5_runs() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.commit("Change 0");
    let mut week = String::new();
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    week.push_str(&format!(
        "0 runs, exit {}\n{}{}",
        said.code, said.out, said.err
    ));
    for runs in 1..=6 {
        if runs > 1 {
            project.commit(&format!("Change {runs}"));
        }
        project.record(&[("parse", 100.0)]);
        if [1, 3, 5, 6].contains(&runs) {
            let said = project.plimsoll(&["check"]);
            assert_eq!(said.code, 0, "{}{}", said.out, said.err);
            week.push_str(&format!(
                "\n{runs} runs, exit {}\n{}{}",
                said.code, said.out, said.err
            ));
        }
    }
    insta::assert_snapshot!(week);
}

#[test]
fn a_planted_slow_down_is_over_and_names_its_commit_and_before_it_is_within() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(9, &[("parse", 100.0)]);
    let before = project.plimsoll(&["check"]);
    assert_eq!(before.code, 0, "{}", before.out);
    let culprit = project.commit("Audit every transfer");
    for _ in 0..3 {
        project.record(&[("parse", 120.0)]);
    }
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1);
    assert_eq!(at(&found, "verdict"), "over");
    assert_eq!(at(&found, "exit"), 1);
    assert_eq!(at(&found, "limits/0/introduced_by"), culprit.as_str());
    let effect = at(&found, "limits/0/effect").as_f64().unwrap();
    assert!((effect - 0.2).abs() < 0.02, "{effect}");
    insta::assert_snapshot!("slow_down_table", project.plimsoll(&["check"]).out);
    insta::assert_snapshot!(
        "slow_down_markdown",
        project.plimsoll(&["check", "--format", "markdown"]).out
    );
}

#[test]
fn a_lone_run_in_a_short_history_is_a_suspect_and_never_green() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"t\"\nselect = { benchmark = \"*\" }\nregress = { limit = \"+5%\" }\n",
    );
    let quiet: Vec<String> = (0..9).map(|i| format!("bench-{i}")).collect();
    let mut all: Vec<(&str, f64)> = quiet.iter().map(|name| (name.as_str(), 50.0)).collect();
    all.push(("parse", 100.0));
    project.history(8, &all);
    project.commit("Slow");
    all.pop();
    all.push(("parse", 125.0));
    project.record(&all);
    let (code, found) = json(&project, &[]);
    assert_eq!(
        verdict(&found, "parse", "regress"),
        ("unproven".into(), Some("suspect".into()))
    );
    assert_eq!(code, 0);
    assert_eq!(json(&project, &["--strict"]).0, 1);
    project.record(&all);
    project.record(&all);
    let (code, found) = json(&project, &[]);
    assert_eq!(
        (code, verdict(&found, "parse", "regress").0),
        (1, "over".into())
    );
}

#[test]
fn what_was_expected_and_not_measured_is_missing() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(6, &[("parse", 100.0), ("sort", 10.0)]);
    project.commit("Forget the benchmark");
    project.record(&[("sort", 10.0)]);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 2);
    assert_eq!(at(&found, "verdict"), "missing");
    assert_eq!(at(&found, "limits/0/reason"), "not-measured");
    project.budget("parser", &format!("{PARSE}missing = \"warn\"\n"));
    assert_eq!(json(&project, &[]).0, 0);
    assert_eq!(json(&project, &["--strict"]).0, 2);
}

#[test]
fn a_crashed_benchmark_is_missing_and_over_wins_over_it() {
    let mut project = Project::new();
    project.budget(
        "parser",
        &format!(
            "{PARSE}[[limit]]\nid = \"sort\"\nselect = {{ benchmark = \"sort\" }}\nmax = \"12ms\"\n"
        ),
    );
    project.history(6, &[("parse", 100.0), ("sort", 10.0)]);
    project.commit("Crash");
    let file = project.hyperfine(&[("parse", 100.0), ("sort", 10.0)]);
    let text = std::fs::read_to_string(&file).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["results"][0]["exit_codes"][3] = 101.into();
    std::fs::write(&file, document.to_string()).unwrap();
    let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("failed: parse"), "{}", said.out);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 2);
    assert_eq!(at(&found, "limits/0/verdict"), "missing");
    assert_eq!(at(&found, "limits/0/reason"), "benchmark-failed");
    document["results"][1]["times"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .for_each(|t| *t = 0.020.into());
    for figure in ["mean", "median", "min"] {
        document["results"][1][figure] = 0.020.into();
    }
    for run in 0..3 {
        document["results"][1]["max"] = (0.02 + f64::from(run) * 1e-6).into();
        std::fs::write(&file, document.to_string()).unwrap();
        let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!(json(&project, &[]).0, 1, "over wins over missing");
}

/// A load test with 50 and 500 users, of which the second may have failed.
fn load_test(project: &Project, failed: bool) {
    let slice = |users: &str| {
        serde_json::json!({"benchmark": "shop", "metric": "latency.p95", "value": 2e6, "unit": "ns",
            "direction": "lower", "tags": {"users": users}})
    };
    let mut measurements = vec![slice("50")];
    measurements.extend((!failed).then(|| slice("500")));
    let failures = serde_json::json!([{"benchmark": "shop", "reason": "every request failed",
        "tags": {"users": "500"}}]);
    let document = serde_json::json!({"schema": "plimsoll.measurements/1",
        "measurements": measurements,
        "failures": if failed { failures } else { serde_json::json!([]) }});
    let file = project.write("results/load.json", &document.to_string());
    let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_slice_that_failed_is_missing_and_the_others_are_not() {
    let mut project = Project::new();
    project.budget(
        "shop",
        "[[limit]]\nid = \"slow\"\nselect = { benchmark = \"shop\" }\nmax = \"5ms\"\n",
    );
    for run in 0..6 {
        project.commit(&format!("Change {run}"));
        load_test(&project, false);
    }
    project.commit("Break the big tenants");
    load_test(&project, true);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 2);
    let limits = at(&found, "limits").as_array().unwrap().iter();
    let verdicts = limits.map(|l| {
        (
            l["series"]["tags"]["users"].clone(),
            l["verdict"].clone(),
            l["reason"].clone(),
        )
    });
    let verdicts: Vec<_> = verdicts.collect();
    assert_eq!(
        verdicts,
        [
            ("500".into(), "missing".into(), "benchmark-failed".into()),
            ("50".into(), "within".into(), Value::Null)
        ]
    );
    // A later run in which it works takes its place.
    load_test(&project, false);
    assert_eq!(json(&project, &[]).0, 0);
}

#[test]
fn what_a_failed_run_measured_is_no_base_for_others() {
    let mut project = Project::new();
    project.budget(
        "shop",
        "[[limit]]\nid = \"slow\"\nselect = { benchmark = \"shop\" }\nregress = { vs = \"base\", limit = \"+5%\" }\n",
    );
    let mut run = 0.0;
    let mut load = |project: &Project, ms: f64, stopped: bool| {
        run += 1.0;
        let failures = [serde_json::json!({"benchmark": "shop", "reason": "the run was stopped"})];
        let document = serde_json::json!({"schema": "plimsoll.measurements/1",
            "measurements": [{"benchmark": "shop", "metric": "latency.p95", "value": ms * 1e6 + run % 3.0,
                "unit": "ns", "direction": "lower"}],
            "failures": if stopped { &failures[..] } else { &[] }});
        let file = project.write("results/load.json", &document.to_string());
        let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    };
    for commit in 0..8 {
        project.commit(&format!("Change {commit}"));
        load(&project, 100.0, false);
    }
    for commit in 0..6 {
        project.commit(&format!("Aborted {commit}"));
        load(&project, 800.0, true);
    }
    assert_eq!(json(&project, &[]).0, 2, "missing at its own commit");
    project.git(&["checkout", "--quiet", "-b", "feature"]);
    project.commit("Slow it down");
    (0..3).for_each(|_| load(&project, 800.0, false));
    let (code, found) = json(&project, &[]);
    assert_eq!((code, at(&found, "limits/0/verdict")), (1, &"over".into()));
    let exported = project.plimsoll(&["export", "csv"]).out;
    assert_eq!(exported.lines().count(), 1 + 9, "{exported}");
}

#[test]
fn nothing_to_judge_is_trouble_with_a_next_step() {
    let mut project = Project::new();
    project.commit("Start");
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("there is no budget in budgets") && said.err.contains("[[limit]]"),
        "{}",
        said.err
    );
    project.budget("parser", PARSE);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("plimsoll record"), "{}", said.err);
    project.record(&[("parse", 100.0)]);
    project.commit("Not measured");
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no results for"), "{}", said.err);
}

#[test]
fn a_selector_that_matches_nothing_is_trouble_at_its_place() {
    let mut project = Project::new();
    project.budget(
        "parser",
        &PARSE.replace("benchmark = \"parse\"", "benchmark = \"prase\""),
    );
    project.history(6, &[("parse", 100.0)]);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.out);
}

#[test]
fn faults_of_budget_files_are_all_shown_and_nothing_is_judged() {
    let mut project = Project::new();
    project.budget(
        "parser",
        &PARSE.replace("125ms", "125").replace("regress", "regres"),
    );
    project.history(1, &[("parse", 100.0)]);
    let said = project.plimsoll(&["check", "--lint"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("unknown key `regres`"), "{}", said.err);
    let fixed = PARSE.replace("125ms", "125");
    project.budget("parser", &fixed);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    assert!(
        said.out.contains("budgets/parser.toml:9:7") && said.out.contains("250ms"),
        "{}",
        said.out
    );
}

#[test]
fn a_branch_is_judged_against_its_merge_base_and_inherits_what_main_carries() {
    let mut project = Project::new();
    project.budget("parser", &PARSE.replace("125ms", "90ms"));
    project.history(8, &[("parse", 80.0)]);
    let culprit = project.commit("Slow main");
    for _ in 0..3 {
        project.record(&[("parse", 100.0)]);
    }
    project.history(6, &[("parse", 100.0)]);
    let base = project.git(&["rev-parse", "HEAD"]);
    project.git(&["switch", "--quiet", "--create", "feature"]);
    project.commit("Innocent");
    for _ in 0..3 {
        project.record(&[("parse", 100.0)]);
    }
    let (code, found) = json(&project, &[]);
    assert_eq!(at(&found, "base/commit"), base.as_str());
    assert_eq!(verdict(&found, "parse", "max").0, "inherited");
    assert_eq!(verdict(&found, "parse", "regress").0, "within");
    assert_eq!(code, 0);
    let limits = at(&found, "limits").as_array().unwrap();
    let inherited = limits.iter().find(|l| l["verdict"] == "inherited").unwrap();
    assert_eq!(inherited["introduced_by"], culprit.as_str());
    assert_eq!(inherited["introduced_subject"], "Slow main");
    let told = inherited["why"].as_str().unwrap();
    assert!(told.contains("\"Slow main\": not this change"), "{told}");
    project.git(&["switch", "--quiet", "main"]);
    let (code, found) = json(&project, &[]);
    assert_eq!(
        (code, verdict(&found, "parse", "max").0),
        (1, "over".into()),
        "main itself is over"
    );
}

#[test]
fn on_a_pull_request_the_base_is_the_merge_parent() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(7, &[("parse", 100.0)]);
    let base = project.git(&["rev-parse", "HEAD"]);
    project.git(&["switch", "--quiet", "--create", "feature"]);
    project.commit("Work");
    project.git(&["switch", "--quiet", "--detach", "main"]);
    project.git(&["merge", "--quiet", "--no-ff", "--no-edit", "feature"]);
    for _ in 0..3 {
        project.record(&[("parse", 130.0)]);
    }
    let said = project.plimsoll_with(
        &["check", "--format", "json"],
        &[("GITHUB_EVENT_NAME", "pull_request")],
    );
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.code, 1);
    assert_eq!(at(&found, "base/commit"), base.as_str());
    assert_eq!(at(&found, "base/how"), "merge parent");
}

#[test]
fn on_a_pull_request_without_its_merge_ref_the_base_is_the_merge_base() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(7, &[("parse", 100.0)]);
    let left = project.git(&["rev-parse", "HEAD"]);
    project.git(&["switch", "--quiet", "--create", "feature"]);
    project.commit("Slow down");
    project.record(&[("parse", 130.0)]);
    project.commit("Work on");
    for _ in 0..3 {
        project.record(&[("parse", 130.0)]);
    }
    let merged = "1".repeat(40);
    let vars = [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_SHA", merged.as_str()),
        ("GITHUB_BASE_REF", "main"),
    ];
    let said = project.plimsoll_with(&["check", "--format", "json"], &vars);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(at(&found, "base/commit"), left.as_str(), "{found:#}");
    assert_eq!(at(&found, "base/how"), "merge base with main");
    assert_eq!(said.code, 1, "its own first commit is not its base");
}

#[test]
fn without_results_near_the_base_nothing_is_within_or_inherited() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"150ms\"\nregress = { limit = \"+5%\" }\n",
    );
    project.history(8, &[("parse", 200.0)]);
    for i in 0..51 {
        project.commit(&format!("Unmeasured {i}"));
    }
    let base = project.git(&["rev-parse", "HEAD"]);
    project.commit("Work");
    for _ in 0..3 {
        project.record(&[("parse", 200.0)]);
    }
    let (code, found) = json(&project, &["--base", &base]);
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(verdict(&found, "parse", "max").0, "over");
    assert_eq!(
        verdict(&found, "parse", "regress"),
        ("unproven".into(), Some("learning".into()))
    );
    // One commit nearer, the base is known.
    let (code, found) = json(&project, &["--base", "HEAD~2"]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(verdict(&found, "parse", "max").0, "inherited");
}

#[test]
fn without_results_at_the_base_the_nearest_measured_ancestor_is_named() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(6, &[("parse", 100.0)]);
    let measured = project.git(&["rev-parse", "HEAD"]);
    project.commit("Docs");
    let base = project.commit("More docs");
    project.commit("Work");
    project.record(&[("parse", 100.0)]);
    let (_, found) = json(&project, &["--base", &base]);
    assert_eq!(at(&found, "base/commit"), measured.as_str());
    assert!(
        at(&found, "base/how")
            .as_str()
            .unwrap()
            .starts_with("2 commits before")
    );
}

#[test]
fn runs_with_uncommitted_changes_are_kept_and_not_judged() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(6, &[("parse", 100.0)]);
    project.commit("Clean");
    project.write("src.txt", "changed after the commit");
    project.record(&[("parse", 200.0)]);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("uncommitted changes"), "{}", said.err);
    project.git(&["checkout", "--quiet", "src.txt"]);
    project.record(&[("parse", 100.0)]);
    assert_eq!(project.plimsoll(&["check"]).code, 0);
}

#[test]
fn an_accepted_change_is_green_and_said_by_name_until_it_ends() {
    let mut project = Project::new();
    let accepted = |expires: &str| {
        format!(
            "{PARSE}[[accepted]]\nid = \"a-1\"\nlimit = \"time\"\nlevel_before = \"100ms\"\nceiling = \"+25%\"\nreason = \"audit log\"\nby = \"@lena\"\nexpires = {expires}\n"
        )
    };
    let far = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .checked_add(jiff::ToSpan::days(90))
        .unwrap();
    project.budget("parser", PARSE);
    project.history(8, &[("parse", 100.0)]);
    project.commit("Audit log");
    for _ in 0..3 {
        project.record(&[("parse", 118.0)]);
    }
    assert_eq!(json(&project, &[]).0, 1);
    project.budget("parser", &accepted(&far.to_string()));
    let (code, found) = json(&project, &[]);
    assert_eq!(
        (code, verdict(&found, "parse", "regress").0),
        (0, "accepted".into())
    );
    project.budget("parser", &accepted("2026-01-01"));
    assert_eq!(
        json(&project, &[]).0,
        1,
        "an acceptance that ended covers nothing"
    );
}

#[test]
fn a_backfilled_history_gives_the_same_verdict() {
    let mut straight = Project::new();
    straight.budget("parser", PARSE);
    let mut backfilled = Project::new();
    backfilled.budget("parser", PARSE);
    straight.history(8, &[("parse", 100.0)]);
    let mut commits = Vec::new();
    for i in 0..8 {
        commits.push(backfilled.commit(&format!("Change {i}")));
    }
    let files: Vec<_> = (0..8)
        .map(|_| backfilled.hyperfine(&[("parse", 100.0)]))
        .collect();
    for i in [3, 7, 0, 5, 1, 6, 2, 4] {
        let file = files[i].to_str().unwrap();
        let said = backfilled.plimsoll(&["record", "--env", "ci", "--commit", &commits[i], file]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!(json(&straight, &[]).1, json(&backfilled, &[]).1);
}

#[test]
fn a_shallow_clone_asks_its_remote_for_the_order_or_says_what_is_missing() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(7, &[("parse", 100.0)]);
    project.commit("Not measured");
    project.commit("Not measured either");
    project.commit("Head");
    project.record(&[("parse", 100.0)]);
    let clone = Project::new();
    let from = format!("file://{}", project.root().display());
    clone.git(&["clone", "--quiet", "--depth", "2", &from, "clone"]);
    let (folder, db) = (
        clone.path("clone"),
        project.path(".git/plimsoll/history.db"),
    );
    let check = || {
        let (folder, db) = (folder.to_str().unwrap(), db.to_str().unwrap());
        let said = clone.plimsoll(&["-C", folder, "--db", db, "check", "--format", "json"]);
        let found: Value = serde_json::from_str(&said.out).unwrap();
        (said.out, verdict(&found, "parse", "regress").1)
    };
    let (out, reason) = check();
    assert!(!out.contains("fetch-depth: 0"), "{out}");
    assert_ne!(reason.as_deref(), Some("order-unknown"));
    // What was fetched is kept; without it and without a remote there is a hole.
    std::fs::remove_dir_all(folder.join(".git/plimsoll")).unwrap();
    clone.git(&["-C", "clone", "remote", "remove", "origin"]);
    let (out, reason) = check();
    assert!(out.contains("fetch-depth: 0"), "{out}");
    assert_eq!(reason.as_deref(), Some("order-unknown"));
}

#[test]
fn a_lasting_change_of_machine_blames_no_commit() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(8, &[("parse", 100.0)]);
    let db = project.path(".git/plimsoll/history.db");
    // The same label on another CPU model: as the machine of a runner pool is replaced.
    let mut store = plimsoll::store::Store::open(&db).unwrap();
    for i in 0..7 {
        let commit = project.commit(&format!("On the new machine {i}"));
        let rows = store.runs().unwrap();
        let mut run = store.run(&rows[i]).unwrap();
        run.commit = plimsoll::model::CommitId::new(commit).unwrap();
        run.environment
            .facts
            .insert("cpu".into(), "another model".into());
        run.measurements.iter_mut().for_each(|m| m.value *= 1.4);
        store
            .append(
                &[plimsoll::store::NewRun {
                    run: &run,
                    commit: None,
                }],
                jiff::Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        let (code, found) = json(&project, &[]);
        let (word, reason) = verdict(&found, "parse", "regress");
        if i < 5 {
            assert_eq!(
                (word.as_str(), reason.as_deref()),
                ("unproven", Some("learning")),
                "commit {i}"
            );
        } else {
            assert_eq!(word, "within", "commit {i}");
        }
        assert!(
            at(&found, "changes").as_array().unwrap().is_empty(),
            "commit {i}: {found:#}"
        );
        assert!(code != 1 || verdict(&found, "parse", "max").0 == "over");
    }
}

#[test]
fn what_is_retired_is_no_longer_expected_and_unknown_settings_are_refused() {
    let mut project = Project::new();
    project.budget(
        "all",
        "[[limit]]\nid = \"t\"\nselect = { benchmark = \"*\" }\nregress = { limit = \"+5%\" }\n",
    );
    project.history(6, &[("parse", 100.0), ("sort", 10.0)]);
    project.commit("Remove sort");
    project.record(&[("parse", 100.0)]);
    assert_eq!(json(&project, &[]).0, 2);
    project.write(
        "plimsoll.toml",
        "[[retired]]\nbenchmark = \"sort\"\nreason = \"replaced\"\n",
    );
    assert_eq!(json(&project, &[]).0, 0);
    project.write("plimsoll.toml", "[[retired]]\nbenchmrk = \"sort\"\n");
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("plimsoll.toml:2:1"), "{}", said.err);
}

#[test]
fn an_innocent_commit_after_a_step_is_not_blamed_for_it() {
    let mut project = Project::new();
    project.budget("parser", &PARSE.replace("max = \"125ms\"\n", ""));
    project.history(10, &[("parse", 100.0)]);
    let culprit = project.commit("Slow");
    project.record(&[("parse", 120.0)]);
    let mut innocent = String::new();
    for i in 0..2 {
        innocent = project.commit(&format!("Innocent {i}"));
        for _ in 0..3 {
            project.record(&[("parse", 120.0)]);
        }
    }
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!(
        (code, verdict(&found, "parse", "regress").0),
        (0, "inherited".into())
    );
    assert_eq!(at(&found, "limits/0/introduced_by"), culprit.as_str());
    let (code, found) = json(&project, &["--base", "HEAD~4"]);
    assert_eq!(
        (code, verdict(&found, "parse", "regress").0),
        (1, "over".into())
    );
    assert_eq!(
        at(&found, "limits/0/introduced_by"),
        culprit.as_str(),
        "and not {innocent}"
    );
}

#[test]
fn the_same_measurement_in_three_files_is_one_run() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(8, &[("parse", 100.0)]);
    project.commit("Slow");
    let file = project.hyperfine(&[("parse", 140.0)]);
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    for i in 0..3 {
        let mut with_neighbour = document.clone();
        let mut neighbour = document["results"][0].clone();
        neighbour["command"] = format!("other {i}").into();
        with_neighbour["results"]
            .as_array_mut()
            .unwrap()
            .push(neighbour);
        let file = project.write(&format!("results/n{i}.json"), &with_neighbour.to_string());
        assert_eq!(
            project
                .plimsoll(&["record", "--env", "ci", file.to_str().unwrap()])
                .code,
            0
        );
    }
    let (_, found) = json(&project, &[]);
    let parse = at(&found, "limits").as_array().unwrap();
    assert!(
        parse
            .iter()
            .filter(|l| l["series"]["benchmark"] == "parse")
            .all(|l| l["runs"] == 1)
    );
}

#[test]
fn budgets_that_contradict_their_series_are_trouble() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(6, &[("parse", 100.0)]);
    for (from, to, code) in [
        ("+5%", "-5%", "sign-contradicts-direction"),
        (
            "max = ",
            "direction = \"higher\"\nmax = ",
            "direction-contradicts-tool",
        ),
    ] {
        let text = PARSE
            .replace(from, to)
            .replace("\"+5%\"", if from == "+5%" { "\"+5%\"" } else { "\"-5%\"" });
        project.budget("parser", &text);
        let said = project.plimsoll(&["check"]);
        assert_eq!(said.code, 2, "{}", said.out);
        assert!(said.out.contains(code), "{code}: {}{}", said.out, said.err);
    }
    project.budget("parser", &PARSE.replace("125ms", "-5 s"));
    let said = project.plimsoll(&["check", "--lint"]);
    assert!(
        said.code == 2 && said.err.contains("negative-limit"),
        "{}",
        said.err
    );
}

#[test]
fn learning_never_fails_whatever_the_limit_says() {
    let mut project = Project::new();
    project.budget("parser", &format!("{PARSE}unproven = \"fail\"\n"));
    project.history(2, &[("parse", 100.0)]);
    assert_eq!(json(&project, &[]).0, 0);
    assert_eq!(json(&project, &["--strict"]).0, 0);
}

#[test]
fn a_limit_about_another_environment_is_said_to_be_unjudged() {
    let mut project = Project::new();
    let other = PARSE
        .replace("id = \"time\"", "id = \"desk\"")
        .replace("\"parse\" }", "\"parse\", env = \"desk\" }");
    project.budget("parser", &format!("{PARSE}{other}"));
    project.commit("Start");
    let file = project.hyperfine(&[("parse", 100.0)]);
    project.plimsoll(&["record", "--env", "desk", file.to_str().unwrap()]);
    project.history(6, &[("parse", 100.0)]);
    let (_, found) = json(&project, &[]);
    let notes = at(&found, "notes").to_string();
    assert!(
        notes.contains("not judged here") && notes.contains("parser/desk"),
        "{notes}"
    );
}
