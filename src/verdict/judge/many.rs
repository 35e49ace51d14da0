//! Over all rules of a check: threads, control over many tests, order.

use super::Check;
use super::blame::name_on;
use crate::budget::Kind;
use crate::verdict::{LimitVerdict, Reason, Record, Tail};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Work that a thread takes at once.
const PORTION: usize = 64;

/// Runs `job` over `work` in a few threads, each of which takes the next portion when it is done with
/// one; the results keep the order of the work.
pub(super) fn in_threads<W: Sync, R: Send>(
    work: &[W],
    threads: usize,
    job: impl Fn(&W) -> R + Sync,
) -> Vec<R> {
    let portions: Vec<&[W]> = work.chunks(PORTION).collect();
    let next = AtomicUsize::new(0);
    let own = || {
        let mut done: Vec<(usize, Vec<R>)> = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(portion) = portions.get(index) else {
                return done;
            };
            done.push((index, portion.iter().map(&job).collect()));
        }
    };
    let threads = threads.min(portions.len());
    if threads < 2 {
        return work.iter().map(job).collect();
    }
    let mut done = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(own)).collect();
        let mut done = Vec::with_capacity(portions.len());
        for handle in handles {
            match handle.join() {
                Ok(results) => done.extend(results),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

/// What the control over all rules of a check rested on.
pub(super) struct Controlling {
    /// Tests that were made.
    pub(super) tests: usize,
    /// What all histories show of outliers.
    pub(super) tail: Tail,
}

/// Asks the tail of all judged histories how rare each head is, then controls over all tests
/// (Benjamini–Hochberg): an over that does not survive is a suspect.
pub(super) fn control_many(
    limits: &mut [LimitVerdict],
    record: Record,
    check: &Check<'_>,
) -> Controlling {
    let (alpha, control) = (check.stage.alpha(), check.control);
    let asked: HashSet<_> = limits
        .iter()
        .filter(|limit| limit.judgement.outlying.is_some())
        .filter_map(|limit| limit.series.as_ref())
        .collect();
    let tail = Tail::fit(record, asked.len());
    let mut tested = Vec::new();
    let (mut p, mut outlier) = (Vec::new(), Vec::new());
    for (index, limit) in limits.iter().enumerate() {
        let found = &limit.judgement;
        if let Some(own) = found.p {
            tested.push(index);
            p.push(found.outlying.map_or(own, |z| own.max(tail.p(z))));
            outlier.push(found.outlying.map_or(0.0, |z| tail.conformal_p(z)));
        }
    }
    let tests = tested.len();
    let (p, outlier) = (control.adjusted(&p), control.adjusted(&outlier));
    for ((index, p), outlier) in tested.into_iter().zip(p).zip(outlier) {
        limits[index].p_adjusted = Some(p.max(outlier));
        let proven = p <= alpha && outlier <= crate::verdict::rules::ALPHA;
        if limits[index].judgement.is_over_by_test() && !proven {
            limits[index].judgement.demote();
            if let Some(places) = limits[index].judgement.carried.take() {
                name_on(check.timeline, &mut limits[index], &places);
            }
        }
    }
    Controlling { tests, tail }
}

pub(in crate::verdict) fn sort_worst_first(limits: &mut [LimitVerdict]) {
    limits.sort_by(|a, b| {
        let explains = |v: &LimitVerdict| v.kind == Kind::Cause;
        let suspect = |v: &LimitVerdict| v.judgement.reason == Some(Reason::Suspect);
        b.judgement
            .verdict
            .cmp(&a.judgement.verdict)
            .then_with(|| explains(a).cmp(&explains(b)))
            .then_with(|| suspect(b).cmp(&suspect(a)))
            .then_with(|| b.used.unwrap_or(0.0).total_cmp(&a.used.unwrap_or(0.0)))
            .then_with(|| {
                (&a.feature, &a.limit, &a.series, a.rule)
                    .cmp(&(&b.feature, &b.limit, &b.series, b.rule))
            })
    });
}
