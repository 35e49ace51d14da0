//! `plimsoll log`: who spent the budget, in the terminal.

use super::answer;
use super::args::{Format, Log as Args};
use super::judged::Judged;
use super::load;
use super::world::World;
use anyhow::{Context, Result, bail};
use plimsoll::budget::{Anchor, NameError, Named, Names};
use plimsoll::history::Timeline;
use plimsoll::model::SeriesKey;
use plimsoll::report::account::Pinned;
use plimsoll::report::explain as report;
use plimsoll::report::since;
use plimsoll::report::view::{ReportView, SeriesView};
use plimsoll::report::{ledger, text};
use plimsoll::verdict::{self, Exit, Explained, LimitVerdict, Outcome};
use std::collections::{BTreeMap, BTreeSet};
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
        |check| {
            let outcome = verdict::judge(check);
            let meant = meant(&outcome, name).map(|wanted| {
                let (_, all) = verdict::explain(check, |v| is_about(v, &wanted));
                all
            });
            (outcome, meant)
        },
    )?;
    let chosen = all?;
    if chosen.is_empty() {
        let known: BTreeSet<String> = outcome.limits.iter().map(limit_of).collect();
        bail!(
            "no limit judged at {} is called `{}`: there are {}",
            commit.short(),
            text::plain(name),
            text::plain(&known.into_iter().collect::<Vec<_>>().join(", "))
        );
    }
    let chosen: Vec<&Explained> = chosen.iter().collect();
    let commit = judged.git.commit(&commit)?;
    answer(&match args.format {
        Format::Table => report::explain(&commit, &chosen),
        Format::Json => report::explain_json(&commit, &chosen),
        Format::Markdown => report::explain_markdown(&commit, &chosen),
    })?;
    Ok(Exit::Within)
}

/// What a name means among the verdicts of a commit.
enum Meant {
    Feature(String),
    Limit(String, String),
    Series(SeriesKey),
    Nothing,
}

fn meant(outcome: &Outcome, name: &str) -> Result<Meant, NameError> {
    let mut limits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for verdict in &outcome.limits {
        let own = limits.entry(&verdict.feature).or_default();
        own.insert(&verdict.limit);
    }
    let series: BTreeSet<&SeriesKey> = outcome
        .limits
        .iter()
        .flat_map(|verdict| verdict.series.iter().chain(&verdict.members))
        .collect();
    let names = Names {
        features: limits
            .into_iter()
            .map(|(feature, limits)| (feature, limits.into_iter().collect()))
            .collect(),
        series: series.into_iter().collect(),
    };
    match names.find(name) {
        Ok(Named::Feature(feature)) => Ok(Meant::Feature(feature.to_owned())),
        Ok(Named::Limit(feature, limit)) => Ok(Meant::Limit(feature.to_owned(), limit.to_owned())),
        Ok(Named::Series(key)) => Ok(Meant::Series(key.clone())),
        Err(NameError::Nothing(_)) => Ok(Meant::Nothing),
        Err(several) => Err(several),
    }
}

fn is_about(verdict: &LimitVerdict, meant: &Meant) -> bool {
    match meant {
        Meant::Feature(feature) => verdict.feature == *feature,
        Meant::Limit(feature, limit) => verdict.feature == *feature && verdict.limit == *limit,
        Meant::Series(key) => verdict
            .series
            .iter()
            .chain(&verdict.members)
            .any(|own| own == key),
        Meant::Nothing => false,
    }
}

fn limit_of(verdict: &LimitVerdict) -> String {
    format!("{}/{}", verdict.feature, verdict.limit)
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

/// The series that a name means: those of a feature or a limit, or one alone.
pub(super) fn find<'v>(view: &'v ReportView, name: &str) -> Result<Vec<&'v SeriesView>> {
    let limits_of = |feature: usize| {
        let all = view.series.iter().flat_map(|series| &series.limits);
        let own: BTreeSet<&str> = all
            .filter(|(of, _)| *of == feature)
            .map(|(_, limit)| limit.as_str())
            .collect();
        own.into_iter().collect()
    };
    let features = view.features.iter().enumerate();
    let names = Names {
        features: features
            .map(|(index, feature)| (feature.name.as_str(), limits_of(index)))
            .collect(),
        series: view.series.iter().map(|series| &series.key).collect(),
    };
    let named = names.find(name)?;
    let of = |feature: &str| view.features.iter().position(|own| own.name == feature);
    let is_meant = |series: &&SeriesView| match named {
        Named::Feature(feature) => {
            let feature = of(feature);
            series.limits.iter().any(|(own, _)| Some(*own) == feature)
        }
        Named::Limit(feature, limit) => {
            let feature = of(feature);
            let mut limits = series.limits.iter();
            limits.any(|(own, id)| Some(*own) == feature && id == limit)
        }
        Named::Series(key) => series.key == *key,
    };
    let found: Vec<&SeriesView> = view.series.iter().filter(is_meant).collect();
    if found.is_empty() {
        bail!("nothing was measured of `{name}` yet: record results with `plimsoll record`");
    }
    Ok(found)
}
