//! The layers of the architecture: a module uses those to its left, and each heavy dependency has
//! one owner.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

use std::path::{Path, PathBuf};

/// From the bottom up; no arrows within a rank.
const RANKS: &[&[&str]] = &[
    &["model", "stats", "diag"],
    &["detect"],
    &["formats", "budget", "git"],
    &["store"],
    &["ledger"],
    &["history"],
    &["analysis"],
    &["verdict"],
    &["report"],
    &["github"],
    &["lab"],
    &["cli"],
];

/// Dependency, and the only module that may name it.
const OWNERS: &[(&str, &str)] = &[
    ("rusqlite", "store"),
    ("zstd", "store"),
    ("git2", "git"),
    ("plotters", "report"),
    ("minijinja", "report"),
    ("statrs", "stats"),
    ("clap", "cli"),
    ("wait4", "cli"),
    ("octocrab", "github"),
    ("tokio", "github"),
    ("ctrlc", "cli"),
    ("nix", "cli"),
    ("indicatif", "cli"),
];

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|rank| rank.contains(&module))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            sources(&entry.path(), found);
        } else if entry.path().extension().is_some_and(|ext| ext == "rs") {
            found.push(entry.path());
        }
    }
}

fn modules() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files
        .into_iter()
        .map(|file| {
            let inside = file.strip_prefix(&root).unwrap();
            let first = inside
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_string_lossy();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            (module, file, text)
        })
        .collect()
}

/// The code of a file without the tests at its end.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn no_arrow_runs_back() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        if ["lib", "main"].contains(&module.as_str()) || file.ends_with("tests.rs") {
            continue;
        }
        let own = rank(&module).unwrap_or_else(|| panic!("{module} has no rank"));
        for line in code(&text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for used in line.split("crate::").skip(1) {
                let name: String = used
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if name != module && rank(&name).is_some_and(|rank| rank >= own) {
                    faults.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "imports that run back up the layers:\n{}",
        faults.join("\n")
    );
}

#[test]
fn each_heavy_dependency_has_one_owner() {
    let mut faults = Vec::new();
    for (module, file, text) in modules() {
        for (dependency, owner) in OWNERS {
            let named = code(&text).contains(&format!("{dependency}::"));
            if named && module != *owner && !(module == "main" && *owner == "cli") {
                faults.push(format!(
                    "{} names {dependency}, which belongs to {owner}",
                    file.display()
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
