//! Whole outputs of rules over time that need a history of their own: a drift across a change of
//! the machine, and the day on which a limit is reached.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user"
)]

mod support;

use plimsoll::model::CommitId;
use plimsoll::store::{NewRun, Store};
use support::Project;

/// Stores the run `index` again as if the new machine, 1.4 times as slow, had made it.
fn on_new_machine(project: &Project, commit: &str, index: usize, factor: f64) {
    let db = project.path(".git/plimsoll/history.db");
    let mut store = Store::open(&db).unwrap();
    let rows = store.runs().unwrap();
    let mut run = store.run(&rows[index]).unwrap();
    run.commit = CommitId::new(commit).unwrap();
    let facts = &mut run.environment.facts;
    facts.insert("cpu".into(), "another model".into());
    for m in &mut run.measurements {
        m.value *= 1.4 * factor;
    }
    let new = NewRun {
        run: &run,
        commit: None,
    };
    store.append(&[new], jiff::Timestamp::UNIX_EPOCH).unwrap();
}

/// Without the name of the machine, which differs from machine to machine.
fn check(project: &Project) -> String {
    project.plimsoll(&["check"]).out
}

#[test]
fn a_drift_across_a_change_of_the_machine_needs_one_commit_on_both() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\n\
         drift = { vs = \"tag:v1\", limit = \"+8%\" }\n",
    );
    project.history(24, &[("parse", 100.0)]);
    project.git(&["tag", "v1", "HEAD~12"]);
    let old_head = project.git(&["rev-parse", "HEAD"]);
    let mut newest = Vec::new();
    for i in 0..24 {
        newest.push(project.commit(&format!("On the new machine {i}")));
    }
    // 25 % slower since the machine changed, which is the software's.
    for (i, commit) in newest.iter().enumerate() {
        on_new_machine(&project, commit, i, 1.25);
    }
    insta::assert_snapshot!("drift_across_machines_unlinked", check(&project));
    // The last commit of the old machine, measured once on the new one, links the two.
    on_new_machine(&project, &old_head, 23, 1.0);
    insta::assert_snapshot!("drift_across_machines_linked", check(&project));
}

#[test]
fn the_day_on_which_a_limit_is_reached_is_said_with_its_interval() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"125ms\"\n",
    );
    for day in 1..=28 {
        project.write("src.txt", &format!("{day}\n"));
        project.git(&["add", "--all"]);
        let date = format!("2026-09-{day:02}T12:00:00Z");
        let dates = [
            ("GIT_AUTHOR_DATE", date.as_str()),
            ("GIT_COMMITTER_DATE", date.as_str()),
        ];
        let args = ["commit", "--quiet", "--message", "One a day"];
        let said = project.run_in(project.root(), "git", &args, &dates);
        assert_eq!(said.code, 0, "{}", said.err);
        project.record(&[("parse", 100.0 + 0.5 * f64::from(day))]);
    }
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out
            .contains("at the present rate its limit is reached on 2026-10-"),
        "{}",
        said.out
    );
    insta::assert_snapshot!("exhaustion", said.out);
    // The level that is judged is where the creep has come to, as in every other output.
    let log = project.plimsoll(&["log", "parser/time"]).out;
    assert!(said.out.contains("headroom 13.2 ms"), "{}", said.out);
    assert!(log.contains("13.2 ms  headroom"), "{log}");
    assert!(log.contains("89 % of its limit is used"), "{log}");
}
