//! Jobs that publish, as `plimsoll comment` does.

use super::{Fake, Still, Wire, pull};
use plimsoll::github::api::Api;
use plimsoll::github::artifact;
use plimsoll::github::client::{Client, Transport};
use plimsoll::github::comment::When;
use plimsoll::github::context::{Context, FinishedRun, RunNumber};
use plimsoll::github::publish::{self, FailOn, Publication, Published};
use plimsoll::report::document::{CheckDocument, Part};
use plimsoll::report::markdown::Extras;
use serde_json::json;
use std::collections::BTreeMap;

pub const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const NEXT: &str = "cccccccccccccccccccccccccccccccccccccccc";

pub fn context(run: u64, head: &str, repository: Option<u64>) -> Context {
    let event = json!({
        "repository": { "id": 1, "default_branch": "main" },
        "pull_request": pull(42, head, repository, "faster")
    });
    let vars: BTreeMap<String, String> = [
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_SHA", "dddddddddddddddddddddddddddddddddddddddd"),
        ("GITHUB_RUN_ID", "900"),
        ("GITHUB_RUN_NUMBER", &run.to_string()),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .collect();
    Context::new(&vars, &event.to_string()).unwrap()
}

pub fn check(verdict: &str, benchmark: &str) -> Part {
    let exit = match verdict {
        "over" => 1,
        "missing" => 2,
        _ => 0,
    };
    let json = json!({
        "schema": "plimsoll.check/1", "exit": exit, "verdict": verdict, "commit": HEAD,
        "census": { "expected": 1, "judged": 1 },
        "limits": [{
            "feature": "checkout", "limit": "p95", "rule": "max", "owner": "@acme/pay", "verdict": verdict,
            "series": { "benchmark": benchmark, "metric": "time" }, "why": "because", "value": 1.0, "unit": "ns"
        }]
    });
    Part {
        name: "check.json".into(),
        check: Ok(CheckDocument::parse(&json.to_string()).unwrap()),
    }
}

/// One job: what `plimsoll comment` does.
pub struct Job {
    pub context: Context,
    pub parts: Vec<Part>,
    pub when: When,
    pub key: &'static str,
    /// The check run that was opened before.
    pub opened: Option<u64>,
}

impl Job {
    pub fn new(run: u64, head: &str, verdict: &str) -> Self {
        Self {
            context: context(run, head, Some(1)),
            parts: vec![check(verdict, &format!("bench of run {run}"))],
            when: When::Auto,
            key: "default",
            opened: None,
        }
    }

    pub fn through(&self, wire: &dyn Transport) -> Published {
        let still = Still;
        let api = Api::new(Client::new(wire, &still), &self.context.repository);
        let publication = Publication {
            context: &self.context,
            parts: &self.parts,
            key: self.key,
            when: self.when,
            fail_on: FailOn::Over,
            author: None,
            pull: None,
            check_run: self.opened,
            extras: Extras::default(),
        };
        publication.publish(Some(&api))
    }

    /// Opens the check run before anything is measured.
    pub fn open(&mut self, fake: &Fake) {
        let (wire, still) = (Wire::new(fake), Still);
        let api = Api::new(Client::new(&wire, &still), &self.context.repository);
        self.opened = publish::start(&api, &self.context, self.key).ok();
    }

    pub fn over(&self, wire: &Wire) -> Published {
        self.through(wire)
    }

    pub fn run(&self, fake: &Fake) -> Published {
        self.over(&Wire::new(fake))
    }
}

impl Fake {
    /// What the second stage asks of GitHub about a fork's pull request.
    pub fn second_stage(&self) {
        let (wire, still) = (Wire::new(self), Still);
        let context = context(1, HEAD, Some(1));
        let api = Api::new(Client::new(&wire, &still), &context.repository);
        let run = FinishedRun {
            id: 1,
            run: RunNumber {
                number: 1,
                attempt: 1,
            },
            event: "pull_request".into(),
            path: ".github/workflows/plimsoll.yml".into(),
            head: HEAD.into(),
            head_branch: "faster & better/1".into(),
            head_owner: Some("guest".into()),
            head_repository: Some(1),
            repository: 1,
            conclusion: None,
        };
        let _ = artifact::find_pull(&api, &run);
        let _ = artifact::changed_budgets(&api, 42);
    }
}
