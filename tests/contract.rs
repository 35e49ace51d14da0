//! What programs outside may rely on: names, exit codes, the shape of the JSON, where things live.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::{Value, json};
use support::{Project, Said, at};

/// A benchmark with its tags and its time in nanoseconds.
type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], f64);

/// One run.
fn record(project: &mut Project, env: &str, rows: &[Row<'_>]) {
    let text = measured(rows);
    let file = project.write("results/own.json", &text);
    let said = project.plimsoll(&["record", "--env", env, file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
}

fn measured(rows: &[Row<'_>]) -> String {
    let one = |(name, tags, value): &Row<'_>| {
        let tags: serde_json::Map<String, Value> = tags
            .iter()
            .map(|(tag, value)| ((*tag).to_owned(), Value::from(*value)))
            .collect();
        json!({ "benchmark": name, "metric": "time", "value": value, "unit": "ns",
            "direction": "lower", "tags": tags })
    };
    let rows: Vec<Value> = rows.iter().map(one).collect();
    json!({ "schema": "plimsoll.measurements/1", "measurements": rows }).to_string()
}

fn parsed(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err))
}

const LIMITS: &str = "[[limit]]\nid = \"cart\"\nselect = { benchmark = \"GET /cart\" }\nmax = \"1us\"\n\
    [[limit]]\nid = \"parse\"\nselect = { benchmark = \"parse\" }\nregress = { limit = \"+5%\" }\n";

/// Three commits of slices of one benchmark, and of one under two labels.
fn shop() -> Project {
    let mut project = Project::new();
    project.budget("shop", LIMITS);
    for i in 0..3 {
        project.commit(&format!("Change {i}"));
        let v = f64::from(i);
        record(
            &mut project,
            "ci",
            &[
                (
                    "GET /cart",
                    &[("load", "peak"), ("tenant", "big")],
                    100.0 + v,
                ),
                (
                    "GET /cart",
                    &[("load", "peak"), ("tenant", "small")],
                    50.0 + v,
                ),
                ("parse", &[], 70.0 + v),
            ],
        );
        record(&mut project, "lab", &[("parse", &[], 30.0 + v)]);
    }
    project
}

#[test]
fn a_name_means_one_thing_or_lists_all() {
    let project = shop();
    for (name, shown) in [
        (
            "GET /cart{tenant=big}",
            "GET /cart:time{load=peak,tenant=big}@ci",
        ),
        (
            "GET /cart:time{tenant=small,load=peak}@ci",
            "GET /cart:time{load=peak,tenant=small}@ci",
        ),
        ("parse@lab", "parse:time@lab"),
        ("par", ""),
        ("GET", ""),
        ("parse", ""),
        ("GET /cart{load=peak}", ""),
        ("shop/", ""),
    ] {
        let said = project.plimsoll(&["log", name]);
        if shown.is_empty() {
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}");
            assert!(said.err.contains("may mean several:\n  "), "{}", said.err);
        } else {
            assert_eq!(said.code, 0, "{name}: {}", said.err);
            assert!(said.out.contains(shown), "{name}: {}", said.out);
            let others = project.plimsoll(&["export", "csv", name]);
            assert_eq!(others.code, 0, "{}", others.err);
            assert_eq!(others.out.lines().count(), 4, "{}", others.out);
        }
    }
    let said = project.plimsoll(&["log", "parse"]);
    insta::assert_snapshot!(said.err, @r"
    error: `parse` may mean several:
      parse:time@ci
      parse:time@lab
    write more of the one that is meant
    ");
    for args in [
        &["export", "csv", "parse"][..],
        &["bisect", "parse"],
        &["log", "GET /cart", "--explain"],
    ] {
        let said = project.plimsoll(args);
        assert_eq!(said.code, 2, "{args:?}");
        assert!(
            said.err.contains("may mean several"),
            "{args:?} {}",
            said.err
        );
    }
    let said = project.plimsoll(&[
        "log",
        "GET /cart{tenant=big}",
        "--explain",
        "--format",
        "json",
    ]);
    let told = parsed(&said);
    assert_eq!(at(&told, "limits").as_array().unwrap().len(), 1);
    assert_eq!(told["limits"][0]["series"]["tags"]["tenant"], "big");
    // A feature and a limit of exactly that name show all of their series.
    let said = project.plimsoll(&["log", "shop/cart"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("tenant=big") && said.out.contains("tenant=small"));
    assert_eq!(project.plimsoll(&["log", "nothing"]).code, 2);
}

#[test]
fn a_series_of_two_limits_is_found_by_either() {
    let mut project = Project::new();
    let limit = |id: &str| {
        format!("[[limit]]\nid = \"{id}\"\nselect = {{ benchmark = \"parse\" }}\nmax = \"1us\"\n")
    };
    project.budget("first", &(limit("a") + &limit("b")));
    project.budget("second", &limit("c"));
    project.commit("Begin");
    record(&mut project, "ci", &[("parse", &[], 70.0)]);
    for name in ["first/a", "first/b", "second/c", "second"] {
        let said = project.plimsoll(&["log", name]);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
        assert!(said.out.contains("parse:time@ci"), "{name}: {}", said.out);
    }
}

#[test]
fn a_sweep_is_named_by_its_tags_and_environment() {
    let mut project = Project::new();
    project.commit("Serve");
    let sweep = |region: &str, scale: f64| {
        let rows = [1, 2, 4, 8, 16, 32].map(|n| {
            let n = f64::from(n);
            json!({ "benchmark": "api", "metric": "throughput", "unit": "1/s", "direction": "higher",
                "value": scale * n / (1.0 + 0.02 * (n - 1.0)),
                "tags": { "concurrency": n.to_string(), "region": region } })
        });
        json!({ "schema": "plimsoll.measurements/1", "measurements": rows }).to_string()
    };
    for (region, env) in [("eu", "ci"), ("us", "ci"), ("us", "lab")] {
        let file = project.write(
            &format!("results/{region}-{env}.json"),
            &sweep(region, 100.0),
        );
        let said = project.plimsoll(&["record", "--env", env, file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let one = |name: &str| {
        let said = project.plimsoll(&["capacity", name, "--json"]);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
        assert_eq!(said.out.lines().count(), 1, "{name}: {}", said.out);
        parsed(&said)["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(one("api{region=eu}"), "api{region=eu}");
    assert_eq!(one("api{region=us}@lab"), "api{region=us}");
    for name in ["api", "ap", "api{region=us}", "api@ci"] {
        let said = project.plimsoll(&["capacity", name, "--json"]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}");
        assert!(said.err.contains("may mean several sweeps"), "{}", said.err);
    }
}

#[test]
fn outside_a_repository_a_commit_is_judged_by_itself() {
    let project = Project::with_git(&["--version"]);
    let id = "1111111111111111111111111111111111111111";
    for value in [100.0, 101.0, 102.0] {
        let file = project.write("results/own.json", &measured(&[("parse", &[], value)]));
        let said = project.plimsoll(&["record", "--commit", id, file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!(
        std::fs::read_to_string(project.path(".plimsoll/.gitignore")).unwrap(),
        "*\n"
    );
    assert!(project.path(".plimsoll/history.db").exists());
    project.budget("parsing", "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"50ns\"\nregress = { limit = \"+5%\" }\n");
    let said = project.plimsoll(&["check", "--commit", id, "--format", "json"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let told = parsed(&said);
    let verdict = |rule: &str| {
        let limits = at(&told, "limits").as_array().unwrap();
        let one = limits.iter().find(|l| l["rule"] == rule).unwrap();
        (one["verdict"].clone(), one["reason"].clone())
    };
    assert_eq!(verdict("max"), ("over".into(), Value::Null));
    assert!(
        told["notes"][0].as_str().unwrap().contains("--db"),
        "{told:#}"
    );
    // What needs the order of commits says how to get it.
    for args in [&["log"][..], &["export", "csv"], &["report", "-o", "out"]] {
        let said = project.plimsoll(args);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("--db"), "{}", said.err);
    }
    let said = project.plimsoll(&["check"]);
    assert!(
        said.code == 2 && said.err.contains("--commit"),
        "{}",
        said.err
    );
    // Inside a repository the same database is read.
    let mut other = Project::new();
    other.commit("Begin");
    let db = project.path(".plimsoll/history.db");
    let said = other.plimsoll(&["doctor", "--db", db.to_str().unwrap()]);
    assert!(said.out.contains("3 runs"), "{} {}", said.out, said.err);
}

#[test]
fn without_a_repository_history_is_what_run_files_tell() {
    let mut project = Project::new();
    project.budget("parsing", "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nregress = { limit = \"+5%\" }\n");
    let mut tip = String::new();
    for i in 0..8_u32 {
        tip = project.commit(&format!("Change {i}"));
        let value = 100.0 + f64::from(i % 3);
        record(&mut project, "ci", &[("parse", &[], value)]);
    }
    assert_eq!(project.plimsoll(&["export", "--runs", "runs"]).code, 0);
    let outside = Project::with_git(&["--version"]);
    let runs = project.path("runs");
    let said = outside.plimsoll(&["import", "--runs", runs.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
    outside.budget("parsing", "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nregress = { limit = \"+5%\" }\n");
    let told = parsed(&outside.plimsoll(&["check", "--commit", &tip, "--format", "json"]));
    let own = &told["limits"][0];
    assert_eq!(
        (&own["verdict"], &own["points"]),
        (&"within".into(), &7.into()),
        "{told:#}"
    );
}

#[test]
fn settings_name_the_environment_and_a_newer_schema_is_refused() {
    let mut project = Project::new();
    project.write("plimsoll.toml", "schema = 1\n[env]\nlabel = \"rack-7\"\n");
    project.commit("Begin");
    let file = project.write("results/own.json", &measured(&[("parse", &[], 70.0)]));
    let said = project.plimsoll(&["record", file.to_str().unwrap()]);
    assert!(said.out.contains("env rack-7"), "{} {}", said.out, said.err);
    let said = project.plimsoll(&["record", "--env", "other", file.to_str().unwrap()]);
    assert!(said.out.contains("env other"), "{} {}", said.out, said.err);
    for label in ["", "two\nlines", &"x".repeat(201)] {
        let said = project.plimsoll(&["record", "--env", label, file.to_str().unwrap()]);
        assert_eq!(said.code, 2, "{label:?}");
    }
    project.write("plimsoll.toml", "schema = 9\n");
    for args in [
        &["record", file.to_str().unwrap()][..],
        &["log"],
        &["check"],
    ] {
        let said = project.plimsoll(args);
        assert_eq!(said.code, 2, "{args:?}");
        assert!(
            said.err.contains("[newer-schema]") || args == ["check"],
            "{args:?}: {}",
            said.err
        );
    }
    let said = project.plimsoll(&["log"]);
    insta::assert_snapshot!(said.err, @r"
    error: the settings cannot be used, so nothing was done

    error[newer-schema]: this file is of a newer schema
     --> plimsoll.toml:1:10
      |
    1 | schema = 9
      |          ^
      = upgrade plimsoll, or write schema = 1
    ");
}

#[test]
fn three_runs_a_side_decide_between_two_slices() {
    let mut project = Project::new();
    project.budget("tiers", "[[limit]]\nid = \"big\"\nselect = { benchmark = \"parse\", tags = { tier = \"big\" } }\nregress = { vs = \"tags:tier=free\", limit = \"+5%\" }\n");
    project.commit("Begin");
    let mut codes = Vec::new();
    for i in 0..3_u32 {
        let v = f64::from(i) / 10.0;
        let (free, big): (&[_], &[_]) = (&[("tier", "free")], &[("tier", "big")]);
        record(
            &mut project,
            "ci",
            &[("parse", free, 100.0 + v), ("parse", big, 150.0 + v)],
        );
        codes.push(project.plimsoll(&["check"]).code);
    }
    assert_eq!(codes, [0, 0, 1]);
    // A selector that takes in the slice that others are compared with needs no more runs.
    project.budget("tiers", "[[limit]]\nid = \"all\"\nselect = { benchmark = \"parse\" }\nregress = { vs = \"tags:tier=free\", limit = \"+5%\" }\n");
    let told = parsed(&project.plimsoll(&["check", "--format", "json"]));
    assert_eq!(
        (&told["exit"], &told["limits"][0]["verdict"]),
        (&1.into(), &"over".into())
    );
}

#[test]
fn a_cause_fails_nothing() {
    let mut project = Project::new();
    let cause = "kind = \"cause\"\n";
    let limit = |id: &str, benchmark: &str, more: &str| {
        format!(
            "[[limit]]\nid = \"{id}\"\nselect = {{ benchmark = \"{benchmark}\" }}\nmax = \"1us\"\n{more}"
        )
    };
    project.budget("shop", &(limit("a", "a", cause) + &limit("b", "b", "")));
    for _ in 0..6 {
        project.commit("Change");
        record(&mut project, "ci", &[("a", &[], 70.0), ("b", &[], 30.0)]);
    }
    project.commit("Forget a");
    record(&mut project, "ci", &[("b", &[], 30.0)]);
    let said = project.plimsoll(&["check", "--format", "json"]);
    let told = parsed(&said);
    assert_eq!(
        (said.code, &told["verdict"]),
        (0, &"missing".into()),
        "{told:#}"
    );
    assert_eq!(project.plimsoll(&["check", "--strict"]).code, 0);
    project.budget("shop", &(limit("a", "a", "") + &limit("b", "b", "")));
    assert_eq!(project.plimsoll(&["check"]).code, 2);
    project.budget(
        "shop",
        &limit("b", "b", "kind = \"cause\"\nmissing = \"fail\"\n"),
    );
    let said = project.plimsoll(&["check", "--lint"]);
    assert!(
        said.code == 2 && said.err.contains("[cause-cannot-fail]"),
        "{}",
        said.err
    );
}

#[test]
fn the_base_alone_counts_on_a_branch_and_the_head_with_it_on_the_default_branch() {
    let mut project = Project::new();
    project.budget("parsing", "[[limit]]\nid = \"time\"\nselect = { benchmark = \"parse\" }\nmax = \"1us\"\ncreep = { window = \"90d\", limit = \"+4%\" }\n");
    let points = |project: &Project, rule: &str| {
        let told = parsed(&project.plimsoll(&["check", "--format", "json"]));
        let limits = at(&told, "limits").as_array().unwrap();
        let one = limits.iter().find(|l| l["rule"] == rule).unwrap();
        let learning = one["reason"] == "learning";
        (one["points"].as_u64().unwrap(), learning)
    };
    for i in 0..4 {
        project.commit("Change");
        record(
            &mut project,
            "ci",
            &[("parse", &[], 70.0 + 0.1 * f64::from(i))],
        );
    }
    project.git(&["checkout", "--quiet", "-b", "topic"]);
    project.commit("Topic");
    record(&mut project, "ci", &[("parse", &[], 70.2)]);
    assert_eq!(points(&project, "max"), (4, true));
    assert_eq!(points(&project, "creep"), (4, true));
    project.git(&["checkout", "--quiet", "main"]);
    project.commit("Main");
    record(&mut project, "ci", &[("parse", &[], 70.2)]);
    assert_eq!(points(&project, "max"), (5, false));
    assert_eq!(points(&project, "creep"), (5, true));
}

/// Every field of the contract with its type: s text, n number, b flag, l list, o table; a question mark
/// where it may be null.
const LIMIT: &[(&str, &str)] = &[
    ("feature", "s"),
    ("limit", "s"),
    ("rule", "s"),
    ("owner", "s"),
    ("series", "o?"),
    ("verdict", "s"),
    ("improved", "b"),
    ("reason", "s?"),
    ("value", "n?"),
    ("unit", "s"),
    ("limit_value", "n?"),
    ("used", "n?"),
    ("effect", "n?"),
    ("effect_low", "n?"),
    ("effect_high", "n?"),
    ("level", "n?"),
    ("p", "n?"),
    ("p_adjusted", "n?"),
    ("smallest_effect", "n?"),
    ("runs_needed", "n?"),
    ("suspects", "l"),
    ("introduced_by", "s?"),
];

fn holds(value: &Value, fields: &[(&str, &str)]) {
    for (field, kind) in fields {
        let own = value
            .get(field)
            .unwrap_or_else(|| panic!("no {field} in {value:#}"));
        let fits = match kind.trim_end_matches('?') {
            "s" => own.is_string(),
            "n" => own.is_number(),
            "b" => own.is_boolean(),
            "l" => own.is_array(),
            _ => own.is_object(),
        };
        assert!(
            fits || own.is_null() && kind.ends_with('?'),
            "{field}: {own} in {value:#}"
        );
    }
}

fn is_a_check(told: &Value) {
    holds(
        told,
        &[
            ("schema", "s"),
            ("exit", "n"),
            ("verdict", "s"),
            ("commit", "s"),
            ("base", "o?"),
            ("environment", "s"),
            ("mode", "s"),
            ("census", "o"),
            ("limits", "l"),
            ("changes", "l"),
        ],
    );
    assert_eq!(told["schema"], "plimsoll.check/1");
    holds(
        &told["census"],
        &[("expected", "n"), ("judged", "n"), ("reasons", "o")],
    );
    if told["base"].is_object() {
        holds(&told["base"], &[("commit", "s"), ("how", "s")]);
    }
    for limit in told["limits"].as_array().unwrap() {
        holds(limit, LIMIT);
        if limit["series"].is_object() {
            let series = [
                ("id", "s"),
                ("benchmark", "s"),
                ("metric", "s"),
                ("tags", "o"),
                ("env", "s"),
            ];
            holds(&limit["series"], &series);
        }
        let verdicts = [
            "within",
            "over",
            "unproven",
            "missing",
            "accepted",
            "inherited",
        ];
        assert!(
            verdicts.contains(&limit["verdict"].as_str().unwrap()),
            "{limit}"
        );
    }
}

#[test]
fn every_check_has_the_shape_of_the_contract() {
    let mut project = Project::new();
    let limit = |id: &str, benchmark: &str, rules: &str| {
        format!("[[limit]]\nid = \"{id}\"\nselect = {{ benchmark = \"{benchmark}\" }}\n{rules}\n")
    };
    project.budget(
        "all",
        &[
            limit(
                "level",
                "a",
                "max = \"1us\"\ncreep = { window = \"90d\", limit = \"+4%\" }",
            ),
            limit(
                "change",
                "b",
                "regress = { limit = \"+5%\" }\ndrift = { vs = \"start\", limit = \"+8%\" }",
            ),
            limit("gone", "c", "regress = { limit = \"+5%\" }\nmax = \"1us\""),
            limit("nothing", "never", "regress = { limit = \"+5%\" }"),
        ]
        .concat(),
    );
    for i in 0..8_u32 {
        project.commit(&format!("Change {i}"));
        let v = f64::from(i % 3) / 10.0;
        record(
            &mut project,
            "ci",
            &[("a", &[], 70.0 + v), ("b", &[], 30.0 + v), ("c", &[], 9.0)],
        );
    }
    project.git(&["checkout", "--quiet", "-b", "topic"]);
    project.commit("Slower, and without c");
    for v in [0.0, 0.1, 0.2] {
        record(
            &mut project,
            "ci",
            &[("a", &[], 70.0 + v), ("b", &[], 60.0 + v)],
        );
    }
    let said = project.plimsoll(&["check", "--format", "json"]);
    let told = parsed(&said);
    is_a_check(&told);
    assert_eq!(
        (said.code, &told["exit"]),
        (1, &1.into()),
        "over wins over missing"
    );
    let mut found: Vec<(String, String)> = at(&told, "limits")
        .as_array()
        .unwrap()
        .iter()
        .map(|l| {
            let text = |field: &str| l[field].as_str().unwrap().to_owned();
            (
                format!("{} {}", text("limit"), text("rule")),
                text("verdict"),
            )
        })
        .collect();
    found.sort();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("change drift", "unproven"),
            ("change regress", "over"),
            ("gone max", "missing"),
            ("level creep", "unproven"),
            ("level max", "within"),
            ("nothing regress", "missing"),
        ]
    );
    assert_eq!(told["census"]["expected"], 4);
    let explained = parsed(&project.plimsoll(&["log", "all", "--explain", "--format", "json"]));
    assert_eq!(explained["schema"], "plimsoll.explain/1");
    for limit in explained["limits"].as_array().unwrap() {
        holds(limit, LIMIT);
        holds(limit, &[("gates", "l")]);
    }
}

#[test]
fn trouble_is_told_in_json_too() {
    let mut project = Project::new();
    project.write("budgets/a.toml", "schema = 1\n[feature]\nname = \"a\"\nowner = \"@x\"\n[[limit]]\nid = \"l\"\nselect = { benchmark = \"parse\" }\nmx = \"1s\"\n");
    let trouble = |project: &Project, args: &[&str], words: &str| {
        let all: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
        let said = project.plimsoll(&all);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        let told = parsed(&said);
        is_a_check(&told);
        assert_eq!(
            (&told["exit"], &told["verdict"]),
            (&2.into(), &"missing".into())
        );
        assert_eq!(told["limits"], json!([]), "{args:?}");
        assert!(told.to_string().contains(words), "{args:?}: {told:#}");
        assert!(said.err.starts_with("error: "), "{}", said.err);
        told
    };
    // No commit at all; budget files with faults; a revision that is none.
    trouble(&project, &["check"], "unknown-key");
    project.commit("Begin");
    let told = trouble(&project, &["check"], "unknown-key");
    assert_eq!(told["findings"][0]["place"], "budgets/a.toml:8:1");
    assert_eq!(
        told["commit"].as_str().unwrap(),
        project.git(&["rev-parse", "HEAD"])
    );
    project.budget("a", LIMITS);
    trouble(&project, &["check"], "plimsoll record");
    project.commit("Mend the budget");
    record(&mut project, "ci", &[("parse", &[], 1.0)]);
    project.commit("Nothing measured");
    trouble(&project, &["check", "--commit", "nowhere"], "nowhere");
    let told = trouble(&project, &["check"], "no results for");
    let said = project.plimsoll(&["check", "--format", "markdown"]);
    assert!(
        said.code == 2 && said.out.contains("nothing could be judged"),
        "{}",
        said.out
    );
    // The comment that is made of it is no pass.
    project.write("results/check.json", &told.to_string());
    let said = project.plimsoll(&[
        "comment",
        "--check",
        "results/check.json",
        "--dry-run",
        "--when",
        "always",
    ]);
    assert!(
        said.out.contains("nothing could be judged"),
        "{} {}",
        said.out,
        said.err
    );
    assert!(said.out.contains("no results for"), "{}", said.out);
    trouble(
        &project,
        &["check", "--mode", "paired", "--base", "HEAD^"],
        "[lab]",
    );
    trouble(&project, &["compare", "HEAD^"], "[lab]");
    let mut none = Project::new();
    none.commit("Begin");
    trouble(&none, &["check"], "there is no budget");
}

/// A check as `check --format json` writes it: one limit, over.
const OVER: &str = r#"{"schema":"plimsoll.check/1","exit":1,"verdict":"over",
    "commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","census":{"expected":1,"judged":1},
    "limits":[{"feature":"checkout","limit":"p95","rule":"max","owner":"@acme/pay","verdict":"over",
    "series":{"benchmark":"pay","metric":"time"},"why":"because","value":1.0,"unit":"ns"}]}"#;

#[test]
fn a_dry_run_shows_what_this_event_would_get() {
    let mut project = Project::new();
    project.commit("Begin");
    project.write("results/check.json", OVER);
    let pull = |repository: u64| {
        let head = json!({ "sha": "a".repeat(40), "ref": "t", "repo": { "id": repository, "full_name": "a/b" } });
        let base = json!({ "sha": "b".repeat(40), "ref": "main", "repo": { "id": 1 } });
        json!({ "repository": { "id": 1 }, "pull_request": { "number": 4, "head": head, "base": base } })
    };
    let shown = |event: &str, payload: &str, more: &[&str]| {
        let file = project.write("results/event.json", payload);
        let sha = "c".repeat(40);
        let vars = [
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", file.to_str().unwrap()),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_SHA", &sha),
            ("GITHUB_RUN_ID", "9"),
            ("GITHUB_RUN_NUMBER", "1"),
        ];
        let mut args = vec!["comment", "--check", "results/check.json", "--dry-run"];
        args.extend(more);
        let said = project.plimsoll_with(&args, &vars);
        assert_eq!(said.code, 1, "{}", said.err);
        (said.out, said.err)
    };
    let (out, err) = shown("pull_request", &pull(1).to_string(), &[]);
    assert!(
        out.contains("@acme/pay: ") && out.contains("\"conclusion\""),
        "{out}"
    );
    assert!(!err.contains("is it an old file?"), "{err}");
    let (out, _) = shown("pull_request", &pull(1).to_string(), &["--when", "never"]);
    assert!(
        out.contains("no comment: --when never") && !out.contains("@acme"),
        "{out}"
    );
    let (out, _) = shown("pull_request", &pull(2).to_string(), &[]);
    assert!(
        out.contains("no check run: this pull request comes from a fork"),
        "{out}"
    );
    let push = r#"{"ref":"refs/heads/main","repository":{"id":1,"default_branch":"main"}}"#;
    let (out, err) = shown("push", push, &[]);
    assert!(
        err.contains("check.json is the check of aaaaaaa, and this run is about ccccccc"),
        "{err}"
    );
    assert!(
        out.contains("no comment: what set this workflow off"),
        "{out}"
    );
    assert!(
        !out.contains("@acme") && out.contains("\"conclusion\""),
        "{out}"
    );
    let (_, err) = shown("pull_request", "{ broken", &[]);
    assert!(err.contains("nothing would be sent from here"), "{err}");
}

/// The server of GitHub is a listener of ours, at which nobody may knock.
#[test]
fn a_dry_run_of_start_prints_the_check_run_and_sends_nothing() {
    let mut project = Project::new();
    let head = project.commit("Begin");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let push = r#"{"ref":"refs/heads/main","repository":{"id":1,"default_branch":"main"}}"#;
    let event = project.write("results/event.json", push);
    let sha = "c".repeat(40);
    let vars = [
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_SHA", &sha),
        ("GITHUB_RUN_ID", "9"),
        ("GITHUB_RUN_NUMBER", "1"),
        ("GITHUB_API_URL", &url),
        ("GITHUB_TOKEN", "ghs_test"),
    ];
    let start = ["comment", "--start", "--dry-run", "--key", "linux"];
    let said = project.plimsoll_with(&start, &vars);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in ["plimsoll (linux)", "\"in_progress\"", &sha] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    let knocked = listener.accept().map(|_| ());
    let nobody = std::io::ErrorKind::WouldBlock;
    assert_eq!(knocked.map_err(|error| error.kind()), Err(nobody));
    // Outside of any workflow it is the check run of HEAD.
    let said = project.plimsoll(&start);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains(&head), "{}", said.out);
    let broken = project.write("results/event.json", "{ broken");
    assert_eq!(broken, event);
    let said = project.plimsoll_with(&start, &vars);
    assert_eq!(said.code, 2, "{}", said.out);
    let why = "nothing would be sent from here";
    assert!(said.err.contains(why), "{}", said.err);
}

#[test]
fn an_event_that_cannot_be_read_still_leaves_summary_and_outputs() {
    let mut project = Project::new();
    project.commit("Begin");
    project.write("results/check.json", OVER);
    let event = project.write("results/event.json", "{ broken");
    let (summary, outputs) = (
        project.path("results/summary"),
        project.path("results/outputs"),
    );
    let vars = [
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ("GITHUB_OUTPUT", outputs.to_str().unwrap()),
    ];
    let said = project.plimsoll_with(&["comment", "--check", "results/check.json"], &vars);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("nothing was sent"), "{}", said.err);
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.contains("1 of 1 exceeded"), "{summary}");
    let outputs = std::fs::read_to_string(outputs).unwrap();
    assert!(
        outputs.contains("exit-code") && outputs.contains("verdict"),
        "{outputs}"
    );
}

#[test]
fn what_is_over_and_only_warns_stands_in_the_title() {
    let mut project = Project::new();
    project.commit("Begin");
    let warns = OVER
        .replace("\"exit\":1", "\"exit\":0")
        .replace("\"rule\":\"max\"", "\"rule\":\"max\",\"kind\":\"cause\"");
    project.write("results/check.json", &warns);
    let said = project.plimsoll(&[
        "comment",
        "--check",
        "results/check.json",
        "--dry-run",
        "--when",
        "always",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("1 of 1 over, which only warns"),
        "{}",
        said.out
    );
}

#[test]
fn lint_is_told_in_json() {
    let project = Project::new();
    project.budget(
        "a",
        "[[limit]]\nid = \"l\"\nselect = { benchmark = \"parse\" }\nmax = \"1s\"\nwindow = 3\n",
    );
    let said = project.plimsoll(&["check", "--lint", "--format", "json"]);
    let told = parsed(&said);
    assert_eq!((said.code, &told["exit"]), (2, &2.into()));
    assert_eq!(told["schema"], "plimsoll.lint/1");
    let first = &told["findings"][0];
    holds(
        first,
        &[
            ("code", "s"),
            ("severity", "s"),
            ("message", "s"),
            ("help", "s"),
            ("place", "s?"),
        ],
    );
    assert_eq!(
        (&first["code"], &first["severity"]),
        (&"unknown-key".into(), &"error".into())
    );
    project.budget(
        "a",
        "[[limit]]\nid = \"l\"\nselect = { benchmark = \"parse\" }\nmax = \"1s\"\n",
    );
    let said = project.plimsoll(&["check", "--lint", "--format", "json"]);
    assert_eq!(
        (said.code, &parsed(&said)["findings"]),
        (0, &json!([])),
        "{}",
        said.err
    );
}

#[test]
fn git_dir_and_work_tree_are_as_git_takes_them() {
    let project = shop();
    let elsewhere = tempfile::tempdir().unwrap();
    let git_dir = project.path(".git");
    let git_dir = git_dir.to_str().unwrap();
    let check = |vars: &[(&str, &str)]| {
        project.run_in(
            elsewhere.path(),
            "plimsoll",
            &["check", "--env", "ci"],
            vars,
        )
    };
    // The git folder alone: the present folder is the work tree, and it holds no budgets.
    let said = check(&[("GIT_DIR", git_dir)]);
    assert!(
        said.code == 2 && said.err.contains("there is no budget"),
        "{}",
        said.err
    );
    let tree = project.root().to_str().unwrap();
    let said = check(&[("GIT_DIR", git_dir), ("GIT_WORK_TREE", tree)]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("Change 2"), "{}", said.out);
    let own = project.path("results/own.json");
    let args = [
        "record",
        "--dry-run",
        "--format",
        "json",
        own.to_str().unwrap(),
    ];
    let said = project.plimsoll_with(&args, &[("GIT_DIR", "/nowhere")]);
    assert_eq!(said.code, 0, "reading needs no repository: {}", said.err);
    let said = check(&[("GIT_DIR", "/nowhere")]);
    assert!(
        said.code == 2 && said.err.contains("GIT_DIR"),
        "{}",
        said.err
    );
    // An empty variable is an absent one.
    let said = project.plimsoll_with(
        &["check", "--env", "ci"],
        &[("GIT_DIR", ""), ("PLIMSOLL_DB", "")],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    // Settings of git from another file.
    let own = project.write("results/gitconfig", "[user]\nname = Global Ann\n");
    record_slow(&project);
    let vars = [("GIT_CONFIG_GLOBAL", own.to_str().unwrap())];
    let args = [
        "accept", "HEAD", "--reason", "wanted", "--limit", "parse", "--base", "main",
    ];
    let said = project.plimsoll_with(&args, &vars);
    assert!(said.out.contains("Global Ann"), "{} {}", said.out, said.err);
}

fn record_slow(project: &Project) {
    project.git(&["checkout", "--quiet", "-b", "topic"]);
    for i in 0..5_u32 {
        project.write("src.txt", &format!("{i}"));
        project.git(&["add", "src.txt"]);
        project.git(&["commit", "--quiet", "--message", "Quick"]);
        let file = project.write(
            "results/own.json",
            &measured(&[("parse", &[], 70.0 + f64::from(i % 2))]),
        );
        project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    }
    project.git(&["branch", "--force", "main"]);
    project.write("src.txt", "slow");
    project.git(&["commit", "--quiet", "--all", "--message", "Slow"]);
    for v in [0.0, 1.0, 2.0] {
        let file = project.write("results/own.json", &measured(&[("parse", &[], 170.0 + v)]));
        project.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
    }
}
