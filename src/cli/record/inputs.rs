//! Where results are looked for: named files, criterion's folder, what a command printed.

use super::super::args::Record;
use super::super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::formats::{self, Options, Readings};
use plimsoll::report::text;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(super) fn options(
    args: &Record,
    since: Option<SystemTime>,
    head_time: Option<SystemTime>,
) -> Options {
    Options {
        from: args.from.clone(),
        modified_since: since,
        head_time,
        include_stale: args.include_stale,
        unnamed: None,
    }
}

/// The files that were named, else criterion's own folder.
pub(super) fn inputs(world: &World, args: &Record) -> Result<Vec<PathBuf>> {
    if !args.paths.is_empty() {
        return Ok(args
            .paths
            .iter()
            .map(|path| {
                if path == Path::new("-") {
                    path.clone()
                } else {
                    world.folder.join(path)
                }
            })
            .collect());
    }
    match criterion_folder(world) {
        Some(folder) => Ok(vec![folder]),
        None => bail!(
            "no result files named and no target/criterion here: name files or folders, or a command after `--`"
        ),
    }
}

fn criterion_folder(world: &World) -> Option<PathBuf> {
    let target = world
        .var("CARGO_TARGET_DIR")
        .map_or_else(|| world.root().join("target"), PathBuf::from);
    let here = [
        target.join("criterion"),
        world.folder.join("target").join("criterion"),
    ];
    here.into_iter().find(|folder| folder.is_dir())
}

pub(super) fn read(inputs: &[PathBuf], options: &Options) -> Result<Readings> {
    let mut all = Readings::default();
    let (standard, files): (Vec<&PathBuf>, Vec<&PathBuf>) = inputs
        .iter()
        .partition(|path| path.as_path() == Path::new("-"));
    if !standard.is_empty() {
        all.readings.push(formats::read_stream(
            Path::new("-"),
            &mut std::io::stdin().lock(),
            options,
        )?);
    }
    if !files.is_empty() {
        let paths: Vec<&Path> = files.iter().map(|path| path.as_path()).collect();
        let read = formats::read(&paths, options).map_err(|errors| {
            let lines: Vec<String> = errors
                .iter()
                .map(|error| text::plain_up_to(&error.to_string(), 2000))
                .collect();
            anyhow::anyhow!("{}\nnothing was stored", lines.join("\n"))
        })?;
        all.readings.extend(read.readings);
        all.stale.extend(read.stale);
        all.skipped.extend(read.skipped);
    }
    Ok(all)
}

/// The results that the command made: named files, criterion's folder, or what it printed. `None`
/// where it made none that is known.
pub(super) fn results_of(
    world: &World,
    args: &Record,
    printed: &[u8],
    options: &Options,
) -> Result<Option<Readings>> {
    if !args.paths.is_empty() {
        return read(&inputs(world, args)?, options).map(Some);
    }
    let from = args.from.as_deref();
    if let Some(folder) = criterion_folder(world).filter(|folder| {
        from == Some("criterion") || from.is_none() && formats::holds_criterion(folder)
    }) {
        let found = read(&[folder], options)?;
        if !found.readings.is_empty() || from.is_some() {
            return Ok(Some(found));
        }
    }
    let path = Path::new("-");
    if from.is_none() && formats::recognise(path, printed)?.is_none() {
        return Ok(None);
    }
    let since = Options {
        modified_since: None,
        unnamed: formats::address_in(&args.command),
        ..options.clone()
    };
    let reading = formats::read_bytes(path, printed, &since)
        .context("what the command printed cannot be used; nothing was stored")?;
    Ok(Some(Readings {
        readings: vec![reading],
        ..Readings::default()
    }))
}
