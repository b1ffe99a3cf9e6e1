//! How a column is asked for so that nothing of a value is lost, and the cell that comes back.
//!
//! The library decodes text and rounds nothing else, so text is asked for as its bytes and money as a decimal. What has
//! no form of its own here (`geography`, the value inside of a `sql_variant`) travels as the bytes that the server makes
//! of it, with the name of its type.

use super::schema;
use super::{Code, Error, Result};
use crate::tables::{Cell, ColumnType, Other, ShapeColumn, TableShape, Wide};
use tiberius::ColumnData;

/// Types that are not taken apart and whose bytes are their whole value.
pub(crate) const OPAQUE: [&str; 3] = ["geography", "geometry", "hierarchyid"];

/// The name of a column of the table that is read.
pub(super) fn name(column: &ShapeColumn) -> String {
    format!("[t].{}", bracketed(&column.name))
}

/// A name in brackets, whatever is in it.
pub(crate) fn bracketed(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// The item of the select list. A value that cannot be had whole is an error.
pub(super) fn item(shape: &TableShape, column: &ShapeColumn) -> Result<String> {
    let name = name(column);
    Ok(match column.kind {
        // What stays behind is not even read.
        _ if column.masked => "NULL".to_owned(),
        // The old long texts and `xml` have no way to bytes but this one.
        ColumnType::Wide | ColumnType::Xml if matches!(&*column.declared, "ntext" | "xml") => {
            format!("CAST(CAST({name} AS nvarchar(max)) AS varbinary(max))")
        }
        ColumnType::Narrow(_) if column.declared == "text" => {
            format!("CAST(CAST({name} AS varchar(max)) AS varbinary(max))")
        }
        ColumnType::Binary if column.declared != "image" => name,
        ColumnType::Wide | ColumnType::Xml | ColumnType::Narrow(_) | ColumnType::Binary => bytes(&name, "max"),
        ColumnType::RowVersion => format!("CAST({name} AS binary(8))"),
        ColumnType::Money | ColumnType::SmallMoney => format!("CAST({name} AS decimal(19,4))"),
        ColumnType::Other if is_variant(column) => bytes(&name, "8000"),
        ColumnType::Other if OPAQUE.contains(&&*column.declared) => bytes(&name, "max"),
        ColumnType::Other | ColumnType::Dynamic => {
            let (table, column, declared) = (&shape.name, &column.name, &column.declared);
            let what = format!("`{table}.{column}` is of the type `{declared}`, whose values cannot be read exactly");
            return Err(Error::new(Code::DatabaseUnreadable, what)
                .hint(format!("leave the table or the column behind with `tables.leave`: \"{table}.{column}\"")));
        }
        _ => name,
    })
}

fn bytes(name: &str, length: &str) -> String {
    format!("CAST({name} AS varbinary({length}))")
}

/// Whether each value of the column has a type of its own.
pub(super) fn is_variant(column: &ShapeColumn) -> bool {
    column.declared == "sql_variant" && !column.masked
}

/// The item that tells the type of the value inside of a `sql_variant`.
pub(super) fn type_item(column: &ShapeColumn) -> String {
    let property = |what: &str| format!("CAST(SQL_VARIANT_PROPERTY({}, '{what}') AS nvarchar(128))", name(column));
    let parts = ["BaseType", "MaxLength", "Precision", "Scale", "Collation"].map(property);
    format!("CONCAT({})", parts.join(", '|', "))
}

/// The name of that type, as it would be declared.
pub(super) fn type_name(value: Option<&ColumnData<'static>>) -> Option<String> {
    let Some(ColumnData::String(Some(text))) = value else { return None };
    let [base, length, precision, scale, collation] = text.split('|').collect::<Vec<_>>().try_into().ok()?;
    let number = |text: &str| text.parse().unwrap_or(0);
    let declared = schema::declared(base, number(length), number(precision), number(scale));
    Some(if collation.is_empty() { declared } else { format!("{declared} collate {collation}") })
}

/// The cell for what the server sent; `None` if that is no value of the column's type. `type_name` is for values that
/// are not taken apart.
pub(super) fn cell(kind: ColumnType, value: ColumnData<'static>, type_name: &str) -> Option<Cell> {
    let cell = match value {
        ColumnData::Bit(truth) => truth.map(Cell::Bit),
        ColumnData::U8(number) => number.map(|number| Cell::Integer(number.into())),
        ColumnData::I16(number) => number.map(|number| Cell::Integer(number.into())),
        ColumnData::I32(number) => number.map(|number| Cell::Integer(number.into())),
        ColumnData::I64(number) => number.map(Cell::Integer),
        ColumnData::F32(number) => number.map(Cell::real),
        ColumnData::F64(number) => number.map(Cell::float),
        ColumnData::Numeric(number) => match number {
            Some(number) if matches!(kind, ColumnType::Money | ColumnType::SmallMoney) => {
                Some(Cell::Money(i64::try_from(number.value()).ok().filter(|_| number.scale() == 4)?))
            }
            number => number.map(|number| Cell::Decimal { unscaled: number.value(), scale: number.scale() }),
        },
        ColumnData::DateTime(moment) => {
            moment.map(|moment| Cell::DateTime { days: moment.days(), ticks: moment.seconds_fragments() })
        }
        // The library calls the minutes by the name that the other type has for its ticks.
        ColumnData::SmallDateTime(moment) => {
            moment.map(|moment| Cell::SmallDateTime { days: moment.days(), minutes: moment.seconds_fragments() })
        }
        ColumnData::Date(date) => date.map(|date| Cell::Date(date.days())),
        ColumnData::Time(time) => time.map(|time| Cell::Time { units: time.increments(), scale: time.scale() }),
        ColumnData::DateTime2(moment) => moment.map(|moment| {
            let (days, time) = (moment.date().days(), moment.time());
            Cell::DateTime2 { days, units: time.increments(), scale: time.scale() }
        }),
        ColumnData::DateTimeOffset(moment) => moment.map(|moment| {
            let (days, time) = (moment.datetime2().date().days(), moment.datetime2().time());
            Cell::DateTimeOffset { days, units: time.increments(), scale: time.scale(), offset: moment.offset() }
        }),
        ColumnData::Guid(guid) => guid.map(|guid| Cell::Guid(guid.to_bytes_le())),
        ColumnData::Binary(Some(bytes)) => Some(of_bytes(kind, bytes.into_owned(), type_name)?),
        // Nothing that is asked for comes as text.
        ColumnData::String(Some(_)) | ColumnData::Xml(Some(_)) => return None,
        ColumnData::Binary(None) | ColumnData::String(None) | ColumnData::Xml(None) => None,
    };
    cell.map_or(Some(Cell::Null), |cell| Some(cell).filter(|cell| kind.holds(cell)))
}

fn of_bytes(kind: ColumnType, bytes: Vec<u8>, type_name: &str) -> Option<Cell> {
    Some(match kind {
        ColumnType::Wide | ColumnType::Xml => Cell::Wide(Wide::from_utf16_bytes(bytes)?),
        ColumnType::Narrow(_) => Cell::Text(bytes),
        ColumnType::RowVersion => Cell::RowVersion(bytes.try_into().ok()?),
        ColumnType::Other => Cell::Other(Box::new(Other { type_name: type_name.to_owned(), bytes })),
        _ => Cell::Bytes(bytes),
    })
}
