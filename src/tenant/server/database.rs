//! The customer's database: what it is to be, and how it stands.
//!
//! Building takes as long as it takes, so nobody waits for it on a connection: an answer comes at once when the state is final, and
//! otherwise after a little while, in which most databases become ready.

use super::body;
use super::problem::Trouble;
use super::shared::{Shared, block};
use super::ticket::Caller;
use crate::tenant::held::Tenant;
use crate::tenant::protocol::{DatabaseManifest, DatabaseState, Problem};
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::Arc;
use std::time::Duration;

/// How long an answer waits for the state to become final.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes the manifest of the database and begins to build it. The same manifest again changes nothing, unless the database
/// could not be built: then it is tried again.
#[utoipa::path(
    put, path = "/v1/migrations/{migration}/database", tag = "database", security(("ticket" = [])),
    params(("migration" = String, Path)), request_body = DatabaseManifest,
    responses((status = 200, body = DatabaseState), (status = 409, body = Problem))
)]
pub(super) async fn put(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (manifest, _memory) = body::json::<DatabaseManifest>(&shared, &request, payload).await?;
    settle(&shared, caller.tenant, Some(manifest)).await
}

/// Tells how the database stands.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/database", tag = "database", security(("ticket" = [])),
    params(("migration" = String, Path)), responses((status = 200, body = DatabaseState), (status = "4XX", body = Problem))
)]
pub(super) async fn state(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    settle(&shared, caller.tenant, None).await
}

/// Gives the manifest that came last; `null` if there was none.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/database/manifest", tag = "database", security(("ticket" = [])),
    params(("migration" = String, Path)),
    responses((status = 200, body = Option<DatabaseManifest>), (status = "4XX", body = Problem))
)]
pub(super) async fn manifest(caller: Caller, path: web::Path<String>) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let manifest = block(move || caller.tenant.database_manifest()).await?;
    Ok(HttpResponse::Ok().json(manifest))
}

async fn settle(
    shared: &web::Data<Shared>,
    tenant: Arc<Tenant>,
    asked: Option<DatabaseManifest>,
) -> Result<HttpResponse, Trouble> {
    let looked = Arc::clone(&tenant);
    let to_build = block(move || looked.settle_database(asked)).await?;
    let mut states = tenant.database.watch();
    if let Some((goal, manifest)) = to_build {
        let shared = shared.clone();
        actix_web::rt::spawn(async move {
            // Only so many at once: whoever comes later is building, but waits.
            let _turn = shared.build().await;
            let work = move || {
                tenant.build_database(goal, &manifest);
                Ok(())
            };
            if let Err(trouble) = block(work).await {
                tracing::error!(%trouble, "a build was dropped");
            }
        });
    }
    let settled = |state: &Option<_>| !matches!(state, Some((_, DatabaseState::Building { .. })));
    // Too long is an answer too: it is being built.
    let _ = tokio::time::timeout(PATIENCE, states.wait_for(settled)).await;
    let state = states.borrow().as_ref().map_or(DatabaseState::Absent, |(_, state)| state.clone());
    Ok(HttpResponse::Ok().json(state))
}
