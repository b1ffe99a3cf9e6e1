//! Writing a pack into one buffer that is reused.
//!
//! The digest of the pack is taken while the bytes are still in the processor's cache, so that sealing costs
//! only the index. A buffer is as large as a full pack from the start: packs come and go through a fixed
//! number of buffers, which is what bounds the memory of the pipeline.

use super::format::{Codec, Contents, ENTRY_BYTES, FOOTER, HEADER, IndexEntry, OVERHEAD_BYTES};
use crate::digest::Digest;

/// A pack that is being filled.
pub struct PackWriter {
    buffer: Vec<u8>,
    /// How many bytes of `buffer` are in `hasher` already.
    hashed: usize,
    hasher: blake3::Hasher,
    index: Vec<IndexEntry>,
    contents: Contents,
}

/// A finished pack.
pub struct SealedPack {
    /// The name of the object: BLAKE3 of `bytes`.
    pub name: Digest,
    /// The whole object.
    pub bytes: Vec<u8>,
    /// What is in it.
    pub index: Vec<IndexEntry>,
}

/// Bytes are hashed in runs of this length: long enough for the wide BLAKE3 kernels, short enough to be cached.
const HASH_RUN: usize = 256 << 10;

impl PackWriter {
    /// Starts a pack in `buffer`, whose content is dropped and whose capacity is kept.
    #[must_use]
    pub fn new(mut buffer: Vec<u8>, contents: Contents) -> Self {
        buffer.clear();
        buffer.extend_from_slice(&HEADER);
        Self { buffer, hashed: 0, hasher: blake3::Hasher::new(), index: Vec::new(), contents }
    }

    /// Adds a chunk that is stored as `stored` and has `raw` bytes when it is opened.
    pub fn push(&mut self, name: Digest, codec: Codec, stored: &[u8], raw: u32) {
        let offset = self.buffer.len() as u64;
        self.buffer.extend_from_slice(stored);
        self.index.push(IndexEntry { name, offset, stored: stored.len() as u32, raw, codec });
        if self.buffer.len() - self.hashed >= HASH_RUN {
            self.hash_rest();
        }
    }

    /// The size that the pack would have if it were sealed now.
    #[must_use]
    pub fn sealed_len(&self) -> usize {
        self.buffer.len() - HEADER.len() + OVERHEAD_BYTES + self.index.len() * ENTRY_BYTES
    }

    /// How many chunks are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Writes index and trailer and names the pack.
    #[must_use]
    pub fn seal(mut self) -> SealedPack {
        let index_offset = self.buffer.len() as u64;
        for entry in &self.index {
            entry.write(&mut self.buffer);
        }
        self.buffer.extend_from_slice(&index_offset.to_le_bytes());
        self.buffer.extend_from_slice(&(self.index.len() as u32).to_le_bytes());
        self.buffer.push(self.contents as u8);
        self.buffer.extend_from_slice(&[0; 11]);
        self.buffer.extend_from_slice(&FOOTER);
        self.hash_rest();
        SealedPack { name: self.hasher.finalize().into(), bytes: self.buffer, index: self.index }
    }

    fn hash_rest(&mut self) {
        self.hasher.update(&self.buffer[self.hashed..]);
        self.hashed = self.buffer.len();
    }
}
