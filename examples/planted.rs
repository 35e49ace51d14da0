//! How often `plimsoll compare` is right: a program with planted CPU work, compared again and again.
//!
//! `cargo build --release && cargo run --release --example planted -- [RUNS] [TIME] [PERCENT…]`,
//! by default 40 runs of 60 s each for +0, +3, +5, +10 and +30 %: more than three hours. Every run
//! draws another order. The busy loop is `plimsoll doctor --spin`, its rounds are a file of the
//! commit. To see a loaded machine, load it meanwhile.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an experiment that prints its table"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Work of the base: tens of milliseconds, many times what starting the program takes.
const ROUNDS: u64 = 20_000_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runs: u64 = args.first().map_or(40, |text| text.parse().unwrap());
    let time = args.get(1).map_or("60s", String::as_str);
    let mut plants: Vec<u64> = args
        .iter()
        .skip(2)
        .map(|text| text.parse().unwrap())
        .collect();
    if plants.is_empty() {
        plants = vec![0, 3, 5, 10, 30];
    }
    let plimsoll = binary();
    println!(
        "{runs} runs of {time} each, {ROUNDS} rounds of work, limit +0 %: \"worse\" is over\n"
    );
    println!(
        "| planted | metric | called worse | called better | no change seen | median size | pairs |"
    );
    println!("|---|---|---|---|---|---|---|");
    for plant in plants {
        let scene = tempfile::tempdir().unwrap();
        prepare(scene.path(), &plimsoll, ROUNDS, plant);
        let mut found = [Vec::new(), Vec::new()];
        let mut pairs = 0;
        for seed in 1..=runs {
            let json = compare(scene.path(), &plimsoll, time, seed);
            pairs = json["paired"]["pairs"].as_u64().unwrap();
            for series in json["paired"]["series"].as_array().unwrap() {
                let at = match series["series"]["metric"].as_str().unwrap() {
                    "cpu" => 0,
                    "time" => 1,
                    _ => continue,
                };
                let p = series["p"].as_f64().unwrap();
                let effect = series["effect"].as_f64().unwrap_or(f64::NAN);
                found[at].push((p, effect));
            }
        }
        for (metric, results) in ["CPU time", "wall time"].iter().zip(&found) {
            let share = |wanted: &dyn Fn(f64, f64) -> bool| {
                let n = results.iter().filter(|(p, e)| wanted(*p, *e)).count();
                format!("{n} of {}", results.len())
            };
            let mut sizes: Vec<f64> = results.iter().map(|(_, effect)| *effect).collect();
            sizes.sort_by(f64::total_cmp);
            println!(
                "| +{plant} % | {metric} | {} | {} | {} | {:+.2} % | {pairs} |",
                share(&|p, e| p <= 0.05 && e > 0.0),
                share(&|p, e| p <= 0.05 && e < 0.0),
                share(&|p, _| p > 0.05),
                100.0 * sizes[sizes.len() / 2]
            );
        }
    }
}

/// The plimsoll beside this example.
fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let beside = own.parent().unwrap().parent().unwrap().join("plimsoll");
    assert!(
        beside.exists(),
        "{} is missing: cargo build --release",
        beside.display()
    );
    beside
}

fn run(folder: &Path, program: &Path, args: &[&str]) -> Vec<u8> {
    let done = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.code().is_some_and(|code| code < 2),
        "{args:?}: {said}"
    );
    done.stdout
}

/// Two commits, the second with so many percent more work.
fn prepare(folder: &Path, plimsoll: &Path, rounds: u64, plant: u64) {
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"];
        run(folder, Path::new("git"), &[&who, args].concat());
    };
    git(&["init", "--quiet"]);
    let bench = format!(
        "exec '{}' doctor --spin \"$(cat rounds)\"\n",
        plimsoll.display()
    );
    std::fs::write(folder.join("bench.sh"), bench).unwrap();
    for (rounds, note) in [(rounds, "base"), (rounds + rounds * plant / 100, "head")] {
        std::fs::write(folder.join("rounds"), rounds.to_string()).unwrap();
        std::fs::write(folder.join("note"), note).unwrap();
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message", note]);
    }
}

fn compare(folder: &Path, plimsoll: &Path, time: &str, seed: u64) -> serde_json::Value {
    let seed = seed.to_string();
    let args = [
        "compare", "HEAD^", "--time", time, "--seed", &seed, "--format", "json", "--", "sh",
        "bench.sh",
    ];
    serde_json::from_slice(&run(folder, plimsoll, &args)).unwrap()
}
