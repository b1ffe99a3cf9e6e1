//! Reading a piece of a table out of a database, part by part.
//!
//! A [`TableExport`] asks for pages and writes parts. It holds one page and one part, whatever the table; after a stop it goes on
//! behind the last part that was proven, because a part says which range it covers. [`sum`] reads the same rows and
//! writes nothing: a second pass compares before it sends.

use super::beside::{Beside, Forgotten};
use super::part::{Part, PartLimits, PartWriter, SMALL, TINY_BYTES, TINY_ROWS, WholeTable};
use super::plan::Piece;
use super::{Cell, Cells, KeyRange, PageLimit, RowHasher, TableShape, TableSum};
use crate::onsite::database::Database;
use crate::{Code, Error, Result};
use std::io::Write;
use std::sync::Arc;

/// A page: large enough that a query pays, small enough to forget.
const PAGE: PageLimit = PageLimit { rows: 2000, bytes: 4 << 20 };

/// A part also ends when so many bytes have left its rows: what is damaged or changes costs a part.
const BESIDE: u64 = 256 << 20;
/// Where nothing is written, values above this size are read as streams.
const STREAM: usize = 1 << 20;
/// The largest value that SQLite can hold, with room for its row.
const LARGEST: u64 = 1_000_000_000 - (1 << 20);

/// A piece of a table while it is being read.
pub struct TableExport {
    shape: Arc<TableShape>,
    /// What was not read yet.
    rest: KeyRange,
    limits: PartLimits,
    /// The level of zstd.
    level: i32,
    ended: bool,
}

impl TableExport {
    /// Begins with a piece.
    #[must_use]
    pub fn new(piece: &Piece, limits: PartLimits, level: i32) -> Self {
        Self { shape: Arc::clone(&piece.shape), rest: piece.range.clone(), limits, level, ended: false }
    }

    /// Goes on behind a part that the other side has.
    #[must_use]
    pub fn behind(mut self, range: &KeyRange) -> Self {
        match &range.until {
            Some(last) if self.rest.until != range.until => self.rest = self.rest.behind(last.clone()),
            _ => self.ended = true,
        }
        self
    }

    /// Writes the next part into what `into` gives; nothing once all rows were read. A range without rows has no parts.
    /// Values that are too large go to `beside`, in the order of the rows of the part.
    pub fn next_part<W: Write + Send>(
        &mut self,
        database: &mut dyn Database,
        into: impl FnOnce() -> Result<W>,
        beside: &mut dyn Beside,
    ) -> Result<Option<(Part, W)>> {
        if self.ended {
            return Ok(None);
        }
        let (mut writer, mut into) = (None, Some(into));
        let after = self.rest.after.clone();
        loop {
            let rows = writer.as_ref().map_or(0, PartWriter::rows);
            let room = usize::try_from(self.limits.rows.saturating_sub(rows)).unwrap_or(usize::MAX);
            let limit = PageLimit { rows: PAGE.rows.min(room), ..PAGE };
            let page = database.cells_beside(&self.shape, &self.rest, limit, beside)?;
            if let (None, Some(into)) = (&writer, into.take_if(|_| !page.rows.is_empty())) {
                let weight = || page.rows.iter().flatten().map(Cell::weight).sum::<usize>();
                let small = !page.more && page.rows.len() * size_of::<Cell>() < SMALL && weight() < SMALL;
                writer = Some(PartWriter::new(&self.shape, if small { 0 } else { self.level }, into()?)?);
            }
            let Some(open) = &mut writer else {
                self.ended = true;
                return Ok(None);
            };
            for row in page.rows {
                if row.iter().any(|cell| cell.length_beside() > LARGEST) {
                    return Err(too_large(&self.shape, &row));
                }
                open.push(&row)?;
            }
            self.ended = !page.more;
            if let Some(last) = page.last {
                self.rest = self.rest.behind(last);
            }
            let full = open.rows() >= self.limits.rows || open.weight() >= self.limits.bytes;
            let full = full || open.beside() >= BESIDE;
            if self.ended || full {
                // The last part covers the range to its end: a row that appears there later belongs to it.
                let until = if self.ended { self.rest.until.clone() } else { self.rest.after.clone() };
                return writer.map(|writer| writer.finish(KeyRange { after, until })).transpose();
            }
        }
    }
}

fn too_large(shape: &TableShape, row: &[Cell]) -> Error {
    let name = shape.row_name(&shape.key_of(row));
    Error::new(
        Code::DatabaseUnreadable,
        format!("{name} has a value of more than {LARGEST} bytes, the most that moves"),
    )
    .hint("make the value smaller, or leave its table or column behind with `tables.leave`")
}

/// A table with all its rows, if it is tiny.
pub fn whole(database: &mut dyn Database, shape: &Arc<TableShape>) -> Result<Option<WholeTable>> {
    let limit = PageLimit { rows: TINY_ROWS, bytes: TINY_BYTES };
    let page = database.cells_beside(shape, &KeyRange::all(), limit, &mut Forgotten(TINY_BYTES))?;
    if page.more || page.rows.iter().flatten().any(|cell| matches!(cell, Cell::Large(_))) {
        return Ok(None);
    }
    WholeTable::new(shape, page.rows).map(|table| Some(table).filter(|table| table.weight <= TINY_BYTES))
}

/// Every row of a range, page by page. Values of more than 1 MiB are not in their rows, but counted.
pub fn each_row(
    database: &mut dyn Database,
    shape: &TableShape,
    range: &KeyRange,
    take: &mut dyn FnMut(Cells) -> Result<()>,
) -> Result<()> {
    let mut rest = range.clone();
    loop {
        let page = database.cells_beside(shape, &rest, PAGE, &mut Forgotten(STREAM))?;
        page.rows.into_iter().try_for_each(&mut *take)?;
        match page.last.filter(|_| page.more) {
            Some(last) => rest = rest.behind(last),
            None => return Ok(()),
        }
    }
}

/// The sum of a range, from the database.
pub fn sum(database: &mut dyn Database, shape: &TableShape, range: &KeyRange) -> Result<TableSum> {
    let (mut hasher, mut sum) = (RowHasher::new(shape.digest()), TableSum::default());
    each_row(database, shape, range, &mut |row: Vec<Cell>| {
        sum.add_row(&hasher.digest(&row));
        Ok(())
    })?;
    Ok(sum)
}
