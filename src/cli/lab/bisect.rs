//! `plimsoll bisect`: which commit brought a change; from the history first, then by measuring.

use super::super::args::{Bisect as Args, Format};
use super::super::world::World;
use super::super::{answer, load, log};
use super::machine::Machine;
use super::{Meter, commands, short, workshop_folder};
use anyhow::{Context, Result, bail};
use plimsoll::budget::{Budget, Headlines, NameError, Named, Names};
use plimsoll::git::Git;
use plimsoll::lab::{
    Aim, Clock as _, CommandBench, Commands, End, Found, LabError, Look, Making, Probe, Side,
    Workshop, bisect,
};
use plimsoll::model::{CommitId, Direction, Measurement, SeriesKey, Tags, Unit};
use plimsoll::report::text;
use plimsoll::report::view::{ChangeKind, ReportView, SeriesView};
use plimsoll::verdict::Exit;
use std::fmt::Write as _;
use std::time::Duration;

/// Time for everything where nobody says otherwise.
const TIME: Duration = Duration::from_secs(900);
/// Most runs of one commit in a row.
const BATCH: usize = 5;

/// What the history knows of the change.
struct History {
    /// Of which series.
    series: String,
    good: CommitId,
    bad: CommitId,
    effect: Option<(f64, f64, f64)>,
    suspects: Vec<CommitId>,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let git = world.repository()?;
    let settings = load::settings(world)?;
    let history = history(world, args)?;
    let (good, bad) = match (&args.good, &args.bad, &history) {
        (Some(good), Some(bad), _) => (git.resolve(good)?, git.resolve(bad)?),
        (Some(good), None, _) => (git.resolve(good)?, git.head()?),
        (None, Some(_), _) => bail!("--bad needs --good: say where it was still well"),
        (None, None, Some(history)) => (history.good.clone(), history.bad.clone()),
        (None, None, None) => bail!(
            "the history shows no change for the worse of `{}`: say where to look with --good REV (and --bad REV)",
            args.series
        ),
    };
    let line = line(git, &good, &bad)?;
    // A feature or a limit is measured by the series of it that changed.
    let series = history
        .as_ref()
        .map_or_else(|| args.series.clone(), |history| history.series.clone());
    let known = history.filter(|h| h.good == good && h.bad == bad);
    if line.len() == 2 {
        let only = git.commit(&bad)?;
        answer(&format!(
            "{}brought by {} \"{}\": there is no commit between it and {}, which was still well\n",
            known.as_ref().map_or_else(String::new, |h| told(h, git)),
            bad.short(),
            text::plain_up_to(&only.subject, 60),
            good.short()
        ))?;
        return Ok(Exit::Within);
    }
    if args.lab.command.is_empty() && settings.lab.bench.is_none() {
        let Some(history) = known else {
            bail!("no benchmark command: write it after `--`, or into [lab] of plimsoll.toml");
        };
        answer(&format!(
            "{}to find the commit, measure: plimsoll bisect {} -- <your benchmark command>\n",
            told(&history, git),
            args.series
        ))?;
        return Ok(Exit::Within);
    }
    let commands = commands(world, &args.lab, &settings.lab)?;
    let machine = Machine::new()?;
    let mut meter = Meter::new();
    let workshop = Workshop::open(git, &workshop_folder(git))?;
    let start = machine.now();
    let time = args.lab.time.unwrap_or(TIME);
    let mut looking = Looking {
        git,
        machine: &machine,
        workshop: &workshop,
        commands: &commands,
        line: &line,
        series: &series,
        budgets: load::budgets(world, None)?.unwrap_or_default().0,
        held: [None, None],
        last: 1,
        batch: 1,
        metric: None,
        deadline: start + time,
    };
    let aim = Aim {
        confidence: args.confidence,
        time,
    };
    let found = bisect(&mut looking, &machine, line.len(), &aim, &mut meter)?;
    let metric = looking.metric.clone();
    drop(meter);
    let seconds = machine.now().saturating_sub(start);
    let telling = Telling {
        git,
        line: &line,
        found: &found,
        metric: metric.as_ref(),
        history: known.as_ref(),
        aim: &aim,
        seconds,
    };
    answer(&match args.format {
        Format::Json => telling.json()?,
        Format::Table | Format::Markdown => telling.table()?,
    })?;
    Ok(if found.end == End::NoDifference {
        Exit::Trouble
    } else {
        Exit::Within
    })
}

/// The newest change for the worse that the history knows of the series.
fn history(world: &World, args: &Args) -> Result<Option<History>> {
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
            series: series.key.to_string(),
            good,
            bad,
            effect: change.effect,
            suspects,
        },
    ))
}

fn told(history: &History, git: &Git) -> String {
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

/// The commits from good to bad, along first parents.
fn line(git: &Git, good: &CommitId, bad: &CommitId) -> Result<Vec<CommitId>> {
    let all = git.first_parents(bad)?;
    let Some(start) = all.iter().position(|id| id == good) else {
        bail!(
            "{} is not among the first-parent ancestors of {}: choose a good commit on the same branch",
            good.short(),
            bad.short()
        );
    };
    if good == bad {
        bail!("good and bad are the same commit ({})", good.short());
    }
    Ok(all[start..].to_vec())
}

/// Builds and measures commits, in two slots in turn.
struct Looking<'a> {
    git: &'a Git,
    machine: &'a Machine,
    workshop: &'a Workshop,
    commands: &'a Commands,
    line: &'a [CommitId],
    series: &'a str,
    /// By which a limit's name is understood.
    budgets: Vec<Budget>,
    /// Which commit stands in which slot.
    held: [Option<usize>; 2],
    last: usize,
    /// Runs of one look: more where building costs more than running.
    batch: usize,
    metric: Option<Measured>,
    deadline: Duration,
}

/// Which metric was measured.
#[derive(Clone, PartialEq)]
struct Measured {
    benchmark: String,
    metric: String,
    tags: Tags,
    unit: Unit,
    direction: Direction,
}

impl Measured {
    fn is(&self, other: &Measurement) -> bool {
        self.benchmark == other.benchmark && self.metric == other.metric && self.tags == other.tags
    }
}

impl Looking<'_> {
    fn left(&self) -> Duration {
        self.deadline
            .saturating_sub(self.machine.now())
            .max(Duration::from_secs(1))
    }

    /// The value of the series that is searched for.
    fn pick(&mut self, measurements: &[Measurement]) -> Result<f64, LabError> {
        let found = match &self.metric {
            Some(known) => measurements.iter().find(|m| known.is(m)),
            None => named(measurements, self.series, &self.budgets)?,
        };
        let Some(found) = found else {
            return Err(LabError::Results(format!(
                "this commit does not measure `{}`",
                self.series
            )));
        };
        self.metric.get_or_insert_with(|| Measured {
            benchmark: found.benchmark.clone(),
            metric: found.metric.clone(),
            tags: found.tags.clone(),
            unit: found.unit.clone(),
            direction: found.direction.unwrap_or(Direction::Lower),
        });
        Ok(found.value)
    }

    fn try_look(&mut self, commit: usize) -> Result<Vec<f64>, LabError> {
        let slot = self
            .held
            .iter()
            .position(|held| *held == Some(commit))
            .unwrap_or(1 - self.last);
        self.last = slot;
        self.held[slot] = None;
        let left = self.left();
        let start = self.machine.now();
        let built = self.workshop.build_one(
            self.git,
            slot,
            &self.line[commit],
            self.commands,
            &mut Making {
                runner: self.machine,
                watch: &mut |_| {},
                left: &|| Some(left),
            },
        )?;
        let build = self.machine.now().saturating_sub(start);
        let left = self.left();
        let mut bench = CommandBench {
            runner: self.machine,
            clock: self.machine,
            commands: self.commands,
            folders: [built.folder.clone(), built.folder],
            left: &|| Some(left),
        };
        let mut run = || plimsoll::lab::Bench::run(&mut bench, Side::Head);
        if !built.cached {
            // The first run of a build is a warm-up, as in a comparison.
            run()?;
        }
        let start = self.machine.now();
        let mut taken = vec![run()?];
        let once = self.machine.now().saturating_sub(start);
        if !built.cached {
            let worth = build.as_secs_f64() / once.as_secs_f64().max(1e-3) / 4.0;
            self.batch = (worth as usize).clamp(1, BATCH);
        }
        for _ in 1..self.batch {
            taken.push(run()?);
        }
        self.held[slot] = Some(commit);
        taken
            .iter()
            .map(|taken| self.pick(&taken.measurements))
            .collect()
    }
}

impl Probe for Looking<'_> {
    fn grows(&self) -> bool {
        let known = self.metric.as_ref();
        known.is_none_or(|metric| metric.direction == Direction::Lower)
    }

    fn look(&mut self, commit: usize) -> Result<Look, LabError> {
        match self.try_look(commit) {
            Ok(values) => Ok(Look::Values(values)),
            Err(error @ (LabError::Interrupted | LabError::Busy | LabError::Folder { .. })) => {
                Err(error)
            }
            Err(error) => Ok(Look::Skip(error.to_string())),
        }
    }
}

/// The measurement of that name, as `plimsoll log` understands names, or of that metric where one
/// benchmark alone has it; of a benchmark alone its headline, which is CPU time where a command itself
/// was measured.
fn named<'m>(
    measurements: &'m [Measurement],
    name: &str,
    budgets: &[Budget],
) -> Result<Option<&'m Measurement>, LabError> {
    // What was measured here has no label, so any that is given fits.
    let (_, env) = name.rsplit_once('@').unwrap_or_default();
    let key = |m: &Measurement| SeriesKey {
        benchmark: m.benchmark.clone(),
        metric: m.metric.clone(),
        tags: m.tags.clone(),
        env: env.to_owned(),
    };
    let of: Vec<&Measurement> = measurements
        .iter()
        .filter(|m| m.benchmark == name)
        .collect();
    if let [cpu] = of.iter().filter(|m| m.metric == "cpu").collect::<Vec<_>>()[..] {
        return Ok(Some(cpu));
    }
    let keys: Vec<SeriesKey> = measurements.iter().map(key).collect();
    let features = budgets
        .iter()
        .map(|budget| {
            let limits = budget.limits.iter().map(|limit| limit.id.as_str());
            (budget.feature.as_str(), limits.collect())
        })
        .collect();
    let limits = Names {
        features,
        series: Vec::new(),
    };
    let meant = match limits.find(name) {
        Ok(Named::Limit(feature, id)) => Some((feature, Some(id))),
        Ok(Named::Feature(feature)) if feature == name => Some((feature, None)),
        _ => None,
    };
    if let Some((feature, id)) = meant {
        let headlines = Headlines::new(keys.iter());
        let limits = || {
            let own = budgets.iter().filter(|budget| budget.feature == feature);
            let limits = own.flat_map(|budget| &budget.limits);
            limits.filter(|limit| id.is_none_or(|id| limit.id == id))
        };
        let selects = |key: &SeriesKey| limits().any(|limit| limit.select.matches(key, &headlines));
        let chosen: Vec<usize> = (0..keys.len()).filter(|at| selects(&keys[*at])).collect();
        match chosen.as_slice() {
            [one] => return Ok(measurements.get(*one)),
            [] => {}
            several => {
                let listed: Vec<String> = several
                    .iter()
                    .take(8)
                    .map(|at| keys[*at].to_string())
                    .collect();
                return Err(LabError::Results(format!(
                    "`{name}` limits {} series that are measured here: name one of them, as in {}",
                    several.len(),
                    listed.join(", ")
                )));
            }
        }
    }
    let names = Names {
        features: Vec::new(),
        series: keys.iter().collect(),
    };
    let metrics: Vec<&Measurement> = measurements.iter().filter(|m| m.metric == name).collect();
    match (names.find(name), metrics.as_slice()) {
        (Ok(Named::Series(found)), _) => {
            let at = keys.iter().position(|key| key == found);
            Ok(at.and_then(|at| measurements.get(at)))
        }
        (Err(NameError::Nothing(_)) | Ok(_), [one]) => Ok(Some(one)),
        (Err(NameError::Nothing(_)) | Ok(_), _) => {
            let names: Vec<String> = measurements
                .iter()
                .take(8)
                .map(|m| format!("{}:{}", m.benchmark, m.metric))
                .collect();
            Err(LabError::Results(format!(
                "the benchmark measures nothing called `{name}`; it measures {}",
                names.join(", ")
            )))
        }
        (Err(several), _) => Err(LabError::Results(several.to_string())),
    }
}

struct Telling<'a> {
    git: &'a Git,
    line: &'a [CommitId],
    found: &'a Found,
    metric: Option<&'a Measured>,
    history: Option<&'a History>,
    aim: &'a Aim,
    seconds: Duration,
}

impl Telling<'_> {
    fn name(&self, at: usize) -> Result<String> {
        let id = &self.line[at];
        let commit = self.git.commit(id).context("a commit cannot be read")?;
        let subject = text::plain_up_to(&commit.subject, 60);
        let author = text::plain_up_to(&commit.author, 40);
        Ok(format!("{} \"{subject}\" by {author}", id.short()))
    }

    fn effect(&self) -> Option<f64> {
        let (before, after) = self.found.levels;
        (before.abs() > 0.0).then(|| after / before - 1.0)
    }

    fn table(&self) -> Result<String> {
        let found = self.found;
        let mut out = self
            .history
            .map_or_else(String::new, |history| told(history, self.git));
        let unit = self.metric.map_or(Unit::Nanoseconds, |m| m.unit.clone());
        if let Some(metric) = self.metric {
            let _ = writeln!(
                out,
                "{} {}: {} at {}, {} at {}{}\n",
                text::plain(&metric.benchmark),
                text::plain(&metric.metric),
                text::value(found.levels.0, &unit),
                self.line[0].short(),
                text::value(found.levels.1, &unit),
                self.line[self.line.len() - 1].short(),
                self.effect()
                    .map_or_else(String::new, |e| format!(", {}", text::effect(e)))
            );
        }
        if found.end == End::NoDifference {
            let _ = writeln!(
                out,
                "good and bad do not differ, as far as {} measurements show: no commit is to blame; `plimsoll compare {} {}` says how small a change would have been seen",
                found.measured,
                self.line[0].short(),
                self.line[self.line.len() - 1].short()
            );
            return Ok(out);
        }
        let mut order: Vec<usize> = (1..self.line.len()).collect();
        order.sort_by(|a, b| found.posterior[*b].total_cmp(&found.posterior[*a]));
        for at in order
            .iter()
            .take(5)
            .filter(|at| found.posterior[**at] >= 0.005)
        {
            let skipped = found.skipped.iter().any(|(skipped, _)| skipped == at);
            let _ = writeln!(
                out,
                "  {:>3.0} %  {}{}",
                100.0 * found.posterior[*at],
                self.name(*at)?,
                if skipped {
                    " (could not be measured)"
                } else {
                    ""
                }
            );
        }
        out.push('\n');
        let sure = (100.0 * found.probability).floor();
        let cost = format!("{} measurements in {}", found.measured, short(self.seconds));
        let (first, last) = found.between;
        match found.end {
            End::Sure => {
                let _ = writeln!(
                    out,
                    "brought by {}, {sure:.0} % sure, {cost}",
                    self.line[first].short()
                );
            }
            End::Indistinct => {
                let _ = writeln!(
                    out,
                    "between {} and {}, {sure:.0} % sure, {cost}: what lies between them cannot be measured",
                    self.line[first - 1].short(),
                    self.line[last].short()
                );
            }
            End::TimeUp | End::NoDifference => {
                let _ = writeln!(
                    out,
                    "between {} and {} ({} commits), {sure:.0} % sure, {cost}; more time finds the one, as in --time 1h",
                    self.line[first - 1].short(),
                    self.line[last].short(),
                    last - first + 1
                );
            }
        }
        for (at, reason) in found.skipped.iter().take(5) {
            let first = reason.lines().next().unwrap_or_default();
            let _ = writeln!(
                out,
                "  left out {}: {}",
                self.line[*at].short(),
                text::plain_up_to(first, 100)
            );
        }
        Ok(out)
    }

    fn json(&self) -> Result<String> {
        let found = self.found;
        let (first, last) = found.between;
        let commits: Vec<_> = (1..self.line.len())
            .map(|at| {
                serde_json::json!({
                    "commit": self.line[at].as_str(),
                    "probability": found.posterior[at],
                    "skipped": found.skipped.iter().find(|(s, _)| *s == at).map(|(_, why)| why),
                })
            })
            .collect();
        let end = match found.end {
            End::Sure => "sure",
            End::Indistinct => "indistinct",
            End::TimeUp => "time-up",
            End::NoDifference => "no-difference",
        };
        Ok(serde_json::to_string_pretty(&serde_json::json!({
            "schema": "plimsoll.bisect/1",
            "series": self.metric.map(|m| serde_json::json!({
                "benchmark": m.benchmark, "metric": m.metric, "unit": m.unit.as_str(),
                "direction": m.direction,
            })),
            "end": end,
            "good": self.line[0].as_str(),
            "bad": self.line[self.line.len() - 1].as_str(),
            "first": self.line[first].as_str(),
            "last": self.line[last].as_str(),
            "likeliest": self.line[found.likeliest].as_str(),
            "probability": found.probability,
            "confidence": self.aim.confidence,
            "before": found.levels.0,
            "after": found.levels.1,
            "effect": self.effect(),
            "measured": found.measured,
            "seconds": self.seconds.as_secs_f64(),
            "commits": commits,
        }))?)
    }
}
