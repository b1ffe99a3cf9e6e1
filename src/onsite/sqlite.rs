//! An installation whose database is a SQLite file: the sample, and whatever was exported for a rehearsal.
//!
//! The file is attached under the name of the vendor's schema, so that the text of a query is the one that
//! SQL Server gets where the dialects agree.

use super::{AttachmentRow, Counts, DocumentRow, Facts, Logins, Source, TemplateRow};
use crate::{Code, Error, Result};
use chrono::NaiveDateTime;
use rusqlite::{Connection, OpenFlags, Row};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An open CRM database.
pub struct SqliteSource {
    connection: Connection,
    schema: String,
    path: PathBuf,
}

impl SqliteSource {
    /// Opens the file at `path` to read, under the schema name `schema`.
    pub fn open(path: &Path, schema: &str) -> Result<Self> {
        let valid = !schema.is_empty() && schema.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid || matches!(schema.to_ascii_lowercase().as_str(), "main" | "temp") {
            return Err(Error::new(Code::ConfigInvalid, format!("`{schema}` cannot be a table prefix"))
                .hint("letters, digits and `_`, as in `crm7`"));
        }
        if !path.is_file() {
            return Err(Error::new(Code::DatabaseUnreadable, format!("there is no database `{}`", path.display()))
                .hint("check `Database` in SuperOffice.config, or set `database.url`"));
        }
        let source = Self {
            connection: Connection::open_in_memory_with_flags(
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )
            .map_err(|cause| Error::new(Code::DatabaseUnreadable, "cannot start SQLite").because(cause))?,
            schema: schema.to_owned(),
            path: path.to_owned(),
        };
        source
            .connection
            .execute(&format!("ATTACH ?1 AS {schema}"), [uri(path)])
            .and_then(|_| source.connection.execute_batch(&format!("PRAGMA {schema}.cache_size = -8192")))
            .and_then(|()| {
                source.connection.query_row(&format!("SELECT count(*) FROM {schema}.sqlite_master"), [], |_| Ok(()))
            })
            .map_err(|cause| source.explain(cause))?;
        Ok(source)
    }

    fn explain(&self, cause: rusqlite::Error) -> Error {
        Error::new(Code::DatabaseUnreadable, format!("cannot read the database `{}`", self.path.display()))
            .hint("check that the file is a CRM database and that this account may read it")
            .because(cause)
    }

    /// Runs a query whose tables are written `{p}.table`.
    fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let run = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(&sql.replace("{p}", &self.schema))?.query_map(values, read)?.collect()
        };
        run().map_err(|cause| self.explain(cause))
    }

    /// Rows whose ids no program of the vendor would give, and which therefore cannot be named.
    fn refuse_strange_ids(&self) -> Result<()> {
        for (table, id) in [("document", "document_id"), ("DocTmpl", "DocTmpl_id"), ("attachment", "id")] {
            let sql = format!("SELECT count(*) FROM {{p}}.{table} WHERE {id} < 1 OR {id} > 4294967295");
            let strange: i64 = self.rows(&sql, [], |row| row.get::<_, i64>(0))?.into_iter().sum();
            if strange > 0 {
                return Err(Error::new(
                    Code::DatabaseUnreadable,
                    format!("{strange} rows of `{table}` have ids outside 1 to 4294967295"),
                )
                .hint(
                    "such rows are not the vendor's; correct or remove them, so that every row can be accounted for",
                ));
            }
        }
        Ok(())
    }
}

/// The path as a URI that opens read-only; characters with a meaning in URIs are escaped.
fn uri(path: &Path) -> String {
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
    format!("file:{slash}{escaped}?mode=ro")
}

/// The vendor's "no date" and dates that nobody can read.
const NO_DATE: &str = "1760-01-01 00:00:00";

fn moment(text: &str) -> NaiveDateTime {
    let text = text.trim().get(..19).unwrap_or(NO_DATE);
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDateTime::parse_from_str(NO_DATE, "%Y-%m-%d %H:%M:%S").ok())
        .unwrap_or_default()
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    // A name that is no UTF-8 still has to be accounted for; it will not be found, and then is missing.
    Ok(match row.get_ref(column)? {
        rusqlite::types::ValueRef::Text(bytes) | rusqlite::types::ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        rusqlite::types::ValueRef::Integer(number) => number.to_string(),
        rusqlite::types::ValueRef::Real(number) => number.to_string(),
        rusqlite::types::ValueRef::Null => String::new(),
    })
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<i64> {
    Ok(row.get::<_, Option<i64>>(column)?.unwrap_or(0))
}

impl Source for SqliteSource {
    fn facts(&mut self) -> Result<Facts> {
        self.refuse_strange_ids()?;
        let rows =
            self.rows("SELECT ownerContactName, serialNo FROM {p}.company ORDER BY company_id LIMIT 1", [], |row| {
                Ok(Facts { company: text(row, 0)?, serial: text(row, 1)? })
            })?;
        rows.into_iter().next().ok_or_else(|| {
            Error::new(Code::DatabaseUnreadable, "the table `company` is empty, so the owner is not known")
                .hint("is this the right database?")
        })
    }

    fn counts(&mut self) -> Result<Counts> {
        let count = |sql| -> Result<u64> {
            Ok(self.rows(sql, [], |row| row.get::<_, i64>(0))?.into_iter().sum::<i64>() as u64)
        };
        Ok(Counts {
            documents: count("SELECT count(*) FROM {p}.document")?,
            templates: count("SELECT count(*) FROM {p}.DocTmpl WHERE filename <> ''")?,
            attachments: count("SELECT count(*) FROM {p}.attachment")?,
        })
    }

    fn logins(&mut self) -> Result<Logins> {
        let mut logins = Logins::default();
        for (id, name) in
            self.rows("SELECT associate_id, name FROM {p}.associate", [], |row| Ok((row.get(0)?, text(row, 1)?)))?
        {
            logins.add(id, name);
        }
        // The table came with version 10: without it there is just no history.
        let has_history = !self
            .rows("SELECT 1 FROM {p}.sqlite_master WHERE lower(name) = 'associatehistory'", [], |_| Ok(()))?
            .is_empty();
        if has_history {
            let sql = "SELECT associateId, name FROM {p}.AssociateHistory ORDER BY associatehistory_id DESC";
            for (id, name) in self.rows(sql, [], |row| Ok((number(row, 0)?, text(row, 1)?)))? {
                logins.add_former(id, name);
            }
        }
        Ok(logins)
    }

    fn attachment_folders(&mut self) -> Result<BTreeMap<i64, String>> {
        let mut folders = BTreeMap::new();
        for (sql, table) in [
            ("SELECT 0, attachment_path FROM {p}.config ORDER BY id LIMIT 1", "config"),
            ("SELECT attachment_location_id, path FROM {p}.attachment_location", "attachment_location"),
        ] {
            let there = self.rows("SELECT 1 FROM {p}.sqlite_master WHERE lower(name) = ?1", [table], |_| Ok(()))?;
            if !there.is_empty() {
                folders.extend(self.rows(sql, [], |row| Ok((row.get::<_, i64>(0)?, text(row, 1)?)))?);
            }
        }
        folders.retain(|_, path| !path.is_empty());
        Ok(folders)
    }

    fn documents(&mut self, after: i64, limit: usize) -> Result<Vec<DocumentRow>> {
        self.rows(
            "SELECT d.document_id, d.name, d.archiveProvider, d.registered, d.registered_associate_id,
                    a.appointment_id, a.associate_id
             FROM {p}.document d LEFT JOIN {p}.appointment a ON a.appointment_id = d.appointment_id
             WHERE d.document_id > ?1 ORDER BY d.document_id LIMIT ?2",
            [after, limit as i64],
            |row| {
                Ok(DocumentRow {
                    id: row.get::<_, i64>(0)? as u32,
                    name: text(row, 1)?,
                    provider: number(row, 2)?,
                    registered: moment(row.get_ref(3)?.as_str().unwrap_or(NO_DATE)),
                    registrant: number(row, 4)?,
                    has_appointment: row.get::<_, Option<i64>>(5)?.is_some(),
                    owner: number(row, 6)?,
                })
            },
        )
    }

    fn templates(&mut self, after: i64, limit: usize) -> Result<Vec<TemplateRow>> {
        self.rows(
            "SELECT DocTmpl_id, filename FROM {p}.DocTmpl WHERE filename <> '' AND DocTmpl_id > ?1
             ORDER BY DocTmpl_id LIMIT ?2",
            [after, limit as i64],
            |row| Ok(TemplateRow { id: row.get::<_, i64>(0)? as u32, filename: text(row, 1)? }),
        )
    }

    fn attachments(&mut self, after: i64, limit: usize) -> Result<Vec<AttachmentRow>> {
        self.rows(
            "SELECT id, name, attachment_location_id FROM {p}.attachment WHERE id > ?1 ORDER BY id LIMIT ?2",
            [after, limit as i64],
            |row| {
                Ok(AttachmentRow { id: row.get::<_, i64>(0)? as u32, name: text(row, 1)?, location: number(row, 2)? })
            },
        )
    }
}
