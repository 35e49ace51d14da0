//! `plimsoll doctor --db` and `plimsoll prune`: keeping the database sound and small.

use super::args::Prune;
use super::export_runs::say_skipped;
use super::sync::{self, WallClock, chance};
use super::world::World;
use super::{answer, say};
use anyhow::{Context, Result, bail};
use plimsoll::ledger::file::RunFile;
use plimsoll::ledger::folder;
use plimsoll::model::{Commit, CommitId};
use plimsoll::report::text;
use plimsoll::store::{Health, Store, StoreError};
use plimsoll::verdict::Exit;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) fn run(world: &World, rebuild_from: Option<&str>) -> Result<Exit> {
    match rebuild_from {
        Some(from) => rebuild(world, from),
        None => examine(world),
    }
}

fn examine(world: &World) -> Result<Exit> {
    let path = world.db_path();
    let health = match Store::open_existing(&path).and_then(|store| store.health()) {
        Ok(health) => health,
        Err(error @ (StoreError::Damaged { .. } | StoreError::Sqlite { .. })) => Health {
            faults: vec![error.to_string()],
            ..Health::default()
        },
        Err(error) => return Err(error.into()),
    };
    if health.faults.is_empty() {
        answer(&format!(
            "{} is whole: {} runs, each with the content that was recorded{}\n",
            path.display(),
            health.runs,
            thinned(&health)
        ))?;
        return Ok(Exit::Within);
    }
    let mut out = format!("{} is damaged:\n", path.display());
    for fault in health.faults.iter().take(20) {
        out.push_str(&format!("  {}\n", text::plain_up_to(fault, 400)));
    }
    if health.faults.len() > 20 {
        out.push_str(&format!("  and {} more\n", health.faults.len() - 20));
    }
    out.push_str(
        "Nothing was changed. `plimsoll doctor --db --rebuild-from remote` makes a new database from the data branch\n\
         and from every sound run of this one, and keeps the damaged file; `--rebuild-from DIR` takes run files instead.\n",
    );
    answer(&out)?;
    Ok(Exit::Trouble)
}

fn thinned(health: &Health) -> String {
    if health.thinned == 0 {
        return String::new();
    }
    format!(" ({} without their raw samples, pruned)", health.thinned)
}

/// A new database beside the old one, filled from both sources, then put in its place.
fn rebuild(world: &World, from: &str) -> Result<Exit> {
    let path = world.db_path();
    let aside = with_suffix(&path, ".rebuilt");
    world.prepare_db_folder()?;
    remove_database(&aside)?;
    let mut store = Store::open(&aside)?;
    let (salvaged, unreadable) = salvage(&path, &mut store, world)?;
    let arrived = if from == "remote" {
        let options = sync::options(world, &super::args::Sync::plain())?;
        let outcome =
            plimsoll::ledger::sync::sync(&options, &mut store, &WallClock::new(), &mut chance())?;
        say_skipped(&outcome.skipped);
        outcome.stored
    } else {
        let imported = folder::import(&mut store, &world.folder.join(from), world.now)?;
        say_skipped(&imported.skipped);
        imported.runs.stored
    };
    let health = store.health()?;
    drop(store);
    if !health.faults.is_empty() {
        bail!(
            "the new database is not whole either ({}): is the disk sound? The old one was left as it was",
            health.faults.join("; ")
        );
    }
    let kept = put_in_place(&path, &aside)?;
    let mut out = format!(
        "rebuilt {}: {} runs, {salvaged} from the old database, {arrived} more from {}\n",
        path.display(),
        health.runs,
        text::plain_up_to(from, 200)
    );
    if unreadable > 0 {
        out.push_str(&format!(
            "  {unreadable} runs of the old database could not be read\n"
        ));
    }
    if let Some(kept) = kept {
        out.push_str(&format!(
            "  the old database is kept as {}\n",
            kept.display()
        ));
    }
    answer(&out)?;
    Ok(Exit::Within)
}

/// Takes every sound run of the old database; counts those, and the ones that cannot be read.
fn salvage(path: &Path, into: &mut Store, world: &World) -> Result<(usize, usize)> {
    let old = match Store::open_existing(path) {
        Ok(old) => old,
        Err(
            error @ (StoreError::Newer { .. } | StoreError::Locked(_) | StoreError::ReadOnly(_)),
        ) => return Err(error.into()),
        Err(_) => return Ok((0, 0)),
    };
    let (Ok(rows), Ok(digests)) = (old.runs(), old.digests()) else {
        return Ok((0, 0));
    };
    let thinned: HashMap<_, _> = digests.into_iter().collect();
    let commits: HashMap<CommitId, Commit> = old
        .commits()
        .unwrap_or_default()
        .into_iter()
        .map(|commit| (commit.id.clone(), commit))
        .collect();
    let (mut salvaged, mut unreadable) = (0, 0);
    for rows in rows.chunks(256) {
        let mut files = Vec::new();
        for row in rows {
            let thinned = thinned.get(&row.digest).copied().unwrap_or(false);
            match RunFile::of(&old, row, thinned, &commits) {
                Ok(file) => files.push(file),
                Err(_) => unreadable += 1,
            }
        }
        let arrivals: Vec<_> = files.iter().map(RunFile::arrival).collect();
        salvaged += into.append_arrivals(&arrivals, world.now)?.stored;
    }
    Ok((salvaged, unreadable))
}

/// SQLite's files beside a database.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

fn remove_database(path: &Path) -> Result<()> {
    for suffix in BESIDE {
        let file = with_suffix(path, suffix);
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(e).with_context(|| format!("cannot remove {}", file.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Moves the old database away, under a name that is free, and the new one to its place.
fn put_in_place(path: &Path, new: &Path) -> Result<Option<PathBuf>> {
    let mut kept = None;
    if path.exists() {
        let free = (1..)
            .map(|n| with_suffix(path, &format!(".damaged-{n}")))
            .find(|name| !name.exists());
        for suffix in BESIDE {
            let (Some(free), file) = (&free, with_suffix(path, suffix)) else {
                continue;
            };
            if file.exists() {
                std::fs::rename(&file, with_suffix(free, suffix))
                    .with_context(|| format!("cannot move {}", file.display()))?;
            }
        }
        kept = free;
    }
    std::fs::rename(new, path).with_context(|| format!("cannot move {}", new.display()))?;
    Ok(kept)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(crate) fn prune(world: &World, args: &Prune) -> Result<Exit> {
    let mut store = Store::open_existing(&world.db_path())?;
    let age = jiff::SignedDuration::try_from(args.older_than)?;
    let before = world
        .now
        .checked_sub(age)
        .context("--older-than reaches back before all time")?;
    let found = if args.apply {
        store.prune(before)?
    } else {
        store.prunable(before)?
    };
    let day = before.to_zoned(jiff::tz::TimeZone::UTC).date();
    if found.runs == 0 {
        answer(&format!(
            "no run of a commit before {day} has raw samples\n"
        ))?;
        return Ok(Exit::Within);
    }
    let what = format!(
        "the raw samples of {} runs of commits before {day} ({} measurements, {:.1} MB)",
        found.runs,
        found.measurements,
        found.bytes as f64 / 1e6
    );
    if args.apply {
        answer(&format!(
            "dropped {what}; values, spreads and sample counts stay\n"
        ))?;
        return Ok(Exit::Within);
    }
    answer(&format!(
        "would drop {what}; values, spreads and sample counts stay. Nothing was changed: --apply does it\n"
    ))?;
    if found.only_here > 0 {
        say(&format!(
            "{} of these runs were never seen on a data branch: their samples are nowhere else. `plimsoll sync` or `plimsoll export --runs DIR` keeps a copy",
            found.only_here
        ));
    }
    Ok(Exit::Within)
}
