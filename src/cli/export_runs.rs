//! `plimsoll export --runs` and `plimsoll import --runs`: the history as files.

use super::world::World;
use super::{answer, say};
use anyhow::Result;
use plimsoll::ledger::folder::{self, Skipped};
use plimsoll::report::text;
use plimsoll::store::Store;
use plimsoll::verdict::Exit;
use std::path::Path;

pub(crate) fn export(world: &World, runs: &Path, at_most: Option<u64>) -> Result<Exit> {
    let store = Store::open_existing(&world.db_path())?;
    let folder = world.folder.join(runs);
    let exported = folder::export(&store, &folder, at_most)?;
    answer(&format!(
        "wrote {} run files to {}; {} were there\n",
        exported.written,
        runs.display(),
        exported.already
    ))?;
    if exported.thinned {
        say("raw samples were left out, so that the files fit");
    }
    Ok(Exit::Within)
}

pub(crate) fn import(world: &World, runs: &Path) -> Result<Exit> {
    world.prepare_db_folder()?;
    let mut store = Store::open(&world.db_path())?;
    let imported = folder::import(&mut store, &world.folder.join(runs), world.now)?;
    answer(&format!(
        "stored {} runs of {}; {} were there\n",
        imported.runs.stored,
        runs.display(),
        imported.runs.already
    ))?;
    say_skipped(&imported.skipped);
    Ok(if imported.skipped.is_empty() {
        Exit::Within
    } else {
        Exit::Trouble
    })
}

/// Names the files that were passed over, the first twenty of them.
pub(crate) fn say_skipped(skipped: &[Skipped]) {
    if skipped.is_empty() {
        return;
    }
    say(&format!(
        "{} could not be used and was passed over; everything else was read:",
        if skipped.len() == 1 {
            "one file".to_owned()
        } else {
            format!("each of {} files", skipped.len())
        }
    ));
    for file in skipped.iter().take(20) {
        let line = format!("  {} {}", file.name, file.reason);
        say(&text::plain_up_to(&line, 400));
    }
    if skipped.len() > 20 {
        say(&format!("  and {} more", skipped.len() - 20));
    }
}
