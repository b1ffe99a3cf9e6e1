//! Building a SQLite database out of parts, all or nothing.
//!
//! An [`Import`] writes a temporary file beside the place of the database. When all parts are in it the file is read again,
//! as any database is, and the sums of what is **there** are compared with what was sent. Only then do decisions about people
//! change it ([`Adjustments`]), and only then does it take its place. Whatever happens before leaves the old database as it was.

mod values;

use super::adjust::{Adjusted, Adjustments};
use super::export::sum;
use super::part::PartReader;
use super::stored::to_sqlite;
use super::{Cell, ColumnType, Key, KeyRange, Large, TableShape, TableSum};
use crate::onsite::database::SqliteDatabase;
use crate::{Code, Error, Result};
use rusqlite::Connection;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempPath;
use values::Values;

/// Writes the content of a value that left its row. The number is where it begins among the values of its part.
pub type GiveLarge<'a> = dyn FnMut(&Large, u64, &mut dyn Write) -> Result<()> + 'a;

/// A database that is being built.
pub struct Import {
    connection: Connection,
    /// Removed when the import is dropped, unless it has taken its place.
    file: TempPath,
    path: PathBuf,
    /// By their names in lower case.
    tables: BTreeMap<String, Imported>,
    /// Whether what is there now was proven.
    proven: bool,
}

/// A table so far.
struct Imported {
    shape: Arc<TableShape>,
    insert: String,
    /// What its parts say.
    sum: TableSum,
    /// Where its parts begin: none may come twice.
    ranges: Vec<KeyRange>,
}

/// What was sent of a table, and what is in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The table.
    pub table: String,
    /// What must be there.
    pub expected: TableSum,
    /// What was read from the database.
    pub found: TableSum,
}

impl Proof {
    /// Whether it is what it must be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

impl Import {
    /// Begins a database that will be at `path`.
    pub fn begin(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let file = tempfile::Builder::new().prefix(".import-").suffix(".db").tempfile_in(folder);
        let file = file.map_err(|cause| Error::io("create a database in", folder, cause))?.into_temp_path();
        let connection = Connection::open(&file).map_err(|cause| failed("begin", cause))?;
        // A file that was cut short is thrown away and not repaired: flushes are of no use before the end. The journal in memory
        // takes back a part that was refused, and holds little, because parts add pages and hardly change any.
        connection
            .execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768")
            .map_err(|cause| failed("begin", cause))?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, file, path: path.to_owned(), tables: BTreeMap::new(), proven: false })
    }

    /// Makes a table, empty; also one whose rows stay behind. A table that is there already must have the same shape.
    pub fn table(&mut self, shape: &Arc<TableShape>) -> Result<()> {
        let name = shape.name.to_lowercase();
        if let Some(table) = self.tables.get(&name) {
            return table.shape.must_equal(shape);
        }
        self.connection.execute_batch(&create(shape)).map_err(|cause| {
            Error::new(Code::DatabaseUnreadable, format!("SQLite cannot have the table `{}`", shape.name))
                .because(cause)
        })?;
        let marks: Vec<String> = (1..=shape.columns.len()).map(|place| format!("?{place}")).collect();
        let insert = format!("INSERT INTO {} VALUES ({})", quoted(&shape.name), marks.join(", "));
        let table = Imported { shape: Arc::clone(shape), insert, sum: TableSum::default(), ranges: Vec::new() };
        self.tables.insert(name, table);
        self.proven = false;
        Ok(())
    }

    /// Adds the rows of a part. After an error nothing of it is there, and it may come again.
    pub fn part(&mut self, part: PartReader, large: &mut GiveLarge<'_>) -> Result<()> {
        self.table(&Arc::clone(part.shape()))?;
        let head = part.head().clone();
        let name = &head.shape.name;
        let Some(table) = self.tables.get_mut(&name.to_lowercase()) else {
            return Err(Error::new(Code::Internal, format!("the table `{name}` was not made")));
        };
        if table.ranges.iter().any(|range| range.after == head.range.after || range.until == head.range.until) {
            return Err(Error::new(Code::PartInvalid, format!("a range of `{name}` comes twice"))
                .hint("each range of a table must be imported once"));
        }
        self.proven = false;
        let broken = |cause| failed(&format!("import a part of `{name}` into"), cause);
        let transaction = self.connection.unchecked_transaction().map_err(broken)?;
        {
            let mut insert = transaction.prepare_cached(&table.insert).map_err(broken)?;
            let mut values = Values::new(&transaction, &table.shape, large);
            for row in part {
                let mut row = row?;
                let streamed = values.restore(&mut row)?;
                for (place, (column, cell)) in table.shape.columns.iter().zip(&row).enumerate() {
                    match cell {
                        Cell::Large(large) => insert.raw_bind_parameter(place + 1, values::room(column.kind, large)),
                        cell => insert.raw_bind_parameter(place + 1, to_sqlite(column.kind, cell)),
                    }
                    .map_err(broken)?;
                }
                insert.raw_execute().map_err(|cause| refused(&table.shape, &row, cause))?;
                values.fill(&row, &streamed)?;
            }
        }
        transaction.commit().map_err(broken)?;
        table.sum += head.sum;
        table.ranges.push(head.range);
        Ok(())
    }

    /// What the parts say that is there, table by table.
    pub fn sums(&self) -> BTreeMap<String, TableSum> {
        self.tables.values().map(|table| (table.shape.name.clone(), table.sum)).collect()
    }

    /// Reads every table from the file again and compares it with what was sent: the sums of the other side, by the names
    /// of the tables. A table that is expected and not there has no rows; one that is not expected must have none.
    pub fn prove(&mut self, expected: &BTreeMap<String, TableSum>) -> Result<Vec<Proof>> {
        let mut database = self.database()?;
        let mut expected: BTreeMap<String, (&str, TableSum)> =
            expected.iter().map(|(name, sum)| (name.to_lowercase(), (name.as_str(), *sum))).collect();
        let mut proofs = Vec::with_capacity(self.tables.len());
        for (name, table) in &self.tables {
            let found = sum(&mut database, &table.shape, &KeyRange::all())?;
            let expected = expected.remove(name).map(|(_, sum)| sum).unwrap_or_default();
            proofs.push(Proof { table: table.shape.name.clone(), expected, found });
        }
        let absent = expected.into_values().map(|(name, expected)| Proof {
            table: name.to_owned(),
            expected,
            found: TableSum::default(),
        });
        proofs.extend(absent);
        self.proven = proofs.iter().all(Proof::holds);
        Ok(proofs)
    }

    /// What is there so far, to read: for a comparison row by row.
    pub fn database(&self) -> Result<SqliteDatabase> {
        SqliteDatabase::open(&self.file, "crm7")
    }

    /// Changes what was decided to be different on this side. Only what was proven may be changed.
    pub fn adjust(&mut self, adjustments: &Adjustments) -> Result<Vec<Adjusted>> {
        self.must_be_proven()?;
        let shapes: Vec<_> = self.tables.values().map(|table| Arc::clone(&table.shape)).collect();
        let transaction = self.connection.unchecked_transaction().map_err(|cause| failed("adjust", cause))?;
        let adjusted = adjustments.apply(&transaction, &shapes).map_err(|cause| failed("adjust", cause))?;
        transaction.commit().map_err(|cause| failed("adjust", cause))?;
        Ok(adjusted)
    }

    /// Puts the database in its place. What was there is gone.
    pub fn finish(self) -> Result<()> {
        self.must_be_proven()?;
        self.connection.close().map_err(|(_, cause)| failed("end", cause))?;
        let flushed = std::fs::OpenOptions::new().write(true).open(&self.file).and_then(|file| file.sync_all());
        flushed.map_err(|cause| Error::io("flush", &self.file, cause))?;
        self.file.persist(&self.path).map_err(|cause| Error::io("create", &self.path, cause.error))
    }

    fn must_be_proven(&self) -> Result<()> {
        if self.proven {
            return Ok(());
        }
        Err(Error::new(Code::VerificationFailed, "the imported database was not proven to be what was sent")
            .hint("compare the tables that differ, and send these again"))
    }
}

fn failed(doing: &str, cause: rusqlite::Error) -> Error {
    Error::new(Code::StoreUnusable, format!("cannot {doing} the tenant's database")).because(cause)
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

/// The statement that makes a table. A key that is one whole number becomes the number of the row.
pub(super) fn create(shape: &TableShape) -> String {
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
