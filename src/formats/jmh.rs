//! JMH's `-rf json`.
//!
//! Versions seen: 1.21, 1.29.
//! Producer: <https://github.com/openjdk/jmh/blob/master/jmh-core/src/main/java/org/openjdk/jmh/results/format/JSONResultFormat.java>
//!
//! `thrpt` counts operations in a time, the other modes time an operation; the unit must agree
//! with the mode. `rawData` (one list a fork) are the samples; sample mode gives a histogram and
//! its percentiles instead. Parameters become tags, and so do more than one thread and the modes
//! `sample` and `ss`, which time something else than `avgt` does. The string "NaN" stands for no
//! number.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{
    Bench, Input, Parsed, RATE, SIZE, TIME, ZERO_TIME, scaled, scaled_samples, with_ends,
};
use super::registry::{Format, Reader};
use super::units::{self, SECOND};
use crate::model::{Direction, Samples, Tags, Unit};
use serde::Deserialize;

pub(crate) const FORMAT: Format = Format {
    name: "jmh",
    aliases: &[],
    produced_by: "java -jar benchmarks.jar -rf json -rff FILE",
    known_by: "a JSON list with `benchmark`, `mode` and `primaryMetric`",
    versions: &["1.21", "1.29"],
    metrics: &[
        "time",
        "throughput",
        "time.mean",
        "throughput.mean",
        "time.p95",
        "alloc.bytes",
        "a secondary metric's own name",
    ],
    samples: true,
    url: "https://github.com/openjdk/jmh",
    sniff: |content| {
        content.has("[]/benchmark") && content.has("[]/mode") && content.has("[]/primaryMetric")
    },
    reader: Reader::File(read),
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    jmh_version: Option<String>,
    benchmark: String,
    mode: String,
    threads: u32,
    #[serde(default)]
    params: UniqueMap<String>,
    primary_metric: Metric,
    #[serde(default)]
    secondary_metrics: UniqueMap<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    score: Number,
    score_confidence: Option<(Number, Number)>,
    #[serde(default)]
    score_percentiles: UniqueMap<Number>,
    score_unit: String,
    raw_data: Option<Vec<Vec<f64>>>,
}

/// A number, or `None` for the string "NaN".
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Text")]
struct Number(Option<f64>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Number(f64),
    Text(String),
}

impl TryFrom<Text> for Number {
    type Error = String;
    fn try_from(text: Text) -> Result<Self, String> {
        match text {
            Text::Number(value) => Ok(Self(Some(value))),
            Text::Text(text) if text == "NaN" => Ok(Self(None)),
            Text::Text(text) => Err(format!("expected a number or \"NaN\", not \"{text}\"")),
        }
    }
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let entries: Vec<Entry> = json::document(input.bytes)?;
    let mut parsed = Parsed {
        version: entries.first().and_then(|entry| entry.jmh_version.clone()),
        ..Parsed::default()
    };
    for (i, entry) in entries.iter().enumerate() {
        one(&format!("[{i}].primaryMetric"), entry, &mut parsed)?;
    }
    Ok(parsed)
}

fn one(place: &str, entry: &Entry, parsed: &mut Parsed) -> Result<(), Fault> {
    let metric = &entry.primary_metric;
    let at = |field: &str| format!("{place}.{field}");
    let unit = metric.score_unit.as_str();
    let throughput = match entry.mode.as_str() {
        "thrpt" => true,
        "avgt" | "sample" | "ss" => false,
        other => {
            return Err(Fault::at(place, format!("the mode `{other}` is not known")));
        }
    };
    let factor = if throughput {
        unit.strip_prefix("ops/")
            .and_then(units::time)
            .map(|time| SECOND / time)
    } else {
        unit.strip_suffix("/op").and_then(units::time)
    };
    let factor = factor.ok_or_else(|| {
        Fault::at(
            at("scoreUnit"),
            format!("the unit `{unit}` does not fit the mode `{}`", entry.mode),
        )
    })?;
    let (name, kind) = if throughput {
        ("throughput", RATE)
    } else {
        ("time", TIME)
    };
    let mut tags: Tags = entry.params.0.clone();
    if entry.threads > 1 {
        tags.insert("threads".to_owned(), entry.threads.to_string());
    }
    if matches!(entry.mode.as_str(), "sample" | "ss") {
        tags.insert("mode".to_owned(), entry.mode.clone());
    }
    let bench = Bench::new(&entry.benchmark, tags);
    let Some(score) = metric.score.0 else {
        parsed.failures.push(bench.failed("its score is NaN"));
        return Ok(());
    };
    let score = scaled(score, factor, || at("score"))?;
    let raw: Vec<f64> = metric
        .raw_data
        .iter()
        .flatten()
        .flatten()
        .copied()
        .collect();
    let n = raw.len() as u64;
    let headline = if raw.is_empty() {
        match percentile(metric, 50.0) {
            Some(median) => bench.value(
                name,
                (scaled(median, factor, || at("scorePercentiles"))?, 1),
                kind.clone(),
                ("scorePercentiles.50.0", unit),
            ),
            None => bench.value(name, (score, 1), kind.clone(), ("score", unit)),
        }
    } else {
        let samples = scaled_samples(&raw, factor, || at("rawData"))?;
        bench
            .samples(name, samples, kind.clone(), ("rawData", unit))
            .ok_or_else(|| Fault::at(at("rawData"), "a sample is too large"))?
    };
    if headline.value <= 0.0 {
        let reason = if throughput {
            "its throughput is 0"
        } else {
            ZERO_TIME
        };
        parsed.failures.push(bench.failed(reason));
        return Ok(());
    }
    parsed.measurements.push(headline);
    let mean = bench.value(
        format!("{name}.mean"),
        (score, n),
        kind.clone(),
        ("score", unit),
    );
    let mean = match metric.score_confidence {
        Some((Number(Some(low)), Number(Some(high)))) => {
            with_ends(mean, low * factor, high * factor)
        }
        _ => mean,
    };
    parsed.measurements.push(mean);
    // Percentiles of a few iterations say nothing; those of single calls do.
    if entry.mode == "sample" {
        for (key, value) in &metric.score_percentiles.0 {
            let (Some(name), Some(value)) = (units::percentile(key), value.0) else {
                continue;
            };
            let value = scaled(value, factor, || at(&format!("scorePercentiles.{key}")))?;
            let source = format!("scorePercentiles.{key}");
            let made = bench.value(format!("time.{name}"), (value, 1), TIME, (&source, unit));
            parsed.measurements.push(made);
        }
    }
    for (key, metric) in &entry.secondary_metrics.0 {
        parsed.measurements.extend(secondary(&bench, key, metric));
    }
    Ok(())
}

fn percentile(metric: &Metric, wanted: f64) -> Option<f64> {
    let found = metric.score_percentiles.0.iter();
    found
        .filter(|(key, _)| key.parse() == Ok(wanted))
        .find_map(|(_, value)| value.0)
}

/// What a profiler adds; `None` where it has no number, as without a garbage collection.
fn secondary(bench: &Bench, key: &str, metric: &Metric) -> Option<crate::model::Measurement> {
    let name = key.trim_start_matches('\u{b7}');
    let unit = metric.score_unit.as_str();
    let (name, kind, factor) = secondary_kind(name, unit);
    let values: Vec<f64> = metric
        .raw_data
        .iter()
        .flatten()
        .flatten()
        .copied()
        .collect();
    if values.is_empty() {
        let score = metric.score.0? * factor;
        let finite = score.is_finite();
        return finite.then(|| bench.value(name, (score, 1), kind, (key, unit)));
    }
    let samples = Samples {
        values: values.into_iter().map(|value| value * factor).collect(),
        iterations: None,
    };
    bench.samples(name, samples, kind, (key, unit))
}

/// Name, unit and direction of what a profiler adds, and what brings it to that unit. What is spent
/// for one operation, and on collecting garbage, is better when it is less; more instructions in a
/// clock cycle are better. A rate of allocation may mean either: a faster program allocates more in
/// a second.
fn secondary_kind<'k>(name: &'k str, unit: &str) -> (&'k str, (Unit, Option<Direction>), f64) {
    let own = || Unit::Other(unit.to_owned());
    match (name, unit) {
        ("gc.alloc.rate.norm", "B/op") => ("alloc.bytes", SIZE, 1.0),
        ("instructions" | "instructions:u", "#/op") => {
            ("instructions", (Unit::Count, Some(Direction::Lower)), 1.0)
        }
        ("cycles" | "cycles:u", "#/op") => ("cycles", (Unit::Count, Some(Direction::Lower)), 1.0),
        ("gc.time", "ms") => (name, TIME, units::MILLISECOND),
        ("gc.count", "counts") => (name, (Unit::Count, Some(Direction::Lower)), 1.0),
        ("IPC", _) => (name, (own(), Some(Direction::Higher)), 1.0),
        ("CPI", _) => (name, (own(), Some(Direction::Lower)), 1.0),
        _ if unit.ends_with("/op") => (name, (own(), Some(Direction::Lower)), 1.0),
        _ => (name, (own(), None), 1.0),
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::testing::{close, get, read_fixture, read_text};
    use crate::model::Direction;

    #[test]
    fn direction_goes_by_mode_and_raw_data_are_samples() {
        let reading = read_fixture("jmh/handmade-modes.json");
        let sort = get(&reading, "org.example.Sort.sort", "throughput");
        assert!(close(sort.value, 2_000_000.0), "{}", sort.value);
        assert_eq!((sort.n, sort.direction), (4, Some(Direction::Higher)));
        assert_eq!(sort.tags.get("size").map(String::as_str), Some("100"));
        assert_eq!(sort.tags.get("threads").map(String::as_str), Some("4"));
        assert!(close(
            get(&reading, "org.example.Sort.sort", "alloc.bytes").value,
            64.0
        ));
        let parse = get(&reading, "org.example.Parse.parse", "time");
        assert!(close(parse.value, 277_000.0));
        assert_eq!(parse.direction, Some(Direction::Lower));
        let mean = get(&reading, "org.example.Parse.parse", "time.mean");
        assert!(close(mean.value, 277_000.0) && mean.spread.is_none());
        let call = get(&reading, "org.example.Call.call", "time");
        assert!(close(call.value, 40.0) && call.tags.contains_key("mode"));
        assert!(close(
            get(&reading, "org.example.Call.call", "time.p95").value,
            90.0
        ));
    }

    #[test]
    fn what_profilers_add_has_a_direction_where_one_is_known() {
        let of = |name, unit| super::secondary_kind(name, unit);
        assert_eq!(of("gc.time", "ms").1.1, Some(Direction::Lower));
        assert!(close(of("gc.time", "ms").2, 1e6));
        assert_eq!(of("instructions", "#/op").0, "instructions");
        assert_eq!(of("branch-misses", "#/op").1.1, Some(Direction::Lower));
        assert_eq!(of("IPC", "insns/clk").1.1, Some(Direction::Higher));
        assert_eq!(of("gc.alloc.rate", "MB/sec").1.1, None);
    }

    #[test]
    fn nan_is_a_failure_and_mistakes_name_their_place() {
        let with = |mode: &str, score: &str, unit: &str, raw: &str| {
            format!(
                "[{{\"benchmark\": \"x\", \"mode\": \"{mode}\", \"threads\": 1, \"primaryMetric\": \
                 {{\"score\": {score}, \"scoreUnit\": \"{unit}\", \"rawData\": [[{raw}]]}}}}]"
            )
        };
        let nan = read_text("x.json", "jmh", &with("avgt", "\"NaN\"", "ns/op", "")).unwrap();
        assert!(nan.measurements.is_empty() && nan.failures[0].reason.contains("NaN"));
        let zero = read_text("x.json", "jmh", &with("avgt", "0", "ns/op", "0")).unwrap();
        assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
        for (mode, score, unit, raw, reason) in [
            ("thrpt", "1", "s/op", "1", "does not fit"),
            ("avgt", "1", "ops/s", "1", "does not fit"),
            ("half", "1", "s/op", "1", "not known"),
            ("avgt", "-1", "s/op", "1", "negative"),
            ("avgt", "1", "s/op", "1, -1", "rawData[1]"),
            ("avgt", "\"1\"", "s/op", "1", "score"),
            ("avgt", "1", "s/op", "\"NaN\"", "rawData"),
        ] {
            let error = read_text("x.json", "jmh", &with(mode, score, unit, raw)).unwrap_err();
            assert!(error.to_string().contains(reason), "{mode} {unit}: {error}");
        }
    }
}
