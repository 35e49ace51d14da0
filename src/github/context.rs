//! Where a workflow runs and what set it off: from `GITHUB_*` and the event file, given as values.
//!
//! Field names follow GitHub's webhook documentation; only what is used is read, so that a payload
//! with more or fewer fields stays readable.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Why the surroundings could not be understood.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A variable that every workflow has is absent.
    #[error(
        "the variable {0} is not set: outside of GitHub Actions, use --dry-run to see what would be sent"
    )]
    Absent(&'static str),
    /// A variable holds something else than it should.
    #[error("the variable {0} holds \"{1}\", which is not {2}")]
    Variable(&'static str, String, &'static str),
    /// The event file is not what its name says.
    #[error("the event file of `{event}` cannot be read: {cause}")]
    Event {
        /// Name of the event.
        event: String,
        /// What is wrong, with its place.
        cause: String,
    },
}

/// `owner/name`, and its number where the event tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Who owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its number: unlike the name, it never passes to another repository.
    pub id: Option<u64>,
}

/// Which run of a workflow this is. Ordered: a later run, or a later attempt of it, is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RunNumber {
    /// `GITHUB_RUN_NUMBER`: counts the runs of one workflow, from 1.
    pub number: u64,
    /// `GITHUB_RUN_ATTEMPT`: counts re-runs, from 1.
    pub attempt: u64,
}

impl std::fmt::Display for RunNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.number, self.attempt)
    }
}

/// Where the commits of a pull request come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A branch of the same repository: its token may write.
    Same,
    /// A fork, by `owner/name`: its token only reads.
    Fork(String),
    /// A fork that was deleted since (`head.repo: null`): as a fork.
    DeletedFork,
}

/// The pull request of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// The commit its author pushed: checks belong on it, not on the merge commit.
    pub head: String,
    /// The base branch's tip as the event knew it; goes stale.
    pub base: String,
    /// Name of the base branch.
    pub base_branch: String,
    /// Where its commits come from.
    pub origin: Origin,
}

/// The finished run that set off a `workflow_run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRun {
    /// Its number in the API.
    pub id: u64,
    /// Its place among the runs of its workflow.
    pub run: RunNumber,
    /// What set it off, such as `pull_request`.
    pub event: String,
    /// The workflow's file, such as `.github/workflows/plimsoll.yml`.
    pub path: String,
    /// The commit it ran for.
    pub head: String,
    /// The branch it ran for.
    pub head_branch: String,
    /// Owner of the repository that branch is in; `None` where it was deleted.
    pub head_owner: Option<String>,
    /// Number of that repository; `None` where it was deleted.
    pub head_repository: Option<u64>,
    /// Number of the repository that the run belongs to.
    pub repository: u64,
    /// `success`, `failure`, …
    pub conclusion: Option<String>,
}

/// What set the workflow off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Commits arrived on a branch or tag, or it was deleted.
    Push {
        /// The branch; `None` for a tag.
        branch: Option<String>,
        /// It is the repository's default branch.
        default: bool,
        /// The ref was deleted: there is nothing to measure.
        deleted: bool,
    },
    /// A pull request was opened or changed.
    PullRequest(PullRequest),
    /// The merge queue asks: a check, no comment.
    MergeGroup {
        /// The commit that would become the branch's tip.
        head: String,
        /// The commit it is based on.
        base: String,
    },
    /// Another workflow finished: the second stage of a fork's pull request.
    WorkflowRun(FinishedRun),
    /// Someone pressed the button.
    Dispatch,
    /// The clock.
    Schedule,
    /// Anything else, by name: judged like a push, without a comment.
    Other(String),
}

/// Where a workflow runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The repository the workflow belongs to.
    pub repository: Repository,
    /// Its default branch, where the event tells it.
    pub default_branch: Option<String>,
    /// What set it off.
    pub event: Event,
    /// The commit that is checked out by default: on a pull request, the merge commit.
    pub sha: String,
    /// The run's number in the API.
    pub run_id: u64,
    /// Its place among the runs of its workflow.
    pub run: RunNumber,
    /// `https://api.github.com`, or a server of one's own.
    pub api_url: String,
    /// `https://github.com`, or a server of one's own.
    pub server_url: String,
}

impl Context {
    /// Reads the variables, and the event's JSON (empty: no event file).
    ///
    /// # Errors
    /// A variable that every workflow has is absent, or the event is not readable as what
    /// `GITHUB_EVENT_NAME` says.
    pub fn new(vars: &BTreeMap<String, String>, event: &str) -> Result<Self, ContextError> {
        let var = |name: &'static str| {
            vars.get(name)
                .filter(|value| !value.is_empty())
                .ok_or(ContextError::Absent(name))
        };
        let number = |name: &'static str| {
            let text = var(name)?;
            let fault = || ContextError::Variable(name, text.clone(), "a number");
            text.parse::<u64>().ok().ok_or_else(fault)
        };
        let full = var("GITHUB_REPOSITORY")?;
        let (owner, name) = full.split_once('/').ok_or_else(|| {
            ContextError::Variable("GITHUB_REPOSITORY", full.clone(), "OWNER/NAME")
        })?;
        let event_name = var("GITHUB_EVENT_NAME")?;
        let payload: Payload = if event.trim().is_empty() {
            Payload::default()
        } else {
            let mut json = serde_json::Deserializer::from_str(event);
            serde_path_to_error::deserialize(&mut json).map_err(|e| ContextError::Event {
                event: event_name.clone(),
                cause: e.to_string(),
            })?
        };
        let id = vars
            .get("GITHUB_REPOSITORY_ID")
            .and_then(|id| id.parse().ok())
            .or(payload.repository.as_ref().map(|r| r.id));
        let default_branch = payload
            .repository
            .as_ref()
            .and_then(|r| r.default_branch.clone());
        let text = |name: &str, default: &str| {
            vars.get(name)
                .filter(|value| !value.is_empty())
                .map_or(default, String::as_str)
                .trim_end_matches('/')
                .to_owned()
        };
        let repository = Repository {
            owner: owner.to_owned(),
            name: name.to_owned(),
            id,
        };
        Ok(Self {
            event: read_event(
                event_name,
                payload,
                vars,
                &repository,
                default_branch.as_deref(),
            )?,
            repository,
            default_branch,
            sha: var("GITHUB_SHA")?.clone(),
            run_id: number("GITHUB_RUN_ID")?,
            run: RunNumber {
                number: number("GITHUB_RUN_NUMBER")?,
                attempt: number("GITHUB_RUN_ATTEMPT").unwrap_or(1),
            },
            api_url: text("GITHUB_API_URL", "https://api.github.com"),
            server_url: text("GITHUB_SERVER_URL", "https://github.com"),
        })
    }

    /// A place for `--dry-run` outside of any workflow.
    #[must_use]
    pub fn nowhere(sha: &str) -> Self {
        Self {
            repository: Repository {
                owner: "OWNER".to_owned(),
                name: "NAME".to_owned(),
                id: None,
            },
            default_branch: None,
            event: Event::Dispatch,
            sha: sha.to_owned(),
            run_id: 0,
            run: RunNumber::default(),
            api_url: "https://api.github.com".to_owned(),
            server_url: "https://github.com".to_owned(),
        }
    }

    /// The commit that people look at: a check on a pull request belongs on its head, not on the
    /// merge commit that was measured.
    #[must_use]
    pub fn check_sha(&self) -> &str {
        match &self.event {
            Event::PullRequest(pull) => &pull.head,
            Event::MergeGroup { head, .. } => head,
            Event::WorkflowRun(run) => &run.head,
            _ => &self.sha,
        }
    }

    /// The pull request that a comment belongs to.
    #[must_use]
    pub fn pull(&self) -> Option<&PullRequest> {
        match &self.event {
            Event::PullRequest(pull) => Some(pull),
            _ => None,
        }
    }

    /// Only pushes to a tracked branch (by default: the default branch) write history.
    #[must_use]
    pub fn writes_history(&self, tracked: &[String]) -> bool {
        match &self.event {
            Event::Push {
                branch: Some(branch),
                default,
                deleted: false,
            } => {
                if tracked.is_empty() {
                    *default
                } else {
                    tracked.contains(branch)
                }
            }
            _ => false,
        }
    }

    /// The page of this run.
    #[must_use]
    pub fn run_url(&self) -> String {
        let Repository { owner, name, .. } = &self.repository;
        format!(
            "{}/{owner}/{name}/actions/runs/{}",
            self.server_url, self.run_id
        )
    }
}

fn read_event(
    name: &str,
    payload: Payload,
    vars: &BTreeMap<String, String>,
    repository: &Repository,
    default_branch: Option<&str>,
) -> Result<Event, ContextError> {
    let lacks = |what: &str| ContextError::Event {
        event: name.to_owned(),
        cause: format!("it has no `{what}`"),
    };
    Ok(match name {
        "push" => {
            let reference = payload
                .reference
                .or_else(|| vars.get("GITHUB_REF").cloned())
                .unwrap_or_default();
            let branch = reference.strip_prefix("refs/heads/").map(str::to_owned);
            Event::Push {
                default: branch.is_some() && branch.as_deref() == default_branch,
                branch,
                deleted: payload.deleted,
            }
        }
        "pull_request" => {
            let pull = payload.pull_request.ok_or_else(|| lacks("pull_request"))?;
            let origin = match pull.head.repo {
                None => Origin::DeletedFork,
                Some(head) => {
                    let own = payload.repository.as_ref().map(|r| r.id).or(repository.id);
                    if own == Some(head.id) {
                        Origin::Same
                    } else {
                        Origin::Fork(head.full_name.unwrap_or_default())
                    }
                }
            };
            Event::PullRequest(PullRequest {
                number: pull.number,
                head: pull.head.sha,
                base: pull.base.sha,
                base_branch: pull.base.reference,
                origin,
            })
        }
        "merge_group" => {
            let group = payload.merge_group.ok_or_else(|| lacks("merge_group"))?;
            Event::MergeGroup {
                head: group.head_sha,
                base: group.base_sha,
            }
        }
        "workflow_run" => {
            let run = payload.workflow_run.ok_or_else(|| lacks("workflow_run"))?;
            Event::WorkflowRun(FinishedRun {
                id: run.id,
                run: RunNumber {
                    number: run.run_number,
                    attempt: run.run_attempt.unwrap_or(1),
                },
                event: run.event,
                path: run.path.unwrap_or_default(),
                head: run.head_sha,
                head_branch: run.head_branch.unwrap_or_default(),
                head_owner: run
                    .head_repository
                    .as_ref()
                    .and_then(|r| r.owner.as_ref())
                    .map(|owner| owner.login.clone()),
                head_repository: run.head_repository.map(|r| r.id),
                repository: run
                    .repository
                    .ok_or_else(|| lacks("workflow_run.repository"))?
                    .id,
                conclusion: run.conclusion,
            })
        }
        "workflow_dispatch" => Event::Dispatch,
        "schedule" => Event::Schedule,
        other => Event::Other(other.to_owned()),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    deleted: bool,
    repository: Option<RepositoryJson>,
    pull_request: Option<PullJson>,
    merge_group: Option<GroupJson>,
    workflow_run: Option<RunJson>,
}

#[derive(Deserialize)]
struct RepositoryJson {
    id: u64,
    full_name: Option<String>,
    default_branch: Option<String>,
    owner: Option<OwnerJson>,
}

#[derive(Deserialize)]
struct OwnerJson {
    #[serde(default)]
    login: String,
}

#[derive(Deserialize)]
struct PullJson {
    number: u64,
    head: EndJson,
    base: EndJson,
}

#[derive(Deserialize)]
struct EndJson {
    sha: String,
    #[serde(rename = "ref")]
    reference: String,
    repo: Option<RepositoryJson>,
}

#[derive(Deserialize)]
struct GroupJson {
    head_sha: String,
    base_sha: String,
}

#[derive(Deserialize)]
struct RunJson {
    id: u64,
    run_number: u64,
    run_attempt: Option<u64>,
    event: String,
    path: Option<String>,
    head_sha: String,
    head_branch: Option<String>,
    head_repository: Option<RepositoryJson>,
    repository: Option<RepositoryJson>,
    conclusion: Option<String>,
}

#[cfg(test)]
mod tests;
