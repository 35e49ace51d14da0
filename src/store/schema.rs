//! The tables, as an append-only list of migrations.

mod lift;

use super::{StoreError, explain};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Each entry lifts the schema by one version. Entries are never changed, only added.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration::sql(include_str!("schema/001.sql")),
    Migration::sql(include_str!("schema/002.sql")),
    Migration::sql(include_str!("schema/003.sql")),
    Migration {
        sql: include_str!("schema/004.sql"),
        then: Some(lift::points_to_tiles),
    },
];

/// One step up.
pub(super) struct Migration {
    pub(super) sql: &'static str,
    /// What SQL alone cannot do.
    then: Option<fn(&Connection) -> rusqlite::Result<()>>,
}

impl Migration {
    const fn sql(sql: &'static str) -> Self {
        Self { sql, then: None }
    }
}

/// Sets the connection up and lifts an older schema.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let at = |e: rusqlite::Error| explain(path, &e);
    let found = version(connection).map_err(at)?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; \
             PRAGMA temp_store = MEMORY;",
        )
        .map_err(at)?;
    if found < known {
        if found == 0 && holds_foreign_tables(connection).map_err(at)? {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                reason: "it holds tables of another program".to_owned(),
            });
        }
        migrate(connection).map_err(at)?;
        if found > 0 {
            // Without room for a copy the file keeps its size and uses the space for what comes.
            let _ = connection.execute_batch("VACUUM");
        }
    }
    prefer_write_ahead_log(connection);
    Ok(())
}

/// Switches to the write-ahead log, with which readers do not wait for writers. SQLite refuses the
/// switch at once while another process has the file open at this moment; the rollback journal is
/// as safe, so the next opener tries again.
fn prefer_write_ahead_log(connection: &Connection) {
    let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
    if mode.is_ok_and(|mode| mode != "wal") {
        let _ = connection.pragma_update(None, "journal_mode", "WAL");
    }
}

/// Tables without a schema version: not ours. One read transaction, so that a process which
/// migrates at this moment is seen before or after, never in between.
fn holds_foreign_tables(connection: &mut Connection) -> rusqlite::Result<bool> {
    let snapshot = connection.transaction()?;
    let tables: i64 =
        snapshot.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    Ok(tables > 0 && version(&snapshot)? == 0)
}

/// Runs the migrations that are missing, in one exclusive transaction. A second process that
/// waited for the first finds nothing left to do.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let done = version(&transaction)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        transaction.execute_batch(migration.sql)?;
        if let Some(then) = migration.then {
            then(&transaction)?;
        }
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()
}

/// Makes sure that a database which cannot be written is of the schema that is read here.
pub(super) fn check(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection).map_err(|e| explain(path, &e))?;
    let known = MIGRATIONS.len() as i64;
    match found.cmp(&known) {
        std::cmp::Ordering::Greater => Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
        std::cmp::Ordering::Less => Err(StoreError::ReadOnly(path.to_owned())),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
