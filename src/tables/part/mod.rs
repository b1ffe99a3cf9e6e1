//! A part of a table as a file: rows in Parquet, compressed with zstd, with a head that says what they are.
//!
//! A part is read and written by itself: its head holds the shape of the table, the range that it covers, and the sum of its
//! rows. It is one row group of bounded size, so that neither side needs more memory than that. The same rows give the
//! same bytes, so that a part can be named by its BLAKE3. A reader trusts nothing: it counts, it takes only cells that the
//! shape allows, and at the end the sum must be that of the head.

mod batch;
mod reader;
#[cfg(test)]
mod tests;
mod trailer;
mod writer;

pub use batch::{BATCH_BYTES, BATCH_TABLES, Batched, TINY_BYTES, TINY_ROWS, TableRows, WholeTable, write_batch};
pub use reader::PartReader;
pub use trailer::{TRAILER, Trailer};
pub use writer::PartWriter;

use super::{KeyRange, TableShape, TableSum};
use crate::digest::Digest;
use crate::{Code, Error};
use serde::{Deserialize, Serialize};

/// The version of the format.
const FORMAT: u32 = 1;
/// Where the head lies in the metadata of the file.
const HEAD: &str = "omt.part";
/// What Parquet says about the program: a fixed text, so that the bytes do not change with every release.
const CREATED_BY: &str = "omt tables 1";

/// A part of fewer bytes is not compressed: to make what compresses and what expands, for each of its columns, takes longer than
/// all the rest of it.
pub(super) const SMALL: usize = 16 << 10;

/// What a part says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartHead {
    /// 1
    pub format: u32,
    /// The table.
    pub shape: TableShape,
    /// Which of its rows.
    pub range: KeyRange,
    /// Their number and the sum of their digests.
    pub sum: TableSum,
    /// How many values are not in it but travel as chunks.
    pub large: u64,
    /// How many bytes the rows weigh as they lie in memory.
    pub weight: u64,
    /// The tables that are in it, if these are several: then the shape is that of a part of several tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batched: Vec<Batched>,
}

/// A part that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it says about itself.
    pub head: PartHead,
    /// Its name: BLAKE3 of all its bytes.
    pub name: Digest,
    /// How many bytes it has.
    pub size: u64,
}

/// How large parts become. A part ends with the page of rows that reaches either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartLimits {
    /// So many rows.
    pub rows: u64,
    /// So many bytes of rows in memory; the file is smaller.
    pub bytes: u64,
    /// Values of more bytes leave their row and travel as chunks; at least [`FOLD`](super::FOLD).
    pub large: usize,
}

impl Default for PartLimits {
    fn default() -> Self {
        Self { rows: 250_000, bytes: 32 << 20, large: 1 << 20 }
    }
}

impl From<&crate::config::Tables> for PartLimits {
    fn from(config: &crate::config::Tables) -> Self {
        // Checked when the configuration was read: none is larger than 256 MiB.
        Self { rows: config.part_rows, bytes: config.part.0, large: config.large.0 as usize }
    }
}

/// A part that is not what its format, its head or its name says.
fn invalid(what: impl std::fmt::Display) -> Error {
    Error::new(Code::PartInvalid, format!("not a valid part of a table: {what}"))
        .hint("the part was damaged or changed on its way; send it again from the installation")
}
