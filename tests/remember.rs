//! What is kept between checks saves work and never gives a stale verdict.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use std::path::PathBuf;
use support::Project;

const LIMITS: &str = r#"
[[limit]]
id = "time"
select = { benchmark = "parse" }
max = "125ms"
regress = { vs = "base", limit = "+5%" }
drift = { vs = "tag:v1", limit = "+50%" }
"#;
const MARK: &str = "remembered";

fn scene() -> Project {
    let mut project = Project::new();
    project.budget("parse", LIMITS);
    project.history(4, &[("parse", 100.0), ("sort", 40.0)]);
    project.git(&["tag", "v1"]);
    project.history(6, &[("parse", 100.0), ("sort", 40.0)]);
    project
}

fn kept(project: &Project) -> PathBuf {
    project.path(".git/plimsoll/history.db.cache/answer.json")
}

/// Marks the kept answer, so that it can be told from one that is made anew.
fn mark(project: &Project) {
    let bytes = std::fs::read(kept(project)).unwrap();
    let (frame, body) = bytes.split_at(52);
    let text = String::from_utf8(body.to_vec()).unwrap();
    let marked = text.replacen("plimsoll.check/1", MARK, 1);
    assert_ne!(text, marked);
    let mut out = frame[..48].to_vec();
    out.extend_from_slice(&crc32fast::hash(marked.as_bytes()).to_le_bytes());
    out.extend_from_slice(marked.as_bytes());
    std::fs::write(kept(project), out).unwrap();
}

fn check(project: &Project, more: &[&str]) -> (i32, String) {
    let mut args = vec!["check", "--format", "json"];
    args.extend(more);
    let said = project.plimsoll(&args);
    (said.code, said.out + &said.err)
}

/// After a change the answer is what a check without any memory gives.
fn stays_true(project: &Project, what: &str, more: &[&str]) {
    let (code, out) = check(project, more);
    assert!(!out.contains(MARK), "{what}: a stale answer");
    let mut fresh = vec!["--fresh"];
    fresh.extend(more);
    assert_eq!((code, out), check(project, &fresh), "{what}");
}

/// Makes sure that the present answer is kept, and marks it.
fn keep(project: &Project) {
    let before = check(project, &[]);
    mark(project);
    let (code, again) = check(project, &[]);
    assert_eq!(code, before.0);
    assert_eq!(again.replacen(MARK, "plimsoll.check/1", 1), before.1);
    assert!(again.contains(MARK), "the answer was not kept");
}

#[test]
fn an_unchanged_check_is_answered_from_what_is_kept() {
    let project = scene();
    keep(&project);
    let (_, fresh) = check(&project, &["--fresh"]);
    assert!(!fresh.contains(MARK));
}

#[test]
fn the_time_is_that_of_this_check() {
    let project = scene();
    let first = project.plimsoll(&["check"]);
    assert!(first.out.contains("series, [TIME]"), "{}", first.out);
    assert_eq!(project.plimsoll(&["check"]).out, first.out);
}

#[test]
fn nothing_that_changes_leaves_a_stale_answer() {
    let mut project = scene();
    keep(&project);

    project.record(&[("parse", 100.0), ("sort", 40.0)]);
    stays_true(&project, "another run of the same commit", &[]);
    keep(&project);

    stays_true(&project, "an option", &["--strict"]);
    stays_true(&project, "a base", &["--base", "HEAD~3"]);
    stays_true(&project, "another commit", &["--commit", "HEAD~1"]);
    stays_true(&project, "a label", &["--env", "ci"]);
    stays_true(&project, "another way of control", &["--control", "holm"]);
    keep(&project);

    project.budget("parse", &LIMITS.replace("125ms", "90ms"));
    stays_true(&project, "a tighter limit", &[]);
    assert_eq!(check(&project, &[]).0, 1);
    keep(&project);

    project.budget(
        "sort",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"sort\" }\nmax = \"1s\"\n",
    );
    stays_true(&project, "one more budget", &[]);
    keep(&project);
    std::fs::remove_file(project.path("budgets/sort.toml")).unwrap();
    stays_true(&project, "one budget less", &[]);
    keep(&project);

    project.git(&["tag", "--force", "v1", "HEAD~2"]);
    stays_true(&project, "a tag that moved", &[]);
    keep(&project);

    project.write("CODEOWNERS", "* @acme/somebody\n");
    stays_true(&project, "owners", &[]);
    keep(&project);

    project.write(
        "plimsoll.toml",
        "[[rename]]\nfrom = { benchmark = \"sort\" }\nto = { benchmark = \"order\" }\n",
    );
    stays_true(&project, "a rename", &[]);
    keep(&project);

    project.commit("Make it slower");
    stays_true(&project, "a commit without results", &[]);
    for _ in 0..3 {
        project.record(&[("parse", 130.0), ("sort", 40.0)]);
        stays_true(&project, "results of the new commit", &[]);
    }
    keep(&project);

    let runs = project.path("runs");
    let runs = runs.to_str().unwrap();
    assert_eq!(project.plimsoll(&["export", "--runs", runs]).code, 0);
    let other = project.path("other.db");
    let other = other.to_str().unwrap();
    assert_eq!(
        project
            .plimsoll(&["--db", other, "import", "--runs", runs])
            .code,
        0
    );
    let elsewhere = |more: &[&str]| {
        let said =
            project.plimsoll(&[&["--db", other, "check", "--format", "json"], more].concat());
        (said.code, said.out + &said.err)
    };
    let found = elsewhere(&[]);
    assert!(!found.1.contains(MARK), "another database: a stale answer");
    assert_eq!(found, elsewhere(&["--fresh"]), "another database");
    assert_eq!(found.0, check(&project, &["--fresh"]).0);
    keep(&project);

    let before = check(&project, &["--fresh"]);
    assert_eq!(
        project
            .plimsoll(&["prune", "--older-than", "0d", "--apply"])
            .code,
        0
    );
    stays_true_or_same(&project, &before);

    project.git(&["checkout", "--quiet", "-b", "topic"]);
    project.commit("On a branch");
    project.record(&[("parse", 100.0), ("sort", 40.0)]);
    stays_true(&project, "a branch", &[]);
    keep(&project);
    project.git(&["branch", "--force", "main", "HEAD~2"]);
    stays_true(&project, "another merge base", &[]);
}

/// Dropping samples changes no verdict but those about load steps.
fn stays_true_or_same(project: &Project, before: &(i32, String)) {
    let (code, out) = check(project, &[]);
    let out = out.replacen(MARK, "plimsoll.check/1", 1);
    assert_eq!(&(code, out), before);
    assert_eq!(&check(project, &["--fresh"]), before);
}

#[test]
fn a_damaged_memory_is_no_memory() {
    let mut project = scene();
    let expected = check(&project, &["--fresh"]);
    let folder = project.path(".git/plimsoll/history.db.cache");
    let files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in &files {
        let whole = std::fs::read(file).unwrap();
        for at in [0, 20, 50, 60, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x5a;
            std::fs::write(file, damaged).unwrap();
            assert_eq!(check(&project, &[]), expected, "{file:?} at {at}");
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(check(&project, &[]), expected);
    // The analyses alone, for a commit more.
    project.commit("Another");
    project.record(&[("parse", 101.0), ("sort", 40.0)]);
    stays_true(&project, "a commit more", &[]);
}
