//! What lines look like, as JSON Schema, and `docs/api.md` made of it.

use super::{Message, Request};
use crate::wizard::{Command, Event, Query, View};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(components(schemas(Request, Message, Command, Query, View, Event)))]
struct Lines;

/// The schema (JSON Schema 2020-12) of requests, commands, queries, messages, view and events, by name under `$defs`.
#[must_use]
pub fn schemas() -> Value {
    let document = serde_json::to_value(Lines::openapi()).unwrap_or_default();
    let mut definitions = document.pointer("/components/schemas").cloned().unwrap_or_default();
    open_parts(&mut definitions);
    // The same types are described for HTTP, where definitions have another place.
    let text = definitions.to_string().replace("#/components/schemas/", "#/$defs/");
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "omt front ends",
        "$defs": serde_json::from_str::<Value>(&text).unwrap_or_default(),
    })
}

/// The fields of these types stand beside the name of their command, so that alone they are not all there is.
pub(crate) fn open_parts(definitions: &mut Value) {
    for part in ["Contact", "Places"] {
        if let Some(definition) = definitions.get_mut(part).and_then(Value::as_object_mut) {
            definition.remove("additionalProperties");
        }
    }
}

/// A table of the variants of a tagged type: name, fields, what it does.
fn table(schemas: &Value, of: &str, tag: &str) -> String {
    let mut text = format!("| {tag} | fields | what |\n|---|---|---|\n");
    let variants = schemas["$defs"][of]["oneOf"].as_array().cloned().unwrap_or_default();
    for variant in variants {
        let (name, what, fields) = describe(schemas, &variant, tag);
        let fields = if fields.is_empty() { "–".to_owned() } else { fields.join("<br>") };
        text.push_str(&format_row(&name, &fields, &what));
    }
    text
}

fn format_row(name: &str, fields: &str, what: &str) -> String {
    format!("| `{name}` | {fields} | {what} |\n")
}

/// Name, description and fields of a variant, through the parts it is made of.
fn describe(schemas: &Value, variant: &Value, tag: &str) -> (String, String, Vec<String>) {
    let mut name = String::new();
    let mut what = text_of(variant);
    let mut fields = Vec::new();
    let mut parts = vec![variant.clone()];
    while let Some(part) = parts.pop() {
        if let Some(to) = part["$ref"].as_str().and_then(|to| to.strip_prefix("#/$defs/")) {
            parts.push(schemas["$defs"][to].clone());
            continue;
        }
        if what.is_empty() {
            what = text_of(&part);
        }
        parts.extend(part["allOf"].as_array().cloned().unwrap_or_default());
        let required: Vec<&str> = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, schema) in part["properties"].as_object().into_iter().flatten() {
            if field == tag {
                schema["enum"][0].as_str().unwrap_or_default().clone_into(&mut name);
            } else {
                let optional = if required.contains(&field.as_str()) { "" } else { "?" };
                fields.push(format!("`{field}`{optional} {}", text_of(schema)));
            }
        }
    }
    (name, what, fields)
}

fn text_of(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|").trim().to_owned()
}

/// `docs/api.md`.
#[must_use]
pub fn document() -> String {
    let schemas = schemas();
    let pretty = serde_json::to_string_pretty(&schemas).unwrap_or_default();
    format!(
        "{}\n## Commands\n\n{}\n## Queries\n\n{}\n## Events\n\n{}\n## Schema\n\nJSON Schema 2020-12; `Request` is a line to `omt`, `Message` a line from it.\n\n```json\n{pretty}\n```\n",
        INTRODUCTION,
        table(&schemas, "Command", "command"),
        table(&schemas, "Query", "query"),
        table(&schemas, "Event", "event"),
    )
}

const INTRODUCTION: &str = include_str!("introduction.md");

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn docs_page() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
        if std::env::var_os("OMT_UPDATE_DOCS").is_some() {
            std::fs::write(&path, document()).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            written == document(),
            "docs/api.md is not what the types say: run OMT_UPDATE_DOCS=1 cargo test docs_page"
        );
    }

    #[test]
    fn every_command_query_and_event_is_in_the_tables() {
        let document = document();
        for word in ["`accept`", "`log-on`", "`upload`", "`users-table`", "`progress`", "`gap`", "`waive`"] {
            assert!(document.contains(&format!("| {word} |")), "{word}");
        }
        assert!(!document.contains("| `` |"), "a variant has no name");
    }
}
