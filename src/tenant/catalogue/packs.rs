//! Packs and the chunks in them.

use super::Writing;
use crate::Result;
use crate::digest::Digest;
use crate::pack::{Codec, IndexEntry};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::HashSet;

/// A chunk and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located {
    /// The pack's number in the catalogue.
    pub(crate) pack_id: i64,
    /// The pack's name in the store.
    pub(crate) pack: Digest,
    /// Name, place and sizes.
    pub(crate) entry: IndexEntry,
    /// The run in which it was proven last; 0 for never.
    pub(crate) proof: u32,
}

/// Whether the tenant holds a chunk.
pub(crate) fn knows(connection: &Connection, name: &Digest) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM chunk WHERE name = ?1")?.exists([name.as_bytes()])
}

/// Finds a chunk.
pub(crate) fn locate(connection: &Connection, name: &Digest) -> rusqlite::Result<Option<Located>> {
    let from_row = |row: &Row<'_>| {
        Ok(Located {
            pack_id: row.get(0)?,
            pack: Digest::from(row.get::<_, [u8; 32]>(1)?),
            entry: IndexEntry {
                name: *name,
                offset: row.get::<_, i64>(2)? as u64,
                stored: row.get(3)?,
                raw: row.get(4)?,
                codec: if row.get::<_, u8>(5)? == Codec::Zstd as u8 { Codec::Zstd } else { Codec::Raw },
            },
            proof: row.get(6)?,
        })
    };
    connection
        .prepare_cached(
            "SELECT pack, pack.name, offset, stored, raw, codec, proof
             FROM chunk JOIN pack ON pack.id = chunk.pack WHERE chunk.name = ?1",
        )?
        .query_row([name.as_bytes()], from_row)
        .optional()
}

/// A pack or manifest that is not known to have reached the disk.
pub(crate) struct Volatile {
    /// The number of the pack, or the sequence of the manifest.
    pub(crate) id: i64,
    pub(crate) name: Digest,
    pub(crate) size: u64,
}

/// The packs that are not known to have reached the disk.
pub(crate) fn volatile_packs(connection: &Connection) -> rusqlite::Result<Vec<Volatile>> {
    volatile(connection, "SELECT id, name, size FROM pack WHERE durable = 0")
}

/// The same for manifests.
pub(crate) fn volatile_manifests(connection: &Connection) -> rusqlite::Result<Vec<Volatile>> {
    volatile(connection, "SELECT sequence, name, size FROM manifest WHERE durable = 0")
}

fn volatile(connection: &Connection, query: &str) -> rusqlite::Result<Vec<Volatile>> {
    connection
        .prepare_cached(query)?
        .query_map([], |row| {
            Ok(Volatile {
                id: row.get(0)?,
                name: row.get::<_, [u8; 32]>(1)?.into(),
                size: row.get::<_, i64>(2)? as u64,
            })
        })?
        .collect()
}

/// The number of a pack.
pub(crate) fn pack_id(connection: &Connection, name: &Digest) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM pack WHERE name = ?1")?
        .query_row([name.as_bytes()], |row| row.get(0))
        .optional()
}

impl Writing<'_> {
    /// Notes a pack that is in the store, and tells how many of its chunks are new.
    pub(crate) fn add_pack(&mut self, name: &Digest, size: u64, durable: bool, index: &[IndexEntry]) -> Result<u32> {
        let known = pack_id(self, name)?;
        let id = if let Some(id) = known {
            self.prepare_cached("UPDATE pack SET durable = ?2 WHERE id = ?1")?.execute((id, durable))?;
            id
        } else {
            self.totals.packs += 1;
            self.totals.pack_bytes += size as i64;
            self.prepare_cached("INSERT INTO pack (name, size, durable) VALUES (?1, ?2, ?3)")?.insert((
                name.as_bytes(),
                size as i64,
                durable,
            ))?
        };
        let mut new = 0;
        {
            let mut insert = self.prepare_cached("INSERT OR IGNORE INTO chunk VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)")?;
            for chunk in index {
                let row = (chunk.name.as_bytes(), id, chunk.offset as i64, chunk.stored, chunk.raw, chunk.codec as u8);
                new += insert.execute(row)? as u32;
            }
        }
        self.totals.chunks += i64::from(new);
        Ok(new)
    }

    /// Notes that a chunk was proven where it lies. False if it lies there no more.
    pub(crate) fn prove_chunk(&self, name: &Digest, pack_id: i64, epoch: u32) -> Result<bool> {
        let mut update = self.prepare_cached("UPDATE chunk SET proof = ?3 WHERE name = ?1 AND pack = ?2")?;
        Ok(update.execute((name.as_bytes(), pack_id, epoch))? == 1)
    }

    /// Forgets chunks that are bad where they lie, and takes back the proof of every item that needs one.
    pub(crate) fn forget_chunks(&mut self, bad: &[(Digest, i64)]) -> Result<()> {
        let mut gone = HashSet::new();
        {
            let mut delete = self.prepare_cached("DELETE FROM chunk WHERE name = ?1 AND pack = ?2")?;
            for (name, pack_id) in bad {
                if delete.execute((name.as_bytes(), pack_id))? == 1 {
                    gone.insert(*name);
                }
            }
        }
        self.totals.chunks -= gone.len() as i64;
        self.unprove_users_of(&gone)
    }

    /// Forgets a pack that is not in the store (any more), with all its chunks.
    pub(crate) fn forget_pack(&mut self, pack_id: i64) -> Result<()> {
        let size: Option<i64> =
            self.query_row("DELETE FROM pack WHERE id = ?1 RETURNING size", [pack_id], |row| row.get(0)).optional()?;
        let Some(size) = size else { return Ok(()) };
        self.totals.packs -= 1;
        self.totals.pack_bytes -= size;
        // Rare enough for a walk through all chunks; an index over packs would cost at every landing.
        let gone: HashSet<Digest> = self
            .prepare("DELETE FROM chunk WHERE pack = ?1 RETURNING name")?
            .query_map([pack_id], |row| row.get::<_, [u8; 32]>(0).map(Digest::from))?
            .collect::<rusqlite::Result<_>>()?;
        self.totals.chunks -= gone.len() as i64;
        self.unprove_users_of(&gone)
    }

    /// Notes a manifest pack; its entries are applied in the same transaction.
    pub(crate) fn add_manifest(&mut self, sequence: u64, name: &Digest, size: u64, durable: bool) -> Result<()> {
        self.prepare_cached("INSERT OR REPLACE INTO manifest VALUES (?1, ?2, ?3, ?4)")?.execute((
            sequence as i64,
            name.as_bytes(),
            size as i64,
            durable,
        ))?;
        self.totals.sequence = self.totals.sequence.max(sequence as i64);
        Ok(())
    }

    /// Notes that packs have reached the disk.
    pub(crate) fn set_packs_durable(&self, ids: &[i64]) -> Result<()> {
        let mut update = self.prepare_cached("UPDATE pack SET durable = 1 WHERE id = ?1")?;
        ids.iter().try_for_each(|id| update.execute([id]).map(|_| ()))?;
        Ok(())
    }

    /// The same for manifests.
    pub(crate) fn set_manifests_durable(&self, sequences: &[i64]) -> Result<()> {
        let mut update = self.prepare_cached("UPDATE manifest SET durable = 1 WHERE sequence = ?1")?;
        sequences.iter().try_for_each(|id| update.execute([id]).map(|_| ()))?;
        Ok(())
    }
}
