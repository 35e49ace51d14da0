//! `plimsoll compare`: two commits side by side.

use super::super::args::{Check as CheckArgs, Compare as Args};
use super::super::check;
use super::super::world::World;
use super::paired::{Rules, Scene, Telling, both};
use anyhow::{Result, bail};
use plimsoll::verdict::{ChosenBase, Exit};

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let told = compare(world, args);
    check::told_as_asked(world, args.format, args.head.as_deref(), true, told)
}

fn compare(world: &World, args: &Args) -> Result<Exit> {
    let git = world.repository()?;
    let rules = Rules::read(world, args.budgets.as_ref())?;
    let head = match &args.head {
        Some(revision) => git.resolve(revision)?,
        None => git.head()?,
    };
    let wanted = CheckArgs {
        base: args.base.clone(),
        commit: args.head.clone(),
        ..CheckArgs::default()
    };
    let Some((commit, how)) = check::wanted_base(world, git, &wanted, &head)? else {
        bail!(
            "{} is the tip of the default branch: say what to compare it with, as in `plimsoll compare HEAD^`",
            head.short()
        );
    };
    let how = args.base.clone().unwrap_or(how);
    let base = ChosenBase {
        commit,
        how,
        measured: true,
    };
    let telling = Telling {
        all_expected: false,
        strict: args.strict,
        format: args.format,
        command: "compare",
    };
    let scene = Scene {
        world,
        git,
        base: &base,
        head: &head,
        env: args.env.as_deref(),
    };
    both(scene, rules, &args.lab, &telling)
}
