//! Fixtures and corpus files of the load-test tools.

use crate::corpus::Folder;
use crate::{bytes_of, from};
use plimsoll::formats::{Options, read_bytes};
use plimsoll::report::json;
use std::path::Path;

/// Every fixture that is one file: the format that it has, and its path.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("k6", "k6/handmade-summary-export.json"),
    ("k6", "k6/handmade-handle-summary.json"),
    ("k6", "k6/handmade-machine-readable.json"),
    ("bombardier", "bombardier/handmade-report.json"),
    ("vegeta", "vegeta/handmade-report.json"),
    ("oha", "oha/handmade-statuses.json"),
    ("autocannon", "autocannon/handmade-fast.json"),
    ("autocannon", "autocannon/err.json"),
    ("k6", "k6/1.1.0_summary_export.json"),
    ("k6", "k6/1.1.0_handle_summary.json"),
    ("k6", "k6/1.1.0_points.ndjson"),
    ("k6", "k6/1.1.0_points.csv"),
    ("k6", "k6/handmade-points.ndjson"),
    ("k6", "k6/handmade-points.csv"),
    ("jmeter", "jmeter/handmade-run.csv"),
    ("jmeter", "jmeter/handmade-run.jtl"),
    ("jmeter", "jmeter/taurus_apiritif.csv"),
    ("jmeter", "jmeter/taurus_locust.jtl"),
    ("jmeter", "jmeter/handmade-statistics.json"),
    ("gatling", "gatling/handmade-3.9.log"),
    ("gatling", "gatling/handmade-3.14.log"),
    ("vegeta", "vegeta/handmade-results.csv"),
    ("vegeta", "vegeta/handmade-results.ndjson"),
    ("oha", "oha/err.json"),
    ("oha", "oha/refused.json"),
    ("oha", "oha/requests.csv"),
    ("locust", "locust/run_stats.csv"),
    ("locust", "locust/run_stats_history.csv"),
    ("locust", "locust/run.json"),
    ("wrk", "wrk/latency.txt"),
    ("wrk", "wrk/errors.txt"),
    ("wrk", "wrk/fail.txt"),
    ("hey", "hey/err.txt"),
    ("hey", "hey/err.csv"),
    ("ab", "ab/json.txt"),
    ("ab", "ab/err.txt"),
    ("ab", "ab/percentiles.csv"),
    ("ab", "ab/requests.tsv"),
    ("h2load", "h2load/json.txt"),
    ("h2load", "h2load/requests.log"),
    ("siege", "siege/json.json"),
    ("artillery", "artillery/run.json"),
    ("plimsoll", "plimsoll/handmade-measurements.json"),
    ("csv", "csv/handmade-long.csv"),
    ("steps", "steps/handmade-steps.csv"),
    ("openmetrics", "openmetrics/handmade-service.prom"),
    ("openmetrics", "openmetrics/client_0.26.0.om"),
    ("openmetrics", "openmetrics/client_0.26.0.prom"),
    ("otlp", "otlp/handmade-export.json"),
    ("otlp", "otlp/sdk_2.12.1.json"),
    ("fortio", "fortio/handmade-load.json"),
    ("ghz", "ghz/handmade-report.json"),
    ("nighthawk", "nighthawk/handmade-output.json"),
    ("taurus", "taurus/stats.xml"),
    ("taurus", "taurus/stats.csv"),
    ("taurus", "taurus/apiritif.csv"),
    ("csv", "csv/handmade-samples.csv"),
    ("hdrhistogram", "hdrhistogram/requests.hgrm"),
    ("hdrhistogram", "hdrhistogram/requests.hlog"),
    ("wrk", "wrk/dropped.txt"),
    ("hey", "hey/dropped.txt"),
    ("hey", "hey/dropped.csv"),
    ("ab", "ab/dropped.txt"),
    ("ab", "ab/half-dropped.txt"),
    ("ab", "ab/percentiles-of-20.csv"),
    ("h2load", "h2load/dropped.txt"),
    ("h2load", "h2load/dropped.log"),
    ("siege", "siege/half-404.json"),
    ("siege", "siege/all-404.json"),
    ("hdrhistogram", "hdrhistogram/hdr-histogram-js_3.0.1.hlog"),
    ("jmeter", "jmeter/2.13_flat.xml"),
    ("jmeter", "jmeter/2.13_nested.xml"),
    ("jmeter", "jmeter/2.13.csv"),
    ("jmeter", "jmeter/2.13_semicolon.csv"),
    ("taurus", "taurus/1.17.2.xml"),
    ("taurus", "taurus/1.17.2.csv"),
];

/// Values of the corpus: file | benchmark | metric | tags | value | n.
///
/// Without a benchmark: the stem of the file. Tags: one as `k=v`, `-` for none at all, empty for
/// any. An n of 0 is not looked at.
pub(crate) const ROWS: &str = r"
k6/summary_export_old_rate_limiter.json |  | latency.p95 | - | 234263974.9999996 | 2890
k6/summary_export_old_rate_limiter.json |  | rate | - | 93.24447640209767 | 1
k6/handle_summary_parabank.json |  | latency.p95 | - | 343928084.99999995 | 60
k6/handle_summary_parabank.json |  | error_rate | - | 0.0 | 1
k6/v2.2.0_summary_export.json |  | latency.p95 | - | 22582172.75 | 522
k6/v2.2.0_summary_export.json |  | latency.p99.9 | name=slow | 31174290.152000076 | 174
k6/v2.2.0_summary_export.json |  | failures | - | 12.0 | 1
k6/v2.2.0_handle_summary.json |  | latency.p95 | - | 21947530.799999992 | 543
k6/v2.2.0_handle_summary.json |  | error_rate | - | 0.034990791896869246 | 1
k6/v2.2.0_handle_summary.json |  | checkout_time.p95 | - | 24e6 | 181
k6/v2.2.0_machine_readable.json |  | latency.p95 | - | 23222823.849999997 | 522
k6/v2.2.0_machine_readable.json |  | rate | - | 128.35710909400666 | 1
k6/v2.2.0_machine_readable.json |  | failures | - | 16.0 | 1
k6/v2.2.0_points.json |  | latency.p95 | - | 22957412 | 90
k6/v2.2.0_points.json |  | latency.p50 | - | 450078 | 90
k6/v2.2.0_points.json |  | requests | - | 90 | 1
k6/v2.2.0_points.json |  | failures | - | 3 | 1
k6/v2.2.0_points.json |  | latency.p99 | name=slow | 25665575 | 30
k6/v2.2.0_points.csv |  | latency.p95 | - | 22957412 | 90
k6/v2.2.0_points.csv |  | failures | - | 3 | 1
k6/v2.2.0_points.csv |  | latency.p99 | name=slow | 25665575 | 30
jmeter/jpp_JMeterCsvResults.csv | GET /ordermgmt/pre-logout | latency.p95 | - | 2204e6 | 2
jmeter/jpp_JMeterPublisher_formatted_timeStamp.csv | Total | error_rate | - | 0.3333333333333333 | 1
jmeter/jpp_JENKINS-16627_CSV_instead_of_XML.jtl | Total | latency.max | - | 2204e6 | 3
jmeter/jpp_multiLineCSV.jtl | Total | failures | - | 1 | 1
jmeter/jpp_filewithtransactions.csv | Total | requests | - | 210 | 1
jmeter/jpp_filewithtransactions.csv | Total | latency.p95 | - | 1894e6 | 210
jmeter/jpp_filewithtransactions.csv | HP | latency.p50 | kind=transaction | 2496e6 | 37
jmeter/jpp_JMeterResults.jtl | Total | latency.p95 | - | 15902e6 | 8
jmeter/jpp_JMeterResults.jtl | Total | latency.mean | - | 4142125000 | 8
jmeter/jpp_JMeterResultsMultiLevel.jtl | Total | latency.mean | - | 381900000 | 10
jmeter/jpp_JMeterResultsTenSamples.jtl | Total | latency.max | - | 10e6 | 10
gatling/karate-v3.9.5/simulation.log | All Requests | latency.p95 | - | 866e6 | 41
gatling/karate-v3.9.5/simulation.log | All Requests | failures | - | 10 | 1
gatling/karate-v3.9.5/js/stats.json | All Requests | latency.p95 | - | 866e6 | 41
gatling/karate-v3.9.5/js/global_stats.json | All Requests | latency.p99 | - | 889e6 | 41
gatling/v3.2.0/simulation.log | request_1 Redirect 1 | latency.max | - | 337e6 | 1
gatling/v3.2.0/js/stats.json | All Requests | rate | - | 0.5 | 1
gatling/v3.2.0/js/global_stats.json | All Requests | latency.p95 | - | 343e6 | 3
gatling/v3.12.1-binary/simulation.log | All Requests | requests | - | 105 | 1
gatling/v3.12.1-binary/simulation.log | All Requests | failures | - | 1 | 1
gatling/v3.12.1-binary/simulation.log | All Requests | latency.min | - | 87e6 | 105
gatling/v3.12.1-binary/simulation.log | All Requests | latency.max | - | 368e6 | 105
vegeta/report.json | report | latency.p95 |  | 2742954.0 | 1000
vegeta/report.json | report | throughput |  | 200.1677883666856 | 1
oha/json.json | json | latency.p95 |  | 2737923.0 | 500
oha/json.json | json | rate |  | 9121.182294946017 | 1
autocannon/c10_d5.json | json-endpoint | latency.mean |  | 220000.0 | 78340
autocannon/c10_d5.json | json-endpoint | rate |  | 15670.0 | 1
autocannon/example-result.json | example result | latency.mean |  | 100.1e6 | 0
bombardier/json.json | http://127.0.0.1:18080/json | latency.p95 |  | 1023000.0 | 65105
vegeta/encode.csv | encode | latency.p95 | - | 3766159 | 180
vegeta/encode.json | encode | requests | - | 180 | 1
oha/json.csv | json | requests | - | 100 | 1
locust/made_stats.csv | GET /json | latency.p95 | - | 28e6 | 485
locust/made_stats.csv | Aggregated | failures | - | 18 | 1
locust/made.json | GET /json | requests | - | 534 | 1
locust/made.json | GET /err | failures | - | 18 | 1
locust/jpp_test_results_stats.csv | Aggregated | error_rate | - | 0.13993059442516512 | 1
locust/openbess_stats.csv | Aggregated | latency.p95 | - | 2100e6 | 648
locust/made_stats_history.csv | Aggregated | requests | users=5 | 792 | 1
wrk/made_latency.txt | http://127.0.0.1:18080/json | latency.p99 | threads=2 | 30470000 | 130059
wrk/jpp_WrkResultsLong.wrk | http://www.google.com | latency.max | connections=16 | 235540000000 | 1045
wrk/synqt_multi.txt | http://127.0.0.1:8480/plaintext | rate |  | 74439.08 | 1
wrk2/json.txt | http://127.0.0.1:18080/json | latency.p95 | connections=4 | 1755000 | 999
hey/json.txt | json | latency.p95 | - | 1300000 | 2000
hey/json.txt | json | rate | - | 16280.5021 | 1
hey/json.csv | json | requests | - | 1000 | 1
ab/json.txt | http://127.0.0.1:18080/json | failures | concurrency=8 | 0 | 1
ab/json.txt | http://127.0.0.1:18080/json | latency.p95 | concurrency=8 | 9e6 | 2000
ab/json_percentiles.csv | json_percentiles | latency.p99 | - | 51414000 | 1
ab/json.tsv | json | requests | - | 2000 | 1
h2load/h1.txt | h1 | latency.mean | clients=8 | 658000 | 2000
artillery/media-scraper.json | media-scraper | latency.p95 | - | 1465900000 | 6000
artillery/media-scraper.json | media-scraper | latency.p99.9 | endpoint=/api/scrape | 2018700000 | 6000
siege/json.json | json | latency.max | - | 30e6 | 13095
prometheus/openmetrics_histogram_exemplars.txt | a | p50 | - | 1.75 | 3
prometheus/openmetrics_simple_summary.txt | a | mean | - | 2 | 1
prometheus/common_parse_2.prom | name | value | labelname=val2 | 0.23 | 1
otlp/metrics_example.json | my.counter | value | my.counter.attr=some value | 5 | 1
otlp/metrics_example.json | my.histogram | p50 |  | 1 | 2
otlp/metrics_example.json | my.exponential.histogram | p50 |  | 5 | 3
bombardier/json.json | http://127.0.0.1:18080/json | latency.mean |  | 613803.9935488825 | 65105
fortio/small.json | http://127.0.0.1:10000/ | latency.p95 | rate=1 | 72168856.6 | 48
fortio/small.json | http://127.0.0.1:10000/ | requests | connections=1 | 60 | 1
fortio/large.json | http://127.0.0.1:10001/ | latency.p99 |  | 496178.35999999865 | 17988
nighthawk/output_formatter.medium.fortio.gold | https://www.google.com/ | latency.p95 | connections=300 | 247513087 | 53
nighthawk/output_formatter.medium.fortio.gold | https://www.google.com/ | rate | rate=30 | 27.99999399400129 | 1
nighthawk/output_formatter.json.gold | output_formatter.json | foo_latency.p50 | - | 190007 | 4
nighthawk/output_formatter.json.gold | output_formatter.json | foo_size.mean | - | 15.5 | 4
taurus/jpp_TaurusXMLReport.xml | Total | latency.p95 | - | 1293e6 | 677
taurus/jpp_TaurusXMLReport.xml | Total | failures | - | 11 | 1
hdrhistogram/example1.hgrm.txt | example1.hgrm | p95 | - | 127.231 | 475109
hdrhistogram/example1.hgrm.txt | example1.hgrm | max | - | 9420.8 | 475109
vegeta/hdrplot.txt | hdrplot | latency.p95 | - | 2742954 | 1000
";

/// The folders of the corpus, and which formats their files may have.
pub(crate) const FOLDERS: &[Folder] = &[
    ("k6", &["k6"]),
    ("jmeter", &["jmeter"]),
    ("gatling", &["gatling"]),
    ("locust", &["locust"]),
    ("wrk", &["wrk"]),
    ("wrk2", &["wrk"]),
    ("hey", &["hey"]),
    ("ab", &["ab"]),
    ("h2load", &["h2load"]),
    ("siege", &["siege"]),
    ("artillery", &["artillery"]),
    ("bombardier", &["bombardier"]),
    ("vegeta", &["vegeta", "hdrhistogram"]),
    ("oha", &["oha"]),
    ("autocannon", &["autocannon"]),
    ("prometheus", &["openmetrics"]),
    ("otlp", &["otlp"]),
    ("nighthawk", &["openmetrics", "fortio", "nighthawk"]),
    ("fortio", &["fortio"]),
    ("taurus", &["taurus"]),
    ("hdrhistogram", &["hdrhistogram"]),
];

/// Files of those folders that are refused, and a part of what is said.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("k6/v2.2.0_stdout.txt", "not known"),
    ("bombardier/slow.txt", "not known"),
    // What failed and why, beside the statistics.
    ("locust/made_failures.csv", "not known"),
    ("locust/made_exceptions.csv", "not known"),
    ("vegeta/report.txt", "not known"),
    ("vegeta/hist.txt", "not known"),
    ("oha/json.txt", "not known"),
    ("autocannon/fastify_benchmark-results.json", "not known"),
    ("nighthawk/output_formatter.csv.gold", "not known"),
    ("nighthawk/output_formatter.txt.gold", "not known"),
];

#[test]
fn clients_of_telemetry_are_read_in_both_exposition_formats() {
    let read =
        |file: &str| read_bytes(Path::new(file), &bytes_of(file), &Options::default()).unwrap();
    let p95 = |file: &str, benchmark: &str| {
        let found = read(file);
        let mut all = found.measurements.iter();
        let one = all.find(|m| m.benchmark == benchmark && m.metric == "latency.p95");
        let one = one.unwrap_or_else(|| panic!("no p95 of {benchmark} in {file}"));
        (one.value, one.tags.clone())
    };
    let om = p95(
        "openmetrics/client_0.26.0.om",
        "http_request_duration_seconds",
    );
    assert_eq!(
        p95(
            "openmetrics/client_0.26.0.prom",
            "http_request_duration_seconds"
        ),
        om
    );
    assert_eq!(om.1["route"], "/checkout");
    let (value, tags) = p95("otlp/sdk_2.12.1.json", "http.server.request.duration");
    assert!((1e8..2.5e8).contains(&value), "{value}");
    assert_eq!(tags["http.route"], "/checkout");
}

/// Tests that went wrong: fixture | what is put in place of what, `;;` between | what is said.
///
/// Nothing in place of a line break ends a line: `^` before a text means every line that begins
/// with it, and removes it.
const GONE_WRONG: &str = r#"
k6/handmade-summary-export.json | "value": 0.05 => "value": 1 | every request failed
k6/handmade-summary-export.json | "http_reqs": {"count": 200 => "http_reqs": {"count": 0 | no requests
k6/handmade-summary-export.json | "max": 80, "p(90)": 20, "p(95)": 40.5 => "max": 80, "p(90)": 20, "p(95)": null | is null
k6/handmade-handle-summary.json | "rate": 0.05 => "rate": 1 | every request failed
k6/handmade-handle-summary.json | "values": {"avg": 12.5, "min": 1.25, "med": 10, "max": 80, "p(90)": 20, "p(95)": 40.5 => "values": {"avg": 12.5, "p(95)": null | is null
k6/handmade-machine-readable.json | "rate": 0.05 => "rate": 1 | every request failed
k6/handmade-points.csv | ,0.000000, => ,1.000000, | every request failed
k6/handmade-points.csv | ^http_req => | no requests
k6/handmade-points.ndjson | ^{"metric": => | no requests
jmeter/handmade-run.csv | ,true, => ,false, | every request failed
jmeter/handmade-run.csv | ^1547 =>  ;; ^ got => | no requests
jmeter/handmade-run.jtl | s="true" => s="false" | every request failed
jmeter/handmade-run.jtl | ^<sample =>  ;; ^  < =>  ;; ^    < =>  ;; ^</sample => | no requests
jmeter/handmade-statistics.json | "sampleCount": 16,\n    "errorCount": 1 => "sampleCount": 16,\n    "errorCount": 16 ;; "sampleCount": 8,\n    "errorCount": 1 => "sampleCount": 8,\n    "errorCount": 8 ;; "errorCount": 0 => "errorCount": 8 | every request failed
gatling/handmade-3.9.log | \tOK\t => \tKO\t | every request failed
gatling/handmade-3.9.log | ^REQUEST => | no requests
vegeta/handmade-report.json | "success":0.98 => "success":0 ;; "200":980,"500":20 => "500":1000 | every request failed
vegeta/handmade-report.json | "requests":1000 => "requests":0 ;; "200":980,"500":20 => | no requests
vegeta/handmade-results.csv | ,200, => ,500, | every request failed
vegeta/handmade-results.ndjson | "code":200 => "code":500 | every request failed
oha/handmade-statuses.json | "200": 475 => "502": 475 | every request failed
oha/handmade-statuses.json | "200": 475, "503": 20 =>  ;; "connection closed": 5, => | no requests
oha/requests.csv | ,200\n => ,503\n | every request failed
oha/requests.csv | ^0. =>  ;; ^1. => | no requests
autocannon/err.json | "non2xx":2509 => "non2xx":22583 | every request failed
autocannon/err.json | "total":22583 => "total":0 ;; "non2xx":2509 => "non2xx":0 | no requests
bombardier/handmade-report.json | "req2xx":970,"req3xx":10 => "req2xx":0,"req3xx":0 | every request failed
bombardier/handmade-report.json | "req2xx":970,"req3xx":10,"req4xx":5,"req5xx":12,"others":3 => "req2xx":0,"req3xx":0,"req4xx":0,"req5xx":0,"others":0 | no requests
locust/run_stats.csv | 103,6, => 103,103, ;; 296,0, => 296,296, ;; 114,0, => 114,114, ;; 513,6, => 513,513, | every request failed
locust/run_stats.csv | ^GET =>  ;; ^,Agg => | no requests
wrk/fail.txt | x => x | every request failed
wrk/fail.txt | 18197 => 0 | no requests
hey/err.txt | [200] => [503] | every request failed
hey/err.csv | ,200, => ,503, | every request failed
hey/err.csv | ^0.0 => | no requests
ab/json.txt | Failed requests:        0 => Failed requests:        0\nNon-2xx responses:      300 | every request failed
ab/json.txt | Complete requests:      300 => Complete requests:      0 | no requests
ab/percentiles.csv | ^0, =>  ;; ^1 =>  ;; ^2 =>  ;; ^3 =>  ;; ^4 =>  ;; ^5 =>  ;; ^6 =>  ;; ^7 =>  ;; ^8 =>  ;; ^9 => | no requests
ab/requests.tsv | ^Sat => | no requests
h2load/json.txt | 300 succeeded, 0 failed => 0 succeeded, 300 failed ;; 300 2xx, 0 3xx, 0 4xx => 0 2xx, 0 3xx, 300 4xx | every request failed
h2load/requests.log | \t200\t => \t503\t | every request failed
siege/json.json | 4675 => 0 ;; "failed_transactions":\t\t           0 => "failed_transactions": 7 | every request failed
siege/json.json | 4675 => 0 | no requests
artillery/run.json | codes.200" => codes.502" | every request failed
artillery/run.json | "http.requests": 160 => "http.requests": 0 ;; plugins.metrics-by-endpoint. => other. | no requests
fortio/handmade-load.json | "200": 190 => "500": 190 | every request failed
fortio/handmade-load.json | "200": 190,\n    "503": 10 => "200": 0 | no requests
ghz/handmade-report.json | "OK": 9 => "Unavailable": 9 | every request failed
ghz/handmade-report.json | "endReason": "normal" => "endReason": "cancel" | interrupted
nighthawk/handmade-output.json | http_2xx => http_4xx | every request failed
taurus/stats.xml | <succ value="240"> => <succ value="0"> ;; <succ value="480"> => <succ value="0"> ;; <fail value="0"> => <fail value="9"> | every request failed
taurus/stats.csv | ^json =>  ;; ^, =>  ;; ^err => | holds no results
hdrhistogram/requests.hgrm | ^       0 =>  ;; ^       1 =>  ;; ^       2 =>  ;; ^       3 =>  ;; ^       4 =>  ;; ^       5 =>  ;; ^       6 =>  ;; ^       7 =>  ;; ^       8 =>  ;; ^       9 =>  ;; ^      1 => | nothing was recorded
hdrhistogram/requests.hlog | ^0. =>  ;; ^1. =>  ;; ^2. =>  ;; ^3. => | nothing was recorded
"#;

#[test]
fn a_load_test_that_went_wrong_gives_no_numbers() {
    let mut mistakes = Vec::new();
    let mut covered = std::collections::BTreeSet::new();
    for row in GONE_WRONG.lines().filter(|row| !row.is_empty()) {
        let [file, changes, said] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("not three cells: {row}");
        };
        let mut text = String::from_utf8(bytes_of(file)).unwrap();
        for change in changes.split(" ;; ") {
            let plain = change.replace("\\n", "\n").replace("\\t", "\t");
            let (from, to) = plain.split_once(" =>").unwrap();
            text = match from.strip_prefix('^') {
                Some(start) => {
                    let kept = text.lines().filter(|line| !line.starts_with(start));
                    kept.map(|line| format!("{line}\n")).collect()
                }
                None => text.replace(from, to.strip_prefix(' ').unwrap_or(to)),
            };
        }
        let (format, _) = FILES.iter().find(|(_, own)| *own == file).unwrap();
        covered.insert(*format);
        match read_bytes(Path::new("x"), text.as_bytes(), &from(format)) {
            Ok(reading) => {
                let told = reading.failures.iter().any(|f| f.reason.contains(said));
                if !reading.measurements.is_empty() || !told {
                    mistakes.push(format!("{row}\n  {:?}", reading.failures));
                }
            }
            Err(error) if error.reason.contains(said) => {}
            Err(error) => mistakes.push(format!("{row}\n  {error}")),
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    let open = ["plimsoll", "csv", "steps", "openmetrics", "otlp"];
    for (format, _) in FILES.iter().filter(|(format, _)| !open.contains(format)) {
        assert!(covered.contains(format), "{format}");
    }
}

#[test]
fn what_record_prints_reads_back() {
    for file in [
        "hyperfine/parameters.json",
        "locust/run.json",
        "wrk/fail.txt",
    ] {
        let given = read_bytes(Path::new(file), &bytes_of(file), &Options::default()).unwrap();
        let printed = json::measurements(std::slice::from_ref(&given));
        for options in [Options::default(), from("plimsoll")] {
            let back = read_bytes(Path::new("x"), printed.as_bytes(), &options).unwrap();
            assert_eq!(back.failures, given.failures);
            assert_eq!(back.measurements.len(), given.measurements.len());
            for (a, b) in back.measurements.iter().zip(&given.measurements) {
                assert_eq!(
                    (&a.benchmark, &a.metric, &a.tags),
                    (&b.benchmark, &b.metric, &b.tags)
                );
                assert!((a.value - b.value).abs() <= 1e-12 * b.value.abs());
                assert_eq!((&a.unit, a.direction, a.n), (&b.unit, b.direction, b.n));
                let values = |m: &plimsoll::model::Measurement| m.samples.clone().map(|s| s.values);
                assert_eq!(values(a), values(b));
            }
        }
    }
}
