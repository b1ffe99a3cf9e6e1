//! Reading spans of tables: first their sums, and only where these differ the rows.

use super::Shared;
use super::planner::Span;
use crate::archive::DATABASE;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{Found, PartRow, Record, Stamp};
use crate::onsite::database::Database;
use crate::pipeline::assembly::Assembly;
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
}

impl Reading {
    /// Reads spans until no more come.
    pub(super) fn work(&mut self, asked: Receiver<Span>) -> Result<()> {
        for mut span in asked {
            if !self.span(&mut span)? {
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
    fn span(&mut self, span: &mut Span) -> Result<bool> {
        if self.shared.stop.is_draining() {
            return Ok(false);
        }
        // What of it is not settled yet: the key of the part that held it, and where that begins now.
        let mut rest = (span.part.as_ref().map(|part| part.row.key), span.range.clone());
        match self.read(span, &mut rest) {
            Err(error) if matches!(error.code(), Code::DatabaseUnreadable | Code::DatabaseChanged) => {
                self.unreadable(span, rest, &error).map(|()| true)
            }
            read => read,
        }
    }

    fn read(&mut self, span: &mut Span, rest: &mut (Option<Key>, KeyRange)) -> Result<bool> {
        if let Some(part) = span.part.as_ref().filter(|part| part.outcome == Some(Outcome::Verified))
            && sum(&mut *self.database, &span.shape, &span.range)? == part.row.sum
        {
            self.shared.stats.rows.add(1);
            self.shared.stats.add_unchanged(Kind::Part, part.size);
            self.shared.writer.put(Record::PartKept(part.row.key, span.pass))?;
            return Ok(true);
        }
        let piece = Piece { shape: Arc::clone(&span.shape), range: span.range.clone(), rows: 0 };
        let mut export = TableExport::new(&piece, self.shared.limits, self.shared.level);
        loop {
            if self.shared.stop.is_draining() {
                return Ok(false);
            }
            let Some(room) = self.shared.hasher.budget.take(self.shared.limits.bytes as usize) else {
                return Ok(false);
            };
            let mut large = |_: &_, _| Err(Error::new(Code::Internal, "no value leaves its row"));
            let part = export.next_part(&mut *self.database, || Ok(Vec::new()), &mut large)?;
            let Some((part, bytes)) = part else { break };
            // The tenant may have lost its bytes: the same rows heal it.
            if span.part.as_ref().is_none_or(|known| known.row.sum != part.head.sum) {
                self.shared.may_differ(&span.shape.name)?;
            }
            self.shared.stats.expected.add(u64::from(rest.0.is_none()));
            let key = rest.0.take().unwrap_or_else(|| self.shared.key(&mut span.numbers));
            rest.1.after.clone_from(&part.head.range.until);
            let row = row(span, key, part.head.range, part.head.sum);
            if !self.send(row, bytes, room)? {
                return Ok(false);
            }
        }
        // No rows are left in it.
        rest.0.map_or(Ok(()), |_| self.shared.may_differ(&span.shape.name))?;
        rest.0.take().map_or(Ok(()), |key| self.shared.writer.put(Record::Withdrawn(key)))?;
        Ok(true)
    }

    fn send(&self, row: PartRow, bytes: Vec<u8>, room: OwnedSemaphorePermit) -> Result<bool> {
        let shared = &self.shared;
        let (key, size) = (row.key, bytes.len() as u64);
        let found = self.found(&row, size);
        let (stamp, named) = (found.stamp, named(&found));
        shared.stats.rows.add(1);
        shared.stats.add_found(Kind::Part, size);
        shared.stats.opened.add(1);
        shared.stats.parts.add(size);
        shared.writer.put(Record::Part(Box::new(row), Some(found)))?;
        // The ledger knows which rows a part holds before anybody else knows that there is one.
        shared.writer.flush()?;
        let item = Arc::new(Assembly::new(key, named.clone()));
        match shared.hasher.send(bytes, stamp, &item, room, &shared.to) {
            Ok(()) => {
                shared.stats.read.add(size);
                return Ok(true);
            }
            Err(Trouble::Io(cause)) => {
                shared.outcomes.left(key, Outcome::Unreadable, None, Some(named), reason(cause.to_string()))?;
            }
            // Nobody changes what lies in our own memory.
            Err(Trouble::Stopped | Trouble::Changed | Trouble::Vanished) => {}
        }
        item.give_up();
        Ok(false)
    }

    /// The table cannot be read; the others go on.
    fn unreadable(&self, span: &mut Span, (key, range): (Option<Key>, KeyRange), error: &Error) -> Result<()> {
        self.shared.stats.expected.add(u64::from(key.is_none()));
        let key = key.unwrap_or_else(|| self.shared.key(&mut span.numbers));
        let row = row(span, key, range, TableSum::default());
        let found = self.found(&row, 0);
        let named = named(&found);
        self.shared.stats.rows.add(1);
        self.shared.writer.put(Record::Part(Box::new(row), Some(found)))?;
        let mut why = reason(error.chain());
        why.insert("table".into(), span.shape.name.clone().into());
        self.shared.outcomes.left(key, Outcome::Unreadable, None, Some(named), why)
    }

    fn found(&self, row: &PartRow, size: u64) -> Found {
        // No time: the same rows are the same part, whenever they were read.
        let stamp = Stamp { size, modified: 0, file_id: None };
        let name = format!("{}.parquet", row.key.id());
        Found { root: self.shared.root, dir: folder(&row.table), name, stamp }
    }
}

fn row(span: &Span, key: Key, range: KeyRange, sum: TableSum) -> PartRow {
    PartRow { key, table: span.shape.name.clone(), range, sum, shape: span.print, pass: span.pass }
}

/// The path in the manifest.
fn named(found: &Found) -> String {
    format!("{DATABASE}/{}/{}", found.dir, found.name)
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
