//! The rules of a budget beside `max` and `regress`, as their user meets them.
#![allow(
    clippy::unwrap_used,
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
