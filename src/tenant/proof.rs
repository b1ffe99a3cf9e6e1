//! The proof: reading back from the store and hashing again.
//!
//! A chunk is proven when its opened bytes hash to its name. An item of several chunks is proven as a whole: its
//! content is hashed in order and compared with what the manifest says, whatever was proven about the chunks.
//! The other way round an item proves nothing about the names of its chunks, because the client chose both; so a
//! byte is hashed once, by the proof that needs it. Only when a whole differs are its chunks looked at one by
//! one, to find out which to forget. Memory is bounded by one run and one chunk.

use super::catalogue::Located;
use super::objects::Objects;
use super::reading::{Fetched, Opener, Reader};
use crate::Result;
use crate::digest::Digest;
use std::collections::HashMap;

/// What a proof found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Equal.
    Good,
    /// The chunk is there with other bytes.
    Bad,
    /// The pack is not in the store.
    Lost,
}

/// Why a whole item is not proven, and the chunks that are to blame.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The worst of the chunks; [`Proof::Good`] if each is well and only the whole differs.
    pub(crate) worst: Proof,
    /// The chunks that are not well.
    pub(crate) chunks: Vec<(Located, Proof)>,
}

/// Proves things of one customer.
pub(crate) struct Prover {
    reader: Reader,
    opener: Opener,
}

impl Prover {
    pub(crate) fn new(objects: &Objects) -> Result<Self> {
        Ok(Self { reader: Reader::new(objects), opener: Opener::new()? })
    }

    /// Proves each chunk by itself. The list is sorted and freed of doubles.
    pub(crate) fn chunks(&mut self, list: &mut Vec<Located>) -> Result<HashMap<Digest, Proof>> {
        list.sort_unstable_by_key(|chunk| (chunk.pack_id, chunk.entry.offset, chunk.entry.name));
        list.dedup_by_key(|chunk| chunk.entry.name);
        let mut proofs = HashMap::with_capacity(list.len());
        let runs = self.reader.plan(list);
        for (at, run) in runs.iter().enumerate() {
            let fetched = self.reader.read(&runs, at)?;
            for chunk in &list[run.chunks.clone()] {
                let proof = match &fetched {
                    Fetched::Lost => Proof::Lost,
                    Fetched::Broken => Proof::Bad,
                    Fetched::Bytes(bytes) => {
                        let raw =
                            run.part(bytes, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
                        if raw.is_some_and(|raw| Digest::of(raw) == chunk.entry.name) {
                            Proof::Good
                        } else {
                            Proof::Bad
                        }
                    }
                };
                proofs.insert(chunk.entry.name, proof);
            }
        }
        // A run that cannot be read says nothing about each of its chunks: look again, one by one.
        let unsure: Vec<Located> = runs
            .iter()
            .filter(|run| run.chunks.len() > 1)
            .flat_map(|run| &list[run.chunks.clone()])
            .filter(|chunk| proofs.get(&chunk.entry.name) == Some(&Proof::Bad))
            .copied()
            .collect();
        for chunk in unsure {
            let single = [chunk];
            let runs = self.reader.plan(&single);
            if let Fetched::Bytes(bytes) = self.reader.read(&runs, 0)? {
                let raw = runs[0].part(bytes, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
                if raw.is_some_and(|raw| Digest::of(raw) == chunk.entry.name) {
                    proofs.insert(chunk.entry.name, Proof::Good);
                }
            }
        }
        Ok(proofs)
    }

    /// Proves an item of several chunks: all of it, in order.
    pub(crate) fn whole(&mut self, blake3: &Digest, chunks: &[Located]) -> Result<Result<(), Difference>> {
        if self.hash(chunks)? == Some(*blake3) {
            return Ok(Ok(()));
        }
        let mut list = chunks.to_vec();
        let proofs = self.chunks(&mut list)?;
        let chunks: Vec<_> = list
            .into_iter()
            .filter_map(|chunk| proofs.get(&chunk.entry.name).map(|proof| (chunk, *proof)))
            .filter(|(_, proof)| *proof != Proof::Good)
            .collect();
        let lost = chunks.iter().find(|(_, proof)| *proof == Proof::Lost);
        let worst = lost.or(chunks.first()).map_or(Proof::Good, |(_, proof)| *proof);
        Ok(Err(Difference { worst, chunks }))
    }

    /// The hash of the content of these chunks; `None` if a part of it cannot be had.
    fn hash(&mut self, chunks: &[Located]) -> Result<Option<Digest>> {
        let mut hasher = blake3::Hasher::new();
        let runs = self.reader.plan(chunks);
        for (at, run) in runs.iter().enumerate() {
            let Fetched::Bytes(bytes) = self.reader.read(&runs, at)? else { return Ok(None) };
            for chunk in &chunks[run.chunks.clone()] {
                let raw = run.part(bytes, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
                let Some(raw) = raw else { return Ok(None) };
                hasher.update(raw);
            }
        }
        Ok(Some(hasher.finalize().into()))
    }
}
