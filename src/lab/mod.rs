//! Measuring here, on this machine: what a command used, two builds side by side, the commit that
//! brought a change, and whether this machine is fit to tell.
//!
//! Nothing here reads a clock or starts a process by itself: both come in as [`Clock`] and
//! [`Runner`], so that every test runs on fakes, always with the same result.

mod bench;
mod bisect;
mod doctor;
mod push;
mod sample;
mod schedule;
mod usage;
mod workshop;

pub use bench::{Bench, CommandBench, Commands, Program, Taken};
pub use bisect::{Aim, End, Found, Look, Posterior, Probe, Reading, bisect};
pub use doctor::{Finding, Grade, examine};
pub use push::{Choice, Update, choose, parse_updates, touched};
pub use sample::{Plan, Progress, Sampled, Watch, sample};
pub use schedule::{Random, Turn, turns};
pub use usage::{Usage, command_name, file_size, line_name, shell_line};
pub use workshop::{Built, Making, Workshop};

use crate::git::GitError;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// What time it is.
pub trait Clock {
    /// Time since some fixed moment; never goes back.
    fn now(&self) -> Duration;
    /// The time of day, as files are stamped with it.
    fn date(&self) -> SystemTime;
}

/// Starts programs.
pub trait Runner {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// Where it cannot be started, did not end before its deadline, or the user interrupted it. A
    /// program that fails is no error here: see [`Done::success`].
    fn run(&self, job: &Job) -> Result<Done, LabError>;
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Program and arguments, at least the program.
    pub command: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Variables that it gets beside those of plimsoll's own environment.
    pub vars: Vec<(String, String)>,
    /// When it is stopped.
    pub most: Option<Duration>,
}

/// A program that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// It said that all went well.
    pub success: bool,
    /// How it ended, in words.
    pub status: String,
    /// What it printed to standard output.
    pub printed: Vec<u8>,
    /// The end of what it printed to standard error.
    pub complained: String,
    /// What it used.
    pub usage: Usage,
}

/// The two builds of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// What is compared against.
    Base,
    /// What is judged.
    Head,
}

impl Side {
    /// `base` or `head`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Head => "head",
        }
    }
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The program does not exist or may not be run.
    #[error("cannot start `{program}`: {reason}")]
    Start {
        /// As it was given.
        program: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The program ended badly.
    #[error("{what} failed ({status}): `{command}`{}", tail(complained))]
    Failed {
        /// Which step, such as `the build of the base 1a2b3c4`.
        what: String,
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        complained: String,
    },
    /// The user asked to stop.
    #[error("interrupted: nothing was changed")]
    Interrupted,
    /// It took longer than it may.
    #[error("`{command}` was stopped after {} s", .after.as_secs())]
    TooSlow {
        /// The command line.
        command: String,
        /// The time that it had.
        after: Duration,
    },
    /// A folder or file of plimsoll's own cannot be used.
    #[error("{}: {reason}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// Another plimsoll measures in this repository.
    #[error("another plimsoll is measuring in this repository: wait for it to end")]
    Busy,
    /// git could not give the files of a commit.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Results that are not understood.
    #[error("{0}")]
    Results(String),
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(20)..];
    shown.iter().map(|line| format!("\n  | {line}")).collect()
}
