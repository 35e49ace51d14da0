//! `plimsoll export` as its user runs it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use support::{Project, at};

/// Lines of CSV without commit ids and machine, which differ from place to place.
fn table(text: &str) -> String {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let keep = |i: usize| header[i] != "commit" && header[i] != "machine";
    let round = |cell: String| match cell.parse::<f64>() {
        Ok(number) if cell.contains('.') && number.abs() > 10.0 => format!("{number:.0}"),
        Ok(number) if cell.contains('.') => format!("{number:.3}"),
        _ => cell,
    };
    let line = |cells: Vec<String>| {
        let kept: Vec<String> = cells
            .into_iter()
            .enumerate()
            .filter(|(i, _)| keep(*i))
            .map(|(_, c)| round(c))
            .collect();
        kept.join(" | ") + "\n"
    };
    let mut out = line(header.clone());
    for record in reader.records() {
        out += &line(record.unwrap().iter().map(str::to_owned).collect());
    }
    out
}

#[test]
fn every_point_with_what_is_known_of_it() {
    let mut project = Project::new();
    project.budget("parser", support::PARSE);
    project.history(8, &[("parse", 100.0)]);
    project.history(7, &[("parse", 130.0)]);
    let said = project.plimsoll(&["export", "csv", "parser"]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(table(&said.out));
    let lines = project.plimsoll(&["export", "ndjson", "parse:time"]);
    let rows: Vec<serde_json::Value> = lines
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 15);
    assert_eq!(at(&rows[0], "schema"), "plimsoll.point/1");
    assert_eq!(at(&rows[0], "verdict"), "within");
    assert_eq!(at(&rows[14], "verdict"), "over");
    assert_eq!(at(&rows[14], "commit").as_str().unwrap().len(), 40);
    let all = project.plimsoll(&["export", "ndjson"]);
    assert_eq!(all.out.lines().count(), 15 * 7, "seven metrics a benchmark");
    let some = project.plimsoll(&["export", "ndjson", "*:cpu.*"]);
    assert_eq!(some.out.lines().count(), 15 * 2);
}

#[test]
fn a_file_is_written_and_a_name_that_is_unknown_is_trouble() {
    let mut project = Project::new();
    project.history(2, &[("parse", 100.0)]);
    let said = project.plimsoll(&["export", "csv", "parse:time", "-o", "points.csv"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    assert!(
        said.err.contains("wrote 2 points of 1 series"),
        "{}",
        said.err
    );
    let text = std::fs::read_to_string(project.path("points.csv")).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert_eq!(project.plimsoll(&["export", "csv", "nothing"]).code, 2);
    assert_eq!(project.plimsoll(&["export", "csv", "nothing*"]).code, 2);
    assert_eq!(project.plimsoll(&["export", "xml"]).code, 2);
}

#[test]
fn a_name_that_looks_like_a_formula_is_text_in_csv_and_itself_elsewhere() {
    let mut project = Project::new();
    let name = "=HYPERLINK(\"http://x\",\"y\")";
    project.history(1, &[(name, 100.0)]);
    let csv = project.plimsoll(&["export", "csv"]).out;
    assert!(csv.contains("\"'=HYPERLINK(\"\"http"), "{csv}");
    let raw = project.plimsoll(&["export", "csv", "--raw"]).out;
    assert!(raw.contains("\"=HYPERLINK(\"\"http"), "{raw}");
    let json = project.plimsoll(&["export", "ndjson"]).out;
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(at(&first, "benchmark"), name);
}

#[test]
fn what_is_not_in_order_is_not_exported_and_that_is_said() {
    let mut project = Project::new();
    project.history(1, &[("parse", 100.0)]);
    let file = project.hyperfine(&[("parse", 100.0)]);
    project.plimsoll(&[
        "record",
        "--commit",
        &"cd".repeat(20),
        file.to_str().unwrap(),
    ]);
    let said = project.plimsoll(&["export", "ndjson", "parse:time"]);
    assert_eq!(said.code, 0);
    assert!(
        said.err
            .contains("1 runs belong to commits that are not on"),
        "{}",
        said.err
    );
}
