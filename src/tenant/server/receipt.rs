//! The receipt, as it was signed.

use super::problem::Trouble;
use super::shared::block;
use super::ticket::Caller;
use crate::tenant::protocol::Problem;
use actix_web::{HttpResponse, web};

/// Gives the receipt that was made last: JSON whose every byte counts.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/receipt", tag = "migration", security(("ticket" = [])),
    params(("migration" = String, Path)),
    responses((status = 200, content_type = "application/json"), (status = 404, body = Problem))
)]
pub(super) async fn receipt(caller: Caller, path: web::Path<String>) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let receipt = block(move || {
        caller.tenant.refresh()?;
        caller.tenant.receipt()
    })
    .await?;
    let receipt = receipt.ok_or_else(|| {
        Trouble::not_found("there is no receipt yet").hint("it is made when the tenant accepts a migration")
    })?;
    Ok(HttpResponse::Ok().content_type("application/json").body(receipt))
}
