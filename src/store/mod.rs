//! The working store: every recorded run in one embedded SQLite file.
//!
//! The only user of rusqlite. A run is written whole or not at all, in one transaction; what was
//! recorded is never changed. The order of points is not kept here: it is git's, see `history`.
//!
//! Measurements lie in tiles (`tile.rs`): compact, checked, and the record itself, so that no copy
//! of them can grow stale. Whole-store reads go through [`Store::columns`].

mod cache;
mod columns;
mod health;
mod marks;
mod read;
mod samples;
mod schema;
mod tile;
mod write;

pub use cache::{Cache, CacheKey, KeyBuilder};
pub use columns::{Cell, Columns};
pub use health::{Health, Thinning};
pub use read::{RunRow, SeriesRow};
pub use write::{Appended, Arrival, NewRun};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a writer waits for another one before it gives up.
const BUSY: Duration = Duration::from_secs(60);

/// Why the store could not be used. Every sentence names the next step.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No database yet.
    #[error("no results recorded yet ({} does not exist): run `plimsoll record`", .0.display())]
    Absent(PathBuf),
    /// The folder of the database cannot be made.
    #[error("cannot create {}: {reason}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// Written by a newer plimsoll.
    #[error("{} was written by a newer plimsoll (schema {found}, this one knows up to {known}): upgrade plimsoll", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that this binary knows.
        known: i64,
    },
    /// Not a database, or a damaged one.
    #[error("{} is damaged or not a plimsoll database ({reason}); nothing was changed: `plimsoll doctor --db --rebuild-from remote` makes a new one from the data branch and keeps this one", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// Another process held the database too long.
    #[error("{} is locked by another process for more than {} s: try again when it has ended", .0.display(), BUSY.as_secs())]
    Locked(PathBuf),
    /// The disk is full.
    #[error("the disk that holds {} is full: nothing of this run was stored; free some space and record again", .0.display())]
    Full(PathBuf),
    /// The system does not read or write.
    #[error("{} could not be read or written ({reason}): a limit was reached, or the disk is full or failing. Nothing of this run was stored, what was recorded before is still there; free some space, then record again", path.display())]
    Io {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
    /// The file or file system cannot be written.
    #[error("{} cannot be written: check its permissions, or choose another place with --db", .0.display())]
    ReadOnly(PathBuf),
    /// A run that cannot be stored.
    #[error("a run cannot be stored: {0}")]
    BadRun(String),
    /// Anything else that SQLite says.
    #[error("{}: {reason}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

/// An open database.
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the database for writing, making it and its folder where they are absent and
    /// bringing an older schema up to date.
    ///
    /// # Errors
    /// Each kind of trouble in its own words; the file is left as it was.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|reason| StoreError::Folder {
                folder: folder.to_owned(),
                reason,
            })?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::open_with(path, flags)
    }

    /// Writes a copy of everything to a file that is not there yet.
    ///
    /// # Errors
    /// Where the file is there already or cannot be written.
    pub fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        self.connection
            .execute("VACUUM INTO ?1", [file.to_string_lossy()])
            .map(|_| ())
            .map_err(|e| explain(file, &e))
    }

    /// Opens an existing database for reading.
    ///
    /// # Errors
    /// [`StoreError::Absent`] where there is none; else as [`Store::open`].
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Absent(path.to_owned()));
        }
        // Read-write even for reading: a reader may have to recover the write-ahead log that a
        // killed writer left behind. Where nothing may be written, nobody writes: the file alone
        // is read as it is.
        let writable = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match Self::open_with(path, writable) {
            Err(StoreError::ReadOnly(_)) => Self::open_unwritable(path),
            other => other,
        }
    }

    fn open_unwritable(path: &Path) -> Result<Self, StoreError> {
        let at = |e: rusqlite::Error| explain(path, &e);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let escaped: String = absolute
            .to_string_lossy()
            .chars()
            .flat_map(|c| match c {
                '%' => vec!['%', '2', '5'],
                '?' => vec!['%', '3', 'f'],
                '#' => vec!['%', '2', '3'],
                c => vec![c],
            })
            .collect();
        let uri = format!("file:{escaped}?immutable=1");
        let mut connection = Connection::open_with_flags(uri, flags).map_err(at)?;
        schema::check(&mut connection, path)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    fn open_with(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let at = |e: rusqlite::Error| explain(path, &e);
        let mut connection = Connection::open_with_flags(path, flags).map_err(at)?;
        connection.busy_timeout(BUSY).map_err(at)?;
        schema::prepare(&mut connection, path)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// Where the database is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn explain(&self, error: &rusqlite::Error) -> StoreError {
        explain(&self.path, error)
    }
}

/// Puts what SQLite says into words with a next step.
fn explain(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked(path),
        Some(ErrorCode::DiskFull) => StoreError::Full(path),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::ReadOnly(path)
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged {
            path,
            reason: error.to_string(),
        },
        Some(ErrorCode::SystemIoFailure) => StoreError::Io {
            path,
            reason: error.to_string(),
        },
        _ => StoreError::Sqlite {
            path,
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
