//! `plimsoll.measurements/1` and `plimsoll.detect/1`: what was read, and what was found in a series.

use super::to_text;
use crate::detect::{Detection, Scale};
use crate::formats::Reading;
use crate::model::{Direction, Measurement, Tags};
use serde::Serialize;

#[derive(Serialize)]
struct MeasurementsJson<'a> {
    schema: &'static str,
    files: Vec<FileJson<'a>>,
    measurements: Vec<MeasurementJson<'a>>,
    failures: Vec<FailureJson<'a>>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: String,
    format: &'static str,
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct MeasurementJson<'a> {
    benchmark: &'a str,
    metric: &'a str,
    value: f64,
    unit: &'a str,
    direction: Option<Direction>,
    tags: &'a Tags,
    n: u64,
    samples: Option<&'a [f64]>,
    source_metric: &'a str,
    source_unit: &'a str,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    benchmark: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: &'a Tags,
}

/// `plimsoll.measurements/1`: what was understood of result files.
#[must_use]
pub fn measurements(readings: &[Reading]) -> String {
    let each = |m| measurement(m);
    to_text(&MeasurementsJson {
        schema: "plimsoll.measurements/1",
        files: readings
            .iter()
            .map(|reading| FileJson {
                path: reading.path.display().to_string(),
                format: reading.format,
                version: reading.version.as_deref(),
            })
            .collect(),
        measurements: readings
            .iter()
            .flat_map(|reading| reading.measurements.iter().map(each))
            .collect(),
        failures: readings
            .iter()
            .flat_map(|reading| &reading.failures)
            .map(|failure| FailureJson {
                benchmark: &failure.benchmark,
                reason: &failure.reason,
                tags: &failure.tags,
            })
            .collect(),
    })
}

fn measurement(m: &Measurement) -> MeasurementJson<'_> {
    MeasurementJson {
        benchmark: &m.benchmark,
        metric: &m.metric,
        value: m.value,
        unit: m.unit.as_str(),
        direction: m.direction,
        tags: &m.tags,
        n: m.n,
        samples: m.samples.as_ref().map(|samples| samples.values.as_slice()),
        source_metric: &m.source_metric,
        source_unit: &m.source_unit,
    }
}

#[derive(Serialize)]
struct DetectJson<'a> {
    schema: &'static str,
    name: &'a str,
    n: usize,
    scale: &'static str,
    change_points: Vec<DetectedJson>,
}

#[derive(Serialize)]
struct DetectedJson {
    index: usize,
    from: usize,
    to: usize,
    before: f64,
    after: f64,
    effect: Option<f64>,
    effect_low: Option<f64>,
    effect_high: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_high: Option<f64>,
    p: f64,
}

/// `plimsoll.detect/1`: one line for one series, also when nothing changed.
#[must_use]
pub fn detection(name: &str, n: usize, found: &Detection) -> String {
    let log = found.scale == Scale::Log;
    let only = |wanted: bool, value: f64| wanted.then_some(value);
    let change_points = found.change_points.iter().map(|change| DetectedJson {
        index: change.index,
        from: change.from,
        to: change.to,
        before: change.before,
        after: change.after,
        effect: only(log, change.effect),
        effect_low: only(log, change.effect_low),
        effect_high: only(log, change.effect_high),
        diff: only(!log, change.effect),
        diff_low: only(!log, change.effect_low),
        diff_high: only(!log, change.effect_high),
        p: change.p,
    });
    let line = DetectJson {
        schema: "plimsoll.detect/1",
        name,
        n,
        scale: if log { "log" } else { "linear" },
        change_points: change_points.collect(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}
