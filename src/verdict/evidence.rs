//! What was measured at the head, on the base's scale.

use crate::analysis::{Base, centre_of_runs};
use crate::history::{Point, Series};

/// The runs of the commit that is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// One number a run, on the working scale of the base, offsets of machines taken out.
    pub ys: Vec<f64>,
    /// Their centre, runs far off drawn in.
    pub centre: f64,
    /// Samples in the run that has fewest.
    pub least_samples: u64,
    /// What the variance of the head's centre has beyond that of a base point's, because it rests
    /// on fewer runs; negative where on more.
    pub extra_variance: f64,
}

impl Head {
    /// The head's runs on the scale of a base. `offset` is that of the head's machine. `None`
    /// without any run.
    #[must_use]
    pub fn new(series: &Series, head: &[Point], base: &Base, offset: f64) -> Option<Self> {
        let runs: Vec<_> = head
            .iter()
            .flat_map(|point| series.runs_of(point))
            .collect();
        let ys: Vec<f64> = runs
            .iter()
            .map(|run| base.working(run.value) - base.sign * offset)
            .collect();
        let least_samples = runs.iter().map(|run| run.n).min()?;
        let noise = &base.noise;
        let extra_variance = noise.runs.extra_variance(&ys, noise.sd.powi(2));
        Some(Self {
            centre: centre_of_runs(&ys, noise.runs.scale.unwrap_or(noise.sd)),
            ys,
            least_samples,
            extra_variance,
        })
    }

    /// The same, counted from so far above the level that it is compared with.
    #[must_use]
    pub fn above(&self, distance: f64) -> Self {
        Self {
            ys: self.ys.iter().map(|y| y - distance).collect(),
            centre: self.centre - distance,
            ..*self
        }
    }

    /// A single run.
    #[must_use]
    pub fn is_lone(&self) -> bool {
        self.ys.len() == 1
    }
}
