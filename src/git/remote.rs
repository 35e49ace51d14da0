//! A remote as the user's repository knows it: address and credentials, kept out of argument lists.

use super::command::{self, Said, Settings};
use super::{Git, GitError};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What plimsoll calls the remote in its own commands.
pub(super) const NAME: &str = "plimsoll";
/// Settings of the user's repository that a fetch or push elsewhere needs as well.
const CARRIED: &[&str] = &[
    "http.",
    "https.",
    "credential.",
    "url.",
    "ssh.",
    "protocol.",
    "core.sshcommand",
    "core.askpass",
    "core.gitproxy",
];
const LOCALLY: Duration = Duration::from_secs(30);

/// Where to fetch from and push to.
#[derive(Clone)]
pub struct Remote {
    pub(super) settings: Settings,
    shown: String,
    key: String,
}

/// Why the other side could not be reached or did not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Somebody else was faster: fetch and try again.
    Raced,
    /// The network or the server is in trouble that may pass.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// A rule of the server forbids it.
    Refused,
    /// Credentials are missing or not sufficient.
    Denied,
    /// The server has no room.
    Full,
    /// There is no repository.
    NotFound,
    /// There is no such reference or object.
    Absent,
    /// The repository belongs to another user of this machine.
    NotOwned,
    /// The two repositories name objects differently (SHA-1, SHA-256).
    OtherFormat,
    /// The repository of ours that receives is damaged, or a killed process left a lock in it.
    Damaged,
    /// Anything else.
    Other,
}

/// What went wrong with a remote.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub struct RemoteError {
    /// Which kind.
    pub trouble: Trouble,
    /// What git said, without credentials.
    pub text: String,
}

impl Remote {
    /// The remote that the user's repository calls `name`.
    ///
    /// # Errors
    /// Where it has no such remote.
    pub fn named(git: &Git, name: &str, vars: &BTreeMap<String, String>) -> Result<Self, GitError> {
        let config = UserSettings::read(git, vars)?;
        let lower = format!("remote.{name}.");
        let own = |key: &str| {
            let wanted = format!("{lower}{key}");
            config.all.iter().rev().find(|(k, _)| *k == wanted)
        };
        let Some((_, url)) = own("url") else {
            return Err(GitError::NoRemote(name.to_owned()));
        };
        let mut remote = Self::new(git, &config, url, vars);
        if let Some((_, push)) = own("pushurl") {
            let push = absolute(git, push);
            remote
                .settings
                .pairs
                .push((format!("remote.{NAME}.pushurl"), push));
        }
        Ok(remote)
    }

    /// A repository by its address.
    ///
    /// # Errors
    /// Where the settings of the user's repository cannot be read.
    pub fn at(git: &Git, url: &str, vars: &BTreeMap<String, String>) -> Result<Self, GitError> {
        Ok(Self::new(git, &UserSettings::read(git, vars)?, url, vars))
    }

    fn new(git: &Git, config: &UserSettings, url: &str, vars: &BTreeMap<String, String>) -> Self {
        let url = absolute(git, url);
        let shown = without_credentials(&url);
        let digest = Sha256::digest(shown.trim_end_matches('/').as_bytes());
        let key = digest[..8].iter().map(|b| format!("{b:02x}")).collect();
        let mut pairs = config.carried();
        pairs.push((format!("remote.{NAME}.url"), url));
        Self {
            settings: Settings {
                pairs,
                inherited: inherited(vars),
            },
            shown,
            key,
        }
    }

    /// Its address, without credentials.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What tells its address from others: 16 hexadecimal digits.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Runs a network command of the repository in `directory`.
    pub(super) fn run(
        &self,
        directory: &Path,
        args: &[&str],
        limit: Duration,
    ) -> Result<Said, RemoteError> {
        let said =
            command::run(directory, args, &self.settings, limit).map_err(|e| RemoteError {
                trouble: Trouble::Other,
                text: e.to_string(),
            })?;
        let Some(said) = said else {
            return Err(RemoteError {
                trouble: Trouble::TimedOut,
                text: format!("{} did not answer within {} s", self.shown, limit.as_secs()),
            });
        };
        if said.status.success() {
            return Ok(said);
        }
        let all = format!("{}{}", String::from_utf8_lossy(&said.out), said.err);
        Err(RemoteError {
            trouble: classify(&all),
            text: self.told(&all),
        })
    }

    /// The lines that tell something, without credentials.
    fn told(&self, text: &str) -> String {
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.trim_start_matches("remote:").trim())
            .filter(|line| {
                !line.is_empty()
                    && !line.starts_with("To ")
                    && !line.starts_with("hint:")
                    && !line.starts_with("error: failed to push some refs")
                    && *line != "Done"
            })
            // `! <object>:<reference> [rejected] (why)`: the object tells nobody anything.
            .map(|line| match (line.starts_with('!'), line.find('[')) {
                (true, Some(at)) => &line[at..],
                _ => line,
            })
            .map(|line| {
                line.split(' ')
                    .map(without_credentials)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .take(12)
            .collect();
        lines.join("; ")
    }
}

struct UserSettings {
    all: Vec<(String, String)>,
}

impl UserSettings {
    /// The settings of the user's repository itself, includes followed.
    fn read(git: &Git, vars: &BTreeMap<String, String>) -> Result<Self, GitError> {
        let settings = Settings {
            pairs: Vec::new(),
            inherited: inherited(vars),
        };
        let args = ["config", "--list", "-z", "--show-scope"];
        let said = command::run(git.home(), &args, &settings, LOCALLY)?
            .ok_or_else(|| GitError::Other("git does not answer".to_owned()))?;
        if !said.status.success() {
            if classify(&said.err) == Trouble::NotOwned {
                return Err(GitError::NotOwned(git.home().to_owned()));
            }
            return Err(GitError::Other(said.err.trim().to_owned()));
        }
        let text = String::from_utf8_lossy(&said.out);
        let fields: Vec<&str> = text.split('\0').collect();
        let all = fields
            .chunks_exact(2)
            .filter(|pair| matches!(pair[0], "local" | "worktree"))
            .map(|pair| match pair[1].split_once('\n') {
                Some((key, value)) => (key.to_owned(), value.to_owned()),
                None => (pair[1].to_owned(), "true".to_owned()),
            })
            .collect();
        Ok(Self { all })
    }

    fn carried(&self) -> Vec<(String, String)> {
        let carried = |key: &str| CARRIED.iter().any(|prefix| key.starts_with(prefix));
        self.all
            .iter()
            .filter(|(key, _)| carried(key))
            .cloned()
            .collect()
    }
}

fn inherited(vars: &BTreeMap<String, String>) -> usize {
    vars.get("GIT_CONFIG_COUNT")
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

/// A relative path counts from the root of the user's work tree.
fn absolute(git: &Git, url: &str) -> String {
    let before_slash = url.split('/').next().unwrap_or_default();
    if url.contains("://") || before_slash.contains(':') || Path::new(url).is_absolute() {
        return url.to_owned();
    }
    let path = git.home().join(url);
    let path = path.canonicalize().unwrap_or(path);
    path.to_string_lossy().into_owned()
}

/// `scheme://user:secret@host/…` without what stands before the `@`.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => text.to_owned(),
    }
}

/// What git's words mean. The first that fits counts: a refusal also says "rejected", as a race
/// does.
fn classify(text: &str) -> Trouble {
    let text = text.to_lowercase();
    let rules: &[(Trouble, &[&str])] = &[
        (Trouble::NotOwned, &["dubious ownership"]),
        (
            Trouble::OtherFormat,
            &["mismatched algorithms", "object format", "hash algorithm"],
        ),
        (
            Trouble::Full,
            &["no space left", "disk quota", "out of disk"],
        ),
        (
            Trouble::Refused,
            &[
                "gh006",
                "gh013",
                "hook declined",
                "protected branch",
                "push declined",
                "rule violations",
                "deny updating a hidden ref",
                "not allowed to push",
            ],
        ),
        (
            Trouble::Denied,
            &[
                "authentication failed",
                "could not read username",
                "could not read password",
                "permission denied",
                "permission to ",
                "write access to repository not granted",
                "insufficient permission",
                "error: 401",
                "error: 403",
                "read-only",
            ],
        ),
        (
            Trouble::Raced,
            &[
                "fetch first",
                "non-fast-forward",
                "cannot lock ref",
                "failed to update ref",
                "failed to lock",
                "reference already exists",
                "incorrect old value",
                "stale info",
            ],
        ),
        (
            Trouble::Absent,
            &[
                "couldn't find remote ref",
                "not our ref",
                "remote ref does not exist",
                "unadvertised object",
                "no such remote ref",
            ],
        ),
        (
            Trouble::Unreachable,
            &[
                "returned error: 5",
                "returned error: 429",
                "rpc failed",
                "early eof",
                "hung up",
                "connection reset",
                "timed out",
                "could not resolve",
                "connection refused",
                "failed to connect",
                "couldn't connect",
                "could not connect",
                "temporary failure",
            ],
        ),
        (
            Trouble::NotFound,
            &[
                "does not appear to be a git repository",
                "repository not found",
                "does not exist",
                "no such file or directory",
                "returned error: 404",
                "' not found",
            ],
        ),
        (Trouble::Damaged, &[".lock': file exists"]),
    ];
    rules
        .iter()
        .find(|(_, words)| words.iter().any(|word| text.contains(word)))
        .map_or(Trouble::Other, |(trouble, _)| *trouble)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_git_and_of_hosts_are_told_apart() {
        let cases = [
            (
                "!\tabc:refs/heads/d\t[rejected] (fetch first)",
                Trouble::Raced,
            ),
            (
                "! [remote rejected] d -> d (cannot lock ref 'refs/heads/d': is at 1 but expected 2)",
                Trouble::Raced,
            ),
            (
                "! [remote rejected] d -> d (failed to update ref)",
                Trouble::Raced,
            ),
            (
                "remote: error: GH006: Protected branch update failed for refs/heads/plimsoll-data.",
                Trouble::Refused,
            ),
            (
                "remote: error: GH013: Repository rule violations found for refs/heads/d.\n! [remote rejected] (push declined due to repository rule violations)",
                Trouble::Refused,
            ),
            (
                "! [remote rejected] d -> d (pre-receive hook declined)",
                Trouble::Refused,
            ),
            (
                "remote: Permission to a/b.git denied to github-actions[bot].\nfatal: unable to access 'https://github.com/a/b/': The requested URL returned error: 403",
                Trouble::Denied,
            ),
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                Trouble::Denied,
            ),
            (
                "fatal: unable to access: The requested URL returned error: 502",
                Trouble::Unreachable,
            ),
            (
                "fatal: unable to access: Could not resolve host: github.com",
                Trouble::Unreachable,
            ),
            (
                "fatal: detected dubious ownership in repository at '/srv/x.git'",
                Trouble::NotOwned,
            ),
            (
                "fatal: mismatched algorithms: client sha1; server sha256",
                Trouble::OtherFormat,
            ),
            (
                "fatal: couldn't find remote ref refs/heads/x",
                Trouble::Absent,
            ),
            (
                "fatal: '/x' does not appear to be a git repository",
                Trouble::NotFound,
            ),
            ("remote: Repository not found.", Trouble::NotFound),
            (
                "fatal: Unable to create '/s/shallow.lock': File exists.",
                Trouble::Damaged,
            ),
            ("something new", Trouble::Other),
        ];
        for (text, trouble) in cases {
            assert_eq!(classify(text), trouble, "{text}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(
            without_credentials("https://x-access-token:s3cret@github.com/a/b"),
            "https://github.com/a/b"
        );
        assert_eq!(
            without_credentials("git@github.com:a/b"),
            "git@github.com:a/b"
        );
    }
}
