//! Recording and checking, at the size of a large project. `cargo bench --bench operations`.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot set up its scene ends"
)]

mod seeded;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use plimsoll::budget::{Budget, parse};
use plimsoll::history::Timeline;
use plimsoll::model::CommitId;
use plimsoll::store::{NewRun, Store};
use plimsoll::verdict::{Check, judge};
use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;

fn commit(i: usize) -> CommitId {
    CommitId::new(format!("{i:040x}")).expect("forty digits")
}

fn budgets() -> Vec<Budget> {
    let today = jiff::civil::date(2026, 1, 1);
    parse(Path::new("all.toml"), seeded::BUDGET, today)
        .0
        .into_iter()
        .collect()
}

fn record(c: &mut Criterion) {
    const MEASUREMENTS: usize = 10_000;
    let mut group = c.benchmark_group("record");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(MEASUREMENTS as u64));
    for (name, samples) in [("10000", 0), ("10000_with_10_samples", 10)] {
        let first = seeded::run(commit(0), 0, MEASUREMENTS, samples);
        let second = seeded::run(commit(1), 1, MEASUREMENTS, samples);
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    let folder = tempfile::tempdir().expect("a folder");
                    let mut store =
                        Store::open(&folder.path().join("history.db")).expect("a store");
                    store
                        .append(
                            &[NewRun {
                                run: &first,
                                commit: None,
                            }],
                            Timestamp::UNIX_EPOCH,
                        )
                        .expect("written");
                    (folder, store)
                },
                |(folder, mut store)| {
                    store
                        .append(
                            &[NewRun {
                                run: &second,
                                commit: None,
                            }],
                            Timestamp::UNIX_EPOCH,
                        )
                        .expect("written");
                    (folder, store)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn check(c: &mut Criterion) {
    let mut group = c.benchmark_group("check");
    group.sample_size(10);
    for (series, commits) in [(100, 500), (1_000, 500)] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("history.db");
        let mut store = Store::open(&path).expect("a store");
        for i in 0..commits {
            let run = seeded::run(commit(i), i, series, 0);
            store
                .append(
                    &[NewRun {
                        run: &run,
                        commit: None,
                    }],
                    Timestamp::UNIX_EPOCH,
                )
                .expect("written");
        }
        drop(store);
        let timeline = Timeline::new((0..commits).map(commit).collect());
        let budgets = budgets();
        group.bench_function(format!("{series}x{commits}"), |b| {
            b.iter(|| {
                let store = Store::open_existing(&path).expect("a store");
                let (runs, rows) = (store.runs().expect("runs"), store.series().expect("series"));
                let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
                let columns = store.columns(&ids).expect("columns");
                black_box(judge(&Check {
                    head: &commit(commits - 1),
                    base: None,
                    timeline: &timeline,
                    runs: &runs,
                    series: &rows,
                    columns: &columns,
                    failures: &HashMap::new(),
                    commits: &plimsoll::verdict::Commits::default(),
                    control: plimsoll::verdict::Control::default(),
                    budgets: &budgets,
                    retired: &[],
                    env: None,
                    shallow: false,
                    today: jiff::civil::date(2026, 1, 1),
                    stage: plimsoll::verdict::Stage::Only,
                    memo: None,
                    threads: std::thread::available_parallelism().map_or(1, usize::from),
                }))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, record, check);
criterion_main!(benches);
