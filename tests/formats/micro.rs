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
    ("go", "go/cpu_1_2_bare.txt"),
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
    ("divan", "divan/tree.txt"),
    ("divan", "divan/binary.txt"),
    ("gungraun", "gungraun/schema3.ndjson"),
    ("gungraun", "gungraun/schema4.ndjson"),
    ("gungraun", "gungraun/schema5.ndjson"),
    ("gungraun", "gungraun/schema6.ndjson"),
    ("gungraun", "gungraun/schema7.ndjson"),
    ("gungraun", "gungraun/stdout.txt"),
    ("gungraun", "gungraun/tools.txt"),
    ("iai", "iai/first.txt"),
    ("iai", "iai/second.txt"),
    ("asv", "asv/results/demo/da6433aa-existing-py_python.json"),
    ("vitest", "vitest/3.2.7.json"),
    ("vitest", "vitest/4.1.12.json"),
    ("vitest", "vitest/5.1.1.json"),
    ("tinybench", "tinybench/2.9.0.json"),
    ("tinybench", "tinybench/2.9.0.txt"),
    ("tinybench", "tinybench/3.1.1.json"),
    ("tinybench", "tinybench/6.2.3.json"),
    ("tinybench", "tinybench/table.txt"),
    ("tinybench", "tinybench/failed.json"),
    ("tinybench", "tinybench/failed.txt"),
    ("benchmarkjs", "benchmarkjs/cycle.txt"),
    ("mitata", "mitata/report.json"),
    ("benchmarkdotnet", "benchmarkdotnet/handmade-report.json"),
    ("julia", "julia/handmade-groups.json"),
    ("ruby-benchmark", "ruby-benchmark/benchmark.txt"),
    ("ruby-benchmark", "ruby-benchmark/bmbm.txt"),
    ("dart", "dart/handmade-lines.txt"),
    ("benchmark-luau", "benchmark-luau/handmade-results.txt"),
    ("lighthouse", "lighthouse/report.json"),
    ("lighthouse", "lighthouse/not_loaded.json"),
    ("bmf", "bmf/handmade-measures.json"),
    (
        "github-action-benchmark",
        "github-action-benchmark/handmade-custom.json",
    ),
    ("catch2", "catch2/2.13.10.xml"),
    ("catch2", "catch2/2.13.10.txt"),
    ("catch2", "catch2/handmade-3.xml"),
    ("criterion-text", "criterion-text/stdout.txt"),
    ("libtest", "libtest/criterion_0.8.2.txt"),
    ("libtest", "libtest/rustc_nightly.txt"),
    ("cargo-criterion", "cargo-criterion/1.1.0.ndjson"),
    ("google-benchmark", "google-benchmark/1.7.1.json"),
    (
        "google-benchmark",
        "google-benchmark/1.7.1_counters_aggregates.json",
    ),
    (
        "google-benchmark",
        "google-benchmark/1.7.1_repetitions.json",
    ),
    ("google-benchmark", "google-benchmark/1.7.1_aggregates.json"),
    ("pytest-benchmark", "pytest-benchmark/5.3.1.json"),
    ("pytest-benchmark", "pytest-benchmark/5.3.1_saved.json"),
    ("pyperf", "pyperf/2.10.0_one.json"),
    ("pyperf", "pyperf/2.10.0_suite.json"),
    ("pyperf", "pyperf/2.10.0_memory.json"),
];

/// Values of the corpus: file | benchmark | metric | tags | value | n.
///
/// Without a benchmark: the stem of the file. Tags: one as `k=v`, `-` for none at all, empty for
/// any. An n of 0 is not looked at.
pub(crate) const ROWS: &str = r#"
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
divan/made_0.1.21.txt | dv::sort::1024 | time |  | 7320 | 100
divan/made_0.1.21.txt | dv::sort::64 | bandwidth |  | 581.3e6 | 100
divan/made_0.1.21.txt | dv::nested::items | throughput | threads=2 | 48.98e6 | 10
divan/made_0.1.21.txt | dv::nested::default::String | time.mean |  | 0.845 | 20
divan/made_0.1.21_binary_alloc.txt | dv::alloc::1000 | alloc.bytes |  | 26880 | 20
divan/made_0.1.21_binary_alloc.txt | dv::alloc::10 | max alloc.count |  | 11 | 20
gungraun/gungraun_0.20.0_v7_first_run.ndjson | lb::g::bench_fib tiny | instructions |  | 429 | 1
gungraun/gungraun_0.20.0_v7_second_run_pretty.json | lb::g::bench_fib tiny | instructions |  | 692 | 1
gungraun/gungraun_0.20.0_stdout.txt | lb::g::bench_fib tiny | instructions |  | 692 | 1
gungraun/iai-callgrind_0.16.1_output-format.ndjson | lb::g::bench_fib short | cycles |  | 2652 | 1
gungraun/iai-callgrind_0.16.1_stdout.txt | lb::g::bench_fib short | cycles |  | 2652 | 1
gungraun/iai_tree | lb::g::bench_fib short | instructions |  | 1805 | 1
gungraun/json_not_v6.txt | play_game::bench_play_game_group::bench_play_game_100 | D1MissRate |  | 0.001 | 1
gungraun/json_one_dhat_all_metrics.txt | play_game::bench_play_game_group::bench_play_game_100 some_id | alloc.bytes |  | 8 | 1
gungraun/delta.txt | rust_iai_callgrind::bench_fibonacci_group::bench_fibonacci long | instructions | - | 26214734 | 1
gungraun/cachegrind.txt | rust_iai_callgrind::custom_format::cachegrind_format all_metrics | LLHitRate | tool=cachegrind | 0.19 | 1
gungraun/with-dhat.txt | rust_iai_callgrind::bench_fibonacci_group::bench_fibonacci short | alloc.bytes | - | 29499 | 1
gungraun/ansi-escapes.txt | rust_iai_callgrind::bench_fibonacci_group::bench_fibonacci short | instructions | - | 1734 | 1
iai/two.txt | bench_fibonacci_long | instructions |  | 26214735 | 1
iai/change.txt | iai_benchmark_short | L2 Accesses |  | 1 | 1
asv/made_nan/results/demo/678b0288-existing-py_home_user_venv_bin_python.json | b.S.time_sum | time | kind=b | 1462.0000001741573 | 1
asv/made_nan/results/demo/678b0288-existing-py_home_user_venv_bin_python.json | b.S.peakmem_list | memory.peak | n=1000 | 31121408 | 1
asv/empymod-bench/results/dtr-laptop/289d8e29-conda-py3.8.json | kernel.Kernel.time_fields | time |  | 3561.9999607661157 | 10
asv/empymod-bench/results/dtr-laptop/350d91df-conda-py3.8-numpy1.17.json | kernel.Kernel.time_fields | time |  | 3664.499899969087 | 10
vitest/made_3.2.4.json | vt/a.bench.ts > sort > reverse | time |  | 189.99999997504347 | 260708
vitest/made_3.2.4.json | vt/a.bench.ts > sort > reverse | throughput |  | 2553973.292312668 | 260708
vitest/made_5.1.1.json | a.bench.ts > cmp > sort | time |  | 140.00000010128133 | 387422
vitest/bencher_two.json | math.bench.ts > math > subtract | time |  | 1500000 | 95
tinybench/made_result.json | parse | time |  | 189.99999997504347 | 176788
tinybench/made_table.txt | sort | throughput |  | 7692308 | 312118
benchmarkjs/bencher_four.txt | benchmark with x 2 many things | throughput |  | 50 | 96
benchmarkjs/bencher_issue_506.txt | sha512 wasm from string utf8 | throughput |  | 15.2 | 7
benchmarkjs/gab_output.txt | createObjectBuffer with 200 comments | throughput |  | 81.61 | 69
benchmarkjs/made.txt | String#indexOf | throughput |  | 287317753 | 8
mitata/made.json | sort 256 | time | n=256 | 76432.88061523438 | 49152
benchmarkdotnet/memory.json | BenchmarkDotNet.Samples.Memory.AllocEmptyList | alloc.bytes |  | 368 | 1
benchmarkdotnet/memory.json | BenchmarkDotNet.Samples.Memory.AllocEmptyList | time |  | 77.41812467575073 | 3
benchmarkdotnet/two.json | BenchmarkDotNet.Samples.Intro.IntroJsonExport.Sleep10 | time |  | 10360382.6953125 | 20
julia-benchmarktools/gab_output.json | fib/10 | time |  | 246.03846153846155 | 1
ruby-benchmark/five.txt | times | time |  | 984938000 | 1
ruby-benchmark/five.txt | times | cpu |  | 980000000 | 1
dart-benchmark-harness/two.txt | ForLoop | time |  | 2000 | 1
benchmark-luau/gab_output.txt | chess | time |  | 69560000 | 1
benchmark-luau/gab_output.txt | chess | time.min |  | 69106000 | 1
bmf/report_latency.json | tests::benchmark_b | time |  | 3443 | 1
bmf/report_dhat.json | bench_play_game | Total Bytes |  | 662 | 1
github-action-benchmark/customSmallerIsBetter_output2.json | Binary file | value |  | 3886.75 | 1
github-action-benchmark/customBiggerIsBetter_output.json | My Custom Bigger Is Better Benchmark - Throughput | value |  | 70 | 1
lighthouse/lhr_perf.json | http://127.0.0.1:18081/ | fcp |  | 721725650 | 1
lighthouse/lhr_perf.json | http://127.0.0.1:18081/ | score.performance |  | 1 | 1
catch2/made_v2.xml | Fibonacci/fib 15 <&> "q" | time |  | 4941.48 | 20
catch2/made_v2.xml | sort/sort 256 | time |  | 1243.18 | 20
catch2/console_four.txt | More Fibonacci/Fibonacci-15_bench | time |  | 3789 | 100
catch2/console_v3.txt | Fibonacci/Fibonacci 20 | time |  | 41731 | 100
catch2/console_issue_351.txt | Even More Fibonacci/With a long name/Fibonacci 10 with a long name | time |  | 344 | 100
catch2/console_two.txt | Fibonacci/Fibonacci 20 | time |  | 1 | 100
criterion/made_0.8.2_stdout.txt | sort/bytes/std/64 | time |  | 1696.1 | 1
criterion/stdout_failed.txt | tracing_file | time |  | 60753 | 1
"#;

/// The folders of the corpus, and which formats their files may have.
pub(crate) const FOLDERS: &[Folder] = &[
    (
        "criterion",
        &["criterion", "criterion-text", "libtest", "cargo-criterion"],
    ),
    ("hyperfine", &["hyperfine"]),
    ("go-bench", &["go"]),
    ("libtest", &["libtest"]),
    ("google-benchmark", &["google-benchmark"]),
    ("pytest-benchmark", &["pytest-benchmark"]),
    ("jmh", &["jmh"]),
    ("pyperf", &["pyperf"]),
    ("divan", &["divan"]),
    ("gungraun", &["gungraun"]),
    ("iai", &["iai"]),
    ("asv", &["asv"]),
    ("vitest", &["vitest"]),
    ("tinybench", &["tinybench"]),
    ("benchmarkjs", &["benchmarkjs"]),
    ("mitata", &["mitata"]),
    ("benchmarkdotnet", &["benchmarkdotnet"]),
    ("julia-benchmarktools", &["julia"]),
    ("ruby-benchmark", &["ruby-benchmark"]),
    ("dart-benchmark-harness", &["dart"]),
    ("benchmark-luau", &["benchmark-luau"]),
    ("bmf", &["bmf"]),
    ("github-action-benchmark", &["github-action-benchmark"]),
    ("lighthouse", &["lighthouse"]),
    ("catch2", &["catch2"]),
];

/// Files of those folders that are refused, and a part of what is said.
pub(crate) const REFUSED: &[(&str, &str)] = &[
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
    // Tables for people, settings, and histories that `plimsoll import` takes.
    ("mitata/made.txt", "not known"),
    ("asv/console_six.txt", "not known"),
    ("asv/empymod-bench/results/benchmarks.json", "not known"),
    ("asv/made_nan/results/benchmarks.json", "not known"),
    (
        "asv/empymod-bench/results/dtr-laptop/machine.json",
        "not known",
    ),
    ("asv/made_nan/results/demo/machine.json", "not known"),
    ("lighthouse/unlighthouse_ci-result.json", "not known"),
    ("github-action-benchmark/data.js", "plimsoll import"),
    ("github-action-benchmark/pyxirr_data.js", "plimsoll import"),
];
