//! The pre-push hook in scripted repositories: real pushes to a bare repository beside it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails"
)]
#![cfg(unix)]

mod support;

use std::path::{Path, PathBuf};
use support::{Project, Said, picture};

const BENCH: &str = "printf 'goos: linux\\nBenchmarkParse-8 \\t 1000 \\t %s ns/op\\nPASS\\n' \"$(cat src/ns.txt)\"\n";

const LIMIT: &str = "paths = [\"src/**\"]\n[[limit]]\nid = \"time\"\nselect = { benchmark = \"*Parse*\" }\nregress = { limit = \"+5%\" }\n";

/// A project with a budget, its hook in place, and a remote that has its first commit.
struct Pushing {
    project: Project,
    remote: PathBuf,
    _folder: tempfile::TempDir,
}

impl Pushing {
    fn new() -> Self {
        Self::with(&["init", "--quiet", "--initial-branch=main"])
    }

    fn with(init: &[&str]) -> Self {
        let mut project = Project::with_git(init);
        let folder = tempfile::tempdir().unwrap();
        let remote = folder.path().join("remote.git");
        let mut bare = init.to_vec();
        bare.extend(["--bare", remote.to_str().unwrap()]);
        project.git(&bare);
        project.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        project.write("bench.sh", BENCH);
        project.write("src/ns.txt", "1000\n");
        project.write(
            "plimsoll.toml",
            "[lab]\nbench = \"sh bench.sh\"\ntime = \"1s\"\n",
        );
        project.budget("parser", LIMIT);
        project.commit("Base");
        project.git(&["push", "--quiet", "origin", "main"]);
        project.git(&["fetch", "--quiet", "origin"]);
        let said = project.plimsoll(&["hook", "install"]);
        assert_eq!(said.code, 0, "{}", said.err);
        Self {
            project,
            remote,
            _folder: folder,
        }
    }

    /// Commits a benchmark of so many ns.
    fn commit(&mut self, ns: u32) -> String {
        self.project.write("src/ns.txt", &format!("{ns}\n"));
        self.project.commit(&format!("{ns} ns"))
    }

    /// Pushes as the user does, the hook included.
    fn push(&self, args: &[&str]) -> Said {
        self.push_in(self.project.root(), args, &[])
    }

    fn push_in(&self, folder: &Path, args: &[&str], vars: &[(&str, &str)]) -> Said {
        let mut all = vec!["push"];
        all.extend(args);
        self.project.run_in(folder, "git", &all, vars)
    }

    /// Commit of a branch at the remote.
    fn at_remote(&self, branch: &str) -> Option<String> {
        let said = self.project.run_in(
            &self.remote,
            "git",
            &["rev-parse", "--verify", "--quiet", branch],
            &[],
        );
        (said.code == 0).then(|| said.out.trim().to_owned())
    }
}

#[test]
fn a_push_within_its_budget_goes_through_and_one_over_it_is_blocked() {
    let mut scene = Pushing::new();
    let fine = scene.commit(1010);
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(scene.at_remote("main"), Some(fine.clone()));
    scene.commit(1200);
    let said = scene.push(&["origin", "main"]);
    assert_ne!(said.code, 0);
    let all = format!("{}{}", said.out, said.err);
    for part in ["OVER", "+18.8 %", "--no-verify", "what origin has"] {
        assert!(all.contains(part), "no {part} in {all}");
    }
    assert_eq!(scene.at_remote("main"), Some(fine));
    for (args, vars) in [
        (vec!["--no-verify", "origin", "main"], vec![]),
        (vec!["origin", "main:again"], vec![("PLIMSOLL", "0")]),
    ] {
        let said = scene.push_in(scene.project.root(), &args, &vars);
        assert_eq!(said.code, 0, "{}", said.err);
    }
}

#[test]
fn a_trailer_with_a_reason_lets_a_commit_through() {
    let mut scene = Pushing::new();
    scene.project.write("src/ns.txt", "1200\n");
    scene
        .project
        .commit("Slower\n\nPerf-Skip: agreed with the owner");
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("agreed with the owner"), "{}", said.err);
}

#[test]
fn a_new_branch_is_compared_with_where_it_left_the_default_branch() {
    let mut scene = Pushing::new();
    scene.project.git(&["checkout", "--quiet", "-b", "topic"]);
    scene.commit(1010);
    scene.commit(1100);
    let said = scene.push(&["origin", "topic"]);
    assert_ne!(said.code, 0);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("+10.0 %"), "{all}");
    assert!(
        all.contains("merge base with origin's default branch"),
        "{all}"
    );
}

#[test]
fn a_rewritten_branch_is_compared_with_the_merge_base_not_with_what_it_replaces() {
    let mut scene = Pushing::new();
    scene.project.git(&["checkout", "--quiet", "-b", "topic"]);
    scene.commit(1040);
    assert_eq!(scene.push(&["origin", "topic"]).code, 0);
    scene.project.git(&["reset", "--quiet", "--hard", "main"]);
    // 4 % more than what it replaces would pass; 8 % more than main does not.
    scene.commit(1080);
    let said = scene.push(&["--force", "origin", "topic"]);
    assert_ne!(said.code, 0, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("+8.0 %") || said.err.contains("+8.0 %"),
        "{}{}",
        said.out,
        said.err
    );
}

#[test]
fn deletions_tags_and_pushes_without_news_measure_nothing() {
    let mut scene = Pushing::new();
    assert_eq!(scene.push(&["origin", "main:old"]).code, 0);
    let said = scene.push(&["origin", "--delete", "old"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("a deletion"), "{}", said.err);
    let said = scene.push(&["origin", "main"]);
    assert_eq!(
        (said.code, said.err.contains("plimsoll")),
        (0, false),
        "{}",
        said.err
    );
    scene.commit(1500);
    scene
        .project
        .git(&["tag", "--annotate", "--message", "One", "v1"]);
    let said = scene.push(&["origin", "v1"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("a tag"), "{}", said.err);
    // An annotated tag that is pushed to a branch is the commit it names.
    let said = scene.push(&["origin", "v1^{}:refs/heads/main"]);
    assert_ne!(said.code, 0, "{}", said.err);
    assert!(!scene.project.path(".git/plimsoll/wt/c").exists());
}

#[test]
fn several_references_are_each_judged_and_any_over_blocks_all() {
    let mut scene = Pushing::new();
    scene.project.git(&["branch", "same"]);
    scene.project.git(&["checkout", "--quiet", "-b", "good"]);
    scene.commit(1010);
    scene
        .project
        .git(&["checkout", "--quiet", "-b", "bad", "main"]);
    scene.commit(1100);
    let said = scene.push(&["origin", "good", "bad", "same"]);
    assert_ne!(said.code, 0);
    assert_eq!(scene.at_remote("good"), None);
    assert!(said.err.contains("no new commit"), "{}", said.err);
    let said = scene.push(&["origin", "good", "same"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn what_touches_no_budgeted_path_is_not_measured() {
    let mut scene = Pushing::new();
    scene.project.write("docs/a.md", "text\n");
    scene.project.commit("Docs");
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("no path of a budgeted feature"),
        "{}",
        said.err
    );
    assert!(!scene.project.path(".git/plimsoll/wt").exists());
}

#[test]
fn the_users_repository_is_byte_for_byte_as_before() {
    let mut scene = Pushing::new();
    scene.commit(1200);
    scene.project.write("src/ns.txt", "9000\n");
    scene.project.write("new.txt", "staged\n");
    scene.project.git(&["add", "new.txt"]);
    let before = picture(&scene.project);
    assert_ne!(scene.push(&["origin", "main"]).code, 0);
    assert_eq!(before, picture(&scene.project));
}

#[test]
fn a_linked_worktree_with_its_exported_git_dir_measures_its_own_commit() {
    let mut scene = Pushing::new();
    let linked = scene.project.path("linked");
    scene.project.git(&[
        "worktree",
        "add",
        "--quiet",
        "-b",
        "side",
        linked.to_str().unwrap(),
    ]);
    std::fs::write(linked.join("src/ns.txt"), "1200\n").unwrap();
    let commit = ["commit", "--quiet", "--all", "--message", "Slower"];
    assert_eq!(scene.project.run_in(&linked, "git", &commit, &[]).code, 0);
    let git_dir = scene.project.path(".git/worktrees/linked");
    let vars = [("GIT_DIR", git_dir.to_str().unwrap())];
    let before = picture(&scene.project);
    for vars in [&[][..], &vars[..]] {
        let said = scene.push_in(&linked, &["origin", "side"], vars);
        assert_ne!(said.code, 0, "{}{}", said.out, said.err);
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains("+20.0 %"), "{all}");
    }
    assert_eq!(before, picture(&scene.project));
    // On the main branch nothing changed.
    scene.commit(1001);
    assert_eq!(scene.push(&["origin", "main"]).code, 0);
}

#[test]
fn a_repository_with_sha256_names_is_measured_too() {
    let mut scene = Pushing::with(&[
        "init",
        "--quiet",
        "--initial-branch=main",
        "--object-format=sha256",
    ]);
    scene.commit(1200);
    let said = scene.push(&["origin", "main"]);
    assert_ne!(said.code, 0);
    assert!(
        said.err.contains("over its budget"),
        "{}{}",
        said.out,
        said.err
    );
    scene
        .project
        .git(&["checkout", "--quiet", "-b", "topic", "HEAD^"]);
    scene.commit(1010);
    assert_eq!(scene.push(&["origin", "topic"]).code, 0);
}

#[test]
fn submodules_are_built_from_the_copies_that_are_here() {
    let mut scene = Pushing::new();
    let part = tempfile::tempdir().unwrap();
    let of = |args: &[&str]| scene.project.run_in(part.path(), "git", args, &[]);
    assert_eq!(of(&["init", "--quiet", "--initial-branch=main"]).code, 0);
    std::fs::write(part.path().join("ns.txt"), "1000\n").unwrap();
    of(&["add", "."]);
    assert_eq!(of(&["commit", "--quiet", "--message", "Part"]).code, 0);
    let path = part.path().to_str().unwrap();
    scene.project.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        path,
        "src/part",
    ]);
    scene
        .project
        .write("bench.sh", &BENCH.replace("src/ns.txt", "src/part/ns.txt"));
    scene.project.commit("Part");
    assert_eq!(scene.push(&["--no-verify", "origin", "main"]).code, 0);
    let part = scene.project.path("src/part");
    std::fs::write(part.join("ns.txt"), "1300\n").unwrap();
    let commit = ["commit", "--quiet", "--all", "--message", "Slower part"];
    assert_eq!(scene.project.run_in(&part, "git", &commit, &[]).code, 0);
    scene.project.commit("Slower part");
    let before = picture(&scene.project);
    let said = scene.push(&["origin", "main"]);
    assert_ne!(said.code, 0, "{}{}", said.out, said.err);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("+30.0 %"), "{all}");
    assert_eq!(before, picture(&scene.project));
}

#[test]
fn what_cannot_be_measured_blocks_nothing_and_is_said() {
    let mut scene = Pushing::new();
    scene.project.write("bench.sh", "echo broken >&2; exit 1\n");
    scene.commit(1200);
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("not measured"), "{}", said.err);
    scene.project.write("bench.sh", BENCH);
    scene.project.write(
        "plimsoll.toml",
        "[lab]\nbuild = \"sleep 300\"\nbench = \"sh bench.sh\"\n[hook]\nmax_wall = \"100ms\"\n",
    );
    scene.commit(1500);
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("build too slow"), "{}", said.err);
}

#[test]
fn install_and_remove_are_each_others_undoing() {
    let scene = Pushing::new();
    let file = scene.project.path(".git/hooks/pre-push");
    assert!(file.exists());
    let said = scene.project.plimsoll(&["hook", "install"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("already"), "{}", said.out);
    let said = scene.project.plimsoll(&["hook", "remove"]);
    assert_eq!((said.code, file.exists()), (0, false));
    assert_eq!(scene.project.plimsoll(&["hook", "remove"]).code, 0);
}

#[test]
fn a_hook_that_git_ignores_is_named_and_made_executable() {
    use std::os::unix::fs::PermissionsExt;
    let mut scene = Pushing::new();
    let file = scene.project.path(".git/hooks/pre-push");
    let set = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o644);
    let said = scene.project.plimsoll(&["doctor", "--no-measure"]);
    for part in ["is not executable", "chmod +x .git/hooks/pre-push"] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    assert!(!said.out.contains("pushes are measured"), "{}", said.out);
    let said = scene.project.plimsoll(&["hook", "install"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("made .git/hooks/pre-push executable"));
    let said = scene.project.plimsoll(&["doctor", "--no-measure"]);
    assert!(said.out.contains("pushes are measured"), "{}", said.out);
    scene.commit(1200);
    assert_ne!(scene.push(&["origin", "main"]).code, 0);
    // A hook that others wrote too is theirs to change.
    std::fs::write(&file, "#!/bin/sh\nplimsoll hook pre-push \"$@\"\n").unwrap();
    set(0o600);
    let said = scene.project.plimsoll(&["hook", "install"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("chmod +x"), "{}", said.err);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_remote_that_was_never_fetched_is_compared_with_what_another_one_has() {
    let mut scene = Pushing::new();
    let fork = scene.remote.with_file_name("fork.git");
    let fork = fork.to_str().unwrap().to_owned();
    let remote = scene.remote.to_str().unwrap().to_owned();
    let project = &scene.project;
    project.git(&["clone", "--quiet", "--bare", &remote, &fork]);
    project.git(&["remote", "add", "fork", &fork]);
    project.git(&["checkout", "--quiet", "-b", "topic"]);
    scene.commit(1200);
    for to in ["fork", &fork] {
        let said = scene.push(&[to, "topic"]);
        let all = format!("{}{}", said.out, said.err);
        assert_ne!(said.code, 0, "{all}");
        for part in ["+20.0 %", "merge base with origin's default branch, since"] {
            assert!(all.contains(part), "no {part} in {all}");
        }
    }
    // Without any default branch to go by, it is said how to have one.
    scene.project.git(&["remote", "remove", "origin"]);
    for (to, mend) in [
        ("fork", "git fetch fork".to_owned()),
        (
            &fork,
            format!("git remote add NAME {fork} && git fetch NAME"),
        ),
    ] {
        let said = scene.push(&["--dry-run", to, "topic"]);
        assert_eq!(said.code, 0, "{}", said.err);
        for part in ["does not know what", &mend] {
            assert!(said.err.contains(part), "no {part} in {}", said.err);
        }
    }
    scene.project.git(&["fetch", "--quiet", "fork"]);
    let said = scene.push(&["fork", "topic"]);
    let all = format!("{}{}", said.out, said.err);
    assert!(
        all.contains("merge base with fork's default branch"),
        "{all}"
    );
}

/// Tries to install, and gives what is said where nothing may be written.
fn refused(prepare: impl Fn(&Project)) -> String {
    let mut project = Project::new();
    project.commit("One");
    prepare(&project);
    let before = picture(&project);
    let said = project.plimsoll(&["hook", "install"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert_eq!(before, picture(&project));
    assert!(said.err.contains("plimsoll hook pre-push"), "{}", said.err);
    said.err
}

#[test]
fn other_hooks_and_hook_managers_are_left_alone() {
    let own = refused(|p| {
        p.write(".git/hooks/pre-push", "#!/bin/sh\nmake test\n");
    });
    assert!(own.contains(".git/hooks/pre-push"), "{own}");
    let lefthook = refused(|p| {
        p.write("lefthook.yml", "pre-push:\n");
    });
    assert!(lefthook.contains("use_stdin: true"), "{lefthook}");
    let pre_commit = refused(|p| {
        p.write(".pre-commit-config.yaml", "repos: []\n");
    });
    assert!(pre_commit.contains("stages: [pre-push]"), "{pre_commit}");
    let husky = refused(|p| {
        p.write(".husky/_/pre-push", "#!/bin/sh\n");
        p.git(&["config", "core.hooksPath", ".husky/_"]);
    });
    assert!(husky.contains(".husky/pre-push"), "{husky}");
    let elsewhere = tempfile::tempdir().unwrap();
    let shared = refused(|p| {
        p.git(&[
            "config",
            "core.hooksPath",
            elsewhere.path().to_str().unwrap(),
        ]);
    });
    assert!(shared.contains("other repositories"), "{shared}");
}

#[test]
fn a_hooks_path_inside_the_project_is_used() {
    let mut project = Project::new();
    project.commit("One");
    project.git(&["config", "core.hooksPath", "tools/hooks"]);
    let said = project.plimsoll(&["hook", "install"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(project.path("tools/hooks/pre-push").exists());
    let said = project.plimsoll(&["hook", "install"]);
    assert!(said.out.contains("already"), "{}", said.out);
}

#[test]
fn hook_managers_that_run_the_printed_line_block_what_is_over() {
    // How husky 9 and lefthook start a command: husky's own file calls the project's, lefthook
    // passes standard input on and fills in {0}.
    for (folder, file, text) in [
        (
            ".husky/_",
            ".husky/pre-push",
            "plimsoll hook pre-push \"$@\"\n",
        ),
        (
            ".git/hooks",
            "run.sh",
            "exec sh -c \"plimsoll hook pre-push $*\"\n",
        ),
    ] {
        let mut scene = Pushing::new();
        scene.project.git(&["config", "core.hooksPath", folder]);
        let own = scene.project.path(file);
        scene.project.write(file, text);
        let hook = format!("{folder}/pre-push");
        let calls = format!("#!/bin/sh\nexec sh -e {} \"$@\"\n", own.display());
        scene.project.write(&hook, &calls);
        use std::os::unix::fs::PermissionsExt;
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(scene.project.path(&hook), executable).unwrap();
        scene.commit(1200);
        let before = picture(&scene.project);
        let said = scene.push(&["origin", "main"]);
        assert_ne!(said.code, 0, "{file}: {}{}", said.out, said.err);
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains("what origin has"), "{file}: {all}");
        assert_eq!(before, picture(&scene.project));
        scene.commit(1010);
        let said = scene.push(&["origin", "main"]);
        assert_eq!(said.code, 0, "{file}: {}{}", said.out, said.err);
    }
}

#[test]
fn rules_that_the_hook_cannot_judge_are_named() {
    let mut scene = Pushing::new();
    scene.project.budget(
        "parser",
        &format!("{LIMIT}creep = {{ limit = \"+4%\", window = \"90d\" }}\n"),
    );
    scene.commit(1010);
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let all = format!("{}{}", said.out, said.err);
    assert!(
        all.contains("not judged by pairs: parser/time creep"),
        "{all}"
    );
}

#[test]
fn under_pre_commit_its_variables_stand_for_the_lines() {
    let mut scene = Pushing::new();
    let (from, to) = (
        scene.project.git(&["rev-parse", "HEAD"]),
        scene.commit(1200),
    );
    let said = scene.project.plimsoll_with(
        &["hook", "pre-push"],
        &[
            ("PRE_COMMIT_FROM_REF", &from),
            ("PRE_COMMIT_TO_REF", &to),
            ("PRE_COMMIT_REMOTE_BRANCH", "refs/heads/main"),
        ],
    );
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
}

#[test]
fn a_push_is_judged_by_the_budgets_that_it_brings_and_by_no_others() {
    let mut scene = Pushing::new();
    scene.project.git(&["checkout", "--quiet", "-b", "topic"]);
    scene.commit(1200);
    let loose = LIMIT.replace("+5%", "+90%");
    let refused = |scene: &Pushing, why: &str| {
        let said = scene.push(&["origin", "topic"]);
        assert_ne!(said.code, 0, "{why}: {}{}", said.out, said.err);
        let all = format!("{}{}", said.out, said.err);
        assert!(
            all.contains("+20.0 %") && all.contains("+5.0 %"),
            "{why}: {all}"
        );
    };
    scene.project.budget("parser", &loose);
    refused(&scene, "loosened, not committed");
    scene.project.write("budgets/parser.toml", "oops = [\n");
    scene.project.write("plimsoll.toml", "oops = [\n");
    refused(&scene, "broken, not committed");
    scene
        .project
        .git(&["checkout", "--quiet", "--force", "topic"]);
    scene
        .project
        .git(&["checkout", "--quiet", "--orphan", "pages"]);
    scene.project.git(&["rm", "-r", "--quiet", "--force", "."]);
    scene.project.write("page.html", "x\n");
    scene.project.commit("No budget here");
    refused(&scene, "another branch is checked out");
    scene.project.git(&["checkout", "--quiet", "topic"]);
    scene.project.budget("parser", &loose);
    scene.project.commit("Loosen");
    let said = scene.push(&["origin", "topic"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let all = format!("{}{}", said.out, said.err);
    assert!(
        all.contains("also changes what judges it: budgets/parser.toml"),
        "{all}"
    );
}

#[test]
fn settings_that_are_in_no_commit_still_say_how_to_measure() {
    let mut scene = Pushing::new();
    let settings = std::fs::read_to_string(scene.project.path("plimsoll.toml")).unwrap();
    scene.project.git(&["rm", "--quiet", "plimsoll.toml"]);
    scene.commit(1200);
    scene.project.write("plimsoll.toml", &settings);
    let said = scene.push(&["origin", "main"]);
    assert_ne!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn files_that_cannot_be_used_block_only_where_strict_asks_for_it() {
    for (file, strict) in [
        ("budgets/parser.toml", false),
        ("plimsoll.toml", false),
        ("budgets/parser.toml", true),
        ("plimsoll.toml", true),
    ] {
        let mut scene = Pushing::new();
        if strict {
            let settings = scene.project.path("plimsoll.toml");
            let text = std::fs::read_to_string(settings).unwrap();
            let text = format!("{text}[hook]\nstrict = true\n");
            scene.project.write("plimsoll.toml", &text);
            scene.project.commit("Strict");
            assert_eq!(scene.push(&["--no-verify", "origin", "main"]).code, 0);
        }
        scene.project.write(file, "oops = [\n");
        scene.commit(1200);
        let said = scene.push(&["origin", "main"]);
        assert_eq!(said.code != 0, strict, "{file}: {}", said.err);
        for part in ["not measured", "cannot be used", file] {
            assert!(said.err.contains(part), "no {part} in {}", said.err);
        }
    }
}

#[test]
fn the_hook_runs_the_pairs_of_the_settings_and_its_own_time_goes_first() {
    let mut scene = Pushing::new();
    let settings = |more: &str| format!("[lab]\nbench = \"sh bench.sh\"\npairs = 8\n{more}");
    scene.project.write("plimsoll.toml", &settings(""));
    scene.commit(1010);
    let said = scene.push(&["--dry-run", "origin", "main"]);
    let all = format!("{}{}", said.out, said.err);
    assert!(said.code == 0 && all.contains(" 8 pairs"), "{all}");
    // Pairs that do not fit are not begun, and the sentence names what is too short.
    let short = settings("[hook]\nmax_wall = \"2s\"\n").replace("= 8", "= 2000");
    scene.project.write("plimsoll.toml", &short);
    scene.commit(1020);
    let said = scene.push(&["--dry-run", "origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("the 2000 pairs of [lab] pairs"),
        "{}",
        said.err
    );
    assert!(said.err.contains("raise [hook] max_wall"), "{}", said.err);
    let own = settings("[hook]\ntime = \"1ms\"\n");
    scene.project.write("plimsoll.toml", &own);
    scene.commit(1030);
    let said = scene.push(&["--dry-run", "origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for part in ["fewest pairs that say anything", "raise [hook] time"] {
        assert!(said.err.contains(part), "no {part} in {}", said.err);
    }
}

#[test]
fn a_benchmark_that_takes_all_the_time_is_not_called_a_build() {
    let mut scene = Pushing::new();
    scene.project.write(
        "plimsoll.toml",
        "[lab]\nbuild = \"true\"\nbench = \"sleep 300\"\n[hook]\nmax_wall = \"1s\"\n",
    );
    scene.commit(1500);
    let said = scene.push(&["origin", "main"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("benchmark too slow"), "{}", said.err);
}

#[test]
fn a_paired_check_says_that_the_work_trees_budgets_are_not_the_commits() {
    let mut scene = Pushing::new();
    scene.commit(1040);
    let check = ["check", "--mode", "paired", "--base", "HEAD^"];
    let said = scene.project.plimsoll(&check);
    assert!(
        !said.out.contains("judged by the work tree's"),
        "{}",
        said.out
    );
    scene
        .project
        .budget("parser", &LIMIT.replace("+5%", "+90%"));
    let said = scene.project.plimsoll(&check);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let note = "judged by the work tree's budgets/parser.toml, not as";
    assert!(said.out.contains(note), "{}", said.out);
}
