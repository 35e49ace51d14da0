use crate::formats::testing::{close, fixture, get, read_text};
use crate::formats::{Options, Reading, read};
use crate::model::{Measurement, Unit};

const RESULT: &str = "asv/results/demo/da6433aa-existing-py_python.json";

fn read_result() -> Reading {
    read(&[&fixture(RESULT)], &Options::default())
        .unwrap()
        .readings
        .remove(0)
}

fn tagged<'a>(
    reading: &'a Reading,
    benchmark: &str,
    n: &str,
    kind: &str,
) -> Option<&'a Measurement> {
    let wanted = |m: &&Measurement| {
        m.benchmark == benchmark
            && m.tags.get("n").is_some_and(|v| v == n)
            && m.tags.get("kind").is_some_and(|v| v == kind)
    };
    reading.measurements.iter().find(wanted)
}

#[test]
fn parameters_samples_units_and_failures() {
    let reading = read_result();
    let sum = tagged(&reading, "b.Suite.time_sum", "10", "b").unwrap();
    assert!(close(sum.value, 377.599_826_606_456_2), "{}", sum.value);
    assert_eq!(
        (sum.metric.as_str(), sum.n, sum.samples.is_some()),
        ("time", 3, true)
    );
    // asv's own n/a.
    assert!(tagged(&reading, "b.Suite.time_sum", "1000", "b").is_none());
    let peak = tagged(&reading, "b.Suite.peakmem_list", "1000", "a").unwrap();
    assert_eq!(
        (peak.metric.as_str(), peak.value),
        ("memory.peak", 31_158_272.0)
    );
    assert!(close(get(&reading, "b.mem_list", "memory").value, 2104.0));
    let track = get(&reading, "b.track_answer", "value");
    assert_eq!(
        (track.value, &track.unit),
        (42.5, &Unit::Other("widgets".to_owned()))
    );
    assert_eq!(track.direction, None);
    let failed: Vec<&str> = reading
        .failures
        .iter()
        .map(|f| f.benchmark.as_str())
        .collect();
    assert_eq!(failed, ["b.time_fail"]);
}

#[test]
fn without_benchmarks_json_parameters_are_numbered() {
    let text = std::fs::read_to_string(fixture(RESULT)).unwrap();
    let reading = read_text("x.json", "asv", &text).unwrap();
    assert_eq!(reading.measurements.len(), read_result().measurements.len());
    let sum = get(&reading, "b.Suite.time_sum", "time");
    assert_eq!(
        (sum.tags["param1"].as_str(), sum.tags["param2"].as_str()),
        ("10", "a")
    );
    assert_eq!(
        get(&reading, "b.track_answer", "value").unit,
        Unit::Other("unit".to_owned())
    );
}

#[test]
fn version_1_has_two_shapes() {
    let text = "{\"commit_hash\": \"a\", \"params\": {}, \"version\": 1, \"results\": {\
                \"a.time_plain\": 0.5, \"a.time_none\": null, \"a.time_sizes\": {\"result\": \
                [1e-6, null, NaN], \"params\": [[\"1\", \"2\", \"3\"]], \"stats\": [{\"q_25\": \
                9e-7, \"q_75\": 2e-6, \"mean\": 1.5e-6, \"min\": 8e-7, \"max\": 3e-6, \"repeat\": \
                10}, null, null]}}}";
    let reading = read_text("x.json", "asv", text).unwrap();
    assert!(close(get(&reading, "a.time_plain", "time").value, 5e8));
    let sizes = get(&reading, "a.time_sizes", "time");
    assert!(close(sizes.value, 1000.0) && sizes.n == 10 && sizes.tags["param1"] == "1");
    assert_eq!(sizes.spread.unwrap().below, 100_000);
    assert!(close(
        get(&reading, "a.time_sizes", "time.mean").value,
        1500.0
    ));
    let failed: Vec<&str> = reading.failures.iter().map(|f| f.reason.as_str()).collect();
    assert_eq!(failed, ["it failed", "it failed"]);
}

#[test]
fn mistakes_name_their_place() {
    let with = |name: &str, result: &str, params: &str| {
        format!(
            "{{\"commit_hash\": \"a\", \"params\": {{}}, \"version\": 2, \"result_columns\": \
             [\"result\", \"params\"], \"results\": {{\"{name}\": [{result}, {params}]}}}}"
        )
    };
    for (name, result, params, reason) in [
        ("a.time_x", "[-1]", "[]", "negative"),
        ("a.time_x", "[\"1\"]", "[]", "results.a.time_x: result"),
        ("a.time_x", "[Infinity]", "[]", "too large"),
        ("a.time_x", "[1e999]", "[]", "out of range"),
        ("a.track_x", "[-Infinity]", "[]", "infinite"),
        ("a.time_x", "[1, 2]", "[]", "2 results for 1 sets"),
        ("a.other", "[1]", "[]", "does not say what it measures"),
        ("a.time_x", "[1", "[]", "line 1"),
    ] {
        let error = read_text("x.json", "asv", &with(name, result, params)).unwrap_err();
        assert!(
            error.to_string().contains(reason),
            "{name} {result}: {error}"
        );
    }
    let zero = read_text("x.json", "asv", &with("a.time_x", "[0.0]", "[]")).unwrap();
    assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    let three = with("a.time_x", "[1]", "[]").replace("\"version\": 2", "\"version\": 3");
    assert!(
        read_text("x.json", "asv", &three)
            .unwrap_err()
            .reason
            .contains("version 3")
    );
}
