//! Chunks and packs.

use super::body::{self, Body};
use super::problem::Trouble;
use super::shared::{Counters, Shared, block};
use super::ticket::Caller;
use crate::digest::Digest;
use crate::pack::{Contents, Index};
use crate::tenant::protocol::{ChunkList, Landed, Problem};
use actix_web::{HttpRequest, HttpResponse, web};
use object_store::PutPayload;

/// Tells which of these chunks are here.
#[utoipa::path(
    post, path = "/v1/migrations/{migration}/chunks/known", tag = "content", security(("ticket" = [])),
    params(("migration" = String, Path)), request_body = ChunkList,
    responses((status = 200, body = ChunkList), (status = "4XX", body = Problem))
)]
pub(super) async fn known(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    caller.migration(&path)?;
    let (asked, _memory) = body::json::<ChunkList>(&shared, &request, payload).await?;
    let chunks = block(move || caller.tenant.known(&asked.chunks)).await?;
    Ok(HttpResponse::Ok().json(ChunkList { chunks }))
}

/// Takes a pack. Nothing of it is visible unless all of it is right.
#[utoipa::path(
    put, path = "/v1/migrations/{migration}/packs/{blake3}", tag = "content", security(("ticket" = [])),
    params(("migration" = String, Path), ("blake3" = String, Path, description = "BLAKE3 of the whole pack")),
    request_body(content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Landed), (status = 411, body = Problem), (status = 413, body = Problem),
        (status = 422, body = Problem), (status = 507, body = Problem)
    )
)]
pub(super) async fn put(
    shared: web::Data<Shared>,
    caller: Caller,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Trouble> {
    let (migration, name) = path.into_inner();
    caller.migration(&migration)?;
    let name: Digest = name.parse().map_err(|_| Trouble::bad_request("a pack is named by 64 hexadecimal digits"))?;
    let limits = caller.tenant.card().limits;
    let length = body::length(&request)?;
    if length > limits.pack_bytes {
        return Err(Trouble::too_large(format!(
            "the pack has {length} bytes, at most {} are taken",
            limits.pack_bytes
        ))
        .closing());
    }
    let memory = shared.memory(length).await?;
    let body = Body::read(payload, length, true).await?;
    if body.digest != Some(name) {
        return Err(body::invalid("the pack holds other bytes than its name says"));
    }
    let index = Index::read_from_parts(length, |range| body.range(range), limits.chunk_bytes)?;
    if index.contents != Contents::Items {
        return Err(body::invalid("a client sends packs of items, no manifests"));
    }
    let tenant = caller.tenant;
    // On a task of its own: a client that goes away now must not leave a pack that no row names.
    let landing = actix_web::rt::spawn(async move {
        // The memory is free when the bytes are gone, not when the client is.
        let _memory = memory;
        let (asked, entries) = (tenant.clone(), index.entries);
        let (there, entries) = block(move || Ok((asked.has_pack(&name, &entries)?, entries))).await?;
        if there {
            return Ok(Landed { chunks: entries.len() as u32, new: 0 });
        }
        let payload: PutPayload = body.parts.into_iter().collect();
        tenant.objects.put(&tenant.objects.pack_path(&name), payload).await?;
        block(move || tenant.land(&name, length, &entries)).await
    });
    let landed = landing.await.map_err(|_| Trouble::internal())??;
    Counters::add(&shared.counters.packs, 1);
    Counters::add(&shared.counters.pack_bytes, length);
    Ok(HttpResponse::Ok().json(landed))
}
