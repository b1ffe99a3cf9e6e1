//! The content of one item, for a spot check.
//!
//! The bytes are hashed while they go out. The last chunk is held back until the hash is known to be right, so
//! that a reader can never take a wrong content for a whole one: it gets all, or a broken connection.

use super::problem::Trouble;
use super::shared::block;
use super::ticket::Caller;
use crate::item::Key;
use crate::tenant::catalogue::{self, HeldItem, Located};
use crate::tenant::held::Tenant;
use crate::tenant::protocol::Problem;
use crate::tenant::reading::{Fetched, Opener, Reader};
use crate::{Code, Error, Result};
use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use std::sync::Arc;

/// Gives the content of an item.
#[utoipa::path(
    get, path = "/v1/migrations/{migration}/items/{item}/content", tag = "items", security(("ticket" = [])),
    params(("migration" = String, Path), ("item" = String, Path, description = "`document/17` or `template/4/NO`")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem))
)]
pub(super) async fn content(caller: Caller, request: HttpRequest) -> Result<HttpResponse, Trouble> {
    let part = |name| request.match_info().get(name).unwrap_or_default();
    caller.migration(part("migration"))?;
    let mut name = format!("{}/{}", part("kind"), part("id"));
    if let Some(language) = request.match_info().get("language") {
        name = format!("{name}/{language}");
    }
    let key: Key = name.parse().map_err(|_| Trouble::not_found(format!("`{name}` is no item")))?;
    let tenant = caller.tenant;
    let looked = tenant.clone();
    let found = block(move || find(&looked, key)).await?;
    let (held, chunks) = found.ok_or_else(|| Trouble::not_found(format!("`{name}` is not here")))?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/octet-stream");
    response.insert_header((header::ETAG, format!("\"{}\"", held.entry.blake3)));
    let size = held.entry.size;
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(response.body(SizedStream::new(size, futures_util::stream::empty::<Result<Bytes>>())));
    }
    let sender = block(move || Sender::new(&tenant, held, chunks)).await?;
    let stream = futures_util::stream::try_unfold(sender, |mut sender| async move {
        let step = actix_web::web::block(move || sender.next().map(|bytes| bytes.map(|bytes| (bytes, sender)))).await;
        step.map_err(|cause| Error::new(Code::Internal, "a piece of work was dropped").because(cause))
            .flatten()
            // Whoever reads sees a broken connection; the log says why.
            .inspect_err(|error| tracing::error!(error = error.chain(), "a content could not be given"))
    });
    Ok(response.body(SizedStream::new(size, Box::pin(stream))))
}

/// The item and its chunks; `None` if it is not here, or not completely.
fn find(tenant: &Tenant, key: Key) -> Result<Option<(HeldItem, Vec<Located>)>> {
    tenant.catalogue.read(|reader| {
        let Some(held) = catalogue::item(reader, key)? else { return Ok(None) };
        let names = held.entry.chunk_names();
        let mut chunks = Vec::with_capacity(names.len());
        for name in names {
            let Some(chunk) = catalogue::locate(reader, name)? else { return Ok(None) };
            chunks.push(chunk);
        }
        Ok(Some((held, chunks)))
    })
}

/// Gives one chunk after the other.
struct Sender {
    reader: Reader,
    opener: Opener,
    held: HeldItem,
    chunks: Arc<[Located]>,
    at: usize,
    hasher: blake3::Hasher,
}

impl Sender {
    fn new(tenant: &Tenant, held: HeldItem, chunks: Vec<Located>) -> Result<Self> {
        let (reader, opener) = (Reader::new(&tenant.objects), Opener::new()?);
        Ok(Self { reader, opener, held, chunks: chunks.into(), at: 0, hasher: blake3::Hasher::new() })
    }

    fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(chunk) = self.chunks.get(self.at) else { return Ok(None) };
        let differs = || {
            Error::new(Code::VerificationFailed, format!("`{}` is not what its manifest says", self.held.entry.item))
        };
        let runs = self.reader.plan(std::slice::from_ref(chunk));
        let Fetched::Bytes(bytes) = self.reader.read(&runs, 0)? else { return Err(differs()) };
        let raw = runs[0].part(bytes, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
        let raw = raw.ok_or_else(differs)?;
        self.hasher.update(raw);
        self.at += 1;
        if self.at == self.chunks.len() && self.hasher.finalize() != *self.held.entry.blake3.as_bytes() {
            return Err(differs());
        }
        Ok(Some(Bytes::copy_from_slice(raw)))
    }
}
