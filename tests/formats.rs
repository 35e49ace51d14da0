//! Readers as a caller sees them: on damaged input, and on a corpus of real files where there is
//! one.

use plimsoll::formats::{Options, Reading, formats, read, read_bytes};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats")
}

/// Every fixture that is one file, with the format that it has.
const FILES: &[(&str, &str)] = &[
    ("hyperfine", "hyperfine/parameters.json"),
    ("hyperfine", "hyperfine/one_run_named.json"),
    ("hyperfine", "hyperfine/exit_codes.json"),
    ("hyperfine", "hyperfine/handmade-memory.json"),
    ("go", "go/count3_benchmem.txt"),
    ("go", "go/cpu_1_2.txt"),
    ("go", "go/test2json.ndjson"),
    ("go", "go/fail.txt"),
    ("go", "go/panic.txt"),
    ("go", "go/build_failed.txt"),
    ("k6", "k6/handmade-summary-export.json"),
    ("k6", "k6/handmade-handle-summary.json"),
    ("k6", "k6/handmade-machine-readable.json"),
    ("libtest", "libtest/handmade-bench.txt"),
    (
        "cargo-criterion",
        "cargo-criterion/handmade-messages.ndjson",
    ),
    ("bombardier", "bombardier/handmade-report.json"),
    ("jmh", "jmh/handmade-modes.json"),
    ("pyperf", "pyperf/handmade-suite.json"),
    ("vegeta", "vegeta/handmade-report.json"),
    ("oha", "oha/handmade-statuses.json"),
    ("autocannon", "autocannon/handmade-fast.json"),
    (
        "google-benchmark",
        "google-benchmark/handmade-repetitions.json",
    ),
    ("pytest-benchmark", "pytest-benchmark/handmade-data.json"),
];

fn from(name: &str) -> Options {
    Options {
        from: Some(name.to_owned()),
        ..Options::default()
    }
}

fn bytes_of(file: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// What must hold of anything that was read, however damaged its source was.
fn sound(reading: &Reading) {
    assert!(!(reading.measurements.is_empty() && reading.failures.is_empty()));
    for m in &reading.measurements {
        assert!(m.value.is_finite() && m.n >= 1, "{m:?}");
        assert!(!m.benchmark.is_empty() && !m.metric.is_empty(), "{m:?}");
        if m.unit.as_str() == "ns" {
            assert!(m.value >= 0.0, "{m:?}");
        }
        if m.metric == "time" {
            assert!(m.value > 0.0, "{m:?}");
        }
        for dispersion in ["stddev", "std_dev", "mad", "error"] {
            assert_ne!(m.metric.rsplit('.').next(), Some(dispersion), "{m:?}");
        }
        if let Some(samples) = &m.samples {
            assert_eq!(m.n, samples.values.len() as u64);
            assert!(samples.values.iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn every_fixture_is_sniffed_as_what_it_is() {
    for (format, file) in FILES.iter().copied() {
        let reading = read_bytes(Path::new(file), &bytes_of(file), &Options::default()).unwrap();
        assert_eq!(reading.format, format, "{file}");
        sound(&reading);
    }
}

#[test]
fn no_fixture_is_read_as_another_tool() {
    for (format, file) in FILES.iter().copied() {
        for other in formats().iter().filter(|f| f.name != format) {
            let result = read_bytes(Path::new(file), &bytes_of(file), &from(other.name));
            assert!(result.is_err(), "{file} was read as {}", other.name);
        }
    }
}

#[test]
fn cut_json_is_always_an_error() {
    for (format, file) in FILES.iter().filter(|(_, file)| file.ends_with(".json")) {
        let bytes = bytes_of(file);
        let text = bytes.trim_ascii_end();
        for end in 0..text.len() {
            let result = read_bytes(Path::new(file), &text[..end], &from(format));
            assert!(result.is_err(), "{file} cut at {end} was read");
        }
    }
}

#[test]
fn a_string_in_place_of_a_number_is_always_an_error() {
    for (format, file) in FILES.iter().filter(|(_, file)| file.ends_with(".json")) {
        let document: serde_json::Value = serde_json::from_slice(&bytes_of(file)).unwrap();
        let mut places = Vec::new();
        numbers(&document, String::new(), &mut places);
        for place in places {
            // Parts of the file that say nothing of a measurement are not looked at.
            let starts = ["/state", "/options", "/root_group", "/results/checks"];
            if starts.iter().any(|p| place.starts_with(p)) || place.contains("/machine_info/") {
                continue;
            }
            let mut wrong = document.clone();
            *wrong.pointer_mut(&place).unwrap() = "12".into();
            let result = read_bytes(Path::new(file), wrong.to_string().as_bytes(), &from(format));
            assert!(result.is_err(), "{file}: a string at {place} was read");
        }
    }
}

fn numbers(value: &serde_json::Value, place: String, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Number(_) => out.push(place),
        serde_json::Value::Array(list) => {
            for (i, v) in list.iter().enumerate() {
                numbers(v, format!("{place}/{i}"), out);
            }
        }
        serde_json::Value::Object(map) => {
            for (k, v) in map {
                let key = k.replace('~', "~0").replace('/', "~1");
                numbers(v, format!("{place}/{key}"), out);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for options in formats().iter().map(|f| from(f.name)).chain([Options::default()]) {
            if let Ok(reading) = read_bytes(Path::new("x"), &bytes, &options) {
                sound(&reading);
            }
        }
    }

    #[test]
    fn arbitrary_words_of_the_formats_never_panic(
        words in proptest::collection::vec(prop_oneof![
            Just("Benchmark".to_owned()), Just("BenchmarkA-2".to_owned()), Just("\t".to_owned()),
            Just(" ns/op".to_owned()), Just("\n".to_owned()), Just("{".to_owned()),
            Just("}".to_owned()), Just("\"results\":[".to_owned()), Just("\"command\":".to_owned()),
            Just("--- FAIL: ".to_owned()), Just("FAIL\t".to_owned()), Just("panic: ".to_owned()),
            Just("pkg: ".to_owned()), Just("Unit ".to_owned()), Just("\"metrics\":{".to_owned()),
            "[ -~\u{e9}\u{1f600}]{0,6}", any::<f64>().prop_map(|v| v.to_string()),
        ], 0..40),
    ) {
        let text = words.concat();
        for options in formats().iter().map(|f| from(f.name)).chain([Options::default()]) {
            if let Ok(reading) = read_bytes(Path::new("x"), text.as_bytes(), &options) {
                sound(&reading);
            }
        }
    }

    #[test]
    fn damaged_fixtures_never_panic_and_never_give_unsound_values(
        which in 0..FILES.len(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (format, file) = FILES[which];
        let mut bytes = bytes_of(file);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        for options in [from(format), Options::default()] {
            if let Ok(reading) = read_bytes(Path::new(file), &bytes, &options) {
                sound(&reading);
            }
        }
    }

    #[test]
    fn damaged_criterion_results_never_panic(
        which in 0..3_usize,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let names = ["benchmark.json", "estimates.json", "sample.json"];
        let scratch = tempfile::tempdir().unwrap();
        let new = scratch.path().join("new");
        std::fs::create_dir(&new).unwrap();
        for (i, name) in names.iter().enumerate() {
            let mut bytes = bytes_of(&format!("criterion/0.8.2/fib 10/new/{name}"));
            if i == which {
                for (at, byte) in &flips {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                if let Some(cut) = cut {
                    bytes.truncate(cut.index(bytes.len()));
                }
            }
            std::fs::write(new.join(name), bytes).unwrap();
        }
        match read(&[scratch.path()], &Options::default()) {
            Ok(found) => found.readings.iter().for_each(sound),
            Err(errors) => prop_assert!(errors.iter().all(|e| e.path.ends_with(names[which]))),
        }
    }
}

/// The corpus of real files, where `PLIMSOLL_CORPUS` names its folder.
#[allow(
    clippy::disallowed_methods,
    reason = "a test reads its own environment"
)]
fn corpus() -> Option<PathBuf> {
    std::env::var("PLIMSOLL_CORPUS")
        .ok()
        .map(|folder| PathBuf::from(folder).join("formats"))
}

/// File, benchmark, metric, tags as `k=v`, value, n.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    f64,
    u64,
);

#[test]
fn the_corpus_is_read_with_the_right_values() {
    let Some(corpus) = corpus() else { return };
    let rows: &[Row] = &[
        (
            "criterion/made_0.8.2",
            "sort/bytes/std/64",
            "time.mean",
            "",
            1566.1819292431007,
            20,
        ),
        (
            "hyperfine/bencher_one.json",
            "sleep 0.01",
            "time.mean",
            "",
            13_317_239.025_420_563,
            0,
        ),
        (
            "hyperfine/bencher_one.json",
            "sleep 0.01",
            "time",
            "",
            13_251_329.96,
            0,
        ),
        (
            "hyperfine/bencher_two.json",
            "sleep 0.1",
            "time",
            "",
            106_525_351.72,
            27,
        ),
        (
            "hyperfine/bencher_two.json",
            "sleep 0.2",
            "time",
            "",
            208_661_518.72,
            0,
        ),
        (
            "hyperfine/made_params.json",
            "seq 100",
            "time",
            "n=100",
            2_333_192.5,
            30,
        ),
        (
            "hyperfine/made_params.json",
            "seq 100",
            "cpu.user",
            "n=100",
            854_000.0,
            30,
        ),
        (
            "go-bench/bencher_three.txt",
            "BenchmarkFib10",
            "time",
            "pkg=bencher.dev",
            210.2,
            1,
        ),
        (
            "go-bench/bencher_three.txt",
            "BenchmarkFib20WithAuxMetric",
            "auxMetricUnits",
            "",
            4.0,
            1,
        ),
        (
            "go-bench/bencher_five.txt",
            "BenchmarkFib20",
            "time",
            "",
            40_537.123,
            1,
        ),
        (
            "go-bench/gab_go_output.txt",
            "BenchmarkFib22-16",
            "auxMetricUnits",
            "",
            4.0,
            1,
        ),
        (
            "go-bench/gab_go_fiber_output.txt",
            "Benchmark_Utils_GetOffer/mime_extension#02",
            "alloc.bytes",
            "",
            48.0,
            1,
        ),
        (
            "go-bench/gab_go_fiber_duplicate_names_output.txt",
            "BenchmarkAppendMsgitem",
            "time",
            "pkg=github.com/gofiber/fiber/v3/middleware/cache",
            55.76,
            1,
        ),
        (
            "go-bench/gab_go_fiber_duplicate_names_output.txt",
            "BenchmarkAppendMsgitem",
            "bandwidth",
            "pkg=github.com/gofiber/fiber/v3/middleware/csrf",
            2678.46e6,
            1,
        ),
        (
            "go-bench/gab_go_single_package_output.txt",
            "BenchmarkFib10",
            "time",
            "",
            325.0,
            1,
        ),
        (
            "go-bench/golangperf_suffixarray.bench",
            "BenchmarkNew/text=opticks/size=100K/bits=32",
            "alloc.count",
            "",
            2.0,
            10,
        ),
        (
            "go-bench/golangperf_suffixarray.bench",
            "BenchmarkNew/text=opticks/size=100K/bits=32",
            "time",
            "",
            4_076_368.0,
            10,
        ),
        (
            "go-bench/made_count5_benchmem.txt",
            "BenchmarkSort",
            "time",
            "",
            535_969.0,
            5,
        ),
        (
            "go-bench/made_count5_benchmem.txt",
            "BenchmarkSort",
            "hit-ratio",
            "",
            0.125,
            5,
        ),
        (
            "go-bench/made_test2json.json",
            "BenchmarkConcat/n=1000",
            "time",
            "",
            7115.0,
            1,
        ),
        (
            "k6/summary_export_old_rate_limiter.json",
            "",
            "latency.p95",
            "",
            234_263_974.999_999_6,
            2890,
        ),
        (
            "k6/summary_export_old_rate_limiter.json",
            "",
            "rate",
            "",
            93.244_476_402_097_67,
            1,
        ),
        (
            "k6/handle_summary_parabank.json",
            "",
            "latency.p95",
            "",
            343_928_084.999_999_95,
            60,
        ),
        (
            "k6/handle_summary_parabank.json",
            "",
            "error_rate",
            "",
            0.0,
            1,
        ),
        (
            "k6/v2.2.0_summary_export.json",
            "",
            "latency.p95",
            "",
            22_582_172.75,
            522,
        ),
        (
            "k6/v2.2.0_summary_export.json",
            "",
            "latency.p99.9",
            "name=slow",
            31_174_290.152_000_076,
            174,
        ),
        ("k6/v2.2.0_summary_export.json", "", "failures", "", 12.0, 1),
        (
            "k6/v2.2.0_handle_summary.json",
            "",
            "latency.p95",
            "",
            21_947_530.799_999_992,
            543,
        ),
        (
            "k6/v2.2.0_handle_summary.json",
            "",
            "error_rate",
            "",
            0.034_990_791_896_869_246,
            1,
        ),
        (
            "k6/v2.2.0_handle_summary.json",
            "",
            "checkout_time.p95",
            "",
            24e6,
            181,
        ),
        (
            "k6/v2.2.0_machine_readable.json",
            "",
            "latency.p95",
            "",
            23_222_823.849_999_997,
            522,
        ),
        (
            "k6/v2.2.0_machine_readable.json",
            "",
            "rate",
            "",
            522.0 / 4.066_779_033,
            1,
        ),
        (
            "k6/v2.2.0_machine_readable.json",
            "",
            "failures",
            "",
            16.0,
            1,
        ),
        (
            "libtest/bencher_issue_390.txt",
            "bleu::benchmark::bench_bleu",
            "time",
            "",
            298_794.1,
            1,
        ),
        (
            "libtest/bencher_many.txt",
            "tests::three_digit",
            "time",
            "",
            333e9,
            1,
        ),
        (
            "libtest/gab_cargo_output_units.txt",
            "cmov2",
            "cycles",
            "",
            2845.0,
            1,
        ),
        (
            "libtest/gab_cargo_output_units.txt",
            "download",
            "MS/s",
            "",
            9001.0,
            1,
        ),
        (
            "criterion/made_0.8.2_bencher.txt",
            "flat mode/fib: 20?",
            "time",
            "",
            62_104.0,
            1,
        ),
        (
            "criterion/bencher_format_gab.txt",
            "Symbols (Execution)",
            "time",
            "",
            3268.0,
            1,
        ),
        (
            "google-benchmark/made_reps5_aggregates.json",
            "BM_Sort/256",
            "time",
            "",
            4_719.536_372_220_598,
            5,
        ),
        (
            "google-benchmark/made_reps5_aggregates.json",
            "BM_Sort/256",
            "cpu",
            "",
            1_925.186_298_044_504_8,
            5,
        ),
        (
            "google-benchmark/made_reps5_aggregates.json",
            "BM_Sort/256",
            "time.mean",
            "",
            4_800.671_751_855_354,
            5,
        ),
        (
            "google-benchmark/made_reps5_aggregates.json",
            "BM_Str",
            "time",
            "",
            48.602_283_615_800_84,
            5,
        ),
        (
            "google-benchmark/made_reps5_aggregates.json",
            "BM_Str",
            "rate",
            "",
            58_980_686.825_915_33,
            5,
        ),
        (
            "google-benchmark/gbench_test1_run1.json",
            "BM_2xFaster",
            "time",
            "",
            50.0,
            1,
        ),
        (
            "pytest-benchmark/made_with_data.json",
            "test_a.py::test_sha",
            "time",
            "",
            2594.0000796254026,
            112,
        ),
        (
            "pytest-benchmark/made_with_data.json",
            "test_a.py::test_sha",
            "time.mean",
            "",
            2858.714270002695,
            112,
        ),
        (
            "pytest-benchmark/made_with_data.json",
            "test_a.py::TestK::test_sorted",
            "time",
            "",
            30672.599996250938,
            20,
        ),
        (
            "pytest-benchmark/made_with_data.json",
            "test_a.py::TestK::test_sorted",
            "time.mean",
            "",
            67175.70000546402,
            20,
        ),
        (
            "vegeta/report.json",
            "report",
            "latency.p95",
            "",
            2_742_954.0,
            1000,
        ),
        (
            "vegeta/report.json",
            "report",
            "throughput",
            "",
            200.167_788_366_685_6,
            1,
        ),
        ("oha/json.json", "json", "latency.p95", "", 2_737_923.0, 500),
        (
            "oha/json.json",
            "json",
            "rate",
            "",
            9_121.182_294_946_017,
            1,
        ),
        (
            "autocannon/c10_d5.json",
            "json-endpoint",
            "latency.mean",
            "",
            220_000.0,
            78340,
        ),
        (
            "autocannon/c10_d5.json",
            "json-endpoint",
            "rate",
            "",
            15_670.0,
            1,
        ),
        (
            "autocannon/example-result.json",
            "example result",
            "latency.mean",
            "",
            100.1e6,
            0,
        ),
        (
            "jmh/chrisgleissner_avgt.json",
            "com.github.chrisgleissner.benchmarks.ArrayAddBenchmark.intArrayAdd",
            "time",
            "",
            276.42235028829543,
            10,
        ),
        (
            "jmh/chrisgleissner_avgt.json",
            "com.github.chrisgleissner.benchmarks.ArrayAddBenchmark.intArrayAdd",
            "time.mean",
            "",
            276.7094130014889,
            10,
        ),
        (
            "jmh/bencher_six.json",
            "com.github.caffeine.caffeine.cache.ComputeBenchmark.compute_sameKey",
            "throughput",
            "",
            152495705.9947031,
            3,
        ),
        (
            "jmh/bencher_six.json",
            "com.github.caffeine.caffeine.cache.ComputeBenchmark.compute_sameKey",
            "throughput.mean",
            "",
            152520132.34402195,
            3,
        ),
        (
            "jmh/gab_jmh_output_2.json",
            "org.openjdk.jmh.samples.JMHSample_01_HelloWorld.wellHelloThere",
            "throughput",
            "",
            3376519888.95058,
            3,
        ),
        (
            "jmh/gab_jmh_output_2.json",
            "org.openjdk.jmh.samples.JMHSample_01_HelloWorld.wellHelloThere",
            "throughput.mean",
            "",
            3376238873.1228185,
            3,
        ),
        (
            "pyperf/made_timeit.json",
            "sorted30",
            "time",
            "",
            2197.9329452512243,
            20,
        ),
        (
            "pyperf/telco.json",
            "telco",
            "time",
            "",
            22503604.250232458,
            120,
        ),
        (
            "pyperf/track_memory.json",
            "timeit",
            "memory.peak",
            "",
            7364608.0,
            3,
        ),
        (
            "bombardier/json.json",
            "http://127.0.0.1:18080/json",
            "latency.p95",
            "",
            1_023_000.0,
            65105,
        ),
        (
            "bombardier/json.json",
            "http://127.0.0.1:18080/json",
            "latency.mean",
            "",
            613_803.993_548_882_5,
            65105,
        ),
        (
            "criterion/cargo-criterion_1.1.0_messages.ndjson",
            "fib 12",
            "time.mean",
            "",
            493.911_173_449_380_84,
            20,
        ),
        (
            "criterion/cargo-criterion_1.1.0_messages.ndjson",
            "fib 12",
            "time",
            "",
            478.291_344_792_719_9,
            20,
        ),
    ];
    let options = Options {
        include_stale: true,
        ..Options::default()
    };
    for (file, benchmark, metric, tags, value, n) in rows {
        let path = corpus.join(file);
        let found = read(&[&path], &options).unwrap_or_else(|e| panic!("{file}: {e:?}"));
        let stem = path.file_stem().unwrap().to_string_lossy();
        let wanted = if benchmark.is_empty() {
            &*stem
        } else {
            benchmark
        };
        let hit = found
            .readings
            .iter()
            .flat_map(|r| &r.measurements)
            .find(|m| {
                let has: Vec<String> = m.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let tagged = tags.is_empty() || has.iter().any(|t| t == tags);
                let plain = !tags.is_empty() || !file.starts_with("k6") || has.is_empty();
                m.benchmark == wanted && m.metric == *metric && tagged && plain
            })
            .unwrap_or_else(|| panic!("{file}: no {wanted} {metric} {tags}"));
        let off = (hit.value - value).abs();
        assert!(
            off <= 1e-9 * value.abs(),
            "{file} {metric}: {} not {value}",
            hit.value
        );
        assert!(*n == 0 || hit.n == *n, "{file} {metric}: n is {}", hit.n);
        found.readings.iter().for_each(sound);
    }
}

#[test]
fn criterion_of_the_corpus_agrees_with_its_own_estimates() {
    let Some(corpus) = corpus() else { return };
    let options = Options {
        include_stale: true,
        ..Options::default()
    };
    let found = read(&[&corpus.join("criterion")], &options).unwrap();
    assert!(found.readings.len() >= 6, "{}", found.readings.len());
    for reading in &found.readings {
        sound(reading);
        let value = |metric: &str| {
            let hit = reading.measurements.iter().find(|m| m.metric == metric);
            hit.unwrap_or_else(|| panic!("no {metric}")).value
        };
        let (time, median) = (value("time"), value("time.median"));
        assert!(
            (time - median).abs() <= 1e-6 * median,
            "{}: {time} {median}",
            reading.path.display()
        );
    }
}

/// The folders of the corpus whose format is read, and which formats their files may have.
const FOLDERS: &[(&str, &[&str])] = &[
    ("criterion", &["criterion", "libtest", "cargo-criterion"]),
    ("hyperfine", &["hyperfine"]),
    ("go-bench", &["go"]),
    ("k6", &["k6"]),
    ("libtest", &["libtest"]),
    ("google-benchmark", &["google-benchmark"]),
    ("pytest-benchmark", &["pytest-benchmark"]),
    ("jmh", &["jmh"]),
    ("pyperf", &["pyperf"]),
    ("bombardier", &["bombardier"]),
    ("vegeta", &["vegeta"]),
    ("oha", &["oha"]),
    ("autocannon", &["autocannon"]),
];

/// Files of those folders that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("libtest/bencher_zero.txt", "not known"),
    ("bombardier/slow.txt", "not known"),
    ("jmh/bencher_latency.json", "does not fit"),
    // Samples, histograms and text for people, and a project's own table.
    ("vegeta/encode.csv", "not known"),
    ("vegeta/encode.json", "not known"),
    ("vegeta/report.txt", "not known"),
    ("vegeta/hist.txt", "not known"),
    ("vegeta/hdrplot.txt", "not known"),
    ("oha/json.csv", "not known"),
    ("oha/json.txt", "not known"),
    ("autocannon/fastify_benchmark-results.json", "not known"),
    (
        "google-benchmark/gbench_test3_run0.json",
        "does not say which",
    ),
    ("google-benchmark/voronoi_bench.json", "cut off"),
    ("pytest-benchmark/bencher_four.json", "omitted to keep"),
    ("pytest-benchmark/bencher_two.json", "omitted to keep"),
    ("pytest-benchmark/gab_several_units.json", "omitted to keep"),
    ("google-benchmark/gbench_test4_run.json", "it is missing"),
];

#[test]
fn no_file_of_the_corpus_is_taken_for_another_tool() {
    let Some(corpus) = corpus() else { return };
    let mut todo = vec![corpus.clone()];
    let mut read_files = 0;
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path.strip_prefix(&corpus).unwrap().to_str().unwrap();
            let (tool, rest) = name.split_once('/').unwrap_or(("", name));
            if tool.is_empty() || rest == "SOURCE.txt" {
                continue;
            }
            let formats = FOLDERS.iter().find(|(folder, _)| *folder == tool);
            let formats = formats.map_or(&[][..], |(_, formats)| *formats);
            let bytes = std::fs::read(&path).unwrap();
            let result = read_bytes(Path::new(rest), &bytes, &Options::default());
            let refused = REFUSED.iter().find(|(file, _)| *file == name);
            match (result, refused) {
                (Ok(reading), None) => {
                    assert!(
                        formats.contains(&reading.format),
                        "{name}: {}",
                        reading.format
                    );
                    sound(&reading);
                    read_files += 1;
                }
                (Ok(reading), Some(_)) => panic!("{name} was read as {}", reading.format),
                (Err(error), Some((_, why))) => {
                    assert!(error.reason.contains(why), "{name}: {error}");
                }
                // What is no result file of these tools, or of a tool that is not read yet.
                (Err(error), None) => assert!(
                    error.reason.contains("not known") && !FOLDERS[4..].iter().any(|f| f.0 == tool)
                        || error.reason.contains("criterion"),
                    "{name}: {error}"
                ),
            }
        }
    }
    assert!(read_files >= 20, "{read_files}");
}
