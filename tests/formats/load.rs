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
    ("k6", "k6/handmade-points.ndjson"),
    ("k6", "k6/handmade-points.csv"),
    ("jmeter", "jmeter/handmade-run.csv"),
    ("jmeter", "jmeter/handmade-run.jtl"),
    ("jmeter", "jmeter/handmade-statistics.json"),
    ("gatling", "gatling/handmade-3.9.log"),
    ("gatling", "gatling/handmade-3.14.log"),
    ("vegeta", "vegeta/handmade-results.csv"),
    ("vegeta", "vegeta/handmade-results.ndjson"),
    ("oha", "oha/handmade-requests.csv"),
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
    ("otlp", "otlp/handmade-export.json"),
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
    ("vegeta", &["vegeta"]),
    ("oha", &["oha"]),
    ("autocannon", &["autocannon"]),
    ("prometheus", &["openmetrics"]),
    ("otlp", &["otlp"]),
    ("nighthawk", &["openmetrics"]),
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
    ("vegeta/hdrplot.txt", "not known"),
    ("oha/json.txt", "not known"),
    ("autocannon/fastify_benchmark-results.json", "not known"),
    ("nighthawk/output_formatter.csv.gold", "not known"),
    ("nighthawk/output_formatter.json.gold", "not known"),
    ("nighthawk/output_formatter.medium.fortio.gold", "not known"),
    ("nighthawk/output_formatter.txt.gold", "not known"),
];

#[test]
fn a_test_in_which_every_request_failed_gives_no_numbers() {
    let reading = read_bytes(
        Path::new("x"),
        &bytes_of("wrk/fail.txt"),
        &Options::default(),
    )
    .unwrap();
    assert!(reading.measurements.is_empty() && !reading.failures.is_empty());
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
