//! Items: manifest entries, proofs, lists.

use super::body;
use super::problem::Trouble;
use super::shared::{Counters, Shared, block};
use super::ticket::Caller;
use crate::item::{Key, Outcome};
use crate::tenant::catalogue;
use crate::tenant::protocol::{AbsentPage, Finding, HeldEntry, Items, Page, Problem, Verdict, Verdicts, Verify};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// Entries of a page, unless asked otherwise.
const PAGE: usize = 1000;
/// The most entries of a page.
const LARGEST_PAGE: usize = 10_000;

/// Takes a batch of manifest entries.
#[utoipa::path(
    post, path = "/v1/migrations/{migration}/items", tag = "items", security(("ticket" = [])),
    params(("migration" = String, Path)), request_body = Items,
    responses((status = 200, body = Verdicts), (status = "4XX", body = Problem))
)]
pub(super) async fn accept(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (items, memory) = body::json::<Items>(&shared, &request, payload).await?;
    bounded(&caller, items.entries.len() + items.absent.len() + items.withdrawn.len())?;
    if items.absent.iter().any(|absent| absent.outcome == Outcome::Verified) {
        return Err(Trouble::bad_request("an item that is absent cannot be verified"));
    }
    // A batch that only stores costs little; a proof reads and hashes.
    let proof = if items.verify { Some(shared.proof().await?) } else { None };
    let verdicts = finish((memory, proof), move || caller.tenant.accept(&items)).await?;
    Ok(answer(&shared, verdicts))
}

/// Re-reads and re-hashes items from the store.
#[utoipa::path(
    post, path = "/v1/migrations/{migration}/verify", tag = "items", security(("ticket" = [])),
    params(("migration" = String, Path)), request_body = Verify,
    responses((status = 200, body = Verdicts), (status = "4XX", body = Problem))
)]
pub(super) async fn verify(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (asked, memory) = body::json::<Verify>(&shared, &request, payload).await?;
    bounded(&caller, asked.items.len())?;
    let proof = shared.proof().await?;
    let verdicts = finish((memory, proof), move || caller.tenant.verify(&asked.items, asked.deep)).await?;
    Ok(answer(&shared, verdicts))
}

/// Does the work to its end, also for a client that goes away; the permits are free when it is done.
async fn finish<P: Send + 'static, T: Send + 'static>(
    permits: P,
    work: impl FnOnce() -> crate::Result<T> + Send + 'static,
) -> Result<T, Trouble> {
    block(move || {
        let _permits = permits;
        work()
    })
    .await
}

fn bounded(caller: &Caller, count: usize) -> Result<(), Trouble> {
    let limit = caller.tenant.card().limits.batch_items as usize;
    if count > limit {
        return Err(Trouble::too_large(format!("the batch has {count} items, at most {limit} are taken"))
            .hint("send smaller batches"));
    }
    Ok(())
}

fn answer(shared: &Shared, verdicts: Vec<Verdict>) -> HttpResponse {
    let count = |finding| verdicts.iter().filter(|verdict| verdict.finding == finding).count() as u64;
    Counters::add(&shared.counters.proven, count(Finding::Verified));
    Counters::add(&shared.counters.different, count(Finding::Different));
    HttpResponse::Ok().json(Verdicts { verdicts })
}

/// Which part of a list is asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Cursor {
    /// The last key of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Key>,
    /// How many at most.
    limit: Option<usize>,
}

impl Cursor {
    fn read(request: &HttpRequest) -> Result<(Option<Key>, usize), Trouble> {
        let cursor = web::Query::<Self>::from_query(request.query_string())
            .map_err(|cause| Trouble::bad_request(format!("the query cannot be understood: {cause}")))?;
        Ok((cursor.after, cursor.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE)))
    }
}

/// Lists what the tenant holds.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/items", tag = "items", security(("ticket" = [])),
    params(("migration" = String, Path), Cursor),
    responses((status = 200, body = Page), (status = "4XX", body = Problem))
)]
pub(super) async fn list(
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (after, limit) = Cursor::read(&request)?;
    // One more than asked for tells whether there is another page.
    let mut held =
        block(move || caller.tenant.catalogue.read(|reader| catalogue::page(reader, after, limit + 1))).await?;
    let more = held.len() > limit;
    held.truncate(limit);
    let next = held.last().filter(|_| more).map(|held| held.entry.item);
    let entries = held.into_iter().map(|held| HeldEntry { entry: held.entry, verified: held.proof > 0 }).collect();
    Ok(HttpResponse::Ok().json(Page { entries, next }))
}

/// Lists items without content.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/missing", tag = "items", security(("ticket" = [])),
    params(("migration" = String, Path), Cursor),
    responses((status = 200, body = AbsentPage), (status = "4XX", body = Problem))
)]
pub(super) async fn missing(
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (after, limit) = Cursor::read(&request)?;
    let mut absent =
        block(move || caller.tenant.catalogue.read(|reader| catalogue::absent_page(reader, after, limit + 1))).await?;
    let more = absent.len() > limit;
    absent.truncate(limit);
    let next = absent.last().filter(|_| more).map(|absent| absent.item);
    Ok(HttpResponse::Ok().json(AbsentPage { absent, next }))
}
