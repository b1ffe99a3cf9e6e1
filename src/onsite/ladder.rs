//! The ladder of consistent reading: one decision per run, for all connections that read tables.
//!
//! The rungs are a database snapshot, snapshot isolation, a frozen installation and plain reading; SQLite has its read
//! transaction. [`climb`] takes the highest that server and configuration allow, opens the connections and has each of
//! them hold the same moment; a rung on which not all of them can stand is given up for the next lower one. What was changed
//! for it is entered before it is made ([`changes`]) and taken back when the last connection has ended ([`Held`]). What a run
//! leaves that was killed, the next one takes back first ([`put_back`]).

use super::Installation;
use super::changes::{self, Change, Outstanding};
use super::database::{Climbed, Database, Moment, Refused, Rung, Terms};
use crate::config::Config;
use crate::ledger::{Ledger, Writer};
use crate::{Code, Error, Result};
use std::sync::Arc;

/// Connections that read one moment.
pub struct Reading {
    /// One to plan with, and the others to read the rows of tables with.
    pub databases: Vec<Box<dyn Database>>,
    /// One for the rows of documents. Where only one connection can see the moment, it reads its own.
    pub documents: Box<dyn Database>,
    /// What they read; kept until all of them are dropped.
    pub held: Arc<Held>,
}

/// A moment with what was changed on the installation for it. Dropping it takes the changes back.
pub struct Held {
    /// The moment.
    pub moment: Moment,
    /// The higher rungs that were not possible, each with its reason.
    pub refused: Vec<Refused>,
    /// What is to be taken back, in the order in which it was made.
    outstanding: Vec<Outstanding>,
    installation: Installation,
    /// Where it is entered that something was taken back.
    writer: Writer,
}

impl Held {
    fn new(installation: &Installation, ledger: &Ledger) -> Self {
        Self {
            moment: Moment::of(Rung::Plain),
            refused: Vec::new(),
            outstanding: Vec::new(),
            installation: installation.clone(),
            writer: ledger.writer(),
        }
    }

    /// Takes back what `keep` does not want to keep. What cannot be taken back stays in the ledger for the next run.
    fn release(&mut self, keep: impl Fn(&Change) -> bool) {
        let (kept, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.outstanding).into_iter().partition(|one| keep(&one.change));
        self.outstanding = kept;
        if gone.is_empty() {
            return;
        }
        let mut database = match self.installation.connect() {
            Ok(database) => database,
            Err(error) => {
                tracing::warn!("changes of the installation are not taken back yet: {}", error.chain());
                return;
            }
        };
        for one in gone.into_iter().rev() {
            let taken = database.take_back(&one.change).and_then(|how| changes::settle(&self.writer, &one, &how));
            if let Err(error) = taken {
                tracing::warn!("a change of the installation is not taken back yet: {}", error.chain());
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release(|_| false);
    }
}

/// Opens a connection to plan with and at most so many readers beside the one that is there, all of one moment as far as that is
/// possible.
///
/// # Errors
/// What keeps the database from being read at all. A rung that is not possible is no error.
pub fn climb(
    installation: &Installation,
    ledger: &Ledger,
    terms: Terms,
    readers: usize,
    mut control: Box<dyn Database>,
) -> Result<Reading> {
    let (mut terms, mut refused) = (terms, Vec::new());
    loop {
        let mut held = Held::new(installation, ledger);
        let Climbed { moment, refused: more } = control.climb(&terms, &mut |change| {
            held.outstanding.push(changes::enter(ledger, change)?);
            Ok(())
        })?;
        refused.extend(more);
        held.release(|change| moment.needs(change));
        match connections(installation, &moment, readers, &mut *control) {
            Err(error) if moment.taken() > Rung::Frozen && !error.is_retryable() => {
                refused.push(Refused { rung: moment.taken(), why: error.chain() });
                terms.highest = moment.taken().below();
            }
            databases => {
                (held.moment, held.refused) = (moment, refused);
                return Ok(Reading { databases: databases?, documents: control, held: Arc::new(held) });
            }
        }
    }
}

fn connections(
    installation: &Installation,
    moment: &Moment,
    readers: usize,
    control: &mut dyn Database,
) -> Result<Vec<Box<dyn Database>>> {
    let readers = if moment.is_of_one_connection() { readers.min(1) } else { readers };
    // Each takes its time: to log on, or to learn of very many tables.
    let mut all = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..=readers).map(|_| scope.spawn(|| installation.connect())).collect();
        let opened = opening.into_iter().map(|one| {
            one.join().unwrap_or_else(|_| Err(Error::new(Code::Internal, "opening a connection has failed")))
        });
        opened.collect::<Result<Vec<_>>>()
    })?;
    // Where one connection has the moment for itself it must be the one that reads rows: a plan may be a little older or younger.
    let planner = usize::from(moment.is_of_one_connection());
    // All are there before the first begins: moments that are not the same are as close together as they can be.
    all.iter_mut().skip(planner).try_for_each(|database| database.hold(moment))?;
    // Last: what it holds, nobody takes back for another rung.
    if !moment.is_of_one_connection() {
        control.hold(moment)?;
    }
    Ok(all)
}

/// Takes back what runs have left for a consistent reading, the newest first; gives a line for each, to be told to a person.
/// What cannot be taken back stays outstanding.
pub fn put_back(ledger: &Ledger, config: &Config) -> Result<Vec<String>> {
    let mut said = Vec::new();
    for one in &changes::outstanding(&ledger.reader()?)? {
        let Some(what) = named(&one.change) else { continue };
        match take_back(&one.change, config) {
            Ok(how) => {
                changes::taken_back(ledger, one, &how)?;
                said.push(format!("a run that was broken off had left {what}: {how}"));
            }
            Err(error) => said.push(format!("a run that was broken off has left {what}: {}", error.chain())),
        }
    }
    Ok(said)
}

/// Takes back one change that was made for a consistent reading; gives what was found. Does no harm where it was never made.
pub fn take_back(change: &Change, config: &Config) -> Result<String> {
    Installation::find(config)?.connect()?.take_back(change)
}

/// A change that was made for a consistent reading, in words; nothing for others, as those of a freeze, which stand until
/// somebody takes them back.
fn named(change: &Change) -> Option<String> {
    if let Change::DatabaseSnapshot { name } = change {
        return Some(format!("the database snapshot `{name}`"));
    }
    if let Change::SnapshotIsolation { database } = change {
        return Some(format!("snapshot isolation of `{database}`, switched on"));
    }
    None
}
