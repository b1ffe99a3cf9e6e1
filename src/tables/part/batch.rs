//! A part that holds several tables, each of them whole.
//!
//! What a tiny table costs are not its rows, but a file of its own and all that is done for each file. So tiny tables share
//! one. Its Parquet is that of a table of its own kind with two columns: which of the tables of the head, and a row of it in
//! canonical form, never folded. A batch is small and is taken apart in memory; nothing in it has left its row.

use super::writer::misfit;
use super::{Part, PartHead, PartReader, PartWriter, SMALL, invalid};
use crate::tables::ahead::ahead;
use crate::tables::canonical::{read_cells, write_cells};
use crate::tables::{Cell, Cells, ColumnType, KeyRange, RowHasher, ShapeColumn, TableShape, TableSum};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::vec;

/// The most tables that are put together.
pub const BATCH_TABLES: usize = 64;
/// A batch ends with the table that brings its rows to so many bytes in memory: when one row changes, all of it is sent again.
pub const BATCH_BYTES: usize = 1 << 20;
/// The most rows and bytes of a table that is tiny.
pub const TINY_ROWS: usize = 2000;
/// The same in bytes.
pub const TINY_BYTES: usize = 64 << 10;
/// Rows that are taken apart before those in front of them are written.
const AHEAD_ROWS: usize = 1024;
/// The same in bytes.
const AHEAD_BYTES: usize = 1 << 20;
/// What a reader takes apart in memory at most.
const MOST_BYTES: u64 = 16 << 20;

/// A table of a batch, as the head of the part lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batched {
    /// The table.
    pub shape: TableShape,
    /// The number of its rows and the sum of their digests.
    pub sum: TableSum,
}

/// A table with all its rows.
#[derive(Debug, Clone)]
pub struct WholeTable {
    /// What it looks like.
    pub shape: Arc<TableShape>,
    /// All of them.
    pub rows: Vec<Cells>,
    /// Their sum.
    pub sum: TableSum,
    /// What they weigh in memory.
    pub weight: usize,
}

impl WholeTable {
    /// Sums its rows up. Each must have a cell for each column, and each column must hold its cell.
    pub fn new(shape: &Arc<TableShape>, rows: Vec<Cells>) -> Result<Self> {
        let (mut hasher, mut sum, mut weight) = (RowHasher::new(shape.digest()), TableSum::default(), 0);
        for row in &rows {
            must_fit(shape, row)?;
            sum.add_row(&hasher.digest(row));
            weight += size_of_val(row.as_slice()) + row.iter().map(Cell::weight).sum::<usize>();
        }
        Ok(Self { shape: Arc::clone(shape), rows, sum, weight })
    }
}

/// Writes whole tables into one part, compressed with this level of zstd. A single one makes a part as any other.
pub fn write_batch(tables: &[WholeTable], level: i32) -> Result<(Part, Vec<u8>)> {
    let level = if tables.iter().map(|table| table.weight).sum::<usize>() < SMALL { 0 } else { level };
    if let [only] = tables {
        let mut writer = PartWriter::new(&only.shape, level, Vec::new())?;
        only.rows.iter().try_for_each(|row| writer.push(row))?;
        return writer.finish(KeyRange::all());
    }
    let mut writer = PartWriter::new(&Arc::new(own_shape()), level, Vec::new())?;
    for (place, table) in (0..).zip(tables) {
        for row in &table.rows {
            writer.push(&[Cell::Integer(place), Cell::Bytes(write_cells(row))])?;
        }
    }
    let batched = tables.iter().map(|table| Batched { shape: TableShape::clone(&table.shape), sum: table.sum });
    writer.finish_batch(batched.collect())
}

/// The table that a batch is as a file.
fn own_shape() -> TableShape {
    let column = |name: &str, declared: &str, kind| {
        let (name, declared) = (name.to_owned(), declared.to_owned());
        ShapeColumn { name, declared, kind, nullable: false, key: 0, masked: false }
    };
    let columns = vec![column("table", "int", ColumnType::Int), column("row", "varbinary(max)", ColumnType::Binary)];
    TableShape { name: "several.tables".into(), columns }
}

impl PartHead {
    /// The tables of the part: which they are, which of their rows it has, and their sum.
    pub fn tables(&self) -> Vec<(&TableShape, KeyRange, TableSum)> {
        if self.batched.is_empty() {
            return vec![(&self.shape, self.range.clone(), self.sum)];
        }
        self.batched.iter().map(|table| (&table.shape, KeyRange::all(), table.sum)).collect()
    }
}

/// The rows of one table in a part, in their order. The last thing that they give is an error if they are not what the head says.
pub struct TableRows {
    /// The table.
    pub shape: Arc<TableShape>,
    /// Which of its rows these are.
    pub range: KeyRange,
    /// Their number and the sum of their digests.
    pub sum: TableSum,
    rows: Rows,
}

enum Rows {
    Streamed(Box<PartReader>),
    Batched(vec::IntoIter<Cells>),
}

impl TableRows {
    /// Does something with each of them. The next ones are taken apart meanwhile, on a thread of their own.
    pub fn each(mut self, take: &mut dyn FnMut(&mut Cells) -> Result<()>) -> Result<()> {
        let mut read = || {
            let (mut rows, mut bytes) = (Vec::new(), 0);
            while rows.len() < AHEAD_ROWS && bytes < AHEAD_BYTES {
                let Some(row) = self.next().transpose()? else { return Ok((rows, false)) };
                bytes += size_of_val(row.as_slice()) + row.iter().map(Cell::weight).sum::<usize>();
                rows.push(row);
            }
            Ok((rows, true))
        };
        ahead(&mut read, &mut |rows, _| rows.iter_mut().try_for_each(&mut *take))
    }
}

impl Iterator for TableRows {
    type Item = Result<Cells>;

    fn next(&mut self) -> Option<Result<Cells>> {
        match &mut self.rows {
            Rows::Streamed(reader) => reader.next(),
            Rows::Batched(rows) => rows.next().map(Ok),
        }
    }
}

impl PartReader {
    /// The tables of the part, each with its rows.
    pub fn tables(mut self) -> Result<Vec<TableRows>> {
        let PartHead { range, sum, batched, .. } = self.head().clone();
        if batched.is_empty() {
            let shape = Arc::clone(self.shape());
            return Ok(vec![TableRows { shape, range, sum, rows: Rows::Streamed(Box::new(self)) }]);
        }
        let (mut rows, mut bytes) = (vec![Vec::new(); batched.len()], 0);
        for row in &mut self {
            let row = row?;
            let [Cell::Integer(place), Cell::Bytes(cells)] = row.as_slice() else {
                return Err(invalid("a row of its tables is incomplete"));
            };
            // What is repeated weighs little in the file.
            bytes += (size_of::<Cells>() + cells.len()) as u64;
            if bytes > MOST_BYTES {
                return Err(too_much(bytes));
            }
            let place = usize::try_from(*place).ok().filter(|place| *place < rows.len());
            let place = place.ok_or_else(|| invalid("a row belongs to none of its tables"))?;
            let cells = read_cells(cells).ok_or_else(|| invalid("a row of its tables is not understood"))?;
            rows[place].push(cells);
        }
        batched.into_iter().zip(rows).map(|(table, rows)| taken_apart(table, rows)).collect()
    }

    /// What must be true of the head of a batch.
    pub(super) fn check_batch(head: &PartHead, bytes: u64) -> Result<()> {
        if head.batched.is_empty() {
            return Ok(());
        }
        if head.shape != own_shape() || head.range != KeyRange::all() || head.large > 0 {
            return Err(invalid("it lists tables, and is a part of one"));
        }
        if bytes > MOST_BYTES || head.sum.rows > MOST_BYTES {
            return Err(too_much(bytes));
        }
        Ok(())
    }
}

fn too_much(bytes: u64) -> Error {
    invalid(format!("it has {bytes} bytes or more, and a part of several tables no more than {MOST_BYTES}"))
}

fn taken_apart(table: Batched, rows: Vec<Cells>) -> Result<TableRows> {
    let table_shape = Arc::new(table.shape);
    let whole = WholeTable::new(&table_shape, rows).map_err(|error| invalid(error.message()))?;
    if whole.sum != table.sum {
        let (found, said) = (whole.sum, table.sum);
        return Err(invalid(format!("its rows of `{}` add up to {found}, its head says {said}", table_shape.name)));
    }
    let rows = Rows::Batched(whole.rows.into_iter());
    Ok(TableRows { shape: table_shape, range: KeyRange::all(), sum: table.sum, rows })
}

/// Whether a row has a cell for each column, and each column can hold its cell.
fn must_fit(shape: &TableShape, row: &[Cell]) -> Result<()> {
    if row.len() != shape.columns.len() {
        let what = format!("a row of `{}` has {} cells", shape.name, row.len());
        return Err(Error::new(Code::DatabaseChanged, what));
    }
    let fits = |(column, cell): (&ShapeColumn, &Cell)| column.kind.holds(cell) && !matches!(cell, Cell::Large(_));
    match shape.columns.iter().zip(row).position(|both| !fits(both)) {
        None => Ok(()),
        Some(place) => Err(misfit(shape, &shape.columns[place].name, row)),
    }
}
