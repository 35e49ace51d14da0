//! `ratchet`: a limit that has been beaten for long is proposed tighter, as a patch.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use support::{Project, at};

const BUDGET: &str = "schema = 1
[feature]
name  = \"parser\" # whose parser
owner = \"@acme/parser\"

[[limit]]
id      = \"time\"
select  = { benchmark = \"parse\" }
regress = { limit = \"+5%\" }
# Agreed with the editor team.
max     = \"250 ms\"  # was 300 ms
ratchet = { after = 10, floor = \"80ms\" }
";

fn fast(commits: usize) -> Project {
    let mut project = Project::new();
    project.write("budgets/parser.toml", BUDGET);
    project.history(6, &[("parse", 200.0)]);
    project.history(commits, &[("parse", 100.0)]);
    project
}

/// What `plimsoll check --ratchet | git apply` does.
fn apply(project: &Project, patch: &str) {
    let mut git = Command::new("git")
        .arg("apply")
        .current_dir(project.root())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin
        .take()
        .unwrap()
        .write_all(patch.as_bytes())
        .unwrap();
    assert!(git.wait().unwrap().success(), "{patch}");
}

#[test]
fn a_limit_beaten_for_long_is_proposed_tighter_and_the_patch_applies() {
    let mut project = fast(12);
    let table = project.plimsoll(&["check"]);
    assert_eq!(table.code, 0, "{}{}", table.out, table.err);
    insta::assert_snapshot!("ratchet_table", table.out);
    let only = project.plimsoll(&["check", "--ratchet"]);
    assert_eq!(only.code, 0);
    insta::assert_snapshot!("ratchet_patch", only.out);
    let markdown = project.plimsoll(&["check", "--format", "markdown"]).out;
    assert!(markdown.contains("1 limit can be tighter"), "{markdown}");
    assert!(
        markdown.contains("```diff\n--- a/budgets/parser.toml"),
        "{markdown}"
    );
    let json = project.plimsoll(&["check", "--format", "json"]).out;
    let json = serde_json::from_str(&json).unwrap();
    assert_eq!(at(&json, "ratchet/patch"), &only.out);
    apply(&project, &only.out);
    let text = std::fs::read_to_string(project.path("budgets/parser.toml")).unwrap();
    let lines: Vec<(&str, &str)> = BUDGET
        .lines()
        .zip(text.lines())
        .filter(|(was, is)| was != is)
        .collect();
    assert_eq!(
        lines,
        [(
            "max     = \"250 ms\"  # was 300 ms",
            "max     = \"103 ms\"  # was 300 ms"
        )]
    );
    // The tighter limit is met, and nothing more is asked for, now and at the next commits.
    for _ in 0..3 {
        let after = project.plimsoll(&["check", "--ratchet"]);
        assert_eq!((after.code, after.out.as_str()), (0, ""), "{}", after.err);
        assert!(after.err.contains("nothing to tighten"), "{}", after.err);
        assert_eq!(project.plimsoll(&["check", "--strict"]).code, 0);
        project.history(1, &[("parse", 100.0)]);
    }
}

#[test]
fn a_level_that_has_not_stood_is_not_proposed() {
    let project = fast(7);
    let said = project.plimsoll(&["check", "--ratchet"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""));
    assert!(!project.plimsoll(&["check"]).out.contains("ratchet"));
}

#[test]
fn a_change_on_a_branch_does_not_hide_what_its_base_has_earned() {
    let mut project = fast(12);
    project.git(&["checkout", "--quiet", "-b", "feature"]);
    project.history(1, &[("parse", 100.0)]);
    let said = project.plimsoll(&["check", "--ratchet", "--base", "main"]);
    assert!(said.out.contains("+max     = \"103 ms\""), "{}", said.out);
    // A change that is slower is no time to tighten.
    project.history(1, &[("parse", 140.0)]);
    let said = project.plimsoll(&["check", "--ratchet", "--base", "main"]);
    assert_eq!(said.out, "");
}

#[test]
fn no_limit_becomes_tighter_than_its_floor() {
    let project = fast(12);
    let text = BUDGET.replace("80ms", "0.12s");
    project.write("budgets/parser.toml", &text);
    let said = project.plimsoll(&["check", "--ratchet"]);
    assert!(said.out.contains("+max     = \"120 ms\""), "{}", said.out);
    project.write("budgets/parser.toml", &BUDGET.replace("80ms", "250ms"));
    assert_eq!(project.plimsoll(&["check", "--ratchet"]).out, "");
}

#[test]
fn all_series_of_a_limit_keep_their_room_those_of_other_environments_too() {
    let mut project = Project::new();
    let text = BUDGET.replace("\"parse\"", "\"p*\"");
    project.write("budgets/parser.toml", &text);
    project.history(14, &[("parse", 100.0), ("print", 150.0)]);
    let said = project.plimsoll(&["check", "--ratchet"]);
    assert!(said.out.contains("+max     = \"155 ms\""), "{}", said.out);
    let slow = project.hyperfine(&[("parse", 230.0)]);
    project.plimsoll(&["record", "--env", "old-laptop", slow.to_str().unwrap()]);
    let said = project.plimsoll(&["check", "--ratchet", "--env", "ci"]);
    assert!(said.out.contains("+max     = \"23"), "{}", said.out);
}

#[test]
fn where_higher_is_better_the_least_value_rises() {
    let mut project = Project::new();
    project.write(
        "budgets/parser.toml",
        "schema = 1\n[feature]\nname = \"parser\"\nowner = \"@acme/parser\"\n[[limit]]\nid = \"hits\"\n\
         select = { benchmark = \"cache\" }\ndirection = \"higher\"\nmax = 100\n\
         ratchet = { after = 5, floor = 140 }\n",
    );
    for run in 0..8 {
        project.commit(&format!("Change {run}"));
        let file = project.write(
            &format!("results/{run}.json"),
            &format!(
                "[{{\"name\": \"cache\", \"unit\": \"hits\", \"value\": {}}}]",
                200 + run % 2
            ),
        );
        let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let said = project.plimsoll(&["check", "--ratchet"]);
    assert!(
        said.out.contains("-max = 100\n+max = 140\n"),
        "{} {}",
        said.out,
        said.err
    );
}
