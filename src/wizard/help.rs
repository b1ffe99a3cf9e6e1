//! What each field, check and outcome is, and why it is asked: taken from where it is defined.
//!
//! Fields of commands are described by the comments on [`Command`](super::Command), which also become the schema; checks by
//! their catalogue. So a text is written once, and every face shows the same.

use crate::checks::catalogue;
use crate::item::Outcome;
use crate::report::meaning;
use serde_json::{Map, Value};

/// All texts, by keys such as `confirm.email`, `check.people.no-address` and `outcome.missing`.
pub(super) fn texts() -> Value {
    let mut texts = Map::new();
    let schemas = crate::stdio::schemas();
    for variant in schemas["$defs"]["Command"]["oneOf"].as_array().into_iter().flatten() {
        add_command(&schemas, variant, &mut texts);
    }
    for check in catalogue() {
        texts.insert(format!("check.{}", check.id), format!("{}. Why it matters: {}", check.title, check.why).into());
    }
    for outcome in Outcome::ALL {
        texts.insert(format!("outcome.{outcome}"), meaning(outcome).into());
    }
    Value::Object(texts)
}

/// The fields of one command, through the parts it is made of.
fn add_command(schemas: &Value, variant: &Value, texts: &mut Map<String, Value>) {
    let (mut name, mut fields) = (None, Vec::new());
    let mut parts = vec![variant];
    let mut about = variant["description"].as_str();
    while let Some(part) = parts.pop() {
        if let Some(to) = part["$ref"].as_str().and_then(|to| to.strip_prefix("#/$defs/")) {
            parts.push(&schemas["$defs"][to]);
            continue;
        }
        about = about.or(part["description"].as_str());
        parts.extend(part["allOf"].as_array().into_iter().flatten());
        for (field, schema) in part["properties"].as_object().into_iter().flatten() {
            match schema["description"].as_str() {
                _ if field == "command" => name = schema["enum"][0].as_str(),
                Some(text) => fields.push((field, text)),
                None => {}
            }
        }
    }
    let Some(name) = name else { return };
    if let Some(about) = about {
        texts.insert(name.to_owned(), about.into());
    }
    for (field, text) in fields {
        texts.insert(format!("{name}.{field}"), text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_a_person_fills_in_has_a_text() {
        let texts = texts();
        for key in [
            "accept",
            "locate.folder",
            "log-on.user",
            "confirm.email",
            "confirm.mode",
            "waive.why",
            "notify.summary",
            "limit.rate",
        ] {
            assert!(texts[key].as_str().is_some_and(|text| text.len() > 8), "{key}: {}", texts[key]);
        }
        assert!(texts["outcome.missing"].is_string());
        assert!(texts.as_object().unwrap().keys().filter(|key| key.starts_with("check.")).count() > 80);
    }
}
