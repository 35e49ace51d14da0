//! What a sync did, and why it could not.

use crate::git::{GitError, RemoteError, Trouble};
use crate::ledger::folder::Skipped;
use crate::store::StoreError;

/// How a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The data branch received what it lacked.
    Merged,
    /// The branch could not be written; what it lacks waits in a reference of its own.
    Parked,
    /// The branch lacked nothing.
    Unchanged,
    /// Only looked.
    Looked,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Parked => "parked",
            Self::Unchanged => "unchanged",
            Self::Looked => "looked",
        }
    }
}

/// What a sync did. All numbers count runs unless they say otherwise.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it ended.
    pub state: State,
    /// Address of the remote, without credentials.
    pub remote: String,
    /// The reference that carries the data.
    pub reference: String,
    /// On the branch afterwards.
    pub on_branch: usize,
    /// In this database afterwards.
    pub here: usize,
    /// New to this database.
    pub stored: usize,
    /// From this database: new to the branch, or parked.
    pub pushed: usize,
    /// New to the branch, from parked references.
    pub folded: usize,
    /// Given back to the branch, which had lost them or held them damaged.
    pub restored: usize,
    /// Moved from files of their own into packs.
    pub packed: usize,
    /// References that hold parked runs and are not folded in yet.
    pub pending: usize,
    /// Kept out: measured with uncommitted changes.
    pub dirty: usize,
    /// Only looked: here and not on the branch.
    pub only_here: usize,
    /// Only looked: on the branch and not here.
    pub only_there: usize,
    /// The branch was replaced by one that does not continue it, or deleted.
    pub rewritten: bool,
    /// Seen on the branch before, and not there any more: the first 64 bits of their digests.
    pub lost: Vec<u64>,
    /// Of those, how many this database can give back.
    pub restorable: usize,
    /// Files of the branch, and runs of this database, that cannot be used.
    pub skipped: Vec<Skipped>,
    /// What the server said when it refused the branch.
    pub refused: Option<RemoteError>,
    /// How often a push was tried.
    pub tries: u32,
    /// How long it took.
    pub seconds: f64,
}

/// Why a sync could not be done. The runs stay in the database.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The user's repository or the one beside the database.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another sync holds the lock.
    #[error(
        "another `plimsoll sync` of this repository is still running: try again when it has ended"
    )]
    Busy,
    /// A file beside the database.
    #[error("{0}")]
    Io(String),
    /// The remote.
    #[error("{remote} could not be {what}: {error}\n{}", remedy(.error.trouble, .remote))]
    Remote {
        /// Its address, without credentials.
        remote: String,
        /// What was tried.
        what: &'static str,
        /// What went wrong.
        error: RemoteError,
    },
}

/// What to do about it.
#[must_use]
pub fn remedy(trouble: Trouble, remote: &str) -> String {
    match trouble {
        Trouble::Denied => "nothing is lost here. In GitHub Actions the job needs `permissions: contents: write` and the credentials that actions/checkout leaves (persist-credentials); elsewhere `git push` must work without asking. `plimsoll export --runs DIR` saves the runs of this machine as an artifact".to_owned(),
        Trouble::Refused => "a rule of the server forbids it. On GitHub, either let the bot bypass the ruleset (Settings, Rules, Bypass list: GitHub Actions), or exclude the data branch from the rule's targets, or name another place in plimsoll.toml: `[sync] ref = \"refs/plimsoll/data\"`, which branch rules do not cover, or `[sync] repository = \"…\"`".to_owned(),
        Trouble::NotFound => format!("check the address of the remote: `git ls-remote {remote}` must answer"),
        Trouble::NotOwned => format!("git refuses a repository that belongs to another user; `git config --global --add safe.directory {remote}` allows it"),
        Trouble::Full => "the server has no room left; the runs stay in this database: sync again when there is room".to_owned(),
        Trouble::Unreachable | Trouble::TimedOut => "the runs stay in this database: run `plimsoll sync` again when the network works, or wait longer with --timeout".to_owned(),
        Trouble::Raced | Trouble::Absent | Trouble::OtherFormat | Trouble::Damaged | Trouble::Other => "the runs stay in this database: run `plimsoll sync` again".to_owned(),
    }
}
