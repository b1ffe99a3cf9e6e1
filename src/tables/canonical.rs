//! The one byte form of a row, version 1; `docs/formats.md` tells the same to people.
//!
//! ```text
//! row      version 0x01 · number of cells u32 · the cells
//! cell     tag u8 · what the tag says, all numbers little-endian
//! content  (text and bytes) length u64 · the bytes
//! folded   (content of more than 64 KiB, and every cell that left its row) length u64 · BLAKE3 of the content
//! ```
//!
//! A form is never the beginning of another one, so two different rows never have the same form; large contents are
//! kept apart by their BLAKE3. It depends on the values alone, and not on whether a large value travelled inside its
//! row or beside it. The digest of a row is keyed with its [shape](super::TableShape): equal values in another table, or
//! in other columns, are another digest.

use super::cell::{Large, LargeKind, Other};
use super::{Cell, Wide};
use crate::digest::Digest;

const VERSION: u8 = 1;

/// Content of more bytes than this counts by its digest. A limit for leaving the row must not be lower.
pub const FOLD: usize = 64 << 10;

/// Whether content is written in full or folded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// For digests.
    Folded,
    /// For reading it back.
    Full,
}

/// The digests of rows of one shape.
pub struct RowHasher {
    key: [u8; 32],
    /// Used again for each row.
    buffer: Vec<u8>,
}

impl RowHasher {
    /// For rows of the shape with this digest.
    #[must_use]
    pub fn new(shape: Digest) -> Self {
        Self { key: *shape.as_bytes(), buffer: Vec::with_capacity(1024) }
    }

    /// The digest of a row.
    pub fn digest(&mut self, row: &[Cell]) -> Digest {
        self.buffer.clear();
        write_row(row, &mut self.buffer);
        blake3::keyed_hash(&self.key, &self.buffer).into()
    }
}

/// The form of a row, from which its digest is made.
pub fn write_row(row: &[Cell], out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(&(row.len() as u32).to_le_bytes());
    for cell in row {
        write(cell, Form::Folded, out);
    }
}

/// A cell in full: for keys, and where a column holds what its type cannot.
pub fn write_cell(cell: &Cell, out: &mut Vec<u8>) {
    write(cell, Form::Full, out);
}

/// The tags. They are for ever; new kinds get new ones.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const BIT: u8 = 1;
    pub(super) const INTEGER: u8 = 2;
    pub(super) const REAL: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const DECIMAL: u8 = 5;
    pub(super) const MONEY: u8 = 6;
    pub(super) const DATE_TIME: u8 = 7;
    pub(super) const SMALL_DATE_TIME: u8 = 8;
    pub(super) const DATE: u8 = 9;
    pub(super) const TIME: u8 = 10;
    pub(super) const DATE_TIME_2: u8 = 11;
    pub(super) const DATE_TIME_OFFSET: u8 = 12;
    pub(super) const GUID: u8 = 13;
    pub(super) const ROW_VERSION: u8 = 14;
    pub(super) const WIDE: u8 = 15;
    pub(super) const TEXT: u8 = 16;
    pub(super) const BYTES: u8 = 17;
    pub(super) const OTHER: u8 = 18;
    pub(super) const FOLDED_WIDE: u8 = 19;
    pub(super) const FOLDED_TEXT: u8 = 20;
    pub(super) const FOLDED_BYTES: u8 = 21;
}

impl LargeKind {
    fn tags(self) -> (u8, u8) {
        match self {
            Self::Wide => (tag::WIDE, tag::FOLDED_WIDE),
            Self::Text => (tag::TEXT, tag::FOLDED_TEXT),
            Self::Bytes => (tag::BYTES, tag::FOLDED_BYTES),
        }
    }
}

fn write(cell: &Cell, form: Form, out: &mut Vec<u8>) {
    let mut put = |tag: u8, parts: &[&[u8]]| {
        out.push(tag);
        for part in parts {
            out.extend_from_slice(part);
        }
    };
    match cell {
        Cell::Null => put(tag::NULL, &[]),
        Cell::Bit(bit) => put(tag::BIT, &[&[u8::from(*bit)]]),
        Cell::Integer(number) => put(tag::INTEGER, &[&number.to_le_bytes()]),
        Cell::Real(bits) => put(tag::REAL, &[&bits.to_le_bytes()]),
        Cell::Float(bits) => put(tag::FLOAT, &[&bits.to_le_bytes()]),
        Cell::Decimal { unscaled, scale } => put(tag::DECIMAL, &[&[*scale], &unscaled.to_le_bytes()]),
        Cell::Money(money) => put(tag::MONEY, &[&money.to_le_bytes()]),
        Cell::DateTime { days, ticks } => put(tag::DATE_TIME, &[&days.to_le_bytes(), &ticks.to_le_bytes()]),
        Cell::SmallDateTime { days, minutes } => {
            put(tag::SMALL_DATE_TIME, &[&days.to_le_bytes(), &minutes.to_le_bytes()]);
        }
        Cell::Date(days) => put(tag::DATE, &[&days.to_le_bytes()]),
        Cell::Time { units, scale } => put(tag::TIME, &[&[*scale], &units.to_le_bytes()]),
        Cell::DateTime2 { days, units, scale } => {
            put(tag::DATE_TIME_2, &[&[*scale], &days.to_le_bytes(), &units.to_le_bytes()]);
        }
        Cell::DateTimeOffset { days, units, scale, offset } => {
            put(tag::DATE_TIME_OFFSET, &[&[*scale], &days.to_le_bytes(), &units.to_le_bytes(), &offset.to_le_bytes()]);
        }
        Cell::Guid(bytes) => put(tag::GUID, &[bytes]),
        Cell::RowVersion(bytes) => put(tag::ROW_VERSION, &[bytes]),
        Cell::Other(other) => put(
            tag::OTHER,
            &[
                &(other.type_name.len() as u32).to_le_bytes(),
                other.type_name.as_bytes(),
                &(other.bytes.len() as u64).to_le_bytes(),
                &other.bytes,
            ],
        ),
        Cell::Large(large) => {
            put(large.kind.tags().1, &[&large.length.to_le_bytes(), large.digest.as_bytes()]);
        }
        Cell::Wide(_) | Cell::Text(_) | Cell::Bytes(_) => {
            let Some((kind, content)) = cell.content() else { return };
            let (full, folded) = kind.tags();
            let length = (content.len() as u64).to_le_bytes();
            if form == Form::Folded && content.len() > FOLD {
                put(folded, &[&length, Digest::of(content).as_bytes()]);
            } else {
                put(full, &[&length, content]);
            }
        }
    }
}

/// Reads what [`write_cell`] has written, and moves `bytes` behind it. `None` if it is no cell.
pub fn read_cell(bytes: &mut &[u8]) -> Option<Cell> {
    let [tag] = take(bytes)?;
    Some(match tag {
        tag::NULL => Cell::Null,
        tag::BIT => match take(bytes)? {
            [0] => Cell::Bit(false),
            [1] => Cell::Bit(true),
            _ => return None,
        },
        tag::INTEGER => Cell::Integer(i64::from_le_bytes(take(bytes)?)),
        tag::REAL => Cell::Real(u32::from_le_bytes(take(bytes)?)),
        tag::FLOAT => Cell::Float(u64::from_le_bytes(take(bytes)?)),
        tag::DECIMAL => {
            let [scale] = take(bytes)?;
            Cell::Decimal { scale, unscaled: i128::from_le_bytes(take(bytes)?) }
        }
        tag::MONEY => Cell::Money(i64::from_le_bytes(take(bytes)?)),
        tag::DATE_TIME => {
            Cell::DateTime { days: i32::from_le_bytes(take(bytes)?), ticks: u32::from_le_bytes(take(bytes)?) }
        }
        tag::SMALL_DATE_TIME => {
            Cell::SmallDateTime { days: u16::from_le_bytes(take(bytes)?), minutes: u16::from_le_bytes(take(bytes)?) }
        }
        tag::DATE => Cell::Date(u32::from_le_bytes(take(bytes)?)),
        tag::TIME => {
            let [scale] = take(bytes)?;
            Cell::Time { scale, units: u64::from_le_bytes(take(bytes)?) }
        }
        tag::DATE_TIME_2 => {
            let [scale] = take(bytes)?;
            let (days, units) = (u32::from_le_bytes(take(bytes)?), u64::from_le_bytes(take(bytes)?));
            Cell::DateTime2 { days, units, scale }
        }
        tag::DATE_TIME_OFFSET => {
            let [scale] = take(bytes)?;
            let (days, units) = (u32::from_le_bytes(take(bytes)?), u64::from_le_bytes(take(bytes)?));
            Cell::DateTimeOffset { days, units, scale, offset: i16::from_le_bytes(take(bytes)?) }
        }
        tag::GUID => Cell::Guid(take(bytes)?),
        tag::ROW_VERSION => Cell::RowVersion(take(bytes)?),
        tag::WIDE => Cell::Wide(Wide::from_bytes(content(bytes)?)?),
        tag::TEXT => Cell::Text(content(bytes)?),
        tag::BYTES => Cell::Bytes(content(bytes)?),
        tag::OTHER => {
            let length = u32::from_le_bytes(take(bytes)?) as usize;
            let type_name = String::from_utf8(slice(bytes, length)?.to_vec()).ok()?;
            Cell::Other(Box::new(Other { type_name, bytes: content(bytes)? }))
        }
        tag::FOLDED_WIDE | tag::FOLDED_TEXT | tag::FOLDED_BYTES => {
            let kinds = [LargeKind::Wide, LargeKind::Text, LargeKind::Bytes];
            let kind = kinds.into_iter().find(|kind| kind.tags().1 == tag)?;
            let (length, digest) = (u64::from_le_bytes(take(bytes)?), take::<32>(bytes)?.into());
            Cell::Large(Box::new(Large { kind, digest, length }))
        }
        _ => return None,
    })
}

/// How long the beginning of content in full is: its tag and its length.
pub(crate) const CONTENT_HEAD: usize = 9;

/// The beginning of content in full, where the content itself is a stream.
pub(crate) fn content_head(kind: LargeKind, length: u64) -> [u8; CONTENT_HEAD] {
    let mut head = [0; CONTENT_HEAD];
    head[0] = kind.tags().0;
    head[1..].copy_from_slice(&length.to_le_bytes());
    head
}

/// The kind and the length of the content that such a beginning announces.
pub(crate) fn read_content_head(head: &[u8; CONTENT_HEAD]) -> Option<(LargeKind, u64)> {
    let kinds = [LargeKind::Wide, LargeKind::Text, LargeKind::Bytes];
    let kind = kinds.into_iter().find(|kind| kind.tags().0 == head[0])?;
    let mut length = &head[1..];
    Some((kind, u64::from_le_bytes(take(&mut length)?)))
}

/// A cell alone, in a place that knows its own length: in full, but without the length of its content.
pub(super) fn write_tagged(cell: &Cell, out: &mut Vec<u8>) {
    match cell.content() {
        Some((kind, content)) => {
            out.push(kind.tags().0);
            out.extend_from_slice(content);
        }
        None => write_cell(cell, out),
    }
}

/// Reads what [`write_tagged`] has written.
pub(super) fn read_tagged(mut bytes: &[u8]) -> Option<Cell> {
    match *bytes.first()? {
        tag::WIDE => Wide::from_bytes(bytes[1..].to_vec()).map(Cell::Wide),
        tag::TEXT => Some(Cell::Text(bytes[1..].to_vec())),
        tag::BYTES => Some(Cell::Bytes(bytes[1..].to_vec())),
        _ => read_cell(&mut bytes).filter(|_| bytes.is_empty()),
    }
}

/// A list of cells in full, as keys are written in the head of a part.
#[must_use]
pub fn write_cells(cells: &[Cell]) -> Vec<u8> {
    let mut out = Vec::new();
    for cell in cells {
        write_cell(cell, &mut out);
    }
    out
}

/// Reads what [`write_cells`] has written.
#[must_use]
pub fn read_cells(mut bytes: &[u8]) -> Option<Vec<Cell>> {
    let mut cells = Vec::new();
    while !bytes.is_empty() {
        cells.push(read_cell(&mut bytes)?);
    }
    Some(cells)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn slice<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn content(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(u64::from_le_bytes(take(bytes)?)).ok()?;
    slice(bytes, length).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::testing::{any_cell, any_row};
    use proptest::prelude::*;

    fn form(row: &[Cell]) -> Vec<u8> {
        let mut out = Vec::new();
        write_row(row, &mut out);
        out
    }

    proptest! {
        #[test]
        fn a_cell_comes_back_from_its_form(cell in any_cell()) {
            let form = write_cells(std::slice::from_ref(&cell));
            prop_assert_eq!(read_cells(&form), Some(vec![cell]));
        }

        #[test]
        fn rows_have_the_same_form_only_if_they_are_equal(one in any_row(), other in any_row()) {
            prop_assert_eq!(form(&one) == form(&other), one == other);
            // The form can be read back, so it is injective whatever the generator finds.
            prop_assert_eq!(read_cells(&form(&one)[5..]), Some(one));
        }

        #[test]
        fn no_form_is_the_beginning_of_another(one in any_row(), other in any_row()) {
            prop_assert!(one == other || !form(&one).starts_with(&form(&other)));
        }

        #[test]
        fn whatever_the_bytes_reading_ends(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(cells) = read_cells(&bytes) {
                prop_assert_eq!(write_cells(&cells), bytes);
            }
        }
    }

    #[test]
    fn empty_is_not_null_and_text_is_not_bytes() {
        let cells =
            [Cell::Null, Cell::wide(""), Cell::Text(vec![]), Cell::Bytes(vec![]), Cell::Integer(0), Cell::Bit(false)];
        for (place, one) in cells.iter().enumerate() {
            for other in &cells[place + 1..] {
                assert_ne!(form(std::slice::from_ref(one)), form(std::slice::from_ref(other)));
            }
        }
    }

    #[test]
    fn a_large_value_counts_the_same_inside_its_row_and_beside_it() {
        let inside = vec![Cell::Integer(1), Cell::Bytes(vec![7; FOLD + 1])];
        let beside: Vec<Cell> = inside.iter().map(Cell::folded).collect();
        assert_ne!(inside, beside);
        assert_eq!(form(&inside), form(&beside));
        assert_ne!(form(&inside), form(&[Cell::Integer(1), Cell::Bytes(vec![8; FOLD + 1])]));
        assert_ne!(form(&inside), form(&[Cell::Integer(1), Cell::Text(vec![7; FOLD + 1])]));
    }

    #[test]
    fn a_digest_belongs_to_its_shape() {
        let row = [Cell::Integer(1)];
        let digest = |name: &[u8]| RowHasher::new(Digest::of(name)).digest(&row);
        assert_eq!(digest(b"a"), digest(b"a"));
        assert_ne!(digest(b"a"), digest(b"b"));
    }

    /// The bytes of version 1 are for ever: a change here is a new version.
    #[test]
    fn version_one_stays_as_it_is() {
        let row = [Cell::Null, Cell::Integer(-2), Cell::wide("å"), Cell::DateTime { days: -53_690, ticks: 25_919_999 }];
        let digits = "01040000000002feffffffffffffff0f0200000000000000c3a507462effffff818b01";
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        assert_eq!(form(&row), bytes);
    }
}
