//! A GitHub that remembers: comments, checks, statuses, pull requests, files. In memory as a
//! transport, or on loopback over HTTP. Faults are injected request by request.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

pub mod jobs;
pub mod server;

use plimsoll::github::client::{Clock, NoAnswer, Request, Response, Transport};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const BOT: &str = "github-actions[bot]";

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// 502, and nothing was done.
    BadGateway,
    /// 502, and it was done all the same.
    BadGatewayAfterWrite,
    /// 403 with `retry-after`.
    SecondaryLimit,
    /// 429 with `retry-after`.
    TooMany,
    /// 429 without a word when to come back.
    TooManySilent,
    /// The connection never came about.
    NoConnection,
    /// The connection broke before anything was done.
    DroppedBefore,
    /// The connection broke after it was done.
    DroppedAfter,
    /// 422: the body is refused.
    Unprocessable,
    /// It takes longer than anybody waits; then it is done.
    Slow,
}

#[derive(Debug, Default)]
pub struct State {
    next: u64,
    /// Comments by number: (pull request, author, text).
    pub comments: BTreeMap<u64, (u64, String, String)>,
    /// Check runs by number, as they were sent.
    pub checks: BTreeMap<u64, Value>,
    /// Statuses, as they were sent, with their commit.
    pub statuses: Vec<(String, Value)>,
    /// Pull requests, as the API gives them.
    pub pulls: Vec<Value>,
    /// Files of the pull requests.
    pub files: Vec<String>,
    /// The account of the token.
    pub login: String,
    /// Endpoints the token may not use: `comments`, `checks`, `statuses`.
    pub forbidden: Vec<&'static str>,
    /// Page size of lists, 100 where 0.
    pub page: usize,
    /// Every request, in order.
    pub log: Vec<(String, String, Option<Value>)>,
    /// What goes wrong with the next requests.
    pub faults: VecDeque<Fault>,
}

/// The server's memory, shared by all who talk to it.
#[derive(Debug, Clone, Default)]
pub struct Fake(pub Arc<Mutex<State>>);

impl Fake {
    /// A repository `acme/shop` with pull request 42, whose newest commit is `head`.
    pub fn new(head: &str) -> Self {
        let fake = Self::default();
        {
            let mut state = fake.0.lock().unwrap();
            state.login = BOT.to_owned();
            state.next = 100;
            state.pulls.push(pull(42, head, Some(1), "faster"));
        }
        fake
    }

    pub fn set_head(&self, head: &str) {
        self.0.lock().unwrap().pulls[0]["head"]["sha"] = head.into();
    }

    pub fn comment(&self, author: &str, text: &str) -> u64 {
        let mut state = self.0.lock().unwrap();
        let id = state.number();
        state
            .comments
            .insert(id, (42, author.to_owned(), text.to_owned()));
        id
    }

    /// Texts of the comments of an account, oldest first.
    pub fn texts(&self, author: &str) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let own = state.comments.values().filter(|c| c.1 == author);
        own.map(|c| c.2.clone()).collect()
    }

    pub fn fault(&self, faults: &[Fault]) {
        self.0.lock().unwrap().faults = faults.iter().copied().collect();
    }

    /// `POST /repos/…`, one a request.
    pub fn requests(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state
            .log
            .iter()
            .map(|(method, path, _)| format!("{method} {path}"))
            .collect()
    }

    pub fn handle(&self, method: &str, path: &str, body: Option<Value>, base: &str) -> Response {
        self.0.lock().unwrap().handle(method, path, body, base)
    }

    pub fn next_fault(&self) -> Fault {
        let mut state = self.0.lock().unwrap();
        state.faults.pop_front().unwrap_or(Fault::None)
    }
}

pub fn pull(number: u64, head: &str, repository: Option<u64>, branch: &str) -> Value {
    json!({
        "number": number, "state": "open",
        "head": { "sha": head, "ref": branch, "repo": repository.map(|id| json!({ "id": id })) },
        "base": { "sha": "b".repeat(40), "ref": "main", "repo": { "id": 1 } }
    })
}

fn answer(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string(),
    }
}

pub fn fault_answer(fault: Fault) -> Option<Response> {
    let with = |status: u16, headers: &[(&str, &str)], message: &str| {
        let mut answer = answer(status, &json!({ "message": message }));
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        answer.headers.extend(headers.iter().map(own));
        Some(answer)
    };
    match fault {
        Fault::BadGateway | Fault::BadGatewayAfterWrite => Some(Response {
            status: 502,
            headers: vec![],
            body: "<html>Bad Gateway</html>".into(),
        }),
        Fault::SecondaryLimit => with(403, &[("retry-after", "0")], "secondary rate limit"),
        Fault::TooMany => with(429, &[("retry-after", "0")], "slow down"),
        Fault::TooManySilent => with(429, &[], "slow down"),
        Fault::Unprocessable => with(422, &[], "Validation Failed"),
        _ => None,
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn comment_json(&self, id: u64) -> Value {
        let (pull, author, text) = &self.comments[&id];
        json!({
            "id": id, "body": text, "user": { "login": author },
            "html_url": format!("https://github.com/acme/shop/pull/{pull}#issuecomment-{id}")
        })
    }

    fn check_json(&self, id: u64) -> Value {
        let mut check = self.checks[&id].clone();
        check["id"] = id.into();
        check
    }

    fn list(&self, path: &str, items: Vec<Value>, field: Option<&str>, base: &str) -> Response {
        let query = |name: &str| {
            let (_, query) = path.split_once('?')?;
            let found = query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned)
        };
        let size = match self.page {
            0 => query("per_page").and_then(|n| n.parse().ok()).unwrap_or(30),
            size => size,
        };
        let page: usize = query("page").and_then(|n| n.parse().ok()).unwrap_or(1);
        let total = items.len();
        let shown: Vec<Value> = items
            .into_iter()
            .skip((page - 1) * size)
            .take(size)
            .collect();
        let body = match field {
            Some(field) => json!({ "total_count": total, field: shown }),
            None => json!(shown),
        };
        let mut answer = answer(200, &body);
        if page * size < total {
            let bare = path.split("&page=").next().unwrap();
            let next = format!("<{base}{bare}&page={}>; rel=\"next\"", page + 1);
            answer.headers.push(("link".into(), next));
        }
        answer
    }

    pub fn handle(
        &mut self,
        method: &str,
        path: &str,
        body: Option<Value>,
        base: &str,
    ) -> Response {
        self.log
            .push((method.to_owned(), path.to_owned(), body.clone()));
        let forbidden = || {
            answer(
                403,
                &json!({ "message": "Resource not accessible by integration" }),
            )
        };
        let missing = || answer(404, &json!({ "message": "Not Found" }));
        if method == "GET" && path == "/user" {
            return answer(200, &json!({ "login": self.login }));
        }
        let Some(rest) = path.strip_prefix("/repos/acme/shop") else {
            return missing();
        };
        let bare = rest.split('?').next().unwrap();
        let parts: Vec<&str> = bare.trim_start_matches('/').split('/').collect();
        let body = body.unwrap_or(Value::Null);
        match (method, parts.as_slice()) {
            ("GET", ["issues", pull, "comments"]) => {
                let pull: u64 = pull.parse().unwrap();
                let own = self.comments.iter().filter(|(_, c)| c.0 == pull);
                let items = own.map(|(id, _)| self.comment_json(*id)).collect();
                self.list(path, items, None, base)
            }
            ("POST", ["issues", pull, "comments"]) => {
                if self.forbidden.contains(&"comments") {
                    return forbidden();
                }
                let text = body["body"].as_str().unwrap().to_owned();
                if text.encode_utf16().count() > 65_536 {
                    return answer(
                        422,
                        &json!({ "message": "body is too long (maximum is 65536 characters)" }),
                    );
                }
                let (id, login) = (self.number(), self.login.clone());
                self.comments
                    .insert(id, (pull.parse().unwrap(), login, text));
                answer(201, &self.comment_json(id))
            }
            ("PATCH" | "DELETE", ["issues", "comments", id]) => {
                let id: u64 = id.parse().unwrap();
                let Some(comment) = self.comments.get_mut(&id) else {
                    return missing();
                };
                if self.forbidden.contains(&"comments") || comment.1 != self.login {
                    return forbidden();
                }
                if method == "DELETE" {
                    self.comments.remove(&id);
                    return Response {
                        status: 204,
                        ..Response::default()
                    };
                }
                comment.2 = body["body"].as_str().unwrap().to_owned();
                answer(200, &self.comment_json(id))
            }
            ("GET", ["pulls"]) => {
                let wanted = rest.split("head=").nth(1).unwrap_or_default();
                let wanted = wanted.split('&').next().unwrap().replace("%3A", ":");
                let branch = wanted.split(':').nth(1).unwrap_or_default().to_owned();
                let of = |pull: &&Value| pull["head"]["ref"] == branch.as_str();
                let items = self.pulls.iter().filter(of).cloned().collect();
                self.list(path, items, None, base)
            }
            ("GET", ["pulls", number]) => {
                let of = |pull: &&Value| pull["number"].as_u64() == number.parse().ok();
                match self.pulls.iter().find(of) {
                    Some(pull) => answer(200, pull),
                    None => missing(),
                }
            }
            ("GET", ["pulls", _, "files"]) => {
                let items = self
                    .files
                    .iter()
                    .map(|f| json!({ "filename": f }))
                    .collect();
                self.list(path, items, None, base)
            }
            ("POST", ["check-runs"]) => {
                if self.forbidden.contains(&"checks") {
                    return forbidden();
                }
                let id = self.number();
                self.checks.insert(id, body);
                answer(201, &self.check_json(id))
            }
            ("PATCH", ["check-runs", id]) => {
                let id: u64 = id.parse().unwrap();
                if self.forbidden.contains(&"checks") {
                    return forbidden();
                }
                let Some(check) = self.checks.get_mut(&id) else {
                    return missing();
                };
                for (key, value) in body.as_object().unwrap() {
                    check[key] = value.clone();
                }
                answer(200, &self.check_json(id))
            }
            ("GET", ["commits", sha, "check-runs"]) => {
                if self.forbidden.contains(&"checks") {
                    return forbidden();
                }
                let of = |(_, check): &(&u64, &Value)| check["head_sha"] == *sha;
                let items = self
                    .checks
                    .iter()
                    .filter(of)
                    .map(|(id, _)| self.check_json(*id));
                self.list(path, items.collect(), Some("check_runs"), base)
            }
            ("POST", ["statuses", sha]) => {
                if self.forbidden.contains(&"statuses") {
                    return forbidden();
                }
                self.statuses.push(((*sha).to_owned(), body));
                answer(201, &json!({ "id": 1 }))
            }
            _ => missing(),
        }
    }
}

/// The fake as a transport, without a network.
pub struct Wire {
    pub fake: Fake,
    /// Called before each request: lets another job run in between.
    pub before: Option<Box<dyn Fn(usize)>>,
    pub sent: RefCell<usize>,
}

impl Wire {
    pub fn new(fake: &Fake) -> Self {
        Self {
            fake: fake.clone(),
            before: None,
            sent: RefCell::new(0),
        }
    }
}

impl Transport for Wire {
    fn send(&self, request: &Request) -> Result<Response, NoAnswer> {
        let count = *self.sent.borrow();
        *self.sent.borrow_mut() += 1;
        if let Some(before) = &self.before {
            before(count);
        }
        let fault = self.fake.next_fault();
        let lost = || Err(NoAnswer::Lost("closed".into()));
        match fault {
            Fault::NoConnection => return Err(NoAnswer::NotSent("refused".into())),
            Fault::DroppedBefore => return lost(),
            Fault::DroppedAfter | Fault::Slow | Fault::BadGatewayAfterWrite | Fault::None => {}
            refused => {
                if let Some(answer) = fault_answer(refused) {
                    return Ok(answer);
                }
            }
        }
        let method = request.method.as_str();
        let done = self
            .fake
            .handle(method, &request.path, request.body.clone(), self.base());
        match fault {
            Fault::DroppedAfter | Fault::Slow => lost(),
            Fault::BadGatewayAfterWrite => Ok(fault_answer(fault).unwrap()),
            _ => Ok(done),
        }
    }

    fn base(&self) -> &str {
        "https://api.example"
    }
}

/// A clock that never waits.
#[derive(Debug, Default)]
pub struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_800_000_000).unwrap()
    }
    fn sleep(&self, _: Duration) {}
    fn random(&self) -> f64 {
        0.5
    }
}
