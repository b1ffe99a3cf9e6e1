//! Measuring the way to here.

use super::body;
use super::problem::Trouble;
use super::ticket::Caller;
use crate::tenant::protocol::{Probed, Problem};
use actix_web::{HttpRequest, HttpResponse, web};

/// Reads a body to its end and drops it as it comes.
#[utoipa::path(
    post, path = "/v1/probe", tag = "tenant", security(("ticket" = [])),
    request_body(content_type = "application/octet-stream"),
    responses((status = 200, body = Probed), (status = 411, body = Problem), (status = 413, body = Problem))
)]
pub(super) async fn probe(
    caller: Caller,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    let length = body::length(&request)?;
    let most = caller.tenant.card().limits.pack_bytes;
    if length > most {
        return Err(Trouble::too_large(format!("the body has {length} bytes, at most {most} are taken")).closing());
    }
    let bytes = body::drop_all(payload, length).await?;
    Ok(HttpResponse::Ok().json(Probed { bytes }))
}
