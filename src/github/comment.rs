//! The one comment of a pull request: found by author **and** marker, updated in place.
//!
//! GitHub has no "write only if unchanged", so two jobs may overwrite each other. What cannot be
//! lost are check runs: each job makes its own, with the comment's whole text in it. After every
//! write the newest of them is looked up, and where it is newer than what was written, it is
//! written instead. Whoever writes last looks last, so the newest verdict stands in the end.

use super::api::{Api, Comment};
use super::client::ApiError;
use super::context::RunNumber;
use super::marker::Marker;

/// How often a write that may not have arrived is tried, and how often newer verdicts are chased.
const ROUNDS: usize = 5;

/// When a comment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// A new one only where there is something to tell; an existing one is kept up to date.
    #[default]
    Auto,
    /// Each time.
    Always,
    /// Not at all.
    Never,
}

/// What is to stand on a pull request.
pub struct Wanted<'a> {
    /// The pull request.
    pub pull: u64,
    /// Which of several comments.
    pub key: &'a str,
    /// Which run this is.
    pub run: RunNumber,
    /// Name of the check run that holds the same text.
    pub check_name: &'a str,
    /// The account whose comments are ours.
    pub author: &'a str,
    /// When a new one is made.
    pub when: When,
    /// There is something to tell.
    pub loud: bool,
    /// The whole text, marker line first, given the marker of the comment that stands.
    pub text: &'a dyn Fn(Option<&Marker>) -> String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A new one; its page.
    Created(String),
    /// The one that stood has the new text; its page.
    Updated(String),
    /// It stood like that already; its page.
    Equal(String),
    /// A newer run has written; its page.
    Newer(String),
    /// Nothing to tell, and no comment to keep up to date.
    Quiet,
}

impl Written {
    /// The comment's page, where there is a comment.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Created(url) | Self::Updated(url) | Self::Equal(url) | Self::Newer(url) => {
                Some(url)
            }
            Self::Quiet => None,
        }
    }
}

struct Ours {
    comment: Comment,
    marker: Marker,
}

/// Makes the pull request show what is wanted.
///
/// # Errors
/// As [`ApiError`] tells; what stood before then stands still, or is ours.
pub fn write(api: &Api<'_>, wanted: &Wanted<'_>) -> Result<Written, ApiError> {
    let mut standing = find(api, wanted.pull, wanted.key, wanted.author)?;
    let mut written = None;
    if standing.is_empty() {
        if wanted.when == When::Auto && !wanted.loud {
            return Ok(Written::Quiet);
        }
        let text = (wanted.text)(None);
        let created = create(api, wanted, &text)?;
        // Another job may have created one at the same moment, and the account may be another one
        // than expected.
        let author = created
            .user
            .as_ref()
            .map_or(wanted.author, |user| user.login.as_str());
        standing = find(api, wanted.pull, wanted.key, author)?;
        written = Some(Written::Created(created.html_url));
    }
    let Some(kept) = fold(api, standing)? else {
        // Somebody removed it this very moment: that is an answer, too.
        return Ok(written.unwrap_or(Written::Quiet));
    };
    let url = kept.comment.html_url.clone();
    if kept.marker.run > wanted.run {
        return Ok(Written::Newer(url));
    }
    if written.is_none() || kept.marker.run < wanted.run {
        let text = (wanted.text)(Some(&kept.marker));
        if same(kept.comment.body.as_deref().unwrap_or_default(), &text) {
            return Ok(Written::Equal(url));
        }
        api.update_comment(kept.comment.id, &text)?;
        written = written.or(Some(Written::Updated(url.clone())));
    }
    if chase(api, wanted, &kept.comment)? {
        return Ok(Written::Newer(url));
    }
    Ok(written.unwrap_or(Written::Equal(url)))
}

fn create(api: &Api<'_>, wanted: &Wanted<'_>, text: &str) -> Result<Comment, ApiError> {
    let mut last = None;
    for _ in 0..ROUNDS {
        match api.create_comment(wanted.pull, text) {
            Err(error @ (ApiError::Unclear { .. } | ApiError::Unreadable { .. })) => {
                last = Some(error);
            }
            other => return other,
        }
        // It may have arrived: then it is there.
        let there = api
            .comments(wanted.pull)?
            .into_iter()
            .find(|comment| comment.body.as_deref().is_some_and(|body| same(body, text)));
        if let Some(comment) = there {
            return Ok(comment);
        }
    }
    Err(last.unwrap_or(ApiError::Unclear {
        path: "comments".to_owned(),
        cause: "no answer".to_owned(),
    }))
}

/// Our comments, oldest first.
fn find(api: &Api<'_>, pull: u64, key: &str, author: &str) -> Result<Vec<Ours>, ApiError> {
    let mut ours: Vec<Ours> = api
        .comments(pull)?
        .into_iter()
        .filter(|comment| {
            comment
                .user
                .as_ref()
                .is_some_and(|user| user.login == author)
        })
        .filter_map(|comment| {
            let marker = Marker::parse(comment.body.as_deref()?)?;
            (marker.key == key).then_some(Ours { comment, marker })
        })
        .collect();
    ours.sort_by_key(|ours| ours.comment.id);
    Ok(ours)
}

/// Keeps the oldest with the newest text and removes the others.
fn fold(api: &Api<'_>, mut standing: Vec<Ours>) -> Result<Option<Ours>, ApiError> {
    if standing.is_empty() {
        return Ok(None);
    }
    let mut kept = standing.remove(0);
    let newest = standing.iter().max_by_key(|ours| ours.marker.run);
    if let Some(newest) = newest.filter(|newest| newest.marker.run > kept.marker.run) {
        let text = newest.comment.body.clone().unwrap_or_default();
        kept.comment = api.update_comment(kept.comment.id, &text)?;
        kept.marker = newest.marker.clone();
    }
    for extra in &standing {
        api.delete_comment(extra.comment.id)?;
    }
    Ok(Some(kept))
}

/// Writes the text of a newer run's check, as long as there is one. True where there was.
fn chase(api: &Api<'_>, wanted: &Wanted<'_>, comment: &Comment) -> Result<bool, ApiError> {
    let mut written = wanted.run;
    for _ in 0..ROUNDS {
        let head = api.pull(wanted.pull)?.head.sha;
        let checks = match api.checks(&head, wanted.check_name) {
            Err(error) if error.is_forbidden() => return Ok(written > wanted.run),
            other => other?,
        };
        let newest = checks
            .into_iter()
            .filter(|check| check.status == "completed")
            .filter_map(|check| {
                let text = check.output.summary?;
                let marker = Marker::parse(&text)?;
                let ours = marker.key == wanted.key
                    && check.external_id.as_deref() == Some(&name(&marker));
                ours.then_some((marker.run, text))
            })
            .max_by_key(|(run, _)| *run);
        match newest {
            Some((run, text)) if run > written => {
                api.update_comment(comment.id, &text)?;
                written = run;
            }
            _ => break,
        }
    }
    Ok(written > wanted.run)
}

/// How a check run says which run of ours it belongs to.
#[must_use]
pub fn name(marker: &Marker) -> String {
    format!("plimsoll:v1 key={} run={}", marker.key, marker.run)
}

/// GitHub may change line ends and the space at the end.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    plain(a) == plain(b)
}
