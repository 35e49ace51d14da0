use super::*;
use crate::history::{Placement, Timeline};
use crate::model::{CommitId, Direction, Environment, RunId, SeriesKey, Source, Tags, Unit};
use crate::store::{Cell, RunRow, SeriesRow};

/// A series with one run a commit: (value, CPU model).
fn series(values: &[(f64, &str)]) -> Series {
    let commit = |i: usize| CommitId::new(format!("{i:040x}")).unwrap();
    let runs: Vec<RunRow> = values
        .iter()
        .enumerate()
        .map(|(i, (_, cpu))| RunRow {
            id: i as i64,
            digest: RunId([0; 32]),
            commit: commit(i),
            environment: Environment {
                label: "ci".into(),
                facts: [("cpu".to_owned(), (*cpu).to_owned())].into(),
            },
            suite: String::new(),
            part: String::new(),
            dirty: false,
            source: Source::default(),
        })
        .collect();
    let timeline = Timeline::new((0..values.len()).map(commit).collect());
    let key = SeriesKey {
        benchmark: "b".into(),
        metric: "time".into(),
        tags: Tags::new(),
        env: "ci".into(),
    };
    let row = SeriesRow {
        id: 1,
        key,
        unit: Unit::Nanoseconds,
        direction: None,
    };
    let columns = runs
        .iter()
        .zip(values)
        .map(|(run, value)| Cell {
            run: run.id,
            value: value.0,
            spread: None,
            n: 1,
        })
        .collect();
    Placement::new(&runs, &timeline).arrange(row, &columns)
}

/// A seeded series with a step in its middle, measured on several machines in turn.
pub(super) fn noisy(seed: u64, n: usize, step: f64, machines: u32) -> Series {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((z ^ (z >> 27)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let names = ["a", "b", "c", "d"];
    let values: Vec<(f64, &str)> = (0..n)
        .map(|i| {
            let machine = (draw() * f64::from(machines)) as usize % names.len();
            let level = if i > n / 2 { 1.0 + step } else { 1.0 };
            let value = 100.0 * level * (1.0 + 0.1 * machine as f64) + draw();
            (value, names[machine])
        })
        .collect();
    series(&values)
}

fn noise(i: usize) -> f64 {
    [0.3, -0.7, 0.9, -0.2, 0.1, -1.1, 0.6, 0.4, -0.5, 0.8, -0.9][i % 11]
}

#[test]
fn a_step_is_found_and_the_commits_between_are_suspects() {
    let values: Vec<_> = (0..40)
        .map(|i| (100.0 + noise(i) + if i < 25 { 0.0 } else { 12.0 }, "a"))
        .collect();
    let series = series(&values);
    let analysis = analyse(&series);
    assert_eq!(analysis.changes.len(), 1);
    assert_eq!(suspects(&analysis.changes[0], &series.points)[0], 25);
}

#[test]
fn a_lasting_machine_change_is_a_break_and_no_change_point() {
    let values: Vec<_> = (0..40)
        .map(|i| {
            if i < 20 {
                (100.0 + noise(i), "a")
            } else {
                (140.0 + noise(i), "b")
            }
        })
        .collect();
    let analysis = analyse(&series(&values));
    assert_eq!(analysis.breaks, [20]);
    assert!(analysis.changes.is_empty());
    assert_eq!(analysis.regimes.len(), 2);
    let ledger = Ledger::new(&analysis).unwrap();
    assert!(
        (ledger.opening - 140.0).abs() < 1.0,
        "the ledger opens on the new machine"
    );
}

#[test]
fn the_ledger_adds_up_exactly() {
    let level = |i: usize| 100.0 + 6.0 * (i / 20) as f64;
    let values: Vec<_> = (0..80).map(|i| (level(i) + noise(i), "a")).collect();
    let analysis = analyse(&series(&values));
    let ledger = Ledger::new(&analysis).unwrap();
    let sum: f64 = ledger.entries.iter().map(|e| e.amount).sum();
    assert!(!ledger.entries.is_empty());
    assert!((ledger.opening + sum + ledger.unattributed - ledger.now).abs() < 1e-9);
}

#[test]
fn outliers_in_the_base_do_not_widen_its_noise_much() {
    let clean: Vec<_> = (0..30).map(|i| (100.0 + noise(i), "a")).collect();
    let mut dirty = clean.clone();
    for i in [4, 13, 22] {
        dirty[i].0 = 170.0;
    }
    let sd = |values: &[(f64, &str)]| {
        let series = series(values);
        Base::new(
            &series,
            &series.points,
            &analyse(&series),
            Direction::Lower,
            false,
        )
        .unwrap()
        .noise
        .sd
    };
    assert!(
        sd(&dirty) < 2.5 * sd(&clean),
        "{} against {}",
        sd(&dirty),
        sd(&clean)
    );
}

#[test]
fn a_constant_time_is_coarse_and_a_constant_counter_exact() {
    let series = series(&[(50.0, "a"); 8]);
    let base = |counter| {
        Base::new(
            &series,
            &series.points,
            &analyse(&series),
            Direction::Lower,
            counter,
        )
        .unwrap()
    };
    assert!(!base(false).noise.exact);
    assert!(base(false).noise.sd > 0.0);
    assert!(base(true).noise.exact);
}

#[test]
fn worse_is_positive_for_rates_too() {
    let series = series(&[(1000.0, "a"); 8]);
    let base = Base::new(
        &series,
        &series.points,
        &analyse(&series),
        Direction::Higher,
        false,
    )
    .unwrap();
    assert!(base.working(900.0) > base.level);
    let margin = base.margin(0.1).unwrap();
    assert!((base.value(base.level + margin) - 900.0).abs() < 1e-6);
    assert!((base.effect(margin).unwrap() + 0.1).abs() < 1e-9);
}
