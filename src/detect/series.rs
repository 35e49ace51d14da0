//! From the caller's series to stretches of numbers and back.

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::describe::{Points, bounds, centre};
use super::find::Workspace;
use super::strata::{Offsets, Strata};
use super::{Detection, Input, Scale, Settings, confirm, noise, precision};

/// Times that offsets of strata and levels are estimated in turn. They settle in two or three.
const STRATA_ROUNDS: usize = 3;

/// Finds the change points of a series.
///
/// Deterministic, and total: any input gives an answer. Values that are NaN or infinite are
/// missing. Per-point slices (`strata`, `precision`) of another length than `values` are taken as
/// not known.
///
/// ```
/// use plimsoll::detect::{Input, Settings, detect};
/// let noise = |i: usize| ((i * 7919) % 101) as f64 / 101.0;
/// let values: Vec<f64> = (0..100)
///     .map(|i| noise(i) + if i < 60 { 100.0 } else { 104.0 })
///     .collect();
/// let found = detect(&Input { values: &values, ..Input::default() }, &Settings::default());
/// assert_eq!(found.change_points[0].index, 60);
/// assert!(found.change_points[0].p < 1e-6);
/// ```
#[must_use]
pub fn detect(input: &Input<'_>, settings: &Settings) -> Detection {
    // Buffers are kept for the next call on this thread; nothing of one answer enters another.
    thread_local! {
        static WORK: RefCell<Workspace> = RefCell::new(Workspace::default());
    }
    #[cfg(feature = "slower")]
    slower(input, settings);
    WORK.with(|work| match work.try_borrow_mut() {
        Ok(mut work) => detect_with(input, settings, &mut work),
        Err(_) => detect_with(input, settings, &mut Workspace::default()),
    })
}

/// Every tenth search is made twice.
#[cfg(feature = "slower")]
fn slower(input: &Input<'_>, settings: &Settings) {
    thread_local! {
        static SEARCHES: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    let search = SEARCHES.get();
    SEARCHES.set(search.wrapping_add(1));
    if search.is_multiple_of(10) {
        let again = detect_with(input, settings, &mut Workspace::default());
        std::hint::black_box(again);
    }
}

/// [`detect`] on many series, on up to `threads` threads (0 counts as 1). The answers are in the
/// order of the inputs and the same for every number of threads.
#[must_use]
pub fn detect_all(inputs: &[Input<'_>], settings: &Settings, threads: usize) -> Vec<Detection> {
    let workers = threads.clamp(1, inputs.len().max(1));
    if workers == 1 {
        let mut work = Workspace::default();
        return inputs
            .iter()
            .map(|input| detect_with(input, settings, &mut work))
            .collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(inputs.len()));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut work = Workspace::default();
                let mut own = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(index) else {
                        break;
                    };
                    own.push((index, detect_with(input, settings, &mut work)));
                }
                // A poisoned lock means that another worker panicked, which the scope passes on.
                if let Ok(mut done) = done.lock() {
                    done.append(&mut own);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, detection)| detection).collect()
}

/// The points that exist.
#[derive(Debug, Default)]
struct Present {
    /// Index in the input.
    place: Vec<usize>,
    /// Value on the working scale.
    y: Vec<f64>,
    /// Relative standard error; empty where not given.
    precision: Vec<f64>,
}

fn detect_with(input: &Input<'_>, settings: &Settings, work: &mut Workspace) -> Detection {
    let scale = working_scale(input.values);
    let given = |length: usize| length > 0 && length == input.values.len();
    let mut present = Present::default();
    present.place.reserve(input.values.len());
    present.y.reserve(input.values.len());
    let mut named = Vec::new();
    if given(input.precision.len()) {
        present.precision.reserve(input.values.len());
    }
    for (index, value) in input.values.iter().enumerate() {
        if !value.is_finite() {
            continue;
        }
        present.place.push(index);
        present.y.push(match scale {
            Scale::Log => value.ln(),
            Scale::Linear => *value,
        });
        if given(input.precision.len()) {
            present.precision.push(input.precision[index]);
        }
        if given(input.strata.len()) {
            named.push(input.strata[index]);
        }
    }
    let strata = Strata::new(named);
    if strata.kinds() > 1 {
        return with_offsets(present, &strata, input, scale, settings, work);
    }
    let offsets = strata.alone();
    let cuts = cuts(input.breaks, &present.place);
    let noise = soften(&mut present, scale, work);
    let found = confirm::changes(&present.y, &cuts, &noise, settings.p, work);
    let points = Points {
        y: &present.y,
        place: &present.place,
        strata: None,
        noise,
        scale,
    };
    points.describe(&cuts, found, settings, offsets)
}

/// Noise of the points, imprecise ones softened first where precision is known.
fn soften(present: &mut Present, scale: Scale, work: &mut Workspace) -> noise::Noise {
    if present.precision.is_empty() {
        return noise::estimate(&present.y, &mut work.noise);
    }
    let known = noise::scale(&present.y, &mut work.noise);
    let softened = precision::soften(
        &mut present.y,
        &present.precision,
        scale,
        known.scale,
        &mut work.noise,
    );
    if softened {
        noise::estimate(&present.y, &mut work.noise)
    } else {
        noise::around(&present.y, known, &mut work.noise)
    }
}

fn working_scale(values: &[f64]) -> Scale {
    let mut finite = values.iter().filter(|value| value.is_finite()).peekable();
    if finite.peek().is_some() && finite.all(|value| *value > 0.0) {
        Scale::Log
    } else {
        Scale::Linear
    }
}

/// Breaks as compact indices, ascending, each with a point on either side.
fn cuts(breaks: &[usize], place: &[usize]) -> Vec<usize> {
    let mut cuts: Vec<usize> = breaks
        .iter()
        .map(|&at| place.partition_point(|&index| index < at))
        .filter(|&at| at > 0 && at < place.len())
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Several machines under one label, in rounds: offsets give levels, levels give offsets. Points
/// of a stratum without an offset take no part.
fn with_offsets(
    all: Present,
    strata: &Strata,
    input: &Input<'_>,
    scale: Scale,
    settings: &Settings,
    work: &mut Workspace,
) -> Detection {
    let mut offsets = Offsets::from_neighbours(&all.y, &strata.index, strata.kinds());
    let known: Vec<usize> = (0..all.y.len())
        .filter(|&i| offsets.of(strata.index[i]).is_finite())
        .collect();
    let pick = |from: &[f64]| -> Vec<f64> { known.iter().map(|&i| from[i]).collect() };
    let raw = pick(&all.y);
    let errors = if all.precision.is_empty() {
        Vec::new()
    } else {
        pick(&all.precision)
    };
    let place: Vec<usize> = known.iter().map(|&i| all.place[i]).collect();
    let own: Vec<u32> = known.iter().map(|&i| strata.index[i]).collect();
    let cuts = cuts(input.breaks, &place);
    let mut round = 0;
    loop {
        round += 1;
        let mut level_with = Present {
            place: Vec::new(),
            y: raw
                .iter()
                .zip(&own)
                .map(|(y, &stratum)| y - offsets.of(stratum))
                .collect(),
            precision: errors.clone(),
        };
        let noise = soften(&mut level_with, scale, work);
        let found = confirm::changes(&level_with.y, &cuts, &noise, settings.p, work);
        if round < STRATA_ROUNDS {
            let mut levels = Vec::with_capacity(raw.len());
            for pair in bounds(raw.len(), &cuts, &found.found).windows(2) {
                let level = centre(&level_with.y[pair[0]..pair[1]], noise.scale);
                levels.resize(pair[1], level);
            }
            offsets.refine(&raw, &own, &levels, noise.scale);
            continue;
        }
        let points = Points {
            y: &level_with.y,
            place: &place,
            strata: Some((&own, &offsets)),
            noise,
            scale,
        };
        let in_callers_order = strata.in_callers_order(&offsets);
        return points.describe(&cuts, found, settings, in_callers_order);
    }
}
