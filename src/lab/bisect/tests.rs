use super::*;
use crate::lab::Random;
use crate::stats::{median, normal_quantile};
use std::time::SystemTime;

struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
    fn date(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// 64 commits with one planted step of 10 % under noise.
struct Fake {
    random: Random,
    first_bad: usize,
    step: f64,
    noise: f64,
    outliers: f64,
    broken: Vec<usize>,
    /// Another step of the same size, at this commit.
    second: Option<usize>,
    looks: usize,
}

const COMMITS: usize = 64;

impl Fake {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let first_bad = 1 + (random.uniform() * (COMMITS - 1) as f64) as usize;
        Self {
            random,
            first_bad,
            step: 0.10,
            noise: 0.03,
            outliers: 0.0,
            broken: Vec::new(),
            second: None,
            looks: 0,
        }
    }

    fn value(&mut self, commit: usize) -> f64 {
        self.looks += 1;
        let u = self.random.uniform().clamp(1e-12, 1.0 - 1e-12);
        let mut y = 100.0 * (self.noise * normal_quantile(u)).exp();
        if commit >= self.first_bad {
            y *= 1.0 + self.step;
        }
        if self.second.is_some_and(|second| commit >= second) {
            y *= 1.0 + self.step;
        }
        if self.random.uniform() < self.outliers {
            y *= 1.5;
        }
        y
    }
}

impl Probe for Fake {
    fn look(&mut self, commit: usize) -> Result<Look, LabError> {
        if self.broken.contains(&commit) {
            return Ok(Look::Skip("does not build".into()));
        }
        Ok(Look::Values(vec![self.value(commit)]))
    }
}

const AIM: Aim = Aim {
    confidence: 0.95,
    time: Duration::from_secs(1),
};

fn run(fake: &mut Fake) -> Found {
    bisect(fake, &Still, COMMITS, &AIM, &mut |_: Progress| {}).unwrap()
}

/// Plain bisection: levels from as many looks at the ends, then the median of `repeats` looks at
/// each middle against the threshold between them.
fn plain(fake: &mut Fake, repeats: usize) -> usize {
    let of = |fake: &mut Fake, commit, n| -> f64 {
        let values: Vec<f64> = (0..n).map(|_| fake.value(commit).ln()).collect();
        values.iter().sum::<f64>() / n as f64
    };
    let threshold = 0.5 * (of(fake, 0, CALIBRATION) + of(fake, COMMITS - 1, CALIBRATION));
    let (mut good, mut bad) = (0, COMMITS - 1);
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        if of(fake, middle, repeats) > threshold {
            bad = middle;
        } else {
            good = middle;
        }
    }
    bad
}

/// Of so many searches: how often right, mean number of measurements.
fn share(runs: u64, mut search: impl FnMut(&mut Fake) -> bool) -> (f64, f64) {
    let (mut right, mut looks) = (0, 0);
    for seed in 0..runs {
        let mut fake = Fake::new(seed);
        right += u32::from(search(&mut fake));
        looks += fake.looks;
    }
    (f64::from(right) / runs as f64, looks as f64 / runs as f64)
}

#[test]
fn the_right_commit_among_64_in_fewer_measurements_than_plain_bisection() {
    let own = |fake: &mut Fake| {
        let found = run(fake);
        found.end == End::Sure && found.between == (fake.first_bad, fake.first_bad)
    };
    // As asked for: 40 searches.
    let (right, _) = share(40, own);
    assert!(right >= 0.9, "{right}");
    // Against plain bisection on many more, so that chance does not decide.
    let (right, looks) = share(400, own);
    assert!(right >= 0.92, "{right}");
    let repeats = (1..20)
        .find(|repeats| {
            let (plainly, _) = share(400, |fake| plain(fake, *repeats) == fake.first_bad);
            plainly >= right
        })
        .unwrap();
    let (plainly, plain_looks) = share(400, |fake| plain(fake, repeats) == fake.first_bad);
    println!("own {right} in {looks}; plain, {repeats} repeats, {plainly} in {plain_looks}");
    assert!(looks < plain_looks, "{looks} {plain_looks}");
}

#[test]
fn commits_that_do_not_build_are_gone_around() {
    let (mut wrong, mut partly) = (0, 0);
    for seed in 0..60 {
        let mut fake = Fake::new(seed);
        let mut drawn = Random::new(seed + 1000);
        fake.broken = (1..COMMITS - 1).filter(|_| drawn.uniform() < 0.3).collect();
        let found = run(&mut fake);
        let holds = (found.between.0..=found.between.1).contains(&fake.first_bad);
        wrong += u32::from(!holds);
        // What remains are commits that could not be measured, and the next that could.
        for commit in found.between.0..found.between.1 {
            assert!(fake.broken.contains(&commit), "{found:?}");
        }
        partly += u32::from(found.end == End::Partly);
        assert!(!matches!(found.end, End::NoDifference | End::Improved));
    }
    assert!(wrong <= 5, "{wrong}");
    assert!(partly <= 5, "{partly}");
}

#[test]
fn outliers_convince_nobody() {
    let (right, _) = share(100, |fake| {
        fake.outliers = 0.05;
        let found = run(fake);
        found.between == (fake.first_bad, fake.first_bad) || found.end == End::NoDifference
    });
    assert!(right >= 0.88, "{right}");
}

#[test]
fn without_a_difference_nothing_is_blamed() {
    let blamed = (0..100)
        .filter(|seed| {
            let mut fake = Fake::new(*seed);
            fake.step = 0.0;
            run(&mut fake).end != End::NoDifference
        })
        .count();
    assert!(blamed <= 8, "{blamed}");
}

#[test]
fn a_step_that_is_not_the_whole_difference_is_called_a_part() {
    let (mut whole, mut told) = (0, 0);
    for seed in 0..100 {
        let mut fake = Fake::new(seed);
        (fake.noise, fake.step) = (0.01, 0.06);
        let found = run(&mut fake);
        whole += u32::from(found.end == End::Partly);
        let mut fake = Fake::new(seed);
        (fake.noise, fake.step) = (0.01, 0.06);
        (fake.first_bad, fake.second) = (21, Some(43));
        let found = run(&mut fake);
        // Bad's own level is both steps, and no commit is blamed for both.
        let (before, after) = found.levels;
        assert!((after / before - 1.1236).abs() < 0.05, "{found:?}");
        assert!(!matches!(found.end, End::NoDifference | End::Improved));
        let (before, after) = found.step.unwrap_or((1.0, 2.0));
        told += u32::from(found.end == End::Partly && (after / before - 1.06).abs() < 0.03);
    }
    println!("one step called a part {whole}, two told {told} of 100");
    assert!(whole <= 5, "{whole}");
    assert!(told >= 90, "{told}");
}

#[test]
fn an_improvement_is_not_called_no_difference() {
    let mut fake = Fake::new(3);
    fake.step = -0.2;
    let found = run(&mut fake);
    assert_eq!(found.end, End::Improved);
    assert!(found.levels.1 < found.levels.0);
}

#[test]
fn time_that_is_over_before_the_ends_were_measured_is_said() {
    struct Late;
    impl Probe for Late {
        fn look(&mut self, _: usize) -> Result<Look, LabError> {
            Ok(Look::Values(Vec::new()))
        }
    }
    let error = bisect(&mut Late, &Still, 9, &AIM, &mut |_: Progress| {}).unwrap_err();
    assert!(error.to_string().contains("--time"), "{error}");
}

#[test]
fn exact_values_need_no_more_looks_than_plain_bisection() {
    let mut fake = Fake::new(3);
    fake.noise = 0.0;
    let found = run(&mut fake);
    assert_eq!(
        (found.end.clone(), found.likeliest),
        (End::Sure, fake.first_bad)
    );
    assert!(
        found.measured <= 2 * CALIBRATION + 7 + 2 * OWN,
        "{}",
        found.measured
    );
    let (before, after) = found.levels;
    assert!((after / before - 1.1).abs() < 1e-6);
}

#[test]
fn where_the_time_is_over_a_range_is_the_answer() {
    struct Fast(std::cell::Cell<u64>);
    impl Clock for Fast {
        fn now(&self) -> Duration {
            self.0.set(self.0.get() + 1);
            Duration::from_secs(self.0.get())
        }
        fn date(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
    }
    let mut fake = Fake::new(5);
    let aim = Aim {
        time: Duration::from_secs(4),
        ..AIM
    };
    let clock = Fast(std::cell::Cell::new(0));
    let found = bisect(&mut fake, &clock, COMMITS, &aim, &mut |_: Progress| {}).unwrap();
    assert_eq!(found.end, End::TimeUp);
    assert!(found.probability >= 0.95 && found.between.1 > found.between.0);
    assert!((found.between.0..=found.between.1).contains(&fake.first_bad));
}

#[test]
fn two_commits_need_no_search_and_broken_ends_are_named() {
    let mut fake = Fake::new(1);
    fake.first_bad = 1;
    let found = bisect(&mut fake, &Still, 2, &AIM, &mut |_: Progress| {}).unwrap();
    assert_eq!((found.end, found.between), (End::Sure, (1, 1)));
    let mut fake = Fake::new(1);
    fake.broken = vec![COMMITS - 1];
    let error = bisect(&mut fake, &Still, COMMITS, &AIM, &mut |_: Progress| {}).unwrap_err();
    assert!(error.to_string().contains("the bad commit"), "{error}");
}

#[test]
fn probabilities_are_probabilities_whatever_is_measured() {
    for values in [
        &[0.0, 0.0, -1.0, 5.0][..],
        &[1.0; 4],
        &[1e300, 1e-300, f64::NAN, 2.0],
    ] {
        let mut posterior = Posterior::new(9);
        for (at, value) in values.iter().enumerate() {
            for commit in [0, 8, at + 2] {
                posterior.add(Reading {
                    commit,
                    value: *value,
                });
            }
        }
        posterior.fit();
        let sum: f64 = (0..9).map(|c| posterior.of(c)).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{values:?}: {sum}");
        assert!(median(&[posterior.levels().0]).is_some());
    }
}
