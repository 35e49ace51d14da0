//! action.yml from end to end: its steps run under bash with what a runner gives them, against a
//! GitHub that remembers and a bare remote. Every job starts from a fresh clone, as on a hosted
//! runner.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

#[path = "../github_support/mod.rs"]
mod github_support;
mod install;
mod scene;

use github_support::BOT;
use scene::{BUDGET, Scene};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[test]
fn a_push_writes_history_and_a_pull_request_is_judged_by_it() {
    let mut scene = Scene::new();
    let done = scene.push("One more");
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(done.outputs["store-status"], "synced", "{}", done.log);
    assert_eq!(done.outputs["verdict"], "within", "{}", done.log);
    assert!(done.commands.is_empty(), "{:?}", done.commands);
    assert_eq!(scene.last_check()["conclusion"], "success");

    // A regression in history mode: red, one comment, the owner is told.
    let head = scene.branch("slower", "125", &[]);
    let done = scene.pull("slower", &head, 1, &[("mode", "history")]);
    assert_eq!(done.code, 1, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "over");
    assert_eq!(done.outputs["exit-code"], "1");
    assert_eq!(done.outputs["store-status"], "not-written");
    let comment = scene.comment();
    assert!(comment.contains("❌ **over**, this change"), "{comment}");
    assert!(
        comment.contains("@acme/pay: `shop · checkout time` is newly over"),
        "{comment}"
    );
    assert!(done.summary.contains("exceeded"));
    assert!(
        done.commands
            .iter()
            .any(|c| c.starts_with("::error title=over")),
        "{:?}",
        done.commands
    );
    let check = scene.last_check();
    assert_eq!(
        (&check["conclusion"], &check["head_sha"]),
        (&json!("failure"), &json!(head))
    );
    assert_eq!(check["status"], "completed");
    assert!(done.outputs["comment-url"].contains("#issuecomment-"));

    // A second push that mends it: the same comment says so.
    let head = scene.branch("slower", "100", &[]);
    let done = scene.pull("slower", &head, 1, &[("mode", "history")]);
    assert_eq!(done.code, 0, "{}", done.log);
    let comment = scene.comment();
    assert!(comment.contains("resolved in"), "{comment}");
    assert_eq!(scene.last_check()["conclusion"], "success");
}

/// The usual pull request: base and head are built and measured in turns in the job itself.
#[test]
fn a_pull_request_is_judged_by_pairs_of_base_and_head() {
    let mut scene = Scene::new();
    scene.write("plimsoll.toml", "[lab]\nbuild = \"true\"\npairs = 8\n");
    scene.push("Say how many pairs");

    // Slower: red, with the size, this change, the owner, and how sure.
    let head = scene.branch("slower", "125", &[]);
    let done = scene.pull("slower", &head, 1, &[]);
    assert_eq!(done.code, 1, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "over");
    assert_eq!(done.outputs["exit-code"], "1");
    let comment = scene.comment();
    for part in [
        "❌ Performance budget: ",
        "1 of 2 exceeded — `shop · checkout time` +2",
        "paired: base and head measured side by side",
        "❌ **over**, this change",
        "@acme/pay: `shop · checkout time` is newly over",
        "proven by 8 pairs",
        "merge parent",
    ] {
        assert!(comment.contains(part), "no {part} in {comment}");
    }
    assert!(done.summary.contains("exceeded"));
    let check = scene.last_check();
    assert_eq!(
        (&check["conclusion"], &check["head_sha"], &check["status"]),
        (&json!("failure"), &json!(head), &json!("completed"))
    );
    let errors = |command: &&String| command.starts_with("::error title=over");
    assert_eq!(
        done.commands.iter().filter(errors).count(),
        1,
        "{}",
        done.log
    );

    // A second push that mends it.
    let head = scene.branch("slower", "100", &[]);
    let done = scene.pull("slower", &head, 1, &[]);
    assert_eq!(done.code, 0, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "within");
    let comment = scene.comment();
    assert!(comment.contains("resolved in"), "{comment}");
    assert_eq!(scene.last_check()["conclusion"], "success");

    // The job wrote no history and left the clone as it was checked out.
    let files = scene.git(
        &scene.folder.path().join("remote.git"),
        &["ls-tree", "-r", "--name-only", "plimsoll-data"],
    );
    assert!(!files.contains(&head), "{files}");
}

/// The text between two marks.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.1.split_once(end).unwrap().0
}

#[test]
fn the_entry_of_the_comment_accepts_the_change_in_both_modes() {
    let mut scene = Scene::new();
    scene.write("plimsoll.toml", "[lab]\nbuild = \"true\"\npairs = 8\n");
    scene.push("Say how many pairs");
    for mode in ["paired", "history"] {
        let head = scene.branch("slower", "125", &[]);
        let done = scene.pull("slower", &head, 1, &[("mode", mode)]);
        assert_eq!(done.code, 1, "{mode}: {}", done.log);
        let comment = scene.comment();
        let known = format!("`{}` vs", &head[..7]);
        assert!(comment.contains(&known), "{mode}: no {known} in {comment}");
        assert!(comment.contains("-- ./bench.sh`"), "{mode}: {comment}");
        let entry = between(&comment, "```toml\n", "```");
        let accepted = format!("{BUDGET}\n{entry}");
        let head = scene.branch("slower", "125", &[("budgets/shop.toml", &accepted)]);
        let done = scene.pull("slower", &head, 1, &[("mode", mode)]);
        assert_eq!(done.code, 0, "{mode}: {}\n{accepted}", done.log);
        assert_eq!(done.outputs["verdict"], "accepted", "{mode}: {}", done.log);
        assert!(
            scene.comment().contains("☑️ accepted"),
            "{}",
            scene.comment()
        );
    }
}

#[test]
fn a_build_matrix_has_a_check_run_for_each_part_and_one_comment() {
    let mut scene = Scene::new();
    let head = scene.branch("slower", "125", &[]);
    let mut verdicts = Vec::new();
    for (part, speed) in [("linux / x64", "125"), ("macos", "100")] {
        let head = scene.branch("slower", speed, &[]);
        let with = [("mode", "history"), ("part", part), ("comment", "never")];
        let done = scene.pull("slower", &head, 1, &with);
        assert_eq!(
            done.code,
            i32::from(part != "macos"),
            "{part}: {}",
            done.log
        );
        assert!(scene.fake.texts(BOT).is_empty());
        let name = format!("plimsoll ({})", part.replace([' ', '/'], "-"));
        assert_eq!(scene.last_check()["name"], name.as_str());
        verdicts.push(std::fs::read_to_string(&done.outputs["result-json"]).unwrap());
    }
    // The last job knows the parts by name; one of them never came.
    scene.run += 1;
    let work = scene.checkout("refs/pull/42/merge", "2");
    for (name, text) in [("linux.json", &verdicts[0]), ("macos.json", &verdicts[1])] {
        std::fs::write(work.join(name), text).unwrap();
    }
    let event = json!({
        "repository": { "id": 1, "default_branch": "main" },
        "pull_request": github_support::pull(42, &head, Some(1), "slower")
    });
    for (results, code, words) in [
        ("linux.json\nmacos.json", 1, "1 of 4 exceeded"),
        (
            "macos.json\nwindows.json",
            2,
            "`windows.json` gave no verdict",
        ),
    ] {
        let with = [("command", "comment"), ("results", results)];
        let done = scene.job(&work, "pull_request", &event, &head, &with);
        assert_eq!(done.code, code, "{}", done.log);
        let comment = scene.comment();
        assert!(comment.contains(words), "no {words} in {comment}");
        assert_eq!(scene.last_check()["name"], "plimsoll");
        assert_eq!(scene.last_check()["conclusion"], "failure");
    }
}

#[test]
fn the_history_may_lie_in_another_repository_with_a_token_of_its_own() {
    let mut scene = Scene::new();
    let data = scene.folder.path().join("data.git");
    scene.git(
        scene.folder.path(),
        &["init", "--quiet", "--bare", data.to_str().unwrap()],
    );
    let address = format!("file://{}", data.display());
    let head = scene.commit("One more", &scene.speed());
    let work = scene.checkout("refs/heads/main", "1");
    let event = json!({ "ref": "refs/heads/main", "deleted": false, "repository": { "id": 1, "default_branch": "main" } });
    let run = [("run", "./bench.sh"), ("runs", "1")];
    let with = [&run[..], &[("data-repository", &address)]].concat();
    let done = scene.job(&work, "push", &event, &head, &with);
    assert_eq!(done.outputs["store-status"], "synced", "{}", done.log);
    let sent = scene.git(
        &data,
        &["rev-parse", "--verify", "refs/heads/plimsoll-data"],
    );
    assert_eq!(sent.len(), 40, "{sent}");

    // A server that wants a token: that of the history, once, and not what the checkout left.
    let seen = listener();
    let server = format!("http://{}", seen.0);
    scene.git(
        &work,
        &[
            "config",
            &format!("http.{server}/.extraheader"),
            "AUTHORIZATION: basic checkout",
        ],
    );
    let address = format!("{server}/acme/history");
    let with = [
        &run[..],
        &[
            ("data-repository", address.as_str()),
            ("data-token", "s3cret"),
        ],
    ]
    .concat();
    let done = scene.job(&work, "push", &event, &head, &with);
    assert_eq!(done.outputs["store-status"], "failed", "{}", done.log);
    assert!(!done.log.contains("s3cret"), "{}", done.log);
    let heads = seen.1.lock().unwrap().join("\n");
    let told: Vec<&str> = heads
        .lines()
        .filter(|line| line.to_ascii_lowercase().starts_with("authorization:"))
        .collect();
    assert!(!told.is_empty(), "{heads}");
    // x-access-token:s3cret
    let own = "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46czNjcmV0";
    assert!(told.iter().all(|line| line.trim() == own), "{told:?}");
    for line in heads.split("GET ").skip(1) {
        assert_eq!(
            line.to_ascii_lowercase().matches("authorization:").count(),
            1,
            "{line}"
        );
    }

    // What cannot be meant is refused before anything is measured.
    for (name, value, words) in [
        (
            "data-repository",
            "history",
            "neither OWNER/NAME nor an address",
        ),
        (
            "data-repository",
            "-x/y",
            "neither OWNER/NAME nor an address",
        ),
    ] {
        let with = [&run[..], &[(name, value)]].concat();
        let done = scene.job(&work, "push", &event, &head, &with);
        assert_eq!(done.code, 2, "{}", done.log);
        assert!(done.log.contains(words), "{}", done.log);
    }
}

/// A server that finds nothing and keeps the heads of all requests.
fn listener() -> (std::net::SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while lines.read_line(&mut head).is_ok_and(|n| n > 2) {}
            keep.lock().unwrap().push(head);
            let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, seen)
}

#[test]
fn rules_over_time_come_from_the_history_and_a_build_that_fails_is_red() {
    let mut scene = Scene::new();
    let creep = format!("{BUDGET}creep = {{ limit = \"+10%\", window = \"90d\" }}\n");
    let settings = "[lab]\nbuild = \"true\"\npairs = 8\n";
    scene.write("plimsoll.toml", settings);
    scene.write("budgets/shop.toml", &creep);
    scene.push("Watch for creep");
    let head = scene.branch("same", "100", &[]);
    let done = scene.pull("same", &head, 1, &[("comment", "always")]);
    assert_eq!(done.code, 0, "{}", done.log);
    let comment = scene.comment();
    assert!(comment.contains("1 still learning"), "{comment}");
    assert!(
        comment.contains("(creep): 8 of 20 points"),
        "the history of main says so: {comment}"
    );

    let broken = settings.replace("true", "echo cannot build >&2; false");
    let head = scene.branch("broken", "100", &[("plimsoll.toml", &broken)]);
    let done = scene.pull("broken", &head, 1, &[]);
    assert_eq!(done.code, 2, "{}", done.log);
    assert_eq!(done.outputs["verdict"], "missing");
    assert_eq!(scene.last_check()["conclusion"], "failure");
    assert!(done.log.contains("cannot build"), "{}", done.log);
}

#[test]
fn a_pull_request_that_loosens_its_own_budget_is_judged_as_it_says_and_shows_the_limit() {
    let mut scene = Scene::new();
    let loose = BUDGET.replace("+5%", "+50%");
    let head = scene.branch("loose", "125", &[("budgets/shop.toml", &loose)]);
    let done = scene.pull(
        "loose",
        &head,
        1,
        &[("mode", "history"), ("comment", "always")],
    );
    assert_eq!(done.code, 0, "{}", done.log);
    let comment = scene.comment();
    for part in [
        "the allowed +50.0 %",
        "⚠️ budget changed: shop/",
        "+5 % → +50 %",
        "this change also changes what judges it: budgets/shop.toml",
    ] {
        assert!(comment.contains(part), "no {part} in {comment}");
    }

    // The same by the budgets that stand before the change.
    let done = scene.pull(
        "loose",
        &head,
        1,
        &[("mode", "history"), ("budgets-from", "base")],
    );
    assert_eq!(done.code, 1, "{}", done.log);
    let comment = scene.comment();
    for part in ["allowed +5.0 %", "⚠️ budget changed: shop/"] {
        assert!(comment.contains(part), "no {part} in {comment}");
    }
}

#[test]
fn the_merge_queue_gets_a_check_and_no_comment() {
    let mut scene = Scene::new();
    scene.branch("queued", "125", &[]);
    scene.run += 1;
    let work = scene.checkout("refs/pull/42/merge", "2");
    let head = scene.git(&work, &["rev-parse", "HEAD"]);
    let base = scene.git(&work, &["rev-parse", "HEAD^1"]);
    let event = json!({
        "repository": { "id": 1, "default_branch": "main" },
        "merge_group": { "head_sha": head, "base_sha": base }
    });
    let done = scene.job(
        &work,
        "merge_group",
        &event,
        &head,
        &[("run", "./bench.sh")],
    );
    assert_eq!(done.code, 1, "{}", done.log);
    assert!(scene.fake.texts(BOT).is_empty());
    let check = scene.last_check();
    assert_eq!(
        (&check["conclusion"], &check["head_sha"]),
        (&json!("failure"), &json!(head))
    );
}

#[test]
fn a_fork_is_measured_in_one_stage_and_told_in_the_next() {
    let mut scene = Scene::new();
    // The fork slows down and loosens the budget, too.
    let loose = BUDGET.replace("+5%", "+50%");
    let head = scene.branch("guest", "125", &[("budgets/shop.toml", &loose)]);
    let first = scene.pull("guest", &head, 2, &[]);
    assert_eq!(first.code, 0, "its own budgets say so: {}", first.log);
    assert!(
        scene.fake.texts(BOT).is_empty()
            && scene.fake.requests().iter().all(|r| !r.contains("pull"))
    );
    assert!(first.summary.contains("comes from a fork"));
    let artifact = first.outputs["artifact-path"].clone();
    assert!(
        Path::new(&artifact).join("runs/v1").is_dir(),
        "{}",
        first.log
    );

    scene.fake.0.lock().unwrap().files = vec!["budgets/shop.toml".into(), "notes.txt".into()];
    scene.run += 1;
    let work = scene.checkout("refs/heads/main", "0");
    let mut event = json!({
        "repository": { "id": 1, "default_branch": "main" },
        "workflow_run": {
            "id": 5, "run_number": 7, "run_attempt": 1, "event": "pull_request",
            "path": ".github/workflows/plimsoll.yml", "head_sha": head, "head_branch": "guest",
            "head_repository": { "id": 2, "owner": { "login": "guest" } }, "repository": { "id": 1 },
            "conclusion": "success", "pull_requests": []
        }
    });
    let with: [(&str, &str); 2] = [("command", "comment"), ("results", &artifact)];
    let second = scene.job(&work, "workflow_run", &event, "", &with);
    assert_eq!(second.code, 2, "GITHUB_SHA is never empty: {}", second.log);
    let main = scene.git(&work, &["rev-parse", "HEAD"]);
    let second = scene.job(&work, "workflow_run", &event, &main, &with);
    assert_eq!(
        second.code, 1,
        "judged with the base's budgets: {}",
        second.log
    );
    let comment = scene.comment();
    assert!(comment.contains("the allowed +5.0 %"), "{comment}");
    assert!(comment.contains("proposed, not applied"), "{comment}");
    assert!(
        comment.contains("Measured on the runner of a fork"),
        "{comment}"
    );
    let check = scene.last_check();
    assert_eq!(check["head_sha"], json!(head));

    // Nothing of it is in the history.
    let branch = scene.git(&work, &["ls-remote", "origin", "plimsoll-data"]);
    let before = branch.clone();
    assert_eq!(
        scene.git(&work, &["ls-remote", "origin", "plimsoll-data"]),
        before
    );
    let files = scene.git(
        &scene.folder.path().join("remote.git"),
        &["ls-tree", "-r", "--name-only", "plimsoll-data"],
    );
    let merge = scene.git(
        &scene.folder.path().join("remote.git"),
        &["rev-parse", "refs/pull/42/merge"],
    );
    assert!(!files.contains(&merge));

    // Runs that claim a commit of ours are not pooled with what was measured of it.
    let claims = claiming(Path::new(&artifact), &main);
    let claiming: [(&str, &str); 2] = [
        ("command", "comment"),
        ("results", claims.path().to_str().unwrap()),
    ];
    scene.run += 1;
    let refused = scene.job(&work, "workflow_run", &event, &main, &claiming);
    assert_eq!(refused.code, 2, "{}", refused.log);
    assert!(
        refused.log.contains("one of this repository's own"),
        "{}",
        refused.log
    );
    let check = scene.last_check();
    assert_eq!(
        (&check["status"], &check["conclusion"]),
        (&json!("completed"), &json!("failure"))
    );

    // Another workflow, another repository, a head that moved on, a fork that is gone: no comment.
    for (field, value, words) in [
        ("path", json!(".github/workflows/other.yml"), "expected"),
        ("event", json!("push"), "not by pull_request"),
        ("head_sha", json!("f".repeat(40)), "moved on"),
        ("head_repository", Value::Null, "deleted"),
        (
            "head_repository",
            json!({ "id": 3, "owner": { "login": "guest" } }),
            "no open pull request",
        ),
    ] {
        let kept = event["workflow_run"][field].clone();
        event["workflow_run"][field] = value;
        let before = scene
            .fake
            .requests()
            .iter()
            .filter(|r| !r.starts_with("GET"))
            .count();
        let refused = scene.job(&work, "workflow_run", &event, &main, &with);
        assert!(refused.log.contains(words), "{words}: {}", refused.log);
        let after = scene
            .fake
            .requests()
            .iter()
            .filter(|r| !r.starts_with("GET"))
            .count();
        assert_eq!(after, before, "{field}");
        event["workflow_run"][field] = kept;
    }
}

/// A copy of an artifact whose runs claim another commit.
fn claiming(artifact: &Path, commit: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for month in std::fs::read_dir(artifact.join("runs/v1"))
        .unwrap()
        .flatten()
    {
        let folder = copy.path().join("runs/v1").join(month.file_name());
        std::fs::create_dir_all(&folder).unwrap();
        for (i, file) in std::fs::read_dir(month.path())
            .unwrap()
            .flatten()
            .enumerate()
        {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let mut run: Value = serde_json::from_str(&text).unwrap();
            run["run"]["commit"] = json!(commit);
            let name = format!("{commit}-{i:016x}.json");
            std::fs::write(folder.join(name), run.to_string()).unwrap();
        }
    }
    copy
}

#[test]
fn a_missing_permission_is_named_and_the_verdict_stands() {
    let mut scene = Scene::new();
    scene.fake.0.lock().unwrap().forbidden = vec!["comments", "checks", "statuses"];
    let head = scene.branch("slower", "125", &[]);
    let done = scene.pull("slower", &head, 1, &[("mode", "history")]);
    assert_eq!(done.code, 1, "{}", done.log);
    for permission in ["pull-requests: write", "checks: write", "statuses: write"] {
        assert!(done.log.contains(permission), "{permission}: {}", done.log);
    }
    assert!(done.summary.contains("exceeded"));
}

#[test]
fn a_benchmark_that_fails_closes_the_check_run_red() {
    let mut scene = Scene::new();
    let head = scene.branch("broken", "100", &[("bench.sh", "#!/bin/sh\nexit 7\n")]);
    let done = scene.pull("broken", &head, 1, &[("mode", "history")]);
    assert_eq!(done.code, 2, "{}", done.log);
    let check = scene.last_check();
    assert_eq!(
        (&check["status"], &check["conclusion"]),
        (&json!("completed"), &json!("failure"))
    );
    assert_eq!(done.outputs["verdict"], "missing");
    assert!(
        scene.comment().contains("could not be judged"),
        "{}",
        scene.comment()
    );
}

#[test]
fn inputs_are_words_and_not_code() {
    let mut scene = Scene::new();
    let head = scene.branch("odd", "100", &[]);
    let done = scene.pull(
        "odd",
        &head,
        1,
        &[("mode", "$(touch pwned)"), ("suite", "`touch pwned`")],
    );
    assert_eq!(done.code, 2);
    assert!(
        done.log.contains("write auto, paired, history"),
        "{}",
        done.log
    );
    assert!(!done.temp.join("pwned").exists());
}
