//! The HTML report, rendered from a seeded project.

#![allow(clippy::unwrap_used, reason = "a test helper")]

mod report_support;

use plimsoll::report::html::render;
use plimsoll::report::view::ReportView;
use report_support::project;
use std::collections::BTreeMap;

fn files(view: &ReportView) -> BTreeMap<String, String> {
    render(view)
        .unwrap()
        .into_iter()
        .map(|(path, content)| (path, String::from_utf8(content).unwrap()))
        .collect()
}

#[test]
fn a_report_has_a_page_for_everything() {
    let files = files(&project());
    for path in [
        "index.html",
        "s/search-latency-p95-1.html",
        "f/search.html",
        "data/report.json",
        "data/search-latency-p95-1.csv",
        "assets/report.css",
        "assets/report.js",
    ] {
        assert!(files.contains_key(path), "{path} is missing");
    }
}
