//! What a change takes from its own budgets: nobody should have to find that out by reading a diff.

use super::{Budget, Consequence, Kind, Limit, Quantity};
use crate::model::Direction;

/// How a sentence of [`loosened`] begins.
const BEGINNINGS: [&str; 3] = ["budget changed: ", "budget removed: ", "newly accepted: "];

/// Whether a note is a sentence of [`loosened`].
#[must_use]
pub fn says_loosened(note: &str) -> bool {
    BEGINNINGS.iter().any(|start| note.starts_with(start))
}

/// What is looser in `after` than in `before`, a sentence each, in the order of the budgets: removed
/// budgets, limits and rules, raised limits, failures that became warnings, narrower selections, and
/// new acceptances. What is tighter or new is not named.
#[must_use]
pub fn loosened(before: &[Budget], after: &[Budget]) -> Vec<String> {
    let mut found = Vec::new();
    for old in before {
        let Some(new) = after.iter().find(|new| new.feature == old.feature) else {
            found.push(format!("budget removed: {}", old.feature));
            continue;
        };
        let said = |(name, change): (String, String)| {
            format!("budget changed: {}{name}: {change}", old.feature)
        };
        found.extend(of_feature(old, new).into_iter().map(said));
    }
    for new in after {
        let old = before.iter().find(|old| old.feature == new.feature);
        let known = |id: &str| old.is_some_and(|old| old.accepted.iter().any(|a| a.id == id));
        for one in new.accepted.iter().filter(|one| !known(&one.id)) {
            found.push(format!(
                "newly accepted: {}/{} up to {} from {}, until {}",
                new.feature,
                one.limit,
                percent(one.ceiling, false),
                one.level_before.text,
                one.expires
            ));
        }
    }
    found
}

fn of_feature(old: &Budget, new: &Budget) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if !new.paths.is_empty() && paths(old) != paths(new) {
        found.push((String::new(), "`paths` are others".to_owned()));
    }
    for old in &old.limits {
        let name = format!("/{}", old.id);
        match new.limits.iter().find(|new| new.id == old.id) {
            None => found.push((name, "the limit is removed".to_owned())),
            Some(new) => {
                let changes = of_limit(old, new).into_iter();
                found.extend(changes.map(|change| (name.clone(), change)));
            }
        }
    }
    for gone in &old.milestones {
        if !new.milestones.iter().any(|kept| kept.name == gone.name) {
            let name = format!("/{}", gone.limit);
            found.push((name, format!("the milestone {} is removed", gone.name)));
        }
    }
    found
}

fn paths(budget: &Budget) -> Vec<&str> {
    budget.paths.iter().map(super::Pattern::as_str).collect()
}

fn of_limit(old: &Limit, new: &Limit) -> Vec<String> {
    let mut found = Vec::new();
    if format!("{:?}", old.select) != format!("{:?}", new.select) {
        found.push("`select` is another".to_owned());
    }
    let kept = new.rules();
    for rule in old.rules().into_iter().filter(|rule| !kept.contains(rule)) {
        found.push(format!("`{}` is removed", rule.as_str()));
    }
    if let (Some(a), Some(b)) = (&old.max, &new.max)
        && is_looser(old, a, b)
    {
        found.push(format!("`max` {} → {}", a.text, b.text));
    }
    let percents = [
        (
            "regress",
            old.regress.map(|r| (r.limit, r.falls)),
            new.regress.map(|r| (r.limit, r.falls)),
        ),
        (
            "drift",
            old.drift
                .as_ref()
                .map(|d| (d.limit.fraction, d.limit.falls)),
            new.drift
                .as_ref()
                .map(|d| (d.limit.fraction, d.limit.falls)),
        ),
        (
            "creep",
            old.creep.map(|c| (c.limit.fraction, c.limit.falls)),
            new.creep.map(|c| (c.limit.fraction, c.limit.falls)),
        ),
    ];
    for (rule, a, b) in percents {
        if let (Some((a, falls)), Some((b, _))) = (a, b)
            && b > a
        {
            found.push(format!(
                "`{rule}` {} → {}",
                percent(a, falls),
                percent(b, falls)
            ));
        }
    }
    let numbers = [
        (
            "growth",
            old.growth.map(|g| g.max_slope),
            new.growth.map(|g| g.max_slope),
        ),
        (
            "complexity",
            old.complexity.and_then(|c| c.exponent),
            new.complexity.and_then(|c| c.exponent),
        ),
        (
            "scaling",
            old.scaling.as_ref().map(|s| s.max_ratio),
            new.scaling.as_ref().map(|s| s.max_ratio),
        ),
    ];
    for (rule, a, b) in numbers {
        if let (Some(a), Some(b)) = (a, b)
            && b > a
        {
            found.push(format!("`{rule}` {a} → {b}"));
        }
    }
    if old.guard.is_some() && old.guard != new.guard {
        found.push("`guard` is another".to_owned());
    }
    for (key, a, b) in [
        ("unproven", old.unproven, new.unproven),
        ("missing", old.missing, new.missing),
    ] {
        if (a, b) == (Consequence::Fail, Consequence::Warn) {
            found.push(format!("`{key}` fails no more, it warns"));
        }
    }
    if (old.kind, new.kind) == (Kind::Symptom, Kind::Cause) {
        found.push("it is a cause now, which fails nothing".to_owned());
    }
    if new.min.points > old.min.points
        || new.min.runs > old.min.runs
        || new.min.samples > old.min.samples
    {
        found.push("`min` asks for more evidence".to_owned());
    }
    found
}

/// Whether the second `max` lets more through; where nobody says which way is better, any other does.
fn is_looser(limit: &Limit, a: &Quantity, b: &Quantity) -> bool {
    match limit.direction {
        Some(Direction::Higher) => b.value < a.value,
        Some(Direction::Lower) => b.value > a.value,
        None => (b.value - a.value).abs() > 0.0,
    }
}

fn percent(fraction: f64, falls: bool) -> String {
    let sign = if falls { '−' } else { '+' };
    let percent = (fraction.abs() * 1e4).round() / 1e2;
    format!("{sign}{percent} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::parse;
    use std::path::Path;

    fn budget(limits: &str) -> Vec<Budget> {
        let text = format!(
            "schema = 1\n[feature]\nname = \"shop\"\nowner = \"@acme/shop\"\npaths = [\"src/**\"]\n{limits}"
        );
        let (budget, findings) = parse(
            Path::new("budgets/shop.toml"),
            &text,
            jiff::civil::date(2026, 11, 1),
        );
        vec![budget.unwrap_or_else(|| panic!("{findings:?}"))]
    }

    const LIMIT: &str = "[[limit]]\nid = \"p95\"\nselect = { benchmark = \"shop\" }\nmax = \"120ms\"\ndirection = \"lower\"\nregress = { vs = \"base\", limit = \"+5%\" }\nunproven = \"fail\"\n";

    #[test]
    fn what_is_looser_is_named_and_what_is_tighter_is_not() {
        let before = budget(LIMIT);
        let of = |text: &str| loosened(&before, &budget(text));
        assert!(of(LIMIT).is_empty());
        assert!(of(&format!("# a comment\n{LIMIT}")).is_empty());
        assert!(of(&LIMIT.replace("+5%", "+4%").replace("120ms", "110ms")).is_empty());
        assert!(
            of(&format!(
                "{LIMIT}creep = {{ window = \"90d\", limit = \"+3%\" }}\n"
            ))
            .is_empty()
        );
        assert_eq!(
            of(&LIMIT
                .replace("+5%", "+9%")
                .replace("120ms", "0.2s")
                .replace("\"fail\"", "\"warn\"")),
            [
                "budget changed: shop/p95: `max` 120ms → 0.2s",
                "budget changed: shop/p95: `regress` +5 % → +9 %",
                "budget changed: shop/p95: `unproven` fails no more, it warns",
            ]
        );
        assert_eq!(
            of(&LIMIT.replace("regress = { vs = \"base\", limit = \"+5%\" }\n", "")),
            ["budget changed: shop/p95: `regress` is removed"]
        );
        assert_eq!(
            of(&LIMIT.replace("p95", "p99")),
            ["budget changed: shop/p95: the limit is removed"]
        );
        assert_eq!(
            of(&LIMIT.replace("benchmark = \"shop\"", "benchmark = \"shopping\"")),
            ["budget changed: shop/p95: `select` is another"]
        );
        assert_eq!(loosened(&before, &[]), ["budget removed: shop"]);
        let accepted = "[[accepted]]\nid = \"tax\"\nlimit = \"p95\"\ncommit = \"9f3c2ab\"\nlevel_before = \"100ms\"\nceiling = \"+15%\"\nreason = \"x\"\nby = \"@lena\"\nexpires = 2027-01-31\n";
        assert_eq!(
            of(&format!("{LIMIT}{accepted}")),
            ["newly accepted: shop/p95 up to +15 % from 100ms, until 2027-01-31"]
        );
    }
}
