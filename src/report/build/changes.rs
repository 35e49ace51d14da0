//! The boundaries of a series: change points with who brought them, new machines, and excursions.

use super::Builder;
use crate::analysis::{Analysis, suspects};
use crate::budget::{Budget, Limit, Rule};
use crate::detect::{ChangePoint, Regime, Scale};
use crate::history::Series;
use crate::report::view::{
    AcceptedView, ChangeKind, ChangeView, ExcursionView, RegimeView, SeriesView,
};
use crate::verdict::{LimitVerdict, Verdict};

impl Builder<'_> {
    /// A change that the newest commit's runs prove and that is too new to be a regime: one point
    /// is no level yet, but who brought it is known.
    pub(super) fn fresh_change(
        &self,
        view: &SeriesView,
        verdict: &LimitVerdict,
    ) -> Option<ChangeView> {
        let proven =
            verdict.judgement.verdict == Verdict::Over && verdict.rule == Some(Rule::Regress);
        let (effect, before, after) = (
            verdict.judgement.effect?,
            view.level?,
            verdict.judgement.level?,
        );
        let suspects: Vec<usize> = verdict
            .suspects
            .iter()
            .filter_map(|id| self.project.timeline.place(id)?.checked_sub(self.first))
            .map(|place| place as usize)
            .collect();
        let point = view
            .points
            .iter()
            .position(|point| Some(&point.commit) == suspects.first())?;
        let own = view
            .regimes
            .last()
            .is_some_and(|regime| regime.first < point);
        let p = verdict.p_adjusted.unwrap_or(0.0);
        (proven && own).then(|| ChangeView {
            kind: ChangeKind::Change,
            point,
            commit: view.points[point].commit,
            range: (point, point),
            suspects,
            before,
            after,
            effect: Some(effect),
            confidence: confidence(p),
            p,
            accepted: None,
            improved: false,
        })
    }

    pub(super) fn changes(
        &self,
        series: &Series,
        analysis: &Analysis,
        budget: Option<(&Budget, &Limit)>,
        sign: f64,
    ) -> Vec<ChangeView> {
        let mut changes: Vec<ChangeView> = analysis
            .changes
            .iter()
            .map(|change| self.change(series, analysis, change, budget, sign))
            .chain(
                analysis
                    .breaks
                    .iter()
                    .filter_map(|&at| self.machine_change(series, analysis, at)),
            )
            .collect();
        changes.sort_by_key(|change| change.point);
        changes
    }

    fn change(
        &self,
        series: &Series,
        analysis: &Analysis,
        change: &ChangePoint,
        budget: Option<(&Budget, &Limit)>,
        sign: f64,
    ) -> ChangeView {
        let suspects: Vec<usize> = suspects(change, &series.points)
            .into_iter()
            .filter(|place| *place >= self.first)
            .map(|place| (place - self.first) as usize)
            .collect();
        let accepted = budget.and_then(|(budget, limit)| {
            budget.accepted.iter().find(|accepted| {
                let added = self.project.known.accepted(&budget.file, &accepted.id);
                accepted.limit == limit.id
                    && suspects.iter().any(|&index| {
                        let place = u32::try_from(index).unwrap_or(0) + self.first;
                        let id = self.project.timeline.at(place);
                        id.is_some_and(|id| accepted.names(id) || added == Some(id))
                    })
            })
        });
        ChangeView {
            kind: ChangeKind::Change,
            point: change.index,
            commit: self.commit(series, change.index),
            range: (change.from, change.to),
            suspects,
            before: change.before,
            after: change.after,
            effect: (analysis.scale == Scale::Log).then_some((
                change.effect,
                change.effect_low,
                change.effect_high,
            )),
            confidence: confidence(change.p),
            p: change.p,
            accepted: accepted.map(|a| AcceptedView {
                by: a.by.clone(),
                reason: a.reason.clone(),
                expires: a.expires.to_string(),
            }),
            improved: sign * (change.after - change.before) < 0.0,
        }
    }
}

/// Confidence in fixed words.
fn confidence(p: f64) -> &'static str {
    match p {
        p if p <= 0.001 => "very likely",
        p if p <= 0.01 => "likely",
        _ => "unsure",
    }
}

/// Makes the newest points a regime of their own, and its change a line of the ledger.
pub(super) fn take_in(view: &mut SeriesView, change: ChangeView, sign: f64) {
    let (before, after, first) = (change.before, change.after, change.point);
    let newest = view.points.len().saturating_sub(1);
    let (low, high) = change.effect.map_or((after, after), |(_, low, high)| {
        (before * (1.0 + low), before * (1.0 + high))
    });
    match view.regimes.last_mut() {
        Some(last) if last.first < first => last.last = first - 1,
        _ => return,
    }
    view.regimes.push(RegimeView {
        first,
        last: newest,
        level: after,
        low,
        high,
    });
    view.changes.push(change);
    view.level = Some(after);
    view.used = view.budget.map(|budget| {
        if sign > 0.0 {
            after / budget
        } else {
            budget / after
        }
    });
    if let Some(ledger) = &mut view.ledger {
        ledger
            .entries
            .push((view.changes.len() - 1, after - before));
        let explained: f64 = ledger.entries.iter().map(|(_, amount)| amount).sum();
        ledger.unattributed = after - ledger.opening - explained;
        ledger.now = after;
        ledger.headroom = view.budget.map(|budget| sign * (budget - after));
        if let Some(drift) = &mut view.drift {
            drift.absolute = after - ledger.opening;
            drift.relative = drift.absolute / ledger.opening.abs().max(f64::MIN_POSITIVE);
        }
    }
}

impl Builder<'_> {
    /// The commit of a point, as an index into those of the view.
    fn commit(&self, series: &Series, point: usize) -> usize {
        let place = series
            .points
            .get(point)
            .map_or(self.first, |point| point.place);
        place.saturating_sub(self.first) as usize
    }

    fn machine_change(
        &self,
        series: &Series,
        analysis: &Analysis,
        at: usize,
    ) -> Option<ChangeView> {
        let level = |index: usize| {
            analysis
                .regimes
                .iter()
                .find(|r| r.first <= index && index <= r.last)
                .map(|r| r.level)
        };
        let name = |index: usize| {
            series
                .points
                .get(index)
                .map(|p| series.strata[p.stratum as usize].clone())
        };
        let (before, after) = (level(at.checked_sub(1)?)?, level(at)?);
        Some(ChangeView {
            kind: ChangeKind::Machine {
                from: name(at - 1)?,
                to: name(at)?,
            },
            point: at,
            commit: self.commit(series, at),
            range: (at, at),
            suspects: Vec::new(),
            before,
            after,
            effect: None,
            confidence: "known",
            p: 0.0,
            accepted: None,
            improved: false,
        })
    }

    /// Short stretches off a level that came back to it.
    pub(super) fn excursions(
        &self,
        series: &Series,
        analysis: &Analysis,
        sign: f64,
    ) -> Vec<ExcursionView> {
        let around = |regime: &Regime| {
            let mut levels = analysis.regimes.iter();
            levels.find(|r| r.first <= regime.first && regime.first <= r.last)
        };
        let excursion = |found: &Regime| {
            let level = around(found)?.level;
            let back = series.points.get(found.last + 1)?;
            let back = back.place.saturating_sub(self.first) as usize;
            Some(ExcursionView {
                first: found.first,
                last: found.last,
                begun: self.commit(series, found.first),
                back,
                around: level,
                level: found.level,
                improved: sign * (found.level - level) < 0.0,
            })
        };
        analysis.excursions.iter().filter_map(excursion).collect()
    }
}
