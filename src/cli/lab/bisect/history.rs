//! What the history knows of a change.

use super::super::super::args::Bisect as Args;
use super::super::super::world::World;
use super::super::super::{load, log};
use super::SCHEMA;
use anyhow::Result;
use plimsoll::git::Git;
use plimsoll::model::{CommitId, SeriesKey};
use plimsoll::report::text;
use plimsoll::report::view::{ChangeKind, ReportView, SeriesView};
use std::fmt::Write as _;

/// What the history knows of the change.
pub(super) struct History {
    /// Of which series.
    pub(super) series: SeriesKey,
    pub(super) good: CommitId,
    pub(super) bad: CommitId,
    effect: Option<(f64, f64, f64)>,
    suspects: Vec<CommitId>,
}

impl History {
    /// What it answers without any measurement.
    pub(super) fn table(&self, git: &Git, line: &[CommitId], asked: &str) -> Result<String> {
        let told = told(self, git);
        if line.len() > 2 {
            return Ok(format!(
                "{told}to find the commit, measure: plimsoll bisect {asked} -- <your benchmark command>\n"
            ));
        }
        let only = git.commit(&self.bad)?;
        Ok(format!(
            "{told}brought by {} \"{}\": there is no commit between it and {}, which was still well\n",
            self.bad.short(),
            text::plain_up_to(&only.subject, 60),
            self.good.short()
        ))
    }

    pub(super) fn json(&self, line: &[CommitId]) -> Result<String> {
        let commits: Vec<_> = self
            .suspects
            .iter()
            .map(|id| serde_json::json!({ "commit": id.as_str() }))
            .collect();
        let (effect, low, high) = self.effect.map_or((None, None, None), |(e, low, high)| {
            (Some(e), Some(low), Some(high))
        });
        Ok(serde_json::to_string_pretty(&serde_json::json!({
            "schema": SCHEMA,
            "series": { "benchmark": self.series.benchmark, "metric": self.series.metric },
            "end": "history",
            "good": self.good.as_str(),
            "bad": self.bad.as_str(),
            "first": line.get(1).unwrap_or(&self.bad).as_str(),
            "last": self.bad.as_str(),
            "effect": effect,
            "interval": [low, high],
            "measured": 0,
            "commits": commits,
        }))?)
    }
}

/// The newest change for the worse that the history knows of the series.
pub(super) fn newest(world: &World, args: &Args) -> Result<Option<History>> {
    if !world.db_path().exists() {
        return Ok(None);
    }
    let view = load::project(world, None, world.now)?;
    let series = match log::find(&view, &args.series) {
        Ok(found) => found,
        // A name that only the benchmark itself knows.
        Err(_) if args.good.is_some() => return Ok(None),
        Err(error) => return Err(error),
    };
    let changed = series
        .iter()
        .filter_map(|series| newest_change(&view, series))
        .max_by_key(|(place, _)| *place);
    Ok(changed.map(|(_, history)| history))
}

fn newest_change(view: &ReportView, series: &SeriesView) -> Option<(usize, History)> {
    let change = series
        .changes
        .iter()
        .rev()
        .find(|change| change.kind == ChangeKind::Change && !change.improved)?;
    let commit = |point: usize| {
        let commit = view.commits.get(series.points.get(point)?.commit)?;
        CommitId::new(commit.id.as_str()).ok()
    };
    let (first, last) = change.range;
    let good = commit(first.checked_sub(1)?)?;
    let bad = commit(last)?;
    let suspects = change
        .suspects
        .iter()
        .filter_map(|at| CommitId::new(view.commits.get(*at)?.id.as_str()).ok())
        .collect();
    let place = series.points.get(last)?.commit;
    Some((
        place,
        History {
            series: series.key.clone(),
            good,
            bad,
            effect: change.effect,
            suspects,
        },
    ))
}

pub(super) fn told(history: &History, git: &Git) -> String {
    let effect = history.effect.map_or_else(String::new, |(e, low, high)| {
        format!(" {}", text::effect_interval(e, low, high))
    });
    let mut out = format!(
        "history: changed for the worse{effect} between {} and {}, {} suspected:\n",
        history.good.short(),
        history.bad.short(),
        if history.suspects.len() == 1 {
            "1 commit".to_owned()
        } else {
            format!("{} commits", history.suspects.len())
        }
    );
    for id in history.suspects.iter().take(10) {
        let subject = git.commit(id).map_or_else(|_| String::new(), |c| c.subject);
        let _ = writeln!(out, "  {} {}", id.short(), text::plain_up_to(&subject, 60));
    }
    if history.suspects.len() > 10 {
        let _ = writeln!(out, "  … and {} more", history.suspects.len() - 10);
    }
    out
}
