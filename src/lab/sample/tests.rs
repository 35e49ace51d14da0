use super::*;
use crate::lab::{Random, Taken};
use crate::model::{Failure, Tags};
use crate::verdict::Contrast;
use std::cell::Cell;
use std::time::SystemTime;

/// A clock that only moves when something runs.
#[derive(Default)]
struct FakeClock(Cell<Duration>);

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        self.0.get()
    }
    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.get()
    }
}

/// A benchmark of 100 ms whose head is slower by a plant, on a machine with noise and drift.
struct FakeBench<'a> {
    clock: &'a FakeClock,
    random: Random,
    plant: f64,
    noise: f64,
    drift_a_second: f64,
    ran: usize,
    fails_at: Option<usize>,
}

impl<'a> FakeBench<'a> {
    fn new(clock: &'a FakeClock, seed: u64, plant: f64) -> Self {
        Self {
            clock,
            random: Random::new(seed),
            plant,
            noise: 0.02,
            drift_a_second: 0.0,
            ran: 0,
            fails_at: None,
        }
    }
}

fn one(metric: &str, value: f64) -> Measurement {
    Measurement {
        benchmark: "app".into(),
        metric: metric.into(),
        value,
        unit: Unit::Nanoseconds,
        direction: Some(Direction::Lower),
        tags: Tags::new(),
        n: 1,
        spread: None,
        samples: None,
        source_metric: metric.into(),
        source_unit: "ns".into(),
    }
}

impl Bench for FakeBench<'_> {
    fn run(&mut self, side: Side) -> Result<Taken, LabError> {
        self.ran += 1;
        if self.fails_at == Some(self.ran) {
            return Err(LabError::Interrupted);
        }
        let u = self.random.uniform().clamp(1e-9, 1.0 - 1e-9);
        let z = crate::stats::normal_quantile(u);
        let slower = if side == Side::Head {
            1.0 + self.plant
        } else {
            1.0
        };
        let drift = 1.0 + self.drift_a_second * self.clock.now().as_secs_f64();
        let seconds = 0.1 * slower * drift * (self.noise * z).exp();
        self.clock
            .0
            .set(self.clock.now() + Duration::from_secs_f64(seconds));
        Ok(Taken {
            measurements: vec![one("cpu", seconds * 1e9)],
            failures: Vec::new(),
        })
    }
}

fn plan(seconds: u64) -> Plan {
    Plan {
        seed: 1,
        time: Duration::from_secs(seconds),
        pairs: None,
        at_most: None,
        control: true,
        warm_ups: 1,
    }
}

fn sampled(bench: &mut FakeBench<'_>, plan: &Plan) -> Sampled {
    let clock = bench.clock;
    sample(bench, clock, plan, "here", &mut |_: Progress| {}).unwrap()
}

#[test]
fn the_number_of_rounds_comes_from_the_time_and_keeps_to_it() {
    let clock = FakeClock::default();
    let mut bench = FakeBench::new(&clock, 1, 0.0);
    let found = sampled(&mut bench, &plan(20));
    // 100 ms a run, 2.5 runs a pair with its share of the control.
    assert!((70..=90).contains(&found.pairs), "{}", found.pairs);
    assert_eq!(found.controls, found.pairs / 4);
    assert!(clock.now() < Duration::from_secs(22));
    assert_eq!(found.series.len(), 1);
    assert_eq!(found.series[0].base.len(), found.pairs);
    assert_eq!(found.series[0].control.len(), found.controls);
}

#[test]
fn too_little_time_runs_nothing_and_says_how_much_is_needed() {
    let clock = FakeClock::default();
    let mut bench = FakeBench::new(&clock, 1, 0.0);
    let found = sampled(&mut bench, &plan(1));
    assert_eq!((found.pairs, bench.ran), (0, 2));
    let needed = found.time_needed.unwrap();
    assert!((1.2..2.0).contains(&needed.as_secs_f64()), "{needed:?}");
}

#[test]
fn too_little_time_is_stretched_for_the_fewest_pairs_and_no_further_than_allowed() {
    let clock = FakeClock::default();
    let mut bench = FakeBench::new(&clock, 1, 0.0);
    let stretched = |seconds| Plan {
        at_most: Some(Duration::from_secs(seconds)),
        ..plan(1)
    };
    assert_eq!(sampled(&mut bench, &stretched(10)).pairs, 6);
    assert_eq!(sampled(&mut bench, &stretched(1)).pairs, 0);
    let plenty = Plan {
        time: Duration::from_secs(20),
        ..stretched(10)
    };
    assert!(sampled(&mut bench, &plenty).pairs > 60);
}

#[test]
fn the_number_of_rounds_does_not_depend_on_what_is_measured() {
    // Both runs of the warm-up take as long; then one is slower by half.
    let pairs = |plant| {
        let clock = FakeClock::default();
        let mut bench = FakeBench::new(&clock, 1, plant);
        let fixed = Plan {
            pairs: Some(9),
            ..plan(1)
        };
        sampled(&mut bench, &fixed).pairs
    };
    assert_eq!((pairs(0.0), pairs(0.5)), (9, 9));
}

#[test]
fn an_interruption_gives_no_half_comparison() {
    let clock = FakeClock::default();
    let mut bench = FakeBench::new(&clock, 1, 0.0);
    bench.fails_at = Some(12);
    let found = sample(&mut bench, &clock, &plan(20), "here", &mut |_: Progress| {});
    assert!(matches!(found, Err(LabError::Interrupted)));
}

#[test]
fn a_benchmark_that_one_side_lacks_stays_empty_there() {
    struct Uneven;
    impl Bench for Uneven {
        fn run(&mut self, side: Side) -> Result<Taken, LabError> {
            let mut taken = Taken {
                measurements: vec![one("cpu", 1.0)],
                failures: Vec::new(),
            };
            if side == Side::Head {
                taken.measurements.push(one("new", 2.0));
                taken.failures.push(Failure {
                    benchmark: "broken".into(),
                    reason: "panicked".into(),
                    tags: Tags::new(),
                });
            } else {
                taken.measurements.push(one("old", 2.0));
            }
            Ok(taken)
        }
    }
    let clock = FakeClock::default();
    let fixed = Plan {
        pairs: Some(6),
        ..plan(1)
    };
    let found = sample(&mut Uneven, &clock, &fixed, "here", &mut |_: Progress| {}).unwrap();
    let sizes: Vec<_> = found
        .series
        .iter()
        .map(|s| (s.key.metric.as_str(), s.base.len(), s.head.len()))
        .collect();
    assert_eq!(sizes, [("cpu", 6, 6), ("new", 0, 6), ("old", 6, 0)]);
    assert_eq!(found.failed[0].benchmark, "broken");
}

#[test]
fn a_benchmark_that_is_silent_in_some_runs_of_the_head_failed() {
    struct Flaky(usize);
    impl Bench for Flaky {
        fn run(&mut self, side: Side) -> Result<Taken, LabError> {
            let mut measurements = vec![one("cpu", 1.0)];
            let flaky = Measurement {
                benchmark: "flaky".into(),
                ..one("cpu", 1.0)
            };
            if side == Side::Head {
                self.0 += 1;
            }
            if side == Side::Base || self.0.is_multiple_of(3) {
                measurements.push(flaky);
            }
            Ok(Taken {
                measurements,
                failures: Vec::new(),
            })
        }
    }
    let fixed = Plan {
        pairs: Some(6),
        control: false,
        ..plan(1)
    };
    let clock = FakeClock::default();
    let found = sample(&mut Flaky(0), &clock, &fixed, "here", &mut |_: Progress| {}).unwrap();
    let told: Vec<_> = found
        .failed
        .iter()
        .map(|failure| (failure.benchmark.as_str(), failure.reason.as_str()))
        .collect();
    assert_eq!(told, [("flaky", "it gave a result in 2 of 6 runs only")]);
}

/// Shares of 200 comparisons in which "worse" and "worse by more than 5 %" were proven, and the mean
/// size that was measured.
fn shares(plant: f64, noise: f64, drift: f64) -> (f64, f64, f64) {
    let (mut worse, mut over, mut size) = (0.0, 0.0, 0.0);
    for seed in 0..200 {
        let clock = FakeClock::default();
        let mut bench = FakeBench::new(&clock, seed, plant);
        bench.noise = noise;
        bench.drift_a_second = drift;
        let plan = Plan {
            seed,
            pairs: Some(40),
            ..plan(60)
        };
        let found = sampled(&mut bench, &plan);
        let series = &found.series[0];
        let contrast = Contrast::new(&series.base, &series.head, Direction::Lower).unwrap();
        worse += f64::from(u8::from(contrast.shift.p <= 0.05));
        let p = crate::stats::p_above(&contrast.differences, 0.05_f64.ln_1p());
        over += f64::from(u8::from(p <= 0.05));
        size += contrast.effect().unwrap().0;
    }
    (worse / 200.0, over / 200.0, size / 200.0)
}

#[test]
fn false_verdicts_and_power_are_what_is_promised_even_under_drift() {
    for drift in [0.0, 0.02] {
        let (worse, over, size) = shares(0.0, 0.03, drift);
        assert!(worse <= 0.08 && over <= 0.0, "{worse} {over}");
        assert!(size.abs() < 0.003, "{size}");
        let (worse, _, size) = shares(0.05, 0.03, drift);
        assert!(worse >= 0.99, "{worse}");
        assert!((size - 0.05).abs() < 0.003, "{size}");
        let (_, over, size) = shares(0.10, 0.03, drift);
        assert!(over >= 0.99, "{over}");
        assert!((size - 0.10).abs() < 0.003, "{size}");
        // Exactly at the limit a verdict of over is false: at most 5 % of the time.
        let (_, over, _) = shares(0.05, 0.03, drift);
        assert!(over <= 0.08, "{over}");
    }
}

/// Whichever build is measured first: what has two units is no new benchmark and no lost one.
#[test]
fn a_unit_that_changes_from_build_to_build_is_a_failure() {
    for order in [[Side::Base, Side::Head], [Side::Head, Side::Base]] {
        let mut gathered = Gathered::default();
        for pair in 0..6 {
            for side in order {
                let mut measured = one("speed", 10.0);
                if side == Side::Head {
                    measured.unit = Unit::Bytes;
                }
                gathered.take(
                    Turn::Pair(pair, side),
                    Taken {
                        measurements: vec![measured],
                        failures: Vec::new(),
                    },
                );
            }
        }
        let failed = gathered.failed(6);
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].benchmark, "app");
        let reason = &failed[0].reason;
        assert!(
            reason.starts_with("`speed` is measured in `") && reason.contains("`B`"),
            "{reason}"
        );
    }
}
