//! One value of a table, without loss.
//!
//! A [`Cell`] holds what the server holds, not what a program makes of it: a `datetime` is days and ticks of 1/300 s,
//! a `varchar` is bytes in its code page, a float is its bits. Two cells are equal only if a query could not tell
//! them apart. [`Value`](crate::onsite::database::Value) is the comfortable and lossy sister, for logic.

use super::Wide;
use crate::digest::Digest;

/// A row of a table: a cell for each column of its shape.
pub type Cells = Vec<Cell>;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cell {
    /// No value; another thing than an empty one.
    Null,
    /// `bit`
    Bit(bool),
    /// `tinyint` (0 to 255), `smallint`, `int`, `bigint`; a whole number of SQLite.
    Integer(i64),
    /// `real`, by its bits.
    Real(u32),
    /// `float`, by its bits; a real number of SQLite.
    Float(u64),
    /// `decimal`, `numeric`: the number is `unscaled` / 10^`scale`.
    Decimal {
        /// The digits, at most 38, with the sign.
        unscaled: i128,
        /// The places behind the point, those of the column.
        scale: u8,
    },
    /// `money`, `smallmoney`: ten-thousandths.
    Money(i64),
    /// `datetime`
    DateTime {
        /// Days since 1900-01-01; 1753-01-01 is -53,690.
        days: i32,
        /// 1/300 s since midnight.
        ticks: u32,
    },
    /// `smalldatetime`
    SmallDateTime {
        /// Days since 1900-01-01.
        days: u16,
        /// Minutes since midnight.
        minutes: u16,
    },
    /// `date`: days since 0001-01-01.
    Date(u32),
    /// `time(scale)`
    Time {
        /// Units of 10^-`scale` s since midnight.
        units: u64,
        /// 0 to 7, that of the column.
        scale: u8,
    },
    /// `datetime2(scale)`
    DateTime2 {
        /// Days since 0001-01-01.
        days: u32,
        /// Units of 10^-`scale` s since midnight.
        units: u64,
        /// 0 to 7, that of the column.
        scale: u8,
    },
    /// `datetimeoffset(scale)`: date and time are in UTC, as the server keeps them.
    DateTimeOffset {
        /// Days since 0001-01-01.
        days: u32,
        /// Units of 10^-`scale` s since midnight.
        units: u64,
        /// 0 to 7, that of the column.
        scale: u8,
        /// Minutes that the writer's clock was ahead of UTC, -840 to 840.
        offset: i16,
    },
    /// `nchar`, `nvarchar`, `ntext`, `xml`.
    Wide(Wide),
    /// `char`, `varchar`, `text`: bytes in the code page of the column. A text of SQLite, which may be no UTF-8.
    Text(Vec<u8>),
    /// `binary`, `varbinary`, `image`; a blob of SQLite.
    Bytes(Vec<u8>),
    /// `uniqueidentifier`, in the order of bytes in which the server sends it.
    Guid([u8; 16]),
    /// `rowversion`, `timestamp`: a number, big-endian.
    RowVersion([u8; 8]),
    /// A value of another type: `sql_variant`, spatial and customers' own types.
    Other(Box<Other>),
    /// A large value that left its row and travels as chunks.
    Large(Box<Large>),
}

/// A value whose type this program does not take apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Other {
    /// The type, as the server names it; in a `sql_variant` that of the value inside.
    pub type_name: String,
    /// The value as the server sends it.
    pub bytes: Vec<u8>,
}

/// What stands in a row for a large value: enough to fetch it and to prove it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Large {
    /// What kind of cell it is.
    pub kind: LargeKind,
    /// BLAKE3 of the content: the bytes of the cell, for wide text its WTF-8.
    pub digest: Digest,
    /// How long the content is, in bytes.
    pub length: u64,
}

/// The kinds of cells that can leave their row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LargeKind {
    /// [`Cell::Wide`]
    Wide,
    /// [`Cell::Text`]
    Text,
    /// [`Cell::Bytes`]
    Bytes,
}

impl Cell {
    /// A `float` or a real number of SQLite.
    #[must_use]
    pub fn float(number: f64) -> Self {
        Self::Float(number.to_bits())
    }

    /// A `real`.
    #[must_use]
    pub fn real(number: f32) -> Self {
        Self::Real(number.to_bits())
    }

    /// Text of `nvarchar` that is Unicode.
    #[must_use]
    pub fn wide(text: &str) -> Self {
        Self::Wide(text.into())
    }

    /// Roughly the bytes of memory that it takes beside itself.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Wide(text) => text.as_bytes().len(),
            Self::Text(bytes) | Self::Bytes(bytes) => bytes.len(),
            Self::Other(other) => size_of::<Other>() + other.type_name.len() + other.bytes.len(),
            Self::Large(_) => size_of::<Large>(),
            _ => 0,
        }
    }

    /// The same cell, with large content as what stands for it: two readers who let different values leave their rows
    /// call a row by the same name.
    pub(super) fn folded(&self) -> Self {
        match self.content().filter(|(_, content)| content.len() > super::FOLD) {
            Some((kind, content)) => {
                let (digest, length) = (Digest::of(content), content.len() as u64);
                Self::Large(Box::new(Large { kind, digest, length }))
            }
            None => self.clone(),
        }
    }

    /// The kind and the content of a cell that may leave its row.
    pub(super) fn content(&self) -> Option<(LargeKind, &[u8])> {
        match self {
            Self::Wide(text) => Some((LargeKind::Wide, text.as_bytes())),
            Self::Text(bytes) => Some((LargeKind::Text, bytes)),
            Self::Bytes(bytes) => Some((LargeKind::Bytes, bytes)),
            _ => None,
        }
    }
}

impl Large {
    /// The cell that left, from its content; `None` if the content is another one.
    #[must_use]
    pub fn restore(&self, content: Vec<u8>) -> Option<Cell> {
        if content.len() as u64 != self.length || Digest::of(&content) != self.digest {
            return None;
        }
        match self.kind {
            LargeKind::Wide => Wide::from_bytes(content).map(Cell::Wide),
            LargeKind::Text => Some(Cell::Text(content)),
            LargeKind::Bytes => Some(Cell::Bytes(content)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_small() {
        assert!(size_of::<Cell>() <= 32, "{}", size_of::<Cell>());
    }
}
