//! Ten thousand series: the table of aims and what this machine shows. `cargo bench --bench scale`
//! makes the seeded stores below `target/plimsoll-scale` once (about 1 GB, some minutes) and measures
//! whole processes: wall and CPU time, peak memory. Of several runs the least is printed: what else
//! the machine does only adds.
//!
//! `-- growth` prints how each operation grows with series, commits and samples, as the slope of a
//! line through logarithms: 1 is linear. `-- beside` measures what else reads the same series, as far
//! as `otava` (pip: apache-otava), `perfgate` (cargo: perfgate-cli) and `node` are in the path.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a program for developers tells what it does"
)]

mod seeded;

use plimsoll::detect::{Input, Settings, detect_all};
use plimsoll::git::Scratch;
use plimsoll::store::{NewRun, Store};
use seeded::Trouble;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4 as _;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plimsoll");

/// What one execution took: seconds, seconds, bytes.
#[derive(Debug, Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
    peak: u64,
}

impl Took {
    const NEVER: Self = Self {
        wall: f64::INFINITY,
        cpu: f64::INFINITY,
        peak: 0,
    };

    fn least(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak: self.peak.max(other.peak),
        }
    }
}

fn main() -> Result<(), Trouble> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let folder = std::env::var_os("PLIMSOLL_SCALE")
        .map_or_else(|| PathBuf::from("target/plimsoll-scale"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    match asked.first().map(String::as_str) {
        Some("growth") => growth(&folder),
        Some("beside") => beside(&folder),
        _ => aims(&folder),
    }
}

/// Runs a command whose answer does not matter. plimsoll's exit codes 0 and 1 are answers.
fn took(program: &str, args: &[&str]) -> Result<Took, Trouble> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let ended = child.wait4()?;
    let wall = start.elapsed().as_secs_f64();
    let answered = match ended.status.code() {
        Some(0) => true,
        Some(1) => program == PROGRAM,
        _ => false,
    };
    if !answered {
        return Err(format!("{program} {args:?} ended with {}", ended.status).into());
    }
    let used = ended.rusage;
    Ok(Took {
        wall,
        cpu: (used.utime + used.stime).as_secs_f64(),
        peak: used.maxrss,
    })
}

fn best(runs: usize, mut one: impl FnMut() -> Result<Took, Trouble>) -> Result<Took, Trouble> {
    (0..runs).try_fold(Took::NEVER, |least, _| Ok(least.least(one()?)))
}

/// A seeded repository of its own; made once.
fn seeded_at(
    folder: &Path,
    series: usize,
    commits: usize,
    samples: usize,
) -> Result<PathBuf, Trouble> {
    let path = folder.join(format!("{series}x{commits}x{samples}"));
    if !path.join("done").exists() {
        let _ = std::fs::remove_dir_all(&path);
        seeded::repository(&path, series, commits, samples, commits.min(100))?;
        std::fs::write(path.join("done"), "")?;
    }
    Ok(path)
}

/// Adds a commit and its run to a repository.
fn grow(path: &Path, series: usize, samples: usize) -> Result<(), Trouble> {
    let git = Scratch::open(path)?;
    let mut store = Store::open(&database(path))?;
    let at = store.runs()?.len();
    seeded::commit(path, &git, &mut store, at, series, samples)
}

fn database(path: &Path) -> PathBuf {
    path.join(".git").join("plimsoll").join("history.db")
}

fn cache(path: &Path) -> PathBuf {
    path.join(".git").join("plimsoll").join("history.db.cache")
}

fn check(path: &Path) -> Result<Took, Trouble> {
    took(PROGRAM, &["-C", &path.to_string_lossy(), "check"])
}

fn row(what: &str, aim: &str, seen: &str) {
    println!("| {what} | {aim} | {seen} |");
}

fn times(took: Took) -> String {
    format!(
        "{:.3} s wall, {:.3} s CPU, {:.0} MB",
        took.wall,
        took.cpu,
        took.peak as f64 / 1e6
    )
}

fn aims(folder: &Path) -> Result<(), Trouble> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("| what ({cores} cores) | aim | seen |\n|---|---|---|");
    let large = seeded_at(folder, 10_000, 1_000, 10)?;
    let small = seeded_at(folder, 100, 500, 0)?;
    check(&large)?;
    let next = best(5, || {
        grow(&large, 10_000, 10)?;
        check(&large)
    })?;
    row(
        "`check` of one new commit, 10,000 × 1,000",
        "≤ 1.0 s wall, ≤ 300 MB",
        &times(next),
    );
    let rebuilt = best(3, || {
        std::fs::remove_dir_all(cache(&large))?;
        check(&large)
    })?;
    row("the same, nothing remembered", "≤ 4 s", &times(rebuilt));
    let again = best(9, || check(&large))?;
    row("the same, nothing changed", "≤ 0.2 s", &times(again));
    check(&small)?;
    let next = best(9, || {
        grow(&small, 100, 0)?;
        check(&small)
    })?;
    row(
        "`check` of one new commit, 100 × 500",
        "≤ 30 ms",
        &times(next),
    );
    record(folder)?;
    let plain = seeded_at(folder, 2_000, 500, 0)?;
    check(&plain)?;
    let mut bytes = std::fs::metadata(database(&plain))?.len();
    for entry in std::fs::read_dir(cache(&plain))? {
        bytes += entry?.metadata()?.len();
    }
    let seen = format!("{:.1} bytes", bytes as f64 / 1e6);
    row(
        "database and what is remembered beside it, a point without samples",
        "≤ 30 bytes",
        &seen,
    );
    let values: Vec<Vec<f64>> = (0..10_000)
        .map(|series| (0..1_000).map(|at| seeded::value(series, at)).collect())
        .collect();
    let inputs: Vec<Input<'_>> = values
        .iter()
        .map(|values| Input {
            values,
            ..Input::default()
        })
        .collect();
    let mut wall = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        black_box(detect_all(&inputs, &Settings::default(), 2));
        wall = wall.min(start.elapsed().as_secs_f64());
    }
    row(
        "change points of 10 million points, two threads",
        "≤ 2 s",
        &format!("{wall:.2} s wall"),
    );
    let start = best(25, || took(PROGRAM, &["--version"]))?;
    let size = std::fs::metadata(PROGRAM)?.len() as f64 / 1e6;
    row(
        "start",
        "≤ 5 ms, binary ≤ 15 MB",
        &format!("{:.1} ms, {size:.1} MB", start.wall * 1e3),
    );
    Ok(())
}

/// Wall and CPU time of this thread, in seconds; not every system tells the second.
#[derive(Debug, Clone, Copy)]
struct Busy {
    wall: f64,
    cpu: f64,
}

impl Busy {
    const NEVER: Self = Self {
        wall: f64::INFINITY,
        cpu: f64::INFINITY,
    };

    fn of<T>(job: impl FnOnce() -> Result<T, Trouble>) -> Result<Self, Trouble> {
        let cpu = || -> f64 {
            let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
            let nanoseconds = told.split(' ').next().and_then(|own| own.parse().ok());
            nanoseconds.map_or(f64::NAN, |own: f64| own * 1e-9)
        };
        let (start, before) = (Instant::now(), cpu());
        job()?;
        Ok(Self {
            wall: start.elapsed().as_secs_f64(),
            cpu: cpu() - before,
        })
    }

    fn least(self, other: Self) -> Self {
        Self {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
        }
    }
}

/// A run of 10,000 measurements with samples, against the same rows by one prepared statement.
fn record(folder: &Path) -> Result<(), Trouble> {
    const MEASUREMENTS: usize = 10_000;
    let path = folder.join("record.db");
    let fresh = || -> Result<Store, Trouble> {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("record.db{end}")));
        }
        let mut store = Store::open(&path)?;
        append(&mut store, 0, MEASUREMENTS, 10)?;
        Ok(store)
    };
    let (mut own, mut bare) = (Busy::NEVER, Busy::NEVER);
    for _ in 0..7 {
        let mut store = fresh()?;
        let run = seeded::run(commit(1)?, 1, MEASUREMENTS, 10);
        let new = NewRun {
            run: &run,
            commit: None,
        };
        own = own.least(Busy::of(|| {
            Ok(store.append(&[new], jiff::Timestamp::UNIX_EPOCH)?)
        })?);
        drop(store);
        // The same samples, row by row, into the same table of a store in the same state.
        drop(fresh()?);
        let mut connection = rusqlite::Connection::open(&path)?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        let rows: Vec<(i64, Vec<u8>)> = connection
            .prepare("SELECT series, data FROM sample ORDER BY series")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        bare = bare.least(Busy::of(|| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT INTO run SELECT 2, x'00', commit_id, environment, facts, suite, part, dirty, source, recorded, thinned FROM run",
                [],
            )?;
            {
                let mut insert =
                    transaction.prepare("INSERT INTO sample (run, series, data) VALUES (2, ?1, ?2)")?;
                for (series, data) in &rows {
                    insert.execute(rusqlite::params![series, data])?;
                }
            }
            Ok(transaction.commit()?)
        })?);
    }
    let share = |own: f64, bare: f64| bare / own * 100.0;
    let seen = format!(
        "{:.3} s wall, {:.0} % of the rate of a bare loop; {:.3} s CPU, {:.0} %",
        own.wall,
        share(own.wall, bare.wall),
        own.cpu,
        share(own.cpu, bare.cpu)
    );
    row(
        "recording 10,000 measurements with samples",
        "≤ 0.15 s; ≥ 70 % of a bare loop",
        &seen,
    );
    Ok(())
}

fn commit(at: usize) -> Result<plimsoll::model::CommitId, Trouble> {
    Ok(plimsoll::model::CommitId::new(format!("{at:040x}"))?)
}

fn append(store: &mut Store, at: usize, series: usize, samples: usize) -> Result<(), Trouble> {
    let run = seeded::run(commit(at)?, at, series, samples);
    let new = NewRun {
        run: &run,
        commit: None,
    };
    store.append(&[new], jiff::Timestamp::UNIX_EPOCH)?;
    Ok(())
}

/// Slope of a line through the logarithms, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|p| p.0.ln()), mean(&|p| p.1.ln()));
    let (mut above, mut below) = (0.0, 0.0);
    for point in points {
        above += (point.0.ln() - x) * (point.1.ln() - y);
        below += (point.0.ln() - x).powi(2);
    }
    above / below
}

/// Series, commits and samples of four stores.
type Sizes = [(usize, usize, usize); 4];

fn growth(folder: &Path) -> Result<(), Trouble> {
    let axes: [(&str, Sizes); 3] = [
        (
            "series",
            [
                (500, 250, 0),
                (1_000, 250, 0),
                (2_000, 250, 0),
                (4_000, 250, 0),
            ],
        ),
        (
            "commits",
            [(500, 125, 0), (500, 250, 0), (500, 500, 0), (500, 1_000, 0)],
        ),
        (
            "samples",
            [
                (500, 125, 10),
                (500, 125, 20),
                (500, 125, 40),
                (500, 125, 80),
            ],
        ),
    ];
    println!("| what | along | CPU s at each size | slope |\n|---|---|---|---|");
    for (axis, sizes) in axes {
        let mut first = Vec::new();
        let mut next = Vec::new();
        let mut recorded = Vec::new();
        let mut bytes = Vec::new();
        for (series, commits, samples) in sizes {
            let x = match axis {
                "series" => series,
                "commits" => commits,
                _ => samples,
            } as f64;
            let path = seeded_at(folder, series, commits, samples)?;
            let size = std::fs::metadata(database(&path))?.len() as f64;
            bytes.push((x, size));
            let _ = std::fs::remove_dir_all(cache(&path));
            let all = best(3, || {
                let _ = std::fs::remove_dir_all(cache(&path));
                check(&path)
            })?;
            first.push((x, all.cpu));
            let mut one = (f64::INFINITY, f64::INFINITY);
            for _ in 0..4 {
                let start = Instant::now();
                grow(&path, series, samples)?;
                one.0 = one.0.min(start.elapsed().as_secs_f64());
                one.1 = one.1.min(check(&path)?.cpu);
            }
            recorded.push((x, one.0));
            next.push((x, one.1));
        }
        for (what, points) in [
            ("first check", &first),
            ("check of a new commit", &next),
            ("a commit and its run (wall)", &recorded),
            ("bytes of the database", &bytes),
        ] {
            let seen: Vec<String> = points.iter().map(|(x, y)| format!("{x}: {y:.3}")).collect();
            println!(
                "| {what} | {axis} | {} | {:.2} |",
                seen.join(", "),
                slope(points)
            );
        }
    }
    Ok(())
}

/// The same series through what a user would pick instead.
fn beside(folder: &Path) -> Result<(), Trouble> {
    let (series, commits) = (100, 500);
    let path = seeded_at(folder, series, commits, 0)?;
    let head = folder.join("beside");
    std::fs::create_dir_all(&head)?;
    let points = Store::open_existing(&database(&path))?.runs()?.len();
    check(&path)?;
    let own = best(5, || {
        let _ = std::fs::remove_dir_all(cache(&path));
        check(&path)
    })?;
    println!("{series} series × {points} commits\n| what | wall | CPU | peak |\n|---|---|---|---|");
    let tell = |what: &str, took: Took| {
        println!(
            "| {what} | {:.3} s | {:.3} s | {:.0} MB | {:.1} × CPU",
            took.wall,
            took.cpu,
            took.peak as f64 / 1e6,
            took.cpu / own.cpu
        );
    };
    tell("plimsoll check, nothing remembered", own);
    tell("plimsoll check, nothing changed", best(5, || check(&path))?);

    let csv = head.join("series.csv");
    let names: Vec<String> = (0..series).map(|s| format!("s{s}")).collect();
    let mut text = format!("time,commit,{}\n", names.join(","));
    for at in 0..points {
        let time = jiff::Timestamp::from_second(1_700_000_000 + 86_400 * at as i64)?;
        let values: Vec<String> = (0..series)
            .map(|s| seeded::value(s, at).to_string())
            .collect();
        text.push_str(&format!("{time},{at:040x},{}\n", values.join(",")));
    }
    std::fs::write(&csv, text)?;
    let csv = csv.to_string_lossy().into_owned();
    tell(
        "plimsoll detect on CSV",
        best(5, || took(PROGRAM, &["detect", &csv]))?,
    );
    let mut config = format!(
        "tests:\n  all:\n    type: csv\n    file: {csv}\n    time_column: time\n    attributes: [commit]\n    metrics:\n"
    );
    for name in &names {
        config.push_str(&format!(
            "      {name}: {{column: {name}, direction: -1}}\n"
        ));
    }
    let file = head.join("otava.yaml");
    std::fs::write(&file, config)?;
    let file = file.to_string_lossy().into_owned();
    let since = [
        "analyze",
        "--config-file",
        &file,
        "all",
        "--since",
        "2020-01-01",
    ];
    match best(2, || took("otava", &since)) {
        Ok(took) => tell("otava analyze on the same CSV", took),
        Err(e) => println!("| otava analyze | not measured: {e} |"),
    }

    // perfgate compares one benchmark with one earlier run of it.
    let receipt = |name: &str| head.join(name).to_string_lossy().into_owned();
    let (before, now) = (receipt("before.json"), receipt("now.json"));
    let made = [&before, &now].into_iter().try_for_each(|file| {
        let args = ["run", "--name", "true", "--repeat", "10", "--out", file];
        took("perfgate", &[&args[..], &["--", "true"]].concat()).map(|_| ())
    });
    let out = receipt("compared.json");
    let each = format!(
        "for i in $(seq {series}); do perfgate compare --baseline '{before}' --current '{now}' --threshold 1000 --out '{out}' || exit 9; done"
    );
    match made.and_then(|()| best(3, || took("sh", &["-c", &each]))) {
        Ok(took) => tell(&format!("perfgate compare, {series} times"), took),
        Err(e) => println!("| perfgate compare | not measured: {e} |"),
    }

    // github-action-benchmark keeps everything in one file, which is read and written each time.
    let mut entries = Vec::new();
    for at in 0..points {
        let benches: Vec<_> = (0..series)
            .map(|s| serde_json::json!({"name": format!("module_{}/function_{s}", s / 20), "value": seeded::value(s, at), "range": "± 1", "unit": "ns/iter"}))
            .collect();
        entries.push(serde_json::json!({"commit": {"id": format!("{at:040x}"), "message": format!("Change {at}"), "timestamp": "2026-01-01T00:00:00Z", "url": "https://example.invalid"}, "date": 1_700_000_000_000_i64, "tool": "cargo", "benches": benches}));
    }
    let data =
        serde_json::json!({"lastUpdate": 0, "repoUrl": "", "entries": {"Benchmark": entries}});
    let json = head.join("data.js");
    std::fs::write(
        &json,
        format!(
            "window.BENCHMARK_DATA = {}",
            serde_json::to_string_pretty(&data)?
        ),
    )?;
    let script = format!(
        "const fs=require('fs');const f={:?};const s=fs.readFileSync(f,'utf8').slice('window.BENCHMARK_DATA = '.length);const d=JSON.parse(s);d.lastUpdate=Date.now();fs.writeFileSync(f,'window.BENCHMARK_DATA = '+JSON.stringify(d,null,2));",
        json.to_string_lossy()
    );
    match best(5, || took("node", &["-e", &script])) {
        Ok(took) => tell("one growing data.js read and written (node)", took),
        Err(e) => println!("| one growing data.js | not measured: {e} |"),
    }
    let ratio =
        std::fs::metadata(&json)?.len() as f64 / std::fs::metadata(database(&path))?.len() as f64;
    println!("data.js is {ratio:.1} times as large as the database");
    Ok(())
}
