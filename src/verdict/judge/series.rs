//! All limits of one series, and the series that should be there and are not.

use super::bench::trend;
use super::ratchet::Need;
use super::{Bench, Check, Judging, blank};
use crate::analysis::suspects;
use crate::budget::Headlines;
use crate::detect::{ChangePoint, Scale};
use crate::history::Series;
use crate::model::{Direction, Failure, SeriesKey, Tags};
use crate::store::RunRow;
use crate::verdict::select::Pair;
use crate::verdict::{Judgement, KnownChange, LimitVerdict, Reason, Record, Verdict};
use std::collections::HashMap;

/// What one series gave.
#[derive(Default)]
pub(super) struct JudgedSeries {
    pub(super) limits: Vec<LimitVerdict>,
    pub(super) changes: Vec<KnownChange>,
    pub(super) record: Record,
    pub(super) needs: Vec<Need>,
}

impl Judging<'_, '_> {
    pub(super) fn series(&self, index: usize, pairs: &[Pair<'_>]) -> JudgedSeries {
        let row = &self.check.series[index];
        let columns = &self.check.columns[index];
        let failed = self.failed.covers(&row.key);
        let judged = self.with_whole_bench(row, columns, |bench| {
            let limits = pairs
                .iter()
                .flat_map(|pair| self.pair(pair, bench))
                .collect();
            let direction = pairs
                .first()
                .map_or(Direction::Lower, |pair| pair.direction);
            JudgedSeries {
                limits,
                changes: self.changes(bench, direction),
                record: self.record(pairs, bench).unwrap_or_default(),
                needs: pairs
                    .iter()
                    .filter_map(|pair| self.need(pair, bench))
                    .collect(),
            }
        });
        if let Some(judged) = judged.filter(|_| !failed) {
            return judged;
        }
        let expected = !self.retired(index)
            && (failed || columns.runs().iter().any(|run| self.recent.contains(run)));
        if !expected {
            return JudgedSeries::default();
        }
        let series = self.placement.arrange(row.clone(), columns);
        let missing = |pair: &Pair<'_>| self.missing(pair, &series, failed);
        JudgedSeries {
            limits: pairs.iter().map(missing).collect(),
            ..JudgedSeries::default()
        }
    }

    /// What the series' history shows of points far off, where the head is judged against it.
    fn record(&self, pairs: &[Pair<'_>], bench: &Bench<'_>) -> Option<Record> {
        let judged = self.base(pairs.first()?, bench)?;
        let head = judged.head(bench)?;
        let counts = judged.own && !judged.base.noise.exact;
        counts.then(|| Record::of(&judged.base.noise, head.ys.len()))
    }

    fn retired(&self, index: usize) -> bool {
        let key = &self.check.series[index].key;
        let none = Headlines::default();
        self.check
            .retired
            .iter()
            .any(|retired| retired.matches(key, &none))
    }

    fn missing(&self, pair: &Pair<'_>, series: &Series, failed: bool) -> LimitVerdict {
        let reason = if failed {
            Reason::BenchmarkFailed
        } else {
            Reason::NotMeasured
        };
        let mut found = blank(
            pair.budget,
            pair.limit,
            Judgement::bare(Verdict::Missing, reason),
        );
        found.series = Some(series.row.key.clone());
        found.unit = series.row.unit.clone();
        found.direction = pair.direction;
        found.trend = trend(&series.points);
        found
    }

    /// Limits none of whose series was measured at the head or lately, so that nothing was expected
    /// of them any more: a benchmark does not fall silent for so long that nobody asks for it. Each is
    /// missing at the series that were measured last.
    pub(super) fn silent(&self, pairs: &[Pair<'_>]) -> Vec<LimitVerdict> {
        let runs = |pair: &Pair<'_>| self.check.columns[pair.series].runs();
        let at_head = |run: &i64| self.placement.place_of(*run) == Some(self.head_place);
        let mut limits: Vec<(&Pair<'_>, Vec<&Pair<'_>>)> = Vec::new();
        for pair in pairs {
            match limits
                .iter_mut()
                .find(|(own, _)| std::ptr::eq(own.limit, pair.limit))
            {
                Some((_, all)) => all.push(pair),
                None => limits.push((pair, vec![pair])),
            }
        }
        let mut found = Vec::new();
        for (_, all) in limits {
            let alive = |pair: &&Pair<'_>| {
                let failed = self.failed.covers(&self.check.series[pair.series].key);
                let seen = |run: &i64| self.recent.contains(run) || at_head(run);
                failed || runs(pair).iter().any(seen)
            };
            if all.iter().any(alive) {
                continue;
            }
            // Its newest run before, by arrival.
            let last = |pair: &Pair<'_>| {
                let mut own = runs(pair).iter().rev();
                own.find(|run| self.ever.contains(*run)).copied()
            };
            let kept = all.iter().filter(|pair| !self.retired(pair.series));
            let newest = kept.clone().filter_map(|pair| last(pair)).max();
            for pair in kept.filter(|pair| newest.is_some() && last(pair) == newest) {
                let row = &self.check.series[pair.series];
                let series = self
                    .placement
                    .arrange(row.clone(), &self.check.columns[pair.series]);
                found.push(self.missing(pair, &series, false));
            }
        }
        found
    }

    /// A slice that failed at its very first measurement has no series yet.
    pub(super) fn failed_and_never_seen(&self) -> Vec<LimitVerdict> {
        let mut verdicts = Vec::new();
        let seen = |failure: &Failure| {
            let mut rows = self.check.series.iter();
            rows.any(|row| failure.covers(&row.key.benchmark, &row.key.tags))
        };
        let mut failed: Vec<&Failure> = self.failed.iter().filter(|f| !seen(f)).collect();
        failed.sort_by_key(|f| (&f.benchmark, &f.tags));
        for failure in failed {
            for budget in self.check.budgets {
                for limit in budget.limits.iter().filter(|l| l.select.may_mean(failure)) {
                    let judgement = Judgement::bare(Verdict::Missing, Reason::BenchmarkFailed);
                    verdicts.push(blank(budget, limit, judgement));
                }
            }
        }
        verdicts
    }

    fn pair(&self, pair: &Pair<'_>, bench: &Bench<'_>) -> Vec<LimitVerdict> {
        let mut verdicts = Vec::new();
        if let Some(max) = &pair.limit.max {
            verdicts.push(self.max(pair, bench, max.value));
        }
        match &pair.limit.versus {
            Some(slice) => verdicts.extend(self.versus(pair, bench, slice)),
            None => verdicts.extend(self.regress(pair, bench)),
        }
        if let Some(drift) = &pair.limit.drift {
            verdicts.push(self.drift(pair, bench, drift));
        }
        if let Some(creep) = pair.limit.creep {
            verdicts.push(self.creep(pair, bench, creep));
        }
        if let Some(guard) = &pair.limit.guard {
            self.guard(pair, bench, guard, &mut verdicts);
        }
        for verdict in &mut verdicts {
            if verdict.judgement.verdict == Verdict::Over {
                self.accept(pair, bench, verdict);
            }
            if self.order_unknown && verdict.judgement.reason == Some(Reason::Learning) {
                verdict.judgement.reason = Some(Reason::OrderUnknown);
            }
        }
        verdicts
    }

    fn changes(&self, bench: &Bench<'_>, direction: Direction) -> Vec<KnownChange> {
        let (series, analysis) = (bench.series, bench.all());
        let sign = direction.worsening_sign();
        let known = |change: &ChangePoint| KnownChange {
            series: series.row.key.clone(),
            unit: series.row.unit.clone(),
            suspects: suspects(change, &series.points)
                .iter()
                .take(20)
                .filter_map(|place| self.check.timeline.at(*place).cloned())
                .collect(),
            levels: (change.before, change.after),
            effect: (analysis.scale == Scale::Log).then_some((
                change.effect,
                change.effect_low,
                change.effect_high,
            )),
            p: change.p,
            improved: sign * (change.after - change.before) < 0.0,
            points_ago: series.points.len() - 1 - change.index,
        };
        analysis.changes.iter().map(known).collect()
    }
}

/// Slices of benchmarks whose newest word at the head is a failure, by benchmark.
#[derive(Default)]
pub(super) struct Failed(HashMap<String, Vec<Failure>>);

impl Failed {
    pub(super) fn of(check: &Check<'_>, clean: &[&RunRow]) -> Self {
        let mut newest: HashMap<(&str, &Tags), (i64, &Failure)> = HashMap::new();
        for run in clean {
            for failure in check.failures.get(&run.id).into_iter().flatten() {
                newest.insert((&failure.benchmark, &failure.tags), (run.id, failure));
            }
        }
        let measured_since = |failure: &Failure, failed_in: i64| {
            let mut rows = check
                .series
                .iter()
                .zip(check.columns)
                .filter(|(row, _)| failure.covers(&row.key.benchmark, &row.key.tags));
            rows.any(|(_, columns)| {
                clean
                    .iter()
                    .any(|run| run.id > failed_in && columns.runs().binary_search(&run.id).is_ok())
            })
        };
        let mut failed: HashMap<String, Vec<Failure>> = HashMap::new();
        for (run, failure) in newest.into_values() {
            if !measured_since(failure, run) {
                let of = failed.entry(failure.benchmark.clone()).or_default();
                of.push(failure.clone());
            }
        }
        Self(failed)
    }

    /// Whether a series has no result because its slice failed.
    pub(super) fn covers(&self, key: &SeriesKey) -> bool {
        self.0
            .get(&key.benchmark)
            .is_some_and(|of| of.iter().any(|failure| failure.covers_tags(&key.tags)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Failure> {
        self.0.values().flatten()
    }
}
