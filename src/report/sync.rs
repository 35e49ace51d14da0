//! What a sync did, for people and for programs.

use super::text::plain_up_to;
use crate::ledger::sync::{Outcome, State, remedy};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct SyncJson<'a> {
    schema: &'a str,
    state: &'a str,
    remote: &'a str,
    reference: &'a str,
    runs: RunsJson,
    pending: usize,
    rewritten: bool,
    lost: Vec<String>,
    restorable: usize,
    skipped: Vec<SkippedJson>,
    refused: Option<&'a str>,
    tries: u32,
    seconds: f64,
}

#[derive(Serialize)]
struct RunsJson {
    branch: usize,
    here: usize,
    dirty: usize,
    only_branch: usize,
    only_here: usize,
    stored: usize,
    pushed: usize,
    folded: usize,
    restored: usize,
    packed: usize,
}

#[derive(Serialize)]
struct SkippedJson {
    name: String,
    reason: String,
}

/// `plimsoll.sync/1`, one line.
#[must_use]
pub fn json(outcome: &Outcome) -> String {
    let view = SyncJson {
        schema: "plimsoll.sync/1",
        state: outcome.state.word(),
        remote: &outcome.remote,
        reference: &outcome.reference,
        runs: RunsJson {
            branch: outcome.on_branch,
            here: outcome.here,
            dirty: outcome.dirty,
            only_branch: outcome.only_there,
            only_here: outcome.only_here,
            stored: outcome.stored,
            pushed: outcome.pushed,
            folded: outcome.folded,
            restored: outcome.restored,
            packed: outcome.packed,
        },
        pending: outcome.pending,
        rewritten: outcome.rewritten,
        lost: outcome.lost.iter().map(|d| format!("{d:016x}")).collect(),
        restorable: outcome.restorable,
        skipped: outcome
            .skipped
            .iter()
            .map(|skipped| SkippedJson {
                name: skipped.name.clone(),
                reason: skipped.reason.to_string(),
            })
            .collect(),
        refused: outcome
            .refused
            .as_ref()
            .map(|refused| refused.text.as_str()),
        tries: outcome.tries,
        seconds: outcome.seconds,
    };
    serde_json::to_string(&view).unwrap_or_default()
}

/// The answer on a terminal.
#[must_use]
pub fn text(outcome: &Outcome) -> String {
    let branch = outcome
        .reference
        .strip_prefix("refs/heads/")
        .unwrap_or(&outcome.reference);
    let mut out = format!(
        "{} · {} at {}\n",
        outcome.state.word(),
        plain_up_to(branch, 200),
        plain_up_to(&outcome.remote, 300)
    );
    let mut line = |text: String| {
        let _ = writeln!(out, "  {text}");
    };
    match outcome.state {
        State::Looked => {
            line(format!(
                "{} to send, {} to receive; nothing was changed",
                runs(outcome.only_here),
                runs(outcome.only_there)
            ));
        }
        State::Parked if outcome.pushed > 0 => line(format!(
            "sent {} to a reference of their own (refs/plimsoll/pending/): every reader sees them, and the next sync that wins adds them to the branch",
            runs(outcome.pushed)
        )),
        State::Parked => line("nothing was sent".to_owned()),
        State::Merged | State::Unchanged => {
            let mut parts = Vec::new();
            for (count, what) in [
                (outcome.pushed, "sent"),
                (outcome.folded, "taken out of parking"),
                (outcome.restored, "restored"),
                (outcome.packed, "packed"),
            ] {
                if count > 0 {
                    parts.push(format!("{what} {}", runs(count)));
                }
            }
            if parts.is_empty() {
                parts.push("nothing to send".to_owned());
            }
            line(parts.join(", "));
        }
    }
    if outcome.stored > 0 {
        line(format!("received {}", runs(outcome.stored)));
    }
    let mut sizes = format!(
        "{} on the branch, {} here",
        runs(outcome.on_branch),
        outcome.here
    );
    if outcome.dirty > 0 {
        let _ = write!(
            sizes,
            " ({} measured with uncommitted changes stay here)",
            outcome.dirty
        );
    }
    if outcome.pending > 0 {
        let _ = write!(
            sizes,
            "; {} parked {} still to be added",
            outcome.pending,
            if outcome.pending == 1 { "set" } else { "sets" }
        );
    }
    line(sizes);
    if outcome.tries > 1 {
        line(format!(
            "others wrote at the same time: {} tries in {:.1} s",
            outcome.tries, outcome.seconds
        ));
    }
    out
}

/// What somebody has to know or do, a paragraph each.
#[must_use]
pub fn warnings(outcome: &Outcome) -> Vec<String> {
    let mut all = Vec::new();
    if !outcome.lost.is_empty() {
        let how = if outcome.rewritten {
            "it was force-pushed or deleted"
        } else {
            "files were removed from it"
        };
        all.push(format!(
            "HISTORY WAS LOST on {}: {} that this machine has seen there {} gone ({how}). This database holds {} of them: `plimsoll sync --repair` gives them back",
            outcome.reference,
            runs(outcome.lost.len()),
            if outcome.lost.len() == 1 { "is" } else { "are" },
            outcome.restorable,
        ));
    } else if outcome.rewritten {
        all.push(format!(
            "{} was force-pushed or deleted since this machine last saw it; no run is missing",
            outcome.reference
        ));
    }
    if let Some(refused) = &outcome.refused {
        all.push(format!(
            "the server refused the data branch: {}\n{}",
            plain_up_to(&refused.text, 1000),
            remedy(refused.trouble, &outcome.remote)
        ));
    }
    all
}

fn runs(n: usize) -> String {
    format!("{n} run{}", if n == 1 { "" } else { "s" })
}
