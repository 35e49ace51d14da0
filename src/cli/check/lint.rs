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
    findings.extend(load::audited(world, &budgets)?);
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
        answer("the budget files hold no fault that the files alone can show\n")?;
    } else {
        answer(&shown(&findings))?;
    }
    Ok(exit)
}
