//! Least squares of the law under its constraints: Levenberg–Marquardt with projection onto the
//! bounds, from several starts.

use super::Residuals;

/// X(N) ÷ γ.
pub(super) fn relative(alpha: f64, beta: f64, n: f64) -> f64 {
    n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0))
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Params {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) ln_gamma: f64,
}

/// What is held while the rest is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fixed {
    None,
    Alpha(f64),
    Beta(f64),
    /// The load with the greatest throughput: β = (1 − α) ÷ N².
    Peak(f64),
    /// The logarithm of the throughput at a load: ln γ = ln X − ln(X(N) ÷ γ).
    Throughput(f64, f64),
}

/// Loads and throughputs, the throughputs relative to their geometric mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    n: Vec<f64>,
    x: Vec<f64>,
    ln_x: Vec<f64>,
    unit: f64,
    residuals: Residuals,
    largest: f64,
}

const ROUNDS: usize = 200;

impl Problem {
    pub(super) fn new(n: &[f64], x: &[f64], residuals: Residuals) -> Self {
        let mean = x.iter().map(|x| x.ln()).sum::<f64>() / x.len() as f64;
        let unit = mean.exp();
        let x: Vec<f64> = x.iter().map(|x| x / unit).collect();
        Self {
            ln_x: x.iter().map(|x| x.ln()).collect(),
            x,
            n: n.to_vec(),
            unit,
            residuals,
            largest: n.iter().fold(1.0, |most, n| most.max(*n)),
        }
    }

    /// What one step of the scaled throughput is in the given unit.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    pub(super) fn unit_of_rss(&self) -> f64 {
        match self.residuals {
            Residuals::Log => 1.0,
            Residuals::Absolute => self.unit * self.unit,
        }
    }

    pub(super) fn largest(&self) -> f64 {
        self.largest
    }

    /// The sum of squares of residuals that are this share of their value.
    pub(super) fn rounding(&self, share: f64) -> f64 {
        match self.residuals {
            Residuals::Log => self.n.len() as f64 * share * share,
            Residuals::Absolute => self.x.iter().map(|x| (x * share).powi(2)).sum(),
        }
    }

    /// The best parameters and their sum of squares; with a start near by, from there first.
    pub(super) fn least(&self, fixed: Fixed, near: Option<Params>) -> Option<(Params, f64)> {
        let mut best: Option<(Params, f64)> = None;
        let mut take = |found: (Params, f64)| {
            if found.1.is_finite() && best.is_none_or(|(_, rss)| found.1 < rss) {
                best = Some(found);
            }
        };
        let square = self.largest * self.largest;
        let starts = [
            (0.01, 0.1),
            (0.1, 1.0),
            (0.0, 0.0),
            (0.02, 10.0),
            (0.5, 0.1),
            (0.9, 0.0),
        ];
        // Near the estimate few starts do.
        let few = if near.is_some() { 2 } else { starts.len() };
        for (alpha, coherency) in starts.into_iter().take(few) {
            let start = self.with_gamma(alpha, coherency / square);
            take(self.descend(start, fixed));
        }
        if let Some(near) = near {
            take(self.descend(near, fixed));
        }
        best
    }

    /// α and β with the best γ on logarithms.
    fn with_gamma(&self, alpha: f64, beta: f64) -> Params {
        let rest = self.n.iter().zip(&self.ln_x);
        let sum: f64 = rest.map(|(n, x)| x - relative(alpha, beta, *n).ln()).sum();
        Params {
            alpha,
            beta,
            ln_gamma: sum / self.n.len() as f64,
        }
    }

    fn project(mut p: Params, fixed: Fixed) -> Params {
        p.alpha = p.alpha.clamp(0.0, 1.0);
        p.beta = p.beta.clamp(0.0, 1e9);
        match fixed {
            Fixed::None => {}
            Fixed::Alpha(alpha) => p.alpha = alpha,
            Fixed::Beta(beta) => p.beta = beta,
            Fixed::Peak(n) => p.beta = (1.0 - p.alpha) / (n * n),
            Fixed::Throughput(n, ln_x) => {
                p.ln_gamma = ln_x - relative(p.alpha, p.beta, n).ln();
            }
        }
        p
    }

    /// Residual (model less value) and its derivatives by α, β and ln γ.
    fn residual(&self, i: usize, p: Params) -> (f64, [f64; 3]) {
        let n = self.n[i];
        let cost = 1.0 + p.alpha * (n - 1.0) + p.beta * n * (n - 1.0);
        let ln_model = p.ln_gamma + n.ln() - cost.ln();
        let by = [-(n - 1.0) / cost, -n * (n - 1.0) / cost, 1.0];
        match self.residuals {
            Residuals::Log => (ln_model - self.ln_x[i], by),
            Residuals::Absolute => {
                let model = ln_model.exp();
                (model - self.x[i], by.map(|d| d * model))
            }
        }
    }

    fn rss(&self, p: Params) -> f64 {
        (0..self.n.len())
            .map(|i| self.residual(i, p).0.powi(2))
            .sum()
    }

    /// JᵀJ and Jᵀr in the free parameters, which are α, β and ln γ as far as nothing holds them.
    fn normal(&self, p: Params, fixed: Fixed) -> ([[f64; 3]; 3], [f64; 3]) {
        let mut a = [[0.0; 3]; 3];
        let mut g = [0.0; 3];
        for i in 0..self.n.len() {
            let (r, mut d) = self.residual(i, p);
            match fixed {
                Fixed::None => {}
                Fixed::Alpha(_) => d[0] = 0.0,
                Fixed::Beta(_) => d[1] = 0.0,
                Fixed::Peak(n) => {
                    d[0] -= d[1] / (n * n);
                    d[1] = 0.0;
                }
                Fixed::Throughput(n, _) => {
                    let cost = 1.0 + p.alpha * (n - 1.0) + p.beta * n * (n - 1.0);
                    d[0] += d[2] * (n - 1.0) / cost;
                    d[1] += d[2] * n * (n - 1.0) / cost;
                    d[2] = 0.0;
                }
            }
            for j in 0..3 {
                g[j] += d[j] * r;
                for k in 0..3 {
                    a[j][k] += d[j] * d[k];
                }
            }
        }
        (a, g)
    }

    fn descend(&self, start: Params, fixed: Fixed) -> (Params, f64) {
        let mut p = Self::project(start, fixed);
        let mut rss = self.rss(p);
        let mut damping = 1e-3;
        let mut still = 0;
        for _ in 0..ROUNDS {
            let (a, g) = self.normal(p, fixed);
            // A parameter at its bound that wants to go beyond stays.
            let held = [
                a[0][0] <= 0.0 || (p.alpha <= 0.0 && g[0] > 0.0) || (p.alpha >= 1.0 && g[0] < 0.0),
                a[1][1] <= 0.0 || (p.beta <= 0.0 && g[1] > 0.0),
                a[2][2] <= 0.0,
            ];
            let mut lower = false;
            while damping < 1e12 {
                let Some(step) = solve(damped(a, damping, held), g.map(|g| -g), held) else {
                    damping *= 10.0;
                    continue;
                };
                let next = Self::project(
                    Params {
                        alpha: p.alpha + step[0],
                        beta: p.beta + step[1],
                        ln_gamma: p.ln_gamma + step[2],
                    },
                    fixed,
                );
                let after = self.rss(next);
                if after < rss {
                    still = if rss - after <= 1e-14 * rss {
                        still + 1
                    } else {
                        0
                    };
                    (p, rss) = (next, after);
                    damping = (damping * 0.2).max(1e-12);
                    lower = true;
                    break;
                }
                damping *= 10.0;
            }
            if !lower || still > 2 || rss <= 1e-28 {
                break;
            }
        }
        (p, rss)
    }

    /// The diagonal of (JᵀJ)⁻¹ for α, β and ln γ.
    pub(super) fn covariance(&self, p: Params) -> Option<[f64; 3]> {
        let (a, _) = self.normal(p, Fixed::None);
        let free = [false; 3];
        let mut diagonal = [0.0; 3];
        for (i, value) in diagonal.iter_mut().enumerate() {
            let mut unit = [0.0; 3];
            unit[i] = 1.0;
            *value = solve(a, unit, free)?[i];
        }
        Some(diagonal)
    }
}

fn damped(mut a: [[f64; 3]; 3], damping: f64, held: [bool; 3]) -> [[f64; 3]; 3] {
    for i in 0..3 {
        a[i][i] *= 1.0 + damping;
        if held[i] {
            a[i] = [0.0; 3];
            a.iter_mut().for_each(|row| row[i] = 0.0);
            a[i][i] = 1.0;
        }
    }
    a
}

/// Solves a·s = b for a symmetric positive matrix, by Gaussian elimination after scaling the diagonal to
/// 1; those held get 0.
fn solve(a: [[f64; 3]; 3], mut b: [f64; 3], held: [bool; 3]) -> Option<[f64; 3]> {
    let mut scale = [1.0; 3];
    for i in 0..3 {
        if held[i] {
            b[i] = 0.0;
        }
        scale[i] = a[i][i].sqrt();
        if !(scale[i] > 0.0 && scale[i].is_finite()) {
            return None;
        }
    }
    let mut m = [[0.0; 4]; 3];
    for i in 0..3 {
        for j in 0..3 {
            m[i][j] = a[i][j] / (scale[i] * scale[j]);
        }
        m[i][3] = b[i] / scale[i];
    }
    for column in 0..3 {
        let pivot =
            (column..3).max_by(|i, j| m[*i][column].abs().total_cmp(&m[*j][column].abs()))?;
        m.swap(column, pivot);
        if m[column][column].abs() < 1e-14 {
            return None;
        }
        let above = m[column];
        for row in m.iter_mut().skip(column + 1) {
            let factor = row[column] / above[column];
            for (value, other) in row.iter_mut().zip(above) {
                *value -= factor * other;
            }
        }
    }
    let mut s = [0.0; 3];
    for i in (0..3).rev() {
        let rest: f64 = (i + 1..3).map(|j| m[i][j] * s[j]).sum();
        s[i] = (m[i][3] - rest) / m[i][i];
    }
    let found = [s[0] / scale[0], s[1] / scale[1], s[2] / scale[2]];
    found.iter().all(|v| v.is_finite()).then_some(found)
}
