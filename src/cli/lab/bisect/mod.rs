//! `plimsoll bisect`: which commit brought a change; from the history first, then by measuring.

mod history;
mod looking;
mod telling;

use super::super::args::{Bisect as Args, Format};
use super::super::world::World;
use super::super::{answer, load};
use super::machine::Machine;
use super::{Meter, commands, workshop_folder};
use anyhow::{Result, bail};
use looking::Looking;
use plimsoll::git::Git;
use plimsoll::lab::{Aim, Clock as _, End, Workshop, bisect};
use plimsoll::model::CommitId;
use plimsoll::verdict::Exit;
use std::time::Duration;
use telling::Telling;

/// Time for everything where nobody says otherwise.
const TIME: Duration = Duration::from_secs(900);

/// Of the JSON.
const SCHEMA: &str = "plimsoll.bisect/1";

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let git = world.repository()?;
    let settings = load::settings(world)?;
    let history = history::newest(world, args)?;
    let (good, bad) = match (&args.good, &args.bad, &history) {
        (Some(good), Some(bad), _) => (git.resolve(good)?, git.resolve(bad)?),
        (Some(good), None, _) => (git.resolve(good)?, git.head()?),
        (None, Some(_), _) => bail!("--bad needs --good: say where it was still well"),
        (None, None, Some(history)) => (history.good.clone(), history.bad.clone()),
        (None, None, None) => bail!(
            "the history shows no change for the worse of `{}`: say where to look with --good REV (and --bad REV)",
            args.series
        ),
    };
    let line = line(git, &good, &bad)?;
    // A feature or a limit is measured by the series of it that changed.
    let series = history
        .as_ref()
        .map_or_else(|| args.series.clone(), |history| history.series.to_string());
    let known = history.filter(|h| h.good == good && h.bad == bad);
    let no_bench = args.lab.command.is_empty() && settings.lab.bench.is_none();
    // The history answers alone for a range of its own: one commit, or what could be measured.
    if let Some(history) = &known
        && (no_bench || (line.len() == 2 && args.good.is_none()))
    {
        answer(&match args.format {
            Format::Json => history.json(&line)?,
            Format::Table | Format::Markdown => history.table(git, &line, &args.series)?,
        })?;
        return Ok(Exit::Within);
    }
    if no_bench {
        bail!("no benchmark command: write it after `--`, or into [lab] of plimsoll.toml");
    }
    let commands = commands(world, &args.lab, &settings.lab)?;
    let machine = Machine::new()?;
    let mut meter = Meter::new();
    let workshop = Workshop::open(git, &workshop_folder(git))?;
    let start = machine.now();
    let time = args.lab.time.unwrap_or(TIME);
    let mut looking = Looking {
        git,
        machine: &machine,
        workshop: &workshop,
        commands: &commands,
        line: &line,
        series: &series,
        budgets: load::budgets(world, None)?.unwrap_or_default().0,
        held: [None, None],
        last: 1,
        batch: 1,
        metric: None,
        deadline: start + time,
    };
    let aim = Aim {
        confidence: args.confidence,
        time,
    };
    let found = bisect(&mut looking, &machine, line.len(), &aim, &mut meter)?;
    let metric = looking.metric.clone();
    drop(meter);
    let seconds = machine.now().saturating_sub(start);
    let telling = Telling {
        git,
        line: &line,
        found: &found,
        metric: metric.as_ref(),
        history: known.as_ref(),
        asked: &args.series,
        aim: &aim,
        seconds,
    };
    answer(&match args.format {
        Format::Json => telling.json()?,
        Format::Table | Format::Markdown => telling.table()?,
    })?;
    Ok(if matches!(found.end, End::NoDifference | End::Improved) {
        Exit::Trouble
    } else {
        Exit::Within
    })
}

/// The commits from good to bad, along first parents.
fn line(git: &Git, good: &CommitId, bad: &CommitId) -> Result<Vec<CommitId>> {
    if good == bad {
        bail!("good and bad are the same commit ({})", good.short());
    }
    let all = git.first_parents(bad)?;
    let Some(start) = all.iter().position(|id| id == good) else {
        if git.is_ancestor(bad, good)? {
            bail!(
                "good and bad are the wrong way round: {0} is older than {1}, so --good {0} --bad {1}",
                bad.short(),
                good.short()
            );
        }
        bail!(
            "{} is not among the first-parent ancestors of {}: choose a good commit on the same branch",
            good.short(),
            bad.short()
        );
    };
    Ok(all[start..].to_vec())
}
