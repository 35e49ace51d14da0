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
