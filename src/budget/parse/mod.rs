//! From the text of a budget file to [`Budget`].

mod accepted;
mod capacity;
mod limit;
mod rules;

use super::format::BUDGET;
use super::reader::{Faults, Table};
use super::{Budget, Limit, Pattern};
use crate::diag::{Diagnostic, Severity, SourceSpan};
use jiff::civil::Date;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::DeValue;

/// Reads every `*.toml` of a folder, in name order.
///
/// The findings hold every fault of every file; with an error among them nothing may be judged,
/// and the budgets are only what could be understood, for looking for further faults.
///
/// # Errors
/// Where the folder or a file in it cannot be read.
pub fn load_folder(folder: &Path, today: Date) -> std::io::Result<(Vec<Budget>, Vec<Diagnostic>)> {
    let paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    let files = paths
        .into_iter()
        .filter(|path| is_budget(path))
        .map(|path| std::fs::read(&path).map(|bytes| (path, bytes)))
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(load_files(files, today))
}

fn is_budget(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "toml")
}

/// Reads budget files wherever they were kept, such as in a commit: paths and contents in any order;
/// files that are no `.toml` are left out. All faults of all files are found.
#[must_use]
pub fn load_files(
    mut files: Vec<(PathBuf, Vec<u8>)>,
    today: Date,
) -> (Vec<Budget>, Vec<Diagnostic>) {
    files.retain(|(path, _)| is_budget(path));
    files.sort();
    let mut budgets: Vec<Budget> = Vec::new();
    let mut findings = Vec::new();
    let mut features: HashMap<String, PathBuf> = HashMap::new();
    for (file, bytes) in files {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(fault) = std::str::from_utf8(&bytes) {
            findings.push(not_utf8(&file, &text, fault.valid_up_to()));
            continue;
        }
        let (budget, mut faults) = read(&file, &text, today);
        let named = !budget.feature.is_empty();
        let first = named.then(|| features.insert(budget.feature.clone(), file.clone()));
        if let Some(first) = first.flatten() {
            faults.push(Diagnostic {
                severity: Severity::Error,
                code: "duplicate-feature",
                message: format!(
                    "feature `{}` is also budgeted in {}",
                    budget.feature,
                    first.display()
                ),
                help: "rename one, or move its limits into one file".to_owned(),
                source: Some(SourceSpan::new(file.clone(), &text, 0..0)),
            });
        }
        budgets.push(budget);
        findings.extend(faults);
    }
    (budgets, findings)
}

/// What a file holds that is no UTF-8, at its place. What cannot be read there may be any name, so
/// nothing else in the file is looked at.
fn not_utf8(file: &Path, shown: &str, at: usize) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: "not-utf8",
        message: "the file is not UTF-8 from here on".to_owned(),
        help: "save it as UTF-8".to_owned(),
        source: Some(SourceSpan::new(file.to_owned(), shown, at..at + 1)),
    }
}

/// Reads one budget file. The budget is there only where no fault makes it wrong.
#[must_use]
pub fn parse(file: &Path, text: &str, today: Date) -> (Option<Budget>, Vec<Diagnostic>) {
    let (budget, found) = read(file, text, today);
    let sound = found
        .iter()
        .all(|finding| finding.severity != Severity::Error);
    (sound.then_some(budget), found)
}

/// What could be understood of a file, and all that is wrong with it.
fn read(file: &Path, text: &str, today: Date) -> (Budget, Vec<Diagnostic>) {
    let (root, mut faults) = Faults::of(file, text);
    let budget = read_file(&Table::root(root.get_ref()), today, &mut faults);
    (budget, faults.told())
}

fn read_file(root: &Table<'_, '_>, today: Date, faults: &mut Faults<'_>) -> Budget {
    root.only(&BUDGET, faults);
    root.version(faults);
    if root.value("schema").is_none() {
        faults.error(
            "key-missing",
            0..0,
            "the file has no `schema`",
            "write schema = 1 as its first line",
        );
    }
    let feature = root.table("feature", faults);
    if feature.is_none() && root.value("feature").is_none() {
        faults.error(
            "key-missing",
            0..0,
            "the file has no [feature]",
            "write [feature] with name and owner",
        );
    }
    let limits = read_limits(root, today, faults);
    let accepted: Vec<_> = root
        .tables("accepted", faults)
        .iter()
        .filter_map(|table| accepted::read(table, &limits, today, faults))
        .collect();
    let demand = capacity::demand(root, today, faults);
    let milestones = capacity::milestones(root, &limits, demand.as_ref(), today, faults);
    // Without a name or an owner its limits are looked at all the same: all faults are told at once.
    let mut budget = Budget {
        file: faults.file.to_owned(),
        feature: String::new(),
        owner: String::new(),
        owner_at: faults.span(0..0),
        journey: None,
        paths: Vec::new(),
        limits,
        accepted,
        milestones,
        demand,
    };
    let Some(feature) = feature else {
        return budget;
    };
    feature.only(BUDGET.inner("feature"), faults);
    if let Some((name, _)) = feature.required("name", "write name = \"checkout\"", faults) {
        budget.feature = name.to_owned();
    }
    let help = "write owner = \"@team\": somebody must answer for it";
    if let Some((owner, span)) = feature.required("owner", help, faults) {
        budget.owner = owner.to_owned();
        budget.owner_at = faults.span(span);
    }
    budget.journey = feature
        .text("journey", faults)
        .map(|(text, _)| text.to_owned());
    budget.paths = feature
        .texts("paths", faults)
        .into_iter()
        .filter_map(|(text, span)| pattern(text, span, faults))
        .collect();
    budget
}

fn read_limits(root: &Table<'_, '_>, today: Date, faults: &mut Faults<'_>) -> Vec<Limit> {
    let tables = root.tables("limit", faults);
    if tables.is_empty() && root.value("limit").is_none() {
        faults.error(
            "no-limit",
            0..0,
            "the file has no [[limit]]",
            "write at least one [[limit]] with id, select and max or regress",
        );
    }
    let mut limits: Vec<Limit> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    for table in &tables {
        if let Some(DeValue::String(id)) = table.value("id").map(Spanned::get_ref) {
            if ids.contains(&id.as_ref()) {
                let span = table.value("id").map_or(0..0, Spanned::span);
                faults.error(
                    "duplicate-id",
                    span,
                    format!("limit `{id}` is there twice"),
                    "give each limit an id of its own",
                );
            }
            ids.push(id.as_ref());
        }
        limits.extend(limit::read(table, today, faults));
    }
    limits
}

pub(super) fn pattern(
    text: &str,
    span: std::ops::Range<usize>,
    faults: &mut Faults<'_>,
) -> Option<Pattern> {
    match Pattern::new(text) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            faults.error(
                "bad-pattern",
                span,
                reason,
                "escape a bracket with a backslash, or close it",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests;
