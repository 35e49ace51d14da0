//! One verdict on all channels: check run, comment, commit status, summary. What one channel may
//! not do, the next one says; the exit code is the verdict's whatever happens here.

use super::api::Api;
use super::client::ApiError;
use super::comment::{self, Wanted, When, Written};
use super::context::{Context, Event, Origin};
use super::marker::{Marker, failing};
use crate::report::document::{Part, Tally};
use crate::report::markdown::{self, Extras, Room};
use crate::report::text;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The account that writes for a workflow's own token.
pub const WORKFLOW_ACCOUNT: &str = "github-actions[bot]";
/// The key where none is given.
pub const DEFAULT_KEY: &str = "default";
/// Annotations of one request.
const ANNOTATIONS: usize = 50;

/// What fails a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailOn {
    /// Proven over.
    #[default]
    Over,
    /// Not proven within, learning apart.
    Unproven,
    /// Nothing but trouble.
    Never,
}

impl FailOn {
    /// The exit code: the verdict's own, stricter or milder as asked. Trouble fails always.
    #[must_use]
    pub fn exit(self, tally: &Tally) -> u8 {
        match (self, tally.exit) {
            (Self::Unproven, 0) if tally.missing > 0 => 2,
            (Self::Unproven, 0) if tally.unproven > 0 => 1,
            (Self::Never, 1) => 0,
            (_, exit) => exit,
        }
    }
}

/// Everything that is to be told, and how.
pub struct Publication<'a> {
    /// Where this runs.
    pub context: &'a Context,
    /// The checks.
    pub parts: &'a [Part],
    /// Which of several comments.
    pub key: &'a str,
    /// When a comment is made.
    pub when: When,
    /// What fails the job.
    pub fail_on: FailOn,
    /// Whose comments are ours, where it is not the workflow's own account.
    pub author: Option<&'a str>,
    /// The pull request and its head, where another way than the event found it (second stage).
    pub pull: Option<(u64, &'a str)>,
    /// The check run that was opened before.
    pub check_run: Option<u64>,
    /// Links, and what else is said.
    pub extras: Extras,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// The exit code that the verdict asks for.
    pub exit: u8,
    /// What became of the comment.
    pub comment: Option<Written>,
    /// Which channels did not work and why: whole sentences.
    pub notes: Vec<String>,
    /// The text for the step's summary.
    pub summary: String,
    /// Requests that were sent.
    pub requests: usize,
}

/// What would be sent, for people who want to see it first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The comment, or why none would be written: a sentence.
    pub comment: Result<String, String>,
    /// The check run, or why none would be made: a sentence.
    pub check: Result<Value, String>,
}

impl Publication<'_> {
    /// The name of the check run: stable, since branch rules name it.
    #[must_use]
    pub fn check_name(&self) -> String {
        check_name(self.key)
    }

    fn tally(&self) -> Tally {
        Tally::of(self.parts)
    }

    fn marker(&self, sha: &str) -> Marker {
        let tally = self.tally();
        Marker {
            key: self.key.to_owned(),
            run: self.context.run,
            sha: sha.to_owned(),
            trouble: tally.exit != 0 || tally.over + tally.missing + tally.unproven > 0,
            mentioned: failing(self.parts).into_iter().map(|(d, _)| d).collect(),
        }
    }

    fn sha(&self) -> &str {
        self.pull
            .map_or_else(|| self.context.check_sha(), |(_, head)| head)
    }

    /// The pull request whose comment may be written from here, or why there is none.
    fn target(&self) -> Result<u64, Option<String>> {
        if let Some((number, _)) = self.pull {
            return Ok(number);
        }
        match &self.context.event {
            Event::PullRequest(pull) if pull.origin == Origin::Same => Ok(pull.number),
            Event::PullRequest(_) => Err(Some(FORK.to_owned())),
            _ => Err(None),
        }
    }

    fn text(&self, before: Option<&Marker>, room: Room) -> String {
        let marker = self.marker(self.sha());
        let known = before.map(|marker| &marker.mentioned);
        let mention: BTreeSet<String> = failing(self.parts)
            .into_iter()
            .filter(|(digest, _)| known.is_none_or(|known| !known.contains(digest)))
            .map(|(_, key)| key)
            .collect();
        let extras = Extras {
            mention: if room == Room::COMMENT {
                mention
            } else {
                BTreeSet::new()
            },
            resolved: before.is_some_and(|before| before.trouble) && !marker.trouble,
            head: Some(self.sha().to_owned()),
            ..self.extras.clone()
        };
        let line = format!("{}\n", marker.line());
        let body = markdown::body(self.parts, &extras, room.beside(&line));
        line + &body
    }

    /// `success`, `failure`, or `neutral` where the evidence does not suffice.
    fn conclusion(&self) -> &'static str {
        let tally = self.tally();
        if self.fail_on.exit(&tally) != 0 {
            "failure"
        } else if tally.over + tally.missing + tally.unproven + tally.learning > 0
            || tally.limits == 0
        {
            "neutral"
        } else {
            "success"
        }
    }

    fn check(&self) -> Value {
        json!({
            "name": self.check_name(),
            "head_sha": self.sha(),
            "external_id": comment::name(&self.marker(self.sha())),
            "details_url": self.context.run_url(),
            "status": "completed",
            "conclusion": self.conclusion(),
            "output": {
                "title": markdown::title(self.parts),
                "summary": self.text(None, Room::CHECK),
                "annotations": self.annotations(),
            }
        })
    }

    /// Faults of budget files, at their place.
    fn annotations(&self) -> Vec<Value> {
        let checks = self
            .parts
            .iter()
            .filter_map(|part| part.check.as_ref().ok());
        let placed = checks.flat_map(|check| &check.findings).filter_map(|finding| {
            let mut place = finding.place.as_deref()?.rsplitn(3, ':');
            let (_, line, file) = (place.next()?, place.next()?, place.next()?);
            let line: u64 = line.parse().ok()?;
            Some(json!({
                "path": file,
                "start_line": line,
                "end_line": line,
                "annotation_level": "warning",
                "title": text::plain_up_to(&finding.code, 100),
                "message": text::plain_up_to(&format!("{}. {}", finding.message, finding.help), 2000),
            }))
        });
        placed.take(ANNOTATIONS).collect()
    }

    /// What would be sent from here; outside of a workflow (`anywhere`) what a pull request of this
    /// repository would get.
    #[must_use]
    pub fn plan(&self, anywhere: bool) -> Plan {
        let text = || self.text(None, Room::COMMENT);
        let target = if anywhere { Ok(0) } else { self.target() };
        let comment = match (self.when, &target) {
            (When::Never, _) => Err("no comment: --when never".to_owned()),
            (_, Err(Some(why))) => Err(format!("no comment: {why}")),
            (_, Err(None)) => {
                Err("no comment: what set this workflow off is no pull request".to_owned())
            }
            (When::Auto, Ok(_)) if !self.tally().is_loud() => Err(
                "no new comment: there is nothing to tell (an existing one would be updated)"
                    .to_owned(),
            ),
            (_, Ok(_)) => Ok(text()),
        };
        let check = match target {
            Err(Some(why)) => Err(format!("no check run: {why}")),
            _ => Ok(self.check()),
        };
        Plan { comment, check }
    }

    /// Tells it on every channel that works.
    #[must_use]
    pub fn publish(&self, api: Option<&Api<'_>>) -> Published {
        let tally = self.tally();
        let mut done = Published {
            exit: self.fail_on.exit(&tally),
            ..Published::default()
        };
        // A fork's token only reads: asking would earn nothing but refusals.
        let is_fork = matches!(self.target(), Err(Some(_)));
        if let Some(api) = api.filter(|_| !is_fork) {
            self.send_check(api, &mut done);
            self.send_comment(api, &mut done);
            done.requests = api.client.sent();
        } else if let Err(Some(why)) = self.target() {
            done.notes.push(why);
        }
        let mut extras = self.extras.clone();
        extras.head = Some(self.sha().to_owned());
        extras.notes.extend(done.notes.iter().cloned());
        done.summary = markdown::body(self.parts, &extras, Room::SUMMARY);
        done
    }

    fn send_check(&self, api: &Api<'_>, done: &mut Published) {
        let result = match self.check_run {
            Some(id) => {
                let mut body = self.check();
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("head_sha");
                }
                api.update_check(id, body).map(|_| ())
            }
            None => create_check(api, self.sha(), &self.check_name(), &self.check()).map(|_| ()),
        };
        let Err(error) = result else { return };
        done.notes.push(no_check(&error));
        let status = json!({
            "state": match self.conclusion() { "failure" => "failure", _ => "success" },
            "context": self.check_name(),
            "description": text::plain_up_to(&markdown::title(self.parts), 130),
            "target_url": self.context.run_url(),
        });
        if let Err(error) = api.set_status(self.sha(), status) {
            done.notes.push(format!(
                "no commit status either{}",
                why(&error, "statuses: write")
            ));
        }
    }

    fn send_comment(&self, api: &Api<'_>, done: &mut Published) {
        if self.when == When::Never {
            return;
        }
        let pull = match self.target() {
            Ok(pull) => pull,
            Err(why) => {
                done.notes.extend(why);
                return;
            }
        };
        let text = |before: Option<&Marker>| self.text(before, Room::COMMENT);
        let check_name = self.check_name();
        let written = comment::write(
            api,
            &Wanted {
                pull,
                key: self.key,
                run: self.context.run,
                check_name: &check_name,
                author: self.author.unwrap_or(WORKFLOW_ACCOUNT),
                when: self.when,
                loud: self.tally().is_loud(),
                text: &text,
            },
        );
        match written {
            Ok(written) => done.comment = Some(written),
            Err(error) => done.notes.push(format!(
                "the comment could not be written{}",
                why(&error, "pull-requests: write")
            )),
        }
    }
}

const FORK: &str = "this pull request comes from a fork, whose token may only read: the comment is \
                    written by a second workflow (on: workflow_run), see docs/github.md";

/// The name of the check run that belongs to a comment's key.
#[must_use]
pub fn check_name(key: &str) -> String {
    if key == DEFAULT_KEY {
        "plimsoll".to_owned()
    } else {
        format!("plimsoll ({key})")
    }
}

/// The check run of a run that is about to measure, as it is sent to open it.
#[must_use]
pub fn opening(context: &Context, key: &str) -> Value {
    let marker = Marker {
        key: key.to_owned(),
        run: context.run,
        sha: String::new(),
        trouble: false,
        mentioned: BTreeSet::new(),
    };
    json!({
        "name": check_name(key),
        "head_sha": context.check_sha(),
        "external_id": comment::name(&marker),
        "details_url": context.run_url(),
        "status": "in_progress",
        "output": { "title": "measuring", "summary": "The verdict follows when everything is measured." }
    })
}

/// Opens the check run of a run that is about to measure; its number.
///
/// # Errors
/// A sentence: what is missing.
pub fn start(api: &Api<'_>, context: &Context, key: &str) -> Result<u64, String> {
    let body = opening(context, key);
    create_check(api, context.check_sha(), &check_name(key), &body)
        .map_err(|error| no_check(&error))
}

/// Makes a check run once, also where the answer to the request was lost.
fn create_check(api: &Api<'_>, sha: &str, name: &str, body: &Value) -> Result<u64, ApiError> {
    let mut lost = None;
    for _ in 0..3 {
        match api.create_check(body.clone()) {
            Ok(check) => return Ok(check.id),
            Err(error @ (ApiError::Unclear { .. } | ApiError::Unreadable { .. })) => {
                lost = Some(error);
            }
            Err(error) => return Err(error),
        }
        let wanted = body.get("external_id").and_then(Value::as_str);
        let status = body.get("status").and_then(Value::as_str);
        let there = api.checks(sha, name)?.into_iter().find(|check| {
            check.external_id.as_deref() == wanted && Some(check.status.as_str()) == status
        });
        if let Some(check) = there {
            return Ok(check.id);
        }
    }
    Err(lost.unwrap_or(ApiError::Unclear {
        path: "/check-runs".to_owned(),
        cause: "no answer".to_owned(),
    }))
}

fn no_check(error: &ApiError) -> String {
    format!(
        "the check run could not be written{}",
        why(error, "checks: write")
    )
}

/// The permission that is missing, or what else went wrong.
fn why(error: &ApiError, permission: &str) -> String {
    if matches!(error, ApiError::Refused { status: 401, .. }) {
        format!(
            ": the token is not accepted at all: is it expired, or of another server? ({error})"
        )
    } else if error.is_forbidden() {
        format!(": the token lacks `{permission}` ({error})")
    } else {
        format!(": {error}")
    }
}
