//! Noise of known kinds, around 0 with a standard deviation (of its normal part) of 1.

use crate::random::Random;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Noise {
    Normal,
    /// 3 % of the points are 3 to 15 standard deviations too high.
    Outliers,
    /// 30 % of the points come from a mode 4 standard deviations higher.
    Bimodal,
    /// Autoregressive of order one, marginal standard deviation 1.
    Ar(f64),
    /// Student t with 3 degrees of freedom.
    Heavy,
    /// Normal, rounded to whole standard deviations.
    Counts,
    /// Normal with a wandering level of the same size that stays for ten points.
    Blocks,
    /// Recorded runs, resampled in blocks of ten, in units of their own scale.
    Recorded,
}

impl Noise {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Normal => "normal".into(),
            Self::Outliers => "3 % outliers".into(),
            Self::Bimodal => "bimodal 70/30".into(),
            Self::Ar(phi) => format!("AR(1) {phi}"),
            Self::Heavy => "heavy tails (t3)".into(),
            Self::Counts => "integer counts".into(),
            Self::Blocks => "level of ten points".into(),
            Self::Recorded => "recorded, blocks of ten".into(),
        }
    }

    /// `recorded` holds standardised histories; only [`Noise::Recorded`] reads them.
    pub(crate) fn draw(self, n: usize, recorded: &[Vec<f64>], random: &mut Random) -> Vec<f64> {
        if self == Self::Recorded {
            let history = &recorded[random.below(recorded.len())];
            let start = random.below(history.len() - n + 1);
            let mut blocks: Vec<&[f64]> = history[start..start + n].chunks(10).collect();
            random.shuffle(&mut blocks);
            return blocks.concat();
        }
        let mut state = random.normal();
        let shift = random.below(10);
        (0..n)
            .map(|i| match self {
                Self::Normal => random.normal(),
                Self::Outliers => {
                    let z = random.normal();
                    if random.uniform() < 0.03 {
                        z + random.between(3.0, 15.0)
                    } else {
                        z
                    }
                }
                Self::Bimodal => {
                    let z = random.normal();
                    if random.uniform() < 0.3 { z + 4.0 } else { z }
                }
                Self::Ar(phi) => {
                    state = phi * state + (1.0 - phi * phi).sqrt() * random.normal();
                    state
                }
                Self::Heavy => {
                    let chi: f64 = (0..3).map(|_| random.normal().powi(2)).sum();
                    random.normal() / (chi / 3.0).sqrt()
                }
                Self::Counts => random.normal().round(),
                Self::Blocks => {
                    if (i + shift).is_multiple_of(10) {
                        state = random.normal();
                    }
                    0.5_f64.sqrt() * (state + random.normal())
                }
                Self::Recorded => 0.0,
            })
            .collect()
    }
}

/// Values of a benchmark: 100 units, each standard deviation 2 %; counts around 1,000.
pub(crate) fn values(noise: Noise, z: &[f64], level: impl Fn(usize) -> f64) -> Vec<f64> {
    z.iter()
        .enumerate()
        .map(|(i, z)| match noise {
            Noise::Counts => (1000.0 + z + level(i)).round(),
            _ => 100.0 * (0.02 * (z + level(i))).exp(),
        })
        .collect()
}
