//! `plimsoll init` as its user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; it plays the user"
)]

mod support;

use support::Project;

fn measured() -> Project {
    let mut project = Project::new();
    project.write(".github/CODEOWNERS", "* @acme/core\n*.md @acme/docs\n");
    project.history(
        12,
        &[
            ("parser/json", 100.0),
            ("parser/[big] \"file\"", 250.0),
            ("sort", 10.0),
        ],
    );
    project
}

#[test]
fn what_is_proposed_is_sound_and_the_present_commit_is_within_it() {
    let mut project = measured();
    let said = project.plimsoll(&["init"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!("init_says", said.out);
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    insta::assert_snapshot!("init_budget", read("budgets/parser.toml"));
    let lint = project.plimsoll(&["check", "--lint"]);
    assert_eq!(lint.code, 0, "{}{}", lint.out, lint.err);
    let check = project.plimsoll(&["check", "--strict"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    assert!(check.out.contains("6 within."), "{}", check.out);
    project.commit("Slow");
    for _ in 0..3 {
        project.record(&[
            ("parser/json", 130.0),
            ("parser/[big] \"file\"", 250.0),
            ("sort", 10.0),
        ]);
    }
    assert_eq!(
        project.plimsoll(&["check"]).code,
        1,
        "the proposal catches +30 %"
    );
}

#[test]
fn nothing_is_overwritten() {
    let project = measured();
    project.write("budgets/sort.toml", "# mine\n");
    let said = project.plimsoll(&["init"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("kept     budgets/sort.toml"),
        "{}",
        said.out
    );
    let kept = std::fs::read_to_string(project.path("budgets/sort.toml")).unwrap();
    assert_eq!(kept, "# mine\n");
}

#[test]
fn without_results_the_next_step_is_said() {
    let mut project = Project::new();
    project.commit("Start");
    let said = project.plimsoll(&["init"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("plimsoll record"), "{}", said.err);
    assert!(!project.path("budgets").exists());
}

#[test]
fn a_present_commit_that_is_slower_is_within_what_is_proposed() {
    let mut project = Project::new();
    project.history(12, &[("sort", 10.0)]);
    project.commit("Slow");
    for _ in 0..3 {
        project.record(&[("sort", 13.0)]);
    }
    assert_eq!(project.plimsoll(&["init"]).code, 0);
    let text = std::fs::read_to_string(project.path("budgets/sort.toml")).unwrap();
    assert!(text.contains("worse than the level before"), "{text}");
    let check = project.plimsoll(&["check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
}

#[test]
fn after_one_run_it_is_learning_and_a_second_init_adds_nothing() {
    let mut project = Project::new();
    project.history(1, &[("sort", 10.0), ("gone", 1.0)]);
    project.commit("Remove one");
    project.record(&[("sort", 10.0)]);
    let said = project.plimsoll(&["init"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("1 series is left out"), "{}", said.err);
    assert!(!project.path("budgets/gone.toml").exists());
    let check = project.plimsoll(&["check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    assert!(check.out.contains("2 learning"), "{}", check.out);
    let again = project.plimsoll(&["init"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.out.contains("Nothing to propose"), "{}", again.out);
}

#[test]
fn given_files_are_proposed_for_and_nothing_is_stored() {
    let mut project = Project::new();
    project.commit("Start");
    let file = project.hyperfine(&[("sort", 10.0)]);
    let said = project.plimsoll(&["init", file.to_str().unwrap(), "--env", "ci"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = std::fs::read_to_string(project.path("budgets/sort.toml")).unwrap();
    assert!(
        text.contains("benchmark = \"sort\"") && text.contains("env = \"ci\""),
        "{text}"
    );
    assert_eq!(project.stored_runs(), 0);
}

#[test]
fn the_workflow_and_the_hook_are_written_once() {
    let mut project = Project::new();
    project.write("Cargo.toml", "[package]\n");
    project.commit("Start");
    let said = project.plimsoll(&["init", "--workflow", "--hook"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("no budgets yet"), "{}", said.err);
    insta::assert_snapshot!("init_workflow_says", said.out);
    let file = project.path(".github/workflows/plimsoll.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/workflows/plimsoll.yml"
    );
    assert_eq!(text, std::fs::read_to_string(example).unwrap());
    assert!(project.path(".git/hooks/pre-push").exists());
    std::fs::write(&file, "# mine\n").unwrap();
    let again = project.plimsoll(&["init", "--workflow", "--hook"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(
        again
            .out
            .contains("kept     .github/workflows/plimsoll.yml"),
        "{}",
        again.out
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# mine\n");
}

#[test]
fn a_workflow_needs_to_know_what_measures() {
    let mut project = Project::new();
    project.git(&["checkout", "--quiet", "-b", "trunk"]);
    project.commit("Start");
    let said = project.plimsoll(&["init", "--workflow"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--run"), "{}", said.err);
    assert!(!project.path(".github").exists());
    let said = project.plimsoll(&[
        "init",
        "--workflow",
        "--run",
        "make bench",
        "--action",
        "acme/plimsoll@v1",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = std::fs::read_to_string(project.path(".github/workflows/plimsoll.yml")).unwrap();
    assert!(
        text.contains("branches: [trunk]") && text.contains("run: make bench"),
        "{text}"
    );
    assert!(
        text.contains("acme/plimsoll@v1") && !text.contains("OWNER"),
        "{text}"
    );
}
