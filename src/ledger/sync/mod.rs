//! Exchanging run files with a data branch that many machines write at once.
//!
//! The branch is read and written through a bare repository beside the database; the user's clone
//! is never touched. Runs that are new here are stored, runs that are new there are committed on top of
//! the newest commit and pushed without force. A writer that loses the race fetches, waits a random
//! while and tries again; one that cannot win within its time parks its runs in a reference of
//! their own, where no race is possible, and the next writer folds them in. Every step may be
//! killed: what was done stays, and the next sync goes on from there.

mod comparing;
mod looking;
mod outcome;
mod pace;
mod view;
mod writing;

pub use outcome::{Outcome, State, SyncError, remedy};
pub use pace::{Clock, wait_after};

use crate::git::{Bare, Naming, Remote, RemoteError};
use crate::model::RunId;
use crate::store::Store;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use view::Loose;
use writing::Next;

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

impl Options {
    /// What tells this place from others, in the database ([`Store::synced`]) and in the folder:
    /// 16 hexadecimal digits.
    #[must_use]
    pub fn key(&self) -> String {
        hex(&Sha256::digest(format!("{}\n{}", self.remote.key(), self.reference).as_bytes())[..8])
    }
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
    let key = options.key();
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
