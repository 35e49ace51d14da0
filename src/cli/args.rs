//! Arguments, and nothing else.

mod accept;
mod capacity;
mod github;
mod ledger;

pub(crate) use accept::{Accept, Init};
pub(crate) use capacity::{Capacity, Fit};
pub(crate) use github::{Action, Comment, FailOn, When};
pub(crate) use ledger::{Prune, Sync};

use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A load line for software: performance budgets, and the commits that spent them.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 within budget, 1 over budget, 2 trouble (usage, configuration, I/O, missing, nothing to judge).\n\nFirst look:  plimsoll demo"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The database [default: plimsoll/history.db in the repository's git folder].
    #[arg(long, global = true, env = "PLIMSOLL_DB", value_name = "FILE", num_args = 0..=1, value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from))]
    pub(crate) db: Option<Option<PathBuf>>,
    /// Run as if started in this folder.
    #[arg(short = 'C', global = true, value_name = "DIR", hide_short_help = true)]
    pub(crate) directory: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read results, tie them to a commit and an environment, store them.
    #[command(
        after_help = "Examples:\n  plimsoll record target/criterion\n  plimsoll record --runs 3 -- cargo bench\n  plimsoll record --runs 5 -- ./target/release/app --big input.json\n  plimsoll record --build-time --file-size app=target/release/app -- cargo build --release\n  plimsoll record bench.json --from hyperfine --dry-run --format json\n  plimsoll record metrics.txt --from openmetrics --env field --commit v1.4.2 --window 24h"
    )]
    Record(Record),
    /// Judge a commit against budgets and history.
    #[command(
        after_help = "Examples:\n  plimsoll check\n  plimsoll check --base origin/main --strict\n  plimsoll check --mode paired -- cargo bench\n  plimsoll check --format json > check.json\n  plimsoll check --ratchet | git apply"
    )]
    Check(Check),
    /// Two builds side by side on this machine: effect, interval, verdict.
    #[command(
        after_help = "Both commits are built in folders of plimsoll's own and run in random ABBA order for a fixed\nnumber of rounds. Files, index, stash and HEAD of the repository are never touched.\n\nExamples:\n  plimsoll compare main -- ./target/release/app --size 1000\n  plimsoll compare v1.2 HEAD --time 3m -- cargo bench\n  plimsoll compare HEAD^ --build 'make -j' -- ./bench.sh"
    )]
    Compare(Compare),
    /// Which commit brought a change: from the history, then by measuring.
    #[command(
        after_help = "Every measurement moves a probability over all commits of the range; the next one is made where it\ntells most. Commits that do not build are gone around.\n\nExamples:\n  plimsoll bisect checkout/p95\n  plimsoll bisect app:cpu --good v1.2 -- ./target/release/app --size 1000"
    )]
    Bisect(Bisect),
    /// Is this machine fit to measure, is the project set up, and what mends it; with --db, is the
    /// database whole.
    #[command(
        after_help = "Examples:\n  plimsoll doctor\n  plimsoll doctor --no-measure\n  plimsoll doctor --db\n  plimsoll doctor --db --rebuild-from remote"
    )]
    Doctor(Doctor),
    /// The pre-push hook: measure what is pushed, block what is over its budget.
    #[command(
        after_help = "Skip it once: git push --no-verify, PLIMSOLL=0 git push, or a trailer `Perf-Skip: reason` in the\nnewest commit's message.\n\nExamples:\n  plimsoll hook install\n  plimsoll hook remove"
    )]
    Hook {
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Propose budgets from what was measured: present levels and a headroom beyond the noise; on
    /// request the workflow and the hook.
    #[command(
        after_help = "Examples:\n  plimsoll record target/criterion && plimsoll init\n  plimsoll init bench.json\n  plimsoll init --workflow --run 'make bench' --hook\n\nNothing is overwritten; a file that is there already is kept."
    )]
    Init(Init),
    /// Write a change that was made on purpose into the feature's budget file, for review.
    #[command(
        after_help = "Examples:\n  plimsoll accept HEAD --reason \"audit log must be synchronous until PAY-812\" --issue PAY-812\n  plimsoll accept 9f3c2ab --reason \"exact tax rules\" --limit checkout/p99 --until 30d\n\nAn acceptance has a ceiling and an end: it is no blank cheque. Commit the file with the change."
    )]
    Accept(Accept),
    /// The ledger of a feature or series: levels, change points, suspects.
    #[command(
        after_help = "Examples:\n  plimsoll log\n  plimsoll log checkout/p99\n  plimsoll log 'POST /checkout:latency.p99'\n  plimsoll log checkout/p99 --explain\n  plimsoll log checkout --since tag:v2.0.0 --by release"
    )]
    Log(Log),
    /// How much load is carried, how sure that is, and whether it holds on the day.
    #[command(
        after_help = "Load steps are results of one benchmark that differ in a tag such as concurrency, connections,\nusers or vus. Of files without one (vegeta, hey, oha) each is a step, its load rate × mean latency.\nNothing is said of loads that were not tested. With milestones in the budget, or --demand, the exit\ncode is that of check.\n\nExamples:\n  plimsoll capacity wrk-*.txt --at-latency 300ms\n  plimsoll capacity steps.csv --demand \"4200 req/s\"\n  plimsoll capacity api-capacity --format json"
    )]
    Capacity(Capacity),
    /// Change points of any CSV or NDJSON series; needs no repository.
    #[command(
        after_help = "Examples:\n  plimsoll detect history.csv\n  plimsoll detect --format json - < history.ndjson"
    )]
    Detect(Detect),
    /// Every point of every series, for spreadsheets and programs; or every run as a file.
    #[command(
        after_help = "Examples:\n  plimsoll export --runs history/\n  plimsoll export csv > history.csv\n  plimsoll export csv checkout -o checkout.csv\n  plimsoll export ndjson 'parse/*' | jq .value"
    )]
    Export(Export),
    /// Whole histories of other trackers: github-action-benchmark, asv, Bencher, CSV.
    #[command(
        after_help = "Examples:\n  plimsoll import gh-pages/dev/bench/data.js --env github-ubuntu24-x86_64\n  plimsoll import results/ --from asv --dry-run\n  plimsoll import history.csv"
    )]
    Import(Import),
    /// The static HTML report.
    #[command(
        after_help = "Example:\n  plimsoll report -o target/plimsoll && open target/plimsoll/index.html"
    )]
    Report(Report),
    /// The one comment of a pull request and its check run, from a check's JSON.
    #[command(
        after_help = "Examples:\n  plimsoll check --format json > check.json\n  plimsoll comment --check check.json --dry-run\n  plimsoll comment --check linux.json --check macos.json"
    )]
    Comment(Comment),
    /// What action.yml runs: everything of one job, from its inputs.
    #[command(hide = true)]
    Action(Action),
    /// A small project with a history, recorded, checked and drawn: a first look.
    #[command(
        after_help = "Examples:\n  plimsoll demo\n  plimsoll demo -o /tmp/plimsoll-demo --seed 7"
    )]
    Demo(Demo),
    /// Exchange runs with the data branch, which any number of machines may write at once.
    #[command(
        after_help = "Examples:\n  plimsoll sync\n  plimsoll sync --status\n  plimsoll sync --repair --format json"
    )]
    Sync(Sync),
    /// A script that completes commands and options in a shell.
    #[command(
        after_help = "Example:\n  plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll"
    )]
    Completions(Completions),
    /// The manual pages.
    #[command(
        after_help = "Examples:\n  plimsoll man | man -l -\n  plimsoll man -o ~/.local/share/man/man1"
    )]
    Man(Man),
    /// Drop raw samples of old commits, never values.
    #[command(
        after_help = "Examples:\n  plimsoll prune --older-than 180d\n  plimsoll prune --older-than 180d --apply"
    )]
    Prune(Prune),
    /// The result formats that can be read.
    #[command(after_help = "Example:\n  plimsoll formats")]
    Formats,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: a versioned contract.
    Json,
    /// For comments.
    Markdown,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Record {
    /// Result files or folders [default: target/criterion, where it exists].
    #[arg(value_name = "FILES or FOLDERS")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read every file as this format instead of finding it by content.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
    /// Run the command so many times, each time one run.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Run the command so many times before, and forget what these runs gave.
    #[arg(long, default_value_t = 0, value_name = "N", requires = "command", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) warmup: u32,
    /// Run this in the shell before each run of the command, unmeasured.
    #[arg(long, value_name = "SHELL COMMAND", requires = "command")]
    pub(crate) prepare: Option<String>,
    /// Measure the command itself (time, CPU, peak memory), beside the results that it makes.
    #[arg(long, requires = "command")]
    pub(crate) measure: bool,
    /// Time the command as a build: benchmark `build`; what it prints is no result.
    #[arg(long, requires = "command", conflicts_with_all = ["paths", "from", "include_stale"])]
    pub(crate) build_time: bool,
    /// Name of the benchmark that the command itself is [default: program and arguments].
    #[arg(long, requires = "command", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,
    /// Record the size of a file, after the command where there is one; may be repeated.
    #[arg(long, value_name = "[NAME=]PATH")]
    pub(crate) file_size: Vec<String>,
    /// The commit that was measured [default: HEAD].
    #[arg(long, value_name = "REV")]
    pub(crate) commit: Option<String>,
    /// Label of the environment [default: `[env] label` of plimsoll.toml, else <os>-<arch>].
    #[arg(long, value_name = "LABEL", value_parser = label)]
    pub(crate) env: Option<String>,
    /// The time that data from the field covers, as `24h`: a tag, so that other windows are other series.
    #[arg(long, value_name = "DURATION", requires_all = ["env", "commit"], conflicts_with = "command", value_parser = window)]
    pub(crate) window: Option<String>,
    /// A tag for everything that is recorded, as `concurrency=50` or `fault=db-slow`; may be repeated.
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// Prefix of the benchmarks' names, for groups that are recorded together.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) suite: String,
    /// Which part of a build matrix this is.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) part: String,
    /// Take criterion results that are older than the commit, too.
    #[arg(long)]
    pub(crate) include_stale: bool,
    /// Only say what was understood: needs no repository, opens no database.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// A command that makes the results, after `--`.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// A tag: neither name nor value is empty.
fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write NAME=VALUE, as in concurrency=50".to_owned()),
    }
}

/// A label in one line that a reader can take in.
fn label(text: &str) -> Result<String, String> {
    plimsoll::budget::environment_label(text).map(str::to_owned)
}

/// A number of seconds, minutes, hours, days or weeks, as it stands.
fn window(text: &str) -> Result<String, String> {
    let number = text
        .strip_suffix(['s', 'm', 'h', 'd', 'w'])
        .unwrap_or_default();
    match number.parse::<u32>() {
        Ok(n) if n > 0 && n.to_string() == number => Ok(text.to_owned()),
        _ => Err("write a whole number and s, m, h, d or w, as in 24h".to_owned()),
    }
}

/// Control over many tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Many {
    /// Benjamini-Hochberg: of all that is called over, 5 % may be false.
    #[default]
    Bh,
    /// Holm: that anything at all is falsely called over has 5 %.
    Holm,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Check {
    /// Judge against this commit [default: merge base with the default branch; none on it].
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,
    /// The commit that is judged [default: HEAD].
    #[arg(long, value_name = "REV")]
    pub(crate) commit: Option<String>,
    /// Unproven fails, too (learning does not).
    #[arg(long)]
    pub(crate) strict: bool,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
    /// Judge only this environment.
    #[arg(long, value_name = "LABEL")]
    pub(crate) env: Option<String>,
    /// How false alarms are held down over all rules of the check.
    #[arg(long, value_enum, default_value_t = Many::Bh, value_name = "METHOD")]
    pub(crate) control: Many,
    /// Only look for faults in the budget files.
    #[arg(long)]
    pub(crate) lint: bool,
    /// Print only the patch that tightens limits with `ratchet`: plimsoll check --ratchet | git apply
    #[arg(long, conflicts_with_all = ["lint", "confirm", "format"])]
    pub(crate) ratchet: bool,
    /// Draw pull requests from the history and say how often each regress limit would be red for
    /// nothing, and how often it would catch a breach of 1, 1.5 and 2 times itself.
    #[arg(long, conflicts_with_all = ["lint", "confirm"])]
    pub(crate) self_test: bool,
    /// Measure suspects again with the command after `--`, record the runs, and judge all runs
    /// together: over at 1 % before, at 4 % after. `{}` in the command becomes a regular expression
    /// of their names; `cargo bench` is given it by itself.
    #[arg(long, requires = "command", conflicts_with_all = ["commit", "lint"])]
    pub(crate) confirm: bool,
    /// How often a suspect is measured again.
    #[arg(long, default_value_t = 3, value_name = "N", requires = "command", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Judge again, though nothing may have changed since the last time.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Judge against the history, or base and head measured side by side here.
    #[arg(long, value_enum, default_value_t = Mode::History)]
    pub(crate) mode: Mode,
    #[command(flatten)]
    pub(crate) lab: LabArgs,
}

/// What a commit is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Mode {
    /// What was recorded.
    #[default]
    History,
    /// Base and head, built and measured side by side here.
    Paired,
}

/// How two builds are made and measured. What is not given comes from `[lab]` of plimsoll.toml.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Measuring side by side")]
pub(crate) struct LabArgs {
    /// Time for all runs, builds excluded [default: 60s].
    #[arg(long, value_name = "TIME", value_parser = plimsoll::budget::parse_duration)]
    pub(crate) time: Option<std::time::Duration>,
    /// Run so many pairs, however long they take (with --at-most: none where they take longer).
    #[arg(long, value_name = "N", conflicts_with = "time", value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) pairs: Option<u32>,
    /// Where the time does not suffice for the fewest pairs that say anything, take up to so long
    /// for them [default: say how long it would take, and run nothing].
    #[arg(long, value_name = "TIME", value_parser = plimsoll::budget::parse_duration)]
    pub(crate) at_most: Option<std::time::Duration>,
    /// Shell command that builds a commit; CARGO_TARGET_DIR and PLIMSOLL_TARGET name its folder
    /// [default: cargo build --release, where there is a Cargo.toml].
    #[arg(long, value_name = "SHELL COMMAND")]
    pub(crate) build: Option<String>,
    /// Shell command that is run before each build, such as `npm ci`.
    #[arg(long, value_name = "SHELL COMMAND")]
    pub(crate) setup: Option<String>,
    /// A result file or folder that the command writes, seen from the root; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) results: Vec<PathBuf>,
    /// Read the results as this format instead of finding it by content.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
    /// Name of the benchmark that the command itself is: it is measured beside the results that it
    /// makes, as `record --name` does [default: program and arguments, where it makes none].
    #[arg(long, requires = "command", value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,
    /// Draw the order of the runs from this number [default: drawn by the two commits].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Leave out the control, the base against itself.
    #[arg(long)]
    pub(crate) no_control: bool,
    /// The benchmark command, after `--`.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// What to compare against [default: merge base with the default branch].
    #[arg(value_name = "BASE")]
    pub(crate) base: Option<String>,
    /// The commit that is judged [default: HEAD].
    #[arg(value_name = "HEAD")]
    pub(crate) head: Option<String>,
    /// Unproven fails, too.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
    /// Label of the environment [default: <os>-<arch>].
    #[arg(long, value_name = "LABEL")]
    pub(crate) env: Option<String>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) lab: LabArgs,
}

#[derive(Debug, Args)]
pub(crate) struct Bisect {
    /// FEATURE/LIMIT or BENCHMARK[:METRIC]; a metric alone for a command that measures one benchmark.
    #[arg(value_name = "SERIES")]
    pub(crate) series: String,
    /// A commit at which it was well [default: the last before the change in the history].
    #[arg(long, value_name = "REV")]
    pub(crate) good: Option<String>,
    /// A commit at which it is not [default: the first after the change; HEAD with --good].
    #[arg(long, value_name = "REV")]
    pub(crate) bad: Option<String>,
    /// Stop when one commit is so likely.
    #[arg(long, default_value_t = 0.95, value_name = "P", value_parser = probability)]
    pub(crate) confidence: f64,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) lab: LabArgs,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if p > 0.5 && p < 1.0 => Ok(p),
        _ => Err(format!(
            "`{text}` is not between 0.5 and 1: write for example 0.95"
        )),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Time for the measurement [default: 10s].
    #[arg(long, value_name = "TIME", value_parser = plimsoll::budget::parse_duration)]
    pub(crate) time: Option<std::time::Duration>,
    /// Only look, measure nothing.
    #[arg(long)]
    pub(crate) no_measure: bool,
    /// Make a new database from the data branch (`remote`) or from a folder of run files, and from
    /// every sound run of the old one, which is kept.
    #[arg(long, value_name = "remote|DIR", conflicts_with_all = ["time", "no_measure"])]
    pub(crate) rebuild_from: Option<String>,
    /// Work so many rounds and end: what is measured where the project names no benchmark.
    #[arg(long, hide = true)]
    pub(crate) spin: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Folder that receives one page a command [default: the main page, printed].
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Write the hook where git looks for it; another hook or hook manager is left alone.
    Install,
    /// Remove the hook that `install` wrote.
    Remove,
    /// Measure a push: what git runs, with its lines on standard input.
    PrePush(PrePush),
}

#[derive(Debug, Args)]
pub(crate) struct PrePush {
    /// Name of the remote, as git gives it, and its address.
    #[arg(value_name = "REMOTE")]
    remote: Vec<String>,
}

impl PrePush {
    /// The remote's name.
    pub(crate) fn remote(&self) -> &str {
        self.remote.first().map_or("origin", String::as_str)
    }
}

/// What a ledger is summed up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Tags of the branch.
    Release,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// FEATURE, FEATURE/LIMIT, or BENCHMARK[:METRIC][{tag=v}][@ENV]; a unique prefix suffices.
    #[arg(value_name = "FEATURE or SERIES")]
    pub(crate) name: Option<String>,
    /// What was spent since a pinned commit: tag:NAME, commit:ID, date:2026-05-01, or start (the
    /// commit that added the feature's budget file).
    #[arg(long, value_name = "ANCHOR", requires = "name")]
    pub(crate) since: Option<String>,
    /// Sum up what each release spent; without --since from the first result on.
    #[arg(long, value_enum, value_name = "WHAT", requires = "name")]
    pub(crate) by: Option<By>,
    /// Say what every verdict on it rests on: the gates in order, what each asked, found and decided;
    /// and what else moved with what is over.
    #[arg(long, requires = "name", conflicts_with_all = ["since", "by"])]
    pub(crate) explain: bool,
    /// The commit whose verdicts are explained [default: HEAD, else the newest measured one before it].
    #[arg(long, value_name = "REV", requires = "explain")]
    pub(crate) commit: Option<String>,
    /// What it is judged against, as for `check`.
    #[arg(long, value_name = "REV", requires = "explain")]
    pub(crate) base: Option<String>,
    /// How the explanation is written.
    #[arg(long, value_enum, default_value_t = Format::Table, requires = "explain")]
    pub(crate) format: Format,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// CSV or NDJSON files; - is standard input.
    #[arg(required = true, value_name = "FILES")]
    pub(crate) files: Vec<PathBuf>,
    /// Report a change when its p-value is at most this, or was when it was new and is still at
    /// most 0.05: alarms do not flicker.
    #[arg(long, default_value_t = 0.005, value_name = "P")]
    pub(crate) p: f64,
    /// Report only changes of at least this share, such as 0.02.
    #[arg(long, default_value_t = 0.0, value_name = "FRACTION")]
    pub(crate) min_effect: f64,
    /// Report only changes in this direction.
    #[arg(long, value_enum, value_name = "WAY")]
    pub(crate) direction: Option<Way>,
    /// Draw each series into an SVG file in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Which way a value moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// The level grew.
    Up,
    /// The level fell.
    Down,
}

/// The form of a table of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// A header and one line a point.
    Csv,
    /// One JSON object a point, `plimsoll.point/1`.
    Ndjson,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// csv or ndjson.
    #[arg(
        value_enum,
        value_name = "csv|ndjson",
        hide_possible_values = true,
        required_unless_present = "runs"
    )]
    pub(crate) form: Option<Table>,
    /// Write every run, raw samples included, as a file below this folder
    /// (runs/v1/<month>/<commit>-<digest>.json); `plimsoll import --runs` takes them back.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["form", "selection", "output", "raw"])]
    pub(crate) runs: Option<PathBuf>,
    /// With --runs: leave out raw samples where all files together would have more bytes.
    #[arg(long, value_name = "BYTES", requires = "runs")]
    pub(crate) at_most: Option<u64>,
    /// FEATURE, FEATURE/LIMIT, a series as `plimsoll log` takes it, or a pattern with * [default: everything].
    #[arg(value_name = "SELECTION")]
    pub(crate) selection: Option<String>,
    /// File that receives the points [default: standard output].
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// CSV: leave names as they are, even where a spreadsheet would take them for formulas.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files or folders of the other tracker.
    #[arg(required_unless_present = "runs", value_name = "FILES or FOLDERS")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take run files and packs from this folder: an export, or a checkout of the data branch.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["paths", "from", "env", "dry_run"])]
    pub(crate) runs: Option<PathBuf>,
    /// The tracker, instead of finding it by content: github-action-benchmark, asv, bencher, csv.
    #[arg(long, value_name = "TRACKER")]
    pub(crate) from: Option<String>,
    /// Label of the environment [default: the machine that the file names, else `imported`].
    #[arg(long, value_name = "LABEL", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) env: Option<String>,
    /// Only say what was understood: nothing is stored.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Folder that receives the pages; with --single-file, the file.
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
    /// Write one file that holds everything, to be mailed or attached: -o is its name.
    #[arg(long)]
    pub(crate) single_file: bool,
    /// Folder of templates, style or script that replace plimsoll's own of the same name.
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
    /// The moment from which relative times count [default: now].
    #[arg(long, value_name = "RFC 3339")]
    pub(crate) now: Option<jiff::Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder that receives the project [default: a new one among temporary files].
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Seed of the model that makes the measurements.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}
