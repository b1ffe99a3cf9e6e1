//! Values that left their rows, on their way into the rows of a SQLite database.
//!
//! Bytes get room in their row first and are then written into it piece by piece, so that a value never lies in memory as a
//! whole. Text cannot be written like this: up to [`LONG_TEXT`] it is put together in memory, and longer text is stored as a
//! blob in its canonical form, which is read back as the same text. Every value is hashed while it is written.

use super::GiveLarge;
use crate::tables::canonical::{CONTENT_HEAD, content_head};
use crate::tables::stored::LONG_TEXT;
use crate::tables::{Cell, Cells, ColumnType, Large, LargeKind, TableShape};
use crate::{Code, Error, Result};
use rusqlite::blob::{Blob, ZeroBlob};
use rusqlite::{Connection, MAIN_DB};
use std::io::{self, Write};

/// The values of one part.
pub(super) struct Values<'a, 'b> {
    connection: &'a Connection,
    shape: &'a TableShape,
    give: &'a mut GiveLarge<'b>,
    /// Where the next one begins.
    at: u64,
}

/// A value that is written when its row is there.
pub(super) struct Streamed {
    place: usize,
    large: Large,
    at: u64,
}

impl<'a, 'b> Values<'a, 'b> {
    pub(super) fn new(connection: &'a Connection, shape: &'a TableShape, give: &'a mut GiveLarge<'b>) -> Self {
        Self { connection, shape, give, at: 0 }
    }

    /// Puts values into the row that need no stream. What remains [`Cell::Large`] gets [`room`] and is filled later.
    pub(super) fn restore(&mut self, row: &mut Cells) -> Result<Vec<Streamed>> {
        let mut streamed = Vec::new();
        for (place, (column, cell)) in self.shape.columns.iter().zip(row).enumerate() {
            let Cell::Large(large) = cell else { continue };
            let (large, at) = (Large::clone(large), self.at);
            self.at = self.at.saturating_add(large.length);
            if is_streamed(column.kind, &large) {
                streamed.push(Streamed { place, large, at });
                continue;
            }
            let mut content = Vec::new();
            (self.give)(&large, at, &mut Bounded { into: &mut content, left: large.length })?;
            *cell = large.restore(content).ok_or_else(|| self.different())?;
        }
        Ok(streamed)
    }

    /// Writes the values of the row that was inserted last.
    pub(super) fn fill(&mut self, row: &[Cell], streamed: &[Streamed]) -> Result<()> {
        let number = self.connection.last_insert_rowid();
        for Streamed { place, large, at } in streamed {
            let column = &self.shape.columns[*place];
            let broken = |cause: rusqlite::Error| {
                let name = self.shape.row_name(&self.shape.key_of(row));
                Error::new(Code::StoreUnusable, format!("cannot write `{}` of {name}", column.name)).because(cause)
            };
            let mut blob =
                self.connection.blob_open(MAIN_DB, &*self.shape.name, &*column.name, number, false).map_err(broken)?;
            if large.kind != LargeKind::Bytes {
                blob.write_all(&content_head(large.kind, large.length)).map_err(io_broken)?;
            }
            let mut hashed = Hashed { into: blob, hasher: blake3::Hasher::new(), left: large.length };
            (self.give)(large, *at, &mut hashed)?;
            if hashed.left > 0 || hashed.hasher.finalize() != *large.digest.as_bytes() {
                return Err(self.different());
            }
            hashed.into.close().map_err(broken)?;
        }
        Ok(())
    }

    fn different(&self) -> Error {
        let what = format!("a large value of `{}` is not the one that was sent", self.shape.name);
        Error::new(Code::PartInvalid, what)
    }
}

fn is_streamed(kind: ColumnType, large: &Large) -> bool {
    match large.kind {
        LargeKind::Bytes => true,
        LargeKind::Wide | LargeKind::Text => large.length > LONG_TEXT && kind != ColumnType::Dynamic,
    }
}

/// The room that a value needs in its row.
pub(super) fn room(kind: ColumnType, large: &Large) -> ZeroBlob {
    debug_assert!(is_streamed(kind, large));
    let head = if large.kind == LargeKind::Bytes { 0 } else { CONTENT_HEAD as u64 };
    // SQLite refuses what is larger than it can hold.
    ZeroBlob(large.length.saturating_add(head))
}

fn io_broken(cause: io::Error) -> Error {
    Error::new(Code::StoreUnusable, "cannot write a large value into the tenant's database").because(cause)
}

/// No more than was announced: what comes from a store is not trusted.
struct Bounded<'a> {
    into: &'a mut Vec<u8>,
    left: u64,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::WriteZero)?;
        self.into.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Hashed<'a> {
    into: Blob<'a>,
    hasher: blake3::Hasher,
    left: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::WriteZero)?;
        self.into.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
