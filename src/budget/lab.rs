//! `[lab]` and `[hook]` of `plimsoll.toml`: how this project builds and measures itself.

use super::format::{HOOK, LAB};
use super::reader::{Faults, Table};
use super::{Dimension, Quantity};
use crate::model::Unit;
use std::ops::Range;
use std::time::Duration;

/// How two builds are made and measured on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lab {
    /// Shell line that is run before each build.
    pub setup: Option<String>,
    /// Shell line that builds.
    pub build: Option<String>,
    /// Shell line that measures.
    pub bench: Option<String>,
    /// Result files or folders that it writes, seen from the root of the project.
    pub results: Vec<String>,
    /// Read results as this format.
    pub from: Option<String>,
    /// Time for the executions of a comparison, builds excluded.
    pub time: Option<Duration>,
    /// So many pairs, whatever the time.
    pub pairs: Option<u32>,
}

/// What the pre-push hook does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Shell line that measures, where it is another than `[lab] bench`.
    pub bench: Option<String>,
    /// Time for the executions, builds excluded; `None` is that of `[lab]`.
    pub time: Option<Duration>,
    /// The whole hook ends within this time, builds included.
    pub max_wall: Duration,
    /// Not enough evidence blocks a push, too.
    pub strict: bool,
}

impl Default for Hook {
    fn default() -> Self {
        Self {
            bench: None,
            time: None,
            max_wall: Duration::from_secs(180),
            strict: false,
        }
    }
}

/// Reads a stretch of time such as `90s` or `3m`.
///
/// # Errors
/// A sentence fragment that says what to write.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is not a stretch of time: write for example `60s` or `3m`");
    let quantity = Quantity::parse(text).map_err(|_why| wanted())?;
    let is_time = quantity.dimension == Dimension::Known(Unit::Nanoseconds);
    if !is_time || quantity.value <= 0.0 {
        return Err(wanted());
    }
    Duration::try_from_secs_f64(quantity.value / 1e9).map_err(|_why| wanted())
}

fn duration(table: &Table<'_, '_>, key: &str, faults: &mut Faults<'_>) -> Option<Duration> {
    let (text, span): (&str, Range<usize>) = table.text(key, faults)?;
    match parse_duration(text) {
        Ok(duration) => Some(duration),
        Err(reason) => {
            let help = format!("write {key} = \"60s\"");
            faults.error("bad-amount", span, reason, help);
            None
        }
    }
}

fn line(table: &Table<'_, '_>, key: &str, faults: &mut Faults<'_>) -> Option<String> {
    table.text(key, faults).map(|(text, _)| text.to_owned())
}

pub(super) fn read_lab(root: &Table<'_, '_>, faults: &mut Faults<'_>) -> Lab {
    let Some(table) = root.table("lab", faults) else {
        return Lab::default();
    };
    table.only(&LAB, faults);
    Lab {
        setup: line(&table, "setup", faults),
        build: line(&table, "build", faults),
        bench: line(&table, "bench", faults),
        results: table
            .texts("results", faults)
            .into_iter()
            .map(|(text, _)| text.to_owned())
            .collect(),
        from: line(&table, "from", faults),
        time: duration(&table, "time", faults),
        pairs: table
            .whole("pairs", 1, faults)
            .map(|pairs| u32::try_from(pairs.min(2000)).unwrap_or(2000)),
    }
}

pub(super) fn read_hook(root: &Table<'_, '_>, faults: &mut Faults<'_>) -> Hook {
    let Some(table) = root.table("hook", faults) else {
        return Hook::default();
    };
    table.only(&HOOK, faults);
    let default = Hook::default();
    Hook {
        bench: line(&table, "bench", faults),
        time: duration(&table, "time", faults),
        max_wall: duration(&table, "max_wall", faults).unwrap_or(default.max_wall),
        strict: table.flag("strict", faults).unwrap_or(default.strict),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::parse_settings;
    use std::path::Path;

    #[test]
    fn lab_and_hook_are_read() {
        let text = "[lab]\nbuild = \"make\"\nbench = \"./bench\"\nresults = [\"out.json\"]\ntime = \"90s\"\npairs = 12\n[hook]\nmax_wall = \"5m\"\nstrict = true\n";
        let (settings, findings) = parse_settings(Path::new("plimsoll.toml"), text);
        let settings = settings.unwrap_or_else(|| panic!("{findings:?}"));
        assert_eq!(settings.lab.build.as_deref(), Some("make"));
        assert_eq!(settings.lab.results, ["out.json"]);
        assert_eq!(settings.lab.time, Some(Duration::from_secs(90)));
        assert_eq!(settings.lab.pairs, Some(12));
        assert_eq!(settings.hook.max_wall, Duration::from_secs(300));
        assert!(settings.hook.strict);
    }

    #[test]
    fn slips_are_named_at_their_place() {
        let text =
            "[lab]\ntime = \"60\"\nbnch = \"x\"\n[hook]\nmax_wall = \"-1s\"\nstrict = \"yes\"\n";
        let (settings, findings) = parse_settings(Path::new("plimsoll.toml"), text);
        assert!(settings.is_none());
        let mut found: Vec<_> = findings
            .iter()
            .map(|f| (f.source.as_ref().unwrap().line, f.code))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (2, "bad-amount"),
                (3, "unknown-key"),
                (5, "bad-amount"),
                (6, "wrong-type")
            ]
        );
    }

    #[test]
    fn stretches_of_time() {
        assert_eq!(parse_duration("3m"), Ok(Duration::from_secs(180)));
        assert_eq!(parse_duration("1.5 s"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "5", "0s", "-1s", "3 MB", "1e999s", "1e300h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
