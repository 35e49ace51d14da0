//! Where builds are made and kept: two slots, reused from one comparison to the next.

use super::bench::job;
use super::{Commands, LabError, Program, Progress, Runner, Watch};
use crate::git::{Git, Slot};
use crate::model::CommitId;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Two slots under one folder, held by one process at a time.
pub struct Workshop {
    slots: [Slot; 2],
    _lock: File,
}

/// A commit that stands built in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The slot's folder.
    pub folder: PathBuf,
    /// It stood there from an earlier time: nothing was built.
    pub cached: bool,
}

/// Names of the slots: of one length, so that the paths that end up in programs and environments
/// do not make one build larger than the other.
const NAMES: [&str; 2] = ["a", "b"];
/// What a slot's last build was made from.
const STAMP: &str = "plimsoll-built";

impl Workshop {
    /// Takes the slots under `folder`, which is plimsoll's own.
    ///
    /// # Errors
    /// [`LabError::Busy`] where another process holds them.
    pub fn open(git: &Git, folder: &Path) -> Result<Self, LabError> {
        let trouble = |reason| LabError::Folder {
            path: folder.to_owned(),
            reason,
        };
        std::fs::create_dir_all(folder).map_err(trouble)?;
        let lock = File::create(folder.join("lock")).map_err(trouble)?;
        lock.try_lock().map_err(|e| match e {
            std::fs::TryLockError::WouldBlock => LabError::Busy,
            std::fs::TryLockError::Error(reason) => trouble(reason),
        })?;
        let slot = |name| Slot::open(git, &folder.join(name));
        Ok(Self {
            slots: [slot(NAMES[0])?, slot(NAMES[1])?],
            _lock: lock,
        })
    }

    /// Builds base and head, each in a slot. A slot that holds one of them already keeps it; the
    /// head of the last push is often the base of the next.
    ///
    /// # Errors
    /// Where a commit cannot be checked out or does not build, or `most` is over.
    pub fn build_both(
        &self,
        git: &Git,
        commits: [&CommitId; 2],
        commands: &Commands,
        making: &mut Making<'_>,
    ) -> Result<[Built; 2], LabError> {
        let [base, head] = commits;
        let stamps = [stamp(git, base, commands)?, stamp(git, head, commands)?];
        let held: Vec<String> = self.slots.iter().map(|slot| read(slot, STAMP)).collect();
        let swapped = held[1] == stamps[0] || held[0] == stamps[1];
        let straight = held[0] == stamps[0] || held[1] == stamps[1];
        let order = if swapped && !straight { [1, 0] } else { [0, 1] };
        let built = |at: usize, making: &mut Making<'_>| {
            let what = format!("the {} {}", ["base", "head"][at], commits[at].short());
            let slot = &self.slots[order[at]];
            build(git, slot, commits[at], &stamps[at], commands, &what, making)
        };
        Ok([built(0, making)?, built(1, making)?])
    }

    /// Builds one commit in the slot of that number, 0 or 1.
    ///
    /// # Errors
    /// As [`Workshop::build_both`].
    pub fn build_one(
        &self,
        git: &Git,
        slot: usize,
        commit: &CommitId,
        commands: &Commands,
        making: &mut Making<'_>,
    ) -> Result<Built, LabError> {
        let what = format!("commit {}", commit.short());
        let stamp = stamp(git, commit, commands)?;
        let slot = &self.slots[slot.min(1)];
        build(git, slot, commit, &stamp, commands, &what, making)
    }

    /// Which of these commits stand built already.
    ///
    /// # Errors
    /// Where a commit does not exist.
    pub fn holds(
        &self,
        git: &Git,
        commit: &CommitId,
        commands: &Commands,
    ) -> Result<bool, LabError> {
        let wanted = stamp(git, commit, commands)?;
        Ok(self.slots.iter().any(|slot| read(slot, STAMP) == wanted))
    }
}

/// Who builds, and who watches.
pub struct Making<'a> {
    /// Starts the programs.
    pub runner: &'a dyn Runner,
    /// Is told what is going on.
    pub watch: &'a mut dyn Watch,
    /// Time left for each program that is started; `None` for as long as it takes.
    pub left: &'a dyn Fn() -> Option<Duration>,
}

/// Everything that a build depends on: tree and commands.
fn stamp(git: &Git, commit: &CommitId, commands: &Commands) -> Result<String, LabError> {
    let shown =
        |program: &Option<Program>| program.as_ref().map_or_else(String::new, Program::shown);
    let tree = git.tree_of(commit)?;
    let all = format!(
        "1\n{tree}\n{}\n{}\n{}\n",
        shown(&commands.setup),
        shown(&commands.build),
        commands.inside.display()
    );
    let digest = Sha256::digest(all.as_bytes());
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn read(slot: &Slot, name: &str) -> String {
    std::fs::read_to_string(slot.private(name)).unwrap_or_default()
}

fn write(slot: &Slot, name: &str, text: &str) -> Result<(), LabError> {
    let path = slot.private(name);
    std::fs::write(&path, text).map_err(|reason| LabError::Folder { path, reason })
}

fn build(
    git: &Git,
    slot: &Slot,
    commit: &CommitId,
    stamp: &str,
    commands: &Commands,
    what: &str,
    making: &mut Making<'_>,
) -> Result<Built, LabError> {
    let folder = slot.folder().to_owned();
    if read(slot, STAMP) == stamp {
        return Ok(Built {
            folder,
            cached: true,
        });
    }
    making
        .watch
        .see(Progress::Stage(format!("building {what}")));
    // Removed first: a build that breaks off must not look like one that is done.
    write(slot, STAMP, "")?;
    slot.check_out(git, commit)?;
    if let Some(setup) = &commands.setup {
        step(
            setup,
            &folder,
            commands,
            &format!("the setup of {what}"),
            making,
        )?;
    }
    if let Some(program) = &commands.build {
        step(
            program,
            &folder,
            commands,
            &format!("the build of {what}"),
            making,
        )?;
    }
    write(slot, STAMP, stamp)?;
    Ok(Built {
        folder,
        cached: false,
    })
}

fn step(
    program: &Program,
    slot: &Path,
    commands: &Commands,
    what: &str,
    making: &Making<'_>,
) -> Result<(), LabError> {
    let mut job = job(program, slot, &commands.inside);
    job.most = (making.left)();
    let done = making.runner.run(&job)?;
    if done.success {
        return Ok(());
    }
    let mut said = String::from_utf8_lossy(&done.printed).into_owned();
    said.push_str(&done.complained);
    Err(LabError::Failed {
        what: what.to_owned(),
        command: program.shown(),
        status: done.status,
        complained: said,
    })
}
