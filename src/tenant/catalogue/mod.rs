//! The catalogue of one tenant: an SQLite file that says what lies where, and what is proven.
//!
//! One file for each tenant makes isolation a matter of construction: a ticket names the customer, the customer
//! names the file, and no query can reach another. The catalogue is an index over the store, not the truth;
//! it is written with `synchronous = NORMAL`, because whatever a power cut takes is found again in the store.
//! One connection writes, a few read. Running totals are kept in one row: with ten million items nobody counts.

mod items;
mod mails;
mod packs;
mod state;

pub(crate) use items::{HeldItem, absent_page, item, page};
pub(crate) use mails::{Kept, Letter, MailState, Waiting, due_mails, mails, next_due};
pub(crate) use packs::{Located, Volatile, knows, locate, pack_id, volatile_manifests, volatile_packs};
pub(crate) use state::{Totals, card};

use super::card::Card;
use crate::{Code, Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The version of [`SCHEMA`].
const VERSION: i64 = 1;
/// Reading connections that are kept; more are opened when needed and closed afterwards.
const READERS: usize = 3;
/// How long a call waits for another process that writes.
const BUSY: Duration = Duration::from_secs(20);

const SCHEMA: &str = "
CREATE TABLE card (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT;
CREATE TABLE totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    packs INTEGER NOT NULL, pack_bytes INTEGER NOT NULL, chunks INTEGER NOT NULL,
    items INTEGER NOT NULL, bytes INTEGER NOT NULL, verified INTEGER NOT NULL, verified_bytes INTEGER NOT NULL,
    absent INTEGER NOT NULL,
    -- the sequence number of the last manifest pack that is in this catalogue
    sequence INTEGER NOT NULL,
    -- 1 while no server works with it: everything is flushed
    clean INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
CREATE TABLE pack (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, durable INTEGER NOT NULL) STRICT;
CREATE TABLE manifest (sequence INTEGER PRIMARY KEY, name BLOB NOT NULL, size INTEGER NOT NULL, durable INTEGER NOT NULL) STRICT;
-- proof: the run in which it was proven last, 0 for never
CREATE TABLE chunk (
    name BLOB PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL,
    raw INTEGER NOT NULL, codec INTEGER NOT NULL, proof INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- chunks: the names one behind the other; NULL when the item is the one chunk `blake3`, or empty
CREATE TABLE item (
    key INTEGER PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,
    blake3 BLOB NOT NULL, chunks BLOB, proof INTEGER NOT NULL
) STRICT;
CREATE TABLE absent (key INTEGER PRIMARY KEY, outcome INTEGER NOT NULL) STRICT;
";

/// An open catalogue. Its calls block: async code takes them to a thread for blocking work.
pub(crate) struct Catalogue {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

/// A transaction that writes, with the totals that it changes.
pub(crate) struct Writing<'a> {
    transaction: Transaction<'a>,
    pub(crate) totals: Totals,
}

impl Catalogue {
    /// Makes the catalogue of a new tenant. The card appears with the tables or not at all.
    pub(crate) fn create(path: &Path, card: &Card) -> Result<Self> {
        let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let make = |writer: &mut Connection| -> rusqlite::Result<()> {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been faster.
            if transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
                let body = String::from_utf8_lossy(&card.write()).into_owned();
                transaction.execute("INSERT INTO card VALUES (1, ?1)", [body])?;
            }
            transaction.commit()
        };
        make(&mut writer).map_err(|cause| failed(path, cause))?;
        Self::from_writer(path, writer)
    }

    /// Opens the catalogue of a tenant; `None` if there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        if !path.try_exists().map_err(|cause| Error::io("look for", path, cause))? {
            return Ok(None);
        }
        Self::from_writer(path, connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?).map(Some)
    }

    fn from_writer(path: &Path, writer: Connection) -> Result<Self> {
        let version: i64 =
            writer.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|cause| failed(path, cause))?;
        if version != VERSION {
            return Err(Error::new(
                Code::ConfigInvalid,
                format!("the catalogue `{}` has version {version}, not {VERSION}", path.display()),
            )
            .hint("use the version of this program that made it, or move it away and run `omt tenant rebuild`"));
        }
        // What came later; a catalogue that is older gets it here.
        writer.execute_batch(mails::TABLE).map_err(|cause| failed(path, cause))?;
        Ok(Self { path: path.to_path_buf(), writer: Mutex::new(writer), readers: Mutex::default() })
    }

    /// Reads. Several callers can read at the same time.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let kept = lock(&self.readers).pop();
        let reader = match kept {
            Some(reader) => reader,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        // One snapshot for all that is read, so that a page never mixes two states.
        let result = reader
            .unchecked_transaction()
            .and_then(|transaction| {
                let value = work(&transaction)?;
                transaction.finish().map(|()| value)
            })
            .map_err(|cause| failed(&self.path, cause))?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS {
            readers.push(reader);
        }
        Ok(result)
    }

    /// Writes: everything in `work` or nothing.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Writing<'_>) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let failed = |cause| failed(&self.path, cause);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let before = Totals::read(&transaction).map_err(failed)?;
        let mut writing = Writing { transaction, totals: before };
        let value = work(&mut writing)?;
        let Writing { transaction, totals } = writing;
        if totals != before {
            totals.write(&transaction).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(value)
    }

    /// Puts everything on the disk, also what the last transactions wrote.
    pub(crate) fn flush(&self) -> Result<()> {
        lock(&self.writer)
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|cause| failed(&self.path, cause))
    }
}

impl std::ops::Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let set_up = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY)?;
        if !flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            connection.pragma_update(None, "page_size", 8192)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
        }
        // Without this guarantee SQLite prepares a statement anew whenever another value is bound to it, where a
        // value could change the plan: that took as long as all the queries themselves.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "cache_size", -8192)?;
        connection.set_prepared_statement_cache_capacity(48);
        Ok(connection)
    };
    set_up().map_err(|cause| failed(path, cause))
}

/// A failure of SQLite. The path helps whoever runs the server; it does not leave the machine.
fn failed(path: &Path, cause: rusqlite::Error) -> Error {
    Error::new(Code::StoreUnusable, format!("the catalogue `{}` cannot be used", path.display())).because(cause)
}

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        Self::new(Code::StoreUnusable, "the catalogue cannot be used").because(cause)
    }
}

/// A panic under a lock leaves a rolled-back transaction behind, nothing worse.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
