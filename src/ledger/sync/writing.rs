//! The next commit of the branch, or a reference of its own.

use super::super::file::parse_path;
use super::comparing::Work;
use super::view::{Loose, Pending, View};
use super::{Outcome, PENDING, README, SEEN, Session, State, SyncError, hex};
use crate::git::{Change, Message, RemoteError, Trouble};
use crate::model::CommitId;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(super) enum Next {
    Again,
    Parked(Option<RemoteError>),
}

impl Session<'_> {
    pub(super) fn commit(&self, view: &View, work: &Work) -> Result<CommitId, SyncError> {
        let readme = match view.tip {
            Some(_) => None,
            None => Some(self.bare.write(README.as_bytes())?),
        };
        let mut changes: Vec<Change<'_>> = Vec::new();
        changes.extend(readme.map(|blob| Change::Put("README.md", blob)));
        let puts = work
            .new
            .iter()
            .chain(&work.restored)
            .chain(&work.folded)
            .chain(&work.packs);
        changes.extend(puts.map(|file| Change::Put(&file.path, file.blob)));
        changes.extend(work.unpacked.iter().map(|file| Change::Remove(&file.path)));
        let added = work.new.len() + work.folded.len() + work.restored.len();
        let mut text = format!("Add {added} run{}", if added == 1 { "" } else { "s" });
        if !work.unpacked.is_empty() {
            text = format!("{text}, pack {}", work.unpacked.len());
        }
        let message = Message {
            text: &text,
            time: self.options.now,
        };
        Ok(self.bare.commit(view.tip.as_ref(), &changes, message)?)
    }

    pub(super) fn after_failure(
        &mut self,
        error: RemoteError,
        work: &Work,
        tries: u32,
    ) -> Result<Next, SyncError> {
        match error.trouble {
            Trouble::Refused => {
                self.park(work)?;
                Ok(Next::Parked(Some(error)))
            }
            Trouble::OtherFormat if self.renewals < 2 => {
                self.renew(self.bare.naming().other())?;
                Ok(Next::Again)
            }
            Trouble::Damaged if self.renewals < 2 => {
                self.renew(self.bare.naming())?;
                Ok(Next::Again)
            }
            Trouble::Raced
            | Trouble::Unreachable
            | Trouble::TimedOut
            | Trouble::Absent
            | Trouble::Damaged
            | Trouble::Other => {
                if self.clock.elapsed() < self.deadline {
                    self.wait(tries);
                    return Ok(Next::Again);
                }
                self.park(work)?;
                Ok(Next::Parked(None))
            }
            Trouble::Denied
            | Trouble::Full
            | Trouble::NotFound
            | Trouble::NotOwned
            | Trouble::OtherFormat => Err(self.remote_error("written", error)),
        }
    }

    /// Pushes what is new here to a reference that is named by its content: nobody else writes
    /// another commit there, so there is no race to lose.
    pub(super) fn park(&mut self, work: &Work) -> Result<(), SyncError> {
        let files: Vec<&Loose> = work.new.iter().chain(&work.restored).collect();
        if files.is_empty() {
            return Ok(());
        }
        let mut paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        let name = format!(
            "{PENDING}{}",
            hex(&Sha256::digest(paths.join("\n").as_bytes()))
        );
        let changes: Vec<_> = files
            .iter()
            .map(|file| Change::Put(&file.path, file.blob))
            .collect();
        // The same runs make the same commit, whoever parks them and when.
        let message = Message {
            text: "Park runs until they are folded into the data branch",
            time: Timestamp::UNIX_EPOCH,
        };
        let commit = self.bare.commit(None, &changes, message)?;
        let refspec = format!("{commit}:{name}");
        let mut tries = 0;
        loop {
            let pushed = self
                .bare
                .push(&self.options.remote, &[&refspec], self.limit());
            let Err(error) = pushed else { return Ok(()) };
            let there = self
                .bare
                .look(&self.options.remote, &[&name], self.limit())
                .is_ok_and(|found| found.iter().any(|found| found.id == commit));
            if there {
                return Ok(());
            }
            let passing = !matches!(
                error.trouble,
                Trouble::Refused | Trouble::Denied | Trouble::Full | Trouble::NotFound
            );
            if tries >= 8 || !passing {
                return Err(self.remote_error("written", error));
            }
            self.wait(tries);
            tries += 1;
        }
    }

    /// What the branch looks like after a push that worked.
    pub(super) fn landed(&mut self, view: &mut View, tip: CommitId, work: Work) {
        view.tip = Some(tip);
        let added = work.new.into_iter().chain(work.restored).chain(work.folded);
        for file in added {
            if let Some(name) = parse_path(&file.path) {
                view.loose.insert(name.digest, file);
            }
        }
        for file in &work.unpacked {
            if let Some(name) = parse_path(&file.path) {
                view.packed.insert(name.digest);
                view.loose.remove(&name.digest);
            }
        }
    }

    /// Clears parked references that the branch holds by now, and remembers what was seen.
    pub(super) fn finish(
        &mut self,
        view: View,
        mut outcome: Outcome,
    ) -> Result<Outcome, SyncError> {
        let done = |pending: &&Pending| {
            pending.whole && pending.runs.keys().all(|&digest| view.holds(digest))
        };
        let folded: Vec<String> = view
            .pending
            .iter()
            .filter(done)
            .map(|pending| format!(":{}", pending.name))
            .collect();
        if !folded.is_empty() && outcome.state != State::Parked {
            // Somebody else may have cleared them; whatever stays is cleared by the next writer.
            let refspecs: Vec<&str> = folded.iter().map(String::as_str).collect();
            let _ = self
                .bare
                .push(&self.options.remote, &refspecs, self.limit());
        }
        let held = view.held();
        let known = self.store.synced(&self.key)?;
        let new: Vec<u64> = held
            .iter()
            .copied()
            .filter(|d| !known.contains(d))
            .collect();
        if !new.is_empty() {
            self.store.mark_synced(&self.key, new)?;
        }
        if let Some(tip) = &view.tip {
            self.bare.set_reference(SEEN, tip)?;
        }
        outcome.lost.retain(|digest| !held.contains(digest));
        outcome.restorable = outcome.restorable.min(outcome.lost.len());
        outcome.on_branch = held.len();
        outcome.here = self.store.digests()?.len();
        outcome.pending = view.pending.len() - folded.len();
        outcome.only_here = 0;
        outcome.only_there = 0;
        Ok(outcome)
    }
}
