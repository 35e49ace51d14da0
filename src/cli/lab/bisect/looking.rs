//! Commits, built and measured.

use super::super::machine::Machine;
use plimsoll::budget::{Budget, Headlines, NameError, Named, Names};
use plimsoll::git::Git;
use plimsoll::lab::{
    Clock as _, CommandBench, Commands, LabError, Look, Making, Probe, Side, Workshop,
};
use plimsoll::model::{CommitId, Direction, Measurement, SeriesKey, Tags, Unit};
use std::time::Duration;

/// Most runs of one commit in a row.
const BATCH: usize = 5;

/// Builds and measures commits, in two slots in turn.
pub(super) struct Looking<'a> {
    pub(super) git: &'a Git,
    pub(super) machine: &'a Machine,
    pub(super) workshop: &'a Workshop,
    pub(super) commands: &'a Commands,
    pub(super) line: &'a [CommitId],
    pub(super) series: &'a str,
    /// By which a limit's name is understood.
    pub(super) budgets: Vec<Budget>,
    /// Which commit stands in which slot.
    pub(super) held: [Option<usize>; 2],
    pub(super) last: usize,
    /// Runs of one look: more where building costs more than running.
    pub(super) batch: usize,
    pub(super) metric: Option<Measured>,
    pub(super) deadline: Duration,
}

/// Which metric was measured.
#[derive(Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) benchmark: String,
    pub(super) metric: String,
    pub(super) tags: Tags,
    pub(super) unit: Unit,
    pub(super) direction: Direction,
}

impl Measured {
    fn is(&self, other: &Measurement) -> bool {
        self.benchmark == other.benchmark && self.metric == other.metric && self.tags == other.tags
    }
}

impl Looking<'_> {
    fn left(&self) -> Duration {
        self.deadline
            .saturating_sub(self.machine.now())
            .max(Duration::from_secs(1))
    }

    /// The value of the series that is searched for.
    fn pick(&mut self, measurements: &[Measurement]) -> Result<f64, LabError> {
        let found = match &self.metric {
            Some(known) => measurements.iter().find(|m| known.is(m)),
            None => named(measurements, self.series, &self.budgets)?,
        };
        let Some(found) = found else {
            return Err(LabError::Results(format!(
                "this commit does not measure `{}`",
                self.series
            )));
        };
        self.metric.get_or_insert_with(|| Measured {
            benchmark: found.benchmark.clone(),
            metric: found.metric.clone(),
            tags: found.tags.clone(),
            unit: found.unit.clone(),
            direction: found.direction.unwrap_or(Direction::Lower),
        });
        Ok(found.value)
    }

    fn try_look(&mut self, commit: usize) -> Result<Vec<f64>, LabError> {
        let slot = self
            .held
            .iter()
            .position(|held| *held == Some(commit))
            .unwrap_or(1 - self.last);
        self.last = slot;
        self.held[slot] = None;
        let left = self.left();
        let start = self.machine.now();
        let built = self.workshop.build_one(
            self.git,
            slot,
            &self.line[commit],
            self.commands,
            &mut Making {
                runner: self.machine,
                watch: &mut |_| {},
                left: &|| Some(left),
            },
        )?;
        let build = self.machine.now().saturating_sub(start);
        let left = self.left();
        let mut bench = CommandBench {
            runner: self.machine,
            clock: self.machine,
            commands: self.commands,
            folders: [built.folder.clone(), built.folder],
            left: &|| Some(left),
        };
        let mut run = || plimsoll::lab::Bench::run(&mut bench, Side::Head);
        if !built.cached {
            // The first run of a build is a warm-up, as in a comparison.
            run()?;
        }
        let start = self.machine.now();
        let mut taken = vec![run()?];
        let once = self.machine.now().saturating_sub(start);
        if !built.cached {
            let worth = build.as_secs_f64() / once.as_secs_f64().max(1e-3) / 4.0;
            self.batch = (worth as usize).clamp(1, BATCH);
        }
        for _ in 1..self.batch {
            taken.push(run()?);
        }
        self.held[slot] = Some(commit);
        taken
            .iter()
            .map(|taken| self.pick(&taken.measurements))
            .collect()
    }
}

impl Probe for Looking<'_> {
    fn grows(&self) -> bool {
        let known = self.metric.as_ref();
        known.is_none_or(|metric| metric.direction == Direction::Lower)
    }

    fn look(&mut self, commit: usize) -> Result<Look, LabError> {
        match self.try_look(commit) {
            Ok(values) => Ok(Look::Values(values)),
            Err(error @ (LabError::Interrupted | LabError::Busy | LabError::Folder { .. })) => {
                Err(error)
            }
            // It is no fault of the commit that the time is over.
            Err(LabError::TooSlow { .. }) if self.machine.now() >= self.deadline => {
                Ok(Look::Values(Vec::new()))
            }
            Err(error) => Ok(Look::Skip(error.to_string())),
        }
    }
}

/// The measurement of that name, as `plimsoll log` understands names, or of that metric where one
/// benchmark alone has it; of a benchmark alone its headline, which is CPU time where a command itself
/// was measured.
fn named<'m>(
    measurements: &'m [Measurement],
    name: &str,
    budgets: &[Budget],
) -> Result<Option<&'m Measurement>, LabError> {
    // What was measured here has no label, so any that is given fits.
    let (_, env) = name.rsplit_once('@').unwrap_or_default();
    let key = |m: &Measurement| SeriesKey {
        benchmark: m.benchmark.clone(),
        metric: m.metric.clone(),
        tags: m.tags.clone(),
        env: env.to_owned(),
    };
    let of: Vec<&Measurement> = measurements
        .iter()
        .filter(|m| m.benchmark == name)
        .collect();
    if let [cpu] = of.iter().filter(|m| m.metric == "cpu").collect::<Vec<_>>()[..] {
        return Ok(Some(cpu));
    }
    let keys: Vec<SeriesKey> = measurements.iter().map(key).collect();
    let features = budgets
        .iter()
        .map(|budget| {
            let limits = budget.limits.iter().map(|limit| limit.id.as_str());
            (budget.feature.as_str(), limits.collect())
        })
        .collect();
    let limits = Names {
        features,
        series: Vec::new(),
    };
    let meant = match limits.find(name) {
        Ok(Named::Limit(feature, id)) => Some((feature, Some(id))),
        Ok(Named::Feature(feature)) if feature == name => Some((feature, None)),
        _ => None,
    };
    if let Some((feature, id)) = meant {
        let headlines = Headlines::new(keys.iter());
        let limits = || {
            let own = budgets.iter().filter(|budget| budget.feature == feature);
            let limits = own.flat_map(|budget| &budget.limits);
            limits.filter(|limit| id.is_none_or(|id| limit.id == id))
        };
        let selects = |key: &SeriesKey| limits().any(|limit| limit.select.matches(key, &headlines));
        let chosen: Vec<usize> = (0..keys.len()).filter(|at| selects(&keys[*at])).collect();
        match chosen.as_slice() {
            [one] => return Ok(measurements.get(*one)),
            [] => {}
            several => {
                let listed: Vec<String> = several
                    .iter()
                    .take(8)
                    .map(|at| keys[*at].to_string())
                    .collect();
                return Err(LabError::Results(format!(
                    "`{name}` limits {} series that are measured here: name one of them, as in {}",
                    several.len(),
                    listed.join(", ")
                )));
            }
        }
    }
    let names = Names {
        features: Vec::new(),
        series: keys.iter().collect(),
    };
    let metrics: Vec<&Measurement> = measurements.iter().filter(|m| m.metric == name).collect();
    match (names.find(name), metrics.as_slice()) {
        (Ok(Named::Series(found)), _) => {
            let at = keys.iter().position(|key| key == found);
            Ok(at.and_then(|at| measurements.get(at)))
        }
        (Err(NameError::Nothing(_)) | Ok(_), [one]) => Ok(Some(one)),
        (Err(NameError::Nothing(_)) | Ok(_), _) => {
            let names: Vec<String> = measurements
                .iter()
                .take(8)
                .map(|m| format!("{}:{}", m.benchmark, m.metric))
                .collect();
            Err(LabError::Results(format!(
                "the benchmark measures nothing called `{name}`; it measures {}",
                names.join(", ")
            )))
        }
        (Err(several), _) => Err(LabError::Results(several.to_string())),
    }
}
