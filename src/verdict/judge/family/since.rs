//! Since when a family of sizes behaves as it does: a figure of all sizes, commit by commit.

use super::Member;
use crate::detect::{Input, Settings, detect};
use crate::verdict::judge::Judging;
use std::collections::BTreeMap;

/// A figure of all sizes at measured commits before the head: place and value, oldest first.
pub(super) type OverTime = Vec<(u32, f64)>;

impl Member {
    /// The figure at every commit before the head that measured all sizes the head has.
    pub(super) fn over_time(
        members: &[Self],
        figure: impl Fn(&[(f64, f64)]) -> Option<f64>,
    ) -> OverTime {
        let there: Vec<&Self> = members.iter().filter(|m| m.head.is_some()).collect();
        let mut by_place: BTreeMap<u32, BTreeMap<usize, (f64, f64)>> = BTreeMap::new();
        for (index, member) in there.iter().enumerate() {
            for (place, value) in &member.earlier {
                let sizes = by_place.entry(*place).or_default();
                sizes.insert(index, (member.size, *value));
            }
        }
        by_place
            .iter()
            .filter(|(_, sizes)| sizes.len() == there.len())
            .filter_map(|(place, sizes)| {
                let sizes: Vec<(f64, f64)> = sizes.values().copied().collect();
                Some((*place, figure(&sizes)?))
            })
            .collect()
    }
}

/// Where a figure rose, and what it was between that and the head.
#[derive(Debug, Default)]
pub(super) struct Rise {
    /// The commits that may have brought it, newest first; nobody where that is not known.
    pub(super) places: Vec<u32>,
    /// Measured commits before the head that stood at the new level already, oldest first.
    pub(super) raised: Vec<u32>,
}

impl Judging<'_, '_> {
    /// The newest commits before the head that stand nearer to `now` than to `before`, and the
    /// commits up to the first of them; without any, those since the last measured one.
    pub(super) fn risen(&self, figures: &OverTime, before: f64, now: f64) -> Rise {
        let halfway = f64::midpoint(before, now);
        let first = figures
            .iter()
            .rposition(|(_, figure)| *figure <= halfway)
            .map_or(0, |at| at + 1);
        let to = figures
            .get(first)
            .map_or(self.head_place, |(place, _)| *place);
        let from = match first.checked_sub(1) {
            Some(good) => figures[good].0 + 1,
            // Nothing before it: only the head itself is known to be new.
            None => to,
        };
        Rise {
            places: (from..=to).rev().collect(),
            raised: figures[first..].iter().map(|(place, _)| *place).collect(),
        }
    }

    /// The commits behind the last lasting rise of a figure before which it was `allowed`.
    pub(super) fn crossed(&self, figures: &OverTime, allowed: impl Fn(&[u32]) -> bool) -> Vec<u32> {
        let values: Vec<f64> = figures.iter().map(|(_, figure)| *figure).collect();
        let found = detect(
            &Input {
                values: &values,
                ..Input::default()
            },
            &Settings::default(),
        );
        let place = |index: usize| figures[index].0;
        for (at, change) in found.change_points.iter().enumerate().rev() {
            let start = at
                .checked_sub(1)
                .map_or(0, |before| found.change_points[before].index);
            let regime: Vec<u32> = (start..change.index).map(place).collect();
            if change.after > change.before && allowed(&regime) {
                let after = |index: usize| index.checked_sub(1).map_or(0, |i| place(i) + 1);
                let likely = after(change.index)..=place(change.index);
                let possible = after(change.from)..=place(change.to);
                let mut places: Vec<u32> = likely.clone().rev().collect();
                places.extend(possible.filter(|place| !likely.contains(place)));
                return places;
            }
        }
        Vec::new()
    }
}
