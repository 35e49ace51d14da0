//! `plimsoll capacity`, and what a check says of milestones, as their user runs them.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, Said, at};

const LIMITS: &str = r#"
[[limit]]
id = "launch"
select = { benchmark = "api", x = "connections", y = "throughput", latency = "p95" }
capacity = { at_latency = "100ms", regress = { contention = "+0.5%" } }
scale_unit = { name = "pod", planned = 4, tested = 2, efficiency = 0.9 }
"#;

fn milestone(name: &str, demand: &str, more: &str) -> String {
    format!(
        "[[milestone]]\nlimit = \"launch\"\nname = \"{name}\"\ndate = 2090-11-01\ndemand = \"{demand}\"\n{more}\n"
    )
}

const DEMAND: &str =
    "[demand]\ncurrent = \"1000 req/s\"\nmeasured = 2026-11-01\ngrowth = \"1%/month\"\n";

/// Load steps of a service with this contention: three runs each, the tail at 10 ms + N.
fn steps(alpha: f64, levels: u32) -> String {
    let wobble = [0.004, -0.006, 0.003, -0.002, 0.006, -0.004, 0.001, -0.003];
    let mut text = String::from("connections,run,throughput,latency_mean,latency_p95,errors\n");
    for i in 0..levels {
        let n = f64::from(1_u32 << i);
        let x = 100.0 * n / (1.0 + alpha * (n - 1.0) + 0.0002 * n * (n - 1.0));
        for run in 0..3_usize {
            let x = x * (1.0 + wobble[(i as usize + 3 * run) % 8]);
            let mean = n / x * 1e3;
            text.push_str(&format!("{n},{run},{x:.3},{mean:.4},{},0\n", 10.0 + n));
        }
    }
    text
}

fn record(project: &Project, text: &str) {
    let file = project.write("results/api.csv", text);
    let said = project.plimsoll(&["record", "--env", "load", file.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.err);
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err))
}

/// Verdict, reason and sentence of the first row of a rule.
fn found(check: &Value, rule: &str) -> (String, Option<String>, String) {
    let limits = at(check, "limits").as_array().unwrap();
    let one = limits
        .iter()
        .find(|l| l["rule"] == rule)
        .unwrap_or_else(|| panic!("no {rule} in {check:#}"));
    (
        one["verdict"].as_str().unwrap().to_owned(),
        one["reason"].as_str().map(str::to_owned),
        one["why"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn a_file_is_looked_at_without_repository_budget_or_database() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("api.csv"), steps(0.02, 8)).unwrap();
    let run = |args: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(args)
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap();
        (
            out.status.code().unwrap(),
            String::from_utf8(out.stdout).unwrap(),
        )
    };
    let (code, told) = run(&["capacity", "api.csv", "--at-latency", "100ms"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("a_look_at_a_file", told);
    let (code, told) = run(&["capacity", "api.csv", "--at-latency", "100ms", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((code, &told["schema"]), (0, &"plimsoll.capacity/1".into()));
    assert_eq!(
        (&told["n"], &told["peak_status"]),
        (&24.into(), &"within_tested".into())
    );
    assert_eq!(told["capacity_at_latency"]["first_broken"], 128.0);
    assert!(!folder.path().join(".plimsoll").exists());
    // With a demand it judges.
    for (demand, expected) in [("1000 req/s", 0), ("5000 req/s", 1)] {
        let (code, told) = run(&["capacity", "api.csv", "--demand", demand]);
        assert_eq!(code, expected, "{told}");
    }
}

#[test]
fn raytracer_tested_to_20_says_no_peak_up_to_20() {
    let project = Project::new();
    project.write(
        "ray.csv",
        "concurrency,throughput,errors\n1,20,0\n4,78,0\n8,130,0\n12,170,0\n16,190,0\n20,200,0\n",
    );
    for fit in ["log", "absolute"] {
        let said = project.plimsoll(&["capacity", "ray.csv", "--fit", fit]);
        assert!(
            said.code == 0 && said.out.contains("no peak up to 20"),
            "{}",
            said.out
        );
        let told = json(&project.plimsoll(&["capacity", "ray.csv", "--fit", fit, "--json"]));
        assert_eq!(
            (&told["peak"], &told["peak_status"]),
            (&Value::Null, &"no peak up to 20".into())
        );
    }
    // Beyond what was tested nothing is a pass, and nothing a breach.
    let said = project.plimsoll(&["capacity", "ray.csv", "--demand", "400 req/s"]);
    assert!(
        said.code == 0
            && said.out.contains(
                "not tested: test up to N = 40, though by its law no load gives more than"
            ),
        "{}",
        said.out
    );
    let strict = ["capacity", "ray.csv", "--demand", "400 req/s", "--strict"];
    assert_eq!(project.plimsoll(&strict).code, 1);
}

#[test]
fn what_is_no_sweep_is_trouble() {
    let project = Project::new();
    project.write("one.csv", "concurrency,throughput\n8,20\n8,21\n");
    let said = project.plimsoll(&["capacity", "one.csv"]);
    assert!(
        said.code == 2 && said.err.contains("hold no sweep"),
        "{}",
        said.err
    );
    project.write("bad.csv", "concurrency,throughput\n8,many\n");
    let said = project.plimsoll(&["capacity", "bad.csv"]);
    assert!(
        said.code == 2 && said.err.contains("line 2"),
        "{}",
        said.err
    );
    let said = project.plimsoll(&["capacity", "nothing-of-this-name"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
}

#[test]
fn files_of_several_tools_are_one_sweep() {
    let project = Project::new();
    let mut files = Vec::new();
    for (n, rate) in [(1, 900.0), (2, 1700.0), (4, 3000.0), (8, 4600.0)] {
        let text = format!(
            "Running 5s test @ http://h/x\n  1 threads and {n} connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency     {}us    1us  9ms   94.51%\n  Latency Distribution\n     99%    2.00ms\n  10000 requests in 5.00s, 1.00MB read\nRequests/sec:  {rate}\nTransfer/sec:      4.00KB\n",
            f64::from(n) / rate * 1e6
        );
        project.write(&format!("wrk-{n}.txt"), &text);
        files.push(format!("wrk-{n}.txt"));
    }
    let mut args = vec!["capacity", "--json"];
    args.extend(files.iter().map(String::as_str));
    let told = json(&project.plimsoll(&args));
    assert_eq!(
        (&told["axis"], &told["tested_max"]),
        (&"connections".into(), &8.0.into())
    );
    assert_eq!(told["steps"].as_array().unwrap().len(), 4);
    // autocannon's files say their load and no name: two services apart, each one sweep.
    let mut args = vec!["capacity".to_owned(), "--json".to_owned()];
    for (service, slow) in [("login", 2.0), ("search", 1.0)] {
        for n in [1_u32, 2, 4, 8] {
            let rate = 500.0 / slow * f64::from(n).sqrt();
            let text = serde_json::json!({
                "connections": n, "pipelining": 1, "errors": 0, "non2xx": 0,
                "latency": {"average": 1e3 * f64::from(n) / rate, "p97_5": 40, "p99": 50},
                "requests": {"average": rate, "total": 10_000}, "throughput": {"average": 1e4},
            });
            project.write(&format!("{service}-c{n:02}.json"), &text.to_string());
            args.push(format!("{service}-c{n:02}.json"));
        }
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = project.plimsoll(&args);
    let told: Vec<Value> = said
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let names: Vec<_> = told
        .iter()
        .map(|t| (t["benchmark"].clone(), t["steps"].as_array().unwrap().len()))
        .collect();
    assert_eq!(
        names,
        [("login-c".into(), 4), ("search-c".into(), 4)],
        "{}",
        said.out
    );
    // vegeta's reports say no load: it is rate × mean latency.
    for (rate, ms) in [(100, 20), (200, 21), (400, 25), (800, 45)] {
        let text = serde_json::json!({
            "latencies": {"total": 1, "mean": ms * 1_000_000, "50th": ms * 1_000_000, "95th": 2 * ms * 1_000_000,
                "99th": 3 * ms * 1_000_000, "max": 4 * ms * 1_000_000},
            "bytes_in": {"total": 1, "mean": 1}, "bytes_out": {"total": 0, "mean": 0},
            "duration": 1, "wait": 1, "requests": 1000, "rate": rate, "throughput": rate, "success": 1,
            "status_codes": {"200": 1000}, "errors": []
        });
        project.write(&format!("v{rate}.json"), &text.to_string());
    }
    let told = json(&project.plimsoll(&[
        "capacity",
        "--json",
        "v100.json",
        "v200.json",
        "v400.json",
        "v800.json",
    ]));
    assert!((told["tested_max"].as_f64().unwrap() - 36.0).abs() < 1e-9);
    let checks = told["checks"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .any(|c| c["name"] == "little" && c["ok"].is_null())
    );
}

#[test]
fn steps_under_a_fault_are_a_sweep_of_their_own() {
    let mut project = Project::new();
    let mut text = String::from("connections,fault,throughput,latency_mean,errors\n");
    for i in 0..7 {
        let n = f64::from(1_u32 << i);
        for (fault, x) in [
            ("", 100.0 * n / (1.0 + 0.02 * (n - 1.0))),
            ("db-slow", 20.0 * n / (1.0 + 0.1 * (n - 1.0))),
        ] {
            text.push_str(&format!("{n},{fault},{x:.2},{:.4},0\n", n / x * 1e3));
        }
    }
    project.commit("Serve");
    project.budget(
        "api",
        "[[limit]]\nid = \"calm\"\nselect = { benchmark = \"api\" }\ncapacity = { min = \"1000 req/s\" }\n[[limit]]\nid = \"stormy\"\nselect = { benchmark = \"api\", tags = { fault = \"db-slow\" } }\ncapacity = { min = \"1000 req/s\" }\n",
    );
    record(&project, &text);
    let said = project.plimsoll(&["check", "--format", "json"]);
    let check = json(&said);
    assert_eq!(said.code, 0, "{check:#}");
    let limits = at(&check, "limits").as_array().unwrap();
    let verdict = |id: &str| {
        let own: Vec<_> = limits.iter().filter(|l| l["limit"] == id).collect();
        assert_eq!(own.len(), 1, "{check:#}");
        own[0]["verdict"].clone()
    };
    assert_eq!(
        (verdict("calm"), verdict("stormy")),
        ("within".into(), "unproven".into())
    );
}

#[test]
fn a_check_judges_milestones() {
    let mut project = Project::new();
    project.commit("Serve");
    project.budget(
        "api",
        &format!(
            "{LIMITS}{}{}{DEMAND}",
            milestone("launch day", "2000 req/s", "safety = 1.2"),
            milestone("far day", "20000 req/s", "fail_from = 2090-06-01")
        ),
    );
    record(&project, &steps(0.02, 8));
    let said = project.plimsoll(&["check"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    insta::assert_snapshot!(
        "milestones_table",
        said.out
            .replace("env load / ", "env load · ")
            .lines()
            .skip(1)
            .collect::<Vec<_>>()
            .join("\n")
    );
    let check = json(&project.plimsoll(&["check", "--format", "json"]));
    let limits = at(&check, "limits").as_array().unwrap();
    let far = limits
        .iter()
        .find(|l| l["milestone"]["name"] == "far day")
        .unwrap();
    // Over, and before its day it warns alone.
    assert_eq!(
        (&far["verdict"], &far["kind"]),
        (&"over".into(), &"cause".into())
    );
    assert!(far["milestone"]["units"].as_f64().unwrap() > 4.0);
    let markdown = project.plimsoll(&["check", "--format", "markdown"]);
    assert!(markdown.out.contains("far day"), "{}", markdown.out);
    // The same figures from the command of its own.
    let told = json(&project.plimsoll(&["capacity", "api/launch", "--json"]));
    assert_eq!(
        told["milestones"][0]["headroom"],
        limits
            .iter()
            .find(|l| l["milestone"]["name"] == "launch day")
            .unwrap()["milestone"]["headroom"]
    );
    let report = project.plimsoll(&["report", "-o", "out"]);
    assert_eq!(report.code, 0, "{}", report.err);
    let page = std::fs::read_to_string(project.path("out/f/api.html")).unwrap();
    for expected in [
        "Will it hold on the day?",
        "launch day",
        "<svg class=\"chart\"",
        "class=\"budget\"",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    // From its day on it fails.
    project.budget(
        "api",
        &format!(
            "{LIMITS}{}{DEMAND}",
            milestone("far day", "20000 req/s", "fail_from = 2026-01-01")
        ),
    );
    assert_eq!(project.plimsoll(&["check"]).code, 1);
    assert_eq!(project.plimsoll(&["capacity", "api"]).code, 1);
}

/// What `capacity --demand 400/s` says of steps of which some lines are changed, and its exit code.
fn asked(
    project: &Project,
    more: &[&str],
    change: impl Fn(u32, u32, &str) -> String,
) -> (String, String, i32) {
    let text = steps(0.02, 8);
    let mut lines = text.lines();
    let mut changed = lines.next().unwrap().to_owned() + "\n";
    for line in lines {
        let mut cells = line.split(',').map(|cell| cell.parse::<u32>());
        let n = cells.next().unwrap().unwrap();
        let run = cells.next().unwrap().unwrap();
        changed += &(change(n, run, line) + "\n");
    }
    project.write("s.csv", &changed);
    let mut args = vec!["capacity", "s.csv", "--json", "--demand", "400/s"];
    args.extend(more);
    let said = project.plimsoll(&args);
    let told = json(&said);
    let own = &told["milestones"][0];
    (
        own["verdict"].as_str().unwrap().to_owned(),
        told["checks"].to_string(),
        said.code,
    )
}

#[test]
fn what_was_not_measured_at_a_load_is_no_pass() {
    let project = Project::new();
    let cut = |line: &str, cell: usize, text: &str| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[cell] = text;
        cells.join(",")
    };
    let same = |_: u32, _: u32, line: &str| line.to_owned();
    let tail = ["--at-latency", "50ms"];
    assert_eq!(asked(&project, &tail, same).0, "within");
    // The tail of the high loads, or of all.
    let blind = |n: u32, _: u32, line: &str| {
        if n > 16 {
            cut(line, 4, "")
        } else {
            line.to_owned()
        }
    };
    let found = asked(&project, &tail, blind);
    assert!(
        found.0 == "unproven" && found.1.contains("N = 32"),
        "{found:?}"
    );
    let found = asked(
        &project,
        &["--at-latency", "50ms", "--latency", "p99"],
        same,
    );
    assert!(
        found.0 == "unproven" && found.1.contains("was not measured, p95 was"),
        "{found:?}"
    );
    // One run of three fails; a load at which nothing got through; a test that failed whole.
    let torn = |n: u32, run: u32, line: &str| {
        if n == 128 && run == 1 {
            cut(line, 5, "1")
        } else {
            line.to_owned()
        }
    };
    let found = asked(&project, &[], torn);
    assert!(
        found.0 == "unproven" && found.1.contains("1 of 3 runs fail"),
        "{found:?}"
    );
    let dead = |n: u32, _: u32, line: &str| {
        if n == 4 {
            cut(line, 2, "0")
        } else {
            line.to_owned()
        }
    };
    let found = asked(&project, &[], dead);
    assert_eq!(found.0, "unproven", "{found:?}");
    let dead = |n: u32, _: u32, line: &str| {
        if n >= 64 {
            cut(line, 2, "0")
        } else {
            line.to_owned()
        }
    };
    assert_eq!(asked(&project, &[], dead).0, "within");
    let dead = |_: u32, _: u32, line: &str| cut(line, 5, "1");
    let found = asked(&project, &[], dead);
    assert_eq!((found.0.as_str(), found.2), ("missing", 2));
    // A file given twice is not twice the evidence.
    let said = project.plimsoll(&["capacity", "s.csv", "s.csv", "--json"]);
    assert!(said.err.contains("counted once"), "{}", said.err);
}

/// Verdict and sentence of a check of one recorded sweep, some lines of which are changed.
fn recorded(
    project: &mut Project,
    subject: &str,
    capacity: &str,
    change: impl Fn(u32, u32, &mut Vec<String>),
) -> (String, String) {
    project.budget(
        "api",
        &format!(
            "[[limit]]\nid = \"least\"\nselect = {{ benchmark = \"api\", x = \"connections\" }}\ncapacity = {{ {capacity} }}\n"
        ),
    );
    project.commit(subject);
    let text = steps(0.02, 8);
    let mut lines = text.lines();
    let mut changed = lines.next().unwrap().to_owned() + "\n";
    for line in lines {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let (n, run) = (cells[0].parse().unwrap(), cells[1].parse().unwrap());
        change(n, run, &mut cells);
        changed += &(cells.join(",") + "\n");
    }
    record(project, &changed);
    let check = json(&project.plimsoll(&["check", "--format", "json"]));
    let (verdict, _, why) = found(&check, "capacity");
    (verdict, why)
}

#[test]
fn a_recorded_sweep_keeps_the_runs_of_its_steps() {
    let mut project = Project::new();
    let least = "at_latency = \"100ms\", min = \"500 req/s\"";
    let calm = recorded(&mut project, "Serve", least, |_, _, _| {});
    assert_eq!(calm.0, "within", "{}", calm.1);
    // One run of three fails, and its tail with it: the median of the step shows neither.
    let torn = recorded(&mut project, "Fail", least, |n, run, cells| {
        if n >= 16 && run == 0 {
            (cells[4], cells[5]) = ("5000".to_owned(), "0.6".to_owned());
        }
    });
    assert!(
        torn.0 == "unproven" && torn.1.contains("(errors): at N = 16 1 of 3 runs fail"),
        "{torn:?}"
    );
    assert_eq!(project.plimsoll(&["check", "--strict"]).code, 1);
    let told = json(&project.plimsoll(&["capacity", "api/least", "--json"]));
    assert_eq!(told["n"], 24);
    // A median that is left does not make it a pass.
    let pruned = project.plimsoll(&["prune", "--older-than", "0d", "--apply"]);
    assert_eq!(pruned.code, 0, "{}", pruned.err);
    let check = json(&project.plimsoll(&["check", "--format", "json"]));
    let (verdict, _, why) = found(&check, "capacity");
    assert!(verdict == "unproven" && why.contains("(runs)"), "{why}");
    let shaky = recorded(&mut project, "Sway", least, |n, run, cells| {
        if n == 8 && run == 1 {
            cells[2] = (cells[2].parse::<f64>().unwrap() * 0.6).to_string();
        }
    });
    assert!(
        shaky.0 == "unproven" && shaky.1.contains("(steady)"),
        "{shaky:?}"
    );
    let blind = recorded(&mut project, "Blind", least, |n, run, cells| {
        if n == 8 && run == 1 {
            cells[4].clear();
        }
    });
    assert!(
        blind.0 == "unproven" && blind.1.contains("(tail)"),
        "{blind:?}"
    );
}

#[test]
fn the_next_load_to_test_is_named() {
    let mut project = Project::new();
    let gap = "at_latency = \"50ms\", min = \"1900 req/s\"";
    let told = recorded(&mut project, "Serve", gap, |_, _, _| {});
    let next = "test N = 48, between N = 32 that holds and N = 64 that does not";
    assert!(told.0 == "unproven" && told.1.ends_with(next), "{told:?}");
    let args = ["capacity", "results/api.csv", "--at-latency", "50ms"];
    let said = project.plimsoll(&[&args[..], &["--demand", "1900/s"]].concat());
    assert!(
        said.out
            .contains(&format!("evidence on both sides: {next}")),
        "{}",
        said.out
    );
    // A budget that the lowest load breaks, and a demand that nobody counts the digits of.
    let said = project.plimsoll(&[
        "capacity",
        "results/api.csv",
        "--at-latency",
        "5ms",
        "--demand",
        "1e308/s",
    ]);
    assert!(
        said.out
            .contains("nothing within p95 ≤ 5.00 ms: the lowest load, N = 1, breaks it")
            && said.out.lines().all(|line| line.len() < 250),
        "{}",
        said.out
    );
}

#[test]
fn a_milestone_whose_day_has_passed_is_asked_for_still() {
    let mut project = Project::new();
    project.commit("Serve");
    let past = milestone("launch day", "20000 req/s", "").replace("2090-11-01", "2020-11-01");
    project.budget("api", &format!("{LIMITS}{past}{DEMAND}"));
    record(&project, &steps(0.02, 8));
    for args in [vec!["check"], vec!["capacity", "api"]] {
        let said = project.plimsoll(&args);
        assert_eq!(said.code, 1, "{args:?} {}{}", said.out, said.err);
        assert!(said.out.contains("launch day"), "{}", said.out);
        let told = said.out + &said.err;
        assert!(
            told.contains("what it asked for is asked for still"),
            "{told}"
        );
    }
}

#[test]
fn a_load_that_is_no_longer_measured_is_missing() {
    let mut project = Project::new();
    project.budget(
        "api",
        &LIMITS.replace("at_latency", "min = \"500/s\", at_latency"),
    );
    project.commit("Serve");
    record(&project, &steps(0.02, 8));
    project.commit("Measure less");
    record(&project, &steps(0.02, 7));
    let said = project.plimsoll(&["check", "--base", "HEAD~1", "--format", "json"]);
    let check = json(&said);
    let limits = at(&check, "limits").as_array().unwrap();
    let gone: Vec<_> = limits
        .iter()
        .filter(|l| l["verdict"] == "missing")
        .collect();
    assert_eq!((gone.len(), said.code), (1, 2), "{check:#}");
    assert_eq!(gone[0]["series"]["tags"]["connections"], "128");
}

#[test]
fn contention_that_main_added_since_a_pin_is_inherited() {
    let mut project = Project::new();
    let drift = "capacity = { drift = { vs = \"tag:v1\", contention = \"+0.5%\" } }";
    project.budget("api", &format!("[[limit]]\nid = \"launch\"\nselect = {{ benchmark = \"api\", x = \"connections\", y = \"throughput\" }}\n{drift}\n"));
    let mut commits = Vec::new();
    for (alpha, subject) in [(0.02, "Serve"), (0.034, "Lock"), (0.034, "Paint")] {
        commits.push(project.commit(subject));
        if commits.len() == 1 {
            project.git(&["tag", "v1"]);
        }
        record(&project, &steps(alpha, 8));
    }
    let judged = |commit: &str, base: &str| {
        let asked = [
            "check", "--format", "json", "--commit", commit, "--base", base,
        ];
        let check = json(&project.plimsoll(&asked));
        let own = at(&check, "limits").as_array().unwrap()[0].clone();
        (
            own["verdict"].as_str().unwrap().to_owned(),
            own["introduced_by"].clone(),
        )
    };
    let of = |verdict: &str| (verdict.to_owned(), Value::from(commits[1].as_str()));
    assert_eq!(judged(&commits[1], &commits[0]), of("over"));
    assert_eq!(judged(&commits[2], &commits[1]), of("inherited"));
}

#[test]
fn a_milestone_that_was_lost_before_is_inherited() {
    let mut project = Project::new();
    let wanted = milestone("launch day", "3800 req/s", "");
    project.budget("api", &format!("{LIMITS}{wanted}{DEMAND}"));
    let mut commits = Vec::new();
    for (alpha, subject) in [(0.02, "Serve"), (0.034, "Lock"), (0.034, "Paint")] {
        commits.push(project.commit(subject));
        record(&project, &steps(alpha, 8));
    }
    let judged = |commit: &str, base: &str| {
        let asked = [
            "check", "--format", "json", "--commit", commit, "--base", base,
        ];
        let said = project.plimsoll(&asked);
        let check = json(&said);
        let limits = at(&check, "limits").as_array().unwrap();
        let own = limits.iter().find(|l| l["rule"] == "milestone").unwrap();
        let verdict = own["verdict"].as_str().unwrap().to_owned();
        (verdict, own["introduced_by"].clone())
    };
    let first = project.plimsoll(&["check", "--commit", &commits[0]]);
    assert_eq!(first.code, 0, "{}", first.out);
    let of = |verdict: &str| (verdict.to_owned(), Value::from(commits[1].as_str()));
    assert_eq!(judged(&commits[1], &commits[0]), of("over"));
    assert_eq!(judged(&commits[2], &commits[1]), of("inherited"));
    // The state of the branch is over, whoever brought it.
    let said = project.plimsoll(&["check", "--base", &commits[1]]);
    assert!(
        said.out
            .contains("already so at the base, not this change since "),
        "{}",
        said.out
    );
    assert_eq!(judged(&commits[2], &commits[0]), of("over"));
}

#[test]
fn a_sweep_that_was_not_measured_or_not_enough_is_no_pass() {
    let mut project = Project::new();
    project.commit("Serve");
    project.budget(
        "api",
        &format!(
            "{LIMITS}{}{DEMAND}",
            milestone("launch day", "10 req/s", "")
        ),
    );
    record(&project, &steps(0.02, 4));
    let check = json(&project.plimsoll(&["check", "--format", "json"]));
    let (verdict, reason, why) = found(&check, "milestone");
    assert_eq!(
        (verdict.as_str(), reason.as_deref()),
        ("unproven", Some("unsound"))
    );
    assert!(why.contains("4 different loads"), "{why}");
    // A commit without a sweep where the ones before had one.
    project.commit("Change");
    let file = project.write("results/other.csv", "benchmark,value,unit\nother,1,ms\n");
    project.plimsoll(&["record", "--env", "load", file.to_str().unwrap()]);
    let said = project.plimsoll(&["check", "--format", "json"]);
    let (verdict, reason, _) = found(&json(&said), "capacity");
    assert_eq!(
        (verdict.as_str(), reason.as_deref(), said.code),
        ("missing", Some("not-measured"), 2)
    );
}

#[test]
fn a_change_that_adds_contention_is_named() {
    let mut project = Project::new();
    project.budget("api", LIMITS);
    project.commit("Serve");
    record(&project, &steps(0.021, 8));
    project.commit("Lock everything");
    record(&project, &steps(0.034, 8));
    let said = project.plimsoll(&["check", "--base", "HEAD~1", "--format", "json"]);
    let check = json(&said);
    let (verdict, _, why) = found(&check, "contention");
    assert_eq!((verdict.as_str(), said.code), ("over", 1), "{check:#}");
    assert!(
        why.starts_with("this change raised contention from 2.") && why.contains(" to 3."),
        "{why}"
    );
    let head = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(at(&check, "limits/0/introduced_by"), head.as_str());
    // The stand-in for the whole law is a series like any other.
    let export = project.plimsoll(&["export", "csv"]);
    let lines = export
        .out
        .lines()
        .filter(|line| line.contains("efficiency"));
    assert_eq!(lines.count(), 14, "{}", export.out);
}
