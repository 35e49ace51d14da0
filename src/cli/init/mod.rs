//! `plimsoll init`: budgets to begin with, from what was measured; on request the workflow and the
//! hook.

mod measured;
mod workflow;

use super::args::Init as Args;
use super::lab::hook::Installed;
use super::load;
use super::world::World;
use super::{answer, say};
use anyhow::{Context, Result, bail};
use plimsoll::budget;
use plimsoll::git::Git;
use plimsoll::verdict::{Exit, Measured, propose};
use std::collections::BTreeMap;

/// More groups of benchmarks than this become one file.
const FILES: usize = 8;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let git = world.repository()?;
    let mut out = String::new();
    let asked_for_more = args.workflow || args.hook;
    match proposals(world, args) {
        Ok(told) => out.push_str(&told),
        // Somebody sets the project up before anything was measured.
        Err(fault) if asked_for_more && !world.budgets_folder(args.budgets.as_ref()).is_dir() => {
            say(&format!("no budgets yet: {fault:#}"));
        }
        Err(fault) => return Err(fault),
    }
    if args.workflow {
        out.push_str(&workflow::write(world, git, args)?);
    }
    if args.hook {
        out.push_str(&super::lab::hook::put_in_place(world)?);
    }
    out.push_str(&next(world, git, args)?);
    answer(&out)?;
    Ok(Exit::Within)
}

/// What is left to do, as far as files show it.
fn next(world: &World, git: &Git, args: &Args) -> Result<String> {
    let mut out = String::from("\nNext:\n");
    let mut step = |command: &str, why: &str| {
        out.push_str(format!("  {command:<58} {why}").trim_end());
        out.push('\n');
    };
    if world.budgets_folder(args.budgets.as_ref()).is_dir() {
        step(
            "read and change them: a budget is a promise of its owner",
            "",
        );
        step("plimsoll check --lint", "");
        step("plimsoll check", "");
    }
    step(
        "plimsoll record --runs 3 -- <your benchmark command>",
        "at each commit",
    );
    if !world.root().join(".github/workflows/plimsoll.yml").exists() {
        step("plimsoll init --workflow", "and on each pull request");
    }
    if super::lab::hook::installed(world, git)? != Installed::InPlace {
        step("plimsoll init --hook", "and before each push");
    }
    Ok(out)
}

/// Writes a budget file for each group of benchmarks; says what was done.
fn proposals(world: &World, args: &Args) -> Result<String> {
    let git = world.repository()?;
    let folder = world.budgets_folder(args.budgets.as_ref());
    let written = if folder.is_dir() {
        load::budgets(world, args.budgets.as_ref())?
    } else {
        None
    };
    let written = written.map_or_else(Vec::new, |(budgets, _)| budgets);
    let found = if args.paths.is_empty() {
        measured::stored(world, &written)?
    } else {
        measured::given(world, args, &written)?
    };
    found.tell_what_is_left_out();
    if found.series.is_empty() && found.limited > 0 {
        return Ok("Nothing to propose.\n".to_owned());
    }
    if found.series.is_empty() {
        bail!(
            "nothing was recorded on this branch that a budget could be proposed for: run `plimsoll record` first, or name result files"
        );
    }
    let mut groups: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    for one in found.series {
        let name = one.key.benchmark.as_str();
        // Go says `BenchmarkParse` where others say `Parse`.
        let name = name.strip_prefix("Benchmark").unwrap_or(name);
        let group = name.split(['/', ':']).next().unwrap_or_default();
        groups.entry(slug(group)).or_default().push(one);
    }
    if groups.len() > FILES {
        let name = git.project_name().unwrap_or_else(|| "project".to_owned());
        let name = slug(name.rsplit('/').next().unwrap_or(&name));
        groups = BTreeMap::from([(name, groups.into_values().flatten().collect())]);
    }
    let owner = owner(world).unwrap_or_else(|| "@your-team".to_owned());
    let today = load::today(world);
    let mut out = String::new();
    let mut ready = Vec::new();
    for (feature, measured) in &groups {
        let path = folder.join(format!("{feature}.toml"));
        let shown = world.shown(&path);
        let named = written.iter().find(|budget| budget.feature == *feature);
        if let Some(other) = named.filter(|_| !path.exists()) {
            let file = other.file.display();
            out.push_str(&format!("kept     {file}: it is of {feature} already\n"));
            continue;
        }
        if path.exists() {
            out.push_str(&format!(
                "kept     {}: it is there already\n",
                shown.display()
            ));
            continue;
        }
        let text = propose(feature, &owner, measured);
        let (read, findings) = budget::parse(&shown, &text, today);
        if read.is_none() {
            let first = findings
                .first()
                .map(ToString::to_string)
                .unwrap_or_default();
            bail!("the proposal for {feature} is not sound, so nothing was written\n\n{first}");
        }
        ready.push((path, shown, text, measured.len()));
    }
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    for (path, shown, text, limits) in ready {
        // Never over a file that came meanwhile.
        let mut file = std::fs::File::create_new(&path)
            .with_context(|| format!("cannot write {}", shown.display()))?;
        std::io::Write::write_all(&mut file, text.as_bytes())
            .with_context(|| format!("cannot write {}", shown.display()))?;
        let s = if limits == 1 { "" } else { "s" };
        out.push_str(&format!(
            "written  {}: {limits} limit{s}\n",
            shown.display()
        ));
    }
    Ok(out)
}

/// A name that is safe as a file's.
fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(60) {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() {
        "benchmarks".to_owned()
    } else {
        out.to_owned()
    }
}

/// Whoever owns everything by CODEOWNERS, else the user of git.
fn owner(world: &World) -> Option<String> {
    let places = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
    let text = places
        .iter()
        .find_map(|place| std::fs::read_to_string(world.root().join(place)).ok());
    let all = text.as_deref().and_then(|text| {
        let rules = text.lines().map(str::split_whitespace);
        rules
            .filter_map(|mut words| (words.next() == Some("*")).then(|| words.next()).flatten())
            .next_back()
            .map(str::to_owned)
    });
    all.or_else(|| world.git.as_ref()?.user())
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_are_safe_as_files() {
        assert_eq!(slug("POST /checkout"), "post-checkout");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("…"), "benchmarks");
    }
}
