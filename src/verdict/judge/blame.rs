//! Which commits brought a change: the head, or earlier ones.

use super::{Bench, JudgedBase, Judging};
use crate::analysis::{analyse, suspects};
use crate::history::Point;
use crate::model::Direction;
use crate::stats::median;
use crate::verdict::{Head, LimitVerdict};

/// A head beside its base at the moment of blaming.
pub(super) struct Seen<'s> {
    pub(super) bench: &'s Bench<'s>,
    pub(super) judged: &'s JudgedBase,
    pub(super) head: &'s Head,
}

impl Seen<'_> {
    /// Where the run of points begins that ends just before the head and lies above `y`.
    fn run_above(&self, y: f64) -> usize {
        let earlier = self.bench.earlier;
        let below = |point: &Point| self.judged.y(self.bench, point).is_none_or(|own| own <= y);
        earlier.iter().rposition(below).map_or(0, |at| at + 1)
    }

    /// Whether the head is proven (one-sided 95 %) to add more than `margin` to the points before
    /// it. A lone point far above the head is an outlier, not a level that the head has joined.
    fn adds_more_than(&self, before: &[Point], margin: f64, exact: bool) -> bool {
        let ys: Vec<f64> = before
            .iter()
            .filter_map(|point| self.judged.y(self.bench, point))
            .collect();
        let Some(middle) = median(&ys) else {
            return true;
        };
        let added = self.head.centre - middle;
        let base = &self.judged.base;
        let reach = if exact {
            0.0
        } else {
            base.t(0.95) * base.noise.sd * (1.0 + 1.0 / ys.len() as f64).sqrt()
        };
        let outlier = ys.len() == 1 && added < -2.0 * reach;
        added - reach > margin || outlier
    }
}

impl Judging<'_, '_> {
    /// The commits whose change carried the level over the limit: those of a change point, else
    /// those before the first of the newest points that lie above it; nobody where it crept over.
    pub(super) fn crossing(&self, seen: &Seen<'_>, limit: f64, direction: Direction) -> Vec<u32> {
        let sign = direction.worsening_sign();
        let series = seen.bench.series;
        let crossed = analyse(series).changes.into_iter().rev().find(|change| {
            sign * change.before <= sign * limit && sign * change.after > sign * limit
        });
        if let Some(change) = crossed {
            return suspects(&change, &series.points);
        }
        let first = seen.run_above(seen.judged.base.working(limit));
        let y = |index: usize| match seen.bench.earlier.get(index) {
            Some(point) => seen.judged.y(seen.bench, point),
            None => Some(seen.head.centre),
        };
        let step = first
            .checked_sub(1)
            .and_then(|good| Some(y(first)? - y(good)?));
        match step {
            Some(step) if step > 2.0 * seen.judged.base.noise.sd => self.between(seen, first),
            _ => Vec::new(),
        }
    }

    /// The commits after the point before `first` up to the point `first`, newest first; the
    /// point after the last is the head.
    fn between(&self, seen: &Seen<'_>, first: usize) -> Vec<u32> {
        let earlier = seen.bench.earlier;
        let from = first
            .checked_sub(1)
            .map_or(0, |good| earlier[good].place + 1);
        let to = earlier
            .get(first)
            .map_or(self.head_place, |point| point.place);
        (from..=to).rev().collect()
    }

    /// The commits that brought the head's level, and whether they are part of the base. Points
    /// just before the head that already stand at its level tell that it was not the head, long
    /// before they are enough for a regime of their own.
    pub(super) fn bringers(&self, seen: &Seen<'_>, margin: f64, exact: bool) -> (Vec<u32>, bool) {
        let earlier = seen.bench.earlier;
        let halfway = (seen.judged.base.level + seen.head.centre) / 2.0;
        let first = seen.run_above(halfway);
        let raised = &earlier[first..];
        let before_head = !raised.is_empty() && !seen.adds_more_than(raised, margin, exact);
        if before_head {
            (self.between(seen, first), raised[0].place < self.base_end)
        } else {
            (self.between(seen, earlier.len()), false)
        }
    }

    pub(super) fn name(&self, found: &mut LimitVerdict, places: Vec<u32>) {
        let commits = self.check.timeline;
        found.suspects = places
            .iter()
            .take(50)
            .filter_map(|place| commits.at(*place).cloned())
            .collect();
        found.introduced_by = found.suspects.first().cloned();
    }
}
