//! `check --self-test`: what the budgets would do, drawn from the history.

use super::answer;
use super::args::{Check as Args, Format};
use super::judged::Judged;
use super::world::World;
use anyhow::Result;
use plimsoll::report::text;
use plimsoll::verdict::{Exit, Reason, SelfTest, self_test};

/// Pull requests drawn a series for each figure.
const DRAWS: usize = 60;

pub(crate) fn run(world: &World, args: &Args) -> Result<Exit> {
    let judged = Judged::open(world, args.budgets.as_ref())?;
    let head = match &args.commit {
        Some(revision) => world.repository()?.resolve(revision)?,
        None => world.repository()?.head()?,
    };
    let tests = judged.at(
        &head,
        args.base.as_deref(),
        args.env.as_deref(),
        |_| false,
        |check| self_test(check, DRAWS),
    )?;
    match args.format {
        Format::Json => answer(&json(&tests))?,
        Format::Table | Format::Markdown => answer(&table(&tests))?,
    }
    Ok(Exit::Within)
}

fn table(tests: &[SelfTest]) -> String {
    if tests.is_empty() {
        return "no limit has a regress rule: there is nothing to draw\n".to_owned();
    }
    let mut out = String::from(
        "plimsoll check --self-test \u{b7} pull requests drawn from the history, judged one series at a time\n\n",
    );
    for test in tests {
        let name = text::plain(&format!("{}/{}", test.feature, test.limit));
        out.push_str(&format!("  {name}  (regress {})\n", percent(test.allowed)));
        if test.series == 0 {
            out.push_str(&format!(
                "      not tested: none of {} series has a regime of 8 commits yet\n",
                test.too_short
            ));
            continue;
        }
        let [once, half, twice] = test.caught.map(percent);
        out.push_str(&format!(
            "      false red {}, catches a breach of 1 \u{d7} the limit {once}, of 1.5 \u{d7} {half}, of twice the limit {twice}\n      {} draws from {} series{}\n",
            percent(test.false_red),
            test.draws,
            test.series,
            if test.too_short > 0 {
                format!("; {} more are too short", test.too_short)
            } else {
                String::new()
            }
        ));
        if test.unenforceable() {
            out.push_str(&format!("      unenforceable: {}\n", why(test)));
        }
    }
    out.push_str("\nmax, drift and creep are not drawn. In a check of many series each needs more evidence than alone.\n");
    out
}

/// Why a breach of twice the limit goes unseen, and what to do.
fn why(test: &SelfTest) -> String {
    let reason = test
        .not_judged
        .filter(|(_, share)| *share >= 0.5)
        .map(|(reason, _)| reason);
    match reason {
        Some(Reason::TooFewRuns) => "commits have fewer runs than its `min` asks for; record as many (plimsoll record --runs), or lower `min`",
        Some(Reason::TooFewSamples) => "runs have fewer samples than its `min` asks for; lengthen the benchmark, or lower `min`",
        Some(Reason::Learning) => "the present regime has fewer commits than its `min` asks for; measure more of them, or lower `min`",
        Some(Reason::NoRelativeSize) => "values of 0 have no relative size; limit it with max",
        Some(Reason::NotDeterministic) => "runs of one commit differ, and `deterministic` says that they do not; mend the metric, or remove deterministic = true",
        _ => "the noise hides a breach of twice the limit; widen the limit, record more runs a commit, or compare side by side (check --mode paired)",
    }
    .to_owned()
}

fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

fn json(tests: &[SelfTest]) -> String {
    let limits: Vec<_> = tests
        .iter()
        .map(|test| {
            serde_json::json!({
                "feature": test.feature, "limit": test.limit, "rule": "regress",
                "allowed": test.allowed, "series": test.series, "too_short": test.too_short,
                "draws": test.draws, "false_red": test.false_red,
                "caught": {"1": test.caught[0], "1.5": test.caught[1], "2": test.caught[2]},
                "unenforceable": test.unenforceable(),
                "not_judged": test.not_judged.map(|(reason, share)| {
                    serde_json::json!({"reason": reason.as_str(), "share": share})
                }),
            })
        })
        .collect();
    serde_json::json!({"schema": "plimsoll.self-test/1", "limits": limits}).to_string()
}
