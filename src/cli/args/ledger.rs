//! Arguments of the commands that carry and keep the history.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Name of the remote [default: `remote` or `repository` under [sync] in plimsoll.toml, else origin].
    #[arg(long, value_name = "NAME")]
    pub(crate) remote: Option<String>,
    /// Address of the repository that holds the data, where it is no remote of this one.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "remote")]
    pub(crate) repository: Option<String>,
    /// Name of the data branch [default: `branch` or `ref` under [sync] in plimsoll.toml, else plimsoll-data].
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// Only say what would be sent and received, and whether anything was lost.
    #[arg(long, conflicts_with = "repair")]
    pub(crate) status: bool,
    /// Give back to the branch what it lost or holds damaged and this database has.
    #[arg(long)]
    pub(crate) repair: bool,
    /// How long to try while others write; then the runs are parked where nobody races.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) timeout: std::time::Duration,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = super::Format::Table)]
    pub(crate) format: super::Format,
}

/// `90s`, `2m`, `500ms`, `1h`; a bare number counts seconds.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number
        .parse()
        .map_err(|e| format!("write for example 60s ({e})"))?;
    let scale = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        other => return Err(format!("`{other}` is no unit of time; write ms, s, m or h")),
    };
    number
        .checked_mul(scale)
        .map(std::time::Duration::from_millis)
        .ok_or_else(|| "that is too long".to_owned())
}

impl Sync {
    /// As if nothing was asked for.
    pub(crate) fn plain() -> Self {
        Self {
            remote: None,
            repository: None,
            branch: None,
            status: false,
            repair: false,
            timeout: std::time::Duration::from_secs(60),
            format: super::Format::Table,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// Drop raw samples of commits older than this, such as 180d, 26w or 1y.
    #[arg(long, value_name = "TIME", default_value = "365d", value_parser = age)]
    pub(crate) older_than: std::time::Duration,
    /// Do it; without this it is only said what would be dropped.
    #[arg(long)]
    pub(crate) apply: bool,
}

/// Days, weeks or years.
fn age(text: &str) -> Result<std::time::Duration, String> {
    let help = || format!("`{text}` is no age: write for example 180d, 26w or 1y");
    let unit = text.chars().last().ok_or_else(help)?;
    let days = match unit {
        'd' => 1,
        'w' => 7,
        'y' => 365,
        _ => return Err(help()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|e| format!("{} ({e})", help()))?;
    number
        .checked_mul(days * 86_400)
        .map(std::time::Duration::from_secs)
        .ok_or_else(help)
}
