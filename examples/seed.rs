//! Makes a repository with a seeded history, for measuring: series × commits, one run a commit.
//!
//! `cargo run --release --example seed -- FOLDER SERIES COMMITS [SAMPLES]`

#[path = "../benches/seeded/mod.rs"]
mod seeded;

use plimsoll::git::Scratch;
use plimsoll::store::{NewRun, Store};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args
        .next()
        .ok_or("usage: seed FOLDER SERIES COMMITS [SAMPLES]")?;
    let series: usize = args.next().ok_or("how many series?")?.parse()?;
    let commits: usize = args.next().ok_or("how many commits?")?.parse()?;
    let samples: usize = args.next().map_or(Ok(0), |n| n.parse())?;
    let folder = Path::new(&folder);
    let git = Scratch::create(folder)?;
    std::fs::create_dir_all(folder.join("budgets"))?;
    std::fs::write(folder.join("budgets").join("all.toml"), seeded::BUDGET)?;
    let mut store = Store::open(&folder.join(".git").join("plimsoll").join("history.db"))?;
    for i in 0..commits {
        std::fs::write(folder.join("src.txt"), format!("{i}\n"))?;
        let time = jiff::Timestamp::from_second(1_700_000_000 + 86_400 * i as i64)?;
        let commit = git.commit("Seed", &format!("Change {i}"), time)?;
        let run = seeded::run(commit, i, series, samples);
        store.append(
            &[NewRun {
                run: &run,
                commit: None,
            }],
            time,
        )?;
    }
    Ok(())
}
