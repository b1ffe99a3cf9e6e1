//! The description of the protocol for other programs, made from the types and handlers themselves.

use super::{content, database, items, mails, metrics, migration, packs, people, probe, receipt};
use actix_web::HttpResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "omt tenant", description = "The receiving side of a migration. Repeating any call is safe."),
    paths(
        migration::tenant, probe::probe, migration::open, migration::commit, packs::known, packs::put, items::accept, items::verify,
        items::list, items::missing, content::content, people::put, people::get, mails::get, database::put, database::state,
        database::manifest, receipt::receipt, metrics::metrics, health, document
    ),
    modifiers(&Ticket)
)]
struct Api;

struct Ticket;

impl Modify for Ticket {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let ticket =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("the ticket of a tenant")).build();
        api.components.get_or_insert_default().add_security_scheme("ticket", SecurityScheme::Http(ticket));
    }
}

/// Gives this document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "service", responses((status = 200)))]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok().json(Api::openapi())
}

/// Tells that the server answers.
#[utoipa::path(get, path = "/v1/health", tag = "service", responses((status = 200)))]
pub(super) async fn health() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}
