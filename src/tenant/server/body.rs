//! Reading request bodies: counted, bounded, never copied while they come.
//!
//! A body must say its length first, so that memory can be set aside before anything is read. A slow link has time,
//! but a minute without a byte ends it, and so does a pace at which it would hold its memory for hours. The pieces stay as they came; a pack is hashed on the
//! way, in runs that are long enough for the wide kernels of BLAKE3.

use super::problem::Trouble;
use super::shared::{Shared, block};
use crate::digest::Digest;
use crate::{Code, Error};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

/// How long a body may stand still.
const STALL: Duration = Duration::from_mins(1);
/// What every body may take, however small it is.
const PATIENCE: Duration = Duration::from_mins(5);
/// The slowest link, in bytes per second, that a large body is given time for beyond that.
const SLOWEST: u64 = 32 << 10;
/// The largest JSON body.
pub(super) const JSON_BYTES: u64 = 32 << 20;
/// Pieces of this length are hashed where they lie; shorter ones are gathered first.
const HASH_DIRECT: usize = 64 << 10;
/// How much is gathered.
const HASH_RUN: usize = 128 << 10;

/// The length that a request announces.
pub(super) fn length(request: &HttpRequest) -> Result<u64, Trouble> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    announced.ok_or_else(|| {
        Trouble::new(StatusCode::LENGTH_REQUIRED, Code::TenantRefused, "the request does not say how long its body is")
            .hint("send `Content-Length`")
            .closing()
    })
}

/// A body in memory.
pub(super) struct Body {
    pub(super) parts: Vec<Bytes>,
    pub(super) length: u64,
    /// Its digest, if that was asked for.
    pub(super) digest: Option<Digest>,
}

impl Body {
    /// Reads a body of exactly `length` bytes.
    pub(super) async fn read(payload: web::Payload, length: u64, hash: bool) -> Result<Self, Trouble> {
        let mut parts = Vec::new();
        let mut hasher = hash.then(RunHasher::new);
        each(payload, length, |part| {
            if let Some(hasher) = &mut hasher {
                hasher.update(&part);
            }
            parts.push(part);
        })
        .await?;
        Ok(Self { parts, length, digest: hasher.map(RunHasher::finish) })
    }

    /// A copy of a part of it.
    pub(super) fn range(&self, range: Range<u64>) -> Option<Vec<u8>> {
        if range.start > range.end || range.end > self.length {
            return None;
        }
        let mut copy = Vec::with_capacity((range.end - range.start) as usize);
        let mut start = 0;
        for part in &self.parts {
            let end = start + part.len() as u64;
            if end > range.start && start < range.end {
                let from = range.start.saturating_sub(start) as usize;
                let to = (range.end.min(end) - start) as usize;
                copy.extend_from_slice(&part[from..to]);
            }
            start = end;
        }
        Some(copy)
    }
}

/// Hands on the parts of a body of exactly `length` bytes as they come.
async fn each(mut payload: web::Payload, length: u64, mut take: impl FnMut(Bytes)) -> Result<(), Trouble> {
    let mut got = 0;
    let end = Instant::now() + PATIENCE + Duration::from_secs(length / SLOWEST);
    while let Some(part) =
        timeout_at(end.min(Instant::now() + STALL), payload.next()).await.map_err(|_| stalled(got, length))?
    {
        let part = part.map_err(|_| short(got, length))?;
        got += part.len() as u64;
        take(part);
    }
    if got == length { Ok(()) } else { Err(short(got, length)) }
}

/// Reads a body and keeps nothing of it; gives its length.
pub(super) async fn drop_all(payload: web::Payload, length: u64) -> Result<u64, Trouble> {
    each(payload, length, drop).await?;
    Ok(length)
}

/// Reads a JSON body. The memory is for what was made of it as well: keep it as long as that.
pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
    shared: &Shared,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<(T, OwnedSemaphorePermit), Trouble> {
    let length = length(request)?;
    if length > JSON_BYTES {
        return Err(Trouble::too_large(format!("the body has {length} bytes, at most {JSON_BYTES} are taken"))
            .hint("send smaller batches")
            .closing());
    }
    let memory = shared.memory(length).await?;
    let body = Body::read(payload, length, false).await?;
    let parse = move || -> Result<T, String> {
        match body.parts.as_slice() {
            [one] => serde_json::from_slice(one),
            parts => serde_json::from_slice(&parts.concat()),
        }
        .map_err(|cause| cause.to_string())
    };
    // Large batches take milliseconds: not on the worker.
    let parsed = if length > 64 << 10 { block(move || Ok(parse())).await? } else { parse() };
    let parsed = parsed.map_err(|cause| Trouble::bad_request(format!("the body cannot be understood: {cause}")))?;
    Ok((parsed, memory))
}

fn stalled(got: u64, length: u64) -> Trouble {
    let title = format!("the body came too slowly: {got} of {length} bytes");
    Trouble::new(StatusCode::REQUEST_TIMEOUT, Code::TenantRefused, title).closing()
}

fn short(got: u64, length: u64) -> Trouble {
    Trouble::bad_request(format!("the body ended after {got} of {length} bytes")).closing()
}

/// A hasher that is fed in long runs.
struct RunHasher {
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
}

impl RunHasher {
    fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), gathered: Vec::new() }
    }

    fn update(&mut self, part: &[u8]) {
        if self.gathered.is_empty() && part.len() >= HASH_DIRECT {
            self.hasher.update(part);
            return;
        }
        self.gathered.extend_from_slice(part);
        if self.gathered.len() >= HASH_RUN {
            self.hasher.update(&self.gathered);
            self.gathered.clear();
        }
    }

    fn finish(mut self) -> Digest {
        self.hasher.update(&self.gathered);
        self.hasher.finalize().into()
    }
}

/// A pack or another thing is not what it should be.
pub(super) fn invalid(title: impl Into<String>) -> Trouble {
    Error::new(Code::PackInvalid, title).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_across_pieces() {
        let bytes: Vec<u8> = (0..100).collect();
        let parts = bytes.chunks(7).map(Bytes::copy_from_slice).collect();
        let body = Body { parts, length: 100, digest: None };
        for (start, end) in [(0, 0), (0, 8), (6, 8), (3, 99), (93, 100), (100, 100)] {
            assert_eq!(body.range(start..end).unwrap(), bytes[start as usize..end as usize]);
        }
        assert!(body.range(90..101).is_none());
    }

    #[test]
    fn the_length_of_the_pieces_does_not_change_the_digest() {
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n * 7) as u8).collect();
        for length in [1000, 50_000, 70_000, 300_000] {
            let mut hasher = RunHasher::new();
            bytes.chunks(length).for_each(|part| hasher.update(part));
            assert_eq!(hasher.finish(), Digest::of(&bytes));
        }
    }
}
