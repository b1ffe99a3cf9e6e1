//! How rows travel to a SQL Server: in bulk into a table of the session, and from there into their own.
//!
//! A bulk load takes fewer types than a table has, and not all of them exactly. So the stage has columns of few types: numbers,
//! moments and identifiers that the load takes as they are, and bytes for everything else. Text is sent as its code units
//! in UTF-16, a moment with a zone as the text that every server reads alike. The statement that brings rows from the
//! stage into their table makes them what they are, in one step: all rows of a part, or none.

use crate::onsite::database::{OPAQUE, bracketed};
use crate::tables::{Cell, ColumnType, Key, ShapeColumn, TableShape, Wide, moment, stored};
use crate::{Code, Error, Result};
use std::borrow::Cow;
use std::fmt::Write as _;
use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime, DateTime2, Time};
use tiberius::{ColumnData, Uuid};

/// The table of the session.
pub(super) const STAGE: &str = "[#omt_stage]";
/// The number of a row in it.
pub(super) const ROW: &str = "[omt_row]";

/// The longest bytes with a limit, in bytes.
const LIMITED: u64 = 8000;

/// Collations by the code page of their text, for columns whose text is not Unicode.
const COLLATIONS: [(u32, &str); 18] = [
    (437, "SQL_Latin1_General_CP437_CI_AS"),
    (850, "SQL_Latin1_General_CP850_CI_AS"),
    (874, "Thai_CI_AS"),
    (932, "Japanese_CI_AS"),
    (936, "Chinese_PRC_CI_AS"),
    (949, "Korean_Wansung_CI_AS"),
    (950, "Chinese_Taiwan_Stroke_CI_AS"),
    (1250, "Polish_CI_AS"),
    (1251, "Cyrillic_General_CI_AS"),
    (0, "Latin1_General_CI_AS"),
    (1252, "Latin1_General_CI_AS"),
    (1253, "Greek_CI_AS"),
    (1254, "Turkish_CI_AS"),
    (1255, "Hebrew_CI_AS"),
    (1256, "Arabic_CI_AS"),
    (1257, "Estonian_CI_AS"),
    (1258, "Vietnamese_CI_AS"),
    (65001, "Latin1_General_100_CI_AS_SC_UTF8"),
];

/// How values of a column lie in the stage.
enum Form {
    /// In this type, as they are.
    Plain(String),
    /// As the code units of a text.
    Units,
    /// As bytes.
    Bytes,
}

fn form(kind: ColumnType) -> Form {
    let plain = |name: &str| Form::Plain(name.to_owned());
    match kind {
        ColumnType::Bit => plain("bit"),
        ColumnType::TinyInt => plain("tinyint"),
        ColumnType::SmallInt => plain("smallint"),
        ColumnType::Int => plain("int"),
        ColumnType::BigInt => plain("bigint"),
        ColumnType::Real => plain("real"),
        ColumnType::Float => plain("float"),
        ColumnType::Decimal(digits, places) => plain(&format!("decimal({digits},{places})")),
        ColumnType::Money | ColumnType::SmallMoney => plain("decimal(19,4)"),
        ColumnType::DateTime => plain("datetime"),
        ColumnType::Date => plain("date"),
        ColumnType::DateTime2(places) => plain(&format!("datetime2({places})")),
        ColumnType::Guid => plain("uniqueidentifier"),
        ColumnType::Binary | ColumnType::RowVersion | ColumnType::Other => Form::Bytes,
        // Text, and moments that the library declares for a load as if they had no places, or another type.
        _ => Form::Units,
    }
}

/// What a SQL Server cannot have in a column, or whose values it cannot be given, if there is anything. A manifest comes from a
/// stranger: what it declares becomes a part of a statement only if it is one of the known types.
pub(super) fn objection(column: &ShapeColumn, with_values: bool) -> Option<&'static str> {
    let (_, sizes) = column.declared.split_once('(').unwrap_or(("", ")"));
    let digits = |sizes: &str| sizes.chars().all(|sign| sign.is_ascii_digit() || sign == ',');
    let sized = sizes.strip_suffix(')').is_some_and(|sizes| sizes == "max" || digits(sizes));
    let code_page = if let ColumnType::Narrow(code_page) = column.kind { code_page } else { 0 };
    let known = match column.kind {
        ColumnType::Dynamic => return Some("comes from SQLite, whose columns hold anything"),
        ColumnType::Other if column.declared == "sql_variant" => {
            return Some("holds values of many types").filter(|_| with_values && !column.masked);
        }
        ColumnType::Other => OPAQUE.contains(&&*column.declared),
        // A name that is not known declares another kind.
        kind => sized && ColumnType::declared(&column.declared, code_page) == kind,
    };
    (!known).then_some("is of a type that is not known here")
}

/// The statement that makes a table. What the server itself would number it must not number here: a `rowversion` becomes
/// the eight bytes that it is.
pub(super) fn create(schema: &str, shape: &TableShape) -> String {
    let mut sql = format!("CREATE TABLE {}.{} (", bracketed(schema), bracketed(&shape.name));
    for (place, column) in shape.columns.iter().enumerate() {
        let _ = write!(sql, "{}{} ", if place == 0 { "" } else { ", " }, bracketed(&column.name));
        match column.kind {
            ColumnType::RowVersion => sql.push_str("binary(8)"),
            ColumnType::Narrow(code_page) => {
                sql.push_str(&column.declared);
                let collation = COLLATIONS.iter().find(|(known, _)| *known == code_page);
                let _ = collation.map_or(Ok(()), |(_, collation)| write!(sql, " COLLATE {collation}"));
            }
            _ => sql.push_str(&column.declared),
        }
        sql.push_str(if column.nullable { " NULL" } else { " NOT NULL" });
    }
    let places = match shape.key() {
        Key::Integer(place) => vec![place],
        Key::Columns(places) => places,
        Key::None => Vec::new(),
    };
    // What stays behind is NULL, which no key may be.
    if !places.is_empty() && places.iter().all(|place| !shape.columns[*place].nullable) {
        let names: Vec<String> = places.iter().map(|place| bracketed(&shape.columns[*place].name)).collect();
        let _ = write!(sql, ", PRIMARY KEY ({})", names.join(", "));
    }
    sql + ")"
}

/// The columns that travel: what stays behind has no place in the stage.
pub(super) fn moved(shape: &TableShape) -> impl Iterator<Item = (usize, &ShapeColumn)> {
    shape.columns.iter().enumerate().filter(|(_, column)| !column.masked)
}

/// The name of a column in the stage.
pub(super) fn name(place: usize) -> String {
    format!("[c{place}]")
}

/// The statement that makes the stage for a table.
pub(super) fn make(shape: &TableShape) -> String {
    let mut sql = format!("CREATE TABLE {STAGE} ({ROW} int NOT NULL");
    for (place, column) in moved(shape) {
        let declared = match form(column.kind) {
            Form::Plain(declared) => declared,
            Form::Units | Form::Bytes => match longest(column).filter(|longest| *longest <= LIMITED) {
                Some(longest) => format!("varbinary({longest})"),
                None => "varbinary(max)".to_owned(),
            },
        };
        let _ = write!(sql, ", {} {declared} NULL", name(place));
    }
    sql + ")"
}

/// How many bytes a value has in the stage at most, if its column has a limit.
fn longest(column: &ShapeColumn) -> Option<u64> {
    let length = || column.declared.split_once('(')?.1.trim_end_matches(')').parse::<u64>().ok();
    match column.kind {
        ColumnType::RowVersion => Some(8),
        ColumnType::Wide | ColumnType::Narrow(_) => length().map(|length| length.max(1) * 2),
        ColumnType::Binary => length(),
        ColumnType::Xml | ColumnType::Other => None,
        // A moment or a number as a text.
        _ => Some(160),
    }
}

/// The statement that brings all rows from the stage into their table.
pub(super) fn bring(schema: &str, shape: &TableShape) -> String {
    let names: Vec<String> = moved(shape).map(|(_, column)| bracketed(&column.name)).collect();
    let items: Vec<String> =
        moved(shape).map(|(place, column)| item(column, &format!("[s].{}", name(place)))).collect();
    format!(
        "INSERT INTO {}.{} ({}) SELECT {} FROM {STAGE} AS [s]",
        bracketed(schema),
        bracketed(&shape.name),
        names.join(", "),
        items.join(", ")
    )
}

fn item(column: &ShapeColumn, staged: &str) -> String {
    let text = || format!("CAST({staged} AS nvarchar(max))");
    match column.kind {
        ColumnType::Money => format!("CAST({staged} AS money)"),
        ColumnType::SmallMoney => format!("CAST({staged} AS smallmoney)"),
        ColumnType::RowVersion => format!("CAST({staged} AS binary(8))"),
        ColumnType::Other => format!("CAST({staged} AS {})", column.declared),
        ColumnType::Wide | ColumnType::Narrow(_) => text(),
        // Blanks between elements are content too.
        ColumnType::Xml => format!("CONVERT(xml, {}, 1)", text()),
        ColumnType::Time(places) => format!("CAST({} AS time({places}))", text()),
        ColumnType::DateTimeOffset(places) => format!("CAST({} AS datetimeoffset({places}))", text()),
        ColumnType::SmallDateTime => format!("CONVERT(smalldatetime, {}, 126)", text()),
        _ => staged.to_owned(),
    }
}

/// What stands for a value that is written into the stage later.
pub(super) fn empty() -> ColumnData<'static> {
    ColumnData::Binary(Some(Cow::Borrowed(&[])))
}

/// The number of a row.
pub(super) fn number(row: i32) -> ColumnData<'static> {
    ColumnData::I32(Some(row))
}

/// A cell as it lies in the stage. A value that the server could not give back is an error, never a guess.
pub(super) fn value(column: &ShapeColumn, cell: &Cell) -> Result<ColumnData<'static>> {
    let value = match cell {
        Cell::Null => Some(none(column.kind)),
        // Their types would be lost.
        Cell::Other(_) if column.declared == "sql_variant" => None,
        cell => some(column.kind, cell),
    };
    value.ok_or_else(|| {
        let what = match column.kind {
            ColumnType::Narrow(code_page) => format!("text that is none of code page {code_page}"),
            _ => "a value that a SQL Server cannot have there".to_owned(),
        };
        Error::new(Code::PartInvalid, format!("`{}` holds {what}", column.name))
            .hint("leave the column behind with `tables.leave`, or let the tenant's database be SQLite")
    })
}

fn none(kind: ColumnType) -> ColumnData<'static> {
    match form(kind) {
        Form::Units | Form::Bytes => ColumnData::Binary(None),
        Form::Plain(_) => match kind {
            ColumnType::Bit => ColumnData::Bit(None),
            ColumnType::TinyInt => ColumnData::U8(None),
            ColumnType::SmallInt => ColumnData::I16(None),
            ColumnType::Int => ColumnData::I32(None),
            ColumnType::BigInt => ColumnData::I64(None),
            ColumnType::Real => ColumnData::F32(None),
            ColumnType::Float => ColumnData::F64(None),
            ColumnType::DateTime => ColumnData::DateTime(None),
            ColumnType::Date => ColumnData::Date(None),
            ColumnType::DateTime2(_) => ColumnData::DateTime2(None),
            ColumnType::Guid => ColumnData::Guid(None),
            _ => ColumnData::Numeric(None),
        },
    }
}

fn some(kind: ColumnType, cell: &Cell) -> Option<ColumnData<'static>> {
    let bytes = |bytes: Vec<u8>| ColumnData::Binary(Some(Cow::Owned(bytes)));
    Some(match (kind, cell) {
        (_, Cell::Bit(truth)) => ColumnData::Bit(Some(*truth)),
        (ColumnType::TinyInt, Cell::Integer(number)) => ColumnData::U8(Some(u8::try_from(*number).ok()?)),
        (ColumnType::SmallInt, Cell::Integer(number)) => ColumnData::I16(Some(i16::try_from(*number).ok()?)),
        (ColumnType::Int, Cell::Integer(number)) => ColumnData::I32(Some(i32::try_from(*number).ok()?)),
        (ColumnType::BigInt, Cell::Integer(number)) => ColumnData::I64(Some(*number)),
        // The server takes no infinity and nothing that is no number.
        (_, Cell::Real(bits)) if f32::from_bits(*bits).is_finite() => ColumnData::F32(Some(f32::from_bits(*bits))),
        (_, Cell::Float(bits)) if f64::from_bits(*bits).is_finite() => ColumnData::F64(Some(f64::from_bits(*bits))),
        (_, Cell::Decimal { unscaled, scale }) => ColumnData::Numeric(Some(Numeric::new_with_scale(*unscaled, *scale))),
        (_, Cell::Money(money)) => ColumnData::Numeric(Some(Numeric::new_with_scale((*money).into(), 4))),
        (_, Cell::DateTime { days, ticks }) => ColumnData::DateTime(Some(DateTime::new(*days, *ticks))),
        (_, Cell::Date(days)) => ColumnData::Date(Some(Date::new(*days))),
        (_, Cell::DateTime2 { days, units, scale }) => {
            ColumnData::DateTime2(Some(DateTime2::new(Date::new(*days), Time::new(*units, *scale))))
        }
        (_, Cell::Guid(guid)) => ColumnData::Guid(Some(Uuid::from_bytes_le(*guid))),
        (_, Cell::Wide(text)) => bytes(text.utf16_bytes()),
        (ColumnType::Narrow(code_page), Cell::Text(text)) => bytes(units(&stored::decode(code_page, text)?)),
        (_, Cell::Bytes(own)) => bytes(own.clone()),
        (_, Cell::RowVersion(own)) => bytes(own.to_vec()),
        (_, Cell::Other(other)) => bytes(other.bytes.clone()),
        // With a T between date and time the language of the login says nothing about the order of day and month.
        (_, Cell::SmallDateTime { .. }) => bytes(units(&moment::text(cell)?.replace(' ', "T"))),
        (_, Cell::Time { .. } | Cell::DateTimeOffset { .. }) => bytes(units(&moment::text(cell)?)),
        _ => return None,
    })
}

fn units(text: &str) -> Vec<u8> {
    Wide::from(text).utf16_bytes()
}

/// A piece of a wide text as it lies in the stage, and how many bytes of `text` are in it: a letter that is cut waits for its
/// rest. Nothing if it is no text.
pub(super) fn piece(text: &[u8], last: bool) -> Option<(Vec<u8>, usize)> {
    let begins = |byte: &u8| *byte & 0xC0 != 0x80;
    let end = if last { text.len() } else { text.iter().rposition(begins)? };
    Some((Wide::from_bytes(text[..end].to_vec())?.utf16_bytes(), end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::testing::typed_cell;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_that_is_cut_anywhere_lies_there_whole(
            text in proptest::collection::vec(prop_oneof![any::<u16>(), 0xD7F0..0xE010_u16, 0x20..0x7F_u16], 0..60),
            lengths in proptest::collection::vec(1..9_usize, 1..40),
        ) {
            let whole = Wide::from_units(&text);
            let (mut rest, mut pending, mut staged) = (whole.as_bytes(), Vec::new(), Vec::new());
            for length in lengths.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at(length.min(rest.len()));
                rest = later;
                pending.extend_from_slice(now);
                let (piece, sent) = piece(&pending, false).expect("a text");
                staged.extend(piece);
                pending.drain(..sent);
            }
            staged.extend(piece(&pending, true).expect("a text").0);
            prop_assert_eq!(staged, whole.utf16_bytes());
        }

        #[test]
        fn every_cell_that_a_server_can_hold_has_a_form((declared, kind, cell) in typed_cell()) {
            let column = ShapeColumn {
                name: "c".into(), declared: declared.split(" collate ").next().unwrap_or(declared).to_lowercase(), kind, nullable: true, key: 0, masked: false,
            };
            let finite = match cell {
                Cell::Real(bits) => f32::from_bits(bits).is_finite(),
                Cell::Float(bits) => f64::from_bits(bits).is_finite(),
                _ => true,
            };
            let text = match (kind, &cell) {
                (ColumnType::Narrow(code_page), Cell::Text(bytes)) => stored::decode(code_page, bytes).is_some(),
                (ColumnType::Other, _) => column.declared != "sql_variant",
                (ColumnType::DateTimeOffset(_), cell) => moment::text(cell).is_some(),
                _ => kind != ColumnType::Dynamic,
            };
            prop_assert_eq!(value(&column, &cell).is_ok(), finite && text || cell == Cell::Null, "{:?}", column);
        }
    }
}
