//! octocrab as the transport: connections, TLS, the token. Its own retries are off: one of them
//! would send a POST up to four times.

use super::{Method, NoAnswer, Request, Response, Transport};
use octocrab::service::middleware::retry::RetryConfig;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A secret. Nothing that prints it shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token; `None` for an empty one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// A token of a person (`ghp_…`, `github_pat_…`) rather than of an app or a workflow.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.0.starts_with("ghp_") || self.0.starts_with("github_pat_")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// For one request as a whole.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
        }
    }
}

/// GitHub through octocrab, on a thread of its own.
pub struct Octocrab {
    runtime: tokio::runtime::Runtime,
    octocrab: octocrab::Octocrab,
    base: String,
    timeouts: Timeouts,
}

impl Octocrab {
    /// A connection to the API at `base`, such as `https://api.github.com`.
    ///
    /// # Errors
    /// A sentence fragment, where the address is none or TLS cannot be set up.
    pub fn new(base: &str, token: &Token, timeouts: Timeouts) -> Result<Self, String> {
        let base = base.trim_end_matches('/').to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| chain(&e))?;
        let octocrab = runtime.block_on(async {
            octocrab::Octocrab::builder()
                .personal_token(token.0.clone())
                .base_uri(base.as_str())
                .map_err(|e| format!("`{base}` is not the address of an API: {}", chain(&e)))?
                .add_retry_config(RetryConfig::None)
                .set_connect_timeout(Some(timeouts.connect))
                .set_read_timeout(Some(timeouts.request))
                .set_write_timeout(Some(timeouts.request))
                .build()
                .map_err(|e| chain(&e))
        })?;
        Ok(Self {
            runtime,
            octocrab,
            base,
            timeouts,
        })
    }

    async fn exchange(&self, request: &Request) -> Result<Response, octocrab::Error> {
        let uri = format!("{}{}", self.base, request.path);
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
        };
        let builder = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        let built = self
            .octocrab
            .build_request(builder, request.body.as_ref())?;
        let answer = self.octocrab.execute(built).await?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        let body = self.octocrab.body_to_string(answer).await?;
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

impl Transport for Octocrab {
    fn send(&self, request: &Request) -> Result<Response, NoAnswer> {
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(self.timeouts.request, self.exchange(request)).await;
            match answer {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(lost(&error)),
                Err(_) => Err(NoAnswer::Lost(format!(
                    "no answer within {:?}",
                    self.timeouts.request
                ))),
            }
        })
    }

    fn base(&self) -> &str {
        &self.base
    }
}

/// Only a connection that was never made is sure to have carried nothing.
fn lost(error: &octocrab::Error) -> NoAnswer {
    let told = chain(error);
    if told.contains("client error (Connect)") {
        NoAnswer::NotSent(told)
    } else {
        NoAnswer::Lost(told)
    }
}

/// An error with everything behind it: the cause that helps is the last.
fn chain(error: &dyn Error) -> String {
    let mut told = vec![first_line(&error.to_string())];
    let mut source = error.source();
    while let Some(cause) = source {
        let line = first_line(&cause.to_string());
        if !told.iter().any(|known| known.contains(&line)) {
            told.push(line);
        }
        source = cause.source();
    }
    told.join(": ")
}

/// Some of octocrab's errors carry a backtrace in their text.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new(" ghp_secret \n").unwrap();
        assert_eq!(format!("{token:?} {:?}", Some(&token)), "*** Some(***)");
        assert!(token.is_personal());
        assert!(Token::new(" ").is_none());
    }

    #[test]
    fn an_address_nobody_listens_at_is_not_sent() {
        // Port 1 on loopback: refused at once.
        let token = Token::new("t").unwrap();
        let there = Octocrab::new("http://127.0.0.1:1", &token, Timeouts::default()).unwrap();
        let sent = there.send(&Request {
            method: Method::Get,
            path: "/user".into(),
            body: None,
        });
        assert!(matches!(sent, Err(NoAnswer::NotSent(_))), "{sent:?}");
    }
}
