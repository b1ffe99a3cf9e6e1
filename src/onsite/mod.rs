//! The installation: finding it and reading it.
//!
//! [`Installation::find`] reads the vendor's configuration files and says where database and files are.
//! A [`database`] answers queries; a [`Source`] streams the rows that the pipeline moves out of it, in order of their
//! ids, page by page. Everything is opened to read only.

pub mod database;
mod discovery;
mod logins;
mod source;

pub use discovery::Installation;
pub use logins::Logins;
pub(crate) use source::attachment_folders;
pub use source::{AttachmentRow, Counts, DocumentRow, Facts, Source, TemplateRow};
