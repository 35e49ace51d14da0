//! Machine JSON: versioned contracts with structs of their own. Fractions, not percent;
//! canonical units; indices from 0.

mod check;
mod limit;
mod measurements;
mod shape;

pub(super) use check::explain;
pub use check::{Trouble, check, trouble};
pub use measurements::{detection, measurements};

use crate::diag::{Diagnostic, Severity};
use crate::verdict::Exit;
use serde::Serialize;
use shape::FindingJson;

fn to_text(value: &impl Serialize) -> String {
    // These structs hold only strings, numbers, options, lists and maps keyed by strings:
    // serialising them cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[derive(Serialize)]
struct LintJson {
    schema: &'static str,
    exit: u8,
    findings: Vec<FindingJson>,
}

/// `plimsoll.lint/1`: what is wrong with the budget files.
#[must_use]
pub fn lint(exit: Exit, findings: &[Diagnostic]) -> String {
    to_text(&LintJson {
        schema: "plimsoll.lint/1",
        exit: exit as u8,
        findings: findings.iter().map(finding).collect(),
    })
}

fn finding(finding: &Diagnostic) -> FindingJson {
    let at = finding.source.as_ref();
    FindingJson {
        code: finding.code,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: finding.message.clone(),
        help: finding.help.clone(),
        place: at.map(|at| format!("{}:{}:{}", at.file.display(), at.line, at.column)),
    }
}
