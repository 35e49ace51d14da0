//! What a new measurement is judged against: the present level and the noise around it.
//!
//! Everything here is on the working scale with the sign of worsening: y = s·ln x for positive
//! metrics (s = −1 where higher is better), s·x for others. A larger y is always worse.

use super::{Analysis, RunSpread, centre_of_runs};
use crate::detect::Scale;
use crate::history::{Point, Series};
use crate::model::Direction;
use crate::stats::{mad, median_and_mad, student_t_quantile};

/// The noise between points of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Standard deviation of one point around its level.
    pub sd: f64,
    /// Degrees of freedom of that estimate.
    pub df: f64,
    /// Variance inflation of a mean by autocorrelation, (1 + φ) ÷ (1 − φ), at least 1.
    pub inflation: f64,
    /// How far each point lies from its level, in order.
    pub residuals: Vec<f64>,
    /// How far single runs lie from the level of their point, where points have several; else the
    /// same as `residuals`.
    pub run_residuals: Vec<f64>,
    /// Standard deviation of a single run around its point's level, at least that of a point.
    pub run_sd: f64,
    /// How far runs of one commit lie from each other.
    pub runs: RunSpread,
    /// Every point was equal to its level: an exact counter.
    pub exact: bool,
}

/// The regime that a new measurement is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// Its robust centre.
    pub level: f64,
    /// Its points.
    pub m: usize,
    /// Points since the last machine change, of which the noise is known.
    pub points: usize,
    /// The noise, pooled over all regimes since the last machine change.
    pub noise: Noise,
    /// Scale of everything here.
    pub scale: Scale,
    /// Sign of worsening.
    pub sign: f64,
}

/// Finite-sample factors that make the MAD unbiased for normal samples of 2 to 9 values (Croux &
/// Rousseeuw 1992); n ÷ (n − 0.8) above.
const MAD_FACTORS: [f64; 8] = [1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107];

/// Residuals beyond this many robust standard deviations are drawn in before the noise is
/// measured, so that outliers in the base do not hide a real step.
const WINSOR: f64 = 3.0;

/// How far runs of one commit lie from each other is taken from so many of the newest points.
const SPREAD_POINTS: usize = 50;

/// The noise of a history that never varied and is no counter: this share of the level. A clock
/// that always gives the same number is coarse, not perfect.
const LEAST_NOISE: f64 = 1e-3;

impl Base {
    /// The base at the end of analysed points. The regime is the last of the analysis; noise is
    /// pooled over all regimes since the last break. `None` without any usable point.
    #[must_use]
    pub fn new(
        series: &Series,
        points: &[Point],
        analysis: &Analysis,
        direction: Direction,
        counter: bool,
    ) -> Option<Self> {
        let sign = direction.worsening_sign();
        let scale = analysis.scale;
        let start = analysis.breaks.last().copied().unwrap_or(0);
        let runs_of = |i: usize| {
            let runs = series.runs_of(&points[i]).iter();
            // Beside others a run of 0 has no place on a scale of ratios.
            runs.map(move |run| working(run.value, scale, sign) - sign * analysis.offsets[i])
                .filter(|y| y.is_finite())
        };
        let newest = points.len().saturating_sub(SPREAD_POINTS).max(start);
        let repeated: Vec<Vec<f64>> = (newest..points.len())
            .filter(|&i| analysis.offsets[i].is_finite())
            .map(|i| runs_of(i).collect())
            .collect();
        let runs = RunSpread::new(&repeated);
        let mut run_residuals = Vec::with_capacity(points.len());
        let mut level = f64::NAN;
        let mut m = 0;
        let mut residuals = Vec::with_capacity(points.len());
        let mut regimes = 0;
        let mut mads = None;
        let mut all: Vec<f64> = Vec::new();
        let mut ys: Vec<f64> = Vec::new();
        for regime in analysis
            .regimes
            .iter()
            .filter(|regime| regime.last >= start)
        {
            let first = regime.first.max(start);
            let last = regime.last.min(points.len().saturating_sub(1));
            let within = runs.scale.unwrap_or(0.0);
            all.clear();
            ys.clear();
            for i in (first..=last).filter(|&i| analysis.offsets[i].is_finite()) {
                let own = all.len();
                match series.runs_of(&points[i]) {
                    // By far the most, and the loop is short without an iterator for each.
                    [run] => {
                        let y = working(run.value, scale, sign) - sign * analysis.offsets[i];
                        all.extend(y.is_finite().then_some(y));
                    }
                    _ => all.extend(runs_of(i)),
                }
                ys.push(centre_of_runs(&all[own..], within));
            }
            if ys.is_empty() {
                continue;
            }
            regimes += 1;
            m = ys.len();
            let (own, spread) = centre_and_mad(&ys);
            level = own;
            mads = (regimes == 1).then_some(spread);
            residuals.extend(ys.iter().map(|y| y - level));
            run_residuals.extend(all.iter().map(|y| y - level));
        }
        if m == 0 {
            return None;
        }
        let points = residuals.len();
        let noise = Noise::of(
            (residuals, run_residuals, runs),
            mads,
            regimes,
            level,
            scale,
            counter,
            analysis.autocorrelation,
        );
        Some(Self {
            level,
            m,
            points,
            noise,
            scale,
            sign,
        })
    }

    /// A value on the working scale.
    #[must_use]
    pub fn working(&self, value: f64) -> f64 {
        working(value, self.scale, self.sign)
    }

    /// A level on the working scale back in input units.
    #[must_use]
    pub fn value(&self, y: f64) -> f64 {
        match self.scale {
            Scale::Log => (y * self.sign).exp(),
            Scale::Linear => y * self.sign,
        }
    }

    /// A relative limit as a distance on the working scale; `None` where the level is 0.
    #[must_use]
    pub fn margin(&self, fraction: f64) -> Option<f64> {
        match self.scale {
            // Worse by a fraction: a time grows to (1 + f), a rate falls to (1 − f).
            Scale::Log if self.sign > 0.0 => Some(fraction.ln_1p()),
            Scale::Log => Some(-(-fraction.min(0.999_999)).ln_1p()),
            Scale::Linear if self.level.abs() > 0.0 => Some(fraction * self.level.abs()),
            Scale::Linear => None,
        }
    }

    /// A distance on the working scale as a relative change of the value, with the value's sign.
    #[must_use]
    pub fn effect(&self, distance: f64) -> Option<f64> {
        match self.scale {
            Scale::Log => Some((distance * self.sign).exp_m1()),
            Scale::Linear if self.level.abs() > 0.0 => {
                Some(distance * self.sign / self.level.abs())
            }
            Scale::Linear => None,
        }
    }

    /// The quantile of Student's t that belongs to this noise.
    #[must_use]
    pub fn t(&self, probability: f64) -> f64 {
        student_t_quantile(probability, self.noise.df)
    }
}

impl Noise {
    fn of(
        (residuals, run_residuals, runs): (Vec<f64>, Vec<f64>, RunSpread),
        // The median absolute deviation of the residuals, where it is known.
        known_mad: Option<f64>,
        regimes: usize,
        level: f64,
        scale: Scale,
        counter: bool,
        autocorrelation: f64,
    ) -> Self {
        let n = residuals.len();
        let df = (n.saturating_sub(regimes)).max(1) as f64;
        let still = residuals
            .iter()
            .all(|r| r.abs() <= 1e-12 * level.abs().max(1.0));
        let floor = match scale {
            Scale::Log => LEAST_NOISE,
            Scale::Linear => LEAST_NOISE * level.abs().max(f64::MIN_POSITIVE),
        };
        let squares = winsorised_squares(&residuals, known_mad);
        let sd = if still {
            floor
        } else {
            (squares / df).sqrt().max(floor * 1e-3)
        };
        // Mostly a commit has one run, and all is the same.
        let run_squares = if run_residuals == residuals {
            squares
        } else {
            winsorised_squares(&run_residuals, None)
        };
        let run_df = (run_residuals.len() as f64 - 1.0).max(1.0);
        let phi = autocorrelation.clamp(0.0, 0.9);
        Self {
            sd,
            df,
            inflation: (1.0 + phi) / (1.0 - phi),
            exact: still && counter,
            run_sd: (run_squares / run_df).sqrt().max(sd),
            residuals,
            run_residuals,
            runs,
        }
    }

    /// How likely a lone run this far from its level is an outlier of the kind that the history
    /// shows: the conformal p-value (1 + #{residuals as far on the worse side}) ÷ (1 + all) of
    /// Vovk et al. (2005). It holds whatever the shape of the noise; a short history without
    /// outliers is no proof that there are none, so below 19 points it never reaches 5 %.
    #[must_use]
    pub fn outlier_p(&self, distance: f64) -> f64 {
        let as_far = self
            .run_residuals
            .iter()
            .filter(|r| **r >= distance)
            .count() as f64;
        (1.0 + as_far) / (1.0 + self.run_residuals.len() as f64)
    }

    /// How many standard deviations of the other points the point `index` lies off: what it would
    /// have been called as a newest one (a deleted residual; Belsley, Kuh & Welsch 1980). A point far
    /// off makes the noise that it is a part of look larger. `runs`: of single runs.
    #[must_use]
    pub fn deleted(&self, index: usize, runs: bool) -> f64 {
        let all = if runs {
            &self.run_residuals
        } else {
            &self.residuals
        };
        let Some(own) = all.get(index) else {
            return 0.0;
        };
        let n = all.len() as f64;
        let mut rest = all.clone();
        rest.swap_remove(index);
        let df = if runs { n - 2.0 } else { self.df - 1.0 };
        let sd = winsorised_sd(&rest, df.max(1.0));
        // Values that are all the same without it leave the noise as it is known.
        let with = if runs { self.run_sd } else { self.sd };
        let sd = if sd > 0.0 { sd } else { with };
        own / sd * (n / (n - 1.0).max(1.0)).sqrt()
    }

    /// What an outlier of the history counts against a head of so many runs. Where commits have
    /// but one run it is as likely the run's as the whole job's: half, when three runs agree.
    #[must_use]
    pub fn weight_of_outliers(&self, head_runs: usize) -> f64 {
        if head_runs >= 3 && self.runs.usual < 2.0 {
            0.5
        } else {
            1.0
        }
    }

    /// Share of points that lay as far on the worse side: whole jobs can be outliers, too.
    #[must_use]
    pub fn share_as_far(&self, distance: f64) -> f64 {
        let as_far = self.residuals.iter().filter(|r| **r >= distance).count() as f64;
        as_far / (1.0 + self.residuals.len() as f64)
    }
}

fn working(value: f64, scale: Scale, sign: f64) -> f64 {
    match scale {
        Scale::Log => sign * value.ln(),
        Scale::Linear => sign * value,
    }
}

/// Standard deviation of residuals after drawing in those beyond [`WINSOR`] robust sd.
fn winsorised_sd(residuals: &[f64], df: f64) -> f64 {
    (winsorised_squares(residuals, None) / df).sqrt()
}

/// Sum of the squares of residuals after drawing in those beyond [`WINSOR`] robust sd.
fn winsorised_squares(residuals: &[f64], known_mad: Option<f64>) -> f64 {
    let n = residuals.len();
    let factor = match n {
        0 | 1 => 1.0,
        2..=9 => MAD_FACTORS[n - 2],
        _ => n as f64 / (n as f64 - 0.8),
    };
    let mad = known_mad.or_else(|| mad(residuals)).unwrap_or(0.0);
    let robust = 1.4826 * factor * mad;
    let reach = if robust > 0.0 {
        WINSOR * robust
    } else {
        f64::INFINITY
    };
    let square = |r: &f64| r.clamp(-reach, reach).powi(2);
    residuals.iter().map(square).sum::<f64>()
}

/// Mean after drawing in values beyond two robust sd from the median: as efficient as the mean on
/// clean values, and no more moved by an outlier than by a point two sd away.
pub(crate) fn centre(values: &[f64]) -> f64 {
    centre_and_mad(values).0
}

/// The same with the median absolute deviation.
fn centre_and_mad(values: &[f64]) -> (f64, f64) {
    let (middle, mad) = median_and_mad(values).unwrap_or((f64::NAN, 0.0));
    let reach = 2.0 * 1.4826 * mad;
    let drawn = |v: &f64| middle + (v - middle).clamp(-reach, reach);
    let sum = values.iter().map(drawn).sum::<f64>();
    (sum / values.len() as f64, mad)
}
