//! How far a reading of the database can be trusted to show one moment.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The rungs of the ladder, the lowest first. The highest that the server allows is taken, and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Every page shows the moment at which it was read: what people change meanwhile may be seen in one table and not
    /// yet in another.
    Plain,
    /// Each connection holds one transaction open from before its first read to its last: all that it reads is of one
    /// moment.
    ReadTransaction,
}

impl Rung {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ReadTransaction => "read-transaction",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain reading",
            Self::ReadTransaction => "a read transaction",
        })
    }
}
