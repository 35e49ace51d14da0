//! `plimsoll demo`: a small project with a history, recorded, checked and drawn.

mod model;

use super::args::{Check as CheckArgs, Demo as Args, Format};
use super::world::World;
use super::{answer, check, record, report, say};
use anyhow::{Context, Result};
use jiff::{Timestamp, ToSpan};
use model::{Feature, Generator};
use plimsoll::git::Scratch;
use plimsoll::model::{CommitId, Environment};
use plimsoll::store::Store;
use plimsoll::verdict::Exit;
use std::path::{Path, PathBuf};

/// Runs of the newest commit; older ones have one.
const RUNS_AT_HEAD: u32 = 3;
/// Requests of one load test, and samples of one benchmark run.
const REQUESTS: usize = 400;
const SAMPLES: usize = 20;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let folder = match &args.output {
        Some(folder) => world.folder.join(folder),
        None => std::env::temp_dir().join(format!("plimsoll-demo-{}", world.now.as_millisecond())),
    };
    say(&format!(
        "making a project with {} commits in {}",
        model::COMMITS,
        folder.display()
    ));
    let mut story = Story::new(world, &folder, args.seed)?;
    for commit in 0..model::COMMITS {
        story.advance(commit)?;
    }
    story.finish()?;
    show(world, &folder, args.seed)
}

fn show(world: &World, folder: &Path, seed: u64) -> Result<Exit> {
    let shop = World::own(folder.to_owned(), world.now)?;
    answer(&format!(
        "The measurements of this demo were not measured: a seeded model made them (seed {seed}), in the\n\
         files that hyperfine and k6 write. They were recorded by the code behind `plimsoll record`.\n"
    ))?;
    let checked = check::run(
        &shop,
        &CheckArgs {
            format: Format::Table,
            ..CheckArgs::default()
        },
    )?;
    let pages = folder.join("report");
    let view = super::load::project(&shop, None, world.now)?;
    report::write(&view, &pages)?;
    let place = folder.display();
    answer(&format!(
        "That check ends with exit code {}: checkout broke at the newest commit, export went silent.\n\n\
         Open the report:   {}\n\n\
         Try next, in {place}:\n  \
         plimsoll log search               a creep: small steps that no alarm saw\n  \
         plimsoll log login                an accepted change: who, why, until when\n  \
         plimsoll check --commit HEAD~1    the commit before: checkout within, export missing\n  \
         plimsoll check --format markdown  the same as a pull request comment\n\n\
         In a project of your own:\n  \
         cargo bench && plimsoll record && plimsoll check\n",
        checked as u8,
        pages.join("index.html").display(),
    ))?;
    Ok(Exit::Within)
}

struct Story {
    folder: PathBuf,
    results: PathBuf,
    git: Scratch,
    store: Store,
    random: Generator,
    now: Timestamp,
    accepted: Option<CommitId>,
}

impl Story {
    fn new(world: &World, folder: &Path, seed: u64) -> Result<Self> {
        let git = Scratch::create(folder)?;
        let results = folder.join("results");
        write(&folder.join(".gitignore"), "/results\n/report\n")?;
        let store = Store::open(&folder.join(".git").join("plimsoll").join("history.db"))?;
        let random = Generator::new(seed);
        let folder = folder.to_owned();
        Ok(Self {
            folder,
            results,
            git,
            store,
            random,
            now: world.now,
            accepted: None,
        })
    }

    /// Two days lie between commits; the newest is an hour old.
    fn time(&self, commit: usize) -> Result<Timestamp> {
        let hours = 48 * (model::COMMITS - 1 - commit) as i64 + 1;
        Ok(self.now.checked_sub(hours.hours())?)
    }

    fn advance(&mut self, commit: usize) -> Result<()> {
        let subject = model::subject(commit);
        write(
            &self.folder.join("CHANGES"),
            &format!("{commit}: {subject}\n"),
        )?;
        if commit == 0 {
            self.budgets(None)?;
        }
        if commit == model::ACCEPTED_AT + 1 {
            self.budgets(self.accepted.clone().as_ref())?;
        }
        let time = self.time(commit)?;
        let id = self.git.commit(model::author(commit), &subject, time)?;
        if commit == model::ACCEPTED_AT {
            self.accepted = Some(id.clone());
        }
        if commit % 24 == 12 {
            self.git.tag(&format!("v1.{}", commit / 24), &id)?;
        }
        let runs = if commit == model::REGRESSION_AT {
            RUNS_AT_HEAD
        } else {
            1
        };
        for _ in 0..runs {
            self.measure(commit)?;
            record::store_files(
                &mut self.store,
                &self.results,
                &self.folder,
                &id,
                &environment(commit),
                time,
            )?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<()> {
        std::fs::remove_dir_all(&self.results)
            .with_context(|| format!("cannot remove {}", self.results.display()))
    }

    /// Writes what the tools would have written.
    fn measure(&mut self, commit: usize) -> Result<()> {
        if self.results.exists() {
            std::fs::remove_dir_all(&self.results).context("cannot clear the result files")?;
        }
        for (feature, name) in [(Feature::Checkout, "checkout"), (Feature::Login, "login")] {
            let text = self.k6(feature, commit);
            write(&self.results.join(format!("{name}.json")), &text)?;
        }
        let mut commands = vec![(Feature::Search, "search"), (Feature::Upload, "upload")];
        if commit < model::SILENT_FROM {
            commands.push((Feature::Export, "export"));
        }
        let text = self.hyperfine(&commands, commit);
        write(&self.results.join("hyperfine.json"), &text)
    }

    fn k6(&mut self, feature: Feature, commit: usize) -> String {
        let centre = self.random.run(feature, commit);
        let mut times = self.random.samples(centre * 0.6, REQUESTS);
        times.sort_by(f64::total_cmp);
        // The tail of a load test lies far from its middle; the story tells the p95.
        let at = |share: f64| times[((REQUESTS - 1) as f64 * share) as usize];
        serde_json::json!({
            "metrics": {
                "http_req_duration": {
                    "type": "trend", "contains": "time",
                    "values": {
                        "avg": at(0.5) * 1.04, "min": at(0.0), "med": at(0.5), "max": centre * 1.9,
                        "p(90)": centre * 0.88, "p(95)": centre, "p(99)": centre * 1.35
                    }
                },
                "http_req_failed": { "type": "rate", "contains": "default", "values": { "rate": 0.0, "passes": 0, "fails": REQUESTS } },
                "http_reqs": { "type": "counter", "contains": "default", "values": { "count": REQUESTS, "rate": REQUESTS as f64 / 30.0 } }
            },
            "options": {}, "state": { "testRunDurationMs": 30_000.0 },
            "root_group": { "name": "", "path": "", "groups": [], "checks": [] }
        })
        .to_string()
    }

    fn hyperfine(&mut self, commands: &[(Feature, &str)], commit: usize) -> String {
        let mut results = Vec::new();
        for (feature, name) in commands {
            let centre = self.random.run(*feature, commit) / 1e3;
            let times = self.random.samples(centre, SAMPLES);
            let mut sorted = times.clone();
            sorted.sort_by(f64::total_cmp);
            let mean = times.iter().sum::<f64>() / SAMPLES as f64;
            let square: f64 = times.iter().map(|t| (t - mean).powi(2)).sum();
            results.push(serde_json::json!({
                "command": name, "mean": mean, "stddev": (square / (SAMPLES - 1) as f64).sqrt(),
                "median": (sorted[SAMPLES / 2 - 1] + sorted[SAMPLES / 2]) / 2.0,
                "user": mean * 0.9, "system": mean * 0.05,
                "min": sorted[0], "max": sorted[SAMPLES - 1],
                "times": times, "exit_codes": vec![0; SAMPLES]
            }));
        }
        serde_json::json!({ "results": results }).to_string()
    }

    fn budgets(&self, accepted: Option<&CommitId>) -> Result<()> {
        let folder = self.folder.join("budgets");
        let plain = |name: &str, owner: &str, limit: &str| {
            format!(
                "schema = 1\n[feature]\nname  = \"{name}\"\nowner = \"{owner}\"\n\n[[limit]]\n{limit}"
            )
        };
        write(
            &folder.join("checkout.toml"),
            &plain(
                "checkout",
                "@shop/pay",
                "id      = \"p95\"\nselect  = { benchmark = \"checkout\" }\nmax     = \"95ms\"\nregress = { vs = \"base\", limit = \"+5%\" }\n",
            ),
        )?;
        write(
            &folder.join("search.toml"),
            &plain(
                "search",
                "@shop/find",
                "id      = \"query\"\nselect  = { benchmark = \"search\" }\nmax     = \"48ms\"\nregress = { vs = \"base\", limit = \"+5%\" }\n",
            ),
        )?;
        write(
            &folder.join("export.toml"),
            &plain(
                "export",
                "@shop/data",
                "id      = \"csv\"\nselect  = { benchmark = \"export\" }\nmax     = \"2500ms\"\n",
            ),
        )?;
        write(
            &folder.join("upload.toml"),
            &plain(
                "upload",
                "@shop/files",
                "id      = \"stream\"\nselect  = { benchmark = \"upload\" }\nmax     = \"300ms\"\nregress = { vs = \"base\", limit = \"+10%\" }\n",
            ),
        )?;
        let mut login = plain(
            "login",
            "@shop/id",
            "id      = \"p95\"\nselect  = { benchmark = \"login\" }\nmax     = \"58ms\"\nregress = { vs = \"base\", limit = \"+5%\" }\n",
        );
        if let Some(commit) = accepted {
            let expires = self
                .now
                .checked_add((24 * 60).hours())?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date();
            login.push_str(&format!(
                "\n[[accepted]]\nid           = \"a-argon2\"\nlimit        = \"p95\"\ncommit       = \"{}\"\nlevel_before = \"55.8 ms\"\nceiling      = \"+12%\"\nreason       = \"Argon2id is worth 5 ms of a login\"\nissue        = \"SHOP-412\"\nby           = \"@lena\"\nexpires      = {expires}\n",
                commit.short()
            ));
        }
        write(&folder.join("login.toml"), &login)
    }
}

/// The label stays; the machine behind it is replaced once.
fn environment(commit: usize) -> Environment {
    let cpu = if commit < model::MACHINE_CHANGE {
        "Xeon E5-2680 v4"
    } else {
        "EPYC 7763"
    };
    let facts = [
        ("os", "linux"),
        ("arch", "x86_64"),
        ("cpu", cpu),
        ("cores", "4"),
    ];
    Environment {
        label: "ci".to_owned(),
        facts: facts
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
