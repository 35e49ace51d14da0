//! `plimsoll doctor`: is this machine fit to measure, and is the project set up?

use super::super::answer;
use super::super::args::{Doctor as Args, Sync};
use super::super::load;
use super::super::sync;
use super::super::world::World;
use super::machine::Machine;
use super::{Meter, commands, short, workshop_folder};
use anyhow::{Context, Result};
use plimsoll::budget::{Headlines, Settings};
use plimsoll::git::Git;
use plimsoll::lab::{
    CommandBench, Commands, Finding, Grade, LabError, Making, Plan, Program, Sampled, Workshop,
    examine, sample,
};
use plimsoll::model::Direction;
use plimsoll::report::{tell, text};
use plimsoll::store::Store;
use plimsoll::verdict::{Contrast, Exit};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Time for the measurement where nobody says otherwise.
const TIME: Duration = Duration::from_secs(10);

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    if let Some(rounds) = args.spin {
        return spin(rounds);
    }
    let mut out = String::new();
    let machine = examine(&|path| std::fs::read_to_string(path).ok(), cores());
    section(&mut out, "This machine", &machine);
    let (settings, project) = project(world)?;
    section(&mut out, "This project", &project);
    let measured = if args.no_measure {
        Ok(String::new())
    } else {
        measured(world, args, &settings)
    };
    if let Ok(told) = &measured {
        out.push_str(told);
    }
    let wrong = machine
        .iter()
        .chain(&project)
        .filter(|f| f.grade == Grade::Wrong)
        .count();
    let noisy = machine.iter().filter(|f| f.grade == Grade::Noisy).count();
    let _ = writeln!(
        out,
        "{wrong} to mend, {noisy} that make{} figures noisier.",
        if noisy == 1 { "s" } else { "" }
    );
    answer(&out)?;
    measured.context("what can be seen here was not measured")?;
    // What cannot be read keeps everything else from working; the rest is advice.
    let unreadable = project.iter().any(|f| f.subject == UNREADABLE);
    Ok(if unreadable {
        Exit::Trouble
    } else {
        Exit::Within
    })
}

const UNREADABLE: &str = "cannot be used";

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn section(out: &mut String, title: &str, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}");
    for finding in findings {
        let _ = writeln!(
            out,
            "  {:<6} {:<16} {}",
            finding.grade.as_str(),
            finding.subject,
            text::plain_up_to(&finding.seen, 300)
        );
        if let Some(mend) = &finding.mend {
            let _ = writeln!(
                out,
                "  {:<6} {:<16} → {}",
                "",
                "",
                text::plain_up_to(mend, 300)
            );
        }
    }
    out.push('\n');
}

/// What is set up, what is not, and the command that mends it.
fn project(world: &World) -> Result<(Settings, Vec<Finding>)> {
    let mut found = Vec::new();
    let Some(git) = &world.git else {
        found.push(Finding::wrong("repository", "none here", "git init"));
        return Ok((Settings::default(), found));
    };
    if git.is_shallow() {
        found.push(Finding::wrong(
            "history",
            "this clone is shallow: older results cannot be put in order",
            "git fetch --unshallow",
        ));
    }
    let settings = match load::settings(world) {
        Ok(settings) => settings,
        Err(error) => {
            found.push(Finding::wrong(
                UNREADABLE,
                format!("{error:#}"),
                "mend plimsoll.toml",
            ));
            Settings::default()
        }
    };
    found.extend(results(world));
    found.extend(budgets(world)?);
    found.push(match (&settings.lab.bench, world.root().join("Cargo.toml").exists()) {
        (Some(bench), _) => Finding::fine("benchmark", format!("[lab] bench = \"{bench}\"")),
        (None, cargo) => Finding::wrong(
            "benchmark",
            "plimsoll.toml names none, so compare, bisect and the hook need a command each time",
            if cargo {
                "write [lab] with bench = \"cargo bench\" into plimsoll.toml"
            } else {
                "write [lab] with build and bench into plimsoll.toml"
            },
        ),
    });
    let benched = settings.lab.bench.is_some() || settings.hook.bench.is_some();
    found.push(hook(world, git, benched)?);
    found.extend(data_branch(world, git, &settings));
    Ok((settings, found))
}

fn hook(world: &World, git: &Git, benched: bool) -> Result<Finding> {
    use super::hook::Installed;
    Ok(match super::hook::installed(world, git)? {
        Installed::Not => Finding::wrong(
            "hook",
            "nothing is measured before a push",
            "plimsoll hook install",
        ),
        Installed::Ignored(file) => {
            let shown = world.shown(&file);
            Finding::wrong(
                "hook",
                format!(
                    "{} is not executable, so git ignores it: pushes are not measured",
                    shown.display()
                ),
                format!("chmod +x {}", shown.display()),
            )
        }
        Installed::InPlace if benched => Finding::fine("hook", "pushes are measured"),
        Installed::InPlace => Finding::wrong(
            "hook",
            "it is in place, and has no benchmark to run: pushes are not measured",
            "write [lab] with bench into plimsoll.toml",
        ),
    })
}

fn results(world: &World) -> Option<Finding> {
    let path = world.db_path();
    if !path.exists() {
        return Some(Finding::wrong(
            "results",
            "nothing has been recorded",
            "plimsoll record -- <your benchmark command>",
        ));
    }
    let runs = Store::open_existing(&path).and_then(|store| store.runs());
    Some(match runs {
        Ok(runs) => {
            let commits: std::collections::BTreeSet<_> = runs.iter().map(|r| &r.commit).collect();
            let seen = format!("{} runs of {} commits", runs.len(), commits.len());
            Finding::fine("results", seen)
        }
        Err(error) => Finding::wrong(UNREADABLE, error.to_string(), "see the sentence above"),
    })
}

/// Budgets, and limits that select nothing of what was recorded.
fn budgets(world: &World) -> Result<Vec<Finding>> {
    let Some((budgets, findings)) = load::budgets(world, None)? else {
        return Ok(vec![Finding::wrong(
            "budgets",
            "there is none, so nothing can be judged",
            "plimsoll init",
        )]);
    };
    if load::has_errors(&findings) {
        return Ok(vec![Finding::wrong(
            UNREADABLE,
            format!("{} faults in the budget files", findings.len()),
            "plimsoll check --lint",
        )]);
    }
    let limits: usize = budgets.iter().map(|budget| budget.limits.len()).sum();
    let mut found = vec![Finding::fine(
        "budgets",
        format!("{} with {limits} limits", budgets.len()),
    )];
    let series = Store::open_existing(&world.db_path())
        .and_then(|store| store.series())
        .unwrap_or_default();
    if series.is_empty() {
        return Ok(found);
    }
    let headlines = Headlines::new(series.iter().map(|row| &row.key));
    for budget in &budgets {
        for limit in &budget.limits {
            if !series
                .iter()
                .any(|row| limit.select.matches(&row.key, &headlines))
            {
                found.push(Finding::wrong(
                    "limit",
                    format!(
                        "{}/{} selects nothing that was recorded: {}",
                        budget.feature,
                        limit.id,
                        limit.select.describe()
                    ),
                    format!(
                        "mend {}:{}, or record what it means",
                        limit.select_at.file.display(),
                        limit.select_at.line
                    ),
                ));
            }
        }
    }
    Ok(found)
}

fn data_branch(world: &World, git: &Git, settings: &Settings) -> Option<Finding> {
    let name = settings.sync.branch.as_deref().unwrap_or("plimsoll-data");
    // A sync leaves the repository as it is: what it saw at the remote is in the database.
    let on_branch = on_branch(world);
    if on_branch > 0 {
        let seen = format!("{on_branch} runs of this database are on it, as of the last sync");
        return Some(Finding::fine("data branch", seen));
    }
    if !git.has_remote() {
        return None;
    }
    Some(if git.has_branch(name) {
        Finding::fine("data branch", format!("{name} is there"))
    } else {
        Finding::wrong(
            "data branch",
            format!("{name} is not there: results stay on this machine"),
            "plimsoll sync",
        )
    })
}

/// How many runs were seen at the remote to which a plain `plimsoll sync` goes.
fn on_branch(world: &World) -> usize {
    let seen = || -> Result<usize> {
        let options = sync::options(world, &Sync::plain())?;
        let store = Store::open_existing(&world.db_path())?;
        Ok(store.synced(&options.key())?.len())
    };
    seen().unwrap_or(0)
}

/// The same build against itself: what this machine can see.
fn measured(world: &World, args: &Args, settings: &Settings) -> Result<String> {
    let machine = Machine::new()?;
    let mut meter = Meter::new();
    let mut plan = Plan {
        seed: 1,
        time: args.time.unwrap_or(TIME),
        pairs: None,
        at_most: None,
        control: false,
        warm_ups: 1,
    };
    let env = load::environment(world, None)?.label;
    let own = settings
        .lab
        .bench
        .is_some()
        .then_some(())
        .and(world.git.as_ref());
    let (what, sampled) = if let Some(git) = own {
        let commands = commands(
            world,
            &super::super::args::LabArgs::default(),
            &settings.lab,
        )?;
        let workshop = Workshop::open(git, &workshop_folder(git))?;
        let head = git.head()?;
        let built = workshop.build_one(
            git,
            0,
            &head,
            &commands,
            &mut Making {
                runner: &machine,
                watch: &mut meter,
                left: &|| None,
            },
        )?;
        plan.warm_ups = if commands.build.is_some() { 1 } else { 2 };
        let mut bench = bench(&machine, &commands, built.folder);
        let what = format!("`{}` at {}", commands.bench.shown(), head.short());
        let sampled = sample(&mut bench, &machine, &plan, &env, &mut meter).map_err(named)?;
        (what, sampled)
    } else {
        let own = std::env::current_exe().context("the path of this program is not known")?;
        let commands = Commands {
            setup: None,
            build: None,
            bench: Program::Words(vec![
                own.to_string_lossy().into_owned(),
                "doctor".to_owned(),
                "--spin".to_owned(),
                "20000000".to_owned(),
            ]),
            results: Vec::new(),
            from: None,
            name: None,
            inside: PathBuf::new(),
        };
        let mut bench = bench(&machine, &commands, std::env::temp_dir());
        let what = "a loop of plimsoll's own".to_owned();
        (what, sample(&mut bench, &machine, &plan, &env, &mut meter)?)
    };
    drop(meter);
    Ok(told(&what, &sampled, &plan))
}

/// Base and head are the same here, so a failure is neither's.
fn named(error: LabError) -> LabError {
    match error {
        LabError::Failed {
            command,
            status,
            complained,
            ..
        } => LabError::Failed {
            what: "the benchmark".to_owned(),
            command,
            status,
            complained,
        },
        other => other,
    }
}

fn bench<'a>(machine: &'a Machine, commands: &'a Commands, folder: PathBuf) -> CommandBench<'a> {
    CommandBench {
        runner: machine,
        clock: machine,
        commands,
        folders: [folder.clone(), folder],
        left: &|| None,
    }
}

fn told(what: &str, sampled: &Sampled, plan: &Plan) -> String {
    let mut out = format!("What can be seen here: {}", text::plain(what));
    if let Some(needed) = sampled.time_needed {
        let _ = writeln!(
            out,
            "\n  one run takes {:.1} s, so {} do not suffice: plimsoll doctor --time {}s\n",
            sampled.cost.0.as_secs_f64(),
            short(plan.time),
            needed.as_secs().max(1) + 1
        );
        return out;
    }
    let _ = writeln!(
        out,
        " against itself, {} pairs in about {}",
        sampled.pairs,
        short(plan.time)
    );
    let _ = writeln!(
        out,
        "  {:<36} {:>12} {:>12} {:>14}",
        "benchmark, metric", "one run", "noise floor", "seen from"
    );
    for series in &sampled.series {
        let Some(contrast) = Contrast::new(&series.base, &series.head, Direction::Lower) else {
            continue;
        };
        let spread = plimsoll::stats::mad(&contrast.differences).unwrap_or(0.0)
            * plimsoll::stats::MAD_TO_SD
            / std::f64::consts::SQRT_2;
        let floor = contrast
            .effect()
            .map(|(_, low, high)| low.abs().max(high.abs()));
        let shown = |fraction: Option<f64>| fraction.map_or_else(|| "–".to_owned(), tell::noise);
        let name = format!("{} {}", series.key.benchmark, series.key.metric);
        let _ = writeln!(
            out,
            "  {:<36} {:>12} {:>12} {:>14}",
            text::plain_up_to(&name, 36),
            shown(contrast.relative(spread).map(f64::abs)),
            shown(floor),
            shown(contrast.smallest_effect())
        );
    }
    out.push_str(
        "  one run: spread between runs; noise floor: how far a build lay from itself; seen from: the\n  smallest change that so many pairs show\n\n",
    );
    out
}

/// Work for the measurement where the project names no benchmark.
fn spin(rounds: u64) -> Result<Exit> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    std::hint::black_box(state);
    Ok(Exit::Within)
}
