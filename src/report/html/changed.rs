//! What changed: every change point, grouped by the commit it is put down to.

use super::names::{CommitName, Names};
use super::overview::{blamed, scale};
use super::page::Frame;
use super::series::anchor;
use crate::report::text::{effect_interval, plain, plain_up_to};
use crate::report::view::{ChangeKind, ChangeView, ReportView, SeriesView};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Days of "what changed".
const RECENT_DAYS: i64 = 30;

/// Groups on a page with other things.
const RECENT_GROUPS: usize = 40;

/// Groups where nothing was recent.
const NEWEST_GROUPS: usize = 5;

/// Groups on a page of their own, and in the feed.
const ALL_GROUPS: usize = 300;

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
    /// How many commits more may be the cause.
    others: usize,
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
    class: &'static str,
    word: &'static str,
    accepted: Option<String>,
}

type Causes<'a> = BTreeMap<usize, Vec<(&'a SeriesView, &'a ChangeView)>>;

fn causes(view: &ReportView, wanted: impl Fn(&SeriesView, &ChangeView) -> bool) -> Causes<'_> {
    let mut causes = Causes::new();
    for series in &view.series {
        for change in &series.changes {
            if change.kind == ChangeKind::Change && wanted(series, change) {
                let cause = blamed(series, change);
                causes.entry(cause).or_default().push((series, change));
            }
        }
    }
    causes
}

impl Changed {
    /// Changes of the last [`RECENT_DAYS`], else the newest ones.
    pub(super) fn recent(
        view: &ReportView,
        names: &Names,
        root: &str,
        wanted: impl Fn(&SeriesView) -> bool,
    ) -> Self {
        let mut causes = causes(view, |series, _| wanted(series));
        let all = causes.len();
        let since = view
            .now
            .checked_sub((RECENT_DAYS * 24).hours())
            .unwrap_or(Timestamp::MIN);
        let recent = |cause: &usize| view.commits.get(*cause).is_some_and(|c| c.time >= since);
        let any = causes.keys().any(recent);
        if any {
            causes.retain(|cause, _| recent(cause));
        }
        let limit = if any { RECENT_GROUPS } else { NEWEST_GROUPS };
        let title = if any || all == 0 {
            format!("What changed in the last {RECENT_DAYS} days")
        } else {
            format!("Nothing changed in the last {RECENT_DAYS} days; the newest changes")
        };
        let mut changed = Self::new(view, names, root, causes, limit, title);
        changed.more = all - changed.groups.len();
        changed
    }

    /// Every change for the worse, accepted ones too.
    fn worse(view: &ReportView, names: &Names) -> Self {
        let causes = causes(view, |_, change| !change.improved);
        let title = "Every change for the worse".to_owned();
        Self::new(view, names, "", causes, ALL_GROUPS, title)
    }

    fn new(
        view: &ReportView,
        names: &Names,
        root: &str,
        causes: Causes<'_>,
        limit: usize,
        title: String,
    ) -> Self {
        let all = causes.len();
        let groups: Vec<Group> = causes
            .into_iter()
            .rev()
            .take(limit)
            .map(|(cause, found)| Group::new(view, names, root, cause, found))
            .collect();
        Self {
            title,
            more: all - groups.len(),
            groups,
        }
    }
}

impl Group {
    fn new(
        view: &ReportView,
        names: &Names,
        root: &str,
        cause: usize,
        mut found: Vec<(&SeriesView, &ChangeView)>,
    ) -> Self {
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
            commit: names.commit(view, cause),
            id: urn(&[&view.project, commit.map_or("", |commit| &commit.id)]),
            time: commit.map_or_else(String::new, |commit| commit.time.to_string()),
            others: found
                .iter()
                .map(|(_, change)| change.suspects.len().saturating_sub(1))
                .min()
                .unwrap_or(0),
            more: found.len().saturating_sub(EFFECTS),
            effects: found
                .iter()
                .take(EFFECTS)
                .map(|(series, change)| Effect::new(view, names, root, series, change))
                .collect(),
        }
    }
}

impl Effect {
    fn new(
        view: &ReportView,
        names: &Names,
        root: &str,
        series: &SeriesView,
        change: &ChangeView,
    ) -> Self {
        let scale = scale(series);
        let (class, word) = if change.improved {
            ("improved", "better")
        } else if change.accepted.is_some() {
            ("accepted", "accepted")
        } else {
            ("worse", "worse")
        };
        let place = format!("#{}", anchor(view, series, change));
        Self {
            href: names.series_link(root, series, &place),
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

/// `regressions.html` and `regressions.xml`.
#[derive(Debug, Serialize)]
pub(super) struct Regressions {
    frame: Frame,
    changed: Changed,
    /// Id of the feed.
    id: String,
    title: String,
    /// When its newest entry, else the report, was made.
    updated: String,
}

impl Regressions {
    pub(super) fn new(view: &ReportView, names: &Names) -> Self {
        let changed = Changed::worse(view, names);
        let newest = changed.groups.iter().map(|group| &group.time).max();
        Self {
            frame: Frame::new(view, ""),
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
