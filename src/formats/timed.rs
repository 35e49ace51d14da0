//! What most micro-benchmark tools say of one benchmark: a headline time and other statistics of
//! it, all in one unit.

use super::fault::Fault;
use super::parsed::{Bench, Parsed, TIME, ZERO_TIME, scaled, scaled_samples, with_ends};
use crate::model::Measurement;

/// The times of one benchmark.
pub(crate) struct Timed<'a> {
    pub(crate) bench: &'a Bench,
    /// How many samples stand behind the statistics.
    pub(crate) n: u64,
    /// Nanoseconds in one of the tool's unit.
    pub(crate) factor: f64,
    /// The tool's own text of the unit.
    pub(crate) unit: &'a str,
    /// Where the benchmark is in the file.
    pub(crate) place: &'a str,
}

impl<'a> Timed<'a> {
    /// What stands behind the statistics: the samples of the file, where it has any, else their
    /// number as the tool counted them.
    pub(crate) fn behind(
        bench: &'a Bench,
        (samples, counted): (Option<&'a [f64]>, u64),
        (factor, unit): (f64, &'a str),
        place: &'a str,
    ) -> (Self, Option<&'a [f64]>) {
        let samples = samples.filter(|samples| !samples.is_empty());
        let n = samples.map_or(counted, |samples| samples.len() as u64);
        let timed = Self {
            bench,
            n,
            factor,
            unit,
            place,
        };
        (timed, samples)
    }

    /// The tool's own headline, in `field`.
    pub(crate) fn headline(&self, value: f64, field: &str) -> Result<Measurement, Fault> {
        let value = scaled(value, self.factor, || self.at(field))?;
        Ok(self
            .bench
            .value("time", (value, self.n), TIME, (field, self.unit)))
    }

    /// The headline from raw samples, in `field`.
    pub(crate) fn samples(&self, samples: &[f64], field: &str) -> Result<Measurement, Fault> {
        let samples = scaled_samples(samples, self.factor, || self.at(field))?;
        self.bench
            .samples("time", samples, TIME, (field, self.unit))
            .ok_or_else(|| Fault::at(self.at(field), "there are no samples"))
    }

    /// Adds the distance of the headline to a low and a high end, in the tool's unit.
    pub(crate) fn with_ends(&self, made: Measurement, low: f64, high: f64) -> Measurement {
        with_ends(made, low * self.factor, high * self.factor)
    }

    /// Keeps the headline, or notes that it is no result. Says whether it was kept.
    pub(crate) fn keep(&self, headline: Measurement, parsed: &mut Parsed) -> bool {
        if headline.value <= 0.0 {
            parsed.failures.push(self.bench.failed(ZERO_TIME));
            return false;
        }
        parsed.measurements.push(headline);
        true
    }

    /// Other statistics of the time: metric, field, value.
    pub(crate) fn others(
        &self,
        statistics: &[(&str, &str, Option<f64>)],
        parsed: &mut Parsed,
    ) -> Result<(), Fault> {
        for (metric, field, value) in statistics {
            let Some(value) = value else { continue };
            let value = scaled(*value, self.factor, || self.at(field))?;
            let made = self
                .bench
                .value(*metric, (value, self.n), TIME, (field, self.unit));
            parsed.measurements.push(made);
        }
        Ok(())
    }

    pub(crate) fn at(&self, field: &str) -> String {
        format!("{}.{field}", self.place)
    }
}
