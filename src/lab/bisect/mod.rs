//! Which commit brought a change: a search that expects noise.
//!
//! Plain bisection forgets how sure each answer was; one wrong turn and all that follows is lost.
//! Here every measurement moves a probability over all commits, and the next one is made where it
//! tells most (probabilistic bisection: Horstein 1963; Waeber, Frazier & Henderson 2013). The
//! likelihood is that of the measured value itself, Student's t with 4 degrees of freedom around
//! the level before or after the change, so that one outlier convinces nobody.

mod posterior;

pub use posterior::{Posterior, Reading};

use super::{Clock, LabError, Progress, Watch};
use crate::stats::{mann_whitney, median};
use std::time::Duration;

/// Measures commits by their place on the line, 0 being the good one.
pub trait Probe {
    /// Measures a commit once, or more often where building it cost so much that it pays.
    ///
    /// # Errors
    /// An interruption. A commit that does not build or run is a [`Look::Skip`].
    fn look(&mut self, commit: usize) -> Result<Look, LabError>;

    /// Whether a greater value is worse. Asked after the first look.
    fn grows(&self) -> bool {
        true
    }
}

/// What a look at a commit gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// Values of the metric, one a run; none where the time ran out meanwhile.
    Values(Vec<f64>),
    /// It cannot be measured, for this reason.
    Skip(String),
}

/// When the search may stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// Probability that the answer has to have.
    pub confidence: f64,
    /// Time for everything, builds included.
    pub time: Duration,
}

/// Looks at good and bad before the search begins, and once more where these do not suffice.
const CALIBRATION: usize = 4;
/// The two stages of the calibration share the level of 5 %.
const DIFFERS: f64 = 0.025;
/// Values of a commit by which its level is told from that of an end: with 4 at the end the least
/// two-sided p-value is 2 / 210.
const OWN: usize = 6;
/// The level of that test: most searches are for one commit, and should end with it.
const APART: f64 = 0.01;
/// So many standard errors off its end a commit of the step is looked at again.
const ODD: f64 = 1.5;
/// A lesser share of the whole difference, left beside the blamed step, tells nothing.
const REST: f64 = 0.1;
/// Most looks: a search that needs more has no answer.
const MOST: usize = 400;

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// One commit has the probability that was asked for.
    Sure,
    /// As sure of one commit, or of one such group, but its step is not the whole difference: more
    /// than one commit took part.
    Partly,
    /// The commits that remain cannot be told apart: those between them do not build.
    Indistinct,
    /// The time was over.
    TimeUp,
    /// Good and bad do not differ, as far as can be seen.
    NoDifference,
    /// Bad is better than good.
    Improved,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How it ended.
    pub end: End,
    /// First and last commit that may have brought it, inclusive.
    pub between: (usize, usize),
    /// Probability that it is one of these, if one commit brought all of it.
    pub probability: f64,
    /// The most likely one.
    pub likeliest: usize,
    /// Probability of each commit.
    pub posterior: Vec<f64>,
    /// Medians of what was measured at good and at bad, in input units.
    pub levels: (f64, f64),
    /// Medians right before and at the end of [`Found::between`], where both were measured.
    pub step: Option<(f64, f64)>,
    /// How many values were measured.
    pub measured: usize,
    /// Commits that could not be measured, with the reason.
    pub skipped: Vec<(usize, String)>,
}

/// Searches a line of commits, the first good and the last bad.
///
/// # Errors
/// An interruption; good or bad cannot be measured.
pub fn bisect(
    probe: &mut dyn Probe,
    clock: &dyn Clock,
    commits: usize,
    aim: &Aim,
    watch: &mut dyn Watch,
) -> Result<Found, LabError> {
    let start = clock.now();
    let mut search = Search {
        probe,
        posterior: Posterior::new(commits.max(2)),
        skipped: Vec::new(),
    };
    let (good, bad) = (0, commits.max(2) - 1);
    let mut differ = false;
    for _ in 0..2 {
        // In the order good bad bad good, so that drift cancels.
        for at in 0..CALIBRATION {
            let turns = if at % 2 == 0 {
                [good, bad]
            } else {
                [bad, good]
            };
            for commit in turns {
                watch.see(Progress::Stage(format!(
                    "measuring the {} commit",
                    if commit == good { "good" } else { "bad" }
                )));
                search.must(commit)?;
            }
        }
        differ = search.ends_differ(search.probe.grows());
        if differ {
            break;
        }
    }
    search.posterior.fit();
    if !differ {
        let end = if search.ends_differ(!search.probe.grows()) {
            End::Improved
        } else {
            End::NoDifference
        };
        return Ok(search.found(end, (1, bad)));
    }
    loop {
        search.posterior.fit();
        let (group, probability) = search.best_group();
        let spent = clock.now().saturating_sub(start) >= aim.time;
        if probability >= aim.confidence {
            // A step that does not look like the whole difference is looked at again.
            let next = search
                .unproven(group)
                .filter(|_| !spent && search.may_look());
            let Some(next) = next else {
                let end = if search.leaves_rest(group) {
                    End::Partly
                } else if group.0 == group.1 {
                    End::Sure
                } else {
                    End::Indistinct
                };
                return Ok(search.found(end, group));
            };
            watch.see(Progress::Stage(format!(
                "{:.0} % sure, measuring both sides of commit {} of {bad}",
                100.0 * probability,
                group.1
            )));
            search.look(next)?;
            continue;
        }
        let next = search.next();
        let Some(next) = next.filter(|_| !spent && search.may_look()) else {
            let range = search.posterior.range(aim.confidence);
            return Ok(search.found(End::TimeUp, range));
        };
        watch.see(Progress::Stage(format!(
            "{:.0} % sure, measuring commit {next} of {bad}",
            100.0 * probability
        )));
        search.look(next)?;
    }
}

struct Search<'p> {
    probe: &'p mut dyn Probe,
    posterior: Posterior,
    skipped: Vec<(usize, String)>,
}

impl Search<'_> {
    fn look(&mut self, commit: usize) -> Result<(), LabError> {
        match self.probe.look(commit)? {
            Look::Values(values) => {
                for value in values {
                    self.posterior.add(Reading { commit, value });
                }
            }
            Look::Skip(reason) => self.skipped.push((commit, reason)),
        }
        Ok(())
    }

    /// Without the ends there is nothing to search between.
    fn must(&mut self, commit: usize) -> Result<(), LabError> {
        let before = self.posterior.readings().len();
        self.look(commit)?;
        match self.skipped.pop() {
            None if self.posterior.readings().len() > before => Ok(()),
            None => Err(LabError::Results(
                "the time was over before good and bad were measured: --time gives more".to_owned(),
            )),
            Some((_, reason)) => Err(LabError::Results(format!(
                "the {} commit cannot be measured: {reason}",
                if commit == 0 { "good" } else { "bad" }
            ))),
        }
    }

    /// What was measured at a commit.
    fn of(&self, commit: usize) -> Vec<f64> {
        let readings = self.posterior.readings().iter();
        readings
            .filter(|reading| reading.commit == commit)
            .map(|reading| reading.value)
            .collect()
    }

    /// Whether bad is proven to lie above good, or below it (Mann & Whitney 1947).
    fn ends_differ(&self, above: bool) -> bool {
        let bad = self.posterior.last();
        mann_whitney(&self.of(bad), &self.of(0)).is_some_and(|test| {
            let p = if above { test.p_greater } else { test.p_less };
            p <= DIFFERS
        })
    }

    fn may_look(&self) -> bool {
        self.posterior.readings().len() < MOST
    }

    /// How far a commit lies from good or bad, the end on its side; `None` where that is little: at
    /// most [`REST`] of the whole difference.
    fn rest(&self, commit: usize, end: usize) -> Option<f64> {
        let level = |commit: usize| median(&self.of(commit));
        let (low, high) = (level(0)?, level(self.posterior.last())?);
        let rest = (level(commit)? - if end == 0 { low } else { high }).abs();
        (commit != end && rest > REST * (high - low).abs()).then_some(rest)
    }

    /// Standard deviation of one value, from those of good and of bad around their medians.
    fn noise(&self) -> f64 {
        let ends = [0, self.posterior.last()].map(|end| self.of(end));
        let squares = ends.iter().flat_map(|values| {
            let middle = median(values).unwrap_or(0.0);
            values.iter().map(move |value| (value - middle).powi(2))
        });
        let count = ends.iter().map(Vec::len).sum::<usize>();
        (squares.sum::<f64>() / count.saturating_sub(2).max(1) as f64).sqrt()
    }

    /// The two commits of a step, each with the end on its side.
    fn sides(&self, (first, last): (usize, usize)) -> [(usize, usize); 2] {
        [(first - 1, 0), (last, self.posterior.last())]
    }

    /// The commit of a step that looks unlike the end on its side, or was not measured, and of which
    /// too little is known to say that it is.
    fn unproven(&self, step: (usize, usize)) -> Option<usize> {
        let is_open = |(commit, end): &(usize, usize)| {
            let (own, at_end) = (self.of(*commit).len(), self.of(*end).len());
            if commit == end || own >= OWN || self.is_skipped(*commit) {
                return false;
            }
            let error =
                self.noise() * (1.0 / own.max(1) as f64 + 1.0 / at_end.max(1) as f64).sqrt();
            own == 0
                || self
                    .rest(*commit, *end)
                    .is_some_and(|rest| rest > ODD * error)
        };
        let found = self.sides(step).into_iter().find(is_open);
        found.map(|(commit, _)| commit)
    }

    /// Whether a step leaves a part of the whole difference to other commits: on one side its level
    /// is proven to be another than that of the end (Mann & Whitney, two-sided).
    fn leaves_rest(&self, step: (usize, usize)) -> bool {
        self.sides(step).into_iter().any(|(commit, end)| {
            self.rest(commit, end).is_some()
                && mann_whitney(&self.of(commit), &self.of(end)).is_some_and(|test| test.p <= APART)
        })
    }

    fn is_skipped(&self, commit: usize) -> bool {
        self.skipped.iter().any(|(skipped, _)| *skipped == commit)
    }

    /// Commits from one measurable to the next cannot be told apart: the most likely such group.
    fn best_group(&self) -> ((usize, usize), f64) {
        let mut best = ((1, self.posterior.last()), 0.0);
        let (mut first, mut mass) = (1, 0.0);
        for commit in 1..=self.posterior.last() {
            mass += self.posterior.of(commit);
            if !self.is_skipped(commit) {
                if mass > best.1 {
                    best = ((first, commit), mass);
                }
                (first, mass) = (commit + 1, 0.0);
            }
        }
        best
    }

    /// Where one more measurement tells most: where it is as likely as not that the change is
    /// there already. The ends are known.
    fn next(&self) -> Option<usize> {
        let mut before = 0.0;
        let mut best: Option<(f64, usize)> = None;
        for commit in 1..self.posterior.last() {
            before += self.posterior.of(commit);
            let off = (before - 0.5).abs();
            if !self.is_skipped(commit) && best.is_none_or(|(least, _)| off < least) {
                best = Some((off, commit));
            }
        }
        best.map(|(_, commit)| commit)
    }

    fn found(self, end: End, between: (usize, usize)) -> Found {
        let probability = (between.0..=between.1).map(|c| self.posterior.of(c)).sum();
        let likeliest = (1..=self.posterior.last())
            .max_by(|a, b| self.posterior.of(*a).total_cmp(&self.posterior.of(*b)))
            .unwrap_or(1);
        let level = |commit: usize| median(&self.of(commit));
        let ends = level(0).zip(level(self.posterior.last()));
        Found {
            end,
            between,
            probability,
            likeliest,
            levels: ends.unwrap_or_else(|| self.posterior.levels()),
            step: level(between.0 - 1).zip(level(between.1)),
            measured: self.posterior.readings().len(),
            posterior: (0..=self.posterior.last())
                .map(|c| self.posterior.of(c))
                .collect(),
            skipped: self.skipped,
        }
    }
}

#[cfg(test)]
mod tests;
