//! A SQLite database, built in a temporary file beside its place.

use super::values::{self, Values};
use super::{GiveLarge, Import, Proof, Tables, prove};
use crate::onsite::database::{Database, Moment, Row, Rung, SqliteDatabase, Value};
use crate::tables::adjust::{Adjustable, Adjusted, Adjustments};
use crate::tables::part::{BATCH_TABLES, TableRows};
use crate::tables::stored::to_sqlite;
use crate::tables::{Cell, ColumnType, Key, TableShape, TableSum};
use crate::{Code, Error, Result};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempPath;

/// A SQLite database that is being built.
pub struct SqliteImport {
    connection: Connection,
    /// Removed when the import is dropped, unless it has taken its place.
    file: TempPath,
    path: PathBuf,
    tables: Tables,
    /// What its list of tables will hold.
    listed: Vec<Listed>,
    /// The tables that the connection knows, by their names in lower case.
    known: HashSet<String>,
}

/// The schema under which the file is read.
const SCHEMA: &str = "crm7";
/// So many tables are made on one connection: SQLite looks at all that it knows for each that is made.
const AT_ONCE: usize = BATCH_TABLES;

/// A line of SQLite's list of tables: kind, name, table, first page, statement.
type Listed = (String, String, String, i64, Option<String>);

impl SqliteImport {
    /// Begins a database that will be at `path`.
    pub fn begin(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let file = tempfile::Builder::new().prefix(".import-").suffix(".db").tempfile_in(folder);
        let file = file.map_err(|cause| Error::io("create a database in", folder, cause))?.into_temp_path();
        let connection = connect(&file)?;
        let (path, tables) = (path.to_owned(), Tables::default());
        Ok(Self { connection, file, path, tables, listed: Vec::new(), known: HashSet::new() })
    }

    /// Makes tables, and takes them out of the list on disk. SQLite reads all of that list for each table that is made, and looks
    /// at each table that it knows, so with very many tables that would be most of the work. A connection knows its own tables
    /// without the list, and the next one begins with none. The list is whole again before anybody reads the file
    /// ([`list`](Self::list)), and a file that does not get there is thrown away.
    fn make(&mut self, shapes: &[&Arc<TableShape>]) -> Result<()> {
        if self.known.len() + shapes.len() > AT_ONCE {
            self.connection = connect(&self.file)?;
            self.known.clear();
        }
        let failed = |cause| failed("make a table in", cause);
        self.connection.execute_batch("BEGIN").map_err(failed)?;
        let made = shapes.iter().try_for_each(|shape| (&self.connection).create(shape));
        let made = made.and_then(|()| self.unlist().map_err(failed));
        self.connection.execute_batch(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).map_err(failed)?;
        made?;
        for shape in shapes {
            self.known.insert(shape.name.to_lowercase());
            self.tables.add(shape);
        }
        Ok(())
    }

    fn unlist(&mut self) -> rusqlite::Result<()> {
        let mut lines =
            self.connection.prepare_cached("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master")?;
        let lines = lines.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        let lines: Vec<Listed> = lines.collect::<rusqlite::Result<_>>()?;
        self.connection.prepare_cached("DELETE FROM sqlite_master")?.execute([])?;
        self.listed.extend(lines);
        Ok(())
    }

    /// Puts all tables into the list on disk, and knows them all.
    fn list(&mut self) -> Result<()> {
        if self.listed.is_empty() {
            return Ok(());
        }
        let mut listed = || -> rusqlite::Result<()> {
            let transaction = self.connection.unchecked_transaction()?;
            for line in self.listed.drain(..) {
                transaction.prepare_cached("INSERT INTO sqlite_master VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(line)?;
            }
            transaction.commit()
        };
        listed().map_err(|cause| failed("list the tables of", cause))?;
        self.connection = connect(&self.file)?;
        self.known = self.tables.shapes().iter().map(|shape| shape.name.to_lowercase()).collect();
        Ok(())
    }
}

impl Import for SqliteImport {
    fn tables(&mut self, shapes: &[Arc<TableShape>]) -> Result<()> {
        let new = self.tables.new_of(shapes)?;
        new.chunks(AT_ONCE).try_for_each(|shapes| self.make(shapes))
    }

    fn part(&mut self, part: Vec<TableRows>, large: &mut GiveLarge<'_>) -> Result<()> {
        let shapes: Vec<_> = part.iter().map(|rows| Arc::clone(&rows.shape)).collect();
        self.tables(&shapes)?;
        if shapes.iter().any(|shape| !self.known.contains(&shape.name.to_lowercase())) {
            self.list()?;
        }
        let broken = |cause| failed("import a part into", cause);
        let transaction = self.connection.unchecked_transaction().map_err(broken)?;
        let mut done = Vec::with_capacity(part.len());
        for rows in part {
            let shape = self.tables.begin(&rows)?;
            done.push((Arc::clone(&shape), rows.range.clone()));
            insert_all(&transaction, &shape, rows, large)?;
        }
        transaction.commit().map_err(broken)?;
        for (shape, range) in done {
            self.tables.end(&shape, range);
        }
        Ok(())
    }

    fn prove(&mut self, expected: &BTreeMap<String, TableSum>) -> Result<Vec<Proof>> {
        self.list()?;
        let file = &self.file;
        let open = || -> Result<Box<dyn Database>> {
            let mut database = SqliteDatabase::open(file, SCHEMA)?;
            // One transaction for all tables: to lock and look anew for each takes longer than to read a small one.
            database.hold(&Moment::of(Rung::ReadTransaction))?;
            Ok(Box::new(database))
        };
        prove(&mut self.tables, &open, expected)
    }

    fn database(&mut self) -> Result<Box<dyn Database>> {
        self.list()?;
        Ok(Box::new(SqliteDatabase::open(&self.file, SCHEMA)?.with_tables(&self.tables.shapes())))
    }

    fn adjust(&mut self, adjustments: &Adjustments) -> Result<Vec<Adjusted>> {
        self.tables.must_be_proven()?;
        let shapes = self.tables.shapes();
        let transaction = self.connection.unchecked_transaction().map_err(|cause| failed("adjust", cause))?;
        let adjusted = adjustments.apply(&mut &*transaction, &shapes)?;
        transaction.commit().map_err(|cause| failed("adjust", cause))?;
        Ok(adjusted)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.tables.must_be_proven()?;
        self.connection.close().map_err(|(_, cause)| failed("end", cause))?;
        let flushed = std::fs::OpenOptions::new().write(true).open(&self.file).and_then(|file| file.sync_all());
        flushed.map_err(|cause| Error::io("flush", &self.file, cause))?;
        self.file.persist(&self.path).map_err(|cause| Error::io("create", &self.path, cause.error))
    }
}

impl Adjustable for &Connection {
    fn table(&self, name: &str) -> String {
        quoted(name)
    }

    fn column(&self, name: &str) -> String {
        quoted(name)
    }

    fn mark(&self, place: usize) -> String {
        format!("?{place}")
    }

    fn create(&mut self, shape: &TableShape) -> Result<()> {
        self.execute_batch(&create(shape)).map_err(|cause| {
            Error::new(Code::DatabaseUnreadable, format!("SQLite cannot have the table `{}`", shape.name))
                .because(cause)
        })
    }

    fn change(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let changed =
            self.prepare_cached(sql).and_then(|mut change| change.execute(rusqlite::params_from_iter(values)));
        changed.map(|rows| rows as u64).map_err(|cause| failed("adjust", cause))
    }

    fn ask(&mut self, sql: &str) -> Result<Vec<Row>> {
        let asked = || -> rusqlite::Result<Vec<Row>> {
            let mut asked = self.prepare(sql)?;
            let columns = asked.column_count();
            let rows = asked.query_map([], |row| {
                (0..columns).map(|place| row.get_ref(place).map(Value::from)).collect::<rusqlite::Result<_>>().map(Row)
            })?;
            rows.collect()
        };
        asked().map_err(|cause| failed("adjust", cause))
    }
}

/// A connection to a file that is being built.
fn connect(file: &Path) -> Result<Connection> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(file)?;
        // A file that was cut short is thrown away and not repaired: flushes are of no use before the end. The journal in memory
        // takes back a part that was refused, and holds little, because parts add pages and hardly change any.
        connection.execute_batch(
            "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;
             PRAGMA writable_schema = ON",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    open().map_err(|cause| failed("begin", cause))
}

fn failed(doing: &str, cause: rusqlite::Error) -> Error {
    Error::new(Code::StoreUnusable, format!("cannot {doing} the tenant's database")).because(cause)
}

/// Puts rows into their table.
fn insert_all(
    connection: &Connection,
    shape: &Arc<TableShape>,
    rows: TableRows,
    large: &mut GiveLarge<'_>,
) -> Result<()> {
    let broken = |cause| failed(&format!("import rows of `{}` into", shape.name), cause);
    let mut insert = connection.prepare_cached(&insert(shape)).map_err(broken)?;
    let mut values = Values::new(connection, shape, large);
    rows.each(&mut |row| {
        let streamed = values.restore(row)?;
        for (place, (column, cell)) in shape.columns.iter().zip(&*row).enumerate() {
            match cell {
                Cell::Large(large) => insert.raw_bind_parameter(place + 1, values::room(column.kind, large)),
                cell => insert.raw_bind_parameter(place + 1, to_sqlite(column.kind, cell)),
            }
            .map_err(broken)?;
        }
        insert.raw_execute().map_err(|cause| refused(shape, row, cause))?;
        values.fill(row, &streamed)
    })
}

/// A row that SQLite does not take: its key is there already, or a value is NULL where none may be.
fn refused(shape: &TableShape, row: &[Cell], cause: rusqlite::Error) -> Error {
    let name = shape.row_name(&shape.key_of(row));
    let constraint = cause.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation);
    let code = if constraint { Code::PartInvalid } else { Code::StoreUnusable };
    Error::new(code, format!("the row {name} cannot be imported")).because(cause)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn insert(shape: &TableShape) -> String {
    let marks: Vec<String> = (1..=shape.columns.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT INTO {} VALUES ({})", quoted(&shape.name), marks.join(", "))
}

/// The statement that makes a table. A key that is one whole number becomes the number of the row.
fn create(shape: &TableShape) -> String {
    let key = shape.key();
    let mut sql = format!("CREATE TABLE {} (", quoted(&shape.name));
    for (place, column) in shape.columns.iter().enumerate() {
        let _ = write!(sql, "{}{} ", if place == 0 { "" } else { ", " }, quoted(&column.name));
        if key == Key::Integer(place) {
            sql.push_str("INTEGER PRIMARY KEY");
            continue;
        }
        sql.push_str(&declaration(column.kind, &column.declared));
        if !column.nullable {
            sql.push_str(" NOT NULL");
        }
    }
    if let Key::Columns(places) = key {
        let names: Vec<String> = places.iter().map(|place| quoted(&shape.columns[*place].name)).collect();
        let _ = write!(sql, ", PRIMARY KEY ({})", names.join(", "));
    }
    sql + ")"
}

/// What the source declares; but SQLite must take a text for a text.
fn declaration(kind: ColumnType, declared: &str) -> String {
    let textual = matches!(kind, ColumnType::Wide | ColumnType::Narrow(_));
    if textual && !declared.contains("char") && !declared.contains("text") {
        return "nvarchar".to_owned();
    }
    if declared.is_empty() { String::new() } else { quoted(declared) }
}
