//! Items: what each is made of, whether it is proven, and which have no content.

use super::Writing;
use crate::Result;
use crate::digest::Digest;
use crate::item::{Key, Outcome};
use crate::tenant::protocol::{Absent, Entry};
use rusqlite::{Connection, OptionalExtension, Row, types::Type};
use std::collections::HashSet;

/// An item as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldItem {
    pub(crate) entry: Entry,
    /// The run in which it was proven last; 0 for never, or not since a chunk of it was lost.
    pub(crate) proof: u32,
}

const COLUMNS: &str = "key, path, size, modified, blake3, chunks, proof";

impl HeldItem {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let chunks = match row.get_ref(5)?.as_blob_or_null()? {
            None => vec![],
            Some(bytes) => split_names(bytes),
        };
        let entry = Entry {
            item: key_at(row, 0)?,
            path: row.get(1)?,
            size: row.get::<_, i64>(2)? as u64,
            modified: row.get(3)?,
            blake3: row.get::<_, [u8; 32]>(4)?.into(),
            chunks,
        };
        Ok(Self { entry, proof: row.get(6)? })
    }
}

fn key_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Key> {
    let number: i64 = row.get(column)?;
    Key::from_number(number)
        .ok_or_else(|| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, "not a key".into()))
}

fn split_names(bytes: &[u8]) -> Vec<Digest> {
    bytes.chunks_exact(32).filter_map(Digest::from_slice).collect()
}

/// One item.
pub(crate) fn item(connection: &Connection, key: Key) -> rusqlite::Result<Option<HeldItem>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM item WHERE key = ?1"))?
        .query_row([key.number()], HeldItem::from_row)
        .optional()
}

/// At most `limit` items after `after`, in key order.
pub(crate) fn page(connection: &Connection, after: Option<Key>, limit: usize) -> rusqlite::Result<Vec<HeldItem>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM item WHERE key > ?1 ORDER BY key LIMIT ?2"))?
        .query_map((after.map_or(0, Key::number), limit as i64), HeldItem::from_row)?
        .collect()
}

/// At most `limit` items without content after `after`, in key order.
pub(crate) fn absent_page(connection: &Connection, after: Option<Key>, limit: usize) -> rusqlite::Result<Vec<Absent>> {
    let from_row = |row: &Row<'_>| {
        let outcome = Outcome::from_number(row.get(1)?).unwrap_or(Outcome::Failed);
        Ok(Absent { item: key_at(row, 0)?, outcome })
    };
    connection
        .prepare_cached("SELECT key, outcome FROM absent WHERE key > ?1 ORDER BY key LIMIT ?2")?
        .query_map((after.map_or(0, Key::number), limit as i64), from_row)?
        .collect()
}

impl Writing<'_> {
    /// Stores an entry in place of an earlier one. With a proof it leaves the list of absent items.
    pub(crate) fn put_item(&mut self, entry: &Entry, proof: u32) -> Result<()> {
        self.uncount(entry.item)?;
        let chunks: Option<Vec<u8>> =
            (!entry.chunks.is_empty()).then(|| entry.chunks.iter().flat_map(|name| *name.as_bytes()).collect());
        self.prepare_cached("INSERT OR REPLACE INTO item VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute((
            entry.item.number(),
            &entry.path,
            entry.size as i64,
            entry.modified,
            entry.blake3.as_bytes(),
            chunks,
            proof,
        ))?;
        self.totals.count_item(1, entry.size as i64, proof > 0);
        if proof > 0 { self.end_absence(entry.item) } else { Ok(()) }
    }

    /// Notes the proof of an item, if it is still made of this content.
    pub(crate) fn prove_item(&mut self, entry: &Entry, epoch: u32) -> Result<bool> {
        let before: Option<(i64, u32)> = self
            .prepare_cached("SELECT size, proof FROM item WHERE key = ?1 AND blake3 = ?2")?
            .query_row((entry.item.number(), entry.blake3.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((size, proof)) = before else { return Ok(false) };
        self.prepare_cached("UPDATE item SET proof = ?2 WHERE key = ?1")?.execute((entry.item.number(), epoch))?;
        if proof == 0 {
            self.totals.count_proof(1, size);
            self.end_absence(entry.item)?;
        }
        Ok(true)
    }

    /// Takes back the proof of an item, if it is still made of this content.
    pub(crate) fn unprove_item(&mut self, entry: &Entry) -> Result<()> {
        let size: Option<i64> = self
            .prepare_cached("UPDATE item SET proof = 0 WHERE key = ?1 AND blake3 = ?2 AND proof > 0 RETURNING size")?
            .query_row((entry.item.number(), entry.blake3.as_bytes()), |row| row.get(0))
            .optional()?;
        if let Some(size) = size {
            self.totals.count_proof(-1, size);
        }
        Ok(())
    }

    /// Notes that an item has no content now. An item ends in one way only: an older entry goes.
    pub(crate) fn put_absent(&mut self, absent: &Absent) -> Result<()> {
        self.drop_item(absent.item)?;
        self.end_absence(absent.item)?;
        self.prepare_cached("INSERT INTO absent VALUES (?1, ?2)")?
            .execute((absent.item.number(), absent.outcome as i64))?;
        self.totals.absent += 1;
        Ok(())
    }

    /// Drops everything about an item whose row is gone.
    pub(crate) fn withdraw(&mut self, key: Key) -> Result<()> {
        self.drop_item(key)?;
        self.end_absence(key)
    }

    fn drop_item(&mut self, key: Key) -> Result<()> {
        self.uncount(key)?;
        self.prepare_cached("DELETE FROM item WHERE key = ?1")?.execute([key.number()])?;
        Ok(())
    }

    fn end_absence(&mut self, key: Key) -> Result<()> {
        if self.totals.absent == 0 {
            return Ok(());
        }
        let gone = self.prepare_cached("DELETE FROM absent WHERE key = ?1")?.execute([key.number()])?;
        self.totals.absent -= gone as i64;
        Ok(())
    }

    /// Takes an item out of the totals, before it changes or goes.
    fn uncount(&mut self, key: Key) -> Result<()> {
        let before: Option<(i64, u32)> = self
            .prepare_cached("SELECT size, proof FROM item WHERE key = ?1")?
            .query_row([key.number()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((size, proof)) = before {
            self.totals.count_item(-1, size, proof > 0);
        }
        Ok(())
    }

    /// Takes back the proof of every item that needs one of these chunks. Rare: a walk through all items.
    pub(super) fn unprove_users_of(&mut self, gone: &HashSet<Digest>) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let mut users = Vec::new();
        {
            let mut walk = self.prepare("SELECT key, size, blake3, chunks FROM item WHERE proof > 0")?;
            let mut rows = walk.query([])?;
            while let Some(row) = rows.next()? {
                let (key, size): (i64, i64) = (row.get(0)?, row.get(1)?);
                let uses = match row.get_ref(3)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
                    None => size > 0 && gone.contains(&Digest::from(row.get::<_, [u8; 32]>(2)?)),
                    Some(names) => split_names(names).iter().any(|name| gone.contains(name)),
                };
                if uses {
                    users.push((key, size));
                }
            }
        }
        let mut update = self.prepare_cached("UPDATE item SET proof = 0 WHERE key = ?1")?;
        for (key, _) in &users {
            update.execute([key])?;
        }
        drop(update);
        for (_, size) in users {
            self.totals.count_proof(-1, size);
        }
        Ok(())
    }
}
