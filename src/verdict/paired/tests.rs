#![allow(clippy::float_cmp, reason = "exact results are expected")]

use super::*;
use crate::budget::Regress;
use crate::model::Tags;
use std::path::Path;

const DAY: Date = jiff::civil::date(2026, 11, 21);

/// Normal noise from a generator with a seed, centred.
fn noise(n: usize, sd: f64, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let u = ((state >> 11) as f64 + 0.5) * 0.5_f64.powi(53);
        sd * crate::stats::normal_quantile(u)
    };
    let z: Vec<f64> = (0..n).map(|_| draw()).collect();
    let centre = crate::stats::median(&z).unwrap();
    z.iter().map(|z| z - centre).collect()
}

fn series(metric: &str, unit: Unit, base: Vec<f64>, head: Vec<f64>) -> PairedSeries {
    PairedSeries {
        key: SeriesKey {
            benchmark: "app".into(),
            metric: metric.into(),
            tags: Tags::new(),
            env: "here".into(),
        },
        unit,
        direction: Some(Direction::Lower),
        base,
        head,
        control: Vec::new(),
        least_samples: 1,
    }
}

/// A time of 100 ms with 1 % of noise, the head slower by `effect`.
pub(super) fn slower(effect: f64, pairs: usize) -> PairedSeries {
    let base = noise(pairs, 0.01, 1)
        .iter()
        .map(|z| 1e8 * z.exp())
        .collect();
    let head = noise(pairs, 0.01, 40)
        .iter()
        .map(|z| 1e8 * (1.0 + effect) * z.exp())
        .collect();
    series("time", Unit::Nanoseconds, base, head)
}

pub(super) fn budget(limits: &str) -> Budget {
    let text = format!("schema = 1\n[feature]\nname = \"f\"\nowner = \"@o\"\n{limits}");
    let (budget, findings) = crate::budget::parse(Path::new("f.toml"), &text, DAY);
    budget.unwrap_or_else(|| panic!("{findings:?}"))
}

fn judged(series: &[PairedSeries], budgets: &[Budget], all_expected: bool) -> Outcome {
    judge_pairs(&PairedCheck {
        series,
        failed: &[],
        budgets,
        retired: &[],
        history: &[],
        env: "here",
        machine: "m",
        all_expected,
        today: DAY,
    })
}

fn words(outcome: &Outcome) -> Vec<(&str, Option<Reason>)> {
    let word = |l: &LimitVerdict| (l.judgement.verdict.as_str(), l.judgement.reason);
    outcome.limits.iter().map(word).collect()
}

const FIVE: &str = "[[limit]]\nid = \"t\"\nselect = { benchmark = \"app\" }\nregress = { limit = \"+5%\", warn = \"+2%\" }\n";

#[test]
fn over_within_warned_and_not_enough_evidence() {
    let budgets = [budget(FIVE)];
    let word = |effect, pairs| {
        let outcome = judged(&[slower(effect, pairs)], &budgets, true);
        let l = &outcome.limits[0].judgement;
        (l.verdict, l.reason)
    };
    assert_eq!(word(0.10, 20), (Verdict::Over, None));
    assert_eq!(word(0.00, 20), (Verdict::Within, None));
    assert_eq!(word(0.03, 20), (Verdict::Within, Some(Reason::Warned)));
    assert_eq!(word(0.05, 20), (Verdict::Unproven, Some(Reason::BothSides)));
    assert_eq!(
        word(0.10, 4),
        (Verdict::Unproven, Some(Reason::Unattainable))
    );
    assert_eq!(word(0.10, 5), (Verdict::Over, None));
}

#[test]
fn the_size_is_that_of_the_plant_and_its_interval_holds_it() {
    let outcome = judged(&[slower(0.10, 24)], &[budget(FIVE)], true);
    let (effect, low, high) = outcome.limits[0].judgement.effect.unwrap();
    assert!(low < 0.10 && 0.10 < high && (effect - 0.10).abs() < 0.01);
    assert!(outcome.limits[0].judgement.smallest_effect.unwrap() < 0.02);
    assert_eq!(outcome.limits[0].pairs, Some(24));
}

#[test]
fn where_higher_is_better_a_fall_is_over() {
    let rate = |effect: f64| {
        let mut rate = slower(effect, 20);
        rate.key.metric = "throughput".into();
        rate.unit = Unit::PerSecond;
        rate.direction = Some(Direction::Higher);
        rate
    };
    let limit = FIVE.replace("+5%", "-5%").replace("+2%", "-2%");
    let judge = |effect| {
        let outcome = judged(&[rate(effect)], &[budget(&limit)], true);
        let l = &outcome.limits[0].judgement;
        (l.verdict, l.improved, l.effect.unwrap().0 < 0.0)
    };
    assert_eq!(judge(-0.12), (Verdict::Over, false, true));
    assert_eq!(judge(0.12), (Verdict::Within, true, false));
}

#[test]
fn one_clear_regression_among_many_series_needs_more_pairs() {
    let mut all: Vec<PairedSeries> = (0..40).map(|_| slower(0.0, 6)).collect();
    for (i, one) in all.iter_mut().enumerate() {
        one.key.benchmark = format!("app{i}");
    }
    let mut bad = slower(0.5, 6);
    bad.key.benchmark = "app99".into();
    all.push(bad);
    let limit = FIVE.replace("\"app\"", "\"app*\"");
    let outcome = judged(&all, &[budget(&limit)], true);
    let worst = &outcome.limits[0].judgement;
    assert_eq!(worst.reason, Some(Reason::Unattainable));
    assert_eq!(worst.runs_needed, Some(4));
}

#[test]
fn a_counter_that_never_varies_decides_by_itself() {
    let counter = |head: f64| series("allocs", Unit::Count, vec![100.0; 6], vec![head; 6]);
    let limit = "[[limit]]\nid = \"a\"\nselect = { benchmark = \"app\", metric = \"allocs\" }\nregress = { limit = \"+1%\" }\n";
    let word = |head| {
        judged(&[counter(head)], &[budget(limit)], true).limits[0]
            .judgement
            .clone()
    };
    assert_eq!(word(101.0).verdict, Verdict::Within);
    let over = word(102.0);
    assert_eq!((over.verdict, over.p), (Verdict::Over, None));
    assert!(word(90.0).improved);
}

#[test]
fn a_machine_that_differs_from_itself_decides_nothing() {
    let mut one = slower(0.3, 20);
    one.control = (0..12)
        .map(|i| (100.0 + f64::from(i), 110.0 + f64::from(i)))
        .collect();
    let outcome = judged(&[one], &[budget(FIVE)], true);
    assert_eq!(words(&outcome), [("unproven", Some(Reason::UnfitRunner))]);
}

#[test]
fn an_absolute_limit_is_judged_by_the_heads_runs_where_it_belongs_here() {
    let limit = |env: &str| {
        budget(&format!(
            "[[limit]]\nid = \"m\"\nselect = {{ benchmark = \"app\"{env} }}\nmax = \"105ms\"\n"
        ))
    };
    let word = |effect, env| {
        let outcome = judged(&[slower(effect, 12)], &[limit(env)], true);
        outcome.limits.first().map(|l| l.judgement.verdict)
    };
    assert_eq!(word(0.10, ""), Some(Verdict::Over));
    assert_eq!(word(0.00, ""), Some(Verdict::Within));
    assert_eq!(word(0.05, ""), Some(Verdict::Unproven));
    assert_eq!(word(0.10, ", env = \"here\""), Some(Verdict::Over));
    assert_eq!(word(0.10, ", env = \"ci\""), None);
    let both_over = {
        let mut one = slower(0.0, 12);
        one.base
            .iter_mut()
            .chain(&mut one.head)
            .for_each(|x| *x *= 1.2);
        judged(&[one], &[limit("")], true)
    };
    assert_eq!(words(&both_over)[0].0, "inherited");
}

#[test]
fn what_was_not_measured_is_missing_or_listed_never_a_pass() {
    let other = FIVE.replace("\"app\"", "\"other\"");
    let missing = judged(&[slower(0.0, 8)], &[budget(&other)], true);
    assert_eq!(words(&missing), [("missing", Some(Reason::MatchesNothing))]);
    let listed = judged(&[slower(0.0, 8)], &[budget(&other)], false);
    assert_eq!((listed.limits.len(), listed.elsewhere.len()), (0, 1));
    let mut gone = slower(0.0, 8);
    gone.head.clear();
    let gone = judged(&[gone], &[budget(FIVE)], false);
    assert_eq!(words(&gone), [("missing", Some(Reason::NotMeasured))]);
    let failed = judge_pairs(&PairedCheck {
        series: &[],
        failed: &[Failure {
            benchmark: "app".into(),
            reason: "panicked".into(),
            tags: crate::model::Tags::new(),
        }],
        budgets: &[budget(FIVE)],
        retired: &[],
        history: &[],
        env: "here",
        machine: "m",
        all_expected: false,
        today: DAY,
    });
    assert_eq!(words(&failed), [("missing", Some(Reason::BenchmarkFailed))]);
}

#[test]
fn rules_that_pairs_cannot_judge_are_listed_with_the_reason() {
    let limits = "[[limit]]\nid = \"t\"\nselect = { benchmark = \"app\", env = \"ci\" }\nmax = \"1s\"\nregress = { limit = \"+5%\" }\ncreep = { limit = \"+4%\", window = \"90d\" }\ndrift = { limit = \"+4%\", vs = \"tag:v1\" }\n";
    let budgets = [budget(limits)];
    let listed = |outcome: &Outcome| -> Vec<(&str, &str)> {
        let one = |rule: &LeftOut| (rule.rule, rule.reason.as_str());
        outcome.left_out.iter().map(one).collect()
    };
    let measured = judged(&[slower(0.0, 12)], &budgets, true);
    assert_eq!(words(&measured), [("within", None)]);
    let history = [("creep", "needs-history"), ("drift", "needs-history")];
    let elsewhere = ("max", "other-environment");
    assert_eq!(listed(&measured), [history[0], history[1], elsewhere]);
    // What the base does not have has nothing to be compared with.
    let mut new = slower(0.0, 12);
    new.base.clear();
    let new = judged(&[new], &budgets, true);
    assert!(new.limits.is_empty());
    assert_eq!(listed(&new)[3], ("regress", "no-base"));
    // What was not measured at all is missing, not left out.
    let none = judged(&[], &budgets, true);
    assert!(none.left_out.is_empty());
    assert_eq!(words(&none)[0].0, "missing");
}

#[test]
fn a_fast_failure_is_no_improvement() {
    let limit = format!("{FIVE}guard = {{ metric = \"error_rate\", max = \"0.5%\" }}\n");
    let rate = |head: f64| series("error_rate", Unit::Ratio, vec![0.001; 8], vec![head; 8]);
    let found = |errors: Option<f64>| {
        let mut all = vec![slower(-0.3, 8)];
        all.extend(errors.map(rate));
        let outcome = judged(&all, &[budget(&limit)], true);
        let words = words(&outcome);
        words
            .iter()
            .map(|(word, reason)| format!("{word} {}", reason.map_or("", Reason::as_str)))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(Some(0.001)), ["within ", "within "]);
    assert_eq!(found(Some(0.2)), ["over ", "unproven guard-broken"]);
    assert_eq!(
        found(None),
        ["missing guard-missing", "unproven guard-broken"]
    );
}

#[test]
fn values_of_zero_and_below_are_compared_as_they_are() {
    let base = vec![0.0, 1.0, -1.0, 0.5, -0.5, 0.0, 0.0, 0.2];
    let contrast = Contrast::new(&base, &base, Direction::Lower).unwrap();
    assert!(!contrast.log);
    assert_eq!(contrast.margin(0.05), None);
    let any = Regress {
        limit: 0.05,
        warn: None,
        falls: false,
    };
    let found = judge_paired_regress(&contrast, any, false);
    assert_eq!(found.reason, Some(Reason::NoRelativeSize));
    assert_eq!(Contrast::new(&[], &[], Direction::Lower), None);
}

#[test]
fn under_drift_the_pairs_keep_their_size() {
    // A machine that slows down by 40 % while it is measured.
    let drift = |i: usize| 1.0 + 0.4 * i as f64 / 80.0;
    let (mut base, mut head) = (Vec::new(), Vec::new());
    let z = noise(80, 0.01, 3);
    for block in 0..20 {
        let at = |k: usize| 1e8 * drift(4 * block + k) * z[4 * block + k].exp();
        let (a1, b1, b2, a2) = (at(0), at(1) * 1.1, at(2) * 1.1, at(3));
        base.extend([a1, a2]);
        head.extend([b1, b2]);
    }
    let contrast = Contrast::new(&base, &head, Direction::Lower).unwrap();
    let (effect, low, high) = contrast.effect().unwrap();
    assert!(
        (effect - 0.1).abs() < 0.005 && low < 0.1 && 0.1 < high,
        "{effect} {low} {high}"
    );
}

#[test]
fn what_else_differs_between_the_builds_is_said_beside_an_over() {
    let same = |metric: &str, before: f64, after: f64| {
        series(metric, Unit::Count, vec![before; 12], vec![after; 12])
    };
    let all = [
        slower(0.10, 12),
        same("alloc.count", 10.0, 30.0),
        same("syscalls", 7.0, 7.0),
        same("spared", 9.0, 4.0),
    ];
    let outcome = judged(&all, &[budget(FIVE)], true);
    let over = &outcome.limits[0];
    assert_eq!(over.judgement.verdict, Verdict::Over);
    let causes: Vec<&str> = over
        .causes
        .iter()
        .map(|c| c.series.metric.as_str())
        .collect();
    assert_eq!(
        causes,
        ["alloc.count"],
        "neither what stayed nor what got better"
    );
    let each = over.causes[0].ratio.unwrap();
    assert!((each - 5e5).abs() < 1e5, "10 ms by 20 allocations: {each}");
}

#[test]
fn a_deterministic_metric_whose_runs_differ_is_never_within_by_pairs() {
    let budgets = [budget(
        "[[limit]]\nid = \"q\"\nselect = { benchmark = \"app\", metric = \"queries\" }\n\
         deterministic = true\nmax = \"6\"\nregress = { limit = \"+10%\" }\n",
    )];
    let answer = |base: Vec<f64>, head: Vec<f64>| {
        let series = [series("queries", Unit::Count, base, head)];
        let all = judged(&series, &budgets, true).limits;
        all.iter()
            .map(|own| (own.judgement.verdict, own.judgement.reason))
            .collect::<Vec<_>>()
    };
    let odd = (Verdict::Unproven, Some(Reason::NotDeterministic));
    let mut one = vec![3.0; 7];
    one[3] = 9.0;
    assert_eq!(answer(vec![3.0; 7], one), [odd, odd]);
    let mut all = vec![9.0; 7];
    all[3] = 12.0;
    for own in answer(vec![3.0; 7], all) {
        assert_eq!(own.0, Verdict::Over);
    }
    for own in answer(vec![3.0; 7], vec![3.0; 7]) {
        assert_eq!(own, (Verdict::Within, None));
    }
}

#[test]
fn a_rule_that_nobody_judged_fails_where_proof_is_asked_for() {
    use crate::verdict::{Exit, Summary};
    let text = |unproven| {
        budget(&format!(
            "[[limit]]\nid = \"t\"\nselect = {{ benchmark = \"app\" }}\nmax = \"1s\"\n\
             drift = {{ limit = \"+10%\", vs = \"tag:v1\" }}\nunproven = \"{unproven}\"\n"
        ))
    };
    for (unproven, strict, exit) in [
        ("warn", false, Exit::Within),
        ("warn", true, Exit::Over),
        ("fail", false, Exit::Over),
    ] {
        let budgets = [text(unproven)];
        let outcome = judged(&[slower(0.0, 20)], &budgets, true);
        assert_eq!(outcome.limits.len(), 1);
        let found = Summary::new(&outcome.limits, strict, false).beside(
            &outcome.left_out,
            &budgets,
            strict,
        );
        assert_eq!((found.exit, found.verdict), (exit, Verdict::Unproven));
        assert_eq!((found.census.expected, found.census.judged), (2, 1));
        assert_eq!(found.census.reasons["needs-history"], 1);
    }
}
