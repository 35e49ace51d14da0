//! Calibration of change-point detection: how often it is wrong, and how much it sees.
//!
//! `cargo bench --bench calibration` prints the tables of `docs/method.md`; a number after `--`
//! sets how many series each figure rests on (default 1000). With `PLIMSOLL_CORPUS` set to a
//! folder that holds `histories/<set>/labels.json`, the labelled sets there are scored too.
//! Seeds are fixed: the same numbers everywhere.

#![allow(
    clippy::print_stdout,
    reason = "a table on standard output is the product"
)]

mod corpus;
mod draws;
mod noise;
mod random;
mod score;

use std::error::Error;
use std::path::{Path, PathBuf};

use draws::Draw;
use noise::Noise;
use plimsoll::detect::{ChangePoint, Detection, Input, Settings, detect};
use random::Random;
use score::Score;

const SEED: u64 = 20_261_121;
const LENGTH: usize = 200;
const NOISES: [Noise; 9] = [
    Noise::Normal,
    Noise::Outliers,
    Noise::Bimodal,
    Noise::Counts,
    Noise::Heavy,
    Noise::Ar(0.5),
    Noise::Ar(0.8),
    Noise::Blocks,
    Noise::Recorded,
];
/// Points after the change; 100 is the middle.
const AFTER: [usize; 5] = [100, 10, 5, 3, 1];
/// Steps in standard deviations, uniform between the two.
const STEPS: [(f64, f64); 4] = [(1.0, 1.0), (1.5, 1.5), (2.0, 2.5), (5.0, 5.0)];
/// A detection this near counts.
const NEAR: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let reps = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse::<usize>().ok())
        .unwrap_or(1000)
        .max(10);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/data");
    let mut recorded = Vec::new();
    for file in ["process-wall.csv", "process-cpu.csv"] {
        recorded.extend(corpus::read_columns(&data.join(file))?);
    }
    let standard: Vec<Vec<f64>> = recorded.iter().map(|x| standardised(x)).collect();
    println!("{reps} series of {LENGTH} points a figure, seed {SEED}\n");
    unchanged(reps, &standard);
    detection(reps, &standard);
    staying(reps, &standard);
    accuracy(reps, &standard);
    short(reps, &standard);
    machines(reps);
    println!("## Labelled sets\n");
    println!("| set | F1 | cover | strict P | strict R | strict F1 | false alarms /1000 |");
    println!("|---|---|---|---|---|---|---|");
    let windows = draws::windows(&recorded);
    for (row, kind) in [Draw::Iid, Draw::Block, Draw::Tail].into_iter().enumerate() {
        fresh(
            &format!("recorded, {}", kind.name()),
            kind,
            &windows,
            row,
            reps,
        );
    }
    if let Some(root) = std::env::var_os("PLIMSOLL_CORPUS") {
        sets(&PathBuf::from(root).join("histories"), reps)?;
    }
    Ok(())
}

fn run(values: &[f64]) -> Detection {
    let input = Input {
        values,
        ..Input::default()
    };
    detect(&input, &Settings::default())
}

fn places(values: &[f64]) -> Vec<usize> {
    run(values).change_points.iter().map(|c| c.index).collect()
}

fn percent(hits: usize, of: usize) -> String {
    if of == 0 {
        return "–".into();
    }
    format!("{:.1}", 100.0 * hits as f64 / of as f64)
}

/// Logarithms around their median in units of their own scale.
fn standardised(values: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = values.iter().map(|x| x.ln()).collect();
    let centre = plimsoll::stats::median(&logs).unwrap_or(0.0);
    let scale = plimsoll::stats::difference_scale(&logs);
    logs.iter().map(|x| (x - centre) / scale).collect()
}

/// Nothing changes: series flagged; and, as points are appended one by one from 60 to 200, new
/// alarms per point and the share of alarms that go away again.
fn unchanged(reps: usize, recorded: &[Vec<f64>]) {
    println!("## Nothing changed\n");
    println!("| noise | series flagged % | new alarms per appended point % | of these vanish % |");
    println!("|---|---|---|---|");
    for (row, kind) in NOISES.into_iter().enumerate() {
        let mut flagged = 0;
        for i in 0..reps {
            let mut random = Random::stream(SEED, row as u64, i as u64);
            let z = kind.draw(LENGTH, recorded, &mut random);
            if !places(&noise::values(kind, &z, |_| 0.0)).is_empty() {
                flagged += 1;
            }
        }
        let (mut points, mut born, mut gone) = (0, 0, 0);
        for i in 0..reps / 5 {
            let mut random = Random::stream(SEED, 100 + row as u64, i as u64);
            let z = kind.draw(LENGTH, recorded, &mut random);
            let values = noise::values(kind, &z, |_| 0.0);
            let known = |old: &[usize], at: usize| old.iter().any(|o| o.abs_diff(at) <= 5);
            let mut before = places(&values[..59]);
            for n in 60..=LENGTH {
                let now = places(&values[..n]);
                points += 1;
                born += now.iter().filter(|at| !known(&before, **at)).count();
                gone += before.iter().filter(|at| !known(&now, **at)).count();
                before = now;
            }
        }
        println!(
            "| {} | {} | {:.3} | {} |",
            kind.name(),
            percent(flagged, reps),
            100.0 * born as f64 / points as f64,
            percent(gone.min(born), born)
        );
    }
    println!();
}

/// One series with a step: its values, where it is, and the true effect.
fn stepped(
    kind: Noise,
    n: usize,
    after: usize,
    step: (f64, f64),
    recorded: &[Vec<f64>],
    random: &mut Random,
) -> (Vec<f64>, usize, f64) {
    let z = kind.draw(n, recorded, random);
    let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
    let size = sign * random.between(step.0, step.1);
    let at = n - after;
    let values = noise::values(kind, &z, |i| if i >= at { size } else { 0.0 });
    (values, at, size)
}

fn nearest(found: &Detection, at: usize, within: usize) -> Option<ChangePoint> {
    found
        .change_points
        .iter()
        .filter(|c| c.index.abs_diff(at) <= within)
        .min_by_key(|c| c.index.abs_diff(at))
        .copied()
}

fn detection(reps: usize, recorded: &[Vec<f64>]) {
    println!("## Steps found within ±{NEAR} points, %\n");
    print!("| noise | points after |");
    for step in STEPS {
        if (step.1 - step.0).abs() > 0.0 {
            print!(" {}–{} sd |", step.0, step.1);
        } else {
            print!(" {} sd |", step.0);
        }
    }
    println!("\n|---|---|---|---|---|---|");
    for (row, kind) in NOISES.into_iter().enumerate() {
        for after in AFTER {
            print!("| {} | {after} |", kind.name());
            for (column, step) in STEPS.into_iter().enumerate() {
                let mut hits = 0;
                for i in 0..reps {
                    let stream = (200 + row * 100 + column * 10) as u64 + after as u64 * 10_000;
                    let mut random = Random::stream(SEED, stream, i as u64);
                    let (values, at, _) = stepped(kind, LENGTH, after, step, recorded, &mut random);
                    if nearest(&run(&values), at, NEAR).is_some() {
                        hits += 1;
                    }
                }
                print!(" {} |", percent(hits, reps));
            }
            println!();
        }
    }
    println!();
}

/// A step of 2–2.5 sd at point 140 of 200 is looked at after every point: how long until it is
/// found, and how often it is missing again after that.
fn staying(reps: usize, recorded: &[Vec<f64>]) {
    println!("## A step of 2–2.5 sd as points are appended, 60 after it\n");
    println!(
        "| noise | found % | points until found, median | 90 % | later looks that miss it % |"
    );
    println!("|---|---|---|---|---|");
    for (row, kind) in NOISES.into_iter().enumerate() {
        let (mut found, mut looks, mut missing) = (0, 0, 0);
        let mut delays = Vec::new();
        for i in 0..reps / 5 {
            let mut random = Random::stream(SEED, 40_000 + row as u64, i as u64);
            let (values, at, _) = stepped(kind, LENGTH, 60, (2.0, 2.5), recorded, &mut random);
            let seen: Vec<bool> = (1..=60)
                .map(|after| nearest(&run(&values[..at + after]), at, 10).is_some())
                .collect();
            if let Some(first) = seen.iter().position(|s| *s) {
                found += 1;
                delays.push((first + 1) as f64);
                looks += seen.len() - first - 1;
                missing += seen[first..].iter().filter(|s| !**s).count();
            }
        }
        println!(
            "| {} | {} | {:.0} | {:.0} | {} |",
            kind.name(),
            percent(found, reps / 5),
            plimsoll::stats::quantile(&delays, 0.5).unwrap_or(f64::NAN),
            plimsoll::stats::quantile(&delays, 0.9).unwrap_or(f64::NAN),
            percent(missing, looks)
        );
    }
    println!();
}

/// Of steps that were found within ten points: how far off, and how often effect and range hold
/// the truth.
fn accuracy(reps: usize, recorded: &[Vec<f64>]) {
    println!("## Place, effect and range of steps found (2–2.5 sd, within ±10 points)\n");
    println!(
        "| noise | points after | median error | mean error | effect interval holds % | \
         range holds % | mean range |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (row, kind) in NOISES.into_iter().enumerate() {
        for after in [100, 10, 3] {
            let (mut errors, mut effect, mut range, mut width) = (Vec::new(), 0, 0, 0);
            for i in 0..reps {
                let stream = (50_000 + row * 1000 + after) as u64;
                let mut random = Random::stream(SEED, stream, i as u64);
                let (values, at, size) =
                    stepped(kind, LENGTH, after, (2.0, 2.5), recorded, &mut random);
                let Some(found) = nearest(&run(&values), at, 10) else {
                    continue;
                };
                errors.push(found.index.abs_diff(at) as f64);
                width += found.to - found.from + 1;
                range += usize::from(found.from <= at && at <= found.to);
                let truth = match kind {
                    // Counts are whole before the step, so that rounding moves all by as much.
                    Noise::Counts => size.round() / 1000.0,
                    _ => (0.02 * size).exp_m1(),
                };
                effect += usize::from(found.effect_low <= truth && truth <= found.effect_high);
            }
            let count = errors.len();
            if count == 0 {
                println!("| {} | {after} | – | – | – | – | – |", kind.name());
                continue;
            }
            println!(
                "| {} | {after} | {:.0} | {:.2} | {} | {} | {:.1} |",
                kind.name(),
                plimsoll::stats::median(&errors).unwrap_or(f64::NAN),
                errors.iter().sum::<f64>() / count as f64,
                percent(effect, count),
                percent(range, count),
                width as f64 / count as f64
            );
        }
    }
    println!();
}

fn short(reps: usize, recorded: &[Vec<f64>]) {
    println!(
        "## Short series: flagged without a change %, and a step of 3 sd in the middle found %\n"
    );
    println!("| n | normal | outliers | bimodal | AR(1) 0.5 | step, normal | step, outliers |");
    println!("|---|---|---|---|---|---|---|");
    for n in [8, 12, 16, 20, 30, 40, 60, 100] {
        print!("| {n} |");
        for (row, kind) in [
            Noise::Normal,
            Noise::Outliers,
            Noise::Bimodal,
            Noise::Ar(0.5),
        ]
        .into_iter()
        .enumerate()
        {
            let mut flagged = 0;
            for i in 0..reps {
                let mut random = Random::stream(SEED, (70_000 + row * 1000 + n) as u64, i as u64);
                let z = kind.draw(n, recorded, &mut random);
                let values = noise::values(kind, &z, |_| 0.0);
                flagged += usize::from(!places(&values).is_empty());
            }
            print!(" {} |", percent(flagged, reps));
        }
        for (row, kind) in [Noise::Normal, Noise::Outliers].into_iter().enumerate() {
            let mut hits = 0;
            for i in 0..reps {
                let mut random = Random::stream(SEED, (80_000 + row * 1000 + n) as u64, i as u64);
                let (values, at, _) = stepped(kind, n, n / 2, (3.0, 3.0), recorded, &mut random);
                hits += usize::from(nearest(&run(&values), at, NEAR).is_some());
            }
            print!(" {} |", percent(hits, reps));
        }
        println!();
    }
    println!();
}

/// A pool of three CPU models that take turns at random (1.00, 1.2, 1.4×) against one machine
/// with the same noise of 3 %: a step of 10 % is sought as points are appended.
fn machines(reps: usize) {
    println!("## Three CPU models in turn (1.00, 1.2, 1.4×), noise 3 %, a step of 10 %\n");
    println!("| machines | flagged without a step % | points until found: mean | median | 90 % |");
    println!("|---|---|---|---|---|");
    for (name, models) in [
        ("one", 1),
        ("three, offsets unknown", 0),
        ("three as strata", 3),
    ] {
        let mut flagged = 0;
        let mut delays = Vec::new();
        for i in 0..reps / 2 {
            let mut random = Random::stream(SEED, 90_000, i as u64);
            let factors = [1.0, 1.2, 1.4];
            let all: Vec<u32> = (0..160).map(|_| random.below(3) as u32).collect();
            let flat: Vec<f64> = all
                .iter()
                .map(|model| {
                    let factor = if models == 1 {
                        1.0
                    } else {
                        factors[*model as usize]
                    };
                    100.0 * factor * (0.03 * random.normal()).exp()
                })
                .collect();
            let strata: &[u32] = if models == 3 { &all } else { &[] };
            let look = |values: &[f64]| {
                let input = Input {
                    values,
                    strata: &strata[..strata.len().min(values.len())],
                    ..Input::default()
                };
                detect(&input, &Settings::default())
            };
            flagged += usize::from(!look(&flat).change_points.is_empty());
            let at = 120;
            let stepped: Vec<f64> = flat
                .iter()
                .enumerate()
                .map(|(i, x)| if i < at { *x } else { 1.1 * x })
                .collect();
            let delay = (1..=40)
                .find(|after| nearest(&look(&stepped[..at + after]), at, 5).is_some())
                .unwrap_or(40);
            delays.push(delay as f64);
        }
        println!(
            "| {name} | {} | {:.1} | {:.0} | {:.0} |",
            percent(flagged, reps / 2),
            delays.iter().sum::<f64>() / delays.len() as f64,
            plimsoll::stats::quantile(&delays, 0.5).unwrap_or(f64::NAN),
            plimsoll::stats::quantile(&delays, 0.9).unwrap_or(f64::NAN)
        );
    }
    println!();
}

fn score_line(name: &str, score: &Score) {
    println!(
        "| {name} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
        score.f1(),
        score.cover(),
        score.precision(),
        score.recall(),
        score.strict_f1(),
        score.false_alarms_per_thousand()
    );
}

/// Windows of noise with steps put in.
fn fresh(name: &str, kind: Draw, windows: &[Vec<f64>], row: usize, reps: usize) {
    let mut score = Score::default();
    for i in 0..reps {
        let mut random = Random::stream(SEED, 95_000 + row as u64, i as u64);
        let (values, changes) = draws::draw(kind, windows, &mut random);
        score.add(&[changes], &places(&values), values.len(), 5);
    }
    score_line(name, &score);
}

fn sets(root: &Path, reps: usize) -> Result<(), Box<dyn Error>> {
    let mut histories = Vec::new();
    for set in ["django-asv", "hyper"] {
        let folder = root.join(set);
        if folder.is_dir() {
            histories.extend(corpus::read_histories(&folder)?);
        }
    }
    let windows = draws::windows(&histories);
    if !windows.is_empty() {
        for (row, kind) in [Draw::Iid, Draw::Block, Draw::Tail].into_iter().enumerate() {
            fresh(
                &format!("hosted runners, fresh {}", kind.name()),
                kind,
                &windows,
                10 + row,
                reps,
            );
        }
    }
    for set in [
        "inject-iid",
        "inject-block",
        "inject-tail",
        "tcpd-dev",
        "tigerbeetle",
    ] {
        let folder = root.join(set);
        if !folder.is_dir() {
            continue;
        }
        let mut score = Score::default();
        let mut said = String::new();
        for series in corpus::read_set(&folder)? {
            let found = places(&series.values);
            if set == "tigerbeetle" {
                said.push_str(&format!("\n{}: {found:?}", series.name));
            }
            score.add(&series.annotators, &found, series.values.len(), 5);
        }
        score_line(set, &score);
        if !said.is_empty() {
            println!("{said}");
        }
    }
    println!("\n## Whole histories, no labels: alarms per 1,000 results\n");
    for set in ["django-asv", "hyper"] {
        let folder = root.join(set);
        if folder.is_dir() {
            let (mut points, mut alarms, mut series) = (0, 0, 0);
            for values in corpus::read_histories(&folder)? {
                points += values.len();
                alarms += places(&values).len();
                series += 1;
            }
            println!(
                "{set}: {series} series, {points} results, {alarms} changes, {:.2} per 1,000",
                1000.0 * alarms as f64 / points as f64
            );
        }
    }
    Ok(())
}
