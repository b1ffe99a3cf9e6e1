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
    /// Pages are read as in plain reading, but somebody vouches that nobody writes meanwhile.
    Frozen,
    /// Each connection holds one transaction open from before its first read to its last: all that it reads is of one
    /// moment. The moments of several connections are close together and not the same.
    ReadTransaction,
    /// One connection reads all tables inside one transaction under snapshot isolation: everything is of one moment. Several
    /// connections would each have a moment of their own, so there is only one.
    SnapshotIsolation,
    /// All connections read a database snapshot: everything is of the moment of its making, also what is read over a
    /// connection that had to be made again.
    DatabaseSnapshot,
}

impl Rung {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Frozen => "frozen",
            Self::ReadTransaction => "read-transaction",
            Self::SnapshotIsolation => "snapshot-isolation",
            Self::DatabaseSnapshot => "database-snapshot",
        }
    }

    /// The next lower one.
    #[must_use]
    pub fn below(self) -> Self {
        match self {
            Self::Plain | Self::Frozen => Self::Plain,
            Self::ReadTransaction => Self::Frozen,
            Self::SnapshotIsolation => Self::ReadTransaction,
            Self::DatabaseSnapshot => Self::SnapshotIsolation,
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain reading",
            Self::Frozen => "plain reading of a frozen installation",
            Self::ReadTransaction => "a read transaction",
            Self::SnapshotIsolation => "one transaction under snapshot isolation",
            Self::DatabaseSnapshot => "a database snapshot",
        })
    }
}
