//! Values and rows as every kind of database gives them.

use chrono::{NaiveDate, NaiveDateTime};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value. CRM tables avoid it, Customer Service tables do not.
    Null,
    /// Any kind of whole number, also a truth value.
    Integer(i64),
    /// Any kind of other number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A date with a time, without a zone.
    Moment(NaiveDateTime),
}

/// The vendor's "no date", which also stands for dates that nobody can read.
#[must_use]
pub fn no_date() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(1760, 1, 1).unwrap_or_default().into()
}

/// One row of an answer.
///
/// The accessors never fail: CRM rows hold 0, an empty text or 1760-01-01 where nothing is known, and what is NULL, absent
/// or of another kind is read as that. Where the difference matters, look at the [`Value`].
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value in a column, by position.
    #[must_use]
    pub fn value(&self, column: usize) -> &Value {
        self.0.get(column).unwrap_or(&Value::Null)
    }

    /// A whole number; 0 if it is none.
    #[must_use]
    pub fn integer(&self, column: usize) -> i64 {
        match self.value(column) {
            Value::Integer(number) => *number,
            Value::Real(number) => *number as i64,
            Value::Text(text) => text.trim().parse().unwrap_or(0),
            _ => 0,
        }
    }

    /// Whether there is a value at all.
    #[must_use]
    pub fn is_null(&self, column: usize) -> bool {
        *self.value(column) == Value::Null
    }

    /// Text; empty if there is none. Trailing blanks are kept.
    #[must_use]
    pub fn text(&self, column: usize) -> String {
        match self.value(column) {
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Value::Moment(moment) => moment.to_string(),
            Value::Null => String::new(),
        }
    }

    /// Bytes; empty if there are none.
    #[must_use]
    pub fn bytes(&self, column: usize) -> &[u8] {
        match self.value(column) {
            Value::Bytes(bytes) => bytes,
            Value::Text(text) => text.as_bytes(),
            _ => &[],
        }
    }

    /// A moment; 1760-01-01 if there is none.
    #[must_use]
    pub fn moment(&self, column: usize) -> NaiveDateTime {
        match self.value(column) {
            Value::Moment(moment) => *moment,
            Value::Text(text) => read_moment(text).unwrap_or_else(no_date),
            _ => no_date(),
        }
    }
}

fn read_moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().get(..19)?;
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_read_as_the_vendor_writes_it() {
        let row = Row(vec![Value::Null, Value::Text("2020-08-01T10:00:00.123".into()), Value::Text("soon".into())]);
        assert_eq!((row.integer(0), row.text(0), row.moment(0)), (0, String::new(), no_date()));
        assert_eq!(row.moment(1).to_string(), "2020-08-01 10:00:00");
        assert_eq!(row.moment(2), no_date());
        assert!(row.is_null(0) && row.is_null(9) && !row.is_null(2));
    }
}
