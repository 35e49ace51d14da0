//! `plimsoll report` with its options, as its user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user, clock included"
)]

mod support;

use support::{PARSE, Project};

const NOW: [&str; 2] = ["--now", "2026-11-01T00:00:00Z"];

fn project() -> Project {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    project.history(8, &[("parse", 100.0)]);
    project
}

#[test]
fn one_file_holds_everything() {
    let project = project();
    let said = project.plimsoll(
        &[
            &["report", "--single-file", "-o", "out/report.html"],
            &NOW[..],
        ]
        .concat(),
    );
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out, "wrote [ROOT]/out/report.html\n");
    let page = std::fs::read_to_string(project.path("out/report.html")).unwrap();
    assert!(page.contains("parse") && page.contains("<style") && page.contains("<svg"));
    for outside in ["<link rel=\"stylesheet\"", "<script src", "<img "] {
        assert!(!page.contains(outside), "{outside}");
    }
    let others = std::fs::read_dir(project.path("out")).unwrap().count();
    assert_eq!(others, 1);
    std::fs::create_dir(project.path("folder")).unwrap();
    let said = project.plimsoll(&["report", "--single-file", "-o", "folder"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("-o names the file"), "{}", said.err);
}

#[test]
fn own_templates_and_style_replace_the_built_in_ones() {
    let project = project();
    project.write("look/assets/report.css", "body { color: rebeccapurple }\n");
    let said =
        project.plimsoll(&[&["report", "-o", "site", "--templates", "look"], &NOW[..]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let style = std::fs::read_to_string(project.path("site/assets/report.css")).unwrap();
    assert_eq!(style, "body { color: rebeccapurple }\n");
}

#[test]
fn templates_that_cannot_be_used_are_refused_before_anything_is_written() {
    let project = project();
    project.write("unknown/page.html", "x");
    project.write("broken/overview.html", "{% if %}");
    std::fs::create_dir(project.path("empty")).unwrap();
    let mut told = String::new();
    for folder in ["unknown", "broken", "empty", "nowhere"] {
        let said = project.plimsoll(&["report", "-o", "site", "--templates", folder]);
        assert_eq!(said.code, 2, "{folder}: {}", said.out);
        told.push_str(&format!("{folder}:\n{}\n", said.err));
    }
    assert!(!project.path("site").exists());
    insta::assert_snapshot!(told);
}

#[test]
fn the_report_has_one_value_of_now_and_the_forecast_of_the_check() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"140ms\"\n",
    );
    for day in 0..40 {
        project.write("src.txt", &format!("{day}\n"));
        project.git(&["add", "--all"]);
        let date = format!("2026-{:02}-{:02}T12:00:00Z", 8 + day / 28, 1 + day % 28);
        let vars = [
            ("GIT_AUTHOR_DATE", date.as_str()),
            ("GIT_COMMITTER_DATE", date.as_str()),
        ];
        let commit = ["commit", "--quiet", "--message", "Creep"];
        assert_eq!(
            project.run_in(project.root(), "git", &commit, &vars).code,
            0
        );
        project.record(&[("parse", 100.0 + 0.5 * f64::from(day))]);
    }
    let read = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let check = project.plimsoll(&["check", "--env", "ci", "--format", "json"]);
    let check = read(&check.out);
    let said = project.plimsoll(&[&["report", "-o", "site"], &NOW[..]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let report = std::fs::read_to_string(project.path("site/data/report.json")).unwrap();
    let report = read(&report);
    let all = report["series"].as_array().unwrap();
    let series = all.iter().find(|series| series["limit"] == "time").unwrap();
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let (now, ledger) = (number(&series["level"]), &series["ledger"]);
    assert!(
        (now - number(&ledger["now"])).abs() < 1e-6 * now,
        "{series:#}"
    );
    let left = number(&series["budget"]) - now;
    assert!(
        (left - number(&ledger["headroom"])).abs() < 1e-6 * now,
        "{series:#}"
    );
    assert!(
        (number(&series["used"]) - now / 140e6).abs() < 1e-9,
        "{series:#}"
    );
    let told = &check["limits"][0]["exhausted"];
    let days = number(&told["days"]);
    assert!(days > 0.0, "{told}");
    assert!(
        (days - number(&series["breaks_in_days"]["estimate"])).abs() < 1e-6 * days,
        "{told} {series:#}"
    );
}

#[test]
fn one_value_claims_nothing_of_drift_or_of_the_future() {
    let mut project = Project::new();
    project.budget(
        "parser",
        "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"140ms\"\n",
    );
    project.history(1, &[("parse", 100.0)]);
    let said = project.plimsoll(&[&["report", "-o", "site"], &NOW[..]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let page = std::fs::read_to_string(project.path("site/index.html")).unwrap();
    assert!(
        page.contains("cannot tell") && !page.contains("steady"),
        "{page}"
    );
}

/// A project in which nothing was recorded gets its page, and a word on what to do.
#[test]
fn nothing_recorded_is_an_empty_page() {
    let mut project = Project::new();
    project.budget("parser", PARSE);
    for commits in 0..2 {
        if commits > 0 {
            project.commit("First");
        }
        let said = project.plimsoll(&[&["report", "-o", "site"], &NOW[..]].concat());
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(
            said.err
                .contains("nothing has been measured yet: `plimsoll record`"),
            "{}",
            said.err
        );
        let page = std::fs::read_to_string(project.path("site/index.html")).unwrap();
        assert!(
            page.contains("Nothing has been measured yet: <code>plimsoll record</code>"),
            "{page}"
        );
        assert!(project.path("site/f/parser.html").exists());
        std::fs::remove_dir_all(project.path("site")).unwrap();
    }
    let said = project.plimsoll(&["report", "--single-file", "-o", "one.html"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(project.path("one.html").exists());
    // A database that was named and is not there is a mistake.
    let said = project.plimsoll(&["report", "-o", "site", "--db", "nowhere.db"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(!project.path("site").exists());
}
