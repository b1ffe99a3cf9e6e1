//! The archive on disk: the vendor's path rule, its known irregularities, and walking.
//!
//! A document's file lies at `<root>/<owner>/<year>.<half>/<name>` — mostly. Twenty years of renamed users,
//! moved servers and copied folders make the rest. [`Finder`] looks where the rule says and then, in a stated
//! order, where experience says; [`walk`] lists everything that no row has claimed. Nothing here writes.

mod find;
mod fold;
mod listing;
mod mapping;
mod roots;
mod rule;
mod stamp;
pub mod walk;

pub(crate) use find::stat;
pub use find::{Finder, Place, Search};
pub use fold::fold;
pub use mapping::{line_for, reach};
pub use roots::{DATABASE, Role, Root, Roots};
pub use rule::{HalfYear, is_safe_name};
pub use stamp::stamp_of;
