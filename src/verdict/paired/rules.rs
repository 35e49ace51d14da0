//! The rules on pairs: pure functions of numbers and a limit.

use crate::budget::Regress;
use crate::model::{Direction, Unit};
use crate::stats::{
    PairedShift, centre_interval, median, p_above, paired_shift, student_t_quantile,
};
use crate::verdict::rules::ALPHA;
use crate::verdict::{Judgement, Reason, Verdict};

/// How two builds differ: d = y_head − y_base per pair, y = s·ln x where all values are above 0,
/// else s·x; s = −1 where higher is better, so that worse is always positive.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The differences, pair by pair.
    pub differences: Vec<f64>,
    /// Their summary.
    pub shift: PairedShift,
    /// Median of the base, in input units.
    pub base: f64,
    /// Median of the head, in input units.
    pub head: f64,
    /// Differences are of logarithms.
    pub log: bool,
    sign: f64,
    /// No value of a build differs from the others of it.
    constant: bool,
}

impl Contrast {
    /// Compares pair by pair; a longer side is cut. `None` without a pair.
    #[must_use]
    pub fn new(base: &[f64], head: &[f64], direction: Direction) -> Option<Self> {
        let n = base.len().min(head.len());
        let (base, head) = (&base[..n], &head[..n]);
        let log = base.iter().chain(head).all(|x| *x > 0.0);
        let sign = direction.worsening_sign();
        let y = |x: &f64| if log { sign * x.ln() } else { sign * x };
        let differences: Vec<f64> = base.iter().zip(head).map(|(b, h)| y(h) - y(b)).collect();
        let steady = |values: &[f64]| values.windows(2).all(|w| w[0].total_cmp(&w[1]).is_eq());
        Some(Self {
            shift: paired_shift(&differences)?,
            base: median(base)?,
            head: median(head)?,
            constant: n > 1 && steady(base) && steady(head),
            differences,
            log,
            sign,
        })
    }

    /// A shift as a relative change with the sign of the values; `None` where the base is 0.
    #[must_use]
    pub fn relative(&self, shift: f64) -> Option<f64> {
        if self.log {
            Some((self.sign * shift).exp_m1())
        } else if self.base.abs() > 0.0 {
            Some(self.sign * shift / self.base.abs())
        } else {
            None
        }
    }

    /// The relative change with its 95 % bounds, with the sign of the values. `None` where the base
    /// is 0 or so few pairs bound nothing.
    #[must_use]
    pub fn effect(&self) -> Option<(f64, f64, f64)> {
        let shift = &self.shift.shift;
        let (a, b) = (self.relative(shift.low)?, self.relative(shift.high)?);
        let finite = shift.low.is_finite() && shift.high.is_finite();
        finite.then_some((self.relative(shift.value)?, a.min(b), a.max(b)))
    }

    /// The smallest relative change that would have been seen, positive.
    #[must_use]
    pub fn smallest_effect(&self) -> Option<f64> {
        Some(self.relative(self.sign * self.shift.smallest?)?.abs())
    }

    /// A worsening by a fraction as a shift; `None` where the base is 0.
    #[must_use]
    pub fn margin(&self, fraction: f64) -> Option<f64> {
        if self.log && self.sign > 0.0 {
            Some(fraction.ln_1p())
        } else if self.log {
            Some(-(-fraction.min(0.999_999)).ln_1p())
        } else {
            Some(fraction * self.base.abs()).filter(|margin| *margin > 0.0 || fraction <= 0.0)
        }
    }

    /// Whether every value of the head is worse than every one of the base by more than a shift.
    #[must_use]
    pub fn all_beyond(&self, base: &[f64], head: &[f64], margin: f64) -> bool {
        let y = |x: &f64| self.sign * if self.log { x.ln() } else { *x };
        let worst = base.iter().map(y).fold(f64::NEG_INFINITY, f64::max);
        head.iter().all(|value| y(value) - worst > margin)
    }

    /// The base's level moved by a shift, in input units.
    #[must_use]
    pub fn value_at(&self, shift: f64) -> f64 {
        if self.log {
            self.base * (self.sign * shift).exp()
        } else {
            self.base + self.sign * shift
        }
    }

    /// Proven better, one-sided 95 %.
    #[must_use]
    pub fn is_improved(&self) -> bool {
        self.shift.bounds.1 < 0.0
    }

    /// Whether the difference itself decides, without statistics: the owner says so, or a counter
    /// (a number of things, or bytes) gave one and the same value in every run of a build.
    #[must_use]
    pub fn is_exact(&self, deterministic: bool, unit: &Unit) -> bool {
        deterministic || (self.constant && matches!(unit, Unit::Count | Unit::Bytes))
    }

    pub(super) fn is_proven_worse(&self, exact: bool) -> bool {
        if exact {
            self.sign * (self.head - self.base) > 0.0
        } else {
            p_above(&self.differences, 0.0) <= ALPHA
        }
    }

    /// The least number of further pairs with t·se below the distance; `None` for more than a
    /// thousand.
    fn pairs_that_decide(&self, distance: f64) -> Option<usize> {
        let n = self.shift.n;
        let half = 0.5 * (self.shift.bounds.1 - self.shift.bounds.0);
        if !half.is_finite() {
            return Some(6_usize.saturating_sub(n).max(1));
        }
        let se = half / student_t_quantile(1.0 - ALPHA, (n.max(2) - 1) as f64);
        (1..=1000).find(|more| {
            let all = (n + more) as f64;
            let t = student_t_quantile(1.0 - ALPHA, all - 1.0);
            t * se * (n as f64 / all).sqrt() < distance.abs()
        })
    }
}

/// The limit of one change, on pairs. Within: the upper one-sided 95 % bound lies below the margin.
/// Over: the signed rank test of d − margin has p ≤ 5 %, before control over many series.
#[must_use]
pub fn judge_paired_regress(contrast: &Contrast, rule: Regress, exact: bool) -> Judgement {
    let mut found = Judgement::bare(Verdict::Unproven, Reason::BothSides);
    found.level = Some(contrast.head);
    found.effect = contrast.effect();
    found.smallest_effect = contrast.smallest_effect();
    found.improved = contrast.is_improved();
    let margin = contrast.margin(rule.limit);
    let warned = |shift: f64| {
        let warn = rule.warn.and_then(|warn| contrast.margin(warn));
        warn.is_some_and(|warn| shift > warn)
    };
    if exact {
        let worse = contrast.sign * (contrast.head - contrast.base);
        let tolerance = 1e-9 * contrast.base.abs().max(1.0);
        let most = margin.map_or(0.0, |margin| {
            contrast.sign * (contrast.value_at(margin) - contrast.base)
        });
        let shift = contrast.shift.shift.value;
        found.effect = contrast.relative(shift).map(|e| (e, e, e));
        found.smallest_effect = Some(0.0);
        found.improved = worse < 0.0;
        found.verdict = if worse > most + tolerance {
            Verdict::Over
        } else {
            Verdict::Within
        };
        found.reason =
            (found.verdict == Verdict::Within && warned(shift)).then_some(Reason::Warned);
        return found;
    }
    // A fall from a level to nothing or less is no share of it.
    let vanished = contrast.base > 0.0 && contrast.head <= 0.0;
    let Some(margin) = margin.filter(|_| !vanished) else {
        found.reason = Some(Reason::NoRelativeSize);
        if vanished {
            (found.effect, found.improved) = (None, false);
        }
        return found;
    };
    let centre = contrast.shift.shift.value;
    let p = p_above(&contrast.differences, margin);
    found.p = Some(p);
    if contrast.shift.bounds.1 < margin {
        found.verdict = Verdict::Within;
        found.reason = warned(centre).then_some(Reason::Warned);
    } else if p <= ALPHA {
        found.verdict = Verdict::Over;
        found.reason = None;
    } else if contrast.shift.bounds.0.is_infinite() {
        found.reason = Some(Reason::Unattainable);
        found.runs_needed = contrast.pairs_that_decide(centre - margin);
    } else {
        found.runs_needed = contrast.pairs_that_decide(centre - margin);
    }
    found
}

/// The absolute limit on the runs of one build, by binomial ranks: over and within each need the
/// one-sided 95 % bound of the median beyond the limit. `limit` in input units; `None` without
/// runs.
#[must_use]
pub fn judge_paired_max(values: &[f64], limit: f64, sign: f64, exact: bool) -> Option<Judgement> {
    let centre = median(values)?;
    let mut found = Judgement::bare(Verdict::Unproven, Reason::BothSides);
    found.level = Some(centre);
    let ys: Vec<f64> = values.iter().map(|x| sign * x).collect();
    let top = sign * limit;
    let decide = |over: bool, within: bool| match (over, within) {
        (true, _) => (Verdict::Over, None),
        (_, true) => (Verdict::Within, None),
        _ => (Verdict::Unproven, Some(Reason::BothSides)),
    };
    if exact {
        let over = sign * centre > top;
        (found.verdict, found.reason) = decide(over, !over);
        return Some(found);
    }
    let (low, high) = centre_interval(&ys, 1.0 - 2.0 * ALPHA);
    let (above, below) = (
        ys.iter().filter(|y| **y > top).count(),
        ys.iter().filter(|y| **y < top).count(),
    );
    found.p = Some(sign_test(above, above + below));
    (found.verdict, found.reason) = decide(low > top, high < top);
    if low.is_infinite() && found.verdict == Verdict::Unproven {
        found.reason = Some(Reason::Unattainable);
        found.runs_needed = Some(6_usize.saturating_sub(values.len()).max(1));
    }
    Some(found)
}

/// P(Bin(n, ½) ≥ k).
fn sign_test(k: usize, n: usize) -> f64 {
    let mut term = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut total = 0.0;
    for i in 0..=n {
        if i >= k {
            total += term;
        }
        term *= (n - i) as f64 / (i + 1) as f64;
    }
    total.clamp(0.0, 1.0)
}
