//! Reading packs that anybody may have written.
//!
//! Nothing in a pack is believed: every number is checked against the object's real length before it is used,
//! bodies must follow each other without gaps, and a chunk is opened into exactly the space it announced,
//! so that a small frame cannot grow into all memory.

use super::format::{Codec, Contents, ENTRY_BYTES, FOOTER, HEADER, IndexEntry, TRAILER_BYTES, invalid, u32_at, u64_at};
use crate::digest::Digest;
use crate::{Code, Error, Result};
use std::borrow::Cow;

/// The checked index of a pack.
#[derive(Debug, Clone)]
pub struct Index {
    /// What the chunks are.
    pub contents: Contents,
    /// The chunks in the order of their bodies.
    pub entries: Vec<IndexEntry>,
}

impl Index {
    /// Reads and checks the index of a whole pack. No chunk may have more than `chunk_limit` raw bytes.
    pub fn read(pack: &[u8], chunk_limit: u32) -> Result<Self> {
        Self::read_from_parts(
            pack.len() as u64,
            |range| pack.get(range.start as usize..range.end as usize),
            chunk_limit,
        )
    }

    /// The same for a pack that lies in several buffers or elsewhere: `part` answers ranges of it.
    pub fn read_from_parts<'a, B>(
        length: u64,
        mut part: impl FnMut(std::ops::Range<u64>) -> Option<B>,
        chunk_limit: u32,
    ) -> Result<Self>
    where
        B: AsRef<[u8]> + 'a,
    {
        let trailer_at = length
            .checked_sub(TRAILER_BYTES as u64)
            .filter(|at| *at >= HEADER.len() as u64)
            .ok_or_else(|| invalid("it is too short"))?;
        let short = || invalid("a part of it cannot be read");
        if part(0..HEADER.len() as u64).ok_or_else(short)?.as_ref() != HEADER {
            return Err(invalid("it does not begin like one"));
        }
        let trailer = part(trailer_at..length).ok_or_else(short)?;
        let trailer = trailer.as_ref();
        if trailer.get(24..) != Some(&FOOTER) || trailer.get(13..24) != Some(&[0; 11]) {
            return Err(invalid("it does not end like one"));
        }
        let index_at = u64_at(trailer, 0).ok_or_else(short)?;
        let count = u32_at(trailer, 8).ok_or_else(short)?;
        let contents = match trailer.get(12) {
            Some(0) => Contents::Items,
            Some(1) => Contents::Manifest,
            _ => return Err(invalid("unknown contents")),
        };
        if index_at.checked_add(u64::from(count) * ENTRY_BYTES as u64) != Some(trailer_at) {
            return Err(invalid("its index does not fill the place it claims"));
        }
        let index = part(index_at..trailer_at).ok_or_else(short)?;
        let mut entries = Vec::with_capacity(count as usize);
        let mut expected = HEADER.len() as u64;
        for bytes in index.as_ref().chunks_exact(ENTRY_BYTES) {
            let entry = IndexEntry::read(bytes)?;
            if entry.offset != expected {
                return Err(invalid("its chunks do not follow each other"));
            }
            if entry.raw > chunk_limit || entry.raw == 0 || entry.stored == 0 {
                return Err(invalid("a chunk has a size that is not allowed"));
            }
            if entry.codec == Codec::Raw && entry.raw != entry.stored {
                return Err(invalid("a chunk that is not compressed has two sizes"));
            }
            expected += u64::from(entry.stored);
            entries.push(entry);
        }
        if expected != index_at {
            return Err(invalid("there are bytes between its chunks and its index"));
        }
        Ok(Self { contents, entries })
    }
}

/// Opens one stored chunk: gives its raw bytes, borrowed where it is stored as it is. The name is *not*
/// checked here; use [`read_chunk`] where nothing else proves the bytes.
pub fn decode_chunk<'a>(entry: &IndexEntry, stored: &'a [u8], scratch: &'a mut Vec<u8>) -> Result<Cow<'a, [u8]>> {
    match entry.codec {
        Codec::Raw => Ok(Cow::Borrowed(stored)),
        Codec::Zstd => {
            scratch.clear();
            scratch.reserve_exact(entry.raw as usize);
            let written = zstd::bulk::Decompressor::new()
                .and_then(|mut opener| opener.decompress_to_buffer(stored, scratch))
                .map_err(|cause| invalid("a chunk cannot be decompressed").because(cause))?;
            if written != entry.raw as usize {
                return Err(invalid("a chunk has not the size that it announces"));
            }
            Ok(Cow::Borrowed(scratch.as_slice()))
        }
    }
}

/// Opens one stored chunk and checks it against its name.
pub fn read_chunk(entry: &IndexEntry, stored: &[u8]) -> Result<Vec<u8>> {
    let mut scratch = Vec::new();
    let raw = decode_chunk(entry, stored, &mut scratch)?.into_owned();
    if Digest::of(&raw) == entry.name {
        Ok(raw)
    } else {
        Err(Error::new(Code::VerificationFailed, format!("chunk {} holds other bytes than its name says", entry.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::PackWriter;
    use super::*;
    use proptest::prelude::*;

    fn pack_of(chunks: &[Vec<u8>]) -> super::super::SealedPack {
        let mut writer = PackWriter::new(Vec::new(), Contents::Items);
        for chunk in chunks {
            let squeezed = zstd::bulk::compress(chunk, 1).unwrap();
            let (codec, stored) =
                if squeezed.len() < chunk.len() { (Codec::Zstd, &squeezed) } else { (Codec::Raw, chunk) };
            writer.push(Digest::of(chunk), codec, stored, chunk.len() as u32);
        }
        writer.seal()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 0..20)) {
            let pack = pack_of(&chunks);
            prop_assert_eq!(Digest::of(&pack.bytes), pack.name);
            let index = Index::read(&pack.bytes, 4096).unwrap();
            prop_assert_eq!(&index.entries, &pack.index);
            for (entry, chunk) in index.entries.iter().zip(&chunks) {
                let stored = &pack.bytes[entry.offset as usize..][..entry.stored as usize];
                prop_assert_eq!(&read_chunk(entry, stored).unwrap(), chunk);
            }
        }

        #[test]
        fn no_damage_to_a_pack_makes_the_reader_panic(at in 0usize..2000, byte in any::<u8>(), cut in 0usize..2000) {
            let mut bytes = pack_of(&[vec![7; 900], (0..=255).collect(), vec![1]]).bytes;
            let position = at % bytes.len();
            bytes[position] = byte;
            bytes.truncate(bytes.len() - cut % 40);
            if let Ok(index) = Index::read(&bytes, 1000) {
                for entry in &index.entries {
                    let _ = read_chunk(entry, &bytes[entry.offset as usize..][..entry.stored as usize]);
                }
            }
        }

        #[test]
        fn rubbish_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Index::read(&bytes, 1000).is_err());
        }
    }

    #[test]
    fn a_chunk_cannot_grow_beyond_what_it_announces() {
        let bomb = zstd::bulk::compress(&vec![0; 1 << 20], 19).unwrap();
        let entry =
            IndexEntry { name: Digest::of(&[]), offset: 8, stored: bomb.len() as u32, raw: 100, codec: Codec::Zstd };
        assert_eq!(read_chunk(&entry, &bomb).unwrap_err().code(), Code::PackInvalid);
    }

    #[test]
    fn a_chunk_above_the_limit_is_refused() {
        let pack = pack_of(&[vec![9; 2000]]);
        assert!(Index::read(&pack.bytes, 1999).is_err());
    }
}
