//! The answer, for people and for programs.

use super::super::short;
use super::SCHEMA;
use super::history::{History, told};
use super::looking::Measured;
use anyhow::{Context, Result};
use plimsoll::git::Git;
use plimsoll::lab::{Aim, End, Found};
use plimsoll::model::{CommitId, Unit};
use plimsoll::report::text;
use std::fmt::Write as _;
use std::time::Duration;

pub(super) struct Telling<'a> {
    pub(super) git: &'a Git,
    pub(super) line: &'a [CommitId],
    pub(super) found: &'a Found,
    pub(super) metric: Option<&'a Measured>,
    pub(super) history: Option<&'a History>,
    /// The series, as the user named it.
    pub(super) asked: &'a str,
    pub(super) aim: &'a Aim,
    pub(super) seconds: Duration,
}

impl Telling<'_> {
    fn name(&self, at: usize) -> Result<String> {
        let id = &self.line[at];
        let commit = self.git.commit(id).context("a commit cannot be read")?;
        let subject = text::plain_up_to(&commit.subject, 60);
        let author = text::plain_up_to(&commit.author, 40);
        Ok(format!("{} \"{subject}\" by {author}", id.short()))
    }

    fn effect(&self) -> Option<f64> {
        effect(self.found.levels)
    }

    fn short(&self, at: usize) -> String {
        self.line[at].short().to_owned()
    }

    /// Where no one commit accounts for the difference.
    fn partly(&self, unit: &Unit, cost: &str) -> Result<String> {
        let (first, last) = self.found.between;
        let mut out = String::new();
        for at in first..=last {
            let _ = writeln!(out, "  {}", self.name(at)?);
        }
        let (before, after) = self.found.step.unwrap_or(self.found.levels);
        let of =
            |levels| effect(levels).map_or_else(String::new, |e| format!(", {}", text::effect(e)));
        let _ = writeln!(
            out,
            "\na part came here: {} at {}, {} at {}{}, {cost}",
            text::value(before, unit),
            self.short(first - 1),
            text::value(after, unit),
            self.short(last),
            of((before, after)),
        );
        let (good, bad) = (0, self.line.len() - 1);
        let mut sides = Vec::new();
        if first - 1 > good {
            sides.push((good, first - 1));
        }
        if last < bad {
            sides.push((last, bad));
        }
        out.push_str(
            "more than one commit took part, and which brought the most is not known. What lies beside it:\n",
        );
        for (from, to) in sides {
            let _ = writeln!(
                out,
                "  plimsoll bisect {} --good {} --bad {}",
                text::plain(self.asked),
                self.short(from),
                self.short(to)
            );
        }
        Ok(out)
    }

    pub(super) fn table(&self) -> Result<String> {
        let found = self.found;
        let mut out = self
            .history
            .map_or_else(String::new, |history| told(history, self.git));
        let unit = self.metric.map_or(Unit::Nanoseconds, |m| m.unit.clone());
        if let Some(metric) = self.metric {
            let _ = writeln!(
                out,
                "{} {}: {} at {}, {} at {}{}\n",
                text::plain(&metric.benchmark),
                text::plain(&metric.metric),
                text::value(found.levels.0, &unit),
                self.line[0].short(),
                text::value(found.levels.1, &unit),
                self.line[self.line.len() - 1].short(),
                self.effect()
                    .map_or_else(String::new, |e| format!(", {}", text::effect(e)))
            );
        }
        if found.end == End::NoDifference {
            let _ = writeln!(
                out,
                "good and bad do not differ, as far as {} measurements show: no commit is to blame; `plimsoll compare {} {}` says how small a change would have been seen",
                found.measured,
                self.line[0].short(),
                self.line[self.line.len() - 1].short()
            );
            return Ok(out);
        }
        if found.end == End::Improved {
            let _ = writeln!(
                out,
                "bad is better than good, as {} measurements show: no commit is to blame",
                found.measured
            );
            return Ok(out);
        }
        let cost = format!("{} measurements in {}", found.measured, short(self.seconds));
        if found.end == End::Partly {
            out.push_str(&self.partly(&unit, &cost)?);
            self.left_out(&mut out);
            return Ok(out);
        }
        if self.line.len() == 2 {
            let _ = writeln!(
                out,
                "brought by {}: there is no commit between it and {}, {cost}",
                self.name(1)?,
                self.short(0)
            );
            return Ok(out);
        }
        let mut order: Vec<usize> = (1..self.line.len()).collect();
        order.sort_by(|a, b| found.posterior[*b].total_cmp(&found.posterior[*a]));
        for at in order
            .iter()
            .take(5)
            .filter(|at| found.posterior[**at] >= 0.01)
        {
            let skipped = found.skipped.iter().any(|(skipped, _)| skipped == at);
            let _ = writeln!(
                out,
                "  {:>3.0} %  {}{}",
                (100.0 * found.posterior[*at]).floor(),
                self.name(*at)?,
                if skipped {
                    " (could not be measured)"
                } else {
                    ""
                }
            );
        }
        out.push('\n');
        let sure = (100.0 * found.probability).floor();
        let (first, last) = found.between;
        match found.end {
            End::Sure => {
                let _ = writeln!(
                    out,
                    "brought by {}, {sure:.0} % sure, {cost}",
                    self.line[first].short()
                );
            }
            End::Indistinct => {
                let _ = writeln!(
                    out,
                    "between {} and {}, {sure:.0} % sure, {cost}: what lies between them cannot be measured",
                    self.line[first - 1].short(),
                    self.line[last].short()
                );
            }
            End::TimeUp | End::NoDifference | End::Improved | End::Partly => {
                let _ = writeln!(
                    out,
                    "between {} and {} ({} commits), {sure:.0} % sure, {cost}; more time finds the one, as in --time 1h",
                    self.line[first - 1].short(),
                    self.line[last].short(),
                    last - first + 1
                );
            }
        }
        self.left_out(&mut out);
        Ok(out)
    }

    fn left_out(&self, out: &mut String) {
        let skipped = &self.found.skipped;
        for (at, reason) in skipped.iter().take(5) {
            let first = reason.lines().next().unwrap_or_default();
            let _ = writeln!(
                out,
                "  left out {}: {}",
                self.short(*at),
                text::plain_up_to(first, 100)
            );
        }
        if skipped.len() > 5 {
            let _ = writeln!(out, "  and {} more", skipped.len() - 5);
        }
    }

    pub(super) fn json(&self) -> Result<String> {
        let found = self.found;
        let (first, last) = found.between;
        // Where no one commit is blamed, its probability would say what is not so.
        let blames = !matches!(found.end, End::NoDifference | End::Improved | End::Partly);
        let commits: Vec<_> = (1..self.line.len())
            .map(|at| {
                serde_json::json!({
                    "commit": self.line[at].as_str(),
                    "probability": blames.then_some(found.posterior[at]),
                    "skipped": found.skipped.iter().find(|(s, _)| *s == at).map(|(_, why)| why),
                })
            })
            .collect();
        let end = match found.end {
            End::Sure => "sure",
            End::Indistinct => "indistinct",
            End::TimeUp => "time-up",
            End::NoDifference => "no-difference",
            End::Improved => "improved",
            End::Partly => "partly",
        };
        Ok(serde_json::to_string_pretty(&serde_json::json!({
            "schema": SCHEMA,
            "series": self.metric.map(|m| serde_json::json!({
                "benchmark": m.benchmark, "metric": m.metric, "unit": m.unit.as_str(),
                "direction": m.direction,
            })),
            "end": end,
            "good": self.line[0].as_str(),
            "bad": self.line[self.line.len() - 1].as_str(),
            "first": self.line[first].as_str(),
            "last": self.line[last].as_str(),
            "likeliest": blames.then(|| self.line[found.likeliest].as_str()),
            "probability": blames.then_some(found.probability),
            "confidence": self.aim.confidence,
            "before": found.levels.0,
            "after": found.levels.1,
            "effect": self.effect(),
            "step": found.step.map(|(before, after)| serde_json::json!({
                "before": before, "after": after, "effect": effect((before, after)),
            })),
            "measured": found.measured,
            "seconds": self.seconds.as_secs_f64(),
            "commits": commits,
        }))?)
    }
}

/// How far the second value lies from the first, as a fraction of it.
fn effect((before, after): (f64, f64)) -> Option<f64> {
    (before.abs() > 0.0).then(|| after / before - 1.0)
}
