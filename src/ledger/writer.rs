//! The one thread that writes.
//!
//! Records arrive over a bounded channel and are committed in groups: at most [`GROUP`] of them, and never
//! later than [`WAIT`] after the first. A record may carry something to drop after the commit, which is how
//! permits and claims of the pipeline are given back only when the ledger really knows.

use super::{PENDING, PartRow, Stamp, journal, parts, place, reader::Reader, schema};
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crate::{Code, Error, Result};
use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::{Connection, OptionalExtension, params};
use std::any::Any;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The most records in one transaction.
const GROUP: usize = 1000;
/// The longest that a record waits for its transaction.
const WAIT: Duration = Duration::from_millis(50);
/// How many records may wait: the last edge of the pipeline.
const QUEUE: usize = 256;
/// How many directories the writer remembers the number of.
const DIRS: usize = 4096;

/// A file that was found for an item.
#[derive(Debug, Clone)]
pub struct Found {
    /// The root's number.
    pub root: i64,
    /// The folder, relative to the root, with `/`.
    pub dir: String,
    /// The name of the file.
    pub name: String,
    /// The file as it is.
    pub stamp: Stamp,
}

/// What is known about the content of an item.
#[derive(Debug, Clone)]
pub struct Proof {
    /// BLAKE3 of the whole.
    pub blake3: Digest,
    /// Its chunks, where they are more than one.
    pub chunks: Vec<Digest>,
    /// The stamp of the file that was read.
    pub stamp: Stamp,
}

/// A thing that a person has decided, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What it is about, such as `people.plan`.
    pub scope: &'static str,
    /// Whose it is.
    pub key: String,
    /// What was decided; `None` takes it back.
    pub value: Option<String>,
}

/// Something that the ledger has to know.
pub enum Record {
    /// The row has a file; the item is pending. `print` is the fingerprint of the row.
    Found(Key, Found, i64),
    /// A scan begins: nothing is unfound or parked yet.
    ScanBegins,
    /// There is a row; the item is pending. `print` is the fingerprint of the row.
    Row(Key, i64),
    /// The row has no file where the rule says; the item is pending until everything else was looked at.
    /// Fingerprint of the row, folded name that is wanted, detail.
    Unfound(Key, i64, String, String),
    /// The item ended. A proof comes with [`Outcome::Verified`] and may come with others.
    Ended(Key, Outcome, Option<Proof>, Option<String>),
    /// The content is known and on its way as part of another item: verify it at the end.
    Parked(Key, Proof),
    /// The fingerprint and the stamp of a verified item, where the ledger had been rebuilt without them.
    Refreshed(Key, Found, i64),
    /// The tenant holds an item that this ledger does not know (reconciling).
    Held(Key, Found, Proof),
    /// A verified item is not at the tenant any more.
    Lost(Key),
    /// The row is gone from the installation.
    Withdrawn(Key),
    /// The tenant knows which rows are gone.
    WithdrawnTold(Vec<Key>),
    /// These chunks are at the tenant. The second part is dropped after the commit.
    Landed(Vec<Digest>, Box<dyn Any + Send>),
    /// These chunks are not at the tenant (any more).
    Forgotten(Vec<Digest>),
    /// A part of a table is about to be sent; without a file only which rows it holds was learned again.
    Part(Box<PartRow>, Option<Found>),
    /// A part is still the same in this pass.
    PartKept(Key, u64),
    /// The list of orphans begins anew.
    NoOrphans,
    /// A file without a row: root, path in the root, path folded for comparison, size, time.
    Orphan(i64, String, String, u64, i64),
    /// The file turned out to belong to a row.
    OrphanClaimed(i64, String),
    /// A journal entry about something that happened.
    Journal(&'static str, serde_json::Value),
    /// A journal entry about something that a person decided: survives a power cut.
    Decision(&'static str, serde_json::Value),
    /// The same, with the settings that it changes: all of it is written, or nothing.
    Decided(&'static str, serde_json::Value, Vec<Setting>),
    /// A named value.
    Meta(&'static str, String),
    /// The summary of a run: start time, whether it has ended, the summary as JSON.
    Run(String, bool, String),
    /// Nothing to write; the part is dropped after everything before it was committed.
    Flush(Box<dyn Any + Send>),
}

/// The way to the writer thread. Cloning is cheap.
#[derive(Clone)]
pub struct Writer {
    to: Sender<Record>,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Writer {
    /// Hands a record over; waits while the writer is behind.
    pub fn put(&self, record: Record) -> Result<()> {
        self.to.send(record).map_err(|_| self.failure())
    }

    /// Waits until everything that was handed over before is committed.
    pub fn flush(&self) -> Result<()> {
        let (done, wait) = bounded::<()>(1);
        self.put(Record::Flush(Box::new(done)))?;
        // The sender is dropped by the commit, or by the end of the thread: then the failure says why.
        let _ = wait.recv();
        match self.failure.lock() {
            Ok(failure) if failure.is_some() => {
                drop(failure);
                Err(self.failure())
            }
            _ => Ok(()),
        }
    }

    /// How many records wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.to.len()
    }

    /// The error that ended the writer; every caller gets to see it.
    fn failure(&self) -> Error {
        let kept = self.failure.lock().ok().and_then(|failure| failure.as_ref().map(Error::copy));
        kept.unwrap_or_else(|| {
            Error::new(Code::Internal, "the ledger's writer has ended").hint("run the same command again, it resumes")
        })
    }
}

/// An open ledger.
pub struct Ledger {
    path: PathBuf,
    writer: Writer,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Released last.
    _hold: place::Hold,
}

impl Ledger {
    /// Opens the ledger at `path` for writing; makes it where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        place::refuse_network_share(path)?;
        let hold = place::Hold::take(path)?;
        let connection = schema::open_writer(path)?;
        let (to, from) = bounded(QUEUE);
        let failure = Arc::new(Mutex::new(None));
        let thread = {
            let (failure, path) = (Arc::clone(&failure), path.to_owned());
            std::thread::Builder::new()
                .name("ledger".into())
                .spawn(move || {
                    if let Err(cause) = Scribe::new(connection).run(&from)
                        && let Ok(mut failure) = failure.lock()
                    {
                        *failure = Some(schema::explain(&path, cause));
                    }
                    // `from` ends here: whoever waits to send sees it and asks for the failure.
                })
                .map_err(|cause| Error::new(Code::Internal, "cannot start the ledger's thread").because(cause))?
        };
        Ok(Self { path: path.to_owned(), writer: Writer { to, failure }, thread: Some(thread), _hold: hold })
    }

    /// The way to write.
    #[must_use]
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// A new connection that reads.
    pub fn reader(&self) -> Result<Reader> {
        Reader::open(&self.path)
    }

    /// Gives the roots of the installation their numbers, which stay the same from run to run.
    /// `roots` are labels and paths.
    pub fn set_roots(&self, roots: &[(String, String)]) -> Result<Vec<i64>> {
        let explain = |cause| schema::explain(&self.path, cause);
        self.writer.flush()?;
        let connection = Connection::open(&self.path).map_err(explain)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(explain)?;
        roots
            .iter()
            .map(|(label, path)| {
                connection
                    .query_row(
                        "INSERT INTO root (label, path) VALUES (?1, ?2)
                         ON CONFLICT (label) DO UPDATE SET path = excluded.path RETURNING id",
                        [label, path],
                        |row| row.get(0),
                    )
                    .map_err(explain)
            })
            .collect()
    }

    /// Commits everything, folds the log into the file and closes it.
    pub fn close(mut self) -> Result<()> {
        let result = self.writer.flush();
        let (dead, _) = bounded(0);
        self.writer.to = dead;
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| Error::new(Code::Internal, "the ledger's thread panicked"))?;
        }
        result
    }
}

/// The state of the writer thread.
struct Scribe {
    connection: Connection,
    /// Numbers of directories that were written lately; emptied when full, the table knows them all.
    dirs: HashMap<(i64, String), i64>,
    /// Changes to `total` by the open transaction: items and bytes by kind and state.
    changes: HashMap<(Kind, i64), (i64, i64)>,
}

impl Scribe {
    fn new(connection: Connection) -> Self {
        Self { connection, dirs: HashMap::new(), changes: HashMap::new() }
    }

    fn run(mut self, from: &Receiver<Record>) -> rusqlite::Result<()> {
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
            Record::Part(row, found) => {
                if let Some(found) = found {
                    self.upsert(row.key, PENDING, Some(&found), None, None, None)?;
                    // The number may be that of a part that is gone: this one must not be taken away for it.
                    self.sql("DELETE FROM withdrawn WHERE key = ?1", [row.key.number()])?;
                }
                parts::write(&self.connection, &row)
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

    /// Moves an item from the total it was in to another.
    fn recount(&mut self, key: Key, state: i64, size: i64) -> rusqlite::Result<()> {
        if let Some((old_state, old_size)) = self.standing(key)? {
            self.count(key, old_state, -1, -old_size);
        }
        self.count(key, state, 1, size);
        Ok(())
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
        self.recount(key, state, size)?;
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
