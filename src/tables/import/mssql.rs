//! A database on a SQL Server, built beside its place on the same server.
//!
//! The place is a name; beside it are two others: where the new database is built, and where the old one is kept while the two
//! change their names. Each step of that change leaves something from which [`put_in_order`] finds the way: the old
//! database comes back unless the new one has its place. Rows come through the [`stage`] of the session.

use super::stage;
use super::{GiveLarge, Import, Proof, Tables, prove};
use crate::onsite::database::{Database, MssqlDatabase, MssqlWriter, Row, Server, Value, bracketed};
use crate::tables::adjust::{Adjustable, Adjusted, Adjustments};
use crate::tables::part::TableRows;
use crate::tables::{Cell, KeyRange, Large, LargeKind, TableShape, TableSum};
use crate::{Code, Error, Result};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use tiberius::ColumnData;

/// The schema of the vendor's tables.
const SCHEMA: &str = "crm7";
/// What follows the name of a database while it is built.
const BUILD: &str = "_omt_build";
/// The same while another one takes its place.
const OLD: &str = "_omt_old";

/// The library loads no value of more bytes, whatever its column may hold: it goes into its row piece by piece.
const WHOLE: usize = 65_535;
/// Such a piece.
const PIECE: usize = 1 << 20;

/// A database on a SQL Server that is being built.
pub struct MssqlImport {
    /// Where it will be.
    place: Server,
    /// Where it is built.
    build: Server,
    /// Nothing after the end.
    writer: Option<MssqlWriter>,
    /// The table for which the session has a stage.
    staged: Option<Arc<TableShape>>,
    tables: Tables,
}

/// A value that is written when its row is in the stage.
struct Later {
    row: i32,
    place: usize,
    value: LaterValue,
}

enum LaterValue {
    /// As it lies in the stage.
    Staged(Vec<u8>),
    /// One that left its row, and where it begins among the values of the part.
    Large(Large, u64),
}

impl MssqlImport {
    /// Begins a database that will be the one that `place` names.
    pub fn begin(place: &Server) -> Result<Self> {
        put_in_order(place)?;
        let build = named(place, format!("{}{BUILD}", place.database));
        let mut master = MssqlWriter::open(&named(place, "master"))?;
        master.run(&format!("CREATE DATABASE {}", bracketed(&build.database)))?;
        let (place, tables) = (place.clone(), Tables::default());
        let mut import = Self { place, build, writer: None, staged: None, tables };
        import.writer()?.run(&format!("CREATE SCHEMA {SCHEMA}"))?;
        Ok(import)
    }

    /// The connection, and another one where it was given up.
    fn writer(&mut self) -> Result<&mut MssqlWriter> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => MssqlWriter::open(&self.build)?,
        };
        Ok(self.writer.insert(writer))
    }

    /// Makes the stage ready for rows of this table.
    fn stage(&mut self, shape: &Arc<TableShape>) -> Result<()> {
        let staged = self.staged.take();
        let writer = self.writer()?;
        if staged.as_ref().is_some_and(|staged| staged == shape) {
            writer.run(&format!("TRUNCATE TABLE {}", stage::STAGE))?;
        } else {
            if staged.is_some() {
                writer.run(&format!("DROP TABLE {}", stage::STAGE))?;
            }
            writer.run(&stage::make(shape))?;
        }
        self.staged = Some(Arc::clone(shape));
        Ok(())
    }

    fn rows(&mut self, shape: &Arc<TableShape>, mut rows: TableRows, large: &mut GiveLarge<'_>) -> Result<()> {
        self.stage(shape)?;
        let (mut number, mut at, mut later) = (0, 0, Vec::new());
        let writer = self.writer()?;
        writer.load(stage::STAGE, &mut || {
            let Some(row) = rows.next().transpose()? else { return Ok(None) };
            let values = values(shape, number, &row, &mut at, &mut later);
            number += 1;
            values.map(Some).map_err(|error| match error.code() {
                Code::PartInvalid => {
                    let name = shape.row_name(&shape.key_of(&row));
                    Error::new(Code::PartInvalid, format!("the row {name} cannot be imported")).because(error)
                }
                _ => error,
            })
        })?;
        for value in later {
            fill(writer, shape, value, large)?;
        }
        writer.change(&stage::bring(SCHEMA, shape), &[]).map(drop)
    }

    /// Takes out what a part has brought that failed later: its tables were empty before.
    fn take_out(&mut self, brought: &[(Arc<TableShape>, KeyRange)]) -> Result<()> {
        for (shape, _) in brought {
            let table = Adjustable::table(self.writer()?, &shape.name);
            self.writer()?.change(&format!("DELETE FROM {table}"), &[])?;
        }
        Ok(())
    }
}

impl Import for MssqlImport {
    fn tables(&mut self, shapes: &[Arc<TableShape>]) -> Result<()> {
        for shape in self.tables.new_of(shapes)? {
            self.writer()?.create(shape)?;
            self.tables.add(shape);
        }
        Ok(())
    }

    fn part(&mut self, part: Vec<TableRows>, large: &mut GiveLarge<'_>) -> Result<()> {
        self.tables(&part.iter().map(|rows| Arc::clone(&rows.shape)).collect::<Vec<_>>())?;
        let mut brought = Vec::with_capacity(part.len());
        for rows in part {
            let (shape, range) = (self.tables.begin(&rows)?, rows.range.clone());
            if let Err(error) = self.rows(&shape, rows, large) {
                // The connection may be in the middle of a load, and the stage goes with it.
                (self.writer, self.staged) = (None, None);
                self.take_out(&brought)?;
                return Err(error);
            }
            brought.push((shape, range));
        }
        for (shape, range) in brought {
            self.tables.end(&shape, range);
        }
        Ok(())
    }

    fn prove(&mut self, expected: &BTreeMap<String, TableSum>) -> Result<Vec<Proof>> {
        let build = &self.build;
        prove(&mut self.tables, &|| Ok(Box::new(MssqlDatabase::open(build, SCHEMA)?)), expected)
    }

    fn database(&mut self) -> Result<Box<dyn Database>> {
        Ok(Box::new(MssqlDatabase::open(&self.build, SCHEMA)?))
    }

    fn adjust(&mut self, adjustments: &Adjustments) -> Result<Vec<Adjusted>> {
        self.tables.must_be_proven()?;
        let shapes = self.tables.shapes();
        adjustments.apply(self.writer()?, &shapes)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.tables.must_be_proven()?;
        self.writer = None;
        let mut master = MssqlWriter::open(&named(&self.place, "master"))?;
        let (place, old) = (&self.place.database, format!("{}{OLD}", self.place.database));
        if is_there(&mut master, place)? {
            rename(&mut master, place, &old)?;
        }
        rename(&mut master, &self.build.database, place)?;
        if is_there(&mut master, &old)? {
            // It is out of the way, and the next build removes it if it cannot go now.
            remove(&mut master, &old).unwrap_or_else(|error| tracing::warn!("`{old}` stays: {}", error.chain()));
        }
        Ok(())
    }
}

impl Drop for MssqlImport {
    fn drop(&mut self) {
        self.writer = None;
        // What is left now is removed by the next build, or when the tenant starts again.
        let removed = MssqlWriter::open(&named(&self.place, "master")).and_then(|mut master| {
            let build = &self.build.database;
            if is_there(&mut master, build)? { remove(&mut master, build) } else { Ok(()) }
        });
        removed.unwrap_or_else(|error| tracing::warn!("`{}` stays: {}", self.build.database, error.chain()));
    }
}

impl Adjustable for MssqlWriter {
    fn table(&self, name: &str) -> String {
        format!("{}.{}", bracketed(SCHEMA), bracketed(name))
    }

    fn column(&self, name: &str) -> String {
        bracketed(name)
    }

    fn mark(&self, place: usize) -> String {
        format!("@P{place}")
    }

    fn create(&mut self, shape: &TableShape) -> Result<()> {
        if let Some((column, what)) = objection(shape, false) {
            return Err(Error::new(Code::DatabaseUnreadable, format!("`{}.{column}` {what}", shape.name)));
        }
        self.run(&stage::create(SCHEMA, shape))
    }

    fn change(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        MssqlWriter::change(self, sql, values)
    }

    fn ask(&mut self, sql: &str) -> Result<Vec<Row>> {
        MssqlWriter::ask(self, sql, Vec::new())
    }
}

/// The first column that a SQL Server cannot have, or cannot have with its values, and why.
pub(crate) fn objection(shape: &TableShape, with_values: bool) -> Option<(&str, &'static str)> {
    shape.columns.iter().find_map(|column| Some((column.name.as_str(), stage::objection(column, with_values)?)))
}

/// Puts in order what a build has left that was cut off: the old database is in its place, or the new one, and nothing beside.
pub(crate) fn put_in_order(place: &Server) -> Result<()> {
    let mut master = MssqlWriter::open(&named(place, "master"))?;
    let (name, build, old) =
        (&place.database, format!("{}{BUILD}", place.database), format!("{}{OLD}", place.database));
    if is_there(&mut master, &old)? {
        if is_there(&mut master, name)? {
            remove(&mut master, &old)?;
        } else {
            rename(&mut master, &old, name)?;
        }
    }
    if is_there(&mut master, &build)? {
        remove(&mut master, &build)?;
    }
    Ok(())
}

/// Whether a login may make databases, where the server says that.
pub(crate) fn must_be_able_to_build(place: &Server) -> Result<()> {
    let may = "SELECT HAS_PERMS_BY_NAME(N'master', N'DATABASE', N'CREATE DATABASE')";
    let may = MssqlWriter::open(&named(place, "master"))?.ask(may, Vec::new())?;
    if may.first().is_none_or(|row| row.is_null(0) || row.integer(0) != 0) {
        return Ok(());
    }
    Err(Error::new(Code::DatabaseDenied, format!("the login may not make databases on `{place}`")))
}

/// Whether there is a database of this name.
pub(crate) fn exists(place: &Server) -> Result<bool> {
    is_there(&mut MssqlWriter::open(&named(place, "master"))?, &place.database)
}

/// Another database of the server. Whoever only reads might be sent to a copy, which is behind.
fn named(server: &Server, database: impl Into<String>) -> Server {
    Server { database: database.into(), writes: true, ..server.clone() }
}

fn is_there(master: &mut MssqlWriter, name: &str) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM sys.databases AS d WHERE d.name = @P1";
    Ok(master.ask(sql, vec![Value::Text(name.to_owned())])?.first().is_some_and(|row| row.integer(0) > 0))
}

/// Whoever uses it is sent away, and may come back under the other name.
fn rename(master: &mut MssqlWriter, from: &str, to: &str) -> Result<()> {
    let (from, to) = (bracketed(from), bracketed(to));
    master.run(&format!("ALTER DATABASE {from} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"))?;
    master.run(&format!("ALTER DATABASE {from} SET MULTI_USER"))?;
    master.run(&format!("ALTER DATABASE {from} MODIFY NAME = {to}"))
}

fn remove(master: &mut MssqlWriter, name: &str) -> Result<()> {
    let name = bracketed(name);
    master.run(&format!("ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"))?;
    master.run(&format!("DROP DATABASE {name}"))
}

/// A row for the stage. Values that a load does not take get their place, and come later.
fn values(
    shape: &TableShape,
    row: i32,
    cells: &[Cell],
    at: &mut u64,
    later: &mut Vec<Later>,
) -> Result<Vec<ColumnData<'static>>> {
    let mut values = vec![stage::number(row)];
    for (place, column) in stage::moved(shape) {
        let value = match &cells[place] {
            Cell::Large(large) => {
                later.push(Later { row, place, value: LaterValue::Large(Large::clone(large), *at) });
                *at = at.saturating_add(large.length);
                stage::empty()
            }
            cell => match stage::value(column, cell)? {
                ColumnData::Binary(Some(bytes)) if bytes.len() > WHOLE => {
                    later.push(Later { row, place, value: LaterValue::Staged(bytes.into_owned()) });
                    stage::empty()
                }
                value => value,
            },
        };
        values.push(value);
    }
    Ok(values)
}

/// Writes a value into its row in the stage.
fn fill(writer: &mut MssqlWriter, shape: &TableShape, later: Later, give: &mut GiveLarge<'_>) -> Result<()> {
    let name = stage::name(later.place);
    let sql = format!("UPDATE {} SET {name}.WRITE(@P1, NULL, NULL) WHERE {} = @P2", stage::STAGE, stage::ROW);
    let mut write =
        |piece: Vec<u8>| writer.change(&sql, &[Value::Bytes(piece), Value::Integer(later.row.into())]).map(drop);
    let (large, at) = match later.value {
        LaterValue::Staged(bytes) => return bytes.chunks(PIECE).try_for_each(|piece| write(piece.to_vec())),
        LaterValue::Large(large, at) => (large, at),
    };
    if large.kind == LargeKind::Text {
        // Whether it is text of its code page is said of all of it.
        let mut content = Vec::new();
        give(&large, at, &mut content)?;
        let cell = large.restore(content).ok_or_else(|| different(shape))?;
        let ColumnData::Binary(Some(bytes)) = stage::value(&shape.columns[later.place], &cell)? else {
            return Err(different(shape));
        };
        return bytes.chunks(PIECE).try_for_each(|piece| write(piece.to_vec()));
    }
    let mut pieces = Pieces {
        write: &mut write,
        wide: large.kind == LargeKind::Wide,
        pending: Vec::new(),
        hasher: blake3::Hasher::new(),
        left: large.length,
    };
    give(&large, at, &mut pieces)?;
    pieces.send(true)?;
    if pieces.left > 0 || pieces.hasher.finalize() != *large.digest.as_bytes() {
        return Err(different(shape));
    }
    Ok(())
}

fn different(shape: &TableShape) -> Error {
    let what = format!("a large value of `{}` is not the one that was sent", shape.name);
    Error::new(Code::PartInvalid, what)
}

/// A large value on its way into the stage.
struct Pieces<'a> {
    write: &'a mut dyn FnMut(Vec<u8>) -> Result<()>,
    /// Whether it is text, which lies there in another form.
    wide: bool,
    pending: Vec<u8>,
    hasher: blake3::Hasher,
    left: u64,
}

impl Pieces<'_> {
    fn send(&mut self, last: bool) -> Result<()> {
        let (piece, sent) = if self.wide {
            let piece = stage::piece(&self.pending, last);
            piece.ok_or_else(|| Error::new(Code::PartInvalid, "a large value is not the text that it should be"))?
        } else {
            (std::mem::take(&mut self.pending), 0)
        };
        self.pending.drain(..sent);
        if piece.is_empty() { Ok(()) } else { (self.write)(piece) }
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::WriteZero)?;
        self.hasher.update(bytes);
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PIECE {
            self.send(false).map_err(io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
