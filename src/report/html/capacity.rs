//! Capacity on the page of a feature: will it hold on the day?

use super::ReportError;
use crate::report::capacity::{CapacityView, heading, lines, milestone, rows, tail, word};
use crate::report::{chart, text};
use crate::verdict::Verdict;
use serde::Serialize;

/// One sweep on a page.
#[derive(Debug, Serialize)]
pub(super) struct CapacityPart {
    heading: String,
    milestones: Vec<MilestoneRow>,
    lines: Vec<(&'static str, String)>,
    chart: String,
    tail: String,
    rows: Vec<[String; 5]>,
    checks: Vec<CheckRow>,
}

#[derive(Debug, Serialize)]
struct MilestoneRow {
    word: &'static str,
    class: &'static str,
    name: String,
    date: String,
    needed: String,
    sentence: String,
}

#[derive(Debug, Serialize)]
struct CheckRow {
    name: &'static str,
    word: &'static str,
    detail: String,
}

impl CapacityPart {
    pub(super) fn new(view: &CapacityView) -> Result<Self, ReportError> {
        let of = &view.capacity;
        let rate = |value: f64| text::value(value, &crate::model::Unit::PerSecond);
        Ok(Self {
            heading: heading(view),
            milestones: view
                .milestones
                .iter()
                .map(|found| MilestoneRow {
                    word: word(found.verdict),
                    class: match found.verdict {
                        Verdict::Over | Verdict::Missing => "broken",
                        Verdict::Within => "ok",
                        _ => "unproven",
                    },
                    name: text::plain(&found.name),
                    date: found.date.to_string(),
                    needed: rate(found.needed),
                    sentence: milestone(found, of),
                })
                .collect(),
            lines: lines(view),
            chart: chart::capacity(view)?.unwrap_or_default(),
            tail: tail(of),
            rows: rows(of),
            checks: of
                .checks
                .iter()
                .map(|check| CheckRow {
                    name: check.name,
                    word: match check.ok {
                        Some(true) => "ok",
                        Some(false) => "fails",
                        None => "skipped",
                    },
                    detail: text::plain(&check.detail),
                })
                .collect(),
        })
    }
}
