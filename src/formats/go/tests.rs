use crate::formats::testing::{close, get, read_fixture, read_text};
use crate::formats::{FormatError, Reading};
use crate::model::{Direction, Unit};

fn go(text: &str) -> Result<Reading, FormatError> {
    read_text("bench.txt", "go", text)
}

fn names(reading: &Reading) -> Vec<String> {
    reading
        .measurements
        .iter()
        .filter(|m| m.metric == "time")
        .map(|m| {
            let procs = m.tags.get("procs").map(|p| format!(" procs={p}"));
            format!("{}{}", m.benchmark, procs.unwrap_or_default())
        })
        .collect()
}

#[test]
fn repeated_lines_are_samples() {
    let reading = read_fixture("go/count3_benchmem.txt");
    assert_eq!((reading.format, reading.failures.len()), ("go", 0));
    let time = get(&reading, "BenchmarkConcat/n=10", "time");
    assert_eq!(
        (time.n, time.value, &time.unit),
        (3, 34.83, &Unit::Nanoseconds)
    );
    let samples = time.samples.as_ref().unwrap();
    assert_eq!(samples.values, [49.78, 34.83, 34.18]);
    assert_eq!(
        samples.iterations.as_deref(),
        Some(&[47281.0, 63470.0, 64808.0][..])
    );
    let speed = get(&reading, "BenchmarkConcat/n=10", "bandwidth");
    assert!(close(speed.value, 287.09e6) && speed.direction == Some(Direction::Higher));
    let bytes = get(&reading, "BenchmarkConcat/n=100", "alloc.bytes");
    assert_eq!((bytes.value, &bytes.unit), (112.0, &Unit::Bytes));
    let allocations = get(&reading, "BenchmarkConcat/n=100", "alloc.count");
    assert!(close(allocations.value, 1.0));
    let own = get(&reading, "BenchmarkHit", "hit-ratio");
    assert_eq!(
        (own.value, own.unit.as_str(), own.direction),
        (0.125, "hit-ratio", None)
    );
}

#[test]
fn the_package_is_a_tag() {
    for fixture in ["go/count3_benchmem.txt", "go/test2json.ndjson"] {
        let reading = read_fixture(fixture);
        let packages: Vec<&str> = reading
            .measurements
            .iter()
            .filter(|m| m.benchmark == "BenchmarkHit" && m.metric == "time")
            .filter_map(|m| m.tags.get("pkg").map(String::as_str))
            .collect();
        assert_eq!(
            packages,
            ["example.com/demo", "example.com/demo/sub"],
            "{fixture}"
        );
    }
}

#[test]
fn results_split_over_two_events_are_joined() {
    let reading = read_fixture("go/test2json.ndjson");
    let time = get(&reading, "BenchmarkConcat/n=100", "time");
    assert_eq!((time.value, time.n), (86.37, 1));
}

#[test]
fn several_gomaxprocs_are_told_apart() {
    let reading = read_fixture("go/cpu_1_2.txt");
    assert_eq!(
        names(&reading),
        [
            "BenchmarkConcat/n=10 procs=1",
            "BenchmarkConcat/n=10 procs=2",
            "BenchmarkConcat/n=100 procs=1",
            "BenchmarkConcat/n=100 procs=2"
        ]
    );
}

#[test]
fn names_that_end_in_a_number_beside_several_gomaxprocs() {
    let reading = read_fixture("go/cpu_1_2_bare.txt");
    assert_eq!(
        names(&reading),
        [
            "BenchmarkSleep procs=1",
            "BenchmarkSleep procs=2",
            "BenchmarkAlloc procs=1",
            "BenchmarkAlloc procs=2",
            "BenchmarkSub/n=10/x_y procs=1",
            "BenchmarkSub/n=10/x_y procs=2",
            "BenchmarkSub/n=20-3 procs=1",
            "BenchmarkSub/n=20-3 procs=2",
        ]
    );
    let alone = "BenchmarkA 5 1 ns/op\nBenchmarkA-2 5 1 ns/op\nBenchmarkB-2 5 1 ns/op\nBenchmarkB-2-2 5 1 ns/op\n";
    assert_eq!(
        names(&go(alone).unwrap()),
        [
            "BenchmarkA procs=1",
            "BenchmarkA procs=2",
            "BenchmarkB-2 procs=1",
            "BenchmarkB-2 procs=2"
        ]
    );
}

#[test]
fn a_zero_among_the_samples_is_a_failure() {
    let text = "BenchmarkA 5 0.0000 ns/op 8 B/op\nBenchmarkA 5 1092976 ns/op 8 B/op\nBenchmarkB 5 1 ns/op\n";
    let reading = go(text).unwrap();
    assert_eq!(names(&reading), ["BenchmarkB"]);
    assert_eq!(reading.failures[0].benchmark, "BenchmarkA");
}

#[test]
fn a_name_that_ends_in_a_number_is_kept() {
    let one_core =
        "BenchmarkA 5 10 ns/op\nBenchmarkSort/n-100 5 10 ns/op\nBenchmarkSort/n-200 5 10 ns/op\n";
    assert_eq!(
        names(&go(one_core).unwrap()),
        ["BenchmarkA", "BenchmarkSort/n-100", "BenchmarkSort/n-200"]
    );
    let four_cores = "BenchmarkA-4 5 10 ns/op\nBenchmarkSort/n-100-4 5 10 ns/op\nBenchmarkSort/n-200-4 5 10 ns/op\n";
    assert_eq!(
        names(&go(four_cores).unwrap()),
        ["BenchmarkA", "BenchmarkSort/n-100", "BenchmarkSort/n-200"]
    );
}

#[test]
fn failing_benchmarks_are_failures() {
    for fixture in ["go/fail.txt", "go/fail_test2json.ndjson"] {
        let reading = read_fixture(fixture);
        assert_eq!(names(&reading), ["BenchmarkFine"], "{fixture}");
        let failed: Vec<&str> = reading
            .failures
            .iter()
            .map(|f| f.benchmark.as_str())
            .collect();
        assert_eq!(failed, ["BenchmarkFails"], "{fixture}");
    }
    let text = read_fixture("go/fail.txt");
    assert_eq!(
        text.failures[0].reason,
        "it failed: c_test.go:10: no database"
    );
}

#[test]
fn a_panic_is_the_failure_of_the_benchmark_that_ran() {
    let reading = read_fixture("go/panic.txt");
    let failed: Vec<(&str, &str)> = reading
        .failures
        .iter()
        .map(|f| (f.benchmark.as_str(), f.reason.as_str()))
        .collect();
    assert_eq!(failed[1], ("BenchmarkPanics", "panic: boom"));
    assert_eq!(names(&reading), ["BenchmarkFine"]);
}

#[test]
fn a_package_that_does_not_build_is_a_failure() {
    let reading = read_fixture("go/build_failed.txt");
    assert_eq!(reading.failures[0].benchmark, "example.com/demo/bad");
    assert_eq!(
        reading.failures[0].reason,
        "the package failed: build failed"
    );
}

#[test]
fn some_failed_runs_spoil_a_benchmark() {
    let text = "BenchmarkA-2 5 10 ns/op\n--- FAIL: BenchmarkA-2\n    x_test.go:3: lost\n\
                BenchmarkB-2 5 10 ns/op\n";
    let reading = go(text).unwrap();
    assert_eq!(names(&reading), ["BenchmarkB"]);
    assert_eq!(reading.failures[0].benchmark, "BenchmarkA");
}

#[test]
fn text_in_a_result_line_is_a_failure() {
    let text = "BenchmarkA-2 \tconnected to 3 hosts\n   100\t 12 ns/op\nBenchmarkB-2 5 10 ns/op\n";
    let reading = go(text).unwrap();
    assert_eq!(reading.failures[0].benchmark, "BenchmarkA");
    assert!(reading.failures[0].reason.contains("printed text"));
}

#[test]
fn unit_lines_give_a_direction() {
    let text = "Unit hits better=higher\nBenchmarkA 5 10 ns/op 3 hits 4 misses\n";
    let reading = go(text).unwrap();
    assert_eq!(
        get(&reading, "BenchmarkA", "hits").direction,
        Some(Direction::Higher)
    );
    assert_eq!(get(&reading, "BenchmarkA", "misses").direction, None);
    assert!(go("Unit x better=higher\nUnit x better=lower\n").is_err());
}

#[test]
fn mistakes_name_their_line() {
    for (text, reason) in [
        ("BenchmarkA 5 ten ns/op\n", "`ten`"),
        ("BenchmarkA 5 1,234 ns/op\n", "`1,234`"),
        ("BenchmarkA 5 NaN ns/op\n", "finite"),
        ("BenchmarkA 5 1e999 ns/op\n", "finite"),
        ("BenchmarkA 5 -1 ns/op\n", "negative"),
        ("BenchmarkA 0 1 ns/op\n", "0 iterations"),
        ("BenchmarkA 5 1 ns/op 2\n", "pairs"),
        ("BenchmarkA 5\n", "pairs"),
        ("BenchmarkA 5 1 ns/op 2 ns/op\n", "two values"),
        ("BenchmarkA 5 1 ns/o", "cut off"),
    ] {
        let error = go(&format!("BenchmarkZ 5 1 ns/op\n{text}")).unwrap_err();
        let text = format!("{text}: {error}");
        assert!(
            error.place.as_deref() == Some("line 2") && error.reason.contains(reason),
            "{text}"
        );
    }
}

#[test]
fn one_benchmark_on_two_machines_is_an_error() {
    let text = "cpu: A\nBenchmarkA 5 1 ns/op\ncpu: B\nBenchmarkA 5 1 ns/op\n";
    let error = go(text).unwrap_err();
    assert!(error.reason.contains("cpu `A` and now with `B`"), "{error}");
}

#[test]
fn a_truncated_event_names_its_line() {
    let text = "{\"Action\":\"start\",\"Package\":\"x\"}\n{\"Action\":\"output\",\"Pack";
    let error = go(text).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    let open = "{\"Action\":\"output\",\"Package\":\"x\",\"Output\":\"BenchmarkA-2 \\t\"}\n";
    assert!(go(open).unwrap_err().reason.contains("cut off"));
}

#[test]
fn no_benchmarks_is_an_error() {
    assert!(
        go("PASS\nok  \tx\t0.1s\n")
            .unwrap_err()
            .reason
            .contains("no results")
    );
}
