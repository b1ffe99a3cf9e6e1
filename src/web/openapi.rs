//! The description of the API for other programs, made from the types and the handlers themselves.
//!
//! Queries share one handler, so that their paths come from [`QUERIES`]; a test holds that list against the queries there are.

use super::problem::Problem;
use super::{api, events};
use crate::stdio::open_parts;
use crate::wizard;
use actix_web::HttpResponse;
use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "omt wizard",
        description = "The wizard's logic without a screen: everything that a person can do, for other front ends. On this machine only; \
                       every call shows the token that the server printed when it started."
    ),
    paths(api::health, api::command, events::events),
    components(schemas(wizard::View, wizard::Command, wizard::Query, wizard::Numbered, Problem)),
    modifiers(&Token)
)]
struct Api;

struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("the token that the server printed when it started, as the fragment of its address"))
            .build();
        api.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// A query as a path: its name, what it gives, its parameters with their kind, the kind of its answer.
type Line = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

/// Every query.
const QUERIES: [Line; 13] = [
    ("view", "The view: the step, what may be done now, what stands in the way, the data of the step.", &[], "view"),
    (
        "users",
        "A page of the users that a filter finds.",
        &[("filter", "string"), ("plan", "string"), ("skip", "integer"), ("limit", "integer")],
        "json",
    ),
    ("plans", "The columns of the plan board: each plan with used and available.", &[], "json"),
    ("user-problems", "What is wrong with plans and user names, each with the users on both sides.", &[], "json"),
    ("suggestions", "Which plans the licences of the installation suggest, with the reason.", &[], "json"),
    ("users-table", "Plans and user names as a table.", &[], "text/csv"),
    ("checks", "What the checks said last, and what has changed since the time before.", &[], "json"),
    (
        "left",
        "A page of the documents that did not come.",
        &[("outcome", "string"), ("filter", "string"), ("skip", "integer"), ("limit", "integer")],
        "json",
    ),
    ("report", "The report on the last run, as `json`, `text` or `html`.", &[("form", "string")], "json"),
    ("mail", "Mailboxes, forwarding, DNS.", &[], "json"),
    ("receipt", "The tenant's receipt, byte for byte.", &[], "json"),
    ("journal", "What was decided and changed, in order.", &[("after", "integer"), ("limit", "integer")], "json"),
    ("help", "What each field, command, check and outcome is, and why it is asked.", &[], "json"),
];

/// The description.
#[must_use]
pub fn document() -> Value {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    if let Some(definitions) = document.pointer_mut("/components/schemas") {
        open_parts(definitions);
    }
    for (name, gives, parameters, kind) in QUERIES {
        document["paths"][format!("/api/v1/{name}")] = json!({ "get": operation(name, gives, parameters, kind) });
    }
    document
}

fn operation(name: &str, gives: &str, parameters: &[(&str, &str)], kind: &str) -> Value {
    let problem = |description: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
    };
    let content = match kind {
        "view" => json!({ "application/json": { "schema": { "$ref": "#/components/schemas/View" } } }),
        "json" => json!({ "application/json": { "schema": {} } }),
        mime => json!({ mime: { "schema": { "type": "string" } } }),
    };
    let parameter = |(name, kind): &(&str, &str)| json!({ "name": name, "in": "query", "required": false, "schema": { "type": kind } });
    json!({
        "tags": ["queries"],
        "operationId": name,
        "summary": gives,
        "parameters": parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": {
            "200": { "description": gives, "content": content },
            "400": problem("a parameter cannot be understood"),
            "401": problem("the token is missing or wrong"),
            "409": problem("not now, and why"),
        },
        "security": [{ "token": [] }],
    })
}

/// Gives this document.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wizard::Query;

    #[test]
    fn the_list_of_queries_is_the_queries_there_are() {
        // The error of an unknown query names those that there are.
        let error = serde_json::from_value::<Query>(json!({ "query": "?" })).unwrap_err().to_string();
        let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        let mut listed: Vec<&str> = QUERIES.iter().map(|line| line.0).collect();
        assert_eq!(known.len(), listed.len(), "{error}");
        listed.retain(|name| !known.contains(name));
        assert!(listed.is_empty(), "{listed:?}");
        for (name, _, parameters, _) in QUERIES {
            let mut object = json!({ "query": name });
            for (parameter, kind) in parameters {
                object[*parameter] = if *kind == "integer" { json!(1) } else { json!("x") };
            }
            serde_json::from_value::<Query>(object).unwrap();
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, document: &Value) {
            match value {
                Value::Object(object) => {
                    if let Some(to) = object.get("$ref").and_then(Value::as_str) {
                        let place = to.strip_prefix('#').unwrap();
                        assert!(document.pointer(place).is_some(), "{to} leads nowhere");
                    }
                    object.values().for_each(|value| walk(value, document));
                }
                Value::Array(values) => values.iter().for_each(|value| walk(value, document)),
                _ => {}
            }
        }
        let document = document();
        walk(&document, &document);
        assert!(document["paths"].as_object().unwrap().len() > QUERIES.len());
    }
}
