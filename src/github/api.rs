//! The handful of GitHub's endpoints that are used, each with the few fields that are read.
//!
//! Whole models break when GitHub adds a value, and by then the write has happened.

use super::client::{ApiError, Client, Method, Request};
use super::context::Repository;
use serde::Deserialize;
use serde_json::{Value, json};

/// A comment of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Its text.
    #[serde(default)]
    pub body: Option<String>,
    /// Its page.
    #[serde(default)]
    pub html_url: String,
    /// Who wrote it; `None` for a deleted account.
    pub user: Option<User>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its name, such as `github-actions[bot]`.
    pub login: String,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// What we said it is.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `queued`, `in_progress`, `completed`.
    #[serde(default)]
    pub status: String,
    /// What it says.
    #[serde(default)]
    pub output: Output,
}

/// What a check run says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Output {
    /// Its text.
    pub summary: Option<String>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its newest commit.
    pub head: End,
    /// What it would change.
    pub base: End,
}

/// One end of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct End {
    /// The commit.
    pub sha: String,
    /// The repository; `None` for a deleted fork.
    pub repo: Option<Numbered>,
}

/// A repository's number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Numbered {
    /// The number.
    pub id: u64,
}

/// A changed file of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChangedFile {
    /// Its path.
    pub filename: String,
    /// Its path before.
    #[serde(default)]
    pub previous_filename: Option<String>,
}

/// The endpoints of one repository.
pub struct Api<'a> {
    /// Sends.
    pub client: Client<'a>,
    repository: String,
}

impl<'a> Api<'a> {
    /// The endpoints of a repository.
    #[must_use]
    pub fn new(client: Client<'a>, repository: &Repository) -> Self {
        Self {
            client,
            repository: format!("/repos/{}/{}", repository.owner, repository.name),
        }
    }

    fn request(&self, method: Method, path: &str, body: Option<Value>) -> Request {
        Request {
            method,
            path: format!("{}{path}", self.repository),
            body,
        }
    }

    /// Who the token belongs to; only a person's token may ask.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn me(&self) -> Result<User, ApiError> {
        self.client.read(&Request {
            method: Method::Get,
            path: "/user".to_owned(),
            body: None,
        })
    }

    /// All comments of a pull request.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn comments(&self, pull: u64) -> Result<Vec<Comment>, ApiError> {
        let path = format!("{}/issues/{pull}/comments?per_page=100", self.repository);
        self.client.list(&path, None)
    }

    /// Writes a new comment.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn create_comment(&self, pull: u64, body: &str) -> Result<Comment, ApiError> {
        self.client.read(&self.request(
            Method::Post,
            &format!("/issues/{pull}/comments"),
            Some(json!({ "body": body })),
        ))
    }

    /// Replaces a comment's text.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn update_comment(&self, id: u64, body: &str) -> Result<Comment, ApiError> {
        self.client.read(&self.request(
            Method::Patch,
            &format!("/issues/comments/{id}"),
            Some(json!({ "body": body })),
        ))
    }

    /// Removes a comment; one that is gone already is removed.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn delete_comment(&self, id: u64) -> Result<(), ApiError> {
        let request = self.request(Method::Delete, &format!("/issues/comments/{id}"), None);
        match self.client.call(&request) {
            Ok(_) => Ok(()),
            Err(error) if error.is_gone() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A pull request.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn pull(&self, number: u64) -> Result<Pull, ApiError> {
        self.client
            .read(&self.request(Method::Get, &format!("/pulls/{number}"), None))
    }

    /// Open pull requests of a branch, `owner:branch`.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn pulls_of(&self, owner: &str, branch: &str) -> Result<Vec<Pull>, ApiError> {
        let head = encode(&format!("{owner}:{branch}"));
        let path = format!(
            "{}/pulls?state=open&head={head}&per_page=100",
            self.repository
        );
        self.client.list(&path, None)
    }

    /// The files that a pull request changes.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn files(&self, pull: u64) -> Result<Vec<ChangedFile>, ApiError> {
        let path = format!("{}/pulls/{pull}/files?per_page=100", self.repository);
        self.client.list(&path, None)
    }

    /// Opens a check run.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn create_check(&self, body: Value) -> Result<CheckRun, ApiError> {
        self.client
            .read(&self.request(Method::Post, "/check-runs", Some(body)))
    }

    /// Changes a check run.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn update_check(&self, id: u64, body: Value) -> Result<CheckRun, ApiError> {
        self.client
            .read(&self.request(Method::Patch, &format!("/check-runs/{id}"), Some(body)))
    }

    /// The check runs of a commit with one name, also older ones.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn checks(&self, sha: &str, name: &str) -> Result<Vec<CheckRun>, ApiError> {
        let path = format!(
            "{}/commits/{sha}/check-runs?check_name={}&filter=all&per_page=100",
            self.repository,
            encode(name)
        );
        self.client.list(&path, Some("check_runs"))
    }

    /// Sets a commit's status.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn set_status(&self, sha: &str, body: Value) -> Result<(), ApiError> {
        let request = self.request(Method::Post, &format!("/statuses/{sha}"), Some(body));
        match self.client.call(&request) {
            // A second status with the same words changes nothing.
            Err(ApiError::Unclear { .. }) => self.client.call(&request).map(|_| ()),
            other => other.map(|_| ()),
        }
    }
}

/// A value of a query.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}
