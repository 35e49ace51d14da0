use super::is_said_better;
use crate::formats::testing::{close, get, read_text};
use crate::formats::{FormatError, Options, Reading, read_bytes};
use std::path::{Path, PathBuf};

fn log(text: &str) -> Result<Reading, FormatError> {
    read_text("simulation.log", "gatling", text)
}

#[test]
fn the_columns_of_every_version() {
    for (run, request) in [
        (
            "RUN\ta.B\tb\t1000\t \t3.9.5",
            "REQUEST\tShop,Cart\tadd\t1000\t1250\tOK\t ",
        ),
        (
            "RUN\ta.B\tb\t1000\t \t3.2.0",
            "REQUEST\t1\tShop,Cart\tadd\t1000\t1250\tOK\t ",
        ),
        (
            "RUN\ta.B\t\tb\t1000\t \t2.3.1",
            "REQUEST\tscenario\t1\tShop,Cart\tadd\t1000\t1250\tOK\t ",
        ),
        (
            "a.B\tb\tRUN\t1000\t \t2.1.7",
            "scenario\t1\tREQUEST\tShop,Cart\tadd\t1000\t1001\t1200\t1250\tOK\t ",
        ),
    ] {
        let text = format!(
            "{run}\nUSER\tx\tSTART\t1000\n{request}\n{}\n",
            request.replace("OK", "KO")
        );
        let reading = log(&text).unwrap();
        assert_eq!(reading.version.as_deref(), run.rsplit('\t').next());
        for name in ["Shop / Cart / add", "All Requests"] {
            assert!(
                close(get(&reading, name, "latency.p95").value, 250e6),
                "{run}"
            );
            assert!(close(get(&reading, name, "error_rate").value, 0.5));
            assert!(close(get(&reading, name, "rate").value, 8.0));
        }
    }
}

#[test]
fn a_text_log_that_was_cut_off_keeps_what_was_read_and_says_so() {
    let text = "RUN\ta.B\tb\t1000\t \t3.9.5\nREQUEST\t\tadd\t1000\t1250\tOK\t \nREQUEST\t\tadd\t10";
    let reading = log(text).unwrap();
    assert!(close(get(&reading, "add", "requests").value, 1.0));
    assert_eq!(reading.failures[0].benchmark, "All Requests");
    for m in &reading.measurements {
        assert!(
            reading
                .failures
                .iter()
                .any(|f| f.covers(&m.benchmark, &m.tags)),
            "{m:?}"
        );
    }
    assert!(reading.failures[0].reason.contains("cut off at line 3"));
    // The same in the middle is a mistake.
    let error = log(&format!("{text}\nUSER\tx\tSTART\t1\n")).unwrap_err();
    assert_eq!(error.place.as_deref(), Some("line 3"));
}

#[test]
fn mistakes_and_failed_runs() {
    let text = |request: &str| format!("RUN\ta.B\tb\t1000\t \t3.9.5\n{request}\n");
    for (request, reason) in [
        ("REQUEST\t\tadd\t2000\t1000\tOK\t ", "before it starts"),
        (
            "REQUEST\t\tadd\tx\t1000\tOK\t ",
            "not those of a known version",
        ),
        (
            "REQUEST\t\tadd\t1\t99999999999999999999\tOK\t ",
            "not those",
        ),
        ("REQUEST\t\tadd\t1\t2\tMAYBE\t ", "not those"),
        ("REQUEST\t\t\t1\t2\tOK\t ", "no name"),
        ("REQUEST\t\tAll Requests\t1\t2\tOK\t ", "another name"),
        ("QUEST\t1", "not a kind of record"),
    ] {
        let error = log(&text(request)).unwrap_err();
        assert!(error.reason.contains(reason), "{request}: {error}");
    }
    let failed = log(&text("REQUEST\t\tadd\t1\t2\tKO\tno")).unwrap();
    assert!(failed.measurements.is_empty() && failed.failures.len() == 2);
    let empty = log(&text("USER\tx\tSTART\t1")).unwrap();
    assert!(empty.failures[0].reason.contains("no requests"));
}

/// Writes the records of the binary log.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn int(&mut self, value: i32) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn string(&mut self, text: &str) -> &mut Self {
        let wide = text.chars().any(|c| c as u32 > 255);
        let bytes: Vec<u8> = if wide {
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else {
            text.chars().map(|c| c as u8).collect()
        };
        self.int(bytes.len() as i32);
        self.0.extend(&bytes);
        if bytes.is_empty() {
            self
        } else {
            self.byte(u8::from(wide))
        }
    }

    fn run() -> Self {
        let mut log = Self::default();
        log.byte(0).string("3.14.5").string("Shop");
        log.0.extend(1_700_000_000_000_i64.to_be_bytes());
        log.string("").int(1).string("Users").int(1).int(3);
        log.0.extend([1, 2, 3]);
        log
    }
}

fn binary_log() -> Vec<u8> {
    let mut log = Writer::run();
    log.byte(2).int(0).byte(1).int(10);
    log.byte(1)
        .int(1)
        .int(1)
        .string("Café ☕")
        .int(2)
        .string("add");
    log.int(0).int(250).byte(1).int(3).string("");
    log.byte(1)
        .int(1)
        .int(-1)
        .int(-2)
        .int(0)
        .int(250)
        .byte(0)
        .int(4)
        .string("status 500");
    log.byte(3).int(1).int(-1).int(0).int(250).int(500).byte(0);
    log.byte(4).int(-4).int(300);
    log.0
}

fn binary(bytes: &[u8]) -> Result<Reading, FormatError> {
    read_bytes(Path::new("simulation.log"), bytes, &Options::default())
}

#[test]
fn the_binary_log() {
    let reading = binary(&binary_log()).unwrap();
    assert_eq!(reading.version.as_deref(), Some("3.14.5"));
    assert!(close(
        get(&reading, "Café ☕ / add", "latency.p99").value,
        250e6
    ));
    assert!(close(
        get(&reading, "All Requests", "error_rate").value,
        0.5
    ));
    assert!(close(get(&reading, "All Requests", "rate").value, 8.0));
}

#[test]
fn a_binary_log_is_never_read_wrongly_wherever_it_is_cut() {
    let whole = binary_log();
    let header = Writer::run().0.len();
    for end in 10..whole.len() {
        match binary(&whole[..end]) {
            Err(error) => assert!(end < header, "{end}: {error}"),
            Ok(reading) => {
                let requests = reading.measurements.iter().find(|m| m.metric == "requests");
                assert!(requests.is_none_or(|m| m.value <= 2.0), "{end}");
            }
        }
    }
    let mut wrong = whole.clone();
    wrong[header] = 9;
    assert!(
        binary(&wrong)
            .unwrap_err()
            .reason
            .contains("not a kind of record")
    );
}

const STATS: &str = r#"{"type": "GROUP", "name": "Global Information", "stats": S, "contents": {
    "g": {"type": "GROUP", "name": "Shop", "stats": S, "contents": {
    "r": {"type": "REQUEST", "name": "add", "stats": S}}}}}"#;

fn stats(total: &str, ko: &str) -> String {
    let split = |value: &str| format!("{{\"total\": {value}, \"ok\": {value}, \"ko\": {ko}}}");
    let all: Vec<String> = [
        ("numberOfRequests", total),
        ("minResponseTime", "2"),
        ("maxResponseTime", "90"),
        ("meanResponseTime", "20"),
        ("percentiles1", "11"),
        ("percentiles2", "22"),
        ("percentiles3", "44"),
        ("percentiles4", "88"),
        ("meanNumberOfRequestsPerSecond", "0.5"),
    ]
    .iter()
    .map(|(name, value)| format!("\"{name}\": {}", split(value)))
    .collect();
    format!("{{\"name\": \"x\", {}}}", all.join(", "))
}

#[test]
fn statistics_of_the_report() {
    let nested = STATS
        .replace('S', &stats("10", "1"))
        .replace(&stats("10", "1"), "S");
    let nested = nested.replace("\"stats\": S", &format!("\"stats\": {}", stats("10", "1")));
    for text in [stats("10", "1"), nested] {
        let reading = log(&text).unwrap();
        let of = |metric| get(&reading, "All Requests", metric).value;
        assert!(close(of("latency.p95"), 44e6) && close(of("latency.p99"), 88e6));
        assert!(close(of("error_rate"), 0.1) && close(of("rate"), 0.5));
        let names: std::collections::BTreeSet<&str> = reading
            .measurements
            .iter()
            .map(|m| m.benchmark.as_str())
            .collect();
        assert!(!names.contains("Shop"), "{names:?}");
        assert_eq!(names.contains("Shop / add"), text.contains("Shop"));
    }
    let old = stats("10", "1").replace(": 44,", ": \"44\",");
    assert!(log(&old).is_err(), "mixed");
    let quoted = regex_free_quotes(&stats("10", "1"));
    assert!(close(
        get(&log(&quoted).unwrap(), "All Requests", "latency.p95").value,
        44e6
    ));
    for (total, ko) in [("0", "0"), ("5", "5")] {
        let failed = log(&stats(total, ko)).unwrap();
        assert!(failed.measurements.is_empty() && failed.failures.len() == 1);
    }
    for (total, ko) in [
        ("-5", "0"),
        ("5", "null"),
        ("5", "6"),
        ("\"5,000\"", "0"),
        ("NaN", "0"),
    ] {
        assert!(log(&stats(total, ko)).is_err(), "{total} {ko}");
    }
}

/// Puts every number in quotes, as versions before 2.0 wrote them.
fn regex_free_quotes(text: &str) -> String {
    let mut out = String::new();
    let mut number = false;
    for (before, c) in std::iter::once(' ').chain(text.chars()).zip(text.chars()) {
        let digit = c.is_ascii_digit() || c == '.';
        if digit && !number && before == ' ' {
            number = true;
            out.push('"');
        } else if number && !digit {
            number = false;
            out.push('"');
        }
        out.push(c);
    }
    out
}

#[test]
fn of_a_runs_folder_the_log_is_read() {
    let files: Vec<PathBuf> = [
        "run/simulation.log",
        "run/js/stats.json",
        "run/js/global_stats.json",
        "old/js/stats.json",
        "old/js/global_stats.json",
    ]
    .map(PathBuf::from)
    .to_vec();
    let better: Vec<bool> = files.iter().map(|f| is_said_better(f, &files)).collect();
    assert_eq!(better, [false, true, true, false, true]);
}
