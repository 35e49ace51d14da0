//! criterion.rs: `target/criterion/**/new/{benchmark,estimates,sample}.json`.
//!
//! Versions seen: 0.3 (files of a public repository), 0.8.2.
//! Producer: <https://docs.rs/crate/criterion/0.8.2/source/src/analysis/mod.rs> (`save`),
//! `src/estimate.rs`, `src/report.rs` (`BenchmarkId`).
//!
//! Only `new/` is read: `base/` is the run before it and `change/` compares the two. The name is
//! `full_id`, since folders have `:`, `?` and `/` replaced. All numbers are nanoseconds per
//! iteration; a custom `Measurement` may count something else, which no file says. In linear
//! sampling each sample averages another number of iterations, so these are kept. `slope` is null
//! in flat sampling.

use super::fault::Fault;
use super::parsed::{BANDWIDTH, Bench, Parsed, RATE, TIME, not_negative, with_ends};
use super::registry::{Format, Reader};
use super::{FormatError, Options, Reading, json};
use crate::model::{Measurement, Samples, Tags};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub(crate) const FORMAT: Format = Format {
    name: "criterion",
    aliases: &["criterion.rs"],
    produced_by: "cargo bench, in target/criterion/",
    known_by: "a folder with **/new/estimates.json, or one of the JSON files in `new/`",
    versions: &["0.3", "0.8.2"],
    metrics: &[
        "time",
        "time.mean",
        "time.median",
        "time.slope",
        "throughput",
        "bandwidth",
    ],
    samples: true,
    url: "https://docs.rs/crate/criterion/0.8.2/source/src/analysis/mod.rs",
    sniff: |content| {
        (content.has("full_id") && content.has("group_id"))
            || (content.has("median/point_estimate") && content.has("std_dev/point_estimate"))
            || (content.has("iters") && content.has("times"))
    },
    reader: Reader::Criterion,
};

/// How far a result may lie behind its newest sibling before it is taken for a leftover of a
/// benchmark that is no longer run.
const SIBLING_AGE: Duration = Duration::from_secs(60 * 60);

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

#[derive(Deserialize)]
enum Throughput {
    Bits(u64),
    Bytes(u64),
    BytesDecimal(u64),
    Elements(u64),
    ElementsAndBytes { elements: u64, bytes: u64 },
}

#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    median: Estimate,
    slope: Option<Estimate>,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// The files of a result, in the order in which they are digested.
const FILES: [&str; 3] = ["benchmark.json", "estimates.json", "sample.json"];

/// A folder `new/` and when its files were last written.
pub(crate) struct Found {
    pub(crate) folder: PathBuf,
    modified: SystemTime,
}

/// The folders `new/` with results in and below `folder`, sorted by path.
pub(crate) fn find(folder: &Path) -> Result<Vec<Found>, FormatError> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        if let Some(result) = result_in(&folder)? {
            found.push(result);
            continue;
        }
        let entries = fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))?;
        for entry in entries {
            let entry = entry.map_err(|e| unreadable(&folder, &e))?;
            // Not followed: links to folders, which may lead in circles.
            let kind = entry
                .file_type()
                .map_err(|e| unreadable(&entry.path(), &e))?;
            if kind.is_dir() {
                todo.push(entry.path());
            }
        }
    }
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(found)
}

/// The result that one of criterion's files belongs to.
pub(crate) fn of_file(file: &Path) -> Result<Found, FormatError> {
    let wrong = |reason: String| Fault::whole(reason).of(file);
    let full = fs::canonicalize(file).map_err(|e| unreadable(file, &e))?;
    let name = full.parent().and_then(Path::file_name);
    if name.is_none_or(|name| name != "new") {
        let name = name.unwrap_or_default().to_string_lossy().into_owned();
        return Err(wrong(format!(
            "of criterion only the files in `new/` are read, and this one is in `{name}/`"
        )));
    }
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => full.parent().unwrap_or(&full).to_owned(),
    };
    result_in(&parent)?
        .ok_or_else(|| wrong("its folder holds no benchmark.json and estimates.json".to_owned()))
}

/// `folder` itself where it is a `new/` with results.
fn result_in(folder: &Path) -> Result<Option<Found>, FormatError> {
    if folder.file_name().is_none_or(|name| name != "new") {
        return Ok(None);
    }
    let mut modified = None;
    for name in FILES {
        let file = folder.join(name);
        match fs::metadata(&file).and_then(|meta| meta.modified()) {
            Ok(time) => modified = modified.max(Some(time)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&file, &error)),
        }
    }
    Ok(modified.map(|modified| Found {
        folder: folder.to_owned(),
        modified,
    }))
}

fn unreadable(path: &Path, error: &io::Error) -> FormatError {
    Fault::whole(format!("it cannot be read: {error}")).of(path)
}

/// Splits results into those to read and those that are stale: older than the commit that they
/// should measure, or more than an hour older than the newest beside them. Results from before
/// the start of the command are in neither.
pub(crate) fn fresh_and_stale(found: Vec<Found>, options: &Options) -> (Vec<Found>, Vec<PathBuf>) {
    let newest = found.iter().map(|f| f.modified).max();
    let mut fresh = Vec::new();
    let mut stale = Vec::new();
    for one in found {
        if super::is_before(one.modified, options.modified_since) {
            continue;
        }
        let before_head = options.head_time.is_some_and(|head| one.modified < head);
        let age = newest.and_then(|newest| newest.duration_since(one.modified).ok());
        let leftover = age.is_some_and(|age| age > SIBLING_AGE);
        if !options.include_stale && (before_head || leftover) {
            stale.push(one.folder);
        } else {
            fresh.push(one);
        }
    }
    (fresh, stale)
}

/// Reads one folder `new/`.
pub(crate) fn read(found: &Found) -> Result<Reading, FormatError> {
    let folder = &found.folder;
    let path = |name: &str| folder.join(name);
    let bytes = |name: &str| fs::read(path(name)).map_err(|e| unreadable(&path(name), &e));
    let [benchmark_json, estimates_json, sample_json] = FILES;
    let benchmark_bytes = bytes(benchmark_json)?;
    let estimates_bytes = bytes(estimates_json)?;
    let sample_bytes = match fs::read(path(sample_json)) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(&path(sample_json), &error)),
    };
    let benchmark: Benchmark =
        document(&benchmark_bytes).map_err(|f| f.of(&path(benchmark_json)))?;
    if benchmark.full_id.is_empty() {
        return Err(Fault::at("full_id", "the benchmark has no name").of(&path(benchmark_json)));
    }
    let estimates: Estimates =
        document(&estimates_bytes).map_err(|f| f.of(&path(estimates_json)))?;
    estimates.check().map_err(|f| f.of(&path(estimates_json)))?;
    let samples = sample_bytes
        .as_deref()
        .map(|bytes| document(bytes).and_then(samples))
        .transpose()
        .map_err(|f| f.of(&path(sample_json)))?;

    let mut digest = Sha256::new();
    for bytes in [
        Some(&benchmark_bytes),
        Some(&estimates_bytes),
        sample_bytes.as_ref(),
    ] {
        // The lengths keep apart what would otherwise run together.
        let bytes = bytes.map_or(&[][..], Vec::as_slice);
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
    }
    let parsed = measurements(&benchmark, &estimates, samples)
        .and_then(Parsed::checked)
        .map_err(|f| f.of(folder))?;
    Ok(Reading {
        path: folder.clone(),
        format: FORMAT.name,
        version: parsed.version,
        measurements: parsed.measurements,
        failures: parsed.failures,
        notes: parsed.notes,
        digest: super::hex(&digest.finalize()),
    })
}

fn document<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    if bytes.is_empty() {
        return Err(Fault::whole("the file is empty"));
    }
    json::document(bytes)
}

impl Estimates {
    fn check(&self) -> Result<(), Fault> {
        let named = [
            ("mean", Some(&self.mean)),
            ("median", Some(&self.median)),
            ("slope", self.slope.as_ref()),
        ];
        for (name, estimate) in named {
            if let Some(estimate) = estimate {
                not_negative(estimate.point_estimate, || format!("{name}.point_estimate"))?;
            }
        }
        Ok(())
    }
}

/// Time per iteration of each sample, with the iterations that it averages.
fn samples(sample: Sample) -> Result<Samples, Fault> {
    if sample.iters.len() != sample.times.len() {
        return Err(Fault::at(
            "iters",
            format!(
                "{} iteration counts for {} times",
                sample.iters.len(),
                sample.times.len()
            ),
        ));
    }
    if sample.times.is_empty() {
        return Err(Fault::at("times", "it holds no samples"));
    }
    let mut values = Vec::with_capacity(sample.times.len());
    for (i, (time, iterations)) in sample.times.iter().zip(&sample.iters).enumerate() {
        if *iterations <= 0.0 {
            return Err(Fault::at(
                format!("iters[{i}]"),
                format!("{iterations} is not a number of iterations"),
            ));
        }
        not_negative(*time, || format!("times[{i}]"))?;
        values.push(not_negative(time / iterations, || format!("times[{i}]"))?);
    }
    Ok(Samples {
        values,
        iterations: Some(sample.iters),
    })
}

fn measurements(
    benchmark: &Benchmark,
    estimates: &Estimates,
    samples: Option<Samples>,
) -> Result<Parsed, Fault> {
    let mut parsed = Parsed::default();
    let bench = Bench::new(&benchmark.full_id, Tags::new());
    let n = samples.as_ref().map_or(1, |s| s.values.len() as u64);
    let time = match samples {
        Some(samples) => bench
            .samples("time", samples, TIME, ("times/iters", "ns"))
            .ok_or_else(|| Fault::whole("a sample is too large"))?,
        None => estimate(&bench, "time", "median", &estimates.median, n),
    };
    if time.value <= 0.0 {
        parsed.fail(
            &benchmark.full_id,
            "its time is 0 ns: the compiler may have removed what it measures",
        );
        return Ok(parsed);
    }
    if let Some(throughput) = &benchmark.throughput {
        let (elements, bytes) = match *throughput {
            // Bits are counted in bytes, the unit that a limit can be written in.
            Throughput::Bits(bits) => (None, Some((bits as f64 / 8.0, "bits"))),
            Throughput::Bytes(n) | Throughput::BytesDecimal(n) => (None, Some((n as f64, "bytes"))),
            Throughput::Elements(n) => (Some((n as f64, "elements")), None),
            Throughput::ElementsAndBytes { elements, bytes } => (
                Some((elements as f64, "elements")),
                Some((bytes as f64, "bytes")),
            ),
        };
        let named = [
            ("throughput", RATE, elements),
            ("bandwidth", BANDWIDTH, bytes),
        ];
        for (metric, unit, amount) in named {
            let Some((amount, of)) = amount.filter(|(amount, _)| *amount > 0.0) else {
                continue;
            };
            // A rate falls where the time rises, so the ends change places.
            let rate = |time: f64| amount * 1e9 / time;
            let made = bench.value(metric, (rate(time.value), n), unit, ("throughput", of));
            let made = match time.spread.map(|spread| spread.ends(time.value)) {
                Some((low, high)) if low > 0.0 => with_ends(made, rate(high), rate(low)),
                _ => made,
            };
            parsed.measurements.push(made);
        }
    }
    parsed.measurements.insert(0, time);
    let named = [
        ("time.mean", "mean", Some(&estimates.mean)),
        ("time.median", "median", Some(&estimates.median)),
        ("time.slope", "slope", estimates.slope.as_ref()),
    ];
    for (metric, source, found) in named {
        parsed
            .measurements
            .extend(found.map(|found| estimate(&bench, metric, source, found, n)));
    }
    Ok(parsed)
}

fn estimate(bench: &Bench, metric: &str, source: &str, found: &Estimate, n: u64) -> Measurement {
    with_ends(
        bench.value(metric, (found.point_estimate, n), TIME, (source, "ns")),
        found.confidence_interval.lower_bound,
        found.confidence_interval.upper_bound,
    )
}

#[cfg(test)]
mod tests;
