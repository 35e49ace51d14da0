//! `check --confirm`: what the first look suspects is measured again, a number fixed beforehand.

use super::record;
use super::world::World;
use anyhow::{Result, bail};
use plimsoll::model::CommitId;
use plimsoll::report::text;
use plimsoll::store::RunRow;
use plimsoll::verdict::{LimitVerdict, Outcome};
use std::collections::BTreeSet;

/// Stands in a command for a regular expression that fits the suspects.
const PLACE: &str = "{}";

/// What is to be measured again.
pub(crate) struct Suspects {
    /// Names of benchmarks, suite included.
    pub(crate) benchmarks: BTreeSet<String>,
    /// Their suite.
    suite: String,
    /// Their environment label.
    label: String,
}

impl Suspects {
    /// The benchmarks that one look suspects; `None` without any.
    pub(crate) fn of(outcome: &Outcome, runs: &[RunRow], head: &CommitId) -> Result<Option<Self>> {
        let suspected: Vec<&LimitVerdict> =
            outcome.limits.iter().filter(|l| l.is_suspect()).collect();
        let keys = || suspected.iter().filter_map(|limit| limit.series.as_ref());
        let benchmarks: BTreeSet<String> = keys().map(|key| key.benchmark.clone()).collect();
        let labels: BTreeSet<&str> = keys().map(|key| key.env.as_str()).collect();
        let Some(label) = labels.first() else {
            return Ok(None);
        };
        if labels.len() > 1 {
            bail!(
                "the suspects were measured in several environments ({}): confirm them one by one with --env",
                labels
                    .iter()
                    .map(|label| text::plain(label))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        let own = runs
            .iter()
            .filter(|run| run.commit == *head && !run.dirty && run.environment.label == *label);
        let prefixed = |suite: &str| {
            let prefix = format!("{suite}/");
            !suite.is_empty() && benchmarks.iter().all(|name| name.starts_with(&prefix))
        };
        let suite = own
            .map(|run| run.suite.as_str())
            .find(|suite| prefixed(suite))
            .unwrap_or_default();
        Ok(Some(Self {
            suite: suite.to_owned(),
            label: (*label).to_owned(),
            benchmarks,
        }))
    }

    /// Runs the command so many times and stores what it says of the suspects. Answers the suspects
    /// of which it said nothing.
    pub(crate) fn measure(
        &self,
        world: &World,
        command: &[String],
        name: Option<&str>,
        runs: u32,
    ) -> Result<Vec<String>> {
        let bare = |name: &String| match name.strip_prefix(&format!("{}/", self.suite)) {
            Some(bare) if !self.suite.is_empty() => bare.to_owned(),
            _ => name.clone(),
        };
        let names: BTreeSet<String> = self.benchmarks.iter().map(bare).collect();
        let command = narrowed(command, &names);
        let again = record::Again {
            command,
            runs,
            suite: self.suite.clone(),
            label: self.label.clone(),
            name: name.map(str::to_owned),
            only: names.clone(),
        };
        let measured = again.run(world)?;
        if measured.is_empty() {
            bail!(
                "the command measured none of the suspects ({}): does it run those benchmarks?",
                listed(&names)
            );
        }
        Ok(names.difference(&measured).cloned().collect())
    }

    /// The suspects in words.
    pub(crate) fn listed(&self) -> String {
        listed(&self.benchmarks)
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    let mut shown: Vec<String> = names.iter().take(5).map(|name| text::plain(name)).collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}

/// The command, told to run the suspects alone where it is known how: `{}` becomes a regular
/// expression that fits their names; `cargo bench` takes it as its filter.
fn narrowed(command: &[String], names: &BTreeSet<String>) -> Vec<String> {
    let escaped: Vec<String> = names.iter().map(|name| escape(name)).collect();
    let filter = format!("^({})$", escaped.join("|"));
    if command.iter().any(|word| word.contains(PLACE)) {
        return command
            .iter()
            .map(|word| word.replace(PLACE, &filter))
            .collect();
    }
    let mut command = command.to_vec();
    let is = |at: usize, word: &str| command.get(at).is_some_and(|own| own == word);
    if is(0, "cargo") && is(1, "bench") {
        if !command.iter().any(|word| word == "--") {
            command.push("--".to_owned());
        }
        command.push(filter);
    }
    command
}

/// Takes the meaning from every character that has one in a regular expression.
fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn cargo_bench_gets_a_filter_and_others_at_the_place_they_name() {
        let one = names(&["parse/big"]);
        assert_eq!(
            narrowed(&words("cargo bench"), &one).join(" "),
            "cargo bench -- ^(parse/big)$"
        );
        assert_eq!(
            narrowed(&words("cargo bench -p core -- --quiet"), &one).join(" "),
            "cargo bench -p core -- --quiet ^(parse/big)$"
        );
        assert_eq!(
            narrowed(&words("go test -bench {}"), &names(&["A", "B"])).join(" "),
            "go test -bench ^(A|B)$"
        );
        assert_eq!(narrowed(&words("make bench"), &one), words("make bench"));
    }

    #[test]
    fn names_mean_only_themselves() {
        assert_eq!(escape("a.b(c)$"), r"a\.b\(c\)\$");
    }
}
