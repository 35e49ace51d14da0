//! `plimsoll action`: what action.yml runs. One job from its inputs: open the check run, take the
//! history, measure, store, judge, tell. Each step is this same program with other arguments, as a
//! user could type them; the log shows which.

mod data;

use super::args::{Action as Args, Check as CheckArgs};
use super::world::World;
use super::{answer, say};
use super::{check, comment};
use anyhow::{Context as _, Result, bail};
use data::Data;
use plimsoll::github::context::{Context, Event, Origin};
use plimsoll::github::workflow;
use plimsoll::github::{artifact, marker, publish};
use plimsoll::report::document::CheckDocument;
use plimsoll::verdict::Exit;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Further runs of what one look suspects.
const CONFIRMING_RUNS: u32 = 3;
/// The most time they may take, foreseen from the first ones.
const CONFIRMING_TIME: Duration = Duration::from_secs(300);

/// The most time that the fewest pairs of a slow benchmark may take.
const PAIRED_TIME: &str = "30m";

/// The inputs of action.yml, as the variables `PLIMSOLL_INPUT_…` give them.
struct Inputs<'w> {
    world: &'w World,
}

impl<'w> Inputs<'w> {
    fn get(&self, name: &str) -> Option<&'w str> {
        let name = format!(
            "PLIMSOLL_INPUT_{}",
            name.to_ascii_uppercase().replace('-', "_")
        );
        self.world
            .var(&name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    fn or(&self, name: &str, default: &'w str) -> &'w str {
        self.get(name).unwrap_or(default)
    }

    /// One a line.
    fn lines(&self, name: &str) -> Vec<&'w str> {
        let text = self.get(name).unwrap_or_default();
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).collect()
    }

    fn one_of(&self, name: &str, default: &'w str, known: &[&str]) -> Result<&'w str> {
        let value = self.or(name, default);
        if !known.contains(&value) {
            bail!(
                "the input `{name}` is \"{}\"; write {}",
                workflow::log_line(value),
                known.join(", ")
            );
        }
        Ok(value)
    }
}

/// How a job measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Base and head side by side.
    Paired,
    /// The head against what was recorded.
    History,
}

struct Job<'w> {
    world: &'w World,
    inputs: Inputs<'w>,
    context: Context,
    mode: Mode,
    data: Data,
    /// Where files of this job lie.
    scratch: PathBuf,
}

pub(crate) fn run(world: &World, _args: &Args) -> Result<Exit> {
    let inputs = Inputs { world };
    let command = inputs.one_of(
        "command",
        "check",
        &["check", "compare", "record", "report", "comment", "sync"],
    )?;
    inputs.one_of("fail-on", "over", &["over", "unproven", "never"])?;
    inputs.one_of("comment", "auto", &["auto", "always", "never"])?;
    inputs.one_of("confirm", "auto", &["auto", "never"])?;
    inputs.one_of("budgets-from", "head", &["head", "base"])?;
    let context = comment::context(world)?;
    if matches!(context.event, Event::Push { deleted: true, .. }) {
        answer("the branch was deleted: there is nothing to measure\n")?;
        return Ok(Exit::Within);
    }
    let mode = mode(&inputs, &context)?;
    let data = Data::new(&inputs)?;
    let scratch = world
        .var("RUNNER_TEMP")
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join("plimsoll");
    std::fs::create_dir_all(&scratch)
        .with_context(|| format!("cannot create {}", scratch.display()))?;
    let job = Job {
        world,
        inputs,
        context,
        mode,
        data,
        scratch,
    };
    match command {
        "check" => job.check(),
        "record" => {
            job.record(1.max(job.runs()?), None)?;
            job.store()?;
            Ok(Exit::Within)
        }
        "sync" => job.sync(),
        "report" => {
            job.fetch_history();
            job.report()?;
            Ok(Exit::Within)
        }
        "comment" => job.comment_only(),
        _ => job.compare(),
    }
}

/// Paired where base and head can be built here: on a pull request with a command, unless the
/// numbers come from elsewhere or the runner is a known machine.
fn mode(inputs: &Inputs<'_>, context: &Context) -> Result<Mode> {
    Ok(
        match inputs.one_of("mode", "auto", &["auto", "paired", "history"])? {
            "paired" => Mode::Paired,
            "history" => Mode::History,
            _ => {
                let pull = context
                    .pull()
                    .is_some_and(|pull| pull.origin == Origin::Same);
                let finished = inputs.get("results").is_some() || inputs.get("env").is_some();
                if pull && inputs.get("run").is_some() && !finished {
                    Mode::Paired
                } else {
                    Mode::History
                }
            }
        },
    )
}

impl Job<'_> {
    fn check(&self) -> Result<Exit> {
        let opened = self.open_check();
        let file = self.scratch.join("check.json");
        let _ = std::fs::remove_file(&file);
        let judged = self.measure_and_judge(&file);
        if let Err(error) = &judged {
            say(&format!("error: {error:#}"));
        }
        // Whatever happened, the check run is closed and the reason told.
        if !file.exists() {
            std::fs::write(&file, "")?;
        }
        self.outputs(&[("result-json", file.display().to_string())])?;
        if let Err(error) = self.report() {
            say(&format!("no report: {error:#}"));
        }
        let file = file.into_os_string();
        let mut arguments: Vec<OsString> = vec!["comment".into(), "--check".into(), file];
        self.comment_options(&mut arguments);
        if let Some(id) = opened {
            arguments.extend(["--check-run".into(), id.into()]);
        }
        self.spawn(&arguments, &[], Shown::AsCommands)
    }

    fn measure_and_judge(&self, file: &Path) -> Result<()> {
        self.fetch_history();
        if self.mode == Mode::Paired {
            return self.judge(file, false);
        }
        let runs = self.runs()?;
        let fork = self
            .context
            .pull()
            .is_some_and(|pull| pull.origin != Origin::Same);
        let before = now();
        let recorded = self.record(runs, fork.then_some("artifact"));
        let each = before.elapsed() / runs.max(1);
        self.store()?;
        // How often suspects are measured again is settled before anything was looked at.
        let confirm = recorded.is_ok()
            && !fork
            && self.inputs.or("confirm", "auto") == "auto"
            && self.inputs.get("run").is_some()
            && self.inputs.get("results").is_none()
            && each * CONFIRMING_RUNS <= CONFIRMING_TIME;
        self.judge(file, confirm)?;
        if confirm {
            // What was measured again belongs to the history, too.
            self.store()?;
        }
        if let Err(error) = recorded {
            // The verdict tells what failed. One that is fine is not this measurement's.
            if read(file).is_none_or(|check| check.exit == 0) {
                std::fs::write(file, "")?;
            }
            return Err(error);
        }
        Ok(())
    }

    /// Opens the check run, where this job may.
    fn open_check(&self) -> Option<String> {
        let forked = self
            .context
            .pull()
            .is_some_and(|pull| pull.origin != Origin::Same);
        if forked || self.inputs.or("comment", "auto") == "never" && self.context.pull().is_none() {
            return None;
        }
        let arguments = ["comment", "--start", "--key", &self.key()];
        let output = self
            .child(&arguments.map(OsString::from), &[])
            .stdout(Stdio::piped())
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        let id = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        id.bytes().all(|b| b.is_ascii_digit()).then_some(id)
    }

    /// The history. The line of commits that orders it is fetched where it is needed, into a
    /// repository of plimsoll's own: the clone stays as it is.
    fn fetch_history(&self) {
        match self.sync() {
            Ok(Exit::Within) => {}
            _ => say("the history could not be taken from the data branch: see above"),
        }
    }

    fn runs(&self) -> Result<u32> {
        let text = self.inputs.or("runs", "3");
        let runs: u32 = text
            .parse()
            .ok()
            .filter(|runs| (1..=1000).contains(runs))
            .with_context(|| {
                format!(
                    "the input `runs` is \"{}\", not a number from 1 to 1000",
                    workflow::log_line(text)
                )
            })?;
        Ok(runs)
    }

    /// Records; `handed_on`: also leaves the run files in a folder of that name.
    fn record(&self, runs: u32, handed_on: Option<&str>) -> Result<()> {
        let mut arguments: Vec<OsString> = vec!["record".into()];
        for (input, option) in [
            ("from", "--from"),
            ("suite", "--suite"),
            ("env", "--env"),
            ("part", "--part"),
        ] {
            if let Some(value) = self.inputs.get(input) {
                arguments.extend([option.into(), value.into()]);
            }
        }
        let run = self.inputs.get("run");
        if run.is_some() {
            arguments.extend(["--runs".into(), runs.to_string().into()]);
        }
        arguments.extend(self.inputs.lines("results").into_iter().map(OsString::from));
        if let Some(run) = run {
            arguments.push("--".into());
            arguments.extend(shell(run));
        }
        let Some(handed_on) = handed_on else {
            return self.must(&arguments, &[]);
        };
        let own = self.scratch.join("head.db").into_os_string();
        let folder = self.scratch.join(handed_on).into_os_string();
        self.must(&arguments, &[("PLIMSOLL_DB", own.clone())])?;
        self.must(
            &[
                "export".into(),
                "--runs".into(),
                folder.clone(),
                // What the second stage reads at most, with room for names.
                "--at-most".into(),
                (artifact::BYTES / 10 * 9).to_string().into(),
            ],
            &[("PLIMSOLL_DB", own)],
        )?;
        self.must(&["import".into(), "--runs".into(), folder.clone()], &[])?;
        self.outputs(&[("artifact-path", folder.to_string_lossy().into_owned())])
    }

    /// Sends the new runs to the data branch, from tracked branches only. First of all: a verdict
    /// may end the job.
    fn store(&self) -> Result<()> {
        let status = if !self.context.writes_history(&[]) {
            "not-written"
        } else if matches!(self.sync(), Ok(Exit::Within)) {
            "synced"
        } else {
            say("the results could not be sent to the data branch: see above");
            "failed"
        };
        self.outputs(&[("store-status", status.to_owned())])
    }

    /// `confirm`: what one look suspects is measured again.
    fn judge(&self, file: &Path, confirm: bool) -> Result<()> {
        let mut arguments: Vec<OsString> = vec!["check".into(), "--format".into(), "json".into()];
        if let Some(budgets) = self.budgets_of_base()? {
            arguments.extend(["--budgets".into(), budgets.into_os_string()]);
        } else if let Some(budgets) = self.inputs.get("budgets") {
            arguments.extend(["--budgets".into(), budgets.into()]);
        }
        let base = self.inputs.get("base").or_else(|| self.base_of_queue());
        if let Some(base) = base {
            arguments.extend(["--base".into(), base.into()]);
        }
        if let Some(env) = self.inputs.get("env") {
            arguments.extend(["--env".into(), env.into()]);
        }
        if self.mode == Mode::Paired {
            let run = self.inputs.get("run").context(
                "the input `mode` is paired, which needs the input `run`: the benchmark command",
            )?;
            arguments.extend(["--mode".into(), "paired".into()]);
            arguments.extend(["--at-most".into(), PAIRED_TIME.into()]);
            for path in self.inputs.lines("results") {
                arguments.extend(["--results".into(), path.into()]);
            }
            if let Some(from) = self.inputs.get("from") {
                arguments.extend(["--from".into(), from.into()]);
            }
            arguments.push("--".into());
            arguments.extend(shell(run));
        } else if let (true, Some(run)) = (confirm, self.inputs.get("run")) {
            let runs = CONFIRMING_RUNS.to_string();
            arguments.extend(["--confirm".into(), "--runs".into(), runs.into()]);
            arguments.push("--".into());
            arguments.extend(shell(run));
        }
        self.announce(&arguments)?;
        let mut child = self.child(&arguments, &[]);
        let child = child
            .stdout(Stdio::piped())
            .spawn()
            .context("plimsoll cannot be started again")?;
        let output = child.wait_with_output().context("the check was lost")?;
        self.close()?;
        // A check that is over has printed its verdict all the same.
        std::fs::write(file, &output.stdout)
            .with_context(|| format!("cannot write {}", file.display()))?;
        if output.stdout.is_empty() {
            bail!("the check ended without a verdict ({})", output.status);
        }
        Ok(())
    }

    /// The commit that a merge queue would merge on. A shallow clone may not hold it where several
    /// pull requests are merged at once: then the one before the queue's newest commit.
    fn base_of_queue(&self) -> Option<&str> {
        let Event::MergeGroup { base, .. } = &self.context.event else {
            return None;
        };
        let git = self.world.git.as_ref()?;
        let here = git.resolve(base).is_ok_and(|id| git.commit(&id).is_ok());
        Some(if here { base } else { "HEAD^1" })
    }

    /// `budgets-from: base`: a change is judged by the budgets that stand before it. Their folder; none
    /// where the head's own judge, as on a branch.
    fn budgets_of_base(&self) -> Result<Option<PathBuf>> {
        let event = &self.context.event;
        let proposed = matches!(event, Event::PullRequest(_) | Event::MergeGroup { .. });
        if !proposed || self.inputs.or("budgets-from", "head") != "base" {
            return Ok(None);
        }
        let git = self.world.repository()?;
        let asked = CheckArgs {
            base: self
                .inputs
                .get("base")
                .or_else(|| self.base_of_queue())
                .map(str::to_owned),
            ..CheckArgs::default()
        };
        let wanted = check::wanted_base(self.world, git, &asked, &git.head()?)?;
        let (base, _) = wanted.context("`budgets-from: base`, and there is no base")?;
        let own = self.inputs.get("budgets").map(PathBuf::from);
        let folder = self.world.shown(&self.world.budgets_folder(own.as_ref()));
        let aside = self.scratch.join("budgets-of-base");
        if aside.exists() {
            std::fs::remove_dir_all(&aside)?;
        }
        std::fs::create_dir_all(&aside)?;
        for (file, bytes) in git.files_in(&base, &folder)? {
            let name = file.file_name().context("a budget file has no name")?;
            std::fs::write(aside.join(name), bytes)?;
        }
        Ok(Some(aside))
    }

    fn report(&self) -> Result<()> {
        let Some(folder) = self.inputs.get("report-dir") else {
            return Ok(());
        };
        let folder = self.world.folder.join(folder);
        let mut arguments: Vec<OsString> = vec![
            "report".into(),
            "-o".into(),
            folder.clone().into_os_string(),
        ];
        if let Some(budgets) = self.inputs.get("budgets") {
            arguments.extend(["--budgets".into(), budgets.into()]);
        }
        self.must(&arguments, &[])?;
        self.outputs(&[("report-path", folder.display().to_string())])
    }

    /// The second stage of a fork's pull request, or checks that other jobs made.
    fn comment_only(&self) -> Result<Exit> {
        let mut arguments: Vec<OsString> = vec!["comment".into()];
        let results = self.inputs.lines("results");
        if matches!(self.context.event, Event::WorkflowRun(_)) {
            let [folder] = results.as_slice() else {
                bail!("the input `results` names the folder of the downloaded artifact");
            };
            self.fetch_history();
            arguments.extend(["--from-artifact".into(), OsString::from(*folder)]);
            if let Some(path) = self.inputs.get("expect-workflow") {
                arguments.extend(["--expect-workflow".into(), path.into()]);
            }
            if let Some(budgets) = self.inputs.get("budgets") {
                arguments.extend(["--budgets".into(), budgets.into()]);
            }
        } else {
            for file in results {
                arguments.extend(["--check".into(), file.into()]);
            }
        }
        self.comment_options(&mut arguments);
        self.spawn(&arguments, &[], Shown::AsCommands)
    }

    fn compare(&self) -> Result<Exit> {
        let run = self
            .inputs
            .get("run")
            .context("`compare` needs the input `run`: the benchmark command")?;
        let mut arguments: Vec<OsString> = vec!["compare".into()];
        arguments.push(self.inputs.or("base", "HEAD^1").into());
        arguments.push("--".into());
        arguments.extend(shell(run));
        self.spawn(&arguments, &[], Shown::AsText)
    }

    /// The name of comment and check run: parts of a build matrix have one each, so that no part
    /// writes over what another one said.
    fn key(&self) -> String {
        let key = self.inputs.or("comment-key", publish::DEFAULT_KEY);
        let Some(part) = self.inputs.get("part") else {
            return key.to_owned();
        };
        let plain = |c: char| {
            if marker::is_key(&c.to_string()) {
                c
            } else {
                '-'
            }
        };
        let part: String = part.chars().take(40).map(plain).collect();
        if key == publish::DEFAULT_KEY {
            part
        } else {
            format!("{key}.{part}")
        }
    }

    fn comment_options(&self, arguments: &mut Vec<OsString>) {
        arguments.extend(["--key".into(), self.key().into()]);
        for (input, option) in [
            ("comment", "--when"),
            ("fail-on", "--fail-on"),
            ("report-url", "--report-url"),
            ("run", "--bench"),
        ] {
            if let Some(value) = self.inputs.get(input) {
                // In one word: a value may begin with a dash.
                arguments.push(format!("{option}={value}").into());
            }
        }
    }

    fn sync(&self) -> Result<Exit> {
        let mut arguments = vec![OsString::from("sync")];
        arguments.extend(self.data.options.iter().cloned());
        let settings = self.data.credentials.iter();
        let vars: Vec<(&str, OsString)> = settings
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        self.spawn(&arguments, &vars, Shown::AsText)
    }

    fn must(&self, arguments: &[OsString], vars: &[(&str, OsString)]) -> Result<()> {
        match self.spawn(arguments, vars, Shown::AsText)? {
            Exit::Within => Ok(()),
            _ => bail!(
                "`plimsoll {}` failed: see above",
                arguments[0].to_string_lossy()
            ),
        }
    }

    fn child(&self, arguments: &[OsString], vars: &[(&str, OsString)]) -> Command {
        let program = std::env::current_exe().unwrap_or_else(|_| "plimsoll".into());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.world.folder);
        // The inputs are ours alone, and a benchmark has no business with the token.
        for name in self.world.vars.keys() {
            if name.starts_with("PLIMSOLL_INPUT_") {
                command.env_remove(name);
            }
        }
        if arguments.first().is_none_or(|first| first != "comment") {
            for name in ["PLIMSOLL_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"] {
                command.env_remove(name);
            }
        }
        command.envs(vars.iter().map(|(name, value)| (*name, value)));
        command
    }

    fn spawn(
        &self,
        arguments: &[OsString],
        vars: &[(&str, OsString)],
        shown: Shown,
    ) -> Result<Exit> {
        let as_text = shown == Shown::AsText;
        if as_text {
            self.announce(arguments)?;
        }
        let status = self.child(arguments, vars).status();
        if as_text {
            self.close()?;
        }
        let status = status.context("plimsoll cannot be started again")?;
        Ok(match status.code() {
            Some(0) => Exit::Within,
            Some(1) => Exit::Over,
            _ => Exit::Trouble,
        })
    }

    /// A group of the log, in which nothing that a benchmark prints is a command.
    fn announce(&self, arguments: &[OsString]) -> Result<()> {
        let words: Vec<_> = arguments
            .iter()
            .map(|word| word.to_string_lossy())
            .collect();
        answer(&format!(
            "::group::plimsoll {}\n::stop-commands::{}\n",
            workflow::log_line(&words.join(" ")),
            self.silence()
        ))
    }

    fn close(&self) -> Result<()> {
        answer(&format!("::{}::\n::endgroup::\n", self.silence()))
    }

    /// The word that ends a stretch without commands: nobody who writes a benchmark can guess it.
    fn silence(&self) -> &'static str {
        static WORD: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        WORD.get_or_init(comment::delimiter)
    }

    fn outputs(&self, values: &[(&str, String)]) -> Result<()> {
        let Some(file) = self.world.var("GITHUB_OUTPUT") else {
            return Ok(());
        };
        comment::append(
            Path::new(file),
            &workflow::outputs(values, &comment::delimiter()),
        )
        .context("the outputs of this step cannot be written")
    }
}

/// How the output of a child is taken by the runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Nothing in it is a command.
    AsText,
    /// Its annotations are commands.
    AsCommands,
}

/// The shell that a `run` of a workflow gets.
fn shell(run: &str) -> Vec<OsString> {
    ["bash", "-e", "-o", "pipefail", "-c", run]
        .map(OsString::from)
        .to_vec()
}

fn read(file: &Path) -> Option<CheckDocument> {
    let text = std::fs::read_to_string(file).ok()?;
    CheckDocument::parse(&text).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether measuring again fits into the time is a matter of the clock"
)]
fn now() -> Instant {
    Instant::now()
}
