//! `plimsoll import`: whole histories of other trackers, each result at its commit.

use super::args::Import as Args;
use super::world::World;
use super::{answer, say};
use anyhow::{Result, anyhow, bail};
use plimsoll::formats::{self, Dated, TrackerHistory};
use plimsoll::model::{Commit, CommitId, Environment, Run, Source};
use plimsoll::report::text;
use plimsoll::store::{Appended, NewRun, Store};
use plimsoll::verdict::Exit;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The label of results whose machine nobody knows.
const UNKNOWN_MACHINE: &str = "imported";

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let paths: Vec<PathBuf> = args
        .paths
        .iter()
        .map(|path| world.folder.join(path))
        .collect();
    let inputs: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let histories = formats::read_histories(&inputs, args.from.as_deref()).map_err(|errors| {
        let lines: Vec<String> = errors
            .iter()
            .map(|error| text::plain_up_to(&error.to_string(), 2000))
            .collect();
        anyhow!("{}\nnothing was stored", lines.join("\n"))
    })?;
    let mut commits = Commits::default();
    let mut runs: Vec<(Run, Option<Commit>)> = Vec::new();
    for history in &histories {
        for dated in &history.results {
            if let Some((id, commit)) = commits.find(world, &dated.commit) {
                runs.push((to_run(history, dated, id, args.env.as_deref()), commit));
            }
        }
    }
    let mut out = String::new();
    for history in &histories {
        understood(&mut out, world, history, args.env.as_deref());
    }
    if runs.is_empty() {
        bail!(
            "none of the commits can be told: {}; nothing was stored",
            commits.unresolved_in_words()
        );
    }
    if args.dry_run {
        out.push_str("nothing was stored: --dry-run\n");
    } else {
        let appended = store(world, &runs)?;
        let _ = writeln!(out, "{}", stored(appended));
    }
    answer(&out)?;
    commits.report(&runs);
    Ok(Exit::Within)
}

fn to_run(history: &TrackerHistory, dated: &Dated, commit: CommitId, env: Option<&str>) -> Run {
    Run {
        schema: 1,
        commit,
        environment: Environment {
            label: label(dated, env).to_owned(),
            facts: dated.facts.clone(),
        },
        suite: dated.suite.clone(),
        part: String::new(),
        dirty: false,
        source: Source {
            digest: dated.digest(history.tracker),
            started: dated.time.map(|time| time.to_string()),
            attempt: 0,
        },
        measurements: dated.measurements.clone(),
        failures: dated.failures.clone(),
    }
}

fn label<'a>(dated: &'a Dated, env: Option<&'a str>) -> &'a str {
    env.or(dated.machine.as_deref()).unwrap_or(UNKNOWN_MACHINE)
}

fn store(world: &World, runs: &[(Run, Option<Commit>)]) -> Result<Appended> {
    world.prepare_db_folder()?;
    let mut store = Store::open(&world.db_path())?;
    let new: Vec<NewRun<'_>> = runs
        .iter()
        .map(|(run, commit)| NewRun {
            run,
            commit: commit.as_ref(),
        })
        .collect();
    Ok(store.append(&new, world.now)?)
}

fn stored(appended: Appended) -> String {
    match (appended.stored, appended.already) {
        (0, _) => "nothing new: this history was imported before".to_owned(),
        (stored, 0) => format!("stored {}", count(stored, "run")),
        (stored, already) => format!(
            "stored {}, {already} were there before",
            count(stored, "run")
        ),
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn understood(out: &mut String, world: &World, history: &TrackerHistory, env: Option<&str>) {
    let measurements = || history.results.iter().flat_map(|dated| &dated.measurements);
    let benchmarks: BTreeSet<&str> = measurements().map(|m| m.benchmark.as_str()).collect();
    let commits: BTreeSet<&str> = history.results.iter().map(|d| d.commit.as_str()).collect();
    let labels: BTreeSet<&str> = history.results.iter().map(|d| label(d, env)).collect();
    let times = || history.results.iter().filter_map(|dated| dated.time);
    let span = match (times().min(), times().max()) {
        (Some(first), Some(last)) => {
            format!(", {} to {}", text::date(first), text::date(last))
        }
        _ => String::new(),
    };
    let labels: Vec<String> = labels.into_iter().map(text::plain).collect();
    let _ = writeln!(
        out,
        "read {} as {}: {} of {} at {}{span} · env {}",
        text::plain(&world.shown(&history.path).display().to_string()),
        history.tracker,
        count(measurements().count(), "value"),
        count(benchmarks.len(), "benchmark"),
        count(commits.len(), "commit"),
        labels.join(", ")
    );
    let failures = history
        .results
        .iter()
        .map(|dated| dated.failures.len())
        .sum();
    if failures > 0 {
        let _ = writeln!(
            out,
            "  {} without a value",
            count(failures, "failed benchmark")
        );
    }
    for (why, n) in &history.left_out {
        let _ = writeln!(out, "  left out: {n} {why}");
    }
    let unknown: BTreeMap<&str, &str> = measurements()
        .filter(|m| m.direction.is_none())
        .map(|m| (m.metric.as_str(), ""))
        .collect();
    if !unknown.is_empty() {
        let names: Vec<String> = unknown
            .keys()
            .take(5)
            .map(|name| text::plain(name))
            .collect();
        let _ = writeln!(
            out,
            "  nobody says which way is better for {}: a limit on it needs `direction`",
            names.join(", ")
        );
    }
}

/// Which commits the tracker's names mean.
#[derive(Default)]
struct Commits {
    found: HashMap<String, Option<(CommitId, Option<Commit>)>>,
    /// Names that mean no commit, and why.
    unresolved: BTreeMap<String, String>,
}

impl Commits {
    /// The commit of a full or abbreviated id. A full one may be unknown here; an abbreviated one
    /// must mean exactly one commit of this repository.
    fn find(&mut self, world: &World, text: &str) -> Option<(CommitId, Option<Commit>)> {
        if !self.found.contains_key(text) {
            let answer = match self.ask(world, text) {
                Ok(answer) => Some(answer),
                Err(why) => {
                    self.unresolved.insert(text.to_owned(), why);
                    None
                }
            };
            self.found.insert(text.to_owned(), answer);
        }
        self.found.get(text).cloned().flatten()
    }

    fn ask(&self, world: &World, text: &str) -> Result<(CommitId, Option<Commit>), String> {
        let git = world.git.as_ref();
        if let Ok(id) = CommitId::new(text) {
            let commit = git.and_then(|git| git.commit(&id).ok());
            return Ok((id, commit));
        }
        let git = git.ok_or("an abbreviated id needs the repository")?;
        let id = git.resolve(text).map_err(|e| e.to_string())?;
        // A branch or tag may have a name that looks like an id.
        if !id.as_str().starts_with(text) {
            return Err("it is the name of a branch or tag, not of a commit".to_owned());
        }
        let commit = git.commit(&id).ok();
        Ok((id, commit))
    }

    fn unresolved_in_words(&self) -> String {
        let some: Vec<String> = self
            .unresolved
            .iter()
            .take(3)
            .map(|(text, why)| format!("{text} ({})", text::plain_up_to(why, 120)))
            .collect();
        some.join(", ")
    }

    /// Says which commits are not known here.
    fn report(&self, runs: &[(Run, Option<Commit>)]) {
        let unknown: Vec<&Run> = runs
            .iter()
            .filter(|(_, c)| c.is_none())
            .map(|(run, _)| run)
            .collect();
        if !unknown.is_empty() {
            let commits: BTreeSet<&str> = unknown.iter().map(|run| run.commit.as_str()).collect();
            say(&format!(
                "this repository does not know {} ({}): their results are kept, and drawn once git knows them",
                count(commits.len(), "commit"),
                count(unknown.len(), "run")
            ));
        }
        if !self.unresolved.is_empty() {
            say(&format!(
                "left out the results of {}, whose abbreviated ids mean no single commit here: {}",
                count(self.unresolved.len(), "commit"),
                self.unresolved_in_words()
            ));
        }
    }
}
