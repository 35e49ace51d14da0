//! `plimsoll report`: the static HTML report.

use super::args::Report as Args;
use super::load;
use super::world::World;
use super::{answer, say};
use anyhow::{Context, Result, bail};
use plimsoll::report::build::Builder;
use plimsoll::report::html::{Source, Theme};
use plimsoll::report::view::ReportView;
use plimsoll::verdict::Exit;
use std::path::Path;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let folder = world.folder.join(&args.output);
    let theme = theme(world, args)?;
    if args.single_file && folder.is_dir() {
        bail!(
            "{} is a folder: with --single-file, -o names the file, such as report.html",
            args.output.display()
        );
    }
    let now = args.now.unwrap_or(world.now);
    if let Some(view) = load::nothing_measured(world, args.budgets.as_ref(), now)? {
        say("nothing has been measured yet: `plimsoll record` stores the first results");
        if args.single_file {
            write_file(&folder, &theme.render_single(&view)?)?;
            answer(&format!("wrote {}\n", folder.display()))?;
        } else {
            wrote(write_with(&theme, &view, &folder)?, &folder)?;
        }
        return Ok(Exit::Within);
    }
    if args.single_file {
        let view = load::project(world, args.budgets.as_ref(), now)?;
        let page = theme.render_single(&view)?;
        write_file(&folder, &page)?;
        answer(&format!("wrote {}\n", folder.display()))?;
        return Ok(Exit::Within);
    }
    // A large project is made and written series by series.
    let pages = load::with_project(world, args.budgets.as_ref(), now, |project| {
        write_with(&theme, &Builder::new(project), &folder)
    })?;
    wrote(pages, &folder)?;
    Ok(Exit::Within)
}

fn wrote(pages: usize, folder: &Path) -> Result<()> {
    answer(&format!(
        "wrote {pages} files · open {}\n",
        folder.join("index.html").display()
    ))
}

/// Writes all pages, one at a time; returns how many files there are.
pub(crate) fn write(view: &ReportView, folder: &Path) -> Result<usize> {
    write_with(&Theme::default(), view, folder)
}

fn write_with(theme: &Theme, source: &impl Source, folder: &Path) -> Result<usize> {
    let mut files = 0;
    theme.render_from(source, |name, bytes| -> Result<()> {
        write_file(&folder.join(name), &bytes)?;
        files += 1;
        Ok(())
    })?;
    Ok(files)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("cannot create {}", parent.display()))?;
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The user's templates over plimsoll's own.
fn theme(world: &World, args: &Args) -> Result<Theme> {
    let Some(given) = &args.templates else {
        return Ok(Theme::default());
    };
    let folder = world.folder.join(given);
    let mut files = Vec::new();
    for prefix in ["", "assets/"] {
        let folder = folder.join(prefix);
        if !prefix.is_empty() && !folder.is_dir() {
            continue;
        }
        files.extend(
            texts_in(&folder, prefix)
                .with_context(|| format!("the templates in {} cannot be read", given.display()))?,
        );
    }
    if files.is_empty() {
        let names: Vec<&str> = Theme::names().collect();
        bail!(
            "no templates in {}: files of these names replace plimsoll's own: {}",
            given.display(),
            names.join(", ")
        );
    }
    Ok(Theme::with(files)?)
}

/// The files of a folder by name.
fn texts_in(folder: &Path, prefix: &str) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("{} has a name that is not UTF-8", path.display());
        };
        if path.is_file() && !name.starts_with('.') {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            texts.push((format!("{prefix}{name}"), text));
        }
    }
    Ok(texts)
}
