//! The chunker: names pieces, leaves out what the tenant has, squeezes the rest and bundles it into packs.

use super::assembly::{Assembly, Complete};
use super::budget::PackBuffers;
use super::claims::{Claim, Claims};
use super::port::{Closed, Port};
use super::stats::Stats;
use super::stop::Stop;
use super::uploader::Pack;
use super::verifier::Batch;
use crate::Result;
use crate::config::Squeeze;
use crate::digest::Digest;
use crate::ledger::{Reader, Record, Writer};
use crate::pack::squeeze::Squeezer;
use crate::pack::{Codec, Contents, ENTRY_BYTES, PackWriter};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// A piece of an item on its way from the hasher.
pub struct Piece {
    /// The item.
    pub item: Arc<Assembly>,
    /// Which piece.
    pub index: usize,
    /// The content.
    pub bytes: Vec<u8>,
    /// Its digest, where the hasher knows it because the piece is the whole item.
    pub name: Option<Digest>,
    /// The item is complete already: it is empty, or all its pieces landed before its end was known.
    pub complete: Option<Complete>,
    /// The room that the content takes.
    pub room: OwnedSemaphorePermit,
}

/// No more chunks than this in a pack: what is known of each takes memory until the tenant has proven it, and a million
/// tiny documents must not need more of it than thousands of usual ones.
const MOST_CHUNKS: usize = 4096;
/// A pack or a batch that has waited so long is sent although it is not full.
const IDLE: Duration = Duration::from_millis(500);
/// So many packs waiting for a lane mean that the link is the bottleneck.
const QUEUE: usize = 2;
/// Complete items that the tenant has the content of already, in one batch.
const BATCH: usize = 500;

/// What each chunking thread has.
pub struct Chunker {
    /// The size of a full pack.
    pub pack: usize,
    /// When to compress.
    pub squeeze: Squeeze,
    /// The level of compression.
    pub level: i32,
    /// Who brings what.
    pub claims: Arc<Claims>,
    /// Buffers for packs.
    pub buffers: PackBuffers,
    /// The ledger.
    pub writer: Writer,
    /// What has landed before.
    pub reader: Reader,
    /// Where packs go.
    pub uploader: Port<Pack>,
    /// Where items go whose content is at the tenant already.
    pub verifier: Port<Batch>,
    /// The runtime of the ports.
    pub runtime: Handle,
    /// The figures.
    pub stats: Arc<Stats>,
    /// Whether to stop.
    pub stop: Stop,
}

/// The pack that is being filled.
struct Open {
    writer: PackWriter,
    /// Whether chunks of this pack are compressed.
    squeezed: bool,
    parts: Vec<(Arc<Assembly>, usize)>,
}

impl Chunker {
    /// Takes pieces until no more come, then sends what is left.
    pub(super) fn work(self, pieces: &Receiver<Piece>) -> Result<()> {
        let mut squeezer = Squeezer::new(self.level)
            .map_err(|cause| crate::Error::new(crate::Code::Internal, "cannot start zstd").because(cause))?;
        let mut open: Option<Open> = None;
        let mut complete: Vec<Complete> = Vec::new();
        loop {
            let piece = match pieces.recv_timeout(IDLE) {
                Ok(piece) => Some(piece),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.stop.is_aborting() {
                return Ok(());
            }
            let idle = piece.is_none();
            if let Some(piece) = piece {
                complete.extend(self.take(piece, &mut open, &mut squeezer)?);
            }
            let full = open.as_ref().is_some_and(|open| {
                open.writer.sealed_len() + ENTRY_BYTES >= self.pack || open.writer.len() >= MOST_CHUNKS
            });
            if (full || idle) && self.seal(open.take()).is_err() {
                return Ok(());
            }
            if (complete.len() >= BATCH || idle) && self.send(std::mem::take(&mut complete)).is_err() {
                return Ok(());
            }
        }
        // Closed: the stage behind has failed and says so itself.
        let _ = self.seal(open).and_then(|()| self.send(complete));
        Ok(())
    }

    /// Gives the item when this piece completes it without anything being sent.
    fn take(&self, piece: Piece, open: &mut Option<Open>, squeezer: &mut Squeezer) -> Result<Option<Complete>> {
        let Piece { item, index, bytes, name, complete, room } = piece;
        if complete.is_some() {
            return Ok(complete);
        }
        if item.is_given_up() && name.is_none() {
            return Ok(None);
        }
        let name = name.unwrap_or_else(|| Digest::of(&bytes));
        let waits = match self.claims.claim(&name, &self.reader)? {
            Claim::New => {
                let squeezed = open.as_ref().map_or_else(|| self.squeezes(), |open| open.squeezed);
                let (codec, stored) = if squeezed { squeezer.squeeze(&bytes) } else { (Codec::Raw, &bytes[..]) };
                if let Some(full) =
                    open.take_if(|open| open.writer.sealed_len() + stored.len() + ENTRY_BYTES > self.pack)
                {
                    // Closed: seen again at the next piece.
                    let _ = self.seal(Some(full));
                }
                if open.is_none() {
                    let Some(buffer) = self.buffers.take() else { return Ok(None) };
                    let writer = PackWriter::new(buffer, Contents::Items);
                    *open = Some(Open { writer, squeezed: self.squeezes(), parts: Vec::new() });
                }
                if let Some(open) = open {
                    open.writer.push(name, codec, stored, bytes.len() as u32);
                    open.parts.push((item, index));
                }
                drop(room);
                return Ok(None);
            }
            Claim::OnItsWay => true,
            Claim::Landed => false,
        };
        self.stats.shared.add(bytes.len() as u64);
        let complete = item.settle(index, name, waits);
        Ok(match complete {
            Some(complete) if complete.waits => {
                self.writer.put(Record::Parked(complete.key, complete.proof))?;
                None
            }
            complete => complete,
        })
    }

    /// Whether the next pack is worth compressing.
    fn squeezes(&self) -> bool {
        match self.squeeze {
            Squeeze::Always => true,
            Squeeze::Never => false,
            Squeeze::Auto => self.uploader.queued() >= QUEUE,
        }
    }

    fn seal(&self, open: Option<Open>) -> Result<(), Closed> {
        let Some(open) = open else { return Ok(()) };
        let sealed = open.writer.seal();
        let pack = Pack {
            name: sealed.name,
            bytes: self.buffers.lend(sealed.bytes),
            chunks: sealed.index.iter().map(|entry| entry.name).collect(),
            parts: open.parts,
        };
        self.uploader.send_from_thread(&self.runtime, pack)
    }

    fn send(&self, items: Vec<Complete>) -> Result<(), Closed> {
        if items.is_empty() {
            return Ok(());
        }
        self.verifier.send_from_thread(&self.runtime, Batch(items))
    }
}
