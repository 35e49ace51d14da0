//! The overview and the pages of features: which budgets hold, which will not, what changed.

use super::ReportError;
use super::names::{CommitName, Names, StateName, urgency};
use super::page::Frame;
use crate::model::Direction;
use crate::report::chart::{bar, spark};
use crate::report::text::{
    Scale, ago, days, days_left, effect, effect_interval, percent_of, plain, plain_up_to,
};
use crate::report::view::{ChangeKind, ChangeView, ReportView, SeriesView, State};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use std::collections::BTreeMap;

/// Days of "what changed".
const RECENT_DAYS: i64 = 30;

/// Drift that would read as 0.0 %.
const STEADY: f64 = 0.0005;

/// Groups of changes that a page shows.
const GROUPS: usize = 40;

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
    changed: Changed,
}

/// The greatest drift, in words.
#[derive(Debug, Serialize)]
struct Loss {
    slug: String,
    name: String,
    text: String,
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
    slug: String,
    state: StateName,
    name: String,
    under: String,
    feature: Option<(String, String)>,
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
    fn new(view: &ReportView, names: &Names, series: &SeriesView) -> Result<Self, ReportError> {
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
            slug: series.slug.clone(),
            state: series.state.into(),
            name: Names::title(series),
            under: names.slice(series),
            feature: feature.map(|(at, f)| (names.features[at].clone(), plain_up_to(&f.name, 40))),
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
        let order = by_urgency(view, |_| true);
        let mut rows = order
            .iter()
            .map(|at| Row::new(view, names, &view.series[*at]))
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
            loss: loss(view),
            notes: view.notes.iter().map(|note| plain(note)).collect(),
            states: states(view),
            owners,
            rows,
            rest,
            changed: Changed::new(view, names, "s/", |_| true),
        })
    }
}

/// Indices of the series that are wanted, the most urgent first.
fn by_urgency(view: &ReportView, wanted: impl Fn(&SeriesView) -> bool) -> Vec<usize> {
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

/// The state of the project in one sentence.
fn sentence(view: &ReportView) -> String {
    if view.series.is_empty() {
        return "Nothing has been measured yet: `plimsoll record` stores the first results."
            .to_owned();
    }
    let count = |state: State| view.series.iter().filter(|s| s.state == state).count();
    let mut parts: Vec<String> = Vec::new();
    let mut say = |state: State, one: &str, many: &str| match count(state) {
        0 => {}
        1 => parts.push(format!("1 {one}")),
        n => parts.push(format!("{n} {many}")),
    };
    say(State::Broken, "budget is broken", "budgets are broken");
    say(
        State::Soon,
        "is close to its budget or will break it within 30 days",
        "are close to their budget or will break it within 30 days",
    );
    say(
        State::Creeping,
        "is creeping up in small steps",
        "are creeping up in small steps",
    );
    let silent = view
        .series
        .iter()
        .filter(|series| series.state == State::NoData)
        .filter_map(|series| series.silent_days)
        .fold(f64::NAN, f64::max);
    let since = if silent.is_nan() {
        String::new()
    } else {
        format!(" for up to {}", days(silent))
    };
    say(
        State::NoData,
        &format!("series has had no data{}", since.replace("up to ", "")),
        &format!("series have had no data{since}"),
    );
    say(
        State::Noisy,
        "is too noisy for its limit",
        "are too noisy for their limits",
    );
    let troubles = parts.len();
    let mut rest: Vec<String> = Vec::new();
    let mut calm = |state: State, one: &str, many: &str| match count(state) {
        0 => {}
        1 => rest.push(format!("1 {one}")),
        n => rest.push(format!("{n} {many}")),
    };
    calm(
        State::Ok,
        "series is within its budget",
        "series are within their budgets",
    );
    calm(State::Learning, "is still learning", "are still learning");
    calm(State::Unbudgeted, "has no budget", "have no budget");
    let budgeted = view.series.len() - count(State::Unbudgeted);
    if troubles == 0 && budgeted == 0 {
        return format!(
            "No series has a budget yet ({} measured): `plimsoll init` writes a first one.",
            view.series.len()
        );
    }
    let mut text = if troubles == 0 {
        "No budget is broken.".to_owned()
    } else {
        parts.join(", ") + "."
    };
    if !rest.is_empty() {
        text.push(' ');
        text.push_str(&rest.join(", "));
        text.push('.');
    }
    text
}

/// Sign that makes worse positive.
fn worse(series: &SeriesView) -> f64 {
    series
        .direction
        .unwrap_or(Direction::Lower)
        .worsening_sign()
}

/// The greatest drift for the worse, and how much of it no commit explains.
fn loss(view: &ReportView) -> Option<Loss> {
    let weight = |series: &SeriesView| {
        series
            .drift
            .map_or(0.0, |drift| drift.relative * worse(series))
    };
    let series = view
        .series
        .iter()
        .filter(|series| weight(series).is_finite() && weight(series) >= 0.01)
        .max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.key.cmp(&a.key)))?;
    let drift = series.drift?;
    let mut text = format!(
        "{} ({}) in {}",
        scale(series).difference(drift.absolute),
        effect(drift.relative),
        days(drift.days)
    );
    if let Some(ledger) = &series.ledger {
        let share = ledger.unattributed / (ledger.now - ledger.opening);
        if share.is_finite() && (0.1..=1.0).contains(&share) {
            text.push_str(&format!(
                "; {} of it has no single commit to blame",
                percent_of(share)
            ));
        }
    }
    Some(Loss {
        slug: series.slug.clone(),
        name: Names::title(series),
        text,
    })
}

/// Recent changes, one group for each cause.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    title: String,
    groups: Vec<Group>,
    more: usize,
}

#[derive(Debug, Serialize)]
struct Group {
    commit: CommitName,
    /// How many commits more may be the cause.
    others: usize,
    effects: Vec<Effect>,
}

#[derive(Debug, Serialize)]
struct Effect {
    href: String,
    name: String,
    under: String,
    effect: String,
    levels: String,
    confidence: &'static str,
    class: &'static str,
    word: &'static str,
    accepted: Option<String>,
}

impl Changed {
    /// Changes of the last [`RECENT_DAYS`], else the newest ones, newest first.
    fn new(
        view: &ReportView,
        names: &Names,
        folder: &str,
        wanted: impl Fn(&SeriesView) -> bool,
    ) -> Self {
        let mut causes: BTreeMap<usize, Vec<(&SeriesView, &ChangeView)>> = BTreeMap::new();
        for series in view.series.iter().filter(|series| wanted(series)) {
            for change in &series.changes {
                if change.kind == ChangeKind::Change {
                    let cause = blamed(series, change);
                    causes.entry(cause).or_default().push((series, change));
                }
            }
        }
        let since = view
            .now
            .checked_sub((RECENT_DAYS * 24).hours())
            .unwrap_or(Timestamp::MIN);
        let recent = |cause: &usize| view.commits.get(*cause).is_some_and(|c| c.time >= since);
        let any_recent = causes.keys().any(&recent);
        let all = causes.len();
        let shown: Vec<_> = causes
            .into_iter()
            .rev()
            .filter(|(cause, _)| !any_recent || recent(cause))
            .take(if any_recent { GROUPS } else { 5 })
            .collect();
        let groups: Vec<Group> = shown
            .into_iter()
            .map(|(cause, found)| Group {
                commit: names.commit(view, cause),
                others: found
                    .iter()
                    .map(|(_, change)| change.suspects.len().saturating_sub(1))
                    .min()
                    .unwrap_or(0),
                effects: found
                    .iter()
                    .map(|(series, change)| Effect::new(names, folder, series, change))
                    .collect(),
            })
            .collect();
        Self {
            title: if any_recent || groups.is_empty() {
                format!("What changed in the last {RECENT_DAYS} days")
            } else {
                format!("Nothing changed in the last {RECENT_DAYS} days; the newest changes")
            },
            more: all - groups.len(),
            groups,
        }
    }
}

impl Effect {
    fn new(names: &Names, folder: &str, series: &SeriesView, change: &ChangeView) -> Self {
        let scale = scale(series);
        let (class, word) = if change.improved {
            ("improved", "better")
        } else if change.accepted.is_some() {
            ("accepted", "accepted")
        } else {
            ("worse", "worse")
        };
        Self {
            href: format!("{folder}{}.html", series.slug),
            name: Names::title(series),
            under: names.slice(series),
            effect: change.effect.map_or_else(
                || scale.difference(change.after - change.before),
                |(middle, low, high)| effect_interval(middle, low, high),
            ),
            levels: format!(
                "{} → {}",
                scale.value(change.before),
                scale.value(change.after)
            ),
            confidence: change.confidence,
            class,
            word,
            accepted: change
                .accepted
                .as_ref()
                .map(|accepted| format!("accepted by {}", plain_up_to(&accepted.by, 40))),
        }
    }
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
    changed: Changed,
}

impl FeaturePage {
    pub(super) fn new(view: &ReportView, names: &Names, index: usize) -> Result<Self, ReportError> {
        let feature = &view.features[index];
        let own = |series: &SeriesView| series.feature == Some(index);
        let rows = by_urgency(view, own)
            .iter()
            .map(|at| Row::new(view, names, &view.series[*at]))
            .collect::<Result<Vec<_>, _>>()?;
        let bad = rows
            .iter()
            .filter(|row| row.state.class == "broken")
            .count();
        let sentence = match (rows.len(), bad) {
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
            changed: Changed::new(view, names, "../s/", own),
        })
    }
}
