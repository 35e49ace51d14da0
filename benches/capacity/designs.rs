//! Six designs of a sweep, and how often intervals of its peak cover the truth.

use plimsoll::stats::{Residuals, normal_quantile, scalability};

/// A service and how it is tested.
pub(crate) struct Design {
    pub(crate) name: &'static str,
    pub(crate) loads: &'static [f64],
    /// Runs of each load.
    pub(crate) runs: usize,
    pub(crate) alpha: f64,
    pub(crate) beta: f64,
    /// Standard deviation of a run's logarithm.
    pub(crate) noise: f64,
}

pub(crate) const DESIGNS: [Design; 6] = [
    Design {
        name: "past the peak, one run",
        loads: &[1., 18., 36., 72., 108., 144., 216.],
        runs: 1,
        alpha: 0.02,
        beta: 1e-4,
        noise: 0.05,
    },
    Design {
        name: "past the peak, three runs",
        loads: &[1., 2., 4., 8., 16., 32., 64., 128.],
        runs: 3,
        alpha: 0.02,
        beta: 2e-4,
        noise: 0.05,
    },
    Design {
        name: "six loads, little noise",
        loads: &[1., 4., 8., 16., 32., 64.],
        runs: 1,
        alpha: 0.03,
        beta: 1e-3,
        noise: 0.02,
    },
    Design {
        name: "much contention",
        loads: &[1., 2., 4., 8., 12., 16., 24., 32.],
        runs: 2,
        alpha: 0.15,
        beta: 2e-3,
        noise: 0.03,
    },
    Design {
        name: "no contention",
        loads: &[1., 2., 4., 8., 16., 32., 64.],
        runs: 2,
        alpha: 0.0,
        beta: 1e-3,
        noise: 0.05,
    },
    Design {
        name: "peak at the end",
        loads: &[1., 4., 8., 12., 16., 20., 24.],
        runs: 3,
        alpha: 0.024,
        beta: 1.6e-3,
        noise: 0.03,
    },
];

impl Design {
    pub(crate) fn peak(&self) -> f64 {
        ((1.0 - self.alpha) / self.beta).sqrt()
    }
}

/// Shares of draws.
pub(crate) struct Covered {
    /// The profile interval holds the peak.
    pub(crate) profile: f64,
    /// The profile interval has no upper end.
    pub(crate) open: f64,
}

/// Draws sweeps and counts.
pub(crate) fn covered(design: &Design, draws: u32, seed: u64) -> Covered {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + design.loads.len() as u64);
    let (mut profile, mut open) = (0_u32, 0_u32);
    for _ in 0..draws {
        let (mut n, mut x) = (Vec::new(), Vec::new());
        for load in design.loads {
            for _ in 0..design.runs {
                let cost = 1.0 + design.alpha * (load - 1.0) + design.beta * load * (load - 1.0);
                n.push(*load);
                x.push(100.0 * load / cost * (design.noise * random.normal()).exp());
            }
        }
        let law = scalability(&n, &x, Residuals::Log).unwrap();
        let bounds = law.peak_bounds(0.95).unwrap();
        let peak = design.peak();
        let inside = bounds.low <= peak && bounds.high.is_none_or(|high| peak <= high);
        profile += u32::from(inside);
        open += u32::from(bounds.high.is_none());
    }
    let of = |count: u32, all: u32| f64::from(count) / f64::from(all.max(1));
    Covered {
        profile: of(profile, draws),
        open: of(open, draws),
    }
}

/// `SplitMix64` (Steele, Lea & Flood 2014) and the quantile of the normal distribution.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn normal(&mut self) -> f64 {
        let unit = ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        normal_quantile(unit)
    }
}
