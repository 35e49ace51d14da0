//! `plimsoll check --lint`: every fault that a budget file can have is found at its place, with a
//! caret under it and what to do next.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user"
)]

mod support;

use support::Project;

const LIMIT: &str =
    "[[limit]]\nid = \"l\"\nselect = { benchmark = \"sort\", metric = \"time\" }\nmax = \"1s\"\n";

/// One fault: its code, what the caret is under, the limits of the file, a word of the next step.
struct Fault(&'static str, &'static str, String, &'static str);

/// The limit with another text in it.
fn change(from: &str, to: &str) -> String {
    assert!(LIMIT.contains(from), "{from}");
    LIMIT.replace(from, to)
}

/// The limit with another line.
fn with(line: &str) -> String {
    format!("{LIMIT}{line}\n")
}

/// The limit and another one.
fn and(own: &str, other: &str) -> String {
    format!("{own}{}", other.replace("\"l\"", "\"m\""))
}

/// The limit and an acceptance with these lines.
fn accepted(lines: &[&str]) -> String {
    format!(
        "{LIMIT}[[accepted]]\nid = \"a-1\"\nby = \"@y\"\n{}\n",
        lines.join("\n")
    )
}

fn day(ahead: i64) -> String {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let day = today.checked_add(jiff::Span::new().days(ahead)).unwrap();
    format!("expires = {day}")
}

/// Keys and amounts, as one file shows them.
fn of_the_file() -> Vec<Fault> {
    let rows = change("metric = \"time\"", "metric = \"time\", by = \"rows\"");
    vec![
        Fault(
            "unknown-key",
            "regres",
            with("regres = { limit = \"+5%\" }"),
            "did you mean `regress`?",
        ),
        Fault(
            "duplicate-id",
            "\"l\"",
            format!("{LIMIT}{LIMIT}"),
            "an id of its own",
        ),
        Fault(
            "bad-amount",
            "\"nan\"",
            change("\"1s\"", "\"nan\""),
            "write for example",
        ),
        Fault(
            "bad-amount",
            "\"inf ms\"",
            change("\"1s\"", "\"inf ms\""),
            "write for example",
        ),
        Fault(
            "negative-limit",
            "\"-1s\"",
            change("\"1s\"", "\"-1s\""),
            "the greatest value",
        ),
        Fault(
            "wrong-type",
            "\"5%\"",
            with("regress = \"5%\""),
            "write [regress] or",
        ),
        Fault(
            "warn-looser",
            "\"+7%\"",
            with("regress = { limit = \"+5%\", warn = \"+7%\" }"),
            "the smaller of the two",
        ),
        Fault(
            "sign-contradicts-direction",
            "\"+5%\"",
            with("direction = \"higher\"\nregress = { limit = \"+5%\" }"),
            "-5%",
        ),
        Fault(
            "bad-percentage",
            "\"inf%\"",
            with("creep = { window = \"9d\", limit = \"inf%\" }"),
            "write for example",
        ),
        Fault(
            "bad-window",
            "\"soon\"",
            with("creep = { window = \"soon\", limit = \"+4%\" }"),
            "weeks or commits",
        ),
        Fault(
            "bad-percentile",
            "\"latency.p100\"",
            change("\"time\"", "\"latency.p100\""),
            "between 0 and 100",
        ),
        Fault(
            "bad-date",
            "\"soon\"",
            with("drift = { vs = \"start\", limit = \"+8%\", until = \"soon\" }"),
            "write until =",
        ),
        Fault(
            "anchor-in-future",
            "\"date:2999-01-01\"",
            with("drift = { vs = \"date:2999-01-01\", limit = \"+8%\" }"),
            "a day that has been",
        ),
        Fault(
            "unknown-word",
            "\"yesterday\"",
            with("drift = { vs = \"yesterday\", limit = \"+8%\" }"),
            "tag:NAME",
        ),
        Fault(
            "anchor-due",
            "2025-01-01",
            with("drift = { vs = \"start\", limit = \"+8%\", until = 2025-01-01 }"),
            "pin a newer release",
        ),
        Fault(
            "never-reached",
            "99999",
            with("min = { points = 99999 }"),
            "ask for at most",
        ),
        Fault(
            "by-missing",
            "{ exponent = 1.3 }",
            with("complexity = { exponent = 1.3 }"),
            "by = \"rows\"",
        ),
        Fault(
            "growth-of-what-varies",
            "{ max_slope = 1 }",
            format!("{rows}growth = {{ max_slope = 1 }}\n"),
            "deterministic = true",
        ),
        Fault(
            "ratchet-without-max",
            "{ after = 9 }",
            change(
                "max = \"1s\"",
                "ratchet = { after = 9 }\nregress = { limit = \"+5%\" }",
            ),
            "a `max` beside it",
        ),
        Fault(
            "out-of-range",
            "10",
            with("scaling = { by = \"rows\", from = 50, to = 10, max_ratio = 2 }"),
            "the small size",
        ),
        Fault(
            "no-rule",
            "[[limit]]",
            change("max = \"1s\"\n", ""),
            "write max",
        ),
        Fault("not-toml", "", change("\"1s\"", "1s"), "mend the syntax"),
    ]
}

fn of_acceptances() -> Vec<Fault> {
    let (level, ceiling, reason) = (
        "limit = \"l\"\nlevel_before = \"9ms\"",
        "ceiling = \"+9%\"",
        "reason = \"r\"",
    );
    let soon = day(60);
    let late = day(400);
    let other = level.replace("\"l\"", "\"x\"");
    let past = "expires = 2025-01-01";
    vec![
        Fault(
            "key-missing",
            "[[accepted]]",
            accepted(&[level, ceiling, &soon]),
            "say why",
        ),
        Fault(
            "key-missing",
            "[[accepted]]",
            accepted(&[level, reason, &soon]),
            "no blank cheque",
        ),
        Fault(
            "key-missing",
            "[[accepted]]",
            accepted(&[level, ceiling, reason]),
            "180 days",
        ),
        Fault(
            "expires-too-late",
            "",
            accepted(&[level, ceiling, reason, &late]),
            "within 180 days",
        ),
        Fault(
            "acceptance-expired",
            "2025-01-01",
            accepted(&[level, ceiling, reason, past]),
            "renew it",
        ),
        Fault(
            "unknown-limit",
            "\"x\"",
            accepted(&[&other, ceiling, reason, &soon]),
            "its [[limit]] tables",
        ),
        Fault(
            "rule-without-level",
            "\"capacity\"",
            accepted(&[level, ceiling, reason, &soon, "rule = \"capacity\""]),
            "change `capacity`",
        ),
        Fault(
            "not-toml",
            "",
            accepted(&[level, ceiling, reason, "expires = 2026-02-31"]),
            "mend the syntax",
        ),
    ]
}

/// What only results, tags and other files show.
fn of_the_data() -> Vec<Fault> {
    let queries = change("\"time\"", "\"queries\"").replace("1s", "9 queries");
    let lower = format!("{queries}direction = \"lower\"\n");
    let higher = format!("{queries}direction = \"higher\"\n");
    let change_only = change("max = \"1s\"", "regress = { limit = \"+10%\" }");
    let near = change("\"1s\"", "\"10.5ms\"");
    let rows = change("metric = \"time\"", "metric = \"time\", by = \"rows\"");
    let sizes = "[[limit]]\nid = \"l\"\nselect = { benchmark = \"list\", by = \"rows\" }\ncomplexity = { exponent = 1.3 }\n";
    vec![
        Fault(
            "owner-unknown",
            "\"@acme/f\"",
            LIMIT.to_owned(),
            "add this one to it",
        ),
        Fault(
            "matches-nothing",
            "{ benchmark = \"sart\"",
            change("\"sort\"", "\"sart\""),
            "recorded benchmarks are",
        ),
        Fault(
            "unit-misfit",
            "\"250\"",
            change("\"1s\"", "\"250\""),
            "count the same thing",
        ),
        Fault(
            "unit-misfit",
            "\"3kB\"",
            change("\"1s\"", "\"3kB\""),
            "count the same thing",
        ),
        Fault(
            "sign-contradicts-direction",
            "",
            with("regress = { limit = \"-5%\" }"),
            "written +5%",
        ),
        Fault(
            "max-beyond-level",
            "\"1ms\"",
            change("\"1s\"", "\"1ms\""),
            "[[accepted]]",
        ),
        Fault(
            "max-inside-regress",
            "\"10.5ms\"",
            and(&near, &change_only),
            "tighten the other",
        ),
        Fault(
            "two-maxima",
            "\"2s\"",
            and(LIMIT, &change("1s", "2s")),
            "remove the other",
        ),
        Fault(
            "contradictory-limits",
            "\"higher\"",
            and(&lower, &higher),
            "select apart",
        ),
        Fault(
            "direction-contradicts-tool",
            "{ benchmark",
            with("direction = \"higher\""),
            "remove `direction`",
        ),
        Fault(
            "direction-unknown",
            "{ benchmark",
            queries.clone(),
            "write direction",
        ),
        Fault(
            "anchor-unknown",
            "{ vs",
            with("drift = { vs = \"tag:v9\", limit = \"+8%\" }"),
            "git fetch --tags",
        ),
        Fault(
            "anchor-not-measured",
            "{ vs",
            with("drift = { vs = \"tag:v1\", limit = \"+8%\" }"),
            "plimsoll record --commit",
        ),
        Fault(
            "min-unattainable",
            "{ runs = 2 }",
            with("min = { runs = 2 }\nregress = { vs = \"tags:v=a\", limit = \"+5%\" }"),
            "record as many",
        ),
        Fault(
            "min-unattainable",
            "{ points = 6 }",
            with("min = { points = 6 }\nregress = { limit = \"+5%\" }"),
            "--runs 3",
        ),
        Fault(
            "no-sizes",
            "{ max_slope = 0 }",
            format!("{rows}deterministic = true\ngrowth = {{ max_slope = 0 }}\n"),
            "record the size",
        ),
        Fault(
            "too-few-sizes",
            "{ exponent = 1.3 }",
            sizes.to_owned(),
            "at least 5 sizes",
        ),
        Fault(
            "too-few-sizes",
            "{ exponent = 1.4 }",
            sizes.replace("list", "near").replace("1.3", "1.4"),
            "over 1.5 powers of ten",
        ),
        Fault(
            "guard-not-measured",
            "{ metric = \"error_rate\"",
            with("guard = { metric = \"error_rate\", max = \"0.5%\" }"),
            "record it with the same benchmark",
        ),
        Fault(
            "unit-misfit",
            "{ metric = \"queries\"",
            with("guard = { metric = \"queries\", max = \"3 MB\" }"),
            "must count the same thing",
        ),
        Fault(
            "no-slices",
            "[\"tier\"]",
            with("slices = [\"tier\"]"),
            "remove the slice",
        ),
    ]
}

/// What is said of a file: for each finding of the code the text under its caret and the next step.
fn told(said: &str, code: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = said.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if !line.contains(&format!("[{code}]: ")) {
            continue;
        }
        let place = lines[i + 1];
        assert!(place.contains("--> budgets/f.toml:"), "{place}\n{said}");
        let (_, shown) = lines[i + 3].split_once(" | ").unwrap();
        let (_, caret) = lines[i + 4].split_once(" | ").unwrap();
        let start = caret
            .find('^')
            .unwrap_or_else(|| panic!("no caret in\n{said}"));
        let width = caret.trim_end().chars().count() - start;
        let under = shown.chars().skip(start).take(width).collect();
        let (_, next) = lines[i + 5].split_once(" = ").unwrap();
        found.push((under, next.to_owned()));
    }
    found
}

fn project() -> Project {
    let mut project = Project::new();
    project.write(".github/CODEOWNERS", "* @acme/core\n");
    project.commit("Before anything was measured");
    project.git(&["tag", "v1"]);
    let one = |benchmark: &str, metric: &str, unit: &str, direction: Option<&str>, rows: &str| {
        serde_json::json!({
            "benchmark": benchmark, "metric": metric, "value": if unit == "ns" { 1e7 } else { 6.0 },
            "unit": unit, "direction": direction,
            "tags": if rows.is_empty() { serde_json::json!({}) } else { serde_json::json!({ "rows": rows }) }
        })
    };
    let mut all = vec![
        one("sort", "time", "ns", Some("lower"), ""),
        one("sort", "queries", "queries", None, ""),
        one("list", "time", "ns", Some("lower"), "10"),
        one("list", "time", "ns", Some("lower"), "100"),
    ];
    let near = ["10", "20", "30", "40", "50"];
    all.extend(near.map(|rows| one("near", "time", "ns", Some("lower"), rows)));
    let text = serde_json::json!({ "schema": "plimsoll.measurements/1", "measurements": all });
    let file = project.write("results/a.json", &text.to_string());
    for i in 0..5 {
        project.commit(&format!("Change {i}"));
        let said = project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    project
}

fn lint(project: &Project) -> String {
    let said = project.plimsoll(&["check", "--lint"]);
    format!("{}{}", said.out, said.err)
}

fn all_are_told(faults: Vec<Fault>) {
    let project = project();
    for Fault(code, under, limits, next) in faults {
        project.budget("f", &limits);
        let said = lint(&project);
        let found = told(&said, code);
        assert!(
            found
                .iter()
                .any(|(own, step)| own.starts_with(under) && step.contains(next)),
            "{code}, under `{under}`, next `{next}`, is not in {found:#?}\n{said}"
        );
    }
}

#[test]
fn every_fault_of_one_file_has_its_caret_and_its_next_step() {
    all_are_told(of_the_file());
}

#[test]
fn every_fault_of_an_acceptance_has_its_caret_and_its_next_step() {
    all_are_told(of_acceptances());
}

#[test]
fn every_fault_that_data_shows_has_its_caret_and_its_next_step() {
    all_are_told(of_the_data());
}

#[test]
fn no_owner_no_feature_and_the_same_feature_twice() {
    let project = project();
    project.write(
        "budgets/f.toml",
        &format!("schema = 1\n[feature]\nname = \"f\"\n{LIMIT}"),
    );
    let said = lint(&project);
    assert!(
        told(&said, "key-missing")
            .iter()
            .any(|(_, next)| next.contains("owner")),
        "{said}"
    );
    project.write("budgets/f.toml", LIMIT);
    let said = lint(&project);
    assert_eq!(told(&said, "key-missing").len(), 2, "{said}");
    // What is wrong with its head hides nothing that data shows of its limits.
    let limits = change("\"sort\"", "\"nobody\"");
    for owner in ["", "owner = \"\"\n", "owner = 3\n"] {
        project.write(
            "budgets/f.toml",
            &format!("schema = 1\n[feature]\nname = \"f\"\n{owner}{limits}"),
        );
        let said = lint(&project);
        assert!(said.contains("owner"), "{said}");
        assert_eq!(told(&said, "matches-nothing").len(), 1, "{said}");
        assert!(!said.contains("owner-unknown"), "{said}");
    }
    project.budget("e", LIMIT);
    let twice = std::fs::read_to_string(project.path("budgets/e.toml")).unwrap();
    project.write("budgets/f.toml", &twice);
    let said = lint(&project);
    assert_eq!(told(&said, "duplicate-feature").len(), 1, "{said}");
}

#[test]
fn files_without_fault_are_said_to_be_so_and_against_what() {
    let project = project();
    project.budget("f", LIMIT);
    project.write(".github/CODEOWNERS", "* @acme/f\n");
    let said = project.plimsoll(&["check", "--lint"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let sentence = "1 budget file holds no fault, also held against the 9 series that are recorded";
    assert_eq!(said.out.trim(), sentence);
    let empty = Project::new();
    empty.budget("f", LIMIT);
    let said = empty.plimsoll(&["check", "--lint"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("nothing is recorded yet"), "{}", said.out);
}

#[test]
fn a_date_that_is_none_is_one_fault_and_not_two() {
    let project = project();
    for date in ["2026-02-31", "2026-13-01", "31.12.2026"] {
        project.budget(
            "f",
            &accepted(&[
                "limit = \"l\"",
                "level_before = \"9ms\"",
                "ceiling = \"+9%\"",
                "reason = \"r\"",
                &format!("expires = {date}"),
            ]),
        );
        let said = lint(&project);
        let here = said.matches("--> budgets/f.toml:16:").count();
        assert_eq!(here, 1, "{date}: {said}");
    }
}

#[test]
fn a_file_that_is_no_text_is_said_at_its_place_and_never_read_as_something_else() {
    let project = project();
    project.budget("f", LIMIT);
    let path = project.path("budgets/f.toml");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|w| w == b"sort").unwrap();
    bytes[at] = 0xff;
    std::fs::write(&path, bytes).unwrap();
    let said = project.plimsoll(&["check", "--lint"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("error[not-utf8]"), "{}", said.err);
    assert!(said.err.contains("--> budgets/f.toml:7:25"), "{}", said.err);
    assert!(said.err.contains("save it as UTF-8"), "{}", said.err);
    assert!(!said.err.contains("matches-nothing"), "{}", said.err);
}
