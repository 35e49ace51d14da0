//! No evidence is never green, and plain evidence is answered plainly: the same generator of
//! pull requests for both, judged by the code of `check`.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

#[path = "../benches/calibration/noise.rs"]
#[allow(dead_code, reason = "shared with the benchmarks")]
mod noise;
#[path = "../benches/calibration/random.rs"]
#[allow(dead_code, reason = "shared with the benchmarks")]
mod random;
#[path = "../benches/simulation/world.rs"]
#[allow(dead_code, reason = "shared with the benchmarks")]
mod world;

use noise::Noise;
use plimsoll::verdict::{Exit, LimitVerdict, Stage, Summary, Verdict};
use random::Random;
use world::{CV, Design, World, budgets};

const CASES: u64 = 300;
const NOISES: [Noise; 4] = [Noise::Normal, Noise::Outliers, Noise::Heavy, Noise::Ar(0.5)];

/// A design with five runs a commit and enough commits, drawn at random.
fn drawn(random: &mut Random) -> Design {
    Design {
        series: 1 + random.below(3),
        base_commits: 20 + random.below(40),
        base_runs: 5,
        head_runs: 5,
        noise: random.pick(&NOISES),
        own: random.between(0.1, 0.9),
        outliers: 0.0,
        effect: 0.0,
    }
}

fn judged(design: Design, limit: &str, seed: u64) -> Vec<LimitVerdict> {
    let world = World::new(design, &[], Random::stream(7, 1, seed)).unwrap();
    world.check(&budgets(limit).unwrap(), Stage::Only).unwrap()
}

fn first(found: &[LimitVerdict]) -> Verdict {
    let own = |v: &&LimitVerdict| {
        v.series
            .as_ref()
            .is_some_and(|key| key.benchmark == "b0000")
    };
    found.iter().find(own).unwrap().judgement.verdict
}

#[test]
fn a_history_that_is_too_short_is_never_green_or_red() {
    for seed in 0..CASES {
        let mut random = Random::stream(11, 1, seed);
        let design = Design {
            base_commits: 1 + random.below(4),
            base_runs: 1 + random.below(5),
            head_runs: 1 + random.below(5),
            effect: random.between(-1.0, 1.0),
            ..drawn(&mut random)
        };
        let found = judged(design, "+5%", seed);
        assert!(!found.is_empty(), "{design:?}");
        for limit in &found {
            assert_eq!(limit.judgement.verdict, Verdict::Unproven, "{design:?}");
        }
        assert_eq!(Summary::new(&found, true, false).census.judged, 0);
    }
}

#[test]
fn a_series_that_the_head_did_not_measure_is_missing_and_trouble() {
    for seed in 0..CASES / 3 {
        let mut random = Random::stream(13, 1, seed);
        let design = Design {
            series: 2,
            ..drawn(&mut random)
        };
        let mut world = World::new(design, &[], Random::stream(7, 2, seed)).unwrap();
        world.forget_head_of(0);
        let found = world.check(&budgets("+50%").unwrap(), Stage::Only).unwrap();
        assert_eq!(first(&found), Verdict::Missing, "{design:?}");
        assert_eq!(Summary::new(&found, false, false).exit, Exit::Trouble);
    }
}

#[test]
fn noise_wider_than_the_limit_is_not_proven_within() {
    let mut green = 0;
    for seed in 0..CASES {
        let mut random = Random::stream(17, 1, seed);
        // Exactly at the limit: half a standard deviation.
        let design = Design {
            effect: (CV / 2.0).ln_1p(),
            ..drawn(&mut random)
        };
        green += u32::from(first(&judged(design, "+1%", seed)) == Verdict::Within);
    }
    assert!(green * 100 <= 9 * CASES as u32, "{green} of {CASES} green");
}

#[test]
fn clear_breaches_are_over_and_unchanged_series_within() {
    let (mut over, mut within) = (0, 0);
    for seed in 0..CASES {
        let mut random = Random::stream(19, 1, seed);
        let unchanged = drawn(&mut random);
        // Twelve per cent: more than four standard errors of a head of the noise drawn here.
        let breach = Design {
            effect: 0.25_f64.ln_1p(),
            ..unchanged
        };
        over += u32::from(first(&judged(breach, "+12%", seed)) == Verdict::Over);
        within += u32::from(first(&judged(unchanged, "+12%", seed)) == Verdict::Within);
    }
    assert!(over * 100 >= 95 * CASES as u32, "{over} of {CASES} over");
    assert!(
        within * 100 >= 90 * CASES as u32,
        "{within} of {CASES} within"
    );
}
