//! The sample's CRM database: one SQLite file with all of the vendor's tables.
//!
//! Rows are written in large transactions without a rollback journal: a sample that was cut short is thrown away, not
//! repaired. At the end the file is a plain one without side files, so that it can be opened read-only.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, Statement, ToSql, params};

use super::schema;
use crate::error::{Code, Error, Result};

/// Rows per transaction: large enough that a commit costs nothing, small enough that the page cache stays small.
const ROWS_PER_TRANSACTION: u32 = 20_000;

/// The database while it is being written.
pub(super) struct Database {
    connection: Connection,
    /// Rows since the last commit.
    rows: Cell<u32>,
    /// The tables that were made; faults may add names to the model that are not among them.
    pub tables: Vec<schema::Table>,
}

/// Says that the sample's database could not be written.
pub(super) fn failed(source: rusqlite::Error) -> Error {
    Error::new(Code::Io, "cannot write the sample's database").because(source)
}

impl Database {
    /// A new database with all tables, all of them empty.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection
            .execute_batch(
                "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; BEGIN",
            )
            .map_err(failed)?;
        let tables = schema::tables();
        for table in &tables {
            connection.execute_batch(&table.create).map_err(failed)?;
        }
        Ok(Self { connection, rows: Cell::new(0), tables })
    }

    /// Adds a row; what is not named gets the table's empty value.
    pub(super) fn add(&self, table: &str, values: &[(&str, &dyn ToSql)]) -> Result<()> {
        let columns: Vec<&str> = values.iter().map(|(column, _)| *column).collect();
        let mut statement = self.connection.prepare_cached(&insert(table, &columns)).map_err(failed)?;
        let values: Vec<&dyn ToSql> = values.iter().map(|(_, value)| *value).collect();
        statement.execute(&values[..]).map_err(failed)?;
        self.count(1)
    }

    /// A statement for the tables that get a row per document. Call [`count`](Self::count) for what it adds.
    pub(super) fn prepare(&self, table: &str, columns: &[&str]) -> Result<Statement<'_>> {
        self.connection.prepare(&insert(table, columns)).map_err(failed)
    }

    /// Runs a statement that changes rows which are there.
    pub(super) fn change(&self, sql: &str, values: &[&dyn ToSql]) -> Result<()> {
        self.connection.execute(sql, values).map_err(failed).map(drop)
    }

    /// The answer to a query for one number.
    pub(super) fn number(&self, sql: &str, values: &[&dyn ToSql]) -> Result<i64> {
        self.connection.query_row(sql, values, |row| row.get(0)).map_err(failed)
    }

    /// Counts rows, and commits from time to time.
    pub(super) fn count(&self, rows: u32) -> Result<()> {
        self.rows.set(self.rows.get() + rows);
        if self.rows.get() >= ROWS_PER_TRANSACTION {
            self.rows.set(0);
            self.connection.execute_batch("COMMIT; BEGIN").map_err(failed)?;
        }
        Ok(())
    }

    /// Fills `sequence`, from which the vendor's programs take the next key of each table.
    pub(super) fn write_sequence(&self) -> Result<()> {
        for table in &self.tables {
            let sql = format!("SELECT COALESCE(MAX(\"{}\"), 0) FROM \"{}\"", table.key, table.name);
            let last = self.number(&sql, &[])?;
            let (id, next) = (table.number + 10, last + 1);
            self.add(
                "sequence",
                &[("id", &id), ("next_id", &next), ("TableName", &table.name), ("TableNumber", &table.number)],
            )?;
        }
        self.change(
            "UPDATE sequence SET next_id = (SELECT MAX(id) + 1 FROM sequence) WHERE TableName = 'sequence'",
            &[],
        )
    }

    /// Writes the dictionary's own list of tables. `absent` are names in it that no table stands behind.
    pub(super) fn write_model(&self, absent: &[&str]) -> Result<()> {
        let names: Vec<&str> = self.tables.iter().map(|table| table.name).chain(absent.iter().copied()).collect();
        let model = serde_json::to_vec(&names)
            .map_err(|source| Error::new(Code::Internal, "cannot write the database model").because(source))?;
        self.add(
            "DatabaseModel",
            &[("databasemodel_id", &1), ("ModelVersion", &"1"), ("IsDatabaseUnicode", &1), ("ModelData", &model)],
        )
    }

    /// Ends the last transaction and leaves one file.
    pub(super) fn finish(self) -> Result<()> {
        self.connection.execute_batch("COMMIT").map_err(failed)?;
        // The answer to this pragma is a row, which `execute_batch` would not mind, but its value must be right.
        let mode: String =
            self.connection.query_row("PRAGMA journal_mode=DELETE", params![], |row| row.get(0)).map_err(failed)?;
        debug_assert_eq!(mode, "delete");
        self.connection.close().map_err(|(_, source)| failed(source))
    }
}

/// The statement that adds a row with these columns.
fn insert(table: &str, columns: &[&str]) -> String {
    let mut sql = format!("INSERT INTO \"{table}\" (");
    for (index, column) in columns.iter().enumerate() {
        let _ = write!(sql, "{}\"{column}\"", if index == 0 { "" } else { ", " });
    }
    sql.push_str(") VALUES (");
    for index in 1..=columns.len() {
        let _ = write!(sql, "{}?{index}", if index == 1 { "" } else { ", " });
    }
    sql.push(')');
    sql
}
