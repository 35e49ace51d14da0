//! `complexity`: the exponent k of cost = c0 + c1·n^k.

use super::since::OverTime;
use super::{Families, Member};
use crate::budget::{Complexity, Rule};
use crate::model::{Direction, SeriesKey, Unit};
use crate::stats::{PowerLaw, median, power_law, student_t_quantile, student_t_sf};
use crate::verdict::judge::Judging;
use crate::verdict::rules::ALPHA;
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Reason, Verdict};

/// Fewer sizes than this tell no exponent.
const LEAST_SIZES: usize = 5;
/// The sizes must span so many powers of ten.
const LEAST_DECADES: f64 = 1.5;

/// Why ascending sizes tell no exponent, and what to do.
pub(in crate::verdict) fn too_few_sizes(limit: &str, sizes: &[f64]) -> Option<(String, String)> {
    let span = match (sizes.first(), sizes.last()) {
        (Some(first), Some(last)) => (last / first).log10(),
        _ => 0.0,
    };
    (sizes.len() < LEAST_SIZES || span < LEAST_DECADES).then(|| {
        (
            format!(
                "limit `{limit}` has {} sizes over {span:.1} powers of ten: no exponent can be known",
                sizes.len()
            ),
            format!(
                "measure at least {LEAST_SIZES} sizes over {LEAST_DECADES} powers of ten, such as 10, 30, 100, 300, 1000"
            ),
        )
    })
}

/// The cost of every size at the head and at the base, and what can be fitted to it.
struct Costs<'m> {
    members: &'m [Member],
    direction: Direction,
    fit: PowerLaw,
    base: Option<PowerLaw>,
}

impl Judging<'_, '_> {
    pub(super) fn complexity(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        members: &[Member],
        rule: Complexity,
        found: &mut Families,
    ) {
        let sizes: Vec<f64> = members.iter().map(|member| member.size).collect();
        if let Some((message, help)) = too_few_sizes(&pair.limit.id, &sizes) {
            found.fault(pair, members, "complexity", message, &help);
            return;
        }
        let Some(costs) = Costs::of(members, pair.direction) else {
            let judgement = Judgement::bare(Verdict::Missing, Reason::NotMeasured);
            let missing = self.describe_family(pair, key, Rule::Complexity, members, judgement);
            found.limits.push(missing);
            return;
        };
        if let Some(most) = rule.exponent {
            found.limits.push(self.exponent(pair, key, &costs, most));
        }
        if let Some(most) = rule.regress {
            found
                .limits
                .push(self.more_exponent(pair, key, &costs, most));
        }
    }

    /// The exponent itself.
    fn exponent(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        costs: &Costs<'_>,
        most: f64,
    ) -> LimitVerdict {
        let (fit, members) = (&costs.fit, costs.members);
        let judgement = judge_exponent(fit, most);
        let steeper =
            |base: &PowerLaw| worse_exponent(fit, base, 0.0).is_some_and(|(p, _)| p <= ALPHA);
        let carried = costs
            .base
            .as_ref()
            .is_some_and(|base| base.k > most && !steeper(base));
        let mut found = self.describe_family(pair, key, Rule::Complexity, members, judgement);
        found.value = Some(fit.k);
        found.limit_value = Some(most);
        found.used = Some(fit.k / most.max(f64::MIN_POSITIVE));
        found.unit = Unit::Other("exponent".to_owned());
        found.interval = Some(fit.interval(0.95));
        found.before = costs.base.as_ref().map(|base| base.k);
        if found.judgement.verdict != Verdict::Over {
            return found;
        }
        if carried {
            let allowed = |places: &[u32]| costs.at(places).is_some_and(|fit| fit.k <= most);
            let places = self.crossed(&costs.slopes(), allowed);
            self.name(&mut found, places);
            if self.check.base.is_some() {
                (found.judgement.verdict, found.judgement.reason) = (Verdict::Inherited, None);
            }
        } else {
            self.blame_for(&mut found, costs);
        }
        found
    }

    /// By how much the exponent grew.
    fn more_exponent(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        costs: &Costs<'_>,
        most: f64,
    ) -> LimitVerdict {
        let mut judgement = Judgement::bare(Verdict::Unproven, Reason::Learning);
        judgement.points = (usize::from(costs.base.is_some()), 1);
        let grown = costs
            .base
            .as_ref()
            .and_then(|base| Some((base, worse_exponent(&costs.fit, base, most)?)));
        let delta = grown.map(|(base, _)| costs.fit.k - base.k);
        if let Some((_, (p, high))) = grown {
            judgement.p = Some(p);
            (judgement.verdict, judgement.reason) = if p <= ALPHA {
                (Verdict::Over, None)
            } else if high < most {
                (Verdict::Within, None)
            } else {
                (Verdict::Unproven, Some(Reason::BothSides))
            };
        }
        // What grew is the exponent: an acceptance is about it, and so is its ceiling.
        judgement.level = Some(costs.fit.k);
        let mut found = self.describe_family(pair, key, Rule::Complexity, costs.members, judgement);
        found.value = delta;
        found.limit_value = Some(most);
        found.used = delta.map(|delta| (delta / most).max(0.0));
        found.unit = Unit::Other("more exponent".to_owned());
        found.before = costs.base.as_ref().map(|base| base.k);
        if found.judgement.verdict == Verdict::Over {
            self.blame_for(&mut found, costs);
        }
        found
    }

    /// Names the commits since which cost grows as it does at the head. Where the newest commits
    /// of the base do so already, and the head is not steeper than they are, it is theirs.
    fn blame_for(&self, found: &mut LimitVerdict, costs: &Costs<'_>) {
        let base = costs.slope(|m| m.base);
        let (Some(before), Some(now)) = (base, costs.slope(|m| m.head)) else {
            self.name(found, vec![self.head_place]);
            return;
        };
        let mut rise = self.risen(&costs.slopes(), before, now);
        let steeper_still = costs
            .at(&rise.raised)
            .and_then(|raised| worse_exponent(&costs.fit, &raised, 0.0))
            .is_some_and(|(p, _)| p <= ALPHA);
        if steeper_still {
            rise = self.risen(&Vec::new(), before, now);
        }
        let by_base = rise.raised.first().is_some_and(|at| *at < self.base_end);
        if by_base && self.check.base.is_some() {
            (found.judgement.verdict, found.judgement.reason) = (Verdict::Inherited, None);
        }
        self.name(found, rise.places);
    }
}

impl<'m> Costs<'m> {
    /// `None` where the head lacks a size, or nothing can be fitted to what it has.
    fn of(members: &'m [Member], direction: Direction) -> Option<Self> {
        if members.iter().any(|m| m.head.is_none()) {
            return None;
        }
        let fitted = |value: fn(&Member) -> Option<f64>| {
            let (sizes, costs): (Vec<f64>, Vec<f64>) = members
                .iter()
                .filter_map(|m| Some((m.size, cost(direction, value(m)?))))
                .unzip();
            power_law(&sizes, &costs)
        };
        Some(Self {
            members,
            direction,
            fit: fitted(|m| m.head)?,
            base: fitted(|m| m.base).filter(|fit| fit.df > 0.0),
        })
    }

    /// The fit of each size's median over some commits.
    fn at(&self, places: &[u32]) -> Option<PowerLaw> {
        let middle = |member: &Member| {
            let own = member.earlier.iter();
            let values: Vec<f64> = own
                .filter(|(place, _)| places.contains(place))
                .map(|(_, value)| cost(self.direction, *value))
                .collect();
            median(&values)
        };
        let (sizes, costs): (Vec<f64>, Vec<f64>) = self
            .members
            .iter()
            .filter_map(|m| Some((m.size, middle(m)?)))
            .unzip();
        power_law(&sizes, &costs)
    }

    /// The slope at the head or at the base.
    fn slope(&self, value: fn(&Member) -> Option<f64>) -> Option<f64> {
        let known: Option<Vec<(f64, f64)>> = self
            .members
            .iter()
            .map(|m| Some((m.size, value(m)?)))
            .collect();
        self.slope_of(&known?)
    }

    /// The slope at each commit before the head.
    fn slopes(&self) -> OverTime {
        Member::over_time(self.members, |sizes| self.slope_of(sizes))
    }

    /// Δln cost ÷ Δln size by least squares over the larger half of the sizes, where an overhead
    /// weighs least: cheap, and it rises where the exponent does.
    fn slope_of(&self, sizes: &[(f64, f64)]) -> Option<f64> {
        let upper = &sizes[sizes.len() / 2..];
        let logs: Vec<(f64, f64)> = upper
            .iter()
            .map(|(size, value)| (size.ln(), cost(self.direction, *value).ln()))
            .collect();
        let n = logs.len() as f64;
        let (x, y) = logs
            .iter()
            .fold((0.0, 0.0), |(x, y), own| (x + own.0 / n, y + own.1 / n));
        let (both, own) = logs.iter().fold((0.0, 0.0), |(both, own), (a, b)| {
            (both + (a - x) * (b - y), own + (a - x).powi(2))
        });
        let slope = both / own;
        slope.is_finite().then_some(slope)
    }
}

/// Where higher is better the cost is what one costs.
fn cost(direction: Direction, value: f64) -> f64 {
    match direction {
        Direction::Lower => value,
        Direction::Higher => 1.0 / value,
    }
}

fn judge_exponent(fit: &PowerLaw, most: f64) -> Judgement {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::BothSides);
    let p = fit.p_above(most);
    let (_, high) = fit.interval(1.0 - 2.0 * ALPHA);
    found.p = Some(p);
    found.level = Some(fit.k);
    // Cost that hardly depends on size has no exponent, and is no breach of one.
    let flat = fit.most_growth(1.0 - 2.0 * ALPHA) < 1.5;
    (found.verdict, found.reason) = if high < most || flat {
        (Verdict::Within, None)
    } else if p <= ALPHA {
        (Verdict::Over, None)
    } else {
        (Verdict::Unproven, Some(Reason::BothSides))
    };
    found
}

/// One-sided p-value that the exponent grew by more than `margin`, and the upper 95 % bound of its
/// growth: t from both standard errors, half the width of each 95 % interval over its t.
fn worse_exponent(head: &PowerLaw, base: &PowerLaw, margin: f64) -> Option<(f64, f64)> {
    let error = |fit: &PowerLaw| {
        let (low, high) = fit.interval(0.95);
        (high - low).max(0.02) / 2.0 / student_t_quantile(0.975, fit.df)
    };
    let se = error(head).hypot(error(base));
    let df = head.df + base.df;
    let delta = head.k - base.k;
    (df > 0.0 && se.is_finite()).then(|| {
        let reach = student_t_quantile(1.0 - ALPHA, df) * se;
        (student_t_sf((delta - margin) / se, df), delta + reach)
    })
}
