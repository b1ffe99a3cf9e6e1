//! Reading spans of tables: first their sums, and only where these differ the rows.

use super::Shared;
use super::planner::{Ask, Span};
use super::values::{Content, Values};
use crate::archive::DATABASE;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{Found, KnownPart, PartRow, Record, Stamp};
use crate::onsite::database::Database;
use crate::pipeline::budget::ContentBudget;
use crate::pipeline::hasher::Trouble;
use crate::pipeline::outcomes::reason;
use crate::tables::export::{TableExport, sum};
use crate::tables::plan::Piece;
use crate::tables::{KeyRange, TableSum};
use crate::{Code, Error, Result};
use crossbeam_channel::Receiver;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// One thread and its connection.
pub(super) struct Reading {
    pub(super) database: Box<dyn Database>,
    pub(super) shared: Arc<Shared>,
    /// Parts that the ledger was told and not yet asked to keep: a commit for each of many small ones would be what they cost.
    waiting: Vec<Waiting>,
}

/// A part that is ready to go.
struct Waiting {
    key: Key,
    named: String,
    stamp: Stamp,
    content: Content,
    room: OwnedSemaphorePermit,
}

/// No more parts wait than this, and no more bytes of them.
const MOST_WAITING: usize = 64;
const MOST_WAITING_BYTES: usize = 256 << 10;

impl Reading {
    pub(super) fn new(database: Box<dyn Database>, shared: Arc<Shared>) -> Self {
        Self { database, shared, waiting: Vec::new() }
    }

    /// Reads spans until no more come.
    pub(super) fn work(&mut self, asked: &Receiver<Ask>) -> Result<()> {
        loop {
            let next = match asked.try_recv() {
                Ok(ask) => Some(ask),
                // Nothing waits while this thread does.
                Err(_) if !self.send_waiting()? => return Ok(()),
                Err(_) => asked.recv().ok(),
            };
            let goes_on = match next {
                Some(Ask::Span(mut span)) => self.span(&mut span)?,
                Some(Ask::Batch(batch)) => self.batch(batch)?,
                None => break,
            };
            if !goes_on {
                // What was read is under way, and is finished.
                self.send_waiting()?;
                return Ok(());
            }
        }
        // Whoever hands out spans may have ended early, because the run is stopped.
        if !self.shared.stop.is_draining() {
            self.shared.done();
        }
        Ok(())
    }

    /// Gives `false` when the run is over.
    pub(super) fn span(&mut self, span: &mut Span) -> Result<bool> {
        if self.shared.stop.is_draining() {
            return Ok(false);
        }
        // What of it is not settled yet: the key of the part that held it, and where that begins now.
        let mut rest = (span.part.as_ref().map(|part| part.row.key), span.range.clone());
        match self.read(span, &mut rest) {
            Err(error) if is_of_table(&error) => self.unreadable(span, rest, &error).map(|()| true),
            read => read,
        }
    }

    fn read(&mut self, span: &mut Span, rest: &mut (Option<Key>, KeyRange)) -> Result<bool> {
        if let Some(part) = span.part.as_ref().filter(|part| part.outcome == Some(Outcome::Verified))
            && sum(&mut *self.database, &span.shape, &span.range)? == part.row.sum
        {
            self.shared.keep(part, span.pass)?;
            return Ok(true);
        }
        let piece = Piece { shape: Arc::clone(&span.shape), range: span.range.clone(), rows: 0 };
        let mut export = TableExport::new(&piece, self.shared.limits, self.shared.level);
        loop {
            if self.shared.stop.is_draining() {
                return Ok(false);
            }
            let Some(room) = self.room()? else { return Ok(false) };
            // The part has its key before it is known that there is one: values that leave its rows belong to it already.
            let unused = span.numbers.clone();
            let key = rest.0.unwrap_or_else(|| self.shared.key(&mut span.numbers));
            let mut values = Values::new(&self.shared, key, &span.shape.name);
            let part = match export.next_part(&mut *self.database, || Ok(Vec::new()), &mut values) {
                Ok(Some(part)) => part,
                Ok(None) => {
                    span.numbers = unused;
                    break;
                }
                Err(error) => {
                    values.item.give_up();
                    span.numbers = unused;
                    // Whoever takes pieces is gone, and says so himself.
                    return if values.stopped { Ok(false) } else { Err(error) };
                }
            };
            let (part, bytes) = part;
            // The tenant may have lost its bytes: the same rows heal it.
            if span.part.as_ref().is_none_or(|known| known.row.sum != part.head.sum) {
                self.shared.may_differ(&span.shape.name)?;
            }
            self.shared.stats.expected.add(u64::from(rest.0.take().is_none()));
            rest.1.after.clone_from(&part.head.range.until);
            let row = row(span, key, part.head.range.clone(), part.head.sum);
            if !self.send(vec![row], values.before(&part, bytes), room)? {
                return Ok(false);
            }
        }
        // No rows are left in it.
        rest.0.map_or(Ok(()), |_| self.shared.may_differ(&span.shape.name))?;
        rest.0.take().map_or(Ok(()), |key| self.shared.writer.put(Record::Withdrawn(key)))?;
        Ok(true)
    }

    /// Room to build a part in. Nobody waits for room who holds some: two who do might wait for each other.
    pub(super) fn room(&mut self) -> Result<Option<OwnedSemaphorePermit>> {
        let bytes = self.shared.limits.bytes as usize;
        if let Some(room) = self.shared.hasher.budget.try_take(bytes) {
            return Ok(Some(room));
        }
        Ok(if self.send_waiting()? { self.shared.hasher.budget.take(bytes) } else { None })
    }

    /// Gives `false` when the run is over.
    pub(super) fn send(
        &mut self,
        rows: Vec<PartRow>,
        content: Content,
        mut room: OwnedSemaphorePermit,
    ) -> Result<bool> {
        let shared = &self.shared;
        let Some(key) = rows.first().map(|row| row.key) else { return Ok(true) };
        let size = content.sent.length + content.bytes.len() as u64;
        let found = shared.found(key, rows.iter().map(|row| row.table.as_str()), size);
        let (stamp, named) = (found.stamp, named(&found));
        shared.stats.rows.add(1);
        shared.stats.add_found(Kind::Part, size);
        shared.stats.opened.add(1);
        shared.stats.parts.add(size);
        let digest = content.digest();
        shared.writer.put(Record::Part(rows, Some(found), Some(digest)))?;
        // What it was built in is given back.
        let room = ContentBudget::part_of(&mut room, content.bytes.len().max(1)).unwrap_or(room);
        self.waiting.push(Waiting { key, named, stamp, content, room });
        let bytes: usize = self.waiting.iter().map(|waiting| waiting.content.bytes.len()).sum();
        let full = self.waiting.len() >= MOST_WAITING || bytes >= MOST_WAITING_BYTES;
        if full { self.send_waiting() } else { Ok(true) }
    }

    /// Gives `false` when the run is over.
    fn send_waiting(&mut self) -> Result<bool> {
        if self.waiting.is_empty() {
            return Ok(true);
        }
        // The ledger knows which rows a part holds before anybody else knows that there is one.
        self.shared.writer.flush()?;
        for waiting in std::mem::take(&mut self.waiting) {
            if !self.shared.send(waiting)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The table cannot be read; the others go on.
    pub(super) fn unreadable(
        &self,
        span: &mut Span,
        (key, range): (Option<Key>, KeyRange),
        error: &Error,
    ) -> Result<()> {
        self.shared.stats.expected.add(u64::from(key.is_none()));
        let key = key.unwrap_or_else(|| self.shared.key(&mut span.numbers));
        let row = row(span, key, range, TableSum::default());
        let found = self.shared.found(key, std::iter::once(row.table.as_str()), 0);
        let named = named(&found);
        self.shared.stats.rows.add(1);
        self.shared.writer.put(Record::Part(vec![row], Some(found), None))?;
        let mut why = reason(error.chain());
        why.insert("table".into(), span.shape.name.clone().into());
        self.shared.outcomes.left(key, Outcome::Unreadable, None, Some(named), why)
    }
}

/// Whether it is one table that cannot be read, and not the database.
pub(super) fn is_of_table(error: &Error) -> bool {
    matches!(error.code(), Code::DatabaseUnreadable | Code::DatabaseChanged)
}

impl Shared {
    /// A part is still what it was.
    pub(super) fn keep(&self, part: &KnownPart, pass: u64) -> Result<()> {
        self.stats.rows.add(1);
        self.stats.add_unchanged(Kind::Part, part.size);
        self.writer.put(Record::PartKept(part.row.key, pass))
    }

    fn send(&self, waiting: Waiting) -> Result<bool> {
        let Waiting { key, named, stamp, content: Content { item, sent, bytes }, room } = waiting;
        let sent = if sent.pieces == 0 {
            self.hasher.send(bytes, stamp, &item, room, &self.to)
        } else {
            self.hasher.send_rest(&bytes, sent, stamp, &item, room, &self.to)
        };
        match sent {
            Ok(()) => {
                self.stats.read.add(stamp.size);
                return Ok(true);
            }
            Err(Trouble::Io(cause)) => {
                self.outcomes.left(key, Outcome::Unreadable, None, Some(named), reason(cause.to_string()))?;
            }
            // Nobody changes what lies in our own memory.
            Err(Trouble::Stopped | Trouble::Changed | Trouble::Vanished) => {}
        }
        item.give_up();
        Ok(false)
    }

    fn found<'a>(&self, key: Key, tables: impl Iterator<Item = &'a str>, size: u64) -> Found {
        // No time: the same rows are the same part, whenever they were read.
        let stamp = Stamp { size, modified: 0, file_id: None };
        let (dir, name) = place(key, tables);
        Found { root: self.root, dir, name, stamp }
    }
}

/// The folder of parts that hold several tables. No table has a folder with a point.
const SEVERAL: &str = "several.tables";

/// Where a part is in the manifest: its folder and its name.
fn place<'a>(key: Key, mut tables: impl Iterator<Item = &'a str>) -> (String, String) {
    let folder = match (tables.next(), tables.next()) {
        (Some(only), None) => folder(only),
        _ => SEVERAL.to_owned(),
    };
    (folder, format!("{}.parquet", key.id()))
}

pub(super) fn row(span: &Span, key: Key, range: KeyRange, sum: TableSum) -> PartRow {
    PartRow { key, table: span.shape.name.clone(), range, sum, shape: span.print, pass: span.pass }
}

/// The path in the manifest.
fn named(found: &Found) -> String {
    format!("{DATABASE}/{}/{}", found.dir, found.name)
}

/// The same, of a part that is being written.
pub(super) fn path<'a>(key: Key, tables: impl Iterator<Item = &'a str>) -> String {
    let (dir, name) = place(key, tables);
    format!("{DATABASE}/{dir}/{name}")
}

/// The name of a table as one part of a path: what no path may have is written as `%` and two digits.
fn folder(table: &str) -> String {
    let mut folder = String::with_capacity(table.len());
    for byte in table.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            folder.push(char::from(byte));
        } else {
            let _ = write!(folder, "%{byte:02x}");
        }
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_table_has_a_folder() {
        assert_eq!(folder("y_Cars-2"), "y_Cars-2");
        assert_eq!(folder("../a b"), "%2e%2e%2fa%20b");
        assert_eq!(folder("ø"), "%c3%b8");
    }
}
