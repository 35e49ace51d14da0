//! Faults of budgets that only data shows, and faults of one file that others show.

use super::judge::Commits;
use super::rules::{attains, runs_a_side};
use super::select::faults_of_selection;
use super::{LimitVerdict, Verdict};
use crate::budget::{Budget, Headlines, Limit};
use crate::diag::{Diagnostic, Severity, SourceSpan};
use crate::model::Direction;
use crate::stats::median;
use crate::store::{Columns, SeriesRow};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// What budgets are held against.
#[derive(Clone, Copy)]
pub struct Audit<'a> {
    /// The budgets, as far as they could be understood.
    pub budgets: &'a [Budget],
    /// Everybody named in CODEOWNERS; `None` where there is no such file.
    pub owners: Option<&'a BTreeSet<String>>,
    /// Which commits the anchors name; `None` outside of a repository.
    pub commits: Option<&'a Commits>,
    /// All series of the store.
    pub series: &'a [SeriesRow],
    /// Their points, as long as `series`; empty ones are not looked at.
    pub columns: &'a [Columns],
}

/// So many of the newest values tell the present level.
const NEWEST: usize = 10;

fn finding(
    severity: Severity,
    code: &'static str,
    message: String,
    help: &str,
    at: &SourceSpan,
) -> Diagnostic {
    Diagnostic {
        severity,
        code,
        message,
        help: help.to_owned(),
        source: Some(at.clone()),
    }
}

/// Everything that can be found without judging a commit, in order of file and place.
#[must_use]
pub fn audit(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    found.extend(owners(audit));
    found.extend(anchors(audit));
    if !audit.series.is_empty() {
        found.extend(faults_of_selection(audit.budgets, audit.series));
        found.extend(levels(audit));
        found.extend(contradictions(audit));
        found.extend(two_maxima(audit));
        found.extend(unattainable(audit));
    }
    let place = |finding: &Diagnostic| {
        let at = finding.source.as_ref();
        at.map(|at| (at.file.clone(), at.line, at.column))
    };
    found.sort_by_key(place);
    found
}

/// Owners whom CODEOWNERS does not name.
#[must_use]
pub fn owners(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let Some(known) = audit.owners else {
        return Vec::new();
    };
    let unknown = |budget: &&Budget| !known.contains(&budget.owner.to_lowercase());
    audit
        .budgets
        .iter()
        .filter(unknown)
        .map(|budget| {
            finding(
                Severity::Warning,
                "owner-unknown",
                format!("CODEOWNERS does not name `{}`", budget.owner),
                "write an owner that it names, or add this one to it",
                &budget.owner_at,
            )
        })
        .collect()
}

/// Anchors that name no commit of this history.
#[must_use]
pub fn anchors(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let Some(commits) = audit.commits else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for budget in audit.budgets {
        let anchors = budget.limits.iter().flat_map(|limit| {
            let at = limit.place(if limit.drift.is_some() {
                "drift"
            } else {
                "capacity"
            });
            limit.anchors().map(move |anchor| (anchor, at))
        });
        for (anchor, at) in anchors {
            if commits.pin(&budget.file, anchor).is_none() {
                found.push(finding(
                    Severity::Error,
                    "anchor-unknown",
                    format!("`{}` names no commit of this history", anchor.describe()),
                    "fetch the tags (git fetch --tags), or pin another commit",
                    at,
                ));
            }
            let pinned = (budget.file.clone(), anchor.clone());
            if commits.bare.contains(&pinned) {
                found.push(finding(
                    Severity::Warning,
                    "anchor-not-measured",
                    format!(
                        "`{}` has no results, nor have the 50 commits before it",
                        anchor.describe()
                    ),
                    "measure that commit (plimsoll record --commit), or pin another",
                    at,
                ));
            }
        }
    }
    found
}

fn selected<'a>(audit: &'a Audit<'_>, limit: &'a Limit) -> impl Iterator<Item = usize> + 'a {
    let headlines = Headlines::new(audit.series.iter().map(|row| &row.key));
    (0..audit.series.len()).filter(move |i| limit.select.matches(&audit.series[*i].key, &headlines))
}

/// A `max` that the newest results all exceed.
fn levels(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in audit.budgets.iter().flat_map(|budget| &budget.limits) {
        let (Some(max), Some(at)) = (&limit.max, &limit.max_at) else {
            continue;
        };
        for index in selected(audit, limit) {
            let row = &audit.series[index];
            let values = &audit.columns[index].values;
            let newest = &values[values.len().saturating_sub(NEWEST)..];
            let direction = limit
                .direction
                .or(row.direction)
                .unwrap_or(Direction::Lower);
            let sign = direction.worsening_sign();
            let all_over = newest.iter().all(|value| sign * value > sign * max.value);
            if let (true, Some(_), Ok(())) = (all_over, median(newest), max.fits(&row.unit)) {
                found.push(finding(
                    Severity::Warning,
                    "max-beyond-level",
                    format!(
                        "all of the newest {} results of `{}` are worse than max = {}",
                        newest.len(),
                        row.key,
                        max.text
                    ),
                    "mend what is slow, accept it for a while with [[accepted]], or set a limit that can be met",
                    at,
                ));
                break;
            }
        }
    }
    found
}

/// Two limits that see one series as better in opposite directions.
fn contradictions(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let directed: Vec<(&Limit, Direction, BTreeSet<usize>)> = audit
        .budgets
        .iter()
        .flat_map(|budget| &budget.limits)
        .filter_map(|limit| Some((limit, limit.direction?, selected(audit, limit).collect())))
        .collect();
    let mut found = Vec::new();
    for (i, (limit, direction, series)) in directed.iter().enumerate() {
        for (other, opposite, others) in &directed[..i] {
            if let (true, Some(shared)) =
                (direction != opposite, series.intersection(others).next())
            {
                let at = other.place("direction");
                found.push(finding(
                    Severity::Error,
                    "contradictory-limits",
                    format!(
                        "`{}` is better {} here and the other way in limit `{}` ({}:{})",
                        audit.series[*shared].key,
                        direction.in_words(),
                        other.id,
                        at.file.display(),
                        at.line
                    ),
                    "one series has one direction: remove one, or select apart",
                    limit.place("direction"),
                ));
                break;
            }
        }
    }
    found
}

/// Two `max` of different size on one series: only the tighter one ever decides.
fn two_maxima(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let limits: Vec<(&str, &Limit, BTreeSet<usize>)> = audit
        .budgets
        .iter()
        .flat_map(|budget| {
            let own = budget.limits.iter();
            own.map(|limit| (budget.feature.as_str(), limit))
        })
        .filter(|(_, limit)| limit.max.is_some())
        .map(|(feature, limit)| (feature, limit, selected(audit, limit).collect()))
        .collect();
    let mut found = Vec::new();
    for (i, (_, limit, series)) in limits.iter().enumerate() {
        for (feature, other, others) in &limits[..i] {
            let (Some(max), Some(at)) = (&limit.max, &limit.max_at) else {
                continue;
            };
            let differs = other.max.as_ref().is_some_and(|own| {
                own.dimension == max.dimension && own.value.total_cmp(&max.value).is_ne()
            });
            if let (true, Some(shared)) = (differs, series.intersection(others).next()) {
                found.push(finding(
                    Severity::Warning,
                    "two-maxima",
                    format!(
                        "`{}` has max = {} here and max = {} in limit `{feature}/{}`",
                        audit.series[*shared].key,
                        max.text,
                        other.max.as_ref().map_or("", |own| own.text.as_str()),
                        other.id
                    ),
                    "only the tighter one ever decides: remove the other, or select apart",
                    at,
                ));
                break;
            }
        }
    }
    found
}

/// Comparisons of slices that ask for fewer runs than can decide among so many series.
fn unattainable(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let all: usize = audit
        .budgets
        .iter()
        .flat_map(|budget| &budget.limits)
        .map(|limit| selected(audit, limit).count())
        .sum();
    for limit in audit.budgets.iter().flat_map(|budget| &budget.limits) {
        let runs = limit.min.runs;
        if limit.versus.is_some() && !attains(runs, runs, all) {
            found.push(finding(
                Severity::Warning,
                "min-unattainable",
                format!(
                    "{runs} runs a side can never decide among the {all} series that are judged"
                ),
                &format!(
                    "write min = {{ runs = {} }} and record as many",
                    runs_a_side(all)
                ),
                limit.place(if limit.places.contains_key("min") {
                    "min"
                } else {
                    "regress"
                }),
            ));
        }
    }
    found
}

/// Acceptances that cover nothing any more: their limit was judged, and all of it is within.
#[must_use]
pub fn unused_acceptances(
    budgets: &[Budget],
    limits: &[LimitVerdict],
    today: Date,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for budget in budgets {
        for accepted in budget.accepted.iter().filter(|a| a.expires >= today) {
            let mut own = limits
                .iter()
                .filter(|v| v.feature == budget.feature && v.limit == accepted.limit)
                .filter(|v| accepted.rule.is_none_or(|rule| v.rule == Some(rule)))
                .peekable();
            if own.peek().is_some() && own.all(|v| v.judgement.verdict == Verdict::Within) {
                found.push(finding(
                    Severity::Warning,
                    "acceptance-unused",
                    format!(
                        "acceptance `{}` covers nothing: `{}` is within its limit",
                        accepted.id, accepted.limit
                    ),
                    "remove it: a budget that is met needs no waiver",
                    &accepted.at,
                ));
            }
        }
    }
    found
}
