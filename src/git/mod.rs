//! The user's repository, read only: commits, first-parent order, merge bases, tags.
//!
//! The only user of git2 and of the git command. Nothing here writes to the user's repository;
//! [`Bare`], [`Scratch`] and [`Slot`] write to repositories of plimsoll's own.

mod bare;
mod command;
mod look;
mod remote;
mod scratch;
mod slot;

pub use bare::{Bare, BlobId, Change, Entry, Fetch, Message, Naming, RemoteRef};
pub use command::LOCAL as LOCAL_VARIABLES;
pub use remote::{Remote, RemoteError, Trouble, without_credentials};
pub use scratch::Scratch;
pub use slot::Slot;

use crate::model::{Commit, CommitId};
use git2::{ErrorCode, ObjectFormat, Oid, Repository, RepositoryOpenFlags, StatusOptions};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why the repository could not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No repository at or above the folder.
    #[error("{} is not inside a git repository: run plimsoll inside one, or `git init`", .0.display())]
    NotARepository(PathBuf),
    /// `GIT_DIR` names no repository.
    #[error("GIT_DIR is {}, which is no git repository: unset it, or name one", .0.display())]
    NamedIsNone(PathBuf),
    /// A repository without a commit.
    #[error("the repository has no commit yet: commit something first")]
    NoCommit,
    /// A revision that does not name a commit.
    #[error("`{revision}` does not name a commit here: {reason}; `git log` shows what there is")]
    UnknownRevision {
        /// As the user gave it.
        revision: String,
        /// What git says.
        reason: String,
    },
    /// The repository belongs to another user.
    #[error("git refuses {}: it belongs to another user; `git config --global --add safe.directory {}` allows it, in ~/.gitconfig; GIT_CONFIG_GLOBAL is not asked for it", .0.display(), .0.display())]
    NotOwned(PathBuf),
    /// No remote of this name.
    #[error(
        "this repository has no remote `{0}`: `git remote add {0} ADDRESS`, or name another with --remote or `repository` under [sync] in plimsoll.toml"
    )]
    NoRemote(String),
    /// The git command is missing.
    #[error("the git command was not found: install git, or put it on PATH")]
    NoCommand,
    /// Anything else.
    #[error("git: {0}")]
    Other(String),
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        Self::Other(error.message().to_owned())
    }
}

/// A repository, opened for reading.
pub struct Git {
    repo: Repository,
}

/// The branch that HEAD is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultBranch {
    /// Its name, such as `origin/main` or `main`.
    pub name: String,
    /// Its newest commit.
    pub tip: CommitId,
}

impl Git {
    /// Opens the repository that contains `folder`.
    ///
    /// # Errors
    /// Where there is none, or it belongs to somebody else.
    pub fn discover(folder: &Path) -> Result<Self, GitError> {
        match Repository::discover(folder) {
            Ok(repo) => Ok(Self { repo }),
            Err(e) if e.code() == ErrorCode::Owner => Err(GitError::NotOwned(folder.to_owned())),
            Err(e) if e.code() == ErrorCode::NotFound => {
                Err(GitError::NotARepository(folder.to_owned()))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Opens the repository that git would use in `folder` with these values of `GIT_DIR` and
    /// `GIT_WORK_TREE`: a git folder that is named goes before the one around the folder, and then the
    /// work tree is the one that is named or set (`core.worktree`), else the folder itself.
    ///
    /// # Errors
    /// As [`Git::discover`]; also where the folder that is named is no repository.
    pub fn named(
        folder: &Path,
        git_dir: Option<&Path>,
        work_tree: Option<&Path>,
    ) -> Result<Self, GitError> {
        let git = match git_dir {
            None => Self::discover(folder)?,
            Some(named) => Self::open(&folder.join(named))?,
        };
        let own = git.repo.config()?.get_path("core.worktree").is_ok();
        let tree = match (work_tree, git_dir) {
            (Some(tree), _) => Some(folder.join(tree)),
            (None, Some(_)) if !own && !git.repo.is_bare() => Some(folder.to_owned()),
            (None, _) => None,
        };
        if let Some(tree) = tree {
            git.repo.set_workdir(&tree, false)?;
        }
        Ok(git)
    }

    fn open(folder: &Path) -> Result<Self, GitError> {
        let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
        let none: [&Path; 0] = [];
        match Repository::open_ext(folder, flags, none) {
            Ok(repo) => Ok(Self { repo }),
            Err(e) if e.code() == ErrorCode::Owner => Err(GitError::NotOwned(folder.to_owned())),
            Err(e) if e.code() == ErrorCode::NotFound => {
                Err(GitError::NamedIsNone(folder.to_owned()))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The folder that all linked worktrees share (`git rev-parse --git-common-dir`).
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        self.repo.commondir()
    }

    /// The root of the work tree; `None` in a bare repository.
    #[must_use]
    pub fn work_dir(&self) -> Option<&Path> {
        self.repo.workdir()
    }

    /// Whether history was cut off (`git clone --depth`).
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.repo.is_shallow()
    }

    /// Whether history was cut off at this commit: it has parents that the clone does not hold.
    #[must_use]
    pub fn is_cut_at(&self, id: &CommitId) -> bool {
        // The file that git itself keeps of them (gitformat-shallow); libgit2 shows no other way.
        std::fs::read_to_string(self.common_dir().join("shallow"))
            .is_ok_and(|ends| ends.lines().any(|end| end.trim() == id.as_str()))
    }

    /// The commit of HEAD.
    ///
    /// # Errors
    /// Where there is no commit yet.
    pub fn head(&self) -> Result<CommitId, GitError> {
        match self.repo.head() {
            Ok(head) => id_of(head.peel_to_commit()?.id()),
            Err(e) if matches!(e.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                Err(GitError::NoCommit)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The name of the branch that HEAD is on; `None` when it is detached.
    #[must_use]
    pub fn head_branch(&self) -> Option<String> {
        let head = self.repo.head().ok()?;
        if head.is_branch() {
            head.shorthand().ok().map(str::to_owned)
        } else {
            None
        }
    }

    /// The commit that `revision` names.
    ///
    /// # Errors
    /// Where it names none.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let unknown = |e: git2::Error| GitError::UnknownRevision {
            revision: revision.to_owned(),
            reason: e.message().to_owned(),
        };
        let object = self.repo.revparse_single(revision).map_err(unknown)?;
        id_of(object.peel_to_commit().map_err(unknown)?.id())
    }

    /// What is known of a commit.
    ///
    /// # Errors
    /// Where the repository does not have it.
    pub fn commit(&self, id: &CommitId) -> Result<Commit, GitError> {
        let found = self
            .repo
            .find_commit(oid_of(id)?)
            .map_err(|e| GitError::UnknownRevision {
                revision: id.as_str().to_owned(),
                reason: e.message().to_owned(),
            })?;
        let parents = found.parent_ids().map(id_of).collect::<Result<_, _>>()?;
        let time = Timestamp::from_second(found.time().seconds())
            .map_err(|e| GitError::Other(e.to_string()))?;
        let author = String::from_utf8_lossy(found.author().name_bytes()).into_owned();
        let subject = found
            .message_bytes()
            .split(|&b| b == b'\n')
            .next()
            .unwrap_or_default();
        let subject = String::from_utf8_lossy(subject).into_owned();
        Ok(Commit {
            id: id.clone(),
            parents,
            author,
            subject,
            time,
        })
    }

    /// When a commit was committed.
    ///
    /// # Errors
    /// Where the repository does not have it.
    pub fn time(&self, id: &CommitId) -> Result<Timestamp, GitError> {
        let found = self.repo.find_commit(oid_of(id)?)?;
        Timestamp::from_second(found.time().seconds()).map_err(|e| GitError::Other(e.to_string()))
    }

    /// The first commit of a line (oldest first) that holds a file, path from the root of the
    /// repository, by binary search: a file is taken to stay once it is there. `None` where even
    /// the last does not.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn first_with(&self, line: &[CommitId], file: &Path) -> Result<Option<CommitId>, GitError> {
        let mut fault = None;
        let at = line.partition_point(|id| match self.holds(id, file) {
            Ok(there) => !there,
            Err(e) => {
                fault.get_or_insert(e);
                true
            }
        });
        match fault {
            Some(fault) => Err(fault),
            None => Ok(line.get(at).cloned()),
        }
    }

    /// The commit of a line (oldest first) that brought something into a file, path from the root
    /// of the repository: the first of the newest commits in all of which `there` holds of the
    /// file's text. `None` where it does not hold in the last one.
    ///
    /// # Errors
    /// Where a commit cannot be read.
    pub fn brought(
        &self,
        line: &[CommitId],
        file: &Path,
        there: impl Fn(&str) -> bool,
    ) -> Result<Option<CommitId>, GitError> {
        let mut brought = None;
        let mut known: Option<Oid> = None;
        for id in line.iter().rev() {
            // A shallow clone ends before the line does.
            let Ok(commit) = self.repo.find_commit(oid_of(id)?) else {
                break;
            };
            let tree = commit.tree()?;
            let entry = match tree.get_path(file) {
                Ok(entry) => entry.id(),
                Err(e) if e.code() == ErrorCode::NotFound => break,
                Err(e) => return Err(e.into()),
            };
            if known != Some(entry) {
                let Ok(blob) = self.repo.find_blob(entry) else {
                    break;
                };
                if !there(&String::from_utf8_lossy(blob.content())) {
                    break;
                }
                known = Some(entry);
            }
            brought = Some(id.clone());
        }
        Ok(brought)
    }

    /// The name of the user, as git knows it (`user.name`). The git command is asked first: it knows
    /// every place where that may be set, such as `GIT_CONFIG_GLOBAL`.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        let own = || {
            let config = self.repo.config().ok()?.snapshot().ok()?;
            Some(config.get_str("user.name").ok()?.to_owned())
        };
        let folder = format!("--git-dir={}", self.repo.path().display());
        let asked = slot::ask(self.repo.path(), &[&folder, "config", "--get", "user.name"]);
        let name = asked.ok().or_else(own)?.trim().to_owned();
        (!name.is_empty()).then_some(name)
    }

    fn holds(&self, id: &CommitId, file: &Path) -> Result<bool, GitError> {
        let tree = self.repo.find_commit(oid_of(id)?)?.tree()?;
        match tree.get_path(file) {
            Ok(_) => Ok(true),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// The first-parent history that ends at `tip`, oldest first. In a shallow clone it begins
    /// where the clone was cut.
    ///
    /// # Errors
    /// Where the tip does not exist or an object is damaged.
    pub fn first_parents(&self, tip: &CommitId) -> Result<Vec<CommitId>, GitError> {
        let mut walk = self.repo.revwalk()?;
        walk.push(oid_of(tip)?)?;
        walk.simplify_first_parent()?;
        let mut line = walk.map(|oid| id_of(oid?)).collect::<Result<Vec<_>, _>>()?;
        line.reverse();
        Ok(line)
    }

    /// The best common ancestor of two commits; `None` where they share none.
    ///
    /// # Errors
    /// Where one of them does not exist.
    pub fn merge_base(&self, a: &CommitId, b: &CommitId) -> Result<Option<CommitId>, GitError> {
        match self.repo.merge_base(oid_of(a)?, oid_of(b)?) {
            Ok(oid) => id_of(oid).map(Some),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The remote's default branch (`origin/HEAD`, else `origin/main` or `origin/master`), else
    /// the local `main` or `master`.
    #[must_use]
    pub fn default_branch(&self) -> Option<DefaultBranch> {
        let remote_head = self
            .repo
            .find_reference("refs/remotes/origin/HEAD")
            .ok()
            .and_then(|head| head.symbolic_target().ok().flatten().map(str::to_owned));
        let candidates = [
            "refs/remotes/origin/main",
            "refs/remotes/origin/master",
            "refs/heads/main",
            "refs/heads/master",
        ];
        remote_head
            .as_deref()
            .into_iter()
            .chain(candidates)
            .find_map(|name| {
                let reference = self.repo.find_reference(name).ok()?;
                let tip = id_of(reference.peel_to_commit().ok()?.id()).ok()?;
                Some(DefaultBranch {
                    name: reference.shorthand().ok()?.to_owned(),
                    tip,
                })
            })
    }

    /// Whether a tracked file differs from HEAD, in the index or the work tree. Untracked files
    /// do not count.
    ///
    /// # Errors
    /// Where the work tree cannot be read.
    pub fn is_dirty(&self) -> Result<bool, GitError> {
        if self.repo.is_bare() {
            return Ok(false);
        }
        let mut options = StatusOptions::new();
        options
            .include_untracked(false)
            .include_ignored(false)
            .exclude_submodules(true);
        Ok(!self.repo.statuses(Some(&mut options))?.is_empty())
    }

    /// All tags by the commit that they name, each list in name order.
    ///
    /// # Errors
    /// Where the references cannot be read.
    pub fn tags(&self) -> Result<BTreeMap<CommitId, Vec<String>>, GitError> {
        let mut tags: BTreeMap<CommitId, Vec<String>> = BTreeMap::new();
        for reference in self.repo.references_glob("refs/tags/*")?.flatten() {
            let (Ok(name), Ok(commit)) = (reference.shorthand(), reference.peel_to_commit()) else {
                continue;
            };
            tags.entry(id_of(commit.id())?)
                .or_default()
                .push(name.to_owned());
        }
        tags.values_mut().for_each(|names| names.sort());
        Ok(tags)
    }

    /// What stands before a commit id in the address of its page, where the remote `origin` is a
    /// web host: `https://host/owner/name/commit/`. Credentials in the remote's address are left
    /// out.
    #[must_use]
    pub fn commit_url(&self) -> Option<String> {
        let remote = self.repo.find_remote("origin").ok()?;
        web_address(remote.url().ok()?).map(|address| format!("{address}/commit/"))
    }

    /// `OWNER/NAME` or the last part of the address of the remote `origin`.
    #[must_use]
    pub fn project_name(&self) -> Option<String> {
        let remote = self.repo.find_remote("origin").ok()?;
        let address = remote
            .url()
            .ok()?
            .trim_end_matches('/')
            .trim_end_matches(".git")
            .to_owned();
        let mut parts = address.rsplit(['/', ':']).filter(|part| !part.is_empty());
        let name = parts.next()?.to_owned();
        if (address.contains("://") || address.contains('@'))
            && let Some(owner) = parts.next()
        {
            return Some(format!("{owner}/{name}"));
        }
        Some(name)
    }
}

fn id_of(oid: Oid) -> Result<CommitId, GitError> {
    CommitId::new(oid.to_string()).map_err(GitError::Other)
}

fn oid_of(id: &CommitId) -> Result<Oid, GitError> {
    let format = if id.as_str().len() == 64 {
        ObjectFormat::Sha256
    } else {
        ObjectFormat::Sha1
    };
    Ok(Oid::from_str_ext(id.as_str(), format)?)
}

/// `https://host/path` of a remote given as https, ssh or `user@host:path`; `None` for others.
fn web_address(remote: &str) -> Option<String> {
    let remote = remote.trim_end_matches('/').trim_end_matches(".git");
    let after_scheme = ["https://", "ssh://", "http://"]
        .iter()
        .find_map(|s| remote.strip_prefix(s));
    let (host, path) = match after_scheme {
        Some(rest) => rest.split_once('/')?,
        None => remote
            .split_once(':')
            .filter(|(host, _)| host.contains('@'))?,
    };
    let host = host.rsplit('@').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
    (!path.is_empty() && format!("{host}{path}").chars().all(plain))
        .then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::web_address;

    #[test]
    fn a_remote_becomes_a_web_address_without_credentials() {
        let expected = Some("https://github.com/acme/shop".to_owned());
        assert_eq!(
            web_address("https://token:x@github.com/acme/shop.git"),
            expected
        );
        assert_eq!(web_address("git@github.com:acme/shop.git"), expected);
        assert_eq!(web_address("ssh://git@github.com/acme/shop"), expected);
        assert_eq!(web_address("/srv/git/shop.git"), None);
        assert_eq!(web_address("https://evil\" onload=x/y"), None);
    }
}
