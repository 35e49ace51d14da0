//! What stands behind a verdict: every figure that was asked on the way to it.

use super::{Bench, Check, Judging, Outcome, find_causes, judge_controlled, with_judging};
use crate::budget::{Minimum, Rule};
use crate::detect::Scale;
use crate::history::Point;
use crate::model::CommitId;
use crate::verdict::LimitVerdict;
use crate::verdict::rules::{Contrast, own_record_p};
use crate::verdict::select::Pair;

/// A verdict with all that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The verdict, after control over all rules of the check.
    pub verdict: LimitVerdict,
    /// What the limit asks for.
    pub min: Minimum,
    /// The head's runs, in input units.
    pub runs: Vec<f64>,
    /// Samples in the run that has fewest.
    pub least_samples: u64,
    /// Measured commits of the base.
    pub earlier: usize,
    /// The machine of the head; empty where it is not known.
    pub machine: String,
    /// Points of the base on that machine.
    pub on_machine: usize,
    /// Kinds of machines in the series.
    pub machines: usize,
    /// Where the machine last changed for good: the first measured commit after it.
    pub broke: Option<CommitId>,
    /// The base, where the head can be compared with one.
    pub base: Option<BaseFacts>,
    /// How the head differs from it.
    pub contrast: Option<ContrastFacts>,
    /// What all tests of the check together say.
    pub pooled: Pooled,
}

/// The regime that a head is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseFacts {
    /// Its first commit.
    pub since: Option<CommitId>,
    /// Its points.
    pub m: usize,
    /// Its level, in input units.
    pub level: f64,
    /// The standard deviation of one commit, as a fraction of the level; of the values themselves
    /// where levels are compared as differences.
    pub sd: f64,
    /// Whether it is a fraction.
    pub relative: bool,
    /// Degrees of freedom of that.
    pub df: f64,
    /// Variance inflation of the base's mean by autocorrelation, (1 + φ) ÷ (1 − φ).
    pub inflation: f64,
    /// A counter that never varied: the difference itself decides.
    pub exact: bool,
}

/// How a head differs from its base.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastFacts {
    /// One-sided 95 % bounds of the change, as relative effects with the sign of the values.
    pub bounds: Option<(f64, f64)>,
    /// The limit of the rule as a relative effect with the sign of the values.
    pub limit: Option<f64>,
    /// How likely the head is an outlier of the kind that its own history shows.
    pub own_record: f64,
}

/// What the control over all tests of a check used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pooled {
    /// Tests that were made.
    pub tests: usize,
    /// Points of all histories.
    pub points: f64,
    /// The level at which over is decided.
    pub alpha: f64,
    /// p of the fitted tail for this head; `None` where outliers need not be thought of.
    pub tail: Option<f64>,
    /// p by counting in all histories.
    pub counted: Option<f64>,
}

/// Judges a commit as [`super::judge`] does and says of every verdict that is `wanted` what it
/// rests on. Causes are looked for among the series whose values the check has.
#[must_use]
pub fn explain(
    check: &Check<'_>,
    wanted: impl Fn(&LimitVerdict) -> bool,
) -> (Outcome, Vec<Explained>) {
    let (mut outcome, controlling) = judge_controlled(check);
    find_causes(check, &mut outcome.limits);
    let mut explained = Vec::new();
    with_judging(check, &mut Outcome::default(), |judging, pairs| {
        for verdict in outcome.limits.iter().filter(|verdict| wanted(verdict)) {
            let mut found = judging.explained(verdict, pairs);
            let z = verdict.judgement.outlying;
            found.pooled = Pooled {
                tests: controlling.tests,
                points: controlling.tail.points(),
                alpha: check.stage.alpha(),
                tail: z.map(|z| controlling.tail.p(z)),
                counted: z.map(|z| controlling.tail.conformal_p(z)),
            };
            explained.push(found);
        }
    });
    (outcome, explained)
}

impl Judging<'_, '_> {
    fn explained(&self, verdict: &LimitVerdict, pairs: &[Pair<'_>]) -> Explained {
        let mut of_limit = pairs.iter().filter(|pair| {
            pair.budget.feature == verdict.feature && pair.limit.id == verdict.limit
        });
        let mut found = Explained {
            verdict: verdict.clone(),
            min: of_limit
                .clone()
                .next()
                .map_or_else(Minimum::default, |pair| pair.limit.min),
            runs: Vec::new(),
            least_samples: 0,
            earlier: 0,
            machine: String::new(),
            on_machine: 0,
            machines: 0,
            broke: None,
            base: None,
            contrast: None,
            pooled: Pooled::default(),
        };
        let check = self.check;
        let pair = of_limit.find(|pair| {
            let key = &check.series[pair.series].key;
            verdict.rule != Some(Rule::Guard) && Some(key) == verdict.series.as_ref()
        });
        if let Some(pair) = pair {
            let (row, columns) = (&check.series[pair.series], &check.columns[pair.series]);
            self.with_bench(row, columns, |bench| self.facts(pair, bench, &mut found));
        }
        found
    }

    fn facts(&self, pair: &Pair<'_>, bench: &Bench<'_>, found: &mut Explained) {
        let at = |point: &Point| self.check.timeline.at(point.place).cloned();
        found.runs = bench.head_values();
        found.earlier = bench.base_points.len();
        found.machines = bench.series.strata.len();
        if let Some(newest) = bench.head_points.last() {
            let own = bench.series.strata.get(newest.stratum as usize);
            found.machine = own.cloned().unwrap_or_default();
            let same = |p: &&Point| p.stratum == newest.stratum;
            found.on_machine = bench.base_points.iter().filter(same).count();
        }
        let broke = bench.analysis.breaks.last();
        found.broke = broke.and_then(|i| at(bench.base_points.get(*i)?));
        let Some(judged) = self.base(pair, bench) else {
            return;
        };
        let Some(head) = judged.head(bench) else {
            return;
        };
        found.least_samples = head.least_samples;
        if !judged.own {
            return;
        }
        let base = &judged.base;
        let regime = bench.analysis.regimes.last();
        found.base = Some(BaseFacts {
            since: regime.and_then(|regime| at(bench.base_points.get(regime.first)?)),
            m: base.m,
            level: base.value(base.level),
            sd: base.noise.sd,
            relative: base.scale == Scale::Log,
            df: base.noise.df,
            inflation: base.noise.inflation,
            exact: judged.exact(pair.limit),
        });
        let contrast = Contrast::new(base, &head);
        let (low, high) = contrast.bounds();
        let limit = match found.verdict.rule {
            Some(Rule::Regress) => pair.limit.regress.and_then(|rule| base.margin(rule.limit)),
            Some(Rule::Max) => {
                let max = pair.limit.max.as_ref();
                max.map(|max| base.working(max.value) - base.level)
            }
            _ => None,
        };
        found.contrast = Some(ContrastFacts {
            bounds: base.effect(low).zip(base.effect(high)),
            limit: limit.and_then(|distance| base.effect(distance)),
            own_record: own_record_p(base, &head),
        });
    }
}
