//! The tenant itself, and the life of its migration.

use super::body;
use super::problem::Trouble;
use super::shared::{Shared, block};
use super::ticket::Caller;
use crate::tenant::protocol::{Commit, Committed, Open, Opened, Problem, TenantInfo};
use actix_web::{HttpRequest, HttpResponse, web};

/// Tells who receives, and what is taken.
#[utoipa::path(
    get, path = "/v1/tenant", tag = "tenant", security(("ticket" = [])),
    responses((status = 200, body = TenantInfo), (status = 401, body = Problem))
)]
pub(super) async fn tenant(caller: Caller) -> Result<HttpResponse, Trouble> {
    // Plans may have been ordered a moment ago, by another process.
    let info = block(move || {
        let receipt_key = Some(caller.tenant.receipt_key()?.to_string());
        let database = caller.tenant.objects.place.home.kind();
        Ok(TenantInfo { database, receipt_key, ..caller.tenant.refresh()?.info() })
    });
    Ok(HttpResponse::Ok().json(info.await?))
}

/// Opens a migration, or another run of it.
#[utoipa::path(
    post, path = "/v1/migrations", tag = "migration", security(("ticket" = [])), request_body = Open,
    responses((status = 200, body = Opened), (status = 409, body = Problem))
)]
pub(super) async fn open(
    shared: web::Data<Shared>,
    caller: Caller,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    let (open, _) = body::json::<Open>(&shared, &request, payload).await?;
    let opened = block(move || caller.tenant.open_run(&open)).await?;
    Ok(HttpResponse::Ok().json(opened))
}

/// Accepts a migration, if both sides believe the same.
#[utoipa::path(
    post, path = "/v1/migrations/{migration}/commit", tag = "migration", security(("ticket" = [])),
    params(("migration" = String, Path)), request_body = Commit,
    responses((status = 200, body = Committed), (status = 409, body = Problem))
)]
pub(super) async fn commit(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (commit, _) = body::json::<Commit>(&shared, &request, payload).await?;
    let post = std::sync::Arc::clone(&shared.post);
    let committed = block(move || {
        let mut committed = caller.tenant.commit(&commit)?;
        post.wake();
        committed.mails = Some(post.state(&caller.tenant)?);
        Ok(committed)
    })
    .await?;
    Ok(HttpResponse::Ok().json(committed))
}
