//! `plimsoll sync`: exchange runs with the data branch.

use super::args::{Format, Sync as Args};
use super::export_runs::say_skipped;
use super::world::World;
use super::{answer, load, say};
use anyhow::{Result, bail};
use plimsoll::budget::is_ref_part;
use plimsoll::git::Remote;
use plimsoll::ledger::sync::{self, Clock, Options};
use plimsoll::report;
use plimsoll::store::Store;
use plimsoll::verdict::Exit;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

/// Months that stay one file a run, where the settings say nothing.
const LOOSE_MONTHS: u64 = 3;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let options = options(world, args)?;
    world.prepare_db_folder()?;
    let mut store = Store::open(&world.db_path())?;
    let outcome = sync::sync(&options, &mut store, &WallClock::new(), &mut chance())?;
    match args.format {
        Format::Json => answer(&report::sync::json(&outcome))?,
        Format::Table | Format::Markdown => answer(&report::sync::text(&outcome))?,
    }
    say_skipped(&outcome.skipped);
    for warning in report::sync::warnings(&outcome) {
        say(&warning);
    }
    let trouble = !outcome.lost.is_empty() || outcome.refused.is_some();
    Ok(if trouble { Exit::Trouble } else { Exit::Within })
}

/// Arguments first, then `[sync]` of plimsoll.toml, then what is usual.
pub(crate) fn options(world: &World, args: &Args) -> Result<Options> {
    let git = world.repository()?;
    let settings = load::settings(world)?.sync;
    for name in args.remote.iter().chain(&args.branch) {
        if !is_ref_part(name) {
            bail!("`{name}` is not a name that git takes");
        }
    }
    let reference = match (&args.branch, &settings.reference, &settings.branch) {
        (Some(branch), _, _) | (None, None, Some(branch)) => format!("refs/heads/{branch}"),
        (None, Some(reference), _) => reference.clone(),
        (None, None, None) => "refs/heads/plimsoll-data".to_owned(),
    };
    let address = args.repository.as_ref().or(settings.repository.as_ref());
    let remote = match (&args.remote, address, &settings.remote) {
        (Some(name), _, _) | (None, None, Some(name)) => Remote::named(git, name, &world.vars)?,
        (None, Some(address), _) => Remote::at(git, address, &world.vars)?,
        (None, None, None) => Remote::named(git, "origin", &world.vars)?,
    };
    let loose_months = settings.loose_months.unwrap_or(LOOSE_MONTHS);
    Ok(Options {
        remote,
        reference,
        folder: git.common_dir().join("plimsoll").join("sync"),
        naming: git.naming(),
        timeout: args.timeout,
        look_only: args.status,
        repair: args.repair,
        loose_months: u32::try_from(loose_months).unwrap_or(u32::MAX),
        now: world.now,
    })
}

/// Time as it passes.
pub(crate) struct WallClock(Instant);

impl WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the library is given the time; it is read here"
    )]
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for WallClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Numbers in 0 … 1 that differ from process to process and from machine to machine.
pub(crate) fn chance() -> impl FnMut() -> f64 {
    // The keys of a hasher come from the operating system's source of randomness.
    let seed = RandomState::new();
    let mut count = 0_u64;
    move || {
        count += 1;
        let mut hasher = seed.build_hasher();
        hasher.write_u64(count);
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
