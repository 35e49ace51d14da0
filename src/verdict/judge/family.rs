//! Rules that look at several series at once: sizes, slices of one run, guards.

use super::{Bench, Judging, blank};
use crate::analysis::Base;
use crate::budget::{Budget, Complexity, Guard, Limit, Rule, Scaling, Slice};
use crate::diag::{Diagnostic, Severity};
use crate::model::{Direction, SeriesKey, Unit};
use crate::stats::{PowerLaw, median, power_law, student_t_quantile, student_t_sf};
use crate::store::{Columns, SeriesRow};
use crate::verdict::rules::{ALPHA, TwoSets, judge_two_sets, margins};
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Reason, Verdict};
use std::collections::BTreeMap;

/// Fewer sizes than this tell no exponent.
const LEAST_SIZES: usize = 5;
/// The sizes must span so many powers of ten.
const LEAST_DECADES: f64 = 1.5;

/// One series of a family at the head.
struct Member {
    index: usize,
    size: f64,
    /// Median of the head's runs; `None` where it was not measured.
    head: Option<f64>,
    /// Level of the base.
    base: Option<f64>,
    runs: usize,
    /// Places and values of the points before the head.
    earlier: Vec<(u32, f64)>,
}

/// The greatest Δvalue ÷ Δsize between neighbouring sizes, worse being positive.
fn steepest(known: &[(f64, f64)], sign: f64) -> Option<f64> {
    known
        .windows(2)
        .map(|pair| sign * (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
        .max_by(f64::total_cmp)
}

/// A number written in a tag.
fn size_of(text: &str) -> Option<f64> {
    let size: f64 = text.trim().replace('_', "").parse().ok()?;
    (size.is_finite() && size > 0.0).then_some(size)
}

/// What families and the like gave.
#[derive(Default)]
pub(super) struct Families {
    pub(super) limits: Vec<LimitVerdict>,
    pub(super) findings: Vec<Diagnostic>,
}

impl Judging<'_, '_> {
    /// Every rule over sizes on every family of series that differ in the size alone.
    pub(super) fn families(&self, pairs: &[Pair<'_>]) -> Families {
        let mut found = Families::default();
        let mut families: BTreeMap<(&str, &str, SeriesKey, &str), Vec<Pair<'_>>> = BTreeMap::new();
        for pair in pairs {
            let limit = pair.limit;
            let by = limit
                .by
                .as_deref()
                .filter(|_| limit.growth.is_some() || limit.complexity.is_some());
            let scaled = limit.scaling.as_ref().map(|scaling| scaling.by.as_str());
            let mut tags = [by, scaled].into_iter().flatten().collect::<Vec<_>>();
            tags.dedup();
            for tag in tags {
                let mut key = self.check.series[pair.series].key.clone();
                if key
                    .tags
                    .get(tag)
                    .is_some_and(|text| size_of(text).is_some())
                {
                    key.tags.insert(tag.to_owned(), "*".to_owned());
                    families
                        .entry((&pair.budget.feature, &limit.id, key, tag))
                        .or_default()
                        .push(*pair);
                }
            }
        }
        for ((_, _, key, tag), members) in &families {
            self.family(key, tag, members, &mut found);
        }
        self.without_sizes(
            pairs,
            families.keys().map(|(f, l, ..)| (*f, *l)).collect(),
            &mut found,
        );
        found
    }

    /// A rule over sizes whose series hold no size judges nothing, and that is said.
    fn without_sizes(
        &self,
        pairs: &[Pair<'_>],
        judged: std::collections::BTreeSet<(&str, &str)>,
        found: &mut Families,
    ) {
        let mut told = std::collections::BTreeSet::new();
        for pair in pairs {
            let limit = pair.limit;
            let name = (pair.budget.feature.as_str(), limit.id.as_str());
            let rule = [
                ("growth", limit.growth.is_some()),
                ("complexity", limit.complexity.is_some()),
                ("scaling", limit.scaling.is_some()),
            ];
            let Some((rule, _)) = rule.into_iter().find(|(_, there)| *there) else {
                continue;
            };
            if judged.contains(&name) || !told.insert(name) {
                continue;
            }
            let tag = limit
                .scaling
                .as_ref()
                .map(|scaling| scaling.by.clone())
                .or(limit.by.clone())
                .unwrap_or_default();
            let message = format!(
                "no series of limit `{}` has a size in tag `{tag}`",
                limit.id
            );
            let help = format!("record the size as a tag ({tag}=1000), or name another tag");
            found.fault(pair, &[], rule, message, &help);
        }
    }

    fn family(&self, key: &SeriesKey, tag: &str, pairs: &[Pair<'_>], found: &mut Families) {
        let Some(pair) = pairs.first() else {
            return;
        };
        let mut members: Vec<Member> = pairs
            .iter()
            .filter_map(|pair| self.member(pair, tag))
            .collect();
        members.sort_by(|a, b| a.size.total_cmp(&b.size));
        if members.iter().all(|member| member.head.is_none()) {
            // Missing series are said one by one.
            return;
        }
        let limit = pair.limit;
        if limit.by.as_deref() == Some(tag) {
            if let Some(growth) = limit.growth {
                found
                    .limits
                    .push(self.growth(pair, key, tag, &members, growth.max_slope));
            }
            if let Some(complexity) = limit.complexity {
                self.complexity(pair, key, &members, complexity, found);
            }
        }
        if let Some(scaling) = limit.scaling.as_ref().filter(|scaling| scaling.by == tag) {
            self.scaling(pair, key, &members, scaling, found);
        }
    }

    fn member(&self, pair: &Pair<'_>, tag: &str) -> Option<Member> {
        let row = &self.check.series[pair.series];
        let size = size_of(row.key.tags.get(tag)?)?;
        let columns = &self.check.columns[pair.series];
        let there = self.with_bench(row, columns, |bench| {
            let runs: Vec<f64> = bench
                .head_points
                .iter()
                .flat_map(|point| bench.series.runs_of(point))
                .map(|run| run.value)
                .collect();
            let base = Base::new(
                bench.series,
                bench.base_points,
                &bench.analysis,
                pair.direction,
                true,
            );
            let base = base.map(|base| base.value(base.level));
            let earlier = bench.earlier.iter().map(|p| (p.place, p.value)).collect();
            (median(&runs), base, runs.len(), earlier)
        });
        let (head, base, runs, earlier) = there.unwrap_or((None, None, 0, Vec::new()));
        Some(Member {
            index: pair.series,
            size,
            head,
            base,
            runs,
            earlier,
        })
    }

    fn describe_family(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        rule: Rule,
        members: &[Member],
        judgement: Judgement,
    ) -> LimitVerdict {
        let mut found = blank(pair.budget, pair.limit, judgement);
        found.rule = Some(rule);
        found.series = Some(key.clone());
        found.members = members
            .iter()
            .map(|member| self.check.series[member.index].key.clone())
            .collect();
        found.direction = Direction::Lower;
        found.unit = Unit::Ratio;
        found.runs = members.iter().map(|member| member.runs).min().unwrap_or(0);
        found.trend = members.iter().filter_map(|member| member.head).collect();
        found
    }

    /// Exact: the greatest Δcount ÷ Δsize between neighbouring sizes.
    fn growth(
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
        judgement.level = head;
        judgement.smallest_effect = Some(0.0);
        let mut found = self.describe_family(pair, key, Rule::Growth, members, judgement);
        let row = &self.check.series[pair.series];
        found.unit = Unit::Other(format!("{} per {tag}", row.unit.as_str()));
        found.value = head;
        found.limit_value = Some(most);
        found.used = head
            .filter(|_| most > 0.0)
            .map(|head| (head / most).max(0.0));
        if matches!(found.judgement.verdict, Verdict::Over | Verdict::Inherited) {
            let (places, before_head) = self.growth_since(members, sign, most);
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
        let there: Vec<&Member> = members.iter().filter(|m| m.head.is_some()).collect();
        let mut by_place: BTreeMap<u32, BTreeMap<usize, (f64, f64)>> = BTreeMap::new();
        for (index, member) in there.iter().enumerate() {
            for (place, value) in &member.earlier {
                let sizes = by_place.entry(*place).or_default();
                sizes.insert(index, (member.size, *value));
            }
        }
        let slopes: Vec<(u32, f64)> = by_place
            .iter()
            .filter(|(_, sizes)| sizes.len() == there.len())
            .filter_map(|(place, sizes)| {
                let sizes: Vec<(f64, f64)> = sizes.values().copied().collect();
                Some((*place, steepest(&sizes, sign)?))
            })
            .collect();
        let allowed = |slope: f64| slope <= most + 1e-9 * most.max(1.0);
        let good = slopes.iter().rposition(|(_, slope)| allowed(*slope));
        let places = good.map_or_else(Vec::new, |good| {
            let first = slopes.get(good + 1).map_or(self.head_place, |(p, _)| *p);
            (slopes[good].0 + 1..=first).rev().collect()
        });
        (places, slopes.last().map(|(_, slope)| *slope))
    }

    fn complexity(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        members: &[Member],
        rule: Complexity,
        found: &mut Families,
    ) {
        let known = |value: fn(&Member) -> Option<f64>| -> (Vec<f64>, Vec<f64>) {
            members
                .iter()
                .filter_map(|member| {
                    let value = value(member)?;
                    // Where higher is better the cost is what one costs.
                    let cost = match pair.direction {
                        Direction::Lower => value,
                        Direction::Higher => 1.0 / value,
                    };
                    Some((member.size, cost))
                })
                .unzip()
        };
        let (sizes, costs) = known(|m| m.head);
        let span = match (members.first(), members.last()) {
            (Some(first), Some(last)) => (last.size / first.size).log10(),
            _ => 0.0,
        };
        if members.len() < LEAST_SIZES || span < LEAST_DECADES {
            let message = format!(
                "limit `{}` has {} sizes over {span:.1} powers of ten: no exponent can be known",
                pair.limit.id,
                members.len()
            );
            let help = format!(
                "measure at least {LEAST_SIZES} sizes over {LEAST_DECADES} powers of ten, such as 10, 30, 100, 300, 1000"
            );
            found.fault(pair, members, "complexity", message, &help);
            return;
        }
        let short = members.iter().any(|m| m.head.is_none());
        let fit = power_law(&sizes, &costs).filter(|_| !short);
        let (base_sizes, base_costs) = known(|m| m.base);
        let base = power_law(&base_sizes, &base_costs).filter(|fit| fit.df > 0.0);
        let Some(fit) = fit else {
            let judgement = Judgement::bare(Verdict::Missing, Reason::NotMeasured);
            let missing = self.describe_family(pair, key, Rule::Complexity, members, judgement);
            found.limits.push(missing);
            return;
        };
        if let Some(most) = rule.exponent {
            let mut judgement = judge_exponent(&fit, most);
            let carried = base.as_ref().is_some_and(|base| {
                base.k > most && !worse_exponent(&fit, base, 0.0).is_some_and(|(p, _)| p <= ALPHA)
            });
            if judgement.verdict == Verdict::Over && self.check.base.is_some() && carried {
                (judgement.verdict, judgement.reason) = (Verdict::Inherited, None);
            }
            let mut limit = self.describe_family(pair, key, Rule::Complexity, members, judgement);
            limit.value = Some(fit.k);
            limit.limit_value = Some(most);
            limit.used = Some(fit.k / most.max(f64::MIN_POSITIVE));
            limit.unit = Unit::Other("exponent".to_owned());
            limit.interval = Some(fit.interval(0.95));
            if limit.judgement.verdict == Verdict::Over && !carried {
                self.name(&mut limit, vec![self.head_place]);
            }
            found.limits.push(limit);
        }
        if let Some(most) = rule.regress {
            let mut judgement = Judgement::bare(Verdict::Unproven, Reason::Learning);
            judgement.points = (usize::from(base.is_some()), 1);
            let mut delta = None;
            if let Some((base, (p, high))) = base
                .as_ref()
                .and_then(|base| Some((base, worse_exponent(&fit, base, most)?)))
            {
                delta = Some(fit.k - base.k);
                judgement.p = Some(p);
                (judgement.verdict, judgement.reason) = if p <= ALPHA {
                    (Verdict::Over, None)
                } else if high < most {
                    (Verdict::Within, None)
                } else {
                    (Verdict::Unproven, Some(Reason::BothSides))
                };
            }
            judgement.level = delta;
            let mut limit = self.describe_family(pair, key, Rule::Complexity, members, judgement);
            limit.value = delta;
            limit.limit_value = Some(most);
            limit.used = delta.map(|delta| (delta / most).max(0.0));
            limit.unit = Unit::Other("more exponent".to_owned());
            if limit.judgement.verdict == Verdict::Over {
                self.name(&mut limit, vec![self.head_place]);
            }
            found.limits.push(limit);
        }
    }

    /// `max` on the ratio of two sizes, run by run.
    fn scaling(
        &self,
        pair: &Pair<'_>,
        key: &SeriesKey,
        members: &[Member],
        rule: &Scaling,
        found: &mut Families,
    ) {
        let of_size = |size: f64| {
            members
                .iter()
                .find(|member| (member.size / size - 1.0).abs() < 1e-9)
        };
        let (Some(small), Some(large)) = (of_size(rule.from), of_size(rule.to)) else {
            let sizes: Vec<String> = members.iter().map(|m| m.size.to_string()).collect();
            let message = format!(
                "limit `{}` compares {} = {} with {}, and recorded sizes are {}",
                pair.limit.id,
                rule.by,
                rule.from,
                rule.to,
                sizes.join(", ")
            );
            found.fault(
                pair,
                members,
                "scaling",
                message,
                "name two sizes that are measured",
            );
            return;
        };
        let (below, above) = match pair.direction {
            Direction::Lower => (small, large),
            Direction::Higher => (large, small),
        };
        let columns = ratio(
            &self.check.columns[above.index],
            &self.check.columns[below.index],
        );
        let row = SeriesRow {
            key: key.clone(),
            unit: Unit::Ratio,
            direction: Some(Direction::Lower),
            ..self.check.series[above.index].clone()
        };
        let ratios = Pair {
            direction: Direction::Lower,
            ..*pair
        };
        let judged = self.with_bench(&row, &columns, |bench| {
            let mut judged = self.max(&ratios, bench, rule.max_ratio);
            judged.rule = Some(Rule::Scaling);
            judged.unit = Unit::Other("×".to_owned());
            judged
        });
        let mut judged = judged.unwrap_or_else(|| {
            let judgement = Judgement::bare(Verdict::Missing, Reason::NotMeasured);
            self.describe_family(pair, key, Rule::Scaling, members, judgement)
        });
        judged.members = members
            .iter()
            .map(|member| self.check.series[member.index].key.clone())
            .collect();
        found.limits.push(judged);
    }

    /// Two slices of the same runs. `None` where the series is the slice that others are compared
    /// with.
    pub(super) fn versus(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        slice: &Slice,
    ) -> Option<LimitVerdict> {
        let rule = pair.limit.regress?;
        let key = &bench.series.row.key;
        if key.tags.get(&slice.tag) == Some(&slice.value) {
            return None;
        }
        let mut partner = key.clone();
        partner.tags.insert(slice.tag.clone(), slice.value.clone());
        let sign = pair.direction.worsening_sign();
        let head = self.head_values(bench);
        let base = self.values_of(&partner);
        let positive = head.iter().chain(&base).all(|value| *value > 0.0);
        let logs = |values: &[f64]| values.iter().map(|value| sign * value.ln()).collect();
        let judgement = if positive {
            let (margin, warn) = match pair.direction {
                Direction::Lower => margins(rule),
                Direction::Higher => (
                    -(-rule.limit).ln_1p(),
                    rule.warn.map(|warn| -(-warn).ln_1p()),
                ),
            };
            let sets = TwoSets {
                head: logs(&head),
                base: logs(&base),
            };
            judge_two_sets(&sets, margin, warn, self.compared)
        } else {
            Judgement::bare(Verdict::Unproven, Reason::NoRelativeSize)
        };
        let mut found = self.describe(pair, bench, Rule::Regress, judgement);
        if let (true, Some(a), Some(b)) = (positive, median(&head), median(&base)) {
            if found.judgement.effect.is_none() {
                let shift = crate::stats::hodges_lehmann(&logs(&head), &logs(&base), 0.95);
                found.judgement.effect = shift
                    .map(|s| {
                        (
                            (sign * s.value).exp_m1(),
                            (sign * s.low).exp_m1(),
                            (sign * s.high).exp_m1(),
                        )
                    })
                    .map(|(e, a, b)| (e, a.min(b), a.max(b)))
                    .filter(|(_, a, b)| a.is_finite() && b.is_finite());
            }
            found.judgement.level = Some(a);
            found.limit_value = Some(b * (1.0 + sign * rule.limit));
            found.used = Some((sign * (a / b - 1.0) / rule.limit).max(0.0));
        }
        found.allowed = Some(sign * rule.limit);
        found.against = Some(format!("{}={}", slice.tag, slice.value));
        Some(found)
    }

    /// The head's runs of a series, one number a run.
    fn head_values(&self, bench: &Bench<'_>) -> Vec<f64> {
        bench
            .head_points
            .iter()
            .flat_map(|point| bench.series.runs_of(point))
            .map(|run| run.value)
            .collect()
    }

    fn values_of(&self, key: &SeriesKey) -> Vec<f64> {
        let index = self.check.series.iter().position(|row| row.key == *key);
        index
            .and_then(|index| {
                let row = &self.check.series[index];
                self.with_bench(row, &self.check.columns[index], |bench| {
                    self.head_values(bench)
                })
            })
            .unwrap_or_default()
    }

    /// The guard of a series: missing, broken, or what `max` says of it. What a broken guard stands
    /// before is no improvement, and no pass.
    pub(super) fn guard(
        &self,
        pair: &Pair<'_>,
        bench: &Bench<'_>,
        guard: &Guard,
        verdicts: &mut Vec<LimitVerdict>,
    ) {
        let mut key = bench.series.row.key.clone();
        key.metric.clone_from(&guard.metric);
        let index = self.check.series.iter().position(|row| row.key == key);
        let mut judged = Vec::new();
        if let Some(index) = index {
            let row = &self.check.series[index];
            let sides = [
                (&guard.max, Direction::Lower),
                (&guard.min, Direction::Higher),
            ];
            for (quantity, direction) in sides {
                let Some(quantity) = quantity else {
                    continue;
                };
                if let Err(reason) = quantity.fits(&row.unit) {
                    let mut misfit = blank(
                        pair.budget,
                        pair.limit,
                        Judgement::bare(Verdict::Missing, Reason::Misfit),
                    );
                    misfit.rule = Some(Rule::Guard);
                    misfit.series = Some(key.clone());
                    misfit.against = Some(reason);
                    judged.push((misfit, true));
                    continue;
                }
                let pair = Pair { direction, ..*pair };
                let columns = &self.check.columns[index];
                let found = self.with_bench(row, columns, |bench| {
                    let mut found = self.max(&pair, bench, quantity.value);
                    found.rule = Some(Rule::Guard);
                    let sign = direction.worsening_sign();
                    let broken = found
                        .value
                        .is_none_or(|value| sign * value > sign * quantity.value);
                    (found, broken)
                });
                judged.extend(found);
            }
        }
        if judged.is_empty() {
            let judgement = Judgement::bare(Verdict::Missing, Reason::GuardMissing);
            let mut missing = blank(pair.budget, pair.limit, judgement);
            missing.rule = Some(Rule::Guard);
            missing.series = Some(key);
            judged.push((missing, true));
        }
        let broken = judged.iter().any(|(_, broken)| *broken);
        for verdict in verdicts.iter_mut().filter(|_| broken) {
            verdict.judgement.improved = false;
            if verdict.judgement.verdict == Verdict::Within {
                verdict.judgement.verdict = Verdict::Unproven;
                verdict.judgement.reason = Some(Reason::GuardBroken);
            }
        }
        verdicts.extend(judged.into_iter().map(|(verdict, _)| verdict));
    }
}

impl Families {
    /// A rule that cannot be applied is no pass.
    fn fault(
        &mut self,
        pair: &Pair<'_>,
        members: &[Member],
        rule: &str,
        message: String,
        help: &str,
    ) {
        let finding = Diagnostic {
            severity: Severity::Error,
            code: if members.is_empty() {
                "no-sizes"
            } else {
                "too-few-sizes"
            },
            message,
            help: help.to_owned(),
            source: Some(pair.limit.place(rule).clone()),
        };
        self.limits
            .push(super::unjudged(pair.budget, pair.limit, &finding));
        self.findings.push(finding);
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

/// The ratio of two series in each run that has both.
fn ratio(above: &Columns, below: &Columns) -> Columns {
    let mut ratios = Columns::default();
    for (i, run) in above.runs.iter().enumerate() {
        if let Ok(j) = below.runs.binary_search(run) {
            let value = above.values[i] / below.values[j];
            if value.is_finite() {
                ratios.runs.push(*run);
                ratios.values.push(value);
                ratios.spreads.push(None);
                ratios.n.push(above.n[i].min(below.n[j]));
            }
        }
    }
    ratios
}

/// Marks the slices of limits that judge slices one by one: the worst of each tag, and those that are
/// over although the whole is within (Simpson 1951).
pub(super) fn mark_slices(limits: &mut [LimitVerdict], budgets: &[Budget]) {
    let sliced: Vec<(&Budget, &Limit)> = budgets
        .iter()
        .flat_map(|budget| budget.limits.iter().map(move |limit| (budget, limit)))
        .filter(|(_, limit)| !limit.slices.is_empty())
        .collect();
    for (budget, limit) in sliced {
        for tag in &limit.slices {
            let mut groups: BTreeMap<(Option<Rule>, SeriesKey), Vec<usize>> = BTreeMap::new();
            for (index, verdict) in limits.iter().enumerate() {
                let own = verdict.feature == budget.feature && verdict.limit == limit.id;
                if let Some(key) = verdict.series.as_ref().filter(|_| own)
                    && key.tags.contains_key(tag)
                {
                    let mut whole = key.clone();
                    whole.tags.remove(tag);
                    groups.entry((verdict.rule, whole)).or_default().push(index);
                }
            }
            for ((rule, whole), slices) in groups {
                let aggregate = limits
                    .iter()
                    .find(|v| {
                        v.rule == rule && v.limit == limit.id && v.series.as_ref() == Some(&whole)
                    })
                    .map(|v| v.judgement.verdict);
                let worst = slices.iter().copied().max_by(|a, b| {
                    let rank =
                        |i: usize| (limits[i].judgement.verdict, limits[i].used.unwrap_or(0.0));
                    let (a, b) = (rank(*a), rank(*b));
                    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
                });
                for index in &slices {
                    let value = limits[*index]
                        .series
                        .as_ref()
                        .and_then(|key| key.tags.get(tag));
                    let value = value.cloned().unwrap_or_default();
                    let hidden = aggregate == Some(Verdict::Within)
                        && limits[*index].judgement.verdict == Verdict::Over;
                    limits[*index].slice = Some(super::super::SliceOf {
                        tag: tag.clone(),
                        value,
                        of: slices.len(),
                        worst: worst == Some(*index),
                        hidden_in_whole: hidden,
                    });
                }
            }
        }
    }
}

/// Slices that no series has: the limit would look as if it judged them.
pub(super) fn slices_without_series(pairs: &[Pair<'_>], series: &[SeriesRow]) -> Vec<Diagnostic> {
    let mut told = std::collections::BTreeSet::new();
    let mut findings = Vec::new();
    for pair in pairs {
        for tag in &pair.limit.slices {
            let known = pairs
                .iter()
                .filter(|other| std::ptr::eq(other.limit, pair.limit))
                .any(|other| series[other.series].key.tags.contains_key(tag));
            if !known && told.insert((&pair.budget.feature, &pair.limit.id, tag)) {
                findings.push(Diagnostic {
                    severity: Severity::Error,
                    code: "no-slices",
                    message: format!(
                        "no series of limit `{}` has the tag `{tag}`, so nothing is judged by it",
                        pair.limit.id
                    ),
                    help: format!("record results with the tag {tag}, or remove the slice"),
                    source: Some(pair.limit.place("slices").clone()),
                });
            }
        }
    }
    findings
}
