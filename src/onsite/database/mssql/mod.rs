//! A CRM database on a SQL Server.
//!
//! The library that speaks to the server is asynchronous, callers are not: each [`MssqlDatabase`] has a thread with a
//! connection of its own ([`line`]), and hands it one question at a time. What is sent is a SELECT, with the intent to
//! read only, but for what one moment for all readers needs ([`moment`]), and for the tenant that builds a database ([`writer`]). An answer is a page, so that a lost connection costs one page: the thread makes another connection and
//! asks again. Text that is not what its column promises would end an answer in the middle; such a page is asked for
//! once more as bytes, decoded here, and noted ([`Irregular`]).

mod cells;
mod connect;
mod exact;
mod large;
mod line;
mod moment;
mod order;
mod page;
mod schema;
mod text;
mod trouble;
mod writer;

pub(crate) use exact::{OPAQUE, bracketed};
pub(crate) use writer::MssqlWriter;

use super::address::Server;
use super::query::Rendered;
use super::{Catalogue, Climbed, Database, Dialect, Irregular, Kind, Moment, Query, Row, Terms, Value};
use crate::onsite::changes::Change;
use crate::tables::beside::Beside;
use crate::tables::{KeyRange, Page, PageLimit, TableShape};
use crate::{Code, Error, Result};
use line::Line;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use trouble::{Cure, Trouble};

/// A connection to a database on a SQL Server.
pub struct MssqlDatabase {
    line: Line,
    /// For messages.
    server: Server,
    /// The schema as it was asked for; any case.
    prefix: String,
    /// The schema as the server spells it, and what is in it.
    known: Option<(String, Arc<Catalogue>)>,
    /// How many values of a column were wrong in which way.
    irregular: BTreeMap<(String, String), u64>,
    /// The table whose exact rows were read last, and how many of them a page may ask for.
    pace: Option<(String, usize)>,
    /// The page behind the one that was read last.
    ahead: Option<cells::Ahead>,
    /// How many rows each table had when it was first asked; nothing of a table about which the login may not know.
    remembered: Option<HashMap<String, u64>>,
}

impl MssqlDatabase {
    /// Connects and logs in. The tables are those of the schema `prefix`, in any case of letters.
    pub fn open(server: &Server, prefix: &str) -> Result<Self> {
        let line = Line::open(server)?;
        let (server, prefix) = (server.clone(), prefix.to_owned());
        let (irregular, remembered) = (BTreeMap::new(), None);
        Ok(Self { line, server, prefix, known: None, irregular, pace: None, ahead: None, remembered })
    }

    fn known(&mut self) -> Result<(String, Arc<Catalogue>)> {
        if let Some((schema, catalogue)) = &self.known {
            return Ok((schema.clone(), Arc::clone(catalogue)));
        }
        let (schema, catalogue) = schema::read(&self.line, &self.server, &self.prefix)?;
        tracing::debug!("schema `{schema}` of `{}` has {} tables", self.server, catalogue.tables().count());
        let (schema, catalogue) = self.known.insert((schema, Arc::new(catalogue)));
        Ok((schema.clone(), Arc::clone(catalogue)))
    }

    /// Asks for a page as bytes and decodes what it can, column by column.
    fn rows_of_bytes(&mut self, asked: &Rendered, catalogue: &Catalogue) -> Result<Vec<Row>> {
        let answer = self.line.ask(asked).map_err(|trouble| match trouble {
            Trouble { cure: Cure::Bytes, error } => {
                error.hint("the text is made by an expression, so it cannot be read in another way")
            }
            Trouble { error, .. } => error,
        })?;
        let columns = answer.columns.clone();
        let mut rows = answer.into_rows();
        for (index, name) in columns.iter().enumerate() {
            let column = name.split_once('.').and_then(|(table, column)| catalogue.column(table, column));
            let Some(Kind::Text { unicode, code_page }) = column.map(|column| column.kind) else { continue };
            for value in rows.iter_mut().filter_map(|row| row.0.get_mut(index)) {
                let Value::Bytes(bytes) = value else { continue };
                let (decoded, wrong) = if unicode { text::of_utf16(bytes) } else { text::of_page(bytes, code_page) };
                *value = Value::Text(decoded);
                if let Some(what) = wrong {
                    let seen = self.irregular.entry((name.clone(), what)).or_default();
                    *seen += 1;
                    if *seen == 1 {
                        tracing::warn!("`{name}` in `{}` holds text that is not what it promises", self.server);
                    }
                }
            }
        }
        Ok(rows)
    }
}

impl Database for MssqlDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Mssql
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn catalogue(&mut self) -> Result<Arc<Catalogue>> {
        Ok(self.known()?.1)
    }

    fn rows(&mut self, query: &Query) -> Result<Vec<Row>> {
        let (schema, catalogue) = self.known()?;
        let asked = query.render(Dialect::Mssql, &schema, &catalogue, false)?;
        match self.line.ask(&asked) {
            Ok(answer) => Ok(answer.into_rows()),
            Err(Trouble { cure: Cure::Bytes, .. }) => {
                let asked = query.render(Dialect::Mssql, &schema, &catalogue, true)?;
                self.rows_of_bytes(&asked, &catalogue)
            }
            Err(Trouble { error, .. }) => Err(error),
        }
    }

    fn cells_beside(
        &mut self,
        shape: &TableShape,
        range: &KeyRange,
        limit: PageLimit,
        beside: &mut dyn Beside,
    ) -> Result<Page> {
        self.page(shape, range, limit, beside)
    }

    fn drain(&mut self, shape: &TableShape) -> Result<()> {
        self.read_and_forget(shape)
    }

    fn estimate(&mut self, shape: &TableShape) -> Result<u64> {
        self.count(shape)
    }

    fn climb(&mut self, terms: &Terms, enter: &mut dyn FnMut(Change) -> Result<()>) -> Result<Climbed> {
        self.climb_to(*terms, enter)
    }

    fn hold(&mut self, moment: &Moment) -> Result<()> {
        self.hold_on(moment)
    }

    fn take_back(&mut self, change: &Change) -> Result<String> {
        self.undo(change)
    }

    fn irregular(&self) -> Vec<Irregular> {
        let note = |((column, what), values): (&(String, String), &u64)| Irregular {
            column: column.clone(),
            values: *values,
            what: what.clone(),
        };
        self.irregular.iter().map(note).collect()
    }
}
