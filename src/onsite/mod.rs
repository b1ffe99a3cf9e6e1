//! The installation: finding it and reading it.
//!
//! [`Installation::find`] reads the vendor's configuration files and says where database and files are.
//! A [`Source`] streams the rows in order of their ids, page by page, so that millions of them pass in
//! constant memory and a lost connection continues at the last id. Everything is opened to read only.

mod discovery;
mod logins;
mod source;
mod sqlite;

pub use discovery::Installation;
pub use logins::Logins;
pub use source::{AttachmentRow, Counts, DocumentRow, Facts, Source, TemplateRow};
pub use sqlite::SqliteSource;
