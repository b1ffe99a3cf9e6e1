//! The scanner: which rows there are, and which file each of them means.
//!
//! ```text
//! rows ⋈ ledger ──256──▶ finders × N ──1024──▶ hasher
//!        └ then: walk the roots for files that no row has claimed ─▶ unfound rows, orphans
//! ```
//! Rows come from the database in order of their ids, the ledger's items come in the same order, so one thread
//! joins them in constant memory. Finders wait for the file system, not for the processor, hence several. The
//! walk comes last, when the ledger knows which files belong to rows; what is left over serves as the index for
//! rows that were not found, and what is then still left over are orphans.

mod finder;
pub(crate) mod judge;
mod rows;
mod walker;

use super::edge::{Edge, Way, channel};
use super::outcomes::Outcomes;
use super::stats::Stats;
use super::stop::Stop;
use crate::archive::Roots;
use crate::item::Key;
use crate::ledger::{Found, Known, Ledger, Writer};
use crate::onsite::Source;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// A file to be read.
#[derive(Debug)]
pub struct Candidate {
    /// The item.
    pub key: Key,
    /// Where the file is.
    pub path: PathBuf,
    /// Its path in the manifest.
    pub named: String,
    /// The place, as the ledger has it.
    pub found: Found,
}

/// What the finders are asked.
pub(super) struct Question {
    key: Key,
    row: judge::Row,
    known: Option<Known>,
}

/// What the scanner needs.
pub struct Scan {
    /// The rows.
    pub source: Source,
    /// Where files lie.
    pub roots: Arc<Roots>,
    /// Which root (by its position) holds which attachment location.
    pub locations: BTreeMap<i64, usize>,
    /// The pattern of attachment file names.
    pub attachment_name: String,
    /// The largest item that the tenant takes.
    pub item_limit: u64,
    /// Threads that look for files.
    pub finders: usize,
    /// What the tenant holds stays as it is, whatever has become of rows and files.
    pub late: bool,
}

/// What every part of the scanner shares.
struct Shared {
    rules: judge::Rules,
    item_limit: u64,
    late: bool,
    writer: Writer,
    outcomes: Outcomes,
    stats: Arc<Stats>,
    stop: Stop,
    to: Way<Candidate>,
}

impl Shared {
    /// The file was found: the ledger knows, then the hasher. Gives `false` when nobody wants more.
    fn hand_over(&self, key: Key, found: Found, print: i64) -> Result<bool> {
        let Some(root) = self.rules.roots.get(found.root) else { return Ok(true) };
        self.stats.add_found(key.kind(), found.stamp.size);
        let inside = if found.dir.is_empty() { found.name.clone() } else { format!("{}/{}", found.dir, found.name) };
        let path = root.path.join(&inside);
        let named = format!("{}/{inside}", root.label);
        self.writer.put(crate::ledger::Record::Found(key, found.clone(), print))?;
        Ok(self.to.send(Candidate { key, path, named, found }).is_ok())
    }
}

/// The threads of the scanner; candidates leave through `to`.
pub(super) fn crew(
    mut scan: Scan,
    ledger: &Ledger,
    outcomes: Outcomes,
    stats: Arc<Stats>,
    stop: Stop,
    to: Way<Candidate>,
) -> Result<Vec<super::crew::Work>> {
    let shared = Arc::new(Shared {
        rules: judge::Rules {
            logins: scan.source.logins()?,
            roots: scan.roots,
            locations: scan.locations,
            attachment_name: scan.attachment_name,
        },
        item_limit: scan.item_limit,
        late: scan.late,
        writer: ledger.writer(),
        outcomes,
        stats,
        stop,
        to,
    });
    let (ask, asked) = channel(&Arc::new(Edge::new("rows→finders", 256)));
    // The last finder to end makes the walk: whoever holds this lock last.
    let turn = Arc::new(Mutex::new(scan.finders));
    let mut work: Vec<super::crew::Work> = Vec::new();
    let (source, reader, languages) = (scan.source, ledger.reader()?, judge::languages(&shared.rules.roots));
    {
        let shared = Arc::clone(&shared);
        work.push(Box::new(move || rows::stream(source, &reader, &shared, &languages, &ask)));
    }
    // A failed finder must not let the walk call files orphans whose rows were never looked at.
    let failed = Arc::new(Mutex::new(None::<Error>));
    for _ in 0..scan.finders {
        let (shared, asked, turn, failed) =
            (Arc::clone(&shared), asked.clone(), Arc::clone(&turn), Arc::clone(&failed));
        let (reader, walkers) = (ledger.reader()?, (0..2).map(|_| ledger.reader()).collect::<Result<Vec<_>>>()?);
        work.push(Box::new(move || {
            let result = finder::answer(&shared, asked);
            if let Err(error) = &result {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.copy());
            }
            let last = {
                let mut left = turn.lock().unwrap_or_else(PoisonError::into_inner);
                *left -= 1;
                *left == 0
            };
            let all_well = failed.lock().unwrap_or_else(PoisonError::into_inner).is_none();
            if last && all_well && !shared.stop.is_draining() {
                walker::look_around(&shared, &reader, walkers)?;
            }
            result
        }));
    }
    Ok(work)
}
