//! The HTML report, rendered from a seeded project: what is on the pages, that nothing hostile gets
//! out of its place, and how large the pages are.

#![allow(clippy::unwrap_used, reason = "a test helper")]

mod report_support;

use plimsoll::report::html::{ReportError, Theme, render, render_single};
use plimsoll::report::view::{
    ChangeKind, ChangeView, LedgerView, RegimeView, ReportView, SeriesView, State,
};
use proptest::prelude::*;
use report_support::{HOSTILE, commits, excursion, hostile, project};
use std::collections::BTreeMap;

fn files(view: &ReportView) -> BTreeMap<String, String> {
    render(view)
        .unwrap()
        .into_iter()
        .map(|(path, content)| (path, String::from_utf8(content).unwrap()))
        .collect()
}

/// The text of a page as a reader sees it: no tags, entities decoded, white space in one piece.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Rows of the table with a class, as the texts of their cells.
fn table(html: &str, class: &str) -> Vec<Vec<String>> {
    let start = html.find(&format!("<table class=\"{class}\"")).unwrap();
    let body = &html[start..start + html[start..].find("</table>").unwrap()];
    body.split("<tr").skip(1).map(cells).collect()
}

fn cells(row: &str) -> Vec<String> {
    let row = row.split_once('>').unwrap().1;
    row.split("</t")
        .map(|cell| text(cell.trim_start_matches("d>").trim_start_matches("h>")))
        .collect()
}

/// A number as the report writes it, in ten-thousandths.
fn number(text: &str) -> Option<i64> {
    let text = text
        .split_whitespace()
        .next()?
        .replace('−', "-")
        .replace(['+', ','], "");
    let value: f64 = text.parse().ok()?;
    Some((value * 1e4).round() as i64)
}

#[test]
fn a_report_has_a_page_for_everything() {
    let files = files(&project());
    for path in [
        "index.html",
        "s/search-latency-p95-1.html",
        "f/search.html",
        "regressions.html",
        "regressions.xml",
        "data/report.json",
        "data/search-latency-p95-1.csv",
        "assets/report.css",
        "assets/report.js",
    ] {
        assert!(files.contains_key(path), "{path} is missing");
    }
    for (path, content) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        for link in content.split("href=\"").skip(1) {
            let link = link.split('"').next().unwrap().replace("&#x2f;", "/");
            if link.starts_with("https://example.org/") || link == "data:," {
                continue;
            }
            if let Some(id) = link.strip_prefix('#') {
                assert!(
                    content.contains(&format!("id=\"{id}\"")),
                    "{path}: #{id} leads nowhere"
                );
                continue;
            }
            let (link, id) = link.split_once('#').unwrap_or((&link, ""));
            let target = match link.strip_prefix("../") {
                Some(rest) => rest.to_owned(),
                None if path.contains('/') => format!("{}/{link}", path.split('/').next().unwrap()),
                None => link.to_owned(),
            };
            assert!(
                files.contains_key(&target),
                "{path} links to {target}, which is missing"
            );
            if target == "compare.html" {
                let view = project();
                for end in id.split("..").filter(|end| !end.is_empty()) {
                    let known = view.commits.iter().any(|commit| commit.id.starts_with(end));
                    assert!(known, "{path}: {link}#{id} compares no commits");
                }
                continue;
            }
            assert!(
                id.is_empty() || files[&target].contains(&format!("id=\"{id}\"")),
                "{path}: {target}#{id} leads nowhere"
            );
        }
    }
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    assert_eq!(render(&project()).unwrap(), render(&project()).unwrap());
}

#[test]
fn the_overview_answers_its_questions_in_words() {
    let index = text(&files(&project())["index.html"]);
    for words in [
        "1 budget is broken, 1 is close to its budget or will break it within 30 days, 1 is \
         creeping up in small steps, 1 series has had no data for 6 d, 1 is too noisy for its \
         limit. 2 series are within their budgets, 1 is still learning, 1 has no budget.",
        "Greatest drift for the worse: checkout latency.p95 +159 ms (+75.0 %) in 92 d; 17 % of it \
         has no single commit to blame",
        "✕ broken search latency.p95 search 612 ms 600 ms 102 % +112 ms (+22.4 %) 92 d broken: max",
        "! soon checkout latency.p95 checkout 371 ms 400 ms 93 % +159 ms (+75.0 %) 92 d ~26 d (17–48)",
        "? no data export/csv time data 1.91 s 2.50 s last value 6 d old",
        "~ noisy upload time data 3.10 s 5.00 s noise ±24 %",
        "… learning suggest latency.p95 search 48.3 ms 80.0 ms 3 points so far",
        "○ no budget transfer alloc.bytes 1.12 MB",
    ] {
        assert!(index.contains(words), "`{words}` is not in\n{index}");
    }
}

#[test]
fn empty_and_first_states_have_sentences_of_their_own() {
    let mut view = project();
    view.series.clear();
    let index = text(&files(&view)["index.html"]);
    assert!(index.contains("Nothing has been measured yet"), "{index}");

    view.commits.clear();
    view.features.clear();
    let index = text(&files(&view)["index.html"]);
    assert!(index.contains("Nothing has been measured yet"), "{index}");

    let mut view = project();
    view.series
        .retain(|series| series.state == State::Unbudgeted);
    let index = text(&files(&view)["index.html"]);
    assert!(
        index.contains("No series has a budget yet (1 measured): plimsoll init writes a first one"),
        "{index}"
    );

    let mut view = project();
    view.series.retain(|series| series.state == State::Ok);
    let index = text(&files(&view)["index.html"]);
    assert!(
        index.contains("No budget is broken. 2 series are within their budgets."),
        "{index}"
    );
}

#[test]
fn all_in_the_same_trouble_is_said_in_its_own_words() {
    for (state, words) in [
        (
            State::Learning,
            "The first results are in and nothing can be judged yet: 8 series are still learning.",
        ),
        (
            State::NoData,
            "Nothing with a budget has been measured for 6 d: is the job that records it failing? \
             1 has no budget.",
        ),
        (
            State::Noisy,
            "Every series with a budget is too noisy for its limit: record more runs a commit",
        ),
    ] {
        let mut view = project();
        let own =
            |series: &&mut plimsoll::report::view::SeriesView| series.state != State::Unbudgeted;
        for series in view.series.iter_mut().filter(own) {
            series.state = state;
        }
        let index = text(&files(&view)["index.html"]);
        assert!(index.contains(words), "{words}: {index}");
    }
}

/// What a release spent is steps and what is too small for them, one release ends where the next
/// begins, and all of them are the drift of the ledger.
#[test]
fn releases_add_up_to_the_ledger_as_shown() {
    let view = project();
    let files = files(&view);
    let mut seen = 0;
    for series in &view.series {
        let page = &files[&format!("s/{}.html", series.slug)];
        if page.contains("<table class=\"releases\"") {
            seen += assert_releases_add_up(page);
        }
    }
    assert!(seen > 10, "{seen}");
    // The same in the data, to the last bit that counts.
    let json: serde_json::Value = serde_json::from_str(&files["data/report.json"]).unwrap();
    let checkout = &json["series"][1];
    let segments = checkout["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 5);
    assert_eq!(segments[0]["opening"], checkout["ledger"]["opening"]);
    assert_eq!(segments[4]["now"], checkout["ledger"]["now"]);
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    for pair in segments.windows(2) {
        assert_eq!(pair[0]["now"], pair[1]["opening"]);
        assert_eq!(pair[0]["to"], pair[1]["from"]);
    }
    for segment in segments {
        let steps = segment["steps"].as_array().unwrap();
        let steps: f64 = steps.iter().map(|step| number(&step["amount"])).sum();
        let sum = number(&segment["opening"]) + steps + number(&segment["unattributed"]);
        assert!(
            (sum / number(&segment["now"]) - 1.0).abs() < 1e-12,
            "{segment}"
        );
    }
}

/// Rows, columns and the sum of the table of releases, against the ledger above it; returns how many
/// releases there are.
fn assert_releases_add_up(page: &str) -> usize {
    let mut rows: Vec<Vec<String>> = table(page, "releases").into_iter().skip(1).collect();
    let ticks = |row: &[String], column: usize| number(&row[column]).unwrap_or(0);
    let sum = rows.pop().unwrap();
    assert!(sum[0].starts_with("in all"), "{sum:?}");
    let ledger = table(page, "ledger");
    let find = |name: &str| ledger.iter().find(|row| row[1].starts_with(name)).unwrap();
    let (opening, now) = (find("opening level"), find("now"));
    assert_eq!(number(&sum[3]), number(&now[2]), "the drift of the ledger");
    assert_eq!(ticks(&sum, 7), ticks(find("no single commit"), 2));
    assert_eq!(ticks(&sum, 6) + ticks(&sum, 7), ticks(&sum, 3), "{sum:?}");
    // Before the last new machine is another account.
    let machine = |row: &Vec<String>| row[0].contains("new machine: ");
    let own = rows.iter().position(machine).unwrap_or(rows.len());
    let (newest, oldest) = (&rows[0], &rows[own - 1]);
    assert_eq!(number(&newest[2]), number(&now[3]), "one present level");
    if !oldest[0].ends_with("earlier") {
        let first = ticks(oldest, 2) - ticks(oldest, 3);
        assert_eq!(Some(first), number(&opening[3]), "one opening level");
    }
    for column in [3, 6, 7] {
        let total: i64 = rows[..own].iter().map(|row| ticks(row, column)).sum();
        assert_eq!(total, ticks(&sum, column), "column {column}: {rows:?}");
    }
    for row in &rows {
        assert_eq!(ticks(row, 6) + ticks(row, 7), ticks(row, 3), "{row:?}");
    }
    for pair in rows.windows(2) {
        let (new, old) = (&pair[0], &pair[1]);
        if !machine(new) && !old[0].ends_with("earlier") {
            assert_eq!(ticks(old, 2) + ticks(new, 3), ticks(new, 2), "{pair:?}");
        }
    }
    rows.len()
}

proptest! {
    /// Whatever the levels, the noise, the machines and the releases, with a creep or without: the
    /// releases since the last new machine are the drift of the ledger, on the page and in the data.
    #[test]
    fn releases_always_add_up_to_the_ledger(
        cuts in prop::collection::btree_map(2_usize..198, (0.2_f64..9.0, prop::bool::weighted(0.2)), 0..8),
        tags in prop::collection::btree_set(1_usize..200, 1..45),
        creep in prop::option::of((0.9_f64..1.1, 0.9_f64..1.1)),
        noise in 0.0_f64..0.4,
    ) {
        let mut view = project();
        view.series.truncate(1);
        for (index, commit) in view.commits.iter_mut().enumerate() {
            commit.tags = tags.get(&index).map(|tag| format!("t{tag}")).into_iter().collect();
        }
        let series = &mut view.series[0];
        for (index, point) in series.points.iter_mut().enumerate() {
            point.value = 3e6 * (1.0 + noise * (index as f64 * 1.7).sin());
        }
        let bounds: Vec<usize> = [0].into_iter().chain(cuts.keys().copied()).chain([200]).collect();
        let levels: Vec<f64> = [3e6].into_iter().chain(cuts.values().map(|(l, _)| l * 1e6)).collect();
        let template = series.regimes[0];
        series.regimes = bounds.windows(2).zip(&levels)
            .map(|(ends, level)| RegimeView { first: ends[0], last: ends[1] - 1, level: *level, ..template })
            .collect();
        let template = series.changes[0].clone();
        series.changes = cuts.iter().zip(levels.windows(2))
            .map(|((at, (_, machine)), levels)| ChangeView {
                kind: if *machine {
                    ChangeKind::Machine { from: "old".to_owned(), to: "new".to_owned() }
                } else {
                    ChangeKind::Change
                },
                point: *at,
                commit: *at,
                before: levels[0],
                after: levels[1],
                ..template.clone()
            })
            .collect();
        let start = series.changes.iter().filter(|c| c.kind != ChangeKind::Change).map(|c| c.point).max();
        let start = start.unwrap_or(0);
        let (low, high) = creep.unwrap_or((1.0, 1.0));
        let opening = series.regimes.iter().find(|r| r.first >= start).unwrap().level * low;
        let now = levels[levels.len() - 1] * high;
        let entries: Vec<(usize, f64)> = series.changes.iter().enumerate()
            .filter(|(_, c)| c.point > start)
            .map(|(at, c)| (at, c.after - c.before))
            .collect();
        let explained: f64 = entries.iter().map(|(_, amount)| amount).sum();
        series.ledger = Some(LedgerView {
            opening, entries, unattributed: now - opening - explained, now, headroom: None,
        });
        series.level = Some(now);
        let files = files(&view);
        assert_releases_add_up(&files["s/search-latency-p95-1.html"]);
        let json: serde_json::Value = serde_json::from_str(&files["data/report.json"]).unwrap();
        let segments = json["series"][0]["segments"].as_array().unwrap();
        let own = segments.iter().rposition(|s| s["new_machine"] == true).map_or(0, |at| at + 1);
        prop_assert_eq!(segments[own]["opening"].as_f64(), Some(opening));
        prop_assert_eq!(segments[segments.len() - 1]["now"].as_f64(), Some(now));
        let value = |v: &serde_json::Value| v.as_f64().unwrap();
        let spent = |s: &serde_json::Value| {
            let steps = s["steps"].as_array().unwrap().iter().map(|step| value(&step["amount"]));
            steps.sum::<f64>() + value(&s["unattributed"])
        };
        let total: f64 = segments[own..].iter().map(spent).sum();
        prop_assert!((total - (now - opening)).abs() < 1e-3, "{} {}", total, now - opening);
        for pair in segments.windows(2) {
            prop_assert_eq!(&pair[0]["now"], &pair[1]["opening"]);
        }
        // Where nothing creeps there is nothing too small for a step.
        if creep.is_none() {
            for segment in &segments[own..] {
                prop_assert!(value(&segment["unattributed"]).abs() < 1e-3, "{}", segment);
            }
        }
    }
}

#[test]
fn a_regression_put_right_is_shown_and_costs_nothing() {
    let mut view = project();
    let series = &mut view.series[1];
    series.excursions = vec![excursion()];
    let files = files(&view);
    let page = &files["s/checkout-latency-p95-2.html"];
    assert!(page.contains("<path class=\"brief\""), "it is drawn");
    let words = text(page);
    assert!(
        words.contains("+20.0 % for 5 results, 277 ms instead of 231 ms: from "),
        "{words}"
    );
    let feature = text(&files["f/login.html"]);
    assert!(
        feature.contains("No budget of this feature is broken; 1 creeping up in small steps."),
        "{feature}"
    );
    let json: serde_json::Value = serde_json::from_str(&files["data/report.json"]).unwrap();
    let told = &json["series"][1]["excursions"][0];
    assert_eq!(told["begun"], view.commits[60].id.as_str());
    assert_eq!(told["results"], 5);
    let other = text(&files["s/search-latency-p95-1.html"]);
    assert!(!other.contains("Off the level and back"));
    let regressions = text(&files["regressions.html"]);
    assert!(
        regressions.contains("Put right again")
            && regressions.contains("checkout latency.p95 +20.0 % 277 ms instead of 231 ms"),
        "{regressions}"
    );
    let single = String::from_utf8(render_single(&view).unwrap()).unwrap();
    for words in [
        "Off the level and back",
        "By release",
        "plimsoll report -o DIR writes a page",
    ] {
        assert!(text(&single).contains(words), "{words}");
    }
    let ledger = plimsoll::report::ledger::ledger(&view, &[&view.series[1]]);
    assert!(ledger.contains("+20.0 %  for 5 results from"), "{ledger}");
}

#[test]
fn the_comparison_shows_what_changed_since_the_newest_release() {
    let view = project();
    let files = files(&view);
    let page = text(&files["compare.html"]);
    assert!(page.contains("v2.4 → main"), "{page}");
    // v2.4 is commit 180: checkout changed at 181, search at 192; three have no result at both.
    assert!(
        page.contains("2 series changed; 4 did not, and 3 cannot be compared"),
        "{page}"
    );
    assert!(
        page.contains("checkout latency.p95 324 ms 371 ms +14.5 % worse"),
        "{page}"
    );
    for words in [
        "export/csv time : no result at the second",
        "upload time : too noisy to tell",
        "suggest latency.p95 : too few results for a level",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let script = &files["data/levels.js"];
    let data = script
        .trim_start_matches("plimsoll(\"levels\",")
        .trim_end()
        .trim_end_matches(')');
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data.as_array().unwrap().len(), view.series.len());
    assert_eq!(
        data[1][3][1].as_array().unwrap().len(),
        6,
        "six levels of checkout"
    );
    let mut empty = view;
    empty.series.clear();
    empty.commits.clear();
    let page = text(&self::files(&empty)["compare.html"]);
    assert!(page.contains("No level changed in 0 series."), "{page}");
}

#[test]
fn a_level_past_its_limit_without_proof_is_not_soon() {
    let mut view = project();
    let series = &mut view.series[1];
    (series.state, series.used, series.breaks_in_days) = (State::Unproven, Some(1.04), None);
    let index = text(&files(&view)["index.html"]);
    assert!(
        index
            .contains("1 budget is broken, 1 is past its budget by a level that is not proven yet"),
        "{index}"
    );
    let after = index.split_once("✕ broken").unwrap().1;
    let row = after.split_once("± unproven checkout latency.p95").unwrap();
    assert!(
        !row.0.contains('↗'),
        "it comes right after what is broken: {index}"
    );
    assert!(row.1.contains("past it, not proven"), "{index}");
}

#[test]
fn the_rule_that_is_broken_is_named() {
    let mut view = project();
    (view.series[0].used, view.series[0].broken) = (Some(0.86), vec!["creep", "drift"]);
    let files = files(&view);
    let index = text(&files["index.html"]);
    assert!(
        index.contains("86 % +112 ms (+22.4 %) 92 d broken: creep, drift"),
        "{index}"
    );
    let json: serde_json::Value = serde_json::from_str(&files["data/report.json"]).unwrap();
    assert_eq!(
        json["series"][0]["broken"],
        serde_json::json!(["creep", "drift"])
    );
}

#[test]
fn limits_that_judge_nothing_are_said() {
    let mut view = project();
    view.unmatched = vec!["search/gone".to_owned()];
    view.series.retain(|series| series.state == State::Ok);
    let files = files(&view);
    let index = text(&files["index.html"]);
    assert!(!index.contains("No budget is broken"), "{index}");
    assert!(
        index.contains("1 limit fits no series. 2 series are within"),
        "{index}"
    );
    assert!(
        index.contains(
            "Nothing that was measured fits search/gone: correct select , or record the benchmark."
        ),
        "{index}"
    );
    assert!(!files["index.html"].contains('`'), "code is marked as such");
}

/// A large report leaves out the long tables of what is fine and says where they are.
#[test]
fn a_large_report_is_short_about_what_is_fine() {
    let mut view = project();
    let fine = view.series[8].clone();
    for i in 0..1_000 {
        let mut series = fine.clone();
        series.slug = format!("fine-{i}");
        series.points.truncate(60);
        view.series.push(series);
    }
    let files = files(&view);
    assert!(files.contains_key("data/search-latency-p95-1.csv"));
    assert!(!files.contains_key("data/fine-7.csv"));
    let page = text(&files["s/fine-7.html"]);
    assert!(
        page.contains(
            "The newest 30 of 60 measured commits; plimsoll export csv writes all of them."
        ),
        "{page}"
    );
}

#[test]
fn one_point_and_no_point_are_drawn_or_said() {
    let mut view = project();
    let series = &mut view.series[6];
    series.points.truncate(1);
    series.points[0].runs.truncate(1);
    let page = &files(&view)["s/suggest-latency-p95-7.html"];
    assert!(page.contains("<path class=\"run\""), "{page}");

    let series = &mut view.series[6];
    series.points.clear();
    series.level = None;
    let files = files(&view);
    let page = text(&files["s/suggest-latency-p95-7.html"]);
    assert!(
        page.contains("There is no measurement to draw yet."),
        "{page}"
    );
}

#[test]
fn values_that_are_not_finite_do_not_reach_a_page() {
    let mut view = project();
    for series in &mut view.series {
        for point in series.points.iter_mut().step_by(3) {
            point.value = f64::NAN;
            point.runs = vec![f64::INFINITY, f64::NAN];
        }
        for regime in &mut series.regimes {
            regime.low = f64::NAN;
        }
        series.noise = Some(f64::NAN);
        series.used = Some(f64::INFINITY);
    }
    for (path, page) in files(&view) {
        if path.ends_with(".html") {
            let page = text(&page);
            assert!(
                !page.contains("NaN") && !page.contains("inf "),
                "{path}: {page}"
            );
        }
    }
}

#[test]
fn the_ledger_adds_up_exactly_as_shown() {
    let view = project();
    let files = files(&view);
    for series in view.series.iter().filter(|series| series.ledger.is_some()) {
        let rows = table(&files[&format!("s/{}.html", series.slug)], "ledger");
        let amount = |row: &Vec<String>| number(&row[2]);
        let find = |name: &str| rows.iter().find(|row| row[1].starts_with(name)).unwrap();
        let opening = number(&find("opening level")[3]).unwrap();
        let now = number(&find("now")[3]).unwrap();
        let end = rows.iter().position(|row| row[1] == "now").unwrap();
        let sum: i64 = rows[2..end].iter().filter_map(amount).sum();
        assert_eq!(opening + sum, now, "{}", series.slug);
        assert_eq!(amount(&rows[end]), Some(sum), "{}", series.slug);
        if let Some(budget) = series.budget {
            let left = rows
                .iter()
                .find(|row| row[1] == "headroom left" || row[1] == "over the budget")
                .unwrap();
            let shown = number(&find("budget")[3]).unwrap();
            assert_eq!(
                now + amount(left).unwrap(),
                shown,
                "{} {budget}",
                series.slug
            );
        }
    }
}

#[test]
fn the_feed_is_well_formed_and_its_ids_stay() {
    let id = |feed: &str| -> Vec<String> {
        let parts = feed.split("<id>").skip(1);
        parts
            .map(|part| part.split("</id>").next().unwrap().to_owned())
            .collect()
    };
    let view = project();
    let files_now = files(&view);
    let feed = &files_now["regressions.xml"];
    let ids = id(feed);
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(ids.len(), unique.len());
    assert!(
        ids.len() > 5
            && ids
                .iter()
                .all(|id| id.starts_with("urn:uuid:") && id.len() == 45)
    );
    assert!(
        feed.contains("checkout latency.p95 +14.5 % (+12.5 … +16.5): Bump serde to 1.0.228"),
        "{feed}"
    );
    for name in ["feed", "entry", "title", "content", "author", "updated"] {
        let open = feed.matches(&format!("<{name}")).count();
        assert_eq!(open, feed.matches(&format!("</{name}>")).count(), "{name}");
    }
    // A later report has the same entries under the same ids.
    let mut later = view.clone();
    later.now = "2026-11-25T08:00:00Z".parse().unwrap();
    assert_eq!(id(&files(&later)["regressions.xml"]), ids);
    // Accepted changes are listed as such, better ones are not.
    let page = text(&files_now["regressions.html"]);
    assert!(
        page.contains("accepted checkout latency.p95 +16.7 %"),
        "{page}"
    );
    assert!(!page.contains("cart latency.p95"), "{page}");
}

#[test]
fn a_change_keeps_its_own_suspects_where_others_narrow_the_group() {
    let mut view = project();
    let words = "by itself it may be any of 25 commits";
    assert!(!files(&view)["regressions.html"].contains("by itself"));
    let is_worse = |change: &ChangeView| change.kind == ChangeKind::Change && !change.improved;
    let of = |series: &SeriesView| series.changes.iter().position(is_worse);
    let with: Vec<usize> = (0..view.series.len())
        .filter(|at| of(&view.series[*at]).is_some())
        .collect();
    let narrow = of(&view.series[with[0]]).map(|at| view.series[with[0]].changes[at].clone());
    let narrow = narrow.unwrap();
    let at = of(&view.series[with[1]]).unwrap();
    let wide = &mut view.series[with[1]].changes[at];
    wide.commit = narrow.commit;
    wide.suspects = (narrow.commit - 12..=narrow.commit + 12).collect();
    let files = files(&view);
    for name in ["regressions.html", "regressions.xml"] {
        assert!(
            text(&files[name]).contains(words),
            "{name}: {}",
            text(&files[name])
        );
    }
}

#[test]
fn no_number_is_compared_across_machines() {
    let files = files(&project());
    let rows = table(&files["s/index-build-time-6.html"], "releases");
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap();
    // The machine changed at commit 120, v2.3 is commit 135.
    assert_eq!(row("v2.3 new machine: nobody spent this")[3..5], ["", ""]);
    assert_eq!(row("v2.3 compare")[3], "0.00 µs");
    assert_eq!(
        row("v2.3 before the new machine compare")[2],
        "38.20 µs",
        "{rows:?}"
    );
}

const TAGS: &str = "!DOCTYPE html head meta title link script body header footer main section article \
     p b a code small span br h1 h2 h3 ul ol li dl div dt dd table thead tbody tr th td form label \
     input button select option datalist nav fieldset legend output figure figcaption details summary time svg path text \
     ?xml feed id updated author entry";

const ATTRIBUTES: &str = "lang charset http-equiv content name rel href src defer class id hidden type \
     value checked scope title autocomplete aria-hidden aria-label role viewBox width height \
     preserveAspectRatio d x y dy text-anchor html data-first data-width data-points data-commits data-levels data-tip list name aria-current role \
     visibility min max version encoding xmlns";

/// Fails where a page holds an element or attribute that no template writes, or leads somewhere
/// unexpected.
fn assert_tame(path: &str, html: &str) {
    let known = |list: &str, name: &str| list.split_whitespace().any(|known| known == name);
    for part in html.split('<').skip(1) {
        let (tag, rest) = part.split_once('>').unwrap();
        assert!(!rest.contains('>'), "{path}: a bare > in {part}");
        let tag = tag.trim_start_matches('/').trim_end_matches('/');
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(known(TAGS, name), "{path}: <{name}>");
        while let Some(name) = attributes
            .split(['=', ' '])
            .next()
            .filter(|name| !name.is_empty())
        {
            assert!(known(ATTRIBUTES, name), "{path}: {name} in <{tag}>");
            attributes = &attributes[name.len()..];
            if let Some(rest) = attributes.strip_prefix("=\"") {
                let (value, rest) = rest.split_once('"').unwrap();
                if matches!(name, "href" | "src") {
                    let value = value.replace("&#x2f;", "/");
                    let local = [
                        "../",
                        "s/",
                        "f/",
                        "data/",
                        "assets/",
                        "#c",
                        "#s-",
                        "data:,",
                        "regressions.",
                        "index.",
                        "compare.html",
                    ];
                    let web = value.starts_with("https://example.org/acme/shop/commit/");
                    assert!(
                        web || local.iter().any(|l| value.starts_with(l)),
                        "{path}: {value}"
                    );
                }
                attributes = rest;
            }
            attributes = attributes.trim_start();
        }
    }
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!html.contains(bad), "{path} holds control characters");
}

#[test]
fn hostile_text_stays_text_everywhere() {
    for attack in HOSTILE {
        for (path, content) in files(&hostile(attack)) {
            if path.ends_with(".html") {
                assert_tame(&path, &content);
                assert!(
                    !content.contains("49}"),
                    "a template was run from data in {path}"
                );
            } else if path.ends_with(".json") {
                assert!(!content.contains('<'), "{path}");
                serde_json::from_str::<serde_json::Value>(&content).unwrap();
            } else if path.ends_with(".csv") {
                let mut reader = csv::Reader::from_reader(content.as_bytes());
                for cell in reader
                    .records()
                    .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                {
                    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                    assert!(!formula || cell.parse::<f64>().is_ok(), "{path}: {cell}");
                }
            }
        }
    }
}

#[test]
fn honest_text_is_tame_too() {
    for (path, content) in files(&project()) {
        if path.ends_with(".html") {
            assert_tame(&path, &content);
            assert!(
                content.contains("default-src 'none'"),
                "{path} has no policy"
            );
        }
    }
}

#[test]
fn one_file_holds_the_overview_and_what_is_not_fine() {
    let page = String::from_utf8(render_single(&project()).unwrap()).unwrap();
    assert_tame("single", &without_embedded(&page));
    for link in page.split("href=\"").skip(1) {
        let link = link.split('"').next().unwrap();
        let id = link.strip_prefix('#').map(|id| format!("id=\"{id}\""));
        let web = link.starts_with("https:") || link == "data:,";
        assert!(
            web || id.is_some_and(|id| page.contains(&id)),
            "{link} leads nowhere"
        );
    }
    assert!(!page.contains("src="), "nothing is loaded");
    let words = text(&without_embedded(&page));
    for part in [
        "1 budget is broken",
        "opening level, 2026-08-21 212.0 ms",
        "✕ broken 612 ms is over",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(
        !page.contains("id=\"s-cart-latency-p95-9\""),
        "what is fine has no section"
    );
    for attack in HOSTILE {
        let page = String::from_utf8(render_single(&hostile(attack)).unwrap()).unwrap();
        assert_tame("single", &without_embedded(&page));
    }
}

/// A page without its own style and script.
fn without_embedded(page: &str) -> String {
    let mut page = page.to_owned();
    for name in ["style", "script"] {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        assert_eq!(page.matches(&start).count(), 1);
        let from = page.find(&start).unwrap();
        let to = page.find(&end).unwrap() + end.len();
        page.replace_range(from..to, "");
    }
    page
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever was recorded, there is a page, and it adds up to nothing that is no number.
    #[test]
    fn any_values_can_be_drawn(
        values in prop::collection::vec(prop_oneof![
            3 => any::<f64>(),
            2 => -1e3..1e3f64,
            1 => Just(0.0),
        ], 1..40),
        budget in any::<Option<f64>>(),
        higher in any::<bool>(),
    ) {
        let mut view = project();
        view.series.truncate(1);
        let series = &mut view.series[0];
        if higher {
            series.direction = Some(plimsoll::model::Direction::Higher);
        }
        series.points.truncate(values.len());
        for (point, value) in series.points.iter_mut().zip(&values) {
            point.value = *value;
            point.runs = vec![*value, value / 2.0];
        }
        series.regimes.truncate(1);
        series.regimes[0].last = values.len() - 1;
        series.regimes[0].level = values[0];
        series.regimes[0].low = -values[0];
        series.level = Some(values[0]);
        series.budget = budget;
        series.used = budget.map(|budget| values[0] / budget);
        series.noise = Some(values[0]);
        series.breaks_in_days = Some((values[0], values[0] - 1.0, values[0] + 1.0));
        let ledger = series.ledger.as_mut().unwrap();
        ledger.opening = values[0];
        ledger.now = values[values.len() - 1];
        ledger.entries[0].1 = ledger.now - ledger.opening;
        for (path, page) in files(&view) {
            if path.ends_with(".html") {
                assert_tame(&path, &page);
                prop_assert!(!page.contains("NaN"), "{}", path);
            }
        }
    }
}

#[test]
fn a_page_needs_a_safe_name_of_its_own() {
    for slug in ["", "../up", "a/b", "a b", ".hidden", "a\"b"] {
        let mut view = project();
        view.series[0].slug = slug.to_owned();
        assert!(matches!(render(&view), Err(ReportError::Slug(_))), "{slug}");
    }
    let mut view = project();
    view.series[0].slug = view.series[1].slug.to_uppercase();
    assert!(matches!(render(&view), Err(ReportError::Slug(_))));
}

/// Bytes of a text that is sent with gzip.
fn packed(text: &str) -> usize {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
    writer.finish().unwrap().len()
}

#[test]
fn pages_stay_small() {
    // 200 series, one page each.
    let mut view = project();
    let some = view.series.clone();
    view.series = (0..200)
        .map(|i| {
            let mut series = some[i % some.len()].clone();
            series.slug = format!("{}-{i}", series.slug);
            series
        })
        .collect();
    let size = files(&view)["index.html"].len();
    assert!(
        size <= 200 * 1_000 + 20_000,
        "the overview of 200 series has {size} bytes"
    );

    // Many more: the most urgent are listed.
    let mut few = view.series.clone();
    for series in &mut few {
        series.points.truncate(5);
        series.regimes.clear();
        series.changes.clear();
        series.ledger = None;
    }
    for i in 0..5 {
        view.series.extend(few.iter().cloned().map(|mut series| {
            series.slug = format!("{}-{i}", series.slug);
            series
        }));
    }
    let pages = files(&view);
    assert!(pages["index.html"].len() <= 1_020_000);
    let first = text(&pages["index.html"]);
    assert!(
        first.contains("Series 1 to 1,000 of 1,200, the most urgent first. 1 2"),
        "{first}"
    );
    let second = text(&pages["index.2.html"]);
    assert!(
        second.contains("Series 1,001 to 1,200 of 1,200"),
        "{second}"
    );
    let rows = |path: &str| pages[path].matches("<tr><td><span class=\"state").count();
    assert_eq!((rows("index.html"), rows("index.2.html")), (1_000, 200));

    // 1,000 points of three runs each.
    let mut view = project();
    view.commits = commits(1_000);
    view.series.truncate(2);
    for series in &mut view.series {
        let points = series.points.clone();
        series.points = (0..1_000)
            .map(|commit| {
                let mut point = points[commit / 5].clone();
                point.commit = commit;
                point.runs.rotate_left(commit % 3);
                point
            })
            .collect();
        for regime in &mut series.regimes {
            regime.first *= 5;
            regime.last = regime.last * 5 + 4;
        }
    }
    for series in &view.series {
        let size = files(&view)[&format!("s/{}.html", series.slug)].len();
        assert!(size <= 60_000, "{} has {size} bytes", series.slug);
    }
    let script = packed(&files(&view)["assets/report.js"]);
    assert!(script <= 6_000, "the script has {script} bytes, packed");
}

#[test]
fn single_files_of_a_theme_can_be_replaced() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let theme = Theme::with([
        file(
            "regressions.html",
            "{{ frame.project }}: {{ changed.groups|length }} regressions",
        ),
        file("assets/report.css", "body { color: teal }"),
    ])
    .unwrap();
    let mut files = BTreeMap::new();
    theme
        .render_each(&hostile("<b>"), |path, content| {
            files.insert(path, String::from_utf8(content).unwrap());
            Ok::<(), ReportError>(())
        })
        .unwrap();
    assert_eq!(files["regressions.html"], "&lt;b&gt;: 15 regressions");
    assert_eq!(files["assets/report.css"], "body { color: teal }");
    assert!(files["index.html"].starts_with("<!DOCTYPE html>"));
    let page = String::from_utf8(theme.render_single(&project()).unwrap()).unwrap();
    assert!(page.contains("<style>body { color: teal }</style>"));

    let unknown = Theme::with([file("indx.html", "")])
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("`indx.html`") && unknown.contains("index.html"),
        "{unknown}"
    );
    let broken = Theme::with([file("index.html", "{% if %}")]).unwrap_err();
    assert!(matches!(broken, ReportError::Template(_)), "{broken}");
    let missing = Theme::with([file("index.html", "{{ nothing }}")]).unwrap();
    let error = missing.render_each(&project(), |_, _| Ok::<(), ReportError>(()));
    assert!(matches!(error, Err(ReportError::Template(_))));
    let escaping = Theme::with([file("assets/report.js", "'</script>'")]).unwrap();
    let error = escaping.render_single(&project());
    assert!(matches!(
        error,
        Err(ReportError::NotEmbeddable("assets/report.js"))
    ));
}
