//! The one thread that writes.
//!
//! Records arrive over a bounded channel and are committed in groups: at most [`GROUP`] of them, and never
//! later than [`WAIT`] after the first. A record may carry something to drop after the commit, which is how
//! permits and claims of the pipeline are given back only when the ledger really knows.

use super::scribe::Scribe;
use super::{PartRow, Stamp, place, reader::Reader, schema};
use crate::digest::Digest;
use crate::item::{Key, Outcome};
use crate::{Code, Error, Result};
use crossbeam_channel::{Sender, bounded};
use rusqlite::Connection;
use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The most records in one transaction.
pub(super) const GROUP: usize = 1000;
/// The longest that a record waits for its transaction.
pub(super) const WAIT: Duration = Duration::from_millis(50);
/// How many records may wait: the last edge of the pipeline.
const QUEUE: usize = 256;

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
    /// A part of a table is about to be sent, with the digest of its content; without a file only which rows it holds was
    /// learned again, without a digest it has no content.
    Part(Vec<PartRow>, Option<Found>, Option<Digest>),
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
