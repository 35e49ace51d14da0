//! The git command, for what libgit2 cannot do: the network with every credential that git knows,
//! partial fetches.
//!
//! A child sees nothing of a hook's environment (`GIT_DIR` and its like), asks nobody for a
//! password, and answers in English. Secrets travel by environment alone.

use super::GitError;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Variables by which git hands a repository to the programs it starts, hooks above all: a child
/// that works elsewhere must not see them. What git calls its local environment (`git rev-parse
/// --local-env-vars`), but for the settings, which may hold credentials.
pub const LOCAL: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings that hold for every call: no hooks of the user, nothing in the background, nothing
/// pushed but what is named.
const ALWAYS: &[&str] = &[
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "gc.autoDetach=false",
    "-c",
    "maintenance.autoDetach=false",
    "-c",
    "push.followTags=false",
    "-c",
    "push.recurseSubmodules=no",
    "-c",
    "fetch.recurseSubmodules=false",
];

/// The repository is this folder and no other: a damaged one must not let git look further up, where
/// the user's own repository is.
pub(super) const HERE: &[&str] = &["--git-dir=."];

/// Settings for a child, by environment.
#[derive(Clone, Default)]
pub(super) struct Settings {
    /// Pairs of key and value.
    pub(super) pairs: Vec<(String, String)>,
    /// How many there are in the environment already (`GIT_CONFIG_COUNT`).
    pub(super) inherited: usize,
}

/// What a child said.
pub(super) struct Said {
    pub(super) status: ExitStatus,
    pub(super) out: Vec<u8>,
    pub(super) err: String,
}

/// Runs git and takes everything it prints. `None`: it took longer than `limit` and was ended.
pub(super) fn run(
    directory: &Path,
    args: &[&str],
    settings: &Settings,
    limit: Duration,
) -> Result<Option<Said>, GitError> {
    let mut command = Command::new("git");
    command.args(ALWAYS).args(args).current_dir(directory);
    for name in LOCAL {
        command.env_remove(name);
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("LC_ALL", "C")
        .env("LANGUAGE", "C");
    for (i, (key, value)) in settings.pairs.iter().enumerate() {
        let i = settings.inherited + i;
        command
            .env(format!("GIT_CONFIG_KEY_{i}"), key)
            .env(format!("GIT_CONFIG_VALUE_{i}"), value);
    }
    let count = settings.inherited + settings.pairs.len();
    if count > 0 {
        command.env("GIT_CONFIG_COUNT", count.to_string());
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => GitError::NoCommand,
            _ => GitError::Other(format!("git cannot be started: {e}")),
        })?;
    let (done, waiting) = mpsc::channel();
    read_aside(child.stdout.take(), true, &done);
    read_aside(child.stderr.take(), false, &done);
    drop(done);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        match waiting.recv_timeout(limit) {
            Ok((true, bytes)) => out = bytes,
            Ok((false, bytes)) => err = bytes,
            Err(_) => {
                // What still holds the pipes ends when its parent is gone; nobody waits for it.
                let _ = child.kill();
                let _ = child.wait();
                return Ok(None);
            }
        }
    }
    let status = child
        .wait()
        .map_err(|e| GitError::Other(format!("git was lost: {e}")))?;
    Ok(Some(Said {
        status,
        out,
        err: String::from_utf8_lossy(&err).into_owned(),
    }))
}

fn read_aside<R: Read + Send + 'static>(
    pipe: Option<R>,
    out: bool,
    done: &mpsc::Sender<(bool, Vec<u8>)>,
) {
    let done = done.clone();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = done.send((out, bytes));
    });
}
