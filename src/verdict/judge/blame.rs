//! Which commits brought a change: the head, or earlier ones.

use super::{Bench, JudgedBase, Judging, added};
use crate::analysis::suspects;
use crate::budget::Minimum;
use crate::history::{Point, Timeline};
use crate::model::Direction;
use crate::stats::median;
use crate::verdict::rules::ALPHA;
use crate::verdict::{Head, Judgement, LimitVerdict, Reason, Verdict};

/// What brought a level.
pub(super) struct Brought {
    /// The commits that may have, newest first.
    pub(super) places: Vec<u32>,
    /// Where it was the base and not the change: the level of its newest points, on its scale.
    pub(super) by_base: Option<f64>,
}

/// A head beside its base at the moment of blaming.
#[derive(Clone, Copy)]
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

    /// Whether the points from `first` to the head are as likely outliers as a level: others of the
    /// history lay beyond `y`, too, and by their share so many in a row are no surprise at 5 %.
    fn are_outliers(&self, first: usize, y: f64) -> bool {
        let own = self.bench.earlier.len() - first;
        let base = &self.judged.base;
        let residuals = &base.noise.residuals;
        let others = &residuals[..residuals.len().saturating_sub(own)];
        let far = others.iter().filter(|r| **r > y - base.level).count();
        let share = (1.0 + far as f64) / (1.0 + others.len() as f64);
        far > 0 && share.powi(i32::try_from(own).unwrap_or(i32::MAX)) > ALPHA
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
        let crossed = seen.bench.all().changes.iter().rev().find(|change| {
            sign * change.before <= sign * limit && sign * change.after > sign * limit
        });
        if let Some(change) = crossed {
            return suspects(change, &series.points);
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

    /// The commits that brought the head's level. Points just before the head that already stand at
    /// its level tell that it was not the head, long before they are enough for a regime of their own.
    pub(super) fn bringers(&self, seen: &Seen<'_>, margin: f64, exact: bool) -> Brought {
        let earlier = seen.bench.earlier;
        let halfway = f64::midpoint(seen.judged.base.level, seen.head.centre);
        let first = seen.run_above(halfway);
        let raised = &earlier[first..];
        if raised.is_empty()
            || seen.adds_more_than(raised, margin, exact)
            || (!exact && seen.are_outliers(first, halfway))
        {
            return Brought {
                places: self.between(seen, earlier.len()),
                by_base: None,
            };
        }
        let ys: Vec<f64> = raised
            .iter()
            .filter_map(|point| seen.judged.y(seen.bench, point))
            .collect();
        let by_base = self.check.base.is_some() && raised[0].place < self.base_end;
        Brought {
            places: self.between(seen, first),
            by_base: median(&ys).filter(|_| by_base),
        }
    }

    /// A change is judged for what it adds. What stands over `top` without it is inherited; what is
    /// only over together with a change that is not proven worse is not proven over. `over_before`:
    /// the base is over by its level. Returns what brought the change's own part, where it is proven.
    pub(super) fn own_part(
        &self,
        judgement: &mut Judgement,
        seen: &Seen<'_>,
        exact: bool,
        over_before: bool,
        top: Option<f64>,
    ) -> Option<Brought> {
        let base = &seen.judged.base;
        let brought = self.bringers(seen, 0.0, exact);
        let raised = brought.by_base.zip(top);
        let over_before = over_before || raised.is_some_and(|(raised, top)| raised > top);
        let added = added(base, seen.head, exact);
        if added.verdict == Verdict::Over && brought.by_base.is_none() {
            if over_before && judgement.p.is_some() {
                // Only what it adds is its own, and has to pass the control over all tests.
                (judgement.p, judgement.outlying) = (added.p, added.outlying);
                judgement.carried = Some(Vec::new());
            }
            return Some(brought);
        }
        if added.verdict != Verdict::Over && !over_before && base.points < Minimum::default().points
        {
            // Too little is known of the base to say what it carries.
            return None;
        }
        (judgement.verdict, judgement.reason) = if over_before {
            (Verdict::Inherited, None)
        } else {
            (Verdict::Unproven, Some(Reason::BothSides))
        };
        None
    }

    pub(super) fn name(&self, found: &mut LimitVerdict, places: Vec<u32>) {
        name_on(self.check.timeline, found, &places);
    }
}

/// Names the commits of these places as those that brought what was found.
pub(super) fn name_on(line: &Timeline, found: &mut LimitVerdict, places: &[u32]) {
    found.suspects = places
        .iter()
        .take(50)
        .filter_map(|place| line.at(*place).cloned())
        .collect();
    found.introduced_by = found.suspects.first().cloned();
}
