//! The database under stress: each trouble has its sentence with a next step, and what was
//! recorded is still there.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod ledger_support;

use ledger_support::{Scene, now, run};
use plimsoll::store::{NewRun, Store};
use std::io::{Read, Seek, SeekFrom, Write};

#[test]
fn a_sound_database_is_called_whole() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    let said = a.plimsoll(&["doctor", "--db"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.out, @"[SCENE]/a/.git/plimsoll/history.db is whole: 1 runs, each with the content that was recorded");
    let said = a.plimsoll(&["check", "--db"]);
    assert_eq!(said.code, 2);
    insta::assert_snapshot!(said.err, @"error: --db needs a FILE");
}

/// Overwrites some bytes in the middle of the file.
fn damage(path: &std::path::Path, from: u64, length: usize) {
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    let mut old = vec![0; length];
    file.read_exact(&mut old).unwrap();
    for byte in &mut old {
        *byte ^= 0xa5;
    }
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&old).unwrap();
}

fn many(machine: &ledger_support::Machine, n: u64) {
    let commit = machine.head();
    let runs: Vec<_> = (0..n)
        .map(|seed| run(commit.id.as_str(), seed, 20, 20))
        .collect();
    let new: Vec<_> = runs
        .iter()
        .map(|run| NewRun {
            run,
            commit: Some(&commit),
        })
        .collect();
    machine.store().append(&new, now()).unwrap();
}

#[test]
fn a_damaged_database_is_told_rebuilt_and_kept() {
    let scene = Scene::new();
    let a = scene.machine("a");
    many(&a, 30);
    let all = a.digests();
    a.sync();
    let size = std::fs::metadata(a.db()).unwrap().len();
    damage(&a.db(), size / 2, 3 * 4096);
    let said = a.plimsoll(&["doctor", "--db"]);
    assert_eq!(said.code, 2);
    assert!(said.out.contains("is damaged:"), "{}", said.out);
    assert!(said.out.contains("--rebuild-from remote"), "{}", said.out);
    let said = a.plimsoll(&["doctor", "--db", "--rebuild-from", "remote"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains(": 30 runs, "), "{}", said.out);
    assert!(said.out.contains("history.db.damaged-1"), "{}", said.out);
    assert_eq!(a.digests(), all);
    assert_eq!(a.plimsoll(&["doctor", "--db"]).code, 0);
}

#[test]
fn a_file_that_is_no_database_is_replaced_from_run_files_on_request() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    a.add(2);
    let all = a.digests();
    assert_eq!(a.plimsoll(&["export", "--runs", "../files"]).code, 0);
    std::fs::write(a.db(), "scrambled ".repeat(2000)).unwrap();
    let said = a.plimsoll(&["sync"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("is damaged or not a plimsoll database"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("plimsoll doctor --db --rebuild-from"),
        "{}",
        said.err
    );
    let said = a.plimsoll(&["doctor", "--db", "--rebuild-from", "../files"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(a.digests(), all);
}

#[test]
fn a_truncated_database_is_damaged_in_words() {
    let scene = Scene::new();
    let a = scene.machine("a");
    many(&a, 30);
    let size = std::fs::metadata(a.db()).unwrap().len();
    std::fs::OpenOptions::new()
        .write(true)
        .open(a.db())
        .unwrap()
        .set_len(size / 3)
        .unwrap();
    let said = a.plimsoll(&["doctor", "--db"]);
    assert_eq!(said.code, 2);
    assert!(said.out.contains("is damaged"), "{}{}", said.out, said.err);
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    rusqlite::Connection::open(a.db())
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    for args in [
        &["sync"][..],
        &["doctor", "--db"],
        &["doctor", "--db", "--rebuild-from", "remote"],
        &["prune"],
    ] {
        let said = a.plimsoll(args);
        assert_eq!(said.code, 2);
        assert!(
            said.err.contains("upgrade plimsoll"),
            "{args:?}: {}",
            said.err
        );
    }
}

/// A limit on the size of files stands in for the full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stores_nothing_and_keeps_what_was_there() {
    let scene = Scene::new();
    let a = scene.machine("a");
    many(&a, 3);
    let before = a.digests();
    let size = std::fs::metadata(a.db()).unwrap().len();
    let results = a.folder.join("big.json");
    let entries: Vec<_> = (0..3000)
        .map(|i| {
            serde_json::json!({ "command": format!("benchmark {i} {}", "x".repeat(200)), "mean": 0.1,
                "stddev": 0.001, "median": 0.1, "user": 0.1, "system": 0.01, "min": 0.1, "max": 0.1,
                "times": [0.1, 0.1], "exit_codes": [0, 0] })
        })
        .collect();
    std::fs::write(
        &results,
        serde_json::json!({ "results": entries }).to_string(),
    )
    .unwrap();
    // Blocks of 1 KiB (dash: 512 bytes); the signal is ignored, so that writing fails instead.
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec {} record --env ci big.json",
        size / 512,
        env!("CARGO_BIN_EXE_plimsoll")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(&a.folder)
        .output()
        .unwrap();
    let said = a.said(&output);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(said.err.contains("history.db"), "{}", said.err);
    assert!(said.err.contains("free some space"), "{}", said.err);
    assert_eq!(a.digests(), before);
    assert_eq!(a.plimsoll(&["doctor", "--db"]).code, 0);
    assert_eq!(a.plimsoll(&["record", "--env", "ci", "big.json"]).code, 0);
}

#[test]
fn a_writer_waits_for_another_one() {
    let scene = Scene::new();
    let a = scene.machine("a");
    a.add(1);
    let other = rusqlite::Connection::open(a.db()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut child = a.start(&["import", "--runs", "../files"]);
    assert_eq!(
        a.plimsoll(&["export", "--runs", "../files"]).code,
        0,
        "readers do not wait"
    );
    let _ = child.kill();
    let _ = child.wait();
    let (done, waiting) = std::sync::mpsc::channel();
    let path = a.db();
    let commit = a.head();
    let writer = std::thread::spawn(move || {
        let run = run(commit.id.as_str(), 2, 1, 1);
        let new = NewRun {
            run: &run,
            commit: None,
        };
        let stored = Store::open(&path).unwrap().append(&[new], now()).unwrap();
        done.send(()).unwrap();
        stored
    });
    assert!(
        waiting
            .recv_timeout(std::time::Duration::from_millis(200))
            .is_err(),
        "it waits while the other writes"
    );
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(writer.join().unwrap().stored, 1);
}

#[test]
fn prune_says_first_then_thins_and_the_run_stays_the_run() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    let mut old = a.head();
    old.time = "2026-01-15T00:00:00Z".parse().unwrap();
    a.add_at(1, &old);
    let all = a.digests();
    let before = a.store().series().unwrap();
    let values = a.store().columns(&[before[0].id]).unwrap();
    let said = a.plimsoll(&["prune", "--older-than", "0d"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.starts_with("would drop the raw samples of 1 runs"),
        "{}",
        said.out
    );
    assert!(
        said.err.contains("never seen on a data branch"),
        "{}",
        said.err
    );
    a.sync();
    let said = a.plimsoll(&["prune", "--older-than", "0d"]);
    assert_eq!(said.err, "");
    let said = a.plimsoll(&["prune", "--older-than", "0d", "--apply"]);
    assert!(
        said.out.starts_with("dropped the raw samples of 1 runs"),
        "{}",
        said.out
    );
    let said = a.plimsoll(&["prune", "--older-than", "0d", "--apply"]);
    assert!(
        said.out.starts_with("no run of a commit before"),
        "{}",
        said.out
    );
    assert_eq!(a.store().columns(&[before[0].id]).unwrap(), values);
    assert_eq!(a.digests(), all);
    assert_eq!(a.plimsoll(&["doctor", "--db"]).code, 0);
    // No duplicate comes back, and nothing is sent again.
    let outcome = a.sync();
    assert_eq!(outcome["state"], "unchanged");
    assert_eq!(outcome["runs"]["stored"], 0);
    assert_eq!(b.sync()["runs"]["stored"], 1);
    assert_eq!(b.digests(), all);
}

#[test]
fn a_run_that_was_thinned_before_it_was_sent_keeps_its_digest() {
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    a.add(1);
    assert_eq!(
        a.plimsoll(&["prune", "--older-than", "0d", "--apply"]).code,
        0
    );
    assert_eq!(a.sync()["runs"]["pushed"], 1);
    assert_eq!(b.sync()["runs"]["stored"], 1);
    assert_eq!(a.digests(), b.digests());
    assert!(b.store().digests().unwrap()[0].1);
    assert_eq!(b.plimsoll(&["doctor", "--db"]).code, 0);
    assert_eq!(b.sync()["state"], "unchanged");
}

#[test]
fn a_shallow_clone_sees_the_whole_order() {
    let scene = Scene::new();
    let a = scene.machine("a");
    scene.at_remote(&["config", "uploadpack.allowFilter", "true"]);
    for i in 0..12 {
        a.git(&[
            "commit",
            "--quiet",
            "--allow-empty",
            &format!("--message=Change {i}"),
        ]);
        a.add(i);
    }
    a.git(&["push", "--quiet", "origin", "main"]);
    a.sync();
    let url = format!("file://{}", scene.remote().display());
    scene.git(
        scene.folder.path(),
        &[
            "clone",
            "--quiet",
            "--depth=1",
            "--branch=main",
            &url,
            "runner",
        ],
    );
    let runner = scene.at(scene.folder.path().join("runner"));
    runner.sync();
    let before = runner.fingerprint();
    let whole = a.plimsoll(&["export", "csv"]);
    let shallow = runner.plimsoll(&["export", "csv"]);
    assert_eq!(shallow.code, 0, "{}", shallow.err);
    assert_eq!(whole.out.lines().count(), shallow.out.lines().count());
    assert!(runner.fingerprint() == before);
    // Fetched once, it is here: no network is needed any more.
    runner.git(&[
        "remote",
        "set-url",
        "origin",
        &format!("file://{}", scene.remote().display()),
    ]);
    std::fs::rename(scene.remote(), scene.folder.path().join("gone.git")).unwrap();
    let again = runner.plimsoll(&["export", "csv"]);
    assert_eq!(again.out, shallow.out);
    // Without it, the parents in the run files lead on.
    let sync = runner.db().with_file_name("sync");
    std::fs::remove_dir_all(sync).unwrap();
    let recorded = runner.plimsoll(&["export", "csv"]);
    assert_eq!(recorded.code, 0, "{}", recorded.err);
    assert_eq!(recorded.out.lines().count(), shallow.out.lines().count());
}
