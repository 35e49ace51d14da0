use crate::formats::Reading;
use crate::formats::testing::{close, get, read_fixture, read_text};
use crate::model::{Direction, Unit};
use std::collections::BTreeSet;

fn series(reading: &Reading) -> BTreeSet<(String, String)> {
    let of = |m: &crate::model::Measurement| (m.benchmark.clone(), m.metric.clone());
    reading.measurements.iter().map(of).collect()
}

#[test]
fn all_schemas_give_the_same_series() {
    let five = read_fixture("gungraun/schema5.ndjson");
    assert_eq!(five.version.as_deref(), Some("schema 5"));
    for name in ["gungraun/schema6.ndjson", "gungraun/schema7.ndjson"] {
        let other = read_fixture(name);
        assert_eq!(series(&other), series(&five), "{name}");
        let fib = |r: &Reading| get(r, "lb::g::bench_fib short", "instructions").value;
        assert!(close(fib(&other), fib(&five)));
    }
    // The first had no rates yet.
    for name in ["gungraun/schema3.ndjson", "gungraun/schema4.ndjson"] {
        let first = read_fixture(name);
        assert!(series(&first).is_subset(&series(&five)), "{name}");
        let fib = get(&first, "lb::g::bench_fib short", "instructions");
        assert!(close(fib.value, 1_805.0));
    }
}

#[test]
fn text_gives_the_same_series_as_json() {
    let json = read_fixture("gungraun/schema7.ndjson");
    let text = read_fixture("gungraun/stdout.txt");
    assert!(series(&text).is_subset(&series(&json)));
    assert_eq!(text.measurements.len(), 18);
    let tools = read_fixture("gungraun/tools.txt");
    let heap = get(&tools, "lb::g::bench_sort sizes_0", "memory.peak");
    assert_eq!((heap.value, &heap.unit), (0.0, &Unit::Bytes));
    let cachegrind: Vec<f64> = tools
        .measurements
        .iter()
        .filter(|m| m.benchmark == "lb::g::bench_fib short" && m.metric == "instructions")
        .filter(|m| m.tags.get("tool").is_some_and(|tool| tool == "cachegrind"))
        .map(|m| m.value)
        .collect();
    assert_eq!(cachegrind, [376_921.0]);
}

#[test]
fn rates_are_shares_and_hits_may_mean_either() {
    let reading = read_fixture("gungraun/schema7.ndjson");
    let rate = get(&reading, "lb::g::bench_fib short", "L1HitRate");
    assert!(rate.value < 1.0 && rate.direction == Some(Direction::Higher));
    let hits = get(&reading, "lb::g::bench_fib short", "L1hits");
    assert_eq!((&hits.unit, hits.direction), (&Unit::Count, None));
}

#[test]
fn mistakes_name_their_place() {
    let with = |version: &str, value: &str| {
        format!(
            "running 0 tests\n{{\"version\": \"{version}\", \"module_path\": \"a::b\", \"id\": null, \
             \"profiles\": [{{\"tool\": \"Callgrind\", \"data\": {{\"total\": {{\"metrics\": \
             {{\"Ir\": {{\"values\": {{\"new\": {value}}}}}}}}}}}}}]}}\n"
        )
    };
    for (version, value, reason) in [
        ("8", "1", "schema 8 is not known"),
        ("7", "-1", "negative"),
        ("7", "\"1\"", "invalid type"),
        ("7", "NaN", "expected value"),
        ("7", "1e999", "out of range"),
    ] {
        let error = read_text("x.json", "gungraun", &with(version, value)).unwrap_err();
        let place = error.place.clone().unwrap_or_default();
        assert!(place.contains("line 2"), "{version} {value}: {error}");
        assert!(error.reason.contains(reason), "{version} {value}: {error}");
    }
    let cut = with("7", "1");
    let error = read_text("x.json", "gungraun", &cut[..cut.len() - 9]).unwrap_err();
    assert!(error.reason.contains("cut off"), "{error}");
    let twice = with("7", "1").repeat(2);
    let error = read_text("x.json", "gungraun", &twice).unwrap_err();
    assert!(error.reason.contains("given twice"), "{error}");
    let none = read_text("x.json", "gungraun", &with("7", "0")).unwrap();
    assert!(none.measurements.is_empty() && none.failures.len() == 1);
}

#[test]
fn mistakes_in_text_name_their_line() {
    for (value, reason) in [
        ("1,734", "plain number"),
        ("-1", "plain number"),
        ("1.7e3", "plain number"),
        ("inf", "plain number"),
    ] {
        let text = format!("a::b\n  Instructions:   {value}|N/A   (*********)\n");
        let error = read_text("x.txt", "gungraun", &text).unwrap_err();
        assert_eq!(error.place.as_deref(), Some("line 2"), "{value}");
        assert!(error.reason.contains(reason), "{value}: {error}");
    }
}

#[test]
fn colours_and_comparisons_are_left_out() {
    let text = "\u{1b}[32ma::b\u{1b}[0m \u{1b}[36mshort\u{1b}[0m:\u{1b}[1;34m10\u{1b}[0m\n  \
                Instructions:     \u{1b}[1m   1734\u{1b}[0m|1650     (x)\n  \
                Comparison with a::c\n  Instructions:    1734|2000    (x)\n";
    let reading = read_text("x.txt", "gungraun", text).unwrap();
    assert_eq!(reading.measurements.len(), 1);
    assert!(close(
        get(&reading, "a::b short", "instructions").value,
        1734.0
    ));
}
