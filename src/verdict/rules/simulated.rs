//! What the rules over time do on histories whose truth is known.

use super::judge_creep;
use crate::analysis::{Step, Windowed};
use crate::detect::{Input, Settings, detect};
use crate::verdict::Verdict;

#[derive(Clone, Copy, Debug)]
enum Noise {
    Normal,
    Outliers,
    Bimodal,
    Correlated,
}

const NOISES: [Noise; 4] = [
    Noise::Normal,
    Noise::Outliers,
    Noise::Bimodal,
    Noise::Correlated,
];

/// SplitMix64 (Steele, Lea & Flood 2014).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn normal(rng: &mut Random) -> f64 {
    let (u, v) = (1.0 - rng.uniform(), rng.uniform());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Noise of about standard deviation 1.
fn noise(kind: Noise, n: usize, rng: &mut Random) -> Vec<f64> {
    let mut last = normal(rng);
    (0..n)
        .map(|_| match kind {
            Noise::Normal => normal(rng),
            Noise::Outliers if rng.uniform() < 0.1 => 8.0 * normal(rng).abs(),
            Noise::Outliers => normal(rng),
            Noise::Bimodal => {
                let mode = if rng.uniform() < 0.7 { -0.6 } else { 1.4 };
                mode + 0.4 * normal(rng)
            }
            Noise::Correlated => {
                last = 0.5 * last + 0.75_f64.sqrt() * normal(rng);
                last
            }
        })
        .collect()
}

/// A window as `check` sees it: the steps are those that the detector finds.
fn windowed(y: &[f64], n: usize) -> Windowed {
    let y = &y[y.len() - n..];
    let values: Vec<f64> = y.iter().map(|y| y.exp()).collect();
    let found = detect(
        &Input {
            values: &values,
            ..Input::default()
        },
        &Settings::default(),
    );
    Windowed {
        x: (0..n).map(|i| i as f64 * 2.0).collect(),
        y: y.to_vec(),
        steps: found
            .change_points
            .iter()
            .map(|change| Step {
                at: change.index,
                accepted: false,
            })
            .collect(),
    }
}

/// Share of histories whose creep is called over.
fn over(
    kind: Noise,
    n: usize,
    cv: f64,
    truth: impl Fn(usize) -> f64,
    margin: f64,
    runs: u64,
) -> f64 {
    let mut count = 0;
    for seed in 0..runs {
        let mut rng = Random(seed * 1_000_003 + n as u64);
        let noise = noise(kind, n, &mut rng);
        let y: Vec<f64> = (0..n).map(|i| truth(i) + cv * noise[i]).collect();
        let (found, _) = judge_creep(&windowed(&y, n), margin, 1.05_f64.ln(), (5, 0));
        count += u64::from(found.verdict == Verdict::Over);
    }
    count as f64 / runs as f64
}

/// Nobody may set a tighter limit than one of 0: an unchanged history is called a creep as often as the
/// level of the test says, whatever the noise.
#[test]
fn an_unchanged_history_creeps_in_less_than_three_of_a_hundred_cases() {
    for kind in NOISES {
        let share = over(kind, 40, 0.02, |_| 0.0, 0.0, 300);
        assert!(share <= 0.03, "{kind:?}: {share}");
    }
}

#[test]
fn twelve_percent_over_forty_commits_are_proven() {
    let total = 1.12_f64.ln();
    let margin = 1.04_f64.ln();
    let slope = |i: usize| total * i as f64 / 39.0;
    let share = over(Noise::Normal, 40, 0.02, slope, margin, 300);
    assert!(share >= 0.95, "{share}");
    let stairs = |i: usize| total * (i * 6 / 40) as f64 / 5.0;
    let share = over(Noise::Normal, 40, 0.02, stairs, margin, 300);
    assert!(
        share >= 0.95,
        "six steps, each too small for the limit of a change: {share}"
    );
}

#[test]
fn one_step_that_alarms_by_itself_is_no_creep() {
    for kind in NOISES {
        let step = |i: usize| if i < 20 { 0.0 } else { 0.1 };
        let share = over(kind, 40, 0.02, step, 1.04_f64.ln(), 200);
        assert!(share <= 0.04, "{kind:?}: {share}");
    }
}
