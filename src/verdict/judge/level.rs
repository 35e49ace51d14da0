//! Rules on the level of one series: `max` and `regress`.

use super::blame::Seen;
use super::{Bench, Judging};
use crate::budget::Rule;
use crate::model::Direction;
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Reason, Verdict, judge_max, judge_regress};

impl Judging<'_, '_> {
    pub(super) fn max(&self, pair: &Pair<'_>, bench: &Bench<'_>, limit: f64) -> LimitVerdict {
        let judged = self.base(pair, bench).and_then(|judged| {
            let head = judged.head(bench)?;
            Some((judged, head))
        });
        let Some((judged, head)) = judged else {
            let mut found = self.not_comparable(pair, bench, Rule::Max);
            found.limit_value = Some(limit);
            return found;
        };
        let exact = judged.exact(pair.limit);
        let points = self.with_its_own(judged.points);
        let course = judged
            .own
            .then(|| self.course(bench, &judged.base, &head))
            .flatten();
        let min = &pair.limit.min;
        let mut judgement = judge_max(&judged.base, &head, limit, min, exact, points, course);
        judged.without_base(&mut judgement);
        let top = judged.base.working(limit);
        let differing = differing(
            pair,
            bench,
            &mut judgement,
            head.ys.iter().all(|y| *y > top),
        );
        let level = judgement.level;
        let seen = Seen {
            bench,
            judged: &judged,
            head: &head,
        };
        let mut own = None;
        if judgement.verdict == Verdict::Over && self.check.base.is_some() && judged.own {
            let stands = course.map_or(judged.base.level, |course| course.now);
            // What a change adds to a level that moves counts from where that stands.
            let above = head.above(stands - judged.base.level);
            let seen = Seen {
                head: &above,
                ..seen
            };
            own = self.own_part(&mut judgement, &seen, exact, stands > top, Some(top));
            if judgement.carried.is_some() {
                judgement.carried = Some(self.crossing(&seen, limit, pair.direction));
            }
        }
        let mut found = self.describe(pair, bench, Rule::Max, judgement);
        found.new_machine = !judged.own && !bench.base_points.is_empty();
        found.against = differing;
        found.limit_value = Some(limit);
        found.used = level.map(|level| used(level, limit, pair.direction));
        if matches!(found.judgement.verdict, Verdict::Over | Verdict::Inherited) {
            let places = match own {
                Some(brought) => brought.places,
                None => self.crossing(&seen, limit, pair.direction),
            };
            self.name(&mut found, places);
        } else if judged.own {
            let room = level.map(|level| judged.base.working(limit) - judged.base.working(level));
            found.exhausted =
                room.and_then(|room| self.forecast(pair, bench, &judged.base, &head, room));
        }
        found
    }

    pub(super) fn regress(&self, pair: &Pair<'_>, bench: &Bench<'_>) -> Option<LimitVerdict> {
        let rule = pair.limit.regress?;
        let judged = self.base(pair, bench)?;
        let Some(head) = judged.head(bench) else {
            return Some(self.not_comparable(pair, bench, Rule::Regress));
        };
        let exact = judged.exact(pair.limit) && judged.own;
        let mut judgement = judge_regress(&judged.base, &head, rule, &pair.limit.min, exact);
        judgement.points.0 = if judged.own {
            judgement.points.0
        } else {
            judged.points
        };
        judged.without_base(&mut judgement);
        let margin = judged.base.margin(rule.limit).filter(|_| judged.own);
        let delta = head.centre - judged.base.level;
        let beyond = |y: &f64| *y - judged.base.level > margin.unwrap_or(0.0);
        let differing = differing(pair, bench, &mut judgement, head.ys.iter().all(beyond));
        let mut found = self.describe(pair, bench, Rule::Regress, judgement);
        found.new_machine = !judged.own && !bench.base_points.is_empty();
        found.against = differing;
        found.limit_value = margin.map(|margin| judged.base.value(judged.base.level + margin));
        found.allowed = Some(pair.direction.worsening_sign() * rule.limit);
        found.used = margin.map(|margin| (delta / margin).max(0.0));
        let looks_over = found.judgement.verdict == Verdict::Over
            || found.judgement.reason == Some(Reason::Suspect);
        if looks_over {
            let seen = Seen {
                bench,
                judged: &judged,
                head: &head,
            };
            let brought = self.bringers(&seen, margin.unwrap_or(0.0), exact);
            self.name(&mut found, brought.places);
            if brought.by_base.is_some() {
                found.judgement.verdict = Verdict::Inherited;
                found.judgement.reason = None;
            }
        }
        Some(found)
    }
}

/// Share of an absolute limit that is used.
fn used(level: f64, limit: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Lower => level / limit,
        Direction::Higher => limit / level,
    }
}

/// What its owner says is the same in every run and is not: never within, and over only where every
/// run is. Tells the runs, where that changed the answer.
pub(super) fn differing(
    pair: &Pair<'_>,
    bench: &Bench<'_>,
    judgement: &mut Judgement,
    all_over: bool,
) -> Option<String> {
    if !pair.limit.deterministic {
        return None;
    }
    let runs = bench.head_values();
    not_deterministic(&runs, judgement, all_over)
}

/// The same for the values of the runs.
pub(in crate::verdict) fn not_deterministic(
    runs: &[f64],
    judgement: &mut Judgement,
    all_over: bool,
) -> Option<String> {
    let same = runs.windows(2).all(|two| two[0].total_cmp(&two[1]).is_eq());
    let over = judgement.verdict == Verdict::Over && all_over;
    if same || over || judgement.verdict == Verdict::Missing {
        return None;
    }
    judgement.verdict = Verdict::Unproven;
    judgement.reason = Some(Reason::NotDeterministic);
    judgement.improved = false;
    judgement.p = None;
    let mut values: Vec<f64> = runs.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let more = if values.len() > MOST_TOLD {
        ", …"
    } else {
        ""
    };
    let told: Vec<String> = values.iter().take(MOST_TOLD).map(f64::to_string).collect();
    Some(format!("{}{more}", told.join(", ")))
}

/// So many different values of runs are told.
const MOST_TOLD: usize = 6;
