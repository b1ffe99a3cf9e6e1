//! Reading a part back, without trust.

use super::{CREATED_BY, FORMAT, HEAD, PartHead, PartLimits, invalid};
use crate::digest::Digest;
use crate::tables::columnar::{cell, schema};
use crate::tables::{Cell, Cells, RowHasher, TableShape, TableSum};
use crate::{Code, Error, Result};
use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Rows that are taken apart at a time.
const BATCH_ROWS: usize = 1024;
/// A part may be so much larger than the limit of its writer: the page that reaches the limit still belongs to it.
const SLACK: u64 = 4;

/// The rows of a part, in their order. The last thing that it gives is an error if they are not what the head says, so
/// nothing may count before the end was reached.
pub struct PartReader {
    head: PartHead,
    shape: Arc<TableShape>,
    batches: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    row: usize,
    hasher: RowHasher,
    sum: TableSum,
    ended: bool,
}

impl PartReader {
    /// Opens the bytes of a part. They must have this name, and keep the limits of the writer.
    pub fn open(bytes: Bytes, name: &Digest, limits: &PartLimits) -> Result<Self> {
        if Digest::of(&bytes) != *name {
            return Err(invalid("its bytes are not those of its name"));
        }
        sheltered(|| Self::open_unnamed(bytes, limits))
    }

    fn open_unnamed(bytes: Bytes, limits: &PartLimits) -> Result<Self> {
        let metadata = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new().with_skip_arrow_metadata(true))
            .map_err(invalid)?;
        let file = metadata.metadata().file_metadata();
        let head = file.key_value_metadata().and_then(|pairs| pairs.iter().find(|pair| pair.key == HEAD));
        let head = head.and_then(|pair| pair.value.as_deref()).ok_or_else(|| invalid("it has no head"))?;
        let format = serde_json::from_str::<Format>(head).map_err(|_| invalid("its head is no JSON"))?.format;
        if format != FORMAT || file.created_by() != Some(CREATED_BY) {
            return Err(Error::new(Code::PartInvalid, format!("a part of a table has the unknown format {format}"))
                .hint("it was written by another version of this program; use the same on both sides"));
        }
        let head: PartHead = serde_json::from_str(head).map_err(|_| invalid("its head is not understood"))?;
        let groups = metadata.metadata().row_groups();
        let raw: i64 =
            groups.iter().flat_map(RowGroupMetaData::columns).map(ColumnChunkMetaData::uncompressed_size).sum();
        let rows = u64::try_from(file.num_rows()).unwrap_or(u64::MAX);
        if rows != head.sum.rows {
            return Err(invalid(format!("it has {rows} rows, its head says {}", head.sum.rows)));
        }
        // Empty rows of tables with many columns weigh little in the file and much in memory.
        if groups.len() > 1 || rows > limits.rows * SLACK || raw as u64 > limits.bytes.saturating_mul(SLACK) {
            return Err(invalid(format!("it has {rows} rows and {raw} bytes, more than a part may have")));
        }
        Self::check_batch(&head, raw as u64)?;
        let expected = schema(&head.shape);
        let options = ArrowReaderOptions::new().with_schema(expected);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
            .map_err(|_| invalid("its columns are not those of its shape"))?;
        let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(invalid)?;
        Ok(Self {
            shape: Arc::new(head.shape.clone()),
            hasher: RowHasher::new(head.shape.digest()),
            head,
            batches,
            batch: None,
            row: 0,
            sum: TableSum::default(),
            ended: false,
        })
    }

    /// What the part says about itself.
    #[must_use]
    pub fn head(&self) -> &PartHead {
        &self.head
    }

    /// The shape of its rows.
    #[must_use]
    pub fn shape(&self) -> &Arc<TableShape> {
        &self.shape
    }

    fn read(&mut self) -> Result<Option<Cells>> {
        loop {
            if let Some(batch) = &self.batch
                && self.row < batch.num_rows()
            {
                let row = row(&self.shape, batch, self.row)?;
                self.row += 1;
                self.sum.add_row(&self.hasher.digest(&row));
                return Ok(Some(row));
            }
            let batches = &mut self.batches;
            let Some(batch) = sheltered(|| batches.next().transpose().map_err(invalid))? else { break };
            (self.batch, self.row) = (Some(batch), 0);
        }
        if self.sum == self.head.sum {
            Ok(None)
        } else {
            Err(invalid(format!(
                "its rows of `{}` add up to {}, its head says {}",
                self.shape.name, self.sum, self.head.sum
            )))
        }
    }
}

/// What every version of a head has.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

fn row(shape: &TableShape, batch: &RecordBatch, row: usize) -> Result<Vec<Cell>> {
    let cell = |(place, column): (usize, &super::super::ShapeColumn)| {
        let values: &dyn Array = batch.columns().get(place)?;
        cell(column.kind, values, row)
    };
    let cells: Option<Vec<Cell>> = shape.columns.iter().enumerate().map(cell).collect();
    cells.ok_or_else(|| invalid(format!("a cell of `{}` is none of its type", shape.name)))
}

/// The Parquet library may panic on bytes that somebody has made up. That is an error of the part, not of this program.
fn sheltered<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(invalid("the Parquet library gave it up")))
}

impl Iterator for PartReader {
    type Item = Result<Cells>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}
