//! Exchanging run files with a data branch that many machines write at once.
//!
//! The branch is read and written through a bare repository beside the database; the user's clone
//! is never touched. Runs that are new here are stored, runs that are new there are committed on top of
//! the newest commit and pushed without force. A writer that loses the race fetches, waits a random
//! while and tries again; one that cannot win within its time parks its runs in a reference of
//! their own, where no race is possible, and the next writer folds them in. Every step may be
//! killed: what was done stays, and the next sync goes on from there.

mod outcome;
mod pace;
mod view;

pub use outcome::{Outcome, State, SyncError, remedy};
pub use pace::{Clock, wait_after};

use super::file::{FileError, RunFile, UNKNOWN_MONTH, WriteError};
use super::folder::Skipped;
use super::pack;
use crate::git::{Bare, Change, Fetch, GitError, Message, Naming, Remote, RemoteError, Trouble};
use crate::model::{Commit, CommitId, RunId};
use crate::store::{RunRow, Store};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use view::{Loose, Pending, View};

/// Where parked runs wait on the remote.
pub const PENDING: &str = "refs/plimsoll/pending/";
/// The newest commit of the branch that the scratch repository holds whole.
const TIP: &str = "refs/plimsoll/tip";
/// The newest commit of the branch that a sync took note of.
const SEEN: &str = "refs/plimsoll/seen";
/// A month with fewer files than this is not worth a pack.
const WORTH_A_PACK: usize = 16;
/// How many runs are held in memory at once.
const TOGETHER: usize = 256;
/// No git command runs longer than this, or the whole time that was allowed where that is more.
const COMMAND: Duration = Duration::from_secs(600);
const README: &str = "# Performance history\n\nThis branch holds benchmark results that `plimsoll sync` wrote: one immutable file a run\nbelow `runs/`, older months packed below `packs/`. Files are only ever added. Please do not edit, squash\nor force-push it; `plimsoll sync --repair` restores what was lost.\n";

/// Where the data is, and what to do with it.
#[derive(Clone)]
pub struct Options {
    /// The remote.
    pub remote: Remote,
    /// Full name of the reference that carries the data.
    pub reference: String,
    /// Folder for the scratch repository and its lock.
    pub folder: PathBuf,
    /// How objects are named, as far as is known before asking.
    pub naming: Naming,
    /// How long to try before parking.
    pub timeout: Duration,
    /// Only look: neither the database nor the remote changes.
    pub look_only: bool,
    /// Give back to the branch what it lost or holds damaged.
    pub repair: bool,
    /// Months that stay one file a run.
    pub loose_months: u32,
    /// The present time, for the commits and for what is an old month.
    pub now: Timestamp,
}

/// Exchanges runs with the data branch. `chance` gives numbers in 0 … 1.
///
/// # Errors
/// Where the remote, the database or the disk is in trouble; the runs stay in the database.
pub fn sync(
    options: &Options,
    store: &mut Store,
    clock: &dyn Clock,
    chance: &mut dyn FnMut() -> f64,
) -> Result<Outcome, SyncError> {
    let start = clock.elapsed();
    let key = hex(&Sha256::digest(
        format!("{}\n{}", options.remote.key(), options.reference).as_bytes(),
    )[..8]);
    let deadline = start + options.timeout;
    let _lock = lock(&options.folder, &key, clock, deadline)?;
    let scratch = options.folder.join(format!("{key}.git"));
    let bare = Bare::open_or_create(&scratch, options.naming)?;
    bare.clear_locks();
    let mut session = Session {
        bare,
        scratch,
        key,
        options,
        store,
        clock,
        chance,
        deadline,
        renewals: 0,
        written: HashMap::new(),
    };
    let mut outcome = session.run()?;
    outcome.seconds = (clock.elapsed() - start).as_secs_f64();
    Ok(outcome)
}

/// One sync at a time for each scratch repository; the lock of a killed process is gone with it.
fn lock(
    folder: &Path,
    key: &str,
    clock: &dyn Clock,
    deadline: Duration,
) -> Result<File, SyncError> {
    let path = folder.join(format!("{key}.lock"));
    let at = |e: std::io::Error| SyncError::Io(format!("{}: {e}", path.display()));
    std::fs::create_dir_all(folder).map_err(at)?;
    let file = File::create(&path).map_err(at)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if clock.elapsed() < deadline => {
                clock.sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => return Err(SyncError::Busy),
            Err(TryLockError::Error(e)) => return Err(at(e)),
        }
    }
}

struct Session<'a> {
    options: &'a Options,
    store: &'a mut Store,
    clock: &'a dyn Clock,
    chance: &'a mut dyn FnMut() -> f64,
    bare: Bare,
    scratch: PathBuf,
    key: String,
    deadline: Duration,
    /// How often the scratch repository was made anew.
    renewals: u32,
    /// Run files that the scratch repository holds already, by digest.
    written: HashMap<RunId, Loose>,
}

/// What the next commit changes.
#[derive(Debug, Default)]
struct Work {
    new: Vec<Loose>,
    restored: Vec<Loose>,
    folded: Vec<Loose>,
    packs: Vec<Loose>,
    unpacked: Vec<Loose>,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.new.is_empty()
            && self.restored.is_empty()
            && self.folded.is_empty()
            && self.packs.is_empty()
    }
}

impl Session<'_> {
    fn run(&mut self) -> Result<Outcome, SyncError> {
        let mut view = self.look()?;
        let mut outcome = self.begin(&view)?;
        if self.options.look_only {
            return Ok(outcome);
        }
        let mut tried = false;
        loop {
            if self.options.repair {
                self.prove_all(&mut view)?;
            }
            outcome.stored += self.take_in(&mut view)?;
            let work = self.work(&view, &mut outcome)?;
            if work.is_empty() {
                // A push whose answer got lost may have worked.
                if tried {
                    outcome.state = State::Merged;
                }
                break;
            }
            outcome.tries += 1;
            let commit = self.commit(&view, &work)?;
            let refspec = format!("{commit}:{}", self.options.reference);
            let pushed = self
                .bare
                .push(&self.options.remote, &[&refspec], self.limit());
            tried = true;
            outcome.pushed = work.new.len();
            outcome.restored = work.restored.len();
            outcome.folded = work.folded.len();
            outcome.packed = work.unpacked.len();
            match pushed {
                Ok(()) => {
                    outcome.state = State::Merged;
                    // Where this fails the commit is fetched next time.
                    let _ = self.bare.set_reference(TIP, &commit);
                    self.landed(&mut view, commit, work);
                    break;
                }
                Err(error) => match self.after_failure(error, &work, outcome.tries)? {
                    Next::Again => {
                        let before = view.tip.take();
                        view = self.look()?;
                        // A race that nobody won: it may be the scratch repository that is at fault.
                        if view.tip == before && outcome.tries == 3 && self.renewals == 0 {
                            self.renew(self.bare.naming())?;
                            view = self.look()?;
                        }
                    }
                    Next::Parked(refused) => {
                        outcome.pushed += std::mem::take(&mut outcome.restored);
                        outcome.folded = 0;
                        outcome.packed = 0;
                        // Nothing of ours: what others parked waits on.
                        if outcome.pushed > 0 || refused.is_some() {
                            outcome.state = State::Parked;
                        }
                        outcome.refused = refused;
                        break;
                    }
                },
            }
        }
        self.finish(view, outcome)
    }

    // ---- looking -------------------------------------------------------------------------

    /// Fetches and lists what the remote holds, again and again while the network is in trouble.
    fn look(&mut self) -> Result<View, SyncError> {
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

    fn look_once(&mut self) -> Result<View, Look> {
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

    fn list(&mut self, tip: Option<CommitId>, pending: Vec<String>) -> Result<View, Look> {
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
    fn open_packs(&mut self, view: &mut View) -> Result<(), Look> {
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
    fn renew(&mut self, naming: Naming) -> Result<(), SyncError> {
        self.renewals += 1;
        self.written.clear();
        self.bare = Bare::create(&self.scratch, naming)?;
        Ok(())
    }

    // ---- comparing -----------------------------------------------------------------------

    /// What looking alone shows: losses, and what each side lacks.
    fn begin(&mut self, view: &View) -> Result<Outcome, SyncError> {
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
    fn take_in(&mut self, view: &mut View) -> Result<usize, SyncError> {
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
    fn prove_all(&mut self, view: &mut View) -> Result<(), SyncError> {
        let files: Vec<_> = view.loose.iter().map(|(d, f)| (*d, f.clone())).collect();
        for (digest, file) in files {
            if view::read(&self.bare, &file, &mut view.skipped)?.is_empty() {
                view.forget(digest);
            }
        }
        Ok(())
    }

    /// What the branch lacks.
    fn work(&mut self, view: &View, outcome: &mut Outcome) -> Result<Work, SyncError> {
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
    fn write(
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
    fn compact(&self, view: &View, work: &mut Work) -> Result<(), SyncError> {
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

    // ---- writing -------------------------------------------------------------------------

    fn commit(&self, view: &View, work: &Work) -> Result<CommitId, SyncError> {
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

    fn after_failure(
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
    fn park(&mut self, work: &Work) -> Result<(), SyncError> {
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
    fn landed(&mut self, view: &mut View, tip: CommitId, work: Work) {
        view.tip = Some(tip);
        let added = work.new.into_iter().chain(work.restored).chain(work.folded);
        for file in added {
            if let Some(name) = super::file::parse_path(&file.path) {
                view.loose.insert(name.digest, file);
            }
        }
        for file in &work.unpacked {
            if let Some(name) = super::file::parse_path(&file.path) {
                view.packed.insert(name.digest);
                view.loose.remove(&name.digest);
            }
        }
    }

    /// Clears parked references that the branch holds by now, and remembers what was seen.
    fn finish(&mut self, view: View, mut outcome: Outcome) -> Result<Outcome, SyncError> {
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

    // ---- small things --------------------------------------------------------------------

    fn limit(&self) -> Duration {
        COMMAND.max(self.options.timeout)
    }

    fn wait(&mut self, tries: u32) {
        let left = self.deadline.saturating_sub(self.clock.elapsed());
        let wait = wait_after(tries, (self.chance)());
        self.clock
            .sleep(wait.min(left.max(Duration::from_millis(50))));
    }

    fn remote_error(&self, what: &'static str, error: RemoteError) -> SyncError {
        SyncError::Remote {
            remote: self.options.remote.shown().to_owned(),
            what,
            error,
        }
    }
}

enum Next {
    Again,
    Parked(Option<RemoteError>),
}

enum Look {
    Git(GitError),
    Remote(RemoteError),
    Sync(SyncError),
}

/// The first month (`yyyy-mm`) that stays one file a run.
fn oldest_loose_month(now: Timestamp, loose_months: u32) -> String {
    let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let months =
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1 - i64::from(loose_months);
    let months = months.max(0);
    format!("{:04}-{:02}", months / 12, months % 12 + 1)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
