//! The outside world, read once: folder, environment variables, clock, machine.

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use plimsoll::git::Git;
use plimsoll::model::{Commit, CommitId, Environment};
use plimsoll::store::Cache;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a command runs.
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) vars: BTreeMap<String, String>,
    pub(crate) now: Timestamp,
    pub(crate) git: Option<Git>,
    db: Option<PathBuf>,
}

fn variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect()
}

impl World {
    /// `needs_git`: a repository that git itself refuses is a fault; else it is as if there were none.
    pub(crate) fn new(
        directory: Option<PathBuf>,
        db: Option<PathBuf>,
        needs_git: bool,
    ) -> Result<Self> {
        let folder = match directory {
            Some(folder) => folder,
            None => std::env::current_dir().context("the present folder cannot be read")?,
        };
        let vars = variables();
        let named = |name: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from)
        };
        let (git_dir, work_tree) = (named("GIT_DIR"), named("GIT_WORK_TREE"));
        let git = match Git::named(&folder, git_dir.as_deref(), work_tree.as_deref()) {
            Ok(git) => Some(git),
            Err(plimsoll::git::GitError::NotARepository(_)) => None,
            Err(_) if !needs_git => None,
            Err(e) => return Err(e.into()),
        };
        Ok(Self::with(folder, git, vars, db))
    }

    /// A folder of plimsoll's own with a repository in it, whatever git was told of another one.
    pub(crate) fn own(folder: PathBuf, now: Timestamp) -> Result<Self> {
        let git = Git::discover(&folder)?;
        let mut vars = variables();
        vars.retain(|name, _| !name.starts_with("GIT_"));
        Ok(Self::with(folder, Some(git), vars, None).at(now))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place where the clock is read"
    )]
    fn with(
        folder: PathBuf,
        git: Option<Git>,
        vars: BTreeMap<String, String>,
        db: Option<PathBuf>,
    ) -> Self {
        // An empty variable is an absent one.
        let db = db.filter(|path| !path.as_os_str().is_empty());
        Self {
            folder,
            vars,
            now: Timestamp::now(),
            git,
            db,
        }
    }

    /// The same place at another moment.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn repository(&self) -> Result<&Git> {
        match &self.git {
            Some(git) => Ok(git),
            None if self.db_path().exists() => bail!(
                "{} is not inside a git repository, and only git knows the order of commits: run this inside the repository with --db {}, or judge one commit by itself with `plimsoll check --commit ID`",
                self.folder.display(),
                self.db_path().display()
            ),
            None => bail!(plimsoll::git::GitError::NotARepository(self.folder.clone())),
        }
    }

    /// `--db`, else inside git's own folder, else `.plimsoll/` beside a `.gitignore` of its own.
    pub(crate) fn db_path(&self) -> PathBuf {
        match (&self.db, &self.git) {
            (Some(path), _) => path.clone(),
            (None, Some(git)) => git.common_dir().join("plimsoll").join("history.db"),
            (None, None) => self.folder.join(".plimsoll").join("history.db"),
        }
    }

    /// Somebody chose the database: one that is not there is a mistake.
    pub(crate) fn names_database(&self) -> bool {
        self.db.is_some()
    }

    /// What is kept beside the database to save work.
    pub(crate) fn cache(&self) -> Cache {
        Cache::beside(&self.db_path())
    }

    /// What tells this program from any other build of it.
    pub(crate) fn program() -> String {
        let built = std::env::current_exe().and_then(std::fs::metadata);
        let (size, modified) = built.map_or((0, None), |file| (file.len(), file.modified().ok()));
        let modified = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        format!("{} {size} {modified:?}", env!("CARGO_PKG_VERSION"))
    }

    /// Makes the folder of a database outside of a repository and keeps it out of any later one.
    pub(crate) fn prepare_db_folder(&self) -> Result<()> {
        if self.db.is_none() && self.git.is_none() {
            let folder = self.folder.join(".plimsoll");
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            let ignore = folder.join(".gitignore");
            std::fs::write(&ignore, "*\n")
                .with_context(|| format!("cannot write {}", ignore.display()))?;
        }
        Ok(())
    }

    /// Root of the work tree, else the present folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.git
            .as_ref()
            .and_then(Git::work_dir)
            .map_or_else(|| self.folder.clone(), Path::to_owned)
    }

    pub(crate) fn budgets_folder(&self, chosen: Option<&PathBuf>) -> PathBuf {
        chosen.map_or_else(
            || self.root().join("budgets"),
            |folder| self.folder.join(folder),
        )
    }

    /// A path as the user would write it, seen from the root of the project.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root()).unwrap_or(path).to_owned()
    }

    /// Label and facts of this machine.
    pub(crate) fn environment(&self, label: Option<&str>) -> Environment {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let image = self
            .var("ImageOS")
            .filter(|_| self.var("GITHUB_ACTIONS") == Some("true"));
        let label = match (label, image) {
            (Some(label), _) => label.to_owned(),
            (None, Some(image)) => format!("github-{image}-{arch}"),
            (None, None) => format!("{os}-{arch}"),
        };
        let mut facts = BTreeMap::from([
            ("os".to_owned(), os.to_owned()),
            ("arch".to_owned(), arch.to_owned()),
        ]);
        if let Ok(cores) = std::thread::available_parallelism() {
            facts.insert("cores".to_owned(), cores.to_string());
        }
        if let Some(cpu) = cpu_model(self) {
            facts.insert("cpu".to_owned(), cpu);
        }
        if let Some(image) = self.var("ImageVersion") {
            facts.insert("image".to_owned(), image.to_owned());
        }
        Environment { label, facts }
    }
}

/// The CPU's model without its clock speed, which changes from minute to minute.
fn cpu_model(world: &World) -> Option<String> {
    let raw = match std::env::consts::OS {
        "linux" => {
            let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
            let names = ["model name", "Model", "cpu model", "Hardware"];
            names.iter().find_map(|name| {
                let line = info
                    .lines()
                    .find(|line| line.split(':').next().map(str::trim) == Some(*name))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            })?
        }
        "macos" => {
            let asked = std::process::Command::new("sysctl")
                .args(["-n", "machdep.cpu.brand_string"])
                .output();
            String::from_utf8(asked.ok()?.stdout)
                .ok()?
                .trim()
                .to_owned()
        }
        _ => world.var("PROCESSOR_IDENTIFIER")?.to_owned(),
    };
    let model = raw
        .split(" @ ")
        .next()
        .unwrap_or(&raw)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    (!model.is_empty()).then_some(model)
}

/// The commit that a command is about.
pub(crate) struct Target {
    pub(crate) id: CommitId,
    /// What git knows of it; `None` for a commit that is not in this repository.
    pub(crate) commit: Option<Commit>,
    /// Tracked files differ from it.
    pub(crate) dirty: bool,
}

/// `--commit`, else HEAD.
pub(crate) fn target(world: &World, revision: Option<&str>) -> Result<Target> {
    let Some(git) = &world.git else {
        let Some(text) = revision else {
            bail!(
                "{} is not inside a git repository: say which commit was measured with --commit",
                world.folder.display()
            );
        };
        let id = CommitId::new(text).map_err(anyhow::Error::msg)?;
        return Ok(Target {
            id,
            commit: None,
            dirty: false,
        });
    };
    let head = git.head();
    let id = match revision {
        None => head?,
        Some(text) => match (git.resolve(text), CommitId::new(text)) {
            (Ok(id), _) | (Err(_), Ok(id)) => return at_commit(git, id),
            (Err(e), Err(_)) => return Err(e.into()),
        },
    };
    at_commit(git, id)
}

fn at_commit(git: &Git, id: CommitId) -> Result<Target> {
    let is_head = git.head().is_ok_and(|head| head == id);
    let dirty = is_head
        && git
            .is_dirty()
            .context("cannot tell whether tracked files differ from HEAD")?;
    Ok(Target {
        commit: git.commit(&id).ok(),
        id,
        dirty,
    })
}
