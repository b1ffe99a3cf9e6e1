//! How a SQLite file holds cells of every type, and how they are read back.
//!
//! SQLite knows five kinds of values and bends them to what a column was declared as. So a cell is stored in a form that a
//! person can look at and that SQLite leaves alone: numbers as numbers, moments as text, text as UTF-8. Where no such
//! form brings the same cell back (a NaN, half a surrogate pair, a decimal of 38 digits, a `sql_variant`) its
//! canonical form is stored as a blob, which SQLite never touches. Reading takes whatever it finds: a value that no cell
//! of the type would have left there becomes a cell of another kind, so that the proof sees it.

use super::canonical::{read_cell, write_cells};
use super::{Cell, ColumnType, Wide, moment};
use encoding_rs::Encoding;
use rusqlite::types::ToSqlOutput::{Borrowed, Owned};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::borrow::Cow;

/// Text of more bytes is stored as a blob in its canonical form: SQLite can fill a blob piece by piece, but not a text.
pub(crate) const LONG_TEXT: u64 = 16 << 20;
/// Numbers of fewer digits pass through a `f64` and back.
const EXACT: u128 = 10_u128.pow(15);

/// What is stored for a cell in a column of that type.
pub(crate) fn to_sqlite(kind: ColumnType, cell: &Cell) -> ToSqlOutput<'_> {
    plain(kind, cell).unwrap_or_else(|| Owned(Value::Blob(write_cells(std::slice::from_ref(cell)))))
}

/// The cell that a value in a column of that type stands for.
pub(crate) fn from_sqlite(kind: ColumnType, value: ValueRef<'_>) -> Cell {
    read_plain(kind, value).or_else(|| read_blob(kind, value)).unwrap_or_else(|| match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::float(number),
        ValueRef::Text(bytes) => Cell::Text(bytes.to_vec()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    })
}

/// The form that people can look at, if it brings the same cell back.
fn plain(kind: ColumnType, cell: &Cell) -> Option<ToSqlOutput<'_>> {
    let real = |number: f64| {
        let negative_zero = number == 0.0 && number.is_sign_negative();
        (!number.is_nan() && !negative_zero).then_some(Owned(Value::Real(number)))
    };
    Some(match (kind, cell) {
        (_, Cell::Null) => Owned(Value::Null),
        (ColumnType::Dynamic, Cell::Float(bits)) => Owned(Value::Real(f64::from_bits(*bits))),
        (ColumnType::Dynamic, Cell::Text(bytes)) => Borrowed(ValueRef::Text(bytes)),
        (_, Cell::Bytes(bytes)) => Borrowed(ValueRef::Blob(bytes)),
        (_, Cell::RowVersion(bytes)) => Borrowed(ValueRef::Blob(bytes)),
        (_, Cell::Bit(bit)) => Owned(Value::Integer(i64::from(*bit))),
        (_, Cell::Integer(number)) => Owned(Value::Integer(*number)),
        (_, Cell::Float(bits)) => real(f64::from_bits(*bits))?,
        (_, Cell::Real(bits)) => real(f64::from(f32::from_bits(*bits)))?,
        (_, Cell::Decimal { unscaled, scale }) => number(*unscaled, *scale)?,
        (_, Cell::Money(money)) => number(i128::from(*money), 4)?,
        // An `xml` column is declared as what SQLite takes for a number: its text must not look like one.
        (ColumnType::Xml, Cell::Wide(text)) if !text.as_bytes().starts_with(b"<") => return None,
        (_, Cell::Wide(text)) => Borrowed(ValueRef::Text(text.as_str()?.as_bytes())),
        (ColumnType::Narrow(code_page), Cell::Text(bytes)) => match decode(code_page, bytes)? {
            Cow::Borrowed(text) => Borrowed(ValueRef::Text(text.as_bytes())),
            Cow::Owned(text) => Owned(Value::Text(text)),
        },
        (_, Cell::Guid(bytes)) => Owned(Value::Text(guid(bytes))),
        _ => Owned(Value::Text(moment::text(cell)?)),
    })
}

/// Whole numbers stay whole; others are reals while these are exact.
fn number(unscaled: i128, scale: u8) -> Option<ToSqlOutput<'static>> {
    if scale == 0 {
        return i64::try_from(unscaled).ok().map(|number| Owned(Value::Integer(number)));
    }
    (unscaled.unsigned_abs() < EXACT).then(|| Owned(Value::Real(real_of(unscaled, scale))))
}

/// The nearest `f64`, by way of text, which rounds once only.
fn real_of(unscaled: i128, scale: u8) -> f64 {
    format!("{unscaled}e-{scale}").parse().unwrap_or(f64::NAN)
}

/// A cell from the form that people can look at; `None` if it does not lead to the same form again.
fn read_plain(kind: ColumnType, value: ValueRef<'_>) -> Option<Cell> {
    match (kind, value) {
        (ColumnType::Dynamic, _) | (_, ValueRef::Null) => None,
        (ColumnType::Bit, ValueRef::Integer(number @ (0 | 1))) => Some(Cell::Bit(number == 1)),
        (ColumnType::Float, ValueRef::Real(number)) => Some(Cell::float(number)),
        (ColumnType::Real, ValueRef::Real(number)) => {
            Some(Cell::real(number as f32)).filter(|_| f64::from(number as f32).to_bits() == number.to_bits())
        }
        (ColumnType::Decimal(_, scale), _) => {
            read_number(value, scale).map(|unscaled| Cell::Decimal { unscaled, scale })
        }
        (ColumnType::Money | ColumnType::SmallMoney, _) => {
            read_number(value, 4).and_then(|money| i64::try_from(money).ok()).map(Cell::Money)
        }
        (ColumnType::RowVersion, ValueRef::Blob(bytes)) => bytes.try_into().ok().map(Cell::RowVersion),
        (ColumnType::Wide | ColumnType::Xml, ValueRef::Text(bytes)) => {
            std::str::from_utf8(bytes).ok().map(|text| Cell::Wide(Wide::from(text)))
        }
        (ColumnType::Narrow(code_page), ValueRef::Text(bytes)) => {
            encode(code_page, std::str::from_utf8(bytes).ok()?).map(Cell::Text)
        }
        (_, ValueRef::Text(bytes)) => {
            let text = std::str::from_utf8(bytes).ok()?;
            let cell = match kind {
                ColumnType::DateTime => moment::read_date_time(text)?,
                ColumnType::SmallDateTime => moment::read_small_date_time(text)?,
                ColumnType::Date => moment::read_date(text)?,
                ColumnType::Time(scale) => moment::read_time(text, scale)?,
                ColumnType::DateTime2(scale) => moment::read_date_time_2(text, scale)?,
                ColumnType::DateTimeOffset(scale) => moment::read_date_time_offset(text, scale)?,
                ColumnType::Guid => return read_guid(text).map(Cell::Guid).filter(|_| text.len() == 36),
                _ => return None,
            };
            (moment::text(&cell)? == text).then_some(cell)
        }
        _ => None,
    }
}

fn read_number(value: ValueRef<'_>, scale: u8) -> Option<i128> {
    match value {
        ValueRef::Integer(number) => i128::from(number).checked_mul(10_i128.checked_pow(u32::from(scale))?),
        ValueRef::Real(real) if real.abs() < 1e15 => {
            let digits = format!("{real:.*}", usize::from(scale)).replace('.', "");
            let unscaled = digits.parse().ok()?;
            (real_of(unscaled, scale).to_bits() == real.to_bits()).then_some(unscaled)
        }
        _ => None,
    }
}

/// A cell from its canonical form, where the column has no better one for it.
fn read_blob(kind: ColumnType, value: ValueRef<'_>) -> Option<Cell> {
    let ValueRef::Blob(mut bytes) = value else { return None };
    if matches!(kind, ColumnType::Dynamic | ColumnType::Binary) {
        return None;
    }
    let cell = read_cell(&mut bytes)?;
    // Long text lies there like this as well: it was written as a stream (`tables/import/values.rs`).
    let long = cell.weight() as u64 > LONG_TEXT;
    (bytes.is_empty() && kind.holds(&cell) && (long || plain(kind, &cell).is_none())).then_some(cell)
}

/// The text of bytes in a code page, if it leads back to the same bytes.
pub(super) fn decode(code_page: u32, bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.is_ascii() {
        return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
    }
    let text = encoding(code_page)?.decode_without_bom_handling_and_without_replacement(bytes)?;
    (encode(code_page, &text)? == bytes).then_some(text)
}

fn encode(code_page: u32, text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return Some(text.as_bytes().to_vec());
    }
    let (bytes, _, lost) = encoding(code_page)?.encode(text);
    (!lost).then(|| bytes.into_owned())
}

/// The code pages that SQL Server has for `varchar`.
pub(crate) fn encoding(code_page: u32) -> Option<&'static Encoding> {
    Some(match code_page {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        0 | 1252 => encoding_rs::WINDOWS_1252,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        65001 => encoding_rs::UTF_8,
        _ => return None,
    })
}

/// As the server shows it: the first three groups are stored backwards.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (place, from) in GUID_ORDER.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [bytes[from] >> 4, bytes[from] & 15] {
            text.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
        }
    }
    text
}

fn read_guid(text: &str) -> Option<[u8; 16]> {
    let digits = text.replace('-', "");
    let mut bytes = [0; 16];
    for (place, to) in GUID_ORDER.into_iter().enumerate() {
        bytes[to] = u8::from_str_radix(digits.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    (guid(&bytes) == text).then_some(bytes)
}

/// A cell for people: in the name of a row, in a message.
pub(super) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(bits) => f64::from_bits(*bits).to_string(),
        Cell::Text(bytes) => format!("'{}'", String::from_utf8_lossy(bytes)),
        Cell::Wide(text) => format!("'{}'", String::from_utf16_lossy(&text.units())),
        Cell::Guid(bytes) => guid(bytes),
        Cell::Bytes(bytes) => bytes.iter().take(32).fold("0x".to_owned(), |text, byte| format!("{text}{byte:02X}")),
        other => moment::text(other).unwrap_or_else(|| format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::testing::typed_cell;
    use proptest::prelude::*;

    /// Through a real column of that declaration, as SQLite bends values by it.
    fn through_sqlite(declared: &str, kind: ColumnType, cell: &Cell) -> Cell {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("CREATE TABLE t (c \"{declared}\")")).unwrap();
        connection.execute("INSERT INTO t VALUES (?1)", [to_sqlite(kind, cell)]).unwrap();
        connection.query_row("SELECT c FROM t", [], |row| Ok(from_sqlite(kind, row.get_ref(0)?))).unwrap()
    }

    proptest! {
        #[test]
        fn every_cell_comes_back_from_sqlite((declared, kind, cell) in typed_cell()) {
            prop_assert!(kind.holds(&cell), "{:?} {:?}", kind, cell);
            prop_assert_eq!(through_sqlite(declared, kind, &cell), cell);
        }
    }

    #[test]
    fn people_see_values_and_not_blobs() {
        let shown = |kind, cell: Cell| match to_sqlite(kind, &cell) {
            Borrowed(ValueRef::Text(bytes)) => String::from_utf8(bytes.to_vec()).unwrap(),
            Owned(Value::Text(text)) => text,
            Owned(Value::Real(number)) => number.to_string(),
            Owned(Value::Integer(number)) => number.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(shown(ColumnType::Money, Cell::Money(125_000)), "12.5");
        assert_eq!(shown(ColumnType::Decimal(9, 2), Cell::Decimal { unscaled: -105, scale: 2 }), "-1.05");
        assert_eq!(shown(ColumnType::Narrow(1252), Cell::Text(b"K\xF8ln".to_vec())), "Køln");
        assert_eq!(shown(ColumnType::Narrow(1251), Cell::Text(vec![0xCC])), "М");
        let guid = Cell::Guid([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(shown(ColumnType::Guid, guid), "04030201-0605-0807-090A-0B0C0D0E0F10");
    }

    #[test]
    fn what_does_not_belong_there_is_not_taken_for_what_does() {
        let text = |kind, text: &str| from_sqlite(kind, ValueRef::Text(text.as_bytes()));
        for (kind, wrong) in [
            (ColumnType::Int, "7"),
            (ColumnType::Date, "2020-02-30"),
            (ColumnType::Date, "2020-2-03"),
            (ColumnType::DateTime, "2020-02-03 00:00:00.004"),
            (ColumnType::DateTime, "2020-02-03 00:00:00.000"),
            (ColumnType::Guid, "04030201-0605-0807-090a-0B0C0D0E0F10"),
        ] {
            assert_eq!(text(kind, wrong), Cell::Text(wrong.as_bytes().to_vec()));
        }
        let escaped = write_cells(&[Cell::float(1.0)]);
        assert_eq!(from_sqlite(ColumnType::Float, ValueRef::Blob(&escaped)), Cell::Bytes(escaped.clone()));
    }
}
