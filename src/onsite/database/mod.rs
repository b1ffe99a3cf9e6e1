//! A CRM database that answers, whatever speaks to it.
//!
//! A [`Query`] is one text for all kinds of server; it names tables and columns in braces, so that no query assumes what
//! an installation of another version does not have ([`Query`] says how). An answer is a page: callers ask for the
//! rows above the last key they have seen, so that millions of rows pass in constant memory, and a [`Database`] that has
//! lost its connection makes a new one and asks for the same page again. Nothing here writes, but for what a consistent
//! reading may need ([`Database::climb`]).

mod address;
mod catalogue;
mod moment;
mod mssql;
mod query;
mod rung;
mod sqlite;
mod value;

pub use address::{Address, Server, Trust};
pub use catalogue::{Catalogue, Column, Kind, Table};
pub use moment::{Climbed, Moment, Refused, Terms};
pub use mssql::MssqlDatabase;
pub(crate) use mssql::{MssqlWriter, OPAQUE, bracketed};
pub use query::{Dialect, Query};
pub use rung::Rung;
pub use sqlite::SqliteDatabase;
pub use value::{Row, Value, no_date};

use super::changes::Change;
use crate::tables::beside::{Beside, Inside};
use crate::tables::{KeyRange, Page, PageLimit, TableShape};
use crate::{Code, Error, Result};
use serde::Serialize;
use std::sync::Arc;

/// A connection to a CRM database, opened to read. One stream of pages at a time: who needs two opens two.
pub trait Database: Send {
    /// Which words the server understands.
    fn dialect(&self) -> Dialect;
    /// What tables and columns there are; read once, then remembered.
    fn catalogue(&mut self) -> Result<Arc<Catalogue>>;
    /// All rows of the answer. The query has to keep them few: a page, or a sum.
    fn rows(&mut self, query: &Query) -> Result<Vec<Row>>;
    /// Whether it can give exact rows ([`cells`](Self::cells)): without them its tables cannot move.
    fn is_exact(&self) -> bool {
        false
    }
    /// A page of exact rows of a table that moves, in the order of their positions, from the first row of `range`.
    ///
    /// The order must be total and must not change between two calls, and `range` must be answered by the server, not by
    /// reading what lies before it. The position of a row is its key where that is one whole number
    /// ([`Key::Integer`](crate::tables::Key)), and else whatever the server finds its way by. A masked column is NULL and is
    /// not read. What a cell cannot hold without loss must be an error, never a guess. A table that is not there as the
    /// shape says is `database.changed`.
    fn cells(&mut self, shape: &TableShape, range: &KeyRange, limit: PageLimit) -> Result<Page> {
        self.cells_beside(shape, range, limit, &mut Inside)
    }

    /// The same, but content above a limit does not stay in its row: it goes to `beside` as a stream, and where the server
    /// and the way to it allow that, it is never in memory as a whole.
    fn cells_beside(
        &mut self,
        shape: &TableShape,
        range: &KeyRange,
        limit: PageLimit,
        beside: &mut dyn Beside,
    ) -> Result<Page> {
        let _ = (range, limit, beside);
        let what = format!("this kind of database cannot give the exact rows of `{}`", shape.name);
        Err(Error::new(Code::DatabaseUnreadable, what).hint("move the tables from SQLite, or leave them behind"))
    }
    /// Reads all of a table in one go and forgets it: what can be had from the driver alone, as a yardstick for everything else.
    fn drain(&mut self, shape: &TableShape) -> Result<()> {
        let what = format!("this kind of database has no yardstick for `{}`", shape.name);
        Err(Error::new(Code::DatabaseUnreadable, what).hint("measure with SQLite or SQL Server"))
    }

    /// How many rows a table has, roughly: for the plan and for progress.
    fn estimate(&mut self, shape: &TableShape) -> Result<u64> {
        let query = Query::new(format!("SELECT count(*) FROM {{{}}}", shape.name));
        Ok(self.rows(&query)?.first().map_or(0, |row| row.integer(0)) as u64)
    }
    /// Looks for the highest rung that the server allows, and makes it ready for whoever will [`hold`](Self::hold) it. A
    /// change of the installation is given to `enter` before it is made; what is not needed in the end is the caller's to
    /// take back.
    fn climb(&mut self, terms: &Terms, enter: &mut dyn FnMut(Change) -> Result<()>) -> Result<Climbed> {
        let _ = enter;
        Ok(Climbed { moment: terms.ground(), refused: Vec::new() })
    }
    /// From now on everything that this connection reads is of that moment. Called before the first read of rows that must be.
    fn hold(&mut self, moment: &Moment) -> Result<()> {
        let _ = moment;
        Ok(())
    }
    /// Takes back a change that [`climb`](Self::climb) has made; gives what was found, in a few words. Does no harm where
    /// the change was never made.
    fn take_back(&mut self, change: &Change) -> Result<String> {
        let _ = change;
        Err(Error::new(
            Code::ConfigInvalid,
            "the change was made on a SQL Server, and the configuration leads elsewhere",
        )
        .hint("set `database.url` to where the change was made, and run the same command again"))
    }
    /// A number that is another one, on this very connection, as soon as anybody else has changed anything in the database.
    /// Nothing where the server has no such number.
    fn version(&mut self) -> Result<Option<i64>> {
        Ok(None)
    }
    /// Texts that could not be read as they are, so far.
    fn irregular(&self) -> Vec<Irregular>;
}

/// Text in a column that was not what the column promises. It was decoded as well as possible, not lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Irregular {
    /// `table.column`, where it is known.
    pub column: String,
    /// How many values.
    pub values: u64,
    /// What was wrong with them.
    pub what: String,
}

impl dyn Database + '_ {
    /// The first value of the first row as a number; 0 if there is none.
    pub fn number(&mut self, query: &Query) -> Result<i64> {
        Ok(self.rows(query)?.first().map_or(0, |row| row.integer(0)))
    }

    /// Whether a table is there, in any case of letters.
    pub fn has_table(&mut self, table: &str) -> Result<bool> {
        Ok(self.catalogue()?.table(table).is_some())
    }

    /// Whether a table has a column, in any case of letters.
    pub fn has_column(&mut self, table: &str, column: &str) -> Result<bool> {
        Ok(self.catalogue()?.column(table, column).is_some())
    }
}
