//! Fixtures and corpus files of the load-test tools.

use crate::corpus::Folder;

/// Every fixture that is one file: the format that it has, and its path.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("k6", "k6/handmade-summary-export.json"),
    ("k6", "k6/handmade-handle-summary.json"),
    ("k6", "k6/handmade-machine-readable.json"),
    ("bombardier", "bombardier/handmade-report.json"),
    ("vegeta", "vegeta/handmade-report.json"),
    ("oha", "oha/handmade-statuses.json"),
    ("autocannon", "autocannon/handmade-fast.json"),
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
vegeta/report.json | report | latency.p95 |  | 2742954.0 | 1000
vegeta/report.json | report | throughput |  | 200.1677883666856 | 1
oha/json.json | json | latency.p95 |  | 2737923.0 | 500
oha/json.json | json | rate |  | 9121.182294946017 | 1
autocannon/c10_d5.json | json-endpoint | latency.mean |  | 220000.0 | 78340
autocannon/c10_d5.json | json-endpoint | rate |  | 15670.0 | 1
autocannon/example-result.json | example result | latency.mean |  | 100.1e6 | 0
bombardier/json.json | http://127.0.0.1:18080/json | latency.p95 |  | 1023000.0 | 65105
bombardier/json.json | http://127.0.0.1:18080/json | latency.mean |  | 613803.9935488825 | 65105
";

/// The folders of the corpus, and which formats their files may have.
pub(crate) const FOLDERS: &[Folder] = &[
    ("k6", &["k6"]),
    ("bombardier", &["bombardier"]),
    ("vegeta", &["vegeta"]),
    ("oha", &["oha"]),
    ("autocannon", &["autocannon"]),
];

/// Files of those folders that are refused, and a part of what is said.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    ("k6/v2.2.0_points.json", "not known"),
    ("k6/v2.2.0_points.csv", "not known"),
    ("k6/v2.2.0_stdout.txt", "not known"),
    ("bombardier/slow.txt", "not known"),
    ("vegeta/encode.csv", "not known"),
    ("vegeta/encode.json", "not known"),
    ("vegeta/report.txt", "not known"),
    ("vegeta/hist.txt", "not known"),
    ("vegeta/hdrplot.txt", "not known"),
    ("oha/json.csv", "not known"),
    ("oha/json.txt", "not known"),
    ("autocannon/fastify_benchmark-results.json", "not known"),
];
