//! Faults of budgets that only data shows, and faults of one file that others show.

use super::judge::{Commits, no_sizes, size_of, slices_without_series, too_few_sizes};
use super::rules::{attains, runs_a_side};
use super::select::faults_of_selection;
use super::{LimitVerdict, Verdict};
use crate::budget::{Budget, Headlines, Limit, Quantity};
use crate::diag::{Diagnostic, Severity, SourceSpan};
use crate::model::{Direction, SeriesKey, Unit};
use crate::stats::median;
use crate::store::{Columns, SeriesRow};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

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
        found.extend(max_inside_regress(audit));
        found.extend(unattainable(audit));
        found.extend(sizes(audit));
        found.extend(slices(audit));
        found.extend(guards(audit));
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
    // An owner that is not there is a fault of its own.
    let unknown = |budget: &&Budget| {
        !budget.owner.is_empty() && !known.contains(&budget.owner.to_lowercase())
    };
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

/// Limits with the names of their features and the series that they select.
fn named<'a>(
    audit: &'a Audit<'_>,
    wanted: impl Fn(&Limit) -> bool,
) -> Vec<(&'a str, &'a Limit, BTreeSet<usize>)> {
    let all = audit.budgets.iter().flat_map(|budget| {
        let own = budget.limits.iter();
        own.map(|limit| (budget.feature.as_str(), limit))
    });
    all.filter(|(_, limit)| wanted(limit))
        .map(|(feature, limit)| (feature, limit, selected(audit, limit).collect()))
        .collect()
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
            let values = audit.columns[index].values();
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
    let limits = named(audit, |limit| limit.max.is_some());
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

/// A `max` that is nearer to the present level than what another limit on the same series allows one
/// change: that other limit never decides.
fn max_inside_regress(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let limits = named(audit, |_| true);
    let mut found = Vec::new();
    for (_, limit, series) in &limits {
        let (Some(max), Some(at)) = (&limit.max, &limit.max_at) else {
            continue;
        };
        let others = limits
            .iter()
            .filter(|(_, other, _)| !std::ptr::eq(*other, *limit) && other.versus.is_none());
        let fault = others
            .filter_map(|(feature, other, own)| Some((feature, other, other.regress?, own)))
            .find_map(|(feature, other, regress, own)| {
                series.intersection(own).find_map(|index| {
                    let row = &audit.series[*index];
                    max.fits(&row.unit).ok()?;
                    let values = audit.columns.get(*index)?.values();
                    let level = median(&values[values.len().saturating_sub(NEWEST)..])?;
                    let sign = limit.direction.or(row.direction)?.worsening_sign();
                    let allowed = level + sign * level.abs() * regress.limit;
                    let inside = sign * max.value < sign * allowed
                        && sign * level < sign * max.value;
                    inside.then(|| {
                        let written = |value| Quantity::write(value, &row.unit);
                        (
                            format!(
                                "max = {} is nearer to the level {} of `{}` than what limit `{feature}/{}` allows one change ({})",
                                max.text,
                                written(level).unwrap_or_default(),
                                row.key,
                                other.id,
                                written(allowed).unwrap_or_default()
                            ),
                            "of the two only this one ever decides: raise it, or tighten the other",
                        )
                    })
                })
            });
        if let Some((message, help)) = fault {
            found.push(finding(
                Severity::Warning,
                "max-inside-regress",
                message,
                help,
                at,
            ));
        }
    }
    found
}

/// Rules over sizes whose series hold none, or too few to tell an exponent.
fn sizes(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in audit.budgets.iter().flat_map(|budget| &budget.limits) {
        let Some((rule, message, help)) = no_sizes(limit) else {
            continue;
        };
        let scaled = limit.scaling.as_ref().map(|scaling| &scaling.by);
        let Some(tag) = limit.by.as_ref().or(scaled) else {
            continue;
        };
        let mut families: BTreeMap<SeriesKey, Vec<f64>> = BTreeMap::new();
        let mut any = false;
        for index in selected(audit, limit) {
            any = true;
            let mut key = audit.series[index].key.clone();
            if let Some(size) = key.tags.get(tag).and_then(|text| size_of(text)) {
                key.tags.insert(tag.clone(), "*".to_owned());
                families.entry(key).or_default().push(size);
            }
        }
        if any && families.is_empty() {
            let at = limit.place(rule);
            found.push(finding(Severity::Error, "no-sizes", message, &help, at));
        }
        if limit.complexity.is_none() {
            continue;
        }
        let fault = families.into_values().find_map(|mut sizes| {
            sizes.sort_by(f64::total_cmp);
            too_few_sizes(&limit.id, &sizes)
        });
        if let Some((message, help)) = fault {
            let at = limit.place("complexity");
            let code = "too-few-sizes";
            found.push(finding(Severity::Error, code, message, &help, at));
        }
    }
    found
}

/// Slices that no series has.
fn slices(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in audit.budgets.iter().flat_map(|budget| &budget.limits) {
        let own = selected(audit, limit).map(|index| &audit.series[index].key);
        let own: Vec<&SeriesKey> = own.collect();
        if !own.is_empty() {
            found.extend(slices_without_series(limit, &own));
        }
    }
    found
}

/// Guards that nobody measures, and such as count another thing than their limit.
fn guards(audit: &Audit<'_>) -> Vec<Diagnostic> {
    let mut by_key: BTreeMap<&SeriesKey, Vec<&SeriesRow>> = BTreeMap::new();
    for row in audit.series {
        by_key.entry(&row.key).or_default().push(row);
    }
    let mut found = Vec::new();
    for limit in audit.budgets.iter().flat_map(|budget| &budget.limits) {
        let Some(guard) = &limit.guard else {
            continue;
        };
        let bounds = || guard.max.iter().chain(&guard.min);
        let fault = selected(audit, limit).find_map(|index| {
            let mut key = audit.series[index].key.clone();
            key.metric.clone_from(&guard.metric);
            let Some(rows) = by_key.get(&key) else {
                return Some((
                    "guard-not-measured",
                    format!("nobody ever measured the guard `{key}`"),
                    "record it with the same benchmark and tags, or name a metric that is recorded",
                ));
            };
            // Which of several units of one name is in use only a check can tell.
            let misfit = |row: &&SeriesRow| bounds().find_map(|bound| bound.fits(&row.unit).err());
            let reasons: Vec<String> = rows.iter().filter_map(misfit).collect();
            let reason = reasons.first().filter(|_| reasons.len() == rows.len())?;
            Some((
                "unit-misfit",
                format!("{reason} ({key})"),
                "a guard and its bound must count the same thing",
            ))
        });
        if let Some((code, message, help)) = fault {
            let at = limit.place("guard");
            found.push(finding(Severity::Error, code, message, help, at));
        }
    }
    found
}

/// From so many points on a lone run can be told from an outlier at 5 %: 1 ÷ (19 + 1).
const POINTS_OF_A_LONE_RUN: usize = 19;

/// A `min` that is too small ever to reach the level of its test: comparisons of slices with fewer
/// runs than can decide among so many series, and lone runs with fewer points than can tell them
/// from outliers.
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
        let written = limit.places.contains_key("min");
        let lone = runs == 1 && limit.min.points < POINTS_OF_A_LONE_RUN;
        let varies = |index: usize| {
            let unit = &audit.series[index].unit;
            !matches!(unit, Unit::Count | Unit::Bytes)
        };
        let tested = limit.regress.is_some()
            && limit.versus.is_none()
            && !limit.deterministic
            && selected(audit, limit).any(varies);
        if written && lone && tested {
            found.push(finding(
                Severity::Warning,
                "min-unattainable",
                format!(
                    "one run is never proven over on {} points: it may be an outlier, up to the point {POINTS_OF_A_LONE_RUN}",
                    limit.min.points
                ),
                &format!(
                    "write min = {{ points = {}, runs = 3 }} and record with --runs 3, or points = {POINTS_OF_A_LONE_RUN}",
                    limit.min.points
                ),
                limit.place("min"),
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
