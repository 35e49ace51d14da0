//! `plimsoll check`: one commit against budgets and history.

mod base;
mod judged;
mod lint;
mod notes;
mod scene;

pub(crate) use base::{choose_base, nearest, timeline, wanted_base};
pub(crate) use judged::{Foreign, Judged, judged};
pub(crate) use notes::own_budgets;

use super::args::{Check as Args, Format, Mode};
use super::remember::{Answer, Written};
use super::world::World;
use super::{answer, say};
use anyhow::{Result, bail};
use plimsoll::diag::Diagnostic;
use plimsoll::report::check::CheckView;
use plimsoll::report::ratchet::RatchetView;
use plimsoll::report::{json, markdown, terminal};
use plimsoll::verdict::Exit;
use std::io::Write;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    if args.self_test && args.mode == Mode::History {
        return super::self_test::run(world, args);
    }
    if args.lint {
        return lint::run(world, args);
    }
    let told = if args.mode == Mode::Paired {
        super::lab::paired::run(world, args)
    } else {
        history(world, args)
    };
    if args.ratchet {
        return told;
    }
    let paired = args.mode == Mode::Paired;
    told_as_asked(world, args.format, args.commit.as_deref(), paired, told)
}

/// Whoever asked for JSON or Markdown gets it also where nothing could be judged.
pub(super) fn told_as_asked(
    world: &World,
    format: Format,
    head: Option<&str>,
    paired: bool,
    told: Result<Exit>,
) -> Result<Exit> {
    if format == Format::Table {
        return told;
    }
    told.inspect_err(|error| {
        let git = world.git.as_ref();
        let head = git.and_then(|git| {
            let id = match head {
                Some(revision) => git.resolve(revision),
                None => git.head(),
            };
            git.commit(&id.ok()?).ok()
        });
        let (findings, note) = match error.downcast_ref::<Faulty>() {
            Some(faulty) => (faulty.findings.as_slice(), faulty.heading()),
            None => (&[][..], format!("{error:#}")),
        };
        let trouble = json::Trouble {
            head: head.as_ref(),
            paired,
            findings,
            note,
        };
        let said = answer(&match format {
            Format::Markdown => markdown::trouble(&trouble),
            Format::Json | Format::Table => json::trouble(&trouble),
        });
        if let Err(fault) = said {
            say(&format!("the answer cannot be written: {fault:#}"));
        }
    })
}

/// Budget files with faults.
#[derive(Debug, thiserror::Error)]
#[error("{}\n\n{}", self.heading(), shown(.findings))]
pub(super) struct Faulty {
    /// What was not done because of them, such as `judged`.
    pub(super) undone: &'static str,
    pub(super) findings: Vec<Diagnostic>,
}

impl Faulty {
    fn heading(&self) -> String {
        format!(
            "the budget files cannot be used, so nothing was {}",
            self.undone
        )
    }
}

fn faulty(findings: Vec<Diagnostic>) -> anyhow::Error {
    let undone = "judged";
    anyhow::Error::new(Faulty { undone, findings })
}

fn shown(findings: &[Diagnostic]) -> String {
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wall time of the check is shown to the user"
)]
fn history(world: &World, args: &Args) -> Result<Exit> {
    if !args.lab.command.is_empty() && !args.confirm {
        bail!("a command to measure belongs to --confirm or --mode paired: add one of them");
    }
    let start = std::time::Instant::now();
    let found = match judged(world, args, None)? {
        Judged::Faults(findings) => return Err(faulty(findings)),
        Judged::Known(known) => {
            known.said.iter().for_each(|text| say(text));
            known
        }
        Judged::View(view, _) if args.ratchet => return tell_ratchet(world, &view.ratchet),
        Judged::View(mut view, keep) => {
            let without = told(&view, args.format);
            view.seconds = Some(0.0);
            let made = Answer {
                exit: view.summary.exit,
                said: keep.said,
                text: Answer::split(&without, &told(&view, args.format)),
            };
            if let Some((place, written)) = keep.place
                && Written::now(world, args) == Some(written)
            {
                place.keep(&made);
            }
            made
        }
    };
    answer(&found.told(start.elapsed().as_secs_f64()))?;
    Ok(found.exit)
}

fn told(view: &CheckView, format: Format) -> String {
    match format {
        Format::Table => terminal::check(view),
        Format::Json => json::check(view),
        Format::Markdown => markdown::check(view),
    }
}

/// Only the patch: what is said beside it must not reach `git apply`.
fn tell_ratchet(world: &World, ratchet: &RatchetView) -> Result<Exit> {
    if ratchet.patch.is_empty() {
        say(
            "nothing to tighten: no limit with `ratchet` has stood well within its `max` for long enough",
        );
        return Ok(Exit::Within);
    }
    for sentence in &ratchet.sentences {
        say(sentence);
    }
    if world.folder.canonicalize().ok() != world.root().canonicalize().ok() {
        say("the names in this patch count from the root of the repository: apply it there");
    }
    let mut out = std::io::stdout().lock();
    out.write_all(ratchet.patch.as_bytes())?;
    out.flush()?;
    Ok(Exit::Within)
}
