//! Rows that come in bulk: what their columns are, and their values, from the bytes of the message.

use super::session::Reader;
use rusqlite::types::Value;
use std::io;

const COLUMNS: u8 = 0x81;
const ROW: u8 = 0xD1;
const DONE: u8 = 0xFD;

/// The type of a column, as far as its values need it.
#[derive(Clone, Copy)]
enum Kind {
    /// Whole numbers.
    Number,
    /// The bytes as they come, with their length before them: what goes over the wire again.
    Wire,
    /// A number of eight bytes.
    Float,
    /// Days and ticks.
    Moment,
    /// Days.
    Date,
    Guid,
    /// Bytes with two bytes of length.
    Limited,
    /// Bytes in parts.
    Unlimited,
}

/// All rows of a message.
pub(super) fn rows(message: &[u8]) -> io::Result<Vec<Vec<Value>>> {
    let mut from = Reader(message);
    if from.byte()? != COLUMNS {
        return Err(wrong("a load begins with its columns"));
    }
    let kinds = (0..from.short()?).map(|_| column(&mut from)).collect::<io::Result<Vec<_>>>()?;
    let mut rows = Vec::new();
    loop {
        match from.byte()? {
            ROW => rows.push(kinds.iter().map(|kind| value(*kind, &mut from)).collect::<io::Result<_>>()?),
            DONE => return Ok(rows),
            other => return Err(wrong(&format!("{other:#x} is no row"))),
        }
    }
}

fn column(from: &mut Reader<'_>) -> io::Result<Kind> {
    // The number of the type, and what may be done with the column.
    from.take(6)?;
    let kind = match from.byte()? {
        0x26 | 0x68 => {
            from.byte()?;
            Kind::Number
        }
        0x6D => match from.byte()? {
            8 => Kind::Float,
            _ => Kind::Wire,
        },
        0x6F => match from.byte()? {
            8 => Kind::Moment,
            _ => Kind::Wire,
        },
        0x6A | 0x6C => {
            from.take(3)?;
            Kind::Wire
        }
        0x28 => Kind::Date,
        0x2A => {
            from.byte()?;
            Kind::Wire
        }
        0x24 => {
            from.byte()?;
            Kind::Guid
        }
        0xA5 => match from.short()? {
            0xFFFF => Kind::Unlimited,
            _ => Kind::Limited,
        },
        other => return Err(wrong(&format!("a load of type {other:#x} is not known"))),
    };
    from.short_text()?;
    Ok(kind)
}

fn value(kind: Kind, from: &mut Reader<'_>) -> io::Result<Value> {
    match kind {
        Kind::Limited => match from.short()? {
            0xFFFF => return Ok(Value::Null),
            length => return Ok(Value::Blob(from.take(usize::from(length))?.to_vec())),
        },
        Kind::Unlimited => return Ok(from.parts()?.map_or(Value::Null, Value::Blob)),
        _ => {}
    }
    let length = usize::from(from.byte()?);
    if length == 0 {
        return Ok(Value::Null);
    }
    let bytes = from.take(length)?;
    let whole = |bytes: &[u8]| bytes.iter().rev().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    Ok(match kind {
        Kind::Number => Reader::number(bytes),
        Kind::Float => {
            let real = f64::from_le_bytes(bytes.try_into().map_err(|_| wrong("a float has eight bytes"))?);
            // SQLite forgets the sign of zero.
            let zero = real == 0.0 && real.is_sign_negative();
            if zero { Value::Blob(bytes.to_vec()) } else { Value::Real(real) }
        }
        Kind::Moment => {
            let days = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let ticks = whole(&bytes[4..8]);
            let seconds = chrono::Duration::milliseconds((ticks * 10 + 1) / 3);
            let moment = day(1900, i64::from(days)).and_time(chrono::NaiveTime::MIN) + seconds;
            Value::Text(moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
        }
        Kind::Date => Value::Text(day(1, whole(bytes)).format("%Y-%m-%d").to_string()),
        Kind::Guid => {
            let guid = uuid::Uuid::from_bytes_le(bytes.try_into().map_err(|_| wrong("a guid has 16 bytes"))?);
            Value::Text(guid.to_string())
        }
        _ => Value::Blob(bytes.to_vec()),
    })
}

fn day(since: i32, days: i64) -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(since, 1, 1).unwrap_or_default() + chrono::Duration::days(days)
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}
