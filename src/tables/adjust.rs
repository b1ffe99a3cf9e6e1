//! What is different on the other side: decisions about people, and sequences that stay ahead.
//!
//! A database is proven before it is adjusted, so that the proof is about what was sent. Each adjustment is data with its
//! reason, and what it did is told, for the receipt: a column that this version of the tables lacks is told as well. At the
//! end every counter in `sequence` is above the keys of its table, because the vendor's programs take the next key from there.

use super::{Key, TableShape, import};
use crate::onsite::database::Value;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use utoipa::ToSchema;

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
    /// The table is made, with these rows. The database must not have one of that name.
    Make {
        /// What it looks like.
        shape: Box<TableShape>,
        /// A value for each column.
        rows: Vec<Vec<Value>>,
    },
}

/// What adjustments of one kind did. It never repeats a value, which may be personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjusted {
    /// The table.
    pub table: String,
    /// The column, if a column was changed; rows were removed, or the table made, if not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Why.
    pub why: String,
    /// The keys of the rows that were meant; none means every row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<i64>,
    /// How many rows were changed, removed or made; nothing if this database has no such table or column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

impl Adjusted {
    /// The same for other rows is told together. Gives it back if it is something else.
    fn join(&mut self, other: Self) -> Option<Self> {
        let alike = (&self.table, &self.column, &self.why) == (&other.table, &other.column, &other.why);
        // Every row, and then single ones, are two things.
        if !alike || self.keys.is_empty() || other.keys.is_empty() {
            return Some(other);
        }
        self.keys.extend(other.keys);
        self.rows = self.rows.zip(other.rows).map(|(one, other)| one + other);
        None
    }
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

    /// A table of the tenant's own is made.
    #[must_use]
    pub fn make(self, shape: TableShape, rows: Vec<Vec<Value>>, why: &str) -> Self {
        let table = shape.name.clone();
        self.and(&table, None, Change::Make { shape: Box::new(shape), rows }, why)
    }

    /// Adds one of many.
    pub fn add(&mut self, adjustment: Adjustment) {
        self.0.push(adjustment);
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Adjustment> {
        self.0.iter()
    }

    fn and(mut self, table: &str, row: Option<i64>, change: Change, why: &str) -> Self {
        self.0.push(Adjustment { table: table.to_owned(), row, change, why: why.to_owned() });
        self
    }

    /// Makes the changes, then moves the sequences. `shapes` are all tables of the database.
    pub(super) fn apply(&self, connection: &Connection, shapes: &[Arc<TableShape>]) -> rusqlite::Result<Vec<Adjusted>> {
        let mut adjusted: Vec<Adjusted> = Vec::new();
        for adjustment in &self.0 {
            let rows = adjustment.apply(connection, shapes)?;
            let column = match &adjustment.change {
                Change::Set { column, .. } => Some(column.clone()),
                Change::Remove | Change::Make { .. } => None,
            };
            let (table, why) = (adjustment.table.clone(), adjustment.why.clone());
            let next = Adjusted { table, column, why, keys: adjustment.row.into_iter().collect(), rows };
            let other = match adjusted.last_mut() {
                Some(last) => last.join(next),
                None => Some(next),
            };
            adjusted.extend(other);
        }
        adjusted.extend(keep_ahead(connection, shapes)?);
        Ok(adjusted)
    }
}

impl Adjustment {
    fn apply(&self, connection: &Connection, shapes: &[Arc<TableShape>]) -> rusqlite::Result<Option<u64>> {
        if let Change::Make { shape, rows } = &self.change {
            return make(connection, shape, rows).map(Some);
        }
        let Some(shape) = find(shapes, &self.table) else { return Ok(None) };
        let table = quoted(&shape.name);
        let place = match (self.row, shape.key()) {
            (None, _) => "?1 IS NULL".to_owned(),
            (Some(_), Key::Integer(place)) => format!("{} = ?1", quoted(&shape.columns[place].name)),
            // No single number names a row here.
            (Some(_), _) => return Ok(None),
        };
        let rows = match &self.change {
            Change::Make { .. } => return Ok(None),
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

fn make(connection: &Connection, shape: &TableShape, rows: &[Vec<Value>]) -> rusqlite::Result<u64> {
    connection.execute_batch(&import::create(shape))?;
    let marks: Vec<String> = (1..=shape.columns.len()).map(|place| format!("?{place}")).collect();
    let sql = format!("INSERT INTO {} VALUES ({})", quoted(&shape.name), marks.join(", "));
    let mut insert = connection.prepare(&sql)?;
    for row in rows {
        insert.execute(rusqlite::params_from_iter(row))?;
    }
    Ok(rows.len() as u64)
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
                column: Some("next_id".into()),
                why,
                keys: Vec::new(),
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
