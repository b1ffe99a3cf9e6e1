//! Pages of exact rows out of SQLite, for tables that move.
//!
//! A page goes on behind a position. That is the key where it is one whole number, else the number of the row, which
//! SQLite has for every table but those `WITHOUT ROWID`; these have a key without NULL. Whatever lies in a column comes
//! out, also text that is no UTF-8.

use super::SqliteDatabase;
use super::large::{Bound, Leaving};
use crate::tables::beside::{Beside, set_aside};
use crate::tables::stored::{from_sqlite, to_sqlite};
use crate::tables::{Cell, Cells, ColumnType, Key, KeyRange, Page, PageLimit, TableShape};
use crate::{Code, Error, Result};
use rusqlite::ErrorCode;
use rusqlite::types::ToSqlOutput;
use std::fmt::Write as _;

/// What the rows of a table are ordered by.
#[derive(Debug, PartialEq)]
pub(super) enum Order {
    /// Columns of the table, by their places.
    Columns(Vec<usize>),
    /// The number of the row, under a name that no column has.
    Row(&'static str),
}

/// A name for SQLite, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl SqliteDatabase {
    pub(super) fn page(
        &self,
        shape: &TableShape,
        range: &KeyRange,
        limit: PageLimit,
        beside: &mut dyn Beside,
    ) -> Result<Page> {
        let order = self.order(shape);
        let bound = Bound::of(&self.connection, beside.limit());
        if let Some(page) = self.read(shape, &order, range, limit, None, beside)? {
            return Ok(page);
        }
        drop(bound);
        let leaving = self.leaving(shape, beside.limit());
        let page = self.read(shape, &order, range, limit, Some(&leaving), beside)?;
        page.ok_or_else(|| super::explain(&self.path, rusqlite::Error::InvalidQuery))
    }

    /// Nothing if the first row has a value that is too large to be read like this.
    fn read(
        &self,
        shape: &TableShape,
        order: &Order,
        range: &KeyRange,
        limit: PageLimit,
        leaving: Option<&Leaving>,
        beside: &mut dyn Beside,
    ) -> Result<Option<Page>> {
        let (sql, values) = self.statement(shape, order, range, leaving)?;
        let changed = |cause| {
            Error::new(Code::DatabaseChanged, format!("the table `{}` is not there as it was listed", shape.name))
                .hint("start again when nobody changes the structure of the database")
                .because(cause)
        };
        let mut statement = self.connection.prepare_cached(&sql).map_err(changed)?;
        let failed = |cause| super::explain(&self.path, cause);
        let too_large =
            |cause: &rusqlite::Error| cause.sqlite_error_code() == Some(ErrorCode::TooBig) && leaving.is_none();
        let mut rows = match statement.query(rusqlite::params_from_iter(values)) {
            // A key can be larger than what may leave its row.
            Err(cause) if too_large(&cause) => return Ok(None),
            rows => rows.map_err(failed)?,
        };
        let (mut page, mut bytes) = (Page::default(), 0);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(cause) if too_large(&cause) => {
                    if page.rows.is_empty() {
                        return Ok(None);
                    }
                    page.more = true;
                    break;
                }
                Err(cause) => return Err(failed(cause)),
            };
            if page.rows.len() >= limit.rows.max(1) || (bytes >= limit.bytes && !page.rows.is_empty()) {
                page.more = true;
                break;
            }
            let mut cells = Cells::with_capacity(shape.columns.len());
            for (place, column) in shape.columns.iter().enumerate() {
                let cell = from_sqlite(column.kind, row.get_ref(place).map_err(failed)?);
                bytes += cell.weight();
                cells.push(cell);
            }
            let streamed = match leaving {
                Some(leaving) => self.stream(shape, leaving, row, &mut cells, beside)?,
                None => set_aside(shape, &mut cells, beside)?,
            };
            bytes = bytes.saturating_add(usize::try_from(streamed).unwrap_or(usize::MAX));
            if let Order::Row(_) = order {
                // The last row of the page decides; the number is cheap.
                let number = row.get(shape.columns.len()).map_err(failed)?;
                page.last = Some(vec![Cell::Integer(number)]);
            }
            page.rows.push(cells);
        }
        if let (Order::Columns(places), Some(row)) = (order, page.rows.last()) {
            page.last = Some(places.iter().map(|place| row[*place].clone()).collect());
        }
        Ok(Some(page))
    }

    /// What the rows are ordered by.
    fn order(&self, shape: &TableShape) -> Order {
        if let Key::Integer(place) = shape.key() {
            return Order::Columns(vec![place]);
        }
        match (self.numbered(shape), shape.key()) {
            (Some(name), _) => Order::Row(name),
            (None, Key::Columns(places)) => Order::Columns(places),
            (None, _) => Order::Columns(Vec::new()),
        }
    }

    /// The name of the number of a row, where rows have one and no column has taken all its names.
    pub(super) fn numbered(&self, shape: &TableShape) -> Option<&'static str> {
        let is_free = |name: &&str| !shape.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let table = format!("{}.{}", quoted(&self.schema), quoted(&shape.name));
        ["rowid", "_rowid_", "oid"].into_iter().find(is_free).filter(|name| {
            // Preparing asks whether the name means anything.
            self.connection.prepare_cached(&format!("SELECT {name} FROM {table}")).is_ok()
        })
    }

    fn statement<'a>(
        &self,
        shape: &TableShape,
        order: &Order,
        range: &'a KeyRange,
        leaving: Option<&Leaving>,
    ) -> Result<(String, Vec<ToSqlOutput<'a>>)> {
        let mut sql = "SELECT ".to_owned();
        for column in &shape.columns {
            // What stays behind is not even read.
            if column.masked {
                sql.push_str("NULL, ");
            } else {
                // With the name of the table before it a name that is no column cannot be taken for a text.
                let name = format!("t.{}", quoted(&column.name));
                match leaving {
                    Some(leaving) => leaving.item(column, &name, &mut sql),
                    None => sql.push_str(&name),
                }
                sql.push_str(", ");
            }
        }
        let (names, kinds): (Vec<String>, Vec<ColumnType>) = match order {
            Order::Columns(places) => {
                let columns = places.iter().map(|place| &shape.columns[*place]);
                columns.map(|column| (format!("t.{}", quoted(&column.name)), column.kind)).unzip()
            }
            Order::Row(name) => (vec![format!("t.{name}")], vec![ColumnType::Dynamic]),
        };
        if names.is_empty() {
            let what =
                format!("the rows of `{}` cannot be told apart: it has neither a key nor numbered rows", shape.name);
            return Err(Error::new(Code::DatabaseUnreadable, what)
                .hint("give the table a key, or leave it behind with `tables.leave`"));
        }
        let names = names.join(", ");
        let last = if matches!(order, Order::Row(_)) { &names } else { "NULL" };
        sql.push_str(last);
        if let Some(leaving) = leaving {
            leaving.marks(shape, &mut sql);
        }
        let _ = write!(sql, " FROM {}.{} AS t", quoted(&self.schema), quoted(&shape.name));
        let mut values = Vec::new();
        for (word, comparison, position) in [("WHERE", ">", &range.after), ("AND", "<=", &range.until)] {
            let Some(position) = position else { continue };
            if position.len() != kinds.len() {
                let what = format!("a range of `{}` does not belong to its key", shape.name);
                return Err(Error::new(Code::Internal, what));
            }
            let word = if values.is_empty() { "WHERE" } else { word };
            let marks: Vec<String> = (1..=position.len()).map(|place| format!("?{}", place + values.len())).collect();
            let _ = write!(sql, " {word} ({names}) {comparison} ({})", marks.join(", "));
            values.extend(kinds.iter().zip(position).map(|(kind, cell)| to_sqlite(*kind, cell)));
        }
        let _ = write!(sql, " ORDER BY {names}");
        Ok((sql, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onsite::database::{Database, Dialect};

    const LIMIT: PageLimit = PageLimit { rows: 2, bytes: 1 << 20 };

    fn database(sql: &str) -> (tempfile::TempDir, SqliteDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let database = SqliteDatabase::open(&path, "crm7").unwrap();
        (folder, database)
    }

    fn all(database: &mut SqliteDatabase, table: &str) -> Vec<Cells> {
        let catalogue = database.catalogue().unwrap();
        let shape = TableShape::of(catalogue.table(table).unwrap(), Dialect::Sqlite);
        let (mut range, mut rows) = (KeyRange::all(), Vec::new());
        loop {
            let page = database.cells(&shape, &range, LIMIT).unwrap();
            assert!(page.rows.len() <= 2);
            rows.extend(page.rows);
            match page.last.filter(|_| page.more) {
                Some(last) => range = range.behind(last),
                None => return rows,
            }
        }
    }

    #[test]
    fn every_row_comes_once_whatever_the_key() {
        for key in [
            "id INTEGER PRIMARY KEY, n TEXT",
            "id int, n TEXT, PRIMARY KEY (n, id)",
            "id int, n TEXT",
            "id int, n TEXT, PRIMARY KEY (n, id)) WITHOUT ROWID --",
            "id int, rowid TEXT",
        ] {
            let (_folder, mut database) = database(&format!(
                "CREATE TABLE t ({key}\n{};
                 INSERT INTO t VALUES (-9223372036854775808,'b'),(1,'a'),(7,'a'),(2,'b'),(9223372036854775807,'')",
                if key.contains("--") { "" } else { ")" }
            ));
            let mut ids: Vec<Cell> = all(&mut database, "t").into_iter().map(|row| row[0].clone()).collect();
            ids.sort_by_key(|cell| if let Cell::Integer(id) = cell { *id } else { 0 });
            assert_eq!(ids, [i64::MIN, 1, 2, 7, i64::MAX].map(Cell::Integer), "{key}");
        }
    }

    #[test]
    fn what_lies_in_a_column_comes_out_as_it_is() {
        let (_folder, mut database) = database(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a, \"odd \"\"name.|{\" text);
             INSERT INTO t VALUES (1, CAST(x'ff41' AS TEXT), NULL), (2, x'', ''), (3, 1.5, 'å')",
        );
        assert_eq!(
            all(&mut database, "t"),
            [
                vec![Cell::Integer(1), Cell::Text(vec![0xFF, 0x41]), Cell::Null],
                vec![Cell::Integer(2), Cell::Bytes(vec![]), Cell::Text(vec![])],
                vec![Cell::Integer(3), Cell::float(1.5), Cell::Text("å".into())],
            ]
        );
    }

    #[test]
    fn a_page_ends_with_the_row_that_is_too_much() {
        let (_folder, mut database) = database(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a);
             INSERT INTO t VALUES (1, zeroblob(10)), (2, zeroblob(10)), (3, zeroblob(100)), (4, 1)",
        );
        let catalogue = database.catalogue().unwrap();
        let shape = TableShape::of(catalogue.table("t").unwrap(), Dialect::Sqlite);
        let mut page = |after: i64, bytes| {
            let range = KeyRange { after: Some(vec![Cell::Integer(after)]), until: Some(vec![Cell::Integer(3)]) };
            let page = database.cells(&shape, &range, PageLimit { rows: 9, bytes }).unwrap();
            (page.rows.len(), page.more)
        };
        assert_eq!(page(0, 15), (2, true));
        assert_eq!(page(2, 15), (1, false));
        assert_eq!(page(0, 1), (1, true));
    }

    #[test]
    fn a_table_that_vanished_or_changed_is_told() {
        let (_folder, mut database) = database("CREATE TABLE t (id INTEGER PRIMARY KEY, a)");
        let catalogue = database.catalogue().unwrap();
        let mut shape = TableShape::of(catalogue.table("t").unwrap(), Dialect::Sqlite);
        shape.columns[1].name = "b".into();
        let error = database.cells(&shape, &KeyRange::all(), LIMIT).unwrap_err();
        // A quoted name that is no column must not be taken for a text.
        assert_eq!(error.code(), Code::DatabaseChanged, "{error:?}");
        shape.name = "gone".into();
        assert_eq!(database.cells(&shape, &KeyRange::all(), LIMIT).unwrap_err().code(), Code::DatabaseChanged);
    }
}
