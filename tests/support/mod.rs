//! Scripted repositories and a plimsoll that sees nothing of the machine's environment.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Relative noise that looks like noise and is the same everywhere.
const NOISE: [f64; 11] = [0.4, -0.8, 0.9, -0.3, 0.1, -1.1, 0.7, 0.3, -0.6, 0.8, -0.5];

pub struct Project {
    folder: tempfile::TempDir,
    commits: usize,
    results: usize,
}

pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Project {
    pub fn new() -> Self {
        Self::with_git(&["init", "--quiet", "--initial-branch=main"])
    }

    /// A project whose repository is made by this call of git.
    pub fn with_git(init: &[&str]) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
            commits: 0,
            results: 0,
        };
        project.git(init);
        std::fs::write(project.path(".gitignore"), "results\n").unwrap();
        project
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn git(&self, args: &[&str]) -> String {
        let out = self.command("git").args(args).output().unwrap();
        assert!(
            out.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).env_clear();
        for name in ["PATH", "SystemRoot", "TEMP", "TMP"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let date = format!(
            "2026-10-{:02}T{:02}:00:00Z",
            1 + self.commits / 20,
            self.commits % 20
        );
        command
            .env("HOME", self.root())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ann")
            .env("GIT_AUTHOR_EMAIL", "ann@example.invalid")
            .env("GIT_COMMITTER_NAME", "Ann")
            .env("GIT_COMMITTER_EMAIL", "ann@example.invalid")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        command
    }

    /// Commits everything; returns the commit's id.
    pub fn commit(&mut self, subject: &str) -> String {
        self.commits += 1;
        self.write("src.txt", &format!("{} {subject}\n", self.commits));
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", subject]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn plimsoll(&self, args: &[&str]) -> Said {
        self.plimsoll_with(args, &[])
    }

    pub fn plimsoll_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(args).envs(vars.iter().copied());
        self.said(&command.output().unwrap())
    }

    /// Runs any program in any folder, with plimsoll in its path.
    pub fn run_in(
        &self,
        folder: &Path,
        program: &str,
        args: &[&str],
        vars: &[(&str, &str)],
    ) -> Said {
        let mut command = self.command(program);
        let own = Path::new(env!("CARGO_BIN_EXE_plimsoll")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(own.to_owned()).chain(std::env::split_paths(&path));
        command
            .env("PATH", std::env::join_paths(all).unwrap())
            .current_dir(folder)
            .args(args)
            .envs(vars.iter().copied());
        self.said(&command.output().unwrap())
    }

    fn said(&self, output: &Output) -> Said {
        let text = |bytes: &[u8]| redact(&String::from_utf8_lossy(bytes), self.root());
        Said {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// hyperfine's JSON with ten times around `ms`.
    pub fn hyperfine(&mut self, benchmarks: &[(&str, f64)]) -> PathBuf {
        self.results += 1;
        let run = self.results;
        let results: Vec<_> = benchmarks
            .iter()
            .map(|(name, ms)| {
                let centre = ms / 1e3 * (1.0 + 0.01 * NOISE[(run * 3 + name.len()) % NOISE.len()]);
                let times: Vec<f64> =
                    (0..10).map(|i| centre * (1.0 + 0.002 * NOISE[(i + run) % NOISE.len()])).collect();
                let mean = times.iter().sum::<f64>() / 10.0;
                serde_json::json!({
                    "command": name, "mean": mean, "stddev": 0.001, "median": mean,
                    "user": mean * 0.9, "system": mean * 0.05, "min": mean * 0.99, "max": mean * 1.01,
                    "times": times, "exit_codes": vec![0; 10]
                })
            })
            .collect();
        let text = serde_json::json!({ "results": results }).to_string();
        self.write(&format!("results/{run}.json"), &text)
    }

    /// Records one run of the present commit.
    pub fn record(&mut self, benchmarks: &[(&str, f64)]) {
        let file = self.hyperfine(benchmarks);
        let said = self.plimsoll(&["record", "--env", "ci", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{}", said.err);
    }

    /// So many commits with one run each.
    pub fn history(&mut self, n: usize, benchmarks: &[(&str, f64)]) {
        for i in 0..n {
            self.commit(&format!("Change {i}"));
            self.record(benchmarks);
        }
    }

    pub fn budget(&self, name: &str, limits: &str) {
        self.write(
            &format!("budgets/{name}.toml"),
            &format!(
                "schema = 1\n[feature]\nname = \"{name}\"\nowner = \"@acme/{name}\"\n{limits}"
            ),
        );
    }

    /// How many runs the store holds.
    pub fn stored_runs(&self) -> usize {
        let path = self.path(".git/plimsoll/history.db");
        if !path.exists() {
            return 0;
        }
        plimsoll::store::Store::open_existing(&path)
            .unwrap()
            .runs()
            .unwrap()
            .len()
    }
}

/// A limit on the time of `parse`: 125 ms, +5 % a change.
pub const PARSE: &str = r#"
[[limit]]
id = "time"
select = { benchmark = "parse" }
max = "125ms"
regress = { vs = "base", limit = "+5%" }
"#;

/// Takes out what differs from machine to machine: folder, CPU model, wall time.
fn redact(text: &str, root: &Path) -> String {
    let real = root.canonicalize().unwrap();
    let text = text
        .replace(&*real.to_string_lossy(), "[ROOT]")
        .replace(&*root.to_string_lossy(), "[ROOT]");
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let line = match (
            line.find("env ci / "),
            line.find(" · 1 budget").or(line.find(" · 2 budgets")),
        ) {
            (Some(a), Some(b)) if a < b => format!("{}env ci{}", &line[..a], &line[b..]),
            _ => line.to_owned(),
        };
        let line = match line.split_once("`ci / ") {
            Some((before, rest)) => match rest.split_once('`') {
                Some((_, after)) => format!("{before}`ci`{after}"),
                None => line,
            },
            None => line,
        };
        let line = match (line.find(" series, "), line.find(" s\n")) {
            (Some(a), Some(b)) if line.starts_with("plimsoll check") && a < b => {
                format!("{} series, [TIME]{}", &line[..a], &line[b..])
            }
            _ => line,
        };
        out.push_str(&line);
    }
    out
}

/// Every file of a project, git's own included, with its content; all but what is plimsoll's own.
pub fn picture(project: &Project) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut todo = vec![project.root().to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.ends_with(".git/plimsoll") {
                continue;
            }
            let content = match entry.file_type().unwrap() {
                kind if kind.is_dir() => {
                    todo.push(path.clone());
                    b"folder".to_vec()
                }
                kind if kind.is_file() => std::fs::read(&path).unwrap(),
                _ => b"link".to_vec(),
            };
            found.insert(path, content);
        }
    }
    found
}

/// A field of JSON by a path such as `limits/0/verdict`.
pub fn at<'v>(json: &'v serde_json::Value, path: &str) -> &'v serde_json::Value {
    json.pointer(&format!("/{path}"))
        .unwrap_or_else(|| panic!("no {path} in {json:#}"))
}
