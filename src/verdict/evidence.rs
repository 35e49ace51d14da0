//! What was measured at the head, on the base's scale.

use crate::analysis::Base;
use crate::history::{Point, Series};
use crate::stats::median;

/// The runs of the commit that is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// One number a run, on the working scale of the base, offsets of machines taken out.
    pub ys: Vec<f64>,
    /// Their median.
    pub centre: f64,
    /// Samples in the run that has fewest.
    pub least_samples: u64,
    /// Variance that the head's point has beyond a base point's, because it has fewer runs.
    pub extra_variance: f64,
}

impl Head {
    /// The head's runs on the scale of a base. `offset` is that of the head's machine. `None`
    /// without any run.
    #[must_use]
    pub fn new(
        series: &Series,
        head: &[Point],
        base: &Base,
        offset: f64,
        base_points: &[Point],
    ) -> Option<Self> {
        let runs: Vec<_> = head
            .iter()
            .flat_map(|point| series.runs_of(point))
            .collect();
        let ys: Vec<f64> = runs
            .iter()
            .map(|run| base.working(run.value) - base.sign * offset)
            .collect();
        let least_samples = runs.iter().map(|run| run.n).min()?;
        let extra_variance = extra_variance(series, base, base_points, ys.len());
        Some(Self {
            centre: median(&ys)?,
            ys,
            least_samples,
            extra_variance,
        })
    }

    /// A single run.
    #[must_use]
    pub fn is_lone(&self) -> bool {
        self.ys.len() == 1
    }
}

/// s_w² (1/k − 1/k_base), never negative: s_w is the spread of runs of one base commit.
fn extra_variance(series: &Series, base: &Base, points: &[Point], k: usize) -> f64 {
    let mut squares = 0.0;
    let mut df = 0usize;
    let mut counts = Vec::new();
    for point in points.iter().rev().take(50) {
        let ys: Vec<f64> = series
            .runs_of(point)
            .iter()
            .map(|run| base.working(run.value))
            .collect();
        counts.push(ys.len() as f64);
        if let (true, Some(middle)) = (ys.len() > 1, median(&ys)) {
            squares += ys.iter().map(|y| (y - middle).powi(2)).sum::<f64>();
            df += ys.len() - 1;
        }
    }
    let usual = median(&counts).unwrap_or(1.0).max(1.0);
    if df == 0 || k as f64 >= usual {
        return 0.0;
    }
    squares / df as f64 * (1.0 / k.max(1) as f64 - 1.0 / usual)
}
