//! Whether the database is whole, and making it smaller without losing a value.

use super::{Store, StoreError};
use jiff::Timestamp;
use rusqlite::{TransactionBehavior, params};
use std::collections::HashSet;

/// What an examination of the database found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Runs in it.
    pub runs: usize,
    /// Of those, how many lost their raw samples on purpose.
    pub thinned: usize,
    /// What is wrong, a sentence fragment each; empty where it is whole.
    pub faults: Vec<String>,
}

/// What `prune` takes, or would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Thinning {
    /// Runs whose raw samples go.
    pub runs: usize,
    /// Of those, runs that were never seen on a data branch: their samples are nowhere else.
    pub only_here: usize,
    /// Measurements whose raw samples go; the measurements stay.
    pub measurements: usize,
    /// Size of the samples, in bytes.
    pub bytes: u64,
}

/// The runs of commits before a moment (?1, seconds since 1970) that have raw samples. A commit of
/// unknown time is as old as its recording.
const OLD: &str = "SELECT r.id FROM run r JOIN commit_info c ON c.id = r.commit_id \
    WHERE COALESCE(c.time, r.recorded) < ?1";

impl Store {
    /// Examines every page, every reference between tables, and the digest of every run.
    ///
    /// # Errors
    /// Where not even the list of runs can be read.
    pub fn health(&self) -> Result<Health, StoreError> {
        let mut health = Health::default();
        let mut collect = |sql: &str, what: &str| -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let text: String = row.get(0)?;
                if text != "ok" {
                    health.faults.push(format!("{what}: {text}"));
                }
            }
            Ok(())
        };
        let examined = collect("PRAGMA integrity_check(20)", "integrity").and_then(|()| {
            collect(
                "PRAGMA foreign_key_check",
                "a row that is missing, wanted by",
            )
        });
        if let Err(e) = examined {
            health.faults.push(self.explain(&e).to_string());
        }
        let thinned: HashSet<_> = self
            .digests()?
            .into_iter()
            .filter_map(|(digest, thinned)| thinned.then_some(digest))
            .collect();
        health.thinned = thinned.len();
        for row in self.runs()? {
            health.runs += 1;
            match self.run(&row) {
                Ok(run) => {
                    if !thinned.contains(&row.digest) && run.id().ok() != Some(row.digest) {
                        health.faults.push(format!(
                            "run {} of {} has another content than was recorded",
                            row.digest,
                            row.commit.short()
                        ));
                    }
                }
                Err(e) => health
                    .faults
                    .push(format!("run {} cannot be read: {e}", row.digest)),
            }
        }
        Ok(health)
    }

    /// What [`Store::prune`] would take from the runs of commits before `before`.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn prunable(&self, before: Timestamp) -> Result<Thinning, StoreError> {
        let read = || -> rusqlite::Result<Thinning> {
            let mut found = Thinning::default();
            let seen: HashSet<i64> = self
                .connection
                .prepare("SELECT DISTINCT digest FROM synced")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let sql = format!(
                "SELECT r.digest, count(*), sum(length(s.data)) FROM sample s JOIN run r ON r.id = s.run \
                 WHERE s.run IN ({OLD}) GROUP BY s.run"
            );
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([before.as_second()])?;
            while let Some(row) = rows.next()? {
                let digest = crate::model::RunId(row.get(0)?);
                found.runs += 1;
                if !seen.contains(&digest.short().cast_signed()) {
                    found.only_here += 1;
                }
                let measurements: i64 = row.get(1)?;
                found.measurements += usize::try_from(measurements).unwrap_or(0);
                found.bytes += row.get::<_, i64>(2)?.unsigned_abs();
            }
            Ok(found)
        };
        read().map_err(|e| self.explain(&e))
    }

    /// Drops the raw samples of runs of commits before `before`, and gives the space back. Values,
    /// spreads and sample counts stay, and so does the digest: a thinned run is still that run.
    ///
    /// # Errors
    /// Where the database cannot be written; then nothing was dropped.
    pub fn prune(&mut self, before: Timestamp) -> Result<Thinning, StoreError> {
        let found = self.prunable(before)?;
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let limit = params![before.as_second()];
            transaction.execute(
                &format!(
                    "UPDATE run SET thinned = 1 WHERE id IN ({OLD}) \
                     AND id IN (SELECT DISTINCT run FROM sample)"
                ),
                limit,
            )?;
            transaction.execute(&format!("DELETE FROM sample WHERE run IN ({OLD})"), limit)?;
            transaction.commit()
        };
        write().map_err(|e| super::explain(&path, &e))?;
        // Without room for a copy the file keeps its size and uses the space for what comes.
        let _ = self.connection.execute_batch("VACUUM");
        Ok(found)
    }
}
