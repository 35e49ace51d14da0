//! How often `plimsoll compare` is right: a program with planted CPU work, compared again and again.
//!
//! ```sh
//! cargo build --release
//! cargo run --release --example planted                      # 40 comparisons of 60 s for each plant: hours
//! cargo run --release --example planted -- --time 6s         # the same in half an hour
//! cargo run --release --example planted -- --time 6s --peer ~/.cargo/bin/perfgate
//! ```
//! Options: `--runs N` (40), `--time SPAN` (60s), `--plants LIST` (0,3,5,10,30, in percent), `--work MS`
//! (60, the work of the base), `--peer PROGRAM` (a `perfgate`, which gets as many executions of the
//! same two programs for each comparison), `--out FILE` (the table so far, after every round). Every comparison draws another order. Plants and programs
//! take turns, so all of them meet the same load. To see a loaded machine, load it meanwhile: the
//! average load is printed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "an experiment that prints its table"
)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

/// The limit of one change in the experiment's budget.
const LIMIT: f64 = 2.0;

struct Options {
    runs: u64,
    time: String,
    plants: Vec<u64>,
    work: f64,
    peer: Option<PathBuf>,
    out: Option<PathBuf>,
}

fn options(args: &[String]) -> Options {
    let mut found = Options {
        runs: 40,
        time: "60s".to_owned(),
        plants: vec![0, 3, 5, 10, 30],
        work: 60.0,
        peer: None,
        out: None,
    };
    for pair in args.chunks(2) {
        let [name, value] = pair else {
            panic!("{} needs a value", pair[0])
        };
        match name.as_str() {
            "--runs" => found.runs = value.parse().unwrap(),
            "--time" => found.time.clone_from(value),
            "--plants" => found.plants = value.split(',').map(|p| p.parse().unwrap()).collect(),
            "--work" => found.work = value.parse().unwrap(),
            "--peer" => found.peer = Some(PathBuf::from(value)),
            "--out" => found.out = Some(PathBuf::from(value)),
            other => panic!("there is no option {other}"),
        }
    }
    found
}

/// What was said of one plant by one program on one metric.
struct Column {
    plant: u64,
    name: &'static str,
    worse: usize,
    better: usize,
    over: usize,
    sizes: Vec<f64>,
    executions: Vec<usize>,
}

impl Column {
    fn new(plant: u64, name: &'static str) -> Self {
        let (sizes, executions) = (Vec::new(), Vec::new());
        Self {
            plant,
            name,
            worse: 0,
            better: 0,
            over: 0,
            sizes,
            executions,
        }
    }

    fn add(&mut self, said: &Said) {
        self.worse += usize::from(said.worse);
        self.better += usize::from(said.better);
        self.over += usize::from(said.over);
        self.sizes.push(said.size);
        self.executions.push(said.executions);
    }

    fn row(&mut self) -> String {
        let n = self.sizes.len();
        self.sizes.sort_by(f64::total_cmp);
        self.executions.sort_unstable();
        let at = |share: f64| 100.0 * self.sizes[((n - 1) as f64 * share).round() as usize];
        format!(
            "| +{} % | {} | {} of {n} | {} of {n} | {} of {n} | {:+.2} % ({:+.2} … {:+.2}) | {} |",
            self.plant,
            self.name,
            self.worse,
            self.better,
            self.over,
            at(0.5),
            at(0.05),
            at(0.95),
            self.executions[n / 2]
        )
    }
}

/// One answer.
struct Said {
    worse: bool,
    better: bool,
    over: bool,
    size: f64,
    executions: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [spin, file] = args.as_slice()
        && spin == "spin"
    {
        work(
            std::fs::read_to_string(file)
                .unwrap()
                .trim()
                .parse()
                .unwrap(),
        );
        return;
    }
    let options = options(&args);
    let plimsoll = binary();
    let rounds = calibrate(options.work);
    let scenes: Vec<Scene> = options
        .plants
        .iter()
        .map(|plant| Scene::new(&plimsoll, rounds, *plant))
        .collect();
    let start = scenes[0].cost_of_starting();
    let head = format!(
        "{} comparisons of {} each; the base works {:.0} ms, starting it takes {start:.1} ms, so a plant of 10 % is {:.1} % of the whole\n",
        options.runs,
        options.time,
        options.work,
        10.0 * options.work / (options.work + start)
    );
    let mut columns: Vec<Column> = Vec::new();
    let mut loads = Vec::new();
    for run in 1..=options.runs {
        loads.extend(load());
        for (at, scene) in scenes.iter().enumerate() {
            let Some(json) = scene.compare(&options.time, run) else {
                eprintln!(
                    "so loaded that {} did not suffice for six pairs",
                    options.time
                );
                continue;
            };
            let executions = said_of(&json, "cpu").executions;
            let mut answers = vec![
                ("plimsoll, CPU time", said_of(&json, "cpu")),
                ("plimsoll, wall time", said_of(&json, "time")),
            ];
            if let Some(peer) = &options.peer {
                answers.push(("perfgate, wall time", scene.peer(peer, executions / 2)));
            }
            for (name, said) in answers {
                let plant = options.plants[at];
                let known = columns
                    .iter()
                    .position(|c| c.plant == plant && c.name == name);
                let column = known.unwrap_or_else(|| {
                    columns.push(Column::new(plant, name));
                    columns.len() - 1
                });
                columns[column].add(&said);
            }
        }
        eprintln!("{run} of {} done", options.runs);
        if let Some(out) = &options.out {
            std::fs::write(out, format!("{head}{}", table(&mut columns, &loads))).unwrap();
        }
    }
    print!("{head}{}", table(&mut columns, &loads));
}

fn table(columns: &mut [Column], loads: &[f64]) -> String {
    let mut out = String::new();
    if !loads.is_empty() {
        let mean = loads.iter().sum::<f64>() / loads.len() as f64;
        out += &format!("{} processors, load {mean:.1} on average\n", processors());
    }
    out += &format!(
        "\n| planted | judged by | called worse | called better | over a limit of +{LIMIT} % | median size (90 % of them) | executions |\n|---|---|---|---|---|---|---|\n"
    );
    columns.sort_by_key(|column| column.plant);
    for column in columns {
        out += &column.row();
        out.push('\n');
    }
    out
}

/// What plimsoll says of a metric: its words, and the verdict of the budget.
fn said_of(json: &Value, metric: &str) -> Said {
    let series = json["paired"]["series"].as_array().unwrap();
    let found = series
        .iter()
        .find(|s| s["series"]["metric"] == metric)
        .unwrap();
    let over = json["limits"]
        .as_array()
        .unwrap()
        .iter()
        .any(|limit| limit["series"]["metric"] == metric && limit["verdict"] == "over");
    let pairs = json["paired"]["pairs"].as_u64().unwrap();
    let controls = json["paired"]["controls"].as_u64().unwrap();
    Said {
        worse: found["change"] == "worse",
        better: found["change"] == "better",
        over,
        size: found["effect"].as_f64().unwrap_or(f64::NAN),
        executions: 2 * (pairs + controls) as usize,
    }
}

/// Two programs: two commits of a repository, and the same two as files.
struct Scene {
    folder: tempfile::TempDir,
    plimsoll: PathBuf,
    me: PathBuf,
}

impl Scene {
    fn new(plimsoll: &Path, rounds: u64, plant: u64) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
            plimsoll: plimsoll.to_owned(),
            me: std::env::current_exe().unwrap(),
        };
        let git = |args: &[&str]| {
            let who = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"];
            scene.run(Path::new("git"), &[&who, args].concat());
        };
        git(&["init", "--quiet"]);
        let mut budget = "schema = 1\n[feature]\nname = \"planted\"\nowner = \"@us\"\n".to_owned();
        for metric in ["cpu", "time"] {
            budget.push_str(&format!(
                "\n[[limit]]\nid = \"{metric}\"\nselect = {{ benchmark = \"*\", metric = \"{metric}\" }}\nregress = {{ limit = \"+{LIMIT}%\" }}\n"
            ));
        }
        scene.write("budgets/planted.toml", &budget);
        let head = rounds + rounds * plant / 100;
        for (name, rounds) in [("base", rounds), ("head", head), ("none", 0)] {
            scene.write(&format!(".git/{name}"), &rounds.to_string());
        }
        for (name, rounds) in [("base", rounds), ("head", head)] {
            scene.write("rounds", &rounds.to_string());
            scene.write("note", name);
            git(&["add", "--all"]);
            git(&["commit", "--quiet", "--message", name]);
        }
        scene
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn output(&self, program: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.path());
        command.output().unwrap()
    }

    fn run(&self, program: &Path, args: &[&str]) {
        let done = self.output(program, args);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{args:?}: {said}");
    }

    /// `None` where the machine is so loaded that the time does not suffice for any pair.
    fn compare(&self, time: &str, seed: u64) -> Option<Value> {
        let seed = seed.to_string();
        let args = [
            "compare", "HEAD^", "--time", time, "--seed", &seed, "--format", "json", "--build",
            "true", "--",
        ];
        let me = self.me.to_str().unwrap();
        let args = [&args[..], &[me, "spin", "rounds"]].concat();
        let done = self.output(&self.plimsoll, &args);
        let said = String::from_utf8_lossy(&done.stderr);
        let json: Value = serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {said}"));
        (json["paired"]["pairs"] != 0).then_some(json)
    }

    /// perfgate's answer on wall time, the only one that its pairs have: worse is what fails at a
    /// limit of 0, over what fails at [`LIMIT`].
    fn peer(&self, peer: &Path, pairs: usize) -> Said {
        let command = |name: &str| format!("{} spin .git/{name}", self.me.display());
        let (base, head) = (command("base"), command("head"));
        let (pairs, out) = (pairs.to_string(), ".git/perfgate.json");
        let args = [
            "paired",
            "--name",
            "planted",
            "--baseline",
            &base,
            "--current",
            &head,
            "--repeat",
            &pairs,
            "--warmup",
            "1",
            "--fail-on-regression",
            "0",
            "--out",
            out,
        ];
        let done = self.output(peer, &args);
        let text = std::fs::read_to_string(self.folder.path().join(out));
        let text = text.unwrap_or_else(|e| {
            panic!("{e}: {}", String::from_utf8_lossy(&done.stderr));
        });
        let json: Value = serde_json::from_str(&text).unwrap();
        let diff = &json["stats"]["wall_diff_ms"];
        let (mean, sd) = (
            diff["mean"].as_f64().unwrap(),
            diff["std_dev"].as_f64().unwrap(),
        );
        let n = diff["count"].as_f64().unwrap();
        // Its own interval: mean ± t·sd/√n with t = 1.96 from 30 pairs on, else 2.
        let half = if n >= 30.0 { 1.96 } else { 2.0 } * sd / n.sqrt();
        let size = mean
            / json["stats"]["baseline_wall_ms"]["median"]
                .as_f64()
                .unwrap();
        let worse = mean - half > 0.0 && size > 0.0;
        assert_eq!(
            worse,
            !done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        Said {
            worse,
            better: mean + half < 0.0,
            over: worse && size > LIMIT / 100.0,
            size,
            executions: 2 * n as usize,
        }
    }

    /// Milliseconds that a run without work takes, at best.
    fn cost_of_starting(&self) -> f64 {
        let once = |_| {
            let start = now();
            self.run(&self.me, &["spin", ".git/none"]);
            start.elapsed().as_secs_f64() * 1e3
        };
        (0..20).map(once).fold(f64::INFINITY, f64::min)
    }
}

/// CPU work that no optimiser removes.
fn work(rounds: u64) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    std::hint::black_box(state);
}

/// Rounds that take so many milliseconds, at best.
fn calibrate(milliseconds: f64) -> u64 {
    let rounds = 1_000_000;
    let once = |_| {
        let start = now();
        work(std::hint::black_box(rounds));
        start.elapsed().as_secs_f64() * 1e3
    };
    let best = (0..40).map(once).fold(f64::INFINITY, f64::min);
    (rounds as f64 * milliseconds / best) as u64
}

#[allow(clippy::disallowed_methods, reason = "an experiment in real time")]
fn now() -> Instant {
    Instant::now()
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The average number of programs that wanted a processor in the last minute, where Linux tells.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The plimsoll beside this example.
fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let beside = own.parent().unwrap().parent().unwrap().join("plimsoll");
    assert!(
        beside.exists(),
        "{} is missing: build it first",
        beside.display()
    );
    beside
}
