use super::*;
use crate::budget::{Minimum, Regress};

const TODAY: Date = jiff::civil::date(2026, 11, 20);

const SOUND: &str = r#"
schema = 1
[feature]
name = "checkout"
owner = "@acme/payments"
journey = "cart → pay"
paths = ["services/checkout/**"]
[[limit]]
id = "p99"
select = { benchmark = "POST /checkout", metric = "latency.p99", tags = { load = "peak" } }
max = "250ms"
regress = { vs = "base", limit = "+5%", warn = "+2%" }
min = { points = 8, runs = 3 }
unproven = "fail"
[[limit]]
id = "rate"
select = { benchmark = "POST /checkout", metric = "rate" }
direction = "higher"
regress = { limit = "-5%" }
[[accepted]]
id = "a-1"
limit = "p99"
level_before = "102 ms"
ceiling = "+9%"
reason = "audit log"
by = "@lena"
expires = 2027-01-31
"#;

fn codes(text: &str) -> Vec<(&'static str, usize)> {
    let (_, findings) = parse(Path::new("budgets/x.toml"), text, TODAY);
    findings
        .iter()
        .map(|f| (f.code, f.source.as_ref().map_or(0, |at| at.line)))
        .collect()
}

#[test]
fn a_sound_file_is_understood() {
    let (budget, findings) = parse(Path::new("budgets/checkout.toml"), SOUND, TODAY);
    assert_eq!(findings, []);
    let budget = budget.unwrap();
    assert_eq!(
        budget.limits[0].max.as_ref().unwrap().value.to_bits(),
        250e6f64.to_bits()
    );
    assert_eq!(
        budget.limits[0].min,
        Minimum {
            points: 8,
            runs: 3,
            samples: 0
        }
    );
    assert_eq!(
        budget.limits[0].regress,
        Some(Regress {
            limit: 0.05,
            warn: Some(0.02),
            falls: false
        })
    );
    assert_eq!(
        budget.limits[1].regress,
        Some(Regress {
            limit: 0.05,
            warn: None,
            falls: true
        })
    );
    assert_eq!(budget.accepted[0].limit, "p99");
}

#[test]
fn all_faults_are_found_at_once() {
    let text = r#"schema = 1
[feature]
name = "checkout"
ownr = "@acme"
[[limit]]
id = "a"
select = { benchmark = "x[", metrc = "time" }
max = "250 MS"
[[limit]]
id = "a"
select = { benchmark = "y" }
direction = "higher"
regress = { limit = "+5%", warn = "-9%" }
drift = { vs = "tag:v1" }
[[limit]]
select = "all"
[[accepted]]
id = "z"
limit = "b"
expires = 2028-01-01
"#;
    let mut found = codes(text);
    found.sort_by_key(|(code, line)| (*line, *code));
    assert_eq!(
        found,
        [
            ("key-missing", 2),
            ("unknown-key", 4),
            ("bad-pattern", 7),
            ("unknown-key", 7),
            ("bad-amount", 8),
            ("duplicate-id", 10),
            ("sign-contradicts-direction", 13),
            ("key-missing", 14),
            ("key-missing", 15),
            ("no-rule", 15),
            ("wrong-type", 16),
            ("key-missing", 17),
            ("key-missing", 17),
            ("key-missing", 17),
            ("key-missing", 17),
            ("unknown-limit", 19),
            ("expires-too-late", 20),
        ]
    );
}

#[test]
fn a_slip_in_a_key_is_named_with_its_place() {
    let (budget, findings) = parse(
        Path::new("budgets/x.toml"),
        &SOUND.replace("owner", "ownr"),
        TODAY,
    );
    assert!(budget.is_none());
    let shown = findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(shown.contains("--> budgets/x.toml:5:1"), "{shown}");
    assert!(shown.contains("did you mean `owner`?"), "{shown}");
}

#[test]
fn broken_toml_is_an_error_and_not_an_empty_budget() {
    assert!(
        codes("schema = \n")
            .iter()
            .any(|(code, _)| *code == "not-toml")
    );
    assert!(!codes("").is_empty());
}

#[test]
fn an_expired_acceptance_is_said() {
    assert!(
        codes(&SOUND.replace("2027-01-31", "2026-11-01")).contains(&("acceptance-expired", 27))
    );
}

#[test]
fn a_warning_looser_than_its_limit_is_a_fault() {
    assert!(
        codes(&SOUND.replace("warn = \"+2%\"", "warn = \"+7%\""))
            .iter()
            .any(|f| f.0 == "warn-looser")
    );
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "(?s).{0,200}") {
        let _ = parse(Path::new("x.toml"), &text, TODAY);
    }

    #[test]
    fn cut_off_files_never_panic(cut in 0usize..SOUND.len()) {
        let mut cut = cut;
        while !SOUND.is_char_boundary(cut) { cut -= 1; }
        let _ = parse(Path::new("x.toml"), &SOUND[..cut], TODAY);
    }
}
