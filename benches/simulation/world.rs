//! One pull request as a check sees it: many series, a base of commits, a head.

use crate::noise::Noise;
use crate::random::Random;
use plimsoll::budget::{self, Budget};
use plimsoll::history::Timeline;
use plimsoll::model::{CommitId, Direction, Environment, RunId, SeriesKey, Source, Tags, Unit};
use plimsoll::store::{Cell, Columns, RunRow, SeriesRow};
use plimsoll::verdict::{Check, ChosenBase, LimitVerdict, Stage, judge};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::Path;

/// Standard deviation of one run's logarithm around its level.
pub(crate) const CV: f64 = 0.02;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Design {
    pub(crate) series: usize,
    pub(crate) base_commits: usize,
    pub(crate) base_runs: usize,
    pub(crate) head_runs: usize,
    /// Noise from job to job.
    pub(crate) noise: Noise,
    /// Share of a run's variance that is its own; the rest is its job's.
    pub(crate) own: f64,
    /// Share of runs that are 3 to 15 standard deviations too slow.
    pub(crate) outliers: f64,
    /// ln of what the head does to the first series.
    pub(crate) effect: f64,
}

/// A world that can be judged again with more runs of the head.
pub(crate) struct World<'r> {
    design: Design,
    random: Random,
    recorded: &'r [Vec<f64>],
    jobs: Vec<Vec<f64>>,
    points: Vec<Vec<Cell>>,
    runs: Vec<RunRow>,
}

pub(crate) fn commit(place: usize) -> Result<CommitId, Box<dyn Error>> {
    Ok(CommitId::new(format!("{place:040x}"))?)
}

/// A run of the commit at a place.
pub(crate) fn run(id: i64, place: usize) -> Result<RunRow, Box<dyn Error>> {
    Ok(RunRow {
        id,
        digest: RunId([0; 32]),
        commit: commit(place)?,
        environment: Environment {
            label: "ci".into(),
            facts: [("cpu".to_owned(), "one".to_owned())].into(),
        },
        suite: String::new(),
        part: String::new(),
        dirty: false,
        source: Source {
            attempt: id as u32,
            ..Source::default()
        },
    })
}

impl<'r> World<'r> {
    pub(crate) fn new(
        design: Design,
        recorded: &'r [Vec<f64>],
        random: Random,
    ) -> Result<Self, Box<dyn Error>> {
        let mut world = Self {
            design,
            random,
            recorded,
            jobs: Vec::new(),
            points: vec![Vec::new(); design.series],
            runs: Vec::new(),
        };
        for _ in 0..design.series {
            let length = design.base_commits + 1;
            let jobs = design.noise.draw(length, world.recorded, &mut world.random);
            world.jobs.push(jobs);
        }
        for place in 0..design.base_commits {
            world.add_runs(place, design.base_runs, &|_| true)?;
        }
        world.add_runs(design.base_commits, design.head_runs, &|_| true)?;
        Ok(world)
    }

    /// More runs of the head in the same job, of some series.
    pub(crate) fn more(&mut self, runs: usize, of: &HashSet<usize>) -> Result<(), Box<dyn Error>> {
        self.add_runs(self.design.base_commits, runs, &|index| of.contains(&index))
    }

    /// ln of the head's mean run less that of the base's, of the first series.
    pub(crate) fn difference(&self) -> f64 {
        let head = self.runs.len() - self.design.head_runs;
        let mean = |cells: &[Cell]| {
            cells.iter().map(|cell| cell.value.ln()).sum::<f64>() / cells.len() as f64
        };
        mean(&self.points[0][head..]) - mean(&self.points[0][..head])
    }

    /// As if the head had not measured a series.
    pub(crate) fn forget_head_of(&mut self, index: usize) {
        let head = self.runs.len() - self.design.head_runs;
        self.points[index].retain(|cell| cell.run <= head as i64);
    }

    fn add_runs(
        &mut self,
        place: usize,
        count: usize,
        measured: &dyn Fn(usize) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        let design = self.design;
        for _ in 0..count {
            let id = self.runs.len() as i64 + 1;
            self.runs.push(run(id, place)?);
            let points = self.points.iter_mut().enumerate();
            for (index, points) in points.filter(|(index, _)| measured(*index)) {
                let job = self.jobs[index][place];
                let mut own = self.random.normal();
                if design.outliers > 0.0 && self.random.uniform() < design.outliers {
                    own += self.random.between(3.0, 15.0) / design.own.max(0.01).sqrt();
                }
                let z = (1.0 - design.own).sqrt() * job + design.own.sqrt() * own;
                let changed = index == 0 && place == design.base_commits;
                let shift = if changed { design.effect } else { 0.0 };
                points.push(Cell {
                    run: id,
                    value: 100.0 * (CV * z + shift).exp(),
                    spread: None,
                    n: 1,
                });
            }
        }
        Ok(())
    }

    /// The verdicts of this check.
    pub(crate) fn check(
        &self,
        budgets: &[Budget],
        stage: Stage,
    ) -> Result<Vec<LimitVerdict>, Box<dyn Error>> {
        let last = self.design.base_commits;
        let columns: Vec<Columns> = self
            .points
            .iter()
            .map(|points| points.iter().copied().collect())
            .collect();
        let commits = (0..=last).map(commit).collect::<Result<Vec<_>, _>>()?;
        let timeline = Timeline::new(commits);
        let series: Vec<SeriesRow> = (0..self.design.series)
            .map(|index| SeriesRow {
                id: index as i64 + 1,
                key: SeriesKey {
                    benchmark: format!("b{index:04}"),
                    metric: "time".into(),
                    tags: Tags::new(),
                    env: "ci".into(),
                },
                unit: Unit::Nanoseconds,
                direction: Some(Direction::Lower),
            })
            .collect();
        let base = ChosenBase {
            commit: commit(last - 1)?,
            how: "merge parent".into(),
            measured: true,
        };
        let outcome = judge(&Check {
            commits: &plimsoll::verdict::Commits::default(),
            control: plimsoll::verdict::Control::default(),
            head: &commit(last)?,
            base: Some(&base),
            timeline: &timeline,
            runs: &self.runs,
            series: &series,
            columns: &columns,
            failures: &HashMap::new(),
            budgets,
            retired: &[],
            stage,
            memo: None,
            env: None,
            shallow: false,
            today: jiff::civil::date(2026, 11, 21),
            threads: if self.design.series >= 100 { 2 } else { 1 },
        });
        Ok(outcome.limits)
    }
}

/// A budget with one regress limit over all series.
pub(crate) fn budgets(limit: &str) -> Result<Vec<Budget>, Box<dyn Error>> {
    let text = format!(
        "schema = 1\n[feature]\nname = \"all\"\nowner = \"@all\"\n[[limit]]\nid = \"time\"\n\
         select = {{ benchmark = \"*\" }}\nregress = {{ vs = \"base\", limit = \"{limit}\" }}\n"
    );
    let (budget, findings) = budget::parse(
        Path::new("all.toml"),
        &text,
        jiff::civil::date(2026, 11, 21),
    );
    if let Some(finding) = findings.first() {
        return Err(finding.to_string().into());
    }
    Ok(budget.into_iter().collect())
}
