//! Rules that look at several series at once: sizes, and slices of one run.

mod complexity;
mod growth;
mod scaling;
mod since;
mod slices;

pub(in crate::verdict) use complexity::too_few_sizes;
pub(super) use slices::mark_slices;
pub(in crate::verdict) use slices::slices_without_series;

use super::{Judging, accept, blank, unjudged};
use crate::analysis::Base;
use crate::budget::{Limit, Rule};
use crate::diag::{Diagnostic, Severity};
use crate::model::{Direction, SeriesKey, Unit};
use crate::stats::median;
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, LimitVerdict, Verdict};
use std::collections::BTreeMap;

/// One series of a family at the head.
pub(super) struct Member {
    pub(super) index: usize,
    pub(super) size: f64,
    /// Median of the head's runs; `None` where it was not measured.
    pub(super) head: Option<f64>,
    /// Level of the base.
    pub(super) base: Option<f64>,
    pub(super) runs: usize,
    /// The head's runs.
    pub(super) values: Vec<f64>,
    /// Places and values of the points before the head.
    pub(super) earlier: Vec<(u32, f64)>,
}

/// A number written in a tag.
pub(in crate::verdict) fn size_of(text: &str) -> Option<f64> {
    let size: f64 = text.trim().replace('_', "").parse().ok()?;
    (size.is_finite() && size > 0.0).then_some(size)
}

/// What to say of a limit with a rule over sizes none of whose series holds a size: the rule, the
/// fault, what to do. `None` where it has no such rule.
pub(in crate::verdict) fn no_sizes(limit: &Limit) -> Option<(&'static str, String, String)> {
    let rules = [
        ("growth", limit.growth.is_some()),
        ("complexity", limit.complexity.is_some()),
        ("scaling", limit.scaling.is_some()),
    ];
    let (rule, _) = rules.into_iter().find(|(_, there)| *there)?;
    let tag = limit
        .scaling
        .as_ref()
        .map(|scaling| scaling.by.clone())
        .or(limit.by.clone())
        .unwrap_or_default();
    Some((
        rule,
        format!(
            "no series of limit `{}` has a size in tag `{tag}`",
            limit.id
        ),
        format!("record the size as a tag ({tag}=1000), or name another tag"),
    ))
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
            let name = (pair.budget.feature.as_str(), pair.limit.id.as_str());
            if judged.contains(&name) || !told.insert(name) {
                continue;
            }
            if let Some((rule, message, help)) = no_sizes(pair.limit) {
                found.fault(pair, &[], rule, message, &help);
            }
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
        let first = found.limits.len();
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
        for verdict in &mut found.limits[first..] {
            if verdict.judgement.verdict == Verdict::Over {
                // Of sizes together there is no line of changes to look on: the ceiling bounds them.
                accept(pair.budget, limit, self.check.today, verdict);
            }
        }
    }

    fn member(&self, pair: &Pair<'_>, tag: &str) -> Option<Member> {
        let row = &self.check.series[pair.series];
        let size = size_of(row.key.tags.get(tag)?)?;
        let columns = &self.check.columns[pair.series];
        let there = self.with_bench(row, columns, |bench| {
            let runs = bench.head_values();
            let base = Base::new(
                bench.series,
                bench.base_points,
                &bench.analysis,
                pair.direction,
                true,
            );
            let base = base.map(|base| base.value(base.level));
            let earlier = bench.earlier.iter().map(|p| (p.place, p.value)).collect();
            (median(&runs), base, runs, earlier)
        });
        let (head, base, values, earlier) = there.unwrap_or_default();
        Some(Member {
            index: pair.series,
            size,
            head,
            base,
            runs: values.len(),
            values,
            earlier,
        })
    }

    pub(super) fn describe_family(
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
        let mut limit = unjudged(pair.budget, pair.limit, &finding);
        let named = Rule::ALL.into_iter().find(|own| own.as_str() == rule);
        limit.rule = named.or(limit.rule);
        self.limits.push(limit);
        self.findings.push(finding);
    }
}
