//! A mini runner: what a hosted runner gives to the steps of action.yml, and nothing more.

use crate::github_support::server::Server;
use crate::github_support::{BOT, Fake, pull};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A remote with history, a GitHub, and jobs that come and go.
pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) fake: Fake,
    pub(crate) server: Server,
    pub(crate) run: u64,
}

/// What a job left behind.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) log: String,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) summary: String,
    /// Annotations, as the runner would have taken them.
    pub(crate) commands: Vec<String>,
    pub(crate) temp: PathBuf,
}

pub(crate) const BUDGET: &str = "schema = 1\n[feature]\nname = \"shop\"\nowner = \"@acme/pay\"\n\n[[limit]]\nid = \"time\"\nselect = { benchmark = \"checkout\" }\nmax = \"140ms\"\nregress = { limit = \"+5%\" }\n";

/// hyperfine's JSON around what speed.txt says, with noise that counts on from run to run.
const BENCH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
n="$(cat "$COUNTER" 2>/dev/null || echo 0)"
echo $((n + 1)) > "$COUNTER"
echo '::error::a benchmark that prints commands' >&2
awk -v ms="$(cat speed.txt)" -v n="$n" 'BEGIN {
  split("4 -8 9 -3 1 -11 7 3 -6 8 -5", noise, " ")
  centre = ms / 1000 * (1 + noise[n % 11 + 1] / 1000)
  times = ""
  for (i = 0; i < 10; i++) times = times (i ? "," : "") sprintf("%.9f", centre * (1 + noise[(i + n) % 11 + 1] / 5000))
  printf "{\"results\":[{\"command\":\"checkout\",\"mean\":%.9f,\"stddev\":0.001,\"median\":%.9f,\"user\":0.1,\"system\":0.01,\"min\":%.9f,\"max\":%.9f,\"times\":[%s],\"exit_codes\":[0,0,0,0,0,0,0,0,0,0]}]}\n", centre, centre, centre * 0.99, centre * 1.01, times
}'
"#;

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::new("");
        let server = Server::start(&fake);
        let mut scene = Self {
            folder,
            fake,
            server,
            run: 0,
        };
        scene.git(
            scene.folder.path(),
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch=main",
                "remote.git",
            ],
        );
        scene.git(
            scene.folder.path(),
            &["clone", "--quiet", "remote.git", "author"],
        );
        scene.write("bench.sh", BENCH);
        scene.write("budgets/shop.toml", BUDGET);
        scene.commit("Start", "100");
        for i in 0..7 {
            scene.push(&format!("Change {i}"));
        }
        scene
    }

    pub(crate) fn author(&self) -> PathBuf {
        self.folder.path().join("author")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.author().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    pub(crate) fn git(&self, folder: &Path, args: &[&str]) -> String {
        let out = clean("git", folder)
            .args(args)
            .env("HOME", self.folder.path())
            .env(
                "GIT_AUTHOR_DATE",
                format!("2026-10-01T{:02}:{:02}:00Z", self.run / 60, self.run % 60),
            )
            .env(
                "GIT_COMMITTER_DATE",
                format!("2026-10-01T{:02}:{:02}:00Z", self.run / 60, self.run % 60),
            )
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn commit(&mut self, subject: &str, speed: &str) -> String {
        self.run += 1;
        self.write("speed.txt", speed);
        self.write("notes.txt", &format!("{subject} {}", self.run));
        self.git(&self.author(), &["add", "--all"]);
        self.git(&self.author(), &["commit", "--quiet", "--message", subject]);
        self.git(
            &self.author(),
            &["push", "--quiet", "--force", "origin", "HEAD"],
        );
        self.git(&self.author(), &["rev-parse", "HEAD"])
    }

    /// A fresh clone at a ref of the remote, as actions/checkout leaves it.
    pub(crate) fn checkout(&self, reference: &str, depth: &str) -> PathBuf {
        let work = self.folder.path().join(format!("work-{}", self.run));
        let remote = format!("file://{}", self.folder.path().join("remote.git").display());
        std::fs::create_dir_all(&work).unwrap();
        self.git(&work, &["init", "--quiet", "--initial-branch=main"]);
        self.git(&work, &["remote", "add", "origin", &remote]);
        let local = reference
            .replace("refs/heads/", "refs/remotes/origin/")
            .replace("refs/pull/", "refs/remotes/pull/");
        let spec = format!("+{reference}:{local}");
        let mut fetch = vec!["fetch", "--quiet", "--no-tags"];
        if depth != "0" {
            fetch.extend(["--depth", depth]);
        }
        fetch.extend(["origin", &spec]);
        self.git(&work, &fetch);
        if reference == "refs/heads/main" {
            self.git(
                &work,
                &["checkout", "--quiet", "--force", "-B", "main", &local],
            );
        } else {
            self.git(
                &work,
                &["checkout", "--quiet", "--force", "--detach", &local],
            );
        }
        work
    }

    /// A push to main, measured.
    pub(crate) fn push(&mut self, subject: &str) -> Done {
        let head = self.commit(subject, &self.speed());
        let work = self.checkout("refs/heads/main", "1");
        let event = json!({ "ref": "refs/heads/main", "deleted": false, "repository": { "id": 1, "default_branch": "main" } });
        self.job(
            &work,
            "push",
            &event,
            &head,
            &[("run", "./bench.sh"), ("runs", "1")],
        )
    }

    pub(crate) fn speed(&self) -> String {
        std::fs::read_to_string(self.author().join("speed.txt")).unwrap()
    }

    /// A branch with one commit, and what GitHub merges it into.
    pub(crate) fn branch(&mut self, name: &str, speed: &str, change: &[(&str, &str)]) -> String {
        let author = self.author();
        self.git(
            &author,
            &["switch", "--quiet", "--force-create", name, "origin/main"],
        );
        for (file, text) in change {
            self.write(file, text);
        }
        let head = self.commit(name, speed);
        self.git(&author, &["fetch", "--quiet", "origin"]);
        self.git(&author, &["switch", "--quiet", "--detach", "origin/main"]);
        self.git(
            &author,
            &["merge", "--quiet", "--no-ff", "--message", "Merge", &head],
        );
        self.git(
            &author,
            &[
                "push",
                "--quiet",
                "--force",
                "origin",
                "HEAD:refs/pull/42/merge",
            ],
        );
        self.git(&author, &["switch", "--quiet", "--force", "main"]);
        head
    }

    /// A pull request of that branch, measured; `repository` 1 is ours, others are forks.
    pub(crate) fn pull(
        &mut self,
        name: &str,
        head: &str,
        repository: u64,
        inputs: &[(&str, &str)],
    ) -> Done {
        self.fake.0.lock().unwrap().pulls = vec![pull(42, head, Some(repository), name)];
        let work = self.checkout("refs/pull/42/merge", "2");
        let merge = self.git(&work, &["rev-parse", "HEAD"]);
        let event = json!({
            "repository": { "id": 1, "default_branch": "main" },
            "pull_request": pull(42, head, Some(repository), name)
        });
        let mut with = vec![("run", "./bench.sh")];
        with.extend(inputs);
        self.job(&work, "pull_request", &event, &merge, &with)
    }

    /// Runs the action's steps in a folder.
    pub(crate) fn job(
        &mut self,
        work: &Path,
        event: &str,
        payload: &Value,
        sha: &str,
        with: &[(&str, &str)],
    ) -> Done {
        self.run += 1;
        let temp = self.folder.path().join(format!("temp-{}", self.run));
        std::fs::create_dir_all(&temp).unwrap();
        let event_file = temp.join("event.json");
        std::fs::write(&event_file, payload.to_string()).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let action: Value =
            serde_saphyr::from_str(&std::fs::read_to_string(root.join("action.yml")).unwrap())
                .unwrap();
        let mut scope = BTreeMap::from([
            ("github.token".to_owned(), "ghs_test".to_owned()),
            ("github.action_ref".to_owned(), "main".to_owned()),
            (
                "github.action_repository".to_owned(),
                "acme/plimsoll".to_owned(),
            ),
            (
                "github.server_url".to_owned(),
                "https://github.com".to_owned(),
            ),
        ]);
        for (name, input) in action["inputs"].as_object().unwrap() {
            let value = input["default"].as_str().unwrap_or_default();
            scope.insert(format!("inputs.{name}"), evaluate(value, &scope));
        }
        scope.insert(
            "inputs.binary-path".to_owned(),
            env!("CARGO_BIN_EXE_plimsoll").to_owned(),
        );
        for (name, value) in with {
            let key = format!("inputs.{name}");
            assert!(scope.contains_key(&key), "the action has no input {name}");
            scope.insert(key, (*value).to_owned());
        }
        let mut done = Done {
            code: 0,
            log: String::new(),
            outputs: BTreeMap::new(),
            summary: String::new(),
            commands: Vec::new(),
            temp: temp.clone(),
        };
        let summary = temp.join("summary.md");
        for (index, step) in action["runs"]["steps"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            assert_eq!(step["shell"], "bash");
            let script = temp.join(format!("step-{index}.sh"));
            std::fs::write(&script, step["run"].as_str().unwrap()).unwrap();
            let output = temp.join(format!("output-{index}"));
            std::fs::write(&output, "").unwrap();
            let folder = match step["working-directory"].as_str() {
                Some(folder) => work.join(evaluate(folder, &scope)),
                None => work.to_owned(),
            };
            let mut command = clean("bash", &folder);
            command
                .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
                .arg(&script)
                .env("HOME", self.folder.path())
                .env("COUNTER", self.folder.path().join("counter"))
                .env("CI", "true")
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_ACTION_PATH", root)
                .env("GITHUB_API_URL", &self.server.url)
                .env("GITHUB_SERVER_URL", "https://github.com")
                .env("GITHUB_REPOSITORY", "acme/shop")
                .env("GITHUB_REPOSITORY_ID", "1")
                .env("GITHUB_EVENT_NAME", event)
                .env("GITHUB_EVENT_PATH", &event_file)
                .env("GITHUB_SHA", sha)
                .env("GITHUB_RUN_ID", (9_000 + self.run).to_string())
                .env("GITHUB_RUN_NUMBER", self.run.to_string())
                .env("GITHUB_RUN_ATTEMPT", "1")
                .env("GITHUB_OUTPUT", &output)
                .env("GITHUB_STEP_SUMMARY", &summary)
                .env("RUNNER_TEMP", &temp)
                .env("RUNNER_OS", "Linux")
                .env("RUNNER_ARCH", "X64")
                .env("ImageOS", "ubuntu24");
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                command.env(name, evaluate(value.as_str().unwrap(), &scope));
            }
            let out = command.output().unwrap();
            let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
            done.commands.extend(taken(&stdout));
            done.log.push_str(&stdout);
            done.log.push_str(&String::from_utf8_lossy(&out.stderr));
            let id = step["id"].as_str().unwrap_or_default();
            for (name, value) in parse_outputs(&std::fs::read_to_string(&output).unwrap()) {
                scope.insert(format!("steps.{id}.outputs.{name}"), value);
            }
            done.code = out.status.code().unwrap();
            if done.code != 0 {
                break;
            }
        }
        done.summary = std::fs::read_to_string(&summary).unwrap_or_default();
        for (name, output) in action["outputs"].as_object().unwrap() {
            let value = evaluate(output["value"].as_str().unwrap(), &scope);
            done.outputs.insert(name.clone(), value);
        }
        done
    }

    pub(crate) fn comment(&self) -> String {
        match self.fake.texts(BOT).as_slice() {
            [one] => one.clone(),
            other => panic!("{} comments stand", other.len()),
        }
    }

    pub(crate) fn last_check(&self) -> Value {
        self.fake
            .0
            .lock()
            .unwrap()
            .checks
            .values()
            .last()
            .unwrap()
            .clone()
    }
}

/// A program that sees nothing of this machine.
fn clean(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ann")
        .env("GIT_AUTHOR_EMAIL", "ann@example.invalid")
        .env("GIT_COMMITTER_NAME", "Ann")
        .env("GIT_COMMITTER_EMAIL", "ann@example.invalid");
    command
}

/// `${{ name }}` and nothing more: anything else in action.yml fails the test.
fn evaluate(text: &str, scope: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").unwrap();
        let name = name.trim();
        let known = ["inputs.", "github.", "steps."]
            .iter()
            .any(|context| name.starts_with(context));
        assert!(
            known && !name.contains(' '),
            "the mini runner does not know `{name}`"
        );
        out.push_str(before);
        out.push_str(scope.get(name).map_or("", String::as_str));
        rest = after;
    }
    out + rest
}

/// The commands that a runner takes from a log: none between `::stop-commands::word` and `::word::`.
fn taken(log: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut stopped: Option<String> = None;
    for line in log.lines().map(str::trim_start) {
        if let Some(word) = &stopped {
            if line == format!("::{word}::") {
                stopped = None;
            }
        } else if let Some(word) = line.strip_prefix("::stop-commands::") {
            stopped = Some(word.to_owned());
        } else if line.starts_with("::") && !line.starts_with("::group::") && line != "::endgroup::"
        {
            commands.push(line.to_owned());
        }
    }
    assert_eq!(stopped, None, "commands are taken again in the end");
    commands
}

fn parse_outputs(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some((name, word)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != word).collect();
            found.insert(name.to_owned(), value.join("\n"));
        } else if let Some((name, value)) = line.split_once('=') {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}
