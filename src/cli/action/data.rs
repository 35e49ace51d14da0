//! Where the history lies, and with whose token it is reached.

use super::Inputs;
use anyhow::{Result, bail};
use base64::Engine;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// How `sync` is called.
pub(super) struct Data {
    /// Its options.
    pub(super) options: Vec<OsString>,
    /// Variables that hand it the token.
    pub(super) credentials: Vec<(String, OsString)>,
}

impl Data {
    pub(super) fn new(inputs: &Inputs<'_>) -> Result<Self> {
        Ok(Self {
            options: options(inputs)?,
            credentials: credentials(inputs)?,
        })
    }
}

/// The options of `sync` that the inputs `data-branch`, `data-remote` and `data-repository` ask for.
fn options(inputs: &Inputs<'_>) -> Result<Vec<OsString>> {
    let mut options = Vec::new();
    for (input, option) in [("data-branch", "--branch"), ("data-remote", "--remote")] {
        if let Some(value) = inputs.get(input) {
            // In one word: a value may begin with a dash.
            options.push(format!("{option}={value}").into());
        }
    }
    if let Some(address) = repository(inputs)? {
        if inputs.get("data-remote").is_some() {
            bail!(
                "the inputs `data-remote` and `data-repository` both say where the history lies: give one"
            );
        }
        options.push(format!("--repository={address}").into());
    }
    Ok(options)
}

/// `OWNER/NAME` on this server, or an address as it is.
fn repository(inputs: &Inputs<'_>) -> Result<Option<String>> {
    let Some(given) = inputs.get("data-repository") else {
        return Ok(None);
    };
    let part = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !text.is_empty() && !text.starts_with(['.', '-']) && text.chars().all(plain)
    };
    if let Some((owner, name)) = given.split_once('/')
        && part(owner)
        && part(name)
    {
        return Ok(Some(format!("{}/{given}", server(&inputs.world.vars))));
    }
    if !given.contains("://") && !given.starts_with('/') {
        bail!("the input `data-repository` is neither OWNER/NAME nor an address");
    }
    Ok(Some(given.to_owned()))
}

fn server(vars: &BTreeMap<String, String>) -> &str {
    let given = vars.get("GITHUB_SERVER_URL").map(String::as_str);
    given.unwrap_or("https://github.com").trim_end_matches('/')
}

/// Settings of git that hand `data-token` to the repository of the history alone, by environment. The
/// first takes back what actions/checkout left for the whole server: two such headers are refused.
fn credentials(inputs: &Inputs<'_>) -> Result<Vec<(String, OsString)>> {
    let Some(token) = inputs.get("data-token") else {
        return Ok(Vec::new());
    };
    let vars = &inputs.world.vars;
    let own = || {
        Some(format!(
            "{}/{}",
            server(vars),
            vars.get("GITHUB_REPOSITORY")?
        ))
    };
    let Some(address) = repository(inputs)?.or_else(own) else {
        bail!("the input `data-token` is for no repository: give `data-repository`");
    };
    if !address.starts_with("https://") && !address.starts_with("http://127.0.0.1") {
        bail!("the input `data-token` needs a repository that is reached by https");
    }
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
    let key = format!("http.{address}.extraheader");
    let pairs = [
        (key.clone(), String::new()),
        (key, format!("AUTHORIZATION: basic {basic}")),
    ];
    let known = vars.get("GIT_CONFIG_COUNT");
    let first: usize = known.and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut settings = vec![(
        "GIT_CONFIG_COUNT".to_owned(),
        OsString::from((first + pairs.len()).to_string()),
    )];
    for (i, (key, value)) in pairs.into_iter().enumerate() {
        let i = first + i;
        settings.push((format!("GIT_CONFIG_KEY_{i}"), key.into()));
        settings.push((format!("GIT_CONFIG_VALUE_{i}"), value.into()));
    }
    Ok(settings)
}
