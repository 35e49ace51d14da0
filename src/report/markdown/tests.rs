use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn limit(verdict: &str, benchmark: &str) -> Value {
    json!({
        "feature": "checkout", "limit": "p95", "rule": "max", "owner": "@acme/pay", "kind": "symptom",
        "series": { "id": "x", "benchmark": benchmark, "metric": "latency.p95", "tags": {}, "env": "ci" },
        "verdict": verdict, "improved": false, "reason": null, "why": "brought by c3d4e5f, p < 0.001, 3 runs",
        "value": 131e6, "unit": "ns", "direction": "lower", "runs": 3, "limit_value": 120e6,
        "used": 1.09, "effect": 0.184, "effect_low": 0.149, "effect_high": 0.218, "level": 131e6,
        "p_adjusted": 0.0001, "smallest_effect": 0.01, "points": 30, "suspects": [],
        "introduced_by": "c3d4e5f00000000000000000000000000000000f",
        "trend": [110e6, 111e6, 109e6, 110e6, 110e6, 111e6, 110e6, 131e6]
    })
}

fn part(exit: u8, limits: &[Value]) -> Part {
    let json = json!({
        "schema": "plimsoll.check/1", "exit": exit, "verdict": "over",
        "commit": "c3d4e5f00000000000000000000000000000000f", "subject": "cache: drop LRU",
        "base": { "commit": "a1b2c3d00000000000000000000000000000000d", "how": "merge parent" },
        "environment": "ubuntu-24.04", "machines": ["EPYC 7763"], "mode": "history",
        "census": { "expected": limits.len(), "judged": limits.len(), "reasons": {} },
        "limits": limits, "changes": [], "findings": [], "notes": []
    });
    Part {
        name: "check.json".into(),
        check: Ok(CheckDocument::parse(&json.to_string()).unwrap()),
    }
}

fn extras() -> Extras {
    Extras {
        report_url: Some("https://acme.example/report/index.html".into()),
        run_url: Some("https://github.com/acme/shop/actions/runs/9".into()),
        head: Some("c3d4e5f00000000000000000000000000000000f".into()),
        bench: Some("./bench --all".into()),
        today: Some(jiff::civil::date(2026, 11, 21)),
        ..Extras::default()
    }
}

/// Everything that GitHub would show: text outside of code, and what is markup at all.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    links: Vec<String>,
    tags: Vec<String>,
    rows: Vec<usize>,
}

fn shown(markdown: &str) -> Shown {
    use comrak::nodes::NodeValue;
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    let arena = comrak::Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options);
    let mut found = Shown::default();
    // GitHub mentions nobody inside of code, however it is written.
    let mut in_code = false;
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::HtmlInline(html) if html == "<code>" => in_code = true,
            NodeValue::HtmlInline(html) if html == "</code>" => in_code = false,
            NodeValue::Text(text) if !in_code => {
                found.text.push_str(text);
                found.text.push('\n');
            }
            NodeValue::Link(link) | NodeValue::Image(link) => found.links.push(link.url.clone()),
            NodeValue::HtmlInline(html) => found.tags.push(html.clone()),
            NodeValue::HtmlBlock(html) => found.tags.push(html.literal.clone()),
            NodeValue::TableRow(_) => found.rows.push(node.children().count()),
            NodeValue::Math(math) => found.tags.push(math.literal.clone()),
            _ => {}
        }
    }
    found
}

#[test]
fn one_over_is_told_within_five_seconds() {
    let mut better = limit("within", "GET /search");
    better["improved"] = true.into();
    better["used"] = 0.7.into();
    let mut quiet = limit("within", "GET /home");
    quiet["used"] = 0.5.into();
    let over = limit("over", "POST /checkout");
    let mut extras = extras();
    let key = limit_key(&serde_json::from_value(over.clone()).unwrap());
    extras.mention.insert(key);
    let parts = [part(1, &[over, better, quiet])];
    insta::assert_snapshot!(body(&parts, &extras, Room::COMMENT));
    assert_eq!(
        title(&parts),
        "1 of 3 exceeded: checkout · POST /checkout latency.p95 +18.4 %"
    );
}

#[test]
fn each_outcome_has_a_heading_of_its_own() {
    let heading = |parts: &[Part], extras: &Extras| {
        body(parts, extras, Room::COMMENT)
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let with = |verdict: &str, reason: Option<&str>, exit: u8| {
        let mut one = limit(verdict, "b");
        one["reason"] = reason.into();
        heading(&[part(exit, &[one, limit("within", "c")])], &extras())
    };
    let unread = Part {
        name: "linux.json".into(),
        check: Err("no such file".into()),
    };
    let resolved = Extras {
        resolved: true,
        ..Extras::default()
    };
    let lines = [
        with("over", None, 1),
        with("missing", Some("not-measured"), 2),
        with("unproven", Some("suspect"), 0),
        with("unproven", Some("both-sides"), 0),
        with("unproven", Some("both-sides"), 1),
        with("unproven", Some("learning"), 0),
        with("inherited", None, 0),
        with("accepted", None, 0),
        with("within", None, 0),
        heading(&[part(0, &[limit("within", "b")])], &resolved),
        heading(
            &[part(0, &[limit("within", "b")]), unread.clone()],
            &extras(),
        ),
        heading(&[unread], &extras()),
        heading(&[], &extras()),
        heading(&[part(2, &[])], &extras()),
    ];
    insta::assert_snapshot!(lines.join("\n"));
    for line in &lines[10..] {
        assert!(!line.contains('✅'), "nothing unread is green: {line}");
    }
}

#[test]
fn a_mention_is_live_once_and_only_for_a_handle() {
    for (owner, live) in [
        ("@acme/pay", true),
        ("@lena", true),
        ("everyone", false),
        ("@a b", false),
        ("@x/y/z", false),
        ("@x)](http://e.v)", false),
    ] {
        let mut over = limit("over", "b");
        over["owner"] = owner.into();
        let key = limit_key(&serde_json::from_value(over.clone()).unwrap());
        let mut with = extras();
        with.mention.insert(key);
        let parts = [part(1, &[over])];
        let count = |extras: &Extras| {
            let text = shown(&body(&parts, extras, Room::COMMENT)).text;
            text.matches(owner).count()
        };
        assert_eq!(count(&with), usize::from(live), "{owner}");
        assert_eq!(count(&extras()), 0, "{owner} only as code");
    }
}

#[test]
fn five_thousand_series_fit_and_all_failing_rows_stand() {
    let mut limits: Vec<Value> = (0..40)
        .map(|i| limit("over", &format!("slow/{i}/with/a/long/name/of/a/benchmark")))
        .collect();
    limits.extend((0..4960).map(|i| limit("within", &format!("fine/{i}"))));
    let text = body(&[part(1, &limits)], &extras(), Room::COMMENT);
    assert!(text.encode_utf16().count() < 65_536);
    for i in 0..40 {
        assert!(text.contains(&format!("❌ **over**, this change | `checkout · slow/{i}/")));
    }
    assert!(text.contains("4960 other limits"));
    assert!(text.contains("are in the report"));
    assert!(text.contains("Accept on purpose") && text.contains("[full report]"));
    let summary = body(&[part(1, &limits)], &extras(), Room::SUMMARY);
    assert!(summary.len() < 1 << 20 && summary.len() > text.len());
}

#[test]
fn when_not_even_the_failing_rows_fit_it_says_so() {
    let limits: Vec<Value> = (0..5000).map(|i| limit("over", &format!("b{i}"))).collect();
    let text = body(&[part(1, &limits)], &extras(), Room::COMMENT);
    assert!(text.encode_utf16().count() < 65_536);
    assert!(text.contains("5000 of 5000 exceeded"));
    assert!(text.contains("more rows like these do not fit here"));
    assert!(text.contains("[full report]"));
}

#[test]
fn a_chart_is_drawn_for_the_worst_and_holds_no_foreign_marks() {
    let text = body(
        &[part(1, &[limit("over", "a\"]\n---%%{init}%%[x](y)")])],
        &extras(),
        Room::COMMENT,
    );
    let chart = text
        .split("```mermaid")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert!(chart.contains("line [110.0, 111.0"), "{chart}");
    let title = chart.lines().find(|line| line.contains("title")).unwrap();
    assert_eq!(title.matches('"').count(), 2, "{title}");
    assert!(!title.contains("%%{") && !title.contains('['), "{title}");
}

/// Everything a name may try.
const HOSTILE: &[&str] = &[
    "`",
    "``",
    "```\n",
    "|",
    "\\|",
    "\\",
    "</details>",
    "<details>",
    "<!-- plimsoll:v1 key=x -->",
    "@everyone",
    "@acme/owners",
    "#12",
    "GH-7",
    "${{ secrets.TOKEN }}",
    "::set-output name=a::b",
    "::error::x",
    "\r\n",
    "\n\n# Big\n",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "[a](https://evil.example)",
    "![a](https://evil.example/x.png)",
    "https://evil.example",
    "www.evil.example",
    "a@evil.example",
    "<img src=x onerror=1>",
    "<script>",
    "$x^2$",
    "$`x`$",
    "**b**",
    "__b__",
    "~~s~~",
    "- [ ] x",
    "&lt;b&gt;",
    "&#60;b>",
    "\0",
    "\u{7f}",
    "%0A",
    "name<<EOF",
    "[^1]",
    ":tada:",
    "|---|",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        1 => "[a-zäß ]{0,6}",
        1 => Just("x".repeat(10_000)),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(8), ..ProptestConfig::default() })]

    #[test]
    fn nothing_foreign_becomes_markup(
        names in proptest::collection::vec(hostile(), 12),
        verdict in proptest::sample::select(&["over", "missing", "unproven", "within", "inherited", "?"][..]),
    ) {
        let mut one = limit(verdict, &names[0]);
        one["feature"] = names[1].as_str().into();
        one["limit"] = names[2].as_str().into();
        one["owner"] = names[3].as_str().into();
        one["why"] = names[4].as_str().into();
        one["unit"] = names[5].as_str().into();
        one["series"]["metric"] = names[6].as_str().into();
        one["series"]["tags"] = json!({ names[7].as_str(): names[8].as_str() });
        one["series"]["env"] = names[9].as_str().into();
        one["introduced_by"] = names[10].as_str().into();
        let mut check = part(1, &[one, limit("over", "b")]);
        if let Ok(check) = &mut check.check {
            check.subject.clone_from(&names[0]);
            check.environment.clone_from(&names[1]);
            check.machines = vec![names[2].clone()];
            check.notes = vec![names[3].clone()];
            check.commit.clone_from(&names[11]);
            check.findings = serde_json::from_value(json!([{
                "code": names[5], "message": names[6], "help": names[7], "place": names[8] }])).unwrap();
            check.census.reasons.insert(names[9].clone(), 1);
            if let Some(base) = &mut check.base {
                base.how.clone_from(&names[10]);
            }
        }
        let unread = Part { name: names[4].clone(), check: Err(names[5].clone()) };
        let mut with = extras();
        with.foreign = Some(names[6].clone());
        with.notes = vec![names[7].clone()];
        with.bench = Some(names[8].clone());
        let text = body(&[check, unread], &with, Room::COMMENT);
        let found = shown(&text);
        let own = ["https://acme.example/report/index.html", "https://github.com/acme/shop/actions/runs/9"];
        for link in &found.links {
            prop_assert!(own.contains(&link.as_str()), "link {link} in\n{text}");
        }
        for tag in &found.tags {
            let plain = tag
                .replace("<details>", "").replace("</details>", "")
                .replace("<summary>", "").replace("</summary>", "")
                .replace("<code>", "").replace("</code>", "");
            prop_assert!(!plain.contains('<'), "tag {tag} in\n{text}");
        }
        for bad in ["@everyone", "@acme/owners", "#12", "GH-7", "www.", "://"] {
            prop_assert!(!found.text.contains(bad), "{bad} is live in\n{text}");
        }
        prop_assert!(found.rows.iter().all(|cells| *cells == 7), "{:?} in\n{text}", found.rows);

        let unseen = text.contains(['\u{202e}', '\u{2066}', '\0']);
        prop_assert!(!unseen);
        prop_assert!(!text.contains("<!--"));
        prop_assert!(text.encode_utf16().count() < 65_000);
    }
}
