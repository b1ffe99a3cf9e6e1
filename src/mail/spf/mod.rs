//! The SPF record of a domain: read without losing a byte, merged, and its cost counted (RFC 7208).
//!
//! `mail-auth` verifies messages; its form of a record has forgotten how the record was written. Here the text is kept:
//! [`record`] cuts it into terms, [`merge`] inserts into the text what is missing and leaves everything else alone,
//! [`count`] walks includes and redirects with a resolver and counts what a receiver has to ask, and [`publish`] says how
//! the new text goes into DNS. [`state`] puts them together for one domain.

pub mod count;
pub mod macros;
pub mod merge;
#[cfg(test)]
mod properties;
pub mod publish;
pub mod record;
pub mod state;
#[cfg(test)]
mod tests;

pub use count::{Count, MOST_LOOKUPS, MOST_VOIDS};
pub use record::Record;
pub use state::{Spf, State};

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Receivers will treat it as an error: the record does not work.
    Error,
    /// It works, but not as somebody would want.
    Warning,
    /// Good to know.
    Note,
}

/// Something about a record that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// Stable, for programs: `spf.loop`.
    pub id: &'static str,
    /// What it is, in one line.
    pub text: String,
}

impl Problem {
    /// An error.
    pub fn error(id: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Error, id, text: text.into() }
    }

    /// A warning.
    pub fn warning(id: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Warning, id, text: text.into() }
    }

    /// A note.
    pub fn note(id: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Note, id, text: text.into() }
    }
}
