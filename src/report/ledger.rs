//! The ledger of a series on a terminal: levels, change points with suspects, sparkline.

use super::account::levels_after;
use super::text::{self, Column};
use super::view::{
    ChangeKind, ChangeView, CommitView, ExcursionView, LedgerView, ReportView, SeriesView, State,
};
use std::fmt::Write;

/// Suspects named for one change.
const SUSPECTS: usize = 4;

/// The word for a state.
#[must_use]
pub fn state_word(state: State) -> &'static str {
    match state {
        State::Broken => "BROKEN",
        State::Soon => "SOON",
        State::Creeping => "CREEPING",
        State::NoData => "NO DATA",
        State::Accepted => "ACCEPTED",
        State::Unproven => "UNPROVEN",
        State::Learning => "LEARNING",
        State::Noisy => "NOISY",
        State::Ok => "ok",
        State::Unbudgeted => "no budget",
    }
}

/// One line a series: what `log` without a name prints.
#[must_use]
pub fn overview(view: &ReportView) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} · {} · {} series, {} commits",
        text::plain(&view.project),
        text::plain(&view.branch),
        view.series.len(),
        view.commits.len()
    );
    for series in &view.series {
        let used = series.used.map_or_else(String::new, |used| {
            format!("  {} of its limit", text::percent_of(used))
        });
        let _ = writeln!(
            out,
            "  {:<9} {}  {}  {}{used}",
            state_word(series.state),
            text::sparkline(&values(series), 30),
            text::plain(&series.key.to_string()),
            series
                .level
                .map_or_else(|| "—".to_owned(), |level| text::value(level, &series.unit)),
        );
    }
    notes(&mut out, view);
    out
}

fn values(series: &SeriesView) -> Vec<f64> {
    series.points.iter().map(|point| point.value).collect()
}

fn notes(out: &mut String, view: &ReportView) {
    for note in &view.notes {
        let _ = writeln!(out, "  note      {}", text::plain(note));
    }
}

/// The whole ledger of some series.
#[must_use]
pub fn ledger(view: &ReportView, series: &[&SeriesView]) -> String {
    let mut out = String::new();
    for one in series {
        entry(&mut out, view, one);
        out.push('\n');
    }
    notes(&mut out, view);
    out
}

/// The heading of a ledger: series, feature, owner, which way is better.
pub(super) fn owned(view: &ReportView, series: &SeriesView) -> String {
    let owner = series.feature.and_then(|index| view.features.get(index));
    let owner = owner.map_or_else(String::new, |f| {
        format!(" · {} {}", text::plain(&f.name), text::plain(&f.owner))
    });
    let better = series.direction.map_or("", |d| d.in_words());
    format!("{}{owner} · {better}", text::plain(&series.key.to_string()))
}

fn entry(out: &mut String, view: &ReportView, series: &SeriesView) {
    let unit = |value: f64| text::value(value, &series.unit);
    let _ = writeln!(out, "{}", owned(view, series));
    let _ = writeln!(
        out,
        "  {}  {}",
        state_word(series.state),
        text::plain(&series.sentence)
    );
    let noise = series.noise.map_or_else(String::new, |noise| {
        format!(", noise {}", super::tell::noise(noise))
    });
    let _ = writeln!(
        out,
        "  {}  {} points{noise}\n",
        text::sparkline(&values(series), 60),
        series.points.len()
    );
    match &series.ledger {
        Some(ledger) => lines(out, view, series, ledger),
        None => out.push_str("  no level yet\n"),
    }
    for excursion in &series.excursions {
        let at = |commit: usize| view.commits.get(commit).map_or("", |c| &c.id[..7]);
        let n = excursion.last + 1 - excursion.first;
        let _ = writeln!(
            out,
            "  {:>12}  for {n} result{} from {}, back since {}: {}, so no part of the drift",
            excursion_effect(series, excursion),
            if n == 1 { "" } else { "s" },
            at(excursion.begun),
            at(excursion.back),
            if excursion.improved {
                "it passed"
            } else {
                "put right"
            },
        );
    }
    for machine in series
        .changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Change)
    {
        if let ChangeKind::Machine { from, to } = &machine.kind {
            let at = commit_of(view, series, machine.point).map_or("", |c| &c.id[..7]);
            let _ = writeln!(
                out,
                "  machine changed at {at}: {} → {} ({} → {}); no commit is blamed, the ledger opens there",
                text::plain(from),
                text::plain(to),
                unit(machine.before),
                unit(machine.after)
            );
        }
    }
}

/// How far an excursion was off the level around it.
pub(super) fn excursion_effect(series: &SeriesView, excursion: &ExcursionView) -> String {
    if excursion.around > 0.0 {
        text::effect(excursion.level / excursion.around - 1.0)
    } else {
        text::difference(excursion.level - excursion.around, &series.unit)
    }
}

fn commit_of<'a>(
    view: &'a ReportView,
    series: &SeriesView,
    point: usize,
) -> Option<&'a CommitView> {
    view.commits.get(series.points.get(point)?.commit)
}

fn lines(out: &mut String, view: &ReportView, series: &SeriesView, ledger: &LedgerView) {
    // One column, so that it adds up as it is shown.
    let column = Column::fitting(&series.unit, ledger.now.abs().max(ledger.opening.abs()));
    let value = |value: f64| column.value(column.ticks(value));
    let _ = writeln!(out, "  {:>12}  opening level", value(ledger.opening));
    let mut level = column.ticks(ledger.opening);
    for (change, after) in levels_after(&column, series, ledger) {
        let Some(change) = series.changes.get(change) else {
            continue;
        };
        let spent = after - level;
        level = after;
        let effect = change.effect.map_or_else(String::new, |(e, low, high)| {
            text::effect_interval(e, low, high)
        });
        let _ = writeln!(
            out,
            "  {:>12}  {effect}  {}  {}",
            column.difference(spent),
            change.confidence,
            suspects(view, change)
        );
        if let Some(accepted) = &change.accepted {
            let _ = writeln!(
                out,
                "  {:>12}  accepted by {} until {}: {}",
                "",
                text::plain(&accepted.by),
                text::plain(&accepted.expires),
                text::plain(&accepted.reason)
            );
        }
    }
    let _ = writeln!(
        out,
        "  {:>12}  not explained by a single commit",
        column.difference(column.ticks(ledger.now) - level)
    );
    let _ = writeln!(out, "  {:>12}  present level", value(ledger.now));
    if let Some((newest, commit)) = stray(view, series) {
        let _ = writeln!(
            out,
            "  {:>12}  newest result, at {} \"{}\": a change that is not yet part of the level",
            column.value(column.ticks(newest)),
            &commit.id[..7],
            text::plain_up_to(&commit.subject, 50)
        );
    }
    if let (Some(budget), Some(room)) = (series.budget, ledger.headroom) {
        let words = if room >= 0.0 {
            "headroom"
        } else {
            "over the limit"
        };
        let _ = writeln!(
            out,
            "  {:>12}  {words} (limit {})",
            column.value((column.ticks(budget) - column.ticks(ledger.now)).abs()),
            value(budget)
        );
    }
}

/// The newest point where it lies outside of the noise around the present level.
fn stray<'v>(view: &'v ReportView, series: &SeriesView) -> Option<(f64, &'v CommitView)> {
    let newest = series.points.len().checked_sub(1)?;
    let (value, level) = (series.points[newest].value, series.level?);
    let reach = 4.0 * series.noise? * level.abs();
    let far = (value - level).abs() > reach && reach > 0.0;
    far.then(|| commit_of(view, series, newest))
        .flatten()
        .map(|commit| (value, commit))
}

pub(super) fn suspects(view: &ReportView, change: &ChangeView) -> String {
    let named: Vec<String> = change
        .suspects
        .iter()
        .take(SUSPECTS)
        .filter_map(|index| view.commits.get(*index))
        .map(|commit| {
            format!(
                "{} \"{}\" ({})",
                &commit.id[..7],
                text::plain_up_to(&commit.subject, 50),
                text::plain_up_to(&commit.author, 30)
            )
        })
        .collect();
    let more = change.suspects.len().saturating_sub(named.len());
    let more = if more > 0 {
        format!(" or one of {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", named.join(" or "))
}
