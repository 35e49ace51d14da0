//! `plimsoll check --lint`.

use super::{faulty, shown};
use crate::cli::answer;
use crate::cli::args::{Check as Args, Format};
use crate::cli::load;
use crate::cli::world::World;
use anyhow::{Result, bail};
use plimsoll::report::json;
use plimsoll::verdict::Exit;

/// Looks at the budget files alone, and at what was recorded where there is anything.
pub(super) fn run(world: &World, args: &Args) -> Result<Exit> {
    let Some((budgets, mut findings)) = load::budgets(world, args.budgets.as_ref())? else {
        let folder = world.shown(&world.budgets_folder(args.budgets.as_ref()));
        bail!(load::no_budgets(&folder, &[]));
    };
    let (faults, held_against) = load::audited(world, &budgets)?;
    findings.extend(faults);
    let exit = if load::has_errors(&findings) {
        Exit::Trouble
    } else {
        Exit::Within
    };
    if args.format == Format::Json {
        answer(&json::lint(exit, &findings))?;
        return Ok(exit);
    }
    if exit == Exit::Trouble {
        return Err(faulty(findings));
    }
    if findings.is_empty() {
        let files = match budgets.len() {
            1 => "1 budget file holds no fault".to_owned(),
            n => format!("{n} budget files hold no fault"),
        };
        answer(&match held_against {
            0 => format!("{files}; nothing is recorded yet that it could be held against\n"),
            1 => format!("{files}, also held against the 1 series that is recorded\n"),
            n => format!("{files}, also held against the {n} series that are recorded\n"),
        })?;
    } else {
        answer(&shown(&findings))?;
    }
    Ok(exit)
}
