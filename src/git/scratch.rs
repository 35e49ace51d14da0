//! A repository of our own, for demonstrations.

use super::{GitError, id_of};
use crate::model::CommitId;
use git2::{Repository, RepositoryInitOptions, Signature, Time};
use jiff::Timestamp;
use std::path::Path;

/// A repository that plimsoll made and may write to.
pub struct Scratch {
    repo: Repository,
}

impl Scratch {
    /// Makes a repository in an empty or absent folder.
    ///
    /// # Errors
    /// Where the folder holds anything already or cannot be written.
    pub fn create(folder: &Path) -> Result<Self, GitError> {
        let trouble = |e: std::io::Error| GitError::Other(format!("{}: {e}", folder.display()));
        std::fs::create_dir_all(folder).map_err(trouble)?;
        if std::fs::read_dir(folder).map_err(trouble)?.next().is_some() {
            return Err(GitError::Other(format!(
                "{} is not empty: choose another folder",
                folder.display()
            )));
        }
        let mut options = RepositoryInitOptions::new();
        options.initial_head("main").no_reinit(true);
        Ok(Self {
            repo: Repository::init_opts(folder, &options)?,
        })
    }

    /// Opens one that was made before.
    ///
    /// # Errors
    /// Where there is none.
    pub fn open(folder: &Path) -> Result<Self, GitError> {
        Ok(Self {
            repo: Repository::open(folder)?,
        })
    }

    /// Commits everything in the work tree that is not ignored.
    ///
    /// # Errors
    /// Where git cannot write.
    pub fn commit(
        &self,
        author: &str,
        subject: &str,
        time: Timestamp,
    ) -> Result<CommitId, GitError> {
        let mut index = self.repo.index()?;
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None)?;
        index.write()?;
        let tree = self.repo.find_tree(index.write_tree()?)?;
        let who = Signature::new(
            author,
            "demo@example.invalid",
            &Time::new(time.as_second(), 0),
        )?;
        let parent = self
            .repo
            .head()
            .ok()
            .and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<_> = parent.iter().collect();
        id_of(
            self.repo
                .commit(Some("HEAD"), &who, &who, subject, &tree, &parents)?,
        )
    }

    /// Puts a lightweight tag on a commit.
    ///
    /// # Errors
    /// Where the commit does not exist or the name is taken.
    pub fn tag(&self, name: &str, commit: &CommitId) -> Result<(), GitError> {
        let object = self.repo.revparse_single(commit.as_str())?;
        self.repo.tag_lightweight(name, &object, false)?;
        Ok(())
    }
}
