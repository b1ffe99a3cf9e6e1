//! What a record means in the tables of the ledger.
//!
//! The scribe is the state of the thread that writes. Each record is a few statements; totals are changed once for
//! each transaction, not once for each record.

use super::writer::{Found, GROUP, Proof, Record, Setting, WAIT};
use super::{PENDING, journal, parts};
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crossbeam_channel::Receiver;
use rusqlite::{Connection, OptionalExtension, params};
use std::any::Any;
use std::collections::HashMap;
use std::time::Instant;

/// How many directories are remembered with their number.
const DIRS: usize = 4096;

/// The state of the writer thread.
pub(super) struct Scribe {
    connection: Connection,
    /// Numbers of directories that were written lately; emptied when full, the table knows them all.
    dirs: HashMap<(i64, String), i64>,
    /// Changes to `total` by the open transaction: items and bytes by kind and state.
    changes: HashMap<(Kind, i64), (i64, i64)>,
}

impl Scribe {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, dirs: HashMap::new(), changes: HashMap::new() }
    }

    pub(super) fn run(mut self, from: &Receiver<Record>) -> rusqlite::Result<()> {
        let mut after: Vec<Box<dyn Any + Send>> = Vec::new();
        while let Ok(first) = from.recv() {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            let until = Instant::now() + WAIT;
            let mut record = Some(first);
            let mut count = 0;
            let mut careful = false;
            while let Some(next) = record.take() {
                let decision = matches!(next, Record::Decision(..) | Record::Decided(..));
                // A flush is somebody waiting: commit at once.
                let urgent = decision || matches!(next, Record::Flush(_));
                careful |= decision;
                self.write(next, &mut after)?;
                count += 1;
                if urgent || count >= GROUP {
                    break;
                }
                record = from.recv_deadline(until).ok();
            }
            self.write_totals()?;
            self.connection.execute_batch("COMMIT")?;
            if careful {
                // A checkpoint syncs the log.
                let _busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get(0))?;
            }
            after.clear();
        }
        Ok(())
    }

    fn write(&mut self, record: Record, after: &mut Vec<Box<dyn Any + Send>>) -> rusqlite::Result<()> {
        match record {
            Record::Found(key, found, print) => self.upsert(key, PENDING, Some(&found), Some(print), None, None),
            Record::ScanBegins => self.connection.execute_batch("DELETE FROM unfound; DELETE FROM parked"),
            Record::Row(key, print) => self.upsert(key, PENDING, None, Some(print), None, None),
            Record::Unfound(key, print, folded, detail) => {
                self.upsert(key, PENDING, None, Some(print), None, Some(&detail))?;
                self.sql("INSERT OR REPLACE INTO unfound (key, folded) VALUES (?1, ?2)", params![key.number(), folded])
            }
            Record::Ended(key, outcome, proof, detail) => self.end(key, outcome, proof.as_ref(), detail.as_deref()),
            Record::Parked(key, proof) => {
                self.set_proof(key, &proof)?;
                self.sql("INSERT OR IGNORE INTO parked (key) VALUES (?1)", [key.number()])
            }
            Record::Refreshed(key, found, print) => {
                let dir = self.dir(found.root, &found.dir)?;
                self.sql(
                    "UPDATE item SET dir = ?2, name = ?3, file_id = ?4, print = ?5 WHERE key = ?1",
                    params![key.number(), dir, found.name, found.stamp.file_id, print],
                )
            }
            Record::Held(key, found, proof) => {
                let verified = Outcome::Verified as i64;
                // Which rows a part holds was entered before it was sent, with its digest: the tenant may have the part from before.
                self.sql(
                    "DELETE FROM part WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM item WHERE key = ?1 AND blake3 = ?2)",
                    params![key.number(), proof.blake3.as_bytes()],
                )?;
                self.upsert(key, verified, Some(&found), None, Some(&proof), None)
            }
            Record::Lost(key) => self.set_state(key, PENDING, None),
            Record::Withdrawn(key) => self.withdraw(key),
            Record::WithdrawnTold(keys) => {
                keys.into_iter().try_for_each(|key| self.sql("DELETE FROM withdrawn WHERE key = ?1", [key.number()]))
            }
            Record::Landed(names, parcel) => {
                after.push(parcel);
                names
                    .iter()
                    .try_for_each(|name| self.sql("INSERT OR IGNORE INTO chunk (name) VALUES (?1)", [name.as_bytes()]))
            }
            Record::Forgotten(names) => {
                names.iter().try_for_each(|name| self.sql("DELETE FROM chunk WHERE name = ?1", [name.as_bytes()]))
            }
            Record::Part(rows, found, digest) => {
                if let (Some(found), Some(row)) = (found, rows.first()) {
                    self.upsert(row.key, PENDING, Some(&found), None, None, None)?;
                    let blake3 = digest.as_ref().map(|digest| digest.as_bytes().as_slice());
                    self.sql("UPDATE item SET blake3 = ?2 WHERE key = ?1", params![row.key.number(), blake3])?;
                }
                parts::write(&self.connection, &rows)
            }
            Record::PartKept(key, pass) => parts::keep(&self.connection, key, pass),
            Record::NoOrphans => self.sql("DELETE FROM orphan", []),
            Record::Orphan(root, path, folded, size, modified) => self.sql(
                "INSERT INTO orphan (root, path, folded, size, modified) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![root, path, folded, size as i64, modified],
            ),
            Record::OrphanClaimed(root, path) => {
                self.sql("DELETE FROM orphan WHERE root = ?1 AND path = ?2", params![root, path])
            }
            Record::Journal(kind, body) | Record::Decision(kind, body) => {
                journal::append(&self.connection, crate::clock::now(), kind, &body)
            }
            Record::Decided(kind, body, settings) => {
                settings.iter().try_for_each(|setting| self.set(setting))?;
                journal::append(&self.connection, crate::clock::now(), kind, &body)
            }
            Record::Meta(name, value) => {
                self.sql("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", params![name, value])
            }
            Record::Run(started, ended, summary) => self.write_run(&started, ended, &summary),
            Record::Flush(waiting) => {
                after.push(waiting);
                Ok(())
            }
        }
    }

    fn sql(&self, text: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(text)?.execute(values).map(drop)
    }

    fn set(&self, setting: &Setting) -> rusqlite::Result<()> {
        let Setting { scope, key, value } = setting;
        match value {
            Some(value) => self.sql(
                "INSERT OR REPLACE INTO setting (scope, name, value) VALUES (?1, ?2, ?3)",
                params![scope, key, value],
            ),
            None => self.sql("DELETE FROM setting WHERE scope = ?1 AND name = ?2", params![scope, key]),
        }
    }

    /// State and size of an item as the ledger has it.
    fn standing(&self, key: Key) -> rusqlite::Result<Option<(i64, i64)>> {
        self.connection
            .prepare_cached("SELECT state, size FROM item WHERE key = ?1")?
            .query_row([key.number()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    fn count(&mut self, key: Key, state: i64, items: i64, bytes: i64) {
        let change = self.changes.entry((key.kind(), state)).or_default();
        change.0 += items;
        change.1 += bytes;
    }

    /// Moves an item from the total it was in to another. Gives whether it was in one.
    fn recount(&mut self, key: Key, state: i64, size: i64) -> rusqlite::Result<bool> {
        let before = self.standing(key)?;
        if let Some((old_state, old_size)) = before {
            self.count(key, old_state, -1, -old_size);
        }
        self.count(key, state, 1, size);
        Ok(before.is_some())
    }

    fn upsert(
        &mut self,
        key: Key,
        state: i64,
        found: Option<&Found>,
        print: Option<i64>,
        proof: Option<&Proof>,
        detail: Option<&str>,
    ) -> rusqlite::Result<()> {
        let size = found.map_or(0, |found| found.stamp.size as i64);
        if !self.recount(key, state, size)? {
            // What was gone and is back must not be taken away at the tenant.
            self.sql("DELETE FROM withdrawn WHERE key = ?1", [key.number()])?;
        }
        let dir = found.map(|found| self.dir(found.root, &found.dir)).transpose()?;
        self.sql(
            "INSERT INTO item (key, state, dir, name, size, modified, file_id, print, blake3, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (key) DO UPDATE SET state = ?2, dir = ?3, name = ?4, size = ?5, modified = ?6, file_id = ?7,
                print = ?8, blake3 = ?9, detail = ?10",
            params![
                key.number(),
                state,
                dir,
                found.map(|found| &found.name),
                size,
                found.map(|found| found.stamp.modified),
                found.and_then(|found| found.stamp.file_id),
                print,
                proof.map(|proof| proof.blake3.as_bytes().as_slice()),
                detail
            ],
        )?;
        proof.map_or(Ok(()), |proof| self.set_chunks(key, &proof.chunks))
    }

    fn end(&mut self, key: Key, outcome: Outcome, proof: Option<&Proof>, detail: Option<&str>) -> rusqlite::Result<()> {
        if let Some(proof) = proof {
            self.set_proof(key, proof)?;
        }
        self.sql("DELETE FROM parked WHERE key = ?1", [key.number()])?;
        self.set_state(key, outcome as i64, detail)
    }

    fn set_state(&mut self, key: Key, state: i64, detail: Option<&str>) -> rusqlite::Result<()> {
        match self.standing(key)? {
            Some((old, size)) => {
                self.count(key, old, -1, -size);
                self.count(key, state, 1, size);
                self.sql("UPDATE item SET state = ?2, detail = ?3 WHERE key = ?1", params![key.number(), state, detail])
            }
            None => self.upsert(key, state, None, None, None, detail),
        }
    }

    /// Enters what was read of an item, without saying how it ended.
    fn set_proof(&mut self, key: Key, proof: &Proof) -> rusqlite::Result<()> {
        let size = proof.stamp.size as i64;
        if let Some((state, old)) = self.standing(key)? {
            self.count(key, state, 0, size - old);
        }
        self.sql(
            "UPDATE item SET size = ?2, modified = ?3, file_id = ?4, blake3 = ?5 WHERE key = ?1",
            params![key.number(), size, proof.stamp.modified, proof.stamp.file_id, proof.blake3.as_bytes()],
        )?;
        self.set_chunks(key, &proof.chunks)
    }

    fn set_chunks(&self, key: Key, chunks: &[Digest]) -> rusqlite::Result<()> {
        if chunks.is_empty() {
            return self.sql("DELETE FROM item_chunks WHERE key = ?1", [key.number()]);
        }
        let bytes: Vec<u8> = chunks.iter().flat_map(|name| *name.as_bytes()).collect();
        self.sql("INSERT OR REPLACE INTO item_chunks (key, chunks) VALUES (?1, ?2)", params![key.number(), bytes])
    }

    fn withdraw(&mut self, key: Key) -> rusqlite::Result<()> {
        if let Some((state, size)) = self.standing(key)? {
            self.count(key, state, -1, -size);
        }
        for table in ["item", "item_chunks", "parked", "unfound", "part"] {
            self.sql(&format!("DELETE FROM {table} WHERE key = ?1"), [key.number()])?;
        }
        self.sql("INSERT OR IGNORE INTO withdrawn (key) VALUES (?1)", [key.number()])
    }

    /// The number of a directory.
    fn dir(&mut self, root: i64, path: &str) -> rusqlite::Result<i64> {
        let name = (root, path.to_owned());
        if let Some(id) = self.dirs.get(&name) {
            return Ok(*id);
        }
        self.sql("INSERT OR IGNORE INTO dir (root, path) VALUES (?1, ?2)", params![root, path])?;
        let id = self
            .connection
            .prepare_cached("SELECT id FROM dir WHERE root = ?1 AND path = ?2")?
            .query_row(params![root, path], |row| row.get(0))?;
        if self.dirs.len() >= DIRS {
            self.dirs.clear();
        }
        self.dirs.insert(name, id);
        Ok(id)
    }

    fn write_totals(&mut self) -> rusqlite::Result<()> {
        for ((kind, state), (items, bytes)) in std::mem::take(&mut self.changes) {
            if items != 0 || bytes != 0 {
                self.sql(
                    "INSERT INTO total (kind, state, items, bytes) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (kind, state) DO UPDATE SET items = items + ?3, bytes = bytes + ?4",
                    params![kind as u8, state, items, bytes],
                )?;
            }
        }
        Ok(())
    }

    fn write_run(&self, started: &str, ended: bool, summary: &str) -> rusqlite::Result<()> {
        let changed = self
            .connection
            .prepare_cached("UPDATE run SET ended = ?2, summary = ?3 WHERE started = ?1")?
            .execute(params![started, ended.then(crate::clock::stamp), summary])?;
        if changed == 0 {
            self.sql(
                "INSERT INTO run (started, ended, summary) VALUES (?1, ?2, ?3)",
                params![started, ended.then(crate::clock::stamp), summary],
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    #[test]
    fn what_is_back_is_not_taken_away_at_the_tenant() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).unwrap();
        let (writer, key) = (ledger.writer(), Key::new(Kind::Document, 7));
        let withdrawn = || {
            writer.flush().unwrap();
            ledger.reader().unwrap().withdrawn(9).unwrap()
        };
        writer.put(Record::Row(key, 1)).unwrap();
        writer.put(Record::Withdrawn(key)).unwrap();
        assert_eq!(withdrawn(), [key]);
        writer.put(Record::Row(key, 1)).unwrap();
        assert!(withdrawn().is_empty());
        assert_eq!(ledger.reader().unwrap().totals().unwrap().of(None, None).0, 1);
    }
}
