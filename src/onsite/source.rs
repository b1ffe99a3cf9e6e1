//! The rows that the pipeline moves, page by page.

use super::Logins;
use super::database::{Database, Query, Row};
use super::ladder::Held;
use crate::{Code, Error, Result};
use chrono::NaiveDateTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who the installation belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `company.ownerContactName`
    pub company: String,
    /// `company.serialNo`
    pub serial: String,
}

/// How many rows there are, for progress; the streams decide what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows of `document`.
    pub documents: u64,
    /// Rows of `DocTmpl` that name a file.
    pub templates: u64,
    /// Rows of `attachment`.
    pub attachments: u64,
}

impl Counts {
    /// All together.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.documents + self.templates + self.attachments
    }
}

/// A row of `document` with what its path needs from `appointment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// `document_id`
    pub id: u32,
    /// The bare file name.
    pub name: String,
    /// The provider that keeps the bytes; 0 is the archive on disk.
    pub provider: i64,
    /// When it was registered: decides the half-year folder.
    pub registered: NaiveDateTime,
    /// Who registered it.
    pub registrant: i64,
    /// Whether its appointment exists.
    pub has_appointment: bool,
    /// The owner: the associate of the appointment.
    pub owner: i64,
}

/// A row of `DocTmpl` that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRow {
    /// `DocTmpl_id`
    pub id: u32,
    /// The file name, relative to the template folder.
    pub filename: String,
}

/// A row of `attachment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    /// `id`
    pub id: u32,
    /// The name that a person gave it.
    pub name: String,
    /// `attachment_location_id`, 0 where the installation has none.
    pub location: i64,
}

/// The rows of an installation. Pages hold rows with ids above `after`, in order of the id; an empty page is the end.
pub struct Source {
    database: Box<dyn Database>,
    /// Kept until nothing is read any more; dropped after the connection.
    _held: Option<Arc<Held>>,
}

/// Tables of Customer Service are not there where it was never installed.
const SERVICE: &str = "attachment";

impl Source {
    /// Rows from this database.
    #[must_use]
    pub fn new(database: Box<dyn Database>) -> Self {
        Self { database, _held: None }
    }

    /// The same, of a moment that is kept as long as rows are read.
    #[must_use]
    pub fn of_moment(database: Box<dyn Database>, held: Arc<Held>) -> Self {
        Self { database, _held: Some(held) }
    }

    /// The connection.
    #[must_use]
    pub fn into_database(self) -> Box<dyn Database> {
        self.database
    }

    /// The database behind it.
    pub fn database(&mut self) -> &mut dyn Database {
        &mut *self.database
    }

    fn page<T>(&mut self, text: &str, after: i64, limit: usize, read: impl Fn(&Row) -> T) -> Result<Vec<T>> {
        Ok(self.database.rows(&Query::new(text).number(after).limit(limit))?.iter().map(read).collect())
    }

    /// Owner and serial number.
    pub fn facts(&mut self) -> Result<Facts> {
        self.refuse_strange_ids()?;
        let text = "SELECT {top} {company.ownerContactName}, {company.serialNo} FROM {company} ORDER BY {=company.company_id} {limit}";
        let rows = self.database.rows(&Query::new(text).limit(1))?;
        let row = rows.first().ok_or_else(|| {
            Error::new(Code::DatabaseUnreadable, "the table `company` is empty, so the owner is not known")
                .hint("is this the right database?")
        })?;
        Ok(Facts { company: row.text(0), serial: row.text(1) })
    }

    /// Rows whose ids no program of the vendor would give, and which therefore cannot be named.
    fn refuse_strange_ids(&mut self) -> Result<()> {
        for (table, id) in [("document", "document_id"), ("DocTmpl", "DocTmpl_id"), ("attachment", "id")] {
            if !self.database.has_table(table)? && table == SERVICE {
                continue;
            }
            let text = format!(
                "SELECT count(*) FROM {{{table}}} WHERE {{={table}.{id}}} < 1 OR {{={table}.{id}}} > 4294967295"
            );
            let strange = self.database.number(&Query::new(text))?;
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

    /// How many rows there are.
    pub fn counts(&mut self) -> Result<Counts> {
        let mut count = |text: &str| -> Result<u64> { Ok(self.database.number(&Query::new(text))? as u64) };
        Ok(Counts {
            documents: count("SELECT count(*) FROM {document}")?,
            templates: count("SELECT count(*) FROM {DocTmpl} WHERE {=DocTmpl.filename} <> ''")?,
            attachments: if self.database.has_table(SERVICE)? {
                self.database.number(&Query::new("SELECT count(*) FROM {attachment}"))? as u64
            } else {
                0
            },
        })
    }

    /// Log-in names, now and formerly, of all associates.
    pub fn logins(&mut self) -> Result<Logins> {
        let mut logins = Logins::default();
        for row in
            self.database.rows(&Query::new("SELECT {associate.associate_id}, {associate.name} FROM {associate}"))?
        {
            logins.add(row.integer(0), row.text(1));
        }
        // The table came with version 10: without it there is just no history.
        if self.database.has_table("AssociateHistory")? {
            let text = "SELECT {AssociateHistory.associateId}, {AssociateHistory.name} FROM {AssociateHistory}
                        ORDER BY {=AssociateHistory.associatehistory_id} DESC";
            for row in self.database.rows(&Query::new(text))? {
                logins.add_former(row.integer(0), row.text(1));
            }
        }
        Ok(logins)
    }

    /// The folders of attachments as the Service server knows them, by `attachment_location_id`. The one of
    /// `config.attachment_path` has the number 0.
    pub fn attachment_folders(&mut self) -> Result<BTreeMap<i64, String>> {
        attachment_folders(&mut *self.database)
    }

    /// A page of documents.
    pub fn documents(&mut self, after: i64, limit: usize) -> Result<Vec<DocumentRow>> {
        self.page(
            "SELECT {top} {document.document_id}, {document.name}, {document.archiveProvider|0}, {document.registered},
                    {document.registered_associate_id}, {appointment.appointment_id}, {appointment.associate_id}
             FROM {document} LEFT JOIN {appointment} ON {=appointment.appointment_id} = {=document.appointment_id}
             WHERE {=document.document_id} > ?1 ORDER BY {=document.document_id} {limit}",
            after,
            limit,
            |row| DocumentRow {
                id: row.integer(0) as u32,
                name: row.text(1),
                provider: row.integer(2),
                registered: row.moment(3),
                registrant: row.integer(4),
                has_appointment: !row.is_null(5),
                owner: row.integer(6),
            },
        )
    }

    /// A page of templates.
    pub fn templates(&mut self, after: i64, limit: usize) -> Result<Vec<TemplateRow>> {
        self.page(
            "SELECT {top} {DocTmpl.DocTmpl_id}, {DocTmpl.filename} FROM {DocTmpl}
             WHERE {=DocTmpl.filename} <> '' AND {=DocTmpl.DocTmpl_id} > ?1 ORDER BY {=DocTmpl.DocTmpl_id} {limit}",
            after,
            limit,
            |row| TemplateRow { id: row.integer(0) as u32, filename: row.text(1) },
        )
    }

    /// A page of attachments.
    pub fn attachments(&mut self, after: i64, limit: usize) -> Result<Vec<AttachmentRow>> {
        if !self.database.has_table(SERVICE)? {
            return Ok(Vec::new());
        }
        self.page(
            "SELECT {top} {attachment.id}, {attachment.name}, {attachment.attachment_location_id|0} FROM {attachment}
             WHERE {=attachment.id} > ?1 ORDER BY {=attachment.id} {limit}",
            after,
            limit,
            |row| AttachmentRow { id: row.integer(0) as u32, name: row.text(1), location: row.integer(2) },
        )
    }
}

/// What [`Source::attachment_folders`] gives, from a database.
pub(crate) fn attachment_folders(database: &mut dyn Database) -> Result<BTreeMap<i64, String>> {
    let mut folders = BTreeMap::new();
    for (table, text) in [
        ("config", "SELECT {top} 0, {config.attachment_path|''} FROM {config} ORDER BY {=config.id} {limit}"),
        (
            "attachment_location",
            "SELECT {top} {attachment_location.attachment_location_id}, {attachment_location.path}
             FROM {attachment_location} ORDER BY {=attachment_location.attachment_location_id} {limit}",
        ),
    ] {
        if database.has_table(table)? {
            let most = if table == "config" { 1 } else { 10_000 };
            let rows = database.rows(&Query::new(text).limit(most))?;
            folders.extend(rows.iter().map(|row| (row.integer(0), row.text(1))));
        }
    }
    folders.retain(|_, path| !path.is_empty());
    Ok(folders)
}
