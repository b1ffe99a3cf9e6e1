//! A connection that writes: statements, and rows in bulk. The tenant has one while it builds a database.
//!
//! Nothing is tried again here: whoever writes knows what is there already and what is not, and begins anew if need be. The
//! library is asynchronous and the one who builds is not, so a writer brings a small runtime and belongs on a thread of its own.

use super::super::address::Server;
use super::super::query::Rendered;
use super::super::{Row, Value};
use super::connect::{self, Client};
use super::line::Answer;
use super::trouble::Trouble;
use super::{Code, Error, Result, page};
use tiberius::error::Error as Cause;
use tiberius::{ColumnData, ExecuteResult, ToSql, TokenRow};
use tokio::runtime::Runtime;

/// The rows of a load, one after the other.
pub(crate) type NextRow<'a> = dyn FnMut() -> Result<Option<Vec<ColumnData<'static>>>> + 'a;

/// What a session must hold to: where the server's defaults are those of long ago, it would cut blanks and zeros off the ends of
/// values, and shorten what is too long, without a word.
const SETTINGS: &str = "SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; SET ANSI_NULLS ON; SET QUOTED_IDENTIFIER ON; SET ARITHABORT ON; \
    SET CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF";

/// A connection that writes.
pub(crate) struct MssqlWriter {
    server: Server,
    /// Before the runtime, which its end needs.
    client: Client,
    runtime: Runtime,
}

impl MssqlWriter {
    /// Connects to the database that the address names; it must say that it writes.
    pub(crate) fn open(server: &Server) -> Result<Self> {
        let server = server.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| Error::new(Code::Internal, "cannot start the database connection").because(cause))?;
        let config = connect::config(&server)?;
        let client = runtime.block_on(connect::connect(&config, &server));
        let client = client.map_err(|cause| Trouble::of(&cause, &server, false).error)?;
        let mut writer = Self { server, client, runtime };
        writer.run(SETTINGS)?;
        Ok(writer)
    }

    /// Executes a statement as it is: for what makes databases and tables.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        self.ask(sql, Vec::new()).map(drop)
    }

    /// Executes a statement with values; gives how many rows it changed.
    pub(crate) fn change(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let bound: Vec<Box<dyn ToSql>> = values.iter().map(page::bind).collect();
        let bound: Vec<&dyn ToSql> = bound.iter().map(|value| &**value as &dyn ToSql).collect();
        let done = self.runtime.block_on(self.client.execute(sql, &bound));
        done.map(ExecuteResult::total).map_err(|cause| failed(&self.server, &cause))
    }

    /// All rows of an answer.
    pub(crate) fn ask(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let asked = Rendered { sql: sql.to_owned(), values };
        let answer = self.runtime.block_on(page::ask(&mut self.client, &asked, None));
        answer.map(Answer::into_rows).map_err(|cause| failed(&self.server, &cause))
    }

    /// Loads rows into a table in bulk. After an error the connection is in the middle of them and can only be given up.
    pub(crate) fn load(&mut self, table: &str, next: &mut NextRow<'_>) -> Result<u64> {
        let Self { server, client, runtime } = self;
        let failed = |cause: Cause| failed(server, &cause);
        let mut load = runtime.block_on(client.bulk_insert(table)).map_err(failed)?;
        while let Some(values) = next()? {
            let mut row = TokenRow::with_capacity(values.len());
            for value in values {
                row.push(value);
            }
            runtime.block_on(load.send(row)).map_err(failed)?;
        }
        runtime.block_on(load.finalize()).map(ExecuteResult::total).map_err(failed)
    }
}

/// Rows that do not fit: a key that is there already, no value where one must be, a text that is too long, a value that is
/// none of its type.
const UNFIT: [u32; 14] = [2627, 2601, 515, 547, 8152, 2628, 241, 242, 245, 248, 8114, 8115, 8169, 9455];

fn failed(server: &Server, cause: &Cause) -> Error {
    match cause {
        Cause::Server(said) if UNFIT.contains(&said.code()) => {
            let what = said.message().trim().trim_end_matches('.');
            Error::new(Code::PartInvalid, format!("`{server}` does not take the rows: {what} (error {})", said.code()))
        }
        cause => Trouble::of(cause, server, true).error,
    }
}
