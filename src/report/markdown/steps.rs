//! What a reader can do now.

use super::escape::{self, code, prose};
use super::table::{Row, short};
use super::{Extras, ROWS};
use crate::budget::{NewAcceptance, Quantity, Rule};
use crate::model::{Direction, SeriesKey};
use crate::report::document::{Part, Tally};
use jiff::Span;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn next_steps(
    parts: &[Part],
    rows: &[Row<'_>],
    tally: &Tally,
    extras: &Extras,
) -> String {
    let mut steps = Vec::new();
    let first = parts.iter().find_map(|part| part.check.as_ref().ok());
    if let (Some(check), true) = (first, tally.over > 0) {
        let head = short(extras.head.as_deref().unwrap_or(&check.commit));
        match &check.base {
            Some(base) => {
                let bench = extras.bench.as_deref().map(str::trim).unwrap_or_default();
                let bench = if bench.is_empty() || bench.lines().count() > 1 || bench.len() > 120 {
                    "YOUR-BENCHMARK"
                } else {
                    bench
                };
                let line = match rows.first().filter(|row| row.is_of_sweep()) {
                    Some(row) => {
                        let name = format!("{}/{}", row.limit.feature, row.limit.limit);
                        format!("plimsoll capacity {}", quoted(&name))
                    }
                    None => format!("plimsoll compare {} {head} -- {bench}", short(&base.commit)),
                };
                steps.push(format!("Reproduce: {}", code(&line)));
                if !entries(rows, extras).is_empty() {
                    steps.push("Accept on purpose: the entry below, in this change".to_owned());
                }
            }
            None => {
                if let Some(row) = rows.first() {
                    let name = format!("{}/{}", row.limit.feature, row.limit.limit);
                    let line = format!("plimsoll log {}", quoted(&name));
                    steps.push(format!("Who spent it: {}", code(&line)));
                }
                // Accepted is the commit that brought it, where it is known.
                let brought = rows
                    .first()
                    .and_then(|row| row.limit.introduced_by.as_deref());
                if rows.iter().any(has_level) {
                    steps.push(format!(
                        "Accept on purpose: `plimsoll accept {} --reason \"…\"`",
                        brought.map_or(head, short)
                    ));
                }
            }
        }
    }
    let mut link = |words: &str, address: &Option<String>| {
        if let Some(url) = address.as_deref().and_then(escape::url) {
            steps.push(format!("[{words}]({url})"));
        }
    };
    link("full report", &extras.report_url);
    link("log of this run", &extras.run_url);
    if steps.is_empty() {
        return String::new();
    }
    format!("\n{}\n", steps.join(" · "))
}

/// Whether a row is over a rule about a level, which can be accepted.
fn has_level(row: &Row<'_>) -> bool {
    let rule = row.limit.rule.as_deref();
    let known = Rule::ALL.into_iter().find(|own| Some(own.as_str()) == rule);
    row.limit.verdict == "over" && known.is_some_and(Rule::has_level)
}

/// How long an acceptance that is copied from a comment holds, in days.
const HOLDS: i32 = 60;
/// Entries beyond so many bytes are nobody's to copy.
const LONGEST: usize = 4000;

/// What accepts the change on purpose: entries for the budget files, ready to be copied. A pull
/// request's results are in nobody's database, so `plimsoll accept` cannot write them there.
pub(super) fn acceptances(rows: &[Row<'_>], extras: &Extras) -> String {
    let entries = entries(rows, extras);
    if entries.is_empty() {
        return String::new();
    }
    let mut out = String::from("\n<details><summary>Accept on purpose</summary>\n\n");
    for (feature, entry) in entries.iter().take(ROWS) {
        out.push_str(&format!(
            "Into the budget file of {}, with a reason that the next reader understands:\n\n{}\n",
            code(feature),
            escape::block("toml", entry)
        ));
    }
    out.push_str("</details>\n");
    out
}

/// Feature and entry of each change that can be accepted, worst first.
fn entries(rows: &[Row<'_>], extras: &Extras) -> Vec<(String, String)> {
    let Some(today) = extras.today else {
        return Vec::new();
    };
    let Ok(expires) = today.checked_add(Span::new().days(HOLDS)) else {
        return Vec::new();
    };
    let mut over: BTreeMap<String, Change<'_>> = BTreeMap::new();
    let mut order = Vec::new();
    for row in rows.iter().filter(|row| row.limit.verdict == "over") {
        let Some(change) = Change::of(row) else {
            continue;
        };
        let key = format!(
            "{}\n{}\n{}",
            row.limit.feature, row.limit.limit, change.series
        );
        match over.get_mut(&key) {
            Some(known) => known.join(&change),
            None => {
                order.push(key.clone());
                over.insert(key, change);
            }
        }
    }
    let entry = |key: &String| {
        let change = over.get(key)?;
        let limit = change.row.limit;
        let commit = extras.head.as_deref().unwrap_or(&change.row.check.commit);
        let new = NewAcceptance {
            limit: limit.limit.clone(),
            rule: change.rule,
            series: Some(change.series.clone()),
            commit: short(commit).to_owned(),
            level_before: Quantity::write(change.before, &limit.unit)?,
            ceiling: change.ceiling()?,
            reason: "why this is worth it".to_owned(),
            issue: None,
            by: if limit.owner.is_empty() {
                "@who".to_owned()
            } else {
                limit.owner.clone()
            },
            created: today,
            expires,
        };
        // A mark that could open a comment is written as TOML lets it be written.
        let entry = new.entry(&new.id(&[])).replace('<', "\\u003C");
        (entry.len() <= LONGEST).then(|| (limit.feature.clone(), entry))
    };
    order.iter().filter_map(entry).collect()
}

/// A change for the worse of one series, as an acceptance describes it.
struct Change<'a> {
    row: &'a Row<'a>,
    series: String,
    /// The only rule that is over; `None` for several.
    rule: Option<Rule>,
    before: f64,
    /// The worst level that the evidence allows.
    worst: f64,
}

impl<'a> Change<'a> {
    /// `None` where the row tells of no level before.
    fn of(row: &'a Row<'a>) -> Option<Self> {
        let limit = row.limit;
        row.check.base.as_ref()?;
        let rule = [Rule::Max, Rule::Regress]
            .into_iter()
            .find(|rule| Some(rule.as_str()) == limit.rule.as_deref())?;
        let series = limit.series.as_ref()?;
        let now = limit.level.or(limit.value)?;
        let before = now / (1.0 + limit.effect?);
        let worst = match limit.direction {
            Direction::Lower => before * (1.0 + limit.effect_high.or(limit.effect)?),
            Direction::Higher => before * (1.0 + limit.effect_low.or(limit.effect)?),
        };
        let key = SeriesKey {
            benchmark: series.benchmark.clone(),
            metric: series.metric.clone(),
            tags: series.tags.clone(),
            env: series.env.clone(),
        };
        (before.is_finite() && worst.is_finite() && before > 0.0).then(|| Self {
            row,
            series: key.to_string(),
            rule: Some(rule),
            before,
            worst,
        })
    }

    fn join(&mut self, other: &Self) {
        self.rule = self.rule.filter(|rule| Some(*rule) == other.rule);
        let sign = self.row.limit.direction.worsening_sign();
        if sign * other.worst > sign * self.worst {
            self.worst = other.worst;
        }
    }

    /// The share by which the worst level lies beyond the one before, rounded up to whole percents.
    fn ceiling(&self) -> Option<String> {
        let sign = self.row.limit.direction.worsening_sign();
        let percent = (sign * (self.worst / self.before - 1.0) * 100.0).ceil() + 1.0;
        let mark = if sign > 0.0 { '+' } else { '-' };
        (percent > 0.0 && percent < 1e6).then(|| format!("{mark}{percent}%"))
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Tighter limits with their patch, folded.
pub(super) fn ratchet(parts: &[Part]) -> String {
    let checks = || parts.iter().filter_map(|part| part.check.as_ref().ok());
    let mut out = String::new();
    let mut told = BTreeSet::new();
    for proposed in checks().map(|check| &check.ratchet) {
        if proposed.proposals.is_empty() || !told.insert(&proposed.patch) {
            continue;
        }
        let n = proposed.proposals.len();
        out.push_str(&format!(
            "\n<details><summary>{n} limit{} can be tighter</summary>\n\n",
            if n == 1 { "" } else { "s" }
        ));
        for proposal in proposed.proposals.iter().take(ROWS) {
            out.push_str(&format!("- {}\n", prose(&proposal.why)));
        }
        out.push_str(&format!(
            "\n{}\nTake them over: `plimsoll check --ratchet | git apply`\n\n</details>\n",
            escape::block("diff", &proposed.patch)
        ));
    }
    out
}
