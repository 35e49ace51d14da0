//! The command line: one file a command. The library's first client.

mod accept;
mod action;
pub(crate) mod args;
mod capacity;
mod check;
mod comment;
mod completions;
mod confirm;
mod demo;
mod detect;
mod doctor;
mod export;
mod export_runs;
mod import;
mod init;
mod judged;
mod lab;
mod load;
mod log;
mod record;
mod remember;
mod report;
mod self_test;
mod sync;

mod world;

use anyhow::{Result, bail};
use args::{Cli, Command};
use plimsoll::verdict::Exit;
use std::io::Write;
use world::World;

/// Runs a command; its answer goes to standard output, everything else to standard error.
pub(crate) fn run(cli: Cli) -> Result<Exit> {
    let examined = matches!(cli.command, Command::Doctor(_));
    let database = cli.global.db.is_some();
    let db = match cli.global.db {
        // `doctor --db` means the database, wherever it is; anything else wants to know which.
        Some(None) if !examined => bail!("--db needs a FILE"),
        Some(None) => std::env::var_os("PLIMSOLL_DB").map(std::path::PathBuf::from),
        db => db.flatten(),
    };
    let needs_git = match &cli.command {
        Command::Record(args) => !args.dry_run,
        Command::Detect(_) | Command::Formats | Command::Completions(_) | Command::Man(_) => false,
        _ => true,
    };
    let world = World::new(cli.global.directory, db, needs_git)?;
    match cli.command {
        Command::Record(args) => record::run(&world, &args),
        Command::Check(args) => check::run(&world, &args),
        Command::Compare(args) => lab::compare::run(&world, &args),
        Command::Bisect(args) => lab::bisect::run(&world, &args),
        Command::Doctor(args) if database || args.rebuild_from.is_some() => {
            doctor::run(&world, args.rebuild_from.as_deref())
        }
        Command::Doctor(args) => lab::doctor::run(&world, &args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&world, &args),
        Command::Hook { command } => lab::hook::run(world, &command),
        Command::Accept(args) => accept::run(&world, &args),
        Command::Init(args) => init::run(&world, &args),
        Command::Capacity(args) => capacity::run(&world, &args),
        Command::Log(args) => log::run(&world, &args),
        Command::Prune(args) => doctor::prune(&world, &args),
        Command::Export(args) => match &args.runs {
            Some(folder) => export_runs::export(&world, folder, args.at_most),
            None => export::run(&world, &args),
        },
        Command::Import(args) => match &args.runs {
            Some(folder) => export_runs::import(&world, folder),
            None => import::run(&world, &args),
        },
        Command::Detect(args) => detect::run(&world, &args),
        Command::Comment(args) => comment::run(&world, &args),
        Command::Action(args) => action::run(&world, &args),
        Command::Report(args) => report::run(&world, &args),
        Command::Demo(args) => demo::run(&world, &args),
        Command::Sync(args) => sync::run(&world, &args),
        Command::Formats => formats(),
    }
}

fn formats() -> Result<Exit> {
    answer(&plimsoll::formats::table())?;
    Ok(Exit::Within)
}

/// Prints an answer; styles are stripped where nobody sees them. A reader that went away (`| head`)
/// has seen what it wanted.
fn answer(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(end.as_bytes()))
        .and_then(|()| out.flush());
    match written {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Says something that is not the answer.
fn say(text: &str) {
    anstream::eprintln!("{text}");
}
