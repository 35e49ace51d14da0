//! What each side lacks.

use super::super::file::{FileError, RunFile, UNKNOWN_MONTH, WriteError};
use super::super::folder::Skipped;
use super::super::pack;
use super::view::{self, Loose, View};
use super::{Outcome, SEEN, Session, State, SyncError, TOGETHER, WORTH_A_PACK};
use crate::model::{Commit, CommitId, RunId};
use crate::store::RunRow;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the next commit changes.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) new: Vec<Loose>,
    pub(super) restored: Vec<Loose>,
    pub(super) folded: Vec<Loose>,
    pub(super) packs: Vec<Loose>,
    pub(super) unpacked: Vec<Loose>,
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.new.is_empty()
            && self.restored.is_empty()
            && self.folded.is_empty()
            && self.packs.is_empty()
    }
}

impl Session<'_> {
    /// What looking alone shows: losses, and what each side lacks.
    pub(super) fn begin(&mut self, view: &View) -> Result<Outcome, SyncError> {
        let rows = self.store.runs()?;
        let here: HashSet<u64> = rows.iter().map(|row| row.digest.short()).collect();
        let clean = |row: &&RunRow| !row.dirty;
        let seen = self.store.synced(&self.key)?;
        let mut lost: Vec<u64> = seen
            .into_iter()
            .filter(|&digest| !view.holds(digest) && !view.parked(digest))
            .collect();
        lost.sort_unstable();
        let before = self.bare.reference(SEEN)?;
        let rewritten = match (&before, &view.tip) {
            (Some(_), None) => true,
            (Some(before), Some(tip)) => !self.bare.is_ancestor(before, tip),
            (None, _) => false,
        };
        let missing = |row: &&RunRow| {
            let digest = row.digest.short();
            !row.dirty && !view.holds(digest) && !view.parked(digest)
        };
        let on_branch = view.held();
        Ok(Outcome {
            state: if self.options.look_only {
                State::Looked
            } else {
                State::Unchanged
            },
            remote: self.options.remote.shown().to_owned(),
            reference: self.options.reference.clone(),
            only_here: rows.iter().filter(missing).count(),
            only_there: on_branch
                .iter()
                .filter(|digest| !here.contains(digest))
                .count(),
            on_branch: on_branch.len(),
            here: rows.len(),
            dirty: rows.len() - rows.iter().filter(clean).count(),
            stored: 0,
            pushed: 0,
            folded: 0,
            restored: 0,
            packed: 0,
            pending: view.pending.len(),
            restorable: lost.iter().filter(|digest| here.contains(digest)).count(),
            lost,
            rewritten,
            skipped: view.skipped.clone(),
            refused: None,
            tries: 0,
            seconds: 0.0,
        })
    }

    /// Stores what is new here; returns how many runs that were.
    pub(super) fn take_in(&mut self, view: &mut View) -> Result<usize, SyncError> {
        let here: HashSet<u64> = self
            .store
            .digests()?
            .iter()
            .map(|(digest, _)| digest.short())
            .collect();
        let mut new: Vec<(u64, Loose)> = view
            .loose
            .iter()
            .chain(view.pending.iter().flat_map(|pending| &pending.runs))
            .filter(|(digest, _)| !here.contains(digest))
            .map(|(digest, loose)| (*digest, loose.clone()))
            .collect();
        new.sort_by(|a, b| a.1.path.cmp(&b.1.path));
        let mut stored = std::mem::take(&mut view.from_packs);
        for some in new.chunks(TOGETHER) {
            let mut runs = Vec::new();
            for (digest, file) in some {
                let read = view::read(&self.bare, file, &mut view.skipped)?;
                if read.is_empty() {
                    view.forget(*digest);
                }
                runs.extend(read);
            }
            let arrivals: Vec<_> = runs.iter().map(RunFile::arrival).collect();
            stored += self
                .store
                .append_arrivals(&arrivals, self.options.now)?
                .stored;
        }
        Ok(stored)
    }

    /// Reads every file of the branch, so that damaged ones are known and can be written again.
    pub(super) fn prove_all(&mut self, view: &mut View) -> Result<(), SyncError> {
        let files: Vec<_> = view.loose.iter().map(|(d, f)| (*d, f.clone())).collect();
        for (digest, file) in files {
            if view::read(&self.bare, &file, &mut view.skipped)?.is_empty() {
                view.forget(digest);
            }
        }
        Ok(())
    }

    /// What the branch lacks.
    pub(super) fn work(&mut self, view: &View, outcome: &mut Outcome) -> Result<Work, SyncError> {
        let lost: HashSet<u64> = outcome.lost.iter().copied().collect();
        let mut work = Work::default();
        let commits: HashMap<CommitId, Commit> = self
            .store
            .commits()?
            .into_iter()
            .map(|commit| (commit.id.clone(), commit))
            .collect();
        let thinned: HashMap<RunId, bool> = self.store.digests()?.into_iter().collect();
        outcome.skipped.clone_from(&view.skipped);
        for row in self.store.runs()? {
            let digest = row.digest.short();
            if row.dirty || view.holds(digest) || view.parked(digest) {
                continue;
            }
            let again = lost.contains(&digest) || view.damaged.contains(&digest);
            if again && !self.options.repair {
                continue;
            }
            let thinned = thinned.get(&row.digest).copied().unwrap_or(false);
            match self.write(&row, thinned, &commits)? {
                Ok(file) if again => work.restored.push(file),
                Ok(file) => work.new.push(file),
                Err(skipped) => outcome.skipped.push(skipped),
            }
        }
        let mut folded: BTreeMap<u64, &Loose> = BTreeMap::new();
        for (digest, file) in view.pending.iter().flat_map(|pending| &pending.runs) {
            if !view.holds(*digest) {
                folded.insert(*digest, file);
            }
        }
        work.folded = folded.into_values().cloned().collect();
        self.compact(view, &mut work)?;
        Ok(work)
    }

    /// A run of the database as a file in the scratch repository.
    pub(super) fn write(
        &mut self,
        row: &RunRow,
        thinned: bool,
        commits: &HashMap<CommitId, Commit>,
    ) -> Result<Result<Loose, Skipped>, SyncError> {
        if let Some(file) = self.written.get(&row.digest) {
            return Ok(Ok(file.clone()));
        }
        let text = match RunFile::of(self.store, row, thinned, commits) {
            Ok(run) => run.encode().ok().map(|text| (run.path(), text)),
            Err(WriteError::Store(error)) => return Err(error.into()),
            Err(WriteError::Damaged(_)) => None,
        };
        let Some((path, text)) = text else {
            return Ok(Err(Skipped {
                name: format!("run {} of this database", row.digest),
                reason: FileError::Damaged(
                    "its content has another digest; see `plimsoll doctor --db`".to_owned(),
                ),
            }));
        };
        let blob = self.bare.write(text.as_bytes())?;
        let file = Loose { path, blob };
        self.written.insert(row.digest, file.clone());
        Ok(Ok(file))
    }

    /// Moves the files of old months into packs.
    pub(super) fn compact(&self, view: &View, work: &mut Work) -> Result<(), SyncError> {
        let oldest = oldest_loose_month(self.options.now, self.options.loose_months);
        for (month, files) in view.months() {
            if month >= oldest.as_str() || month == UNKNOWN_MONTH || files.len() < WORTH_A_PACK {
                continue;
            }
            let mut texts = Vec::new();
            for (digest, file) in files {
                let mut damaged = Vec::new();
                for run in view::read(&self.bare, file, &mut damaged)? {
                    if let Ok(text) = run.encode() {
                        texts.push((digest, text));
                        work.unpacked.push(file.clone());
                    }
                }
            }
            for pack in pack::packs(month, texts) {
                let blob = self.bare.write(pack.text.as_bytes())?;
                work.packs.push(Loose {
                    path: pack.path,
                    blob,
                });
            }
        }
        Ok(())
    }
}

/// The first month (`yyyy-mm`) that stays one file a run.
fn oldest_loose_month(now: Timestamp, loose_months: u32) -> String {
    let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let months =
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1 - i64::from(loose_months);
    let months = months.max(0);
    format!("{:04}-{:02}", months / 12, months % 12 + 1)
}
