//! Reading runs, series and points back.

use super::columns::{Builder, Columns};
use super::{Store, StoreError, samples, tile};
use crate::model::{
    Commit, CommitId, Direction, Environment, Failure, Measurement, Run, RunId, Samples, SeriesKey,
    Source, Spread, Tags, Unit,
};
use jiff::Timestamp;
use rusqlite::Row;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, mpsc};

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
            "SELECT s.id, b.name, m.name, m.unit, t.json, e.label, s.direction \
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
                    direction: direction_of(row.get(6)?),
                })
            },
        )
    }

    /// The points of the series with these rows, in the order asked for, in one pass over the
    /// blocks that hold them.
    ///
    /// # Errors
    /// Where the database cannot be read or a tile is damaged.
    pub fn columns(&self, series: &[i64]) -> Result<Vec<Columns>, StoreError> {
        let mut wanted: BTreeMap<i64, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, &id) in series.iter().enumerate() {
            let place = usize::try_from(id.rem_euclid(tile::SERIES)).unwrap_or(0);
            let block = wanted.entry(tile::block_of(id)).or_default();
            block.push((place, at));
        }
        let mut columns = vec![Columns::default(); series.len()];
        let spare = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = spare.min(wanted.len());
        if threads < 2 {
            let mut weaver = Weaver::default();
            for (block, places) in &wanted {
                let tiles = self.tiles(*block)?;
                for (at, own) in weaver.weave(&tiles, places).map_err(|run| self.torn(run))? {
                    columns[at] = own;
                }
            }
            return Ok(columns);
        }
        // This thread reads, the others unpack.
        let (send, receive) = mpsc::sync_channel::<(Vec<Tile>, &Vec<(usize, usize)>)>(1);
        let receive = Mutex::new(receive);
        let woven = Mutex::new((&mut columns, None));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut weaver = Weaver::default();
                    loop {
                        let next = receive.lock().map(|queue| queue.recv());
                        let Ok(Ok((tiles, places))) = next else {
                            return;
                        };
                        let own = weaver.weave(&tiles, places);
                        let Ok(mut woven) = woven.lock() else {
                            return;
                        };
                        match own {
                            Ok(own) => own.into_iter().for_each(|(at, own)| woven.0[at] = own),
                            Err(run) => woven.1 = Some(run),
                        }
                    }
                });
            }
            let read = || -> Result<(), StoreError> {
                for (block, places) in &wanted {
                    if send.send((self.tiles(*block)?, places)).is_err() {
                        break;
                    }
                }
                Ok(())
            };
            let done = read();
            drop(send);
            done
        })?;
        let damaged = woven.into_inner().map_or(None, |(_, damaged)| damaged);
        match damaged {
            Some(run) => Err(self.torn(run)),
            None => Ok(columns),
        }
    }

    /// The tiles of a block in order of run.
    fn tiles(&self, block: i64) -> Result<Vec<Tile>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Tile>> {
            let mut statement = self
                .connection
                .prepare_cached("SELECT run, data FROM tile WHERE block = ?1 ORDER BY run")?;
            let rows = statement.query_map([block], |row| {
                Ok(Tile {
                    run: row.get(0)?,
                    data: row.get(1)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|e| self.explain(&e))
    }

    fn torn(&self, run: i64) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            reason: format!("the measurements of run {run} cannot be read"),
        }
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
            .ok_or_else(|| self.unreadable(series, run))
    }

    /// The rows of runs whose raw samples were dropped on purpose.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn thinned(&self) -> Result<Vec<i64>, StoreError> {
        self.query("SELECT id FROM run WHERE thinned = 1 ORDER BY id", |row| {
            row.get(0)
        })
    }

    fn unreadable(&self, series: i64, run: i64) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            reason: format!("the samples of series {series} in run {run} cannot be read"),
        }
    }

    /// The raw samples of one series, by run row.
    ///
    /// # Errors
    /// Where the database cannot be read or a blob is damaged.
    pub fn samples_of(&self, series: i64) -> Result<BTreeMap<i64, Vec<f64>>, StoreError> {
        let blobs: Vec<(i64, Vec<u8>)> = self.read_all(
            "SELECT run, data FROM sample WHERE series = ?1",
            series,
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let unpacked = blobs.into_iter().map(|(run, blob)| {
            let samples = samples::unpack(&blob).ok_or_else(|| self.unreadable(series, run))?;
            Ok((run, samples.values))
        });
        unpacked.collect()
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
        let mut reader = tile::Reader::default();
        let mut cells: HashMap<i64, (f64, Option<Spread>, u64, u64)> = HashMap::new();
        let tiles = self.read_all(
            "SELECT block, data FROM tile WHERE run = ?1 ORDER BY block",
            run,
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )?;
        for (block, data) in tiles {
            reader.read(&data).ok_or_else(|| self.torn(run))?;
            for (at, place) in reader.places.iter().enumerate() {
                let series = block * tile::SERIES + place.cast_signed();
                let value = f64::from_bits(reader.values[at]);
                let cell = (value, reader.spread(at), reader.n[at], reader.origins[at]);
                cells.insert(series, cell);
            }
        }
        let mut samples: HashMap<i64, Vec<u8>> = self
            .read_all("SELECT series, data FROM sample WHERE run = ?1", run, |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?
            .into_iter()
            .collect();
        let origins: HashMap<u64, (String, String, i64)> = self
            .query("SELECT id, metric, unit, direction FROM origin", |row| {
                let id: i64 = row.get(0)?;
                Ok((id.cast_unsigned(), (row.get(1)?, row.get(2)?, row.get(3)?)))
            })?
            .into_iter()
            .collect();
        let named = self.read_all(
            "SELECT s.id, b.name, m.name, m.unit, t.json FROM series s \
             JOIN benchmark b ON b.id = s.benchmark JOIN metric m ON m.id = s.metric \
             JOIN tags t ON t.id = s.tags \
             WHERE s.environment = (SELECT environment FROM run WHERE id = ?1)",
            run,
            |row| {
                let id: i64 = row.get(0)?;
                let Some((value, spread, n, origin)) = cells.remove(&id) else {
                    return Ok(None);
                };
                let unit: String = row.get(3)?;
                let (source_metric, source_unit, direction) =
                    origins.get(&origin).cloned().ok_or_else(|| {
                        damaged(0, format!("the source of series {id} in run {run} is lost"))
                    })?;
                let samples = samples.remove(&id).map(|blob| {
                    samples::unpack(&blob).ok_or_else(|| {
                        let reason =
                            format!("the samples of series {id} in run {run} cannot be read");
                        damaged(0, reason)
                    })
                });
                Ok(Some(Measurement {
                    benchmark: row.get(1)?,
                    metric: row.get(2)?,
                    unit: Unit::from_canonical(&unit),
                    tags: json(row, 4)?,
                    value,
                    spread,
                    n,
                    source_metric,
                    source_unit,
                    direction: direction_of(direction),
                    samples: samples.transpose()?,
                }))
            },
        )?;
        if cells.is_empty() {
            Ok(named.into_iter().flatten().collect())
        } else {
            Err(self.torn(run))
        }
    }

    fn read_all<T>(
        &self,
        sql: &str,
        run: i64,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let all = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map([run], |row| read(row))?;
            rows.collect()
        };
        let mut all = all;
        all().map_err(|e| match e {
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

fn damaged(column: usize, reason: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
}

/// The measurements of a run in one block, packed.
struct Tile {
    run: i64,
    data: Vec<u8>,
}

/// Turns tiles, which lie run by run, into columns, which lie series by series.
#[derive(Default)]
struct Weaver {
    reader: tile::Reader,
    builders: Vec<Builder>,
}

impl Weaver {
    /// The columns of the series at these places of a block, each beside its number; as an error
    /// the run whose tile is damaged.
    fn weave(
        &mut self,
        tiles: &[Tile],
        places: &[(usize, usize)],
    ) -> Result<Vec<(usize, Columns)>, i64> {
        let mut builder_of = [usize::MAX; tile::SERIES as usize];
        for (builder, (place, _)) in places.iter().enumerate() {
            builder_of[*place] = builder;
        }
        if self.builders.len() < places.len() {
            self.builders.resize_with(places.len(), Builder::default);
        }
        for builder in &mut self.builders[..places.len()] {
            builder.reserve(tiles.len());
        }
        let all: Arc<[i64]> = tiles.iter().map(|own| own.run).collect();
        for (index, own) in tiles.iter().enumerate() {
            self.reader.read(&own.data).ok_or(own.run)?;
            for (at, place) in self.reader.places.iter().enumerate() {
                let builder = builder_of.get(*place as usize).copied();
                if let Some(builder) = builder.and_then(|at| self.builders.get_mut(at)) {
                    let value = f64::from_bits(self.reader.values[at]);
                    let (spread, n) = (self.reader.spread(at), self.reader.n[at]);
                    builder.push(&all, index, value, spread, n);
                }
            }
        }
        let builders = places.iter().zip(&mut self.builders);
        Ok(builders
            .map(|((_, at), builder)| (*at, builder.finish(&all)))
            .collect())
    }
}
