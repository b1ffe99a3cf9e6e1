//! What the rows of a table are ordered by, and where a page begins and ends in that order.
//!
//! Rows with a key are ordered by its columns as the server compares them, so that its index serves. Where no key tells
//! rows apart, they are ordered by all that can be compared **exactly**: of long values the first bytes and the length
//! are enough, because rows that agree in all of it are never parted (`TOP … WITH TIES`). So a position stays small, and
//! what it compares equal here is what the server compares equal.

use super::super::Value;
use super::{Code, Error, Result, exact, page};
use crate::tables::{Cell, Cells, ColumnType, Key, PageLimit, ShapeColumn, TableShape, moment};
use std::fmt::Write as _;
use tiberius::ColumnData;

/// So much of a long value takes part in the order.
const PREFIX: usize = 64;

/// What the rows are ordered by.
#[derive(Debug, Clone)]
pub(super) struct Order {
    terms: Vec<Term>,
    /// Whether rows may agree in all of it.
    pub(super) ties: bool,
}

/// An expression of the order.
#[derive(Debug, Clone)]
struct Term {
    sql: String,
    /// The column that it is made of, by its place.
    place: usize,
    kind: ColumnType,
    nullable: bool,
    part: Part,
}

/// What of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The bits of a `float` or `real`: 0 and -0 are two values, and the server knows only one.
    Bits,
    /// The first bytes.
    Prefix,
    /// The number of bytes.
    Length,
    /// Minutes from UTC: the server compares moments only.
    Offset,
}

/// Where a page ends: behind the row that reaches the limit, and behind all that agree with it.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) limit: PageLimit,
    pub(super) order: Order,
}

impl Cut {
    /// Whether the page ends before this row. `last` is the one before it, the last of so many with so many bytes.
    pub(super) fn is_before(
        &self,
        row: &[ColumnData<'static>],
        last: &[ColumnData<'static>],
        kept: usize,
        bytes: usize,
    ) -> bool {
        let full = kept > 0 && (kept >= self.limit.rows || bytes >= self.limit.bytes);
        full && !(self.order.ties && self.order.position(row) == self.order.position(last))
    }
}

impl Order {
    /// The order for a table.
    pub(super) fn of(shape: &TableShape) -> Result<Self> {
        let masked = |places: &[usize]| places.iter().any(|place| shape.columns[*place].masked);
        let (places, unique) = match shape.key() {
            Key::Integer(place) if !masked(&[place]) => (vec![place], true),
            Key::Columns(places) if !masked(&places) => (places, true),
            _ => ((0..shape.columns.len()).filter(|place| !shape.columns[*place].masked).collect(), false),
        };
        let mut order = Self { terms: Vec::new(), ties: !unique };
        for place in places {
            order.add(shape, place, unique)?;
        }
        if order.terms.is_empty() {
            let what = format!("the rows of `{}` cannot be told apart: no column of it is read", shape.name);
            return Err(Error::new(Code::DatabaseUnreadable, what).hint("leave the table behind with `tables.leave`"));
        }
        Ok(order)
    }

    fn add(&mut self, shape: &TableShape, place: usize, unique: bool) -> Result<()> {
        let column = &shape.columns[place];
        let name = exact::name(column);
        let mut add = |part, sql| {
            // A part of a key may be less than the key: then rows may agree.
            self.ties |= part == Part::Prefix;
            let ShapeColumn { kind, nullable, .. } = *column;
            self.terms.push(Term { sql, place, kind, nullable, part });
        };
        match column.kind {
            ColumnType::Float => add(Part::Bits, format!("CAST({name} AS binary(8))")),
            ColumnType::Real => add(Part::Bits, format!("CAST({name} AS binary(4))")),
            ColumnType::Wide if unique => add(Part::Whole, name),
            // What is not Unicode the server can compare with a value only in that value's collation.
            ColumnType::Wide
            | ColumnType::Xml
            | ColumnType::Narrow(_)
            | ColumnType::Binary
            | ColumnType::Other
            | ColumnType::Dynamic => {
                let bytes = exact::item(shape, column)?;
                add(Part::Prefix, format!("CAST(SUBSTRING({bytes}, 1, {PREFIX}) AS varbinary({PREFIX}))"));
                add(Part::Length, format!("DATALENGTH({bytes})"));
            }
            ColumnType::DateTimeOffset(_) if !unique => {
                add(Part::Whole, name.clone());
                add(Part::Offset, format!("DATEPART(tzoffset, {name})"));
            }
            _ => add(Part::Whole, name),
        }
        Ok(())
    }

    /// What stands behind `ORDER BY`.
    pub(super) fn sql(&self) -> String {
        self.terms.iter().map(|term| term.sql.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The position of a row; `None` if a value is not what its column promises.
    pub(super) fn position(&self, row: &[ColumnData<'static>]) -> Option<Cells> {
        self.terms.iter().map(|term| term.cell(row.get(term.place)?)).collect()
    }

    /// Adds the condition for the rows behind a position.
    pub(super) fn behind(&self, table: &str, position: &[Cell], bound: &mut Vec<Value>) -> Result<String> {
        self.condition(table, position, bound, '>')
    }

    /// Adds the condition for the rows up to a position, with the row itself.
    pub(super) fn up_to(&self, table: &str, position: &[Cell], bound: &mut Vec<Value>) -> Result<String> {
        self.condition(table, position, bound, '<')
    }

    /// Adds the condition for the row at a position.
    pub(super) fn at(&self, table: &str, position: &[Cell], bound: &mut Vec<Value>) -> Result<String> {
        let foreign = || Error::new(Code::Internal, format!("a row of `{table}` does not belong to its key"));
        if position.len() != self.terms.len() {
            return Err(foreign());
        }
        let mut conditions = Vec::with_capacity(self.terms.len());
        for (term, cell) in self.terms.iter().zip(position) {
            conditions.push(if *cell == Cell::Null {
                format!("{} IS NULL", term.sql)
            } else {
                bound.push(term.value(cell).ok_or_else(foreign)?);
                format!("{} = {}", term.sql, term.bound(bound.len()))
            });
        }
        Ok(conditions.join(" AND "))
    }

    /// `a > x OR (a = x AND (b > y))`. What comes first is said once more on its own, so that an index serves.
    fn condition(&self, table: &str, position: &[Cell], bound: &mut Vec<Value>, way: char) -> Result<String> {
        let foreign = || Error::new(Code::Internal, format!("a range of `{table}` does not belong to its key"));
        if position.len() != self.terms.len() {
            return Err(foreign());
        }
        let (mut sql, mut open) = (String::new(), 0);
        for (index, (term, cell)) in self.terms.iter().zip(position).enumerate() {
            let last = index + 1 == self.terms.len();
            let name = &term.sql;
            if *cell == Cell::Null {
                // NULL is the least of all values.
                let beyond = if way == '>' { format!("{name} IS NOT NULL") } else { "1 = 0".to_owned() };
                let _ = match (last, way) {
                    (true, '>') => write!(sql, "{beyond}"),
                    (true, _) => write!(sql, "{name} IS NULL"),
                    (false, _) => write!(sql, "{beyond} OR ({name} IS NULL AND ("),
                };
            } else {
                let (value, place) = (term.value(cell).ok_or_else(foreign)?, bound.len() + 1);
                bound.push(value);
                let value = term.bound(place);
                let or_null = if way == '<' && term.nullable { format!(" OR {name} IS NULL") } else { String::new() };
                if index == 0 && !last && or_null.is_empty() {
                    let _ = write!(sql, "{name} {way}= {value} AND (");
                    open += 1;
                }
                let _ = match (last, way) {
                    (true, '<') => write!(sql, "{name} <= {value}{or_null}"),
                    (true, _) => write!(sql, "{name} > {value}"),
                    (false, _) => write!(sql, "{name} {way} {value}{or_null} OR ({name} = {value} AND ("),
                };
            }
            open += if last { 0 } else { 2 };
        }
        sql.push_str(&")".repeat(open));
        Ok(format!("({sql})"))
    }
}

impl Term {
    /// What of a row's value is in its position.
    fn cell(&self, value: &ColumnData<'static>) -> Option<Cell> {
        let bytes = match value {
            ColumnData::Binary(bytes) => bytes.as_deref(),
            _ => None,
        };
        Some(match self.part {
            Part::Prefix => bytes.map_or(Cell::Null, |bytes| Cell::Bytes(bytes[..bytes.len().min(PREFIX)].to_vec())),
            Part::Length => bytes.map_or(Cell::Null, |bytes| Cell::Integer(bytes.len() as i64)),
            Part::Whole | Part::Bits => exact::cell(self.kind, value.clone(), "")?,
            Part::Offset => match exact::cell(self.kind, value.clone(), "")? {
                Cell::DateTimeOffset { offset, .. } => Cell::Integer(offset.into()),
                _ => Cell::Null,
            },
        })
    }

    /// What is bound for a cell of a position; `None` if it cannot be one of this column.
    fn value(&self, cell: &Cell) -> Option<Value> {
        Some(match (self.part, cell) {
            (Part::Prefix, Cell::Bytes(bytes)) => Value::Bytes(bytes.clone()),
            (Part::Length | Part::Offset, Cell::Integer(number)) => Value::Integer(*number),
            (Part::Whole | Part::Bits, cell) if self.kind.holds(cell) => match cell {
                Cell::Bit(truth) => Value::Integer((*truth).into()),
                Cell::Integer(number) => Value::Integer(*number),
                Cell::Float(bits) => Value::Bytes(bits.to_be_bytes().to_vec()),
                Cell::Real(bits) => Value::Bytes(bits.to_be_bytes().to_vec()),
                Cell::Decimal { unscaled, scale } => Value::Text(page::digits(*unscaled, (*scale).into())),
                Cell::Money(money) => Value::Text(page::digits((*money).into(), 4)),
                Cell::Wide(text) => Value::Bytes(text.utf16_bytes()),
                Cell::Guid(bytes) => Value::Text(uuid::Uuid::from_bytes_le(*bytes).to_string()),
                Cell::RowVersion(bytes) => Value::Bytes(bytes.to_vec()),
                // With a T between date and time the language of the login says nothing about the order of day and month.
                Cell::DateTime { .. } | Cell::SmallDateTime { .. } => {
                    Value::Text(moment::text(cell)?.replace(' ', "T"))
                }
                other => Value::Text(moment::text(other)?),
            },
            _ => return None,
        })
    }

    /// The bound value in the type of the column, so that nothing is compared in another one.
    fn bound(&self, place: usize) -> String {
        let cast = |to: &str| format!("CAST(@P{place} AS {to})");
        if self.part != Part::Whole {
            return format!("@P{place}");
        }
        match self.kind {
            ColumnType::Decimal(precision, scale) => cast(&format!("decimal({precision},{scale})")),
            ColumnType::Money | ColumnType::SmallMoney => cast("decimal(19,4)"),
            ColumnType::DateTime => format!("CONVERT(datetime, @P{place}, 126)"),
            ColumnType::SmallDateTime => format!("CONVERT(smalldatetime, @P{place}, 126)"),
            ColumnType::Date => cast("date"),
            ColumnType::Time(scale) => cast(&format!("time({scale})")),
            ColumnType::DateTime2(scale) => cast(&format!("datetime2({scale})")),
            ColumnType::DateTimeOffset(scale) => cast(&format!("datetimeoffset({scale})")),
            ColumnType::Wide => cast("nvarchar(4000)"),
            ColumnType::Guid => cast("uniqueidentifier"),
            ColumnType::RowVersion => cast("binary(8)"),
            _ => format!("@P{place}"),
        }
    }
}
