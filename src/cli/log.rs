//! `plimsoll log`: who spent the budget, in the terminal.

use super::answer;
use super::args::{Format, Log as Args};
use super::judged::Judged;
use super::load;
use super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::budget::{Anchor, Headlines};
use plimsoll::history::Timeline;
use plimsoll::model::SeriesKey;
use plimsoll::report::explain as report;
use plimsoll::report::since::{self, Pinned};
use plimsoll::report::view::{ReportView, SeriesView};
use plimsoll::report::{ledger, text};
use plimsoll::verdict::{self, Exit, Explained, LimitVerdict};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    if let (true, Some(name)) = (args.explain, &args.name) {
        return explain(world, args, name);
    }
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

/// What the verdicts of a commit on a feature, limit or series rest on.
fn explain(world: &World, args: &Args, name: &str) -> Result<Exit> {
    let judged = Judged::open(world, args.budgets.as_ref())?;
    let measured = judged.measured();
    let commit = match &args.commit {
        Some(revision) => judged.git.resolve(revision)?,
        None => {
            let head = judged.git.head()?;
            let order = load::order(world, judged.git, &judged.loaded.store, &head)?;
            let newest = order
                .commits
                .iter()
                .rev()
                .find(|id| measured.contains(id))
                .cloned();
            newest.context(
                "no commit of this branch has results: record some with `plimsoll record`",
            )?
        }
    };
    if !measured.contains(&commit) {
        bail!(
            "no results for {}: record some with `plimsoll record`, or name another with --commit",
            commit.short()
        );
    }
    let (outcome, all) = judged.at(
        &commit,
        args.base.as_deref(),
        None,
        |_| true,
        |check| verdict::explain(check, |v| names(v).iter().any(|own| own.starts_with(name))),
    )?;
    let is = |one: &&Explained| names(&one.verdict).iter().any(|own| own == name);
    let mut chosen: Vec<&Explained> = all.iter().filter(is).collect();
    if chosen.is_empty() {
        chosen = all.iter().collect();
    }
    let limits: BTreeSet<String> = chosen.iter().map(|one| limit_of(&one.verdict)).collect();
    let features: BTreeSet<&str> = chosen.iter().map(|e| e.verdict.feature.as_str()).collect();
    if features.len() > 1 && !chosen.iter().any(is) {
        bail!(
            "`{}` may mean several limits: {}; write more of the one that is meant",
            text::plain(name),
            text::plain(&limits.into_iter().collect::<Vec<_>>().join(", "))
        );
    }
    if chosen.is_empty() {
        let known: BTreeSet<String> = outcome.limits.iter().map(limit_of).collect();
        bail!(
            "no limit judged at {} is called `{}`: there are {}",
            commit.short(),
            text::plain(name),
            text::plain(&known.into_iter().collect::<Vec<_>>().join(", "))
        );
    }
    let commit = judged.git.commit(&commit)?;
    answer(&match args.format {
        Format::Table => report::explain(&commit, &chosen),
        Format::Json => report::explain_json(&commit, &chosen),
        Format::Markdown => report::explain_markdown(&commit, &chosen),
    })?;
    Ok(Exit::Within)
}

fn limit_of(verdict: &LimitVerdict) -> String {
    format!("{}/{}", verdict.feature, verdict.limit)
}

/// Everything by which a verdict can be named.
fn names(verdict: &LimitVerdict) -> Vec<String> {
    let mut names = vec![verdict.feature.clone(), limit_of(verdict)];
    let series = verdict.series.iter().chain(&verdict.members);
    for key in series {
        names.push(key.to_string());
        names.extend(short_names(key));
    }
    names
}

/// The names of a series without its environment: with all of it, without the metric, without the
/// tags, and the benchmark alone.
fn short_names(key: &SeriesKey) -> [String; 4] {
    let whole = key.to_string();
    let anywhere = whole
        .strip_suffix(&format!("@{}", key.env))
        .map_or_else(|| whole.clone(), str::to_owned);
    let bare = format!("{}:{}", key.benchmark, key.metric);
    let tags = anywhere.strip_prefix(&bare).unwrap_or_default();
    [
        anywhere.clone(),
        format!("{}{tags}", key.benchmark),
        bare,
        key.benchmark.clone(),
    ]
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
    let anywhere = |s: &SeriesView| Some(short_names(&s.key)[0].clone());
    let is_headline =
        |s: &SeriesView| headlines.of(&s.key.benchmark) == Some(s.key.metric.as_str());
    let short = |s: &SeriesView, index: usize| Some(short_names(&s.key)[index].clone());
    let tagged_headline = |s: &SeriesView| short(s, 1).filter(|_| is_headline(s));
    let headline = |s: &SeriesView| short(s, 3).filter(|_| is_headline(s));
    let tagged = |s: &SeriesView| short(s, 1);
    let metric = |s: &SeriesView| short(s, 2);
    let benchmark = |s: &SeriesView| short(s, 3);
    let ways: [&Way<'_>; 9] = [
        &feature,
        &limit,
        &whole,
        &anywhere,
        &tagged_headline,
        &headline,
        &tagged,
        &metric,
        &benchmark,
    ];
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
