//! `plimsoll accept` as its user runs it, and acceptances through squash, rebase and amend.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user"
)]

mod support;

use serde_json::Value;
use support::{Project, at};

const LIMIT: &str = "# what the team promised\n[[limit]]\nid = \"time\"   # wall time\n\
    select = { benchmark = \"parse\" }\nregress = { limit = \"+5%\" }\n";

const REASON: &str = "the audit log must be \"synchronous\"";

fn json(project: &Project, args: &[&str]) -> (i32, Value) {
    let mut all = vec!["check", "--format", "json"];
    all.extend(args);
    let said = project.plimsoll(&all);
    let found = serde_json::from_str(&said.out)
        .unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err));
    (said.code, found)
}

fn word(json: &Value) -> &str {
    at(json, "limits/0/verdict").as_str().unwrap()
}

fn codes(said: &Value) -> Vec<&str> {
    at(said, "findings")
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

/// Three runs of the present commit.
fn thrice(project: &mut Project, ms: f64) {
    for _ in 0..3 {
        project.record(&[("parse", ms)]);
    }
}

fn accept(project: &Project, change: &str) {
    let said = project.plimsoll(&["accept", change, "--reason", REASON, "--by", "@lena"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

/// A history of 100 ms on main, and on a branch a commit of 112 ms.
fn slow_branch() -> (Project, String) {
    let mut project = Project::new();
    project.budget("parser", LIMIT);
    project.history(9, &[("parse", 100.0)]);
    project.git(&["checkout", "--quiet", "-b", "audit"]);
    let slow = project.commit("Audit every transfer");
    thrice(&mut project, 112.0);
    assert_eq!(json(&project, &[]).0, 1, "the change is over");
    (project, slow)
}

/// Takes out what depends on the day and on the commit's id.
fn redact(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let key = line.trim_start().split(" = ").next().unwrap_or_default();
        let line = match key {
            "created" | "expires" => format!("  {key} = [DATE]"),
            _ => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[test]
fn an_acceptance_is_written_bounded_and_said() {
    let (project, slow) = slow_branch();
    let before = std::fs::read_to_string(project.path("budgets/parser.toml")).unwrap();
    let said = project.plimsoll(&[
        "accept",
        &slow[..8],
        "--reason",
        REASON,
        "--by",
        "@lena",
        "--issue",
        "PAY-812",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let after = std::fs::read_to_string(project.path("budgets/parser.toml")).unwrap();
    assert!(after.starts_with(&before), "{after}");
    insta::assert_snapshot!("accept_written", redact(&said.out));
    let (code, found) = json(&project, &[]);
    assert_eq!((code, word(&found)), (0, "accepted"), "{found:#}");
    assert_eq!(at(&found, "limits/0/accepted/by"), "@lena");
    let again = project.plimsoll(&["accept", "HEAD", "--reason", REASON, "--by", "@lena"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("accepted already: a-"), "{}", again.err);
}

#[test]
fn what_cannot_be_accepted_is_refused_and_nothing_is_written() {
    let (project, _) = slow_branch();
    let file = project.path("budgets/parser.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let refused = |args: &[&str], word: &str| {
        let mut all = vec!["accept"];
        all.extend(args);
        let said = project.plimsoll(&all);
        assert_eq!(said.code, 2, "{args:?}: {}", said.out);
        assert!(said.err.contains(word), "{args:?}: {}", said.err);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    };
    let by = ["--by", "@lena"];
    let with =
        |args: &[&'static str]| -> Vec<&'static str> { args.iter().chain(&by).copied().collect() };
    refused(&with(&["HEAD", "--reason", " "]), "needs a reason");
    refused(&["HEAD", "--reason", "x"], "--by");
    refused(
        &with(&["HEAD~1", "--reason", "x"]),
        "nothing is over because of",
    );
    refused(&with(&["nowhere", "--reason", "x"]), "nowhere");
    refused(
        &with(&["HEAD", "--reason", "x", "--limit", "space"]),
        "in space",
    );
    refused(&with(&["HEAD", "--reason", "x", "--until", "181d"]), "180");
    refused(&with(&["HEAD", "--reason", "x", "--until", "soon"]), "60d");
    refused(
        &with(&["HEAD", "--reason", "x", "--until", "2020-01-01"]),
        "passed",
    );
    refused(
        &with(&["HEAD", "--reason", "x", "--ceiling", "+7%"]),
        "at least --ceiling +1",
    );
    refused(
        &with(&["HEAD", "--reason", "x", "--ceiling", "+100000%"]),
        "would accept whatever comes next, not this change; write at most --ceiling +1",
    );
}

/// What main says after the branch has reached it, then after an innocent commit, and after a second
/// change that goes beyond the ceiling.
fn main_accepts_it_and_not_more(project: &mut Project, how: &str) {
    let (code, found) = json(project, &[]);
    assert_eq!((code, word(&found)), (0, "accepted"), "{how}: {found:#}");
    project.commit("Innocent");
    thrice(project, 112.0);
    let (code, found) = json(project, &[]);
    assert_eq!(code, 0, "{how}: {found:#}");
    project.commit("Another slow change");
    thrice(project, 121.0);
    let (code, found) = json(project, &[]);
    assert_eq!((code, word(&found)), (1, "over"), "{how}: {found:#}");
    assert!(
        codes(&found).contains(&"acceptance-exceeded"),
        "{how}: {found:#}"
    );
}

#[test]
fn an_acceptance_survives_a_squash_merge() {
    let (mut project, slow) = slow_branch();
    accept(&project, &slow);
    project.commit("Accept it");
    thrice(&mut project, 112.0);
    assert_eq!(word(&json(&project, &[]).1), "accepted", "on the branch");
    project.git(&["checkout", "--quiet", "main"]);
    project.git(&["merge", "--quiet", "--squash", "audit"]);
    project.commit("Audit every transfer (#7)");
    thrice(&mut project, 112.0);
    main_accepts_it_and_not_more(&mut project, "squash");
}

#[test]
fn an_acceptance_survives_a_rebase() {
    let (mut project, slow) = slow_branch();
    accept(&project, &slow);
    project.git(&["commit", "--quiet", "--all", "--message", "Accept it"]);
    project.git(&["checkout", "--quiet", "main"]);
    project.write("other.txt", "moved on");
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message", "Main moves on"]);
    thrice(&mut project, 100.0);
    project.git(&["checkout", "--quiet", "audit"]);
    project.git(&["rebase", "--quiet", "main"]);
    // Both commits have new ids; the slow one is measured apart from the one with the entry.
    project.git(&["checkout", "--quiet", "HEAD~1"]);
    thrice(&mut project, 112.0);
    project.git(&["checkout", "--quiet", "main"]);
    project.git(&["merge", "--quiet", "--ff-only", "audit"]);
    thrice(&mut project, 112.0);
    main_accepts_it_and_not_more(&mut project, "rebase");
}

#[test]
fn an_acceptance_survives_an_amend() {
    let (mut project, slow) = slow_branch();
    accept(&project, &slow);
    project.git(&["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    thrice(&mut project, 112.0);
    let (code, found) = json(&project, &[]);
    assert_eq!((code, word(&found)), (0, "accepted"), "{found:#}");
    project.git(&["checkout", "--quiet", "main"]);
    project.git(&["merge", "--quiet", "--ff-only", "audit"]);
    main_accepts_it_and_not_more(&mut project, "amend");
}

#[test]
fn a_later_change_of_the_same_limit_is_not_covered_though_below_the_ceiling() {
    let (mut project, slow) = slow_branch();
    accept(&project, &slow);
    project.commit("Accept it");
    project.git(&["checkout", "--quiet", "main"]);
    project.git(&["merge", "--quiet", "--squash", "audit"]);
    project.commit("Audit every transfer (#7)");
    thrice(&mut project, 112.0);
    project.history(9, &[("parse", 112.0)]);
    project.commit("Mend it");
    project.record(&[("parse", 100.0)]);
    project.history(12, &[("parse", 100.0)]);
    project.commit("Slow again");
    thrice(&mut project, 111.0);
    let (code, found) = json(&project, &[]);
    assert_eq!((code, word(&found)), (1, "over"), "{found:#}");
    assert!(
        codes(&found).contains(&"acceptance-of-another-change"),
        "{found:#}"
    );
}

#[test]
fn each_series_of_a_limit_has_an_entry_of_its_own_and_crlf_stays() {
    let mut project = Project::new();
    project.budget("parser", &LIMIT.replace("\"parse\"", "\"*\""));
    let file = project.path("budgets/parser.toml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace('\n', "\r\n");
    std::fs::write(&file, text.trim_end()).unwrap();
    project.history(9, &[("parse", 100.0), ("sort", 10.0)]);
    project.commit("Slow");
    for _ in 0..3 {
        project.record(&[("parse", 115.0), ("sort", 12.0)]);
    }
    accept(&project, "HEAD");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches("[[accepted]]").count(), 2, "{text}");
    assert!(text.contains("series = \"sort:time@ci\""), "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let (code, found) = json(&project, &[]);
    assert_eq!((code, word(&found)), (0, "accepted"), "{found:#}");
    // What was accepted for one series covers no other.
    for _ in 0..3 {
        project.record(&[("parse", 115.0), ("sort", 20.0)]);
    }
    project.commit("Slower");
    for _ in 0..3 {
        project.record(&[("parse", 115.0), ("sort", 20.0)]);
    }
    assert_eq!(json(&project, &[]).0, 1);
}

#[test]
fn an_expired_acceptance_covers_nothing() {
    let (project, _) = slow_branch();
    let mut text = std::fs::read_to_string(project.path("budgets/parser.toml")).unwrap();
    text.push_str(
        "[[accepted]]\nid = \"a-1\"\nlimit = \"time\"\nlevel_before = \"100 ms\"\n\
         ceiling = \"+15%\"\nreason = \"x\"\nby = \"@lena\"\nexpires = 2026-01-31\n",
    );
    project.write("budgets/parser.toml", &text);
    let (code, found) = json(&project, &[]);
    assert_eq!((code, word(&found)), (1, "over"));
    assert!(codes(&found).contains(&"acceptance-expired"), "{found:#}");
}
