//! Values that leave their row while it is read, so that no row needs the memory of its largest value.
//!
//! Whoever asks a database for rows says above which size a value is not wanted in its row, and takes its content as a
//! stream instead ([`Beside`]). What stands in the row then is a [`Large`]: the canonical form, and with it the digest of the
//! row, is the same either way. A key never leaves its row: positions are made of it.

use super::{Cell, Cells, Large, LargeKind, ShapeColumn, TableShape};
use crate::{Code, Error, Result};
use std::io::{self, Read};

/// Takes the content of values that are too large to stay in their row.
pub trait Beside: Send {
    /// Content of more bytes leaves its row; at least [`FOLD`](super::FOLD), or the row would count in another way.
    fn limit(&self) -> usize;

    /// Takes content to its end. Called in the order of the rows, and of the cells in a row.
    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> Result<Large>;
}

/// Nothing leaves its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inside;

impl Beside for Inside {
    fn limit(&self) -> usize {
        usize::MAX
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> Result<Large> {
        Named::new(content).read_out(kind)
    }
}

/// Content above the limit is named and forgotten: for sums and comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten(
    /// The limit, in bytes.
    pub usize,
);

impl Beside for Forgotten {
    fn limit(&self) -> usize {
        self.0
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> Result<Large> {
        Named::new(content).read_out(kind)
    }
}

/// Content that is named while it is read.
pub struct Named<'a> {
    content: &'a mut dyn Read,
    hasher: blake3::Hasher,
    length: u64,
}

impl<'a> Named<'a> {
    /// Of which nothing was read yet.
    #[must_use]
    pub fn new(content: &'a mut dyn Read) -> Self {
        Self { content, hasher: blake3::Hasher::new(), length: 0 }
    }

    /// What stands in the row for what was read so far.
    #[must_use]
    pub fn large(&self, kind: LargeKind) -> Large {
        Large { kind, digest: self.hasher.finalize().into(), length: self.length }
    }

    fn read_out(mut self, kind: LargeKind) -> Result<Large> {
        let mut buffer = vec![0; 64 << 10];
        while self.read(&mut buffer).map_err(of_io)? > 0 {}
        Ok(self.large(kind))
    }
}

impl Read for Named<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.content.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.hasher.update(&buffer[..count]);
        self.length += count as u64;
        Ok(count)
    }
}

/// An error of this program that went through a reader comes out as it went in; anything else is the database's.
pub(crate) fn of_io(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => Error::new(Code::DatabaseUnreadable, "a large value cannot be read to its end").because(error),
    }
}

/// What is too large of a row that lies in memory leaves it. Gives the bytes that left.
pub(crate) fn set_aside(shape: &TableShape, row: &mut Cells, beside: &mut dyn Beside) -> Result<u64> {
    let mut left = 0;
    if beside.limit() < usize::MAX {
        for (column, cell) in shape.columns.iter().zip(row).filter(|(column, _)| column.key == 0) {
            debug_assert!(!column.masked || *cell == Cell::Null);
            left += cell.set_aside(beside)?;
        }
    }
    Ok(left)
}

impl Cell {
    /// Leaves its row if it is too large. Gives the bytes that left.
    pub(crate) fn set_aside(&mut self, beside: &mut dyn Beside) -> Result<u64> {
        let limit = beside.limit();
        if let Some((kind, mut content)) = self.content().filter(|(_, content)| content.len() > limit) {
            *self = Self::Large(Box::new(beside.take(kind, &mut content)?));
            return Ok(self.length_beside());
        }
        Ok(0)
    }

    /// The bytes of content that left the row of this cell.
    pub(crate) fn length_beside(&self) -> u64 {
        if let Self::Large(large) = self { large.length } else { 0 }
    }
}

impl ShapeColumn {
    /// Whether its values may leave their row.
    pub(crate) fn may_leave(&self) -> bool {
        use super::ColumnType::{Binary, Dynamic, Narrow, Wide, Xml};
        self.key == 0 && !self.masked && matches!(self.kind, Dynamic | Binary | Narrow(_) | Wide | Xml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn a_large_value_leaves_and_what_stands_for_it_names_it() {
        let shape = crate::tables::testing::shape(&[("id", "nvarchar(9)"), ("data", "varbinary(max)")]);
        for whole in [Cell::wide("æøå"), Cell::Text(vec![0xE6; 6]), Cell::Bytes(vec![0; 6])] {
            let mut row = vec![whole.clone(), whole.clone()];
            set_aside(&shape, &mut row, &mut Forgotten(6)).unwrap();
            assert_eq!(row, [whole.clone(), whole.clone()]);
            set_aside(&shape, &mut row, &mut Forgotten(5)).unwrap();
            let Cell::Large(large) = &row[1] else { panic!("{row:?}") };
            let content = whole.content().unwrap().1.to_vec();
            assert_eq!((large.digest, large.length), (Digest::of(&content), 6));
            assert_eq!(large.restore(content), Some(whole.clone()));
            assert_eq!(large.restore(vec![1; 6]), None);
            assert_eq!(row[0], whole, "a key stays");
        }
    }

    #[test]
    fn an_error_comes_out_of_a_reader_as_it_went_in() {
        let inner = Error::new(Code::DatabaseChanged, "the value is gone");
        assert_eq!(of_io(io::Error::other(inner)).code(), Code::DatabaseChanged);
        assert_eq!(of_io(io::ErrorKind::UnexpectedEof.into()).code(), Code::DatabaseUnreadable);
    }
}
