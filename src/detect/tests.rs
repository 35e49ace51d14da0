//! Degenerate inputs by name, and what must not matter.

#![allow(clippy::float_cmp, reason = "exact results are expected")]

use super::*;
use proptest::prelude::*;

fn run(values: &[f64]) -> Detection {
    detect(
        &Input {
            values,
            ..Input::default()
        },
        &Settings::default(),
    )
}

fn places(detection: &Detection) -> Vec<usize> {
    detection.change_points.iter().map(|c| c.index).collect()
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn normals(seed: u64, n: usize) -> Vec<f64> {
    let mut random = Random(seed);
    (0..n).map(|_| random.normal()).collect()
}

/// `n` points around 100 with 1 % noise, times `ratio` from `at` on.
fn step(seed: u64, n: usize, at: usize, ratio: f64) -> Vec<f64> {
    normals(seed, n)
        .iter()
        .enumerate()
        .map(|(i, z)| 100.0 * (1.0 + 0.01 * z) * if i < at { 1.0 } else { ratio })
        .collect()
}

#[test]
fn no_points() {
    let found = run(&[]);
    assert!(found.change_points.is_empty() && found.regimes.is_empty());
}

#[test]
fn one_to_five_points_prove_nothing_and_do_not_panic() {
    for n in 1..=5 {
        let values: Vec<f64> = (0..n).map(|i| if i < n / 2 { 1.0 } else { 9.0 }).collect();
        let found = run(&values);
        assert!(found.change_points.is_empty(), "{n}");
        assert_eq!(found.regimes.len(), 1);
        assert_eq!(found.regimes[0].n, n);
        assert_eq!((found.regimes[0].first, found.regimes[0].last), (0, n - 1));
    }
}

#[test]
fn one_point_is_its_own_level_without_noise() {
    let found = run(&[5.0]);
    assert!((found.regimes[0].level - 5.0).abs() < 1e-12);
    assert_eq!(found.sigma, 0.0);
}

#[test]
fn constant_series_has_no_change() {
    for value in [0.0, 7.0, -3.0, 1e300, 1e-300] {
        let found = run(&[value; 50]);
        assert!(found.change_points.is_empty());
        assert_eq!(found.sigma, 0.0);
        assert_eq!(found.regimes.len(), 1);
    }
}

#[test]
fn a_step_of_a_constant_series_is_found_exactly() {
    let mut values = vec![5.0; 40];
    values[25..].fill(6.0);
    let found = run(&values);
    assert_eq!(places(&found), vec![25]);
    let change = &found.change_points[0];
    assert!((change.effect - 0.2).abs() < 1e-9);
    assert_eq!((change.from, change.to), (25, 25));
}

#[test]
fn integers_that_tie() {
    let mut random = Random(5);
    let flat: Vec<f64> = (0..200)
        .map(|_| (3.0 * random.uniform()).floor() + 10.0)
        .collect();
    assert!(run(&flat).change_points.is_empty());
    let stepped: Vec<f64> = flat
        .iter()
        .enumerate()
        .map(|(i, v)| v + if i < 120 { 0.0 } else { 3.0 })
        .collect();
    let found = run(&stepped);
    assert_eq!(found.change_points.len(), 1);
    assert!(found.change_points[0].index.abs_diff(120) <= 2);
}

#[test]
fn clear_step_is_found_with_its_size() {
    let found = run(&step(1, 200, 120, 1.05));
    assert_eq!(found.scale, Scale::Log);
    assert_eq!(found.change_points.len(), 1);
    let change = &found.change_points[0];
    assert!(change.from <= 120 && 120 <= change.to);
    assert!(change.index.abs_diff(120) <= 1);
    assert!(change.effect_low < 0.05 && 0.05 < change.effect_high);
    assert!(change.effect_low > 0.04 && change.effect_high < 0.06);
    assert!((found.sigma - 0.01).abs() < 0.002);
    assert_eq!(found.regimes.len(), 2);
    assert_eq!(found.regimes[0].last + 1, found.regimes[1].first);
}

#[test]
fn improvements_are_found_as_regressions_are() {
    let found = run(&step(2, 200, 80, 1.0 / 1.05));
    assert_eq!(found.change_points.len(), 1);
    assert!(found.change_points[0].effect < -0.04);
}

#[test]
fn one_spike_is_no_change_wherever_it_stands() {
    for at in [0, 1, 100, 198, 199] {
        let mut values = step(3, 200, 200, 1.0);
        values[at] = 1000.0;
        assert!(run(&values).change_points.is_empty(), "{at}");
    }
}

#[test]
fn huge_and_tiny_magnitudes() {
    let base = step(4, 100, 50, 1.1);
    for factor in [1e-300, 1e-9, 1e9, 1e300] {
        let values: Vec<f64> = base.iter().map(|v| v * factor).collect();
        assert_eq!(places(&run(&values)), places(&run(&base)), "{factor}");
    }
}

#[test]
fn extremes_of_the_number_line_on_the_linear_scale() {
    let mut values = vec![f64::MAX, -f64::MAX, 0.0, f64::MIN_POSITIVE];
    values.extend([0.0; 30]);
    let found = run(&values);
    assert_eq!(found.scale, Scale::Linear);
}

#[test]
fn missing_values_keep_their_place() {
    let mut values = step(6, 120, 60, 1.1);
    for i in [0, 10, 58, 59, 60, 61, 100, 119] {
        values[i] = f64::NAN;
    }
    values[30] = f64::INFINITY;
    let found = run(&values);
    assert_eq!(found.change_points.len(), 1);
    let change = &found.change_points[0];
    assert_eq!(change.index, 62, "the first value of the new level");
    assert_eq!(change.from, 58, "what was never measured is suspect too");
    assert_eq!(found.regimes.iter().map(|r| r.n).sum::<usize>(), 111);
    assert_eq!(found.regimes[0].first, 1);
    assert_eq!(found.regimes[1].last, 118);
}

#[test]
fn nothing_but_missing_values() {
    let found = run(&[f64::NAN; 20]);
    assert!(found.change_points.is_empty() && found.regimes.is_empty());
}

#[test]
fn zero_or_negative_values_are_compared_by_difference() {
    let values: Vec<f64> = normals(7, 100)
        .iter()
        .enumerate()
        .map(|(i, z)| z + if i < 50 { 0.0 } else { 8.0 })
        .collect();
    let found = run(&values);
    assert_eq!(found.scale, Scale::Linear);
    assert_eq!(places(&found), vec![50]);
    assert!((found.change_points[0].effect - 8.0).abs() < 1.0);
}

#[test]
fn known_break_is_no_change_and_separates_regimes() {
    let values = step(8, 100, 50, 1.5);
    let found = detect(
        &Input {
            values: &values,
            breaks: &[50],
            ..Input::default()
        },
        &Settings::default(),
    );
    assert!(found.change_points.is_empty());
    assert_eq!(found.regimes.len(), 2);
    assert_eq!(found.regimes[1].first, 50);
}

#[test]
fn breaks_out_of_range_are_ignored() {
    let values = step(9, 50, 50, 1.0);
    let found = detect(
        &Input {
            values: &values,
            breaks: &[0, 50, 51, 900],
            ..Input::default()
        },
        &Settings::default(),
    );
    assert_eq!(found.regimes.len(), 1);
}

#[test]
fn small_effects_can_be_left_out() {
    let values = step(10, 200, 100, 1.03);
    let settings = Settings {
        min_effect: 0.05,
        ..Settings::default()
    };
    let input = Input {
        values: &values,
        ..Input::default()
    };
    assert_eq!(run(&values).change_points.len(), 1);
    let found = detect(&input, &settings);
    assert!(found.change_points.is_empty());
    assert_eq!(found.regimes.len(), 1);
}

#[test]
fn three_machines_in_turn() {
    let mut random = Random(11);
    let factors = [1.0, 1.2, 1.4];
    let strata: Vec<u32> = (0..150).map(|_| (random.next() % 3) as u32).collect();
    let values: Vec<f64> = step(12, 150, 100, 1.1)
        .iter()
        .zip(&strata)
        .map(|(v, s)| v * factors[*s as usize])
        .collect();
    let found = detect(
        &Input {
            values: &values,
            strata: &strata,
            ..Input::default()
        },
        &Settings::default(),
    );
    assert_eq!(found.change_points.len(), 1);
    assert!(found.change_points[0].index.abs_diff(100) <= 1);
    assert!((found.change_points[0].effect - 0.1).abs() < 0.01);
    let ratio = (found.offsets[2] - found.offsets[0]).exp();
    assert!((ratio - 1.4).abs() < 0.02, "{ratio}");
}

#[test]
fn a_rare_machine_has_no_offset_and_takes_no_part() {
    let mut strata = vec![0_u32; 100];
    let mut values = step(13, 100, 100, 1.0);
    for i in [97, 98, 99] {
        strata[i] = 7;
        values[i] *= 1.5;
    }
    let found = detect(
        &Input {
            values: &values,
            strata: &strata,
            ..Input::default()
        },
        &Settings::default(),
    );
    assert!(found.change_points.is_empty());
    assert!(found.offsets[7].is_nan());
    assert_eq!(found.offsets[0], 0.0);
}

#[test]
fn slices_of_another_length_are_not_known() {
    let values = step(14, 60, 30, 1.2);
    let input = Input {
        values: &values,
        strata: &[0, 1],
        precision: &[0.1],
        ..Input::default()
    };
    assert_eq!(places(&detect(&input, &Settings::default())), vec![30]);
}

#[test]
fn a_hundred_thousand_points() {
    let values = step(15, 100_000, 60_000, 1.01);
    let found = run(&values);
    assert!(
        found
            .change_points
            .iter()
            .any(|c| c.index.abs_diff(60_000) <= 20)
    );
    assert!(found.change_points.len() <= 2);
}

#[test]
fn a_short_way_off_and_back_is_an_excursion() {
    let mut values = step(17, 200, 200, 1.0);
    for value in &mut values[90..100] {
        *value *= 1.1;
    }
    let found = run(&values);
    assert!(found.change_points.is_empty());
    assert_eq!(found.excursions.len(), 1);
    let excursion = &found.excursions[0];
    assert!(excursion.first.abs_diff(90) <= 1 && excursion.last.abs_diff(99) <= 1);
    assert!((excursion.level / 110.0 - 1.0).abs() < 0.01);
    assert_eq!(found.regimes.len(), 1);
    assert_eq!(found.regimes[0].n, 200);
    assert!((found.regimes[0].level / 100.0 - 1.0).abs() < 0.01);
}

#[test]
fn a_longer_way_off_is_two_changes() {
    let mut values = step(17, 200, 200, 1.0);
    for value in &mut values[80..110] {
        *value *= 1.1;
    }
    let found = run(&values);
    assert_eq!(places(&found), vec![80, 110]);
    assert!(found.excursions.is_empty());
}

#[test]
fn the_newest_points_are_no_excursion() {
    let found = run(&step(18, 200, 195, 1.1));
    assert_eq!(places(&found), vec![195]);
}

#[test]
fn many_steps_are_all_found() {
    let values: Vec<f64> = normals(19, 300)
        .iter()
        .enumerate()
        .map(|(i, z)| {
            let level = if (i / 30) % 2 == 0 { 1.0 } else { 1.05 };
            100.0 * level * (1.0 + 0.01 * z)
        })
        .collect();
    let found = run(&values);
    assert_eq!(found.change_points.len(), 9);
    for (i, change) in found.change_points.iter().enumerate() {
        assert!(change.index.abs_diff(30 * (i + 1)) <= 1);
    }
}

#[test]
fn what_was_once_sure_stays_reported() {
    // Points are appended one by one after a step of 2.5 standard deviations: from the first
    // alarm on the change is reported at every length.
    let mut lost = 0;
    for seed in 0..8 {
        let values = step(100 + seed, 140, 80, 1.025);
        let seen: Vec<bool> = (80..140)
            .map(|n| {
                places(&run(&values[..n]))
                    .iter()
                    .any(|at| at.abs_diff(80) <= 5)
            })
            .collect();
        let first = seen.iter().position(|s| *s).unwrap_or(seen.len());
        assert!(first < 30, "found after {first} points with seed {seed}");
        lost += seen[first..].iter().filter(|s| !**s).count();
    }
    assert!(lost <= 4, "{lost} of about 400 looks lost the change");
}

#[test]
fn imprecise_points_count_less() {
    // Five points at the end look like a regression; their own samples say that they scatter.
    let mut values = step(20, 100, 95, 1.06);
    let mut precision = vec![0.002; 100];
    precision[95..].fill(0.2);
    let weighed = detect(
        &Input {
            values: &values,
            precision: &precision,
            ..Input::default()
        },
        &Settings::default(),
    );
    assert_eq!(places(&run(&values)), vec![95]);
    assert!(weighed.change_points.is_empty());
    // Equal or unknown precision changes nothing.
    for same in [0.002, 0.0, f64::NAN, f64::INFINITY, -1.0] {
        let precision = vec![same; 100];
        let found = detect(
            &Input {
                values: &values,
                precision: &precision,
                ..Input::default()
            },
            &Settings::default(),
        );
        assert_eq!(found, run(&values), "{same}");
    }
    values.truncate(5);
    let few = Input {
        values: &values,
        precision: &precision[..5],
        ..Input::default()
    };
    assert!(detect(&few, &Settings::default()).change_points.is_empty());
}

#[test]
fn correlated_noise_is_told_from_changes() {
    let mut flagged = 0;
    for seed in 0..40 {
        let mut state = 0.0;
        let values: Vec<f64> = normals(500 + seed, 200)
            .iter()
            .map(|z| {
                state = 0.5 * state + z;
                100.0 * (0.01 * state).exp()
            })
            .collect();
        flagged += usize::from(!run(&values).change_points.is_empty());
    }
    assert!(flagged <= 2, "{flagged} of 40");
}

#[test]
fn a_clear_step_is_found_in_wandering_noise() {
    for seed in 0..10 {
        let mut state = 0.0;
        let values: Vec<f64> = normals(700 + seed, 200)
            .iter()
            .enumerate()
            .map(|(i, z)| {
                state = 0.8 * state + 0.6 * z;
                100.0 * (0.01 * state).exp() * if i < 20 { 1.0 } else { 1.15 }
            })
            .collect();
        let found = places(&run(&values));
        assert!(
            found.iter().any(|at| at.abs_diff(20) <= 2),
            "{seed}: {found:?}"
        );
    }
}

#[test]
fn all_at_once_is_as_one_by_one_on_any_number_of_threads() {
    let series: Vec<Vec<f64>> = (0..9).map(|i| step(30 + i, 100, 60, 1.04)).collect();
    let inputs: Vec<Input<'_>> = series
        .iter()
        .map(|values| Input {
            values,
            ..Input::default()
        })
        .collect();
    let alone: Vec<Detection> = series.iter().map(|values| run(values)).collect();
    for threads in [0, 1, 2, 16] {
        assert_eq!(detect_all(&inputs, &Settings::default(), threads), alone);
    }
    assert!(detect_all(&[], &Settings::default(), 4).is_empty());
}

#[test]
fn strata_with_names_of_any_size() {
    let values = step(21, 60, 30, 1.2);
    let mut strata = vec![3_u32; 60];
    strata[10] = u32::MAX;
    let found = detect(
        &Input {
            values: &values,
            strata: &strata,
            ..Input::default()
        },
        &Settings::default(),
    );
    assert_eq!(places(&found), vec![30]);
    assert_eq!(found.offsets.len(), 4);
    assert_eq!(found.offsets[3], 0.0);
}

#[test]
fn the_same_data_give_the_same_answer() {
    let values = step(16, 300, 150, 1.02);
    assert_eq!(run(&values), run(&values));
}

fn series() -> impl Strategy<Value = Vec<f64>> {
    (any::<u64>(), 20_usize..150, 0.0_f64..1.0, -8.0_f64..8.0).prop_map(|(seed, n, share, size)| {
        let at = (share * n as f64) as usize;
        normals(seed, n)
            .iter()
            .enumerate()
            .map(|(i, z)| z + if i < at { 0.0 } else { size })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(64)
    })]

    #[test]
    fn shift_does_not_matter_on_the_linear_scale(values in series(), shift in -50.0_f64..50.0) {
        // A negative value in both keeps both on the linear scale.
        let base: Vec<f64> = values.iter().map(|v| v - 1000.0).collect();
        let moved: Vec<f64> = base.iter().map(|v| v + shift).collect();
        prop_assert_eq!(places(&run(&base)), places(&run(&moved)));
    }

    #[test]
    fn unit_does_not_matter_on_the_log_scale(values in series(), factor in 0.001_f64..1000.0) {
        let base: Vec<f64> = values.iter().map(|v| (0.01 * v).exp()).collect();
        let scaled: Vec<f64> = base.iter().map(|v| v * factor).collect();
        let (a, b) = (run(&base), run(&scaled));
        prop_assert_eq!(places(&a), places(&b));
        for (a, b) in a.change_points.iter().zip(&b.change_points) {
            prop_assert!((a.effect - b.effect).abs() < 1e-6);
        }
    }

    #[test]
    fn direction_does_not_matter(values in series()) {
        let base: Vec<f64> = values.iter().map(|v| (0.01 * v).exp()).collect();
        let upside_down: Vec<f64> = base.iter().map(|v| 1.0 / v).collect();
        prop_assert_eq!(places(&run(&base)), places(&run(&upside_down)));
    }

    #[test]
    fn constant_series_never_change(value in -1e12_f64..1e12, n in 0_usize..300) {
        prop_assert!(run(&vec![value; n]).change_points.is_empty());
    }

    #[test]
    fn any_numbers_give_an_ordered_answer(
        values in prop::collection::vec(prop::num::f64::ANY, 0..80),
        breaks in prop::collection::vec(0_usize..100, 0..4),
    ) {
        let found = detect(
            &Input { values: &values, breaks: &breaks, ..Input::default() },
            &Settings::default(),
        );
        prop_assert!(found.change_points.windows(2).all(|c| c[0].index < c[1].index));
        for change in &found.change_points {
            prop_assert!(change.from <= change.index && change.index <= change.to);
            prop_assert!(change.p <= 0.05);
        }
        let points = values.iter().filter(|v| v.is_finite()).count();
        prop_assert_eq!(found.regimes.iter().map(|r| r.n).sum::<usize>(), points);
        prop_assert!(found.regimes.windows(2).all(|r| r[0].last < r[1].first));
    }
}

/// A level that rose for long and fell back at once: the fall is a change, whatever the rise is.
#[test]
fn a_fall_after_a_ramp_is_found() {
    for seed in 0..40u32 {
        let noise = |i: u32| {
            let mixed = (i + 1000 * seed + 7).wrapping_mul(0x9e37_79b9);
            let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca6b);
            f64::from((mixed ^ (mixed >> 13)) % 10_001) / 10_000.0 - 0.5
        };
        let values: Vec<f64> = (0..48)
            .map(|i| {
                let level = if i < 40 {
                    100.0 + 12.0 * f64::from(i) / 39.0
                } else {
                    100.0
                };
                level + 3.0 * noise(i)
            })
            .collect();
        let input = Input {
            values: &values,
            ..Input::default()
        };
        let found = detect(&input, &Settings::default());
        let mut changes = found.change_points.iter();
        let fall = changes.find(|change| (39..=41).contains(&change.index));
        let sharp = |fall: &ChangePoint| fall.effect < -0.03 && fall.to - fall.from <= 10;
        assert!(fall.is_some_and(sharp), "{seed}: {found:?}");
    }
}
