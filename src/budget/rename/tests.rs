use super::Renames;
use crate::budget::parse_settings;
use crate::model::{Failure, SeriesKey, Tags};
use std::path::Path;

fn settings(text: &str) -> (Option<super::Renames>, Vec<String>) {
    let (settings, findings) = parse_settings(Path::new("plimsoll.toml"), text);
    let shown = findings
        .iter()
        .map(|f| {
            let at = f.source.as_ref().unwrap();
            format!("{}:{} {}", at.line, at.column, f.code)
        })
        .collect();
    (settings.map(|s| s.renames), shown)
}

fn sound(text: &str) -> super::Renames {
    let (renames, findings) = settings(text);
    assert!(findings.is_empty(), "{findings:?}");
    renames.unwrap()
}

fn key(text: &str, tags: &[(&str, &str)], env: &str) -> SeriesKey {
    let (benchmark, metric) = text.split_once(':').unwrap();
    SeriesKey {
        benchmark: benchmark.to_owned(),
        metric: metric.to_owned(),
        tags: tags
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        env: env.to_owned(),
    }
}

fn renamed(renames: &super::Renames, text: &str) -> String {
    let key = renames.key(&key(text, &[], "ci"));
    format!("{}:{}", key.benchmark, key.metric)
}

/// The present benchmark of something that failed as a whole.
fn failed(renames: &Renames, benchmark: &str) -> String {
    let failure = Failure {
        benchmark: benchmark.to_owned(),
        reason: String::new(),
        tags: Tags::new(),
    };
    renames.failure(&failure, "ci").benchmark
}

#[test]
fn names_are_followed_to_the_newest() {
    let renames = sound(
        "[[rename]]\nfrom = { benchmark = \"a\" }\nto = { benchmark = \"b\" }\n\
         [[rename]]\nfrom = { benchmark = \"b\" }\nto = { benchmark = \"c\" }\n\
         [[rename]]\nfrom = { benchmark = \"sort/*\" }\nto = { benchmark = \"order/*/new\" }\n",
    );
    assert_eq!(renamed(&renames, "a:time"), "c:time");
    assert_eq!(renamed(&renames, "b:cpu"), "c:cpu");
    assert_eq!(renamed(&renames, "c:time"), "c:time");
    assert_eq!(
        renamed(&renames, "sort/std/64:time"),
        "order/std/64/new:time"
    );
    assert_eq!(failed(&renames, "a"), "c");
}

#[test]
fn metrics_tags_and_labels() {
    let renames = sound(
        "[[rename]]\nfrom = { metric = \"p95\" }\nto = { metric = \"latency.p95\" }\n\
         [[rename]]\nfrom = { benchmark = \"shop\", tags = { users = \"5\" } }\nto = { tags = { load = \"low\" } }\n\
         [[rename]]\nfrom = { env = \"old\" }\nto = { env = \"new\" }\n\
         [[rename]]\nfrom = { benchmark = \"x\", env = \"old\" }\nto = { benchmark = \"y\" }\n",
    );
    assert_eq!(renamed(&renames, "any:p95"), "any:latency.p95");
    let shop = renames.key(&key("shop:p95", &[("users", "5"), ("t", "1")], "old"));
    assert_eq!(
        shop,
        key("shop:latency.p95", &[("load", "low"), ("t", "1")], "new")
    );
    let other = key("shop:time", &[("users", "6")], "ci");
    assert_eq!(renames.key(&other), other);
    assert_eq!(renames.label("old"), "new");
    assert_eq!(
        renames.key(&key("x:time", &[], "old")),
        key("y:time", &[], "new")
    );
    assert_eq!(
        renames.key(&key("x:time", &[], "ci")),
        key("x:time", &[], "ci")
    );
    assert_eq!(failed(&renames, "shop"), "shop");
}

#[test]
fn cycles_duplicates_and_self_renames_are_faults_at_their_place() {
    let cycle = "[[rename]]\nfrom = { benchmark = \"a\" }\nto = { benchmark = \"b\" }\n\
                 [[rename]]\nfrom = { benchmark = \"b\" }\nto = { benchmark = \"a\" }\n";
    let (none, findings) = settings(cycle);
    assert!(none.is_none());
    assert_eq!(findings, ["1:1 rename-cycle", "4:1 rename-cycle"]);
    let grows = "[[rename]]\nfrom = { benchmark = \"a/*\" }\nto = { benchmark = \"a/b/*\" }\n";
    assert_eq!(settings(grows).1, ["1:1 rename-cycle"]);
    let twice = "[[rename]]\nfrom = { benchmark = \"a\" }\nto = { benchmark = \"b\" }\n\
                 [[rename]]\nfrom = { benchmark = \"a\" }\nto = { benchmark = \"c\" }\n";
    assert_eq!(settings(twice).1, ["4:1 rename-twice"]);
    let own =
        "[[rename]]\nfrom = { benchmark = \"a\", metric = \"time\" }\nto = { benchmark = \"a\" }\n";
    assert_eq!(settings(own).1, ["3:6 rename-self"]);
}

#[test]
fn two_ways_that_never_close_are_no_cycle() {
    sound(
        "[[rename]]\nfrom = { benchmark = \"x\" }\nto = { benchmark = \"y\" }\n\
         [[rename]]\nfrom = { metric = \"p95\" }\nto = { metric = \"latency.p95\" }\n\
         [[rename]]\nfrom = { env = \"a\" }\nto = { env = \"b\" }\n",
    );
}

#[test]
fn what_is_unclear_is_a_fault() {
    for (entry, expected) in [
        (
            "from = { benchmark = \"a*\" }\nto = { benchmark = \"b\" }",
            "3:6 rename-unclear",
        ),
        (
            "from = { benchmark = \"a\" }\nto = { benchmark = \"b*\" }",
            "3:6 rename-unclear",
        ),
        (
            "from = { metric = \"m\" }\nto = { benchmark = \"b\" }",
            "3:6 rename-unclear",
        ),
        (
            "from = { benchmark = \"a\" }\nto = { metric = \"m\" }",
            "3:6 rename-unclear",
        ),
        (
            "from = { benchmark = \"a\" }\nto = { env = \"m\" }",
            "3:6 rename-unclear",
        ),
        (
            "from = { env = \"a\" }\nto = { env = \"b\", metric = \"m\" }",
            "3:6 rename-unclear",
        ),
        (
            "from = { benchmark = \"a*b*\" }\nto = { benchmark = \"b*\" }",
            "2:22 bad-pattern",
        ),
        (
            "from = { }\nto = { benchmark = \"b\" }",
            "3:6 rename-nothing",
        ),
        (
            "from = { benchmark = \"b\" }\nto = { }",
            "3:6 rename-nothing",
        ),
        ("from = { benchmark = \"b\" }", "1:1 key-missing"),
        (
            "from = { benchmrk = \"b\" }\nto = { benchmark = \"c\" }",
            "2:10 unknown-key",
        ),
        ("from = \"b\"\nto = { benchmark = \"c\" }", "2:8 wrong-type"),
    ] {
        let (renames, findings) = settings(&format!("[[rename]]\n{entry}\n"));
        assert!(renames.is_none(), "{entry}");
        assert_eq!(findings, [expected], "{entry}");
    }
}

#[test]
fn an_entry_that_fits_nothing_is_known() {
    let renames = sound(
        "[[rename]]\nfrom = { benchmark = \"a\" }\nto = { benchmark = \"b\" }\n\
         [[rename]]\nfrom = { benchmark = \"z\" }\nto = { benchmark = \"b\" }\n",
    );
    let keys = [key("a:time", &[], "ci"), key("b:time", &[], "ci")];
    let unused: Vec<usize> = renames
        .unused(keys.iter())
        .iter()
        .map(|r| r.at.line)
        .collect();
    assert_eq!(unused, [4]);
}

proptest::proptest! {
    /// A name that was renamed to the end is not renamed again.
    #[test]
    fn renaming_twice_is_renaming_once(
        pairs in proptest::collection::vec(("[abc]{1,2}[*]?", "[abc]{1,2}[*]?"), 0..6),
        name in "[abc]{1,4}",
    ) {
        let text: String = pairs
            .iter()
            .map(|(from, to)| format!(
                "[[rename]]\nfrom = {{ benchmark = \"{from}\" }}\nto = {{ benchmark = \"{to}\" }}\n"
            ))
            .collect();
        if let (Some(renames), _) = settings(&text) {
            let once = renames.key(&SeriesKey {
                benchmark: name,
                metric: "time".to_owned(),
                tags: Tags::new(),
                env: "ci".to_owned(),
            });
            proptest::prop_assert_eq!(renames.key(&once), once);
        }
    }
}
