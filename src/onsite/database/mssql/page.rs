//! One question to the server, and its answer as values.

use super::super::query::Rendered;
use super::super::{Row, Value};
use super::connect::Client;
use super::line::Answer;
use super::order::Cut;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use futures_util::TryStreamExt;
use tiberius::numeric::Numeric;
use tiberius::{ColumnData, FromSql, QueryItem, ToSql};

/// Asks and reads to the end; what lies behind a cut is read and forgotten, so that the connection can go on.
pub(super) async fn ask(client: &mut Client, asked: &Rendered, cut: Option<&Cut>) -> tiberius::Result<Answer> {
    let bound: Vec<Box<dyn ToSql>> = asked.values.iter().map(bind).collect();
    let bound: Vec<&dyn ToSql> = bound.iter().map(|value| &**value as &dyn ToSql).collect();
    let mut stream = if bound.is_empty() {
        client.simple_query(asked.sql.as_str()).await?
    } else {
        client.query(asked.sql.as_str(), &bound).await?
    };
    let (mut answer, mut bytes) = (Answer::default(), 0);
    while let Some(item) = stream.try_next().await? {
        let QueryItem::Row(row) = item else { continue };
        if answer.columns.is_empty() {
            answer.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        bytes += answer.push(row, cut, bytes);
    }
    Ok(answer)
}

/// The content of a value in bytes; numbers weigh nothing.
pub(super) fn weight(value: &ColumnData<'static>) -> usize {
    match value {
        ColumnData::Binary(Some(bytes)) => bytes.len(),
        ColumnData::String(Some(text)) => text.len(),
        _ => 0,
    }
}

/// A row as the kinds of value that all databases share.
pub(super) fn row(values: &[ColumnData<'static>]) -> Row {
    Row(values.iter().map(read).collect())
}

/// A value with its type: some servers refuse a NULL that has none. Small numbers are `int` as the vendor's keys are, so
/// that their indexes serve.
pub(super) fn bind(value: &Value) -> Box<dyn ToSql> {
    match value {
        Value::Null => Box::new(None::<i32>),
        Value::Integer(number) => match i32::try_from(*number) {
            Ok(small) => Box::new(small),
            Err(_) => Box::new(*number),
        },
        Value::Real(number) => Box::new(*number),
        Value::Text(text) => Box::new(text.clone()),
        Value::Bytes(bytes) => Box::new(bytes.clone()),
        Value::Moment(moment) => Box::new(*moment),
    }
}

/// What the server sent, as the kinds of value that all databases share.
fn read(value: &ColumnData<'static>) -> Value {
    match value {
        ColumnData::U8(number) => number.map_or(Value::Null, |number| Value::Integer(number.into())),
        ColumnData::I16(number) => number.map_or(Value::Null, |number| Value::Integer(number.into())),
        ColumnData::I32(number) => number.map_or(Value::Null, |number| Value::Integer(number.into())),
        ColumnData::I64(number) => number.map_or(Value::Null, Value::Integer),
        ColumnData::Bit(truth) => truth.map_or(Value::Null, |truth| Value::Integer(truth.into())),
        ColumnData::F32(number) => number.map_or(Value::Null, |number| Value::Real(number.into())),
        ColumnData::F64(number) => number.map_or(Value::Null, Value::Real),
        ColumnData::Numeric(number) => number.map_or(Value::Null, decimal),
        ColumnData::String(text) => text.as_ref().map_or(Value::Null, |text| Value::Text(text.clone().into_owned())),
        ColumnData::Xml(xml) => xml.as_ref().map_or(Value::Null, |xml| Value::Text(xml.to_string())),
        ColumnData::Binary(bytes) => bytes.as_ref().map_or(Value::Null, |bytes| Value::Bytes(bytes.to_vec())),
        ColumnData::Guid(guid) => guid.map_or(Value::Null, |guid| Value::Text(guid.to_string())),
        ColumnData::DateTime(_) | ColumnData::SmallDateTime(_) | ColumnData::DateTime2(_) => {
            as_known::<NaiveDateTime>(value).map_or(Value::Null, Value::Moment)
        }
        ColumnData::Date(_) => as_known::<NaiveDate>(value).map_or(Value::Null, |day| Value::Moment(day.into())),
        ColumnData::Time(_) => as_known::<NaiveTime>(value).map_or(Value::Null, |time| Value::Text(time.to_string())),
        // The only kind with a zone; the vendor's tables have none.
        ColumnData::DateTimeOffset(_) => {
            as_known::<DateTime<FixedOffset>>(value).map_or(Value::Null, |moment| Value::Text(moment.to_rfc3339()))
        }
    }
}

/// A date outside of what a calendar knows is no value.
fn as_known<'a, T: FromSql<'a>>(value: &'a ColumnData<'static>) -> Option<T> {
    T::from_sql(value).ok().flatten()
}

/// A decimal as a number where a number can hold it, else as its digits: nothing is rounded.
fn decimal(number: Numeric) -> Value {
    let (value, scale) = (number.value(), usize::from(number.scale()));
    if scale == 0
        && let Ok(whole) = i64::try_from(value)
    {
        return Value::Integer(whole);
    }
    let text = digits(value, scale);
    match text.parse() {
        Ok(real) if value.unsigned_abs() < EXACT => Value::Real(real),
        _ => Value::Text(text),
    }
}

/// Fifteen digits are what a double surely keeps.
const EXACT: u128 = 10_u128.pow(15);

/// A decimal as its digits, with so many places behind the point.
pub(super) fn digits(value: i128, scale: usize) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if scale > 0 { format!("{sign}{whole}.{part}") } else { format!("{sign}{whole}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_never_rounded() {
        for (value, scale, expected) in [
            (0, 4, Value::Real(0.0)),
            (-1_234_500, 4, Value::Real(-123.45)),
            (42, 0, Value::Integer(42)),
            (5, 3, Value::Real(0.005)),
            (12_345_678_901_234_567_890, 2, Value::Text("123456789012345678.90".into())),
            (-12_345_678_901_234_567_890_123, 0, Value::Text("-12345678901234567890123".into())),
        ] {
            assert_eq!(decimal(Numeric::new_with_scale(value, scale)), expected);
        }
    }
}
