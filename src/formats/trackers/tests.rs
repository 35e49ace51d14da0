use super::*;
use crate::model::{Direction, Unit};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/trackers")
        .join(name)
}

fn read_one(path: &Path) -> TrackerHistory {
    let mut found = read_histories(&[path], None).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn values(history: &TrackerHistory, benchmark: &str, metric: &str) -> Vec<f64> {
    let all = history.results.iter().flat_map(|dated| &dated.measurements);
    all.filter(|m| m.benchmark == benchmark && m.metric == metric)
        .map(|m| m.value)
        .collect()
}

fn first<'h>(history: &'h TrackerHistory, benchmark: &str, metric: &str) -> &'h Measurement {
    let mut all = history.results.iter().flat_map(|dated| &dated.measurements);
    all.find(|m| m.benchmark == benchmark && m.metric == metric)
        .unwrap_or_else(|| panic!("no {benchmark} {metric} in {history:#?}"))
}

fn text_error(from: &str, name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let errors = read_histories(&[&path], Some(from)).unwrap_err();
    assert_eq!(errors.len(), 1);
    errors[0].to_string()
}

#[test]
fn data_js_has_its_direction_by_tool_and_unit() {
    let history = read_one(&fixture("github-action-benchmark/handmade-data.js"));
    assert_eq!(history.tracker, "github-action-benchmark");
    assert_eq!(
        values(&history, "Rust/parse", "time"),
        [1000.0, 1001.0, 1002.0]
    );
    let parse = first(&history, "Rust/parse", "time");
    assert_eq!(
        (parse.spread.unwrap().below, &parse.unit),
        (50_000, &Unit::Nanoseconds)
    );
    let fib = first(&history, "Web/fib(10)", "throughput");
    assert_eq!(fib.direction, Some(Direction::Higher));
    assert_eq!(fib.spread.unwrap().above, 15_000);
    let jmh = first(&history, "Web/Sort.run", "throughput");
    assert_eq!(
        (jmh.value, jmh.direction),
        (2500.0, Some(Direction::Higher))
    );
    assert_eq!(values(&history, "Web/BenchmarkFib", "alloc.bytes"), [16.0]);
    assert_eq!(
        first(&history, "Web/BenchmarkFib", "alloc.count").direction,
        Some(Direction::Lower)
    );
    let score = first(&history, "Web/score", "value");
    assert_eq!(
        (score.value, score.direction),
        (-3.5, Some(Direction::Higher))
    );
    assert_eq!(history.left_out[TWICE], 2);
    assert_eq!(history.left_out[NO_COMMIT], 1);
    let commit = &history.results[0].commit;
    assert_eq!(commit, &"a".repeat(40));
}

#[test]
fn bencher_gives_a_run_a_report_and_iteration() {
    let history = read_one(&fixture("bencher/handmade-perf.json"));
    assert_eq!(history.results.len(), 4);
    assert_eq!(values(&history, "app", "file-size"), [5000.0]);
    assert_eq!(values(&history, "game", "Heap"), [2048.0]);
    let score = first(&history, "game", "Score");
    assert_eq!(
        (score.direction, &score.unit),
        (None, &Unit::Other("points".to_owned()))
    );
    let machines: Vec<_> = history
        .results
        .iter()
        .map(|d| d.machine.clone().unwrap())
        .collect();
    assert_eq!(machines, ["ci", "laptop", "ci", "ci"]);
    let time = first(&history, "parse", "time");
    let spread = time.spread.unwrap();
    assert_eq!(
        (time.value, spread.below, spread.above),
        (100.0, 100_000, 200_000)
    );
    assert_eq!(history.left_out[NO_COMMIT], 1);
    let digests: std::collections::BTreeSet<String> = history
        .results
        .iter()
        .map(|d| d.digest("bencher"))
        .collect();
    assert_eq!(digests.len(), 4);
}

#[test]
fn asv_gives_slices_samples_and_failures() {
    let history = read_one(&fixture("asv"));
    assert_eq!(history.results.len(), 2);
    let newest = history
        .results
        .iter()
        .find(|d| d.commit.starts_with("7da582a5"))
        .unwrap();
    assert_eq!(newest.machine.as_deref(), Some("demo"));
    assert_eq!(newest.facts["cpu"], "Example CPU");
    assert_eq!(newest.time.unwrap().to_string(), "2026-10-03T00:00:00Z");
    let of = |metric: &str, benchmark: &str| {
        let all = newest.measurements.iter();
        all.filter(|m| m.metric == metric && m.benchmark == benchmark)
            .collect::<Vec<_>>()
    };
    let totals = of("time", "bench.Suite.time_total");
    assert_eq!(totals.len(), 3, "one slice of four is skipped");
    assert_eq!(history.left_out[asv_skipped()], 2);
    let first = totals.iter().find(|m| m.tags["n"] == "10").unwrap();
    assert!((first.value - 2_513.999_788_789).abs() < 1e-6);
    assert_eq!(first.tags["kind"], "list");
    assert_eq!(first.samples.as_ref().unwrap().values.len(), 1);
    assert_eq!(of("memory.peak", "bench.peakmem_list")[0].unit, Unit::Bytes);
    let track = of("value", "bench.track_answer")[0];
    assert_eq!((track.value, track.direction), (42.5, None));
    assert_eq!(track.unit, Unit::Other("points".to_owned()));
    let failed: Vec<&str> = newest
        .failures
        .iter()
        .map(|f| f.benchmark.as_str())
        .collect();
    assert_eq!(failed, ["bench.time_broken"]);
    let older = history
        .results
        .iter()
        .find(|d| d.commit.starts_with("cf7bd0f9"))
        .unwrap();
    let plain = older
        .measurements
        .iter()
        .find(|m| m.benchmark == "bench.time_plain")
        .unwrap();
    assert!(
        plain.n > 1 && plain.spread.is_some() && plain.samples.is_none(),
        "{plain:?}"
    );
}

fn asv_skipped() -> &'static str {
    "results that asv skipped"
}

#[test]
fn asv_of_version_1_and_of_other_code() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "results/benchmarks.json",
        r#"{"version": 2, "b.time_a": {"type": "time", "unit": "seconds", "param_names": ["n"], "version": "v2"},
            "b.time_b": {"type": "time", "unit": "seconds", "param_names": [], "version": "v1"}}"#,
    );
    write(
        "results/m/machine.json",
        r#"{"machine": "m", "version": 1}"#,
    );
    write(
        "results/m/12345678-py3.8.json",
        r#"{"commit_hash": "1234567812345678", "date": 1000, "benchmark_version": {"b.time_b": "v0"},
            "results": {"b.time_a": {"result": [1.0, null, NaN], "params": [["1", "2", "3"]]}, "b.time_b": 2.0, "b.gone": 1.0}}"#,
    );
    let history = read_one(folder.path());
    let only = &history.results[0];
    assert_eq!(only.commit, "1234567812345678");
    assert_eq!(only.measurements.len(), 1);
    assert_eq!(values(&history, "b.time_a", "time"), [1e9]);
    assert_eq!(only.measurements[0].tags["asv_env"], "py3.8");
    assert_eq!(only.failures.len(), 1);
    assert_eq!(
        history.left_out.values().copied().collect::<Vec<_>>(),
        [1, 1, 1]
    );
}

#[test]
fn csv_needs_commits_and_numbers() {
    let history = read_one(&fixture("csv/handmade-shop.csv"));
    assert_eq!(values(&history, "handmade-shop", "p99"), [12.5e6, 13e6]);
    assert_eq!(
        values(&history, "handmade-shop", "throughput"),
        [100.0, 101.0, 99.5]
    );
    assert!(values(&history, "handmade-shop", "branch").is_empty());
    let without = text_error("csv", "x.csv", "time,p99\n1,2\n");
    assert!(without.contains("no column with the commit"), "{without}");
    let hash = "a".repeat(40);
    let wrong = text_error(
        "csv",
        "x.csv",
        &format!("commit,p99\n{hash},2\n{hash},\"1,5\"\n"),
    );
    assert!(
        wrong.contains("line 3, column 2") && wrong.contains("`1,5`"),
        "{wrong}"
    );
    let short = text_error("csv", "x.csv", "commit,p99\nr241105,2\n");
    assert!(short.contains("1 results without a commit"), "{short}");
    let ragged = text_error("csv", "x.csv", &format!("commit,p99\n{hash}\n"));
    assert!(ragged.contains("line 2"), "{ragged}");
}

#[test]
fn mistakes_name_their_place() {
    let cut = text_error(
        "data.js",
        "data.js",
        "window.BENCHMARK_DATA = {\"entries\": {\"a\": [",
    );
    assert!(cut.contains("cut off"), "{cut}");
    let wrong = text_error("bencher", "p.json", "{\"results\": [{\"branch\": 1}]}");
    assert!(wrong.contains("results[0].branch"), "{wrong}");
    let asv = text_error("asv", "x.json", "{}");
    assert!(asv.contains("folder"), "{asv}");
    let none = text_error("nonsense", "x.json", "{}");
    assert!(
        none.contains("github-action-benchmark, bencher, csv, asv"),
        "{none}"
    );
}

#[test]
fn a_folder_gives_its_histories_and_nothing_else() {
    let found = read_histories(&[&fixture("")], None).unwrap();
    let mut names: Vec<_> = found.iter().map(|h| h.tracker).collect();
    names.sort_unstable();
    assert_eq!(names, ["bencher", "csv", "github-action-benchmark"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), "{}").unwrap();
    let errors = read_histories(&[folder.path()], None).unwrap_err();
    assert!(
        errors[0]
            .to_string()
            .contains("no history of a known tracker")
    );
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "(?s).{0,200}") {
        for tracker in &TRACKERS {
            let _ = (tracker.sniff)(Path::new("x.csv"), text.as_bytes());
            let _ = (tracker.read)(Path::new("x.csv"), text.as_bytes());
        }
    }

    #[test]
    fn no_csv_panics(rows in proptest::collection::vec("[a-f0-9]{7,9},[0-9.,\"eE+-]{0,6}", 0..6)) {
        let text = format!("commit,v\n{}\n", rows.join("\n"));
        let _ = columns::TRACKER.read_for_test(text.as_bytes());
    }
}

impl Tracker {
    fn read_for_test(&self, bytes: &[u8]) -> Result<TrackerHistory, Fault> {
        (self.read)(Path::new("x.csv"), bytes)
    }
}
