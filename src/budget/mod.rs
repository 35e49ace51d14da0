//! Budgets: one TOML file per feature, with an owner.
//!
//! A file is read into a raw spanned form and then into [`Budget`], which cannot be wrong. All
//! faults of all files are found at once, each at its place with what to do next. What only data
//! can show (a selector that matches nothing, a limit in the wrong unit) is found in `verdict`.

mod accept;
mod capacity;
mod format;
mod lab;
mod loosened;
mod naming;
mod parse;
mod quantity;
mod reader;
mod rename;
mod rules;
mod schema;
mod select;
mod settings;
mod sync;

pub use accept::{AcceptError, NewAcceptance, holds_acceptance};
pub use capacity::{
    CapacityRule, Coefficients, DAYS_A_MONTH, Demand, Milestone, ScaleUnit, Wanted,
};
pub use lab::{Hook, Lab, parse_duration};
pub use loosened::{loosened, says_loosened};
pub use naming::{NameError, Named, Names, spells};
pub use parse::{load_files, load_folder, parse};
pub use quantity::{Dimension, Quantity, parse_percent};
pub use rename::{Rename, Renames};
pub use rules::{
    Anchor, Complexity, Creep, Drift, Growth, Guard, Ratchet, Regress, Rule, Scaling, Slice,
    Window, Worsening,
};
pub use schema::{budget_schema, settings_schema};
pub use select::{Headlines, Pattern, Selector};
pub use settings::{Settings, environment_label, parse_settings};
pub use sync::{SyncSettings, is_ref_part};

use crate::diag::SourceSpan;
use crate::model::{Direction, SeriesKey};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One feature's rules.
#[derive(Debug, Clone)]
pub struct Budget {
    /// The file it stands in.
    pub file: PathBuf,
    /// The feature's name, unique among all files.
    pub feature: String,
    /// Who answers for it.
    pub owner: String,
    /// Where the owner is written.
    pub owner_at: SourceSpan,
    /// What the user does.
    pub journey: Option<String>,
    /// Globs of the source files that belong to it.
    pub paths: Vec<Pattern>,
    /// Its limits, at least one.
    pub limits: Vec<Limit>,
    /// Changes that the owner took on purpose.
    pub accepted: Vec<Acceptance>,
    /// Demands with a date.
    pub milestones: Vec<Milestone>,
    /// What is asked for now.
    pub demand: Option<Demand>,
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
    /// `regress` compares with this slice of the same runs; `None`: with the base.
    pub versus: Option<Slice>,
    /// The limit of all changes since a pinned commit.
    pub drift: Option<Drift>,
    /// The limit of slope and small steps.
    pub creep: Option<Creep>,
    /// The tag that holds the size, for `growth` and `complexity`.
    pub by: Option<String>,
    /// The limit of a counter's growth with size.
    pub growth: Option<Growth>,
    /// The limit of the exponent in the size.
    pub complexity: Option<Complexity>,
    /// The limit of the ratio between two sizes.
    pub scaling: Option<Scaling>,
    /// Tags whose values are judged one by one.
    pub slices: Vec<String>,
    /// The metric without which the value means nothing.
    pub guard: Option<Guard>,
    /// When a tighter `max` is proposed.
    pub ratchet: Option<Ratchet>,
    /// What a sweep of load steps must carry.
    pub capacity: Option<CapacityRule>,
    /// How units of it add up.
    pub scale_unit: Option<ScaleUnit>,
    /// Where each key is written.
    pub places: BTreeMap<String, SourceSpan>,
    /// How much evidence is asked for.
    pub min: Minimum,
    /// Exact counters: one run decides, no statistics.
    pub deterministic: bool,
    /// What an unproven verdict does; default warn.
    pub unproven: Consequence,
    /// What a missing verdict does; default fail.
    pub missing: Consequence,
}

impl Budget {
    /// Names its file as `name` says, everywhere.
    pub fn rename(&mut self, name: impl Fn(&Path) -> PathBuf) {
        self.file = name(&self.file);
        self.owner_at.file = name(&self.owner_at.file);
        for limit in &mut self.limits {
            limit.select_at.file = name(&limit.select_at.file);
            let places = limit.places.values_mut().chain(&mut limit.max_at);
            places.for_each(|at| at.file = name(&at.file));
        }
        for accepted in &mut self.accepted {
            accepted.at.file = name(&accepted.at.file);
        }
        for milestone in &mut self.milestones {
            milestone.at.file = name(&milestone.at.file);
        }
    }
}

impl Limit {
    /// The pinned commits that its rules count from.
    pub fn anchors(&self) -> impl Iterator<Item = &Anchor> {
        let sweep = self.capacity.as_ref().and_then(|rule| rule.drift.as_ref());
        let own = self.drift.as_ref().map(|drift| &drift.anchor);
        own.into_iter().chain(sweep.map(|(anchor, _)| anchor))
    }

    /// Its rules, in the order in which they are judged; at least one.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let there = [
            (Rule::Max, self.max.is_some()),
            (Rule::Regress, self.regress.is_some()),
            (Rule::Drift, self.drift.is_some()),
            (Rule::Creep, self.creep.is_some()),
            (Rule::Growth, self.growth.is_some()),
            (Rule::Complexity, self.complexity.is_some()),
            (Rule::Scaling, self.scaling.is_some()),
            (Rule::Capacity, self.capacity.is_some()),
        ];
        let there = there.into_iter().filter(|(_, there)| *there);
        there.map(|(rule, _)| rule).collect()
    }

    /// Whether the limit needs the values of a series: to judge it, or to judge another by it.
    #[must_use]
    pub fn reads(&self, key: &SeriesKey, headlines: &Headlines) -> bool {
        let select = &self.select;
        let here = || {
            select.benchmark.matches(&key.benchmark)
                && select.env.as_ref().is_none_or(|env| env.matches(&key.env))
        };
        select.matches(key, headlines)
            || self
                .guard
                .as_ref()
                .is_some_and(|guard| guard.metric == key.metric && here())
            || self
                .versus
                .as_ref()
                .is_some_and(|slice| key.tags.get(&slice.tag) == Some(&slice.value) && here())
    }

    /// Where a key of the limit is written; where its selection is, if it is not written.
    #[must_use]
    pub fn place(&self, key: &str) -> &SourceSpan {
        self.places.get(key).unwrap_or(&self.select_at)
    }
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

impl Acceptance {
    /// Whether it names this commit, abbreviated or not.
    #[must_use]
    pub fn names(&self, commit: &crate::model::CommitId) -> bool {
        let named = self.commit.as_deref();
        named.is_some_and(|own| own.len() >= 4 && commit.as_str().starts_with(own))
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
    /// The one series it is about, as `BENCHMARK:METRIC{tag=v}@ENV`; `None` is any of the limit.
    pub series: Option<String>,
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
