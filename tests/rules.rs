//! The rules of a budget beside `max` and `regress`, as their user meets them.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, at};

fn json(project: &Project, args: &[&str]) -> (i32, Value) {
    let mut all = vec!["check", "--format", "json"];
    all.extend(args);
    let said = project.plimsoll(&all);
    let found = serde_json::from_str(&said.out)
        .unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err));
    (said.code, found)
}

/// The first verdict of a rule.
fn of<'v>(json: &'v Value, rule: &str) -> &'v Value {
    at(json, "limits")
        .as_array()
        .unwrap()
        .iter()
        .find(|limit| limit["rule"] == rule)
        .unwrap_or_else(|| panic!("no {rule} in {json:#}"))
}

fn words(verdict: &Value) -> (&str, Option<&str>) {
    (
        verdict["verdict"].as_str().unwrap(),
        verdict["reason"].as_str(),
    )
}

const CREEP: &str = "[[limit]]\nid = \"slow\"\nselect = { benchmark = \"parse\" }\n\
    regress = { limit = \"+5%\" }\ncreep = { window = \"90d\", limit = \"+4%\" }\n\
    drift = { vs = \"tag:v1\", limit = \"+8%\" }\n";

/// 45 commits that each add 0.35 %: 17 % in all, no change over 5 %.
fn creeping() -> Project {
    let mut project = Project::new();
    project.budget("parser", CREEP);
    for i in 0..45 {
        project.commit(&format!("Change {i}"));
        if i == 5 {
            project.git(&["tag", "v1"]);
        }
        project.record(&[("parse", 100.0 * 1.0035_f64.powi(i))]);
    }
    project
}

#[test]
fn a_creep_and_the_drift_it_makes_are_over_on_the_branch_where_no_change_is() {
    let project = creeping();
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(words(of(&found, "creep")), ("over", None));
    assert_eq!(words(of(&found, "drift")), ("over", None));
    assert_ne!(words(of(&found, "regress")).0, "over");
    let growth = of(&found, "creep")["effect"].as_f64().unwrap();
    assert!((growth - 0.166).abs() < 0.03, "{growth}");
    insta::assert_snapshot!("creep_table", project.plimsoll(&["check"]).out);
}

#[test]
fn the_ledger_since_a_release_holds_steps_creep_and_what_each_release_spent() {
    let project = creeping();
    project.git(&["tag", "v2", "HEAD~20"]);
    let said = project.plimsoll(&["log", "parser/slow", "--since", "tag:v1", "--by", "release"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!("ledger_since", said.out);
    let said = project.plimsoll(&["log", "parse", "--by", "release"]);
    assert!(
        said.out.contains("since the first result: "),
        "{}",
        said.out
    );
    assert!(said.out.contains("  in v1: "), "{}", said.out);
    assert!(said.out.contains("  after v2: "), "{}", said.out);
    for (anchor, words) in [
        ("tag:v9", "names no commit of this history"),
        ("v1", "is no anchor"),
    ] {
        let said = project.plimsoll(&["log", "parse", "--since", anchor]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains(words), "{anchor}: {}", said.err);
    }
    let said = project.plimsoll(&["log", "parse", "--since", "start"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("since start: "), "{}", said.out);
}

/// What `log` says of a series and what it says by release are one account, also where noise hides
/// everything.
#[test]
fn releases_add_up_to_the_ledger_of_a_noisy_series() {
    let mut project = Project::new();
    for i in 0..36_u32 {
        project.commit(&format!("Change {i}"));
        if i % 9 == 4 {
            project.git(&["tag", &format!("v{i}")]);
        }
        let noise = f64::from(i * i * 7 % 41) / 41.0 - 0.5;
        project.record(&[("wild", 100.0 * (1.0 + 0.5 * noise))]);
    }
    let line = |text: &str, words: &str| {
        let found = text.lines().find(|line| line.ends_with(words));
        found
            .unwrap_or_else(|| panic!("no {words} in {text}"))
            .to_owned()
    };
    let ledger = project.plimsoll(&["log", "wild"]).out;
    let by_release = project.plimsoll(&["log", "wild", "--by", "release"]).out;
    let level = |text: &str, words: &str| line(text, words).replace(words, "").trim().to_owned();
    let (opening, now) = (
        level(&ledger, "opening level"),
        level(&ledger, "present level"),
    );
    assert!(
        by_release.contains(&format!("since the first result: {opening} → {now}, ")),
        "{ledger}{by_release}"
    );
    assert_eq!(level(&by_release, "present level"), now);
    let amount = |line: &str| -> i64 {
        let text = line.split_whitespace().next().unwrap().replace('−', "-");
        (text.parse::<f64>().unwrap() * 100.0).round() as i64
    };
    let (_, releases) = by_release.split_once("by release\n").unwrap();
    let parts: Vec<i64> = releases
        .lines()
        .take_while(|line| !line.ends_with("in all"))
        .map(amount)
        .collect();
    assert_eq!(parts.len(), 5, "{releases}");
    assert_eq!(parts.iter().sum::<i64>(), amount(&line(releases, "in all")));
    let level = |text: &str| {
        (text.split(' ').next().unwrap().parse::<f64>().unwrap() * 100.0).round() as i64
    };
    assert_eq!(
        amount(&line(releases, "in all")),
        level(&now) - level(&opening)
    );
}

#[test]
fn a_change_inherits_the_creep_of_its_base() {
    let mut project = creeping();
    project.git(&["checkout", "--quiet", "-b", "feature"]);
    project.commit("Harmless");
    project.record(&[("parse", 117.0)]);
    let (code, found) = json(&project, &["--base", "main"]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(words(of(&found, "creep")).0, "inherited");
    assert_eq!(words(of(&found, "drift")).0, "inherited");
}

#[test]
fn a_head_on_the_line_of_a_noisy_creep_did_not_bring_it_and_one_far_above_it_is_over() {
    let limit = CREEP.replace("regress = { limit = \"+5%\" }\n", "");
    let limit = limit.replace("drift = { vs = \"tag:v1\", limit = \"+8%\" }\n", "");
    let mut project = Project::new();
    project.budget("parser", &limit);
    let trend = |i: i32| 100.0 * 1.003_f64.powi(i);
    for i in 0..45 {
        project.commit(&format!("Change {i}"));
        let noise = 1.0 + 0.01 * (f64::from((i * 37 + 11) % 53) / 53.0 - 0.5);
        project.record(&[("parse", trend(i) * noise)]);
    }
    let (code, found) = json(&project, &[]);
    let main = of(&found, "creep").clone();
    assert_eq!((code, words(&main)), (1, ("over", None)), "{found:#}");
    assert_eq!(main["introduced_by"], Value::Null);
    for (head, word, exit) in [
        (1.0, "inherited", 0),
        (1.004, "inherited", 0),
        (1.2, "over", 1),
    ] {
        project.git(&["checkout", "--quiet", "--force", "-B", "feature", "main"]);
        project.commit("Harmless?");
        project.record(&[("parse", trend(45) * head)]);
        let (code, found) = json(&project, &["--base", "main"]);
        let creep = of(&found, "creep");
        assert_eq!((words(creep).0, code), (word, exit), "{head}: {found:#}");
        assert_eq!(
            creep["introduced_by"],
            Value::Null,
            "one commit turns no slope"
        );
    }
}

#[test]
fn an_unchanged_history_neither_creeps_nor_drifts() {
    let mut project = Project::new();
    project.budget("parser", CREEP);
    project.history(12, &[("parse", 100.0)]);
    project.git(&["tag", "v1"]);
    let (_, found) = json(&project, &[]);
    assert_eq!(
        words(of(&found, "creep")),
        ("unproven", Some("learning")),
        "12 of 20 points"
    );
    project.history(20, &[("parse", 100.0)]);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 0);
    assert_eq!(words(of(&found, "creep")), ("within", None));
    assert_eq!(words(of(&found, "drift")), ("within", None));
}

#[test]
fn one_large_step_is_drift_and_no_creep() {
    let mut project = Project::new();
    project.budget("parser", CREEP);
    project.history(20, &[("parse", 100.0)]);
    project.git(&["tag", "v1"]);
    let culprit = project.commit("Validate everything");
    project.record(&[("parse", 112.0)]);
    project.history(12, &[("parse", 112.0)]);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1);
    assert_eq!(words(of(&found, "drift")), ("over", None));
    assert_eq!(of(&found, "drift")["introduced_by"], culprit.as_str());
    assert_ne!(words(of(&found, "creep")).0, "over");
}

#[test]
fn an_anchor_without_results_is_said_and_judges_nothing() {
    let mut project = Project::new();
    project.budget("parser", CREEP);
    project.commit("Before anything was measured");
    project.git(&["tag", "v1"]);
    project.history(25, &[("parse", 100.0)]);
    let (_, found) = json(&project, &[]);
    assert_eq!(
        words(of(&found, "drift")),
        ("unproven", Some("anchor-not-measured"))
    );
    let lint = project.plimsoll(&["check", "--lint"]);
    assert_eq!(lint.code, 0, "{}{}", lint.out, lint.err);
    assert!(
        lint.out.contains("warning[anchor-not-measured]"),
        "{}",
        lint.out
    );
    let since = project.plimsoll(&["log", "parse", "--since", "tag:v1"]);
    assert_eq!(since.code, 2, "{}", since.out);
    assert!(
        since
            .err
            .contains("nothing was measured at tag:v1 or before"),
        "{}",
        since.err
    );
}

#[test]
fn two_maxima_on_one_series_are_said() {
    let mut project = Project::new();
    project.history(6, &[("parse", 100.0)]);
    project.budget(
        "parser",
        "[[limit]]\nid = \"a\"\nselect = { benchmark = \"parse\" }\nmax = \"250ms\"\n\
         [[limit]]\nid = \"b\"\nselect = { benchmark = \"p*\" }\nmax = \"0.2s\"\n",
    );
    let lint = project.plimsoll(&["check", "--lint"]);
    assert!(
        lint.out
            .contains("max = 0.2s here and max = 250ms in limit `parser/a`"),
        "{}{}",
        lint.out,
        lint.err
    );
}

#[test]
fn anchors_are_tags_commits_days_and_the_start_of_the_budget() {
    let mut project = Project::new();
    project.history(10, &[("parse", 100.0)]);
    let pinned = project.git(&["rev-parse", "HEAD"]);
    for anchor in [
        "start",
        "date:2026-10-01",
        &format!("commit:{}", &pinned[..10]),
    ] {
        project.budget(
            "parser",
            &format!(
                "[[limit]]\nid = \"slow\"\nselect = {{ benchmark = \"parse\" }}\n\
                 drift = {{ vs = \"{anchor}\", limit = \"+8%\" }}\n"
            ),
        );
        project.history(12, &[("parse", 100.0)]);
        let (_, found) = json(&project, &[]);
        assert_eq!(
            words(of(&found, "drift")),
            ("within", None),
            "{anchor}: {found:#}"
        );
    }
}

/// Results with tags: (benchmark, metric as unit, tags, milliseconds).
fn record_tagged(project: &mut Project, run: usize, results: &[(&str, &str, &str, f64)]) {
    let results: Vec<_> = results
        .iter()
        .enumerate()
        .map(|(i, (name, tag, value, ms))| {
            let wobble = 1.0 + 0.002 * ((run * 7 + i * 3) % 5) as f64;
            let times: Vec<f64> = (0..5)
                .map(|j| ms / 1e3 * wobble * (1.0 + 1e-4 * f64::from(j)))
                .collect();
            let mut result = serde_json::json!({
                "command": name, "mean": times[2], "stddev": 1e-6, "median": times[2],
                "user": 0.001, "system": 0.001, "min": times[0], "max": times[4],
                "times": times, "exit_codes": vec![0; 5]
            });
            if !tag.is_empty() {
                result["parameters"] = serde_json::json!({ *tag: value });
            }
            result
        })
        .collect();
    let text = serde_json::json!({ "results": results }).to_string();
    let file = project.write(&format!("results/tagged-{run}.json"), &text);
    let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
}

const SIZES: [&str; 6] = ["10", "30", "100", "300", "1000", "3000"];

fn sizes(law: impl Fn(f64) -> f64) -> Vec<(&'static str, &'static str, &'static str, f64)> {
    SIZES
        .iter()
        .map(|n| ("list", "rows", *n, law(n.parse().unwrap())))
        .collect()
}

#[test]
fn cost_that_grows_too_fast_with_size_is_over() {
    let mut project = Project::new();
    project.budget(
        "orders",
        "[[limit]]\nid = \"cost\"\nselect = { benchmark = \"list\", metric = \"time\", by = \"rows\" }\n\
         complexity = { exponent = 1.3 }\n\
         scaling = { by = \"rows\", from = 30, to = 300, max_ratio = 12 }\n",
    );
    for run in 0..6 {
        project.commit(&format!("Linear {run}"));
        record_tagged(&mut project, run, &sizes(|n| 5.0 + 0.5 * n));
    }
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(words(of(&found, "complexity")), ("within", None));
    assert_eq!(words(of(&found, "scaling")), ("within", None));
    let culprit = project.commit("Compare every pair");
    for run in 6..9 {
        record_tagged(&mut project, run, &sizes(|n| 5.0 + 0.01 * n * n));
    }
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(words(of(&found, "complexity")), ("over", None));
    assert_eq!(of(&found, "complexity")["introduced_by"], culprit.as_str());
    assert_eq!(words(of(&found, "scaling")), ("over", None));
    insta::assert_snapshot!("sizes_table", project.plimsoll(&["check"]).out);
}

/// Queries at three sizes: 3 and so many more a row.
fn record_queries(project: &mut Project, run: usize, per_row: usize) {
    let mut text = String::from("benchmark,metric,value,unit,direction,rows\n");
    for rows in [1, 10, 50] {
        let queries = 3 + per_row * rows;
        text.push_str(&format!("orders,db.queries,{queries},count,lower,{rows}\n"));
    }
    let file = project.write(&format!("results/queries-{run}.csv"), &text);
    let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn queries_that_grow_with_rows_are_blamed_on_the_commit_that_brought_them() {
    let mut project = Project::new();
    project.budget(
        "orders",
        "[[limit]]\nid = \"queries\"\nselect = { benchmark = \"orders\", metric = \"db.queries\", by = \"rows\" }\n\
         deterministic = true\ngrowth = { max_slope = 0 }\n",
    );
    for run in 0..6 {
        project.commit(&format!("Flat {run}"));
        record_queries(&mut project, run, 0);
    }
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(words(of(&found, "growth")), ("within", None));
    let culprit = project.commit("Fetch each row");
    record_queries(&mut project, 6, 1);
    for run in 7..10 {
        let (code, found) = json(&project, &[]);
        assert_eq!(code, 1, "{found:#}");
        assert_eq!(words(of(&found, "growth")), ("over", None));
        assert_eq!(of(&found, "growth")["introduced_by"], culprit.as_str());
        project.commit(&format!("Later {run}"));
        record_queries(&mut project, run, 1);
    }
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!(code, 0, "main carries it already: {found:#}");
    assert_eq!(words(of(&found, "growth")), ("inherited", None));
    assert_eq!(of(&found, "growth")["introduced_by"], culprit.as_str());
}

#[test]
fn too_few_sizes_are_a_fault_of_the_budget() {
    let mut project = Project::new();
    project.budget(
        "orders",
        "[[limit]]\nid = \"cost\"\nselect = { benchmark = \"list\", metric = \"time\", by = \"rows\" }\n\
         complexity = { exponent = 1.3 }\n",
    );
    project.commit("Start");
    record_tagged(&mut project, 0, &sizes(|n| n)[..3]);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 2);
    assert_eq!(at(&found, "findings/0/code"), "too-few-sizes");
    assert_eq!(at(&found, "findings/0/place"), "budgets/orders.toml:8:14");
}

#[test]
fn a_slice_that_the_average_hides_is_over_and_said() {
    let mut project = Project::new();
    project.budget(
        "checkout",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"pay\", metric = \"time\" }\n\
         regress = { limit = \"+5%\" }\nslices = [\"tier\"]\n",
    );
    let results = |big: f64| {
        [
            ("pay", "", "", 100.0),
            ("pay", "tier", "small", 80.0),
            ("pay", "tier", "big", big),
        ]
    };
    for run in 0..25 {
        project.commit(&format!("Change {run}"));
        record_tagged(&mut project, run, &results(200.0));
    }
    project.commit("Slow for big tenants");
    for run in 25..28 {
        record_tagged(&mut project, run, &results(260.0));
    }
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1, "{found:#}");
    let big = at(&found, "limits/0");
    assert_eq!(words(big).0, "over");
    assert_eq!(big["slice"]["value"], "big");
    assert_eq!(big["slice"]["hidden_in_whole"], true);
    let table = project.plimsoll(&["check"]).out;
    assert!(
        table.contains("the worst of 2 slices of tier, and the whole is within"),
        "{table}"
    );
    assert!(!table.contains("tier=small"), "{table}");
    insta::assert_snapshot!("slices_table", table);
    let holm = project.plimsoll(&["check", "--control", "holm"]);
    assert_eq!(holm.code, 1, "{}{}", holm.out, holm.err);
    insta::assert_snapshot!("slices_table_holm", holm.out);
}

#[test]
fn slices_of_one_run_are_compared_without_a_history() {
    let mut project = Project::new();
    project.budget(
        "checkout",
        "[[limit]]\nid = \"canary\"\nselect = { benchmark = \"pay\", metric = \"time\" }\n\
         regress = { vs = \"tags:version=stable\", limit = \"+5%\" }\n",
    );
    project.commit("Release candidate");
    let results = |canary: f64| {
        [
            ("pay", "version", "stable", 100.0),
            ("pay", "version", "canary", canary),
        ]
    };
    for run in 0..2 {
        record_tagged(&mut project, run, &results(120.0));
    }
    let (_, found) = json(&project, &[]);
    let canary = of(&found, "regress");
    assert_eq!(words(canary), ("unproven", Some("unattainable")));
    assert!(canary["runs_needed"].as_u64().unwrap() >= 1);
    for run in 2..8 {
        record_tagged(&mut project, run, &results(120.0));
    }
    let (code, found) = json(&project, &[]);
    assert_eq!((code, words(of(&found, "regress"))), (1, ("over", None)));
    assert_eq!(of(&found, "regress")["against"], "version=stable");
    insta::assert_snapshot!("canary_table", project.plimsoll(&["check"]).out);
}

#[test]
fn without_its_guard_nothing_is_a_pass() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\", metric = \"time\" }\n\
         max = \"125ms\"\nguard = { metric = \"cpu.user\", max = \"95ms\" }\n",
    );
    project.history(8, &[("parse", 100.0)]);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(words(of(&found, "guard")).0, "within");
    assert_eq!(words(of(&found, "max")).0, "within");
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\", metric = \"time\" }\n\
         max = \"125ms\"\nguard = { metric = \"cpu.user\", max = \"50ms\" }\n",
    );
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1);
    assert_eq!(words(of(&found, "guard")).0, "over");
    assert_eq!(words(of(&found, "max")), ("unproven", Some("guard-broken")));
    insta::assert_snapshot!("guard_broken_table", project.plimsoll(&["check"]).out);
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\", metric = \"time\" }\n\
         max = \"125ms\"\nguard = { metric = \"error_rate\", max = \"1%\" }\n",
    );
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 2);
    assert_eq!(
        words(of(&found, "guard")),
        ("missing", Some("guard-missing"))
    );
    assert_ne!(words(of(&found, "max")).0, "within");
    insta::assert_snapshot!("guard_missing_table", project.plimsoll(&["check"]).out);
}

/// Whatever is wrong with a budget file, in its own text or in what was recorded, is told in one go.
#[test]
fn everything_wrong_with_a_budget_file_is_found_at_once() {
    let mut project = Project::new();
    project.write("CODEOWNERS", "* @acme/platform\n");
    project.history(12, &[("parse", 100.0), ("sort", 10.0)]);
    project.write(
        "budgets/bad.toml",
        r#"schema = 1
[feature]
name = "bad"
owner = "@nobody"
[[limit]]
id = "key"
select = { benchmark = "parse" }
max = "50ms"
regres = { limit = "+5%" }
[[limit]]
id = "nothing"
select = { benchmark = "prase" }
max = "1s"
[[limit]]
id = "unit"
select = { benchmark = "sort", metric = "time" }
max = "250"
[[limit]]
id = "percentile"
select = { benchmark = "parse", metric = "latency.p100" }
max = "1s"
[[limit]]
id = "sign"
select = { benchmark = "sort", metric = "time" }
regress = { limit = "-5%", warn = "-7%" }
[[limit]]
id = "pin"
select = { benchmark = "sort", metric = "time" }
drift = { vs = "tag:v9", limit = "+8%", until = 2025-01-01 }
[[limit]]
id = "few"
select = { benchmark = "sort", metric = "time" }
regress = { vs = "tags:version=stable", limit = "+5%" }
min = { runs = 2 }
[[limit]]
id = "one-way"
select = { benchmark = "sort", metric = "time.mean" }
direction = "lower"
max = "inf"
[[limit]]
id = "other-way"
select = { benchmark = "sort", metric = "time.mean" }
direction = "higher"
creep = { window = "soon", limit = "nan%" }
[[limit]]
id = "slope"
select = { benchmark = "sort", metric = "time" }
growth = { max_slope = -1 }
[[accepted]]
id = "a-1"
limit = "key"
level_before = "20ms"
by = "@lena"
expires = 2025-01-31
"#,
    );
    let said = project.plimsoll(&["check", "--lint"]);
    assert_eq!(said.code, 2);
    let all = format!("{}{}", said.out, said.err);
    for (code, place) in [
        ("owner-unknown", "4:9"),
        ("max-beyond-level", "8:7"),
        ("unknown-key", "9:1"),
        ("matches-nothing", "12:10"),
        ("unit-misfit", "17:7"),
        ("bad-percentile", "20:42"),
        ("warn-looser", "25:35"),
        ("sign-contradicts-direction", "25:11"),
        ("anchor-due", "29:49"),
        ("anchor-unknown", "29:9"),
        ("min-unattainable", "34:7"),
        ("bad-amount", "39:7"),
        ("contradictory-limits", "43:13"),
        ("bad-window", "44:20"),
        ("bad-percentage", "44:36"),
        ("by-missing", "48:10"),
        ("growth-of-what-varies", "48:10"),
        ("out-of-range", "48:24"),
        ("key-missing", "49:1"),
        ("acceptance-expired", "54:11"),
    ] {
        let mut lines = all.lines();
        let found = std::iter::from_fn(|| {
            lines
                .by_ref()
                .find(|line| line.contains(&format!("[{code}]")))?;
            lines.next()
        })
        .any(|line| line.ends_with(&format!("budgets/bad.toml:{place}")));
        assert!(found, "{code} at {place} is not in\n{all}");
    }
}

#[test]
fn an_acceptance_that_covers_nothing_is_said() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"125ms\"\n\
         [[accepted]]\nid = \"a-1\"\nlimit = \"time\"\nlevel_before = \"90ms\"\nceiling = \"+20%\"\n\
         reason = \"was slow\"\nby = \"@lena\"\nexpires = 2099-01-01\n",
    );
    let text = std::fs::read_to_string(project.path("budgets/parser.toml")).unwrap();
    // At most 180 days ahead, whenever this runs.
    let soon = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let soon = soon.checked_add(jiff::Span::new().days(60)).unwrap();
    project.write(
        "budgets/parser.toml",
        &text.replace("2099-01-01", &soon.to_string()),
    );
    project.history(8, &[("parse", 100.0)]);
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(at(&found, "findings/0/code"), "acceptance-unused");
}

/// A commit whose cost grows too fast, then one that changes nothing: whose is it?
fn too_fast_since(budget: &str, rules: &[&str]) {
    let mut project = Project::new();
    project.budget("orders", budget);
    let linear = |n: f64| 5.0 + 0.5 * n;
    let square = |n: f64| 5.0 + 0.01 * n * n;
    for run in 0..8 {
        project.commit(&format!("Linear {run}"));
        record_tagged(&mut project, run, &sizes(linear));
    }
    let culprit = project.commit("Compare every pair");
    for i in 0..3 {
        record_tagged(&mut project, 100 + i, &sizes(square));
    }
    for run in 9..22 {
        project.commit(&format!("Later {run}"));
        for i in 0..3 {
            record_tagged(&mut project, 100 + 3 * run + i, &sizes(square));
        }
        if run > 15 && run != 21 {
            continue;
        }
        // On the branch itself it is over, and the commit that brought it is named.
        let (code, found) = json(&project, &[]);
        assert_eq!(code, 1, "run {run}: {found:#}");
        // A change that came later only inherits it.
        let (inherited_code, inherited) = json(&project, &["--base", "HEAD~1"]);
        assert_eq!(inherited_code, 0, "run {run}: {inherited:#}");
        for rule in rules {
            assert_eq!(words(of(&found, rule)), ("over", None), "run {run}");
            assert_eq!(
                of(&found, rule)["introduced_by"],
                culprit.as_str(),
                "{rule} {run}"
            );
            assert_eq!(
                words(of(&inherited, rule)),
                ("inherited", None),
                "{rule} {run}"
            );
            assert_eq!(
                of(&inherited, rule)["introduced_by"],
                culprit.as_str(),
                "{rule} {run}"
            );
        }
    }
}

#[test]
fn complexity_and_scaling_blame_the_commit_that_brought_them_and_later_ones_inherit() {
    too_fast_since(
        "[[limit]]\nid = \"cost\"\nselect = { benchmark = \"list\", metric = \"time\", by = \"rows\" }\n\
         complexity = { exponent = 1.3 }\n\
         scaling = { by = \"rows\", from = 30, to = 300, max_ratio = 12 }\n",
        &["complexity", "scaling"],
    );
}

#[test]
fn a_max_that_main_broke_with_its_newest_commit_is_inherited() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"110ms\"\n",
    );
    project.history(8, &[("parse", 100.0)]);
    let culprit = project.commit("Slow");
    for _ in 0..3 {
        project.record(&[("parse", 130.0)]);
    }
    project.commit("Later");
    for _ in 0..3 {
        project.record(&[("parse", 130.0)]);
    }
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(words(of(&found, "max")), ("inherited", None));
    assert_eq!(of(&found, "max")["introduced_by"], culprit.as_str());
    let (code, found) = json(&project, &[]);
    assert_eq!(code, 1, "the branch itself is over: {found:#}");
    project.commit("Slower still");
    for _ in 0..3 {
        project.record(&[("parse", 160.0)]);
    }
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!(code, 1, "what a change adds is its own: {found:#}");
    assert_eq!(words(of(&found, "max")), ("over", None));
}

/// Accepts what HEAD brought, and says what a check says then.
fn accept_head(project: &Project, name: &str) -> Value {
    let said = project.plimsoll(&["accept", "HEAD", "--reason", "for now", "--by", "@ann"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains(name), "{}", said.out);
    let (code, found) = json(project, &["--base", "HEAD~1"]);
    assert_eq!(code, 0, "{found:#}");
    found
}

#[test]
fn growth_is_accepted_up_to_its_ceiling_but_not_from_nothing() {
    let mut project = Project::new();
    let budget = "[[limit]]\nid = \"queries\"\nselect = { benchmark = \"orders\", metric = \"db.queries\", by = \"rows\" }\n\
         deterministic = true\ngrowth = { max_slope = 0 }\n";
    project.budget("orders", budget);
    for run in 0..6 {
        project.commit(&format!("Flat {run}"));
        record_queries(&mut project, run, 0);
    }
    project.commit("Fetch each row");
    record_queries(&mut project, 6, 1);
    let said = project.plimsoll(&["accept", "HEAD", "--reason", "for now", "--by", "@ann"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.err.contains("orders/queries is 0") && said.err.contains("raise the limit"),
        "{}",
        said.err
    );
    project.budget("orders", &budget.replace("max_slope = 0", "max_slope = 1"));
    project.commit("Allow one a row");
    record_queries(&mut project, 7, 1);
    project.commit("Fetch twice");
    record_queries(&mut project, 8, 2);
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!((code, words(of(&found, "growth"))), (1, ("over", None)));
    let found = accept_head(&project, "level_before = \"1\"\n  ceiling = \"+100%\"");
    assert_eq!(words(of(&found, "growth")), ("accepted", None));
    project.commit("Fetch thrice");
    record_queries(&mut project, 9, 3);
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!((code, words(of(&found, "growth"))), (1, ("over", None)));
    assert_eq!(found["findings"][0]["code"], "acceptance-exceeded");
}

#[test]
fn an_exponent_and_a_ratio_are_accepted_up_to_their_ceilings() {
    let mut project = Project::new();
    project.budget(
        "orders",
        "[[limit]]\nid = \"cost\"\nselect = { benchmark = \"list\", metric = \"time\", by = \"rows\" }\n\
         complexity = { exponent = 1.3, regress = \"+0.2\" }\n\
         [[limit]]\nid = \"ratio\"\nselect = { benchmark = \"list\", metric = \"time\", by = \"rows\" }\n\
         scaling = { by = \"rows\", from = 30, to = 300, max_ratio = 12 }\n",
    );
    for run in 0..8 {
        project.commit(&format!("Linear {run}"));
        record_tagged(&mut project, run, &sizes(|n| 5.0 + 0.5 * n));
    }
    project.commit("Compare many pairs");
    for i in 0..3 {
        record_tagged(&mut project, 100 + i, &sizes(|n| 5.0 + 0.05 * n.powf(1.6)));
    }
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!(code, 1, "{found:#}");
    let found = accept_head(&project, "rule = \"complexity\"");
    let limits = at(&found, "limits").as_array().unwrap();
    let accepted = limits.iter().filter(|l| l["verdict"] == "accepted").count();
    assert_eq!(accepted, 3, "{found:#}");
    project.commit("Compare every pair");
    for i in 0..3 {
        record_tagged(&mut project, 200 + i, &sizes(|n| 5.0 + 0.01 * n * n));
    }
    let (code, found) = json(&project, &["--base", "HEAD~1"]);
    assert_eq!(code, 1, "{found:#}");
    assert_eq!(words(of(&found, "scaling")), ("over", None));
    assert_eq!(words(of(&found, "complexity")), ("over", None));
    let findings = at(&found, "findings").as_array().unwrap();
    let exceeded = findings
        .iter()
        .filter(|f| f["code"] == "acceptance-exceeded");
    assert_eq!(exceeded.count(), 2, "{findings:#?}");
}

#[test]
fn what_main_broke_lately_with_single_runs_is_inherited() {
    for commits in 1..=6 {
        let mut project = Project::new();
        project.budget(
            "orders",
            "[[limit]]\nid = \"ratio\"\nselect = { benchmark = \"list\", metric = \"time\", by = \"rows\" }\n\
             scaling = { by = \"rows\", from = 30, to = 300, max_ratio = 12 }\n\
             [[limit]]\nid = \"most\"\nselect = { benchmark = \"list\", metric = \"time\", tags = { rows = \"300\" } }\n\
             max = \"500ms\"\n",
        );
        for run in 0..14 {
            project.commit(&format!("Linear {run}"));
            record_tagged(&mut project, run, &sizes(|n| 5.0 + 0.5 * n));
        }
        let culprit = project.commit("Compare every pair");
        record_tagged(&mut project, 20, &sizes(|n| 5.0 + 0.01 * n * n));
        for run in 1..commits {
            project.commit(&format!("Later {run}"));
            record_tagged(&mut project, 20 + run, &sizes(|n| 5.0 + 0.01 * n * n));
        }
        project.git(&["checkout", "--quiet", "-b", "topic"]);
        project.commit("Innocent");
        record_tagged(&mut project, 30, &sizes(|n| 5.0 + 0.01 * n * n));
        let (code, found) = json(&project, &["--base", "main"]);
        assert_eq!(code, 0, "{commits}: {found:#}");
        for rule in ["scaling", "max"] {
            assert_eq!(
                words(of(&found, rule)),
                ("inherited", None),
                "{rule} {commits}"
            );
            assert_eq!(
                of(&found, rule)["introduced_by"],
                culprit.as_str(),
                "{rule} {commits}"
            );
        }
    }
}

#[test]
fn an_exact_counter_has_neither_interval_nor_noise() {
    let mut project = Project::new();
    project.budget(
        "orders",
        "[[limit]]\nid = \"queries\"\nselect = { benchmark = \"orders\", metric = \"db.queries\", tags = { rows = \"50\" } }\n\
         deterministic = true\nmax = \"20 queries\"\nregress = { limit = \"+0%\" }\n",
    );
    for run in 0..6 {
        project.commit(&format!("Flat {run}"));
        record_queries(&mut project, run, 0);
    }
    project.commit("Fetch each row");
    record_queries(&mut project, 6, 1);
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(!said.out.contains(" … "), "{}", said.out);
    assert!(!said.out.contains('±'), "{}", said.out);
    assert!(!said.out.contains("53.0"), "{}", said.out);
    let log = project.plimsoll(&["log", "orders/queries"]);
    assert!(!log.out.contains(", noise"), "{}", log.out);
}

#[test]
fn what_a_broken_guard_of_another_limit_stands_before_is_no_improvement() {
    let mut project = Project::new();
    let limit = |id: &str, more: &str| {
        format!(
            "[[limit]]\nid = \"{id}\"\nselect = {{ benchmark = \"pay\", metric = \"time\" }}\n{more}\n"
        )
    };
    project.budget(
        "pay",
        &(limit("change", "regress = { limit = \"+5%\" }")
            + &limit(
                "level",
                "max = \"1s\"\nguard = { metric = \"error_rate\", max = \"1%\" }",
            )),
    );
    let record = |project: &mut Project, run: usize, ms: f64, errors: f64| {
        let wobble = 1.0 + 0.002 * ((run * 7) % 5) as f64;
        let text = format!(
            "benchmark,metric,value,unit,direction\npay,time,{},ns,lower\npay,error_rate,{errors},ratio,lower\n",
            ms * 1e6 * wobble
        );
        let file = project.write(&format!("results/pay-{run}.csv"), &text);
        let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    };
    for run in 0..24 {
        project.commit(&format!("Change {run}"));
        record(&mut project, run, 100.0, 0.001);
    }
    project.commit("Fail fast");
    for run in 24..27 {
        record(&mut project, run, 50.0, 0.4);
    }
    let (_, found) = json(&project, &[]);
    let change = of(&found, "regress");
    assert_eq!(change["improved"], false, "{change:#}");
}

#[test]
fn the_ledger_of_a_creep_holds_what_no_commit_explains() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nregress = { limit = \"+5%\" }\n",
    );
    for i in 0..40 {
        project.commit(&format!("Change {i}"));
        project.record(&[("parse", 100.0 * (1.0 + 0.0015 * f64::from(i)))]);
    }
    let log = project.plimsoll(&["log", "parser/time"]);
    // The first amount of a line, in ms.
    let amount = |line: &str| -> f64 {
        let mut words = line.split_whitespace();
        let number = words.next().unwrap().replace('\u{2212}', "-");
        let number: f64 = number.trim_start_matches('+').parse().unwrap();
        if words.next() == Some("µs") {
            number / 1e3
        } else {
            number
        }
    };
    let of = |what: &str| amount(log.out.lines().find(|line| line.contains(what)).unwrap());
    let (opening, now) = (of("  opening level"), of("  present level"));
    assert!(now - opening > 3.5, "{}", log.out);
    let steps = log
        .out
        .lines()
        .filter(|line| line.contains("likely  ") || line.contains("unsure  "));
    let steps: f64 = steps.map(amount).sum();
    let rest = of("  not explained by a single commit");
    assert!(rest > 0.1, "{}", log.out);
    // Both levels are shown in whole milliseconds.
    assert!((opening + steps + rest - now).abs() <= 1.0, "{}", log.out);
}

#[test]
fn an_outlier_just_before_a_slow_change_does_not_take_the_blame() {
    for (outliers, word) in [([7, 15].as_slice(), "over"), ([].as_slice(), "inherited")] {
        let mut project = Project::new();
        project.budget(
            "parser",
            "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nregress = { limit = \"+5%\" }\n",
        );
        for i in 0..24 {
            project.commit(&format!("Change {i}"));
            // The newest commit of the base is about as far off as the change that follows.
            let off = i == 23 || outliers.contains(&i);
            project.record(&[("parse", if off { 126.0 } else { 100.0 })]);
        }
        let head = project.commit("Slow, or not");
        for _ in 0..3 {
            project.record(&[("parse", 131.0)]);
        }
        let (_, found) = json(&project, &["--base", "HEAD~1"]);
        let regress = of(&found, "regress");
        assert_eq!(words(regress).0, word, "{regress:#}");
        assert_eq!(regress["introduced_by"] == head.as_str(), word == "over");
    }
}
