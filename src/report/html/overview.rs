//! The overview and the pages of features: which budgets hold, which will not, what changed.

use super::ReportError;
use super::changed::Changed;
use super::names::{Names, StateName, urgency};
use super::page::Frame;
use super::sentence::{Loss, loss, sentence};
use crate::report::chart::{bar, spark};
use crate::report::text::{Scale, ago, days, days_left, effect, percent_of, plain, plain_up_to};
use crate::report::view::{ChangeKind, ChangeView, ReportView, SeriesView, State};
use serde::Serialize;
use std::collections::BTreeMap;

/// Series that one table lists, the most urgent first: more would be no overview, and slow.
const ROWS: usize = 1_000;

/// Drift that would read as 0.0 %.
const STEADY: f64 = 0.0005;

/// Everything on `index.html`.
#[derive(Debug, Serialize)]
pub(super) struct Overview {
    frame: Frame,
    sentence: String,
    loss: Option<Loss>,
    notes: Vec<String>,
    states: Vec<StateCount>,
    owners: Vec<String>,
    rows: Vec<Row>,
    /// Series without a budget: shown on demand where there are others.
    rest: Vec<Row>,
    /// Series that are not listed.
    unlisted: usize,
    changed: Changed,
}

/// One state and how many series are in it, for the filter.
#[derive(Debug, Serialize)]
struct StateCount {
    state: StateName,
    count: usize,
}

/// One series in a table.
#[derive(Debug, Serialize)]
struct Row {
    href: Option<String>,
    state: StateName,
    name: String,
    under: String,
    /// Link, where there is a page, and name.
    feature: Option<(Option<String>, String)>,
    now: String,
    budget: String,
    bar: String,
    used: String,
    drift: String,
    drift_days: String,
    breaks: String,
    spark: String,
    last: String,
    last_ago: String,
    owner: String,
}

impl Row {
    fn new(
        view: &ReportView,
        names: &Names,
        root: &str,
        series: &SeriesView,
    ) -> Result<Self, ReportError> {
        let scale = scale(series);
        let feature = series
            .feature
            .and_then(|at| Some((at, view.features.get(at)?)));
        let last = series
            .changes
            .iter()
            .rev()
            .find(|change| change.kind == ChangeKind::Change);
        let when = last.and_then(|change| view.commits.get(blamed(series, change)));
        Ok(Self {
            href: names.series_link(root, series, ""),
            state: series.state.into(),
            name: Names::title(series),
            under: names.slice(series),
            feature: feature
                .map(|(at, f)| (names.feature_link(root, at), plain_up_to(&f.name, 40))),
            now: series
                .level
                .map_or_else(String::new, |level| scale.value(level)),
            budget: series
                .budget
                .map_or_else(String::new, |budget| scale.value(budget)),
            bar: used_share(series).map(bar).unwrap_or_default(),
            used: used(series),
            drift: series.drift.map_or_else(String::new, |drift| {
                if drift.relative.abs() < STEADY {
                    return "none".to_owned();
                }
                let amount = scale.difference(drift.absolute);
                format!("{amount} ({})", effect(drift.relative))
            }),
            drift_days: series
                .drift
                .map_or_else(String::new, |drift| days(drift.days)),
            breaks: breaks(series),
            spark: spark(view, series)?,
            last: last.map_or_else(String::new, |change| {
                change.effect.map_or_else(
                    || scale.difference(change.after - change.before),
                    |(middle, ..)| effect(middle),
                )
            }),
            last_ago: when.map_or_else(String::new, |commit| ago(commit.time, view.now)),
            owner: feature.map_or_else(String::new, |(_, f)| plain_up_to(&f.owner, 40)),
        })
    }
}

/// The scale of everything said about a series: that of its level.
pub(super) fn scale(series: &SeriesView) -> Scale {
    match series.level.or(series.budget) {
        Some(reference) if reference.abs() > 0.0 => Scale::fitting(&series.unit, reference),
        _ => Scale::shared(&series.unit, series.points.iter().map(|point| point.value)),
    }
}

/// The commit a change is put down to: the most suspect, else that of its first point.
pub(super) fn blamed(series: &SeriesView, change: &ChangeView) -> usize {
    change.suspects.first().copied().unwrap_or_else(|| {
        let point = series.points.get(change.point);
        point.map_or(0, |point| point.commit)
    })
}

/// The used share where a bar of it makes sense.
fn used_share(series: &SeriesView) -> Option<f64> {
    series.used.filter(|_| series.state != State::NoData)
}

/// What stands beside the bar, or instead of it.
fn used(series: &SeriesView) -> String {
    let points = series.points.len();
    let noise = series.noise.filter(|noise| noise.is_finite());
    match (series.state, series.used) {
        (State::NoData, _) => series.silent_days.map_or_else(
            || "never measured".to_owned(),
            |silent| format!("last value {} old", days(silent)),
        ),
        (State::Noisy, _) if noise.is_some() => noise
            .map(|noise| format!("noise ±{:.0} %", noise * 100.0))
            .unwrap_or_default(),
        (State::Learning, None) => {
            format!(
                "{points} point{} so far",
                if points == 1 { "" } else { "s" }
            )
        }
        (_, Some(used)) => percent_of(used),
        (State::Unbudgeted, None) => String::new(),
        (_, None) => series.regress.map_or_else(String::new, |limit| {
            format!("limit {} a change", effect(limit))
        }),
    }
}

/// When the budget breaks, in words.
pub(super) fn breaks(series: &SeriesView) -> String {
    match (series.state, series.breaks_in_days) {
        (State::Broken, _) => "broken".to_owned(),
        (State::NoData, _) => String::new(),
        (_, Some((estimate, low, high))) => days_left(estimate, low, high),
        _ if series.budget.is_some() && series.drift.is_some() => "steady".to_owned(),
        _ => String::new(),
    }
}

impl Overview {
    pub(super) fn new(view: &ReportView, names: &Names) -> Result<Self, ReportError> {
        let mut order = by_urgency(view, |_| true);
        let unlisted = order.len().saturating_sub(ROWS);
        order.truncate(ROWS);
        let mut rows = order
            .iter()
            .map(|at| Row::new(view, names, "", &view.series[*at]))
            .collect::<Result<Vec<_>, _>>()?;
        let mut owners: Vec<String> = rows.iter().map(|row| row.owner.clone()).collect();
        owners.retain(|owner| !owner.is_empty());
        owners.sort();
        owners.dedup();
        let budgeted = order
            .iter()
            .position(|at| view.series[*at].state == State::Unbudgeted)
            .unwrap_or(order.len());
        let rest = if budgeted > 0 {
            rows.split_off(budgeted)
        } else {
            Vec::new()
        };
        Ok(Self {
            frame: Frame::new(view, ""),
            sentence: sentence(view),
            loss: loss(view, names),
            notes: view.notes.iter().map(|note| plain(note)).collect(),
            states: states(view),
            owners,
            rows,
            rest,
            unlisted,
            changed: Changed::recent(view, names, "", |_| true),
        })
    }
}

/// Indices of the series that are wanted, the most urgent first.
pub(super) fn by_urgency(view: &ReportView, wanted: impl Fn(&SeriesView) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..view.series.len())
        .filter(|at| wanted(&view.series[*at]))
        .collect();
    order.sort_by(|a, b| {
        let (a, b) = (&view.series[*a], &view.series[*b]);
        let used = |series: &SeriesView| series.used.unwrap_or(-1.0);
        urgency(a.state)
            .cmp(&urgency(b.state))
            .then(used(b).total_cmp(&used(a)))
            .then(a.key.cmp(&b.key))
    });
    order
}

fn states(view: &ReportView) -> Vec<StateCount> {
    let mut counts: BTreeMap<u8, (State, usize)> = BTreeMap::new();
    for series in &view.series {
        counts
            .entry(urgency(series.state))
            .or_insert((series.state, 0))
            .1 += 1;
    }
    counts
        .into_values()
        .map(|(state, count)| StateCount {
            state: state.into(),
            count,
        })
        .collect()
}

/// Everything on the page of a feature.
#[derive(Debug, Serialize)]
pub(super) struct FeaturePage {
    frame: Frame,
    name: String,
    owner: String,
    file: String,
    journey: Option<String>,
    sentence: String,
    rows: Vec<Row>,
    /// Series that are not listed.
    unlisted: usize,
    changed: Changed,
}

impl FeaturePage {
    pub(super) fn new(view: &ReportView, names: &Names, index: usize) -> Result<Self, ReportError> {
        let feature = &view.features[index];
        let own = |series: &SeriesView| series.feature == Some(index);
        let mut order = by_urgency(view, own);
        let unlisted = order.len().saturating_sub(ROWS);
        let broken = |at: &&usize| view.series[**at].state == State::Broken;
        let (all, bad) = (order.len(), order.iter().filter(broken).count());
        order.truncate(ROWS);
        let rows = order
            .iter()
            .map(|at| Row::new(view, names, "../", &view.series[*at]))
            .collect::<Result<Vec<_>, _>>()?;
        let sentence = match (all, bad) {
            (0, _) => "No series is selected by this feature's limits: check its `select`, or record results for it.".to_owned(),
            (_, 0) => "No budget of this feature is broken.".to_owned(),
            (1, _) => "Its budget is broken.".to_owned(),
            (all, bad) => format!("{bad} of {all} budgets are broken."),
        };
        Ok(Self {
            frame: Frame::new(view, "../"),
            name: plain(&feature.name),
            owner: plain(&feature.owner),
            file: plain(&feature.file),
            journey: feature.journey.as_deref().map(plain),
            sentence,
            rows,
            unlisted,
            changed: Changed::recent(view, names, "../", own),
        })
    }
}
