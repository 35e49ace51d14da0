//! `go test -bench`, as text or through `go test -json`.
//!
//! Versions seen: go1.19.8; text of older and newer versions from public repositories.
//! Producer: <https://go.dev/design/14313-benchmark-format>, read as
//! <https://pkg.go.dev/golang.org/x/perf/benchfmt> does; `-json`: <https://pkg.go.dev/cmd/test2json>.
//!
//! Lines of the same benchmark in the same package are its samples (`-count`). The package is a
//! tag, so that the same name in two packages is two series and a benchmark's name stays as the
//! programmer wrote it.
//!
//! The suffix `-8` is GOMAXPROCS, absent when it is 1. It says how many cores the machine offered,
//! which belongs to the environment: kept in the name it would cut every series on the day the
//! runner gets more cores. So it is dropped, and becomes the tag `procs` only where `-cpu` ran one
//! benchmark with several. A name that itself ends in `-8`, measured with GOMAXPROCS 1, looks the
//! same; but `go test` runs all benchmarks of a package with the same list of GOMAXPROCS: the longest
//! list with which every one of them was run is that list, and other suffixes are parts of names.
//! Where there is no such list, as where one failed on the way, and no benchmark of the package shows
//! every suffix that occurs in it, names are kept as they are.

mod json;
mod names;
#[cfg(test)]
mod tests;

use super::fault::{Fault, UNENDED};
use super::parsed::{BANDWIDTH, Bench, Input, Parsed, SIZE, TIME, any_zero, not_negative};
use super::registry::{Format, Reader};
use crate::model::{Direction, Samples, Tags, Unit};
use names::Names;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(crate) const FORMAT: Format = Format {
    name: "go",
    aliases: &["go-bench", "gobench"],
    produced_by: "go test -bench . [-benchmem] [-count N] [-json] > FILE",
    known_by: "lines `BenchmarkName N value ns/op`, or such lines in `go test -json`",
    versions: &["1.19"],
    metrics: &[
        "time",
        "bandwidth",
        "alloc.bytes",
        "alloc.count",
        "a custom metric's own name",
    ],
    samples: true,
    url: "https://go.dev/design/14313-benchmark-format",
    sniff: |content| {
        if content.is_json() {
            return content.has("Action") && (content.has("Package") || content.has("ImportPath"));
        }
        content.lines().any(|line| {
            is_result(line)
                || line.starts_with("--- FAIL: Benchmark")
                || line.starts_with("FAIL\t")
                || line.starts_with("ok  \t")
        })
    },
    reader: Reader::File(read),
};

/// Configuration under which all results of one benchmark must have been measured.
const CONFIGURATION: [&str; 5] = ["goos", "goarch", "cpu", "toolchain", "commit"];

fn read(input: &Input<'_>) -> Result<Parsed, Fault> {
    let text = input.text()?;
    let mut reader = Lines::default();
    if text.trim_start().starts_with('{') {
        for (package, lines) in json::packages(text)? {
            reader.package = (!package.is_empty()).then_some(package);
            for (number, line) in lines {
                reader.line(number, &line)?;
            }
            reader.end_of_package();
        }
    } else {
        for (i, line) in text.lines().enumerate() {
            reader.line(i + 1, line)?;
        }
        reader.end_of_package();
        if !text.ends_with('\n') {
            reader.unterminated()?;
        }
    }
    reader.finish()
}

/// A benchmark's name and a count of iterations, then something.
fn is_result(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(is_benchmark_name)
        && words.next().is_some_and(|n| n.parse::<u64>().is_ok())
        && words.next().is_some_and(|v| v.parse::<f64>().is_ok())
        && words.next().is_some()
}

/// As `go test` takes them: `Benchmark` and then no lower-case letter.
fn is_benchmark_name(word: &str) -> bool {
    word.strip_prefix("Benchmark")
        .is_some_and(|rest| !rest.chars().next().is_some_and(char::is_lowercase))
}

/// One benchmark of one package, before its suffix is understood.
#[derive(Default)]
struct Found {
    package: Option<String>,
    name: String,
    configuration: BTreeMap<&'static str, String>,
    /// By unit, in order of appearance: values and the iterations behind each.
    metrics: Vec<(String, Samples)>,
}

/// Something that failed: the benchmark's name as printed, or the package.
struct Failed {
    package: Option<String>,
    name: String,
    reason: String,
}

/// What has been read so far.
#[derive(Default)]
struct Lines {
    package: Option<String>,
    configuration: BTreeMap<&'static str, String>,
    found: Vec<Found>,
    index: HashMap<(Option<String>, String), usize>,
    failed: Vec<Failed>,
    better: HashMap<String, Direction>,
    /// A benchmark whose name was printed and whose result was not, yet.
    started: Option<String>,
    /// Such a benchmark with other text where its result should be.
    garbled: Vec<(Option<String>, String)>,
    /// The text of a panic in this package.
    panic: Option<String>,
    /// How many failures there were before this package.
    failed_before: usize,
    /// Whether the last failure still waits for its first line of explanation.
    explain: bool,
    last: LastLine,
}

/// The last line, to tell whether the file was cut off within it.
#[derive(Default)]
struct LastLine {
    number: usize,
    /// It is a result.
    result: bool,
}

impl Lines {
    fn line(&mut self, number: usize, line: &str) -> Result<(), Fault> {
        let line = line.trim_end_matches('\r');
        self.last = LastLine {
            number,
            result: false,
        };
        if self.explain && line.starts_with([' ', '\t']) {
            self.explain = false;
            if let Some(failed) = self.failed.last_mut() {
                failed.reason = format!("it failed: {}", line.trim());
            }
            return Ok(());
        }
        self.explain = false;
        if line.starts_with("Benchmark") {
            return self.benchmark(number, line);
        }
        if let Some(name) = line.strip_prefix("--- FAIL: ") {
            let name = name.split_whitespace().next().unwrap_or(name);
            self.fail(name.to_owned(), "it failed".to_owned());
            self.explain = true;
            self.started = None;
        } else if let Some(rest) = line.strip_prefix("FAIL\t") {
            self.package_failed(rest);
        } else if line.starts_with("ok  \t") || line.starts_with("?   \t") {
            self.end_of_package();
        } else if line.starts_with("panic: ")
            || line.starts_with("fatal error: ")
            || line.starts_with("*** Test killed")
        {
            self.panic.get_or_insert_with(|| line.to_owned());
        } else if let Some(rest) = line.strip_prefix("Unit ") {
            self.unit(number, rest)?;
        } else if let Some((key, value)) = configuration(line) {
            if key == "pkg" {
                self.package = Some(value.to_owned());
            } else if let Some(key) = CONFIGURATION.iter().find(|known| **known == key) {
                self.configuration.insert(key, value.to_owned());
            }
        }
        Ok(())
    }

    fn benchmark(&mut self, number: usize, line: &str) -> Result<(), Fault> {
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|name| is_benchmark_name(name)) else {
            return Ok(());
        };
        let Some(second) = words.next() else {
            self.started = Some(name.to_owned());
            return Ok(());
        };
        let Ok(iterations) = second.parse::<u64>() else {
            self.started = Some(name.to_owned());
            let rest = line.get(name.len()..).unwrap_or_default().trim();
            if rest.starts_with("panic: ") || rest.starts_with("fatal error: ") {
                self.panic.get_or_insert_with(|| rest.to_owned());
            } else if rest.contains(" ns/op") {
                let reason =
                    format!("the result of `{name}` does not begin with a count of iterations");
                return Err(Fault::at(format!("line {number}"), reason));
            } else {
                self.garbled.push((self.package.clone(), name.to_owned()));
            }
            return Ok(());
        };
        let place = || format!("line {number}");
        let words: Vec<&str> = words.collect();
        if iterations == 0 {
            return Err(Fault::at(place(), format!("`{name}` ran 0 iterations")));
        }
        if words.is_empty() || !words.len().is_multiple_of(2) {
            return Err(Fault::at(
                place(),
                format!(
                    "the result of `{name}` is not pairs of a value and a unit; it may be cut off"
                ),
            ));
        }
        self.started = None;
        let found = self.entry(number, name)?;
        let mut units = HashSet::new();
        for pair in words.chunks_exact(2) {
            let &[value, unit] = pair else { continue };
            if !units.insert(unit) {
                return Err(Fault::at(
                    place(),
                    format!("`{name}` has two values in {unit}"),
                ));
            }
            let number: f64 = value
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| {
                    Fault::at(
                        place(),
                        format!("`{value}` {unit} of `{name}` is not a finite number"),
                    )
                })?;
            if metric(unit).3 {
                not_negative(number, place)?;
            }
            let samples = match found.metrics.iter_mut().find(|(known, _)| known == unit) {
                Some((_, samples)) => samples,
                None => {
                    found.metrics.push((unit.to_owned(), Samples::default()));
                    let last = found.metrics.len() - 1;
                    &mut found.metrics[last].1
                }
            };
            samples.values.push(number);
            samples
                .iterations
                .get_or_insert_default()
                .push(iterations as f64);
        }
        self.last.result = true;
        Ok(())
    }

    /// The benchmark of this name in the present package.
    fn entry(&mut self, number: usize, name: &str) -> Result<&mut Found, Fault> {
        let key = (self.package.clone(), name.to_owned());
        let next = self.found.len();
        let at = *self.index.entry(key).or_insert(next);
        if at == next {
            self.found.push(Found {
                package: self.package.clone(),
                name: name.to_owned(),
                configuration: self.configuration.clone(),
                metrics: Vec::new(),
            });
        }
        let found = &mut self.found[at];
        for (key, value) in &self.configuration {
            let first = found.configuration.get(key).map_or("", String::as_str);
            if first != value {
                return Err(Fault::at(
                    format!("line {number}"),
                    format!(
                        "`{name}` was measured before with {key} `{first}` and now with `{value}`; \
                         these are two runs, give them in two files"
                    ),
                ));
            }
        }
        Ok(found)
    }

    fn fail(&mut self, name: String, reason: String) {
        self.failed.push(Failed {
            package: self.package.clone(),
            name,
            reason,
        });
    }

    /// `FAIL <package> <time or [build failed]>`.
    fn package_failed(&mut self, rest: &str) {
        let (package, how) = rest.split_once(['\t', ' ']).unwrap_or((rest, ""));
        let panic = self.panic.take();
        if let Some(name) = self.started.take().filter(|_| panic.is_some()) {
            let reason = panic.unwrap_or_default();
            self.fail(name, reason);
        } else if self.failed.len() == self.failed_before {
            let how = how.trim();
            let reason = match panic {
                Some(panic) => panic,
                None if how.starts_with('[') => how.trim_matches(['[', ']']).to_owned(),
                None => "its tests failed, so its benchmarks were not run".to_owned(),
            };
            self.fail(package.to_owned(), format!("the package failed: {reason}"));
        }
        self.end_of_package();
    }

    fn end_of_package(&mut self) {
        if let (Some(panic), Some(name)) = (self.panic.take(), self.started.take()) {
            self.fail(name, panic);
        }
        self.package = None;
        self.started = None;
        self.explain = false;
        self.failed_before = self.failed.len();
    }

    /// `Unit <unit> better=<higher|lower> …`
    fn unit(&mut self, number: usize, rest: &str) -> Result<(), Fault> {
        let mut words = rest.split_whitespace();
        let Some(unit) = words.next() else {
            return Ok(());
        };
        for word in words {
            let direction = match word.split_once('=') {
                Some(("better", "higher")) => Direction::Higher,
                Some(("better", "lower")) => Direction::Lower,
                _ => continue,
            };
            let before = self.better.insert(unit.to_owned(), direction);
            if before.is_some_and(|before| before != direction) {
                return Err(Fault::at(
                    format!("line {number}"),
                    format!("`{unit}` is said to be better both ways"),
                ));
            }
        }
        Ok(())
    }

    /// The text ended without a line break: whether that may have cut a result off.
    fn unterminated(&self) -> Result<(), Fault> {
        if !self.last.result {
            return Ok(());
        }
        Err(Fault::at(format!("line {}", self.last.number), UNENDED))
    }

    fn finish(self) -> Result<Parsed, Fault> {
        let names = Names::of(
            self.found
                .iter()
                .map(|found| (found.package.as_deref(), found.name.as_str())),
        );
        let mut parsed = Parsed::default();
        let mut failed: HashSet<(Option<&str>, String)> = HashSet::new();
        let garbled = self
            .garbled
            .iter()
            .filter(|(package, name)| !self.index.contains_key(&(package.clone(), name.clone())))
            .map(|(package, name)| {
                let reason = "it printed text into its own result line; send its output elsewhere";
                (package.as_deref(), name.as_str(), reason)
            });
        let said = self
            .failed
            .iter()
            .map(|f| (f.package.as_deref(), f.name.as_str(), f.reason.as_str()));
        for (package, name, reason) in said.chain(garbled) {
            let (base, _) = names.split(package, name);
            if failed.insert((package, base.to_owned())) {
                parsed.fail(base, reason);
            }
        }
        for found in &self.found {
            let package = found.package.as_deref();
            let (base, procs) = names.split(package, &found.name);
            // Some of its runs failed: the others say nothing of a benchmark that works.
            if failed.contains(&(package, base.to_owned())) {
                continue;
            }
            let mut tags = Tags::new();
            tags.extend(package.map(|package| ("pkg".to_owned(), package.to_owned())));
            tags.extend(procs.map(|procs| ("procs".to_owned(), procs.to_string())));
            let bench = Bench::new(base, tags);
            for (unit, samples) in &found.metrics {
                let (metric, factor, (canonical, direction), _) = metric(unit);
                let direction = self.better.get(unit).copied().or(direction);
                let samples = Samples {
                    values: samples.values.iter().map(|v| v * factor).collect(),
                    iterations: samples.iterations.clone(),
                };
                let made = bench
                    .samples(metric, samples, (canonical, direction), (unit, unit))
                    .ok_or_else(|| {
                        Fault::whole(format!("a value of `{base}` in {unit} is too large"))
                    })?;
                if metric == "time" && any_zero(&made) {
                    parsed.fail(
                        base,
                        "its time is 0 ns/op: the compiler may have removed what it measures",
                    );
                    // Its other metrics are of the same runs.
                    break;
                } else {
                    parsed.measurements.push(made);
                }
            }
        }
        Ok(parsed)
    }
}

/// `key: value`, where the key is one word that begins with a small letter.
fn configuration(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let fine = key.chars().next().is_some_and(char::is_lowercase)
        && !key.contains(|c: char| c.is_whitespace() || c.is_uppercase());
    fine.then(|| (key, value.trim()))
}

/// The metric of a unit: its name, the factor to the canonical unit, unit and direction, and
/// whether it is one of Go's own, which cannot be negative.
fn metric(unit: &str) -> (&str, f64, (Unit, Option<Direction>), bool) {
    match unit {
        "ns/op" => ("time", 1.0, TIME, true),
        "MB/s" => ("bandwidth", 1e6, BANDWIDTH, true),
        "B/op" => ("alloc.bytes", 1.0, SIZE, true),
        "allocs/op" => (
            "alloc.count",
            1.0,
            (Unit::Count, Some(Direction::Lower)),
            true,
        ),
        own => (own, 1.0, (Unit::Other(own.to_owned()), None), false),
    }
}
