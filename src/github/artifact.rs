//! The second stage of a fork's pull request: what a stranger's job left behind, judged here.
//!
//! Nothing in an artifact is believed but numbers. Which pull request it belongs to is asked of
//! GitHub; what it may hold is bounded before it is read; whose budgets count is not its business.

use super::api::{Api, Pull};
use super::client::ApiError;
use super::context::{Context, Event, FinishedRun};
use crate::model::Run;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The most bytes of one artifact.
pub const BYTES: u64 = 16 * 1024 * 1024;
/// The most files and folders of one artifact.
pub const ENTRIES: usize = 2_000;
/// The most measurements of one run.
const MEASUREMENTS: usize = 200_000;
/// The longest name of anything, in bytes.
const NAME: usize = 16 * 1024;

/// Why an artifact is not judged.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not set off by a finished workflow.
    #[error("--from-artifact belongs into a workflow that runs on: workflow_run")]
    Event,
    /// The finished workflow was not one of a pull request.
    #[error("the finished run was set off by `{0}`, not by pull_request")]
    NotAPull(String),
    /// The run belongs elsewhere.
    #[error("the finished run belongs to repository {0}, not to this one")]
    Elsewhere(u64),
    /// Another workflow made it.
    #[error("the finished run is of `{found}`, expected `{expected}` (--expect-workflow)")]
    Workflow {
        /// The file that ran.
        found: String,
        /// The file that may.
        expected: String,
    },
    /// GitHub could not be asked.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The folder holds what no artifact of ours holds.
    #[error("the artifact is refused: {0}")]
    Content(String),
    /// The folder cannot be read.
    #[error("{}: {reason}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
}

/// The finished run, where it is one that may be judged: of a pull request, of this repository, of
/// the expected workflow.
///
/// # Errors
/// Which of these it is not.
pub fn trusted<'c>(context: &'c Context, workflow: &str) -> Result<&'c FinishedRun, Refusal> {
    let Event::WorkflowRun(run) = &context.event else {
        return Err(Refusal::Event);
    };
    if run.event != "pull_request" {
        return Err(Refusal::NotAPull(run.event.clone()));
    }
    if context.repository.id != Some(run.repository) {
        return Err(Refusal::Elsewhere(run.repository));
    }
    // GitHub may add the ref after an @.
    let found = run.path.split('@').next().unwrap_or_default();
    if found != workflow {
        return Err(Refusal::Workflow {
            found: found.to_owned(),
            expected: workflow.to_owned(),
        });
    }
    Ok(run)
}

/// The pull request of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This one.
    One(Pull),
    /// None that may be written to, and why.
    None(&'static str),
}

/// Finds the open pull request whose head is exactly the commit, branch and repository of the run.
///
/// # Errors
/// Where GitHub cannot be asked.
pub fn find_pull(api: &Api<'_>, run: &FinishedRun) -> Result<Found, Refusal> {
    let (Some(owner), Some(repository)) = (&run.head_owner, run.head_repository) else {
        return Ok(Found::None("the fork was deleted"));
    };
    let mut pulls = api.pulls_of(owner, &run.head_branch)?;
    pulls.retain(|pull| {
        let head = pull.head.repo.as_ref().map(|repo| repo.id);
        let base = pull.base.repo.as_ref().map(|repo| repo.id);
        head == Some(repository) && base == Some(run.repository)
    });
    if pulls.is_empty() {
        return Ok(Found::None("no open pull request has this branch"));
    }
    pulls.retain(|pull| pull.head.sha == run.head);
    Ok(match (pulls.len(), pulls.pop()) {
        (1, Some(pull)) => Found::One(pull),
        (0, _) => Found::None("the pull request moved on: its newer commit is judged instead"),
        _ => Found::None("several pull requests have this head"),
    })
}

/// What the pull request changes in the budgets: paths, which are foreign.
///
/// # Errors
/// Where GitHub cannot be asked.
pub fn changed_budgets(api: &Api<'_>, pull: u64) -> Result<Vec<String>, ApiError> {
    let own = |path: &str| path.starts_with("budgets/") || path == "plimsoll.toml";
    Ok(api
        .files(pull)?
        .into_iter()
        .filter(|file| own(&file.filename) || file.previous_filename.as_deref().is_some_and(own))
        .map(|file| file.filename)
        .collect())
}

/// The runs of an artifact, as `plimsoll export --runs` writes them. Bounded before anything is
/// read: known names only, no links, at most [`ENTRIES`] files and [`BYTES`] bytes.
///
/// # Errors
/// The first thing that is not as it must be.
pub fn read(folder: &Path) -> Result<Vec<Run>, Refusal> {
    let mut files = Vec::new();
    let mut seen = (0usize, 0u64);
    walk(folder, &mut Vec::new(), &mut files, &mut seen)?;
    if files.is_empty() {
        return Err(content("it holds no run"));
    }
    files.sort();
    let runs: Result<Vec<Run>, Refusal> = files.iter().map(|path| parse(path)).collect();
    let runs = runs?;
    let head = &runs[0].commit;
    if runs.iter().any(|run| run.commit != *head) {
        return Err(content("it holds runs of several commits"));
    }
    Ok(runs)
}

fn content(words: impl Into<String>) -> Refusal {
    Refusal::Content(words.into())
}

fn walk(
    folder: &Path,
    inside: &mut Vec<String>,
    files: &mut Vec<PathBuf>,
    seen: &mut (usize, u64),
) -> Result<(), Refusal> {
    let trouble = |path: &Path| {
        let path = path.to_owned();
        move |reason| Refusal::Io { path, reason }
    };
    for entry in std::fs::read_dir(folder).map_err(trouble(folder))? {
        let entry = entry.map_err(trouble(folder))?;
        let path = entry.path();
        seen.0 += 1;
        if seen.0 > ENTRIES {
            return Err(content(format!("it holds more than {ENTRIES} files")));
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        // Of the entry itself: a link is not followed.
        let meta = std::fs::symlink_metadata(&path).map_err(trouble(&path))?;
        inside.push(name);
        if meta.is_dir() {
            if !is_folder(inside) {
                return Err(unknown(inside));
            }
            walk(&path, inside, files, seen)?;
        } else if meta.is_file() {
            if !is_run(inside) {
                return Err(unknown(inside));
            }
            seen.1 += meta.len();
            if seen.1 > BYTES {
                return Err(content(format!("it holds more than {BYTES} bytes")));
            }
            files.push(path);
        } else {
            return Err(content(format!("`{}` is a link", inside.join("/"))));
        }
        inside.pop();
    }
    Ok(())
}

fn unknown(inside: &[String]) -> Refusal {
    let name = crate::report::text::plain_up_to(&inside.join("/"), 120);
    content(format!("`{name}` is no run file"))
}

fn is_month(name: &str) -> bool {
    name == "unknown"
        || name.len() == 7
            && name
                .char_indices()
                .all(|(i, c)| if i == 4 { c == '-' } else { c.is_ascii_digit() })
}

fn is_folder(inside: &[String]) -> bool {
    match inside {
        [runs] => runs == "runs",
        [_, version] => version == "v1",
        [_, _, month] => is_month(month),
        _ => false,
    }
}

fn is_run(inside: &[String]) -> bool {
    let [_, _, _, name] = inside else {
        return false;
    };
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    name.strip_suffix(".json")
        .and_then(|stem| stem.split_once('-'))
        .is_some_and(|(commit, digest)| {
            matches!(commit.len(), 40 | 64) && digest.len() == 16 && hex(commit) && hex(digest)
        })
}

#[derive(Deserialize)]
struct Whole {
    run: Run,
}

fn parse(path: &Path) -> Result<Run, Refusal> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let bytes = std::fs::read(path).map_err(|reason| Refusal::Io {
        path: path.to_owned(),
        reason,
    })?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let whole: Whole = serde_path_to_error::deserialize(&mut json)
        .map_err(|e| content(format!("`{name}` is no run file: {e}")))?;
    let run = whole.run;
    if run.schema != 1 {
        return Err(content(format!("`{name}` has schema {}", run.schema)));
    }
    if run.measurements.len() + run.failures.len() > MEASUREMENTS {
        return Err(content(format!("`{name}` holds too many measurements")));
    }
    let finite = run.measurements.iter().all(|m| {
        let samples = m.samples.as_ref();
        m.value.is_finite()
            && m.n > 0
            && samples.is_none_or(|samples| samples.values.iter().all(|v| v.is_finite()))
    });
    if !finite {
        return Err(content(format!("`{name}` holds a number that is none")));
    }
    let short = |text: &str| text.len() <= NAME;
    let names = run.measurements.iter().all(|m| {
        short(&m.benchmark)
            && short(&m.metric)
            && short(m.unit.as_str())
            && m.tags.len() <= 64
            && m.tags.iter().all(|(k, v)| short(k) && short(v))
    }) && run
        .failures
        .iter()
        .all(|f| short(&f.benchmark) && short(&f.reason))
        && short(&run.environment.label)
        && short(&run.suite)
        && short(&run.part)
        && run.environment.facts.len() <= 64
        && run
            .environment
            .facts
            .iter()
            .all(|(k, v)| short(k) && short(v));
    if !names {
        return Err(content(format!(
            "`{name}` holds a name longer than {NAME} bytes"
        )));
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn run(commit: &str, value: &str, benchmark: &str) -> String {
        format!(
            r#"{{"commit":null,"digest":"x","schema":"plimsoll.run/1","run":{{"schema":1,"commit":"{commit}",
            "environment":{{"label":"ci","facts":{{}}}},"source":{{"digest":""}},"measurements":[{{
            "benchmark":"{benchmark}","metric":"time","value":{value},"unit":"ns","direction":"lower","n":1,
            "source_metric":"","source_unit":""}}]}}}}"#
        )
    }

    fn path(commit: &str) -> String {
        format!("runs/v1/2026-11/{commit}-0123456789abcdef.json")
    }

    #[test]
    fn run_files_are_read_and_everything_else_is_refused() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let good = folder(&[(&path(&a), &run(&a, "1.5", "x"))]);
        assert_eq!(read(good.path()).unwrap().len(), 1);
        let long = "n".repeat(20_000);
        for (files, words) in [
            (vec![], "no run"),
            (vec![("notes.md", "x".to_owned())], "notes.md"),
            (vec![("runs/v1/2026-11/x.json", "{}".to_owned())], "x.json"),
            (vec![("runs/v2/a", "{}".to_owned())], "v2"),
            (
                vec![(path(&a).leak() as &str, "{}".to_owned())],
                "no run file",
            ),
            (
                vec![(path(&a).leak(), run(&a, "1e999", "x"))],
                "no run file",
            ),
            (vec![(path(&a).leak(), run(&a, "1", &long))], "longer than"),
            (
                vec![
                    (path(&a).leak(), run(&a, "1", "x")),
                    (path(&b).leak(), run(&b, "1", "x")),
                ],
                "several commits",
            ),
            (vec![(path(&a).leak(), " ".repeat(17 << 20))], "bytes"),
        ] {
            let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
            let said = read(folder(&files).path()).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused() {
        let a = "a".repeat(40);
        let dir = folder(&[(&path(&a), &run(&a, "1.5", "x"))]);
        let link = dir.path().join(path(&"b".repeat(40)));
        std::os::unix::fs::symlink("/etc/passwd", link).unwrap();
        let said = read(dir.path()).unwrap_err().to_string();
        assert!(said.contains("link"), "{said}");
    }
}
