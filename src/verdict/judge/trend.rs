//! Rules over time: `creep`, `drift`, and the day on which a limit is reached.

use super::blame::Seen;
use super::level::differing;
use super::{Bench, Judging, added};
use crate::analysis::{Base, Course, CreepFound, Step, Windowed, exhaustion, measure_creep};
use crate::budget::{Anchor, Creep, Drift, Rule, Window};
use crate::stats::median;
use crate::verdict::rules::{Contrast, outlying, own_record_p};
use crate::verdict::select::Pair;
use crate::verdict::{
    Drifted, Exhausted, Head, Judgement, LimitVerdict, Reason, Verdict, judge_creep, judge_drift,
};
use jiff::ToSpan;

/// The newest points and those around an anchor that give a level: so many at the most.
const LEVEL_POINTS: usize = 10;
/// An anchor may be so many commits after the newest measured one before it.
const NEAREST_WITHIN: u32 = 50;
/// More suspects than this are no answer to who brought a drift.
const MOST_SUSPECTS: usize = 10;
/// A rate is measured over so many days.
const RATE_DAYS: f64 = 180.0;
/// A forecast further ahead than this is not worth measuring the rate.
const RATE_SCREEN_DAYS: f64 = 400.0;

/// All points of one commit, on the working scale of a base.
#[derive(Debug, Clone, Copy)]
struct Dot {
    place: u32,
    y: f64,
    /// The first of its points.
    index: usize,
}

impl Judging<'_, '_> {
    /// One value a commit, offsets of machines taken out, from the point `start` of the base on.
    fn dots(&self, bench: &Bench<'_>, base: &Base, start: usize) -> Vec<Dot> {
        let mut dots = Vec::new();
        let usable: Vec<Dot> = bench
            .base_points
            .iter()
            .zip(&bench.analysis.offsets)
            .enumerate()
            .skip(start)
            .filter(|(_, (_, offset))| offset.is_finite())
            .map(|(index, (point, offset))| Dot {
                place: point.place,
                y: base.working(point.value) - base.sign * offset,
                index,
            })
            .collect();
        for group in usable.chunk_by(|a, b| a.place == b.place) {
            let ys: Vec<f64> = group.iter().map(|dot| dot.y).collect();
            dots.extend(median(&ys).map(|y| Dot { y, ..group[0] }));
        }
        dots
    }

    /// Days of a place on the timeline since some moment; `None` where its commit is not known.
    fn day(&self, place: u32) -> Option<f64> {
        self.days
            .get(place as usize)
            .copied()
            .filter(|day| day.is_finite())
    }

    /// The values of a window that ends at the head. `None` where the times are not known.
    fn window(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        dots: &[Dot],
        head: Option<&Head>,
        window: Window,
    ) -> Option<Windowed> {
        let axis = |place: u32| match window {
            Window::Days(_) => self.day(place),
            Window::Commits(_) => Some(f64::from(place)),
        };
        let end = axis(self.head_place)?;
        let start = match window {
            Window::Days(days) => end - days,
            Window::Commits(commits) => end - f64::from(commits) + 1.0,
        };
        let mut windowed = Windowed {
            x: Vec::new(),
            y: Vec::new(),
            steps: Vec::new(),
        };
        let mut indices = Vec::new();
        for dot in dots {
            let x = axis(dot.place)?;
            if x >= start && x <= end {
                windowed.x.push(x);
                windowed.y.push(dot.y);
                indices.push(dot.index);
            }
        }
        for change in &bench.analysis.changes {
            let at = indices.partition_point(|index| *index < change.index);
            if at > 0 && at < indices.len() && windowed.steps.last().is_none_or(|s| s.at < at) {
                let places = crate::analysis::suspects(change, bench.base_points);
                windowed.steps.push(Step {
                    at,
                    accepted: self.was_accepted(pair, &places),
                });
            }
        }
        if let Some(head) = head {
            windowed.x.push(end);
            windowed.y.push(head.centre);
        }
        Some(windowed)
    }

    /// Where a level that moves inside its regimes stands, the head's value included.
    pub(super) fn course(&self, bench: &Bench<'_>, base: &Base, head: &Head) -> Option<Course> {
        let start = bench.analysis.breaks.last().copied().unwrap_or(0);
        let dots = self.dots(bench, base, start);
        let mut window = Windowed {
            x: Vec::with_capacity(dots.len() + 1),
            y: dots.iter().map(|dot| dot.y).collect(),
            steps: Vec::new(),
        };
        for change in &bench.analysis.changes {
            let at = dots.partition_point(|dot| dot.index < change.index);
            if at > 0 && at < dots.len() && window.steps.last().is_none_or(|step| step.at < at) {
                window.steps.push(Step { at, accepted: true });
            }
        }
        window.y.push(head.centre);
        window.x.extend((0..window.y.len()).map(|i| i as f64));
        Course::of(&window)
    }

    /// Whether an acceptance of this limit names one of these commits, or was added by one.
    fn was_accepted(&self, pair: &Pair<'_>, places: &[u32]) -> bool {
        let own = |a: &&crate::budget::Acceptance| a.limit == pair.limit.id;
        let mut entries = pair.budget.accepted.iter().filter(own);
        entries.any(|a| {
            let added = self.check.commits.accepted(&pair.budget.file, &a.id);
            let mut commits = places
                .iter()
                .filter_map(|place| self.check.timeline.at(*place));
            commits.any(|id| a.names(id) || added == Some(id))
        })
    }

    /// The size from which a step alarms by itself, so is none of a creep's.
    fn alarms(&self, pair: &Pair<'_>, base: &Base, own: f64) -> f64 {
        pair.limit
            .regress
            .filter(|_| pair.limit.versus.is_none())
            .and_then(|regress| base.margin(regress.limit))
            .unwrap_or(own)
    }

    /// Points that a rule can decide with: those of the base. Where there is none the branch itself is
    /// judged, and the commit that is looked at is the newest point of it.
    pub(super) fn with_its_own(&self, points: usize) -> usize {
        points + usize::from(self.check.base.is_none())
    }

    fn learning(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        rule: Rule,
        points: usize,
    ) -> LimitVerdict {
        let mut found = self.not_comparable(pair, bench, rule);
        found.judgement.points = (
            points,
            pair.limit.min.points.max(super::super::CREEP_POINTS),
        );
        found
    }

    pub(super) fn creep(&self, pair: &Pair<'_>, bench: &Bench<'_>, rule: Creep) -> LimitVerdict {
        let judged = self.base(pair, bench);
        let Some((judged, head)) = judged
            .filter(|judged| judged.own)
            .and_then(|judged| Some((judged.head(bench)?, judged)))
            .map(|(head, judged)| (judged, head))
        else {
            return self.learning(pair, bench, Rule::Creep, 0);
        };
        let base = &judged.base;
        let start = bench.analysis.breaks.last().copied().unwrap_or(0);
        let dots = self.dots(bench, base, start);
        let fraction = rule.limit.fraction;
        let (Some(margin), Some(windowed)) = (
            base.margin(fraction),
            self.window(pair, bench, &dots, Some(&head), rule.window),
        ) else {
            let reason = if base.margin(fraction).is_none() {
                Reason::NoRelativeSize
            } else {
                Reason::OrderUnknown
            };
            let judgement = Judgement::bare(Verdict::Unproven, reason);
            return self.describe(pair, bench, Rule::Creep, judgement);
        };
        let alarms = self.alarms(pair, base, margin);
        let least = pair.limit.min.points;
        let judged_points = self.with_its_own(dots.len());
        let head_points = dots.len() + 1 - judged_points;
        let (mut judgement, measured) =
            judge_creep(&windowed, margin, alarms, (least, head_points));
        if judgement.reason == Some(Reason::Learning) && judged_points >= judgement.points.1 {
            // There are enough points, but never so many inside one window.
            judgement.reason = Some(Reason::Unattainable);
        }
        if judgement.verdict == Verdict::Over && self.check.base.is_some() {
            let mut before = windowed.clone();
            let end = before.x.pop().unwrap_or(0.0);
            before.y.pop();
            let (without, trend) = judge_creep(&before, margin, alarms, (least, 0));
            let expected = trend.and_then(|creep| creep.level_at(end));
            let above = head.above(expected.map_or(0.0, |expected| expected - base.level));
            own_part_of_creep(
                &mut judgement,
                without.verdict == Verdict::Over,
                &added(base, &above, judged.exact(pair.limit)),
            );
        }
        let mut used = None;
        let mut limit_value = None;
        let mut exhausted = None;
        if let Some(creep) = &measured {
            let (low, high) = creep.trend.interval(0.95);
            let growth = creep.growth.0;
            judgement.effect = interval(base, growth, low * creep.span, high * creep.span);
            judgement.smallest_effect = base
                .effect((high - low) * creep.span * 0.5 * 1.6)
                .map(f64::abs);
            let now = creep.level_at(windowed.x.last().copied().unwrap_or(0.0));
            judgement.level = now.map(|now| base.value(now));
            limit_value = now.map(|now| base.value(now - growth + margin));
            used = Some((growth / margin).max(0.0));
            if judgement.verdict != Verdict::Over && matches!(rule.window, Window::Days(_)) {
                exhausted = self.exhausted(creep, windowed.x.len(), margin - growth);
            }
        }
        let mut found = self.describe(pair, bench, Rule::Creep, judgement);
        found.allowed = Some(pair.direction.worsening_sign() * fraction);
        found.used = used;
        found.limit_value = limit_value;
        found.exhausted = exhausted;
        found
    }

    pub(super) fn drift(&self, pair: &Pair<'_>, bench: &Bench<'_>, rule: &Drift) -> LimitVerdict {
        let judged = self.base(pair, bench);
        let Some((judged, head)) = judged
            .filter(|judged| judged.own)
            .and_then(|judged| Some((judged.head(bench)?, judged)))
            .map(|(head, judged)| (judged, head))
        else {
            return self.learning(pair, bench, Rule::Drift, 0);
        };
        let base = &judged.base;
        let unproven = |reason: Reason| {
            let judgement = Judgement::bare(Verdict::Unproven, reason);
            self.describe(pair, bench, Rule::Drift, judgement)
        };
        let fraction = rule.limit.fraction;
        let Some(margin) = base.margin(fraction) else {
            return unproven(Reason::NoRelativeSize);
        };
        let dots = self.dots(bench, base, 0);
        let Some(anchor) = self.anchor_dot(pair, &dots, &rule.anchor) else {
            return unproven(Reason::AnchorNotMeasured);
        };
        let start = bench.analysis.breaks.last().copied().unwrap_or(0);
        let Some((shift, link_variance)) = self.link(bench, base, dots[anchor].index) else {
            return unproven(Reason::MachineChanged);
        };
        let contrast = Contrast::new(base, &head);
        let agrees = contrast.agrees(base);
        let (then, now) = sides(bench, &dots, anchor, start);
        let then: Vec<f64> = then.iter().map(|dot| dot.y + shift).collect();
        let mut now: Vec<f64> = now.iter().map(|dot| dot.y).collect();
        let before = now.clone();
        if agrees {
            now.push(head.centre);
        } else {
            now = vec![head.centre];
        }
        let level_then = crate::analysis::centre(&then);
        let drifted = Drifted {
            then,
            now,
            link_variance,
            extra_variance: if agrees { 0.0 } else { head.extra_variance },
            outlier_p: if agrees {
                0.0
            } else {
                own_record_p(base, &head)
            },
            outlying: (!agrees).then(|| outlying(base, &head)),
        };
        let points = (self.with_its_own(dots.len()), pair.limit.min.points);
        let mut judgement = if judged.exact(pair.limit) {
            exact_drift(base, level_then, head.centre, margin)
        } else {
            judge_drift(base, &drifted, margin, points)
        };
        let seen = Seen {
            bench,
            judged: &judged,
            head: &head,
        };
        let (mut own, mut carried) = (None, false);
        if judgement.verdict == Verdict::Over && self.check.base.is_some() {
            let without = Drifted {
                now: before,
                extra_variance: 0.0,
                outlier_p: 0.0,
                outlying: None,
                ..drifted.clone()
            };
            carried = judge_drift(base, &without, margin, points).verdict == Verdict::Over
                || (judged.exact(pair.limit) && base.level - level_then > margin);
            let exact = judged.exact(pair.limit);
            let top = Some(level_then + margin);
            own = self.own_part(&mut judgement, &seen, exact, carried, top);
            if judgement.carried.is_some() {
                let top = base.value(level_then + margin);
                let places = self.crossing(&seen, top, pair.direction);
                let brought = places.len() <= MOST_SUSPECTS;
                judgement.carried = Some(if brought { places } else { Vec::new() });
            }
        }
        let beyond = |y: &f64| *y > level_then + margin;
        let differing = differing(pair, bench, &mut judgement, head.ys.iter().all(beyond));
        let level = judgement.level;
        let mut found = self.describe(pair, bench, Rule::Drift, judgement);
        found.against = differing;
        let top = base.value(level_then + margin);
        found.allowed = Some(pair.direction.worsening_sign() * fraction);
        found.limit_value = Some(top);
        found.used = level.map(|level| ((base.working(level) - level_then) / margin).max(0.0));
        if matches!(found.judgement.verdict, Verdict::Within | Verdict::Unproven) {
            let room = level.map(|level| level_then + margin - base.working(level));
            found.exhausted = room.and_then(|room| self.forecast(pair, bench, base, &head, room));
        }
        if matches!(found.judgement.verdict, Verdict::Over | Verdict::Inherited) {
            let places = match own {
                Some(brought) if !carried => brought.places,
                _ => self.crossing(&seen, top, pair.direction),
            };
            // A level that rose over many commits was brought by none of them.
            if places.len() <= MOST_SUSPECTS {
                self.name(&mut found, places);
            }
        }
        found
    }

    /// The measured commit that stands for an anchor: the anchor itself, else the newest before it
    /// within [`NEAREST_WITHIN`] commits; for a date or the start also the first after it.
    fn anchor_dot(&self, pair: &Pair<'_>, dots: &[Dot], anchor: &Anchor) -> Option<usize> {
        let pinned = self.check.commits.pin(&pair.budget.file, anchor)?;
        let place = self.check.timeline.place(pinned)?;
        let after = dots.partition_point(|dot| dot.place <= place);
        let before = after
            .checked_sub(1)
            .filter(|at| place - dots[*at].place <= NEAREST_WITHIN);
        match anchor {
            Anchor::Tag(_) | Anchor::Commit(_) => before,
            Anchor::Date(_) | Anchor::Start => {
                before.or_else(|| (after < dots.len()).then_some(after))
            }
        }
    }

    /// What must be added to values of the stretch of `index` to compare them with the newest ones,
    /// and its variance. Across a lasting change of the machine that is known where one commit was
    /// measured on both; where machines only take turns their offsets are known, each from as many
    /// changes of the machine as there were. `None`: nothing links them.
    fn link(&self, bench: &Bench<'_>, base: &Base, index: usize) -> Option<(f64, f64)> {
        let points = bench.base_points;
        let offset = |i: usize| bench.analysis.offsets.get(i).copied();
        let one = 2.0 * base.noise.sd.powi(2);
        let (mut shift, mut variance) = (0.0, 0.0);
        for &at in bench.analysis.breaks.iter().filter(|at| **at > index) {
            let (old, new) = (points.get(at.checked_sub(1)?)?, points.get(at)?);
            if old.place != new.place {
                return None;
            }
            let y = |i: usize, value: f64| Some(base.working(value) - base.sign * offset(i)?);
            shift += y(at, new.value)? - y(at - 1, old.value)?;
            variance += one;
        }
        let start = bench.analysis.breaks.iter().rfind(|at| **at <= index);
        let (then, now) = (
            points.get(index)?.stratum,
            bench.head_points.last()?.stratum,
        );
        if then != now && start == bench.analysis.breaks.last() {
            let turns = points
                .windows(2)
                .filter(|pair| {
                    let both = (pair[0].stratum, pair[1].stratum);
                    both == (then, now) || both == (now, then)
                })
                .count();
            variance += one / (turns as f64 / 2.0).max(0.5);
        }
        Some((shift, variance))
    }

    /// The day on which `room` is used up at the present rate.
    pub(super) fn forecast(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        base: &Base,
        head: &Head,
        room: f64,
    ) -> Option<Exhausted> {
        if room.is_nan() || room <= 0.0 {
            return None;
        }
        let start = bench.analysis.breaks.last().copied().unwrap_or(0);
        let dots = self.dots(bench, base, start);
        let windowed = self.window(pair, bench, &dots, Some(head), Window::Days(RATE_DAYS))?;
        // A look at the thirds tells without all pairs that nothing is about to happen.
        let third = windowed.y.len() / 3;
        let early = median(windowed.y.get(..third)?)?;
        let late = median(windowed.y.get(windowed.y.len() - third..)?)?;
        let span = windowed.x.last()? - windowed.x.first()?;
        let slope = (late - early) / (span * 2.0 / 3.0);
        if slope.is_nan() || slope <= 0.0 || room / slope > RATE_SCREEN_DAYS {
            return None;
        }
        let alarms = self.alarms(pair, base, base.margin(0.05)?);
        let creep = measure_creep(&windowed, alarms)?;
        self.exhausted(&creep, windowed.x.len(), room)
    }

    fn exhausted(&self, creep: &CreepFound, values: usize, room: f64) -> Option<Exhausted> {
        let days = exhaustion(creep, values, room)?;
        let commit = self.check.timeline.at(self.head_place)?;
        let time = self.check.commits.times.get(commit)?;
        let today = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        let date = |days: f64| {
            (days < 40_000.0)
                .then(|| today.checked_add((days.ceil() as i64).days()).ok())
                .flatten()
        };
        Some(Exhausted {
            date: date(days.0)?,
            between: (date(days.1)?, date(days.2)),
            days,
        })
    }
}

/// The points around the anchor in its regime, and the newest after them.
fn sides<'d>(
    bench: &Bench<'_>,
    dots: &'d [Dot],
    anchor: usize,
    start: usize,
) -> (&'d [Dot], &'d [Dot]) {
    let regime = |index: usize| {
        bench
            .analysis
            .regimes
            .iter()
            .find(|regime| regime.first <= index && index <= regime.last)
            .map_or((index, index), |regime| (regime.first, regime.last))
    };
    let (first, last) = regime(dots[anchor].index);
    let from = dots.partition_point(|dot| dot.index < first);
    let to = dots.partition_point(|dot| dot.index <= last);
    let half = LEVEL_POINTS / 2;
    // As many on either side as the regime has; what one side lacks the other gives.
    let low = anchor.saturating_sub(half).max(from);
    let high = (low + LEVEL_POINTS).min(to).max(anchor + 1);
    let low = high.saturating_sub(LEVEL_POINTS).max(from).min(anchor);
    let newest = bench
        .analysis
        .regimes
        .last()
        .map_or(start, |regime| regime.first.max(start));
    let newest = dots.partition_point(|dot| dot.index < newest);
    let now = newest
        .max(high)
        .max(dots.len().saturating_sub(LEVEL_POINTS));
    (&dots[low..high], &dots[now.min(dots.len())..])
}

/// One more commit does not turn a slope: a change is judged for what it adds to the trend of those
/// before it. What crept over its limit without it is inherited; what is over only together with a
/// change that is not proven worse than the trend is not proven over.
fn own_part_of_creep(judgement: &mut Judgement, over_before: bool, added: &Judgement) {
    match (over_before, added.verdict == Verdict::Over) {
        (true, true) => {
            // Only what it adds is its own, and has to pass the control over all tests.
            (judgement.p, judgement.outlying) = (added.p, added.outlying);
            judgement.carried = Some(Vec::new());
        }
        (false, true) => {}
        (true, false) => (judgement.verdict, judgement.reason) = (Verdict::Inherited, None),
        (false, false) => {
            (judgement.verdict, judgement.reason) = (Verdict::Unproven, Some(Reason::BothSides));
        }
    }
}

/// Counters that never vary: the difference itself decides.
fn exact_drift(base: &Base, then: f64, now: f64, margin: f64) -> Judgement {
    let delta = now - then;
    let mut found = Judgement::bare(Verdict::Within, Reason::Learning);
    found.reason = None;
    let tolerance = 1e-9 * base.level.abs().max(1.0);
    if delta > margin + tolerance {
        found.verdict = Verdict::Over;
    }
    found.effect = base.effect(delta).map(|effect| (effect, effect, effect));
    found.level = Some(base.value(now));
    found.smallest_effect = Some(0.0);
    found.improved = delta < -tolerance;
    found
}

/// A distance with its interval as a relative change, low before high.
fn interval(base: &Base, distance: f64, low: f64, high: f64) -> Option<(f64, f64, f64)> {
    let (a, b) = (base.effect(low)?, base.effect(high)?);
    Some((base.effect(distance)?, a.min(b), a.max(b)))
}
