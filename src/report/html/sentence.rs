//! The whole project in a sentence or two.

use super::names::Names;
use super::overview::{STEADY, drifted, scale};
use crate::model::Direction;
use crate::report::text::{days, percent_of};
use crate::report::view::{ReportView, SeriesView, State};
use serde::Serialize;

/// The greatest drift, in words.
#[derive(Debug, Serialize)]
pub(super) struct Loss {
    href: Option<String>,
    name: String,
    text: String,
}

/// The state of the project in one sentence.
pub(super) fn sentence(view: &ReportView) -> String {
    if view.series.is_empty() {
        return "Nothing has been measured yet: `plimsoll record` stores the first results."
            .to_owned();
    }
    let past = view.series.iter().filter(|s| is_past(s)).count();
    let count = |state: State| {
        let all = view.series.iter().filter(|s| s.state == state).count();
        all - if state == State::Unproven { past } else { 0 }
    };
    let mut parts: Vec<String> = Vec::new();
    let mut say = |state: State, one: &str, many: &str| match count(state) {
        0 => {}
        1 => parts.push(format!("1 {one}")),
        n => parts.push(format!("{} {many}", number(n))),
    };
    say(State::Broken, "budget is broken", "budgets are broken");
    if past > 0 {
        let is = if past == 1 {
            "is past its"
        } else {
            "are past their"
        };
        parts.push(format!(
            "{past} {is} budget by a level that is not proven yet"
        ));
    }
    let mut say = |state: State, one: &str, many: &str| match count(state) {
        0 => {}
        1 => parts.push(format!("1 {one}")),
        n => parts.push(format!("{} {many}", number(n))),
    };
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
        format!(" for up to {}", whole(silent))
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
    say(
        State::Unproven,
        "has not enough evidence to be judged",
        "have not enough evidence to be judged",
    );
    match view.unmatched.len() {
        0 => {}
        1 => parts.push("1 limit fits no series".to_owned()),
        n => parts.push(format!("{} limits fit no series", number(n))),
    }
    let troubles = parts.len();
    let mut rest: Vec<String> = Vec::new();
    let mut calm = |state: State, one: &str, many: &str| match count(state) {
        0 => {}
        1 => rest.push(format!("1 {one}")),
        n => rest.push(format!("{} {many}", number(n))),
    };
    calm(
        State::Accepted,
        "is over its budget, accepted for a while",
        "are over their budgets, accepted for a while",
    );
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
            "No series has a budget yet ({} measured): `plimsoll init` writes a first one from these \
             results, for you to change.",
            number(view.series.len())
        );
    }
    if let Some(mut whole) = all_the_same(view, budgeted).filter(|_| view.unmatched.is_empty()) {
        if let Some(none) = rest.last().filter(|_| budgeted < view.series.len()) {
            whole.push_str(&format!(" {none}."));
        }
        return whole;
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

/// Its level is beyond its limit, and nothing proves it.
pub(super) fn is_past(series: &SeriesView) -> bool {
    series.state == State::Unproven && series.used.is_some_and(|used| used > 1.0)
}

/// A sentence of its own where every series with a budget is in the same trouble: none can be
/// judged, and counting them would not say why.
fn all_the_same(view: &ReportView, budgeted: usize) -> Option<String> {
    let mut own = view.series.iter().filter(|s| s.state != State::Unbudgeted);
    let state = own.next()?.state;
    if !own.all(|series| series.state == state) {
        return None;
    }
    let text = match state {
        State::Learning => format!(
            "The first results are in and nothing can be judged yet: {} series {} still learning. \
             A limit needs 5 measured commits, and 20 where it looks for creep or drift.",
            number(budgeted),
            if budgeted == 1 { "is" } else { "are" }
        ),
        State::NoData => {
            let silent = view.series.iter().filter_map(|series| series.silent_days);
            let silent = silent.fold(f64::NAN, f64::max);
            let since = if silent.is_nan() {
                String::new()
            } else {
                format!(" for {}", whole(silent))
            };
            format!(
                "Nothing with a budget has been measured{since}: is the job that records it failing?"
            )
        }
        State::Noisy => {
            "Every series with a budget is too noisy for its limit: record more runs a commit \
             (`plimsoll record --runs 9 -- COMMAND`), or measure on a quieter machine."
                .to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// A count with separated thousands.
pub(super) fn number(n: usize) -> String {
    crate::report::text::value(n as f64, &crate::model::Unit::Count)
}

/// Days that no line breaks.
fn whole(silent: f64) -> String {
    days(silent).replace(' ', "\u{a0}")
}

/// Sign that makes worse positive.
fn worse(series: &SeriesView) -> f64 {
    series
        .direction
        .unwrap_or(Direction::Lower)
        .worsening_sign()
}

/// How much worse a series has become since its anchor, as a fraction; steady is 0.
pub(super) fn worsened(series: &SeriesView) -> f64 {
    let drift = series.drift.map_or(0.0, |drift| drift.relative);
    if drift.abs() < STEADY {
        0.0
    } else {
        drift * worse(series)
    }
}

/// The greatest drift for the worse, and how much of it no commit explains.
pub(super) fn loss(view: &ReportView, names: &Names) -> Option<Loss> {
    let weight = worsened;
    let series = view
        .series
        .iter()
        .filter(|series| weight(series).is_finite() && weight(series) >= 0.01)
        .max_by(|a, b| weight(a).total_cmp(&weight(b)).then(b.key.cmp(&a.key)))?;
    let drift = series.drift?;
    let (amount, share) = drifted(series, &scale(series))?;
    let mut text = format!("{amount} {share} in {}", days(drift.days));
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
        href: names.series_link(series, ""),
        name: Names::title(series),
        text,
    })
}
