use crate::formats::testing::{close, get, read_fixture, read_text};
use crate::formats::{FormatError, Reading};

fn jtl(text: &str) -> Result<Reading, FormatError> {
    read_text("run.jtl", "jmeter", text)
}

const HEADER: &str = "timeStamp,elapsed,label,responseCode,responseMessage,success\n";

#[test]
fn every_delimiter_with_and_without_header() {
    for delimiter in [",", ";", "|", "\t"] {
        let text =
            format!("{HEADER}1000000000000,100,a,200,OK,true\n1000000000900,100,a,500,no,false\n")
                .replace(',', delimiter);
        let reading = jtl(&text).unwrap();
        for name in ["a", "Total"] {
            assert!(close(get(&reading, name, "latency.p95").value, 1e8));
            assert!(close(get(&reading, name, "error_rate").value, 0.5));
            // Two requests from the start of the first to the end of the last.
            assert!(close(get(&reading, name, "rate").value, 2.0));
        }
        let bare = "1393227741256,1425,GET /x,200,OK,Group 1-1,text,true,3478,1016\n";
        let reading = jtl(&bare.replace(',', delimiter)).unwrap();
        assert!(close(get(&reading, "GET /x", "latency.max").value, 1425e6));
    }
}

#[test]
fn redirects_and_transactions_are_counted_once() {
    let text = format!(
        "{HEADER}1,10,Home-0,302,Moved,true\n1,20,Home-1,200,OK,true\n1,30,Home,200,OK,true\n\
         1,5,page-1,200,OK,true\n\
         1,7,Buy-0,200,OK,true\n1,8,Buy-1,200,OK,false\n\
         1,15,Buy,,\"Number of samples in transaction : 2, number of failing samples : 1\",false\n"
    );
    let reading = jtl(&text).unwrap();
    // Home, page-1, Buy-0, Buy-1.
    assert!(close(get(&reading, "Total", "requests").value, 4.0));
    assert!(close(get(&reading, "Total", "failures").value, 1.0));
    assert_eq!(get(&reading, "Home-0", "requests").tags["kind"], "part");
    assert!(get(&reading, "page-1", "requests").tags.is_empty());
    assert!(get(&reading, "Buy-0", "requests").tags.is_empty());
    // Its only run failed.
    assert!(reading.failures.iter().any(|f| f.benchmark == "Buy"));
}

#[test]
fn xml_counts_what_is_inside_once() {
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
        <testResults version="1.2">
        <httpSample t="30" ts="1000" s="true" lb="A &amp; B" rm="OK"><httpSample t="10" ts="1000" s="true" lb="A-0"/>
        <responseData>&lt;x&gt;</responseData></httpSample>
        <sample t="50" ts="1000" s="true" lb="Buy" rm="Number of samples in transaction : 2, number of failing samples : 0">
        <httpSample t="20" ts="1000" s="true" lb="B1"/><httpSample t="30" ts="1020" s="false" lb="B2"/></sample>
        </testResults>"#;
    let reading = jtl(text).unwrap();
    assert!(close(get(&reading, "Total", "requests").value, 3.0));
    assert!(close(get(&reading, "Total", "failures").value, 1.0));
    assert!(close(get(&reading, "A & B", "latency.max").value, 30e6));
    assert_eq!(get(&reading, "Buy", "requests").tags["kind"], "transaction");
    assert!(reading.failures.iter().any(|f| f.benchmark == "B2"));
    for end in 0..text.len() {
        if text.is_char_boundary(end) {
            assert!(jtl(&text[..end]).is_err(), "cut at {end}");
        }
    }
}

#[test]
fn statistics_of_the_report() {
    let label = |name: &str, n: u64, errors: u64| {
        format!(
            "\"{name}\": {{\"transaction\": \"{name}\", \"sampleCount\": {n}, \"errorCount\": {errors}, \
             \"errorPct\": 1.0, \"meanResTime\": 12.5, \"medianResTime\": 11.0, \"minResTime\": 2.0, \
             \"maxResTime\": 90.0, \"pct1ResTime\": 30.0, \"pct2ResTime\": 40.0, \"pct3ResTime\": 80.0, \
             \"throughput\": 55.5, \"receivedKBytesPerSec\": 2.0, \"sentKBytesPerSec\": 1.0}}"
        )
    };
    let text = format!("{{{}, {}}}", label("Total", 100, 2), label("dead", 5, 5));
    let reading = jtl(&text).unwrap();
    assert!(close(get(&reading, "Total", "latency.p95").value, 40e6));
    assert!(close(get(&reading, "Total", "error_rate").value, 0.02));
    assert!(close(get(&reading, "Total", "bandwidth").value, 2048.0));
    assert_eq!(reading.failures[0].benchmark, "dead");
    for (from, to) in [
        ("12.5", "null"),
        ("12.5", "-1"),
        ("12.5", "\"12,5\""),
        ("\"dead\"", "\"Total\""),
    ] {
        assert!(jtl(&text.replace(from, to)).is_err(), "{from} {to}");
    }
}

#[test]
fn failed_and_empty_tests_have_no_values() {
    let failed = jtl(&format!("{HEADER}1,1,a,500,no,false\n")).unwrap();
    assert!(failed.measurements.is_empty());
    assert!(failed.failures.iter().any(|f| f.benchmark == "Total"));
    for empty in [HEADER, "<testResults version=\"1.2\"/>"] {
        let reading = jtl(empty).unwrap();
        assert!(reading.measurements.is_empty());
        assert!(reading.failures[0].reason.contains("no requests"));
    }
}

#[test]
fn mistakes_are_placed() {
    for (row, reason) in [
        ("1,-5,a,200,OK,true", "not a number of milliseconds"),
        ("1,1.234,a,200,OK,true", "not a number of milliseconds"),
        ("1,NaN,a,200,OK,true", "not a number of milliseconds"),
        (
            "1,99999999999999999999,a,200,OK,true",
            "not a number of milliseconds",
        ),
        ("1,9999999999999999,a,200,OK,true", "too long"),
        ("1,5,a,200,OK,yes", "neither"),
        ("1,5,a,200,O", "cut off"),
        ("1,5,\"a,200,OK,true", "does not end"),
        ("1,5,,200,OK,true", "label is empty"),
    ] {
        let error = jtl(&format!("{HEADER}1,5,a,200,OK,true\n{row}\n")).unwrap_err();
        assert!(error.reason.contains(reason), "{row}: {error}");
        assert_eq!(error.place.as_deref(), Some("line 3"), "{row}");
    }
    let error = jtl("timeStamp,elapsed,label\n1,2,a\n").unwrap_err();
    assert!(error.reason.contains("`success` is missing"), "{error}");
    let twice = jtl("elapsed,label,success,label\n1,a,true,b\n").unwrap_err();
    assert!(twice.reason.contains("there twice"), "{twice}");
    let total = jtl(&format!("{HEADER}1,5,Total,200,OK,true\n")).unwrap_err();
    assert!(total.reason.contains("another name"), "{total}");
}

#[test]
fn times_of_day_give_a_rate() {
    let text = format!(
        "{HEADER}2014-02-24 07:42:21.000,500,a,200,OK,true\n2014/02/24 07:42:24.500,500,a,200,OK,true\n"
    );
    assert!(close(get(&jtl(&text).unwrap(), "a", "rate").value, 0.5));
}

#[test]
fn taurus_writes_the_same_rows_in_another_order() {
    for (file, requests) in [("taurus_locust.jtl", 25.0), ("taurus_apiritif.csv", 48.0)] {
        let reading = read_fixture(&format!("jmeter/{file}"));
        assert!(
            close(get(&reading, "Total", "requests").value, requests),
            "{file}"
        );
        assert!(get(&reading, "Total", "latency.p95").value >= 1e6, "{file}");
    }
}
