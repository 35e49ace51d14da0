//! airspeed velocity's `results/MACHINE/COMMIT-ENV.json`.
//!
//! Versions seen: result files of version 1 (asv 0.4) and 2 (asv 0.6.6).
//! Producer: <https://github.com/airspeed-velocity/asv/blob/main/asv/results.py>
//!
//! A result is a list over the product of the parameters, the last one fastest. What a benchmark
//! measures follows from its name, as asv itself finds it: `time_` is seconds, `mem_` and
//! `peakmem_` are bytes, `track_` is anything. The names of parameters and the unit of `track_`
//! are in `results/benchmarks.json`, which is read where it stands beside the results; without it
//! parameters are called `param1`, `param2`, … as asv calls those without a name. `null` is a
//! benchmark that failed, NaN one that does not apply to these parameters: the first is a failure,
//! the second nothing. JSON of Python holds bare `NaN` and `Infinity`.

use super::fault::Fault;
use super::json::{self, UniqueMap};
use super::parsed::{Bench, Input, Parsed, SIZE, not_negative};
use super::registry::{Format, Reader};
use super::timed::Timed;
use super::units::{self, SECOND};
use crate::model::{Direction, Measurement, Tags, Unit};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const FORMAT: Format = Format {
    name: "asv",
    aliases: &["airspeed-velocity"],
    produced_by: "asv run → results/MACHINE/COMMIT-ENV.json",
    known_by: "JSON with `commit_hash`, `params` and `results`",
    versions: &["result files 1", "2 (asv 0.6.6)"],
    metrics: &[
        "time",
        "time.mean",
        "time.min",
        "time.max",
        "memory",
        "memory.peak",
        "value",
    ],
    samples: true,
    url: "https://asv.readthedocs.io/en/stable/dev.html",
    sniff: |content| content.has("commit_hash") && content.has("results") && content.has("params"),
    reader: Reader::File(read),
};

/// A number as Python writes it: `null` is missing, a string is what stood there instead.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Number {
    Value(f64),
    Word(Word),
}

/// NaN or an infinity, as [`json::without_bare_words`] writes them.
#[derive(Debug, Clone, Copy, Deserialize)]
enum Word {
    #[serde(rename = "N")]
    NaN,
    #[serde(rename = "inf   ")]
    Infinity,
    #[serde(rename = "-inf   ")]
    NegativeInfinity,
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Self::Value(value) => value,
            Self::Word(Word::NaN) => f64::NAN,
            Self::Word(Word::Infinity) => f64::INFINITY,
            Self::Word(Word::NegativeInfinity) => f64::NEG_INFINITY,
        }
    }
}

#[derive(Deserialize)]
struct Header {
    version: Option<u32>,
    result_columns: Option<serde::de::IgnoredAny>,
    commit_hash: Option<String>,
    /// Milliseconds since 1970: the time of the commit.
    date: Option<f64>,
    env_name: Option<String>,
    #[serde(default)]
    benchmark_version: BTreeMap<String, String>,
}

/// One file of results, whichever its version.
pub(super) struct File {
    version: u32,
    pub(super) commit_hash: Option<String>,
    /// Milliseconds since 1970.
    pub(super) date: Option<f64>,
    /// The environment that asv built; empty where nobody says.
    pub(super) env: String,
    pub(super) results: BTreeMap<String, Results>,
}

/// Version 2: each result is a list whose columns `result_columns` names.
#[derive(Deserialize)]
struct Columns {
    result_columns: Vec<String>,
    results: UniqueMap<Vec<serde_json::Value>>,
}

/// Version 1.
#[derive(Deserialize)]
struct Old {
    results: UniqueMap<Option<OldResult>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OldResult {
    Plain(Number),
    Full {
        result: Option<Vec<Option<Number>>>,
        #[serde(default)]
        params: Vec<Vec<String>>,
        #[serde(default)]
        stats: Option<Vec<Option<OldStats>>>,
        #[serde(default)]
        samples: Option<Vec<Option<Vec<Number>>>>,
    },
}

#[derive(Deserialize)]
struct OldStats {
    q_25: Option<Number>,
    q_75: Option<Number>,
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    repeat: Option<u64>,
}

/// `results/benchmarks.json`: what it says of each benchmark.
#[derive(Deserialize)]
pub(super) struct About {
    #[serde(default)]
    param_names: Vec<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    unit: Option<String>,
    /// Digest of the benchmark's own code.
    pub(super) version: Option<String>,
}

/// One benchmark in the shape that both versions are brought to; lists run over the parameters.
#[derive(Default)]
pub(super) struct Results {
    /// Version of the benchmark's own code.
    pub(super) version: Option<String>,
    values: Option<Vec<Option<Number>>>,
    params: Vec<Vec<String>>,
    stats: Vec<Stats>,
    samples: Vec<Option<Vec<Number>>>,
}

#[derive(Default, Clone, Copy)]
struct Stats {
    quartiles: Option<(f64, f64)>,
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    n: u64,
}

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let file = file(input.bytes, input.stem)?;
    let about = input.path.map(beside).transpose()?.unwrap_or_default();
    let mut parsed = Parsed {
        version: Some(file.version.to_string()),
        ..Parsed::default()
    };
    let mut skipped = 0;
    for (name, results) in &file.results {
        skipped += one(name, results, about.get(name), &file.env, &mut parsed)?;
    }
    if skipped > 0 {
        parsed.note(format!(
            "left out {skipped} results that are NaN: asv skipped them, or their `track_` returned NaN"
        ));
    }
    Ok(parsed)
}

/// Reads a file of results. `stem`: its name without the ending, `COMMIT-ENVIRONMENT`.
pub(super) fn file(bytes: &[u8], stem: &str) -> Result<File, Fault> {
    let bytes = json::without_bare_words(bytes);
    let header: Header = json::document(&bytes)?;
    // The oldest files do not say their version.
    let own = if header.result_columns.is_some() {
        2
    } else {
        1
    };
    let version = header.version.unwrap_or(own);
    let mut results = match version {
        1 => old(json::document(&bytes)?),
        2 => columns(json::document(&bytes)?)?,
        other => {
            let reason = format!("version {other} of result files is not known; known are 1 and 2");
            return Err(Fault::at("version", reason));
        }
    };
    for (name, version) in header.benchmark_version {
        if let Some(of) = results.get_mut(&name) {
            of.version.get_or_insert(version);
        }
    }
    let named = || stem.split_once('-').map(|(_, env)| env.to_owned());
    Ok(File {
        version,
        commit_hash: header.commit_hash,
        date: header.date,
        env: header.env_name.or_else(named).unwrap_or_default(),
        results,
    })
}

fn old(file: Old) -> BTreeMap<String, Results> {
    let of = |result| match result {
        None => Results::default(),
        Some(OldResult::Plain(number)) => Results {
            values: Some(vec![Some(number)]),
            ..Results::default()
        },
        Some(OldResult::Full {
            result,
            params,
            stats,
            samples,
        }) => {
            let stats = stats.unwrap_or_default().into_iter().map(|stats| {
                stats.map_or_else(Stats::default, |stats| Stats {
                    quartiles: ends(stats.q_25, stats.q_75),
                    min: stats.min,
                    max: stats.max,
                    mean: stats.mean,
                    n: stats.repeat.unwrap_or(1),
                })
            });
            Results {
                values: result,
                params,
                stats: stats.collect(),
                samples: samples.unwrap_or_default(),
                ..Results::default()
            }
        }
    };
    file.results
        .0
        .into_iter()
        .map(|(name, result)| (name, of(result)))
        .collect()
}

fn ends(low: Option<Number>, high: Option<Number>) -> Option<(f64, f64)> {
    Some((low?.value(), high?.value()))
}

fn columns(file: Columns) -> Result<BTreeMap<String, Results>, Fault> {
    let mut found = BTreeMap::new();
    for (name, mut row) in file.results.0 {
        // A row may stop early; what is behind its end is not there.
        let mut column = |wanted: &str| {
            let at = file
                .result_columns
                .iter()
                .position(|column| column == wanted);
            let cell = at
                .and_then(|at| row.get_mut(at))
                .map(serde_json::Value::take);
            cell.unwrap_or_default()
        };
        let at = |column: &str| format!("results.{name}: {column}");
        let low: Option<Vec<Option<Number>>> = cell(column("stats_q_25"), || at("stats_q_25"))?;
        let high: Option<Vec<Option<Number>>> = cell(column("stats_q_75"), || at("stats_q_75"))?;
        let repeat: Option<Vec<Option<u64>>> = cell(column("stats_repeat"), || at("stats_repeat"))?;
        let (low, high) = (low.unwrap_or_default(), high.unwrap_or_default());
        let repeat = repeat.unwrap_or_default();
        let stats = (0..low.len().max(repeat.len())).map(|i| Stats {
            quartiles: ends(
                low.get(i).copied().flatten(),
                high.get(i).copied().flatten(),
            ),
            n: repeat.get(i).copied().flatten().unwrap_or(1),
            ..Stats::default()
        });
        let results = Results {
            version: cell(column("version"), || at("version"))?,
            values: cell(column("result"), || at("result"))?,
            params: cell::<Option<_>>(column("params"), || at("params"))?.unwrap_or_default(),
            stats: stats.collect(),
            samples: cell::<Option<_>>(column("samples"), || at("samples"))?.unwrap_or_default(),
        };
        found.insert(name, results);
    }
    Ok(found)
}

fn cell<T: serde::de::DeserializeOwned>(
    value: serde_json::Value,
    place: impl Fn() -> String,
) -> Result<T, Fault> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let place = place() + inner.trim_start_matches('.');
        Fault::at(place, error.into_inner().to_string())
    })
}

/// What `benchmarks.json` in the folder above says; nothing where there is none.
fn beside(result: &Path) -> Result<BTreeMap<String, About>, Fault> {
    let Some(folder) = result.parent().and_then(Path::parent) else {
        return Ok(BTreeMap::new());
    };
    let path = folder.join("benchmarks.json");
    let Ok(bytes) = std::fs::read(&path) else {
        return Ok(BTreeMap::new());
    };
    about(&bytes).map_err(|fault| {
        let place = fault.place.unwrap_or_default();
        Fault::at(format!("{}: {place}", path.display()), fault.reason)
    })
}

/// Reads `benchmarks.json`.
pub(super) fn about(bytes: &[u8]) -> Result<BTreeMap<String, About>, Fault> {
    let all: UniqueMap<serde_json::Value> = json::document(&json::without_bare_words(bytes))?;
    let mut found = BTreeMap::new();
    for (name, value) in all.0 {
        // `version` stands among the benchmarks.
        if value.is_object() {
            let about = cell(value, || format!("{name}: "))?;
            found.insert(name, about);
        }
    }
    Ok(found)
}

/// What a benchmark measures, from its name, as asv finds it.
fn kind_of(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    [
        ("timeraw_", "time"),
        ("time_", "time"),
        ("Time", "time"),
        ("mem_", "memory"),
        ("Mem", "memory"),
        ("peakmem_", "peakmemory"),
        ("PeakMem", "peakmemory"),
        ("track_", "track"),
        ("Track", "track"),
    ]
    .into_iter()
    .find_map(|(start, kind)| last.starts_with(start).then_some(kind))
}

/// The measurements of one benchmark; says how many results asv skipped.
pub(super) fn one(
    name: &str,
    results: &Results,
    about: Option<&About>,
    env: &str,
    parsed: &mut Parsed,
) -> Result<usize, Fault> {
    // One run holds a suite once for every environment that asv built.
    let env: Tags = Some(env)
        .filter(|env| !env.is_empty())
        .map(|env| ("asv_env".to_owned(), env.to_owned()))
        .into_iter()
        .collect();
    let Some(values) = &results.values else {
        parsed.fail_slice(name, env, "it failed");
        return Ok(0);
    };
    let place = format!("results.{name}");
    let product: usize = results.params.iter().map(Vec::len).product();
    if values.len() != product {
        let reason = format!(
            "it has {} results for {product} sets of parameters",
            values.len()
        );
        return Err(Fault::at(place, reason));
    }
    let kind = about
        .and_then(|about| about.kind.as_deref())
        .or_else(|| kind_of(name));
    let mut skipped = 0;
    for (i, value) in values.iter().enumerate() {
        let mut tags = tags_of(i, &results.params, about);
        tags.extend(env.clone());
        let Some(value) = value else {
            parsed.fail_slice(name, tags, "it failed");
            continue;
        };
        let value = value.value();
        if value.is_nan() {
            skipped += 1;
            continue;
        }
        let place = format!("{place}[{i}]");
        let bench = Bench::new(name, tags);
        let made = match kind {
            Some("time" | "timeraw") => {
                let samples = results.samples.get(i).and_then(Option::as_ref);
                let stats = results.stats.get(i).copied().unwrap_or_default();
                times(&bench, value, samples, stats, &place, parsed)?;
                continue;
            }
            Some("memory" | "peakmemory") => {
                let value = not_negative(value, || place.clone())?;
                let peak = kind == Some("peakmemory");
                let metric = if peak { "memory.peak" } else { "memory" };
                bench.value(
                    metric,
                    (value, 1),
                    SIZE,
                    (kind.unwrap_or_default(), "bytes"),
                )
            }
            Some("track") => tracked(&bench, value, about, &place)?,
            other => {
                let reason = match other {
                    Some(other) => format!("`{other}` is not a type of benchmark that is known"),
                    None => "its name does not say what it measures, and `benchmarks.json` is not \
                             in the folder above"
                        .to_owned(),
                };
                return Err(Fault::at(place, reason));
            }
        };
        parsed.measurements.push(made);
    }
    Ok(skipped)
}

/// The parameters of the i-th result: the last one runs fastest.
fn tags_of(i: usize, params: &[Vec<String>], about: Option<&About>) -> Tags {
    let mut tags = Tags::new();
    let mut rest = i;
    for (k, list) in params.iter().enumerate().rev() {
        let name = about.and_then(|about| about.param_names.get(k)).cloned();
        let name = name.unwrap_or_else(|| format!("param{}", k + 1));
        if let Some(value) = list.get(rest % list.len().max(1)) {
            tags.insert(name, value.trim_matches('\'').to_owned());
        }
        rest /= list.len().max(1);
    }
    tags
}

/// Anything that a `track_` benchmark returns.
fn tracked(
    bench: &Bench,
    value: f64,
    about: Option<&About>,
    place: &str,
) -> Result<Measurement, Fault> {
    if !value.is_finite() {
        return Err(Fault::at(place, "the number is infinite"));
    }
    let text = about
        .and_then(|about| about.unit.as_deref())
        .unwrap_or("unit");
    let known = units::canonical(text);
    let (unit, factor) = known.unwrap_or_else(|| (Unit::Other(text.to_owned()), 1.0));
    let kind = (unit, None::<Direction>);
    Ok(bench.value("value", (value * factor, 1), kind, ("track", text)))
}

fn times(
    bench: &Bench,
    value: f64,
    samples: Option<&Vec<Number>>,
    stats: Stats,
    place: &str,
    parsed: &mut Parsed,
) -> Result<(), Fault> {
    let samples: Option<Vec<f64>> = samples
        .filter(|samples| !samples.is_empty())
        .map(|samples| samples.iter().map(|sample| sample.value()).collect());
    let timed = Timed {
        bench,
        n: samples
            .as_ref()
            .map_or(stats.n, |samples| samples.len() as u64),
        factor: SECOND,
        unit: "seconds",
        place,
    };
    let headline = match (&samples, stats.quartiles) {
        (Some(samples), _) => timed.samples(samples, "samples")?,
        (None, Some((low, high))) => timed.with_ends(timed.headline(value, "result")?, low, high),
        (None, None) => timed.headline(value, "result")?,
    };
    if timed.keep(headline, parsed) {
        timed.others(
            &[
                ("time.mean", "stats.mean", stats.mean),
                ("time.min", "stats.min", stats.min),
                ("time.max", "stats.max", stats.max),
            ],
            parsed,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
