//! The types that columns declare, as they go over the wire, and values in them.

use super::tokens::{Tokens, utf16};
use chrono::{NaiveDate, NaiveDateTime, Timelike};
use encoding_rs::Encoding;
use rusqlite::types::Value;

/// How text that is not Unicode is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Collation {
    pub(super) name: &'static str,
    locale: u32,
    sort: u8,
    pub(super) code_page: u32,
}

/// The collations that are known here.
pub(super) const COLLATIONS: [Collation; 4] = [
    Collation { name: "Latin1_General_CI_AS", locale: 0x0409, sort: 0, code_page: 1252 },
    Collation { name: "SQL_Latin1_General_CP850_CI_AS", locale: 0x0409, sort: 42, code_page: 850 },
    Collation { name: "Greek_CI_AS", locale: 0x0408, sort: 0, code_page: 1253 },
    Collation { name: "Japanese_CI_AS", locale: 0x0411, sort: 0, code_page: 932 },
];

impl Collation {
    pub(super) fn named(name: &str) -> Self {
        *COLLATIONS.iter().find(|known| known.name.eq_ignore_ascii_case(name)).expect("a known collation")
    }

    /// As it goes over the wire: the locale with the flags of `CI`, and the order.
    pub(super) fn wire(self) -> [u8; 5] {
        let [a, b, c, d] = (self.locale | 0x00D0_0000).to_le_bytes();
        [a, b, c, d, self.sort]
    }

    fn encode(self, text: &str) -> Vec<u8> {
        let encoding: &'static Encoding = match self.code_page {
            1253 => encoding_rs::WINDOWS_1253,
            932 => encoding_rs::SHIFT_JIS,
            _ => encoding_rs::WINDOWS_1252,
        };
        encoding.encode(text).0.into_owned()
    }
}

/// A type. Lengths are as declared, in characters for Unicode; `None` is `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Type {
    Int(u8),
    Bit,
    Float,
    Money,
    Decimal(u8, u8),
    Datetime,
    Datetime2,
    Date,
    Guid,
    Varchar(Option<u16>, Collation),
    Nvarchar(Option<u16>),
    Varbinary(Option<u16>),
    Text(Collation),
    Ntext,
    Image,
    /// Its values are blobs, which are what goes over the wire; with its name, its token, and its size or scale.
    Wire(&'static str, u8, u8),
    /// It is only asked for as bytes.
    Opaque(&'static str),
}

/// Types whose values are blobs.
const OPAQUE: [&str; 8] = ["nchar", "char", "binary", "timestamp", "xml", "sql_variant", "hierarchyid", "geography"];

impl Type {
    /// The type that a column of the sample declares. A collation may follow it: `varchar(50) collate Greek_CI_AS`.
    pub(super) fn declared(text: &str, collation: &str, ansi: bool) -> Self {
        let text = text.to_ascii_lowercase();
        let (text, collation) = text.split_once(" collate ").unwrap_or((&text, collation));
        let (name, inside) = text.split_once('(').unwrap_or((text, ""));
        let inside = inside.trim_end_matches(')');
        let length = if inside == "max" { None } else { Some(inside.parse().unwrap_or(1)) };
        let collation = Collation::named(collation);
        let scale = inside.parse().unwrap_or(7);
        match name.trim() {
            "int" | "integer" => Self::Int(4),
            "smallint" => Self::Int(2),
            "tinyint" => Self::Int(1),
            "bigint" => Self::Int(8),
            "bit" => Self::Bit,
            "float" => Self::Float,
            "money" => Self::Money,
            "decimal" => {
                let (precision, scale) = inside.split_once(',').unwrap_or((inside, "0"));
                Self::Decimal(precision.trim().parse().unwrap_or(18), scale.trim().parse().unwrap_or(0))
            }
            "datetime" => Self::Datetime,
            "datetime2" if inside.is_empty() || inside == "7" => Self::Datetime2,
            "datetime2" => Self::Wire("datetime2", 0x2A, scale),
            "time" => Self::Wire("time", 0x29, scale),
            "datetimeoffset" => Self::Wire("datetimeoffset", 0x2B, scale),
            "smalldatetime" => Self::Wire("smalldatetime", 0x6F, 4),
            "smallmoney" => Self::Wire("smallmoney", 0x6E, 4),
            "real" => Self::Wire("real", 0x6D, 4),
            "date" => Self::Date,
            "uniqueidentifier" => Self::Guid,
            "nvarchar" if !ansi => Self::Nvarchar(length),
            "nvarchar" | "varchar" => Self::Varchar(length, collation),
            "varbinary" => Self::Varbinary(length),
            "text" => Self::Text(collation),
            "ntext" => Self::Ntext,
            "image" => Self::Image,
            other if OPAQUE.contains(&other) => {
                Self::Opaque(OPAQUE.into_iter().find(|known| *known == other).unwrap_or_default())
            }
            other => panic!("the server does not know the type `{other}`"),
        }
    }

    /// The type for values whose column is not known, as of an expression.
    pub(super) fn of_values<'a>(values: impl Iterator<Item = &'a Value>) -> Self {
        let mut found = Self::Int(4);
        for value in values {
            found = match value {
                Value::Integer(number) if found == Self::Int(4) && i32::try_from(*number).is_err() => Self::Int(8),
                Value::Null | Value::Integer(_) => found,
                Value::Real(_) => Self::Float,
                Value::Text(_) => return Self::Nvarchar(None),
                Value::Blob(_) => return Self::Varbinary(None),
            };
        }
        found
    }

    /// Name, length in bytes (-1 for `max`), precision, scale and collation, as `sys.columns` has them.
    pub(super) fn described(self) -> (&'static str, i32, u8, u8, Option<&'static str>) {
        let bytes = |length: Option<u16>, width: i32| length.map_or(-1, |length| i32::from(length) * width);
        match self {
            Self::Int(8) => ("bigint", 8, 19, 0, None),
            Self::Int(2) => ("smallint", 2, 5, 0, None),
            Self::Int(1) => ("tinyint", 1, 3, 0, None),
            Self::Int(_) => ("int", 4, 10, 0, None),
            Self::Bit => ("bit", 1, 1, 0, None),
            Self::Float => ("float", 8, 53, 0, None),
            Self::Money => ("money", 8, 19, 4, None),
            Self::Decimal(precision, scale) => ("decimal", 9, precision, scale, None),
            Self::Datetime => ("datetime", 8, 23, 3, None),
            Self::Datetime2 => ("datetime2", 8, 27, 7, None),
            Self::Date => ("date", 3, 10, 0, None),
            Self::Guid => ("uniqueidentifier", 16, 0, 0, None),
            Self::Varchar(length, collation) => ("varchar", bytes(length, 1), 0, 0, Some(collation.name)),
            Self::Nvarchar(length) => ("nvarchar", bytes(length, 2), 0, 0, Some(COLLATIONS[0].name)),
            Self::Varbinary(length) => ("varbinary", bytes(length, 1), 0, 0, None),
            Self::Text(collation) => ("text", 16, 0, 0, Some(collation.name)),
            Self::Ntext => ("ntext", 16, 0, 0, Some(COLLATIONS[0].name)),
            Self::Image => ("image", 16, 0, 0, None),
            Self::Wire(name, _, size) => (name, 8, 0, size, None),
            Self::Opaque(name) => (name, 20, 0, 0, None),
        }
    }

    /// The type in the description of a column.
    pub(super) fn write(self, out: &mut Tokens) {
        let size = |length: Option<u16>, width: u16| length.map_or([0xFF; 2], |length| (length * width).to_le_bytes());
        match self {
            Self::Int(width) => out.bytes(&[0x26, width]),
            Self::Wire(_, token, size) => out.bytes(&[token, size]),
            Self::Opaque(_) => out.bytes(&[0xA5, 0xFF, 0xFF]),
            Self::Bit => out.bytes(&[0x68, 1]),
            Self::Float => out.bytes(&[0x6D, 8]),
            Self::Money => out.bytes(&[0x6E, 8]),
            Self::Decimal(precision, scale) => out.bytes(&[0x6A, 17, precision, scale]),
            Self::Datetime => out.bytes(&[0x6F, 8]),
            Self::Datetime2 => out.bytes(&[0x2A, 7]),
            Self::Date => out.bytes(&[0x28]),
            Self::Guid => out.bytes(&[0x24, 16]),
            Self::Varchar(length, collation) => {
                out.bytes(&[0xA7]);
                out.bytes(&size(length, 1));
                out.bytes(&collation.wire());
            }
            Self::Nvarchar(length) => {
                out.bytes(&[0xE7]);
                out.bytes(&size(length, 2));
                out.bytes(&COLLATIONS[0].wire());
            }
            Self::Varbinary(length) => {
                out.bytes(&[0xA5]);
                out.bytes(&size(length, 1));
            }
            // The old long types name their table, which nobody needs.
            Self::Text(collation) => {
                out.bytes(&[0x23, 0xFF, 0xFF, 0xFF, 0x7F]);
                out.bytes(&collation.wire());
                out.bytes(&[1]);
                out.long_text("t");
            }
            Self::Ntext => {
                out.bytes(&[0x63, 0xFE, 0xFF, 0xFF, 0x7F]);
                out.bytes(&COLLATIONS[0].wire());
                out.bytes(&[1]);
                out.long_text("t");
            }
            Self::Image => {
                out.bytes(&[0x22, 0xFF, 0xFF, 0xFF, 0x7F, 1]);
                out.long_text("t");
            }
        }
    }

    /// The bytes that this text has in a column of this type. Bytes in a text column are what somebody put there.
    pub(super) fn bytes_of(self, value: &Value) -> Vec<u8> {
        let text = match value {
            Value::Blob(bytes) => return bytes.clone(),
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Null => String::new(),
        };
        match self {
            Self::Varchar(_, collation) | Self::Text(collation) => collation.encode(&text),
            Self::Opaque("char") => COLLATIONS[0].encode(&text),
            _ => utf16(&text),
        }
    }

    /// A value in a row. What the type cannot hold is an error of the server.
    pub(super) fn write_value(self, value: &Value, out: &mut Tokens) -> Result<(), String> {
        let wrong = || format!("Conversion failed when converting the value '{value:?}' to {}.", self.described().0);
        if let (Self::Opaque(_), Value::Blob(bytes)) = (self, value) {
            write_long(true, Some(bytes), out);
            return Ok(());
        }
        if let Self::Varchar(length, _) | Self::Nvarchar(length) | Self::Varbinary(length) = self {
            write_long(length.is_none(), (*value != Value::Null).then(|| self.bytes_of(value)).as_deref(), out);
            return Ok(());
        }
        if *value == Value::Null {
            let any_length = matches!(self, Self::Opaque(_));
            out.bytes(if any_length { &[0xFF; 8] } else { &[0] });
            return Ok(());
        }
        if let (Value::Blob(bytes), false) = (value, matches!(self, Self::Text(_) | Self::Ntext | Self::Image)) {
            out.bytes(&[bytes.len() as u8]);
            out.bytes(bytes);
            return Ok(());
        }
        match self {
            Self::Int(width) => {
                let Value::Integer(number) = value else { return Err(wrong()) };
                let fits = match width {
                    1 => u8::try_from(*number).is_ok(),
                    2 => i16::try_from(*number).is_ok(),
                    4 => i32::try_from(*number).is_ok(),
                    _ => true,
                };
                if !fits {
                    return Err(wrong());
                }
                out.bytes(&[width]);
                out.bytes(&number.to_le_bytes()[..usize::from(width)]);
            }
            Self::Bit => out.bytes(&[1, u8::from(*value != Value::Integer(0))]),
            Self::Float => {
                out.bytes(&[8]);
                out.bytes(&real(value).ok_or_else(wrong)?.to_le_bytes());
            }
            Self::Money => {
                let scaled = (real(value).ok_or_else(wrong)? * 10_000.0).round() as i64;
                out.bytes(&[8]);
                out.bytes(&((scaled >> 32) as i32).to_le_bytes());
                out.bytes(&(scaled as u32).to_le_bytes());
            }
            Self::Decimal(_, scale) => {
                let scaled = (real(value).ok_or_else(wrong)? * 10_f64.powi(i32::from(scale))).round() as i128;
                out.bytes(&[17, u8::from(scaled >= 0)]);
                out.bytes(&scaled.unsigned_abs().to_le_bytes());
            }
            Self::Datetime => {
                let moment = moment(value).ok_or_else(wrong)?;
                let ticks = u64::from(moment.num_seconds_from_midnight()) * 300
                    + (u64::from(moment.nanosecond()) * 300 + 500_000_000) / 1_000_000_000;
                out.bytes(&[8]);
                out.bytes(&(days(moment, 1900) as i32).to_le_bytes());
                out.bytes(&(ticks as u32).to_le_bytes());
            }
            Self::Datetime2 => {
                let moment = moment(value).ok_or_else(wrong)?;
                let parts =
                    u64::from(moment.num_seconds_from_midnight()) * 10_000_000 + u64::from(moment.nanosecond()) / 100;
                out.bytes(&[8]);
                out.bytes(&parts.to_le_bytes()[..5]);
                out.bytes(&days(moment, 1).to_le_bytes()[..3]);
            }
            Self::Date => {
                out.bytes(&[3]);
                out.bytes(&days(moment(value).ok_or_else(wrong)?, 1).to_le_bytes()[..3]);
            }
            Self::Guid => {
                let Value::Text(text) = value else { return Err(wrong()) };
                let guid: uuid::Uuid = text.parse().map_err(|_| wrong())?;
                out.bytes(&[16]);
                out.bytes(&guid.to_bytes_le());
            }
            Self::Text(_) | Self::Ntext | Self::Image => {
                let bytes = self.bytes_of(value);
                out.bytes(&[16]);
                out.bytes(&[0xAA; 16 + 8]);
                out.bytes(&(bytes.len() as u32).to_le_bytes());
                out.bytes(&bytes);
            }
            Self::Wire(..) | Self::Opaque(_) => return Err(wrong()),
            Self::Varchar(..) | Self::Nvarchar(_) | Self::Varbinary(_) => {}
        }
        Ok(())
    }
}

/// A value with a length before it, or in parts if it may be of any length.
fn write_long(any_length: bool, bytes: Option<&[u8]>, out: &mut Tokens) {
    match (any_length, bytes) {
        (false, None) => out.bytes(&[0xFF; 2]),
        (true, None) => out.bytes(&[0xFF; 8]),
        (false, Some(bytes)) => {
            out.bytes(&(bytes.len() as u16).to_le_bytes());
            out.bytes(bytes);
        }
        (true, Some(bytes)) => {
            out.bytes(&(bytes.len() as u64).to_le_bytes());
            // Parts of any size are allowed: small ones show whether a client puts them together.
            for part in bytes.chunks(1000) {
                out.bytes(&(part.len() as u32).to_le_bytes());
                out.bytes(part);
            }
            out.bytes(&[0; 4]);
        }
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn moment(value: &Value) -> Option<NaiveDateTime> {
    let Value::Text(text) = value else { return None };
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .ok()
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Into::into))
}

fn days(moment: NaiveDateTime, since: i32) -> i64 {
    NaiveDate::from_ymd_opt(since, 1, 1).map_or(0, |first| (moment.date() - first).num_days())
}
