//! The JSON schemas of the file formats: committed for editors, made from what the parser reads by.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot read its document fails; it is asked to write by the environment"
)]

use serde_json::Value;
use std::path::Path;

/// Compares with the committed file; `UPDATE_SCHEMAS=1` writes it.
fn committed(name: &str, schema: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/schemas")
        .join(name);
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text,
        "run UPDATE_SCHEMAS=1 cargo test --test schemas"
    );
}

#[test]
fn the_committed_schemas_are_those_of_the_parser() {
    committed("budget.schema.json", &plimsoll::budget::budget_schema());
    committed("settings.schema.json", &plimsoll::budget::settings_schema());
}

/// Every key that a document uses is in the schema, at its place.
fn known(schema: &Value, document: &toml::Value, place: &str) {
    match document {
        toml::Value::Table(entries) => {
            for (key, value) in entries {
                let place = format!("{place}.{key}");
                let inner = schema["properties"]
                    .get(key)
                    .or(schema
                        .get("additionalProperties")
                        .filter(|other| other.is_object()))
                    .unwrap_or_else(|| panic!("the schema does not know {place}"));
                known(inner, value, &place);
            }
        }
        toml::Value::Array(items) => {
            items
                .iter()
                .for_each(|item| known(&schema["items"], item, place));
        }
        _ => {}
    }
}

#[test]
fn parser_and_schema_know_the_same_keys() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("docs/budgets.md")).unwrap();
    let (_, rest) = text.split_once("## A file\n```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let today = jiff::civil::date(2026, 11, 21);
    let (budget, findings) = plimsoll::budget::parse(Path::new("checkout.toml"), example, today);
    assert!(budget.is_some() && findings.is_empty(), "{findings:?}");
    known(
        &plimsoll::budget::budget_schema(),
        &toml::from_str(example).unwrap(),
        "checkout",
    );
    // What the schema does not know the parser refuses, at every table.
    let schema = plimsoll::budget::budget_schema();
    let limit = &schema["properties"]["limit"]["items"];
    assert_eq!(limit["additionalProperties"], false);
    for key in limit["properties"].as_object().unwrap().keys() {
        let text = format!("[[limit]]\n{key} = \"\"\n");
        let (_, findings) = plimsoll::budget::parse(Path::new("x.toml"), &text, today);
        assert!(
            findings
                .iter()
                .all(|f| f.code != "unknown-key" && f.code != "rule-not-yet"),
            "{key}: {findings:?}"
        );
    }
}
