//! `plimsoll report`: the static HTML report.

use super::answer;
use super::args::Report as Args;
use super::load;
use super::world::World;
use anyhow::{Context, Result};
use plimsoll::report::html;
use plimsoll::report::view::ReportView;
use plimsoll::verdict::Exit;
use std::path::Path;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let folder = world.folder.join(&args.output);
    let view = load::project(world, args.budgets.as_ref(), args.now.unwrap_or(world.now))?;
    let pages = write(&view, &folder)?;
    answer(&format!(
        "wrote {pages} files · open {}\n",
        folder.join("index.html").display()
    ))?;
    Ok(Exit::Within)
}

/// Writes all pages, one at a time; returns how many files there are.
pub(crate) fn write(view: &ReportView, folder: &Path) -> Result<usize> {
    let mut files = 0;
    html::render_each(view, |name, bytes| -> Result<()> {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        files += 1;
        Ok(())
    })?;
    Ok(files)
}
