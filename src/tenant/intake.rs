//! What comes in about items: manifest entries, absences, withdrawals, and the wish for proof.
//!
//! A batch is judged entry by entry; a bad one costs only itself. The order of the steps is what makes a crash
//! harmless: entries are examined and (if asked) proven first, then the accepted ones go into the store as one
//! manifest pack, then into the catalogue in one transaction. Whatever a crash leaves between the last two steps
//! is taken up again at the next start. An entry whose proof fails is not stored: the client sends its bytes
//! again, and the entry with them.

use super::catalogue::{self, HeldItem, Located, Writing};
use super::held::Tenant;
use super::manifest;
use super::path;
use super::proof::{Proof, Prover};
use super::protocol::{Entry, Finding, Items, Limits, Verdict};
use crate::Result;
use crate::digest::Digest;
use crate::item::Key;
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::PoisonError;

/// What is thought of an entry before anything is read.
enum First {
    /// There is nothing more to do.
    Said(Finding, String),
    /// It is to be proven or stored.
    Take(Take),
}

struct Take {
    /// Its chunks in the batch's list.
    chunks: Range<usize>,
    /// Whether the whole item must be hashed, because it has several chunks.
    whole: bool,
    /// Whether the very same entry is stored already.
    stored: bool,
}

/// What the proof of a batch found.
#[derive(Default)]
struct Proofs {
    /// Of each chunk that was looked at by itself.
    chunks: HashMap<Digest, Proof>,
    /// The chunks that are wrong, and the packs in which they are.
    bad: Vec<(Digest, i64)>,
    lost: BTreeSet<i64>,
}

impl Proofs {
    fn blame(&mut self, chunk: &Located, proof: Proof) {
        match proof {
            Proof::Good => {}
            Proof::Bad => self.bad.push((chunk.entry.name, chunk.pack_id)),
            Proof::Lost => {
                self.lost.insert(chunk.pack_id);
            }
        }
    }
}

impl Tenant {
    /// Takes a batch; one verdict for each entry, in their order.
    pub(crate) fn accept(&self, items: &Items) -> Result<Vec<Verdict>> {
        let (epoch, limits) = (self.epoch(), self.card().limits);
        self.keeps_all(items)?;
        let mut located = Vec::new();
        let mut seen = HashSet::with_capacity(items.entries.len());
        let firsts = self.catalogue.read(|reader| {
            items
                .entries
                .iter()
                .map(|entry| {
                    if !seen.insert(entry.item) {
                        return Ok(refused("the item is in this batch twice"));
                    }
                    if let Some(objection) = object(entry, &limits) {
                        return Ok(refused(objection));
                    }
                    let held = catalogue::item(reader, entry.item)?;
                    if let Some(objection) = self.keeps(entry, held.as_ref()) {
                        return Ok(refused(objection));
                    }
                    let held = held.filter(|held| same(&held.entry, entry));
                    examine(reader, entry, held.as_ref(), items.verify.then_some(epoch), &mut located)
                })
                .collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let entries: Vec<&Entry> = items.entries.iter().collect();
        self.finish(&entries, firsts, &located, items.verify.then_some(epoch), false, items)
    }

    /// Proves items that are stored; one verdict for each, in their order.
    pub(crate) fn verify(&self, keys: &[Key], deep: bool) -> Result<Vec<Verdict>> {
        let epoch = self.epoch();
        let mut located = Vec::new();
        let (held, firsts) = self.catalogue.read(|reader| {
            let held = keys.iter().map(|key| catalogue::item(reader, *key)).collect::<rusqlite::Result<Vec<_>>>()?;
            let skip = if deep { u32::MAX } else { epoch };
            let firsts = held
                .iter()
                .flatten()
                .map(|held| examine(reader, &held.entry, Some(held), Some(skip), &mut located))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((held, firsts))
        })?;
        let entries: Vec<&Entry> = held.iter().flatten().map(|held| &held.entry).collect();
        let mut verdicts = self.finish(&entries, firsts, &located, Some(epoch), deep, &Items::default())?.into_iter();
        let unknown = |key: &Key| Verdict { item: *key, finding: Finding::Unknown, detail: String::new() };
        let answer = |(key, held): (&Key, &Option<HeldItem>)| match held {
            Some(_) => verdicts.next().unwrap_or_else(|| unknown(key)),
            None => unknown(key),
        };
        Ok(keys.iter().zip(&held).map(answer).collect())
    }

    /// Proves, stores and answers. `prove` is the epoch, if there is to be proof.
    fn finish(
        &self,
        entries: &[&Entry],
        mut firsts: Vec<First>,
        located: &[Located],
        prove: Option<u32>,
        deep: bool,
        items: &Items,
    ) -> Result<Vec<Verdict>> {
        let mut proofs = Proofs::default();
        if let Some(epoch) = prove {
            self.prove(entries, &mut firsts, located, epoch, deep, &mut proofs)?;
        }
        let new: Vec<&Entry> = firsts
            .iter()
            .zip(entries)
            .filter_map(|(first, entry)| match first {
                First::Take(take) if !take.stored => Some(*entry),
                _ => None,
            })
            .collect();
        // From here to the end of the transaction no other batch of this tenant gets a number.
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let manifest = if new.is_empty() && items.absent.is_empty() && items.withdrawn.is_empty() {
            None
        } else {
            Some(self.write_manifest(&new, items)?)
        };
        let changes = manifest.is_some()
            || !proofs.chunks.is_empty()
            || firsts.iter().any(|first| matches!(first, First::Take(_)) && prove.is_some())
            || !proofs.bad.is_empty()
            || !proofs.lost.is_empty();
        if changes {
            self.catalogue.write(|writing| {
                if let Some((sequence, name, size)) = manifest {
                    writing.add_manifest(sequence, &name, size, self.objects.durable_at_once())?;
                }
                apply(writing, entries, &mut firsts, located, prove, &proofs)?;
                items.absent.iter().try_for_each(|absent| writing.put_absent(absent))?;
                items.withdrawn.iter().try_for_each(|key| writing.withdraw(*key))
            })?;
        }
        let verdict = |(first, entry): (First, &&Entry)| {
            let (finding, detail) = match first {
                First::Said(finding, detail) => (finding, detail),
                First::Take(_) if prove.is_some() => (Finding::Verified, String::new()),
                First::Take(_) => (Finding::Stored, String::new()),
            };
            Verdict { item: entry.item, finding, detail }
        };
        Ok(firsts.into_iter().zip(entries).map(verdict).collect())
    }

    /// Proves what is to be proven. Whatever fails is said at once; what stays a [`Take`] is good.
    fn prove(
        &self,
        entries: &[&Entry],
        firsts: &mut [First],
        located: &[Located],
        epoch: u32,
        deep: bool,
        proofs: &mut Proofs,
    ) -> Result<()> {
        let mut singles = Vec::new();
        for first in firsts.iter() {
            if let First::Take(take) = first
                && !take.whole
            {
                singles.extend(located[take.chunks.clone()].iter().filter(|chunk| deep || chunk.proof != epoch));
            }
        }
        let mut prover = Prover::new(&self.objects)?;
        proofs.chunks = prover.chunks(&mut singles)?;
        for chunk in &singles {
            if let Some(proof) = proofs.chunks.get(&chunk.entry.name).copied() {
                proofs.blame(chunk, proof);
            }
        }
        for (first, entry) in firsts.iter_mut().zip(entries) {
            let First::Take(take) = first else { continue };
            let chunks = &located[take.chunks.clone()];
            let worst = if take.whole {
                match prover.whole(&entry.blake3, chunks)? {
                    Ok(()) => None,
                    Err(difference) => {
                        difference.chunks.iter().for_each(|(chunk, proof)| proofs.blame(chunk, *proof));
                        Some(difference.worst)
                    }
                }
            } else {
                // An empty item has no chunk and nothing that could differ.
                chunks
                    .first()
                    .and_then(|chunk| proofs.chunks.get(&chunk.entry.name))
                    .filter(|proof| **proof != Proof::Good)
                    .copied()
            };
            *first = match worst {
                None => continue,
                Some(Proof::Good) => said(Finding::Different, "each chunk is well, but together they are not the item"),
                Some(Proof::Bad) => said(Finding::Different, "the store holds other bytes than were announced"),
                Some(Proof::Lost) => said(Finding::Incomplete, "a pack is no longer in the store"),
            };
        }
        Ok(())
    }

    fn write_manifest(&self, entries: &[&Entry], items: &Items) -> Result<(u64, Digest, u64)> {
        let sequence = self.totals()?.sequence as u64 + 1;
        let pack = manifest::write(entries, &items.absent, &items.withdrawn)?;
        let (objects, path, size) =
            (self.objects.clone(), self.objects.manifest_path(sequence, &pack.name), pack.bytes.len() as u64);
        let name = pack.name;
        self.objects.place.wait(async move { objects.put(&path, pack.bytes.into()).await })?;
        Ok((sequence, name, size))
    }
}

/// Brings what was found and what was accepted into the catalogue.
fn apply(
    writing: &mut Writing<'_>,
    entries: &[&Entry],
    firsts: &mut [First],
    located: &[Located],
    prove: Option<u32>,
    proofs: &Proofs,
) -> Result<()> {
    for pack_id in &proofs.lost {
        writing.forget_pack(*pack_id)?;
    }
    writing.forget_chunks(&proofs.bad)?;
    for (first, entry) in firsts.iter_mut().zip(entries) {
        let take = match first {
            First::Take(take) => take,
            First::Said(Finding::Different | Finding::Incomplete, _) => {
                writing.unprove_item(entry)?;
                continue;
            }
            First::Said(..) => continue,
        };
        let chunks = &located[take.chunks.clone()];
        let Some(epoch) = prove else {
            if !take.stored {
                writing.put_item(entry, 0)?;
            }
            continue;
        };
        // Another batch may have forgotten a chunk since it was read.
        let mut there = true;
        for chunk in chunks {
            let fresh = !take.whole && chunk.proof != epoch;
            there &= if fresh {
                writing.prove_chunk(&chunk.entry.name, chunk.pack_id, epoch)?
            } else {
                catalogue::locate(writing, &chunk.entry.name)?.is_some_and(|now| now.pack_id == chunk.pack_id)
            };
        }
        if !there {
            *first = said(Finding::Incomplete, "a chunk went while the item was proven");
            writing.unprove_item(entry)?;
        } else if take.stored {
            if !writing.prove_item(entry, epoch)? {
                *first = said(Finding::Unknown, "the item changed while it was proven");
            }
        } else {
            writing.put_item(entry, epoch)?;
        }
    }
    Ok(())
}

/// Looks for the chunks of an entry. `prove` is the epoch whose proofs need no repeating, if proof is wanted.
fn examine(
    reader: &Connection,
    entry: &Entry,
    held: Option<&HeldItem>,
    prove: Option<u32>,
    located: &mut Vec<Located>,
) -> rusqlite::Result<First> {
    if let Some(held) = held.filter(|held| held.proof > 0) {
        match prove {
            Some(epoch) if held.proof == epoch => return Ok(said(Finding::Verified, "")),
            None => return Ok(said(Finding::Stored, "")),
            Some(_) => {}
        }
    }
    let start = located.len();
    let mut size = 0;
    for name in entry.chunk_names() {
        let Some(chunk) = catalogue::locate(reader, name)? else {
            located.truncate(start);
            return Ok(First::Said(Finding::Incomplete, format!("chunk {name} is not here")));
        };
        size += u64::from(chunk.entry.raw);
        located.push(chunk);
    }
    if size != entry.size {
        located.truncate(start);
        return Ok(refused(format!("the item has {} bytes, its chunks have {size}", entry.size)));
    }
    let chunks = start..located.len();
    Ok(First::Take(Take { whole: !entry.chunks.is_empty(), chunks, stored: held.is_some() }))
}

/// Why an entry is not taken, whatever its chunks are.
fn object(entry: &Entry, limits: &Limits) -> Option<String> {
    if let Some(objection) = path::objection(&entry.path) {
        return Some(objection.to_owned());
    }
    if entry.size > limits.item_bytes.min(i64::MAX as u64) {
        return Some(format!("the item has {} bytes, at most {} are taken", entry.size, limits.item_bytes));
    }
    if entry.size == 0 && entry.blake3 != Digest::of(&[]) {
        return Some("an empty item has another digest".to_owned());
    }
    None
}

fn same(one: &Entry, other: &Entry) -> bool {
    one == other
}

fn said(finding: Finding, detail: &str) -> First {
    First::Said(finding, detail.to_owned())
}

fn refused(detail: impl Into<String>) -> First {
    First::Said(Finding::Refused, detail.into())
}
