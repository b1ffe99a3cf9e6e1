//! How the mails of a migration stand.

use super::problem::Trouble;
use super::shared::{Shared, block};
use super::ticket::Caller;
use crate::tenant::protocol::{Mails, Problem};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The longest that an answer waits.
const PATIENCE: u64 = 30;

/// How long the caller wants to wait.
#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    wait: u64,
}

/// Tells how many mails were sent, wait or were refused, and why. With `wait=SECONDS` the answer waits so long for the last
/// one to be sent, as long as nothing is in the way.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/mails", tag = "people", security(("ticket" = [])),
    params(("migration" = String, Path), ("wait" = Option<u64>, Query)),
    responses((status = 200, body = Mails), (status = "4XX", body = Problem))
)]
pub(super) async fn get(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    wish: web::Query<Wish>,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let mut rounds = shared.post.rounds();
    let end = tokio::time::Instant::now() + Duration::from_secs(wish.wait.min(PATIENCE));
    loop {
        rounds.mark_unchanged();
        let (post, tenant) = (Arc::clone(&shared.post), Arc::clone(&caller.tenant));
        let mails = block(move || post.state(&tenant)).await?;
        let moves = mails.server && mails.waiting > 0 && mails.trouble.is_none();
        if !moves || tokio::time::timeout_at(end, rounds.changed()).await.is_err() {
            return Ok(HttpResponse::Ok().json(mails));
        }
    }
}
