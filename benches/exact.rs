//! What plimsoll's own operations cost, in figures that do not depend on how busy a machine is:
//! instructions and allocations as valgrind counts them, and bytes. `cargo bench --bench exact`
//! prints them and writes `target/plimsoll-exact/exact.json`, which `plimsoll record` reads.
//!
//! Each scene is played once and twice in a process of its own; the difference is what it costs,
//! without start and set-up. `-- run SCENE [TIMES]` plays a scene without valgrind, for a comparison
//! of CPU time.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a program for developers tells what it does"
)]

mod seeded;

use jiff::Timestamp;
use plimsoll::analysis::Memo;
use plimsoll::budget::{Budget, parse};
use plimsoll::detect::{Input, Settings, detect};
use plimsoll::history::Timeline;
use plimsoll::model::CommitId;
use plimsoll::store::{NewRun, Store};
use plimsoll::verdict::{Check, Commits, Control, Stage, judge};
use seeded::Trouble;
use std::collections::HashMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

const SERIES: usize = 40;
const COMMITS: usize = 200;
const MEASUREMENTS: usize = 1_000;
/// Series of a thousand points in the scene of the search.
const SEARCHED: usize = 20;

/// What is measured, and how the figures call it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// Change points of series of 1,000 points.
    Detect,
    /// A check that remembers nothing.
    Check,
    /// A check of the next commit: what was analysed before is known.
    NextCheck,
    /// A run of measurements with ten samples each.
    Record,
    /// All points of all series.
    Columns,
}

const SCENES: [(Scene, &str); 5] = [
    (Scene::Detect, "detect/20x1000"),
    (Scene::Check, "check/40x200"),
    (Scene::NextCheck, "check_next/40x200"),
    (Scene::Record, "record/1000x10"),
    (Scene::Columns, "columns/40x200"),
];

fn main() -> Result<(), Trouble> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["scene", name, folder, times] => play(scene(name)?, Path::new(folder), times.parse()?),
        ["run", name] => run(scene(name)?, 1),
        ["run", name, times] => run(scene(name)?, times.parse()?),
        _ => measure_all(),
    }
}

fn scene(name: &str) -> Result<Scene, Trouble> {
    let found = SCENES.iter().find(|(_, own)| *own == name);
    Ok(found.ok_or_else(|| format!("there is no scene {name}"))?.0)
}

fn run(scene: Scene, times: usize) -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    prepare(scene, folder.path())?;
    play(scene, folder.path(), times)
}

fn commit(at: usize) -> CommitId {
    CommitId::new(format!("{at:040x}")).unwrap_or_else(|_| unreachable!("forty digits"))
}

fn store(folder: &Path) -> PathBuf {
    folder.join("history.db")
}

fn append(store: &mut Store, at: usize, series: usize, samples: usize) -> Result<(), Trouble> {
    let run = seeded::run(commit(at), at, series, samples);
    let new = NewRun {
        run: &run,
        commit: None,
    };
    store.append(&[new], Timestamp::UNIX_EPOCH)?;
    Ok(())
}

/// Makes what a scene starts from.
fn prepare(scene: Scene, folder: &Path) -> Result<(), Trouble> {
    let mut store = Store::open(&store(folder))?;
    match scene {
        Scene::Detect => {}
        Scene::Record => append(&mut store, 0, MEASUREMENTS, 10)?,
        Scene::Check | Scene::NextCheck | Scene::Columns => {
            for at in 0..COMMITS {
                append(&mut store, at, SERIES, 0)?;
            }
        }
    }
    Ok(())
}

/// The scene itself, so many times.
fn play(scene: Scene, folder: &Path, times: usize) -> Result<(), Trouble> {
    match scene {
        Scene::Detect => {
            let values: Vec<Vec<f64>> = (0..SEARCHED)
                .map(|series| (0..1_000).map(|at| seeded::value(series, at)).collect())
                .collect();
            for _ in 0..times {
                for values in &values {
                    let input = Input {
                        values,
                        ..Input::default()
                    };
                    black_box(detect(&input, &Settings::default()));
                }
            }
        }
        Scene::Check => {
            for _ in 0..times {
                check(folder, COMMITS - 1, &Memo::default())?;
            }
        }
        Scene::NextCheck => {
            let memo = Memo::default();
            check(folder, COMMITS - 2, &memo)?;
            let kept = memo.to_bytes();
            for _ in 0..times {
                check(folder, COMMITS - 1, &Memo::from_bytes(&kept))?;
            }
        }
        Scene::Record => {
            let mut store = Store::open(&store(folder))?;
            for at in 1..=times {
                append(&mut store, at, MEASUREMENTS, 10)?;
            }
        }
        Scene::Columns => {
            let store = Store::open_existing(&store(folder))?;
            let ids: Vec<i64> = store.series()?.iter().map(|row| row.id).collect();
            for _ in 0..times {
                black_box(store.columns(&ids)?);
            }
        }
    }
    Ok(())
}

fn check(folder: &Path, head: usize, memo: &Memo) -> Result<(), Trouble> {
    let today = jiff::civil::date(2026, 1, 1);
    let (budget, _) = parse(Path::new("all.toml"), seeded::BUDGET, today);
    let budgets: Vec<Budget> = budget.into_iter().collect();
    let store = Store::open_existing(&store(folder))?;
    let (runs, rows) = (store.runs()?, store.series()?);
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let columns = store.columns(&ids)?;
    let timeline = Timeline::new((0..=head).map(commit).collect());
    black_box(judge(&Check {
        head: &commit(head),
        base: None,
        timeline: &timeline,
        runs: &runs,
        series: &rows,
        columns: &columns,
        failures: &HashMap::new(),
        commits: &Commits::default(),
        control: Control::default(),
        budgets: &budgets,
        retired: &[],
        env: None,
        shallow: false,
        today,
        stage: Stage::Only,
        memo: Some(memo),
        threads: 1,
    }));
    Ok(())
}

fn measure_all() -> Result<(), Trouble> {
    let mut measurements = Vec::new();
    let mut tell = |benchmark: &str, metric: &str, value: f64, unit: &str| {
        println!("{benchmark:<22} {metric:<14} {value:>16.2} {unit}");
        measurements.push(serde_json::json!({
            "benchmark": benchmark, "metric": metric, "value": value, "unit": unit,
            "direction": "lower", "n": 1,
        }));
    };
    // The test of the gate asks for one scene.
    let only = std::env::var("PLIMSOLL_EXACT_ONLY").ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    for (scene, name) in SCENES.into_iter().filter(|(_, name)| wanted(name)) {
        // Two at a time: what is counted does not depend on what else runs.
        let (twice, once) = std::thread::scope(|scope| {
            let once = scope.spawn(|| counts(scene, name, 1).map_err(|e| e.to_string()));
            (counts(scene, name, 2), once.join())
        });
        let Ok(once) = once else {
            return Err(format!("counting {name} panicked").into());
        };
        let (once, twice) = (once?, twice?);
        let cost = |a: u64, b: u64| b.saturating_sub(a) as f64;
        tell(name, "instructions", cost(once.0, twice.0), "count");
        tell(name, "alloc.count", cost(once.1, twice.1), "count");
    }
    for (series, commits) in [(100, 500), (1_000, 100)] {
        if only.is_some() {
            break;
        }
        let folder = tempfile::tempdir()?;
        let mut store = Store::open(&store(folder.path()))?;
        for at in 0..commits {
            append(&mut store, at, series, 0)?;
        }
        drop(store);
        let size = std::fs::metadata(self::store(folder.path()))?.len() as f64;
        let name = format!("store/{series}x{commits}");
        tell(
            &name,
            "bytes_per_point",
            size / (series * commits) as f64,
            "B",
        );
    }
    let folder = std::env::var_os("PLIMSOLL_EXACT")
        .map_or_else(|| PathBuf::from("target/plimsoll-exact"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let document =
        serde_json::json!({ "schema": "plimsoll.measurements/1", "measurements": measurements });
    let file = folder.join("exact.json");
    std::fs::write(&file, serde_json::to_vec_pretty(&document)?)?;
    println!("written to {}", file.display());
    Ok(())
}

/// Instructions and allocations of a process that plays a scene so often.
fn counts(scene: Scene, name: &str, times: usize) -> Result<(u64, u64), Trouble> {
    let played = |tool: &[&str]| -> Result<String, Trouble> {
        let folder = tempfile::tempdir()?;
        prepare(scene, folder.path())?;
        let ran = Command::new("valgrind")
            .args(tool)
            .arg(std::env::current_exe()?)
            .args(["scene", name])
            .arg(folder.path())
            .arg(times.to_string())
            .output()
            .map_err(|e| format!("valgrind cannot be started ({e}): install it"))?;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        if ran.status.success() {
            Ok(said)
        } else {
            Err(format!("{name} failed under valgrind:\n{said}").into())
        }
    };
    let instructions = played(&["--tool=callgrind", "--callgrind-out-file=/dev/null"])?;
    let heap = played(&["--tool=dhat", "--dhat-out-file=/dev/null"])?;
    Ok((
        after(&instructions, "Collected : ")?,
        after(&heap, " bytes in ")?,
    ))
}

/// The first whole number after `mark`.
fn after(said: &str, mark: &str) -> Result<u64, Trouble> {
    let rest = said.split(mark).nth(1).unwrap_or_default();
    let digits: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    let number = digits.parse();
    number.map_err(|e| format!("valgrind said nothing after `{mark}` ({e}):\n{said}").into())
}
