//! The rows that name files, compared with what the ledger has of each: also where tables do not move, or not this one.

use super::{How, Write};
use crate::Result;
use crate::item::{Key, Kind};
use crate::ledger::{Known, Reader};
use crate::onsite::Source;
use crate::pipeline::Stop;
use crate::pipeline::scanner::judge::Row;
use std::collections::VecDeque;

/// Rows in one page.
const PAGE: usize = 2000;

/// The rows that are not as they were read.
pub(super) fn compare(source: &mut Source, reader: &Reader, stop: &Stop) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    let mut known = Items { reader, page: VecDeque::new(), after: 0 };
    for kind in Kind::FILES {
        let mut after = 0;
        loop {
            let rows = page(source, kind, after)?;
            let Some((last, _)) = rows.last() else { break };
            after = i64::from(last.id());
            for (key, row) in rows {
                if stop.is_draining() {
                    return Ok(writes);
                }
                known.before(key, &mut writes)?;
                match known.take(key)? {
                    None => writes.push(write(key, How::New)),
                    // A ledger that was made again does not know what the row was.
                    Some(known) if known.print.is_none_or(|print| print == row.print()) => {}
                    Some(_) => writes.push(write(key, How::Changed)),
                }
            }
        }
    }
    known.before(Key::new(Kind::Part, 0), &mut writes)?;
    Ok(writes)
}

fn page(source: &mut Source, kind: Kind, after: i64) -> Result<Vec<(Key, Row)>> {
    let key = |id| Key::new(kind, id);
    Ok(match kind {
        Kind::Document => {
            source.documents(after, PAGE)?.into_iter().map(|row| (key(row.id), Row::Document(row))).collect()
        }
        Kind::Template => {
            source.templates(after, PAGE)?.into_iter().map(|row| (key(row.id), Row::Template(row))).collect()
        }
        Kind::Attachment => {
            source.attachments(after, PAGE)?.into_iter().map(|row| (key(row.id), Row::Attachment(row))).collect()
        }
        Kind::Part => Vec::new(),
    })
}

/// The table and the key of the rows of a kind.
fn table(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Document => ("document", "document_id"),
        Kind::Template => ("DocTmpl", "DocTmpl_id"),
        Kind::Attachment => ("attachment", "id"),
        Kind::Part => ("part", "id"),
    }
}

fn write(key: Key, how: How) -> Write {
    let (table, column) = table(key.kind());
    Write { what: format!("{table}({column}={})", key.id()), how, who: None }
}

/// The items of the ledger that have rows, in key order. Translations have none of their own.
struct Items<'a> {
    reader: &'a Reader,
    page: VecDeque<Known>,
    after: i64,
}

impl Items<'_> {
    fn peek(&mut self) -> Result<Option<&Known>> {
        while self.page.is_empty() && self.after < i64::MAX {
            let page = self.reader.items_after(self.after, PAGE)?;
            self.after = page.last().map_or(i64::MAX, |last| last.key.number());
            let has_row = |known: &Known| known.key.language().is_none() && known.key.kind() != Kind::Part;
            self.page = page.into_iter().filter(has_row).collect();
        }
        Ok(self.page.front())
    }

    /// Items before this key have no row any more.
    fn before(&mut self, key: Key, writes: &mut Vec<Write>) -> Result<()> {
        while self.peek()?.is_some_and(|known| known.key < key) {
            writes.extend(self.page.pop_front().map(|known| write(known.key, How::Gone)));
        }
        Ok(())
    }

    fn take(&mut self, key: Key) -> Result<Option<Known>> {
        self.peek()?;
        Ok(self.page.pop_front_if(|known| known.key == key))
    }
}
