//! `plimsoll.toml`: what holds for the whole project. One way of reading with the budget files.

use super::format::SETTINGS;
use super::lab::{Hook, Lab, read_hook, read_lab};
use super::parse::pattern;
use super::reader::{Faults, Table};
use super::{Pattern, Renames, Selector, SyncSettings, sync};
use crate::diag::{Diagnostic, Severity};
use std::collections::BTreeMap;
use std::path::Path;

/// What holds for the whole project.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Label of the environments of this project, where nobody names another.
    pub label: Option<String>,
    /// Series that are no longer measured on purpose.
    pub retired: Vec<Selector>,
    /// Series that go on under another name.
    pub renames: Renames,
    /// Where the data branch is.
    pub sync: SyncSettings,
    /// How two builds are made and measured here.
    pub lab: Lab,
    /// What the pre-push hook does.
    pub hook: Hook,
}

/// The longest label of an environment, in characters.
const LONGEST_LABEL: usize = 200;

/// A label of an environment, as it was written.
///
/// # Errors
/// A sentence fragment where it is empty, longer than 200 characters, or not one line.
pub fn environment_label(text: &str) -> Result<&str, String> {
    if text.trim().is_empty() {
        return Err("a label is not empty".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("a label is one line without control characters".to_owned());
    }
    if text.chars().count() > LONGEST_LABEL {
        return Err(format!("a label has at most {LONGEST_LABEL} characters"));
    }
    Ok(text)
}

/// Reads the settings. They are there only where no fault makes them wrong.
#[must_use]
pub fn parse_settings(file: &Path, text: &str) -> (Option<Settings>, Vec<Diagnostic>) {
    let (root, mut faults) = Faults::of(file, text);
    let root = Table::root(root.get_ref());
    root.only(&SETTINGS, &mut faults);
    root.version(&mut faults);
    let label = root.table("env", &mut faults).and_then(|table| {
        table.only(SETTINGS.inner("env"), &mut faults);
        let (label, span) = table.text("label", &mut faults)?;
        match environment_label(label) {
            Ok(label) => Some(label.to_owned()),
            Err(reason) => {
                let help = "write for example label = \"ci-8c\"";
                faults.error("bad-name", span, reason, help);
                None
            }
        }
    });
    let lab = read_lab(&root, &mut faults);
    let hook = read_hook(&root, &mut faults);
    let retired = root
        .tables("retired", &mut faults)
        .iter()
        .filter_map(|table| read_retired(table, &mut faults))
        .collect();
    let tables = root.tables("rename", &mut faults);
    let renames = Renames::read(&tables, &mut faults);
    let sync = root
        .table("sync", &mut faults)
        .map(|table| {
            table.only(SETTINGS.inner("sync"), &mut faults);
            sync::read(&table, &mut faults)
        })
        .unwrap_or_default();
    let sound = faults
        .found
        .iter()
        .all(|finding| finding.severity != Severity::Error);
    let settings = Settings {
        label,
        retired,
        renames,
        sync,
        lab,
        hook,
    };
    (sound.then_some(settings), faults.told())
}

fn read_retired(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Selector> {
    table.only(SETTINGS.inner("retired"), faults);
    let (benchmark, span) =
        table.required("benchmark", "write benchmark = \"old-name\"", faults)?;
    let benchmark = pattern(benchmark, span, faults)?;
    let mut optional = |key: &str| {
        let (text, span) = table.text(key, faults)?;
        pattern(text, span, faults)
    };
    let (metric, env) = (optional("metric"), optional("env"));
    let metric = metric.or_else(|| Pattern::new("*").ok());
    Some(Selector {
        benchmark,
        metric,
        tags: BTreeMap::new(),
        env,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_retired_is_read_and_what_is_unknown_refused() {
        let (settings, findings) = parse_settings(
            Path::new("plimsoll.toml"),
            "[[retired]]\nbenchmark = \"old/*\"\nreason = \"gone\"\n",
        );
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(settings.unwrap().retired.len(), 1);
        let text = "[foo]\nx = 1\n[env]\nlable = \"x\"\n[[retired]]\nbenchmrk = \"y\"\n";
        let (settings, findings) = parse_settings(Path::new("plimsoll.toml"), text);
        assert!(settings.is_none());
        let codes: Vec<_> = findings.iter().map(|f| f.code).collect();
        assert_eq!(
            codes,
            ["unknown-key", "unknown-key", "unknown-key", "key-missing"]
        );
    }

    #[test]
    fn a_label_is_read_and_a_newer_schema_refused() {
        let file = Path::new("plimsoll.toml");
        let (settings, findings) = parse_settings(file, "schema = 1\n[env]\nlabel = \"ci-8c\"\n");
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(settings.unwrap().label.as_deref(), Some("ci-8c"));
        let (settings, findings) = parse_settings(file, "schema = 9\n");
        assert!(settings.is_none());
        let at = findings[0].source.as_ref().unwrap();
        assert_eq!(
            (findings[0].code, at.line, at.column),
            ("newer-schema", 1, 10)
        );
        let (settings, findings) = parse_settings(file, "[env]\nlabel = \"\"\n");
        assert!(settings.is_none(), "{findings:?}");
    }
}
