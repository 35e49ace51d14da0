//! Which series each limit is about, what was expected, and what data shows to be wrong with a
//! budget.

use super::Check;
use crate::budget::{Budget, Headlines, Limit};
use crate::diag::{Diagnostic, Severity};
use crate::history::Placement;
use crate::model::{Direction, SeriesKey};
use crate::store::{RunRow, SeriesRow};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A limit and a series that it selects.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) budget: &'a Budget,
    pub(super) limit: &'a Limit,
    /// Index into the series of the check.
    pub(super) series: usize,
    pub(super) direction: Direction,
}

/// A limit over load steps, and all series that it selects.
pub(super) struct Steps<'a> {
    pub(super) budget: &'a Budget,
    pub(super) limit: &'a Limit,
    /// Indices into the series of the check.
    pub(super) series: Vec<usize>,
}

/// What the limits select.
pub(super) struct Selection<'a> {
    pub(super) pairs: Vec<Pair<'a>>,
    /// Limits whose selector matches nothing, or nothing that it fits.
    pub(super) misfits: Vec<(&'a Budget, &'a Limit, Diagnostic)>,
    /// Limits over load steps.
    pub(super) sweeps: Vec<Steps<'a>>,
    /// Limits, as `FEATURE/LIMIT`, whose series belong to other environments alone.
    pub(super) elsewhere: Vec<String>,
}

/// Applies every selector to the series of these environment labels.
pub(super) fn select<'a>(
    check: &Check<'a>,
    labels: &BTreeSet<&str>,
    placement: &Placement,
) -> Selection<'a> {
    // Where the judged line last measured a series; a name may have had another unit elsewhere or once.
    let newest = |index: usize| {
        let runs = check.columns.get(index)?.runs().iter();
        runs.filter_map(|run| placement.place_of(*run)).max()
    };
    let replaced = |index: usize| {
        let (key, own) = (&check.series[index].key, newest(index));
        let mut others = check.series.iter().enumerate();
        others.any(|(other, row)| other != index && row.key == *key && newest(other) > own)
    };
    let headlines = Headlines::new(check.series.iter().map(|row| &row.key));
    let mut selection = Selection {
        pairs: Vec::new(),
        misfits: Vec::new(),
        sweeps: Vec::new(),
        elsewhere: Vec::new(),
    };
    for budget in check.budgets {
        for limit in &budget.limits {
            let mut anywhere = false;
            let mut here = false;
            let mut steps = Vec::new();
            for (index, row) in check.series.iter().enumerate() {
                if !limit.select.matches(&row.key, &headlines) {
                    continue;
                }
                anywhere = true;
                if !labels.contains(row.key.env.as_str()) {
                    continue;
                }
                here = true;
                if limit.capacity.is_some() {
                    steps.push(index);
                    continue;
                }
                match fits(limit, row) {
                    Ok(direction) => {
                        selection.pairs.push(Pair {
                            budget,
                            limit,
                            series: index,
                            direction,
                        });
                    }
                    Err(_) if replaced(index) => {}
                    Err(finding) => selection.misfits.push((budget, limit, *finding)),
                }
            }
            if !steps.is_empty() {
                selection.sweeps.push(Steps {
                    budget,
                    limit,
                    series: steps,
                });
            }
            if anywhere && !here {
                selection
                    .elsewhere
                    .push(format!("{}/{}", budget.feature, limit.id));
            }
            if !anywhere {
                selection.misfits.push((
                    budget,
                    limit,
                    matches_nothing(limit, check.series, &headlines),
                ));
            }
        }
    }
    selection
}

/// What is wrong with the selections of all limits, whatever the environment.
pub(super) fn faults_of_selection(budgets: &[Budget], series: &[SeriesRow]) -> Vec<Diagnostic> {
    let headlines = Headlines::new(series.iter().map(|row| &row.key));
    let mut found = Vec::new();
    for limit in budgets.iter().flat_map(|budget| &budget.limits) {
        let mut selected = series
            .iter()
            .filter(|row| limit.select.matches(&row.key, &headlines))
            .peekable();
        if selected.peek().is_none() {
            found.push(matches_nothing(limit, series, &headlines));
        }
        if limit.capacity.is_some() {
            continue;
        }
        // Which of several units of one name is in use only a check can tell.
        let fitting: HashSet<&SeriesKey> = series
            .iter()
            .filter(|row| limit.select.matches(&row.key, &headlines) && fits(limit, row).is_ok())
            .map(|row| &row.key)
            .collect();
        found.extend(
            selected
                .filter(|row| !fitting.contains(&row.key))
                .find_map(|row| fits(limit, row).err())
                .map(|fault| *fault),
        );
    }
    found
}

pub(super) fn fits(limit: &Limit, row: &SeriesRow) -> Result<Direction, Box<Diagnostic>> {
    let finding = |code, message: String, help: &str, at: &crate::diag::SourceSpan| {
        Box::new(Diagnostic {
            severity: Severity::Error,
            code,
            message,
            help: help.to_owned(),
            source: Some(at.clone()),
        })
    };
    if let (Some(max), Some(at)) = (&limit.max, &limit.max_at) {
        max.fits(&row.unit).map_err(|reason| {
            finding(
                "unit-misfit",
                format!("{reason} ({})", row.key),
                "a limit and its series must count the same thing",
                at,
            )
        })?;
    }
    if let (Some(own), Some(tool)) = (limit.direction, row.direction)
        && own != tool
    {
        let message = format!("the tool says of `{}` that {}", row.key, tool.in_words());
        let help = "remove `direction`, or select another metric";
        return Err(finding(
            "direction-contradicts-tool",
            message,
            help,
            &limit.select_at,
        ));
    }
    if let Some(direction) = limit.direction.or(row.direction) {
        let relative = [
            ("regress", limit.regress.map(|own| (own.limit, own.falls))),
            (
                "drift",
                limit
                    .drift
                    .as_ref()
                    .map(|own| (own.limit.fraction, own.limit.falls)),
            ),
            (
                "creep",
                limit.creep.map(|own| (own.limit.fraction, own.limit.falls)),
            ),
        ];
        for (rule, own) in relative {
            let Some((fraction, falls)) = own else {
                continue;
            };
            if fraction > 0.0 && falls != (direction == Direction::Higher) {
                let sign = if falls { '-' } else { '+' };
                let message = format!(
                    "{rule} of limit `{}` is written {sign}{}%, and {} of `{}`: that would limit an improvement",
                    limit.id,
                    fraction * 100.0,
                    direction.in_words(),
                    row.key
                );
                let help = "growth is written +5%, and -5% where higher is better";
                let at = limit.place(rule);
                return Err(finding("sign-contradicts-direction", message, help, at));
            }
        }
    }
    limit.direction.or(row.direction).ok_or_else(|| {
        let message = format!("nobody says which way `{}` is better", row.key);
        finding(
            "direction-unknown",
            message,
            "write direction = \"lower\" or \"higher\" into the limit",
            &limit.select_at,
        )
    })
}

pub(super) fn matches_nothing(
    limit: &Limit,
    series: &[SeriesRow],
    headlines: &Headlines,
) -> Diagnostic {
    let unclear = headlines.without_one(&limit.select.benchmark);
    let benchmarks: BTreeSet<&str> = series
        .iter()
        .map(|row| row.key.benchmark.as_str())
        .collect();
    let named: Vec<&str> = benchmarks
        .iter()
        .filter(|name| limit.select.benchmark.matches(name))
        .copied()
        .collect();
    let metrics: BTreeSet<&str> = series
        .iter()
        .filter(|row| limit.select.benchmark.matches(&row.key.benchmark))
        .map(|row| row.key.metric.as_str())
        .collect();
    let list = |names: &mut dyn Iterator<Item = &str>| {
        names
            .take(6)
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let help = if series.is_empty() {
        "nothing has been recorded yet: run `plimsoll record`".to_owned()
    } else if limit.select.metric.is_none() && !unclear.is_empty() {
        format!(
            "`{}` has no headline metric: write metric = one of {}",
            unclear[0],
            list(&mut metrics.iter().copied())
        )
    } else if !named.is_empty() && !metrics.is_empty() {
        format!(
            "the benchmark is there; its metrics are {}; check metric, tags and env",
            list(&mut metrics.iter().copied())
        )
    } else {
        format!(
            "recorded benchmarks are {}",
            list(&mut benchmarks.iter().copied())
        )
    };
    Diagnostic {
        severity: Severity::Error,
        code: "matches-nothing",
        message: format!(
            "limit `{}` matches no series: {}",
            limit.id,
            limit.select.describe()
        ),
        help,
        source: Some(limit.select_at.clone()),
    }
}

/// How many of the newest measured commits of the base tell what is expected.
pub(super) const EXPECTED_WITHIN: usize = 10;

/// For each (label, suite): runs at the newest `within` measured commits before `end`.
pub(super) fn recent_runs(
    runs: &[RunRow],
    placement: &Placement,
    end: u32,
    head: &HashSet<(String, String)>,
    within: usize,
) -> HashSet<i64> {
    let mut places: HashMap<(String, String), BTreeSet<u32>> = HashMap::new();
    let group = |run: &RunRow| (run.environment.label.clone(), run.suite.clone());
    let before = |index: usize| placement.place(index).filter(|place| *place < end);
    for (index, run) in runs.iter().enumerate() {
        if let Some(place) = before(index).filter(|_| head.contains(&group(run))) {
            places.entry(group(run)).or_default().insert(place);
        }
    }
    let oldest: HashMap<_, u32> = places
        .into_iter()
        .filter_map(|(group, places)| {
            places
                .iter()
                .rev()
                .nth(within.saturating_sub(1))
                .or(places.first())
                .map(|place| (group, *place))
        })
        .collect();
    runs.iter()
        .enumerate()
        .filter(|(index, run)| {
            before(*index)
                .is_some_and(|place| oldest.get(&group(run)).is_some_and(|old| place >= *old))
        })
        .map(|(_, run)| run.id)
        .collect()
}
