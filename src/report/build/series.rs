//! One series: level, budget, drift, forecast, and everything drawn of it.

use super::Builder;
use super::changes::take_in;
use super::state::state;
use crate::analysis::{Analysis, Ledger, analyse};
use crate::budget::{Budget, Limit, Rule};
use crate::detect::Scale;
use crate::history::{Point, Series};
use crate::model::{Direction, SeriesKey};
use crate::report::view::{
    ChangeKind, ChangeView, Drift, LedgerView, PointView, RegimeView, SeriesView, State,
};
use crate::verdict::Verdict;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

impl Builder<'_> {
    /// Of a sweep of load steps one series stands for all: it has the verdict.
    fn carries(&self, limit: &Limit, key: &SeriesKey) -> bool {
        limit.capacity.is_none() || self.about.contains_key(key)
    }

    /// Everything about a series with at least one point.
    pub(super) fn view(&self, series: &Series) -> SeriesView {
        let analysis = analyse(series);
        let key = &series.row.key;
        let budgets = self.project.budgets.iter().enumerate();
        let selecting: Vec<(usize, &Budget, &Limit)> = budgets
            .flat_map(|(feature, budget)| {
                let limits = budget.limits.iter();
                limits.map(move |limit| (feature, budget, limit))
            })
            .filter(|(_, _, limit)| {
                limit.select.matches(key, &self.headlines) && self.carries(limit, key)
            })
            .collect();
        let chosen = selecting.first().copied();
        let limit = chosen.map(|(_, _, limit)| limit);
        let direction = limit
            .and_then(|limit| limit.direction)
            .or(series.row.direction);
        let sign = direction.unwrap_or(Direction::Lower).worsening_sign();
        let budget = limit
            .and_then(|limit| limit.max.as_ref())
            .map(|max| max.value);
        let values: Vec<f64> = series.points.iter().map(|point| point.value).collect();
        let ledger = Ledger::new(&analysis).map(|ledger| ledger.with_creep(&analysis, &values));
        // One value is "now" wherever it is told: that of the ledger, which follows a creep.
        let level = ledger
            .as_ref()
            .map(|ledger| ledger.now)
            .or_else(|| analysis.level());
        let used = level.zip(budget).map(|(level, budget)| {
            if sign > 0.0 {
                level / budget
            } else {
                budget / level
            }
        });
        let drift = ledger
            .as_ref()
            .and_then(|ledger| self.drift(series, &analysis, ledger));
        let mut view = SeriesView {
            slug: slug(&key.to_string()),
            key: key.clone(),
            unit: series.row.unit.clone(),
            direction,
            feature: chosen.map(|(feature, _, _)| feature),
            limit: limit.map(|limit| limit.id.clone()),
            limits: selecting
                .iter()
                .map(|(feature, _, limit)| (*feature, limit.id.clone()))
                .collect(),
            state: State::Unbudgeted,
            sentence: String::new(),
            broken: Vec::new(),
            level,
            budget,
            used,
            regress: limit
                .and_then(|limit| limit.regress)
                .map(|regress| regress.limit),
            drift,
            breaks_in_days: None,
            noise: self.noise(series, &analysis, level),
            silent_days: self.silent_days(series),
            machines: series.strata.clone(),
            points: series
                .points
                .iter()
                .map(|point| self.point(series, point))
                .collect(),
            regimes: regimes(&analysis),
            changes: self.changes(
                series,
                &analysis,
                chosen.map(|(_, budget, limit)| (budget, limit)),
                sign,
            ),
            excursions: self.excursions(series, &analysis, sign),
            ledger: None,
        };
        view.ledger =
            ledger.map(|ledger| ledger_view(&ledger, &view.changes, &analysis, budget, sign));
        let about = self.about.get(key).into_iter().flatten();
        let verdicts: Vec<_> = about.filter_map(|at| self.verdicts.get(*at)).collect();
        let over = verdicts
            .iter()
            .filter(|v| v.judgement.verdict == Verdict::Over);
        view.broken = over
            .filter_map(|v| v.rule)
            .map(Rule::as_str)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        // The check's own forecast: two of them would never agree.
        view.breaks_in_days = verdicts
            .iter()
            .filter(|v| v.rule == Some(Rule::Max) && Some(&v.limit) == view.limit.as_ref())
            .find_map(|v| Some(v.exhausted.as_ref()?.days));
        let fresh = verdicts.iter().find_map(|v| self.fresh_change(&view, v));
        if let Some(fresh) = fresh {
            take_in(&mut view, fresh, sign);
        }
        let (state, sentence) = state(&view, limit, &verdicts, sign);
        (view.state, view.sentence) = (state, sentence);
        view
    }

    fn time(&self, place: u32) -> Option<Timestamp> {
        let id = self.project.timeline.at(place)?;
        self.project.commits.get(id).map(|commit| commit.time)
    }

    fn days(&self, from: u32, to: u32) -> Option<f64> {
        let seconds = self.time(to)?.as_second() - self.time(from)?.as_second();
        Some(seconds as f64 / 86_400.0)
    }

    fn drift(&self, series: &Series, analysis: &Analysis, ledger: &Ledger) -> Option<Drift> {
        let start = analysis.breaks.last().copied().unwrap_or(0);
        // One value has gone nowhere yet.
        if start + 1 >= series.points.len() {
            return None;
        }
        let days = self.days(series.points.get(start)?.place, series.points.last()?.place)?;
        let absolute = ledger.now - ledger.opening;
        let relative = if ledger.opening.abs() > 0.0 {
            absolute / ledger.opening.abs()
        } else {
            0.0
        };
        Some(Drift {
            absolute,
            relative,
            days,
        })
    }

    /// Noise between commits as a share of the level; `None` where a value mostly is the one before it:
    /// a counter has none.
    fn noise(&self, series: &Series, analysis: &Analysis, level: Option<f64>) -> Option<f64> {
        let pairs = series.points.windows(2);
        let same = pairs
            .filter(|pair| pair[0].value.total_cmp(&pair[1].value).is_eq())
            .count();
        // Two values differ by something; that is no measure of noise yet.
        if series.points.len() < 3 || 2 * same >= series.points.len() {
            return None;
        }
        match analysis.scale {
            Scale::Log => Some(analysis.sigma),
            Scale::Linear => level
                .filter(|l| l.abs() > 0.0)
                .map(|l| analysis.sigma / l.abs()),
        }
    }

    fn silent_days(&self, series: &Series) -> Option<f64> {
        let last = series.points.last()?.place;
        let newest = *self.silent.newest.get(&series.row.key.env)?;
        (last < newest).then(|| self.days(last, newest)).flatten()
    }

    fn point(&self, series: &Series, point: &Point) -> PointView {
        let runs = series.runs_of(point);
        let low = runs
            .iter()
            .map(|run| run.ends.0)
            .fold(f64::INFINITY, f64::min);
        let high = runs
            .iter()
            .map(|run| run.ends.1)
            .fold(f64::NEG_INFINITY, f64::max);
        PointView {
            commit: (point.place - self.first) as usize,
            value: point.value,
            runs: runs.iter().map(|run| run.value).collect(),
            samples: runs.iter().map(|run| run.n).sum(),
            low: (low < high).then_some(low),
            high: (low < high).then_some(high),
            machine: point.stratum as usize,
        }
    }
}

fn regimes(analysis: &Analysis) -> Vec<RegimeView> {
    let view = |r: &crate::detect::Regime| RegimeView {
        first: r.first,
        last: r.last,
        level: r.level,
        low: r.level_low,
        high: r.level_high,
    };
    analysis.regimes.iter().map(view).collect()
}

fn ledger_view(
    ledger: &Ledger,
    changes: &[ChangeView],
    analysis: &Analysis,
    budget: Option<f64>,
    sign: f64,
) -> LedgerView {
    let shown = |change: usize| {
        let index = analysis.changes[change].index;
        changes
            .iter()
            .position(|view| view.point == index && view.kind == ChangeKind::Change)
    };
    LedgerView {
        opening: ledger.opening,
        entries: ledger
            .entries
            .iter()
            .filter_map(|entry| Some((shown(entry.change)?, entry.amount)))
            .collect(),
        unattributed: ledger.unattributed,
        now: ledger.now,
        headroom: budget.map(|budget| sign * (budget - ledger.now)),
    }
}

/// A file name: letters and digits of the identity, and eight digits of its hash, so that names
/// which differ only in other characters stay apart.
fn slug(identity: &str) -> String {
    let mut words = String::new();
    for c in identity.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            words.push(c.to_ascii_lowercase());
        } else if !words.ends_with('-') && !words.is_empty() {
            words.push('-');
        }
    }
    let digest: String = Sha256::digest(identity.as_bytes())
        .iter()
        .take(4)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("{}-{digest}", words.trim_end_matches('-'))
}
