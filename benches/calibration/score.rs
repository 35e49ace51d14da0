//! Scores of an answer against labels: F1 and cover of van den Burg & Williams (arXiv:2003.06222),
//! and strict precision, recall and F1, which give nothing for saying nothing.

use std::collections::BTreeSet;

/// Sums over a set of series, and what they come to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Score {
    pub(crate) series: usize,
    pub(crate) points: usize,
    pub(crate) detections: usize,
    pub(crate) false_alarms: usize,
    pub(crate) hits: usize,
    pub(crate) wanted: usize,
    f1: f64,
    cover: f64,
}

/// Walks the true points in order; each takes its nearest free detection within the margin.
fn matched(truth: &BTreeSet<usize>, answer: &BTreeSet<usize>, margin: usize) -> usize {
    let mut free = answer.clone();
    let mut hits = 0;
    for &at in truth {
        let nearest = free
            .iter()
            .filter(|found| found.abs_diff(at) <= margin)
            .min_by_key(|found| (found.abs_diff(at), **found))
            .copied();
        if let Some(found) = nearest {
            free.remove(&found);
            hits += 1;
        }
    }
    hits
}

fn segments(changes: &BTreeSet<usize>, n: usize) -> Vec<(usize, usize)> {
    let mut bounds = vec![0];
    bounds.extend(changes.iter().filter(|at| **at > 0 && **at < n));
    bounds.push(n);
    bounds.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn cover(truth: &BTreeSet<usize>, answer: &BTreeSet<usize>, n: usize) -> f64 {
    let answer = segments(answer, n);
    segments(truth, n)
        .iter()
        .map(|&(a, b)| {
            let best = answer
                .iter()
                .map(|&(c, d)| {
                    let both = b.min(d).saturating_sub(a.max(c));
                    both as f64 / ((b - a) + (d - c) - both) as f64
                })
                .fold(0.0, f64::max);
            (b - a) as f64 * best
        })
        .sum::<f64>()
        / n as f64
}

impl Score {
    /// Adds one series of `n` rows: the labels of each annotator, and the answer.
    pub(crate) fn add(
        &mut self,
        annotators: &[Vec<usize>],
        answer: &[usize],
        n: usize,
        margin: usize,
    ) {
        let with_zero = |list: &[usize]| -> BTreeSet<usize> {
            list.iter().copied().chain(std::iter::once(0)).collect()
        };
        let without_zero = |list: &[usize]| -> BTreeSet<usize> {
            list.iter().copied().filter(|at| *at > 0).collect()
        };
        let union: Vec<usize> = annotators.iter().flatten().copied().collect();
        let found = with_zero(answer);
        let precision = matched(&with_zero(&union), &found, margin) as f64 / found.len() as f64;
        let recall = annotators
            .iter()
            .map(|list| {
                let list = with_zero(list);
                matched(&list, &found, margin) as f64 / list.len() as f64
            })
            .sum::<f64>()
            / annotators.len() as f64;
        self.f1 += if precision + recall > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        };
        self.cover += annotators
            .iter()
            .map(|list| cover(&list.iter().copied().collect(), &without_zero(answer), n))
            .sum::<f64>()
            / annotators.len() as f64;
        let strict = without_zero(answer);
        self.series += 1;
        self.points += n;
        self.detections += strict.len();
        self.false_alarms += strict.len() - matched(&without_zero(&union), &strict, margin);
        for list in annotators {
            let list = without_zero(list);
            self.hits += matched(&list, &strict, margin);
            self.wanted += list.len();
        }
    }

    pub(crate) fn f1(&self) -> f64 {
        self.f1 / self.series as f64
    }

    pub(crate) fn cover(&self) -> f64 {
        self.cover / self.series as f64
    }

    pub(crate) fn precision(&self) -> f64 {
        (self.detections - self.false_alarms) as f64 / self.detections as f64
    }

    pub(crate) fn recall(&self) -> f64 {
        self.hits as f64 / self.wanted as f64
    }

    pub(crate) fn strict_f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r > 0.0 {
            2.0 * p * r / (p + r)
        } else {
            0.0
        }
    }

    pub(crate) fn false_alarms_per_thousand(&self) -> f64 {
        1000.0 * self.false_alarms as f64 / self.points as f64
    }
}
