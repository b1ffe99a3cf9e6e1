//! Tiny tables that share a part: all are read, and only if one of them differs the part is written and sent.
//!
//! What turns out not to be tiny gets a part of its own, as any other table.

use super::planner::{Batch, Span};
use super::reading::{Reading, is_of_table, row};
use super::values::Content;
use crate::Result;
use crate::item::{Key, Outcome};
use crate::ledger::Record;
use crate::tables::KeyRange;
use crate::tables::export::whole;
use crate::tables::part::{BATCH_BYTES, WholeTable, write_batch};

/// Tables on their way into a part.
#[derive(Default)]
struct Together {
    spans: Vec<Span>,
    tables: Vec<WholeTable>,
}

impl Together {
    fn is_full(&self) -> bool {
        self.tables.iter().map(|table| table.weight).sum::<usize>() >= BATCH_BYTES
    }
}

impl Reading {
    /// Gives `false` when the run is over.
    pub(super) fn batch(&mut self, batch: Batch) -> Result<bool> {
        let before = batch.part().cloned();
        let pass = batch.spans.first().map_or(0, |span| span.pass);
        // The part that held them, as long as nothing was written in its place.
        let mut key = before.as_ref().map(|part| part.row.key);
        let (mut together, mut alone, mut differs) = (Together::default(), Vec::new(), false);
        for mut span in batch.spans {
            if self.shared.stop.is_draining() {
                return Ok(false);
            }
            let table = match whole(&mut *self.database, &span.shape) {
                Ok(Some(table)) => table,
                Ok(None) => {
                    if span.part.is_some() {
                        self.shared.may_differ(&span.shape.name)?;
                    }
                    (span.part, differs) = (None, true);
                    alone.push(span);
                    continue;
                }
                Err(error) if is_of_table(&error) => {
                    // The part of the others must not change either.
                    if span.part.is_some() {
                        self.shared.may_differ(&span.shape.name)?;
                    }
                    differs = true;
                    self.unreadable(&mut span, (None, KeyRange::all()), &error)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            // A table without rows is in no part.
            if span.part.as_ref().map(|part| part.row.sum).unwrap_or_default() != table.sum {
                self.shared.may_differ(&span.shape.name)?;
                differs = true;
            }
            if table.rows.is_empty() {
                continue;
            }
            // Only now: what was full before is looked at to its end.
            if together.is_full() && !self.send_together(std::mem::take(&mut together), &mut key)? {
                return Ok(false);
            }
            together.spans.push(span);
            together.tables.push(table);
        }
        if let Some(part) = before.filter(|part| !differs && part.outcome == Some(Outcome::Verified)) {
            self.shared.keep(&part, pass)?;
            return Ok(true);
        }
        if !together.tables.is_empty() && !self.send_together(together, &mut key)? {
            return Ok(false);
        }
        // No rows are left in it.
        key.map_or(Ok(()), |key| self.shared.writer.put(Record::Withdrawn(key)))?;
        for mut span in alone {
            if !self.span(&mut span)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives `false` when the run is over.
    fn send_together(&mut self, mut together: Together, key: &mut Option<Key>) -> Result<bool> {
        let Some(room) = self.room()? else { return Ok(false) };
        let (_, bytes) = write_batch(&together.tables, self.shared.level)?;
        self.shared.stats.expected.add(u64::from(key.is_none()));
        let key = match (key.take(), together.spans.first_mut()) {
            (Some(key), _) => key,
            (None, Some(first)) => self.shared.key(&mut first.numbers),
            (None, None) => return Ok(true),
        };
        let rows = together.spans.iter().zip(&together.tables);
        let rows = rows.map(|(span, table)| row(span, key, KeyRange::all(), table.sum)).collect();
        self.send(rows, Content::of_batch(key, &together.tables, bytes), room)
    }
}
