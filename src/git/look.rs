//! Questions about two commits, and what a commit says of itself.

use super::slot::ask;
use super::{Git, GitError, id_of, oid_of};
use crate::model::CommitId;
use git2::{ErrorCode, ObjectType};
use std::path::{Path, PathBuf};

impl Git {
    /// Whether objects of this repository have SHA-256 names.
    #[must_use]
    pub fn is_sha256(&self) -> bool {
        self.repo
            .config()
            .and_then(|config| config.get_string("extensions.objectformat"))
            .is_ok_and(|format| format.eq_ignore_ascii_case("sha256"))
    }

    /// The object name of a commit's tree: two commits with the same tree build the same.
    ///
    /// # Errors
    /// Where the repository does not have the commit.
    pub fn tree_of(&self, commit: &CommitId) -> Result<String, GitError> {
        Ok(self
            .repo
            .find_commit(oid_of(commit)?)?
            .tree_id()
            .to_string())
    }

    /// Whether `old` is `new` or an ancestor of it. `false` where this repository has not both.
    ///
    /// # Errors
    /// Where an object is damaged.
    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, GitError> {
        if old == new {
            return Ok(true);
        }
        match self.repo.graph_descendant_of(oid_of(new)?, oid_of(old)?) {
            Ok(answer) => Ok(answer),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// The commit that an object is or, as an annotated tag, points at. `None` for anything else,
    /// or an object that is not here.
    ///
    /// # Errors
    /// Where the name is not one of an object.
    pub fn peel(&self, object: &str) -> Result<Option<CommitId>, GitError> {
        let id = CommitId::new(object).map_err(GitError::Other)?;
        match self.repo.find_object(oid_of(&id)?, None) {
            Ok(found) => match found.peel(ObjectType::Commit) {
                Ok(commit) => id_of(commit.id()).map(Some),
                Err(_) => Ok(None),
            },
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// A file as a commit holds it, path from the root; `None` where it holds no such file.
    ///
    /// # Errors
    /// Where the repository does not have the commit or an object is damaged.
    pub fn file_in(&self, commit: &CommitId, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.repo.find_commit(oid_of(commit)?)?.tree()?;
        match tree.get_path(path) {
            Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                Ok(Some(self.repo.find_blob(entry.id())?.content().to_owned()))
            }
            Ok(_) => Ok(None),
            Err(e) if e.code() == ErrorCode::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The files that lie directly in a folder of a commit, path from the root, and their contents.
    /// None where it has no such folder.
    ///
    /// # Errors
    /// Where the repository does not have the commit or an object is damaged.
    pub fn files_in(
        &self,
        commit: &CommitId,
        folder: &Path,
    ) -> Result<Vec<(PathBuf, Vec<u8>)>, GitError> {
        let tree = self.repo.find_commit(oid_of(commit)?)?.tree()?;
        let inner = match tree.get_path(folder) {
            Ok(entry) if entry.kind() == Some(ObjectType::Tree) => {
                self.repo.find_tree(entry.id())?
            }
            Ok(_) => return Ok(Vec::new()),
            Err(e) if e.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e.into()),
        };
        let mut files = Vec::new();
        for entry in &inner {
            if entry.kind() == Some(ObjectType::Blob) {
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                let content = self.repo.find_blob(entry.id())?.content().to_owned();
                files.push((folder.join(name), content));
            }
        }
        Ok(files)
    }

    /// Paths, from the root, that differ between two commits, sorted.
    ///
    /// # Errors
    /// Where one of them does not exist or an object is damaged.
    pub fn changed_paths(&self, old: &CommitId, new: &CommitId) -> Result<Vec<String>, GitError> {
        let tree = |id: &CommitId| -> Result<_, GitError> {
            Ok(self.repo.find_commit(oid_of(id)?)?.tree()?)
        };
        let (old, new) = (tree(old)?, tree(new)?);
        let diff = self.repo.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let mut paths: Vec<String> = diff
            .deltas()
            .flat_map(|delta| [delta.old_file().path(), delta.new_file().path()])
            .flatten()
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// The whole message of a commit, untrusted text.
    ///
    /// # Errors
    /// Where the repository does not have the commit.
    pub fn message(&self, commit: &CommitId) -> Result<String, GitError> {
        let found = self.repo.find_commit(oid_of(commit)?)?;
        Ok(String::from_utf8_lossy(found.message_bytes()).into_owned())
    }

    /// Commits that are reachable from `new` and not from `old`; all of `new`'s without `old`.
    ///
    /// # Errors
    /// Where one of them does not exist.
    pub fn commits_between(
        &self,
        old: Option<&CommitId>,
        new: &CommitId,
        most: usize,
    ) -> Result<Vec<CommitId>, GitError> {
        let mut walk = self.repo.revwalk()?;
        walk.push(oid_of(new)?)?;
        if let Some(old) = old {
            walk.hide(oid_of(old)?)?;
        }
        walk.take(most).map(|oid| id_of(oid?)).collect()
    }

    /// The tip of a remote's default branch as last fetched: `refs/remotes/NAME/HEAD`, else its
    /// `main` or `master`.
    #[must_use]
    pub fn remote_head(&self, remote: &str) -> Option<CommitId> {
        ["HEAD", "main", "master"].iter().find_map(|branch| {
            let name = format!("refs/remotes/{remote}/{branch}");
            let reference = self.repo.find_reference(&name).ok()?;
            id_of(reference.peel_to_commit().ok()?.id()).ok()
        })
    }

    /// The names of all remotes, `origin` first.
    ///
    /// # Errors
    /// Where the settings cannot be read.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        let all = self.repo.remotes()?;
        let mut names: Vec<String> = all.iter().flatten().flatten().map(str::to_owned).collect();
        names.sort_by_key(|name| (name != "origin", name.clone()));
        Ok(names)
    }

    /// Whether a branch of this name exists here or at a remote.
    #[must_use]
    pub fn has_branch(&self, name: &str) -> bool {
        let here = self.repo.find_reference(&format!("refs/heads/{name}"));
        let there = self.repo.references_glob(&format!("refs/remotes/*/{name}"));
        here.is_ok() || there.is_ok_and(|mut found| found.next().is_some())
    }

    /// Whether any remote is set up.
    #[must_use]
    pub fn has_remote(&self) -> bool {
        self.repo.remotes().is_ok_and(|names| !names.is_empty())
    }

    /// The folder that git takes hooks from (`git rev-parse --git-path hooks`), which
    /// `core.hooksPath` may have moved.
    ///
    /// # Errors
    /// Where the git command does not work.
    pub fn hooks_dir(&self) -> Result<PathBuf, GitError> {
        let folder = self.work_dir().unwrap_or_else(|| self.repo.path());
        let said = ask(folder, &["rev-parse", "--git-path", "hooks"])?;
        Ok(folder.join(said.trim_end_matches(['\n', '\r'])))
    }
}
