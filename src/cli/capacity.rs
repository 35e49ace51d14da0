//! `plimsoll capacity`: how much load is carried, from files or from what was recorded.

use super::args::{Capacity as Args, Fit, Format};
use super::load::{self, Loaded};
use super::world::World;
use super::{answer, say};
use anyhow::{Result, bail};
use plimsoll::analysis::capacity::{
    Capacity, CapacityCheck, Observed, Question, Sweep, SweepOptions, recovery, sweeps, tells_load,
};
use plimsoll::budget::{
    Budget, Consequence, Headlines, Limit, Milestone, NameError, Named, Names, Pattern, Wanted,
    spells,
};
use plimsoll::diag::SourceSpan;
use plimsoll::formats::{self, LoadMoment, Options, Reading};
use plimsoll::model::{CommitId, Failure, Measurement, SeriesKey, Tags, Unit};
use plimsoll::report::capacity::{self as report, CapacityView};
use plimsoll::stats::Residuals;
use plimsoll::store::{Columns, SeriesRow};
use plimsoll::verdict::{
    Exit, MilestoneFound, Reason, Verdict, judge_milestone, question, recorded,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let files = args
        .what
        .iter()
        .all(|path| world.folder.join(path).exists());
    let (views, exit) = if files {
        of_files(world, args)?
    } else {
        of_store(world, args)?
    };
    let format = if args.json { Format::Json } else { args.format };
    answer(&match format {
        Format::Table => report::terminal(&views),
        Format::Markdown => report::markdown(&views),
        Format::Json => {
            let lines: Result<Vec<String>, _> = views.iter().map(report::json).collect();
            lines?.join("\n")
        }
    })?;
    Ok(exit)
}

fn asked(args: &Args) -> (Question, SweepOptions) {
    let question = Question {
        fit: residuals(args),
        confidence: args.confidence,
        at_latency: args.at_latency,
        max_errors: args.max_errors,
        think: args.think,
    };
    let options = SweepOptions {
        x: args.x.clone(),
        y: args.y.clone(),
        latency: args.latency.clone(),
    };
    (question, options)
}

fn residuals(args: &Args) -> Residuals {
    match args.fit {
        Fit::Log => Residuals::Log,
        Fit::Absolute => Residuals::Absolute,
    }
}

/// The demand of the command line as a milestone of today.
fn demanded(world: &World, args: &Args) -> Option<Milestone> {
    args.demand.map(|rate| Milestone {
        limit: String::new(),
        name: "demand".to_owned(),
        date: load::today(world),
        demand: Wanted::Rate(rate),
        safety: 1.0,
        fail_from: None,
        at: SourceSpan::new(std::path::PathBuf::new(), "", 0..0),
    })
}

/// The exit code of milestones: over fails, and unproven only where that was asked for.
fn exit_of(found: &MilestoneFound, world: &World, strict: bool) -> Exit {
    match found.verdict {
        Verdict::Over if found.fails(load::today(world)) => Exit::Over,
        Verdict::Missing => Exit::Trouble,
        Verdict::Unproven if strict && found.reason != Some(Reason::Learning) => Exit::Over,
        _ => Exit::Within,
    }
}

fn of_files(world: &World, args: &Args) -> Result<(Vec<CapacityView>, Exit)> {
    if args.commit.is_some() || args.env.is_some() || args.budgets.is_some() {
        bail!(
            "--commit, --env and --budgets belong to what was recorded: leave them out for files"
        );
    }
    let paths: Vec<_> = args
        .what
        .iter()
        .map(|path| world.folder.join(path))
        .collect();
    let options = Options {
        from: args.from.clone(),
        include_stale: true,
        ..Options::default()
    };
    let read = Read::files(&paths, &options)?;
    let (question, options) = asked(args);
    let found = from_files(&read.measured, &options);
    if found.is_empty() {
        bail!(
            "these files hold no sweep: load steps differ in a tag such as concurrency, connections, users or vus and have a throughput; give all their files, or name the tag with --x"
        );
    }
    let milestone = demanded(world, args);
    let alone = found.len() == 1 && read.moments.len() == 1;
    let mut exit = Exit::Within;
    let views = found
        .into_iter()
        .map(|sweep| {
            let mut capacity = Capacity::new(sweep, question.clone());
            capacity.checks.extend(read.without_result());
            let judged = milestone
                .iter()
                .filter(|_| capacity.sweep.fault().is_none())
                .map(|own| judge_milestone(&capacity, own, None, None));
            let milestones: Vec<_> = judged.collect();
            for own in &milestones {
                exit = exit.max(exit_of(own, world, args.strict));
            }
            let recovery = read
                .moments
                .first()
                .filter(|_| alone)
                .and_then(|all| recovery(all, question.at_latency, question.max_errors));
            CapacityView {
                name: capacity.sweep.name(),
                place: String::new(),
                capacity,
                milestones,
                recovery,
            }
        })
        .collect();
    Ok((views, exit))
}

/// What result files hold.
#[derive(Default)]
struct Read {
    /// Stem of the file, and what it measured.
    measured: Vec<(String, Vec<Measurement>)>,
    moments: Vec<Vec<LoadMoment>>,
    /// Files whose test failed at a load that they do not tell.
    failed: Vec<String>,
}

impl Read {
    fn files(paths: &[PathBuf], options: &Options) -> Result<Self> {
        let mut all = Self::default();
        for path in paths {
            // One by one: the steps of a sweep may share benchmark and tags with their neighbours.
            let read = formats::read(&[path.as_path()], options).map_err(|errors| {
                let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
                anyhow::anyhow!(all.join("\n"))
            })?;
            for reading in read.readings {
                all.add(reading)?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, reading: Reading) -> Result<()> {
        let file = reading.path.display().to_string();
        let stem = reading.path.file_stem().unwrap_or_default();
        let stem = stem.to_string_lossy().into_owned();
        let mut measurements = reading.measurements;
        for failure in &reading.failures {
            say(&format!(
                "{file}: {} gave no result: {}",
                failure.benchmark, failure.reason
            ));
            if tells_load(&failure.tags) {
                measurements.push(dead(failure));
            } else {
                self.failed.push(file.clone());
            }
        }
        let mut known = self.measured.iter();
        if !measurements.is_empty() && known.any(|(_, own)| *own == measurements) {
            say(&format!(
                "{file} holds the same results as a file before it: counted once"
            ));
            return Ok(());
        }
        self.measured.push((stem, measurements));
        if let Some(found) = formats::moments(&reading.path, reading.format)? {
            self.moments.push(found);
        }
        Ok(())
    }

    /// Says that a load without a result may be where the service gives way.
    fn without_result(&self) -> Option<CapacityCheck> {
        let file = self.failed.first()?;
        Some(CapacityCheck {
            name: "results",
            ok: Some(false),
            detail: format!("{file} holds no result, and does not say of which load"),
        })
    }
}

/// A load at which nothing got through.
fn dead(failure: &Failure) -> Measurement {
    Measurement {
        benchmark: failure.benchmark.clone(),
        metric: "rate".to_owned(),
        value: 0.0,
        unit: Unit::PerSecond,
        direction: None,
        tags: failure.tags.clone(),
        n: 1,
        spread: None,
        samples: None,
        source_metric: String::new(),
        source_unit: String::new(),
    }
}

/// The sweeps of several files: by tags; else by tags where benchmarks that are called after their
/// files are one; else each file is a step whose load follows from rate and latency.
fn from_files(files: &[(String, Vec<Measurement>)], options: &SweepOptions) -> Vec<Sweep> {
    let names: BTreeMap<&str, String> = files
        .iter()
        .map(|(stem, _)| (stem.as_str(), without_numbers(stem)))
        .collect();
    let tagged = under(files, |_, one| &one.benchmark);
    let joined = under(files, |stem, one| match names.get(stem) {
        Some(name) if one.benchmark == stem => name,
        _ => &one.benchmark,
    });
    let steps = under(files, |stem, _| stem);
    [(tagged, false), (joined, false), (steps, true)]
        .into_iter()
        .map(|(observed, alone)| sweeps(&observed, options, alone))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// All that files hold, each benchmark under the name that `name` gives it.
fn under<'a>(
    files: &'a [(String, Vec<Measurement>)],
    name: impl Fn(&'a str, &'a Measurement) -> &'a str,
) -> Vec<Observed<'a>> {
    let mut all = Vec::new();
    for (stem, measured) in files {
        all.extend(measured.iter().map(|one| Observed {
            benchmark: name(stem, one),
            ..Observed::of(one)
        }));
    }
    all
}

/// What a file is called without the numbers that tell steps and runs apart: `api-c32-run2` is `api-c-run`.
fn without_numbers(stem: &str) -> String {
    let digit = |c: char| c.is_ascii_digit();
    let words = stem.split(['-', '_', '.', ' ']);
    let words = words.map(|word| word.trim_end_matches(digit));
    let rest: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if rest.is_empty() {
        "load test".to_owned()
    } else {
        rest.join("-")
    }
}

/// Which series the steps of a sweep are found among.
enum Among<'b> {
    /// Those of a limit.
    Limit(&'b Budget, &'b Limit),
    /// Those whose benchmark fits a pattern with `*`.
    Pattern(Pattern),
    /// Those that a name spells.
    Named(String),
}

/// A limit over load steps, or a benchmark that no budget is about.
struct Asked<'b> {
    name: String,
    among: Among<'b>,
}

impl<'b> Asked<'b> {
    fn limit(&self) -> Option<(&'b Budget, &'b Limit)> {
        match self.among {
            Among::Limit(budget, limit) => Some((budget, limit)),
            Among::Pattern(_) | Among::Named(_) => None,
        }
    }

    fn selects(&self, key: &SeriesKey) -> bool {
        match &self.among {
            Among::Limit(_, limit) => limit.select.matches(key, &Headlines::default()),
            Among::Pattern(pattern) => pattern.matches(&key.benchmark),
            Among::Named(name) => spells(name, key),
        }
    }
}

/// What a name means here: a feature, a limit, or a benchmark with as many of its tags and as much of
/// its environment as its name needs to be the only one; a unique prefix suffices.
fn wanted<'b>(name: &str, budgets: &'b [Budget], series: &[SeriesRow]) -> Result<Vec<Asked<'b>>> {
    let of = |budget: &'b Budget| {
        let limits = budget.limits.iter();
        limits.filter(|limit| limit.capacity.is_some())
    };
    let mut benchmarks: Vec<SeriesKey> = series
        .iter()
        .map(|row| SeriesKey {
            metric: String::new(),
            tags: Tags::new(),
            env: String::new(),
            ..row.key.clone()
        })
        .collect();
    benchmarks.dedup();
    let names = Names {
        features: budgets
            .iter()
            .map(|budget| {
                (
                    budget.feature.as_str(),
                    of(budget).map(|l| l.id.as_str()).collect(),
                )
            })
            .collect(),
        series: benchmarks.iter().collect(),
    };
    let asked = |budget: &'b Budget, limit: &'b Limit| Asked {
        name: format!("{}/{}", budget.feature, limit.id),
        among: Among::Limit(budget, limit),
    };
    let named = |name: &str| {
        let among = Among::Named(name.to_owned());
        let name = name.to_owned();
        Ok(vec![Asked { name, among }])
    };
    if name.contains('*') {
        let pattern = Pattern::new(name).map_err(anyhow::Error::msg)?;
        let (name, among) = (name.to_owned(), Among::Pattern(pattern));
        return Ok(vec![Asked { name, among }]);
    }
    if series.iter().any(|row| spells(name, &row.key)) && !budgets.iter().any(|b| b.feature == name)
    {
        return named(name);
    }
    match names.find(name) {
        Ok(Named::Feature(feature)) => {
            let budgets = budgets.iter().filter(|budget| budget.feature == feature);
            let found: Vec<_> = budgets
                .flat_map(|budget| of(budget).map(move |limit| asked(budget, limit)))
                .collect();
            if found.is_empty() {
                bail!(
                    "the budget of `{feature}` has no limit with capacity = {{ … }}: name a benchmark to look without one"
                );
            }
            Ok(found)
        }
        Ok(Named::Limit(feature, id)) => {
            let budgets = budgets.iter().filter(|budget| budget.feature == feature);
            let limits = budgets
                .flat_map(|budget| of(budget).map(move |limit| (budget, limit)))
                .filter(|(_, limit)| limit.id == id);
            Ok(limits.map(|(budget, limit)| asked(budget, limit)).collect())
        }
        Ok(Named::Series(key)) => named(&key.benchmark),
        Err(NameError::Nothing(_)) => named(name),
        Err(several) => Err(several.into()),
    }
}

/// A name that no budget gives must mean one sweep; those with an injected fault go with it.
fn refuse_several(name: &str, views: &[CapacityView]) -> Result<()> {
    let whole = views
        .iter()
        .filter(|view| view.capacity.sweep.fault().is_none());
    let listed: Vec<String> = whole
        .map(|view| format!("  {}, {}", view.name, view.place))
        .collect();
    if listed.len() > 1 {
        bail!(
            "`{name}` may mean several sweeps:\n{}\nwrite more of the one that is meant, such as its tags or @ENV",
            listed.join("\n")
        );
    }
    Ok(())
}

fn of_store(world: &World, args: &Args) -> Result<(Vec<CapacityView>, Exit)> {
    if args.from.is_some() {
        bail!("--from belongs to files");
    }
    let (budgets, findings) = load::budgets(world, args.budgets.as_ref())?.unwrap_or_default();
    if load::has_errors(&findings) {
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        bail!("the budget files cannot be used\n\n{}", shown.join("\n\n"));
    }
    for past in findings.iter().filter(|f| f.code == "milestone-past") {
        say(&past.to_string());
    }
    let settings = load::settings(world)?;
    let loaded = Loaded::new(world, &settings)?;
    let mut views = Vec::new();
    let mut exit = Exit::Within;
    for name in &args.what {
        let name = name.to_string_lossy();
        let before = views.len();
        for own in wanted(&name, &budgets, &loaded.series)? {
            let (more, code) = recorded_sweeps(world, args, &loaded, &own)?;
            if matches!(own.among, Among::Named(_)) {
                refuse_several(&name, &more)?;
            }
            if more.is_empty() && own.limit().is_some() {
                let missing = own
                    .limit()
                    .is_some_and(|(_, l)| l.missing == Consequence::Fail);
                say(&format!(
                    "{}: no sweep of load steps was recorded",
                    own.name
                ));
                if missing {
                    exit = exit.max(Exit::Trouble);
                }
            }
            exit = exit.max(code);
            views.extend(more);
        }
        if views.len() == before {
            bail!(
                "`{name}` is neither a file nor has it a recorded sweep: record results of load steps that differ in a tag such as concurrency (plimsoll record), or name the tag with --x"
            );
        }
    }
    // Over wins over missing.
    if views
        .iter()
        .flat_map(|v| &v.milestones)
        .any(|m| exit_of(m, world, args.strict) == Exit::Over)
    {
        exit = Exit::Over;
    }
    Ok((views, exit))
}

fn recorded_sweeps(
    world: &World,
    args: &Args,
    loaded: &Loaded,
    own: &Asked<'_>,
) -> Result<(Vec<CapacityView>, Exit)> {
    let here = |row: &SeriesRow| {
        own.selects(&row.key) && args.env.as_ref().is_none_or(|env| *env == row.key.env)
    };
    let mut columns = loaded.columns(here)?;
    loaded.add_samples(&mut columns, here)?;
    let rows: Vec<(&SeriesRow, &Columns)> = loaded
        .series
        .iter()
        .zip(&columns)
        .filter(|(row, _)| here(row))
        .collect();
    let rule = own.limit().and_then(|(_, limit)| limit.capacity.as_ref());
    let (mut question, options) = rule.map_or_else(|| asked(args), question);
    question.fit = residuals(args);
    if args.at_latency.is_some() {
        question.at_latency = args.at_latency;
    }
    let order = candidates(world, args, loaded)?;
    let labels: BTreeSet<&str> = rows.iter().map(|(row, _)| row.key.env.as_str()).collect();
    let mut views = Vec::new();
    let mut exit = Exit::Within;
    for env in labels {
        let newest = order.iter().find_map(|commit| {
            let mut found = recorded(commit, env, &rows, &loaded.runs, &options);
            if own
                .limit()
                .is_some_and(|(_, limit)| !limit.select.tags.contains_key("fault"))
            {
                found.retain(|sweep| sweep.fault().is_none());
            }
            (!found.is_empty()).then_some((commit, found))
        });
        let Some((commit, found)) = newest else {
            continue;
        };
        for sweep in found {
            let capacity = Capacity::new(sweep, question.clone());
            let mut milestones: Vec<MilestoneFound> = Vec::new();
            if let Some((budget, limit)) = own.limit() {
                // One whose day has passed is asked for still, as in a check.
                let own = budget.milestones.iter();
                let of_limit = own.filter(|own| own.limit == limit.id);
                milestones.extend(of_limit.map(|own| {
                    let unit = limit.scale_unit.as_ref();
                    judge_milestone(&capacity, own, budget.demand.as_ref(), unit)
                }));
                milestones.sort_by_key(|m| m.date);
            }
            milestones.extend(
                demanded(world, args)
                    .iter()
                    .map(|own| judge_milestone(&capacity, own, None, None)),
            );
            let fails = own
                .limit()
                .is_some_and(|(_, l)| l.unproven == Consequence::Fail);
            for found in &milestones {
                exit = exit.max(exit_of(found, world, args.strict || fails));
            }
            views.push(CapacityView {
                name: match own.limit() {
                    Some(_) => format!("{} · {}", own.name, capacity.sweep.name()),
                    None => capacity.sweep.name(),
                },
                place: format!("{} on {env}", commit.short()),
                capacity,
                milestones,
                recovery: None,
            });
        }
    }
    Ok((views, exit))
}

/// The commits whose sweeps are looked for: the one that is named, else all of the line, newest first,
/// and where there is no repository every measured one, last recorded first.
fn candidates(world: &World, args: &Args, loaded: &Loaded) -> Result<Vec<CommitId>> {
    if let Some(revision) = &args.commit {
        let target = super::world::target(world, Some(revision))?;
        return Ok(vec![target.id]);
    }
    let Some(git) = &world.git else {
        let mut runs: Vec<_> = loaded.runs.iter().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        return Ok(runs.into_iter().map(|run| run.commit.clone()).collect());
    };
    let order = load::order(world, git, &loaded.store, &git.head()?)?;
    let measured: BTreeSet<&CommitId> = loaded.runs.iter().map(|run| &run.commit).collect();
    let line = order.commits.into_iter().rev();
    Ok(line.filter(|commit| measured.contains(commit)).collect())
}
