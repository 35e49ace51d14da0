//! `plimsoll log`: who spent the budget, in the terminal.

use super::answer;
use super::args::Log as Args;
use super::load;
use super::world::World;
use anyhow::{Result, bail};
use plimsoll::report::ledger;
use plimsoll::report::view::{ReportView, SeriesView};
use plimsoll::verdict::Exit;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let view = load::project(world, args.budgets.as_ref(), world.now)?;
    match &args.name {
        None => answer(&ledger::overview(&view))?,
        Some(name) => {
            let found = find(&view, name)?;
            answer(&ledger::ledger(&view, &found))?;
        }
    }
    Ok(Exit::Within)
}

/// FEATURE, FEATURE/LIMIT or a series; an exact name wins, else a unique prefix.
fn find<'v>(view: &'v ReportView, name: &str) -> Result<Vec<&'v SeriesView>> {
    let names = |series: &SeriesView| -> Vec<String> {
        let key = &series.key;
        let mut names = vec![
            key.to_string(),
            key.to_string()
                .trim_end_matches(&format!("@{}", key.env))
                .to_owned(),
            key.benchmark.clone(),
        ];
        if let Some(feature) = series.feature.and_then(|index| view.features.get(index)) {
            names.push(feature.name.clone());
            if let Some(limit) = &series.limit {
                names.push(format!("{}/{limit}", feature.name));
            }
        }
        names
    };
    let chosen = |test: &dyn Fn(&str) -> bool| -> Vec<&'v SeriesView> {
        view.series
            .iter()
            .filter(|series| names(series).iter().any(|own| test(own)))
            .collect()
    };
    let exact = chosen(&|own| own == name);
    let found = if exact.is_empty() {
        chosen(&|own| own.starts_with(name))
    } else {
        exact
    };
    if found.is_empty() {
        bail!("nothing is called `{name}`: `plimsoll log` lists what there is");
    }
    let features: std::collections::BTreeSet<_> = found
        .iter()
        .map(|series| (series.feature, &series.key.benchmark))
        .collect();
    let one_feature = found
        .iter()
        .all(|s| s.feature.is_some() && s.feature == found[0].feature);
    if features.len() > 1 && !one_feature {
        let list: Vec<String> = found
            .iter()
            .take(20)
            .map(|series| format!("  {}", series.key))
            .collect();
        bail!(
            "`{name}` may mean several series:\n{}\nwrite more of the one that is meant",
            list.join("\n")
        );
    }
    Ok(found)
}
