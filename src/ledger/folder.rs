//! Run files in a folder: a history to carry by hand, keep as an artifact, or rebuild from.

use super::file::{self, FileError, RunFile, WriteError};
use super::pack;
use crate::model::{Commit, CommitId};
use crate::store::{Appended, Store, StoreError};
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Why a folder of run files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or folder cannot be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// A run cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not a folder of run files.
    #[error(
        "{} holds no run files (runs/v1/<month>/<commit>-<digest>.json): name the folder that `plimsoll export --runs` wrote, or a checkout of the data branch",
        .0.display()
    )]
    Empty(PathBuf),
}

/// A file that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path, and its line in a pack.
    pub name: String,
    /// What is wrong with it.
    pub reason: FileError,
}

/// What `export` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Files that are new.
    pub written: usize,
    /// Files that were there.
    pub already: usize,
    /// Raw samples were left out, so that the files fit.
    pub thinned: bool,
}

/// What `import` did.
#[derive(Debug, Default)]
pub struct Imported {
    /// Runs that are new to the store, and runs it had.
    pub runs: Appended,
    /// Files that could not be used.
    pub skipped: Vec<Skipped>,
}

/// Everything the store knows of its runs, as run files, one by one in order of arrival.
///
/// # Errors
/// Where the database cannot be read.
pub fn run_files(
    store: &Store,
) -> Result<impl Iterator<Item = Result<RunFile, WriteError>> + '_, StoreError> {
    let commits: HashMap<CommitId, Commit> = store
        .commits()?
        .into_iter()
        .map(|commit| (commit.id.clone(), commit))
        .collect();
    let thinned: HashMap<_, _> = store.digests()?.into_iter().collect();
    Ok(store.runs()?.into_iter().map(move |row| {
        let thinned = thinned.get(&row.digest).copied().unwrap_or(false);
        RunFile::of(store, &row, thinned, &commits)
    }))
}

/// Writes every run of the store below `folder`. A file that is there already is left alone.
/// `at_most`: where all files together have more bytes, raw samples are left out.
///
/// # Errors
/// Where the database cannot be read or the folder cannot be written.
pub fn export(store: &Store, folder: &Path, at_most: Option<u64>) -> Result<Exported, FolderError> {
    let mut exported = Exported::default();
    let encoded = |run: &RunFile| {
        run.encode()
            .map_err(|_never| WriteError::Damaged(run.digest))
    };
    if let Some(most) = at_most {
        let mut bytes = 0;
        for run in run_files(store)? {
            bytes += encoded(&run?)?.len() as u64;
        }
        exported.thinned = bytes > most;
    }
    for run in run_files(store)? {
        let mut run = run?;
        if exported.thinned {
            run.thin();
        }
        let path = folder.join(run.path());
        if path.exists() {
            exported.already += 1;
            continue;
        }
        write_whole(&path, encoded(&run)?.as_bytes())?;
        exported.written += 1;
    }
    Ok(exported)
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let at = |reason| FolderError::Io {
        path: path.to_owned(),
        reason,
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(at)?;
    }
    let unfinished = path.with_extension("json.part");
    let written =
        std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, path));
    written.map_err(|reason| {
        let _ = std::fs::remove_file(&unfinished);
        at(reason)
    })
}

/// How many bytes of run files are read before they are stored.
const TOGETHER: u64 = 64 << 20;

/// Stores the run files and packs below `folder` that the store lacks.
///
/// # Errors
/// Where the folder cannot be read, holds no run file, or the database cannot be written. A file
/// that cannot be used is passed over and named.
pub fn import(store: &mut Store, folder: &Path, now: Timestamp) -> Result<Imported, FolderError> {
    let mut paths = Vec::new();
    let inner = ["runs/v1", "packs/v1"];
    for inner in inner {
        find(&folder.join(inner), &mut paths)?;
    }
    paths.sort();
    if paths.is_empty() {
        return Err(FolderError::Empty(folder.to_owned()));
    }
    let mut imported = Imported::default();
    let mut waiting: Vec<RunFile> = Vec::new();
    let mut size = 0;
    for path in &paths {
        let at = |reason| FolderError::Io {
            path: path.clone(),
            reason,
        };
        let name = path
            .strip_prefix(folder)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        let length = std::fs::metadata(path).map_err(at)?.len();
        if length > file::LARGEST {
            imported.skipped.push(Skipped {
                name,
                reason: FileError::Damaged(format!("it is {length} bytes long")),
            });
            continue;
        }
        let bytes = std::fs::read(path).map_err(at)?;
        read_file(&name, &bytes, &mut waiting, &mut imported.skipped);
        size += length;
        if size > TOGETHER {
            imported.runs = imported.runs + store_all(store, &mut waiting, now)?;
            size = 0;
        }
    }
    imported.runs = imported.runs + store_all(store, &mut waiting, now)?;
    Ok(imported)
}

fn store_all(
    store: &mut Store,
    waiting: &mut Vec<RunFile>,
    now: Timestamp,
) -> Result<Appended, StoreError> {
    let arrivals: Vec<_> = waiting.iter().map(RunFile::arrival).collect();
    let appended = store.append_arrivals(&arrivals, now)?;
    waiting.clear();
    Ok(appended)
}

/// Reads a run file or a pack. What cannot be used is named; the rest is.
pub(crate) fn read_file(
    name: &str,
    bytes: &[u8],
    runs: &mut Vec<RunFile>,
    skipped: &mut Vec<Skipped>,
) {
    if pack::is_path(name) {
        for (line, read) in pack::read(bytes) {
            match read {
                Ok(run) => runs.push(run),
                Err(reason) => skipped.push(Skipped {
                    name: format!("{name}:{line}"),
                    reason,
                }),
            }
        }
        return;
    }
    let read = RunFile::decode(bytes).and_then(|run| {
        if run.path() == name {
            Ok(run)
        } else {
            Err(FileError::Damaged(format!(
                "its content belongs under the name {}",
                run.path()
            )))
        }
    });
    match read {
        Ok(run) => runs.push(run),
        Err(reason) => skipped.push(Skipped {
            name: name.to_owned(),
            reason,
        }),
    }
}

/// Every file that may be a run file or a pack. Links are not followed.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let at = |reason| FolderError::Io {
        path: folder.to_owned(),
        reason,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(at(e)),
    };
    for entry in entries {
        let entry = entry.map_err(at)?;
        let kind = entry.file_type().map_err(at)?;
        let path = entry.path();
        if kind.is_dir() {
            find(&path, found)?;
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "json" || extension == "ndjson")
        {
            found.push(path);
        }
    }
    Ok(())
}
