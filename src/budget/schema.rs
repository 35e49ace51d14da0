//! JSON schemas (draft-07) of the file formats, for editors: made from the description that the parser
//! reads by, so they cannot know other keys than it does.

use super::format::{BUDGET, SETTINGS, Section, Shape};
use serde_json::{Map, Value, json};

/// The schema of `budgets/NAME.toml`.
#[must_use]
pub fn budget_schema() -> Value {
    document(&BUDGET, "plimsoll budget")
}

/// The schema of `plimsoll.toml`.
#[must_use]
pub fn settings_schema() -> Value {
    document(&SETTINGS, "plimsoll settings")
}

fn document(section: &Section, title: &str) -> Value {
    let mut schema = object(section);
    if let Value::Object(entries) = &mut schema {
        entries.insert(
            "$schema".to_owned(),
            json!("http://json-schema.org/draft-07/schema#"),
        );
        entries.insert("title".to_owned(), json!(title));
    }
    schema
}

fn object(section: &Section) -> Value {
    let mut properties = Map::new();
    for key in section.keys {
        let mut value = shape(key.shape);
        if let Value::Object(entries) = &mut value {
            entries.insert("description".to_owned(), json!(key.about));
        }
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<&str> = section
        .keys
        .iter()
        .filter(|key| key.needed)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": section.about,
        "properties": properties,
        "additionalProperties": false,
    });
    if let (false, Value::Object(entries)) = (required.is_empty(), &mut schema) {
        entries.insert("required".to_owned(), json!(required));
    }
    schema
}

fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Text | Shape::Pattern => json!({ "type": "string", "minLength": 1 }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Quantity => json!({
            "anyOf": [
                { "type": "string", "pattern": r"^\s*[+-]?[0-9][0-9_.]*([eE][+-]?[0-9]+)?\s*[^0-9,]*$" },
                { "type": "number" },
            ]
        }),
        Shape::Percent => {
            json!({ "type": "string", "pattern": r"^\s*[+-]?[0-9][0-9_.]*([eE][+-]?[0-9]+)?\s*%\s*$" })
        }
        Shape::Number => json!({ "type": "number" }),
        Shape::Signed => json!({
            "anyOf": [
                { "type": "string", "pattern": r"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$" },
                { "type": "number" },
            ]
        }),
        Shape::Whole(least) => json!({ "type": "integer", "minimum": least }),
        Shape::Flag => json!({ "type": "boolean" }),
        // TOML has dates of its own, which editors hand over as text.
        Shape::Date => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Tags => {
            json!({ "type": "object", "additionalProperties": { "type": "string", "minLength": 1 } })
        }
        Shape::Table(section) => object(section),
        Shape::Tables(section) => {
            json!({ "type": "array", "minItems": 1, "items": object(section) })
        }
    }
}
