//! Rows: one rule of one limit on one series, told on one line.

use super::escape::{code, prose};
use crate::model::Unit;
use crate::report::document::{CheckDocument, LimitDocument};
use crate::report::tell;
use crate::report::text::{self, Scale};

/// One line of a table, with what it needs to know of its check.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) check: &'a CheckDocument,
    pub(super) limit: &'a LimitDocument,
    /// Several environments stand in one table: each row says its own.
    pub(super) show_env: bool,
}

/// Worst first: what decides the check, what wants a look, what is good news, the rest.
pub(super) fn severity(limit: &LimitDocument) -> u8 {
    match limit.verdict.as_str() {
        "over" if limit.kind != "cause" => 0,
        "missing" => 1,
        "over" => 2,
        "unproven" if limit.reason.as_deref() == Some("suspect") => 3,
        "unproven" if !limit.is_learning() => 4,
        "within" if limit.reason.is_some() => 5,
        "within" if limit.is_better() => 6,
        "inherited" => 7,
        "accepted" => 8,
        "unproven" => 9,
        _ => 10,
    }
}

impl Row<'_> {
    /// `feature · benchmark metric {tags}`, foreign.
    pub(super) fn name(&self) -> String {
        let feature = text::plain_up_to(&self.limit.feature, 60);
        let Some(series) = &self.limit.series else {
            return format!("{feature} · {}", text::plain_up_to(&self.limit.limit, 60));
        };
        let tags: Vec<_> = series
            .tags
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let tags = if tags.is_empty() {
            String::new()
        } else {
            format!(" {{{}}}", text::plain_up_to(&tags.join(","), 60))
        };
        let env = if self.show_env && !series.env.is_empty() {
            format!(" @{}", text::plain_up_to(&series.env, 40))
        } else {
            String::new()
        };
        let metric = text::plain_up_to(&series.metric, 60);
        // A feature and its only benchmark often have one name.
        if series.benchmark == self.limit.feature {
            return format!("{feature} · {metric}{tags}{env}");
        }
        format!(
            "{feature} · {} {metric}{tags}{env}",
            text::plain_up_to(&series.benchmark, 100)
        )
    }

    /// Symbol and words: never a bare symbol.
    pub(super) fn verdict(&self) -> String {
        let limit = self.limit;
        match limit.verdict.as_str() {
            "over" if limit.kind == "cause" && self.is_milestone() => {
                "⚠️ over, warns only".to_owned()
            }
            "over" if limit.kind == "cause" => "🔎 over, explains only".to_owned(),
            "over" => format!("❌ **over**, {}", self.whose()),
            "missing" => format!(
                "⚠️ **missing**, {}",
                match limit.reason.as_deref() {
                    Some("benchmark-failed") => "benchmark failed",
                    Some("matches-nothing") => "nothing matches",
                    Some("misfit") => "limit does not fit",
                    _ => "not measured",
                }
            ),
            "inherited" => "↩️ inherited, not this change".to_owned(),
            "accepted" => "☑️ accepted".to_owned(),
            "within" if limit.reason.is_some() => "🔶 within, warning".to_owned(),
            "within" if limit.is_better() => "🎉 better".to_owned(),
            "within" => "✅ within".to_owned(),
            "unproven" => format!(
                "{} {}",
                if limit.reason.as_deref() == Some("suspect") {
                    "❔"
                } else {
                    "➖"
                },
                match limit.reason.as_deref() {
                    Some("suspect") => "suspect",
                    Some("learning") => "learning",
                    _ => "unproven",
                }
            ),
            other => prose(other),
        }
    }

    /// Which rule, in words, where it has a name.
    pub(super) fn rule(&self) -> &'static str {
        match self.limit.rule.as_deref() {
            Some("max") => " (absolute limit)",
            Some("regress") => " (limit of one change)",
            Some("drift") => " (drift)",
            Some("creep") => " (creep)",
            _ => "",
        }
    }

    fn whose(&self) -> String {
        if self.check.base.is_some() {
            return "this change".to_owned();
        }
        match &self.limit.introduced_by {
            Some(commit) => format!("since {}", code(short(commit))),
            None => "no single commit".to_owned(),
        }
    }

    fn scale(&self) -> Scale {
        let reference = self.limit.limit_value.or(self.limit.value).unwrap_or(0.0);
        Scale::fitting(&self.limit.unit, reference)
    }

    fn now(&self) -> String {
        let max = self.limit.rule.as_deref() == Some("max");
        let value = tell::present(max, self.limit.level, self.limit.value);
        value.map_or_else(
            || "–".to_owned(),
            |v| foreign_unit(&self.scale().value(v), &self.limit.unit),
        )
    }

    fn change(&self) -> String {
        let limit = self.limit;
        match (limit.effect, limit.effect_low, limit.effect_high) {
            (Some(effect), Some(low), Some(high)) => {
                together(&text::effect_interval(effect, low, high)).replace("\u{a0}(", " (")
            }
            (Some(effect), ..) => text::effect(effect),
            _ => String::new(),
        }
    }

    fn used(&self) -> String {
        let Some(used) = self.limit.used.filter(|used| used.is_finite()) else {
            return String::new();
        };
        let of = match (self.limit.allowed, self.limit.limit_value) {
            (Some(allowed), _) => format!("the allowed {}", text::effect(allowed)),
            (None, Some(limit)) => foreign_unit(&self.scale().value(limit), &self.limit.unit),
            (None, None) => "its limit".to_owned(),
        };
        format!(
            "`{}` {} of {of}",
            text::bar(used, 10),
            text::percent_of(used)
        )
    }

    fn spark(&self) -> String {
        let values: Vec<f64> = self
            .limit
            .trend
            .iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect();
        let cells = text::sparkline(&values, 30);
        if cells.is_empty() {
            cells
        } else {
            format!("`{cells}`")
        }
    }

    fn owner(&self) -> String {
        if self.limit.owner.is_empty() {
            String::new()
        } else {
            code(&self.limit.owner)
        }
    }

    /// All columns; `drawn`: with the newest values.
    pub(super) fn full(&self, drawn: bool) -> String {
        let change = self.change();
        let change = match change.split_once(" (") {
            Some((effect, interval)) => format!("**{effect}** ({interval}"),
            None => change,
        };
        format!(
            "| {} | {} | {} | {change} | {} | {}{} |\n",
            self.verdict(),
            code(&self.name()),
            self.now(),
            self.used(),
            if drawn {
                format!("{} | ", self.spark())
            } else {
                String::new()
            },
            self.owner()
        )
    }

    fn is_milestone(&self) -> bool {
        self.limit.rule.as_deref() == Some("milestone")
    }

    /// Whether it is about a sweep of load steps.
    pub(super) fn is_of_sweep(&self) -> bool {
        const RULES: [&str; 4] = ["capacity", "contention", "coherency", "milestone"];
        let rule = self.limit.rule.as_deref().unwrap_or_default();
        RULES.contains(&rule)
    }

    /// On how much the verdict rests.
    pub(super) fn basis(&self) -> String {
        let limit = self.limit;
        if self.is_of_sweep() {
            let s = if limit.runs == 1 { "" } else { "s" };
            return format!("{} load step{s}", limit.runs);
        }
        if self.check.mode == "paired" {
            return match limit.rule.as_deref() {
                Some("drift" | "creep") => {
                    format!("pairs, and the history of {} commits", limit.points)
                }
                _ => format!("{} pairs", limit.runs),
            };
        }
        format!("{} runs on {} base points", limit.runs, limit.points)
    }

    /// What fits where thousands stand in one comment.
    pub(super) fn short(&self) -> String {
        let name = text::plain_up_to(&self.name(), 60);
        format!(
            "| {} | {} | {} | {} |\n",
            self.verdict(),
            code(&name),
            self.now(),
            self.change()
        )
    }

    /// A row of the folded table: with the evidence.
    pub(super) fn evidence(&self) -> String {
        let limit = self.limit;
        let seen = limit
            .smallest_effect
            .filter(|e| e.is_finite() && *e > 0.0)
            .map_or_else(String::new, text::effect);
        format!(
            "| {} | {} | {} | {} | {} | {seen} | {} |\n",
            self.verdict(),
            code(&self.name()),
            self.now(),
            self.change(),
            self.used(),
            self.basis(),
        )
    }
}

/// Head of the table of full rows; `drawn`: with the newest values.
pub(super) fn full_head(drawn: bool) -> String {
    let (word, line) = if drawn {
        ("last 30 | ", "---|")
    } else {
        ("", "")
    };
    format!(
        "| verdict | feature · metric | now | change (95 % CI) | budget used | {word}owner |\n|---|---|---:|---|---|---|{line}\n"
    )
}

pub(super) const SHORT: &str =
    "| verdict | feature · metric | now | change (95 % CI) |\n|---|---|---:|---|\n";
pub(super) const EVIDENCE: &str = "| verdict | feature · metric | now | change (95 % CI) | budget used | seen from | rests on |\n|---|---|---:|---|---|---|---|\n";

/// The first seven digits, where it is a commit at all.
pub(super) fn short(commit: &str) -> &str {
    let hex = commit.bytes().all(|b| b.is_ascii_hexdigit());
    if hex && !commit.is_empty() {
        commit.get(..7).unwrap_or(commit)
    } else {
        "unknown"
    }
}

/// What a table must not break into lines.
fn together(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// A number with its unit: the unit may be the tool's own text.
fn foreign_unit(value: &str, unit: &Unit) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '%');
    match unit {
        Unit::Other(text) if !text.chars().all(plain) => code(value),
        _ => together(value),
    }
}
