//! Folders in which commits are built, apart from the user's work tree.
//!
//! A slot is a small repository of its own, with a detached HEAD and no history, that borrows the
//! objects of the user's repository. Nothing is registered there: `git worktree list`, HEAD, index,
//! stash, references and configuration of the user stay as they are, and a slot that was left
//! behind by a crash is only a folder.

use super::command::LOCAL;
use super::{Git, GitError};
use crate::model::CommitId;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder in which a commit can be checked out and built.
#[derive(Debug, Clone)]
pub struct Slot {
    folder: PathBuf,
}

impl Slot {
    /// Opens the slot at `folder`, making it where it is absent. Only folders of plimsoll's own may
    /// be given: everything in them may be overwritten.
    ///
    /// # Errors
    /// Where the folder cannot be written or git does not work.
    pub fn open(git: &Git, folder: &Path) -> Result<Self, GitError> {
        let slot = Self {
            folder: folder.to_owned(),
        };
        if !slot.folder.join(".git").join("HEAD").exists() {
            slot.make(git)?;
        }
        Ok(slot)
    }

    /// Where its files are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file inside the slot's own git folder, out of the way of every build.
    #[must_use]
    pub fn private(&self, name: &str) -> PathBuf {
        self.folder.join(".git").join(name)
    }

    fn make(&self, git: &Git) -> Result<(), GitError> {
        std::fs::create_dir_all(&self.folder).map_err(|e| at(&self.folder, &e))?;
        let objects = git.common_dir().join("objects");
        let objects = std::path::absolute(&objects).map_err(|e| at(&objects, &e))?;
        let format = if git.is_sha256() { "sha256" } else { "sha1" };
        let format = format!("--object-format={format}");
        self.git(&["init", "--quiet", "--template=", &format, "--", "."])?;
        let info = self.private("info");
        std::fs::create_dir_all(&info).map_err(|e| at(&info, &e))?;
        // What builds leave in target/ is kept between them and is no change.
        write(&info.join("exclude"), "/target/\n")?;
        let alternates = self.private("objects").join("info").join("alternates");
        if let Some(folder) = alternates.parent() {
            std::fs::create_dir_all(folder).map_err(|e| at(folder, &e))?;
        }
        write(&alternates, &quoted(&objects))
    }

    /// Puts the files of a commit into the slot. Files of an earlier build that the commit ignores,
    /// and `target/`, stay; everything else is as in the commit, and unchanged files keep their
    /// times, so that incremental builds work.
    ///
    /// # Errors
    /// Where the commit is not there, or git cannot write.
    pub fn check_out(&self, git: &Git, commit: &CommitId) -> Result<(), GitError> {
        if let Err(first) = self.try_check_out(git, commit) {
            // A slot that a crash left half made, or whose old objects are gone: begin anew.
            let _ = std::fs::remove_dir_all(self.folder.join(".git"));
            self.make(git)?;
            return self.try_check_out(git, commit).map_err(|_again| first);
        }
        Ok(())
    }

    fn try_check_out(&self, git: &Git, commit: &CommitId) -> Result<(), GitError> {
        // Whoever holds the slot is its only user: a lock is what a killed git left behind.
        let _ = std::fs::remove_file(self.private("index.lock"));
        let shallow = git.common_dir().join("shallow");
        if shallow.exists() {
            std::fs::copy(&shallow, self.private("shallow")).map_err(|e| at(&shallow, &e))?;
        }
        let id = commit.as_str();
        self.git(&["checkout", "--quiet", "--force", "--detach", id, "--"])?;
        self.git(&["clean", "--quiet", "-ffd", "--", "."])?;
        self.submodules(git)
    }

    /// Submodules come from the copies that the user's repository has.
    fn submodules(&self, git: &Git) -> Result<(), GitError> {
        if !self.folder.join(".gitmodules").exists() {
            return Ok(());
        }
        let listed = self.git(&[
            "config",
            "--file",
            ".gitmodules",
            "--get-regexp",
            r"^submodule\..*\.path$",
        ])?;
        for line in listed.lines() {
            let Some((key, path)) = line.split_once(' ') else {
                continue;
            };
            let name = key
                .trim_start_matches("submodule.")
                .trim_end_matches(".path");
            let copy = git.common_dir().join("modules").join(name);
            if name.split(['/', '\\']).any(|part| part == "..") || !copy.is_dir() {
                return Err(GitError::Other(format!(
                    "submodule `{name}` is not checked out here: `git submodule update --init` fetches it"
                )));
            }
            let copy = std::path::absolute(&copy).map_err(|e| at(&copy, &e))?;
            let from = format!("submodule.{name}.url={}", copy.display());
            self.git(&[
                "-c",
                "protocol.file.allow=always",
                "-c",
                &from,
                "submodule",
                "--quiet",
                "update",
                "--init",
                "--force",
                "--",
                path,
            ])?;
        }
        Ok(())
    }

    fn git(&self, args: &[&str]) -> Result<String, GitError> {
        let no_hooks = format!("core.hooksPath={}", self.private("no-hooks").display());
        let mut command = Command::new("git");
        command
            .args(["-c", &no_hooks, "-c", "advice.detachedHead=false"])
            .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        run(command, args.first().copied().unwrap_or_default())
    }
}

/// Runs the git command in a folder of the user and gives what it prints. For questions only.
pub(super) fn ask<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Result<String, GitError> {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).stdin(Stdio::null());
    run(command, "rev-parse")
}

fn run(mut command: Command, what: &str) -> Result<String, GitError> {
    for name in LOCAL {
        command.env_remove(name);
    }
    let done = command.output().map_err(|e| {
        GitError::Other(format!(
            "the git command cannot be started ({e}): install git"
        ))
    })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    Err(GitError::Other(format!(
        "`git {what}` failed ({}): {}",
        done.status,
        said.join("; ")
    )))
}

fn write(path: &Path, text: &str) -> Result<(), GitError> {
    std::fs::write(path, text).map_err(|e| at(path, &e))
}

fn at(path: &Path, error: &std::io::Error) -> GitError {
    GitError::Other(format!("{}: {error}", path.display()))
}

/// A line of `alternates`: git reads a path in double quotes as a C string.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.starts_with('"') || text.starts_with('#') || text.contains(['\n', '\\']) {
        let escaped = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        format!("\"{escaped}\"\n")
    } else {
        format!("{text}\n")
    }
}
