use super::*;
use crate::model::Tags;

fn sweep(steps: &[(f64, f64, f64, f64)]) -> Sweep {
    let steps = steps.iter().map(|(n, x, p95, errors)| Step {
        n: *n,
        throughput: vec![*x],
        tail: vec![p95 * 1e6],
        mean: vec![n / x * 1e9],
        error_rate: vec![*errors],
        ..Step::default()
    });
    Sweep {
        benchmark: "api".into(),
        axis: "connections".into(),
        tail: "latency.p95".into(),
        steps: steps.collect(),
        ..Sweep::default()
    }
}

fn law(n: f64) -> f64 {
    100.0 * n / (1.0 + 0.02 * (n - 1.0) + 0.0002 * n * (n - 1.0))
}

fn tested(up_to: u32) -> Vec<(f64, f64, f64, f64)> {
    let wobble = [0.004, -0.006, 0.003, -0.002, 0.006, -0.004, 0.001, -0.003];
    (0..up_to)
        .map(|i| {
            let n = f64::from(1_u32 << i);
            (n, law(n) * (1.0 + wobble[i as usize]), 10.0 + n, 0.0)
        })
        .collect()
}

fn question(at_latency: Option<f64>) -> Question {
    Question {
        at_latency: at_latency.map(|ms| ms * 1e6),
        ..Question::default()
    }
}

#[test]
fn the_peak_is_said_only_where_it_was_tested() {
    let all = Capacity::new(sweep(&tested(8)), question(None));
    let peak = all.peak.unwrap();
    assert!((peak.n - 70.0).abs() < 4.0, "{peak:?}");
    assert_eq!(all.peak_status(), "within_tested");
    assert!(all.is_sound(), "{:?}", all.checks);
    let part = Capacity::new(sweep(&tested(6)), question(None));
    assert_eq!(part.peak, None);
    assert_eq!(part.peak_status(), "no peak up to 32");
    let available = part.available.unwrap();
    assert_eq!(available.limited_by, LimitedBy::Tested);
    assert!(available.high.is_none() && available.low < available.value);
}

#[test]
fn raytracer_tested_to_20_has_no_peak_up_to_20() {
    let data = [
        (1., 20.),
        (4., 78.),
        (8., 130.),
        (12., 170.),
        (16., 190.),
        (20., 200.),
    ];
    let steps: Vec<_> = data.iter().map(|(n, x)| (*n, *x, 1.0, 0.0)).collect();
    for fit in [Residuals::Log, Residuals::Absolute] {
        let asked = Question {
            fit,
            ..Question::default()
        };
        let found = Capacity::new(sweep(&steps), asked);
        assert_eq!(found.peak_status(), "no peak up to 20");
        assert!(found.peak.is_none());
    }
}

#[test]
fn the_tail_budget_ends_what_is_carried() {
    let found = Capacity::new(sweep(&tested(8)), question(Some(50.0)));
    let at = found.at_latency.unwrap();
    // 10 + N reaches 50 ms at 40, between the steps 32 and 64.
    assert!((at.n - 40.0).abs() < 1e-9 && at.first_broken == Some(64.0));
    let available = found.available.unwrap();
    assert_eq!(available.limited_by, LimitedBy::Latency);
    assert!(available.low <= law(32.0) && available.high.unwrap() >= law(64.0));
    let broken = Capacity::new(sweep(&tested(8)), question(Some(5.0)));
    let available = broken.available.unwrap();
    assert!(available.value == 0.0 && available.low == 0.0);
}

#[test]
fn failing_steps_are_no_throughput() {
    let mut steps = tested(8);
    // A fast failure: much throughput, all of it errors.
    steps[7].1 = 1e6;
    steps[7].3 = 0.4;
    let found = Capacity::new(sweep(&steps), question(None));
    assert_eq!(found.first_failing, Some(128.0));
    let law = found.law.as_ref().unwrap();
    assert!((law.alpha - 0.02).abs() < 0.01, "{law:?}");
    let available = found.available.unwrap();
    assert!(available.value < 3000.0 && available.high.is_some());
    // A step that fails below one that does not is no sweep to rely on.
    let mut steps = tested(8);
    steps[2].3 = 0.4;
    assert!(!Capacity::new(sweep(&steps), question(None)).is_sound());
}

#[test]
fn each_check_blocks_a_pass() {
    let sound = |steps: &[(f64, f64, f64, f64)]| Capacity::new(sweep(steps), question(None));
    let fails = |found: &Capacity, name: &str| {
        let check = found
            .checks
            .iter()
            .find(|check| check.name == name)
            .unwrap();
        assert_eq!(check.ok, Some(false), "{check:?}");
        assert!(!found.is_sound());
    };
    fails(&sound(&tested(5)), "levels");
    let high: Vec<_> = tested(8)
        .into_iter()
        .enumerate()
        .map(|(i, s)| (f64::from(20 + i as u32), s.1, s.2, s.3))
        .collect();
    fails(&sound(&high), "lowest");
    let mut fast = tested(8);
    fast[3].1 *= 1.6;
    fails(&sound(&fast), "efficiency");
    fails(&sound(&fast), "law");
    let mut thinking = sweep(&tested(8));
    thinking.steps[2].mean[0] *= 1.2;
    fails(&Capacity::new(thinking, question(None)), "little");
    let mut busy = sweep(&tested(8));
    busy.steps[7].generator_cpu = vec![0.93];
    fails(&Capacity::new(busy, question(None)), "generator");
    let mut shaky = sweep(&tested(8));
    shaky.steps[4].throughput.push(law(16.0) * 1.5);
    fails(&Capacity::new(shaky, question(None)), "steady");
    let mut rising = sweep(&tested(8));
    for (i, step) in rising.steps.iter_mut().enumerate() {
        step.order = vec![i as f64];
    }
    fails(&Capacity::new(rising, question(None)), "order");
    let mut silent = sweep(&tested(8));
    silent.steps.iter_mut().for_each(|s| s.error_rate.clear());
    fails(&Capacity::new(silent, question(None)), "errors");
}

#[test]
fn nothing_beyond_the_first_load_that_breaks_the_tail_is_carried() {
    let dipped = |at: usize, ms: f64| {
        let mut steps = tested(8);
        steps[at].2 = ms;
        Capacity::new(sweep(&steps), question(Some(50.0)))
    };
    let tail = |of: &Capacity| {
        of.checks
            .iter()
            .find(|c| c.name == "tail")
            .cloned()
            .unwrap()
    };
    // Far over at N = 4 and well at N = 8: neither is what the load does.
    let found = dipped(2, 900.0);
    assert_eq!(tail(&found).ok, Some(false));
    assert!(
        tail(&found)
            .detail
            .contains("N = 4 and well within it at N = 8")
    );
    assert!(!found.is_sound());
    // A little over before a little under is noise, and ends what is carried all the same.
    for (at, ms) in [(4, 50.3), (2, 900.0)] {
        let found = dipped(at, ms);
        let own = found.at_latency.unwrap();
        let bad = own.first_broken.unwrap();
        assert_eq!(own.first_broken, Some(f64::from(1_u32 << at)));
        assert!(own.n < bad && own.last_good == Some(bad / 2.0), "{own:?}");
    }
    assert_eq!(tail(&dipped(4, 50.3)).ok, Some(true));
    // Broken from the lowest load on, whatever larger ones do.
    let found = dipped(0, 55.0);
    assert_eq!(found.at_latency.unwrap().throughput, None);
}

#[test]
fn a_load_between_two_steps_is_named_where_runs_would_not_tell() {
    // 42 ms at N = 32, 74 ms at N = 64.
    let found = Capacity::new(sweep(&tested(8)), question(Some(50.0)));
    assert_eq!(found.available.unwrap().gap, Some((32.0, 64.0)));
    let between = law(32.0).midpoint(law(64.0));
    assert_eq!(found.test_between(between), Some((32.0, 48.0, 64.0)));
    for outside in [0.95 * law(32.0), 1.05 * law(64.0)] {
        assert_eq!(found.test_between(outside), None);
    }
    let all = Capacity::new(sweep(&tested(8)), question(None));
    assert_eq!(all.test_between(between), None);
}

#[test]
fn degenerate_sweeps_have_no_law() {
    for steps in [&tested(8)[..1], &tested(8)[..3], &[][..]] {
        let found = Capacity::new(sweep(steps), question(Some(50.0)));
        assert!(found.law.is_none() && found.available.is_none() && !found.is_sound());
        assert_eq!(found.peak_status(), "none");
    }
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs
        .iter()
        .map(|(k, v)| ((*k).into(), (*v).into()))
        .collect()
}

#[test]
fn steps_are_found_by_their_tags() {
    let all: Vec<Tags> = ["1", "2", "4"]
        .iter()
        .flat_map(|n| {
            [
                tags(&[("connections", n), ("threads", n)]),
                tags(&[("connections", n), ("fault", "db-slow")]),
            ]
        })
        .collect();
    let mut observed = Vec::new();
    for tags in &all {
        for (metric, value) in [("rate", 10.0), ("latency.p95", 5.0), ("latency.mean", 3.0)] {
            observed.push(Observed {
                benchmark: "api",
                metric,
                tags,
                values: vec![value],
            });
        }
    }
    let found = sweeps(&observed, &SweepOptions::default(), false);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].loads(), ["1", "2", "4"]);
    assert_eq!(
        (found[0].fault(), found[1].fault()),
        (None, Some("db-slow"))
    );
    assert_eq!(found[0].tail, "latency.p95");
    let other = SweepOptions {
        x: Some("users".into()),
        ..SweepOptions::default()
    };
    assert!(sweeps(&observed, &other, false).is_empty());
}

#[test]
fn scenarios_and_rates_are_loads_too() {
    let all = [
        tags(&[("scenario", "vus_10")]),
        tags(&[("scenario", "vus_20")]),
        tags(&[("scenario", "warm-up")]),
    ];
    let observed: Vec<Observed<'_>> = all
        .iter()
        .map(|tags| Observed {
            benchmark: "k6",
            metric: "rate",
            tags,
            values: vec![7.0],
        })
        .collect();
    let found = sweeps(&observed, &SweepOptions::default(), false);
    assert_eq!(found[0].loads(), ["10", "20"]);
    // 500/s at 20 ms are 10 at work.
    let all = [tags(&[("rate", "500")]), tags(&[("rate", "900")])];
    let mut observed = Vec::new();
    for (tags, rate) in all.iter().zip([500.0, 900.0]) {
        for (metric, value) in [("rate", rate), ("latency.mean", 20e6)] {
            observed.push(Observed {
                benchmark: "vegeta",
                metric,
                tags,
                values: vec![value],
            });
        }
    }
    let found = sweeps(&observed, &SweepOptions::default(), false);
    assert_eq!(found[0].loads(), ["10", "18"]);
    assert!(found[0].by_little && !found[0].is_closed());
}

#[test]
fn recovery_is_counted_from_the_end_of_the_overload() {
    let moment = |time: u32, n: f64, ms: f64| Moment {
        time: f64::from(time),
        n,
        tail: Some(ms * 1e6),
        errors: Some(0.0),
    };
    let mut all = vec![moment(0, 10.0, 20.0), moment(1, 10.0, 22.0)];
    all.extend((2..5).map(|t| moment(t, 80.0, 400.0)));
    all.extend([
        moment(5, 10.0, 380.0),
        moment(6, 10.0, 120.0),
        moment(7, 10.0, 25.0),
        moment(8, 10.0, 24.0),
    ]);
    let found = recovery(&all, Some(50e6), 0.01).unwrap();
    assert_eq!(
        (found.overload, found.after, found.seconds),
        (80.0, 10.0, Some(2.0))
    );
    let never = recovery(&all[..7], Some(50e6), 0.01).unwrap();
    assert_eq!(never.seconds, None);
    assert_eq!(recovery(&all[..2], Some(50e6), 0.01), None);
    assert_eq!(recovery(&all[..5], Some(50e6), 0.01), None);
}
