//! The demo, and with it `log` and `report` on a whole project.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use support::{Project, Said, at};

/// The demo in a folder of its own, and a way to run plimsoll in it.
struct Demo {
    project: Project,
    said: Said,
}

impl Demo {
    fn new() -> Self {
        let project = Project::new();
        let said = project.plimsoll(&["demo", "-o", "shop", "--seed", "1"]);
        Self { project, said }
    }

    fn plimsoll(&self, args: &[&str]) -> Said {
        let shop = self.project.path("shop");
        let mut all = vec!["-C", shop.to_str().unwrap()];
        all.extend(args);
        self.project.plimsoll(&all)
    }
}

#[test]
fn the_demo_tells_the_whole_story() {
    let demo = Demo::new();
    assert_eq!(demo.said.code, 0, "{}", demo.said.err);
    for word in [
        "were not measured: a seeded model made them",
        "OVER",
        "MISSING",
        "accepted by @lena",
        "index.html",
        "plimsoll log",
    ] {
        assert!(
            demo.said.out.contains(word),
            "{word} is missing in\n{}",
            demo.said.out
        );
    }

    let check = demo.plimsoll(&["check", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&check.out).unwrap();
    let head = demo.project.git(&["-C", "shop", "rev-parse", "HEAD"]);
    assert_eq!(
        (check.code, at(&json, "limits/0/introduced_by")),
        (1, &head.as_str().into())
    );
    let before = demo.plimsoll(&["check", "--commit", "HEAD~1"]);
    assert_eq!(
        before.code, 2,
        "export is missing there, and nothing is over: {}",
        before.out
    );
    assert!(!before.out.contains("OVER"), "{}", before.out);

    let creep = demo.plimsoll(&["log", "search"]);
    assert!(
        creep.out.contains("CREEPING") && creep.out.contains("opening level"),
        "{}",
        creep.out
    );
    assert!(creep.out.contains("machine changed at"), "{}", creep.out);
    let login = demo.plimsoll(&["log", "login/p95"]);
    assert!(
        login.out.contains("Argon2id") && login.out.contains("accepted by @lena"),
        "{}",
        login.out
    );
    let ambiguous = demo.plimsoll(&["log", "u"]);
    assert_eq!(
        ambiguous.code, 0,
        "a unique prefix suffices: {}",
        ambiguous.err
    );
    assert_eq!(demo.plimsoll(&["log", "nothing"]).code, 2);

    let pages = demo.project.path("shop/report");
    let index = std::fs::read_to_string(pages.join("index.html")).unwrap();
    for state in ["broken", "creeping", "no data"] {
        assert!(index.contains(state), "{state}");
    }
}

#[test]
fn the_report_has_the_same_bytes_for_the_same_data_and_moment() {
    let demo = Demo::new();
    let now = "2026-12-24T18:00:00Z";
    for folder in ["a", "b"] {
        let said = demo.plimsoll(&["report", "-o", folder, "--now", now]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let read = |folder: &str, name: &str| {
        std::fs::read(demo.project.path("shop").join(folder).join(name)).unwrap()
    };
    for name in ["index.html", "data/report.json"] {
        assert_eq!(read("a", name), read("b", name), "{name}");
    }
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let project = Project::new();
    project.write("shop/precious.txt", "keep me");
    let said = project.plimsoll(&["demo", "-o", "shop"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("not empty"), "{}", said.err);
    assert_eq!(
        std::fs::read_to_string(project.path("shop/precious.txt")).unwrap(),
        "keep me"
    );
}
