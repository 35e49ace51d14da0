//! A bare remote and any number of machines with databases of their own.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

use plimsoll::model::{
    Commit, CommitId, Direction, Environment, Measurement, Run, RunId, Samples, Source, Unit,
};
use plimsoll::store::{NewRun, Store};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const BRANCH: &str = "refs/heads/plimsoll-data";

/// A folder with a bare repository `remote.git` in it.
pub struct Scene {
    pub folder: tempfile::TempDir,
    pub sha256: bool,
}

/// A clone with a database.
pub struct Machine {
    pub folder: PathBuf,
    home: PathBuf,
}

pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

fn command(program: &str, folder: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear();
    for name in ["PATH", "SystemRoot", "TEMP", "TMP"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let date = "2026-10-01T10:00:00Z";
    command
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ann")
        .env("GIT_AUTHOR_EMAIL", "ann@example.invalid")
        .env("GIT_COMMITTER_NAME", "Ann")
        .env("GIT_COMMITTER_EMAIL", "ann@example.invalid")
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_COMMITTER_DATE", date);
    command
}

fn text_of(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Scene {
    pub fn new() -> Self {
        Self::with(false)
    }

    pub fn with(sha256: bool) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
            sha256,
        };
        let format = if sha256 { "sha256" } else { "sha1" };
        scene.git(
            scene.folder.path(),
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                &format!("--object-format={format}"),
                "remote.git",
            ],
        );
        scene
    }

    pub fn remote(&self) -> PathBuf {
        self.folder.path().join("remote.git")
    }

    pub fn git(&self, folder: &Path, args: &[&str]) -> String {
        let mut git = command("git", folder, self.folder.path());
        text_of(&git.args(args).output().unwrap())
    }

    /// Git in the remote.
    pub fn at_remote(&self, args: &[&str]) -> String {
        self.git(&self.remote(), args)
    }

    /// A new repository whose `origin` is the remote, with one commit.
    pub fn machine(&self, name: &str) -> Machine {
        let folder = self.folder.path().join(name);
        let format = if self.sha256 { "sha256" } else { "sha1" };
        let object_format = format!("--object-format={format}");
        self.git(
            self.folder.path(),
            &[
                "init",
                "--quiet",
                "--initial-branch=main",
                &object_format,
                name,
            ],
        );
        let url = format!("file://{}", self.remote().display());
        self.git(&folder, &["remote", "add", "origin", &url]);
        self.git(
            &folder,
            &["commit", "--quiet", "--allow-empty", "--message=Start"],
        );
        self.at(folder)
    }

    pub fn at(&self, folder: PathBuf) -> Machine {
        Machine {
            folder,
            home: self.folder.path().to_owned(),
        }
    }

    pub fn hook(&self, name: &str, script: &str) {
        let path = self.remote().join("hooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, script).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    pub fn references(&self) -> String {
        self.at_remote(&["for-each-ref", "--format=%(refname)"])
    }

    /// The short digests of all files of the branch and the parked references.
    pub fn digests(&self) -> BTreeSet<String> {
        self.references()
            .lines()
            .filter(|name| *name == BRANCH || name.starts_with("refs/plimsoll/"))
            .flat_map(|name| {
                self.at_remote(&["ls-tree", "-r", "--name-only", name])
                    .lines()
                    .filter_map(|path| {
                        let (_, digest) = path.strip_suffix(".json")?.rsplit_once('-')?;
                        Some(digest.to_owned())
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

/// A run that is like no other: `seed` is in its source and in its values.
pub fn run(commit: &str, seed: u64, metrics: usize, samples: usize) -> Run {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let measurements = (0..metrics)
        .map(|i| {
            let values = (0..samples)
                .map(|_| 1e5 * (i + 1) as f64 * (1.0 + 0.02 * chance()))
                .collect();
            let samples = Samples {
                values,
                iterations: None,
            };
            Measurement::from_samples(
                format!("group/benchmark-{i}"),
                "time",
                Unit::Nanoseconds,
                Some(Direction::Lower),
                samples,
            )
            .unwrap()
        })
        .collect();
    Run {
        schema: 1,
        commit: CommitId::new(commit).unwrap(),
        environment: Environment {
            label: "ci".into(),
            facts: [("cpu".to_owned(), "EPYC 7763".to_owned())].into(),
        },
        suite: String::new(),
        part: String::new(),
        dirty: false,
        source: Source {
            digest: format!("{seed:064x}"),
            started: None,
            attempt: 0,
        },
        measurements,
        failures: Vec::new(),
    }
}

pub fn short(id: RunId) -> String {
    format!("{:016x}", id.short())
}

impl Machine {
    pub fn git(&self, args: &[&str]) -> String {
        let mut git = command("git", &self.folder, &self.home);
        text_of(&git.args(args).output().unwrap())
    }

    pub fn db(&self) -> PathBuf {
        let common = self.git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        Path::new(&common).join("plimsoll").join("history.db")
    }

    pub fn store(&self) -> Store {
        Store::open(&self.db()).unwrap()
    }

    pub fn head(&self) -> Commit {
        plimsoll::git::Git::discover(&self.folder)
            .and_then(|git| git.commit(&git.head()?))
            .unwrap()
    }

    /// Stores a small run of HEAD; returns the digest as it is in file names.
    pub fn add(&self, seed: u64) -> String {
        let commit = self.head();
        self.add_at(seed, &commit)
    }

    pub fn add_at(&self, seed: u64, commit: &Commit) -> String {
        let run = run(commit.id.as_str(), seed, 2, 3);
        let new = NewRun {
            run: &run,
            commit: Some(commit),
        };
        self.store().append(&[new], now()).unwrap();
        short(run.id().unwrap())
    }

    pub fn digests(&self) -> BTreeSet<String> {
        let all = self.store().digests().unwrap();
        all.into_iter().map(|(id, _)| short(id)).collect()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_plimsoll"), &self.folder, &self.home);
        command.args(args);
        command
    }

    pub fn plimsoll(&self, args: &[&str]) -> Said {
        self.plimsoll_with(args, &[])
    }

    pub fn plimsoll_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Said {
        let output = self
            .command(args)
            .envs(vars.iter().copied())
            .output()
            .unwrap();
        self.said(&output)
    }

    pub fn said(&self, output: &Output) -> Said {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let real = self.home.canonicalize().unwrap();
            text.replace(&*real.to_string_lossy(), "[SCENE]")
                .replace(&*self.home.to_string_lossy(), "[SCENE]")
        };
        Said {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A sync that answers 0, as JSON.
    pub fn sync(&self) -> serde_json::Value {
        self.sync_with(&[])
    }

    pub fn sync_with(&self, more: &[&str]) -> serde_json::Value {
        let mut args = vec!["sync", "--format", "json"];
        args.extend(more);
        let said = self.plimsoll(&args);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        serde_json::from_str(&said.out).unwrap()
    }

    /// Everything of the user's repository that a sync must leave alone.
    pub fn fingerprint(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all = Vec::new();
        let common = self.git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        collect(&self.folder, Path::new(&common), &mut all);
        if !Path::new(&common).starts_with(&self.folder) {
            collect(Path::new(&common), Path::new(&common), &mut all);
        }
        all.sort();
        all
    }
}

fn collect(folder: &Path, common: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path == common.join("plimsoll") {
            continue;
        }
        if path.is_dir() {
            collect(&path, common, all);
        } else {
            all.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
}

pub fn now() -> jiff::Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}
