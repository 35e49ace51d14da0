//! Commands that measure on this machine: `compare`, `bisect`, `hook`, `doctor`, and
//! `check --mode paired`.

pub(crate) mod bisect;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod hook;
mod machine;
pub(crate) mod paired;

use super::args::LabArgs;
use super::world::World;
use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll::budget::Lab;
use plimsoll::git::Git;
use plimsoll::lab::{Commands, Plan, Program, Progress, Watch};
use plimsoll::model::CommitId;
use plimsoll::report::text;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time for the executions of a comparison where nobody says otherwise.
const TIME: Duration = Duration::from_secs(60);

/// The commands to build and measure with: those of the command line, else those of `[lab]`.
fn commands(world: &World, args: &LabArgs, lab: &Lab) -> Result<Commands> {
    let line = |own: &Option<String>, project: &Option<String>| {
        own.clone().or_else(|| project.clone()).map(Program::Line)
    };
    let bench = match (args.command.as_slice(), &lab.bench) {
        ([], Some(bench)) => Program::Line(bench.clone()),
        ([], None) => bail!(
            "no benchmark command: write it after `--`, as in `plimsoll compare main -- ./target/release/app`, or once into plimsoll.toml:\n\n  [lab]\n  build = \"cargo build --release\"\n  bench = \"./target/release/app\""
        ),
        (words, _) => Program::Words(words.to_vec()),
    };
    let build = line(&args.build, &lab.build).or_else(|| usual_build(world, &bench));
    let results: Vec<PathBuf> = if args.results.is_empty() {
        lab.results.iter().map(PathBuf::from).collect()
    } else {
        args.results.clone()
    };
    if let Some(outside) = results
        .iter()
        .find(|path| path.is_absolute() || path.components().any(|c| c.as_os_str() == ".."))
    {
        bail!(
            "results must lie inside the project, since each build has its own: {}",
            outside.display()
        );
    }
    // Commands of the settings run at the root, where the settings are.
    let inside = match &bench {
        Program::Words(_) => world
            .folder
            .canonicalize()
            .ok()
            .zip(world.root().canonicalize().ok())
            .and_then(|(folder, root)| folder.strip_prefix(root).ok().map(Path::to_owned))
            .unwrap_or_default(),
        Program::Line(_) => PathBuf::new(),
    };
    Ok(Commands {
        setup: line(&args.setup, &lab.setup),
        build,
        bench,
        results,
        from: args.from.clone().or_else(|| lab.from.clone()),
        name: args.name.clone(),
        inside,
    })
}

/// What builds a cargo project, where nobody says how.
fn usual_build(world: &World, bench: &Program) -> Option<Program> {
    if !world.root().join("Cargo.toml").exists() {
        return None;
    }
    let shown = bench.line().map_or_else(|| bench.shown(), str::to_owned);
    let line = match shown.trim() {
        shown if shown.starts_with("cargo bench") => "cargo bench --no-run",
        shown if shown.starts_with("cargo ") => return None,
        _ => "cargo build --release",
    };
    Some(Program::Line(line.to_owned()))
}

/// The plan of a comparison. Without a seed, the two commits draw the order.
fn plan(args: &LabArgs, lab: &Lab, commands: &Commands, commits: [&CommitId; 2]) -> Plan {
    let drawn = commits
        .iter()
        .flat_map(|id| id.as_str().bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    Plan {
        seed: args.seed.unwrap_or(drawn),
        time: args.time.or(lab.time).unwrap_or(TIME),
        pairs: args
            .pairs
            .or(lab.pairs.filter(|_| args.time.is_none()))
            .map(|pairs| pairs as usize),
        at_most: args.at_most,
        control: !args.no_control,
        // Without a build command the first execution builds.
        warm_ups: if commands.build.is_some() { 1 } else { 2 },
    }
}

/// The folder of plimsoll's own slots.
fn workshop_folder(git: &Git) -> PathBuf {
    git.common_dir().join("plimsoll").join("wt")
}

/// How far a comparison is, for people who look at a terminal.
struct Meter {
    bar: Option<ProgressBar>,
}

impl Meter {
    fn new() -> Self {
        Self {
            bar: std::io::stderr()
                .is_terminal()
                .then(ProgressBar::new_spinner),
        }
    }
}

impl Watch for Meter {
    fn see(&mut self, progress: Progress) {
        let Some(bar) = &self.bar else { return };
        match progress {
            Progress::Stage(stage) => {
                bar.enable_steady_tick(Duration::from_millis(200));
                bar.set_message(text::plain(&stage));
            }
            Progress::Runs { done, of, left } => {
                if done == 0 {
                    // No thread of ours wakes up while something is measured.
                    bar.disable_steady_tick();
                    if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
                        bar.set_style(style);
                    }
                    bar.set_length(of as u64);
                }
                bar.set_position(done as u64);
                bar.set_message(format!("run {} of {of}, {} left", done + 1, short(left)));
            }
            Progress::End => bar.finish_and_clear(),
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `48 s`, `3 min`.
fn short(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 100.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}
