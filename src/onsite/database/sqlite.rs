//! A CRM database in a SQLite file: the sample, and whatever was exported for a rehearsal.
//!
//! The file is attached under the name of the vendor's schema, so that the text of a query is the one that
//! SQL Server gets.

mod cells;
mod large;

use super::{Catalogue, Climbed, Column, Database, Dialect, Irregular, Kind, Moment, Query, Row, Rung, Terms, Value};
use crate::onsite::changes::Change;
use crate::tables::beside::Beside;
use crate::tables::{KeyRange, Page, PageLimit, TableShape};
use crate::{Code, Error, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open file.
pub struct SqliteDatabase {
    connection: Connection,
    schema: String,
    path: PathBuf,
    catalogue: Option<Arc<Catalogue>>,
    /// Texts that were no UTF-8.
    broken: u64,
}

impl SqliteDatabase {
    /// Opens the file at `path` to read, under the schema name `schema`.
    pub fn open(path: &Path, schema: &str) -> Result<Self> {
        Self::open_as(path, schema, "ro")
    }

    /// Opens it to write as well; a file that is not there is not made.
    pub(super) fn open_to_write(path: &Path, schema: &str) -> Result<Self> {
        Self::open_as(path, schema, "rw")
    }

    /// Spares it asking which tables there are: these are.
    #[must_use]
    pub(crate) fn with_tables(mut self, shapes: &[Arc<TableShape>]) -> Self {
        let mut catalogue = Catalogue::default();
        for shape in shapes {
            for column in &shape.columns {
                let (name, declared) = (column.name.clone(), column.declared.clone());
                let kind = Kind::of(&declared);
                let column = Column { name, declared, kind, nullable: column.nullable, key: column.key };
                catalogue.add(&shape.name, column);
            }
        }
        self.catalogue = Some(Arc::new(catalogue));
        self
    }

    fn open_as(path: &Path, schema: &str, mode: &str) -> Result<Self> {
        let valid = !schema.is_empty() && schema.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid || matches!(schema.to_ascii_lowercase().as_str(), "main" | "temp") {
            return Err(Error::new(Code::ConfigInvalid, format!("`{schema}` cannot be a table prefix"))
                .hint("letters, digits and `_`, as in `crm7`"));
        }
        if !path.is_file() {
            return Err(Error::new(Code::DatabaseUnreadable, format!("there is no database `{}`", path.display()))
                .hint("check `Database` in SuperOffice.config, or set `database.url`"));
        }
        let database = Self {
            connection: Connection::open_in_memory_with_flags(
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )
            .map_err(|cause| Error::new(Code::DatabaseUnreadable, "cannot start SQLite").because(cause))?,
            schema: schema.to_owned(),
            path: path.to_owned(),
            catalogue: None,
            broken: 0,
        };
        database
            .connection
            .execute(&format!("ATTACH ?1 AS {schema}"), [uri(path, mode)])
            .and_then(|_| database.connection.execute_batch(&format!("PRAGMA {schema}.cache_size = -8192")))
            .and_then(|()| {
                database.connection.query_row(&format!("SELECT count(*) FROM {schema}.sqlite_master"), [], |_| Ok(()))
            })
            .map_err(|cause| explain(path, cause))?;
        Ok(database)
    }

    fn read_catalogue(&self) -> rusqlite::Result<Catalogue> {
        let sql = format!(
            "SELECT m.name, c.name, lower(c.type), c.\"notnull\", c.pk
             FROM {0}.sqlite_master m JOIN pragma_table_info(m.name, '{0}') c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'
             ORDER BY m.rowid, c.cid",
            self.schema
        );
        let mut catalogue = Catalogue::default();
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (declared, not_null): (String, bool) = (row.get(2)?, row.get(3)?);
            let kind = Kind::of(&declared);
            let column = Column { name: row.get(1)?, declared, kind, nullable: !not_null, key: row.get(4)? };
            catalogue.add(&row.get::<_, String>(0)?, column);
        }
        Ok(catalogue)
    }
}

fn explain(path: &Path, cause: rusqlite::Error) -> Error {
    Error::new(Code::DatabaseUnreadable, format!("cannot read the database `{}`", path.display()))
        .hint("check that the file is a CRM database and that this account may read it")
        .because(cause)
}

/// The path as a URI that opens as `mode` says; characters with a meaning in URIs are escaped.
fn uri(path: &Path, mode: &str) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '?' => "%3f".to_owned(),
            '#' => "%23".to_owned(),
            c => c.to_string(),
        })
        .collect();
    let slash = if escaped.get(1..2) == Some(":") { "/" } else { "" };
    format!("file:{slash}{escaped}?mode={mode}")
}

/// Text that is no UTF-8 is decoded as well as possible.
impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::ToSqlOutput::{Borrowed, Owned};
        Ok(match self {
            Self::Null => Borrowed(ValueRef::Null),
            Self::Integer(number) => Borrowed(ValueRef::Integer(*number)),
            Self::Real(number) => Borrowed(ValueRef::Real(*number)),
            Self::Text(text) => Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => Borrowed(ValueRef::Blob(bytes)),
            Self::Moment(moment) => Owned(moment.format("%Y-%m-%d %H:%M:%S").to_string().into()),
        })
    }
}

impl Database for SqliteDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn catalogue(&mut self) -> Result<Arc<Catalogue>> {
        if let Some(catalogue) = &self.catalogue {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Arc::new(self.read_catalogue().map_err(|cause| explain(&self.path, cause))?);
        Ok(Arc::clone(self.catalogue.insert(catalogue)))
    }

    fn rows(&mut self, query: &Query) -> Result<Vec<Row>> {
        let catalogue = self.catalogue()?;
        let rendered = query.render(Dialect::Sqlite, &self.schema, &catalogue, false)?;
        let mut broken = 0;
        let mut run = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.connection.prepare_cached(&rendered.sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(rusqlite::params_from_iter(&rendered.values))?;
            let mut answer = Vec::new();
            while let Some(row) = rows.next()? {
                let mut values = Vec::with_capacity(columns);
                for column in 0..columns {
                    let value = row.get_ref(column)?;
                    broken += u64::from(matches!(value, ValueRef::Text(text) if std::str::from_utf8(text).is_err()));
                    values.push(value.into());
                }
                answer.push(Row(values));
            }
            Ok(answer)
        };
        let answer = run().map_err(|cause| explain(&self.path, cause));
        self.broken += broken;
        answer
    }

    fn is_exact(&self) -> bool {
        true
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
        let failed = |cause| explain(&self.path, cause);
        let table = format!("{}.{}", cells::quoted(&self.schema), cells::quoted(&shape.name));
        let mut statement = self.connection.prepare(&format!("SELECT * FROM {table}")).map_err(failed)?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column).map_err(failed)?);
            }
        }
        Ok(())
    }

    fn estimate(&mut self, shape: &TableShape) -> Result<u64> {
        let table = format!("{}.{}", cells::quoted(&self.schema), cells::quoted(&shape.name));
        let rows = self.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        rows.map(|rows| rows as u64).map_err(|cause| explain(&self.path, cause))
    }

    fn climb(&mut self, terms: &Terms, _enter: &mut dyn FnMut(Change) -> Result<()>) -> Result<Climbed> {
        let possible = terms.highest >= Rung::ReadTransaction;
        let moment = if possible { Moment::of(Rung::ReadTransaction) } else { terms.ground() };
        Ok(Climbed { moment, refused: Vec::new() })
    }

    fn hold(&mut self, moment: &Moment) -> Result<()> {
        if moment.taken() != Rung::ReadTransaction {
            return Ok(());
        }
        // A transaction sees the moment of its first read, so that must be now.
        let begin = format!("BEGIN; SELECT count(*) FROM {}.sqlite_master", self.schema);
        self.connection.execute_batch(&begin).map_err(|cause| explain(&self.path, cause))
    }

    fn version(&mut self) -> Result<Option<i64>> {
        let asked = format!("PRAGMA {}.data_version", self.schema);
        let version = self.connection.query_row(&asked, [], |row| row.get(0));
        version.map(Some).map_err(|cause| explain(&self.path, cause))
    }

    fn irregular(&self) -> Vec<Irregular> {
        let what = "is no UTF-8".to_owned();
        Vec::from_iter((self.broken > 0).then(|| Irregular { column: String::new(), values: self.broken, what }))
    }
}
