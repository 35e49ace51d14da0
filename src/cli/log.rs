//! `plimsoll log`: who spent the budget, in the terminal.

use super::answer;
use super::args::Log as Args;
use super::load;
use super::world::World;
use anyhow::{Result, bail};
use plimsoll::budget::{Anchor, Headlines};
use plimsoll::history::Timeline;
use plimsoll::report::ledger;
use plimsoll::report::since::{self, Pinned};
use plimsoll::report::view::{ReportView, SeriesView};
use plimsoll::verdict::Exit;
use std::path::PathBuf;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let view = load::project(world, args.budgets.as_ref(), world.now)?;
    match &args.name {
        None => answer(&ledger::overview(&view))?,
        Some(name) => {
            let found = find(&view, name)?;
            if args.since.is_some() || args.by.is_some() {
                let mut told = String::new();
                for series in found {
                    let pinned = match &args.since {
                        Some(text) => Some(pinned(world, &view, series, text)?),
                        None => None,
                    };
                    told.push_str(&since::since(
                        &view,
                        &[series],
                        pinned.as_ref(),
                        args.by.is_some(),
                    ));
                }
                answer(&told)?;
            } else {
                answer(&ledger::ledger(&view, &found))?;
            }
        }
    }
    Ok(Exit::Within)
}

/// The commit of the line that `--since` names.
fn pinned(world: &World, view: &ReportView, series: &SeriesView, text: &str) -> Result<Pinned> {
    let Some(anchor) = Anchor::parse(text) else {
        bail!("`--since {text}` is no anchor: write tag:NAME, commit:ID, date:2026-05-01 or start");
    };
    let file = series.feature.and_then(|index| view.features.get(index));
    if anchor == Anchor::Start && file.is_none() {
        bail!(
            "`--since start` is the commit that added the budget file, and no budget selects {}: pin a tag, a commit or a date",
            series.key
        );
    }
    let file = file.map_or_else(PathBuf::new, |feature| PathBuf::from(&feature.file));
    let git = world.repository()?;
    let timeline = Timeline::new(git.first_parents(&git.head()?)?);
    let Some(commit) = load::pinned(git, &timeline, &file, &anchor)? else {
        bail!(
            "`{text}` names no commit of this history: fetch the tags (git fetch --tags), or pin another commit"
        );
    };
    let before_all = || {
        bail!(
            "nothing was measured at {text} or before it: pin a later commit, or measure that one with plimsoll record --commit"
        )
    };
    let or_after = matches!(anchor, Anchor::Date(_) | Anchor::Start);
    let known = view
        .commits
        .iter()
        .position(|own| own.id == commit.as_str());
    match known {
        Some(commit) => Ok(Pinned {
            words: anchor.describe(),
            commit,
            or_after,
        }),
        None if or_after => Ok(Pinned {
            words: anchor.describe(),
            commit: 0,
            or_after,
        }),
        None => before_all(),
    }
}

/// One way to name a series; `None` where it has no such name.
type Way<'w> = dyn Fn(&SeriesView) -> Option<String> + 'w;

/// A feature, a limit, a series or a benchmark (its headline metric), in this order; an exact name
/// wins, else a unique prefix.
pub(super) fn find<'v>(view: &'v ReportView, name: &str) -> Result<Vec<&'v SeriesView>> {
    let headlines = Headlines::new(view.series.iter().map(|series| &series.key));
    let feature = |s: &SeriesView| view.features.get(s.feature?).map(|f| f.name.clone());
    let limit = |s: &SeriesView| Some(format!("{}/{}", feature(s)?, s.limit.as_ref()?));
    let whole = |s: &SeriesView| Some(s.key.to_string());
    let anywhere = |s: &SeriesView| {
        Some(
            whole(s)?
                .trim_end_matches(&format!("@{}", s.key.env))
                .to_owned(),
        )
    };
    let headline = |s: &SeriesView| {
        let own = headlines.of(&s.key.benchmark) == Some(s.key.metric.as_str());
        own.then(|| s.key.benchmark.clone())
    };
    let benchmark = |s: &SeriesView| Some(s.key.benchmark.clone());
    let ways: [&Way<'_>; 6] = [&feature, &limit, &whole, &anywhere, &headline, &benchmark];
    let named = |way: &Way<'_>, exact: bool| -> Vec<&'v SeriesView> {
        let fits = |own: String| {
            if exact {
                own == name
            } else {
                own.starts_with(name)
            }
        };
        view.series
            .iter()
            .filter(|s| way(s).is_some_and(fits))
            .collect()
    };
    let exact = ways
        .iter()
        .map(|way| named(way, true))
        .find(|found| !found.is_empty());
    if let Some(found) = exact {
        return Ok(found);
    }
    let found = ways
        .iter()
        .map(|way| named(way, false))
        .find(|found| !found.is_empty());
    let Some(found) = found else {
        bail!("nothing is called `{name}`: `plimsoll log` lists what there is");
    };
    let same_feature = found
        .iter()
        .all(|s| s.feature.is_some() && s.feature == found[0].feature);
    if found.len() > 1 && !same_feature {
        let list: Vec<String> = found
            .iter()
            .take(20)
            .map(|s| format!("  {}", s.key))
            .collect();
        bail!(
            "`{name}` may mean several series:\n{}\nwrite more of the one that is meant",
            list.join("\n")
        );
    }
    Ok(found)
}
