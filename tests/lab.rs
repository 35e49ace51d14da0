//! `plimsoll bisect`, `doctor`, `completions` and `man` as their user runs them; benchmarks print what
//! a file of the commit says, so nothing here depends on time.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, at, picture};

const BENCH: &str =
    "printf 'goos: linux\\nBenchmarkParse-8 \\t 1000 \\t %s ns/op\\nPASS\\n' \"$(cat ns.txt)\"\n";

/// Twelve commits; from `first_bad` on it takes 10 % more; those of `broken` do not build.
fn project(first_bad: usize, broken: &[usize]) -> (Project, Vec<String>) {
    let mut project = Project::new();
    project.write("bench.sh", BENCH);
    project.write(
        "plimsoll.toml",
        "[lab]\nbuild = \"sh build.sh\"\nbench = \"sh bench.sh\"\n",
    );
    let mut commits = Vec::new();
    for number in 0..12 {
        let slow = number >= first_bad;
        project.write(
            "ns.txt",
            &format!("{}\n", if slow { 1100 } else { 1000 } + number % 3),
        );
        let fails = broken.contains(&number);
        project.write(
            "build.sh",
            if fails {
                "echo no luck; exit 1\n"
            } else {
                "true\n"
            },
        );
        commits.push(project.commit(&format!("Change {number}")));
    }
    (project, commits)
}

fn json(project: &Project, args: &[&str]) -> Value {
    let mut all = vec!["bisect", "--format", "json"];
    all.extend(args);
    let said = project.plimsoll(&all);
    serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err))
}

#[test]
fn a_planted_step_is_found_and_the_repository_is_as_before() {
    let (project, commits) = project(7, &[]);
    project.write("ns.txt", "mine\n");
    let before = picture(&project);
    let found = json(&project, &["time", "--good", &commits[0]]);
    assert_eq!(before, picture(&project));
    assert_eq!(at(&found, "schema"), "plimsoll.bisect/1");
    assert_eq!(at(&found, "end"), "sure");
    assert_eq!(at(&found, "likeliest"), commits[7].as_str());
    assert!(at(&found, "measured").as_u64().unwrap() <= 40);
    let said = project.plimsoll(&["bisect", "time", "--good", &commits[0]]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "brought by",
        &commits[7][..7],
        "Change 7",
        "by Ann",
        "% sure",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
}

#[test]
fn commits_that_do_not_build_are_named_and_gone_around() {
    let (project, commits) = project(7, &[6, 7, 8]);
    let found = json(&project, &["time", "--good", &commits[0]]);
    assert_eq!(at(&found, "end"), "indistinct");
    assert_eq!(at(&found, "first"), commits[6].as_str());
    assert_eq!(at(&found, "last"), commits[9].as_str());
    let said = project.plimsoll(&["bisect", "time", "--good", &commits[0]]);
    assert!(said.out.contains("cannot be measured"), "{}", said.out);
    assert!(said.out.contains("left out"), "{}", said.out);
}

#[test]
fn the_history_says_where_to_look_and_answers_alone_where_it_can() {
    let mut project = Project::new();
    project.history(12, &[("parse", 100.0)]);
    let culprit = project.commit("Slower");
    project.record(&[("parse", 120.0)]);
    project.history(6, &[("parse", 120.0)]);
    let said = project.plimsoll(&["bisect", "parse"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("history: changed for the worse"),
        "{}",
        said.out
    );
    assert!(said.out.contains(&culprit[..7]), "{}", said.out);
    let found = json(&project, &["parse"]);
    assert_eq!(at(&found, "end"), "history");
    assert_eq!(at(&found, "series/benchmark"), "parse");
    assert_eq!(at(&found, "commits/0/commit"), culprit.as_str());
    // Good and bad of one's own are measured, whatever the history shows.
    let said = project.plimsoll(&["bisect", "parse", "--good", "HEAD~1"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("no benchmark command"), "{}", said.err);
    let said = project.plimsoll(&["bisect", "nothing-like-it"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("plimsoll log"), "{}", said.err);
}

#[test]
fn ends_that_do_not_differ_or_are_no_line_are_trouble() {
    let (project, commits) = project(99, &[]);
    let said = project.plimsoll(&["bisect", "time", "--good", &commits[2]]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.out.contains("do not differ"), "{}", said.out);
    let said = project.plimsoll(&[
        "bisect",
        "time",
        "--good",
        &commits[5],
        "--bad",
        &commits[2],
    ]);
    assert_eq!(said.code, 2);
    let right = format!("--good {} --bad {}", &commits[2][..7], &commits[5][..7]);
    for part in ["the wrong way round", &right] {
        assert!(said.err.contains(part), "no {part} in {}", said.err);
    }
    project.git(&["checkout", "--quiet", "--orphan", "other"]);
    project.git(&["commit", "--quiet", "--message", "Alone"]);
    let said = project.plimsoll(&["bisect", "time", "--good", &commits[5]]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("first-parent"), "{}", said.err);
    project.git(&["checkout", "--quiet", "main"]);
    let said = project.plimsoll(&["bisect", "speed", "--good", &commits[0]]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("BenchmarkParse") || said.err.contains("Parse"),
        "{}",
        said.err
    );
}

#[test]
fn of_two_neighbours_the_later_is_blamed_only_where_it_is_proven_worse() {
    let (project, commits) = project(7, &[]);
    let ends = |good: usize, bad: usize| {
        [
            "--good".to_owned(),
            commits[good].clone(),
            "--bad".to_owned(),
            commits[bad].clone(),
        ]
    };
    let run = |series: &str, good, bad, more: &[&str]| {
        let ends = ends(good, bad);
        let mut args = vec!["bisect", series];
        args.extend(ends.iter().map(String::as_str));
        args.extend(more);
        project.plimsoll(&args)
    };
    let said = run("time", 6, 7, &[]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in ["brought by", &commits[7][..7], "measurements"] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    // Commit 9 is a little faster than 8.
    let said = run("time", 8, 9, &[]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(!said.out.contains("brought by"), "{}", said.out);
    for (good, bad, end) in [(6, 7, "sure"), (3, 4, "sure"), (8, 9, "improved")] {
        let said = run("time", good, bad, &["--format", "json"]);
        let found: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(at(&found, "end"), end, "{good} {bad}");
        assert_eq!(said.code, i32::from(end == "improved") * 2);
        assert!(at(&found, "measured").as_u64().unwrap() >= 8, "{found}");
        for sure in ["likeliest", "probability", "commits/0/probability"] {
            assert_eq!(at(&found, sure).is_null(), end != "sure", "{found}");
        }
    }
    let said = run("nosuch:time", 6, 7, &[]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    let unknown = "measures nothing called `nosuch:time`";
    assert!(said.err.contains(unknown), "{}", said.err);
}

#[test]
fn over_two_steps_bad_has_its_own_level_and_no_commit_is_blamed_for_both() {
    let mut project = Project::new();
    project.write("bench.sh", BENCH);
    project.write("plimsoll.toml", "[lab]\nbench = \"sh bench.sh\"\n");
    let mut commits = Vec::new();
    for number in 0..12 {
        let ns = match number {
            0..4 => 1000,
            4..8 => 1060,
            _ => 1120,
        };
        project.write("ns.txt", &format!("{ns}\n"));
        project.write("note.txt", &format!("{number}\n"));
        commits.push(project.commit(&format!("Change {number}")));
    }
    let found = json(&project, &["time", "--good", &commits[0]]);
    assert_eq!(at(&found, "end"), "partly");
    assert_eq!(
        (at(&found, "before").as_f64(), at(&found, "after").as_f64()),
        (Some(1000.0), Some(1120.0))
    );
    let step = at(&found, "step/effect").as_f64().unwrap();
    assert!((0.05..0.07).contains(&step), "{found}");
    let said = project.plimsoll(&["bisect", "time", "--good", &commits[0]]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "+12.0 %",
        "more than one commit took part",
        "plimsoll bisect time --good",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    for part in ["% sure", "brought by"] {
        assert!(!said.out.contains(part), "{part} in {}", said.out);
    }
}

#[test]
fn a_limit_names_its_series_where_nothing_was_recorded() {
    let (project, commits) = project(7, &[]);
    project.budget(
        "parser",
        "[[limit]]\nid = \"speed\"\nselect = { benchmark = \"*Parse*\" }\nregress = { limit = \"+5%\" }\n",
    );
    for name in ["parser/speed", "parser"] {
        let found = json(&project, &[name, "--good", &commits[0]]);
        assert_eq!(
            at(&found, "likeliest"),
            commits[7].as_str(),
            "{name}: {found}"
        );
    }
}

#[test]
fn doctor_names_what_is_wrong_and_the_command_that_mends_it() {
    let mut project = Project::new();
    project.commit("One");
    let said = project.plimsoll(&["doctor", "--no-measure"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in [
        "plimsoll record",
        "plimsoll init",
        "[lab]",
        "plimsoll hook install",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    project.record(&[("parse", 100.0)]);
    project.budget(
        "parser",
        "[[limit]]\nid = \"t\"\nselect = { benchmark = \"prase\" }\nmax = \"1s\"\n",
    );
    project.git(&["remote", "add", "origin", "https://example.invalid/x.git"]);
    project.write("plimsoll.toml", "[lab]\nbench = \"true\"\n");
    assert_eq!(project.plimsoll(&["hook", "install"]).code, 0);
    let said = project.plimsoll(&["doctor", "--no-measure"]);
    assert_eq!(said.code, 0);
    for part in [
        "parser/t selects nothing",
        "budgets/parser.toml:",
        "plimsoll sync",
        "pushes are measured",
        "1 runs of 1 commits",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    project.budget("parser", "nonsense = 1\n");
    let said = project.plimsoll(&["doctor", "--no-measure"]);
    assert_eq!(said.code, 2);
    assert!(said.out.contains("plimsoll check --lint"), "{}", said.out);
}

#[test]
fn doctor_measures_the_projects_own_benchmark_against_itself() {
    let (project, _) = project(99, &[]);
    let said = project.plimsoll(&["doctor", "--time", "2s"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("against itself"), "{}", said.out);
    assert!(said.out.contains("Parse"), "{}", said.out);
}

#[test]
fn doctor_tells_what_it_saw_though_the_benchmark_fails() {
    let (project, _) = project(99, &[]);
    project.write(
        "plimsoll.toml",
        "[lab]\nbench = \"echo no luck >&2; exit 3\"\n",
    );
    let said = project.plimsoll(&["doctor", "--time", "1s"]);
    assert_eq!(said.code, 2, "{}", said.out);
    for part in ["This project", "plimsoll record", "to mend"] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    for part in ["not measured: the benchmark failed", "no luck"] {
        assert!(said.err.contains(part), "no {part} in {}", said.err);
    }
}

#[test]
fn doctor_knows_what_a_sync_sent_without_a_fetch() {
    let mut project = Project::new();
    project.commit("One");
    project.record(&[("parse", 100.0)]);
    let folder = tempfile::tempdir().unwrap();
    let remote = folder.path().join("remote.git");
    let remote = remote.to_str().unwrap();
    project.git(&["init", "--quiet", "--bare", remote]);
    project.git(&["remote", "add", "origin", remote]);
    let said = project.plimsoll(&["doctor", "--no-measure"]);
    let missing = "plimsoll-data is not there";
    assert!(said.out.contains(missing), "{}", said.out);
    let said = project.plimsoll(&["sync"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = project.plimsoll(&["doctor", "--no-measure"]);
    assert!(
        said.out.contains("1 runs of this database are on it"),
        "{}",
        said.out
    );
    assert!(!said.out.contains(missing), "{}", said.out);
    // Another place has none of it.
    project.git(&["remote", "set-url", "origin", &format!("{remote}.other")]);
    let said = project.plimsoll(&["doctor", "--no-measure"]);
    assert!(said.out.contains(missing), "{}", said.out);
}

#[test]
fn every_command_has_a_page_and_completions() {
    let mut project = Project::new();
    project.commit("One");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = project.plimsoll(&["completions", shell]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("compare"), "{shell}: {}", said.out);
    }
    let said = project.plimsoll(&["man"]);
    assert!(
        said.out.starts_with(".") || said.out.contains(".TH"),
        "{}",
        said.out
    );
    let said = project.plimsoll(&["man", "-o", "pages"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for page in [
        "plimsoll.1",
        "plimsoll-compare.1",
        "plimsoll-hook-install.1",
    ] {
        assert!(project.path("pages").join(page).exists(), "no {page}");
    }
}
