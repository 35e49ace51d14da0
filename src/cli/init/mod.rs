//! `plimsoll init`: budgets to begin with, from what was measured.

use super::args::Init as Args;
use super::load::{self, Loaded};
use super::world::World;
use super::{answer, say};
use anyhow::{Context, Result, bail};
use plimsoll::analysis::{Base, analyse};
use plimsoll::budget::{self, Headlines};
use plimsoll::history::{Placement, Series, Timeline};
use plimsoll::model::Unit;
use plimsoll::verdict::{Exit, Measured, propose};
use std::collections::BTreeMap;

/// More groups of benchmarks than this become one file.
const FILES: usize = 8;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let settings = load::settings(world)?;
    let loaded = Loaded::new(world, &settings)?;
    let git = world.repository()?;
    let order = load::order(world, git, &loaded.store, &git.head()?)?;
    let timeline = Timeline::new(order.commits);
    let placement = Placement::new(&loaded.runs, &timeline);
    let headlines = Headlines::new(loaded.series.iter().map(|row| &row.key));
    let columns =
        loaded.columns(|row| headlines.of(&row.key.benchmark) == Some(&row.key.metric))?;
    let folder = world.budgets_folder(args.budgets.as_ref());
    let written = if folder.is_dir() {
        load::budgets(world, args.budgets.as_ref())?
    } else {
        None
    };
    let written = written.map_or_else(Vec::new, |(budgets, _)| budgets);
    let limits = || written.iter().flat_map(|budget| &budget.limits);
    let arranged: Vec<Series> = loaded
        .series
        .iter()
        .zip(&columns)
        .map(|(row, columns)| placement.arrange(row.clone(), columns))
        .collect();
    // The newest measured commit of each environment: what it lacks is no longer measured.
    let mut latest: BTreeMap<&str, u32> = BTreeMap::new();
    for (row, series) in loaded.series.iter().zip(&arranged) {
        if let Some(point) = series.points.last() {
            let own = latest.entry(row.key.env.as_str()).or_default();
            *own = point.place.max(*own);
        }
    }
    let mut groups: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    let (mut undirected, mut limited, mut old, mut zero) = (0, 0, 0, 0);
    for (row, series) in loaded.series.iter().zip(&arranged) {
        let Some(newest) = series.points.last() else {
            continue;
        };
        if limits().any(|limit| limit.reads(&row.key, &headlines)) {
            limited += 1;
            continue;
        }
        if latest.get(row.key.env.as_str()) != Some(&newest.place) {
            old += 1;
            continue;
        }
        let Some(direction) = row.direction else {
            undirected += 1;
            continue;
        };
        let counter = matches!(row.unit, Unit::Count | Unit::Bytes);
        let newest = newest.value;
        let analysis = analyse(series);
        let base = Base::new(series, &series.points, &analysis, direction, counter);
        let Some(base) = base else {
            continue;
        };
        let level = base.value(base.level);
        let exact = base.noise.exact && base.points >= 5;
        if level == 0.0 && !exact {
            zero += 1;
            continue;
        }
        let name = row.key.benchmark.as_str();
        // Go says `BenchmarkParse` where others say `Parse`.
        let name = name.strip_prefix("Benchmark").unwrap_or(name);
        let group = name.split(['/', ':']).next().unwrap_or_default();
        groups.entry(slug(group)).or_default().push(Measured {
            key: row.key.clone(),
            unit: row.unit.clone(),
            direction,
            level,
            newest,
            noise: base.effect(base.noise.sd).map_or(0.0, f64::abs),
            points: base.m,
            known: base.points,
            exact,
        });
    }
    if undirected > 0 {
        say(&format!(
            "{undirected} series are left out: their tool does not say which way is better; write their limits with `direction`"
        ));
    }
    if old > 0 {
        say(&format!(
            "{old} series are left out: the newest measured commit does not have them"
        ));
    }
    if zero > 0 {
        say(&format!(
            "{zero} series are left out: their level is 0, of which nothing is a share; write their `max`"
        ));
    }
    if limited > 0 {
        say(&format!("{limited} series have a limit already"));
    }
    if groups.is_empty() && limited > 0 {
        answer("Nothing to propose.")?;
        return Ok(Exit::Within);
    }
    if groups.is_empty() {
        bail!(
            "nothing was recorded on this branch that a budget could be proposed for: run `plimsoll record` first"
        );
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
    out.push_str(
        "\nNext:\n  read and change them: a budget is a promise of its owner\n  \
         plimsoll check --lint\n  plimsoll check\n  plimsoll record --runs 3 -- <your benchmark command>   at each commit\n  \
         plimsoll hook install                                      before each push\n",
    );
    answer(&out)?;
    Ok(Exit::Within)
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
