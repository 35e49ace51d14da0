//! What changed: every change point, those that one range of commits explains as one group.

use super::groups::{Cause, causes};
use super::names::{CommitName, Names};
use super::overview::scale;
use super::page::Frame;
use super::series::anchor;
use crate::report::ledger::excursion_effect;
use crate::report::text::{effect_interval, plain, plain_up_to};
use crate::report::view::{ChangeKind, ChangeView, ExcursionView, ReportView, SeriesView};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Days of "what changed".
const RECENT_DAYS: i64 = 30;

/// Groups on a page with other things.
const RECENT_GROUPS: usize = 40;

/// Groups where nothing was recent.
const NEWEST_GROUPS: usize = 5;

/// Groups on a page of their own, and in the feed.
const ALL_GROUPS: usize = 300;

/// Stretches off a level and back on a page.
const ALL_EXCURSIONS: usize = 100;

/// Series that one group names.
const EFFECTS: usize = 12;

/// Changes, one group for each cause, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    title: String,
    groups: Vec<Group>,
    /// Groups that are not shown.
    more: usize,
}

#[derive(Debug, Serialize)]
struct Group {
    commit: CommitName,
    /// Stable id of the group in a feed.
    id: String,
    /// Commit time, RFC 3339.
    time: String,
    /// Where several commits may be the cause: the last good one, the last that may be it, and how
    /// many there are.
    range: Option<(CommitName, CommitName, usize)>,
    /// The part of a link that compares the commits around it.
    compare: String,
    effects: Vec<Effect>,
    /// Series that are not named.
    more: usize,
}

#[derive(Debug, Serialize)]
struct Effect {
    href: Option<String>,
    name: String,
    under: String,
    effect: String,
    levels: String,
    confidence: &'static str,
    /// Commits that may have brought it by this series alone, where the group has fewer.
    among: Option<usize>,
    class: &'static str,
    word: &'static str,
    accepted: Option<String>,
}

fn found(view: &ReportView, wanted: impl Fn(&SeriesView, &ChangeView) -> bool) -> Vec<Cause<'_>> {
    let all = view.series.iter().flat_map(|series| {
        let own = series.changes.iter();
        own.filter(|change| change.kind == ChangeKind::Change)
            .map(move |change| (series, change))
    });
    causes(all.filter(|(series, change)| wanted(series, change)))
}

impl Changed {
    /// Changes of the last [`RECENT_DAYS`], else the newest ones.
    pub(super) fn recent(
        view: &ReportView,
        names: &Names,
        wanted: impl Fn(&SeriesView) -> bool,
    ) -> Self {
        let mut causes = found(view, |series, _| wanted(series));
        let all = causes.len();
        let since = view
            .now
            .checked_sub((RECENT_DAYS * 24).hours())
            .unwrap_or(Timestamp::MIN);
        let recent = |cause: &Cause<'_>| {
            let commit = view.commits.get(cause.commit);
            commit.is_some_and(|commit| commit.time >= since)
        };
        let any = causes.iter().any(recent);
        if any {
            causes.retain(recent);
        }
        let limit = if any { RECENT_GROUPS } else { NEWEST_GROUPS };
        let title = if any || all == 0 {
            format!("What changed in the last {RECENT_DAYS} days")
        } else {
            format!("Nothing changed in the last {RECENT_DAYS} days; the newest changes")
        };
        let mut changed = Self::new(view, names, causes, limit, title);
        changed.more = all - changed.groups.len();
        changed
    }

    /// Every change for the worse, accepted ones too.
    fn worse(view: &ReportView, names: &Names) -> Self {
        let causes = found(view, |_, change| !change.improved);
        let title = "Every change for the worse".to_owned();
        Self::new(view, names, causes, ALL_GROUPS, title)
    }

    fn new(
        view: &ReportView,
        names: &Names,
        causes: Vec<Cause<'_>>,
        limit: usize,
        title: String,
    ) -> Self {
        let all = causes.len();
        let groups: Vec<Group> = causes
            .into_iter()
            .rev()
            .take(limit)
            .map(|cause| Group::new(view, names, cause))
            .collect();
        Self {
            title,
            more: all - groups.len(),
            groups,
        }
    }
}

impl Group {
    fn new(view: &ReportView, names: &Names, cause: Cause<'_>) -> Self {
        let Cause {
            range: (first, last),
            commit: cause,
            mut found,
        } = cause;
        // Budgets first, then by size.
        let size = |change: &ChangeView| change.effect.map_or(0.0, |(e, ..)| e.abs());
        found.sort_by(|(a, x), (b, y)| {
            (b.budget.is_some() || b.limit.is_some())
                .cmp(&(a.budget.is_some() || a.limit.is_some()))
                .then(size(y).total_cmp(&size(x)))
                .then(a.key.cmp(&b.key))
        });
        let commit = view.commits.get(cause);
        Self {
            commit: names.commit(cause),
            id: urn(&[&view.project, commit.map_or("", |commit| &commit.id)]),
            time: commit.map_or_else(String::new, |commit| commit.time.to_string()),
            range: (first < last).then(|| {
                let good = first.saturating_sub(1);
                (names.commit(good), names.commit(last), last - first + 1)
            }),
            compare: super::compare::hash(view, first.saturating_sub(1), last),
            more: found.len().saturating_sub(EFFECTS),
            effects: found
                .iter()
                .take(EFFECTS)
                .map(|(series, change)| Effect::new(view, names, series, change, last - first + 1))
                .collect(),
        }
    }
}

impl Effect {
    fn new(
        view: &ReportView,
        names: &Names,
        series: &SeriesView,
        change: &ChangeView,
        of_group: usize,
    ) -> Self {
        let scale = scale(series);
        let (class, word) = if change.improved {
            ("improved", "better")
        } else if change.accepted.is_some() {
            ("accepted", "accepted")
        } else {
            ("worse", "worse")
        };
        let place = format!("#{}", anchor(view, change));
        Self {
            href: names.series_link(series, &place),
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
            among: Some(change.suspects.len()).filter(|own| *own > of_group),
            class,
            word,
            accepted: change
                .accepted
                .as_ref()
                .map(|accepted| format!("accepted by {}", plain_up_to(&accepted.by, 40))),
        }
    }
}

/// `regressions.html` and `regressions.xml`.
#[derive(Debug, Serialize)]
pub(super) struct Regressions {
    frame: Frame,
    changed: Changed,
    excursions: Vec<Excursion>,
    /// Stretches that are not listed.
    more_excursions: usize,
    /// Id of the feed.
    id: String,
    title: String,
    /// When its newest entry, else the report, was made.
    updated: String,
}

/// A stretch worse than the level around it that is over.
#[derive(Debug, Serialize)]
struct Excursion {
    href: Option<String>,
    name: String,
    under: String,
    effect: String,
    levels: String,
    results: usize,
    begun: CommitName,
    back: CommitName,
}

/// All of them, newest first, and how many there are beyond those.
fn put_right(view: &ReportView, names: &Names) -> (Vec<Excursion>, usize) {
    let all = view.series.iter().flat_map(|series| {
        let own = series.excursions.iter();
        own.filter(|found| !found.improved)
            .map(move |found| (series, found))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by(|(a, x), (b, y)| (y.begun, &a.key).cmp(&(x.begun, &b.key)));
    let more = all.len().saturating_sub(ALL_EXCURSIONS);
    all.truncate(ALL_EXCURSIONS);
    let one = |(series, found): (&SeriesView, &ExcursionView)| Excursion {
        href: names.series_link(series, "#excursions"),
        name: Names::title(series),
        under: names.slice(series),
        effect: excursion_effect(series, found),
        levels: excursion_levels(series, found),
        results: found.last + 1 - found.first,
        begun: names.commit(found.begun),
        back: names.commit(found.back),
    };
    (all.into_iter().map(one).collect(), more)
}

/// The level off the one around it: `277 ms instead of 231 ms`.
pub(super) fn excursion_levels(series: &SeriesView, found: &ExcursionView) -> String {
    let scale = scale(series);
    format!(
        "{} instead of {}",
        scale.value(found.level),
        scale.value(found.around)
    )
}

impl Regressions {
    pub(super) fn new(view: &ReportView, names: &Names) -> Self {
        let (excursions, more_excursions) = put_right(view, names);
        let changed = Changed::worse(view, names);
        let newest = changed.groups.iter().map(|group| &group.time).max();
        Self {
            frame: Frame::new(view, names, ""),
            excursions,
            more_excursions,
            id: urn(&[&view.project]),
            title: plain(&view.project),
            updated: newest.map_or_else(|| view.now.to_string(), String::clone),
            changed,
        }
    }
}

/// An id that is the same whenever the parts are: a UUID of version 8 made of their digest.
fn urn(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    digest.update("plimsoll.report");
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    let mut bytes: [u8; 32] = digest.finalize().into();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |range: std::ops::Range<usize>| -> String {
        bytes[range]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        hex(0..4),
        hex(4..6),
        hex(6..8),
        hex(8..10),
        hex(10..16)
    )
}
