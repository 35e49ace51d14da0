//! Two machines and a bare remote: what arrives, what is said, and what is left alone.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod ledger_support;

use ledger_support::{BRANCH, Scene, now};
use std::collections::BTreeSet;

#[test]
fn two_machines_exchange_their_runs() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    let (one, two) = (a.add(1), b.add(2));
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.out, @r"
    merged · plimsoll-data at file://[SCENE]/remote.git
      sent 1 run
      1 run on the branch, 1 here
    ");
    let outcome = b.sync();
    assert_eq!(outcome["state"], "merged");
    assert_eq!(outcome["runs"]["stored"], 1);
    let outcome = a.sync();
    assert_eq!(outcome["state"], "unchanged");
    assert_eq!(outcome["runs"]["stored"], 1);
    let both = BTreeSet::from([one, two]);
    assert_eq!(a.digests(), both);
    assert_eq!(b.digests(), both);
    assert_eq!(scene.digests(), both);
    let again = a.sync();
    assert_eq!(again["state"], "unchanged");
    assert_eq!(again["tries"], 0);
}

#[test]
fn looking_changes_nothing() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    let said = a.plimsoll(&["sync", "--status"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.out, @r"
    looked · plimsoll-data at file://[SCENE]/remote.git
      1 run to send, 0 runs to receive; nothing was changed
      0 runs on the branch, 1 here
    ");
    assert_eq!(scene.references(), "");
}

#[test]
fn the_users_repository_is_left_as_it_was() {
    for sha256 in [false, true] {
        let scene = Scene::with(sha256);
        let origin = scene.machine("origin-work");
        for i in 0..5 {
            origin.git(&[
                "commit",
                "--quiet",
                "--allow-empty",
                &format!("--message={i}"),
            ]);
        }
        origin.git(&["push", "--quiet", "origin", "main"]);
        origin.add(1);
        origin.sync();
        let url = format!("file://{}", scene.remote().display());
        scene.git(
            scene.folder.path(),
            &["clone", "--quiet", "--depth=2", &url, "shallow"],
        );
        let shallow = scene.at(scene.folder.path().join("shallow"));
        std::fs::write(shallow.folder.join("staged.txt"), "x").unwrap();
        shallow.git(&["add", "staged.txt"]);
        std::fs::write(shallow.folder.join("loose.txt"), "y").unwrap();
        shallow.git(&["worktree", "add", "--quiet", "../linked"]);
        let linked = scene.at(scene.folder.path().join("linked"));
        shallow.add(2);
        let before = (shallow.fingerprint(), linked.fingerprint());
        assert_eq!(shallow.sync()["state"], "merged");
        linked.add(3);
        // A hook hands its own GIT_DIR and index to children.
        let index = shallow.folder.join(".git/index");
        let git_dir = shallow.folder.join(".git");
        let said = linked.plimsoll_with(
            &["sync"],
            &[
                ("GIT_DIR", git_dir.to_str().unwrap()),
                ("GIT_INDEX_FILE", index.to_str().unwrap()),
                ("GIT_WORK_TREE", shallow.folder.to_str().unwrap()),
            ],
        );
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.starts_with("merged"), "{}", said.out);
        assert!((shallow.fingerprint(), linked.fingerprint()) == before);
        assert_eq!(scene.digests().len(), 3);
        assert_eq!(shallow.digests().len(), 3);
    }
}

#[test]
fn a_submodule_has_a_history_of_its_own() {
    let scene = Scene::new();
    let inner = scene.machine("inner");
    inner.git(&["push", "--quiet", "origin", "main"]);
    let outer = scene.folder.path().join("outer");
    scene.git(scene.folder.path(), &["init", "--quiet", "outer"]);
    let url = format!("file://{}", scene.remote().display());
    scene.git(
        &outer,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            &url,
            "part",
        ],
    );
    let part = scene.at(outer.join("part"));
    part.add(1);
    assert_eq!(part.sync()["state"], "merged");
    assert!(part.db().starts_with(outer.join(".git/modules/part")));
    assert_eq!(scene.digests().len(), 1);
}

#[test]
fn a_repository_without_a_remote_says_what_to_do() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.git(&["remote", "remove", "origin"]);
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @"error: this repository has no remote `origin`: `git remote add origin ADDRESS`, or name another with --remote or `repository` under [sync] in plimsoll.toml");
    std::fs::write(
        a.folder.join("plimsoll.toml"),
        "[sync]\nrepository = \"../remote.git\"\nref = \"refs/plimsoll/data\"\n",
    )
    .unwrap();
    a.add(1);
    assert_eq!(a.sync()["state"], "merged");
    assert_eq!(scene.references(), "refs/plimsoll/data");
}

#[test]
fn a_remote_that_is_not_there_is_told_from_one_that_does_not_answer() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    a.git(&["remote", "set-url", "origin", "../nowhere.git"]);
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("does not appear to be a git repository"),
        "{}",
        said.err
    );
    assert!(said.err.contains("check the address"), "{}", said.err);
    // Nobody listens on port 9 of this machine.
    a.git(&[
        "remote",
        "set-url",
        "origin",
        "http://someone:s3cret@127.0.0.1:9/x.git",
    ]);
    let said = a.plimsoll(&["sync", "--timeout", "0s"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("when the network works"), "{}", said.err);
    assert!(!said.err.contains("s3cret"), "{}", said.err);
    assert_eq!(a.digests().len(), 1);
}

#[test]
fn credentials_travel_by_environment_alone() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    // What actions/checkout leaves behind, and a name that stands for an address.
    a.git(&[
        "config",
        "http.http://127.0.0.1:9/.extraheader",
        "AUTHORIZATION: basic s3cret",
    ]);
    a.git(&[
        "config",
        &format!("url.file://{}/.insteadOf", scene.folder.path().display()),
        "short:",
    ]);
    a.git(&["remote", "set-url", "origin", "short:remote.git"]);
    let outcome = a.sync();
    assert_eq!(outcome["state"], "merged");
    let scratch = a.db().with_file_name("sync");
    let mut files = Vec::new();
    walk(&scratch, &mut files);
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(6).any(|window| window == b"s3cret");
        assert!(!found, "{}", file.display());
    }
}

fn walk(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            walk(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}

const RULESET: &str = "#!/bin/sh
while read -r old new name; do
  case \"$name\" in refs/heads/*)
    echo 'error: GH013: Repository rule violations found for refs/heads/plimsoll-data.' >&2
    exit 1 ;;
  esac
done
";

#[test]
fn a_ruleset_that_refuses_the_branch_parks_and_tells_the_remedies() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    let one = a.add(1);
    scene.hook("pre-receive", RULESET);
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.out, @r"
    parked · plimsoll-data at file://[SCENE]/remote.git
      sent 1 run to a reference of their own (refs/plimsoll/pending/): every reader sees them, and the next sync that wins adds them to the branch
      0 runs on the branch, 1 here
    ");
    insta::assert_snapshot!(said.err);
    assert!(scene.references().starts_with("refs/plimsoll/pending/"));
    // Parking the same twice is nothing new.
    assert_eq!(a.plimsoll(&["sync"]).code, 2);
    assert_eq!(scene.references().lines().count(), 1);
    // Readers see it, and the next writer that is let in folds it in.
    std::fs::remove_file(scene.remote().join("hooks/pre-receive")).unwrap();
    let two = b.add(2);
    let outcome = b.sync();
    assert_eq!(outcome["state"], "merged");
    assert_eq!(outcome["runs"]["folded"], 1);
    assert_eq!(outcome["runs"]["stored"], 1);
    assert_eq!(scene.references(), BRANCH);
    assert_eq!(scene.digests(), BTreeSet::from([one, two]));
}

#[test]
fn a_server_that_refuses_everything_leaves_the_runs_here() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    scene.hook(
        "pre-receive",
        "#!/bin/sh\necho 'GH006: Protected branch' >&2\nexit 1\n",
    );
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("GH006"), "{}", said.err);
    assert!(said.err.contains("bypass"), "{}", said.err);
    assert_eq!(scene.references(), "");
    assert_eq!(a.digests().len(), 1);
}

#[test]
fn a_branch_that_stays_locked_parks_the_runs() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    b.add(1);
    b.sync();
    let lock = scene.remote().join(format!("{BRANCH}.lock"));
    std::fs::write(&lock, "").unwrap();
    let mine = a.add(2);
    let outcome = a.sync_with(&["--timeout", "1s"]);
    assert_eq!(outcome["state"], "parked");
    assert_eq!(outcome["runs"]["stored"], 1);
    assert!(scene.digests().contains(&mine));
    std::fs::remove_file(lock).unwrap();
    assert_eq!(b.sync()["runs"]["folded"], 1);
    assert_eq!(scene.references(), BRANCH);
    assert_eq!(scene.digests().len(), 2);
}

#[test]
fn a_deleted_branch_is_noticed_and_restored_on_request() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    a.add(1);
    b.add(2);
    a.sync();
    b.sync();
    a.sync();
    scene.at_remote(&["update-ref", "-d", BRANCH]);
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2, "{}", said.err);
    insta::assert_snapshot!(said.err, @"HISTORY WAS LOST on refs/heads/plimsoll-data: 2 runs that this machine has seen there are gone (it was force-pushed or deleted). This database holds 2 of them: `plimsoll sync --repair` gives them back");
    assert_eq!(scene.references(), "");
    // What is new is written all the same; what was lost waits for a decision.
    a.add(3);
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2);
    assert_eq!(scene.digests().len(), 1);
    let outcome = a.sync_with(&["--repair"]);
    assert_eq!(outcome["state"], "merged");
    assert_eq!(outcome["runs"]["restored"], 2);
    assert_eq!(scene.digests().len(), 3);
    assert_eq!(b.sync()["lost"], serde_json::json!([]));
}

#[test]
fn a_forced_push_that_drops_runs_is_noticed() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    a.add(1);
    a.sync();
    let first = scene.at_remote(&["rev-parse", BRANCH]);
    b.add(2);
    b.sync();
    a.sync();
    scene.at_remote(&["update-ref", BRANCH, &first]);
    let said = a.plimsoll(&["sync", "--status"]);
    assert!(
        said.err.contains("HISTORY WAS LOST"),
        "{}{}",
        said.out,
        said.err
    );
    assert!(
        said.err
            .contains("1 run that this machine has seen there is gone"),
        "{}",
        said.err
    );
    assert_eq!(a.sync_with(&["--repair"])["runs"]["restored"], 1);
    assert_eq!(b.sync()["state"], "unchanged");
    assert_eq!(scene.digests().len(), 2);
}

#[test]
fn a_branch_that_is_rewritten_without_loss_is_said_and_used() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    a.sync();
    let tree = scene.at_remote(&["rev-parse", &format!("{BRANCH}^{{tree}}")]);
    let squashed = scene.at_remote(&["commit-tree", &tree, "-m", "squashed"]);
    scene.at_remote(&["update-ref", BRANCH, &squashed]);
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 0);
    assert!(said.err.contains("no run is missing"), "{}", said.err);
    assert_eq!(a.plimsoll(&["sync"]).err, "");
}

#[test]
fn a_branch_that_goes_on_is_no_rewritten_one() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    for seed in 0..4 {
        a.add(seed);
        let said = a.plimsoll(&["sync"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        b.add(100 + seed);
        let said = b.plimsoll(&["sync"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
    }
    assert_eq!(scene.digests().len(), 8);
}

#[test]
fn a_damaged_file_is_skipped_by_name_and_mended_by_who_has_the_run() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    a.add(1);
    let bad = a.add(2);
    a.sync();
    let path = scene
        .at_remote(&["ls-tree", "-r", "--name-only", BRANCH])
        .lines()
        .find(|path| path.contains(&bad))
        .unwrap()
        .to_owned();
    let url = scene.remote().display().to_string();
    scene.git(
        scene.folder.path(),
        &["clone", "--quiet", "--branch=plimsoll-data", &url, "vandal"],
    );
    let vandal = scene.at(scene.folder.path().join("vandal"));
    let text = std::fs::read_to_string(vandal.folder.join(&path)).unwrap();
    std::fs::write(vandal.folder.join(&path), &text[..text.len() / 2]).unwrap();
    std::fs::write(vandal.folder.join("runs/v1/notes.txt"), "hello").unwrap();
    vandal.git(&["add", "."]);
    vandal.git(&["commit", "--quiet", "--message=Mistake"]);
    vandal.git(&["push", "--quiet", "origin", "HEAD"]);
    let said = b.plimsoll(&["sync"]);
    assert_eq!(said.code, 0);
    assert!(
        said.err.contains(&format!("{path} is damaged")),
        "{}",
        said.err
    );
    assert!(said.err.contains("runs/v1/notes.txt"), "{}", said.err);
    assert_eq!(b.digests().len(), 1);
    let outcome = a.sync_with(&["--repair"]);
    assert_eq!(outcome["runs"]["restored"], 1);
    assert_eq!(b.sync()["runs"]["stored"], 1);
    assert_eq!(b.digests(), a.digests());
}

#[test]
fn old_months_become_packs_that_everybody_can_read() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    let mut old = a.head();
    old.time = "2025-01-15T00:00:00Z".parse().unwrap();
    for seed in 0..20 {
        a.add_at(seed, &old);
    }
    a.sync();
    let loose = scene.digests();
    assert_eq!(loose.len(), 20);
    // The commit's time in the database is the one that was first known.
    let outcome = a.sync();
    assert_eq!(outcome["runs"]["packed"], 20);
    let files = scene.at_remote(&["ls-tree", "-r", "--name-only", BRANCH]);
    assert_eq!(
        files
            .lines()
            .filter(|f| f.starts_with("packs/v1/2025-01-"))
            .count(),
        1
    );
    assert!(!files.contains("runs/v1/"), "{files}");
    scene.at_remote(&["fsck", "--strict"]);
    let outcome = b.sync();
    assert_eq!(outcome["runs"]["stored"], 20);
    assert_eq!(b.digests(), loose);
    assert_eq!(b.sync()["state"], "unchanged");
    assert_eq!(a.sync()["lost"], serde_json::json!([]));
    b.add(77);
    assert_eq!(b.sync()["runs"]["pushed"], 1);
    assert_eq!(a.sync()["runs"]["stored"], 1);
}

#[test]
fn runs_measured_with_uncommitted_changes_stay_here() {
    let scene = Scene::new();
    let a = scene.machine("a");
    let mut run = ledger_support::run(a.head().id.as_str(), 1, 1, 2);
    run.dirty = true;
    let new = plimsoll::store::NewRun {
        run: &run,
        commit: None,
    };
    a.store().append(&[new], now()).unwrap();
    let said = a.plimsoll(&["sync"]);
    assert!(
        said.out
            .contains("(1 measured with uncommitted changes stay here)"),
        "{}",
        said.out
    );
    assert_eq!(scene.references(), "");
}

#[test]
fn a_scratch_repository_that_is_damaged_is_made_anew() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    a.add(1);
    a.sync();
    b.add(2);
    b.sync();
    let sync = a.db().with_file_name("sync");
    let scratch = std::fs::read_dir(&sync)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.is_dir())
        .unwrap();
    std::fs::remove_dir_all(scratch.join("objects")).unwrap();
    std::fs::create_dir(scratch.join("objects")).unwrap();
    assert_eq!(a.sync()["runs"]["stored"], 1);
    // Git must not look for another repository further up.
    std::fs::write(scratch.join("HEAD"), "nonsense").unwrap();
    let before = a.fingerprint();
    a.add(3);
    assert_eq!(a.sync()["runs"]["pushed"], 1);
    assert!(a.fingerprint() == before);
    std::fs::write(scratch.join("refs/plimsoll/tip.lock"), "").unwrap();
    std::fs::write(scratch.join("shallow.lock"), "").unwrap();
    a.add(4);
    assert_eq!(a.sync()["runs"]["pushed"], 1);
    assert_eq!(scene.digests().len(), 4);
}

#[test]
fn the_history_goes_out_as_files_and_comes_back() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    a.add(1);
    a.add(2);
    let said = a.plimsoll(&["export", "--runs", "../files"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "wrote 2 run files to ../files; 0 were there\n")
    );
    let said = b.plimsoll(&["import", "--runs", "../files"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "stored 2 runs of ../files; 0 were there\n")
    );
    assert_eq!(a.digests(), b.digests());
    let said = b.plimsoll(&["import", "--runs", "nowhere"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("holds no run files"), "{}", said.err);
}
