//! Speed of change-point detection on one thread.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use plimsoll::detect::{Input, Settings, detect};

/// Normal noise of 2 %, a step of 5 % in the middle. SplitMix64 and Box–Muller, seed 1.
fn series(n: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|i| {
            let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
            let noise = radius * (std::f64::consts::TAU * uniform()).cos();
            let level = if i < n / 2 { 100.0 } else { 105.0 };
            level * (0.02 * noise).exp()
        })
        .collect()
}

fn speed(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("detect");
    for n in [200, 1_000, 100_000] {
        let values = series(n);
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(n),
            &values,
            |bencher, values| {
                let input = Input {
                    values,
                    ..Input::default()
                };
                bencher.iter(|| black_box(detect(black_box(&input), &Settings::default())));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, speed);
criterion_main!(benches);
