//! airspeed velocity's `results/`: `benchmarks.json`, and one file a machine, commit and environment.
//!
//! Producer: <https://asv.readthedocs.io/en/stable/dev.html#file-formats>, versions 1 and 2 of the
//! results. `NaN` is a benchmark that was skipped, `null` one that failed. Results of an earlier
//! version of a benchmark's own code are left out, as asv does: they measured something else.

use super::{Dated, NO_COMMIT, TrackerHistory, bytes_of, is_commit, refuse_empty};
use crate::formats::fault::Fault;
use crate::formats::parsed::{Bench, SIZE, TIME, with_ends};
use crate::formats::{FormatError, json, units};
use crate::model::{Direction, Failure, Measurement, Samples, Tags, Unit};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) const NAME: &str = "asv";

const OLD_CODE: &str = "results of an earlier version of a benchmark's code";
const UNKNOWN: &str = "results of benchmarks that benchmarks.json does not hold";
const SKIPPED: &str = "results that asv skipped";

/// The folder of results at a path.
pub(super) fn folder(path: &Path) -> Option<PathBuf> {
    [path.to_owned(), path.join("results")]
        .into_iter()
        .find(|folder| folder.join("benchmarks.json").is_file())
}

#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    param_names: Vec<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    unit: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Machine {
    #[serde(default)]
    machine: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    cpu: String,
    #[serde(default)]
    num_cpu: String,
    #[serde(default)]
    os: String,
}

#[derive(Deserialize)]
struct File {
    commit_hash: Option<String>,
    /// Milliseconds since 1970: the time of the commit.
    date: Option<f64>,
    env_name: Option<String>,
    result_columns: Option<Vec<String>>,
    #[serde(default)]
    benchmark_version: BTreeMap<String, String>,
    results: BTreeMap<String, Value>,
}

pub(super) fn read(folder: &Path) -> Result<TrackerHistory, FormatError> {
    let described = described(&folder.join("benchmarks.json"))?;
    let mut history = TrackerHistory::new(folder, NAME);
    for machine in entries(folder)? {
        let facts = machine.join("machine.json");
        if !facts.is_file() {
            continue;
        }
        let facts: Machine = document(&facts)?;
        for file in entries(&machine)? {
            let results = file.extension().is_some_and(|e| e == "json")
                && file.file_name().is_some_and(|name| name != "machine.json");
            if results {
                let read: File = document(&file)?;
                one(&mut history, &described, &facts, &file, &read)
                    .map_err(|fault| fault.of(&file))?;
            }
        }
    }
    refuse_empty(history)
}

fn described(path: &Path) -> Result<BTreeMap<String, Described>, FormatError> {
    let all: BTreeMap<String, Value> = document(path)?;
    all.into_iter()
        .filter(|(_, value)| value.is_object())
        .map(|(name, value)| {
            let read = serde_json::from_value(value)
                .map_err(|e| Fault::at(format!("at `{name}`"), e.to_string()).of(path))?;
            Ok((name, read))
        })
        .collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, FormatError> {
    let unreadable = |e: std::io::Error| Fault::whole(format!("it cannot be read: {e}")).of(folder);
    let mut paths = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn document<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, FormatError> {
    let bytes = bytes_of(path)?;
    json::document(&quoted(&bytes)).map_err(|fault| fault.of(path))
}

/// Python writes `NaN`, `Infinity` and `-Infinity`, which are no JSON: here they become text.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut in_text) = (0, false);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let word = WORDS.iter().find(|word| !in_text && rest.starts_with(word));
        if let Some(word) = word {
            out.push(b'"');
            out.extend_from_slice(word);
            out.push(b'"');
            at += word.len();
            continue;
        }
        match bytes[at] {
            b'\\' if in_text => {
                out.extend_from_slice(&rest[..rest.len().min(2)]);
                at += 2;
                continue;
            }
            b'"' => in_text = !in_text,
            _ => {}
        }
        out.push(bytes[at]);
        at += 1;
    }
    out
}

fn one(
    history: &mut TrackerHistory,
    described: &BTreeMap<String, Described>,
    machine: &Machine,
    path: &Path,
    file: &File,
) -> Result<(), Fault> {
    let Some(commit) = file.commit_hash.as_deref().filter(|hash| is_commit(hash)) else {
        history.leave_out(NO_COMMIT);
        return Ok(());
    };
    let stem = path
        .file_stem()
        .map(|s| s.to_string_lossy())
        .unwrap_or_default();
    let from_name = stem.split_once('-').map(|(_, env)| env.to_owned());
    let env = file.env_name.clone().or(from_name).unwrap_or_default();
    let mut dated = Dated {
        commit: commit.to_ascii_lowercase(),
        time: file
            .date
            .and_then(|ms| Timestamp::from_millisecond(ms as i64).ok()),
        machine: Some(machine.machine.clone()).filter(|name| !name.is_empty()),
        facts: facts(machine),
        identity: env.clone(),
        ..Dated::default()
    };
    for (name, value) in &file.results {
        let Some(about) = described.get(name) else {
            history.leave_out(UNKNOWN);
            continue;
        };
        let row = Row::new(value, file.result_columns.as_deref())
            .ok_or_else(|| Fault::at(format!("results.{name}"), "its form is not known"))?;
        let version = row
            .version
            .or(file.benchmark_version.get(name).map(String::as_str));
        if version.is_some() && about.version.is_some() && version != about.version.as_deref() {
            history.leave_out(OLD_CODE);
            continue;
        }
        for (index, slice) in slices(about, &row).into_iter().enumerate() {
            let mut tags = slice;
            if !env.is_empty() {
                tags.insert("asv_env".to_owned(), env.clone());
            }
            match row.result(index) {
                Some(Value::Number(number)) => {
                    let bench = Bench::new(name, tags);
                    let value = number.as_f64().unwrap_or(f64::NAN);
                    let place = || format!("results.{name}[{index}]");
                    dated.measurements.push(
                        measurement(&bench, about, value, &row, index)
                            .ok_or_else(|| Fault::at(place(), "it is negative or too large"))?,
                    );
                }
                Some(Value::Null) | None => dated.failures.push(Failure {
                    benchmark: name.clone(),
                    reason: "asv has no value of it: it failed".to_owned(),
                }),
                // NaN.
                Some(Value::String(_)) => history.leave_out(SKIPPED),
                Some(_) => {
                    let place = format!("results.{name}[{index}]");
                    return Err(Fault::at(place, "it is neither a number nor null"));
                }
            }
        }
    }
    dated.failures.dedup();
    history.take(dated);
    Ok(())
}

fn facts(machine: &Machine) -> BTreeMap<String, String> {
    let all = [
        ("arch", &machine.arch),
        ("cpu", &machine.cpu),
        ("cores", &machine.num_cpu),
        ("os", &machine.os),
    ];
    // Clock speeds are no fact of a model.
    let plain = |text: &str| text.split(" @ ").next().unwrap_or(text).trim().to_owned();
    all.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect()
}

/// The results of one benchmark, in whichever of asv's three forms.
struct Row<'v> {
    result: &'v Value,
    params: Vec<Vec<String>>,
    version: Option<&'v str>,
    samples: Option<&'v Value>,
    /// Lower and upper quartile.
    quartiles: Option<(&'v Value, &'v Value)>,
    repeat: Option<&'v Value>,
}

impl<'v> Row<'v> {
    fn new(value: &'v Value, columns: Option<&[String]>) -> Option<Self> {
        let params = |value: Option<&Value>| -> Vec<Vec<String>> {
            value
                .and_then(|v| serde_json::from_value(v.clone()).ok())
                .unwrap_or_default()
        };
        match (value, columns) {
            (Value::Array(cells), Some(columns)) => {
                let at = |name: &str| {
                    let index = columns.iter().position(|column| column == name)?;
                    cells.get(index).filter(|cell| !cell.is_null())
                };
                Some(Self {
                    result: cells.first()?,
                    params: params(at("params")),
                    version: at("version").and_then(Value::as_str),
                    samples: at("samples"),
                    quartiles: at("stats_q_25").zip(at("stats_q_75")),
                    repeat: at("stats_repeat"),
                })
            }
            (Value::Object(map), _) => Some(Self {
                result: map.get("result")?,
                params: params(map.get("params")),
                version: None,
                samples: map.get("samples"),
                quartiles: None,
                repeat: None,
            }),
            (Value::Number(_) | Value::Null | Value::String(_), _) => Some(Self {
                result: value,
                params: Vec::new(),
                version: None,
                samples: None,
                quartiles: None,
                repeat: None,
            }),
            _ => None,
        }
    }

    fn result(&self, index: usize) -> Option<&'v Value> {
        at(self.result, index)
    }
}

/// The cell of one slice: a list has one a slice, a bare value is that of the only slice.
fn at(value: &Value, index: usize) -> Option<&Value> {
    match value {
        Value::Array(cells) => cells.get(index),
        other => (index == 0).then_some(other),
    }
}

/// The parameters of every result, in asv's order: their product, the last one fastest.
fn slices(about: &Described, row: &Row<'_>) -> Vec<Tags> {
    let mut slices = vec![Tags::new()];
    for (position, values) in row.params.iter().enumerate() {
        let name = about
            .param_names
            .get(position)
            .cloned()
            .unwrap_or_else(|| format!("param{}", position + 1));
        slices = slices
            .iter()
            .flat_map(|tags| {
                let name = &name;
                values.iter().map(move |value| {
                    let mut tags = tags.clone();
                    tags.insert(name.clone(), value.trim_matches('\'').to_owned());
                    tags
                })
            })
            .collect();
    }
    slices
}

fn measurement(
    bench: &Bench,
    about: &Described,
    value: f64,
    row: &Row<'_>,
    index: usize,
) -> Option<Measurement> {
    let (metric, (unit, direction), factor) = meaning(about);
    let free = matches!(unit, Unit::Other(_));
    let scaled = value * factor;
    if !scaled.is_finite() || (!free && scaled < 0.0) {
        return None;
    }
    let source = (about.kind.as_str(), about.unit.as_str());
    let samples = row
        .samples
        .and_then(|all| at(all, index))
        .and_then(Value::as_array);
    if let Some(samples) = samples.filter(|samples| !samples.is_empty()) {
        let values: Option<Vec<f64>> = samples.iter().map(|v| Some(v.as_f64()? * factor)).collect();
        let made = Samples {
            values: values?,
            iterations: None,
        };
        return bench.samples(metric, made, (unit, direction), source);
    }
    let whole = |cell: Option<&Value>| cell.and_then(Value::as_u64);
    let n = whole(row.repeat.and_then(|all| at(all, index))).unwrap_or(1);
    let made = bench.value(metric, (scaled, n), (unit, direction), source);
    let quartile = |all: &Value| at(all, index).and_then(Value::as_f64);
    let ends = row
        .quartiles
        .and_then(|(low, high)| quartile(low).zip(quartile(high)));
    Some(match ends {
        Some((low, high)) => with_ends(made, low * factor, high * factor),
        None => made,
    })
}

fn meaning(about: &Described) -> (&str, (Unit, Option<Direction>), f64) {
    let (unit, factor) =
        units::canonical(&about.unit).unwrap_or_else(|| (Unit::Other(about.unit.clone()), 1.0));
    match about.kind.as_str() {
        "time" | "timeraw" => ("time", TIME, units::SECOND),
        "peakmemory" => ("memory.peak", SIZE, 1.0),
        "memory" => ("memory", SIZE, 1.0),
        // What a `track_` benchmark counts may be better either way.
        _ => ("value", (unit, None), factor),
    }
}
