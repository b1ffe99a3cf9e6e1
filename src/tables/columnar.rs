//! Cells as columns of Arrow, and back.
//!
//! Types with a counterpart in Parquet take it, so that other programs can read a part: whole numbers, reals,
//! decimals, dates. Moments that have none are numbers of their own units. Columns whose cells differ in kind or in size
//! (text, bytes, everything of SQLite) are bytes: the canonical form of the cell without its length. NULL is Arrow's NULL
//! everywhere.

use super::canonical::{read_tagged, write_tagged};
use super::column::{TICKS_A_DAY, units_a_day};
use super::{Cell, ColumnType, TableShape};
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder, Float32Builder,
    Float64Builder, Int32Builder, Int64Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// Days from 0001-01-01 to 1970-01-01.
const DAYS_TO_1970: i32 = 719_162;

/// How the cells of a type are carried.
fn carried(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bit => DataType::Boolean,
        ColumnType::TinyInt | ColumnType::SmallInt | ColumnType::Int | ColumnType::SmallDateTime => DataType::Int32,
        ColumnType::BigInt | ColumnType::DateTime | ColumnType::Time(_) | ColumnType::DateTime2(_) => DataType::Int64,
        ColumnType::Real => DataType::Float32,
        ColumnType::Float => DataType::Float64,
        ColumnType::Decimal(precision, scale) => DataType::Decimal128(precision, scale as i8),
        ColumnType::Money => DataType::Decimal128(19, 4),
        ColumnType::SmallMoney => DataType::Decimal128(10, 4),
        ColumnType::Date => DataType::Date32,
        ColumnType::Guid => DataType::FixedSizeBinary(16),
        ColumnType::RowVersion => DataType::FixedSizeBinary(8),
        _ => DataType::Binary,
    }
}

/// The columns of a part. Two columns of a table may differ in nothing but case, and that is kept.
pub(super) fn schema(shape: &TableShape) -> Arc<Schema> {
    let fields = shape.columns.iter().map(|column| Field::new(&column.name, carried(column.kind), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A column that is being filled.
pub(super) enum Builder {
    Boolean(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Fixed(FixedSizeBinaryBuilder),
    Binary(BinaryBuilder, Vec<u8>),
}

impl Builder {
    pub(super) fn new(kind: ColumnType) -> Self {
        match carried(kind) {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float32 => Self::Float32(Float32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            decimal @ DataType::Decimal128(..) => Self::Decimal(Decimal128Builder::new().with_data_type(decimal)),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::FixedSizeBinary(size) => Self::Fixed(FixedSizeBinaryBuilder::new(size)),
            _ => Self::Binary(BinaryBuilder::new(), Vec::new()),
        }
    }

    /// Adds a cell. The type of the column must hold it; `None` if it does not.
    pub(super) fn push(&mut self, kind: ColumnType, cell: &Cell) -> Option<()> {
        if !kind.holds(cell) {
            return None;
        }
        match (self, cell) {
            (Self::Boolean(column), Cell::Null) => column.append_null(),
            (Self::Int32(column), Cell::Null) => column.append_null(),
            (Self::Int64(column), Cell::Null) => column.append_null(),
            (Self::Float32(column), Cell::Null) => column.append_null(),
            (Self::Float64(column), Cell::Null) => column.append_null(),
            (Self::Decimal(column), Cell::Null) => column.append_null(),
            (Self::Date(column), Cell::Null) => column.append_null(),
            (Self::Fixed(column), Cell::Null) => column.append_null(),
            (Self::Binary(column, _), Cell::Null) => column.append_null(),
            (Self::Boolean(column), Cell::Bit(bit)) => column.append_value(*bit),
            (Self::Int32(column), Cell::Integer(number)) => column.append_value(i32::try_from(*number).ok()?),
            (Self::Int32(column), Cell::SmallDateTime { days, minutes }) => {
                column.append_value(i32::from(*days) * 1440 + i32::from(*minutes));
            }
            (Self::Int64(column), Cell::Integer(number)) => column.append_value(*number),
            (Self::Int64(column), Cell::DateTime { days, ticks }) => {
                column.append_value(i64::from(*days) * i64::from(TICKS_A_DAY) + i64::from(*ticks));
            }
            (Self::Int64(column), Cell::Time { units, .. }) => column.append_value(*units as i64),
            (Self::Int64(column), Cell::DateTime2 { days, units, scale }) => {
                column.append_value(i64::from(*days) * units_a_day(*scale) as i64 + *units as i64);
            }
            (Self::Float32(column), Cell::Real(bits)) => column.append_value(f32::from_bits(*bits)),
            (Self::Float64(column), Cell::Float(bits)) => column.append_value(f64::from_bits(*bits)),
            (Self::Decimal(column), Cell::Decimal { unscaled, .. }) => column.append_value(*unscaled),
            (Self::Decimal(column), Cell::Money(money)) => column.append_value(i128::from(*money)),
            (Self::Date(column), Cell::Date(days)) => column.append_value(*days as i32 - DAYS_TO_1970),
            (Self::Fixed(column), Cell::Guid(bytes)) => column.append_value(bytes).ok()?,
            (Self::Fixed(column), Cell::RowVersion(bytes)) => column.append_value(bytes).ok()?,
            (Self::Binary(column, buffer), cell) => {
                buffer.clear();
                write_tagged(cell, buffer);
                column.append_value(buffer);
            }
            _ => return None,
        }
        Some(())
    }

    /// The column so far; the builder is empty again.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(column) => Arc::new(column.finish()),
            Self::Int32(column) => Arc::new(column.finish()),
            Self::Int64(column) => Arc::new(column.finish()),
            Self::Float32(column) => Arc::new(column.finish()),
            Self::Float64(column) => Arc::new(column.finish()),
            Self::Decimal(column) => Arc::new(column.finish()),
            Self::Date(column) => Arc::new(column.finish()),
            Self::Fixed(column) => Arc::new(column.finish()),
            Self::Binary(column, _) => Arc::new(column.finish()),
        }
    }
}

/// The cell of a row in a column that was read; `None` if no cell of the type is carried like this.
pub(super) fn cell(kind: ColumnType, column: &dyn Array, row: usize) -> Option<Cell> {
    if column.is_null(row) {
        return Some(Cell::Null);
    }
    let int64 = || column.as_primitive_opt::<Int64Type>().map(|column| column.value(row));
    let cell = match kind {
        ColumnType::Bit => Cell::Bit(column.as_boolean_opt()?.value(row)),
        ColumnType::TinyInt | ColumnType::SmallInt | ColumnType::Int => {
            Cell::Integer(i64::from(column.as_primitive_opt::<Int32Type>()?.value(row)))
        }
        ColumnType::SmallDateTime => {
            let minutes = column.as_primitive_opt::<Int32Type>()?.value(row);
            let days = u16::try_from(minutes.div_euclid(1440)).ok()?;
            Cell::SmallDateTime { days, minutes: minutes.rem_euclid(1440) as u16 }
        }
        ColumnType::BigInt => Cell::Integer(int64()?),
        ColumnType::DateTime => {
            let day = i64::from(TICKS_A_DAY);
            let days = i32::try_from(int64()?.div_euclid(day)).ok()?;
            Cell::DateTime { days, ticks: int64()?.rem_euclid(day) as u32 }
        }
        ColumnType::Time(scale) => Cell::Time { units: u64::try_from(int64()?).ok()?, scale },
        ColumnType::DateTime2(scale) => {
            let (all, day) = (u64::try_from(int64()?).ok()?, units_a_day(scale));
            Cell::DateTime2 { days: u32::try_from(all / day).ok()?, units: all % day, scale }
        }
        ColumnType::Real => Cell::Real(column.as_primitive_opt::<Float32Type>()?.value(row).to_bits()),
        ColumnType::Float => Cell::Float(column.as_primitive_opt::<Float64Type>()?.value(row).to_bits()),
        ColumnType::Decimal(_, scale) => {
            Cell::Decimal { unscaled: column.as_primitive_opt::<Decimal128Type>()?.value(row), scale }
        }
        ColumnType::Money | ColumnType::SmallMoney => {
            Cell::Money(i64::try_from(column.as_primitive_opt::<Decimal128Type>()?.value(row)).ok()?)
        }
        ColumnType::Date => {
            let days = column.as_primitive_opt::<Date32Type>()?.value(row).checked_add(DAYS_TO_1970)?;
            Cell::Date(u32::try_from(days).ok()?)
        }
        ColumnType::Guid => Cell::Guid(column.as_fixed_size_binary_opt()?.value(row).try_into().ok()?),
        ColumnType::RowVersion => Cell::RowVersion(column.as_fixed_size_binary_opt()?.value(row).try_into().ok()?),
        // NULL has one form only, and it is not this one.
        _ => read_tagged(column.as_binary_opt::<i32>()?.value(row)).filter(|cell| *cell != Cell::Null)?,
    };
    kind.holds(&cell).then_some(cell)
}
