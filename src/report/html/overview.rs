//! The overview and the pages of features: which budgets hold, which will not, what changed.

use super::ReportError;
use super::capacity::CapacityPart;
use super::changed::Changed;
use super::names::{Names, StateName, urgency};
use super::page::Frame;
use super::sentence::{Loss, is_past, loss, sentence, worsened};
use crate::report::chart::{bar, spark};
use crate::report::text::{
    Column, Scale, ago, days, days_left, effect, percent_of, plain, plain_up_to,
};
use crate::report::view::{ChangeKind, ChangeView, FeatureView, ReportView, SeriesView, State};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Series that one table lists, the most urgent first: more would be no overview, and slow.
const ROWS: usize = 1_000;

/// Drift that would read as 0.0 %.
pub(super) const STEADY: f64 = 0.0005;

/// Everything on `index.html`, or on a further page of it.
#[derive(Debug, Serialize)]
pub(super) struct Overview<'a> {
    frame: Frame,
    sentence: String,
    loss: Option<Loss>,
    /// Features that wait for a first result: link, where there is a page, name and owner.
    waiting: Vec<(Option<String>, String, String)>,
    notes: Vec<String>,
    states: Vec<StateCount>,
    owners: Vec<&'a str>,
    /// Tags of the listed series, for the filter.
    tags: BTreeSet<String>,
    rows: Vec<&'a Row>,
    /// Series without a budget: shown on demand where there are others.
    rest: Vec<&'a Row>,
    paging: Option<Paging>,
    changed: Option<Changed>,
}

/// A part of a long list.
#[derive(Debug, Serialize)]
pub(super) struct Paging {
    /// This page, from 1.
    number: usize,
    /// First and last row, from 1, and how many there are.
    from: String,
    to: String,
    all: String,
    /// Links to all pages.
    pages: Vec<String>,
}

impl Paging {
    /// `None` where everything fits one page.
    fn new(all: usize, number: usize, path: impl Fn(usize) -> String) -> Option<Self> {
        let pages = all.div_ceil(ROWS);
        let count = super::sentence::number;
        (pages > 1).then(|| Self {
            number: number + 1,
            from: count(number * ROWS + 1),
            to: count(all.min((number + 1) * ROWS)),
            all: count(all),
            pages: (0..pages).map(path).collect(),
        })
    }
}

/// The rows of one page.
fn part(order: &[usize], number: usize) -> &[usize] {
    let from = (number * ROWS).min(order.len());
    &order[from..order.len().min(from + ROWS)]
}

/// One state and how many series are in it, for the filter.
#[derive(Debug, Serialize)]
struct StateCount {
    state: StateName,
    count: usize,
}

/// One series in a table. Links are as seen from the folder of the report.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    href: Option<String>,
    state: StateName,
    pub(super) name: String,
    pub(super) under: String,
    /// Link, where there is a page, and name.
    feature: Option<(Option<String>, String)>,
    now: String,
    budget: String,
    bar: String,
    used: String,
    drift: Option<(String, String)>,
    drift_days: String,
    breaks: String,
    spark: String,
    last: String,
    last_ago: String,
    owner: String,
}

impl Row {
    pub(super) fn new(
        view: &ReportView,
        names: &Names,
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
        let when = last.and_then(|change| view.commits.get(blamed(change)));
        Ok(Self {
            href: names.series_link(series, ""),
            state: series.state.into(),
            name: Names::title(series),
            under: names.slice(series),
            feature: feature.map(|(at, f)| (names.feature_link(at), plain_up_to(&f.name, 40))),
            now: series
                .level
                .map_or_else(String::new, |level| scale.value(level)),
            budget: series
                .budget
                .map_or_else(String::new, |budget| scale.value(budget)),
            bar: used_share(series).map(bar).unwrap_or_default(),
            used: used(series),
            drift: drifted(series, &scale).map(|told| match series.drift {
                Some(drift) if drift.relative.abs() >= STEADY => told,
                _ => ("none".to_owned(), String::new()),
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
pub(super) fn blamed(change: &ChangeView) -> usize {
    change.suspects.first().copied().unwrap_or(change.commit)
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

/// With fewer points nothing can be said of the future.
const TELLING: usize = 20;

/// When the budget breaks, in words.
pub(super) fn breaks(series: &SeriesView) -> String {
    match (series.state, series.breaks_in_days) {
        // What is broken may be another rule than the limit of the value.
        (State::Broken, _) if series.broken.is_empty() => "broken".to_owned(),
        (State::Broken, _) => format!("broken: {}", series.broken.join(", ")),
        (State::Accepted, _) => accepted(series),
        (State::NoData, _) => String::new(),
        (_, Some((estimate, low, high))) if !is_past(series) => days_left(estimate, low, high),
        _ if series.used.is_some_and(|used| used > 1.0) => "past it, not proven".to_owned(),
        _ if series.budget.is_some() && series.points.len() < TELLING => "cannot tell".to_owned(),
        _ if series.budget.is_some() && series.drift.is_some() => "steady".to_owned(),
        _ => String::new(),
    }
}

/// Until when somebody put up with it.
fn accepted(series: &SeriesView) -> String {
    let until = series
        .changes
        .iter()
        .rev()
        .find_map(|c| c.accepted.as_ref());
    until.map_or_else(
        || "accepted".to_owned(),
        // A date in one piece.
        |accepted| {
            let expires = plain_up_to(&accepted.expires, 20).replace('-', "\u{2011}");
            format!("accepted until {expires}")
        },
    )
}

/// How far the level has drifted, in the figures of the ledger: amount and share.
pub(super) fn drifted(series: &SeriesView, scale: &Scale) -> Option<(String, String)> {
    let drift = series.drift?;
    let amount = series.ledger.as_ref().map_or(drift.absolute, |ledger| {
        let column = Column::fitting(&series.unit, ledger.now.abs().max(ledger.opening.abs()));
        column.amount(column.ticks(ledger.now) - column.ticks(ledger.opening))
    });
    Some((
        scale.difference(amount),
        format!("({})", effect(drift.relative).replace(' ', "\u{a0}")),
    ))
}

impl<'a> Overview<'a> {
    /// The paths of its pages.
    pub(super) fn paths(view: &ReportView) -> impl Iterator<Item = String> + use<> {
        (0..view.series.len().div_ceil(ROWS).max(1)).map(index_path)
    }

    /// One of its pages, counted from 0; `rows` are those of the series of the view.
    pub(super) fn new(view: &ReportView, names: &Names, rows: &'a [Row], number: usize) -> Self {
        let order = by_urgency(view, |_| true);
        let shown = part(&order, number);
        let mut owners: Vec<&str> = shown.iter().map(|at| rows[*at].owner.as_str()).collect();
        owners.retain(|owner| !owner.is_empty());
        owners.sort_unstable();
        owners.dedup();
        let tags = shown.iter().flat_map(|at| Names::tags(&view.series[*at]));
        let tags: BTreeSet<String> = tags.collect();
        let budgeted = shown
            .iter()
            .position(|at| view.series[*at].state == State::Unbudgeted)
            .unwrap_or(shown.len());
        let states = states(shown.iter().map(|at| view.series[*at].state));
        let mut rows: Vec<&Row> = shown.iter().map(|at| &rows[*at]).collect();
        let rest = if budgeted > 0 {
            rows.split_off(budgeted)
        } else {
            Vec::new()
        };
        Self {
            frame: Frame::new(view, names, ""),
            sentence: sentence(view),
            loss: loss(view, names),
            waiting: waiting(view, names),
            notes: unmatched(view)
                .into_iter()
                .chain(view.notes.iter().map(|note| plain(note)))
                .collect(),
            states,
            owners,
            tags,
            rows,
            rest,
            paging: Paging::new(order.len(), number, index_path).filter(|_| !names.is_one_page()),
            changed: (number == 0).then(|| Changed::recent(view, names, |_| true)),
        }
    }

    /// Series that are not on this page.
    pub(super) fn unlisted(&self, view: &ReportView) -> usize {
        view.series.len() - self.rows.len() - self.rest.len()
    }
}

/// The features of a project in which nothing has been measured.
fn waiting(view: &ReportView, names: &Names) -> Vec<(Option<String>, String, String)> {
    let features = view.features.iter().enumerate();
    let waits = features.filter(|_| view.series.is_empty());
    waits
        .map(|(at, feature)| {
            (
                names.feature_link(at),
                plain_up_to(&feature.name, 60),
                plain_up_to(&feature.owner, 40),
            )
        })
        .collect()
}

/// What to do about limits that judge nothing.
fn unmatched(view: &ReportView) -> Option<String> {
    let shown: Vec<String> = view
        .unmatched
        .iter()
        .take(8)
        .map(|name| plain_up_to(name, 80))
        .collect();
    let more = match view.unmatched.len() - shown.len() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    (!shown.is_empty()).then(|| {
        format!(
            "Nothing that was measured fits {}{more}: correct `select`, or record the benchmark.",
            shown.join(", ")
        )
    })
}

fn index_path(number: usize) -> String {
    match number {
        0 => "index.html".to_owned(),
        number => format!("index.{}.html", number + 1),
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
        let rank = |series: &SeriesView| {
            let state = if is_past(series) {
                State::Soon
            } else {
                series.state
            };
            urgency(state)
        };
        rank(a)
            .cmp(&rank(b))
            .then(used(b).total_cmp(&used(a)))
            .then(worsened(b).total_cmp(&worsened(a)))
            .then(a.key.cmp(&b.key))
    });
    order
}

fn states(shown: impl Iterator<Item = State>) -> Vec<StateCount> {
    let mut counts: BTreeMap<u8, (State, usize)> = BTreeMap::new();
    for state in shown {
        counts.entry(urgency(state)).or_insert((state, 0)).1 += 1;
    }
    counts
        .into_values()
        .map(|(state, count)| StateCount {
            state: state.into(),
            count,
        })
        .collect()
}

/// Everything on the page of a feature, or on a further page of it.
#[derive(Debug, Serialize)]
pub(super) struct FeaturePage<'a> {
    frame: Frame,
    name: String,
    owner: String,
    file: String,
    journey: Option<String>,
    sentence: String,
    rows: Vec<&'a Row>,
    paging: Option<Paging>,
    changed: Option<Changed>,
    /// Sweeps of load steps, on the first page.
    capacity: Vec<CapacityPart>,
}

impl<'a> FeaturePage<'a> {
    /// The paths of the pages of a feature.
    pub(super) fn paths(
        view: &ReportView,
        names: &Names,
        index: usize,
    ) -> impl Iterator<Item = String> + use<> {
        let own = |series: &&SeriesView| series.feature == Some(index);
        let all = view.series.iter().filter(own).count();
        let slug = names.features[index].clone();
        (0..all.div_ceil(ROWS).max(1)).map(move |number| feature_path(&slug, number))
    }

    /// One page of a feature; `rows` are those of the series of the view.
    pub(super) fn new(
        view: &ReportView,
        names: &Names,
        rows: &'a [Row],
        index: usize,
        number: usize,
    ) -> Result<Self, ReportError> {
        let feature = &view.features[index];
        let own = |series: &SeriesView| series.feature == Some(index);
        let order = by_urgency(view, own);
        let broken = |at: &&usize| view.series[**at].state == State::Broken;
        let (all, bad) = (order.len(), order.iter().filter(broken).count());
        let sentence = match (all, bad) {
            (0, _) => "No series is selected by this feature's limits: check its `select`, or record results for it.".to_owned(),
            (_, 0) => format!("No budget of this feature is broken{}.", troubles(view, &order, feature)),
            (1, _) => format!("Its budget is broken{}.", troubles(view, &order, feature)),
            (all, bad) => {
                let is = if bad == 1 { "is" } else { "are" };
                format!("{bad} of {all} budgets {is} broken{}.", troubles(view, &order, feature))
            }
        };
        let slug = &names.features[index];
        Ok(Self {
            frame: Frame::new(view, names, "../"),
            name: plain(&feature.name),
            owner: plain(&feature.owner),
            file: plain(&feature.file),
            journey: feature.journey.as_deref().map(plain),
            sentence,
            rows: part(&order, number).iter().map(|at| &rows[*at]).collect(),
            paging: Paging::new(all, number, |number| feature_path(slug, number)),
            changed: (number == 0).then(|| Changed::recent(view, names, own)),
            capacity: feature
                .capacity
                .iter()
                .filter(|_| number == 0)
                .map(CapacityPart::new)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// What is not broken and still not fine, after a sentence: `; 1 creeping, 2 without data`.
fn troubles(view: &ReportView, order: &[usize], feature: &FeatureView) -> String {
    let words = [
        (State::Soon, "close to its budget or soon over it"),
        (State::Creeping, "creeping up in small steps"),
        (State::NoData, "without data"),
        (State::Unproven, "without enough evidence"),
        (State::Noisy, "too noisy for its limit"),
    ];
    let count = |state: State| {
        let own = order.iter().filter(|at| view.series[**at].state == state);
        own.count()
    };
    let own = |name: &&String| {
        let limit = name.strip_prefix(feature.name.as_str());
        limit.is_some_and(|limit| limit.starts_with('/'))
    };
    let unmatched = match view.unmatched.iter().filter(own).count() {
        0 => None,
        1 => Some("1 limit that fits no series".to_owned()),
        n => Some(format!("{n} limits that fit no series")),
    };
    let told: Vec<String> = words
        .iter()
        .map(|(state, words)| (count(*state), words))
        .filter(|(n, _)| *n > 0)
        .map(|(n, words)| format!("{n} {words}"))
        .chain(unmatched)
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!("; {}", told.join(", "))
    }
}

/// No name of a feature holds a dot, so these are nobody else's.
fn feature_path(slug: &str, number: usize) -> String {
    match number {
        0 => format!("f/{slug}.html"),
        number => format!("f/{slug}.{}.html", number + 1),
    }
}
