//! Fixtures and corpus files of the micro-benchmark tools.

use crate::corpus::Folder;

/// Every fixture that is one file: the format that it has, and its path.
pub(crate) const FILES: &[(&str, &str)] = &[
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
    ("libtest", "libtest/handmade-bench.txt"),
    (
        "cargo-criterion",
        "cargo-criterion/handmade-messages.ndjson",
    ),
    ("jmh", "jmh/handmade-modes.json"),
    ("pyperf", "pyperf/handmade-suite.json"),
    (
        "google-benchmark",
        "google-benchmark/handmade-repetitions.json",
    ),
    ("pytest-benchmark", "pytest-benchmark/handmade-data.json"),
];

/// Values of the corpus: file | benchmark | metric | tags | value | n.
///
/// Without a benchmark: the stem of the file. Tags: one as `k=v`, `-` for none at all, empty for
/// any. An n of 0 is not looked at.
pub(crate) const ROWS: &str = r"
criterion/made_0.8.2 | sort/bytes/std/64 | time.mean |  | 1566.1819292431007 | 20
hyperfine/bencher_one.json | sleep 0.01 | time.mean |  | 13317239.025420563 | 0
hyperfine/bencher_one.json | sleep 0.01 | time |  | 13251329.96 | 0
hyperfine/bencher_two.json | sleep 0.1 | time |  | 106525351.72 | 27
hyperfine/bencher_two.json | sleep 0.2 | time |  | 208661518.72 | 0
hyperfine/made_params.json | seq 100 | time | n=100 | 2333192.5 | 30
hyperfine/made_params.json | seq 100 | cpu.user | n=100 | 854000.0 | 30
go-bench/bencher_three.txt | BenchmarkFib10 | time | pkg=bencher.dev | 210.2 | 1
go-bench/bencher_three.txt | BenchmarkFib20WithAuxMetric | auxMetricUnits |  | 4.0 | 1
go-bench/bencher_five.txt | BenchmarkFib20 | time |  | 40537.123 | 1
go-bench/gab_go_output.txt | BenchmarkFib22-16 | auxMetricUnits |  | 4.0 | 1
go-bench/gab_go_fiber_output.txt | Benchmark_Utils_GetOffer/mime_extension#02 | alloc.bytes |  | 48.0 | 1
go-bench/gab_go_fiber_duplicate_names_output.txt | BenchmarkAppendMsgitem | time | pkg=github.com/gofiber/fiber/v3/middleware/cache | 55.76 | 1
go-bench/gab_go_fiber_duplicate_names_output.txt | BenchmarkAppendMsgitem | bandwidth | pkg=github.com/gofiber/fiber/v3/middleware/csrf | 2678.46e6 | 1
go-bench/gab_go_single_package_output.txt | BenchmarkFib10 | time |  | 325.0 | 1
go-bench/golangperf_suffixarray.bench | BenchmarkNew/text=opticks/size=100K/bits=32 | alloc.count |  | 2.0 | 10
go-bench/golangperf_suffixarray.bench | BenchmarkNew/text=opticks/size=100K/bits=32 | time |  | 4076368.0 | 10
go-bench/made_count5_benchmem.txt | BenchmarkSort | time |  | 535969.0 | 5
go-bench/made_count5_benchmem.txt | BenchmarkSort | hit-ratio |  | 0.125 | 5
go-bench/made_test2json.json | BenchmarkConcat/n=1000 | time |  | 7115.0 | 1
libtest/bencher_issue_390.txt | bleu::benchmark::bench_bleu | time |  | 298794.1 | 1
libtest/bencher_many.txt | tests::three_digit | time |  | 333e9 | 1
libtest/gab_cargo_output_units.txt | cmov2 | cycles |  | 2845.0 | 1
libtest/gab_cargo_output_units.txt | download | MS/s |  | 9001.0 | 1
criterion/made_0.8.2_bencher.txt | flat mode/fib: 20? | time |  | 62104.0 | 1
criterion/bencher_format_gab.txt | Symbols (Execution) | time |  | 3268.0 | 1
google-benchmark/made_reps5_aggregates.json | BM_Sort/256 | time |  | 4719.536372220598 | 5
google-benchmark/made_reps5_aggregates.json | BM_Sort/256 | cpu |  | 1925.1862980445048 | 5
google-benchmark/made_reps5_aggregates.json | BM_Sort/256 | time.mean |  | 4800.671751855354 | 5
google-benchmark/made_reps5_aggregates.json | BM_Str | time |  | 48.60228361580084 | 5
google-benchmark/made_reps5_aggregates.json | BM_Str | rate |  | 58980686.82591533 | 5
google-benchmark/gbench_test1_run1.json | BM_2xFaster | time |  | 50.0 | 1
pytest-benchmark/made_with_data.json | test_a.py::test_sha | time |  | 2594.0000796254026 | 112
pytest-benchmark/made_with_data.json | test_a.py::test_sha | time.mean |  | 2858.714270002695 | 112
pytest-benchmark/made_with_data.json | test_a.py::TestK::test_sorted | time |  | 30672.599996250938 | 20
pytest-benchmark/made_with_data.json | test_a.py::TestK::test_sorted | time.mean |  | 67175.70000546402 | 20
jmh/chrisgleissner_avgt.json | com.github.chrisgleissner.benchmarks.ArrayAddBenchmark.intArrayAdd | time |  | 276.42235028829543 | 10
jmh/chrisgleissner_avgt.json | com.github.chrisgleissner.benchmarks.ArrayAddBenchmark.intArrayAdd | time.mean |  | 276.7094130014889 | 10
jmh/bencher_six.json | com.github.caffeine.caffeine.cache.ComputeBenchmark.compute_sameKey | throughput |  | 152495705.9947031 | 3
jmh/bencher_six.json | com.github.caffeine.caffeine.cache.ComputeBenchmark.compute_sameKey | throughput.mean |  | 152520132.34402195 | 3
jmh/gab_jmh_output_2.json | org.openjdk.jmh.samples.JMHSample_01_HelloWorld.wellHelloThere | throughput |  | 3376519888.95058 | 3
jmh/gab_jmh_output_2.json | org.openjdk.jmh.samples.JMHSample_01_HelloWorld.wellHelloThere | throughput.mean |  | 3376238873.1228185 | 3
pyperf/made_timeit.json | sorted30 | time |  | 2197.9329452512243 | 20
pyperf/telco.json | telco | time |  | 22503604.250232458 | 120
pyperf/track_memory.json | timeit | memory.peak |  | 7364608.0 | 3
criterion/cargo-criterion_1.1.0_messages.ndjson | fib 12 | time.mean |  | 493.91117344938084 | 20
criterion/cargo-criterion_1.1.0_messages.ndjson | fib 12 | time |  | 478.2913447927199 | 20
";

/// The folders of the corpus, and which formats their files may have.
pub(crate) const FOLDERS: &[Folder] = &[
    ("criterion", &["criterion", "libtest", "cargo-criterion"]),
    ("hyperfine", &["hyperfine"]),
    ("go-bench", &["go"]),
    ("libtest", &["libtest"]),
    ("google-benchmark", &["google-benchmark"]),
    ("pytest-benchmark", &["pytest-benchmark"]),
    ("jmh", &["jmh"]),
    ("pyperf", &["pyperf"]),
];

/// Files of those folders that are refused, and a part of what is said.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("criterion/made_0.8.2_stdout.txt", "not known"),
    ("criterion/stdout_many.txt", "not known"),
    ("criterion/stdout_dogfood.txt", "not known"),
    ("criterion/stdout_failed.txt", "not known"),
    ("libtest/bencher_zero.txt", "not known"),
    ("jmh/bencher_latency.json", "does not fit"),
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
