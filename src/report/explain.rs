//! What a verdict rests on: the gates in order, what each asked, found and decided; and what else
//! moved with what is over.

use super::markdown::escape::{code, prose};
use super::{json, tell, text};
use crate::budget::Rule;
use crate::model::Commit;
use crate::verdict::{BaseFacts, Cause, Explained, Reason, Verdict, own_level};
use std::fmt::Write;

/// Runs whose values are written out.
const RUNS: usize = 5;

/// One question on the way to a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// What was asked.
    pub asked: String,
    /// What was computed.
    pub found: String,
    /// What that decided.
    pub decided: String,
}

/// Every chosen verdict of one commit, gate by gate, for a terminal.
#[must_use]
pub fn explain(commit: &Commit, chosen: &[&Explained]) -> String {
    let mut out = format!(
        "{} \"{}\"\n",
        commit.id.short(),
        text::plain_up_to(&commit.subject, 60)
    );
    for one in chosen {
        let _ = writeln!(out, "\n{}", heading(one));
        for (i, gate) in gates(one).iter().enumerate() {
            let _ = writeln!(out, "  {:>2} {:<12} {}", i + 1, gate.name, gate.asked);
            let _ = writeln!(out, "  {:15} {} → {}", "", gate.found, gate.decided);
        }
        for (i, cause) in one.verdict.causes.iter().enumerate() {
            let label = if i == 0 { "moved too" } else { "" };
            let _ = writeln!(out, "     {label:<12} {}", tell::cause(&one.verdict, cause));
        }
    }
    out
}

/// The same as tables of Markdown.
#[must_use]
pub fn explain_markdown(commit: &Commit, chosen: &[&Explained]) -> String {
    let mut out = format!(
        "### {} {}\n",
        code(commit.id.short()),
        code(&text::plain_up_to(&commit.subject, 60))
    );
    for one in chosen {
        let _ = writeln!(out, "\n{}\n", code(&heading(one)));
        out.push_str("| gate | asked | found | decided |\n|---|---|---|---|\n");
        for gate in gates(one) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                gate.name,
                prose(&gate.asked),
                prose(&gate.found),
                prose(&gate.decided)
            );
        }
        if !one.verdict.causes.is_empty() {
            out.push_str("\nMoved too:\n");
        }
        for cause in &one.verdict.causes {
            let _ = writeln!(out, "- {}", prose(&tell::cause(&one.verdict, cause)));
        }
    }
    out
}

/// `plimsoll.explain/1`: the limits as in `plimsoll.check/1`, each with its gates.
#[must_use]
pub fn explain_json(commit: &Commit, chosen: &[&Explained]) -> String {
    let limits = chosen.iter().map(|one| (&one.verdict, gates(one)));
    json::explain(commit, limits.collect())
}

fn heading(one: &Explained) -> String {
    let verdict = &one.verdict;
    let series = verdict.series.as_ref().map_or_else(
        || "no series".to_owned(),
        |key| text::plain(&key.to_string()),
    );
    let mut parts = vec![
        format!(
            "{}/{}",
            text::plain(&verdict.feature),
            text::plain(&verdict.limit)
        ),
        verdict.rule.map_or("no rule", Rule::as_str).to_owned(),
        series,
        tell::limit(verdict),
    ];
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// The gates of a verdict, in order.
#[must_use]
pub fn gates(one: &Explained) -> Vec<Gate> {
    let mut gates = vec![measured(one)];
    if one.verdict.judgement.verdict != Verdict::Missing {
        gates.push(evidence(one));
        gates.extend(machine(one));
        gates.extend(base(one));
        gates.extend(attainable(one));
        gates.push(beyond(one));
        // To pass needs no proof that it is no outlier.
        if one.verdict.judgement.verdict != Verdict::Within {
            gates.extend(records(one));
        }
        gates.extend(many(one));
        gates.extend(whose(one));
        gates.extend(acceptance(one));
    }
    gates.push(Gate {
        name: "verdict",
        asked: "what is said?".to_owned(),
        found: tell::sentence(&one.verdict),
        decided: tell::word(&one.verdict).to_owned(),
    });
    gates
}

fn gate(name: &'static str, asked: &str, found: String, decided: &str) -> Gate {
    Gate {
        name,
        asked: asked.to_owned(),
        found,
        decided: decided.to_owned(),
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn measured(one: &Explained) -> Gate {
    let verdict = &one.verdict;
    let unit = &verdict.unit;
    let found = if !verdict.members.is_empty() {
        let runs = count(verdict.runs, "run");
        format!(
            "{} series of one family, {runs} each",
            verdict.members.len()
        )
    } else if one.runs.is_empty() {
        count(verdict.runs, "run")
    } else {
        let values = one.runs.iter().take(RUNS);
        let values: Vec<String> = values.map(|v| text::value(*v, unit)).collect();
        let more = one.runs.len().saturating_sub(values.len());
        let more = if more > 0 {
            format!(", {more} more")
        } else {
            String::new()
        };
        format!(
            "{} ({}{more}), {} before",
            count(one.runs.len(), "run"),
            values.join(", "),
            count(one.earlier, "measured commit")
        )
    };
    let decided = if verdict.judgement.verdict == Verdict::Missing {
        "missing"
    } else {
        "go on"
    };
    gate(
        "measured",
        "was it measured at this commit?",
        found,
        decided,
    )
}

fn evidence(one: &Explained) -> Gate {
    let judged = &one.verdict.judgement;
    let (have, need) = judged.points;
    let mut asked = vec![count(one.min.runs, "run")];
    let mut found = vec![count(one.verdict.runs, "run")];
    if need > 0 {
        asked.insert(0, format!("{} of the base", count(need, "point")));
        found.insert(0, count(have, "point"));
    }
    if one.min.samples > 0 {
        asked.push(format!("{} samples a run", one.min.samples));
        found.push(format!("{} samples", one.least_samples));
    }
    let decided = match judged.reason {
        Some(
            reason @ (Reason::Learning
            | Reason::TooFewRuns
            | Reason::TooFewSamples
            | Reason::OrderUnknown
            | Reason::AnchorNotMeasured
            | Reason::NoRelativeSize
            | Reason::NotDeterministic),
        ) => format!("not enough: {}", reason.as_str()),
        Some(reason) if have < need => format!("not enough: {}", reason.as_str()),
        _ => "enough".to_owned(),
    };
    Gate {
        name: "evidence",
        asked: format!("is there enough to judge by: {}?", asked.join(", ")),
        found: found.join(", "),
        decided,
    }
}

fn machine(one: &Explained) -> Option<Gate> {
    if one.machine.is_empty() && one.machines <= 1 && one.broke.is_none() {
        return None;
    }
    let kinds = if one.machines > 1 {
        format!(", one of {} kinds", one.machines)
    } else {
        String::new()
    };
    let broke = one.broke.as_ref().map_or_else(String::new, |id| {
        format!("; the machine changed for good at {}", id.short())
    });
    let decided = match (&one.base, one.machines > 1, &one.broke) {
        (None, ..) => "the head is judged by itself",
        (Some(_), _, Some(_)) => "only what came after that is compared",
        (Some(_), true, None) => "offsets between machines are taken out",
        (Some(_), false, None) => "the same machine",
    };
    Some(gate(
        "machine",
        "does the base know this machine?",
        format!(
            "{}{kinds}: {} of the base{broke}",
            text::plain(&one.machine),
            count(one.on_machine, "point")
        ),
        decided,
    ))
}

fn base(one: &Explained) -> Option<Gate> {
    let base = one.base.as_ref()?;
    let verdict = &one.verdict;
    let since = base
        .since
        .as_ref()
        .map_or_else(String::new, |id| format!(" since {}", id.short()));
    let limit = verdict
        .limit_value
        .filter(|_| !matches!(verdict.rule, Some(Rule::Drift | Rule::Creep)))
        .map_or_else(
            || "compared with that".to_owned(),
            |limit| format!("the limit lies at {}", text::value(limit, &verdict.unit)),
        );
    Some(Gate {
        name: "base",
        asked: "what stood before, and how much does it scatter?".to_owned(),
        found: format!(
            "{}{since}: level {}, {}",
            count(base.m, "point"),
            text::value(base.level, &verdict.unit),
            noise(base, one)
        ),
        decided: limit,
    })
}

fn noise(base: &BaseFacts, one: &Explained) -> String {
    if base.exact {
        return "it never varied".to_owned();
    }
    let sd = if base.relative {
        tell::noise(base.sd)
    } else {
        format!("±{}", text::value(base.sd, &one.verdict.unit))
    };
    let phi = (base.inflation - 1.0) / (base.inflation + 1.0);
    let wandering = if phi > 0.005 {
        format!(", autocorrelation {phi:.2}")
    } else {
        String::new()
    };
    format!("{sd} from commit to commit ({:.0} df{wandering})", base.df)
}

fn attainable(one: &Explained) -> Option<Gate> {
    let judged = &one.verdict.judgement;
    if judged.reason == Some(Reason::Unattainable) {
        let found = judged.runs_needed.map_or_else(
            || "no value could be proven over".to_owned(),
            |more| format!("no value could; {more} more runs a side could"),
        );
        return Some(gate(
            "attainable",
            "could any value decide?",
            found,
            "no: unproven",
        ));
    }
    let least = judged.smallest_effect.filter(|least| *least > 0.0)?;
    Some(gate(
        "attainable",
        "what is the smallest change that would be seen?",
        format!("{} with a power of 80 %", text::effect(least)),
        "go on",
    ))
}

/// A p-value with up to four digits.
fn p_value(p: f64) -> String {
    if p < 1e-4 {
        "p < 0.0001".to_owned()
    } else {
        format!("p = {:.4}", p.min(1.0))
    }
}

/// The rule's own test.
fn beyond(one: &Explained) -> Gate {
    let verdict = &one.verdict;
    let judged = &verdict.judgement;
    let mut found = Vec::new();
    if let Some((effect, low, high)) = judged.effect {
        found.push(format!(
            "change {}",
            text::effect_interval(effect, low, high)
        ));
    }
    if let Some(contrast) = &one.contrast {
        let effects = (contrast.bounds, contrast.limit);
        if let (Some((a, b)), Some(limit), false) = (
            effects.0,
            effects.1,
            one.base.as_ref().is_some_and(|base| base.exact),
        ) {
            found.push(format!(
                "one-sided 95 % bounds {} and {}, limit at {}",
                text::effect(a.min(b)),
                text::effect(a.max(b)),
                text::effect(limit)
            ));
        }
    }
    if let Some(level) = judged.level.filter(|_| judged.effect.is_none()) {
        found.push(format!("now {}", text::value(level, &verdict.unit)));
    }
    if let Some((low, high)) = verdict.interval {
        found.push(format!("95 % interval {low:.2} to {high:.2}"));
    }
    found.extend(judged.p.map(p_value));
    if found.is_empty() {
        found.push("no test".to_owned());
    }
    let level = own_level(verdict.rule);
    let by_itself = judged.p.is_some_and(|p| p <= level);
    let decided = match (judged.verdict, judged.p) {
        (Verdict::Within, _) => "within: all of what is likely lies inside".to_owned(),
        (Verdict::Over | Verdict::Accepted | Verdict::Inherited, None) => {
            "beyond it, exactly".to_owned()
        }
        (_, Some(_)) if by_itself => format!("beyond it by itself (p ≤ {level})"),
        (_, Some(_)) => format!("not beyond it (p > {level})"),
        _ => "undecided".to_owned(),
    };
    Gate {
        name: "limit",
        asked: "is it proven beyond its limit?".to_owned(),
        found: found.join("; "),
        decided,
    }
}

/// Whether it may be one of the outliers that histories show.
fn records(one: &Explained) -> Vec<Gate> {
    let mut gates = Vec::new();
    let (Some(z), Some(contrast)) = (one.verdict.judgement.outlying, &one.contrast) else {
        return gates;
    };
    let far = |p: f64| {
        if p <= 0.05 {
            "no outlier of that kind"
        } else {
            "it may be one of those"
        }
    };
    gates.push(gate(
        "own record",
        "may it be an outlier of the kind its own history shows?",
        format!("{z:.1} sd from the level, {}", p_value(contrast.own_record)),
        far(contrast.own_record),
    ));
    let pooled = &one.pooled;
    if let (Some(tail), Some(counted)) = (pooled.tail, pooled.counted) {
        let (words, p) = if counted > 0.0 {
            (
                format!(", {} by counting", p_value(counted)),
                tail.max(counted),
            )
        } else {
            (String::new(), tail)
        };
        gates.push(gate(
            "all records",
            "may it be an outlier of the kind all judged histories show?",
            format!(
                "{:.0} points: {} by their tail{words}",
                pooled.points,
                p_value(tail)
            ),
            far(p),
        ));
    }
    gates
}

fn many(one: &Explained) -> Option<Gate> {
    let adjusted = one.verdict.p_adjusted?;
    let pooled = &one.pooled;
    let decided = match one.verdict.judgement.verdict {
        Verdict::Within => "not needed to pass",
        _ if adjusted > pooled.alpha => "not proven among so many",
        Verdict::Unproven => "it would hold, but a gate above does not",
        _ => "proven",
    };
    Some(gate(
        "many tests",
        "does it hold among all tests of this check?",
        format!(
            "{}: {} after control, level {}",
            count(pooled.tests, "test"),
            p_value(adjusted),
            pooled.alpha
        ),
        decided,
    ))
}

fn whose(one: &Explained) -> Option<Gate> {
    let verdict = &one.verdict;
    let decided = match verdict.judgement.verdict {
        Verdict::Inherited => "the base has it already",
        Verdict::Over | Verdict::Accepted => "it counts",
        _ => return None,
    };
    let found = match (&verdict.introduced_by, verdict.suspects.len()) {
        (Some(commit), 1) => format!("brought by {}", commit.short()),
        (Some(commit), n) => format!("brought by {} or one of {} others", commit.short(), n - 1),
        (None, _) => "no single commit brought it".to_owned(),
    };
    Some(gate("whose", "which commit brought it?", found, decided))
}

fn acceptance(one: &Explained) -> Option<Gate> {
    let asked = "did its owner accept it?";
    match (&one.verdict.accepted, one.verdict.judgement.verdict) {
        (Some(a), _) => {
            let found = format!("{} by {} until {}: {}", a.id, a.by, a.expires, a.reason);
            Some(gate("accepted", asked, text::plain(&found), "accepted"))
        }
        (None, Verdict::Over) => Some(gate(
            "accepted",
            asked,
            "no entry covers it".to_owned(),
            "over",
        )),
        (None, _) => None,
    }
}

impl Cause {
    /// The metric, with the benchmark where it is another one than the symptom's.
    #[must_use]
    pub fn name(&self, symptom: Option<&crate::model::SeriesKey>) -> String {
        let own = &self.series;
        let same =
            symptom.is_some_and(|key| key.benchmark == own.benchmark && key.tags == own.tags);
        if same {
            own.metric.clone()
        } else {
            let whole = own.to_string();
            whole
                .strip_suffix(&format!("@{}", own.env))
                .map_or_else(|| whole.clone(), str::to_owned)
        }
    }
}
