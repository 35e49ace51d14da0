//! What a data branch and the parked references hold.

use crate::git::{Bare, BlobId, Entry, GitError};
use crate::ledger::file::{self, FileError, RunFile, parse_path};
use crate::ledger::folder::{Skipped, read_file};
use crate::ledger::pack;
use crate::model::CommitId;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A run file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loose {
    pub(super) path: String,
    pub(super) blob: BlobId,
}

/// Runs that wait in a reference of their own.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) name: String,
    pub(super) runs: HashMap<u64, Loose>,
    /// Everything in it is a run file that can be used.
    pub(super) whole: bool,
}

/// What is there, by the first 64 bits of the digests.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) tip: Option<CommitId>,
    pub(super) loose: HashMap<u64, Loose>,
    pub(super) packs: Vec<Loose>,
    pub(super) packed: HashSet<u64>,
    pub(super) pending: Vec<Pending>,
    /// Runs whose file cannot be used.
    pub(super) damaged: HashSet<u64>,
    /// Runs of packs that were stored on the way.
    pub(super) from_packs: usize,
    /// Files that cannot be used.
    pub(super) skipped: Vec<Skipped>,
}

impl View {
    pub(super) fn holds(&self, digest: u64) -> bool {
        self.loose.contains_key(&digest) || self.packed.contains(&digest)
    }

    /// The file of this run cannot be used.
    pub(super) fn forget(&mut self, digest: u64) {
        self.loose.remove(&digest);
        for pending in &mut self.pending {
            pending.whole &= pending.runs.remove(&digest).is_none();
        }
        self.damaged.insert(digest);
    }

    /// Every run of the branch.
    pub(super) fn held(&self) -> HashSet<u64> {
        self.loose.keys().chain(&self.packed).copied().collect()
    }

    pub(super) fn parked(&self, digest: u64) -> bool {
        self.pending
            .iter()
            .any(|pending| pending.runs.contains_key(&digest))
    }

    /// The files of the branch by month.
    pub(super) fn months(&self) -> BTreeMap<&str, Vec<(u64, &Loose)>> {
        let mut months: BTreeMap<&str, Vec<(u64, &Loose)>> = BTreeMap::new();
        for (&digest, loose) in &self.loose {
            if let Some(name) = parse_path(&loose.path) {
                months.entry(name.month).or_default().push((digest, loose));
            }
        }
        months
    }
}

/// Sorts the files of a commit into run files, packs, and what is neither.
pub(super) fn sorted(
    files: Vec<Entry>,
    loose: &mut HashMap<u64, Loose>,
    packs: &mut Vec<Loose>,
    skipped: &mut Vec<Skipped>,
) {
    for Entry { path, blob } in files {
        if let Some(name) = parse_path(&path) {
            let digest = name.digest;
            loose.entry(digest).or_insert(Loose { path, blob });
        } else if pack::is_path(&path) {
            packs.push(Loose { path, blob });
        } else if path.starts_with("runs/v1/") || path.starts_with("packs/v1/") {
            skipped.push(Skipped {
                name: path,
                reason: FileError::Damaged("its name is none that plimsoll gives".to_owned()),
            });
        }
    }
}

/// Reads a run file or pack. What cannot be used is named in `skipped`.
pub(super) fn read(
    bare: &Bare,
    file: &Loose,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<RunFile>, GitError> {
    let mut runs = Vec::new();
    match bare.content(file.blob, file::LARGEST)? {
        Some(bytes) => read_file(&file.path, &bytes, &mut runs, skipped),
        None => skipped.push(Skipped {
            name: file.path.clone(),
            reason: FileError::Damaged("it is too long".to_owned()),
        }),
    }
    Ok(runs)
}
