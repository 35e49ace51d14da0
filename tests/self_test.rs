//! `plimsoll check --self-test`: what a budget would do.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user, clock included"
)]

mod support;

use support::{Project, at};

fn limit(regress: &str) -> String {
    format!(
        "\n[[limit]]\nid = \"time\"\nselect = {{ benchmark = \"parse\" }}\nregress = {{ vs = \"base\", limit = \"{regress}\" }}\n"
    )
}

#[test]
fn a_limit_far_above_the_noise_is_enforceable_and_one_inside_it_is_not() {
    let mut project = Project::new();
    project.budget("wide", &limit("+10%"));
    project.budget("narrow", &limit("+0.1%"));
    project.history(20, &[("parse", 100.0)]);
    let runs = project.stored_runs();
    let said = project.plimsoll(&["check", "--self-test"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!("self_test", said.out);
    let json = project
        .plimsoll(&["check", "--self-test", "--format", "json"])
        .out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of = |name: &str| {
        let limits = at(&json, "limits").as_array().unwrap();
        limits
            .iter()
            .find(|l| l["feature"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(of("wide")["unenforceable"], false);
    assert_eq!(of("wide")["false_red"], 0.0);
    assert_eq!(of("narrow")["unenforceable"], true);
    assert_eq!(project.stored_runs(), runs, "nothing is recorded");
}

#[test]
fn a_short_history_is_not_tested_and_said_to_be_short() {
    let mut project = Project::new();
    project.budget("wide", &limit("+10%"));
    project.history(4, &[("parse", 100.0)]);
    let said = project.plimsoll(&["check", "--self-test"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("not tested: none of 1 series"),
        "{}",
        said.out
    );
}

#[test]
fn a_limit_that_asks_for_more_runs_than_there_are_is_not_called_noisy() {
    let mut project = Project::new();
    for (feature, min) in [("runs", "runs = 3"), ("points", "points = 30")] {
        let limit = limit("+10%");
        project.budget(feature, &format!("{limit}min = {{ {min} }}\n"));
    }
    project.history(20, &[("parse", 100.0)]);
    let said = project.plimsoll(&["check", "--self-test"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains("the noise hides"), "{}", said.out);
    for reason in [
        "unenforceable: commits have fewer runs than its `min` asks for",
        "unenforceable: the present regime has fewer commits than its `min` asks for",
    ] {
        assert_eq!(said.out.matches(reason).count(), 1, "{}", said.out);
    }
    let json = project
        .plimsoll(&["check", "--self-test", "--format", "json"])
        .out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let reasons: Vec<_> = at(&json, "limits").as_array().unwrap().iter().collect();
    let reasons: Vec<_> = reasons.iter().map(|l| &l["not_judged"]["reason"]).collect();
    assert_eq!(reasons, ["learning", "too-few-runs"]);
}

#[test]
fn the_change_that_is_judged_is_no_part_of_the_history_that_is_drawn_from() {
    let mut project = Project::new();
    project.budget("wide", &limit("+10%"));
    project.history(20, &[("parse", 100.0)]);
    let before = project.plimsoll(&["check", "--self-test"]).out;
    project.git(&["checkout", "--quiet", "-b", "topic"]);
    project.commit("Slower");
    for _ in 0..3 {
        project.record(&[("parse", 140.0)]);
    }
    let said = project.plimsoll(&["check", "--self-test", "--base", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out, before);
}
