use super::*;
use serde_json::json;

fn vars(event: &str) -> BTreeMap<String, String> {
    [
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_SHA", "cccccccccccccccccccccccccccccccccccccccc"),
        ("GITHUB_RUN_ID", "900"),
        ("GITHUB_RUN_NUMBER", "17"),
        ("GITHUB_RUN_ATTEMPT", "2"),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .collect()
}

fn context(event: &str, payload: &serde_json::Value) -> Context {
    Context::new(&vars(event), &payload.to_string()).unwrap()
}

fn pull(head_repo: &serde_json::Value) -> serde_json::Value {
    json!({
        "action": "synchronize",
        "repository": { "id": 1, "full_name": "acme/shop", "default_branch": "main" },
        "pull_request": {
            "number": 42,
            "head": { "sha": "aaaa", "ref": "faster", "repo": head_repo },
            "base": { "sha": "bbbb", "ref": "main", "repo": { "id": 1 } }
        }
    })
}

#[test]
fn a_pull_request_of_the_same_repository() {
    let found = context(
        "pull_request",
        &pull(&json!({ "id": 1, "full_name": "acme/shop" })),
    );
    assert_eq!(found.pull().unwrap().origin, Origin::Same);
    assert_eq!(found.pull().unwrap().number, 42);
    assert_eq!(found.check_sha(), "aaaa");
    assert_eq!(found.sha, "c".repeat(40));
    assert_eq!(
        found.run,
        RunNumber {
            number: 17,
            attempt: 2
        }
    );
    assert_eq!(
        found.run_url(),
        "https://github.com/acme/shop/actions/runs/900"
    );
    assert!(!found.writes_history(&[]));
}

#[test]
fn a_fork_is_told_by_its_number_even_under_the_same_name() {
    let found = context(
        "pull_request",
        &pull(&json!({ "id": 2, "full_name": "acme/shop" })),
    );
    assert_eq!(
        found.pull().unwrap().origin,
        Origin::Fork("acme/shop".into())
    );
}

#[test]
fn a_deleted_fork_has_no_head_repository() {
    let found = context("pull_request", &pull(&serde_json::Value::Null));
    assert_eq!(found.pull().unwrap().origin, Origin::DeletedFork);
}

fn push(reference: &str, deleted: bool) -> Context {
    context(
        "push",
        &json!({
            "ref": reference, "deleted": deleted, "created": !deleted,
            "before": "0".repeat(40),
            "repository": { "id": 1, "default_branch": "main" }
        }),
    )
}

#[test]
fn only_pushes_to_tracked_branches_write_history() {
    assert!(push("refs/heads/main", false).writes_history(&[]));
    assert!(!push("refs/heads/main", true).writes_history(&[]));
    assert!(!push("refs/heads/feature", false).writes_history(&[]));
    assert!(push("refs/heads/release/1", false).writes_history(&["release/1".into()]));
    assert!(!push("refs/heads/main", false).writes_history(&["release/1".into()]));
    let tag = push("refs/tags/main", false);
    assert_eq!(
        tag.event,
        Event::Push {
            branch: None,
            default: false,
            deleted: false
        }
    );
    assert!(!tag.writes_history(&[]));
}

#[test]
fn the_merge_queue_asks_for_its_own_commit() {
    let found = context(
        "merge_group",
        &json!({
            "action": "checks_requested",
            "merge_group": {
                "head_sha": "aaaa", "base_sha": "bbbb",
                "head_ref": "refs/heads/gh-readonly-queue/main/pr-1", "base_ref": "refs/heads/main"
            }
        }),
    );
    assert_eq!(found.check_sha(), "aaaa");
    assert!(found.pull().is_none());
}

#[test]
fn a_finished_workflow_is_told_by_numbers() {
    let payload = json!({
        "action": "completed",
        "repository": { "id": 1 },
        "workflow_run": {
            "id": 77, "run_number": 5, "run_attempt": 1, "event": "pull_request",
            "path": ".github/workflows/plimsoll.yml", "head_sha": "aaaa", "head_branch": "faster",
            "head_repository": { "id": 2, "owner": { "login": "guest" } },
            "repository": { "id": 1 }, "conclusion": "failure", "pull_requests": []
        }
    });
    let Event::WorkflowRun(run) = context("workflow_run", &payload).event else {
        panic!("not a workflow_run");
    };
    assert_eq!(run.head_repository, Some(2));
    assert_eq!(run.head_owner.as_deref(), Some("guest"));
    let mut gone = payload;
    gone["workflow_run"]["head_repository"] = serde_json::Value::Null;
    let Event::WorkflowRun(run) = context("workflow_run", &gone).event else {
        panic!("not a workflow_run");
    };
    assert_eq!(run.head_repository, None);
}

#[test]
fn button_clock_and_others_need_no_payload() {
    let at = |event: &str| Context::new(&vars(event), "").unwrap().event;
    assert_eq!(at("workflow_dispatch"), Event::Dispatch);
    assert_eq!(at("schedule"), Event::Schedule);
    assert_eq!(at("release"), Event::Other("release".into()));
    assert_eq!(
        at("pull_request_target"),
        Event::Other("pull_request_target".into())
    );
}

#[test]
fn what_is_absent_or_broken_is_named() {
    let mut without = vars("push");
    without.remove("GITHUB_REPOSITORY");
    let said = Context::new(&without, "").unwrap_err().to_string();
    assert!(said.contains("GITHUB_REPOSITORY"), "{said}");
    let said = Context::new(&vars("pull_request"), "{}")
        .unwrap_err()
        .to_string();
    assert!(said.contains("no `pull_request`"), "{said}");
    let said = Context::new(&vars("push"), "{\"repository\":{\"id\":\"x\"}}")
        .unwrap_err()
        .to_string();
    assert!(said.contains("repository.id"), "{said}");
    let mut odd = vars("push");
    odd.insert("GITHUB_RUN_NUMBER".into(), "many".into());
    let said = Context::new(&odd, "").unwrap_err().to_string();
    assert!(said.contains("many"), "{said}");
}

#[test]
fn a_server_of_ones_own() {
    let mut own = vars("schedule");
    own.insert(
        "GITHUB_API_URL".into(),
        "https://git.acme.example/api/v3/".into(),
    );
    own.insert(
        "GITHUB_SERVER_URL".into(),
        "https://git.acme.example".into(),
    );
    let found = Context::new(&own, "").unwrap();
    assert_eq!(found.api_url, "https://git.acme.example/api/v3");
    assert!(
        found
            .run_url()
            .starts_with("https://git.acme.example/acme/shop/")
    );
}
