//! The tables, as an append-only list of migrations.

use super::{StoreError, explain};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Each entry lifts the schema by one version. Entries are never changed, only added.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("schema/001.sql")];

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
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536; \
             PRAGMA temp_store = MEMORY;",
        )
        .map_err(at)?;
    if found == known {
        return Ok(());
    }
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(at)?;
    if found == 0 && tables > 0 {
        let reason = "it holds tables of another program".to_owned();
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            reason,
        });
    }
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(at)?;
    migrate(connection).map_err(at)
}

/// Runs the migrations that are missing, in one exclusive transaction. A second process that
/// waited for the first finds nothing left to do.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let done = version(&transaction)?;
    for sql in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    transaction.commit()
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
