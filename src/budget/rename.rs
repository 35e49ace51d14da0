//! `[[rename]]`: series that go on under another name.
//!
//! Stored runs are never rewritten: names are changed while they are read, so that the old points
//! and the new ones are one series under the new name.

use super::format::SETTINGS;
use super::reader::{Faults, Table};
use crate::diag::SourceSpan;
use crate::model::{Failure, SeriesKey, Tags};
use std::collections::BTreeSet;
use std::ops::Range;

/// A name with at most one `*`, which stands for any text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Star {
    before: String,
    /// What follows the `*`; `None` where there is none and the name is meant as it stands.
    after: Option<String>,
}

impl Star {
    fn new(text: &str) -> Option<Self> {
        match text.split_once('*') {
            None => Some(Self {
                before: text.to_owned(),
                after: None,
            }),
            Some((_, after)) if after.contains('*') => None,
            Some((before, after)) => Some(Self {
                before: before.to_owned(),
                after: Some(after.to_owned()),
            }),
        }
    }

    /// What the `*` stands for in `name`; empty for an equal name without one.
    fn matched<'n>(&self, name: &'n str) -> Option<&'n str> {
        match &self.after {
            None => (self.before == name).then_some(""),
            Some(after) => name
                .strip_prefix(self.before.as_str())?
                .strip_suffix(after.as_str()),
        }
    }

    fn filled(&self, with: &str) -> String {
        match &self.after {
            None => self.before.clone(),
            Some(after) => format!("{}{with}{after}", self.before),
        }
    }

    /// Whether some name may match both.
    fn meets(&self, other: &Self) -> bool {
        match (&self.after, &other.after) {
            (None, _) => other.matched(&self.before).is_some(),
            (_, None) => self.matched(&other.before).is_some(),
            (Some(a), Some(b)) => {
                (self.before.starts_with(&other.before) || other.before.starts_with(&self.before))
                    && (a.ends_with(b.as_str()) || b.ends_with(a.as_str()))
            }
        }
    }
}

/// One side of an entry. What is absent is any (in `from`) or stays as it is (in `to`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Side {
    benchmark: Option<Star>,
    metric: Option<String>,
    tags: Tags,
    env: Option<String>,
    /// Tags that are known to be absent; empty in a file.
    gone: BTreeSet<String>,
}

impl Side {
    /// It names an environment and nothing else: the label itself is renamed, of runs and series.
    fn is_label(&self) -> bool {
        self.env.is_some()
            && self.benchmark.is_none()
            && self.metric.is_none()
            && self.tags.is_empty()
    }
}

/// One entry.
#[derive(Debug, Clone)]
pub struct Rename {
    from: Side,
    to: Side,
    /// Where it stands.
    pub at: SourceSpan,
}

/// All entries, in the order of the file. They hold no cycle.
#[derive(Debug, Clone, Default)]
pub struct Renames(Vec<Rename>);

impl Renames {
    /// Reads the entries; faults are noted, and an entry with a fault is left out.
    pub(super) fn read(tables: &[Table<'_, '_>], faults: &mut Faults<'_>) -> Self {
        let mut read: Vec<(Rename, Range<usize>)> = Vec::new();
        for table in tables {
            if let Some(rename) = one(table, faults) {
                if let Some((first, _)) = read.iter().find(|(r, _)| r.from == rename.from) {
                    let message =
                        format!("this series is renamed in line {} already", first.at.line);
                    faults.error(
                        "rename-twice",
                        table.span.clone(),
                        message,
                        "keep one of the two",
                    );
                } else {
                    read.push((rename, table.span.clone()));
                }
            }
        }
        let (renames, spans): (Vec<Rename>, Vec<Range<usize>>) = read.into_iter().unzip();
        let all = Self(renames);
        for (index, span) in spans.into_iter().enumerate() {
            if let Some(other) = all.comes_back(index) {
                let message = format!(
                    "the new name is renamed again by this very entry (through line {})",
                    all.0[other].at.line
                );
                let help = "a name must not come back: write the newest name into each `to`";
                faults.error("rename-cycle", span, message, help);
            }
        }
        all
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The label under which an environment is known now.
    #[must_use]
    pub fn label(&self, label: &str) -> String {
        let mut label = label.to_owned();
        let mut used = vec![false; self.0.len()];
        while let Some(index) = (0..self.0.len()).find(|&i| {
            let from = &self.0[i].from;
            !used[i] && from.is_label() && from.env.as_deref() == Some(&label)
        }) {
            used[index] = true;
            if let Some(env) = &self.0[index].to.env {
                label.clone_from(env);
            }
        }
        label
    }

    /// The identity under which a series is known now. The first entry that fits is applied, then
    /// the first that fits the result, each at most once.
    #[must_use]
    pub fn key(&self, key: &SeriesKey) -> SeriesKey {
        let old = key.env.as_str();
        let mut key = SeriesKey {
            env: self.label(old),
            ..key.clone()
        };
        let mut used = vec![false; self.0.len()];
        let fits = |from: &Side, key: &SeriesKey| {
            !from.is_label()
                && from
                    .benchmark
                    .as_ref()
                    .is_none_or(|b| b.matched(&key.benchmark).is_some())
                && from.metric.as_ref().is_none_or(|m| *m == key.metric)
                && from
                    .env
                    .as_ref()
                    .is_none_or(|env| *env == key.env || env == old)
                && from
                    .tags
                    .iter()
                    .all(|(name, value)| key.tags.get(name) == Some(value))
        };
        while let Some(index) = (0..self.0.len()).find(|&i| !used[i] && fits(&self.0[i].from, &key))
        {
            used[index] = true;
            let Rename { from, to, .. } = &self.0[index];
            if let (Some(from), Some(to)) = (&from.benchmark, &to.benchmark) {
                let with = from.matched(&key.benchmark).unwrap_or_default().to_owned();
                key.benchmark = to.filled(&with);
            }
            if let Some(metric) = &to.metric {
                key.metric.clone_from(metric);
            }
            if !to.tags.is_empty() {
                key.tags.retain(|name, _| !from.tags.contains_key(name));
                key.tags.extend(to.tags.clone());
            }
        }
        key
    }

    /// A failure of an environment under the names by which benchmark and slice are known now.
    #[must_use]
    pub fn failure(&self, failure: &Failure, env: &str) -> Failure {
        let whole = Self(
            self.0
                .iter()
                .filter(|rename| {
                    rename.from.is_label()
                        || rename.from.metric.is_none() && rename.to.metric.is_none()
                })
                .cloned()
                .collect(),
        );
        let now = whole.key(&SeriesKey {
            benchmark: failure.benchmark.clone(),
            metric: String::new(),
            tags: failure.tags.clone(),
            env: env.to_owned(),
        });
        Failure {
            benchmark: now.benchmark,
            tags: now.tags,
            reason: failure.reason.clone(),
        }
    }

    /// Entries whose old name none of these series has.
    #[must_use]
    pub fn unused<'a>(&self, keys: impl Iterator<Item = &'a SeriesKey> + Clone) -> Vec<&Rename> {
        self.0
            .iter()
            .filter(|rename| {
                let alone = Self(vec![(*rename).clone()]);
                keys.clone().all(|key| alone.key(key) == *key)
            })
            .collect()
    }

    /// The entry through which the result of entry `start` can come to `start` again.
    fn comes_back(&self, start: usize) -> Option<usize> {
        let first = &self.0[start];
        let mut path = Vec::new();
        self.walk(
            start,
            &result(&first.from, first),
            first.from.is_label(),
            &mut path,
        )
    }

    fn walk(
        &self,
        start: usize,
        state: &Side,
        label: bool,
        path: &mut Vec<usize>,
    ) -> Option<usize> {
        for (index, rename) in self.0.iter().enumerate() {
            if rename.from.is_label() != label
                || path.contains(&index)
                || !may_meet(state, &rename.from)
            {
                continue;
            }
            if index == start {
                return Some(path.last().copied().unwrap_or(start));
            }
            path.push(index);
            let found = self.walk(start, &result(state, rename), label, path);
            path.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// What is known of a name in `state` after an entry was applied to it.
fn result(state: &Side, rename: &Rename) -> Side {
    let Rename { from, to, .. } = rename;
    let benchmark = match (&from.benchmark, &to.benchmark, &state.benchmark) {
        (Some(from), Some(to), Some(own)) if own.after.is_none() => {
            from.matched(&own.before).map(|with| Star {
                before: to.filled(with),
                after: None,
            })
        }
        (_, Some(to), _) => Some(to.clone()),
        (Some(from), None, own) => own.clone().or(Some(from.clone())),
        (None, None, own) => own.clone(),
    };
    let (mut tags, mut gone) = (state.tags.clone(), state.gone.clone());
    tags.extend(from.tags.clone());
    if !to.tags.is_empty() {
        tags.retain(|name, _| !from.tags.contains_key(name));
        gone.extend(from.tags.keys().cloned());
        gone.retain(|name| !to.tags.contains_key(name));
        tags.extend(to.tags.clone());
    }
    let or = |a: &Option<String>, b: &Option<String>, c: &Option<String>| {
        a.clone().or_else(|| b.clone()).or_else(|| c.clone())
    };
    Side {
        benchmark,
        metric: or(&to.metric, &from.metric, &state.metric),
        tags,
        env: or(&to.env, &from.env, &state.env),
        gone,
    }
}

fn may_meet(state: &Side, from: &Side) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    let names = match (&state.benchmark, &from.benchmark) {
        (Some(a), Some(b)) => a.meets(b),
        _ => true,
    };
    let tags = from.tags.iter().all(|(name, value)| {
        !state.gone.contains(name) && state.tags.get(name).is_none_or(|own| own == value)
    });
    names && tags && same(&state.metric, &from.metric) && same(&state.env, &from.env)
}

fn one(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Option<Rename> {
    table.only(SETTINGS.inner("rename"), faults);
    let before = faults.found.len();
    let mut side = |key: &str, help: &str| {
        if table.value(key).is_none() {
            let message = format!("{} has no `{key}`", table.name);
            faults.error("key-missing", table.span.clone(), message, help);
            return None;
        }
        let part = table.table(key, faults)?;
        Some((read_side(&part, faults), part.span))
    };
    let from = side("from", "write from = { benchmark = \"old-name\" }");
    let to = side("to", "write to = { benchmark = \"new-name\" }");
    let ((from, _), (to, at)) = (from?, to?);
    if faults.found.len() > before {
        return None;
    }
    let fault = misfit(&from, &to);
    if let Some((code, message, help)) = fault {
        faults.error(code, at, message, help);
        return None;
    }
    let at = faults.span(table.span.clone());
    Some(Rename { from, to, at })
}

/// What is wrong with two sides that are sound each by itself.
fn misfit(from: &Side, to: &Side) -> Option<(&'static str, &'static str, &'static str)> {
    let stars = |side: &Side| side.benchmark.as_ref().is_some_and(|b| b.after.is_some());
    if *from == Side::default() {
        return Some((
            "rename-nothing",
            "`from` names nothing",
            "write benchmark, metric, tags or env into it",
        ));
    }
    if *to == Side::default() {
        return Some((
            "rename-nothing",
            "`to` names nothing",
            "write what is new into it",
        ));
    }
    if result(
        from,
        &Rename {
            from: from.clone(),
            to: to.clone(),
            at: nowhere(),
        },
    ) == *from
    {
        return Some((
            "rename-self",
            "the new name is the old one",
            "remove the entry, or write the new name",
        ));
    }
    if to.benchmark.is_some() && from.benchmark.is_none()
        || stars(from) != stars(to) && to.benchmark.is_some()
    {
        return Some((
            "rename-unclear",
            "several benchmarks would get one name, or one benchmark a name with `*`",
            "write benchmark into both sides, `*` at most once in each and in both or none",
        ));
    }
    if to.metric.is_some() && from.metric.is_none() {
        return Some((
            "rename-unclear",
            "several metrics would get one name",
            "write the old metric into `from`",
        ));
    }
    if to.env.is_some() && to.env != from.env && !from.is_label() {
        return Some((
            "rename-unclear",
            "a label belongs to whole runs: it cannot be renamed for some series alone",
            "write an entry of its own: from = { env = \"old\" }, to = { env = \"new\" }",
        ));
    }
    if from.is_label() && !to.is_label() {
        return Some((
            "rename-unclear",
            "an entry whose `from` is a label renames that label alone",
            "write to = { env = \"new\" }",
        ));
    }
    None
}

fn nowhere() -> SourceSpan {
    SourceSpan::new(std::path::PathBuf::new(), "", 0..0)
}

fn read_side(table: &Table<'_, '_>, faults: &mut Faults<'_>) -> Side {
    table.only(SETTINGS.inner("rename").inner("from"), faults);
    let mut side = Side::default();
    if let Some((text, span)) = table.text("benchmark", faults) {
        side.benchmark = Star::new(text);
        if side.benchmark.is_none() {
            faults.error(
                "bad-pattern",
                span,
                format!("`{text}` holds more than one `*`"),
                "one `*` stands for the part that stays",
            );
        }
    }
    let mut word = |key| table.text(key, faults).map(|(text, _)| text.to_owned());
    (side.metric, side.env) = (word("metric"), word("env"));
    if table.value("tags").is_some()
        && let Some(tags) = table.table("tags", faults)
    {
        let names: Vec<String> = tags.keys().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            if let Some((value, _)) = tags.text(&name, faults) {
                side.tags.insert(name, value.to_owned());
            }
        }
    }
    side
}

#[cfg(test)]
mod tests;
