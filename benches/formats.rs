//! How fast logs of requests are read, in bytes a second on one thread.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use plimsoll::formats::{Options, read_bytes};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

/// xorshift64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

const METRICS: [(&str, &str, &str); 11] = [
    ("http_reqs", "counter", "default"),
    ("http_req_duration", "trend", "time"),
    ("http_req_blocked", "trend", "time"),
    ("http_req_connecting", "trend", "time"),
    ("http_req_tls_handshaking", "trend", "time"),
    ("http_req_sending", "trend", "time"),
    ("http_req_waiting", "trend", "time"),
    ("http_req_receiving", "trend", "time"),
    ("http_req_failed", "rate", "default"),
    ("data_sent", "counter", "data"),
    ("data_received", "counter", "data"),
];

/// k6's `--out json` of that many requests.
fn k6(requests: u64) -> String {
    let mut random = Random(42);
    let mut out = String::new();
    for (name, kind, contains) in METRICS {
        let _ = writeln!(
            out,
            "{{\"type\":\"Metric\",\"data\":{{\"name\":\"{name}\",\"type\":\"{kind}\",\"contains\":\"{contains}\",\"thresholds\":[],\"submetrics\":null}},\"metric\":\"{name}\"}}"
        );
    }
    for i in 0..requests {
        let (page, second, nano) = (random.below(20), i / 1000 % 60, random.below(1_000_000_000));
        for (name, kind, _) in METRICS {
            let value = match (name, kind) {
                ("http_req_failed", _) => u64::from(random.below(100) == 0).to_string(),
                (_, "counter") => "1".to_owned(),
                _ => format!("{}.{:06}", random.below(40), random.below(1_000_000)),
            };
            let _ = writeln!(
                out,
                "{{\"metric\":\"{name}\",\"type\":\"Point\",\"data\":{{\"time\":\"2026-11-21T03:42:{second:02}.{nano:09}Z\",\"value\":{value},\"tags\":{{\"expected_response\":\"true\",\"group\":\"::browse\",\"method\":\"GET\",\"name\":\"http://127.0.0.1:18080/page/{page}\",\"proto\":\"HTTP/1.1\",\"scenario\":\"default\",\"status\":\"200\",\"url\":\"http://127.0.0.1:18080/page/{page}\"}}}}}}"
            );
        }
    }
    out
}

/// JMeter's CSV of that many requests.
fn jtl(requests: u64) -> String {
    let mut random = Random(7);
    let mut out = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n".to_owned();
    for i in 0..requests {
        let (page, elapsed) = (random.below(20), random.below(3_000));
        let _ = writeln!(
            out,
            "{},{elapsed},Page {page},200,OK,Thread Group 1-{},text,{},,13630,390,10,10,https://shop.example/page/{page},{elapsed},0,{}",
            1_547_676_357_242 + i,
            random.below(10),
            random.below(200) != 0,
            random.below(90),
        );
    }
    out
}

fn formats(c: &mut Criterion) {
    let mut group = c.benchmark_group("formats");
    group.sample_size(20);
    for (name, path, text) in [
        ("k6 NDJSON", "run.json", k6(10_000)),
        ("JTL CSV", "run.jtl", jtl(150_000)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let read = read_bytes(Path::new(path), text.as_bytes(), &Options::default());
                black_box(read).is_ok()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, formats);
criterion_main!(benches);
