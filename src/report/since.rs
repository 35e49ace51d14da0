//! What was spent since a pinned commit, and by which release, on a terminal.

use super::account::{
    Entries, Mark, NEAREST_WITHIN, Pinned, Segment, between, in_digits, ledger_start, marks,
    pinned_point,
};
use super::ledger::{owned, suspects};
use super::text::{self, Column};
use super::view::{ChangeKind, ChangeView, ReportView, SeriesView};
use std::fmt::Write;

/// The ledgers of some series since a pinned commit (`None`: since the ledger opens, that is the first
/// result or the last new machine), with a line for each release where `by_release`.
#[must_use]
pub fn since(
    view: &ReportView,
    series: &[&SeriesView],
    pinned: Option<&Pinned>,
    by_release: bool,
) -> String {
    let mut out = String::new();
    for one in series {
        let _ = writeln!(out, "{}", owned(view, one));
        let begin = match pinned {
            None => Some((ledger_start(one), opening_words(view, one))),
            Some(pinned) => pinned_point(one, pinned).map(|at| (at, text::plain(&pinned.words))),
        };
        match begin.and_then(|(at, words)| Some((marks(view, one, at, by_release)?, words))) {
            Some((marks, words)) => account(&mut out, view, one, &marks, &words, by_release),
            None => {
                let words = pinned.map_or("", |pinned| pinned.words.as_str());
                let _ = writeln!(
                    out,
                    "  not measured at {} or in the {NEAREST_WITHIN} commits before it: measure that commit with plimsoll record --commit, or pin another",
                    text::plain(words)
                );
            }
        }
        out.push('\n');
    }
    out
}

/// Where the ledger opens.
fn opening_words(view: &ReportView, series: &SeriesView) -> String {
    match ledger_start(series) {
        0 => "the first result".to_owned(),
        at => format!("the new machine at {}", commit_at(view, series, at)),
    }
}

fn commit_at<'v>(view: &'v ReportView, series: &SeriesView, point: usize) -> &'v str {
    let commit = series.points.get(point).map(|point| point.commit);
    let commit = commit.and_then(|at| view.commits.get(at));
    commit.map_or("", |commit| commit.id.get(..7).unwrap_or(&commit.id))
}

fn account(
    out: &mut String,
    view: &ReportView,
    series: &SeriesView,
    marks: &[Mark],
    begin: &str,
    by_release: bool,
) {
    let Some(segments) = between(series, marks) else {
        out.push_str("  no level yet\n");
        return;
    };
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        out.push_str("  no result after it yet\n");
        return;
    };
    let (opening, now) = (first.spent.opening, last.spent.now);
    let column = Column::fitting(&series.unit, opening.abs().max(now.abs()));
    let entries = in_digits(series, &segments, &column);
    let total = entries.parts.last().map_or(0, |part| part.now) - entries.opening;
    let relative = if opening.abs() > 0.0 {
        format!(" ({})", text::effect((now - opening) / opening.abs()))
    } else {
        String::new()
    };
    let value = |ticks: i128| column.value(ticks);
    let amount = |ticks: i128| column.difference(ticks);
    let _ = writeln!(
        out,
        "  since {begin}: {} → {}, {}{relative}\n",
        value(entries.opening),
        value(entries.opening + total),
        amount(total)
    );
    let _ = writeln!(
        out,
        "  {:>12}  level at {}",
        value(entries.opening),
        commit_at(view, series, marks[0].point)
    );
    for (index, spent) in entries.parts.iter().flat_map(|part| &part.steps) {
        let _ = writeln!(
            out,
            "  {:>12}  {}",
            amount(*spent),
            step(view, &series.changes[*index])
        );
    }
    let small: i128 = entries.parts.iter().map(|part| part.small).sum();
    let _ = writeln!(
        out,
        "  {:>12}  in amounts too small for a step of their own",
        amount(small)
    );
    let _ = writeln!(
        out,
        "  {:>12}  present level",
        value(entries.opening + total)
    );
    if by_release {
        releases(out, begin, &segments, &entries, &column);
    }
}

fn step(view: &ReportView, change: &ChangeView) -> String {
    match &change.kind {
        ChangeKind::Machine { from, to } => format!(
            "the machine changed: {} → {}; no commit is blamed",
            text::plain(from),
            text::plain(to)
        ),
        ChangeKind::Change => {
            let effect = change.effect.map_or_else(String::new, |(e, low, high)| {
                format!("{}  ", text::effect_interval(e, low, high))
            });
            format!("{effect}{}  {}", change.confidence, suspects(view, change))
        }
    }
}

fn releases(
    out: &mut String,
    begin: &str,
    segments: &[Segment],
    entries: &Entries,
    column: &Column,
) {
    out.push_str("\n  by release\n");
    let mut released = begin.to_owned();
    for (index, (segment, part)) in segments.iter().zip(&entries.parts).enumerate() {
        let next = segments.get(index + 1);
        let words = match &segment.release {
            Some(name) => format!("in {}", text::plain(name)),
            None => format!("after {released}"),
        };
        let n = part.steps.len();
        let words = if segment.new_machine {
            format!("{words}: the machine changed")
        } else {
            let before =
                next.is_some_and(|next| next.new_machine && next.release == segment.release);
            format!(
                "{words}{}: {n} step{} {}, small amounts {}",
                if before {
                    ", before the new machine"
                } else {
                    ""
                },
                if n == 1 { "" } else { "s" },
                column.difference(part.stepped()),
                column.difference(part.small)
            )
        };
        let _ = writeln!(out, "  {:>12}  {words}", column.difference(part.total()));
        if let Some(name) = segment
            .release
            .as_ref()
            .filter(|_| next.is_none_or(|next| next.release != segment.release))
        {
            released = text::plain(name);
        }
    }
    let total: i128 = entries.parts.iter().map(super::account::Part::total).sum();
    let _ = writeln!(out, "  {:>12}  in all", column.difference(total));
}
