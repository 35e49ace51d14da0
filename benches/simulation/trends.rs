//! Branches over time: how often `creep` and `drift` are over without a reason, and what they prove.

use crate::noise::Noise;
use crate::random::Random;
use crate::world::{CV, commit, run};
use crate::{Any, Lab};
use plimsoll::budget::{self, Anchor, Budget};
use plimsoll::history::Timeline;
use plimsoll::model::{CommitId, Direction, SeriesKey, Tags, Unit};
use plimsoll::store::{Cell, SeriesRow};
use plimsoll::verdict::{Check, Commits, Control, Stage, Verdict, judge};
use std::collections::HashMap;
use std::path::Path;

const FILE: &str = "all.toml";
const KINDS: [Noise; 7] = [
    Noise::Normal,
    Noise::Outliers,
    Noise::Bimodal,
    Noise::Heavy,
    Noise::Ar(0.5),
    Noise::Blocks,
    Noise::Recorded,
];

/// A branch of so many commits, one a day; `level` is ln of the true level at each.
#[derive(Clone, Copy)]
struct Branch {
    commits: usize,
    noise: Noise,
    level: fn(f64) -> f64,
}

/// Shares in percent.
struct Shares {
    over: f64,
    within: f64,
}

fn flat(_: f64) -> f64 {
    0.0
}

/// 12 % in 40 commits, and then it stays.
fn creeping(place: f64) -> f64 {
    1.12_f64.ln() * (place / 39.0).min(1.0)
}

/// 12 % in one commit.
fn stepping(place: f64) -> f64 {
    if place < 20.0 { 0.0 } else { 1.12_f64.ln() }
}

/// 10 % in one commit: no creep.
fn one_step(place: f64) -> f64 {
    if place < 20.0 { 0.0 } else { 1.1_f64.ln() }
}

/// 4 % in 40 commits: as much as is allowed.
fn allowed(place: f64) -> f64 {
    1.04_f64.ln() * place / 39.0
}

/// 8 % in one commit: as much as is allowed.
fn allowed_step(place: f64) -> f64 {
    if place < 20.0 { 0.0 } else { 1.08_f64.ln() }
}

fn budgets(rule: &str) -> Any<Vec<Budget>> {
    let text = format!(
        "schema = 1\n[feature]\nname = \"all\"\nowner = \"@all\"\n[[limit]]\nid = \"time\"\n\
         select = {{ benchmark = \"b\" }}\n{rule}\n"
    );
    let today = jiff::civil::date(2026, 11, 21);
    let (budget, findings) = budget::parse(Path::new(FILE), &text, today);
    if let Some(finding) = findings.first() {
        return Err(finding.to_string().into());
    }
    Ok(budget.into_iter().collect())
}

/// The verdict of the only rule at the tip of the branch.
fn verdict(branch: Branch, budgets: &[Budget], z: &[f64]) -> Any<Option<Verdict>> {
    let timeline: Vec<CommitId> = (0..branch.commits).map(commit).collect::<Any<_>>()?;
    let mut commits = Commits::default();
    for (place, id) in timeline.iter().enumerate() {
        let time = jiff::Timestamp::from_second(1_790_000_000 + 86_400 * place as i64)?;
        commits.times.insert(id.clone(), time);
    }
    let anchor = Anchor::Tag("v1".to_owned());
    commits.pins.push((FILE.into(), anchor, commit(0)?));
    let mut points: Vec<Cell> = Vec::new();
    let mut runs = Vec::new();
    for (place, z) in z.iter().enumerate() {
        let id = place as i64 + 1;
        runs.push(run(id, place)?);
        points.push(Cell {
            run: id,
            value: 100.0 * (CV * z + (branch.level)(place as f64)).exp(),
            spread: None,
            n: 1,
        });
    }
    let series = SeriesRow {
        id: 1,
        key: SeriesKey {
            benchmark: "b".into(),
            metric: "time".into(),
            tags: Tags::new(),
            env: "ci".into(),
        },
        unit: Unit::Nanoseconds,
        direction: Some(Direction::Lower),
    };
    let head = commit(branch.commits - 1)?;
    let outcome = judge(&Check {
        commits: &commits,
        control: Control::default(),
        head: &head,
        base: None,
        timeline: &Timeline::new(timeline),
        runs: &runs,
        series: &[series],
        columns: &[points.into_iter().collect()],
        failures: &HashMap::new(),
        budgets,
        retired: &[],
        stage: Stage::Only,
        memo: None,
        env: None,
        shallow: false,
        today: jiff::civil::date(2026, 11, 21),
        threads: 1,
    });
    Ok(outcome.limits.first().map(|limit| limit.judgement.verdict))
}

impl Lab {
    fn branches(&self, branch: Branch, rule: &str) -> Any<Shares> {
        let budgets = budgets(rule)?;
        let (mut over, mut within) = (0, 0);
        for index in 0..self.count {
            let mut random = Random::stream(self.seed, 7_000 + branch.commits as u64, index as u64);
            let z = branch
                .noise
                .draw(branch.commits, &self.recorded, &mut random);
            match verdict(branch, &budgets, &z)? {
                Some(Verdict::Over) => over += 1,
                Some(Verdict::Within) => within += 1,
                _ => {}
            }
        }
        let percent = |n: usize| 100.0 * n as f64 / self.count as f64;
        Ok(Shares {
            over: percent(over),
            within: percent(within),
        })
    }

    /// The tables of rules over time: one run a commit, one commit a day, one series a check.
    pub(crate) fn trends(&self) -> Any<()> {
        self.creep()?;
        self.drift()
    }

    fn creep(&self) -> Any<()> {
        println!("## Creep in 40 commits, one run each: over %\n");
        println!(
            "| noise | unchanged, +1 % | unchanged, +4 % | one step of 10 %, +4 % | grows 4 %, +4 % | grows 12 %, +4 % | unchanged, +4 %: within |"
        );
        println!("|---|---|---|---|---|---|---|");
        for noise in KINDS {
            let branch = |level: fn(f64) -> f64| Branch {
                commits: 40,
                noise,
                level,
            };
            let limit =
                |limit| format!("creep = {{ window = \"40 commits\", limit = \"+{limit}%\" }}");
            let unchanged = self.branches(branch(flat), &limit(4))?;
            println!(
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
                noise.name(),
                self.branches(branch(flat), &limit(1))?.over,
                unchanged.over,
                self.branches(branch(one_step), &limit(4))?.over,
                self.branches(branch(allowed), &limit(4))?.over,
                self.branches(branch(creeping), &limit(4))?.over,
                unchanged.within,
            );
        }
        println!();
        Ok(())
    }

    fn drift(&self) -> Any<()> {
        println!("## Drift since a pinned commit, 60 commits, one run each: over %\n");
        println!(
            "| noise | unchanged, +1 % | 8 % in one step, +8 % | 12 % in one step, +8 % | 12 % in 40 small ones, +8 % | unchanged, +8 %: within |"
        );
        println!("|---|---|---|---|---|---|");
        for noise in KINDS {
            let branch = |level: fn(f64) -> f64| Branch {
                commits: 60,
                noise,
                level,
            };
            let limit = |limit| format!("drift = {{ vs = \"tag:v1\", limit = \"+{limit}%\" }}");
            println!(
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
                noise.name(),
                self.branches(branch(flat), &limit(1))?.over,
                self.branches(branch(allowed_step), &limit(8))?.over,
                self.branches(branch(stepping), &limit(8))?.over,
                self.branches(branch(creeping), &limit(8))?.over,
                self.branches(branch(flat), &limit(8))?.within,
            );
        }
        println!();
        Ok(())
    }
}
