//! Reading a piece of a table out of a database, part by part.
//!
//! A [`TableExport`] asks for pages and writes parts. It holds a handful of pages and one part, whatever the table; after a stop it goes on
//! behind the last part that was proven, because a part says which range it covers. [`sum`] reads the same rows and
//! writes nothing: a second pass compares before it sends.

use super::ahead::ahead;
use super::beside::{Beside, Forgotten};
use super::part::{Part, PartLimits, PartWriter, SMALL, TINY_BYTES, TINY_ROWS, WholeTable};
use super::plan::Piece;
use super::{Cell, Cells, ColumnType, KeyRange, PageLimit, RowHasher, TableShape, TableSum};
use crate::onsite::database::Database;
use crate::{Code, Error, Result};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a page may weigh: large enough that a question pays, small enough to forget.
const PAGE_BYTES: usize = 4 << 20;
/// The rows that are asked for at least, whatever they weigh.
const LEAST_ROWS: u64 = 100;
/// The same at most.
const MOST_ROWS: u64 = 20_000;
/// What a value of any length is taken to have.
const USUAL: u64 = 40;

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
        let (shape, limits, level, after) = (Arc::clone(&self.shape), self.limits, self.level, self.rest.after.clone());
        let (mut room, mut writer, mut into) = (Room::of(&limits), None, Some(into));
        let usual = page_of(&shape, limits.rows);
        let mut read = || {
            let rows = usual.rows.min(usize::try_from(room.rows).unwrap_or(usize::MAX)).max(1);
            let limit = PageLimit { rows, ..usual };
            let page = database.cells_beside(&self.shape, &self.rest, limit, beside)?;
            let is_full = room.take(&self.shape, &page.rows)?;
            self.ended = !page.more;
            if let Some(last) = page.last {
                self.rest = self.rest.behind(last);
            }
            Ok((page.rows, page.more && !is_full))
        };
        ahead(&mut read, &mut |rows, more| {
            if let (None, Some(into)) = (&writer, into.take_if(|_| !rows.is_empty())) {
                let small = !more && rows.iter().map(|row| weight(row)).sum::<usize>() < SMALL;
                writer = Some(PartWriter::new(&shape, if small { 0 } else { level }, into()?)?);
            }
            writer.as_mut().map_or(Ok(()), |writer| rows.iter().try_for_each(|row| writer.push(row)))
        })?;
        // The last part covers the range to its end: a row that appears there later belongs to it.
        let until = if self.ended { self.rest.until.clone() } else { self.rest.after.clone() };
        writer.map(|writer| writer.finish(KeyRange { after, until })).transpose()
    }
}

/// What a row weighs in memory.
fn weight(row: &[Cell]) -> usize {
    size_of_val(row) + row.iter().map(Cell::weight).sum::<usize>()
}

/// What a part still has room for.
struct Room {
    rows: u64,
    bytes: u64,
    beside: u64,
}

impl Room {
    fn of(limits: &PartLimits) -> Self {
        Self { rows: limits.rows, bytes: limits.bytes, beside: BESIDE }
    }

    /// Takes rows in; gives whether it is full now.
    fn take(&mut self, shape: &TableShape, rows: &[Cells]) -> Result<bool> {
        self.rows = self.rows.saturating_sub(rows.len() as u64);
        for row in rows {
            let mut weighs = size_of_val(row.as_slice());
            for cell in row {
                weighs += cell.weight();
                let beside = cell.length_beside();
                if beside > LARGEST {
                    return Err(too_large(shape, row));
                }
                self.beside = self.beside.saturating_sub(beside);
            }
            self.bytes = self.bytes.saturating_sub(weighs as u64);
        }
        Ok(self.rows == 0 || self.bytes == 0 || self.beside == 0)
    }
}

/// A page of a table that is cut into parts of so many rows. What it asks for follows from what the table looks like, and not from the rows
/// before it: pages, and so parts, are the same wherever reading began, and the next one can be asked for before this one
/// was looked at. Where rows are larger than they look, the bytes end a page.
fn page_of(shape: &TableShape, part_rows: u64) -> PageLimit {
    let cell = |kind: ColumnType| size_of::<Cell>() as u64 + if kind.varies() { USUAL } else { 0 };
    let row: u64 = shape.columns.iter().map(|column| cell(column.kind)).sum();
    let rows = (PAGE_BYTES as u64 / row.max(1)).clamp(LEAST_ROWS, MOST_ROWS);
    // All pages of a part have the same rows.
    let rows = part_rows.div_ceil(part_rows.div_ceil(rows).max(1)).max(1);
    PageLimit { rows: usize::try_from(rows).unwrap_or(usize::MAX), bytes: PAGE_BYTES }
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
    let (mut rest, limit) = (range.clone(), page_of(shape, u64::MAX));
    // No second thread: what is done to a row here takes no longer than to hand it over.
    loop {
        let page = database.cells_beside(shape, &rest, limit, &mut Forgotten(STREAM))?;
        page.rows.into_iter().try_for_each(&mut *take)?;
        match page.last.filter(|_| page.more) {
            Some(last) => rest = rest.behind(last),
            None => return Ok(()),
        }
    }
}

/// Opens a connection.
pub type Open<'a> = dyn Fn() -> Result<Box<dyn Database>> + Sync + 'a;
/// Does something over a connection, and says whether to go on.
pub type Each<'a, T> = dyn Fn(&mut dyn Database, usize, &T) -> Result<bool> + Sync + 'a;

/// Does something with each of many, over so many connections side by side. The first error ends it.
pub fn side_by_side<T: Sync>(many: &[T], connections: usize, open: &Open<'_>, each: &Each<'_, T>) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        let mut database = open()?;
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            match many.get(place) {
                Some(one) if each(&mut *database, place, one)? => {}
                _ => return Ok(()),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections.min(many.len())).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Error::new(Code::Internal, "reading the tables has failed")))
        })
    })
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
