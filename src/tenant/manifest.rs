//! Manifest packs: what was accepted, kept in the store itself.
//!
//! Each accepted batch becomes one pack whose only chunk is compressed text, one [`Items`] in JSON on each line.
//! Read in the order of their sequence numbers they say everything that the catalogue says about items, except
//! what is proven: a proof is worth nothing to somebody who has just lost the catalogue.

use super::protocol::{Absent, Entry, Items};
use crate::digest::Digest;
use crate::item::Key;
use crate::pack::{Codec, Contents, Index, PackWriter, SealedPack, read_chunk};
use crate::{Code, Error, Result};

/// Entries on one line: a reader needs the memory of one line.
const LINE_ENTRIES: usize = 500;
/// A batch is bounded by the size of a request; this is far above it.
const LARGEST: u32 = 256 << 20;

/// Makes the pack of one accepted batch.
pub(crate) fn write(entries: &[&Entry], absent: &[Absent], withdrawn: &[Key]) -> Result<SealedPack> {
    let mut text = Vec::with_capacity(entries.len() * 192 + 256);
    for lines in entries.chunks(LINE_ENTRIES) {
        let items = Items { entries: lines.iter().map(|entry| (*entry).clone()).collect(), ..Items::default() };
        write_line(&mut text, &items)?;
    }
    if !absent.is_empty() || !withdrawn.is_empty() {
        let items = Items { absent: absent.to_vec(), withdrawn: withdrawn.to_vec(), ..Items::default() };
        write_line(&mut text, &items)?;
    }
    let squeezed = zstd::bulk::compress(&text, 1)
        .map_err(|cause| Error::new(Code::Internal, "cannot compress a manifest").because(cause))?;
    let (codec, stored) = if squeezed.len() < text.len() { (Codec::Zstd, &squeezed) } else { (Codec::Raw, &text) };
    let mut pack = PackWriter::new(Vec::with_capacity(stored.len() + 128), Contents::Manifest);
    pack.push(Digest::of(&text), codec, stored, text.len() as u32);
    Ok(pack.seal())
}

fn write_line(text: &mut Vec<u8>, items: &Items) -> Result<()> {
    serde_json::to_writer(&mut *text, items)
        .map_err(|cause| Error::new(Code::Internal, "cannot write a manifest").because(cause))?;
    text.push(b'\n');
    Ok(())
}

/// Reads a manifest pack and checks it against its name.
pub(crate) fn read(name: &Digest, pack: &[u8]) -> Result<Vec<Items>> {
    let damaged = |what: &str| Error::new(Code::PackInvalid, format!("manifest {name} {what}"));
    if Digest::of(pack) != *name {
        return Err(damaged("holds other bytes than its name says"));
    }
    let index = Index::read(pack, LARGEST)?;
    if index.contents != Contents::Manifest {
        return Err(damaged("is a pack of another kind"));
    }
    let mut batches = Vec::new();
    for chunk in &index.entries {
        let stored = pack
            .get(chunk.offset as usize..chunk.offset as usize + chunk.stored as usize)
            .ok_or_else(|| damaged("is too short"))?;
        let text = read_chunk(chunk, stored)?;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            batches.push(serde_json::from_slice(line).map_err(|cause| damaged("cannot be understood").because(cause))?);
        }
    }
    Ok(batches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{Kind, Outcome};

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let entries: Vec<Entry> = (0..1201)
            .map(|id| Entry {
                item: Key::new(Kind::Document, id),
                path: format!("root/ANNA/2024.1/{id} \"Ærlig\".docx"),
                size: u64::from(id),
                modified: -1,
                blake3: Digest::of(&id.to_le_bytes()),
                chunks: vec![],
            })
            .collect();
        let absent = [Absent { item: Key::new(Kind::Template, 3), outcome: Outcome::Missing }];
        let withdrawn = [Key::translation(3, 0)];
        let pack = write(&entries.iter().collect::<Vec<_>>(), &absent, &withdrawn).unwrap();
        let batches = read(&pack.name, &pack.bytes).unwrap();
        assert_eq!(batches.iter().flat_map(|items| items.entries.clone()).collect::<Vec<_>>(), entries);
        assert_eq!(batches.last().unwrap().absent, absent);
        assert_eq!(batches.last().unwrap().withdrawn, withdrawn);
        let mut bent = pack.bytes;
        bent[20] ^= 1;
        assert_eq!(read(&pack.name, &bent).unwrap_err().code(), Code::PackInvalid);
    }
}
