//! Two commits built, measured side by side and judged: what `compare`, `check --mode paired` and
//! the hook share.

use super::super::args::{Check as CheckArgs, Format, LabArgs};
use super::super::judged::Judged;
use super::super::world::World;
use super::super::{answer, check, load};
use super::machine::Machine;
use super::{Meter, commands, plan, workshop_folder};
use anyhow::{Context, Result, bail};
use plimsoll::budget::{Budget, Settings};
use plimsoll::diag::Diagnostic;
use plimsoll::git::Git;
use plimsoll::lab::{
    Built, Clock as _, CommandBench, Commands, Making, Plan, Sampled, Workshop, sample,
};
use plimsoll::model::{CommitId, Environment};
use plimsoll::report::check::{CheckView, PairedView};
use plimsoll::report::{json, markdown, paired as report_paired, terminal, text};
use plimsoll::verdict::{
    Census, Check, ChosenBase, Exit, LeftOut, LeftOutReason, LimitVerdict, Outcome, PairedCheck,
    Summary, Verdict, judge_pairs, renamed,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Rules that a note names, one reason at a time.
const NAMED: usize = 12;

/// Two commits measured side by side.
pub(crate) struct Measured {
    pub(crate) sampled: Sampled,
    pub(crate) built: [Built; 2],
    pub(crate) plan: Plan,
    /// Seconds from the first execution to the last.
    pub(crate) seconds: f64,
}

/// Builds and measures. `left`: time for what is started from now on.
pub(crate) fn measure(
    git: &Git,
    machine: &Machine,
    commits: [&CommitId; 2],
    commands: &Commands,
    plan: &dyn Fn(&Machine) -> Plan,
    env: &str,
    left: &dyn Fn() -> Option<Duration>,
) -> Result<Measured> {
    let mut meter = Meter::new();
    let workshop = Workshop::open(git, &workshop_folder(git))?;
    let built = workshop.build_both(
        git,
        commits,
        commands,
        &mut Making {
            runner: machine,
            watch: &mut meter,
            left,
        },
    )?;
    let plan = plan(machine);
    let mut bench = CommandBench {
        runner: machine,
        clock: machine,
        commands,
        folders: [built[0].folder.clone(), built[1].folder.clone()],
        left,
    };
    let start = machine.now();
    let sampled = sample(&mut bench, machine, &plan, env, &mut meter)?;
    Ok(Measured {
        sampled,
        built,
        plan,
        seconds: machine.now().saturating_sub(start).as_secs_f64(),
    })
}

/// What a comparison is judged by.
pub(crate) struct Rules {
    pub(crate) budgets: Vec<Budget>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) settings: Settings,
    /// The folder of the budgets, where they are those of the work tree and not of a commit.
    pub(crate) work_tree: Option<PathBuf>,
}

impl Rules {
    /// The budgets and settings of the project; no budget is no fault here.
    pub(crate) fn read(world: &World, folder: Option<&PathBuf>) -> Result<Self> {
        let settings = load::settings(world)?;
        let (budgets, warnings) = load::budgets(world, folder)?.unwrap_or_default();
        if load::has_errors(&warnings) {
            let findings = warnings;
            return Err(anyhow::Error::new(check::Faulty {
                undone: "measured",
                findings,
            }));
        }
        Ok(Self {
            budgets,
            warnings,
            settings,
            work_tree: Some(world.shown(&world.budgets_folder(folder))),
        })
    }

    /// Label and facts of this machine, named as these settings say.
    pub(crate) fn environment(&self, world: &World, label: Option<&str>) -> Environment {
        world.environment(label.or(self.settings.label.as_deref()))
    }

    fn over_time(&self) -> bool {
        let mut limits = self.budgets.iter().flat_map(|budget| &budget.limits);
        limits.any(|limit| limit.drift.is_some() || limit.creep.is_some())
    }
}

/// What the history says of the base, or of the nearest measured commit before it, for rules over time.
/// Nothing where there is no history; what cannot be read is said, and the rules are left out by name.
fn history_of_base(scene: Scene<'_>, rules: &Rules, notes: &mut Vec<String>) -> Vec<LimitVerdict> {
    if !rules.over_time() || !scene.world.db_path().exists() {
        return Vec::new();
    }
    let (settings, budgets) = (rules.settings.clone(), rules.budgets.clone());
    let found = Judged::by(scene.world, settings, budgets).and_then(|judged| {
        let wanted = (scene.base.commit.clone(), scene.base.how.clone());
        let measured = judged.measured();
        let store = &judged.loaded.store;
        let near = check::nearest(scene.world, store, wanted, &measured, &mut Vec::new())?;
        if !near.measured {
            return Ok(Vec::new());
        }
        let state = |known: &Check<'_>| {
            let mut alone = *known;
            alone.base = None;
            plimsoll::verdict::judge(&alone).limits
        };
        judged.at(&near.commit, None, None, |_| false, state)
    });
    found.unwrap_or_else(|error| {
        notes.push(format!(
            "the history was not asked for drift and creep: {error:#}"
        ));
        Vec::new()
    })
}

/// How a comparison is to be judged and told.
pub(crate) struct Telling {
    /// A limit without a measured series is missing.
    pub(crate) all_expected: bool,
    pub(crate) strict: bool,
    pub(crate) format: Format,
    /// The word at the head of the table.
    pub(crate) command: &'static str,
}

/// What is compared with what.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    pub(crate) git: &'a Git,
    pub(crate) base: &'a ChosenBase,
    pub(crate) head: &'a CommitId,
    /// Label of the environment, where the user gives one.
    pub(crate) env: Option<&'a str>,
}

/// Judges what was measured.
pub(crate) fn judge(
    scene: Scene<'_>,
    measured: &Measured,
    rules: Rules,
    telling: &Telling,
) -> Result<CheckView> {
    let Scene {
        world,
        git,
        base,
        head,
        env,
    } = scene;
    let environment = rules.environment(world, env);
    let mut notes = Vec::new();
    let history = history_of_base(scene, &rules, &mut notes);
    let renames = &rules.settings.renames;
    let series = renamed(&measured.sampled.series, renames);
    let failed = measured.sampled.failed.iter();
    let failed: Vec<_> = failed
        .map(|failure| renames.failure(failure, &environment.label))
        .collect();
    let outcome = judge_pairs(&PairedCheck {
        series: &series,
        history: &history,
        failed: &failed,
        budgets: &rules.budgets,
        retired: &rules.settings.retired,
        env: &environment.label,
        machine: environment.stratum(),
        all_expected: telling.all_expected,
        today: load::today(world),
    });
    let summary = summary(&outcome, telling, &measured.sampled).beside(
        &outcome.left_out,
        &rules.budgets,
        telling.strict && telling.all_expected,
    );
    if !outcome.elsewhere.is_empty() {
        notes.push(format!(
            "not judged, since this benchmark does not measure them: {}",
            outcome.elsewhere.join(", ")
        ));
    }
    let failures = failed.iter().take(NAMED);
    notes.extend(failures.map(|failure| {
        let (name, reason) = (
            text::plain(&failure.benchmark),
            text::plain(&failure.reason),
        );
        format!("{name} counts as failed: {reason}")
    }));
    notes.extend(not_by_pairs(&outcome.left_out));
    if let Some(needed) = measured.sampled.time_needed {
        let cost = measured.sampled.cost;
        let (base, head) = (cost.0.as_secs_f64(), cost.1.as_secs_f64());
        let runs = format!(
            "nothing was compared: one run takes {base:.1} s (base) and {head:.1} s (head), so"
        );
        notes.push(match (measured.plan.pairs, measured.plan.at_most) {
            (Some(pairs), Some(most)) => format!(
                "{runs} {pairs} pairs take about {} s, and --at-most allows {} s",
                needed.as_secs().max(1),
                most.as_secs()
            ),
            _ => format!(
                "{runs} {} s do not suffice for the 6 pairs that say anything; give about {} s, as in --time {}s, or a shorter benchmark",
                measured.plan.time.as_secs(),
                needed.as_secs().max(1),
                (needed.as_secs_f64() * 1.1).ceil()
            ),
        });
    }
    notes.splice(0..0, check::own_budgets(world, git, &base.commit, head)?);
    if git.head()? == *head && git.is_dirty()? {
        notes.push(format!(
            "uncommitted changes were not measured: what was built is the commit {}",
            head.short()
        ));
    }
    if let Some(folder) = &rules.work_tree {
        notes.extend(other_rules(world, git, folder, head)?);
    }
    Ok(CheckView {
        head: git.commit(head).context("the commit cannot be read")?,
        base: Some(base.clone()),
        outcome,
        summary,
        budgets: rules.budgets.len(),
        warnings: rules.warnings,
        notes,
        ratchet: plimsoll::report::ratchet::RatchetView::default(),
        seconds: None,
        paired: Some(PairedView {
            command: telling.command,
            base: git
                .commit(&base.commit)
                .context("the base cannot be read")?,
            series,
            pairs: measured.sampled.pairs,
            controls: measured.sampled.controls,
            seconds: measured.seconds,
            cached: measured.built.clone().map(|built| built.cached),
        }),
    })
}

/// Says where the work tree's rules, by which is judged, are not those of the judged commit.
fn other_rules(world: &World, git: &Git, folder: &Path, head: &CommitId) -> Result<Option<String>> {
    if folder.is_absolute() {
        return Ok(None);
    }
    let mut committed: BTreeMap<PathBuf, Option<Vec<u8>>> = git
        .files_in(head, folder)?
        .into_iter()
        .map(|(path, bytes)| (path, Some(bytes)))
        .collect();
    let settings = PathBuf::from("plimsoll.toml");
    committed.insert(settings.clone(), git.file_in(head, &settings)?);
    let here = std::fs::read_dir(world.root().join(folder));
    for entry in here.into_iter().flatten().flatten() {
        committed
            .entry(folder.join(entry.file_name()))
            .or_insert(None);
    }
    // What git does to line ends is no other rule.
    let plain = |bytes: Vec<u8>| -> Vec<u8> { bytes.into_iter().filter(|b| *b != b'\r').collect() };
    let differs: Vec<String> = committed
        .into_iter()
        .filter(|(path, _)| path.extension().is_some_and(|ext| ext == "toml"))
        .filter(|(path, there)| {
            let here = std::fs::read(world.root().join(path)).ok();
            here.map(plain) != there.clone().map(plain)
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    Ok((!differs.is_empty()).then(|| {
        format!(
            "judged by the work tree's {}, not as {} has it",
            differs.join(", "),
            head.short()
        )
    }))
}

/// Rules that were left out, reason by reason.
fn not_by_pairs(left_out: &[LeftOut]) -> Vec<String> {
    let mut told: BTreeMap<LeftOutReason, Vec<String>> = BTreeMap::new();
    for rule in left_out {
        let name = format!("{}/{} {}", rule.feature, rule.limit, rule.rule);
        told.entry(rule.reason).or_default().push(name);
    }
    let sentence = |(reason, mut names): (LeftOutReason, Vec<String>)| {
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        format!(
            "not judged by pairs: {}{more} ({}); plimsoll check judges it from what is recorded",
            names.join(", "),
            reason.words()
        )
    };
    told.into_iter().map(sentence).collect()
}

/// A comparison that no limit is about is no trouble when nobody asked for a verdict; nothing
/// compared is never a pass.
fn summary(outcome: &Outcome, telling: &Telling, sampled: &Sampled) -> Summary {
    let trouble = !outcome.findings.is_empty();
    let summary = Summary::new(&outcome.limits, telling.strict, trouble);
    // Where every rule is one that pairs cannot judge, nothing is proven; nothing is at fault either.
    let unproven = !telling.all_expected || !outcome.left_out.is_empty();
    if outcome.limits.is_empty() && unproven {
        return Summary {
            verdict: Verdict::Unproven,
            exit: if sampled.pairs == 0 || trouble {
                Exit::Trouble
            } else if telling.strict && telling.all_expected {
                Exit::Over
            } else {
                Exit::Within
            },
            census: Census::default(),
        };
    }
    if sampled.pairs == 0 && summary.exit == Exit::Within {
        return Summary {
            exit: Exit::Trouble,
            ..summary
        };
    }
    summary
}

/// Prints a judged comparison.
pub(crate) fn tell(view: &CheckView, format: Format) -> Result<Exit> {
    answer(&match format {
        Format::Table => terminal::check(view),
        Format::Json => json::check(view),
        Format::Markdown => markdown::check(view) + &paired_markdown(view),
    })?;
    Ok(view.summary.exit)
}

fn paired_markdown(view: &CheckView) -> String {
    view.paired.as_ref().map_or_else(String::new, |paired| {
        let table = report_paired::markdown(paired, &view.outcome.limits, markdown::escape::code);
        format!("\n{table}")
    })
}

/// `plimsoll check --mode paired`.
pub(crate) fn run(world: &World, args: &CheckArgs) -> Result<Exit> {
    let git = world.repository()?;
    let rules = Rules::read(world, args.budgets.as_ref())?;
    if rules.budgets.is_empty() {
        bail!(load::no_budgets(
            &world.shown(&world.budgets_folder(args.budgets.as_ref())),
            &[]
        ));
    }
    let head = match &args.commit {
        Some(revision) => git.resolve(revision)?,
        None => git.head()?,
    };
    let Some((commit, how)) = check::wanted_base(world, git, args, &head)? else {
        bail!(
            "a paired check needs a base, and {} is the tip of the default branch: name one, as in --base HEAD^",
            head.short()
        );
    };
    let telling = Telling {
        all_expected: true,
        strict: args.strict,
        format: args.format,
        command: "check",
    };
    let base = ChosenBase {
        commit,
        how,
        measured: true,
    };
    let scene = Scene {
        world,
        git,
        base: &base,
        head: &head,
        env: args.env.as_deref(),
    };
    both(scene, rules, &args.lab, &telling)
}

/// Measures and judges two commits as the arguments say.
pub(crate) fn both(
    scene: Scene<'_>,
    rules: Rules,
    lab: &LabArgs,
    telling: &Telling,
) -> Result<Exit> {
    let Scene {
        world,
        git,
        base,
        head,
        env,
    } = scene;
    if base.commit == *head {
        bail!(
            "base and head are the same commit ({}): name another base",
            head.short()
        );
    }
    let commands = commands(world, lab, &rules.settings.lab)?;
    let plan = plan(lab, &rules.settings.lab, &commands, [&base.commit, head]);
    let machine = Machine::new()?;
    let label = rules.environment(world, env).label;
    let measured = measure(
        git,
        &machine,
        [&base.commit, head],
        &commands,
        &|_| plan,
        &label,
        &|| None,
    )?;
    let view = judge(scene, &measured, rules, telling)?;
    tell(&view, telling.format)
}
