//! The shape of the noise: the logarithm of a kernel density estimate, as a table.

use crate::stats;

/// Factor of the bandwidth for locating a change between two known levels.
pub(super) const LOCATE_WIDTH: f64 = 0.8;
/// Factor of the bandwidth for judging points that did not make the estimate: wider, since gaps
/// of the estimate would count as evidence.
pub(super) const JUDGE_WIDTH: f64 = 1.2;
/// Most bins of the table.
const MOST_BINS: usize = 256;
/// The kernel is cut off here, in bandwidths.
const KERNEL_REACH: f64 = 2.5;

/// ln f of residuals on a grid, with a floor that stands for outliers.
#[derive(Debug, Default)]
pub(super) struct Density {
    low: f64,
    per_step: f64,
    most: f64,
    log: Vec<f64>,
    count: Vec<f64>,
    kernel: Vec<f64>,
    ranked: stats::Ranked,
}

impl Density {
    /// Estimates the density of `residuals`. `margin` is how far beyond them it will be asked,
    /// `width` the factor of the bandwidth width · IQR/1.349 · m^(−1/5) (Silverman 1986), `floor`
    /// the share of mass that is spread evenly over the table. False where they do not vary.
    pub(super) fn fit(&mut self, residuals: &[f64], margin: f64, width: f64, floor: f64) -> bool {
        let m = residuals.len();
        if m < 3 {
            return false;
        }
        self.ranked.load(residuals.iter().copied());
        // Ranks counted from either end alike, so that the direction of a metric is no matter.
        let mut between = |share: f64| {
            let k = ((m - 1) as f64 * share) as usize;
            (self.ranked.at(k), self.ranked.at(m - 1 - k))
        };
        let (first, third) = between(0.25);
        let quartiles = third - first;
        let (low, high) = between(0.01);
        let spread = if quartiles > 0.0 {
            quartiles / 1.349
        } else {
            (high - low) / 4.0
        };
        let bandwidth = width * spread * (m as f64).powf(-0.2);
        if !(bandwidth > 0.0 && margin.is_finite()) {
            return false;
        }
        let low = low - margin - 3.0 * bandwidth;
        let high = high + margin + 3.0 * bandwidth;
        if !(high - low).is_finite() {
            return false;
        }
        let bins = (((high - low) / (0.5 * bandwidth)) as usize).clamp(8, MOST_BINS);
        let step = (high - low) / (bins - 1) as f64;
        self.low = low;
        self.per_step = 1.0 / step;
        self.most = (bins - 1) as f64;
        self.count.clear();
        self.count.resize(bins + 1, 0.0);
        for r in residuals {
            let place = ((r - low) * self.per_step).clamp(0.0, self.most);
            let i = place as usize;
            let weight = place - i as f64;
            self.count[i] += 1.0 - weight;
            self.count[i + 1] += weight;
        }
        let reach = ((KERNEL_REACH * bandwidth / step).ceil() as usize).min(bins - 1);
        self.kernel.clear();
        self.kernel.extend((0..=reach).map(|d| {
            let u = d as f64 * step / bandwidth;
            (-0.5 * u * u).exp()
        }));
        let mass = self.kernel[0] + 2.0 * self.kernel[1..].iter().sum::<f64>();
        for weight in &mut self.kernel {
            *weight /= mass;
        }
        let even = floor * m as f64 / bins as f64;
        self.log.clear();
        self.log.resize(bins + 1, even);
        for i in 0..bins {
            let count = self.count[i];
            if count > 0.0 {
                let above = reach.min(bins - 1 - i);
                for (slot, weight) in self.log[i..=i + above].iter_mut().zip(&self.kernel) {
                    *slot += count * weight;
                }
                let below = reach.min(i);
                for d in 1..=below {
                    self.log[i - d] += count * self.kernel[d];
                }
            }
        }
        for value in &mut self.log {
            *value = value.ln();
        }
        self.log[bins] = self.log[bins - 1];
        true
    }

    /// ln f at `r`, up to a constant.
    #[inline]
    pub(super) fn log(&self, r: f64) -> f64 {
        let place = ((r - self.low) * self.per_step).clamp(0.0, self.most);
        let i = place as usize;
        self.log[i] + (place - i as f64) * (self.log[i + 1] - self.log[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn residuals() -> Vec<f64> {
        (0..400)
            .map(|i| f64::from(i * 7919 % 401) / 100.0 - 2.0)
            .collect()
    }

    #[test]
    fn even_noise_has_an_even_density() {
        let mut density = Density::default();
        assert!(density.fit(&residuals(), 1.0, JUDGE_WIDTH, 0.01));
        assert!((density.log(-1.0) - density.log(1.0)).abs() < 0.05);
        assert!(density.log(0.0) - density.log(4.0) > 3.0);
    }

    #[test]
    fn the_floor_bounds_what_an_outlier_counts() {
        let mut density = Density::default();
        assert!(density.fit(&residuals(), 1.0, JUDGE_WIDTH, 0.05));
        assert!(density.log(1e300).is_finite());
        assert!((density.log(1e300) - density.log(50.0)).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_has_no_density() {
        let mut density = Density::default();
        assert!(!density.fit(&[1.0; 20], 1.0, JUDGE_WIDTH, 0.05));
        assert!(!density.fit(&[1.0, 2.0], 1.0, JUDGE_WIDTH, 0.05));
        assert!(!density.fit(&[-f64::MAX, 0.0, f64::MAX], 1.0, JUDGE_WIDTH, 0.05));
    }
}
