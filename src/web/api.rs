//! The calls: one for commands, and one for each query.

use super::Shared;
use super::events;
use super::openapi;
use super::problem::Problem;
use crate::Code;
use crate::wizard::{Answer, Command, Query, View};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Parameters of queries that are numbers; everything else in an address is text.
const NUMBERS: [&str; 3] = ["skip", "limit", "after"];

pub(super) fn routes(app: &mut web::ServiceConfig) {
    app.route("/health", web::get().to(health))
        .route("/openapi.json", web::get().to(openapi::openapi))
        .route("/commands", web::post().to(command))
        .route("/events", web::get().to(events::events))
        .route("/{query}", web::get().to(query));
}

/// How a command is answered.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// Take the command when the work before it has ended, and answer when the work that it began has.
    #[serde(default)]
    wait: bool,
}

/// Tells that the server answers.
#[utoipa::path(get, path = "/api/v1/health", tag = "service", responses((status = 200, description = "`{\"status\":\"ok\"}`")))]
pub(super) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Does something, and gives the view after it. Most commands are taken at once; the work that they begin goes on
/// behind them (`busy` in the view), and its end is an event.
#[utoipa::path(
    post, path = "/api/v1/commands", tag = "wizard", params(How), request_body = Command,
    responses((status = 200, body = View), (status = 400, description = "no command", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "not now, and why", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "too long", body = Problem, content_type = "application/problem+json")),
    security(("token" = []))
)]
pub(super) async fn command(
    body: Result<Bytes, actix_web::Error>,
    how: web::Query<How>,
    shared: Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let body = body.map_err(|cause| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::CommandRefused, format!("the body cannot be taken: {cause}"))
    })?;
    let command: Command = serde_json::from_slice(&body).map_err(|cause| {
        Problem::new(StatusCode::BAD_REQUEST, Code::CommandRefused, format!("this is no command: {cause}"))
            .hint("`/api/v1/openapi.json` describes all of them under `Command`")
    })?;
    if how.wait {
        shared.front.settled().await;
    }
    let view = shared.front.command(command).await?;
    let view = if how.wait { shared.front.settled().await } else { view };
    Ok(HttpResponse::Ok().json(view))
}

/// Answers the query that the address names.
async fn query(request: HttpRequest, name: web::Path<String>, shared: Data<Shared>) -> Result<HttpResponse, Problem> {
    let query = read(&name, request.query_string())?;
    Ok(match shared.front.query(query).await? {
        Answer::Json(value) => HttpResponse::Ok().json(value),
        Answer::Text { mime, text } => HttpResponse::Ok().content_type(mime).body(text),
    })
}

/// An address as a query.
fn read(name: &str, parameters: &str) -> Result<Query, Problem> {
    let bad = |status, what: String| {
        Problem::new(status, Code::CommandRefused, what)
            .hint("`/api/v1/openapi.json` lists the queries with their parameters")
    };
    let parameters = web::Query::<Vec<(String, String)>>::from_query(parameters)
        .map_err(|cause| bad(StatusCode::BAD_REQUEST, format!("the parameters cannot be read: {cause}")))?;
    let mut object = Map::new();
    for (key, value) in parameters.into_inner() {
        let number = NUMBERS.contains(&key.as_str()).then(|| value.parse::<i64>().ok()).flatten();
        object.insert(key, number.map_or(Value::String(value), Value::from));
    }
    let known = object.keys().cloned().collect::<Vec<_>>();
    object.insert("query".into(), name.into());
    serde_json::from_value(Value::Object(object)).map_err(|cause| {
        let exists = serde_json::from_value::<Query>(json!({ "query": name })).is_ok();
        if exists {
            bad(StatusCode::BAD_REQUEST, format!("`{name}` does not take `{}`: {cause}", known.join("`, `")))
        } else {
            bad(StatusCode::NOT_FOUND, format!("there is no query `{name}`"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_query() {
        let query = read("users", "filter=role%3Aadmin+%C3%A6&skip=20&limit=5").unwrap();
        assert_eq!(query, Query::Users { filter: "role:admin æ".into(), plan: None, skip: 20, limit: 5 });
        assert_eq!(read("plans", "").unwrap(), Query::Plans);
        // A text that looks like a number stays a text.
        let query = read("left", "filter=12&outcome=missing").unwrap();
        assert_eq!(query, Query::Left { outcome: Some("missing".into()), filter: "12".into(), skip: 0, limit: 200 });
    }

    #[test]
    fn what_is_no_query_is_told() {
        assert_eq!(read("nothing", "").unwrap_err().status, 404);
        assert_eq!(read("users", "skip=many").unwrap_err().status, 400);
        assert_eq!(read("users", "skip=-1").unwrap_err().status, 400);
        assert_eq!(read("users", "query=plans").unwrap(), read("users", "").unwrap());
    }
}
