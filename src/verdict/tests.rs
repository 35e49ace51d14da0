use super::*;
use crate::analysis::{Base, Noise};
use crate::budget::{Minimum, Regress};
use crate::detect::Scale;
use proptest::prelude::*;

const LIMIT: Regress = Regress {
    limit: 0.05,
    warn: Some(0.02),
    falls: false,
};

/// A base of `m` points at level 100 with noise of `sd` (as a fraction).
fn base(m: usize, sd: f64) -> Base {
    let residuals: Vec<f64> = (0..m).map(|i| if i % 2 == 0 { sd } else { -sd }).collect();
    Base {
        level: 100.0_f64.ln(),
        m,
        points: m,
        noise: Noise {
            sd,
            df: m.saturating_sub(1).max(1) as f64,
            inflation: 1.0,
            run_sd: sd * (m as f64 / (m as f64 - 1.0).max(1.0)).sqrt(),
            run_residuals: residuals.clone(),
            runs: crate::analysis::RunSpread::new(&vec![vec![0.0]; m]),
            residuals,
            exact: false,
        },
        scale: Scale::Log,
        sign: 1.0,
    }
}

fn head(values: &[f64]) -> Head {
    let mut ys: Vec<f64> = values.iter().map(|v| v.ln()).collect();
    ys.sort_by(f64::total_cmp);
    let centre = crate::stats::median(&ys).unwrap();
    Head {
        ys,
        centre,
        least_samples: 100,
        extra_variance: 0.0,
    }
}

fn regress(base: &Base, values: &[f64]) -> Judgement {
    judge_regress(base, &head(values), LIMIT, &Minimum::default(), false)
}

fn max(base: &Base, values: &[f64], limit: f64, points: usize) -> Judgement {
    judge_max(
        base,
        &head(values),
        limit,
        &Minimum::default(),
        false,
        points,
        None,
    )
}

#[test]
fn a_clear_breach_is_over_and_an_unchanged_series_within() {
    let base = base(20, 0.01);
    assert_eq!(
        regress(&base, &[115.0, 116.0, 114.0]).verdict,
        Verdict::Over
    );
    let same = regress(&base, &[100.0, 100.5, 99.5]);
    assert_eq!((same.verdict, same.reason), (Verdict::Within, None));
}

#[test]
fn over_the_warning_and_within_the_limit_is_said() {
    let found = regress(&base(60, 0.003), &[103.0, 103.0, 103.0]);
    assert_eq!(
        (found.verdict, found.reason),
        (Verdict::Within, Some(Reason::Warned))
    );
}

#[test]
fn noise_as_large_as_the_limit_decides_nothing_and_says_what_could_be_seen() {
    let found = regress(&base(20, 0.05), &[102.0, 103.0, 104.0]);
    assert_eq!(
        (found.verdict, found.reason),
        (Verdict::Unproven, Some(Reason::BothSides))
    );
    assert!(found.smallest_effect.unwrap() > 0.1);
}

#[test]
fn a_lone_run_is_over_only_where_the_history_makes_outliers_unlikely() {
    assert_eq!(regress(&base(30, 0.01), &[130.0]).verdict, Verdict::Over);
    let mut spiky = base(30, 0.01);
    for i in [3, 11, 25] {
        spiky.noise.run_residuals[i] = 0.4;
    }
    let found = regress(&spiky, &[130.0]);
    assert_eq!(
        (found.verdict, found.reason),
        (Verdict::Unproven, Some(Reason::Suspect))
    );
    assert_eq!(
        regress(&spiky, &[130.0, 131.0, 129.0]).verdict,
        Verdict::Over,
        "three runs are no outlier"
    );
}

#[test]
fn of_two_runs_one_outlier_is_no_regression() {
    let mut spiky = base(30, 0.01);
    for i in [3, 11, 25] {
        spiky.noise.run_residuals[i] = 0.4;
    }
    assert_ne!(regress(&spiky, &[100.0, 140.0]).verdict, Verdict::Over);
    assert_eq!(regress(&spiky, &[140.0, 141.0]).verdict, Verdict::Over);
}

#[test]
fn improvements_are_said_and_never_fail() {
    let found = regress(&base(20, 0.01), &[80.0, 81.0, 79.0]);
    assert_eq!((found.verdict, found.improved), (Verdict::Within, true));
    let effect = found.effect.unwrap();
    assert!(effect.1 < -0.18 && effect.0 < -0.19 && effect.2 > effect.0);
}

#[test]
fn exact_counters_need_one_run_and_no_statistics() {
    let mut exact = base(5, 0.001);
    exact.noise.exact = true;
    let judge =
        |value: f64| judge_regress(&exact, &head(&[value]), LIMIT, &Minimum::default(), true);
    assert_eq!(judge(105.1).verdict, Verdict::Over);
    assert_eq!(judge(104.9).verdict, Verdict::Within);
    assert_eq!(
        judge(105.0).verdict,
        Verdict::Within,
        "the limit itself is allowed"
    );
}

#[test]
fn three_runs_that_all_exceed_max_need_no_history() {
    let alone = base(1, 0.01);
    assert_eq!(
        max(&alone, &[130.0, 131.0, 132.0], 120.0, 0).verdict,
        Verdict::Over
    );
    let two = max(&alone, &[130.0, 131.0], 120.0, 0);
    assert_eq!(
        (two.verdict, two.reason),
        (Verdict::Unproven, Some(Reason::Learning))
    );
    let below = max(&alone, &[100.0, 101.0, 102.0], 120.0, 0);
    assert_eq!(
        below.verdict,
        Verdict::Unproven,
        "three runs below prove nothing at 95 %"
    );
    assert_eq!(
        max(&alone, &[100.0; 5], 120.0, 0).verdict,
        Verdict::Within,
        "five do: 2⁻⁵ ≤ 0.05"
    );
}

#[test]
fn a_level_at_its_limit_is_unproven() {
    let found = max(&base(20, 0.02), &[100.0, 100.5, 99.5], 100.0, 20);
    assert_eq!(
        (found.verdict, found.reason),
        (Verdict::Unproven, Some(Reason::BothSides))
    );
}

#[test]
fn what_the_limit_asks_for_and_is_not_there_is_named() {
    let base = base(20, 0.01);
    let min = Minimum {
        points: 5,
        runs: 3,
        samples: 0,
    };
    let found = judge_regress(&base, &head(&[100.0]), LIMIT, &min, false);
    assert_eq!(
        (found.reason, found.runs_needed),
        (Some(Reason::TooFewRuns), Some(2))
    );
    let min = Minimum {
        points: 5,
        runs: 1,
        samples: 3000,
    };
    let found = judge_regress(&base, &head(&[100.0]), LIMIT, &min, false);
    assert_eq!(found.reason, Some(Reason::TooFewSamples));
}

#[test]
fn verdicts_are_ordered_by_severity() {
    let order = [
        Verdict::Within,
        Verdict::Accepted,
        Verdict::Inherited,
        Verdict::Unproven,
        Verdict::Missing,
        Verdict::Over,
    ];
    assert!(order.is_sorted());
}

proptest! {
    #[test]
    fn without_enough_points_nothing_is_a_pass(
        m in 1usize..5, sd in 1e-4..0.2_f64, values in proptest::collection::vec(50.0..200.0_f64, 1..4)
    ) {
        prop_assert_eq!(regress(&base(m, sd), &values).verdict, Verdict::Unproven);
        prop_assert_ne!(max(&base(m, sd), &values, 500.0, m).verdict, Verdict::Within);
    }

    #[test]
    fn within_and_over_are_where_the_estimate_lies(
        m in 5usize..60, sd in 1e-3..0.1_f64, values in proptest::collection::vec(50.0..200.0_f64, 1..6)
    ) {
        let found = regress(&base(m, sd), &values);
        let effect = found.effect.unwrap().0;
        match found.verdict {
            Verdict::Within => prop_assert!(effect < LIMIT.limit),
            Verdict::Over => prop_assert!(effect > LIMIT.limit),
            _ => {}
        }
    }

    #[test]
    fn slower_is_never_judged_better(
        m in 5usize..60, sd in 1e-3..0.1_f64, value in 60.0..180.0_f64, worse in 1.0..1.5_f64
    ) {
        let rank = |verdict| [Verdict::Within, Verdict::Unproven, Verdict::Over].iter().position(|v| *v == verdict);
        let judge = |value: f64| rank(regress(&base(m, sd), &[value; 3]).verdict);
        prop_assert!(judge(value * worse) >= judge(value));
    }

    #[test]
    fn a_rate_is_judged_like_the_time_it_mirrors(
        m in 5usize..60, sd in 1e-3..0.05_f64, value in 90.0..130.0_f64
    ) {
        let time = base(m, sd);
        let rate = Base { sign: -1.0, level: -time.level, ..time.clone() };
        let mirrored = Head { ys: vec![value.ln(); 3], centre: value.ln() - 2.0 * time.level, ..head(&[value; 3]) };
        let limit = Regress { limit: 1.0 - 1.0 / 1.05, warn: None, falls: true };
        let a = judge_regress(&time, &head(&[value; 3]), LIMIT, &Minimum::default(), false).verdict;
        let b = judge_regress(&rate, &mirrored, limit, &Minimum::default(), false).verdict;
        prop_assert_eq!(a, b);
    }
}
