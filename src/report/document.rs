//! `plimsoll.check/1` read back: what a comment, a check run or another program knows of a check.
//!
//! The comment is made from the same JSON that programs get, so the two cannot differ. Unknown
//! fields are ignored and absent ones have defaults, as the contract asks of its readers. A
//! document may come from a fork: bounds are checked here, text is escaped where it is written.

use super::check::CheckView;
use super::json;
use crate::model::{Direction, Tags, Unit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a document was refused.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not of this shape.
    #[error("not a check's JSON: {0}")]
    Shape(String),
    /// Another schema, or a newer version of it.
    #[error("its schema is \"{0}\", this plimsoll reads \"plimsoll.check/1\"")]
    Schema(String),
    /// More than any real check holds.
    #[error("it holds {0} limits, more than the {1} that are read")]
    TooMany(usize, usize),
}

/// The most limits that are read from one document.
const LIMITS: usize = 200_000;

/// One check as its JSON tells it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CheckDocument {
    schema: String,
    /// The exit code of the check: 0, 1 or 2.
    pub exit: u8,
    /// The worst verdict.
    pub verdict: String,
    /// The commit that was judged.
    pub commit: String,
    /// First line of its message.
    #[serde(default)]
    pub subject: String,
    /// What it was judged against; `None` for the state of a branch.
    #[serde(default)]
    pub base: Option<BaseDocument>,
    /// Labels of the environments, joined by `, `.
    #[serde(default)]
    pub environment: String,
    /// Names of the machines.
    #[serde(default)]
    pub machines: Vec<String>,
    /// `history` or `paired`.
    #[serde(default)]
    pub mode: String,
    /// How many series were expected and judged.
    #[serde(default)]
    pub census: CensusDocument,
    /// Every rule of every limit on every series, worst first.
    #[serde(default)]
    pub limits: Vec<LimitDocument>,
    /// Faults of budgets that only data shows.
    #[serde(default)]
    pub findings: Vec<FindingDocument>,
    /// Whole sentences that a reader must know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Rules that a paired check could not judge although their series were measured.
    #[serde(default)]
    pub left_out: Vec<LeftOutDocument>,
    /// Tighter limits that the history has earned.
    #[serde(default)]
    pub ratchet: RatchetDocument,
}

/// A rule that pairs cannot judge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct LeftOutDocument {
    /// The feature's name.
    pub feature: String,
    /// The limit's id.
    pub limit: String,
    /// Name of the rule.
    #[serde(default)]
    pub rule: String,
    /// Why: `needs-history`, `not-by-pairs`, `other-environment`, `no-base`.
    #[serde(default)]
    pub reason: String,
}

/// Proposals of tighter limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct RatchetDocument {
    /// One a limit.
    pub proposals: Vec<ProposalDocument>,
    /// A unified diff of the budget files.
    pub patch: String,
}

/// One tighter limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct ProposalDocument {
    /// What is proposed and why, a sentence.
    pub why: String,
}

/// What a check was judged against.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BaseDocument {
    /// The commit.
    pub commit: String,
    /// How it was chosen.
    #[serde(default)]
    pub how: String,
}

/// How many series were expected, judged, and why the others were not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct CensusDocument {
    /// Series a limit expects.
    pub expected: usize,
    /// Series with an answer.
    pub judged: usize,
    /// Why the others have none.
    pub reasons: BTreeMap<String, usize>,
}

/// The series of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SeriesDocument {
    /// What was exercised.
    pub benchmark: String,
    /// What was measured.
    pub metric: String,
    /// The slice.
    #[serde(default)]
    pub tags: Tags,
    /// Label of the environment.
    #[serde(default)]
    pub env: String,
}

/// A slice of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SliceDocument {
    /// It is the worst of its tag: the others are not shown.
    #[serde(default)]
    pub worst: bool,
}

/// One rule of one limit on one series. Values in `unit`, effects as fractions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LimitDocument {
    /// The feature's name.
    pub feature: String,
    /// The limit's id.
    pub limit: String,
    /// `max`, `regress`, …
    #[serde(default)]
    pub rule: Option<String>,
    /// Who answers for it.
    #[serde(default)]
    pub owner: String,
    /// `symptom`, or `cause`, which explains and fails nothing.
    #[serde(default)]
    pub kind: String,
    /// The series; `None` where the selector matches nothing.
    #[serde(default)]
    pub series: Option<SeriesDocument>,
    /// `within over unproven missing accepted inherited`.
    pub verdict: String,
    /// It got better.
    #[serde(default)]
    pub improved: bool,
    /// Why the verdict is not a plain within or over.
    #[serde(default)]
    pub reason: Option<String>,
    /// Why this verdict and what next, in one sentence.
    #[serde(default)]
    pub why: String,
    /// The judged value.
    #[serde(default)]
    pub value: Option<f64>,
    /// Unit of value, limit and level.
    #[serde(default = "no_unit")]
    pub unit: Unit,
    /// Which way is better.
    #[serde(default = "lower")]
    pub direction: Direction,
    /// Runs of the head.
    #[serde(default)]
    pub runs: usize,
    /// The limit as a value.
    #[serde(default)]
    pub limit_value: Option<f64>,
    /// The relative change that is allowed.
    #[serde(default)]
    pub allowed: Option<f64>,
    /// Share of the limit that is used.
    #[serde(default)]
    pub used: Option<f64>,
    /// The change against the base.
    #[serde(default)]
    pub effect: Option<f64>,
    /// Lower 95 % bound of it.
    #[serde(default)]
    pub effect_low: Option<f64>,
    /// Upper 95 % bound of it.
    #[serde(default)]
    pub effect_high: Option<f64>,
    /// The present level.
    #[serde(default)]
    pub level: Option<f64>,
    /// p-value after control over all rules of the check.
    #[serde(default)]
    pub p_adjusted: Option<f64>,
    /// The smallest change that could have been seen.
    #[serde(default)]
    pub smallest_effect: Option<f64>,
    /// Points of the base.
    #[serde(default)]
    pub points: usize,
    /// Commits that may have brought it.
    #[serde(default)]
    pub suspects: Vec<String>,
    /// The commit that most likely brought it.
    #[serde(default)]
    pub introduced_by: Option<String>,
    /// Which slice of its limit it is, where slices are judged one by one.
    #[serde(default)]
    pub slice: Option<SliceDocument>,
    /// The newest values, oldest first, the head last.
    #[serde(default)]
    pub trend: Vec<Option<f64>>,
    /// What else moved at the same change.
    #[serde(default)]
    pub causes: Vec<CauseDocument>,
}

/// Something that moved with an over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct CauseDocument {
    /// What, by how much, and how much of the symptom goes with it: a sentence.
    pub why: String,
}

/// A fault of a budget that only data shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FindingDocument {
    /// Its stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub help: String,
    /// `file:line:column`.
    #[serde(default)]
    pub place: Option<String>,
}

fn no_unit() -> Unit {
    Unit::Other(String::new())
}

fn lower() -> Direction {
    Direction::Lower
}

impl CheckDocument {
    /// Reads the JSON of one check.
    ///
    /// # Errors
    /// Where it is something else, with the place in the file.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let document: Self = serde_path_to_error::deserialize(&mut json)
            .map_err(|e| DocumentError::Shape(e.to_string()))?;
        json.end()
            .map_err(|e| DocumentError::Shape(e.to_string()))?;
        if document.schema != "plimsoll.check/1" {
            return Err(DocumentError::Schema(super::text::plain_up_to(
                &document.schema,
                60,
            )));
        }
        if document.limits.len() > LIMITS {
            return Err(DocumentError::TooMany(document.limits.len(), LIMITS));
        }
        Ok(document)
    }

    /// The document of a check that was made here.
    ///
    /// # Errors
    /// Never for a view that this crate made: its own JSON is readable.
    pub fn of(view: &CheckView) -> Result<Self, DocumentError> {
        Self::parse(&json::check(view))
    }
}

impl LimitDocument {
    /// A verdict that fails a check by itself.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.verdict == "missing" || self.verdict == "over" && self.kind != "cause"
    }

    /// It holds something a reader must see: not plainly within, or better than before.
    #[must_use]
    pub fn matters(&self) -> bool {
        self.verdict != "within" || self.is_better() || self.reason.is_some()
    }

    /// Better by more than chance and by so much that zero is not inside the interval that is shown.
    #[must_use]
    pub fn is_better(&self) -> bool {
        let clear = match (self.effect_low, self.effect_high) {
            (Some(low), Some(high)) => low > 0.0 || high < 0.0,
            _ => true,
        };
        self.improved && clear
    }

    /// Not enough evidence, and not merely for being new.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        self.verdict == "unproven" && !self.is_learning()
    }

    /// Too new to be judged.
    #[must_use]
    pub fn is_learning(&self) -> bool {
        self.verdict == "unproven" && self.reason.as_deref() == Some("learning")
    }
}

/// One check of a comment: a whole one, or one part of a build matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Where it came from (a file's name), to name a part that cannot be read.
    pub name: String,
    /// What it says, or why it cannot be read.
    pub check: Result<CheckDocument, String>,
}

/// All parts in one: numbers, the worst verdict and the exit code.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// Limits that were asked about.
    pub limits: usize,
    /// Proven over; causes not counted.
    pub over: usize,
    /// Expected and not measured.
    pub missing: usize,
    /// Not enough evidence, learning apart.
    pub unproven: usize,
    /// Too new to be judged.
    pub learning: usize,
    /// Over already at the base.
    pub inherited: usize,
    /// Over, and taken on purpose.
    pub accepted: usize,
    /// Within.
    pub within: usize,
    /// Better than before, whatever the verdict.
    pub improved: usize,
    /// Rules that a paired check left to another one.
    pub left_out: usize,
    /// Parts that could not be read.
    pub unreadable: usize,
    /// The greatest share of a limit that is used.
    pub used_max: Option<f64>,
    /// 1 if any part is over, else 2 if any is in trouble, else 0.
    pub exit: u8,
}

impl Tally {
    /// Adds up the parts. No part at all is trouble: nothing was judged.
    #[must_use]
    pub fn of(parts: &[Part]) -> Self {
        let mut all = Self::default();
        let mut exits = Vec::new();
        for part in parts {
            let Ok(check) = &part.check else {
                all.unreadable += 1;
                exits.push(2);
                continue;
            };
            exits.push(check.exit);
            all.left_out += check.left_out.len();
            for limit in &check.limits {
                all.add(limit);
            }
        }
        all.exit = match exits.iter().max() {
            _ if exits.contains(&1) => 1,
            Some(0) => 0,
            _ => 2,
        };
        all
    }

    fn add(&mut self, limit: &LimitDocument) {
        self.limits += 1;
        self.improved += usize::from(limit.is_better());
        let count = match limit.verdict.as_str() {
            "over" if limit.kind == "cause" => return,
            "over" => &mut self.over,
            "missing" => &mut self.missing,
            "within" => &mut self.within,
            "inherited" => &mut self.inherited,
            "accepted" => &mut self.accepted,
            _ if limit.is_learning() => &mut self.learning,
            _ => &mut self.unproven,
        };
        *count += 1;
        if let Some(used) = limit.used.filter(|used| used.is_finite()) {
            self.used_max = Some(self.used_max.map_or(used, |most| most.max(used)));
        }
    }

    /// One word for all, as in the JSON contract.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self {
            _ if self.over > 0 => "over",
            _ if self.missing + self.unreadable > 0 || self.judges_nothing() => "missing",
            _ if self.unproven + self.learning > 0 || self.limits == 0 => "unproven",
            _ if self.inherited > 0 => "inherited",
            _ if self.accepted > 0 => "accepted",
            _ => "within",
        }
    }

    fn judges_nothing(&self) -> bool {
        self.limits + self.left_out == 0
    }

    /// Something a reader who did not ask must see: over, missing, unproven, better or creeping.
    #[must_use]
    pub fn is_loud(&self) -> bool {
        self.exit != 0 || self.over + self.missing + self.unproven + self.improved > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_document_is_read_and_others_are_named() {
        let least = r#"{"schema":"plimsoll.check/1","exit":0,"verdict":"within","commit":"aa",
            "later":"unknown fields are for newer readers"}"#;
        assert!(CheckDocument::parse(least).unwrap().limits.is_empty());
        let said = CheckDocument::parse(&least.replace("check/1", "check/2")).unwrap_err();
        assert!(said.to_string().contains("check/2"), "{said}");
        let said =
            CheckDocument::parse(&least.replace("\"exit\":0", "\"exit\":\"0\"")).unwrap_err();
        assert!(said.to_string().contains("exit"), "{said}");
        assert!(CheckDocument::parse("").is_err());
        assert!(CheckDocument::parse(&format!("{least}{least}")).is_err());
    }
}
