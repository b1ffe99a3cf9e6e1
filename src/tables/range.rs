//! Which rows of a table: those between two positions.
//!
//! A position is what a database needs to go on behind a row: the cells of its key, or what the database uses in its
//! place (SQLite the number of the row). Ranges leave no gaps: one begins where the one before ends, so that a row
//! that appears between two rows belongs to exactly one of them.

use super::canonical::{read_cells, write_cells};
use super::{Cell, Cells};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Rows behind one position and up to another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRange {
    /// Where it begins, without the row itself; nothing is the beginning of the table.
    #[serde(default, with = "position", skip_serializing_if = "Option::is_none")]
    pub after: Option<Cells>,
    /// Where it ends, with the row itself; nothing is the end of the table.
    #[serde(default, with = "position", skip_serializing_if = "Option::is_none")]
    pub until: Option<Cells>,
}

impl KeyRange {
    /// The whole table.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// What is left of it behind a position.
    #[must_use]
    pub fn behind(&self, position: Cells) -> Self {
        Self { after: Some(position), until: self.until.clone() }
    }
}

/// A position in the order of whole numbers, the only one that every database agrees on; nothing if it is another.
pub(crate) fn number(position: &[Cell]) -> Option<i64> {
    match position {
        [Cell::Integer(number)] => Some(*number),
        _ => None,
    }
}

/// How much a page holds at most: it ends with the row that reaches either. At least one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit {
    /// So many rows.
    pub rows: usize,
    /// So many bytes of content.
    pub bytes: usize,
}

/// Rows of a table in the order of their positions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The rows: a cell for each column of the shape.
    pub rows: Vec<Cells>,
    /// The position of the last one; nothing if there is no row.
    pub last: Option<Cells>,
    /// Whether the range has more rows behind it.
    pub more: bool,
}

/// Positions in JSON: the cells in full, as hexadecimal digits.
mod position {
    use super::{Cells, Deserialize, Deserializer, Serializer, de, read_cells, write_cells};
    use std::fmt::Write as _;

    #[expect(clippy::ref_option, reason = "serde gives the field as it is")]
    pub(super) fn serialize<S: Serializer>(position: &Option<Cells>, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = write_cells(position.as_deref().unwrap_or_default());
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cells>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let cells = bytes.filter(|_| rest.is_empty()).and_then(|bytes| read_cells(&bytes));
        cells.map(Some).ok_or_else(|| de::Error::custom("not a position"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_survives_its_json() {
        for range in [
            KeyRange::all(),
            KeyRange { after: Some(vec![Cell::Integer(-5)]), until: None },
            KeyRange { after: None, until: Some(vec![Cell::wide("å"), Cell::Null]) },
        ] {
            let json = serde_json::to_string(&range).unwrap();
            assert_eq!(serde_json::from_str::<KeyRange>(&json).unwrap(), range, "{json}");
        }
        assert!(serde_json::from_str::<KeyRange>(r#"{"after":"0"}"#).is_err());
        assert!(serde_json::from_str::<KeyRange>(r#"{"after":"ff"}"#).is_err());
    }
}
