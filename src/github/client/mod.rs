//! Requests to GitHub's API: what may be sent again, when, and what must be looked up first.
//!
//! GET, PATCH and DELETE may be sent again: twice has the effect of once. A POST may not: when
//! nobody knows whether it arrived, the caller lists what is there and then decides
//! ([`ApiError::Unclear`]). Rate limits are waited out as GitHub's documentation asks:
//! `retry-after`, else `x-ratelimit-reset`, else a minute.

mod transport;

pub use transport::{Octocrab, Timeouts, Token};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::Cell;
use std::time::Duration;

/// How a request acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes something new each time.
    Post,
    /// Changes; twice is once.
    Patch,
    /// Removes; twice is once.
    Delete,
}

impl Method {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One request, relative to the API's address.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// What, such as `/repos/acme/shop/issues/1/comments?per_page=100`.
    pub path: String,
    /// With what.
    pub body: Option<Value>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Response {
    /// The first header of a name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The request never left: it may be sent again.
    #[error("no connection: {0}")]
    NotSent(String),
    /// It may have arrived.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

/// Sends one request once.
pub trait Transport {
    /// Sends it.
    ///
    /// # Errors
    /// Where no answer came.
    fn send(&self, request: &Request) -> Result<Response, NoAnswer>;
    /// The API's address, to recognise its own links.
    fn base(&self) -> &str;
}

/// Time and chance, given by the caller: tests do not wait.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, time: Duration);
    /// A number from 0 to 1.
    fn random(&self) -> f64;
}

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// GitHub said no; sending it again would not help.
    #[error("{method} {path} was refused ({status}): {message}")]
    Refused {
        /// How.
        method: &'static str,
        /// What.
        path: String,
        /// The status code.
        status: u16,
        /// GitHub's own words.
        message: String,
    },
    /// Nobody knows whether a POST arrived: look before sending it again.
    #[error("POST {path} may or may not have arrived: {cause}")]
    Unclear {
        /// What.
        path: String,
        /// What happened.
        cause: String,
    },
    /// It did not work in many tries.
    #[error("{method} {path} did not work in {tries} tries: {cause}")]
    GaveUp {
        /// How.
        method: &'static str,
        /// What.
        path: String,
        /// How often it was sent.
        tries: u32,
        /// What happened last.
        cause: String,
    },
    /// The answer is not what the documentation says.
    #[error("the answer to {path} cannot be read: {cause}")]
    Unreadable {
        /// What.
        path: String,
        /// Where it differs.
        cause: String,
    },
}

impl ApiError {
    /// The token may not do this, or the thing is hidden from it.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if matches!(status, 401 | 403 | 404))
    }

    /// What was asked for is not there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if matches!(status, 404 | 410))
    }
}

/// The most tries of one request.
const TRIES: u32 = 6;
/// The most time that one command waits in all: a job costs money.
const PATIENCE: Duration = Duration::from_secs(180);
/// The most pages of one list.
const PAGES: usize = 100;

/// Sends requests by the rules.
pub struct Client<'a> {
    transport: &'a dyn Transport,
    clock: &'a dyn Clock,
    sent: Cell<usize>,
    waited: Cell<Duration>,
}

impl<'a> Client<'a> {
    /// A client that has sent nothing yet.
    #[must_use]
    pub fn new(transport: &'a dyn Transport, clock: &'a dyn Clock) -> Self {
        Self {
            transport,
            clock,
            sent: Cell::new(0),
            waited: Cell::new(Duration::ZERO),
        }
    }

    /// How many requests were sent, repeated ones counted each time.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.get()
    }

    /// Sends a request until there is an answer that counts.
    ///
    /// # Errors
    /// As [`ApiError`] tells.
    pub fn call(&self, request: &Request) -> Result<Response, ApiError> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.sent.set(self.sent.get() + 1);
            let (again, pause, cause) = match self.transport.send(request) {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => match self.judge(request, &answer) {
                    Again::Never => return Err(refused(request, &answer)),
                    again => {
                        let pause = match again {
                            Again::After(pause) => pause,
                            _ => self.backoff(tries),
                        };
                        (again, pause, told(&answer))
                    }
                },
                Err(NoAnswer::NotSent(cause)) => (Again::Safe, self.backoff(tries), cause),
                Err(NoAnswer::Lost(cause)) => (Again::Unclear, self.backoff(tries), cause),
            };
            if again == Again::Unclear && request.method == Method::Post {
                return Err(ApiError::Unclear {
                    path: request.path.clone(),
                    cause,
                });
            }
            let waited = self.waited.get() + pause;
            if tries >= TRIES || waited > PATIENCE {
                return Err(ApiError::GaveUp {
                    method: request.method.as_str(),
                    path: request.path.clone(),
                    tries,
                    cause,
                });
            }
            self.waited.set(waited);
            self.clock.sleep(pause);
        }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// As [`Client::call`], or where the answer is not of that shape.
    pub fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ApiError> {
        let answer = self.call(request)?;
        parse(&request.path, &answer.body)
    }

    /// All items of a list, page by page, as `Link` tells. `field`: the field that holds them where
    /// the answer is no bare list.
    ///
    /// # Errors
    /// As [`Client::read`]; a list that never ends is unreadable.
    pub fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        field: Option<&str>,
    ) -> Result<Vec<T>, ApiError> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        let mut pages = 0;
        while let Some(path) = next {
            pages += 1;
            let unreadable = |cause: &str| ApiError::Unreadable {
                path: path.clone(),
                cause: cause.to_owned(),
            };
            if pages > PAGES {
                return Err(unreadable("the list does not end"));
            }
            let answer = self.call(&Request {
                method: Method::Get,
                path: path.clone(),
                body: None,
            })?;
            let mut page: Value = parse(&path, &answer.body)?;
            let page = match field {
                Some(field) => page
                    .get_mut(field)
                    .map(Value::take)
                    .ok_or_else(|| unreadable(&format!("it has no `{field}`")))?,
                None => page,
            };
            let page: Vec<T> =
                serde_json::from_value(page).map_err(|e| unreadable(&e.to_string()))?;
            items.extend(page);
            next = answer
                .header("link")
                .and_then(next_page)
                .and_then(|url| self.own(url));
        }
        Ok(items)
    }

    /// A full address of this API as a path; `None` for any other place: the token stays here.
    fn own(&self, url: &str) -> Option<String> {
        let path = url.strip_prefix(self.transport.base().trim_end_matches('/'))?;
        path.starts_with('/').then(|| path.to_owned())
    }

    fn judge(&self, request: &Request, answer: &Response) -> Again {
        let limited = answer.status == 429
            || answer.status == 403
                && (answer.header("retry-after").is_some()
                    || answer.header("x-ratelimit-remaining") == Some("0")
                    || answer.body.to_ascii_lowercase().contains("rate limit"));
        if limited {
            return Again::After(self.pause(answer));
        }
        match answer.status {
            500..=599 | 408 => Again::Unclear,
            // A read that comes too early: the thing was made a moment ago.
            409 if request.method != Method::Post => Again::Safe,
            _ => Again::Never,
        }
    }

    fn pause(&self, answer: &Response) -> Duration {
        let seconds = |name: &str| {
            answer
                .header(name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let pause = match (seconds("retry-after"), seconds("x-ratelimit-reset")) {
            (Some(after), _) => after,
            (None, Some(reset)) => {
                let now = u64::try_from(self.clock.now().as_second()).unwrap_or(0);
                reset.saturating_sub(now) + 1
            }
            (None, None) => 60,
        };
        Duration::from_secs(pause) + Duration::from_secs_f64(self.clock.random())
    }

    /// Twice as long each time, with chance in it, so that two hundred jobs do not come back at
    /// once.
    fn backoff(&self, tries: u32) -> Duration {
        let most = f64::from(1u32 << tries.min(5)) / 2.0;
        Duration::from_secs_f64(most * (0.5 + self.clock.random() / 2.0))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Again {
    /// It did not happen.
    Safe,
    /// It did not happen, and GitHub says when to come back.
    After(Duration),
    /// It may have happened.
    Unclear,
    /// It will not happen.
    Never,
}

fn refused(request: &Request, answer: &Response) -> ApiError {
    ApiError::Refused {
        method: request.method.as_str(),
        path: request.path.clone(),
        status: answer.status,
        message: told(answer),
    }
}

/// GitHub's own words about a fault.
fn told(answer: &Response) -> String {
    let message = serde_json::from_str::<Value>(&answer.body)
        .ok()
        .and_then(|json| Some(json.get("message")?.as_str()?.to_owned()));
    let text = message.unwrap_or_else(|| format!("status {}", answer.status));
    crate::report::text::plain_up_to(&text, 300)
}

fn parse<T: DeserializeOwned>(path: &str, body: &str) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_str(body);
    serde_path_to_error::deserialize(&mut json).map_err(|e| ApiError::Unreadable {
        path: path.to_owned(),
        cause: e.to_string(),
    })
}

/// The address of `rel="next"` in a `Link` header.
fn next_page(link: &str) -> Option<&str> {
    let next = link
        .split(',')
        .find(|part| part.split(';').skip(1).any(|p| p.trim() == "rel=\"next\""))?;
    next.split(';')
        .next()?
        .trim()
        .strip_prefix('<')?
        .strip_suffix('>')
}

#[cfg(test)]
mod tests;
