//! Arguments of what speaks to GitHub.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Default, Args)]
pub(crate) struct Comment {
    /// What `plimsoll check --format json` wrote; may be given several times, for the parts of a
    /// build matrix.
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Vec<PathBuf>,
    /// Second stage of a fork's pull request: the folder with the run files of the first.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["check", "start"])]
    pub(crate) from_artifact: Option<PathBuf>,
    /// The workflow file that may have made the artifact.
    #[arg(
        long,
        value_name = "PATH",
        default_value = ".github/workflows/plimsoll.yml"
    )]
    pub(crate) expect_workflow: String,
    /// Only print what would be sent.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Which of several comments on one pull request: letters, digits, dot, dash.
    #[arg(long, value_name = "KEY", default_value = "default")]
    pub(crate) key: String,
    /// When a comment is made.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub(crate) when: When,
    /// What fails; trouble fails always.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = FailOn::Over)]
    pub(crate) fail_on: FailOn,
    /// Address of the HTML report, for a link.
    #[arg(long, value_name = "URL")]
    pub(crate) report_url: Option<String>,
    /// The benchmark command, for the line that tells how to reproduce a result.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) bench: Option<String>,
    /// Account whose comments are ours [default: github-actions[bot], or that of a personal token].
    #[arg(long, value_name = "LOGIN")]
    pub(crate) author: Option<String>,
    /// Folder of the budget files, with --from-artifact [default: budgets at the root].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
    /// Only open the check run, before anything is measured, and print its number.
    #[arg(long)]
    pub(crate) start: bool,
    /// The check run that --start opened.
    #[arg(
        long,
        value_name = "NUMBER",
        hide = true,
        conflicts_with = "from_artifact"
    )]
    pub(crate) check_run: Option<u64>,
}

/// When a comment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum When {
    /// A new one when there is something to tell; an existing one is kept up to date.
    #[default]
    Auto,
    /// Each time.
    Always,
    /// Not at all.
    Never,
}

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FailOn {
    /// Proven over.
    #[default]
    Over,
    /// Not proven within.
    Unproven,
    /// Nothing but trouble.
    Never,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Action {}
