use crate::formats::testing::{close, get, read_fixture, read_text};
use std::collections::BTreeSet;

const LONG: &str = "Fibonacci/fib 25 <&> \"q\" with a name that is longer than its column is wide";

#[test]
fn xml_and_console_give_the_same_series() {
    let xml = read_fixture("catch2/2.13.10.xml");
    let console = read_fixture("catch2/2.13.10.txt");
    let names = |reading: &crate::formats::Reading| -> BTreeSet<String> {
        reading
            .measurements
            .iter()
            .map(|m| m.benchmark.clone())
            .collect()
    };
    assert_eq!(names(&xml), names(&console));
    let time = get(&xml, LONG, "time");
    assert!(close(time.value, 109_104.0) && time.n == 10);
    assert_eq!(time.spread.unwrap().below, 4_720);
    assert!(close(get(&console, LONG, "time").value, 113_739.0));
    assert!(close(
        get(&console, "Fibonacci/deep/inner", "time").value,
        5.549_28
    ));
    for reading in [&xml, &console] {
        assert_eq!(reading.failures.len(), 1);
        assert_eq!(reading.failures[0].benchmark, "throws/broken");
        assert_eq!(reading.failures[0].reason, "it failed: no");
    }
}

#[test]
fn version_3_has_another_root() {
    let reading = read_fixture("catch2/handmade-3.xml");
    assert!(close(
        get(&reading, "sort/sort 256", "time").value,
        1_549.13
    ));
    assert_eq!(reading.failures[0].benchmark, "wrong");
}

#[test]
fn mistakes_in_xml_name_their_line() {
    let with = |mean: &str| {
        format!(
            "<Catch name=\"t\">\n<TestCase name=\"a\"><BenchmarkResults name=\"b\" \
             samples=\"3\">\n{mean}</BenchmarkResults></TestCase></Catch>"
        )
    };
    let mean = |value: &str| {
        with(&format!(
            "<mean value=\"{value}\" lowerBound=\"1\" upperBound=\"2\"/>"
        ))
    };
    assert!(read_text("x.xml", "catch2", &mean("1.5e+01")).is_ok());
    for text in [
        mean("1,5"),
        mean("-1"),
        mean("nan"),
        mean("inf"),
        mean("1e999"),
        with(""),
    ] {
        let error = read_text("x.xml", "catch2", &text).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{text}: {error}");
    }
    let whole = mean("1");
    for end in ["</Catch>", "</TestCase></Catch>", "mple"] {
        let cut = &whole[..whole.find(end).unwrap_or(whole.len() / 2)];
        assert!(read_text("x.xml", "catch2", cut).is_err(), "{cut}");
    }
    let zero = read_text("x.xml", "catch2", &mean("0")).unwrap();
    assert!(zero.measurements.is_empty() && zero.failures.len() == 1);
    let twice = mean("1").replace("<TestCase", "<Group/><TestCase");
    let case = &twice[twice.find("<TestCase").unwrap()..twice.find("</Catch>").unwrap()];
    let error = read_text("x.xml", "catch2", &twice.replace("<Group/>", case)).unwrap_err();
    assert!(error.reason.contains("given twice"), "{error}");
}

#[test]
fn mistakes_in_the_console_name_their_line() {
    let rule = "-".repeat(79);
    let with = |mean: &str| {
        format!(
            "{rule}\na\n{rule}\nt.cpp:1\n....\n\nbenchmark name  samples  iterations  estimated\n\
             {rule}\nb   10   9   490.5 us\n    {mean}\n    1 ns  1 ns  1 ns\n\n{}\n",
            "=".repeat(79)
        )
    };
    let good = read_text("x.txt", "catch2", &with("1.5 us  1 us  2 us")).unwrap();
    assert!(close(get(&good, "a/b", "time").value, 1_500.0));
    for mean in [
        "1,5 us  1 us  2 us",
        "-1 us  1 us  2 us",
        "1 us  1 us",
        "1 eon 1 us 2 us",
    ] {
        let error = read_text("x.txt", "catch2", &with(mean)).unwrap_err();
        assert_eq!(error.place.as_deref(), Some("line 10"), "{mean}: {error}");
    }
    let whole = with("1 us  1 us  2 us");
    let cut = whole.lines().take(9).collect::<Vec<_>>().join("\n");
    let error = read_text("x.txt", "catch2", &cut).unwrap_err();
    assert!(error.reason.contains("cut off"), "{error}");
}
