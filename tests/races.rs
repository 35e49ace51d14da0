//! Many writers, killed writers, long histories. Small numbers by default; `PLIMSOLL_DEEP=1`, as
//! `.ci/deep` sets it, runs the full ones and prints the figures.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set up its scene fails; figures are wall times"
)]

mod ledger_support;

use ledger_support::{BRANCH, Machine, Scene, now, run, short};
use plimsoll::store::NewRun;
use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

fn count(reduced: usize, full: usize) -> usize {
    if std::env::var_os("PLIMSOLL_DEEP").is_some() {
        full
    } else {
        reduced
    }
}

/// Numbers in 0 … 1, the same in every run of the test.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Ends the process, as kill -9 does, after a while, unless it has ended by itself; whether it
/// answered 0. The moment of the kill is the thing under test: any moment must do.
fn kill_after(mut child: Child, wait: Duration) -> bool {
    std::thread::sleep(wait);
    let _ = child.kill();
    child.wait().unwrap().success()
}

#[test]
fn no_run_is_lost_when_many_write_at_one_instant() {
    let n = count(48, 200);
    let scene = Scene::new();
    let machines: Vec<Machine> = (0..n).map(|i| scene.machine(&format!("m{i}"))).collect();
    let digests: BTreeSet<String> = machines
        .iter()
        .enumerate()
        .map(|(i, machine)| machine.add(i as u64))
        .collect();
    assert_eq!(digests.len(), n);
    let start = Instant::now();
    let mut children: Vec<Child> = machines
        .iter()
        .map(|machine| machine.start(&["sync", "--format", "json"]))
        .collect();
    // Every eighth is killed at some moment.
    let mut chance = Chance(6);
    let mut killed = Vec::new();
    for i in (0..n).step_by(8) {
        std::thread::sleep(Duration::from_secs_f64(0.2 * chance.next()));
        let _ = children[i].kill();
        killed.push(i);
    }
    let (mut merged, mut parked) = (0, 0);
    for (i, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        if killed.contains(&i) {
            continue;
        }
        let said = machines[i].said(&output);
        assert_eq!(said.code, 0, "{}", said.err);
        let outcome: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        match outcome["state"].as_str() {
            Some("parked") => parked += 1,
            _ => merged += 1,
        }
    }
    let took = start.elapsed();
    for &i in &killed {
        machines[i].sync();
    }
    let missing: Vec<_> = digests.difference(&scene.digests()).cloned().collect();
    assert_eq!(missing, [] as [String; 0], "runs were lost");
    // One more sync folds in what was parked, and a reader has everything.
    machines[0].sync();
    assert_eq!(scene.references(), BRANCH);
    assert_eq!(scene.digests(), digests);
    machines[0].sync();
    assert_eq!(machines[0].digests(), digests);
    scene.at_remote(&["fsck", "--strict"]);
    eprintln!(
        "{n} writers: {merged} merged, {parked} parked, {} killed and run again, 0 lost, {:.1} s",
        killed.len(),
        took.as_secs_f64()
    );
}

fn result_file(machine: &Machine, i: usize) -> String {
    let name = format!("results-{i}.json");
    let time = 0.1 + i as f64 * 1e-6;
    let times: Vec<f64> = (0..10)
        .map(|k| time * (1.0 + 0.001 * f64::from(k)))
        .collect();
    let json = serde_json::json!({ "results": [{
        "command": "parse", "mean": time, "stddev": 0.001, "median": time, "user": time,
        "system": 0.01, "min": time, "max": time * 1.01, "times": times, "exit_codes": vec![0; 10]
    }] });
    std::fs::write(machine.folder.join(&name), json.to_string()).unwrap();
    name
}

/// The database opens, is sound on every page, and every run in it is whole.
fn assert_sound(machine: &Machine) {
    if machine.db().exists() {
        let health = machine.store().health().unwrap();
        assert_eq!(health.faults, [] as [String; 0]);
    }
}

#[test]
fn kill_9_at_any_moment_loses_nothing_that_was_answered() {
    let kills = count(20, 500);
    let scene = Scene::new();
    let machine = scene.machine("a");
    let mut chance = Chance(9);
    let names: Vec<String> = (0..kills).map(|i| result_file(&machine, i)).collect();
    let sources: Vec<String> = names
        .iter()
        .map(|name| {
            // What the run says of its source, from an undisturbed recording elsewhere.
            let elsewhere = scene.folder.path().join("elsewhere.db");
            let said = machine.plimsoll(&["--db", elsewhere.to_str().unwrap(), "record", name]);
            assert_eq!(said.code, 0, "{}", said.err);
            let store = plimsoll::store::Store::open(&elsewhere).unwrap();
            let row = store.runs().unwrap().pop().unwrap();
            short(row.digest)
        })
        .collect();
    let usual = {
        let start = Instant::now();
        machine.plimsoll(&["sync", "--status"]);
        start.elapsed()
    };
    let mut answered = BTreeSet::new();
    let mut survived = 0;
    for (name, digest) in names.iter().zip(&sources) {
        let child = machine.start(&["record", name]);
        if kill_after(child, usual.mul_f64(chance.next() * 0.6)) {
            answered.insert(digest.clone());
        }
        let child = machine.start(&["sync", "--timeout", "5s"]);
        if kill_after(child, usual.mul_f64(chance.next() * 6.0)) {
            survived += 1;
        }
        assert_sound(&machine);
        let stored = machine.digests();
        assert!(answered.is_subset(&stored), "an answered run is gone");
        let known: BTreeSet<String> = sources.iter().cloned().collect();
        assert!(stored.is_subset(&known), "a run that nobody recorded");
    }
    for name in &names {
        assert_eq!(machine.plimsoll(&["record", name]).code, 0);
    }
    machine.sync();
    let all: BTreeSet<String> = sources.into_iter().collect();
    assert_eq!(all.len(), kills);
    assert_eq!(machine.digests(), all);
    assert_eq!(machine.store().runs().unwrap().len(), kills);
    assert_eq!(scene.digests(), all);
    scene.at_remote(&["fsck", "--strict"]);
    eprintln!(
        "{kills} kills of record and of sync: {} recordings and {survived} syncs had answered before, 0 lost",
        answered.len()
    );
}

#[test]
fn two_processes_that_record_at_once_lose_and_double_nothing() {
    let n = count(60, 10_000);
    let scene = Scene::new();
    let machine = scene.machine("a");
    // Each tenth file is recorded by both.
    let names: Vec<String> = (0..n).map(|i| result_file(&machine, i)).collect();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (names, machine) = (&names, &machine);
            scope.spawn(move || {
                for (i, name) in names.iter().enumerate() {
                    if i % 2 == half || i % 10 == 0 {
                        let said = machine.plimsoll(&["record", name]);
                        assert_eq!(said.code, 0, "{}", said.err);
                    }
                }
            });
        }
    });
    let took = start.elapsed();
    assert_sound(&machine);
    assert_eq!(machine.store().runs().unwrap().len(), n);
    eprintln!(
        "{n} runs by two processes at once: none lost, none twice, {:.1} s",
        took.as_secs_f64()
    );
}

#[test]
fn few_bytes_are_pushed() {
    let runs = count(12, 300);
    let scene = Scene::new();
    // Packs are kept as they come, so that their sizes are what was pushed.
    scene.at_remote(&["config", "receive.unpackLimit", "1"]);
    scene.at_remote(&["config", "receive.autogc", "false"]);
    scene.at_remote(&["config", "gc.auto", "0"]);
    let machine = scene.machine("a");
    let commit = machine.head();
    let start = Instant::now();
    for seed in 0..runs {
        let run = run(commit.id.as_str(), seed as u64, 100, 10);
        let new = NewRun {
            run: &run,
            commit: Some(&commit),
        };
        machine.store().append(&[new], now()).unwrap();
        assert_eq!(machine.sync()["runs"]["pushed"], 1);
    }
    let took = start.elapsed();
    let pushed: u64 = std::fs::read_dir(scene.remote().join("objects/pack"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "pack"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert!(pushed > 0);
    assert!(pushed < 7_400_000 * runs as u64 / 300, "{pushed} bytes");
    eprintln!(
        "{runs} runs × 100 metrics × 10 samples, a push each: {:.2} MB pushed, {:.1} s",
        pushed as f64 / 1e6,
        took.as_secs_f64()
    );
}

#[test]
fn a_fresh_clone_rebuilds_the_database() {
    let runs = count(300, 10_000);
    let scene = Scene::new();
    let (a, b) = (scene.machine("a"), scene.machine("b"));
    let commit = a.head();
    {
        let all: Vec<_> = (0..runs)
            .map(|seed| run(commit.id.as_str(), seed as u64, 10, 10))
            .collect();
        let arrivals: Vec<_> = all
            .iter()
            .map(|run| plimsoll::store::Arrival {
                run,
                digest: run.id().unwrap(),
                thinned: false,
                commit: Some(&commit),
            })
            .collect();
        a.store().append_arrivals(&arrivals, now()).unwrap();
    }
    let start = Instant::now();
    assert_eq!(a.sync()["runs"]["pushed"], runs);
    let first = start.elapsed();
    let start = Instant::now();
    assert_eq!(b.sync()["runs"]["stored"], runs);
    let rebuilt = start.elapsed();
    assert_eq!(a.digests(), b.digests());
    let start = Instant::now();
    assert_eq!(b.sync()["state"], "unchanged");
    eprintln!(
        "{runs} runs × 10 metrics × 10 samples: first push {:.1} s, rebuilt from a fresh clone in {:.1} s, a sync with nothing to do {:.2} s",
        first.as_secs_f64(),
        rebuilt.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
}
