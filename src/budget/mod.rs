//! Budgets: one TOML file per feature, with an owner.
//!
//! A file is read into a raw spanned form and then into [`Budget`], which cannot be wrong. All
//! faults of all files are found at once, each at its place with what to do next. What only data
//! can show (a selector that matches nothing, a limit in the wrong unit) is found in `verdict`.

mod parse;
mod quantity;
mod reader;
mod rename;
mod select;
mod settings;

pub use parse::{load_folder, parse};
pub use quantity::{Dimension, Quantity, parse_percent};
pub use rename::{Rename, Renames};
pub use select::{Headlines, Pattern, Selector};
pub use settings::{Settings, parse_settings};

use crate::diag::SourceSpan;
use crate::model::Direction;
use jiff::civil::Date;
use std::path::PathBuf;

/// One feature's rules.
#[derive(Debug, Clone)]
pub struct Budget {
    /// The file it stands in.
    pub file: PathBuf,
    /// The feature's name, unique among all files.
    pub feature: String,
    /// Who answers for it.
    pub owner: String,
    /// What the user does.
    pub journey: Option<String>,
    /// Globs of the source files that belong to it.
    pub paths: Vec<Pattern>,
    /// Its limits, at least one.
    pub limits: Vec<Limit>,
    /// Changes that the owner took on purpose.
    pub accepted: Vec<Acceptance>,
}

/// A symptom may fail a change; a cause only explains or warns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// What the user feels.
    #[default]
    Symptom,
    /// What explains it.
    Cause,
}

/// What an unproven or missing verdict does to the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// It is said.
    Warn,
    /// It fails the check.
    Fail,
}

/// One limit: a selection of series and the rules they are judged by.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Its id, unique inside its feature.
    pub id: String,
    /// Symptom or cause.
    pub kind: Kind,
    /// Which series.
    pub select: Selector,
    /// Where the selection is written.
    pub select_at: SourceSpan,
    /// Which way is better, where the owner says it.
    pub direction: Option<Direction>,
    /// The absolute limit: at most this where lower is better, at least this where higher is.
    pub max: Option<Quantity>,
    /// Where `max` is written.
    pub max_at: Option<SourceSpan>,
    /// The limit of one change.
    pub regress: Option<Regress>,
    /// How much evidence is asked for.
    pub min: Minimum,
    /// Exact counters: one run decides, no statistics.
    pub deterministic: bool,
    /// What an unproven verdict does; default warn.
    pub unproven: Consequence,
    /// What a missing verdict does; default fail.
    pub missing: Consequence,
}

/// How much worse one change may make it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regress {
    /// Fraction of worsening that is too much, positive whatever the direction.
    pub limit: f64,
    /// Fraction from which it is said.
    pub warn: Option<f64>,
    /// Written as a fall (`-5%`), as for metrics where higher is better.
    pub falls: bool,
}

/// The least evidence that a limit asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minimum {
    /// Points of the base.
    pub points: usize,
    /// Runs of the head.
    pub runs: usize,
    /// Samples inside each run.
    pub samples: u64,
}

impl Default for Minimum {
    fn default() -> Self {
        Self {
            points: 5,
            runs: 1,
            samples: 0,
        }
    }
}

/// Which rule of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The absolute limit.
    Max,
    /// The limit of one change.
    Regress,
}

impl Rule {
    /// `max` or `regress`, as in a budget file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Regress => "regress",
        }
    }
}

/// A change that its owner took on purpose.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Its id.
    pub id: String,
    /// The limit it is about.
    pub limit: String,
    /// The rule it is about; `None` is both.
    pub rule: Option<Rule>,
    /// The commit that brought the change, as written.
    pub commit: Option<String>,
    /// The level before the change.
    pub level_before: Quantity,
    /// How much worse than that it may get, as a fraction.
    pub ceiling: f64,
    /// Why.
    pub reason: String,
    /// The issue that will undo it.
    pub issue: Option<String>,
    /// Who.
    pub by: String,
    /// Since when.
    pub created: Option<Date>,
    /// Until when, inclusive.
    pub expires: Date,
    /// Where it is written.
    pub at: SourceSpan,
}
