//! `plimsoll completions` and `plimsoll man`: made from the arguments themselves.

use super::answer;
use super::args::{Cli, Completions, Man};
use super::world::World;
use anyhow::{Context, Result};
use clap::CommandFactory as _;
use plimsoll::verdict::Exit;

pub(crate) fn completions(args: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "plimsoll", &mut script);
    answer(&String::from_utf8(script).context("the script is not text")?)?;
    Ok(Exit::Within)
}

pub(crate) fn man(world: &World, args: &Man) -> Result<Exit> {
    let command = Cli::command();
    let Some(folder) = &args.output else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        answer(&String::from_utf8(page).context("the page is not text")?)?;
        return Ok(Exit::Within);
    };
    let folder = world.folder.join(folder);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    clap_mangen::generate_to(command, &folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    let pages = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("plimsoll"))
        .count();
    answer(&format!("wrote {pages} pages to {}\n", folder.display()))?;
    Ok(Exit::Within)
}
