//! `plimsoll check`: one commit against budgets and history.

use super::args::{Check as Args, Format, Many, Mode};
use super::confirm::Suspects;
use super::load::{self, Loaded};
use super::remember::{Analyses, Answer, Asked, Place, Written};
use super::world::World;
use super::{answer, say};
use anyhow::{Context, Result, bail};
use plimsoll::analysis::Memo;
use plimsoll::budget::{Budget, Settings};
use plimsoll::diag::Diagnostic;
use plimsoll::git::Git;
use plimsoll::history::Timeline;
use plimsoll::ledger::order::Order;
use plimsoll::model::{Commit, CommitId};
use plimsoll::report::check::CheckView;
use plimsoll::report::ratchet::RatchetView;
use plimsoll::report::{json, markdown, terminal, text};
use plimsoll::store::{SeriesRow, Store};
use plimsoll::verdict::{
    self, Audit, Check, ChosenBase, Commits, Control, Exit, Outcome, Stage, Summary, Verdict,
    find_causes, judge,
};
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

/// How far behind the base the nearest measured commit may lie.
const NEAREST_WITHIN: usize = 50;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    if args.self_test && args.mode == Mode::History {
        return super::self_test::run(world, args);
    }
    if args.lint {
        return lint(world, args);
    }
    let told = if args.mode == Mode::Paired {
        super::lab::paired::run(world, args)
    } else {
        history(world, args)
    };
    if args.ratchet {
        return told;
    }
    let paired = args.mode == Mode::Paired;
    told_as_asked(world, args.format, args.commit.as_deref(), paired, told)
}

/// Whoever asked for JSON or Markdown gets it also where nothing could be judged.
pub(super) fn told_as_asked(
    world: &World,
    format: Format,
    head: Option<&str>,
    paired: bool,
    told: Result<Exit>,
) -> Result<Exit> {
    if format == Format::Table {
        return told;
    }
    told.inspect_err(|error| {
        let git = world.git.as_ref();
        let head = git.and_then(|git| {
            let id = match head {
                Some(revision) => git.resolve(revision),
                None => git.head(),
            };
            git.commit(&id.ok()?).ok()
        });
        let (findings, note) = match error.downcast_ref::<Faulty>() {
            Some(faulty) => (faulty.findings.as_slice(), faulty.heading()),
            None => (&[][..], format!("{error:#}")),
        };
        let trouble = json::Trouble {
            head: head.as_ref(),
            paired,
            findings,
            note,
        };
        let said = answer(&match format {
            Format::Markdown => markdown::trouble(&trouble),
            Format::Json | Format::Table => json::trouble(&trouble),
        });
        if let Err(fault) = said {
            say(&format!("the answer cannot be written: {fault:#}"));
        }
    })
}

/// Budget files with faults.
#[derive(Debug, thiserror::Error)]
#[error("{}\n\n{}", self.heading(), shown(.findings))]
pub(super) struct Faulty {
    /// What was not done because of them, such as `judged`.
    pub(super) undone: &'static str,
    pub(super) findings: Vec<Diagnostic>,
}

impl Faulty {
    fn heading(&self) -> String {
        format!(
            "the budget files cannot be used, so nothing was {}",
            self.undone
        )
    }
}

fn faulty(findings: Vec<Diagnostic>) -> anyhow::Error {
    let undone = "judged";
    anyhow::Error::new(Faulty { undone, findings })
}

fn shown(findings: &[Diagnostic]) -> String {
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wall time of the check is shown to the user"
)]
fn history(world: &World, args: &Args) -> Result<Exit> {
    if !args.lab.command.is_empty() && !args.confirm {
        bail!("a command to measure belongs to --confirm or --mode paired: add one of them");
    }
    let start = std::time::Instant::now();
    let found = match judged(world, args, None)? {
        Judged::Faults(findings) => return Err(faulty(findings)),
        Judged::Known(known) => {
            known.said.iter().for_each(|text| say(text));
            known
        }
        Judged::View(view, _) if args.ratchet => return tell_ratchet(world, &view.ratchet),
        Judged::View(mut view, keep) => {
            let without = told(&view, args.format);
            view.seconds = Some(0.0);
            let made = Answer {
                exit: view.summary.exit,
                said: keep.said,
                text: Answer::split(&without, &told(&view, args.format)),
            };
            if let Some((place, written)) = keep.place
                && Written::now(world, args) == Some(written)
            {
                place.keep(&made);
            }
            made
        }
    };
    answer(&found.told(start.elapsed().as_secs_f64()))?;
    Ok(found.exit)
}

fn told(view: &CheckView, format: Format) -> String {
    match format {
        Format::Table => terminal::check(view),
        Format::Json => json::check(view),
        Format::Markdown => markdown::check(view),
    }
}

/// A commit that this repository need not have, such as a fork's.
pub(crate) struct Foreign {
    pub(crate) head: Commit,
    pub(crate) base: CommitId,
    /// How the base was chosen.
    pub(crate) how: String,
}

/// What came of judging.
pub(crate) enum Judged {
    /// The budget files hold faults, so nothing was judged.
    Faults(Vec<Diagnostic>),
    /// What an earlier check of the same answered.
    Known(Answer),
    /// Everything.
    View(Box<CheckView>, Keep),
}

/// What is kept of an answer.
#[derive(Default)]
pub(crate) struct Keep {
    /// What was said beside it.
    said: Vec<String>,
    /// Where it is kept, and the files as they were before anything was read.
    place: Option<(Place, Written)>,
}

pub(crate) fn judged(world: &World, args: &Args, foreign: Option<&Foreign>) -> Result<Judged> {
    let folder = world.budgets_folder(args.budgets.as_ref());
    let shown = world.shown(&folder);
    // Before anything is read, so that a file which changes meanwhile is noticed.
    let plain = foreign.is_none() && !args.confirm && !args.ratchet;
    let written = plain.then(|| Written::now(world, args)).flatten();
    let read = load::budgets(world, args.budgets.as_ref())?;
    if let Some((_, findings)) = &read
        && load::has_errors(findings)
    {
        let budgets = read.as_ref().map_or(&[][..], |(budgets, _)| budgets);
        let mut findings = findings.clone();
        findings.extend(load::audited(world, budgets)?);
        return Ok(Judged::Faults(findings));
    }
    let settings = load::settings(world)?;
    let loaded = Loaded::new(world, &settings);
    let Some((budgets, mut warnings)) = read else {
        let series = loaded
            .as_ref()
            .map(|loaded| loaded.series.as_slice())
            .unwrap_or_default();
        bail!(load::no_budgets(&shown, series));
    };
    let loaded = loaded?;
    let git = world.git.as_ref();
    let head = match (foreign, &args.commit, git) {
        (Some(foreign), _, _) => foreign.head.id.clone(),
        (None, Some(revision), _) => resolved(git, revision)?,
        (None, None, Some(git)) => git.head()?,
        (None, None, None) => bail!(
            "{} is not inside a git repository: run plimsoll inside one, or say which commit is to be judged with --commit",
            world.folder.display()
        ),
    };
    let measured: HashSet<&CommitId> = loaded
        .runs
        .iter()
        .filter(|run| !run.dirty)
        .map(|run| &run.commit)
        .collect();
    let mut notes = Vec::new();
    let store = &loaded.store;
    let base = match foreign {
        Some(foreign) => {
            let wanted = (foreign.base.clone(), foreign.how.clone());
            Some(nearest(world, store, wanted, &measured, &mut notes)?)
        }
        None => choose_base(world, store, args, &head, &measured, &mut notes)?,
    };
    let (timeline, order) = timeline(world, store, &head, base.as_ref(), foreign.is_some())?;
    let commit = match (foreign, git) {
        (Some(foreign), _) => foreign.head.clone(),
        (None, Some(git)) => git.commit(&head).context("the commit cannot be read")?,
        (None, None) => {
            let recorded = order.elsewhere.get(&head).cloned();
            recorded.unwrap_or_else(|| unknown(&head))
        }
    };
    let anchors = match git {
        Some(git) => Some(load::commits(
            git,
            &Order::default(),
            &timeline,
            &[],
            &budgets,
        )?),
        None => None,
    };
    let whole = order.gap.is_none() && order.elsewhere.is_empty();
    let place = written
        .filter(|_| whole)
        .zip(anchors.as_ref())
        .map(|(written, anchors)| {
            let asked = Asked {
                world,
                args,
                written,
                loaded: &loaded,
                head: &commit,
                base: base.as_ref(),
                notes: &notes,
                timeline: &timeline,
                anchors,
            };
            (asked.place(), written)
        });
    if let Some((place, _)) = place.as_ref().filter(|_| !args.fresh)
        && let Some(known) = place.find()
    {
        return Ok(Judged::Known(known));
    }
    let analyses = Analyses::open(world, args.fresh);
    let question = Question {
        memo: &analyses.memo,
        world,
        args,
        git,
        foreign,
        order: &order,
        head: &head,
        base: base.as_ref(),
        timeline: &timeline,
        budgets: &budgets,
        settings: &settings,
    };
    let mut outcome = question.look(&loaded, question.first_stage())?;
    let suspects = if args.confirm {
        Suspects::of(&outcome, &loaded.runs, &head)?
    } else {
        None
    };
    if let Some(suspects) = suspects {
        let silent = suspects.measure(
            world,
            &args.lab.command,
            args.lab.name.as_deref(),
            args.runs,
        )?;
        let loaded = Loaded::new(world, &settings)?;
        outcome = question.look(&loaded, Stage::Confirmed)?;
        notes.push(confirmed(&suspects, &silent, args.runs));
    }
    if foreign.is_none() {
        analyses.keep();
    }
    let owners = load::codeowners(world);
    let known = Audit {
        budgets: &budgets,
        owners: owners.as_ref(),
        commits: anchors.as_ref(),
        series: &loaded.series,
        columns: &[],
    };
    warnings.extend(verdict::owners(&known));
    outcome.findings.extend(verdict::anchors(&known));
    warnings.extend(verdict::unused_acceptances(
        &budgets,
        &outcome.limits,
        load::today(world),
    ));
    warnings.extend(verdict::broken_acceptances(
        &budgets,
        &outcome.limits,
        load::today(world),
    ));
    refuse_without_results(&outcome, &head, args)?;
    // The budgets of a fork's change are not files of this repository.
    let ratchet = match foreign {
        None => proposed(world, &outcome)?,
        Some(_) => RatchetView::default(),
    };
    notes.extend(strange_label(&outcome, &loaded));
    if !outcome.elsewhere.is_empty() {
        notes.push(format!(
            "not judged here, since their series were measured in other environments: {}",
            outcome.elsewhere.join(", ")
        ));
    }
    for limit in &mut outcome.limits {
        let commit = limit.introduced_by.as_ref().filter(|id| **id != head);
        let known = commit.and_then(|id| match git {
            Some(git) => order.commit(git, id).ok(),
            None => order.elsewhere.get(id).cloned(),
        });
        limit.introduced_subject = known.map(|commit| commit.subject);
    }
    notes.extend(order.gap.clone());
    if let (Some(base), None, Some(git)) = (&base, foreign, git) {
        let here = git.commit(&base.commit).is_ok();
        let told = here.then(|| own_budgets(world, git, &base.commit, &head));
        notes.extend(told.transpose()?.flatten());
    }
    if outcome.dirty_head_runs > 0 {
        notes.push(format!(
            "{} runs of this commit were recorded with uncommitted changes and are not judged",
            outcome.dirty_head_runs
        ));
    }
    let summary = Summary::new(&outcome.limits, args.strict, !outcome.findings.is_empty());
    let view = CheckView {
        head: commit,
        base,
        outcome,
        summary,
        budgets: budgets.len(),
        warnings,
        notes,
        ratchet,
        seconds: None,
        paired: None,
    };
    let said = loaded.said();
    Ok(Judged::View(Box::new(view), Keep { said, place }))
}

/// A commit that a revision names; without a repository only a whole id does.
fn resolved(git: Option<&Git>, revision: &str) -> Result<CommitId> {
    match git {
        Some(git) => Ok(git.resolve(revision)?),
        None => CommitId::new(revision).map_err(anyhow::Error::msg),
    }
}

/// A commit of which nothing but its id is known.
fn unknown(id: &CommitId) -> Commit {
    Commit {
        id: id.clone(),
        parents: Vec::new(),
        author: String::new(),
        subject: String::new(),
        time: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// A change that also changes what judges it: nobody should have to find that out.
pub(super) fn own_budgets(
    world: &World,
    git: &Git,
    base: &CommitId,
    head: &CommitId,
) -> Result<Option<String>> {
    let folder = world.shown(&world.budgets_folder(None));
    let changed: Vec<String> = git
        .changed_paths(base, head)?
        .into_iter()
        .filter(|path| Path::new(path).starts_with(&folder) || path == "plimsoll.toml")
        .collect();
    Ok((!changed.is_empty()).then(|| {
        format!(
            "this change also changes what judges it: {}",
            changed.join(", ")
        )
    }))
}

/// Tighter limits, as a patch of the budget files as they are now.
fn proposed(world: &World, outcome: &Outcome) -> Result<RatchetView> {
    let mut files = Vec::new();
    for tighter in &outcome.tightenings {
        let file = &tighter.at.file;
        let text = std::fs::read_to_string(world.root().join(file))
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let name = file.to_string_lossy().replace('\\', "/");
        files.push((tighter, name, text));
    }
    Ok(RatchetView::new(&outcome.tightenings, &files))
}

/// Only the patch: what is said beside it must not reach `git apply`.
fn tell_ratchet(world: &World, ratchet: &RatchetView) -> Result<Exit> {
    if ratchet.patch.is_empty() {
        say(
            "nothing to tighten: no limit with `ratchet` has stood well within its `max` for long enough",
        );
        return Ok(Exit::Within);
    }
    for sentence in &ratchet.sentences {
        say(sentence);
    }
    if world.folder.canonicalize().ok() != world.root().canonicalize().ok() {
        say("the names in this patch count from the root of the repository: apply it there");
    }
    let mut out = std::io::stdout().lock();
    out.write_all(ratchet.patch.as_bytes())?;
    out.flush()?;
    Ok(Exit::Within)
}

/// What is judged, apart from the results.
struct Question<'a> {
    memo: &'a Memo,
    world: &'a World,
    args: &'a Args,
    git: Option<&'a Git>,
    foreign: Option<&'a Foreign>,
    order: &'a Order,
    head: &'a CommitId,
    base: Option<&'a ChosenBase>,
    timeline: &'a Timeline,
    budgets: &'a [Budget],
    settings: &'a Settings,
}

impl Question<'_> {
    fn first_stage(&self) -> Stage {
        if self.args.confirm {
            Stage::First
        } else {
            Stage::Only
        }
    }

    /// One look at the results that are there now.
    fn look(&self, loaded: &Loaded, stage: Stage) -> Result<Outcome> {
        let headlines = plimsoll::budget::Headlines::new(loaded.series.iter().map(|row| &row.key));
        let read = |row: &SeriesRow| {
            self.budgets
                .iter()
                .flat_map(|budget| &budget.limits)
                .any(|limit| limit.reads(&row.key, &headlines))
        };
        let columns = loaded.columns(read)?;
        let of = |git: &Git, line: &Timeline| {
            load::commits(git, self.order, line, &loaded.runs, self.budgets)
        };
        let commits = match (self.git, self.foreign, self.base) {
            (Some(git), Some(foreign), Some(_)) => {
                // This repository need not have the head.
                let line = Timeline::new(self.order.commits.clone());
                let mut commits = of(git, &line)?;
                commits.times.insert(self.head.clone(), foreign.head.time);
                commits
            }
            (Some(git), _, _) => of(git, self.timeline)?,
            (None, _, _) => {
                let known = self.order.elsewhere.iter();
                Commits {
                    times: known
                        .map(|(id, commit)| (id.clone(), commit.time))
                        .collect(),
                    ..Commits::default()
                }
            }
        };
        let check = Check {
            head: self.head,
            base: self.base,
            timeline: self.timeline,
            runs: &loaded.runs,
            series: &loaded.series,
            columns: &columns,
            failures: &loaded.failures,
            commits: &commits,
            budgets: self.budgets,
            retired: &self.settings.retired,
            env: self.args.env.as_deref(),
            shallow: self.order.gap.is_some(),
            today: load::today(self.world),
            stage,
            memo: Some(self.memo),
            control: match self.args.control {
                Many::Bh => Control::BenjaminiHochberg,
                Many::Holm => Control::Holm,
            },
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        };
        let mut outcome = judge(&check);
        let over: HashSet<(String, String)> = outcome
            .limits
            .iter()
            .filter(|limit| limit.judgement.verdict == Verdict::Over)
            .filter_map(|limit| limit.series.as_ref())
            .map(|key| (key.benchmark.clone(), key.env.clone()))
            .collect();
        if !over.is_empty() {
            // What moved with it may be a metric that no limit reads.
            let near =
                |row: &SeriesRow| over.contains(&(row.key.benchmark.clone(), row.key.env.clone()));
            let columns = loaded.columns(|row| read(row) || near(row))?;
            let check = Check {
                columns: &columns,
                ..check
            };
            find_causes(&check, &mut outcome.limits);
        }
        Ok(outcome)
    }
}

/// What was measured again, in words.
fn confirmed(suspects: &Suspects, silent: &[String], runs: u32) -> String {
    let mut note = format!(
        "measured again, {runs} runs each, and judged together with the runs before: {}",
        suspects.listed()
    );
    if !silent.is_empty() {
        note.push_str(&format!(
            "; the command did not measure {}",
            text::plain(&silent.join(", "))
        ));
    }
    note
}

/// A label that nobody used before while others were: perhaps a slip.
fn strange_label(outcome: &Outcome, loaded: &Loaded) -> Option<String> {
    let commits = |label: &str| {
        let runs = loaded
            .runs
            .iter()
            .filter(|run| run.environment.label == label && !run.dirty);
        runs.map(|run| &run.commit).collect::<HashSet<_>>().len()
    };
    let [own] = outcome.environments.as_slice() else {
        return None;
    };
    let others: std::collections::BTreeSet<&str> = loaded
        .runs
        .iter()
        .map(|run| run.environment.label.as_str())
        .filter(|label| label != own)
        .collect();
    let busiest = others
        .into_iter()
        .max_by_key(|label| commits(label))
        .filter(|label| commits(label) > 1)?;
    (commits(own) == 1).then(|| {
        format!("this is the first commit with results of environment {own}; earlier ones are of {busiest} ({} commits): is the label right?", commits(busiest))
    })
}

/// Looks at the budget files alone, and at what was recorded where there is anything.
fn lint(world: &World, args: &Args) -> Result<Exit> {
    let Some((budgets, mut findings)) = load::budgets(world, args.budgets.as_ref())? else {
        let folder = world.shown(&world.budgets_folder(args.budgets.as_ref()));
        bail!(load::no_budgets(&folder, &[]));
    };
    findings.extend(load::audited(world, &budgets)?);
    let exit = if load::has_errors(&findings) {
        Exit::Trouble
    } else {
        Exit::Within
    };
    if args.format == Format::Json {
        answer(&json::lint(exit, &findings))?;
        return Ok(exit);
    }
    if exit == Exit::Trouble {
        return Err(faulty(findings));
    }
    if findings.is_empty() {
        answer("the budget files hold no fault that the files alone can show\n")?;
    } else {
        answer(&shown(&findings))?;
    }
    Ok(exit)
}

fn refuse_without_results(outcome: &Outcome, head: &CommitId, args: &Args) -> Result<()> {
    if outcome.head_runs == 0 {
        let env = args
            .env
            .as_ref()
            .map_or_else(String::new, |env| format!(" in environment {env}"));
        if outcome.dirty_head_runs > 0 {
            bail!(
                "{} has only results recorded with uncommitted changes{env}: commit, then record again",
                head.short()
            );
        }
        bail!(
            "no results for {}{env}: record some with `plimsoll record`",
            head.short()
        );
    }
    if outcome.limits.is_empty() {
        bail!(
            "nothing to judge: no limit selects a series of {} (environments {})",
            head.short(),
            outcome.environments.join(", ")
        );
    }
    Ok(())
}

/// The head's own line, where the base lies on it; else the base's line and then the head.
pub(super) fn timeline(
    world: &World,
    store: &Store,
    head: &CommitId,
    base: Option<&ChosenBase>,
    foreign: bool,
) -> Result<(Timeline, Order)> {
    let own = if foreign {
        Order::default()
    } else {
        load::order_anywhere(world, store, head)?
    };
    let line = Timeline::new(own.commits.clone());
    match base {
        Some(base) if line.place(&base.commit).is_none() => {
            let order = load::order_anywhere(world, store, &base.commit)?;
            let mut line = order.commits.clone();
            line.push(head.clone());
            Ok((Timeline::new(line), order))
        }
        _ => Ok((line, own)),
    }
}

pub(super) fn choose_base(
    world: &World,
    store: &Store,
    args: &Args,
    head: &CommitId,
    measured: &HashSet<&CommitId>,
    notes: &mut Vec<String>,
) -> Result<Option<ChosenBase>> {
    let wanted = match (&world.git, &args.base) {
        (Some(git), _) => wanted_base(world, git, args, head)?,
        (None, Some(id)) => Some((resolved(None, id)?, "--base".to_owned())),
        (None, None) => None,
    };
    let Some((wanted, how)) = wanted else {
        return Ok(None);
    };
    if wanted == *head {
        bail!(
            "the base is the commit that is judged ({}): name another with --base",
            head.short()
        );
    }
    nearest(world, store, (wanted, how), measured, notes).map(Some)
}

/// The nearest measured commit at or before the one that is wanted.
pub(super) fn nearest(
    world: &World,
    store: &Store,
    (wanted, how): (CommitId, String),
    measured: &HashSet<&CommitId>,
    notes: &mut Vec<String>,
) -> Result<ChosenBase> {
    let line = load::order_anywhere(world, store, &wanted)?.commits;
    let nearest = line
        .iter()
        .rev()
        .take(NEAREST_WITHIN + 1)
        .position(|commit| measured.contains(commit));
    match nearest {
        Some(0) => Ok(ChosenBase {
            commit: wanted,
            how,
            measured: true,
        }),
        Some(back) => {
            let commit = line[line.len() - 1 - back].clone();
            let commits = if back == 1 { "commit" } else { "commits" };
            let how = format!("{back} {commits} before {}, {how}", wanted.short());
            Ok(ChosenBase {
                commit,
                how,
                measured: true,
            })
        }
        None => {
            notes.push(format!("no baseline: no results at the base {} or the {NEAREST_WITHIN} commits before it; record them to judge changes", wanted.short()));
            Ok(ChosenBase {
                commit: wanted,
                how,
                measured: false,
            })
        }
    }
}

/// `--base`; on a pull request the merge ref's first parent; on a branch the merge base with the
/// default branch; on the default branch none.
pub(super) fn wanted_base(
    world: &World,
    git: &Git,
    args: &Args,
    head: &CommitId,
) -> Result<Option<(CommitId, String)>> {
    if let Some(revision) = &args.base {
        return Ok(Some((git.resolve(revision)?, "--base".to_owned())));
    }
    let pull_request = args.commit.is_none()
        && world
            .var("GITHUB_EVENT_NAME")
            .is_some_and(|event| event.starts_with("pull_request"));
    if pull_request {
        return pull_request_base(world, git, head).map(Some);
    }
    let Some(default) = git.default_branch() else {
        return Ok(None);
    };
    let own = default.name.rsplit('/').next().unwrap_or(&default.name);
    if args.commit.is_none() && git.head_branch().as_deref() == Some(own) {
        return Ok(None);
    }
    let base = git.merge_base(head, &default.tip)?;
    Ok(base
        .filter(|base| base != head)
        .map(|base| (base, format!("merge base with {}", default.name))))
}

/// Of the merge ref its first parent. Where something else is checked out, such as the pull request's
/// own newest commit, a first parent would be the pull request itself: there it is the merge base
/// with the branch that it goes to.
fn pull_request_base(world: &World, git: &Git, head: &CommitId) -> Result<(CommitId, String)> {
    let parents = git.commit(head)?.parents;
    let is_merge_ref = match world.var("GITHUB_SHA") {
        Some(sha) => sha == head.as_str() && parents.len() != 1,
        None => parents.len() > 1,
    };
    if is_merge_ref {
        let parent = parents
            .first()
            .context("the merge commit has no parent here: check out with fetch-depth: 2")?;
        git.commit(parent).context(
            "the merge commit's first parent is not in this clone: check out with fetch-depth: 2",
        )?;
        return Ok((parent.clone(), "merge parent".to_owned()));
    }
    let named = world.var("GITHUB_BASE_REF").unwrap_or_default();
    let branches = [format!("origin/{named}"), named.to_owned()];
    let named = branches
        .iter()
        .filter(|_| !named.is_empty())
        .find_map(|branch| Some((git.resolve(branch).ok()?, branch.clone())));
    let target = named.or_else(|| git.default_branch().map(|branch| (branch.tip, branch.name)));
    let base = match &target {
        Some((tip, _)) => git.merge_base(head, tip)?,
        None => None,
    };
    match (base, target) {
        (Some(base), Some((_, branch))) => Ok((base, format!("merge base with {branch}"))),
        _ => bail!(
            "this is a pull request, and where it leaves the branch it goes to is not in this clone: check out the merge ref with fetch-depth: 2, or fetch that branch, or name the base with --base"
        ),
    }
}
