//! A statement answered by the sample's tables, in their types.

use super::databases::Databases;
use super::functions::{self, Types};
use super::tokens::Tokens;
use super::translate::{Item, Refusal, translate};
use super::types::Type;
use super::{Options, build, system};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;
use std::time::Duration;

/// The tables of one session.
pub(super) struct Engine<'a> {
    connection: Connection,
    options: &'a Options,
    databases: &'a Databases,
    /// Whether the system views are there; most sessions never need them.
    system: bool,
    /// The same for how many rows each table has.
    counted: bool,
    types: Types,
}

/// Rows with their columns.
pub(super) struct Answer {
    columns: Vec<(String, Type)>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl<'a> Engine<'a> {
    pub(super) fn open(
        options: &'a Options,
        databases: &'a Databases,
        file: &Path,
        writable: bool,
    ) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_in_memory_with_flags(flags)?;
        let file = file.to_str().expect("a path of plain letters").replace('\\', "/");
        connection.execute(
            &format!("ATTACH ?1 AS {}", options.schema),
            [format!("file:{file}?mode={}", if writable { "rw" } else { "ro" })],
        )?;
        let types = Types::default();
        functions::teach(&connection, &types, options)?;
        build::teach(&connection)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(Self { connection, options, databases, system: false, counted: false, types })
    }

    /// For statements that write.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// From its first read on, the session sees the tables as they are then.
    pub(super) fn begin(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN")
    }

    /// Answers a statement.
    pub(super) fn answer(&mut self, statement: &str, bound: &[Value]) -> Result<Answer, Refusal> {
        let lower = statement.to_ascii_lowercase();
        if !self.system && ["sys.", "[sys].", "information_schema"].iter().any(|view| lower.contains(view)) {
            system::make(&self.connection, self.options).map_err(said)?;
            self.system = true;
        }
        if lower.contains("sys.database") {
            self.databases.describe(&self.connection).map_err(said)?;
        }
        if !self.counted && lower.contains("sys.partitions") {
            system::count(&self.connection, self.options).map_err(said)?;
            self.counted = true;
        }
        let translated = translate(statement)?;
        for item in &translated.items {
            if let (Some((table, column)), Some(kind)) = (&item.column, self.type_of(item)) {
                self.types.lock().expect("nobody panicked").insert(format!("{table}.{column}"), kind);
            }
        }
        let mut prepared = self.connection.prepare(&translated.sql).map_err(said)?;
        let mut names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        if translated.counted {
            names.pop();
        }
        let mut rows = Vec::new();
        let mut found = prepared.query(rusqlite::params_from_iter(bound)).map_err(said)?;
        while let Some(row) = found.next().map_err(said)? {
            let value = |index| row.get_ref(index).map(owned);
            rows.push((0..names.len()).map(value).collect::<rusqlite::Result<Vec<_>>>().map_err(said)?);
        }
        let items = match &translated.items[..] {
            [Item { column: Some((table, star)), .. }] if star == "*" => {
                let each = |name: &String| Item {
                    name: name.clone(),
                    column: Some((table.clone(), name.clone())),
                    as_bytes: false,
                    cast: None,
                };
                names.iter().map(each).collect()
            }
            _ => translated.items,
        };
        let mut columns = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let item = items.get(index);
            let own = item.and_then(|item| item.cast.or_else(|| self.type_of(item)));
            let kind = own.unwrap_or_else(|| Type::of_values(rows.iter().filter_map(|row| row.get(index))));
            if item.is_some_and(|item| item.as_bytes) {
                for value in rows.iter_mut().filter_map(|row| row.get_mut(index)).filter(|value| **value != Value::Null)
                {
                    *value = Value::Blob(kind.bytes_of(value));
                }
                columns.push((item.map_or(name, |item| item.name.clone()), Type::Varbinary(None)));
            } else {
                columns.push((item.map_or(name, |item| item.name.clone()), kind));
            }
        }
        Ok(Answer { columns, rows })
    }

    /// The type that the column of an item declares.
    fn type_of(&self, item: &Item) -> Option<Type> {
        let (table, column) = item.column.as_ref()?;
        // The tables of a session are its own.
        let schema = if table.starts_with('#') { "main" } else { self.options.schema };
        let sql = format!("SELECT type FROM pragma_table_info(?1, '{schema}') WHERE name = ?2 COLLATE NOCASE");
        let declared = self.connection.query_row(&sql, [table, column], |row| row.get::<_, String>(0)).optional();
        let declared = declared.ok().flatten()?;
        Some(Type::declared(&declared, self.options.collation, self.options.ansi))
    }
}

impl Answer {
    /// Writes columns and rows; gives where each row begins.
    pub(super) fn write(&self, out: &mut Tokens) -> Result<Vec<usize>, Refusal> {
        out.bytes(&[0x81]);
        out.bytes(&(self.columns.len() as u16).to_le_bytes());
        for (name, kind) in &self.columns {
            out.bytes(&[0, 0, 0, 0]);
            // May be NULL, may perhaps be written.
            out.bytes(&0x0009_u16.to_le_bytes());
            kind.write(out);
            out.short_text(name);
        }
        let mut starts = Vec::new();
        for row in &self.rows {
            starts.push(out.0.len());
            out.bytes(&[0xD1]);
            for (value, (_, kind)) in row.iter().zip(&self.columns) {
                kind.write_value(value, out).map_err(|message| (245, message))?;
            }
        }
        Ok(starts)
    }
}

/// A value of its own. Text that is no UTF-8 stays what it is: bytes.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
    }
}

/// What SQL Server would say about an error of SQLite's.
#[allow(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn said(error: rusqlite::Error) -> Refusal {
    let message = error.to_string();
    let after = |part: &str| message.split_once(part).map(|(_, rest)| rest.split_whitespace().next().unwrap_or(rest));
    if let Some(name) = after("no such table: ").or_else(|| after("unknown database ")) {
        return (208, format!("Invalid object name '{name}'."));
    }
    if let Some(name) = after("no such column: ") {
        return (207, format!("Invalid column name '{name}'."));
    }
    (102, format!("Incorrect syntax: {message}"))
}
