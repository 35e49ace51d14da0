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

/// Whether a document is what a schema says, as far as the schema of measurements goes: types,
/// keys, constants, choices, shortest lengths.
fn valid(schema: &Value, document: &Value) -> bool {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let own = match document {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |wanted: &&str| *wanted == own || *wanted == "number" && own == "integer";
    let choice = |choices: &Value| {
        choices
            .as_array()
            .is_none_or(|choices| choices.contains(document))
    };
    let least = |key: &str, has: f64| schema[key].as_f64().is_none_or(|least| has >= least);
    let inside = match document {
        Value::Object(map) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let mut required = required.filter_map(Value::as_str);
            required.all(|key| map.contains_key(key))
                && map.iter().all(|(key, value)| {
                    match (&schema["properties"][key], &schema["additionalProperties"]) {
                        (Value::Null, Value::Bool(false)) => false,
                        (Value::Null, other) => valid(other, value),
                        (own, _) => valid(own, value),
                    }
                })
        }
        Value::Array(items) => {
            least("minItems", items.len() as f64)
                && items.iter().all(|item| valid(&schema["items"], item))
        }
        Value::String(text) => least("minLength", text.chars().count() as f64),
        Value::Number(number) => least("minimum", number.as_f64().unwrap()),
        _ => true,
    };
    (types.is_empty() || types.iter().any(fits))
        && choice(&schema["enum"])
        && (schema["const"].is_null() || schema["const"] == *document)
        && inside
}

/// Whether plimsoll reads it as its own JSON.
fn is_read(document: &Value) -> bool {
    let options = plimsoll::formats::Options {
        from: Some("plimsoll".to_owned()),
        ..Default::default()
    };
    let bytes = document.to_string();
    plimsoll::formats::read_bytes(Path::new("x"), bytes.as_bytes(), &options).is_ok()
}

/// Every place in a document.
fn places(document: &Value, at: String, out: &mut Vec<String>) {
    let key = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match document {
        Value::Object(map) => map
            .iter()
            .for_each(|(k, v)| places(v, format!("{at}/{}", key(k)), out)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, v)| places(v, format!("{at}/{i}"), out)),
        _ => {}
    }
    if !at.is_empty() {
        out.push(at);
    }
}

#[test]
fn the_schema_of_measurements_is_what_the_reader_takes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let schema = read("docs/schemas/measurements.json");
    let whole = serde_json::json!({
        "schema": "plimsoll.measurements/1",
        "files": [],
        "measurements": [{
            "benchmark": "parse", "metric": "time", "value": 2.5, "unit": "ns",
            "direction": "lower", "tags": {"size": "10"}, "n": 3, "samples": [1.0, 2.5, 4.0],
            "source_metric": "median", "source_unit": "ns"
        }],
        "failures": [{"benchmark": "sort", "reason": "it crashed", "tags": {"size": "10"}}]
    });
    let fixture = read("tests/fixtures/formats/plimsoll/handmade-measurements.json");
    let mut broken = 0;
    for right in [&whole, &fixture] {
        assert!(valid(&schema, right) && is_read(right), "{right:#}");
        let mut all = Vec::new();
        places(right, String::new(), &mut all);
        for place in all {
            let (parent, key) = place.rsplit_once('/').unwrap();
            let mut variants = Vec::new();
            for other in [
                Value::Null,
                true.into(),
                "12".into(),
                "".into(),
                12.into(),
                0.into(),
                0.5.into(),
                serde_json::json!([]),
                serde_json::json!({}),
            ] {
                let mut changed = right.clone();
                *changed.pointer_mut(&place).unwrap() = other;
                variants.push(changed);
            }
            if let Some(Value::Object(map)) = right.pointer(parent) {
                let mut without = map.clone();
                without.remove(key);
                let mut misspelt = without.clone();
                misspelt.insert(format!("{key}s"), map[key].clone());
                for map in [without, misspelt] {
                    let mut changed = right.clone();
                    *changed.pointer_mut(parent).unwrap() = map.into();
                    variants.push(changed);
                }
            }
            for changed in variants {
                let says = valid(&schema, &changed);
                broken += u32::from(!says);
                // What only numbers together can say: a count that is not that of the samples, a
                // value that is not their median, and that something is in the file.
                let empty = changed["measurements"] == serde_json::json!([])
                    && changed["failures"].as_array().is_none_or(Vec::is_empty);
                let sampled = changed
                    .pointer(parent)
                    .is_some_and(|m| m["samples"].is_array());
                let counted = place.contains("/n")
                    || place.contains("/samples")
                    || place.ends_with("/value") && sampled;
                if says && (empty || counted) {
                    continue;
                }
                assert_eq!(is_read(&changed), says, "{place}: {changed:#}");
            }
        }
    }
    assert!(broken > 100, "{broken}");
}
