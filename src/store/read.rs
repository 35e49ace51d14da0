//! Reading runs, series and points back.

use super::{Store, StoreError, samples};
use crate::model::{
    Commit, CommitId, Direction, Environment, Failure, Measurement, Run, RunId, Samples, SeriesKey,
    Source, Spread, Tags, Unit,
};
use jiff::Timestamp;
use rusqlite::{Row, params};
use std::collections::HashMap;

/// A run without its measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its row in the store.
    pub id: i64,
    /// Its digest.
    pub digest: RunId,
    /// The commit that was measured.
    pub commit: CommitId,
    /// Label and facts.
    pub environment: Environment,
    /// Its suite.
    pub suite: String,
    /// Its part of a build matrix.
    pub part: String,
    /// Measured with uncommitted changes.
    pub dirty: bool,
    /// Where its results came from.
    pub source: Source,
}

/// A series without its points.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRow {
    /// Its row in the store.
    pub id: i64,
    /// Its identity.
    pub key: SeriesKey,
    /// Unit of its values.
    pub unit: Unit,
    /// Which way is better, where a tool said so.
    pub direction: Option<Direction>,
}

/// The points of one series in order of run row, column by column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Run rows.
    pub runs: Vec<i64>,
    /// Values.
    pub values: Vec<f64>,
    /// Spreads, where known.
    pub spreads: Vec<Option<Spread>>,
    /// Sample counts.
    pub n: Vec<u64>,
}

impl Columns {
    fn push(&mut self, row: &Row<'_>, first: usize) -> rusqlite::Result<()> {
        self.runs.push(row.get(first)?);
        self.values.push(row.get(first + 1)?);
        self.spreads
            .push(spread_of(row.get(first + 2)?, row.get(first + 3)?));
        self.n.push(row.get::<_, i64>(first + 4)?.unsigned_abs());
        Ok(())
    }
}

fn spread_of(below: Option<u32>, above: Option<u32>) -> Option<Spread> {
    Some(Spread {
        below: below?,
        above: above?,
    })
}

impl Store {
    /// All runs in order of arrival.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.query(
            "SELECT r.id, r.digest, c.sha, e.label, f.json, r.suite, r.part, r.dirty, r.source \
             FROM run r JOIN commit_info c ON c.id = r.commit_id \
             JOIN environment e ON e.id = r.environment JOIN facts f ON f.id = r.facts ORDER BY r.id",
            |row| {
                Ok(RunRow {
                    id: row.get(0)?,
                    digest: RunId(row.get(1)?),
                    commit: commit_id(row, 2)?,
                    environment: Environment { label: row.get(3)?, facts: json(row, 4)? },
                    suite: row.get(5)?,
                    part: row.get(6)?,
                    dirty: row.get(7)?,
                    source: json(row, 8)?,
                })
            },
        )
    }

    /// All series in order of first arrival. The direction is the newest that a tool gave.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn series(&self) -> Result<Vec<SeriesRow>, StoreError> {
        self.query(
            "SELECT s.id, b.name, m.name, m.unit, t.json, e.label, \
               (SELECT o.direction FROM point p JOIN origin o ON o.id = p.origin \
                WHERE p.series = s.id ORDER BY p.run DESC LIMIT 1) \
             FROM series s JOIN benchmark b ON b.id = s.benchmark JOIN metric m ON m.id = s.metric \
             JOIN tags t ON t.id = s.tags JOIN environment e ON e.id = s.environment ORDER BY s.id",
            |row| {
                let unit: String = row.get(3)?;
                let tags: Tags = json(row, 4)?;
                Ok(SeriesRow {
                    id: row.get(0)?,
                    key: SeriesKey {
                        benchmark: row.get(1)?,
                        metric: row.get(2)?,
                        tags,
                        env: row.get(5)?,
                    },
                    unit: Unit::from_canonical(&unit),
                    direction: direction_of(row.get::<_, Option<i64>>(6)?.unwrap_or(0)),
                })
            },
        )
    }

    /// The points of the series with these rows, in the order asked for, in one ordered scan.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn columns(&self, series: &[i64]) -> Result<Vec<Columns>, StoreError> {
        let place: HashMap<i64, usize> =
            series.iter().enumerate().map(|(i, &id)| (id, i)).collect();
        let mut columns = vec![Columns::default(); series.len()];
        let (Some(&low), Some(&high)) = (series.iter().min(), series.iter().max()) else {
            return Ok(columns);
        };
        let spanned = usize::try_from(high - low).unwrap_or(usize::MAX);
        let dense = spanned < series.len().saturating_mul(4);
        let scan = || -> rusqlite::Result<()> {
            if dense {
                let mut all = self.connection.prepare_cached(
                    "SELECT series, run, value, below, above, n FROM point \
                     WHERE series BETWEEN ?1 AND ?2 ORDER BY series, run",
                )?;
                let mut rows = all.query(params![low, high])?;
                let mut current = (i64::MIN, None);
                while let Some(row) = rows.next()? {
                    let id: i64 = row.get(0)?;
                    if id != current.0 {
                        current = (id, place.get(&id).copied());
                    }
                    if let Some(at) = current.1 {
                        columns[at].push(row, 1)?;
                    }
                }
            } else {
                let mut one = self.connection.prepare_cached(
                    "SELECT run, value, below, above, n FROM point WHERE series = ?1 ORDER BY run",
                )?;
                for (column, id) in columns.iter_mut().zip(series) {
                    let mut rows = one.query([id])?;
                    while let Some(row) = rows.next()? {
                        column.push(row, 0)?;
                    }
                }
            }
            Ok(())
        };
        let mut scan = scan;
        scan().map_err(|e| self.explain(&e))?;
        Ok(columns)
    }

    /// What is known of the commits that runs belong to.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn commits(&self) -> Result<Vec<Commit>, StoreError> {
        self.query(
            "SELECT sha, parents, author, subject, time FROM commit_info WHERE parents IS NOT NULL",
            |row| {
                let parents: String = row.get(1)?;
                let parents = parents
                    .split_whitespace()
                    .map(CommitId::new)
                    .collect::<Result<_, _>>();
                let time = Timestamp::from_second(row.get(4)?);
                Ok(Commit {
                    id: commit_id(row, 0)?,
                    parents: parents.map_err(|e| damaged(1, e))?,
                    author: row.get(2)?,
                    subject: row.get(3)?,
                    time: time.map_err(|e| damaged(4, e.to_string()))?,
                })
            },
        )
    }

    /// Benchmarks that gave no result, by run row.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn failures(&self) -> Result<HashMap<i64, Vec<Failure>>, StoreError> {
        let rows = self.query(
            "SELECT b.name, f.reason, t.json, f.run FROM failure f JOIN benchmark b ON b.id = f.benchmark \
             LEFT JOIN tags t ON t.id = f.tags ORDER BY f.run, b.name, f.reason, t.json",
            |row| Ok((row.get(3)?, failure(row)?)),
        )?;
        let mut failures: HashMap<i64, Vec<Failure>> = HashMap::new();
        for (run, failure) in rows {
            failures.entry(run).or_default().push(failure);
        }
        Ok(failures)
    }

    /// The raw samples of one measurement, where there are any.
    ///
    /// # Errors
    /// Where the database cannot be read or the blob is damaged.
    pub fn samples(&self, series: i64, run: i64) -> Result<Option<Samples>, StoreError> {
        let blobs: Vec<Vec<u8>> = {
            let mut found = self
                .connection
                .prepare_cached("SELECT data FROM sample WHERE series = ?1 AND run = ?2")
                .map_err(|e| self.explain(&e))?;
            let rows = found.query_map([series, run], |row| row.get(0));
            rows.and_then(Iterator::collect)
                .map_err(|e| self.explain(&e))?
        };
        let Some(blob) = blobs.first() else {
            return Ok(None);
        };
        samples::unpack(blob)
            .map(Some)
            .ok_or_else(|| StoreError::Damaged {
                path: self.path.clone(),
                reason: format!("the samples of series {series} in run {run} cannot be read"),
            })
    }

    /// A run as it was recorded: with the same digest, unless it was thinned.
    ///
    /// # Errors
    /// Where the database cannot be read or a blob is damaged.
    pub fn run(&self, row: &RunRow) -> Result<Run, StoreError> {
        let mut measurements = self.measurements(row.id)?;
        measurements.sort_by(|a, b| {
            (&a.benchmark, &a.metric, &a.tags).cmp(&(&b.benchmark, &b.metric, &b.tags))
        });
        Ok(Run {
            schema: 1,
            commit: row.commit.clone(),
            environment: row.environment.clone(),
            suite: row.suite.clone(),
            part: row.part.clone(),
            dirty: row.dirty,
            source: row.source.clone(),
            measurements,
            failures: self.failures_of(row.id)?,
        })
    }

    /// The digests of all runs, and whether each was thinned, in order of arrival.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn digests(&self) -> Result<Vec<(RunId, bool)>, StoreError> {
        self.query("SELECT digest, thinned FROM run ORDER BY id", |row| {
            Ok((RunId(row.get(0)?), row.get(1)?))
        })
    }

    fn failures_of(&self, run: i64) -> Result<Vec<Failure>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Failure>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT b.name, f.reason, t.json FROM failure f JOIN benchmark b ON b.id = f.benchmark \
                 LEFT JOIN tags t ON t.id = f.tags \
                 WHERE f.run = ?1 ORDER BY b.name, f.reason, t.json",
            )?;
            let rows = statement.query_map([run], failure)?;
            rows.collect()
        };
        read().map_err(|e| self.explain(&e))
    }

    fn measurements(&self, run: i64) -> Result<Vec<Measurement>, StoreError> {
        // The points are found series by series: (series, run) is the key of both tables.
        let sql = "SELECT s.id, b.name, m.name, m.unit, t.json, p.value, p.below, p.above, p.n, \
               o.metric, o.unit, o.direction, a.data \
             FROM series s CROSS JOIN point p ON p.series = s.id AND p.run = ?1 \
             JOIN benchmark b ON b.id = s.benchmark JOIN metric m ON m.id = s.metric \
             JOIN tags t ON t.id = s.tags JOIN origin o ON o.id = p.origin \
             LEFT JOIN sample a ON a.series = s.id AND a.run = ?1 \
             WHERE s.environment = (SELECT environment FROM run WHERE id = ?1)";
        let read = || -> rusqlite::Result<Vec<Measurement>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map([run], |r| {
                let unit: String = r.get(3)?;
                let samples = match r.get_ref(12)?.as_blob_or_null()? {
                    None => None,
                    Some(blob) => {
                        let damage = || damaged_samples(r, run);
                        Some(samples::unpack(blob).ok_or_else(damage)?)
                    }
                };
                Ok(Measurement {
                    benchmark: r.get(1)?,
                    metric: r.get(2)?,
                    unit: Unit::from_canonical(&unit),
                    tags: json(r, 4)?,
                    value: r.get(5)?,
                    spread: spread_of(r.get(6)?, r.get(7)?),
                    n: r.get::<_, i64>(8)?.unsigned_abs(),
                    source_metric: r.get(9)?,
                    source_unit: r.get(10)?,
                    direction: direction_of(r.get(11)?),
                    samples,
                })
            })?;
            rows.collect()
        };
        read().map_err(|e| match e {
            rusqlite::Error::FromSqlConversionFailure(_, _, reason) => StoreError::Damaged {
                path: self.path.clone(),
                reason: reason.to_string(),
            },
            other => self.explain(&other),
        })
    }

    fn query<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([], read)?.collect())
            .map_err(|e| self.explain(&e))
    }
}

fn direction_of(sign: i64) -> Option<Direction> {
    match sign {
        1 => Some(Direction::Higher),
        -1 => Some(Direction::Lower),
        _ => None,
    }
}

fn commit_id(row: &Row<'_>, column: usize) -> rusqlite::Result<CommitId> {
    CommitId::new(row.get::<_, String>(column)?).map_err(|e| damaged(column, e))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|e| damaged(column, e.to_string()))
}

/// Columns: benchmark, reason, tags or NULL.
fn failure(row: &Row<'_>) -> rusqlite::Result<Failure> {
    let tagged = row.get_ref(2)? != rusqlite::types::ValueRef::Null;
    Ok(Failure {
        benchmark: row.get(0)?,
        reason: row.get(1)?,
        tags: if tagged { json(row, 2)? } else { Tags::new() },
    })
}

fn damaged_samples(row: &Row<'_>, run: i64) -> rusqlite::Error {
    let series: i64 = row.get(0).unwrap_or(0);
    damaged(
        12,
        format!("the samples of series {series} in run {run} cannot be read"),
    )
}

fn damaged(column: usize, reason: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
}
