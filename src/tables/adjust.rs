//! What is different on the other side: decisions about people, and sequences that stay ahead.
//!
//! A database is proven before it is adjusted, so that the proof is about what was sent. Each adjustment is data with its
//! reason, and what it did is told, for the receipt: a column that this version of the tables lacks is told as well. At the
//! end every counter in `sequence` is above the keys of its table, because the vendor's programs take the next key from there.

use super::{Key, TableShape};
use crate::onsite::database::Value;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;

/// Changes to make, in their order.
#[derive(Debug, Clone, Default)]
pub struct Adjustments(Vec<Adjustment>);

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjustment {
    /// The table, in any case of letters.
    pub table: String,
    /// The key of the row; nothing means every row.
    pub row: Option<i64>,
    /// What happens to it.
    pub change: Change,
    /// Why, in one line, for the receipt.
    pub why: String,
}

/// What happens to a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A column gets a value.
    Set {
        /// The column, in any case of letters.
        column: String,
        /// The value.
        value: Value,
    },
    /// The row goes.
    Remove,
}

/// What an adjustment did. It never repeats the value, which may be personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adjusted {
    /// The table.
    pub table: String,
    /// The key of the row; nothing means every row.
    pub row: Option<i64>,
    /// The column, if a column was changed.
    pub column: Option<String>,
    /// Why.
    pub why: String,
    /// How many rows were changed; nothing if this database has no such table or column.
    pub rows: Option<u64>,
}

impl Adjustments {
    /// Nothing to change, but the sequences.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A column of a row gets a value: a user name, a plan.
    #[must_use]
    pub fn set(self, table: &str, row: i64, column: &str, value: Value, why: &str) -> Self {
        self.and(table, Some(row), Change::Set { column: column.to_owned(), value }, why)
    }

    /// A column gets a value in every row: old secrets.
    #[must_use]
    pub fn set_all(self, table: &str, column: &str, value: Value, why: &str) -> Self {
        self.and(table, None, Change::Set { column: column.to_owned(), value }, why)
    }

    /// A row goes: another person's equal address.
    #[must_use]
    pub fn remove(self, table: &str, row: i64, why: &str) -> Self {
        self.and(table, Some(row), Change::Remove, why)
    }

    /// All rows of a table go.
    #[must_use]
    pub fn clear(self, table: &str, why: &str) -> Self {
        self.and(table, None, Change::Remove, why)
    }

    fn and(mut self, table: &str, row: Option<i64>, change: Change, why: &str) -> Self {
        self.0.push(Adjustment { table: table.to_owned(), row, change, why: why.to_owned() });
        self
    }

    /// Makes the changes, then moves the sequences. `shapes` are all tables of the database.
    pub(super) fn apply(&self, connection: &Connection, shapes: &[Arc<TableShape>]) -> rusqlite::Result<Vec<Adjusted>> {
        let mut adjusted = Vec::with_capacity(self.0.len());
        for adjustment in &self.0 {
            let rows = adjustment.apply(connection, shapes)?;
            let column = match &adjustment.change {
                Change::Set { column, .. } => Some(column.clone()),
                Change::Remove => None,
            };
            let (table, why) = (adjustment.table.clone(), adjustment.why.clone());
            adjusted.push(Adjusted { table, row: adjustment.row, column, why, rows });
        }
        adjusted.extend(keep_ahead(connection, shapes)?);
        Ok(adjusted)
    }
}

impl Adjustment {
    fn apply(&self, connection: &Connection, shapes: &[Arc<TableShape>]) -> rusqlite::Result<Option<u64>> {
        let Some(shape) = find(shapes, &self.table) else { return Ok(None) };
        let table = quoted(&shape.name);
        let place = match (self.row, shape.key()) {
            (None, _) => "?1 IS NULL".to_owned(),
            (Some(_), Key::Integer(place)) => format!("{} = ?1", quoted(&shape.columns[place].name)),
            // No single number names a row here.
            (Some(_), _) => return Ok(None),
        };
        let rows = match &self.change {
            Change::Remove => connection.execute(&format!("DELETE FROM {table} WHERE {place}"), [self.row])?,
            Change::Set { column, value } => {
                let Some(column) = shape.columns.iter().find(|own| own.name.eq_ignore_ascii_case(column)) else {
                    return Ok(None);
                };
                let sql = format!("UPDATE {table} SET {} = ?2 WHERE {place}", quoted(&column.name));
                connection.execute(&sql, rusqlite::params![self.row, value])?
            }
        };
        Ok(Some(rows as u64))
    }
}

/// Every counter of `sequence` is above the largest key of its table.
fn keep_ahead(connection: &Connection, shapes: &[Arc<TableShape>]) -> rusqlite::Result<Vec<Adjusted>> {
    let Some(sequence) = find(shapes, "sequence") else { return Ok(Vec::new()) };
    let column = |name: &str| sequence.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let (Some(next), Some(of)) = (column("next_id"), column("TableName")) else { return Ok(Vec::new()) };
    let (next, of, sequence) = (quoted(&next.name), quoted(&of.name), quoted(&sequence.name));
    let mut adjusted = Vec::new();
    // Most tables of a database with very many have no counter, and none of them is looked at.
    let counted: HashSet<String> = connection
        .prepare(&format!("SELECT lower({of}) FROM {sequence} WHERE {of} IS NOT NULL"))?
        .query_map([], |row| Ok(row.get_ref(0)?.as_str().unwrap_or_default().to_owned()))?
        .collect::<rusqlite::Result<_>>()?;
    for shape in shapes.iter().filter(|shape| counted.contains(&shape.name.to_ascii_lowercase())) {
        let Key::Integer(place) = shape.key() else { continue };
        let sql = format!("SELECT max({}) FROM {}", quoted(&shape.columns[place].name), quoted(&shape.name));
        let most: Option<i64> = connection.query_row(&sql, [], |row| row.get(0)).optional()?.flatten();
        let Some(ahead) = most.and_then(|most| most.checked_add(1)) else { continue };
        let sql = format!("UPDATE {sequence} SET {next} = ?1 WHERE lower({of}) = lower(?2) AND {next} < ?1");
        let rows = connection.execute(&sql, rusqlite::params![ahead, shape.name])?;
        if rows > 0 {
            let why = format!("the next key of `{}` must be above {}", shape.name, ahead - 1);
            adjusted.push(Adjusted {
                table: "sequence".into(),
                row: None,
                column: Some("next_id".into()),
                why,
                rows: Some(rows as u64),
            });
        }
    }
    Ok(adjusted)
}

fn find<'a>(shapes: &'a [Arc<TableShape>], name: &str) -> Option<&'a Arc<TableShape>> {
    shapes.iter().find(|shape| shape.name.eq_ignore_ascii_case(name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
