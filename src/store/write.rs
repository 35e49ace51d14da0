//! Appending runs.

use super::samples::Packer;
use super::tile::{self, Cell};
use super::{Store, StoreError};
use crate::model::{Commit, CommitId, Direction, Measurement, Run, RunId, Samples, Tags, Unit};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql, TransactionBehavior, params};
use std::collections::HashMap;

/// A run on its way into the store.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// The run.
    pub run: &'a Run,
    /// What is known of its commit; `None` for a commit that this repository does not have.
    pub commit: Option<&'a Commit>,
}

/// What became of the runs of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Runs that are new.
    pub stored: usize,
    /// Runs that the store already had, digest by digest.
    pub already: usize,
}

/// A run that comes from a run file, and may have lost its raw samples on purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival<'a> {
    /// The run.
    pub run: &'a Run,
    /// The digest of the whole run.
    pub digest: RunId,
    /// Its raw samples were dropped by `plimsoll prune`: `run` no longer has this digest.
    pub thinned: bool,
    /// What is known of its commit.
    pub commit: Option<&'a Commit>,
}

/// How many runs that arrive together share a transaction: each transaction waits for the disk.
const BATCH: usize = 256;

impl Store {
    /// Appends runs, each whole in a transaction of its own. A run that is there already changes
    /// nothing.
    ///
    /// # Errors
    /// Where the database cannot be written; runs appended before the failing one stay.
    pub fn append(&mut self, runs: &[NewRun<'_>], now: Timestamp) -> Result<Appended, StoreError> {
        let mut appended = Appended::default();
        for new in runs {
            let digest = new
                .run
                .id()
                .map_err(|e| StoreError::BadRun(e.to_string()))?;
            let arrival = Arrival {
                run: new.run,
                digest,
                thinned: false,
                commit: new.commit,
            };
            appended = appended + self.append_batch(&[arrival], now)?;
        }
        Ok(appended)
    }

    /// Appends many runs, some hundred in one transaction. A run that is there already changes
    /// nothing but what is known of its commit.
    ///
    /// # Errors
    /// Where the database cannot be written; batches appended before the failing one stay.
    pub fn append_arrivals(
        &mut self,
        runs: &[Arrival<'_>],
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        let mut appended = Appended::default();
        for batch in runs.chunks(BATCH) {
            appended = appended + self.append_batch(batch, now)?;
        }
        Ok(appended)
    }

    fn append_batch(
        &mut self,
        batch: &[Arrival<'_>],
        now: Timestamp,
    ) -> Result<Appended, StoreError> {
        for arrival in batch {
            check_sound(arrival.run)?;
        }
        let path = self.path.clone();
        let at = |e: rusqlite::Error| super::explain(&path, &e);
        let packer = Packer::new().map_err(|e| StoreError::BadRun(e.to_string()))?;
        let tiles = tile::Packer::new().map_err(|e| StoreError::BadRun(e.to_string()))?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(at)?;
        let mut writer = Writer {
            sql: &transaction,
            packer,
            tiles,
            known: HashMap::new(),
            metrics: HashMap::new(),
            tags: HashMap::new(),
        };
        let mut appended = Appended::default();
        for arrival in batch {
            let new = writer.append(arrival, now).map_err(|e| match e {
                WriteError::Sqlite(e) => at(e),
                WriteError::Other(reason) => StoreError::BadRun(reason),
            })?;
            if new {
                appended.stored += 1;
            } else {
                appended.already += 1;
            }
        }
        drop(writer);
        transaction.commit().map_err(at)?;
        Ok(appended)
    }
}

impl std::ops::Add for Appended {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            stored: self.stored + other.stored,
            already: self.already + other.already,
        }
    }
}

/// What the tables cannot hold is refused before anything is written.
fn check_sound(run: &Run) -> Result<(), StoreError> {
    let finite = |m: &Measurement| {
        m.value.is_finite()
            && m.samples.as_ref().is_none_or(|s| {
                let iterations = s.iterations.as_deref().unwrap_or_default();
                s.values.iter().chain(iterations).all(|v| v.is_finite())
            })
    };
    let paired = |m: &Measurement| {
        let pair = |s: &Samples| s.iterations.as_ref().map(|i| (i.len(), s.values.len()));
        m.samples
            .as_ref()
            .and_then(pair)
            .is_none_or(|(iterations, values)| iterations == values)
    };
    for m in &run.measurements {
        let fault = if !finite(m) {
            "holds a number that is not finite"
        } else if !paired(m) {
            "has not as many iteration counts as samples"
        } else if i64::try_from(m.n).is_err() {
            "has more samples than can be counted"
        } else {
            continue;
        };
        return Err(StoreError::BadRun(format!(
            "{} of `{}` {fault}",
            m.metric, m.benchmark
        )));
    }
    if run.schema == 1 {
        Ok(())
    } else {
        Err(StoreError::BadRun(format!(
            "its form {} is not known here: upgrade plimsoll",
            run.schema
        )))
    }
}

pub(super) enum WriteError {
    Sqlite(rusqlite::Error),
    Other(String),
}

impl From<rusqlite::Error> for WriteError {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(e: serde_json::Error) -> Self {
        Self::Other(e.to_string())
    }
}

impl From<std::io::Error> for WriteError {
    fn from(e: std::io::Error) -> Self {
        Self::Other(e.to_string())
    }
}

/// A run of so many measurements names series faster when all of them are read at once.
const MANY: usize = 64;

/// A series that was there before.
struct Known {
    id: i64,
    metric: i64,
    tags: i64,
    environment: i64,
    direction: i64,
}

/// Writes the cells of a run, series ascending, block by block.
pub(super) fn write_tiles(
    sql: &Connection,
    packer: &mut tile::Packer,
    run: i64,
    cells: &[Cell],
) -> Result<(), WriteError> {
    let mut insert =
        sql.prepare_cached("INSERT INTO tile (run, block, data) VALUES (?1, ?2, ?3)")?;
    for own in cells.chunk_by(|a, b| tile::block_of(a.series) == tile::block_of(b.series)) {
        let block = tile::block_of(own[0].series);
        insert.execute(params![run, block, packer.pack(own)?])?;
    }
    Ok(())
}

fn sign_of(direction: Option<Direction>) -> i64 {
    match direction {
        Some(Direction::Higher) => 1,
        Some(Direction::Lower) => -1,
        None => 0,
    }
}

struct Writer<'a> {
    sql: &'a Connection,
    packer: Packer,
    tiles: tile::Packer,
    /// The series of the environment that was written last, where all were read at once.
    known: HashMap<String, Vec<Known>>,
    /// Ids of the metrics and tag sets that this transaction has named so far.
    metrics: HashMap<(String, Unit), i64>,
    tags: HashMap<Tags, i64>,
}

impl Writer<'_> {
    /// Whether the run is new.
    fn append(&mut self, new: &Arrival<'_>, now: Timestamp) -> Result<bool, WriteError> {
        let known = self
            .sql
            .prepare_cached("SELECT 1 FROM run WHERE digest = ?1")?
            .exists([&new.digest.0])?;
        if known {
            self.commit(&new.run.commit, new.commit)?;
        } else {
            self.write(new, now)?;
        }
        Ok(!known)
    }

    fn write(&mut self, new: &Arrival<'_>, now: Timestamp) -> Result<(), WriteError> {
        let run = new.run;
        let environment = self.entry("environment", "label", &run.environment.label)?;
        let facts = serde_json::to_string(&run.environment.facts)?;
        self.sql
            .prepare_cached(
                "INSERT INTO run (digest, commit_id, environment, facts, suite, part, dirty, source, recorded, thinned) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                new.digest.0,
                self.commit(&run.commit, new.commit)?,
                environment,
                self.entry("facts", "json", &facts)?,
                run.suite,
                run.part,
                run.dirty,
                serde_json::to_string(&run.source)?,
                now.as_second(),
                new.thinned,
            ])?;
        let id = self.sql.last_insert_rowid();
        self.failures(run, id)?;
        self.points(run, id, environment)
    }

    fn failures(&mut self, run: &Run, id: i64) -> Result<(), WriteError> {
        for failure in &run.failures {
            let benchmark = self.entry("benchmark", "name", &failure.benchmark)?;
            let tags = if failure.tags.is_empty() {
                None
            } else {
                Some(self.tag_set(&failure.tags)?)
            };
            self.sql
                .prepare_cached(
                    "INSERT INTO failure (run, benchmark, reason, tags) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![id, benchmark, failure.reason, tags])?;
        }
        Ok(())
    }

    fn points(&mut self, run: &Run, id: i64, environment: i64) -> Result<(), WriteError> {
        if run.measurements.len() >= MANY {
            self.know_series(environment)?;
        }
        let mut rows = Vec::with_capacity(run.measurements.len());
        let mut origins = HashMap::new();
        for m in &run.measurements {
            let key = (
                m.source_metric.as_str(),
                m.source_unit.as_str(),
                m.direction,
            );
            let origin = match origins.get(&key) {
                Some(&origin) => origin,
                None => *origins.entry(key).or_insert(self.origin(m)?),
            };
            let cell = Cell {
                series: self.series(m, environment)?,
                // A value of −0 is 0 in the canonical form, too.
                value: m.value + 0.0,
                spread: m.spread,
                n: m.n,
                origin: origin.unsigned_abs(),
            };
            rows.push((cell, m));
        }
        rows.sort_by_key(|(cell, _)| cell.series);
        if let Some(twice) = rows
            .windows(2)
            .find(|pair| pair[0].0.series == pair[1].0.series)
        {
            let m = twice[0].1;
            let reason = format!("`{}` {} occurs twice", m.benchmark, m.metric);
            return Err(WriteError::Other(reason));
        }
        let cells: Vec<Cell> = rows.iter().map(|(cell, _)| *cell).collect();
        write_tiles(self.sql, &mut self.tiles, id, &cells)?;
        let mut sample = self
            .sql
            .prepare_cached("INSERT INTO sample (run, series, data) VALUES (?1, ?2, ?3)")?;
        for (cell, m) in rows {
            if let Some(samples) = &m.samples {
                sample.execute(params![id, cell.series, self.packer.pack(samples)?])?;
            }
        }
        Ok(())
    }

    /// The id of the commit, made or completed where this repository knows more of it now.
    fn commit(&self, id: &CommitId, known: Option<&Commit>) -> Result<i64, WriteError> {
        let id = self.entry("commit_info", "sha", id.as_str())?;
        if let Some(commit) = known {
            let parents = commit
                .parents
                .iter()
                .map(|p| p.as_str())
                .collect::<Vec<_>>()
                .join(" ");
            self.sql
                .prepare_cached(
                    "UPDATE commit_info SET parents = ?2, author = ?3, subject = ?4, time = ?5 \
                     WHERE id = ?1 AND parents IS NULL",
                )?
                .execute(params![
                    id,
                    parents,
                    commit.author,
                    commit.subject,
                    commit.time.as_second()
                ])?;
        }
        Ok(id)
    }

    /// The row of a series, made where it is new; its direction becomes that of the newest run.
    fn series(&mut self, m: &Measurement, environment: i64) -> Result<i64, WriteError> {
        let (metric, tags) = (self.metric(m)?, self.tag_set(&m.tags)?);
        let known = self.known.get(&m.benchmark).and_then(|own| {
            own.iter()
                .find(|own| (own.metric, own.tags, own.environment) == (metric, tags, environment))
        });
        let (id, was) = match known {
            Some(own) => (own.id, own.direction),
            None => {
                let benchmark = self.intern(
                    "SELECT id FROM benchmark WHERE name = ?1",
                    "INSERT INTO benchmark (name) VALUES (?1)",
                    &[&m.benchmark],
                )?;
                let found = self
                    .sql
                    .prepare_cached(
                        "SELECT id, direction FROM series \
                         WHERE benchmark = ?1 AND metric = ?2 AND tags = ?3 AND environment = ?4",
                    )?
                    .query_row([benchmark, metric, tags, environment], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()?;
                match found {
                    Some(found) => found,
                    None => {
                        let id = self
                            .sql
                            .prepare_cached(
                                "INSERT INTO series (benchmark, metric, tags, environment) \
                                 VALUES (?1, ?2, ?3, ?4)",
                            )?
                            .insert([benchmark, metric, tags, environment])?;
                        (id, 0)
                    }
                }
            }
        };
        let direction = sign_of(m.direction);
        if direction != was {
            self.sql
                .prepare_cached("UPDATE series SET direction = ?2 WHERE id = ?1")?
                .execute([id, direction])?;
        }
        Ok(id)
    }

    /// Reads all series of an environment at once: a large run names most of them.
    fn know_series(&mut self, environment: i64) -> rusqlite::Result<()> {
        let mut statement = self.sql.prepare_cached(
            "SELECT b.name, s.id, s.metric, s.tags, s.direction FROM series s \
             JOIN benchmark b ON b.id = s.benchmark WHERE s.environment = ?1",
        )?;
        let mut rows = statement.query([environment])?;
        self.known.clear();
        while let Some(row) = rows.next()? {
            let own = Known {
                id: row.get(1)?,
                metric: row.get(2)?,
                tags: row.get(3)?,
                environment,
                direction: row.get(4)?,
            };
            self.known.entry(row.get(0)?).or_default().push(own);
        }
        Ok(())
    }

    fn metric(&mut self, m: &Measurement) -> Result<i64, WriteError> {
        let key = (m.metric.clone(), m.unit.clone());
        if let Some(id) = self.metrics.get(&key) {
            return Ok(*id);
        }
        let id = self.intern(
            "SELECT id FROM metric WHERE name = ?1 AND unit = ?2",
            "INSERT INTO metric (name, unit) VALUES (?1, ?2)",
            &[&m.metric, &m.unit.as_str()],
        )?;
        self.metrics.insert(key, id);
        Ok(id)
    }

    fn tag_set(&mut self, tags: &Tags) -> Result<i64, WriteError> {
        if let Some(id) = self.tags.get(tags) {
            return Ok(*id);
        }
        let id = self.entry("tags", "json", &serde_json::to_string(tags)?)?;
        self.tags.insert(tags.clone(), id);
        Ok(id)
    }

    fn origin(&self, m: &Measurement) -> Result<i64, WriteError> {
        let direction = sign_of(m.direction);
        Ok(self.intern(
            "SELECT id FROM origin WHERE metric = ?1 AND unit = ?2 AND direction = ?3",
            "INSERT INTO origin (metric, unit, direction) VALUES (?1, ?2, ?3)",
            &[&m.source_metric, &m.source_unit, &direction],
        )?)
    }

    /// The id of a one-column dictionary's entry. Table and column are names of this file.
    fn entry(&self, table: &str, column: &str, value: &str) -> Result<i64, WriteError> {
        Ok(self.intern(
            &format!("SELECT id FROM {table} WHERE {column} = ?1"),
            &format!("INSERT INTO {table} ({column}) VALUES (?1)"),
            &[&value],
        )?)
    }

    fn intern(&self, find: &str, insert: &str, values: &[&dyn ToSql]) -> rusqlite::Result<i64> {
        let found = self
            .sql
            .prepare_cached(find)?
            .query_row(values, |row| row.get(0))
            .optional()?;
        match found {
            Some(id) => Ok(id),
            None => self.sql.prepare_cached(insert)?.insert(values),
        }
    }
}
