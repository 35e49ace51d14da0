//! Arguments of `plimsoll accept` and `plimsoll init`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The commit that brought the change (an abbreviated id, HEAD, a tag).
    #[arg(value_name = "CHANGE")]
    pub(crate) change: String,
    /// Why: the next reader has only this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Accept only what this limit says: ID, or FEATURE/LIMIT. May be repeated.
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit: Vec<String>,
    /// How much worse than the level before it may get [default: the present effect, its
    /// uncertainty included, rounded up].
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub(crate) ceiling: Option<String>,
    /// Until when: a date or a number of days, at most 180 days ahead.
    #[arg(long, value_name = "DATE or DAYS", default_value = "60d")]
    pub(crate) until: String,
    /// The issue that will undo it.
    #[arg(long, value_name = "ISSUE")]
    pub(crate) issue: Option<String>,
    /// Who accepts it [default: user.name of git].
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// What the change is judged against, as for `check`.
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,
    /// Judge only this environment.
    #[arg(long, value_name = "LABEL")]
    pub(crate) env: Option<String>,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Result files or folders to propose from [default: what was recorded]; nothing is stored.
    #[arg(value_name = "FILES or FOLDERS")]
    pub(crate) paths: Vec<PathBuf>,
    /// Label of the environment of the files [default: <os>-<arch>].
    #[arg(long, value_name = "LABEL", requires = "paths")]
    pub(crate) env: Option<String>,
    /// Write .github/workflows/plimsoll.yml, too: history on pushes, a verdict on pull requests.
    #[arg(long)]
    pub(crate) workflow: bool,
    /// The command that measures in the workflow [default: by what the project holds, such as cargo bench].
    #[arg(long, value_name = "COMMAND", requires = "workflow")]
    pub(crate) run: Option<String>,
    /// The action that the workflow uses [default: OWNER/plimsoll@v1, to be replaced].
    #[arg(long, value_name = "OWNER/NAME@REF", requires = "workflow")]
    pub(crate) action: Option<String>,
    /// Put the pre-push hook in place, too, as `plimsoll hook install` does.
    #[arg(long)]
    pub(crate) hook: bool,
    /// Folder of the budget files [default: budgets at the root of the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) budgets: Option<PathBuf>,
}
