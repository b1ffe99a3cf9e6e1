//! The bytes of a pack, version 1; `docs/formats.md` tells the same to people.
//!
//! ```text
//! header   8   "OMTPACK" and the version, 0x01
//! bodies   …   the chunks as stored, one behind the other without gaps
//! index    N × 52 bytes, in the order of the bodies
//! trailer  32  offset of the index u64 · number of entries u32 · contents u8 · 11 zero bytes · "OMTPEND" 0x01
//! ```
//! All numbers are little-endian.

use crate::digest::Digest;
use crate::{Code, Error, Result};

pub(super) const HEADER: [u8; 8] = *b"OMTPACK\x01";
pub(super) const FOOTER: [u8; 8] = *b"OMTPEND\x01";
pub(super) const TRAILER_BYTES: usize = 32;

/// Size of one index entry.
pub const ENTRY_BYTES: usize = 52;

/// What a pack without chunks would take.
pub const OVERHEAD_BYTES: usize = HEADER.len() + TRAILER_BYTES;

/// What the chunks of a pack are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Pieces of items.
    Items = 0,
    /// Manifest entries, written by a tenant: JSON lines.
    Manifest = 1,
}

/// How a chunk is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    Raw = 0,
    /// One zstd frame.
    Zstd = 1,
}

impl Codec {
    /// The codec with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Raw, Self::Zstd].into_iter().find(|codec| *codec as u8 == number)
    }
}

/// Where a chunk lies in its pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// The name of the chunk: BLAKE3 of its raw bytes.
    pub name: Digest,
    /// Offset of the stored bytes in the pack.
    pub offset: u64,
    /// Number of stored bytes.
    pub stored: u32,
    /// Number of raw bytes.
    pub raw: u32,
    /// How they are stored.
    pub codec: Codec,
}

impl IndexEntry {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.stored.to_le_bytes());
        out.extend_from_slice(&self.raw.to_le_bytes());
        out.extend_from_slice(&[self.codec as u8, 0, 0, 0]);
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let broken = || invalid("a broken index entry");
        let name = bytes.get(..32).and_then(Digest::from_slice).ok_or_else(broken)?;
        let codec = Codec::from_number(*bytes.get(48).ok_or_else(broken)?);
        if bytes.get(49..ENTRY_BYTES) != Some(&[0, 0, 0]) {
            return Err(invalid("bytes that must be zero are not"));
        }
        Ok(Self {
            name,
            offset: u64_at(bytes, 32).ok_or_else(broken)?,
            stored: u32_at(bytes, 40).ok_or_else(broken)?,
            raw: u32_at(bytes, 44).ok_or_else(broken)?,
            codec: codec.ok_or_else(|| invalid("an unknown way of storing a chunk"))?,
        })
    }
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

pub(super) fn invalid(what: &str) -> Error {
    Error::new(Code::PackInvalid, format!("not a valid pack: {what}"))
}
