//! Capacity against the roadmap: what a sweep of load steps must carry, and when.

use super::Anchor;
use crate::diag::SourceSpan;
use jiff::civil::Date;

/// Days in a month and a year on average: growth is compounded by them.
pub const DAYS_A_MONTH: f64 = 30.436_875;

/// `capacity` of a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityRule {
    /// The tag that holds the load; `None`: the first that is known to.
    pub x: Option<String>,
    /// The metric that is the throughput.
    pub y: Option<String>,
    /// The statistic of latency that is the tail.
    pub latency: Option<String>,
    /// The tail budget, in nanoseconds.
    pub at_latency: Option<f64>,
    /// The greatest share of failed requests with which a step counts.
    pub max_errors: f64,
    /// Two-sided confidence of all intervals.
    pub confidence: f64,
    /// The throughput that must be carried at all times, per second.
    pub min: Option<f64>,
    /// How long users wait between requests, in nanoseconds.
    pub think: Option<f64>,
    /// How much one change may add to contention and coherency.
    pub regress: Option<Coefficients>,
    /// How much may have been added to them since a pinned commit.
    pub drift: Option<(Anchor, Coefficients)>,
}

/// Limits of the law's coefficients, as differences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// How much may be added to α.
    pub contention: Option<f64>,
    /// How much may be added to β.
    pub coherency: Option<f64>,
}

/// `scale_unit` of a limit: the owner's assumption of how units add up.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleUnit {
    /// What one is called, such as `pod`.
    pub name: String,
    /// How many there will be.
    pub planned: f64,
    /// How many were tested together, where the results have no tag of that name.
    pub tested: f64,
    /// Share of its throughput that each further unit adds.
    pub efficiency: f64,
}

/// What a milestone asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted {
    /// So many times the present demand.
    Times(f64),
    /// A throughput, per second.
    Rate(f64),
    /// The present demand, grown until that day.
    Grown,
}

/// `[[milestone]]`: a demand with a date.
#[derive(Debug, Clone, PartialEq)]
pub struct Milestone {
    /// Id of the limit whose sweep must carry it.
    pub limit: String,
    /// Its name.
    pub name: String,
    /// The day.
    pub date: Date,
    /// The demand.
    pub demand: Wanted,
    /// So many times the demand must be carried.
    pub safety: f64,
    /// From this day on it fails a check, before it warns; `None`: from now.
    pub fail_from: Option<Date>,
    /// Where it is written.
    pub at: SourceSpan,
}

/// `[demand]`: what is asked for now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Per second.
    pub current: f64,
    /// The day of that figure.
    pub measured: Date,
    /// Growth of one day, as a factor of at least 1.
    pub growth: f64,
}

impl Demand {
    /// The demand on a day.
    #[must_use]
    pub fn on(&self, day: Date) -> f64 {
        self.current * self.growth.powf(days_between(self.measured, day))
    }

    /// The day on which the demand reaches a throughput; `None` where it does not grow, or not within
    /// a hundred years.
    #[must_use]
    pub fn reaches(&self, throughput: f64) -> Option<Date> {
        let days = (throughput / self.current).ln() / self.growth.ln();
        if !(self.growth > 1.0 && days.is_finite() && days < 36_525.0) {
            return None;
        }
        let days = days.floor().max(-36_525.0) as i64;
        self.measured
            .checked_add(jiff::Span::new().try_days(days).ok()?)
            .ok()
    }
}

fn days_between(from: Date, to: Date) -> f64 {
    from.until(to)
        .map_or(0.0, |span| f64::from(span.get_days()))
}
