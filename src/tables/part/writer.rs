//! Writing a part, batch by batch.

use super::{Batched, CREATED_BY, FORMAT, HEAD, Part, PartHead};
use crate::digest::Digest;
use crate::tables::columnar::{Builder, schema};
use crate::tables::{Cell, KeyRange, RowHasher, TableShape, TableSum};
use crate::{Code, Error, Result};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use std::io::{self, Write};
use std::sync::Arc;

/// Rows that wait as Arrow columns before they are encoded.
const BATCH_ROWS: usize = 4096;
/// The same in bytes: wide rows are encoded earlier.
const BATCH_BYTES: usize = 4 << 20;

/// Writes one part.
pub struct PartWriter<W: Write + Send> {
    shape: Arc<TableShape>,
    schema: Arc<Schema>,
    writer: ArrowWriter<Named<W>>,
    hasher: RowHasher,
    builders: Vec<Builder>,
    /// Rows and bytes in the builders.
    waiting: (usize, usize),
    sum: TableSum,
    large: u64,
    /// Bytes of the values that left their rows.
    beside: u64,
    weight: u64,
}

impl<W: Write + Send> PartWriter<W> {
    /// A part of a table of this shape, compressed with this level of zstd (with 0 not at all), written to `into`.
    pub fn new(shape: &Arc<TableShape>, level: i32, into: W) -> Result<Self> {
        let schema = schema(shape);
        let compression = match level {
            0 => Compression::UNCOMPRESSED,
            level => Compression::ZSTD(ZstdLevel::try_new(level).map_err(failed)?),
        };
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_created_by(CREATED_BY.to_owned())
            .set_compression(compression)
            // Nobody looks for a value in a part: statistics would only be a second, unproven copy of some.
            .set_statistics_enabled(EnabledStatistics::None)
            // zstd finds what is repeated, sooner and better; and a dictionary takes -0 for 0.
            .set_dictionary_enabled(false)
            .set_offset_index_disabled(true)
            // One row group: the limits of the part are the limits of memory.
            .set_max_row_group_row_count(None);
        // The shape says more than Arrow's own copy of the schema would.
        let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        let named = Named { into, hasher: blake3::Hasher::new(), size: 0 };
        Ok(Self {
            writer: ArrowWriter::try_new_with_options(named, Arc::clone(&schema), options).map_err(failed)?,
            hasher: RowHasher::new(shape.digest()),
            builders: shape.columns.iter().map(|column| Builder::new(column.kind)).collect(),
            shape: Arc::clone(shape),
            schema,
            waiting: (0, 0),
            sum: TableSum::default(),
            large: 0,
            beside: 0,
            weight: 0,
        })
    }

    /// Adds a row. It must have a cell for each column, and each column must hold its cell.
    pub fn push(&mut self, row: &[Cell]) -> Result<()> {
        if row.len() != self.shape.columns.len() {
            let what = format!("a row of `{}` has {} cells", self.shape.name, row.len());
            return Err(Error::new(Code::DatabaseChanged, what));
        }
        let mut weight = size_of_val(row);
        for ((column, builder), cell) in self.shape.columns.iter().zip(&mut self.builders).zip(row) {
            builder.push(column.kind, cell).ok_or_else(|| misfit(&self.shape, &column.name, row))?;
            weight += cell.weight();
            self.large += u64::from(matches!(cell, Cell::Large(_)));
            self.beside += cell.length_beside();
        }
        self.sum.add_row(&self.hasher.digest(row));
        self.weight += weight as u64;
        self.waiting = (self.waiting.0 + 1, self.waiting.1 + weight);
        if self.waiting.0 >= BATCH_ROWS || self.waiting.1 >= BATCH_BYTES { self.encode() } else { Ok(()) }
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.sum.rows
    }

    /// How many bytes its rows weigh in memory.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// How many bytes of values have left its rows.
    #[must_use]
    pub fn beside(&self) -> u64 {
        self.beside
    }

    fn encode(&mut self) -> Result<()> {
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(failed)?;
        self.writer.write(&batch).map_err(failed)?;
        self.waiting = (0, 0);
        Ok(())
    }

    /// Ends the part, which covers `range`. Gives what was written, and what it was written to.
    pub fn finish(self, range: KeyRange) -> Result<(Part, W)> {
        self.end(range, Vec::new())
    }

    /// Ends a part that holds several tables.
    pub(super) fn finish_batch(self, batched: Vec<Batched>) -> Result<(Part, W)> {
        self.end(KeyRange::all(), batched)
    }

    fn end(mut self, range: KeyRange, batched: Vec<Batched>) -> Result<(Part, W)> {
        if self.waiting.0 > 0 {
            self.encode()?;
        }
        let shape = TableShape::clone(&self.shape);
        let (sum, large, weight) = (self.sum, self.large, self.weight);
        let head = PartHead { format: FORMAT, shape, range, sum, large, weight, batched };
        let json = serde_json::to_string(&head).map_err(failed)?;
        self.writer.append_key_value_metadata(KeyValue::new(HEAD.to_owned(), json));
        let named = self.writer.into_inner().map_err(failed)?;
        let name = Digest::from(named.hasher.finalize());
        Ok((Part { head, name, size: named.size }, named.into))
    }
}

/// Names what passes through.
struct Named<W> {
    into: W,
    hasher: blake3::Hasher,
    size: u64,
}

impl<W: Write> Write for Named<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.into.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::Io, "cannot write a part of a table").because(cause)
}

pub(super) fn misfit(shape: &TableShape, column: &str, row: &[Cell]) -> Error {
    let what = format!("`{column}` of {} holds what its type cannot hold", shape.row_name(&shape.key_of(row)));
    Error::new(Code::DatabaseUnreadable, what).hint("correct the value, or leave the table behind with `tables.leave`")
}
