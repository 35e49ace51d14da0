//! Makes a repository with a seeded history, for measuring: series × commits, one run a commit.
//!
//! `cargo run --release --example seed -- FOLDER SERIES COMMITS [SAMPLES [NEWEST]]`: SAMPLES raw
//! samples behind every measurement of the NEWEST commits (of all, without NEWEST). The store of the
//! figures in the README: `seed /tmp/large 10000 1000 10 100` and `seed /tmp/small 100 500`.

#[path = "../benches/seeded/mod.rs"]
mod seeded;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let usage = "usage: seed FOLDER SERIES COMMITS [SAMPLES [NEWEST]]";
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or(usage)?;
    let mut number = || args.next().map(|text| text.parse::<usize>()).transpose();
    let series = number()?.ok_or(usage)?;
    let commits = number()?.ok_or(usage)?;
    let samples = number()?.unwrap_or(0);
    let newest = number()?.unwrap_or(commits);
    seeded::repository(Path::new(&folder), series, commits, samples, newest)
}
