//! `plimsoll accept`: a change that was made on purpose, written down for review.

use super::answer;
use super::args::Accept as Args;
use super::judged::Judged;
use super::load;
use super::world::World;
use anyhow::{Context, Result, bail};
use jiff::civil::Date;
use jiff::{Span, Unit};
use plimsoll::budget::{Budget, Headlines, NewAcceptance, Quantity, Rule, parse_percent};
use plimsoll::model::CommitId;
use plimsoll::report::text;
use plimsoll::verdict::{Exit, Outcome, Over, Verdict, judge, over_because_of, unacceptable};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The longest time that an acceptance may hold.
const LONGEST_DAYS: i32 = 180;
/// How many times what was measured a ceiling may be (or a doubling, where that is more).
const MOST_TIMES: f64 = 5.0;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let reason = args.reason.trim();
    if reason.is_empty() {
        bail!("an acceptance needs a reason: say why with --reason, the next reader has only this");
    }
    let git = world.repository()?;
    let commit = git.resolve(&args.change)?;
    let by = match args
        .by
        .as_deref()
        .map(str::trim)
        .filter(|by| !by.is_empty())
    {
        Some(by) => by.to_owned(),
        None => git
            .user()
            .context("git does not know who you are: say it with --by @name")?,
    };
    let today = load::today(world);
    let expires = end(&args.until, today)?;
    let ceiling = args
        .ceiling
        .as_deref()
        .map(|text| parse_percent(text).map_err(anyhow::Error::msg))
        .transpose()?
        .map(f64::abs);
    let judged = Judged::open(world, args.budgets.as_ref())?;
    let over = over(&judged, &commit, args)?;
    let mut files: BTreeMap<PathBuf, (String, Vec<String>)> = BTreeMap::new();
    for one in &over {
        let budget = judged
            .budgets
            .iter()
            .find(|budget| budget.feature == one.feature)
            .context("a limit without a budget")?;
        let new = NewAcceptance {
            limit: one.limit.clone(),
            rule: match distinct(&one.rules).as_slice() {
                [rule] => Some(*rule),
                _ => None,
            },
            series: selects_several(&judged, budget, &one.limit).then(|| one.series.to_string()),
            commit: commit.short().to_owned(),
            level_before: Quantity::write(one.levels.0, &one.unit)
                .context("the level before is no number")?,
            ceiling: allowed(one, ceiling)?,
            reason: reason.to_owned(),
            issue: args.issue.clone(),
            by: by.clone(),
            created: today,
            expires,
        };
        let path = world.root().join(&budget.file);
        if !files.contains_key(&path) {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", budget.file.display()))?;
            files.insert(path.clone(), (text, Vec::new()));
        }
        let Some((text, entries)) = files.get_mut(&path) else {
            continue;
        };
        let mut taken: Vec<&str> = judged
            .budgets
            .iter()
            .flat_map(|budget| budget.accepted.iter().map(|a| a.id.as_str()))
            .collect();
        taken.extend(entries.iter().filter_map(|entry| entry.split('"').nth(1)));
        let id = new.id(&taken);
        *text = new.add_to(&budget.file, text, &id, today)?;
        entries.push(new.entry(&id));
    }
    // Everything is known to fit before the first file is touched.
    for (path, (text, _)) in &files {
        write_whole(path, text)?;
    }
    answer(&told(world, &files))?;
    Ok(Exit::Within)
}

/// What is over because of the commit, judged at the commit itself, else at HEAD.
fn over(judged: &Judged<'_>, commit: &CommitId, args: &Args) -> Result<Vec<Over>> {
    let head = judged.git.head()?;
    let measured = judged.measured();
    let mut looked = Vec::new();
    let mut at = vec![commit];
    at.extend((head != *commit).then_some(&head));
    for place in at.into_iter().filter(|place| measured.contains(place)) {
        let look = |check: &plimsoll::verdict::Check<'_>| judge(check);
        let outcome = judged.at(
            place,
            args.base.as_deref(),
            args.env.as_deref(),
            |_| false,
            look,
        )?;
        let mut over = over_because_of(&outcome, commit);
        if !args.limit.is_empty() {
            over.retain(|one| args.limit.iter().any(|name| is_named(one, name)));
        }
        if !over.is_empty() {
            return Ok(over);
        }
        looked.push((place.clone(), outcome));
    }
    if looked.is_empty() {
        bail!(
            "neither {} nor HEAD has results: record some with `plimsoll record`",
            commit.short()
        );
    }
    for (_, outcome) in &looked {
        if let Some(over) = unacceptable(outcome, commit).first() {
            let rule = over.rule.map_or("", Rule::as_str);
            bail!(
                "{} of {}/{} is over because of {}, and cannot be accepted: it has no level that a ceiling could be counted from; change `{rule}` in its budget file instead, for review",
                rule,
                text::plain(&over.feature),
                text::plain(&over.limit),
                commit.short()
            );
        }
    }
    let only = if args.limit.is_empty() {
        String::new()
    } else {
        format!(" in {}", args.limit.join(", "))
    };
    for (_, outcome) in &looked {
        let taken = outcome
            .limits
            .iter()
            .find(|v| v.judgement.verdict == Verdict::Accepted && v.suspects.contains(commit));
        if let Some(by) = taken.and_then(|v| v.accepted.as_ref()) {
            bail!(
                "{} is accepted already: {} by {} until {}",
                commit.short(),
                by.id,
                text::plain(&by.by),
                by.expires
            );
        }
    }
    bail!(
        "nothing is over because of {}{only}: {}",
        commit.short(),
        looked
            .iter()
            .map(|(place, outcome)| described(place, outcome))
            .collect::<Vec<_>>()
            .join("; ")
    );
}

fn distinct(rules: &[Rule]) -> Vec<Rule> {
    let mut rules = rules.to_vec();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// What a check found instead.
fn described(place: &CommitId, outcome: &Outcome) -> String {
    let over: Vec<String> = outcome
        .limits
        .iter()
        .filter(|v| v.judgement.verdict == Verdict::Over)
        .map(|v| {
            let since = v.introduced_by.as_ref();
            let since =
                since.map_or_else(|| "no single commit".to_owned(), |id| id.short().to_owned());
            format!(
                "{}/{} (brought by {since})",
                text::plain(&v.feature),
                text::plain(&v.limit)
            )
        })
        .collect();
    if over.is_empty() {
        format!("at {} no limit is over", place.short())
    } else {
        format!("at {} over are {}", place.short(), over.join(", "))
    }
}

fn is_named(over: &Over, name: &str) -> bool {
    name == over.limit || name == format!("{}/{}", over.feature, over.limit)
}

fn selects_several(judged: &Judged<'_>, budget: &Budget, limit: &str) -> bool {
    let rows = || judged.loaded.series.iter().map(|row| &row.key);
    let headlines = Headlines::new(rows());
    let own = budget.limits.iter().find(|own| own.id == limit);
    own.is_some_and(|own| {
        rows()
            .filter(|key| own.select.matches(key, &headlines))
            .count()
            > 1
    })
}

/// The ceiling as it is written: present effect and its uncertainty, rounded up; or as asked, where
/// that covers the present level.
fn allowed(over: &Over, asked: Option<f64>) -> Result<String> {
    let sign = over.direction.worsening_sign();
    let (before, now) = over.levels;
    // The file holds the level rounded; the ceiling counts from there.
    let before = Quantity::write(before, &over.unit)
        .and_then(|text| Quantity::parse(&text).ok())
        .map_or(before, |written| written.value);
    let effect = |level: f64| sign * (level / before - 1.0);
    let present = effect(now);
    if !present.is_finite() {
        bail!(
            "the level before the change of {}/{} is 0, so no ceiling in per cent can be written: raise the limit itself instead, for review",
            over.feature,
            over.limit
        );
    }
    let written = |fraction: f64| {
        let percent = fraction * 100.0;
        let step = if percent < 2.0 { 10.0 } else { 1.0 };
        let up = (percent * step - 1e-9).ceil() / step;
        format!("{}{up}%", if sign > 0.0 { '+' } else { '-' })
    };
    let proposed = effect(over.worst).max(present).max(0.001);
    let most = (proposed * MOST_TIMES).max(1.0);
    match asked {
        None => Ok(written(proposed)),
        Some(asked) if asked > most => bail!(
            "{}/{} is {} from its level before: a ceiling of {} would accept whatever comes next, not this change; write at most --ceiling {}, or change the limit itself, for review",
            over.feature,
            over.limit,
            text::effect(sign * present),
            text::effect(sign * asked),
            written(most)
        ),
        Some(asked) if asked >= present => Ok(format!(
            "{}{}%",
            if sign > 0.0 { '+' } else { '-' },
            (asked * 1e6).round() / 1e4
        )),
        Some(_) => bail!(
            "{}/{} is {} from its level before: a ceiling below that would leave it over; write at least --ceiling {}",
            over.feature,
            over.limit,
            text::effect(sign * present),
            written(present)
        ),
    }
}

/// `2027-01-31` or `60d`.
fn end(until: &str, today: Date) -> Result<Date> {
    let wrong = || {
        format!(
            "--until `{until}` is neither a date such as 2027-01-31 nor a number of days such as 60d"
        )
    };
    let date = match until.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) if (0..=36_500).contains(&days) => {
            today.checked_add(Span::new().days(days))?
        }
        _ => until.parse::<Date>().with_context(wrong)?,
    };
    let days = today.until((Unit::Day, date))?.get_days();
    if days < 0 {
        bail!("--until {date} has passed already");
    }
    if days > LONGEST_DAYS {
        bail!(
            "--until {date} is {days} days ahead: an acceptance ends within {LONGEST_DAYS} days; renew it then, or change the limit"
        );
    }
    Ok(date)
}

/// Replaces a file in one step: whoever reads it meanwhile sees the old or the new one.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&aside)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = std::fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        std::fs::rename(&aside, path)
    };
    write().map_err(|e| {
        let _ = std::fs::remove_file(&aside);
        anyhow::Error::new(e).context(format!(
            "{} cannot be written; nothing was changed in it",
            path.display()
        ))
    })
}

fn told(world: &World, files: &BTreeMap<PathBuf, (String, Vec<String>)>) -> String {
    let mut out = String::new();
    let mut shown = Vec::new();
    for (path, (_, entries)) in files {
        let file = world.shown(path).display().to_string();
        out.push_str(&format!("written into {file}\n\n"));
        for entry in entries {
            for line in entry.lines() {
                out.push_str(&format!("  {}\n", text::plain(line)));
            }
            out.push('\n');
        }
        shown.push(file);
    }
    out.push_str(&format!(
        "Commit it with the change, so that it is reviewed: git add {} && git commit\n",
        shown.join(" ")
    ));
    out
}
