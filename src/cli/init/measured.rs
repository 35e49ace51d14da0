//! What budgets can be proposed for: the store's series, or those of result files.

use super::super::args::{Init as Args, Record};
use super::super::load::{self, Loaded};
use super::super::record;
use super::super::say;
use super::super::world::World;
use anyhow::Result;
use plimsoll::analysis::{Base, analyse};
use plimsoll::budget::{Budget, Headlines};
use plimsoll::history::{Placement, Series, Timeline};
use plimsoll::model::{SeriesKey, Unit};
use plimsoll::verdict::Measured;
use std::collections::BTreeMap;

/// Series that a budget can be proposed for, and how many cannot, and why.
#[derive(Default)]
pub(super) struct Found {
    pub(super) series: Vec<Measured>,
    /// Their tool does not say which way is better.
    undirected: usize,
    /// They have a limit already.
    pub(super) limited: usize,
    /// The newest measured commit does not have them.
    old: usize,
    /// Their level is 0.
    zero: usize,
}

impl Found {
    pub(super) fn tell_what_is_left_out(&self) {
        let left_out =
            |n: usize| format!("{n} series {} left out", if n == 1 { "is" } else { "are" });
        if self.undirected > 0 {
            say(&format!(
                "{}: the tool does not say which way is better; write a limit with `direction`",
                left_out(self.undirected)
            ));
        }
        if self.old > 0 {
            say(&format!(
                "{}: not measured at the newest measured commit",
                left_out(self.old)
            ));
        }
        if self.zero > 0 {
            say(&format!(
                "{}: at a level of 0 no share can be given; write a `max`",
                left_out(self.zero)
            ));
        }
        if self.limited > 0 {
            let has = if self.limited == 1 { "has" } else { "have" };
            say(&format!("{} series {has} a limit already", self.limited));
        }
    }
}

fn is_limited(written: &[Budget], key: &SeriesKey, headlines: &Headlines) -> bool {
    let mut limits = written.iter().flat_map(|budget| &budget.limits);
    limits.any(|limit| limit.reads(key, headlines))
}

/// The headline series of the store, at the newest commit of each environment.
pub(super) fn stored(world: &World, written: &[Budget]) -> Result<Found> {
    let settings = load::settings(world)?;
    let loaded = Loaded::new(world, &settings)?;
    let git = world.repository()?;
    let order = load::order(world, git, &loaded.store, &git.head()?)?;
    let timeline = Timeline::new(order.commits);
    let placement = Placement::new(&loaded.runs, &timeline);
    let headlines = Headlines::new(loaded.series.iter().map(|row| &row.key));
    let columns =
        loaded.columns(|row| headlines.of(&row.key.benchmark) == Some(&row.key.metric))?;
    let arranged: Vec<Series> = loaded
        .series
        .iter()
        .zip(&columns)
        .map(|(row, columns)| placement.arrange(row.clone(), columns))
        .collect();
    // The newest measured commit of each environment: what it lacks is no longer measured.
    let mut latest: BTreeMap<&str, u32> = BTreeMap::new();
    for (row, series) in loaded.series.iter().zip(&arranged) {
        if let Some(point) = series.points.last() {
            let own = latest.entry(row.key.env.as_str()).or_default();
            *own = point.place.max(*own);
        }
    }
    let mut found = Found::default();
    for (row, series) in loaded.series.iter().zip(&arranged) {
        let Some(newest) = series.points.last() else {
            continue;
        };
        if is_limited(written, &row.key, &headlines) {
            found.limited += 1;
            continue;
        }
        if latest.get(row.key.env.as_str()) != Some(&newest.place) {
            found.old += 1;
            continue;
        }
        let Some(direction) = row.direction else {
            found.undirected += 1;
            continue;
        };
        let counter = matches!(row.unit, Unit::Count | Unit::Bytes);
        let newest = newest.value;
        let analysis = analyse(series);
        let base = Base::new(series, &series.points, &analysis, direction, counter);
        let Some(base) = base else {
            continue;
        };
        let level = base.value(base.level);
        let exact = base.noise.exact && base.points >= 5;
        if level == 0.0 && !exact {
            found.zero += 1;
            continue;
        }
        found.series.push(Measured {
            key: row.key.clone(),
            unit: row.unit.clone(),
            direction,
            level,
            newest,
            noise: base.effect(base.noise.sd).map_or(0.0, f64::abs),
            points: base.m,
            known: base.points,
            exact,
        });
    }
    Ok(found)
}

/// The headline series of result files, one point each; nothing is stored.
pub(super) fn given(world: &World, args: &Args, written: &[Budget]) -> Result<Found> {
    let label = load::environment(world, args.env.as_deref())?.label;
    let files = Record {
        paths: args.paths.clone(),
        ..Record::default()
    };
    let mut values: BTreeMap<SeriesKey, (plimsoll::model::Measurement, Vec<f64>)> = BTreeMap::new();
    for reading in record::look(world, &files)? {
        for measurement in reading.measurements {
            let key = SeriesKey {
                benchmark: measurement.benchmark.clone(),
                metric: measurement.metric.clone(),
                tags: measurement.tags.clone(),
                env: label.clone(),
            };
            let value = measurement.value;
            let own = values
                .entry(key)
                .or_insert_with(|| (measurement, Vec::new()));
            own.1.push(value);
        }
    }
    let headlines = Headlines::new(values.keys());
    let mut found = Found::default();
    for (key, (measurement, values)) in &values {
        if headlines.of(&key.benchmark) != Some(key.metric.as_str()) {
            continue;
        }
        if is_limited(written, key, &headlines) {
            found.limited += 1;
            continue;
        }
        let Some(direction) = measurement.direction else {
            found.undirected += 1;
            continue;
        };
        let Some(level) = plimsoll::stats::median(values).filter(|level| *level != 0.0) else {
            found.zero += 1;
            continue;
        };
        found.series.push(Measured {
            key: key.clone(),
            unit: measurement.unit.clone(),
            direction,
            level,
            newest: level,
            noise: 0.0,
            points: 1,
            known: 1,
            exact: false,
        });
    }
    Ok(found)
}
