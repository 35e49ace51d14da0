//! What the remote holds.

use super::super::file::RunFile;
use super::view::{self, Pending, View};
use super::{PENDING, Session, SyncError, TIP};
use crate::git::{Bare, Fetch, GitError, Naming, RemoteError, Trouble};
use crate::model::CommitId;
use std::collections::HashMap;

pub(super) enum Look {
    Git(GitError),
    Remote(RemoteError),
    Sync(SyncError),
}

impl Session<'_> {
    /// Fetches and lists what the remote holds, again and again while the network is in trouble.
    pub(super) fn look(&mut self) -> Result<View, SyncError> {
        let mut tries = 0;
        loop {
            let error = match self.look_once() {
                Ok(view) => return Ok(view),
                Err(Look::Git(error)) => {
                    // Objects that are missing or damaged here can be fetched again.
                    if self.renewals < 2 {
                        self.renew(self.bare.naming())?;
                        continue;
                    }
                    return Err(error.into());
                }
                Err(Look::Sync(error)) => return Err(error),
                Err(Look::Remote(error)) => error,
            };
            match error.trouble {
                Trouble::OtherFormat if self.renewals < 2 => {
                    self.renew(self.bare.naming().other())?;
                }
                Trouble::Damaged if self.renewals < 2 => self.renew(self.bare.naming())?,
                // Nobody races for our own references: something here is in the way.
                Trouble::Raced if tries > 2 && self.renewals < 2 => {
                    self.renew(self.bare.naming())?;
                }
                Trouble::Raced
                | Trouble::Unreachable
                | Trouble::TimedOut
                | Trouble::Absent
                | Trouble::Other
                    if self.clock.elapsed() < self.deadline
                        && (tries < 4 || error.trouble != Trouble::Other) =>
                {
                    self.wait(tries);
                }
                _ => return Err(self.remote_error("read", error)),
            }
            tries += 1;
        }
    }

    pub(super) fn look_once(&mut self) -> Result<View, Look> {
        let remote = &self.options.remote;
        let all = format!("{PENDING}*");
        let found = self
            .bare
            .look(remote, &[&self.options.reference, &all], self.limit())
            .map_err(Look::Remote)?;
        let tip = found
            .iter()
            .find(|found| found.name == self.options.reference)
            .map(|found| found.id.clone());
        let pending: Vec<_> = found
            .iter()
            .filter(|found| found.name.starts_with(PENDING))
            .collect();
        let mut refspecs = Vec::new();
        let known = self.bare.reference(TIP).map_err(Look::Git)?;
        if let Some(tip) = &tip
            && known.as_ref() != Some(tip)
        {
            refspecs.push(format!("+{}:{TIP}", self.options.reference));
        }
        let mut missing = false;
        for reference in &pending {
            let here = self.bare.reference(&reference.name).map_err(Look::Git)?;
            missing |= here.as_ref() != Some(&reference.id);
        }
        if missing {
            refspecs.push(format!("+{PENDING}*:{PENDING}*"));
        }
        if !refspecs.is_empty() {
            // Only what is newest at first, as files stay in every later commit; from then on all
            // commits, which tell whether the branch goes on from where it was.
            let how = if known.is_none() {
                Fetch::Newest
            } else {
                Fetch::All
            };
            let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
            self.bare
                .fetch(remote, &refspecs, how, self.limit())
                .map_err(Look::Remote)?;
        }
        // The branch may have moved on between asking and fetching.
        let tip = match tip {
            Some(_) => self.bare.reference(TIP).map_err(Look::Git)?,
            None => None,
        };
        let pending = pending.iter().map(|found| found.name.clone()).collect();
        self.list(tip, pending)
    }

    pub(super) fn list(
        &mut self,
        tip: Option<CommitId>,
        pending: Vec<String>,
    ) -> Result<View, Look> {
        let mut view = View::default();
        if let Some(tip) = &tip {
            let files = self.bare.files(tip).map_err(Look::Git)?;
            view::sorted(files, &mut view.loose, &mut view.packs, &mut view.skipped);
        }
        view.tip = tip;
        for name in pending {
            let Some(commit) = self.bare.reference(&name).map_err(Look::Git)? else {
                continue;
            };
            let files = self.bare.files(&commit).map_err(Look::Git)?;
            let (mut runs, mut packs) = (HashMap::new(), Vec::new());
            let count = files.len();
            view::sorted(files, &mut runs, &mut packs, &mut view.skipped);
            let whole = runs.len() == count;
            view.pending.push(Pending { name, runs, whole });
        }
        self.open_packs(&mut view)?;
        Ok(view)
    }

    /// Learns what the packs hold; a pack that was not seen before is stored at once.
    pub(super) fn open_packs(&mut self, view: &mut View) -> Result<(), Look> {
        let known = self.store.packed().map_err(|e| Look::Sync(e.into()))?;
        for file in std::mem::take(&mut view.packs) {
            if let Some(digests) = known.get(&file.path) {
                view.packed.extend(digests);
                view.packs.push(file);
                continue;
            }
            let before = view.skipped.len();
            let runs = view::read(&self.bare, &file, &mut view.skipped).map_err(Look::Git)?;
            let digests: Vec<u64> = runs.iter().map(|run| run.digest.short()).collect();
            view.packed.extend(&digests);
            if !self.options.look_only {
                let arrivals: Vec<_> = runs.iter().map(RunFile::arrival).collect();
                let stored = self
                    .store
                    .append_arrivals(&arrivals, self.options.now)
                    .map_err(|e| Look::Sync(e.into()))?;
                view.from_packs += stored.stored;
                if view.skipped.len() == before {
                    self.store
                        .mark_packed(&file.path, digests)
                        .map_err(|e| Look::Sync(e.into()))?;
                }
            }
            view.packs.push(file);
        }
        Ok(())
    }

    /// Makes the scratch repository anew: everything in it can be fetched again.
    pub(super) fn renew(&mut self, naming: Naming) -> Result<(), SyncError> {
        self.renewals += 1;
        self.written.clear();
        self.bare = Bare::create(&self.scratch, naming)?;
        Ok(())
    }
}
