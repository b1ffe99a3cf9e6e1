//! What kind of values a column holds, exactly.

use super::Cell;
use crate::onsite::database::{Column, Dialect, Kind};
use serde::{Deserialize, Serialize};

/// The types of SQL Server that are taken apart, and the one of SQLite, whose columns hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// `bit`
    Bit,
    /// `tinyint`, 0 to 255
    TinyInt,
    /// `smallint`
    SmallInt,
    /// `int`
    Int,
    /// `bigint`
    BigInt,
    /// `real`
    Real,
    /// `float`
    Float,
    /// `decimal`, `numeric`: digits in all and behind the point.
    Decimal(u8, u8),
    /// `money`
    Money,
    /// `smallmoney`
    SmallMoney,
    /// `datetime`
    DateTime,
    /// `smalldatetime`
    SmallDateTime,
    /// `date`
    Date,
    /// `time` with so many digits of a second
    Time(u8),
    /// `datetime2` with so many digits of a second
    DateTime2(u8),
    /// `datetimeoffset` with so many digits of a second
    DateTimeOffset(u8),
    /// `nchar`, `nvarchar`, `ntext`
    Wide,
    /// `char`, `varchar`, `text` in this code page; 0 if it is not known, and then Windows-1252 to look at.
    Narrow(u32),
    /// `binary`, `varbinary`, `image`
    Binary,
    /// `uniqueidentifier`
    Guid,
    /// `rowversion`, `timestamp`
    RowVersion,
    /// `xml`
    Xml,
    /// Anything else: `sql_variant`, `geography`, `hierarchyid`, customers' own types.
    Other,
    /// A column of SQLite: whole numbers, reals, texts and blobs, whatever was declared.
    Dynamic,
}

impl ColumnType {
    /// The type of a column of such a server.
    #[must_use]
    pub fn of(column: &Column, dialect: Dialect) -> Self {
        if dialect == Dialect::Sqlite {
            return Self::Dynamic;
        }
        let code_page = match column.kind {
            Kind::Text { code_page, .. } => code_page,
            _ => 0,
        };
        Self::declared(&column.declared, code_page)
    }

    /// The type that SQL Server declares as `declared`, in lower case. Sizes that are not stated are the server's defaults.
    #[must_use]
    pub fn declared(declared: &str, code_page: u32) -> Self {
        let (name, sizes) = declared.split_once('(').unwrap_or((declared, ""));
        let mut sizes = sizes.trim_end_matches(')').split(',').map(|size| size.trim().parse::<u8>().ok());
        let mut size = |default: u8, most: u8| sizes.next().flatten().unwrap_or(default).min(most);
        match name.trim() {
            "bit" => Self::Bit,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "real" => Self::Real,
            "float" | "double precision" => {
                if size(53, 53) <= 24 {
                    Self::Real
                } else {
                    Self::Float
                }
            }
            "decimal" | "numeric" | "dec" => {
                let precision = size(18, 38).max(1);
                Self::Decimal(precision, size(0, precision))
            }
            "money" => Self::Money,
            "smallmoney" => Self::SmallMoney,
            "datetime" => Self::DateTime,
            "smalldatetime" => Self::SmallDateTime,
            "date" => Self::Date,
            "time" => Self::Time(size(7, 7)),
            "datetime2" => Self::DateTime2(size(7, 7)),
            "datetimeoffset" => Self::DateTimeOffset(size(7, 7)),
            "nchar" | "nvarchar" | "ntext" | "sysname" => Self::Wide,
            "char" | "varchar" | "text" => Self::Narrow(code_page),
            "binary" | "varbinary" | "image" => Self::Binary,
            "uniqueidentifier" => Self::Guid,
            "rowversion" | "timestamp" => Self::RowVersion,
            "xml" => Self::Xml,
            _ => Self::Other,
        }
    }

    /// Whether a whole number identifies a row, in an order that every server agrees on.
    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    /// Whether its values differ in size.
    #[must_use]
    pub fn varies(self) -> bool {
        matches!(self, Self::Wide | Self::Narrow(_) | Self::Binary | Self::Xml | Self::Other | Self::Dynamic)
    }

    /// Whether a column of this type can hold the cell. Exact: a value out of range is no value of this type.
    #[must_use]
    pub fn holds(self, cell: &Cell) -> bool {
        match (self, cell) {
            (_, Cell::Null)
            | (Self::Bit, Cell::Bit(_))
            | (Self::BigInt, Cell::Integer(_))
            | (Self::Real, Cell::Real(_))
            | (Self::Float, Cell::Float(_))
            | (Self::Money, Cell::Money(_))
            | (Self::Wide | Self::Xml, Cell::Wide(_))
            | (Self::Narrow(_), Cell::Text(_))
            | (Self::Binary, Cell::Bytes(_))
            | (Self::Guid, Cell::Guid(_))
            | (Self::RowVersion, Cell::RowVersion(_))
            | (Self::Other, Cell::Other(_))
            | (Self::Dynamic, Cell::Integer(_) | Cell::Float(_) | Cell::Text(_) | Cell::Bytes(_)) => true,
            (Self::TinyInt, Cell::Integer(number)) => u8::try_from(*number).is_ok(),
            (Self::SmallInt, Cell::Integer(number)) => i16::try_from(*number).is_ok(),
            (Self::Int, Cell::Integer(number)) => i32::try_from(*number).is_ok(),
            (Self::Decimal(precision, scale), Cell::Decimal { unscaled, scale: own }) => {
                scale == *own && unscaled.unsigned_abs() < 10_u128.pow(u32::from(precision))
            }
            (Self::SmallMoney, Cell::Money(money)) => i32::try_from(*money).is_ok(),
            (Self::DateTime, Cell::DateTime { days, ticks }) => {
                (-53_690..=2_958_463).contains(days) && *ticks < TICKS_A_DAY
            }
            (Self::SmallDateTime, Cell::SmallDateTime { minutes, .. }) => *minutes < 1440,
            (Self::Date, Cell::Date(days)) => *days < DAYS,
            (Self::Time(scale), Cell::Time { units, scale: own }) => scale == *own && *units < units_a_day(scale),
            (Self::DateTime2(scale), Cell::DateTime2 { days, units, scale: own }) => {
                scale == *own && *days < DAYS && *units < units_a_day(scale)
            }
            (Self::DateTimeOffset(scale), Cell::DateTimeOffset { days, units, scale: own, offset }) => {
                scale == *own && *days < DAYS && *units < units_a_day(scale) && (-840..=840).contains(offset)
            }
            (_, Cell::Large(large)) => self.holds_large(large.kind),
            _ => false,
        }
    }

    fn holds_large(self, kind: super::LargeKind) -> bool {
        match kind {
            super::LargeKind::Wide => matches!(self, Self::Wide | Self::Xml),
            super::LargeKind::Text => matches!(self, Self::Narrow(_) | Self::Dynamic),
            super::LargeKind::Bytes => matches!(self, Self::Binary | Self::Dynamic),
        }
    }
}

/// Ticks of 1/300 s.
pub(super) const TICKS_A_DAY: u32 = 300 * 86_400;
/// Days from 0001-01-01 to 9999-12-31.
pub(super) const DAYS: u32 = 3_652_059;

/// Units of 10^-`scale` s.
pub(super) fn units_a_day(scale: u8) -> u64 {
    86_400 * 10_u64.pow(u32::from(scale.min(7)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_the_server_declares_them() {
        for (declared, expected) in [
            ("int", ColumnType::Int),
            ("nvarchar(max)", ColumnType::Wide),
            ("varchar(20)", ColumnType::Narrow(1257)),
            ("decimal(38,10)", ColumnType::Decimal(38, 10)),
            ("numeric(5)", ColumnType::Decimal(5, 0)),
            ("decimal", ColumnType::Decimal(18, 0)),
            ("datetime2(3)", ColumnType::DateTime2(3)),
            ("time", ColumnType::Time(7)),
            ("float(24)", ColumnType::Real),
            ("float", ColumnType::Float),
            ("geography", ColumnType::Other),
        ] {
            assert_eq!(ColumnType::declared(declared, 1257), expected, "{declared}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_no_value_of_the_type() {
        let ninety_nine = Cell::Decimal { unscaled: 99, scale: 0 };
        assert!(ColumnType::Decimal(2, 0).holds(&ninety_nine) && !ColumnType::Decimal(1, 0).holds(&ninety_nine));
        assert!(!ColumnType::Decimal(3, 1).holds(&ninety_nine));
        assert!(!ColumnType::TinyInt.holds(&Cell::Integer(-1)));
        assert!(!ColumnType::DateTime.holds(&Cell::DateTime { days: 0, ticks: TICKS_A_DAY }));
        assert!(!ColumnType::Dynamic.holds(&Cell::wide("")));
        let most = Cell::Decimal { unscaled: 10_i128.pow(38) - 1, scale: 38 };
        assert!(ColumnType::Decimal(38, 38).holds(&most));
    }
}
