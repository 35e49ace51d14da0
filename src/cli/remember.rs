//! Answers of earlier checks, and analyses that later ones need again.
//!
//! An answer is found under the digest of everything that it depends on: this program, the files
//! that say what to judge, the runs, the commits and their order, what the anchors name, today's
//! date and the options. What is not known to be the same is judged again.

use super::args::{Check as Args, Format};
use super::load::{self, Loaded, OWNER_FILES};
use super::world::World;
use plimsoll::analysis::Memo;
use plimsoll::history::Timeline;
use plimsoll::model::Commit;
use plimsoll::store::{Cache, CacheKey, KeyBuilder};
use plimsoll::verdict::{ChosenBase, Commits, Exit};
use sha2::{Digest, Sha256};
use std::path::Path;

const MEMO: &str = "analyses";

/// Analyses of earlier checks.
pub(crate) struct Analyses {
    cache: Cache,
    key: CacheKey,
    pub(crate) memo: Memo,
}

impl Analyses {
    /// As the last check left them; none where they are not wanted.
    pub(crate) fn open(world: &World, fresh: bool) -> Self {
        let cache = world.cache();
        let key = KeyBuilder::new(MEMO)
            .part("program", World::program().as_bytes())
            .finish();
        let kept = cache.read(MEMO, key).filter(|_| !fresh);
        Self {
            memo: kept.map_or_else(Memo::default, |bytes| Memo::from_bytes(&bytes)),
            cache,
            key,
        }
    }

    /// Keeps what was analysed for the next check.
    pub(crate) fn keep(&self) {
        if self.memo.has_grown() {
            self.cache.write(MEMO, self.key, &self.memo.to_bytes());
        }
    }
}

/// The digest of the files that say what to judge, and how.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Written([u8; 32]);

impl Written {
    /// As they are now; `None` where one cannot be read.
    pub(crate) fn now(world: &World, args: &Args) -> Option<Self> {
        let mut state = Sha256::new();
        let mut file = |path: &Path| -> Option<()> {
            let bytes = match std::fs::read(path) {
                Ok(bytes) => Some(bytes),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
                Err(_) => return None,
            };
            let length = bytes.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64);
            let name = path.as_os_str().as_encoded_bytes();
            for part in [
                &(name.len() as u64).to_le_bytes()[..],
                name,
                &length.to_le_bytes()[..],
                bytes.as_deref().unwrap_or_default(),
            ] {
                state.update(part);
            }
            Some(())
        };
        let folder = world.budgets_folder(args.budgets.as_ref());
        let mut budgets: Vec<_> = std::fs::read_dir(folder)
            .ok()?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .ok()?;
        budgets.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
        budgets.sort();
        let root = world.root();
        budgets.push(root.join("plimsoll.toml"));
        budgets.extend(OWNER_FILES.iter().map(|name| root.join(name)));
        for path in budgets {
            file(&path)?;
        }
        Some(Self(state.finalize().into()))
    }
}

/// What an answer depends on.
pub(crate) struct Asked<'a> {
    pub(crate) world: &'a World,
    pub(crate) args: &'a Args,
    pub(crate) written: Written,
    pub(crate) loaded: &'a Loaded,
    pub(crate) head: &'a Commit,
    pub(crate) base: Option<&'a ChosenBase>,
    pub(crate) notes: &'a [String],
    pub(crate) timeline: &'a Timeline,
    pub(crate) anchors: &'a Commits,
}

/// An answer, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) exit: Exit,
    /// What was said beside it.
    pub(crate) said: Vec<String>,
    /// The text before and after the time that the check took; without such a place all of it is
    /// before.
    pub(crate) text: (String, Option<String>),
}

/// Where an answer is kept.
pub(crate) struct Place {
    cache: Cache,
    name: &'static str,
    key: CacheKey,
}

impl Asked<'_> {
    /// Where the answer to this question is kept.
    pub(crate) fn place(&self) -> Place {
        let Self { world, args, .. } = self;
        let mut runs = Sha256::new();
        for run in &self.loaded.runs {
            // The digest covers everything that was measured; the row is the order of arrival.
            runs.update(run.id.to_le_bytes());
            runs.update(run.digest.0);
        }
        // A sweep of load steps whose single runs were dropped is judged otherwise.
        for run in &self.loaded.thinned {
            runs.update(run.to_le_bytes());
        }
        let mut line = Sha256::new();
        for commit in self.timeline.commits() {
            line.update(commit.as_str().as_bytes());
            line.update([0]);
        }
        let folder = world.budgets_folder(args.budgets.as_ref());
        // By name, so that an option which is added has to be thought of here.
        let Args {
            env,
            control,
            strict,
            format,
            // What they name is part of the key: commits, their order, the folder.
            base: _,
            commit: _,
            budgets: _,
            // Ways to ask for something else, which is never kept.
            lint: _,
            ratchet: _,
            self_test: _,
            confirm: _,
            runs: _,
            mode: _,
            lab: _,
            fresh: _,
        } = args;
        let options = (
            (env, control, strict, format),
            (world.root(), folder, load::today(world)),
        );
        let anchors = (
            &self.anchors.pins,
            &self.anchors.accepted,
            &self.anchors.bare,
        );
        let key = KeyBuilder::new("answer")
            .part("program", World::program().as_bytes())
            .part("written", &self.written.0)
            .part("runs", &runs.finalize())
            .part("head", format!("{:?}", self.head).as_bytes())
            .part("base", format!("{:?}", self.base).as_bytes())
            .part("notes", format!("{:?}", self.notes).as_bytes())
            .part("line", &line.finalize())
            .part("anchors", format!("{anchors:?}").as_bytes())
            .part("options", format!("{options:?}").as_bytes())
            .finish();
        // One answer a format: a check in several formats is common, a check of several commits in
        // turn is not.
        let name = match args.format {
            Format::Table => "answer.txt",
            Format::Json => "answer.json",
            Format::Markdown => "answer.md",
        };
        Place {
            cache: world.cache(),
            name,
            key,
        }
    }
}

impl Place {
    pub(crate) fn find(&self) -> Option<Answer> {
        let bytes = self.cache.read(self.name, self.key)?;
        let (exit, said, before, after) = serde_json::from_slice::<Kept>(&bytes).ok()?;
        let exit = [Exit::Within, Exit::Over, Exit::Trouble]
            .into_iter()
            .find(|known| *known as u8 == exit)?;
        Some(Answer {
            exit,
            said,
            text: (before, after),
        })
    }

    pub(crate) fn keep(&self, answer: &Answer) {
        let kept: Kept = (
            answer.exit as u8,
            answer.said.clone(),
            answer.text.0.clone(),
            answer.text.1.clone(),
        );
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            self.cache.write(self.name, self.key, &bytes);
        }
    }
}

type Kept = (u8, Vec<String>, String, Option<String>);

impl Answer {
    /// Splits a text at the place where the time goes: `with` is the same text with a time in it.
    pub(crate) fn split(without: &str, with: &str) -> (String, Option<String>) {
        if without == with {
            return (without.to_owned(), None);
        }
        let mut same = without
            .bytes()
            .zip(with.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        while !without.is_char_boundary(same) {
            same -= 1;
        }
        let (before, after) = without.split_at(same);
        (before.to_owned(), Some(after.to_owned()))
    }

    /// The whole text, with the time in seconds.
    pub(crate) fn told(&self, seconds: f64) -> String {
        match &self.text {
            (all, None) => all.clone(),
            (before, Some(after)) => format!("{before}, {seconds:.2} s{after}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_where_it_was() {
        let text = Answer::split("3 series\n\nrest", "3 series, 0.00 s\n\nrest");
        let answer = Answer {
            exit: Exit::Within,
            said: Vec::new(),
            text,
        };
        assert_eq!(answer.told(1.5), "3 series, 1.50 s\n\nrest");
        let text = Answer::split("{}", "{}");
        assert_eq!(text, ("{}".to_owned(), None));
    }
}
