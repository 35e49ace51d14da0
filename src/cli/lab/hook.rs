//! `plimsoll hook`: the pre-push hook, put in place, taken away, and run.

use super::super::args::{HookCommand, LabArgs, PrePush};
use super::super::world::World;
use super::super::{answer, load, say};
use super::machine::Machine;
use super::paired::{Measured, Rules, Scene, Telling, judge, measure};
use super::{commands, plan};
use crate::cli::args::Format;
use anyhow::{Context, Result, bail};
use plimsoll::budget::{Hook, Settings};
use plimsoll::diag::Diagnostic;
use plimsoll::git::Git;
use plimsoll::lab::{Choice, Clock as _, LabError, Plan, Update, choose, parse_updates, touched};
use plimsoll::model::{CommitId, Environment, Measurement, Run, Samples, Source};
use plimsoll::report::{terminal, text};
use plimsoll::store::{NewRun, Store};
use plimsoll::verdict::{ChosenBase, Exit};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The line by which a hook of ours is known.
const MARK: &str = "# plimsoll pre-push hook";

const HOOK: &str = "#!/bin/sh
# plimsoll pre-push hook: measures what is pushed. Removed by `plimsoll hook remove`.
if ! command -v plimsoll >/dev/null 2>&1; then
  echo 'plimsoll: not found in PATH, so nothing was measured' >&2
  exit 0
fi
exec plimsoll hook pre-push \"$@\"
";

pub(crate) fn run(world: World, command: &HookCommand) -> Result<Exit> {
    match command {
        HookCommand::Install => install(&world),
        HookCommand::Remove => remove(&world),
        HookCommand::PrePush(args) => pre_push(&world, args),
    }
}

/// The file of a hook manager in a project, and what to write into it.
fn manager(root: &Path, hooks: &Path) -> Option<(PathBuf, &'static str)> {
    let there = |names: &[&str]| {
        names
            .iter()
            .map(|name| root.join(name))
            .find(|path| path.exists())
    };
    if let Some(file) = there(&[
        "lefthook.yml",
        "lefthook.yaml",
        ".lefthook.yml",
        ".lefthook.yaml",
        "lefthook.toml",
        "lefthook.json",
    ]) {
        return Some((
            file,
            "pre-push:\n  commands:\n    plimsoll:\n      run: plimsoll hook pre-push {0}\n      use_stdin: true",
        ));
    }
    if let Some(file) = there(&[".pre-commit-config.yaml"]) {
        return Some((
            file,
            "- repo: local\n  hooks:\n    - id: plimsoll\n      name: plimsoll\n      entry: plimsoll hook pre-push\n      language: system\n      stages: [pre-push]\n      always_run: true\n      pass_filenames: false",
        ));
    }
    let husky = root.join(".husky");
    let in_husky = hooks.components().any(|c| c.as_os_str() == ".husky");
    (husky.is_dir() || in_husky).then(|| (husky.join("pre-push"), "plimsoll hook pre-push \"$@\""))
}

/// Whether a project runs plimsoll before a push, as far as files show it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Installed {
    Not,
    /// This file would, but git runs no hook that is not executable.
    Ignored(PathBuf),
    InPlace,
}

/// Looks at the user's project.
pub(in crate::cli) fn installed(world: &World, git: &Git) -> Result<Installed> {
    let hooks = git.hooks_dir()?;
    let own = hooks.join("pre-push");
    let says = |file: &Path| {
        std::fs::read_to_string(file).is_ok_and(|text| text.contains("plimsoll hook pre-push"))
    };
    let managed = manager(&world.root(), &hooks).is_some_and(|(file, _)| says(&file));
    Ok(if !managed && !says(&own) {
        Installed::Not
    } else if is_ignored(&own) {
        Installed::Ignored(own)
    } else {
        Installed::InPlace
    })
}

/// Whether this is a file that may not be run.
fn is_ignored(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o111 == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

/// Lets everybody run a file who may read it.
fn make_executable(file: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let more = |mode: u32| mode | ((mode & 0o444) >> 2);
        std::fs::metadata(file)
            .map(|meta| std::fs::Permissions::from_mode(more(meta.permissions().mode())))
            .and_then(|permissions| std::fs::set_permissions(file, permissions))
            .with_context(|| format!("cannot make {} executable", file.display()))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn install(world: &World) -> Result<Exit> {
    answer(&put_in_place(world)?)?;
    Ok(Exit::Within)
}

/// Installs the hook, unless it is there or another one is; says what was done.
pub(in crate::cli) fn put_in_place(world: &World) -> Result<String> {
    let git = world.repository()?;
    let hooks = git.hooks_dir()?;
    let file = hooks.join("pre-push");
    let shown = world.shown(&file);
    match installed(world, git)? {
        Installed::Not => {}
        Installed::InPlace => return Ok("the pre-push hook is in place already\n".to_owned()),
        Installed::Ignored(file) => {
            let shown = world.shown(&file);
            let own = std::fs::read_to_string(&file).is_ok_and(|text| text.contains(MARK));
            if !own {
                bail!(
                    "{0} is not executable, so git ignores it, and it is not plimsoll's alone, so it was left as it is: chmod +x {0}",
                    shown.display()
                );
            }
            make_executable(&file)?;
            return Ok(format!(
                "made {} executable: git ignored it before\n",
                shown.display()
            ));
        }
    }
    if let Some((file, lines)) = manager(&world.root(), &hooks) {
        bail!(
            "another program manages the hooks here, so nothing was written; add to {}:\n\n{lines}\n",
            world.shown(&file).display()
        );
    }
    let foreign = std::fs::symlink_metadata(&file).is_ok();
    if foreign {
        bail!(
            "{} is another hook, so nothing was written; add to it, where its standard input is still unread:\n\nplimsoll hook pre-push \"$@\" || exit $?\n",
            shown.display()
        );
    }
    let inside = [git.common_dir().to_owned(), world.root()];
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if !inside
        .iter()
        .any(|place| real(&hooks).starts_with(real(place)))
    {
        bail!(
            "core.hooksPath is {}, which other repositories may share, so nothing was written; add to {} there:\n\nplimsoll hook pre-push \"$@\"\n",
            hooks.display(),
            file.display()
        );
    }
    std::fs::create_dir_all(&hooks)
        .with_context(|| format!("cannot create {}", hooks.display()))?;
    std::fs::write(&file, HOOK).with_context(|| format!("cannot write {}", file.display()))?;
    make_executable(&file)?;
    let settings = super::super::load::settings(world)?;
    let mut out = format!("wrote {}\n", shown.display());
    if settings.lab.bench.is_none() && settings.hook.bench.is_none() {
        out.push_str("it measures nothing yet: name the benchmark in plimsoll.toml, as in\n\n  [lab]\n  build = \"cargo build --release\"\n  bench = \"./target/release/app\"\n");
    }
    Ok(out)
}

fn remove(world: &World) -> Result<Exit> {
    let git = world.repository()?;
    let file = git.hooks_dir()?.join("pre-push");
    let shown = world.shown(&file);
    match std::fs::read_to_string(&file) {
        Ok(text) if text.contains(MARK) => {
            std::fs::remove_file(&file)
                .with_context(|| format!("cannot remove {}", file.display()))?;
            answer(&format!("removed {}\n", shown.display()))?;
            Ok(Exit::Within)
        }
        Ok(_) => bail!(
            "{} is not a hook that plimsoll wrote: it was left alone",
            shown.display()
        ),
        Err(_) => {
            answer("there is no pre-push hook of plimsoll's\n")?;
            Ok(Exit::Within)
        }
    }
}

/// One comparison that a push asks for.
struct Wanted {
    base: ChosenBase,
    head: CommitId,
    reference: String,
}

fn pre_push(world: &World, args: &PrePush) -> Result<Exit> {
    if world.var("PLIMSOLL") == Some("0") {
        say("plimsoll: not measured: PLIMSOLL=0");
        return Ok(Exit::Within);
    }
    let updates = updates(world)?;
    if updates.is_empty() {
        return Ok(Exit::Within);
    }
    let git = world.repository()?;
    let mut wanted: Vec<Wanted> = Vec::new();
    for update in &updates {
        let name = text::plain(&update.remote_ref);
        match choose(git, update, args.remote())? {
            Choice::Skip(reason) => {
                say(&format!(
                    "plimsoll: {name} not measured: {}",
                    text::plain(&reason)
                ));
            }
            Choice::Measure { base, how, head } => {
                let twin = |w: &&mut Wanted| w.base.commit == base && w.head == head;
                if let Some(known) = wanted.iter_mut().find(twin) {
                    known.reference = format!("{}, {name}", known.reference);
                } else {
                    wanted.push(Wanted {
                        base: ChosenBase {
                            commit: base,
                            how,
                            measured: true,
                        },
                        head,
                        reference: name,
                    });
                }
            }
        }
    }
    let mut machine = None;
    let mut exit = Exit::Within;
    for one in &wanted {
        let strict;
        let judged = match settings(world, git, one) {
            Ok(settings) => {
                strict = settings.hook.strict;
                push(world, git, &mut machine, one, settings)
            }
            Err(error) => {
                let before = load::settings_in(git, &one.base.commit);
                strict = matches!(before, Ok(Some(Ok(before))) if before.hook.strict);
                Err(error)
            }
        };
        let judged = judged.or_else(|error| {
            // Who interrupts a push wants it to end.
            if matches!(error.downcast_ref(), Some(LabError::Interrupted)) {
                return Err(error);
            }
            Ok(not_measured(one, &format!("{error:#}"), strict))
        });
        exit = exit.max(judged?);
    }
    Ok(exit)
}

/// Says why nothing was measured. Only an over blocks; with `strict`, whatever is not proven.
fn not_measured(one: &Wanted, reason: &str, strict: bool) -> Exit {
    say(&format!(
        "plimsoll: {} not measured: {reason}",
        one.reference
    ));
    if strict { Exit::Trouble } else { Exit::Within }
}

/// The settings of the pushed commit; those of the work tree where they are not committed.
fn settings(world: &World, git: &Git, one: &Wanted) -> Result<Settings> {
    match load::settings_in(git, &one.head)? {
        None => load::settings(world),
        Some(Ok(settings)) => Ok(settings),
        Some(Err(findings)) => bail!(
            "plimsoll.toml of {} cannot be used\n\n{}\n",
            one.head.short(),
            shown(&findings)
        ),
    }
}

fn shown(findings: &[Diagnostic]) -> String {
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

/// What the pushed commit itself says it is to be judged by; `None`, and said why, where nothing of
/// it is about this push.
fn rules(world: &World, git: &Git, one: &Wanted, mut settings: Settings) -> Result<Option<Rules>> {
    let head = &one.head;
    let nothing = |reason: String| {
        not_measured(one, &reason, false);
        Ok(None)
    };
    let (mut budgets, warnings) = load::budgets_in(world, git, head)?;
    if load::has_errors(&warnings) {
        bail!(
            "the budget files of {} cannot be used\n\n{}\n",
            head.short(),
            shown(&warnings)
        );
    }
    if budgets.is_empty() {
        return nothing(format!("there is no budget in {}", head.short()));
    }
    let touched = touched(git, &one.base.commit, head, &budgets)?;
    budgets.retain(|budget| touched.contains(&budget.feature));
    if budgets.is_empty() {
        return nothing("no path of a budgeted feature changed".to_owned());
    }
    let (lab, hook) = (&mut settings.lab, &settings.hook);
    lab.bench = hook.bench.clone().or(lab.bench.take());
    if hook.time.is_some() {
        // The hook's own time goes before what is wanted elsewhere.
        lab.time = hook.time;
        lab.pairs = None;
    }
    if lab.bench.is_none() {
        return nothing("plimsoll.toml names no benchmark ([lab] bench = \"…\")".to_owned());
    }
    Ok(Some(Rules {
        budgets,
        warnings: Vec::new(),
        settings,
        work_tree: None,
    }))
}

/// Standard input; under pre-commit, which reads it itself, the variables it sets instead.
fn updates(world: &World) -> Result<Vec<Update>> {
    let mut input = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut input)
        .context("standard input cannot be read")?;
    let updates = parse_updates(&input).map_err(anyhow::Error::msg)?;
    let known = |name| world.var(name).map(str::to_owned);
    if let (true, Some(to)) = (updates.is_empty(), known("PRE_COMMIT_TO_REF")) {
        let git = world.repository()?;
        return Ok(vec![Update {
            local_ref: known("PRE_COMMIT_LOCAL_BRANCH").unwrap_or_else(|| "HEAD".to_owned()),
            local: Some(git.resolve(&to)?.as_str().to_owned()),
            remote_ref: known("PRE_COMMIT_REMOTE_BRANCH").unwrap_or_else(|| "HEAD".to_owned()),
            remote: known("PRE_COMMIT_FROM_REF")
                .and_then(|from| git.resolve(&from).ok())
                .map(|id| id.as_str().to_owned()),
        }]);
    }
    Ok(updates)
}

/// Measures and judges one update.
fn push(
    world: &World,
    git: &Git,
    machine: &mut Option<Machine>,
    one: &Wanted,
    settings: Settings,
) -> Result<Exit> {
    let Some(own) = rules(world, git, one, settings)? else {
        return Ok(Exit::Within);
    };
    let machine = match machine {
        Some(machine) => machine,
        None => machine.insert(Machine::new()?),
    };
    let hook = own.settings.hook.clone();
    let lab = LabArgs::default();
    let commands = commands(world, &lab, &own.settings.lab)?;
    let usual = plan(
        &lab,
        &own.settings.lab,
        &commands,
        [&one.base.commit, &one.head],
    );
    let left = || {
        Some(
            hook.max_wall
                .saturating_sub(machine.now())
                .max(Duration::from_millis(1)),
        )
    };
    // What remains after the builds, with room for the warm-up and the answer.
    let plan = |machine: &Machine| {
        let room = hook.max_wall.saturating_sub(machine.now()).mul_f64(0.8);
        Plan {
            time: usual.time.min(room),
            at_most: usual.pairs.map(|_| room),
            ..usual
        }
    };
    let environment = own.environment(world, None);
    let commits = [&one.base.commit, &one.head];
    let label = &environment.label;
    let measured = match measure(git, machine, commits, &commands, &plan, label, &left) {
        Ok(measured) => measured,
        Err(error) => {
            let Some(LabError::TooSlow { command, .. }) = error.downcast_ref() else {
                return Err(error);
            };
            let bench = commands.bench.line().map(str::to_owned);
            let reason = if bench.is_some_and(|bench| command.contains(&bench)) {
                format!(
                    "benchmark too slow: more than {} s with the builds ([hook] max_wall); a shorter one can be named by [hook] bench",
                    hook.max_wall.as_secs()
                )
            } else {
                format!(
                    "build too slow: more than {} s ([hook] max_wall); what was built is kept, so the next push begins where this one ended",
                    hook.max_wall.as_secs()
                )
            };
            return Ok(not_measured(one, &reason, hook.strict));
        }
    };
    if measured.sampled.pairs == 0 {
        let reason = too_short(&measured, &hook, usual);
        return Ok(not_measured(one, &reason, hook.strict));
    }
    keep(world, git, one, environment, &measured);
    let strict = hook.strict;
    let telling = Telling {
        all_expected: false,
        strict,
        format: Format::Table,
        command: "pre-push",
    };
    let scene = Scene {
        world,
        git,
        base: &one.base,
        head: &one.head,
        env: None,
    };
    let view = judge(scene, &measured, own, &telling)?;
    answer(&terminal::check(&view))?;
    Ok(match view.summary.exit {
        Exit::Over => {
            say(
                "plimsoll: this push is over its budget. Push all the same: git push --no-verify, PLIMSOLL=0, or a commit trailer `Perf-Skip: reason`",
            );
            Exit::Over
        }
        Exit::Trouble if strict => Exit::Trouble,
        _ => Exit::Within,
    })
}

/// Why no pair was run: which time does not suffice for which pairs.
fn too_short(measured: &Measured, hook: &Hook, usual: Plan) -> String {
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let needed = measured.sampled.time_needed.unwrap_or_default();
    let given = measured.plan.at_most.unwrap_or(measured.plan.time);
    let pairs = usual.pairs.map_or_else(
        || "the fewest pairs that say anything".to_owned(),
        |pairs| format!("the {pairs} pairs of [lab] pairs"),
    );
    let raise = if usual.pairs.is_none() && given == usual.time {
        if hook.time.is_some() {
            "raise [hook] time"
        } else {
            "raise [lab] time"
        }
    } else {
        "raise [hook] max_wall, of which the builds take their part"
    };
    format!(
        "one run takes {} (base) and {} (head), so {pairs} take about {}, and there are {}: {raise}, or name a shorter benchmark",
        seconds(measured.sampled.cost.0),
        seconds(measured.sampled.cost.1),
        seconds(needed),
        seconds(given),
    )
}

/// Keeps the head's figures in the local store, so that this machine learns its own noise. Failing
/// to keep them is said and blocks nothing.
fn keep(world: &World, git: &Git, one: &Wanted, environment: Environment, measured: &Measured) {
    let measurements: Vec<Measurement> = measured
        .sampled
        .series
        .iter()
        .filter_map(|series| {
            let samples = Samples {
                values: series.head.clone(),
                iterations: None,
            };
            let mut kept = Measurement::from_samples(
                series.key.benchmark.clone(),
                series.key.metric.clone(),
                series.unit.clone(),
                series.direction,
                samples,
            )?;
            kept.tags = series.key.tags.clone();
            Some(kept)
        })
        .collect();
    let run = Run {
        schema: 1,
        commit: one.head.clone(),
        environment,
        suite: String::new(),
        part: String::new(),
        dirty: false,
        source: Source {
            digest: String::new(),
            started: Some(world.now.to_string()),
            attempt: 1,
        },
        measurements,
        failures: Vec::new(),
    };
    let stored = Store::open(&world.db_path()).and_then(|mut store| {
        let commit = git.commit(&one.head).ok();
        store.append(
            &[NewRun {
                run: &run,
                commit: commit.as_ref(),
            }],
            world.now,
        )
    });
    if let Err(error) = stored {
        say(&format!("plimsoll: these figures were not stored: {error}"));
    }
}
