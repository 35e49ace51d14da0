//! `plimsoll detect` as its user runs it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set up its scene fails"
)]

mod support;

use serde_json::Value;
use support::{Project, at};

fn csv(
    project: &Project,
    name: &str,
    columns: &[(&str, &dyn Fn(usize) -> String)],
    rows: usize,
) -> String {
    let mut text = columns.iter().map(|c| c.0).collect::<Vec<_>>().join(",");
    for i in 0..rows {
        text.push('\n');
        text.push_str(
            &columns
                .iter()
                .map(|c| (c.1)(i))
                .collect::<Vec<_>>()
                .join(","),
        );
    }
    project.write(name, &text).to_str().unwrap().to_owned()
}

fn noise(i: usize) -> f64 {
    ((i * 7919) % 101) as f64 / 101.0
}

fn lines(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn one_line_of_json_for_every_series_also_without_a_change() {
    let project = Project::new();
    let file = csv(
        &project,
        "hist.csv",
        &[
            ("Commit", &|i| format!("c{i}")),
            ("step", &|i| {
                format!("{}", noise(i) + if i < 40 { 100.0 } else { 110.0 })
            }),
            ("still", &|i| format!("{}", 50.0 + noise(i))),
            ("around zero", &|i| {
                format!("{}", noise(i) - 0.5 + if i < 30 { 0.0 } else { 9.0 })
            }),
        ],
        80,
    );
    let said = project.plimsoll(&["detect", "--format", "json", &file]);
    assert_eq!(said.code, 0, "{}", said.err);
    let found = lines(&said.out);
    assert_eq!(found.len(), 3);
    assert_eq!(at(&found[0], "schema"), "plimsoll.detect/1");
    assert_eq!(
        (at(&found[0], "name"), at(&found[0], "n")),
        (&"step".into(), &80.into())
    );
    assert_eq!(at(&found[0], "change_points/0/index"), 40);
    let effect = at(&found[0], "change_points/0/effect").as_f64().unwrap();
    assert!((effect - 0.1).abs() < 0.01);
    assert_eq!(at(&found[1], "change_points"), &Value::Array(Vec::new()));
    assert_eq!(at(&found[2], "scale"), "linear");
    assert_eq!(at(&found[2], "change_points/0/effect"), &Value::Null);
    assert!((at(&found[2], "change_points/0/diff").as_f64().unwrap() - 9.0).abs() < 0.5);
}

#[test]
fn ndjson_and_csv_may_be_mixed_and_missing_values_keep_their_place() {
    let project = Project::new();
    let values: Vec<String> = (0..60)
        .map(|i| {
            if i == 10 {
                "null".to_owned()
            } else {
                format!("{}", noise(i) + if i < 30 { 5.0 } else { 9.0 })
            }
        })
        .collect();
    let ndjson = project.write(
        "a.ndjson",
        &format!("{{\"name\":\"x\",\"values\":[{}]}}\n", values.join(",")),
    );
    let file = csv(
        &project,
        "b.csv",
        &[("value", &|i| format!("{}", 3.0 + noise(i)))],
        20,
    );
    let said = project.plimsoll(&[
        "detect",
        "--format",
        "json",
        ndjson.to_str().unwrap(),
        &file,
    ]);
    let found = lines(&said.out);
    assert_eq!(at(&found[0], "change_points/0/index"), 30);
    assert_eq!(at(&found[0], "n"), 60);
    assert_eq!(at(&found[1], "name"), "b");
}

#[test]
fn a_bad_cell_is_exit_2_with_file_and_place() {
    let project = Project::new();
    let file = project.write("h.csv", "index,value\n0,1.5\n1,fast\n");
    let said = project.plimsoll(&["detect", file.to_str().unwrap()]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("h.csv: line 3, column 2: `fast`"),
        "{}",
        said.err
    );
}

#[test]
fn every_history_of_the_corpus_is_read() {
    let Some(corpus) = std::env::var_os("PLIMSOLL_CORPUS") else {
        return;
    };
    let mut read = 0;
    let histories = std::path::Path::new(&corpus).join("histories");
    for set in std::fs::read_dir(histories)
        .unwrap()
        .flatten()
        .filter(|set| set.path().is_dir())
    {
        for file in std::fs::read_dir(set.path()).unwrap().flatten() {
            if file.path().extension().is_some_and(|ext| ext == "csv") {
                let bytes = std::fs::read(file.path()).unwrap();
                let series = plimsoll::formats::read_series(&file.path(), &bytes, false).unwrap();
                assert_eq!(series.len(), 1, "{}", file.path().display());
                assert!(series[0].values.iter().any(|v| v.is_finite()));
                read += 1;
            }
        }
    }
    assert!(read > 500, "only {read} histories were read");
}
