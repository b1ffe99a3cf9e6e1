//! The installation: finding it and reading it.
//!
//! [`Installation::find`] reads the vendor's configuration files ([`discovery`]) and says where database and files are;
//! [`Version`] and [`Identity`] say what it is and whose, and [`logon`] who may migrate it.
//! A [`database`] answers queries; a [`Source`] streams the rows that the pipeline moves out of it, in order of their
//! ids, page by page. Everything is opened to read only, but for the [`freeze`] of a live cut-over: each of its
//! [`changes`] is entered before it is made, and [`take_back`] undoes them.

pub mod changes;
pub mod database;
pub mod discovery;
mod folders;
pub mod freeze;
mod identity;
mod installation;
pub mod ladder;
mod logins;
pub mod logon;
mod source;
pub mod take_back;
mod version;

pub use discovery::Discovery;
pub use folders::{NamedFolder, named_folders};
pub use identity::Identity;
pub use installation::Installation;
pub use logins::Logins;
pub(crate) use source::attachment_folders;
pub use source::{AttachmentRow, Counts, DocumentRow, Facts, Source, TemplateRow};
pub use version::{Evidence, Number, Says, Version};
