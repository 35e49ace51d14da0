//! What load tests have in common: how many requests were made, how many failed, how long they
//! took.

use super::fault::Fault;
use super::parsed::{Bench, Parsed, Source, TIME, not_negative, scaled};
use crate::model::{Direction, Tags, Unit};

/// What the registry says of a report with percentiles of the tool's choice.
pub(crate) const METRICS: &[&str] = &[
    "latency.p95",
    "latency.mean",
    "latency.min",
    "latency.max",
    "latency.p50 … latency.p99.9",
    "requests",
    "failures",
    "error_rate",
    "rate",
];

/// The load's shape as tags; what is not said, or is 0, is no tag.
pub(crate) fn shape<const N: usize>(of: [(&str, Option<u64>); N]) -> Tags {
    of.into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.filter(|n| *n > 0)?.to_string())))
        .collect()
}

/// One load test, or one slice of it.
pub(crate) struct Load<'p> {
    pub(crate) bench: Bench,
    parsed: &'p mut Parsed,
    requests: f64,
}

impl<'p> Load<'p> {
    /// Adds `requests`, `failures` and `error_rate`. A test without requests, or in which every
    /// request failed, becomes a failure and `None`: its times say how fast it failed.
    pub(crate) fn new(
        name: &str,
        tags: Tags,
        requests: (f64, Source<'_>),
        failures: (f64, Source<'_>),
        parsed: &'p mut Parsed,
    ) -> Result<Option<Self>, Fault> {
        let (made, made_source) = requests;
        let (failed, failed_source) = failures;
        not_negative(made, || made_source.0.to_owned())?;
        not_negative(failed, || failed_source.0.to_owned())?;
        if made <= 0.0 {
            parsed.fail_slice(name, tags, "no requests were made");
            return Ok(None);
        }
        if failed > made {
            return Err(Fault::at(
                failed_source.0,
                format!("{failed} of {made} requests failed, which cannot be"),
            ));
        }
        if failed >= made {
            parsed.fail_slice(name, tags, "every request failed");
            return Ok(None);
        }
        let bench = Bench::new(name, tags);
        let lower = Some(Direction::Lower);
        parsed.measurements.extend([
            bench.value("requests", (made, 1), (Unit::Count, None), made_source),
            bench.value("failures", (failed, 1), (Unit::Count, lower), failed_source),
            bench.value(
                "error_rate",
                (failed / made, 1),
                (Unit::Ratio, lower),
                failed_source,
            ),
        ]);
        Ok(Some(Self {
            bench,
            parsed,
            requests: made,
        }))
    }

    /// A test whose file does not say what failed: it has `requests`, and no error rate that would
    /// look like none.
    pub(crate) fn failures_unknown(
        name: &str,
        tags: Tags,
        requests: (f64, Source<'_>),
        parsed: &'p mut Parsed,
    ) -> Result<Option<Self>, Fault> {
        let (made, source) = requests;
        not_negative(made, || source.0.to_owned())?;
        if made <= 0.0 {
            parsed.fail_slice(name, tags, "no requests were made");
            return Ok(None);
        }
        let bench = Bench::new(name, tags);
        let counted = bench.value("requests", (made, 1), (Unit::Count, None), source);
        parsed.measurements.push(counted);
        Ok(Some(Self {
            bench,
            parsed,
            requests: made,
        }))
    }

    /// Something that no measurement says.
    pub(crate) fn note(&mut self, note: String) {
        self.parsed.note(note);
    }

    /// How many requests stand behind a latency, where not all of them do.
    pub(crate) fn requests(&mut self, n: u64) {
        self.requests = n as f64;
    }

    /// Adds `latency.<statistic>`, given in the unit of which `factor` brings it to nanoseconds.
    /// Zero is left out: it stands for less than the tool can tell.
    pub(crate) fn latency(
        &mut self,
        statistic: &str,
        value: f64,
        factor: f64,
        source: Source<'_>,
    ) -> Result<(), Fault> {
        let value = scaled(value, factor, || source.0.to_owned())?;
        if value > 0.0 {
            let n = self.requests as u64;
            let metric = format!("latency.{statistic}");
            let made = self.bench.value(metric, (value, n), TIME, source);
            self.parsed.measurements.push(made);
        }
        Ok(())
    }

    /// Adds something that is not negative, in its canonical unit.
    pub(crate) fn value(
        &mut self,
        metric: &str,
        value: f64,
        unit: (Unit, Option<Direction>),
        source: Source<'_>,
    ) -> Result<(), Fault> {
        let value = not_negative(value, || source.0.to_owned())?;
        let made = self.bench.value(metric, (value, 1), unit, source);
        self.parsed.measurements.push(made);
        Ok(())
    }
}
