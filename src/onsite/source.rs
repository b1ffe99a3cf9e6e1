//! What every database of an installation can tell, whatever speaks to it.

use super::Logins;
use crate::Result;
use chrono::NaiveDateTime;
use std::collections::BTreeMap;

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

/// A database that answers. Pages hold rows with ids above `after`, in order of the id; an empty page is the end.
pub trait Source: Send {
    /// Owner and serial number.
    fn facts(&mut self) -> Result<Facts>;
    /// How many rows there are.
    fn counts(&mut self) -> Result<Counts>;
    /// Log-in names, now and formerly, of all associates.
    fn logins(&mut self) -> Result<Logins>;
    /// The folders of attachments as the Service server knows them, by `attachment_location_id`. The one of
    /// `config.attachment_path` has the number 0.
    fn attachment_folders(&mut self) -> Result<BTreeMap<i64, String>>;
    /// A page of documents.
    fn documents(&mut self, after: i64, limit: usize) -> Result<Vec<DocumentRow>>;
    /// A page of templates.
    fn templates(&mut self, after: i64, limit: usize) -> Result<Vec<TemplateRow>>;
    /// A page of attachments.
    fn attachments(&mut self, after: i64, limit: usize) -> Result<Vec<AttachmentRow>>;
}
