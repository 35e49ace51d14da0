//! Arguments of the commands that carry and keep the history.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Name of the remote [default: `remote` or `repository` under [sync] in plimsoll.toml, else origin].
    #[arg(long, value_name = "NAME")]
    pub(crate) remote: Option<String>,
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
