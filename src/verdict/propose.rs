//! A budget to begin with: present levels and a headroom that noise does not use up.

use crate::budget::Quantity;
use crate::model::{Direction, SeriesKey, Unit};
use std::fmt::Write;

/// What is known of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The series.
    pub key: SeriesKey,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub direction: Direction,
    /// The present level.
    pub level: f64,
    /// The newest commit's value.
    pub newest: f64,
    /// Standard deviation from commit to commit, as a fraction of the level.
    pub noise: f64,
    /// Points of the present level.
    pub points: usize,
    /// Points that `noise` is known from.
    pub known: usize,
    /// A counter that never varied.
    pub exact: bool,
}

/// Headroom of a level at the least.
const HEADROOM: f64 = 0.10;
/// Limit of one change at the least.
const CHANGE: f64 = 0.05;
/// So many standard errors lie between an unchanged commit and its limit: then nine of ten are
/// proven within.
const ERRORS: f64 = 4.0;

/// The text of a budget file for these series, one limit each, every line explained.
#[must_use]
pub fn propose(feature: &str, owner: &str, measured: &[Measured]) -> String {
    let text = |text: &str| {
        serde_json::Value::from(text)
            .to_string()
            .replace('\u{7f}', "\\u007F")
    };
    let mut out = format!(
        "# Proposed by `plimsoll init` from what was measured. Every number is a suggestion: change it.\n\
         schema = 1\n[feature]\nname  = {}\nowner = {}   # who answers for it\n",
        text(feature),
        text(owner)
    );
    let mut ids: Vec<String> = Vec::new();
    for one in measured {
        let id = id_of(one, &ids);
        let _ = writeln!(out, "\n[[limit]]\nid      = {}", text(&id));
        ids.push(id);
        let mut select = vec![format!(
            "benchmark = {}",
            text(&literal(&one.key.benchmark))
        )];
        select.push(format!("metric = {}", text(&literal(&one.key.metric))));
        if !one.key.tags.is_empty() {
            let tags = one.key.tags.iter();
            let tags: Vec<String> = tags
                .map(|(name, value)| format!("{} = {}", text(name), text(&literal(value))))
                .collect();
            select.push(format!("tags = {{ {} }}", tags.join(", ")));
        }
        select.push(format!("env = {}", text(&literal(&one.key.env))));
        let _ = writeln!(out, "select  = {{ {} }}", select.join(", "));
        rules(&mut out, one);
    }
    out
}

fn rules(out: &mut String, one: &Measured) {
    let sign = one.direction.worsening_sign();
    let mark = if sign > 0.0 { '+' } else { '-' };
    let worst = if sign * one.newest > sign * one.level {
        one.newest
    } else {
        one.level
    };
    let level = Quantity::write(one.level, &one.unit).unwrap_or_default();
    if one.exact {
        let _ = writeln!(
            out,
            "deterministic = true   # it never varied in {} points: one run decides",
            one.known
        );
        // All digits: rounded, the present value itself could be beyond it.
        let max = match one.unit {
            Unit::Bytes if worst.fract() == 0.0 => Some(format!("{worst:.0} B")),
            _ => Quantity::write(worst, &one.unit),
        };
        if let Some(max) = max {
            let _ = writeln!(out, "max     = \"{max}\"   # the present level");
        }
        return;
    }
    let error = one.noise * (1.0 + 1.0 / one.points.max(1) as f64).sqrt();
    let room = (ERRORS * error).max(HEADROOM);
    let limit = worst * (1.0 + sign * room.min(0.9));
    let max = rounded(limit, sign, &one.unit).filter(|_| one.level > 0.0);
    let change = (100.0 * (ERRORS * error).clamp(CHANGE, 0.9)).ceil();
    let worse = 100.0 * sign * (one.newest - one.level) / one.level.abs();
    // A budget that begins broken teaches nobody; a limit that allows this would hide the next.
    let unsettled = worse > change && max.is_some();
    if let Some(max) = max {
        let from = if unsettled {
            let newest = Quantity::write(one.newest, &one.unit).unwrap_or_default();
            format!("newest value {newest} (the level before: {level})")
        } else {
            format!("present level {level}")
        };
        let _ = writeln!(
            out,
            "max     = \"{max}\"   # {from} and {:.0} % of headroom, rounded",
            100.0 * room.min(0.9)
        );
    }
    if unsettled {
        let _ = writeln!(
            out,
            "# The newest commit is {worse:.0} % worse than the level before. When that is settled:\n\
             # regress = {{ limit = \"{mark}{change}%\" }}"
        );
    } else if one.known < 5 {
        let _ = writeln!(
            out,
            "regress = {{ limit = \"{mark}{change}%\" }}   # of one change"
        );
    } else {
        let _ = writeln!(
            out,
            "regress = {{ limit = \"{mark}{change}%\" }}   # of one change; {} points scatter by {:.1} %",
            one.known,
            100.0 * one.noise
        );
    }
    if one.known < 5 {
        out.push_str("# few points yet, their noise is not known: changes are judged from the fifth, look at these numbers again then\n");
    }
}

/// Two digits, away from the present level, written and read back.
fn rounded(limit: f64, sign: f64, unit: &Unit) -> Option<String> {
    let step = 10f64.powf(limit.abs().max(f64::MIN_POSITIVE).log10().floor() - 1.0);
    let steps = limit / step;
    let up = if sign > 0.0 {
        steps.ceil()
    } else {
        steps.floor()
    };
    Quantity::write(up * step, unit)
}

fn id_of(one: &Measured, taken: &[String]) -> String {
    let mut id = one.key.benchmark.clone();
    for value in one.key.tags.values() {
        id.push('-');
        id.push_str(value);
    }
    let safe: String = id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let parts: Vec<&str> = safe.split('-').filter(|part| !part.is_empty()).collect();
    let id = if parts.is_empty() {
        "limit".to_owned()
    } else {
        parts.join("-")
    };
    let mut own = id.clone();
    let mut n = 2;
    while taken.contains(&own) {
        own = format!("{id}-{n}");
        n += 1;
    }
    own
}

/// A pattern that means only this name.
fn literal(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]
mod tests {
    use super::*;
    use std::path::Path;

    fn measured(unit: Unit, direction: Direction, level: f64, exact: bool) -> Measured {
        Measured {
            key: SeriesKey {
                benchmark: "a \"b\"\n[c]".to_owned(),
                metric: "m".to_owned(),
                tags: [("k 1".to_owned(), "v*".to_owned())].into_iter().collect(),
                env: "ci".to_owned(),
            },
            unit,
            direction,
            level,
            newest: level,
            noise: 0.01,
            points: 12,
            known: 12,
            exact,
        }
    }

    fn limit(one: Measured) -> crate::budget::Limit {
        let text = propose("f", "@o", &[one.clone(), one]);
        let today = jiff::civil::date(2026, 11, 21);
        let (budget, findings) = crate::budget::parse(Path::new("f.toml"), &text, today);
        assert!(findings.is_empty(), "{text}{findings:?}");
        budget.unwrap().limits.remove(0)
    }

    #[test]
    fn a_counter_keeps_all_its_digits() {
        let one = measured(Unit::Bytes, Direction::Lower, 1_234_467.0, true);
        let max = limit(one).max.unwrap().value;
        assert!((max - 1_234_467.0).abs() < 1e-9, "{max}");
        limit(measured(Unit::Count, Direction::Lower, 0.0, true));
    }

    #[test]
    fn a_rate_has_its_limit_below() {
        let one = measured(Unit::PerSecond, Direction::Higher, 1000.0, false);
        let max = limit(one).max.unwrap().value;
        assert!((max - 900.0).abs() < 1e-9, "{max}");
    }

    #[test]
    fn a_newest_commit_that_is_worse_is_within_max_and_has_no_limit_of_change_yet() {
        let mut one = measured(Unit::Nanoseconds, Direction::Lower, 100.0, false);
        one.newest = 130.0;
        let limit = limit(one);
        assert!(limit.max.unwrap().value >= 130.0);
        assert!(limit.regress.is_none());
    }
}
