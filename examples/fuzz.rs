//! Damages the fixtures of all formats, and budgets and settings, and reads them: nothing may panic,
//! no number that comes out may be none or negative, and a budget that cannot be read is said to be
//! wrong at a place.
//!
//! `cargo run --example fuzz -- --seconds 60 --seed 1`. The cases follow from the seed alone. One that
//! fails is written to `target/fuzz-failure`, and the answer says how it was read.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for developers tells what it does, and runs for a given time"
)]

use plimsoll::formats::{Options, Reading, formats, read_bytes};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// xorshift64*: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        word as usize % n.max(1)
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// What stands in for a number.
const NUMBERS: [&str; 20] = [
    "0",
    "-0.0",
    "-1",
    "1e308",
    "-1e308",
    "1e-320",
    "1e999",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "null",
    "\"12\"",
    "1,5",
    "1.234.567",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "",
];
/// What is thrown in.
const WORDS: [&str; 16] = [
    "{", "}", "[", "]", "\"", ",", ":", "\n", "\r\n", "\t", "<", "/>", "\u{feff}", "\0", "\u{b5}s",
    "%",
];

fn damage(bytes: &mut Vec<u8>, others: &[(PathBuf, Vec<u8>)], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let bits = random.below(9);
        let long = random.below(1 << bits);
        let end = (at + long).min(bytes.len());
        match random.below(9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let other = &others[random.below(others.len())].1;
                let from = random.below(other.len() + 1);
                let piece = &other[from..(from + long).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            4 => drop(bytes.splice(at..at, random.one(&WORDS).bytes())),
            5 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => {
                // The next number from here on.
                let is = |b: &u8| b.is_ascii_digit() || *b == b'.';
                if let Some(skip) = bytes[at..].iter().position(|b| b.is_ascii_digit()) {
                    let start = at + skip;
                    let digits = bytes[start..].iter().take_while(|b| is(b)).count();
                    bytes.splice(start..start + digits, random.one(&NUMBERS).bytes());
                }
            }
        }
    }
}

/// What is wrong with a reading.
fn unsound(reading: &Reading) -> Option<String> {
    if reading.measurements.is_empty() && reading.failures.is_empty() {
        return Some("it holds nothing and is no error".to_owned());
    }
    reading.measurements.iter().find_map(|m| {
        let samples = m.samples.as_ref().map(|s| s.values.as_slice());
        let all = || samples.unwrap_or_default().iter().chain([&m.value]);
        let counted = matches!(m.unit.as_str(), "ns" | "B" | "1/s" | "B/s");
        let fault = if all().any(|v| !v.is_finite()) {
            "a value is not finite"
        } else if counted && all().any(|v| *v < 0.0) {
            "a value is negative"
        } else if m.benchmark.is_empty() || m.metric.is_empty() {
            "a name is empty"
        } else if m.n == 0 {
            "nothing stands behind it"
        } else {
            return None;
        };
        Some(format!(
            "{fault}: {} {} = {}",
            m.benchmark, m.metric, m.value
        ))
    })
}

/// Reads `bytes`; what went wrong, if anything did. Counts what was understood.
fn attempt(path: &Path, bytes: &[u8], from: Option<&str>, understood: &mut u64) -> Option<String> {
    let options = Options {
        from: from.map(str::to_owned),
        ..Options::default()
    };
    match catch_unwind(AssertUnwindSafe(|| read_bytes(path, bytes, &options))) {
        Err(_) => Some("it panicked".to_owned()),
        Ok(Err(_)) => None,
        Ok(Ok(reading)) => {
            *understood += 1;
            unsound(&reading)
        }
    }
}

/// Pieces of budgets and settings that hold every key of the language.
const BUDGETS: [&str; 3] = [
    include_str!("../budgets/check.toml"),
    include_str!("../budgets/detect.toml"),
    r#"
schema = 1
[feature]
name = "checkout"
owner = "@acme/checkout"
journey = "cart → paid"
paths = ["src/checkout/**"]
[[limit]]
id = "p95"
select = { benchmark = "POST /checkout", metric = "latency.p95", tags = { users = "500" }, env = "ci" }
max = "250ms"
min = { runs = 3, points = 5 }
ratchet = { after = 20, floor = "100ms" }
regress = { vs = "base", limit = "+5%", warn = "+3%" }
drift = { vs = "tag:v2.0.0", limit = "+8%", until = 2027-03-31 }
creep = { window = "90d", limit = "+3%" }
growth = { by = "users", max_slope = 0.1 }
scaling = { by = "users", from = 50, to = 500, max_ratio = 2.0 }
guard = { metric = "error_rate", max = "0.1%" }
unproven = "warn"
missing = "fail"
deterministic = false
direction = "lower"
[[accepted]]
id = "tax"
limit = "p95"
commit = "9f3c2ab"
reason = "exact tax rules"
ceiling = "300ms"
until = 2027-01-31
[[rename]]
from = { benchmark = "sort/*" }
to = { benchmark = "order/*" }
reason = "a new name"
[[retired]]
select = { benchmark = "old" }
[env]
[lab]
build = "cargo build --release"
bench = "./target/release/app"
time = "60s"
[hook]
strict = true
[sync]
branch = "plimsoll-data"
"#,
];

/// Reads a damaged budget file; what went wrong, if anything did.
fn attempt_budget(text: &str) -> Option<String> {
    let today = jiff::civil::date(2026, 1, 1);
    let path = Path::new("budgets/fuzz.toml");
    let read = catch_unwind(|| {
        let (budget, findings) = plimsoll::budget::parse(path, text, today);
        let (settings, faults) = plimsoll::budget::parse_settings(path, text);
        let silent =
            (budget.is_none() && findings.is_empty()) || (settings.is_none() && faults.is_empty());
        // What is wrong is also shown: with its line, whatever stands there.
        let shown: usize = findings
            .iter()
            .chain(&faults)
            .map(|finding| finding.to_string().len())
            .sum();
        (silent, shown)
    });
    match read {
        Err(_) => Some("the reader of budgets panicked".to_owned()),
        Ok((true, _)) => Some("a file was refused without a word".to_owned()),
        Ok((false, _)) => None,
    }
}

fn fixtures(folder: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            fixtures(&path, out)?;
        } else if path.extension().is_none_or(|e| e != "md") {
            let bytes = fs::read(&path)?;
            out.push((path, bytes));
        }
    }
    Ok(())
}

fn number(name: &str, default: u64) -> Result<u64, String> {
    let mut args = std::env::args().skip_while(|arg| arg != name);
    match (args.next(), args.next()) {
        (None, _) => Ok(default),
        (_, Some(text)) => text.parse().map_err(|e| format!("{name} {text}: {e}")),
        _ => Err(format!("{name} needs a number")),
    }
}

fn run() -> Result<bool, String> {
    let seconds = number("--seconds", 10)?;
    let seed = number("--seed", 1)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats");
    let mut files = Vec::new();
    fixtures(&folder, &mut files).map_err(|e| format!("{}: {e}", folder.display()))?;
    let names: Vec<&str> = formats().iter().map(|f| f.name).collect();
    let begun = Instant::now();
    let budgets: Vec<(PathBuf, Vec<u8>)> = BUDGETS
        .iter()
        .map(|text| (PathBuf::from("budget"), text.as_bytes().to_vec()))
        .collect();
    let (mut cases, mut reads, mut understood) = (0_u64, 0_u64, 0_u64);
    let mut policies = 0_u64;
    let mut slowest = (Duration::ZERO, PathBuf::new());
    while begun.elapsed() < Duration::from_secs(seconds) {
        // Each case has a seed of its own, so that it can be made again alone.
        let mut random = Random((seed << 32 ^ cases).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let (path, whole) = &files[random.below(files.len())];
        let mut bytes = whole.clone();
        if cases % 3 == 0 {
            let mut budget = BUDGETS[random.below(BUDGETS.len())].as_bytes().to_vec();
            damage(&mut budget, &budgets, &mut random);
            let text = String::from_utf8_lossy(&budget);
            policies += 1;
            if let Some(fault) = attempt_budget(&text) {
                let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz-failure");
                fs::write(&kept, &budget).map_err(|e| format!("{}: {e}", kept.display()))?;
                eprintln!(
                    "{fault}\ncase {cases} of seed {seed}; it is in {}",
                    kept.display()
                );
                return Ok(false);
            }
        }
        damage(&mut bytes, &files, &mut random);
        let mut ways = vec![None, Some(names[random.below(names.len())])];
        // The fixtures of a tool are in the folder of its name.
        ways.extend(
            names
                .iter()
                .filter(|name| path.iter().any(|part| part == **name))
                .map(|n| Some(*n)),
        );
        if cases % 64 == 0 {
            ways.extend(names.iter().map(|name| Some(*name)));
        }
        for from in ways {
            let started = Instant::now();
            reads += 1;
            if let Some(fault) = attempt(path, &bytes, from, &mut understood) {
                let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz-failure");
                fs::write(&kept, &bytes).map_err(|e| format!("{}: {e}", kept.display()))?;
                eprintln!(
                    "{fault}\ncase {cases} of seed {seed}, made of {}, read as {}; it is in {}",
                    path.display(),
                    from.unwrap_or("what it looks like"),
                    kept.display()
                );
                return Ok(false);
            }
            if started.elapsed() > slowest.0 {
                slowest = (started.elapsed(), path.clone());
            }
        }
        cases += 1;
    }
    println!(
        "{cases} damaged files read {reads} times, {understood} times with results, and {policies} damaged budgets; the slowest took {:.2} s, made of {}",
        slowest.0.as_secs_f64(),
        slowest.1.display()
    );
    Ok(true)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
