//! What is drawn, from the back to the front.

use super::{Area, COLUMNS, MARGINS, Plot, RUNS, SIZE, columns, style, ticks};
use crate::report::chart::ChartError;
use crate::report::chart::canvas::{Canvas, Ink, drawable};
use crate::report::text::{date, plain_up_to};
use crate::report::view::{ChangeKind, RegimeView};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

impl Plot<'_> {
    /// Bands over the whole height: gaps and the ranges in which changes began.
    pub(super) fn backdrop(&self, area: &Area<'_>) -> Result<(), ChartError> {
        let band = |from: f64, to: f64, ink: Ink| {
            let corners = [(from, self.high), (to, self.low)];
            area.draw(&Rectangle::new(corners, ink.color().filled()))
        };
        for (from, to) in self.gaps() {
            band(from, to, Ink::Gap)?;
        }
        let least = self.width() / 400.0;
        for change in &self.series.changes {
            if change.kind != ChangeKind::Change {
                continue;
            }
            let suspects = || change.suspects.iter().copied();
            let until = suspects()
                .max()
                .map_or(self.x(change.range.1), |c| self.at(c));
            let from = suspects().min().map_or(self.x(change.range.0), |commit| {
                self.at(commit.saturating_sub(1))
            });
            let ink = if change.improved {
                Ink::Better
            } else {
                Ink::Range
            };
            band(from, until.max(from + least), ink)?;
        }
        Ok(())
    }

    /// Stretches of commits without data that are long for this series, its end included.
    pub(super) fn gaps(&self) -> Vec<(f64, f64)> {
        let places: Vec<f64> = (0..self.series.points.len()).map(|p| self.x(p)).collect();
        let mut steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        let usual = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
        let long = (usual * 5.0).max(self.past() * 0.03).max(2.0);
        let mut gaps: Vec<(f64, f64)> = places
            .windows(2)
            .filter(|pair| pair[1] - pair[0] > long)
            .map(|pair| (pair[0], pair[1]))
            .collect();
        if let (Some(last), Some(_)) = (places.last(), self.series.silent_days)
            && self.past() > *last
        {
            gaps.push((*last, self.past()));
        }
        gaps
    }

    pub(super) fn axis(
        &self,
        root: &DrawingArea<Canvas<'_>, Shift>,
        area: &Area<'_>,
    ) -> Result<(), ChartError> {
        for tick in ticks(self.low, self.high) {
            let ends = vec![(0.0, tick), (self.width(), tick)];
            area.draw(&PathElement::new(ends, Ink::Grid.color()))?;
            let (_, y) = area.map_coordinate(&(0.0, tick));
            if y > MARGINS.0 as i32 + 30 {
                write(
                    root,
                    &self.scale.value(tick),
                    (8, y),
                    Ink::Tick,
                    (HPos::Left, VPos::Bottom),
                )?;
            }
        }
        let bottom = SIZE.1 as i32 - 12;
        let marks = [0, 1, 2, 3, 4];
        for mark in marks {
            let commit = self.first + self.commits * mark / 4;
            let Some(shown) = self.view.commits.get(commit) else {
                continue;
            };
            let (x, _) = area.map_coordinate(&(self.at(commit), self.low));
            let ink = if mark % 2 == 0 {
                Ink::Label
            } else {
                Ink::Extra
            };
            let (x, side) = match mark {
                0 => (8, HPos::Left),
                4 if self.future.is_none() => (SIZE.0 as i32 - 8, HPos::Right),
                _ => (x, HPos::Center),
            };
            if self.commits >= 4 || mark == 0 || (mark == 4 && self.commits > 0) {
                write(
                    root,
                    &date(shown.time),
                    (x, bottom),
                    ink,
                    (side, VPos::Bottom),
                )?;
            }
        }
        Ok(())
    }

    /// Release tags and machine changes: upright lines with a word on top.
    pub(super) fn events(
        &self,
        root: &DrawingArea<Canvas<'_>, Shift>,
        area: &Area<'_>,
    ) -> Result<(), ChartError> {
        let top = MARGINS.0 as i32 - 10;
        let mut events: Vec<(f64, String, Ink)> = Vec::new();
        for change in &self.series.changes {
            if let ChangeKind::Machine { .. } = change.kind {
                events.push((
                    self.x(change.point) - 0.5,
                    "new machine".to_owned(),
                    Ink::Machine,
                ));
            }
        }
        for (commit, shown) in self.view.commits.iter().enumerate().skip(self.first) {
            if let Some(tag) = shown.tags.first() {
                events.push((self.at(commit), plain_up_to(tag, 14), Ink::Release));
            }
        }
        // Words need room; machine changes are named first.
        let (wide, narrow) = (self.width() * 0.075, self.width() * 0.2);
        let mut named: Vec<f64> = Vec::new();
        for (x, word, ink) in events {
            let ends = vec![(x, self.low), (x, self.high)];
            area.draw(&PathElement::new(ends, ink.color()))?;
            let nearest = named
                .iter()
                .map(|at| (at - x).abs())
                .fold(f64::INFINITY, f64::min);
            if nearest >= wide {
                let (place, _) = area.map_coordinate(&(x, self.high));
                let side = match x / self.width() {
                    share if share < 0.06 => HPos::Left,
                    share if share > 0.94 => HPos::Right,
                    _ => HPos::Center,
                };
                let ink = if nearest >= narrow {
                    Ink::Label
                } else {
                    Ink::Extra
                };
                write(root, &word, (place, top), ink, (side, VPos::Bottom))?;
                named.push(x);
            }
        }
        Ok(())
    }

    pub(super) fn thinned(&self) -> bool {
        self.series
            .points
            .iter()
            .map(|p| p.runs.len())
            .sum::<usize>()
            > RUNS
    }

    /// Every run as a dot; many are thinned to the least and greatest of each column of the
    /// screen. Returns how many lie beyond the axis.
    pub(super) fn runs(&self, area: &Area<'_>) -> Result<usize, ChartError> {
        let mut dots: Vec<(f64, f64)> = Vec::new();
        for (index, point) in self.series.points.iter().enumerate() {
            let runs = if point.runs.is_empty() {
                std::slice::from_ref(&point.value)
            } else {
                &point.runs
            };
            let finite = runs.iter().filter(|run| drawable(**run));
            dots.extend(finite.map(|run| (self.x(index), *run)));
        }
        let outside = |y: f64| y > self.high || y < self.low;
        let beyond = dots.iter().filter(|(_, y)| outside(*y)).count();
        if self.thinned() {
            dots = columns(&dots, self.width() / COLUMNS);
        }
        for (x, y) in dots {
            let ink = if outside(y) { Ink::Beyond } else { Ink::Run };
            let y = y.clamp(self.low, self.high);
            area.draw(&Circle::new((x, y), 1, ink.color().filled()))?;
        }
        Ok(beyond)
    }

    /// Levels as steps with their 95 % bounds; a machine change breaks the line.
    pub(super) fn levels(&self, area: &Area<'_>) -> Result<(), ChartError> {
        let regimes: Vec<&RegimeView> = self
            .series
            .regimes
            .iter()
            .filter(|r| drawable(r.level))
            .collect();
        let machine = |point: usize| {
            self.series
                .changes
                .iter()
                .any(|c| c.point == point && c.kind != ChangeKind::Change)
        };
        let clamp = |y: f64| y.clamp(self.low, self.high);
        let mut line: Vec<(f64, f64)> = Vec::new();
        for (index, regime) in regimes.iter().enumerate() {
            let next = regimes.get(index + 1).filter(|next| !machine(next.first));
            let from = self.x(regime.first);
            let to = next.map_or(self.x(regime.last), |next| self.x(next.first));
            if drawable(regime.low) && drawable(regime.high) {
                let corners = [(from, clamp(regime.high)), (to, clamp(regime.low))];
                area.draw(&Rectangle::new(corners, Ink::Band.color().filled()))?;
            }
            line.extend([(from, clamp(regime.level)), (to, clamp(regime.level))]);
            if next.is_none() {
                area.draw(&PathElement::new(
                    std::mem::take(&mut line),
                    Ink::Level.color(),
                ))?;
            }
        }
        Ok(())
    }

    /// Short stretches off the level: out, along, and back.
    pub(super) fn excursions(&self, area: &Area<'_>) -> Result<(), ChartError> {
        for excursion in &self.series.excursions {
            let (from, to) = (self.x(excursion.first), self.x(excursion.last));
            let clamp = |y: f64| y.clamp(self.low, self.high);
            let (around, off) = (clamp(excursion.around), clamp(excursion.level));
            if drawable(around) && drawable(off) {
                // One result is still a step that can be seen.
                let to = to.max(from + self.width() / 400.0);
                let path = vec![(from, around), (from, off), (to, off), (to, around)];
                area.draw(&PathElement::new(path, Ink::Brief.color()))?;
            }
        }
        Ok(())
    }

    pub(super) fn budget(&self, area: &Area<'_>) -> Result<(), ChartError> {
        let Some(budget) = self.series.budget.filter(|budget| drawable(*budget)) else {
            return Ok(());
        };
        let ends = vec![(0.0, budget), (self.width(), budget)];
        area.draw(&PathElement::new(ends, Ink::Budget.color()))?;
        let label = format!("budget {}", self.scale.value(budget));
        let ink = Ink::Budget.color();
        let place = style(&ink, (HPos::Right, VPos::Bottom));
        area.draw(&Text::new(label, (self.width() * 0.995, budget), place))?;
        Ok(())
    }

    /// Where the level goes if nothing changes: a fan from the newest level to the budget, which it
    /// reaches between the soonest and the latest day.
    pub(super) fn forecast(
        &self,
        root: &DrawingArea<Canvas<'_>, Shift>,
        area: &Area<'_>,
    ) -> Result<(), ChartError> {
        let (Some(future), Some(level), Some(budget)) =
            (&self.future, self.series.level, self.series.budget)
        else {
            return Ok(());
        };
        let start = self.past();
        let x = |days: f64| start + days / future.days * (self.width() - start);
        // The level after some days of the slope that reaches the budget in `reach` days.
        let y = |days: f64, reach: f64| {
            (level + (budget - level) * days / reach).clamp(self.low, self.high)
        };
        let days = future.days;
        let mut corners = vec![(start, level)];
        corners.extend([1, 2, 3, 4].map(|part| {
            let day = days * f64::from(part) / 4.0;
            (x(day), y(day, future.soonest))
        }));
        corners.extend([4, 3, 2, 1].map(|part| {
            let day = days * f64::from(part) / 4.0;
            (x(day), y(day, future.latest))
        }));
        area.draw(&Polygon::new(corners, Ink::Forecast.color().filled()))?;
        // Where it would leave the plot it ends, and does not bend.
        let rise = (budget - level) / future.estimate;
        let room = if rise > 0.0 { self.high } else { self.low } - level;
        let end = if rise.abs() > 0.0 {
            days.min((room / rise).max(0.0))
        } else {
            days
        };
        let course = vec![(start, level), (x(end), y(end, future.estimate))];
        area.draw(&PathElement::new(course, Ink::Course.color()))?;
        let word = format!("if nothing changes, +{days:.0} d");
        let bottom = (SIZE.0 as i32 - 8, SIZE.1 as i32 - 12);
        write(root, &word, bottom, Ink::Extra, (HPos::Right, VPos::Bottom))
    }
}

fn write(
    root: &DrawingArea<Canvas<'_>, Shift>,
    text: &str,
    place: (i32, i32),
    ink: Ink,
    anchor: (HPos, VPos),
) -> Result<(), ChartError> {
    let ink = ink.color();
    root.draw(&Text::new(text.to_owned(), place, style(&ink, anchor)))?;
    Ok(())
}
