//! `plimsoll comment`: the one comment of a pull request, its check run, the step's summary.

mod artifact;

use super::args::{Comment as Args, FailOn, When};
use super::load;
use super::world::World;
use super::{answer, say};
use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use plimsoll::github::api::Api;
use plimsoll::github::client::{Client, Clock, Octocrab, Timeouts, Token};
use plimsoll::github::context::{Context, RunNumber};
use plimsoll::github::publish::{self, Publication, Published};
use plimsoll::github::{comment, marker, workflow};
use plimsoll::report::document::{CheckDocument, Part, Tally};
use plimsoll::report::markdown::Extras;
use plimsoll::report::text;
use plimsoll::verdict::Exit;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    if !marker::is_key(&args.key) {
        bail!("--key takes up to 64 letters, digits, dots, dashes and underscores");
    }
    if args.start {
        return start(world, args);
    }
    if let Some(folder) = &args.from_artifact {
        return artifact::run(world, args, folder);
    }
    if args.check.is_empty() {
        bail!(
            "name what `plimsoll check --format json` wrote with --check FILE, or an artifact with --from-artifact DIR"
        );
    }
    let parts: Vec<Part> = args.check.iter().map(|file| read(world, file)).collect();
    let here = Told {
        parts: &parts,
        pull: None,
        run: None,
        extras: Extras::default(),
    };
    tell(world, args, here)
}

/// What is to be told.
struct Told<'a> {
    parts: &'a [Part],
    /// The pull request and its head, where the event does not tell it.
    pull: Option<(u64, String)>,
    /// Which run this is, where it stands for another one.
    run: Option<RunNumber>,
    extras: Extras,
}

fn read(world: &World, file: &Path) -> Part {
    let text = std::fs::read_to_string(world.folder.join(file)).map_err(|e| e.to_string());
    Part {
        name: file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy()
            .into_owned(),
        check: text.and_then(|text| {
            if text.trim().is_empty() {
                return Err("the check ended before it had a verdict: see the log above".to_owned());
            }
            CheckDocument::parse(&text).map_err(|e| e.to_string())
        }),
    }
}

fn tell(world: &World, args: &Args, told: Told<'_>) -> Result<Exit> {
    let context = context(world);
    let mut here = match (&context, args.dry_run) {
        (Ok(context), _) => context.clone(),
        (Err(_), true) => Context::nowhere(head_of(told.parts)),
        (Err(error), false) => {
            say(&format!("nothing was sent: {error:#}"));
            return unsent(world, args, told);
        }
    };
    here.run = told.run.unwrap_or(here.run);
    let mut extras = told.extras;
    if context.is_ok() && told.pull.is_none() {
        let strange = of_other_commits(&here, told.parts);
        strange.iter().for_each(|note| say(note));
        extras.notes.extend(strange);
    }
    let connection = connect(world, &here);
    let reply = connection.as_ref().ok();
    let clock = Real;
    let api = reply
        .map(|connection| Api::new(Client::new(&connection.octocrab, &clock), &here.repository));
    let author = args.author.clone().or_else(|| {
        let personal = reply.is_some_and(|connection| connection.personal) && !args.dry_run;
        let me = api.as_ref().filter(|_| personal)?.me();
        me.ok().map(|user| user.login)
    });
    let publication = Publication {
        context: &here,
        parts: told.parts,
        key: &args.key,
        when: when(args),
        fail_on: fail_on(args),
        author: author.as_deref(),
        pull: told
            .pull
            .as_ref()
            .map(|(number, head)| (*number, head.as_str())),
        check_run: args.check_run,
        extras: Extras {
            report_url: args.report_url.clone(),
            run_url: context.is_ok().then(|| here.run_url()),
            bench: args.bench.clone(),
            today: Some(load::today(world)),
            ..extras
        },
    };
    if args.dry_run {
        let plan = publication.plan(context.is_err());
        if let (Err(error), Some(_)) = (&context, world.var("GITHUB_EVENT_PATH")) {
            say(&format!("nothing would be sent from here: {error:#}"));
        }
        let comment = plan.comment.unwrap_or_else(|why| why + "\n");
        let check = match plan.check {
            Ok(mut check) => {
                check["output"]["summary"] = "(the same text)".into();
                let check = serde_json::to_string_pretty(&check);
                format!("--- check run\n{}", check.context("a check run is JSON")?)
            }
            Err(why) => why,
        };
        answer(&format!("{comment}\n{check}\n"))?;
        return Ok(exit(fail_on(args).exit(&Tally::of(told.parts))));
    }
    let mut done = publication.publish(api.as_ref());
    if let Err(why) = &connection {
        done.notes
            .push(format!("nothing was sent to GitHub: {why:#}"));
    }
    report(world, &here, told.parts, &done)?;
    Ok(exit(done.exit))
}

/// Checks of a commit that this run is not about: an old file must not pass for today's answer.
fn of_other_commits(here: &Context, parts: &[Part]) -> Vec<String> {
    let own = [here.check_sha(), here.sha.as_str()];
    let short = |commit: &str| text::plain(commit.get(..7).unwrap_or(commit));
    let judged = parts
        .iter()
        .filter_map(|part| Some((part, part.check.as_ref().ok()?)));
    judged
        .filter(|(_, check)| !check.commit.is_empty() && !own.contains(&check.commit.as_str()))
        .map(|(part, check)| {
            format!(
                "{} is the check of {}, and this run is about {}: is it an old file?",
                text::plain(&part.name),
                short(&check.commit),
                short(here.check_sha())
            )
        })
        .collect()
}

/// Where the surroundings cannot be understood, the runner's own channels still have the verdict.
fn unsent(world: &World, args: &Args, told: Told<'_>) -> Result<Exit> {
    let nowhere = Context::nowhere(head_of(told.parts));
    let publication = Publication {
        context: &nowhere,
        parts: told.parts,
        key: &args.key,
        when: when(args),
        fail_on: fail_on(args),
        author: None,
        pull: None,
        check_run: None,
        extras: Extras {
            bench: args.bench.clone(),
            today: Some(load::today(world)),
            ..told.extras
        },
    };
    let done = publication.publish(None);
    report(world, &nowhere, told.parts, &done)?;
    Ok(exit(done.exit))
}

/// Says on the runner's own channels what was done.
fn report(world: &World, context: &Context, parts: &[Part], done: &Published) -> Result<()> {
    let mut out = workflow::annotations(parts);
    for note in &done.notes {
        out.push_str(&format!("{}\n", workflow::log_line(note)));
    }
    match &done.comment {
        Some(comment::Written::Quiet) => out.push_str("no comment: there is nothing to tell\n"),
        Some(written) => out.push_str(&format!(
            "comment {}: {}\n",
            match written {
                comment::Written::Created(_) => "written",
                comment::Written::Updated(_) => "updated",
                comment::Written::Newer(_) => "left to a newer run",
                _ => "stands already",
            },
            workflow::log_line(written.url().unwrap_or_default())
        )),
        None => {}
    }
    if done.requests > 0 {
        out.push_str(&format!(
            "{} requests to {}\n",
            done.requests, context.api_url
        ));
    }
    answer(&out)?;
    if let Some(file) = world.var("GITHUB_STEP_SUMMARY") {
        append_summary(Path::new(file), &done.summary);
    }
    if let Some(file) = world.var("GITHUB_OUTPUT") {
        let tally = Tally::of(parts);
        let url = done.comment.as_ref().and_then(comment::Written::url);
        append(
            Path::new(file),
            &workflow::outputs(
                &[
                    ("verdict", tally.verdict().to_owned()),
                    ("exit-code", done.exit.to_string()),
                    ("over", tally.over.to_string()),
                    ("improved", tally.improved.to_string()),
                    ("unproven", (tally.unproven + tally.learning).to_string()),
                    (
                        "budget-used-max",
                        tally
                            .used_max
                            .map_or_else(String::new, |used| format!("{used:.4}")),
                    ),
                    ("comment-url", url.unwrap_or_default().to_owned()),
                ],
                &delimiter(),
            ),
        )
        .context("the outputs of this step cannot be written")?;
    }
    Ok(())
}

/// The runner drops a summary beyond its limit as a whole: then rather none of ours.
fn append_summary(file: &Path, summary: &str) {
    let there = std::fs::metadata(file).map_or(0, |meta| meta.len());
    if there as usize + summary.len() + 2 > workflow::SUMMARY_LIMIT {
        say("the step's summary is full: the verdict is in the log and in the check run");
        return;
    }
    if let Err(error) = append(file, &format!("{summary}\n")) {
        say(&format!("the step's summary cannot be written: {error}"));
    }
}

pub(super) fn append(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)?;
    file.write_all(text.as_bytes())
}

/// A word nobody can guess.
pub(super) fn delimiter() -> String {
    format!("plimsoll{:016x}{:016x}", chance(), chance())
}

fn chance() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}

fn start(world: &World, args: &Args) -> Result<Exit> {
    if args.dry_run {
        return would_start(world, args);
    }
    let context = context(world)?;
    let connection = connect(world, &context)?;
    let clock = Real;
    let api = Api::new(
        Client::new(&connection.octocrab, &clock),
        &context.repository,
    );
    match publish::start(&api, &context, &args.key) {
        Ok(id) => {
            answer(&id.to_string())?;
            Ok(Exit::Within)
        }
        Err(why) => bail!(why),
    }
}

/// Prints the check run that would be opened; outside of a workflow that of HEAD.
fn would_start(world: &World, args: &Args) -> Result<Exit> {
    let here = match context(world) {
        Ok(here) => here,
        Err(error) if world.var("GITHUB_EVENT_PATH").is_some() => {
            return Err(error.context("nothing would be sent from here"));
        }
        Err(_) => Context::nowhere(world.repository()?.head()?.as_str()),
    };
    let check = serde_json::to_string_pretty(&publish::opening(&here, &args.key));
    let check = check.context("a check run is JSON")?;
    answer(&format!("--- check run\n{check}\n"))?;
    Ok(Exit::Within)
}

/// Where this workflow runs.
pub(super) fn context(world: &World) -> Result<Context> {
    let event = match world.var("GITHUB_EVENT_PATH") {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("the event file {file} cannot be read"))?,
        None => String::new(),
    };
    Ok(Context::new(&world.vars, &event)?)
}

struct Connection {
    octocrab: Octocrab,
    personal: bool,
}

fn connect(world: &World, context: &Context) -> Result<Connection> {
    let token = ["PLIMSOLL_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"]
        .iter()
        .find_map(|name| Token::new(world.var(name)?))
        .context("there is no token: set GITHUB_TOKEN")?;
    let octocrab =
        Octocrab::new(&context.api_url, &token, Timeouts::default()).map_err(anyhow::Error::msg)?;
    Ok(Connection {
        personal: token.is_personal(),
        octocrab,
    })
}

fn head_of(parts: &[Part]) -> &str {
    let first = parts.iter().find_map(|part| part.check.as_ref().ok());
    first.map_or("", |check| check.commit.as_str())
}

fn when(args: &Args) -> comment::When {
    match args.when {
        When::Auto => comment::When::Auto,
        When::Always => comment::When::Always,
        When::Never => comment::When::Never,
    }
}

fn fail_on(args: &Args) -> publish::FailOn {
    match args.fail_on {
        FailOn::Over => publish::FailOn::Over,
        FailOn::Unproven => publish::FailOn::Unproven,
        FailOn::Never => publish::FailOn::Never,
    }
}

fn exit(code: u8) -> Exit {
    match code {
        0 => Exit::Within,
        1 => Exit::Over,
        _ => Exit::Trouble,
    }
}

/// The clock of this machine.
struct Real;

impl Clock for Real {
    #[expect(
        clippy::disallowed_methods,
        reason = "rate limits are waited out by the clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn random(&self) -> f64 {
        (chance() >> 11) as f64 / (1u64 << 53) as f64
    }
}
