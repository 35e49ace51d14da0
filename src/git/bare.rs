//! A bare repository of plimsoll's own, beside the database: what it fetches and pushes passes
//! through here, never through the user's clone.

use super::command;
use super::remote::{NAME, Remote, RemoteError};
use super::{Git, GitError, id_of, oid_of};
use crate::model::{Commit, CommitId};
use git2::build::TreeUpdateBuilder;
use git2::{
    ErrorCode, FileMode, ObjectFormat, ObjectType, Oid, Repository, RepositoryInitOptions,
    Signature, Time, TreeWalkMode, TreeWalkResult,
};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the objects of a repository are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// 40 digits.
    Sha1,
    /// 64 digits.
    Sha256,
}

impl Naming {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Sha1 => Self::Sha256,
            Self::Sha256 => Self::Sha1,
        }
    }
}

/// A file in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: String,
    /// Its content.
    pub blob: BlobId,
}

/// Name of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobId(Oid);

/// One change of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// A file with this content.
    Put(&'a str, BlobId),
    /// No such file any more.
    Remove(&'a str),
}

/// What a commit is made of, but for its files.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// What it says.
    pub text: &'a str,
    /// When.
    pub time: Timestamp,
}

/// A reference of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// Its full name.
    pub name: String,
    /// What it names.
    pub id: CommitId,
}

/// A bare repository that plimsoll made and may write to.
pub struct Bare {
    repo: Repository,
    path: PathBuf,
}

impl Git {
    /// The folder from which the git command sees this repository: the work tree, else git's own.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.work_dir().unwrap_or_else(|| self.common_dir())
    }

    /// How its objects are named.
    #[must_use]
    pub fn naming(&self) -> Naming {
        naming(&self.repo)
    }
}

fn naming(repo: &Repository) -> Naming {
    match repo.object_format() {
        ObjectFormat::Sha256 => Naming::Sha256,
        ObjectFormat::Sha1 => Naming::Sha1,
    }
}

impl Bare {
    /// Opens the repository, or makes it. What cannot be opened is thrown away: all of it can be
    /// fetched again.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn open_or_create(path: &Path, naming: Naming) -> Result<Self, GitError> {
        // libgit2 opens what git itself does not take for a repository.
        match Repository::open_bare(path) {
            Ok(repo) if repo.find_reference("HEAD").is_ok() => Ok(Self {
                repo,
                path: path.to_owned(),
            }),
            _ => Self::create(path, naming),
        }
    }

    /// Makes an empty repository in place of whatever stood there.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn create(path: &Path, naming: Naming) -> Result<Self, GitError> {
        let at = |e: std::io::Error| GitError::Other(format!("{}: {e}", path.display()));
        if path.exists() {
            std::fs::remove_dir_all(path).map_err(at)?;
        }
        // Made aside and moved: a killed process leaves no half of a repository.
        let aside = path.with_extension("new");
        if aside.exists() {
            std::fs::remove_dir_all(&aside).map_err(at)?;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(at)?;
        }
        let mut options = RepositoryInitOptions::new();
        options
            .bare(true)
            .no_reinit(true)
            .external_template(false)
            .initial_head("plimsoll")
            .object_format(match naming {
                Naming::Sha1 => ObjectFormat::Sha1,
                Naming::Sha256 => ObjectFormat::Sha256,
            });
        drop(Repository::init_opts(&aside, &options)?);
        std::fs::rename(&aside, path).map_err(at)?;
        Ok(Self {
            repo: Repository::open_bare(path)?,
            path: path.to_owned(),
        })
    }

    /// Removes the locks that a killed process left. Only for a caller who knows that nobody else
    /// works here.
    pub fn clear_locks(&self) {
        for folder in ["", "refs/plimsoll", "refs/plimsoll/pending"] {
            for entry in std::fs::read_dir(self.path.join(folder))
                .into_iter()
                .flatten()
                .flatten()
            {
                if entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "lock")
                {
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
    }

    /// How its objects are named.
    #[must_use]
    pub fn naming(&self) -> Naming {
        naming(&self.repo)
    }

    /// The commit that a reference of this repository names.
    ///
    /// # Errors
    /// Where the reference is damaged.
    pub fn reference(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        match self.repo.refname_to_id(name) {
            Ok(oid) => id_of(oid).map(Some),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Sets a reference of this repository.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn set_reference(&self, name: &str, id: &CommitId) -> Result<(), GitError> {
        self.repo.reference(name, oid_of(id)?, true, "plimsoll")?;
        Ok(())
    }

    /// Whether the commit is here.
    #[must_use]
    pub fn has_commit(&self, id: &CommitId) -> bool {
        oid_of(id).is_ok_and(|oid| self.repo.find_commit(oid).is_ok())
    }

    /// All files of a commit, in order of path.
    ///
    /// # Errors
    /// Where an object is missing or damaged.
    pub fn files(&self, commit: &CommitId) -> Result<Vec<Entry>, GitError> {
        let tree = self.repo.find_commit(oid_of(commit)?)?.tree()?;
        let mut files = Vec::new();
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                let name = String::from_utf8_lossy(entry.name_bytes());
                files.push(Entry {
                    path: format!("{folder}{name}"),
                    blob: BlobId(entry.id()),
                });
            }
            TreeWalkResult::Ok
        })?;
        Ok(files)
    }

    /// A content; `None` where it is longer than `largest` bytes.
    ///
    /// # Errors
    /// Where it is missing or damaged.
    pub fn content(&self, blob: BlobId, largest: u64) -> Result<Option<Vec<u8>>, GitError> {
        let odb = self.repo.odb()?;
        let (length, _) = odb.read_header(blob.0)?;
        if length as u64 > largest {
            return Ok(None);
        }
        Ok(Some(odb.read(blob.0)?.data().to_vec()))
    }

    /// Writes a content; no commit holds it yet.
    ///
    /// # Errors
    /// Where the disk is full.
    pub fn write(&self, bytes: &[u8]) -> Result<BlobId, GitError> {
        Ok(BlobId(self.repo.blob(bytes)?))
    }

    /// Writes a commit; no reference moves.
    ///
    /// # Errors
    /// Where the disk is full or an object is damaged.
    pub fn commit(
        &self,
        parent: Option<&CommitId>,
        changes: &[Change<'_>],
        message: Message<'_>,
    ) -> Result<CommitId, GitError> {
        let parent = match parent {
            Some(id) => Some(self.repo.find_commit(oid_of(id)?)?),
            None => None,
        };
        let baseline = match &parent {
            Some(commit) => commit.tree()?,
            None => self.repo.find_tree(self.repo.treebuilder(None)?.write()?)?,
        };
        let mut update = TreeUpdateBuilder::new();
        for change in changes {
            match change {
                Change::Put(path, blob) => {
                    update.upsert(*path, blob.0, FileMode::Blob);
                }
                Change::Remove(path) => {
                    update.remove(*path);
                }
            }
        }
        let tree = update.create_updated(&self.repo, &baseline)?;
        let tree = self.repo.find_tree(tree)?;
        let who = Signature::new(
            "plimsoll",
            "plimsoll@users.noreply.invalid",
            &Time::new(message.time.as_second(), 0),
        )?;
        let parents: Vec<_> = parent.iter().collect();
        id_of(
            self.repo
                .commit(None, &who, &who, message.text, &tree, &parents)?,
        )
    }

    /// Whether `ancestor` lies behind `tip`, as far as this repository knows.
    #[must_use]
    pub fn is_ancestor(&self, ancestor: &CommitId, tip: &CommitId) -> bool {
        if ancestor == tip {
            return true;
        }
        let (Ok(old), Ok(new)) = (oid_of(ancestor), oid_of(tip)) else {
            return false;
        };
        self.repo.graph_descendant_of(new, old).unwrap_or(false)
    }

    /// Asks the remote for references whose names end in one of `patterns`.
    ///
    /// # Errors
    /// Where the remote cannot be asked.
    pub fn look(
        &self,
        remote: &Remote,
        patterns: &[&str],
        limit: Duration,
    ) -> Result<Vec<RemoteRef>, RemoteError> {
        let mut args = vec!["ls-remote", "--quiet", NAME];
        args.extend(patterns);
        let said = remote.run(&self.path, &args, limit)?;
        let text = String::from_utf8_lossy(&said.out);
        Ok(text
            .lines()
            .filter_map(|line| {
                let (id, name) = line.split_once('\t')?;
                Some(RemoteRef {
                    name: name.to_owned(),
                    id: CommitId::new(id).ok()?,
                })
            })
            .collect())
    }

    /// Fetches references. `depth` cuts history off, `commits_only` leaves files and folders out
    /// where the server can.
    ///
    /// # Errors
    /// Where the remote cannot be asked or lacks what is asked for.
    pub fn fetch(
        &self,
        remote: &Remote,
        refspecs: &[&str],
        how: Fetch,
        limit: Duration,
    ) -> Result<(), RemoteError> {
        let mut args = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
        match how {
            Fetch::All => {}
            Fetch::Newest => args.push("--depth=1"),
            Fetch::CommitsOnly => args.push("--filter=tree:0"),
        }
        args.push(NAME);
        args.extend(refspecs);
        remote.run(&self.path, &args, limit).map(|_| ())
    }

    /// Pushes without force.
    ///
    /// # Errors
    /// Where the remote did not take every reference.
    pub fn push(
        &self,
        remote: &Remote,
        refspecs: &[&str],
        limit: Duration,
    ) -> Result<(), RemoteError> {
        let mut args = vec!["push", "--quiet", "--porcelain", NAME];
        args.extend(refspecs);
        remote.run(&self.path, &args, limit).map(|_| ())
    }

    /// The first-parent history that ends at `tip`, oldest first, from commits alone.
    ///
    /// # Errors
    /// Where the tip is not here.
    pub fn first_parents(&self, tip: &CommitId) -> Result<Vec<Commit>, GitError> {
        // The command, since libgit2 does not open repositories that lack objects on purpose.
        let args = [
            "log",
            "--first-parent",
            "-z",
            "--reverse",
            "--no-show-signature",
            "--format=%H%x01%P%x01%ct%x01%an%x01%s",
            tip.as_str(),
            "--",
        ];
        let args = [command::HERE, &args].concat();
        let settings = command::Settings::default();
        let said = command::run(&self.path, &args, &settings, Duration::from_secs(60))?
            .ok_or_else(|| GitError::Other("git does not answer".to_owned()))?;
        if !said.status.success() {
            return Err(GitError::Other(said.err.trim().to_owned()));
        }
        String::from_utf8_lossy(&said.out)
            .split('\0')
            .filter(|record| !record.is_empty())
            .map(|record| {
                read_record(record)
                    .ok_or_else(|| GitError::Other("git log said nonsense".to_owned()))
            })
            .collect()
    }
}

/// How much a fetch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// Everything that is not here yet.
    All,
    /// The newest commit of each reference.
    Newest,
    /// Commits without their files.
    CommitsOnly,
}

fn read_record(record: &str) -> Option<Commit> {
    let mut fields = record.splitn(5, '\u{1}');
    let id = CommitId::new(fields.next()?).ok()?;
    let parents = fields
        .next()?
        .split_whitespace()
        .map(CommitId::new)
        .collect::<Result<_, _>>()
        .ok()?;
    let time = Timestamp::from_second(fields.next()?.parse().ok()?).ok()?;
    Some(Commit {
        id,
        parents,
        time,
        author: fields.next()?.to_owned(),
        subject: fields.next()?.to_owned(),
    })
}
