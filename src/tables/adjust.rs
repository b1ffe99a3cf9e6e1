//! What is different on the other side: decisions about people, and sequences that stay ahead.
//!
//! A database is proven before it is adjusted, so that the proof is about what was sent. Each adjustment is data with its
//! reason, and what it did is told, for the receipt: a column that this version of the tables lacks is told as well. At the
//! end every counter in `sequence` is above the keys of its table, because the vendor's programs take the next key from there.

use super::{Key, TableShape};
use crate::Result;
use crate::onsite::database::{Row, Value};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// A database that is adjusted, in its own way to write names and values.
pub(super) trait Adjustable {
    /// A table in a statement.
    fn table(&self, name: &str) -> String;
    /// A column of it.
    fn column(&self, name: &str) -> String;
    /// What stands for a value, from 1.
    fn mark(&self, place: usize) -> String;
    /// Makes a table.
    fn create(&mut self, shape: &TableShape) -> Result<()>;
    /// Executes a statement; gives how many rows it changed.
    fn change(&mut self, sql: &str, values: &[Value]) -> Result<u64>;
    /// The rows of an answer, all of them.
    fn ask(&mut self, sql: &str) -> Result<Vec<Row>>;
}

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
    pub(super) fn apply(&self, database: &mut dyn Adjustable, shapes: &[Arc<TableShape>]) -> Result<Vec<Adjusted>> {
        let mut adjusted: Vec<Adjusted> = Vec::new();
        for adjustment in &self.0 {
            let rows = adjustment.apply(database, shapes)?;
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
        adjusted.extend(keep_ahead(database, shapes)?);
        Ok(adjusted)
    }
}

impl Adjustment {
    fn apply(&self, database: &mut dyn Adjustable, shapes: &[Arc<TableShape>]) -> Result<Option<u64>> {
        if let Change::Make { shape, rows } = &self.change {
            return make(database, shape, rows).map(Some);
        }
        let Some(shape) = find(shapes, &self.table) else { return Ok(None) };
        let mut values = Vec::new();
        let set = match &self.change {
            Change::Set { column, value } => {
                let Some(column) = shape.columns.iter().find(|own| own.name.eq_ignore_ascii_case(column)) else {
                    return Ok(None);
                };
                let value = bound(database, value, &mut values);
                format!("UPDATE {} SET {} = {value}", database.table(&shape.name), database.column(&column.name))
            }
            Change::Remove | Change::Make { .. } => format!("DELETE FROM {}", database.table(&shape.name)),
        };
        let place = match (self.row, shape.key()) {
            (None, _) => String::new(),
            (Some(row), Key::Integer(place)) => {
                let row = bound(database, &Value::Integer(row), &mut values);
                format!(" WHERE {} = {row}", database.column(&shape.columns[place].name))
            }
            // No single number names a row here.
            (Some(_), _) => return Ok(None),
        };
        database.change(&(set + &place), &values).map(Some)
    }
}

/// What stands for a value in a statement. No value is written as such: servers refuse one without a type.
fn bound(database: &dyn Adjustable, value: &Value, values: &mut Vec<Value>) -> String {
    if *value == Value::Null {
        return "NULL".to_owned();
    }
    values.push(value.clone());
    database.mark(values.len())
}

fn make(database: &mut dyn Adjustable, shape: &TableShape, rows: &[Vec<Value>]) -> Result<u64> {
    database.create(shape)?;
    for row in rows {
        let mut values = Vec::new();
        let marks: Vec<String> = row.iter().map(|value| bound(database, value, &mut values)).collect();
        let sql = format!("INSERT INTO {} VALUES ({})", database.table(&shape.name), marks.join(", "));
        database.change(&sql, &values)?;
    }
    Ok(rows.len() as u64)
}

/// Every counter of `sequence` is above the largest key of its table.
fn keep_ahead(database: &mut dyn Adjustable, shapes: &[Arc<TableShape>]) -> Result<Vec<Adjusted>> {
    let Some(sequence) = find(shapes, "sequence") else { return Ok(Vec::new()) };
    let column = |name: &str| sequence.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let (Some(next), Some(of)) = (column("next_id"), column("TableName")) else { return Ok(Vec::new()) };
    let (next, of) = (database.column(&next.name), database.column(&of.name));
    let sequence = database.table(&sequence.name);
    let mut adjusted = Vec::new();
    // Most tables of a database with very many have no counter, and none of them is looked at.
    let counted = database.ask(&format!("SELECT {of} FROM {sequence} WHERE {of} IS NOT NULL"))?;
    let counted: HashSet<String> = counted.iter().map(|row| row.text(0).to_ascii_lowercase()).collect();
    for shape in shapes.iter().filter(|shape| counted.contains(&shape.name.to_ascii_lowercase())) {
        let Key::Integer(place) = shape.key() else { continue };
        let (key, table) = (database.column(&shape.columns[place].name), database.table(&shape.name));
        let most = database.ask(&format!("SELECT max({key}) FROM {table}"))?;
        let most = most.first().filter(|row| !row.is_null(0)).map(|row| row.integer(0));
        let Some(ahead) = most.and_then(|most| most.checked_add(1)) else { continue };
        let (first, second) = (database.mark(1), database.mark(2));
        let sql =
            format!("UPDATE {sequence} SET {next} = {first} WHERE lower({of}) = lower({second}) AND {next} < {first}");
        let rows = database.change(&sql, &[Value::Integer(ahead), Value::Text(shape.name.clone())])?;
        if rows > 0 {
            let why = format!("the next key of `{}` must be above {}", shape.name, ahead - 1);
            adjusted.push(Adjusted {
                table: "sequence".into(),
                column: Some("next_id".into()),
                why,
                keys: Vec::new(),
                rows: Some(rows),
            });
        }
    }
    Ok(adjusted)
}

fn find<'a>(shapes: &'a [Arc<TableShape>], name: &str) -> Option<&'a Arc<TableShape>> {
    shapes.iter().find(|shape| shape.name.eq_ignore_ascii_case(name))
}
