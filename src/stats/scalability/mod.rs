//! The universal scalability law: how throughput grows with concurrency, and where it stops.
//!
//! X(N) = γN ÷ (1 + α(N − 1) + βN(N − 1)) (Gunther 2007): γ is the throughput of one, α the share of
//! the work that waits in line (contention), β what it costs to agree with each other (coherency).
//! Fitted under 0 ≤ α ≤ 1, β ≥ 0, γ > 0. Intervals are of the profile likelihood (Bates & Watts
//! 1988): every value at which the least residual sum of squares under that value is at most
//! RSS·(1 + t²/(n − 3)), t being Student's quantile with n − 3 degrees of freedom. For the peak they
//! cover what they say, where those from standard errors do not.

mod solve;

use super::distribution::student_t_quantile;
use solve::{Fixed, Params, Problem};

/// What is made smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Residuals {
    /// Σ(ln X − ln X(N))²: each step counts alike, whatever its throughput.
    #[default]
    Log,
    /// Σ(X − X(N))², as published tables have it.
    Absolute,
}

/// A fitted law. Concurrency as it was given, throughput in the unit that was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalability {
    /// Contention, 0 to 1.
    pub alpha: f64,
    /// Coherency, at least 0; exactly 0 where the data show none.
    pub beta: f64,
    /// Throughput of one.
    pub gamma: f64,
    /// Values less 3.
    pub df: f64,
    /// Residual sum of squares: of logarithms, or of throughputs.
    pub rss: f64,
    problem: Problem,
}

/// An interval; `None` is an end that the data do not give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: Option<f64>,
}

/// Fewer different loads than this fit no law of three parameters.
const LEAST_LOADS: usize = 4;
/// Residuals smaller than this share of the value are rounding.
const LEAST_ERROR: f64 = 1e-5;
/// β·N² below this at the largest load has no effect that could be seen.
const NO_COHERENCY: f64 = 1e-7;

/// Fits loads (each at least 1) and throughputs (above 0), one pair a run. `None` with other lengths,
/// fewer than 4 different loads, or a number that cannot be.
#[must_use]
pub fn scalability(n: &[f64], x: &[f64], residuals: Residuals) -> Option<Scalability> {
    let mut loads = n.to_vec();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    let possible = n.len() == x.len()
        && loads.len() >= LEAST_LOADS
        && n.iter().all(|n| *n >= 1.0 && n.is_finite() && *n < 1e9)
        && x.iter().all(|x| *x > 1e-200 && *x < 1e200);
    if !possible {
        return None;
    }
    let problem = Problem::new(n, x, residuals);
    let (found, rss) = problem.least(Fixed::None, None)?;
    let most = loads[loads.len() - 1];
    let (mut found, mut rss) = (found, rss);
    if found.beta * most * most < NO_COHERENCY {
        let (at_zero, rss_at_zero) = problem.least(Fixed::Beta(0.0), None)?;
        (found, rss) = (at_zero, rss_at_zero);
    }
    let gamma = found.ln_gamma.exp() * problem.unit();
    gamma.is_finite().then_some(Scalability {
        alpha: found.alpha,
        beta: found.beta,
        gamma,
        df: n.len() as f64 - 3.0,
        rss: rss * problem.unit_of_rss(),
        problem,
    })
}

impl Scalability {
    /// The throughput that the law gives at a load.
    #[must_use]
    pub fn throughput(&self, n: f64) -> f64 {
        self.gamma * solve::relative(self.alpha, self.beta, n)
    }

    /// The time that one request takes at a load, N ÷ X(N), in the inverse of throughput's unit.
    #[must_use]
    pub fn response_time(&self, n: f64) -> f64 {
        (1.0 + self.alpha * (n - 1.0) + self.beta * n * (n - 1.0)) / self.gamma
    }

    /// The load at which one request takes so long; `None` where it takes longer from the start, or
    /// never that long.
    #[must_use]
    pub fn load_at(&self, response_time: f64) -> Option<f64> {
        // βN² + (α − β)N + (1 − α − γR) = 0.
        let (a, b) = (self.beta, self.alpha - self.beta);
        let c = 1.0 - self.alpha - self.gamma * response_time;
        let n = if a > 0.0 {
            let root = (b * b - 4.0 * a * c).sqrt();
            (root - b) / (2.0 * a)
        } else {
            -c / b
        };
        (n.is_finite() && n >= 1.0).then_some(n)
    }

    /// The load with the greatest throughput, √((1 − α)/β); `None` where β is 0. It may lie far
    /// beyond the loads that were tested, where the law is no evidence.
    #[must_use]
    pub fn peak(&self) -> Option<f64> {
        (self.beta > 0.0).then(|| ((1.0 - self.alpha) / self.beta).sqrt())
    }

    /// The load at which linear growth would meet the roof, 1 ÷ α; `None` where α is 0.
    #[must_use]
    pub fn knee(&self) -> Option<f64> {
        (self.alpha > 0.0).then(|| 1.0 / self.alpha)
    }

    /// The throughput that contention alone allows, γ ÷ α: it is reached only where β is 0. `None`
    /// where α is 0.
    #[must_use]
    pub fn roof(&self) -> Option<f64> {
        (self.alpha > 0.0).then(|| self.gamma / self.alpha)
    }

    /// Standard deviation of the residuals, √(RSS ÷ (n − 3)): of logarithms, so about a share of the
    /// throughput, or of throughputs. `None` without degrees of freedom.
    #[must_use]
    pub fn sigma(&self) -> Option<f64> {
        (self.df > 0.0).then(|| (self.rss / self.df).sqrt())
    }

    /// Standard errors of α, β and γ from the curvature at the estimate; `None` without degrees of
    /// freedom, or at a boundary, where they mean nothing.
    #[must_use]
    pub fn standard_errors(&self) -> Option<[f64; 3]> {
        if self.df <= 0.0 || self.beta <= 0.0 || self.alpha <= 0.0 {
            return None;
        }
        let variance = self.problem.covariance(self.params())?;
        let s2 = self.rss / self.problem.unit_of_rss() / self.df;
        let [a, b, g] = variance.map(|v| (v * s2).sqrt());
        Some([a, b, g * self.gamma])
    }

    /// Bounds of α with the given two-sided confidence; `None` without degrees of freedom.
    #[must_use]
    pub fn alpha_bounds(&self, confidence: f64) -> Option<Bounds> {
        let rss = |alpha: f64| self.least(Fixed::Alpha(alpha));
        let bound = self.bound(confidence)?;
        let low = edge(self.alpha, 0.0, bound, rss);
        let high = edge(self.alpha, 1.0, bound, rss);
        Some(Bounds {
            low,
            high: Some(high),
        })
    }

    /// Bounds of β, as [`Self::alpha_bounds`].
    #[must_use]
    pub fn beta_bounds(&self, confidence: f64) -> Option<Bounds> {
        let rss = |beta: f64| self.least(Fixed::Beta(beta));
        let bound = self.bound(confidence)?;
        let low = edge(self.beta, 0.0, bound, rss);
        let most = self.problem.largest();
        let mut far = self.beta.max(0.01 / (most * most));
        while rss(far) <= bound && far < 1e6 {
            far *= 2.0;
        }
        let high = edge(self.beta, far, bound, rss);
        Some(Bounds {
            low,
            high: Some(high),
        })
    }

    /// Bounds of the throughput at a load, as [`Self::alpha_bounds`]; at load 1 those of γ.
    #[must_use]
    pub fn throughput_bounds(&self, n: f64, confidence: f64) -> Option<Bounds> {
        let bound = self.bound(confidence)?;
        let unit = self.problem.unit();
        let at = (self.throughput(n) / unit).ln();
        let rss = |ln_x: f64| self.least(Fixed::Throughput(n, ln_x));
        let reach = |sign: f64| {
            let mut step = 1e-3;
            while rss(at + sign * step) <= bound && step < 40.0 {
                step *= 2.0;
            }
            edge(at, at + sign * step, bound, rss)
        };
        let (low, high) = (reach(-1.0), reach(1.0));
        Some(Bounds {
            low: low.exp() * unit,
            high: Some(high.exp() * unit),
        })
    }

    /// Bounds of the load with the greatest throughput, as [`Self::alpha_bounds`]. The upper end is
    /// `None` where a law without any peak fits within the bound, too.
    #[must_use]
    pub fn peak_bounds(&self, confidence: f64) -> Option<Bounds> {
        let bound = self.bound(confidence)?;
        let rss = |ln_n: f64| self.least(Fixed::Peak(ln_n.exp()));
        // Where β is 0 the best place of a peak is infinitely far.
        let far = (self.problem.largest() * 1e5).ln();
        let least = (1e-3_f64).ln();
        // Where all work waits in line, throughput never rises.
        let at = self.peak().map_or(far, f64::ln).clamp(least, far);
        let low = edge(at, least, bound, rss);
        let high = if self.least(Fixed::Beta(0.0)) <= bound {
            None
        } else {
            Some(edge(at, far.max(at + 1.0), bound, rss).exp())
        };
        Some(Bounds {
            low: low.exp(),
            high,
        })
    }

    fn params(&self) -> Params {
        Params {
            alpha: self.alpha,
            beta: self.beta,
            ln_gamma: (self.gamma / self.problem.unit()).ln(),
        }
    }

    fn least(&self, fixed: Fixed) -> f64 {
        let found = self.problem.least(fixed, Some(self.params()));
        found.map_or(f64::INFINITY, |(_, rss)| rss)
    }

    /// The greatest residual sum of squares inside the interval.
    fn bound(&self, confidence: f64) -> Option<f64> {
        let sound = confidence > 0.0 && confidence < 1.0;
        if self.df <= 0.0 || !sound {
            return None;
        }
        let t = student_t_quantile(0.5 + 0.5 * confidence, self.df);
        let least = self.problem.rounding(LEAST_ERROR);
        let rss = (self.rss / self.problem.unit_of_rss()).max(least);
        Some(rss * (1.0 + t * t / self.df))
    }
}

/// The last value between `inside`, where the sum of squares is within the bound, and `outside` at
/// which it still is; `outside` itself where it is within.
fn edge(inside: f64, outside: f64, bound: f64, rss: impl Fn(f64) -> f64) -> f64 {
    if rss(outside) <= bound {
        return outside;
    }
    let (mut a, mut b) = (inside, outside);
    for _ in 0..60 {
        let middle = 0.5 * (a + b);
        if rss(middle) <= bound {
            a = middle;
        } else {
            b = middle;
        }
        if (a - b).abs() <= 1e-9 * a.abs().max(1e-6) {
            break;
        }
    }
    a
}

#[cfg(test)]
mod tests;
