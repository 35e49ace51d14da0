#![allow(dead_code, reason = "each program uses a part of it")]
//! Seeded runs: every series has noise of 1 %, and one in fifty a step of 8 %.

use plimsoll::git::Scratch;
use plimsoll::store::{NewRun, Store};
use std::path::Path;

use plimsoll::model::{
    CommitId, Direction, Environment, Measurement, Run, Samples, Source, Spread, Tags, Unit,
};

/// One budget that selects every series.
pub(crate) const BUDGET: &str = "schema = 1\n[feature]\nname = \"all\"\nowner = \"@seed\"\n[[limit]]\nid = \"change\"\nselect = { benchmark = \"*\", metric = \"time\" }\nregress = { limit = \"+5%\" }\n";

/// What making a scene may end with.
pub(crate) type Trouble = Box<dyn std::error::Error>;

/// A repository with a commit a day and a run of every commit; `samples` raw samples behind every
/// measurement of the `newest` commits.
pub(crate) fn repository(
    folder: &Path,
    series: usize,
    commits: usize,
    samples: usize,
    newest: usize,
) -> Result<(), Trouble> {
    let git = Scratch::create(folder)?;
    std::fs::create_dir_all(folder.join("budgets"))?;
    std::fs::write(folder.join("budgets").join("all.toml"), BUDGET)?;
    let mut store = Store::open(&folder.join(".git").join("plimsoll").join("history.db"))?;
    for at in 0..commits {
        let samples = if at + newest < commits { 0 } else { samples };
        commit(folder, &git, &mut store, at, series, samples)?;
    }
    Ok(())
}

/// One more commit and its run.
pub(crate) fn commit(
    folder: &Path,
    git: &Scratch,
    store: &mut Store,
    at: usize,
    series: usize,
    samples: usize,
) -> Result<(), Trouble> {
    std::fs::write(folder.join("src.txt"), format!("{at}\n"))?;
    let time = jiff::Timestamp::from_second(1_700_000_000 + 86_400 * at as i64)?;
    let id = git.commit("Seed", &format!("Change {at}"), time)?;
    let run = run(id, at, series, samples);
    let new = NewRun {
        run: &run,
        commit: None,
    };
    store.append(&[new], time)?;
    Ok(())
}

/// A well mixed number between −1 and 1 for a place (SplitMix64).
fn noise(series: usize, commit: usize, sample: usize) -> f64 {
    let mut z = ((series as u64) << 40) ^ ((commit as u64) << 16) ^ sample as u64;
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// What a series measures at a commit, in ns.
pub(crate) fn value(series: usize, at: usize) -> f64 {
    let step = if series.is_multiple_of(50) && at > 100 {
        1.08
    } else {
        1.0
    };
    let level = 1e6 * (1.0 + series as f64 / 100.0) * step;
    level * (1.0 + 0.01 * (noise(series, at, 1) + noise(series, at, 2)))
}

/// The run of one commit.
pub(crate) fn run(commit: CommitId, at: usize, series: usize, samples: usize) -> Run {
    let measurements = (0..series)
        .map(|s| {
            let value = value(s, at);
            let taken: Vec<f64> = (0..samples)
                .map(|i| value * (1.0 + 0.01 * noise(s, at, 3 + i)))
                .collect();
            Measurement {
                benchmark: format!("module_{}/function_{s}", s / 20),
                metric: "time".to_owned(),
                value,
                unit: Unit::Nanoseconds,
                direction: Some(Direction::Lower),
                tags: Tags::new(),
                n: samples.max(1) as u64,
                spread: Spread::between(value * 0.99, value, value * 1.01),
                samples: (samples > 0).then_some(Samples {
                    values: taken,
                    iterations: None,
                }),
                source_metric: "median".to_owned(),
                source_unit: "ns".to_owned(),
            }
        })
        .collect();
    Run {
        schema: 1,
        commit,
        environment: Environment {
            label: "ci".to_owned(),
            facts: [("cpu".to_owned(), "seeded".to_owned())].into(),
        },
        suite: String::new(),
        part: String::new(),
        dirty: false,
        source: Source {
            digest: format!("{at:064x}"),
            started: None,
            attempt: 0,
        },
        measurements,
        failures: Vec::new(),
    }
}
