//! A check on a terminal. Styles are ANSI; whoever prints strips them where nobody sees them.

use super::check::{CheckView, PairedView};
use super::{tell, text};
use crate::budget::{Kind, Rule};
use crate::verdict::{Exit, LimitVerdict, Reason, Verdict};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Up to this many verdicts are all shown; beyond, only those that need a reader.
const SHOW_ALL: usize = 12;
/// Things that moved with one over, at the most.
const CAUSES: usize = 3;
/// From this share of its limit on, a plain within is worth a row.
const NEARLY_USED: f64 = 0.9;

/// The whole text of a check.
#[must_use]
pub fn check(view: &CheckView) -> String {
    let mut out = String::new();
    header(&mut out, view);
    let limits = &view.outcome.limits;
    if let Some(paired) = &view.paired {
        out.push_str(&super::paired::table(paired, limits));
        if !limits.is_empty() {
            out.push('\n');
        }
    }
    let (shown, quiet): (Vec<_>, Vec<_>) = limits
        .iter()
        .filter(|limit| !is_lesser_slice(limit))
        .partition(|limit| limits.len() <= SHOW_ALL || needs_a_reader(limit));
    let widths = Widths::of(&shown);
    let mut explained = BTreeSet::new();
    for limit in &shown {
        row(&mut out, limit, &widths);
        // Several rules on one series have the same causes.
        if limit.judgement.verdict == Verdict::Over && explained.insert(&limit.series) {
            moved_too(&mut out, limit, &widths);
        }
    }
    lesser_slices(&mut out, limits);
    if !quiet.is_empty() {
        let faster: BTreeSet<String> = quiet
            .iter()
            .filter(|limit| limit.judgement.improved)
            .map(|limit| tell::subject(limit))
            .collect();
        let _ = write!(
            out,
            "  ok        {} more rules within their limits",
            quiet.len()
        );
        if !faster.is_empty() {
            let names: Vec<_> = faster.iter().take(3).map(String::as_str).collect();
            let _ = write!(out, " · {} improved: {}", faster.len(), names.join(", "));
        }
        out.push('\n');
    }
    census(&mut out, view);
    findings(&mut out, view);
    out.push('\n');
    let _ = writeln!(out, "{}", last_line(view));
    ratchet(&mut out, view);
    out
}

/// Of slices that are judged one by one the worst is shown.
fn is_lesser_slice(limit: &LimitVerdict) -> bool {
    limit.slice.as_ref().is_some_and(|slice| !slice.worst)
}

/// The slices that are not shown, so that rows and sums agree.
fn lesser_slices(out: &mut String, limits: &[LimitVerdict]) {
    let lesser: Vec<&LimitVerdict> = limits.iter().filter(|l| is_lesser_slice(l)).collect();
    if !lesser.is_empty() {
        let _ = writeln!(
            out,
            "  slices    {} no worse than the one shown: {}",
            count(lesser.len(), "more row"),
            tally(lesser.iter().copied())
        );
    }
}

fn needs_a_reader(limit: &LimitVerdict) -> bool {
    limit.judgement.verdict != Verdict::Within
        || limit.judgement.reason.is_some()
        || limit.used.is_some_and(|used| used >= NEARLY_USED)
}

fn header(out: &mut String, view: &CheckView) {
    let bold = Style::new().bold();
    let _ = write!(
        out,
        "{bold}plimsoll {}{bold:#} · {}",
        view.paired
            .as_ref()
            .map_or("check", |paired| paired.command),
        view.head.id.short(),
    );
    if !view.head.subject.is_empty() {
        let _ = write!(out, " \"{}\"", text::plain_up_to(&view.head.subject, 60));
    }
    match &view.base {
        Some(base) => {
            let _ = write!(
                out,
                " vs {} ({})",
                base.commit.short(),
                text::plain(&base.how)
            );
        }
        None => out.push_str(" · state of the branch"),
    }
    let machines = &view.outcome.machines;
    let machine = if machines.is_empty() {
        String::new()
    } else {
        format!(" / {}", machines.join(", "))
    };
    let _ = write!(
        out,
        " · env {}{}",
        text::plain(&view.outcome.environments.join(", ")),
        text::plain(&machine)
    );
    if let Some(paired) = &view.paired {
        let _ = write!(
            out,
            " · {} and {} of the base against itself in {:.0} s",
            count(paired.pairs, "pair"),
            paired.controls,
            paired.seconds
        );
    }
    if view.paired.is_some() && view.outcome.limits.is_empty() {
        out.push_str("\n\n");
        return;
    }
    let census = &view.summary.census;
    let _ = write!(
        out,
        " · {}, judged {} of {} series",
        count(view.budgets, "budget"),
        census.judged,
        census.expected
    );
    if let Some(seconds) = view.seconds {
        let _ = write!(out, ", {seconds:.2} s");
    }
    out.push_str("\n\n");
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

struct Widths {
    feature: usize,
    subject: usize,
    now: usize,
    effect: usize,
    limit: usize,
}

const FEATURE_WIDTH: usize = 24;
const SUBJECT_WIDTH: usize = 44;

impl Widths {
    fn of(limits: &[&LimitVerdict]) -> Self {
        let widest = |text: &dyn Fn(&LimitVerdict) -> String, most: usize| {
            limits
                .iter()
                .map(|limit| text(limit).chars().count())
                .max()
                .unwrap_or(0)
                .min(most)
        };
        Self {
            feature: widest(&|limit| text::plain(&limit.feature), FEATURE_WIDTH),
            subject: widest(&|limit| tell::subject(limit), SUBJECT_WIDTH),
            now: widest(&tell::now, 14),
            effect: widest(&tell::effect, 30),
            limit: widest(&tell::limit, 30),
        }
    }
}

fn row(out: &mut String, limit: &LimitVerdict, widths: &Widths) {
    let style = style_of(limit);
    let used = limit.used.map_or_else(String::new, |used| {
        format!("{} {:>5}", text::bar(used, 10), text::percent_of(used))
    });
    let line = format!(
        "  {style}{:<9}{style:#} {}  {}  {:>now$}  {:<effect$}  {:<lim$}  {used}  {}",
        tell::word(limit),
        fit(&text::plain(&limit.feature), widths.feature),
        fit(&tell::subject(limit), widths.subject),
        tell::now(limit),
        tell::effect(limit),
        tell::limit(limit),
        text::plain(&limit.owner),
        now = widths.now,
        effect = widths.effect,
        lim = widths.limit,
    );
    out.push_str(line.trim_end());
    out.push('\n');
    let spark = text::sparkline(&limit.trend, 20);
    let indent = " ".repeat(12 + widths.feature + 2);
    let spark = fit(&spark, widths.subject.clamp(20, 22));
    let _ = writeln!(out, "{indent}{spark}  {}", tell::sentence(limit));
}

fn moved_too(out: &mut String, limit: &LimitVerdict, widths: &Widths) {
    let indent = " ".repeat(12 + widths.feature + 2 + widths.subject.clamp(20, 22));
    for cause in limit.causes.iter().take(CAUSES) {
        let _ = writeln!(out, "{indent}  moved too: {}", tell::cause(limit, cause));
    }
}

/// Cuts or pads to exactly `width` characters.
fn fit(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length > width {
        let kept: String = text.chars().take(width.saturating_sub(1)).collect();
        format!("{kept}…")
    } else {
        format!("{text}{}", " ".repeat(width - length))
    }
}

fn style_of(limit: &LimitVerdict) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into())).bold();
    match limit.judgement.verdict {
        Verdict::Over if limit.kind == Kind::Cause => color(AnsiColor::Yellow),
        Verdict::Over | Verdict::Missing => color(AnsiColor::Red),
        Verdict::Unproven | Verdict::Inherited | Verdict::Accepted => color(AnsiColor::Yellow),
        Verdict::Within => color(AnsiColor::Blue),
    }
}

fn findings(out: &mut String, view: &CheckView) {
    for finding in view.outcome.findings.iter().chain(&view.warnings) {
        let _ = writeln!(out, "\n{finding}");
    }
    for note in &view.notes {
        let _ = writeln!(out, "  note      {}", text::plain(note));
    }
}

/// Why series were not judged, where there are several and rows alone do not show it.
fn census(out: &mut String, view: &CheckView) {
    let census = &view.summary.census;
    if census.expected > 1 && census.judged < census.expected {
        let reasons = census.reasons.iter().map(|(word, n)| (*word, *n));
        let _ = writeln!(
            out,
            "  census    judged {} of {} series; the others: {}",
            census.judged,
            census.expected,
            tell::reasons(reasons)
        );
    }
}

/// Tighter limits, with the patch and how to apply it.
fn ratchet(out: &mut String, view: &CheckView) {
    let proposed = &view.ratchet;
    if proposed.sentences.is_empty() {
        return;
    }
    out.push_str("\nTighter limits that the history has earned:\n");
    for sentence in &proposed.sentences {
        let _ = writeln!(out, "  ratchet   {sentence}");
    }
    out.push('\n');
    out.push_str(&text::plain_lines(&proposed.patch));
    out.push_str("\nTake them over: plimsoll check --ratchet | git apply\n");
}

/// How many verdicts there are of each kind, worst first.
fn tally<'l>(limits: impl Iterator<Item = &'l LimitVerdict> + Clone) -> String {
    let mut parts = Vec::new();
    for (word, words) in [
        ("OVER", "over budget"),
        ("warns", "over (warns only)"),
        ("explains", "over (explains only)"),
        ("MISSING", "missing"),
        ("suspect", "suspect (unproven)"),
        ("unproven", "unproven"),
        ("learning", "learning (unproven)"),
        ("inherited", "inherited"),
        ("accepted", "accepted"),
        ("within", "within"),
    ] {
        let n = limits
            .clone()
            .filter(|limit| tell::word(limit) == word)
            .count();
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    parts.join(", ")
}

fn last_line(view: &CheckView) -> String {
    if let (Some(paired), true) = (&view.paired, view.outcome.limits.is_empty()) {
        return unjudged(paired, view);
    }
    let mut line = tally(view.outcome.limits.iter());
    match view.outcome.left_out.len() {
        0 => {}
        1 => line.push_str(", 1 rule not judged by pairs"),
        n => line.push_str(&format!(", {n} rules not judged by pairs")),
    }
    line.push('.');
    if let Some(next) = next_step(view) {
        line.push(' ');
        line.push_str(&next);
    }
    line
}

/// A comparison that no limit is about.
fn unjudged(paired: &PairedView, view: &CheckView) -> String {
    let rows = super::paired::rows(paired);
    let number = |word| rows.iter().filter(|row| row.word() == word).count();
    if paired.pairs == 0 {
        return "Nothing was compared.".to_owned();
    }
    let why = if view.budgets == 0 {
        "there is no budget"
    } else if !view.outcome.left_out.is_empty() {
        "no rule about it can be judged by pairs"
    } else {
        "no limit is about what was measured"
    };
    format!(
        "{} worse, {} better of {} series. Not a verdict: {why}.",
        number("worse"),
        number("better"),
        rows.len()
    )
}

/// What the reader can do now.
fn next_step(view: &CheckView) -> Option<String> {
    let worst = view.outcome.limits.first()?;
    let place = || {
        format!(
            "{}/{}",
            text::plain(&worst.feature),
            text::plain(&worst.limit)
        )
    };
    let paired = worst.series.as_ref().filter(|_| worst.pairs.is_some());
    match (worst.judgement.verdict, worst.judgement.reason) {
        (Verdict::Over, _) if paired.is_some() => paired.map(|key| {
            format!(
                "Which commit: plimsoll bisect {} --good {}   Accept: an [[accepted]] entry in the feature's budget file",
                shell_word(&text::plain(&format!("{}:{}", key.benchmark, key.metric))),
                view.base.as_ref().map_or("REV", |base| base.commit.short())
            )
        }),
        (Verdict::Over, _) if worst.capacity.is_some() => Some(format!(
            "The whole sweep: plimsoll capacity {}",
            shell_word(&place())
        )),
        (Verdict::Over, _) => Some(format!(
            "Why: plimsoll log {} --explain{}",
            shell_word(&place()),
            worst
                .introduced_by
                .as_ref()
                .filter(|_| worst.rule.is_some_and(Rule::has_level))
                .map_or_else(String::new, |id| format!(
                    "   Accept: plimsoll accept {} --reason \"…\"",
                    id.short()
                ))
        )),
        (Verdict::Unproven, _) if worst.pairs.is_some() => None,
        (Verdict::Unproven, Some(Reason::Suspect)) => {
            // Under another label they would be runs of another series.
            let env = worst.series.as_ref().map(|series| series.env.as_str());
            let env = env.filter(|env| !env.is_empty()).map_or_else(String::new, |env| {
                format!(" --env {}", shell_word(&text::plain(env)))
            });
            Some(format!(
                "Decide it: plimsoll record{env} --runs 3 -- <your benchmark command>"
            ))
        }
        _ if view.summary.exit == Exit::Trouble => {
            Some("Nothing here is a pass until that is mended.".to_owned())
        }
        _ => None,
    }
}

/// A word that a shell reads back as it is.
fn shell_word(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | ':' | '@');
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
