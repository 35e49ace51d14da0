//! `growth`: exact counters, so much for one more of the size.

use super::Member;
use crate::budget::Rule;
use crate::model::{SeriesKey, Unit};
use crate::verdict::judge::Judging;
use crate::verdict::judge::level::not_deterministic;
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Reason, Verdict};

impl Judging<'_, '_> {
    /// Exact: the greatest Δcount ÷ Δsize between neighbouring sizes.
    pub(super) fn growth(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        tag: &str,
        members: &[Member],
        most: f64,
    ) -> LimitVerdict {
        let sign = pair.direction.worsening_sign();
        let slope = |value: fn(&Member) -> Option<f64>| {
            let known: Vec<(f64, f64)> = members
                .iter()
                .filter_map(|member| Some((member.size, value(member)?)))
                .collect();
            steepest(&known, sign)
        };
        let (head, base) = (slope(|m| m.head), slope(|m| m.base));
        let mut judgement = match head {
            _ if members.iter().any(|m| m.head.is_none() && m.base.is_some()) => {
                Judgement::bare(Verdict::Missing, Reason::NotMeasured)
            }
            None => Judgement::bare(Verdict::Unproven, Reason::Unattainable),
            Some(slope) => {
                let tolerance = 1e-9 * most.max(1.0);
                let over = slope > most + tolerance;
                let mut found = Judgement::bare(Verdict::Within, Reason::Learning);
                found.reason = None;
                if over {
                    found.verdict = Verdict::Over;
                }
                found.improved = base.is_some_and(|base| slope < base - tolerance);
                let inherited = base.is_some_and(|base| base > most && slope <= base + tolerance);
                if over && inherited && self.check.base.is_some() {
                    found.verdict = Verdict::Inherited;
                }
                found
            }
        };
        let mut differing = None;
        for member in members.iter().filter(|_| pair.limit.deterministic) {
            let told =
                not_deterministic(&member.values, &mut judgement, grows(members, sign, most));
            differing = differing.or(told.map(|runs| format!("{runs} at {tag}={}", member.size)));
        }
        judgement.level = head;
        judgement.smallest_effect = Some(0.0);
        let mut found = self.describe_family(pair, key, Rule::Growth, members, judgement);
        let row = &self.check.series[pair.series];
        found.unit = Unit::Other(format!("{} per {tag}", row.unit.as_str()));
        found.against = differing;
        found.value = head;
        found.limit_value = Some(most);
        found.before = base;
        found.used = head
            .filter(|_| most > 0.0)
            .map(|head| (head / most).max(0.0));
        if matches!(found.judgement.verdict, Verdict::Over | Verdict::Inherited) {
            let (places, before_head) = self.growth_since(members, sign, most);
            found.before = before_head.or(base);
            let known = places.first().is_some_and(|place| *place < self.base_end);
            if known && before_head.is_some_and(|before| head <= Some(before)) {
                found.judgement.verdict = match self.check.base {
                    Some(_) => Verdict::Inherited,
                    None => found.judgement.verdict,
                };
            }
            self.name(&mut found, places);
        }
        found
    }

    /// The commits after the last one whose growth was allowed up to the first whose growth was
    /// not, newest first; nobody where it never was allowed. Beside them the growth just before
    /// the head.
    fn growth_since(&self, members: &[Member], sign: f64, most: f64) -> (Vec<u32>, Option<f64>) {
        let slopes = Member::over_time(members, |sizes| steepest(sizes, sign));
        let allowed = |slope: f64| slope <= most + 1e-9 * most.max(1.0);
        let good = slopes.iter().rposition(|(_, slope)| allowed(*slope));
        let places = good.map_or_else(Vec::new, |good| {
            let first = slopes.get(good + 1).map_or(self.head_place, |(p, _)| *p);
            (slopes[good].0 + 1..=first).rev().collect()
        });
        (places, slopes.last().map(|(_, slope)| *slope))
    }
}

/// Whether the growth exceeds the limit whichever runs of two neighbouring sizes are taken.
fn grows(members: &[Member], sign: f64, most: f64) -> bool {
    let least = |own: &Member| own.values.iter().map(|v| sign * v).fold(f64::NAN, f64::min);
    let worst = |own: &Member| own.values.iter().map(|v| sign * v).fold(f64::NAN, f64::max);
    members.windows(2).any(|two| {
        (least(&two[1]) - worst(&two[0])) / (two[1].size - two[0].size)
            > most + 1e-9 * most.max(1.0)
    })
}

/// The greatest Δvalue ÷ Δsize between neighbouring sizes, worse being positive.
fn steepest(known: &[(f64, f64)], sign: f64) -> Option<f64> {
    known
        .windows(2)
        .map(|pair| sign * (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
        .max_by(f64::total_cmp)
}
